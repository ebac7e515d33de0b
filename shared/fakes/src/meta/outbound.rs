// SPDX-License-Identifier: EUPL-1.2
//! A send that Meta accepts or refuses, and the statuses that follow.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rusqlite::Connection;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::book::{self, Message, Pair, Update};
use super::compose::{self, Draft, Reaction, Recipient, Shelf};
use super::errors::{Refusal, details_of};
use super::faults::Faults;
use super::options::{Category, Number, Template};
use super::people::{Identity, Person, PhoneMedia};
use super::rules::{self, DAY_MS};
use super::{Meta, lock, ms};

/// What the answer says of an accepted send.
pub(crate) struct Accepted {
    pub(crate) id: String,
    pub(crate) answer: Value,
}

/// A wamid: opaque, and with the citizen's number inside as Meta's are.
pub(crate) fn new_message_id(phone: &str) -> String {
    let mut bytes = vec![0x1c, 0x18, u8::try_from(phone.len()).unwrap_or(u8::MAX)];
    bytes.extend(phone.bytes());
    bytes.extend([0x15, 0x02, 0x00, 0x11, 0x18, 0x10]);
    bytes.extend(Uuid::new_v4().as_bytes());
    format!("wamid.{}", STANDARD.encode(bytes))
}

impl Meta {
    /// Takes a send or refuses it. `fail` makes it fail later with that code.
    pub(crate) fn accept(
        &self,
        number: &Number,
        body: &Value,
        fail: Option<u32>,
    ) -> Result<Accepted, Refusal> {
        let faults = self.faults_now(&number.phone_number_id);
        let now_ms = self.now_ms();
        let templates: Vec<Template> = lock(&self.0.templates)
            .iter()
            .filter(|it| it.messaging_account_id == number.messaging_account_id)
            .map(|it| it.clone().at(now_ms))
            .collect();
        let (message, answer) = self.transact(|db| {
            let media = |id: &str| -> Option<PhoneMedia> {
                let file = book::media(db, id, now_ms).ok().flatten()?;
                let id = Some(file.id);
                Some(PhoneMedia { mime_type: file.mime_type, file_name: file.file_name, id })
            };
            let draft = compose::read(body, &Shelf { templates: &templates, media: &media })?;
            self.take(db, number, draft, fail, &faults, now_ms)
        })?;
        self.announce(&message.phone);
        Ok(Accepted { id: message.id, answer })
    }

    fn take(
        &self,
        db: &Connection,
        number: &Number,
        draft: Draft,
        fail: Option<u32>,
        faults: &Faults,
        now_ms: i64,
    ) -> Result<(Message, Value), Refusal> {
        let phone = phone_of(db, number, &draft.to)?;
        let person = book::person(db, &phone)?;
        let mut pair = book::pair(db, &number.phone_number_id, &phone)?;
        if super::digits(&number.display_number).as_deref() == Some(&phone) {
            return Err(Refusal::new(131_021, "Sender and recipient phone number is the same."));
        }
        if pair.blocked_by_business {
            return Err(Refusal::new(130_403, "This business has blocked the user."));
        }
        let failure = fail.or_else(|| natural_failure(&person, &pair, &draft, number, now_ms));
        if let Some(code) = failure.filter(|_| faults.failures_in_answer) {
            return Err(Refusal::new(code, details_of(code)));
        }
        let outside_window = !rules::window_open(pair.last_inbound_ms, now_ms);
        let counts_for_portfolio = outside_window && failure.is_none();
        if faults.limits {
            self.keep_limits(db, number, &phone, &pair, counts_for_portfolio, now_ms)?;
        }
        if let Some(reaction) = &draft.reaction {
            react(db, number, &phone, reaction, now_ms)?;
        }
        if counts_for_portfolio {
            book::reach(db, &number.portfolio_id, &phone, now_ms)?;
        }
        pair.free_at_ms = rules::pair_after_one(pair.free_at_ms, now_ms).or(pair.free_at_ms);
        book::save_pair(db, &number.phone_number_id, &phone, &pair)?;
        self.count_throughput(&number.phone_number_id, now_ms);

        let contact = answered_contact(&draft.to, &phone);
        let mut message = message_of(draft, number, phone, now_ms);
        message.failed = failure;
        message.held = faults.hold_templates && message.template.is_some() && failure.is_none();
        let answer = answer(&contact, &message);
        book::add_message(db, &message)?;
        if !message.held {
            self.schedule_statuses(db, number, &mut message, faults, now_ms)?;
        }
        Ok((message, answer))
    }

    /// Throughput, then pair rate, then the portfolio's 24 hours. Meta does not publish the code
    /// for the last; 131048 is one that our limits give for nothing else.
    fn keep_limits(
        &self,
        db: &Connection,
        number: &Number,
        phone: &str,
        pair: &Pair,
        counts_for_portfolio: bool,
        now_ms: i64,
    ) -> Result<(), Refusal> {
        let mut throughput = lock(&self.0.throughput);
        let second = throughput.entry(number.phone_number_id.clone()).or_default();
        if !second.has_room(now_ms, number.rate) {
            return Err(Refusal::new(130_429, "Cloud API message throughput has been reached."));
        }
        if rules::pair_after_one(pair.free_at_ms, now_ms).is_none() {
            return Err(Refusal::new(
                131_056,
                "Too many messages sent from the sender phone number to the same recipient.",
            ));
        }
        let Some(limit) = number.portfolio_limit.filter(|_| counts_for_portfolio) else {
            return Ok(());
        };
        let since = now_ms - DAY_MS;
        if book::others_reached(db, &number.portfolio_id, phone, since)? >= limit {
            return Err(Refusal::new(131_048, "The portfolio's messaging limit is reached."));
        }
        Ok(())
    }

    pub(crate) fn count_throughput(&self, phone_number_id: &str, now_ms: i64) {
        let mut throughput = lock(&self.0.throughput);
        let second = throughput.entry(phone_number_id.to_owned()).or_default();
        // Asking drops what is older than a second, so that the count stays small.
        second.has_room(now_ms, u32::MAX);
        second.count(now_ms);
    }

    /// Releases what was held for quality: its statuses follow as if it were sent now. Returns
    /// how many messages.
    pub fn release_held(&self, phone_number_id: &str) -> anyhow::Result<usize> {
        self.end_hold(phone_number_id, None)
    }

    /// Cuts what was held for quality: it fails with 132015. Returns how many messages.
    pub fn drop_held(&self, phone_number_id: &str) -> anyhow::Result<usize> {
        self.end_hold(phone_number_id, Some(132_015))
    }

    fn end_hold(&self, phone_number_id: &str, failed: Option<u32>) -> anyhow::Result<usize> {
        let number = self.0.numbers.iter().find(|it| it.phone_number_id == phone_number_id);
        let number = number.ok_or_else(|| anyhow::anyhow!("no such number"))?;
        let faults = self.faults_now(phone_number_id);
        let now_ms = self.now_ms();
        let held = self.transact(|db| {
            let mut held = book::held_messages(db, phone_number_id)?;
            for message in &mut held {
                message.held = false;
                message.failed = failed;
                self.schedule_statuses(db, number, message, &faults, now_ms)?;
            }
            Ok::<_, rusqlite::Error>(held)
        })?;
        for it in &held {
            self.announce(&it.phone);
        }
        Ok(held.len())
    }

    /// Stores the statuses a message will have, and when.
    fn schedule_statuses(
        &self,
        db: &Connection,
        number: &Number,
        message: &mut Message,
        faults: &Faults,
        now_ms: i64,
    ) -> book::Rows<()> {
        let person = book::person(db, &message.phone)?;
        let pace = self.0.pace;
        let mut delivered_ms = now_ms + ms(pace.delivered);
        let mut read_ms = now_ms + ms(pace.read);
        if faults.read_before_delivered {
            std::mem::swap(&mut delivered_ms, &mut read_ms);
        }
        let arrives = message.failed.is_none() && message.kind != "reaction";
        message.sent_ms = Some(now_ms + ms(pace.sent));
        message.delivered_ms = (arrives && !faults.skip_delivered).then_some(delivered_ms);
        message.read_ms = (arrives && person.reads).then_some(read_ms);
        book::settle_message(db, message)?;

        let pricing = if arrives { Some(price(db, number, message, now_ms)?) } else { None };
        let first = if message.failed.is_some() { "failed" } else { "sent" };
        let priced_on_read = message.delivered_ms.is_none();
        for (status, due_ms, priced) in [
            (first, message.sent_ms, !faults.pricing_late),
            ("delivered", message.delivered_ms, true),
            ("read", message.read_ms, priced_on_read),
        ] {
            let Some(due_ms) = due_ms else { continue };
            let pricing = pricing.as_ref().filter(|_| priced);
            let update = self.status(db, number, message, &person, status, due_ms, pricing)?;
            book::add_update(db, &update)?;
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "one status is made of all of these")]
    fn status(
        &self,
        db: &Connection,
        number: &Number,
        message: &Message,
        person: &Person,
        status: &str,
        due_ms: i64,
        pricing: Option<&Value>,
    ) -> book::Rows<Update> {
        let user_id = book::user_id(db, &number.portfolio_id, &message.phone)?;
        let by_user_id = message.wire == BY_USER_ID;
        let shows_phone = !by_user_id || person.identity == Identity::Phone;
        let mut item = Map::new();
        item.insert("id".to_owned(), message.id.as_str().into());
        item.insert("status".to_owned(), status.into());
        item.insert("timestamp".to_owned(), (due_ms / 1_000).to_string().into());
        if shows_phone {
            item.insert("recipient_id".to_owned(), message.phone.as_str().into());
        }
        if status != "failed" || by_user_id {
            item.insert("recipient_user_id".to_owned(), user_id.as_str().into());
        }
        if let Some(callback) = &message.callback {
            item.insert("biz_opaque_callback_data".to_owned(), callback.as_str().into());
        }
        if let Some(pricing) = pricing {
            item.insert("pricing".to_owned(), pricing.clone());
        }
        if let Some(code) = message.failed {
            item.insert("errors".to_owned(), json!([Refusal::in_status(code)]));
        }
        let mut contact = json!({"profile": {"name": person.name}, "user_id": user_id});
        if shows_phone {
            contact["wa_id"] = message.phone.as_str().into();
        }
        if let Some(username) = person.username.as_deref().filter(|_| status != "sent") {
            contact["profile"]["username"] = username.into();
        }
        Ok(Update {
            contact: (status != "failed").then(|| contact.to_string()),
            phone: Some(message.phone.clone()),
            message_id: Some(message.id.clone()),
            ..self.update(number, "statuses", Value::from(item).to_string(), due_ms)
        })
    }
}

/// [`Message::wire`] of a message of the business, by how it named the citizen.
const BY_USER_ID: &str = "by user id";
const BY_PHONE: &str = "by phone";

fn phone_of(db: &Connection, number: &Number, to: &Recipient) -> Result<String, Refusal> {
    match to {
        Recipient::Phone { digits, .. } => Ok(digits.clone()),
        Recipient::UserId(id) => book::phone_of_user(db, &number.portfolio_id, id)?
            .ok_or_else(|| Refusal::new(131_009, "The recipient is no user of this portfolio.")),
    }
}

fn answered_contact(to: &Recipient, phone: &str) -> Value {
    match to {
        Recipient::Phone { input, .. } => json!({"input": input, "wa_id": phone}),
        Recipient::UserId(id) => json!({"input": id, "user_id": id}),
    }
}

/// `message_status` comes with templates only.
fn answer(contact: &Value, message: &Message) -> Value {
    let mut sent = json!({"id": message.id});
    if message.template.is_some() {
        let held = message.held;
        sent["message_status"] =
            if held { "held_for_quality_assessment" } else { "accepted" }.into();
    }
    json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [sent]})
}

/// Why a well-formed message will not arrive.
fn natural_failure(
    person: &Person,
    pair: &Pair,
    draft: &Draft,
    number: &Number,
    now_ms: i64,
) -> Option<u32> {
    let is_marketing = matches!(draft.template, Some((_, Category::Marketing)));
    if !person.on_whatsapp || person.blocks.contains(&number.line) {
        Some(131_026)
    } else if is_marketing && person.stopped_marketing.contains(&number.line) {
        Some(131_050)
    } else if draft.template.is_none() && !rules::window_open(pair.last_inbound_ms, now_ms) {
        Some(131_047)
    } else {
        None
    }
}

/// Puts an emoji on a message of this chat that is at most 30 days old.
fn react(
    db: &Connection,
    number: &Number,
    phone: &str,
    reaction: &Reaction,
    now_ms: i64,
) -> Result<(), Refusal> {
    let target = book::message(db, &reaction.message_id)?.filter(|it| {
        it.number == number.phone_number_id
            && it.phone == phone
            && it.kind != "reaction"
            && now_ms - it.at_ms <= 30 * DAY_MS
    });
    if target.is_none() {
        return Err(Refusal::new(131_009, "There is no such message to react to."));
    }
    Ok(book::react(db, &reaction.message_id, reaction.emoji.as_deref())?)
}

fn message_of(draft: Draft, number: &Number, phone: String, now_ms: i64) -> Message {
    let wire = match &draft.to {
        Recipient::Phone { .. } => BY_PHONE,
        Recipient::UserId(_) => BY_USER_ID,
    };
    let (template, category) =
        draft.template.map(|(name, it)| (name, it.slug().to_owned())).unzip();
    Message {
        id: new_message_id(&phone),
        number: number.phone_number_id.clone(),
        by_citizen: false,
        at_ms: now_ms,
        kind: draft.kind,
        content: json!(draft.content).to_string(),
        template,
        category,
        callback: draft.callback,
        reaction: None,
        held: false,
        failed: None,
        sent_ms: None,
        delivered_ms: None,
        read_ms: None,
        wire: wire.to_owned(),
        phone,
    }
}

fn price(db: &Connection, number: &Number, message: &Message, now_ms: i64) -> book::Rows<Value> {
    let served_before = if message.category.is_none() {
        let month = super::month(super::at(now_ms));
        book::count_service_message(db, &number.phone_number_id, &month)?
    } else {
        0
    };
    Ok(rules::pricing(message.category.as_deref(), served_before))
}
