// SPDX-License-Identifier: EUPL-1.2
//! AWS in this process: the real clients speak their own JSON to an engine, to queues, and to a
//! bus that keeps what was published. There is no socket and no other thread.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, HttpClient, Region, RuntimeComponents, StalledStreamProtectionConfig,
};
use aws_sdk_dynamodb::error::ConnectorError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_types::SdkConfig;
use dynoxide::Database;
use local_stack::calls;
use platform::events::SOURCE;
use platform::queue::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::outside::{Lane, Mishap, Outside, Refusal};
use super::queues::Post;

/// Where the clients believe AWS to be. Nothing is ever connected to it.
const ENDPOINT: &str = "http://aws.test";

/// HTTP status and JSON.
type Answer = (u16, String);

/// What was published: its type and its detail.
pub(crate) type Published = (String, Value);

pub(crate) struct Aws {
    pub(crate) outside: Arc<Outside>,
    database: Database,
    /// By the last part of their URL.
    queues: HashMap<&'static str, Post>,
    events: Mutex<VecDeque<Published>>,
    /// As the index was when it was last fresh, while it is stale.
    stale_index: Mutex<Staleness>,
    /// The requests that made the tables.
    made: Mutex<Vec<String>>,
}

/// What queries of the index of due broadcasts are answered with.
#[derive(Default)]
enum Staleness {
    #[default]
    Fresh,
    /// So many more queries get the answer that the first of them got.
    Stale { left: usize, answer: Option<String> },
}

impl Aws {
    pub(crate) fn new(outside: Arc<Outside>, queues: HashMap<&'static str, Post>) -> Arc<Self> {
        let database = Database::memory().unwrap();
        let (events, stale_index, made) = Default::default();
        Arc::new(Self { outside, database, queues, events, stale_index, made })
    }

    /// What the clients of a process are made from. They never try again by themselves: who tries
    /// again is what the stories are about.
    pub(crate) fn config(self: &Arc<Self>, lane: Lane) -> SdkConfig {
        let credentials = Credentials::new("test", "test", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-south-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(ENDPOINT)
            .http_client(Border { lane, aws: Arc::clone(self) })
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build()
    }

    /// The oldest event that nobody has taken.
    pub(crate) fn next_event(&self) -> Option<Published> {
        self.events.lock().unwrap().pop_front()
    }

    /// The next queries of the index of due broadcasts get the answer the first of them gets.
    pub(crate) fn index_is_stale_for(&self, queries: usize) {
        *self.stale_index.lock().unwrap() = Staleness::Stale { left: queries, answer: None };
    }

    /// The requests that made the tables, to make another world's.
    pub(crate) fn made(&self) -> Vec<String> {
        self.made.lock().unwrap().clone()
    }

    /// Makes the tables and fills them, as they were in another world.
    pub(crate) fn restore(&self, tables: &[String], items: &[(String, Value)]) {
        let put = |(table, item): &(String, Value)| {
            ("PutItem", json!({ "TableName": table, "Item": item }).to_string())
        };
        let tables = tables.iter().map(|it| ("CreateTable", it.clone()));
        for (operation, body) in tables.chain(items.iter().map(put)) {
            let (status, answer) = self.dynamodb(operation, &body);
            assert_eq!(status, 200, "{answer}");
        }
    }

    /// Every item, as `(table, item)`, to start another world with.
    pub(crate) fn everything(&self, tables: &[&str]) -> Vec<(String, Value)> {
        let items = |table: &&str| {
            let scan = json!({ "TableName": table }).to_string();
            let (status, answer) = self.dynamodb("Scan", &scan);
            assert_eq!(status, 200, "{answer}");
            let answer: Value = serde_json::from_str(&answer).unwrap();
            let items = answer["Items"].as_array().unwrap().clone();
            items.into_iter().map(|it| ((*table).to_owned(), it)).collect::<Vec<_>>()
        };
        tables.iter().flat_map(items).collect()
    }

    fn answer(&self, target: &str, body: &str) -> Answer {
        match target.split_once('.').unwrap_or_default() {
            ("DynamoDB_20120810", "Query") if body.contains("\"IndexName\":\"due\"") => {
                self.due(body)
            }
            ("DynamoDB_20120810", operation) => self.dynamodb(operation, body),
            ("AmazonSQS", "SendMessageBatch") => self.send_batch(body),
            ("AWSEvents", "PutEvents") => self.put_events(body),
            _ => panic!("nobody answers {target} here"),
        }
    }

    fn due(&self, body: &str) -> Answer {
        let mut index = self.stale_index.lock().unwrap();
        let Staleness::Stale { left, answer } = &mut *index else {
            return self.dynamodb("Query", body);
        };
        let answer = answer.get_or_insert_with(|| self.dynamodb("Query", body).1).clone();
        *left -= 1;
        if *left == 0 {
            *index = Staleness::Fresh;
        }
        (200, answer)
    }

    fn dynamodb(&self, operation: &str, body: &str) -> Answer {
        let it = &self.database;
        match operation {
            "CreateTable" => {
                self.made.lock().unwrap().push(body.to_owned());
                done(body, |asked| it.create_table(asked))
            }
            "DescribeTable" => done(body, |asked| it.describe_table(asked)),
            "UpdateTimeToLive" => done(body, |asked| it.update_time_to_live(asked)),
            "GetItem" => done(body, |asked| it.get_item(asked)),
            "PutItem" => done(body, |asked| it.put_item(asked)),
            "UpdateItem" => done(body, |asked| it.update_item(asked)),
            "DeleteItem" => done(body, |asked| it.delete_item(asked)),
            "Query" => done(body, |asked| it.query(asked)),
            "Scan" => done(body, |asked| it.scan(asked)),
            "BatchGetItem" => done(body, |asked| it.batch_get_item(asked)),
            "BatchWriteItem" => done(body, |asked| it.batch_write_item(asked)),
            "TransactWriteItems" => done(body, |asked| it.transact_write_items(asked)),
            _ => panic!("DynamoDB's {operation} is not here yet"),
        }
    }

    fn send_batch(&self, body: &str) -> Answer {
        let asked: Value = serde_json::from_str(body).unwrap();
        let url = asked["QueueUrl"].as_str().unwrap();
        let queue = &self.queues[url.rsplit('/').next().unwrap()];
        let entries = asked["Entries"].as_array().unwrap();
        let text = |it: &Value| it.as_str().map(str::to_owned);
        let messages = entries.iter().map(|it| Message {
            body: text(&it["MessageBody"]).unwrap(),
            delay: Duration::from_secs(it["DelaySeconds"].as_u64().unwrap_or(0)),
            group: text(&it["MessageGroupId"]),
            deduplication: text(&it["MessageDeduplicationId"]),
        });
        queue.send(messages);
        let taken = entries
            .iter()
            .map(|it| json!({ "Id": it["Id"], "MessageId": it["Id"], "MD5OfMessageBody": "" }));
        let taken: Vec<_> = taken.collect();
        (200, json!({ "Successful": taken, "Failed": [] }).to_string())
    }

    fn put_events(&self, body: &str) -> Answer {
        let asked: Value = serde_json::from_str(body).unwrap();
        let entries = asked["Entries"].as_array().unwrap();
        for it in entries {
            assert_eq!(it["Source"], SOURCE);
            let detail = serde_json::from_str(it["Detail"].as_str().unwrap()).unwrap();
            let event = (it["DetailType"].as_str().unwrap().to_owned(), detail);
            self.events.lock().unwrap().push_back(event);
        }
        let taken: Vec<_> = entries.iter().map(|_| json!({ "EventId": "1" })).collect();
        (200, json!({ "FailedEntryCount": 0, "Entries": taken }).to_string())
    }

    /// A batch of which the first half is done.
    fn partly(&self, target: &str, body: &str) -> Answer {
        let mut asked: Value = serde_json::from_str(body).unwrap();
        if target.ends_with("BatchGetItem") {
            let mut left = json!({});
            for (table, asked) in asked["RequestItems"].as_object_mut().unwrap() {
                let keys = asked["Keys"].as_array_mut().unwrap();
                let rest = keys.split_off(keys.len() / 2);
                left[table] = asked.clone();
                left[table]["Keys"] = rest.into();
            }
            let mut answer = json!({ "Responses": {} });
            let asks = |it: &Value| !it["Keys"].as_array().unwrap().is_empty();
            if asked["RequestItems"].as_object().unwrap().values().all(asks) {
                let (_, done) = self.dynamodb("BatchGetItem", &asked.to_string());
                answer = serde_json::from_str(&done).unwrap();
            }
            answer["UnprocessedKeys"] = left;
            return (200, answer.to_string());
        }
        refused(target, Refusal::Throttled)
    }
}

fn done<Q: DeserializeOwned, A: Serialize>(
    body: &str,
    perform: impl FnOnce(Q) -> dynoxide::Result<A>,
) -> Answer {
    let asked = serde_json::from_str(body).unwrap();
    match perform(asked) {
        Ok(answer) => (200, serde_json::to_string(&answer).unwrap()),
        Err(err) => (err.status_code(), err.to_json()),
    }
}

/// How a service says that it did nothing. Source: each service's API Reference, common errors.
fn refused(target: &str, refusal: Refusal) -> Answer {
    let dynamodb = |name: &str| format!("com.amazonaws.dynamodb.v20120810#{name}");
    let (service, operation) = target.split_once('.').unwrap_or_default();
    let (status, body) = match (service, operation, refusal) {
        ("DynamoDB_20120810", "TransactWriteItems", refusal) => {
            let code = match refusal {
                Refusal::Conflict => "TransactionConflict",
                _ => "ProvisionedThroughputExceeded",
            };
            let reasons = json!([{ "Code": code, "Message": "injected" }, { "Code": "None" }]);
            let name = dynamodb("TransactionCanceledException");
            let message = "Transaction cancelled, please refer cancellation reasons";
            let body =
                json!({ "__type": name, "Message": message, "CancellationReasons": reasons });
            (400, body)
        }
        ("DynamoDB_20120810", _, Refusal::Conflict) => {
            let name = dynamodb("TransactionConflictException");
            (400, json!({ "__type": name, "message": "injected" }))
        }
        ("DynamoDB_20120810", ..) => {
            let name = dynamodb("ProvisionedThroughputExceededException");
            (400, json!({ "__type": name, "message": "injected" }))
        }
        _ => (503, json!({ "__type": "ServiceUnavailable", "message": "injected" })),
    };
    (status, body.to_string())
}

/// The way out for the clients of one process.
#[derive(Clone)]
struct Border {
    lane: Lane,
    aws: Arc<Aws>,
}

impl fmt::Debug for Border {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Border({:?})", self.lane)
    }
}

impl HttpClient for Border {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Border {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { lane, aws } = self.clone();
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
            let body = request.body().bytes().unwrap_or_default().to_vec();
            if let Some(function) = lane.function(&target) {
                calls::note(function, &target, &body);
            }
            let body = String::from_utf8(body).unwrap();
            let what = || name(&target, &body);
            let answered = aws.outside.call(lane, what, async { aws.answer(&target, &body) }).await;
            let (status, answer) = match answered {
                Ok(answer) => answer,
                Err(Mishap::Refused(Refusal::Partly)) => aws.partly(&target, &body),
                Err(Mishap::Refused(refusal)) => refused(&target, refusal),
                Err(_) => return Err(ConnectorError::io("the answer was lost".into())),
            };
            let status = status.try_into().expect("a status of HTTP");
            Ok(HttpResponse::new(status, answer.into()))
        })
    }
}

/// `dynamodb UpdateItem broadcasts`.
fn name(target: &str, body: &str) -> String {
    let (service, operation) = target.split_once('.').unwrap_or_default();
    let service = match service {
        "DynamoDB_20120810" => "dynamodb",
        "AmazonSQS" => "sqs",
        _ => "events",
    };
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let key = [&body["Key"], &body["Item"]].into_iter().find_map(|it| it["pk"]["S"].as_str());
    // The first part of a key says what the item is; what follows says whose.
    let on = key.and_then(|it| it.split('#').next()).unwrap_or_default();
    format!("{service} {operation} {on}").trim_end().to_owned()
}
