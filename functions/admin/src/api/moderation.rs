// SPDX-License-Identifier: EUPL-1.2
//! Moderation: blocks and their undoing, deleted messages, report packs, and what was done so far.
//!
//! What makes a repetition harmless: a measure is written together with what it changes, and only
//! once; the person is told by a row that is claimed before it is sent; Meta blocks whom it has
//! blocked already.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use domain::access::Scope;
use domain::contact::Contact;
use domain::ids::{ContactId, MeasureId};
use domain::line::{Line, Rule};
use domain::moderation::{
    self, Act, AtMeta, Level, Lifted, MOST_DAYS, MOST_REPORTED, Measure, Recipient, Reported,
};
use domain::phone::Phone;
use domain::reply;
use jiff::{Timestamp, ToSpan};
use platform::random;
use serde::{Deserialize, Serialize};
use store::{Blocking, Deleting, EntryContent, MessageKey, NewEntry, Reporting, StoreError, keys};
use tracing::{info, warn};
use utoipa::ToSchema;
use whatsapp::graph::To;

use super::body::Body;
use super::broadcasts::moment;
use super::caller::{Caller, needs};
use super::once::{self, Key};
use super::problem::{FieldError, Problem};
use super::routes::{Routes, routes};
use super::scope::{self, OfLine, PageIn, PageOf};
use super::shape::{self, Page, Time};
use super::{consent, contacts, conversations, media};
use crate::App;

/// Times a block is decided anew because the person writes at the same time.
const TRIES: usize = 3;

/// What an operator writes of a measure.
const REASON_LIMIT: usize = 1000;

/// A report pack is there for so many days.
const PACK_DAYS: i64 = 180;

type Ids = Path<HashMap<String, String>>;

pub(crate) fn routes() -> Routes {
    let desk = routes!(block, unblock, delete_message, report);
    let seen = routes!(list, pack, files);
    needs(&[Scope::Desk], desk).merge(needs(&[Scope::Desk, Scope::Privacy], seen))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewBlock, example = json!({
    "rule": "spam",
    "reason": "Venti annunci in un'ora, dopo un avvertimento.",
    "until": "2026-12-24T09:00:00+01:00",
    "level": "mute",
}))]
pub(crate) struct NewBlock {
    /// The id of a rule of the line's policy.
    rule: String,
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
    /// When it ends by itself: at most 365 days ahead.
    #[schema(format = DateTime)]
    until: String,
    /// `mute` if not said.
    level: Option<LevelName>,
}

/// `mute`: we do not answer. `meta`: WhatsApp takes no message of theirs for us either.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum LevelName {
    Mute,
    Meta,
}

/// One act of moderation.
#[derive(Serialize, ToSchema)]
#[schema(as = Measure)]
pub(crate) struct Shown {
    id: String,
    contact: String,
    /// Masked; null once the person was erased.
    #[schema(example = "+39 333 *** 0001")]
    number: Option<String>,
    at: Time,
    /// `block`, `deletion` or `report`.
    #[schema(example = "block")]
    act: &'static str,
    rule: RuleShown,
    reason: String,
    operator: String,
    block: Option<BlockShown>,
    deletion: Option<DeletionShown>,
    report: Option<ReportShown>,
}

#[derive(Serialize, ToSchema)]
struct RuleShown {
    id: String,
    words: String,
}

#[derive(Serialize, ToSchema)]
struct BlockShown {
    level: LevelName,
    until: Time,
    /// Whether it holds now.
    holds: bool,
    /// Where WhatsApp was asked to block as well.
    at_whatsapp: Option<AtWhatsApp>,
    /// When the person asked for a review.
    objected_at: Option<Time>,
    lifted_at: Option<Time>,
    lifted_by: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct AtWhatsApp {
    /// `blocked`, `too-late`, `refused`, `lifted`
    #[schema(example = "blocked")]
    state: &'static str,
    /// In plain Italian.
    detail: &'static str,
}

#[derive(Serialize, ToSchema)]
struct DeletionShown {
    message: String,
}

#[derive(Serialize, ToSchema)]
struct ReportShown {
    messages: usize,
    recipient: RecipientName,
    /// Of the pack's bytes, in hexadecimal.
    sha256: String,
    expires_at: Time,
}

fn shown(it: &Measure, contact: Option<&Contact>, now: Timestamp) -> Shown {
    let (mut block, mut deletion, mut report) = (None, None, None);
    match &it.act {
        Act::Block { level, until, meta, objected_at, lifted } => {
            block = Some(BlockShown {
                level: match level {
                    Level::Mute => LevelName::Mute,
                    Level::Meta => LevelName::Meta,
                },
                until: shape::time(*until),
                holds: it.holds(now),
                at_whatsapp: meta.map(|it| AtWhatsApp { state: it.name(), detail: it.words() }),
                objected_at: objected_at.map(shape::time),
                lifted_at: lifted.as_ref().map(|it| shape::time(it.at)),
                lifted_by: lifted.as_ref().map(|it| it.by.clone()),
            });
        }
        Act::Deletion { message } => deletion = Some(DeletionShown { message: message.clone() }),
        Act::Report { messages, recipient, sha256, expires_at } => {
            report = Some(ReportShown {
                messages: *messages,
                recipient: match recipient {
                    Recipient::Platform => RecipientName::Platform,
                    Recipient::Authorities => RecipientName::Authorities,
                },
                sha256: sha256.clone(),
                expires_at: shape::time(*expires_at),
            });
        }
    }
    Shown {
        id: it.id.as_str().to_owned(),
        contact: it.contact.as_str().to_owned(),
        number: contact.and_then(|it| it.phone.as_ref()).map(Phone::masked),
        at: shape::time(it.at),
        act: it.act.name(),
        rule: RuleShown { id: it.rule.id.clone(), words: it.rule.words.clone() },
        reason: it.reason.clone(),
        operator: it.by.clone(),
        block,
        deletion,
        report,
    }
}

/// Blocks somebody until a date, for a rule of the policy. They are told, with the rule, the date
/// and how to ask for a review: now, or at their next message where WhatsApp allows nothing now.
#[utoipa::path(post, path = "/contacts/{id}/block", tag = "moderation",
    operation_id = "contacts.block", params(Key), request_body = NewBlock,
    responses((status = 201, body = Shown)))]
pub(crate) async fn block(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    caller: Caller,
    key: Key,
    body: Body<NewBlock>,
) -> Result<Response, Problem> {
    let found = contacts::find(&app, &line, &path, "id").await?;
    if let Some(before) = key.answered(&app, &line, &body.bytes).await? {
        return Ok(before);
    }
    let now = app.clock.now();
    let (rule, reason, until) = checked(&body.value, &line, now)?;
    let level = match body.value.level {
        Some(LevelName::Meta) => Level::Meta,
        Some(LevelName::Mute) | None => Level::Mute,
    };
    let name = MessageKey::new(key.hash().map_or_else(random::key, str::to_owned));
    for _ in 0..TRIES {
        let loaded = app.store.load_contact(&line.id, &found.id).await?;
        let loaded = loaded.ok_or_else(|| Problem::not_found("Questo contatto non esiste."))?;
        let contact = &loaded.contact;
        // The same request died before it could answer: what is left of it is done.
        if let Some(held) = contact.blocked.as_ref().filter(|it| ends_in(&it.measure, &name)) {
            let measure = app.store.measure(&line.id, &held.measure).await?;
            let measure = measure.ok_or(StoreError::Corrupt("measure"))?;
            return finish(&app, &line, contact, measure, (&key, &body.bytes, &name), now).await;
        }
        let act = Act::Block { level, until, meta: None, objected_at: None, lifted: None };
        let measure = Measure {
            id: keys::measure_id(now.as_millisecond(), &name),
            contact: contact.id.clone(),
            at: now,
            act,
            rule: rule.clone(),
            reason: reason.clone(),
            by: caller.name().to_owned(),
        };
        let Some(blocked) = moderation::block(contact, &measure, &line, now) else {
            return Err(Problem::conflict(
                "Questa persona è già bloccata: per cambiare il blocco, toglierlo e rimetterlo.",
            ));
        };
        let notice = blocked.reply.map(|it| NewEntry {
            row: notice_row(&measure, &name),
            at: now,
            content: EntryContent::Out(reply::render(&it, &line, now)),
            expires_at: now + (24 * i64::from(line.retention.chat_days)).hours(),
            operator: Some(caller.name().to_owned()),
        });
        let blocking = Blocking {
            line: &line.id,
            loaded: &loaded,
            contact: &blocked.contact,
            measure: &measure,
            event: blocked.event.as_ref().map(|it| (it, &name)),
            notice,
            now,
        };
        match app.store.block(blocking).await {
            Ok(()) => {
                info!(line.id = %line.id, contact.id = %contact.id, "blocked");
                if let Some(event) = &blocked.event {
                    consent::tell(&app, &line, &event.change).await;
                }
                let request = (&key, &body.bytes[..], &name);
                return finish(&app, &line, &blocked.contact, measure, request, now).await;
            }
            Err(StoreError::Conflict) => {}
            Err(err) => return Err(err.into()),
        }
    }
    Err(StoreError::Conflict.into())
}

fn ends_in(measure: &MeasureId, name: &MessageKey) -> bool {
    measure.as_str().ends_with(&format!("-{}", name.as_str()))
}

fn notice_row(measure: &Measure, name: &MessageKey) -> String {
    keys::row(measure.at.as_millisecond(), name, "out")
}

/// What follows a block that is written down: the person is told, the conversation leaves the
/// desk's list, and Meta is asked, in this order: afterwards nothing could be sent any more.
async fn finish(
    app: &App,
    line: &Line,
    contact: &Contact,
    mut measure: Measure,
    (key, body, name): (&Key, &[u8], &MessageKey),
    now: Timestamp,
) -> Result<Response, Problem> {
    if contact.blocked.as_ref().is_some_and(|it| it.told) {
        let row = notice_row(&measure, name);
        match conversations::deliver(app, line, contact, &row, now).await {
            Ok(()) => {}
            // Asked again under the same key, it goes on from here.
            Err(problem) if problem.passes() => return Err(problem),
            // What Meta does with the notice is in its row; the block holds all the same.
            Err(problem) => {
                warn!(line.id = %line.id, status = problem.status(), "notice of a block not sent");
            }
        }
    }
    app.store.settle_conversation(&line.id, &contact.id, "closed", now).await?;
    if let Act::Block { level: Level::Meta, meta: meta @ None, .. } = &mut measure.act {
        let stands = ask_meta(app, line, contact).await;
        app.store.note_at_meta(&line.id, &measure.id, stands).await?;
        *meta = Some(stands);
    }
    let shown = shown(&measure, Some(contact), now);
    key.answer(app, line, body, StatusCode::CREATED, &shown).await
}

async fn ask_meta(app: &App, line: &Line, contact: &Contact) -> AtMeta {
    let token = app.apps.access_token(&line.app);
    let (Some(to), Some(token)) = (to(contact), token) else { return AtMeta::Refused };
    app.graph.block(&token, &line.phone_number_id, to).await
}

fn to(contact: &Contact) -> Option<To<'_>> {
    let phone = contact.phone.as_ref().map(To::Phone);
    phone.or_else(|| contact.user_id.as_ref().map(To::UserId))
}

/// What lifting a block gave back.
#[derive(Serialize, ToSchema)]
pub(crate) struct Unblocked {
    contact: shape::Contact,
    /// In plain Italian. Nobody is subscribed again but by themselves.
    gives_back: String,
}

/// Ends a block before its time.
#[utoipa::path(delete, path = "/contacts/{id}/block", tag = "moderation",
    operation_id = "contacts.unblock", responses((status = 200, body = Unblocked),
        (status = 502, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn unblock(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    caller: Caller,
) -> Result<Json<Unblocked>, Problem> {
    let found = contacts::find(&app, &line, &path, "id").await?;
    let now = app.clock.now();
    for _ in 0..TRIES {
        let loaded = app.store.load_contact(&line.id, &found.id).await?;
        let loaded = loaded.ok_or_else(|| Problem::not_found("Questo contatto non esiste."))?;
        let before = &loaded.contact;
        let Some(held) = &before.blocked else {
            return Err(Problem::conflict("Questa persona non è bloccata."));
        };
        let measure = app.store.measure(&line.id, &held.measure).await?;
        if let Some(Act::Block { meta: Some(AtMeta::Blocked), .. }) = measure.map(|it| it.act) {
            let token = app.apps.access_token(&line.app);
            let (Some(to), Some(token)) = (to(before), token) else {
                return Err(Problem::conflict("Non conosciamo più un numero da sbloccare."));
            };
            let lifted = app.graph.unblock(&token, &line.phone_number_id, to).await;
            if let Err(failure) = lifted {
                warn!(line.id = %line.id, "not unblocked: {failure}");
                return Err(Problem::refused_by_meta(
                    "WhatsApp non ha tolto il blocco: riprovare tra poco.".to_owned(),
                ));
            }
            app.store.note_at_meta(&line.id, &held.measure, AtMeta::Lifted).await?;
        }
        let contact = Contact { blocked: None, ..before.clone() };
        let lifted = Lifted { at: now, by: caller.name().to_owned() };
        match app.store.unblock(&line.id, &loaded, &contact, &held.measure, &lifted).await {
            Ok(()) => {
                info!(line.id = %line.id, contact.id = %contact.id, "unblocked");
                return Ok(Json(Unblocked {
                    contact: shape::contact(&contact),
                    gives_back: moderation::given_back(before, &line),
                }));
            }
            Err(StoreError::Conflict) => {}
            Err(err) => return Err(err.into()),
        }
    }
    Err(StoreError::Conflict.into())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDeletion, example = json!({
    "message": "0001795507260000#4f0c2b7de1#in",
    "rule": "spam",
    "reason": "Pubblicità.",
}))]
pub(crate) struct NewDeletion {
    /// Its id in this conversation.
    message: String,
    /// The id of a rule of the line's policy.
    rule: String,
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Deletes the words and files of a citizen's message. No copy is left but in a report that was
/// made before. When it came, and by which rule it went, stays.
///
/// Where the file's bytes cannot be removed now, nothing leads to them any more, and the night
/// tries again.
#[utoipa::path(post, path = "/conversations/{contact}/delete",
    tag = "moderation", operation_id = "conversations.delete_message",
    request_body = NewDeletion, responses((status = 200, body = Shown)))]
pub(crate) async fn delete_message(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    caller: Caller,
    body: Body<NewDeletion>,
) -> Result<Json<Shown>, Problem> {
    let contact = contacts::find(&app, &line, &path, "contact").await?;
    let (row, now) = (&body.value.message, app.clock.now());
    let mut errors = Vec::new();
    let found = if scope::is_id(row) { entry(&app, &line, &contact, row).await? } else { None };
    if found.is_none() {
        let detail = "Questo messaggio non c'è in questa conversazione.";
        errors.push(FieldError::new("/message", detail));
    }
    let rule = rule(&body.value.rule, &line, &mut errors);
    let reason = words(&body.value.reason, &mut errors);
    let (Some(rule), Some((chat, entry)), true) = (rule, found, errors.is_empty()) else {
        return Err(Problem::invalid(errors));
    };
    if entry.direction != store::Direction::In || entry.deleted.is_some() {
        return Err(Problem::conflict(
            "Si cancellano i messaggi del cittadino, ognuno una volta sola.",
        ));
    }
    let measure = Measure {
        id: keys::measure_id(now.as_millisecond(), &MessageKey::new(random::key())),
        contact: contact.id.clone(),
        at: now,
        act: Act::Deletion { message: row.clone() },
        rule,
        reason,
        by: caller.name().to_owned(),
    };
    let file = match entry.media.and_then(|it| it.file) {
        Some(id) => app.store.file(&line.id, &id).await?,
        None => None,
    };
    let (chat, file, measure) = (&chat, file.as_ref(), &measure);
    app.store.delete_message(Deleting { line: &line.id, chat, row, file, measure }).await?;
    info!(line.id = %line.id, contact.id = %contact.id, "deleted a message");
    if let Err(problem) = media::clear(&app, &line).await {
        warn!(line.id = %line.id, status = problem.status(), "files are left for the night");
    }
    Ok(Json(shown(measure, Some(&contact), now)))
}

/// A message of the contact's, and under whose id it is: that of somebody merged into it, too.
async fn entry(
    app: &App,
    line: &Line,
    contact: &Contact,
    row: &str,
) -> Result<Option<(ContactId, store::Entry)>, Problem> {
    for id in std::iter::once(&contact.id).chain(&contact.former_ids) {
        if let Some(entry) = app.store.entry(&line.id, id, row).await? {
            return Ok(Some((id.clone(), entry)));
        }
    }
    Ok(None)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReport, example = json!({
    "messages": ["0001795507260000#4f0c2b7de1#in"],
    "rule": "minacce",
    "reason": "Minacce a un'impiegata, dopo un avvertimento.",
    "recipient": "authorities",
}))]
pub(crate) struct NewReport {
    /// Ids of messages of this conversation.
    #[schema(min_items = 1, max_items = 20)]
    messages: Vec<String>,
    /// The id of a rule of the line's policy.
    rule: String,
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
    recipient: RecipientName,
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum RecipientName {
    Platform,
    Authorities,
}

/// Makes a report pack for WhatsApp or the authorities: the chosen messages with their dates, the
/// rule and the hashes. It is there to be downloaded for 180 days, and what the messages brought is
/// kept with it.
#[utoipa::path(post, path = "/conversations/{contact}/report", tag = "moderation",
    operation_id = "conversations.report", params(Key), request_body = NewReport,
    responses((status = 201, body = Shown)))]
pub(crate) async fn report(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    caller: Caller,
    key: Key,
    body: Body<NewReport>,
) -> Result<Response, Problem> {
    let contact = contacts::find(&app, &line, &path, "contact").await?;
    if let Some(before) = key.answered(&app, &line, &body.bytes).await? {
        return Ok(before);
    }
    let (asked, now) = (&body.value, app.clock.now());
    let mut errors = Vec::new();
    let rule = rule(&asked.rule, &line, &mut errors);
    let reason = words(&asked.reason, &mut errors);
    if !(1..=MOST_REPORTED).contains(&asked.messages.len()) {
        let detail = format!("Indicare da 1 a {MOST_REPORTED} messaggi.");
        errors.push(FieldError::new("/messages", detail));
    }
    let (mut messages, mut files) = (Vec::new(), Vec::new());
    for (n, row) in asked.messages.iter().enumerate().take(MOST_REPORTED) {
        let found = if scope::is_id(row) { entry(&app, &line, &contact, row).await? } else { None };
        match found {
            Some((_, it)) if it.deleted.is_none() => {
                let file = it.media.as_ref().and_then(|it| it.file.clone());
                let hash = match &file {
                    Some(id) => media::hash_of(&app, &line, id, now).await?,
                    None => None,
                };
                files.extend(file.filter(|_| hash.is_some()));
                messages.push(Reported {
                    id: it.row,
                    at: it.at,
                    is_theirs: it.direction == store::Direction::In,
                    kind: it.kind,
                    text: it.text,
                    file_name: it.media.and_then(|it| it.file_name),
                    file_sha256: hash,
                });
            }
            _ => {
                let detail = "Questo messaggio non c'è, o è stato cancellato.";
                errors.push(FieldError::new(format!("/messages/{n}"), detail));
            }
        }
    }
    let (Some(rule), true) = (rule, errors.is_empty()) else {
        return Err(Problem::invalid(errors));
    };
    messages.sort_by(|a, b| a.id.cmp(&b.id));
    messages.dedup_by(|a, b| a.id == b.id);
    // One item may be written once in a transaction.
    files.sort_unstable();
    files.dedup();
    let recipient = match asked.recipient {
        RecipientName::Platform => Recipient::Platform,
        RecipientName::Authorities => Recipient::Authorities,
    };
    let act = |sha256: String| Act::Report {
        messages: messages.len(),
        recipient,
        sha256,
        expires_at: now + (24 * PACK_DAYS).hours(),
    };
    let measure = Measure {
        id: keys::measure_id(now.as_millisecond(), &MessageKey::new(random::key())),
        contact: contact.id.clone(),
        at: now,
        act: act(String::new()),
        rule,
        reason,
        by: caller.name().to_owned(),
    };
    let pack = moderation::pack(&line, &contact, &measure, recipient, &messages);
    let measure = Measure { act: act(pack.sha256), ..measure };
    let answer = shown(&measure, Some(&contact), now);
    let once = once::once(&app, &body.bytes, StatusCode::CREATED, &answer);
    let kept = key.hash().map(|it| (it, &once));
    let reporting = Reporting {
        line: &line.id,
        measure: &measure,
        pack: &pack.text,
        files: &files,
        once: kept,
        now,
    };
    match app.store.keep_report(reporting).await {
        Ok(()) => Ok(once::json(StatusCode::CREATED, once.answer)),
        // The same request at the same time was faster.
        Err(StoreError::Conflict) => {
            let before = key.answered(&app, &line, &body.bytes).await?;
            before.ok_or_else(|| StoreError::Conflict.into())
        }
        Err(err) => Err(err.into()),
    }
}

/// Which measures: `held` are the blocks that hold now, `past` all others.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MeasureState {
    Held,
    Past,
}

/// What was done, the latest first.
#[utoipa::path(get, path = "/moderation", tag = "moderation", operation_id = "moderation.list",
    params(PageOf, ("state" = inline(Option<MeasureState>), Query)),
    responses((status = 200, body = Page<Shown>)))]
pub(crate) async fn list(
    State(app): State<App>,
    OfLine(line): OfLine,
    PageIn { page, state }: PageIn<MeasureState>,
) -> Result<Json<Page<Shown>>, Problem> {
    let holds = state.map(|it| matches!(it, MeasureState::Held));
    let before = page.cursor.map(MeasureId::new);
    let (limit, now) = (usize::try_from(page.limit).unwrap_or(0), app.clock.now());
    let found = app.store.measures(&line.id, holds, before.as_ref(), limit, now).await?;
    let ids: Vec<_> = found.iter().map(|it| it.contact.clone()).collect();
    let known = app.store.recipients(&line.id, &ids).await?;
    let cursor = found.last().filter(|_| found.len() == limit).map(|it| it.id.to_string());
    let items = found.iter().map(|it| shown(it, known.get(&it.contact), now));
    Ok(Json(shape::page(items, cursor)))
}

/// The report pack of a measure, byte for byte as it was sealed: its SHA-256 is the measure's.
#[utoipa::path(get, path = "/moderation/{measure}/pack", tag = "moderation",
    operation_id = "moderation.pack",
    responses((status = 200, content_type = "application/json", body = Object)))]
pub(crate) async fn pack(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Response, Problem> {
    let pack = find_pack(&app, &line, &path).await?;
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CONTENT_DISPOSITION, "attachment; filename=\"segnalazione.json\""),
    ];
    Ok((headers, pack.text).into_response())
}

/// A file of a report, with an address of its bytes.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReportedFile {
    id: String,
    #[schema(example = "image/jpeg")]
    mime_type: String,
    #[schema(example = "immagine.jpg")]
    file_name: String,
    /// Good for a minute, without a key; not to be kept.
    url: String,
    url_expires_at: Time,
}

/// The files of a report, also of messages that were deleted since. They go with the pack.
#[utoipa::path(get, path = "/moderation/{measure}/files", tag = "moderation",
    operation_id = "moderation.files", responses((status = 200, body = Page<ReportedFile>)))]
pub(crate) async fn files(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Json<Page<ReportedFile>>, Problem> {
    let now = app.clock.now();
    let mut items = Vec::new();
    for id in find_pack(&app, &line, &path).await?.files {
        let Some(file) = app.store.file(&line.id, &id).await? else { continue };
        if let Some(address) = media::address_of(&app, &line, &file, now) {
            items.push(ReportedFile {
                id: id.as_str().to_owned(),
                mime_type: file.mime,
                file_name: file.name,
                url: address.url,
                url_expires_at: shape::time(address.expires_at),
            });
        }
    }
    Ok(Json(shape::page(items, None)))
}

async fn find_pack(
    app: &App,
    line: &Line,
    path: &HashMap<String, String>,
) -> Result<store::Pack, Problem> {
    let missing = || {
        Problem::not_found(
            "Questo fascicolo non esiste, è scaduto, o la persona è stata cancellata.",
        )
    };
    let id = scope::id(path, "measure").map(MeasureId::new).ok_or_else(missing)?;
    app.store.pack(&line.id, &id, app.clock.now()).await?.ok_or_else(missing)
}

fn checked(
    asked: &NewBlock,
    line: &Line,
    now: Timestamp,
) -> Result<(Rule, String, Timestamp), Problem> {
    let mut errors = Vec::new();
    let rule = rule(&asked.rule, line, &mut errors);
    let reason = words(&asked.reason, &mut errors);
    let until = moment(Some(&asked.until), "/until", &mut errors);
    if until.is_some_and(|it| it <= now || it > now + (24 * MOST_DAYS).hours()) {
        let detail = format!("Scrivere una data futura, entro {MOST_DAYS} giorni.");
        errors.push(FieldError::new("/until", detail));
    }
    match (rule, until) {
        (Some(rule), Some(until)) if errors.is_empty() => Ok((rule, reason, until)),
        _ => Err(Problem::invalid(errors)),
    }
}

fn rule(id: &str, line: &Line, errors: &mut Vec<FieldError>) -> Option<Rule> {
    let found = line.moderation.rule(id).cloned();
    if found.is_none() {
        let known: Vec<_> = line.moderation.rules.iter().map(|it| it.id.as_str()).collect();
        let detail = format!("Citare una regola della policy: {}.", known.join(", "));
        errors.push(FieldError::new("/rule", detail));
    }
    found
}

fn words(given: &str, errors: &mut Vec<FieldError>) -> String {
    let given = given.trim();
    if !(1..=REASON_LIMIT).contains(&given.chars().count()) {
        let detail = format!("Scrivere un testo da 1 a {REASON_LIMIT} caratteri.");
        errors.push(FieldError::new("/reason", detail));
    }
    given.to_owned()
}
