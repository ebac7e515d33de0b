// SPDX-License-Identifier: EUPL-1.2
//! What happens because time passes: the minute's tick, the night's, and the clock that a test
//! or a curious person moves.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::Context;
use desk::App as Desk;
use fakes::meta::Meta;
use fanout::App as Fanout;
use jiff::{Timestamp, ToSpan};
use platform::clock::{Clock, Shifted};
use platform::events::LocalBus;
use platform::jobs::{FanoutCause, FanoutEvent, Tick};
use retention::App as Retention;
use store::Store;
use tokio::sync::Mutex;
use tracing::error;

use crate::broker::Broker;
use crate::kept;

/// The night's clearing runs at this hour, UTC.
const NIGHT_HOUR: i8 = 2;

/// How long the ticker waits at most before it looks at the clock again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Everything that moves by itself.
pub(crate) struct Time {
    pub(crate) hand: Hand,
    pub(crate) broker: Arc<Broker>,
    pub(crate) bus: LocalBus,
    pub(crate) meta: Option<Meta>,
    pub(crate) store: Store,
    pub(crate) fanout: Fanout,
    pub(crate) retention: Retention,
    pub(crate) desk: Desk,
    pub(crate) ticked: Mutex<Ticked>,
}

/// Moves the clock, and keeps how far.
pub(crate) struct Hand {
    pub(crate) clock: Shifted,
    /// The clock's lead over the system's, in milliseconds. Locked while it moves.
    pub(crate) file: std::sync::Mutex<Option<PathBuf>>,
}

/// What the ticks have seen to.
pub(crate) struct Ticked {
    /// The minute of the last tick, in minutes since 1970.
    minute: i64,
    /// When the next night's clearing is.
    night: Timestamp,
}

impl Ticked {
    pub(crate) fn at(now: Timestamp) -> Self {
        // The first tick comes at once: it finds what a crash left behind.
        Self { minute: minute(now) - 1, night: next_night(now) }
    }
}

impl Hand {
    /// Written down before anything happens at the new time, so that no crash takes it back.
    pub(crate) fn advance(&self, by: Duration) -> anyhow::Result<()> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &*file {
            let by_ms = i64::try_from(by.as_millis()).context("move the clock that far")?;
            let lead_ms = self.clock.offset_ms().saturating_add(by_ms);
            kept::write(file, &lead_ms.to_string()).context("write the clock's file")?;
        }
        self.clock.advance(by);
        Ok(())
    }
}

impl Time {
    pub(crate) fn now(&self) -> Timestamp {
        Clock::Shifted(self.hand.clock.clone()).now()
    }

    /// Ticks for as long as the stack runs.
    pub(crate) async fn run(&self) {
        loop {
            self.tick().await;
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.hand.clock.moved() => {}
            }
        }
    }

    /// Runs what is due by the clock: at most one tick and one night.
    async fn tick(&self) {
        let mut ticked = self.ticked.lock().await;
        let now = self.now();
        if minute(now) > ticked.minute {
            ticked.minute = minute(now);
            let event = FanoutEvent { at: now, cause: FanoutCause::Tick };
            if let Err(err) = self.fanout.handle(event).await {
                error!("tick failed: {err:#}");
            }
            if let Err(err) = self.desk.handle(Tick { at: now }).await {
                error!("desk's minute failed: {err:#}");
            }
        }
        if now >= ticked.night {
            ticked.night = next_night(now);
            if let Err(err) = self.retention.handle(Tick { at: now }).await {
                error!("clearing failed: {err:#}");
            }
        }
    }

    /// Moves the clock by `by`, from one thing that becomes due to the next, and resolves when
    /// all of them have been worked off.
    pub(crate) async fn advance(&self, by: Duration) -> anyhow::Result<()> {
        let end = self.now() + by;
        loop {
            self.settle().await?;
            let now = self.now();
            let next = self.next_due(now).await?.filter(|it| *it < end).unwrap_or(end);
            if let Ok(left) = Duration::try_from(next.duration_since(now)) {
                self.hand.advance(left)?;
            }
            if next == end {
                return self.settle().await;
            }
        }
    }

    /// Resolves when nothing is left to do at this instant.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        loop {
            self.tick().await;
            if let Some(meta) = &self.meta {
                meta.deliver_due().await;
            }
            self.broker.worked_off().await?;
            self.bus.worked_off().await;
            let quiet = self.meta.as_ref().is_none_or(Meta::idle);
            if quiet && self.bus.is_idle() && self.broker.idle().await? {
                return Ok(());
            }
        }
    }

    /// The next instant after `now` at which something becomes due.
    async fn next_due(&self, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
        let queued = self.broker.next_due().await?;
        let webhook = self.meta.as_ref().and_then(Meta::next_due);
        let night = Some(self.ticked.lock().await.night);
        // What is due is seen to by the first tick that finds it so.
        let due = self.store.next_due().await.context("read what is due")?;
        let tick = due.map(|at| if at > now { minute_from(at) } else { minute_after(now) });
        let all = [queued, webhook, night, tick];
        Ok(all.into_iter().flatten().filter(|it| *it > now).min())
    }
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

fn minute_after(at: Timestamp) -> Timestamp {
    Timestamp::from_second((minute(at) + 1) * 60).unwrap_or(Timestamp::MAX)
}

/// The minute that begins at this instant, or else the next.
fn minute_from(at: Timestamp) -> Timestamp {
    let begun = Timestamp::from_second(minute(at) * 60).unwrap_or(Timestamp::MIN);
    if begun == at { at } else { minute_after(at) }
}

fn next_night(now: Timestamp) -> Timestamp {
    let day = now.as_second().div_euclid(86_400);
    let today = Timestamp::from_second(day * 86_400).unwrap_or(now) + NIGHT_HOUR.hours();
    if today > now { today } else { today + 24.hours() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_is_the_next_one() {
        for (now, want) in [
            ("2026-11-22T01:59:59Z", "2026-11-22T02:00:00Z"),
            ("2026-11-22T02:00:00Z", "2026-11-23T02:00:00Z"),
            ("2026-12-31T23:00:00Z", "2027-01-01T02:00:00Z"),
        ] {
            let (now, want): (Timestamp, Timestamp) = (now.parse().unwrap(), want.parse().unwrap());
            assert_eq!(next_night(now), want);
        }
        let now: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
        assert_eq!(minute_after(now).to_string(), "2026-11-22T09:01:00Z");
        assert_eq!(minute_from(now), now);
        assert_eq!(minute_from(now + 1.millisecond()).to_string(), "2026-11-22T09:01:00Z");
    }
}
