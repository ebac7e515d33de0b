// SPDX-License-Identifier: EUPL-1.2
//! What an erasure takes away, what stays all the same, and how to see that it is so.

use jiff::{Timestamp, ToSpan};

use crate::hours::{ROME, and, date_words};
use crate::line::Line;
use crate::rights::RequestNumber;

/// How long ids of processed messages are remembered, in days: Meta repeats a webhook for seven.
///
/// Source: Cloud API, webhook retries.
pub const SEEN_DAYS: u16 = 8;

/// What somebody has in hand who was erased. It names nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The register of requests has it too.
    pub number: RequestNumber,
    pub at: Timestamp,
    pub erased: Erased,
    pub kept: Vec<Kept>,
}

impl Certificate {
    pub fn new(number: RequestNumber, erased: Erased, line: &Line, at: Timestamp) -> Self {
        Self { number, at, erased, kept: kept(line, at) }
    }
}

/// How much went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Numbers and WhatsApp ids.
    pub identifiers: usize,
    /// Declarations of consent, with their words.
    pub consents: usize,
    /// Messages of the chat, in both directions.
    pub messages: i64,
}

impl Erased {
    /// `il numero, il nome, l'iscrizione, 2 dichiarazioni di consenso e 5 messaggi`.
    pub fn words(&self) -> String {
        let some = |n: i64, one: &str, many: &str| match n {
            0 => None,
            1 => Some(one.to_owned()),
            n => Some(format!("{n} {many}")),
        };
        let consents = i64::try_from(self.consents).unwrap_or(i64::MAX);
        let parts = [
            Some("il numero".to_owned()),
            Some("il nome".to_owned()),
            Some("l'iscrizione".to_owned()),
            some(consents, "una dichiarazione di consenso", "dichiarazioni di consenso"),
            some(self.messages, "un messaggio", "messaggi"),
        ];
        and(&parts.into_iter().flatten().collect::<Vec<_>>())
    }
}

/// Something that stays, although nobody can be found in it any more. Worded for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub what: &'static str,
    pub why: &'static str,
    /// `None` stays as long as the service.
    pub until: Option<Timestamp>,
}

impl Kept {
    /// `Gli esiti degli avvisi …, fino al 24 febbraio 2027. Servono …`
    pub fn words(&self) -> String {
        let until = self.until.map(|it| date_words(ROME.to_datetime(it).date()));
        let until = until.map_or(String::new(), |it| format!(", fino al {it}"));
        format!("{}{until}. {}", self.what, self.why)
    }
}

/// What stays after an erasure at `now`.
pub fn kept(line: &Line, now: Timestamp) -> Vec<Kept> {
    let in_days = |days: u16| Some(now + (24 * i64::from(days)).hours());
    vec![
        Kept {
            what: "Le impronte delle dichiarazioni nel registro dei consensi",
            why: "Mostrano che il registro non è stato alterato. Il testo e il numero casuale da \
                  cui nascono sono cancellati: da sole non dicono niente di nessuno.",
            until: None,
        },
        Kept {
            what: "Gli esiti degli avvisi inviati, sotto un codice casuale",
            why: "Servono ai conteggi di ogni invio. Il codice non porta più a nessuna persona.",
            until: in_days(line.retention.delivery_days),
        },
        Kept {
            what: "La richiesta di cancellazione nel registro delle richieste, sotto lo stesso codice",
            why: "Mostra che è stata accolta, e quando.",
            until: in_days(line.retention.consent_days),
        },
        Kept {
            what: "I codici cifrati dei messaggi già letti",
            why: "Impediscono che un messaggio vecchio, ripetuto da WhatsApp, sembri nuovo.",
            until: in_days(SEEN_DAYS),
        },
        Kept {
            what: "I numeri complessivi del servizio, giorno per giorno",
            why: "Contano quante persone, non quali.",
            until: None,
        },
    ]
}

/// How anybody can see that it is so.
pub fn how_to_verify(line: &Line) -> String {
    format!(
        "Chi chiede di nuovo i propri dati trova che non c'è più nulla. Il numero di questo \
         certificato è nel registro delle richieste {}. Il registro dei consensi si verifica con \
         «filodiretto consent verify --line {}».",
        line.comune.of_name, line.id
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::sample;

    #[test]
    fn everything_that_stays_says_why_and_until_when() {
        let now: Timestamp = "2026-11-26T09:00:00Z".parse().unwrap();
        let line = sample::line();
        let kept = kept(&line, now);
        let days = |it: &Kept| it.until.map(|it| (it.as_second() - now.as_second()) / 86_400);
        let delivery_days = i64::from(line.retention.delivery_days);
        assert_eq!(
            kept.iter().map(days).collect::<Vec<_>>(),
            [None, Some(delivery_days), Some(730), Some(8), None]
        );
        assert!(kept.iter().all(|it| !it.why.is_empty()));
        assert!(how_to_verify(&line).contains(line.id.as_str()));
    }

    #[test]
    fn says_how_much_went() {
        for (consents, messages, want) in [
            (0, 0, "il numero, il nome e l'iscrizione"),
            (1, 0, "il numero, il nome, l'iscrizione e una dichiarazione di consenso"),
            (2, 1, "il numero, il nome, l'iscrizione, 2 dichiarazioni di consenso e un messaggio"),
        ] {
            let erased = Erased { identifiers: 1, consents, messages };
            assert_eq!(erased.words(), want);
        }
    }
}
