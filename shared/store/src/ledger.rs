// SPDX-License-Identifier: EUPL-1.2
//! The ledger of consent: events wait where sign-ups put them, and the night seals them.
//!
//! An event's row gets its number and its salt in the transaction that writes its entry: what dies
//! halfway has sealed nothing of the page, and twice is once.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};
use domain::contact::{ConsentEvent, Contact};
use domain::ids::{ContactId, LineId};
use domain::ledger::{Entry, Hash, Head, Salt, commitment};
use domain::statistics;
use jiff::Timestamp;

use crate::item::{Draft, Fields, Item, instant, key_of, number, text};
use crate::keys::{self, Key};
use crate::people::{MessageKey, consent, ids, read_consent};
use crate::statistics::Moves;
use crate::table::put_new;
use crate::{Result, Store, StoreError, failed};

/// Events sealed together: three writes each, the head and the day's numbers, in one transaction
/// of at most 100.
const PAGE: i32 = 30;

/// Lost races for the head, or for an event that is just being erased, before the caller is told.
const TRIES: u32 = 3;

/// A consent event, and where it stands in the ledger once it is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub event: ConsentEvent,
    pub seal: Option<Seal>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The entry's number.
    pub number: u64,
    pub salt: Salt,
}

impl Store {
    /// The event and its place in the queue for the night.
    pub(crate) fn put_consent(
        &self,
        line: &LineId,
        event: &ConsentEvent,
        key: &MessageKey,
        now: Timestamp,
    ) -> [TransactWriteItem; 2] {
        let table = &self.tables.subscribers;
        let at = keys::consent(line, &event.contact, event.at.as_millisecond(), key);
        let waits = keys::unsealed(line, now.as_millisecond(), &event.contact, &at.sk);
        let waits = Draft::at(waits).with("event_pk", text(at.pk)).with("event_sk", text(at.sk));
        [put_new(table, consent(line, event, key)), put_new(table, waits.done())]
    }

    /// Seals one page of a line's events that were recorded up to `until`, in the order in which
    /// they were recorded. How many no longer wait; 0 when there are none left.
    ///
    /// `person` names a contact as only we can; `salt` is random each time. An event that was
    /// erased before its night leaves nothing.
    pub async fn seal(
        &self,
        line: &LineId,
        until: Timestamp,
        person: impl Fn(&ContactId) -> String,
        salt: impl Fn() -> Salt,
    ) -> Result<usize> {
        let mut tries = 0;
        loop {
            let sealed = self.seal_page(line, until, &person, &salt).await;
            tries += 1;
            match sealed {
                Err(StoreError::Conflict) if tries < TRIES => {}
                sealed => return sealed,
            }
        }
    }

    async fn seal_page(
        &self,
        line: &LineId,
        until: Timestamp,
        person: impl Fn(&ContactId) -> String,
        salt: impl Fn() -> Salt,
    ) -> Result<usize> {
        let table = &self.tables.subscribers;
        let waiting = self.unsealed(line, until).await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let before = self.ledger_head(line).await?;
        let wanted = waiting.iter().map(event_key).collect::<Result<Vec<_>>>()?;
        let mut events: HashMap<(String, String), Item> = HashMap::new();
        for item in self.get_many(table, wanted.clone()).await? {
            let Key { pk, sk } = key_of(&item)?;
            events.insert((pk, sk), item);
        }
        let (mut head, mut moves) = (before, Moves::default());
        let mut writes = Vec::new();
        for (row, key) in waiting.iter().zip(wanted) {
            writes.push(delete_there(table, key_of(row)?));
            let item = events.get(&(key.pk.clone(), key.sk.clone()));
            let Some(item) = item.filter(|it| it.find_number("entry").is_none()) else { continue };
            let prefix = keys::consents(line, &ContactId::new(""));
            let contact = key.pk.strip_prefix(&prefix).ok_or(StoreError::Corrupt("pk"))?;
            let contact = ContactId::new(contact);
            let (salt, event) = (salt(), read_consent(&contact, item)?);
            moves.take(&event);
            let commitment = commitment(line, &event, &salt);
            let entry = Entry::after(head, line, commitment, person(&contact), until);
            head = entry.head();
            writes.push(put_new(table, write_entry(line, &entry)));
            writes.push(note_seal(table, key, entry.number, &salt));
        }
        if head != before {
            writes.push(put_head(table, line, before, head));
            writes.push(self.add_moves(line, statistics::day_closed_at(until), moves));
        }
        self.transact(writes).await?;
        Ok(waiting.len())
    }

    async fn unsealed(&self, line: &LineId, until: Timestamp) -> Result<Vec<Item>> {
        // `~` follows everything that a key is made of.
        let end = format!("{:016}~", until.as_millisecond());
        let page = self
            .client
            .query()
            .table_name(&self.tables.subscribers)
            .key_condition_expression("pk = :pk AND sk < :end")
            .expression_attribute_values(":pk", text(keys::unsealeds(line)))
            .expression_attribute_values(":end", text(end))
            .consistent_read(true)
            .limit(PAGE)
            .send()
            .await
            .map_err(failed)?;
        Ok(page.items.unwrap_or_default())
    }

    /// How many events wait for their night.
    pub async fn count_unsealed(&self, line: &LineId) -> Result<i64> {
        self.count(keys::unsealeds(line)).await
    }

    /// Where a line's ledger ends.
    pub async fn ledger_head(&self, line: &LineId) -> Result<Head> {
        let item = self.get(&self.tables.subscribers, keys::ledger_head(line)).await?;
        let Some(item) = item else { return Ok(Head::START) };
        Ok(Head { number: count_of(&item, "number")?, hash: hash_of(&item, "hash")? })
    }

    /// A page of a line's ledger after the entry `after`, in order. Empty at the end.
    pub async fn ledger(&self, line: &LineId, after: u64, limit: i32) -> Result<Vec<Entry>> {
        let page = self
            .client
            .query()
            .table_name(&self.tables.subscribers)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :end")
            .expression_attribute_values(":pk", text(keys::ledger(line)))
            .expression_attribute_values(":first", text(keys::ledger_entry(line, after + 1).sk))
            .expression_attribute_values(":end", text("9".repeat(12)))
            .consistent_read(true)
            .limit(limit)
            .send()
            .await
            .map_err(failed)?;
        page.items().iter().map(read_entry).collect()
    }

    /// Entries by their numbers, in no order; those that exist.
    pub async fn ledger_entries(&self, line: &LineId, numbers: &[u64]) -> Result<Vec<Entry>> {
        let keys = numbers.iter().map(|it| keys::ledger_entry(line, *it)).collect();
        let items = self.get_many(&self.tables.subscribers, keys).await?;
        items.iter().map(read_entry).collect()
    }

    /// As [`Store::consents`], with where each event stands in the ledger.
    pub async fn recorded(&self, line: &LineId, contact: &Contact) -> Result<Vec<Recorded>> {
        let mut events = Vec::new();
        for id in ids(contact) {
            let items = self.query_all(&self.tables.subscribers, keys::consents(line, id)).await?;
            for item in &items {
                events.push(Recorded { event: read_consent(id, item)?, seal: read_seal(item)? });
            }
        }
        events.sort_by_key(|it| it.event.at);
        Ok(events)
    }
}

fn event_key(row: &Item) -> Result<Key> {
    Ok(Key { pk: row.text("event_pk")?.to_owned(), sk: row.text("event_sk")?.to_owned() })
}

fn count_of(item: &Item, name: &'static str) -> Result<u64> {
    u64::try_from(item.number(name)?).map_err(|_| StoreError::Corrupt(name))
}

fn hash_of(item: &Item, name: &'static str) -> Result<Hash> {
    Hash::parse(item.text(name)?).ok_or(StoreError::Corrupt(name))
}

fn write_entry(line: &LineId, entry: &Entry) -> Item {
    Draft::at(keys::ledger_entry(line, entry.number))
        .with("number", number(entry.number))
        .with("previous", text(entry.previous.to_string()))
        .with("commitment", text(entry.commitment.to_string()))
        .with("person", text(&entry.person))
        .with("sealed_at", instant(entry.sealed_at))
        .with("hash", text(entry.hash.to_string()))
        .done()
}

fn read_entry(item: &Item) -> Result<Entry> {
    Ok(Entry {
        number: count_of(item, "number")?,
        previous: hash_of(item, "previous")?,
        commitment: hash_of(item, "commitment")?,
        person: item.text("person")?.to_owned(),
        sealed_at: item.instant("sealed_at")?,
        hash: hash_of(item, "hash")?,
    })
}

fn read_seal(item: &Item) -> Result<Option<Seal>> {
    if item.find_number("entry").is_none() {
        return Ok(None);
    }
    let salt = Salt::new(item.text("salt")?);
    Ok(Some(Seal { number: count_of(item, "entry")?, salt }))
}

/// The event learns its number and salt, unless it was erased or sealed meanwhile.
fn note_seal(table: &str, event: Key, entry: u64, salt: &Salt) -> TransactWriteItem {
    let update = Update::builder()
        .table_name(table)
        .set_key(Some(event.into_item()))
        .update_expression("SET entry = :entry, salt = :salt")
        .condition_expression("attribute_exists(pk) AND attribute_not_exists(entry)")
        .expression_attribute_values(":entry", number(entry))
        .expression_attribute_values(":salt", text(salt.expose()))
        .build()
        .expect("table, key and expression are given");
    TransactWriteItem::builder().update(update).build()
}

/// Only one can go on from `before`.
fn put_head(table: &str, line: &LineId, before: Head, head: Head) -> TransactWriteItem {
    let item = Draft::at(keys::ledger_head(line))
        .with("number", number(head.number))
        .with("hash", text(head.hash.to_string()))
        .done();
    let put = Put::builder().table_name(table).set_item(Some(item));
    let put = if before == Head::START {
        put.condition_expression("attribute_not_exists(pk)")
    } else {
        put.condition_expression("#hash = :before")
            .expression_attribute_names("#hash", "hash")
            .expression_attribute_values(":before", text(before.hash.to_string()))
    };
    TransactWriteItem::builder().put(put.build().expect("table and item are given")).build()
}

fn delete_there(table: &str, key: Key) -> TransactWriteItem {
    let delete = Delete::builder()
        .table_name(table)
        .set_key(Some(key.into_item()))
        .condition_expression("attribute_exists(pk)")
        .build()
        .expect("table and key are given");
    TransactWriteItem::builder().delete(delete).build()
}
