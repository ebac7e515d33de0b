// SPDX-License-Identifier: EUPL-1.2
//! Contacts and subscribers: numbers masked, and never in a URL.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use domain::contact::Contact;
use domain::ids::ContactId;
use domain::line::Line;
use domain::phone::Phone;
use domain::policy::{self, Acceptance};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::keys::EVERYONE;

use super::body::Body;
use super::problem::{FieldError, Problem};
use super::scope::{self, OfLine, PageOf};
use super::shape;
use crate::App;

pub(crate) async fn count(
    State(app): State<App>,
    OfLine(line): OfLine,
) -> Result<Json<Value>, Problem> {
    let total = app.store.count_followers(&line.id, EVERYONE).await?;
    let mut topics = Map::new();
    for topic in &line.topics {
        let followers = app.store.count_followers(&line.id, topic.id.as_str()).await?;
        topics.insert(topic.id.as_str().to_owned(), followers.into());
    }
    Ok(Json(json!({ "total": total, "topics": topics })))
}

/// All of them; with `?state=silent` those who were asked to accept a newer policy and said
/// nothing, where a page may be shorter than `limit` although more follow.
pub(crate) async fn subscribers(
    State(app): State<App>,
    OfLine(line): OfLine,
    page: PageOf,
) -> Result<Json<Value>, Problem> {
    let silent = match page.state.as_deref() {
        None => false,
        Some("silent") => true,
        Some(_) => {
            let detail = "Si può chiedere state=silent: chi non ha risposto sulle nuove regole.";
            return Err(Problem::invalid(vec![FieldError::new("?state", detail)]));
        }
    };
    let after = page.cursor.map(ContactId::new);
    let followers = app.store.followers(&line.id, EVERYONE, after.as_ref(), page.limit).await?;
    let (rows, more) = followers;
    let ids: Vec<_> = rows.into_iter().map(|(id, _)| id).collect();
    let known = app.store.recipients(&line.id, &ids).await?;
    let is_meant = |it: &&Contact| !silent || policy::acceptance(it, &line) == Acceptance::Silent;
    let items = ids.iter().filter_map(|id| known.get(id)).filter(is_meant);
    let items = items.map(shape::contact).collect();
    let cursor = ids.last().filter(|_| more).map(|it| it.as_str().to_owned());
    Ok(Json(shape::page(items, cursor)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    phone: String,
}

pub(crate) async fn search(
    State(app): State<App>,
    OfLine(line): OfLine,
    body: Body<Search>,
) -> Result<Json<Value>, Problem> {
    let phone = Phone::parse(&body.value.phone).map_err(|_| {
        let detail = "Scrivere il numero con il prefisso internazionale: +39 seguito dalle cifre.";
        Problem::invalid(vec![FieldError::new("/phone", detail)])
    })?;
    let found = app.store.find(&line.id, &phone).await?;
    Ok(Json(shape::page(found.iter().map(shape::contact).collect(), None)))
}

pub(crate) async fn show(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(shape::contact(&find(&app, &line, &path, "id").await?)))
}

/// The contact whose id is under this name in the path, or 404.
pub(crate) async fn find(
    app: &App,
    line: &Line,
    path: &HashMap<String, String>,
    name: &str,
) -> Result<Contact, Problem> {
    let missing = || Problem::not_found("Questo contatto non esiste.");
    let id = scope::id(path, name).map(ContactId::new).ok_or_else(missing)?;
    app.store.contact(&line.id, &id).await?.ok_or_else(missing)
}
