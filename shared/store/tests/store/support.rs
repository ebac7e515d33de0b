// SPDX-License-Identifier: EUPL-1.2
//! One engine with the three tables, and the people and things that the tests speak of.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{
    BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use domain::broadcast::{Audience, Broadcast, Plan, Priority, State, TemplateMessage};
use domain::contact::{ConsentChange, ConsentEvent, ConsentSource, Contact, Subscription};
use domain::cost::Spent;
use domain::delivery::Counts;
use domain::ids::{AppId, BroadcastId, ContactId, LineId, MeasureId, MessageId, TopicId, UserId};
use domain::message::{Outgoing, ProfileName, Sender};
use domain::moderation::Block;
use domain::phone::Phone;
use jiff::{Timestamp, ToSpan};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};
use store::{EntryContent, Loaded, MessageKey, NewEntry, Store, Tables, Take, Turn, keys, tables};

/// Every item by table and key, for comparing and for searching.
pub(crate) type Everything = BTreeMap<(String, String, String), BTreeMap<String, AttributeValue>>;

pub(crate) struct Engine {
    store: Store,
    client: Client,
    tables: Tables,
    endpoint: String,
}

impl Deref for Engine {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Engine {
    /// Serves until the test's runtime ends.
    pub(crate) async fn start() -> Self {
        let database = dynoxide::Database::memory().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let served = dynoxide::server::serve_with_shutdown(listener, database, async {
            std::future::pending::<()>().await;
        });
        tokio::spawn(served);
        let tables = Tables {
            subscribers: "subscribers".to_owned(),
            messages: "messages".to_owned(),
            broadcasts: "broadcasts".to_owned(),
        };
        let client = client(&endpoint, None);
        tables::create(&client, &tables).await.unwrap();
        Self { store: Store::new(client.clone(), tables.clone()), client, tables, endpoint }
    }

    /// The same tables through a client that dies after so many requests.
    pub(crate) fn dying_after(&self, requests: usize) -> Store {
        let fuse = Fuse { left: Arc::new(AtomicUsize::new(requests)) };
        Store::new(client(&self.endpoint, Some(fuse)), self.tables.clone())
    }

    /// The same tables through a client whose next transactions meet somebody else's.
    pub(crate) fn meeting_others(&self, transactions: usize) -> Store {
        let crowd = Crowd { left: Arc::new(AtomicUsize::new(transactions)), met: Arc::default() };
        let client = client(&self.endpoint, None);
        let config = client.config().to_builder().interceptor(crowd).build();
        Store::new(Client::from_conf(config), self.tables.clone())
    }

    /// Everything that is stored.
    pub(crate) async fn everything(&self) -> Everything {
        let mut everything = Everything::new();
        let names = [&self.tables.subscribers, &self.tables.messages, &self.tables.broadcasts];
        for table in names {
            let mut pages = self.client.scan().table_name(table).into_paginator().items().send();
            while let Some(item) = pages.next().await {
                let item: BTreeMap<_, _> = item.unwrap().into_iter().collect();
                let part = |name: &str| item[name].as_s().unwrap().clone();
                everything.insert((table.clone(), part("pk"), part("sk")), item);
            }
        }
        everything
    }

    /// Loads whoever has the contact's number and user id.
    pub(crate) async fn load_as(&self, line: &LineId, contact: &Contact) -> Loaded {
        self.load(line, &sender(contact), None, contact.id.clone()).await.unwrap()
    }

    /// Saves the contact as it is after a message at `now`.
    pub(crate) async fn meet_at(&self, line: &LineId, contact: &Contact, now: Timestamp) {
        let loaded = self.load_as(line, contact).await;
        self.save(Turn { now, ..turn(line, &loaded, &fresh_key(), contact) }).await.unwrap();
    }

    pub(crate) async fn meet(&self, line: &LineId, contact: &Contact) {
        self.meet_at(line, contact, now()).await;
    }

    pub(crate) async fn followers_of(&self, line: &LineId, topic: &str) -> Vec<ContactId> {
        let (rows, more) = self.followers(line, topic, None, 100).await.unwrap();
        assert!(!more);
        rows.into_iter().map(|it| it.0).collect()
    }
}

fn client(endpoint: &str, fuse: Option<Fuse>) -> Client {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-south-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(http)
        .endpoint_url(endpoint);
    if let Some(fuse) = fuse {
        config = config.interceptor(fuse);
    }
    Client::from_conf(config.build())
}

/// Lets so many requests through and no more: a process that died.
#[derive(Debug)]
struct Fuse {
    left: Arc<AtomicUsize>,
}

impl Intercept for Fuse {
    fn name(&self) -> &'static str {
        "Fuse"
    }

    fn modify_before_transmit(
        &self,
        _context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let spent = |left: usize| left.checked_sub(1);
        let took = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spent);
        took.map(|_| ()).map_err(|_| "the process died".into())
    }
}

/// Keeps so many transactions from the engine and answers as DynamoDB does where somebody else writes
/// one of their items at the same moment, which the engine never does.
#[derive(Debug)]
struct Crowd {
    left: Arc<AtomicUsize>,
    met: Arc<AtomicBool>,
}

impl Intercept for Crowd {
    fn name(&self) -> &'static str {
        "Crowd"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        let is_transaction = |it: &str| it.ends_with(".TransactWriteItems");
        let one_less = |left: usize| left.checked_sub(1);
        if headers.get("x-amz-target").is_some_and(is_transaction)
            && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok()
        {
            headers.insert("x-amz-target", "DynamoDB_20120810.Nothing");
            self.met.store(true, Ordering::SeqCst);
        }
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.met.swap(false, Ordering::SeqCst) {
            let response = context.response_mut();
            let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                "Message":"cancelled","CancellationReasons":[{"Code":"TransactionConflict"},
                {"Code":"None"}]}"#;
            *response.status_mut() = 400.try_into()?;
            *response.body_mut() = body.into();
            response.headers_mut().remove("x-amz-crc32");
            response.headers_mut().remove("content-length");
        }
        Ok(())
    }
}

/// Holds a property on one engine. Each case gets a line of its own, so that cases do not meet.
#[expect(clippy::needless_pass_by_value, reason = "a property is written where it is held")]
pub(crate) fn hold<S: Strategy>(
    cases: u32,
    strategy: S,
    property: impl AsyncFn(&Engine, LineId, S::Value) -> TestCaseResult,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = runtime.block_on(Engine::start());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let case = |value| runtime.block_on(property(&engine, fresh_line(), value));
    TestRunner::new(config).run(&strategy, case).unwrap();
}

fn next() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::SeqCst)
}

pub(crate) fn fresh_line() -> LineId {
    LineId::new(format!("line-{}", next()))
}

pub(crate) fn fresh_broadcast() -> BroadcastId {
    BroadcastId::new(format!("{:032x}", next()))
}

pub(crate) fn fresh_key() -> MessageKey {
    MessageKey::new(format!("{:032x}", next()))
}

pub(crate) fn pordenone() -> LineId {
    LineId::new("pordenone")
}

pub(crate) fn now() -> Timestamp {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

pub(crate) fn later(ms: i64) -> Timestamp {
    now() + ms.milliseconds()
}

pub(crate) fn contact_id(n: u32) -> ContactId {
    ContactId::new(format!("{n:032x}"))
}

pub(crate) fn phone(n: u32) -> Phone {
    Phone::parse(&format!("39333000{n:04}")).unwrap()
}

pub(crate) fn user(n: u32) -> UserId {
    UserId::new(format!("IT.{n:016}"))
}

/// Somebody with a number, a user id and a name.
pub(crate) fn person(n: u32) -> Contact {
    Contact {
        phone: Some(phone(n)),
        user_id: Some(user(n)),
        name: Some(ProfileName::new(format!("Persona {n}"))),
        ..Contact::new(contact_id(n))
    }
}

pub(crate) fn sender(contact: &Contact) -> Sender {
    Sender {
        phone: contact.phone.clone(),
        user_id: contact.user_id.clone(),
        name: contact.name.clone(),
    }
}

pub(crate) fn topics(names: &[&str]) -> std::collections::BTreeSet<TopicId> {
    names.iter().map(|it| TopicId::new(*it)).collect()
}

pub(crate) fn following(contact: Contact, names: &[&str]) -> Contact {
    let subscription = Subscription::Active { topics: topics(names), since: now() };
    Contact { subscription, ..contact }
}

/// A block that ends in a month.
pub(crate) fn block() -> Block {
    Block::of(&MeasureId::new("0001795338000000-m"), later(30 * 86_400_000), "spam")
}

/// A turn that changes the contact and nothing else.
pub(crate) fn turn<'a>(
    line: &'a LineId,
    loaded: &'a Loaded,
    message: &'a MessageKey,
    contact: &'a Contact,
) -> Turn<'a> {
    Turn {
        line,
        loaded,
        message,
        contact,
        event: None,
        appointment: None,
        inbound: None,
        file: None,
        opens: false,
        look_at: None,
        drafts: Vec::new(),
        urgent: false,
        replies: Vec::new(),
        request: None,
        register_until: later(1_000_000),
        objection: None,
        erases: None,
        now: now(),
        forwards_until: later(90 * 86_400_000),
    }
}

/// `ISCRIVIMI` or the like, as a person wrote it.
pub(crate) fn said(
    contact: &Contact,
    text: &str,
    change: ConsentChange,
    at: Timestamp,
) -> ConsentEvent {
    ConsentEvent {
        contact: contact.id.clone(),
        at,
        change,
        source: ConsentSource::Message {
            id: MessageId::new(format!("wamid.{text}")),
            text: text.to_owned(),
            payload: Some("join".to_owned()),
            rule: "keyword".to_owned(),
            signed_by: Some(AppId::new("default")),
        },
        policy: jiff::civil::date(2026, 1, 15),
        privacy: jiff::civil::date(2026, 2, 1),
    }
}

pub(crate) fn entry_at(at: Timestamp, side: &str, content: EntryContent) -> NewEntry {
    NewEntry {
        row: keys::row(at.as_millisecond(), &fresh_key(), side),
        at,
        content,
        expires_at: at + (180 * 24).hours(),
        operator: None,
    }
}

/// A message that came in.
pub(crate) fn question(text: &str) -> NewEntry {
    question_at(text, now())
}

pub(crate) fn question_at(text: &str, at: Timestamp) -> NewEntry {
    let (kind, text) = ("text".to_owned(), text.to_owned());
    entry_at(at, "in", EntryContent::In { kind, text, media: None })
}

/// A message of ours, still to be sent.
pub(crate) fn answer(text: &str) -> NewEntry {
    entry_at(now(), "out", EntryContent::Out(Outgoing::Text(text.to_owned())))
}

pub(crate) fn draft(line: &LineId, audience: Audience) -> Broadcast {
    Broadcast {
        id: fresh_broadcast(),
        line: line.clone(),
        title: "Chiusura di via Roma".to_owned(),
        audience,
        message: TemplateMessage {
            name: "avviso".to_owned(),
            language: "it".to_owned(),
            parameters: [("titolo".to_owned(), "Via Roma chiusa".to_owned())].into(),
            header_media_id: None,
        },
        priority: Priority::Normal,
        drill: false,
        version: 0,
        authorship: domain::approval::Authorship::default(),
        exclude_recent_hours: None,
        tests: 0,
        free_form_in_window: false,
        state: State::Draft,
        reason: None,
        created_at: now(),
        send_at: None,
        expires_at: None,
        started_at: None,
        resumed_at: None,
        due_at: None,
        finished_at: None,
        run: 0,
        plan: Plan::default(),
        counts: Counts::default(),
        counted_at: None,
        spent: Spent::default(),
    }
}

/// When the rows of these tests go.
pub(crate) fn expiry() -> jiff::Timestamp {
    later(90 * 24 * 3_600_000)
}

/// A claim of a delivery.
pub(crate) fn take<'a>(
    broadcast: &'a BroadcastId,
    contact: &'a ContactId,
    token: &'a str,
) -> Take<'a> {
    Take {
        broadcast,
        contact,
        others: &[],
        token,
        shaky: false,
        run: 1,
        again: false,
        now: now(),
        expires_at: expiry(),
    }
}
