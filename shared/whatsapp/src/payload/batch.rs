// SPDX-License-Identifier: EUPL-1.2
//! One POST into single updates.
//!
//! Each level is read as raw pieces and each piece on its own. So a message that no parser takes
//! (half an emoji, a number beyond any type, a thousand brackets) costs that message only.

use std::collections::HashMap;

use domain::cost::Market;
use domain::ids::PhoneNumberId;
use domain::message::{Inbound, MarketingChoice};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{
    Pricing, State, StatusUpdate, Unreadable, Update, message, seconds, sender, whole_number, word,
};

const PRODUCT: &str = "whatsapp_business_account";

/// Meta's ids of numbers have 15 digits or so. Longer ones would not fit a key of a table.
const MAX_NUMBER_BYTES: usize = 64;

/// An item nests half a dozen levels. No reader of JSON takes more than 128, and on its way through
/// the queues an item stands some levels further in.
const MAX_DEPTH: usize = 64;

type Object<'a> = HashMap<String, &'a RawValue>;

/// Reads one POST body whose signature was right.
///
/// Fails if there is no envelope to look into: then the whole body is to be kept aside. Whatever
/// is wrong further in is an [`Update::Unreadable`] among the others. The updates keep their order.
pub fn split(body: &[u8]) -> Result<Vec<Update>, Unreadable> {
    // Bytes that are no text cost one character, not the batch.
    let body = String::from_utf8_lossy(body);
    let envelope: Object = serde_json::from_str(&body).map_err(|it| Unreadable::from(&it))?;
    if value(envelope.get("object")).is_some_and(|it| it != PRODUCT) {
        return Ok(vec![Update::Ignored { why: "other-product" }]);
    }
    let entries = envelope.get("entry").and_then(|it| items(it));
    let entries = entries.ok_or(Unreadable::Missing("entry"))?;
    let mut updates = Vec::new();
    for entry in entries {
        split_entry(entry, &mut updates);
    }
    Ok(updates)
}

fn split_entry(raw: &RawValue, updates: &mut Vec<Update>) {
    let Some(entry) = object(raw) else { return updates.push(unreadable("entry", raw)) };
    let Some(changes) = entry.get("changes").and_then(|it| items(it)) else {
        return updates.push(unreadable("changes", raw));
    };
    let account = word(value(entry.get("id")).as_ref()).unwrap_or_default();
    let at = seconds(value(entry.get("time")).as_ref());
    for change in changes {
        split_change(change, &account, at, updates);
    }
}

fn split_change(raw: &RawValue, account: &str, at: Option<i64>, updates: &mut Vec<Update>) {
    let Some(change) = object(raw) else { return updates.push(unreadable("change", raw)) };
    let Some(Value::String(field)) = value(change.get("field")) else {
        return updates.push(unreadable("field", raw));
    };
    let content = change.get("value").copied().unwrap_or(RawValue::NULL);
    if field == "messages" {
        return split_messages(content, account, at, updates);
    }
    if field == "user_preferences" {
        return split_preferences(content, updates);
    }
    if field == "calls" {
        return split_calls(content, updates);
    }
    updates.push(match parse(content) {
        Some(value) => Update::Account { account: account.to_owned(), field, at, value },
        None => unreadable("value", content),
    });
}

/// The field `messages`: any subset of messages, statuses and errors.
fn split_messages(raw: &RawValue, account: &str, at: Option<i64>, updates: &mut Vec<Update>) {
    let Some(fields) = object(raw) else { return updates.push(unreadable("value", raw)) };
    let Some(number) = number(&fields) else {
        return updates.push(unreadable("phone_number_id", raw));
    };
    let n_before = updates.len();
    if let Some(raw) = present(fields.get("messages")) {
        let contacts = Contacts::read(fields.get("contacts"));
        each_item(raw, "messages", updates, |it| inbound(&number, &contacts, it));
    }
    if let Some(raw) = present(fields.get("statuses")) {
        each_item(raw, "statuses", updates, |it| status(&number, it));
    }
    if let Some(raw) = present(fields.get("errors")) {
        let value = json!({ "phone_number_id": number.as_str(), "errors": parse(raw) });
        let (account, field) = (account.to_owned(), "errors".to_owned());
        updates.push(Update::Account { account, field, at, value });
    }
    if updates.len() == n_before {
        updates.push(Update::Ignored { why: "nothing-known" });
    }
}

/// The field `user_preferences`: what people told WhatsApp itself about our messages.
///
/// It goes the way of their messages, or a choice could overtake the one before it.
fn split_preferences(raw: &RawValue, updates: &mut Vec<Update>) {
    let Some(fields) = object(raw) else { return updates.push(unreadable("value", raw)) };
    let Some(number) = number(&fields) else {
        return updates.push(unreadable("phone_number_id", raw));
    };
    let Some(raw) = present(fields.get("user_preferences")) else {
        return updates.push(Update::Ignored { why: "nothing-known" });
    };
    let contacts = Contacts::read(fields.get("contacts"));
    each_item(raw, "user_preferences", updates, |it| preference(&number, &contacts, it));
}

/// The field `calls`: who calls is told that nobody answers, so only the call's beginning matters.
///
/// Source: Cloud API, webhook `calls`, event `connect`.
fn split_calls(raw: &RawValue, updates: &mut Vec<Update>) {
    let Some(fields) = object(raw) else { return updates.push(unreadable("value", raw)) };
    let Some(number) = number(&fields) else {
        return updates.push(unreadable("phone_number_id", raw));
    };
    let Some(raw) = present(fields.get("calls")) else {
        return updates.push(Update::Ignored { why: "nothing-known" });
    };
    let contacts = Contacts::read(fields.get("contacts"));
    each_item(raw, "calls", updates, |it| {
        if it.get("event").is_some_and(|it| it == "connect") {
            inbound(&number, &contacts, message::of_call(&it))
        } else {
            Update::Ignored { why: "call-event" }
        }
    });
}

fn preference(number: &PhoneNumberId, contacts: &Contacts, item: Value) -> Update {
    let marketing = item.get("category").is_some_and(|it| it == "marketing_messages");
    let choice = item.get("value").and_then(Value::as_str).and_then(MarketingChoice::parse);
    let Some(choice) = choice.filter(|_| marketing) else {
        return Update::Ignored { why: "unknown-preference" };
    };
    match inbound(number, contacts, message::of_preference(number, &item, choice)) {
        Update::Unreadable { what, .. } => Update::Unreadable { what, value: item },
        update => update,
    }
}

fn number(fields: &Object) -> Option<PhoneNumberId> {
    let metadata = value(fields.get("metadata"))?;
    let number = word(metadata.get("phone_number_id"))?;
    (number.len() <= MAX_NUMBER_BYTES).then(|| PhoneNumberId::new(number))
}

/// Reads each item of a list; what is no list, and an item that cannot be held, stays aside.
fn each_item(
    raw: &RawValue,
    list: &'static str,
    updates: &mut Vec<Update>,
    read: impl Fn(Value) -> Update,
) {
    let Some(items) = items(raw) else { return updates.push(unreadable(list, raw)) };
    updates.extend(items.into_iter().map(|it| match parse(it) {
        Some(item) => read(item),
        None => unreadable(list, it),
    }));
}

fn inbound(number: &PhoneNumberId, contacts: &Contacts, message: Value) -> Update {
    if message.get("group_id").is_some_and(|it| !it.is_null()) {
        return Update::Ignored { why: "group" };
    }
    if message.get("type").is_some_and(|it| it == "request_welcome") {
        // Gone since 2026-03-26: the person opened the chat and wrote nothing.
        return Update::Ignored { why: "request-welcome" };
    }
    let contact = contacts.of(&message);
    match message::read(&message, contact.as_ref()) {
        Ok(Inbound { id: message_id, sender, .. }) => {
            let sender_key = sender::key(&sender).to_owned();
            Update::Message { number: number.clone(), message, contact, sender_key, message_id }
        }
        Err(what) => Update::Unreadable { what, value: message },
    }
}

fn status(number: &PhoneNumberId, status: Value) -> Update {
    if status.get("recipient_type").is_some_and(|it| it == "group") {
        return Update::Ignored { why: "group" };
    }
    let state = match status.get("status").and_then(Value::as_str) {
        Some("sent") => State::Sent,
        Some("delivered") => State::Delivered,
        Some("read") => State::Read,
        Some("played") => State::Played,
        Some("failed") => State::Failed,
        Some(_) => return Update::Ignored { why: "unknown-status" },
        None => return Update::Unreadable { what: "status", value: status },
    };
    let Some(at) = seconds(status.get("timestamp")) else {
        return Update::Unreadable { what: "timestamp", value: status };
    };
    Update::Status(StatusUpdate {
        number: number.clone(),
        callback: word(status.get("biz_opaque_callback_data")),
        state,
        at,
        code: whole_number(status.pointer("/errors/0/code")),
        pricing: pricing(status.get("pricing")),
        market: Market::of_address(
            word(status.get("recipient_id")).as_deref(),
            word(status.get("recipient_user_id")).as_deref(),
        ),
    })
}

fn pricing(value: Option<&Value>) -> Option<Pricing> {
    let value = value?;
    let (kind, category) = (word(value.get("type"))?, word(value.get("category"))?);
    Some(Pricing { kind, category })
}

/// The contacts of one change by number and by user id.
struct Contacts<'a> {
    by_identifier: HashMap<String, &'a RawValue>,
}

impl<'a> Contacts<'a> {
    fn read(list: Option<&&'a RawValue>) -> Self {
        let mut by_identifier = HashMap::new();
        for raw in list.and_then(|it| items(it)).unwrap_or_default() {
            let Some(contact) = object(raw) else { continue };
            for key in ["user_id", "wa_id"] {
                if let Some(identifier) = word(value(contact.get(key)).as_ref()) {
                    by_identifier.insert(identifier, raw);
                }
            }
        }
        Self { by_identifier }
    }

    /// Whose user id or number the message names; a lone contact proves nothing.
    fn of(&self, message: &Value) -> Option<Value> {
        ["from_user_id", "from"]
            .iter()
            .filter_map(|key| word(message.get(*key)))
            .find_map(|identifier| self.by_identifier.get(&identifier))
            .and_then(|raw| parse(raw))
    }
}

fn object(raw: &RawValue) -> Option<Object<'_>> {
    serde_json::from_str(raw.get()).ok()
}

fn items(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

fn parse(raw: &RawValue) -> Option<Value> {
    serde_json::from_str(raw.get()).ok().filter(|it| nests_at_most(MAX_DEPTH, it))
}

fn nests_at_most(levels: usize, value: &Value) -> bool {
    let Some(rest) = levels.checked_sub(1) else { return !value.is_array() && !value.is_object() };
    match value {
        Value::Array(items) => items.iter().all(|it| nests_at_most(rest, it)),
        Value::Object(fields) => fields.values().all(|it| nests_at_most(rest, it)),
        _ => true,
    }
}

fn value(raw: Option<&&RawValue>) -> Option<Value> {
    parse(raw?)
}

/// There, and not `null`.
fn present<'a>(raw: Option<&&'a RawValue>) -> Option<&'a RawValue> {
    raw.copied().filter(|it| it.get() != "null")
}

/// Keeps the item as it came; as text if it cannot be held as a value.
fn unreadable(what: &'static str, raw: &RawValue) -> Update {
    let value = parse(raw).unwrap_or_else(|| Value::String(raw.get().to_owned()));
    Update::Unreadable { what, value }
}
