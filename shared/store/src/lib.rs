// SPDX-License-Identifier: EUPL-1.2
//! The tables: every key shape once. The only user of the DynamoDB client.
//!
//! Three tables, all with a text partition key `pk` and a text sort key `sk`; [`keys`] has every
//! shape with an example. Items hold what they must and nothing else: a delivery, for instance,
//! knows a contact only by our own id.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;

mod access;
mod account;
mod api_keys;
mod appointments;
mod aside;
mod audit;
mod broadcasts;
mod chunks;
mod clearing;
mod contention;
mod conversations;
mod deliveries;
mod desk;
mod files;
mod held;
mod item;
pub mod keys;
mod kinds;
mod leaving;
mod ledger;
pub mod line_file;
mod lines;
mod moderation;
mod night;
mod office;
mod once;
mod people;
mod portfolios;
mod rates;
mod requests;
mod restore;
mod spending;
mod statistics;
mod table;
pub mod tables;
mod tasks;
mod templates;

pub use appointments::Booking;
pub use aside::Aside;
pub use audit::audit_id;
pub use broadcasts::{Change, Progress};
pub use chunks::Chunk;
pub use clearing::Mode;
pub use conversations::{
    Conversation, Direction, Document as File, Entry, EntryContent, NewEntry, callback,
};
pub use deliveries::{Claim, Delivery, News, Reported, Take, Told};
pub use desk::{Note, WAITS, waits};
pub use files::{incoming, object};
pub use kinds::{Kind, Leaves};
pub use ledger::{Recorded, Seal};
pub use lines::{AllLines, Document};
pub use moderation::{Blocking, Deleting, Pack, Reporting};
pub use night::{Counted, Night};
pub use office::{Session, SignedIn};
pub use once::Once;
pub use people::{Erasing, Loaded, MessageKey, Seen, Turn};
pub use portfolios::People;
pub use requests::register_until;
pub use restore::{Away, Restored};
pub use spending::{Reserved, Spending};
pub use tasks::Task;
pub use templates::AtMeta;

/// The names of the three tables.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Lines, contacts, identifiers, consent events, who follows what.
    pub subscribers: String,
    /// Conversations and their messages, processed message ids.
    pub messages: String,
    /// Broadcasts, chunks, deliveries, rates, what Meta says of accounts.
    pub broadcasts: String,
}

/// The three tables through one client. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    client: Client,
    tables: Arc<Tables>,
    lines: Arc<lines::Cache>,
    heard: Arc<rates::Heard>,
    templates: Arc<account::Cache>,
    access: Arc<access::Access>,
}

/// What the caller can do next is the variant.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Someone wrote first. Load again and decide again.
    #[error("item changed since it was read")]
    Conflict,
    /// Try again later. So it is, too, where somebody else writes at every moment that we do.
    #[error("table unavailable ({code}, request {request_id})")]
    Unavailable { code: String, request_id: String },
    /// Not in the shape this code writes. No retry will help.
    #[error("item has no readable `{0}`")]
    Corrupt(&'static str),
}

pub type Result<T> = std::result::Result<T, StoreError>;

impl Store {
    /// The tables by name: subscribers, messages, broadcasts.
    pub fn connect(config: &aws_types::SdkConfig, names: [&str; 3]) -> Self {
        let [subscribers, messages, broadcasts] = names.map(str::to_owned);
        Self::new(Client::new(config), Tables { subscribers, messages, broadcasts })
    }

    /// The same tables and what is remembered of them, through a client that differs in this.
    #[must_use]
    pub fn through(&self, differs: impl FnOnce(Builder) -> Builder) -> Self {
        let config = differs(self.client.config().to_builder()).build();
        Self { client: Client::from_conf(config), ..self.clone() }
    }

    #[expect(clippy::needless_pass_by_value, reason = "it is the store's from now on")]
    pub fn new(client: Client, tables: Tables) -> Self {
        let tried_again = client.config().to_builder().retry_classifier(contention::TriedAgain);
        Self {
            client: Client::from_conf(tried_again.build()),
            tables: Arc::new(tables),
            lines: Arc::default(),
            heard: Arc::default(),
            templates: Arc::default(),
            access: Arc::default(),
        }
    }
}

/// Keeps the code and request id of a service's error: its message can quote an item.
#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` takes")]
fn failed<E: ProvideErrorMetadata, R>(err: SdkError<E, R>) -> StoreError
where
    SdkError<E, R>: RequestId,
{
    let code = match &err {
        SdkError::ServiceError(service) => service.err().code().unwrap_or("unknown"),
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "not reached",
        SdkError::ResponseError(_) => "unreadable answer",
        _ => "request not built",
    };
    if code == "ConditionalCheckFailedException" {
        return StoreError::Conflict;
    }
    let request_id = err.request_id().unwrap_or("none").to_owned();
    StoreError::Unavailable { code: code.to_owned(), request_id }
}

/// As [`failed`], for transactions, whose reasons tell a lost race from a busy table.
fn transaction_failed<R>(err: SdkError<TransactWriteItemsError, R>) -> StoreError
where
    SdkError<TransactWriteItemsError, R>: RequestId,
{
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        err.as_service_error()
    else {
        return failed(err);
    };
    let codes = || cancelled.cancellation_reasons().iter().filter_map(|it| it.code());
    if codes().any(|it| it == "ConditionalCheckFailed") {
        return StoreError::Conflict;
    }
    let code = codes().find(|it| *it != "None").unwrap_or("TransactionCanceled").to_owned();
    let request_id = err.request_id().unwrap_or("none").to_owned();
    StoreError::Unavailable { code, request_id }
}
