// SPDX-License-Identifier: EUPL-1.2
//! Meta's POST: verify the signature on the raw bytes, queue, 200. Touches no table.
//!
//! What makes a repetition harmless: a message's job is deduplicated by the queue for five
//! minutes and by `commands` for eight days; a status only ever moves forward.

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use domain::ids::AppId;
use platform::apps::{Apps, MetaApp};
use platform::aside::Aside;
use platform::clock::Clock;
use platform::jobs;
use platform::metrics::{self, Metric};
use platform::pseudonym::Pseudonym;
use platform::queue::{Message, Queue, QueueError};
use platform::settings::{Secret, Settings};
use serde::Deserialize;
use tracing::{error, info, warn};
use whatsapp::payload::{self, Update};
use whatsapp::signature;

mod pack;

/// The most Meta posts is 3 MB. Source: Cloud API, webhooks.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

#[derive(Clone)]
pub struct App {
    pub apps: Apps,
    pub inbound: Queue,
    pub statuses: Queue,
    pub aside: Aside,
    pub pseudonym: Pseudonym,
    pub clock: Clock,
}

impl App {
    pub async fn connect() -> anyhow::Result<Self> {
        let settings = Settings::load().await?;
        let aws = settings.aws()?;
        Ok(Self {
            apps: Apps::of(&settings)?,
            inbound: Queue::sqs(&aws, settings.inbound_queue_url()?),
            statuses: Queue::sqs(&aws, settings.statuses_queue_url()?),
            aside: Aside::Bucket(settings.aside_bucket()?),
            pseudonym: Pseudonym::new(&settings.lookup_key()?),
            clock: Clock::System,
        })
    }

    /// One that nobody knows may have been added since this process started.
    async fn app(&self, id: &str) -> Option<MetaApp> {
        let id = AppId::new(id);
        if let Some(app) = self.apps.find(&id) {
            return Some(app);
        }
        self.apps.read_again().await;
        self.apps.find(&id)
    }
}

/// `/webhook` is the app `default`; every other app has `/webhook/{app}`.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/webhook", get(verify_default).post(receive_default))
        .route("/webhook/{app}", get(verify_named).post(receive_named))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(app)
}

/// What Meta asks when the webhook's address is entered.
#[derive(Deserialize)]
struct Verification {
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    #[serde(rename = "hub.verify_token")]
    token: Option<String>,
    #[serde(rename = "hub.challenge")]
    challenge: Option<String>,
}

async fn verify_default(
    State(app): State<App>,
    Query(asked): Query<Verification>,
) -> Result<String, StatusCode> {
    verify(&app, "default", asked).await
}

async fn verify_named(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(asked): Query<Verification>,
) -> Result<String, StatusCode> {
    verify(&app, &id, asked).await
}

/// Answers the challenge as it came, or 403.
async fn verify(app: &App, id: &str, asked: Verification) -> Result<String, StatusCode> {
    let app = app.app(id).await.ok_or(StatusCode::NOT_FOUND)?;
    let given = asked.token.unwrap_or_default();
    let subscribing = asked.mode.as_deref() == Some("subscribe");
    if subscribing && signature::verify_token(&given, app.verify_token.expose()) {
        Ok(asked.challenge.unwrap_or_default())
    } else {
        Err(StatusCode::FORBIDDEN)
    }
}

async fn receive_default(State(app): State<App>, headers: HeaderMap, body: Bytes) -> StatusCode {
    receive(&app, "default", &headers, &body).await
}

async fn receive_named(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    receive(&app, &id, &headers, &body).await
}

async fn receive(app: &App, id: &str, headers: &HeaderMap, body: &[u8]) -> StatusCode {
    let given = headers.get("x-hub-signature-256").and_then(|it| it.to_str().ok());
    let signed = |it: &MetaApp| {
        let secrets: Vec<&str> = it.secrets.iter().map(Secret::expose).collect();
        signature::verify(&secrets, given, body)
    };
    let Some(mut meta_app) = app.app(id).await else { return StatusCode::NOT_FOUND };
    if !signed(&meta_app) {
        // Its secret may have been replaced.
        app.apps.read_again().await;
        meta_app = app.apps.find(&meta_app.id).unwrap_or(meta_app);
    }
    if !signed(&meta_app) {
        warn!(app.id = %meta_app.id, "refused a webhook whose signature is wrong");
        return StatusCode::UNAUTHORIZED;
    }
    match keep(app, &meta_app, body).await {
        Ok(()) => StatusCode::OK,
        Err(err) => {
            // Not kept anywhere: Meta sends it again.
            metrics::count(Metric::WebhookNotKept, 1);
            error!(app.id = %meta_app.id, "webhook not kept: {err:#}");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// Puts everything in the body where it cannot be lost: the queues, or aside for a person.
async fn keep(app: &App, meta_app: &MetaApp, body: &[u8]) -> anyhow::Result<()> {
    let now = app.clock.now();
    let updates = match payload::split(body) {
        Ok(updates) => updates,
        Err(err) => {
            warn!(app.id = %meta_app.id, "kept an unreadable webhook aside: {err}");
            return app.aside.keep(body, "webhook", now).await.context("keep aside");
        }
    };
    let mut messages = Vec::new();
    let mut statuses = Vec::new();
    let mut events = Vec::new();
    let mut unreadable = Vec::new();
    for update in updates {
        match update {
            Update::Message { number, message, contact, sender_key, message_id } => {
                let job = jobs::Inbound {
                    app: meta_app.id.as_str().to_owned(),
                    number: number.as_str().to_owned(),
                    received_at_ms: now.as_millisecond(),
                    contact,
                    message,
                };
                // The same person writes to two lines in two orders.
                let group = app.pseudonym.of(&format!("{number}/{sender_key}"));
                let once = app.pseudonym.of(message_id.expose());
                messages.push(Message::of(&job).in_group(group, once));
            }
            Update::Status(status) => statuses.extend(pack::update(status)),
            Update::Account { account, field, at, value } => {
                let at = at.unwrap_or_else(|| now.as_second());
                events.push(jobs::AccountEvent { account, field, at, value });
            }
            Update::Unreadable { what, value } => {
                warn!(app.id = %meta_app.id, what, "kept an unreadable update aside");
                unreadable.push(value.to_string());
            }
            Update::Ignored { why } => info!(app.id = %meta_app.id, why, "passed over an update"),
        }
    }
    if !unreadable.is_empty() {
        // One a line, in one piece: a thousand of them must not keep Meta waiting.
        let bytes = unreadable.join("\n").into_bytes();
        app.aside.keep(&bytes, "update", now).await.context("keep aside")?;
    }
    send(app, &app.inbound, messages).await.context("queue messages")?;
    send(app, &app.statuses, pack::jobs(statuses, events)).await.context("queue statuses")
}

/// Queues; what the queue will never take is kept aside.
async fn send(app: &App, queue: &Queue, messages: Vec<Message>) -> anyhow::Result<()> {
    if messages.is_empty() {
        return Ok(());
    }
    let bodies: Vec<String> = messages.iter().map(|it| it.body.clone()).collect();
    match queue.send(messages).await {
        Err(QueueError::NotTaken { indices, retry_helps: false, code, .. }) => {
            warn!(n = indices.len(), code, "kept aside what the queue does not take");
            for body in indices.into_iter().filter_map(|it| bodies.get(it)) {
                app.aside.keep(body.as_bytes(), "job", app.clock.now()).await?;
            }
            Ok(())
        }
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests;
