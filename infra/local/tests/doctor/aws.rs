// SPDX-License-Identifier: EUPL-1.2
//! AWS on a port of this machine: an engine for the tables, and for the rest what a test says.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use aws_config::SdkConfig;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use domain::ids::LineId;
use dynoxide::Database;
use jiff::Timestamp;
use platform::settings::Settings;
use serde_json::{Value, json};
use store::{Store, tables};
use tokio::net::TcpListener;

use super::town::Town;

pub(crate) const STACK: &str = "filodiretto";

pub(crate) struct Aws {
    url: String,
    pub(crate) says: Arc<Mutex<Says>>,
}

/// What this AWS answers.
pub(crate) struct Says {
    tables_url: String,
    /// By the name of the parameter.
    pub(crate) parameters: HashMap<String, String>,
    /// Messages by the last part of a queue's URL.
    pub(crate) queues: HashMap<&'static str, u64>,
    pub(crate) region: &'static str,
    pub(crate) concurrency: u64,
    /// Targets and paths that are refused.
    pub(crate) denied: Vec<&'static str>,
}

impl Aws {
    /// With a deployment whose webhook and Meta are the town's.
    pub(crate) async fn with(town: &Town) -> Self {
        let listen = || async { TcpListener::bind("127.0.0.1:0").await.unwrap() };
        let url = |it: &TcpListener| format!("http://{}", it.local_addr().unwrap());
        let (engine, aws) = (listen().await, listen().await);
        let (tables_url, aws_url) = (url(&engine), url(&aws));
        tokio::spawn(dynoxide::server::serve_on(engine, Database::memory().unwrap()));
        let home = town.0.url();
        let queue = |name: &str| format!("{aws_url}/1/{STACK}-{name}");
        let deployment = json!({
            "api_url": home,
            "webhook_url": format!("{home}/webhook"),
            "tables": {"subscribers": "subscribers", "messages": "messages",
                "broadcasts": "broadcasts"},
            "queues": {"inbound": queue("inbound.fifo"), "sends": queue("sends"),
                "statuses": queue("statuses")},
            "dead_letters": {"inbound": queue("inbound-dead.fifo"), "standard": queue("dead")},
            "event_bus": STACK,
            "bucket": STACK,
        });
        let secrets = "META_APP_SECRET=local-app-secret\nMETA_VERIFY_TOKEN=local-verify-token\n\
             META_ACCESS_TOKEN=local-token";
        let parameters = [
            (format!("/filodiretto/{STACK}/deployment"), deployment.to_string()),
            (format!("/filodiretto/{STACK}/secrets/apps/default"), secrets.to_owned()),
        ];
        let says = Arc::new(Mutex::new(Says {
            tables_url,
            parameters: parameters.into(),
            queues: HashMap::new(),
            region: "ENABLED",
            concurrency: 1_000,
            denied: Vec::new(),
        }));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&says));
        tokio::spawn(async move { axum::serve(aws, router).await });
        let aws = Self { url: aws_url, says };
        let client = aws_sdk_dynamodb::Client::new(&aws.config());
        tables::create(&client, &local_stack::tables()).await.unwrap();
        aws.apply("pordenone", include_str!("../../../lines/pordenone.toml")).await;
        aws
    }

    /// Writes a line file into the tables as it is, right or wrong.
    pub(crate) async fn apply(&self, line: &str, file: &str) {
        let client = aws_sdk_dynamodb::Client::new(&self.config());
        let store = Store::new(client, local_stack::tables());
        store.apply_line(&LineId::new(line), file, Timestamp::now()).await.unwrap();
    }

    fn variables(&self) -> [(&str, &str); 4] {
        [
            ("AWS_REGION", "eu-south-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", &self.url),
        ]
    }

    pub(crate) fn config(&self) -> SdkConfig {
        Settings::given(self.variables()).aws().unwrap()
    }

    /// The command itself: exit code, standard output and standard error.
    pub(crate) async fn command(&self, town: &Town, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_filodiretto"));
        command
            .args(arguments)
            .env_clear()
            .envs(self.variables())
            .env("GRAPH_API_URL", format!("{}/graph", town.0.url()))
            .stdin(Stdio::null());
        let ended = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |it: Vec<u8>| String::from_utf8(it).unwrap();
        (ended.status.code().unwrap(), text(ended.stdout), text(ended.stderr))
    }
}

async fn answer(
    State(says): State<Arc<Mutex<Says>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let target = header("x-amz-target");
    let asked = if target.is_empty() { uri.path() } else { target };
    if says.lock().unwrap().denied.contains(&asked) {
        let error = json!({"__type": "AccessDeniedException", "message": "not authorized"});
        let name = [("x-amzn-errortype", "AccessDeniedException:http://internal.amazon.com/")];
        return (StatusCode::BAD_REQUEST, name, Json(error)).into_response();
    }
    let signed_for = |scope: &str| {
        let authorization = header("authorization");
        assert!(authorization.contains(&format!("/{scope}/aws4_request")), "{authorization}");
    };
    match asked {
        it if it.starts_with("DynamoDB_20120810.") => {
            return from_engine(&says, headers, body).await;
        }
        "/2016-08-19/account-settings" => signed_for("eu-south-1/lambda"),
        "/getRegionOptStatus" => signed_for("us-east-1/account"),
        _ => {}
    }
    let says = says.lock().unwrap();
    let of: Value = serde_json::from_slice(&body).unwrap_or_default();
    Json(match asked {
        "AmazonSSM.GetParameter" => {
            let name = of["Name"].as_str().unwrap();
            let Some(value) = says.parameters.get(name) else {
                let error = json!({"__type": "ParameterNotFound"});
                return (StatusCode::BAD_REQUEST, Json(error)).into_response();
            };
            json!({"Parameter": {"Name": name, "Value": value}})
        }
        "AmazonSSM.GetParametersByPath" => {
            let path = of["Path"].as_str().unwrap();
            let under = says.parameters.iter().filter(|(name, _)| name.starts_with(path));
            let under: Vec<_> =
                under.map(|(name, value)| json!({"Name": name, "Value": value})).collect();
            json!({"Parameters": under})
        }
        "AmazonSQS.GetQueueAttributes" => {
            let name = of["QueueUrl"].as_str().unwrap().rsplit('/').next().unwrap();
            let n = says.queues.get(name).copied().unwrap_or_default();
            json!({"Attributes": {"ApproximateNumberOfMessages": n.to_string(),
                "ApproximateNumberOfMessagesDelayed": "0",
                "ApproximateNumberOfMessagesNotVisible": "0"}})
        }
        "/2016-08-19/account-settings" => {
            json!({"AccountLimit": {"ConcurrentExecutions": says.concurrency}})
        }
        "/getRegionOptStatus" => {
            assert_eq!(of, json!({"RegionName": "eu-south-1"}));
            json!({"RegionName": "eu-south-1", "RegionOptStatus": says.region})
        }
        other => panic!("nobody answers {other} here"),
    })
    .into_response()
}

async fn from_engine(says: &Mutex<Says>, mut headers: HeaderMap, body: Bytes) -> Response {
    let url = says.lock().unwrap().tables_url.clone();
    headers.remove("host");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.post(url).headers(headers).body(body).send().await.unwrap();
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
    (status, answer.bytes().await.unwrap()).into_response()
}
