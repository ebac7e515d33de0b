//! What time it is: the system's, or one that a test or the local stack moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

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
    offset_ms: Arc<AtomicI64>,
    moved: Arc<Notify>,
}

impl Clock {
    /// A clock that shows `start` now and runs on from there.
    pub fn starting_at(start: Timestamp) -> Self {
        let shifted = Shifted::default();
        let offset = start.as_millisecond() - Timestamp::now().as_millisecond();
        shifted.offset_ms.store(offset, Ordering::SeqCst);
        Self::Shifted(shifted)
    }

    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Shifted(it) => {
                let ms = Timestamp::now().as_millisecond() + it.offset_ms.load(Ordering::SeqCst);
                Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// Waits in real time, for pacing and polling: moving the clock does not shorten it.
    pub async fn pace(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

impl Shifted {
    /// Moves the clock forward and wakes whoever waits in [`Shifted::moved`].
    pub fn advance(&self, by: Duration) {
        let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 4);
        self.offset_ms.fetch_add(ms, Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    /// Milliseconds between the system's clock and this one.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }

    /// Resolves the next time the clock is moved.
    pub async fn moved(&self) {
        self.moved.notified().await;
    }
}
