// SPDX-License-Identifier: EUPL-1.2
//! A large broadcast through everything that can go wrong: lost answers, 500s, every status
//! twice, and two `kill -9`. Nobody twice, nobody missing without a reason, every count right.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use fakes::meta::Meta;
use local_stack::{lines, meta};
use platform::apps::Apps;
use platform::clock::{Clock, Shifted};
use platform::settings::Settings;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::lambda::binary;
use crate::table::Row;
use crate::town::{self, Engine, LATENCY, Town, bad_day, reminder};
use crate::{Size, say};

/// High, so that what is measured is not the waiting.
const RATE: u32 = 1_000;

/// What may take long goes on for at most that long.
const LIMIT: Duration = Duration::from_mins(20);

/// A broadcast that has not moved for that long waits for a later time.
const STILL: Duration = Duration::from_secs(10);

const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The command, serving. Dropping it is `kill -9`.
struct Running {
    process: Child,
    url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Meta outside of the process that is killed.
struct Outside {
    meta: Meta,
    clock: Shifted,
    url: String,
    http: reqwest::Client,
    _serving: JoinSet<()>,
}

pub(crate) async fn measure(size: Size) -> anyhow::Result<Vec<Row>> {
    let people = size.of(10_000, 600);
    let home = tempfile::tempdir().context("make a folder")?;
    let lines = town::lines(RATE)?;
    let data = home.path().join("data");
    std::fs::create_dir(&data)?;
    {
        let engine = Engine::start(Some(&data.join("tables.sqlite"))).await?;
        let town = Town::on(&engine, &engine.url, RATE).await?;
        town.subscribers(people, people).await?;
    }
    let outside = Outside::start(lines.path()).await?;
    outside.meta.faults(|it| {
        it.latency = Some(LATENCY);
        it.duplicates = 1;
        it.next_sends = bad_day(2 * people);
    });

    say(&format!("  {people} people, killed twice"));
    let began = Instant::now();
    let running = outside.serve(home.path(), lines.path())?;
    let made = outside.ask(&running, Method::POST, "/broadcasts", Some(reminder())).await?;
    let id = made["id"].as_str().context("read the broadcast's id")?.to_owned();
    let path = format!("/broadcasts/{id}");
    outside.ask(&running, Method::POST, &format!("{path}/schedule"), Some(json!({}))).await?;
    outside.accepts(&running, &path, people / 4).await?;
    drop(running);
    let running = outside.serve(home.path(), lines.path())?;
    outside.accepts(&running, &path, people / 2).await?;
    drop(running);
    let running = outside.serve(home.path(), lines.path())?;
    outside.ends(&running, &path).await?;
    let took_s = began.elapsed().as_secs_f64();

    let broadcast = outside.ask(&running, Method::GET, &path, None).await?;
    let rows = outside.deliveries(&running, &path).await?;
    let times = town::times_by_contact(&outside.meta.sent(town::LINE)?, &id);
    let times = times.into_iter().map(|(contact, n)| (contact.as_str().to_owned(), n)).collect();
    let log = std::fs::read_to_string(home.path().join("log")).unwrap_or_default();
    let found = Found { people, broadcast, rows, times };
    let mut wrong = found.wrong();
    if log.contains(&town::phone(0)[..6]) {
        wrong.push("a number in the log".to_owned());
    }
    let told = format!("{} in {took_s:.0} s", found.told());
    Ok(vec![Row::proof(
        format!(
            "a broadcast to {people}, 5 % of answers lost, 2 % 500s, every status twice, killed \
             twice, tables on disk: nobody twice, nobody missing without a reason, counts right"
        ),
        if wrong.is_empty() { told } else { format!("{}; {told}", wrong.join("; ")) },
        wrong.is_empty(),
    )])
}

impl Outside {
    async fn start(folder: &Path) -> anyhow::Result<Self> {
        let files = lines::read_folder(folder)?;
        let line = &files.first().context("find the line")?.line;
        // As the command has them if nothing else is said.
        let apps = Apps::of(&Settings::given([
            ("META_APP_SECRET", "local-app-secret"),
            ("META_VERIFY_TOKEN", "local-verify-token"),
            ("META_ACCESS_TOKEN", "local-token"),
        ]))?;
        let clock = Shifted::default();
        let meta = meta::open(None, &Clock::Shifted(clock.clone()), &apps.known(), &[line])?;
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listen")?;
        let url = format!("http://{}", listener.local_addr()?);
        meta.set_graph_url(&url);
        let mut serving = JoinSet::new();
        let router = meta.graph();
        serving.spawn(async move {
            axum::serve(listener, router).await.ok();
        });
        let running = meta.clone();
        serving.spawn(async move { running.run(std::future::pending()).await });
        let http = reqwest::Client::builder().no_proxy().build().context("make a client")?;
        Ok(Self { meta, clock, url, http, _serving: serving })
    }

    /// Starts the command on its folder, and tells Meta where it is now.
    fn serve(&self, home: &Path, lines: &Path) -> anyhow::Result<Running> {
        let log = File::options().create(true).append(true).open(home.join("log"))?;
        let mut process = Command::new(binary("filodiretto")?)
            .args(["--port", "0", "--graph-api-url", &self.url, "--data"])
            .arg(home.join("data"))
            .arg("--lines")
            .arg(lines)
            .env_clear()
            .env("LOG_LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("spawn the command")?;
        let stdout = process.stdout.take().context("read the command's output")?;
        let mut running = Running { process, url: String::new() };
        let mut said = String::new();
        BufReader::new(stdout).read_line(&mut said).context("read the command's output")?;
        let url = said.trim().strip_prefix("ready ").context("the command is not ready")?;
        url.clone_into(&mut running.url);
        self.meta.set_webhook_url("default", &format!("{url}/webhook"))?;
        Ok(running)
    }

    async fn ask(
        &self,
        running: &Running,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Value> {
        town::ask(&self.http, &running.url, method, path, body).await
    }

    /// Waits until Meta has taken that many.
    async fn accepts(&self, running: &Running, path: &str, n: usize) -> anyhow::Result<()> {
        let until = Instant::now() + LIMIT;
        loop {
            let it = self.ask(running, Method::GET, path, None).await?;
            if it["counts"]["accepted"].as_u64() >= Some(n as u64) {
                return Ok(());
            }
            ensure!(Instant::now() < until, "fewer than {n} accepted: {it}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until the broadcast has ended and everything in doubt has been looked at again:
    /// while something moves, in real time; then both clocks are moved.
    async fn ends(&self, running: &Running, path: &str) -> anyhow::Result<()> {
        let until = Instant::now() + LIMIT;
        let (mut since, mut before) = (Instant::now(), Value::Null);
        while since.elapsed() < STILL {
            ensure!(Instant::now() < until, "the broadcast does not come to rest");
            tokio::time::sleep(LOOK_EVERY).await;
            let now = self.ask(running, Method::GET, path, None).await?["counts"].take();
            if now != before || self.meta.next_due().is_some() {
                (since, before) = (Instant::now(), now);
            }
        }
        // Doubt is settled after ten minutes; a chunk that was in hand comes back sooner.
        for _ in 0..30 {
            let minute = Duration::from_mins(1);
            self.clock.advance(minute);
            let url = format!("{}/_clock/advance", running.url);
            let answer = self.http.post(url).json(&json!({ "seconds": minute.as_secs() })).send();
            ensure!(answer.await?.status().is_success(), "the clock was not moved");
            while self.meta.next_due().is_some() {
                ensure!(Instant::now() < until, "webhooks are not taken");
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        Ok(())
    }

    /// Every person's row.
    async fn deliveries(&self, running: &Running, path: &str) -> anyhow::Result<Vec<Value>> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = format!("{path}/deliveries?limit=100{cursor}");
            let mut page = self.ask(running, Method::GET, &page, None).await?;
            let Value::Array(items) = page["items"].take() else { break };
            all.extend(items);
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        Ok(all)
    }
}

/// What is there at the end: what the office sees, and what Meta knows.
struct Found {
    people: usize,
    broadcast: Value,
    rows: Vec<Value>,
    /// How often each contact got it, by Meta's book.
    times: BTreeMap<String, usize>,
}

/// States of a delivery that Meta took.
const TAKEN: [&str; 4] = ["accepted", "sent", "delivered", "read"];

impl Found {
    fn in_states(&self, states: &[&str]) -> usize {
        self.rows.iter().filter(|it| states.iter().any(|state| it["state"] == *state)).count()
    }

    fn count(&self, name: &str) -> usize {
        let n = self.broadcast["counts"][name].as_u64().unwrap_or(u64::MAX);
        usize::try_from(n).unwrap_or(usize::MAX)
    }

    /// Everything that breaks a promise.
    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut none = |n: usize, what: &str| {
            if n > 0 {
                wrong.push(format!("{n} {what}"));
            }
        };
        none(self.times.values().filter(|it| **it > 1).count(), "people got it twice");
        let known: BTreeSet<_> = self.rows.iter().filter_map(|it| it["contact"].as_str()).collect();
        none(self.people.abs_diff(known.len()), "people without a row, or with two");
        none(self.people.abs_diff(self.rows.len()), "rows too few or too many");
        let is_taken = |row: &Value| TAKEN.iter().any(|state| row["state"] == *state);
        let got =
            |row: &Value| row["contact"].as_str().is_some_and(|it| self.times.contains_key(it));
        let unsaid = |row: &Value| row["reason"].as_str().is_none_or(str::is_empty);
        let rows = || self.rows.iter();
        none(
            rows().filter(|it| !is_taken(it) && unsaid(it)).count(),
            "people not reached and no reason given",
        );
        none(rows().filter(|it| is_taken(it) && !got(it)).count(), "rows say sent and Meta not");
        none(
            rows().filter(|it| !is_taken(it) && got(it)).count(),
            "rows say not sent and Meta did",
        );
        for (name, states) in [
            ("accepted", &TAKEN[..]),
            ("delivered", &["delivered", "read"]),
            ("read", &["read"]),
            ("failed", &["failed"]),
            ("unresolved", &["unresolved"]),
            ("skipped", &["skipped"]),
            ("cancelled", &["cancelled"]),
        ] {
            let off = self.count(name).abs_diff(self.in_states(states));
            none(off, &format!("off in the count {name}"));
        }
        none(self.count("pending"), "still pending");
        none(self.count("audience").abs_diff(self.people), "off in the audience");
        if self.broadcast["state"] != "done" {
            wrong.push(format!("the broadcast is {}, not done", self.broadcast["state"]));
        }
        wrong
    }

    fn told(&self) -> String {
        let messages: usize = self.times.values().sum();
        format!(
            "{} accepted, {} unresolved, {} failed of {}; Meta took {messages} for {} people",
            self.count("accepted"),
            self.count("unresolved"),
            self.count("failed"),
            self.count("audience"),
            self.times.len()
        )
    }
}
