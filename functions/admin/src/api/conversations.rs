// SPDX-License-Identifier: EUPL-1.2
//! The desk: conversations, their messages, and answers inside the service window.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::contact::Contact;
use domain::conversation::window_is_open;
use domain::delivery::State as Delivery;
use domain::failure::{self, Verdict};
use domain::line::Line;
use domain::message::Outgoing;
use domain::rate;
use domain::reply::{TEXT_LIMIT, length};
use jiff::{Timestamp, ToSpan};
use platform::random;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{EntryContent, MessageKey, NewEntry, Once, StoreError, keys};
use tracing::warn;
use utoipa::ToSchema;
use whatsapp::graph::To;

use super::body::Body;
use super::caller::Caller;
use super::contacts;
use super::once::{self, Key};
use super::problem::{FieldError, Problem};
use super::scope::{OfLine, PageIn, PageOf, wrong_cursor};
use super::shape::{self, Page};
use crate::App;

/// `open` waits for us, `waiting` for the citizen.
#[derive(Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ConversationState {
    #[default]
    Open,
    Waiting,
    Closed,
}

impl ConversationState {
    fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Closed => "closed",
        }
    }
}

/// Conversations in a state, latest first.
#[utoipa::path(get, path = "/conversations", tag = "desk", operation_id = "conversations.list",
    params(PageOf, ("state" = inline(Option<ConversationState>), Query, description = "Without it, open")),
    responses((status = 200, body = Page<shape::Conversation>)))]
pub(crate) async fn list(
    State(app): State<App>,
    OfLine(line): OfLine,
    PageIn { page, state }: PageIn<ConversationState>,
) -> Result<Json<Page<shape::Conversation>>, Problem> {
    let state = state.unwrap_or_default().name();
    let before = match page.cursor.as_deref().map(str::parse::<i64>) {
        None => None,
        Some(ms) => {
            let at = ms.ok().and_then(|it| Timestamp::from_millisecond(it).ok());
            Some(at.ok_or_else(wrong_cursor)?)
        }
    };
    let found = app.store.conversations(&line.id, state, before, page.limit).await?;
    let ids: Vec<_> = found.iter().map(|it| it.contact.clone()).collect();
    let known = app.store.recipients(&line.id, &ids).await?;
    let now = app.clock.now();
    let items = found.iter().map(|it| shape::conversation(it, known.get(&it.contact), now));
    let full = found.len() == usize::try_from(page.limit).unwrap_or(0);
    let cursor = found.last().filter(|_| full).map(|it| it.last_at.as_millisecond().to_string());
    Ok(Json(shape::page(items, cursor)))
}

/// A person's messages, latest first.
#[utoipa::path(get, path = "/conversations/{contact}/messages", tag = "desk",
    operation_id = "conversations.messages", params(PageOf),
    responses((status = 200, body = Page<shape::ChatMessage>)))]
pub(crate) async fn messages(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
    page: PageOf,
) -> Result<Json<Page<shape::ChatMessage>>, Problem> {
    let contact = contacts::find(&app, &line, &path, "contact").await?;
    let before = page.cursor.as_deref();
    let limit = usize::try_from(page.limit).unwrap_or(0);
    let found = app.store.entries(&line.id, &contact, before, limit).await?;
    let full = found.len() == limit;
    let cursor = found.last().filter(|_| full).map(|it| it.row.clone());
    Ok(Json(shape::page(found.iter().map(shape::message), cursor)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAnswer, example = json!({ "text": "Buongiorno, lo sportello è aperto fino alle 13." }))]
pub(crate) struct Answer {
    #[schema(min_length = 1, max_length = 4096)]
    text: String,
}

/// An answer that was sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct Answered {
    id: String,
    at: shape::Time,
    text: String,
}

/// An operator's answer: written down, claimed, sent. The request's key makes the row's name, so
/// a double click is one message.
#[utoipa::path(post, path = "/conversations/{contact}/messages", tag = "desk",
    operation_id = "conversations.answer", params(Key), request_body = Answer,
    responses((status = 201, body = Answered),
        (status = 502, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn answer(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
    caller: Caller,
    key: Key,
    body: Body<Answer>,
) -> Result<Response, Problem> {
    let contact = contacts::find(&app, &line, &path, "contact").await?;
    if let Some(before) = key.remembered(&app, &line, &body.bytes).await? {
        return again(&app, &line, &contact, before).await;
    }
    let text = body.value.text.trim();
    if text.is_empty() || length(text) > TEXT_LIMIT {
        let detail = format!("Scrivere un testo da 1 a {TEXT_LIMIT} caratteri.");
        return Err(Problem::invalid(vec![FieldError::new("/text", detail)]));
    }
    let now = app.clock.now();
    if !window_is_open(&contact, now) {
        return Err(Problem::conflict(
            "Sono passate 24 ore dall'ultimo messaggio del cittadino: WhatsApp non permette \
             più una risposta libera. Aspettare un suo messaggio o usare un altro canale.",
        ));
    }
    let message = MessageKey::new(key.hash().map_or_else(random::key, str::to_owned));
    let at_ms = contact.last_inbound_at.map_or(now, |it| it.max(now)).as_millisecond();
    let row = keys::row(at_ms, &message, "out");
    let entry = NewEntry {
        row: row.clone(),
        at: now,
        content: EntryContent::Out(Outgoing::Text(text.to_owned())),
        expires_at: now + (24 * i64::from(line.retention.chat_days)).hours(),
        operator: Some(caller.name().to_owned()),
    };
    let answered = Answered { id: row.clone(), at: shape::time(now), text: text.to_owned() };
    let said = once::once(&app, &body.bytes, StatusCode::CREATED, &answered);
    let once = key.hash().map(|it| (it, &said));
    match app.store.add_entry(&line.id, &contact.id, entry, once, now).await {
        Ok(()) => {}
        // The same request at the same time: the other one sends it.
        Err(StoreError::Conflict) => {
            let before = key.remembered(&app, &line, &body.bytes).await?;
            return again(&app, &line, &contact, before.ok_or(StoreError::Conflict)?).await;
        }
        Err(err) => return Err(err.into()),
    }
    deliver(&app, &line, &contact, &row, now).await?;
    Ok(once::json(StatusCode::CREATED, said.answer))
}

/// The first answer again. If whoever gave it died before sending, it is sent now; if Meta
/// refused it, that is said again.
pub(super) async fn again(
    app: &App,
    line: &Line,
    contact: &Contact,
    before: Once,
) -> Result<Response, Problem> {
    let answer: Value =
        serde_json::from_str(&before.answer).map_err(|_| StoreError::Corrupt("answer"))?;
    let row = answer["id"].as_str().ok_or(StoreError::Corrupt("answer"))?;
    deliver(app, line, contact, row, app.clock.now()).await?;
    let entry = app.store.entry(&line.id, &contact.id, row).await?;
    if entry.is_some_and(|it| it.state == Some(Delivery::Failed)) {
        return Err(Problem::refused_by_meta(failure::reason_it(None)));
    }
    Ok(once::json(StatusCode::CREATED, before.answer))
}

/// Claims an answer and sends it, unless that was done before.
pub(super) async fn deliver(
    app: &App,
    line: &Line,
    contact: &Contact,
    row: &str,
    now: Timestamp,
) -> Result<(), Problem> {
    let phone = contact.phone.as_ref().map(To::Phone);
    let to = phone.or_else(|| contact.user_id.as_ref().map(To::UserId));
    let token = app.apps.access_token(&line.app);
    let (Some(to), Some(token)) = (to, token) else {
        return Err(Problem::conflict("Non conosciamo più un numero a cui scrivere."));
    };
    let number = &line.phone_number_id;
    let now_ms = app.clock.now().as_millisecond();
    app.store.debit(number, now_ms, rate::cost_ms(1, line.rate)).await?;
    // The last thing before the request: whoever fails in between leaves it to be claimed.
    let Some(entry) = app.store.claim_entry(&line.id, &contact.id, row).await? else {
        return Ok(());
    };
    let message = entry.outgoing().ok_or(StoreError::Corrupt("document"))?;
    let callback = store::callback(&contact.id, row);
    let (state, code, problem) = match app.graph.send(&token, number, to, &message, &callback).await
    {
        Ok(_) => (Delivery::Accepted, None, None),
        Err(failure) => {
            warn!(line.id = %line.id, "answer of the desk not sent: {failure}");
            let code = match failure {
                failure::Failure::Coded { code, .. } => Some(code),
                _ => None,
            };
            match failure::verdict(&failure) {
                Verdict::Unresolved | Verdict::OnceMore { .. } => {
                    (Delivery::Unresolved, None, None)
                }
                _ => (Delivery::Failed, code, Some(failure::reason_it(code))),
            }
        }
    };
    app.store.report_entry(&line.id, &contact.id, row, state, code).await?;
    if let Some(reason) = problem {
        return Err(Problem::refused_by_meta(reason));
    }
    app.store.settle_conversation(&line.id, &contact.id, "waiting", now).await?;
    Ok(())
}
