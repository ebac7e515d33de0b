// SPDX-License-Identifier: EUPL-1.2
//! The stack's clock: it starts where it is told to, and never goes back.

use jiff::{Timestamp, ToSpan};
use serde_json::Value;

use super::process::Home;
use super::town::Town;

const EVE: &str = "2026-12-24T09:00:00+01:00";

fn instant(of: &Value) -> Timestamp {
    of.as_str().unwrap().parse().unwrap()
}

/// At most a minute after `from`: as long as the test may have taken.
fn assert_just_after(at: Timestamp, from: Timestamp) {
    assert!(at >= from && at < from + 1.minute(), "{at} is not just after {from}");
}

#[tokio::test]
async fn the_clock_starts_where_it_is_told_to() {
    let home = Home::new();
    let eve: Timestamp = EVE.parse().unwrap();
    let town = Town::of(home.start(&["--clock", EVE]));
    assert_just_after(town.settled().await, eve);
    let id = town.broadcasts("ritirare il calendario", Some("2026-12-24T12:00:00+01:00")).await;
    let made = town.broadcast(&id).await;
    assert_just_after(instant(&made["created_at"]), eve);
    assert!(made["created_at"].as_str().unwrap().ends_with("+01:00"), "{made}");
    assert_eq!(made["state"], "scheduled");
    town.advance(3 * 3600 + 120).await;
    let done = town.broadcast(&id).await;
    assert_eq!(done["state"], "done", "{done}");
    assert_just_after(instant(&done["started_at"]), eve + 3.hours());
}

#[tokio::test]
async fn the_clock_goes_on_after_a_crash_where_it_was() {
    let home = Home::new();
    let eve: Timestamp = EVE.parse().unwrap();
    home.start(&["--clock", EVE]).kill();
    let town = Town::of(home.start(&[]));
    assert_just_after(town.settled().await, eve);
    let moved = town.advance(40 * 3600).await;
    assert_just_after(moved, eve + 40.hours());
    town.kill();

    let town = Town::of(home.start(&[]));
    assert_just_after(town.settled().await, moved);
    town.kill();
    // Started again as it was the first time.
    let town = Town::of(home.start(&["--clock", EVE]));
    assert_just_after(town.settled().await, moved);
    town.kill();
    // A later one is taken.
    let town = Town::of(home.start(&["--clock", "2027-03-01T09:00:00+01:00"]));
    assert_just_after(town.settled().await, "2027-03-01T09:00:00+01:00".parse().unwrap());
}
