// SPDX-License-Identifier: EUPL-1.2
//! Whether the stand-in keeps Meta's limits at all: each is passed on purpose.

use std::time::{Duration, Instant};

use anyhow::Context;
use fakes::meta::{App, Meta, MetaOptions, Number, Template};
use futures::future;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::table::Row;
use crate::town::{LATENCY, phone};

const NUMBER: &str = "331651133100001";
const LIMITED: &str = "331651133100003";
const TOKEN: &str = "local-token";

/// A Meta of its own, with one number that reaches whom it likes and one of a small portfolio.
struct Target {
    meta: Meta,
    url: String,
    http: reqwest::Client,
    _serving: JoinSet<()>,
}

pub(crate) async fn measure() -> anyhow::Result<Vec<Row>> {
    let target = Target::start().await?;
    let (sends, seconds) = (600, 5);
    let began = Instant::now();
    let all = (0..sends)
        .map(|n| target.send(NUMBER, n, began + Duration::from_secs(seconds) * n / sends));
    let answers = future::try_join_all(all).await?;
    let throttled = answers.iter().filter(|it| **it == Some(130_429)).count();
    // 80 in any second: what is over 80 a second, give or take the last one's window.
    let over = (sends as usize) - 80 * usize::try_from(seconds)?;
    let rate = Row::proof(
        "the stand-in keeps the rate: 120/s against 80/s on purpose",
        format!("{throttled} × 130429 of {sends} in {seconds} s ({over} were too many)"),
        throttled.abs_diff(over) <= 80,
    );

    // After the burst, so that the second is free again.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let same = future::try_join_all((0..50).map(|_| target.send(NUMBER, 900_000, Instant::now())));
    let refused = same.await?.iter().filter(|it| **it == Some(131_056)).count();
    let pair = Row::proof(
        "the stand-in keeps the pair rate: 50 at once to one person",
        format!("{refused} × 131056 (45 may come at once)"),
        refused == 5,
    );

    let mut refused = 0;
    for second in 0..5 {
        let begins = Instant::now() + Duration::from_millis(1_050);
        let part = (0..60).map(|n| target.send(LIMITED, second * 60 + n, begins));
        let part = future::try_join_all(part).await?;
        refused += part.iter().filter(|it| **it == Some(131_048)).count();
    }
    let portfolio = Row::proof(
        "the stand-in keeps the portfolio's limit: 300 people against 250 in 24 hours",
        format!("{refused} × 131048"),
        refused == 50,
    );
    let seen: usize = target.meta.refusals().values().sum();
    anyhow::ensure!(seen >= throttled + refused, "the stand-in counts what it refuses");
    Ok(vec![rate, pair, portfolio])
}

impl Target {
    async fn start() -> anyhow::Result<Self> {
        let number = |id: &str, limit| Number {
            phone_number_id: id.to_owned(),
            portfolio_id: id.to_owned(),
            portfolio_limit: limit,
            ..Number::default()
        };
        let meta = Meta::open(MetaOptions {
            apps: vec![App {
                id: "default".to_owned(),
                secret: String::new(),
                access_token: TOKEN.to_owned(),
                webhook_url: None,
            }],
            numbers: vec![number(NUMBER, None), number(LIMITED, Some(250))],
            templates: vec![Template {
                name: "prova".to_owned(),
                body: "prova".to_owned(),
                ..Template::default()
            }],
            ..MetaOptions::default()
        })?;
        meta.faults(|it| it.latency = Some(LATENCY));
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listen")?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = meta.graph();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            axum::serve(listener, router).await.ok();
        });
        let http = reqwest::Client::builder().no_proxy().build().context("make a client")?;
        Ok(Self { meta, url, http, _serving: serving })
    }

    /// Sends a template at that instant; the code if it was refused.
    async fn send(&self, from: &str, to: u32, at: Instant) -> anyhow::Result<Option<u64>> {
        tokio::time::sleep_until(at.into()).await;
        let to = phone(usize::try_from(to)?);
        let body = json!({ "messaging_product": "whatsapp", "to": to, "type": "template",
                           "template": { "name": "prova", "language": { "code": "it" } } });
        let url = format!("{}/v25.0/{from}/messages", self.url);
        let answer = self.http.post(url).bearer_auth(TOKEN).json(&body).send().await;
        let answer: Value = answer.context("send")?.json().await.context("read the answer")?;
        Ok(answer["error"]["code"].as_u64())
    }
}
