// SPDX-License-Identifier: EUPL-1.2
//! Due broadcasts become chunk rows and jobs; re-queues what nobody finished; closes and counts.
//!
//! What makes a repetition harmless: a page of chunks is written in one transaction that holds
//! only if the plan has not moved; a job for a chunk that is closed ends at once; closing holds
//! only while the broadcast is being sent.

use std::time::Duration;

use anyhow::Context;
use domain::broadcast::{self, Action, Broadcast, Plan, PlanOf, Priority, State};
use domain::channel;
use domain::halt::Halt;
use domain::ids::{BroadcastId, ContactId, LineId};
use domain::line::Line;
use domain::quiet::quiet_until;
use domain::rate::CHUNK;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::{Timestamp, ToSpan};
use platform::clock::Clock;
use platform::events::{Bus, Event};
use platform::jobs::{self, BroadcastRef, FanoutCause, FanoutEvent};
use platform::metrics;
use platform::queue::{Message, Queue};
use platform::settings::Settings;
use store::{Change, Chunk, Store, StoreError};
use tracing::{error, info, warn};

/// Only jobs of the next ten minutes are queued: SQS delays a message by 15 at most.
const AHEAD_SECONDS: i64 = 600;

/// A queued chunk that is still open this long after its job was to wake has been lost.
const LOST_AFTER_SECONDS: i64 = 300;

/// People planned at a time, where a transaction can hold their chunks.
const PAGE: usize = 1000;

/// Chunks of one page; the plan itself is one more write of their transaction.
///
/// Source: DynamoDB API Reference, `TransactWriteItems`: at most 100.
const CHUNKS_AT_ONCE: usize = 99;

/// Open chunks looked at at a time.
const OPEN_CHUNKS: usize = 1000;

/// Chunk rows marked at a time.
const AT_ONCE: usize = 16;

#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub sends: Queue,
    pub bus: Bus,
    pub clock: Clock,
}

impl App {
    pub async fn connect() -> anyhow::Result<Self> {
        let settings = Settings::load().await?;
        let aws = settings.aws()?;
        Ok(Self {
            store: Store::connect(&aws, settings.tables()?),
            sends: Queue::sqs(&aws, settings.sends_queue_url()?),
            bus: Bus::event_bridge(&aws, settings.event_bus()?),
            clock: Clock::System,
        })
    }

    /// The function, as Lambda and the local stack both call it. Its now is the event's.
    pub async fn handle(&self, event: FanoutEvent) -> anyhow::Result<()> {
        match event.cause {
            FanoutCause::Scheduled(it) | FanoutCause::ChunksDone(it) => {
                let (line, id) = (LineId::new(it.line), BroadcastId::new(it.broadcast));
                self.look_at(&line, &id, event.at).await
            }
            FanoutCause::Tick => self.look_at_all(event.at).await,
        }
    }

    /// One broadcast's trouble does not keep the others waiting.
    async fn look_at_all(&self, now: Timestamp) -> anyhow::Result<()> {
        let mut failed = 0;
        for (line, id) in self.store.due(now).await.context("list due broadcasts")? {
            if let Err(err) = self.look_at(&line, &id, now).await {
                error!(line.id = %line, broadcast.id = %id, "broadcast not looked at: {err:#}");
                failed += 1;
            }
        }
        anyhow::ensure!(failed == 0, "{failed} broadcasts not looked at");
        Ok(())
    }

    /// Takes a broadcast as far as it goes now.
    async fn look_at(&self, line: &LineId, id: &BroadcastId, now: Timestamp) -> anyhow::Result<()> {
        let Some(line) = self.store.line(line).await.context("load line")? else {
            warn!(line.id = %line, "passed over a broadcast of no line");
            return Ok(());
        };
        let found = self.store.broadcast(&line.id, id).await.context("load broadcast")?;
        let Some(found) = found else { return Ok(()) };
        let broadcast = match broadcast::due(&found, now) {
            Some(Action::Start) => self.start(&line, &found, now).await?,
            Some(_) => self.go_on(&line, &found, now).await?,
            None => Some(found),
        };
        let Some(broadcast) = broadcast else { return Ok(()) };
        match broadcast.state {
            State::Sending | State::Cancelled => {
                let broadcast = self.plan(&line, broadcast).await?;
                self.go_ahead(&line, &broadcast, now).await?;
                self.queue_chunks(&line, &broadcast, now).await?;
                self.close(&line, &broadcast, now).await
            }
            State::Done => self.recount(&line, &broadcast, now).await,
            _ => Ok(()),
        }
    }

    /// Begins to send; `None` if that is not to be yet, or somebody else did it.
    async fn start(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        now: Timestamp,
    ) -> anyhow::Result<Option<Broadcast>> {
        let expired = broadcast.expires_at.is_some_and(|at| at <= now);
        // What a person posts disturbs nobody.
        let posted = channel::is_only_posted(&broadcast.audience, line);
        let normal = broadcast.priority == Priority::Normal;
        let rests = line.quiet_hours.filter(|_| normal && !expired && !posted);
        if let Some(until) = rests.and_then(|it| quiet_until(&it, now)) {
            // It waits as scheduled, and says so.
            let reason = Some(Halt::quiet(until).reason().to_owned());
            let due_at = broadcast::wakes_at(State::Held, Some(until), broadcast.expires_at);
            let change = Change { reason, due_at, ..Change::default() };
            return self.change(line, broadcast, State::Scheduled, change).await.map(|_| None);
        }
        if !expired && let Some(halt) = self.known_halt(line, broadcast, now).await? {
            if self.store.halt(broadcast, &halt).await.context("halt broadcast")? {
                metrics::count_halted(&halt);
                let why = halt.reason();
                warn!(line.id = %line.id, broadcast.id = %broadcast.id, "not started: {why}");
            }
            return Ok(None);
        }
        self.go_on(line, broadcast, now).await
    }

    /// Why it would reach nobody, or cost more than it was to, by what Meta has said.
    async fn known_halt(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        now: Timestamp,
    ) -> anyhow::Result<Option<Halt>> {
        let (name, language) = (&broadcast.message.name, &broadcast.message.language);
        let Some(template) = line.template(name, language) else { return Ok(None) };
        let known = self.store.known(&line.messaging_account_id, name, language).await;
        let known = known.context("read what is known of the template")?;
        Ok(known.halt(broadcast, template.category, now))
    }

    /// Lets a broadcast go on, or begin: it finds out for itself whether it may, or has expired.
    async fn go_on(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        now: Timestamp,
    ) -> anyhow::Result<Option<Broadcast>> {
        let change = Change {
            // It may have been held or stopped before it began.
            started_at: broadcast.started_at.is_none().then_some(now),
            new_run: true,
            due_at: Some(now),
            ..Change::default()
        };
        let changed = self.change(line, broadcast, State::Sending, change).await?;
        if changed.is_some() && broadcast.started_at.is_none() {
            info!(line.id = %line.id, broadcast.id = %broadcast.id, "started a broadcast");
        }
        Ok(changed)
    }

    /// Moves a broadcast on from the state it was found in; `None` if it is there no more.
    async fn change(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        to: State,
        change: Change,
    ) -> anyhow::Result<Option<Broadcast>> {
        let from = broadcast.state;
        match self.store.change_broadcast(&line.id, &broadcast.id, from, to, change).await {
            Ok(changed) => {
                let (counts, counted_at) = (broadcast.counts, broadcast.counted_at);
                Ok(Some(Broadcast { counts, counted_at, ..changed }))
            }
            Err(StoreError::Conflict) => Ok(None),
            Err(err) => Err(err).context("change broadcast"),
        }
    }

    /// Turns the audience into chunk rows, page by page, until everybody is in one.
    async fn plan(&self, line: &Line, mut broadcast: Broadcast) -> anyhow::Result<Broadcast> {
        let size = CHUNK.min(line.bulk_rate() as usize);
        let limit = page_limit(size);
        while broadcast.state == State::Sending && !broadcast.plan.complete {
            let started_at = broadcast.started_at.context("a broadcast being sent has started")?;
            let (people, end) = self.page(line, &broadcast, started_at, limit).await?;
            let chunks: Vec<_> = people.chunks(size).map(<[_]>::to_vec).collect();
            let next = Plan {
                of: broadcast.plan.of,
                complete: end.is_none(),
                cursor: end,
                chunks: broadcast.plan.chunks + u32::try_from(chunks.len())?,
            };
            match self.store.plan(&broadcast, &chunks, &next).await {
                Ok(()) => {
                    if next.of == PlanOf::Audience {
                        broadcast.counts.audience += i64::try_from(people.len())?;
                    }
                    broadcast.plan = next;
                }
                // Another run planned this page, or it was paused: go on from what stands there.
                Err(StoreError::Conflict) => {
                    let found = self.store.broadcast(&line.id, &broadcast.id).await?;
                    broadcast = found.context("broadcast is gone")?;
                }
                Err(err) => return Err(err).context("write chunks"),
            }
        }
        Ok(broadcast)
    }

    async fn page(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        started_at: Timestamp,
        limit: i32,
    ) -> anyhow::Result<(Vec<ContactId>, Option<ContactId>)> {
        let after = broadcast.plan.cursor.as_ref();
        let page = match broadcast.plan.of {
            PlanOf::Audience => {
                let audience = channel::messaged(&broadcast.audience, line);
                self.store.audience_page(&line.id, &audience, after, started_at, limit).await
            }
            PlanOf::Unresolved => self.store.unresolved_page(&broadcast.id, after, limit).await,
        };
        page.context("read audience")
    }

    /// Queues the open chunks whose turn comes in the next minutes, each to wake at its turn.
    async fn queue_chunks(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let size = CHUNK.min(line.bulk_rate() as usize);
        let mut after = None;
        let mut turn = 0;
        loop {
            let open = self.store.open_chunks(&broadcast.id, after, OPEN_CHUNKS).await;
            let open = open.context("list chunks")?;
            after = open.last().map(|it| it.number);
            let mut jobs = Vec::new();
            let mut far = false;
            for chunk in &open {
                // Calling off takes no slots, so it has no turns.
                let delay = match broadcast.state {
                    State::Sending => broadcast::chunk_delay_seconds(turn, size, line.bulk_rate()),
                    _ => 0,
                };
                far = delay > AHEAD_SECONDS;
                if far {
                    break;
                }
                turn += 1;
                jobs.extend(job(broadcast, chunk, delay, now));
            }
            self.queue(broadcast, jobs).await?;
            if far || open.len() < OPEN_CHUNKS {
                break;
            }
        }
        Ok(())
    }

    /// Queues jobs and notes on each chunk when it wakes.
    async fn queue(&self, broadcast: &Broadcast, jobs: Vec<Queued>) -> anyhow::Result<()> {
        let marks: Vec<_> = jobs.iter().map(|it| (it.chunk, it.wakes_at)).collect();
        let messages = jobs.into_iter().map(|it| it.message).collect();
        self.sends.send(messages).await.context("queue chunks")?;
        let marked = stream::iter(marks).map(|(chunk, wakes_at)| {
            self.store.mark_queued(&broadcast.id, chunk, broadcast.run, wakes_at)
        });
        marked.buffer_unordered(AT_ONCE).try_collect::<()>().await.context("mark chunk")
    }

    /// An emergency goes ahead: bulk of the same number yields for the time it is thought to take.
    async fn go_ahead(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let people = broadcast.counts.pending();
        let sending = broadcast.state == State::Sending && people > 0;
        if !sending || broadcast.priority != Priority::Emergency {
            return Ok(());
        }
        let seconds = broadcast::duration_seconds(people, line.bulk_rate());
        let until_ms = now.as_millisecond() + seconds * 1000;
        self.store.set_urgent(&line.phone_number_id, until_ms).await.context("set urgent")
    }

    /// Closes a broadcast that has nothing open any more, with counts taken from its deliveries.
    async fn close(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let sent = broadcast.state == State::Sending && broadcast.plan.complete;
        if !sent && broadcast.state != State::Cancelled {
            return Ok(());
        }
        let id = &broadcast.id;
        if !self.store.open_chunks(id, None, 1).await.context("list chunks")?.is_empty() {
            return Ok(());
        }
        let audience = broadcast.counts.audience;
        let tally = self.store.recount(id, audience, now).await.context("count")?;
        let to = if sent { State::Done } else { State::Cancelled };
        let posted = sent && channel::is_only_posted(&broadcast.audience, line);
        let ready = posted.then(|| channel::READY.to_owned());
        let change = Change {
            finished_at: Some(now),
            due_at: if sent { broadcast::recount_at(now, now) } else { None },
            reason: ready.or_else(|| broadcast.reason.clone()),
            ..Change::default()
        };
        if self.change(line, broadcast, to, change).await?.is_none() {
            return Ok(());
        }
        if broadcast.priority == Priority::Emergency {
            // Bulk need not wait until the time the emergency was thought to take.
            let now_ms = now.as_millisecond();
            self.store.set_urgent(&line.phone_number_id, now_ms).await.context("end urgency")?;
        }
        let counts = tally.counts;
        info!(
            line.id = %line.id, broadcast.id = %id, audience, accepted = counts.accepted,
            failed = counts.failed, unresolved = counts.unresolved, "closed a broadcast"
        );
        let about =
            BroadcastRef { line: line.id.as_str().to_owned(), broadcast: id.as_str().to_owned() };
        let event = Event { detail_type: "broadcast.finished", detail: about.detail() };
        if let Err(err) = self.bus.publish(event).await {
            warn!(broadcast.id = %id, "event broadcast.finished lost: {err}");
        }
        Ok(())
    }

    /// Takes the counts of a closed broadcast again, at the times set for it.
    async fn recount(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let due = broadcast.due_at.is_some_and(|it| it <= now);
        let Some(finished_at) = broadcast.finished_at.filter(|_| due) else { return Ok(()) };
        self.store.recount(&broadcast.id, broadcast.counts.audience, now).await.context("count")?;
        let due_at = broadcast::recount_at(finished_at, now);
        let change = Change { due_at, reason: broadcast.reason.clone(), ..Change::default() };
        self.change(line, broadcast, State::Done, change).await.map(|_| ())
    }
}

/// A chunk's job on its way into the queue.
struct Queued {
    chunk: u32,
    wakes_at: Timestamp,
    message: Message,
}

/// The job of a chunk that is to wake in `delay` seconds; `None` if it waits in the queue already.
fn job(broadcast: &Broadcast, chunk: &Chunk, delay: i64, now: Timestamp) -> Option<Queued> {
    let waiting = chunk.queued.is_some_and(|(run, wakes_at)| {
        run == broadcast.run && now < wakes_at + LOST_AFTER_SECONDS.seconds()
    });
    if waiting {
        return None;
    }
    let job = jobs::Chunk {
        line: broadcast.line.as_str().to_owned(),
        broadcast: broadcast.id.as_str().to_owned(),
        chunk: chunk.number,
        run: broadcast.run,
        attempt: u32::from(chunk.queued.is_some()),
    };
    let delay = Duration::from_secs(delay.unsigned_abs());
    let message = Message::of(&job).after(delay);
    Some(Queued { chunk: chunk.number, wakes_at: now + delay, message })
}

/// People of one page, so that a transaction can hold their chunks.
fn page_limit(chunk_size: usize) -> i32 {
    let limit = (CHUNKS_AT_ONCE * chunk_size).clamp(1, PAGE);
    i32::try_from(limit).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_chunks_fits_one_transaction_whatever_the_rate() {
        for size in 1..=CHUNK {
            let people = usize::try_from(page_limit(size)).unwrap();
            let chunks = people.div_ceil(size);
            assert!(chunks <= CHUNKS_AT_ONCE, "{chunks} of {size}");
        }
        assert_eq!(page_limit(CHUNK), 1000);
    }
}
