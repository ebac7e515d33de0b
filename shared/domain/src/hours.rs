// SPDX-License-Identifier: EUPL-1.2
//! Office hours: a subset of the OpenStreetMap `opening_hours` notation, read and put in words.
//!
//! The office writes `Mo-Fr 09:00-13:00; PH off`; a citizen reads "dal lunedì al venerdì dalle 9
//! alle 13, esclusi i giorni festivi". Everything is in the time of Rome.

mod calendar;
mod notation;
mod words;

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

pub use calendar::{PatronDay, easter, is_national_holiday};
pub use words::opening_words;
pub(crate) use words::{
    MONTHS, WEEKDAYS, and, at_time, date_words, dated_moment_words, day_words, moment_words,
    month_name, weekday_name,
};

/// The one time zone of every line, compiled in.
pub static ROME: TimeZone = jiff::tz::get!("Europe/Rome");

/// RFC 3339 with the offset of Rome: `2026-11-22T09:00:00+01:00`.
pub fn rfc3339(at: Timestamp) -> String {
    at.to_zoned(ROME.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// How far ahead the next opening is looked for, in days. Source: italian-pa, section 4.3.
const DAYS_AHEAD: i32 = 60;

/// Weekly opening hours, with what differs on holidays and on certain dates.
///
/// A later rule replaces the earlier ones on the days it names, as in `opening_hours`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    rules: Vec<Rule>,
}

/// Why hours, or a patron day, cannot be read. In Italian: the office reads it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {remedy}")]
pub struct HoursError {
    pub what: String,
    /// What to write instead.
    pub remedy: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    days: Days,
    /// In order, apart from each other; none is closed.
    spans: Vec<Span>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Days {
    Weekly { weekdays: Week, holidays: bool },
    Dated(Vec<DateRange>),
}

/// One flag a weekday, Monday first.
type Week = [bool; 7];

/// Minutes after midnight, `to` excluded; 1,440 is the end of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    from: i16,
    to: i16,
}

/// First and last day, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DateRange {
    /// Month and day; over New Year if the first lies after the last.
    EveryYear {
        from: (i8, i8),
        to: (i8, i8),
    },
    Once {
        from: Date,
        to: Date,
    },
}

impl Hours {
    /// Reads `Mo,We,Fr 09:00-13:00; Tu,Th 09:00-13:00,15:30-17:30; Dec 24 09:00-12:00; Aug off;
    /// PH off`.
    ///
    /// Weekdays and `PH` (national holidays and the patron day), dates with or without a year,
    /// several spans a day. What `opening_hours` allows but people get wrong is refused: a
    /// weekday given twice, weekly hours after an exception.
    pub fn parse(text: &str) -> Result<Self, HoursError> {
        notation::read(text)
    }

    /// Whether the office is open at a local time.
    pub fn is_open(&self, at: DateTime, patron: Option<&PatronDay>) -> bool {
        let minute = i16::from(at.hour()) * 60 + i16::from(at.minute());
        self.spans_on(at.date(), patron).iter().any(|it| it.from <= minute && minute < it.to)
    }

    /// From when to when the office is open on a day, span by span.
    ///
    /// Where clocks change within a span, a doubtful part is left out, so that no instant in it is
    /// outside the hours.
    pub fn open_on(&self, day: Date, patron: Option<&PatronDay>) -> Vec<(Timestamp, Timestamp)> {
        let instants = |span: &Span| {
            let from = ROME.to_ambiguous_timestamp(span.start_on(day)).later().ok()?;
            let to = ROME.to_ambiguous_timestamp(span.end_on(day)?).earlier().ok()?;
            (from < to).then_some((from, to))
        };
        self.spans_on(day, patron).iter().filter_map(instants).collect()
    }

    /// The first instant from `now` on at which the office is open: `now` itself if it is.
    ///
    /// `None` if there is none in the next 60 days.
    pub fn next_opening(&self, now: Timestamp, patron: Option<&PatronDay>) -> Option<Timestamp> {
        let open = |at: &Timestamp| self.is_open(ROME.to_datetime(*at), patron);
        if open(&now) {
            return Some(now);
        }
        let today = ROME.to_datetime(now).date();
        let last = today.checked_add(DAYS_AHEAD.days()).ok()?;
        // A clock change may open the office in the middle of a span, or open it twice.
        let change = ROME.following(now).next().map(|it| it.timestamp());
        let change = change.filter(|at| ROME.to_datetime(*at).date() <= last);
        today
            .series(1.day())
            .take_while(|day| *day <= last)
            .flat_map(|day| self.starts_on(day, patron))
            .chain(change)
            .filter(|at| *at > now)
            .filter(open)
            .min()
    }

    /// The first instant after `open_at` at which the office is closed, `open_at` being one at which
    /// it is open. `None` if it does not close in the next 60 days.
    pub fn closing(&self, open_at: Timestamp, patron: Option<&PatronDay>) -> Option<Timestamp> {
        let today = ROME.to_datetime(open_at).date();
        let last = today.checked_add(DAYS_AHEAD.days()).ok()?;
        let change = ROME.following(open_at).next().map(|it| it.timestamp());
        let change = change.filter(|at| ROME.to_datetime(*at).date() <= last);
        today
            .series(1.day())
            .take_while(|day| *day <= last)
            .flat_map(|day| self.ends_on(day, patron))
            .chain(change)
            .filter(|at| *at > open_at && !self.is_open(ROME.to_datetime(*at), patron))
            .min()
    }

    /// When so much opening time has passed from `from` on. `None` if that is further away than
    /// openings are looked for.
    pub fn after_open(
        &self,
        from: Timestamp,
        time: SignedDuration,
        patron: Option<&PatronDay>,
    ) -> Option<Timestamp> {
        let (mut at, mut left) = (from, time);
        loop {
            let open = self.next_opening(at, patron)?;
            let Some(close) = self.closing(open, patron) else { return Some(open + left) };
            let span = close.duration_since(open);
            if left <= span {
                return Some(open + left);
            }
            (at, left) = (close, left - span);
        }
    }

    fn ends_on(&self, day: Date, patron: Option<&PatronDay>) -> Vec<Timestamp> {
        let ends = self.spans_on(day, patron).iter().filter_map(|it| it.end_on(day));
        ends.flat_map(|local| {
            let instant = ROME.to_ambiguous_timestamp(local);
            [instant.earlier(), instant.later()]
        })
        .flatten()
        .collect()
    }

    fn starts_on(&self, day: Date, patron: Option<&PatronDay>) -> Vec<Timestamp> {
        let starts = self.spans_on(day, patron).iter().map(|it| it.start_on(day));
        starts
            .flat_map(|local| {
                let instant = ROME.to_ambiguous_timestamp(local);
                [instant.earlier(), instant.later()]
            })
            .flatten()
            .collect()
    }

    fn spans_on(&self, day: Date, patron: Option<&PatronDay>) -> &[Span] {
        let rule = self.rules.iter().rev().find(|it| it.days.include(day, patron));
        rule.map_or(&[], |it| &it.spans)
    }

    /// The spans of each weekday that has some, Monday is 0, exceptions left out.
    fn weekly(&self) -> BTreeMap<usize, &[Span]> {
        let mut table = BTreeMap::new();
        for rule in &self.rules {
            if let Days::Weekly { weekdays, .. } = &rule.days {
                for (weekday, _) in weekdays.iter().enumerate().filter(|(_, named)| **named) {
                    table.insert(weekday, rule.spans.as_slice());
                }
            }
        }
        table.retain(|_, spans| !spans.is_empty());
        table
    }
}

impl Days {
    fn include(&self, day: Date, patron: Option<&PatronDay>) -> bool {
        match self {
            Self::Weekly { weekdays, holidays } => {
                let weekday = usize::from(day.weekday().to_monday_zero_offset().unsigned_abs());
                weekdays[weekday] || (*holidays && is_holiday(day, patron))
            }
            Self::Dated(ranges) => ranges.iter().any(|it| it.include(day)),
        }
    }
}

impl DateRange {
    fn include(self, day: Date) -> bool {
        match self {
            Self::Once { from, to } => from <= day && day <= to,
            Self::EveryYear { from, to } => {
                let it = (day.month(), day.day());
                if from <= to { from <= it && it <= to } else { from <= it || it <= to }
            }
        }
    }
}

impl Span {
    /// A span starts before midnight, so its start is a time of that day.
    fn start_on(self, day: Date) -> DateTime {
        let (hour, minute) = (self.from / 60, self.from % 60);
        day.at(narrow(hour), narrow(minute), 0, 0)
    }

    /// `None` at the end of time.
    fn end_on(self, day: Date) -> Option<DateTime> {
        if self.to == 24 * 60 {
            return day.tomorrow().ok().map(|it| it.at(0, 0, 0, 0));
        }
        Some(Self { from: self.to, ..self }.start_on(day))
    }
}

fn narrow(number: i16) -> i8 {
    i8::try_from(number).expect("an hour or a minute is below 60")
}

fn is_holiday(day: Date, patron: Option<&PatronDay>) -> bool {
    is_national_holiday(day) || patron.is_some_and(|it| it.falls_on(day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const RIMINI: &str = "Mo,We,Fr,Sa 09:00-13:00; Tu,Th 09:00-17:00; PH off";

    fn hours(text: &str) -> Hours {
        Hours::parse(text).unwrap()
    }

    fn rome(text: &str) -> Timestamp {
        let local: DateTime = text.parse().unwrap();
        local.to_zoned(ROME.clone()).unwrap().timestamp()
    }

    #[test]
    fn knows_when_it_is_open() {
        let patron = PatronDay::parse("31 dicembre").unwrap();
        for (text, at, want) in [
            ("Mo-Fr 09:00-13:00", "2026-11-23T09:00", true),
            ("Mo-Fr 09:00-13:00", "2026-11-23T12:59:59", true),
            ("Mo-Fr 09:00-13:00", "2026-11-23T13:00", false),
            ("Mo-Fr 09:00-13:00", "2026-11-22T10:00", false),
            ("Fr-Mo 09:00-13:00", "2026-11-22T10:00", true),
            ("Fr-Mo 09:00-13:00", "2026-11-24T10:00", false),
            ("Tu,Th 09:00-13:00,15:30-17:30", "2026-11-24T15:29", false),
            ("Tu,Th 09:00-13:00,15:30-17:30", "2026-11-24T15:30", true),
            ("Mo-Su 00:00-24:00", "2026-11-24T23:59", true),
            // Holidays stay open unless the hours say otherwise, as in `opening_hours`.
            ("Mo-Fr 09:00-13:00", "2027-10-04T10:00", true),
            ("Mo-Fr 09:00-13:00; PH off", "2027-10-04T10:00", false),
            ("Mo-Fr 09:00-13:00; PH off", "2024-10-04T10:00", true),
            ("Mo-Fr 09:00-13:00; PH off", "2027-03-29T10:00", false),
            // The patron day is a holiday.
            ("Mo-Fr 09:00-13:00; PH off", "2026-12-31T10:00", false),
            ("Mo-Fr 09:00-13:00; PH 10:00-12:00", "2026-12-31T09:30", false),
            ("Mo-Fr 09:00-13:00; PH 10:00-12:00", "2026-12-31T10:30", true),
            // Dates, each replacing what came before.
            ("Mo-Fr 09:00-13:00; Aug off", "2026-08-31T10:00", false),
            ("Mo-Fr 09:00-13:00; Aug off", "2026-09-01T10:00", true),
            ("Mo-Fr 09:00-13:00; Dec 24-Jan 6 off", "2027-01-05T10:00", false),
            ("Mo-Fr 09:00-13:00; Dec 24-Jan 6 off", "2027-01-07T10:00", true),
            ("Mo-Fr 09:00-13:00; Dec 23,Dec 24 09:00-12:00", "2026-12-24T12:30", false),
            ("Mo-Fr 09:00-13:00; 2026 Aug 10-21 off", "2026-08-21T10:00", false),
            ("Mo-Fr 09:00-13:00; 2026 Aug 10-21 off", "2027-08-10T10:00", true),
            ("Mo-Fr 09:00-13:00; 2026 Dec 28-2027 Jan 4 off", "2027-01-04T10:00", false),
            ("Mo-Fr 09:00-13:00; We off", "2026-11-25T10:00", false),
        ] {
            let at: DateTime = at.parse().unwrap();
            assert_eq!(hours(text).is_open(at, Some(&patron)), want, "{text} at {at}");
        }
    }

    #[test]
    fn finds_the_next_opening() {
        let patron = PatronDay::parse("25 aprile").unwrap();
        let office = "Mo-Fr 09:00-13:00; PH off";
        for (text, now, want) in [
            (office, "2026-11-23T08:00", Some("2026-11-23T09:00")),
            (office, "2026-11-23T09:30", Some("2026-11-23T09:30")),
            (office, "2026-11-23T13:00", Some("2026-11-24T09:00")),
            (office, "2026-11-27T18:00", Some("2026-11-30T09:00")),
            // A holiday on Monday moves Friday evening to Tuesday.
            (office, "2027-10-01T18:00", Some("2027-10-05T09:00")),
            // Easter Monday, on the day after the clock went forward.
            (office, "2027-03-26T18:00", Some("2027-03-30T09:00")),
            // A closure that begins during an open span.
            (
                "Mo-Fr 09:00-17:00; Dec 24 09:00-12:00; Dec 25-Jan 6 off",
                "2026-12-24T12:00",
                Some("2027-01-07T09:00"),
            ),
            (RIMINI, "2026-11-28T14:00", Some("2026-11-30T09:00")),
            // More than 60 days away.
            ("Jan 15 09:00-12:00; PH off", "2026-11-01T10:00", None),
            ("Jan 15 09:00-12:00; PH off", "2026-11-20T10:00", Some("2027-01-15T09:00")),
            // 02:15 does not exist on the day the clock goes forward: the office opens at 3.
            ("Su 02:15-04:00", "2027-03-28T00:30", Some("2027-03-28T03:00")),
        ] {
            let got = hours(text).next_opening(rome(now), Some(&patron));
            assert_eq!(got, want.map(rome), "{text} from {now}");
        }
    }

    #[test]
    fn opens_twice_in_the_hour_that_comes_twice() {
        let hours = hours("Su 02:15-02:45");
        // 25 October 2026: 02:00-03:00 comes at 00:00 and again at 01:00 UTC.
        let opening = |now: &str| hours.next_opening(now.parse().unwrap(), None).unwrap();
        assert_eq!(opening("2026-10-25T00:00:00Z"), "2026-10-25T00:15:00Z".parse().unwrap());
        assert_eq!(opening("2026-10-25T00:50:00Z"), "2026-10-25T01:15:00Z".parse().unwrap());
    }

    fn some_hours() -> impl Strategy<Value = String> {
        let week = prop::sample::select(vec![
            "Mo-Fr 09:00-13:00",
            "Mo,We,Fr 09:00-13:00; Tu,Th 09:00-13:00,15:30-17:30",
            "Sa,Su 01:30-02:30,02:45-03:15",
            "We 00:00-24:00",
            "Mo-Su 23:00-24:00",
        ]);
        let exceptions = prop::sample::select(vec![
            "",
            "; PH off",
            "; Aug off; PH off",
            "; Dec 24,Dec 31 09:00-12:00; PH off",
            "; Dec 20-Jan 10 off",
        ]);
        (week, exceptions).prop_map(|(week, exceptions)| format!("{week}{exceptions}"))
    }

    proptest! {
        #[test]
        fn the_next_opening_is_open_ahead_and_the_first(
            text in some_hours(),
            // From 2026 to 2029, with clock changes over-represented.
            now in prop_oneof![
                1_767_225_600i64..1_861_920_000,
                1_792_886_400i64..1_792_897_200,
                1_806_188_400i64..1_806_199_200,
            ],
        ) {
            let hours = hours(&text);
            let patron = PatronDay::parse("primo martedì di maggio").unwrap();
            let now = Timestamp::from_second(now).unwrap();
            let open = |at: Timestamp| hours.is_open(ROME.to_datetime(at), Some(&patron));
            let opening = hours.next_opening(now, Some(&patron)).expect("all open within 60 days");
            prop_assert!(opening >= now);
            prop_assert!(open(opening));
            let mut before = now;
            while before < opening {
                prop_assert!(!open(before), "open at {before} already");
                before += 1.minute();
            }
        }

        #[test]
        fn so_much_opening_time_is_that_many_open_minutes(
            text in some_hours(),
            now in prop_oneof![
                1_767_225_600i64..1_861_920_000,
                1_792_886_400i64..1_792_897_200,
                1_806_188_400i64..1_806_199_200,
            ],
            minutes in 1i64..600,
        ) {
            let hours = hours(&text);
            // Whole minutes, as spans have.
            let now = Timestamp::from_second(now - now % 60).unwrap();
            let time = SignedDuration::from_mins(minutes);
            let after = hours.after_open(now, time, None).expect("all open within 60 days");
            let (mut at, mut open) = (now, 0);
            while at < after {
                open += i64::from(hours.is_open(ROME.to_datetime(at), None));
                at += 1.minute();
            }
            prop_assert_eq!(open, minutes);
        }

        #[test]
        fn no_text_panics(text in "([A-Za-z]{2}|PH|off|Dec|[0-9:]{1,5}|2026|[-,; –\"è])*|.*") {
            if let Ok(hours) = Hours::parse(&text) {
                prop_assert!(!hours.words().is_empty());
            }
            let _ = PatronDay::parse(&text);
        }
    }

    #[test]
    fn the_patron_day_is_a_holiday_only_where_it_falls() {
        let asti = PatronDay::parse("primo martedì di maggio").unwrap();
        assert!(asti.falls_on(date(2026, 5, 5)));
        assert!(!asti.falls_on(date(2026, 5, 12)));
    }
}
