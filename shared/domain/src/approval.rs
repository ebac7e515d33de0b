// SPDX-License-Identifier: EUPL-1.2
//! Who lets a broadcast go: whether a second person must, and who that may be.
//!
//! From the calling of an election to the end of the vote a public body may say only what is
//! indispensable, and say it impersonally (legge 28/2000, article 9): a second person looks at it,
//! whatever the line's setting. A warning never waits for that.

use jiff::Timestamp;

use crate::broadcast::{Broadcast, Priority};
use crate::hours::date_words;
use crate::line::Line;

/// Most characters of a reason.
pub const REASON_LIMIT: usize = 300;

/// Why an emergency went without a second person in an electoral period, if nobody said more.
const INDISPENSABLE: &str = "Emergenza in periodo elettorale: comunicazione indispensabile.";

/// Who wrote a broadcast, and who let it go. Names of people or of their keys, never of citizens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authorship {
    /// Who wrote it last; `None` is nobody in particular.
    pub author: Option<String>,
    pub approved_by: Option<String>,
    pub bypass: Option<Bypass>,
}

/// That a broadcast went without the second person, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bypass {
    pub by: Option<String>,
    pub reason: String,
    pub at: Timestamp,
}

/// Why somebody may not approve a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoApproval {
    #[error(
        "Chi ha scritto il messaggio non può approvarlo: serve un'altra persona. Solo in emergenza si \
         può fare da soli, scrivendo il motivo in bypass."
    )]
    SamePerson,
    #[error("Fare da soli è possibile solo per un messaggio di emergenza.")]
    NoEmergency,
}

/// Whether a second person must approve what is to be sent `at`.
pub fn needed(line: &Line, priority: Priority, at: Timestamp) -> bool {
    let electoral = line.authoring.electoral_period(at).is_some();
    line.needs_approval || (electoral && priority == Priority::Normal)
}

/// What is kept of an emergency that goes in an electoral period without anybody's approval.
pub fn electoral_bypass(
    line: &Line,
    priority: Priority,
    (by, reason): (Option<&str>, Option<&str>),
    at: Timestamp,
) -> Option<Bypass> {
    let goes = priority == Priority::Emergency && !line.needs_approval;
    line.authoring.electoral_period(at).filter(|_| goes)?;
    let reason = reason.map(str::trim).filter(|it| !it.is_empty()).unwrap_or(INDISPENSABLE);
    Some(Bypass { by: by.map(str::to_owned), reason: reason.to_owned(), at })
}

/// What is kept of an approval by somebody, or why it is none. `reason` is why they do without a
/// second person.
///
/// A key that is nobody's in particular (`None`) is a second person to everybody.
pub fn approve(
    broadcast: &Broadcast,
    by: Option<&str>,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<Authorship, NoApproval> {
    let before = broadcast.authorship.clone();
    let approved_by = by.map(str::to_owned);
    let same = by.is_some() && before.author.as_deref() == by;
    match reason {
        None if same => Err(NoApproval::SamePerson),
        None => Ok(Authorship { approved_by, ..before }),
        Some(_) if broadcast.priority != Priority::Emergency => Err(NoApproval::NoEmergency),
        Some(reason) => {
            let bypass =
                Bypass { by: approved_by.clone(), reason: reason.trim().to_owned(), at: now };
            Ok(Authorship { approved_by, bypass: Some(bypass), ..before })
        }
    }
}

/// What the office must know before it sends in an electoral period.
pub fn electoral_warning(line: &Line, has_picture: bool, at: Timestamp) -> Option<String> {
    let period = line.authoring.electoral_period(at)?;
    let picture = if has_picture { " L'immagine del messaggio non deve mostrarli." } else { "" };
    Some(format!(
        "È periodo elettorale, ultimo giorno {} (legge 28/2000, articolo 9): si può comunicare solo ciò che è \
         indispensabile, in forma impersonale. Niente nomi o foto di amministratori, niente stemma o \
         logo.{picture} Serve l'approvazione di un'altra persona; le emergenze partono lo stesso.",
        date_words(period.to)
    ))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::broadcast::sample::broadcast;
    use crate::line::{Authoring, Period, sample};

    fn line(needs_approval: bool) -> Line {
        let period = Period { from: date(2027, 4, 1), to: date(2027, 5, 30) };
        let authoring = Authoring { electoral_periods: vec![period], ..Authoring::default() };
        Line { needs_approval, authoring, ..sample::line() }
    }

    fn at(day: &str) -> Timestamp {
        format!("{day}T10:00:00Z").parse().unwrap()
    }

    #[test]
    fn an_electoral_period_wants_a_second_person_whatever_the_setting() {
        use Priority::{Emergency, Normal};
        for (setting, priority, day, want) in [
            (false, Normal, "2027-03-01", false),
            (false, Normal, "2027-04-01", true),
            (false, Emergency, "2027-04-01", false),
            (true, Normal, "2027-03-01", true),
            (true, Emergency, "2027-04-01", true),
        ] {
            let got = needed(&line(setting), priority, at(day));
            assert_eq!(got, want, "{setting} {priority:?} {day}");
        }
    }

    #[test]
    fn an_emergency_in_that_time_goes_and_says_why() {
        let bypass = |setting, priority, reason, day| {
            electoral_bypass(&line(setting), priority, (Some("anna"), reason), at(day))
        };
        let got = bypass(false, Priority::Emergency, None, "2027-04-01").unwrap();
        assert_eq!((got.by.as_deref(), got.reason.as_str()), (Some("anna"), INDISPENSABLE));
        let got = bypass(false, Priority::Emergency, Some(" piena "), "2027-04-01").unwrap();
        assert_eq!(got.reason, "piena");
        assert_eq!(bypass(false, Priority::Normal, None, "2027-04-01"), None);
        assert_eq!(bypass(false, Priority::Emergency, None, "2027-03-01"), None);
        assert_eq!(bypass(true, Priority::Emergency, None, "2027-04-01"), None, "it waits");
    }

    #[test]
    fn nobody_approves_what_they_wrote_but_in_an_emergency() {
        let now = at("2027-04-01");
        let written = |author: Option<&str>, priority| Broadcast {
            authorship: Authorship { author: author.map(str::to_owned), ..Authorship::default() },
            priority,
            ..broadcast()
        };
        for (author, priority, by, reason, want) in [
            (Some("anna"), Priority::Normal, Some("bruno"), None, Ok(false)),
            (Some("anna"), Priority::Normal, Some("anna"), None, Err(NoApproval::SamePerson)),
            (Some("anna"), Priority::Emergency, Some("anna"), None, Err(NoApproval::SamePerson)),
            (Some("anna"), Priority::Emergency, Some("anna"), Some("sola"), Ok(true)),
            (Some("anna"), Priority::Normal, Some("anna"), Some("x"), Err(NoApproval::NoEmergency)),
            (Some("anna"), Priority::Normal, None, None, Ok(false)),
            (None, Priority::Normal, Some("anna"), None, Ok(false)),
            (None, Priority::Normal, None, None, Ok(false)),
        ] {
            let got = approve(&written(author, priority), by, reason, now);
            let bypassed = got.as_ref().map(|it| it.bypass.is_some()).map_err(|it| *it);
            assert_eq!(bypassed, want, "{author:?} {priority:?} {by:?} {reason:?}");
            if let Ok(it) = got {
                assert_eq!(it.approved_by.as_deref(), by);
                assert_eq!(it.author.as_deref(), author, "it stays");
            }
        }
    }

    #[test]
    fn the_warning_says_until_when_and_what_not_to_write() {
        let warning = electoral_warning(&line(false), true, at("2027-04-01")).unwrap();
        insta::assert_snapshot!(warning, @"È periodo elettorale, ultimo giorno 30 maggio 2027 (legge 28/2000, articolo 9): si può comunicare solo ciò che è indispensabile, in forma impersonale. Niente nomi o foto di amministratori, niente stemma o logo. L'immagine del messaggio non deve mostrarli. Serve l'approvazione di un'altra persona; le emergenze partono lo stesso.");
        assert_eq!(electoral_warning(&line(false), true, at("2027-06-01")), None);
    }
}
