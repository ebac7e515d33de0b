//! What is held of a person, handed over or erased, for who asks the office instead of the chat.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use domain::contact::Contact;
use domain::erasure::{self, Erased};
use domain::ids::BroadcastId;
use domain::line::Line;
use domain::phone::Phone;
use futures::{StreamExt, TryStreamExt, stream};
use platform::random;
use serde_json::{Value, json};
use store::{Delivery, Store, StoreError};
use tracing::info;

use super::contacts;
use super::problem::Problem;
use super::scope::OfLine;
use super::shape;
use crate::App;

type Ids = Path<HashMap<String, String>>;

/// Messages and broadcasts read at a time.
const PAGE: usize = 100;

/// Broadcasts looked into at a time.
const AT_ONCE: usize = 16;

/// Times an erasure begins anew because the person writes at the same time.
const TRIES: usize = 3;

/// Everything held of one person. It is their own data, so the number is whole.
pub(crate) async fn export(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Json<Value>, Problem> {
    let contact = contacts::find(&app, &line, &path, "id").await?;
    let mut person = shape::contact(&contact);
    person["number"] = contact.phone.as_ref().map(Phone::expose).map(|it| format!("+{it}")).into();
    person["user_id"] = contact.user_id.as_ref().map(domain::ids::UserId::expose).into();
    let consents = app.store.consents(&line.id, &contact).await?;
    let messages = messages(&app.store, &line, &contact).await?;
    let deliveries = deliveries(&app.store, &line, &contact).await?;
    info!(line.id = %line.id, contact.id = %contact.id, "exported what is held of a person");
    Ok(Json(json!({
        "made_at": shape::time(app.clock.now()),
        "line": { "id": line.id.as_str(), "comune": line.comune.name, "service": line.service },
        "contact": person,
        "consents": consents.iter().map(shape::consent).collect::<Vec<_>>(),
        "messages": messages,
        "deliveries": deliveries,
    })))
}

/// Erases a person and answers with the certificate. Afterwards nobody is there.
pub(crate) async fn erase(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Json<Value>, Problem> {
    for _ in 0..TRIES {
        let contact = contacts::find(&app, &line, &path, "id").await?;
        let identifiers =
            usize::from(contact.phone.is_some()) + usize::from(contact.user_id.is_some());
        let consents = app.store.consents(&line.id, &contact).await?.len();
        match app.store.forget(&line.id, &contact).await {
            Ok(messages) => {
                info!(line.id = %line.id, messages, consents, "erased a person");
                let erased = Erased { identifiers, consents, messages };
                return Ok(Json(certificate(&app, &line, erased)));
            }
            Err(StoreError::Conflict) => {}
            Err(err) => return Err(err.into()),
        }
    }
    Err(StoreError::Conflict.into())
}

fn certificate(app: &App, line: &Line, erased: Erased) -> Value {
    let now = app.clock.now();
    let kept = erasure::kept(line, now).into_iter().map(
        |it| json!({ "what": it.what, "why": it.why, "until": shape::time_or_null(it.until) }),
    );
    json!({
        "certificate": random::key(),
        "line": line.id.as_str(),
        "erased_at": shape::time(now),
        "erased": {
            "identifiers": erased.identifiers,
            "consents": erased.consents,
            "messages": erased.messages,
        },
        "kept": kept.collect::<Vec<_>>(),
        "verify": erasure::how_to_verify(line),
    })
}

/// The whole chat, oldest first.
async fn messages(store: &Store, line: &Line, contact: &Contact) -> store::Result<Vec<Value>> {
    let (mut messages, mut before) = (Vec::new(), None::<String>);
    loop {
        let page = store.entries(&line.id, contact, before.as_deref(), PAGE).await?;
        messages.extend(page.iter().map(shape::message));
        match page.last().filter(|_| page.len() == PAGE) {
            Some(last) => before = Some(last.row.clone()),
            None => break,
        }
    }
    messages.reverse();
    Ok(messages)
}

/// What they were sent, broadcast by broadcast, latest first.
async fn deliveries(store: &Store, line: &Line, contact: &Contact) -> store::Result<Vec<Value>> {
    let ids: Vec<_> = std::iter::once(&contact.id).chain(&contact.former_ids).cloned().collect();
    let (mut sent, mut before) = (Vec::new(), None::<BroadcastId>);
    loop {
        let limit = i32::try_from(PAGE).unwrap_or(i32::MAX);
        let page = store.broadcasts(&line.id, before.as_ref(), limit).await?;
        let Some(last) = page.last() else { return Ok(sent) };
        before = Some(last.id.clone());
        let found = stream::iter(page).map(|broadcast| {
            let ids = &ids;
            async move {
                let rows = store.known_deliveries(&broadcast.id, ids).await?;
                let shown = |it: &Delivery| {
                    let mut shown = shape::delivery(it, Some(contact));
                    shown["broadcast"] = broadcast.id.as_str().into();
                    shown["title"] = broadcast.title.as_str().into();
                    shown
                };
                Ok::<_, StoreError>(rows.iter().map(shown).collect::<Vec<_>>())
            }
        });
        let found: Vec<Vec<Value>> = found.buffered(AT_ONCE).try_collect().await?;
        sent.extend(found.into_iter().flatten());
    }
}
