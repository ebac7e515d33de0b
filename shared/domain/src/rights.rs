// SPDX-License-Identifier: EUPL-1.2
//! What a person may ask about their data, and until when they are owed an answer.

use std::fmt;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::contact::AskedBy;
use crate::hours::ROME;
use crate::ids::ContactId;
use crate::line::Line;

/// A right of the GDPR that somebody can use by asking for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// A copy of what is held, and what is done with it (art. 15).
    Access,
    /// That something wrong is put right (art. 16).
    Rectification,
    /// That everything goes (art. 17).
    Erasure,
    /// That it is kept and not used (art. 18).
    Restriction,
    /// To whom it was passed on, and whether they were told of a change (art. 19): Pordenone's
    /// attestation.
    Recipients,
    /// A copy for a program to read (art. 20).
    Portability,
    /// That it is not used for this any more (art. 21).
    Objection,
}

impl Right {
    pub const ALL: [Self; 7] = [
        Self::Access,
        Self::Rectification,
        Self::Erasure,
        Self::Restriction,
        Self::Recipients,
        Self::Portability,
        Self::Objection,
    ];

    /// As a line file's list of rights has it.
    pub fn article(self) -> u8 {
        match self {
            Self::Access => 15,
            Self::Rectification => 16,
            Self::Erasure => 17,
            Self::Restriction => 18,
            Self::Recipients => 19,
            Self::Portability => 20,
            Self::Objection => 21,
        }
    }

    /// As it is stored, and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Rectification => "rectification",
            Self::Erasure => "erasure",
            Self::Restriction => "restriction",
            Self::Recipients => "recipients",
            Self::Portability => "portability",
            Self::Objection => "objection",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// As the person reads what they asked for.
    pub fn words(self) -> &'static str {
        match self {
            Self::Access => "avere una copia dei dati",
            Self::Rectification => "far correggere i dati",
            Self::Erasure => "far cancellare i dati",
            Self::Restriction => "far limitare l'uso dei dati",
            Self::Recipients => "sapere a chi i dati sono stati comunicati",
            Self::Portability => "avere i dati in formato elettronico",
            Self::Objection => "opposizione all'uso dei dati",
        }
    }

    /// Whether the line's privacy notice has it.
    pub fn is_granted_by(self, line: &Line) -> bool {
        line.rights.contains(&self.article())
    }

    /// Whether those who were given the data must be told once it is done. Source: GDPR, art. 19.
    pub fn is_passed_on(self) -> bool {
        matches!(self, Self::Rectification | Self::Erasure | Self::Restriction)
    }
}

/// What names a request to the person and to the office: `261126-094203-7F3A`, the moment in Rome
/// and the end of the contact's random id.
///
/// Numbers sort by time, and the same message always makes the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestNumber(String);

impl RequestNumber {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn of(contact: &ContactId, asked_at: Timestamp) -> Self {
        let moment = asked_at.to_zoned(ROME.clone()).strftime("%y%m%d-%H%M%S").to_string();
        let id = contact.as_str();
        let end = id.char_indices().rev().nth(3).map_or(id, |(at, _)| &id[at..]);
        Self(format!("{moment}-{}", end.to_uppercase()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One use of a right, as the register has it. It says nothing of the person but our own id, so it
/// survives an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub number: RequestNumber,
    pub contact: ContactId,
    pub right: Right,
    /// Meta's time of the message, or the operator's.
    pub asked_at: Timestamp,
    /// How it was asked; `None` in chat.
    pub asked_by: Option<AskedBy>,
    /// The last day to answer.
    pub due: Date,
    /// `None` as long as somebody is owed an answer.
    pub closed: Option<Closed>,
    /// Who was told of it, of those who were given the data.
    pub told: Vec<Told>,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    pub at: Timestamp,
    pub outcome: Outcome,
    /// `None` where the chat did it.
    pub operator: Option<String>,
    /// What the office wrote of it. It must not name the person.
    pub note: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Granted,
    Refused,
    Withdrawn,
}

impl Outcome {
    pub const ALL: [Self; 3] = [Self::Granted, Self::Refused, Self::Withdrawn];

    pub fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Granted => "accolta",
            Self::Refused => "respinta",
            Self::Withdrawn => "ritirata",
        }
    }
}

/// Somebody who had been given the data was told of a rectification, erasure or restriction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// One of [`Line::recipients`].
    pub recipient: String,
    pub at: Timestamp,
    pub operator: String,
}

impl Request {
    /// One that is still to be answered.
    pub fn open(contact: &ContactId, right: Right, asked_at: Timestamp) -> Self {
        Self {
            number: RequestNumber::of(contact, asked_at),
            contact: contact.clone(),
            right,
            asked_at,
            asked_by: None,
            due: due(asked_at),
            closed: None,
            told: Vec::new(),
        }
    }

    /// The same, as the chat itself ended it.
    #[must_use]
    pub fn closed_in_chat(self, outcome: Outcome, at: Timestamp) -> Self {
        Self { closed: Some(Closed { at, outcome, operator: None, note: None }), ..self }
    }

    /// Whether its last day has passed without an answer.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.closed.is_none() && ROME.to_datetime(now).date() > self.due
    }
}

/// The last day to answer a request: one month from receipt, in Rome. Source: GDPR, art. 12(3).
///
/// From the 31st it is the end of a shorter month.
pub fn due(asked_at: Timestamp) -> Date {
    let day = ROME.to_datetime(asked_at).date();
    day.checked_add(1.month()).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::sample;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    #[test]
    fn an_answer_is_due_within_a_month() {
        for (asked, want) in [
            ("2026-11-26T08:42:03Z", "2026-12-26"),
            ("2026-01-31T08:00:00Z", "2026-02-28"),
            ("2028-01-31T08:00:00Z", "2028-02-29"),
            ("2026-12-15T08:00:00Z", "2027-01-15"),
            // In Rome it is the next day already.
            ("2026-11-26T23:30:00Z", "2026-12-27"),
        ] {
            assert_eq!(due(at(asked)).to_string(), want, "{asked}");
        }
    }

    #[test]
    fn is_overdue_from_the_day_after_its_last() {
        let asked =
            Request::open(&ContactId::new("c"), Right::Restriction, at("2026-11-26T08:00:00Z"));
        assert!(!asked.is_overdue(at("2026-12-26T22:59:59Z")));
        assert!(asked.is_overdue(at("2026-12-26T23:00:00Z")));
        let closed = asked.closed_in_chat(Outcome::Granted, at("2026-11-27T08:00:00Z"));
        assert!(!closed.is_overdue(at("2027-11-26T08:00:00Z")));
    }

    #[test]
    fn a_number_tells_requests_apart_and_sorts_by_time() {
        let number = |id: &str, time: &str| {
            Request::open(&ContactId::new(id), Right::Access, at(time)).number
        };
        let first = number("0b9e4c7f3a", "2026-11-26T08:42:03Z");
        assert_eq!(first.as_str(), "261126-094203-7F3A");
        assert_eq!(first, number("0b9e4c7f3a", "2026-11-26T08:42:03.7Z"));
        assert!(first < number("0b9e4c7f3a", "2026-11-26T08:42:04Z"));
        assert_eq!(number("c", "2026-11-26T08:42:03Z").as_str(), "261126-094203-C");
    }

    #[test]
    fn names_are_read_back_and_a_line_grants_what_its_notice_has() {
        let line = sample::line();
        for right in Right::ALL {
            assert_eq!(Right::parse(right.name()), Some(right));
            let granted = [Right::Access, Right::Erasure].contains(&right);
            assert_eq!(right.is_granted_by(&line), granted, "{right:?}");
        }
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.name()), Some(outcome));
        }
    }
}
