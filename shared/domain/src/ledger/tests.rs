// SPDX-License-Identifier: EUPL-1.2
//! Whatever is changed, removed or moved is found; what is erased is not missed.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::contact::{AskedBy, ConsentChange, ToldBy};
use crate::ids::{AppId, ContactId, MessageId, TopicId};

fn line() -> LineId {
    LineId::new("pordenone")
}

fn second(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap()
}

/// Texts that try to look like the fields around them.
fn words() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,3}", Just("rule 1\nx\n".to_owned()), Just("topic 1\na\n".to_owned())]
}

fn change() -> impl Strategy<Value = ConsentChange> {
    let topics = prop::sample::subsequence(vec!["a", "b", "topic"], 0..=3)
        .prop_map(|it| it.into_iter().map(TopicId::new).collect::<BTreeSet<_>>());
    (0..6, topics, words()).prop_map(|(kind, topics, wanted)| match kind {
        0 => ConsentChange::Subscribed { topics },
        1 => ConsentChange::TopicsChosen { topics },
        2 => ConsentChange::Unsubscribed,
        3 => ConsentChange::MarketingStopped { topics },
        4 => ConsentChange::MarketingResumed,
        _ => ConsentChange::Outdated { wanted },
    })
}

fn source() -> impl Strategy<Value = ConsentSource> {
    let optional = || prop::option::of(words());
    prop_oneof![
        (words(), words(), optional(), words(), optional()).prop_map(
            |(id, text, payload, rule, app)| ConsentSource::Message {
                id: MessageId::new(id),
                text,
                payload,
                rule,
                signed_by: app.map(AppId::new),
            }
        ),
        (words(), prop::option::of(prop::sample::select(&AskedBy::ALL[..])), words())
            .prop_map(|(who, channel, proof)| ConsentSource::Operator { who, channel, proof }),
        prop::sample::select(vec![ToldBy::Webhook, ToldBy::Refusal])
            .prop_map(|told_by| ConsentSource::Button { told_by }),
    ]
}

fn day() -> impl Strategy<Value = Date> {
    (1_i8..3).prop_map(|it| date(2026, 1, it))
}

fn event() -> impl Strategy<Value = ConsentEvent> {
    (words(), 0_i64..3, change(), source(), day(), day()).prop_map(
        |(contact, at, change, source, policy, privacy)| ConsentEvent {
            contact: ContactId::new(contact),
            at: second(at),
            change,
            source,
            policy,
            privacy,
        },
    )
}

fn salt(n: usize) -> Salt {
    Salt::new(format!("{n:032x}"))
}

/// The events of a line, sealed one after the other.
fn sealed(events: &[ConsentEvent]) -> (Vec<Entry>, Head) {
    let mut head = Head::START;
    let mut entries = Vec::new();
    for (n, event) in events.iter().enumerate() {
        let commitment = commitment(&line(), event, &salt(n));
        let entry = Entry::after(head, &line(), commitment, format!("p{n}"), second(100));
        head = entry.head();
        entries.push(entry);
    }
    (entries, head)
}

/// Changes one field of an entry, each in its turn.
fn alter(entry: &mut Entry, field: u8) {
    let other = Hash([7; 32]);
    match field {
        0 => entry.number += 1,
        1 => entry.previous = other,
        2 => entry.commitment = other,
        3 => entry.person.push('x'),
        4 => entry.sealed_at = second(101),
        _ => entry.hash = other,
    }
}

proptest! {
    #[test]
    fn only_the_same_event_has_the_same_bytes(a in event(), b in event()) {
        prop_assert_eq!(a == b, canonical(&line(), &a) == canonical(&line(), &b));
        let other = LineId::new("altra");
        prop_assert_ne!(canonical(&line(), &a), canonical(&other, &a));
    }

    #[test]
    fn an_entry_is_of_its_event_and_salt_alone(a in event(), b in event()) {
        let (entries, _) = sealed(std::slice::from_ref(&a));
        prop_assert!(entries[0].is_of(&line(), &a, &salt(0)));
        prop_assert!(!entries[0].is_of(&line(), &a, &salt(1)));
        prop_assert_eq!(entries[0].is_of(&line(), &b, &salt(0)), a == b);
    }

    /// The chain is verified without events and salts: whether they are there makes no difference.
    #[test]
    fn a_chain_verifies_whatever_was_erased(events in prop::collection::vec(event(), 0..8)) {
        let (entries, head) = sealed(&events);
        prop_assert_eq!(verify(&line(), &entries, head), Ok(()));
        prop_assert_eq!(verify(&LineId::new("altra"), &entries, head).is_ok(), events.is_empty());
    }

    #[test]
    fn the_entry_that_was_changed_is_named(
        events in prop::collection::vec(event(), 1..8), at in any::<Index>(), field in 0_u8..6,
    ) {
        let (mut entries, head) = sealed(&events);
        let at = at.index(entries.len());
        alter(&mut entries[at], field);
        let broken = verify(&line(), &entries, head).unwrap_err();
        prop_assert_eq!(broken.number, at as u64 + 1);
    }

    /// Who changes an entry may compute its hash again: then it no longer fits what follows.
    #[test]
    fn a_change_with_a_new_hash_is_found(
        events in prop::collection::vec(event(), 1..8), at in any::<Index>(), field in 1_u8..5,
    ) {
        let (mut entries, head) = sealed(&events);
        let at = at.index(entries.len());
        alter(&mut entries[at], field);
        entries[at].hash = entries[at].computed(&line());
        prop_assert!(verify(&line(), &entries, head).is_err());
        // And so is a chain that was written anew from there on.
        let mut rewritten = entries[at].head();
        for entry in &mut entries[at + 1..] {
            let Entry { commitment, person, sealed_at, .. } = entry.clone();
            *entry = Entry::after(rewritten, &line(), commitment, person, sealed_at);
            rewritten = entry.head();
        }
        prop_assert!(verify(&line(), &entries, head).is_err());
    }

    #[test]
    fn what_is_missing_is_named(
        events in prop::collection::vec(event(), 1..8), at in any::<Index>(),
    ) {
        let (mut entries, head) = sealed(&events);
        let at = at.index(entries.len());
        entries.remove(at);
        let want = Broken { number: at as u64 + 1, why: Why::Missing };
        prop_assert_eq!(verify(&line(), &entries, head), Err(want));
    }

    #[test]
    fn entries_that_changed_places_are_named(
        events in prop::collection::vec(event(), 2..8), a in any::<Index>(), b in any::<Index>(),
    ) {
        let (mut entries, head) = sealed(&events);
        let (a, b) = (a.index(entries.len()), b.index(entries.len()));
        prop_assume!(a != b);
        entries.swap(a, b);
        let want = Broken { number: a.min(b) as u64 + 1, why: Why::Missing };
        prop_assert_eq!(verify(&line(), &entries, head), Err(want));
        // With their numbers put right, they do not match their hashes.
        entries[a].number = a as u64 + 1;
        entries[b].number = b as u64 + 1;
        let want = Broken { number: a.min(b) as u64 + 1, why: Why::Altered };
        prop_assert_eq!(verify(&line(), &entries, head), Err(want));
    }

    #[test]
    fn what_was_added_is_named(events in prop::collection::vec(event(), 1..8)) {
        let (entries, _) = sealed(&events);
        let (_, head) = sealed(&events[1..]);
        let broken = verify(&line(), &entries, head).unwrap_err();
        prop_assert_eq!(broken, Broken { number: events.len() as u64, why: Why::Surplus });
    }

    #[test]
    fn a_hash_is_read_as_it_is_written(bytes in any::<[u8; 32]>()) {
        prop_assert_eq!(Hash::parse(&Hash(bytes).to_string()), Some(Hash(bytes)));
    }
}

#[test]
fn a_text_cannot_pass_for_the_field_after_it() {
    let event = |text: &str, rule: &str| ConsentEvent {
        contact: ContactId::new("c"),
        at: second(0),
        change: ConsentChange::Unsubscribed,
        source: ConsentSource::Message {
            id: MessageId::new("wamid.1"),
            text: text.to_owned(),
            payload: None,
            rule: rule.to_owned(),
            signed_by: None,
        },
        policy: date(2026, 1, 15),
        privacy: date(2026, 2, 1),
    };
    let (one, other) = (event("a\nrule\nb", "c"), event("a", "b\nrule\nc"));
    assert_ne!(canonical(&line(), &one), canonical(&line(), &other));
}

#[test]
fn what_is_no_hash_is_not_read() {
    for text in ["", "00", &"g".repeat(64), &"+1".repeat(32), &"é".repeat(32)] {
        assert_eq!(Hash::parse(text), None, "{text:?}");
    }
}

/// What is sealed today must verify for years: these bytes never change. Any other program that
/// knows SHA-256 gets the same hashes.
#[test]
fn the_bytes_of_an_event_and_the_first_hash_stay_as_they_are() {
    let event = ConsentEvent {
        contact: ContactId::new("c"),
        at: second(1_764_000_000),
        change: ConsentChange::Subscribed { topics: [TopicId::new("eventi")].into() },
        source: ConsentSource::Message {
            id: MessageId::new("wamid.1"),
            text: "Iscrivimi, sì".to_owned(),
            payload: None,
            rule: "line-opt-in".to_owned(),
            signed_by: Some(AppId::new("default")),
        },
        policy: date(2026, 1, 15),
        privacy: date(2026, 2, 1),
    };
    let bytes = String::from_utf8(canonical(&line(), &event)).unwrap();
    insta::assert_snapshot!(bytes, @r"
    filodiretto consent event 1
    line 9
    pordenone
    contact 1
    c
    at_ms 13
    1764000000000
    policy 10
    2026-01-15
    privacy 10
    2026-02-01
    change 10
    subscribed
    topic 6
    eventi
    message_id 7
    wamid.1
    text 14
    Iscrivimi, sì
    rule 11
    line-opt-in
    signed_by 7
    default
    ");
    let (entries, _) = sealed(&[event]);
    insta::assert_snapshot!(entries[0].commitment, @"e86a45d3c554dc5b4e728b6cc96dce7012d96d1c5e8396a703274aedb523f370");
    insta::assert_snapshot!(entries[0].hash, @"b3813b3a8b5ffae832681d01ec28bfcb076e00941a523e5441a779e88eb59e81");
}
