// SPDX-License-Identifier: EUPL-1.2
//! The same broadcast by the design that a first draft would have, so that the difference can be
//! read: one message a recipient in the queue, one counter update a message and a status, a fixed
//! number of senders, and whatever fails is tried again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use fakes::meta::{Meta, SentMessage};
use local_stack::broker::{Broker, QueueOptions};
use local_stack::poller::{self, Polling};
use local_stack::{lines, meta};
use platform::apps::Apps;
use platform::clock::Clock;
use platform::queue::{Message, Queue};
use platform::settings::Settings;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::aws::{self, Aws};
use crate::table::Row;
use crate::town::{self, Engine, LATENCY, LINE, REMINDER, bad_day, phone, rate, reminder};
use crate::units::{Bill, carrying, count, counted};
use crate::{Size, say};

/// Senders at a time: 80 a second at 155 ms each are 13, and some to be safe.
const SENDERS: usize = 15;

/// When a message that failed is received again.
const VISIBILITY: Duration = Duration::from_secs(30);

const TABLE: &str = "plain";
const TOKEN: &str = "local-token";

pub(crate) async fn measure(size: Size) -> anyhow::Result<Vec<Row>> {
    let people = size.of(1_000, 300);
    say(&format!("  {people} people, ours"));
    let ours = ours(people).await?;
    say(&format!("  {people} people, the first draft's"));
    let plain = plain(people).await?;
    let what = format!("a broadcast to {people} at 80/s, 5 % of answers lost, 2 % 500s");
    Ok(vec![
        Row::seen(format!("{what}: ours"), ours.told()),
        Row::seen(
            format!("{what}: a first draft's (a queue message each, {SENDERS} senders, retries)"),
            plain.told(),
        ),
    ])
}

/// How a broadcast went, whoever sent it.
struct Outcome {
    bill: Bill,
    per_second: f64,
    /// Until nine in ten messages were taken: retries come late.
    most_per_second: f64,
    throttled: usize,
    /// People who got it more than once, and people who did not get it.
    twice: usize,
    never: usize,
    /// What the sender itself says of those who did not get it.
    says: String,
}

impl Outcome {
    fn told(&self) -> String {
        let per = |n: f64| n / self.bill.taken;
        let units = aws::total(&self.bill.units);
        format!(
            "{:.1}/s for nine in ten, {:.1}/s for all; {} × 130429; {:.1} write and {:.1} read \
             units, {:.2} SQS requests per message and its statuses; {} people got it twice or \
             more, {} not at all ({})",
            self.most_per_second,
            self.per_second,
            self.throttled,
            per(units.write),
            per(units.read),
            per(carrying(self.bill.requests.values())),
            self.twice,
            self.never,
            self.says
        )
    }
}

async fn ours(people: usize) -> anyhow::Result<Outcome> {
    let run = counted(people, |it| it.next_sends = bad_day(2 * people)).await?;
    let sent = run.town.taken(REMINDER)?;
    // What is in doubt is looked at again after ten minutes.
    run.town.stack.advance(Duration::from_mins(30)).await?;
    let taken = run.town.taken(REMINDER)?;
    let times = town::times_by_contact(&taken, &run.broadcast);
    let counts = run.town.broadcast(&run.broadcast).await?["counts"].take();
    Ok(Outcome {
        per_second: rate(&sent).0,
        most_per_second: rate(most(&sent)).0,
        says: format!(
            "{} listed as unresolved, {} as failed",
            counts["unresolved"], counts["failed"]
        ),
        throttled: run.town.refused(130_429)?,
        twice: times.values().filter(|it| **it > 1).count(),
        never: people - times.len(),
        bill: run.bill,
    })
}

/// The first nine in ten.
fn most(sent: &[SentMessage]) -> &[SentMessage] {
    &sent[..sent.len() * 9 / 10]
}

/// The first draft's functions.
#[derive(Clone)]
struct Draft {
    tables: Client,
    statuses: Queue,
    http: reqwest::Client,
    /// The number's `messages` at the Graph API.
    url: Arc<str>,
}

async fn plain(people: usize) -> anyhow::Result<Outcome> {
    let engine = Engine::start(None).await?;
    let front = Aws::before(&engine.url).await?;
    let tables = client(&front.url)?;
    make_table(&tables).await?;
    for n in 0..people {
        put(&tables, &format!("CONTACT#{}", phone(n)), &[("subscribed", "yes")]).await?;
    }
    put(&tables, "BROADCAST", &[("template", REMINDER), ("state", "sending")]).await?;

    let broker = Broker::open(None, Clock::System)?;
    let options = |dead: &str| QueueOptions {
        visibility: VISIBILITY,
        max_receives: Some((5, dead.to_owned())),
        ..QueueOptions::default()
    };
    for dead in ["dead-sends", "dead-statuses"] {
        broker.create(dead, QueueOptions::default()).await?;
    }
    let sends = broker.create("sends", options("dead-sends")).await?;
    let statuses = broker.create("statuses", options("dead-statuses")).await?;

    let folder = town::lines(80)?;
    let files = lines::read_folder(folder.path())?;
    let line = &files.first().context("find the line")?.line;
    let apps = Apps::of(&Settings::given([
        ("META_APP_SECRET", "local-app-secret"),
        ("META_VERIFY_TOKEN", "local-verify-token"),
        ("META_ACCESS_TOKEN", TOKEN),
    ]))?;
    let meta = meta::open(None, &Clock::System, &apps.known(), &[line])?;
    meta.faults(|it| {
        it.latency = Some(LATENCY);
        it.next_sends = bad_day(2 * people);
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.context("listen")?;
    let base = format!("http://{}", listener.local_addr()?);
    let draft = Draft {
        tables,
        statuses: statuses.clone(),
        http: reqwest::Client::builder().no_proxy().build().context("make a client")?,
        url: format!("{base}/v25.0/{}/messages", line.phone_number_id).into(),
    };
    meta.set_webhook_url("default", &format!("{base}/webhook"))?;
    let mut tasks = JoinSet::new();
    let router = meta
        .graph()
        .merge(axum::Router::new().route("/webhook", post(receive)).with_state(draft.clone()));
    tasks.spawn(async move {
        axum::serve(listener, router).await.ok();
    });
    let running = meta.clone();
    tasks.spawn(async move { running.run(std::future::pending()).await });

    front.take();
    let jobs = (0..people).map(|n| message(&json!({ "to": phone(n) })));
    sends.send(jobs.collect()).await.context("queue everybody")?;
    let how =
        Polling { batch: 10, window: Duration::ZERO, concurrency: SENDERS, visibility: VISIBILITY };
    let hurry = broker.hurry();
    let sender = draft.clone();
    let handle = move |event| {
        let draft = sender.clone();
        async move { draft.handle(event, Job::Send).await }
    };
    tasks.spawn(poller::poll(sends, how, hurry.clone(), handle, std::future::pending()));
    let handle = move |event| {
        let draft = draft.clone();
        async move { draft.handle(event, Job::Status).await }
    };
    tasks.spawn(poller::poll(statuses, how, hurry, handle, std::future::pending()));
    worked_off(&broker, &meta).await?;

    let sent = meta.sent(LINE)?;
    let mut times: HashMap<&str, usize> = HashMap::new();
    for it in &sent {
        *times.entry(&it.phone).or_default() += 1;
    }
    Ok(Outcome {
        per_second: rate(&sent).0,
        most_per_second: rate(most(&sent)).0,
        says: "nobody knows which".to_owned(),
        throttled: meta.refusals().get(&130_429).copied().unwrap_or(0),
        twice: times.values().filter(|it| **it > 1).count(),
        never: people - times.len(),
        bill: Bill {
            taken: count(sent.len()),
            units: front.take(),
            requests: broker.requests().await?,
            posts: count(meta.posts()),
        },
    })
}

/// Waits until nothing is queued, in hand or announced, whatever its time.
async fn worked_off(broker: &Broker, meta: &Meta) -> anyhow::Result<()> {
    let until = Instant::now() + Duration::from_mins(10);
    loop {
        let depths = broker.depths().await?;
        let worked = depths.iter().filter(|(name, _)| !name.starts_with("dead-"));
        let left: u64 = worked.map(|(_, it)| it.visible + it.delayed + it.in_flight).sum();
        if left == 0 && meta.next_due().is_none() {
            return Ok(());
        }
        ensure!(Instant::now() < until, "the first draft is still at work");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[derive(Clone, Copy)]
enum Job {
    Send,
    Status,
}

impl Draft {
    /// One record after the other; what fails comes back alone.
    async fn handle(&self, event: SqsEvent, job: Job) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        for record in event.records {
            let body = record.body.unwrap_or_default();
            let body: Value = serde_json::from_str(&body).unwrap_or_default();
            let done = match job {
                Job::Send => self.send(&body).await,
                Job::Status => self.status(&body).await,
            };
            if done.is_err() {
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = record.message_id.unwrap_or_default();
                response.batch_item_failures.push(failure);
            }
        }
        response
    }

    async fn send(&self, job: &Value) -> anyhow::Result<()> {
        let to = job["to"].as_str().context("read the job")?;
        self.get("BROADCAST").await?;
        self.get(&format!("CONTACT#{to}")).await?;
        let reminder = reminder();
        let template = &reminder["message"]["template"];
        let parameters = template["parameters"].as_object().context("read the template")?;
        let parameters: Vec<_> = parameters
            .iter()
            .map(|(name, text)| json!({ "type": "text", "parameter_name": name, "text": text }))
            .collect();
        let body = json!({
            "messaging_product": "whatsapp", "to": to, "type": "template",
            "template": { "name": template["name"], "language": { "code": "it" },
                          "components": [{ "type": "body", "parameters": parameters }] },
        });
        let answer = self.http.post(&*self.url).bearer_auth(TOKEN).json(&body).send().await?;
        let answer: Value = answer.json().await?;
        let Some(id) = answer["messages"][0]["id"].as_str() else { bail!("not sent") };
        put(&self.tables, &format!("MESSAGE#{id}"), &[("to", to), ("status", "accepted")]).await?;
        self.add_one("accepted").await
    }

    async fn status(&self, job: &Value) -> anyhow::Result<()> {
        let text = |key: &str| job[key].as_str().context("read the status");
        let (id, status) = (text("id")?, text("status")?);
        self.tables
            .update_item()
            .table_name(TABLE)
            .key("pk", AttributeValue::S(format!("MESSAGE#{id}")))
            .update_expression("SET #status = :status")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", AttributeValue::S(status.to_owned()))
            .send()
            .await
            .context("write the status")?;
        self.add_one(status).await
    }

    async fn add_one(&self, counter: &str) -> anyhow::Result<()> {
        self.tables
            .update_item()
            .table_name(TABLE)
            .key("pk", AttributeValue::S("COUNTERS".to_owned()))
            .update_expression("ADD #counter :one")
            .expression_attribute_names("#counter", counter)
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .send()
            .await
            .context("add one")?;
        Ok(())
    }

    async fn get(&self, pk: &str) -> anyhow::Result<()> {
        let key = AttributeValue::S(pk.to_owned());
        let found = self.tables.get_item().table_name(TABLE).key("pk", key).send().await?;
        found.item.map(drop).context("find the item")
    }
}

/// Meta's POST: every status becomes a message of its own.
async fn receive(State(draft): State<Draft>, Json(body): Json<Value>) -> StatusCode {
    let entries = body["entry"].as_array().into_iter().flatten();
    let changes = entries.flat_map(|it| it["changes"].as_array().into_iter().flatten());
    for status in changes.flat_map(|it| it["value"]["statuses"].as_array().into_iter().flatten()) {
        let job = message(&json!({ "id": status["id"], "status": status["status"] }));
        if draft.statuses.send(vec![job]).await.is_err() {
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
    }
    StatusCode::OK
}

fn message(job: &Value) -> Message {
    Message { body: job.to_string(), delay: Duration::ZERO, group: None, deduplication: None }
}

fn client(url: &str) -> anyhow::Result<Client> {
    let settings = Settings::given([
        ("AWS_REGION", "eu-south-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL", url),
    ]);
    Ok(Client::new(&settings.aws()?))
}

async fn make_table(tables: &Client) -> anyhow::Result<()> {
    let kind = ScalarAttributeType::S;
    let pk = AttributeDefinition::builder().attribute_name("pk").attribute_type(kind).build()?;
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build()?;
    tables
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(pk)
        .key_schema(key)
        .send()
        .await
        .context("make the table")?;
    Ok(())
}

async fn put(tables: &Client, pk: &str, texts: &[(&str, &str)]) -> anyhow::Result<()> {
    let mut request =
        tables.put_item().table_name(TABLE).item("pk", AttributeValue::S(pk.to_owned()));
    for (name, text) in texts {
        request = request.item(*name, AttributeValue::S((*text).to_owned()));
    }
    request.send().await.context("put an item")?;
    Ok(())
}
