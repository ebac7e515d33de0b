// SPDX-License-Identifier: EUPL-1.2
//! Every key shape of the three tables, once, with an example.
//!
//! Every key holds the line, or an id that only that line has: nothing can be reached from
//! another line by guessing. Keys with a number or Meta's user id in them exist only to find a
//! contact by it; they go with the contact.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::cost::Month;
use domain::ids::{
    AppointmentId, BroadcastId, ContactId, FileId, KeyId, LineId, MeasureId, PersonId,
    PhoneNumberId, ServiceId, UserId,
};
use domain::phone::Phone;
use domain::rights::RequestNumber;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::people::MessageKey;

/// A full primary key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub pk: String,
    pub sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    pub(crate) fn into_item(self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk)),
            ("sk".to_owned(), AttributeValue::S(self.sk)),
        ])
    }
}

/// How many partitions contacts and deliveries are spread over.
pub const SHARDS: [char; 16] =
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];

/// The partition of a contact: the last digit of its random id.
///
/// Not the first: audiences are paged in the order of ids, and a page should spread.
pub fn shard(contact: &ContactId) -> char {
    let last = contact.as_str().chars().next_back().unwrap_or('0');
    if SHARDS.contains(&last) { last } else { '0' }
}

// Table `subscribers`.

/// `LINES` / `pordenone`
pub fn line(line: &LineId) -> Key {
    Key::new(LINES.to_owned(), line.as_str())
}

pub const LINES: &str = "LINES";

/// `CONTACTS#pordenone#7` / `0b9e…7`: a contact, or the way to the one it was merged into.
pub fn contact(line: &LineId, contact: &ContactId) -> Key {
    Key::new(contacts(line, shard(contact)), contact.as_str())
}

pub fn contacts(line: &LineId, shard: char) -> String {
    format!("CONTACTS#{line}#{shard}")
}

/// `PHONE#pordenone#393330000001` / `PHONE`
pub fn phone(line: &LineId, phone: &Phone) -> Key {
    Key::new(format!("PHONE#{line}#{}", phone.expose()), "PHONE")
}

/// `USER#pordenone#IT.1349…` / `USER`
pub fn user(line: &LineId, user: &UserId) -> Key {
    Key::new(format!("USER#{line}#{}", user.expose()), "USER")
}

/// `CONSENT#pordenone#0b9e…7` / `0001749416383000#4f…`: Meta's time, then the message's key.
pub fn consent(line: &LineId, contact: &ContactId, at_ms: i64, message: &MessageKey) -> Key {
    Key::new(consents(line, contact), format!("{at_ms:016}#{}", message.as_str()))
}

pub fn consents(line: &LineId, contact: &ContactId) -> String {
    format!("CONSENT#{line}#{contact}")
}

/// `UNSEALED#pordenone` / `0001749416383000#0b9e…7#0001749416380000#4f…`: a consent event that waits
/// for the night; our time of it, then its own key. By the first of these nights sort.
pub fn unsealed(line: &LineId, recorded_ms: i64, contact: &ContactId, event: &str) -> Key {
    Key::new(unsealeds(line), format!("{recorded_ms:016}#{contact}#{event}"))
}

pub fn unsealeds(line: &LineId) -> String {
    format!("UNSEALED#{line}")
}

/// `LEDGER#pordenone` / `000000000042`: one entry of the ledger of consent. They stay.
pub fn ledger_entry(line: &LineId, number: u64) -> Key {
    Key::new(ledger(line), format!("{number:012}"))
}

pub fn ledger(line: &LineId) -> String {
    format!("LEDGER#{line}")
}

/// `LEDGER#pordenone` / `HEAD`: where the ledger ends.
pub fn ledger_head(line: &LineId) -> Key {
    Key::new(ledger(line), LEDGER_HEAD)
}

/// Sorts after every number.
pub const LEDGER_HEAD: &str = "HEAD";

/// `REQUESTS#pordenone` / `261126-094203-7F3A`: one use of a right over one's data.
pub fn request(line: &LineId, number: &RequestNumber) -> Key {
    Key::new(requests(line), number.as_str())
}

pub fn requests(line: &LineId) -> String {
    format!("REQUESTS#{line}")
}

/// `MEASURES#pordenone` / `0001749416383000-4f…`: one act of moderation; our time, then a name.
pub fn measure(line: &LineId, measure: &MeasureId) -> Key {
    Key::new(measures(line), measure.as_str())
}

pub fn measures(line: &LineId) -> String {
    format!("MEASURES#{line}")
}

/// The name of a measure taken at this time: they sort by it.
pub fn measure_id(at_ms: i64, key: &MessageKey) -> MeasureId {
    MeasureId::new(format!("{at_ms:016}-{}", key.as_str()))
}

/// `TOPIC#pordenone#eventi` / `0b9e…7`; the topic `*` has every subscriber.
pub fn follower(line: &LineId, topic: &str, contact: &ContactId) -> Key {
    Key::new(followers(line, topic), contact.as_str())
}

pub fn followers(line: &LineId, topic: &str) -> String {
    format!("TOPIC#{line}#{topic}")
}

/// The topic of all subscribers of a line.
pub const EVERYONE: &str = "*";

/// `NIGHT#pordenone` / `2026-11-22`: how far the night's clearing has come.
pub fn night(line: &LineId, date: &str) -> Key {
    Key::new(format!("NIGHT#{line}"), date)
}

/// `NUMBERS#pordenone` / `2026-11-25`: a day in numbers.
pub fn numbers(line: &LineId, day: Date) -> Key {
    Key::new(all_numbers(line), day.to_string())
}

pub fn all_numbers(line: &LineId) -> String {
    format!("NUMBERS#{line}")
}

/// `KEYS#pordenone` / `0b9e…7`: a key of the API, with the digest of its secret.
pub fn api_key(line: &LineId, id: &KeyId) -> Key {
    Key::new(api_keys(line), id.as_str())
}

pub fn api_keys(line: &LineId) -> String {
    format!("KEYS#{line}")
}

/// `PEOPLE#pordenone` / `4f…`: somebody of the office.
pub fn person(line: &LineId, id: &PersonId) -> Key {
    Key::new(people(line), id.as_str())
}

pub fn people(line: &LineId) -> String {
    format!("PEOPLE#{line}")
}

/// `SESSION#5f…` / `SESSION`: who is signed in, by the digest of their cookie.
pub fn session(digest: &str) -> Key {
    Key::new(format!("SESSION#{digest}"), "SESSION")
}

/// `AUDIT#pordenone` / `0001749416383000#4f…`: an act, by our time of it.
pub fn audit(line: &LineId, id: &str) -> Key {
    Key::new(audits(line), id)
}

pub fn audits(line: &LineId) -> String {
    format!("AUDIT#{line}")
}

// Table `messages`.

/// `SEEN#pordenone#4f…` / `SEEN`: a message of Meta's that was processed.
pub fn seen(line: &LineId, message: &MessageKey) -> Key {
    Key::new(format!("SEEN#{line}#{}", message.as_str()), "SEEN")
}

/// `ASIDE#pordenone` / `0001749416383000#4f…`: a message that nobody could read.
pub fn aside(line: &LineId, at_ms: i64, message: &MessageKey) -> Key {
    Key::new(all_aside(line), format!("{at_ms:016}#{}", message.as_str()))
}

pub fn all_aside(line: &LineId) -> String {
    format!("ASIDE#{line}")
}

/// `CHAT#pordenone#0b9e…7` / `CONVERSATION`
pub fn conversation(line: &LineId, contact: &ContactId) -> Key {
    Key::new(chat(line, contact), "CONVERSATION")
}

/// `CHAT#pordenone#0b9e…7` / `M#0001749416383000#4f…`: one message, in or out.
pub fn entry(line: &LineId, contact: &ContactId, row: &str) -> Key {
    Key::new(chat(line, contact), format!("M#{row}"))
}

/// `CHAT#pordenone#0b9e…7` / `NOTE#0001749416383000#4f…`: a note of the desk's own, never sent.
pub fn note(line: &LineId, contact: &ContactId, id: &str) -> Key {
    Key::new(chat(line, contact), format!("{NOTE}{id}"))
}

pub(crate) const NOTE: &str = "NOTE#";

/// `CHAT#pordenone#0b9e…7` / `WRITES#4f…`: an operator who is writing, by a keyed hash of who.
pub fn presence(line: &LineId, contact: &ContactId, operator: &str) -> Key {
    Key::new(chat(line, contact), format!("{WRITES}{operator}"))
}

pub(crate) const WRITES: &str = "WRITES#";

pub fn chat(line: &LineId, contact: &ContactId) -> String {
    format!("CHAT#{line}#{contact}")
}

/// `APPOINTMENTS#pordenone#0b9e…7` / `0b9e…7-4f21c09a`; `None` if the id is not one of ours.
pub fn appointment(line: &LineId, id: &AppointmentId) -> Option<Key> {
    let (contact, _) = id.as_str().rsplit_once('-')?;
    Some(appointment_of(line, &ContactId::new(contact), id))
}

/// `APPOINTMENTS#pordenone#0b9e…7` / `0b9e…7-4f21c09a`
pub fn appointment_of(line: &LineId, contact: &ContactId, id: &AppointmentId) -> Key {
    Key::new(appointments(line, contact), id.as_str())
}

pub fn appointments(line: &LineId, contact: &ContactId) -> String {
    format!("APPOINTMENTS#{line}#{contact}")
}

/// `AHEAD#pordenone#0b9e…7` / `carta-identita`: a contact has an appointment ahead for a service.
pub fn ahead(line: &LineId, contact: &ContactId, service: &ServiceId) -> Key {
    Key::new(ahead_of(line, contact), service.as_str())
}

pub fn ahead_of(line: &LineId, contact: &ContactId) -> String {
    format!("AHEAD#{line}#{contact}")
}

/// `SLOT#pordenone#carta-identita` / `0001749416383000`: how many places of a slot are taken.
pub fn slot(line: &LineId, service: &ServiceId, starts_at: Timestamp) -> Key {
    Key::new(slots(line, service), format!("{:016}", starts_at.as_millisecond()))
}

pub fn slots(line: &LineId, service: &ServiceId) -> String {
    format!("SLOT#{line}#{service}")
}

/// `AGENDA#pordenone` / `0001749416383000#0b9e…7-4f21c09a`: finds appointments by their time.
pub fn agenda_row(line: &LineId, starts_at: Timestamp, id: &AppointmentId) -> Key {
    Key::new(agenda(line), agenda_row_name(starts_at, id))
}

pub fn agenda(line: &LineId) -> String {
    format!("AGENDA#{line}")
}

pub fn agenda_row_name(starts_at: Timestamp, id: &AppointmentId) -> String {
    format!("{:016}#{id}", starts_at.as_millisecond())
}

/// `FILES#pordenone` / `0001749416383000-4f…`: a file, apart from its bytes; by when it came.
pub fn file(line: &LineId, file: &FileId) -> Key {
    Key::new(files(line), file.as_str())
}

/// `FILES#pordenone` / `GONE#0001749416383000-4f…`: a file whose bytes are still to go.
pub fn file_gone(line: &LineId, file: &FileId) -> Key {
    Key::new(files(line), format!("{FILE_GONE}{file}"))
}

/// Sorts after every file.
pub const FILE_GONE: &str = "GONE#";

pub fn files(line: &LineId) -> String {
    format!("FILES#{line}")
}

/// A file's id. `secret` is of our own making, and nobody guesses it.
pub fn file_id(at_ms: i64, secret: &str) -> FileId {
    FileId::new(format!("{at_ms:016}-{secret}"))
}

/// A message's row: sorts by time; `side` tells a message from the answer to it.
pub fn row(at_ms: i64, message: &MessageKey, side: &str) -> String {
    format!("{at_ms:016}#{}#{side}", message.as_str())
}

/// `PACK#pordenone#0001749416383000-4f…` / `PACK`: what a report says, as it was sealed.
pub fn pack(line: &LineId, measure: &MeasureId) -> Key {
    Key::new(format!("PACK#{line}#{measure}"), "PACK")
}

/// Partition of the index `inbox`: `pordenone#open`.
pub fn inbox(line: &LineId, state: &str) -> String {
    format!("{line}#{state}")
}

// Table `broadcasts`.

/// `BROADCASTS#pordenone` / `0193…`: ids sort by creation.
pub fn broadcast(line: &LineId, broadcast: &BroadcastId) -> Key {
    Key::new(broadcasts(line), broadcast.as_str())
}

pub fn broadcasts(line: &LineId) -> String {
    format!("BROADCASTS#{line}")
}

/// `COUNTS#0193…` / `COUNTS`: the counters of a broadcast, apart from the broadcast itself.
pub fn counts(broadcast: &BroadcastId) -> Key {
    Key::new(format!("COUNTS#{broadcast}"), COUNTS)
}

pub const COUNTS: &str = "COUNTS";

/// Partition of the sparse index `due`: what the minute's tick must look at.
pub const DUE: &str = "due";

/// Partition of the same index: what the desk's minute must look at.
pub const DESK: &str = "desk";

/// `TASKS#pordenone` / `waits#0b9e…7`: something to look at, at its time.
pub fn task(line: &LineId, name: &str) -> Key {
    Key::new(format!("{TASKS}{line}"), name)
}

pub const TASKS: &str = "TASKS#";

/// `CHUNKS#0193…` / `000042`: people not worked on yet. The row goes when they are.
pub fn chunk(broadcast: &BroadcastId, number: u32) -> Key {
    Key::new(chunks(broadcast), format!("{number:06}"))
}

pub fn chunks(broadcast: &BroadcastId) -> String {
    format!("CHUNKS#{broadcast}")
}

/// `DELIVERIES#0193…#7` / `0b9e…7`
pub fn delivery(broadcast: &BroadcastId, contact: &ContactId) -> Key {
    Key::new(deliveries(broadcast, shard(contact)), contact.as_str())
}

pub fn deliveries(broadcast: &BroadcastId, shard: char) -> String {
    format!("DELIVERIES#{broadcast}#{shard}")
}

/// `RATE#331651133100001` / `RATE`
pub fn rate(number: &PhoneNumberId) -> Key {
    Key::new(format!("RATE#{number}"), "RATE")
}

/// `HEARD#331651133100001` / `HEARD`: the newest status that came in for a business number.
pub fn heard(number: &PhoneNumberId) -> Key {
    Key::new(format!("HEARD#{number}"), "HEARD")
}

/// `PORTFOLIO#506914307656634` / `PORTFOLIO`: people reached by the quarter of an hour.
pub fn portfolio(id: &str) -> Key {
    Key::new(format!("PORTFOLIO#{id}"), "PORTFOLIO")
}

/// `ACCOUNT#102290129340398` / `ACCOUNT`: what Meta last said of a messaging account.
pub fn account(id: &str) -> Key {
    Key::new(format!("ACCOUNT#{id}"), ACCOUNT)
}

pub const ACCOUNT: &str = "ACCOUNT";

/// `ACCOUNT#102290129340398` / `TEMPLATE#it#pordenone_scadenza`: what it last said of a template.
pub fn template(account: &str, name: &str, language: &str) -> Key {
    Key::new(format!("ACCOUNT#{account}"), format!("TEMPLATE#{language}#{name}"))
}

/// `SPEND#pordenone` / `2026-11`: what a line's messages cost in a month.
pub fn spending(line: &LineId, month: Month) -> Key {
    Key::new(spendings(line), month.to_string())
}

pub fn spendings(line: &LineId) -> String {
    format!("SPEND#{line}")
}

/// `ONCE#pordenone#4f…` / `ONCE`: the answer to a request that carried an idempotency key.
pub fn once(line: &LineId, key_hash: &str) -> Key {
    Key::new(format!("ONCE#{line}#{key_hash}"), "ONCE")
}
