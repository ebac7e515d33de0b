// SPDX-License-Identifier: EUPL-1.2
//! What was acknowledged is there after a crash.
//!
//! A crash leaves the files as they are at that moment, so the tests copy them from under the
//! running broker and open the copy.

use std::fs;
use std::path::{Path, PathBuf};

use local_stack::broker::{Broker, QueueOptions};
use platform::clock::{Clock, Shifted};
use platform::queue::Queue;
use tempfile::TempDir;

use super::bench::*;

async fn open(path: &Path, clock: &Shifted, options: &QueueOptions) -> (Broker, Queue) {
    let broker = Broker::open(Some(path), Clock::Shifted(clock.clone())).unwrap();
    let queue = broker.create("q", options.clone()).await.unwrap();
    (broker, queue)
}

/// The files as a crash would leave them now.
fn crashed(path: &Path) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for file in fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    let path = folder.path().join(path.file_name().unwrap());
    (folder, path)
}

fn fifo() -> QueueOptions {
    QueueOptions { fifo: true, ..QueueOptions::default() }
}

#[tokio::test]
async fn after_a_crash_everything_acknowledged_is_there() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Shifted::default());
    let path = folder.path().join("queues.sqlite");
    let (_running, queue) = open(&path, &clock, &fifo()).await;
    send_of(&queue, "g", &["1", "2", "3"]).await;
    let received = queue.receive(1, MINUTE).await.unwrap();
    delete(&queue, &received).await;

    let (_files, path) = crashed(&path);
    let (_broker, queue) = open(&path, &clock, &fifo()).await;
    assert_eq!(bodies(&receive(&queue).await), ["2", "3"]);
}

#[tokio::test]
async fn after_a_crash_what_was_in_flight_comes_back_when_its_visibility_ends() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Shifted::default());
    let path = folder.path().join("queues.sqlite");
    let (_running, queue) = open(&path, &clock, &fifo()).await;
    send_of(&queue, "g", &["1", "2"]).await;
    let before = queue.receive(1, MINUTE).await.unwrap();

    let (_files, path) = crashed(&path);
    let (broker, queue) = open(&path, &clock, &fifo()).await;
    expect_nothing(&queue).await;
    assert!(broker.idle().await.unwrap(), "nobody of this process has it in hand");
    assert!(broker.next_due().await.unwrap().is_some());
    clock.advance(MINUTE);
    let after = receive(&queue).await;
    assert_eq!(bodies(&after), ["1", "2"]);
    assert_eq!((&after[0].id, after[0].receive_count), (&before[0].id, 2));
}

#[tokio::test]
async fn after_a_crash_a_delay_and_a_duplicate_are_remembered() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Shifted::default());
    let path = folder.path().join("queues.sqlite");
    let (running, queue) = open(&path, &clock, &fifo()).await;
    let delayed = running.create("delayed", QueueOptions::default()).await.unwrap();
    send_of(&queue, "g", &["1"]).await;
    delete(&queue, &receive(&queue).await).await;
    delayed.send(vec![message("later").after(MINUTE)]).await.unwrap();

    let (_files, path) = crashed(&path);
    let (broker, queue) = open(&path, &clock, &fifo()).await;
    let delayed = broker.create("delayed", QueueOptions::default()).await.unwrap();
    send_of(&queue, "g", &["1"]).await;
    expect_nothing(&queue).await;
    expect_nothing(&delayed).await;
    clock.advance(MINUTE);
    assert_eq!(receive_one(&delayed).await.body, "later");
}

#[tokio::test]
async fn of_many_senders_at_once_everything_acknowledged_is_there() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Shifted::default());
    let path = folder.path().join("queues.sqlite");
    let options = QueueOptions::default();
    let (_running, queue) = open(&path, &clock, &options).await;
    let senders = (0..20).map(|sender| {
        let queue = queue.clone();
        tokio::spawn(async move {
            let names: Vec<_> = (0..20).map(|n| format!("{sender:02}-{n:02}")).collect();
            send(&queue, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
            names
        })
    });
    let mut want = Vec::new();
    for sender in senders.collect::<Vec<_>>() {
        want.extend(sender.await.unwrap());
    }

    let (_files, path) = crashed(&path);
    let (_broker, queue) = open(&path, &clock, &options).await;
    assert_eq!(sorted_bodies(&receive_all(&queue).await), want);
}

#[tokio::test]
async fn a_file_is_open_once() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Shifted::default());
    let path = folder.path().join("queues.sqlite");
    let (first, _queue) = open(&path, &clock, &fifo()).await;
    assert!(Broker::open(Some(&path), Clock::System).is_err());
    drop(first);
    assert!(Broker::open(Some(&path), Clock::System).is_ok());
}
