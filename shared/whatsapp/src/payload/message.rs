// SPDX-License-Identifier: EUPL-1.2
//! One message of Meta's into the domain's words. What we have no word for is still a message:
//! the desk sees that something came.

use domain::ids::{MessageId, PhoneNumberId};
use domain::message::{Content, Inbound, MarketingChoice, Media};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Unreadable, seconds, sender, text, word};

/// The `type` that an element of `user_preferences[]` has among messages. No type of Meta's.
const PREFERENCE: &str = "user_preferences";

/// The `type` that an element of `calls[]` has among messages. No type of Meta's.
const CALL: &str = "call";

/// Meta's ids of messages have some hundred bytes. Longer ones would not fit into a row of ours.
const MAX_ID_BYTES: usize = 1_024;
/// Longer texts are cut. WhatsApp lets people write 4,096 characters.
pub const MAX_TEXT_BYTES: usize = 65_536;
/// For payloads, titles, file names and types.
const MAX_WORD_BYTES: usize = 1_024;

/// Reads one element of `messages[]` with its element of `contacts[]`.
///
/// Fails only without an id, a time or a sender; any content can be read. What [`super::split`]
/// gives as a message never fails.
pub fn read_message(message: &Value, contact: Option<&Value>) -> Result<Inbound, Unreadable> {
    read(message, contact).map_err(Unreadable::Missing)
}

/// As [`read_message`]; the error is what is missing.
pub(super) fn read(message: &Value, contact: Option<&Value>) -> Result<Inbound, &'static str> {
    let id = word(message.get("id")).filter(|it| it.len() <= MAX_ID_BYTES).ok_or("id")?;
    let sender = sender::read(message, contact).ok_or("sender")?;
    let at = seconds(message.get("timestamp"))
        .and_then(|it| Timestamp::from_second(it).ok())
        .ok_or("timestamp")?;
    Ok(Inbound { id: MessageId::new(id), sender, at, content: content(message) })
}

/// An element of `user_preferences[]` in the shape of a message.
///
/// Meta gives it no id, but repeats it like any webhook. So its id is what it says: who, when and
/// what; and to which number, since one person may stop two lines in the same second.
pub(super) fn of_preference(
    number: &PhoneNumberId,
    preference: &Value,
    choice: MarketingChoice,
) -> Value {
    let part = |name: &str| word(preference.get(name)).unwrap_or_default();
    let who = Some(part("user_id")).filter(|it| !it.is_empty()).unwrap_or_else(|| part("wa_id"));
    let (at, choice) = (part("timestamp"), choice.name());
    json!({
        "id": format!("{PREFERENCE}:{number}:{who}:{at}:{choice}"),
        "from": preference.get("wa_id"),
        "from_user_id": preference.get("user_id"),
        "timestamp": preference.get("timestamp"),
        "type": PREFERENCE,
        PREFERENCE: { "value": choice },
    })
}

/// An element of `calls[]` in the shape of a message: that somebody called, and nothing of the call.
pub(super) fn of_call(call: &Value) -> Value {
    json!({
        "id": call.get("id"),
        "from": call.get("from"),
        "from_user_id": call.get("from_user_id"),
        "timestamp": call.get("timestamp"),
        "type": CALL,
    })
}

fn content(message: &Value) -> Content {
    let kind = short_word(message.get("type")).unwrap_or_else(|| "unknown".to_owned());
    let read = match kind.as_str() {
        "text" => long_text(message, "/text/body").map(Content::Text),
        "button" => tap(message, "/button/payload", "/button/text"),
        "interactive" => interactive(message),
        "image" | "video" | "audio" | "document" | "sticker" => media(message, &kind, &kind),
        // So called in old payloads.
        "voice" => media(message, "voice", "audio"),
        "reaction" => Some(Content::Reaction { emoji: short_text(message, "/reaction/emoji") }),
        "system" => moved(message),
        CALL => Some(Content::Call),
        PREFERENCE => {
            let choice = message.pointer("/user_preferences/value").and_then(Value::as_str);
            choice.and_then(MarketingChoice::parse).map(Content::Marketing)
        }
        _ => None,
    };
    read.unwrap_or(Content::Other { kind })
}

fn interactive(message: &Value) -> Option<Content> {
    tap(message, "/interactive/button_reply/id", "/interactive/button_reply/title")
        .or_else(|| tap(message, "/interactive/list_reply/id", "/interactive/list_reply/title"))
}

/// A template's quick reply without a payload of its own comes with its label, and one of the two
/// may be missing.
fn tap(message: &Value, payload: &str, title: &str) -> Option<Content> {
    let (payload, title) = (short_text(message, payload), short_text(message, title));
    let either = payload.clone().or_else(|| title.clone())?;
    Some(Content::Tap {
        payload: payload.unwrap_or_else(|| either.clone()),
        title: title.unwrap_or(either),
    })
}

/// `None` without an id, as when Meta could not fetch the file.
fn media(message: &Value, key: &str, kind: &str) -> Option<Content> {
    let id = short_word(message.pointer(&format!("/{key}/id")))?;
    Some(Content::Media(Media {
        kind: kind.to_owned(),
        id,
        mime_type: short_text(message, &format!("/{key}/mime_type")),
        file_name: short_text(message, &format!("/{key}/filename")),
        caption: long_text(message, &format!("/{key}/caption")),
        file: None,
    }))
}

/// `user_changed_number`, `user_changed_user_id`. Other system messages say nothing we can use.
fn moved(message: &Value) -> Option<Content> {
    let system = message.get("system")?;
    let kind = system.get("type").and_then(Value::as_str)?;
    if !matches!(kind, "user_changed_number" | "user_changed_user_id") {
        return None;
    }
    let phone = word(system.get("wa_id")).as_deref().and_then(sender::phone);
    let user_id = sender::user_id(system.get("user_id"));
    if phone.is_none() && user_id.is_none() {
        return None;
    }
    let previous_user_id = sender::user_id(system.get("previous_user_id"));
    Some(Content::Moved { phone, user_id, previous_user_id })
}

fn long_text(message: &Value, pointer: &str) -> Option<String> {
    Some(text::lines(message.pointer(pointer)?.as_str()?, MAX_TEXT_BYTES))
}

fn short_word(value: Option<&Value>) -> Option<String> {
    let text = text::line(&word(value)?, MAX_WORD_BYTES);
    (!text.is_empty()).then_some(text)
}

fn short_text(message: &Value, pointer: &str) -> Option<String> {
    let text = text::line(message.pointer(pointer)?.as_str()?, MAX_WORD_BYTES);
    (!text.is_empty()).then_some(text)
}
