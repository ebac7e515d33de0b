// SPDX-License-Identifier: EUPL-1.2
//! Lines: what they are, what may be public of their settings.

use axum::Json;
use axum::extract::State;
use domain::access::Scope;
use domain::ids::TopicId;
use store::keys::EVERYONE;

use super::caller::{Caller, needs};
use super::problem::Problem;
use super::routes::{Routes, routes};
use super::scope::OfLine;
use super::shape::{self, Line, LineSummary, Page};
use crate::App;

/// The only routes that are not of one line, beside who one is.
pub(crate) fn routes() -> Routes {
    routes!(list)
}

pub(crate) fn routes_of_line() -> Routes {
    needs(&Scope::ALL, routes!(show))
}

/// The lines that the key has to do with.
#[utoipa::path(get, path = "/v1/lines", tag = "line", operation_id = "lines.list",
    responses((status = 200, body = Page<LineSummary>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Page<LineSummary>>, Problem> {
    let lines = app.store.lines().await?;
    let known = lines.iter().filter(|it| caller.knows(&it.id));
    Ok(Json(shape::page(known.map(|it| shape::line_summary(it)), None)))
}

/// The line's settings that may be public, its topics with how many follow them.
#[utoipa::path(get, path = "/", tag = "line", operation_id = "line.show",
    responses((status = 200, body = Line)))]
pub(crate) async fn show(
    State(app): State<App>,
    OfLine(line): OfLine,
) -> Result<Json<Line>, Problem> {
    let subscribers = app.store.count_followers(&line.id, EVERYONE).await?;
    let mut followers = Vec::new();
    for topic in line.topics.iter().map(|it| TopicId::as_str(&it.id)) {
        followers.push(app.store.count_followers(&line.id, topic).await?);
    }
    Ok(Json(shape::line(&line, subscribers, &followers)))
}
