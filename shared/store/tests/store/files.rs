// SPDX-License-Identifier: EUPL-1.2
//! Files: written down as they come, theirs who were sent them, and gone with their bytes first.

use domain::contact::Contact;
use domain::ids::{FileId, PhoneNumberId};
use domain::media::{File, Kind, Safety, State, Upload};
use jiff::ToSpan;
use store::{EntryContent, keys};

use crate::support::{Engine, contact_id, entry_at, now, person, pordenone};

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
    let to_go = engine.files_to_go(&line, None).await.unwrap();
    assert_eq!(to_go, std::slice::from_ref(&hers.id));
    engine.file_went(&line, &hers.id).await.unwrap();
    assert_eq!(engine.files_to_go(&line, None).await.unwrap(), []);

    // What is past its date, the rest too.
    assert_eq!(engine.files_to_go(&line, Some(now())).await.unwrap(), []);
    let to_go = engine.files_to_go(&line, Some(now() + 1.second())).await.unwrap();
    assert_eq!(to_go, [shared.id, unused.id]);
}

fn line_number() -> PhoneNumberId {
    PhoneNumberId::new("331651133100001")
}
