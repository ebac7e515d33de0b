// SPDX-License-Identifier: EUPL-1.2
//! Notices beyond the plain one.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Office, World, notice};

/// A warning in Pordenone's words, to everybody.
fn warning(colour: &str) -> Value {
    json!({
        "title": "Allerta meteo",
        "audience": { "all": true },
        "priority": "emergency",
        "message": { "template": {
            "name": "pordenone_allerta",
            "language": "it",
            "parameters": {
                "colore": colour,
                "fenomeno": "temporali",
                "zona": "Borgomeduna",
                "inizio": "15",
                "fine": "24",
                "cosa_fare": "restare in casa",
            },
        } },
    })
}

impl Office<'_> {
    async fn writes(&self, draft: Value) -> String {
        let (status, made) = self.post("/broadcasts", draft).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    }

    async fn is_shown(&self, id: &str) -> Value {
        let (status, preview) = self.post(&format!("/broadcasts/{id}/preview"), json!({})).await;
        assert_eq!(status, 200, "{preview}");
        preview
    }
}

#[tokio::test]
async fn a_drill_says_what_it_is_wherever_it_is_read() {
    let world = World::start().await;
    let anna = world.person("393330009001");
    anna.says("pordenone", "ISCRIVIMI").await;
    let office = world.office("pordenone");
    let mut drill = warning("arancione");
    drill["drill"] = json!(true);
    let id = office.writes(drill).await;
    let preview = office.is_shown(&id).await;
    let text = "Allerta ESERCITAZIONE – arancione per temporali nella zona di Borgomeduna";
    assert!(preview["rendered"].as_str().unwrap().contains(text), "{preview}");
    assert_eq!(preview["cost_eur"], 0.0248, "it costs what a warning costs");
    assert_eq!(preview["warnings"], json!(["È un'esercitazione: il testo lo dice."]));
    let (_, list) = office.get("/broadcasts").await;
    assert_eq!(list["items"][0]["title"], "ESERCITAZIONE – Allerta meteo");
    assert_eq!(list["items"][0]["drill"], true);

    office.sends(&id).await;
    anna.hears("pordenone", text).await;

    let real = office.writes(warning("rossa")).await;
    office.sends(&real).await;
    anna.hears("pordenone", "Allerta rossa per temporali").await;
    assert_eq!(office.broadcast(&real).await["drill"], false);
    assert_eq!(anna.times_heard("pordenone", "ESERCITAZIONE").await, 1);
    world.ends().await;
}

/// Pordenone's line file, with its events on the comune's Channel.
fn with_channel(folder: &Path) {
    let lines = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/lines");
    let pordenone = std::fs::read_to_string(Path::new(lines).join("pordenone.toml")).unwrap();
    let text = pordenone.replace("send = \"paid\"", "send = \"channel\"");
    assert_ne!(text, pordenone);
    std::fs::write(folder.join("pordenone.toml"), text).unwrap();
}

#[tokio::test]
async fn what_goes_to_the_channel_is_text_for_a_person_to_post_and_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    with_channel(folder.path());
    let world = World::with(|it| it.lines = folder.path().to_owned()).await;
    let anna = world.person("393330009011");
    anna.says("pordenone", "ISCRIVIMI").await;
    let office = world.office("pordenone");
    let id = office.drafts_an_event("il concerto di Natale").await;
    let preview = office.is_shown(&id).await;
    assert_eq!((&preview["recipients"], &preview["cost_eur"]), (&json!(0), &json!(0.0)));
    let text = preview["channel_text"].as_str().unwrap();
    assert!(text.contains("il concerto di Natale, sabato alle 20"), "{text}");
    assert!(!text.contains("CANCELLAMI"), "nobody is subscribed there: {text}");
    let warnings = preview["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].as_str().unwrap().contains("una persona deve pubblicare"), "{warnings:?}");

    office.sends(&id).await;
    let done = office.broadcast(&id).await;
    assert_eq!((&done["state"], &done["counts"]["audience"]), (&json!("done"), &json!(0)));
    assert!(done["reason"].as_str().unwrap().contains("pronto per il canale"), "{done}");
    assert_eq!(done["channel_text"], text);
    assert_eq!(done["cost"]["estimated_eur"], 0.0);
    assert_eq!(anna.heard("pordenone").await.len(), 1, "only the welcome");
    world.ends().await;
}

#[tokio::test]
async fn of_two_topics_only_the_paid_one_is_sent_as_messages() {
    let folder = tempfile::tempdir().unwrap();
    with_channel(folder.path());
    let world = World::with(|it| it.lines = folder.path().to_owned()).await;
    let (anna, bruno) = (world.person("393330009021"), world.person("393330009022"));
    anna.says("pordenone", "iscrivimi scadenze").await;
    bruno.says("pordenone", "iscrivimi eventi").await;
    let office = world.office("pordenone");
    let id = office.writes(notice(&["eventi", "scadenze"], "iscriversi alla corsa")).await;
    let preview = office.is_shown(&id).await;
    assert_eq!(preview["recipients"], 1, "{preview}");
    assert!(preview["channel_text"].as_str().unwrap().contains("iscriversi alla corsa"));
    office.sends(&id).await;
    assert_eq!(anna.times_heard("pordenone", "iscriversi alla corsa").await, 1);
    assert_eq!(bruno.times_heard("pordenone", "iscriversi alla corsa").await, 0);
    let done = office.broadcast(&id).await;
    assert_eq!((&done["state"], &done["reason"]), (&json!("done"), &Value::Null));
    assert_eq!(done["audience"], json!({ "topics": ["eventi", "scadenze"] }));

    let paid = office.writes(notice(&["scadenze"], "pagare la mensa")).await;
    assert_eq!(office.broadcast(&paid).await["channel_text"], Value::Null);
    world.ends().await;
}

/// What tells of the end of an alert, to whom it reached.
fn all_clear(alert: &str) -> Value {
    let mut draft = notice(&["scadenze"], "tornare in strada");
    draft["title"] = json!("Cessata allerta");
    draft["audience"] = json!({ "reached_by": alert });
    draft
}

#[tokio::test]
async fn an_all_clear_reaches_whom_the_alert_reached_and_who_is_still_there() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let [anna, bruno, carla, dario] =
        [1, 2, 3, 4].map(|n| world.person(&format!("39333000903{n}")));
    for person in [&anna, &bruno, &carla] {
        person.says("pordenone", "ISCRIVIMI").await;
    }
    world.meta().change_person(&bruno.digits, |it| it.on_whatsapp = false).unwrap();
    let alert = office.writes(warning("rossa")).await;
    office.sends(&alert).await;
    world.advance(10).await;
    let counts = &office.broadcast(&alert).await["counts"];
    assert_eq!((&counts["audience"], &counts["failed"]), (&json!(3), &json!(1)), "{counts}");

    world.meta().change_person(&bruno.digits, |it| it.on_whatsapp = true).unwrap();
    carla.says("pordenone", "CANCELLAMI").await;
    dario.says("pordenone", "ISCRIVIMI").await;
    // What anna follows by now does not matter: the alert reached her.
    anna.says("pordenone", "solo eventi").await;
    let id = office.writes(all_clear(&alert)).await;
    let preview = office.is_shown(&id).await;
    assert_eq!(preview["reachable_now"], json!({ "now": 1, "of": 2 }), "{preview}");
    office.sends(&id).await;
    world.advance(10).await;
    for (person, times) in [(&anna, 1), (&bruno, 0), (&carla, 0), (&dario, 0)] {
        assert_eq!(person.times_heard("pordenone", "tornare in strada").await, times);
    }
    let done = office.broadcast(&id).await;
    assert_eq!((&done["state"], &done["counts"]["audience"]), (&json!("done"), &json!(2)));
    assert_eq!(done["counts"]["skipped"], 1, "carla left");
    assert_eq!(done["audience"], json!({ "reached_by": alert }));
    world.ends().await;
}

#[tokio::test]
async fn an_all_clear_waits_until_nobody_can_be_alerted_any_more() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let people = [1, 2, 3].map(|n| world.person(&format!("39333000904{n}")));
    for person in &people {
        person.says("pordenone", "ISCRIVIMI").await;
    }
    // Meta refuses for everybody in the middle of it, and the office could resume.
    world.meta().faults(|it| it.for_next(1, fakes::meta::SendFault::Code(131_042)));
    let alert = office.writes(warning("rossa")).await;
    office.sends(&alert).await;
    assert_eq!(office.broadcast(&alert).await["state"], "stopped");
    let mut at_once = all_clear(&alert);
    at_once["send_at"] = json!("2026-11-24T09:30:00+01:00");
    assert_eq!(office.post("/broadcasts", at_once).await.0, 409);
    let id = office.writes(all_clear(&alert)).await;
    let schedule = format!("/broadcasts/{id}/schedule");
    let (status, problem) = office.post(&schedule, json!({})).await;
    assert_eq!(status, 409, "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.starts_with("Prima concludere o annullare l'allerta"), "{detail}");

    let (status, _) = office.post(&format!("/broadcasts/{alert}/cancel"), json!({})).await;
    assert_eq!(status, 202);
    world.settled().await;
    world.advance(120).await;
    let alerted = office.broadcast(&alert).await["counts"]["accepted"].as_u64().unwrap();
    assert_eq!(alerted, 2);
    office.sends(&id).await;
    let mut told = 0;
    for person in &people {
        let (warned, cleared) = (
            person.times_heard("pordenone", "Allerta rossa").await,
            person.times_heard("pordenone", "tornare in strada").await,
        );
        assert_eq!(cleared, warned, "who was warned is told that it is over");
        told += cleared;
    }
    assert_eq!(told, 2);
    world.ends().await;
}

#[tokio::test]
async fn an_all_clear_needs_an_alert_of_the_line_that_was_sent() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let barberino = world.office("barberino-demografici");
    let draft = office.writes(warning("gialla")).await;
    let theirs = barberino
        .writes(json!({
            "title": "Orario",
            "audience": { "all": true },
            "message": { "template": {
                "name": "barberino_orario",
                "language": "it",
                "parameters": { "orario": "8-12", "giorni": "lunedì", "motivo": "ferie" },
            } },
        }))
        .await;
    barberino.sends(&theirs).await;
    for alert in [draft.as_str(), theirs.as_str(), "0", ""] {
        let (status, problem) = office.post("/broadcasts", all_clear(alert)).await;
        let pointer = &problem["errors"][0]["pointer"];
        assert_eq!((status, pointer), (422, &json!("/audience/reached_by")), "{alert:?}");
    }
    let mut both = all_clear(&draft);
    both["audience"]["all"] = json!(true);
    let (status, problem) = office.post("/broadcasts", both).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/audience")));
    world.ends().await;
}

#[tokio::test]
async fn who_writes_novita_gets_the_latest_notices_in_one_answer() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let (anna, stranger) = (world.person("393330009051"), world.person("393330009052"));
    stranger.says("pordenone", "NOVITÀ").await;
    stranger.hears("pordenone", "Per ora nessuna novità").await;
    anna.says("pordenone", "ISCRIVIMI").await;
    for what in ["pagare la mensa", "iscriversi al nido", "pagare il saldo IMU"] {
        let id = office.drafts(&["scadenze"], what).await;
        office.sends(&id).await;
        world.advance(24 * 3600).await;
    }
    let id = office.drafts_an_event("il concerto di Natale").await;
    office.sends(&id).await;
    let mut drill = warning("rossa");
    drill["drill"] = json!(true);
    let drill = office.writes(drill).await;
    office.sends(&drill).await;
    office.drafts(&["scadenze"], "non ancora deciso").await;

    let heard = stranger.heard("pordenone").await.len();
    stranger.says("pordenone", "novità?").await;
    let all = stranger.heard("pordenone").await;
    assert_eq!(all.len(), heard + 1, "one answer");
    let answer = all.last().unwrap();
    let places: Vec<_> = [
        "Ecco gli ultimi avvisi del Comune di Pordenone.",
        "*Oggi*",
        "il concerto di Natale",
        "*Giovedì 26 novembre*",
        "puoi pagare il saldo IMU",
        "*Mercoledì 25 novembre*",
        "puoi iscriversi al nido",
    ]
    .iter()
    .map(|it| answer.find(it))
    .collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} {answer}");
    for left_out in ["mensa", "ESERCITAZIONE", "deciso", "CANCELLAMI"] {
        assert!(!answer.contains(left_out), "{left_out}: {answer}");
    }
    let (_, open) = office.get("/conversations?state=open").await;
    assert_eq!(open["items"], json!([]), "nobody at the desk has to answer");
    let (_, count) = office.get("/subscribers/count").await;
    assert_eq!(count["total"], 1, "asking does not subscribe");

    let lei = world.person("393330009053");
    lei.says("barberino-demografici", "NOVITÀ").await;
    lei.hears("barberino-demografici", "Per ora nessuna novità").await;
    world.ends().await;
}
