// SPDX-License-Identifier: EUPL-1.2
//! Requests that carry an idempotency key: the same key gets the first answer again.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::ids::LineId;
use jiff::{Timestamp, ToSpan};

use crate::item::{Draft, Fields, expiry, number, text};
use crate::{Result, Store, keys};

/// How long a key is remembered, in hours.
const HOURS: i64 = 24;

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// Hash of the request's body: another body under the same key is a mistake.
    pub body_hash: String,
    pub status: u16,
    pub answer: String,
}

impl Store {
    pub async fn answered(
        &self,
        line: &LineId,
        key_hash: &str,
        now: Timestamp,
    ) -> Result<Option<Once>> {
        let item = self.get(&self.tables.broadcasts, keys::once(line, key_hash)).await?;
        let fresh = |it: &crate::item::Item| it.find_number("expires") > Some(now.as_second());
        item.filter(fresh)
            .map(|item| {
                Ok(Once {
                    body_hash: item.text("body_hash")?.to_owned(),
                    status: u16::try_from(item.number("status")?).unwrap_or(500),
                    answer: item.text("answer")?.to_owned(),
                })
            })
            .transpose()
    }

    /// Remembers an answer; `Conflict` if the key has one.
    pub async fn remember(
        &self,
        line: &LineId,
        key_hash: &str,
        once: &Once,
        now: Timestamp,
    ) -> Result<()> {
        self.transact(vec![self.put_once(line, key_hash, once, now)]).await
    }

    /// As [`Store::remember`], together with what the request made.
    pub(crate) fn put_once(
        &self,
        line: &LineId,
        key_hash: &str,
        once: &Once,
        now: Timestamp,
    ) -> TransactWriteItem {
        let item = Draft::at(keys::once(line, key_hash))
            .with("body_hash", text(&once.body_hash))
            .with("status", number(once.status))
            .with("answer", text(&once.answer))
            .with("expires", expiry(now + HOURS.hours()))
            .done();
        let put = Put::builder()
            .table_name(&self.tables.broadcasts)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR expires <= :now")
            .expression_attribute_values(":now", expiry(now))
            .build()
            .expect("table and item are given");
        TransactWriteItem::builder().put(put).build()
    }
}
