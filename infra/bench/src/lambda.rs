// SPDX-License-Identifier: EUPL-1.2
//! A function as the process it is on AWS: its release binary, fed by the Lambda Runtime API.
//!
//! Source: Lambda Developer Guide, runtime API.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

/// No start takes longer, and no invocation: Lambda's own limit.
const LIMIT: Duration = Duration::from_mins(15);

/// Where the binaries of this build are, ours among them.
pub(crate) fn binaries() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("find this binary")?;
    Ok(own.parent().context("find this binary's folder")?.to_owned())
}

/// A binary of this build.
pub(crate) fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let path = binaries()?.join(name);
    ensure!(path.exists(), "there is no binary {name} beside this one: run `make bench`");
    Ok(path)
}

/// A process that waits for events. Dropping it kills it.
pub(crate) struct Function {
    process: Child,
    began: Instant,
    events: mpsc::UnboundedSender<String>,
    said: mpsc::UnboundedReceiver<Said>,
    /// Ends with the function.
    _serving: JoinSet<()>,
}

/// What the process says to the runtime API, and when.
enum Said {
    Next(Instant),
    Done(Instant),
    Failed(String),
}

#[derive(Clone)]
struct Api {
    events: Arc<Mutex<mpsc::UnboundedReceiver<String>>>,
    said: mpsc::UnboundedSender<Said>,
}

impl Drop for Function {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Function {
    /// Starts the binary with this environment and nothing else of ours. Also the time from the
    /// spawn to its first request for an event.
    pub(crate) async fn start(
        binary: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> anyhow::Result<(Self, Duration)> {
        let (events, taken) = mpsc::unbounded_channel();
        let (says, said) = mpsc::unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listen")?;
        let address = listener.local_addr()?.to_string();
        let api = Api { events: Arc::new(Mutex::new(taken)), said: says };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(done))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .route("/2018-06-01/runtime/init/error", post(failed))
            .with_state(api);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            axum::serve(listener, router).await.ok();
        });
        let mut command = Command::new(binary);
        command
            .args(arguments)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("LOG_LEVEL", "error")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let began = Instant::now();
        let process = command.spawn().context("spawn the function")?;
        let mut function = Self { process, began, events, said, _serving: serving };
        let Said::Next(at) = function.hear().await? else {
            return Err(anyhow!("the function did not start"));
        };
        let took = at - function.began;
        Ok((function, took))
    }

    /// Hands it an event, and waits until it has answered. How long that took.
    pub(crate) async fn invoke(&mut self, event: &Value) -> anyhow::Result<Duration> {
        let began = Instant::now();
        self.events.send(event.to_string()).context("hand over an event")?;
        let mut ended = None;
        loop {
            match self.hear().await? {
                Said::Done(at) => ended = Some(at),
                Said::Failed(why) => return Err(anyhow!("the function failed: {why}")),
                // It asks for the next event after it has answered, or at its start.
                Said::Next(_) => {
                    if let Some(at) = ended {
                        return Ok(at - began);
                    }
                }
            }
        }
    }

    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }

    async fn hear(&mut self) -> anyhow::Result<Said> {
        let said = tokio::time::timeout(LIMIT, self.said.recv()).await;
        said.context("the function said nothing")?.context("the runtime API ended")
    }
}

async fn next(State(api): State<Api>) -> Response {
    api.said.send(Said::Next(Instant::now())).ok();
    let Some(event) = api.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline_ms = (jiff::Timestamp::now().as_millisecond() + 900_000).to_string();
    let headers = [
        ("lambda-runtime-aws-request-id", "1".to_owned()),
        ("lambda-runtime-deadline-ms", deadline_ms),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-south-1:0:function:b".to_owned(),
        ),
    ];
    (headers, event).into_response()
}

async fn done(State(api): State<Api>) -> StatusCode {
    api.said.send(Said::Done(Instant::now())).ok();
    StatusCode::ACCEPTED
}

async fn failed(State(api): State<Api>, why: Bytes) -> StatusCode {
    api.said.send(Said::Failed(String::from_utf8_lossy(&why).into_owned())).ok();
    StatusCode::ACCEPTED
}
