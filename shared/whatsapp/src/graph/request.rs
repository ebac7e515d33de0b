// SPDX-License-Identifier: EUPL-1.2
//! The JSON of what we ask of the Graph API.

use domain::ids::MessageId;
use domain::message::{Attached, Button, FilledTemplate, HeaderMedia, Outgoing, Place, Row};
use serde_json::{Value, json};

use super::To;

pub(super) fn message(to: To<'_>, message: &Outgoing, callback: &str) -> Value {
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "biz_opaque_callback_data": callback,
    });
    match to {
        // Without the plus Meta may put the business number's country code in front.
        To::Phone(phone) => body["to"] = format!("+{}", phone.expose()).into(),
        To::UserId(id) => body["recipient"] = id.expose().into(),
    }
    let (kind, content) = match message {
        Outgoing::Text(text) => ("text", json!({ "preview_url": false, "body": text })),
        Outgoing::Buttons { body, buttons } => ("interactive", reply_buttons(body, buttons)),
        Outgoing::List { body, button, rows } => ("interactive", list(body, button, rows)),
        Outgoing::Document { media_id, file_name, caption } => {
            ("document", document(media_id, file_name, caption))
        }
        Outgoing::Location(place) => ("location", location(place)),
        Outgoing::Media { kind, media_id, caption } => media(*kind, media_id, caption),
        Outgoing::Template(filled) => ("template", template(filled)),
    };
    body["type"] = kind.into();
    body[kind] = content;
    body
}

/// A file as `multipart/form-data` (RFC 7578): what its `Content-Type` says, and the body.
///
/// Three fields that are always the same do not need a library.
pub(super) fn upload(file_name: &str, mime_type: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    let mut boundary = "----filo-diretto".to_owned();
    while bytes.windows(boundary.len()).any(|it| it == boundary.as_bytes()) {
        boundary.push('-');
    }
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\n\
         whatsapp\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\n\
         {mime_type}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; \
         filename=\"{file_name}\"\r\nContent-Type: {mime_type}\r\n\r\n"
    );
    let end = format!("\r\n--{boundary}--\r\n");
    let body = [head.as_bytes(), bytes, end.as_bytes()].concat();
    (format!("multipart/form-data; boundary={boundary}"), body)
}

pub(super) fn blocked(to: To<'_>) -> Value {
    let user = match to {
        To::Phone(phone) => json!({ "user": format!("+{}", phone.expose()) }),
        To::UserId(id) => json!({ "user_id": id.expose() }),
    };
    json!({ "messaging_product": "whatsapp", "block_users": [user] })
}

pub(super) fn read(message_id: &MessageId, typing: bool) -> Value {
    let mut body = json!({
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": message_id.expose(),
    });
    if typing {
        body["typing_indicator"] = json!({ "type": "text" });
    }
    body
}

fn reply_buttons(body: &str, buttons: &[Button]) -> Value {
    let buttons: Vec<_> = buttons
        .iter()
        .map(|it| json!({ "type": "reply", "reply": { "id": it.payload, "title": it.title } }))
        .collect();
    json!({ "type": "button", "body": { "text": body }, "action": { "buttons": buttons } })
}

fn document(media_id: &str, file_name: &str, caption: &str) -> Value {
    let mut document = json!({ "id": media_id, "filename": file_name });
    if !caption.is_empty() {
        document["caption"] = caption.into();
    }
    document
}

fn location(place: &Place) -> Value {
    let mut location = json!({
        "latitude": place.latitude,
        "longitude": place.longitude,
        "name": place.name,
    });
    if let Some(address) = &place.address {
        location["address"] = address.as_str().into();
    }
    location
}

fn media(kind: Attached, media_id: &str, caption: &str) -> (&'static str, Value) {
    let mut media = json!({ "id": media_id });
    if kind.takes_caption() && !caption.is_empty() {
        media["caption"] = caption.into();
    }
    if kind == Attached::Voice {
        media["voice"] = true.into();
    }
    match kind {
        Attached::Voice => (Attached::Audio.name(), media),
        kind => (kind.name(), media),
    }
}

/// One section, which needs no title.
fn list(body: &str, button: &str, rows: &[Row]) -> Value {
    let rows: Vec<_> = rows
        .iter()
        .map(|it| {
            let mut row = json!({ "id": it.payload, "title": it.title });
            if let Some(description) = &it.description {
                row["description"] = description.as_str().into();
            }
            row
        })
        .collect();
    let action = json!({ "button": button, "sections": [{ "rows": rows }] });
    json!({ "type": "list", "body": { "text": body }, "action": action })
}

/// Components without anything to fill in are left out, as Meta asks.
fn template(filled: &FilledTemplate) -> Value {
    let mut template = json!({ "name": filled.name, "language": { "code": filled.language } });
    let components: Vec<_> = filled
        .header
        .iter()
        .map(header)
        .chain(body(&filled.parameters))
        .chain(button(filled))
        .collect();
    if !components.is_empty() {
        template["components"] = components.into();
    }
    template
}

fn header(media: &HeaderMedia) -> Value {
    let kind = media.format.name();
    let mut file = json!({ "id": media.media_id });
    if let Some(name) = &media.file_name {
        file["filename"] = name.as_str().into();
    }
    let parameter = json!({ "type": kind, kind: file });
    json!({ "type": "header", "parameters": [parameter] })
}

fn button(filled: &FilledTemplate) -> Option<Value> {
    let payload = filled.quick_reply.as_ref()?;
    let parameters = json!([{ "type": "payload", "payload": payload }]);
    let index = "0";
    Some(json!({
        "type": "button",
        "sub_type": "quick_reply",
        "index": index,
        "parameters": parameters,
    }))
}

fn body(parameters: &[(String, String)]) -> Option<Value> {
    let parameters: Vec<_> = parameters
        .iter()
        .map(|(name, text)| json!({ "type": "text", "parameter_name": name, "text": text }))
        .collect();
    (!parameters.is_empty()).then(|| json!({ "type": "body", "parameters": parameters }))
}
