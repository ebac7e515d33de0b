// SPDX-License-Identifier: EUPL-1.2
//! Who asks AWS for what, written down while the tests run: a check holds it against the roles that
//! the template gives to the functions, both ways.
//!
//! A line of the file that `FILODIRETTO_CALLS` names is `function⇥action⇥resource`, as IAM calls
//! them: `sender  dynamodb:UpdateItem  table/broadcasts`. Without the variable nothing is written.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::{LazyLock, Mutex, PoisonError};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use platform::settings::Settings;
use serde_json::Value;
use store::Store;

static FILE: LazyLock<Option<String>> =
    LazyLock::new(|| Settings::from_env().optional("FILODIRETTO_CALLS").map(str::to_owned));

/// What this process has written.
static WRITTEN: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// The same store, whose calls are written down as this function's.
pub(crate) fn noted(store: &Store, function: &'static str) -> Store {
    if FILE.is_none() {
        return store.clone();
    }
    store.through(|config| config.interceptor(Noted(function)))
}

/// Writes down a request as AWS gets it: its `X-Amz-Target`, and its JSON.
pub fn note(function: &str, target: &str, body: &[u8]) {
    let Some(file) = &*FILE else { return };
    let body = serde_json::from_slice(body).unwrap_or_default();
    let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    for (action, resource) in asked(target, &body) {
        let line = format!("{function}\t{action}\t{resource}\n");
        if written.insert(line.clone()) {
            let opened = OpenOptions::new().create(true).append(true).open(file);
            let appended = opened.and_then(|mut it| it.write_all(line.as_bytes()));
            appended.expect("the file of calls can be written");
        }
    }
}

/// The permissions that a request needs. Source: Service Authorization Reference; a transaction
/// needs those of its parts, a batch of messages that of one.
fn asked(target: &str, body: &Value) -> Vec<(String, String)> {
    let (service, operation) = target.split_once('.').unwrap_or_default();
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let last = |it: &Value| text(it).rsplit('/').next().unwrap_or_default().to_owned();
    let table = |it: &Value| format!("table/{}", text(&it["TableName"]));
    let dynamodb = |operation: &str, on: String| (format!("dynamodb:{operation}"), on);
    match (service, operation) {
        ("AmazonSQS", "SendMessage" | "SendMessageBatch") => {
            vec![("sqs:SendMessage".to_owned(), last(&body["QueueUrl"]))]
        }
        ("AWSEvents", operation) => {
            let buses = body["Entries"].as_array().into_iter().flatten();
            buses.map(|it| (format!("events:{operation}"), text(&it["EventBusName"]))).collect()
        }
        ("DynamoDB_20120810", "TransactWriteItems") => {
            let parts = body["TransactItems"].as_array().into_iter().flatten();
            let parts = parts.filter_map(|it| it.as_object()?.iter().next());
            parts
                .map(|(kind, part)| match kind.as_str() {
                    "ConditionCheck" => dynamodb("ConditionCheckItem", table(part)),
                    kind => dynamodb(&format!("{kind}Item"), table(part)),
                })
                .collect()
        }
        ("DynamoDB_20120810", "BatchGetItem" | "BatchWriteItem") => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            tables.map(|(it, _)| dynamodb(operation, format!("table/{it}"))).collect()
        }
        ("DynamoDB_20120810", operation) => {
            let on = match body["IndexName"].as_str() {
                Some(index) => format!("{}/index/{index}", table(body)),
                None => table(body),
            };
            vec![dynamodb(operation, on)]
        }
        (service, operation) => vec![(format!("{service}:{operation}"), String::new())],
    }
}

/// Reads each request of one function's client on its way out.
#[derive(Debug)]
struct Noted(&'static str);

impl Intercept for Noted {
    fn name(&self) -> &'static str {
        "Noted"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        note(self.0, target, request.body().bytes().unwrap_or_default());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_needs_the_permissions_of_its_parts() {
        let put = json!({ "Put": { "TableName": "messages" } });
        let check = json!({ "ConditionCheck": { "TableName": "subscribers" } });
        let entry = json!({ "EventBusName": "bus" });
        for (target, body, needed) in [
            (
                "DynamoDB_20120810.TransactWriteItems",
                json!({ "TransactItems": [put, check] }),
                vec![
                    ("dynamodb:PutItem", "table/messages"),
                    ("dynamodb:ConditionCheckItem", "table/subscribers"),
                ],
            ),
            (
                "DynamoDB_20120810.BatchGetItem",
                json!({ "RequestItems": { "broadcasts": {} } }),
                vec![("dynamodb:BatchGetItem", "table/broadcasts")],
            ),
            (
                "DynamoDB_20120810.Query",
                json!({ "TableName": "broadcasts", "IndexName": "due" }),
                vec![("dynamodb:Query", "table/broadcasts/index/due")],
            ),
            (
                "AmazonSQS.SendMessageBatch",
                json!({ "QueueUrl": "http://127.0.0.1:9/0/inbound.fifo" }),
                vec![("sqs:SendMessage", "inbound.fifo")],
            ),
            (
                "AWSEvents.PutEvents",
                json!({ "Entries": [entry] }),
                vec![("events:PutEvents", "bus")],
            ),
        ] {
            let asked = asked(target, &body);
            let asked: Vec<_> = asked.iter().map(|(a, r)| (a.as_str(), r.as_str())).collect();
            assert_eq!(asked, needed, "{target}");
        }
    }
}
