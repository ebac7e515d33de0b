// SPDX-License-Identifier: EUPL-1.2
//! Templates: checked, submitted to Meta, compared with what it has, deleted.
//!
//! What makes a repetition harmless: Meta's list is read before anything is submitted, and a template
//! that is there already is left alone.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::Scope;
use domain::account::Known;
use domain::broadcast::State as Stands;
use domain::failure::Failure;
use domain::ids::TopicId;
use domain::line::{self, Line, Template};
use domain::lint::{self, Level};
use domain::pack::{NOTICES, Notice};
use domain::submission::{self, Listed};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use platform::apps::AccessToken;
use serde::{Deserialize, Serialize};
use store::{AtMeta, line_file};
use tracing::{info, warn};
use utoipa::ToSchema;
use whatsapp::graph::NotTaken;

use super::body::Body;
use super::broadcasts::{Ids, Nothing};
use super::caller::needs;
use super::media;
use super::once::Key;
use super::problem::{FieldError, Problem};
use super::routes::{Routes, routes};
use super::scope::{self, OfLine};
use super::shape::{self, Category, HeaderFormat, Page, Time};
use crate::App;

/// Templates in one request: what Meta takes within the time a request may take.
const MOST_AT_ONCE: usize = 40;
/// Calls to Meta at a time.
const AT_ONCE: usize = 4;
/// Broadcasts looked at for one that still needs a template.
const LATEST: i32 = 100;

pub(crate) fn routes() -> Routes {
    let read = routes!(list, pack);
    let write = routes!(check, submit, sync, delete);
    needs(&[Scope::BroadcastWrite, Scope::BroadcastApprove, Scope::Admin], read)
        .merge(needs(&[Scope::BroadcastWrite, Scope::Admin], write))
}

/// A template of the line, and what Meta says of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct TemplateOfLine {
    name: String,
    language: String,
    category: Category,
    topic: Option<String>,
    header: Option<String>,
    /// The kind of file that each broadcast must bring.
    header_media: Option<HeaderFormat>,
    /// `{{names}}` are what a broadcast fills in.
    body: String,
    footer: Option<String>,
    quick_reply: Option<String>,
    parameters: Vec<String>,
    /// What each parameter may say, as Meta's reviewers see it.
    examples: BTreeMap<String, String>,
    /// How long Meta tries to deliver it, in hours; null is 30 days.
    valid_hours: Option<u8>,
    meta: TemplateAtMeta,
}

/// What Meta last said of a template, by its webhooks and its list.
#[derive(Serialize, ToSchema)]
struct TemplateAtMeta {
    /// `unknown` until Meta said something of it.
    #[schema(example = "approved")]
    status: &'static str,
    /// What it is billed as, if Meta said so.
    category: Option<String>,
    /// `green`, `yellow`, `red`; null while Meta does not know.
    quality: Option<String>,
    rejection: Option<Rejection>,
    /// When Meta's list was last read.
    synced_at: Option<Time>,
    warnings: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct Rejection {
    /// Meta's word.
    #[schema(example = "INVALID_FORMAT")]
    code: String,
    /// What it means, and what to do.
    reason: &'static str,
}

/// A notice of the pack, as this line would have it.
#[derive(Serialize, ToSchema)]
pub(crate) struct PackNotice {
    #[schema(example = "strada_chiusa")]
    id: &'static str,
    title: &'static str,
    name: String,
    category: Category,
    header: Option<String>,
    body: String,
    footer: Option<String>,
    parameters: Vec<String>,
    examples: BTreeMap<String, String>,
    valid_hours: Option<u8>,
    /// As a citizen would read it, with the examples.
    rendered: String,
    /// Whether the line has it already.
    in_line: bool,
}

/// A template that the office writes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "pordenone_biblioteca", "category": "utility",
    "body": "Avviso {del_ente}: la biblioteca cambia orario.\nNuovo orario: {{orario}}.\nDa quando: \
             {{quando}}.\nPer saperne di più visita il sito {{pagina}} oppure scrivici qui.",
    "footer": "Per non ricevere più avvisi scrivi {cancellazione}",
    "examples": { "orario": "dalle 14 alle 19", "quando": "da martedì 1 dicembre",
        "pagina": "www.comune.pordenone.it" },
}))]
pub(crate) struct NewTemplate {
    /// Lower case letters, digits and `_`.
    name: String,
    /// Meta's code; `it` if not said.
    language: Option<String>,
    category: Wanted,
    /// The topic whose notices it words.
    topic: Option<String>,
    /// At most 60 characters. `{del_ente}` and the like are the line's own words.
    header: Option<String>,
    /// A file in place of the header's words: each broadcast brings its own.
    header_media: Option<HeaderFormat>,
    /// At most 1,024 characters; `{{names}}` are what a broadcast fills in.
    body: String,
    footer: Option<String>,
    #[serde(default)]
    examples: BTreeMap<String, String>,
    /// 1 to 12 hours for which Meta tries to deliver it.
    #[schema(minimum = 1, maximum = 12)]
    valid_hours: Option<u8>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = WantedCategory)]
#[serde(rename_all = "lowercase")]
enum Wanted {
    Utility,
    Marketing,
}

/// What to submit to Meta: notices of the pack, templates of the line's file, others.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "pack": ["strada_chiusa", "scuole_chiuse"] }))]
pub(crate) struct Submission {
    /// Ids of the pack.
    #[serde(default)]
    pack: Vec<String>,
    /// Names of templates that the line has.
    #[serde(default)]
    line: Vec<String>,
    #[serde(default)]
    templates: Vec<NewTemplate>,
    /// Of each template with `header_media` that Meta does not have yet, by its name: the id of a file
    /// of the office's that shows Meta's reviewers what may be on top. JPEG, PNG, MP4 or PDF.
    #[serde(default)]
    header_examples: BTreeMap<String, String>,
}

/// A template to be submitted, and the file that was named as its example.
struct ToSubmit {
    template: Template,
    /// The name under which the request has it: of one that asks, the one it is made of.
    asked_as: String,
    example: Option<String>,
}

/// One thing to change.
#[derive(Serialize, ToSchema)]
pub(crate) struct Finding {
    /// `error`: Meta refuses it. `warning`: it is hard to understand.
    #[schema(example = "warning")]
    level: &'static str,
    /// JSON pointer into the request.
    #[schema(example = "/body")]
    pointer: String,
    /// Stable, for programs.
    #[schema(example = "long-sentence")]
    rule: &'static str,
    what: String,
    /// What to write instead.
    remedy: String,
}

pub(crate) fn finding(it: lint::Finding) -> Finding {
    Finding {
        level: it.level.name(),
        pointer: it.at,
        rule: it.rule,
        what: it.what,
        remedy: it.remedy,
    }
}

/// What there is to change before a template is submitted.
#[derive(Serialize, ToSchema)]
pub(crate) struct Checked {
    /// Whether there is no error.
    passes: bool,
    findings: Vec<Finding>,
}

/// How each template of a request came out.
#[derive(Serialize, ToSchema)]
pub(crate) struct Submitted {
    items: Vec<OfOne>,
}

#[derive(Serialize, ToSchema)]
struct OfOne {
    name: String,
    language: String,
    /// `submitted`: Meta is reviewing it. `already_there`: Meta has the same. `refused`: see reason.
    #[schema(example = "submitted")]
    outcome: &'static str,
    /// What Meta says of it now.
    #[schema(example = "pending")]
    status: &'static str,
    /// Why it was refused, and what to do.
    reason: Option<String>,
    /// What is worth knowing: another category than asked for, words that are hard to read.
    warnings: Vec<String>,
}

/// The line's templates beside Meta's.
#[derive(Serialize, ToSchema)]
pub(crate) struct BesideMeta {
    synced_at: Time,
    items: Vec<SyncedTemplate>,
    /// Names that Meta has in this account and no line of ours has.
    only_at_meta: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct SyncedTemplate {
    name: String,
    language: String,
    /// `missing`: Meta does not have it.
    #[schema(example = "approved")]
    status: &'static str,
    category: Option<String>,
    quality: Option<String>,
    rejection: Option<Rejection>,
    /// Where Meta has something else than the line.
    differences: Vec<Difference>,
}

#[derive(Serialize, ToSchema)]
struct Difference {
    #[schema(example = "body")]
    field: &'static str,
    ours: Option<String>,
    theirs: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Deleted {
    name: String,
    /// What remains to be done, if anything.
    note: Option<&'static str>,
}

/// The line's templates, and what Meta last said of them.
#[utoipa::path(get, path = "/templates", tag = "templates", operation_id = "templates.list",
    responses((status = 200, body = Page<TemplateOfLine>)))]
pub(crate) async fn list(
    State(app): State<App>,
    OfLine(line): OfLine,
) -> Result<Json<Page<TemplateOfLine>>, Problem> {
    let templates = line.templates_for_meta();
    let at_meta = app.store.at_meta(&line.messaging_account_id, &keys(&templates)).await?;
    let now = app.clock.now();
    let items = templates.into_iter().map(|it| {
        let nothing = AtMeta::default();
        let at_meta = at_meta.get(&key(&it)).unwrap_or(&nothing);
        TemplateOfLine {
            meta: template_at_meta(&it, at_meta, now),
            name: it.name,
            language: it.language,
            category: it.category.into(),
            topic: it.topic.map(|it| it.as_str().to_owned()),
            header: it.header,
            header_media: it.header_media.map(HeaderFormat::from),
            body: it.body,
            footer: it.footer,
            quick_reply: it.quick_reply,
            parameters: it.parameters,
            examples: it.examples,
            valid_hours: it.valid_hours,
        }
    });
    Ok(Json(shape::page(items, None)))
}

/// The usual notices of a comune, in this line's words.
#[utoipa::path(get, path = "/templates/pack", tag = "templates", operation_id = "templates.pack",
    responses((status = 200, body = Page<PackNotice>)))]
pub(crate) async fn pack(OfLine(line): OfLine) -> Json<Page<PackNotice>> {
    let notice = |notice: &Notice| {
        let template = notice.template(&line);
        let rendered = template.fill(&template.examples, &line).unwrap_or_default();
        let written = template.for_meta(&line);
        PackNotice {
            id: notice.id,
            title: notice.title,
            category: written.category.into(),
            in_line: line.template(&written.name, &written.language).is_some(),
            name: written.name,
            header: written.header,
            body: written.body,
            footer: written.footer,
            parameters: written.parameters,
            examples: written.examples,
            valid_hours: written.valid_hours,
            rendered,
        }
    };
    Json(shape::page(NOTICES.iter().map(notice), None))
}

/// What to change in a template before Meta sees it. Nothing is kept.
#[utoipa::path(post, path = "/templates/lint", tag = "templates", operation_id = "templates.lint",
    request_body = NewTemplate, responses((status = 200, body = Checked)))]
pub(crate) async fn check(
    OfLine(line): OfLine,
    body: Body<NewTemplate>,
) -> Result<Json<Checked>, Problem> {
    let template = written(body.value, &line, "").map_err(Problem::invalid)?;
    let findings = lint::template(&template, &line);
    let passes = lint::passes(&findings);
    Ok(Json(Checked { passes, findings: findings.into_iter().map(finding).collect() }))
}

/// Submits templates to Meta, which reviews them within a day. One that Meta has already is left alone.
#[utoipa::path(post, path = "/templates", tag = "templates", operation_id = "templates.submit",
    params(Key), request_body = Submission, responses((status = 200, body = Submitted)))]
pub(crate) async fn submit(
    State(app): State<App>,
    OfLine(line): OfLine,
    key: Key,
    body: Body<Submission>,
) -> Result<Response, Problem> {
    if let Some(before) = key.answered(&app, &line, &body.bytes).await? {
        return Ok(before);
    }
    let wanted = wanted(body.value, &line)?;
    let token = token(&app, &line)?;
    let account = &line.messaging_account_id;
    let listed = app.graph.templates(&token, account).await.map_err(|it| not_taken(&it.into()))?;
    let handles = shown(&app, &line, &token, &listed, &wanted).await?;
    let one = |it: ToSubmit| {
        let (app, line, token, listed) = (&app, &*line, &token, &listed);
        let handle = it.example.and_then(|it| handles.get(&it)).map(String::as_str);
        async move { submit_one(app, line, token, listed, it.template, handle).await }
    };
    let outcomes: Vec<_> =
        stream::iter(wanted.into_iter().map(one)).buffered(AT_ONCE).collect().await;
    let items = outcomes.into_iter().collect::<Result<Vec<_>, _>>()?;
    let submitted = items.iter().filter(|it| it.outcome == "submitted").count();
    info!(line.id = %line.id, templates = submitted, "submitted templates");
    let answer = Submitted { items };
    key.answer(&app, &line, &body.bytes, StatusCode::OK, &answer).await
}

/// Reads what Meta has of the line's templates, keeps it, and shows where it differs.
#[utoipa::path(post, path = "/templates/sync", tag = "templates", operation_id = "templates.sync",
    request_body(content = Option<Nothing>), responses((status = 200, body = BesideMeta)))]
pub(crate) async fn sync(
    State(app): State<App>,
    OfLine(line): OfLine,
    _: Body<Option<Nothing>>,
) -> Result<Json<BesideMeta>, Problem> {
    let account = &line.messaging_account_id;
    let now = app.clock.now();
    let token = token(&app, &line)?;
    let listed = app.graph.templates(&token, account).await.map_err(|it| not_taken(&it.into()))?;
    let mut items = Vec::new();
    for ours in line.templates_for_meta() {
        let theirs = find(&listed, &ours);
        let named = (ours.name.as_str(), ours.language.as_str());
        app.store.note_listed(account, named, theirs, now).await?;
        let differences = theirs.map(|it| it.differences(&ours)).unwrap_or_default();
        items.push(SyncedTemplate {
            status: theirs.map_or("missing", |it| status(it.state(now))),
            category: theirs.map(|it| it.category.name().to_owned()),
            quality: theirs.and_then(|it| it.quality.clone()),
            rejection: theirs.and_then(|it| it.rejected_for.as_deref()).map(rejection),
            differences: differences.into_iter().map(difference).collect(),
            name: ours.name,
            language: ours.language,
        });
    }
    // What is another line's is none of this one's business.
    let lines = app.store.lines().await?;
    let of_lines: BTreeSet<_> = lines
        .iter()
        .filter(|it| it.messaging_account_id == *account)
        .flat_map(|it| it.templates_for_meta())
        .map(|it| it.name)
        .collect();
    let alone = lines.iter().filter(|it| it.messaging_account_id == *account).count() == 1;
    let unknown = listed.iter().map(|it| it.name.clone());
    let unknown = unknown.filter(|it| alone && !of_lines.contains(it));
    let only_at_meta = unknown.collect::<BTreeSet<_>>().into_iter().collect();
    Ok(Json(BesideMeta { synced_at: shape::time(now), items, only_at_meta }))
}

/// Deletes a template at Meta, in all its languages. Its name cannot be used again for 30 days.
#[utoipa::path(delete, path = "/templates/{name}", tag = "templates",
    operation_id = "templates.delete", responses((status = 200, body = Deleted)))]
pub(crate) async fn delete(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Json<Deleted>, Problem> {
    let missing = || Problem::not_found("La linea non ha un modello con questo nome.");
    let name = scope::id(&path, "name").ok_or_else(missing)?;
    let ours: Vec<_> = line.templates_for_meta().into_iter().filter(|it| it.name == name).collect();
    if ours.is_empty() {
        return Err(missing());
    }
    let latest = app.store.broadcasts(&line.id, None, LATEST).await?;
    let needs = |it: &domain::broadcast::Broadcast| {
        let over = matches!(it.state, Stands::Draft | Stands::Done | Stands::Cancelled);
        it.message.name == name && !over
    };
    if latest.iter().any(needs) {
        return Err(Problem::conflict(
            "Un messaggio da inviare usa questo modello. Annullarlo, o aspettare che sia concluso.",
        ));
    }
    let token = token(&app, &line)?;
    let account = &line.messaging_account_id;
    match app.graph.delete_template(&token, account, &name).await {
        // Somebody deleted it before, here or at Meta.
        Ok(()) | Err(NotTaken { subcode: Some(2_593_002), .. }) => {}
        Err(err) => return Err(not_taken(&err)),
    }
    for it in &ours {
        app.store.remove_template(&line.id, &it.name, &it.language).await?;
        let named = (it.name.as_str(), it.language.as_str());
        app.store.note_listed(account, named, None, app.clock.now()).await?;
    }
    info!(line.id = %line.id, template.name = name, "deleted a template");
    let document = app.store.line_document(&line.id).await?;
    let in_file = document.and_then(|it| line_file::parse(&it.text).ok());
    let in_file = in_file.is_some_and(|it| it.templates.iter().any(|it| it.name == name));
    let note = in_file.then_some(
        "Il modello è ancora nel file della linea: chi gestisce il servizio deve toglierlo da lì.",
    );
    Ok(Json(Deleted { name, note }))
}

/// Shows Meta the examples of what it does not have yet: their handles, by the files' ids. All that is
/// wrong at once, and then nothing is submitted.
async fn shown(
    app: &App,
    line: &Line,
    token: &AccessToken,
    listed: &[Listed],
    wanted: &[ToSubmit],
) -> Result<BTreeMap<String, String>, Problem> {
    let (mut errors, mut files) = (Vec::new(), BTreeMap::new());
    let mut seen = BTreeSet::new();
    for ToSubmit { template, asked_as, example } in wanted {
        let Some(format) = template.header_media else { continue };
        if find(listed, template).is_some() || !seen.insert((asked_as, format.name())) {
            continue;
        }
        let Some(id) = example else {
            let detail = format!(
                "Meta vuole un esempio di ciò che «{asked_as}» ha in testa: aggiungere qui il suo nome con \
                 l'id di un file caricato con POST /media."
            );
            errors.push(FieldError::new("/header_examples", detail));
            continue;
        };
        match media::example(app, line, id, format).await? {
            Ok(file) => drop(files.insert(id.clone(), file)),
            Err(detail) => {
                errors.push(FieldError::new(format!("/header_examples/{asked_as}"), detail));
            }
        }
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let mut handles = BTreeMap::new();
    for (id, file) in files {
        handles.insert(id, media::shown(app, line, token, &file).await?);
    }
    Ok(handles)
}

/// Submits one that Meta does not have, and gives it to the line.
async fn submit_one(
    app: &App,
    line: &Line,
    token: &AccessToken,
    listed: &[Listed],
    template: Template,
    handle: Option<&str>,
) -> Result<OfOne, Problem> {
    let (account, now) = (&line.messaging_account_id, app.clock.now());
    let for_meta = template.for_meta(line);
    let named = (for_meta.name.as_str(), for_meta.language.as_str());
    let mut outcome = OfOne {
        name: for_meta.name.clone(),
        language: for_meta.language.clone(),
        outcome: "refused",
        status: "unknown",
        reason: None,
        warnings: Vec::new(),
    };
    let theirs = match find(listed, &for_meta) {
        Some(theirs) => {
            let category_aside = |it: &submission::Difference| it.field != "category";
            if theirs.differences(&for_meta).iter().any(category_aside) {
                outcome.reason = Some(submission::refusal(100, Some(2_388_024)).to_owned());
                return Ok(outcome);
            }
            outcome.outcome = "already_there";
            theirs.clone()
        }
        None => match app.graph.create_template(token, account, &for_meta, handle).await {
            Ok(submitted) => {
                outcome.outcome = "submitted";
                as_listed(&for_meta, submitted)
            }
            Err(err) => {
                outcome.reason = Some(words(&err).to_owned());
                warn!(line.id = %line.id, template.name = named.0, "Meta took a template not: {:?}",
                    err.failure);
                return Ok(outcome);
            }
        },
    };
    app.store.note_listed(account, named, Some(&theirs), now).await?;
    // One that asks is made of another, which the line has.
    if template.quick_reply.is_none() && line.template(named.0, named.1).is_none() {
        app.store.add_template(&line.id, &template).await?;
    }
    outcome.status = status(theirs.state(now));
    let known = Known { category: Some((theirs.category, now)), ..Known::default() };
    outcome.warnings = known.warnings(for_meta.category, now);
    let findings = lint::template(&template, line);
    let hard = findings.iter().filter(|it| it.level == Level::Warning);
    outcome.warnings.extend(hard.map(lint::Finding::sentence));
    Ok(outcome)
}

/// A template that was just submitted, as the list would have it.
fn as_listed(template: &Template, taken: whatsapp::graph::Submitted) -> Listed {
    Listed {
        name: template.name.clone(),
        language: template.language.clone(),
        status: taken.status,
        category: taken.category,
        quality: None,
        rejected_for: None,
        header: template.header.clone(),
        header_media: template.header_media.map(|it| it.name().to_owned()),
        body: template.body.clone(),
        footer: template.footer.clone(),
        buttons: template.quick_reply.iter().cloned().collect(),
    }
}

/// What a request asks to submit, those that ask for a newer policy included. All that is wrong at
/// once, and then nothing is submitted.
fn wanted(asked: Submission, line: &Line) -> Result<Vec<ToSubmit>, Problem> {
    let mut errors = Vec::new();
    let mut wanted = Vec::new();
    for (n, id) in asked.pack.iter().enumerate() {
        match Notice::find(id) {
            Some(notice) => wanted.push((format!("/pack/{n}"), notice.template(line))),
            None => errors.push(FieldError::new(
                format!("/pack/{n}"),
                "Questo avviso non c'è. GET /templates/pack dà l'elenco.",
            )),
        }
    }
    for (n, name) in asked.line.iter().enumerate() {
        let at = format!("/line/{n}");
        let found: Vec<_> = line.templates.iter().filter(|it| it.name == *name).collect();
        if found.is_empty() {
            errors.push(FieldError::new(&at, "La linea non ha un modello con questo nome."));
        }
        wanted.extend(found.into_iter().map(|it| (at.clone(), it.clone())));
    }
    for (n, template) in asked.templates.into_iter().enumerate() {
        let at = format!("/templates/{n}");
        match written(template, line, &at) {
            Ok(template) => wanted.push((at, template)),
            Err(wrong) => errors.extend(wrong),
        }
    }
    let mut seen = BTreeSet::new();
    for (at, template) in &wanted {
        if !seen.insert(key(template)) {
            errors.push(FieldError::new(at, "Questo modello è già nella richiesta."));
        }
        if line.template(&template.name, &template.language).is_some_and(|it| it != template) {
            let detail = "La linea ha già un modello con questo nome e un altro testo.";
            errors.push(FieldError::new(at, detail));
        }
        let wrong =
            lint::template(template, line).into_iter().filter(|it| it.level == Level::Error);
        errors.extend(wrong.map(|it| FieldError::new(format!("{at}{}", it.at), it.sentence())));
    }
    let pictured =
        |name: &String| wanted.iter().any(|(_, it)| it.name == *name && it.header_media.is_some());
    for name in asked.header_examples.keys().filter(|it| !pictured(it)) {
        errors.push(FieldError::new(
            format!("/header_examples/{name}"),
            "Nessun modello della richiesta con questo nome ha header_media.",
        ));
    }
    if (wanted.is_empty() && errors.is_empty()) || wanted.len() > MOST_AT_ONCE {
        let detail = format!("Indicare da 1 a {MOST_AT_ONCE} modelli in pack, line o templates.");
        errors.push(FieldError::new("", detail));
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let with_asking = |(_, it): (String, Template)| {
        let example = asked.header_examples.get(&it.name).cloned();
        let (asked_as, asking) = (it.name.clone(), it.all_asking(line));
        let all = std::iter::once(it).chain(asking);
        all.map(move |template| ToSubmit {
            template,
            asked_as: asked_as.clone(),
            example: example.clone(),
        })
    };
    Ok(wanted.into_iter().flat_map(with_asking).collect())
}

/// A template of the request, as far as its own fields go.
fn written(it: NewTemplate, line: &Line, at: &str) -> Result<Template, Vec<FieldError>> {
    let mut errors = Vec::new();
    let topic = it.topic.map(TopicId::new);
    if topic.as_ref().is_some_and(|it| line.topic(it).is_none()) {
        errors.push(FieldError::new(format!("{at}/topic"), "La linea non ha questo argomento."));
    }
    if it.valid_hours.is_some_and(|it| !(1..=12).contains(&it)) {
        errors.push(FieldError::new(format!("{at}/valid_hours"), "Usare un numero da 1 a 12."));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Template {
        name: it.name,
        language: it.language.unwrap_or_else(|| "it".to_owned()),
        category: match it.category {
            Wanted::Utility => line::Category::Utility,
            Wanted::Marketing => line::Category::Marketing,
        },
        topic,
        header: it.header,
        header_media: it.header_media.map(line::HeaderFormat::from),
        parameters: Template::names_in(&it.body),
        body: it.body,
        footer: it.footer,
        examples: it.examples,
        valid_hours: it.valid_hours,
        quick_reply: None,
    })
}

fn template_at_meta(template: &Template, at_meta: &AtMeta, now: Timestamp) -> TemplateAtMeta {
    let known = &at_meta.known;
    TemplateAtMeta {
        status: status(known.template),
        category: known.category.map(|it| it.0.name().to_owned()),
        quality: at_meta.quality.clone(),
        rejection: at_meta.rejected_for.as_deref().map(rejection),
        synced_at: at_meta.synced_at.map(shape::time),
        warnings: known.warnings(template.category, now),
    }
}

/// Meta's own word where there is one, in lower case.
fn status(state: Option<domain::account::TemplateState>) -> &'static str {
    use domain::account::TemplateState as It;
    match state {
        None => "unknown",
        Some(It::Usable) => "approved",
        Some(it) => it.name(),
    }
}

fn rejection(code: &str) -> Rejection {
    Rejection { code: code.to_owned(), reason: submission::rejection(code) }
}

fn difference(it: submission::Difference) -> Difference {
    Difference { field: it.field, ours: it.ours, theirs: it.theirs }
}

fn find<'l>(listed: &'l [Listed], ours: &Template) -> Option<&'l Listed> {
    listed.iter().find(|it| it.name == ours.name && it.language == ours.language)
}

fn key(it: &Template) -> (String, String) {
    (it.name.clone(), it.language.clone())
}

fn keys(templates: &[Template]) -> Vec<(String, String)> {
    templates.iter().map(key).collect()
}

fn token(app: &App, line: &Line) -> Result<AccessToken, Problem> {
    let token = app.apps.access_token(&line.app);
    token.ok_or_else(|| {
        Problem::conflict(
            "La linea non ha una chiave di accesso a Meta. Chi gestisce il servizio \
                           deve aggiungerla.",
        )
    })
}

fn words(err: &NotTaken) -> &'static str {
    match err.failure {
        Failure::Coded { code, .. } => submission::refusal(code, err.subcode),
        _ => "Meta non risponde. Riprovare tra poco: quello che c'è già non si ripete.",
    }
}

fn not_taken(err: &NotTaken) -> Problem {
    Problem::refused_by_meta(words(err).to_owned())
}
