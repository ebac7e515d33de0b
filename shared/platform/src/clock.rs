// SPDX-License-Identifier: EUPL-1.2
//! What time it is: the system's, or one that a test or the local stack moves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

/// Only functions hold a clock; decisions get `now` as an argument.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    #[default]
    System,
    /// The system's clock plus an offset that can grow. Clones share the offset.
    Shifted(Shifted),
    /// Stands still until somebody moves it, and pacing waits for that: a story told on it is the
    /// same every time and takes no time.
    Manual(Manual),
}

#[derive(Clone, Debug, Default)]
pub struct Shifted {
    offset_ms: Arc<watch::Sender<i64>>,
}

/// Clones show the same time.
#[derive(Clone, Debug)]
pub struct Manual {
    /// Milliseconds since 1970.
    now_ms: Arc<watch::Sender<i64>>,
    /// Who paces, by the instant each waits for, in the time of the clock that leads by nothing.
    waiting: Arc<Mutex<BTreeMap<i64, usize>>>,
    /// How far this clone is ahead of the others.
    lead_ms: i64,
}

/// Tells when a clock was moved, also if that was between two calls of [`Moves::next`].
pub struct Moves(Option<watch::Receiver<i64>>);

impl Clock {
    /// A clock that shows `start` now and runs on from there.
    pub fn starting_at(start: Timestamp) -> Self {
        let shifted = Shifted::default();
        let offset = start.as_millisecond() - Timestamp::now().as_millisecond();
        shifted.offset_ms.send_replace(offset);
        Self::Shifted(shifted)
    }

    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Shifted(it) => {
                let ms = Timestamp::now().as_millisecond() + it.offset_ms();
                Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
            }
            Self::Manual(it) => it.now(),
        }
    }

    /// Waits in real time, for pacing and polling: moving the clock does not shorten it. A manual
    /// clock has no real time: there it waits until the clock was moved that far.
    pub async fn pace(&self, duration: Duration) {
        match self {
            Self::System | Self::Shifted(_) => tokio::time::sleep(duration).await,
            Self::Manual(it) => it.pace(duration).await,
        }
    }

    /// The moves from now on. The system's clock is never moved.
    pub fn moves(&self) -> Moves {
        match self {
            Self::System => Moves(None),
            Self::Shifted(it) => Moves(Some(it.offset_ms.subscribe())),
            Self::Manual(it) => Moves(Some(it.now_ms.subscribe())),
        }
    }
}

impl Moves {
    /// Resolves once the clock has been moved since the last call, at once if it already was.
    pub async fn next(&mut self) {
        let moved = match &mut self.0 {
            Some(it) => it.changed().await.is_ok(),
            None => false,
        };
        if !moved {
            std::future::pending::<()>().await;
        }
    }
}

impl Shifted {
    /// Moves the clock forward and wakes whoever waits in [`Shifted::moved`].
    pub fn advance(&self, by: Duration) {
        let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 4);
        self.offset_ms.send_modify(|it| *it = it.saturating_add(ms));
    }

    /// Milliseconds between the system's clock and this one.
    pub fn offset_ms(&self) -> i64 {
        *self.offset_ms.borrow()
    }

    /// Resolves the next time the clock is moved.
    pub async fn moved(&self) {
        Clock::Shifted(self.clone()).moves().next().await;
    }
}

impl Manual {
    /// A clock that shows `start` until it is moved.
    pub fn at(start: Timestamp) -> Self {
        let now_ms = Arc::new(watch::Sender::new(start.as_millisecond()));
        Self { now_ms, waiting: Arc::default(), lead_ms: 0 }
    }

    /// The same clock as somebody reads it who is ahead by so many milliseconds, or behind.
    #[must_use]
    pub fn ahead_by(&self, ms: i64) -> Self {
        Self { lead_ms: self.lead_ms + ms, ..self.clone() }
    }

    pub fn now(&self) -> Timestamp {
        let ms = *self.now_ms.borrow() + self.lead_ms;
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
    }

    /// Moves every clone forward until this one shows `to`. It never goes back.
    pub fn advance_to(&self, to: Timestamp) {
        let to_ms = to.as_millisecond() - self.lead_ms;
        self.now_ms.send_modify(|now_ms| *now_ms = to_ms.max(*now_ms));
    }

    /// The first instant that somebody paces for, if anybody does.
    pub fn next_due(&self) -> Option<Timestamp> {
        let due_ms = self.waiting().keys().next()? + self.lead_ms;
        Timestamp::from_millisecond(due_ms).ok()
    }

    async fn pace(&self, duration: Duration) {
        let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4);
        let mut moves = self.now_ms.subscribe();
        let due_ms = self.now_ms.borrow().saturating_add(ms);
        let _waiting = Waiting::new(self, due_ms);
        // The sender is ours, so waiting cannot fail.
        moves.wait_for(|now_ms| *now_ms >= due_ms).await.ok();
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<i64, usize>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who paces; also who gave up is not waited for any more.
struct Waiting<'a> {
    clock: &'a Manual,
    due_ms: i64,
}

impl<'a> Waiting<'a> {
    fn new(clock: &'a Manual, due_ms: i64) -> Self {
        *clock.waiting().entry(due_ms).or_default() += 1;
        Self { clock, due_ms }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waiting = self.clock.waiting();
        if let Some(n) = waiting.get_mut(&self.due_ms) {
            *n -= 1;
            if *n == 0 {
                waiting.remove(&self.due_ms);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_manual_clock_moves_only_by_hand_and_so_does_who_paces_by_it() {
        let start: Timestamp = "2026-11-24T08:00:00Z".parse().unwrap();
        let hand = Manual::at(start);
        let clock = Clock::Manual(hand.clone());
        let mut pacing = Box::pin(clock.pace(Duration::from_secs(2)));
        assert!((&mut pacing).now_or_never().is_none());
        let due: Timestamp = "2026-11-24T08:00:02Z".parse().unwrap();
        assert_eq!((clock.now(), hand.next_due()), (start, Some(due)));

        hand.advance_to("2026-11-24T08:00:01Z".parse().unwrap());
        assert!((&mut pacing).now_or_never().is_none());
        hand.advance_to(due);
        assert!((&mut pacing).now_or_never().is_some());
        hand.advance_to(start);
        assert_eq!((clock.now(), hand.next_due()), (due, None));
    }

    #[tokio::test]
    async fn who_gives_up_pacing_is_not_waited_for() {
        let hand = Manual::at("2026-11-24T08:00:00Z".parse().unwrap());
        let mut pacing = Box::pin(hand.pace(Duration::from_secs(2)));
        assert!((&mut pacing).now_or_never().is_none());
        drop(pacing);
        assert_eq!(hand.next_due(), None);
    }

    #[test]
    fn a_clone_may_be_ahead_of_the_clock_it_moves_with() {
        let hand = Manual::at("2026-11-24T08:00:00Z".parse().unwrap());
        let ahead = hand.ahead_by(5000);
        hand.advance_to("2026-11-24T08:00:10Z".parse().unwrap());
        assert_eq!(ahead.now().to_string(), "2026-11-24T08:00:15Z");
        ahead.advance_to("2026-11-24T08:00:16Z".parse().unwrap());
        assert_eq!(hand.now().to_string(), "2026-11-24T08:00:11Z");
    }

    #[tokio::test]
    async fn a_move_between_two_looks_is_noticed() {
        let shifted = Shifted::default();
        let clock = Clock::Shifted(shifted.clone());
        let mut moves = clock.moves();
        let before = clock.now();

        shifted.advance(Duration::from_hours(1));

        tokio::time::timeout(Duration::from_secs(5), moves.next()).await.unwrap();
        assert!(clock.now().as_second() - before.as_second() >= 3600);
    }
}
