// SPDX-License-Identifier: EUPL-1.2
//! What every part does with a table: consistent reads, whole partitions, transactions.

use aws_sdk_dynamodb::types::{Delete, KeysAndAttributes, Put, TransactWriteItem};

use crate::item::{Item, number, text};
use crate::keys::Key;
use crate::{Result, Store, StoreError, failed, transaction_failed};

/// The most keys one `BatchGetItem` takes. Source: DynamoDB API Reference.
const BATCH_GET: usize = 100;

impl Store {
    /// How many items a partition of `subscribers` has.
    pub(crate) async fn count(&self, pk: String) -> Result<i64> {
        self.count_in(&self.tables.subscribers, pk).await
    }

    pub(crate) async fn count_in(&self, table: &str, pk: String) -> Result<i64> {
        let mut total = 0;
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", text(&pk))
                .select(aws_sdk_dynamodb::types::Select::Count)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(failed)?;
            total += i64::from(page.count());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(total);
            }
        }
    }

    pub(crate) async fn get(&self, table: &str, key: Key) -> Result<Option<Item>> {
        let found = self
            .client
            .get_item()
            .table_name(table)
            .set_key(Some(key.into_item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed)?;
        Ok(found.item)
    }

    /// Consistent reads of many items, in no order: each once, those that exist.
    pub(crate) async fn get_many(&self, table: &str, mut keys: Vec<Key>) -> Result<Vec<Item>> {
        // The same key twice in one request is refused.
        keys.sort_unstable();
        keys.dedup();
        let mut items = Vec::new();
        for batch in keys.chunks(BATCH_GET) {
            let wanted = batch.iter().cloned().map(Key::into_item).collect();
            items.extend(self.get_batch(table, wanted).await?);
        }
        Ok(items)
    }

    /// Asks again for those the table had no time for. It has time for one at least, or says so.
    async fn get_batch(&self, table: &str, mut wanted: Vec<Item>) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        while !wanted.is_empty() {
            let ask = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .consistent_read(true)
                .build()
                .expect("keys are given");
            let mut answer = self
                .client
                .batch_get_item()
                .request_items(table, ask)
                .send()
                .await
                .map_err(failed)?;
            items.extend(
                answer.responses.as_mut().and_then(|it| it.remove(table)).unwrap_or_default(),
            );
            wanted = answer
                .unprocessed_keys
                .and_then(|mut it| it.remove(table))
                .map(|it| it.keys)
                .unwrap_or_default();
        }
        Ok(items)
    }

    /// A whole partition by consistent reads, page by page. For those that are small by nature.
    pub(crate) async fn query_all(&self, table: &str, pk: String) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", text(&pk))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(failed)?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    pub(crate) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<()> {
        self.client
            .transact_write_items()
            .set_transact_items(Some(writes))
            .send()
            .await
            .map_err(transaction_failed)?;
        Ok(())
    }
}

pub(crate) fn put(table: &str, item: Item) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .build()
        .expect("table and item are given");
    TransactWriteItem::builder().put(put).build()
}

/// Puts what must not be there yet.
pub(crate) fn put_new(table: &str, item: Item) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)")
        .build()
        .expect("table and item are given");
    TransactWriteItem::builder().put(put).build()
}

pub(crate) fn delete(table: &str, key: Key) -> TransactWriteItem {
    let delete = Delete::builder()
        .table_name(table)
        .set_key(Some(key.into_item()))
        .build()
        .expect("table and key are given");
    TransactWriteItem::builder().delete(delete).build()
}

pub(crate) fn delete_version(table: &str, key: Key, version: i64) -> TransactWriteItem {
    let delete = Delete::builder()
        .table_name(table)
        .set_key(Some(key.into_item()))
        .condition_expression("version = :version")
        .expression_attribute_values(":version", number(version))
        .build()
        .expect("table and key are given");
    TransactWriteItem::builder().delete(delete).build()
}

/// Puts in the place of what has this version.
pub(crate) fn put_version(table: &str, item: Item, version: i64) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("version = :version")
        .expression_attribute_values(":version", number(version))
        .build()
        .expect("table and item are given");
    TransactWriteItem::builder().put(put).build()
}

/// Done, or passed over because the condition did not hold.
pub(crate) fn unless_conflict<T>(done: Result<T>) -> Result<()> {
    match done {
        Ok(_) | Err(StoreError::Conflict) => Ok(()),
        Err(err) => Err(err),
    }
}
