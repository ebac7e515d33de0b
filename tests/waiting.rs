// SPDX-License-Identifier: EUPL-1.2
//! Broadcasts that have to wait: for the office, for Meta, for the morning, for the next day. Nobody
//! is lost by it, and nobody gets anything twice.

use fakes::meta::SendFault;
use serde_json::{Value, json};

use crate::support::{Office, Person, World, notice};

const HOUR: u64 = 3600;

async fn heard(people: &[Person<'_>], words: &str) -> Vec<usize> {
    let mut heard = Vec::new();
    for person in people {
        heard.push(person.times_heard("pordenone", words).await);
    }
    heard
}

/// Ten messages a second for bulk, so that there is a middle of it; replies have the rest.
fn slowly(file: &str) -> String {
    file.replace("reserve = 10", "reserve = 70")
}

/// A notice with other fields, as a draft; its id.
async fn drafts(office: &Office<'_>, what: &str, fields: Value) -> String {
    let mut draft = notice(&["scadenze"], what);
    for (name, value) in fields.as_object().unwrap() {
        draft[name] = value.clone();
    }
    let (status, made) = office.post("/broadcasts", draft).await;
    assert_eq!(status, 201, "{made}");
    made["id"].as_str().unwrap().to_owned()
}

/// Every person is counted in one place.
fn adds_up(broadcast: &Value) {
    let count = |name: &str| broadcast["counts"][name].as_i64().unwrap();
    let parts = ["pending", "skipped", "cancelled", "failed", "unresolved", "accepted"];
    assert_eq!(count("audience"), parts.iter().map(|it| count(it)).sum::<i64>(), "{broadcast}");
    assert!(count("sent") >= count("delivered") && count("delivered") >= count("read"));
}

#[tokio::test]
async fn a_pause_holds_within_a_chunk_and_a_resume_reaches_the_rest_once() {
    let world = World::start().await;
    let people = world.subscribers(90).await;
    let office = world.office("pordenone");
    let id = drafts(&office, "ritirare i sacchetti", json!({})).await;
    let post =
        async |action: &str| office.post(&format!("/broadcasts/{id}/{action}"), json!({})).await.0;
    assert_eq!(post("schedule").await, 202);
    while post("pause").await != 202 {}
    world.settled().await;
    let paused = office.broadcast(&id).await;
    assert_eq!(paused["state"], "paused");
    adds_up(&paused);
    let before = heard(&people, "sacchetti").await.iter().sum::<usize>();
    assert!(before < 90, "{before} had been sent");
    assert_eq!(paused["counts"]["accepted"], before);
    world.advance(HOUR).await;
    assert_eq!(heard(&people, "sacchetti").await.iter().sum::<usize>(), before);
    assert_eq!(post("resume").await, 202);
    world.advance(60).await;
    assert_eq!(heard(&people, "sacchetti").await, vec![1; 90]);
    assert_eq!(office.broadcast(&id).await["state"], "done");
    world.ends().await;
}

#[tokio::test]
async fn what_meta_holds_for_its_quality_goes_on_when_meta_lets_it_go() {
    let world = World::of_pordenone(slowly).await;
    let people = world.subscribers(60).await;
    let office = world.office("pordenone");
    let id = drafts(&office, "pagare la retta", json!({})).await;
    world.meta().faults(|it| it.hold_templates = true);
    office.sends(&id).await;
    let (state, reason) = office.stands(&id).await;
    assert_eq!(state, "held");
    assert!(reason.contains("qualità"), "{reason}");
    let counts = &office.broadcast(&id).await["counts"];
    assert!(counts["pending"].as_i64().unwrap() > 0, "the rest waits with us: {counts}");
    world.meta().faults(|it| it.hold_templates = false);
    world.meta().release_held("331651133100001").unwrap();
    world.settled().await;
    world.advance(120).await;
    assert_eq!(office.stands(&id).await, ("done".to_owned(), String::new()));
    assert_eq!(heard(&people, "la retta").await, vec![1; 60]);
    world.ends().await;
}

#[tokio::test]
async fn a_paused_template_is_tried_again_when_its_pause_is_over() {
    let world = World::start().await;
    let people = world.subscribers(3).await;
    let office = world.office("pordenone");
    let id = drafts(&office, "pagare il bollo", json!({})).await;
    world.meta().faults(|it| it.every_send = SendFault::Code(132_015));
    office.sends(&id).await;
    let (state, reason) = office.stands(&id).await;
    assert_eq!(state, "held");
    assert!(reason.contains("in pausa il modello"), "{reason}");
    world.meta().clear_faults();
    world.advance(2 * HOUR).await;
    assert_eq!(office.stands(&id).await.0, "held");
    world.advance(HOUR + 120).await;
    assert_eq!(office.stands(&id).await.0, "done");
    assert_eq!(heard(&people, "il bollo").await, vec![1; 3]);
    world.ends().await;
}

#[tokio::test]
async fn bulk_keeps_the_quiet_hours_and_an_emergency_does_not() {
    let quiet = "\n[quiet_hours]\nfrom = \"20:00\"\nto = \"08:00\"\n";
    let world = World::of_pordenone(|it| it.to_owned() + quiet).await;
    let people = world.subscribers(2).await;
    let office = world.office("pordenone");
    // From nine in the morning to ten in the evening.
    world.advance(13 * HOUR).await;
    let bulk = drafts(&office, "iscrivere i bambini", json!({})).await;
    let urgent = drafts(&office, "restare in casa", json!({ "priority": "emergency" })).await;
    for id in [&bulk, &urgent] {
        office.sends(id).await;
    }
    assert_eq!(office.stands(&urgent).await.0, "done");
    let (state, reason) = office.stands(&bulk).await;
    assert_eq!(state, "scheduled");
    assert!(reason.contains("il 25 novembre alle 8:00"), "{reason}");
    assert_eq!(heard(&people, "i bambini").await, [0, 0]);
    world.advance(10 * HOUR + 60).await;
    assert_eq!(office.stands(&bulk).await.0, "done");
    assert_eq!(heard(&people, "i bambini").await, [1, 1]);
    assert_eq!(heard(&people, "in casa").await, [1, 1]);
    world.ends().await;
}

#[tokio::test]
async fn the_portfolios_limit_spreads_a_broadcast_over_days() {
    let limit = "\n[portfolio]\nid = \"1234567890\"\nlimit = 10\n";
    let world = World::of_pordenone(|it| it.to_owned() + limit).await;
    let people = world.subscribers(12).await;
    let office = world.office("pordenone");
    // Nobody wrote within the day.
    world.advance(25 * HOUR).await;
    let id = drafts(&office, "votare", json!({})).await;
    office.sends(&id).await;
    let (state, reason) = office.stands(&id).await;
    assert_eq!(state, "held");
    assert!(reason.contains("numero di persone"), "{reason}");
    assert_eq!(heard(&people, "votare").await.iter().sum::<usize>(), 9, "a tenth is kept");
    // The share kept is for emergencies; who was reached before counts once.
    let urgent = drafts(&office, "bere acqua bollita", json!({ "priority": "emergency" })).await;
    office.sends(&urgent).await;
    assert_eq!(heard(&people, "acqua bollita").await.iter().sum::<usize>(), 10);
    assert_eq!(office.stands(&urgent).await.0, "held");
    world.advance(3 * 24 * HOUR).await;
    for (id, words) in [(&id, "votare"), (&urgent, "acqua bollita")] {
        assert_eq!(office.stands(id).await.0, "done");
        assert_eq!(heard(&people, words).await, vec![1; 12]);
    }
    assert!(world.meta().refusals().is_empty(), "{:?}", world.meta().refusals());
    world.ends().await;
}

#[tokio::test]
async fn what_expires_while_it_waits_is_not_sent_late() {
    let world = World::start().await;
    let people = world.subscribers(3).await;
    let office = world.office("pordenone");
    let at_noon = json!({ "expires_at": "2026-11-24T12:00:00+01:00" });
    let id = drafts(&office, "venire alla festa", at_noon).await;
    world.meta().faults(|it| it.every_send = SendFault::Code(131_042));
    office.sends(&id).await;
    assert_eq!(office.stands(&id).await.0, "stopped");
    world.meta().clear_faults();
    world.advance(4 * HOUR).await;
    let done = office.broadcast(&id).await;
    assert_eq!((&done["state"], &done["counts"]["skipped"]), (&json!("done"), &json!(3)), "{done}");
    adds_up(&done);
    let (_, rows) = office.get(&format!("/broadcasts/{id}/deliveries")).await;
    assert!(rows["items"][0]["reason"].as_str().unwrap().contains("scadut"), "{rows}");
    assert_eq!(heard(&people, "alla festa").await, vec![0; 3]);
    world.ends().await;
}

#[tokio::test]
async fn a_month_without_budget_stops_bulk_and_no_emergency() {
    let world = World::of_pordenone(|it| it.to_owned() + "\n[budget]\nmonthly_eur = 1\n").await;
    let people = world.subscribers(30).await;
    let office = world.office("pordenone");
    let first = drafts(&office, "pagare la mensa", json!({})).await;
    office.sends(&first).await;
    world.advance(60).await;
    assert_eq!(office.stands(&first).await.0, "done", "0.74 of 1 euro");
    let second = drafts(&office, "pagare il canone", json!({})).await;
    office.sends(&second).await;
    let (state, reason) = office.stands(&second).await;
    assert_eq!(state, "stopped");
    assert!(reason.contains("budget"), "{reason}");
    let urgent = drafts(&office, "chiudere il gas", json!({ "priority": "emergency" })).await;
    office.sends(&urgent).await;
    world.advance(60).await;
    assert_eq!(heard(&people, "il gas").await, vec![1; 30]);
    // Nor does it keep a reply or a goodbye.
    people[0].says("pordenone", "CANCELLAMI").await;
    people[0].hears("pordenone", "ISCRIVIMI").await;
    // A new month has a new budget.
    world.advance(8 * 24 * HOUR).await;
    let path = format!("/broadcasts/{second}/resume");
    assert_eq!(office.post(&path, json!({})).await.0, 202);
    world.advance(60).await;
    assert_eq!(heard(&people, "il canone").await.iter().sum::<usize>(), 29);
    world.ends().await;
}

#[tokio::test]
async fn an_emergency_goes_ahead_of_bulk_which_goes_on_by_itself() {
    let world = World::of_pordenone(slowly).await;
    let people = world.subscribers(60).await;
    let office = world.office("pordenone");
    let bulk = drafts(&office, "fare il compostaggio", json!({})).await;
    let urgent =
        drafts(&office, "lasciare gli scantinati", json!({ "priority": "emergency" })).await;
    let (status, _) = office.post(&format!("/broadcasts/{bulk}/schedule"), json!({})).await;
    assert_eq!(status, 202);
    office.sends(&urgent).await;
    world.advance(60).await;
    let [bulk, urgent] = [office.broadcast(&bulk).await, office.broadcast(&urgent).await];
    for it in [&bulk, &urgent] {
        assert_eq!((&it["state"], &it["counts"]["accepted"]), (&json!("done"), &json!(60)));
        adds_up(it);
    }
    let sent = world.meta().sent("pordenone").unwrap();
    let last = |words: &str| sent.iter().rposition(|it| it.text.contains(words)).unwrap();
    assert!(last("gli scantinati") < last("il compostaggio"), "the last of all is bulk");
    assert_eq!(heard(&people, "il compostaggio").await, vec![1; 60]);
    assert_eq!(heard(&people, "gli scantinati").await, vec![1; 60]);
    assert!(world.meta().refusals().is_empty(), "{:?}", world.meta().refusals());
    world.ends().await;
}

#[tokio::test]
async fn who_cannot_be_delivered_to_three_times_is_left_in_peace_until_they_write() {
    let world = World::start().await;
    let people = world.subscribers(2).await;
    let office = world.office("pordenone");
    let on_whatsapp = |here: bool| {
        world.meta().change_person(&people[0].digits, |it| it.on_whatsapp = here).unwrap();
    };
    on_whatsapp(false);
    for n in 0..4 {
        let id = drafts(&office, &format!("pagare la rata {n}"), json!({})).await;
        office.sends(&id).await;
        world.advance(60).await;
        let state = if n < 3 { "failed" } else { "skipped" };
        assert_eq!(office.broadcast(&id).await["counts"][state], 1, "broadcast {n}");
    }
    on_whatsapp(true);
    people[0].says("pordenone", "ARGOMENTI").await;
    let id = drafts(&office, "pagare la rata 9", json!({})).await;
    office.sends(&id).await;
    assert_eq!(heard(&people, "la rata 9").await, [1, 1]);
    world.ends().await;
}
