// SPDX-License-Identifier: EUPL-1.2
//! Two lines in the same tables: nothing of one is visible to the other, not even under the same
//! number, contact id, message key, broadcast id or request key. And what all items hold to.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::broadcast::{Audience, Broadcast, State};
use domain::contact::{ConsentChange, Contact};
use domain::delivery::SkipReason;
use domain::ids::{LineId, PhoneNumberId};
use domain::ledger::{Head, Salt};
use store::{Change, Night, Once, Spending, StoreError, Turn, tables};

use crate::support::{
    Engine, answer, block, contact_id, draft, following, fresh_key, later, now, person, phone,
    pordenone, question, said, topics, turn,
};

#[tokio::test]
async fn nothing_of_one_line_is_visible_to_another() {
    let engine = Engine::start().await;
    let (ours, theirs) = (pordenone(), LineId::new("barberino"));
    let contact = following(person(1), &["eventi"]);
    let key = fresh_key();
    let change = ConsentChange::Subscribed { topics: topics(&["eventi"]) };
    let loaded = engine.load_as(&ours, &contact).await;
    let reply = answer("Iscrizione fatta.");
    let row = reply.row.clone();
    let joined = Turn {
        event: Some(&said(&contact, "ISCRIVIMI", change, now())),
        inbound: Some(question("ISCRIVIMI")),
        opens: true,
        replies: vec![reply],
        ..turn(&ours, &loaded, &key, &contact)
    };
    engine.save(joined).await.unwrap();
    let salt = || Salt::new("5a17");
    assert_eq!(engine.seal(&ours, now(), ToString::to_string, salt).await.unwrap(), 1);
    let broadcast = draft(&ours, Audience::All);
    let once = Once { body_hash: "a".to_owned(), status: 201, answer: String::new() };
    let broadcast = Broadcast { due_at: Some(now()), ..broadcast };
    engine.create_broadcast(&broadcast, Some(("key", &once))).await.unwrap();
    engine
        .save_night(&ours, "2026-11-22", &Night { finished: true, ..Night::default() }, now())
        .await
        .unwrap();
    let november = "2026-11".parse().unwrap();
    engine.reserve_budget(&ours, november, 248, None).await.unwrap();
    let before = engine.everything().await;

    let id = &contact.id;
    let stranger = engine.load_as(&theirs, &contact).await;
    assert_eq!(stranger.contact, Contact::new(id.clone()));
    assert_eq!(engine.contact(&theirs, id).await.unwrap(), None);
    assert!(engine.load_contact(&theirs, id).await.unwrap().is_none());
    assert!(engine.recipients(&theirs, std::slice::from_ref(id)).await.unwrap().is_empty());
    assert_eq!(engine.find(&theirs, &phone(1)).await.unwrap(), None);
    assert!(engine.contacts(&theirs, None, 10).await.unwrap().is_empty());
    assert!(engine.consents(&theirs, &contact).await.unwrap().is_empty());
    assert!(engine.recorded(&theirs, &contact).await.unwrap().is_empty());
    assert_eq!(engine.seal(&theirs, later(1), ToString::to_string, salt).await.unwrap(), 0);
    assert_eq!(engine.ledger_head(&theirs).await.unwrap(), Head::START);
    assert!(engine.ledger(&theirs, 0, 10).await.unwrap().is_empty());
    assert!(engine.ledger_entries(&theirs, &[1]).await.unwrap().is_empty());
    assert!(engine.seen(&theirs, &key).await.unwrap().is_none());
    for topic in ["eventi", "*"] {
        assert!(engine.followers_of(&theirs, topic).await.is_empty());
        assert_eq!(engine.count_followers(&theirs, topic).await.unwrap(), 0);
    }
    let page = engine.audience_page(&theirs, &Audience::All, None, later(1), 10).await.unwrap();
    assert!(page.0.is_empty());
    assert!(engine.conversations(&theirs, "open", None, 10).await.unwrap().is_empty());
    assert!(engine.entries(&theirs, &contact, None, 10).await.unwrap().is_empty());
    assert!(engine.entry(&theirs, id, &row).await.unwrap().is_none());
    assert!(engine.claim_entry(&theirs, id, &row).await.unwrap().is_none());
    assert_eq!(engine.broadcast(&theirs, &broadcast.id).await.unwrap(), None);
    assert!(engine.broadcasts(&theirs, None, 10).await.unwrap().is_empty());
    let (from, to) = (State::Draft, State::Cancelled);
    let changed =
        engine.change_broadcast(&theirs, &broadcast.id, from, to, Change::default()).await;
    assert!(matches!(changed, Err(StoreError::Conflict)));
    assert_eq!(engine.answered(&theirs, "key", now()).await.unwrap(), None);
    assert_eq!(engine.night(&theirs, "2026-11-22").await.unwrap(), Night::default());
    assert_eq!(engine.spending(&theirs, november).await.unwrap(), Spending::default());
    assert!(engine.spendings(&theirs, november, november).await.unwrap().is_empty());
    assert_eq!(engine.first_spending(&theirs).await.unwrap(), None);
    assert_eq!(engine.forget(&theirs, &contact).await.unwrap(), 0);
    assert_eq!(engine.clear_chat(&theirs, id, None).await.unwrap(), 0);
    assert_eq!(engine.everything().await, before);
}

#[tokio::test]
async fn the_same_person_of_two_lines_is_two_contacts() {
    let engine = Engine::start().await;
    let (ours, theirs) = (pordenone(), LineId::new("barberino"));
    let (here, there) =
        (following(person(1), &["eventi"]), Contact { blocked: Some(block()), ..person(1) });
    let key = fresh_key();
    for (line, contact) in [(&ours, &here), (&theirs, &there)] {
        let loaded = engine.load_as(line, contact).await;
        let asked = Turn {
            inbound: Some(question("Buongiorno")),
            opens: true,
            ..turn(line, &loaded, &key, contact)
        };
        engine.save(asked).await.unwrap();
    }
    assert_eq!(engine.find(&ours, &phone(1)).await.unwrap(), Some(here));
    assert_eq!(engine.find(&theirs, &phone(1)).await.unwrap(), Some(there.clone()));
    engine.forget(&theirs, &there).await.unwrap();
    assert!(engine.find(&ours, &phone(1)).await.unwrap().is_some());
    assert_eq!(engine.followers_of(&ours, "*").await, [contact_id(1)]);
    assert_eq!(engine.entries(&ours, &person(1), None, 10).await.unwrap().len(), 1);
    assert_eq!(engine.conversations(&ours, "open", None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_goes_by_itself_says_when_in_seconds() {
    let (engine, line) = (Engine::start().await, pordenone());
    let loaded = engine.load_as(&line, &person(1)).await;
    let (key, contact) = (fresh_key(), person(1));
    let asked =
        Turn { inbound: Some(question("Buongiorno")), ..turn(&line, &loaded, &key, &contact) };
    engine.save(asked).await.unwrap();
    let once = Once { body_hash: "a".to_owned(), status: 201, answer: String::new() };
    engine.remember(&line, "key", &once, now()).await.unwrap();
    let (id, why) = (draft(&line, Audience::All).id, Some(SkipReason::Blocked));
    engine.decide_not_to_send(&id, &contact_id(1), why, now(), later(1000)).await.unwrap();
    engine.save_night(&line, "2026-11-22", &Night::default(), now()).await.unwrap();
    let year = now().as_second()..now().as_second() + 365 * 24 * 3600;
    let mut going = Vec::new();
    for ((_, pk, _), item) in engine.everything().await {
        match item.get(tables::EXPIRY) {
            Some(AttributeValue::N(at)) => assert!(year.contains(&at.parse().unwrap()), "{pk}"),
            Some(other) => panic!("DynamoDB reads no time from {other:?}"),
            None => continue,
        }
        going.push(pk.split('#').next().unwrap().to_owned());
    }
    going.sort();
    assert_eq!(going, ["CHAT", "DELIVERIES", "NIGHT", "ONCE", "SEEN"]);
}

#[tokio::test]
async fn a_line_whose_file_cannot_be_read_harms_no_other_and_is_not_taken_for_none() {
    let engine = Engine::start().await;
    let file = include_str!("../../../../infra/lines/pordenone.toml");
    let (broken, nowhere) = (LineId::new("barberino"), LineId::new("nowhere"));
    let [ours, theirs] = ["331651133100001", "331651133100009"].map(PhoneNumberId::new);
    engine.apply_line(&pordenone(), file, now()).await.unwrap();
    assert!(engine.line(&broken).await.unwrap().is_none());
    assert!(engine.line_of(&theirs).await.unwrap().is_none());

    engine.apply_line(&broken, "written = 'by a newer release'", now()).await.unwrap();
    let lines = engine.lines().await.unwrap();
    assert_eq!(lines.iter().map(|it| &it.id).collect::<Vec<_>>(), [&pordenone()]);
    assert!(engine.line(&pordenone()).await.unwrap().is_some());
    assert!(engine.line_of(&ours).await.unwrap().is_some());
    assert!(engine.line(&nowhere).await.unwrap().is_none());
    assert!(matches!(engine.line(&broken).await, Err(StoreError::Corrupt("file"))));
    // It may be this number's, so what comes for it must not be passed over.
    assert!(matches!(engine.line_of(&theirs).await, Err(StoreError::Corrupt("file"))));
}
