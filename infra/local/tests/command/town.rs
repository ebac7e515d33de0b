// SPDX-License-Identifier: EUPL-1.2
//! Citizens, an office and Meta, all through HTTP.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};

use super::process::Running;

/// The clock of every story starts on a Tuesday at nine in Rome.
pub(crate) const MORNING: &str = "2026-11-24T09:00:00+01:00";

/// What only the welcome of Pordenone says.
pub(crate) const WELCOME: &str = "Iscrizione confermata";
/// What only its goodbye says.
pub(crate) const GOODBYE: &str = "Iscrizione cancellata";

/// No request takes longer, not even one that moves the clock.
const LIMIT: Duration = Duration::from_mins(5);

/// Between two looks at something that takes its time.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A stack as seen from outside.
pub(crate) struct Town {
    running: Running,
    http: reqwest::Client,
}

impl Town {
    pub(crate) fn of(running: Running) -> Self {
        // Another test may have chosen already; any choice will do.
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder().timeout(LIMIT).no_proxy().build().unwrap();
        Self { running, http }
    }

    pub(crate) fn kill(self) {
        self.running.kill();
    }

    /// The status, and the body if it is JSON.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let url = format!("{}{path}", self.running.url);
        let mut request = self.http.request(method, url).bearer_auth("local-key");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Posts, and expects this status.
    pub(crate) async fn post(&self, path: &str, body: Value, status: u16) -> Value {
        let (got, answer) = self.ask(Method::POST, path, Some(body)).await;
        assert_eq!(got, status, "{path}: {answer}");
        answer
    }

    /// Moves the clock; what became due has been done then.
    pub(crate) async fn advance(&self, seconds: u64) -> jiff::Timestamp {
        let answer = self.post("/_clock/advance", json!({ "seconds": seconds }), 200).await;
        answer["now"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) async fn settled(&self) -> jiff::Timestamp {
        self.advance(0).await
    }

    /// Writes to Pordenone, and waits for nothing.
    pub(crate) async fn says(&self, phone: &str, text: &str) {
        let path = format!("/simulator/phones/{phone}/messages");
        self.post(&path, json!({ "to": "pordenone", "text": text }), 201).await;
    }

    pub(crate) async fn all_say(&self, phones: &[String], text: &str) {
        stream::iter(phones).for_each_concurrent(8, |it| self.says(it, text)).await;
    }

    /// What arrived on a phone, oldest first.
    pub(crate) async fn heard(&self, phone: &str) -> Vec<String> {
        let list = self.get(&format!("/simulator/phones/{phone}/messages?line=pordenone")).await;
        let items = list["items"].as_array().unwrap().iter().filter(|it| it["direction"] == "in");
        items.map(|it| it["text"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn times_heard(&self, phone: &str, words: &str) -> usize {
        self.heard(phone).await.iter().filter(|it| it.contains(words)).count()
    }

    pub(crate) async fn subscribers(&self) -> i64 {
        let count = self.get("/v1/lines/pordenone/subscribers/count").await;
        count["total"].as_i64().unwrap()
    }

    /// A notice on deadlines from Pordenone, to go out at `send_at` or now; its id.
    pub(crate) async fn broadcasts(&self, what: &str, send_at: Option<&str>) -> String {
        let made = self.post("/v1/lines/pordenone/broadcasts", notice(what), 201).await;
        let id = made["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/lines/pordenone/broadcasts/{id}/schedule");
        self.post(&path, json!({ "send_at": send_at }), 202).await;
        id
    }

    pub(crate) async fn broadcast(&self, id: &str) -> Value {
        self.get(&format!("/v1/lines/pordenone/broadcasts/{id}")).await
    }

    /// How many Meta has taken so far.
    pub(crate) async fn accepted(&self, id: &str) -> i64 {
        self.broadcast(id).await["counts"]["accepted"].as_i64().unwrap()
    }

    /// Waits in real time until more than `n` were accepted; how many there are then.
    pub(crate) async fn accepts_more_than(&self, id: &str, n: i64) -> i64 {
        let until = Instant::now() + LIMIT;
        loop {
            let accepted = self.accepted(id).await;
            if accepted > n {
                return accepted;
            }
            assert!(Instant::now() < until, "still only {accepted} accepted");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Every delivery of a broadcast in a state.
    pub(crate) async fn deliveries(&self, id: &str, state: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!(
                "/v1/lines/pordenone/broadcasts/{id}/deliveries?state={state}&limit=100{cursor}"
            );
            let page = self.get(&path).await;
            all.extend(page["items"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }

    /// A webhook as Meta posts it, signed; the status.
    pub(crate) async fn webhook(&self, secret: &str, body: &str) -> u16 {
        let url = format!("{}/webhook", self.running.url);
        let signature = fakes::meta::signature(secret, body.as_bytes());
        let post = self.http.post(url).header("x-hub-signature-256", signature);
        post.body(body.to_owned()).send().await.unwrap().status().as_u16()
    }
}

/// A text to Pordenone as Meta tells of it.
pub(crate) fn text(from: &str, id: &str, at: jiff::Timestamp, body: &str) -> String {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{
        "field": "messages",
        "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "393316511331",
                          "phone_number_id": "331651133100001" },
            "contacts": [{ "profile": { "name": "Anna" }, "wa_id": from }],
            "messages": [{ "from": from, "id": id, "timestamp": at.as_second().to_string(),
                           "type": "text", "text": { "body": body } }],
        },
    }] }] })
    .to_string()
}

fn notice(what: &str) -> Value {
    json!({
        "title": "Promemoria",
        "audience": { "topics": ["scadenze"] },
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

/// `n` example numbers.
pub(crate) fn phones(n: usize) -> Vec<String> {
    (0..n).map(|it| format!("39333000{it:04}")).collect()
}
