// SPDX-License-Identifier: EUPL-1.2
//! Templates as their owner manages them: listed in pages, made and reviewed, deleted.
//!
//! Sources: Cloud API, templates/{template-management,template-review,template-categorization,
//! components} and support/error-codes. Where these are silent the choice is named at its place.

use std::collections::HashMap;

use anyhow::Context;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::book::{self, Update};
use super::errors::Refusal;
use super::graph::{Answer, called_account, calling_app, json_body};
use super::options::{Category, Review, Template, TemplateButton, TemplateHeader, TemplateState};
use super::rules::DAY_MS;
use super::{Meta, lock, ms, uploads};

/// Unless `limit` says otherwise.
const A_PAGE: usize = 25;
/// Of an account whose owner Meta has not verified.
const MOST: usize = 250;
const MADE_IN_AN_HOUR: usize = 100;
/// The name of an approved one that was deleted.
const RESERVED_MS: i64 = 30 * DAY_MS;

/// What makes a notice marketing, whatever category was asked for.
const SELLING: [&str; 6] =
    ["non perdere", "ti aspettiamo", "vi aspettiamo", "sconto", "partecipa", "approfitta"];

type Asked = HashMap<String, String>;

pub(crate) async fn list(
    State(meta): State<Meta>,
    Path((version, id)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Answer {
    called_account(&meta, &headers, &id)?;
    let limit = asked.get("limit").and_then(|it| it.parse().ok()).unwrap_or(A_PAGE);
    let after = match asked.get("after") {
        Some(cursor) => cursor.parse().map_err(|_| Refusal::new(131_059, "Invalid cursor."))?,
        None => 0,
    };
    let name = asked.get("name");
    let now_ms = meta.now_ms();
    let templates = lock(&meta.0.templates);
    let wanted = |it: &Template| {
        it.messaging_account_id == id && name.is_none_or(|name| it.name.contains(name.as_str()))
    };
    let of_account = templates.iter().enumerate().filter(|(_, it)| wanted(it));
    let mut data: Vec<Value> = of_account
        .skip(after)
        .take(limit + 1)
        .map(|(n, it)| node(n, &it.clone().at(now_ms)))
        .collect();
    let more = data.len() > limit;
    data.truncate(limit);
    let cursor = (after + data.len()).to_string();
    let mut paging = json!({"cursors": {"before": after.to_string(), "after": cursor}});
    if more {
        let base = meta.graph_base(&headers);
        paging["next"] =
            format!("{base}/{version}/{id}/message_templates?limit={limit}&after={cursor}").into();
    }
    Ok(Json(json!({"data": data, "paging": paging})))
}

fn node(n: usize, it: &Template) -> Value {
    let mut components = Vec::new();
    match &it.header {
        Some(TemplateHeader::Text(text)) => {
            components.push(json!({"type": "HEADER", "format": "TEXT", "text": text}));
        }
        Some(TemplateHeader::Media(kind)) => {
            components.push(json!({"type": "HEADER", "format": kind.to_uppercase()}));
        }
        None => {}
    }
    components.push(json!({"type": "BODY", "text": it.body}));
    if let Some(footer) = &it.footer {
        components.push(json!({"type": "FOOTER", "text": footer}));
    }
    if !it.buttons.is_empty() {
        let buttons = it.buttons.iter().map(|it| match it {
            TemplateButton::QuickReply(text) => json!({"type": "QUICK_REPLY", "text": text}),
            TemplateButton::Url { text, url } => json!({"type": "URL", "text": text, "url": url}),
        });
        let buttons: Vec<_> = buttons.collect();
        components.push(json!({"type": "BUTTONS", "buttons": buttons}));
    }
    let rejected = it.state == TemplateState::Rejected;
    json!({
        "id": (n + 1).to_string(),
        "name": it.name,
        "language": it.language,
        "status": it.state.slug(),
        "rejected_reason": if rejected { it.rejected_for.as_str() } else { "NONE" },
        "quality_score": {"score": it.quality},
        "category": it.category.slug().to_uppercase(),
        "parameter_format": if it.is_named() { "NAMED" } else { "POSITIONAL" },
        "components": components,
    })
}

/// Takes a template for review. Its category may be another one than was asked for; how the review
/// ends comes as a webhook.
pub(crate) async fn create(
    State(meta): State<Meta>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    called_account(&meta, &headers, &id)?;
    let body = json_body(&body)?;
    let mut template = read(&id, &body)?;
    uploads::check_example(&meta, &calling_app(&meta, &headers)?.id, &body)?;
    let now_ms = meta.now_ms();
    refuse_taken(&meta, &template, now_ms)?;
    let state = verdict(&mut template);
    let until_ms = now_ms + ms(meta.0.pace.review);
    template.review = Some(Review { until_ms, state });
    let event = json!({
        "event": state.slug(),
        "message_template_id": 1,
        "message_template_name": template.name,
        "message_template_language": template.language,
        "message_template_category": template.category.slug().to_uppercase(),
        "reason": if state == TemplateState::Rejected { &template.rejected_for } else { "NONE" },
    });
    let reviewed = meta.account_update(&id, "message_template_status_update", &event, until_ms);
    let reviewed = reviewed.map_err(|_| Refusal::no_such_object())?;
    let category = template.category.slug().to_uppercase();
    let shown = template.clone().at(now_ms).state;
    meta.transact(|db| {
        book::add_template(db, &template, now_ms)?;
        book::add_update(db, &reviewed)
    })?;
    meta.set_template(template);
    meta.0.changed.notify_waiters();
    let n = lock(&meta.0.templates).len();
    Ok(Json(json!({"id": n.to_string(), "status": shown.slug(), "category": category})))
}

/// Deletes a name in all its languages.
pub(crate) async fn delete(
    State(meta): State<Meta>,
    Path((_, id)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Answer {
    called_account(&meta, &headers, &id)?;
    let name = asked.get("name");
    let name = name.ok_or_else(|| Refusal::new(100, "The parameter name is required."))?;
    let now_ms = meta.now_ms();
    let mut templates = lock(&meta.0.templates);
    let is_it = |it: &Template| it.messaging_account_id == id && it.name == *name;
    if !templates.iter().any(&is_it) {
        return Err(Refusal::of_template(2_593_002, "Message Template Not Found"));
    }
    let approved = |it: &Template| it.clone().at(now_ms).state != TemplateState::Rejected;
    let reserved = templates.iter().any(|it| is_it(it) && approved(it));
    let until_ms = if reserved { now_ms + RESERVED_MS } else { now_ms };
    templates.retain(|it| !is_it(it));
    drop(templates);
    meta.transact(|db| book::remove_template(db, &id, name, until_ms))?;
    Ok(Json(json!({"success": true})))
}

impl Meta {
    /// Puts a template's quality at `GREEN`, `YELLOW`, `RED` or `UNKNOWN`, and says so in
    /// `message_template_quality_update`.
    pub fn set_template_quality(
        &self,
        messaging_account_id: &str,
        name: &str,
        quality: &str,
    ) -> anyhow::Result<()> {
        let mut templates = lock(&self.0.templates);
        let found = templates
            .iter_mut()
            .find(|it| it.messaging_account_id == messaging_account_id && it.name == name);
        let template = found.context("find the template")?;
        let value = json!({
            "message_template_id": 1,
            "message_template_name": name,
            "message_template_language": template.language,
            "previous_quality_score": template.quality,
            "new_quality_score": quality,
        });
        quality.clone_into(&mut template.quality);
        drop(templates);
        self.account_event(messaging_account_id, "message_template_quality_update", &value)
    }

    /// A webhook on a field of the account, due at an instant.
    pub(super) fn account_update(
        &self,
        messaging_account_id: &str,
        field: &str,
        value: &Value,
        due_ms: i64,
    ) -> anyhow::Result<Update> {
        let number =
            self.0.numbers.iter().find(|it| it.messaging_account_id == messaging_account_id);
        let number = number.context("find the account")?;
        Ok(Update {
            number: None,
            field: field.to_owned(),
            ..self.update(number, "", value.to_string(), due_ms)
        })
    }
}

/// What was asked for, or what is wrong with it.
fn read(account: &str, body: &Value) -> Result<Template, Refusal> {
    let text = |key: &str| {
        let text = body[key].as_str().map(str::to_owned);
        text.ok_or_else(|| Refusal::new(100, format!("The parameter {key} is required.")))
    };
    let component =
        |kind: &str| body["components"].as_array()?.iter().find(|it| it["type"] == kind).cloned();
    let name = text("name")?;
    let allowed = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_';
    if name.is_empty() || name.len() > 512 || !name.bytes().all(allowed) {
        return Err(Refusal::new(100, "The name has other than lower case letters, digits and _."));
    }
    let category = Category::from_upper(&text("category")?)
        .ok_or_else(|| Refusal::new(100, "The category is not one of the accepted."))?;
    let body_component = component("BODY").unwrap_or_default();
    let body_text = body_component["text"].as_str().unwrap_or_default().to_owned();
    if body_text.trim().is_empty() {
        return Err(Refusal::of_template(2_388_072, "A BODY is required."));
    }
    let parameters = places(&body_text);
    check_body(&body_text, &parameters)?;
    check_examples(&body_component["example"], &parameters)?;
    let header = match component("HEADER") {
        None => None,
        Some(it) if it["format"] == "TEXT" => {
            let text = it["text"].as_str().unwrap_or_default();
            let plain = !text.contains(['\n', '*', '_', '~', '{']);
            if text.is_empty() || !plain {
                return Err(Refusal::of_template(2_388_047, "The header's format is incorrect."));
            }
            too_long(text, 60)?;
            Some(TemplateHeader::Text(text.to_owned()))
        }
        Some(it) => {
            Some(TemplateHeader::Media(it["format"].as_str().unwrap_or_default().to_lowercase()))
        }
    };
    let footer = component("FOOTER").and_then(|it| Some(it["text"].as_str()?.to_owned()));
    if let Some(footer) = &footer {
        if footer.contains(['\n', '{']) {
            return Err(Refusal::of_template(2_388_073, "The footer's format is incorrect."));
        }
        too_long(footer, 60)?;
    }
    if body["message_send_ttl_seconds"].as_i64().is_some_and(|it| !(30..=43_200).contains(&it)) {
        return Err(Refusal::new(100, "message_send_ttl_seconds is out of range."));
    }
    Ok(Template {
        messaging_account_id: account.to_owned(),
        name,
        language: text("language")?,
        category,
        header,
        parameters,
        body: body_text,
        footer,
        buttons: buttons(&component("BUTTONS").unwrap_or_default())?,
        ..Template::default()
    })
}

fn check_body(text: &str, parameters: &[String]) -> Result<(), Refusal> {
    too_long(text, 1_024)?;
    if text.contains("\n\n\n") || text.contains("     ") || text.contains('\t') {
        return Err(Refusal::of_template(2_388_072, "The body's format is incorrect."));
    }
    let trimmed = text.trim().trim_end_matches(['.', ',', '!', '?', ';', ':']);
    let adjacent = trimmed.split("}}").skip(1).any(|it| it.trim_start().starts_with("{{"));
    if trimmed.starts_with("{{") || trimmed.ends_with("}}") || adjacent {
        return Err(Refusal::of_template(2_388_299, "Variables can't be at the start or end."));
    }
    let places = text.matches("{{").count();
    let words = text.split_whitespace().filter(|it| it.contains(char::is_alphanumeric)).count();
    // With their variables; Meta does not publish the ratio.
    if places > 0 && words < 3 * places + 1 {
        return Err(Refusal::of_template(
            2_388_293,
            "Too many variables for the length of the text.",
        ));
    }
    let lower = |it: &String| {
        it.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_')
    };
    if !parameters.iter().all(lower) {
        return Err(Refusal::new(100, "A variable's name is not in lower case."));
    }
    Ok(())
}

/// One for each variable, of the format that the variables have.
fn check_examples(example: &Value, parameters: &[String]) -> Result<(), Refusal> {
    let named = example["body_text_named_params"].as_array().cloned().unwrap_or_default();
    let has = |name: &String| {
        named.iter().any(|it| {
            it["param_name"] == **name && it["example"].as_str().is_some_and(|it| !it.is_empty())
        })
    };
    let counted = example["body_text"][0].as_array().map_or(0, Vec::len);
    let positional = parameters.iter().all(|it| it.bytes().all(|it| it.is_ascii_digit()));
    let enough = if positional { counted == parameters.len() } else { parameters.iter().all(has) };
    if enough {
        return Ok(());
    }
    Err(Refusal::new(100, "component of type BODY is missing expected field(s) (example)"))
}

fn buttons(component: &Value) -> Result<Vec<TemplateButton>, Refusal> {
    let mut buttons = Vec::new();
    for it in component["buttons"].as_array().into_iter().flatten() {
        let text = it["text"].as_str().unwrap_or_default().to_owned();
        too_long(&text, 25)?;
        buttons.push(match it["type"].as_str() {
            Some("URL") => {
                TemplateButton::Url { text, url: it["url"].as_str().unwrap_or_default().to_owned() }
            }
            Some("QUICK_REPLY") => TemplateButton::QuickReply(text),
            _ => return Err(Refusal::new(100, "A button's type is not one of the accepted.")),
        });
    }
    Ok(buttons)
}

/// A name and language that is there, a name that is reserved, too many templates or too fast.
fn refuse_taken(meta: &Meta, template: &Template, now_ms: i64) -> Result<(), Refusal> {
    let account = &template.messaging_account_id;
    let templates = lock(&meta.0.templates);
    let mut of_account = templates.iter().filter(|it| it.messaging_account_id == *account);
    let count = of_account.clone().count();
    if of_account.any(|it| it.name == template.name && it.language == template.language) {
        return Err(Refusal::of_template(2_388_024, "Content in this language already exists."));
    }
    drop(templates);
    if count >= MOST {
        return Err(Refusal::of_template(2_388_019, "The limit of templates is reached."));
    }
    let hour_ago = now_ms - 3_600_000;
    let (made, reserved) = meta.transact(|db| {
        let made = book::templates_made_since(db, account, hour_ago)?;
        Ok::<_, rusqlite::Error>((made, book::is_reserved(db, account, &template.name, now_ms)?))
    })?;
    if reserved {
        let details = "New content can't be added while the existing content is being deleted.";
        return Err(Refusal::of_template(2_388_023, details));
    }
    if made >= MADE_IN_AN_HOUR {
        return Err(Refusal::new(80_008, "Too many templates were made in an hour."));
    }
    Ok(())
}

/// How the review ends. Meta's reviewers are replaced by two rules: who sells is marketing, who hides
/// where a link leads is a fraud.
fn verdict(template: &mut Template) -> TemplateState {
    let lower = template.body.to_lowercase();
    if lower.contains("bit.ly") || lower.contains("tinyurl") {
        "SCAM".clone_into(&mut template.rejected_for);
        return TemplateState::Rejected;
    }
    let sells = SELLING.iter().any(|it| lower.contains(it));
    if sells && template.category == Category::Utility {
        template.category = Category::Marketing;
    }
    TemplateState::Approved
}

fn too_long(text: &str, limit: usize) -> Result<(), Refusal> {
    if text.encode_utf16().count() <= limit {
        return Ok(());
    }
    Err(Refusal::of_template(2_388_040, "A field is longer than its limit."))
}

/// The parameters of a text, in its order, each once.
fn places(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in text.split("{{").skip(1) {
        if let Some((name, _)) = part.split_once("}}") {
            let name = name.trim().to_owned();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}
