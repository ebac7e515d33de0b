// SPDX-License-Identifier: EUPL-1.2
//! The API's manners: keys, doubles, lines apart.

use serde_json::json;

use crate::support::{World, notice};

#[tokio::test]
async fn without_the_right_key_nothing_is_said() {
    let world = World::start().await;
    let mut office = world.office("pordenone");
    for key in ["", "local-kez", "local-key2"] {
        key.clone_into(&mut office.key);
        let (status, problem) = office.get("/broadcasts").await;
        assert_eq!((status, &problem["type"]), (401, &json!("unauthorized")));
    }
    world.ends().await;
}

#[tokio::test]
async fn the_same_request_twice_makes_one_broadcast() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let body = notice(&["scadenze"], "pagare il bollo");
    let first = office.post_once("/broadcasts", body.clone(), "once").await;
    let second = office.post_once("/broadcasts", body, "once").await;
    assert_eq!(first.0, 201);
    assert_eq!(first, second);
    let other = office.post_once("/broadcasts", notice(&["scadenze"], "altro"), "once").await;
    assert_eq!((other.0, &other.1["type"]), (422, &json!("idempotency-key-reused")));
    let (_, list) = office.get("/broadcasts").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    world.ends().await;
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let world = World::start().await;
    let office = world.office("pordenone");
    for n in 0..5 {
        office.drafts(&["scadenze"], &format!("fare la cosa {n}")).await;
    }
    let mut seen = Vec::new();
    let mut path = "/broadcasts?limit=2".to_owned();
    loop {
        let (status, page) = office.get(&path).await;
        assert_eq!(status, 200, "{page}");
        seen.extend(page["items"].as_array().unwrap().iter().map(|it| it["id"].to_string()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/broadcasts?limit=2&cursor={cursor}");
    }
    let mut distinct = seen.clone();
    distinct.dedup();
    assert_eq!((seen.len(), distinct.len()), (5, 5));
    let (status, problem) = office.get("/broadcasts?limit=0").await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("?limit")));
    world.ends().await;
}

#[tokio::test]
async fn a_contact_is_found_by_number_and_shown_masked() {
    let world = World::start().await;
    let anna = world.person("393330003001");
    anna.says("pordenone", "ISCRIVIMI").await;
    let office = world.office("pordenone");
    let (_, count) = office.get("/subscribers/count").await;
    assert_eq!(count["total"], 1);
    assert_eq!(count["topics"]["eventi"], 1);
    let phone = json!({ "phone": "+39 333 000 3001" });
    let (_, found) = office.post("/contacts/search", phone.clone()).await;
    let id = found["items"][0]["id"].as_str().unwrap().to_owned();
    let (status, contact) = office.get(&format!("/contacts/{id}")).await;
    assert_eq!((status, &contact["number"]), (200, &json!("+39 333 ••• ••01")));
    let (_, subscribers) = office.get("/subscribers").await;
    assert_eq!(subscribers["items"].as_array().unwrap().len(), 1);

    let barberino = world.office("barberino-demografici");
    assert_eq!(barberino.get(&format!("/contacts/{id}")).await.0, 404);
    let (_, found) = barberino.post("/contacts/search", phone).await;
    assert_eq!(found["items"], json!([]));
    world.ends().await;
}

#[tokio::test]
async fn what_does_not_exist_is_not_found_and_what_is_over_is_a_conflict() {
    let world = World::start().await;
    let office = world.office("pordenone");
    assert_eq!(world.office("atlantide").get("/broadcasts").await.0, 404);
    assert_eq!(office.get("/broadcasts/0").await.0, 404);
    assert_eq!(office.get("/nothing").await.0, 404);
    let id = office.drafts(&["scadenze"], "pagare la mensa").await;
    let (status, _) = office.post(&format!("/broadcasts/{id}/cancel"), json!({})).await;
    assert_eq!(status, 202);
    let (status, problem) = office.post(&format!("/broadcasts/{id}/schedule"), json!({})).await;
    assert_eq!((status, &problem["type"]), (409, &json!("state-not-allowed")));
    world.ends().await;
}

#[tokio::test]
async fn what_may_be_an_emergency_is_answered_with_112_and_marked_until_it_is_looked_at() {
    let world = World::start().await;
    let anna = world.person("393330003091");
    anna.says("pordenone", "Aiuto, c'è un incendio in via Roma 5!").await;
    anna.hears("pordenone", "112").await;
    world.advance(60).await;
    anna.says("pordenone", "Quanto costa la carta d'identità?").await;
    let bruno = world.person("393330003092");
    bruno.says("pordenone", "Quanto costa la carta d'identità?").await;
    let office = world.office("pordenone");
    let urgent = async |state: &str| {
        let (_, list) = office.get(&format!("/conversations?state={state}")).await;
        let items = list["items"].as_array().unwrap().clone();
        items.iter().map(|it| it["urgent"].as_bool().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(urgent("open").await, [false, true], "a later question does not hide it");
    let (_, list) = office.get("/conversations?state=open").await;
    let id = list["items"][1]["contact"].as_str().unwrap();
    let answer = json!({ "text": "Abbiamo avvisato i vigili del fuoco." });
    assert_eq!(office.post(&format!("/conversations/{id}/messages"), answer).await.0, 201);
    assert_eq!(urgent("open").await, [false]);
    assert_eq!(urgent("waiting").await, [false]);
    world.ends().await;
}
