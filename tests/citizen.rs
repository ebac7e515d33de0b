// SPDX-License-Identifier: EUPL-1.2
//! The citizen's story: joins, asks, leaves.

use fakes::meta::SendFault;
use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn a_citizen_of_pordenone_joins_and_leaves() {
    let world = World::start().await;
    let anna = world.person("393330001001");
    anna.says("pordenone", "ISCRIVIMI").await;
    anna.hears("pordenone", "Iscrizione confermata").await;
    anna.hears("pordenone", "policy").await;
    anna.says("pordenone", "iscrivimi!").await;
    world.advance(60).await;
    anna.says("pordenone", "iscrivimi, per favore!").await;
    anna.hears("pordenone", "già attiva").await;
    anna.says("pordenone", "Cancellami").await;
    anna.hears("pordenone", "Iscrizione cancellata").await;
    world.advance(60).await;
    anna.says("pordenone", "CANCELLAMI").await;
    anna.hears("pordenone", "non è iscritto").await;
    assert_eq!(anna.heard("pordenone").await.len(), 4, "one answer to each burst");
    world.ends().await;
}

#[tokio::test]
async fn who_writes_when_everybody_writes_is_answered_within_seconds() {
    let world = World::start().await;
    let people: Vec<_> = (0..3).map(|it| world.person(&format!("39333000120{it}"))).collect();
    world.meta().faults(|it| it.for_next(4, SendFault::Code(130_429)));
    for person in &people {
        person.sends("pordenone", "ISCRIVIMI").await;
    }
    world.settled().await;
    assert_eq!(world.meta().refusals().get(&130_429), Some(&4), "Meta found it too fast");
    for person in &people {
        assert_eq!(person.times_heard("pordenone", "Iscrizione confermata").await, 1);
    }
    world.ends().await;
}

#[tokio::test]
async fn a_citizen_of_barberino_uses_its_own_words() {
    let world = World::start().await;
    let bruno = world.person("393330001002");
    bruno.says("barberino-demografici", "Iscrizione").await;
    bruno.hears("barberino-demografici", "policy").await;
    bruno.hears("barberino-demografici", "CANCELLAZIONE").await;
    bruno.says("barberino-demografici", "cancellazione").await;
    assert_eq!(bruno.heard("barberino-demografici").await.len(), 2);
    assert!(bruno.heard("pordenone").await.is_empty());
    world.ends().await;
}

#[tokio::test]
async fn who_asks_barberino_out_of_hours_is_told_once_when_it_opens() {
    // A Sunday afternoon; on Monday it opens at nine.
    let sunday = "2026-11-29T15:00:00+01:00".parse().unwrap();
    let world = World::with(|it| it.clock = Some(sunday)).await;
    let bruno = world.person("393330001003");
    bruno.says("barberino-demografici", "Iscrizione").await;
    bruno.says("barberino-demografici", "Come chiedo la carta d'identità?").await;
    bruno.hears("barberino-demografici", "rispondiamo da domani alle 9").await;
    bruno.says("barberino-demografici", "Mi serve per dicembre").await;
    assert_eq!(bruno.heard("barberino-demografici").await.len(), 2, "told once");
    world.advance(18 * 3600 + 60).await;
    bruno.says("barberino-demografici", "Buongiorno, ci siete?").await;
    assert_eq!(bruno.heard("barberino-demografici").await.len(), 2, "a person answers now");
    let (_, open) = world.office("barberino-demografici").get("/conversations").await;
    assert_eq!(open["items"][0]["unread"], 3, "the desk has it all");
    world.ends().await;
}

#[tokio::test]
async fn topics_are_chosen_by_tapping_a_list() {
    let world = World::start().await;
    let anna = world.person("393330001005");
    anna.says("pordenone", "ISCRIVIMI scadenze").await;
    anna.says("pordenone", "ARGOMENTI").await;
    anna.hears("pordenone", "Ora ricevi gli avvisi su: Scadenze").await;
    anna.taps("pordenone", "add:eventi", "Eventi in città").await;
    anna.hears("pordenone", "avvisi su: Scadenze e Eventi in città").await;
    anna.taps("pordenone", "remove:scadenze", "Scadenze").await;
    let (_, count) = world.office("pordenone").get("/subscribers/count").await;
    assert_eq!((&count["topics"]["eventi"], &count["topics"]["scadenze"]), (&1.into(), &0.into()));
    world.ends().await;
}

#[tokio::test]
async fn who_calls_is_told_to_write() {
    let morning = "2026-11-29T10:20:00+01:00".parse().unwrap();
    let world = World::with(|it| it.clock = Some(morning)).await;
    let body = |at: i64| {
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{
            "field": "calls", "value": {
                "messaging_product": "whatsapp",
                "metadata": { "phone_number_id": "331651133100001" },
                "calls": [{ "id": format!("wacid.{at}"), "from": "393330001004",
                    "event": "connect", "timestamp": at.to_string() }],
            } }] }] })
    };
    let now = 1_795_942_800;
    // Who is heard for the first time must be known to the stand-in.
    let enzo = world.person("393330001004");
    enzo.says("pordenone", "grazie").await;
    for at in [now, now + 1] {
        let body = body(at).to_string();
        let status = world.webhook("/webhook", Some("local-app-secret"), body.as_bytes()).await;
        assert_eq!(status, 200);
        world.settled().await;
    }
    enzo.hears("pordenone", "non rispondiamo alle chiamate").await;
    assert_eq!(enzo.heard("pordenone").await.len(), 1);
    world.ends().await;
}

#[tokio::test]
async fn a_question_reaches_the_desk_and_the_answer_reaches_the_citizen() {
    let world = World::start().await;
    let carla = world.person("393330001003");
    carla.says("pordenone", "Buongiorno, quando apre l'ufficio anagrafe?").await;
    assert!(carla.heard("pordenone").await.is_empty(), "nobody answers but a person");

    let desk = world.office("pordenone");
    let (_, open) = desk.get("/conversations?state=open").await;
    let contact = open["items"][0]["contact"].as_str().unwrap().to_owned();
    assert_eq!(open["items"][0]["unread"], 1);
    let (status, answer) = desk
        .post_once(
            &format!("/conversations/{contact}/messages"),
            serde_json::json!({ "text": "Alle nove, dal lunedì al venerdì." }),
            "click-1",
        )
        .await;
    assert_eq!(status, 201, "{answer}");
    let again = desk
        .post_once(
            &format!("/conversations/{contact}/messages"),
            serde_json::json!({ "text": "Alle nove, dal lunedì al venerdì." }),
            "click-1",
        )
        .await;
    assert_eq!(again, (201, answer), "a double click is one message");
    carla.hears("pordenone", "Alle nove").await;
    assert_eq!(carla.heard("pordenone").await.len(), 1);

    let (_, messages) = desk.get(&format!("/conversations/{contact}/messages")).await;
    assert_eq!(messages["items"][0]["direction"], "out");
    assert_eq!(messages["items"][1]["direction"], "in");
    let (_, open) = desk.get("/conversations?state=open").await;
    assert_eq!(open["items"].as_array().unwrap().len(), 0);
    world.ends().await;
}

#[tokio::test]
async fn barberino_keeps_a_strangers_question_and_invites_once() {
    let world = World::start().await;
    let dario = world.person("393330001004");
    dario.says("barberino-demografici", "Come si chiede la carta d'identità?").await;
    dario.hears("barberino-demografici", "ISCRIZIONE").await;
    dario.says("barberino-demografici", "E quanto costa la carta?").await;
    assert_eq!(dario.heard("barberino-demografici").await.len(), 1, "invited once");
    let (_, open) = world.office("barberino-demografici").get("/conversations").await;
    assert_eq!(open["items"][0]["unread"], 2);
    assert_eq!(open["items"][0]["subscribed"], false);
    world.ends().await;
}

#[tokio::test]
async fn a_day_later_the_desk_can_no_longer_answer_freely() {
    let world = World::start().await;
    let elsa = world.person("393330001005");
    elsa.says("pordenone", "Dove si paga la mensa della scuola?").await;
    world.advance(24 * 3600).await;
    let desk = world.office("pordenone");
    let (_, open) = desk.get("/conversations").await;
    let contact = open["items"][0]["contact"].as_str().unwrap();
    let path = format!("/conversations/{contact}/messages");
    let (status, problem) = desk.post(&path, serde_json::json!({ "text": "Sul sito." })).await;
    assert_eq!(status, 409, "{problem}");
    assert!(elsa.heard("pordenone").await.is_empty());
    world.ends().await;
}

#[tokio::test]
async fn who_presses_whatsapps_own_stop_gets_no_events_any_more_and_all_the_rest() {
    let world = World::start().await;
    let gina = world.person("393330001007");
    let ugo = world.person("393330001008");
    gina.says("pordenone", "ISCRIVIMI").await;
    let stops = |it: &mut fakes::meta::Person| {
        it.stopped_marketing.insert("pordenone".to_owned());
    };
    // Every webhook comes three times, and a stop tells nothing of who never wrote.
    world.meta().faults(|it| it.duplicates = 2);
    for person in [&gina, &ugo] {
        world.advance(60).await;
        world.meta().change_person(&person.digits, stops).unwrap();
        world.settled().await;
    }
    assert_eq!(gina.heard("pordenone").await.len(), 1, "a press on a button is not answered");
    let office = world.office("pordenone");
    let (_, count) = office.get("/subscribers/count").await;
    assert_eq!((&count["total"], &count["topics"]["eventi"]), (&json!(1), &json!(0)), "{count}");
    assert_eq!(count["topics"]["scadenze"], 1);
    let (_, found) = office.post("/contacts/search", json!({ "phone": "393330001008" })).await;
    assert_eq!(found["items"], json!([]), "nobody is made known by it");
    let (_, open) = office.get("/conversations").await;
    assert_eq!(open["items"], json!([]), "nobody at the desk has to do anything");

    // Asked for again by word, the topic is there; but Meta refuses until its own button is pressed.
    world.advance(60).await;
    gina.says("pordenone", "aggiungi eventi").await;
    gina.hears("pordenone", "Eventi in città").await;
    let passed_over = office.drafts_an_event("la sagra del fico").await;
    office.sends(&passed_over).await;
    let (_, rows) = office.get(&format!("/broadcasts/{passed_over}/deliveries")).await;
    assert_eq!(rows["items"][0]["state"], "skipped", "{rows}");
    assert!(rows["items"][0]["reason"].as_str().unwrap().contains("promozionali"), "{rows}");
    assert_eq!(world.meta().refusals().get(&131_050), None, "Meta does not have to refuse");
    let deadline = office.drafts(&["scadenze"], "rinnovare l'abbonamento").await;
    office.sends(&deadline).await;
    gina.hears("pordenone", "rinnovare l'abbonamento").await;

    world.advance(60).await;
    world.meta().change_person(&gina.digits, |it| it.stopped_marketing.clear()).unwrap();
    world.settled().await;
    let sent = office.drafts_an_event("il concerto di Natale").await;
    office.sends(&sent).await;
    gina.hears("pordenone", "il concerto di Natale").await;
    assert_eq!(gina.times_heard("pordenone", "la sagra del fico").await, 0);
    world.ends().await;
}

#[tokio::test]
async fn an_unclear_word_is_asked_about_once_and_a_tap_decides() {
    let world = World::start().await;
    let fabio = world.person("393330001006");
    fabio.says("pordenone", "registrazione").await;
    fabio.hears("pordenone", "registrazione").await;
    let (_, count) = world.office("pordenone").get("/subscribers/count").await;
    assert_eq!(count["total"], 0, "a word alone decides nothing");
    fabio.taps("pordenone", "subscribe", "Ricevere gli avvisi").await;
    fabio.hears("pordenone", "Iscrizione confermata").await;
    world.ends().await;
}
