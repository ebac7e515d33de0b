// SPDX-License-Identifier: EUPL-1.2
//! What Meta posts to the webhook, read in two steps: a batch into single updates, which the
//! webhook function queues, and one message into the domain's words, which `commands` acts on.
//!
//! Meta adds keys, types and fields whenever it likes and puts up to 1,000 updates of any kind in
//! one POST of up to 3 MB. So everything is optional until it is needed, and what cannot be used
//! is set aside by itself and never spoils the rest.
//!
//! Source: Cloud API, webhooks/reference, business-scoped-user-ids.

mod account;
mod batch;
mod message;
mod sender;
mod text;

use std::fmt;

use domain::cost::Market;
use domain::ids::{MessageId, PhoneNumberId};
use serde_json::Value;

pub use account::read_account;
pub use batch::split;
pub use message::{MAX_TEXT_BYTES, read_message};

/// One thing Meta tells us.
#[derive(Clone, PartialEq)]
pub enum Update {
    /// A person wrote to one of our numbers, or pressed one of WhatsApp's own buttons about it.
    /// [`read_message`] reads it.
    Message {
        number: PhoneNumberId,
        /// One element of Meta's `messages[]` as it came, or one of `user_preferences[]` in the
        /// shape of a message.
        message: Value,
        /// The element of `contacts[]` that belongs to the sender.
        contact: Option<Value>,
        /// The sender's user id or else phone digits: equal for what must stay in order.
        /// Personal data: leaves only as a keyed HMAC.
        sender_key: String,
        /// For dropping duplicates.
        message_id: MessageId,
    },
    /// How a message of ours fares.
    Status(StatusUpdate),
    /// Everything that is about no person: templates, numbers, accounts.
    Account {
        /// `entry[].id`: the messaging account, which kept the old account's id.
        account: String,
        /// Meta's name, or `errors` for what came in `value.errors[]`.
        field: String,
        /// `entry[].time`, unix seconds.
        at: Option<i64>,
        /// As it came. A field we do not know may hold personal data.
        value: Value,
    },
    /// One item that we need and cannot use. To be kept aside for a person to look at.
    Unreadable {
        /// What is missing or wrong: a stable slug without content.
        what: &'static str,
        /// As it came; its text if it is not even JSON we can hold. Personal data.
        value: Value,
    },
    /// One item that is not for us, to be counted.
    Ignored {
        /// A stable slug.
        why: &'static str,
    },
}

/// One element of Meta's `statuses[]`, without the recipient and Meta's message id: both are
/// personal data, and the callback says which delivery it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusUpdate {
    pub number: PhoneNumberId,
    /// `biz_opaque_callback_data`: what we gave with the send.
    pub callback: Option<String>,
    pub state: State,
    /// Meta's time, unix seconds.
    pub at: i64,
    /// Of a failed message; see [`domain::failure`].
    pub code: Option<i64>,
    pub pricing: Option<Pricing>,
    /// Where the recipient is from, which decides the rate. Of the recipient nothing else stays.
    pub market: Market,
}

/// In the order of Meta's ranks. They arrive in any order, more than once, and with gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Final, unless the message was delivered all the same.
    Failed,
    Sent,
    Delivered,
    Read,
    /// A voice message was played.
    Played,
}

/// What a message cost, in Meta's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pricing {
    /// `regular` is billed; `free_customer_service`, `free_entry_point` are not.
    pub kind: String,
    /// `utility`, `marketing`, `service` …
    pub category: String,
}

/// Why something from Meta cannot be read. It quotes nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("{kind} error at line {line} column {column}")]
    NotJson { kind: &'static str, line: usize, column: usize },
    #[error("no usable `{0}`")]
    Missing(&'static str),
}

// Written by hand because nearly everything in an update is personal data.
impl fmt::Debug for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message { number, .. } => write!(f, "Message({number}, redacted)"),
            Self::Status(status) => fmt::Debug::fmt(status, f),
            Self::Account { field, .. } => write!(f, "Account({field}, redacted)"),
            Self::Unreadable { what, .. } => write!(f, "Unreadable({what}, redacted)"),
            Self::Ignored { why } => write!(f, "Ignored({why})"),
        }
    }
}

impl From<&serde_json::Error> for Unreadable {
    fn from(error: &serde_json::Error) -> Self {
        // serde's own words quote the value.
        let kind = match error.classify() {
            serde_json::error::Category::Io => "read",
            serde_json::error::Category::Syntax => "syntax",
            serde_json::error::Category::Data => "shape",
            serde_json::error::Category::Eof => "end-of-input",
        };
        Self::NotJson { kind, line: error.line(), column: error.column() }
    }
}

/// A string that says something. A number counts as its digits: Meta has sent ids both ways.
fn word(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

/// Unix seconds: Meta writes them as a string or a number, and has sent milliseconds.
fn seconds(value: Option<&Value>) -> Option<i64> {
    const MILLISECONDS_FROM: i64 = 1_000_000_000_000;
    let number = whole_number(value).filter(|it| *it > 0)?;
    Some(if number >= MILLISECONDS_FROM { number / 1_000 } else { number })
}

fn whole_number(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::String(text) => text.parse().ok(),
        value => value.as_i64(),
    }
}

#[cfg(test)]
mod tests;
