// SPDX-License-Identifier: EUPL-1.2
//! What Meta takes, what it refuses, and how much of it.

use fakes::meta::{SendFault, Status};
use serde_json::{Value, json};

use crate::support::*;

fn interactive(to: &str, interactive: &Value) -> Value {
    json!({"messaging_product": "whatsapp", "to": format!("+{to}"), "type": "interactive",
        "interactive": interactive})
}

fn buttons(titles: &[&str]) -> Value {
    let buttons = titles.iter().enumerate().map(
        |(n, title)| json!({"type": "reply", "reply": {"id": format!("b{n}"), "title": title}}),
    );
    json!({"type": "button", "body": {"text": "Vuoi?"},
        "action": {"buttons": buttons.collect::<Vec<_>>()}})
}

fn list(rows: usize) -> Value {
    let rows = (0..rows).map(|n| json!({"id": format!("r{n}"), "title": format!("Riga {n}")}));
    json!({"type": "list", "body": {"text": "Quale?"}, "action": {"button": "Apri",
        "sections": [{"title": "Argomenti", "rows": rows.collect::<Vec<_>>()}]}})
}

#[tokio::test]
async fn an_accepted_send_is_answered_in_metas_shape() {
    let world = World::new().await;
    world.says(ANNA, "ISCRIVIMI").await;
    let (status, answer) = world.send(&text(ANNA, "Benvenuta")).await;
    assert_eq!(status, 200);
    let id = answer["messages"][0]["id"].as_str().unwrap();
    assert!(id.starts_with("wamid."));
    assert_eq!(
        answer,
        json!({"messaging_product": "whatsapp",
            "contacts": [{"input": format!("+{ANNA}"), "wa_id": ANNA}],
            "messages": [{"id": id}]})
    );
    let (_, answer) = world.send(&notice(ANNA)).await;
    assert_eq!(answer["messages"][0]["message_status"], "accepted");
}

#[tokio::test]
async fn only_the_right_token_may_send_and_only_from_its_own_number() {
    let world = World::new().await;
    let path = |number: &str| world.url(&format!("/v26.0/{number}/messages"));
    for (number, token, want) in [
        (PNID, Some("wrong"), (401, 190)),
        (PNID, None, (401, 190)),
        (FOREIGN_PNID, Some("test-token"), (403, 200)),
        ("999", Some("test-token"), (400, 100)),
    ] {
        let mut request = world.http.post(path(number)).json(&notice(ANNA));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        assert_eq!((status, body["error"]["code"].as_u64().unwrap()), want);
        assert_eq!(body["error"]["type"], "OAuthException");
    }
    assert!(world.meta.sent(LINE).unwrap().is_empty());
}

#[tokio::test]
async fn malformed_and_overlong_bodies_are_refused() {
    let world = World::new().await;
    world.says(ANNA, "ciao").await;
    let mut no_product = text(ANNA, "x");
    no_product.as_object_mut().unwrap().remove("messaging_product");
    let mut long_callback = text(ANNA, "x");
    long_callback["biz_opaque_callback_data"] = "x".repeat(513).into();
    let mut long_body = buttons(&["Sì"]);
    long_body["body"]["text"] = "x".repeat(1_025).into();
    let mut long_footer = buttons(&["Sì"]);
    long_footer["footer"] = json!({"text": "x".repeat(61)});
    let unknown = json!({"messaging_product": "whatsapp", "to": "+393330000001", "type": "poll"});
    let no_to = json!({"messaging_product": "whatsapp", "text": {"body": "x"}});
    for (name, body, want) in [
        ("no product", no_product, 100),
        ("no recipient", no_to, 100),
        ("recipient is no number", text("abc", "x"), 131_009),
        ("empty text", text(ANNA, ""), 131_008),
        ("text", text(ANNA, &"x".repeat(4_097)), 100),
        ("callback", long_callback, 100),
        ("no button", interactive(ANNA, &buttons(&[])), 131_009),
        ("four buttons", interactive(ANNA, &buttons(&["1", "2", "3", "4"])), 131_009),
        ("same title twice", interactive(ANNA, &buttons(&["1", "1"])), 131_009),
        ("button title", interactive(ANNA, &buttons(&[&"x".repeat(21)])), 131_009),
        ("button body", interactive(ANNA, &long_body), 131_009),
        ("footer", interactive(ANNA, &long_footer), 131_009),
        ("no row", interactive(ANNA, &list(0)), 131_009),
        ("eleven rows", interactive(ANNA, &list(11)), 131_009),
        ("unknown type", unknown, 131_051),
    ] {
        assert_eq!(world.refused(&body).await, (400, want), "{name}");
    }
    for (name, body) in [
        ("4,096 characters", text(ANNA, &"è".repeat(4_096))),
        ("three buttons", interactive(ANNA, &buttons(&["1", "2", "3"]))),
        ("ten rows", interactive(ANNA, &list(10))),
    ] {
        let (status, answer) = world.send(&body).await;
        assert_eq!(status, 200, "{name}: {answer}");
    }
}

#[tokio::test]
async fn a_number_cannot_write_to_itself() {
    let world = World::new().await;
    assert_eq!(world.refused(&notice("393330009999")).await, (400, 131_021));
}

#[tokio::test]
async fn free_form_fails_later_when_the_window_is_closed() {
    let world = World::new().await;
    world.sends(&text(ANNA, "mai scritto")).await;
    world.pass(5).await;
    let statuses = world.webhook.statuses();
    assert_eq!(statuses.len(), 1);
    assert_eq!(statuses[0]["status"], "failed");
    assert_eq!(statuses[0]["errors"][0]["code"], 131_047);
    assert!(statuses[0].get("pricing").is_none());
    assert!(world.webhook.values("messages")[0].get("contacts").is_none());
    assert!(world.meta.inbox(ANNA, None).unwrap().is_empty());

    world.says(ANNA, "ciao").await;
    world.webhook.clear();
    world.pass(24 * 3_600 - 60).await;
    world.sends(&text(ANNA, "in tempo")).await;
    world.pass(90).await;
    world.sends(&text(ANNA, "tardi")).await;
    world.pass(5).await;
    assert_eq!(world.webhook.story(), "sent delivered read failed");
}

#[tokio::test]
async fn the_same_failure_may_come_in_the_answer() {
    let world = World::new().await;
    world.meta.faults(|it| it.failures_in_answer = true);
    assert_eq!(world.refused(&text(ANNA, "mai scritto")).await, (400, 131_047));
    world.pass(5).await;
    assert_eq!(world.webhook.story(), "");
}

#[tokio::test]
async fn a_number_has_its_rate_in_any_second_inbound_included() {
    let world = World::with(None, |it| it.rate = 3).await;
    world.meta.write(ANNA, LINE, "ciao").unwrap();
    world.sends(&notice(ANNA)).await;
    world.sends(&notice(BRUNO)).await;
    assert_eq!(world.refused(&notice("393330000003")).await, (400, 130_429));
    // Another number has its own second, and this one has the next.
    let (status, _) = world.post(&format!("/v26.0/{OTHER_PNID}/messages"), &notice(ANNA)).await;
    assert_eq!(status, 200);
    world.pass(1).await;
    world.sends(&notice("393330000003")).await;
    assert_eq!(world.meta.refusals().get(&130_429), Some(&1));
}

#[tokio::test]
async fn a_pair_has_45_at_once_then_one_every_six_seconds() {
    let world = World::new().await;
    for _ in 0..45 {
        world.sends(&notice(ANNA)).await;
    }
    assert_eq!(world.refused(&notice(ANNA)).await, (400, 131_056));
    world.sends(&notice(BRUNO)).await;
    world.pass(7).await;
    world.sends(&notice(ANNA)).await;
    assert_eq!(world.refused(&notice(ANNA)).await, (400, 131_056));
}

#[tokio::test]
async fn a_portfolio_reaches_so_many_people_outside_the_window_in_24_hours() {
    let world = World::with(None, |it| it.portfolio_limit = Some(2)).await;
    let carla = "393330000003";
    world.sends(&notice(ANNA)).await;
    world.sends(&notice(BRUNO)).await;
    assert_eq!(world.refused(&notice(carla)).await, (400, 131_048));
    // Again to the same person, and to whoever wrote: no one more.
    world.sends(&notice(ANNA)).await;
    world.says(carla, "ciao").await;
    world.sends(&notice(carla)).await;
    world.pass(24 * 3_600 + 1).await;
    world.sends(&notice(carla)).await;
}

#[tokio::test]
async fn limits_can_be_off() {
    let world = World::with(None, |it| {
        it.rate = 1;
        it.portfolio_limit = Some(1);
    })
    .await;
    world.meta.faults_of(PNID, |it| it.limits = false);
    for _ in 0..50 {
        world.sends(&notice(ANNA)).await;
    }
    world.sends(&notice(BRUNO)).await;
}

#[tokio::test]
async fn the_first_thousand_service_messages_of_a_month_are_free() {
    let world = World::new().await;
    world.meta.set_service_messages(PNID, 999).unwrap();
    world.says(ANNA, "ciao").await;
    for body in [text(ANNA, "mille"), text(ANNA, "mille e uno"), notice(ANNA), event(ANNA)] {
        world.sends(&body).await;
        world.pass(3).await;
    }
    let priced: Vec<_> = world
        .webhook
        .statuses()
        .iter()
        .filter(|it| it["status"] == "delivered")
        .map(|it| {
            assert_eq!(it["pricing"]["pricing_model"], "PMP");
            let of = |key: &str| it["pricing"][key].as_str().unwrap().to_owned();
            format!("{} {}", of("type"), of("category"))
        })
        .collect();
    assert_eq!(
        priced,
        [
            "free_customer_service service",
            "regular service",
            "regular utility",
            "regular marketing"
        ]
    );
    // The next month starts anew.
    world.pass(10 * 24 * 3_600).await;
    world.says(ANNA, "ciao").await;
    world.webhook.clear();
    world.sends(&text(ANNA, "dicembre")).await;
    world.pass(3).await;
    assert_eq!(world.webhook.statuses()[0]["pricing"]["type"], "free_customer_service");
}

#[tokio::test]
async fn a_lost_answer_leaves_a_message_that_was_sent() {
    let world = World::new().await;
    world.meta.faults(|it| it.for_next(1, SendFault::DropAnswer));
    let request = world
        .request(reqwest::Method::POST, &format!("/v26.0/{PNID}/messages"))
        .json(&notice(ANNA))
        .send()
        .await;
    assert!(request.is_err(), "the connection closes before the first byte");
    assert_eq!(world.meta.sent(LINE).unwrap().len(), 1);
    world.pass(5).await;
    assert_eq!(world.webhook.story(), "sent delivered read");
    world.sends(&notice(ANNA)).await;
}

#[tokio::test]
async fn a_server_error_may_hide_either() {
    let world = World::new().await;
    world.meta.faults(|it| {
        it.for_next(1, SendFault::ErrorAfterAccepting(500));
        it.for_next(1, SendFault::ErrorWithoutAccepting(503));
    });
    assert_eq!(world.refused(&notice(ANNA)).await.0, 500);
    assert_eq!(world.refused(&notice(BRUNO)).await.0, 503);
    let sent = world.meta.sent(LINE).unwrap();
    assert_eq!(sent.iter().map(|it| it.phone.as_str()).collect::<Vec<_>>(), [ANNA]);
}

#[tokio::test]
async fn any_code_can_be_answered_or_come_later() {
    let world = World::new().await;
    world.meta.faults_of(PNID, |it| {
        it.for_next(2, SendFault::Code(131_049));
        it.for_next(1, SendFault::FailLater(131_042));
    });
    assert_eq!(world.refused(&notice(ANNA)).await, (400, 131_049));
    assert_eq!(world.refused(&notice(ANNA)).await, (400, 131_049));
    world.sends(&notice(ANNA)).await;
    world.pass(5).await;
    assert_eq!(world.webhook.story(), "failed");
    assert_eq!(world.webhook.statuses()[0]["errors"][0]["code"], 131_042);
    assert_eq!(world.meta.refusals().get(&131_049), Some(&2));

    world.meta.faults_of(PNID, |it| it.token_invalid = true);
    assert_eq!(world.refused(&notice(ANNA)).await, (401, 190));
}

#[tokio::test]
async fn callback_data_comes_back_on_every_status() {
    let world = World::new().await;
    let mut body = notice(ANNA);
    body["biz_opaque_callback_data"] = "d:42".into();
    let id = world.sends(&body).await;
    world.pass(5).await;
    let statuses = world.webhook.statuses();
    assert_eq!(statuses.len(), 3);
    for it in statuses {
        assert_eq!(it["biz_opaque_callback_data"], "d:42");
        assert_eq!(it["id"], id.as_str());
        assert_eq!(it["recipient_id"], ANNA);
        assert!(it["recipient_user_id"].as_str().unwrap().starts_with("IT."));
    }
}

#[tokio::test]
async fn a_message_can_be_marked_as_read_with_those_before_it() {
    let world = World::new().await;
    world.says(ANNA, "uno").await;
    let two = world.says(ANNA, "due").await;
    world.says(ANNA, "tre").await;
    let read = json!({"messaging_product": "whatsapp", "status": "read", "message_id": two});
    let (status, answer) = world.send(&read).await;
    assert_eq!((status, answer), (200, json!({"success": true})));
    let ticks: Vec<_> = world.meta.inbox(ANNA, None).unwrap().iter().map(|it| it.status).collect();
    assert_eq!(ticks, [Status::Read, Status::Read, Status::Delivered]);
    let unknown = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "x"});
    assert_eq!(world.refused(&unknown).await, (400, 131_009));
}

#[tokio::test]
async fn a_reaction_stands_on_its_message_and_is_only_sent() {
    let world = World::new().await;
    let question = world.says(ANNA, "grazie").await;
    let reaction = |id: &str| {
        json!({"messaging_product": "whatsapp", "to": format!("+{ANNA}"), "type": "reaction",
            "reaction": {"message_id": id, "emoji": "👍"}})
    };
    world.sends(&reaction(&question)).await;
    world.pass(5).await;
    assert_eq!(world.webhook.story(), "sent");
    let inbox = world.meta.inbox(ANNA, None).unwrap();
    assert_eq!(inbox.len(), 1);
    assert_eq!(inbox[0].reaction.as_deref(), Some("👍"));
    assert_eq!(world.refused(&reaction("wamid.x")).await, (400, 131_009));
}

#[tokio::test]
async fn files_are_uploaded_sent_and_fetched_for_a_time() {
    let world = World::new().await;
    world.says(ANNA, "ciao").await;
    let form = |kind: &str| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n\
             --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"avviso.pdf\"\r\n\
             Content-Type: {kind}\r\n\r\n%PDF\r\n--b--\r\n"
        )
    };
    let upload = async |kind: &str| {
        let request = world
            .request(reqwest::Method::POST, &format!("/v26.0/{PNID}/media"))
            .header("content-type", "multipart/form-data; boundary=b")
            .body(form(kind));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    assert_eq!(upload("application/x-sh").await.0, 400);
    let (_, answer) = upload("application/pdf").await;
    let id = answer["id"].as_str().unwrap().to_owned();

    let document = |id: &str| {
        json!({"messaging_product": "whatsapp", "to": format!("+{ANNA}"), "type": "document",
            "document": {"id": id, "caption": "Il bando"}})
    };
    world.sends(&document(&id)).await;
    assert_eq!(world.refused(&document("1")).await, (400, 131_053));
    let last = world.meta.inbox(ANNA, None).unwrap().pop().unwrap();
    assert_eq!(last.text, "Il bando");
    assert_eq!(last.media.unwrap().file_name.as_deref(), Some("avviso.pdf"));

    let (_, node) = world.get(&format!("/v26.0/{id}?phone_number_id={PNID}")).await;
    assert_eq!(node["mime_type"], "application/pdf");
    let address = node["url"].as_str().unwrap().to_owned();
    let fetch = async |token: &str| {
        let answer = world.http.get(&address).bearer_auth(token).send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap())
    };
    assert_eq!(fetch("wrong").await.0, 401);
    assert_eq!(fetch("test-token").await, (200, "%PDF".into()));
    world.pass(5 * 60).await;
    assert_eq!(fetch("test-token").await.0, 404);
    world.pass(30 * 24 * 3_600).await;
    assert_eq!(world.get(&format!("/v26.0/{id}")).await.0, 400);
}

#[tokio::test]
async fn a_number_says_what_it_may() {
    let world = World::with(None, |it| it.portfolio_limit = Some(2_000)).await;
    let (status, node) = world
        .get(&format!(
            "/v26.0/{PNID}?fields=verified_name,whatsapp_business_manager_messaging_limit"
        ))
        .await;
    assert_eq!(status, 200);
    assert!(node["status"].is_null(), "only what was asked for: {node}");
    assert_eq!(node["whatsapp_business_manager_messaging_limit"], "TIER_2K");
    assert_eq!(node["verified_name"], "Comune di Pordenone");
    assert_eq!(world.get(&format!("/v26.0/{FOREIGN_PNID}")).await.0, 403);
}
