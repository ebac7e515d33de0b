// SPDX-License-Identifier: EUPL-1.2
//! The desk of a large city after a busy year: how soon its lists and an answer are there.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use domain::ids::{ContactId, LineId};
use dynoxide::{Database, ImportOptions};
use jiff::{Timestamp, ToSpan};
use reqwest::Method;
use serde_json::{Value, json};
use store::keys;

use crate::table::{Row, percentile};
use crate::town::{LINE, Town, phone};
use crate::{Size, say};

/// Messages of each person, half of them ours.
const MESSAGES: usize = 10;

/// Of a hundred conversations, how many wait for us, and how many for the citizen.
const OPEN: usize = 2;
const WAITING: usize = 8;

/// People of one import.
const AT_ONCE: usize = 500;

/// Between two answers.
const BETWEEN: Duration = Duration::from_millis(25);

/// As for a person who clicks: what is not there by then feels slow.
const FLOOR_MS: f64 = 100.0;

/// Lists and answers with 100,000 contacts and 1,000,000 messages in the tables.
pub(crate) async fn measure(size: Size) -> anyhow::Result<Vec<Row>> {
    let engine = crate::town::Engine::start(None).await?;
    let town = Town::prompt(&engine, &engine.url, 80, None).await?;
    let people = size.of(100_000, 5_000);
    say(&format!("  {people} people, {} messages", people * MESSAGES));
    let contacts = town.subscribers(people, people).await?;
    town.meta()?.write(&phone(0), LINE, "Quando apre la biblioteca?").context("ask")?;
    town.quiet().await?;
    let db = engine.db.clone();
    let contacts = tokio::task::spawn_blocking(move || talk(&db, &contacts).map(|()| contacts))
        .await
        .context("copy conversations")??;

    let n = size.of(300, 60);
    let mut rows = Vec::new();
    for (what, path) in [
        ("open conversations, 50 of them", "/conversations?state=open&limit=50"),
        ("closed conversations, 50 of them", "/conversations?state=closed&limit=50"),
        ("subscribers, 50 of them", "/subscribers?limit=50"),
    ] {
        let mut took_ms = Vec::new();
        for _ in 0..n {
            took_ms.push(timed(&town, Method::GET, path, None).await?);
        }
        rows.push(row(what, took_ms));
    }
    let some = contacts.iter().step_by((contacts.len() / n).max(1)).take(n);
    let (mut read_ms, mut answer_ms) = (Vec::new(), Vec::new());
    for contact in some {
        let path = format!("/conversations/{contact}/messages");
        let limited = format!("{path}?limit=50");
        read_ms.push(timed(&town, Method::GET, &limited, None).await?);
        let text = json!({ "text": "Buongiorno, la biblioteca apre alle 9." });
        answer_ms.push(timed(&town, Method::POST, &path, Some(text)).await?);
        // Meta takes 80 a second of a number, and nobody answers faster.
        tokio::time::sleep(BETWEEN).await;
    }
    rows.push(row("a conversation's messages", read_ms));
    rows.push(row("an answer, from the click to Meta's yes (which takes no time here)", answer_ms));
    Ok(rows)
}

fn row(what: &str, mut took_ms: Vec<f64>) -> Row {
    let (p50, p95) = (percentile(&mut took_ms, 0.5), percentile(&mut took_ms, 0.95));
    Row::held(
        format!("the desk: {what}"),
        format!("p95 ≤ {FLOOR_MS:.0} ms"),
        format!("p50 {p50:.1} ms, p95 {p95:.1} ms of {}", took_ms.len()),
        p95 <= FLOOR_MS,
    )
}

async fn timed(
    town: &Town,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> anyhow::Result<f64> {
    let began = Instant::now();
    crate::town::ask(&town.http, &town.stack.url(), method, path, body).await?;
    Ok(began.elapsed().as_secs_f64() * 1_000.0)
}

/// Gives everybody a conversation: copies of the rows of the one there is, spread over a year.
fn talk(db: &Database, contacts: &[ContactId]) -> anyhow::Result<()> {
    let request = serde_json::from_value(json!({ "TableName": "messages" }))?;
    let found = db.scan(request).context("read the first conversation")?;
    let found = serde_json::to_value(found.items)?;
    let found = found.as_array().context("read the first conversation's rows")?;
    let chat = |row: &&Value, sk: &str| {
        let text = |name: &str| row[name]["S"].as_str().unwrap_or_default();
        text("pk").starts_with("CHAT#") && text("sk").starts_with(sk)
    };
    let find = |sk: &str| found.iter().find(|it| chat(it, sk)).cloned();
    let conversation = find("CONVERSATION").context("find the first conversation")?;
    let message = find("M#").context("find its message")?;
    let (line, now) = (LineId::new(LINE), Timestamp::now());
    for (part, chunk) in contacts.chunks(AT_ONCE).enumerate() {
        let mut items = Vec::new();
        for (n, contact) in (part * AT_ONCE..).zip(chunk) {
            let last = now - (i64::try_from(n)? * 5).minutes();
            let pk: Value = keys::conversation(&line, contact).pk.into();
            let state = match n % 100 {
                n if n < OPEN => "open",
                n if n < OPEN + WAITING => "waiting",
                _ => "closed",
            };
            let mut row = conversation.clone();
            row["pk"]["S"] = pk.clone();
            row["contact"]["S"] = contact.as_str().into();
            row["state"]["S"] = state.into();
            row["inbox"]["S"] = keys::inbox(&line, state).into();
            row["last_at"]["N"] = last.as_millisecond().to_string().into();
            items.push(serde_json::from_value(row)?);
            for m in 0..MESSAGES {
                let at = last - i64::try_from(m)?.minutes();
                let key = store::MessageKey::new(format!("{n:x}-{m}"));
                let (side, direction) = if m % 2 == 0 { ("in", "in") } else { ("out", "out") };
                let mut row = message.clone();
                row["pk"]["S"] = pk.clone();
                let sk = keys::row(at.as_millisecond(), &key, side);
                row["sk"]["S"] = format!("M#{sk}").into();
                row["direction"]["S"] = direction.into();
                row["at"]["N"] = at.as_millisecond().to_string().into();
                items.push(serde_json::from_value(row)?);
            }
        }
        db.import_items("messages", items, ImportOptions::default()).context("import messages")?;
    }
    ensure!(!contacts.is_empty(), "there is nobody to talk to");
    Ok(())
}
