// SPDX-License-Identifier: EUPL-1.2
//! Who wrote a message: the same answer for the queue's order and for the contact.

use domain::ids::UserId;
use domain::message::{ProfileName, Sender};
use domain::phone::Phone;
use serde_json::Value;

use super::{text, word};

/// Ids are far shorter (`IT.` and at most 128); longer ones would not fit a key of a table.
const MAX_USER_ID_BYTES: usize = 256;
/// WhatsApp's own limit is 25 characters.
const MAX_NAME_BYTES: usize = 256;

/// The sender as far as message and contact tell; `None` with neither number nor user id.
///
/// The number is missing for people with a username who never wrote to this number, the user id
/// in old payloads, and a user id may stand where a number belongs. A `system` message is from
/// the person as they were before.
pub(super) fn read(message: &Value, contact: Option<&Value>) -> Option<Sender> {
    let from = word(message.get("from"));
    let wa_id = contact.and_then(|it| word(it.get("wa_id")));
    let system = message.get("system");
    let phone = from.as_deref().and_then(phone).or_else(|| wa_id.as_deref().and_then(phone));
    let user_id = user_id(message.get("from_user_id"))
        .or_else(|| contact.and_then(|it| user_id(it.get("user_id"))))
        .or_else(|| system.and_then(|it| user_id(it.get("previous_user_id"))))
        .or_else(|| from.and_then(misplaced_user_id));
    if phone.is_none() && user_id.is_none() {
        return None;
    }
    let name = contact.and_then(|it| it.pointer("/profile/name")).and_then(Value::as_str);
    let name = name.map(|it| text::line(it, MAX_NAME_BYTES)).filter(|it| !it.trim().is_empty());
    Some(Sender { phone, user_id, name: name.map(ProfileName::new) })
}

/// What keeps one person's messages in order. The user id first: it is nearly always there.
pub(super) fn key(sender: &Sender) -> &str {
    let user_id = sender.user_id.as_ref().map(UserId::expose);
    user_id.or_else(|| sender.phone.as_ref().map(Phone::expose)).unwrap_or_default()
}

pub(super) fn phone(text: &str) -> Option<Phone> {
    Phone::parse(text).ok()
}

/// A user id in its own place is opaque; it only has to be fit for a key.
pub(super) fn user_id(value: Option<&Value>) -> Option<UserId> {
    let id = value?.as_str()?;
    let fits = (1..=MAX_USER_ID_BYTES).contains(&id.len());
    (fits && id.bytes().all(|it| it.is_ascii_graphic())).then(|| UserId::new(id))
}

/// A user id in a number's place must look like one: `IT.` and letters or digits.
fn misplaced_user_id(text: String) -> Option<UserId> {
    let (country, id) = text.split_once('.')?;
    let looks_right = country.len() == 2
        && country.bytes().all(|it| it.is_ascii_uppercase())
        && id.bytes().all(|it| it.is_ascii_alphanumeric())
        && (1..=128).contains(&id.len());
    looks_right.then(|| UserId::new(text))
}
