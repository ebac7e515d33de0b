// SPDX-License-Identifier: EUPL-1.2
//! What may never happen, promise by promise, as far as one machine can show it.

use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn promise_2_a_webhook_posted_twice_changes_nothing_the_second_time() {
    let world = World::start().await;
    let anna = world.person("393330006011");
    world.meta().faults(|it| it.duplicates = 2);
    anna.says("pordenone", "ISCRIVIMI").await;
    world.advance(3600).await;
    assert_eq!(anna.heard("pordenone").await.len(), 1);
    world.ends().await;
}

#[tokio::test]
async fn promise_2_nobody_gets_a_broadcast_twice_however_often_it_is_asked_for() {
    let world = World::start().await;
    let anna = world.person("393330006021");
    anna.says("pordenone", "ISCRIVIMI").await;
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "pagare la retta").await;
    let path = format!("/broadcasts/{id}/schedule");
    let (first, second) =
        tokio::join!(office.post(&path, json!({})), office.post(&path, json!({})));
    let accepted = [first.0, second.0].into_iter().filter(|it| *it == 202).count();
    assert!(accepted >= 1, "{first:?} {second:?}");
    world.settled().await;
    let (status, _) = office.post(&format!("/broadcasts/{id}/resume"), json!({})).await;
    assert_eq!(status, 409);
    world.advance(600).await;
    assert_eq!(anna.times_heard("pordenone", "pagare la retta").await, 1);
    world.ends().await;
}

#[tokio::test]
async fn promise_4_an_old_subscription_redelivered_after_the_goodbye_does_not_subscribe() {
    let world = World::start().await;
    let anna = world.person("393330006031");
    let meta = world.meta();
    let first = meta.write(&anna.digits, "pordenone", "ISCRIVIMI").unwrap();
    world.settled().await;
    world.advance(60).await;
    anna.says("pordenone", "CANCELLAMI").await;
    meta.redeliver(&first).unwrap();
    world.settled().await;
    // Later than any deduplication of the queue.
    world.advance(3600).await;
    meta.redeliver(&first).unwrap();
    world.settled().await;
    let (_, count) = world.office("pordenone").get("/subscribers/count").await;
    assert_eq!(count["total"], 0);
    assert_eq!(anna.heard("pordenone").await.len(), 2, "welcome and goodbye");
    world.ends().await;
}

#[tokio::test]
async fn promise_4_who_left_gets_nothing_that_was_queued_before() {
    let world = World::start().await;
    let anna = world.person("393330006041");
    anna.says("pordenone", "ISCRIVIMI").await;
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "pagare il canone").await;
    let at_ten = json!({ "send_at": "2026-11-24T10:00:00+01:00" });
    office.post(&format!("/broadcasts/{id}/schedule"), at_ten).await;
    world.advance(1800).await;
    anna.says("pordenone", "CANCELLAMI").await;
    world.advance(3600).await;
    assert_eq!(anna.times_heard("pordenone", "pagare il canone").await, 0);
    world.ends().await;
}

#[tokio::test]
async fn promise_5_meta_never_has_to_throttle_us() {
    let world = World::start().await;
    for n in 0..120 {
        world.person(&format!("39333002{n:04}")).sends("pordenone", "ISCRIVIMI").await;
        // People do not all write in the same second.
        if n % 40 == 39 {
            world.settled().await;
            world.advance(5).await;
        }
    }
    world.settled().await;
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "pagare il suolo pubblico").await;
    office.sends(&id).await;
    world.advance(300).await;
    let done = office.broadcast(&id).await;
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(done["counts"]["accepted"], 120, "{done}");
    let throttled = world.meta().refusals().get(&130_429).copied().unwrap_or(0);
    assert_eq!(throttled, 0);
    world.ends().await;
}

#[tokio::test]
async fn promise_7_a_line_knows_nothing_of_another() {
    let world = World::start().await;
    let anna = world.person("393330006051");
    anna.says("pordenone", "ISCRIVIMI").await;
    let pordenone = world.office("pordenone");
    let id = pordenone.drafts(&["scadenze"], "pagare la luce").await;
    let barberino = world.office("barberino-demografici");
    for path in [
        format!("/broadcasts/{id}"),
        format!("/broadcasts/{id}/deliveries"),
        format!("/contacts/{id}"),
        format!("/conversations/{id}/messages"),
    ] {
        assert_eq!(barberino.get(&path).await.0, 404, "{path}");
    }
    let (status, _) = barberino.post(&format!("/broadcasts/{id}/schedule"), json!({})).await;
    assert_eq!(status, 404);
    let (_, count) = barberino.get("/subscribers/count").await;
    assert_eq!(count["total"], 0);
    world.ends().await;
}

#[tokio::test]
async fn promise_8_what_is_past_its_date_is_gone() {
    let world = World::start().await;
    let anna = world.person("393330006061");
    anna.says("pordenone", "Quando passa lo spazzaneve in via Roma?").await;
    let phone = json!({ "phone": "393330006061" });
    let office = world.office("pordenone");
    let (_, found) = office.post("/contacts/search", phone.clone()).await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    // Night after night, a few at a time.
    for _ in 0..20 {
        world.advance(10 * 86_400).await;
    }
    let (_, found) = office.post("/contacts/search", phone).await;
    assert_eq!(found["items"], json!([]), "a stranger goes with their chat");
    let (_, open) = office.get("/conversations").await;
    assert_eq!(open["items"], json!([]));
    world.ends().await;
}

#[tokio::test]
async fn promise_10_only_words_that_mean_it_change_anything() {
    let world = World::start().await;
    let anna = world.person("393330006071");
    for text in ["iscrizione asilo nido", "Vorrei iscrivere mio figlio a scuola", "grazie mille!"] {
        anna.says("pordenone", text).await;
    }
    let (_, count) = world.office("pordenone").get("/subscribers/count").await;
    assert_eq!(count["total"], 0);
    world.ends().await;
}

#[tokio::test]
async fn promise_3_everyone_in_the_audience_is_reached_or_has_a_reason() {
    let world = World::start().await;
    let anna = world.person("393330006081");
    let gone = world.person("393330006082");
    let left = world.person("393330006083");
    for person in [&anna, &gone, &left] {
        person.says("pordenone", "ISCRIVIMI").await;
    }
    // Off WhatsApp since; and one leaves between the audience and the send.
    world.meta().change_person(&gone.digits, |it| it.on_whatsapp = false).unwrap();
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "ritirare il kit").await;
    world.meta().faults(|it| it.every_send = fakes::meta::SendFault::Code(131_042));
    office.sends(&id).await;
    let stopped = office.broadcast(&id).await;
    assert_eq!(stopped["state"], "stopped", "{stopped}");
    world.meta().clear_faults();
    left.says("pordenone", "CANCELLAMI").await;
    office.post(&format!("/broadcasts/{id}/resume"), json!({})).await;
    world.advance(600).await;

    let done = office.broadcast(&id).await;
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(done["counts"]["audience"], 3);
    assert_eq!(done["counts"]["pending"], 0);
    let (_, rows) = office.get(&format!("/broadcasts/{id}/deliveries")).await;
    let rows = rows["items"].as_array().unwrap();
    assert_eq!(rows.len(), 3, "a row for each");
    for row in rows.iter().filter(|it| it["state"] == "failed" || it["state"] == "skipped") {
        assert!(row["reason"].as_str().is_some_and(|it| it.len() > 20), "{row}");
    }
    for (state, want) in [("delivered", 1), ("failed", 1), ("skipped", 1)] {
        assert_eq!(done["counts"][state], want, "{state} in {done}");
    }
    world.ends().await;
}

#[tokio::test]
async fn promise_6_a_life_as_a_citizen_leaves_no_trace_in_the_log() {
    let world = World::start().await;
    let anna = world.person("393330006091");
    anna.says("pordenone", "ISCRIVIMI").await;
    anna.says("pordenone", "Abito in via delle Ortensie, quando passate?").await;
    anna.says("pordenone", "cancellami per favore").await;
    let written = world.meta().inbox(&anna.digits, None).unwrap();
    for message in written {
        world.keeps_secret(&message.id);
        world.keeps_secret(&message.text);
    }
    // The name a phone has in the simulator.
    let name = world.meta().person(&anna.digits).unwrap().name;
    world.keeps_secret(&format!("\"{name}\""));
    world.ends().await;
}

#[tokio::test]
async fn promise_9_what_is_refused_changes_nothing() {
    let world = World::start().await;
    let anna = world.person("393330006101");
    anna.says("pordenone", "ISCRIVIMI").await;
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "pagare il plateatico").await;
    let before = office.get("/broadcasts").await;
    let mut stranger = world.office("pordenone");
    "wrong".clone_into(&mut stranger.key);
    let schedule = format!("/broadcasts/{id}/schedule");
    assert_eq!(stranger.post(&schedule, json!({})).await.0, 401);
    assert_eq!(office.post(&schedule, json!({ "send_at": "domani" })).await.0, 422);
    assert_eq!(office.post(&schedule, json!({ "when": 1 })).await.0, 422);
    assert_eq!(office.post("/broadcasts", json!([])).await.0, 400);
    let huge = json!({ "title": "x".repeat(2_000_000) });
    assert_eq!(office.post("/broadcasts", huge).await.0, 413);
    world.settled().await;
    let after = office.get("/broadcasts").await;
    // The counters are read anew each time: the time of reading is all that may differ.
    let without_time = |(status, mut list): (u16, serde_json::Value)| {
        list["items"][0]["counted_at"] = json!(null);
        (status, list)
    };
    assert_eq!(without_time(before), without_time(after));
    assert_eq!(anna.heard("pordenone").await.len(), 1);
    world.ends().await;
}
