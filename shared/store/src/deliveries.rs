// SPDX-License-Identifier: EUPL-1.2
//! Deliveries: the claim that makes "once" true, and where each one stands.
//!
//! Every condition here is a row of [`domain::delivery::next`]; the tests hold the two together.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use domain::cost::{self, Priced};
use domain::delivery::{Report, SkipReason, State, Tally};
use domain::ids::{BroadcastId, ContactId};
use jiff::Timestamp;

use crate::item::{Fields, Item, expiry, instant, number, text};
use crate::keys::{self, Key};
use crate::{Result, Store, StoreError, failed, transaction_failed};

/// A sender's wish to take a delivery on.
#[derive(Clone, Copy, Debug)]
pub struct Take<'a> {
    pub broadcast: &'a BroadcastId,
    pub contact: &'a ContactId,
    /// Other ids of the same person, if contacts have been merged.
    pub others: &'a [ContactId],
    /// Random. Tells our own claim from another's when the table's answer to it was lost.
    pub token: &'a str,
    /// Whether broadcasts before this one did not reach the person.
    pub shaky: bool,
    /// The broadcast's run.
    pub run: u32,
    /// Whether a delivery in doubt is taken on too.
    pub again: bool,
    pub now: Timestamp,
    /// When the row goes by itself.
    pub expires_at: Timestamp,
}

/// How a claim turned out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Ours: nobody else will send this. `failures` is how often it was tried before and
    /// certainly not sent, `repeated` whether this is the second time it may be sent.
    Taken { failures: u32, repeated: bool },
    /// Somebody had it before; it stands there.
    Known(Delivery),
    /// The same person has it under another id.
    Twin,
}

/// One broadcast to one contact, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub contact: ContactId,
    pub state: State,
    /// When it got there.
    pub at: Timestamp,
    /// When it was last taken on; `None` if it never was.
    pub claimed_at: Option<Timestamp>,
    /// When it may be tried again; see [`domain::doubt`] for one in doubt.
    pub again_at: Option<Timestamp>,
    /// How often it was tried and certainly not sent.
    pub failures: u32,
    /// Whether it was sent once more while in doubt.
    pub repeated: bool,
    /// The broadcast's run that last took it on.
    pub run: u32,
    /// Whether Meta accepted it and holds it back.
    pub held: bool,
    /// Whether broadcasts before this one did not reach the person.
    pub shaky: bool,
    pub skipped: Option<SkipReason>,
    /// Meta's error code, if it failed.
    pub code: Option<i64>,
    /// How it was billed, once a status said so.
    pub priced: Option<Priced>,
}

/// What is told of a delivery.
#[derive(Clone, Debug)]
pub struct News {
    pub report: Report,
    pub at: Timestamp,
    pub code: Option<i64>,
    /// When one in doubt may be sent once more by itself.
    pub again_at: Option<Timestamp>,
    pub held: bool,
    /// How it was billed, if a status says so.
    pub priced: Option<Priced>,
}

impl News {
    pub fn of(report: Report, at: Timestamp) -> Self {
        Self { report, at, code: None, again_at: None, held: false, priced: None }
    }
}

/// What news did to a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// As it stood before.
    pub before: Delivery,
    /// Whether it moved.
    pub moved: bool,
    /// To be counted as billed now, and never again.
    pub bill: Option<Priced>,
}

/// What a status from Meta did to a message of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// The state it left; `None` if it is gone or further already.
    pub from: Option<State>,
    /// To be counted as billed now, and never again.
    pub bill: Option<Priced>,
}

const FREE: &str = "attribute_not_exists(pk) OR #state = :waiting";
const FREE_OR_IN_DOUBT: &str = "attribute_not_exists(pk) OR #state IN (:waiting, :unresolved)";
/// Nothing was sent under the other id, and nobody is about to.
const NOT_SENT: &str = "attribute_not_exists(pk) OR #state IN (:waiting, :skipped, :cancelled)";

impl Store {
    /// Takes a delivery on. The last thing before the request to Meta.
    pub async fn claim(&self, take: Take<'_>) -> Result<Claim> {
        if take.others.is_empty() {
            self.claim_one(take).await
        } else {
            self.claim_twin(take).await
        }
    }

    async fn claim_one(&self, take: Take<'_>) -> Result<Claim> {
        let (expression, values) = claiming(&take);
        let claimed = self
            .client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::delivery(take.broadcast, take.contact).into_item()))
            .update_expression(expression)
            .condition_expression(if take.again { FREE_OR_IN_DOUBT } else { FREE })
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#rank", "rank")
            .expression_attribute_names("#at", "at")
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match refused(claimed) {
            Ok(row) => {
                let row = row.unwrap_or_default();
                Ok(Claim::Taken { failures: failures(&row), repeated: row.flag("repeated") })
            }
            Err(Refusal::Condition(row)) => known(row, take.token),
            Err(Refusal::Other(err)) => Err(err),
        }
    }

    /// As [`Store::claim_one`], and only if nothing was sent under the person's other ids: in one
    /// transaction, since two senders may be at two ids of one person.
    async fn claim_twin(&self, take: Take<'_>) -> Result<Claim> {
        let table = &self.tables.broadcasts;
        let (expression, values) = claiming(&take);
        let claim = Update::builder()
            .table_name(table)
            .set_key(Some(keys::delivery(take.broadcast, take.contact).into_item()))
            .update_expression(expression)
            .condition_expression(if take.again { FREE_OR_IN_DOUBT } else { FREE })
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#rank", "rank")
            .expression_attribute_names("#at", "at")
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .expect("table, key and expression are given");
        let mut writes = vec![TransactWriteItem::builder().update(claim).build()];
        for other in take.others {
            let check = ConditionCheck::builder()
                .table_name(table)
                .set_key(Some(keys::delivery(take.broadcast, other).into_item()))
                .condition_expression(NOT_SENT)
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":waiting", text(State::Waiting.name()))
                .expression_attribute_values(":skipped", text(State::Skipped.name()))
                .expression_attribute_values(":cancelled", text(State::Cancelled.name()))
                .build()
                .expect("table, key and condition are given");
            writes.push(TransactWriteItem::builder().condition_check(check).build());
        }
        let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        let Err(err) = sent else {
            return Ok(Claim::Taken { failures: 0, repeated: take.again });
        };
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
            err.as_service_error()
        else {
            return Err(transaction_failed(err));
        };
        let refused: Vec<_> = cancelled
            .cancellation_reasons()
            .iter()
            .map(|it| (it.code() == Some("ConditionalCheckFailed"), it.item().cloned()))
            .collect();
        match refused.first() {
            Some((true, row)) => known(row.clone(), take.token),
            _ if refused.iter().any(|it| it.0) => Ok(Claim::Twin),
            _ => Err(transaction_failed(err)),
        }
    }

    /// Writes down that somebody will not be sent to, and why (`None`: the broadcast was
    /// cancelled). The row that was there, if that decided it already or somebody is about to.
    pub async fn decide_not_to_send(
        &self,
        broadcast: &BroadcastId,
        contact: &ContactId,
        why: Option<SkipReason>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Option<Delivery>> {
        let state = if why.is_some() { State::Skipped } else { State::Cancelled };
        let mut expression =
            "SET #state = :state, #rank = :rank, #at = :at, expires = :expires".to_owned();
        let mut request = self
            .client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::delivery(broadcast, contact).into_item()))
            .condition_expression(FREE)
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#rank", "rank")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":waiting", text(State::Waiting.name()))
            .expression_attribute_values(":state", text(state.name()))
            .expression_attribute_values(":rank", number(state.rank()))
            .expression_attribute_values(":at", instant(now))
            .expression_attribute_values(":expires", expiry(expires_at));
        if let Some(why) = why {
            expression.push_str(", skipped = :skipped");
            request = request.expression_attribute_values(":skipped", text(why.name()));
        }
        let decided = request
            .update_expression(expression)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match refused(decided) {
            Ok(_) => Ok(None),
            Err(Refusal::Condition(row)) => {
                let before = read_delivery(&row.ok_or(StoreError::Corrupt("item"))?)?;
                // Our own decision, whose answer was lost.
                let ours = before.state == state && before.skipped == why;
                Ok(Some(before).filter(|it| !(ours && it.at == now)))
            }
            Err(Refusal::Other(err)) => Err(err),
        }
    }

    /// Those of these contacts that have a delivery of this broadcast already.
    pub async fn known_deliveries(
        &self,
        broadcast: &BroadcastId,
        contacts: &[ContactId],
    ) -> Result<Vec<Delivery>> {
        let keys = contacts.iter().map(|it| keys::delivery(broadcast, it)).collect();
        let items = self.get_many(&self.tables.broadcasts, keys).await?;
        items.iter().map(read_delivery).collect()
    }

    /// Gives our own claim back: certainly not sent, to be tried again from `again_at` on.
    pub async fn put_back(
        &self,
        broadcast: &BroadcastId,
        contact: &ContactId,
        token: &str,
        failures: u32,
        again_at: Timestamp,
    ) -> Result<()> {
        let back = self
            .client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::delivery(broadcast, contact).into_item()))
            .update_expression(
                "SET #state = :waiting, #rank = :rank, failures = :failures, again_at = :again",
            )
            .condition_expression("#state = :claimed AND claim = :token")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#rank", "rank")
            .expression_attribute_values(":waiting", text(State::Waiting.name()))
            .expression_attribute_values(":rank", number(State::Waiting.rank()))
            .expression_attribute_values(":failures", number(failures))
            .expression_attribute_values(":again", instant(again_at))
            .expression_attribute_values(":claimed", text(State::Claimed.name()))
            .expression_attribute_values(":token", text(token))
            .send()
            .await
            .map_err(failed);
        match back {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(err) => Err(err),
        }
    }

    /// Tells a delivery what is known of it; `None` if it is not there, as after its date.
    ///
    /// A price that a status brings is kept even if the state is further already.
    pub async fn tell(
        &self,
        broadcast: &BroadcastId,
        contact: &ContactId,
        news: &News,
    ) -> Result<Option<Told>> {
        let state = news.report.state();
        let key = keys::delivery(broadcast, contact);
        let mut expression = "SET #state = :state, #rank = :rank, #at = :at".to_owned();
        let mut request = self
            .client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(key.clone().into_item()))
            .condition_expression("attribute_exists(pk) AND #rank < :rank")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#rank", "rank")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":state", text(state.name()))
            .expression_attribute_values(":rank", number(state.rank()))
            .expression_attribute_values(":at", instant(news.at));
        if let Some(code) = news.code {
            expression.push_str(", code = :code");
            request = request.expression_attribute_values(":code", number(code));
        }
        if news.held {
            expression.push_str(", held = :held");
            request = request.expression_attribute_values(":held", AttributeValue::Bool(true));
        }
        if let Some(priced) = news.priced {
            expression.push_str(", priced = if_not_exists(priced, :priced)");
            request = request.expression_attribute_values(":priced", text(priced.name()));
        }
        match news.again_at {
            Some(at) => {
                expression.push_str(", again_at = :again");
                request = request.expression_attribute_values(":again", instant(at));
            }
            None => expression.push_str(" REMOVE again_at"),
        }
        let told = request
            .update_expression(expression)
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let (row, moved) = match refused(told) {
            Ok(row) => (row, true),
            Err(Refusal::Condition(row)) => (row, false),
            Err(Refusal::Other(err)) => return Err(err),
        };
        let Some(row) = row else { return Ok(None) };
        let before = read_delivery(&row)?;
        let bill = match news.priced {
            Some(priced) if !moved && before.priced.is_none() => {
                self.note_price(&self.tables.broadcasts, key, priced).await?
            }
            priced => {
                let after = if moved { state } else { before.state };
                cost::on_report(before.state, after, before.priced, priced).bill
            }
        };
        Ok(Some(Told { before, moved, bill }))
    }

    /// Sets state and rank if the row exists and the rank is higher than the one there, and the
    /// price if the row has none, whatever its rank.
    pub(crate) async fn move_forward(
        &self,
        table: &str,
        key: Key,
        state: State,
        code: Option<i64>,
        priced: Option<Priced>,
    ) -> Result<Reported> {
        let mut expression = "SET #state = :state, #rank = :rank".to_owned();
        let mut request = self
            .client
            .update_item()
            .table_name(table)
            .set_key(Some(key.clone().into_item()))
            .condition_expression("attribute_exists(pk) AND #rank < :rank")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#rank", "rank")
            .expression_attribute_values(":state", text(state.name()))
            .expression_attribute_values(":rank", number(state.rank()));
        if let Some(code) = code {
            expression.push_str(", code = :code");
            request = request.expression_attribute_values(":code", number(code));
        }
        if let Some(priced) = priced {
            expression.push_str(", priced = if_not_exists(priced, :priced)");
            request = request.expression_attribute_values(":priced", text(priced.name()));
        }
        let moved = request
            .update_expression(expression)
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match refused(moved) {
            Ok(before) => {
                let before = before.ok_or(StoreError::Corrupt("attributes"))?;
                let from = state_of(&before)?;
                let bill = cost::on_report(from, state, price_of(&before), priced).bill;
                Ok(Reported { from: Some(from), bill })
            }
            // Gone, or further already; its price may still be news.
            Err(Refusal::Condition(row)) => match (row, priced) {
                (Some(row), Some(priced)) if price_of(&row).is_none() => {
                    let bill = self.note_price(table, key, priced).await?;
                    Ok(Reported { from: None, bill })
                }
                _ => Ok(Reported::default()),
            },
            Err(Refusal::Other(err)) => Err(err),
        }
    }

    /// Writes a price on a row that a status does not move, unless it has one; what is to be billed
    /// by that.
    async fn note_price(&self, table: &str, key: Key, priced: Priced) -> Result<Option<Priced>> {
        let noted = self
            .client
            .update_item()
            .table_name(table)
            .set_key(Some(key.into_item()))
            .update_expression("SET priced = :priced")
            // What was never claimed was never sent.
            .condition_expression("attribute_exists(#rank) AND attribute_not_exists(priced)")
            .expression_attribute_names("#rank", "rank")
            .expression_attribute_values(":priced", text(priced.name()))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(failed);
        match noted {
            Ok(answer) => {
                let before = answer.attributes.ok_or(StoreError::Corrupt("attributes"))?;
                let state = state_of(&before)?;
                Ok(cost::on_report(state, state, price_of(&before), Some(priced)).bill)
            }
            Err(StoreError::Conflict) => Ok(None),
            Err(err) => Err(err),
        }
    }

    /// A broadcast's deliveries in one of these states, a page at a time; without any, all of them.
    /// Consistent reads, since people are planned from them.
    ///
    /// The cursor is the last contact of the page before, `None` at the end.
    pub async fn deliveries(
        &self,
        broadcast: &BroadcastId,
        states: &[State],
        after: Option<&ContactId>,
        limit: usize,
    ) -> Result<(Vec<Delivery>, Option<ContactId>)> {
        let first = after.map_or('0', keys::shard);
        let shards = keys::SHARDS.into_iter().filter(|it| *it >= first);
        let mut found: Vec<Delivery> = Vec::new();
        for shard in shards {
            let mut start = after
                .filter(|it| keys::shard(it) == shard)
                .map(|it| keys::delivery(broadcast, it).into_item());
            loop {
                let wanted = limit - found.len();
                let (page, next) = self.shard_page(broadcast, shard, states, start, wanted).await?;
                found.extend(page);
                if found.len() >= limit {
                    let more = found.len() > limit || next.is_some() || shard != 'f';
                    found.truncate(limit);
                    let cursor = found.last().map(|it| it.contact.clone());
                    return Ok((found, cursor.filter(|_| more)));
                }
                start = next;
                if start.is_none() {
                    break;
                }
            }
        }
        Ok((found, None))
    }

    async fn shard_page(
        &self,
        broadcast: &BroadcastId,
        shard: char,
        states: &[State],
        start: Option<Item>,
        wanted: usize,
    ) -> Result<(Vec<Delivery>, Option<Item>)> {
        let mut query = self
            .client
            .query()
            .table_name(&self.tables.broadcasts)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(keys::deliveries(broadcast, shard)))
            .consistent_read(true)
            .set_exclusive_start_key(start);
        // A limit counts what is read, not what passes the filter: only without one is it the page.
        if states.is_empty() {
            query = query.limit(i32::try_from(wanted).unwrap_or(i32::MAX));
        } else {
            let names: Vec<_> = states.iter().map(|it| format!(":{}", it.name())).collect();
            query = query
                .filter_expression(format!("#state IN ({})", names.join(", ")))
                .expression_attribute_names("#state", "state");
            for (name, state) in names.iter().zip(states) {
                query = query.expression_attribute_values(name, text(state.name()));
            }
        }
        let page = query.send().await.map_err(failed)?;
        let rows = page.items().iter().map(read_delivery).collect::<Result<_>>()?;
        Ok((rows, page.last_evaluated_key))
    }

    /// Goes through a broadcast's deliveries one by one. `audience` is as planned.
    ///
    /// Consistent reads, a page at a time: exact, and flat in memory.
    pub(crate) async fn tally(&self, broadcast: &BroadcastId, audience: i64) -> Result<Tally> {
        let mut tally = Tally::of(audience);
        for shard in keys::SHARDS {
            let mut start = None;
            loop {
                let page = self
                    .client
                    .query()
                    .table_name(&self.tables.broadcasts)
                    .key_condition_expression("pk = :pk")
                    .expression_attribute_values(":pk", text(keys::deliveries(broadcast, shard)))
                    .projection_expression("#state, code, skipped")
                    .expression_attribute_names("#state", "state")
                    .consistent_read(true)
                    .set_exclusive_start_key(start)
                    .send()
                    .await
                    .map_err(failed)?;
                for item in page.items() {
                    let state = State::parse(item.text("state")?);
                    let state = state.ok_or(StoreError::Corrupt("state"))?;
                    let skipped = item.find_text("skipped").and_then(SkipReason::parse);
                    let code = item.find_number("code");
                    tally.add(state, skipped, code);
                }
                start = page.last_evaluated_key;
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(tally)
    }
}

/// What a claim sets.
fn claiming(take: &Take<'_>) -> (String, std::collections::HashMap<String, AttributeValue>) {
    let mut expression = "SET #state = :state, #rank = :rank, #at = :at, claimed_at = :at, \
                          claim = :token, run = :run, expires = :expires"
        .to_owned();
    let mut values = BTreeMap::from([
        (":state", text(State::Claimed.name())),
        (":rank", number(State::Claimed.rank())),
        (":at", instant(take.now)),
        (":token", text(take.token)),
        (":run", number(take.run)),
        (":expires", expiry(take.expires_at)),
        (":waiting", text(State::Waiting.name())),
    ]);
    if take.again {
        expression.push_str(", repeated = :true");
        values.insert(":true", AttributeValue::Bool(true));
        values.insert(":unresolved", text(State::Unresolved.name()));
    }
    if take.shaky {
        expression.push_str(", shaky = :true");
        values.insert(":true", AttributeValue::Bool(true));
    }
    expression.push_str(" REMOVE again_at");
    (expression, values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// What a refused claim means: our own, whose answer was lost, or somebody's.
fn known(row: Option<Item>, token: &str) -> Result<Claim> {
    let row = row.ok_or(StoreError::Corrupt("item"))?;
    let delivery = read_delivery(&row)?;
    if delivery.state == State::Claimed && row.find_text("claim") == Some(token) {
        let Delivery { failures, repeated, .. } = delivery;
        return Ok(Claim::Taken { failures, repeated });
    }
    Ok(Claim::Known(delivery))
}

/// How an update did not happen.
enum Refusal {
    /// Its condition does not hold; the row as it stands.
    Condition(Option<Item>),
    Other(StoreError),
}

/// The row an update gives back, or why it did not happen.
fn refused(
    answer: std::result::Result<
        aws_sdk_dynamodb::operation::update_item::UpdateItemOutput,
        SdkError<UpdateItemError>,
    >,
) -> std::result::Result<Option<Item>, Refusal> {
    match answer {
        Ok(done) => Ok(done.attributes),
        Err(SdkError::ServiceError(err)) if err.err().is_conditional_check_failed_exception() => {
            match err.into_err() {
                UpdateItemError::ConditionalCheckFailedException(it) => {
                    Err(Refusal::Condition(it.item))
                }
                _ => Err(Refusal::Other(StoreError::Conflict)),
            }
        }
        Err(err) => Err(Refusal::Other(failed(err))),
    }
}

fn failures(item: &Item) -> u32 {
    item.find_number("failures").and_then(|it| u32::try_from(it).ok()).unwrap_or(0)
}

fn read_delivery(item: &Item) -> Result<Delivery> {
    Ok(Delivery {
        contact: ContactId::new(item.text("sk")?),
        state: State::parse(item.text("state")?).ok_or(StoreError::Corrupt("state"))?,
        at: item.instant("at")?,
        claimed_at: item.find_instant("claimed_at"),
        again_at: item.find_instant("again_at"),
        failures: failures(item),
        repeated: item.flag("repeated"),
        run: item.find_number("run").and_then(|it| u32::try_from(it).ok()).unwrap_or(0),
        held: item.flag("held"),
        shaky: item.flag("shaky"),
        skipped: item.find_text("skipped").and_then(SkipReason::parse),
        code: item.find_number("code"),
        priced: price_of(item),
    })
}

fn state_of(row: &Item) -> Result<State> {
    State::parse(row.text("state")?).ok_or(StoreError::Corrupt("state"))
}

fn price_of(row: &Item) -> Option<Priced> {
    row.find_text("priced").and_then(Priced::parse)
}
