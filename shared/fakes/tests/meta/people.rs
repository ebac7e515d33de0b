// SPDX-License-Identifier: EUPL-1.2
//! The people at the other end, and the names Meta gives them.

use fakes::meta::{Identity, Status, WriteBody, WriteError};
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn a_message_comes_with_its_sender_and_time() {
    let world = World::new().await;
    let id = world.says(ANNA, "ISCRIVIMI").await;
    let value = &world.webhook.values("messages")[0];
    let user_id = world.meta.user_id(ANNA, LINE).unwrap();
    assert_eq!(
        value["contacts"],
        json!([{"profile": {"name": "Anna"}, "wa_id": ANNA, "user_id": user_id}])
    );
    assert_eq!(
        value["messages"],
        json!([{"from": ANNA, "from_user_id": user_id, "id": id, "type": "text",
            "timestamp": value["messages"][0]["timestamp"], "text": {"body": "ISCRIVIMI"}}])
    );
    let seconds: i64 = value["messages"][0]["timestamp"].as_str().unwrap().parse().unwrap();
    assert!((world.now().as_second() - seconds).abs() <= 1);
    assert_eq!(value["metadata"]["phone_number_id"], PNID);
}

#[tokio::test]
async fn undeliverable_people_get_a_failed_status() {
    let world = World::new().await;
    let line = || LINE.to_owned();
    world.meta.change_person(ANNA, |it| it.on_whatsapp = false).unwrap();
    world
        .meta
        .change_person(BRUNO, |it| {
            it.blocks.insert(line());
        })
        .unwrap();
    let carla = "393330000003";
    world
        .meta
        .change_person(carla, |it| {
            it.stopped_marketing.insert(line());
        })
        .unwrap();
    for (body, code) in [(notice(ANNA), 131_026), (notice(BRUNO), 131_026), (event(carla), 131_050)]
    {
        world.webhook.clear();
        world.sends(&body).await;
        world.pass(5).await;
        assert_eq!(world.webhook.story(), "failed");
        assert_eq!(world.webhook.statuses()[0]["errors"][0]["code"], code);
    }
    world.webhook.clear();
    world.sends(&notice(carla)).await;
    world.pass(5).await;
    assert_eq!(world.webhook.story(), "sent delivered read", "utility still passes");
}

#[tokio::test]
async fn stopping_marketing_is_told() {
    let world = World::new().await;
    world
        .meta
        .change_person(ANNA, |it| {
            it.stopped_marketing.insert(LINE.to_owned());
        })
        .unwrap();
    world.meta.change_person(ANNA, |it| it.stopped_marketing.clear()).unwrap();
    world.meta.deliver_due().await;
    let values = world.webhook.values("user_preferences");
    let told: Vec<_> = values
        .iter()
        .flat_map(|it| it["user_preferences"].as_array().unwrap())
        .map(|it| it["value"].as_str().unwrap())
        .collect();
    assert_eq!(told, ["stop", "resume"]);
    assert!(values[0]["user_preferences"][0]["timestamp"].is_i64());
}

#[tokio::test]
async fn people_who_block_or_have_no_whatsapp_cannot_write() {
    let world = World::new().await;
    world
        .meta
        .change_person(ANNA, |it| {
            it.blocks.insert(LINE.to_owned());
        })
        .unwrap();
    assert!(matches!(world.meta.write(ANNA, LINE, "x"), Err(WriteError::Blocked)));
    world.meta.write(ANNA, "anagrafe", "x").unwrap();
    world.meta.change_person(ANNA, |it| it.on_whatsapp = false).unwrap();
    assert!(matches!(world.meta.write(ANNA, "anagrafe", "x"), Err(WriteError::NotOnWhatsApp)));
    assert!(matches!(world.meta.write(BRUNO, "ignota", "x"), Err(WriteError::UnknownLine)));
    assert!(matches!(world.meta.write("333", LINE, "x"), Err(WriteError::NotAPhone)));
    assert!(matches!(world.meta.write(BRUNO, LINE, "  "), Err(WriteError::Empty)));
}

#[tokio::test]
async fn a_username_hides_the_phone() {
    let world = World::new().await;
    world
        .meta
        .change_person(ANNA, |it| {
            it.identity = Identity::UserIdOnly;
            it.username = Some("anna.pn".to_owned());
        })
        .unwrap();
    world.says(ANNA, "ciao").await;
    let value = &world.webhook.values("messages")[0];
    let user_id = world.meta.user_id(ANNA, LINE).unwrap();
    assert!(user_id.starts_with("IT.") && user_id.len() == 23);
    assert_eq!(
        value["contacts"][0],
        json!({"profile": {"name": "Anna", "username": "anna.pn"}, "user_id": user_id})
    );
    assert!(value["messages"][0].get("from").is_none());

    world.webhook.clear();
    let mut body = text(ANNA, "Benvenuta");
    body.as_object_mut().unwrap().remove("to");
    body["recipient"] = user_id.as_str().into();
    let (_, answer) = world.send(&body).await;
    assert_eq!(answer["contacts"], json!([{"input": user_id, "user_id": user_id}]));
    world.pass(5).await;
    assert_eq!(world.webhook.story(), "sent delivered read");
    let raw = world.webhook.bodies().concat();
    assert!(!String::from_utf8(raw).unwrap().contains(ANNA), "no phone anywhere");
}

#[tokio::test]
async fn the_user_id_may_stand_in_from() {
    let world = World::new().await;
    world.meta.change_person(ANNA, |it| it.identity = Identity::UserIdInFrom).unwrap();
    world.says(ANNA, "ciao").await;
    let user_id = world.meta.user_id(ANNA, LINE).unwrap();
    assert_eq!(world.webhook.messages()[0]["from"], user_id.as_str());
}

#[tokio::test]
async fn user_ids_are_of_one_portfolio() {
    let world = World::new().await;
    let ours = world.meta.user_id(ANNA, LINE).unwrap();
    assert_eq!(ours, world.meta.user_id(ANNA, "anagrafe").unwrap());
    let theirs = world.meta.user_id(ANNA, "altrove").unwrap();
    assert_ne!(ours, theirs);
    let mut body = notice(ANNA);
    body.as_object_mut().unwrap().remove("to");
    body["recipient"] = theirs.into();
    assert_eq!(world.refused(&body).await, (400, 131_009));
}

#[tokio::test]
async fn a_new_number_and_a_new_user_id_are_told_to_the_lines_that_know_the_person() {
    let world = World::new().await;
    world.says(ANNA, "ISCRIVIMI").await;
    world.webhook.clear();
    let old_id = world.meta.user_id(ANNA, LINE).unwrap();
    world.meta.change_number(ANNA, BRUNO).unwrap();
    world.meta.deliver_due().await;
    let moved = world.webhook.messages();
    assert_eq!(moved.len(), 1, "only the line that knows the person");
    let new_id = world.meta.user_id(BRUNO, LINE).unwrap();
    assert_ne!(new_id, old_id);
    assert_eq!((&moved[0]["from"], &moved[0]["from_user_id"]), (&json!(ANNA), &json!(old_id)));
    assert_eq!(moved[0]["system"]["type"], "user_changed_number");
    assert_eq!(moved[0]["system"]["wa_id"], BRUNO);
    assert_eq!(moved[0]["system"]["user_id"], new_id.as_str());
    assert_eq!(moved[0]["system"]["previous_user_id"], old_id.as_str());
    assert!(world.webhook.values("messages")[0].get("contacts").is_none());
    assert_eq!(world.meta.person(BRUNO).unwrap().name, "Anna");
    assert_eq!(world.meta.inbox(BRUNO, None).unwrap().len(), 1);

    world.webhook.clear();
    world.meta.change_user_id(BRUNO).unwrap();
    world.meta.deliver_due().await;
    let renewed = &world.webhook.messages()[0];
    assert_eq!(renewed["system"]["type"], "user_changed_user_id");
    assert_eq!(renewed["system"]["previous_user_id"], new_id.as_str());
    assert!(renewed.get("from").is_none());
}

#[tokio::test]
async fn taps_differ_by_what_was_tapped() {
    let world = World::new().await;
    world.says(ANNA, "ciao").await;
    let ask = |interactive| {
        json!({"messaging_product": "whatsapp", "to": format!("+{ANNA}"),
            "type": "interactive", "interactive": interactive})
    };
    world
        .sends(&ask(json!({"type": "button", "body": {"text": "?"}, "action": {"buttons": [
            {"type": "reply", "reply": {"id": "si", "title": "Sì"}}]}})))
        .await;
    let list = world
        .sends(&ask(json!({"type": "list", "body": {"text": "?"}, "action": {"button": "Apri",
            "sections": [{"rows": [{"id": "r", "title": "Eventi", "description": "Feste"}]}]}})))
        .await;
    let tap = |payload: &str, title: &str| WriteBody::Button {
        payload: payload.to_owned(),
        title: title.to_owned(),
        context: None,
    };
    world.webhook.clear();
    for (payload, title) in [("si", "Sì"), ("r", "Eventi")] {
        world.meta.write(ANNA, LINE, tap(payload, title)).unwrap();
    }
    world.meta.deliver_due().await;
    let taps = world.webhook.messages();
    assert_eq!(
        taps[0]["interactive"],
        json!({"type": "button_reply", "button_reply": {"id": "si", "title": "Sì"}})
    );
    assert_eq!(
        taps[1]["interactive"],
        json!({"type": "list_reply",
            "list_reply": {"id": "r", "title": "Eventi", "description": "Feste"}})
    );
    assert_eq!(taps[1]["context"], json!({"from": "393330009999", "id": list}));

    let header = json!({"type": "header", "parameters": [
        {"type": "image", "image": {"link": "https://example.org/festa.jpg"}}]});
    let link = json!({"type": "button", "sub_type": "url", "index": "1",
        "parameters": [{"type": "text", "text": "festa"}]});
    world.sends(&template(ANNA, "festa", &json!([header, link]))).await;
    world.webhook.clear();
    world.meta.write(ANNA, LINE, tap("Non interessa", "Non interessa")).unwrap();
    world.meta.deliver_due().await;
    let tap = &world.webhook.messages()[0];
    assert_eq!(tap["type"], "button");
    assert_eq!(tap["button"], json!({"payload": "Non interessa", "text": "Non interessa"}));
}

#[tokio::test]
async fn files_reactions_and_other_types_arrive_as_such() {
    let world = World::new().await;
    let ours = world.sends(&notice(ANNA)).await;
    let file = WriteBody::Media {
        kind: "document".to_owned(),
        mime_type: "application/pdf".to_owned(),
        bytes: b"%PDF".to_vec(),
        file_name: Some("domanda.pdf".to_owned()),
        caption: Some("La domanda".to_owned()),
    };
    world.meta.write(ANNA, LINE, file).unwrap();
    let emoji = Some("👍".to_owned());
    world.meta.write(ANNA, LINE, WriteBody::Reaction { message_id: ours, emoji }).unwrap();
    let object = json!({"latitude": 45.9, "longitude": 12.6});
    world.meta.write(ANNA, LINE, WriteBody::Other { kind: "location".to_owned(), object }).unwrap();
    world.meta.deliver_due().await;
    let messages = world.webhook.messages();
    let kinds: Vec<_> = messages.iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["document", "reaction", "location"]);
    assert_eq!(messages[0]["document"]["filename"], "domanda.pdf");
    assert_eq!(messages[2]["location"]["latitude"], 45.9);
    let media = messages[0]["document"]["id"].as_str().unwrap();
    let (status, node) = world.get(&format!("/v26.0/{media}")).await;
    assert_eq!((status, &node["file_size"]), (200, &json!("4")));
    let shown = world.meta.inbox(ANNA, None).unwrap();
    assert_eq!(shown[0].reaction.as_deref(), Some("👍"));
    assert_eq!(shown.len(), 3);
    world.pass(7 * 24 * 3_600).await;
    assert_eq!(world.get(&format!("/v26.0/{media}")).await.0, 400);
}

#[tokio::test]
async fn a_reaction_does_not_open_the_window() {
    let world = World::new().await;
    let message_id = world.sends(&notice(ANNA)).await;
    world.meta.write(ANNA, LINE, WriteBody::Reaction { message_id, emoji: None }).unwrap();
    world.sends(&text(ANNA, "ciao")).await;
    world.pass(5).await;
    assert!(world.webhook.story().contains("failed"));
}

#[tokio::test]
async fn an_old_message_can_come_again_or_late() {
    let world = World::new().await;
    let id = world.says(ANNA, "ISCRIVIMI").await;
    world.pass(60).await;
    world.meta.redeliver(&id).unwrap();
    let hour_ago = world.now() - jiff::SignedDuration::from_hours(1);
    world.meta.write_at(ANNA, LINE, "CANCELLAMI", hour_ago).unwrap();
    world.meta.deliver_due().await;
    let messages = world.webhook.messages();
    assert_eq!(messages[0], messages[1]);
    assert_eq!(messages[2]["timestamp"], hour_ago.as_second().to_string());
}

#[tokio::test]
async fn a_person_the_business_blocks_is_not_heard_and_gets_nothing() {
    let world = World::new().await;
    let path = format!("/v26.0/{PNID}/block_users");
    let body =
        json!({"messaging_product": "whatsapp", "block_users": [{"user": format!("+{ANNA}")}]});
    let (status, answer) = world.post(&path, &body).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(139_100)));
    world.says(ANNA, "ciao").await;
    let (status, answer) = world.post(&path, &body).await;
    assert_eq!((status, &answer["block_users"]["added_users"][0]["wa_id"]), (200, &json!(ANNA)));
    assert_eq!(world.get(&path).await.1["data"][0]["wa_id"], ANNA);

    world.webhook.clear();
    world.says(ANNA, "mi sentite?").await;
    assert!(world.webhook.messages().is_empty());
    assert_eq!(world.meta.inbox(ANNA, None).unwrap()[1].status, Status::Sent);
    assert_eq!(world.refused(&notice(ANNA)).await, (400, 130_403));

    let request = world.request(reqwest::Method::DELETE, &path).json(&body);
    assert_eq!(request.send().await.unwrap().status(), 200);
    world.sends(&notice(ANNA)).await;
}
