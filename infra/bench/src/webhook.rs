// SPDX-License-Identifier: EUPL-1.2
//! What Meta sees of us: how fast a keyword is answered and a webhook acknowledged.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures::future;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::table::{Row, percentile};
use crate::town::{LINE, REMINDER, Town, phone, reminder, seconds};
use crate::{Size, say};

/// The line's number and account, as its file has them.
const NUMBER: &str = "331651133100001";
const ACCOUNT: &str = "331651133100002";

/// The floor counts updates: Meta may send each in a POST of its own, which is the hardest.
const UPDATES_PER_SECOND: u32 = 240;

/// A keyword's way from the webhook to the Graph API.
pub(crate) async fn reply(size: Size) -> anyhow::Result<Vec<Row>> {
    let (town, _engine) = Town::start(80).await?;
    let n = size.of(300, 60);
    // Everybody has written before, so that the service window is open and everything is warm.
    for n in 0..n {
        town.meta()?.write(&phone(n), LINE, "AIUTO").context("write")?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    town.quiet().await?;
    say(&format!("  {n} keywords, one after the other"));
    let mut asked = Vec::new();
    for n in 0..n {
        let at = Timestamp::now();
        let message = json!({
            "from": phone(n), "id": format!("wamid.bench{n}"),
            "timestamp": at.as_second().to_string(), "type": "text", "text": { "body": "AIUTO" },
        });
        let contact = json!({ "profile": { "name": "Anna" }, "wa_id": phone(n) });
        let value = json!({ "contacts": [contact], "messages": [message] });
        asked.push((phone(n), at));
        post(&town, value).await?;
        // The next one comes when this one has been answered: nothing waits for another.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    town.quiet().await?;
    let sent = town.meta()?.sent(LINE)?;
    let mut took_ms = Vec::new();
    for (phone, at) in asked {
        let answer = sent.iter().find(|it| it.phone == phone && it.at >= at);
        let answer = answer.context("find the answer to a keyword")?;
        took_ms.push(seconds(at, answer.at) * 1_000.0);
    }
    let (p50, p95) = (percentile(&mut took_ms, 0.5), percentile(&mut took_ms, 0.95));
    Ok(vec![Row::held(
        "a keyword's reply, webhook to Graph API call, warm, no broadcast under way",
        "p95 ≤ 150 ms",
        format!("p50 {p50:.0} ms, p95 {p95:.0} ms of {n}; Meta's own latency is not in it"),
        p95 <= 150.0,
    )])
}

/// How soon a webhook is answered while updates of a broadcast come in.
pub(crate) async fn acknowledgement(size: Size) -> anyhow::Result<Vec<Row>> {
    let (town, _engine) = Town::start(80).await?;
    let people = size.of(700, 200);
    town.subscribers(people, people).await?;
    let id = town.sends(reminder()).await?;
    town.ends(&id).await?;
    let taken = town.taken(REMINDER)?;
    let n = size.of(20, 5) * UPDATES_PER_SECOND as usize;
    say(&format!("  {n} POSTs at {UPDATES_PER_SECOND}/s"));
    let began = Instant::now();
    let posts = (0..).zip(taken.iter().cycle().take(n)).map(|(n, of)| {
        let town = &town;
        let status = json!({
            "id": of.id, "status": "delivered", "recipient_id": of.phone,
            "timestamp": Timestamp::now().as_second().to_string(),
            "biz_opaque_callback_data": of.callback,
        });
        async move {
            // Counted from when it was to be sent, so that one slow answer does not hide others.
            let at = began + Duration::from_secs(1) * n / UPDATES_PER_SECOND;
            tokio::time::sleep_until(at.into()).await;
            post(town, json!({ "statuses": [status] })).await?;
            Ok::<_, anyhow::Error>(at.elapsed().as_secs_f64() * 1_000.0)
        }
    });
    let mut took_ms = future::try_join_all(posts).await?;
    town.quiet().await?;
    let (p50, p99) = (percentile(&mut took_ms, 0.5), percentile(&mut took_ms, 0.99));
    Ok(vec![Row::held(
        format!("a webhook's acknowledgement, warm, {UPDATES_PER_SECOND} updates/s, one a POST"),
        "p99 ≤ 50 ms",
        format!("p50 {p50:.1} ms, p99 {p99:.1} ms of {n}"),
        p99 <= 50.0,
    )])
}

/// Posts one change as Meta does, signed.
async fn post(town: &Town, mut value: Value) -> anyhow::Result<()> {
    value["messaging_product"] = "whatsapp".into();
    value["metadata"] =
        json!({ "display_phone_number": "393316511331", "phone_number_id": NUMBER });
    let change = json!({ "field": "messages", "value": value });
    let entry = json!({ "id": ACCOUNT, "changes": [change] });
    let body = json!({ "object": "whatsapp_business_account", "entry": [entry] }).to_string();
    let signature = fakes::meta::signature("local-app-secret", body.as_bytes());
    let url = format!("{}/webhook", town.stack.url());
    let post = town.http.post(url).header("x-hub-signature-256", signature).body(body);
    let status = post.send().await.context("post a webhook")?.status();
    ensure!(status == 200, "a webhook was answered {status}");
    Ok(())
}
