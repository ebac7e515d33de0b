// SPDX-License-Identifier: EUPL-1.2
//! Subscribers from a CSV file. All rows are checked before one is taken.
//!
//! Taking a row twice takes it once: who is subscribed is counted and left alone. So a file that was
//! not finished in time is simply sent again.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::Scope;
use domain::contact::Contact;
use domain::import::{self, Outcome, Row, Wrong};
use domain::line::Line;
use domain::message::Sender;
use futures::{StreamExt, stream};
use jiff::Timestamp;
use platform::random;
use serde::{Deserialize, Serialize};
use store::{MessageKey, StoreError};
use tracing::{info, warn};
use utoipa::{IntoParams, ToSchema};

use super::caller::{Caller, needs};
use super::consent::tell;
use super::once::{self, Key};
use super::problem::{FieldError, Problem};
use super::routes::{Routes, routes};
use super::scope::{OfLine, Params};
use crate::App;

/// Rows worked on at the same time.
const AT_ONCE: usize = 16;

/// After this no new row is begun, so that the answer goes out within the 29 seconds that a function
/// has behind the gateway.
const TIME: Duration = Duration::from_secs(20);

/// Times a row is taken anew because the person writes at the same time.
const TRIES: usize = 3;

/// The most refused rows an answer lists.
const MOST_REFUSED: usize = 200;

/// Many consents at once are for who answers for them: not for who sends, nor for a supplier.
pub(crate) fn routes() -> Routes {
    needs(&[Scope::Privacy, Scope::Admin], routes!(take))
}

/// `?dry_run=true`
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Only looks at what the file comes to.
    #[serde(default)]
    #[param(required = false)]
    dry_run: bool,
    /// Of a list without proofs: the act by which the office takes it over. With it go `date` and
    /// `source`, and the file has no `consent_at` and no `proof`.
    #[param(min_length = 1, max_length = 500, example = "Determina 12/2026")]
    act: Option<String>,
    /// The day from which the list holds.
    #[param(format = Date)]
    date: Option<String>,
    /// Where the list comes from.
    #[param(min_length = 1, max_length = 500)]
    source: Option<String>,
}

/// The declaration of a list without proofs, if it is one.
fn declared(
    asked: &Asked,
    line: &Line,
    now: Timestamp,
) -> Result<Option<import::Declaration>, Problem> {
    let parts = [&asked.act, &asked.date, &asked.source];
    // One that is there but empty was meant to say something.
    if parts.iter().all(|it| it.is_none()) {
        return Ok(None);
    }
    if !line.declared_lists {
        return Err(Problem::conflict(
            "Questa linea non prende elenchi senza prove. Per prenderli: declared_lists = true in \
             [policy] nel file della linea, e i modelli «…_consenso» approvati da Meta.",
        ));
    }
    let [act, date, source] = parts.map(|it| it.as_deref().unwrap_or_default());
    import::Declaration::check(act, date, source, now).map(Some).map_err(|wrong| {
        let wrong = wrong.into_iter().map(|(name, it)| FieldError::new(format!("?{name}"), it));
        Problem::invalid(wrong.collect())
    })
}

/// What a file came to. Without numbers: rows are named by where they stand in the file.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct Imported {
    dry_run: bool,
    /// False if time ran out: send the same file again, and the rest is taken.
    complete: bool,
    rows: usize,
    /// Subscribed by this request; in a dry run, those who would be.
    subscribed: usize,
    already_subscribed: usize,
    /// People who said goodbye after the row's consent.
    left_later: usize,
    blocked: usize,
    /// Rows not worked on.
    remaining: usize,
    /// The rows of those who left later or are blocked, the first 200.
    refused: Vec<Refused>,
}

#[derive(Serialize, ToSchema)]
struct Refused {
    /// The line of the file; the names of the columns are line 1.
    row: u64,
    reason: &'static str,
}

/// Subscribes the people of a CSV file, each with the proof of their consent. Nothing is sent to them.
///
/// Columns, by their names in the first row, with commas or semicolons between: `phone`, `consent_at`
/// (a day or an instant), `proof` (where it is kept), and, if wished, `topics` (ids with blanks
/// between; empty for the line's usual ones). UTF-8, at most 5000 rows and 1 MiB.
///
/// A list without proofs is declared instead, with `act`, `date` and `source`, where the line allows it
/// (`declared_lists`): its people are marked `unproven`, and their next notice asks them.
///
/// If one row is wrong, none is taken, and `errors` says what to correct: `/14/phone` is the phone in
/// line 14 of the file. Who said goodbye after the row's consent, or is blocked, is not subscribed.
#[utoipa::path(post, path = "/subscribers/import", tag = "contacts",
    operation_id = "subscribers.import", params(Asked, Key),
    request_body(content = String, content_type = "text/csv",
        example = "phone;topics;consent_at;proof\n+393330005001;eventi;2026-11-20;Modulo 12\n"),
    responses((status = 200, body = Imported),
        (status = 413, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn take(
    State(app): State<App>,
    OfLine(line): OfLine,
    Params(asked): Params<Asked>,
    RawQuery(query): RawQuery,
    caller: Caller,
    key: Key,
    file: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let began = Instant::now();
    let file = file.map_err(|_| Problem::too_large())?;
    // What is asked for stands in the query too.
    let request = [query.unwrap_or_default().as_bytes(), b"\n", &file].concat();
    if let Some(before) = key.answered(&app, &line, &request).await? {
        return Ok(before);
    }
    let now = app.clock.now();
    let declared = declared(&asked, &line, now)?;
    let rows = import::read(&file, declared.as_ref(), &line, now).map_err(wrong)?;
    let (all, taker) = (rows.len(), (&app, &*line, caller.name()));
    let outcomes = stream::iter(rows)
        .map(|row| async move {
            let in_time = began.elapsed() < TIME;
            (row.number, if in_time { outcome(taker, &row, asked.dry_run).await } else { None })
        })
        .buffered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    let answer = counted(all, &outcomes, asked.dry_run);
    info!(line.id = %line.id, rows = answer.rows, subscribed = answer.subscribed,
        remaining = answer.remaining, dry_run = asked.dry_run, "imported subscribers");
    // What is unfinished is to be gone on with, under the same key too.
    if answer.complete && !asked.dry_run {
        return key.answer(&app, &line, &request, StatusCode::OK, &answer).await;
    }
    Ok(once::json(StatusCode::OK, once::once(&app, &request, StatusCode::OK, &answer).answer))
}

fn wrong(errors: Vec<Wrong>) -> Problem {
    let error = |it: Wrong| {
        let column = it.column.map(|it| format!("/{}", it.name())).unwrap_or_default();
        FieldError::new(format!("/{}{column}", it.row), it.detail)
    };
    Problem::invalid(errors.into_iter().map(error).collect())
}

fn counted(rows: usize, outcomes: &[(u64, Option<Outcome>)], dry_run: bool) -> Imported {
    let mut answer = Imported { dry_run, rows, ..Imported::default() };
    for (row, outcome) in outcomes {
        match outcome {
            None => answer.remaining += 1,
            Some(Outcome::Joins(_)) => answer.subscribed += 1,
            Some(Outcome::AlreadySubscribed) => answer.already_subscribed += 1,
            Some(Outcome::LeftLater) => answer.left_later += 1,
            Some(Outcome::Blocked) => answer.blocked += 1,
        }
        let reason = outcome.as_ref().and_then(Outcome::reason);
        if answer.refused.len() < MOST_REFUSED {
            answer.refused.extend(reason.map(|reason| Refused { row: *row, reason }));
        }
    }
    answer.complete = answer.remaining == 0;
    answer
}

/// What a row came to; `None` if that is to be asked again later.
async fn outcome(by: (&App, &Line, &str), row: &Row, dry_run: bool) -> Option<Outcome> {
    let done = if dry_run { look(by, row).await } else { take_row(by, row).await };
    done.inspect_err(|err| warn!(line.id = %by.1.id, "row of an import left: {err}")).ok()
}

async fn look((app, line, who): (&App, &Line, &str), row: &Row) -> Result<Outcome, StoreError> {
    let contact = app.store.find(&line.id, &row.phone).await?;
    let contact = contact.unwrap_or_else(|| Contact::new(random::contact_id()));
    Ok(import::decide(&contact, row, who, line))
}

async fn take_row((app, line, who): (&App, &Line, &str), row: &Row) -> Result<Outcome, StoreError> {
    let sender = Sender { phone: Some(row.phone.clone()), user_id: None, name: None };
    let named = format!("import {} {}", row.phone.expose(), row.consent_at);
    let key = MessageKey::new(app.pseudonym.of(&named));
    for _ in 0..TRIES {
        let loaded = app.store.load(&line.id, &sender, None, random::contact_id()).await?;
        let outcome = import::decide(&loaded.contact, row, who, line);
        let Outcome::Joins(change) = &outcome else { return Ok(outcome) };
        let (contact, event) = &**change;
        let now = app.clock.now();
        match app.store.save_recorded(&line.id, &loaded, contact, event, &key, now).await {
            Ok(()) => {
                tell(app, line, &event.change).await;
                return Ok(outcome);
            }
            // The person wrote, or the same file is being taken twice.
            Err(StoreError::Conflict) => {}
            Err(err) => return Err(err),
        }
    }
    Err(StoreError::Conflict)
}
