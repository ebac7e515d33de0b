// SPDX-License-Identifier: EUPL-1.2
//! `kill -9` at the worst moments: nobody is forgotten, nobody hears anything twice.

use std::time::Duration;

use serde_json::Value;

use super::process::Home;
use super::town::{GOODBYE, MORNING, Town, WELCOME, phones, text};

/// What the citizen reads in the notice.
const WHAT: &str = "pagare il saldo IMU";

#[tokio::test]
async fn promise_2_a_broadcast_killed_twice_reaches_everyone_once() {
    let home = Home::new();
    let town = Town::of(home.start(&["--clock", MORNING]));
    let people = phones(500);
    town.all_say(&people, "ISCRIVIMI").await;
    town.settled().await;
    assert_eq!(town.subscribers().await, 500);

    let id = town.broadcasts(WHAT, None).await;
    let first = town.accepts_more_than(&id, 60).await;
    town.kill();
    let town = Town::of(home.start(&[]));
    let second = town.accepts_more_than(&id, first).await;
    assert!(second < 500, "killed too late");
    town.kill();
    let town = Town::of(home.start(&[]));
    town.advance(15 * 60).await;

    let done = town.broadcast(&id).await;
    assert_eq!(done["state"], "done", "{done}");
    let unresolved = town.deliveries(&id, "unresolved").await;
    assert_counts_add_up(&done, 500, unresolved.len());
    for it in &unresolved {
        assert!(!it["reason"].as_str().unwrap_or_default().is_empty(), "{it}");
    }
    let mut never = 0;
    for phone in &people {
        match town.times_heard(phone, WHAT).await {
            0 => never += 1,
            times => assert_eq!(times, 1, "somebody heard it twice"),
        }
    }
    assert_eq!(never, unresolved.len(), "who heard nothing is listed: {done}");
    assert_tells_nothing(&home, &people);
}

fn assert_counts_add_up(done: &Value, audience: i64, unresolved: usize) {
    let count = |name: &str| done["counts"][name].as_i64().unwrap();
    assert_eq!(count("audience"), audience, "{done}");
    assert_eq!(count("pending"), 0, "{done}");
    let parts = ["skipped", "cancelled", "failed", "unresolved", "accepted"];
    assert_eq!(parts.map(count).iter().sum::<i64>(), audience, "{done}");
    assert_eq!(usize::try_from(count("unresolved")).unwrap(), unresolved, "{done}");
    assert_eq!(count("accepted") + count("unresolved"), audience, "{done}");
}

/// No number is in the log of any of the processes.
fn assert_tells_nothing(home: &Home, people: &[String]) {
    let log = home.log();
    assert!(log.contains("started"), "there is a log: {log}");
    assert!(people.iter().all(|it| !log.contains(it.as_str())), "a number in the log");
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test]
async fn promise_1_a_message_answered_200_before_a_crash_is_not_lost() {
    let home = Home::new();
    let mut town = Town::of(home.start(&["--clock", MORNING]));
    // What stands between a message's arrival and its answer: nothing yet, queued, received,
    // saved, claimed, sent, recorded.
    let moments_ms = [0, 1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 20, 23, 26, 30, 40, 60];
    let people = phones(moments_ms.len());
    // Whoever has written can be answered.
    town.all_say(&people, "Buongiorno").await;
    town.settled().await;

    for (n, (phone, moment_ms)) in people.iter().zip(moments_ms).enumerate() {
        let now = town.settled().await;
        let body = text(phone, &format!("wamid.K{n}"), now, "ISCRIVIMI");
        assert_eq!(town.webhook("local-app-secret", &body).await, 200);
        // The moment of the crash is what differs.
        tokio::time::sleep(Duration::from_millis(moment_ms)).await;
        town.kill();
        town = Town::of(home.start(&[]));
        town.advance(180).await;

        assert_eq!(town.subscribers().await, i64::try_from(n + 1).unwrap(), "{moment_ms} ms");
        let welcomes = town.times_heard(phone, WELCOME).await;
        assert_eq!(welcomes, 1, "killed after {moment_ms} ms");
        // Meta posts it again: it changes nothing.
        assert_eq!(town.webhook("local-app-secret", &body).await, 200);
        town.settled().await;
        assert_eq!(town.times_heard(phone, WELCOME).await, 1, "{moment_ms} ms, posted again");
    }
    assert_tells_nothing(&home, &people);
}

#[tokio::test]
async fn who_left_before_a_crash_gets_nothing_that_was_scheduled() {
    let home = Home::new();
    let town = Town::of(home.start(&["--clock", MORNING]));
    let people = phones(40);
    town.all_say(&people, "ISCRIVIMI").await;
    town.settled().await;
    let id = town.broadcasts(WHAT, Some("2026-11-24T09:10:00+01:00")).await;
    let (leave, stay) = people.split_at(20);
    town.all_say(leave, "CANCELLAMI").await;
    town.kill();

    let town = Town::of(home.start(&[]));
    town.advance(60).await;
    for phone in leave {
        assert_eq!(town.times_heard(phone, GOODBYE).await, 1);
    }
    town.advance(15 * 60).await;
    assert_eq!(town.broadcast(&id).await["state"], "done");
    for phone in leave {
        assert_eq!(town.times_heard(phone, WHAT).await, 0, "after the goodbye");
    }
    for phone in stay {
        assert_eq!(town.times_heard(phone, WHAT).await, 1);
    }
    assert_tells_nothing(&home, &people);
}

#[tokio::test]
async fn a_goodbye_in_the_middle_of_a_broadcast_is_the_last_word_despite_a_crash() {
    let home = Home::new();
    let town = Town::of(home.start(&["--clock", MORNING]));
    let people = phones(250);
    town.all_say(&people, "ISCRIVIMI").await;
    town.settled().await;
    let id = town.broadcasts(WHAT, None).await;
    town.accepts_more_than(&id, 0).await;
    let leave = &people[..60];
    town.all_say(leave, "CANCELLAMI").await;
    town.kill();

    let town = Town::of(home.start(&[]));
    town.advance(15 * 60).await;
    let done = town.broadcast(&id).await;
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(done["counts"]["pending"], 0, "{done}");
    assert_eq!(town.subscribers().await, 190);
    let mut spared = 0;
    for phone in leave {
        let heard = town.heard(phone).await;
        let last = heard.last().unwrap();
        assert!(last.contains(GOODBYE), "heard {last:?} after the goodbye");
        let times = heard.iter().filter(|it| it.contains(WHAT)).count();
        assert!(times <= 1, "twice");
        spared += usize::from(times == 0);
    }
    assert!(spared > 0, "everybody left too late for this to say anything");
}
