// SPDX-License-Identifier: EUPL-1.2
//! The audit log of a line: an entry before the act, how it ended after it.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::access::audit::Entry;
use domain::ids::LineId;
use jiff::Timestamp;

use crate::item::{Draft, Fields, Item, expiry, instant, number, text};
use crate::table::put_new;
use crate::{Result, Store, StoreError, failed, keys};

/// Where entries of this instant begin.
fn from_row(at: Timestamp) -> String {
    format!("{:016}", at.as_millisecond().max(0))
}

/// The name of an entry, which sorts by its time.
pub fn audit_id(at: Timestamp, random: &str) -> String {
    format!("{}#{random}", from_row(at))
}

impl Store {
    /// Writes an act down; it goes at `until`.
    pub async fn add_audit(&self, line: &LineId, entry: &Entry, until: Timestamp) -> Result<()> {
        let ids = entry.ids.iter().map(|(name, id)| (name.clone(), text(id))).collect();
        let item = Draft::at(keys::audit(line, &entry.id))
            .with("at", instant(entry.at))
            .with("who", text(&entry.who))
            .with("name", text(&entry.name))
            .with("operation", text(&entry.operation))
            .with("ids", AttributeValue::M(ids))
            .with_some("status", entry.status.map(number))
            .with("expires", expiry(until))
            .done();
        self.transact(vec![put_new(&self.tables.subscribers, item)]).await
    }

    /// Writes down how an act ended.
    pub async fn end_audit(&self, line: &LineId, id: &str, status: u16) -> Result<()> {
        self.client
            .update_item()
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::audit(line, id).into_item()))
            .update_expression("SET #status = :status")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", number(status))
            .send()
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// Acts from `from` until before `to`, latest first, before the entry `before`.
    pub async fn audit(
        &self,
        line: &LineId,
        from: Timestamp,
        to: Timestamp,
        before: Option<&str>,
        limit: i32,
    ) -> Result<Vec<Entry>> {
        let (first, end) = (from_row(from), from_row(to));
        let end = before.map_or(end.clone(), |it| end.min(it.to_owned()));
        if first >= end {
            return Ok(Vec::new());
        }
        let start = before.filter(|it| **it == end).map(|it| keys::audit(line, it).into_item());
        let page = self
            .client
            .query()
            .table_name(&self.tables.subscribers)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :end")
            .expression_attribute_values(":pk", text(keys::audits(line)))
            .expression_attribute_values(":first", text(first))
            .expression_attribute_values(":end", text(end))
            .scan_index_forward(false)
            .set_exclusive_start_key(start)
            .limit(limit)
            .send()
            .await
            .map_err(failed)?;
        page.items().iter().map(read).collect()
    }
}

fn read(item: &Item) -> Result<Entry> {
    let none = HashMap::new();
    let ids = item.get("ids").and_then(|it| it.as_m().ok()).unwrap_or(&none);
    let ids = ids.iter().filter_map(|(name, it)| Some((name.clone(), it.as_s().ok()?.clone())));
    let status = item.find_number("status").map(u16::try_from);
    Ok(Entry {
        id: item.text("sk")?.to_owned(),
        at: item.instant("at")?,
        who: item.text("who")?.to_owned(),
        name: item.text("name")?.to_owned(),
        operation: item.text("operation")?.to_owned(),
        ids: ids.collect::<BTreeMap<_, _>>(),
        status: status.transpose().map_err(|_| StoreError::Corrupt("status"))?,
    })
}
