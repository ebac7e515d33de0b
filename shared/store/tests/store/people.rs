// SPDX-License-Identifier: EUPL-1.2
//! Contacts: found by what identifies them, saved whole or not at all, merged without a loss.

use domain::broadcast::{Audience, Priority, may_reach};
use domain::contact::{
    Answered, AskedBy, ConsentChange, ConsentEvent, ConsentSource, Contact, Joining,
    MarketingSwitch, Requested, SUSPENDED_FROM, Subscription, ToldBy,
};
use domain::delivery::SkipReason;
use domain::ids::{BroadcastId, ContactId, LineId, TopicId, UserId};
use domain::line::{Category, Line};
use domain::message::{MarketingChoice, ProfileName, Sender};
use domain::phone::Phone;
use domain::rights::{RequestNumber, Right};
use futures::future;
use jiff::Timestamp;
use proptest::collection::btree_set;
use proptest::prelude::*;
use store::{Claim, MessageKey, StoreError, Take, Turn, keys, line_file};

use crate::support::{
    Engine, answer, block, contact_id, following, fresh_broadcast, fresh_key, fresh_line, hold,
    later, now, person, phone, pordenone, question, question_at, said, sender, take, topics, turn,
    user,
};

fn instants() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000_000).prop_map(|ms| Timestamp::from_millisecond(ms).unwrap())
}

fn subscriptions() -> impl Strategy<Value = Subscription> {
    let topics = btree_set("[a-z]{1,8}".prop_map(TopicId::new), 0..4);
    prop_oneof![
        Just(Subscription::Never),
        (topics, instants()).prop_map(|(topics, since)| Subscription::Active { topics, since }),
        instants().prop_map(|at| Subscription::Ended { at }),
    ]
}

fn contacts() -> impl Strategy<Value = Contact> {
    let times = (
        prop::option::of(instants()),
        prop::option::of(instants()),
        prop::option::of(instants()),
        prop::option::of(instants()),
        prop::option::of((any::<bool>(), instants())),
        prop::option::of(instants()),
        prop::option::of((btree_set("[a-z]{1,5}", 0..3), instants())),
    );
    let ids = (
        prop::option::of("39333000[0-9]{4}"),
        prop::option::of("IT\\.[0-9A-Za-z]{1,20}"),
        prop::option::of("\\PC{0,30}"),
        btree_set("[0-9a-f]{32}", 0..3),
        btree_set("[0-9a-f]{32}", 0..3),
    );
    (ids, subscriptions(), times, any::<bool>()).prop_map(|(ids, subscription, times, blocked)| {
        Contact {
            told_closed_until: Some(later(9)),
            answered: Some(Answered { name: "closed".to_owned(), at: later(8) }),
            user_id_scope: Some("331651133100002".to_owned()),
            accepted: Some(jiff::civil::date(2026, 11, 1)),
            unproven: blocked,
            asked_to_accept: [(jiff::civil::date(2026, 11, 1), BroadcastId::new("0193"))].into(),
            requested: Some(Requested {
                right: Right::Restriction,
                number: RequestNumber::new("261126-094203-7F3A"),
                at: later(7),
            }),
            id: contact_id(7),
            phone: ids.0.map(|it| Phone::parse(&it).unwrap()),
            user_id: ids.1.map(UserId::new),
            name: ids.2.map(ProfileName::new),
            subscription,
            consent_at: times.0,
            last_inbound_at: times.1,
            asked_at: times.2,
            invited_at: times.3,
            blocked: blocked.then(block),
            pace: None,
            marketing: times.4.map(|(stops, at)| MarketingSwitch {
                choice: if stops { MarketingChoice::Stop } else { MarketingChoice::Resume },
                at,
            }),
            undeliverable: ids.4.into_iter().map(BroadcastId::new).collect(),
            former_ids: ids.3.into_iter().map(ContactId::new).collect(),
            merged_at: times.5,
            joining: times.6.map(|(topics, at)| Joining {
                topics: topics.into_iter().map(TopicId::new).collect(),
                at,
            }),
        }
    })
}

#[tokio::test]
async fn who_has_a_new_user_id_because_the_number_moved_to_another_account_is_still_there() {
    let (engine, line) = (Engine::start().await, pordenone());
    let file = include_str!("../../../../infra/lines/pordenone.toml");
    let account = "331651133100002";
    assert!(file.contains(account), "the account is another one");
    engine.apply_line(&line, file, now()).await.unwrap();
    let known = Contact { user_id_scope: Some(account.to_owned()), ..person(1) };
    engine.meet(&line, &following(known, &["eventi"])).await;
    let shown = Sender { phone: Some(phone(1)), user_id: Some(user(2)), name: None };
    let found = async || engine.load(&line, &shown, None, contact_id(9)).await.unwrap().contact.id;
    assert_eq!(found().await, contact_id(9), "somebody else has the number now");
    engine.apply_line(&line, &file.replace(account, "331651133100009"), now()).await.unwrap();
    assert_eq!(found().await, contact_id(1));
}

#[tokio::test]
async fn a_question_about_a_policy_is_noted_once_for_each_broadcast_and_never_brings_anybody_back()
{
    let (engine, line) = (Engine::start().await, pordenone());
    let policy = jiff::civil::date(2026, 11, 1);
    engine.meet(&line, &following(person(1), &["eventi"])).await;
    for id in ["0193", "0193", "0194"] {
        for contact in [contact_id(1), contact_id(2)] {
            let broadcast = BroadcastId::new(id);
            engine.note_asked_to_accept(&line, &contact, policy, &broadcast).await.unwrap();
        }
    }
    let found = engine.contact(&line, &contact_id(1)).await.unwrap().unwrap();
    let want = ["0193", "0194"].map(|it| (policy, BroadcastId::new(it)));
    assert_eq!(found.asked_to_accept, want.into());
    assert_eq!(engine.contact(&line, &contact_id(2)).await.unwrap(), None);
}

#[test]
fn a_contact_is_loaded_as_it_was_saved() {
    hold(48, (contacts(), contacts()), async |engine, line, (first, second)| {
        for contact in [first, second] {
            let before = engine.load_contact(&line, &contact.id).await.unwrap();
            let loaded = match before {
                Some(loaded) => loaded,
                None => engine.load_as(&line, &contact).await,
            };
            engine.save(turn(&line, &loaded, &fresh_key(), &contact)).await.unwrap();
            let found = engine.contact(&line, &contact.id).await.unwrap();
            prop_assert_eq!(found.as_ref(), Some(&contact));
            if contact.phone.is_some() || contact.user_id.is_some() {
                prop_assert_eq!(&engine.load_as(&line, &contact).await.contact, &contact);
            }
        }
        // The contact, two keys that were seen, and what leads to the contact: nothing else.
        let last = engine.contact(&line, &contact_id(7)).await.unwrap().unwrap();
        let addresses = usize::from(last.phone.is_some()) + usize::from(last.user_id.is_some());
        let follows = last.topics().len() + usize::from(last.is_subscribed());
        let part = format!("#{line}#");
        let all = engine.everything().await;
        let rows = all.keys().filter(|it| it.1.contains(&part)).count();
        prop_assert_eq!(rows, 3 + addresses + follows);
        Ok(())
    });
}

#[tokio::test]
async fn an_unknown_sender_is_somebody_new() {
    let engine = Engine::start().await;
    let loaded = engine.load_as(&pordenone(), &person(1)).await;
    assert_eq!(loaded.contact, Contact::new(contact_id(1)));
    assert!(loaded.twin.is_none());
    assert!(engine.everything().await.is_empty());
}

#[tokio::test]
async fn a_person_is_found_by_number_by_user_id_and_by_the_user_id_before() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet(&line, &person(1)).await;
    let only_phone = Sender { phone: Some(phone(1)), user_id: None, name: None };
    let only_user = Sender { phone: None, user_id: Some(user(1)), name: None };
    let new_user = Sender { phone: None, user_id: Some(user(9)), name: None };
    for (what, sender, before) in [
        ("number", &only_phone, None),
        ("user id", &only_user, None),
        ("user id before", &new_user, Some(&user(1))),
    ] {
        let loaded = engine.load(&line, sender, before, contact_id(2)).await.unwrap();
        assert_eq!(loaded.contact, person(1), "found by {what}");
        assert!(loaded.twin.is_none(), "found by {what}");
    }
    assert_eq!(engine.find(&line, &phone(1)).await.unwrap(), Some(person(1)));
    assert_eq!(engine.find(&line, &phone(2)).await.unwrap(), None);
}

#[tokio::test]
async fn who_changes_number_and_user_id_is_found_by_the_new_ones_only() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet(&line, &person(1)).await;
    let moved = Contact { phone: Some(phone(8)), user_id: Some(user(9)), ..person(1) };
    let loaded = engine.load(&line, &sender(&moved), Some(&user(1)), contact_id(2)).await.unwrap();
    engine.save(turn(&line, &loaded, &fresh_key(), &moved)).await.unwrap();
    assert_eq!(engine.load_as(&line, &moved).await.contact, moved);
    let stranger = Contact { id: contact_id(3), ..person(1) };
    assert_eq!(engine.load_as(&line, &stranger).await.contact, Contact::new(contact_id(3)));
}

#[tokio::test]
async fn the_same_message_twice_changes_nothing_and_tells_the_answer_it_got() {
    let (engine, line, key) = (Engine::start().await, pordenone(), fresh_key());
    let next = following(person(1), &["eventi"]);
    let loaded = engine.load_as(&line, &next).await;
    assert!(engine.seen(&line, &key).await.unwrap().is_none());
    let reply = answer("Iscrizione fatta.");
    let row = reply.row.clone();
    let first = Turn { replies: vec![reply], ..turn(&line, &loaded, &key, &next) };
    engine.save(first).await.unwrap();
    let before = engine.everything().await;

    let again = engine.load_as(&line, &next).await;
    let changed = Contact { blocked: Some(block()), ..next };
    let repeated = engine.save(turn(&line, &again, &key, &changed)).await;
    assert!(matches!(repeated, Err(StoreError::Conflict)));
    assert_eq!(engine.everything().await, before);

    let seen = engine.seen(&line, &key).await.unwrap().unwrap();
    assert_eq!((seen.contact, seen.replies), (contact_id(1), vec![row]));
}

#[tokio::test]
async fn a_message_without_an_answer_owes_none() {
    let (engine, line, key) = (Engine::start().await, pordenone(), fresh_key());
    let loaded = engine.load_as(&line, &person(1)).await;
    engine.save(turn(&line, &loaded, &key, &person(1))).await.unwrap();
    assert_eq!(engine.seen(&line, &key).await.unwrap().unwrap().replies, Vec::<String>::new());
}

#[tokio::test]
async fn of_two_turns_on_one_contact_the_second_leaves_no_trace() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet(&line, &person(1)).await;
    let loaded = engine.load_as(&line, &person(1)).await;
    let first = following(person(1), &["eventi"]);
    engine.save(turn(&line, &loaded, &fresh_key(), &first)).await.unwrap();
    let before = engine.everything().await;

    let second = following(Contact { phone: Some(phone(2)), ..person(1) }, &["scadenze"]);
    let change = ConsentChange::Subscribed { topics: topics(&["scadenze"]) };
    let key = fresh_key();
    let late = Turn {
        event: Some(&said(&second, "ISCRIVIMI", change, now())),
        inbound: Some(question("E le scadenze?")),
        opens: true,
        replies: vec![answer("Iscrizione fatta.")],
        ..turn(&line, &loaded, &key, &second)
    };
    assert!(matches!(engine.save(late).await, Err(StoreError::Conflict)));
    assert_eq!(engine.everything().await, before);
}

#[tokio::test]
async fn of_twenty_first_messages_at_once_one_makes_the_contact() {
    let (engine, line) = (Engine::start().await, pordenone());
    let turns = (0..20).map(async |n| {
        let next = Contact { id: contact_id(n), ..person(1) };
        let loaded = engine.load_as(&line, &next).await;
        engine.save(turn(&line, &loaded, &fresh_key(), &next)).await
    });
    let saved = future::join_all(turns).await;
    let first_of_all = saved.iter().filter(|it| it.is_ok()).count();
    assert_eq!(first_of_all, 1);
    let all = engine.everything().await;
    assert_eq!(all.keys().filter(|it| it.1.starts_with("CONTACTS#")).count(), 1);
}

#[tokio::test]
async fn an_id_that_somebody_has_is_nobody_elses() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet(&line, &person(1)).await;
    let before = engine.everything().await;
    let newcomer = Contact { id: contact_id(1), ..person(2) };
    let loaded = engine.load_as(&line, &newcomer).await;
    let saved = engine.save(turn(&line, &loaded, &fresh_key(), &newcomer)).await;
    assert!(matches!(saved, Err(StoreError::Conflict)));
    assert_eq!(engine.everything().await, before);
}

#[tokio::test]
async fn topics_are_followed_as_long_as_the_subscription_says_so() {
    let (engine, line) = (Engine::start().await, pordenone());
    let follows = async |contact: &Contact| {
        engine.meet(&line, contact).await;
        let mut all = Vec::new();
        for topic in ["eventi", "scadenze", keys::EVERYONE] {
            if engine.followers_of(&line, topic).await.contains(&contact.id) {
                all.push(topic);
            }
            let count = engine.count_followers(&line, topic).await.unwrap();
            assert_eq!(count, i64::from(all.last() == Some(&topic)), "counting {topic}");
        }
        all
    };
    let subscriber = following(person(1), &["eventi", "scadenze"]);
    let left = Contact { subscription: Subscription::Ended { at: now() }, ..person(1) };
    for (what, contact, want) in [
        ("wrote only", person(1), vec![]),
        ("subscribed", subscriber.clone(), vec!["eventi", "scadenze", "*"]),
        ("dropped a topic", following(person(1), &["scadenze"]), vec!["scadenze", "*"]),
        ("blocked", Contact { blocked: Some(block()), ..subscriber.clone() }, vec![]),
        ("unblocked", subscriber, vec!["eventi", "scadenze", "*"]),
        ("left", left, vec![]),
    ] {
        assert_eq!(follows(&contact).await, want, "{what}");
    }
}

#[tokio::test]
async fn a_topic_followed_already_is_followed_since_then() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet_at(&line, &following(person(1), &["eventi"]), now()).await;
    engine.meet_at(&line, &following(person(1), &["eventi", "scadenze"]), later(5000)).await;
    for (topic, since) in [("eventi", now()), ("*", now()), ("scadenze", later(5000))] {
        let (rows, _) = engine.followers(&line, topic, None, 10).await.unwrap();
        assert_eq!(rows, [(contact_id(1), since)], "{topic}");
    }
}

/// Somebody of whom only the number is known: with a user id, whoever comes with another one would
/// be somebody else.
fn by_number(n: u32) -> Contact {
    Contact { user_id: None, ..person(n) }
}

/// Two contacts of whom one message says that they are one: `kept` by its user id, `twin`, whose id
/// is the smaller, by its number. The first also has a number that the message does not name.
async fn two_that_are_one(engine: &Engine) -> (Contact, Contact, Sender) {
    let line = pordenone();
    let kept = Contact { name: None, ..person(2) };
    let twin = following(by_number(1), &["eventi"]);
    let twin = Contact { consent_at: Some(now()), ..twin };
    engine.meet(&line, &kept).await;
    engine.meet(&line, &twin).await;
    (kept, twin, Sender { phone: Some(phone(1)), user_id: Some(user(2)), name: None })
}

/// Saves a message of theirs a minute later; who they are from then on.
async fn merge_them(engine: &Engine, sender: &Sender) -> Contact {
    let line = pordenone();
    let loaded = engine.load(&line, sender, None, contact_id(9)).await.unwrap();
    let (phone, user_id) = (sender.phone.clone(), sender.user_id.clone());
    let next = Contact { phone, user_id, ..loaded.merged(later(60_000)) };
    let (key, now) = (fresh_key(), later(60_000));
    engine.save(Turn { now, ..turn(&line, &loaded, &key, &next) }).await.unwrap();
    next
}

#[tokio::test]
async fn two_contacts_that_turn_out_to_be_one_are_merged_without_a_rest() {
    let (engine, line) = (Engine::start().await, pordenone());
    let (kept, twin, sender) = two_that_are_one(&engine).await;
    let loaded = engine.load(&line, &sender, None, contact_id(9)).await.unwrap();
    assert_eq!(loaded.contact, kept);
    assert_eq!(loaded.twin.as_ref().map(|it| &it.contact), Some(&twin));
    let next = Contact { phone: Some(phone(1)), ..loaded.merged(later(60_000)) };
    assert_eq!(next.former_ids, [contact_id(1)]);
    engine.save(turn(&line, &loaded, &fresh_key(), &next)).await.unwrap();

    assert_eq!(engine.contact(&line, &kept.id).await.unwrap(), Some(next.clone()));
    assert_eq!(engine.contact(&line, &twin.id).await.unwrap(), Some(next.clone()));
    assert_eq!(engine.followers_of(&line, "eventi").await, [contact_id(2)]);
    assert_eq!(engine.followers_of(&line, "*").await, [contact_id(2)]);
    let after = engine.load(&line, &sender, None, contact_id(9)).await.unwrap();
    assert_eq!(after.contact, next);
    assert!(after.twin.is_none());
    // Nothing leads to a contact that is not there, or its next message could never be saved.
    for left_behind in [
        Sender { phone: Some(phone(2)), user_id: None, name: None },
        Sender { phone: None, user_id: Some(user(1)), name: None },
    ] {
        let loaded = engine.load(&line, &left_behind, None, contact_id(9)).await.unwrap();
        assert_eq!(loaded.contact, Contact::new(contact_id(9)));
        let stranger = Contact {
            phone: left_behind.phone,
            user_id: left_behind.user_id,
            ..loaded.contact.clone()
        };
        engine.save(turn(&line, &loaded, &fresh_key(), &stranger)).await.unwrap();
        let stranger = engine.load_contact(&line, &contact_id(9)).await.unwrap().unwrap();
        engine.forget(&line, &stranger.contact).await.unwrap();
    }
}

#[tokio::test]
async fn a_twin_that_was_written_meanwhile_is_not_merged() {
    let (engine, line) = (Engine::start().await, pordenone());
    let (_, twin, sender) = two_that_are_one(&engine).await;
    let loaded = engine.load(&line, &sender, None, contact_id(9)).await.unwrap();
    engine.meet(&line, &Contact { blocked: Some(block()), ..twin }).await;
    let before = engine.everything().await;
    let next = loaded.merged(later(60_000));
    let merged = engine.save(turn(&line, &loaded, &fresh_key(), &next)).await;
    assert!(matches!(merged, Err(StoreError::Conflict)));
    assert_eq!(engine.everything().await, before);
}

#[tokio::test]
async fn three_contacts_that_turn_out_to_be_one_are_merged_at_once() {
    let (engine, line) = (Engine::start().await, pordenone());
    let by_new_user = Contact { phone: None, ..person(1) };
    let by_old_user = following(Contact { phone: None, ..person(2) }, &["eventi"]);
    let by_phone = following(Contact { user_id: None, ..person(3) }, &["scadenze"]);
    for contact in [&by_new_user, &by_old_user, &by_phone] {
        engine.meet(&line, contact).await;
    }
    let sender = Sender { phone: Some(phone(3)), user_id: Some(user(1)), name: None };
    let loaded = engine.load(&line, &sender, Some(&user(2)), contact_id(9)).await.unwrap();
    let next = loaded.merged(later(60_000));
    assert_eq!(next.former_ids, [contact_id(1), contact_id(2)]);
    let next = Contact { phone: Some(phone(3)), user_id: Some(user(1)), ..next };
    engine.save(turn(&line, &loaded, &fresh_key(), &next)).await.unwrap();
    let ids = [1, 2, 3].map(contact_id);
    let found = engine.recipients(&line, &ids).await.unwrap();
    assert_eq!(found, ids.map(|id| (id, next.clone())).into());
    assert_eq!(engine.load_as(&line, &next).await.contact, next);
    assert_eq!(engine.followers_of(&line, "*").await.len(), usize::from(next.is_subscribed()));
}

#[tokio::test]
async fn who_is_merged_stays_in_the_audience_of_what_is_being_sent() {
    for (what, kept_since, twin_since, want) in [
        ("only the one that goes", None, Some(now()), now()),
        ("only the one that stays", Some(now()), None, now()),
        ("the one that goes before", Some(later(5000)), Some(now()), now()),
        ("the one that stays before", Some(now()), Some(later(5000)), now()),
    ] {
        let (engine, line) = (Engine::start().await, pordenone());
        for (person, since) in [(person(2), kept_since), (by_number(1), twin_since)] {
            engine.meet_at(&line, &person, now()).await;
            if let Some(since) = since {
                let follower = following(person, &["eventi"]);
                let follower = Contact { consent_at: Some(since), ..follower };
                engine.meet_at(&line, &follower, since).await;
            }
        }
        let both = Sender { phone: Some(phone(1)), user_id: Some(user(2)), name: None };
        merge_them(&engine, &both).await;
        for topic in ["eventi", keys::EVERYONE] {
            let (rows, _) = engine.followers(&line, topic, None, 10).await.unwrap();
            assert_eq!(rows, [(contact_id(2), want)], "{topic} was followed by {what}");
        }
    }
}

#[tokio::test]
async fn a_topic_that_neither_followed_is_followed_from_the_merge_on() {
    let (engine, line) = (Engine::start().await, pordenone());
    let (_, _, sender) = two_that_are_one(&engine).await;
    let loaded = engine.load(&line, &sender, None, contact_id(9)).await.unwrap();
    let next = following(loaded.merged(later(60_000)), &["eventi", "scadenze"]);
    let (key, now) = (fresh_key(), later(60_000));
    engine.save(Turn { now, ..turn(&line, &loaded, &key, &next) }).await.unwrap();
    let (rows, _) = engine.followers(&line, "scadenze", None, 10).await.unwrap();
    assert_eq!(rows, [(contact_id(2), later(60_000))]);
}

#[tokio::test]
async fn the_id_of_who_was_merged_leads_on_and_says_nothing_else() {
    let (engine, line) = (Engine::start().await, pordenone());
    let (_, twin, sender) = two_that_are_one(&engine).await;
    let second = merge_them(&engine, &sender).await;
    // They turn out to be a third, who has the largest id.
    let newcomer = Contact { phone: Some(phone(3)), user_id: None, ..person(3) };
    engine.meet(&line, &newcomer).await;
    let sender = Sender { phone: Some(phone(3)), user_id: Some(user(2)), name: None };
    let third = merge_them(&engine, &sender).await;
    assert_eq!(third.former_ids, [twin.id.clone(), second.id.clone()]);

    let ids = [1, 2, 3, 4].map(contact_id);
    let found = engine.recipients(&line, &ids).await.unwrap();
    assert_eq!(found, ids[..3].iter().map(|id| (id.clone(), third.clone())).collect());
    for id in &ids[..3] {
        assert_eq!(engine.contact(&line, id).await.unwrap().as_ref(), Some(&third));
        let loaded = engine.load_contact(&line, id).await.unwrap().unwrap();
        assert_eq!(loaded.contact, third);
    }
    assert_eq!(engine.contacts(&line, None, 10).await.unwrap(), [third]);
    let all = engine.everything().await;
    for id in [&twin.id, &second.id] {
        let key = keys::contact(&line, id);
        let item = &all[&("subscribers".to_owned(), key.pk, key.sk)];
        let fields: Vec<_> = item.keys().map(String::as_str).collect();
        assert_eq!(fields, ["expires", "merged_into", "pk", "sk"]);
    }
}

/// What happens while a broadcast is being sent, one thing at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The next person of the audience is planned.
    Plan,
    /// Persons 1 and 3 turn out to be one.
    Merge,
    /// Whoever was planned under the id of this person is worked on.
    Send(u32),
}

/// A broadcast on its way, and who got it so far.
struct Sending {
    id: BroadcastId,
    line: LineId,
    cursor: Option<ContactId>,
    complete: bool,
    planned: Vec<ContactId>,
    merged: bool,
    /// Under whose ids it went out before the merge and after it.
    sent: [Vec<ContactId>; 2],
}

impl Sending {
    fn audience() -> Audience {
        Audience::Topics(vec![TopicId::new("eventi")])
    }

    async fn step(&mut self, engine: &Engine, step: Step) {
        match step {
            Step::Plan if self.complete => {}
            Step::Plan => {
                let (audience, after) = (Self::audience(), self.cursor.as_ref());
                let page = engine.audience_page(&self.line, &audience, after, now(), 1).await;
                let (people, end) = page.unwrap();
                self.planned.extend(people);
                self.complete = end.is_none();
                self.cursor = end;
            }
            Step::Merge => {
                let both = Sender { phone: Some(phone(1)), user_id: Some(user(3)), name: None };
                let loaded = engine.load(&self.line, &both, None, contact_id(9)).await.unwrap();
                let (key, now) = (fresh_key(), later(60_000));
                let next = loaded.merged(now);
                engine.save(Turn { now, ..turn(&self.line, &loaded, &key, &next) }).await.unwrap();
                self.merged = true;
            }
            Step::Send(n) if self.planned.contains(&contact_id(n)) => {
                self.send(engine, contact_id(n)).await;
            }
            Step::Send(_) => {}
        }
    }

    /// As the sender does it: ask, look under the other ids, claim.
    async fn send(&mut self, engine: &Engine, id: ContactId) {
        let found = engine.recipients(&self.line, std::slice::from_ref(&id)).await.unwrap();
        let contact = &found[&id];
        let (utility, normal) = (Category::Utility, Priority::Normal);
        may_reach(contact, &Self::audience(), utility, normal).unwrap();
        let (others, token) = (contact.ids_besides(&id), fresh_broadcast());
        let claim = Take { others: &others, ..take(&self.id, &id, token.as_str()) };
        match engine.claim(claim).await.unwrap() {
            Claim::Taken { .. } => self.sent[usize::from(self.merged)].push(id),
            Claim::Twin => {
                let why = Some(SkipReason::AlreadyReached);
                let known = engine.decide_not_to_send(&self.id, &id, why, now(), later(1000)).await;
                assert_eq!(known.unwrap(), None);
            }
            Claim::Known(_) => {}
        }
    }
}

/// Every order of these steps.
fn orders(steps: &[Step]) -> Vec<Vec<Step>> {
    if steps.is_empty() {
        return vec![Vec::new()];
    }
    let mut all: Vec<Vec<Step>> = Vec::new();
    for (n, first) in steps.iter().enumerate().filter(|(n, it)| !steps[..*n].contains(it)) {
        let rest = [&steps[..n], &steps[n + 1..]].concat();
        let orders = orders(&rest).into_iter();
        all.extend(orders.map(|rest| [vec![*first], rest].concat()));
    }
    all
}

#[tokio::test]
async fn who_is_merged_in_the_middle_of_a_broadcast_gets_it_once_whatever_comes_first() {
    let engine = Engine::start().await;
    let mut orders = orders(&[Step::Plan, Step::Plan, Step::Merge, Step::Send(1), Step::Send(3)]);
    assert_eq!(orders.len(), 60);
    // There is nobody to send to before somebody was planned.
    orders.retain(|it| !matches!(it[0], Step::Send(_)));
    // When persons 1 and 3 joined: in time for the broadcast, too late, never.
    for (smaller, larger) in
        [(Some(-2), Some(-1)), (Some(-1), None), (None, Some(-1)), (Some(-1), Some(1))]
    {
        for order in &orders {
            let line = fresh_line();
            for (contact, joined) in [(by_number(1), smaller), (person(3), larger)] {
                let Some(at) = joined else {
                    engine.meet(&line, &contact).await;
                    continue;
                };
                let follower = following(contact, &["eventi"]);
                let follower = Contact { consent_at: Some(later(at)), ..follower };
                engine.meet_at(&line, &follower, later(at)).await;
            }
            let mut sending = Sending {
                id: fresh_broadcast(),
                line,
                cursor: None,
                complete: false,
                planned: Vec::new(),
                merged: false,
                sent: [Vec::new(), Vec::new()],
            };
            // And then whatever could not be done yet.
            let left = [Step::Plan, Step::Send(1), Step::Send(3)];
            for step in order.iter().copied().chain(left) {
                sending.step(&engine, step).await;
            }
            let what = format!("{smaller:?}, {larger:?}, {order:?}");
            assert!(sending.complete, "{what}");
            let decided = engine.known_deliveries(&sending.id, &sending.planned).await.unwrap();
            assert_eq!(decided.len(), sending.planned.len(), "all planned are decided: {what}");
            // Two that nobody knew to be one may have got one each.
            let [before, after] = &sending.sent;
            assert_eq!(after.len(), usize::from(before.is_empty()), "{before:?} {after:?} {what}");
        }
    }
}

#[tokio::test]
async fn what_is_reported_of_a_former_id_is_noted_of_the_person() {
    let (engine, line) = (Engine::start().await, pordenone());
    let (_, twin, sender) = two_that_are_one(&engine).await;
    let kept = merge_them(&engine, &sender).await;
    engine.note_undeliverable(&line, &twin.id, &fresh_broadcast()).await.unwrap();
    let noted = engine.contact(&line, &kept.id).await.unwrap().unwrap();
    assert_eq!(noted.undeliverable.len(), 1);
    engine.note_reachable(&line, &twin.id).await.unwrap();
    assert_eq!(engine.contact(&line, &kept.id).await.unwrap(), Some(kept));
}

#[tokio::test]
async fn a_question_of_a_merged_contact_still_waits_for_the_desk() {
    let (engine, line) = (Engine::start().await, pordenone());
    let (kept, twin, sender) = two_that_are_one(&engine).await;
    let loaded = engine.load_as(&line, &twin).await;
    let key = fresh_key();
    let asked = Turn {
        inbound: Some(question("Quando apre lo sportello?")),
        opens: true,
        ..turn(&line, &loaded, &key, &twin)
    };
    engine.save(asked).await.unwrap();

    let loaded = engine.load(&line, &sender, None, contact_id(9)).await.unwrap();
    let next = Contact { phone: Some(phone(1)), ..loaded.merged(later(60_000)) };
    let key = fresh_key();
    let greeted = Turn {
        inbound: Some(question_at("Grazie!", later(1000))),
        now: later(1000),
        ..turn(&line, &loaded, &key, &next)
    };
    engine.save(greeted).await.unwrap();

    let open = engine.conversations(&line, "open", None, 10).await.unwrap();
    let open: Vec<_> = open.iter().map(|it| (&it.contact, it.unread)).collect();
    assert_eq!(open, [(&kept.id, 1)]);
    let texts = engine.entries(&line, &next, None, 10).await.unwrap();
    let texts: Vec<_> = texts.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(texts, ["Grazie!", "Quando apre lo sportello?"]);
}

#[tokio::test]
async fn consents_of_merged_contacts_are_listed_together_in_order() {
    let (engine, line) = (Engine::start().await, pordenone());
    let (kept, twin, sender) = two_that_are_one(&engine).await;
    let change = |names: &[&str]| ConsentChange::Subscribed { topics: topics(names) };
    let events = [
        said(&twin, "ISCRIVIMI", change(&["eventi"]), later(1000)),
        said(&kept, "ISCRIVIMI scadenze", change(&["scadenze"]), later(2000)),
        said(&twin, "CANCELLAMI", ConsentChange::Unsubscribed, later(3000)),
    ];
    for (event, contact) in [(&events[2], &twin), (&events[1], &kept), (&events[0], &twin)] {
        let loaded = engine.load_as(&line, contact).await;
        let key = fresh_key();
        let turn = Turn { event: Some(event), ..turn(&line, &loaded, &key, contact) };
        engine.save(turn).await.unwrap();
    }
    let loaded = engine.load(&line, &sender, None, contact_id(9)).await.unwrap();
    let next = loaded.merged(later(60_000));
    assert_eq!(engine.consents(&line, &next).await.unwrap(), events);
    assert_eq!(engine.consents(&line, &kept).await.unwrap(), events[1..2]);
}

#[tokio::test]
async fn every_kind_of_consent_is_read_as_it_was_written() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet(&line, &person(1)).await;
    let operator = ConsentSource::Operator {
        who: "sportello".to_owned(),
        channel: Some(AskedBy::Paper),
        proof: "modulo del 20 novembre".to_owned(),
    };
    let rule = ConsentSource::Operator {
        who: "conservazione".to_owned(),
        channel: None,
        proof: "nessun segno di vita".to_owned(),
    };
    let changes = [
        ConsentChange::Subscribed { topics: topics(&["eventi", "scadenze"]) },
        ConsentChange::Subscribed { topics: topics(&[]) },
        ConsentChange::TopicsChosen { topics: topics(&["eventi"]) },
        ConsentChange::Unsubscribed,
        ConsentChange::MarketingStopped { topics: topics(&["scadenze"]) },
        ConsentChange::MarketingResumed,
        ConsentChange::Outdated { wanted: "subscribe".to_owned() },
    ];
    let sources = [
        operator,
        rule,
        ConsentSource::Button { told_by: ToldBy::Webhook },
        ConsentSource::Button { told_by: ToldBy::Refusal },
    ];
    let mut events = Vec::new();
    for (n, change) in (0..).zip(changes) {
        let by_message = said(&person(1), "ISCRIVIMI", change, later(5 * n));
        for (more, source) in (1..).zip(sources.clone()) {
            let at = later(5 * n + more);
            events.push(ConsentEvent { source, at, ..by_message.clone() });
        }
        events.push(by_message);
    }
    events.sort_by_key(|it| it.at);
    for event in &events {
        let loaded = engine.load_contact(&line, &contact_id(1)).await.unwrap().unwrap();
        let recorded =
            engine.save_recorded(&line, &loaded, &person(1), event, &fresh_key(), now()).await;
        recorded.unwrap();
    }
    assert_eq!(engine.consents(&line, &person(1)).await.unwrap(), events);
}

#[tokio::test]
async fn what_the_desk_records_is_saved_once_and_only_on_the_contact_it_looked_at() {
    let (engine, line, key) = (Engine::start().await, pordenone(), MessageKey::new("request"));
    engine.meet(&line, &person(1)).await;
    let loaded = engine.load_contact(&line, &contact_id(1)).await.unwrap().unwrap();
    let next = following(person(1), &["eventi"]);
    let change = ConsentChange::Subscribed { topics: topics(&["eventi"]) };
    let event = said(&next, "al telefono", change, now());
    engine.save_recorded(&line, &loaded, &next, &event, &key, now()).await.unwrap();
    let before = engine.everything().await;
    let fresh = engine.load_contact(&line, &contact_id(1)).await.unwrap().unwrap();
    for (what, loaded, key) in [("twice", &fresh, &key), ("outdated", &loaded, &fresh_key())] {
        let again = engine.save_recorded(&line, loaded, &person(1), &event, key, now()).await;
        assert!(matches!(again, Err(StoreError::Conflict)), "{what}");
    }
    assert_eq!(engine.everything().await, before);
    assert_eq!(engine.followers_of(&line, "eventi").await, [contact_id(1)]);
}

#[tokio::test]
async fn a_number_that_another_contact_took_meanwhile_is_not_stolen() {
    let (engine, line) = (Engine::start().await, pordenone());
    let without = Contact { phone: None, ..person(1) };
    engine.meet(&line, &without).await;
    let loaded = engine.load_as(&line, &person(1)).await;
    let faster = Contact { phone: Some(phone(1)), ..by_number(2) };
    engine.meet(&line, &faster).await;
    let before = engine.everything().await;

    let slower = engine.save(turn(&line, &loaded, &fresh_key(), &person(1))).await;
    assert!(matches!(slower, Err(StoreError::Conflict)));
    assert_eq!(engine.everything().await, before);
    assert_eq!(engine.find(&line, &phone(1)).await.unwrap(), Some(faster));
    // Looked at again, they are one person.
    let again = engine.load_as(&line, &person(1)).await;
    assert_eq!(again.contact.id, contact_id(2));
    assert_eq!(again.twin.map(|it| it.contact.id), Some(contact_id(1)));
}

#[tokio::test]
async fn a_number_that_was_given_to_somebody_else_takes_nothing_along() {
    let (engine, line) = (Engine::start().await, pordenone());
    let earlier = Contact { consent_at: Some(now()), ..following(person(1), &["eventi"]) };
    // Whichever id is the larger.
    for n in [0, 2] {
        engine.meet(&line, &earlier).await;
        let next = Contact { user_id: Some(user(n)), ..person(1) };
        let loaded = engine.load(&line, &sender(&next), None, contact_id(n)).await.unwrap();
        assert_eq!(loaded.merged(now()), Contact::new(contact_id(n)), "nothing of the earlier");
        let next = Contact { id: contact_id(n), ..next };
        engine.save(turn(&line, &loaded, &fresh_key(), &next)).await.unwrap();

        assert_eq!(engine.find(&line, &phone(1)).await.unwrap(), Some(next.clone()));
        let without = Contact { phone: None, ..earlier.clone() };
        assert_eq!(engine.contact(&line, &contact_id(1)).await.unwrap(), Some(without.clone()));
        assert_eq!(engine.followers_of(&line, "eventi").await, [contact_id(1)]);
        let by_user = Sender { phone: None, user_id: Some(user(1)), name: None };
        let loaded = engine.load(&line, &by_user, None, contact_id(9)).await.unwrap();
        assert_eq!(loaded.contact, without, "still found by the user id");
        // And if it was the same person after all, Meta says so.
        let both = sender(&next);
        let loaded = engine.load(&line, &both, Some(&user(1)), contact_id(9)).await.unwrap();
        let one = loaded.merged(now());
        assert!(one.is_subscribed());
        let (phone, user_id) = (next.phone, next.user_id);
        let one = Contact { phone, user_id, ..one };
        engine.save(turn(&line, &loaded, &fresh_key(), &one)).await.unwrap();
        let left = engine.load_contact(&line, &one.id).await.unwrap().unwrap();
        engine.forget(&line, &left.contact).await.unwrap();
    }
}

#[tokio::test]
async fn who_moves_to_a_number_that_somebody_had_does_not_become_them() {
    let (engine, line) = (Engine::start().await, pordenone());
    let (mover, earlier) = (following(person(1), &["eventi"]), following(person(2), &["scadenze"]));
    engine.meet(&line, &mover).await;
    engine.meet(&line, &earlier).await;
    let next = Contact { phone: Some(phone(2)), user_id: Some(user(9)), ..mover.clone() };
    let (from, to) = (sender(&mover), sender(&next));
    let loaded = engine.load_moved(&line, &from, Some(&user(1)), &to, contact_id(9)).await.unwrap();
    assert_eq!((&loaded.contact, loaded.twin.is_none()), (&mover, true));
    engine.save(turn(&line, &loaded, &fresh_key(), &next)).await.unwrap();
    assert_eq!(engine.find(&line, &phone(2)).await.unwrap(), Some(next));
    assert_eq!(engine.find(&line, &phone(1)).await.unwrap(), None);
    let without = Contact { phone: None, ..earlier };
    assert_eq!(engine.contact(&line, &contact_id(2)).await.unwrap(), Some(without));
}

#[tokio::test]
async fn who_had_the_number_and_was_written_meanwhile_is_looked_at_again() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet(&line, &person(1)).await;
    let next = Contact { user_id: Some(user(2)), ..person(1) };
    let loaded = engine.load(&line, &sender(&next), None, contact_id(2)).await.unwrap();
    engine.meet(&line, &following(person(1), &["eventi"])).await;
    let before = engine.everything().await;
    let next = Contact { id: contact_id(2), ..next };
    let saved = engine.save(turn(&line, &loaded, &fresh_key(), &next)).await;
    assert!(matches!(saved, Err(StoreError::Conflict)));
    assert_eq!(engine.everything().await, before);
}

/// A person whom as many broadcasts did not reach as it takes to be suspended.
async fn suspended(engine: &Engine) -> Contact {
    let line = pordenone();
    engine.meet(&line, &following(person(1), &["eventi"])).await;
    for _ in 0..SUSPENDED_FROM {
        engine.note_undeliverable(&line, &contact_id(1), &fresh_broadcast()).await.unwrap();
    }
    engine.contact(&line, &contact_id(1)).await.unwrap().unwrap()
}

#[tokio::test]
async fn whom_three_broadcasts_did_not_reach_is_suspended_and_stays_subscribed() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet(&line, &following(person(1), &["eventi"])).await;
    let failed: Vec<_> = (0..5).map(|_| fresh_broadcast()).collect();
    for (broadcast, want) in failed.iter().zip([1, 2, 3, 3, 3]) {
        // A report may come twice.
        for _ in 0..2 {
            engine.note_undeliverable(&line, &contact_id(1), broadcast).await.unwrap();
            let contact = engine.contact(&line, &contact_id(1)).await.unwrap().unwrap();
            assert_eq!(contact.undeliverable.len(), want);
            assert_eq!(contact.is_suspended(), want == SUSPENDED_FROM);
            assert!(contact.is_subscribed());
        }
    }
    assert_eq!(engine.followers_of(&line, "eventi").await, [contact_id(1)]);
}

#[tokio::test]
async fn something_that_arrives_ends_a_suspension() {
    let (engine, line) = (Engine::start().await, pordenone());
    let contact = suspended(&engine).await;
    assert!(contact.is_suspended());
    engine.note_reachable(&line, &contact.id).await.unwrap();
    let undeliverable = [].into();
    let reached = Contact { undeliverable, ..contact };
    assert_eq!(engine.contact(&line, &reached.id).await.unwrap(), Some(reached));
    let before = engine.everything().await;
    engine.note_reachable(&line, &contact_id(1)).await.unwrap();
    assert_eq!(engine.everything().await, before);
}

#[tokio::test]
async fn a_message_wins_over_what_was_reported_while_it_was_read() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet(&line, &person(1)).await;
    let loaded = engine.load_as(&line, &person(1)).await;
    engine.note_undeliverable(&line, &contact_id(1), &fresh_broadcast()).await.unwrap();
    engine.save(turn(&line, &loaded, &fresh_key(), &person(1))).await.unwrap();
    assert_eq!(engine.contact(&line, &contact_id(1)).await.unwrap(), Some(person(1)));
}

#[tokio::test]
async fn a_late_report_makes_nobody() {
    let (engine, line) = (Engine::start().await, pordenone());
    let contact = suspended(&engine).await;
    engine.forget(&line, &contact).await.unwrap();
    let before = engine.everything().await;
    engine.note_undeliverable(&line, &contact.id, &fresh_broadcast()).await.unwrap();
    engine.note_reachable(&line, &contact.id).await.unwrap();
    assert_eq!(engine.everything().await, before);
}

fn line_of_pordenone() -> Line {
    line_file::parse(include_str!("../../../../infra/lines/pordenone.toml")).unwrap()
}

#[tokio::test]
async fn a_refusal_of_meta_ends_marketing_topics_once() {
    let (engine, line) = (Engine::start().await, line_of_pordenone());
    let before = following(person(1), &["eventi", "scadenze"]);
    engine.meet(&line.id, &before).await;
    let id = contact_id(1);
    let refusals = (0..5).map(|_| engine.end_marketing(&line, &id, later(1000)));
    let news = future::join_all(refusals).await;
    let news: Vec<_> = news.into_iter().map(Result::unwrap).collect();
    assert_eq!(news.iter().filter(|it| **it).count(), 1, "{news:?}");
    assert!(!engine.end_marketing(&line, &id, later(2000)).await.unwrap());

    let switch = MarketingSwitch { choice: MarketingChoice::Stop, at: later(1000) };
    let after = Contact { marketing: Some(switch), ..following(before, &["scadenze"]) };
    assert_eq!(engine.contact(&line.id, &after.id).await.unwrap(), Some(after.clone()));
    assert!(engine.followers_of(&line.id, "eventi").await.is_empty());
    assert_eq!(engine.followers_of(&line.id, "scadenze").await, [contact_id(1)]);
    let events = engine.consents(&line.id, &after).await.unwrap();
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!(event.change, ConsentChange::MarketingStopped { topics: topics(&["scadenze"]) });
    assert_eq!(event.source, ConsentSource::Button { told_by: ToldBy::Refusal });
}

#[tokio::test]
async fn a_refusal_of_meta_makes_nobody() {
    let (engine, line) = (Engine::start().await, line_of_pordenone());
    assert!(!engine.end_marketing(&line, &contact_id(1), now()).await.unwrap());
    assert!(engine.everything().await.is_empty());
}

#[tokio::test]
async fn recipients_are_those_who_exist_however_many_and_however_often_they_are_named() {
    let (engine, line) = (Engine::start().await, pordenone());
    for n in 0..5 {
        engine.meet(&line, &person(n)).await;
    }
    let ids: Vec<_> = (0..130).chain(0..130).map(contact_id).collect();
    let found = engine.recipients(&line, &ids).await.unwrap();
    assert_eq!(found.len(), 5);
    for n in 0..5 {
        assert_eq!(found.get(&contact_id(n)), Some(&person(n)));
    }
}

#[tokio::test]
async fn who_writes_at_the_same_moment_as_others_comes_a_moment_later() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet(&line, &person(1)).await;
    let loaded = engine.load_contact(&line, &contact_id(1)).await.unwrap().unwrap();
    let (key, contact) = (fresh_key(), loaded.contact.clone());
    let met = || turn(&line, &loaded, &key, &contact);
    let busy = engine.meeting_others(3).save(met()).await;
    assert!(matches!(busy, Err(StoreError::Unavailable { .. })), "all the time: {busy:?}");
    engine.meeting_others(2).save(met()).await.unwrap();
    // What the others wrote meanwhile is a lost race.
    let late = engine.meeting_others(2).save(Turn { message: &fresh_key(), ..met() }).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
}
