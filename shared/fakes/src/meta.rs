// SPDX-License-Identifier: EUPL-1.2
//! Meta as one process: Graph API, webhooks and people's phones, on one durable store.
//!
//! An acceptance and the webhooks that follow from it are stored before it is answered, so what
//! Meta once took is delivered even if this process is killed. Rules and codes are those of
//! Meta's documents; where these are silent the choice is named at its place.

mod book;
mod compose;
mod delivery;
mod errors;
mod faults;
mod graph;
mod inbound;
mod management;
mod media;
mod options;
mod outbound;
mod people;
mod rules;
mod simulator;
mod templates;
mod uploads;
mod webhook;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::sync::{Notify, broadcast};

pub use self::delivery::Delivered;
pub use self::faults::{DownloadFault, Faults, SendFault};
pub use self::inbound::WriteError;
pub use self::management::Standing;
pub use self::options::{
    App, Category, MetaOptions, Number, Pace, Review, Template, TemplateButton, TemplateHeader,
    TemplateState,
};
pub use self::people::{
    Direction, Identity, Person, PhoneButton, PhoneMedia, PhoneMessage, SentMessage, Status,
    WriteBody, digits,
};
pub use self::webhook::{meta_json, signature};

use self::book::{Message, Update};
use self::faults::Switchboard;
use self::people::Content;
use self::rules::Throughput;
use self::simulator::Event;

/// The stand-in. Clones are the same Meta. No `Debug`: it holds secrets and what people said.
#[derive(Clone)]
pub struct Meta(Arc<Inner>);

struct Inner {
    clock: platform::clock::Clock,
    pace: Pace,
    numbers: Vec<Number>,
    apps: Mutex<Vec<App>>,
    templates: Mutex<Vec<Template>>,
    db: Mutex<Connection>,
    throughput: Mutex<HashMap<String, Throughput>>,
    switches: Mutex<Switchboard>,
    standing: Mutex<Standing>,
    refused: Mutex<BTreeMap<u32, usize>>,
    /// Webhook POSTs answered 200.
    posted: AtomicUsize,
    graph_url: Mutex<Option<String>>,
    http: reqwest::Client,
    /// Held while webhooks are posted, so that none is taken twice.
    delivering: tokio::sync::Mutex<()>,
    changed: Notify,
    events: broadcast::Sender<Event>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves nothing half done here: rows change in transactions.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

impl Meta {
    pub fn open(options: MetaOptions) -> anyhow::Result<Self> {
        // Someone else in this process may have chosen already; any choice will do.
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build()
            .context("make the client for webhooks")?;
        let db = book::open(options.store.as_deref())?;
        let made = book::templates(&db).context("read the templates made before")?;
        Ok(Self(Arc::new(Inner {
            clock: options.clock,
            pace: options.pace,
            numbers: options.numbers,
            apps: Mutex::new(options.apps),
            templates: Mutex::new(with(options.templates, made)),
            db: Mutex::new(db),
            throughput: Mutex::default(),
            switches: Mutex::default(),
            standing: Mutex::default(),
            refused: Mutex::default(),
            posted: AtomicUsize::new(0),
            graph_url: Mutex::default(),
            http,
            delivering: tokio::sync::Mutex::default(),
            changed: Notify::new(),
            events: broadcast::channel(256).0,
        })))
    }

    /// The Graph API, to be mounted where `GRAPH_API_URL` points.
    pub fn graph(&self) -> axum::Router {
        graph::router(self.clone())
    }

    /// The page and the scripts' paths, all below `/simulator`.
    pub fn simulator(&self) -> axum::Router {
        simulator::router(self.clone())
    }

    /// Where the Graph API is mounted, for the links to media. Without it, the `Host` that was
    /// asked and no path.
    pub fn set_graph_url(&self, url: &str) {
        *lock(&self.0.graph_url) = Some(url.trim_end_matches('/').to_owned());
    }

    /// Where an app's webhooks go from now on. What waits after failures is tried at once.
    pub fn set_webhook_url(&self, app: &str, url: &str) -> anyhow::Result<()> {
        let mut apps = lock(&self.0.apps);
        let found = apps.iter_mut().find(|it| it.id == app).context("find the app")?;
        found.webhook_url = Some(url.to_owned());
        drop(apps);
        book::retry_now(&lock(&self.0.db), app, self.now_ms()).context("hurry its webhooks")?;
        self.0.changed.notify_waiters();
        Ok(())
    }

    // What a test or the stack may turn.

    /// Changes the switches of all numbers that have none of their own.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        change(lock(&self.0.switches).everywhere());
    }

    /// Changes the switches of one number.
    pub fn faults_of(&self, phone_number_id: &str, change: impl FnOnce(&mut Faults)) {
        change(lock(&self.0.switches).own(phone_number_id));
    }

    pub fn clear_faults(&self) {
        lock(&self.0.switches).clear();
    }

    /// Adds a template, or puts it in the place of the one with its name and language.
    pub fn set_template(&self, template: Template) {
        let mut templates = lock(&self.0.templates);
        templates.retain(|it| {
            (&it.messaging_account_id, &it.name, &it.language)
                != (&template.messaging_account_id, &template.name, &template.language)
        });
        templates.push(template);
    }

    /// Pauses, disables or approves a template, and says so in `message_template_status_update`.
    pub fn set_template_state(
        &self,
        messaging_account_id: &str,
        name: &str,
        state: TemplateState,
    ) -> anyhow::Result<()> {
        let mut templates = lock(&self.0.templates);
        let found = templates
            .iter_mut()
            .find(|it| it.messaging_account_id == messaging_account_id && it.name == name);
        let template = found.context("find the template")?;
        template.state = state;
        template.review = None;
        let value = json!({
            "event": state.slug(),
            "message_template_id": 1,
            "message_template_name": name,
            "message_template_language": template.language,
            "message_template_category": template.category.slug().to_uppercase(),
            "reason": null,
        });
        drop(templates);
        self.account_event(messaging_account_id, "message_template_status_update", &value)
    }

    /// Puts a template in another category, and says so in `template_category_update`.
    pub fn set_template_category(
        &self,
        messaging_account_id: &str,
        name: &str,
        category: Category,
    ) -> anyhow::Result<()> {
        let mut templates = lock(&self.0.templates);
        let found = templates
            .iter_mut()
            .find(|it| it.messaging_account_id == messaging_account_id && it.name == name);
        let template = found.context("find the template")?;
        let value = json!({
            "message_template_id": 1,
            "message_template_name": name,
            "message_template_language": template.language,
            "previous_category": template.category.slug().to_uppercase(),
            "new_category": category.slug().to_uppercase(),
        });
        template.category = category;
        drop(templates);
        self.account_event(messaging_account_id, "template_category_update", &value)
    }

    /// Sends a webhook on a field of the account: `account_update`, `account_alerts` …
    pub fn account_event(
        &self,
        messaging_account_id: &str,
        field: &str,
        value: &Value,
    ) -> anyhow::Result<()> {
        let now_ms = self.now_ms();
        let update = self.account_update(messaging_account_id, field, value, now_ms)?;
        self.transact(|db| book::add_update(db, &update)).context("store the event")?;
        self.0.changed.notify_waiters();
        Ok(())
    }

    /// Makes as if a number had sent `n` service messages this month. Months are UTC's: whose
    /// midnight Meta takes is not published.
    pub fn set_service_messages(&self, phone_number_id: &str, n: u32) -> anyhow::Result<()> {
        let month = month(self.0.clock.now());
        book::set_service_messages(&lock(&self.0.db), phone_number_id, &month, n)
            .context("set the month's service messages")
    }

    // What a test may look at.

    /// How often each error code was answered to a send.
    pub fn refusals(&self) -> BTreeMap<u32, usize> {
        lock(&self.0.refused).clone()
    }

    /// How many webhook POSTs were answered 200.
    pub fn posts(&self) -> usize {
        self.0.posted.load(Ordering::Relaxed)
    }

    /// Everything a line sent that was accepted, oldest first, failed and held ones included.
    pub fn sent(&self, line: &str) -> anyhow::Result<Vec<SentMessage>> {
        let number = self.line(line).context("find the line")?;
        let now_ms = self.now_ms();
        let messages = book::messages_of_number(&lock(&self.0.db), &number.phone_number_id)
            .context("read what was sent")?;
        Ok(messages
            .into_iter()
            .map(|it| SentMessage {
                status: status_of(&it, now_ms),
                at: at(it.at_ms),
                text: content_of(&it).text(),
                id: it.id,
                phone: it.phone,
                kind: it.kind,
                template: it.template,
                callback: it.callback,
                failed: it.failed,
                held: it.held,
            })
            .collect())
    }

    /// What a phone shows, oldest first; of one line, or of all. Messages that failed or are
    /// held are not there: they never reached it.
    pub fn inbox(&self, phone: &str, line: Option<&str>) -> anyhow::Result<Vec<PhoneMessage>> {
        let phone = digits(phone).context("read the phone")?;
        let now_ms = self.now_ms();
        let messages =
            book::messages_of_phone(&lock(&self.0.db), &phone).context("read the messages")?;
        Ok(messages
            .into_iter()
            .filter(|it| !it.held && it.failed.is_none() && it.kind != "reaction")
            .filter_map(|it| self.as_shown(it, now_ms))
            .filter(|it| line.is_none_or(|line| it.line == line))
            .collect())
    }

    fn as_shown(&self, it: Message, now_ms: i64) -> Option<PhoneMessage> {
        let number = self.0.numbers.iter().find(|number| number.phone_number_id == it.number)?;
        let content = content_of(&it);
        Some(PhoneMessage {
            status: status_of(&it, now_ms),
            direction: if it.by_citizen { Direction::Out } else { Direction::In },
            line: number.line.clone(),
            text: content.text(),
            header: content.header,
            body: content.body,
            footer: content.footer,
            buttons: content.buttons,
            list: content.list,
            media: content.media,
            reply_to: content.reply_to,
            at: at(it.at_ms),
            id: it.id,
            kind: it.kind,
            reaction: it.reaction,
            template: it.template,
        })
    }

    // What the parts share.

    fn now_ms(&self) -> i64 {
        self.0.clock.now().as_millisecond()
    }

    fn line(&self, slug: &str) -> Option<&Number> {
        self.0.numbers.iter().find(|it| it.line == slug)
    }

    fn faults_now(&self, phone_number_id: &str) -> Faults {
        lock(&self.0.switches).of(phone_number_id).clone()
    }

    /// Does all of `work` or nothing of it.
    fn transact<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut db = lock(&self.0.db);
        let transaction = db.transaction()?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// An update of a number's `messages` field.
    fn update(&self, number: &Number, part: &str, item: String, due_ms: i64) -> Update {
        Update {
            seq: 0,
            app: number.app.clone(),
            account: number.messaging_account_id.clone(),
            number: Some(number.phone_number_id.clone()),
            field: "messages".to_owned(),
            part: part.to_owned(),
            item,
            contact: None,
            phone: None,
            message_id: None,
            copies: lock(&self.0.switches).of(&number.phone_number_id).duplicates,
            failures: 0,
            first_due_ms: due_ms,
            due_ms,
        }
    }

    /// Something changed for a phone, and perhaps something became due.
    fn announce(&self, phone: &str) {
        self.0.changed.notify_waiters();
        // Nobody may be looking.
        self.0.events.send(Event::Changed(phone.to_owned())).ok();
    }
}

fn content_of(message: &Message) -> Content {
    serde_json::from_str(&message.content).unwrap_or_default()
}

fn status_of(it: &Message, now_ms: i64) -> Status {
    let passed = |at: Option<i64>| at.is_some_and(|at| at <= now_ms);
    if it.failed.is_some() {
        Status::Failed
    } else if passed(it.read_ms) {
        Status::Read
    } else if passed(it.delivered_ms) {
        Status::Delivered
    } else if passed(it.sent_ms) {
        Status::Sent
    } else {
        Status::Accepted
    }
}

/// Those that were told to us, and those made since that are not among them.
fn with(mut told: Vec<Template>, made: Vec<Template>) -> Vec<Template> {
    let key =
        |it: &Template| (it.messaging_account_id.clone(), it.name.clone(), it.language.clone());
    for template in made {
        told.retain(|it| key(it) != key(&template));
        told.push(template);
    }
    told
}

/// `2026-11`.
fn month(at: Timestamp) -> String {
    at.to_string().chars().take(7).collect()
}
