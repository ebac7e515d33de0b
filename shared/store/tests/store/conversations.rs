// SPDX-License-Identifier: EUPL-1.2
//! Conversations: what waits for the desk is listed, what is owed is sent once.

use std::collections::{BTreeMap, BTreeSet};

use domain::contact::Contact;
use domain::delivery::{Callback, State};
use domain::ids::{ContactId, LineId};
use domain::line::HeaderFormat;
use domain::message::{Button, FilledTemplate, HeaderMedia, Media, Outgoing, Row};
use futures::future;
use jiff::Timestamp;
use proptest::prelude::*;
use store::{Direction, Entry, EntryContent, NewEntry, StoreError, Turn, callback};

use crate::support::{
    Engine, answer, contact_id, entry_at, fresh_key, hold, later, now, person, pordenone,
    question_at, turn,
};

/// A question for the desk.
async fn ask(engine: &Engine, line: &LineId, contact: &Contact, at: Timestamp) {
    let loaded = engine.load_as(line, contact).await;
    let key = fresh_key();
    let asked = Turn {
        inbound: Some(question_at("Quando apre lo sportello?", at)),
        opens: true,
        now: at,
        ..turn(line, &loaded, &key, contact)
    };
    engine.save(asked).await.unwrap();
}

async fn listed(engine: &Engine, state: &str) -> Vec<(ContactId, i64)> {
    let found = engine.conversations(&pordenone(), state, None, 10).await.unwrap();
    assert!(found.iter().all(|it| it.state == state));
    found.into_iter().map(|it| (it.contact, it.unread)).collect()
}

#[tokio::test]
async fn what_waits_for_the_desk_is_listed_latest_first_until_it_is_settled() {
    let (engine, line) = (Engine::start().await, pordenone());
    let [anna, bruno, carla] = [1, 2, 3].map(contact_id);
    for (n, at) in [(1, 1000), (2, 2000), (3, 3000), (1, 4000)] {
        ask(&engine, &line, &person(n), later(at)).await;
    }
    let open = [(anna.clone(), 2), (carla.clone(), 1), (bruno.clone(), 1)];
    assert_eq!(listed(&engine, "open").await, open);

    engine.settle_conversation(&line, &carla, "closed", later(5000)).await.unwrap();
    engine.settle_conversation(&line, &anna, "waiting", later(6000)).await.unwrap();
    assert_eq!(listed(&engine, "open").await, [(bruno.clone(), 1)]);
    assert_eq!(listed(&engine, "waiting").await, [(anna.clone(), 0)]);
    assert_eq!(listed(&engine, "closed").await, [(carla.clone(), 0)]);

    ask(&engine, &line, &person(3), later(7000)).await;
    assert_eq!(listed(&engine, "open").await, [(carla, 1), (bruno, 1)]);
    assert!(listed(&engine, "closed").await.is_empty());
}

#[tokio::test]
async fn a_message_nobody_must_look_at_opens_nothing() {
    let (engine, line) = (Engine::start().await, pordenone());
    let loaded = engine.load_as(&line, &person(1)).await;
    let (key, contact) = (fresh_key(), person(1));
    let thanked = Turn {
        inbound: Some(question_at("Grazie!", now())),
        ..turn(&line, &loaded, &key, &contact)
    };
    engine.save(thanked).await.unwrap();
    assert!(listed(&engine, "open").await.is_empty());
    assert_eq!(engine.entries(&line, &person(1), None, 10).await.unwrap().len(), 1);
}

#[test]
fn pages_of_the_inbox_have_every_conversation_once_latest_first() {
    let times = prop::collection::btree_map(0_u32..1000, 0_i64..5, 0..12);
    hold(24, (times, 1_i32..5), async |engine, line, (times, limit): (BTreeMap<_, _>, _)| {
        for (n, at) in &times {
            let id = contact_id(*n);
            engine.settle_conversation(&line, &id, "waiting", later(*at)).await.unwrap();
        }
        let mut listed = Vec::new();
        let mut before = None;
        loop {
            let page = engine.conversations(&line, "waiting", before, limit).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some(last.last_at);
            listed.extend(page.into_iter().map(|it| (it.last_at, it.contact)));
            prop_assert!(listed.len() <= times.len(), "pages come to an end");
        }
        prop_assert!(listed.is_sorted_by_key(|it| std::cmp::Reverse(it.0)));
        let want: BTreeSet<_> = times.iter().map(|(n, at)| (later(*at), contact_id(*n))).collect();
        prop_assert_eq!(listed.len(), want.len());
        prop_assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), want);
        Ok(())
    });
}

#[test]
fn pages_of_a_chat_go_back_to_its_first_message_under_whatever_id() {
    let messages = prop::collection::vec((0_i64..6, any::<bool>()), 0..16);
    hold(24, (messages, 1_usize..6), async |engine, line, (messages, limit)| {
        let contact = Contact { former_ids: vec![contact_id(2)], ..person(1) };
        let mut want = Vec::new();
        for (at, formerly) in messages {
            let entry = question_at("Buongiorno", later(at));
            want.push(entry.row.clone());
            let id = contact_id(if formerly { 2 } else { 1 });
            engine.add_entry(&line, &id, entry, None, now()).await.unwrap();
        }
        // The conversation's own row stands in the same partition and is no message.
        engine.settle_conversation(&line, &contact.id, "closed", now()).await.unwrap();
        want.sort_by(|a, b| b.cmp(a));
        let mut read: Vec<String> = Vec::new();
        loop {
            let before = read.last().map(String::as_str);
            let page = engine.entries(&line, &contact, before, limit).await.unwrap();
            if page.is_empty() {
                break;
            }
            prop_assert!(page.len() <= limit);
            read.extend(page.into_iter().map(|it| it.row));
            prop_assert!(read.len() <= want.len(), "pages come to an end");
        }
        prop_assert_eq!(read, want);
        Ok(())
    });
}

#[tokio::test]
async fn long_messages_do_not_cut_a_page_short() {
    let (engine, line) = (Engine::start().await, pordenone());
    let long = "parola ".repeat(8000);
    for at in 0..30 {
        engine
            .add_entry(&line, &contact_id(1), question_at(&long, later(at)), None, now())
            .await
            .unwrap();
    }
    // A page of the table holds 1 MB; these are 1.7.
    assert_eq!(engine.entries(&line, &person(1), None, 30).await.unwrap().len(), 30);
}

fn outgoing() -> [Outgoing; 7] {
    let button = |n: u8| Button { payload: format!("topic:{n}"), title: format!("Argomento {n}") };
    let row = |n: u8, description: Option<&str>| Row {
        payload: format!("add:{n}"),
        title: format!("Argomento {n}"),
        description: description.map(str::to_owned),
    };
    let template = FilledTemplate {
        name: "avviso".to_owned(),
        language: "it".to_owned(),
        parameters: vec![
            ("titolo".to_owned(), "Via Roma chiusa".to_owned()),
            ("data".to_owned(), String::new()),
        ],
        header: Some(HeaderMedia {
            format: HeaderFormat::Document,
            media_id: "42".to_owned(),
            file_name: Some("ordinanza.pdf".to_owned()),
        }),
        quick_reply: Some("accept-policy:2026-11-24".to_owned()),
    };
    let bare = FilledTemplate { parameters: Vec::new(), header: None, ..template.clone() };
    [
        Outgoing::Text("Iscrizione fatta.".to_owned()),
        Outgoing::Text(String::new()),
        Outgoing::Buttons { body: "Quale?".to_owned(), buttons: vec![button(2), button(1)] },
        Outgoing::List {
            body: "Quali?".to_owned(),
            button: "Scegli".to_owned(),
            rows: vec![row(1, Some("Mostre e concerti")), row(2, None)],
        },
        Outgoing::Template(template),
        Outgoing::Document {
            media_id: "77".to_owned(),
            file_name: "avviso.pdf".to_owned(),
            caption: "L'avviso".to_owned(),
        },
        Outgoing::Template(bare),
    ]
}

#[tokio::test]
async fn an_answer_is_sent_as_it_was_written_down() {
    let (engine, line) = (Engine::start().await, pordenone());
    for message in outgoing() {
        let entry = entry_at(now(), "out", EntryContent::Out(message.clone()));
        let entry = NewEntry { operator: Some("sportello".to_owned()), ..entry };
        let row = entry.row.clone();
        engine.add_entry(&line, &contact_id(1), entry, None, now()).await.unwrap();
        let found = engine.entry(&line, &contact_id(1), &row).await.unwrap().unwrap();
        assert_eq!(found.outgoing().as_ref(), Some(&message));
        assert_eq!((found.direction, found.at, found.state), (Direction::Out, now(), None));
        assert_eq!(found.operator.as_deref(), Some("sportello"));
        let claimed = engine.claim_entry(&line, &contact_id(1), &row).await.unwrap().unwrap();
        assert_eq!(claimed.outgoing().as_ref(), Some(&message));
    }
}

#[tokio::test]
async fn a_message_is_read_as_it_came() {
    let (engine, line) = (Engine::start().await, pordenone());
    let media = Media {
        kind: "document".to_owned(),
        id: "77".to_owned(),
        mime_type: Some("application/pdf".to_owned()),
        file_name: Some("domanda.pdf".to_owned()),
        caption: Some("La domanda".to_owned()),
        file: Some(store::keys::file_id(7, "ab")),
    };
    let bare = Media { mime_type: None, file_name: None, caption: None, ..media.clone() };
    for media in [None, Some(media), Some(bare)] {
        let (kind, text) = ("document".to_owned(), "La domanda".to_owned());
        let entry = entry_at(now(), "in", EntryContent::In { kind, text, media: media.clone() });
        let row = entry.row.clone();
        engine.add_entry(&line, &contact_id(1), entry, None, now()).await.unwrap();
        let found = engine.entry(&line, &contact_id(1), &row).await.unwrap().unwrap();
        assert!(found.media == media && found.text == "La domanda" && found.kind == "document");
        assert_eq!((found.direction, found.at), (Direction::In, now()));
    }
}

#[tokio::test]
async fn a_message_is_written_down_once() {
    let (engine, line) = (Engine::start().await, pordenone());
    let entry = answer("Lo sportello apre alle 9.");
    engine.add_entry(&line, &contact_id(1), entry.clone(), None, now()).await.unwrap();
    let before = engine.everything().await;
    let again = engine.add_entry(&line, &contact_id(1), entry, None, now()).await;
    assert!(matches!(again, Err(StoreError::Conflict)));
    assert_eq!(engine.everything().await, before);
}

async fn state(engine: &Engine, row: &str) -> Option<State> {
    engine.entry(&pordenone(), &contact_id(1), row).await.unwrap().unwrap().state
}

#[tokio::test]
async fn of_twenty_who_want_to_send_an_answer_one_does() {
    let (engine, line, id) = (Engine::start().await, pordenone(), contact_id(1));
    let entry = answer("Lo sportello apre alle 9.");
    let row = entry.row.clone();
    engine.add_entry(&line, &id, entry, None, now()).await.unwrap();
    let claims = future::join_all((0..20).map(|_| engine.claim_entry(&line, &id, &row))).await;
    let won: Vec<Entry> = claims.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(won[0].text, "Lo sportello apre alle 9.");

    engine.release_entry(&line, &id, &row).await.unwrap();
    assert_eq!(state(&engine, &row).await, None);
    assert!(engine.claim_entry(&line, &id, &row).await.unwrap().is_some());
    engine.report_entry(&line, &id, &row, State::Accepted, None).await.unwrap();
    engine.release_entry(&line, &id, &row).await.unwrap();
    assert_eq!(state(&engine, &row).await, Some(State::Accepted));
    assert!(engine.claim_entry(&line, &id, &row).await.unwrap().is_none());
}

#[tokio::test]
async fn an_answer_moves_forward_only() {
    let (engine, line, id) = (Engine::start().await, pordenone(), contact_id(1));
    let entry = answer("Lo sportello apre alle 9.");
    let row = entry.row.clone();
    engine.add_entry(&line, &id, entry, None, now()).await.unwrap();
    engine.claim_entry(&line, &id, &row).await.unwrap().unwrap();
    for (reported, want) in [
        (State::Delivered, State::Delivered),
        (State::Accepted, State::Delivered),
        (State::Failed, State::Delivered),
        (State::Read, State::Read),
        (State::Delivered, State::Read),
    ] {
        engine.report_entry(&line, &id, &row, reported, None).await.unwrap();
        assert_eq!(state(&engine, &row).await, Some(want), "{reported:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_neither_claimed_nor_reported_into_being() {
    let (engine, line, id) = (Engine::start().await, pordenone(), contact_id(1));
    assert!(engine.claim_entry(&line, &id, "row").await.unwrap().is_none());
    engine.release_entry(&line, &id, "row").await.unwrap();
    engine.report_entry(&line, &id, "row", State::Read, Some(131_026)).await.unwrap();
    assert!(engine.everything().await.is_empty());
}

#[test]
fn the_id_meta_gives_back_names_the_answer() {
    let id = contact_id(1);
    let want = Callback::Message { contact: id.clone(), row: "0001#a#out".to_owned() };
    assert_eq!(Callback::decode(&callback(&id, "0001#a#out")), Some(want));
}

#[tokio::test]
async fn clearing_a_chat_takes_what_is_older_than_its_date() {
    let (engine, line) = (Engine::start().await, pordenone());
    for at in [1000, 2000, 2001, 3000] {
        ask(&engine, &line, &person(1), later(at)).await;
    }
    let id = contact_id(1);
    assert_eq!(engine.clear_chat(&line, &id, Some(later(2001))).await.unwrap(), 2);
    let left = engine.entries(&line, &person(1), None, 10).await.unwrap();
    let left: Vec<_> = left.iter().map(|it| it.at).collect();
    assert_eq!(left, [later(3000), later(2001)]);
    assert_eq!(listed(&engine, "open").await.len(), 1, "it goes with its last message");
    assert_eq!(engine.clear_chat(&line, &id, Some(later(9000))).await.unwrap(), 2);
    assert!(listed(&engine, "open").await.is_empty());
    assert_eq!(engine.clear_chat(&line, &id, None).await.unwrap(), 0);
}
