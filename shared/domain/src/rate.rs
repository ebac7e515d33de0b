// SPDX-License-Identifier: EUPL-1.2
//! One rate per business number, shared by everyone who sends for it.
//!
//! A rate item holds the number's next free instant. A chunk reserves a run of slots by pushing
//! that instant forward, starting at most a second ahead of now; replies push it without waiting.

/// What the rate item says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// Epoch milliseconds of the next free slot; in the past if the number has been quiet.
    pub next_free_ms: i64,
    /// Until then only emergencies are sent.
    pub urgent_until_ms: i64,
    /// Until then the rate is halved, because Meta throttled.
    pub slow_until_ms: i64,
}

/// The furthest ahead of now that a run of slots may start, in milliseconds.
pub const HORIZON_MS: i64 = 1000;

/// A slot that was missed by this long is forfeited, in milliseconds: its person's turn comes again.
pub const MISSED_AFTER_MS: i64 = 1000;

/// How long bulk keeps out of the way after each run of an emergency, in milliseconds: until its
/// next run, however long the whole was thought to take.
const URGENT_MS: i64 = 3000;

/// The most people one job of the sender works on.
pub const CHUNK: usize = 50;

/// How the asked slots turn out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slots {
    /// `n` slots, at most a second's worth: the first in epoch milliseconds, the gap between two
    /// in microseconds.
    Granted { n: usize, first_ms: i64, gap_us: i64 },
    /// Too many before us: ask again at that instant.
    Wait { until_ms: i64 },
}

/// Milliseconds that `n` messages take at `per_second`, rounded up.
pub fn cost_ms(n: usize, per_second: u32) -> i64 {
    let per_second = i64::from(per_second.max(1));
    let n = i64::try_from(n).unwrap_or(i64::MAX / 2000);
    (n * 1000 + per_second - 1) / per_second
}

/// Asks for up to `n` slots at `per_second` and gives the item as it stands afterwards.
///
/// Slots missed while the number was quiet are forfeited: the run starts now, not in the past.
pub fn reserve(
    rate: Rate,
    now_ms: i64,
    n: usize,
    per_second: u32,
    emergency: bool,
) -> (Slots, Rate) {
    if !emergency && rate.urgent_until_ms > now_ms {
        return (Slots::Wait { until_ms: rate.urgent_until_ms }, rate);
    }
    let slowed = rate.slow_until_ms > now_ms;
    let per_second = if slowed { (per_second / 2).max(1) } else { per_second.max(1) };
    let n = n.min(per_second as usize);
    let cost = cost_ms(n, per_second);
    let first_ms = rate.next_free_ms.max(now_ms);
    // Queues wake a chunk by whole seconds: a run may start as much ahead, or slots would go to waste.
    if first_ms > now_ms + HORIZON_MS {
        return (Slots::Wait { until_ms: first_ms - HORIZON_MS }, rate);
    }
    let gap_us = 1_000_000 / i64::from(per_second);
    let next_free_ms = first_ms + cost;
    let mut urgent_until_ms = rate.urgent_until_ms;
    if emergency {
        urgent_until_ms = urgent_until_ms.max(next_free_ms + URGENT_MS);
    }
    (Slots::Granted { n, first_ms, gap_us }, Rate { next_free_ms, urgent_until_ms, ..rate })
}

/// What one process sends for one number, one message after the other: whoever was held up does
/// not send at once all that became due meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// Epoch microseconds.
    next_us: i64,
}

impl Pace {
    /// When a message that is ready `now_us` may go: [`least_gap_us`] after the one before.
    pub fn next(&mut self, now_us: i64, gap_us: i64) -> i64 {
        let start_us = self.next_us.max(now_us);
        self.next_us = start_us + gap_us;
        start_us
    }
}

/// The least time between two messages of one process, in microseconds, where slots are `gap_us`
/// apart: it may catch up with half of what the number keeps for replies.
pub fn least_gap_us(gap_us: i64, bulk_per_second: u32, per_second: u32) -> i64 {
    let bulk = i64::from(bulk_per_second.max(1));
    gap_us * 2 * bulk / (bulk + i64::from(per_second).max(bulk))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_000_000;

    fn free_at(next_free_ms: i64) -> Rate {
        Rate { next_free_ms, ..Rate::default() }
    }

    #[test]
    fn slots_follow_each_other_and_never_lie_in_the_past() {
        let granted = |n, first_ms| Slots::Granted { n, first_ms, gap_us: 20_000 };
        for (next_free, n, want) in [
            (0, 50, granted(50, NOW)),
            (NOW - 1, 50, granted(50, NOW)),
            (NOW + 500, 25, granted(25, NOW + 500)),
            (NOW, 80, granted(50, NOW)),
            (NOW + 500, 50, granted(50, NOW + 500)),
            (NOW + 1000, 50, granted(50, NOW + 1000)),
            (NOW + 1001, 50, Slots::Wait { until_ms: NOW + 1 }),
            (NOW + 5000, 50, Slots::Wait { until_ms: NOW + 4000 }),
        ] {
            assert_eq!(reserve(free_at(next_free), NOW, n, 50, false).0, want, "{next_free} {n}");
        }
    }

    #[test]
    fn bulk_waits_for_an_emergency_and_an_emergency_for_nobody() {
        let urgent = Rate { urgent_until_ms: NOW + 3000, ..free_at(0) };
        assert_eq!(reserve(urgent, NOW, 50, 50, false).0, Slots::Wait { until_ms: NOW + 3000 });
        let (slots, after) = reserve(urgent, NOW, 50, 50, true);
        assert!(matches!(slots, Slots::Granted { .. }));
        // As long as it goes on, however long it was thought to take.
        assert_eq!(after.urgent_until_ms, NOW + 1000 + URGENT_MS);
        let longer = Rate { urgent_until_ms: NOW + 60_000, ..urgent };
        assert_eq!(reserve(longer, NOW, 50, 50, true).1.urgent_until_ms, NOW + 60_000);
    }

    #[test]
    fn a_throttled_number_goes_at_half_the_rate() {
        let slowed = Rate { slow_until_ms: NOW + 1, ..free_at(0) };
        let (slots, after) = reserve(slowed, NOW, 10, 80, false);
        assert_eq!(slots, Slots::Granted { n: 10, first_ms: NOW, gap_us: 25_000 });
        assert_eq!(after.next_free_ms, NOW + 250);
    }

    #[test]
    fn who_was_held_up_catches_up_within_the_rate() {
        let gap_us = least_gap_us(14_285, 70, 80);
        assert_eq!(gap_us, 13_332, "75 a second");
        assert_eq!(least_gap_us(12_500, 80, 80), 12_500, "nothing is kept for replies");
        let mut pace = Pace::default();
        // Fifty slots from now on, all of them seen to half a second late.
        let slots = (0..50).map(|k| NOW * 1000 + k * 14_285);
        let starts: Vec<_> =
            slots.map(|it| pace.next(it.max(NOW * 1000 + 500_000), gap_us)).collect();
        assert_eq!(starts[0], NOW * 1000 + 500_000);
        assert!(starts.windows(2).all(|it| it[1] - it[0] >= gap_us));
        // On time again, a message goes when it is ready.
        assert_eq!(pace.next(NOW * 1000 + 9_000_000, gap_us), NOW * 1000 + 9_000_000);
    }

    proptest! {
        /// However senders ask, no second of granted slots holds more than the rate.
        #[test]
        fn no_second_holds_more_than_the_rate(
            asks in prop::collection::vec((0_i64..700, 1_usize..=CHUNK), 1..60),
            per_second in 20_u32..200,
        ) {
            let mut rate = Rate::default();
            let mut now = NOW;
            let mut sent: Vec<i64> = Vec::new();
            for (pause, n) in asks {
                now += pause;
                let (slots, after) = reserve(rate, now, n, per_second, false);
                rate = after;
                if let Slots::Granted { n, first_ms, gap_us } = slots {
                    sent.extend((0..).take(n).map(|k| first_ms * 1000 + gap_us * k));
                }
            }
            for (i, start) in sent.iter().enumerate() {
                let within = sent[i..].iter().take_while(|it| **it < start + 999_000).count();
                prop_assert!(within <= per_second as usize, "{within} in a second");
            }
        }
    }
}
