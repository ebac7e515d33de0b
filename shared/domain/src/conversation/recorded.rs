// SPDX-License-Identifier: EUPL-1.2
//! A change of consent asked for off WhatsApp, as an operator records it. It counts as if it had
//! been written to us then: a newer word of theirs stands.

use jiff::Timestamp;

use super::take_word;
use crate::contact::{ConsentChange, ConsentEvent, ConsentSource, Contact, Subscription};
use crate::ids::TopicId;
use crate::line::Line;
use crate::reading::{Intent, TopicChange};

/// What somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// With the line's usual topics if they named none.
    Subscribe(Vec<TopicId>),
    /// These topics and no others; at least one.
    Topics(Vec<TopicId>),
    Unsubscribe,
}

/// Why a wish is not recorded. For the office, in Italian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRecorded {
    #[error(
        "Questa persona non è iscritta: se ha chiesto di iscriversi con questi argomenti, \
         registrare un'iscrizione (subscribe)."
    )]
    NotSubscribed,
    #[error(
        "Questa persona è bloccata: togliere prima il blocco. La cancellazione si può registrare \
         anche così."
    )]
    Blocked,
}

/// The contact after a wish of `at`, and what is to be written down: what asks for nothing new is
/// too, since its proof is worth keeping.
pub fn record(
    contact: &Contact,
    wish: &Wish,
    at: Timestamp,
    source: &ConsentSource,
    line: &Line,
) -> Result<(Contact, ConsentEvent), NotRecorded> {
    let intent = match wish {
        Wish::Subscribe(topics) => Intent::Subscribe { topics: topics.clone() },
        Wish::Topics(topics) => Intent::Topics { change: Some(TopicChange::Only(topics.clone())) },
        Wish::Unsubscribe => Intent::Unsubscribe,
    };
    if contact.blocked.is_some() && *wish != Wish::Unsubscribe {
        return Err(NotRecorded::Blocked);
    }
    let decision = take_word(contact.clone(), &intent, at, source, line);
    if let Some(event) = decision.event {
        return Ok((decision.contact, event));
    }
    let change = match (wish, &contact.subscription) {
        (Wish::Unsubscribe, _) => ConsentChange::Unsubscribed,
        (_, Subscription::Active { topics, .. }) => {
            ConsentChange::TopicsChosen { topics: topics.clone() }
        }
        (_, _) => return Err(NotRecorded::NotSubscribed),
    };
    let event = ConsentEvent {
        contact: contact.id.clone(),
        at,
        change,
        source: source.clone(),
        policy: line.policy.date,
        privacy: line.privacy.date,
    };
    Ok((decision.contact, event))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::contact::AskedBy;
    use crate::ids::ContactId;
    use crate::line::{Topic, sample};

    fn line() -> Line {
        let line = sample::line();
        let topic = |id: &str, on_by_default| Topic {
            id: TopicId::new(id),
            on_by_default,
            ..line.topics[0].clone()
        };
        Line { topics: vec![topic("scadenze", true), topic("eventi", false)], ..line }
    }

    fn ids<T: FromIterator<TopicId>>(names: &[&str]) -> T {
        names.iter().map(|it| TopicId::new(*it)).collect()
    }

    fn on_paper() -> ConsentSource {
        ConsentSource::Operator {
            who: "sportello".to_owned(),
            channel: Some(AskedBy::Paper),
            proof: "protocollo 123".to_owned(),
        }
    }

    fn second(at: i64) -> Timestamp {
        Timestamp::from_second(at).unwrap()
    }

    fn recorded(
        contact: &Contact,
        wish: &Wish,
        at: i64,
    ) -> Result<(Contact, ConsentEvent), NotRecorded> {
        record(contact, wish, second(at), &on_paper(), &line())
    }

    fn stranger() -> Contact {
        Contact::new(ContactId::new("c"))
    }

    fn subscriber(at: i64) -> Contact {
        recorded(&stranger(), &Wish::Subscribe(ids(&["scadenze"])), at).unwrap().0
    }

    #[test]
    fn what_was_asked_for_is_done_and_written_down_with_its_proof() {
        use ConsentChange::{Outdated, Subscribed, TopicsChosen, Unsubscribed};
        let chosen = |names: &[&str]| TopicsChosen { topics: ids(names) };
        let subscribed = |names: &[&str]| Subscribed { topics: ids(names) };
        let outdated = |wanted: &str| Outdated { wanted: wanted.to_owned() };
        let left = recorded(&subscriber(5), &Wish::Unsubscribe, 6).unwrap().0;
        let none: &[&str] = &[];
        for (who, contact, wish, at, change, follows) in [
            (
                "joins",
                stranger(),
                Wish::Subscribe(ids(&[])),
                5,
                subscribed(&["scadenze"]),
                &["scadenze"][..],
            ),
            (
                "joins for one",
                stranger(),
                Wish::Subscribe(ids(&["eventi"])),
                5,
                subscribed(&["eventi"]),
                &["eventi"],
            ),
            (
                "joins again",
                left.clone(),
                Wish::Subscribe(ids(&[])),
                7,
                subscribed(&["scadenze"]),
                &["scadenze"],
            ),
            (
                "has joined",
                subscriber(5),
                Wish::Subscribe(ids(&[])),
                6,
                chosen(&["scadenze"]),
                &["scadenze"],
            ),
            (
                "adds one",
                subscriber(5),
                Wish::Subscribe(ids(&["eventi"])),
                6,
                chosen(&["eventi", "scadenze"]),
                &["eventi", "scadenze"],
            ),
            (
                "chooses",
                subscriber(5),
                Wish::Topics(ids(&["eventi"])),
                6,
                chosen(&["eventi"]),
                &["eventi"],
            ),
            (
                "chooses what is",
                subscriber(5),
                Wish::Topics(ids(&["scadenze"])),
                6,
                chosen(&["scadenze"]),
                &["scadenze"],
            ),
            ("leaves", subscriber(5), Wish::Unsubscribe, 6, Unsubscribed, none),
            ("has left", left.clone(), Wish::Unsubscribe, 7, Unsubscribed, none),
            ("never joined", stranger(), Wish::Unsubscribe, 7, Unsubscribed, none),
            (
                "left on an old paper",
                subscriber(5),
                Wish::Unsubscribe,
                4,
                outdated("unsubscribe"),
                &["scadenze"],
            ),
            (
                "joined on an old paper",
                left.clone(),
                Wish::Subscribe(ids(&[])),
                5,
                outdated("subscribe"),
                none,
            ),
            (
                "chose on an old paper",
                left,
                Wish::Topics(ids(&["eventi"])),
                5,
                outdated("topics"),
                none,
            ),
        ] {
            let (next, event) = recorded(&contact, &wish, at).unwrap();
            assert_eq!(event.change, change, "{who}");
            assert_eq!(next.topics(), ids::<BTreeSet<_>>(follows), "{who}");
            assert_eq!((event.at, &event.source), (second(at), &on_paper()), "{who}");
            assert_eq!(event.policy, line().policy.date);
            assert_eq!(next.is_subscribed(), !follows.is_empty(), "{who}");
        }
    }

    #[test]
    fn what_cannot_be_is_not_recorded() {
        let topics = Wish::Topics(ids(&["eventi"]));
        assert_eq!(recorded(&stranger(), &topics, 5), Err(NotRecorded::NotSubscribed));
        let blocked = Contact { blocked: Some(crate::moderation::tests::held()), ..subscriber(5) };
        for wish in [Wish::Subscribe(ids(&[])), topics] {
            assert_eq!(recorded(&blocked, &wish, 6), Err(NotRecorded::Blocked));
        }
        let (left, _) = recorded(&blocked, &Wish::Unsubscribe, 6).unwrap();
        assert_eq!(left.subscription, Subscription::Ended { at: second(6) });
    }

    proptest! {
        /// In whatever order papers are recorded, the newest word holds.
        #[test]
        fn an_older_word_never_undoes_a_newer_one(
            words in prop::collection::btree_map(0_i64..50, any::<bool>(), 1..6)
                .prop_map(|it| it.into_iter().collect::<Vec<_>>()).prop_shuffle()
        ) {
            let mut contact = stranger();
            for (at, joins) in &words {
                let wish = if *joins { Wish::Subscribe(ids(&[])) } else { Wish::Unsubscribe };
                contact = recorded(&contact, &wish, *at).unwrap().0;
            }
            let newest = words.iter().max().unwrap();
            prop_assert_eq!(contact.is_subscribed(), newest.1);
            prop_assert_eq!(contact.consent_at, Some(second(newest.0)));
        }
    }
}
