// SPDX-License-Identifier: EUPL-1.2
//! A newer policy that must be accepted again: the next broadcast somebody gets asks for it, with one
//! button.
//!
//! Silence changes nothing. It is listed for the office, which decides what follows from it.

use jiff::civil::Date;

use crate::contact::{Contact, Subscription};
use crate::hours::ROME;
use crate::line::{Address, Line, Template};
use crate::message::Content;

/// Who did not answer so often is not asked again: they have been told.
pub const TIMES: usize = 3;

/// What stands on the button. At most 25 characters. Source: Cloud API, template components.
const BUTTON: &str = "Accetto le regole";

/// Before the date of the policy in the button's payload.
const PAYLOAD: &str = "accept-policy:";

/// Behind the name of a template that asks.
const SUFFIX: &str = "_policy";

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
    if accepted(contact).is_some_and(|it| it >= line.policy.date) {
        Acceptance::Accepted
    } else if times_asked(contact, line) == 0 {
        Acceptance::NotAsked
    } else {
        Acceptance::Silent
    }
}

/// Whether the next broadcast that somebody gets asks them.
pub fn asks(contact: &Contact, line: &Line) -> bool {
    line.accept_again
        && contact.is_subscribed()
        && acceptance(contact, line) != Acceptance::Accepted
        && times_asked(contact, line) < TIMES
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
    pub fn asking(&self, line: &Line) -> Self {
        let question = match line.address {
            Address::Tu => "Se le accetti premi il pulsante.",
            Address::Lei => "Se le accetta prema il pulsante.",
        };
        let changed = "Le regole del servizio sono cambiate: {link_policy}";
        Self {
            name: format!("{}{SUFFIX}", self.name),
            body: format!("{}\n\n{changed}\n{question}", self.body.trim_end()),
            quick_reply: Some(BUTTON.to_owned()),
            ..self.clone()
        }
    }
}

impl Line {
    /// Its templates as Meta must have them, those that ask and the desk's included.
    pub fn templates_for_meta(&self) -> Vec<Template> {
        let asking = self.templates.iter().filter(|_| self.accept_again).map(|it| it.asking(self));
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
            assert_eq!((acceptance(&contact, &line()), asks(&contact, &line())), want, "{who}");
        }
        let minor = Line { accept_again: false, ..line() };
        assert!(!asks(&subscriber(before, None, &[]), &minor));
        let left = Contact::new(ContactId::new("c"));
        assert!(!asks(&left, &line()));
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
            body: "Domani manca l'acqua in {{dove}}.\n".to_owned(),
            footer: None,
            parameters: vec!["dove".to_owned()],
            examples: std::collections::BTreeMap::new(),
            valid_hours: None,
            quick_reply: None,
        };
        let asking = notice.asking(&line()).for_meta(&line());
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
}
