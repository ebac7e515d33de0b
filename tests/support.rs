// SPDX-License-Identifier: EUPL-1.2
//! People, an office and a stack: what the stories are told with.
//!
//! A stack that ends checks what no story may leave behind: a job, a dead letter, a number or a
//! text in the log.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, Once};
use std::time::Duration;

use fakes::meta::Meta;
use local_stack::{Options, Stack};
use platform::metrics;
use platform::settings::Settings;
use serde_json::{Map, Value, json};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;

/// Everything any stack of this process logged.
static LOG: LazyLock<Mutex<Vec<u8>>> = LazyLock::new(Mutex::default);
static LOGGING: Once = Once::new();

#[derive(Clone)]
struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

thread_local! {
    /// What was counted on this thread, as CloudWatch gets it. A story and its stack have one thread.
    static COUNTED: RefCell<Vec<u8>> = RefCell::default();
}

/// A line of the log as well, so that it is searched for what must not be there.
struct Counted;

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        COUNTED.with_borrow_mut(|it| it.extend_from_slice(bytes));
        Log.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stack of its own for each story, in memory, on any free port.
pub(crate) struct World {
    pub(crate) stack: Stack,
    pub(crate) http: reqwest::Client,
    /// What must not be in the log: numbers and texts of this story.
    secrets: Mutex<Vec<String>>,
    /// Where the log was when this story began. Stories log a lot between them.
    log_from: usize,
}

/// The clock of every story starts on a Tuesday at nine in Rome.
pub(crate) const MORNING: &str = "2026-11-24T08:00:00Z";

/// The same in Meta's seconds.
pub(crate) const MORNING_SECONDS: i64 = 1_795_507_200;

/// The lines' numbers, as Meta names them.
pub(crate) const PORDENONE: &str = "331651133100001";
pub(crate) const BARBERINO: &str = "348771839400001";

/// What Meta posts about messages to Pordenone.
pub(crate) fn posted(contacts: &[Value], messages: &[Value]) -> Value {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{
        "field": "messages",
        "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "390000000000", "phone_number_id": PORDENONE },
            "contacts": contacts,
            "messages": messages,
        },
    }] }] })
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Options)) -> Self {
        LOGGING.call_once(|| {
            let log = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Log);
            let subscriber = tracing_subscriber::registry()
                .with(log.with_filter(LevelFilter::DEBUG))
                .with(metrics::layer("FiloDiretto".to_owned(), || Counted));
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
        let mut options = Options {
            port: 0,
            data: None,
            lines: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/lines")),
            api_key: "local-key".to_owned(),
            clock: Some(MORNING.parse().unwrap()),
            graph_url: None,
            settings: Settings::given([]),
        };
        change(&mut options);
        COUNTED.take();
        let log_from = LOG.lock().unwrap().len();
        let stack = Stack::start(options).await.unwrap();
        Self { stack, http: reqwest::Client::new(), secrets: Mutex::default(), log_from }
    }

    /// Pordenone alone, with more at the end of its file, or other numbers in it.
    pub(crate) async fn of_pordenone(change: impl FnOnce(&str) -> String) -> Self {
        let lines = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/lines");
        let file = std::fs::read_to_string(format!("{lines}/pordenone.toml")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pordenone.toml"), change(&file)).unwrap();
        Self::with(|it| folder.path().clone_into(&mut it.lines)).await
    }

    /// So many people who subscribe to Pordenone's notices.
    pub(crate) async fn subscribers(&self, n: usize) -> Vec<Person<'_>> {
        let people: Vec<_> = (0..n).map(|it| self.person(&format!("39333009{it:04}"))).collect();
        // Who writes and who is answered count towards Meta's rate alike.
        for some in people.chunks(30) {
            for person in some {
                person.sends("pordenone", "ISCRIVIMI").await;
            }
            self.advance(2).await;
        }
        people
    }

    pub(crate) fn meta(&self) -> &Meta {
        self.stack.meta().unwrap()
    }

    /// Nothing is left to do at this instant.
    pub(crate) async fn settled(&self) {
        within(Box::pin(self.stack.settle())).await.unwrap();
    }

    pub(crate) async fn advance(&self, seconds: u64) {
        let url = format!("{}/_clock/advance", self.stack.url());
        let answer = self.http.post(url).json(&json!({ "seconds": seconds })).send();
        assert_eq!(within(answer).await.unwrap().status(), 200);
    }

    /// Fails the story if this is in the log at its end.
    pub(crate) fn keeps_secret(&self, text: &str) {
        self.secrets.lock().unwrap().push(text.to_owned());
    }

    /// A phone with this number.
    pub(crate) fn person(&self, digits: &str) -> Person<'_> {
        self.secrets.lock().unwrap().push(digits.to_owned());
        Person { world: self, digits: digits.to_owned() }
    }

    /// The office of a line, through the API.
    pub(crate) fn office(&self, line: &str) -> Office<'_> {
        Office { world: self, line: line.to_owned(), key: "local-key".to_owned() }
    }

    /// A webhook as somebody posts it; `None` does not sign.
    pub(crate) async fn webhook(&self, path: &str, secret: Option<&str>, body: &[u8]) -> u16 {
        let url = format!("{}{path}", self.stack.url());
        let mut post = self.http.post(url).body(body.to_vec());
        if let Some(secret) = secret {
            post = post.header("x-hub-signature-256", fakes::meta::signature(secret, body));
        }
        within(post.send()).await.unwrap().status().as_u16()
    }

    /// A webhook as Meta signs it.
    pub(crate) async fn signed(&self, body: &[u8]) -> u16 {
        self.webhook("/webhook", Some("local-app-secret"), body).await
    }

    /// Meta posts this, and everything that follows from it happens.
    pub(crate) async fn posts(&self, body: &Value) {
        assert_eq!(self.signed(body.to_string().as_bytes()).await, 200);
        self.settled().await;
    }

    /// Ends the story. Dead letters and personal data in the log fail it.
    pub(crate) async fn ends(self) {
        self.settled().await;
        for (queue, depth) in self.stack.depths().await.unwrap() {
            // What became due since then is on its way through the other queues.
            if queue.starts_with("dead-") {
                let left = depth.visible + depth.in_flight;
                assert_eq!(left, 0, "{left} messages left in {queue}");
            }
        }
        let log = String::from_utf8_lossy(&LOG.lock().unwrap()[self.log_from..]).into_owned();
        for secret in self.secrets.lock().unwrap().iter() {
            if let Some(at) = log.find(secret.as_str()) {
                let line = log[..at].lines().last().unwrap_or_default();
                panic!("personal data in the log, after: {line}");
            }
        }
    }
}

/// How much of each metric was counted, since the story began or was asked this last.
pub(crate) fn counted() -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for line in COUNTED.take().split(|it| *it == b'\n').filter(|it| !it.is_empty()) {
        let mut line: Map<String, Value> = serde_json::from_slice(line).unwrap();
        line.remove("_aws").unwrap();
        for (metric, n) in line {
            *sums.entry(metric).or_default() += n.as_u64().unwrap();
        }
    }
    sums
}

/// Somebody with a phone.
pub(crate) struct Person<'a> {
    world: &'a World,
    pub(crate) digits: String,
}

impl Person<'_> {
    /// Writes, and waits until everything that follows from it has happened.
    pub(crate) async fn says(&self, line: &str, text: &str) {
        self.sends(line, text).await;
        self.world.settled().await;
    }

    /// Writes, and waits for nothing.
    pub(crate) async fn sends(&self, line: &str, text: &str) {
        // One word can be part of a log line by chance; a sentence cannot.
        if text.contains(' ') {
            self.world.secrets.lock().unwrap().push(text.to_owned());
        }
        let url = format!("{}/simulator/phones/{}/messages", self.world.stack.url(), self.digits);
        let post = self.world.http.post(url).json(&json!({ "to": line, "text": text }));
        assert_eq!(within(post.send()).await.unwrap().status(), 201);
    }

    pub(crate) async fn taps(&self, line: &str, payload: &str, title: &str) {
        self.presses(line, payload, title).await;
        self.world.settled().await;
    }

    /// Taps, and waits for nothing.
    pub(crate) async fn presses(&self, line: &str, payload: &str, title: &str) {
        let url = format!("{}/simulator/phones/{}/messages", self.world.stack.url(), self.digits);
        let button = json!({ "payload": payload, "title": title });
        let post = self.world.http.post(url).json(&json!({ "to": line, "button": button }));
        assert_eq!(within(post.send()).await.unwrap().status(), 201);
    }

    /// What arrived on the phone from a line, oldest first.
    pub(crate) async fn heard(&self, line: &str) -> Vec<String> {
        let messages = self.messages().await;
        messages
            .iter()
            .filter(|it| it["direction"] == "in" && it["line"] == line)
            .map(|it| it["text"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The files that arrived on the phone from a line, oldest first: name and text.
    pub(crate) async fn files(&self, line: &str) -> Vec<(String, String)> {
        let mut files = Vec::new();
        for it in self.messages().await {
            let media = &it["media"];
            let Some(id) = media["id"].as_str().filter(|_| it["line"] == line) else { continue };
            let url = format!("{}/simulator/media/{id}", self.world.stack.url());
            let file = within(self.world.http.get(url).send()).await.unwrap();
            let text =
                if file.status() == 200 { file.text().await.unwrap() } else { String::new() };
            files.push((media["file_name"].as_str().unwrap().to_owned(), text));
        }
        files
    }

    pub(crate) async fn messages(&self) -> Vec<Value> {
        let url = format!("{}/simulator/phones/{}/messages", self.world.stack.url(), self.digits);
        let answer = within(self.world.http.get(url).send()).await.unwrap();
        let mut list: Value = within(answer.json()).await.unwrap();
        serde_json::from_value(list["items"].take()).unwrap()
    }

    /// The last message from a line contains this.
    pub(crate) async fn hears(&self, line: &str, words: &str) {
        let heard = self.heard(line).await;
        let last = heard.last().cloned().unwrap_or_default();
        assert!(last.contains(words), "{} heard {last:?}, not {words:?}", self.digits);
    }

    /// How many messages from a line contain this.
    pub(crate) async fn times_heard(&self, line: &str, words: &str) -> usize {
        self.heard(line).await.iter().filter(|it| it.contains(words)).count()
    }
}

/// The office, or whoever holds its key.
pub(crate) struct Office<'a> {
    pub(crate) world: &'a World,
    pub(crate) line: String,
    pub(crate) key: String,
}

impl Office<'_> {
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.request(reqwest::Method::GET, path, None, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> (u16, Value) {
        self.request(reqwest::Method::DELETE, path, None, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.request(reqwest::Method::POST, path, Some(body), None).await
    }

    pub(crate) async fn post_once(&self, path: &str, body: Value, key: &str) -> (u16, Value) {
        self.request(reqwest::Method::POST, path, Some(body), Some(key)).await
    }

    /// An edit of what stood at this version, if it says so.
    pub(crate) async fn edit(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
        version: Option<&str>,
    ) -> (u16, Value) {
        self.send(method, path, body, version.map(|it| ("if-match", it))).await
    }

    pub(crate) async fn request(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
        once: Option<&str>,
    ) -> (u16, Value) {
        self.send(method, path, body, once.map(|it| ("idempotency-key", it))).await
    }

    async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
        header: Option<(&str, &str)>,
    ) -> (u16, Value) {
        let url = format!("{}/v1/lines/{}{path}", self.world.stack.url(), self.line);
        let mut request = self.world.http.request(method, url).bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let answer = within(request.send()).await.unwrap();
        let status = answer.status().as_u16();
        (status, within(answer.json()).await.unwrap_or(Value::Null))
    }

    /// A notice to these topics, as a draft; its id.
    pub(crate) async fn drafts(&self, topics: &[&str], what: &str) -> String {
        let (status, made) = self.post("/broadcasts", notice(topics, what)).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    }

    /// An event in Pordenone's words, which is marketing, as a draft; its id.
    pub(crate) async fn drafts_an_event(&self, what: &str) -> String {
        let event = json!({
            "title": "Evento",
            "audience": { "topics": ["eventi"] },
            "message": { "template": {
                "name": "pordenone_evento",
                "language": "it",
                "parameters": {
                    "evento": what,
                    "quando": "sabato alle 20",
                    "dove": "in piazza",
                    "ingresso": "libero",
                    "pagina": "www.comune.pordenone.it",
                },
            } },
        });
        let (status, made) = self.post("/broadcasts", event).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    }

    /// A broadcast's state and the reason for it.
    pub(crate) async fn stands(&self, id: &str) -> (String, String) {
        let it = self.broadcast(id).await;
        let text = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
        (text("state"), text("reason"))
    }

    /// Sends a draft now, and waits until it has been sent.
    pub(crate) async fn sends(&self, id: &str) {
        let (status, answer) = self.post(&format!("/broadcasts/{id}/schedule"), json!({})).await;
        assert_eq!(status, 202, "{answer}");
        self.world.settled().await;
    }

    pub(crate) async fn broadcast(&self, id: &str) -> Value {
        let (status, found) = self.get(&format!("/broadcasts/{id}")).await;
        assert_eq!(status, 200, "{found}");
        found
    }
}

/// A notice in Pordenone's words for deadlines. `what` stands where the citizen reads it.
pub(crate) fn notice(topics: &[&str], what: &str) -> Value {
    json!({
        "title": "Promemoria",
        "audience": { "topics": topics },
        "message": { "template": {
            "name": "pordenone_scadenza",
            "language": "it",
            "parameters": {
                "data": "16 dicembre",
                "azione": what,
                "come": "con il modello F24",
                "pagina": "www.comune.pordenone.it",
            },
        } },
    })
}

/// Nothing in a story takes longer.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), future).await.expect("took longer than a minute")
}
