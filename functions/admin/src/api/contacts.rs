// SPDX-License-Identifier: EUPL-1.2
//! Contacts and subscribers: numbers masked, and never in a URL.

use domain::access::Scope;
use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::extract::{Path, State};
use domain::contact::Contact;
use domain::ids::ContactId;
use domain::line::Line;
use domain::phone::Phone;
use domain::policy::{self, Acceptance};
use serde::{Deserialize, Serialize};
use store::keys::EVERYONE;
use utoipa::ToSchema;

use super::body::Body;
use super::caller::{COUNTS, needs};
use super::problem::{FieldError, Problem};
use super::routes::{Routes, routes};
use super::scope::{self, OfLine, PageIn, PageOf};
use super::shape::{self, Page};
use crate::App;

pub(crate) fn routes() -> Routes {
    needs(&COUNTS, routes!(count))
        .merge(needs(&[Scope::SubscribersRead], routes!(subscribers)))
        .merge(needs(&[Scope::SubscribersRead, Scope::Desk, Scope::Privacy], routes!(search, show)))
}

/// How many are subscribed, in all and to each topic.
#[derive(Serialize, ToSchema)]
pub(crate) struct Count {
    total: i64,
    topics: BTreeMap<String, i64>,
}

/// How many are subscribed.
#[utoipa::path(get, path = "/subscribers/count", tag = "subscribers",
    operation_id = "subscribers.count", responses((status = 200, body = Count)))]
pub(crate) async fn count(
    State(app): State<App>,
    OfLine(line): OfLine,
) -> Result<Json<Count>, Problem> {
    let total = app.store.count_followers(&line.id, EVERYONE).await?;
    let mut topics = BTreeMap::new();
    for topic in &line.topics {
        let followers = app.store.count_followers(&line.id, topic.id.as_str()).await?;
        topics.insert(topic.id.as_str().to_owned(), followers);
    }
    Ok(Json(Count { total, topics }))
}

/// Which subscribers: `silent` were asked and have not answered, `unproven` come from a declared list and
/// have not said so themselves yet.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SubscriberState {
    Silent,
    Unproven,
}

/// All of them; with `?state=silent` those who were asked to accept a newer policy and said
/// nothing, where a page may be shorter than `limit` although more follow.
#[utoipa::path(get, path = "/subscribers", tag = "subscribers", operation_id = "subscribers.list",
    params(PageOf, ("state" = inline(Option<SubscriberState>), Query)),
    responses((status = 200, body = Page<shape::Contact>)))]
pub(crate) async fn subscribers(
    State(app): State<App>,
    OfLine(line): OfLine,
    PageIn { page, state }: PageIn<SubscriberState>,
) -> Result<Json<Page<shape::Contact>>, Problem> {
    let after = page.cursor.map(ContactId::new);
    let followers = app.store.followers(&line.id, EVERYONE, after.as_ref(), page.limit).await?;
    let (rows, more) = followers;
    let ids: Vec<_> = rows.into_iter().map(|(id, _)| id).collect();
    let known = app.store.recipients(&line.id, &ids).await?;
    let is_meant = |it: &&Contact| match state {
        None => true,
        Some(SubscriberState::Silent) => policy::acceptance(it, &line) == Acceptance::Silent,
        Some(SubscriberState::Unproven) => it.unproven,
    };
    let items = ids.iter().filter_map(|id| known.get(id)).filter(is_meant);
    let items = items.map(shape::contact);
    let cursor = ids.last().filter(|_| more).map(|it| it.as_str().to_owned());
    Ok(Json(shape::page(items, cursor)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ContactSearch, example = json!({ "phone": "+39 333 0000001" }))]
pub(crate) struct Search {
    /// With the country's prefix.
    phone: String,
}

/// Finds a person by their number, which stands in no address.
#[utoipa::path(post, path = "/contacts/search", tag = "contacts", operation_id = "contacts.search",
    request_body = Search, responses((status = 200, body = Page<shape::Contact>)))]
pub(crate) async fn search(
    State(app): State<App>,
    OfLine(line): OfLine,
    body: Body<Search>,
) -> Result<Json<Page<shape::Contact>>, Problem> {
    let phone = Phone::parse(&body.value.phone).map_err(|_| {
        let detail = "Scrivere il numero con il prefisso internazionale: +39 seguito dalle cifre.";
        Problem::invalid(vec![FieldError::new("/phone", detail)])
    })?;
    let found = app.store.find(&line.id, &phone).await?;
    Ok(Json(shape::page(found.iter().map(shape::contact), None)))
}

#[utoipa::path(get, path = "/contacts/{id}", tag = "contacts", operation_id = "contacts.show",
    responses((status = 200, body = shape::Contact)))]
pub(crate) async fn show(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
) -> Result<Json<shape::Contact>, Problem> {
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
