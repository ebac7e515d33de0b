// SPDX-License-Identifier: EUPL-1.2
//! Chunks: the part of a broadcast's audience that one job works on. A row is there as long as
//! somebody in it has not been worked on.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, TransactWriteItem, Update};
use domain::broadcast::{Audience, Broadcast, Plan, PlanOf, State};
use domain::delivery;
use domain::ids::{BroadcastId, ContactId, LineId, TopicId};
use jiff::Timestamp;

use crate::item::{Draft, Fields, Item, instant, number, text};
use crate::table::put_new;
use crate::{Result, Store, StoreError, failed, keys};

/// A chunk that is still open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub number: u32,
    /// Empty in lists.
    pub people: Vec<ContactId>,
    /// The run it was last queued for and when its job was to wake; `None` if never.
    pub queued: Option<(u32, Timestamp)>,
    /// Of deliveries in doubt that the office wants sent once more: those that no run from this
    /// one on has taken on.
    pub again_from_run: Option<u32>,
}

impl Store {
    /// The next people of a broadcast's audience after `after`: each once, in the order of ids,
    /// who had joined before `started_at`. Also the last id looked at, `None` at the end.
    ///
    /// Those whom another broadcast reached come in the order of its deliveries, however they joined.
    ///
    /// At most `limit` people. A merge of the topics' own orders, so memory does not grow with
    /// the audience.
    pub async fn audience_page(
        &self,
        line: &LineId,
        audience: &Audience,
        after: Option<&ContactId>,
        started_at: Timestamp,
        limit: i32,
    ) -> Result<(Vec<ContactId>, Option<ContactId>)> {
        let topics: Vec<&str> = match audience {
            Audience::All => vec![keys::EVERYONE],
            Audience::Topics(topics) => topics.iter().map(TopicId::as_str).collect(),
            Audience::ReachedBy(alert) => {
                let reached = &delivery::State::MAY_HAVE_REACHED;
                return self.people_in(alert, reached, after, limit).await;
            }
        };
        let mut people = BTreeSet::new();
        // Up to where every topic has been read; beyond, one of them might still add somebody.
        let mut end: Option<ContactId> = None;
        for topic in topics {
            let (page, more) = self.followers(line, topic, after, limit).await?;
            if more && let Some((last, _)) = page.last() {
                end = Some(end.map_or_else(|| last.clone(), |it| it.min(last.clone())));
            }
            let joined = page.into_iter().filter(|(_, at)| *at < started_at);
            people.extend(joined.map(|(id, _)| id));
        }
        if let Some(end) = &end {
            people.retain(|it| it <= end);
        }
        let mut people: Vec<_> = people.into_iter().collect();
        let limit = usize::try_from(limit).unwrap_or(0);
        if people.len() > limit {
            people.truncate(limit);
            end = people.last().cloned();
        }
        Ok((people, end))
    }

    /// Writes a page of chunks and moves the plan on to `next`, in one transaction: at most 99
    /// chunks, since one transaction takes 100 writes.
    ///
    /// `Conflict` if another fan-out moved it first, or the broadcast is not being sent any more.
    pub async fn plan(
        &self,
        broadcast: &Broadcast,
        chunks: &[Vec<ContactId>],
        next: &Plan,
    ) -> Result<()> {
        let table = &self.tables.broadcasts;
        let mut writes: Vec<TransactWriteItem> = (broadcast.plan.chunks..)
            .zip(chunks)
            .map(|(chunk, people)| {
                let people = people.iter().map(|it| text(it.as_str())).collect();
                let again = (broadcast.plan.of == PlanOf::Unresolved).then_some(broadcast.run);
                let row = Draft::at(keys::chunk(&broadcast.id, chunk))
                    .with("people", AttributeValue::L(people))
                    .with_some("again_from_run", again.map(number));
                put_new(table, row.done())
            })
            .collect();
        let people: usize = chunks.iter().map(Vec::len).sum();
        let people = match broadcast.plan.of {
            PlanOf::Audience => i64::try_from(people).unwrap_or(i64::MAX),
            // They are in the audience already.
            PlanOf::Unresolved => 0,
        };
        let mut update = Update::builder();
        let old = match &broadcast.plan.cursor {
            Some(old) => {
                update = update.expression_attribute_values(":old", text(old.as_str()));
                "#cursor = :old"
            }
            None => "attribute_not_exists(#cursor)",
        };
        let moves = match &next.cursor {
            Some(next) => {
                update = update.expression_attribute_values(":next", text(next.as_str()));
                ", #cursor = :next"
            }
            None => " REMOVE #cursor",
        };
        let update = update
            .table_name(table)
            .set_key(Some(keys::broadcast(&broadcast.line, &broadcast.id).into_item()))
            .update_expression(format!(
                "ADD audience_n :people SET chunks = :chunks, planned = :complete{moves}"
            ))
            .condition_expression(format!(
                "#state = :sending AND {old} AND chunks = :before \
                 AND (attribute_not_exists(planned) OR planned = :false)"
            ))
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#cursor", "cursor")
            .expression_attribute_values(":sending", text(State::Sending.name()))
            .expression_attribute_values(":before", number(broadcast.plan.chunks))
            .expression_attribute_values(":chunks", number(next.chunks))
            .expression_attribute_values(":complete", AttributeValue::Bool(next.complete))
            .expression_attribute_values(":false", AttributeValue::Bool(false))
            .expression_attribute_values(":people", number(people))
            .build()
            .expect("table, key and expression are given");
        writes.push(TransactWriteItem::builder().update(update).build());
        self.transact(writes).await
    }

    /// The next deliveries of a broadcast that are unresolved, as [`Store::audience_page`] gives
    /// the audience.
    pub async fn unresolved_page(
        &self,
        id: &BroadcastId,
        after: Option<&ContactId>,
        limit: i32,
    ) -> Result<(Vec<ContactId>, Option<ContactId>)> {
        self.people_in(id, &[delivery::State::Unresolved], after, limit).await
    }

    /// The next people whose delivery stands in one of these states.
    async fn people_in(
        &self,
        id: &BroadcastId,
        states: &[delivery::State],
        after: Option<&ContactId>,
        limit: i32,
    ) -> Result<(Vec<ContactId>, Option<ContactId>)> {
        let limit = usize::try_from(limit).unwrap_or(0);
        let (rows, end) = self.deliveries(id, states, after, limit).await?;
        Ok((rows.into_iter().map(|it| it.contact).collect(), end))
    }

    /// At most `limit` open chunks of a broadcast after number `after`, lowest first, without
    /// their people. Fewer than `limit` only at the end.
    pub async fn open_chunks(
        &self,
        id: &BroadcastId,
        after: Option<u32>,
        limit: usize,
    ) -> Result<Vec<Chunk>> {
        let mut chunks = Vec::new();
        let mut start = after.map(|it| keys::chunk(id, it).into_item());
        loop {
            let left = limit - chunks.len();
            let page = self
                .client
                .query()
                .table_name(&self.tables.broadcasts)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", text(keys::chunks(id)))
                .projection_expression("sk, queued_run, queued_at")
                .consistent_read(true)
                .limit(i32::try_from(left).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(failed)?;
            for item in page.items() {
                chunks.push(read_chunk(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() || chunks.len() >= limit {
                return Ok(chunks);
            }
        }
    }

    /// One chunk with its people, if it is still open.
    pub async fn chunk(&self, id: &BroadcastId, number: u32) -> Result<Option<Chunk>> {
        let item = self.get(&self.tables.broadcasts, keys::chunk(id, number)).await?;
        item.as_ref().map(read_chunk).transpose()
    }

    /// Notes that a chunk's job was queued and when it wakes. Nothing happens if it is closed.
    pub async fn mark_queued(
        &self,
        id: &BroadcastId,
        chunk: u32,
        run: u32,
        wakes_at: Timestamp,
    ) -> Result<()> {
        let marked = self
            .client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::chunk(id, chunk).into_item()))
            .update_expression("SET queued_run = :run, queued_at = :at")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":run", number(run))
            .expression_attribute_values(":at", instant(wakes_at))
            .send()
            .await
            .map_err(failed);
        match marked {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(err) => Err(err),
        }
    }

    /// Closes a chunk whose people have all been worked on; whether it was still open.
    pub async fn close_chunk(&self, id: &BroadcastId, number: u32) -> Result<bool> {
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::chunk(id, number).into_item()))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(failed)?;
        Ok(deleted.attributes.is_some_and(|it| !it.is_empty()))
    }
}

fn read_chunk(item: &Item) -> Result<Chunk> {
    let people = item.get("people").and_then(|it| it.as_l().ok()).map_or(&[][..], Vec::as_slice);
    let person = |it: &AttributeValue| it.as_s().ok().map(ContactId::new);
    let run = item.find_number("queued_run").and_then(|it| u32::try_from(it).ok());
    Ok(Chunk {
        number: item.text("sk")?.parse().map_err(|_| StoreError::Corrupt("sk"))?,
        people: people.iter().filter_map(person).collect(),
        queued: run.zip(item.find_instant("queued_at")),
        again_from_run: item.find_number("again_from_run").and_then(|it| u32::try_from(it).ok()),
    })
}
