//! Deliveries: the claim that makes "once" true, and where each one stands.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::delivery::{Counts, SkipReason, State};
use domain::ids::{BroadcastId, ContactId};
use jiff::Timestamp;

use crate::item::{Draft, Fields, Item, expiry, instant, number, text};
use crate::keys::{self, Key};
use crate::{Result, Store, StoreError, failed};

/// How a claim turned out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Ours: nobody else will send this.
    Taken,
    /// Somebody had it before; it stands there.
    Known(Delivery),
}

/// One broadcast to one contact, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub contact: ContactId,
    pub state: State,
    /// When it got there.
    pub at: Timestamp,
    pub skipped: Option<SkipReason>,
    /// Meta's error code, if it failed.
    pub code: Option<i64>,
}

impl Store {
    /// Takes a delivery on. The last thing before the request to Meta.
    pub async fn claim(
        &self,
        broadcast: &BroadcastId,
        contact: &ContactId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Claim> {
        self.put_delivery(broadcast, contact, State::Claimed, None, now, expires_at).await
    }

    /// Writes down that somebody will not be sent to, and why, unless something is known already.
    pub async fn decide_not_to_send(
        &self,
        broadcast: &BroadcastId,
        contact: &ContactId,
        why: Option<SkipReason>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Claim> {
        let state = if why.is_some() { State::Skipped } else { State::Cancelled };
        self.put_delivery(broadcast, contact, state, why, now, expires_at).await
    }

    async fn put_delivery(
        &self,
        broadcast: &BroadcastId,
        contact: &ContactId,
        state: State,
        skipped: Option<SkipReason>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Claim> {
        let item = Draft::at(keys::delivery(broadcast, contact))
            .with("state", text(state.name()))
            .with("rank", number(state.rank()))
            .with("at", instant(now))
            .with_some("skipped", skipped.map(|it| text(it.name())))
            .with("expires", expiry(expires_at))
            .done();
        let put = self
            .client
            .put_item()
            .table_name(&self.tables.broadcasts)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match put {
            Ok(_) => Ok(Claim::Taken),
            Err(SdkError::ServiceError(err))
                if err.err().is_conditional_check_failed_exception() =>
            {
                let PutItemError::ConditionalCheckFailedException(failed) = err.into_err() else {
                    return Err(StoreError::Conflict);
                };
                let item = failed.item.ok_or(StoreError::Corrupt("item"))?;
                Ok(Claim::Known(read_delivery(&item)?))
            }
            Err(err) => Err(failed(err)),
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

    /// Gives a delivery back that certainly was not sent, so that it can be taken again.
    pub async fn release(&self, broadcast: &BroadcastId, contact: &ContactId) -> Result<()> {
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::delivery(broadcast, contact).into_item()))
            .condition_expression("#state = :claimed")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":claimed", text(State::Claimed.name()))
            .send()
            .await
            .map_err(failed);
        match deleted {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(err) => Err(err),
        }
    }

    /// Moves a delivery forward; the state it left, or `None` if it is gone or further already.
    pub async fn report(
        &self,
        broadcast: &BroadcastId,
        contact: &ContactId,
        state: State,
        code: Option<i64>,
        at: Timestamp,
    ) -> Result<Option<State>> {
        let key = keys::delivery(broadcast, contact);
        self.move_forward(&self.tables.broadcasts, key, state, code, Some(at)).await
    }

    /// Sets state and rank if the row exists and the rank is higher than the one there.
    pub(crate) async fn move_forward(
        &self,
        table: &str,
        key: Key,
        state: State,
        code: Option<i64>,
        at: Option<Timestamp>,
    ) -> Result<Option<State>> {
        let mut expression = "SET #state = :state, #rank = :rank".to_owned();
        let mut request = self
            .client
            .update_item()
            .table_name(table)
            .set_key(Some(key.into_item()))
            .condition_expression("attribute_exists(pk) AND #rank < :rank")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#rank", "rank")
            .expression_attribute_values(":state", text(state.name()))
            .expression_attribute_values(":rank", number(state.rank()));
        if let Some(code) = code {
            expression.push_str(", code = :code");
            request = request.expression_attribute_values(":code", number(code));
        }
        if let Some(at) = at {
            expression.push_str(", #at = :at");
            request = request
                .expression_attribute_names("#at", "at")
                .expression_attribute_values(":at", instant(at));
        }
        let moved = request
            .update_expression(expression)
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(failed);
        match moved {
            Ok(answer) => {
                let before = answer.attributes.ok_or(StoreError::Corrupt("attributes"))?;
                let state = State::parse(before.text("state")?);
                Ok(Some(state.ok_or(StoreError::Corrupt("state"))?))
            }
            Err(StoreError::Conflict) => Ok(None),
            Err(err) => Err(err),
        }
    }

    /// A broadcast's deliveries, a page at a time; with `state`, only those.
    ///
    /// The cursor is the last contact of the page before, `None` at the end.
    pub async fn deliveries(
        &self,
        broadcast: &BroadcastId,
        state: Option<State>,
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
                let (page, next) = self.shard_page(broadcast, shard, state, start, wanted).await?;
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
        state: Option<State>,
        start: Option<Item>,
        wanted: usize,
    ) -> Result<(Vec<Delivery>, Option<Item>)> {
        let mut query = self
            .client
            .query()
            .table_name(&self.tables.broadcasts)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(keys::deliveries(broadcast, shard)))
            .set_exclusive_start_key(start);
        // A limit counts what is read, not what passes the filter: only without one is it the page.
        query = match state {
            None => query.limit(i32::try_from(wanted).unwrap_or(i32::MAX)),
            Some(state) => query
                .filter_expression("#state = :state")
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":state", text(state.name())),
        };
        let page = query.send().await.map_err(failed)?;
        let rows = page.items().iter().map(read_delivery).collect::<Result<_>>()?;
        Ok((rows, page.last_evaluated_key))
    }

    /// Counts a broadcast's deliveries one by one. `audience` is as planned.
    ///
    /// Consistent reads, a page at a time: exact, and flat in memory.
    pub async fn count_deliveries(&self, broadcast: &BroadcastId, audience: i64) -> Result<Counts> {
        let mut counts = Counts { audience, ..Counts::default() };
        for shard in keys::SHARDS {
            let mut start = None;
            loop {
                let page = self
                    .client
                    .query()
                    .table_name(&self.tables.broadcasts)
                    .key_condition_expression("pk = :pk")
                    .expression_attribute_values(":pk", text(keys::deliveries(broadcast, shard)))
                    .projection_expression("#state")
                    .expression_attribute_names("#state", "state")
                    .consistent_read(true)
                    .set_exclusive_start_key(start)
                    .send()
                    .await
                    .map_err(failed)?;
                for item in page.items() {
                    let state = State::parse(item.text("state")?);
                    counts.add(state.ok_or(StoreError::Corrupt("state"))?, 1);
                }
                start = page.last_evaluated_key;
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(counts)
    }
}

fn read_delivery(item: &Item) -> Result<Delivery> {
    let code = item.get("code").and_then(|it: &AttributeValue| it.as_n().ok());
    Ok(Delivery {
        contact: ContactId::new(item.text("sk")?),
        state: State::parse(item.text("state")?).ok_or(StoreError::Corrupt("state"))?,
        at: item.instant("at")?,
        skipped: item.find_text("skipped").and_then(SkipReason::parse),
        code: code.and_then(|it| it.parse().ok()),
    })
}
