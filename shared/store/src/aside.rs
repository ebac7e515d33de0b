// SPDX-License-Identifier: EUPL-1.2
//! Messages that Meta signed and we cannot read: kept aside for a person, for a week.
//!
//! What cannot even be taken apart into messages `webhook` keeps elsewhere: it touches no table.

use domain::contact::Contact;
use domain::ids::{LineId, UserId};
use domain::phone::Phone;
use jiff::{Timestamp, ToSpan};

use crate::item::{Draft, Fields, Item, expiry, instant, key_of, text};
use crate::keys::Key;
use crate::people::MessageKey;
use crate::table::put;
use crate::{Result, Store, failed, keys};

/// Source: italian-pa, section 2.4, raw payloads.
const DAYS: i64 = 7;

/// A message as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// Sorts by time.
    pub id: String,
    pub at: Timestamp,
    /// A slug: `unreadable`, `other-app`.
    pub why: String,
    /// Meta's JSON.
    pub message: String,
}

impl Store {
    /// Keeps a message aside. The same one twice, by its key, is once.
    pub async fn keep_aside(
        &self,
        line: &LineId,
        key: &MessageKey,
        why: &str,
        message: &str,
        now: Timestamp,
    ) -> Result<()> {
        let item = Draft::at(keys::aside(line, now.as_millisecond(), key))
            .with("at", instant(now))
            .with("why", text(why))
            .with("message", text(message))
            .with("expires", expiry(now + (24 * DAYS).hours()))
            .done();
        self.transact(vec![put(&self.tables.messages, item)]).await
    }

    /// Keys of what was kept aside of somebody's, while their number or user id is still known.
    pub(crate) async fn aside_of(&self, line: &LineId, contact: &Contact) -> Result<Vec<Key>> {
        let phone = contact.phone.as_ref().map(Phone::expose);
        let known = [phone, contact.user_id.as_ref().map(UserId::expose)];
        let names = |it: &str| known.into_iter().flatten().any(|id| it.contains(id));
        let items = self.query_all(&self.tables.messages, keys::all_aside(line)).await?;
        let theirs = |it: &&Item| it.find_text("message").is_some_and(names);
        items.iter().filter(theirs).map(key_of).collect()
    }

    /// What was kept aside, latest first, before `before`.
    pub async fn aside(
        &self,
        line: &LineId,
        before: Option<&str>,
        limit: i32,
    ) -> Result<Vec<Aside>> {
        let page = self
            .client
            .query()
            .table_name(&self.tables.messages)
            .key_condition_expression("pk = :pk AND sk < :before")
            .expression_attribute_values(":pk", text(keys::all_aside(line)))
            // `~` follows everything that a key is made of.
            .expression_attribute_values(":before", text(before.unwrap_or("~")))
            .scan_index_forward(false)
            .limit(limit)
            .send()
            .await
            .map_err(failed)?;
        page.items().iter().map(read).collect()
    }
}

fn read(item: &Item) -> Result<Aside> {
    Ok(Aside {
        id: item.text("sk")?.to_owned(),
        at: item.instant("at")?,
        why: item.text("why")?.to_owned(),
        message: item.text("message")?.to_owned(),
    })
}
