// SPDX-License-Identifier: EUPL-1.2
//! One person's proof of consent: as data, and as a page to be kept, printed or handed over.

use domain::access::Scope;
use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use domain::contact::Contact;
use domain::line::Line;
use domain::proof::{Proof, Standing, page};

use super::caller::needs;
use super::contacts;
use super::problem::Problem;
use super::routes::{Routes, routes};
use super::scope::OfLine;
use super::shape;
use crate::App;

type Ids = Path<HashMap<String, String>>;

/// The page brings its own style and needs nothing else.
const ONLY_ITSELF: &str = "default-src 'none'; style-src 'unsafe-inline'";

pub(crate) fn routes() -> Routes {
    needs(&[Scope::Privacy], routes!(json, html))
}

/// A person's consent, event by event, with where each stands in the ledger.
#[utoipa::path(get, path = "/contacts/{id}/proof", tag = "privacy", operation_id = "contacts.proof",
    responses((status = 200, body = shape::Proof)))]
pub(crate) async fn json(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Json<shape::Proof>, Problem> {
    let contact = contacts::find(&app, &line, &path, "id").await?;
    Ok(Json(shape::proof(&proof(&app, &line, &contact).await?)))
}

/// The same as a page to be kept, printed or handed over.
#[utoipa::path(get, path = "/contacts/{id}/proof.html", tag = "privacy",
    operation_id = "contacts.proof_page",
    responses((status = 200, body = String, content_type = "text/html")))]
pub(crate) async fn html(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Response, Problem> {
    let contact = contacts::find(&app, &line, &path, "id").await?;
    let page = page(&proof(&app, &line, &contact).await?);
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, ONLY_ITSELF),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, page).into_response())
}

async fn proof<'a>(app: &App, line: &'a Line, contact: &'a Contact) -> Result<Proof<'a>, Problem> {
    let recorded = app.store.recorded(&line.id, contact).await?;
    let numbers: Vec<_> =
        recorded.iter().filter_map(|it| it.seal.as_ref()).map(|it| it.number).collect();
    let entries = app.store.ledger_entries(&line.id, &numbers).await?;
    let head = app.store.ledger_head(&line.id).await?;
    let events = recorded.into_iter().map(|it| {
        let stands = it.seal.map_or(Standing::Waiting, |seal| {
            let number = seal.number;
            let entry = entries.iter().find(|entry| entry.number == number);
            entry
                .filter(|entry| entry.is_of(&line.id, &it.event, &seal.salt))
                .map_or(Standing::Broken { number }, |entry| Standing::Sealed(entry.clone()))
        });
        (it.event, stands)
    });
    Ok(Proof { line, contact, events: events.collect(), head, made_at: app.clock.now() })
}
