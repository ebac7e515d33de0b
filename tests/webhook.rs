// SPDX-License-Identifier: EUPL-1.2
//! Meta's side: what it posts, in every shape, and what we answer.

use serde_json::{Value, json};

use crate::support::{World, posted};

const SECRET: &str = "local-app-secret";
const PORDENONE: &str = "331651133100001";

fn text(number: &str, from: &str, id: &str, at: i64, body: &str) -> Value {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{
        "field": "messages",
        "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "390000000000", "phone_number_id": number },
            "contacts": [{ "profile": { "name": "Anna" }, "wa_id": from }],
            "messages": [{ "from": from, "id": id, "timestamp": at.to_string(), "type": "text",
                           "text": { "body": body } }],
        },
    }] }] })
}

/// Nine in the morning in Rome, when every story starts.
const MORNING: i64 = 1_795_507_200;

#[tokio::test]
async fn meta_verifies_the_address() {
    let world = World::start().await;
    let ask = async |path: &str, token: &str| {
        let url = format!(
            "{}{path}?hub.mode=subscribe&hub.challenge=115-abc&hub.verify_token={token}",
            world.stack.url()
        );
        let answer = world.http.get(url).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(ask("/webhook", "local-verify-token").await, (200, "115-abc".to_owned()));
    assert_eq!(ask("/webhook/default", "local-verify-token").await.0, 200);
    assert_eq!(ask("/webhook", "wrong").await.0, 403);
    assert_eq!(ask("/webhook/nobody", "local-verify-token").await.0, 404);
    world.ends().await;
}

#[tokio::test]
async fn a_wrong_signature_changes_nothing() {
    let world = World::start().await;
    let anna = world.person("393330004001");
    let body = text(PORDENONE, &anna.digits, "wamid.A1", MORNING, "ISCRIVIMI").to_string();
    assert_eq!(world.webhook("/webhook", None, body.as_bytes()).await, 401);
    assert_eq!(world.webhook("/webhook", Some("other"), body.as_bytes()).await, 401);
    world.settled().await;
    let (_, count) = world.office("pordenone").get("/subscribers/count").await;
    assert_eq!(count["total"], 0);
    world.ends().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_200_and_kept_aside() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let world = World::with(|it| it.data = Some(data.clone())).await;
    let odd = text(PORDENONE, "393330004011", "", MORNING, "ISCRIVIMI").to_string();
    for body in ["{not json", "[]", odd.as_str()] {
        assert_eq!(world.webhook("/webhook", Some(SECRET), body.as_bytes()).await, 200, "{body}");
    }
    world.settled().await;
    assert_eq!(std::fs::read_dir(data.join("aside")).unwrap().count(), 3);
    world.ends().await;
}

#[tokio::test]
async fn a_number_of_no_line_and_unknown_fields_harm_nobody() {
    let world = World::start().await;
    let stranger = text("999", "393330004021", "wamid.B1", MORNING, "ISCRIVIMI").to_string();
    assert_eq!(world.webhook("/webhook", Some(SECRET), stranger.as_bytes()).await, 200);
    let field = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1",
        "time": MORNING, "changes": [{ "field": "something_new", "value": { "x": [1] } }] }] });
    assert_eq!(world.webhook("/webhook", Some(SECRET), field.to_string().as_bytes()).await, 200);
    let (_, count) = world.office("pordenone").get("/subscribers/count").await;
    assert_eq!(count["total"], 0);
    world.ends().await;
}

#[tokio::test]
async fn a_thousand_updates_in_one_post_are_each_seen_to() {
    let world = World::start().await;
    let mut batch = text(PORDENONE, "393330005000", "wamid.C0", MORNING, "ISCRIVIMI");
    let value = &mut batch["entry"][0]["changes"][0]["value"];
    let messages: Vec<_> = (0..300)
        .map(|n| {
            json!({ "from": format!("39333001{n:04}"), "id": format!("wamid.C{n}"),
                    "timestamp": MORNING.to_string(), "type": "text",
                    "text": { "body": "ISCRIVIMI" } })
        })
        .collect();
    let statuses: Vec<_> = (0..700)
        .map(|n| {
            json!({ "id": format!("wamid.S{n}"), "status": "delivered",
                    "timestamp": MORNING.to_string(), "recipient_id": "393330005000",
                    "biz_opaque_callback_data": format!("b:none:{n}") })
        })
        .collect();
    value["messages"] = messages.into();
    value["statuses"] = statuses.into();
    // Doubles in the same batch.
    let body = batch.to_string();
    assert_eq!(world.webhook("/webhook", Some(SECRET), body.as_bytes()).await, 200);
    assert_eq!(world.webhook("/webhook", Some(SECRET), body.as_bytes()).await, 200);
    world.settled().await;
    let (_, count) = world.office("pordenone").get("/subscribers/count").await;
    assert_eq!(count["total"], 300);
    world.ends().await;
}

#[tokio::test]
async fn somebody_without_a_number_joins_by_user_id() {
    let world = World::start().await;
    let mut body = text(PORDENONE, "x", "wamid.D1", MORNING, "ISCRIVIMI");
    let value = &mut body["entry"][0]["changes"][0]["value"];
    value["contacts"] = json!([{ "profile": { "name": "Ugo" }, "user_id": "IT.123456789" }]);
    value["messages"][0].as_object_mut().unwrap().remove("from");
    value["messages"][0]["from_user_id"] = json!("IT.123456789");
    let body = body.to_string();
    assert_eq!(world.webhook("/webhook", Some(SECRET), body.as_bytes()).await, 200);
    world.settled().await;
    let (_, count) = world.office("pordenone").get("/subscribers/count").await;
    assert_eq!(count["total"], 1);
    world.ends().await;
}

#[tokio::test]
async fn an_answer_owed_to_somebody_who_turns_out_to_be_another_still_reaches_them() {
    let world = World::start().await;
    // Several, since it is by chance whose id goes on.
    let people: Vec<_> = (0..6).map(|n| world.person(&format!("39333000403{n}"))).collect();
    let post = async |body: Value| {
        let body = body.to_string();
        assert_eq!(world.webhook("/webhook", Some(SECRET), body.as_bytes()).await, 200);
        world.settled().await;
    };
    for (n, person) in people.iter().enumerate() {
        // Meta takes an answer only to who wrote to it.
        person.says("pordenone", "grazie mille").await;
        let user_id = format!("IT.40300{n}");
        let says = |id: &str, at, body, names: &[&str]| {
            let mut body = text(PORDENONE, &person.digits, id, at, body);
            let value = &mut body["entry"][0]["changes"][0]["value"];
            value["contacts"] = json!([]);
            let message = value["messages"][0].as_object_mut().unwrap();
            message.insert("from_user_id".to_owned(), json!(user_id));
            message.retain(|key, _| !key.starts_with("from") || names.contains(&key.as_str()));
            body
        };
        post(says(&format!("wamid.E{n}"), MORNING, "grazie mille", &["from_user_id"])).await;
        world.meta().faults(|it| it.every_send = fakes::meta::SendFault::Code(130_429));
        post(says(&format!("wamid.F{n}"), MORNING + 1, "aiuto", &["from"])).await;
        let theirs = world.meta().user_id(&person.digits, "pordenone").unwrap();
        let message = json!({ "id": format!("wamid.G{n}"), "timestamp": (MORNING + 2).to_string(),
            "type": "system", "system": { "type": "user_changed_user_id", "user_id": theirs,
            "previous_user_id": user_id } });
        post(posted(&[], &[message])).await;
        world.meta().clear_faults();
    }
    world.advance(600).await;
    for person in &people {
        assert_eq!(person.heard("pordenone").await.len(), 1, "the answer to one question");
    }
    world.ends().await;
}
