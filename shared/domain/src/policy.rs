// SPDX-License-Identifier: EUPL-1.2
//! What the next broadcast asks somebody, with one button: whether they accept a newer policy, or
//! whether they want the notices at all, if they came from somebody else's list.
//!
//! Silence changes nothing. It is listed for the office, which decides what follows from it.

use jiff::civil::Date;

use crate::contact::{Contact, Subscription};
use crate::hours::ROME;
use crate::line::{Address, Line, Template};
use crate::message::Content;
use crate::reply::PAYLOAD_SUBSCRIBE;

/// Who did not answer so often is not asked again: they have been told.
pub const TIMES: usize = 3;

/// Before the date of the policy in the button's payload.
const PAYLOAD: &str = "accept-policy:";

/// What a notice asks beside what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Whether they want the notices: all that we have is a list.
    Consent,
    /// Whether they accept the policy in force.
    Policy,
}

impl Question {
    pub const ALL: [Self; 2] = [Self::Consent, Self::Policy];

    /// Whether notices of the line ever ask it.
    pub fn is_asked_by(self, line: &Line) -> bool {
        match self {
            Self::Consent => line.declared_lists,
            Self::Policy => line.accept_again,
        }
    }

    /// Behind the name of a template that asks.
    fn suffix(self) -> &'static str {
        match self {
            Self::Consent => "_consenso",
            Self::Policy => "_policy",
        }
    }

    /// What stands on the button. At most 25 characters. Source: Cloud API, template components.
    fn button(self) -> &'static str {
        match self {
            Self::Consent => "Voglio questi avvisi",
            Self::Policy => "Accetto le regole",
        }
    }

    /// What the button says to us.
    pub fn payload(self, line: &Line) -> String {
        match self {
            // As if they wrote to subscribe.
            Self::Consent => PAYLOAD_SUBSCRIBE.to_owned(),
            Self::Policy => payload(line.policy.date),
        }
    }

    fn words(self, line: &Line) -> &'static str {
        match (self, line.address) {
            (Self::Consent, Address::Tu) => {
                "Il tuo numero viene da un elenco del Comune. Vuoi ricevere questi avvisi? Premi il \
                 pulsante, oppure scrivi {cancellazione} per non averne più.\n\
                 Le regole del servizio: {link_policy}."
            }
            (Self::Consent, Address::Lei) => {
                "Il suo numero viene da un elenco del Comune. Vuole ricevere questi avvisi? Prema il \
                 pulsante, oppure scriva {cancellazione} per non averne più.\n\
                 Le regole del servizio: {link_policy}."
            }
            (Self::Policy, Address::Tu) => {
                "Le regole del servizio sono cambiate: {link_policy}\nSe le accetti premi il pulsante."
            }
            (Self::Policy, Address::Lei) => {
                "Le regole del servizio sono cambiate: {link_policy}\nSe le accetta prema il pulsante."
            }
        }
    }
}

/// Where somebody stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// They accepted the policy in force.
    Accepted,
    /// Not asked yet.
    NotAsked,
    /// Asked, and no answer so far.
    Silent,
}

/// Where a subscriber stands with the line's policy.
pub fn acceptance(contact: &Contact, line: &Line) -> Acceptance {
    if !contact.unproven && accepted(contact).is_some_and(|it| it >= line.policy.date) {
        Acceptance::Accepted
    } else if times_asked(contact, line) == 0 {
        Acceptance::NotAsked
    } else {
        Acceptance::Silent
    }
}

/// What the next broadcast that somebody gets asks them. Who wants the notices accepts their rules,
/// so that comes first.
pub fn asks(contact: &Contact, line: &Line) -> Option<Question> {
    let question = if contact.unproven { Question::Consent } else { Question::Policy };
    let is_due = question.is_asked_by(line)
        && contact.is_subscribed()
        && acceptance(contact, line) != Acceptance::Accepted
        && times_asked(contact, line) < TIMES;
    is_due.then_some(question)
}

/// Of who subscribed before it was kept, the day on which they did.
fn accepted(contact: &Contact) -> Option<Date> {
    let joined = match &contact.subscription {
        Subscription::Active { since, .. } => Some(ROME.to_datetime(*since).date()),
        _ => None,
    };
    contact.accepted.or(joined)
}

fn times_asked(contact: &Contact, line: &Line) -> usize {
    contact.asked_to_accept.iter().filter(|(date, _)| *date == line.policy.date).count()
}

/// What the button of a question for this policy says to us.
pub fn payload(policy: Date) -> String {
    format!("{PAYLOAD}{policy}")
}

/// The policy that a press on such a button accepts.
pub fn accepted_by(content: &Content) -> Option<Date> {
    match content {
        Content::Tap { payload, .. } => payload.strip_prefix(PAYLOAD)?.parse().ok(),
        _ => None,
    }
}

impl Template {
    /// The same notice with the question. A template is fixed at Meta, so this is another one,
    /// which the office submits beside it.
    #[must_use]
    pub fn asking(&self, question: Question, line: &Line) -> Self {
        Self {
            name: format!("{}{}", self.name, question.suffix()),
            body: format!("{}\n\n{}", self.body.trim_end(), question.words(line)),
            quick_reply: Some(question.button().to_owned()),
            ..self.clone()
        }
    }

    /// The same notice with each question that the line's notices may ask.
    pub fn all_asking(&self, line: &Line) -> Vec<Self> {
        let asked = Question::ALL.into_iter().filter(|it| it.is_asked_by(line));
        asked.map(|it| self.asking(it, line)).collect()
    }
}

impl Line {
    /// Its templates as Meta must have them, those that ask and the desk's included.
    pub fn templates_for_meta(&self) -> Vec<Template> {
        let asking = self.templates.iter().flat_map(|it| it.all_asking(self));
        let all = self.templates.iter().cloned().chain(asking).chain(self.ready_template());
        all.map(|it| it.for_meta(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;

    use super::*;
    use crate::ids::{BroadcastId, ContactId};
    use crate::line::{Category, sample};

    fn line() -> Line {
        let mut line = Line { accept_again: true, ..sample::line() };
        line.policy.date = date(2026, 11, 1);
        line
    }

    fn subscriber(since: &str, accepted: Option<Date>, asked: &[(Date, &str)]) -> Contact {
        let since = since.parse().unwrap();
        let asked = asked.iter().map(|(date, id)| (*date, BroadcastId::new(*id)));
        Contact {
            subscription: Subscription::Active { topics: BTreeSet::new(), since },
            accepted,
            asked_to_accept: asked.collect(),
            ..Contact::new(ContactId::new("c"))
        }
    }

    #[test]
    fn asks_who_accepted_an_older_policy_and_has_not_been_asked_enough() {
        use Acceptance::{Accepted, NotAsked, Silent};
        let (old, new) = (date(2026, 1, 1), date(2026, 11, 1));
        let (before, after) = ("2026-10-31T22:59:59Z", "2026-10-31T23:00:00Z");
        for (who, contact, want) in [
            ("accepted the old one", subscriber(before, Some(old), &[]), (NotAsked, true)),
            ("joined before, long ago", subscriber(before, None, &[]), (NotAsked, true)),
            ("joined on its day in Rome", subscriber(after, None, &[]), (Accepted, false)),
            ("accepted it", subscriber(before, Some(new), &[(new, "1")]), (Accepted, false)),
            (
                "accepted one still to come",
                subscriber(before, Some(date(2027, 1, 1)), &[]),
                (Accepted, false),
            ),
            (
                "was asked for an older one",
                subscriber(before, Some(old), &[(old, "1")]),
                (NotAsked, true),
            ),
            (
                "was asked twice",
                subscriber(before, None, &[(new, "1"), (new, "2")]),
                (Silent, true),
            ),
            (
                "was asked three times",
                subscriber(before, None, &[(new, "1"), (new, "2"), (new, "3")]),
                (Silent, false),
            ),
        ] {
            let asked = asks(&contact, &line()).is_some();
            assert_eq!((acceptance(&contact, &line()), asked), want, "{who}");
        }
        let minor = Line { accept_again: false, ..line() };
        assert_eq!(asks(&subscriber(before, None, &[]), &minor), None);
        let left = Contact::new(ContactId::new("c"));
        assert_eq!(asks(&left, &line()), None);
    }

    #[test]
    fn a_press_says_which_policy_it_accepts() {
        let tap =
            |payload: &str| Content::Tap { payload: payload.to_owned(), title: String::new() };
        let policy = date(2026, 11, 1);
        assert_eq!(accepted_by(&tap(&payload(policy))), Some(policy));
        for other in ["accept-policy:boh", "accept-policy:", "subscribe", ""] {
            assert_eq!(accepted_by(&tap(other)), None, "{other}");
        }
        assert_eq!(accepted_by(&Content::Text(payload(policy))), None);
    }

    #[test]
    fn a_template_that_asks_says_the_same_and_where_the_policy_is() {
        let notice = Template {
            name: "avviso".to_owned(),
            language: "it".to_owned(),
            category: Category::Utility,
            topic: None,
            header: None,
            header_media: None,
            body: "Domani manca l'acqua in {{dove}}.\n".to_owned(),
            footer: None,
            parameters: vec!["dove".to_owned()],
            examples: std::collections::BTreeMap::new(),
            valid_hours: None,
            quick_reply: None,
        };
        let asking = notice.asking(Question::Policy, &line()).for_meta(&line());
        assert_eq!(asking.name, "avviso_policy");
        assert_eq!(asking.quick_reply.as_deref(), Some("Accetto le regole"));
        assert_eq!(
            asking.body,
            "Domani manca l'acqua in {{dove}}.\n\nLe regole del servizio sono cambiate: \
             https://www.comune.prova.it/policy\nSe le accetti premi il pulsante."
        );
        assert_eq!(Template::check_body(&asking.body), []);
        let with = Line { templates: vec![notice], ..line() };
        assert_eq!(with.templates_for_meta().len(), 2);
        assert_eq!(Line { accept_again: false, ..with }.templates_for_meta().len(), 1);
    }

    #[test]
    fn who_came_from_a_list_is_asked_for_their_consent_before_anything_else() {
        let line = Line { declared_lists: true, ..line() };
        let (old, since) = (date(2026, 1, 1), "2026-11-20T00:00:00Z");
        let listed = |asked: &[(Date, &str)]| Contact {
            unproven: true,
            ..subscriber(since, Some(date(2026, 11, 1)), asked)
        };
        assert_eq!(asks(&listed(&[]), &line), Some(Question::Consent));
        assert_eq!(acceptance(&listed(&[]), &line), Acceptance::NotAsked);
        let thrice = [(line.policy.date, "1"), (line.policy.date, "2"), (line.policy.date, "3")];
        assert_eq!(asks(&listed(&thrice), &line), None, "three times are enough");
        let without = Line { declared_lists: false, ..line.clone() };
        assert_eq!(asks(&listed(&[]), &without), None);
        let proven =
            Contact { unproven: false, ..subscriber("2026-10-01T00:00:00Z", Some(old), &[]) };
        assert_eq!(asks(&proven, &line), Some(Question::Policy));
    }

    #[test]
    fn what_a_notice_asks_is_said_in_both_ways_and_fits_the_button() {
        let shown = |question: Question, address| {
            let line = Line { address, ..line() };
            format!("{}\n({})", question.words(&line), question.button())
        };
        assert!(Question::ALL.into_iter().all(|it| it.button().chars().count() <= 25));
        insta::assert_snapshot!(shown(Question::Consent, Address::Tu), @r"
        Il tuo numero viene da un elenco del Comune. Vuoi ricevere questi avvisi? Premi il pulsante, oppure scrivi {cancellazione} per non averne più.
        Le regole del servizio: {link_policy}.
        (Voglio questi avvisi)
        ");
        insta::assert_snapshot!(shown(Question::Consent, Address::Lei), @r"
        Il suo numero viene da un elenco del Comune. Vuole ricevere questi avvisi? Prema il pulsante, oppure scriva {cancellazione} per non averne più.
        Le regole del servizio: {link_policy}.
        (Voglio questi avvisi)
        ");
    }
}
