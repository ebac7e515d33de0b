// SPDX-License-Identifier: EUPL-1.2
//! The register of requests: who used which right, by when they are owed an answer, what came of it.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::contact::AskedBy;
use domain::export;
use domain::line::Line;
use domain::rights::{Closed, Outcome, Request, RequestNumber, Right, Told};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use store::StoreError;
use tracing::info;

use super::body::Body;
use super::broadcasts::moment;
use super::contacts;
use super::once::Key;
use super::problem::{FieldError, Problem};
use super::scope::{self, OfLine, PageOf, wrong_cursor};
use super::shape;
use crate::App;

type Ids = Path<HashMap<String, String>>;

/// A name or an office.
const OPERATOR_LIMIT: usize = 200;

/// What is written of a request.
const NOTE_LIMIT: usize = 2000;

/// `?state=open` (the first due first) or `closed` (the latest first).
pub(crate) async fn list(
    State(app): State<App>,
    OfLine(line): OfLine,
    page: PageOf,
) -> Result<Json<Value>, Problem> {
    let open = match page.state.as_deref() {
        None | Some("open") => true,
        Some("closed") => false,
        Some(_) => {
            let wrong = FieldError::new("?state", "Usare open oppure closed.");
            return Err(Problem::invalid(vec![wrong]));
        }
    };
    let after = page.cursor.map(number).transpose()?;
    let limit = usize::try_from(page.limit).unwrap_or(0);
    let found = app.store.requests(&line.id, open, after.as_ref(), limit).await?;
    let cursor = found.last().filter(|_| found.len() == limit).map(|it| it.number.to_string());
    let now = app.clock.now();
    Ok(Json(shape::page(found.iter().map(|it| row(it, &line, now)).collect(), cursor)))
}

pub(crate) async fn show(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Json<Value>, Problem> {
    let request = find(&app, &line, &path).await?;
    Ok(Json(row(&request, &line, app.clock.now())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OffWhatsApp {
    right: String,
    asked_at: String,
    channel: String,
}

/// Writes down what somebody asked for off WhatsApp, as of the moment at which they asked.
pub(crate) async fn record(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    key: Key,
    body: Body<OffWhatsApp>,
) -> Result<Response, Problem> {
    let contact = contacts::find(&app, &line, &path, "id").await?;
    if let Some(before) = key.answered(&app, &line, &body.bytes).await? {
        return Ok(before);
    }
    let (asked, now) = (&body.value, app.clock.now());
    let mut errors = Vec::new();
    let asked_at = moment(Some(&asked.asked_at), "/asked_at", &mut errors).unwrap_or(now);
    if asked_at > now {
        let detail = "Questo momento deve ancora venire: scrivere quando è stato chiesto.";
        errors.push(FieldError::new("/asked_at", detail));
    }
    let right = one_of(&asked.right, "/right", Right::ALL.map(Right::name), Right::parse);
    let channel =
        one_of(&asked.channel, "/channel", AskedBy::ALL.map(AskedBy::name), AskedBy::parse);
    let (Ok(right), Ok(channel), true) = (&right, &channel, errors.is_empty()) else {
        errors.extend(right.err().into_iter().chain(channel.err()));
        return Err(Problem::invalid(errors));
    };
    let request = Request::open(&contact.id, *right, asked_at);
    let request = Request { asked_by: Some(*channel), ..request };
    if app.store.request(&line.id, &request.number).await?.is_some() {
        return Err(Problem::conflict(
            "Questa persona ha già una richiesta dello stesso momento: scrivere l'ora giusta.",
        ));
    }
    app.store.add_request(&line, &request, now).await?;
    info!(line.id = %line.id, request = %request.number, "wrote a request down");
    key.answer(&app, &line, &body.bytes, StatusCode::CREATED, &row(&request, &line, now)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ending {
    outcome: String,
    operator: String,
    note: Option<String>,
}

/// Ends a request. The person is told by the desk, in their own words.
pub(crate) async fn close(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    body: Body<Ending>,
) -> Result<Json<Value>, Problem> {
    let (ending, now) = (&body.value, app.clock.now());
    let request = find(&app, &line, &path).await?;
    let mut errors = Vec::new();
    let outcome =
        one_of(&ending.outcome, "/outcome", Outcome::ALL.map(Outcome::name), Outcome::parse);
    let operator = words(&ending.operator, "/operator", OPERATOR_LIMIT, &mut errors);
    let note = ending.note.as_ref().map(|it| words(it, "/note", NOTE_LIMIT, &mut errors));
    let (Ok(outcome), true) = (&outcome, errors.is_empty()) else {
        errors.extend(outcome.err());
        return Err(Problem::invalid(errors));
    };
    let closed = Closed { at: now, outcome: *outcome, operator: Some(operator), note };
    match app.store.close_request(&line, &request.number, &closed).await {
        Ok(()) => {}
        Err(StoreError::Conflict) => {
            return Err(Problem::conflict("Questa richiesta è già stata chiusa."));
        }
        Err(err) => return Err(err.into()),
    }
    info!(line.id = %line.id, request = %request.number, "closed a request");
    Ok(Json(row(&Request { closed: Some(closed), ..request }, &line, now)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Telling {
    recipient: String,
    operator: String,
}

/// Notes that a recipient of the data was told of a correction, an erasure or a restriction.
pub(crate) async fn told(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    body: Body<Telling>,
) -> Result<Json<Value>, Problem> {
    let (telling, now) = (&body.value, app.clock.now());
    let mut request = find(&app, &line, &path).await?;
    let mut errors = Vec::new();
    let operator = words(&telling.operator, "/operator", OPERATOR_LIMIT, &mut errors);
    if !line.recipients.contains(&telling.recipient) {
        let detail = if line.recipients.is_empty() {
            "Questa linea non comunica i dati a nessuno.".to_owned()
        } else {
            format!("Usare uno di: {}.", line.recipients.join(" | "))
        };
        errors.push(FieldError::new("/recipient", detail));
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    if !request.right.is_passed_on() {
        return Err(Problem::conflict(
            "Si comunicano ai destinatari le rettifiche, le cancellazioni e le limitazioni (art. \
             19): questa richiesta è di un altro tipo.",
        ));
    }
    if request.told.iter().any(|it| it.recipient == telling.recipient) {
        return Ok(Json(row(&request, &line, now)));
    }
    let told = Told { recipient: telling.recipient.clone(), at: now, operator };
    app.store.note_told(&line.id, &request.number, &told).await?;
    request.told.push(told);
    Ok(Json(row(&request, &line, now)))
}

/// A request, with how long there is, and who is still to be told of it.
fn row(it: &Request, line: &Line, now: Timestamp) -> Value {
    let mut row = export::request(it);
    row["overdue"] = it.is_overdue(now).into();
    let told = |recipient: &&String| it.told.iter().any(|told| told.recipient == **recipient);
    let to_tell: Vec<_> = if it.right.is_passed_on() {
        line.recipients.iter().filter(|it| !told(it)).collect()
    } else {
        Vec::new()
    };
    row["to_tell"] = json!(to_tell);
    row
}

async fn find(app: &App, line: &Line, path: &HashMap<String, String>) -> Result<Request, Problem> {
    let missing = || Problem::not_found("Questa richiesta non è nel registro.");
    let number = scope::id(path, "number").map(RequestNumber::new).ok_or_else(missing)?;
    app.store.request(&line.id, &number).await?.ok_or_else(missing)
}

/// A cursor is the number of the last one.
fn number(cursor: String) -> Result<RequestNumber, Problem> {
    let is_ours = cursor.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
    if is_ours { Ok(RequestNumber::new(cursor)) } else { Err(wrong_cursor()) }
}

fn one_of<T, const N: usize>(
    given: &str,
    at: &str,
    known: [&str; N],
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, FieldError> {
    parse(given).ok_or_else(|| FieldError::new(at, format!("Usare uno di: {}.", known.join(", "))))
}

fn words(given: &str, at: &str, limit: usize, errors: &mut Vec<FieldError>) -> String {
    let given = given.trim();
    if !(1..=limit).contains(&given.chars().count()) {
        let detail = format!("Scrivere un testo da 1 a {limit} caratteri.");
        errors.push(FieldError::new(at, detail));
    }
    given.to_owned()
}
