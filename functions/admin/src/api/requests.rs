// SPDX-License-Identifier: EUPL-1.2
//! The register of requests: who used which right, by when they are owed an answer, what came of it.

use domain::access::Scope;
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
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::StoreError;
use tracing::info;
use utoipa::ToSchema;
use utoipa::openapi::Object;

use super::body::Body;
use super::broadcasts::moment;
use super::caller::needs;
use super::contacts;
use super::once::Key;
use super::problem::{FieldError, Problem};
use super::routes::{Routes, routes};
use super::scope::{self, OfLine, PageIn, PageOf, wrong_cursor};
use super::shape::{self, Page};
use crate::App;

type Ids = Path<HashMap<String, String>>;

/// A name or an office.
const OPERATOR_LIMIT: usize = 200;

/// What is written of a request.
const NOTE_LIMIT: usize = 2000;

pub(crate) fn routes() -> Routes {
    needs(&[Scope::Privacy], routes!(record, list, show, close, told))
}

/// One use of a right over one's data, with how long there is, and who is still to be told of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Registered {
    /// `number`, `contact`, `right`, `article`, `asked_at`, `asked_by`, `due`, `state`, and, once
    /// closed, `closed_at`, `outcome`, `operator`, `note`; `told` of whom.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    request: Value,
    overdue: bool,
    to_tell: Vec<String>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RequestState {
    Open,
    Closed,
}

/// `?state=open` (the first due first) or `closed` (the latest first).
#[utoipa::path(get, path = "/requests", tag = "privacy", operation_id = "requests.list",
    params(PageOf, ("state" = inline(Option<RequestState>), Query, description = "Without it, open")),
    responses((status = 200, body = Page<Registered>)))]
pub(crate) async fn list(
    State(app): State<App>,
    OfLine(line): OfLine,
    PageIn { page, state }: PageIn<RequestState>,
) -> Result<Json<Page<Registered>>, Problem> {
    let open = !matches!(state, Some(RequestState::Closed));
    let after = page.cursor.map(number).transpose()?;
    let limit = usize::try_from(page.limit).unwrap_or(0);
    let found = app.store.requests(&line.id, open, after.as_ref(), limit).await?;
    let cursor = found.last().filter(|_| found.len() == limit).map(|it| it.number.to_string());
    let now = app.clock.now();
    Ok(Json(shape::page(found.iter().map(|it| row(it, &line, now)), cursor)))
}

#[utoipa::path(get, path = "/requests/{number}", tag = "privacy", operation_id = "requests.show",
    responses((status = 200, body = Registered)))]
pub(crate) async fn show(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Json<Registered>, Problem> {
    let request = find(&app, &line, &path).await?;
    Ok(Json(row(&request, &line, app.clock.now())))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRequest, example = json!({
    "right": "access", "asked_at": "2026-11-20T10:00:00+01:00", "channel": "counter",
}))]
pub(crate) struct OffWhatsApp {
    #[schema(schema_with = rights)]
    right: String,
    #[schema(format = DateTime)]
    asked_at: String,
    #[schema(schema_with = channels)]
    channel: String,
}

fn rights() -> Object {
    shape::names(Right::ALL.map(Right::name))
}

pub(crate) fn channels() -> Object {
    shape::names(AskedBy::ALL.map(AskedBy::name))
}

fn outcomes() -> Object {
    shape::names(Outcome::ALL.map(Outcome::name))
}

/// Writes down what somebody asked for off WhatsApp, as of the moment at which they asked.
#[utoipa::path(post, path = "/contacts/{id}/requests", tag = "privacy",
    operation_id = "requests.record", params(Key), request_body = OffWhatsApp,
    responses((status = 201, body = Registered)))]
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

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RequestEnding, example = json!({
    "outcome": "granted", "operator": "Ufficio relazioni con il pubblico", "note": null,
}))]
pub(crate) struct Ending {
    #[schema(schema_with = outcomes)]
    outcome: String,
    #[schema(min_length = 1, max_length = 200)]
    operator: String,
    #[schema(min_length = 1, max_length = 2000)]
    note: Option<String>,
}

/// Ends a request. The person is told by the desk, in their own words.
#[utoipa::path(post, path = "/requests/{number}/close", tag = "privacy",
    operation_id = "requests.close", request_body = Ending,
    responses((status = 200, body = Registered)))]
pub(crate) async fn close(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    body: Body<Ending>,
) -> Result<Json<Registered>, Problem> {
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

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "recipient": "Meta Platforms, Inc. (sub-responsabile del trattamento)",
    "operator": "Segreteria generale",
}))]
pub(crate) struct Telling {
    recipient: String,
    #[schema(min_length = 1, max_length = 200)]
    operator: String,
}

/// Notes that a recipient of the data was told of a correction, an erasure or a restriction.
#[utoipa::path(post, path = "/requests/{number}/told", tag = "privacy",
    operation_id = "requests.told", request_body = Telling,
    responses((status = 200, body = Registered)))]
pub(crate) async fn told(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    body: Body<Telling>,
) -> Result<Json<Registered>, Problem> {
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

fn row(it: &Request, line: &Line, now: Timestamp) -> Registered {
    let told = |recipient: &&String| it.told.iter().any(|told| told.recipient == **recipient);
    let to_tell = if it.right.is_passed_on() {
        line.recipients.iter().filter(|it| !told(it)).cloned().collect()
    } else {
        Vec::new()
    };
    Registered { request: export::request(it), overdue: it.is_overdue(now), to_tell }
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

pub(super) fn one_of<T, const N: usize>(
    given: &str,
    at: &str,
    known: [&str; N],
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, FieldError> {
    parse(given).ok_or_else(|| FieldError::new(at, format!("Usare uno di: {}.", known.join(", "))))
}

pub(super) fn words(given: &str, at: &str, limit: usize, errors: &mut Vec<FieldError>) -> String {
    let given = given.trim();
    if !(1..=limit).contains(&given.chars().count()) {
        let detail = format!("Scrivere un testo da 1 a {limit} caratteri.");
        errors.push(FieldError::new(at, detail));
    }
    given.to_owned()
}
