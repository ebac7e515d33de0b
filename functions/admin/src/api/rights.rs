// SPDX-License-Identifier: EUPL-1.2
//! What is held of a person, handed over or erased, for who asks the office instead of the chat.

use domain::access::Scope;
use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use domain::erasure::{self, Certificate};
use domain::export;
use domain::line::Line;
use domain::rights::{Request, Right};
use serde::Serialize;
use serde_json::Value;
use store::StoreError;
use tracing::{info, warn};
use utoipa::ToSchema;

use super::caller::needs;
use super::contacts;
use super::media;
use super::problem::Problem;
use super::routes::{Routes, routes};
use super::scope::OfLine;
use super::shape::{self, Time};
use crate::App;

type Ids = Path<HashMap<String, String>>;

/// Times an erasure begins anew because the person writes at the same time.
const TRIES: usize = 3;

pub(crate) fn routes() -> Routes {
    needs(&[Scope::Privacy], routes!(erase, export))
}

/// Everything held of one person. It is their own data, so the number is whole.
#[utoipa::path(get, path = "/contacts/{id}/export", tag = "privacy",
    operation_id = "contacts.export", responses((status = 200, body = Object)))]
pub(crate) async fn export(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Json<Value>, Problem> {
    let contact = contacts::find(&app, &line, &path, "id").await?;
    let held = app.store.held(&line, &contact, app.clock.now()).await?;
    info!(line.id = %line.id, contact.id = %contact.id, "exported what is held of a person");
    Ok(Json(export::json(&held)))
}

/// What an erasure did.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErasureCertificate {
    certificate: String,
    line: String,
    erased_at: Time,
    erased: ErasedCounts,
    kept: Vec<Kept>,
    /// How to verify it.
    verify: String,
}

#[derive(Serialize, ToSchema)]
struct ErasedCounts {
    identifiers: usize,
    consents: usize,
    messages: i64,
}

#[derive(Serialize, ToSchema)]
struct Kept {
    what: &'static str,
    why: &'static str,
    /// Null stays as long as the service.
    until: Option<Time>,
}

/// Erases a person and answers with the certificate. Afterwards nobody is there. The register of
/// requests keeps that it was done.
#[utoipa::path(delete, path = "/contacts/{id}", tag = "privacy", operation_id = "contacts.erase",
    responses((status = 200, body = ErasureCertificate)))]
pub(crate) async fn erase(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Json<ErasureCertificate>, Problem> {
    for _ in 0..TRIES {
        let contact = contacts::find(&app, &line, &path, "id").await?;
        let now = app.clock.now();
        let erased = app.store.count_held(&line, &contact).await?;
        // Written down first: if we die in the middle, the office sees that it is still open.
        let request = Request::open(&contact.id, Right::Erasure, now);
        app.store.add_request(&line, &request, now).await?;
        take_files_away(&app, &line, &app.store.uploads(&line.id, &contact).await?).await;
        match app.store.forget(&line.id, &contact).await {
            Ok(_) => {}
            Err(StoreError::Conflict) => continue,
            Err(err) => return Err(err.into()),
        }
        media::clear(&app, &line).await?;
        app.store.close_requests_of(&line, &contact, now).await?;
        // A witness outside the tables, for who restores a backup from before this.
        info!(
            line.id = %line.id, request = %request.number, contact.ids = contact.all_ids(),
            "erased a person"
        );
        let certificate = Certificate::new(request.number, erased, &line, now);
        return Ok(Json(show(&certificate, &line)));
    }
    Err(StoreError::Conflict.into())
}

/// Copies of their data that were sent in chat are still at Meta, for 30 days at most.
async fn take_files_away(app: &App, line: &Line, uploads: &[String]) {
    let Some(token) = app.apps.access_token(&line.app) else { return };
    for media_id in uploads {
        if let Err(failure) = app.graph.delete_media(&token, media_id).await {
            warn!(line.id = %line.id, "a copy of data stays at Meta: {failure}");
        }
    }
}

fn show(it: &Certificate, line: &Line) -> ErasureCertificate {
    let kept = it.kept.iter().map(|it| Kept {
        what: it.what,
        why: it.why,
        until: it.until.map(shape::time),
    });
    ErasureCertificate {
        certificate: it.number.as_str().to_owned(),
        line: line.id.as_str().to_owned(),
        erased_at: shape::time(it.at),
        erased: ErasedCounts {
            identifiers: it.erased.identifiers,
            consents: it.erased.consents,
            messages: it.erased.messages,
        },
        kept: kept.collect(),
        verify: erasure::how_to_verify(line),
    }
}
