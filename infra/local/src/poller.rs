//! What Lambda's event source mapping does: takes batches from a queue, invokes a function with
//! them, deletes what succeeded.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use platform::clock::Clock;
use platform::queue::{Queue, Received};
use tokio::task::JoinSet;
use tracing::{error, warn};

/// Before a queue that could not be read is read again.
const AFTER_A_FAULT: Duration = Duration::from_secs(1);

/// How a function is fed. Source: Lambda Developer Guide, SQS event source mappings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polling {
    /// Records of one invocation.
    pub batch: usize,
    /// Invocations at a time.
    pub concurrency: usize,
    /// How long records are hidden from others, and after a failure from us. Longer than an
    /// invocation takes.
    pub visibility: Duration,
}

/// Feeds `handler` until `shutdown` resolves, then waits for what was begun.
pub async fn poll<H, F>(queue: Queue, how: Polling, handler: H, shutdown: impl Future<Output = ()>)
where
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
        let wait = match queue.receive(how.batch, how.visibility).await {
            Ok(batch) if batch.is_empty() => Wait::Arrivals,
            Ok(batch) => {
                invocations.spawn(invoke(queue.clone(), how, Arc::clone(&handler), batch));
                continue;
            }
            Err(err) => {
                warn!("queue not read: {err}");
                Wait::Fault
            }
        };
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            () = arrivals.next(), if wait == Wait::Arrivals => {}
            () = Clock::System.pace(AFTER_A_FAULT), if wait == Wait::Fault => {}
        }
    }
    while invocations.join_next().await.is_some() {}
}

/// What to wait for before the next receive.
#[derive(PartialEq)]
enum Wait {
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
