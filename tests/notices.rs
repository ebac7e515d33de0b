//! Notices beyond the plain one.

use serde_json::{Value, json};

use crate::support::{Office, World};

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
