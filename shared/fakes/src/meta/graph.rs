// SPDX-License-Identifier: EUPL-1.2
//! The Graph API over HTTP: who may call, which call it is, and how it is answered.

use std::collections::HashMap;

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::book::{self, StoredMedia};
use super::errors::Refusal;
use super::faults::{DownloadFault, SendFault};
use super::inbound::random_name;
use super::options::{App, Number};
use super::rules::{self, DAY_MS};
use super::simulator::Event;
use super::{Meta, digits, lock, management, media, templates, uploads};

pub(crate) type Answer = Result<Json<Value>, Refusal>;

pub(crate) fn router(meta: Meta) -> Router {
    Router::new()
        .route("/{version}/{id}/messages", post(send))
        .route("/{version}/{id}/media", post(upload))
        .route("/{version}/{id}/uploads", post(uploads::begin))
        .route(
            "/{version}/{id}/message_templates",
            get(templates::list).post(templates::create).delete(templates::delete),
        )
        .route("/{version}/{id}/subscribed_apps", get(management::subscribed_apps))
        .route("/{version}/{id}/subscriptions", get(management::subscriptions))
        .route("/{version}/debug_token", get(management::debug_token))
        .route("/{version}/{id}/block_users", get(blocked).post(block).delete(unblock))
        .route("/{version}/{id}", get(node).post(uploads::take).delete(delete_media))
        .route("/lookaside/{link}", get(download))
        .fallback(|| async { Refusal::no_such_object() })
        .layer(DefaultBodyLimit::max(media::LARGEST_UPLOAD))
        .with_state(meta)
}

// Who calls.

pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

pub(crate) fn calling_app(meta: &Meta, headers: &HeaderMap) -> Result<App, Refusal> {
    app_of(meta, bearer(headers))
}

pub(crate) fn app_of(meta: &Meta, token: Option<&str>) -> Result<App, Refusal> {
    let apps = lock(&meta.0.apps);
    let app = apps.iter().find(|it| Some(it.access_token.as_str()) == token);
    let refused = || Refusal::new(190, "Invalid OAuth access token.");
    let app = app.cloned().ok_or_else(refused)?;
    drop(apps);
    if lock(&meta.0.switches).everywhere().token_invalid || meta.token_has_expired() {
        return Err(refused());
    }
    Ok(app)
}

/// The number, if the caller may use it.
fn called_number<'a>(meta: &'a Meta, headers: &HeaderMap, id: &str) -> Result<&'a Number, Refusal> {
    let app = calling_app(meta, headers)?;
    let number = meta.0.numbers.iter().find(|it| it.phone_number_id == id);
    let number = number.ok_or_else(Refusal::no_such_object)?;
    if number.app != app.id {
        return Err(Refusal::new(200, "The token has no access to this phone number."));
    }
    if meta.faults_now(id).token_invalid {
        return Err(Refusal::new(190, "Invalid OAuth access token."));
    }
    Ok(number)
}

pub(crate) fn called_account(meta: &Meta, headers: &HeaderMap, id: &str) -> Result<(), Refusal> {
    let app = calling_app(meta, headers)?;
    if !meta.tokens_may_manage() {
        return Err(Refusal::new(200, "The token has not whatsapp_business_management."));
    }
    let mut numbers = meta.0.numbers.iter().filter(|it| it.messaging_account_id == id).peekable();
    if numbers.peek().is_none() {
        return Err(Refusal::no_such_object());
    }
    if numbers.any(|it| it.app == app.id) {
        return Ok(());
    }
    Err(Refusal::new(200, "The token has no access to this account."))
}

pub(crate) fn json_body(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::new(100, "The body is not JSON."))
}

// Messages.

async fn send(
    State(meta): State<Meta>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let number = match called_number(&meta, &headers, &id) {
        Ok(number) => number.clone(),
        Err(refusal) => return meta.refuse(refusal),
    };
    let body = match json_body(&body) {
        Ok(body) => body,
        Err(refusal) => return meta.refuse(refusal),
    };
    if body["status"] == "read" {
        return mark_read(&meta, &number, &body).into_response();
    }
    let (fault, latency) = lock(&meta.0.switches).draw(&id);
    let answer = meta.send_with(fault, &number, &body).await;
    if let Some(latency) = latency {
        meta.0.clock.pace(latency).await;
    }
    answer
}

impl Meta {
    async fn send_with(&self, fault: SendFault, number: &Number, body: &Value) -> Response {
        let fail_later = match fault {
            SendFault::Code(code) => {
                return self.refuse(Refusal::new(code, super::errors::details_of(code)));
            }
            SendFault::ErrorWithoutAccepting(status) => {
                return Refusal::server_error(status).into_response();
            }
            SendFault::DropRequest => return broken_answer(),
            SendFault::FailLater(code) => Some(code),
            _ => None,
        };
        let accepted = match self.accept(number, body, fail_later) {
            Ok(accepted) => accepted,
            Err(refusal) => return self.refuse(refusal),
        };
        if self.faults_now(&number.phone_number_id).statuses_before_answer {
            self.deliver_statuses_now(&accepted.id).await;
        }
        match fault {
            SendFault::DropAnswer => broken_answer(),
            SendFault::ErrorAfterAccepting(status) => Refusal::server_error(status).into_response(),
            _ => Json(accepted.answer).into_response(),
        }
    }

    async fn deliver_statuses_now(&self, message_id: &str) {
        let hurried = book::hurry_statuses(&lock(&self.0.db), message_id, self.now_ms());
        if let Err(err) = hurried {
            tracing::error!("simulator's store: {err:#}");
        }
        self.deliver_due().await;
    }

    fn refuse(&self, refusal: Refusal) -> Response {
        *lock(&self.0.refused).entry(refusal.code).or_default() += 1;
        refusal.into_response()
    }
}

/// The server gives the connection up before its first byte when a body fails at once.
fn broken_answer() -> Response {
    let failure = futures::stream::once(async {
        Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    });
    Body::from_stream(failure).into_response()
}

fn mark_read(meta: &Meta, number: &Number, body: &Value) -> Answer {
    let id = body["message_id"].as_str().unwrap_or_default();
    let now_ms = meta.now_ms();
    let phone = meta.transact(|db| book::mark_read(db, &number.phone_number_id, id, now_ms))?;
    let Some(phone) = phone else {
        return Err(Refusal::new(131_009, "There is no such message to mark as read."));
    };
    if body["typing_indicator"].is_object() {
        let event = Event::Typing { phone: phone.clone(), line: number.line.clone() };
        meta.0.events.send(event).ok();
    }
    meta.announce(&phone);
    Ok(Json(json!({"success": true})))
}

// Numbers, accounts and files, which share one path.

async fn node(
    State(meta): State<Meta>,
    Path((version, id)): Path<(String, String)>,
    Query(asked): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Answer {
    if meta.0.numbers.iter().any(|it| it.phone_number_id == id) {
        let number = called_number(&meta, &headers, &id)?;
        return management::number(&meta, number, &asked);
    }
    if meta.0.numbers.iter().any(|it| it.messaging_account_id == id) {
        return management::account(&meta, &headers, &id, &asked);
    }
    calling_app(&meta, &headers)?;
    let now_ms = meta.now_ms();
    let link = random_name();
    let file = meta.transact(|db| {
        let file = book::media(db, &id, now_ms)?;
        if file.is_some() {
            // The address of a file is good for five minutes.
            book::add_media_link(db, &link, &id, now_ms + 5 * 60 * 1_000)?;
        }
        Ok::<_, rusqlite::Error>(file)
    })?;
    let file = file.ok_or_else(Refusal::no_such_object)?;
    let base = meta.graph_base(&headers);
    tracing::debug!(version, "media address made");
    Ok(Json(json!({
        "messaging_product": "whatsapp",
        "url": format!("{base}/lookaside/{link}"),
        "mime_type": file.mime_type,
        "sha256": media::sha256_hex(&file.bytes),
        "file_size": file.bytes.len().to_string(),
        "id": id,
    })))
}

impl Meta {
    pub(crate) fn graph_base(&self, headers: &HeaderMap) -> String {
        if let Some(url) = lock(&self.0.graph_url).as_deref() {
            return url.to_owned();
        }
        let host = headers.get(HOST).and_then(|it| it.to_str().ok()).unwrap_or("127.0.0.1");
        format!("http://{host}")
    }
}

async fn upload(
    State(meta): State<Meta>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    called_number(&meta, &headers, &id)?;
    let content_type = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let parts = media::parts(content_type.unwrap_or_default(), &body)
        .ok_or_else(|| Refusal::new(100, "The body is not multipart/form-data."))?;
    let part = |name: &str| parts.iter().find(|it| it.name == name);
    if part("messaging_product").is_none_or(|it| it.bytes != b"whatsapp") {
        return Err(Refusal::new(100, "The parameter messaging_product is required."));
    }
    let file = part("file").ok_or_else(|| Refusal::new(100, "The parameter file is required."))?;
    let named = part("type").and_then(|it| std::str::from_utf8(it.bytes).ok().map(str::to_owned));
    let mime_type = file.content_type.clone().or(named).unwrap_or_default();
    media::check(&mime_type, file.bytes)?;
    let stored = StoredMedia {
        id: media::new_id(),
        mime_type,
        file_name: file.file_name.clone(),
        bytes: file.bytes.to_vec(),
        expires_ms: meta.now_ms() + 30 * DAY_MS,
    };
    meta.transact(|db| book::add_media(db, &stored))?;
    Ok(Json(json!({"id": stored.id})))
}

async fn delete_media(
    State(meta): State<Meta>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    calling_app(&meta, &headers)?;
    if meta.transact(|db| book::remove_media(db, &id))? {
        return Ok(Json(json!({"success": true})));
    }
    Err(Refusal::no_such_object())
}

async fn download(
    State(meta): State<Meta>,
    Path(link): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    calling_app(&meta, &headers)?;
    let now_ms = meta.now_ms();
    let Some(mut file) = meta.transact(|db| book::linked_media(db, &link, now_ms))? else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    match lock(&meta.0.switches).everywhere().next_downloads.pop_front() {
        Some(DownloadFault::Expired) => return Ok(StatusCode::NOT_FOUND.into_response()),
        Some(DownloadFault::Away) => return Ok(StatusCode::SERVICE_UNAVAILABLE.into_response()),
        Some(DownloadFault::Damaged) => file.bytes.push(0),
        None => {}
    }
    Ok(([(CONTENT_TYPE, file.mime_type)], file.bytes).into_response())
}

// Blocking.

async fn block(
    State(meta): State<Meta>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    set_blocked(&meta, &headers, &id, &body, true)
}

async fn unblock(
    State(meta): State<Meta>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    set_blocked(&meta, &headers, &id, &body, false)
}

fn set_blocked(
    meta: &Meta,
    headers: &HeaderMap,
    id: &str,
    body: &[u8],
    blocked: bool,
) -> Result<Response, Refusal> {
    let number = called_number(meta, headers, id)?;
    let body = json_body(body)?;
    let users = body["block_users"]
        .as_array()
        .ok_or_else(|| Refusal::new(100, "The parameter block_users is required."))?;
    let now_ms = meta.now_ms();
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    meta.transact(|db| {
        for user in users {
            let by_phone = user["user"].as_str();
            let input = by_phone.or(user["user_id"].as_str()).unwrap_or_default();
            let phone = match by_phone {
                Some(text) => digits(text),
                None => book::phone_of_user(db, &number.portfolio_id, input)?,
            };
            let Some(phone) = phone else {
                failed.push(failed_user(input, 131_009));
                continue;
            };
            let mut pair = book::pair(db, id, &phone)?;
            if blocked && !rules::window_open(pair.last_inbound_ms, now_ms) {
                failed.push(failed_user(input, 131_047));
                continue;
            }
            pair.blocked_by_business = blocked;
            book::save_pair(db, id, &phone, &pair)?;
            done.push(json!({"input": input, "wa_id": phone}));
        }
        Ok::<_, rusqlite::Error>(())
    })?;
    let key = if blocked { "added_users" } else { "removed_users" };
    let mut answer = json!({"messaging_product": "whatsapp", "block_users": {key: done}});
    if failed.is_empty() {
        return Ok(Json(answer).into_response());
    }
    answer["block_users"]["failed_users"] = failed.into();
    let refusal = Refusal::new(139_100, "Some users could not be blocked or unblocked.");
    answer["error"] = refusal.body()["error"].take();
    Ok((StatusCode::BAD_REQUEST, Json(answer)).into_response())
}

fn failed_user(input: &str, code: u32) -> Value {
    json!({"input": input, "errors": [Refusal::in_status(code)]})
}

async fn blocked(
    State(meta): State<Meta>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let number = called_number(&meta, &headers, &id)?;
    let data = meta.transact(|db| {
        let phones = book::blocked_by_business(db, &number.phone_number_id)?;
        phones
            .into_iter()
            .map(|phone| {
                let user_id = book::user_id(db, &number.portfolio_id, &phone)?;
                Ok(json!({"messaging_product": "whatsapp", "wa_id": phone, "user_id": user_id}))
            })
            .collect::<book::Rows<Vec<Value>>>()
    })?;
    Ok(Json(json!({"data": data, "paging": {"cursors": {}}})))
}
