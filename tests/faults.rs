// SPDX-License-Identifier: EUPL-1.2
//! What goes wrong in odd places: requests nobody should send, people who change.

use serde_json::json;

use crate::support::{World, notice};

#[tokio::test]
async fn an_id_or_a_cursor_that_cannot_be_ours_is_refused_and_not_an_outage() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let long = "x".repeat(3000);
    for path in [
        format!("/broadcasts/{long}"),
        format!("/contacts/{long}"),
        format!("/conversations/{long}/messages"),
        "/broadcasts/%20%FF".to_owned(),
    ] {
        assert_eq!(office.get(&path).await.0, 404);
    }
    for list in ["/broadcasts", "/subscribers", "/conversations"] {
        let (status, problem) = office.get(&format!("{list}?cursor={long}")).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("?cursor")), "{list}");
        assert_eq!(office.get(&format!("{list}?cursor=")).await.0, 200, "{list}");
    }
    let (status, _) = office.get("/conversations?cursor=9223372036854775807").await;
    assert_eq!(status, 422);
    let mut pictured = notice(&["scadenze"], "pagare il bollo");
    pictured["message"]["template"]["header"] = json!({ "media_id": "x".repeat(500_000) });
    assert_eq!(office.post("/broadcasts", pictured).await.0, 422);
    world.ends().await;
}

#[tokio::test]
async fn a_parameter_is_sent_as_the_preview_showed_it() {
    let world = World::start().await;
    let anna = world.person("393330007011");
    anna.says("pordenone", "ISCRIVIMI").await;
    world.meta().faults(|it| it.every_send = fakes::meta::SendFault::Code(131_042));
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "  pagare la mora  ").await;
    office.sends(&id).await;
    world.meta().clear_faults();
    office.post(&format!("/broadcasts/{id}/resume"), json!({})).await;
    world.settled().await;
    world.advance(120).await;
    assert_eq!(anna.times_heard("pordenone", "pagare la mora").await, 1);
    assert_eq!(anna.times_heard("pordenone", "  pagare la mora").await, 0, "as in the preview");
    world.ends().await;
}

#[tokio::test]
async fn who_changes_number_keeps_one_subscription() {
    let world = World::start().await;
    let anna = world.person("393330007021");
    let new = world.person("393330007022");
    anna.says("pordenone", "ISCRIVIMI").await;
    world.meta().change_number(&anna.digits, &new.digits).unwrap();
    world.settled().await;
    let office = world.office("pordenone");
    let (_, count) = office.get("/subscribers/count").await;
    assert_eq!(count["total"], 1);
    let (_, found) = office.post("/contacts/search", json!({ "phone": "+393330007022" })).await;
    assert_eq!(found["items"][0]["subscription"], "active", "{found}");
    let (_, found) = office.post("/contacts/search", json!({ "phone": "+393330007021" })).await;
    assert_eq!(found["items"], json!([]), "the old number is somebody else's now");
    world.ends().await;
}
