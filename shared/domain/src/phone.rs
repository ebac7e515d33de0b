// SPDX-License-Identifier: EUPL-1.2
//! Phone numbers, kept where they cannot be printed by accident.

use std::fmt;

/// A number in E.164 without the plus, as Meta's `wa_id`: `393330000000`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone(String);

/// Not a phone number: it does not have 6 to 15 digits after the international prefix is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a phone number: 6 to 15 digits with the country code are needed")]
pub struct NotAPhone;

impl Phone {
    /// Reads what Meta sends in `from` and `wa_id` (digits only), and `+39 333 000 0000` as a
    /// person writes it. Spaces, dots, hyphens and slashes are passed over.
    ///
    /// Without `+` or `00` the digits are taken to start with the country code: whoever reads
    /// Italian numbers without it must add it first.
    pub fn parse(text: &str) -> Result<Self, NotAPhone> {
        let text = text.trim();
        let text = text.strip_prefix('+').or_else(|| text.strip_prefix("00")).unwrap_or(text);
        let mut digits = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '0'..='9' => digits.push(c),
                ' ' | '\u{a0}' | '.' | '-' | '/' | '(' | ')' => {}
                _ => return Err(NotAPhone),
            }
        }
        if (6..=15).contains(&digits.len()) && !digits.starts_with('0') {
            Ok(Self(digits))
        } else {
            Err(NotAPhone)
        }
    }

    /// The digits, for keys of our tables and for Meta. Never for a log line.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `+39 333 ••• ••12`: enough for an operator to recognise, not to call.
    pub fn masked(&self) -> String {
        let (head, tail) = (&self.0[..self.0.len().min(5)], &self.0[self.0.len() - 2..]);
        let (country, operator) = head.split_at(2);
        format!("+{country} {operator} ••• ••{tail}")
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers() {
        for (text, want) in [
            ("393330000001", Some("393330000001")),
            ("+39 333 000 0001", Some("393330000001")),
            ("0039 333-000.00.01", Some("393330000001")),
            ("+390282261", Some("390282261")),
            ("IT.1234", None),
            ("333", None),
            ("", None),
            ("+", None),
            ("1234567890123456", None),
            ("0123456789", None),
        ] {
            let got = Phone::parse(text).ok();
            assert_eq!(got.as_ref().map(Phone::expose), want, "reading {text:?}");
        }
    }

    #[test]
    fn never_prints_the_digits() {
        let phone = Phone::parse("393330000001").unwrap();
        assert_eq!(format!("{phone:?}"), "Phone(redacted)");
        assert_eq!(phone.masked(), "+39 333 ••• ••01");
    }
}
