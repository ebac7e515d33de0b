// SPDX-License-Identifier: EUPL-1.2
//! Holidays: the national ones, and the patron day that each comune adds.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::HoursError;
use super::words::{MONTHS, WEEKDAYS};

/// Month, day, and the first year in which it is a holiday. Easter Monday is computed.
/// Source: L. 260/1949 as it stands; L. 151/2025 for 4 October.
const NATIONAL: [(i8, i8, i16); 11] = [
    (1, 1, 1949),
    (1, 6, 1985),
    (4, 25, 1949),
    (5, 1, 1949),
    (6, 2, 2001),
    (8, 15, 1949),
    (10, 4, 2026),
    (11, 1, 1949),
    (12, 8, 1949),
    (12, 25, 1949),
    (12, 26, 1949),
];

/// Whether all of Italy has a holiday, Sundays aside.
pub fn is_national_holiday(day: Date) -> bool {
    let fixed = NATIONAL.iter().any(|(month, of_month, since)| {
        day.month() == *month && day.day() == *of_month && day.year() >= *since
    });
    fixed || easter(day.year()).tomorrow().is_ok_and(|it| it == day)
}

/// Easter Sunday of a year, by the anonymous Gregorian algorithm.
/// Source: Meeus, Astronomical Algorithms, chapter 8.
#[expect(clippy::many_single_char_names, reason = "the letters are those of the source")]
pub fn easter(year: i16) -> Date {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let f = (b + 8) / 25;
    let g = (b - f + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let days_after_march_1 = h + l - 7 * m + 21;
    let first_of_march = Date::new(year, 3, 1).expect("every year has a 1 March");
    first_of_march.saturating_add(days_after_march_1.days())
}

/// The patron saint's day, on which the comune is closed. Tenant data, by custom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatronDay {
    /// `25 aprile`.
    Fixed { month: i8, day: i8 },
    /// `primo martedì di maggio`; `nth` is 1 to 4, or -1 for the last.
    Weekday { nth: i8, weekday: Weekday, month: i8 },
    /// `8 giorni dopo Pasqua`.
    AfterEaster { days: i16 },
}

impl PatronDay {
    /// Reads `25 aprile`, `primo martedì di maggio` (or `secondo` … `ultimo`), `8 giorni dopo
    /// Pasqua`.
    pub fn parse(text: &str) -> Result<Self, HoursError> {
        let lower = text.trim().to_lowercase();
        let words: Vec<&str> = lower.split_whitespace().collect();
        let found = match words.as_slice() {
            [day, month] => fixed(day, month),
            [nth, weekday, "di", month] => nth_weekday(nth, weekday, month),
            [days, "giorni", "dopo", "pasqua"] => {
                days.parse().ok().filter(|it| (1..=250).contains(it)).map(after_easter)
            }
            _ => None,
        };
        found.ok_or_else(|| HoursError {
            what: format!("non capisco la festa patronale «{text}»"),
            remedy: "scrivi per esempio «25 aprile», «primo martedì di maggio» oppure \
                     «8 giorni dopo Pasqua»"
                .to_owned(),
        })
    }

    pub fn falls_on(&self, day: Date) -> bool {
        match *self {
            Self::Fixed { month, day: of_month } => day.month() == month && day.day() == of_month,
            Self::Weekday { nth, weekday, month } => {
                day.month() == month
                    && day.nth_weekday_of_month(nth, weekday).is_ok_and(|it| it == day)
            }
            Self::AfterEaster { days } => easter(day.year()).saturating_add(days.days()) == day,
        }
    }
}

fn fixed(day: &str, month: &str) -> Option<PatronDay> {
    let (month, day) = (month_number(month)?, day.parse().ok()?);
    // 2024 has a 29 February.
    Date::new(2024, month, day).ok()?;
    Some(PatronDay::Fixed { month, day })
}

fn nth_weekday(nth: &str, weekday: &str, month: &str) -> Option<PatronDay> {
    let nth = match nth {
        "primo" | "prima" => 1,
        "secondo" | "seconda" => 2,
        "terzo" | "terza" => 3,
        "quarto" | "quarta" => 4,
        "ultimo" | "ultima" => -1,
        _ => return None,
    };
    let weekday = WEEKDAYS.iter().position(|it| *it == weekday)?;
    let weekday = Weekday::from_monday_zero_offset(i8::try_from(weekday).ok()?).ok()?;
    Some(PatronDay::Weekday { nth, weekday, month: month_number(month)? })
}

fn after_easter(days: i16) -> PatronDay {
    PatronDay::AfterEaster { days }
}

/// 1 for `gennaio`.
fn month_number(name: &str) -> Option<i8> {
    let index = MONTHS.iter().position(|it| *it == name)?;
    i8::try_from(index + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn computes_easter() {
        // Source: italian-pa, section 4.1.
        for want in [
            date(2011, 4, 24),
            date(2026, 4, 5),
            date(2027, 3, 28),
            date(2028, 4, 16),
            date(2029, 4, 1),
            date(2030, 4, 21),
            date(2031, 4, 13),
            date(2032, 3, 28),
            date(2033, 4, 17),
            date(2034, 4, 9),
            date(2035, 3, 25),
            date(2038, 4, 25),
        ] {
            assert_eq!(easter(want.year()), want);
        }
    }

    #[test]
    fn knows_the_twelve_holidays_of_a_year() {
        let days: Vec<String> = date(2027, 1, 1)
            .series(1.day())
            .take_while(|it| it.year() == 2027)
            .filter(|it| is_national_holiday(*it))
            .map(|it| it.strftime("%d/%m").to_string())
            .collect();
        assert_eq!(
            days.join(" "),
            "01/01 06/01 29/03 25/04 01/05 02/06 15/08 04/10 01/11 08/12 25/12 26/12"
        );
        assert!(!is_national_holiday(date(2025, 10, 4)));
        assert!(is_national_holiday(date(2026, 10, 4)));
        assert!(!is_national_holiday(date(2027, 11, 4)));
    }

    #[test]
    fn reads_patron_days() {
        for (text, falls_on) in [
            ("25 aprile", Some(date(2027, 4, 25))),
            (" 31 Dicembre ", Some(date(2026, 12, 31))),
            ("primo martedì di maggio", Some(date(2027, 5, 4))),
            ("ultima domenica di agosto", Some(date(2026, 8, 30))),
            ("8 giorni dopo Pasqua", Some(date(2026, 4, 13))),
            ("San Marco", None),
            ("31 aprile", None),
            ("12-25", None),
            ("", None),
        ] {
            match (PatronDay::parse(text), falls_on) {
                (Ok(patron), Some(day)) => {
                    assert!(patron.falls_on(day), "{text}");
                    assert!(!patron.falls_on(day.yesterday().unwrap()), "{text}");
                }
                (got, want) => assert!(got.is_err() && want.is_none(), "{text}: {got:?}"),
            }
        }
    }
}
