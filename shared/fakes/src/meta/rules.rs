// SPDX-License-Identifier: EUPL-1.2
//! Meta's limits and prices as arithmetic; instants are milliseconds since 1970.

use std::collections::VecDeque;

use serde_json::{Value, json};

pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// One message to the same person every six seconds …
const PAIR_GAP_MS: i64 = 6_000;
/// … of which up to 45 may come at once, borrowed from the quota that follows.
const PAIR_BURST: i64 = 45;

/// Free service messages a number has in a month.
const FREE_SERVICE: u32 = 1_000;

/// Whether free-form messages pass: for 24 hours from the person's last message.
pub(crate) fn window_open(last_inbound_ms: Option<i64>, now_ms: i64) -> bool {
    last_inbound_ms.is_some_and(|it| now_ms - it < DAY_MS)
}

/// The pair's next free instant after one more message, or `None` if there is no room for it.
pub(crate) fn pair_after_one(free_at_ms: Option<i64>, now_ms: i64) -> Option<i64> {
    let free_at = free_at_ms.unwrap_or(now_ms).max(now_ms);
    (free_at - now_ms <= (PAIR_BURST - 1) * PAIR_GAP_MS).then_some(free_at + PAIR_GAP_MS)
}

/// Messages of a number within the last second, both directions.
#[derive(Default)]
pub(crate) struct Throughput(VecDeque<i64>);

impl Throughput {
    pub(crate) fn has_room(&mut self, now_ms: i64, rate: u32) -> bool {
        while self.0.front().is_some_and(|it| now_ms - it >= 1_000) {
            self.0.pop_front();
        }
        self.0.len() < rate as usize
    }

    pub(crate) fn count(&mut self, now_ms: i64) {
        self.0.push_back(now_ms);
    }
}

/// The `pricing` of one status. `category` is the template's, or `None` for a service message;
/// `served_before` are the service messages of that number in that month.
pub(crate) fn pricing(category: Option<&str>, served_before: u32) -> Value {
    let (kind, category) = match category {
        Some(category) => ("regular", category),
        None if served_before < FREE_SERVICE => ("free_customer_service", "service"),
        None => ("regular", "service"),
    };
    json!({
        "billable": kind == "regular",
        "pricing_model": "PMP",
        "type": kind,
        "category": category,
    })
}

/// How long after the `failed`-th failure a webhook is tried again: at once, then ever later.
/// Meta does not publish its gaps.
pub(crate) fn retry_gap_ms(failed: u32) -> i64 {
    const GAPS_S: [i64; 8] = [0, 1, 5, 15, 60, 300, 900, 3_600];
    GAPS_S[(failed.saturating_sub(1) as usize).min(GAPS_S.len() - 1)] * 1_000
}

/// Meta gives a webhook up after seven days.
pub(crate) const RETRY_FOR_MS: i64 = 7 * DAY_MS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_45_at_once_and_then_one_every_six_seconds() {
        let mut free_at = None;
        for n in 0..45 {
            free_at = pair_after_one(free_at, 0);
            assert!(free_at.is_some(), "message {n}");
        }
        assert_eq!(pair_after_one(free_at, 5_999), None);
        let later = pair_after_one(free_at, 6_000);
        assert!(later.is_some());
        assert_eq!(pair_after_one(later, 6_000), None);
    }

    #[test]
    fn a_rested_pair_has_its_whole_burst_again_but_never_more() {
        let mut free_at = Some(0);
        let mut n = 0;
        while let Some(next) = pair_after_one(free_at, 10 * DAY_MS) {
            free_at = Some(next);
            n += 1;
        }
        assert_eq!(n, 45);
    }

    #[test]
    fn the_second_slides() {
        let mut second = Throughput::default();
        for at in [0, 500] {
            assert!(second.has_room(at, 2));
            second.count(at);
        }
        assert!(!second.has_room(999, 2));
        assert!(second.has_room(1_000, 2));
        second.count(1_000);
        assert!(!second.has_room(1_499, 2));
        assert!(second.has_room(1_500, 2));
    }

    #[test]
    fn the_window_closes_after_24_hours() {
        assert!(!window_open(None, 0));
        assert!(window_open(Some(0), DAY_MS - 1));
        assert!(!window_open(Some(0), DAY_MS));
    }

    #[test]
    fn a_thousand_service_messages_are_free() {
        assert_eq!(pricing(None, 999)["type"], "free_customer_service");
        assert_eq!(pricing(None, 999)["billable"], false);
        assert_eq!(pricing(None, 1_000)["type"], "regular");
        assert_eq!(pricing(None, 1_000)["category"], "service");
        assert_eq!(pricing(Some("utility"), 0)["type"], "regular");
    }

    #[test]
    fn retries_start_at_once_and_grow_apart() {
        let gaps: Vec<_> = (1..=10).map(retry_gap_ms).collect();
        assert_eq!(gaps[..3], [0, 1_000, 5_000]);
        assert!(gaps.windows(2).all(|it| it[0] <= it[1]));
        assert_eq!(gaps[9], 3_600_000);
    }
}
