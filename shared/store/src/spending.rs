// SPDX-License-Identifier: EUPL-1.2
//! What messages cost: one item per line and month, and beside a broadcast's counters its own.
//!
//! A month is the one in which a message arrived, in Rome: that is when Meta bills it. Every
//! write adds, so that any number of functions may write at once; the one that reserves asks
//! first whether there is room, in the same write.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::ReturnValue;
use domain::cost::{Month, Priced, Spent, Tally, TenThousandths};
use domain::ids::LineId;

use crate::item::{Fields, Item, number, text};
use crate::keys::Key;
use crate::{Result, Store, StoreError, failed, keys};

/// What a line's messages cost in one month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    /// What Meta has billed.
    pub spent: Spent,
    /// What bulk messages and emergencies cost at most, as reserved before they were sent.
    pub estimated: TenThousandths,
    /// What stands against the budget: `estimated`, and what replies have cost.
    pub committed: TenThousandths,
}

/// Whether there was room in the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    Ok,
    /// Nothing was reserved.
    Exhausted,
}

impl Store {
    /// Reserves what a chunk will cost at most, before it is sent.
    ///
    /// `budget` is the month's limit, `None` for a line without one and for an emergency, which
    /// is counted and never refused. A sender that dies afterwards leaves its reservation: the
    /// budget then ends early by one chunk, never late.
    pub async fn reserve_budget(
        &self,
        line: &LineId,
        month: Month,
        cost: TenThousandths,
        budget: Option<TenThousandths>,
    ) -> Result<Reserved> {
        let room = budget.map(|it| it - cost);
        if room.is_some_and(|it| it < 0) {
            return Ok(Reserved::Exhausted);
        }
        let mut request = self
            .client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::spending(line, month).into_item()))
            .update_expression("ADD estimated :cost, committed :cost")
            .expression_attribute_values(":cost", number(cost));
        if let Some(room) = room {
            request = request
                .condition_expression("attribute_not_exists(committed) OR committed <= :room")
                .expression_attribute_values(":room", number(room));
        }
        match request.send().await.map_err(failed) {
            Ok(_) => Ok(Reserved::Ok),
            Err(StoreError::Conflict) => Ok(Reserved::Exhausted),
            Err(err) => Err(err),
        }
    }

    /// Gives back what was reserved in `month` for people who were not sent to after all, or who
    /// cost less.
    pub async fn give_back(&self, line: &LineId, month: Month, cost: TenThousandths) -> Result<()> {
        if cost != 0 {
            self.reserve_budget(line, month, -cost, None).await?;
        }
        Ok(())
    }

    /// Counts what arrived in `month`: of broadcasts, which was reserved before, and of replies,
    /// which nobody reserves.
    pub async fn add_spending(
        &self,
        line: &LineId,
        month: Month,
        of_broadcasts: &Spent,
        of_replies: &Spent,
    ) -> Result<()> {
        let mut spent = *of_broadcasts;
        spent += *of_replies;
        let mut adds = fields(&spent);
        adds.push(("committed".to_owned(), of_replies.total().cost));
        adds.retain(|it| it.1 != 0);
        if !adds.is_empty() {
            self.add(keys::spending(line, month), adds).await?;
        }
        Ok(())
    }

    /// Adds to numbers of an item of the broadcasts' table, by attribute; the item afterwards.
    pub(crate) async fn add(&self, key: Key, adds: Vec<(String, i64)>) -> Result<Item> {
        let expression: Vec<_> = adds.iter().map(|(name, _)| format!("{name} :{name}")).collect();
        let mut request = self
            .client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(key.into_item()))
            .update_expression(format!("ADD {}", expression.join(", ")))
            .return_values(ReturnValue::AllNew);
        for (name, value) in adds {
            request = request.expression_attribute_values(format!(":{name}"), number(value));
        }
        let added = request.send().await.map_err(failed)?;
        added.attributes.ok_or(StoreError::Corrupt("attributes"))
    }

    /// One month of a line, as it stands at this moment.
    pub async fn spending(&self, line: &LineId, month: Month) -> Result<Spending> {
        let item = self.get(&self.tables.broadcasts, keys::spending(line, month)).await?;
        Ok(item.as_ref().map(read_spending).unwrap_or_default())
    }

    /// The months from `from` to `to`, both included, in which there was something.
    pub async fn spendings(
        &self,
        line: &LineId,
        from: Month,
        to: Month,
    ) -> Result<BTreeMap<Month, Spending>> {
        let mut months = BTreeMap::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.tables.broadcasts)
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":pk", text(keys::spendings(line)))
                .expression_attribute_values(":from", text(from.to_string()))
                .expression_attribute_values(":to", text(to.to_string()))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(failed)?;
            for item in page.items() {
                months.insert(month_of(item)?, read_spending(item));
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(months);
            }
        }
    }

    /// The first month in which a line spent or reserved something.
    pub async fn first_spending(&self, line: &LineId) -> Result<Option<Month>> {
        let page = self
            .client
            .query()
            .table_name(&self.tables.broadcasts)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(keys::spendings(line)))
            .limit(1)
            .send()
            .await
            .map_err(failed)?;
        page.items().first().map(month_of).transpose()
    }
}

/// Names of the attributes of one kind: `utility_n` messages, `utility_cost` ten-thousandths.
fn names(priced: Priced) -> [String; 2] {
    ["n", "cost"].map(|it| format!("{}_{it}", priced.name()))
}

/// What there is of each kind, by attribute.
pub(crate) fn fields(spent: &Spent) -> Vec<(String, i64)> {
    spent
        .kinds()
        .flat_map(|(priced, it)| names(priced).into_iter().zip([it.messages, it.cost]))
        .collect()
}

pub(crate) fn read_spent(item: &Item) -> Spent {
    let mut spent = Spent::default();
    for priced in Priced::ALL {
        let [messages, cost] = names(priced).map(|it| item.find_number(&it).unwrap_or(0));
        spent += Spent::of(priced, Tally { messages, cost });
    }
    spent
}

fn read_spending(item: &Item) -> Spending {
    Spending {
        spent: read_spent(item),
        estimated: item.find_number("estimated").unwrap_or(0),
        committed: item.find_number("committed").unwrap_or(0),
    }
}

fn month_of(item: &Item) -> Result<Month> {
    item.text("sk")?.parse().map_err(|_| StoreError::Corrupt("sk"))
}
