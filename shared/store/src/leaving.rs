// SPDX-License-Identifier: EUPL-1.2
//! Everything of a line, item by item, so that it can leave.
//!
//! By the line's own partitions, never by a scan: the tables hold other lines too.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::{BroadcastId, ContactId};
use domain::line::Line;
use futures::{StreamExt, stream};
use serde_json::{Map, Value};

use crate::item::{Fields, Item};
use crate::kinds::{Kind, Leaves};
use crate::{Result, Store, failed, keys};

/// Chats read at a time. Each is in memory as a whole.
const AT_ONCE: usize = 8;

/// Takes an item; an error ends the reading.
type Take<'a, E> = dyn FnMut(Kind, Map<String, Value>) -> std::result::Result<(), E> + 'a;

impl Store {
    /// Hands everything over that a line's data are and that leaves with them ([`Kind::leaves`]),
    /// page by page. Items that change meanwhile are as they were when they were read.
    pub async fn leave<E: From<crate::StoreError>>(
        &self,
        line: &Line,
        take: &mut Take<'_, E>,
    ) -> std::result::Result<(), E> {
        let id = &line.id;
        let table = &self.tables.subscribers;
        if let Some(item) = self.get(table, keys::line(id)).await? {
            give(&item, take)?;
        }
        let mut topics: BTreeSet<String> =
            line.topics.iter().map(|it| it.id.as_str().to_owned()).collect();
        topics.insert(keys::EVERYONE.to_owned());
        for shard in keys::SHARDS {
            let mut start = None;
            loop {
                let page = self.page(table, keys::contacts(id, shard), start).await?;
                start = page.1;
                for item in &page.0 {
                    topics.extend(item.set("topics"));
                    give(item, take)?;
                }
                let ids = page.0.iter().flat_map(ids_of);
                let mut theirs = stream::iter(ids)
                    .map(|contact| async move { self.of_contact(line, &contact).await })
                    .buffered(AT_ONCE);
                while let Some(items) = theirs.next().await {
                    items?.iter().try_for_each(|it| give(it, take))?;
                }
                if start.is_none() {
                    break;
                }
            }
        }
        for topic in topics {
            self.partition(table, keys::followers(id, &topic), take).await?;
        }
        let others = [
            keys::ledger(id),
            keys::requests(id),
            keys::all_numbers(id),
            keys::people(id),
            keys::audits(id),
        ];
        for pk in others {
            self.partition(table, pk, take).await?;
        }
        for pk in [keys::all_aside(id), keys::files(id)] {
            self.partition(&self.tables.messages, pk, take).await?;
        }
        let table = &self.tables.broadcasts;
        self.partition(table, keys::spendings(id), take).await?;
        let mut start = None;
        loop {
            let page = self.page(table, keys::broadcasts(id), start).await?;
            start = page.1;
            for item in &page.0 {
                give(item, take)?;
                let broadcast = BroadcastId::new(item.text("sk")?);
                self.partition(table, keys::counts(&broadcast).pk, take).await?;
                self.partition(table, keys::chunks(&broadcast), take).await?;
                for shard in keys::SHARDS {
                    self.partition(table, keys::deliveries(&broadcast, shard), take).await?;
                }
            }
            if start.is_none() {
                return Ok(());
            }
        }
    }

    /// What a contact agreed to, its chat and its appointments, under one of its ids.
    async fn of_contact(&self, line: &Line, contact: &ContactId) -> Result<Vec<Item>> {
        let (subscribers, messages) = (&self.tables.subscribers, &self.tables.messages);
        let mut items = self.query_all(subscribers, keys::consents(&line.id, contact)).await?;
        items.extend(self.query_all(messages, keys::chat(&line.id, contact)).await?);
        items.extend(self.query_all(messages, keys::appointments(&line.id, contact)).await?);
        Ok(items)
    }

    async fn partition<E: From<crate::StoreError>>(
        &self,
        table: &str,
        pk: String,
        take: &mut Take<'_, E>,
    ) -> std::result::Result<(), E> {
        let mut start = None;
        loop {
            let (items, next) = self.page(table, pk.clone(), start).await?;
            items.iter().try_for_each(|it| give(it, take))?;
            start = next;
            if start.is_none() {
                return Ok(());
            }
        }
    }

    /// As much of a partition as one request gives, and where the next one begins.
    async fn page(
        &self,
        table: &str,
        pk: String,
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>)> {
        let page = self
            .client
            .query()
            .table_name(table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(pk))
            .consistent_read(true)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(failed)?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }
}

/// The ids under which there may be something of a contact; of one who was merged, the other one
/// has them.
fn ids_of(item: &Item) -> Vec<ContactId> {
    if item.contains_key("merged_into") {
        return Vec::new();
    }
    let own = item.find_text("sk").map(str::to_owned);
    own.into_iter().chain(item.set("former_ids")).map(ContactId::new).collect()
}

fn give<E>(item: &Item, take: &mut Take<'_, E>) -> std::result::Result<(), E> {
    let (pk, sk) = (item.find_text("pk"), item.find_text("sk"));
    let kind = Kind::of(pk.unwrap_or_default(), sk.unwrap_or_default());
    match kind {
        Some(kind) if matches!(kind.leaves(), Leaves::As(_)) => take(kind, kind.record(item)),
        _ => Ok(()),
    }
}
