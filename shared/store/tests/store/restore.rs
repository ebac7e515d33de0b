// SPDX-License-Identifier: EUPL-1.2
//! A backup comes back: what is lost, and nobody who was erased, whoever dies meanwhile.

use std::collections::BTreeSet;

use domain::broadcast::{Audience, State};
use domain::contact::{ConsentChange, Contact};
use domain::erasure::Erased;
use domain::line::Line;
use domain::message::Sender;
use domain::rights::{Outcome, Request, Right};
use store::{Away, Kind, Turn, keys, line_file};

use crate::support::{
    Engine, answer, contact_id, draft, following, fresh_key, later, now, person, phone, question,
    said, take, topics, turn, user,
};

fn line_of_pordenone() -> Line {
    line_file::parse(line_file()).unwrap()
}

fn line_file() -> &'static str {
    include_str!("../../../../infra/lines/pordenone.toml")
}

/// Two contacts that subscribed and wrote, and a broadcast under way that reached one of them.
async fn seed(engine: &Engine) {
    let line = line_of_pordenone();
    engine.apply_line(&line.id, line_file(), now()).await.unwrap();
    for n in [1, 2] {
        let contact = following(person(n), &["eventi"]);
        let loaded = engine.load_as(&line.id, &contact).await;
        let change = ConsentChange::Subscribed { topics: topics(&["eventi"]) };
        let event = said(&contact, "ISCRIVIMI", change, now());
        let key = fresh_key();
        let turn = Turn {
            event: Some(&event),
            inbound: Some(question("Ho perso la carta")),
            opens: true,
            replies: vec![answer("Mi dispiace")],
            ..turn(&line.id, &loaded, &key, &contact)
        };
        engine.save(turn).await.unwrap();
    }
    let unreadable = "{\"from\":\"393330000002\"}";
    engine.keep_aside(&line.id, &fresh_key(), "unreadable", unreadable, now()).await.unwrap();
    let mut broadcast = draft(&line.id, Audience::All);
    broadcast.state = State::Sending;
    broadcast.due_at = Some(now());
    engine.create_broadcast(&broadcast, None).await.unwrap();
    engine.claim(take(&broadcast.id, &contact_id(1), "ours")).await.unwrap();
}

/// The two turn out to be one person, who is then erased, by the office or as they asked in chat.
async fn merges_and_erases(engine: &Engine, in_chat: bool) {
    let line = line_of_pordenone();
    let sender = Sender { phone: Some(phone(2)), user_id: Some(user(1)), name: None };
    let loaded = engine.load(&line.id, &sender, Some(&user(2)), contact_id(9)).await.unwrap();
    let merged = Contact { phone: Some(phone(2)), ..loaded.merged(now()) };
    engine.save(turn(&line.id, &loaded, &fresh_key(), &merged)).await.unwrap();
    let contact = engine.contact(&line.id, &merged.id).await.unwrap().unwrap();
    assert_eq!(contact.former_ids.len(), 1);
    let request = Request::open(&contact.id, Right::Erasure, later(1_000));
    if in_chat {
        let request = request.closed_in_chat(Outcome::Granted, later(1_000));
        let loaded = engine.load_as(&line.id, &contact).await;
        let erases = Some(Erased::default());
        let (request, key) = (Some(&request), fresh_key());
        let turn = Turn { request, erases, ..turn(&line.id, &loaded, &key, &contact) };
        engine.save(turn).await.unwrap();
    } else {
        engine.add_request(&line, &request, later(1_000)).await.unwrap();
    }
    engine.close_requests_of(&line, &contact, later(2_000)).await.unwrap();
    engine.forget(&line.id, &contact).await.unwrap();
}

#[tokio::test]
async fn whom_the_backup_has_as_two_and_who_was_erased_as_one_stays_away() {
    for in_chat in [false, true] {
        let (engine, backup) = (Engine::start().await, Engine::start().await);
        for it in [&engine, &backup] {
            seed(it).await;
        }
        merges_and_erases(&engine, in_chat).await;
        let before = engine.everything().await;
        let restored = engine.restore(&backup, &BTreeSet::new(), later(3_000), true).await.unwrap();
        assert_eq!(restored.away, [(Away::Erased, 2)].into());
        let after = engine.everything().await;
        // The line's file has its keywords.
        let text: Vec<_> = after.iter().filter(|it| it.0.1 != keys::LINES).collect();
        let text = format!("{text:?}");
        for trace in ["393330000001", "393330000002", "IT.0000", "Ho perso", "ISCRIVIMI"] {
            assert!(!text.contains(trace), "{trace} came back");
        }
        let new = after.keys().filter(|it| !before.contains_key(it));
        let kinds: BTreeSet<_> = new.map(|it| Kind::of(&it.1, &it.2).unwrap()).collect();
        // Ids of messages that were seen, and rows that lead to nobody.
        assert!(
            kinds.is_subset(&[Kind::Seen, Kind::Delivery, Kind::Broadcast, Kind::Counts].into()),
            "{kinds:?}"
        );
    }
}

#[tokio::test]
async fn who_died_in_the_middle_begins_again_and_nothing_is_missing() {
    let backup = Engine::start().await;
    seed(&backup).await;
    let none = BTreeSet::new();
    let whole = Engine::start().await;
    whole.restore(&backup, &none, later(0), true).await.unwrap();
    let want = whole.everything().await;
    let line = line_of_pordenone().id;
    for n in [1, 2] {
        assert!(whole.find(&line, &phone(n)).await.unwrap().is_some());
    }
    let mut deaths = 0;
    loop {
        let engine = Engine::start().await;
        let died = engine.dying_after(deaths).restore(&backup, &none, later(0), true).await;
        if died.is_ok() {
            break;
        }
        engine.restore(&backup, &none, later(0), true).await.unwrap();
        assert!(engine.everything().await == want, "died after {deaths} requests");
        deaths += 1;
    }
    assert!(deaths > 20, "{deaths}");
}

#[tokio::test]
async fn what_was_under_way_does_not_go_on() {
    let (engine, backup) = (Engine::start().await, Engine::start().await);
    seed(&backup).await;
    let restored = engine.restore(&backup, &BTreeSet::new(), later(0), true).await.unwrap();
    assert_eq!(restored.cancelled, 1);
    let line = line_of_pordenone().id;
    let [broadcast] = &engine.broadcasts(&line, None, 10).await.unwrap()[..] else { panic!() };
    assert_eq!((broadcast.state, broadcast.due_at), (State::Cancelled, None));
}

#[tokio::test]
async fn what_stands_wins_and_who_came_again_is_not_doubled() {
    let (engine, backup) = (Engine::start().await, Engine::start().await);
    seed(&backup).await;
    let line = line_of_pordenone();
    engine.apply_line(&line.id, line_file(), now()).await.unwrap();
    // Contact 1 has other topics by now; who was contact 2 wrote again and is contact 7.
    engine.meet(&line.id, &following(person(1), &["scadenze"])).await;
    let again = Contact { id: contact_id(7), ..person(2) };
    engine.meet(&line.id, &again).await;
    let restored = engine.restore(&backup, &BTreeSet::new(), later(0), true).await.unwrap();
    assert_eq!(restored.away, [(Away::CameAgain, 1)].into());
    let found = engine.find(&line.id, &phone(1)).await.unwrap().unwrap();
    assert_eq!(found.topics(), topics(&["scadenze"]));
    assert_eq!(engine.followers_of(&line.id, "eventi").await, []);
    assert_eq!(engine.find(&line.id, &phone(2)).await.unwrap().unwrap().id, contact_id(7));
    let everything = engine.everything().await;
    let other = keys::contact(&line.id, &contact_id(2));
    assert!(!everything.keys().any(|it| it.1 == other.pk && it.2 == other.sk));
    assert_eq!(engine.consents(&line.id, &found).await.unwrap().len(), 1, "the proof comes back");
}

#[tokio::test]
async fn a_backup_older_than_the_proofs_of_who_left_is_told() {
    let (engine, backup) = (Engine::start().await, Engine::start().await);
    seed(&backup).await;
    let line = line_of_pordenone();
    backup.count_day(&line.id, &line.topics, "2026-11-22".parse().unwrap()).await.unwrap();
    for (days, told) in [(729, vec![]), (732, vec![line.id.clone()])] {
        let now = later(days * 86_400_000);
        let restored = engine.restore(&backup, &BTreeSet::new(), now, false).await.unwrap();
        assert_eq!(restored.too_old, told, "after {days} days");
    }
}
