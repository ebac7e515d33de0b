// SPDX-License-Identifier: EUPL-1.2
//! Quiet hours: when bulk messages rest. Emergencies and answers never do.

use jiff::{Timestamp, ToSpan};

use crate::hours::ROME;
use crate::line::QuietHours;

/// The end of the quiet hours that `now` lies in; `None` if it lies in none.
///
/// Times of day are Rome's. When clocks go forward over the end, it is the first instant after it.
pub fn quiet_until(quiet: &QuietHours, now: Timestamp) -> Option<Timestamp> {
    let local = now.to_zoned(ROME.clone());
    let (time, date) = (local.time(), local.date());
    let over_midnight = quiet.from > quiet.to;
    let ends_on = if over_midnight {
        match time {
            it if it >= quiet.from => date.checked_add(1.day()).ok()?,
            it if it < quiet.to => date,
            _ => return None,
        }
    } else if quiet.from <= time && time < quiet.to {
        date
    } else {
        return None;
    };
    let end = ends_on.to_datetime(quiet.to).to_zoned(ROME.clone()).ok()?.timestamp();
    // In the repeated hour of autumn the end may lie behind: then they are over.
    (end > now).then_some(end)
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn quiet_hours_end_in_the_morning_of_rome() {
        let night = QuietHours { from: time(21, 0, 0, 0), to: time(8, 0, 0, 0) };
        let lunch = QuietHours { from: time(13, 0, 0, 0), to: time(15, 0, 0, 0) };
        for (quiet, now, want) in [
            (night, "2026-11-22T20:59:59+01:00", None),
            (night, "2026-11-22T21:00:00+01:00", Some("2026-11-23T08:00:00+01:00")),
            (night, "2026-11-23T00:30:00+01:00", Some("2026-11-23T08:00:00+01:00")),
            (night, "2026-11-23T08:00:00+01:00", None),
            (lunch, "2026-11-22T12:59:00+01:00", None),
            (lunch, "2026-11-22T13:00:00+01:00", Some("2026-11-22T15:00:00+01:00")),
            (lunch, "2026-11-22T15:00:00+01:00", None),
            // The night in which clocks go back, and the one in which they go forward.
            (night, "2026-10-24T22:00:00+02:00", Some("2026-10-25T08:00:00+01:00")),
            (night, "2027-03-27T22:00:00+01:00", Some("2027-03-28T08:00:00+02:00")),
        ] {
            assert_eq!(quiet_until(&quiet, at(now)), want.map(at), "{now}");
        }
    }

    proptest! {
        #[test]
        fn quiet_hours_end_later_than_now_and_are_over_then(
            from in 0_i8..24, to in 0_i8..24, second in 1_790_000_000_i64..1_830_000_000
        ) {
            let quiet = QuietHours { from: time(from, 0, 0, 0), to: time(to, 0, 0, 0) };
            let now = Timestamp::from_second(second).unwrap();
            if let Some(end) = quiet_until(&quiet, now) {
                prop_assert!(end > now);
                prop_assert!(quiet_until(&quiet, end).is_none() || from == to);
                prop_assert!(end.as_second() - now.as_second() <= 25 * 3600);
            }
        }
    }
}
