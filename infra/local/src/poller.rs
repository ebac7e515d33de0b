// SPDX-License-Identifier: EUPL-1.2
//! What Lambda's event source mapping does: takes batches from a queue, invokes a function with
//! them, deletes what succeeded.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use platform::clock::Clock;
use platform::queue::{MAX_BATCH_ENTRIES, Queue, Received};
use tokio::task::JoinSet;
use tracing::{error, warn};

use crate::broker::Hurry;

/// Before a queue that could not be read is read again.
const AFTER_A_FAULT: Duration = Duration::from_secs(1);

/// How a function is fed. Source: Lambda Developer Guide, SQS event source mappings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polling {
    /// Records of one invocation. Lambda takes more than ten only with a window.
    pub batch: usize,
    /// How long records gather before an invocation.
    pub window: Duration,
    /// Invocations at a time.
    pub concurrency: usize,
    /// How long records are hidden from others, and after a failure from us. Longer than an
    /// invocation takes.
    pub visibility: Duration,
}

/// Feeds `handler` until `shutdown` resolves, then waits for what was begun.
///
/// While somebody waits for the queues to be worked off, nothing gathers.
pub async fn poll<H, F>(
    queue: Queue,
    how: Polling,
    mut hurry: Hurry,
    handler: H,
    shutdown: impl Future<Output = ()>,
) where
    H: Fn(SqsEvent) -> F + Send + Sync + 'static,
    F: Future<Output = SqsBatchResponse> + Send + 'static,
{
    let handler = Arc::new(handler);
    let mut arrivals = queue.arrivals();
    let mut invocations = JoinSet::new();
    tokio::pin!(shutdown);
    // A receive is never cut off: what it took would stay hidden.
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            () = room(&mut invocations, how.concurrency) => {}
        }
        let (batch, wait) = receive(&queue, how).await;
        if !batch.is_empty() {
            invocations.spawn(invoke(queue.clone(), how, Arc::clone(&handler), batch));
        }
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            () = arrivals.next(), if wait == Wait::Arrivals => {}
            () = Clock::System.pace(AFTER_A_FAULT), if wait == Wait::Fault => continue,
            () = std::future::ready(()), if wait == Wait::No => continue,
        }
        if !how.window.is_zero() {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                () = hurry.begins() => {}
                () = Clock::System.pace(how.window) => {}
            }
        }
    }
    while invocations.join_next().await.is_some() {}
}

/// The records of one invocation, and what to wait for after it. SQS gives ten at a time.
async fn receive(queue: &Queue, how: Polling) -> (Vec<Received>, Wait) {
    let mut batch = Vec::new();
    loop {
        let max = (how.batch - batch.len()).min(MAX_BATCH_ENTRIES);
        match queue.receive(max, how.visibility).await {
            Ok(more) if more.is_empty() => return (batch, Wait::Arrivals),
            Ok(more) => batch.extend(more),
            Err(err) => {
                warn!("queue not read: {err}");
                return (batch, Wait::Fault);
            }
        }
        if how.window.is_zero() || batch.len() >= how.batch {
            return (batch, Wait::No);
        }
    }
}

/// What to wait for before the next receive.
#[derive(PartialEq)]
enum Wait {
    No,
    Arrivals,
    Fault,
}

/// Resolves when one more invocation may begin.
async fn room(invocations: &mut JoinSet<()>, concurrency: usize) {
    while invocations.try_join_next().is_some() {}
    while invocations.len() >= concurrency.max(1) {
        invocations.join_next().await;
    }
}

async fn invoke<H, F>(queue: Queue, how: Polling, handler: Arc<H>, batch: Vec<Received>)
where
    H: Fn(SqsEvent) -> F,
    F: Future<Output = SqsBatchResponse> + Send + 'static,
{
    let receipts: Vec<_> = batch.iter().map(|it| (it.id.clone(), it.receipt.clone())).collect();
    let mut event = SqsEvent::default();
    event.records = batch.into_iter().map(record).collect();
    let response = tokio::spawn(handler(event)).await.unwrap_or_else(|_| {
        error!("function panicked: its batch comes back");
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures.push(BatchItemFailure::default());
        response
    });
    let failed: HashSet<_> =
        response.batch_item_failures.into_iter().map(|it| it.item_identifier).collect();
    // As Lambda does: an empty id, or one that was not in the batch, fails the whole of it.
    let whole = failed.iter().any(|it| receipts.iter().all(|(id, _)| id != it));
    let (failed, done): (Vec<_>, Vec<_>) =
        receipts.into_iter().partition(|(id, _)| whole || failed.contains(id));
    finish(&queue, how, done, failed).await;
}

/// Deletes what is done; what failed is tried again after its visibility.
async fn finish(
    queue: &Queue,
    how: Polling,
    done: Vec<(String, String)>,
    failed: Vec<(String, String)>,
) {
    let done: Vec<_> = done.into_iter().map(|(_, receipt)| receipt).collect();
    if !done.is_empty()
        && let Err(err) = queue.delete(done).await
    {
        warn!("handled records not deleted: {err}");
    }
    for (id, receipt) in failed {
        if let Err(err) = queue.give_back(receipt, how.visibility).await {
            warn!(message.id = %id, "failed record not given back: {err}");
        }
    }
}

/// A record as Lambda writes it. Source: Lambda Developer Guide, SQS, example events.
pub fn record(message: Received) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.attributes = [
        ("ApproximateReceiveCount", Some(message.receive_count.to_string())),
        ("SentTimestamp", Some(message.sent_at.as_millisecond().to_string())),
        ("MessageGroupId", message.group),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect();
    record.message_id = Some(message.id);
    record.receipt_handle = Some(message.receipt);
    record.body = Some(message.body);
    record.event_source = Some("aws:sqs".to_owned());
    record
}
