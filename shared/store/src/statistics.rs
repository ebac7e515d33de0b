// SPDX-License-Identifier: EUPL-1.2
//! A line's days in numbers: one item each, and nobody in it. They stay.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use domain::contact::{ConsentChange, ConsentEvent};
use domain::ids::{LineId, TopicId};
use domain::line::Topic;
use domain::statistics::Numbers;
use jiff::civil::Date;

use crate::item::{Fields, Item, number, text};
use crate::{Result, Store, StoreError, failed, keys};

/// Who came and went by these events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moves {
    joined: i64,
    left: i64,
}

impl Moves {
    pub(crate) fn take(&mut self, event: &ConsentEvent) {
        match event.change {
            ConsentChange::Subscribed { .. } => self.joined += 1,
            ConsentChange::Unsubscribed => self.left += 1,
            _ => {}
        }
    }
}

impl Store {
    /// Adds to who came and went on a day.
    pub(crate) fn add_moves(&self, line: &LineId, day: Date, moves: Moves) -> TransactWriteItem {
        let update = Update::builder()
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::numbers(line, day).into_item()))
            .update_expression("ADD joined :joined, went :went")
            .expression_attribute_values(":joined", number(moves.joined))
            .expression_attribute_values(":went", number(moves.left))
            .build()
            .expect("table, key and expression are given");
        TransactWriteItem::builder().update(update).build()
    }

    /// Counts a line's subscribers and writes them down as those of a day's end.
    pub async fn count_day(&self, line: &LineId, topics: &[Topic], day: Date) -> Result<()> {
        let total = self.count_followers(line, keys::EVERYONE).await?;
        let mut followers = std::collections::HashMap::new();
        for topic in topics {
            let count = self.count_followers(line, topic.id.as_str()).await?;
            followers.insert(topic.id.as_str().to_owned(), number(count));
        }
        self.client
            .update_item()
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::numbers(line, day).into_item()))
            .update_expression("SET subscribers = :total, followers = :followers")
            .expression_attribute_values(":total", number(total))
            .expression_attribute_values(":followers", AttributeValue::M(followers))
            .send()
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// The days from `from` to `to`, both included, in order; without those nobody counted.
    pub async fn days(&self, line: &LineId, from: Date, to: Date) -> Result<Vec<Numbers>> {
        let (mut days, mut start) = (Vec::new(), None);
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.tables.subscribers)
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":pk", text(keys::all_numbers(line)))
                .expression_attribute_values(":from", text(from.to_string()))
                .expression_attribute_values(":to", text(to.to_string()))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(failed)?;
            let counted = page.items().iter().filter(|it| it.contains_key("subscribers"));
            for item in counted {
                days.push(read_numbers(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(days);
            }
        }
    }
}

fn read_numbers(item: &Item) -> Result<Numbers> {
    let topics = item.get("followers").and_then(|it| it.as_m().ok());
    let topics = topics.ok_or(StoreError::Corrupt("followers"))?;
    let topics: BTreeMap<_, _> = topics
        .keys()
        .filter_map(|topic| Some((TopicId::new(topic), topics.find_number(topic)?)))
        .collect();
    Ok(Numbers {
        from: item.text("sk")?.parse().map_err(|_| StoreError::Corrupt("sk"))?,
        total: item.number("subscribers")?,
        joined: item.find_number("joined").unwrap_or(0),
        left: item.find_number("went").unwrap_or(0),
        topics,
    })
}
