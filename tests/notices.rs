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
