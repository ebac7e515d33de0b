// SPDX-License-Identifier: EUPL-1.2
//! A world of its own for every moment of a crash: all functions, all that is outside of them,
//! and a clock that moves from one thing that is due to the next.
//!
//! Everything runs on one thread. The clock moves only when nobody has anything
//! left to do at the instant it shows, so a story goes the same way every time.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use domain::ids::{BroadcastId, LineId};
use domain::line::Line;
use fakes::meta::Meta;
use jiff::{SignedDuration, Timestamp, ToSpan};
use local_stack::poller;
use platform::apps::Apps;
use platform::aside::Aside;
use platform::clock::{Clock, Manual};
use platform::events::Bus;
use platform::jobs::{self, BroadcastRef, FanoutCause, FanoutEvent};
use platform::mail::Mail;
use platform::media::{Files, Folder};
use platform::pseudonym::Pseudonym;
use platform::queue::{Message, Queue, Received};
use platform::settings::{Secret, Settings};
use serde_json::{Value, json};
use store::{Store, Tables};
use tokio::net::TcpListener;
use tokio::task::{Id, JoinHandle, JoinSet};
use tower::ServiceExt;
use whatsapp::graph::Graph;

use super::aws::Aws;
use super::outside::{Lane, Mishap, Outside};
use super::queues::Post;

pub(crate) const LINE: &str = "pordenone";

/// Rounds in which the sockets had nothing and nobody was woken: then nothing is on its way.
const STILL: usize = 24;

/// How often Meta posts webhooks at most, as these stories have it.
const WEBHOOKS_EVERY_MS: i64 = 500;

/// What is due later than this after everything else is not waited for.
const RECOUNTED: SignedDuration = SignedDuration::from_mins(10);

/// No story has more steps, nor lasts longer on its clock.
const MOST_STEPS: usize = 20_000;
const LONGEST: Duration = Duration::from_hours(6);

const LANES: [Lane; 9] = [
    Lane::Fanout(0),
    Lane::Fanout(1),
    Lane::Sender(0),
    Lane::Sender(1),
    Lane::Statuses,
    Lane::Commands,
    Lane::Webhook,
    Lane::Office,
    Lane::Story,
];

/// A queue and the function that it feeds, as the event sources on AWS feed them.
struct Source {
    queue: &'static str,
    lanes: &'static [Lane],
    batch: usize,
    visibility: Duration,
}

const SOURCES: [Source; 3] = [
    Source {
        queue: "inbound.fifo",
        lanes: &[Lane::Commands],
        batch: 10,
        visibility: Duration::from_secs(30),
    },
    Source {
        queue: "sends",
        lanes: &[Lane::Sender(0), Lane::Sender(1)],
        batch: 1,
        visibility: Duration::from_secs(90),
    },
    Source {
        queue: "statuses",
        lanes: &[Lane::Statuses],
        batch: 10,
        visibility: Duration::from_secs(30),
    },
];

/// What worlds have one after the other on a thread: an address, and the clients that know it.
pub(crate) struct Place {
    url: String,
    current: Arc<Mutex<Option<Routes>>>,
    graphs: HashMap<Lane, Arc<Graph>>,
    _served: JoinSet<()>,
}

/// Who answers at the address now.
#[derive(Clone)]
struct Routes {
    outside: Arc<Outside>,
    graph: Router,
    webhook: Router,
}

/// What a world starts with.
#[derive(Clone)]
pub(crate) struct Start {
    pub(crate) line_file: Arc<str>,
    pub(crate) at: Timestamp,
    /// What makes the tables, and what is in them.
    pub(crate) tables: Arc<[String]>,
    pub(crate) items: Arc<[(String, Value)]>,
}

pub(crate) struct World {
    pub(crate) clock: Manual,
    pub(crate) outside: Arc<Outside>,
    pub(crate) aws: Arc<Aws>,
    pub(crate) meta: Meta,
    pub(crate) store: Store,
    pub(crate) line: Line,
    /// How far the clock of a function is ahead, in milliseconds.
    pub(crate) leads_ms: BTreeMap<Lane, i64>,
    /// What happens at which instant, beside what follows from it.
    pub(crate) script: Vec<(Timestamp, Event)>,
    /// What happens while a call is held.
    pub(crate) interlude: Option<Event>,
    /// For how long it is held after that, in milliseconds.
    pub(crate) hold_lasts_ms: i64,
    held_until: Timestamp,
    /// What the queues do that they may do.
    pub(crate) habit: Habit,
    /// No webhook comes before.
    deaf_until: Timestamp,
    started_at: Timestamp,
    graphs: HashMap<Lane, Arc<Graph>>,
    apps: Apps,
    pseudonym: Pseudonym,
    queues: HashMap<&'static str, Post>,
    /// The stores of the living processes, with what they remember.
    stores: HashMap<Lane, Store>,
    invocations: JoinSet<Outcome>,
    running: HashMap<Id, Running>,
    delivering: Option<JoinHandle<()>>,
    received: AtomicUsize,
    ticked_minute: i64,
}

/// What queues may do at any time. Source: SQS Developer Guide, standard queues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Each message once, in about the order they came in.
    #[default]
    Tidy,
    /// Each message that was handled comes once more, at once.
    Doubles,
    /// Every second message comes seven seconds late, and those of a batch in reverse.
    Reorders,
}

/// Something that a story makes happen.
pub(crate) type Event = Box<dyn FnOnce(&mut World) + Send>;

struct Running {
    lane: Lane,
    source: Option<&'static Source>,
    receipts: Vec<Receipt>,
}

/// What the event source knows of a message in the hands of a function.
struct Receipt {
    message: String,
    handle: String,
    first: bool,
}

enum Outcome {
    /// A fan-out that failed is not tried again: the next tick comes anyway.
    Fanout,
    Batch(SqsBatchResponse),
}

impl Place {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let current = Arc::<Mutex<Option<Routes>>>::default();
        let router = Router::new().fallback(route).with_state(Arc::clone(&current));
        let mut served = JoinSet::new();
        served.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let graph = |(n, lane): (usize, Lane)| {
            (lane, Arc::new(Graph::new(&format!("{url}/graph/{n}"), "v25.0")))
        };
        let graphs = LANES.into_iter().enumerate().map(graph).collect();
        Self { url, current, graphs, _served: served }
    }
}

async fn route(State(current): State<Arc<Mutex<Option<Routes>>>>, request: Request) -> Response {
    let routes = current.lock().unwrap().clone().expect("a world is at its place");
    let path = request.uri().path().to_owned();
    let Some((lane, path)) = path.strip_prefix("/graph/").and_then(|it| it.split_once('/')) else {
        return routes.webhook(request).await;
    };
    let lane = LANES[lane.parse::<usize>().unwrap()];
    routes.graph(lane, &format!("/{path}"), request).await
}

impl Routes {
    async fn graph(&self, lane: Lane, path: &str, mut request: Request) -> Response {
        *request.uri_mut() = path.parse::<Uri>().unwrap();
        let what = format!("graph {}", request.method());
        let answer = self.graph.clone().oneshot(request);
        match self.outside.call(lane, || what, answer).await {
            Ok(Ok(response)) => response,
            Err(Mishap::Refused(_)) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            Err(_) => broken(),
        }
    }

    async fn webhook(&self, request: Request) -> Response {
        let process = tokio::spawn(self.webhook.clone().oneshot(request));
        self.outside.runs(Lane::Webhook, process.abort_handle());
        match process.await {
            Ok(Ok(response)) => response,
            Err(_) => broken(),
        }
    }
}

/// The server gives the connection up before its first byte when a body fails at once.
fn broken() -> Response {
    let lost = async { Err::<Bytes, _>(std::io::Error::other("the answer was lost")) };
    Body::from_stream(futures::stream::once(lost)).into_response()
}

impl World {
    pub(crate) async fn new(place: &Place, start: &Start) -> Self {
        let clock = Manual::at(start.at);
        let queues: HashMap<_, _> =
            SOURCES.iter().map(|it| (it.queue, Post::new(&clock))).collect();
        let outside = Arc::new(Outside::default());
        let aws = Aws::new(Arc::clone(&outside), queues.clone());
        let client = aws_sdk_dynamodb::Client::new(&aws.config(Lane::Story));
        if start.tables.is_empty() {
            store::tables::create(&client, &tables()).await.unwrap();
        }
        aws.restore(&start.tables, &start.items);
        let store = Store::new(client, tables());
        let line = store::line_file::parse(&start.line_file).unwrap();

        let settings = Settings::given([
            ("META_APP_SECRET", "local-app-secret"),
            ("META_VERIFY_TOKEN", "local-verify-token"),
            ("META_ACCESS_TOKEN", "local-token"),
        ]);
        let apps = Apps::of(&settings).unwrap();
        let meta =
            local_stack::meta::open(None, &Clock::Manual(clock.clone()), &apps.known(), &[&line])
                .unwrap();
        meta.set_webhook_url("default", &format!("{}/webhook", place.url)).unwrap();

        let world = Self {
            pseudonym: Pseudonym::new(&Secret::new("a key of this test's, long enough for it")),
            ticked_minute: minute(start.at),
            started_at: start.at,
            deaf_until: start.at,
            graphs: place.graphs.clone(),
            leads_ms: BTreeMap::new(),
            script: Vec::new(),
            interlude: None,
            hold_lasts_ms: 0,
            held_until: start.at,
            habit: Habit::default(),
            stores: HashMap::new(),
            invocations: JoinSet::new(),
            running: HashMap::new(),
            delivering: None,
            received: AtomicUsize::new(0),
            clock,
            outside,
            aws,
            meta,
            store,
            line,
            apps,
            queues,
        };
        *place.current.lock().unwrap() = Some(Routes {
            outside: Arc::clone(&world.outside),
            graph: world.meta.graph(),
            webhook: webhook::router(world.webhook()),
        });
        world
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What the story will want to happen so many milliseconds from its start.
    pub(crate) fn after_ms(&mut self, ms: i64, event: impl FnOnce(&mut Self) + Send + 'static) {
        self.script.push((self.started_at + ms.milliseconds(), Box::new(event)));
    }

    /// What the story will want to happen so many milliseconds from now.
    pub(crate) fn after_now(&mut self, ms: i64, event: impl FnOnce(&mut Self) + Send + 'static) {
        self.script.push((self.now() + ms.milliseconds(), Box::new(event)));
    }

    /// Meta cannot post anything in the first so many milliseconds.
    pub(crate) fn is_deaf_for_ms(&mut self, ms: i64) {
        self.deaf_until = self.started_at + ms.milliseconds();
    }

    /// Goes on until nothing is left to do and `id`, if any, is over.
    pub(crate) async fn runs(&mut self, id: Option<&BroadcastId>) -> anyhow::Result<()> {
        for _ in 0..MOST_STEPS {
            self.quiet().await;
            self.reap()?;
            if self.starts_what_is_due() {
                continue;
            }
            if self.outside.holds() {
                if let Some(event) = self.interlude.take() {
                    event(self);
                    self.held_until = self.now() + self.hold_lasts_ms.milliseconds();
                    continue;
                }
                if self.now() >= self.held_until {
                    self.outside.release();
                    continue;
                }
            }
            let held_until = self.outside.holds().then_some(self.held_until);
            let next = [self.next_due(), held_until].into_iter().flatten().min();
            if next.is_none() && self.running.is_empty() && self.is_over(id).await? {
                return Ok(());
            }
            let minute = Timestamp::from_second((minute(self.now()) + 1) * 60)?;
            self.clock.advance_to(next.map_or(minute, |it| it.min(minute)));
            let lasted = self.now().duration_since(self.started_at);
            ensure!(lasted < LONGEST.try_into()?, "still not over after {LONGEST:?}");
        }
        bail!("still not over after {MOST_STEPS} steps")
    }

    async fn is_over(&self, id: Option<&BroadcastId>) -> anyhow::Result<bool> {
        let Some(id) = id else { return Ok(true) };
        let broadcast = self.store.broadcast(&LineId::new(LINE), id).await?;
        let broadcast = broadcast.context("the broadcast is there")?;
        // The counts are taken once more soon after the end, and again much later.
        let counted = broadcast.due_at.is_none_or(|it| it > self.now() + RECOUNTED);
        Ok(domain::broadcast::is_over(broadcast.state) && counted)
    }

    /// Resolves when nothing more happens unless the clock moves.
    async fn quiet(&self) {
        let mut still = 0;
        while still < STILL {
            let before = self.outside.count();
            // Everybody who can go on does, and the sockets are looked at.
            tokio::task::yield_now().await;
            let moves = self.outside.is_moving() || self.outside.count() > before;
            still = if moves { 0 } else { still + 1 };
        }
    }

    /// Starts what is due at this instant; whether there was anything.
    fn starts_what_is_due(&mut self) -> bool {
        let now = self.now();
        if let Some(n) = self.script.iter().position(|(at, _)| *at <= now) {
            let (_, event) = self.script.remove(n);
            event(self);
            return true;
        }
        let mut started = false;
        let webhook_due = self.next_webhook().is_some_and(|it| it <= now);
        if webhook_due && self.delivering.as_ref().is_none_or(JoinHandle::is_finished) {
            let meta = self.meta.clone();
            self.delivering = Some(tokio::spawn(async move {
                meta.deliver_due().await;
            }));
            started = true;
        }
        if minute(now) > self.ticked_minute {
            self.ticked_minute = minute(now);
            if self.is_free(Lane::Fanout(0)) {
                self.wakes_fanout(Lane::Fanout(0), FanoutCause::Tick);
                started = true;
            }
        }
        while self.is_free(Lane::Fanout(1))
            && let Some((detail_type, detail)) = self.aws.next_event()
        {
            started = true;
            let about = serde_json::from_value::<BroadcastRef>(detail);
            match (detail_type.as_str(), about) {
                (FanoutCause::SCHEDULED, Ok(it)) => {
                    self.wakes_fanout(Lane::Fanout(1), FanoutCause::Scheduled(it));
                }
                (FanoutCause::CHUNKS_DONE, Ok(it)) => {
                    self.wakes_fanout(Lane::Fanout(1), FanoutCause::ChunksDone(it));
                }
                _ => {}
            }
        }
        for source in &SOURCES {
            for lane in source.lanes {
                started |= self.is_free(*lane) && self.receives(source, *lane);
            }
        }
        started
    }

    /// The next instant after now at which something is due, if anything but the tick is.
    fn next_due(&self) -> Option<Timestamp> {
        let script = self.script.iter().map(|it| it.0);
        let queued = self.queues.values().filter_map(Post::next_due);
        let others = [self.clock.next_due(), self.next_webhook()];
        let all = script.chain(queued).chain(others.into_iter().flatten());
        all.filter(|it| *it > self.now()).min()
    }

    /// Meta posts what came up in half a second together.
    fn next_webhook(&self) -> Option<Timestamp> {
        let due_ms = self.meta.next_due()?.max(self.deaf_until).as_millisecond();
        let posted_ms = (due_ms + WEBHOOKS_EVERY_MS - 1).div_euclid(WEBHOOKS_EVERY_MS);
        Timestamp::from_millisecond(posted_ms * WEBHOOKS_EVERY_MS).ok()
    }

    fn is_free(&self, lane: Lane) -> bool {
        self.running.values().all(|it| it.lane != lane)
    }

    /// What came of the invocations that ended.
    fn reap(&mut self) -> anyhow::Result<()> {
        while let Some(ended) = self.invocations.try_join_next_with_id() {
            match ended {
                Ok((id, outcome)) => {
                    let running = self.running.remove(&id).expect("it was started");
                    self.finishes(running, outcome);
                }
                Err(err) => {
                    let running = self.running.remove(&err.id()).expect("it was started");
                    ensure!(err.is_cancelled(), "{:?} panicked", running.lane);
                    // What it knew is gone with it.
                    self.stores.remove(&running.lane);
                }
            }
        }
        Ok(())
    }

    /// What Lambda's event source does after an invocation.
    fn finishes(&self, running: Running, outcome: Outcome) {
        let (Some(source), Outcome::Batch(response)) = (running.source, outcome) else { return };
        let failed: Vec<_> =
            response.batch_item_failures.into_iter().map(|it| it.item_identifier).collect();
        let (failed, done): (Vec<_>, Vec<_>) =
            running.receipts.into_iter().partition(|it| failed.contains(&it.message));
        let queue = &self.queues[source.queue];
        for it in failed {
            queue.give_back(&it.handle, source.visibility);
        }
        for it in done {
            if self.habit == Habit::Doubles && it.first {
                queue.give_back(&it.handle, Duration::ZERO);
            } else {
                queue.delete(&it.handle);
            }
        }
    }

    // The functions.

    fn wakes_fanout(&mut self, lane: Lane, cause: FanoutCause) {
        let app = fanout::App {
            store: self.store_of(lane),
            sends: Queue::sqs(&self.aws.config(lane), "http://aws.test/1/sends"),
            bus: Bus::event_bridge(&self.aws.config(lane), "bus"),
            clock: self.clock_of(lane),
        };
        let event = FanoutEvent { at: self.clock_of(lane).now(), cause };
        self.invokes(lane, None, Vec::new(), async move {
            if let Err(err) = app.handle(event).await {
                tracing::warn!("fan-out failed: {err:#}");
            }
            Outcome::Fanout
        });
    }

    /// Receives a batch and invokes the function with it; whether there was one.
    fn receives(&mut self, source: &'static Source, lane: Lane) -> bool {
        let queue = &self.queues[source.queue];
        let mut batch = queue.receive(source.batch, source.visibility);
        if self.habit == Habit::Reorders && source.queue != "inbound.fifo" {
            batch = self.reorders(queue, batch);
        }
        if batch.is_empty() {
            return false;
        }
        let receipt = |it: &Received| Receipt {
            message: it.id.clone(),
            handle: it.receipt.clone(),
            first: it.receive_count == 1,
        };
        let receipts = batch.iter().map(receipt).collect();
        let mut event = SqsEvent::default();
        event.records = batch.into_iter().map(poller::record).collect();
        match lane {
            Lane::Sender(_) => {
                let app = sender::App {
                    store: self.store_of(lane),
                    graph: Arc::clone(&self.graphs[&lane]),
                    apps: self.apps.clone(),
                    sends: Queue::sqs(&self.aws.config(lane), "http://aws.test/1/sends"),
                    bus: Bus::event_bridge(&self.aws.config(lane), "bus"),
                    clock: self.clock_of(lane),
                    pacing: Arc::default(),
                };
                self.invokes(lane, Some(source), receipts, async move {
                    Outcome::Batch(app.handle(event).await)
                });
            }
            Lane::Statuses => {
                let (store, clock) = (self.store_of(lane), self.clock_of(lane));
                let app = statuses::App { store, clock };
                self.invokes(lane, Some(source), receipts, async move {
                    Outcome::Batch(app.handle(event).await)
                });
            }
            _ => {
                let app = commands::App {
                    store: self.store_of(lane),
                    graph: Arc::clone(&self.graphs[&lane]),
                    apps: self.apps.clone(),
                    bus: Bus::event_bridge(&self.aws.config(lane), "bus"),
                    pseudonym: self.pseudonym.clone(),
                    files: no_files(),
                    fetching: Arc::default(),
                    clock: self.clock_of(lane),
                };
                self.invokes(lane, Some(source), receipts, async move {
                    Outcome::Batch(app.handle(event).await)
                });
            }
        }
        true
    }

    fn reorders(&self, queue: &Post, batch: Vec<Received>) -> Vec<Received> {
        let mut now = Vec::new();
        for it in batch.into_iter().rev() {
            let n = self.received.fetch_add(1, Ordering::Relaxed);
            if it.receive_count == 1 && n.is_multiple_of(2) {
                queue.give_back(&it.receipt, Duration::from_secs(7));
            } else {
                now.push(it);
            }
        }
        now
    }

    fn invokes(
        &mut self,
        lane: Lane,
        source: Option<&'static Source>,
        receipts: Vec<Receipt>,
        invocation: impl Future<Output = Outcome> + Send + 'static,
    ) {
        let process = self.invocations.spawn(invocation);
        let running = Running { lane, source, receipts };
        self.running.insert(process.id(), running);
        self.outside.runs(lane, process);
    }

    fn webhook(&self) -> webhook::App {
        let queue = |name: &str| {
            Queue::sqs(&self.aws.config(Lane::Webhook), &format!("http://aws.test/1/{name}"))
        };
        webhook::App {
            apps: self.apps.clone(),
            inbound: queue("inbound.fifo"),
            statuses: queue("statuses"),
            aside: nowhere(),
            pseudonym: self.pseudonym.clone(),
            clock: self.clock_of(Lane::Webhook),
        }
    }

    /// A webhook of somebody whose app still says the number and nothing else.
    pub(crate) fn writes_as_long_ago(&self, phone: &str, text: &str) {
        let now = self.now();
        let id = format!("wamid.{phone}");
        let job = jobs::Inbound {
            app: "default".to_owned(),
            number: self.line.phone_number_id.as_str().to_owned(),
            received_at_ms: now.as_millisecond(),
            contact: None,
            message: json!({
                "from": phone,
                "id": id,
                "timestamp": now.as_second().to_string(),
                "type": "text",
                "text": { "body": text },
            }),
        };
        let group = self.pseudonym.of(phone);
        self.queues["inbound.fifo"].send([Message::of(&job).in_group(group, id)]);
    }

    /// What is in the hands of senders is queued once more, as by a tick that thinks it lost.
    pub(crate) fn doubles_jobs_in_hand(&self) {
        self.queues["sends"].double();
    }

    /// A tick that comes while another one is under way.
    pub(crate) fn ticks_twice(&mut self) {
        self.wakes_fanout(Lane::Fanout(1), FanoutCause::Tick);
    }

    /// The office asks for something through the API.
    pub(crate) async fn office(&self, path: &str, body: &Value) -> Value {
        let app = self.admin(Lane::Story, self.store.clone());
        let request = Request::post(format!("/v1/lines/{LINE}{path}"))
            .header(AUTHORIZATION, "Bearer local-key")
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = admin::router(app).oneshot(request).await.unwrap();
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        assert!(status.is_success(), "{status} {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap_or_default()
    }

    /// As [`World::office`], by a process that may die: `None`.
    pub(crate) async fn asks(
        &mut self,
        path: &str,
        body: String,
        key: &str,
    ) -> Option<(StatusCode, Value)> {
        let store = self.store_of(Lane::Office);
        let app = self.admin(Lane::Office, store);
        let kind = if body.starts_with('{') { "application/json" } else { "text/csv" };
        let request = Request::post(format!("/v1/lines/{LINE}{path}"))
            .header(AUTHORIZATION, "Bearer local-key")
            .header(CONTENT_TYPE, kind)
            .header("idempotency-key", key)
            .body(Body::from(body))
            .unwrap();
        let process = tokio::spawn(admin::router(app).oneshot(request));
        self.outside.runs(Lane::Office, process.abort_handle());
        let Ok(answer) = process.await else {
            self.stores.remove(&Lane::Office);
            return None;
        };
        let answer = answer.unwrap();
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        Some((status, serde_json::from_slice(&body).unwrap_or_default()))
    }

    fn admin(&self, lane: Lane, store: Store) -> admin::App {
        admin::App {
            store,
            graph: Arc::clone(&self.graphs[&lane]),
            apps: self.apps.clone(),
            bus: Bus::event_bridge(&self.aws.config(lane), "bus"),
            mail: Mail::NoSender,
            files: no_files(),
            pseudonym: self.pseudonym.clone(),
            sign_in: admin::SignIn::Off,
            api_key: Secret::new("local-key"),
            clock: self.clock_of(lane),
        }
    }

    /// Fails if a table has the number, or what it leads to.
    pub(crate) fn has_nothing_of(&self, phone: &str) -> anyhow::Result<()> {
        let Tables { subscribers, messages, broadcasts } = tables();
        let names = [subscribers, messages, broadcasts];
        for (table, item) in self.aws.everything(&names.each_ref().map(String::as_str)) {
            anyhow::ensure!(
                !item.to_string().contains(phone),
                "promise 8: left in {table}: {item}"
            );
        }
        Ok(())
    }

    /// Messages that nobody has handled, dead letters included, by queue.
    pub(crate) fn left_in_queues(&self) -> impl Iterator<Item = (&str, usize)> {
        self.queues.iter().map(|(name, it)| (*name, it.left()))
    }

    fn store_of(&mut self, lane: Lane) -> Store {
        let aws = &self.aws;
        let new = || Store::new(aws_sdk_dynamodb::Client::new(&aws.config(lane)), tables());
        self.stores.entry(lane).or_insert_with(new).clone()
    }

    fn clock_of(&self, lane: Lane) -> Clock {
        let lead_ms = self.leads_ms.get(&lane).copied().unwrap_or(0);
        Clock::Manual(self.clock.ahead_by(lead_ms))
    }
}

pub(crate) fn tables() -> Tables {
    local_stack::tables()
}

/// Everything is readable here, so nothing is put aside.
fn nowhere() -> Aside {
    Aside::Folder("/nowhere".into())
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

/// Nobody sends a file in these stories.
fn no_files() -> Files {
    Files::Folder(Folder::new("/dev/null/media".into(), &Secret::new("a key")))
}
