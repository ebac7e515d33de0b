// SPDX-License-Identifier: EUPL-1.2
//! Clearing: what is past its date goes, a page at a time, with a note of how far we came.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{DeleteRequest, Select, WriteRequest};
use domain::contact::Contact;
use domain::ids::{BroadcastId, ContactId, LineId};
use jiff::{Timestamp, ToSpan};

use crate::item::{Draft, Fields, expiry, instant, key_of, number, text};
use crate::keys::{self, Key};
use crate::people::{ids, put_contact, read_contact, traces};
use crate::table::{delete, delete_version, put};
use crate::{Result, Store, StoreError, failed};

/// How far a line's clearing of one night has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Night {
    /// Contacts first, shard by shard, then broadcasts.
    pub contacts_done: bool,
    pub finished: bool,
    /// The last contact or broadcast looked at.
    pub cursor: Option<String>,
    pub counted: Counted,
}

/// What went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub contacts: i64,
    pub lapsed: i64,
    pub messages: i64,
    pub deliveries: i64,
}

/// A night's note is of interest to nobody after this many days.
const NOTE_DAYS: i64 = 90;

/// The most keys one `BatchWriteItem` takes. Source: DynamoDB API Reference.
const BATCH: usize = 25;

impl Store {
    pub async fn night(&self, line: &LineId, date: &str) -> Result<Night> {
        let item = self.get(&self.tables.subscribers, keys::night(line, date)).await?;
        let Some(item) = item else { return Ok(Night::default()) };
        let count = |name| item.find_number(name).unwrap_or(0);
        Ok(Night {
            contacts_done: item.flag("contacts_done"),
            finished: item.flag("finished"),
            cursor: item.find_text("cursor").map(str::to_owned),
            counted: Counted {
                contacts: count("contacts"),
                lapsed: count("lapsed"),
                messages: count("messages"),
                deliveries: count("deliveries"),
            },
        })
    }

    pub async fn save_night(
        &self,
        line: &LineId,
        date: &str,
        night: &Night,
        now: Timestamp,
    ) -> Result<()> {
        use aws_sdk_dynamodb::types::AttributeValue::Bool;
        let item = Draft::at(keys::night(line, date))
            .with("contacts_done", Bool(night.contacts_done))
            .with("finished", Bool(night.finished))
            .with_some("cursor", night.cursor.as_ref().map(text))
            .with("contacts", number(night.counted.contacts))
            .with("lapsed", number(night.counted.lapsed))
            .with("messages", number(night.counted.messages))
            .with("deliveries", number(night.counted.deliveries))
            .with("expires", expiry(now + (24 * NOTE_DAYS).hours()))
            .done();
        self.transact(vec![put(&self.tables.subscribers, item)]).await
    }

    /// A page of a line's contacts after `after`, in the order of shards. Empty at the end.
    /// Ids that only lead on to another contact are passed over.
    pub async fn contacts(
        &self,
        line: &LineId,
        after: Option<&ContactId>,
        limit: i32,
    ) -> Result<Vec<Contact>> {
        let first = after.map_or('0', keys::shard);
        for shard in keys::SHARDS.into_iter().filter(|it| *it >= first) {
            let after = after.filter(|it| keys::shard(it) == shard);
            let mut start = None;
            loop {
                let page = self
                    .client
                    .query()
                    .table_name(&self.tables.subscribers)
                    .key_condition_expression("pk = :pk AND sk > :after")
                    .filter_expression("attribute_not_exists(merged_into)")
                    .expression_attribute_values(":pk", text(keys::contacts(line, shard)))
                    .expression_attribute_values(
                        ":after",
                        text(after.map_or("!", ContactId::as_str)),
                    )
                    .limit(limit)
                    .set_exclusive_start_key(start)
                    .send()
                    .await
                    .map_err(failed)?;
                if page.count() > 0 {
                    return page.items().iter().map(read_contact).collect();
                }
                start = page.last_evaluated_key;
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(Vec::new())
    }

    /// Deletes a contact and everything that is known of it, the conversation included. Returns
    /// how many messages went with it. `Conflict` if the contact changed since it was read.
    ///
    /// Deleting twice is deleting once, so a run that died in the middle is run again. The bare
    /// ids stay until the rest is gone: while they are there, the rest can still be found, and
    /// nothing leads to them, so that a message meanwhile comes from somebody new.
    pub async fn forget(&self, line: &LineId, contact: &Contact) -> Result<i64> {
        let Some((found, _)) = self.versioned(line, &contact.id).await? else { return Ok(0) };
        if found != *contact && found != bare_of(&found) {
            return Err(StoreError::Conflict);
        }
        // While its messages tell which they are.
        self.let_files_go(line, contact).await?;
        // By the number and the user id, so before they go.
        let aside = self.aside_of(line, contact).await?;
        self.delete_many(&self.tables.messages, aside).await?;
        let bare = self.strip(line, contact).await?;
        let table = &self.tables.subscribers;
        let mut gone = 0;
        for id in ids(contact) {
            gone += self.clear_chat(line, id, None).await?;
            self.forget_appointments(line, id).await?;
            let events = self.query_all(table, keys::consents(line, id)).await?;
            let events = events.iter().map(key_of).collect::<Result<_>>()?;
            self.delete_many(table, events).await?;
        }
        self.forget_measures(line, contact).await?;
        let forwards = contact.former_ids.iter().map(|id| keys::contact(line, id));
        self.delete_many(table, forwards.collect()).await?;
        if let Some(version) = bare {
            let key = keys::contact(line, &contact.id);
            self.transact(vec![delete_version(table, key, version)]).await?;
        }
        Ok(gone)
    }

    /// Takes from a contact all but its ids, with what leads to it, in one transaction. Gives the
    /// version it has then, `None` if it is gone.
    async fn strip(&self, line: &LineId, contact: &Contact) -> Result<Option<i64>> {
        let Some((found, version)) = self.versioned(line, &contact.id).await? else {
            return Ok(None);
        };
        let bare = bare_of(&found);
        if found == bare {
            return Ok(Some(version));
        }
        if found != *contact {
            return Err(StoreError::Conflict);
        }
        let table = &self.tables.subscribers;
        let mut writes = vec![put_contact(table, line, &bare, version)];
        writes.extend(traces(line, contact).into_iter().map(|it| delete(table, it)));
        self.transact(writes).await?;
        Ok(Some(version + 1))
    }

    /// Asks for a contact's messages older than `before`, or all of them.
    fn messages_before(
        &self,
        line: &LineId,
        contact: &ContactId,
        before: Option<Timestamp>,
    ) -> QueryFluentBuilder {
        // `N` follows `M`, so it stands after the last message.
        let end = before.map_or("N".to_owned(), |at| format!("M#{:016}", at.as_millisecond()));
        self.client
            .query()
            .table_name(&self.tables.messages)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :end")
            .expression_attribute_values(":pk", text(keys::chat(line, contact)))
            .expression_attribute_values(":first", text("M#"))
            .expression_attribute_values(":end", text(end))
            .consistent_read(true)
    }

    /// Deletes a contact's messages older than `before`, or all of them; how many went.
    pub async fn clear_chat(
        &self,
        line: &LineId,
        contact: &ContactId,
        before: Option<Timestamp>,
    ) -> Result<i64> {
        let mut gone = 0;
        let mut start = None;
        loop {
            let page = self
                .messages_before(line, contact, before)
                .projection_expression("pk, sk")
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(failed)?;
            gone += i64::from(page.count());
            let keys = page.items().iter().map(key_of).collect::<Result<_>>()?;
            self.delete_many(&self.tables.messages, keys).await?;
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        self.clear_notes(line, contact, before).await?;
        self.clear_conversation(line, contact, before).await?;
        Ok(gone)
    }

    /// The desk's own notes older than `before` go; without it, all that is left of the chat.
    async fn clear_notes(
        &self,
        line: &LineId,
        contact: &ContactId,
        before: Option<Timestamp>,
    ) -> Result<()> {
        // `X` follows `WRITES`.
        let end = before
            .map_or("X".to_owned(), |at| format!("{}{:016}", keys::NOTE, at.as_millisecond()));
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.tables.messages)
                .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :end")
                .expression_attribute_values(":pk", text(keys::chat(line, contact)))
                .expression_attribute_values(":first", text(keys::NOTE))
                .expression_attribute_values(":end", text(&end))
                .projection_expression("pk, sk")
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(failed)?;
            let keys = page.items().iter().map(key_of).collect::<Result<_>>()?;
            self.delete_many(&self.tables.messages, keys).await?;
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(());
            }
        }
    }

    /// How many of a contact's messages are older than `before`, or there at all.
    pub(crate) async fn count_chat(
        &self,
        line: &LineId,
        contact: &ContactId,
        before: Option<Timestamp>,
    ) -> Result<i64> {
        let mut there = 0;
        let mut start = None;
        loop {
            let page = self
                .messages_before(line, contact, before)
                .select(Select::Count)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(failed)?;
            there += i64::from(page.count());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(there);
            }
        }
    }

    /// How many deliveries of a broadcast there are.
    pub(crate) async fn count_deliveries(&self, broadcast: &BroadcastId) -> Result<i64> {
        let mut there = 0;
        for shard in keys::SHARDS {
            let pk = keys::deliveries(broadcast, shard);
            there += self.count_in(&self.tables.broadcasts, pk).await?;
        }
        Ok(there)
    }

    /// The conversation's own row goes with its last message.
    async fn clear_conversation(
        &self,
        line: &LineId,
        contact: &ContactId,
        before: Option<Timestamp>,
    ) -> Result<()> {
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.tables.messages)
            .set_key(Some(keys::conversation(line, contact).into_item()))
            .condition_expression("attribute_not_exists(pk) OR last_at < :before")
            .expression_attribute_values(":before", instant(before.unwrap_or(Timestamp::MAX)))
            .send()
            .await
            .map_err(failed);
        match deleted {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(err) => Err(err),
        }
    }

    /// Deletes the deliveries of a broadcast, a page at a time; how many went.
    pub async fn clear_deliveries(&self, broadcast: &BroadcastId) -> Result<i64> {
        let mut gone = 0;
        for shard in keys::SHARDS {
            loop {
                let page = self
                    .client
                    .query()
                    .table_name(&self.tables.broadcasts)
                    .key_condition_expression("pk = :pk")
                    .expression_attribute_values(":pk", text(keys::deliveries(broadcast, shard)))
                    .projection_expression("pk, sk")
                    .consistent_read(true)
                    .limit(500)
                    .send()
                    .await
                    .map_err(failed)?;
                if page.count() == 0 {
                    break;
                }
                gone += i64::from(page.count());
                let keys = page.items().iter().map(key_of).collect::<Result<_>>()?;
                self.delete_many(&self.tables.broadcasts, keys).await?;
            }
        }
        Ok(gone)
    }

    pub(crate) async fn delete_many(&self, table: &str, keys: Vec<Key>) -> Result<()> {
        for batch in keys.chunks(BATCH) {
            let mut wanted: Vec<WriteRequest> = batch.iter().cloned().map(delete_request).collect();
            while !wanted.is_empty() {
                let answer = self
                    .client
                    .batch_write_item()
                    .request_items(table, wanted)
                    .send()
                    .await
                    .map_err(failed)?;
                let left = answer.unprocessed_items.and_then(|mut it| it.remove(table));
                wanted = left.unwrap_or_default();
            }
        }
        Ok(())
    }
}

/// What is left of a contact until the rest is gone.
fn bare_of(contact: &Contact) -> Contact {
    Contact { former_ids: contact.former_ids.clone(), ..Contact::new(contact.id.clone()) }
}

fn delete_request(key: Key) -> WriteRequest {
    let delete =
        DeleteRequest::builder().set_key(Some(key.into_item())).build().expect("a key is given");
    WriteRequest::builder().delete_request(delete).build()
}
