// SPDX-License-Identifier: EUPL-1.2
//! Erasure and the night's clearing: what is gone is gone everywhere, whatever happens meanwhile.

use domain::contact::{ConsentChange, Contact};
use domain::delivery::{Report, State as Delivery};
use domain::media::{File, Kind, Safety, State};
use domain::message::{Media, ProfileName, Sender};
use store::{Counted, EntryContent, News, Night, StoreError, Turn, keys};

use crate::support::{
    Engine, Everything, answer, contact_id, entry_at, following, fresh_broadcast, fresh_key, now,
    person, phone, pordenone, question, said, take, topics, turn, user,
};

/// What the person seeded below is known by, and what they wrote.
const TRACES: [&str; 12] = [
    "393330000001",
    "393330000002",
    "IT.0000000000000001",
    "IT.0000000000000002",
    "Anna Verdi",
    "Persona 2",
    "ISCRIVIMI",
    "Ho perso la carta",
    "Mi dispiace",
    "carta-d-identita.pdf",
    "wamid.",
    "sportello apre",
];

fn traces(everything: &Everything) -> Vec<&'static str> {
    let all = format!("{everything:?}");
    TRACES.into_iter().filter(|it| all.contains(it)).collect()
}

/// Somebody who was two contacts, wrote, subscribed, sent a file, was answered and sent to.
async fn seed(engine: &Engine) -> Contact {
    let line = pordenone();
    let named = Contact { name: Some(ProfileName::new("Anna Verdi")), ..person(1) };
    let change = || ConsentChange::Subscribed { topics: topics(&["eventi"]) };
    for contact in [following(named, &["eventi"]), following(person(2), &["scadenze"])] {
        let loaded = engine.load_as(&line, &contact).await;
        let event = said(&contact, "ISCRIVIMI", change(), now());
        let key = fresh_key();
        let turn = Turn {
            event: Some(&event),
            inbound: Some(question("Ho perso la carta")),
            opens: true,
            replies: vec![answer("Mi dispiace")],
            ..turn(&line, &loaded, &key, &contact)
        };
        engine.save(turn).await.unwrap();
    }
    let media = Media {
        kind: "document".to_owned(),
        id: "77".to_owned(),
        mime_type: None,
        file_name: Some("carta-d-identita.pdf".to_owned()),
        caption: None,
        file: Some(keys::file_id(7, "ab")),
    };
    let (kept, of) = (State::Kept { bytes: 9, safety: Safety::Download }, Some(contact_id(2)));
    let kept = File {
        id: keys::file_id(7, "ab"),
        contact: of,
        shared: false,
        at: now(),
        kind: Kind::Document,
        mime: "application/pdf".to_owned(),
        name: "carta-d-identita.pdf".to_owned(),
        state: kept,
        source: Some("77".to_owned()),
        uploads: [].into(),
        expires_at: now(),
        sealed_until: None,
    };
    engine.add_file(&line, &kept, None, now()).await.unwrap();
    let (kind, text) = ("document".to_owned(), String::new());
    let file = EntryContent::In { kind, text, media: Some(media) };
    engine
        .add_entry(&line, &contact_id(2), entry_at(now(), "in", file), None, now())
        .await
        .unwrap();
    let unreadable = |id: &str| format!("{{\"from\":\"{id}\",\"text\":\"Ho perso la carta\"}}");
    for id in ["393330000002", "IT.0000000000000002"] {
        let key = fresh_key();
        engine.keep_aside(&line, &key, "unreadable", &unreadable(id), now()).await.unwrap();
    }
    let desk = answer("Lo sportello apre alle 9.");
    engine.add_entry(&line, &contact_id(1), desk, None, now()).await.unwrap();
    let before = traces(&engine.everything().await);
    assert_eq!(before, TRACES, "what is looked for is there to be found");

    let sender = Sender { phone: Some(phone(2)), user_id: Some(user(1)), name: None };
    let loaded = engine.load(&line, &sender, Some(&user(2)), contact_id(9)).await.unwrap();
    let merged = Contact { phone: Some(phone(2)), ..loaded.merged(now()) };
    engine.save(turn(&line, &loaded, &fresh_key(), &merged)).await.unwrap();
    let broadcast = fresh_broadcast();
    engine.claim(take(&broadcast, &merged.id, "ours")).await.unwrap();
    let news = News::of(Report::Delivered, now());
    engine.tell(&broadcast, &merged.id, &news).await.unwrap();
    engine.contact(&line, &merged.id).await.unwrap().unwrap()
}

#[tokio::test]
async fn who_is_forgotten_is_found_nowhere() {
    let (engine, line) = (Engine::start().await, pordenone());
    let contact = seed(&engine).await;
    engine.meet(&line, &following(person(3), &["eventi"])).await;

    assert_eq!(engine.forget(&line, &contact).await.unwrap(), 6);
    let after = engine.everything().await;
    assert_eq!(traces(&after), Vec::<&str>::new());
    for id in [1, 2].map(contact_id) {
        let key = keys::contact(&line, &id);
        assert!(!after.keys().any(|it| it.1 == key.pk && it.2 == key.sk), "nothing leads to them");
        assert_eq!(engine.recipients(&line, &[id]).await.unwrap(), [].into());
    }
    // Messages that were seen and deliveries stay, under ids that lead to nobody.
    let left: Vec<_> = after.keys().filter(|it| !it.1.contains("pordenone")).collect();
    assert_eq!(left.len(), 1);
    assert_eq!(engine.contact(&line, &contact.id).await.unwrap(), None);
    assert_eq!(engine.followers_of(&line, "*").await, [contact_id(3)]);
    assert_eq!(engine.find(&line, &phone(3)).await.unwrap().map(|it| it.id), Some(contact_id(3)));

    assert_eq!(engine.forget(&line, &contact).await.unwrap(), 0);
    assert_eq!(engine.everything().await, after);
}

#[tokio::test]
async fn late_reports_do_not_bring_anything_back() {
    let (engine, line) = (Engine::start().await, pordenone());
    let contact = seed(&engine).await;
    let entries = engine.entries(&line, &contact, None, 10).await.unwrap();
    engine.forget(&line, &contact).await.unwrap();
    let after = engine.everything().await;
    for entry in entries {
        for id in [&contact.id, &contact.former_ids[0]] {
            let reported = engine.report_entry(&line, id, &entry.row, Delivery::Read, None).await;
            reported.unwrap();
            assert!(engine.claim_entry(&line, id, &entry.row).await.unwrap().is_none());
        }
    }
    assert_eq!(engine.everything().await, after);
}

#[tokio::test]
async fn a_forgetting_that_dies_is_finished_by_the_next_wherever_it_died() {
    let mut deaths = 0;
    loop {
        let (engine, line) = (Engine::start().await, pordenone());
        let contact = seed(&engine).await;
        if engine.dying_after(deaths).forget(&line, &contact).await.is_ok() {
            break;
        }
        // What the next run knows is what it finds under the id.
        let found = engine.contact(&line, &contact.id).await.unwrap().expect("still to be found");
        engine.forget(&line, &found).await.unwrap();
        let after = engine.everything().await;
        assert_eq!(traces(&after), Vec::<&str>::new(), "died after {deaths} requests");
        assert_eq!(engine.contact(&line, &contact.id).await.unwrap(), None);
        deaths += 1;
    }
    assert!(deaths > 5, "it takes more than {deaths} requests");
}

#[tokio::test]
async fn who_writes_while_being_forgotten_is_somebody_new() {
    let (engine, line) = (Engine::start().await, pordenone());
    let contact = seed(&engine).await;
    engine.dying_after(10).forget(&line, &contact).await.unwrap_err();
    let newcomer = Contact { id: contact_id(9), ..contact.clone() };
    let newcomer = Contact { former_ids: Vec::new(), ..newcomer };
    let loaded = engine.load_as(&line, &newcomer).await;
    assert_eq!(loaded.contact, Contact::new(contact_id(9)));
    engine.save(turn(&line, &loaded, &fresh_key(), &newcomer)).await.unwrap();

    engine.forget(&line, &contact).await.unwrap();
    assert_eq!(engine.contact(&line, &contact.id).await.unwrap(), None);
    assert_eq!(engine.load_as(&line, &newcomer).await.contact, newcomer);
    assert_eq!(engine.followers_of(&line, "*").await, [contact_id(9)]);
}

#[tokio::test]
async fn who_changed_since_they_were_looked_at_is_not_forgotten() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet(&line, &person(1)).await;
    let looked_at = engine.contact(&line, &contact_id(1)).await.unwrap().unwrap();
    engine.meet(&line, &following(person(1), &["eventi"])).await;
    let before = engine.everything().await;
    let forgotten = engine.forget(&line, &looked_at).await;
    assert!(matches!(forgotten, Err(StoreError::Conflict)));
    assert_eq!(engine.everything().await, before);
}

#[tokio::test]
async fn who_was_merged_since_they_were_looked_at_is_not_forgotten() {
    let (engine, line) = (Engine::start().await, pordenone());
    let contact = seed(&engine).await;
    let before = engine.everything().await;
    let twin = following(person(1), &["eventi"]);
    assert_eq!(contact.former_ids, std::slice::from_ref(&twin.id));
    let forgotten = engine.forget(&line, &twin).await;
    assert!(matches!(forgotten, Err(StoreError::Conflict)));
    assert_eq!(engine.everything().await, before);
}

#[tokio::test]
async fn a_turn_of_before_the_forgetting_is_not_saved_after_it() {
    let (engine, line) = (Engine::start().await, pordenone());
    let contact = seed(&engine).await;
    let loaded = engine.load_contact(&line, &contact.id).await.unwrap().unwrap();
    engine.forget(&line, &contact).await.unwrap();
    let after = engine.everything().await;
    let late = engine.save(turn(&line, &loaded, &fresh_key(), &contact)).await;
    assert!(matches!(late, Err(StoreError::Conflict)));
    assert_eq!(engine.everything().await, after);
}

#[tokio::test]
async fn a_night_goes_on_where_it_was_left() {
    let (engine, line) = (Engine::start().await, pordenone());
    assert_eq!(engine.night(&line, "2026-11-22").await.unwrap(), Night::default());
    let counted = Counted { contacts: 1, lapsed: 2, messages: 3, deliveries: 4 };
    let half = Night {
        contacts_done: true,
        finished: false,
        cursor: Some(contact_id(7).as_str().to_owned()),
        counted,
    };
    let whole = Night { finished: true, cursor: None, ..half.clone() };
    for night in [half, whole] {
        engine.save_night(&line, "2026-11-22", &night, now()).await.unwrap();
        assert_eq!(engine.night(&line, "2026-11-22").await.unwrap(), night);
    }
    assert_eq!(engine.night(&line, "2026-11-23").await.unwrap(), Night::default());
}

#[tokio::test]
async fn the_night_looks_at_every_contact_once() {
    let (engine, line) = (Engine::start().await, pordenone());
    for n in 0..40 {
        engine.meet(&line, &person(n * 7)).await;
    }
    // Two are one: of the first only the way to the last is left.
    let sender = Sender { phone: Some(phone(0)), user_id: Some(user(39 * 7)), name: None };
    let loaded = engine.load(&line, &sender, Some(&user(0)), contact_id(9)).await.unwrap();
    let merged = loaded.merged(now());
    engine.save(turn(&line, &loaded, &fresh_key(), &merged)).await.unwrap();
    let everybody: Vec<_> = (1..40).map(|n| contact_id(n * 7)).collect();
    for limit in 1..=2 {
        let mut seen = Vec::new();
        loop {
            let page = engine.contacts(&line, seen.last(), limit).await.unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= usize::try_from(limit).unwrap());
            seen.extend(page.into_iter().map(|it| it.id));
            assert!(seen.len() < 40, "pages come to an end");
        }
        seen.sort();
        assert_eq!(seen, everybody, "{limit} at a time");
    }
}
