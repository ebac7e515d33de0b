// SPDX-License-Identifier: EUPL-1.2
//! What people do with their phones: write, tap, react, block, change number.

use rusqlite::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

use anyhow::Context;
use jiff::Timestamp;

use super::book::{self, Message, Pair, StoredMedia, Update};
use super::options::Number;
use super::outbound::new_message_id;
use super::people::{Content, Identity, Person, PhoneMedia, WriteBody, digits};
use super::rules::DAY_MS;
use super::{Meta, content_of, ms};

/// Why a phone could not send.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("not a phone number: 6 to 15 digits with the country code are needed")]
    NotAPhone,
    #[error("no line is called so")]
    UnknownLine,
    #[error("there is nothing to send")]
    Empty,
    #[error("this phone is not on WhatsApp")]
    NotOnWhatsApp,
    /// WhatsApp asks to unblock first.
    #[error("this phone blocked the line")]
    Blocked,
    #[error("the simulator's store failed")]
    Store(#[from] rusqlite::Error),
}

/// A citizen's message as the webhook says it; kept so that it can come again.
struct Wire {
    item: Value,
    contact: Value,
}

impl Meta {
    /// Who has this phone, someone new if nobody did.
    pub fn person(&self, phone: &str) -> anyhow::Result<Person> {
        let phone = digits(phone).context("read the phone")?;
        self.transact(|db| book::person(db, &phone)).context("read the person")
    }

    /// Changes a profile. Stopping or resuming marketing is told in `user_preferences`.
    pub fn change_person(
        &self,
        phone: &str,
        change: impl FnOnce(&mut Person),
    ) -> anyhow::Result<()> {
        let phone = digits(phone).context("read the phone")?;
        let now_ms = self.now_ms();
        self.transact(|db| {
            let before = book::person(db, &phone)?;
            let mut after = before.clone();
            change(&mut after);
            book::save_person(db, &phone, &after)?;
            for number in &self.0.numbers {
                let stopped = |it: &Person| it.stopped_marketing.contains(&number.line);
                if stopped(&before) != stopped(&after) {
                    self.tell_preference(db, number, &phone, &after, now_ms)?;
                }
            }
            Ok::<_, rusqlite::Error>(())
        })
        .context("store the person")?;
        self.announce(&phone);
        Ok(())
    }

    /// The person's user id as this line's portfolio knows it.
    pub fn user_id(&self, phone: &str, line: &str) -> anyhow::Result<String> {
        let phone = digits(phone).context("read the phone")?;
        let number = self.line(line).context("find the line")?;
        self.transact(|db| {
            book::person(db, &phone)?;
            book::user_id(db, &number.portfolio_id, &phone)
        })
        .context("read the user id")
    }

    /// A person writes to a line now. Returns the message's id.
    pub fn write(
        &self,
        phone: &str,
        line: &str,
        body: impl Into<WriteBody>,
    ) -> Result<String, WriteError> {
        self.write_at(phone, line, body, self.0.clock.now())
    }

    /// The same with another time on it, for messages that come late.
    pub fn write_at(
        &self,
        phone: &str,
        line: &str,
        body: impl Into<WriteBody>,
        at: Timestamp,
    ) -> Result<String, WriteError> {
        let phone = digits(phone).ok_or(WriteError::NotAPhone)?;
        let number = self.line(line).ok_or(WriteError::UnknownLine)?;
        let body = body.into();
        if matches!(&body, WriteBody::Text(text) if text.trim().is_empty()) {
            return Err(WriteError::Empty);
        }
        let id = self.transact(|db| self.receive(db, number, &phone, body, at))?;
        self.announce(&phone);
        Ok(id)
    }

    /// Sends the webhook of a citizen's message once more, as Meta does when in doubt.
    pub fn redeliver(&self, message_id: &str) -> anyhow::Result<()> {
        let now_ms = self.now_ms();
        self.transact(|db| {
            let message = book::message(db, message_id)?.filter(|it| it.by_citizen);
            let message = message.context("find the message")?;
            let number = self.0.numbers.iter().find(|it| it.phone_number_id == message.number);
            let number = number.context("find its number")?;
            let mut wire: Value = serde_json::from_str(&message.wire)
                .map_err(|err| anyhow::anyhow!("read its webhook: {:?}", err.classify()))?;
            let wire = Wire { item: wire["message"].take(), contact: wire["contact"].take() };
            book::add_update(db, &self.inbound_update(number, &message, &wire, now_ms))?;
            anyhow::Ok(())
        })?;
        self.0.changed.notify_waiters();
        Ok(())
    }

    /// The person goes over to another phone: new user ids, and a `system` message to every line
    /// they had to do with.
    pub fn change_number(&self, old: &str, new: &str) -> anyhow::Result<()> {
        let (old, new) = (digits(old).context("old phone")?, digits(new).context("new phone")?);
        self.transact(|db| {
            let numbers = self.known_user_ids(db, &old)?;
            book::move_phone(db, &old, &new)?;
            for (number, old_id) in numbers {
                let new_id = book::user_id(db, &number.portfolio_id, &new)?;
                let system = json!({
                    "type": "user_changed_number",
                    "body": "User changed from one number to another",
                    "wa_id": new,
                    "user_id": new_id,
                    "previous_user_id": old_id,
                });
                self.tell_system(db, number, &new, Some((&old, &old_id)), &system)?;
            }
            Ok::<_, rusqlite::Error>(())
        })
        .context("change the number")?;
        self.announce(&old);
        self.announce(&new);
        Ok(())
    }

    /// The person gets new user ids with the same phone, which Meta does not name.
    pub fn change_user_id(&self, phone: &str) -> anyhow::Result<()> {
        let phone = digits(phone).context("read the phone")?;
        self.transact(|db| {
            let numbers = self.known_user_ids(db, &phone)?;
            book::renew_user_ids(db, &phone)?;
            for (number, old_id) in numbers {
                let system = json!({
                    "type": "user_changed_user_id",
                    "body": "User changed their user id",
                    "user_id": book::user_id(db, &number.portfolio_id, &phone)?,
                    "previous_user_id": old_id,
                });
                self.tell_system(db, number, &phone, None, &system)?;
            }
            Ok::<_, rusqlite::Error>(())
        })
        .context("change the user id")?;
        self.announce(&phone);
        Ok(())
    }

    fn known_user_ids(&self, db: &Connection, phone: &str) -> book::Rows<Vec<(&Number, String)>> {
        let known = book::numbers_of_phone(db, phone)?;
        self.0
            .numbers
            .iter()
            .filter(|it| known.contains(&it.phone_number_id))
            .map(|it| Ok((it, book::user_id(db, &it.portfolio_id, phone)?)))
            .collect()
    }

    fn tell_system(
        &self,
        db: &Connection,
        number: &Number,
        phone: &str,
        from: Option<(&str, &str)>,
        system: &Value,
    ) -> book::Rows<()> {
        let now_ms = self.now_ms();
        let mut item = json!({
            "id": new_message_id(phone),
            "timestamp": (now_ms / 1_000).to_string(),
            "type": "system",
            "system": system,
        });
        if let Some((phone, user_id)) = from {
            item["from"] = phone.into();
            item["from_user_id"] = user_id.into();
        }
        let update = self.update(number, "messages", item.to_string(), now_ms);
        book::add_update(db, &update)
    }

    fn tell_preference(
        &self,
        db: &Connection,
        number: &Number,
        phone: &str,
        person: &Person,
        now_ms: i64,
    ) -> book::Rows<()> {
        let stopped = person.stopped_marketing.contains(&number.line);
        let (verb, value) = if stopped { ("stop", "stop") } else { ("resume", "resume") };
        let user_id = book::user_id(db, &number.portfolio_id, phone)?;
        let mut item = json!({
            "user_id": user_id,
            "detail": format!("User requested to {verb} marketing messages"),
            "category": "marketing_messages",
            "value": value,
            "timestamp": now_ms / 1_000,
        });
        let contact = contact(person, phone, &user_id);
        if let Some(wa_id) = contact.get("wa_id") {
            item["wa_id"] = wa_id.clone();
        }
        let update = Update {
            field: "user_preferences".to_owned(),
            contact: Some(contact.to_string()),
            ..self.update(number, "user_preferences", item.to_string(), now_ms)
        };
        book::add_update(db, &update)
    }

    fn receive(
        &self,
        db: &Connection,
        number: &Number,
        phone: &str,
        body: WriteBody,
        at: Timestamp,
    ) -> Result<String, WriteError> {
        let person = book::person(db, phone)?;
        if !person.on_whatsapp {
            return Err(WriteError::NotOnWhatsApp);
        }
        if person.blocks.contains(&number.line) {
            return Err(WriteError::Blocked);
        }
        let user_id = book::user_id(db, &number.portfolio_id, phone)?;
        let id = new_message_id(phone);
        let mut said = self.said(db, number, phone, body)?;
        let item = &mut said.item;
        match person.identity {
            Identity::Phone => item["from"] = phone.into(),
            Identity::UserIdInFrom => item["from"] = user_id.as_str().into(),
            Identity::UserIdOnly => {}
        }
        item["from_user_id"] = user_id.as_str().into();
        item["id"] = id.as_str().into();
        item["timestamp"] = at.as_second().to_string().into();
        item["type"] = said.kind.as_str().into();
        let wire = Wire { item: said.item, contact: contact(&person, phone, &user_id) };
        let message = Message {
            id: id.clone(),
            phone: phone.to_owned(),
            number: number.phone_number_id.clone(),
            by_citizen: true,
            at_ms: at.as_millisecond(),
            content: json!(said.content).to_string(),
            template: None,
            category: None,
            callback: None,
            reaction: None,
            held: false,
            failed: None,
            sent_ms: Some(at.as_millisecond()),
            delivered_ms: None,
            read_ms: None,
            wire: json!({"message": wire.item, "contact": wire.contact}).to_string(),
            kind: said.kind,
        };
        book::add_message(db, &message)?;

        let pair = book::pair(db, &number.phone_number_id, phone)?;
        // One of two who is blocked sees one tick, and nobody is told.
        if pair.blocked_by_business {
            return Ok(id);
        }
        let due_ms = self.now_ms() + ms(self.0.pace.inbound);
        book::add_update(db, &self.inbound_update(number, &message, &wire, due_ms))?;
        // Whether a reaction opens the window is not published; we assume that it does not.
        if message.kind != "reaction" {
            let last_inbound_ms = pair.last_inbound_ms.max(Some(message.at_ms));
            let pair = Pair { last_inbound_ms, ..pair };
            book::save_pair(db, &number.phone_number_id, phone, &pair)?;
        }
        self.count_throughput(&number.phone_number_id, self.now_ms());
        Ok(id)
    }

    fn inbound_update(
        &self,
        number: &Number,
        message: &Message,
        wire: &Wire,
        due_ms: i64,
    ) -> Update {
        Update {
            contact: Some(wire.contact.to_string()),
            phone: Some(message.phone.clone()),
            message_id: Some(message.id.clone()),
            ..self.update(number, "messages", wire.item.to_string(), due_ms)
        }
    }

    /// The part of the webhook that depends on what was sent, and what the phone shows.
    fn said(
        &self,
        db: &Connection,
        number: &Number,
        phone: &str,
        body: WriteBody,
    ) -> Result<Said, WriteError> {
        Ok(match body {
            WriteBody::Text(text) => Said {
                kind: "text".to_owned(),
                item: json!({"text": {"body": text}}),
                content: Content { body: text, ..Content::default() },
            },
            WriteBody::Button { payload, title, context } => {
                let tapped = tapped_message(db, number, phone, &payload, context.as_deref())?;
                tap(number, &payload, title, tapped.as_ref())
            }
            WriteBody::Media { kind, mime_type, bytes, file_name, caption } => {
                let sha256 = super::media::sha256_base64(&bytes);
                let file = StoredMedia {
                    id: super::media::new_id(),
                    mime_type,
                    file_name,
                    bytes,
                    // A citizen's file can be fetched for seven days.
                    expires_ms: self.now_ms() + 7 * DAY_MS,
                };
                book::add_media(db, &file)?;
                sent_file(kind, file, &sha256, caption)
            }
            WriteBody::Reaction { message_id, emoji } => {
                book::react(db, &message_id, emoji.as_deref())?;
                let mut reaction = json!({"message_id": message_id});
                if let Some(emoji) = emoji {
                    reaction["emoji"] = emoji.into();
                }
                Said {
                    kind: "reaction".to_owned(),
                    item: json!({"reaction": reaction}),
                    content: Content::default(),
                }
            }
            WriteBody::Other { kind, object } => Said {
                item: json!({kind.clone(): object}),
                content: Content { body: format!("[{kind}]"), ..Content::default() },
                kind,
            },
        })
    }
}

struct Said {
    kind: String,
    item: Value,
    content: Content,
}

fn contact(person: &Person, phone: &str, user_id: &str) -> Value {
    let mut contact = json!({"profile": {"name": person.name}, "user_id": user_id});
    match person.identity {
        Identity::Phone => contact["wa_id"] = phone.into(),
        Identity::UserIdInFrom => contact["wa_id"] = user_id.into(),
        Identity::UserIdOnly => {}
    }
    if let Some(username) = &person.username {
        contact["profile"]["username"] = username.as_str().into();
    }
    contact
}

/// The message that had the button: the one named, or the last of the line that has it.
fn tapped_message(
    db: &Connection,
    number: &Number,
    phone: &str,
    payload: &str,
    context: Option<&str>,
) -> book::Rows<Option<Message>> {
    if let Some(id) = context {
        return book::message(db, id);
    }
    let messages = book::messages_of_phone(db, phone)?;
    Ok(messages.into_iter().rev().find(|it| {
        it.number == number.phone_number_id
            && !it.by_citizen
            && content_of(it).buttons.iter().any(|it| it.payload == payload)
    }))
}

/// A template's quick reply, a list's row and a reply button differ on the wire.
fn tap(number: &Number, payload: &str, title: String, tapped: Option<&Message>) -> Said {
    let shown = tapped.map(content_of).unwrap_or_default();
    let is_template = tapped.is_some_and(|it| it.kind == "template");
    let (kind, mut item) = if is_template {
        ("button", json!({"button": {"payload": payload, "text": title}}))
    } else if shown.list.is_some() {
        let row = shown.buttons.into_iter().find(|it| it.payload == payload);
        let mut reply = json!({"id": payload, "title": title});
        if let Some(description) = row.and_then(|it| it.description) {
            reply["description"] = description.into();
        }
        ("interactive", json!({"interactive": {"type": "list_reply", "list_reply": reply}}))
    } else {
        let reply = json!({"id": payload, "title": title});
        ("interactive", json!({"interactive": {"type": "button_reply", "button_reply": reply}}))
    };
    if let Some(tapped) = tapped {
        let from = digits(&number.display_number).unwrap_or_default();
        item["context"] = json!({"from": from, "id": tapped.id});
    }
    Said {
        kind: kind.to_owned(),
        item,
        content: Content {
            body: title,
            reply_to: tapped.map(|it| it.id.clone()),
            ..Content::default()
        },
    }
}

fn sent_file(kind: String, file: StoredMedia, sha256: &str, caption: Option<String>) -> Said {
    let mut object = json!({"id": file.id, "mime_type": file.mime_type, "sha256": sha256});
    if let Some(name) = file.file_name.as_deref().filter(|_| kind == "document") {
        object["filename"] = name.into();
    }
    if kind == "audio" {
        object["voice"] = false.into();
    }
    if let Some(caption) = &caption {
        object["caption"] = caption.as_str().into();
    }
    Said {
        item: json!({kind.clone(): object}),
        content: Content {
            body: caption.unwrap_or_default(),
            media: Some(PhoneMedia {
                mime_type: file.mime_type,
                file_name: file.file_name,
                id: Some(file.id),
            }),
            ..Content::default()
        },
        kind,
    }
}

/// Meta's `type` for a file a person picks.
pub(crate) fn kind_of_mime(mime_type: &str) -> &'static str {
    match mime_type.split('/').next() {
        Some("image") => "image",
        Some("video") => "video",
        Some("audio") => "audio",
        _ => "document",
    }
}

/// A name nobody guesses.
pub(crate) fn random_name() -> String {
    Uuid::new_v4().simple().to_string()
}
