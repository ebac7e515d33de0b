// SPDX-License-Identifier: EUPL-1.2
//! Many subscribers at once: copies of the rows of one who subscribed by WhatsApp, so that they are
//! whatever the real way makes of a person.

use anyhow::Context;
use domain::ids::{ContactId, LineId};
use dynoxide::{Database, ImportOptions, Item};
use platform::random;
use serde_json::{Value, json};

use crate::town::{LINE, phone};

/// People of one import.
const AT_ONCE: usize = 1000;

/// Where subscribers are kept.
const TABLE: &str = "subscribers";

/// The topic that only some follow.
const SOME_FOLLOW: &str = "utilita";

/// Makes `n` subscribers of the one there is, and gives the copies' ids. Those after the first
/// `all_topics` do not follow public utility.
pub(crate) fn copy(db: &Database, n: usize, all_topics: usize) -> anyhow::Result<Vec<ContactId>> {
    let original = Original::read(db)?;
    let mut contacts = Vec::new();
    let numbers: Vec<usize> = (1..n).collect();
    for part in numbers.chunks(AT_ONCE) {
        let mut items = Vec::new();
        for n in part {
            let contact = random::contact_id();
            items.extend(original.copy_as(&contact, *n, *n < all_topics)?);
            contacts.push(contact);
        }
        db.import_items(TABLE, items, ImportOptions::default()).context("import subscribers")?;
    }
    Ok(contacts)
}

/// The rows of the one subscriber there is, as their JSON.
struct Original {
    rows: Vec<String>,
    contact: String,
}

impl Original {
    fn read(db: &Database) -> anyhow::Result<Self> {
        let request = serde_json::from_value(json!({ "TableName": TABLE }))?;
        let found = db.scan(request).context("read the first subscriber")?;
        let found = serde_json::to_value(found.items)?;
        let found = found.as_array().context("read the first subscriber's rows")?;
        let text = |row: &Value, name: &str| row[name]["S"].as_str().unwrap_or_default().to_owned();
        let by_phone = found.iter().find(|it| text(it, "pk").starts_with("PHONE#"));
        let contact = text(by_phone.context("find the first subscriber")?, "contact");
        let mut rows = Vec::new();
        for row in found {
            // A copy is known by its number alone: Meta would give it another user id.
            let of_user = text(row, "pk").starts_with("USER#");
            if of_user || !row.to_string().contains(&contact) {
                continue;
            }
            let mut row = row.clone();
            let user = |value: &Value| value["S"].as_str().is_some_and(|it| it.starts_with("IT."));
            row.as_object_mut().context("read a row")?.retain(|_, value| !user(value));
            rows.push(row.to_string());
        }
        Ok(Self { rows, contact })
    }

    fn copy_as(
        &self,
        contact: &ContactId,
        n: usize,
        follows_all: bool,
    ) -> anyhow::Result<Vec<Item>> {
        let mut items = Vec::new();
        for row in &self.rows {
            let row = row.replace(&self.contact, contact.as_str()).replace(&phone(0), &phone(n));
            let mut row: Value = serde_json::from_str(&row)?;
            let pk = row["pk"]["S"].as_str().unwrap_or_default().to_owned();
            if !follows_all && pk.ends_with(&format!("#{SOME_FOLLOW}")) {
                continue;
            }
            if pk.starts_with("CONTACTS#") {
                row["pk"]["S"] = store::keys::contact(&LineId::new(LINE), contact).pk.into();
            }
            for value in row.as_object_mut().context("read a row")?.values_mut() {
                if let Some(set) = value["SS"].as_array_mut().filter(|_| !follows_all) {
                    set.retain(|it| it != SOME_FOLLOW);
                }
            }
            items.push(serde_json::from_value(row)?);
        }
        Ok(items)
    }
}
