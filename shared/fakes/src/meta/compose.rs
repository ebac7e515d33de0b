// SPDX-License-Identifier: EUPL-1.2
//! Reads the body of a send as Meta would: what it says, or why it is refused.
//!
//! Sources: DOC/reference/whatsapp-business-phone-number/message-api and the message type guides.

use std::collections::BTreeSet;

use serde_json::Value;

use super::errors::Refusal;
use super::options::{Category, Template, TemplateButton, TemplateHeader, TemplateState};
use super::people::{Content, PhoneButton, PhoneMedia};

/// A send that is well formed. No `Debug`: it is what the business says to somebody.
pub(crate) struct Draft {
    pub(crate) to: Recipient,
    pub(crate) kind: String,
    pub(crate) content: Content,
    pub(crate) template: Option<(String, Category)>,
    pub(crate) reaction: Option<Reaction>,
    pub(crate) callback: Option<String>,
}

/// Whom `to` or `recipient` names, as written.
pub(crate) enum Recipient {
    Phone { input: String, digits: String },
    UserId(String),
}

pub(crate) struct Reaction {
    pub(crate) message_id: String,
    pub(crate) emoji: Option<String>,
}

/// What the account has, beside the body.
pub(crate) struct Shelf<'a> {
    pub(crate) templates: &'a [Template],
    /// MIME type and file name of an uploaded file.
    pub(crate) media: &'a dyn Fn(&str) -> Option<PhoneMedia>,
}

type Read<T> = Result<T, Refusal>;

const MEDIA_KINDS: [&str; 5] = ["image", "video", "audio", "document", "sticker"];

pub(crate) fn read(body: &Value, shelf: &Shelf<'_>) -> Read<Draft> {
    if body["messaging_product"] != "whatsapp" {
        return Err(Refusal::new(100, "The parameter messaging_product is required."));
    }
    let callback = optional(body, "/biz_opaque_callback_data")?;
    if let Some(callback) = callback {
        at_most(callback, 512, "biz_opaque_callback_data", 100)?;
    }
    let kind = optional(body, "/type")?.unwrap_or("text");
    let mut draft = Draft {
        to: recipient(body)?,
        kind: kind.to_owned(),
        content: Content::default(),
        template: None,
        reaction: None,
        callback: callback.map(str::to_owned),
    };
    match kind {
        "text" => draft.content.body = text_body(body)?,
        "interactive" => draft.content = interactive(&body["interactive"], shelf)?,
        "template" => {
            let template = find_template(&body["template"], shelf.templates)?;
            draft.content = fill(template, &body["template"]["components"], shelf)?;
            draft.template = Some((template.name.clone(), template.category));
        }
        "reaction" => {
            let emoji = optional(body, "/reaction/emoji")?.filter(|it| !it.is_empty());
            draft.reaction = Some(Reaction {
                message_id: required(body, "/reaction/message_id")?.to_owned(),
                emoji: emoji.map(str::to_owned),
            });
        }
        "location" => {
            if !(body["location"]["latitude"].is_number()
                && body["location"]["longitude"].is_number())
            {
                return Err(missing("location.latitude and location.longitude"));
            }
            let name = optional(body, "/location/name")?.unwrap_or("Posizione");
            draft.content.body = format!("📍 {name}");
        }
        kind if MEDIA_KINDS.contains(&kind) => {
            let caption = optional(body, &format!("/{kind}/caption"))?.unwrap_or_default();
            at_most(caption, 1_024, "caption", 131_009)?;
            caption.clone_into(&mut draft.content.body);
            draft.content.media = Some(media(kind, &body[kind], shelf)?);
        }
        _ => return Err(Refusal::new(131_051, "Message type is not currently supported.")),
    }
    draft.content.reply_to = optional(body, "/context/message_id")?.map(str::to_owned);
    Ok(draft)
}

fn recipient(body: &Value) -> Read<Recipient> {
    if let Some(input) = optional(body, "/to")? {
        let digits = super::people::digits(input)
            .ok_or_else(|| Refusal::new(131_009, "The parameter to is not a phone number."))?;
        return Ok(Recipient::Phone { input: input.to_owned(), digits });
    }
    match optional(body, "/recipient")? {
        Some(user_id) => Ok(Recipient::UserId(user_id.to_owned())),
        None => Err(Refusal::new(100, "The parameter to is required.")),
    }
}

fn text_body(body: &Value) -> Read<String> {
    let text = required(body, "/text/body")?;
    at_most(text, 4_096, "text['body']", 100)?;
    let wants_preview = body["text"]["preview_url"] == true;
    if wants_preview && !(text.contains("http://") || text.contains("https://")) {
        return Err(Refusal::new(131_009, "preview_url needs a URL in the body."));
    }
    Ok(text.to_owned())
}

fn interactive(it: &Value, shelf: &Shelf<'_>) -> Read<Content> {
    let kind = required(it, "/type")?;
    let mut content = Content {
        body: required(it, "/body/text")?.to_owned(),
        footer: optional(it, "/footer/text")?.map(str::to_owned),
        ..Content::default()
    };
    let longest_body = if kind == "list" { 4_096 } else { 1_024 };
    at_most(&content.body, longest_body, "interactive['body']['text']", 131_009)?;
    if let Some(footer) = &content.footer {
        at_most(footer, 60, "interactive['footer']['text']", 131_009)?;
    }
    if !it["header"].is_null() {
        interactive_header(kind, &it["header"], shelf, &mut content)?;
    }
    match kind {
        "button" => content.buttons = reply_buttons(&it["action"])?,
        "list" => {
            let label = required(it, "/action/button")?;
            at_most(label, 20, "interactive['action']['button']", 131_009)?;
            content.list = Some(label.to_owned());
            content.buttons = list_rows(&it["action"])?;
        }
        "cta_url" => {
            let title = required(it, "/action/parameters/display_text")?;
            at_most(title, 20, "display_text", 131_009)?;
            let url = required(it, "/action/parameters/url")?;
            content.buttons = vec![link_button(title, web_address(url)?)];
        }
        "location_request_message" => {}
        _ => return Err(Refusal::new(131_009, "interactive['type'] is not one of the accepted.")),
    }
    Ok(content)
}

fn interactive_header(kind: &str, header: &Value, shelf: &Shelf<'_>, to: &mut Content) -> Read<()> {
    match required(header, "/type")? {
        "text" => {
            let text = required(header, "/text")?;
            at_most(text, 60, "interactive['header']['text']", 131_009)?;
            to.header = Some(text.to_owned());
        }
        media_kind @ ("image" | "video" | "document") if kind != "list" => {
            to.media = Some(media(media_kind, &header[media_kind], shelf)?);
        }
        _ => return Err(Refusal::new(131_009, "interactive['header']['type'] is not accepted.")),
    }
    Ok(())
}

fn reply_buttons(action: &Value) -> Read<Vec<PhoneButton>> {
    let buttons = array(action, "buttons")?;
    if !(1..=3).contains(&buttons.len()) {
        return Err(Refusal::new(131_009, "Between 1 and 3 reply buttons are allowed."));
    }
    let buttons = buttons
        .iter()
        .map(|it| {
            let (id, title) = (required(it, "/reply/id")?, required(it, "/reply/title")?);
            at_most(id, 256, "reply['id']", 131_009)?;
            at_most(title, 20, "reply['title']", 131_009)?;
            Ok(reply_button(id, title, None))
        })
        .collect::<Read<Vec<_>>>()?;
    all_different(buttons.iter().map(|it| &*it.payload), "Button ids")?;
    all_different(buttons.iter().map(|it| &*it.title), "Button titles")?;
    Ok(buttons)
}

fn list_rows(action: &Value) -> Read<Vec<PhoneButton>> {
    let sections = array(action, "sections")?;
    if !(1..=10).contains(&sections.len()) {
        return Err(Refusal::new(131_009, "Between 1 and 10 sections are allowed."));
    }
    let mut rows = Vec::new();
    for section in sections {
        let title = optional(section, "/title")?.unwrap_or_default();
        if title.is_empty() && sections.len() > 1 {
            return Err(Refusal::new(131_009, "Every one of several sections needs a title."));
        }
        at_most(title, 24, "section['title']", 131_009)?;
        for row in array(section, "rows")? {
            let (id, title) = (required(row, "/id")?, required(row, "/title")?);
            let description = optional(row, "/description")?;
            at_most(id, 200, "row['id']", 131_009)?;
            at_most(title, 24, "row['title']", 131_009)?;
            at_most(description.unwrap_or_default(), 72, "row['description']", 131_009)?;
            rows.push(reply_button(id, title, description));
        }
    }
    if !(1..=10).contains(&rows.len()) {
        return Err(Refusal::new(131_009, "Between 1 and 10 rows in total are allowed."));
    }
    all_different(rows.iter().map(|it| &*it.payload), "Row ids")?;
    Ok(rows)
}

fn media(kind: &str, it: &Value, shelf: &Shelf<'_>) -> Read<PhoneMedia> {
    let name = optional(it, "/filename")?.map(str::to_owned);
    if let Some(id) = optional(it, "/id")? {
        let file = (shelf.media)(id)
            .ok_or_else(|| Refusal::new(131_053, "No file was uploaded under this media id."))?;
        return Ok(PhoneMedia { file_name: name.or(file.file_name), ..file });
    }
    let link = web_address(required(it, "/link")?)?;
    let last = link.rsplit('/').next().unwrap_or_default().to_owned();
    Ok(PhoneMedia { mime_type: format!("{kind}/*"), file_name: name.or(Some(last)), id: None })
}

// Templates.

fn find_template<'a>(it: &Value, templates: &'a [Template]) -> Read<&'a Template> {
    let (name, language) = (required(it, "/name")?, required(it, "/language/code")?);
    let found = templates.iter().find(|it| it.name == name && it.language == language);
    let absent =
        || Refusal::new(132_001, format!("template name ({name}) does not exist in {language}"));
    let template = found.ok_or_else(absent)?;
    match template.state {
        TemplateState::Approved => Ok(template),
        TemplateState::Paused => Err(Refusal::new(132_015, "Template is paused.")),
        TemplateState::Disabled => Err(Refusal::new(132_016, "Template is disabled.")),
        TemplateState::Pending | TemplateState::Rejected => Err(absent()),
    }
}

/// The template's text with the send's parameters in their places.
fn fill(template: &Template, components: &Value, shelf: &Shelf<'_>) -> Read<Content> {
    let none = Vec::new();
    let components = match components {
        Value::Null => &none,
        it => it.as_array().ok_or_else(|| mismatch("components must be an array"))?,
    };
    let mut content = Content { footer: template.footer.clone(), ..Content::default() };
    let body = component(components, "body");
    content.body = fill_body(template, body)?;
    fill_header(template, component(components, "header"), shelf, &mut content)?;
    content.buttons = fill_buttons(template, components)?;
    Ok(content)
}

fn component<'a>(components: &'a [Value], kind: &str) -> &'a [Value] {
    components
        .iter()
        .find(|it| it["type"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(kind)))
        .and_then(|it| it["parameters"].as_array())
        .map_or(&[], Vec::as_slice)
}

fn fill_body(template: &Template, parameters: &[Value]) -> Read<String> {
    if parameters.len() != template.parameters.len() {
        return Err(Refusal::new(
            132_000,
            format!(
                "body: number of localizable_params ({}) does not match the expected number of \
                 params ({})",
                parameters.len(),
                template.parameters.len()
            ),
        ));
    }
    let mut values = Vec::with_capacity(parameters.len());
    for (n, it) in parameters.iter().enumerate() {
        let name = optional(it, "/parameter_name")?;
        let name = match (template.is_named(), name) {
            (true, None) => return Err(Refusal::new(100, "Parameter name is missing or empty.")),
            (true, Some(name)) => name,
            (false, _) => template.parameters[n].as_str(),
        };
        if !template.parameters.iter().any(|it| it == name) {
            return Err(mismatch("body: a parameter name is not one of the template's"));
        }
        if values.iter().any(|(it, _)| *it == name) {
            return Err(mismatch("body: a parameter name comes twice"));
        }
        values.push((name, text_parameter(it)?));
    }
    let text = replace_all(&template.body, &values);
    at_most(&text, 1_024, "the filled body", 132_005)?;
    Ok(text)
}

/// Replaces in one pass, so that a value that looks like a parameter stays as it is.
fn replace_all(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let value = after.split_once("}}").and_then(|(name, tail)| {
            let found = values.iter().find(|(it, _)| *it == name.trim())?;
            Some((found.1, tail))
        });
        rest = if let Some((value, tail)) = value {
            filled.push_str(value);
            tail
        } else {
            filled.push_str("{{");
            after
        };
    }
    filled + rest
}

/// Text parameters have no line break, no tab and no more than four spaces in a row.
fn text_parameter(it: &Value) -> Read<&str> {
    if it["type"] != "text" {
        return Err(mismatch("the parameter's type is not text"));
    }
    let text = required(it, "/text")?;
    if text.contains(['\n', '\r', '\t']) || text.contains("     ") {
        return Err(mismatch(
            "Param text cannot have new-line/tab characters or more than 4 consecutive spaces",
        ));
    }
    Ok(text)
}

fn fill_header(
    template: &Template,
    parameters: &[Value],
    shelf: &Shelf<'_>,
    to: &mut Content,
) -> Read<()> {
    match (&template.header, parameters) {
        (None, []) => {}
        (Some(TemplateHeader::Text(text)), []) => to.header = Some(text.clone()),
        (Some(TemplateHeader::Media(kind)), [it]) if it["type"] == kind.as_str() => {
            to.media = Some(media(kind, &it[kind.as_str()], shelf)?);
        }
        (Some(TemplateHeader::Media(kind)), _) => {
            return Err(mismatch(&format!(
                "header: Format mismatch, expected {}",
                kind.to_uppercase()
            )));
        }
        (None | Some(TemplateHeader::Text(_)), _) => {
            return Err(Refusal::new(132_000, "header: the template expects no parameter"));
        }
    }
    Ok(())
}

fn fill_buttons(template: &Template, components: &[Value]) -> Read<Vec<PhoneButton>> {
    let sent: Vec<&Value> = components
        .iter()
        .filter(|it| it["type"].as_str().is_some_and(|it| it.eq_ignore_ascii_case("button")))
        .collect();
    for it in &sent {
        let index = button_index(it).filter(|it| *it < template.buttons.len());
        let Some(index) = index else {
            return Err(mismatch("button: the template has no button at this index"));
        };
        let fits = match &template.buttons[index] {
            TemplateButton::QuickReply(_) => it["sub_type"] == "quick_reply",
            TemplateButton::Url { .. } => it["sub_type"] == "url",
        };
        if !fits {
            return Err(mismatch("button: sub_type is not that of the template's button"));
        }
    }
    template
        .buttons
        .iter()
        .enumerate()
        .map(|(n, button)| {
            let sent = sent.iter().find(|it| button_index(it) == Some(n));
            fill_button(button, sent.copied())
        })
        .collect()
}

fn button_index(it: &Value) -> Option<usize> {
    match &it["index"] {
        Value::String(text) => text.parse().ok(),
        number => number.as_u64().and_then(|it| usize::try_from(it).ok()),
    }
}

fn fill_button(button: &TemplateButton, sent: Option<&Value>) -> Read<PhoneButton> {
    match button {
        TemplateButton::QuickReply(label) => {
            let payload = match sent {
                Some(it) => required(it, "/parameters/0/payload")?,
                None => label,
            };
            Ok(reply_button(payload, label, None))
        }
        TemplateButton::Url { text, url } if url.contains("{{1}}") => {
            let Some(sent) = sent else {
                return Err(missing("the URL button's parameter"));
            };
            let value = required(sent, "/parameters/0/text")?;
            Ok(link_button(text, &url.replace("{{1}}", value)))
        }
        TemplateButton::Url { text, url } => Ok(link_button(text, url)),
    }
}

fn reply_button(payload: &str, title: &str, description: Option<&str>) -> PhoneButton {
    PhoneButton {
        payload: payload.to_owned(),
        title: title.to_owned(),
        description: description.map(str::to_owned),
        url: None,
    }
}

fn link_button(title: &str, url: &str) -> PhoneButton {
    PhoneButton {
        payload: String::new(),
        title: title.to_owned(),
        description: None,
        url: Some(url.to_owned()),
    }
}

// The habits of the reading.

fn optional<'a>(it: &'a Value, pointer: &str) -> Read<Option<&'a str>> {
    match it.pointer(pointer) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refusal::new(100, format!("Param {} must be a string.", &pointer[1..]))),
    }
}

fn required<'a>(it: &'a Value, pointer: &str) -> Read<&'a str> {
    optional(it, pointer)?.filter(|it| !it.is_empty()).ok_or_else(|| missing(&pointer[1..]))
}

fn missing(what: &str) -> Refusal {
    Refusal::new(131_008, format!("Required parameter is missing: {what}."))
}

fn mismatch(what: &str) -> Refusal {
    Refusal::new(132_012, what)
}

fn array<'a>(it: &'a Value, key: &str) -> Read<&'a Vec<Value>> {
    it[key].as_array().ok_or_else(|| missing(key))
}

fn at_most(text: &str, n: usize, what: &str, code: u32) -> Read<()> {
    if text.chars().count() <= n {
        return Ok(());
    }
    Err(Refusal::new(code, format!("Param {what} must be at most {n} characters long.")))
}

fn all_different<'a>(items: impl Iterator<Item = &'a str>, what: &str) -> Read<()> {
    let mut seen = BTreeSet::new();
    for it in items {
        if !seen.insert(it) {
            return Err(Refusal::new(131_009, format!("{what} must be unique.")));
        }
    }
    Ok(())
}

fn web_address(url: &str) -> Read<&str> {
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(url);
    }
    Err(Refusal::new(131_009, "The link is not a web address."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_each_place_once() {
        let values = [("a", "{{b}}"), ("b", "two")];
        assert_eq!(replace_all("{{a}} and {{ b }}, {{c}} {{", &values), "{{b}} and two, {{c}} {{");
    }
}
