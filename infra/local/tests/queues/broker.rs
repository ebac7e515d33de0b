// SPDX-License-Identifier: EUPL-1.2
//! What the local stack asks of its broker beyond SQS: what is due, whether all is worked off.

use std::time::Duration;

use jiff::SignedDuration;
use local_stack::broker::{Depth, QueueOptions, Requests};
use platform::queue::QueueError;

use super::bench::*;

async fn depth(broker: &local_stack::broker::Broker, name: &str) -> Depth {
    broker.depths().await.unwrap()[name]
}

#[tokio::test]
async fn each_message_is_counted_once() {
    let (broker, _) = broker();
    let queue = broker.create("q", QueueOptions::default()).await.unwrap();
    let messages = vec![message("a"), message("b"), message("c").after(MINUTE)];
    queue.send(messages).await.unwrap();
    assert_eq!(depth(&broker, "q").await, Depth { visible: 2, delayed: 1, in_flight: 0 });
    let received = receive(&queue).await;
    assert_eq!(depth(&broker, "q").await, Depth { visible: 0, delayed: 1, in_flight: 2 });
    queue.give_back(received[0].receipt.clone(), MINUTE).await.unwrap();
    assert_eq!(depth(&broker, "q").await, Depth { visible: 0, delayed: 2, in_flight: 1 });
    delete(&queue, &received[1..]).await;
    assert_eq!(depth(&broker, "q").await, Depth { visible: 0, delayed: 2, in_flight: 0 });
}

#[tokio::test]
async fn requests_are_counted_as_sqs_bills_them() {
    let (broker, _) = broker();
    let queue = broker.create("q", QueueOptions::default()).await.unwrap();
    send(&queue, &["a", "b", "c"]).await;
    send(&queue, &["x".repeat(3 * 64 * 1024).as_str()]).await;
    let received = receive(&queue).await;
    queue.give_back(received[0].receipt.clone(), MINUTE).await.unwrap();
    delete(&queue, &received[1..]).await;
    assert!(receive(&queue).await.is_empty());
    // Every 64 KiB begun is a request: three for the large one, a fourth where others come along.
    let want =
        Requests { sends: 4, receives: 4, empty_receives: 1, deletes: 1, visibility_changes: 1 };
    assert_eq!(broker.requests().await.unwrap()["q"], want);
}

#[tokio::test]
async fn what_waits_behind_its_group_is_not_visible() {
    let (broker, _) = broker();
    let fifo = QueueOptions { fifo: true, ..QueueOptions::default() };
    let queue = broker.create("q", fifo).await.unwrap();
    send_of(&queue, "g", &["1", "2"]).await;
    queue.receive(1, MINUTE).await.unwrap();
    assert_eq!(depth(&broker, "q").await, Depth { visible: 0, delayed: 1, in_flight: 1 });
}

#[tokio::test]
async fn next_due_is_the_earliest_that_waits_and_not_what_is_in_flight() {
    let (broker, clock) = broker();
    let queue = broker.create("q", QueueOptions::default()).await.unwrap();
    assert_eq!(broker.next_due().await.unwrap(), None);
    let start = platform::clock::Clock::Shifted(clock.clone()).now();
    let (soon, late) = (message("soon").after(2 * MINUTE), message("late").after(9 * MINUTE));
    queue.send(vec![late, soon, message("now")]).await.unwrap();
    receive_one(&queue).await;

    let minutes = |due: Option<jiff::Timestamp>| {
        due.map(|it| it.duration_since(start).round(jiff::Unit::Minute).unwrap())
    };
    let due = minutes(broker.next_due().await.unwrap());
    assert_eq!(due, Some(SignedDuration::from_mins(2)));
    clock.advance(2 * MINUTE);
    let due = minutes(broker.next_due().await.unwrap());
    assert_eq!(due, Some(SignedDuration::from_mins(9)));
}

#[tokio::test]
async fn idle_means_nothing_visible_and_nothing_in_flight() {
    let (broker, clock) = broker();
    let queue = broker.create("q", QueueOptions::default()).await.unwrap();
    queue.send(vec![message("later").after(MINUTE)]).await.unwrap();
    assert!(broker.idle().await.unwrap());
    clock.advance(MINUTE);
    assert!(!broker.idle().await.unwrap());
    let received = receive_one(&queue).await;
    assert!(!broker.idle().await.unwrap());
    queue.give_back(received.receipt, MINUTE).await.unwrap();
    assert!(broker.idle().await.unwrap());
}

#[tokio::test]
async fn dead_letters_are_not_work() {
    let (broker, _) = broker();
    let dead_letters = broker.create("dead", QueueOptions::default()).await.unwrap();
    let max_receives = Some((5, "dead".to_owned()));
    let options = QueueOptions { max_receives, ..QueueOptions::default() };
    broker.create("q", options).await.unwrap();
    dead_letters.send(vec![message("a"), message("b").after(MINUTE)]).await.unwrap();
    assert!(broker.idle().await.unwrap());
    assert_eq!(broker.next_due().await.unwrap(), None);
    assert_eq!(depth(&broker, "dead").await.visible, 1);
}

#[tokio::test]
async fn who_waits_for_work_is_woken_by_a_message() {
    let (broker, _) = broker();
    let queue = broker.create("q", QueueOptions::default()).await.unwrap();
    let (woken, ()) = tokio::join!(soon(broker.wait_for_work("q")), send(&queue, &["a"]));
    woken.unwrap();
    assert_eq!(receive_one(&queue).await.body, "a");
}

#[tokio::test]
async fn who_waits_for_work_is_woken_by_the_clock() {
    let (broker, clock) = broker();
    let queue = broker.create("q", QueueOptions::default()).await.unwrap();
    queue.send(vec![message("later").after(10 * MINUTE)]).await.unwrap();
    let mut waiting = std::pin::pin!(broker.wait_for_work("q"));
    let not_yet = tokio::time::timeout(Duration::from_millis(50), &mut waiting).await;
    assert!(not_yet.is_err(), "nothing is visible yet");
    clock.advance(10 * MINUTE);
    soon(waiting).await.unwrap();
}

#[tokio::test]
async fn who_waits_for_work_is_woken_as_real_time_passes() {
    let (broker, _) = broker();
    let queue = broker.create("q", QueueOptions::default()).await.unwrap();
    queue.send(vec![message("soon").after(Duration::from_millis(100))]).await.unwrap();
    soon(broker.wait_for_work("q")).await.unwrap();
    assert_eq!(receive_one(&queue).await.body, "soon");
}

#[tokio::test]
async fn a_queue_nobody_made_is_refused() {
    let (broker, _) = broker();
    assert!(broker.queue("q").await.is_err());
    broker.create("q", QueueOptions::default()).await.unwrap();
    assert!(broker.queue("q").await.is_ok());
}

#[tokio::test]
async fn a_queue_whose_broker_is_gone_is_unavailable() {
    let (broker, _) = broker();
    let queue = broker.create("q", QueueOptions::default()).await.unwrap();
    drop(broker);
    let received = queue.receive(1, MINUTE).await;
    assert!(matches!(received, Err(QueueError::Unavailable { .. })));
}
