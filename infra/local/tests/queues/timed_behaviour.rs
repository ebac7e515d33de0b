// SPDX-License-Identifier: EUPL-1.2
//! What a queue does as time passes. A second SQS has no clock that a test can move, so only the
//! broker is held to these.

use std::time::Duration;

use local_stack::broker::QueueOptions;
use platform::queue::QueueError;

use super::bench::*;

const HALF_MINUTE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_delayed_message_is_received_when_its_time_has_come() {
    let (broker, clock) = broker();
    let queue = broker.create("q", QueueOptions::default()).await.unwrap();
    queue.send(vec![message("later").after(15 * MINUTE)]).await.unwrap();
    clock.advance(29 * HALF_MINUTE);
    expect_nothing(&queue).await;
    clock.advance(HALF_MINUTE);
    assert_eq!(receive_one(&queue).await.body, "later");
}

// Not for a second SQS: emulators take any delay in a batch.
#[tokio::test]
async fn a_delay_of_more_than_a_quarter_of_an_hour_is_refused() {
    let (broker, _) = broker();
    let queue = broker.create("q", QueueOptions::default()).await.unwrap();
    let mut too_late = message("too late");
    too_late.delay = 16 * MINUTE;
    let failed = queue.send_batch(vec![message("a"), too_late]).await.unwrap();
    let failed: Vec<_> = failed.iter().map(|it| (it.index, it.code.as_str())).collect();
    assert_eq!(failed, [(1, "InvalidParameterValue")]);
}

#[tokio::test]
async fn what_is_not_deleted_comes_back_after_its_visibility() {
    let (broker, clock) = broker();
    let queue = broker.create("q", QueueOptions::default()).await.unwrap();
    send(&queue, &["a"]).await;
    receive_one(&queue).await;
    clock.advance(HALF_MINUTE);
    expect_nothing(&queue).await;
    clock.advance(HALF_MINUTE);
    assert_eq!(receive_one(&queue).await.receive_count, 2);
}

#[tokio::test]
async fn a_longer_visibility_counts_from_when_it_was_asked_for() {
    let (broker, clock) = broker();
    let queue = broker.create("q", QueueOptions::default()).await.unwrap();
    send(&queue, &["a"]).await;
    let received = receive_one(&queue).await;
    clock.advance(HALF_MINUTE);
    queue.change_visibility(received.receipt, 2 * MINUTE).await.unwrap();
    clock.advance(3 * HALF_MINUTE);
    expect_nothing(&queue).await;
    clock.advance(HALF_MINUTE);
    assert_eq!(receive_one(&queue).await.receive_count, 2);
}

#[tokio::test]
async fn a_visibility_that_has_ended_cannot_be_changed() {
    let (broker, clock) = broker();
    let queue = broker.create("q", QueueOptions::default()).await.unwrap();
    send(&queue, &["a"]).await;
    let received = receive_one(&queue).await;
    clock.advance(MINUTE);
    for changed in [
        queue.change_visibility(received.receipt.clone(), MINUTE).await,
        queue.give_back(received.receipt, MINUTE).await,
    ] {
        assert_eq!(changed, Err(QueueError::Refused { code: "MessageNotInflight".into() }));
    }
}

#[tokio::test]
async fn an_older_receipt_does_not_delete() {
    let (broker, clock) = broker();
    let queue = broker.create("q", QueueOptions::default()).await.unwrap();
    send(&queue, &["a"]).await;
    let slow = receive(&queue).await;
    clock.advance(MINUTE);
    let quick = receive(&queue).await;
    delete(&queue, &slow).await;
    clock.advance(MINUTE);
    assert_eq!(receive_one(&queue).await.receive_count, 3);
    assert_eq!(quick[0].id, slow[0].id);
}

#[tokio::test]
async fn a_fifo_receipt_ends_with_its_visibility() {
    let (broker, clock) = broker();
    let fifo = QueueOptions { fifo: true, ..QueueOptions::default() };
    let queue = broker.create("q", fifo).await.unwrap();
    send_of(&queue, "g", &["1"]).await;
    let received = receive_one(&queue).await;
    clock.advance(MINUTE);
    let deleted = queue.delete(vec![received.receipt]).await;
    assert!(matches!(deleted, Err(QueueError::NotTaken { .. })), "{deleted:?}");
    assert_eq!(receive_one(&queue).await.receive_count, 2);
}

#[tokio::test]
async fn a_group_waits_for_a_failed_message_and_goes_on_in_order() {
    let (broker, clock) = broker();
    let fifo = QueueOptions { fifo: true, ..QueueOptions::default() };
    let queue = broker.create("q", fifo).await.unwrap();
    send_of(&queue, "g", &["1", "2", "3"]).await;
    let received = queue.receive(2, MINUTE).await.unwrap();
    for it in received {
        queue.give_back(it.receipt, MINUTE).await.unwrap();
    }
    expect_nothing(&queue).await;
    clock.advance(MINUTE);
    assert_eq!(bodies(&receive(&queue).await), ["1", "2", "3"]);
}

#[tokio::test]
async fn a_duplicate_is_taken_after_five_minutes() {
    let (broker, clock) = broker();
    let fifo = QueueOptions { fifo: true, ..QueueOptions::default() };
    let queue = broker.create("q", fifo).await.unwrap();
    send_of(&queue, "g", &["1"]).await;
    delete(&queue, &receive(&queue).await).await;
    clock.advance(9 * HALF_MINUTE);
    send_of(&queue, "g", &["1"]).await;
    expect_nothing(&queue).await;
    clock.advance(HALF_MINUTE);
    send_of(&queue, "g", &["1"]).await;
    assert_eq!(receive_one(&queue).await.body, "1");
}

#[tokio::test]
async fn a_message_past_its_retention_is_gone() {
    let (broker, clock) = broker();
    let queue = broker.create("q", QueueOptions::default()).await.unwrap();
    let minutes = 4 * 24 * 60;
    send(&queue, &["old"]).await;
    clock.advance((minutes - 1) * MINUTE);
    send(&queue, &["new"]).await;
    clock.advance(MINUTE);
    assert_eq!(bodies(&receive(&queue).await), ["new"]);
    assert_eq!(broker.depths().await.unwrap()["q"].delayed, 0);
}

#[tokio::test]
async fn a_failed_message_is_tried_until_it_is_a_dead_letter() {
    let (broker, clock) = broker();
    let bench = Bench::Broker(broker);
    let (queue, dead_letters) = bench.with_dead_letters().await;
    send(&queue, &["a", "b"]).await;
    let received = receive_all(&queue).await;
    delete(&queue, &received[..1]).await;
    clock.advance(MINUTE);
    let again = receive_one(&queue).await;
    assert_eq!(again.receive_count, 2);
    clock.advance(MINUTE);
    expect_nothing(&queue).await;
    assert_eq!(receive_one(&dead_letters).await.body, again.body);
}
