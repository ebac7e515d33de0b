// SPDX-License-Identifier: EUPL-1.2
//! Measures, deleted messages and report packs.

use domain::contact::Contact;
use domain::ids::{ContactId, MeasureId};
use domain::line::Rule;
use domain::moderation::{Act, AtMeta, Block, Level, Lifted, Measure, Recipient};
use store::{Blocking, Deleting, Reporting, StoreError, Turn, keys};

use crate::support::{
    Engine, contact_id, following, fresh_key, later, now, person, pordenone, question, turn,
};

const DAY_MS: i64 = 86_400_000;

fn measure(contact: &ContactId, ms: i64, act: Act) -> Measure {
    Measure {
        id: keys::measure_id(later(ms).as_millisecond(), &fresh_key()),
        contact: contact.clone(),
        at: later(ms),
        act,
        rule: Rule { id: "spam".to_owned(), words: "spam o link fuori tema".to_owned() },
        reason: "venti annunci in un'ora".to_owned(),
        by: "Sportello".to_owned(),
    }
}

fn muted(contact: &ContactId, ms: i64, days: i64) -> Measure {
    let until = later(ms + days * DAY_MS);
    let act = Act::Block { level: Level::Mute, until, meta: None, objected_at: None, lifted: None };
    measure(contact, ms, act)
}

/// Blocks a contact by the measure.
async fn block(engine: &Engine, measure: &Measure) -> Result<Contact, StoreError> {
    let line = &pordenone();
    let loaded = engine.load_contact(line, &measure.contact).await.unwrap().unwrap();
    let Act::Block { until, .. } = measure.act else { panic!("no block") };
    let blocked = Some(Block::of(&measure.id, until, &measure.rule.words));
    let contact = Contact { blocked, ..loaded.contact.clone() };
    let blocking = Blocking {
        line,
        loaded: &loaded,
        contact: &contact,
        measure,
        event: None,
        notice: None,
        now: measure.at,
    };
    engine.block(blocking).await.map(|()| contact)
}

#[tokio::test]
async fn a_block_leaves_the_topics_and_its_end_gives_them_back() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet(&line, &following(person(1), &["eventi"])).await;
    let measure = muted(&contact_id(1), 0, 30);
    block(&engine, &measure).await.unwrap();
    assert_eq!(engine.followers_of(&line, "*").await, []);
    assert_eq!(engine.measure(&line, &measure.id).await.unwrap(), Some(measure.clone()));

    let loaded = engine.load_contact(&line, &contact_id(1)).await.unwrap().unwrap();
    let contact = Contact { blocked: None, ..loaded.contact.clone() };
    let lifted = Lifted { at: later(1000), by: "Sportello".to_owned() };
    engine.unblock(&line, &loaded, &contact, &measure.id, &lifted).await.unwrap();
    assert_eq!(engine.followers_of(&line, "eventi").await, [contact_id(1)]);
    let measure = engine.measure(&line, &measure.id).await.unwrap().unwrap();
    assert!(!measure.holds(later(2000)));
    let again = engine.unblock(&line, &loaded, &contact, &measure.id, &lifted).await;
    assert!(matches!(again, Err(StoreError::Conflict)));
}

#[tokio::test]
async fn of_two_operators_one_blocks() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet(&line, &person(1)).await;
    let (one, other) = (muted(&contact_id(1), 0, 30), muted(&contact_id(1), 0, 10));
    let both = tokio::join!(block(&engine, &one), block(&engine, &other));
    let won = [both.0.is_ok(), both.1.is_ok()];
    assert_eq!(won.iter().filter(|it| **it).count(), 1, "{won:?}");
    let kept = engine.measures(&line, None, None, 10, now()).await.unwrap();
    assert_eq!(kept.len(), 1);
}

#[tokio::test]
async fn the_list_has_the_latest_first_and_those_that_hold() {
    let (engine, line) = (Engine::start().await, pordenone());
    let mut ids = Vec::new();
    for (n, days) in [(1, 1), (2, 30), (3, 1), (4, 30)] {
        engine.meet(&line, &person(n)).await;
        let measure = muted(&contact_id(n), i64::from(n), days);
        block(&engine, &measure).await.unwrap();
        ids.insert(0, measure.id);
    }
    let (mut listed, mut before) = (Vec::new(), None::<MeasureId>);
    loop {
        let page = engine.measures(&line, None, before.as_ref(), 3, now()).await.unwrap();
        before = page.last().filter(|_| page.len() == 3).map(|it| it.id.clone());
        listed.extend(page.into_iter().map(|it| it.id));
        if before.is_none() {
            break;
        }
    }
    assert_eq!(listed, ids);
    let in_a_week = later(7 * DAY_MS);
    for (holds, want) in [(true, [&ids[0], &ids[2]]), (false, [&ids[1], &ids[3]])] {
        let found = engine.measures(&line, Some(holds), None, 10, in_a_week).await.unwrap();
        assert_eq!(found.iter().map(|it| &it.id).collect::<Vec<_>>(), want);
    }
    engine.note_at_meta(&line, &ids[0], AtMeta::TooLate).await.unwrap();
    let noted = engine.measure(&line, &ids[0]).await.unwrap().unwrap();
    assert!(matches!(noted.act, Act::Block { meta: Some(AtMeta::TooLate), .. }));
}

#[tokio::test]
async fn an_objection_is_in_the_measure_and_the_first_counts() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet(&line, &person(1)).await;
    let measure = muted(&contact_id(1), 0, 30);
    block(&engine, &measure).await.unwrap();
    for ms in [5, 9] {
        let loaded = engine.load_contact(&line, &contact_id(1)).await.unwrap().unwrap();
        let (key, contact) = (fresh_key(), loaded.contact.clone());
        let objection = Some(&measure.id);
        let turn = Turn { objection, now: later(ms), ..turn(&line, &loaded, &key, &contact) };
        engine.save(turn).await.unwrap();
    }
    let found = engine.measure(&line, &measure.id).await.unwrap().unwrap();
    assert!(matches!(found.act, Act::Block { objected_at: Some(at), .. } if at == later(5)));
}

#[tokio::test]
async fn a_deleted_message_says_when_it_came_and_why_it_went() {
    let (engine, line) = (Engine::start().await, pordenone());
    let asked = question("Comprate i miei prodotti");
    let row = asked.row.clone();
    let loaded = engine.load_as(&line, &person(1)).await;
    let (key, contact) = (fresh_key(), person(1));
    let inbound = Some(asked);
    engine.save(Turn { inbound, ..turn(&line, &loaded, &key, &contact) }).await.unwrap();
    let act = || Act::Deletion { message: row.clone() };
    for gone in [true, false] {
        let measure = measure(&contact.id, 0, act());
        let (line, chat, row, file) = (&line, &contact.id, &row, None);
        let deleting = Deleting { line, chat, row, file, measure: &measure };
        let deleted = engine.delete_message(deleting).await;
        assert_eq!(deleted.is_ok(), gone, "once");
    }
    let entry = engine.entry(&line, &contact.id, &row).await.unwrap().unwrap();
    assert_eq!((entry.text.as_str(), entry.media.is_none()), ("", true));
    assert_eq!(entry.deleted, Some((now(), "spam o link fuori tema".to_owned())));
    let everything = format!("{:?}", engine.everything().await);
    assert!(!everything.contains("Comprate"), "no copy is left");
    assert_eq!(engine.measures_of(&line, &contact).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_report_is_kept_until_it_expires_and_goes_with_the_person() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet(&line, &person(1)).await;
    engine.meet(&line, &person(2)).await;
    let expires_at = later(30 * DAY_MS);
    let report = |n| {
        let (recipient, sha256) = (Recipient::Platform, "0".repeat(64));
        let act = Act::Report { messages: 1, recipient, sha256, expires_at };
        measure(&contact_id(n), 0, act)
    };
    let (ours, other) = (report(1), report(2));
    for it in [&ours, &other] {
        let pack = "{\"person\":1}\n";
        let (line, files, once, now) = (&line, &[], None, now());
        let reporting = Reporting { line, measure: it, pack, files, once, now };
        engine.keep_report(reporting).await.unwrap();
    }
    let read = async |it: &Measure, at| engine.pack(&line, &it.id, at).await.unwrap();
    assert_eq!(read(&ours, now()).await.unwrap().text, "{\"person\":1}\n");
    assert_eq!(read(&ours, expires_at).await, None);

    let contact = engine.contact(&line, &contact_id(1)).await.unwrap().unwrap();
    engine.forget(&line, &contact).await.unwrap();
    assert_eq!(read(&ours, now()).await, None);
    assert_eq!(engine.measure(&line, &ours.id).await.unwrap(), None);
    assert!(read(&other, now()).await.is_some());
}
