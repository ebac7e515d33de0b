// SPDX-License-Identifier: EUPL-1.2
//! Keys of the API, each with the digest of its secret; one that opened is remembered for seconds.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use domain::access::Scope;
use domain::access::key::{ApiKey, Rotation, same_digest};
use domain::ids::{KeyId, LineId};
use jiff::{Timestamp, ToSpan};

use crate::item::{Draft, Fields, Item, expiry, instant, text};
use crate::table::put_new;
use crate::{Once, Result, Store, failed, keys};

/// A key that has ended is still shown for so many days.
const SHOWN_DAYS: i64 = 90;

/// Compared with where there is no key, so that it takes as long.
const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl Store {
    /// The key whose secret has this digest, whether or not it still opens; at most some seconds
    /// old. A key that is not there and a secret that is wrong are the same, and take as long.
    pub async fn api_key(&self, line: &LineId, id: &KeyId, digest: &str) -> Result<Option<ApiKey>> {
        let known_as = format!("{line} {id} {digest}");
        if let Some(known) = self.access.keys.get(&known_as) {
            return Ok(Some(known));
        }
        let item = self.get(&self.tables.subscribers, keys::api_key(line, id)).await?;
        let kept = item.as_ref().and_then(|it| it.find_text("digest")).unwrap_or(NO_DIGEST);
        let is_right = same_digest(kept, digest);
        let Some(item) = item.filter(|_| is_right) else { return Ok(None) };
        let key = read(&item)?;
        self.access.keys.put(known_as, key.clone());
        Ok(Some(key))
    }

    /// All keys of a line, those that ended lately included. They are few by nature.
    pub async fn api_keys(&self, line: &LineId) -> Result<Vec<ApiKey>> {
        let items = self.query_all(&self.tables.subscribers, keys::api_keys(line)).await?;
        items.iter().map(read).collect()
    }

    /// Writes a key down with the digest of its secret, and the answer to the request's key.
    pub async fn add_api_key(
        &self,
        line: &LineId,
        key: &ApiKey,
        digest: &str,
        once: Option<(&str, &Once)>,
        now: Timestamp,
    ) -> Result<()> {
        let mut writes = vec![put_new(&self.tables.subscribers, write(line, key, digest))];
        writes.extend(once.map(|(hash, once)| self.put_once(line, hash, once, now)));
        self.transact(writes).await
    }

    /// Puts a key in the place of another. `Conflict` if that one has been revoked meanwhile.
    pub async fn rotate_api_key(
        &self,
        line: &LineId,
        old: &KeyId,
        rotation: &Rotation,
        digest: &str,
        once: Option<(&str, &Once)>,
        now: Timestamp,
    ) -> Result<()> {
        let ends = Update::builder()
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::api_key(line, old).into_item()))
            .update_expression("SET expires_at = :ends")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(revoked_at)")
            .expression_attribute_values(":ends", instant(rotation.old_ends_at))
            .build()
            .expect("table, key and expression are given");
        let next = write(line, &rotation.next, digest);
        let mut writes = vec![
            TransactWriteItem::builder().update(ends).build(),
            put_new(&self.tables.subscribers, next),
        ];
        writes.extend(once.map(|(hash, once)| self.put_once(line, hash, once, now)));
        self.transact(writes).await?;
        self.access.keys.forget();
        Ok(())
    }

    /// Ends a key now. `Conflict` if it is not there. A revoked one stays as it is.
    pub async fn revoke_api_key(&self, line: &LineId, id: &KeyId, now: Timestamp) -> Result<()> {
        self.client
            .update_item()
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::api_key(line, id).into_item()))
            .update_expression("SET revoked_at = if_not_exists(revoked_at, :now)")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":now", instant(now))
            .send()
            .await
            .map_err(failed)?;
        self.access.keys.forget();
        Ok(())
    }

    /// Notes that a key was used, and remembers that it did.
    pub async fn note_key_use(
        &self,
        line: &LineId,
        key: &ApiKey,
        digest: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.client
            .update_item()
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::api_key(line, &key.id).into_item()))
            .update_expression("SET used_at = :now")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":now", instant(now))
            .send()
            .await
            .map_err(failed)?;
        let used = ApiKey { used_at: Some(now), ..key.clone() };
        self.access.keys.put(format!("{line} {} {digest}", key.id), used);
        Ok(())
    }
}

fn write(line: &LineId, key: &ApiKey, digest: &str) -> Item {
    Draft::at(keys::api_key(line, &key.id))
        .with("name", text(&key.name))
        .with_set("scopes", key.scopes.iter().map(|it| it.name()))
        .with("created_at", instant(key.created_at))
        .with("created_by", text(&key.created_by))
        .with("expires_at", instant(key.expires_at))
        .with("digest", text(digest))
        .with("expires", expiry(key.expires_at + (24 * SHOWN_DAYS).hours()))
        .done()
}

fn read(item: &Item) -> Result<ApiKey> {
    let scopes = item.set("scopes").into_iter();
    Ok(ApiKey {
        id: KeyId::new(item.text("sk")?),
        name: item.text("name")?.to_owned(),
        // One that this release does not know opens nothing.
        scopes: scopes.filter_map(|it| Scope::parse(&it)).collect(),
        created_at: item.instant("created_at")?,
        created_by: item.text("created_by")?.to_owned(),
        expires_at: item.instant("expires_at")?,
        revoked_at: item.find_instant("revoked_at"),
        used_at: item.find_instant("used_at"),
    })
}
