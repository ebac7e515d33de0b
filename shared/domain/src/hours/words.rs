// SPDX-License-Identifier: EUPL-1.2
//! Hours as a citizen reads them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use super::{DateRange, Days, Hours, ROME, Rule, Span};

pub(crate) const WEEKDAYS: [&str; 7] =
    ["lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"];

pub(crate) const MONTHS: [&str; 12] = [
    "gennaio",
    "febbraio",
    "marzo",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "agosto",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
];

impl Hours {
    /// `dal lunedì al venerdì dalle 9 alle 13, esclusi i giorni festivi`, or where days differ
    /// `lunedì e venerdì 9:00–13:00; martedì 15:30–17:30; chiuso nei giorni festivi`.
    ///
    /// Closures of a single year are left out: they would still be read when they are over.
    pub fn words(&self) -> String {
        let groups = self.groups();
        let holidays = self.rules.iter().rev().find(|it| it.names_holidays());
        let closed_on_holidays = holidays.is_some_and(|it| it.spans.is_empty());
        let mut parts = match groups.as_slice() {
            [(weekdays, spans)] => {
                let except = if closed_on_holidays { ", esclusi i giorni festivi" } else { "" };
                vec![format!("{} {}{except}", days_words(weekdays), spans_in_full(spans))]
            }
            _ => groups
                .iter()
                .map(|(weekdays, spans)| format!("{} {}", days_words(weekdays), brief(spans)))
                .collect(),
        };
        parts.extend(self.rules.iter().filter_map(Rule::dated_words));
        match holidays {
            Some(rule) if !closed_on_holidays => {
                parts.push(format!("giorni festivi {}", brief(&rule.spans)));
            }
            Some(_) if groups.len() != 1 => parts.push("chiuso nei giorni festivi".to_owned()),
            _ => {}
        }
        parts.join("; ")
    }

    /// Weekdays with the same spans, in the order of the week.
    fn groups(&self) -> Vec<(Vec<usize>, &[Span])> {
        let mut groups: Vec<(Vec<usize>, &[Span])> = Vec::new();
        for (weekday, spans) in self.weekly() {
            match groups.iter_mut().find(|(_, it)| *it == spans) {
                Some((weekdays, _)) => weekdays.push(weekday),
                None => groups.push((vec![weekday], spans)),
            }
        }
        groups
    }
}

impl Rule {
    fn names_holidays(&self) -> bool {
        matches!(self.days, Days::Weekly { holidays: true, .. })
    }

    fn dated_words(&self) -> Option<String> {
        let Days::Dated(ranges) = &self.days else { return None };
        let dates: Vec<String> = ranges.iter().filter_map(|it| it.words()).collect();
        if dates.is_empty() {
            return None;
        }
        let dates = and(&dates);
        Some(if self.spans.is_empty() {
            format!("chiuso {dates}")
        } else {
            format!("{dates} {}", brief(&self.spans))
        })
    }
}

impl DateRange {
    fn words(self) -> Option<String> {
        let Self::EveryYear { from, to } = self else { return None };
        Some(match (from, to) {
            ((month, 1), (same, last)) if month == same && last == last_of(month) => {
                format!("{} {}", in_month(month), month_name(month))
            }
            (from, to) if from == to => format!("{} {}", the_day(from.1), month_name(from.0)),
            ((month, first), (same, last)) if month == same => {
                format!("{} {} {}", from_day(first), to_day(last), month_name(month))
            }
            _ => format!(
                "{} {} {} {}",
                from_day(from.1),
                month_name(from.0),
                to_day(to.1),
                month_name(to.0)
            ),
        })
    }
}

/// When something opens, as one says it at `now`: `oggi alle 15:30`, `domani alle 9:00`, `lunedì
/// 5 ottobre alle 9:00`, with the year only across 31 December.
pub fn opening_words(at: Timestamp, now: Timestamp) -> String {
    let (at, today) = (ROME.to_datetime(at), ROME.to_datetime(now).date());
    format!("{} {}", day_words(at.date(), today), at_time(at))
}

/// A day as one says it on another: `oggi`, `lunedì 5 ottobre`, with the year only across 31 December.
pub(crate) fn day_words(day: Date, today: Date) -> String {
    if day == today {
        return "oggi".to_owned();
    }
    if today.tomorrow().is_ok_and(|it| it == day) {
        return "domani".to_owned();
    }
    let words = format!("{} {} {}", weekday_name(day), day.day(), month_name(day.month()));
    if day.year() == today.year() { words } else { format!("{words} {}", day.year()) }
}

pub(crate) fn weekday_name(day: Date) -> &'static str {
    WEEKDAYS[usize::from(day.weekday().to_monday_zero_offset().unsigned_abs())]
}

/// An instant as it reads on any day, in Rome: `il 23 novembre alle 8:00`.
pub(crate) fn moment_words(at: Timestamp) -> String {
    let at = ROME.to_datetime(at);
    format!("{} {} {}", the_day(at.day()), month_name(at.month()), at_time(at))
}

/// A day with its year: `26 dicembre 2026`, with `1º`.
pub(crate) fn date_words(day: Date) -> String {
    let number = if day.day() == 1 { "1º".to_owned() } else { day.day().to_string() };
    format!("{number} {} {}", month_name(day.month()), day.year())
}

/// `26 dicembre 2026 alle 9:00`, in Rome.
pub(crate) fn dated_moment_words(at: Timestamp) -> String {
    let at = ROME.to_datetime(at);
    format!("{} {}", date_words(at.date()), at_time(at))
}

/// `alle 9:20`, `all'1:00`.
pub(crate) fn at_time(at: DateTime) -> String {
    let article = if at.hour() == 1 { "all'" } else { "alle " };
    format!("{article}{}:{:02}", at.hour(), at.minute())
}

fn days_words(weekdays: &[usize]) -> String {
    if weekdays.len() == 7 {
        return "tutti i giorni".to_owned();
    }
    if let [first, .., last] = weekdays
        && weekdays.len() > 2
        && last - first == weekdays.len() - 1
    {
        // Only Sunday is feminine, and it is never first in a run.
        let to = if *last == 6 { "alla" } else { "al" };
        return format!("dal {} {to} {}", WEEKDAYS[*first], WEEKDAYS[*last]);
    }
    and(&weekdays.iter().map(|it| WEEKDAYS[*it].to_owned()).collect::<Vec<_>>())
}

/// `dalle 9 alle 13 e dalle 15:30 alle 17:30`.
fn spans_in_full(spans: &[Span]) -> String {
    let spans: Vec<String> = spans
        .iter()
        .map(|it| format!("{} {}", with_article(it.from, "da"), with_article(it.to, "a")))
        .collect();
    and(&spans)
}

/// `dalle 9`, `dall'1:30`, `da mezzanotte`.
fn with_article(minute: i16, preposition: &str) -> String {
    let time = match minute % 60 {
        0 => (minute / 60).to_string(),
        rest => format!("{}:{rest:02}", minute / 60),
    };
    match minute / 60 {
        0 if minute == 0 => format!("{preposition} mezzanotte"),
        24 => format!("{preposition} mezzanotte"),
        1 => format!("{preposition}ll'{time}"),
        _ => format!("{preposition}lle {time}"),
    }
}

/// `9:00–13:00 e 15:30–17:30`.
fn brief(spans: &[Span]) -> String {
    let time = |minute: i16| format!("{}:{:02}", minute / 60, minute % 60);
    let spans: Vec<String> =
        spans.iter().map(|it| format!("{}–{}", time(it.from), time(it.to))).collect();
    and(&spans)
}

/// `uno`, `uno e due`, `uno, due e tre`.
pub(crate) fn and(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} e {last}", head.join(", ")),
    }
}

pub(crate) fn month_name(month: i8) -> &'static str {
    MONTHS[usize::from(month.unsigned_abs()) - 1]
}

fn in_month(month: i8) -> &'static str {
    if matches!(month, 4 | 8 | 10) { "ad" } else { "a" }
}

/// The last day a month can have: every year's February ends on the 29th or before.
pub(super) fn last_of(month: i8) -> i8 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn the_day(day: i8) -> String {
    if vowel(day) { format!("l'{day}") } else { format!("il {day}") }
}

fn from_day(day: i8) -> String {
    if vowel(day) { format!("dall'{day}") } else { format!("dal {day}") }
}

fn to_day(day: i8) -> String {
    if vowel(day) { format!("all'{day}") } else { format!("al {day}") }
}

/// Whether the number is read with a vowel first: uno, otto, undici.
fn vowel(day: i8) -> bool {
    matches!(day, 1 | 8 | 11)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_hours_in_words() {
        for (text, want) in [
            ("Mo-Fr 09:00-13:00", "dal lunedì al venerdì dalle 9 alle 13"),
            (
                "Mo-Fr 09:00-13:00; PH off",
                "dal lunedì al venerdì dalle 9 alle 13, esclusi i giorni festivi",
            ),
            (
                "Mo,We,Fr 09:00-13:00; Tu,Th 09:00-13:00,15:30-17:30; PH off",
                "lunedì, mercoledì e venerdì 9:00–13:00; martedì e giovedì 9:00–13:00 e \
                 15:30–17:30; chiuso nei giorni festivi",
            ),
            ("Tu,Th 15:30-17:30", "martedì e giovedì dalle 15:30 alle 17:30"),
            ("Mo-Su 00:00-24:00", "tutti i giorni da mezzanotte a mezzanotte"),
            ("Sa 01:00-01:30", "sabato dall'1 all'1:30"),
            ("Fr-Su 10:00-12:00", "dal venerdì alla domenica dalle 10 alle 12"),
            (
                "Mo-Fr 09:00-13:00; Sa 09:00-12:00; Aug off; PH 10:00-11:00",
                "dal lunedì al venerdì 9:00–13:00; sabato 9:00–12:00; chiuso ad agosto; giorni \
                 festivi 10:00–11:00",
            ),
            (
                "Mo-Fr 09:00-13:00; We off; Dec 24,Dec 31 09:00-12:00; 2026 Aug 10-21 off",
                "lunedì, martedì, giovedì e venerdì dalle 9 alle 13; il 24 dicembre e il 31 \
                 dicembre 9:00–12:00",
            ),
            (
                "Mo-Fr 09:00-13:00; Aug 8-21,Dec 24-Jan 1 off",
                "dal lunedì al venerdì dalle 9 alle 13; chiuso dall'8 al 21 agosto e dal 24 \
                 dicembre all'1 gennaio",
            ),
        ] {
            assert_eq!(Hours::parse(text).unwrap().words(), want, "{text}");
        }
    }

    #[test]
    fn puts_the_next_opening_in_words() {
        let instant = |text: &str| -> Timestamp {
            text.parse::<DateTime>().unwrap().to_zoned(ROME.clone()).unwrap().timestamp()
        };
        for (at, now, want) in [
            ("2026-10-05T15:30", "2026-10-05T08:00", "oggi alle 15:30"),
            ("2026-10-06T09:00", "2026-10-05T23:59", "domani alle 9:00"),
            ("2026-10-05T09:00", "2026-10-02T18:00", "lunedì 5 ottobre alle 9:00"),
            ("2027-01-07T09:00", "2026-12-24T12:00", "giovedì 7 gennaio 2027 alle 9:00"),
            ("2027-01-01T09:00", "2026-12-31T12:00", "domani alle 9:00"),
            ("2026-10-05T01:00", "2026-10-05T00:30", "oggi all'1:00"),
        ] {
            assert_eq!(opening_words(instant(at), instant(now)), want);
        }
    }
}
