// SPDX-License-Identifier: EUPL-1.2
//! Attributes in and out: an item's fields by name and kind.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use crate::keys::Key;
use crate::{Result, StoreError};

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// Instants are epoch milliseconds.
pub(crate) fn instant(value: Timestamp) -> AttributeValue {
    number(value.as_millisecond())
}

/// DynamoDB's own expiry is in epoch seconds.
pub(crate) fn expiry(value: Timestamp) -> AttributeValue {
    number(value.as_second())
}

/// Builds an item field by field; what is `None` is left out.
pub(crate) struct Draft(Item);

impl Draft {
    pub(crate) fn at(key: Key) -> Self {
        Self(key.into_item())
    }

    pub(crate) fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn with_some(self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// An empty set cannot be stored and is the same as none; one that holds a value twice cannot
    /// be stored either.
    pub(crate) fn with_set(
        self,
        name: &str,
        values: impl IntoIterator<Item = impl ToString>,
    ) -> Self {
        let values: BTreeSet<String> = values.into_iter().map(|it| it.to_string()).collect();
        let set = (!values.is_empty()).then(|| AttributeValue::Ss(values.into_iter().collect()));
        self.with_some(name, set)
    }

    pub(crate) fn done(self) -> Item {
        self.0
    }
}

/// Reads an item's fields. A missing or misshapen field that must be there is `Corrupt`.
pub(crate) trait Fields {
    fn find_text(&self, name: &str) -> Option<&str>;
    fn find_number(&self, name: &str) -> Option<i64>;

    fn find_instant(&self, name: &str) -> Option<Timestamp> {
        self.find_number(name).and_then(|ms| Timestamp::from_millisecond(ms).ok())
    }

    fn text(&self, name: &'static str) -> Result<&str> {
        self.find_text(name).ok_or(StoreError::Corrupt(name))
    }

    fn number(&self, name: &'static str) -> Result<i64> {
        self.find_number(name).ok_or(StoreError::Corrupt(name))
    }

    fn instant(&self, name: &'static str) -> Result<Timestamp> {
        self.find_instant(name).ok_or(StoreError::Corrupt(name))
    }

    fn flag(&self, name: &str) -> bool;
    fn set(&self, name: &str) -> BTreeSet<String>;
}

impl Fields for Item {
    fn find_text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|it| it.as_s().ok()).map(String::as_str)
    }

    fn find_number(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(|it| it.as_n().ok()).and_then(|it| it.parse().ok())
    }

    fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(|it| it.as_bool().ok()).copied().unwrap_or(false)
    }

    fn set(&self, name: &str) -> BTreeSet<String> {
        self.get(name)
            .and_then(|it| it.as_ss().ok())
            .map(|it| it.iter().cloned().collect())
            .unwrap_or_default()
    }
}

/// The key an item was read under.
pub(crate) fn key_of(item: &Item) -> Result<Key> {
    Ok(Key { pk: item.text("pk")?.to_owned(), sk: item.text("sk")?.to_owned() })
}
