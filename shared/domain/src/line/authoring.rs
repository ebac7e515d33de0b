// SPDX-License-Identifier: EUPL-1.2
//! How a line's notices are written and let go.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::hours::ROME;
use crate::phone::Phone;

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Authoring {
    /// Days between the calling of an election and the end of the vote, both included.
    pub electoral_periods: Vec<Period>,
    /// Numbers of the office's own phones, which may be sent a broadcast to try it.
    pub test_numbers: Vec<Phone>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub from: Date,
    pub to: Date,
}

impl Authoring {
    /// The electoral period in which an instant lies, by the days of Rome.
    pub fn electoral_period(&self, at: Timestamp) -> Option<Period> {
        let day = at.to_zoned(ROME.clone()).date();
        self.electoral_periods.iter().find(|it| it.from <= day && day <= it.to).copied()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_period_has_its_first_and_last_day_in_rome() {
        let period = Period { from: date(2027, 4, 1), to: date(2027, 5, 30) };
        let authoring = Authoring { electoral_periods: vec![period], ..Authoring::default() };
        for (at, want) in [
            ("2027-03-31T21:59:59Z", None),
            ("2027-03-31T22:00:00Z", Some(period)),
            ("2027-05-30T21:59:59Z", Some(period)),
            ("2027-05-30T22:00:00Z", None),
        ] {
            assert_eq!(authoring.electoral_period(at.parse().unwrap()), want, "{at}");
        }
    }
}
