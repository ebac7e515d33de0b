// SPDX-License-Identifier: EUPL-1.2
//! What the desk's minute has to look at, at its time: a conversation that nobody read, an
//! appointment to remind of.
//!
//! A task says only that there is something to look at. Who takes it up reads what stands then and
//! decides; a task about something that is no more is finished without doing anything.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};
use domain::ids::LineId;
use jiff::Timestamp;

use crate::item::{Draft, Fields, instant, text};
use crate::keys::{self, Key};
use crate::{Result, Store, StoreError, failed};

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub line: LineId,
    /// Its kind and what it is about: `waits#0b9e…7`. One of a name at a time.
    pub name: String,
    pub due_at: Timestamp,
}

/// The most tasks that one minute takes up; the rest waits for the next.
const AT_ONCE: i32 = 200;

impl Store {
    /// Plans a task, or moves it to another time.
    pub async fn plan_task(&self, task: &Task) -> Result<()> {
        self.transact(vec![self.put_task(task)]).await
    }

    /// As [`Store::plan_task`], together with what makes it necessary.
    pub fn put_task(&self, task: &Task) -> TransactWriteItem {
        let item = Draft::at(keys::task(&task.line, &task.name))
            .with("due", text(keys::DESK))
            .with("due_at", instant(task.due_at))
            .done();
        let put = Put::builder().table_name(&self.tables.broadcasts).set_item(Some(item)).build();
        TransactWriteItem::builder().put(put.expect("table and item are given")).build()
    }

    /// Plans a task unless there is one of its name, which keeps its time.
    pub fn keep_task(&self, task: &Task) -> TransactWriteItem {
        let update = Update::builder()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::task(&task.line, &task.name).into_item()))
            .update_expression(
                "SET due = if_not_exists(due, :desk), due_at = if_not_exists(due_at, :at)",
            )
            .expression_attribute_values(":desk", text(keys::DESK))
            .expression_attribute_values(":at", instant(task.due_at))
            .build();
        let update = update.expect("table, key and expression are given");
        TransactWriteItem::builder().update(update).build()
    }

    /// What the desk must look at by `now`, soonest first.
    ///
    /// From an index, so it may lag by seconds: what is missed is found a minute later.
    pub async fn due_tasks(&self, now: Timestamp) -> Result<Vec<Task>> {
        let page = self.due_rows(keys::DESK, Some(now), Some(AT_ONCE), None).await?;
        let task = |item: &crate::item::Item| {
            let line = item.text("pk")?.strip_prefix(keys::TASKS).ok_or(StoreError::Corrupt("pk"));
            Ok(Task {
                line: LineId::new(line?),
                name: item.text("sk")?.to_owned(),
                due_at: item.instant("due_at")?,
            })
        };
        page.items().iter().map(task).collect()
    }

    /// Ends a task, unless it was moved to another time meanwhile.
    pub async fn finish_task(&self, task: &Task) -> Result<()> {
        let key = keys::task(&task.line, &task.name);
        let finished = self
            .client
            .delete_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(key.into_item()))
            .condition_expression("due_at = :due_at")
            .expression_attribute_values(":due_at", instant(task.due_at))
            .send()
            .await
            .map_err(failed);
        match finished {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(err) => Err(err),
        }
    }

    /// Takes a task away together with what made it necessary; nothing happens if there is none.
    pub fn drop_task(&self, line: &LineId, name: &str) -> TransactWriteItem {
        let Key { pk, sk } = keys::task(line, name);
        let delete = Delete::builder()
            .table_name(&self.tables.broadcasts)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .build();
        TransactWriteItem::builder().delete(delete.expect("table and key are given")).build()
    }
}
