// SPDX-License-Identifier: EUPL-1.2
//! Why a whole broadcast stops or waits, what to do about it, and until when. In plain Italian: the
//! office reads it as the broadcast's `reason`.

use jiff::{SignedDuration, Timestamp};

use crate::account::{AccountState, TemplateState};
use crate::cost::{self, Month, TenThousandths};
use crate::failure::{self, Verdict};
use crate::hours::moment_words;

/// A broadcast that goes no further for now. Nobody still open is lost by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// Until somebody resumes it. `others_too`: account or budget stop others just as well.
    Stop { reason: String, others_too: bool },
    /// Until then, by itself.
    Hold { reason: String, until: Timestamp },
}

/// Meta judges most templates within the hour. Source: Cloud API, templates/template-pacing.
const QUALITY_HOLD: SignedDuration = SignedDuration::from_hours(1);

impl Halt {
    pub fn reason(&self) -> &str {
        match self {
            Self::Stop { reason, .. } | Self::Hold { reason, .. } => reason,
        }
    }

    /// Whether it goes on only if somebody resumes it.
    pub fn is_stop(&self) -> bool {
        matches!(self, Self::Stop { .. })
    }

    /// Whether it is not about this broadcast: until somebody sees to account or budget, all stop.
    pub fn is_of_account_or_budget(&self) -> bool {
        matches!(self, Self::Stop { others_too: true, .. })
    }

    fn by_code(code: Option<i64>) -> Self {
        let others_too = code.is_some_and(failure::is_of_the_account);
        Self::Stop { reason: reason(code), others_too }
    }

    /// What a verdict on one person's message means for all; `None` if it is about that person.
    pub fn of(verdict: Verdict, code: Option<i64>, now: Timestamp) -> Option<Self> {
        match verdict {
            Verdict::Stop => Some(Self::by_code(code)),
            Verdict::Hold { after_seconds } => Some(Self::Hold {
                reason: reason(code),
                until: now + SignedDuration::from_secs(after_seconds.into()),
            }),
            _ => None,
        }
    }

    /// What a code means for all that so many people met; `None` while they may just be odd.
    ///
    /// For the codes of [`Verdict::StopIfRepeated`].
    pub fn of_repeated(code: i64, people: u32) -> Option<Self> {
        (people >= failure::REPEATED).then(|| Self::by_code(Some(code)))
    }

    /// Meta accepted messages and holds them back while it judges the template.
    pub fn quality(now: Timestamp) -> Self {
        let reason = "Meta trattiene i messaggi mentre valuta la qualità del modello. Di solito \
                      basta un'ora: l'invio riprende da solo.";
        Self::Hold { reason: reason.to_owned(), until: now + QUALITY_HOLD }
    }

    /// The portfolio reached as many people as Meta allows.
    pub fn portfolio(until: Timestamp) -> Self {
        let reason = format!(
            "Abbiamo raggiunto il numero di persone a cui Meta lascia scrivere in 24 ore. L'invio \
             riprende da solo {}.",
            moment_words(until)
        );
        Self::Hold { reason, until }
    }

    /// The month's budget has no room for the next people.
    pub fn budget(month: Month, budget_eur: u32) -> Self {
        Self::Stop { reason: cost::budget_ended(month, budget_eur), others_too: true }
    }

    /// Meta paused the template.
    pub fn template_paused(until: Timestamp) -> Self {
        Self::Hold { reason: reason(Some(failure::TEMPLATE_PAUSED)), until }
    }

    /// Whether a broadcast is held because Meta paused its template, whoever found out.
    pub fn is_template_paused(held_for: Option<&str>) -> bool {
        held_for == Some(&reason(Some(failure::TEMPLATE_PAUSED)))
    }

    /// Meta lets nobody get the template, until somebody does something about it.
    pub fn template(state: TemplateState) -> Self {
        const OTHER: &str = "oppure annullarlo e scegliere un altro modello.";
        let (meaning, remedy) = match state {
            TemplateState::Pending => (
                "Meta sta ancora esaminando il modello di questo invio.",
                "Aspettare che lo approvi.",
            ),
            TemplateState::Rejected => {
                ("Meta ha rifiutato il modello di questo invio.", "Correggerlo su Meta.")
            }
            TemplateState::Deleted => {
                ("Il modello di questo invio è stato eliminato su Meta.", "Crearlo di nuovo.")
            }
            TemplateState::Archived => (
                "Meta ha archiviato il modello di questo invio, perché non si usava da tempo.",
                "Toglierlo dall'archivio su Meta.",
            ),
            TemplateState::Locked => (
                "Meta ha bloccato il modello di questo invio.",
                "Aprire il pannello di WhatsApp su Meta e seguire le indicazioni.",
            ),
            TemplateState::Usable
            | TemplateState::Flagged
            | TemplateState::Paused { .. }
            | TemplateState::Disabled => (
                "Meta ha disattivato il modello di questo invio, perché molti lo hanno segnalato.",
                "Chiedere una revisione su Meta.",
            ),
        };
        let reason = format!("{meaning} {remedy} Poi riprendere l'invio, {OTHER}");
        Self::Stop { reason, others_too: false }
    }

    /// Meta put the template in a category that costs more. Amounts are of one message.
    pub fn recategorised(before: TenThousandths, after: TenThousandths) -> Self {
        let reason = format!(
            "Meta ha cambiato la categoria del modello: ogni messaggio costa {} invece di {}. \
             Controllare il costo nell'anteprima. Poi riprendere l'invio, oppure annullarlo.",
            cost::euro_each(after),
            cost::euro_each(before)
        );
        Self::Stop { reason, others_too: false }
    }

    /// Meta lets the account write to nobody first.
    pub fn account(state: AccountState) -> Self {
        let reason = match state {
            AccountState::Disabled => "Meta ha disattivato l'account WhatsApp del servizio. Chi \
                                       gestisce il servizio deve chiedere una revisione su Meta. \
                                       Poi riprendere l'invio."
                .to_owned(),
            AccountState::Restricted { until: Some(until) } => format!(
                "Meta non lascia inviare avvisi a questo account: si può solo rispondere a chi \
                 scrive. La limitazione finisce {}. Dopo, riprendere l'invio.",
                moment_words(until)
            ),
            AccountState::Restricted { until: None } | AccountState::InOrder => {
                "Meta non lascia inviare avvisi a questo account: si può solo rispondere a chi \
                 scrive. Chi gestisce il servizio deve seguire le indicazioni su Meta. Poi \
                 riprendere l'invio."
                    .to_owned()
            }
        };
        Self::Stop { reason, others_too: true }
    }

    /// The line's quiet hours.
    pub fn quiet(until: Timestamp) -> Self {
        let reason = format!(
            "Sono le ore in cui il servizio non disturba. L'invio riprende da solo {}.",
            moment_words(until)
        );
        Self::Hold { reason, until }
    }

    /// The line has no such template any more, or one that asks for something else; or the file on
    /// top is not there.
    pub fn template_changed() -> Self {
        let reason = "Il modello di questo invio non è più tra quelli della linea, non ha più le \
                      stesse parti da compilare, o il file in testa non c'è più o non è del tipo che \
                      vuole. Rimetterlo com'era e riprendere l'invio, oppure annullarlo.";
        Self::Stop { reason: reason.to_owned(), others_too: false }
    }
}

/// What happened and what to do about it.
fn reason(code: Option<i64>) -> String {
    match code.and_then(failure::code) {
        Some(code) => format!("{} {}", code.meaning_it, code.remedy_it),
        None => failure::reason_it(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn says_why_it_waits_and_until_when() {
        let now = at("2026-11-22T22:00:00+01:00");
        let texts = [
            Halt::quality(now),
            Halt::portfolio(at("2026-11-23T10:35:00+01:00")),
            Halt::quiet(at("2026-12-08T08:00:00+01:00")),
            Halt::quiet(at("2026-12-01T08:00:00+01:00")),
            Halt::template_changed(),
            Halt::of(Verdict::Stop, Some(131_042), now).unwrap(),
            Halt::of(Verdict::Hold { after_seconds: 1 }, Some(132_015), now).unwrap(),
        ];
        let texts: Vec<_> = texts.iter().map(Halt::reason).collect();
        insta::assert_snapshot!(texts.join("\n"), @r"
        Meta trattiene i messaggi mentre valuta la qualità del modello. Di solito basta un'ora: l'invio riprende da solo.
        Abbiamo raggiunto il numero di persone a cui Meta lascia scrivere in 24 ore. L'invio riprende da solo il 23 novembre alle 10:35.
        Sono le ore in cui il servizio non disturba. L'invio riprende da solo l'8 dicembre alle 8:00.
        Sono le ore in cui il servizio non disturba. L'invio riprende da solo l'1 dicembre alle 8:00.
        Il modello di questo invio non è più tra quelli della linea, non ha più le stesse parti da compilare, o il file in testa non c'è più o non è del tipo che vuole. Rimetterlo com'era e riprendere l'invio, oppure annullarlo.
        C'è un problema con il pagamento dei messaggi. Il Comune deve controllare su Meta il metodo di pagamento e il credito. Poi riprendere l'invio.
        Meta ha messo in pausa il modello perché molti lo hanno segnalato. Riproviamo da soli tra qualche ora. Oppure annullare l'invio e scegliere un altro modello.
        ");
    }

    #[test]
    fn what_stops_others_too_is_told_from_what_is_about_one_broadcast() {
        let now = Timestamp::UNIX_EPOCH;
        let code = |it| Halt::of(Verdict::Stop, it, now).unwrap();
        for (halt, stop, others_too) in [
            (code(Some(131_042)), true, true),
            (code(Some(131_031)), true, true),
            (code(Some(132_001)), true, false),
            (code(None), true, false),
            (Halt::of_repeated(131_009, 3).unwrap(), true, false),
            (Halt::budget(Month::of(now), 1), true, true),
            (Halt::account(AccountState::Disabled), true, true),
            (Halt::template(TemplateState::Disabled), true, false),
            (Halt::template_changed(), true, false),
            (Halt::recategorised(248, 658), true, false),
            (Halt::template_paused(now), false, false),
            (Halt::portfolio(now), false, false),
            (Halt::quality(now), false, false),
            (Halt::quiet(now), false, false),
        ] {
            assert_eq!(halt.is_stop(), stop, "{halt:?}");
            assert_eq!(halt.is_of_account_or_budget(), others_too, "{halt:?}");
        }
    }

    #[test]
    fn a_code_that_three_people_met_is_about_all() {
        let halts = [1, 2, 3, 4].map(|people| Halt::of_repeated(131_009, people).is_some());
        assert_eq!(halts, [false, false, true, true]);
    }

    #[test]
    fn what_is_about_one_person_halts_nobody_else() {
        let now = Timestamp::UNIX_EPOCH;
        for verdict in [Verdict::Drop, Verdict::Slow, Verdict::Unresolved, Verdict::StopIfRepeated]
        {
            assert_eq!(Halt::of(verdict, Some(131_026), now), None);
        }
    }
}
