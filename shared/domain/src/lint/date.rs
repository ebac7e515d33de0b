// SPDX-License-Identifier: EUPL-1.2
//! Days that may be read in two ways.

use crate::hours::{MONTHS, WEEKDAYS};

/// A day in digits, as it is written and with its month as a word: `3/4` and `3 aprile`.
pub(super) fn in_digits(word: &str) -> Option<(&str, String)> {
    let word = word.trim_matches(|it: char| !it.is_ascii_digit());
    // `9.30` is a time, `3.4.2026` a day.
    let parts: Vec<&str> =
        word.split(if word.contains('/') { &['/'][..] } else { &['.', '-'] }).collect();
    if parts.len() > 3 || (parts.len() == 2 && !word.contains('/')) {
        return None;
    }
    let (day, month) = (number(parts.first()?, 31)?, number(parts.get(1)?, 12)?);
    let month = MONTHS[usize::from(month) - 1];
    let year = match parts.get(2) {
        None => String::new(),
        Some(it) if it.len() == 4 && it.bytes().all(|it| it.is_ascii_digit()) => format!(" {it}"),
        Some(it) if it.len() == 2 && it.bytes().all(|it| it.is_ascii_digit()) => format!(" 20{it}"),
        Some(_) => return None,
    };
    Some((word, format!("{day} {month}{year}")))
}

/// `lunedì`, `marzo`, `9:30`, `3` … : what says when.
pub(super) fn says_when(lower: &str) -> bool {
    let month = MONTHS.iter().any(|it| lower.contains(it));
    month || WEEKDAYS.iter().any(|it| lower.contains(it)) || lower.split_whitespace().any(is_when)
}

fn is_when(word: &str) -> bool {
    let word = word.trim_matches(|it: char| !it.is_ascii_digit());
    let hour = word.split_once([':', '.']).is_some_and(|(hour, minute)| {
        number_from_zero(hour, 24) && minute.len() == 2 && number_from_zero(minute, 59)
    });
    hour || in_digits(word).is_some()
}

fn number(text: &str, most: u8) -> Option<u8> {
    let number = text.parse().ok()?;
    (1..=most).contains(&number).then_some(number)
}

fn number_from_zero(text: &str, most: u8) -> bool {
    text.parse::<u8>().is_ok_and(|it| it <= most)
}
