// SPDX-License-Identifier: EUPL-1.2
//! The page and the paths that scripts use.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

const MESSAGES: &str = "/simulator/phones/393330000001/messages";

#[tokio::test]
async fn a_script_writes_and_reads_both_sides() {
    let world = World::new().await;
    let (status, written) =
        world.post(MESSAGES, &json!({"to": "pordenone", "text": "ISCRIVIMI"})).await;
    assert_eq!(status, 201);
    assert_eq!((&written["direction"], &written["text"]), (&json!("out"), &json!("ISCRIVIMI")));
    world.meta.deliver_due().await;
    assert_eq!(world.webhook.messages()[0]["id"], written["id"]);

    world
        .sends(&json!({"messaging_product": "whatsapp", "to": format!("+{ANNA}"),
            "type": "interactive", "interactive": {"type": "button", "body": {"text": "Fatto"},
                "footer": {"text": "Comune"}, "action": {"buttons": [
                    {"type": "reply", "reply": {"id": "argomenti", "title": "Argomenti"}}]}}}))
        .await;
    world.pass(1).await;
    let (status, list) = world.get(MESSAGES).await;
    assert_eq!(status, 200);
    let answer = &list["items"][1];
    assert_eq!(answer["direction"], "in");
    assert_eq!(answer["line"], "pordenone");
    assert_eq!(answer["text"], "Fatto\n\nComune");
    assert_eq!(answer["buttons"], json!([{"payload": "argomenti", "title": "Argomenti"}]));
    assert_eq!(answer["status"], "delivered");
    assert!(answer["at"].as_str().unwrap().starts_with("2026-11-22T09:00:"));

    let button = json!({"payload": "argomenti", "title": "Argomenti"});
    let (status, tap) = world.post(MESSAGES, &json!({"to": "pordenone", "button": button})).await;
    assert_eq!(status, 201);
    assert_eq!(tap["reply_to"], answer["id"]);
    let (_, other) = world.get(&format!("{MESSAGES}?line=anagrafe")).await;
    assert_eq!(other, json!({"items": []}));
}

#[tokio::test]
async fn wrong_requests_get_an_italian_problem() {
    let world = World::new().await;
    for (path, body) in [
        (MESSAGES, json!({"to": "ignota", "text": "x"})),
        (MESSAGES, json!({"to": "pordenone"})),
        (MESSAGES, json!({"to": "pordenone", "text": " "})),
        (MESSAGES, json!({"to": "pordenone", "text": "x", "unknown": 1})),
        (
            MESSAGES,
            json!({"to": "pordenone", "text": "x", "button": {"payload": "a", "title": "b"}}),
        ),
        (MESSAGES, json!({"text": "x"})),
        ("/simulator/phones/12/messages", json!({"to": "pordenone", "text": "x"})),
    ] {
        let answer = world.request(Method::POST, path).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{body}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: Value = answer.json().await.unwrap();
        for key in ["type", "title", "detail"] {
            assert!(!problem[key].as_str().unwrap().is_empty(), "{body}");
        }
    }
    assert!(world.meta.inbox(ANNA, None).unwrap().is_empty());
}

#[tokio::test]
async fn a_file_is_sent_with_its_caption() {
    let world = World::new().await;
    let file = json!({"name": "carta.jpg", "mime_type": "image/jpeg", "base64": "/9j/"});
    let body = json!({"to": "pordenone", "text": "Ecco", "file": file});
    let (status, written) = world.post(MESSAGES, &body).await;
    assert_eq!((status, &written["kind"]), (201, &json!("image")));
    world.meta.deliver_due().await;
    assert_eq!(world.webhook.messages()[0]["image"]["caption"], "Ecco");
}

#[tokio::test]
async fn lines_and_phones_are_listed_and_profiles_changed() {
    let world = World::new().await;
    let (_, lines) = world.get("/simulator/lines").await;
    assert_eq!(
        lines["items"][0],
        json!({"line": "pordenone", "name": "Comune di Pordenone",
            "display_number": "+39 333 000 9999", "hints": ["ISCRIVIMI", "CANCELLAMI"]})
    );
    world.says(ANNA, "ciao").await;
    world.pass(1).await;
    world.says(BRUNO, "ciao").await;
    let (_, phones) = world.get("/simulator/phones").await;
    let listed: Vec<_> =
        phones["items"].as_array().unwrap().iter().map(|it| it["phone"].clone()).collect();
    assert_eq!(listed, [BRUNO, ANNA]);

    let change = json!({"reads": false, "blocks": ["pordenone"]});
    let request = world.request(Method::PATCH, "/simulator/phones/393330000001").json(&change);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let anna = world.meta.person(ANNA).unwrap();
    assert!(!anna.reads && anna.on_whatsapp && anna.blocks.contains("pordenone"));
    let (status, _) = world.post(MESSAGES, &json!({"to": "pordenone", "text": "x"})).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn the_page_stands_alone() {
    let world = World::new().await;
    let answer = world.http.get(world.url("/simulator")).send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'"));
    let page = answer.text().await.unwrap();
    assert!(page.contains("lang=\"it\""));
    for forbidden in ["src=\"http", "innerHTML", "insertAdjacentHTML", "document.write", "@import"]
    {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[tokio::test]
async fn the_page_hears_of_changes_until_the_end() {
    let world = World::new().await;
    let mut events = world.http.get(world.url("/simulator/events")).send().await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    world.meta.write(ANNA, LINE, "ciao").unwrap();
    let heard = events.chunk().await.unwrap().unwrap();
    assert_eq!(heard, "event: changed\ndata: {\"phone\":\"393330000001\"}\n\n");
    world.meta.run(std::future::ready(())).await;
    while events.chunk().await.unwrap().is_some() {}
}
