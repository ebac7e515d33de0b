// SPDX-License-Identifier: EUPL-1.2
//! Phones in the browser and for scripts: the page `/simulator` and the paths below it.
//!
//! | | |
//! |---|---|
//! | `GET /simulator` | the page |
//! | `GET /simulator/lines` | `{"items":[{"line","name","display_number","hints":[…]}]}` |
//! | `GET /simulator/phones` | `{"items":[{"phone","last_at",…profile}]}`, the last to write first |
//! | `PATCH /simulator/phones/{digits}` | changes the profile: [`ProfileChange`] |
//! | `GET /simulator/phones/{digits}/messages?line=` | `{"items":[…]}`, oldest first: [`PhoneMessage`] |
//! | `POST /simulator/phones/{digits}/messages` | `{"to","text"}`, `{"to","button":{"payload","title"}}` or `{"to","file":{"name","mime_type","base64"},"text"}` → 201 with the message |
//! | `GET /simulator/media/{id}` | a file of a message, to be saved |
//! | `GET /simulator/events` | server-sent `changed` `{"phone"}` and `typing` `{"phone","line"}` |
//!
//! A phone that never wrote is made by its first use. Errors are problem+json with an Italian
//! `title`.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response, sse};
use axum::routing::{get, patch};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::Stream;
use futures::stream::unfold;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::inbound::kind_of_mime;
use super::people::{Person, PhoneMessage, WriteBody, digits};
use super::{Meta, WriteError, at, book, media};

const PAGE: &str = include_str!("simulator.html");

/// What the page is told. No `Debug`: it names phones.
#[derive(Clone)]
pub(crate) enum Event {
    Changed(String),
    Typing {
        phone: String,
        line: String,
    },
    /// The server is about to stop; streams end so that it can.
    Closing,
}

pub(crate) fn router(meta: Meta) -> Router {
    Router::new()
        .route("/simulator", get(page))
        .route("/simulator/lines", get(lines))
        .route("/simulator/phones", get(phones))
        .route("/simulator/phones/{digits}", patch(change_profile))
        .route("/simulator/phones/{digits}/messages", get(messages).post(write))
        .route("/simulator/media/{id}", get(open))
        .route("/simulator/events", get(events))
        .layer(DefaultBodyLimit::max(media::LARGEST_UPLOAD * 2))
        .with_state(meta)
}

async fn page() -> impl IntoResponse {
    // The page is one file that asks nobody else for anything.
    let policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                  connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'";
    ([(CONTENT_SECURITY_POLICY, policy), (CACHE_CONTROL, "no-store")], Html(PAGE))
}

async fn lines(State(meta): State<Meta>) -> Json<Value> {
    let lines = meta.0.numbers.iter().map(|it| {
        json!({
            "line": it.line,
            "name": it.name,
            "display_number": it.display_number,
            "hints": it.hints,
        })
    });
    Json(json!({"items": lines.collect::<Vec<_>>()}))
}

async fn phones(State(meta): State<Meta>) -> Result<Json<Value>, Problem> {
    let items = meta.transact(|db| {
        book::phones(db)?
            .into_iter()
            .map(|(phone, last_ms)| {
                let person = book::person(db, &phone)?;
                Ok(profile(&phone, &person, last_ms))
            })
            .collect::<book::Rows<Vec<Value>>>()
    })?;
    Ok(Json(json!({"items": items})))
}

fn profile(phone: &str, person: &Person, last_ms: Option<i64>) -> Value {
    json!({
        "phone": phone,
        "name": person.name,
        "reads": person.reads,
        "on_whatsapp": person.on_whatsapp,
        "blocks": person.blocks,
        "stopped_marketing": person.stopped_marketing,
        "last_at": last_ms.map(|it| at(it).to_string()),
    })
}

/// The body of `PATCH /simulator/phones/{digits}`; what is absent stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileChange {
    name: Option<String>,
    reads: Option<bool>,
    on_whatsapp: Option<bool>,
    /// Lines this phone blocks: all of them.
    blocks: Option<std::collections::BTreeSet<String>>,
    stopped_marketing: Option<std::collections::BTreeSet<String>>,
}

async fn change_profile(
    State(meta): State<Meta>,
    Path(phone): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let phone = digits(&phone).ok_or_else(Problem::not_a_phone)?;
    let change: ProfileChange = read_json(&body)?;
    let ProfileChange { name, reads, on_whatsapp, blocks, stopped_marketing } = change;
    meta.change_person(&phone, |it| {
        it.name = name.unwrap_or_else(|| it.name.clone());
        it.reads = reads.unwrap_or(it.reads);
        it.on_whatsapp = on_whatsapp.unwrap_or(it.on_whatsapp);
        it.blocks = blocks.unwrap_or_else(|| it.blocks.clone());
        it.stopped_marketing = stopped_marketing.unwrap_or_else(|| it.stopped_marketing.clone());
    })?;
    Ok(Json(profile(&phone, &meta.person(&phone)?, None)))
}

#[derive(Deserialize)]
struct OfLine {
    line: Option<String>,
}

async fn messages(
    State(meta): State<Meta>,
    Path(phone): Path<String>,
    Query(of): Query<OfLine>,
) -> Result<Json<Value>, Problem> {
    let phone = digits(&phone).ok_or_else(Problem::not_a_phone)?;
    meta.person(&phone)?;
    let items = meta.inbox(&phone, of.line.as_deref())?;
    Ok(Json(json!({"items": items})))
}

/// The body of a POST. No `Debug`: it is what a person says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    to: String,
    text: Option<String>,
    button: Option<WrittenButton>,
    file: Option<WrittenFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenButton {
    payload: String,
    title: String,
    /// Id of the message that has the button; without it, the last that has it.
    context: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFile {
    name: String,
    mime_type: String,
    base64: String,
}

async fn write(
    State(meta): State<Meta>,
    Path(phone): Path<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<PhoneMessage>), Problem> {
    let phone = digits(&phone).ok_or_else(Problem::not_a_phone)?;
    let written: Written = read_json(&body)?;
    let line = written.to.clone();
    let id = meta
        .write(&phone, &line, body_of(written)?)
        .map_err(|err| Problem::of_write(&err, &meta))?;
    let shown = meta.inbox(&phone, Some(&line))?.into_iter().find(|it| it.id == id);
    let shown = shown.ok_or_else(Problem::broken)?;
    Ok((StatusCode::CREATED, Json(shown)))
}

fn body_of(written: Written) -> Result<WriteBody, Problem> {
    match written {
        Written { button: None, file: None, text: Some(text), .. } => Ok(WriteBody::Text(text)),
        Written { button: Some(it), file: None, text: None, .. } => {
            Ok(WriteBody::Button { payload: it.payload, title: it.title, context: it.context })
        }
        Written { button: None, file: Some(it), text, .. } => {
            let bytes = STANDARD.decode(&it.base64).map_err(|_| {
                Problem::bad("Il file non è leggibile", "`file.base64` non è base64.")
            })?;
            let kind = kind_of_mime(&it.mime_type).to_owned();
            let (mime_type, file_name) = (it.mime_type, Some(it.name));
            Ok(WriteBody::Media { kind, mime_type, bytes, file_name, caption: text })
        }
        _ => Err(Problem::bad(
            "Non c'è niente da inviare",
            "Scrivi `text`, oppure `button`, oppure `file` (con `text` come didascalia).",
        )),
    }
}

/// A file as a phone that received it can open it. It is saved and never shown: anybody sent it.
async fn open(State(meta): State<Meta>, Path(id): Path<String>) -> Result<Response, Problem> {
    let now_ms = meta.now_ms();
    let Some(file) = meta.transact(|db| book::media(db, &id, now_ms))? else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let headers = [
        (CONTENT_TYPE, file.mime_type),
        (CONTENT_DISPOSITION, "attachment".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, file.bytes).into_response())
}

// Server-sent events.

async fn events(
    State(meta): State<Meta>,
) -> Sse<impl Stream<Item = Result<sse::Event, Infallible>>> {
    let stream = unfold(meta.0.events.subscribe(), next_event);
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(20)))
}

async fn next_event(
    mut events: Receiver<Event>,
) -> Option<(Result<sse::Event, Infallible>, Receiver<Event>)> {
    let event = match events.recv().await {
        Ok(Event::Changed(phone)) => {
            sse::Event::default().event("changed").data(json!({"phone": phone}).to_string())
        }
        Ok(Event::Typing { phone, line }) => sse::Event::default()
            .event("typing")
            .data(json!({"phone": phone, "line": line}).to_string()),
        // Too slow to hear all: the page looks at everything again.
        Err(RecvError::Lagged(_)) => {
            sse::Event::default().event("changed").data(json!({"phone": null}).to_string())
        }
        Ok(Event::Closing) | Err(RecvError::Closed) => return None,
    };
    Some((Ok(event), events))
}

// Errors.

/// A problem document (RFC 9457).
#[derive(Serialize)]
pub(crate) struct Problem {
    r#type: &'static str,
    title: &'static str,
    detail: String,
    status: u16,
}

impl Problem {
    fn bad(title: &'static str, detail: impl Into<String>) -> Self {
        Self { r#type: "invalid-request", title, detail: detail.into(), status: 400 }
    }

    fn not_a_phone() -> Self {
        Self::bad(
            "Il numero non è valido",
            "Servono da 6 a 15 cifre con il prefisso internazionale, per esempio 393330000001.",
        )
    }

    fn broken() -> Self {
        Self {
            r#type: "simulator-failed",
            title: "Il simulatore non ci è riuscito",
            detail: "Riprova; se non basta, guarda che cosa dice il programma.".to_owned(),
            status: 500,
        }
    }

    fn of_write(err: &WriteError, meta: &Meta) -> Self {
        match err {
            WriteError::NotAPhone => Self::not_a_phone(),
            WriteError::UnknownLine => {
                let lines: Vec<&str> = meta.0.numbers.iter().map(|it| &*it.line).collect();
                Self::bad(
                    "La linea non esiste",
                    format!("In `to` scrivi una di queste: {}.", lines.join(", ")),
                )
            }
            WriteError::Empty => Self::bad("Il messaggio è vuoto", "Scrivi qualcosa in `text`."),
            WriteError::NotOnWhatsApp => {
                Self::bad("Questo telefono non è su WhatsApp", "Cambia le sue impostazioni.")
            }
            WriteError::Blocked => Self::bad(
                "Questo telefono ha bloccato la linea",
                "Per scriverle sbloccala nelle impostazioni del telefono.",
            ),
            WriteError::Store(err) => {
                tracing::error!("simulator's store: {err:#}");
                Self::broken()
            }
        }
    }
}

fn read_json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|err| {
        let what = if err.is_data() { "ha campi mancanti o sconosciuti" } else { "non è JSON" };
        Problem::bad(
            "La richiesta non è leggibile",
            format!("Il corpo {what} (riga {}, colonna {}).", err.line(), err.column()),
        )
    })
}

impl From<anyhow::Error> for Problem {
    fn from(err: anyhow::Error) -> Self {
        tracing::error!("simulator: {err:#}");
        Self::broken()
    }
}

impl From<rusqlite::Error> for Problem {
    fn from(err: rusqlite::Error) -> Self {
        anyhow::Error::from(err).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = json!(self).to_string();
        (status, [(CONTENT_TYPE, "application/problem+json")], body).into_response()
    }
}
