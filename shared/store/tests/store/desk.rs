// SPDX-License-Identifier: EUPL-1.2
//! What the desk notes of a conversation: changed by one at a time, and gone with the person.

use domain::contact::Contact;
use domain::message::{Outgoing, Place};
use store::{EntryContent, Note, StoreError, Task, Turn, waits};

use crate::support::{
    Engine, contact_id, entry_at, fresh_key, later, now, person, pordenone, question, turn,
};

/// Somebody who asks and is looked after at `later(600)`.
async fn ask(engine: &Engine, contact: &Contact) -> MessageRow {
    let (line, key) = (pordenone(), fresh_key());
    let loaded = engine.load_as(&line, contact).await;
    let inbound = question("Quando apre lo sportello?");
    let row = inbound.row.clone();
    let asked = Turn {
        inbound: Some(inbound),
        opens: true,
        look_at: Some(later(600)),
        ..turn(&line, &loaded, &key, contact)
    };
    engine.save(asked).await.unwrap();
    row
}

type MessageRow = String;

fn note(n: i64, text: &str) -> Note {
    Note {
        id: format!("{:016}#{n}", now().as_millisecond() + n),
        at: later(n),
        operator: "anna".to_owned(),
        text: text.to_owned(),
    }
}

#[tokio::test]
async fn of_two_who_change_the_same_conversation_one_is_told() {
    let (engine, line) = (Engine::start().await, pordenone());
    ask(&engine, &person(1)).await;
    let read = engine.conversation(&line, &contact_id(1)).await.unwrap().unwrap();
    assert_eq!((read.opened_at, read.assigned_to.as_deref()), (Some(now()), None));
    engine.label_conversation(&read, &line, Some("anna"), Some("tari")).await.unwrap();
    let late = engine.label_conversation(&read, &line, Some("bruno"), None).await;
    assert!(matches!(late, Err(StoreError::Conflict)));
    let labelled = engine.conversation(&line, &contact_id(1)).await.unwrap().unwrap();
    assert_eq!(labelled.assigned_to.as_deref(), Some("anna"));
    assert_eq!(labelled.topic.as_deref(), Some("tari"));
    engine.label_conversation(&labelled, &line, None, Some("tari")).await.unwrap();

    // A message meanwhile is a change, too.
    let read = engine.conversation(&line, &contact_id(1)).await.unwrap().unwrap();
    assert_eq!(read.assigned_to, None);
    ask(&engine, &person(1)).await;
    assert!(matches!(engine.read_all(&read, &line).await, Err(StoreError::Conflict)));
    let again = engine.conversation(&line, &contact_id(1)).await.unwrap().unwrap();
    assert_eq!((again.unread, again.topic.as_deref()), (2, Some("tari")));
    engine.read_all(&again, &line).await.unwrap();
    let all = engine.conversation(&line, &contact_id(1)).await.unwrap().unwrap();
    assert_eq!((all.unread, all.state.as_str(), all.opened_at), (0, "open", Some(now())));
}

#[tokio::test]
async fn a_wait_begins_with_the_first_message_and_ends_with_the_answer() {
    let (engine, line, id) = (Engine::start().await, pordenone(), contact_id(1));
    ask(&engine, &person(1)).await;
    engine.note_notified(&line, &id, (true, true), later(10)).await.unwrap();
    let told = engine.conversation(&line, &id).await.unwrap().unwrap();
    assert_eq!((told.noticed_at, told.listed_at), (Some(later(10)), Some(later(10))));
    engine.settle_conversation(&line, &id, "closed", later(20)).await.unwrap();
    let closed = engine.conversation(&line, &id).await.unwrap().unwrap();
    assert_eq!((closed.opened_at, closed.noticed_at, closed.listed_at), (None, None, None));
    engine.note_notified(&line, &id, (true, true), later(30)).await.unwrap();
    assert_eq!(engine.conversation(&line, &id).await.unwrap().unwrap(), closed);
    engine.reopen_conversation(&closed, &line, later(40)).await.unwrap();
    let open = engine.conversation(&line, &id).await.unwrap().unwrap();
    assert_eq!((open.state.as_str(), open.opened_at), ("open", Some(later(40))));
    assert_eq!(engine.conversations(&line, "open", None, 10).await.unwrap(), [open]);
}

#[tokio::test]
async fn of_many_messages_of_one_wait_the_first_says_when_to_look() {
    let (engine, line) = (Engine::start().await, pordenone());
    ask(&engine, &person(1)).await;
    let want: Task = waits(&line, &contact_id(1), later(600));
    assert_eq!(engine.due_tasks(later(600)).await.unwrap(), std::slice::from_ref(&want));
    let later_task = Task { due_at: later(900), ..want.clone() };
    engine.plan_task(&later_task).await.unwrap();
    ask(&engine, &person(1)).await;
    assert!(engine.due_tasks(later(600)).await.unwrap().is_empty(), "it keeps its time");
}

#[tokio::test]
async fn notes_are_read_latest_first_page_by_page_and_are_no_messages() {
    let (engine, line) = (Engine::start().await, pordenone());
    ask(&engine, &person(1)).await;
    for n in 0..5 {
        let expires = later(1_000_000);
        engine
            .add_note(&line, &contact_id(1), &note(n, "Ha chiamato"), expires, None)
            .await
            .unwrap();
    }
    let mut seen: Vec<String> = Vec::new();
    loop {
        let before = seen.last().map(String::as_str);
        let page = engine.notes(&line, &person(1), before, 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page.into_iter().map(|it| it.id));
        assert!(seen.len() <= 5);
    }
    let want: Vec<_> = (0..5).rev().map(|n| note(n, "").id).collect();
    assert_eq!(seen, want);
    assert_eq!(engine.entries(&line, &person(1), None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_the_desk_noted_goes_with_the_person_and_with_its_date() {
    let (engine, line, id) = (Engine::start().await, pordenone(), contact_id(1));
    engine.meet(&line, &person(1)).await;
    ask(&engine, &person(1)).await;
    for n in [10, 5_000] {
        engine
            .add_note(&line, &id, &note(n, "Vive in via Roma"), later(9_000), None)
            .await
            .unwrap();
    }
    engine.note_presence(&line, &id, ("4f", "anna"), true, now()).await.unwrap();
    engine.clear_chat(&line, &id, Some(later(1_000))).await.unwrap();
    let notes = engine.notes(&line, &person(1), None, 10).await.unwrap();
    assert_eq!(notes.iter().map(|it| it.at).collect::<Vec<_>>(), [later(5_000)]);
    let contact = engine.contact(&line, &id).await.unwrap().unwrap();
    engine.forget(&line, &contact).await.unwrap();
    let left = format!("{:?}", engine.everything().await);
    assert!(!left.contains("via Roma") && !left.contains("WRITES") && !left.contains("NOTE"));
}

#[tokio::test]
async fn who_writes_is_seen_by_others_until_they_stop() {
    let (engine, line, id) = (Engine::start().await, pordenone(), contact_id(1));
    let present = async |at| {
        let found = engine.present(&line, &id, later(at)).await.unwrap();
        found.into_iter().map(|it| it.1).collect::<Vec<_>>()
    };
    engine.note_presence(&line, &id, ("1", "anna"), true, now()).await.unwrap();
    engine.note_presence(&line, &id, ("2", "bruno"), true, later(20_000)).await.unwrap();
    assert_eq!(present(30_000).await, ["anna", "bruno"]);
    assert_eq!(present(50_000).await, ["bruno"], "anna has not said so for 50 seconds");
    engine.note_presence(&line, &id, ("2", "bruno"), false, later(51_000)).await.unwrap();
    assert!(present(51_000).await.is_empty());
}

#[tokio::test]
async fn a_draft_is_one_until_it_is_sent() {
    let (engine, line, id) = (Engine::start().await, pordenone(), contact_id(1));
    let place = Place {
        latitude: 43.9989,
        longitude: 11.24,
        name: "Municipio".to_owned(),
        address: Some("viale della Repubblica 24".to_owned()),
    };
    for message in [Outgoing::Text("È pronta.".to_owned()), Outgoing::Location(place)] {
        let entry = entry_at(now(), "out", EntryContent::Draft(message.clone()));
        let row = entry.row.clone();
        engine.add_entry(&line, &id, entry, None, now()).await.unwrap();
        let found = engine.entry(&line, &id, &row).await.unwrap().unwrap();
        assert!(found.draft);
        assert_eq!(found.outgoing(), Some(message));
        let sent = engine.claim_entry(&line, &id, &row).await.unwrap().unwrap();
        assert!(!sent.draft);
    }
}
