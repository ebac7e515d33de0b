// SPDX-License-Identifier: EUPL-1.2
//! Broadcasts: written as drafts, previewed, scheduled, watched.

use domain::access::Scope;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::all_clear::{self, NoAllClear};
use domain::approval::{self, Authorship, REASON_LIMIT};
use domain::broadcast::{
    self, Action, Audience, Broadcast, Plan, PlanOf, Priority, State as Stands, TemplateMessage,
};
use domain::cost::Spent;
use domain::delivery::{self, Counts};
use domain::ids::{BroadcastId, ContactId, TopicId};
use domain::line::Line;
use domain::{doubt, drill};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use platform::events::Event;
use platform::jobs::{BroadcastRef, FanoutCause};
use platform::random;
use serde::Deserialize;
use store::{Change, StoreError};
use tracing::{info, warn};
use utoipa::ToSchema;

use super::body::Body;
use super::caller::{COUNTS, Caller, needs};
use super::media;
use super::once::{self, Key};
use super::problem::{FieldError, Problem};
use super::routes::{Routes, routes};
use super::scope::{self, OfLine, PageIn, PageOf};
use super::shape::{self, Page};
use super::version::{IfMatch, tagged};
use crate::App;

/// Times an action is asked for while others move the broadcast.
const TRIES: usize = 3;

/// An instant in another year is a slip.
const YEARS: Range<i16> = 2000..2200;

/// A title is for a list on a screen.
const TITLE_LIMIT: usize = 200;

const SAYS_NO_DRILL: &str = "Questo modello non può dire che è un'esercitazione: usarne uno con \
                             qualcosa da compilare, o con ESERCITAZIONE nel testo.";

pub(crate) fn routes() -> Routes {
    let write =
        routes!(create, edit, delete, schedule, pause, resume, cancel, withdraw, resend_unresolved);
    needs(&COUNTS, routes!(list, show))
        .merge(needs(&[Scope::BroadcastWrite], write))
        .merge(needs(&[Scope::BroadcastApprove], routes!(approve)))
        .merge(needs(&[Scope::SubscribersRead], routes!(deliveries)))
}

/// A broadcast to be written. Without `send_at` it stays a draft.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewBroadcast, example = json!({
    "title": "Chiusura della biblioteca",
    "audience": { "topics": ["utilita"] },
    "message": { "template": {
        "name": "pordenone_utilita", "language": "it",
        "parameters": {
            "avviso": "la biblioteca resta chiusa", "dove": "piazza XX Settembre 11",
            "quando": "lunedì 7 dicembre 2026", "cosa_fare": "riporta i libri da martedì",
            "pagina": "comune.pordenone.it",
        },
    } },
}))]
pub(crate) struct Draft {
    /// For the office's own lists.
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    audience: Asked,
    message: Message,
    priority: Option<Wanted>,
    /// Says in its text that it is an exercise.
    drill: Option<bool>,
    /// Whoever wrote in the last 24 hours gets it as a free text, which may cost less.
    free_form_in_window: Option<bool>,
    /// Who was reached by another broadcast within so many hours is left out. Not in an emergency.
    #[schema(minimum = 1, maximum = 168)]
    exclude_recent_hours: Option<u16>,
    #[schema(format = DateTime)]
    send_at: Option<String>,
    /// After that it is not sent any more.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// What changes in a draft; what is not said stays.
#[expect(clippy::option_option, reason = "null says something else than nothing")]
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BroadcastEdit, example = json!({ "title": "Chiusura della biblioteca centrale" }))]
pub(crate) struct Edit {
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
    audience: Option<Asked>,
    message: Option<Message>,
    priority: Option<Wanted>,
    drill: Option<bool>,
    free_form_in_window: Option<bool>,
    /// Null is nobody left out.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<u16>, minimum = 1, maximum = 168)]
    exclude_recent_hours: Option<Option<u16>>,
    /// Null is never.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Option<String>>,
}

/// Tells null from nothing.
fn said<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(from).map(Some)
}

/// `{"topics":[…]}`, `{"all":true}` or `{"reached_by":"0193…"}`
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAudience)]
struct Asked {
    topics: Option<Vec<String>>,
    all: Option<bool>,
    reached_by: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMessage)]
struct Message {
    template: Template,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTemplateMessage)]
struct Template {
    name: String,
    language: String,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    header: Option<Header>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewHeader)]
struct Header {
    media_id: String,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = WantedPriority)]
#[serde(rename_all = "lowercase")]
enum Wanted {
    Normal,
    Emergency,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "send_at": null }))]
pub(crate) struct Schedule {
    /// Null is now.
    #[schema(format = DateTime)]
    send_at: Option<String>,
    /// Why an emergency goes in an electoral period.
    bypass: Option<Alone>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewApproval, example = json!({}))]
pub(crate) struct Approve {
    /// Only in an emergency: lets go what one has written oneself. It is kept with the broadcast.
    bypass: Option<Alone>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewBypass, example = json!({ "reason": "In ufficio non c'è nessun altro." }))]
struct Alone {
    #[schema(min_length = 1, max_length = 300)]
    reason: String,
}

impl Alone {
    /// The reason, or what is wrong with it.
    fn reason(asked: Option<Self>) -> Result<Option<String>, FieldError> {
        let Some(Self { reason }) = asked else { return Ok(None) };
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > REASON_LIMIT {
            let detail = format!("Scrivere il motivo in 1-{REASON_LIMIT} caratteri.");
            return Err(FieldError::new("/bypass/reason", detail));
        }
        Ok(Some(reason.to_owned()))
    }
}

/// Nothing, said explicitly.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

pub(super) type Ids = Path<HashMap<String, String>>;

/// Writes a broadcast; with `send_at` it is scheduled.
#[utoipa::path(post, path = "/broadcasts", tag = "broadcasts", operation_id = "broadcasts.create",
    params(Key), request_body = Draft, responses((status = 201, body = shape::Broadcast)))]
pub(crate) async fn create(
    State(app): State<App>,
    OfLine(line): OfLine,
    caller: Caller,
    key: Key,
    body: Body<Draft>,
) -> Result<Response, Problem> {
    if let Some(before) = key.answered(&app, &line, &body.bytes).await? {
        return Ok(before);
    }
    let now = app.clock.now();
    let alert = alert(&app, &line, &body.value.audience).await?;
    let broadcast = checked(body.value, alert.as_ref(), &line, &caller, now)?;
    match broadcast.send_at {
        Some(at) => drop(media::ready_header(&app, &line, &broadcast.message, at, now).await?),
        None => drop(media::check_header(&app, &line, &broadcast.message, now).await?),
    }
    let answer = shape::broadcast(&broadcast, &line, now);
    let once = once::once(&app, &body.bytes, StatusCode::CREATED, &answer);
    let with_key = key.hash().map(|hash| (hash, &once));
    match app.store.create_broadcast(&broadcast, with_key).await {
        Ok(()) => {}
        // The same request at the same time was faster.
        Err(StoreError::Conflict) => {
            let before = key.answered(&app, &line, &body.bytes).await?;
            return before.ok_or_else(|| StoreError::Conflict.into());
        }
        Err(err) => return Err(err.into()),
    }
    info!(line.id = %line.id, broadcast.id = %broadcast.id, "created a broadcast");
    if broadcast.due_at.is_some_and(|at| at <= now) {
        wake(&app, &line, &broadcast.id).await;
    }
    Ok(once::json(StatusCode::CREATED, once.answer))
}

/// Latest first.
#[utoipa::path(get, path = "/broadcasts", tag = "broadcasts", operation_id = "broadcasts.list",
    params(PageOf), responses((status = 200, body = Page<shape::Broadcast>)))]
pub(crate) async fn list(
    State(app): State<App>,
    OfLine(line): OfLine,
    page: PageOf,
) -> Result<Json<Page<shape::Broadcast>>, Problem> {
    let before = page.cursor.map(BroadcastId::new);
    let found = app.store.broadcasts(&line.id, before.as_ref(), page.limit).await?;
    let now = app.clock.now();
    let mut items = Vec::new();
    for it in &found {
        // Counters stand apart from the broadcast; a page of them is few reads.
        let full = app.store.broadcast(&line.id, &it.id).await?;
        items.push(shape::broadcast(full.as_ref().unwrap_or(it), &line, now));
    }
    let full = found.len() == usize::try_from(page.limit).unwrap_or(0);
    let cursor = found.last().filter(|_| full).map(|it| it.id.as_str().to_owned());
    Ok(Json(shape::page(items, cursor)))
}

#[utoipa::path(get, path = "/broadcasts/{id}", tag = "broadcasts", operation_id = "broadcasts.show",
    responses((status = 200, body = shape::Broadcast, headers(("ETag" = String)))))]
pub(crate) async fn show(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Response, Problem> {
    let broadcast = find(&app, &line, &path).await?;
    Ok(tagged(broadcast.version, shape::broadcast(&broadcast, &line, app.clock.now())))
}

/// Changes a draft.
#[utoipa::path(patch, path = "/broadcasts/{id}", tag = "broadcasts", operation_id = "broadcasts.edit",
    params(("If-Match" = String, Header, description = "The ETag of what the edit starts from")),
    request_body = Edit,
    responses((status = 200, body = shape::Broadcast, headers(("ETag" = String))),
        (status = 412, body = Problem, content_type = "application/problem+json"),
        (status = 428, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn edit(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    caller: Caller,
    from: IfMatch,
    body: Body<Edit>,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let it = find(&app, &line, &path).await?;
    from.check(it.version)?;
    only_a_draft(&it)?;
    let draft = body.value.over(&it);
    let alert = alert(&app, &line, &draft.audience).await?;
    let edited = checked(draft, alert.as_ref(), &line, &caller, now)?;
    media::check_header(&app, &line, &edited.message, now).await?;
    let edited = Broadcast {
        id: it.id,
        created_at: it.created_at,
        version: it.version,
        counts: it.counts,
        tests: it.tests,
        ..edited
    };
    let edited = match app.store.replace_draft(&edited).await {
        Err(StoreError::Conflict) => return Err(Problem::changed_meanwhile()),
        edited => edited?,
    };
    info!(line.id = %line.id, broadcast.id = %edited.id, "edited a draft");
    Ok(tagged(edited.version, shape::broadcast(&edited, &line, now)))
}

/// Deletes a draft. What was scheduled is cancelled instead, and stays in the list.
#[utoipa::path(delete, path = "/broadcasts/{id}", tag = "broadcasts",
    operation_id = "broadcasts.delete", responses((status = 204)))]
pub(crate) async fn delete(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<StatusCode, Problem> {
    let it = find(&app, &line, &path).await?;
    only_a_draft(&it)?;
    app.store.delete_draft(&line.id, &it.id).await?;
    info!(line.id = %line.id, broadcast.id = %it.id, "deleted a draft");
    Ok(StatusCode::NO_CONTENT)
}

fn only_a_draft(it: &Broadcast) -> Result<(), Problem> {
    if it.state == Stands::Draft {
        return Ok(());
    }
    Err(Problem::conflict(format!(
        "Il messaggio è {}: si può cambiare o eliminare solo una bozza. Annullarlo, e scriverne un \
         altro.",
        it.state.in_words()
    )))
}

/// Lets a draft go at a time, or now. If the line wants approval it waits for that first.
#[utoipa::path(post, path = "/broadcasts/{id}/schedule", tag = "broadcasts",
    operation_id = "broadcasts.schedule", params(Key), request_body(content = Option<Schedule>),
    responses((status = 202, body = shape::Broadcast)))]
pub(crate) async fn schedule(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    caller: Caller,
    key: Key,
    body: Body<Schedule>,
) -> Result<Response, Problem> {
    if let Some(before) = key.answered(&app, &line, &body.bytes).await? {
        return Ok(before);
    }
    let now = app.clock.now();
    let it = find(&app, &line, &path).await?;
    let mut errors = Vec::new();
    let send_at = moment(body.value.send_at.as_deref(), "/send_at", &mut errors);
    if errors.is_empty() {
        ends_after(it.expires_at, send_at.unwrap_or(now), &mut errors);
    }
    let reason = Alone::reason(body.value.bypass).map_err(|it| errors.push(it)).ok().flatten();
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let at = send_at.unwrap_or(now);
    let needed = approval::needed(&line, it.priority, at);
    let mut to = broadcast::act(it.state, Action::Schedule, needed)?;
    if needed && !line.needs_approval && it.state == Stands::Scheduled {
        // It was let go for another time, when nobody had to look at it.
        to = Stands::AwaitingApproval;
    }
    let who = (person(&caller), reason.as_deref());
    let bypass = approval::electoral_bypass(&line, it.priority, who, at);
    let authorship =
        bypass.map(|bypass| Authorship { bypass: Some(bypass), ..it.authorship.clone() });
    if let Audience::ReachedBy(alert) = &it.audience {
        let alert = app.store.broadcast(&line.id, alert).await?;
        alert.as_ref().map_or(Ok(()), all_clear::may_follow)?;
    }
    let send_at = send_at.unwrap_or(now);
    media::ready_header(&app, &line, &it.message, send_at, now).await?;
    let due_at = (to == Stands::Scheduled).then_some(send_at);
    let change = Change { send_at: Some(send_at), due_at, authorship, ..Change::default() };
    let changed = app.store.change_broadcast(&line.id, &it.id, it.state, to, change).await?;
    if due_at.is_some_and(|at| at <= now) {
        wake(&app, &line, &it.id).await;
    }
    let answer = shape::broadcast(&changed, &line, now);
    key.answer(&app, &line, &body.bytes, StatusCode::ACCEPTED, &answer).await
}

/// Lets a broadcast go that waits for approval. `If-Match` says which text was read: what was
/// withdrawn and written anew meanwhile does not go.
#[utoipa::path(post, path = "/broadcasts/{id}/approve", tag = "broadcasts",
    operation_id = "broadcasts.approve", params(Key,
        ("If-Match" = Option<String>, Header, description = "L'ETag ricevuto leggendo.")),
    request_body(content = Option<Approve>),
    responses((status = 202, body = shape::Broadcast),
        (status = 412, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn approve(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    caller: Caller,
    key: Key,
    from: Option<IfMatch>,
    body: Body<Option<Approve>>,
) -> Result<Response, Problem> {
    let bypass = body.value.and_then(|it| it.bypass);
    let reason = Alone::reason(bypass).map_err(|it| Problem::invalid(vec![it]))?;
    let by = Some((person(&caller), reason.as_deref(), from.as_ref()));
    act(&app, &line, &path, &key, &body.bytes, (Action::Approve, by)).await
}

/// Takes back what waits for approval: it is a draft again, to be changed or deleted.
#[utoipa::path(post, path = "/broadcasts/{id}/withdraw", tag = "broadcasts",
    operation_id = "broadcasts.withdraw", params(Key), request_body(content = Option<Nothing>),
    responses((status = 202, body = shape::Broadcast)))]
pub(crate) async fn withdraw(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    key: Key,
    body: Body<Option<Nothing>>,
) -> Result<Response, Problem> {
    act(&app, &line, &path, &key, &body.bytes, (Action::Withdraw, None)).await
}

/// Nobody gets it until it is resumed.
#[utoipa::path(post, path = "/broadcasts/{id}/pause", tag = "broadcasts",
    operation_id = "broadcasts.pause", params(Key), request_body(content = Option<Nothing>),
    responses((status = 202, body = shape::Broadcast)))]
pub(crate) async fn pause(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    key: Key,
    body: Body<Option<Nothing>>,
) -> Result<Response, Problem> {
    act(&app, &line, &path, &key, &body.bytes, (Action::Pause, None)).await
}

/// Goes on with what is paused, held or stopped.
#[utoipa::path(post, path = "/broadcasts/{id}/resume", tag = "broadcasts",
    operation_id = "broadcasts.resume", params(Key), request_body(content = Option<Nothing>),
    responses((status = 202, body = shape::Broadcast)))]
pub(crate) async fn resume(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    key: Key,
    body: Body<Option<Nothing>>,
) -> Result<Response, Problem> {
    act(&app, &line, &path, &key, &body.bytes, (Action::Resume, None)).await
}

/// Nobody gets it any more.
#[utoipa::path(post, path = "/broadcasts/{id}/cancel", tag = "broadcasts",
    operation_id = "broadcasts.cancel", params(Key), request_body(content = Option<Nothing>),
    responses((status = 202, body = shape::Broadcast)))]
pub(crate) async fn cancel(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    key: Key,
    body: Body<Option<Nothing>>,
) -> Result<Response, Problem> {
    act(&app, &line, &path, &key, &body.bytes, (Action::Cancel, None)).await
}

/// Sends once more to those of whom it is not known whether they got it.
#[utoipa::path(post, path = "/broadcasts/{id}/resend-unresolved", tag = "broadcasts",
    operation_id = "broadcasts.resend-unresolved", params(Key), request_body(content = Option<Nothing>),
    responses((status = 202, body = shape::Broadcast)))]
pub(crate) async fn resend_unresolved(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    key: Key,
    body: Body<Option<Nothing>>,
) -> Result<Response, Problem> {
    act(&app, &line, &path, &key, &body.bytes, (Action::ResendUnresolved, None)).await
}

/// Who lets a broadcast go, why without a second person, and what they read.
type Approver<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a IfMatch>);

/// Moves a broadcast on and wakes the fan-out for what follows.
async fn act(
    app: &App,
    line: &Line,
    path: &HashMap<String, String>,
    key: &Key,
    body: &[u8],
    (action, approver): (Action, Option<Approver<'_>>),
) -> Result<Response, Problem> {
    if let Some(before) = key.answered(app, line, body).await? {
        return Ok(before);
    }
    let now = app.clock.now();
    let mut again = 1..TRIES;
    let (it, changed) = loop {
        let it = find(app, line, path).await?;
        let (to, mut change) = wanted(app, line, &it, action, now).await?;
        if let Some((by, reason, from)) = approver {
            if let Some(from) = from {
                from.check(it.version)?;
                change.version = Some(it.version);
            }
            change.authorship = Some(approval::approve(&it, by, reason, now)?);
        }
        if matches!(action, Action::Approve | Action::Resume | Action::ResendUnresolved) {
            let send_at = it.send_at.map_or(now, |at| at.max(now));
            media::ready_header(app, line, &it.message, send_at, now).await?;
        }
        match app.store.change_broadcast(&line.id, &it.id, it.state, to, change).await {
            // The clock or Meta moved it at the same moment: it may be possible all the same.
            Err(StoreError::Conflict) if again.next().is_some() => {}
            changed => break (it, changed?),
        }
    };
    let state = changed.state.name();
    info!(line.id = %line.id, broadcast.id = %it.id, state, "changed a broadcast");
    if changed.authorship.bypass.is_some() && approver.is_some() {
        warn!(line.id = %line.id, broadcast.id = %it.id, "let go without a second person");
    }
    wake(app, line, &it.id).await;
    // The counters stand apart: what was read a moment ago is nearer than nothing.
    let (counts, counted_at, spent) = (it.counts, it.counted_at, it.spent);
    let changed = Broadcast { counts, counted_at, spent, ..changed };
    let answer = shape::broadcast(&changed, line, now);
    key.answer(app, line, body, StatusCode::ACCEPTED, &answer).await
}

/// What an action makes of a broadcast that stands like this, or why it is not possible.
async fn wanted(
    app: &App,
    line: &Line,
    it: &Broadcast,
    action: Action,
    now: Timestamp,
) -> Result<(Stands, Change), Problem> {
    let to = broadcast::act(it.state, action, false)?;
    if matches!(action, Action::Resume | Action::ResendUnresolved) && is_forgotten(it, line, now) {
        return Err(Problem::conflict(
            "L'invio è cominciato da troppo tempo: non sappiamo più chi l'ha ricevuto. Annullarlo \
             e preparare un nuovo messaggio.",
        ));
    }
    if action == Action::ResendUnresolved {
        let hearing = app.store.hearing(&line.phone_number_id).await?;
        doubt::may_resend(it, &hearing, now)?;
    }
    let change = Change {
        due_at: match to {
            Stands::Scheduled => it.send_at,
            // What is queued or open must be looked at, until nothing is left of it.
            Stands::Sending | Stands::Cancelled => Some(now),
            _ => broadcast::wakes_at(to, None, it.expires_at),
        },
        // It may have been held or stopped before it began.
        started_at: (action == Action::Resume && it.started_at.is_none()).then_some(now),
        resumed_at: (action == Action::Resume).then_some(now),
        new_run: matches!(action, Action::Resume | Action::Cancel | Action::ResendUnresolved),
        plan: (action == Action::ResendUnresolved).then_some(PlanOf::Unresolved),
        ..Change::default()
    };
    Ok((to, change))
}

/// Where a delivery stands.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DeliveryState {
    Waiting,
    Claimed,
    Unresolved,
    Accepted,
    Sent,
    Failed,
    Delivered,
    Read,
    Skipped,
    Cancelled,
}

impl From<DeliveryState> for delivery::State {
    fn from(it: DeliveryState) -> Self {
        match it {
            DeliveryState::Waiting => Self::Waiting,
            DeliveryState::Claimed => Self::Claimed,
            DeliveryState::Unresolved => Self::Unresolved,
            DeliveryState::Accepted => Self::Accepted,
            DeliveryState::Sent => Self::Sent,
            DeliveryState::Failed => Self::Failed,
            DeliveryState::Delivered => Self::Delivered,
            DeliveryState::Read => Self::Read,
            DeliveryState::Skipped => Self::Skipped,
            DeliveryState::Cancelled => Self::Cancelled,
        }
    }
}

/// One row a contact that was worked on, number masked.
#[utoipa::path(get, path = "/broadcasts/{id}/deliveries", tag = "broadcasts",
    operation_id = "broadcasts.deliveries",
    params(PageOf, ("state" = inline(Option<DeliveryState>), Query)),
    responses((status = 200, body = Page<shape::Delivery>)))]
pub(crate) async fn deliveries(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    PageIn { page, state }: PageIn<DeliveryState>,
) -> Result<Json<Page<shape::Delivery>>, Problem> {
    let it = find(&app, &line, &path).await?;
    let state = state.map(delivery::State::from);
    let after = page.cursor.map(ContactId::new);
    let limit = usize::try_from(page.limit).unwrap_or(0);
    let (rows, cursor) =
        app.store.deliveries(&it.id, state.as_slice(), after.as_ref(), limit).await?;
    let ids: Vec<_> = rows.iter().map(|it| it.contact.clone()).collect();
    let known = app.store.recipients(&line.id, &ids).await?;
    let items = rows.iter().map(|it| shape::delivery(it, known.get(&it.contact)));
    Ok(Json(shape::page(items, cursor.map(|it| it.as_str().to_owned()))))
}

pub(super) async fn find(
    app: &App,
    line: &Line,
    path: &HashMap<String, String>,
) -> Result<Broadcast, Problem> {
    let missing = || Problem::not_found("Questo messaggio non esiste.");
    let id = scope::id(path, "id").map(BroadcastId::new).ok_or_else(missing)?;
    app.store.broadcast(&line.id, &id).await?.ok_or_else(missing)
}

/// Whether deliveries may be past their date, or will be before it ends: who was reached would be
/// sent to again.
fn is_forgotten(it: &Broadcast, line: &Line, now: Timestamp) -> bool {
    let hours = 24 * i64::from(line.retention.delivery_days) - 12;
    it.started_at.is_some_and(|at| at + hours.hours() <= now)
}

/// Lets the fan-out look at it now. If the event is lost, the next tick does.
async fn wake(app: &App, line: &Line, id: &BroadcastId) {
    let about =
        BroadcastRef { line: line.id.as_str().to_owned(), broadcast: id.as_str().to_owned() };
    let event = Event { detail_type: FanoutCause::SCHEDULED, detail: about.detail() };
    if let Err(err) = app.bus.publish(event).await {
        warn!(broadcast.id = %id, "the next tick starts the broadcast: {err}");
    }
}

/// The broadcast of the line whose people an audience is, if there is one.
async fn alert(app: &App, line: &Line, asked: &Asked) -> Result<Option<Broadcast>, Problem> {
    let asked = asked.reached_by.as_deref().filter(|it| scope::is_id(it));
    match asked {
        Some(id) => Ok(app.store.broadcast(&line.id, &BroadcastId::new(id)).await?),
        None => Ok(None),
    }
}

/// Whoever is somebody, as the audit log has them: names may be chosen. The key with every permission
/// is nobody in particular.
fn person(caller: &Caller) -> Option<&str> {
    Some(caller.who()).filter(|it| *it != "root")
}

impl Edit {
    /// The draft with what is said in place of what was.
    fn over(self, it: &Broadcast) -> Draft {
        let audience = match &it.audience {
            Audience::All => Asked { all: Some(true), topics: None, reached_by: None },
            Audience::Topics(topics) => {
                let topics = topics.iter().map(|it| it.as_str().to_owned()).collect();
                Asked { topics: Some(topics), all: None, reached_by: None }
            }
            Audience::ReachedBy(alert) => {
                let alert = alert.as_str().to_owned();
                Asked { reached_by: Some(alert), all: None, topics: None }
            }
        };
        let message = Template {
            name: it.message.name.clone(),
            language: it.message.language.clone(),
            parameters: it.message.parameters.clone(),
            header: it.message.header_media_id.clone().map(|media_id| Header { media_id }),
        };
        let priority = match it.priority {
            Priority::Normal => Wanted::Normal,
            Priority::Emergency => Wanted::Emergency,
        };
        Draft {
            title: self.title.unwrap_or_else(|| it.title.clone()),
            audience: self.audience.unwrap_or(audience),
            message: self.message.unwrap_or(Message { template: message }),
            priority: Some(self.priority.unwrap_or(priority)),
            drill: Some(self.drill.unwrap_or(it.drill)),
            free_form_in_window: Some(self.free_form_in_window.unwrap_or(it.free_form_in_window)),
            exclude_recent_hours: self.exclude_recent_hours.unwrap_or(it.exclude_recent_hours),
            send_at: None,
            expires_at: self.expires_at.unwrap_or_else(|| it.expires_at.map(|at| at.to_string())),
        }
    }
}

/// A draft that could be sent, or everything that is wrong with it.
///
/// `alert` is the broadcast of the line whose people it is to go to, if there is one.
fn checked(
    draft: Draft,
    alert: Option<&Broadcast>,
    line: &Line,
    caller: &Caller,
    now: Timestamp,
) -> Result<Broadcast, Problem> {
    let mut errors = Vec::new();
    let title = draft.title.trim();
    if title.is_empty() || title.chars().count() > TITLE_LIMIT {
        let detail = format!("Scrivere un titolo da 1 a {TITLE_LIMIT} caratteri.");
        errors.push(FieldError::new("/title", detail));
    }
    let audience = audience(draft.audience, alert, line, &mut errors);
    let mut message = draft.message.template;
    let is_drill = draft.drill.unwrap_or(false);
    match line.template(&message.name, &message.language) {
        None => {
            let names: Vec<_> = line.templates.iter().map(|it| it.name.as_str()).collect();
            let detail = format!(
                "La linea non ha questo modello in questa lingua. Modelli: {}.",
                names.join(", ")
            );
            errors.push(FieldError::new("/message/template/name", detail));
        }
        Some(template) => {
            if is_drill && !drill::can_say(template, line) {
                errors.push(FieldError::new("/drill", SAYS_NO_DRILL));
            }
            if is_drill {
                message.parameters = drill::mark_first(template, message.parameters);
            }
            if let Err(problems) = template.fill(&message.parameters, line) {
                errors.extend(problems.iter().map(parameter_error));
            }
        }
    }
    let send_at = moment(draft.send_at.as_deref(), "/send_at", &mut errors);
    let expires_at = moment(draft.expires_at.as_deref(), "/expires_at", &mut errors);
    ends_after(expires_at, send_at.unwrap_or(now), &mut errors);
    let priority = match draft.priority {
        Some(Wanted::Emergency) => Priority::Emergency,
        Some(Wanted::Normal) | None => Priority::Normal,
    };
    if let Some(hours) = draft.exclude_recent_hours {
        let problem = match priority {
            Priority::Emergency => Some("In un'emergenza non si esclude nessuno: toglierlo."),
            Priority::Normal => {
                (!(1..=168).contains(&hours)).then_some("Usare un numero da 1 a 168.")
            }
        };
        errors.extend(problem.map(|it| FieldError::new("/exclude_recent_hours", it)));
    }
    let (Some(audience), true) = (audience, errors.is_empty()) else {
        return Err(Problem::invalid(errors));
    };
    let state = if send_at.is_some() {
        alert.map_or(Ok(()), all_clear::may_follow)?;
        let needed = approval::needed(line, priority, send_at.unwrap_or(now));
        broadcast::act(Stands::Draft, Action::Schedule, needed)?
    } else {
        Stands::Draft
    };
    let author = person(caller);
    let bypass =
        send_at.and_then(|at| approval::electoral_bypass(line, priority, (author, None), at));
    Ok(Broadcast {
        id: random::broadcast_id(now),
        line: line.id.clone(),
        title: if is_drill { drill::marked(title) } else { title.to_owned() },
        audience,
        message: TemplateMessage {
            name: message.name,
            language: message.language,
            parameters: message.parameters,
            header_media_id: message.header.map(|it| it.media_id),
        },
        priority,
        drill: is_drill,
        free_form_in_window: draft.free_form_in_window.unwrap_or(false),
        state,
        reason: None,
        created_at: now,
        send_at,
        expires_at,
        started_at: None,
        resumed_at: None,
        due_at: send_at.filter(|_| state == Stands::Scheduled),
        finished_at: None,
        run: 0,
        plan: Plan::default(),
        counts: Counts::default(),
        counted_at: None,
        spent: Spent::default(),
        version: 0,
        authorship: Authorship {
            author: author.map(str::to_owned),
            bypass,
            ..Authorship::default()
        },
        exclude_recent_hours: draft.exclude_recent_hours,
        tests: 0,
    })
}

fn audience(
    asked: Asked,
    alert: Option<&Broadcast>,
    line: &Line,
    errors: &mut Vec<FieldError>,
) -> Option<Audience> {
    let topics = match (asked.topics, asked.all, asked.reached_by) {
        (None, Some(true), None) => return Some(Audience::All),
        (None, None | Some(false), Some(_)) => return reached_by(alert, errors),
        (Some(topics), None | Some(false), None) if !topics.is_empty() => topics,
        _ => {
            let detail = "Indicare gli argomenti in topics, oppure all: true per tutti, oppure in \
                          reached_by il messaggio di cui raggiungere di nuovo le persone.";
            errors.push(FieldError::new("/audience", detail));
            return None;
        }
    };
    let known: Vec<_> = line.topics.iter().map(|it| it.id.as_str()).collect();
    let unknown = topics.iter().enumerate().filter(|(_, it)| !known.contains(&it.as_str()));
    for (n, _) in unknown {
        let detail = format!("La linea non ha questo argomento. Argomenti: {}.", known.join(", "));
        errors.push(FieldError::new(format!("/audience/topics/{n}"), detail));
    }
    let mut topics: Vec<_> = topics.into_iter().map(TopicId::new).collect();
    topics.sort();
    topics.dedup();
    Some(Audience::Topics(topics))
}

fn reached_by(alert: Option<&Broadcast>, errors: &mut Vec<FieldError>) -> Option<Audience> {
    let problem = match alert.map(|it| (it, all_clear::may_follow(it))) {
        None => "La linea non ha questo messaggio.".to_owned(),
        Some((_, Err(why @ NoAllClear::NeverSent))) => why.to_string(),
        // An all-clear may be written while the alert is under way, and sent when it is over.
        Some((it, _)) => return Some(Audience::ReachedBy(it.id.clone())),
    };
    errors.push(FieldError::new("/audience/reached_by", problem));
    None
}

pub(super) fn parameter_error(problem: &domain::line::ParameterProblem) -> FieldError {
    let pointer = format!("/message/template/parameters/{}", problem.name());
    FieldError::new(pointer, problem.to_string())
}

pub(super) fn moment(
    text: Option<&str>,
    pointer: &str,
    errors: &mut Vec<FieldError>,
) -> Option<Timestamp> {
    let Ok(at) = text?.parse::<Timestamp>() else {
        let detail = "Scrivere data e ora in RFC 3339 con il fuso: 2026-11-22T09:00:00+01:00.";
        errors.push(FieldError::new(pointer, detail));
        return None;
    };
    // Before time zones, Rome was 49 minutes and 56 seconds ahead, which RFC 3339 cannot say.
    if !YEARS.contains(&at.to_zoned(TimeZone::UTC).year()) {
        errors.push(FieldError::new(pointer, "Scrivere una data dal 2000 al 2199."));
        return None;
    }
    Some(at)
}

fn ends_after(expires_at: Option<Timestamp>, starts: Timestamp, errors: &mut Vec<FieldError>) {
    if expires_at.is_some_and(|at| at <= starts) {
        let detail = "La scadenza deve venire dopo l'invio.";
        errors.push(FieldError::new("/expires_at", detail));
    }
}
