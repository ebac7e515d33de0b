// SPDX-License-Identifier: EUPL-1.2
//! What stands between the functions and the tables to count units, and stands in for the rest of
//! AWS where a function runs as a process of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The front of an engine. Everything it is asked goes on to the engine, with the request to say
/// what it consumed.
pub(crate) struct Aws {
    pub(crate) url: String,
    sums: Arc<Mutex<Sums>>,
    /// Ends with the front.
    _serving: JoinSet<()>,
}

/// Request units and calls. Source: DynamoDB Developer Guide, read and write consumption.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Units {
    pub(crate) read: f64,
    pub(crate) write: f64,
    /// Of `write`: for conditions that did not hold. They are billed and come without a figure,
    /// so each counts as an item of at most 1 KB: one unit, in a transaction two.
    pub(crate) refused: f64,
    pub(crate) calls: u64,
}

/// What was consumed, by table and operation.
pub(crate) type Sums = BTreeMap<(String, String), Units>;

#[derive(Clone)]
struct Front {
    engine: Arc<str>,
    http: reqwest::Client,
    sums: Arc<Mutex<Sums>>,
}

impl Aws {
    pub(crate) async fn before(engine: &str) -> anyhow::Result<Self> {
        let sums = Arc::<Mutex<Sums>>::default();
        let http = reqwest::Client::builder().no_proxy().build().context("make a client")?;
        let front = Front { engine: engine.into(), http, sums: Arc::clone(&sums) };
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listen")?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = Router::new().fallback(answer).with_state(front);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            axum::serve(listener, router).await.ok();
        });
        Ok(Self { url, sums, _serving: serving })
    }

    /// Everything consumed since the last call.
    pub(crate) fn take(&self) -> Sums {
        std::mem::take(&mut self.sums.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::ops::AddAssign for Units {
    fn add_assign(&mut self, more: Self) {
        self.read += more.read;
        self.write += more.write;
        self.refused += more.refused;
        self.calls += more.calls;
    }
}

/// The sum over all operations, by table.
pub(crate) fn by_table(sums: &Sums) -> BTreeMap<String, Units> {
    let mut tables = BTreeMap::new();
    for ((table, _), units) in sums {
        *tables.entry(table.clone()).or_insert_with(Units::default) += *units;
    }
    tables
}

pub(crate) fn total(sums: &Sums) -> Units {
    sums.values().fold(Units::default(), |mut all, it| {
        all += *it;
        all
    })
}

async fn answer(State(front): State<Front>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let answered = match target.split_once('.') {
        Some(("AmazonSQS", "SendMessageBatch")) => Ok(all_sent(&body).into_response()),
        Some(("AWSEvents", "PutEvents")) => {
            Ok(axum::Json(json!({ "FailedEntryCount": 0, "Entries": [] })).into_response())
        }
        Some(("AmazonSSM", "GetParametersByPath")) => Ok(secrets().into_response()),
        Some((_, operation)) if target.starts_with("DynamoDB") => {
            front.forward(operation, &headers, body).await
        }
        _ => Ok(StatusCode::NOT_IMPLEMENTED.into_response()),
    };
    answered.unwrap_or_else(|_| StatusCode::BAD_GATEWAY.into_response())
}

/// Systems Manager's answer: the secrets of a deployment with one Meta app.
fn secrets() -> axum::Json<Value> {
    let parameter = |name: &str, value: &str| {
        let name = format!("/filodiretto/bench/secrets/{name}");
        json!({ "Name": name, "Value": value, "Type": "SecureString" })
    };
    axum::Json(json!({ "Parameters": [
        parameter("keys/lookup", "LOOKUP_KEY=0123456789abcdef0123456789abcdef"),
        parameter("keys/api", "API_KEY=0123456789abcdef0123456789abcdef"),
        parameter("apps/default", "META_APP_SECRET=s\nMETA_VERIFY_TOKEN=v\nMETA_ACCESS_TOKEN=t"),
    ] }))
}

/// SQS's answer to a batch that it took whole.
fn all_sent(body: &[u8]) -> axum::Json<Value> {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let entries = asked["Entries"].as_array().map_or(&[][..], Vec::as_slice);
    let sent = entries
        .iter()
        .map(|it| json!({ "Id": it["Id"], "MessageId": it["Id"], "MD5OfMessageBody": "" }));
    axum::Json(json!({ "Successful": sent.collect::<Vec<_>>(), "Failed": [] }))
}

impl Front {
    async fn forward(
        &self,
        operation: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> anyhow::Result<Response> {
        let mut asked: Value = serde_json::from_slice(&body)?;
        let counts = consumes(operation);
        if counts {
            asked["ReturnConsumedCapacity"] = "TOTAL".into();
        }
        let mut post = self.http.post(&*self.engine).body(asked.to_string());
        for name in ["x-amz-target", "content-type", "authorization", "x-amz-date"] {
            if let Some(value) = headers.get(name) {
                post = post.header(name, value);
            }
        }
        let answer = post.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await?;
        if counts {
            self.count(operation, &asked, &serde_json::from_slice(&body)?);
        }
        let mut response = (status, body).into_response();
        for name in ["content-type", "x-amz-crc32", "x-amzn-requestid"] {
            if let Some(value) = headers.get(name) {
                response.headers_mut().insert(name, value.clone());
            }
        }
        Ok(response)
    }

    fn count(&self, operation: &str, asked: &Value, answer: &Value) {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let mut add = |table: &Value, units: Units| {
            let table = table.as_str().unwrap_or_default().to_owned();
            *sums.entry((table, operation.to_owned())).or_default() += units;
        };
        let consumed = match &answer["ConsumedCapacity"] {
            Value::Array(all) => all.as_slice(),
            Value::Null => &[],
            one => std::slice::from_ref(one),
        };
        for it in consumed {
            let n = it["CapacityUnits"].as_f64().unwrap_or(0.0);
            let (read, write) = if reads(operation) { (n, 0.0) } else { (0.0, n) };
            add(&it["TableName"], Units { read, write, refused: 0.0, calls: 1 });
        }
        let refused = |n: f64| Units { read: 0.0, write: n, refused: n, calls: 1 };
        match answer["__type"].as_str().and_then(|it| it.rsplit('#').next()) {
            Some("ConditionalCheckFailedException") => add(&asked["TableName"], refused(1.0)),
            Some("TransactionCanceledException") => {
                for it in asked["TransactItems"].as_array().into_iter().flatten() {
                    let one = it.as_object().and_then(|it| it.values().next());
                    add(&one.map_or(Value::Null, |it| it["TableName"].clone()), refused(2.0));
                }
            }
            _ => {}
        }
    }
}

fn reads(operation: &str) -> bool {
    matches!(operation, "GetItem" | "BatchGetItem" | "TransactGetItems" | "Query" | "Scan")
}

/// Whether an operation on items: one on tables takes no parameter for what it consumed.
fn consumes(operation: &str) -> bool {
    reads(operation)
        || matches!(
            operation,
            "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems"
        )
}
