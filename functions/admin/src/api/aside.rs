// SPDX-License-Identifier: EUPL-1.2
//! Messages that nobody could read, for a person who may.

use axum::Json;
use axum::extract::State;
use domain::access::Scope;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::needs;
use super::problem::Problem;
use super::routes::{Routes, routes};
use super::scope::{OfLine, PageOf};
use super::shape::{self, Page, Time};
use crate::App;

pub(crate) fn routes() -> Routes {
    needs(&[Scope::Admin], routes!(list))
}

/// A message that nobody could read.
#[derive(Serialize, ToSchema)]
pub(crate) struct Aside {
    id: String,
    at: Time,
    /// Why it could not be read.
    why: String,
    /// As it came.
    message: String,
}

/// Latest first; they go after a week.
#[utoipa::path(get, path = "/aside", tag = "line", operation_id = "aside.list",
    params(PageOf), responses((status = 200, body = Page<Aside>)))]
pub(crate) async fn list(
    State(app): State<App>,
    OfLine(line): OfLine,
    page: PageOf,
) -> Result<Json<Page<Aside>>, Problem> {
    let found = app.store.aside(&line.id, page.cursor.as_deref(), page.limit).await?;
    let full = i32::try_from(found.len()) == Ok(page.limit);
    let cursor = found.last().filter(|_| full).map(|it| it.id.clone());
    let items = found.into_iter().map(|it| Aside {
        id: it.id,
        at: shape::time(it.at),
        why: it.why,
        message: it.message,
    });
    Ok(Json(shape::page(items, cursor)))
}
