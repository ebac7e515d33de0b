// SPDX-License-Identifier: EUPL-1.2
//! Files: written down as they come, theirs who were sent them, and gone with their bytes first.

use domain::contact::Contact;
use domain::ids::{FileId, PhoneNumberId};
use domain::line::Rule;
use domain::media::{File, Kind, Safety, State, Upload};
use domain::moderation::{Act, Measure, Recipient};
use jiff::ToSpan;
use store::{Deleting, EntryContent, Reporting, StoreError, keys};

use crate::support::{Engine, contact_id, entry_at, fresh_key, now, person, pordenone};

fn of_the_office(secret: &str) -> File {
    File {
        id: keys::file_id(now().as_millisecond(), secret),
        contact: None,
        shared: false,
        at: now(),
        kind: Kind::Document,
        mime: "application/pdf".to_owned(),
        name: "modulo.pdf".to_owned(),
        state: State::Waiting,
        source: None,
        uploads: [].into(),
        expires_at: now() + 720.hours(),
        sealed_until: None,
    }
}

/// The office sends a file to somebody.
async fn sent(engine: &Engine, file: &FileId, to: &Contact, second: i64) {
    let line = pordenone();
    engine.give_file(&line, file, &to.id).await.unwrap();
    let content = EntryContent::File {
        file: file.clone(),
        file_name: "modulo.pdf".to_owned(),
        sent_as: None,
        caption: String::new(),
    };
    let entry = entry_at(now() + second.seconds(), "out", content);
    engine.add_entry(&line, &to.id, entry, None, now()).await.unwrap();
}

#[tokio::test]
async fn a_file_is_read_as_it_was_written_and_settled_once() {
    let (engine, line) = (Engine::start().await, pordenone());
    let (number, upload) = (PhoneNumberId::new("1"), Upload::of("88", now()));
    let file = of_the_office("aa");
    engine.add_file(&line, &file, None, now()).await.unwrap();
    assert_eq!(engine.file(&line, &file.id).await.unwrap(), Some(file.clone()));
    let state = State::Kept { bytes: 9, safety: Safety::Download };
    let refused = State::Refused("empty".to_owned());
    assert!(engine.settle_file(&line, &file.id, &state).await.unwrap());
    assert!(engine.settle_file(&line, &file.id, &refused).await.unwrap(), "it is there");
    engine.note_file_upload(&line, &file.id, &number, &upload).await.unwrap();
    let uploads = [(number, upload)].into();
    let want = File { state, uploads, ..file.clone() };
    assert_eq!(engine.file(&line, &file.id).await.unwrap(), Some(want));
    let nobody = keys::file_id(0, "zz");
    assert!(!engine.settle_file(&line, &nobody, &refused).await.unwrap());
    assert_eq!(engine.file(&line, &nobody).await.unwrap(), None);
}

#[tokio::test]
async fn a_file_goes_with_who_was_sent_it_unless_others_were_too() {
    let (engine, line) = (Engine::start().await, pordenone());
    for n in [1, 2] {
        engine.meet(&line, &person(n)).await;
    }
    let anna = engine.contact(&line, &contact_id(1)).await.unwrap().unwrap();
    let bruno = engine.contact(&line, &contact_id(2)).await.unwrap().unwrap();
    let (hers, shared, unused) = (of_the_office("aa"), of_the_office("bb"), of_the_office("cc"));
    for file in [&hers, &shared, &unused] {
        engine.add_file(&line, file, None, now()).await.unwrap();
        engine
            .note_file_upload(&line, &file.id, &line_number(), &Upload::of(file.id.as_str(), now()))
            .await
            .unwrap();
    }
    sent(&engine, &hers.id, &anna, 1).await;
    engine.give_file(&line, &hers.id, &anna.id).await.unwrap();
    sent(&engine, &shared.id, &anna, 2).await;
    sent(&engine, &shared.id, &bruno, 3).await;
    assert_eq!(engine.uploads(&line, &anna).await.unwrap(), [hers.id.as_str()]);
    engine.forget(&line, &anna).await.unwrap();
    assert_eq!(engine.file(&line, &hers.id).await.unwrap(), None);
    assert!(engine.file(&line, &shared.id).await.unwrap().is_some());
    let to_go = engine.files_to_go(&line).await.unwrap();
    assert_eq!(to_go, std::slice::from_ref(&hers.id));
    engine.file_went(&line, &hers.id).await.unwrap();
    assert_eq!(engine.files_to_go(&line).await.unwrap(), []);

    // What is past its date, the rest too.
    engine.let_old_files_go(&line, now(), now()).await.unwrap();
    assert_eq!(engine.files_to_go(&line).await.unwrap(), []);
    engine.let_old_files_go(&line, now() + 1.second(), now()).await.unwrap();
    let to_go = engine.files_to_go(&line).await.unwrap();
    assert_eq!(to_go, [shared.id, unused.id]);
}

#[tokio::test]
async fn a_reported_file_stays_hidden_for_its_report_and_goes_with_it() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet(&line, &person(1)).await;
    let until = now() + 4320.hours();
    let measure = |act| Measure {
        id: keys::measure_id(now().as_millisecond(), &fresh_key()),
        contact: contact_id(1),
        at: now(),
        act,
        rule: Rule { id: "spam".to_owned(), words: "spam".to_owned() },
        reason: "spam".to_owned(),
        by: "Sportello".to_owned(),
    };
    let (reported, other) = (of_the_office("aa"), of_the_office("bb"));
    let mut rows = Vec::new();
    for (second, file) in [(1, &reported), (2, &other)] {
        engine.add_file(&line, file, None, now()).await.unwrap();
        let content =
            EntryContent::In { kind: "image".to_owned(), text: String::new(), media: None };
        let entry = entry_at(now() + second.seconds(), "in", content);
        rows.push(entry.row.clone());
        engine.add_entry(&line, &contact_id(1), entry, None, now()).await.unwrap();
    }
    let (recipient, sha256) = (Recipient::Platform, "0".repeat(64));
    let report = measure(Act::Report { messages: 1, recipient, sha256, expires_at: until });
    let reporting = Reporting {
        line: &line,
        measure: &report,
        pack: "{}",
        files: std::slice::from_ref(&reported.id),
        once: None,
        now: now(),
    };
    engine.keep_report(reporting).await.unwrap();
    let pack = engine.pack(&line, &report.id, now()).await.unwrap().unwrap();
    assert_eq!(pack.files, std::slice::from_ref(&reported.id));

    let delete = async |row: &String, file: &File| {
        let act = Act::Deletion { message: row.clone() };
        let (line, chat, measure) = (&line, &contact_id(1), &measure(act));
        let deleting = Deleting { line, chat, row, file: Some(file), measure };
        engine.delete_message(deleting).await
    };
    // As it was read before somebody reported it: look again.
    assert!(matches!(delete(&rows[0], &reported).await, Err(StoreError::Conflict)));
    let read = engine.file(&line, &reported.id).await.unwrap().unwrap();
    delete(&rows[0], &read).await.unwrap();
    delete(&rows[1], &other).await.unwrap();
    let hidden = engine.file(&line, &reported.id).await.unwrap().unwrap();
    assert_eq!((hidden.expires_at, hidden.sealed_until), (now(), Some(until)));
    assert_eq!(engine.file(&line, &other.id).await.unwrap(), None);
    assert_eq!(engine.files_to_go(&line).await.unwrap(), std::slice::from_ref(&other.id));
    engine.file_went(&line, &other.id).await.unwrap();

    engine.let_old_files_go(&line, until, until - 1.second()).await.unwrap();
    assert_eq!(engine.files_to_go(&line).await.unwrap(), []);
    engine.let_old_files_go(&line, until, until).await.unwrap();
    assert_eq!(engine.files_to_go(&line).await.unwrap(), [reported.id]);
}

fn line_number() -> PhoneNumberId {
    PhoneNumberId::new("331651133100001")
}
