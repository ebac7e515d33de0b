//! A person's data: handed over whole, erased whole, and nothing brings it back.

use serde_json::{Value, json};

use crate::support::{Office, World, notice};

const NUMBER: &str = "393330001077";

async fn contact(office: &Office<'_>) -> Option<String> {
    let asked = json!({ "phone": format!("+{NUMBER}") });
    let (_, found) = office.post("/contacts/search", asked).await;
    found["items"][0]["id"].as_str().map(str::to_owned)
}

async fn deletes(office: &Office<'_>, id: &str) -> (u16, Value) {
    office.delete(&format!("/contacts/{id}")).await
}

#[tokio::test]
async fn what_is_held_of_a_person_is_handed_over_and_then_erased_for_good() {
    let world = World::start().await;
    let anna = world.person(NUMBER);
    anna.says("pordenone", "ISCRIVIMI").await;
    let office = world.office("pordenone");
    let (_, made) = office.post("/broadcasts", notice(&["scadenze"], "pagare la mensa")).await;
    let broadcast = made["id"].as_str().unwrap().to_owned();
    office.sends(&broadcast).await;
    world.advance(60).await;
    anna.says("pordenone", "Quando scade la carta d'identità di mia figlia?").await;
    let id = contact(&office).await.unwrap();

    let (status, held) = office.get(&format!("/contacts/{id}/export")).await;
    assert_eq!(status, 200, "{held}");
    assert_eq!(held["contact"]["number"], format!("+{NUMBER}"));
    assert_eq!(held["consents"].as_array().map(Vec::len), Some(1));
    assert_eq!(held["deliveries"][0]["broadcast"], broadcast);
    assert_eq!(held["deliveries"][0]["state"], "read");
    let texts = held["messages"].to_string();
    for words in ["ISCRIVIMI", "Iscrizione confermata", "carta d'identità di mia figlia"] {
        assert!(texts.contains(words), "{words} in {texts}");
    }
    let other = world.office("barberino-demografici");
    assert_eq!(other.get(&format!("/contacts/{id}/export")).await.0, 404);
    assert_eq!(deletes(&other, &id).await.0, 404);

    let (status, certificate) = deletes(&office, &id).await;
    assert_eq!(status, 200, "{certificate}");
    assert_eq!(certificate["erased"]["consents"], 1);
    assert_eq!(certificate["erased"]["messages"], 3);
    assert!(!certificate.to_string().contains(NUMBER));
    for path in ["", "/export", "/proof"] {
        assert_eq!(office.get(&format!("/contacts/{id}{path}")).await.0, 404, "{path}");
    }
    assert_eq!(office.get(&format!("/conversations/{id}/messages")).await.0, 404);
    assert_eq!(deletes(&office, &id).await.0, 404);
    assert_eq!(contact(&office).await, None);

    // The counts stay, and so does a row that leads to nobody.
    let (_, rows) = office.get(&format!("/broadcasts/{broadcast}/deliveries")).await;
    assert_eq!(rows["items"][0]["number"], Value::Null);
    assert_eq!(office.broadcast(&broadcast).await["counts"]["read"], 1);

    // Who writes again is somebody new.
    anna.says("pordenone", "ISCRIVIMI").await;
    let again = contact(&office).await.unwrap();
    assert_ne!(again, id);
    let (_, held) = office.get(&format!("/contacts/{again}/export")).await;
    assert_eq!(held["deliveries"], json!([]));
    assert!(!held.to_string().contains("figlia"), "{held}");
    world.ends().await;
}
