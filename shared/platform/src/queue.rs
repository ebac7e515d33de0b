// SPDX-License-Identifier: EUPL-1.2
//! Queues: SQS, or the local stack's broker that keeps SQS's rules.
//!
//! A message is JSON from [`crate::jobs`]. It may hold personal data, so nothing here derives
//! `Debug` for one, and an error names codes and positions only.

mod batches;
mod local;
mod sqs;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::jobs::Job;
pub use local::{LocalQueue, Operation, Reply, Request};
pub use sqs::SqsQueue;

/// Entries in one batch request. Source: SQS API Reference, `SendMessageBatch`.
pub const MAX_BATCH_ENTRIES: usize = 10;
/// Bytes of one message, and of all messages of one batch request. Source: SQS Developer Guide,
/// message quotas (1 MiB since August 2025).
pub const MAX_BYTES: usize = 1024 * 1024;
/// The longest delay of a message. Source: SQS API Reference, `SendMessage`, `DelaySeconds`.
pub const MAX_DELAY: Duration = Duration::from_mins(15);
/// For how long a deduplication id is remembered. Source: SQS Developer Guide, FIFO queues.
pub const DEDUPLICATION_WINDOW: Duration = Duration::from_mins(5);

/// How long to wait before each try of entries that SQS took back from a batch.
const PAUSES: [Duration; 3] =
    [Duration::ZERO, Duration::from_millis(50), Duration::from_millis(250)];

/// One queue. Cheap to clone.
#[derive(Clone)]
pub enum Queue {
    Sqs(SqsQueue),
    Local(LocalQueue),
}

/// A message to send.
#[derive(Clone)]
pub struct Message {
    pub body: String,
    /// 0 to 15 minutes, whole seconds on SQS. Standard queues only.
    pub delay: Duration,
    /// FIFO queues: messages of one group are handled one after the other.
    pub group: Option<String>,
    /// FIFO queues: a second message with this id is dropped for five minutes.
    pub deduplication: Option<String>,
}

/// A message in the hands of a receiver until its visibility ends.
pub struct Received {
    pub id: String,
    /// Names this receipt of the message, for [`Queue::delete`].
    pub receipt: String,
    pub body: String,
    pub group: Option<String>,
    /// 1 the first time.
    pub receive_count: u32,
    pub sent_at: Timestamp,
}

/// One entry of a batch request that was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Position in the request.
    pub index: usize,
    /// SQS's code: `InternalError`.
    pub code: String,
    /// Whether the same entry can succeed later.
    pub retry_helps: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// Some messages were not taken, the others were. Send those at `indices` again if
    /// `retry_helps`; else keep them elsewhere, the queue will never take them.
    #[error("{} of {total} messages not taken ({code})", indices.len())]
    NotTaken { indices: Vec<usize>, total: usize, code: String, retry_helps: bool },
    /// One request is over the limit, and nothing of it was done. [`Queue::send`] never makes one.
    #[error("request of {bytes} bytes is over the queue's limit of {MAX_BYTES} (1 MiB)")]
    TooLarge { bytes: usize },
    /// The queue does not take such a request: no retry will help.
    #[error("queue refused the request ({code})")]
    Refused { code: String },
    /// Try again later.
    #[error("queue unavailable ({code}, request {request_id})")]
    Unavailable { code: String, request_id: String },
}

/// Tells a receiver when looking again is worth it.
pub struct Arrivals(Option<tokio::sync::watch::Receiver<u64>>);

impl Message {
    /// A job as its JSON.
    ///
    /// U+FFFE and U+FFFF are written as escapes: a person may send them, JSON allows them, SQS
    /// refuses a body that has them. Source: SQS API Reference, `SendMessage`.
    pub fn of<J: Job>(job: &J) -> Self {
        let body = serde_json::to_string(job).expect("a job's keys are all strings");
        let body = body.replace('\u{fffe}', r"\ufffe").replace('\u{ffff}', r"\uffff");
        Self { body, delay: Duration::ZERO, group: None, deduplication: None }
    }

    /// Not to be received before `delay` has passed; at most [`MAX_DELAY`], a longer one is cut.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay: delay.min(MAX_DELAY), ..self }
    }

    /// For a FIFO queue. Neither value may be or contain personal data: see
    /// [`crate::pseudonym`]. At most 128 characters each.
    #[must_use]
    pub fn in_group(self, group: impl Into<String>, deduplication: impl Into<String>) -> Self {
        Self { group: Some(group.into()), deduplication: Some(deduplication.into()), ..self }
    }
}

impl Queue {
    pub fn sqs(config: &aws_types::SdkConfig, url: &str) -> Self {
        Self::Sqs(SqsQueue::new(config, url))
    }

    /// Sends every message in as few requests as the limits allow.
    ///
    /// What one request takes back is tried again a little later. Messages of one group are
    /// accepted in the order given: while one cannot be sent, none after it is. An error names
    /// every message that was not taken.
    pub async fn send(&self, messages: Vec<Message>) -> Result<(), QueueError> {
        self.send_pausing(messages, PAUSES).await
    }

    async fn send_pausing(
        &self,
        messages: Vec<Message>,
        pauses: [Duration; 3],
    ) -> Result<(), QueueError> {
        let mut missing = batches::Missing::default();
        for batch in batches::plan(&messages, &mut missing) {
            let ready = missing.without_blocked(&messages, batch);
            self.send_planned(&messages, ready, pauses, &mut missing).await;
        }
        missing.into_result(messages.len())
    }

    /// Sends one planned request, and what it took back after each pause.
    async fn send_planned(
        &self,
        messages: &[Message],
        mut left: Vec<usize>,
        pauses: [Duration; 3],
        missing: &mut batches::Missing,
    ) {
        let mut code = String::new();
        for pause in pauses {
            if left.is_empty() {
                return;
            }
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            let entries = left.iter().map(|it| messages[*it].clone()).collect();
            let failed = match self.send_batch(entries).await {
                Ok(failed) => failed,
                Err(err) => return missing.stop(&left, &err),
            };
            let (later, never): (Vec<_>, Vec<_>) =
                failed.into_iter().partition(|it| it.retry_helps);
            for it in never {
                missing.never(left[it.index], it.code);
            }
            if let Some(it) = later.first() {
                code.clone_from(&it.code);
            }
            left = later.iter().map(|it| left[it.index]).collect();
        }
        missing.later(messages, &left, &code);
    }

    /// Sends one request as it is: at most [`MAX_BATCH_ENTRIES`] and [`MAX_BYTES`]. Returns the
    /// entries that were not taken. Most callers want [`Queue::send`].
    pub async fn send_batch(&self, messages: Vec<Message>) -> Result<Vec<Failed>, QueueError> {
        match self {
            Self::Sqs(it) => it.send_batch(&messages).await,
            Self::Local(it) => it.send_batch(messages).await,
        }
    }

    /// Takes up to `max` messages (SQS: at most ten) and hides them from others for `visibility`.
    ///
    /// SQS waits up to a second for the first one; the broker answers at once, see
    /// [`Queue::arrivals`].
    pub async fn receive(
        &self,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Received>, QueueError> {
        match self {
            Self::Sqs(it) => it.receive(max, visibility).await,
            Self::Local(it) => it.receive(max, visibility).await,
        }
    }

    /// Deletes what was received and handled. One that is already gone counts as deleted.
    pub async fn delete(&self, receipts: Vec<String>) -> Result<(), QueueError> {
        match self {
            Self::Sqs(it) => it.delete(&receipts).await,
            Self::Local(it) => it.delete(receipts).await,
        }
    }

    /// Hides a received message for `visibility` from now, up to 12 hours; zero shows it at once.
    pub async fn change_visibility(
        &self,
        receipt: String,
        visibility: Duration,
    ) -> Result<(), QueueError> {
        match self {
            Self::Sqs(it) => it.change_visibility(&receipt, visibility).await,
            Self::Local(it) => it.change_visibility(receipt, visibility).await,
        }
    }

    /// Hands a received message back, to be received again after `delay`.
    ///
    /// Like [`Queue::change_visibility`], but the broker no longer counts the message as in
    /// somebody's hands. So whoever waits until all is worked off does not wait for this one.
    pub async fn give_back(&self, receipt: String, delay: Duration) -> Result<(), QueueError> {
        match self {
            Self::Sqs(it) => it.change_visibility(&receipt, delay).await,
            Self::Local(it) => it.give_back(receipt, delay).await,
        }
    }

    /// When to look again after an empty receive.
    pub fn arrivals(&self) -> Arrivals {
        match self {
            Self::Sqs(_) => Arrivals(None),
            Self::Local(it) => Arrivals(Some(it.arrivals())),
        }
    }
}

impl Arrivals {
    /// Resolves when there may be something that was not there at the last call; at once for
    /// SQS, whose receive waits by itself. Never resolves once the broker is gone.
    pub async fn next(&mut self) {
        if let Some(it) = &mut self.0
            && it.changed().await.is_err()
        {
            std::future::pending::<()>().await;
        }
    }
}

impl QueueError {
    fn retry_helps(&self) -> bool {
        match self {
            Self::NotTaken { retry_helps, .. } => *retry_helps,
            Self::TooLarge { .. } | Self::Refused { .. } => false,
            Self::Unavailable { .. } => true,
        }
    }
}

/// An error that names the entries, if any failed.
fn none_failed(failed: &[Failed], total: usize) -> Result<(), QueueError> {
    let Some(first) = failed.first() else {
        return Ok(());
    };
    Err(QueueError::NotTaken {
        indices: failed.iter().map(|it| it.index).collect(),
        total,
        code: first.code.clone(),
        retry_helps: failed.iter().any(|it| it.retry_helps),
    })
}

// Written by hand because a body is personal data.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({} bytes)", self.body.len())
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Received({}, {} bytes)", self.id, self.body.len())
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::{mpsc, watch};

    use super::*;

    /// Sends `messages` to a queue whose far end answers the n-th request with `answers[n]`.
    /// Returns what came of it, and the bodies of each request.
    async fn scripted(
        answers: Vec<Result<Vec<Failed>, QueueError>>,
        messages: Vec<Message>,
    ) -> (Result<(), QueueError>, Vec<Vec<String>>) {
        let (requests, mut asked) = mpsc::channel(1);
        let queue = Queue::Local(LocalQueue::new("q", requests, watch::channel(0).1));
        let far_end = tokio::spawn(async move {
            let mut bodies = Vec::new();
            let mut answers = answers.into_iter();
            while let Some(Request { operation, .. }) = asked.recv().await {
                let Operation::Send { messages, reply } = operation else {
                    panic!("only sends are scripted");
                };
                bodies.push(messages.into_iter().map(|it| it.body).collect());
                reply.send(answers.next().expect("a request nobody expected")).unwrap();
            }
            assert_eq!(answers.len(), 0, "every answer was asked for");
            bodies
        });
        let sent = queue.send_pausing(messages, [Duration::ZERO; 3]).await;
        drop(queue);
        (sent, far_end.await.unwrap())
    }

    fn message(body: &str) -> Message {
        Message { body: body.to_owned(), delay: Duration::ZERO, group: None, deduplication: None }
    }

    fn failed(index: usize, retry_helps: bool) -> Failed {
        Failed { index, code: "Code".to_owned(), retry_helps }
    }

    fn not_taken(indices: &[usize], total: usize, retry_helps: bool) -> Result<(), QueueError> {
        let code = "Code".to_owned();
        Err(QueueError::NotTaken { indices: indices.to_vec(), total, code, retry_helps })
    }

    #[tokio::test]
    async fn what_a_batch_did_not_take_is_sent_again() {
        let messages = ["a", "b", "c"].map(message).to_vec();
        let answers =
            vec![Ok(vec![failed(0, true), failed(2, true)]), Ok(vec![failed(1, true)]), Ok(vec![])];
        let (sent, asked) = scripted(answers, messages).await;
        assert_eq!(sent, Ok(()));
        assert_eq!(asked, [vec!["a", "b", "c"], vec!["a", "c"], vec!["c"]]);
    }

    #[tokio::test]
    async fn what_is_not_taken_in_the_end_is_named() {
        let messages = ["a", "b"].map(message).to_vec();
        let answers =
            vec![Ok(vec![failed(1, true)]), Ok(vec![failed(0, true)]), Ok(vec![failed(0, true)])];
        let (sent, asked) = scripted(answers, messages).await;
        assert_eq!(sent, not_taken(&[1], 2, true));
        assert_eq!(asked.len(), 3);
    }

    #[tokio::test]
    async fn what_will_never_be_taken_is_not_sent_again() {
        let messages = ["a", "b"].map(message).to_vec();
        let (sent, asked) = scripted(vec![Ok(vec![failed(0, false)])], messages).await;
        assert_eq!(sent, not_taken(&[0], 2, false));
        assert_eq!(asked.len(), 1);
    }

    #[tokio::test]
    async fn nothing_overtakes_in_a_group() {
        let of = |body: &str, group: &str| message(body).in_group(group, body);
        let messages = vec![of("a1", "a"), of("b1", "b"), of("a2", "a"), of("b2", "b")];
        let again = || Ok(vec![failed(0, true)]);
        let answers = vec![again(), again(), again(), Ok(vec![])];
        let (sent, asked) = scripted(answers, messages).await;
        assert_eq!(sent, not_taken(&[0, 2], 4, true));
        assert_eq!(asked, [vec!["a1", "b1"], vec!["a1"], vec!["a1"], vec!["b2"]]);
    }

    #[tokio::test]
    async fn when_the_queue_cannot_be_reached_the_rest_is_not_tried() {
        let unavailable =
            QueueError::Unavailable { code: "timeout".into(), request_id: "r".into() };
        let (sent, asked) = scripted(vec![Err(unavailable)], vec![message("a"); 15]).await;
        let Err(QueueError::NotTaken { indices, retry_helps: true, code, .. }) = sent else {
            panic!("{sent:?}");
        };
        assert_eq!(indices, (0..15).collect::<Vec<_>>());
        assert!(code.contains("timeout"), "{code}");
        assert_eq!(asked.len(), 1);
    }

    #[tokio::test]
    async fn a_broker_that_is_gone_is_unavailable() {
        let (requests, asked) = mpsc::channel(1);
        let queue = Queue::Local(LocalQueue::new("q", requests, watch::channel(0).1));
        drop(asked);
        let sent = queue.send(vec![message("a")]).await;
        assert!(matches!(sent, Err(QueueError::NotTaken { retry_helps: true, .. })), "{sent:?}");
    }

    #[test]
    fn a_body_has_no_character_that_sqs_refuses() {
        let inbound = crate::jobs::Inbound {
            app: "default".into(),
            number: "1".into(),
            received_at_ms: 0,
            contact: None,
            message: serde_json::json!("\u{ffff}\u{fffe}\u{0}\u{1f}\u{7f}è🙂"),
        };
        let body = Message::of(&inbound).body;
        let allowed = |it| matches!(it, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
        assert!(body.chars().all(allowed), "{body:?}");
        let back: crate::jobs::Inbound = serde_json::from_str(&body).unwrap();
        assert_eq!(back.message, inbound.message);
    }
}
