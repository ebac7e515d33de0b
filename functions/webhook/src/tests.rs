// SPDX-License-Identifier: EUPL-1.2
//! Secrets that are replaced while the function runs.

use std::sync::Mutex;

use axum::Json;
use axum::body::Body;
use axum::http::Request;
use fakes::meta::signature;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;

const NOTHING_NEW: &[u8] = br#"{"object":"whatsapp_business_account","entry":[]}"#;

/// Systems Manager, by app, and how often it was asked.
#[derive(Default)]
struct Parameters {
    secrets: Vec<(&'static str, &'static str)>,
    asked: usize,
}

type Kept = std::sync::Arc<Mutex<Parameters>>;

async fn answer(State(kept): State<Kept>) -> Json<Value> {
    let mut kept = kept.lock().unwrap();
    kept.asked += 1;
    let parameter = |(app, secret): &(&str, &str)| {
        let suffix =
            if *app == "default" { String::new() } else { format!("__{}", app.to_uppercase()) };
        let value = format!(
            "META_APP_SECRET{suffix}={secret}\nMETA_VERIFY_TOKEN{suffix}=v\nMETA_ACCESS_TOKEN{suffix}=t"
        );
        json!({ "Name": format!("/f/x/secrets/apps/{app}"), "Value": value, "Type": "SecureString" })
    };
    Json(json!({ "Parameters": kept.secrets.iter().map(parameter).collect::<Vec<_>>() }))
}

/// The function as it started when these secrets were kept.
async fn started_with(secrets: &[(&'static str, &'static str)]) -> (Router, Kept) {
    let kept = Kept::default();
    kept.lock().unwrap().secrets = secrets.to_vec();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let parameters = Router::new().fallback(answer).with_state(kept.clone());
    tokio::spawn(async move { axum::serve(listener, parameters).await });
    let settings = Settings::given([
        ("AWS_REGION", "eu-south-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", &url),
        ("ASIDE_BUCKET", "aside"),
    ]);
    let aws = settings.aws().unwrap();
    let settings = settings.with_secrets_under(&aws, "/f/x/secrets").await.unwrap();
    let app = App {
        apps: Apps::of(&settings).unwrap(),
        inbound: Queue::sqs(&aws, &format!("{url}/1/inbound.fifo")),
        statuses: Queue::sqs(&aws, &format!("{url}/1/statuses")),
        aside: Aside::Bucket(settings.aside_bucket().unwrap()),
        pseudonym: Pseudonym::new(&Secret::new("0123456789abcdef0123456789abcdef")),
        clock: Clock::System,
    };
    (router(app), kept)
}

async fn post(router: &Router, path: &str, secret: &str) -> StatusCode {
    let request = Request::post(path)
        .header("x-hub-signature-256", signature(secret, NOTHING_NEW))
        .body(Body::from(NOTHING_NEW))
        .unwrap();
    router.clone().oneshot(request).await.unwrap().status()
}

#[tokio::test]
async fn a_webhook_signed_with_a_newer_secret_is_taken() {
    let (router, kept) = started_with(&[("default", "old")]).await;
    kept.lock().unwrap().secrets = vec![("default", "new,old")];
    assert_eq!(post(&router, "/webhook", "new").await, StatusCode::OK);
    assert_eq!(post(&router, "/webhook", "old").await, StatusCode::OK);
    assert_eq!(kept.lock().unwrap().asked, 2, "at the start, and at the first it did not know");
}

#[tokio::test]
async fn an_app_that_was_added_is_known_at_its_first_webhook() {
    let (router, kept) = started_with(&[("default", "a")]).await;
    kept.lock().unwrap().secrets.push(("comune", "b"));
    assert_eq!(post(&router, "/webhook/comune", "b").await, StatusCode::OK);
}

#[tokio::test]
async fn whoever_signs_wrongly_does_not_make_us_ask_every_time() {
    let (router, kept) = started_with(&[("default", "a")]).await;
    for _ in 0..5 {
        assert_eq!(post(&router, "/webhook", "wrong").await, StatusCode::UNAUTHORIZED);
        assert_eq!(post(&router, "/webhook/nobody", "a").await, StatusCode::NOT_FOUND);
    }
    assert_eq!(kept.lock().unwrap().asked, 2);
}
