// SPDX-License-Identifier: EUPL-1.2
//! The simulator's tables: every statement once. Instants are milliseconds since 1970.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use ring::digest::{SHA256, digest};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use super::options::Template;
use super::people::{Identity, Person};

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS people (
    phone TEXT PRIMARY KEY, name TEXT NOT NULL, username TEXT, identity TEXT NOT NULL,
    reads INTEGER NOT NULL, on_whatsapp INTEGER NOT NULL,
    blocks TEXT NOT NULL, stopped TEXT NOT NULL, generation INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS user_ids (
    portfolio TEXT NOT NULL, user_id TEXT NOT NULL, phone TEXT NOT NULL,
    PRIMARY KEY (portfolio, user_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS user_ids_by_phone ON user_ids (phone);
CREATE TABLE IF NOT EXISTS pairs (
    number TEXT NOT NULL, phone TEXT NOT NULL, last_inbound_ms INTEGER, free_at_ms INTEGER,
    blocked_by_business INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (number, phone)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reached (
    portfolio TEXT NOT NULL, phone TEXT NOT NULL, at_ms INTEGER NOT NULL,
    PRIMARY KEY (portfolio, phone)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reached_by_time ON reached (portfolio, at_ms);
CREATE TABLE IF NOT EXISTS service_messages (
    number TEXT NOT NULL, month TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (number, month)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    phone TEXT NOT NULL, number TEXT NOT NULL, by_citizen INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, kind TEXT NOT NULL, content TEXT NOT NULL,
    template TEXT, category TEXT, callback TEXT, reaction TEXT,
    held INTEGER NOT NULL DEFAULT 0, failed INTEGER,
    sent_ms INTEGER, delivered_ms INTEGER, read_ms INTEGER,
    wire TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS messages_by_phone ON messages (phone, seq);
CREATE TABLE IF NOT EXISTS updates (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, app TEXT NOT NULL, account TEXT NOT NULL,
    number TEXT, field TEXT NOT NULL, part TEXT NOT NULL, item TEXT NOT NULL, contact TEXT,
    phone TEXT, message_id TEXT, copies INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0, first_due_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS updates_by_due ON updates (app, due_ms);
CREATE TABLE IF NOT EXISTS media (
    id TEXT PRIMARY KEY, mime_type TEXT NOT NULL, file_name TEXT, bytes BLOB NOT NULL,
    expires_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS media_links (
    link TEXT PRIMARY KEY, media_id TEXT NOT NULL, expires_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS uploads (
    session TEXT PRIMARY KEY, app TEXT NOT NULL, mime_type TEXT NOT NULL, length INTEGER NOT NULL,
    handle TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS templates (
    account TEXT NOT NULL, name TEXT NOT NULL, language TEXT NOT NULL, template TEXT NOT NULL,
    PRIMARY KEY (account, name, language)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS templates_made (account TEXT NOT NULL, at_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS template_names (
    account TEXT NOT NULL, name TEXT NOT NULL, until_ms INTEGER NOT NULL,
    PRIMARY KEY (account, name)) WITHOUT ROWID;
";

pub(crate) type Rows<T> = rusqlite::Result<T>;

/// Opens the tables. A file survives the end of the process; losing power may cost the last
/// transactions, which is the price of not waiting for the disk at each message.
pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Connection> {
    let db = match path {
        Some(path) => Connection::open(path),
        None => Connection::open_in_memory(),
    }
    .context("open the simulator's store")?;
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        .and_then(|()| db.execute_batch(TABLES))
        .context("make the simulator's tables")?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

// People.

fn words(text: &str) -> BTreeSet<String> {
    serde_json::from_str(text).unwrap_or_default()
}

fn words_text(words: &BTreeSet<String>) -> String {
    words.iter().map(String::as_str).collect::<Value>().to_string()
}

/// Who has this phone; someone new if nobody did.
pub(crate) fn person(db: &Connection, phone: &str) -> Rows<Person> {
    let found = db
        .prepare_cached("SELECT * FROM people WHERE phone = ?")?
        .query_row([phone], |row| {
            Ok(Person {
                name: row.get("name")?,
                username: row.get("username")?,
                identity: Identity::from_slug(&row.get::<_, String>("identity")?),
                reads: row.get("reads")?,
                on_whatsapp: row.get("on_whatsapp")?,
                blocks: words(&row.get::<_, String>("blocks")?),
                stopped_marketing: words(&row.get::<_, String>("stopped")?),
            })
        })
        .optional()?;
    if let Some(person) = found {
        return Ok(person);
    }
    let person = Person::somebody(phone);
    save_person(db, phone, &person)?;
    Ok(person)
}

pub(crate) fn save_person(db: &Connection, phone: &str, person: &Person) -> Rows<()> {
    db.prepare_cached(
        "INSERT INTO people (phone, name, username, identity, reads, on_whatsapp, blocks, stopped)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (phone) DO UPDATE SET name = excluded.name, username = excluded.username,
             identity = excluded.identity, reads = excluded.reads,
             on_whatsapp = excluded.on_whatsapp, blocks = excluded.blocks,
             stopped = excluded.stopped",
    )?
    .execute(params![
        phone,
        person.name,
        person.username,
        person.identity.slug(),
        person.reads,
        person.on_whatsapp,
        words_text(&person.blocks),
        words_text(&person.stopped_marketing),
    ])?;
    Ok(())
}

/// Every phone there is, the one that wrote or got something last first.
pub(crate) fn phones(db: &Connection) -> Rows<Vec<(String, Option<i64>)>> {
    db.prepare_cached(
        "SELECT phone, (SELECT MAX(at_ms) FROM messages WHERE messages.phone = people.phone)
         FROM people ORDER BY 2 DESC, 1",
    )?
    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}

/// The person's id in a portfolio: `IT.` and 20 digits, made at first use.
pub(crate) fn user_id(db: &Connection, portfolio: &str, phone: &str) -> Rows<String> {
    let generation: i64 = db
        .prepare_cached("SELECT generation FROM people WHERE phone = ?")?
        .query_row([phone], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let hash = digest(&SHA256, format!("{portfolio}|{phone}|{generation}").as_bytes());
    let number = hash.as_ref()[..8].iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let user_id = format!("IT.{number:020}");
    db.prepare_cached(
        "INSERT OR IGNORE INTO user_ids (portfolio, user_id, phone) VALUES (?, ?, ?)",
    )?
    .execute([portfolio, &user_id, phone])?;
    Ok(user_id)
}

/// Whose id this is. Ids of other portfolios, and those that a person has no more, are nobody's.
pub(crate) fn phone_of_user(db: &Connection, portfolio: &str, id: &str) -> Rows<Option<String>> {
    db.prepare_cached("SELECT phone FROM user_ids WHERE portfolio = ? AND user_id = ?")?
        .query_row([portfolio, id], |row| row.get(0))
        .optional()
}

/// The person's ids end; the next ones differ.
pub(crate) fn renew_user_ids(db: &Connection, phone: &str) -> Rows<()> {
    db.execute("DELETE FROM user_ids WHERE phone = ?", [phone])?;
    db.execute("UPDATE people SET generation = generation + 1 WHERE phone = ?", [phone])?;
    Ok(())
}

/// The person goes over to another phone, with everything said so far.
pub(crate) fn move_phone(db: &Connection, old: &str, new: &str) -> Rows<()> {
    renew_user_ids(db, old)?;
    db.execute("DELETE FROM people WHERE phone = ?", [new])?;
    for table in ["people", "pairs", "messages"] {
        db.execute(
            &format!("UPDATE OR REPLACE {table} SET phone = ?1 WHERE phone = ?2"),
            [new, old],
        )?;
    }
    Ok(())
}

// Pairs of a number and a phone.

#[derive(Default)]
pub(crate) struct Pair {
    pub(crate) last_inbound_ms: Option<i64>,
    pub(crate) free_at_ms: Option<i64>,
    pub(crate) blocked_by_business: bool,
}

pub(crate) fn pair(db: &Connection, number: &str, phone: &str) -> Rows<Pair> {
    let found = db
        .prepare_cached("SELECT * FROM pairs WHERE number = ? AND phone = ?")?
        .query_row([number, phone], |row| {
            Ok(Pair {
                last_inbound_ms: row.get("last_inbound_ms")?,
                free_at_ms: row.get("free_at_ms")?,
                blocked_by_business: row.get("blocked_by_business")?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

pub(crate) fn save_pair(db: &Connection, number: &str, phone: &str, pair: &Pair) -> Rows<()> {
    db.prepare_cached("INSERT OR REPLACE INTO pairs VALUES (?, ?, ?, ?, ?)")?.execute(params![
        number,
        phone,
        pair.last_inbound_ms,
        pair.free_at_ms,
        pair.blocked_by_business
    ])?;
    Ok(())
}

/// The numbers this phone has to do with.
pub(crate) fn numbers_of_phone(db: &Connection, phone: &str) -> Rows<Vec<String>> {
    db.prepare_cached("SELECT number FROM pairs WHERE phone = ? ORDER BY number")?
        .query_map([phone], |row| row.get(0))?
        .collect()
}

pub(crate) fn blocked_by_business(db: &Connection, number: &str) -> Rows<Vec<String>> {
    db.prepare_cached("SELECT phone FROM pairs WHERE number = ? AND blocked_by_business")?
        .query_map([number], |row| row.get(0))?
        .collect()
}

// The portfolio's limit and the free service messages.

/// Other people reached outside their window since `since_ms`.
pub(crate) fn others_reached(
    db: &Connection,
    portfolio: &str,
    phone: &str,
    since_ms: i64,
) -> Rows<u32> {
    db.prepare_cached(
        "SELECT COUNT(*) FROM reached WHERE portfolio = ? AND at_ms > ? AND phone <> ?",
    )?
    .query_row(params![portfolio, since_ms, phone], |row| row.get(0))
}

pub(crate) fn reach(db: &Connection, portfolio: &str, phone: &str, at_ms: i64) -> Rows<()> {
    db.prepare_cached("INSERT OR REPLACE INTO reached VALUES (?, ?, ?)")?
        .execute(params![portfolio, phone, at_ms])?;
    Ok(())
}

/// Counts one more service message of the month and says how many came before it.
pub(crate) fn count_service_message(db: &Connection, number: &str, month: &str) -> Rows<u32> {
    let n: u32 = db
        .prepare_cached(
            "INSERT INTO service_messages VALUES (?, ?, 1)
             ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n",
        )?
        .query_row([number, month], |row| row.get(0))?;
    Ok(n - 1)
}

/// Makes as if the number had sent `n` service messages in the month.
pub(crate) fn set_service_messages(db: &Connection, number: &str, month: &str, n: u32) -> Rows<()> {
    db.execute(
        "INSERT OR REPLACE INTO service_messages VALUES (?, ?, ?)",
        params![number, month, n],
    )?;
    Ok(())
}

// Messages.

/// A message of either side. No `Debug`: it is personal data throughout.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) phone: String,
    pub(crate) number: String,
    pub(crate) by_citizen: bool,
    pub(crate) at_ms: i64,
    /// Meta's `type`.
    pub(crate) kind: String,
    /// What a phone shows, as JSON. See [`super::people::Content`].
    pub(crate) content: String,
    pub(crate) template: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) callback: Option<String>,
    pub(crate) reaction: Option<String>,
    pub(crate) held: bool,
    /// The error code of its `failed` status.
    pub(crate) failed: Option<u32>,
    pub(crate) sent_ms: Option<i64>,
    pub(crate) delivered_ms: Option<i64>,
    pub(crate) read_ms: Option<i64>,
    /// The citizen's message as the webhook says it, or how the business addressed the citizen.
    pub(crate) wire: String,
}

fn message_from(row: &Row<'_>) -> Rows<Message> {
    Ok(Message {
        id: row.get("id")?,
        phone: row.get("phone")?,
        number: row.get("number")?,
        by_citizen: row.get("by_citizen")?,
        at_ms: row.get("at_ms")?,
        kind: row.get("kind")?,
        content: row.get("content")?,
        template: row.get("template")?,
        category: row.get("category")?,
        callback: row.get("callback")?,
        reaction: row.get("reaction")?,
        held: row.get("held")?,
        failed: row.get("failed")?,
        sent_ms: row.get("sent_ms")?,
        delivered_ms: row.get("delivered_ms")?,
        read_ms: row.get("read_ms")?,
        wire: row.get("wire")?,
    })
}

pub(crate) fn add_message(db: &Connection, it: &Message) -> Rows<()> {
    db.prepare_cached(
        "INSERT INTO messages (id, phone, number, by_citizen, at_ms, kind, content, template,
             category, callback, reaction, held, failed, sent_ms, delivered_ms, read_ms, wire)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        it.id,
        it.phone,
        it.number,
        it.by_citizen,
        it.at_ms,
        it.kind,
        it.content,
        it.template,
        it.category,
        it.callback,
        it.reaction,
        it.held,
        it.failed,
        it.sent_ms,
        it.delivered_ms,
        it.read_ms,
        it.wire,
    ])?;
    Ok(())
}

pub(crate) fn message(db: &Connection, id: &str) -> Rows<Option<Message>> {
    db.prepare_cached("SELECT * FROM messages WHERE id = ?")?
        .query_row([id], message_from)
        .optional()
}

/// What was said with this phone, oldest first.
pub(crate) fn messages_of_phone(db: &Connection, phone: &str) -> Rows<Vec<Message>> {
    db.prepare_cached("SELECT * FROM messages WHERE phone = ? ORDER BY seq")?
        .query_map([phone], message_from)?
        .collect()
}

/// What the business sent from this number, oldest first.
pub(crate) fn messages_of_number(db: &Connection, number: &str) -> Rows<Vec<Message>> {
    db.prepare_cached("SELECT * FROM messages WHERE number = ? AND NOT by_citizen ORDER BY seq")?
        .query_map([number], message_from)?
        .collect()
}

pub(crate) fn held_messages(db: &Connection, number: &str) -> Rows<Vec<Message>> {
    db.prepare_cached("SELECT * FROM messages WHERE number = ? AND held ORDER BY seq")?
        .query_map([number], message_from)?
        .collect()
}

/// Writes down what has become of a message.
pub(crate) fn settle_message(db: &Connection, it: &Message) -> Rows<()> {
    db.prepare_cached(
        "UPDATE messages SET held = ?, failed = ?, sent_ms = ?, delivered_ms = ?, read_ms = ?
         WHERE id = ?",
    )?
    .execute(params![it.held, it.failed, it.sent_ms, it.delivered_ms, it.read_ms, it.id])?;
    Ok(())
}

pub(crate) fn react(db: &Connection, id: &str, emoji: Option<&str>) -> Rows<()> {
    db.execute("UPDATE messages SET reaction = ? WHERE id = ?", params![emoji, id])?;
    Ok(())
}

/// A citizen's message reached the business: two ticks.
pub(crate) fn acknowledge(db: &Connection, id: &str, at_ms: i64) -> Rows<()> {
    db.prepare_cached(
        "UPDATE messages SET delivered_ms = ?
         WHERE id = ? AND by_citizen AND delivered_ms IS NULL",
    )?
    .execute(params![at_ms, id])?;
    Ok(())
}

/// The business read a citizen's message and all before it. False: there is no such message.
pub(crate) fn mark_read(
    db: &Connection,
    number: &str,
    id: &str,
    at_ms: i64,
) -> Rows<Option<String>> {
    let found: Option<(i64, String)> = db
        .prepare_cached(
            "SELECT seq, phone FROM messages WHERE id = ? AND number = ? AND by_citizen",
        )?
        .query_row([id, number], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((seq, phone)) = found else { return Ok(None) };
    db.execute(
        "UPDATE messages SET read_ms = ?
         WHERE number = ? AND phone = ? AND by_citizen AND seq <= ? AND read_ms IS NULL",
        params![at_ms, number, phone, seq],
    )?;
    Ok(Some(phone))
}

// Templates that were made or deleted.

pub(crate) fn templates(db: &Connection) -> Rows<Vec<Template>> {
    let mut rows = db.prepare("SELECT template FROM templates")?;
    let read = |row: &Row<'_>| row.get::<_, String>(0);
    let texts = rows.query_map([], read)?.collect::<Rows<Vec<_>>>()?;
    Ok(texts.iter().filter_map(|it| serde_json::from_str(it).ok()).collect())
}

pub(crate) fn add_template(db: &Connection, it: &Template, now_ms: i64) -> Rows<()> {
    let text = serde_json::to_string(it).unwrap_or_default();
    db.execute(
        "INSERT OR REPLACE INTO templates VALUES (?, ?, ?, ?)",
        params![it.messaging_account_id, it.name, it.language, text],
    )?;
    db.execute(
        "INSERT INTO templates_made VALUES (?, ?)",
        params![it.messaging_account_id, now_ms],
    )?;
    Ok(())
}

pub(crate) fn templates_made_since(db: &Connection, account: &str, from_ms: i64) -> Rows<usize> {
    db.query_row(
        "SELECT COUNT(*) FROM templates_made WHERE account = ? AND at_ms > ?",
        params![account, from_ms],
        |row| row.get(0),
    )
}

pub(crate) fn remove_template(
    db: &Connection,
    account: &str,
    name: &str,
    reserved_until_ms: i64,
) -> Rows<()> {
    db.execute("DELETE FROM templates WHERE account = ? AND name = ?", params![account, name])?;
    db.execute(
        "INSERT OR REPLACE INTO template_names VALUES (?, ?, ?)",
        params![account, name, reserved_until_ms],
    )?;
    Ok(())
}

pub(crate) fn is_reserved(db: &Connection, account: &str, name: &str, now_ms: i64) -> Rows<bool> {
    db.query_row(
        "SELECT COUNT(*) > 0 FROM template_names WHERE account = ? AND name = ? AND until_ms > ?",
        params![account, name, now_ms],
        |row| row.get(0),
    )
}

// Webhook updates that wait to be delivered.

/// One update. No `Debug`: it is personal data throughout.
pub(crate) struct Update {
    pub(crate) seq: i64,
    pub(crate) app: String,
    /// `entry[].id`.
    pub(crate) account: String,
    /// The phone number id, for fields that have `metadata`.
    pub(crate) number: Option<String>,
    /// `changes[].field`.
    pub(crate) field: String,
    /// The array of the value it stands in: `messages`, `statuses`, `user_preferences`; empty
    /// when `item` is the whole value.
    pub(crate) part: String,
    pub(crate) item: String,
    pub(crate) contact: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) message_id: Option<String>,
    /// Deliveries still to come after the next 200.
    pub(crate) copies: u32,
    pub(crate) failures: u32,
    pub(crate) first_due_ms: i64,
    pub(crate) due_ms: i64,
}

pub(crate) fn add_update(db: &Connection, it: &Update) -> Rows<()> {
    db.prepare_cached(
        "INSERT INTO updates (app, account, number, field, part, item, contact, phone, message_id,
             copies, failures, first_due_ms, due_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        it.app,
        it.account,
        it.number,
        it.field,
        it.part,
        it.item,
        it.contact,
        it.phone,
        it.message_id,
        it.copies,
        it.failures,
        it.first_due_ms,
        it.due_ms
    ])?;
    Ok(())
}

pub(crate) fn due_updates(db: &Connection, app: &str, now_ms: i64, n: u32) -> Rows<Vec<Update>> {
    db.prepare_cached(
        "SELECT * FROM updates WHERE app = ? AND due_ms <= ? ORDER BY due_ms, seq LIMIT ?",
    )?
    .query_map(params![app, now_ms, n], |row| {
        Ok(Update {
            seq: row.get("seq")?,
            app: row.get("app")?,
            account: row.get("account")?,
            number: row.get("number")?,
            field: row.get("field")?,
            part: row.get("part")?,
            item: row.get("item")?,
            contact: row.get("contact")?,
            phone: row.get("phone")?,
            message_id: row.get("message_id")?,
            copies: row.get("copies")?,
            failures: row.get("failures")?,
            first_due_ms: row.get("first_due_ms")?,
            due_ms: row.get("due_ms")?,
        })
    })?
    .collect()
}

pub(crate) fn next_due(db: &Connection, app: &str) -> Rows<Option<i64>> {
    db.prepare_cached("SELECT MIN(due_ms) FROM updates WHERE app = ?")?
        .query_row([app], |row| row.get(0))
}

pub(crate) fn remove_update(db: &Connection, seq: i64) -> Rows<()> {
    db.prepare_cached("DELETE FROM updates WHERE seq = ?")?.execute([seq])?;
    Ok(())
}

pub(crate) fn postpone_update(db: &Connection, it: &Update) -> Rows<()> {
    db.prepare_cached("UPDATE updates SET copies = ?, failures = ?, due_ms = ? WHERE seq = ?")?
        .execute(params![it.copies, it.failures, it.due_ms, it.seq])?;
    Ok(())
}

/// What waits after a failure is due now.
pub(crate) fn retry_now(db: &Connection, app: &str, now_ms: i64) -> Rows<()> {
    db.execute(
        "UPDATE updates SET due_ms = ?2 WHERE app = ?1 AND failures > 0 AND due_ms > ?2",
        params![app, now_ms],
    )?;
    Ok(())
}

/// All statuses of a message are due now.
pub(crate) fn hurry_statuses(db: &Connection, message_id: &str, now_ms: i64) -> Rows<()> {
    db.execute(
        "UPDATE updates SET due_ms = ?, first_due_ms = ? WHERE message_id = ?",
        params![now_ms, now_ms, message_id],
    )?;
    Ok(())
}

// Media.

/// No `Debug`: it is what a citizen sent.
pub(crate) struct StoredMedia {
    pub(crate) id: String,
    pub(crate) mime_type: String,
    pub(crate) file_name: Option<String>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) expires_ms: i64,
}

pub(crate) fn add_media(db: &Connection, it: &StoredMedia) -> Rows<()> {
    db.execute(
        "INSERT INTO media VALUES (?, ?, ?, ?, ?)",
        params![it.id, it.mime_type, it.file_name, it.bytes, it.expires_ms],
    )?;
    Ok(())
}

pub(crate) fn media(db: &Connection, id: &str, now_ms: i64) -> Rows<Option<StoredMedia>> {
    db.prepare_cached("SELECT * FROM media WHERE id = ? AND expires_ms > ?")?
        .query_row(params![id, now_ms], |row| {
            Ok(StoredMedia {
                id: row.get("id")?,
                mime_type: row.get("mime_type")?,
                file_name: row.get("file_name")?,
                bytes: row.get("bytes")?,
                expires_ms: row.get("expires_ms")?,
            })
        })
        .optional()
}

/// A file that is uploaded to an app, to be named by its handle.
pub(crate) struct Upload {
    /// `upload:…`, without a query.
    pub(crate) session: String,
    pub(crate) app: String,
    pub(crate) mime_type: String,
    pub(crate) length: i64,
}

pub(crate) fn add_upload(db: &Connection, it: &Upload) -> Rows<()> {
    db.execute(
        "INSERT INTO uploads VALUES (?, ?, ?, ?, NULL)",
        params![it.session, it.app, it.mime_type, it.length],
    )?;
    Ok(())
}

/// The upload of a session.
pub(crate) fn upload(db: &Connection, session: &str) -> Rows<Option<Upload>> {
    db.query_row("SELECT * FROM uploads WHERE session = ?", [session], upload_from).optional()
}

/// The upload that a handle names.
pub(crate) fn uploaded(db: &Connection, handle: &str) -> Rows<Option<Upload>> {
    db.query_row("SELECT * FROM uploads WHERE handle = ?", [handle], upload_from).optional()
}

pub(crate) fn finish_upload(db: &Connection, session: &str, handle: &str) -> Rows<()> {
    db.execute("UPDATE uploads SET handle = ? WHERE session = ?", [handle, session])?;
    Ok(())
}

fn upload_from(row: &Row<'_>) -> Rows<Upload> {
    Ok(Upload {
        session: row.get("session")?,
        app: row.get("app")?,
        mime_type: row.get("mime_type")?,
        length: row.get("length")?,
    })
}

pub(crate) fn remove_media(db: &Connection, id: &str) -> Rows<bool> {
    Ok(db.execute("DELETE FROM media WHERE id = ?", [id])? > 0)
}

pub(crate) fn add_media_link(db: &Connection, link: &str, id: &str, expires_ms: i64) -> Rows<()> {
    db.execute("INSERT INTO media_links VALUES (?, ?, ?)", params![link, id, expires_ms])?;
    Ok(())
}

pub(crate) fn linked_media(db: &Connection, link: &str, now_ms: i64) -> Rows<Option<StoredMedia>> {
    let id: Option<String> = db
        .prepare_cached("SELECT media_id FROM media_links WHERE link = ? AND expires_ms > ?")?
        .query_row(params![link, now_ms], |row| row.get(0))
        .optional()?;
    id.map_or(Ok(None), |id| media(db, &id, now_ms))
}
