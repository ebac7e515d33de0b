// SPDX-License-Identifier: EUPL-1.2
//! Messages that nobody could read, for a person who may.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::problem::Problem;
use super::scope::{OfLine, PageOf};
use super::shape;
use crate::App;

/// Latest first; they go after a week.
pub(crate) async fn list(
    State(app): State<App>,
    OfLine(line): OfLine,
    page: PageOf,
) -> Result<Json<Value>, Problem> {
    let found = app.store.aside(&line.id, page.cursor.as_deref(), page.limit).await?;
    let full = i32::try_from(found.len()) == Ok(page.limit);
    let cursor = found.last().filter(|_| full).map(|it| it.id.clone());
    let items = found.iter().map(
        |it| json!({ "id": it.id, "at": shape::time(it.at), "why": it.why, "message": it.message }),
    );
    Ok(Json(shape::page(items.collect(), cursor)))
}
