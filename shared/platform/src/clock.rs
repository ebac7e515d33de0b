//! What time it is: the system's, or one that a test or the local stack moves.

use std::sync::Arc;
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
}

#[derive(Clone, Debug, Default)]
pub struct Shifted {
    offset_ms: Arc<watch::Sender<i64>>,
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
        }
    }

    /// Waits in real time, for pacing and polling: moving the clock does not shorten it.
    pub async fn pace(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// The moves from now on. The system's clock is never moved.
    pub fn moves(&self) -> Moves {
        match self {
            Self::System => Moves(None),
            Self::Shifted(it) => Moves(Some(it.offset_ms.subscribe())),
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

#[cfg(test)]
mod tests {
    use super::*;

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
