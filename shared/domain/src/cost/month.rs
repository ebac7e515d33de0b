// SPDX-License-Identifier: EUPL-1.2
//! Months, which is how budgets, free messages and bills are counted.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};

use crate::hours::{ROME, month_name};

/// A month of a year in Rome: `2026-11`. In this form months sort as text.
///
/// Meta counts by the messaging account's time zone, which for a comune is Rome's; what it does
/// within an hour of midnight is its own affair (unconfirmed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(Date);

/// Not `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a month: a year and a month are needed, as 2026-11")]
pub struct NotAMonth;

impl Month {
    pub fn of(at: Timestamp) -> Self {
        Self(day_in_rome(at).first_of_month())
    }

    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1.months()))
    }

    #[must_use]
    pub fn before(self) -> Self {
        Self(self.0.saturating_sub(1.months()))
    }

    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// From this month to `last`, both included; none if `last` is earlier.
    pub fn through(self, last: Self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), |it| Some(it.next())).take_while(move |it| *it <= last)
    }

    /// The first month of the same year.
    #[must_use]
    pub fn january(self) -> Self {
        Self(date(self.year(), 1, 1))
    }

    /// `novembre 2026`
    pub fn in_words(self) -> String {
        format!("{} {}", month_name(self.0.month()), self.year())
    }
}

/// The day in Rome, which decides the rate.
pub(super) fn day_in_rome(at: Timestamp) -> Date {
    at.to_zoned(ROME.clone()).date()
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let shape =
            |(n, byte): (usize, u8)| if n == 4 { byte == b'-' } else { byte.is_ascii_digit() };
        if text.len() != 7 || !text.bytes().enumerate().all(shape) {
            return Err(NotAMonth);
        }
        format!("{text}-01").parse().map(Self).map_err(|_| NotAMonth)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_month_begins_at_midnight_in_rome() {
        for (at, want) in [
            ("2026-10-31T22:59:59Z", "2026-10"),
            ("2026-10-31T23:00:00Z", "2026-11"),
            ("2026-06-30T22:00:00Z", "2026-07"),
            ("2026-12-31T23:00:00Z", "2027-01"),
        ] {
            assert_eq!(Month::of(at.parse().unwrap()).to_string(), want, "{at}");
        }
    }

    #[test]
    fn reads_months() {
        for text in ["2026-11", "2026-01", "0001-12"] {
            assert_eq!(text.parse::<Month>().unwrap().to_string(), text);
        }
        for text in ["", "2026", "2026-13", "2026-00", "2026-1", "2026-11-01", "+026-11", "2026/11"]
        {
            assert_eq!(text.parse::<Month>(), Err(NotAMonth), "{text}");
        }
        assert_eq!("2026-08".parse::<Month>().unwrap().in_words(), "agosto 2026");
    }

    proptest! {
        #[test]
        fn months_follow_each_other_without_a_gap(year in 2_000_i16..2_100, number in 1_i8..=12) {
            let month = Month(date(year, number, 1));
            prop_assert_eq!(month.next().before(), month);
            prop_assert!(month.next().to_string() > month.to_string());
            prop_assert_eq!(month.to_string().parse(), Ok(month));
            prop_assert_eq!(month.through(month.next().next()).count(), 3);
            prop_assert_eq!(month.through(month.before()).count(), 0);
            prop_assert_eq!(month.january().through(month).count(), usize::try_from(number).unwrap());
        }
    }
}
