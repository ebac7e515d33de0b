// SPDX-License-Identifier: EUPL-1.2
//! A queue on SQS.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, DeleteMessageBatchRequestEntry, MessageSystemAttributeName,
    SendMessageBatchRequestEntry,
};
use aws_types::SdkConfig;
use aws_types::request_id::RequestId;
use jiff::Timestamp;

use super::{Failed, MAX_BATCH_ENTRIES, Message, QueueError, Received, none_failed};
use crate::aws::Fault;

/// Longer than zero, or SQS asks only some of its servers and may say "nothing" wrongly.
/// Source: SQS Developer Guide, short and long polling.
const RECEIVE_WAIT_SECONDS: i32 = 1;

/// Codes of requests that will never be taken. Source: SQS API Reference.
const REFUSALS: [&str; 11] = [
    "BatchEntryIdsNotDistinct",
    "EmptyBatchRequest",
    "InvalidBatchEntryId",
    "InvalidMessageContents",
    "InvalidParameterValue",
    "MessageNotInflight",
    "MissingParameter",
    "ReceiptHandleIsInvalid",
    "TooManyEntriesInBatchRequest",
    "UnsupportedOperation",
    "InvalidAttributeValue",
];

#[derive(Clone)]
pub struct SqsQueue {
    client: Client,
    url: Arc<str>,
}

impl SqsQueue {
    pub fn new(config: &SdkConfig, url: impl Into<Arc<str>>) -> Self {
        Self { client: Client::new(config), url: url.into() }
    }

    pub(super) async fn send_batch(&self, messages: &[Message]) -> Result<Vec<Failed>, QueueError> {
        let entries = messages.iter().enumerate().map(entry).collect();
        let request = self.client.send_message_batch().queue_url(&*self.url);
        match request.set_entries(Some(entries)).send().await {
            Ok(answer) => Ok(answer.failed().iter().map(failed).collect()),
            Err(err) if err.code().is_some_and(|it| it.ends_with("BatchRequestTooLong")) => {
                let bytes = messages.iter().map(|it| it.body.len()).sum();
                Err(QueueError::TooLarge { bytes })
            }
            Err(err) => Err(error(&err)),
        }
    }

    pub(super) async fn receive(
        &self,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Received>, QueueError> {
        let max = i32::try_from(max.clamp(1, MAX_BATCH_ENTRIES)).unwrap_or(1);
        let answer = self
            .client
            .receive_message()
            .queue_url(&*self.url)
            .max_number_of_messages(max)
            .visibility_timeout(seconds(visibility))
            .wait_time_seconds(RECEIVE_WAIT_SECONDS)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .send()
            .await
            .map_err(|err| error(&err))?;
        Ok(answer.messages.unwrap_or_default().into_iter().map(received).collect())
    }

    pub(super) async fn delete(&self, receipts: &[String]) -> Result<(), QueueError> {
        let mut not_deleted = Vec::new();
        for (n, part) in receipts.chunks(MAX_BATCH_ENTRIES).enumerate() {
            let start = n * MAX_BATCH_ENTRIES;
            let failed = self.delete_batch(part).await?;
            // A receipt that names no message: it is gone, which is what was asked for.
            let failed = failed.into_iter().filter(|it| it.code != "ReceiptHandleIsInvalid");
            not_deleted.extend(failed.map(|it| Failed { index: start + it.index, ..it }));
        }
        none_failed(&not_deleted, receipts.len())
    }

    async fn delete_batch(&self, receipts: &[String]) -> Result<Vec<Failed>, QueueError> {
        let entries = receipts.iter().enumerate().map(|(index, receipt)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(receipt)
                .build()
                .expect("id and receipt are set")
        });
        let request = self.client.delete_message_batch().queue_url(&*self.url);
        let answer =
            request.set_entries(Some(entries.collect())).send().await.map_err(|err| error(&err))?;
        Ok(answer.failed().iter().map(failed).collect())
    }

    pub(super) async fn change_visibility(
        &self,
        receipt: &str,
        visibility: Duration,
    ) -> Result<(), QueueError> {
        let request = self.client.change_message_visibility().queue_url(&*self.url);
        let request = request.receipt_handle(receipt).visibility_timeout(seconds(visibility));
        request.send().await.map(drop).map_err(|err| error(&err))
    }
}

/// The entry's id is its position in the request.
fn entry((index, message): (usize, &Message)) -> SendMessageBatchRequestEntry {
    let delay = seconds(message.delay);
    SendMessageBatchRequestEntry::builder()
        .id(index.to_string())
        .message_body(&message.body)
        // A FIFO queue refuses any delay of a message, be it zero.
        .set_delay_seconds((delay > 0).then_some(delay))
        .set_message_group_id(message.group.clone())
        .set_message_deduplication_id(message.deduplication.clone())
        .build()
        .expect("id and body are set")
}

fn failed(entry: &BatchResultErrorEntry) -> Failed {
    Failed {
        index: entry.id().parse().unwrap_or_default(),
        code: entry.code().to_owned(),
        retry_helps: !entry.sender_fault(),
    }
}

fn received(message: aws_sdk_sqs::types::Message) -> Received {
    let attribute = |name| message.attributes.as_ref()?.get(&name).cloned();
    let number = |name| attribute(name)?.parse::<i64>().ok();
    let sent_at = number(MessageSystemAttributeName::SentTimestamp).unwrap_or_default();
    let count = number(MessageSystemAttributeName::ApproximateReceiveCount).unwrap_or(1);
    Received {
        group: attribute(MessageSystemAttributeName::MessageGroupId),
        receive_count: u32::try_from(count).unwrap_or(u32::MAX),
        sent_at: Timestamp::from_millisecond(sent_at).unwrap_or_default(),
        id: message.message_id.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
    }
}

/// Whole seconds, rounded up so that nothing comes before its time.
fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(i32::MAX)
}

fn error<E, R>(err: &SdkError<E, R>) -> QueueError
where
    E: ProvideErrorMetadata,
    SdkError<E, R>: RequestId,
{
    let Fault { code, request_id } = Fault::of(err);
    // The older protocol's names, still seen, are longer: `AWS.SimpleQueueService.X`.
    let name = code.rsplit('.').next().unwrap_or_default();
    if REFUSALS.contains(&name) {
        return QueueError::Refused { code };
    }
    QueueError::Unavailable { code, request_id }
}
