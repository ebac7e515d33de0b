// SPDX-License-Identifier: EUPL-1.2
//! Files: what citizens sent, opened by an address that is good for a minute; what the office sends,
//! brought here first and checked.
//!
//! An answer of ours holds at most 6 MB on AWS, so the bytes of a file never pass through this API on
//! their way out, and on their way in only those of small ones.

use std::collections::HashMap;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::access::Scope;
use domain::broadcast::TemplateMessage;
use domain::contact::Contact;
use domain::conversation::window_is_open;
use domain::failure::{self, Failure};
use domain::ids::{ContactId, FileId};
use domain::line::{HeaderFormat, HeaderProblem, Line};
use domain::media::{
    self, File, HEAD_BYTES, Kind, Refusal, Safety, State as Stands, says_something,
};
use domain::message::{Attached, HeaderMedia};
use domain::moderation::sha256;
use domain::reply::length;
use domain::submission;
use jiff::{Timestamp, ToSpan};
use platform::apps::AccessToken;
use platform::media::{Address, FilesError};
use platform::random;
use serde::{Deserialize, Serialize};
use store::{EntryContent, MessageKey, NewEntry, StoreError, incoming, keys, object};
use tracing::{error, info, warn};
use utoipa::ToSchema;
use whatsapp::files::{NotNow, NotSent, Way};

use super::body::Body;
use super::caller::{Caller, needs};
use super::conversations;
use super::once::Key;
use super::problem::{FieldError, Problem};
use super::routes::{Routes, routes};
use super::scope::{self, OfLine};
use super::shape;
use super::{contacts, once};
use crate::App;

/// Larger ones are brought to an address of their own. Lambda takes 6 MB, in base64.
const MAX_SMALL_BYTES: usize = 4 * 1024 * 1024;

/// Who opens a file waits for so long until Meta gives it.
const FETCH_WITHIN: Duration = Duration::from_secs(15);

/// Source: Cloud API, media messages.
const CAPTION_LIMIT: usize = 1024;

/// A header's file must be good for all of a broadcast, which may be paused for a day.
const HEADER_MARGIN_HOURS: i64 = 24;

const NOT_OURS: &str = "La linea non ha questo file, o non è ancora completo: caricarlo prima con \
                        POST /media.";
const PERSONAL: &str = "Questo file è stato mandato a una persona sola. Se è per tutti, caricarlo \
                        di nuovo con POST /media.";

type Ids = Path<HashMap<String, String>>;

pub(super) fn routes() -> Routes {
    let opened = routes!(show, answer);
    let small = routes!(upload).map(|it| it.route_layer(DefaultBodyLimit::max(MAX_SMALL_BYTES)));
    let brought = routes!(announce, complete).merge(small);
    needs(&[Scope::Desk], opened).merge(needs(&[Scope::Desk, Scope::BroadcastWrite], brought))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum FileState {
    /// It is on its way: from WhatsApp, or from who announced it.
    Waiting,
    Kept,
    /// It is not here and will not be; `reason` says why.
    Refused,
}

/// A file, with an address for its bytes while it is here.
#[derive(Serialize, ToSchema)]
pub(crate) struct MediaFile {
    id: String,
    /// Meta's type of message.
    #[schema(schema_with = kinds)]
    kind: &'static str,
    /// As it was declared.
    #[schema(example = "image/jpeg")]
    mime_type: String,
    #[schema(example = "immagine.jpg")]
    file_name: String,
    at: shape::Time,
    /// When it goes.
    expires_at: shape::Time,
    state: FileState,
    bytes: Option<u64>,
    /// `inline` may be shown in a page, `download` is to be saved, `unsafe` too, with `warning`.
    /// `inline`, `download` or `unsafe`; null until it is here.
    #[schema(example = "inline")]
    safety: Option<&'static str>,
    warning: Option<&'static str>,
    reason: Option<String>,
    /// Good for a minute, without a key; not to be kept.
    url: Option<String>,
    url_expires_at: Option<shape::Time>,
}

fn kinds() -> utoipa::openapi::Object {
    shape::names(Kind::ALL.map(Kind::name))
}

/// A file and an address of its bytes. One that WhatsApp still has is fetched first.
#[utoipa::path(get, path = "/media/{id}", tag = "media", operation_id = "media.show",
    responses((status = 200, body = MediaFile)))]
pub(crate) async fn show(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Json<MediaFile>, Problem> {
    let now = app.clock.now();
    let mut file = find(&app, &line, &path).await?;
    if file.source.is_some() && file.state == Stands::Waiting {
        file.state = fetched(&app, &line, &file, now).await?;
    }
    let mut shown = shape_of(&file, &line);
    if let Some(address) = address_of(&app, &line, &file, now) {
        shown.url = Some(address.url);
        shown.url_expires_at = Some(shape::time(address.expires_at));
    }
    Ok(Json(shown))
}

/// An address of a file's bytes, if they are here.
pub(super) fn address_of(app: &App, line: &Line, file: &File, now: Timestamp) -> Option<Address> {
    let Stands::Kept { safety, .. } = file.state else { return None };
    let content_type = media::served_as(&file.mime, safety);
    let how = media::disposition(file.kind, &file.mime, safety);
    let object = object(&line.id, &file.id);
    Some(app.files.address(&object, content_type, &how, now))
}

/// SHA-256 of the bytes of a citizen's file. One that WhatsApp still has is fetched first; `None`
/// if they are not here then.
pub(super) async fn hash_of(
    app: &App,
    line: &Line,
    id: &FileId,
    now: Timestamp,
) -> Result<Option<String>, Problem> {
    let Some(mut file) = app.store.file(&line.id, id).await? else { return Ok(None) };
    if file.state == Stands::Waiting {
        file.state = fetched(app, line, &file, now).await?;
    }
    if !matches!(file.state, Stands::Kept { .. }) {
        return Ok(None);
    }
    let bytes = app.files.read(&object(&line.id, id)).await?;
    Ok(bytes.map(|it| sha256(&it)))
}

/// How a file stands after one more try to get it.
async fn fetched(app: &App, line: &Line, file: &File, now: Timestamp) -> Result<Stands, Problem> {
    let object = object(&line.id, &file.id);
    let state = if file.can_be_fetched(now) {
        let Some(token) = app.apps.access_token(&line.app) else { return Ok(Stands::Waiting) };
        let (graph, number) = (&*app.graph, &line.phone_number_id);
        let way = Way { graph, token: &token, number, files: &app.files };
        match way.fetch(file, &object, &line.media, FETCH_WITHIN).await {
            Ok(state) => state,
            Err(NotNow::Meta(failure)) => {
                warn!(line.id = %line.id, "a file is left for later: {failure}");
                return Ok(Stands::Waiting);
            }
            Err(NotNow::Files(err)) => return Err(err.into()),
        }
    } else {
        Stands::Refused(Refusal::Lost.slug().to_owned())
    };
    if app.store.settle_file(&line.id, &file.id, &state).await? {
        Ok(state)
    } else {
        // The person was erased meanwhile.
        app.files.remove(&object).await?;
        Err(missing())
    }
}

/// Brings a small file, of at most 4 MB: its bytes as the body, its type as `Content-Type`, its name in
/// `Content-Disposition` (RFC 6266).
#[utoipa::path(post, path = "/media", tag = "media", operation_id = "media.upload",
    params(Key, ("Content-Disposition" = Option<String>, Header,
        example = "attachment; filename=\"avviso.pdf\"")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream",
        description = "The bytes; `Content-Type` is the file's own, `application/pdf` for instance."),
    responses((status = 201, body = MediaFile)))]
pub(crate) async fn upload(
    State(app): State<App>,
    OfLine(line): OfLine,
    key: Key,
    body: SmallFile,
) -> Result<Response, Problem> {
    let SmallFile { mime, name, bytes } = body;
    if let Some(before) = key.answered(&app, &line, &bytes).await? {
        return Ok(before);
    }
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let known = media::check_upload(&mime, name.as_deref(), bytes.len() as u64, head);
    let known = known.map_err(|why| refused("", &why))?;
    let now = app.clock.now();
    let file = of_the_office(&line, known, name.as_deref(), now);
    app.store.add_file(&line.id, &file, None, now).await?;
    app.files.keep(&object(&line.id, &file.id), bytes.to_vec()).await?;
    let state = Stands::Kept { bytes: bytes.len() as u64, safety: media::safety_of(known) };
    app.store.settle_file(&line.id, &file.id, &state).await?;
    info!(line.id = %line.id, file.kind = file.kind.name(), "took a file of the office's");
    let answer = shape_of(&File { state, ..file }, &line);
    key.answer(&app, &line, &bytes, StatusCode::CREATED, &answer).await
}

/// The body of an upload, and what its headers say of it.
pub(crate) struct SmallFile {
    mime: String,
    name: Option<String>,
    bytes: Bytes,
}

impl FromRequest<App> for SmallFile {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let text = |headers: &HeaderMap, name| {
            headers.get(name).and_then(|it| it.to_str().ok()).map(str::to_owned)
        };
        let mime = text(request.headers(), CONTENT_TYPE).unwrap_or_default();
        let name = text(request.headers(), CONTENT_DISPOSITION);
        let name = name.as_deref().and_then(media::name_in_disposition);
        let bytes = Bytes::from_request(request, app).await;
        let bytes = bytes.map_err(|_| Problem::file_too_large())?;
        Ok(Self { mime, name, bytes })
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUpload, example = json!({
    "file_name": "locandina.pdf", "mime_type": "application/pdf", "bytes": 7_340_032,
}))]
pub(crate) struct Announced {
    #[schema(min_length = 1, max_length = 255)]
    file_name: String,
    #[schema(min_length = 3, max_length = 100)]
    mime_type: String,
    #[schema(minimum = 1, maximum = 104_857_600)]
    bytes: u64,
}

/// Where to bring the bytes of a file that was announced.
#[derive(Serialize, ToSchema)]
pub(crate) struct Expected {
    id: String,
    #[schema(example = "PUT")]
    method: &'static str,
    url: String,
    /// To be sent with the bytes as they are.
    headers: HashMap<String, String>,
    expires_at: shape::Time,
}

/// Announces a file of up to 100 MB, and says where to bring it within a quarter of an hour. Then
/// `complete` is to be called.
#[utoipa::path(post, path = "/media/uploads", tag = "media", operation_id = "media.announce",
    params(Key), request_body = Announced, responses((status = 201, body = Expected)))]
pub(crate) async fn announce(
    State(app): State<App>,
    OfLine(line): OfLine,
    key: Key,
    body: Body<Announced>,
) -> Result<Response, Problem> {
    if let Some(before) = key.answered(&app, &line, &body.bytes).await? {
        return Ok(before);
    }
    let asked = &body.value;
    let known = media::check_announced(&asked.mime_type, asked.bytes);
    let known = known.map_err(|why| {
        let at = if matches!(why, Refusal::UnknownType(_)) { "/mime_type" } else { "/bytes" };
        refused(at, &why)
    })?;
    if asked.file_name.trim().is_empty() || asked.file_name.chars().count() > 255 {
        let detail = "Scrivere un nome da 1 a 255 caratteri.";
        return Err(Problem::invalid(vec![FieldError::new("/file_name", detail)]));
    }
    let now = app.clock.now();
    let file = of_the_office(&line, known, Some(&asked.file_name), now);
    let to = incoming(&line.id, &file.id);
    let address = app.files.upload_address(&to, known.mime, asked.bytes, now);
    app.store.add_file(&line.id, &file, None, now).await?;
    let answer = Expected {
        id: file.id.as_str().to_owned(),
        method: address.method,
        url: address.url,
        headers: address.headers.into_iter().collect(),
        expires_at: shape::time(address.expires_at),
    };
    key.answer(&app, &line, &body.bytes, StatusCode::CREATED, &answer).await
}

/// Says that a file was brought to its address. It is looked at now; again is harmless.
#[utoipa::path(post, path = "/media/{id}/complete", tag = "media", operation_id = "media.complete",
    responses((status = 200, body = MediaFile)))]
pub(crate) async fn complete(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Json<MediaFile>, Problem> {
    let file = find(&app, &line, &path).await?;
    if file.source.is_some() || file.state != Stands::Waiting {
        return Ok(Json(shape_of(&file, &line)));
    }
    let (from, to) = (incoming(&line.id, &file.id), object(&line.id, &file.id));
    // Looked at where nobody can change it any more.
    app.files.rename(&from, &to).await?;
    let Some((head, size)) = app.files.look(&to, HEAD_BYTES).await? else {
        return Err(Problem::conflict(
            "Il file non è ancora arrivato: inviarlo prima all'indirizzo ricevuto.",
        ));
    };
    let state = match media::check_upload(&file.mime, Some(&file.name), size, &head) {
        Ok(known) => Stands::Kept { bytes: size, safety: media::safety_of(known) },
        Err(why) => {
            app.files.remove(&to).await?;
            let state = Stands::Refused(why.slug().to_owned());
            app.store.settle_file(&line.id, &file.id, &state).await?;
            return Err(refused("", &why));
        }
    };
    app.store.settle_file(&line.id, &file.id, &state).await?;
    info!(line.id = %line.id, file.kind = file.kind.name(), "took a file of the office's");
    Ok(Json(shape_of(&File { state, ..file }, &line)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewFileAnswer, example = json!({
    "media_id": "0001795507200000-6f0c", "caption": "Il modulo da compilare e firmare.",
}))]
pub(crate) struct FileAnswer {
    media_id: String,
    /// What a picture or a film shows, for who cannot see it; with a document, what it is.
    #[schema(max_length = 1024)]
    caption: Option<String>,
    /// Of OGG with Opus: shown as a voice message.
    #[serde(default)]
    voice: bool,
}

/// An answer with a file that was sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct FileAnswered {
    id: String,
    at: shape::Time,
    media_id: String,
    text: String,
}

/// An operator's answer with a file. A double click is one message.
#[utoipa::path(post, path = "/conversations/{contact}/media", tag = "desk",
    operation_id = "conversations.answer_with_file", params(Key), request_body = FileAnswer,
    responses((status = 201, body = FileAnswered),
        (status = 502, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn answer(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    caller: Caller,
    key: Key,
    body: Body<FileAnswer>,
) -> Result<Response, Problem> {
    let contact = contacts::find(&app, &line, &path, "contact").await?;
    if let Some(before) = key.remembered(&app, &line, &body.bytes).await? {
        return conversations::again(&app, &line, &contact, before).await;
    }
    let now = app.clock.now();
    let (file, sent_as, caption) = checked(&app, &line, &body.value, now).await?;
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
        content: EntryContent::File {
            file: file.id.clone(),
            file_name: file.name.clone(),
            sent_as,
            caption: caption.clone(),
        },
        expires_at: now + (24 * i64::from(line.retention.chat_days)).hours(),
        operator: Some(caller.name().to_owned()),
    };
    // Theirs before anything says so: who dies in between leaves nothing of which nobody knows.
    app.store.give_file(&line.id, &file.id, &contact.id).await?;
    let answered = FileAnswered {
        id: row.clone(),
        at: shape::time(now),
        media_id: file.id.as_str().to_owned(),
        text: caption,
    };
    let said = once::once(&app, &body.bytes, StatusCode::CREATED, &answered);
    let once = key.hash().map(|it| (it, &said));
    match app.store.add_entry(&line.id, &contact.id, entry, once, now).await {
        Ok(()) => {}
        // The same request at the same time: the other one sends it.
        Err(StoreError::Conflict) => {
            let before = key.remembered(&app, &line, &body.bytes).await?;
            let before = before.ok_or(StoreError::Conflict)?;
            return conversations::again(&app, &line, &contact, before).await;
        }
        Err(err) => return Err(err.into()),
    }
    conversations::deliver(&app, &line, &contact, &row, now).await?;
    Ok(once::json(StatusCode::CREATED, said.answer))
}

/// The file of an answer, as what it goes, and its caption; or everything that is wrong.
async fn checked(
    app: &App,
    line: &Line,
    asked: &FileAnswer,
    now: Timestamp,
) -> Result<(File, Option<Attached>, String), Problem> {
    let mut errors = Vec::new();
    let caption = asked.caption.as_deref().unwrap_or_default().trim();
    if length(caption) > CAPTION_LIMIT {
        let detail = format!("Scrivere al massimo {CAPTION_LIMIT} caratteri.");
        errors.push(FieldError::new("/caption", detail));
    }
    let file = ours(app, line, &asked.media_id, now).await?;
    let Some(file) = file else {
        errors.push(FieldError::new("/media_id", NOT_OURS));
        return Err(Problem::invalid(errors));
    };
    let sent_as = match file.kind {
        Kind::Image => Some(Attached::Image),
        Kind::Video => Some(Attached::Video),
        Kind::Audio if asked.voice => Some(Attached::Voice),
        Kind::Audio => Some(Attached::Audio),
        Kind::Document => None,
        Kind::Sticker => {
            let detail = "Un adesivo non è una risposta: usare JPEG o PNG per un'immagine.";
            errors.push(FieldError::new("/media_id", detail));
            None
        }
    };
    let is_seen = matches!(sent_as, Some(Attached::Image | Attached::Video));
    if is_seen && caption.is_empty() {
        let detail = "Scrivere che cosa si vede: chi non vede l'immagine legge solo questo testo.";
        errors.push(FieldError::new("/caption", detail));
    }
    if !caption.is_empty() && sent_as.is_some_and(|it| !it.takes_caption()) {
        let detail =
            "WhatsApp non mostra testo insieme a un audio: mandarlo come messaggio a parte.";
        errors.push(FieldError::new("/caption", detail));
    }
    if asked.voice && file.mime != "audio/ogg" {
        let detail = "Un messaggio vocale è un file audio/ogg con Opus.";
        errors.push(FieldError::new("/voice", detail));
    }
    if errors.is_empty() {
        Ok((file, sent_as, caption.to_owned()))
    } else {
        Err(Problem::invalid(errors))
    }
}

/// Uploads the file of an answer to Meta, unless it has none or that was done: once for each file and
/// number, for as long as Meta keeps it.
pub(super) async fn uploaded(
    app: &App,
    line: &Line,
    contact: &Contact,
    row: &str,
    now: Timestamp,
) -> Result<(), Problem> {
    let entry = app.store.entry(&line.id, &contact.id, row).await?;
    let document = entry.filter(|it| it.state.is_none()).and_then(|it| it.document);
    let Some(file) = document.filter(|it| it.media_id.is_none()).and_then(|it| it.file) else {
        return Ok(());
    };
    let media_id = at_meta(app, line, &file, now, now).await?;
    app.store.note_upload(&line.id, &contact.id, row, &media_id).await?;
    Ok(())
}

/// Meta's id of a file of ours for messages of the line's number that go until `when`.
async fn at_meta(
    app: &App,
    line: &Line,
    id: &FileId,
    when: Timestamp,
    now: Timestamp,
) -> Result<String, Problem> {
    let gone = || Problem::conflict("Il file non c'è più: caricarlo di nuovo.");
    let file = app.store.file(&line.id, id).await?.ok_or_else(gone)?;
    let token = app.apps.access_token(&line.app).ok_or_else(gone)?;
    let (graph, number) = (&*app.graph, &line.phone_number_id);
    let way = Way { graph, token: &token, number, files: &app.files };
    match way.upload(&file, &object(&line.id, id), when, now).await {
        Ok((upload, is_news)) => {
            if is_news {
                app.store.note_file_upload(&line.id, id, number, &upload).await?;
            }
            Ok(upload.media_id)
        }
        Err(NotSent::NotThere) => Err(gone()),
        Err(NotSent::NotNow(NotNow::Files(err))) => Err(err.into()),
        Err(NotSent::NotNow(NotNow::Meta(failure))) => {
            warn!(line.id = %line.id, "a file was not uploaded: {failure}");
            Err(Problem::refused_by_meta(failure::reason_it(code_of(&failure))))
        }
    }
}

fn code_of(failure: &Failure) -> Option<i64> {
    match failure {
        Failure::Coded { code, .. } => Some(*code),
        _ => None,
    }
}

/// The file on top of a broadcast, if its template has one; or what is wrong with it, and whether the
/// words beside it say anything to who cannot see it.
pub(super) async fn check_header(
    app: &App,
    line: &Line,
    message: &TemplateMessage,
    now: Timestamp,
) -> Result<Option<File>, Problem> {
    let invalid = |at: &str, detail: String| {
        Err(Problem::invalid(vec![FieldError::new(format!("/message/template{at}"), detail)]))
    };
    // That it is gone is said where it is needed.
    let Some(template) = line.template(&message.name, &message.language) else { return Ok(None) };
    let file = match &message.header_media_id {
        Some(asked) if template.header_media.is_some() => {
            let Some(file) = ours(app, line, asked, now).await? else {
                return invalid("/header/media_id", NOT_OURS.to_owned());
            };
            if file.is_personal() {
                return invalid("/header/media_id", PERSONAL.to_owned());
            }
            Some(file)
        }
        Some(_) => return invalid("/header", HeaderProblem::NotWanted.to_string()),
        None => None,
    };
    match template.check_file(file.as_ref().map(|it| it.kind)) {
        Ok(()) => {}
        Err(problem @ HeaderProblem::WrongKind { .. }) => {
            return invalid("/header/media_id", problem.to_string());
        }
        Err(problem) => return invalid("/header", problem.to_string()),
    }
    let text = file.as_ref().and_then(|_| template.fill(&message.parameters, line).ok());
    if text.is_some_and(|it| !says_something(&it)) {
        let detail = "L'avviso sarebbe soltanto un'immagine, e chi non la vede non saprebbe nulla. \
                      Scrivere nel testo che cosa succede, dove e quando.";
        return invalid("/parameters", detail.to_owned());
    }
    Ok(file)
}

/// The file that is to show Meta's reviewers what a template may have on top, or what is wrong with it.
pub(super) async fn example(
    app: &App,
    line: &Line,
    id: &str,
    format: HeaderFormat,
) -> Result<Result<File, String>, Problem> {
    let Some(file) = ours(app, line, id, app.clock.now()).await? else {
        return Ok(Err(NOT_OURS.to_owned()));
    };
    if file.is_personal() {
        return Ok(Err(PERSONAL.to_owned()));
    }
    Ok(if file.kind != format.kind() {
        let is = file.kind.word();
        Err(format!(
            "Il modello ha in testa {}, e questo file è di tipo «{is}».",
            format.in_words()
        ))
    } else if media::may_be_example(&file.mime) {
        Ok(file)
    } else {
        Err("Come esempio Meta accetta solo file JPEG, PNG, MP4 e PDF.".to_owned())
    })
}

/// Shows such a file to Meta: the handle that names it in a template.
pub(super) async fn shown(
    app: &App,
    line: &Line,
    token: &AccessToken,
    file: &File,
) -> Result<String, Problem> {
    let way = Way { graph: &app.graph, token, number: &line.phone_number_id, files: &app.files };
    match way.show(file, &object(&line.id, &file.id)).await {
        Ok(handle) => Ok(handle),
        Err(NotSent::NotThere) => {
            Err(Problem::conflict("Il file non c'è più: caricarlo di nuovo."))
        }
        Err(NotSent::NotNow(NotNow::Files(err))) => Err(err.into()),
        Err(NotSent::NotNow(NotNow::Meta(failure))) => {
            warn!(line.id = %line.id, "an example was not uploaded: {failure}");
            Err(Problem::refused_by_meta(submission::example_refusal(code_of(&failure)).to_owned()))
        }
    }
}

/// Checks a broadcast's file and has it at Meta for when it goes, once for all its people; what goes
/// into the message.
pub(super) async fn ready_header(
    app: &App,
    line: &Line,
    message: &TemplateMessage,
    send_at: Timestamp,
    now: Timestamp,
) -> Result<Option<HeaderMedia>, Problem> {
    let Some(file) = check_header(app, line, message, now).await? else { return Ok(None) };
    let until = send_at + HEADER_MARGIN_HOURS.hours();
    if media::Upload::of("", now).until <= until {
        return Err(Problem::conflict(
            "WhatsApp tiene un file per 30 giorni: programmare l'invio entro 28 giorni.",
        ));
    }
    if file.expires_at <= send_at {
        let days = line.retention.media_days.min(line.retention.chat_days);
        return Err(Problem::conflict(format!(
            "La linea conserva un file per {days} giorni: programmare l'invio prima che scada, o \
             caricare il file più vicino all'invio.",
        )));
    }
    let media_id = at_meta(app, line, &file.id, until, now).await?;
    Ok(HeaderMedia::of(&file, media_id))
}

/// The bytes of files that went with a person go, too.
pub(super) async fn clear(app: &App, line: &Line) -> Result<(), Problem> {
    for file in app.store.files_to_go(&line.id).await? {
        for name in [object(&line.id, &file), incoming(&line.id, &file)] {
            app.files.remove(&name).await?;
        }
        app.store.file_went(&line.id, &file).await?;
    }
    Ok(())
}

/// A file of the office's that is complete.
async fn ours(app: &App, line: &Line, id: &str, now: Timestamp) -> Result<Option<File>, Problem> {
    if !scope::is_id(id) {
        return Ok(None);
    }
    let file = app.store.file(&line.id, &FileId::new(id)).await?;
    Ok(file.filter(|it| {
        it.source.is_none() && it.expires_at > now && matches!(it.state, Stands::Kept { .. })
    }))
}

async fn find(app: &App, line: &Line, path: &HashMap<String, String>) -> Result<File, Problem> {
    let id = scope::id(path, "id").map(FileId::new).ok_or_else(missing)?;
    let file = app.store.file(&line.id, &id).await?;
    file.filter(|it| it.expires_at > app.clock.now()).ok_or_else(missing)
}

fn missing() -> Problem {
    Problem::not_found("Questo file non esiste, o è passato il tempo per cui si conserva.")
}

fn refused(at: &str, why: &Refusal) -> Problem {
    Problem::invalid(vec![FieldError::new(at, why.to_string())])
}

fn of_the_office(line: &Line, known: &media::Type, name: Option<&str>, now: Timestamp) -> File {
    File {
        id: keys::file_id(now.as_millisecond(), &random::key()),
        contact: None::<ContactId>,
        shared: false,
        at: now,
        kind: known.kind,
        mime: known.mime.to_owned(),
        name: media::file_name(name, known.kind, known.mime),
        state: Stands::Waiting,
        source: None,
        uploads: [].into(),
        expires_at: media::expires_at(&line.retention, now),
        sealed_until: None,
    }
}

fn shape_of(it: &File, line: &Line) -> MediaFile {
    let (state, bytes, safety, reason) = match &it.state {
        Stands::Waiting => (FileState::Waiting, None, None, None),
        Stands::Kept { bytes, safety } => (FileState::Kept, Some(*bytes), Some(*safety), None),
        Stands::Refused(slug) => {
            let why = Refusal::parse(slug, it.kind, &it.mime, &line.media);
            (FileState::Refused, None, None, why.map(|it| it.to_string()))
        }
    };
    MediaFile {
        id: it.id.as_str().to_owned(),
        kind: it.kind.name(),
        mime_type: it.mime.clone(),
        file_name: it.name.clone(),
        at: shape::time(it.at),
        expires_at: shape::time(it.expires_at),
        state,
        bytes,
        safety: safety.map(Safety::name),
        warning: safety.and_then(Safety::warning),
        reason,
        url: None,
        url_expires_at: None,
    }
}

impl From<FilesError> for Problem {
    fn from(err: FilesError) -> Self {
        error!("request not served: {err}");
        Self::unavailable()
    }
}
