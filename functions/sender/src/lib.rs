// SPDX-License-Identifier: EUPL-1.2
//! A chunk: is it still wanted, slots, consent, claim, Graph API, outcome.
//!
//! What makes a redelivery harmless: a claim per person that holds only once and is the last
//! write before the request; a claim whose sender died becomes *unresolved*; the chunk's row goes
//! only when everybody in it is decided.

mod message;
mod person;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use domain::broadcast::{self, Broadcast, Priority};
use domain::channel;
use domain::contact::Contact;
use domain::conversation;
use domain::cost::{self, Market, Month, TenThousandths};
use domain::delivery::{Counts, SkipReason, State};
use domain::doubt::{self, Hearing, Standing};
use domain::failure;
use domain::halt::Halt;
use domain::ids::{BroadcastId, ContactId, FileId, LineId, PhoneNumberId};
use domain::line::{Line, Portfolio};
use domain::message::HeaderMedia;
use domain::portfolio::Quarter;
use domain::quiet::quiet_until;
use domain::rate::{self, Pace, Slots};
use futures::{StreamExt, future, stream};
use jiff::{Timestamp, ToSpan};
use platform::apps::Apps;
use platform::batch;
use platform::clock::Clock;
use platform::events::{Bus, Event};
use platform::jobs::{self, BroadcastRef, FanoutCause};
use platform::metrics::{self, Metric};
use platform::queue::{Message, Queue};
use platform::settings::Settings;
use store::{Chunk, Progress, Reserved, Store};
use tracing::{debug, error, info, warn};
use whatsapp::graph::Graph;

use crate::person::{Outcome, Turn, Work, standing_of};

/// How long a number goes at half its rate after Meta throttled it.
const SLOW_SECONDS: i64 = 30;

/// Failures of Meta's own in one chunk from which on the number goes slower.
const MANY_SERVER_ERRORS: usize = 3;

/// What reading consent and reserving costs may take, in milliseconds.
const READ_AHEAD_MS: i64 = 150;

/// Rows written at a time when a chunk is called off.
const AT_ONCE: usize = 16;

#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub graph: Arc<Graph>,
    pub apps: Apps,
    pub sends: Queue,
    pub bus: Bus,
    pub clock: Clock,
    pub pacing: Arc<Pacing>,
}

/// What this process sends, by number.
#[derive(Default)]
pub struct Pacing(Mutex<HashMap<PhoneNumberId, Pace>>);

impl Pacing {
    fn next(&self, from: &PhoneNumberId, now_us: i64, gap_us: i64) -> i64 {
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        paces.entry(from.clone()).or_default().next(now_us, gap_us)
    }
}

/// The people of a chunk whom nobody has decided on yet.
#[derive(Default)]
struct Undecided {
    /// Whose turn it is, and whether they may have been sent to before.
    open: Vec<(ContactId, bool)>,
    /// When to look again at those whose turn is later, in seconds.
    open_after: Option<i64>,
    /// What was found decided on the way.
    counts: Counts,
    tally: Tally,
}

/// What a job came to, in messages.
#[derive(Default)]
struct Tally {
    sent: usize,
    failed: usize,
    unresolved: usize,
    throttled: usize,
}

/// Who of a turn counts against the portfolio's limit.
struct Counted<'a> {
    portfolio: &'a Portfolio,
    people: HashSet<ContactId>,
    at: Timestamp,
}

/// What a turn's messages cost at most, as reserved in a month's budget.
struct Costs {
    month: Month,
    each: HashMap<ContactId, TenThousandths>,
}

impl App {
    pub async fn connect() -> anyhow::Result<Self> {
        let settings = Settings::load().await?;
        let aws = settings.aws()?;
        let graph = settings.graph();
        Ok(Self {
            store: Store::connect(&aws, settings.tables()?),
            graph: Arc::new(Graph::new(&graph.base_url, graph.version)),
            apps: Apps::of(&settings)?,
            sends: Queue::sqs(&aws, settings.sends_queue_url()?),
            bus: Bus::event_bridge(&aws, settings.event_bus()?),
            clock: Clock::System,
            pacing: Arc::default(),
        })
    }

    /// The function, as Lambda and the local stack both call it.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        batch::concurrently(1, event, |job, again| self.chunk(job, again)).await
    }

    /// `again` is whether the job comes back from a sender that failed or died with it: it looks
    /// at what is decided already, and takes no slots for those, like a job that waited.
    async fn chunk(&self, job: jobs::Chunk, again: bool) -> anyhow::Result<()> {
        let job = jobs::Chunk { attempt: job.attempt.max(again.into()), ..job };
        let id = BroadcastId::new(&job.broadcast);
        let line = self.store.line(&LineId::new(&job.line)).await.context("load line")?;
        let Some(line) = line else { return Ok(()) };
        let broadcast = self.store.broadcast(&line.id, &id).await.context("load broadcast")?;
        let Some(broadcast) = broadcast else { return Ok(()) };
        if job.run < broadcast.run {
            return Ok(());
        }
        let chunk = self.store.chunk(&id, job.chunk).await.context("load chunk")?;
        let Some(chunk) = chunk else { return Ok(()) };
        let expired = broadcast.expires_at.is_some_and(|at| at <= self.clock.now());
        match broadcast.state {
            broadcast::State::Sending if expired => {
                self.call_off(&line, &broadcast, chunk, job, Some(SkipReason::Expired)).await
            }
            broadcast::State::Sending => self.send(&line, &broadcast, chunk, job).await,
            broadcast::State::Cancelled => self.call_off(&line, &broadcast, chunk, job, None).await,
            // Paused, held or stopped: whatever lets it go on queues it again.
            _ => Ok(()),
        }
    }

    async fn send(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        chunk: Chunk,
        job: jobs::Chunk,
    ) -> anyhow::Result<()> {
        let now = self.clock.now();
        let emergency = broadcast.priority == Priority::Emergency;
        let quiet = line.quiet_hours.as_ref().filter(|_| !emergency);
        if let Some(until) = quiet.and_then(|it| quiet_until(it, now)) {
            return self.halt(line, broadcast, &Halt::quiet(until)).await;
        }
        let Some(work) = self.work(line, broadcast, &chunk).await? else {
            return self.halt(line, broadcast, &Halt::template_changed()).await;
        };
        let (mut work, undecided) = self.undecided(work, &chunk, &job).await?;
        if undecided.open.is_empty() {
            return self.settle(&work, chunk, job, undecided, Vec::new()).await;
        }
        let n = undecided.open.len();
        let (number, per_second) = (&line.phone_number_id, line.bulk_rate());
        let now_ms = now.as_millisecond();
        let slots = self.store.reserve(number, now_ms, n, per_second, emergency).await;
        let (n, first_ms, gap_us) = match slots.context("reserve slots")? {
            Slots::Granted { n, first_ms, gap_us } => (n, first_ms, gap_us),
            Slots::Wait { until_ms } => {
                self.add(broadcast, &undecided).await?;
                let seconds = (until_ms - now_ms + 999) / 1000;
                return self.again(broadcast, job, seconds.max(1)).await;
            }
        };
        work.least_gap_us = rate::least_gap_us(gap_us, per_second, line.rate);
        // Consent is read just before the first slot, so that it is fresh for all and the first
        // message is not late: late ones would crowd into the second of others.
        self.pace_until((first_ms - READ_AHEAD_MS) * 1000).await;
        let read_at = self.clock.now().as_millisecond();
        let ids: Vec<_> = undecided.open[..n].iter().map(|it| it.0.clone()).collect();
        let known = self.store.recipients(&line.id, &ids).await.context("read consent")?;
        work.lately = self.reached_lately(line, broadcast, &ids, &known).await?;
        let Some(costs) = self.reserve_costs(&work, &ids, &known).await? else {
            let ended = Halt::budget(Month::of(now), line.monthly_budget_eur.unwrap_or(0));
            let outcome = Outcome { halt: Some(ended), ..Outcome::open(1) };
            return self.settle(&work, chunk, job, undecided, vec![Ok(outcome)]).await;
        };
        let (counted, held) = self.count(&work, &ids, &known).await?;
        let allowed = |id: &ContactId| held.as_ref().is_none_or(|it| !it.1.contains(id));
        let turns = (0..).zip(&undecided.open[..n]).filter(|(_, it)| allowed(&it.0));
        let turns: Vec<_> = turns
            .map(|(k, (contact, again))| {
                let slot_ms = first_ms + gap_us * k / 1000;
                Turn { contact: contact.clone(), again: *again, slot_ms }
            })
            .collect();
        let sends = turns.iter().map(|turn| self.one(&work, turn, &known, read_at));
        let mut outcomes = future::join_all(sends).await;
        let sent: HashSet<_> = turns
            .iter()
            .zip(&outcomes)
            .filter(|(_, outcome)| outcome.as_ref().map_or(true, |it| it.sent))
            .map(|(turn, _)| &turn.contact)
            .collect();
        self.give_back(line, &costs, counted.as_ref(), &sent).await?;
        if let Some((halt, _)) = held {
            outcomes.push(Ok(Outcome { halt: Some(halt), ..Outcome::open(1) }));
        }
        if n < undecided.open.len() {
            outcomes.push(Ok(Outcome::open(1)));
        }
        self.settle(&work, chunk, job, undecided, outcomes).await
    }

    /// Who of these had another broadcast lately, if the office wants them left out.
    async fn reached_lately(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        ids: &[ContactId],
        known: &HashMap<ContactId, Contact>,
    ) -> anyhow::Result<HashSet<ContactId>> {
        let Some(hours) = broadcast.exclude_recent_hours else { return Ok(HashSet::new()) };
        let since = self.clock.now() - i64::from(hours).hours();
        let others = ids.iter().filter_map(|id| Some(known.get(id)?.ids_besides(id)));
        let all: Vec<_> = ids.iter().cloned().chain(others.flatten()).collect();
        let reached = self.store.reached_since(&line.id, &all, since, Some(&broadcast.id)).await;
        Ok(reached.context("read who was reached lately")?.into_keys().collect())
    }

    /// Waits, in real time, until this instant in epoch microseconds.
    async fn pace_until(&self, at_us: i64) {
        if let Ok(wait_us @ 1..) = u64::try_from(at_us - self.clock.now().as_microsecond()) {
            self.clock.pace(Duration::from_micros(wait_us)).await;
        }
    }

    async fn work<'a>(
        &'a self,
        line: &'a Line,
        broadcast: &'a Broadcast,
        chunk: &Chunk,
    ) -> anyhow::Result<Option<Work<'a>>> {
        let token = self.apps.access_token(&line.app).context("find Meta app")?;
        let (name, language) = (&broadcast.message.name, &broadcast.message.language);
        let known = self.store.known(&line.messaging_account_id, name, language).await;
        let known = known.context("read what is known of the template")?;
        let header = self.header(line, broadcast).await?;
        let message = message::filled(line, broadcast, &known, header);
        let Some(message) = message else { return Ok(None) };
        Ok(Some(Work {
            line,
            broadcast,
            audience: channel::messaged(&broadcast.audience, line),
            message,
            token,
            expires_at: self.rows_expire_at(line),
            again_from_run: chunk.again_from_run,
            hearing: Hearing::default(),
            lately: HashSet::new(),
            least_gap_us: 0,
        }))
    }

    /// The file on top of the message, as Meta has it for this number: it was uploaded once, when
    /// the broadcast was scheduled.
    async fn header(
        &self,
        line: &Line,
        broadcast: &Broadcast,
    ) -> anyhow::Result<Option<HeaderMedia>> {
        let Some(id) = &broadcast.message.header_media_id else { return Ok(None) };
        let file = self.store.file(&line.id, &FileId::new(id)).await.context("load file")?;
        let (number, now) = (&line.phone_number_id, self.clock.now());
        Ok(file.and_then(|it| {
            let media_id = it.uploaded(number, now)?.media_id.clone();
            HeaderMedia::of(&it, media_id)
        }))
    }

    fn rows_expire_at(&self, line: &Line) -> Timestamp {
        self.clock.now() + (24 * i64::from(line.retention.delivery_days)).hours()
    }

    /// The people of a chunk whom nobody has decided on yet. A first job has all of them.
    async fn undecided<'a>(
        &self,
        mut work: Work<'a>,
        chunk: &Chunk,
        job: &jobs::Chunk,
    ) -> anyhow::Result<(Work<'a>, Undecided)> {
        let mut undecided = Undecided::default();
        if job.attempt == 0 && chunk.again_from_run.is_none() {
            undecided.open = chunk.people.iter().map(|it| (it.clone(), false)).collect();
            return Ok((work, undecided));
        }
        let id = &work.broadcast.id;
        let known = self.store.known_deliveries(id, &chunk.people).await.context("read claims")?;
        if known.iter().any(|it| it.state == State::Unresolved) {
            let number = &work.line.phone_number_id;
            work.hearing = self.store.hearing(number).await.context("read what was heard")?;
        }
        let known: HashMap<_, _> = known.into_iter().map(|it| (it.contact.clone(), it)).collect();
        let now = self.clock.now();
        for contact in &chunk.people {
            let Some(it) = known.get(contact) else {
                undecided.open.push((contact.clone(), false));
                continue;
            };
            match doubt::standing(&standing_of(it), work.again_from_run, &work.hearing, now) {
                Standing::Open => undecided.open.push((contact.clone(), false)),
                Standing::Again => undecided.open.push((contact.clone(), true)),
                Standing::Decided => {}
                Standing::Wait { .. } | Standing::DeadClaim => {
                    let outcome = self.known(&work, it).await?;
                    undecided.take(&outcome);
                }
            }
        }
        Ok((work, undecided))
    }

    /// Reserves those who count against the portfolio's limit. Also, if there is no room for all,
    /// why and until when the broadcast waits, and who is left out of this turn.
    async fn count<'a>(
        &self,
        work: &Work<'a>,
        ids: &[ContactId],
        known: &HashMap<ContactId, Contact>,
    ) -> anyhow::Result<(Option<Counted<'a>>, Option<(Halt, HashSet<ContactId>)>)> {
        let Some(portfolio) = &work.line.portfolio else { return Ok((None, None)) };
        let limit = self.store.portfolio_limit(portfolio).await.context("read limit")?;
        let Some(limit) = limit else { return Ok((None, None)) };
        let now = self.clock.now();
        let counts = |id: &&ContactId| {
            known.get(id).is_some_and(|it| !conversation::window_is_open(it, now))
        };
        let outside: Vec<_> = ids.iter().filter(counts).cloned().collect();
        let before = self.store.reached_before(&work.line.id, &outside, now).await;
        let before = before.context("read who was reached")?;
        let again: Vec<_> = before.values().map(|at| Quarter::of(*at)).collect();
        let fresh: Vec<_> = outside.into_iter().filter(|it| !before.contains_key(it)).collect();
        let priority = work.broadcast.priority;
        let people = self
            .store
            .reserve_people(&portfolio.id, limit, priority, fresh.len(), &again, now)
            .await
            .context("reserve people")?;
        let (granted, left_out) = fresh.split_at(people.granted);
        let counted = Counted { portfolio, people: granted.iter().cloned().collect(), at: now };
        let held =
            people.more_at.map(|it| (Halt::portfolio(it), left_out.iter().cloned().collect()));
        Ok((Some(counted), held))
    }

    /// Reserves what these people cost at most; `None` if the month's budget has no room for them.
    /// An emergency is counted and never refused.
    async fn reserve_costs(
        &self,
        work: &Work<'_>,
        ids: &[ContactId],
        known: &HashMap<ContactId, Contact>,
    ) -> anyhow::Result<Option<Costs>> {
        let now = self.clock.now();
        let cost = |contact: &Contact| {
            let (_, category) = work.message.to(contact, now);
            cost::at_most_one(category, Market::of(contact), now)
        };
        let each: HashMap<_, _> =
            ids.iter().filter_map(|id| Some((id.clone(), cost(known.get(id)?)))).collect();
        let costs = Costs { month: Month::of(now), each };
        let bulk = work.broadcast.priority == Priority::Normal;
        let budget = work.line.monthly_budget_eur.filter(|_| bulk).map(cost::budget_limit);
        let total = costs.each.values().sum();
        let reserved = self.store.reserve_budget(&work.line.id, costs.month, total, budget).await;
        match reserved.context("reserve cost")? {
            Reserved::Ok => Ok(Some(costs)),
            Reserved::Exhausted => Ok(None),
        }
    }

    /// Those reserved and not sent to after all cost nothing, and count no more.
    async fn give_back(
        &self,
        line: &Line,
        costs: &Costs,
        counted: Option<&Counted<'_>>,
        sent: &HashSet<&ContactId>,
    ) -> anyhow::Result<()> {
        let unsent = costs.each.iter().filter(|(id, _)| !sent.contains(id));
        let cost = unsent.map(|(_, cost)| cost).sum();
        let back = self.store.give_back(&line.id, costs.month, cost).await;
        back.context("give cost back")?;
        let Some(counted) = counted else { return Ok(()) };
        let unsent = counted.people.iter().filter(|id| !sent.contains(id)).count();
        if unsent == 0 {
            return Ok(());
        }
        let back = self.store.give_people_back(&counted.portfolio.id, unsent, counted.at).await;
        back.context("give people back")
    }

    /// Adds up, and closes the chunk or comes back to it.
    async fn settle(
        &self,
        work: &Work<'_>,
        chunk: Chunk,
        job: jobs::Chunk,
        mut undecided: Undecided,
        outcomes: Vec<anyhow::Result<Outcome>>,
    ) -> anyhow::Result<()> {
        let broadcast = work.broadcast;
        let mut halt = None;
        let mut suspicious: HashMap<i64, u32> = HashMap::new();
        let (mut too_fast, mut server_errors) = (false, 0);
        let mut failed = None;
        for outcome in outcomes {
            let outcome = match outcome {
                Ok(outcome) => outcome,
                Err(err) => {
                    failed = Some(err);
                    continue;
                }
            };
            undecided.take(&outcome);
            too_fast |= outcome.too_fast;
            server_errors += usize::from(outcome.server_error);
            if let Some(code) = outcome.suspicious {
                *suspicious.entry(code).or_default() += 1;
            }
            halt = halt.or(outcome.halt);
        }
        self.add(broadcast, &undecided).await?;
        if too_fast || server_errors >= MANY_SERVER_ERRORS {
            let until_ms = self.clock.now().as_millisecond() + SLOW_SECONDS * 1000;
            let slowed = self.store.set_slow(&work.line.phone_number_id, until_ms).await;
            slowed.context("slow down")?;
        }
        for (code, people) in suspicious {
            let met = self.store.note_code(&broadcast.id, broadcast.run, code, people).await;
            halt = halt.or(Halt::of_repeated(code, met.context("note code")?));
        }
        if let Some(halt) = halt {
            return self.halt(work.line, broadcast, &halt).await;
        }
        if let Some(err) = failed {
            return Err(err).context("work on chunk");
        }
        match undecided.open_after {
            Some(seconds) => {
                let job = jobs::Chunk { attempt: job.attempt + 1, ..job };
                self.again(broadcast, job, seconds).await
            }
            None => self.close(work.line, broadcast, chunk.number).await,
        }
    }

    /// Sends the job again as a new message, so that waiting burns no receives.
    async fn again(
        &self,
        broadcast: &Broadcast,
        job: jobs::Chunk,
        seconds: i64,
    ) -> anyhow::Result<()> {
        let delay = Duration::from_secs(seconds.unsigned_abs());
        let (chunk, run) = (job.chunk, job.run);
        debug!(broadcast.id = %broadcast.id, chunk, seconds, "queue a chunk again");
        let queued = self.sends.send(vec![Message::of(&job).after(delay)]).await;
        queued.context("queue chunk again")?;
        let wakes_at = self.clock.now() + delay;
        let marked = self.store.mark_queued(&broadcast.id, chunk, run, wakes_at).await;
        marked.context("mark chunk")
    }

    /// Everybody in the chunk who is not decided will not be sent to.
    async fn call_off(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        chunk: Chunk,
        job: jobs::Chunk,
        why: Option<SkipReason>,
    ) -> anyhow::Result<()> {
        let number = chunk.number;
        let outcomes: Vec<_> = stream::iter(chunk.people)
            .map(|contact| self.call_off_one(line, broadcast, contact, why))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut undecided = Undecided::default();
        let mut failed = None;
        for outcome in outcomes {
            match outcome {
                Ok(outcome) => undecided.take(&outcome),
                Err(err) => failed = Some(err),
            }
        }
        self.add(broadcast, &undecided).await?;
        if let Some(err) = failed {
            return Err(err).context("call chunk off");
        }
        match undecided.open_after {
            Some(seconds) => self.again(broadcast, job, seconds).await,
            None => self.close(line, broadcast, number).await,
        }
    }

    async fn call_off_one(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        contact: ContactId,
        why: Option<SkipReason>,
    ) -> anyhow::Result<Outcome> {
        let (now, expires_at) = (self.clock.now(), self.rows_expire_at(line));
        let known =
            self.store.decide_not_to_send(&broadcast.id, &contact, why, now, expires_at).await;
        let state = if why.is_some() { State::Skipped } else { State::Cancelled };
        match known.context("record why not")? {
            None => Ok(Outcome::moved(None, state)),
            Some(it) => self.let_end(broadcast, &it).await,
        }
    }

    async fn add(&self, broadcast: &Broadcast, done: &Undecided) -> anyhow::Result<()> {
        done.tally.count();
        self.store.add_progress(&broadcast.id, &done.counts.into()).await.context("add counts")?;
        Ok(())
    }

    /// The chunk's row goes; whoever closes the last one wakes the fan-out to close it all.
    async fn close(&self, line: &Line, broadcast: &Broadcast, chunk: u32) -> anyhow::Result<()> {
        let id = &broadcast.id;
        if !self.store.close_chunk(id, chunk).await.context("close chunk")? {
            return Ok(());
        }
        let one = Progress { chunks_done: 1, ..Progress::default() };
        let done = self.store.add_progress(id, &one).await.context("add counts")?;
        if done < i64::from(broadcast.plan.chunks) {
            return Ok(());
        }
        let about =
            BroadcastRef { line: line.id.as_str().to_owned(), broadcast: id.as_str().to_owned() };
        let event = Event { detail_type: FanoutCause::CHUNKS_DONE, detail: about.detail() };
        if let Err(err) = self.bus.publish(event).await {
            info!(broadcast.id = %id, "the next tick closes the broadcast: {err}");
        }
        Ok(())
    }

    /// Lets the whole broadcast wait, and says why. Its chunks stay open.
    async fn halt(&self, line: &Line, broadcast: &Broadcast, halt: &Halt) -> anyhow::Result<()> {
        if !self.store.halt(broadcast, halt).await.context("halt broadcast")? {
            info!(broadcast.id = %broadcast.id, "broadcast was not being sent any more");
            return Ok(());
        }
        metrics::count_halted(halt);
        let (line, broadcast, why) = (&line.id, &broadcast.id, halt.reason());
        match halt {
            Halt::Stop { .. } => {
                error!(line.id = %line, broadcast.id = %broadcast, "stopped a broadcast: {why}");
            }
            Halt::Hold { .. } => {
                warn!(line.id = %line, broadcast.id = %broadcast, "held a broadcast: {why}");
            }
        }
        Ok(())
    }
}

impl Undecided {
    /// Takes in how one person turned out.
    fn take(&mut self, outcome: &Outcome) {
        for (from, to) in &outcome.moves {
            self.counts.moved(*from, *to);
        }
        self.tally.take(outcome);
        if let Some(seconds) = outcome.open_after {
            self.open_after = Some(self.open_after.map_or(seconds, |it| it.min(seconds)));
        }
    }
}

impl Tally {
    fn take(&mut self, outcome: &Outcome) {
        let came_to = |state| outcome.moves.iter().any(|it| it.1 == state);
        let unresolved = came_to(State::Unresolved);
        self.sent += usize::from(outcome.sent && !unresolved);
        self.failed += usize::from(came_to(State::Failed));
        self.unresolved += usize::from(unresolved);
        self.throttled +=
            usize::from(outcome.failure.is_some_and(|it| failure::is_throttling(&it)));
    }

    fn count(&self) {
        metrics::count(Metric::Sent, self.sent);
        metrics::count(Metric::Failed, self.failed);
        metrics::count(Metric::Unresolved, self.unresolved);
        metrics::count(Metric::Throttled, self.throttled);
    }
}
