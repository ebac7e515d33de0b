// SPDX-License-Identifier: EUPL-1.2
//! What the desk does with a conversation besides answering: who takes care of it, notes, closing,
//! forwarding, looking for words, seeing who else is writing.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::access::Scope;
use domain::contact::Contact;
use domain::conversation::window_is_open;
use domain::desk::{self, Forwarded, LABEL_LIMIT, NAME_LIMIT, NOTE_LIMIT, SEARCH_LIMIT};
use domain::line::Line;
use domain::message::Outgoing;
use domain::reply::length;
use jiff::{Timestamp, ToSpan};
use platform::mail;
use platform::random;
use serde::{Deserialize, Serialize};
use store::{Conversation, Direction, Note, StoreError};
use tracing::warn;
use utoipa::ToSchema;

use super::body::Body;
use super::caller::{Caller, needs};
use super::contacts;
use super::conversations::{self, Cursor, Words};
use super::once::{self, Key};
use super::problem::{FieldError, Problem};
use super::routes::{Routes, routes};
use super::scope::{OfLine, PageOf};
use super::shape::{self, Page};
use super::version::{self, IfMatch};
use crate::App;

pub(crate) fn routes() -> Routes {
    needs(
        &[Scope::Desk],
        routes!(settings, search, show, label, read, close, reopen, notes, note, presence, forward),
    )
}

/// What an operator of the line can use.
#[derive(Serialize, ToSchema)]
pub(crate) struct Settings {
    /// Replies that are ready.
    canned: Vec<Canned>,
    /// Offices that a conversation can be forwarded to.
    offices: Vec<Office>,
    /// Whether there is a template for answers after the service window.
    invites: bool,
    /// What is said when a conversation is closed with courtesy.
    courtesy: String,
}

#[derive(Serialize, ToSchema)]
struct Canned {
    #[schema(example = "domanda-formale")]
    id: String,
    title: String,
    text: String,
    /// What has to be filled in.
    fields: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct Office {
    id: String,
    name: String,
}

/// Replies that are ready, offices to forward to, what else the line's desk can use.
#[utoipa::path(get, path = "/desk", tag = "desk", operation_id = "desk.settings",
    responses((status = 200, body = Settings)))]
pub(crate) async fn settings(OfLine(line): OfLine) -> Json<Settings> {
    let canned = desk::of_line(&line).into_iter().map(|it| Canned {
        text: it.words(&line),
        fields: it.fields(&line),
        id: it.id,
        title: it.title,
    });
    let offices = line.desk.offices.iter();
    let offices = offices.map(|it| Office { id: it.id.clone(), name: it.name.clone() });
    Json(Settings {
        canned: canned.collect(),
        offices: offices.collect(),
        invites: line.desk.ready_template.is_some(),
        courtesy: desk::courtesy(&line),
    })
}

/// A conversation, and who is writing to it right now.
#[derive(Serialize, ToSchema)]
pub(crate) struct Detail {
    #[serde(flatten)]
    conversation: shape::Conversation,
    /// Colleagues who are writing at this moment, the asker left out.
    writing: Vec<String>,
}

async fn detail(
    app: &App,
    line: &Line,
    contact: &Contact,
    caller: &Caller,
) -> Result<Response, Problem> {
    let conversation = found(app, line, contact).await?;
    let writing = others(app, line, contact, caller).await?;
    let now = app.clock.now();
    let shown = shape::conversation(&conversation, Some(contact), line, now);
    Ok(version::tagged(conversation.version, Detail { conversation: shown, writing }))
}

async fn found(app: &App, line: &Line, contact: &Contact) -> Result<Conversation, Problem> {
    let missing = || Problem::not_found("Con questa persona non c'è una conversazione.");
    app.store.conversation(&line.id, &contact.id).await?.ok_or_else(missing)
}

/// One conversation, with its version for who wants to change it.
#[utoipa::path(get, path = "/conversations/{contact}", tag = "desk",
    operation_id = "conversations.show",
    responses((status = 200, body = Detail, headers(("ETag" = String)))))]
pub(crate) async fn show(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
    caller: Caller,
) -> Result<Response, Problem> {
    let contact = contacts::find(&app, &line, &path, "contact").await?;
    detail(&app, &line, &contact, &caller).await
}

/// What is not there stays; null takes it away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConversationLabels, example = json!({ "assigned_to": "anna.verdi", "topic": "TARI" }))]
#[expect(clippy::option_option, reason = "null is not the same as nothing")]
pub(crate) struct Labels {
    /// Who takes care of it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100)]
    assigned_to: Option<Option<String>>,
    /// What it is about, in the desk's own word.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 40)]
    topic: Option<Option<String>>,
}

/// Tells null from what is not there.
#[expect(clippy::option_option, reason = "that is what it tells apart")]
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Says who takes care of a conversation, and what it is about.
#[utoipa::path(patch, path = "/conversations/{contact}", tag = "desk",
    operation_id = "conversations.label", request_body = Labels,
    params(("If-Match" = String, Header, description = "The ETag it was read with")),
    responses((status = 200, body = Detail, headers(("ETag" = String))),
        (status = 412, body = Problem, content_type = "application/problem+json"),
        (status = 428, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn label(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
    caller: Caller,
    version: IfMatch,
    body: Body<Labels>,
) -> Result<Response, Problem> {
    let contact = contacts::find(&app, &line, &path, "contact").await?;
    let before = found(&app, &line, &contact).await?;
    version.check(before.version)?;
    let mut errors = Vec::new();
    let mut next = |name: &str, given: Option<Option<String>>, stands: &Option<String>, most| {
        let Some(given) = given else { return stands.clone() };
        let given = given.map(|it| it.trim().to_owned());
        if given.as_ref().is_some_and(|it| !is_label(it, most)) {
            let detail = format!("Scrivere da 1 a {most} caratteri su una riga, oppure null.");
            errors.push(FieldError::new(format!("/{name}"), detail));
        }
        given
    };
    let assigned_to = next("assigned_to", body.value.assigned_to, &before.assigned_to, NAME_LIMIT);
    let topic = next("topic", body.value.topic, &before.topic, LABEL_LIMIT);
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let (who, what) = (assigned_to.as_deref(), topic.as_deref());
    let labelled = app.store.label_conversation(&before, &line.id, who, what).await;
    labelled.map_err(changed)?;
    detail(&app, &line, &contact, &caller).await
}

fn is_label(text: &str, most: usize) -> bool {
    (1..=most).contains(&length(text)) && !text.contains(char::is_control)
}

fn changed(err: StoreError) -> Problem {
    match err {
        StoreError::Conflict => Problem::changed_meanwhile(),
        err => err.into(),
    }
}

/// Nothing of it is unread any more. What came since it was read is refused with 412: read again.
#[utoipa::path(post, path = "/conversations/{contact}/read", tag = "desk",
    operation_id = "conversations.read",
    params(("If-Match" = String, Header, description = "The ETag it was read with")),
    responses((status = 200, body = Detail, headers(("ETag" = String))),
        (status = 412, body = Problem, content_type = "application/problem+json"),
        (status = 428, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn read(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
    caller: Caller,
    version: IfMatch,
) -> Result<Response, Problem> {
    let contact = contacts::find(&app, &line, &path, "contact").await?;
    let before = found(&app, &line, &contact).await?;
    version.check(before.version)?;
    app.store.read_all(&before, &line.id).await.map_err(changed)?;
    detail(&app, &line, &contact, &caller).await
}

/// Opens a conversation again that was closed, or that waits for the citizen.
#[utoipa::path(post, path = "/conversations/{contact}/reopen", tag = "desk",
    operation_id = "conversations.reopen",
    responses((status = 200, body = Detail, headers(("ETag" = String)))))]
pub(crate) async fn reopen(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
    caller: Caller,
) -> Result<Response, Problem> {
    let contact = contacts::find(&app, &line, &path, "contact").await?;
    let before = found(&app, &line, &contact).await?;
    if before.state == "open" {
        return Err(Problem::conflict("La conversazione è già aperta."));
    }
    let now = app.clock.now();
    app.store.reopen_conversation(&before, &line.id, now).await?;
    if let Some(at) = desk::first_look(&line, now).filter(|_| !line.desk.notify.is_empty()) {
        app.store.plan_task(&store::waits(&line.id, &contact.id, at)).await?;
    }
    detail(&app, &line, &contact, &caller).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ClosingOfConversation, example = json!({ "courtesy": true }))]
pub(crate) struct Closing {
    /// Whether the citizen is told, if the service window allows it.
    #[serde(default)]
    courtesy: bool,
}

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Closed {
    /// The courtesy that was sent; null if none was.
    message: Option<String>,
}

/// Closes a conversation. A message of the citizen's opens it again. With `If-Match`, one that a
/// colleague has touched meanwhile stays as it is.
#[utoipa::path(post, path = "/conversations/{contact}/close", tag = "desk",
    operation_id = "conversations.close", params(Key,
        ("If-Match" = Option<String>, Header, description = "L'ETag ricevuto leggendo.")),
    request_body = Closing,
    responses((status = 200, body = Closed),
        (status = 412, body = Problem, content_type = "application/problem+json"),
        (status = 502, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn close(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
    caller: Caller,
    key: Key,
    from: Option<IfMatch>,
    body: Body<Closing>,
) -> Result<Json<Closed>, Problem> {
    let contact = contacts::find(&app, &line, &path, "contact").await?;
    let now = app.clock.now();
    if let Some(before) = key.remembered(&app, &line, &body.bytes).await? {
        return closed_again(&app, &line, &contact, &before, now).await;
    }
    let conversation = found(&app, &line, &contact).await?;
    from.map_or(Ok(()), |it| it.check(conversation.version))?;
    if conversation.state == "closed" {
        return Err(Problem::conflict("La conversazione è già chiusa."));
    }
    let mut message = None;
    if body.value.courtesy && window_is_open(&contact, now) {
        let text = Outgoing::Text(desk::courtesy(&line));
        let words = Words { operator: caller.name(), message: text, invitation: None };
        let written =
            conversations::write(&app, &line, &contact, words, &key, &body.bytes, now).await;
        let row = match written {
            Ok(written) => written.id,
            Err(StoreError::Conflict) => {
                let before = key.remembered(&app, &line, &body.bytes).await?;
                let before = before.ok_or(StoreError::Conflict)?;
                return closed_again(&app, &line, &contact, &before, now).await;
            }
            Err(err) => return Err(err.into()),
        };
        conversations::deliver(&app, &line, &contact, &row, now).await?;
        message = Some(row);
    }
    app.store.settle_conversation(&line.id, &contact.id, "closed", now).await?;
    if found(&app, &line, &contact).await?.state != "closed" {
        return Err(Problem::conflict(
            "Il cittadino ha appena scritto: la conversazione resta aperta.",
        ));
    }
    if message.is_none() {
        let nothing = conversations::Remembered::nothing();
        key.answer(&app, &line, &body.bytes, StatusCode::OK, &nothing).await?;
    }
    Ok(Json(Closed { message }))
}

/// The first answer again; what its process left undone is done.
async fn closed_again(
    app: &App,
    line: &Line,
    contact: &Contact,
    before: &store::Once,
    now: Timestamp,
) -> Result<Json<Closed>, Problem> {
    let remembered = conversations::Remembered::read(before)?;
    if remembered.id.is_empty() {
        return Ok(Json(Closed { message: None }));
    }
    conversations::deliver(app, line, contact, &remembered.id, now).await?;
    // Answered and not closed: nobody has written since.
    if found(app, line, contact).await?.state == "waiting" {
        app.store.settle_conversation(&line.id, &contact.id, "closed", now).await?;
    }
    Ok(Json(Closed { message: Some(remembered.id) }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewNote, example = json!({ "text": "Ha già telefonato: aspetta il modulo F24." }))]
pub(crate) struct NewNote {
    #[schema(min_length = 1, max_length = 2000)]
    text: String,
}

/// A note of the desk's own. It is never sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct WrittenNote {
    id: String,
    at: shape::Time,
    operator: String,
    text: String,
}

/// What is remembered of it: no words, which go when the person goes.
#[derive(Serialize, ToSchema)]
pub(crate) struct NoteTaken {
    id: String,
    at: shape::Time,
}

/// The desk's own notes on a person, latest first.
#[utoipa::path(get, path = "/conversations/{contact}/notes", tag = "desk",
    operation_id = "notes.list", params(PageOf),
    responses((status = 200, body = Page<WrittenNote>)))]
pub(crate) async fn notes(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
    page: PageOf,
) -> Result<Json<Page<WrittenNote>>, Problem> {
    let contact = contacts::find(&app, &line, &path, "contact").await?;
    let limit = usize::try_from(page.limit).unwrap_or(0);
    let found = app.store.notes(&line.id, &contact, page.cursor.as_deref(), limit).await?;
    let cursor = found.last().filter(|_| found.len() == limit).map(|it| it.id.clone());
    let items = found.into_iter().map(|it| WrittenNote {
        id: it.id,
        at: shape::time(it.at),
        operator: it.operator,
        text: it.text,
    });
    Ok(Json(shape::page(items, cursor)))
}

/// Writes a note on a person. It is never sent, and goes with the conversation.
#[utoipa::path(post, path = "/conversations/{contact}/notes", tag = "desk",
    operation_id = "notes.add", params(Key), request_body = NewNote,
    responses((status = 201, body = NoteTaken)))]
pub(crate) async fn note(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
    caller: Caller,
    key: Key,
    body: Body<NewNote>,
) -> Result<Response, Problem> {
    let contact = contacts::find(&app, &line, &path, "contact").await?;
    if let Some(before) = key.answered(&app, &line, &body.bytes).await? {
        return Ok(before);
    }
    let text = body.value.text.trim();
    if !(1..=NOTE_LIMIT).contains(&length(text)) {
        let detail = format!("Scrivere una nota da 1 a {NOTE_LIMIT} caratteri.");
        return Err(Problem::invalid(vec![FieldError::new("/text", detail)]));
    }
    take_note(&app, &line, &contact, &caller, text, &key, &body.bytes).await
}

async fn take_note(
    app: &App,
    line: &Line,
    contact: &Contact,
    caller: &Caller,
    text: &str,
    key: &Key,
    body: &[u8],
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let id = key.hash().map_or_else(random::key, str::to_owned);
    let note = Note {
        id: format!("{:016}#{id}", now.as_millisecond()),
        at: now,
        operator: caller.name().to_owned(),
        text: text.to_owned(),
    };
    let taken = NoteTaken { id: note.id.clone(), at: shape::time(now) };
    let said = once::once(app, body, StatusCode::CREATED, &taken);
    let once = key.hash().map(|it| (it, &said));
    let expires_at = now + (24 * i64::from(line.retention.chat_days)).hours();
    match app.store.add_note(&line.id, &contact.id, &note, expires_at, once).await {
        Ok(()) => Ok((StatusCode::CREATED, Json(taken)).into_response()),
        // The same request at the same time.
        Err(StoreError::Conflict) => {
            let before = key.answered(app, line, body).await?;
            before.ok_or_else(|| StoreError::Conflict.into())
        }
        Err(err) => Err(err.into()),
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Presence, example = json!({ "writing": true }))]
pub(crate) struct Presence {
    /// Say it again every half minute; without that it ends by itself.
    writing: bool,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Present {
    /// Colleagues who are writing at this moment, the asker left out.
    writing: Vec<String>,
}

/// Says that one is writing, or not any more, and learns who else is.
#[utoipa::path(put, path = "/conversations/{contact}/presence", tag = "desk",
    operation_id = "conversations.presence", request_body = Presence,
    responses((status = 200, body = Present)))]
pub(crate) async fn presence(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
    caller: Caller,
    body: Body<Presence>,
) -> Result<Json<Present>, Problem> {
    let contact = contacts::find(&app, &line, &path, "contact").await?;
    let (key, now) = (app.pseudonym.of(caller.who()), app.clock.now());
    let who = (key.as_str(), caller.name());
    app.store.note_presence(&line.id, &contact.id, who, body.value.writing, now).await?;
    Ok(Json(Present { writing: others(&app, &line, &contact, &caller).await? }))
}

async fn others(
    app: &App,
    line: &Line,
    contact: &Contact,
    caller: &Caller,
) -> Result<Vec<String>, Problem> {
    let own = app.pseudonym.of(caller.who());
    let present = app.store.present(&line.id, &contact.id, app.clock.now()).await?;
    Ok(present.into_iter().filter(|it| it.0 != own).map(|it| it.1).collect())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Forwarding, example = json!({ "office": "comunicazione" }))]
pub(crate) struct Forwarding {
    /// The id of one of the offices of `GET /desk`.
    office: String,
    /// How many of the last messages go along; 20 if not said.
    #[schema(minimum = 1, maximum = 100)]
    messages: Option<usize>,
    /// A word for the colleagues.
    #[schema(max_length = 2000)]
    comment: Option<String>,
}

/// Sends a conversation to another office by e-mail, and notes that it was. The mail has the number
/// and the messages: that is what it is for.
#[utoipa::path(post, path = "/conversations/{contact}/forward", tag = "desk",
    operation_id = "conversations.forward", params(Key),
    request_body = Forwarding,
    responses((status = 201, body = NoteTaken),
        (status = 502, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn forward(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
    caller: Caller,
    key: Key,
    body: Body<Forwarding>,
) -> Result<Response, Problem> {
    let contact = contacts::find(&app, &line, &path, "contact").await?;
    if let Some(before) = key.answered(&app, &line, &body.bytes).await? {
        return Ok(before);
    }
    let asked = &body.value;
    let mut errors = Vec::new();
    let office = line.desk.offices.iter().find(|it| it.id == asked.office);
    if office.is_none() {
        let known: Vec<_> = line.desk.offices.iter().map(|it| it.id.as_str()).collect();
        let detail = if known.is_empty() {
            "Nel file della linea non ci sono altri uffici: aggiungerli in [[desk.offices]]."
                .to_owned()
        } else {
            format!("Usare uno di: {}.", known.join(", "))
        };
        errors.push(FieldError::new("/office", detail));
    }
    let messages = asked.messages.unwrap_or(20);
    if !(1..=100).contains(&messages) {
        errors.push(FieldError::new("/messages", "Usare un numero da 1 a 100."));
    }
    if asked.comment.as_ref().is_some_and(|it| length(it) > NOTE_LIMIT) {
        let detail = format!("Usare al massimo {NOTE_LIMIT} caratteri.");
        errors.push(FieldError::new("/comment", detail));
    }
    let Some(office) = office.filter(|_| errors.is_empty()) else {
        return Err(Problem::invalid(errors));
    };
    let mut entries = app.store.entries(&line.id, &contact, None, messages).await?;
    entries.reverse();
    let rows: Vec<_> = entries
        .into_iter()
        .filter(|it| !it.draft)
        .map(|it| Forwarded {
            at: it.at,
            is_ours: it.direction == Direction::Out,
            text: if it.text.is_empty() { format!("[{}]", it.kind) } else { it.text },
        })
        .collect();
    let by = (caller.name(), asked.comment.as_deref());
    let (subject, text) = desk::forward_mail(&line, &contact, by, &rows);
    let mail =
        mail::Message { to: vec![office.email.clone()], subject, text, attachments: Vec::new() };
    if let Err(err) = app.mail.send(&mail).await {
        warn!(line.id = %line.id, "conversation not forwarded: {err}");
        return Err(Problem::mail_not_sent());
    }
    let text = format!("Conversazione inoltrata a: {}.", office.name);
    take_note(&app, &line, &contact, &caller, &text, &key, &body.bytes).await
}

/// Conversations looked through for one page, and how many of the latest messages of each.
const LOOKED_THROUGH: i32 = 20;
const MESSAGES_EACH: usize = 200;
/// Most messages shown of one conversation.
const SHOWN_EACH: usize = 5;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConversationSearch, example = json!({ "text": "biblioteca" }))]
pub(crate) struct Search {
    #[schema(min_length = 2, max_length = 100)]
    text: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Found {
    conversation: shape::Conversation,
    /// The latest that say it, five at most.
    messages: Vec<shape::ChatMessage>,
}

/// Conversations with a message that says this, open ones first, in capitals or not, with accents or
/// without. Each request looks through 20 conversations and the latest 200 messages of each, so a page
/// may be empty although more follow.
#[utoipa::path(post, path = "/conversations/search", tag = "desk",
    operation_id = "conversations.search", params(PageOf), request_body = Search,
    responses((status = 200, body = Page<Found>)))]
pub(crate) async fn search(
    State(app): State<App>,
    OfLine(line): OfLine,
    page: PageOf,
    body: Body<Search>,
) -> Result<Json<Page<Found>>, Problem> {
    const STATES: [&str; 3] = ["open", "waiting", "closed"];
    let wanted = body.value.text.trim();
    if !(2..=SEARCH_LIMIT).contains(&length(wanted)) {
        let detail = format!("Scrivere da 2 a {SEARCH_LIMIT} caratteri.");
        return Err(Problem::invalid(vec![FieldError::new("/text", detail)]));
    }
    let lists = STATES.map(|state| Cursor::of(&app, &line, &format!("search {state} {wanted}")));
    let (at, before) = match page.cursor.as_deref() {
        None => (0, None),
        Some(cursor) => {
            let read = |it: &Cursor| it.read(cursor).ok();
            let at = lists.iter().position(|it| read(it).is_some());
            let at = at.ok_or_else(super::scope::wrong_cursor)?;
            (at, read(&lists[at]))
        }
    };
    let (most, now) = (page.limit.min(LOOKED_THROUGH), app.clock.now());
    let some = app.store.conversations(&line.id, STATES[at], before, most).await?;
    let is_full = i32::try_from(some.len()).is_ok_and(|it| it >= most);
    let next = match some.last().filter(|_| is_full) {
        Some(last) => Some(lists[at].write(last.last_at)),
        None => lists.get(at + 1).map(|it| it.write(now + 24.hours())),
    };
    let ids: Vec<_> = some.iter().map(|it| it.contact.clone()).collect();
    let known = app.store.recipients(&line.id, &ids).await?;
    let oldest = now - (24 * i64::from(line.retention.chat_days)).hours();
    let mut items = Vec::new();
    for it in &some {
        let Some(contact) = known.get(&it.contact) else { continue };
        let entries = app.store.entries(&line.id, contact, None, MESSAGES_EACH).await?;
        let says = entries.iter().filter(|it| it.at >= oldest && desk::says(&it.text, wanted));
        let messages: Vec<_> = says.take(SHOWN_EACH).map(shape::message).collect();
        if !messages.is_empty() {
            let conversation = shape::conversation(it, Some(contact), &line, now);
            items.push(Found { conversation, messages });
        }
    }
    Ok(Json(shape::page(items, next)))
}
