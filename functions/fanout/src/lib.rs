//! Due broadcasts become chunk rows and jobs; re-queues what nobody finished; closes and counts.
//!
//! What makes a repetition harmless: a page of chunks is written in one transaction that holds
//! only if the plan has not moved; a job for a chunk that is closed ends at once; closing holds
//! only while the broadcast is being sent.

use std::time::Duration;

use anyhow::Context;
use domain::broadcast::{self, Broadcast, Plan, Priority, State};
use domain::ids::{BroadcastId, LineId};
use domain::line::Line;
use domain::rate::CHUNK;
use jiff::{Timestamp, ToSpan};
use platform::clock::Clock;
use platform::events::{Bus, Event};
use platform::jobs::{self, BroadcastRef, FanoutCause, FanoutEvent};
use platform::queue::{Message, Queue};
use platform::settings::Settings;
use store::{Change, Store, StoreError};
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

/// Open chunks looked at in one run: more than ten minutes' worth at 80 a second.
const OPEN_CHUNKS: i32 = 1000;

#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub sends: Queue,
    pub bus: Bus,
    pub clock: Clock,
}

impl App {
    pub fn from_env() -> anyhow::Result<Self> {
        let settings = Settings::from_env();
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
        let broadcast = match found.state {
            State::Scheduled if found.send_at.is_some_and(|at| at <= now) => {
                match self.start(&line, &found, now).await? {
                    Some(started) => started,
                    None => return Ok(()),
                }
            }
            State::Sending | State::Cancelled => found,
            _ => return Ok(()),
        };
        let broadcast = self.plan(&line, broadcast).await?;
        self.queue_chunks(&line, &broadcast, now).await?;
        self.close(&line, &broadcast, now).await
    }

    /// Begins to send; `None` if somebody else did, or it was called off meanwhile.
    async fn start(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        now: Timestamp,
    ) -> anyhow::Result<Option<Broadcast>> {
        let change =
            Change { started_at: Some(now), new_run: true, due_at: Some(now), ..Change::default() };
        let id = &broadcast.id;
        let started = self
            .store
            .change_broadcast(&line.id, id, State::Scheduled, State::Sending, change)
            .await;
        match started {
            Ok(started) => {
                info!(line.id = %line.id, broadcast.id = %id, "started a broadcast");
                Ok(Some(started))
            }
            Err(StoreError::Conflict) => Ok(None),
            Err(err) => Err(err).context("start broadcast"),
        }
    }

    /// Turns the audience into chunk rows, page by page, until everybody is in one.
    async fn plan(&self, line: &Line, mut broadcast: Broadcast) -> anyhow::Result<Broadcast> {
        let size = CHUNK.min(line.bulk_rate() as usize);
        let limit = page_limit(size);
        while broadcast.state == State::Sending && !broadcast.plan.complete {
            let started_at = broadcast.started_at.context("a broadcast being sent has started")?;
            let after = broadcast.plan.cursor.as_ref();
            let (people, end) = self
                .store
                .audience_page(&line.id, &broadcast.audience, after, started_at, limit)
                .await
                .context("read audience")?;
            let chunks: Vec<_> = people.chunks(size).map(<[_]>::to_vec).collect();
            let next = Plan {
                complete: end.is_none(),
                cursor: end,
                chunks: broadcast.plan.chunks + u32::try_from(chunks.len())?,
            };
            match self.store.plan(&broadcast, &chunks, &next).await {
                Ok(()) => {
                    broadcast.counts.audience += i64::try_from(people.len())?;
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

    /// Queues the open chunks whose turn comes in the next minutes, each to wake at its turn.
    async fn queue_chunks(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let size = CHUNK.min(line.bulk_rate() as usize);
        let open =
            self.store.open_chunks(&broadcast.id, OPEN_CHUNKS).await.context("list chunks")?;
        if broadcast.priority == Priority::Emergency && broadcast.state == State::Sending {
            self.yield_to(line, open.len() * size, now).await?;
        }
        let mut jobs = Vec::new();
        for (turn, chunk) in (0..).zip(&open) {
            // Calling off takes no slots, so it has no turns.
            let delay = match broadcast.state {
                State::Sending => broadcast::chunk_delay_seconds(turn, size, line.bulk_rate()),
                _ => 0,
            };
            if delay > AHEAD_SECONDS {
                break;
            }
            let waiting = chunk.queued.is_some_and(|(run, wakes_at)| {
                run == broadcast.run && now < wakes_at + LOST_AFTER_SECONDS.seconds()
            });
            if waiting {
                continue;
            }
            let job = jobs::Chunk {
                line: line.id.as_str().to_owned(),
                broadcast: broadcast.id.as_str().to_owned(),
                chunk: chunk.number,
                run: broadcast.run,
                attempt: u32::from(chunk.queued.is_some()),
            };
            let delay = Duration::from_secs(delay.unsigned_abs());
            jobs.push((chunk.number, now + delay, Message::of(&job).after(delay)));
        }
        let marks: Vec<_> = jobs.iter().map(|(chunk, wakes_at, _)| (*chunk, *wakes_at)).collect();
        self.sends.send(jobs.into_iter().map(|it| it.2).collect()).await.context("queue chunks")?;
        for (chunk, wakes_at) in marks {
            let marked =
                self.store.mark_queued(&broadcast.id, chunk, broadcast.run, wakes_at).await;
            marked.context("mark chunk")?;
        }
        Ok(())
    }

    /// Bulk of the same number yields while an emergency is under way.
    async fn yield_to(&self, line: &Line, people: usize, now: Timestamp) -> anyhow::Result<()> {
        let people = i64::try_from(people).unwrap_or(i64::MAX);
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
        if !self.store.open_chunks(id, 1).await.context("list chunks")?.is_empty() {
            return Ok(());
        }
        let audience = broadcast.counts.audience;
        let counts = self.store.count_deliveries(id, audience).await.context("count")?;
        self.store.set_counts(id, &counts, now).await.context("save counts")?;
        let to = if sent { State::Done } else { State::Cancelled };
        let change = Change {
            finished_at: Some(now),
            reason: broadcast.reason.clone(),
            ..Change::default()
        };
        match self.store.change_broadcast(&line.id, id, broadcast.state, to, change).await {
            Ok(_) => {}
            Err(StoreError::Conflict) => return Ok(()),
            Err(err) => return Err(err).context("close broadcast"),
        }
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
