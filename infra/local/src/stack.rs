// SPDX-License-Identifier: EUPL-1.2
//! `Stack`: the whole system in one process, behind one port of 127.0.0.1.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use admin::SignIn;
use anyhow::Context;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::{get, post};
use axum::{Json, Router};
use fakes::meta::Meta;
use jiff::Timestamp;
use platform::apps::Apps;
use platform::aside::Aside;
use platform::clock::{Clock, Shifted};
use platform::events::{Bus, Events, LocalBus};
use platform::jobs::{BroadcastRef, FanoutCause, FanoutEvent};
use platform::mail::{self, Mail};
use platform::media::{Files, Folder};
use platform::pseudonym::Pseudonym;
use platform::queue::Queue;
use platform::random;
use platform::settings::{Secret, Settings};
use serde_json::{Value, json};
use store::Store;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tracing::{debug, error, info, warn};
use whatsapp::graph::Graph;

use crate::broker::{Broker, Depth, Hurry, QueueOptions, Requests};
use crate::lines::{self, LineFile, WrongFiles};
use crate::poller::{self, Polling};
use crate::time::{Hand, Ticked, Time};
use crate::{TABLES, calls, engine, kept, media, meta};

/// Where the stand-in's Graph API is mounted.
pub(crate) const GRAPH: &str = "/graph";

/// Where it says how much is in which queue.
pub(crate) const QUEUES: &str = "/_queues";

/// Where it shows the mails that were sent.
pub(crate) const MAIL: &str = "/_mail";

/// After so many receives a message goes to the dead letters.
const MAX_RECEIVES: u32 = 5;

/// How a stack is started.
#[derive(Clone)]
pub struct Options {
    /// 0 is any free one.
    pub port: u16,
    /// The folder of everything that must survive; `None` keeps nothing.
    pub data: Option<PathBuf>,
    pub lines: PathBuf,
    pub api_key: String,
    /// The instant at which the clock starts; `None` is real time, or where it was left.
    pub clock: Option<Timestamp>,
    /// Meta's Graph API; `None` is the simulator.
    pub graph_url: Option<String>,
    /// `META_…`; what is missing has a local default. `FILODIRETTO_TABLES_URL`: a DynamoDB to use
    /// instead of the embedded one.
    pub settings: Settings,
}

/// What a person can mend.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Lines(#[from] WrongFiles),
    #[error(
        "port {0} is in use: choose another with --port (0 is any free one), or stop what uses it"
    )]
    PortInUse(u16),
    #[error(
        "the data folder {} is in use: choose another with --data, or stop what uses it",
        .0.display()
    )]
    DataInUse(PathBuf),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// A running stack. Everything ends when it is dropped.
pub struct Stack {
    address: SocketAddr,
    time: Arc<Time>,
    meta: Option<Meta>,
    /// They end with the stack.
    tasks: JoinSet<()>,
    /// The data folder is ours for as long as this is held.
    _taken: Option<File>,
}

/// The queues between the functions.
pub(crate) struct Queues {
    pub(crate) inbound: Queue,
    pub(crate) sends: Queue,
    pub(crate) statuses: Queue,
}

impl Stack {
    /// Starts everything; when this returns, it serves.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let files = lines::read_folder(&options.lines)?;
        let listener = listen(options.port).await?;
        let taken = options.data.as_deref().map(take).transpose()?;
        Ok(Self::on(listener, taken, options, files).await?)
    }

    async fn on(
        listener: TcpListener,
        taken: Option<File>,
        options: Options,
        files: Vec<LineFile>,
    ) -> anyhow::Result<Self> {
        let address = listener.local_addr().context("read own address")?;
        let data = options.data.as_deref();
        let file = |name: &str| data.map(|it| it.join(name));
        let shifted = clock(options.clock, file("clock").as_deref())?;
        let hand = Hand { clock: shifted.clone(), file: file("clock").into() };
        hand.advance(Duration::ZERO)?;
        let clock = Clock::Shifted(shifted);
        let mut tasks = JoinSet::new();

        let broker = Broker::open(file("queues.sqlite").as_deref(), clock.clone())?;
        let queues = queues(&broker).await?;
        let tables = options.settings.optional("FILODIRETTO_TABLES_URL");
        let store = engine::start(tables, file(TABLES).as_deref(), &mut tasks).await?;
        for it in &files {
            let applied = store.apply_line(&it.line.id, &it.text, clock.now()).await;
            applied.with_context(|| format!("apply {}", it.path.display()))?;
        }

        let apps = meta_apps(&options.settings)?;
        let (graph_url, meta) = if let Some(url) = options.graph_url {
            (url, None)
        } else {
            let lines: Vec<_> = files.iter().map(|it| &it.line).collect();
            let meta = meta::open(file("meta.sqlite"), &clock, &apps.known(), &lines)?;
            (format!("http://{address}{GRAPH}"), Some(meta))
        };
        let graph = Arc::new(Graph::new(&graph_url, options.settings.graph().version));
        let (bus, events) = LocalBus::new();
        let pseudonym = Pseudonym::new(&lookup_key(file("lookup.key").as_deref())?);
        // A stack that keeps nothing has folders all the same, of its own.
        let folder = |name: &str| {
            let passing = || format!("filodiretto-{name}-{}", random::key());
            file(name).unwrap_or_else(|| std::env::temp_dir().join(passing()))
        };
        let mail_folder = folder("mail");
        let sign_in = match SignIn::of(&options.settings)? {
            SignIn::Off => SignIn::Local,
            provider => provider,
        };
        let shelf = Folder::new(folder("media"), &Secret::new(random::key()));
        shelf.served_at(&format!("http://{address}"));
        let functions = Functions {
            store: store.clone(),
            graph,
            apps,
            queues,
            bus: Bus::Local(bus.clone()),
            mail: Mail::Folder(mail_folder.clone()),
            aside: Aside::Folder(folder("aside")),
            files: Files::Folder(shelf.clone()),
            pseudonym,
            api_key: Secret::new(options.api_key),
            sign_in,
            clock: clock.clone(),
        };
        functions.poll(&broker.hurry(), &mut tasks);

        let fanout = functions.fanout();
        let time = Arc::new(Time {
            hand,
            broker: Arc::new(broker),
            bus,
            meta: meta.clone(),
            store,
            fanout: fanout.clone(),
            retention: functions.retention(),
            desk: functions.desk(),
            ticked: Mutex::new(Ticked::at(clock.now())),
        });
        tasks.spawn(wake_fanout(fanout, events, clock));
        let ticking = Arc::clone(&time);
        tasks.spawn(async move { ticking.run().await });

        let router = functions.router().merge(own_routes(Arc::clone(&time), mail_folder));
        let router = router.merge(media::routes(shelf, time.hand.clock.clone()));
        let router = match &meta {
            Some(meta) => {
                meta.set_graph_url(&graph_url);
                for app in functions.apps.known().iter() {
                    let path = match app.id.as_str() {
                        "default" => "/webhook".to_owned(),
                        id => format!("/webhook/{id}"),
                    };
                    meta.set_webhook_url(app.id.as_str(), &format!("http://{address}{path}"))?;
                }
                let running = meta.clone();
                tasks.spawn(async move { running.run(std::future::pending()).await });
                router
                    .nest(GRAPH, meta.graph())
                    .merge(meta.simulator())
                    .route("/", get(|| async { Redirect::temporary("/simulator") }))
            }
            None => router,
        };
        tasks.spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            if let Err(err) = axum::serve(listener, service).await {
                error!("stopped serving: {err}");
            }
        });
        info!(lines = files.len(), "started");
        Ok(Self { address, time, meta, tasks, _taken: taken })
    }

    /// `http://127.0.0.1:3000`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Meta's stand-in, unless `graph_url` said otherwise.
    pub fn meta(&self) -> Option<&Meta> {
        self.meta.as_ref()
    }

    /// Moves the clock, and resolves when what became due has been worked off.
    pub async fn advance(&self, by: Duration) -> anyhow::Result<()> {
        self.time.advance(by).await
    }

    /// Resolves when nothing is left to do at this instant.
    pub async fn settle(&self) -> anyhow::Result<()> {
        self.time.settle().await
    }

    /// How much is in which queue, dead letters included.
    pub async fn depths(&self) -> anyhow::Result<std::collections::BTreeMap<String, Depth>> {
        self.time.broker.depths().await
    }

    /// What the queues were asked so far, dead letters included.
    pub async fn queue_requests(
        &self,
    ) -> anyhow::Result<std::collections::BTreeMap<String, Requests>> {
        self.time.broker.requests().await
    }

    /// How many events of each type were published so far.
    pub fn events_published(&self) -> std::collections::BTreeMap<&'static str, u64> {
        self.time.bus.published()
    }

    /// The tables, for tests that look behind the API.
    pub fn store(&self) -> &Store {
        &self.time.store
    }

    /// Serves until the process ends. Returns only if a part of the stack has: it has logged why.
    pub async fn run(mut self) -> anyhow::Error {
        self.tasks.join_next().await;
        anyhow::anyhow!("a part of the stack ended, and the rest is nothing without it")
    }
}

/// What the functions are built from.
struct Functions {
    store: Store,
    graph: Arc<Graph>,
    apps: Apps,
    queues: Queues,
    bus: Bus,
    mail: Mail,
    aside: Aside,
    files: Files,
    pseudonym: Pseudonym,
    api_key: Secret,
    sign_in: SignIn,
    clock: Clock,
}

impl Functions {
    fn fanout(&self) -> fanout::App {
        fanout::App {
            store: calls::noted(&self.store, "fanout"),
            sends: self.queues.sends.clone(),
            bus: self.bus.clone(),
            clock: self.clock.clone(),
        }
    }

    fn retention(&self) -> retention::App {
        retention::App {
            store: calls::noted(&self.store, "retention"),
            pseudonym: self.pseudonym.clone(),
            files: self.files.clone(),
        }
    }

    fn desk(&self) -> desk::App {
        desk::App {
            store: calls::noted(&self.store, "desk"),
            graph: Arc::clone(&self.graph),
            apps: self.apps.clone(),
            mail: self.mail.clone(),
        }
    }

    /// The two functions that speak HTTP.
    fn router(&self) -> Router {
        let webhook = webhook::App {
            apps: self.apps.clone(),
            inbound: self.queues.inbound.clone(),
            statuses: self.queues.statuses.clone(),
            aside: self.aside.clone(),
            pseudonym: self.pseudonym.clone(),
            clock: self.clock.clone(),
        };
        let admin = admin::App {
            store: calls::noted(&self.store, "admin"),
            graph: Arc::clone(&self.graph),
            apps: self.apps.clone(),
            bus: self.bus.clone(),
            mail: self.mail.clone(),
            files: self.files.clone(),
            pseudonym: self.pseudonym.clone(),
            api_key: self.api_key.clone(),
            sign_in: self.sign_in.clone(),
            clock: self.clock.clone(),
        };
        webhook::router(webhook).merge(admin::router(admin))
    }

    /// The three functions that are fed from queues, as the event sources on AWS feed them.
    fn poll(&self, hurry: &Hurry, tasks: &mut JoinSet<()>) {
        let commands = commands::App {
            store: calls::noted(&self.store, "commands"),
            graph: Arc::clone(&self.graph),
            apps: self.apps.clone(),
            bus: self.bus.clone(),
            pseudonym: self.pseudonym.clone(),
            files: self.files.clone(),
            fetching: Arc::default(),
            clock: self.clock.clone(),
        };
        let sender = sender::App {
            store: calls::noted(&self.store, "sender"),
            graph: Arc::clone(&self.graph),
            apps: self.apps.clone(),
            sends: self.queues.sends.clone(),
            bus: self.bus.clone(),
            clock: self.clock.clone(),
            pacing: Arc::default(),
        };
        let statuses = statuses::App {
            store: calls::noted(&self.store, "statuses"),
            clock: self.clock.clone(),
        };
        let never = std::future::pending::<()>;
        let handle = move |event| {
            let app = commands.clone();
            async move { app.handle(event).await }
        };
        let queue = self.queues.inbound.clone();
        tasks.spawn(poller::poll(queue, INBOUND, hurry.clone(), handle, never()));
        let handle = move |event| {
            let app = sender.clone();
            async move { app.handle(event).await }
        };
        let queue = self.queues.sends.clone();
        tasks.spawn(poller::poll(queue, SENDS, hurry.clone(), handle, never()));
        let handle = move |event| {
            let app = statuses.clone();
            async move { app.handle(event).await }
        };
        let queue = self.queues.statuses.clone();
        tasks.spawn(poller::poll(queue, STATUSES, hurry.clone(), handle, never()));
    }
}

/// A citizen waits for the answer.
const INBOUND: Polling = Polling {
    batch: 10,
    window: Duration::ZERO,
    concurrency: 8,
    visibility: Duration::from_secs(30),
};

/// Hidden for longer than a claim lives, so that a chunk comes back to claims that are known to
/// be dead.
const SENDS: Polling = Polling {
    batch: 1,
    window: Duration::ZERO,
    concurrency: 12,
    visibility: Duration::from_secs(90),
};

/// They gather, so that what two statuses say of one message, and a thousand of one broadcast, is
/// one write.
const STATUSES: Polling = Polling {
    batch: 1_000,
    window: Duration::from_secs(1),
    concurrency: 4,
    visibility: Duration::from_secs(90),
};

async fn listen(port: u16) -> Result<TcpListener, StartError> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|err| match err.kind() {
        io::ErrorKind::AddrInUse => StartError::PortInUse(port),
        _ => StartError::Other(anyhow::Error::new(err).context("listen")),
    })
}

pub(crate) async fn queues(broker: &Broker) -> anyhow::Result<Queues> {
    let make = async |name: &str, fifo, visibility| {
        let dead = format!("dead-{name}");
        broker.create(&dead, QueueOptions { fifo, ..QueueOptions::default() }).await?;
        let max_receives = Some((MAX_RECEIVES, dead));
        let options = QueueOptions { fifo, visibility, max_receives, ..QueueOptions::default() };
        broker.create(name, options).await
    };
    Ok(Queues {
        inbound: make("inbound.fifo", true, INBOUND.visibility).await?,
        sends: make("sends", false, SENDS.visibility).await?,
        statuses: make("statuses", false, STATUSES.visibility).await?,
    })
}

/// Makes the data folder, and keeps other processes out of it.
fn take(folder: &Path) -> Result<File, StartError> {
    let taken = std::fs::create_dir_all(folder).and_then(|()| kept::take(folder));
    let taken = taken.with_context(|| format!("make the folder {}", folder.display()))?;
    taken.ok_or_else(|| StartError::DataInUse(folder.to_owned()))
}

/// The clock as asked for, else the system's; but never before the time at which it was left:
/// queues and rates would wait for it to come round again.
pub(crate) fn clock(asked: Option<Timestamp>, file: Option<&Path>) -> anyhow::Result<Shifted> {
    let kept = file.map(kept::read).transpose().context("read the clock's file")?.flatten();
    let lead_ms: Option<i64> = kept.map(|it| it.trim().parse()).transpose()?;
    let system = Timestamp::now();
    let left = lead_ms.map(|it| Timestamp::from_millisecond(system.as_millisecond() + it));
    let left = left.transpose().context("read the clock's file")?;
    let asked = asked.unwrap_or_else(|| left.unwrap_or(system));
    let start = left.map_or(asked, |it| it.max(asked));
    if start > asked {
        warn!("the clock goes on from {start}, where this data folder left it, not from {asked}");
    }
    match Clock::starting_at(start) {
        Clock::Shifted(shifted) => Ok(shifted),
        Clock::System | Clock::Manual(_) => Ok(Shifted::default()),
    }
}

/// The key of all HMACs, made once: people are found by it.
fn lookup_key(file: Option<&Path>) -> anyhow::Result<Secret> {
    let Some(file) = file else { return Ok(Secret::new(random::key())) };
    if let Some(key) = kept::read(file).context("read the lookup key")? {
        return Ok(Secret::new(key.trim()));
    }
    let key = random::key();
    kept::write(file, &key).context("write the lookup key")?;
    Ok(Secret::new(key))
}

/// The apps as the environment has them, with local defaults for `default`.
pub(crate) fn meta_apps(settings: &Settings) -> anyhow::Result<Apps> {
    let settings = settings.with_defaults([
        ("META_APP_SECRET", "local-app-secret"),
        ("META_VERIFY_TOKEN", "local-verify-token"),
        ("META_ACCESS_TOKEN", "local-token"),
    ]);
    Ok(Apps::of(&settings)?)
}

/// Hands the events that concern it to the fan-out, as EventBridge does. The others are for the
/// comune's other systems, and there are none here.
async fn wake_fanout(fanout: fanout::App, mut events: Events, clock: Clock) {
    while let Some(event) = events.next().await {
        let about = serde_json::from_value::<BroadcastRef>(event.detail);
        let cause = match (event.detail_type, about) {
            (FanoutCause::SCHEDULED, Ok(about)) => FanoutCause::Scheduled(about),
            (FanoutCause::CHUNKS_DONE, Ok(about)) => FanoutCause::ChunksDone(about),
            (other, _) => {
                debug!("event {other}");
                continue;
            }
        };
        if let Err(err) = fanout.handle(FanoutEvent { at: clock.now(), cause }).await {
            error!("fan-out failed: {err:#}");
        }
    }
}

/// What only a local stack has.
fn own_routes(time: Arc<Time>, mail_folder: PathBuf) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/_clock/advance", post(advance))
        .route(QUEUES, get(depths))
        .route(MAIL, get(async move || mails(&mail_folder)))
        .with_state(time)
}

fn mails(folder: &Path) -> (StatusCode, Json<Value>) {
    match mail::kept(folder) {
        Ok(items) => (StatusCode::OK, Json(json!({ "items": items }))),
        Err(err) => {
            error!("mails not read: {err}");
            (StatusCode::INTERNAL_SERVER_ERROR, Json(Value::Null))
        }
    }
}

async fn depths(State(time): State<Arc<Time>>) -> (StatusCode, Json<Value>) {
    match time.broker.depths().await {
        Ok(depths) => {
            let counts = depths.iter().map(|(name, it)| {
                let Depth { visible, delayed, in_flight } = it;
                let counts =
                    json!({ "visible": visible, "delayed": delayed, "in_flight": in_flight });
                (name.clone(), counts)
            });
            (StatusCode::OK, Json(Value::Object(counts.collect())))
        }
        Err(err) => {
            error!("queues not counted: {err:#}");
            (StatusCode::INTERNAL_SERVER_ERROR, Json(Value::Null))
        }
    }
}

async fn advance(
    State(time): State<Arc<Time>>,
    Json(asked): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let seconds = asked.get("seconds").and_then(Value::as_f64).filter(|it| *it >= 0.0);
    let by = seconds.and_then(|it| Duration::try_from_secs_f64(it).ok());
    let Some(by) = by.filter(|it| it.as_secs() <= 10 * 366 * 86_400) else {
        let detail = "Send {\"seconds\": n}, with n from 0 to ten years.";
        return (StatusCode::BAD_REQUEST, Json(json!({ "detail": detail })));
    };
    match time.advance(by).await {
        Ok(()) => (StatusCode::OK, Json(json!({ "now": time.now().to_string() }))),
        Err(err) => {
            error!("clock not moved to its end: {err:#}");
            let detail = "Not everything that became due could be worked off. See the log.";
            (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "detail": detail })))
        }
    }
}
