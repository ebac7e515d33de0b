// SPDX-License-Identifier: EUPL-1.2
//! The local stack's queues: SQS's rules on an SQLite file, on a clock that can be moved.
//!
//! A thread of its own owns the file. It serves requests in groups, one transaction and one disk
//! sync a group, and answers only after that: what was acknowledged survives `kill -9` and a
//! power cut. What SQS has and we do not use (message attributes, queue-wide delays, tags) is
//! left out.

mod ledger;
mod worker;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use platform::clock::Clock;
use platform::queue::{LocalQueue, Queue, Request};
use tokio::sync::{mpsc, oneshot, watch};

use ledger::Ledger;
use worker::{Question, Worker};

/// Requests that may wait for the thread before senders do.
const WAITING_REQUESTS: usize = 1024;

/// The queues. Dropping it ends the thread; queues that are still held are unavailable then.
pub struct Broker {
    requests: mpsc::Sender<Request>,
    /// `None` only while it is dropped: the thread ends when this is gone.
    questions: Option<mpsc::Sender<Question>>,
    changes: watch::Receiver<u64>,
    /// How many wait for the queues to be worked off.
    waiting: watch::Sender<usize>,
    thread: Option<JoinHandle<()>>,
}

/// Tells pollers that somebody waits for the queues to be worked off.
#[derive(Clone)]
pub struct Hurry(watch::Receiver<usize>);

impl Hurry {
    /// Resolves when somebody waits, at once if somebody does already.
    pub async fn begins(&mut self) {
        if self.0.wait_for(|it| *it > 0).await.is_err() {
            // The broker is gone, and nobody waits any more.
            std::future::pending::<()>().await;
        }
    }
}

/// Counts one who waits, for as long as it lives.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn new(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|it| *it += 1);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|it| *it -= 1);
    }
}

/// How a queue behaves. Source: SQS API Reference, `SetQueueAttributes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueOptions {
    pub fifo: bool,
    /// What a poller of this queue asks for, and how long a failed record stays hidden.
    pub visibility: Duration,
    /// After how many receives a message goes to which queue instead of being received again.
    pub max_receives: Option<(u32, String)>,
    /// A message older than this is gone.
    pub retention: Duration,
}

impl Default for QueueOptions {
    /// SQS's own: standard, 30 seconds, no dead letters, 4 days.
    fn default() -> Self {
        Self {
            fifo: false,
            visibility: Duration::from_secs(30),
            max_receives: None,
            retention: Duration::from_hours(4 * 24),
        }
    }
}

/// Where the messages of one queue are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// A receive would get them now.
    pub visible: u64,
    /// They wait for their time, or behind another message of their group.
    pub delayed: u64,
    /// Somebody has received them and neither deleted them nor given them back.
    pub in_flight: u64,
}

/// What a queue was asked so far, as SQS would bill it: every 64 KiB begun is a request.
/// Source: Amazon SQS pricing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    pub sends: u64,
    /// Receives that got something.
    pub receives: u64,
    /// Receives that got nothing. A poller asks here only when something has arrived; on AWS it
    /// asks without end, also while nothing comes.
    pub empty_receives: u64,
    pub deletes: u64,
    pub visibility_changes: u64,
}

impl Broker {
    /// Opens the queues kept in the file at `path`, or in memory without one.
    ///
    /// The clock must not start before the time it showed when the file was last used. What was
    /// in flight then is received again when its visibility ends. Fails if another process has
    /// the file open.
    pub fn open(path: Option<&Path>, clock: Clock) -> anyhow::Result<Self> {
        let ledger = Ledger::open(path).context("open queues")?;
        let (requests, incoming) = mpsc::channel(WAITING_REQUESTS);
        let (questions, asked) = mpsc::channel(WAITING_REQUESTS);
        let (progress, changes) = watch::channel(0);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .context("start queues")?;
        let worker = Worker::new(ledger, clock, progress);
        let thread = std::thread::Builder::new()
            .name("queues".to_owned())
            .spawn(move || runtime.block_on(worker.run(incoming, asked)))
            .context("start queues")?;
        let (questions, thread) = (Some(questions), Some(thread));
        Ok(Self { requests, questions, changes, waiting: watch::Sender::default(), thread })
    }

    /// Makes a queue, or changes how it behaves. Its messages are those the file has for `name`.
    pub async fn create(&self, name: &str, options: QueueOptions) -> anyhow::Result<Queue> {
        let name: Arc<str> = name.into();
        let created = self.ask(|reply| Question::Create(Arc::clone(&name), options, reply)).await?;
        Ok(self.handle(name, created))
    }

    /// A queue that was made before.
    pub async fn queue(&self, name: &str) -> anyhow::Result<Queue> {
        let name: Arc<str> = name.into();
        let found = self.ask(|reply| Question::Find(Arc::clone(&name), reply)).await?;
        let arrivals = found.with_context(|| format!("no queue {name}"))?;
        Ok(self.handle(name, arrivals))
    }

    fn handle(&self, name: Arc<str>, arrivals: watch::Receiver<u64>) -> Queue {
        Queue::Local(LocalQueue::new(name, self.requests.clone(), arrivals))
    }

    /// Resolves when a receive from the queue would get something.
    pub async fn wait_for_work(&self, name: &str) -> anyhow::Result<()> {
        let mut arrivals = self.queue(name).await?.arrivals();
        while self.depths().await?.get(name).is_none_or(|it| it.visible == 0) {
            arrivals.next().await;
        }
        Ok(())
    }

    /// The earliest instant at which a waiting message can be received, in any queue but dead
    /// letters. What is in flight is not counted: it is expected to be deleted.
    pub async fn next_due(&self) -> anyhow::Result<Option<Timestamp>> {
        self.ask(Question::NextDue).await
    }

    /// How much is where, by queue, dead letters included.
    pub async fn depths(&self) -> anyhow::Result<BTreeMap<String, Depth>> {
        self.ask(Question::Depths).await
    }

    /// What each queue was asked since the broker was opened, dead letters included.
    pub async fn requests(&self) -> anyhow::Result<BTreeMap<String, Requests>> {
        self.ask(Question::Requests).await
    }

    /// Whether nothing is visible and nothing in flight in any queue but dead letters.
    pub async fn idle(&self) -> anyhow::Result<bool> {
        self.ask(Question::Idle).await
    }

    /// For a poller, which then lets nothing gather.
    pub fn hurry(&self) -> Hurry {
        Hurry(self.waiting.subscribe())
    }

    /// Resolves when the queues are idle. Pollers must be running.
    pub async fn worked_off(&self) -> anyhow::Result<()> {
        let _waiting = Waiting::new(&self.waiting);
        let mut changes = self.changes.clone();
        loop {
            changes.mark_unchanged();
            if self.idle().await? {
                return Ok(());
            }
            changes.changed().await.context("queues closed")?;
        }
    }

    async fn ask<T>(
        &self,
        question: impl FnOnce(oneshot::Sender<rusqlite::Result<T>>) -> Question,
    ) -> anyhow::Result<T> {
        let (reply, answer) = oneshot::channel();
        let questions = self.questions.as_ref().context("queues closed")?;
        questions.send(question(reply)).await.ok().context("queues closed")?;
        answer.await.context("queues closed")?.context("read queues")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.questions = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported where it happened.
            thread.join().ok();
        }
    }
}
