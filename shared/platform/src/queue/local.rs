// SPDX-License-Identifier: EUPL-1.2
//! The near end of the local stack's queues: a handle, and the requests that its broker serves.
//!
//! The broker itself is in the local stack, so that no function carries an embedded database.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::{Failed, Message, QueueError, Received};

/// A queue of the local broker.
#[derive(Clone)]
pub struct LocalQueue {
    name: Arc<str>,
    requests: mpsc::Sender<Request>,
    arrivals: watch::Receiver<u64>,
}

/// One thing to do with one queue.
pub struct Request {
    pub queue: Arc<str>,
    pub operation: Operation,
}

/// Where an answer goes. Dropped unanswered if what was asked could not be made durable.
pub type Reply<T> = oneshot::Sender<Result<T, QueueError>>;

/// The broker answers only after the effect would survive a crash.
pub enum Operation {
    Send { messages: Vec<Message>, reply: Reply<Vec<Failed>> },
    Receive { max: usize, visibility: Duration, reply: Reply<Vec<Received>> },
    Delete { receipts: Vec<String>, reply: Reply<Vec<Failed>> },
    ChangeVisibility { receipt: String, visibility: Duration, reply: Reply<()> },
    GiveBack { receipt: String, delay: Duration, reply: Reply<()> },
}

impl LocalQueue {
    /// `arrivals` changes whenever the queue may have something new to receive.
    pub fn new(
        name: impl Into<Arc<str>>,
        requests: mpsc::Sender<Request>,
        arrivals: watch::Receiver<u64>,
    ) -> Self {
        Self { name: name.into(), requests, arrivals }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrivals.clone()
    }

    pub(super) async fn send_batch(
        &self,
        messages: Vec<Message>,
    ) -> Result<Vec<Failed>, QueueError> {
        self.ask(|reply| Operation::Send { messages, reply }).await
    }

    pub(super) async fn receive(
        &self,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Received>, QueueError> {
        self.ask(|reply| Operation::Receive { max, visibility, reply }).await
    }

    pub(super) async fn delete(&self, receipts: Vec<String>) -> Result<(), QueueError> {
        let total = receipts.len();
        let failed = self.ask(|reply| Operation::Delete { receipts, reply }).await?;
        super::none_failed(&failed, total)
    }

    pub(super) async fn change_visibility(
        &self,
        receipt: String,
        visibility: Duration,
    ) -> Result<(), QueueError> {
        self.ask(|reply| Operation::ChangeVisibility { receipt, visibility, reply }).await
    }

    pub(super) async fn give_back(
        &self,
        receipt: String,
        delay: Duration,
    ) -> Result<(), QueueError> {
        self.ask(|reply| Operation::GiveBack { receipt, delay, reply }).await
    }

    async fn ask<T>(&self, operation: impl FnOnce(Reply<T>) -> Operation) -> Result<T, QueueError> {
        let (reply, answer) = oneshot::channel();
        let request = Request { queue: Arc::clone(&self.name), operation: operation(reply) };
        self.requests.send(request).await.map_err(|_| unavailable("broker closed"))?;
        answer.await.map_err(|_| unavailable("not written"))?
    }
}

fn unavailable(code: &str) -> QueueError {
    QueueError::Unavailable { code: code.to_owned(), request_id: "none".to_owned() }
}
