// SPDX-License-Identifier: EUPL-1.2
//! Asks a webhook what Meta asks it, and what nobody should get.

use std::time::Duration;

use futures::future::join_all;
use futures::join;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use platform::apps::MetaApp;
use platform::clock::Clock;
use platform::http;
use platform::random;
use platform::settings::Secret;
use reqwest::header::DATE;
use reqwest::{Client, RequestBuilder, Url};
use whatsapp::signature;

use super::facts::{Answered, Reply, Silence, Webhook};

const CONNECT_WITHIN: Duration = Duration::from_secs(3);
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// A payload of Meta's that says nothing: it is taken, and nothing comes of it.
const NOTHING: &str = r#"{"object":"whatsapp_business_account","entry":[]}"#;

pub(super) fn client() -> Client {
    http::client()
        .connect_timeout(CONNECT_WITHIN)
        .timeout(ANSWER_WITHIN)
        .build()
        .expect("ring is there, and nothing else can be missing")
}

pub(super) async fn webhook(http: &Client, url: &str, app: &MetaApp) -> Webhook {
    let verified = async |token: &str| {
        let challenge = random::key();
        let query = [
            ("hub.mode", "subscribe"),
            ("hub.challenge", &*challenge),
            ("hub.verify_token", token),
        ];
        match Url::parse_with_params(url, query) {
            Ok(url) => answer(http.get(url), &challenge).await,
            Err(_) => Err(Silence::NotReached),
        }
    };
    let posted = async |secret: &str| {
        let signed = signature::sign(secret, NOTHING.as_bytes());
        let request = http
            .post(url)
            .header("content-type", "application/json")
            .header("x-hub-signature-256", signed)
            .body(NOTHING);
        answer(request, "").await
    };
    let (somebodys_token, somebodys_secret) = (random::key(), random::key());
    let (right_token, wrong_token, wrong_signature, signed) = join!(
        verified(app.verify_token.expose()),
        verified(&somebodys_token),
        posted(&somebodys_secret),
        join_all(app.secrets.iter().map(Secret::expose).map(&posted)),
    );
    Webhook { right_token, wrong_token, wrong_signature, signed }
}

async fn answer(request: RequestBuilder, challenge: &str) -> Answered {
    let silence = |err: reqwest::Error| {
        if err.is_timeout() && !err.is_connect() { Silence::TooLate } else { Silence::NotReached }
    };
    let response = request.send().await.map_err(silence)?;
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap_or_default();
    Ok(Reply { status, is_challenge: body == challenge.as_bytes() })
}

/// By how many seconds our clock is ahead of the one behind the address, whatever it answers.
pub(super) async fn ahead(http: &Client, url: &str, clock: &Clock) -> Option<i64> {
    let before = clock.now();
    let response = http.get(url).send().await.ok()?;
    let after = clock.now();
    let date = response.headers().get(DATE)?.to_str().ok()?;
    let theirs: Timestamp = rfc2822::parse(date).ok()?.timestamp();
    Some(i64::midpoint(before.as_second(), after.as_second()) - theirs.as_second())
}
