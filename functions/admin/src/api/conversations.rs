// SPDX-License-Identifier: EUPL-1.2
//! The desk: conversations, their messages, and answers inside the service window.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::access::Scope;
use domain::contact::Contact;
use domain::conversation::window_is_open;
use domain::delivery::State as Delivery;
use domain::desk::{self, CannedProblem};
use domain::failure::{self, Verdict};
use domain::line::Line;
use domain::message::{Button, FilledTemplate, Outgoing, Place};
use domain::rate;
use domain::reply::{BUTTON_TITLE_LIMIT, BUTTONS_BODY_LIMIT, TEXT_LIMIT, length};
use jiff::{Timestamp, ToSpan};
use platform::random;
use serde::{Deserialize, Serialize};
use store::{Conversation, EntryContent, MessageKey, NewEntry, Once, StoreError, keys};
use tracing::warn;
use utoipa::{IntoParams, ToSchema};
use whatsapp::graph::To;

use super::body::Body;
use super::caller::{Caller, needs};
use super::contacts;
use super::media;
use super::once::{self, Key};
use super::problem::{FieldError, Problem};
use super::routes::{Routes, routes};
use super::scope::{OfLine, PageOf, Params, wrong_cursor};
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

pub(crate) fn routes() -> Routes {
    needs(&[Scope::Desk], routes!(list, messages, answer))
}

/// Conversations looked at for one page, at most: a filter passes over the others.
const LOOKED_AT: usize = 500;

/// `?state=&assigned_to=&unread=&topic=&limit=&cursor=`
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Without it, open.
    #[param(inline)]
    state: Option<ConversationState>,
    /// Whose they are; empty for those that are nobody's.
    assigned_to: Option<String>,
    /// Only those with something that nobody has read, or only the others.
    unread: Option<bool>,
    /// Those about this, in the desk's own word.
    topic: Option<String>,
    /// How many at most; 50 if not said.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// `next_cursor` of the page before; without it the first page.
    #[param(pattern = "^[!-~]*$", max_length = 200)]
    cursor: Option<String>,
}

impl Asked {
    fn is_filter(&self) -> bool {
        self.assigned_to.is_some() || self.unread.is_some() || self.topic.is_some()
    }

    fn wants(&self, it: &Conversation) -> bool {
        let assigned_to = it.assigned_to.as_deref().unwrap_or_default();
        self.unread.is_none_or(|unread| unread == (it.unread > 0))
            && self.topic.as_ref().is_none_or(|topic| it.topic.as_ref() == Some(topic))
            && self.assigned_to.as_deref().is_none_or(|who| who == assigned_to)
    }
}

/// Conversations in a state, latest first. Where there is a filter, a page may be shorter than
/// `limit` although more follow.
#[utoipa::path(get, path = "/conversations", tag = "desk", operation_id = "conversations.list",
    params(Asked), responses((status = 200, body = Page<shape::Conversation>)))]
pub(crate) async fn list(
    State(app): State<App>,
    OfLine(line): OfLine,
    Params(mut asked): Params<Asked>,
) -> Result<Json<Page<shape::Conversation>>, Problem> {
    let mut errors = Vec::new();
    let page = PageOf::asked(asked.limit.take().as_deref(), asked.cursor.take(), &mut errors)?;
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let state = asked.state.unwrap_or_default().name();
    let name = format!("{state} {:?} {:?} {:?}", asked.assigned_to, asked.unread, asked.topic);
    let list = Cursor::of(&app, &line, &name);
    let mut before = page.cursor.as_deref().map(|it| list.read(it)).transpose()?;
    let limit = usize::try_from(page.limit).unwrap_or(0);
    let at_once = if asked.is_filter() { 100 } else { page.limit };
    let (mut found, mut looked) = (Vec::new(), 0);
    let more = 'pages: loop {
        let some = app.store.conversations(&line.id, state, before, at_once).await?;
        let is_full = i32::try_from(some.len()).is_ok_and(|it| it >= at_once);
        for it in some {
            // All of one millisecond stand on the same page.
            if found.len() >= limit && before != Some(it.last_at) {
                break 'pages true;
            }
            before = Some(it.last_at);
            looked += 1;
            if asked.wants(&it) {
                found.push(it);
            }
        }
        if !is_full || found.len() >= limit || looked >= LOOKED_AT {
            break is_full;
        }
    };
    let ids: Vec<_> = found.iter().map(|it| it.contact.clone()).collect();
    let known = app.store.recipients(&line.id, &ids).await?;
    let now = app.clock.now();
    let items = found.iter().map(|it| shape::conversation(it, known.get(&it.contact), &line, now));
    Ok(Json(shape::page(items, before.filter(|_| more).map(|it| list.write(it)))))
}

/// Where a list of conversations goes on. It says of which list it is, so that one of another is
/// refused.
pub(super) struct Cursor(String);

impl Cursor {
    pub(super) fn of(app: &App, line: &Line, list: &str) -> Self {
        let mut tag = app.pseudonym.of(&format!("cursor {} {list}", line.id));
        tag.truncate(12);
        Self(tag)
    }

    pub(super) fn write(&self, before: Timestamp) -> String {
        format!("{}.{}", self.0, before.as_millisecond())
    }

    pub(super) fn read(&self, cursor: &str) -> Result<Timestamp, Problem> {
        let ms = cursor.strip_prefix(self.0.as_str()).and_then(|it| it.strip_prefix('.'));
        let ms = ms.and_then(|it| it.parse().ok());
        ms.and_then(|it| Timestamp::from_millisecond(it).ok()).ok_or_else(wrong_cursor)
    }
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

/// One of `text`, `canned` and `location`; `buttons` under words.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAnswer, example = json!({ "text": "Buongiorno, lo sportello è aperto fino alle 13." }))]
pub(crate) struct Answer {
    #[schema(min_length = 1, max_length = 4096)]
    text: Option<String>,
    /// A reply that is ready: `GET /desk` has them.
    canned: Option<CannedAnswer>,
    /// Under text or a canned reply, which may have 1024 characters then.
    #[schema(max_items = 3)]
    buttons: Option<Vec<String>>,
    location: Option<NewLocation>,
    /// After the service window: send the paid template that says that the answer is ready, and the
    /// answer when its reader presses the button.
    invite: Option<bool>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CannedAnswer {
    id: String,
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLocation {
    #[schema(minimum = -90, maximum = 90)]
    latitude: f64,
    #[schema(minimum = -180, maximum = 180)]
    longitude: f64,
    #[schema(min_length = 1, max_length = 1000)]
    name: String,
    #[schema(max_length = 1000)]
    address: Option<String>,
}

/// Longest name and address of a place. Meta names none.
const PLACE_LIMIT: usize = 1_000;
/// Source: Cloud API, interactive reply buttons messages.
const MOST_BUTTONS: usize = 3;

fn invalid(at: impl Into<String>, detail: impl Into<String>) -> Problem {
    Problem::invalid(vec![FieldError::new(at, detail)])
}

/// The message that a request wants to be sent.
fn outgoing(line: &Line, asked: &Answer) -> Result<Outgoing, Problem> {
    let given = [asked.text.is_some(), asked.canned.is_some(), asked.location.is_some()];
    if given.iter().filter(|it| **it).count() != 1 {
        return Err(invalid("/text", "Indicare una sola cosa tra text, canned e location."));
    }
    if let Some(it) = &asked.location {
        if asked.buttons.is_some() {
            return Err(invalid("/buttons", "Sotto una posizione non ci sono pulsanti."));
        }
        return place(it).map(Outgoing::Location).map_err(Problem::invalid);
    }
    let (at, body) = match &asked.canned {
        Some(it) => ("/canned", canned(line, it)?),
        None => ("/text", asked.text.as_deref().unwrap_or_default().trim().to_owned()),
    };
    let limit = if asked.buttons.is_some() { BUTTONS_BODY_LIMIT } else { TEXT_LIMIT };
    if body.is_empty() || length(&body) > limit {
        return Err(invalid(at, format!("Scrivere un testo da 1 a {limit} caratteri.")));
    }
    let Some(titles) = &asked.buttons else { return Ok(Outgoing::Text(body)) };
    let titles: Vec<_> = titles.iter().map(|it| it.trim()).collect();
    let distinct: BTreeSet<_> = titles.iter().collect();
    let fit = titles.iter().all(|it| (1..=BUTTON_TITLE_LIMIT).contains(&length(it)));
    if !(1..=MOST_BUTTONS).contains(&titles.len()) || distinct.len() != titles.len() || !fit {
        let detail = format!(
            "Usare da 1 a {MOST_BUTTONS} pulsanti diversi tra loro, ognuno da 1 a \
             {BUTTON_TITLE_LIMIT} caratteri."
        );
        return Err(invalid("/buttons", detail));
    }
    let button = |(n, title): (usize, &&str)| Button {
        payload: format!("desk:{n}"),
        title: (*title).to_owned(),
    };
    Ok(Outgoing::Buttons { body, buttons: titles.iter().enumerate().map(button).collect() })
}

fn canned(line: &Line, asked: &CannedAnswer) -> Result<String, Problem> {
    let ready = desk::canned(line, &asked.id)
        .ok_or_else(|| invalid("/canned/id", "Questa risposta pronta non esiste."))?;
    let wrong = |it: CannedProblem| {
        let name = it.name().replace('~', "~0").replace('/', "~1");
        FieldError::new(format!("/canned/fields/{name}"), it.to_string())
    };
    desk::fill_canned(&ready, &asked.fields, line)
        .map_err(|problems| Problem::invalid(problems.into_iter().map(wrong).collect()))
}

fn place(it: &NewLocation) -> Result<Place, Vec<FieldError>> {
    let mut errors = Vec::new();
    for (at, degrees, most) in [("latitude", it.latitude, 90.0), ("longitude", it.longitude, 180.0)]
    {
        if !(-most..=most).contains(&degrees) {
            let detail = format!("Usare gradi da -{most} a {most}.");
            errors.push(FieldError::new(format!("/location/{at}"), detail));
        }
    }
    let (name, address) = (it.name.trim(), it.address.as_deref().map(str::trim));
    if !(1..=PLACE_LIMIT).contains(&length(name)) {
        let detail = format!("Scrivere un nome da 1 a {PLACE_LIMIT} caratteri.");
        errors.push(FieldError::new("/location/name", detail));
    }
    if address.is_some_and(|it| length(it) > PLACE_LIMIT) {
        let detail = format!("Usare al massimo {PLACE_LIMIT} caratteri.");
        errors.push(FieldError::new("/location/address", detail));
    }
    let address = address.filter(|it| !it.is_empty()).map(str::to_owned);
    let (latitude, longitude, name) = (it.latitude, it.longitude, name.to_owned());
    if errors.is_empty() { Ok(Place { latitude, longitude, name, address }) } else { Err(errors) }
}

/// An answer that was sent, or that waits to be asked for.
#[derive(Serialize, ToSchema)]
pub(crate) struct Answered {
    id: String,
    at: shape::Time,
    text: String,
    /// Whether it waits until its reader presses the button of the template.
    draft: bool,
}

/// What is remembered of an answer: no words, which go when the person goes.
#[derive(Serialize, Deserialize)]
pub(super) struct Remembered {
    pub(super) id: String,
    /// The template that says that it is ready.
    invitation: Option<String>,
}

impl Remembered {
    /// That no message was sent.
    pub(super) fn nothing() -> Self {
        Self { id: String::new(), invitation: None }
    }

    pub(super) fn read(before: &Once) -> store::Result<Self> {
        serde_json::from_str(&before.answer).map_err(|_| StoreError::Corrupt("answer"))
    }

    fn status(&self) -> StatusCode {
        if self.invitation.is_some() { StatusCode::ACCEPTED } else { StatusCode::CREATED }
    }
}

/// An operator's answer: written down, claimed, sent. The request's key makes the row's name, so
/// a double click is one message. 202 says that the template was sent, and the answer waits.
#[utoipa::path(post, path = "/conversations/{contact}/messages", tag = "desk",
    operation_id = "conversations.answer", params(Key), request_body = Answer,
    responses((status = 201, body = Answered), (status = 202, body = Answered),
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
        let remembered = Remembered::read(&before)?;
        return say(&app, &line, &contact, &remembered, app.clock.now()).await;
    }
    let message = outgoing(&line, &body.value)?;
    let now = app.clock.now();
    let invitation = if window_is_open(&contact, now) {
        None
    } else {
        Some(invitation(&line, &contact, &body.value)?)
    };
    let words = Words { operator: caller.name(), message, invitation };
    match write(&app, &line, &contact, words, &key, &body.bytes, now).await {
        Ok(remembered) => say(&app, &line, &contact, &remembered, now).await,
        // The same request at the same time: the other one sends it.
        Err(StoreError::Conflict) => {
            let before = key.remembered(&app, &line, &body.bytes).await?;
            let remembered = Remembered::read(&before.ok_or(StoreError::Conflict)?)?;
            say(&app, &line, &contact, &remembered, now).await
        }
        Err(err) => Err(err.into()),
    }
}

/// The template for somebody whose window is closed, or what else can be done.
fn invitation(line: &Line, contact: &Contact, asked: &Answer) -> Result<FilledTemplate, Problem> {
    let template = line.ready_template().filter(|_| asked.invite == Some(true));
    let Some(template) = template else {
        return Err(Problem::conflict(desk::outside_window(line)));
    };
    if contact.blocked.is_some() || (line.chat_needs_subscription && !contact.is_subscribed()) {
        return Err(Problem::conflict(
            "Questa persona non è iscritta o è bloccata: non le si può mandare l'avviso che la \
             risposta è pronta. Aspettare un suo messaggio o usare un altro canale.",
        ));
    }
    Ok(FilledTemplate {
        name: template.name,
        language: template.language,
        parameters: Vec::new(),
        header: None,
        quick_reply: None,
    })
}

/// What an operator says.
pub(super) struct Words<'a> {
    pub(super) operator: &'a str,
    pub(super) message: Outgoing,
    /// What goes in its place until its reader asks for it.
    pub(super) invitation: Option<FilledTemplate>,
}

/// Writes an answer down, with the answer to its request.
pub(super) async fn write(
    app: &App,
    line: &Line,
    contact: &Contact,
    words: Words<'_>,
    key: &Key,
    body: &[u8],
    now: Timestamp,
) -> store::Result<Remembered> {
    let message = MessageKey::new(key.hash().map_or_else(random::key, str::to_owned));
    let at_ms = contact.last_inbound_at.map_or(now, |it| it.max(now)).as_millisecond();
    let row = keys::row(at_ms, &message, "out");
    let entry = |row: &str, content| NewEntry {
        row: row.to_owned(),
        at: now,
        content,
        expires_at: now + (24 * i64::from(line.retention.chat_days)).hours(),
        operator: Some(words.operator.to_owned()),
    };
    let mut remembered = Remembered { id: row.clone(), invitation: None };
    let entries = match words.invitation {
        None => vec![entry(&row, EntryContent::Out(words.message))],
        Some(template) => {
            let ready = keys::row(at_ms, &message, "ready");
            let quick_reply = Some(desk::ready_payload(&row));
            let template = Outgoing::Template(FilledTemplate { quick_reply, ..template });
            remembered.invitation = Some(ready.clone());
            vec![
                entry(&row, EntryContent::Draft(words.message)),
                entry(&ready, EntryContent::Out(template)),
            ]
        }
    };
    let said = once::once(app, body, remembered.status(), &remembered);
    let once = key.hash().map(|it| (it, &said));
    app.store.add_entries(&line.id, &contact.id, entries, once, now).await?;
    Ok(remembered)
}

/// Sends what was written down, and says so. What Meta refused is refused again.
async fn say(
    app: &App,
    line: &Line,
    contact: &Contact,
    remembered: &Remembered,
    now: Timestamp,
) -> Result<Response, Problem> {
    let sent = remembered.invitation.as_ref().unwrap_or(&remembered.id);
    send(app, line, contact, sent, now).await?;
    let entry = app.store.entry(&line.id, &contact.id, &remembered.id).await?;
    let entry = entry.ok_or_else(|| Problem::not_found("Questo messaggio non c'è più."))?;
    let answered = Answered {
        id: entry.row,
        at: shape::time(entry.at),
        text: entry.text,
        draft: remembered.invitation.is_some(),
    };
    Ok((remembered.status(), Json(answered)).into_response())
}

/// The first answer again, word by word. If whoever gave it died before sending, it is sent now; if
/// Meta refused it, that is said again.
pub(super) async fn again(
    app: &App,
    line: &Line,
    contact: &Contact,
    before: Once,
) -> Result<Response, Problem> {
    let remembered = Remembered::read(&before)?;
    send(app, line, contact, &remembered.id, app.clock.now()).await?;
    Ok(once::json(StatusCode::CREATED, before.answer))
}

async fn send(
    app: &App,
    line: &Line,
    contact: &Contact,
    row: &str,
    now: Timestamp,
) -> Result<(), Problem> {
    deliver(app, line, contact, row, now).await?;
    let entry = app.store.entry(&line.id, &contact.id, row).await?;
    if entry.is_some_and(|it| it.state == Some(Delivery::Failed)) {
        return Err(Problem::refused_by_meta(failure::reason_it(None)));
    }
    Ok(())
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
    media::uploaded(app, line, contact, row, now).await?;
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
