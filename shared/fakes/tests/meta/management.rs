// SPDX-License-Identifier: EUPL-1.2
//! What Meta says of tokens, apps and accounts.

use fakes::meta::{Template, TemplateState};
use serde_json::{Value, json};

use crate::support::*;

const APP_ITSELF: &str = "default|test_app_secret";

/// The status and the answer to somebody with this token.
async fn asked(world: &World, token: &str, path: &str) -> (u16, Value) {
    let answer = world.http.get(world.url(path)).bearer_auth(token).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_token_is_looked_at_by_itself_or_by_its_app() {
    let world = World::new().await;
    let path = "/v25.0/debug_token?input_token=test-token";
    for by in ["test-token", APP_ITSELF] {
        let (status, answer) = asked(&world, by, path).await;
        assert_eq!(status, 200, "{answer}");
        let data = &answer["data"];
        assert_eq!((&data["app_id"], &data["type"]), (&json!("default"), &json!("SYSTEM_USER")));
        assert_eq!((&data["is_valid"], &data["expires_at"]), (&json!(true), &json!(0)));
        assert_eq!(data["granular_scopes"][0]["target_ids"], json!(["300001"]));
    }
    for by in ["nobody", "default|wrong"] {
        let (status, answer) = asked(&world, by, path).await;
        assert_eq!((status, &answer["error"]["code"]), (401, &json!(190)), "{by}");
    }
    let (status, answer) = asked(&world, APP_ITSELF, "/v25.0/debug_token?input_token=x").await;
    assert_eq!((status, &answer["data"]["is_valid"]), (200, &json!(false)));
}

#[tokio::test]
async fn a_token_that_expired_is_refused_and_its_app_can_see_why() {
    let world = World::new().await;
    world.meta.standing(|it| it.token_expires_at = 1);
    let path = "/v25.0/debug_token?input_token=test-token";
    assert_eq!(asked(&world, "test-token", path).await.0, 401);
    assert_eq!(asked(&world, "test-token", &format!("/v25.0/{PNID}")).await.0, 401);
    assert_eq!(asked(&world, APP_ITSELF, path).await.1["data"]["is_valid"], false);
}

#[tokio::test]
async fn only_the_app_itself_sees_where_its_webhooks_go() {
    let world = World::new().await;
    let path = "/v25.0/default/subscriptions";
    let (status, answer) = asked(&world, APP_ITSELF, path).await;
    assert_eq!(status, 200, "{answer}");
    let url = format!("{}/webhook", world.webhook_base());
    assert_eq!(answer["data"][0]["callback_url"], url);
    assert!(answer["data"][0]["fields"].as_array().unwrap().len() > 5);
    assert_eq!(asked(&world, "test-token", path).await.0, 401);
    let path = "/v25.0/another/subscriptions";
    assert_eq!(asked(&world, APP_ITSELF, path).await.0, 401);
    let itself = "another|test_app_secret";
    assert_eq!(asked(&world, itself, path).await.1, json!({"data": []}), "it has no webhook");
}

#[tokio::test]
async fn an_account_says_who_is_subscribed_what_it_can_pay_and_only_what_was_asked() {
    let world = World::new().await;
    let (_, answer) = asked(&world, "test-token", "/v25.0/300001/subscribed_apps").await;
    assert_eq!(answer["data"][0]["whatsapp_business_api_data"]["id"], "default");
    let path = "/v25.0/300001?fields=primary_funding_id,business_verification_status";
    let (_, answer) = asked(&world, "test-token", path).await;
    let want = json!({"id": "300001", "primary_funding_id": "1", "business_verification_status": "verified"});
    assert_eq!(answer, want);
    world.meta.standing(|it| {
        it.has_payment_method = false;
        it.subscribed = false;
    });
    let (_, answer) = asked(&world, "test-token", path).await;
    assert!(answer["primary_funding_id"].is_null(), "absent: {answer}");
    let (_, answer) = asked(&world, "test-token", "/v25.0/300001/subscribed_apps").await;
    assert_eq!(answer, json!({"data": []}));
    let (status, answer) = asked(&world, "test-token", "/v25.0/300001?fields=colour").await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(100)));
}

#[tokio::test]
async fn without_the_permission_accounts_are_closed() {
    let world = World::new().await;
    world.meta.standing(|it| it.scopes.retain(|it| it == "whatsapp_business_messaging"));
    for path in
        ["/v25.0/300001", "/v25.0/300001/subscribed_apps", "/v25.0/300001/message_templates"]
    {
        assert_eq!(asked(&world, "test-token", path).await.0, 403, "{path}");
    }
    assert_eq!(asked(&world, "test-token", &format!("/v25.0/{PNID}")).await.0, 200);
}

#[tokio::test]
async fn a_number_is_as_well_as_its_worst_part() {
    let world = World::new().await;
    let path = format!("/v25.0/{PNID}?fields=health_status,webhook_configuration");
    let (_, answer) = asked(&world, "test-token", &path).await;
    assert_eq!(answer["health_status"]["can_send_message"], "AVAILABLE");
    world.meta.standing(|it| {
        it.unwell.push(("WABA".to_owned(), 141_006, "Payment".to_owned()));
        it.override_callback = Some("https://example.org/hook".to_owned());
    });
    let (_, answer) = asked(&world, "test-token", &path).await;
    let health = &answer["health_status"];
    assert_eq!(health["can_send_message"], "BLOCKED");
    assert_eq!(health["entities"][0]["can_send_message"], "AVAILABLE");
    assert_eq!(health["entities"][1]["can_send_message"], "BLOCKED");
    assert_eq!(health["entities"][1]["errors"][0]["error_code"], 141_006);
    let hook = &answer["webhook_configuration"]["whatsapp_business_account"];
    assert_eq!(hook, "https://example.org/hook");
}

#[tokio::test]
async fn templates_come_in_pages() {
    let world = World::new().await;
    for n in 0..30 {
        world.meta.set_template(Template {
            messaging_account_id: "300001".to_owned(),
            name: format!("avviso_{n}"),
            body: "Avviso.".to_owned(),
            state: TemplateState::Rejected,
            ..Template::default()
        });
    }
    let (mut names, mut path) = (Vec::new(), "/v25.0/300001/message_templates".to_owned());
    let mut pages = 0;
    loop {
        let (_, answer) = asked(&world, "test-token", &path).await;
        let data = answer["data"].as_array().unwrap();
        assert!(data.len() <= 25, "{}", data.len());
        names.extend(data.iter().map(|it| it["name"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(next) = answer["paging"]["next"].as_str() else { break };
        next.trim_start_matches(&world.url("")).clone_into(&mut path);
    }
    assert_eq!((names.len(), pages), (34, 2));
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 34);
    let path = "/v25.0/300001/message_templates?after=nowhere";
    let (status, answer) = asked(&world, "test-token", path).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(131_059)));
    let path = "/v25.0/300001/message_templates?limit=1&after=33";
    let (_, answer) = asked(&world, "test-token", path).await;
    assert_eq!(answer["data"][0]["rejected_reason"], "INVALID_FORMAT");
}
