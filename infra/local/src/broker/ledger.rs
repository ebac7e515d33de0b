// SPDX-License-Identifier: EUPL-1.2
//! The messages in SQLite, and what SQS's operations mean for them.
//!
//! Instants are milliseconds since 1970. A message is visible once `visible_at` has come; until
//! then it is in flight if it has a receipt, else it waits.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use platform::queue::{
    DEDUPLICATION_WINDOW, Failed, MAX_BATCH_ENTRIES, MAX_BYTES, MAX_DELAY, Message, QueueError,
    Received,
};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::{Depth, QueueOptions};

/// Source: SQS API Reference, `ChangeMessageVisibility`.
const MAX_VISIBILITY: Duration = Duration::from_hours(12);

/// `FULL` syncs the log at every commit. `EXCLUSIVE` keeps a second process out. Bodies hold
/// what people wrote, so a deleted one is overwritten.
const SETUP: &str = "
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;

    CREATE TABLE IF NOT EXISTS messages (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL,
        id TEXT NOT NULL,
        body TEXT NOT NULL,
        message_group TEXT,
        sent_at INTEGER NOT NULL,
        visible_at INTEGER NOT NULL,
        receive_count INTEGER NOT NULL DEFAULT 0,
        receipt TEXT UNIQUE
    );
    CREATE INDEX IF NOT EXISTS by_time ON messages (queue, visible_at);
    CREATE INDEX IF NOT EXISTS by_arrival ON messages (queue, sequence);
    CREATE INDEX IF NOT EXISTS by_group ON messages (queue, message_group, visible_at)
        WHERE message_group IS NOT NULL;
    CREATE INDEX IF NOT EXISTS by_tries ON messages (queue, receive_count)
        WHERE receive_count > 0;

    CREATE TABLE IF NOT EXISTS seen (
        queue TEXT NOT NULL,
        deduplication TEXT NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (queue, deduplication)
    ) WITHOUT ROWID;

    -- Whoever held a receipt is gone; the message comes back when its visibility ends.
    UPDATE messages SET receipt = NULL WHERE receipt IS NOT NULL;
";

/// The rest of the group waits while one of it is in flight or given back.
const NOT_BLOCKED: &str = "
    NOT EXISTS (
        SELECT 1 FROM messages AS other
        WHERE other.queue = messages.queue
          AND other.message_group = messages.message_group
          AND other.visible_at > :now
    )";

pub(super) struct Ledger(Connection);

/// One group of requests on its way to the disk.
pub(super) struct Writing<'a>(Transaction<'a>);

impl Ledger {
    pub(super) fn open(path: Option<&Path>) -> rusqlite::Result<Self> {
        let connection = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        connection.set_prepared_statement_cache_capacity(64);
        connection.execute_batch(SETUP)?;
        Ok(Self(connection))
    }

    pub(super) fn begin(&mut self) -> rusqlite::Result<Writing<'_>> {
        self.0.transaction_with_behavior(TransactionBehavior::Immediate).map(Writing)
    }

    /// When after `at` the next message of the queue becomes visible, be it in flight or not.
    pub(super) fn next_change(
        &self,
        queue: &str,
        at: Timestamp,
    ) -> rusqlite::Result<Option<Timestamp>> {
        let sql = "SELECT min(visible_at) FROM messages WHERE queue = ?1 AND visible_at > ?2";
        let mut query = self.0.prepare_cached(sql)?;
        let values = params![queue, ms(at)];
        query.query_row(values, |row| row.get::<_, Option<i64>>(0)).map(|it| it.map(instant))
    }

    /// When the next message of the queue that is in nobody's hands becomes visible.
    pub(super) fn next_due(
        &self,
        queue: &str,
        options: &QueueOptions,
        now: Timestamp,
    ) -> rusqlite::Result<Option<Timestamp>> {
        let mut query = self.0.prepare_cached(
            "SELECT min(visible_at) FROM messages
             WHERE queue = ?1 AND visible_at > ?2 AND receipt IS NULL AND sent_at > ?3",
        )?;
        let values = params![queue, ms(now), oldest(options, now)];
        query.query_row(values, |row| row.get::<_, Option<i64>>(0)).map(|it| it.map(instant))
    }

    pub(super) fn has_visible(
        &self,
        queue: &str,
        options: &QueueOptions,
        now: Timestamp,
    ) -> rusqlite::Result<bool> {
        let mut query = self.0.prepare_cached(&candidates(options, "1"))?;
        let values = rusqlite::named_params! {
            ":queue": queue, ":now": ms(now), ":oldest": oldest(options, now), ":max": 1,
        };
        query.exists(values)
    }

    pub(super) fn depth(
        &self,
        queue: &str,
        options: &QueueOptions,
        now: Timestamp,
    ) -> rusqlite::Result<Depth> {
        let open = if options.fifo { NOT_BLOCKED } else { "TRUE" };
        let mut query = self.0.prepare_cached(&format!(
            "SELECT count(*),
                    count(*) FILTER (WHERE visible_at > :now AND receipt IS NOT NULL),
                    count(*) FILTER (WHERE visible_at <= :now AND {open})
             FROM messages WHERE queue = :queue AND sent_at > :oldest",
        ))?;
        let values = rusqlite::named_params! {
            ":queue": queue, ":now": ms(now), ":oldest": oldest(options, now),
        };
        let (all, in_flight, visible) = query.query_row(values, |row| {
            Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?, row.get::<_, u64>(2)?))
        })?;
        Ok(Depth { visible, delayed: all - visible - in_flight, in_flight })
    }

    /// Deletes what no operation sees any more.
    pub(super) fn clean<'a>(
        &mut self,
        retentions: impl Iterator<Item = (&'a str, Duration)>,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let writing = self.begin()?.0;
        for (queue, retention) in retentions {
            let oldest = ms(now) - duration_ms(retention);
            let expired = "DELETE FROM messages WHERE queue = ?1 AND sent_at <= ?2";
            writing.execute(expired, params![queue, oldest])?;
        }
        writing.execute("DELETE FROM seen WHERE until <= ?1", [ms(now)])?;
        writing.commit()
    }
}

impl Writing<'_> {
    pub(super) fn commit(self) -> rusqlite::Result<()> {
        self.0.commit()
    }

    /// Takes a batch, but for the entries that it returns; or refuses it whole.
    pub(super) fn send(
        &self,
        queue: &str,
        options: &QueueOptions,
        messages: Vec<Message>,
        now: Timestamp,
    ) -> rusqlite::Result<Result<Vec<Failed>, QueueError>> {
        if let Err(refused) = acceptable(&messages) {
            return Ok(Err(refused));
        }
        let mut failed = Vec::new();
        for (index, message) in messages.into_iter().enumerate() {
            if let Some(code) = fault(&message, options) {
                failed.push(Failed { index, code: code.to_owned(), retry_helps: false });
            } else if self.is_new(queue, &message, now)? {
                self.insert(queue, &message, now)?;
            }
        }
        Ok(Ok(failed))
    }

    /// Remembers the deduplication id. False if it was seen within the window.
    fn is_new(&self, queue: &str, message: &Message, now: Timestamp) -> rusqlite::Result<bool> {
        let Some(id) = &message.deduplication else {
            return Ok(true);
        };
        let mut upsert = self.0.prepare_cached(
            "INSERT INTO seen (queue, deduplication, until) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET until = excluded.until WHERE until <= ?4",
        )?;
        let until = ms(now) + duration_ms(DEDUPLICATION_WINDOW);
        Ok(upsert.execute(params![queue, id, until, ms(now)])? == 1)
    }

    fn insert(&self, queue: &str, message: &Message, now: Timestamp) -> rusqlite::Result<()> {
        let mut insert = self.0.prepare_cached(
            "INSERT INTO messages (queue, id, body, message_group, sent_at, visible_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let visible_at = ms(now) + duration_ms(message.delay);
        let Message { body, group, .. } = message;
        insert.execute(params![queue, new_id(), body, group, ms(now), visible_at]).map(drop)
    }

    pub(super) fn receive(
        &self,
        queue: &str,
        options: &QueueOptions,
        max: usize,
        visibility: Duration,
        now: Timestamp,
    ) -> rusqlite::Result<Vec<Received>> {
        self.move_dead_letters(queue, options, now)?;
        let columns = "sequence, id, body, message_group, receive_count, sent_at";
        let mut query = self.0.prepare_cached(&candidates(options, columns))?;
        let values = rusqlite::named_params! {
            ":queue": queue, ":now": ms(now), ":oldest": oldest(options, now), ":max": max,
        };
        let found = query.query_map(values, found)?.collect::<rusqlite::Result<Vec<_>>>()?;

        let mut hide = self.0.prepare_cached(
            "UPDATE messages SET receipt = ?2, visible_at = ?3, receive_count = ?4
             WHERE sequence = ?1",
        )?;
        let visible_at = ms(now) + duration_ms(visibility.min(MAX_VISIBILITY));
        let mut received = Vec::with_capacity(found.len());
        for (sequence, message) in found {
            hide.execute(params![sequence, message.receipt, visible_at, message.receive_count])?;
            received.push(message);
        }
        Ok(received)
    }

    /// Moves what was received often enough. SQS too does it when somebody receives.
    fn move_dead_letters(
        &self,
        queue: &str,
        options: &QueueOptions,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let Some((max_receives, dead_letters)) = &options.max_receives else {
            return Ok(());
        };
        let mut update = self.0.prepare_cached(
            "UPDATE messages SET queue = ?2, receipt = NULL
             WHERE queue = ?1 AND receive_count > 0 AND receive_count >= ?3 AND visible_at <= ?4",
        )?;
        update.execute(params![queue, dead_letters, max_receives, ms(now)]).map(drop)
    }

    /// Deletes by receipt; one that names nothing is done already. Of a FIFO queue, a receipt
    /// ends with its visibility. Source: SQS Developer Guide, FIFO queues, receipt handles.
    pub(super) fn delete(
        &self,
        queue: &str,
        options: &QueueOptions,
        receipts: &[String],
        now: Timestamp,
    ) -> rusqlite::Result<Vec<Failed>> {
        let mut delete =
            self.0.prepare_cached("DELETE FROM messages WHERE queue = ?1 AND receipt = ?2")?;
        let mut failed = Vec::new();
        for (index, receipt) in receipts.iter().enumerate() {
            let expired =
                || self.visible_at(queue, receipt).map(|it| it.is_some_and(|it| it <= ms(now)));
            if options.fifo && expired()? {
                let code = "InvalidParameterValue".to_owned();
                failed.push(Failed { index, code, retry_helps: false });
            } else {
                delete.execute([queue, receipt])?;
            }
        }
        Ok(failed)
    }

    pub(super) fn change_visibility(
        &self,
        queue: &str,
        receipt: &str,
        visibility: Duration,
        now: Timestamp,
    ) -> rusqlite::Result<Result<(), QueueError>> {
        if visibility > MAX_VISIBILITY {
            return Ok(refused("InvalidParameterValue"));
        }
        if let Err(refused) = self.in_flight(queue, receipt, now)? {
            return Ok(Err(refused));
        }
        let mut update =
            self.0.prepare_cached("UPDATE messages SET visible_at = ?2 WHERE receipt = ?1")?;
        update.execute(params![receipt, ms(now) + duration_ms(visibility)])?;
        Ok(Ok(()))
    }

    pub(super) fn give_back(
        &self,
        queue: &str,
        receipt: &str,
        delay: Duration,
        now: Timestamp,
    ) -> rusqlite::Result<Result<(), QueueError>> {
        if let Err(refused) = self.in_flight(queue, receipt, now)? {
            return Ok(Err(refused));
        }
        let mut update = self.0.prepare_cached(
            "UPDATE messages SET visible_at = ?2, receipt = NULL WHERE receipt = ?1",
        )?;
        let delay = delay.min(MAX_VISIBILITY);
        update.execute(params![receipt, ms(now) + duration_ms(delay)])?;
        Ok(Ok(()))
    }

    fn in_flight(
        &self,
        queue: &str,
        receipt: &str,
        now: Timestamp,
    ) -> rusqlite::Result<Result<(), QueueError>> {
        Ok(match self.visible_at(queue, receipt)? {
            None => refused("ReceiptHandleIsInvalid"),
            Some(it) if it <= ms(now) => refused("MessageNotInflight"),
            Some(_) => Ok(()),
        })
    }

    fn visible_at(&self, queue: &str, receipt: &str) -> rusqlite::Result<Option<i64>> {
        let mut query = self
            .0
            .prepare_cached("SELECT visible_at FROM messages WHERE queue = ?1 AND receipt = ?2")?;
        query.query_row([queue, receipt], |row| row.get(0)).optional()
    }
}

/// The messages a receive may take, in the order it takes them: of a FIFO queue the oldest, else
/// those that became visible first.
fn candidates(options: &QueueOptions, columns: &str) -> String {
    let (open, index, order) = if options.fifo {
        (NOT_BLOCKED, "by_arrival", "sequence")
    } else {
        ("TRUE", "by_time", "visible_at, sequence")
    };
    format!(
        "SELECT {columns} FROM messages INDEXED BY {index}
         WHERE queue = :queue AND visible_at <= :now AND sent_at > :oldest AND {open}
         ORDER BY {order} LIMIT :max"
    )
}

/// A message as its receiver gets it, with a receipt of its own, and its key.
fn found(row: &Row<'_>) -> rusqlite::Result<(i64, Received)> {
    let message = Received {
        id: row.get("id")?,
        receipt: new_id(),
        body: row.get("body")?,
        group: row.get("message_group")?,
        receive_count: row.get::<_, u32>("receive_count")? + 1,
        sent_at: instant(row.get("sent_at")?),
    };
    Ok((row.get("sequence")?, message))
}

/// What SQS refuses a whole batch for. Source: SQS API Reference, `SendMessageBatch`.
fn acceptable(messages: &[Message]) -> Result<(), QueueError> {
    let bytes = messages.iter().map(|it| it.body.len()).sum();
    if messages.is_empty() {
        return refused("EmptyBatchRequest");
    }
    if messages.len() > MAX_BATCH_ENTRIES {
        return refused("TooManyEntriesInBatchRequest");
    }
    if bytes > MAX_BYTES {
        return Err(QueueError::TooLarge { bytes });
    }
    Ok(())
}

/// What SQS refuses one entry for. Source: SQS API Reference, `SendMessage`.
fn fault(message: &Message, options: &QueueOptions) -> Option<&'static str> {
    let Message { body, delay, group, deduplication } = message;
    if body.is_empty() || options.fifo && (group.is_none() || deduplication.is_none()) {
        return Some("MissingParameter");
    }
    let allowed = |it| matches!(it, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    if !body.chars().all(allowed) {
        return Some("InvalidMessageContents");
    }
    let name_fits =
        |it: &Option<String>| it.as_ref().is_none_or(|it| (1..=128).contains(&it.len()));
    let delay_fits = if options.fifo { delay.is_zero() } else { *delay <= MAX_DELAY };
    let valid = delay_fits
        && name_fits(group)
        && name_fits(deduplication)
        && (options.fifo || deduplication.is_none());
    (!valid).then_some("InvalidParameterValue")
}

fn refused<T>(code: &str) -> Result<T, QueueError> {
    Err(QueueError::Refused { code: code.to_owned() })
}

fn new_id() -> String {
    Uuid::new_v4().to_string()
}

/// Messages sent at this instant or before it are past the queue's retention.
fn oldest(options: &QueueOptions, now: Timestamp) -> i64 {
    ms(now) - duration_ms(options.retention)
}

fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

fn instant(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

/// As milliseconds, at most 300 years: sums of two cannot overflow.
fn duration_ms(duration: Duration) -> i64 {
    const LONGEST: i64 = 300 * 366 * 24 * 60 * 60 * 1000;
    i64::try_from(duration.as_millis()).map_or(LONGEST, |it| it.min(LONGEST))
}
