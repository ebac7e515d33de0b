// SPDX-License-Identifier: EUPL-1.2
//! The thread that owns the ledger: takes requests in groups, commits, answers, wakes pollers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use platform::clock::Clock;
use platform::queue::{MAX_BATCH_ENTRIES, Operation, QueueError, Reply, Request};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::error;

use super::ledger::Ledger;
use super::{Depth, QueueOptions, Requests};

/// Requests of one transaction.
const GROUP: usize = 256;
/// How often what is past its retention is deleted; it is out of sight at once.
const HOUSEKEEPING: SignedDuration = SignedDuration::from_mins(1);
/// A system clock that was set is noticed by then.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

type Answer<T> = oneshot::Sender<rusqlite::Result<T>>;

/// What the local stack asks about the queues as a whole.
pub(super) enum Question {
    Create(Arc<str>, QueueOptions, Answer<watch::Receiver<u64>>),
    Find(Arc<str>, Answer<Option<watch::Receiver<u64>>>),
    NextDue(Answer<Option<Timestamp>>),
    Depths(Answer<BTreeMap<String, Depth>>),
    Requests(Answer<BTreeMap<String, Requests>>),
    Idle(Answer<bool>),
}

pub(super) struct Worker {
    ledger: Ledger,
    clock: Clock,
    queues: HashMap<Arc<str>, (QueueOptions, watch::Sender<u64>)>,
    /// What was asked of each queue since the start.
    requests: BTreeMap<Arc<str>, Requests>,
    /// Counts the groups that were committed.
    progress: watch::Sender<u64>,
    /// Pollers know of everything that became visible until then.
    announced_at: Timestamp,
    cleaned_at: Timestamp,
}

/// Says what came of a request, once that is durable.
type Answered = Box<dyn FnOnce()>;

impl Worker {
    pub(super) fn new(ledger: Ledger, clock: Clock, progress: watch::Sender<u64>) -> Self {
        let announced_at = clock.now();
        let cleaned_at = Timestamp::MIN;
        let (queues, requests) = (HashMap::new(), BTreeMap::new());
        Self { ledger, clock, queues, requests, progress, announced_at, cleaned_at }
    }

    /// Serves until the broker is dropped.
    pub(super) async fn run(
        mut self,
        mut requests: mpsc::Receiver<Request>,
        mut questions: mpsc::Receiver<Question>,
    ) {
        let mut moves = self.clock.moves();
        loop {
            let sleep = tokio::time::sleep(self.until_next_due());
            tokio::select! {
                biased;
                () = moves.next() => {}
                question = questions.recv() => match question {
                    Some(it) => self.answer(it),
                    None => return,
                },
                Some(first) = requests.recv() => {
                    let mut group = vec![first];
                    while group.len() < GROUP && let Ok(next) = requests.try_recv() {
                        group.push(next);
                    }
                    self.serve(group);
                }
                () = sleep => {}
            }
            self.announce();
            self.clean();
        }
    }

    /// The first instant after the last announcement at which a message becomes visible.
    fn next_change(&self) -> Option<Timestamp> {
        let change = |queue: &Arc<str>| self.ledger.next_change(queue, self.announced_at);
        let changes = self.queues.keys().map(change).collect::<rusqlite::Result<Vec<_>>>();
        let changes = changes.unwrap_or_else(|err| {
            error!("next due message not read: {err}");
            Vec::new()
        });
        changes.into_iter().flatten().min()
    }

    fn until_next_due(&self) -> Duration {
        let left = self.next_change().map(|it| it.duration_since(self.clock.now()));
        left.map_or(LONGEST_SLEEP, |it| it.try_into().unwrap_or_default()).min(LONGEST_SLEEP)
    }

    /// Wakes pollers if messages have become visible by themselves.
    fn announce(&mut self) {
        let now = self.clock.now();
        if self.next_change().is_some_and(|it| it <= now) {
            self.announced_at = now;
            self.wake(self.queues.keys().cloned().collect());
        }
    }

    /// One transaction for all. If it fails, every answer is dropped, which says "not written".
    fn serve(&mut self, group: Vec<Request>) {
        let mut touched = BTreeSet::new();
        match self.commit(group, &mut touched) {
            Ok(answers) => {
                for answer in answers {
                    answer();
                }
                self.wake(touched);
            }
            Err(err) => error!("queue requests not written: {err}"),
        }
    }

    fn commit(
        &mut self,
        group: Vec<Request>,
        touched: &mut BTreeSet<Arc<str>>,
    ) -> rusqlite::Result<Vec<Answered>> {
        let now = self.clock.now();
        let writing = self.ledger.begin()?;
        let mut answers = Vec::with_capacity(group.len());
        for Request { queue, operation } in group {
            let Some((options, _)) = self.queues.get(&queue) else {
                answers.push(no_such_queue(operation));
                continue;
            };
            let asked = self.requests.entry(Arc::clone(&queue)).or_default();
            answers.push(perform(&writing, &queue, options, operation, now, asked)?);
            if let Some((_, dead_letters)) = &options.max_receives {
                touched.insert(dead_letters.as_str().into());
            }
            touched.insert(queue);
        }
        writing.commit()?;
        Ok(answers)
    }

    /// Tells the pollers of those queues that have something for them.
    fn wake(&mut self, queues: BTreeSet<Arc<str>>) {
        let now = self.clock.now();
        for queue in queues {
            let Some((options, arrivals)) = self.queues.get(&queue) else {
                continue;
            };
            match self.ledger.has_visible(&queue, options, now) {
                Ok(true) => arrivals.send_modify(|it| *it += 1),
                Ok(false) => {}
                Err(err) => error!(queue.name = %queue, "queue not read: {err}"),
            }
        }
        self.progress.send_modify(|it| *it += 1);
    }

    fn answer(&mut self, question: Question) {
        let now = self.clock.now();
        // An answer that nobody waits for any more may be dropped.
        match question {
            Question::Create(name, options, reply) => {
                reply.send(Ok(self.create(name, options))).ok();
            }
            Question::Find(name, reply) => {
                reply.send(Ok(self.queues.get(&name).map(|(_, it)| it.subscribe()))).ok();
            }
            Question::NextDue(reply) => {
                reply.send(self.next_due(now)).ok();
            }
            Question::Depths(reply) => {
                reply.send(self.depths(now)).ok();
            }
            Question::Requests(reply) => {
                let all = self.requests.iter().map(|(name, it)| (name.to_string(), *it));
                reply.send(Ok(all.collect())).ok();
            }
            Question::Idle(reply) => {
                reply.send(self.idle(now)).ok();
            }
        }
    }

    fn create(&mut self, name: Arc<str>, options: QueueOptions) -> watch::Receiver<u64> {
        let entry = self.queues.entry(Arc::clone(&name));
        let (_, arrivals) = entry
            .and_modify(|(it, _)| it.clone_from(&options))
            .or_insert_with(|| (options, watch::Sender::default()));
        let arrivals = arrivals.subscribe();
        self.wake(BTreeSet::from([name]));
        arrivals
    }

    /// The queues that functions work on: all but dead letters.
    fn worked(&self) -> impl Iterator<Item = (&Arc<str>, &QueueOptions)> {
        let dead_letters: BTreeSet<_> = self
            .queues
            .values()
            .filter_map(|(it, _)| it.max_receives.as_ref().map(|(_, name)| name.as_str()))
            .collect();
        self.queues
            .iter()
            .filter(move |(name, _)| !dead_letters.contains(&***name))
            .map(|(name, (options, _))| (name, options))
    }

    fn next_due(&self, now: Timestamp) -> rusqlite::Result<Option<Timestamp>> {
        let mut earliest = None;
        for (name, options) in self.worked() {
            let due = self.ledger.next_due(name, options, now)?;
            earliest = [earliest, due].into_iter().flatten().min();
        }
        Ok(earliest)
    }

    fn depths(&self, now: Timestamp) -> rusqlite::Result<BTreeMap<String, Depth>> {
        let depth = |(name, (options, _)): (&Arc<str>, &(QueueOptions, _))| {
            Ok((name.to_string(), self.ledger.depth(name, options, now)?))
        };
        self.queues.iter().map(depth).collect()
    }

    fn idle(&self, now: Timestamp) -> rusqlite::Result<bool> {
        for (name, options) in self.worked() {
            let depth = self.ledger.depth(name, options, now)?;
            if depth.visible + depth.in_flight > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Deletes what is past its retention, once in a while.
    fn clean(&mut self) {
        let now = self.clock.now();
        if now.duration_since(self.cleaned_at) < HOUSEKEEPING {
            return;
        }
        self.cleaned_at = now;
        let retentions =
            self.queues.iter().map(|(name, (options, _))| (&**name, options.retention));
        if let Err(err) = self.ledger.clean(retentions, now) {
            error!("queues not cleaned: {err}");
        }
    }
}

/// Does one thing within the group's transaction, and notes what SQS would bill for it.
fn perform(
    writing: &super::ledger::Writing<'_>,
    queue: &str,
    options: &QueueOptions,
    operation: Operation,
    now: Timestamp,
    asked: &mut Requests,
) -> rusqlite::Result<Answered> {
    Ok(match operation {
        Operation::Send { messages, reply } => {
            asked.sends += billed(messages.iter().map(|it| it.body.len()));
            later(reply, writing.send(queue, options, messages, now)?)
        }
        // Nobody waits for them any more: they would be hidden for nothing.
        Operation::Receive { reply, .. } if reply.is_closed() => Box::new(|| ()),
        Operation::Receive { max, visibility, reply } => {
            let received = writing.receive(queue, options, max, visibility, now)?;
            if received.is_empty() {
                asked.empty_receives += 1;
            } else {
                asked.receives += billed(received.iter().map(|it| it.body.len()));
            }
            later(reply, Ok(received))
        }
        Operation::Delete { receipts, reply } => {
            asked.deletes += receipts.len().div_ceil(MAX_BATCH_ENTRIES) as u64;
            later(reply, Ok(writing.delete(queue, options, &receipts, now)?))
        }
        Operation::ChangeVisibility { receipt, visibility, reply } => {
            asked.visibility_changes += 1;
            later(reply, writing.change_visibility(queue, &receipt, visibility, now)?)
        }
        Operation::GiveBack { receipt, delay, reply } => {
            asked.visibility_changes += 1;
            later(reply, writing.give_back(queue, &receipt, delay, now)?)
        }
    })
}

/// Requests that a payload of messages of these sizes counts as.
fn billed(bytes: impl Iterator<Item = usize>) -> u64 {
    const BILLED_BYTES: usize = 64 * 1024;
    bytes.sum::<usize>().div_ceil(BILLED_BYTES).max(1) as u64
}

fn later<T: 'static>(reply: Reply<T>, outcome: Result<T, QueueError>) -> Answered {
    // Whoever does not wait any more did not want to know.
    Box::new(move || drop(reply.send(outcome)))
}

fn no_such_queue(operation: Operation) -> Answered {
    let refused = || QueueError::Refused { code: "QueueDoesNotExist".to_owned() };
    match operation {
        Operation::Send { reply, .. } | Operation::Delete { reply, .. } => {
            later(reply, Err(refused()))
        }
        Operation::Receive { reply, .. } => later(reply, Err(refused())),
        Operation::ChangeVisibility { reply, .. } | Operation::GiveBack { reply, .. } => {
            later(reply, Err(refused()))
        }
    }
}
