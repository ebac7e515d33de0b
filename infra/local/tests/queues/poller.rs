// SPDX-License-Identifier: EUPL-1.2
//! How a function is fed from a queue.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use local_stack::broker::{Broker, QueueOptions};
use local_stack::poller::{Polling, poll};
use platform::clock::Shifted;
use platform::queue::Queue;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::bench::*;

const ONE_BY_ONE: Polling =
    Polling { batch: 10, window: Duration::ZERO, concurrency: 1, visibility: MINUTE };

/// A queue and the function that is fed from it.
struct Fed {
    broker: Broker,
    clock: Shifted,
    queue: Queue,
    stop: oneshot::Sender<()>,
    poller: JoinHandle<()>,
}

impl Fed {
    async fn by<H, F>(options: QueueOptions, how: Polling, handler: H) -> Self
    where
        H: Fn(SqsEvent) -> F + Send + Sync + 'static,
        F: Future<Output = SqsBatchResponse> + Send + 'static,
    {
        let (broker, clock) = broker();
        let queue = broker.create("q", options).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { drop(stopped.await) };
        let poller = tokio::spawn(poll(queue.clone(), how, broker.hurry(), handler, shutdown));
        Self { broker, clock, queue, stop, poller }
    }

    async fn worked_off(&self) {
        soon(self.broker.worked_off()).await.unwrap();
    }
}

/// All bodies seen so far, and how often each was received.
type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// Fails the records whose body begins with `bad`.
fn handler(seen: &Seen) -> impl Fn(SqsEvent) -> std::future::Ready<SqsBatchResponse> + use<> {
    let seen = Arc::clone(seen);
    move |event| {
        let mut response = SqsBatchResponse::default();
        for record in event.records {
            let body = record.body.unwrap();
            if body.starts_with("bad") {
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = record.message_id.unwrap();
                response.batch_item_failures.push(failure);
            }
            let count = record.attributes["ApproximateReceiveCount"].clone();
            seen.lock().unwrap().push((body, count));
        }
        std::future::ready(response)
    }
}

fn taken(seen: &Seen) -> Vec<(String, String)> {
    let mut seen = std::mem::take(&mut *seen.lock().unwrap());
    seen.sort();
    seen
}

fn once(bodies: &[&str], count: &str) -> Vec<(String, String)> {
    bodies.iter().map(|it| ((*it).to_owned(), count.to_owned())).collect()
}

#[tokio::test]
async fn what_succeeded_is_deleted_and_what_failed_comes_back_after_its_visibility() {
    let seen = Seen::default();
    let fed = Fed::by(QueueOptions::default(), ONE_BY_ONE, handler(&seen)).await;
    send(&fed.queue, &["a", "bad", "c"]).await;
    fed.worked_off().await;
    assert_eq!(taken(&seen), once(&["a", "bad", "c"], "1"));

    fed.clock.advance(MINUTE);
    fed.worked_off().await;
    assert_eq!(taken(&seen), once(&["bad"], "2"));
}

#[tokio::test]
async fn what_fails_every_time_ends_as_a_dead_letter() {
    let seen = Seen::default();
    let max_receives = Some((2, "dead".to_owned()));
    let options = QueueOptions { max_receives, ..QueueOptions::default() };
    let fed = Fed::by(options, ONE_BY_ONE, handler(&seen)).await;
    let dead_letters = fed.broker.create("dead", QueueOptions::default()).await.unwrap();
    send(&fed.queue, &["bad"]).await;
    for _ in 0..4 {
        fed.worked_off().await;
        fed.clock.advance(MINUTE);
    }
    fed.worked_off().await;
    assert_eq!(taken(&seen).len(), 2);
    assert_eq!(receive_one(&dead_letters).await.body, "bad");
}

#[tokio::test]
async fn what_comes_within_the_window_is_one_batch() {
    let (sizes, how) = (Arc::new(Mutex::new(Vec::new())), Polling { batch: 25, ..ONE_BY_ONE });
    let how = Polling { window: 60 * MINUTE, ..how };
    let seen = Arc::clone(&sizes);
    let fed = Fed::by(QueueOptions::default(), how, move |event| {
        seen.lock().unwrap().push(event.records.len());
        std::future::ready(SqsBatchResponse::default())
    })
    .await;
    for _ in 0..3 {
        send(&fed.queue, &["a"; 10]).await;
    }
    assert!(sizes.lock().unwrap().is_empty(), "nothing before its time");
    // Whoever waits for it does not wait for the window.
    fed.worked_off().await;
    assert_eq!(*sizes.lock().unwrap(), [25, 5]);
    let asked = fed.broker.requests().await.unwrap()["q"];
    assert_eq!((asked.sends, asked.receives, asked.deletes), (3, 4, 4));
}

#[tokio::test]
async fn a_record_names_its_group() {
    let groups = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&groups);
    let fifo = QueueOptions { fifo: true, ..QueueOptions::default() };
    let fed = Fed::by(fifo, ONE_BY_ONE, move |event| {
        let of = |it: &aws_lambda_events::sqs::SqsMessage| it.attributes["MessageGroupId"].clone();
        seen.lock().unwrap().extend(event.records.iter().map(of));
        std::future::ready(SqsBatchResponse::default())
    })
    .await;
    send_of(&fed.queue, "g", &["1", "2"]).await;
    fed.worked_off().await;
    assert_eq!(*groups.lock().unwrap(), ["g", "g"]);
}

#[tokio::test]
async fn a_function_that_panics_gets_its_batch_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let fed = Fed::by(QueueOptions::default(), ONE_BY_ONE, move |_| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            assert!(!first, "the first call");
            SqsBatchResponse::default()
        }
    })
    .await;
    send(&fed.queue, &["a"]).await;
    fed.worked_off().await;
    fed.clock.advance(MINUTE);
    fed.worked_off().await;
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    assert_eq!(fed.broker.next_due().await.unwrap(), None);
}

#[tokio::test]
async fn an_id_that_was_not_in_the_batch_fails_the_whole_of_it() {
    let fed = Fed::by(QueueOptions::default(), ONE_BY_ONE, |_| {
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures.push(BatchItemFailure::default());
        std::future::ready(response)
    })
    .await;
    send(&fed.queue, &["a", "b"]).await;
    fed.worked_off().await;
    assert_eq!(fed.broker.depths().await.unwrap()["q"].delayed, 2);
}

#[tokio::test]
async fn there_are_never_more_invocations_than_allowed() {
    let (now, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let (now, seen) = (Arc::new(now), Arc::clone(&most));
    let how = Polling { batch: 1, concurrency: 3, ..ONE_BY_ONE };
    let fed = Fed::by(QueueOptions::default(), how, move |_| {
        let (now, most) = (Arc::clone(&now), Arc::clone(&seen));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            now.fetch_sub(1, Ordering::SeqCst);
            SqsBatchResponse::default()
        }
    })
    .await;
    send(&fed.queue, &["a"; 30]).await;
    fed.worked_off().await;
    let most = most.load(Ordering::SeqCst);
    assert!((1..=3).contains(&most), "{most} at a time");
}

#[tokio::test]
async fn a_shutdown_waits_for_what_was_begun() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&begun), Arc::clone(&go_on));
    let fed = Fed::by(QueueOptions::default(), ONE_BY_ONE, move |_| {
        let (tell, wait) = (Arc::clone(&tell), Arc::clone(&wait));
        async move {
            tell.notify_one();
            wait.notified().await;
            SqsBatchResponse::default()
        }
    })
    .await;
    send(&fed.queue, &["a"]).await;
    soon(begun.notified()).await;
    fed.stop.send(()).unwrap();
    assert_eq!(fed.broker.depths().await.unwrap()["q"].in_flight, 1);
    go_on.notify_one();
    soon(fed.poller).await.unwrap();
    assert_eq!(fed.broker.depths().await.unwrap()["q"], local_stack::broker::Depth::default());
}
