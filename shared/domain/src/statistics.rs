// SPDX-License-Identifier: EUPL-1.2
//! A line's subscribers in numbers, day by day, with nobody in them.
//!
//! Written every night before anything goes, so that what a year was like is known after its
//! people are forgotten.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::hours::ROME;
use crate::ids::TopicId;

/// One day of a line, or several of them together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// The first day of it.
    pub from: Date,
    /// Subscribers at its end.
    pub total: i64,
    /// Who joined and who left, by whatever way, as often as they did.
    pub joined: i64,
    pub left: i64,
    /// Followers of each topic at its end.
    pub topics: BTreeMap<TopicId, i64>,
}

/// How days are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Day,
    Month,
}

impl By {
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "day" => Some(Self::Day),
            "month" => Some(Self::Month),
            _ => None,
        }
    }

    /// `2026-11-25`, `2026-11`
    pub fn label(self, from: Date) -> String {
        match self {
            Self::Day => from.to_string(),
            Self::Month => from.strftime("%Y-%m").to_string(),
        }
    }
}

/// The day that a night closes: in Rome, the one before.
///
/// The night's run is some hours after midnight; what happened in them is of the day it closes.
pub fn day_closed_at(night: Timestamp) -> Date {
    let today = ROME.to_datetime(night).date();
    today.yesterday().unwrap_or(today)
}

/// Puts days, in order, together.
pub fn put_together(days: impl IntoIterator<Item = Numbers>, by: By) -> Vec<Numbers> {
    let mut together: Vec<Numbers> = Vec::new();
    for day in days {
        match together.last_mut() {
            Some(last) if by.label(last.from) == by.label(day.from) => {
                let (from, joined, left) =
                    (last.from, last.joined + day.joined, last.left + day.left);
                *last = Numbers { from, joined, left, ..day };
            }
            _ => together.push(day),
        }
    }
    together
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn day(month: i8, day: i8, total: i64, joined: i64, left: i64) -> Numbers {
        let topics = BTreeMap::from([(TopicId::new("eventi"), total / 2)]);
        Numbers { from: date(2026, month, day), total, joined, left, topics }
    }

    #[test]
    fn a_month_ends_with_the_numbers_of_its_last_day_and_adds_up_who_came_and_went() {
        let days = [day(10, 30, 10, 3, 0), day(10, 31, 12, 4, 2), day(11, 1, 11, 0, 1)];
        let months = put_together(days.clone(), By::Month);
        let october = Numbers { from: date(2026, 10, 30), ..day(10, 31, 12, 7, 2) };
        assert_eq!(months, [october, day(11, 1, 11, 0, 1)]);
        assert_eq!(
            months.iter().map(|it| By::Month.label(it.from)).collect::<Vec<_>>(),
            ["2026-10", "2026-11"]
        );
        assert_eq!(put_together(days.clone(), By::Day), days);
    }

    #[test]
    fn a_night_closes_the_day_before_in_rome() {
        for (night, want) in [
            ("2026-11-26T02:00:00Z", date(2026, 11, 25)),
            ("2026-07-01T02:00:00Z", date(2026, 6, 30)),
            ("2026-11-25T23:30:00Z", date(2026, 11, 25)),
        ] {
            assert_eq!(day_closed_at(night.parse().unwrap()), want, "{night}");
        }
    }
}
