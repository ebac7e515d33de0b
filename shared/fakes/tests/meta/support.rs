// SPDX-License-Identifier: EUPL-1.2
//! A Meta, a webhook that keeps what it gets, and the words of the stories.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use fakes::meta::{
    App, Category, Meta, MetaOptions, Number, Template, TemplateButton, TemplateHeader, signature,
};
use jiff::Timestamp;
use platform::clock::{Clock, Shifted};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const PNID: &str = "100001";
pub(crate) const OTHER_PNID: &str = "100002";
pub(crate) const FOREIGN_PNID: &str = "200001";
pub(crate) const LINE: &str = "pordenone";
pub(crate) const ANNA: &str = "393330000001";
pub(crate) const BRUNO: &str = "393330000002";
const SECRET: &str = "test_app_secret";
const TOKEN: &str = "test-token";

/// What the webhook got and what it will answer.
#[derive(Clone, Default)]
pub(crate) struct Inbox {
    posts: Arc<Mutex<Vec<(String, Bytes)>>>,
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
}

impl Inbox {
    /// The next POSTs are answered so; after them, 200.
    pub(crate) fn answer_next(&self, answers: impl IntoIterator<Item = StatusCode>) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// Raw bodies so far, each with a signature that was checked.
    pub(crate) fn bodies(&self) -> Vec<Bytes> {
        let posts = self.posts.lock().unwrap();
        for (header, body) in posts.iter() {
            assert_eq!(*header, signature(SECRET, body), "signature over the raw bytes");
        }
        posts.iter().map(|(_, body)| body.clone()).collect()
    }

    fn changes(&self) -> Vec<Value> {
        let all = |it: &Value, key: &str| it[key].as_array().cloned().unwrap_or_default();
        let bodies = self.bodies();
        let bodies = bodies.iter().map(|it| serde_json::from_slice::<Value>(it).unwrap());
        bodies.flat_map(|it| all(&it, "entry")).flat_map(|it| all(&it, "changes")).collect()
    }

    /// The values of a field, in the order they came.
    pub(crate) fn values(&self, field: &str) -> Vec<Value> {
        let changes = self.changes().into_iter().filter(|it| it["field"] == field);
        changes.map(|mut it| it["value"].take()).collect()
    }

    fn items(&self, part: &str) -> Vec<Value> {
        let values = self.values("messages");
        values.iter().flat_map(|it| it[part].as_array().cloned().unwrap_or_default()).collect()
    }

    pub(crate) fn messages(&self) -> Vec<Value> {
        self.items("messages")
    }

    pub(crate) fn statuses(&self) -> Vec<Value> {
        self.items("statuses")
    }

    /// `sent delivered read` …, in the order they came.
    pub(crate) fn story(&self) -> String {
        let statuses = self.statuses();
        let names: Vec<_> = statuses.iter().map(|it| it["status"].as_str().unwrap()).collect();
        names.join(" ")
    }

    pub(crate) fn clear(&self) {
        self.posts.lock().unwrap().clear();
    }
}

pub(crate) struct World {
    pub(crate) meta: Meta,
    pub(crate) webhook: Inbox,
    pub(crate) http: reqwest::Client,
    clock: Shifted,
    base: String,
    webhook_base: String,
}

pub(crate) async fn serve(router: axum::Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

async fn keep(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = headers["x-hub-signature-256"].to_str().unwrap().to_owned();
    inbox.posts.lock().unwrap().push((header, body));
    inbox.answers.lock().unwrap().pop_front().unwrap_or(StatusCode::OK)
}

pub(crate) fn number(phone_number_id: &str, line: &str) -> Number {
    Number {
        phone_number_id: phone_number_id.to_owned(),
        messaging_account_id: "300001".to_owned(),
        display_number: "+39 333 000 9999".to_owned(),
        name: "Comune di Pordenone".to_owned(),
        line: line.to_owned(),
        hints: vec!["ISCRIVIMI".to_owned(), "CANCELLAMI".to_owned()],
        ..Number::default()
    }
}

fn app(id: &str, token: &str) -> App {
    App {
        id: id.to_owned(),
        secret: SECRET.to_owned(),
        access_token: token.to_owned(),
        webhook_url: None,
    }
}

fn templates() -> Vec<Template> {
    let template = |name: &str, category, body: &str, parameters: &[&str]| Template {
        messaging_account_id: "300001".to_owned(),
        name: name.to_owned(),
        category,
        body: body.to_owned(),
        parameters: parameters.iter().map(|it| (*it).to_owned()).collect(),
        ..Template::default()
    };
    vec![
        Template {
            header: Some(TemplateHeader::Text("Avviso".to_owned())),
            footer: Some("Per non ricevere più avvisi scrivi CANCELLAMI".to_owned()),
            ..template(
                "avviso",
                Category::Utility,
                "Domani: {{testo}}. Zona: {{zona}}.",
                &["testo", "zona"],
            )
        },
        template("contato", Category::Utility, "Il {{1}} alle {{2}}.", &["1", "2"]),
        Template {
            header: Some(TemplateHeader::Media("image".to_owned())),
            buttons: vec![
                TemplateButton::QuickReply("Non interessa".to_owned()),
                TemplateButton::Url {
                    text: "Programma".to_owned(),
                    url: "https://example.org/{{1}}".to_owned(),
                },
            ],
            ..template("festa", Category::Marketing, "Festa in piazza.", &[])
        },
        template("evento", Category::Marketing, "Concerto in piazza.", &[]),
    ]
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(None, |_| {}).await
    }

    /// `change` sees the number of the line `pordenone`.
    pub(crate) async fn with(store: Option<&Path>, change: impl FnOnce(&mut Number)) -> Self {
        let start: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
        Self::at(start, store, change).await
    }

    pub(crate) async fn at(
        start: Timestamp,
        store: Option<&Path>,
        change: impl FnOnce(&mut Number),
    ) -> Self {
        let clock = Clock::starting_at(start);
        let Clock::Shifted(shifted) = &clock else { unreachable!("a clock that can be moved") };
        let shifted = shifted.clone();
        let mut first = number(PNID, LINE);
        change(&mut first);
        let foreign = Number {
            app: "another".to_owned(),
            messaging_account_id: "300002".to_owned(),
            portfolio_id: "another".to_owned(),
            ..number(FOREIGN_PNID, "altrove")
        };
        let meta = Meta::open(MetaOptions {
            store: store.map(Path::to_owned),
            clock,
            apps: vec![app("default", TOKEN), app("another", "another-token")],
            numbers: vec![first, number(OTHER_PNID, "anagrafe"), foreign],
            templates: templates(),
            ..MetaOptions::default()
        })
        .unwrap();
        let webhook = Inbox::default();
        let url =
            serve(axum::Router::new().route("/webhook", post(keep)).with_state(webhook.clone()))
                .await;
        meta.set_webhook_url("default", &format!("{url}/webhook")).unwrap();
        let base = serve(meta.graph().merge(meta.simulator())).await;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { meta, webhook, http, clock: shifted, base, webhook_base: url }
    }

    pub(crate) fn webhook_base(&self) -> &str {
        &self.webhook_base
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.url(path)).bearer_auth(TOKEN)
    }

    /// HTTP status and JSON.
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        read(self.request(reqwest::Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        read(self.request(reqwest::Method::POST, path).json(body)).await
    }

    /// A send from the line's number.
    pub(crate) async fn send(&self, body: &Value) -> (u16, Value) {
        self.post(&format!("/v26.0/{PNID}/messages"), body).await
    }

    /// A send that must be taken. Returns the wamid.
    pub(crate) async fn sends(&self, body: &Value) -> String {
        let (status, answer) = self.send(body).await;
        assert_eq!(status, 200, "{answer}");
        answer["messages"][0]["id"].as_str().unwrap().to_owned()
    }

    /// A send that must be refused. Returns HTTP status and code.
    pub(crate) async fn refused(&self, body: &Value) -> (u16, u64) {
        let (status, answer) = self.send(body).await;
        (status, answer["error"]["code"].as_u64().unwrap_or_default())
    }

    /// Uploads three bytes as an example for a template's header: the last answer.
    pub(crate) async fn uploads(&self, mime_type: &str, bytes: &'static str) -> Value {
        let query = format!("file_name=a&file_length=3&file_type={mime_type}");
        let (_, begun) = self.post(&format!("/v26.0/app/uploads?{query}"), &json!({})).await;
        let Some(session) = begun["id"].as_str() else { return begun };
        let request = self.http.post(self.url(&format!("/v26.0/{session}"))).body(bytes);
        let credentials = format!("OAuth {TOKEN}");
        read(request.header("authorization", credentials).header("file_offset", "0")).await.1
    }

    /// A citizen writes, and the webhook hears it.
    pub(crate) async fn says(&self, phone: &str, text: &str) -> String {
        let id = self.meta.write(phone, LINE, text).unwrap();
        self.meta.deliver_due().await;
        id
    }

    /// Moves the clock and delivers what became due.
    pub(crate) async fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.meta.deliver_due().await;
    }

    pub(crate) fn now(&self) -> Timestamp {
        Clock::Shifted(self.clock.clone()).now()
    }
}

async fn read(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap())
}

// Bodies of sends.

pub(crate) fn text(to: &str, text: &str) -> Value {
    json!({"messaging_product": "whatsapp", "to": format!("+{to}"), "type": "text",
        "text": {"body": text}})
}

pub(crate) fn template(to: &str, name: &str, components: &Value) -> Value {
    json!({"messaging_product": "whatsapp", "to": format!("+{to}"), "type": "template",
        "template": {"name": name, "language": {"code": "it"}, "components": components}})
}

/// The template `avviso`, filled in.
pub(crate) fn notice(to: &str) -> Value {
    template(
        to,
        "avviso",
        &json!([{"type": "body", "parameters": [
            {"type": "text", "parameter_name": "testo", "text": "scuole chiuse"},
            {"type": "text", "parameter_name": "zona", "text": "Centro"}]}]),
    )
}

/// The template `evento`, which is marketing.
pub(crate) fn event(to: &str) -> Value {
    template(to, "evento", &json!([]))
}
