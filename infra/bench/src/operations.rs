// SPDX-License-Identifier: EUPL-1.2
//! Keeps the counts of `domain::cost::Operations` true: small towns in which something happens,
//! with everything that AWS would bill counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use desk::App as Desk;
use domain::cost::{
    ANSWER, BROADCAST, CHAT_MESSAGE_BYTES, DELIVERY_BYTES, KEYWORD, MESSAGE, NIGHT,
    NIGHT_OF_CONTACT, Operations, QUESTION, Runs, SUBSCRIBER_BYTES, TICK,
};
use fanout::App as Fanout;
use jiff::{Timestamp, ToSpan};
use local_stack::broker::{Broker, QueueOptions, Requests};
use platform::apps::Apps;
use platform::clock::Clock;
use platform::events::{Bus, LocalBus};
use platform::jobs::{FanoutCause, FanoutEvent, Tick};
use platform::mail::Mail;
use platform::media::{Files, Folder};
use platform::pseudonym::Pseudonym;
use platform::settings::{Secret, Settings};
use retention::App as Retention;
use serde_json::{Value, json};
use whatsapp::graph::Graph;

use crate::aws::{Aws, total};
use crate::subscribers;
use crate::town::{Engine, LINE, Town, phone, reminder};
use crate::units::{carrying, count, since};

/// Between two looks at something that takes its time.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Nothing that is waited for takes longer.
const LIMIT: Duration = Duration::from_mins(2);

/// How often an office looks at a broadcast that is being sent.
const LOOKS: usize = 5;

/// People of the larger one of two towns or broadcasts that are compared.
const MANY: usize = 201;

/// A Tuesday at nine in Rome.
const MORNING: &str = "2026-11-24T08:00:00Z";

struct Scene {
    town: Town,
    engine: Engine,
    front: Aws,
    fanout: Fanout,
    retention: Retention,
    desk: Desk,
    /// As it stood when it was last counted.
    requests: BTreeMap<String, Requests>,
    events: BTreeMap<&'static str, u64>,
    posts: usize,
    /// Requests of the office since.
    asked: usize,
    _broker: Broker,
}

impl Scene {
    async fn open() -> anyhow::Result<Self> {
        // A second choice would be refused; there is none before this.
        rustls::crypto::ring::default_provider().install_default().ok();
        let engine = Engine::start(None).await?;
        let front = Aws::before(&engine.url).await?;
        let town = Town::prompt(&engine, &front.url, 80, Some(morning()?)).await?;
        town.faults(|it| it.one_update_a_post = true)?;
        let store = town.stack.store().clone();
        let broker = Broker::open(None, Clock::System)?;
        let sends = broker.create("sends", QueueOptions::default()).await?;
        let bus = Bus::Local(LocalBus::new().0);
        let fanout = Fanout { store: store.clone(), sends, bus, clock: Clock::System };
        let secret = Secret::new("key");
        // No file in this month; a folder that is not there has none.
        let files = Files::Folder(Folder::new("/dev/null/media".into(), &secret));
        // It has nothing to send in these months.
        let apps = Apps::of(&Settings::given([
            ("META_APP_SECRET", "secret"),
            ("META_VERIFY_TOKEN", "token"),
            ("META_ACCESS_TOKEN", "token"),
        ]))?;
        let graph = Arc::new(Graph::new("http://127.0.0.1:1", "v25.0"));
        let desk = Desk { store: store.clone(), graph, apps, mail: Mail::NoSender };
        let retention = Retention { store, pseudonym: Pseudonym::new(&secret), files };
        let mut scene = Self {
            town,
            engine,
            front,
            fanout,
            retention,
            desk,
            requests: BTreeMap::new(),
            events: BTreeMap::new(),
            posts: 0,
            asked: 0,
            _broker: broker,
        };
        scene.town.stack.settle().await?;
        scene.count().await?;
        Ok(scene)
    }

    /// What was asked of AWS since the last count. Ticks and nights that a scene runs itself are not
    /// among the runs.
    async fn count(&mut self) -> anyhow::Result<Operations> {
        let units = total(&self.front.take());
        let now = self.town.stack.queue_requests().await?;
        let requests = since(&self.requests, now.clone());
        self.requests = now;
        let now = self.town.stack.events_published();
        let published = |name: &str| {
            let of = |all: &BTreeMap<&str, u64>| all.get(name).copied().unwrap_or(0);
            float(of(&now) - of(&self.events))
        };
        let events = now.keys().map(|it| published(it)).sum();
        let fanout = published(FanoutCause::SCHEDULED) + published(FanoutCause::CHUNKS_DONE);
        self.events = now;
        let posts = self.town.meta()?.posts();
        let webhook = count(posts - self.posts);
        self.posts = posts;
        let of = |name: &str| requests.get(name).copied().unwrap_or_default();
        let receives = |name: &str| float(of(name).receives);
        Ok(Operations {
            reads: units.read,
            writes: units.write,
            standard: carrying([&of("sends"), &of("statuses")]),
            fifo: carrying([&of("inbound.fifo")]),
            events,
            runs: Runs {
                webhook,
                commands: receives("inbound.fifo"),
                fanout,
                sender: receives("sends"),
                statuses: receives("statuses"),
                retention: 0.0,
                desk: 0.0,
                admin: count(std::mem::take(&mut self.asked)),
            },
            seconds: 0.0,
        })
    }

    /// Resolves when Meta has posted so many webhooks since the last count, and everything that
    /// follows has been worked off. What gathers has the time to.
    async fn posted(&self, n: usize) -> anyhow::Result<()> {
        let until = Instant::now() + LIMIT;
        loop {
            let meta = self.town.meta()?;
            let depths = self.town.stack.depths().await?;
            let left: u64 = depths.values().map(|it| it.visible + it.in_flight).sum();
            if meta.posts() - self.posts >= n && meta.next_due().is_none() && left == 0 {
                break;
            }
            ensure!(Instant::now() < until, "{} of {n} webhooks", meta.posts() - self.posts);
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.town.stack.settle().await
    }

    async fn ticks(&self, at: Timestamp) -> anyhow::Result<()> {
        self.fanout.handle(FanoutEvent { at, cause: FanoutCause::Tick }).await?;
        self.desk.handle(Tick { at }).await
    }

    /// What the night after so many days asks for.
    async fn night(&mut self, days: i64) -> anyhow::Result<Operations> {
        self.retention.handle(Tick { at: morning()? + (24 * days).hours() }).await?;
        self.count().await
    }

    /// What is in the tables, a little more than AWS bills: its JSON, and 100 bytes an item.
    fn bytes(&self) -> anyhow::Result<f64> {
        let mut bytes = 0;
        for table in ["subscribers", "messages", "broadcasts"] {
            let all = serde_json::from_value(json!({ "TableName": table }))?;
            let found = self.engine.db.scan(all).context("read a table")?;
            let items = serde_json::to_value(found.items)?;
            let items = items.as_array().context("read a table's items")?;
            bytes += items.iter().map(|it| it.to_string().len() + 100).sum::<usize>();
        }
        Ok(count(bytes))
    }

    /// What a broadcast adds to the tables.
    async fn weighs_sent(&mut self, people: usize) -> anyhow::Result<f64> {
        let before = self.bytes()?;
        self.broadcasts(people).await?;
        self.count().await?;
        Ok(self.bytes()? - before)
    }

    async fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        self.asked += 1;
        self.town.get(path).await
    }

    async fn post(&mut self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.asked += 1;
        self.town.post(path, body).await
    }

    /// Somebody writes, and everything that follows happens: so many webhooks since the last count.
    async fn hears(&self, n: usize, text: &str, webhooks: usize) -> anyhow::Result<()> {
        self.town.meta()?.write(&phone(n), LINE, text).context("write")?;
        self.posted(webhooks).await
    }

    /// A broadcast as an office makes it, from the first draft to the last recount.
    async fn broadcasts(&mut self, people: usize) -> anyhow::Result<()> {
        self.get("/broadcasts").await?;
        let made = self.post("/broadcasts", reminder()).await?;
        let id = made["id"].as_str().context("read the broadcast's id")?;
        self.post(&format!("/broadcasts/{id}/preview"), json!({})).await?;
        self.post(&format!("/broadcasts/{id}/schedule"), json!({})).await?;
        self.posted(3 * people).await?;
        for _ in 0..LOOKS {
            let it = self.get(&format!("/broadcasts/{id}")).await?;
            ensure!(it["state"] == "done" && it["counts"]["read"] == people, "not done: {it}");
        }
        self.get(&format!("/broadcasts/{id}/report")).await?;
        // Its counts are taken again after two minutes, an hour and a day.
        for later in [3.minutes(), 61.minutes(), (24 * 60 + 1).minutes()] {
            self.ticks(morning()? + later).await?;
        }
        Ok(())
    }
}

fn morning() -> anyhow::Result<Timestamp> {
    MORNING.parse().context("read the clock")
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn float(n: u64) -> f64 {
    n as f64
}

/// Each count of a table's row, by its name.
fn parts(of: Operations) -> [(&'static str, f64); 13] {
    let Operations { reads, writes, standard, fifo, events, runs, seconds: _ } = of;
    let Runs { webhook, commands, fanout, sender, statuses, retention, desk, admin } = runs;
    [
        ("reads", reads),
        ("writes", writes),
        ("standard", standard),
        ("fifo", fifo),
        ("events", events),
        ("webhook", webhook),
        ("commands", commands),
        ("fanout", fanout),
        ("sender", sender),
        ("statuses", statuses),
        ("retention", retention),
        ("desk", desk),
        ("admin", admin),
    ]
}

/// Fails unless what was counted is within `tolerance` (a share) of the table's row.
fn agree(what: &str, counted: Operations, row: Operations, tolerance: f64) {
    let wrong: Vec<_> = parts(counted)
        .into_iter()
        .zip(parts(row))
        .filter(|((_, counted), (_, said))| (counted - said).abs() > tolerance * said.max(0.1))
        .map(|((name, counted), (_, said))| format!("{name}: {counted:.3}, not {said:.3}"))
        .collect();
    assert!(wrong.is_empty(), "{what} is counted otherwise: {}", wrong.join("; "));
}

/// What every other part of the same kind adds.
fn each(many: Operations, few: Operations, n: usize) -> Operations {
    (many - few) * (1.0 / count(n))
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_costs_what_the_table_says() -> anyhow::Result<()> {
    let mut scene = Scene::open().await?;
    for minute in 0..20 {
        scene.ticks(morning()? + minute.minutes()).await?;
    }
    let mut tick = each(scene.count().await?, Operations::default(), 20);
    (tick.runs.fanout, tick.runs.desk) = (1.0, 1.0);
    agree("a tick", tick, TICK, 0.0);
    let night = scene.night(1).await?;
    agree("a night", night, NIGHT, 0.1);
    scene.hears(0, "ISCRIVIMI", 4).await?;
    subscribers::copy(&scene.engine.db, MANY, MANY)?;
    // Their consent is sealed.
    scene.night(2).await?;
    let contact = each(scene.night(3).await?, night, MANY);
    agree("a contact's night", contact, NIGHT_OF_CONTACT, 0.1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_costs_what_the_table_says() -> anyhow::Result<()> {
    let mut scene = Scene::open().await?;
    scene.hears(0, "ISCRIVIMI", 4).await?;
    scene.night(1).await?;
    scene.broadcasts(1).await?;
    let to_one = scene.count().await?;
    subscribers::copy(&scene.engine.db, MANY, MANY)?;
    scene.night(2).await?;
    let night = scene.night(3).await?;
    scene.broadcasts(MANY).await?;
    let to_many = scene.count().await?;
    let forgotten = each(scene.night(100).await?, night, MANY + 1);
    let message = each(to_many, to_one, MANY - 1) + forgotten;
    // On a busy machine consent is asked again, and chunks wait in the queue again.
    let reads = message.reads / MESSAGE.reads;
    assert!((0.8..2.0).contains(&reads), "{} reads a message", message.reads);
    // How much of what Meta reports is written at once depends on the moment.
    let message = Operations { reads: MESSAGE.reads, ..message };
    agree("a message of a broadcast", message, MESSAGE, 0.3);
    agree("a broadcast", to_one - message, BROADCAST, 0.1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_costs_what_the_table_says() -> anyhow::Result<()> {
    let mut scene = Scene::open().await?;
    scene.hears(0, "ISCRIVIMI", 4).await?;
    let joined = scene.count().await?;
    let sealed = scene.night(1).await?;
    let night = scene.night(2).await?;
    agree("a keyword", joined + sealed - night, KEYWORD, 0.1);
    scene.hears(0, "Quando apre l'anagrafe?", 1).await?;
    scene.hears(0, "Posso venire sabato?", 2).await?;
    let questions = scene.count().await?;
    let open = scene.get("/conversations?state=open").await?;
    let contact = open["items"][0]["contact"].as_str().context("find the conversation")?;
    let messages = format!("/conversations/{contact}/messages");
    scene.get(&messages).await?;
    scene.post(&messages, json!({ "text": "Sì, dalle nove alle dodici." })).await?;
    scene.posted(3).await?;
    let answer = scene.count().await?;
    let forgotten = each(scene.night(200).await?, night, 3);
    agree("a question", questions * 0.5 + forgotten, QUESTION, 0.1);
    agree("an answer", answer + forgotten, ANSWER, 0.1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_takes_no_more_than_the_table_says() -> anyhow::Result<()> {
    let mut scene = Scene::open().await?;
    let empty = scene.bytes()?;
    scene.hears(0, "ISCRIVIMI", 4).await?;
    scene.night(1).await?;
    let subscribed = scene.bytes()?;
    // The first makes what all share.
    scene.weighs_sent(1).await?;
    let to_one = scene.weighs_sent(1).await?;
    scene.hears(1, "ISCRIVIMI", 4).await?;
    scene.night(2).await?;
    let to_two = scene.weighs_sent(2).await?;
    let sent = scene.bytes()?;
    scene.hears(0, "Quando apre l'anagrafe?", 1).await?;
    let asked = scene.bytes()?;
    for (what, bytes, most) in [
        ("a subscriber", subscribed - empty, SUBSCRIBER_BYTES),
        ("a delivery", to_two - to_one, DELIVERY_BYTES),
        ("a message", asked - sent, CHAT_MESSAGE_BYTES),
    ] {
        assert!(bytes <= most && bytes > most / 2.0, "{what}: {bytes} bytes, not {most}");
    }
    Ok(())
}
