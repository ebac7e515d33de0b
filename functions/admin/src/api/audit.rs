// SPDX-License-Identifier: EUPL-1.2
//! The audit log: written around every request by a layer, read by who protects the data.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, MatchedPath, Path, Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::access::Scope;
use domain::access::audit::{self, COLUMNS, Entry};
use domain::ids::LineId;
use domain::report;
use jiff::{Timestamp, ToSpan};
use platform::random;
use serde::{Deserialize, Serialize};
use tracing::error;
use utoipa::{IntoParams, ToSchema};

use super::broadcasts::moment;
use super::caller::{Caller, needs};
use super::problem::{FieldError, Problem};
use super::routes::{Operations, Routes, routes};
use super::scope::{OfLine, PageOf, Params, wrong_cursor};
use super::shape::{self, Page, Time};
use crate::App;

/// Rows of the table at a time, and in all: one answer behind API Gateway holds 6 MB.
const ROWS: i32 = 1_000;
const MOST_ROWS: usize = 20_000;

pub(crate) fn routes() -> Routes {
    let routes = routes!(list, csv);
    needs(&[Scope::Privacy, Scope::Admin], routes)
}

/// Writes down who does what. An act is written before it is done, and afterwards how it ended; of
/// what only reads, nothing is shown that was not written down.
pub(crate) async fn logged(
    State((app, operations)): State<(App, Arc<Operations>)>,
    path: Result<Path<HashMap<String, String>>, PathRejection>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let is_read = request.method().is_safe();
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let operation = operations.name(request.method(), route);
    let operation = operation.filter(|_| audit::is_logged(is_read, route));
    let mut ids = path.map(|Path(it)| it).unwrap_or_default();
    let line = LineId::new(ids.remove("line").unwrap_or_default());
    let (Some(operation), true) = (operation, caller.knows(&line)) else {
        return Ok(next.run(request).await);
    };
    let Some(line) = app.store.line(&line).await? else { return Ok(next.run(request).await) };
    let now = app.clock.now();
    let entry = Entry {
        id: store::audit_id(now, &random::key()),
        at: now,
        who: caller.who().to_owned(),
        name: caller.name().to_owned(),
        operation,
        ids: ids.into_iter().map(|(name, id)| (name, audit::id(&id))).collect(),
        status: None,
    };
    let until = now + (24 * i64::from(line.retention.audit_days)).hours();
    if is_read {
        let answer = next.run(request).await;
        let entry = Entry { status: Some(answer.status().as_u16()), ..entry };
        app.store.add_audit(&line.id, &entry, until).await?;
        return Ok(answer);
    }
    app.store.add_audit(&line.id, &entry, until).await?;
    let answer = next.run(request).await;
    if let Err(err) = app.store.end_audit(&line.id, &entry.id, answer.status().as_u16()).await {
        error!(line.id = %line.id, "end of an act not written down: {err}");
    }
    Ok(answer)
}

/// One act. No text, no number.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
struct Act {
    id: String,
    at: Time,
    /// `root`, `key …`, `person …`
    #[schema(example = "key 0b9ef3a100000000000000000000007c")]
    who: String,
    /// As they were called then.
    name: String,
    #[schema(example = "conversations.answer")]
    operation: String,
    /// The ids in the path.
    ids: BTreeMap<String, String>,
    /// The HTTP status; null if it is not known how it ended.
    status: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    from: Option<String>,
    to: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// From when until before when; without them, everything that is kept.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct Between {
    #[param(value_type = Option<String>, format = DateTime, required = false)]
    from: Timestamp,
    #[param(value_type = Option<String>, format = DateTime, required = false)]
    to: Timestamp,
    #[param(ignore)]
    page: PageOf,
}

impl FromRequestParts<App> for Between {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Params(asked) = Params::<Asked>::from_request_parts(parts, app).await?;
        let mut errors = Vec::new();
        let page = PageOf::asked(asked.limit.as_deref(), asked.cursor, &mut errors)?;
        let from = moment(asked.from.as_deref(), "?from", &mut errors);
        let to = moment(asked.to.as_deref(), "?to", &mut errors);
        let from = from.unwrap_or(Timestamp::UNIX_EPOCH);
        let to = to.unwrap_or_else(|| app.clock.now() + 1.hour());
        if errors.is_empty() && from >= to {
            errors.push(FieldError::new("?to", "La fine deve venire dopo l'inizio."));
        }
        if errors.is_empty() { Ok(Self { from, to, page }) } else { Err(Problem::invalid(errors)) }
    }
}

/// Who did what on the line, latest first.
#[utoipa::path(get, path = "/audit", tag = "access", operation_id = "audit.list",
    params(Between, PageOf), responses((status = 200, body = Page<Act>)))]
async fn list(
    State(app): State<App>,
    OfLine(line): OfLine,
    asked: Between,
) -> Result<Json<Page<Act>>, Problem> {
    let Between { from, to, page } = asked;
    if page.cursor.as_deref().is_some_and(|it| !is_entry(it)) {
        return Err(wrong_cursor());
    }
    let before = page.cursor.as_deref();
    let found = app.store.audit(&line.id, from, to, before, page.limit).await?;
    let full = found.len() == usize::try_from(page.limit).unwrap_or(0);
    let cursor = found.last().filter(|_| full).map(|it| it.id.clone());
    let items = found.into_iter().map(|it| Act {
        id: it.id,
        at: shape::time(it.at),
        who: it.who,
        name: it.name,
        operation: it.operation,
        ids: it.ids,
        status: it.status,
    });
    Ok(Json(shape::page(items, cursor)))
}

/// The same as a table, at most 20,000 rows.
#[utoipa::path(get, path = "/audit.csv", tag = "access", operation_id = "audit.csv",
    params(Between), responses((status = 200, body = String, content_type = "text/csv")))]
async fn csv(
    State(app): State<App>,
    OfLine(line): OfLine,
    asked: Between,
) -> Result<Response, Problem> {
    let mut text = report::BYTE_ORDER_MARK.to_owned() + &report::row(COLUMNS);
    let (mut before, mut rows) = (None::<String>, 0);
    loop {
        let Between { from, to, .. } = asked;
        let found = app.store.audit(&line.id, from, to, before.as_deref(), ROWS).await?;
        rows += found.len();
        if rows > MOST_ROWS {
            let detail = "Sono troppe righe: scegliere un periodo più breve.";
            return Err(Problem::invalid(vec![FieldError::new("?from", detail)]));
        }
        text.extend(found.iter().map(Entry::csv));
        before = found.last().map(|it| it.id.clone());
        if found.len() < usize::try_from(ROWS).unwrap_or(0) {
            break;
        }
    }
    let file = format!("attachment; filename=\"registro-attivita-{}.csv\"", line.id);
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, file)];
    Ok((headers, text).into_response())
}

/// `0001749416383000#4f…`
fn is_entry(cursor: &str) -> bool {
    cursor.split_once('#').is_some_and(|(at, random)| {
        at.len() == 16
            && at.bytes().all(|it| it.is_ascii_digit())
            && random.bytes().all(|it| it.is_ascii_hexdigit())
    })
}
