// SPDX-License-Identifier: EUPL-1.2
//! Lines: what they are, what may be public of their settings.

use axum::Json;
use axum::extract::State;
use domain::ids::TopicId;
use serde_json::{Value, json};
use store::keys::EVERYONE;

use super::problem::Problem;
use super::scope::OfLine;
use super::shape;
use crate::App;

pub(crate) async fn list(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let lines = app.store.lines().await?;
    let items = lines
        .iter()
        .map(|it| json!({ "id": it.id.as_str(), "comune": it.comune.name, "service": it.service }));
    Ok(Json(shape::page(items.collect(), None)))
}

pub(crate) async fn show(
    State(app): State<App>,
    OfLine(line): OfLine,
) -> Result<Json<Value>, Problem> {
    let subscribers = app.store.count_followers(&line.id, EVERYONE).await?;
    let mut followers = Vec::new();
    for topic in line.topics.iter().map(|it| TopicId::as_str(&it.id)) {
        followers.push(app.store.count_followers(&line.id, topic).await?);
    }
    Ok(Json(shape::line(&line, subscribers, &followers)))
}
