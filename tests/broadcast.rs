// SPDX-License-Identifier: EUPL-1.2
//! The office's story: writes a notice, sees what it costs, sends it, watches it arrive.

use serde_json::json;

use crate::support::{World, notice};

#[tokio::test]
async fn a_notice_reaches_everyone_who_asked_for_its_topic_once() {
    let world = World::start().await;
    let anna = world.person("393330002001");
    let bruno = world.person("393330002002");
    let carla = world.person("393330002003");
    anna.says("pordenone", "ISCRIVIMI").await;
    bruno.says("pordenone", "iscrivimi eventi").await;
    carla.says("pordenone", "ISCRIVIMI").await;
    carla.says("pordenone", "CANCELLAMI").await;

    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze", "servizi"], "pagare il saldo IMU").await;
    let (status, preview) = office.post(&format!("/broadcasts/{id}/preview"), json!({})).await;
    assert_eq!(status, 200, "{preview}");
    assert_eq!(preview["recipients"], 1);
    assert_eq!(preview["cost_eur"], 0.0248);
    assert!(preview["rendered"].as_str().unwrap().contains("entro il 16 dicembre puoi pagare"));

    office.sends(&id).await;
    anna.hears("pordenone", "pagare il saldo IMU").await;
    assert_eq!(anna.times_heard("pordenone", "saldo IMU").await, 1);
    assert_eq!(bruno.times_heard("pordenone", "saldo IMU").await, 0);
    assert_eq!(carla.times_heard("pordenone", "saldo IMU").await, 0);

    world.advance(10).await;
    let done = office.broadcast(&id).await;
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(done["counts"]["audience"], 1);
    assert_eq!(done["counts"]["read"], 1);
    assert_eq!(done["counts"]["pending"], 0);
    world.ends().await;
}

#[tokio::test]
async fn a_scheduled_notice_waits_for_its_time_and_a_cancelled_one_is_never_sent() {
    let world = World::start().await;
    let anna = world.person("393330002011");
    anna.says("pordenone", "ISCRIVIMI").await;
    let office = world.office("pordenone");
    let at_ten = json!({ "send_at": "2026-11-24T10:00:00+01:00" });
    let kept = office.drafts(&["scadenze"], "rinnovare la tessera").await;
    let dropped = office.drafts(&["scadenze"], "consegnare il modulo").await;
    for id in [&kept, &dropped] {
        let (status, it) = office.post(&format!("/broadcasts/{id}/schedule"), at_ten.clone()).await;
        assert_eq!((status, &it["state"]), (202, &json!("scheduled")), "{it}");
    }
    let (status, _) = office.post(&format!("/broadcasts/{dropped}/cancel"), json!({})).await;
    assert_eq!(status, 202);
    world.advance(3500).await;
    assert_eq!(anna.heard("pordenone").await.len(), 1, "only the welcome");
    world.advance(200).await;
    assert_eq!(anna.times_heard("pordenone", "rinnovare la tessera").await, 1);
    assert_eq!(anna.times_heard("pordenone", "consegnare il modulo").await, 0);
    assert_eq!(office.broadcast(&dropped).await["state"], "cancelled");
    world.ends().await;
}

#[tokio::test]
async fn a_cancelled_broadcast_says_of_everyone_whether_it_reached_them() {
    let world = World::start().await;
    let people: Vec<_> = (0..120).map(|n| world.person(&format!("39333001{n:04}"))).collect();
    for person in &people {
        person.sends("pordenone", "ISCRIVIMI").await;
    }
    world.settled().await;
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "ritirare i sacchetti").await;
    let (status, _) = office.post(&format!("/broadcasts/{id}/schedule"), json!({})).await;
    assert_eq!(status, 202);
    let (status, _) = office.post(&format!("/broadcasts/{id}/cancel"), json!({})).await;
    assert_eq!(status, 202);
    world.settled().await;
    world.advance(120).await;
    let done = office.broadcast(&id).await;
    let counts = &done["counts"];
    let number = |name: &str| counts[name].as_i64().unwrap();
    assert_eq!(done["state"], "cancelled");
    assert_eq!(
        number("audience"),
        number("cancelled") + number("accepted") + number("skipped") + number("failed"),
        "{done}"
    );
    assert_eq!(number("pending"), 0);
    let mut reached = 0;
    for person in &people {
        reached += person.times_heard("pordenone", "sacchetti").await;
    }
    assert_eq!(i64::try_from(reached).unwrap(), number("accepted"));
    world.ends().await;
}

#[tokio::test]
async fn a_refusal_for_everybody_stops_the_broadcast_with_its_reason() {
    let world = World::start().await;
    let anna = world.person("393330002021");
    anna.says("pordenone", "ISCRIVIMI").await;
    world.meta().faults(|it| it.every_send = fakes::meta::SendFault::Code(131_042));
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "pagare la TARI").await;
    office.sends(&id).await;
    let stopped = office.broadcast(&id).await;
    assert_eq!(stopped["state"], "stopped", "{stopped}");
    assert!(stopped["reason"].as_str().unwrap().contains("pagament"), "{stopped}");
    assert_eq!(stopped["counts"]["pending"], 1, "nobody is lost");

    world.meta().clear_faults();
    let (status, _) = office.post(&format!("/broadcasts/{id}/resume"), json!({})).await;
    assert_eq!(status, 202);
    world.settled().await;
    assert_eq!(anna.times_heard("pordenone", "pagare la TARI").await, 1);
    world.ends().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_notice_is_said_field_by_field() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let mut wrong = notice(&["sport"], "correre");
    wrong["message"]["template"]["parameters"] = json!({ "data": "oggi\ndomani" });
    wrong["expires_at"] = json!("2020-01-01T00:00:00Z");
    let (status, problem) = office.post("/broadcasts", wrong).await;
    assert_eq!(status, 422);
    let pointers: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|it| it["pointer"].clone()).collect();
    for pointer in [
        "/audience/topics/0",
        "/message/template/parameters/data",
        "/message/template/parameters/azione",
        "/expires_at",
    ] {
        assert!(pointers.contains(&json!(pointer)), "{pointer} not in {problem}");
    }
    let mut unknown = notice(&["scadenze"], "correre");
    unknown["colour"] = json!("red");
    let (status, problem) = office.post("/broadcasts", unknown).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/colour")), "{problem}");
    let (_, list) = office.get("/broadcasts").await;
    assert_eq!(list, json!({ "items": [], "next_cursor": null }), "nothing was kept");
    world.ends().await;
}
