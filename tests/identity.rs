// SPDX-License-Identifier: EUPL-1.2
//! Who is who: people without a number, with a new one, and with one that was somebody else's.

use fakes::meta::{Identity, SendFault};
use serde_json::{Value, json};

use crate::support::{MORNING_SECONDS, Office, World, posted};

/// Who is known by this number: whether they are subscribed.
async fn subscription(office: &Office<'_>, digits: &str) -> Value {
    let (_, found) =
        office.post("/contacts/search", json!({ "phone": format!("+{digits}") })).await;
    found["items"][0]["subscription"].clone()
}

/// A message of Meta's about somebody who changes number or user id.
fn moves(id: &str, from: &Value, system: &Value) -> Value {
    let mut message = json!({ "id": id, "timestamp": (MORNING_SECONDS + 60).to_string(),
        "type": "system", "system": system });
    message.as_object_mut().unwrap().extend(from.as_object().unwrap().clone());
    posted(&[], &[message])
}

/// A message under a number, a user id, or both.
fn says(id: &str, phone: Option<&str>, user_id: Option<&str>, text: &str) -> Value {
    let mut contact = json!({ "profile": { "name": "Anna" } });
    let mut message = json!({ "id": id, "timestamp": (MORNING_SECONDS + 120).to_string(),
        "type": "text", "text": { "body": text } });
    if let Some(phone) = phone {
        (contact["wa_id"], message["from"]) = (phone.into(), phone.into());
    }
    if let Some(user_id) = user_id {
        (contact["user_id"], message["from_user_id"]) = (user_id.into(), user_id.into());
    }
    posted(&[contact], &[message])
}

#[tokio::test]
async fn who_has_a_username_joins_gets_news_and_leaves_without_a_number() {
    let world = World::start().await;
    let anna = world.person("393330002001");
    world
        .meta()
        .change_person(&anna.digits, |it| {
            it.identity = Identity::UserIdOnly;
            it.username = Some("anna.prova".to_owned());
        })
        .unwrap();
    world.keeps_secret(&world.meta().user_id(&anna.digits, "pordenone").unwrap());
    anna.says("pordenone", "ISCRIVIMI").await;
    anna.hears("pordenone", "Iscrizione confermata").await;
    let office = world.office("pordenone");
    assert_eq!(subscription(&office, &anna.digits).await, Value::Null, "nobody told the number");
    let id = office.drafts(&["scadenze"], "pagare il saldo").await;
    office.sends(&id).await;
    assert_eq!(anna.times_heard("pordenone", "pagare il saldo").await, 1);

    // Now the same person shows a number: it is added, and nothing else changes.
    world.meta().change_person(&anna.digits, |it| it.identity = Identity::Phone).unwrap();
    anna.says("pordenone", "grazie").await;
    assert_eq!(subscription(&office, &anna.digits).await, "active");
    let (_, count) = office.get("/subscribers/count").await;
    assert_eq!(count["total"], 1);
    let id = office.drafts(&["scadenze"], "ritirare il modulo").await;
    office.sends(&id).await;
    assert_eq!(anna.times_heard("pordenone", "ritirare il modulo").await, 1);

    anna.says("pordenone", "CANCELLAMI").await;
    anna.hears("pordenone", "Iscrizione cancellata").await;
    let id = office.drafts(&["scadenze"], "spegnere il forno").await;
    office.sends(&id).await;
    assert_eq!(anna.times_heard("pordenone", "spegnere il forno").await, 0);
    world.ends().await;
}

#[tokio::test]
async fn the_new_owner_of_a_number_inherits_nothing() {
    let world = World::start().await;
    let (old, new) = (world.person("393330002011"), world.person("393330002012"));
    old.says("pordenone", "ISCRIVIMI").await;
    old.says("pordenone", "Mi serve il certificato di nascita").await;
    world.meta().change_number(&old.digits, &new.digits).unwrap();
    world.settled().await;
    let office = world.office("pordenone");
    assert_eq!(subscription(&office, &new.digits).await, "active", "kept by who moved");

    // Somebody else gets the old number, and writes.
    old.says("pordenone", "Avete la mia pratica?").await;
    assert_ne!(subscription(&office, &old.digits).await, "active");
    let (_, found) =
        office.post("/contacts/search", json!({ "phone": format!("+{}", old.digits) })).await;
    let id = found["items"][0]["id"].as_str().unwrap();
    let (_, messages) = office.get(&format!("/conversations/{id}/messages")).await;
    assert!(!messages.to_string().contains("certificato"), "nothing of who had the number");
    let id = office.drafts(&["scadenze"], "pagare il saldo").await;
    office.sends(&id).await;
    assert_eq!(new.times_heard("pordenone", "pagare il saldo").await, 1);
    assert_eq!(old.times_heard("pordenone", "pagare il saldo").await, 0);
    world.ends().await;
}

#[tokio::test]
async fn a_number_under_another_user_id_is_somebody_else_even_if_meta_reported_no_change() {
    let world = World::start().await;
    let anna = world.person("393330002021");
    anna.says("pordenone", "ISCRIVIMI").await;
    anna.says("pordenone", "Mi serve il certificato di nascita").await;
    let before = world.meta().user_id(&anna.digits, "pordenone").unwrap();
    let office = world.office("pordenone");

    world.posts(&says("wamid.I1", Some(&anna.digits), Some("IT.120219"), "Chi siete?")).await;
    assert_eq!(subscription(&office, &anna.digits).await, "never");
    let (_, count) = office.get("/subscribers/count").await;
    assert_eq!(count["total"], 1, "nobody unsubscribed: the first is reached by user id");
    let id = office.drafts(&["scadenze"], "pagare il saldo").await;
    office.sends(&id).await;
    assert_eq!(office.broadcast(&id).await["counts"]["audience"], 1);

    // They were the same person after all, and Meta's word for it was late.
    let system = json!({ "type": "user_changed_user_id", "user_id": "IT.120219",
        "previous_user_id": before });
    world.posts(&moves("wamid.I2", &json!({}), &system)).await;
    assert_eq!(subscription(&office, &anna.digits).await, "active");
    let (_, count) = office.get("/subscribers/count").await;
    assert_eq!(count["total"], 1);
    world.posts(&says("wamid.I3", None, Some(&before), "CANCELLAMI")).await;
    world.ends().await;
}

#[tokio::test]
async fn a_change_of_number_takes_along_only_whom_it_names() {
    let world = World::start().await;
    let office = world.office("pordenone");
    for (n, (with_from, previous, kept)) in [
        // As Meta sends it.
        (true, Some("theirs"), true),
        (false, Some("theirs"), true),
        // Somebody else who had the number.
        (true, Some("IT.999999"), false),
        (false, Some("IT.999999"), false),
        // It does not say who.
        (false, None, false),
    ]
    .into_iter()
    .enumerate()
    {
        let anna = world.person(&format!("39333000203{n}"));
        let next = world.person(&format!("39333000204{n}"));
        anna.says("pordenone", "ISCRIVIMI").await;
        let theirs = world.meta().user_id(&anna.digits, "pordenone").unwrap();
        let previous = previous.map(|it| if it == "theirs" { theirs.as_str() } else { it });
        let mut from = json!({ "from": anna.digits });
        if with_from {
            from["from_user_id"] = json!(previous);
        }
        let system = json!({ "type": "user_changed_number", "wa_id": next.digits,
            "user_id": format!("IT.12040{n}"), "previous_user_id": previous });
        world.posts(&moves(&format!("wamid.J{n}"), &from, &system)).await;
        let active = subscription(&office, &next.digits).await == "active";
        assert_eq!(active, kept, "case {n}");
        let (_, count) = office.get("/subscribers/count").await;
        assert_eq!(count["total"], n + 1, "nobody unsubscribed: case {n}");
    }
    world.ends().await;
}

#[tokio::test]
async fn a_user_id_that_changes_keeps_the_person() {
    let world = World::start().await;
    let anna = world.person("393330002051");
    world.meta().change_person(&anna.digits, |it| it.identity = Identity::UserIdOnly).unwrap();
    anna.says("pordenone", "ISCRIVIMI").await;
    world.meta().change_user_id(&anna.digits).unwrap();
    world.settled().await;
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "pagare il saldo").await;
    office.sends(&id).await;
    assert_eq!(anna.times_heard("pordenone", "pagare il saldo").await, 1);
    anna.says("pordenone", "CANCELLAMI").await;
    let (_, count) = office.get("/subscribers/count").await;
    assert_eq!(count["total"], 0, "one person, and they left");
    world.ends().await;
}

#[tokio::test]
async fn who_moved_after_an_erasure_is_not_brought_back() {
    let world = World::start().await;
    let (old, new) = (world.person("393330002061"), world.person("393330002062"));
    old.says("pordenone", "ISCRIVIMI").await;
    let office = world.office("pordenone");
    let (_, found) =
        office.post("/contacts/search", json!({ "phone": format!("+{}", old.digits) })).await;
    let id = found["items"][0]["id"].as_str().unwrap().to_owned();
    let (status, _) = office.delete(&format!("/contacts/{id}")).await;
    assert!(status < 300, "{status}");
    world.meta().change_number(&old.digits, &new.digits).unwrap();
    world.settled().await;
    for digits in [&old.digits, &new.digits] {
        assert_eq!(subscription(&office, digits).await, Value::Null);
    }
    world.ends().await;
}

#[tokio::test]
async fn two_who_turn_out_to_be_one_during_a_broadcast_get_it_once_and_keep_both_histories() {
    let world = World::start().await;
    let people: Vec<_> = (0..8).map(|n| world.person(&format!("39333000207{n}"))).collect();
    for (n, person) in people.iter().enumerate() {
        // Known by user id alone, and by a number that came without one.
        world
            .meta()
            .change_person(&person.digits, |it| it.identity = Identity::UserIdOnly)
            .unwrap();
        person.says("pordenone", "ISCRIVIMI").await;
        person.says("pordenone", "Quando passa la spazzatrice?").await;
        let id = format!("wamid.K{n}");
        world.posts(&says(&id, Some(&person.digits), None, "iscrivimi alle scadenze")).await;
    }
    let office = world.office("pordenone");
    let (_, count) = office.get("/subscribers/count").await;
    assert_eq!(count["total"], 16, "nobody knows yet");
    // Meta finds the number too fast, so the broadcast is planned and nothing of it is sent.
    world.meta().faults(|it| it.every_send = SendFault::Code(130_429));
    let id = office.drafts(&["scadenze"], "pagare il saldo").await;
    office.sends(&id).await;
    assert_eq!(office.broadcast(&id).await["counts"]["audience"], 16);
    for (n, person) in people.iter().enumerate() {
        let theirs = world.meta().user_id(&person.digits, "pordenone").unwrap();
        world.keeps_secret(&theirs);
        let id = format!("wamid.L{n}");
        world.posts(&says(&id, Some(&person.digits), Some(&theirs), "grazie")).await;
    }
    world.meta().clear_faults();
    world.advance(600).await;
    for person in &people {
        assert_eq!(person.times_heard("pordenone", "pagare il saldo").await, 1);
    }
    let done = office.broadcast(&id).await;
    assert_eq!(
        (&done["state"], &done["counts"]["accepted"]),
        (&json!("done"), &json!(8)),
        "{done}"
    );
    assert_eq!(done["counts"]["skipped"], 8, "the other half is accounted for: {done}");
    let (_, count) = office.get("/subscribers/count").await;
    assert_eq!(count["total"], 8);
    let phone = format!("+{}", people[0].digits);
    let (_, found) = office.post("/contacts/search", json!({ "phone": phone })).await;
    let contact = found["items"][0]["id"].as_str().unwrap();
    let (_, messages) = office.get(&format!("/conversations/{contact}/messages")).await;
    for words in ["spazzatrice", "iscrivimi alle scadenze"] {
        assert!(messages.to_string().contains(words), "the history of both: {messages}");
    }
    world.ends().await;
}

#[tokio::test]
async fn the_same_user_id_on_two_lines_is_two_people() {
    let world = World::start().await;
    let user_id = "IT.120801";
    world.keeps_secret(user_id);
    world.posts(&says("wamid.M1", None, Some(user_id), "ISCRIVIMI")).await;
    let mut there = says("wamid.M2", None, Some(user_id), "Quando siete aperti?");
    there["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] =
        json!(crate::support::BARBERINO);
    world.posts(&there).await;
    for (line, want) in [("pordenone", 1), ("barberino-demografici", 0)] {
        let (_, count) = world.office(line).get("/subscribers/count").await;
        assert_eq!(count["total"], want, "{line}");
    }
    let (_, open) = world.office("barberino-demografici").get("/conversations").await;
    assert_eq!(open["items"].as_array().unwrap().len(), 1);
    let (_, open) = world.office("pordenone").get("/conversations").await;
    assert_eq!(open["items"], json!([]));
    world.ends().await;
}
