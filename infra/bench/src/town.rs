// SPDX-License-Identifier: EUPL-1.2
//! A comune to measure on: a stack with its subscribers, its office, and Meta's stand-in.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use domain::delivery::Callback;
use domain::ids::ContactId;
use dynoxide::Database;
use fakes::meta::{Faults, Meta, SendFault, SentMessage};
use jiff::Timestamp;
use local_stack::{Options, Stack};
use platform::settings::Settings;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::subscribers;

/// The line that everything is measured on.
pub(crate) const LINE: &str = "pordenone";
const LINE_FILE: &str = include_str!("../../lines/pordenone.toml");

/// What stays free of broadcasts, in messages a second.
pub(crate) const RESERVE: u32 = 10;

/// How long Meta takes to answer a send.
pub(crate) const LATENCY: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(90)..=Duration::from_millis(220);

/// Between two looks at something that takes its time.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// For how long nothing may happen before everything counts as done. A number under way is never
/// silent for half of that.
const QUIET: Duration = Duration::from_secs(5);

/// Nothing that is waited for takes longer.
const LIMIT: Duration = Duration::from_mins(30);

/// The embedded DynamoDB, with a way in besides the client's.
pub(crate) struct Engine {
    pub(crate) db: Database,
    pub(crate) url: String,
    /// Ends with the engine.
    _serving: JoinSet<()>,
}

/// A stack, its office, and Meta.
pub(crate) struct Town {
    pub(crate) stack: Stack,
    pub(crate) http: reqwest::Client,
    db: Database,
    /// What the stack reads its line from.
    _lines: TempDir,
}

impl Engine {
    /// In memory, or in this file.
    pub(crate) async fn start(file: Option<&Path>) -> anyhow::Result<Self> {
        let db = match file {
            Some(file) => Database::new(file.to_str().context("read the file's name")?),
            None => Database::memory(),
        };
        let db = db.context("open tables")?;
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listen for the tables")?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut serving = JoinSet::new();
        serving.spawn(dynoxide::server::serve_on(listener, db.clone()));
        Ok(Self { db, url, _serving: serving })
    }
}

/// A folder with the one line file, at another rate.
pub(crate) fn lines(rate: u32) -> anyhow::Result<TempDir> {
    let folder = tempfile::tempdir().context("make a folder for the line")?;
    let text = LINE_FILE.replace("\nrate = 80\n", &format!("\nrate = {rate}\n"));
    ensure!(text.contains(&format!("\nreserve = {RESERVE}\n")), "the line's reserve has changed");
    std::fs::write(folder.path().join("pordenone.toml"), text).context("write the line")?;
    Ok(folder)
}

impl Town {
    /// With tables in memory, for a number that may send this many messages a second.
    pub(crate) async fn start(rate: u32) -> anyhow::Result<(Self, Engine)> {
        let engine = Engine::start(None).await?;
        let town = Self::on(&engine, &engine.url, rate).await?;
        Ok((town, engine))
    }

    /// On an engine that is reached at `url`, directly or through what counts its units.
    pub(crate) async fn on(engine: &Engine, url: &str, rate: u32) -> anyhow::Result<Self> {
        let town = Self::prompt(engine, url, rate, None).await?;
        town.faults(|it| it.latency = Some(LATENCY))?;
        Ok(town)
    }

    /// The same before a Meta that answers at once. `None` is real time.
    pub(crate) async fn prompt(
        engine: &Engine,
        url: &str,
        rate: u32,
        clock: Option<Timestamp>,
    ) -> anyhow::Result<Self> {
        let lines = lines(rate)?;
        let stack = Stack::start(Options {
            port: 0,
            data: None,
            lines: lines.path().to_owned(),
            api_key: "local-key".to_owned(),
            clock,
            graph_url: None,
            settings: Settings::given([("FILODIRETTO_TABLES_URL", url)]),
        })
        .await
        .context("start the stack")?;
        let http = reqwest::Client::builder().no_proxy().build().context("make a client")?;
        Ok(Self { stack, http, db: engine.db.clone(), _lines: lines })
    }

    pub(crate) fn meta(&self) -> anyhow::Result<&Meta> {
        self.stack.meta().context("find Meta's stand-in")
    }

    pub(crate) fn faults(&self, change: impl FnOnce(&mut Faults)) -> anyhow::Result<()> {
        self.meta()?.faults(change);
        Ok(())
    }

    /// Makes `n` subscribers: one by WhatsApp, the others as copies of that one's rows. Those
    /// after the first `all_topics` do not follow public utility.
    pub(crate) async fn subscribers(
        &self,
        n: usize,
        all_topics: usize,
    ) -> anyhow::Result<Vec<ContactId>> {
        self.meta()?.write(&phone(0), LINE, "ISCRIVIMI").context("subscribe")?;
        let until = Instant::now() + LIMIT;
        while self.subscribed().await? == 0 {
            ensure!(Instant::now() < until, "nobody subscribed");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.quiet().await?;
        let db = self.db.clone();
        let contacts = tokio::task::spawn_blocking(move || subscribers::copy(&db, n, all_topics))
            .await
            .context("copy subscribers")??;
        ensure!(self.subscribed().await? == i64::try_from(n)?, "not everybody subscribed");
        Ok(contacts)
    }

    async fn subscribed(&self) -> anyhow::Result<i64> {
        let count = self.get("/subscribers/count").await?;
        count["total"].as_i64().context("read the count")
    }

    /// Resolves when nothing has been at work for some seconds. What waits for a later time, as a
    /// doubtful send does, is not waited for.
    pub(crate) async fn quiet(&self) -> anyhow::Result<()> {
        let until = Instant::now() + LIMIT;
        let (mut since, mut posts) = (Instant::now(), 0);
        while since.elapsed() < QUIET {
            ensure!(Instant::now() < until, "still at work");
            tokio::time::sleep(LOOK_EVERY).await;
            let depths = self.stack.depths().await?;
            let worked = depths.iter().filter(|(name, _)| !name.starts_with("dead-"));
            let left: u64 = worked.map(|(_, it)| it.visible + it.in_flight).sum();
            let meta = self.meta()?;
            if left > 0 || meta.next_due().is_some() || meta.posts() != posts {
                since = Instant::now();
            }
            posts = meta.posts();
        }
        Ok(())
    }

    // The office.

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, Some(body)).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        ask(&self.http, &self.stack.url(), method, path, body).await
    }

    /// Writes a broadcast; its id.
    pub(crate) async fn drafts(&self, draft: Value) -> anyhow::Result<String> {
        let made = self.post("/broadcasts", draft).await?;
        Ok(made["id"].as_str().context("read the broadcast's id")?.to_owned())
    }

    /// Sends a draft now.
    pub(crate) async fn schedules(&self, id: &str) -> anyhow::Result<()> {
        self.post(&format!("/broadcasts/{id}/schedule"), json!({})).await.map(drop)
    }

    pub(crate) async fn sends(&self, draft: Value) -> anyhow::Result<String> {
        let id = self.drafts(draft).await?;
        self.schedules(&id).await?;
        Ok(id)
    }

    pub(crate) async fn broadcast(&self, id: &str) -> anyhow::Result<Value> {
        self.get(&format!("/broadcasts/{id}")).await
    }

    pub(crate) async fn accepted(&self, id: &str) -> anyhow::Result<i64> {
        self.broadcast(id).await?["counts"]["accepted"].as_i64().context("read the count")
    }

    /// Waits until Meta has taken at least so many of a broadcast.
    pub(crate) async fn accepts(&self, id: &str, n: i64) -> anyhow::Result<()> {
        let until = Instant::now() + LIMIT;
        loop {
            let it = self.broadcast(id).await?;
            if it["counts"]["accepted"].as_i64().is_some_and(|it| it >= n) {
                return Ok(());
            }
            let going = it["state"] == "scheduled" || it["state"] == "sending";
            ensure!(going && Instant::now() < until, "fewer than {n} accepted: {it}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until nothing is at work, and expects the broadcast to have ended with that.
    pub(crate) async fn ends(&self, id: &str) -> anyhow::Result<Value> {
        self.quiet().await?;
        let it = self.broadcast(id).await?;
        ensure!(it["state"] == "done", "the broadcast is {}, not done", it["state"]);
        Ok(it)
    }

    /// What Meta took of a template, oldest first.
    pub(crate) fn taken(&self, template: &str) -> anyhow::Result<Vec<SentMessage>> {
        let sent = self.meta()?.sent(LINE)?;
        Ok(sent.into_iter().filter(|it| it.template.as_deref() == Some(template)).collect())
    }

    /// How often Meta answered with this code.
    pub(crate) fn refused(&self, code: u32) -> anyhow::Result<usize> {
        Ok(self.meta()?.refusals().get(&code).copied().unwrap_or(0))
    }
}

/// One request of the office; an answer that is not a success is an error.
pub(crate) async fn ask(
    http: &reqwest::Client,
    stack_url: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> anyhow::Result<Value> {
    let url = format!("{stack_url}/v1/lines/{LINE}{path}");
    let mut request = http.request(method, url).bearer_auth("local-key");
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.context("ask the stack")?;
    let status = answer.status();
    let answer: Value = answer.json().await.context("read the stack's answer")?;
    ensure!(status.is_success(), "{path}: {status}, {answer}");
    Ok(answer)
}

/// A reminder to all who follow deadlines.
pub(crate) fn reminder() -> Value {
    json!({
        "title": "Promemoria",
        "audience": { "topics": ["scadenze"] },
        "message": { "template": { "name": REMINDER, "language": "it", "parameters": {
            "data": "16 dicembre",
            "azione": "pagare il saldo IMU",
            "come": "con il modello F24",
            "pagina": "www.comune.pordenone.it",
        } } },
    })
}

pub(crate) const REMINDER: &str = "pordenone_scadenza";

/// An alert to all who follow public utility.
pub(crate) fn alert() -> Value {
    json!({
        "title": "Allerta",
        "audience": { "topics": ["utilita"] },
        "priority": "emergency",
        "message": { "template": { "name": ALERT, "language": "it", "parameters": {
            "colore": "rossa",
            "fenomeno": "piena del Noncello",
            "zona": "Vallenoncello",
            "inizio": "18",
            "fine": "24",
            "cosa_fare": "sali ai piani alti",
        } } },
    })
}

pub(crate) const ALERT: &str = "pordenone_allerta";

/// Messages a second from the first to the last, and the seconds between them.
pub(crate) fn rate(sent: &[SentMessage]) -> (f64, f64) {
    let ends = sent.first().zip(sent.last());
    let span_s = ends.map_or(0.0, |(first, last)| seconds(first.at, last.at));
    #[expect(clippy::cast_precision_loss, reason = "exact up to billions of messages")]
    let gaps = sent.len().saturating_sub(1) as f64;
    (gaps / span_s, span_s)
}

pub(crate) fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// How often each contact got a message of this broadcast.
pub(crate) fn times_by_contact(sent: &[SentMessage], id: &str) -> BTreeMap<ContactId, usize> {
    let mut times = BTreeMap::new();
    for it in sent {
        if let Some(Callback::Delivery { broadcast, contact }) =
            it.callback.as_deref().and_then(Callback::decode)
            && broadcast.as_str() == id
        {
            *times.entry(contact).or_default() += 1;
        }
    }
    times
}

/// Meta on a bad day, for so many sends: 5 % of the answers are lost, 1 % are a 500 of a message
/// that was taken, and 1 % of one that was not.
pub(crate) fn bad_day(n: usize) -> VecDeque<SendFault> {
    let fault = |n| match n % 100 {
        23 => SendFault::ErrorAfterAccepting(500),
        73 => SendFault::ErrorWithoutAccepting(500),
        n if n % 20 == 7 => SendFault::DropAnswer,
        _ => SendFault::None,
    };
    (0..n).map(fault).collect()
}

/// An example number.
pub(crate) fn phone(n: usize) -> String {
    format!("393330{n:06}")
}
