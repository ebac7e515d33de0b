// SPDX-License-Identifier: EUPL-1.2
//! What an emulator never does: tables and queues that are too busy, writes that meet each other,
//! batches of which only a part is done, an index that lags.

use super::every_call::two_leave;
use super::outside::{Call, Mishap, Refusal};
use super::points::{calls, numbers, try_all};
use super::promises::Allowed;
use super::town::Town;
use super::world::World;

fn refused(name: &str, refusal: Refusal, meant: impl Fn(&Call) -> bool) {
    let town = Town::usual();
    let points = numbers(&calls(&town, two_leave, Allowed::default()), meant);
    assert!(!points.is_empty(), "there is such a call");
    let prepare = |world: &mut World, number| {
        two_leave(world);
        world.outside.goes_wrong(number, Mishap::Refused(refusal));
    };
    try_all(name, &town, &points, prepare, |_, _| Allowed::default());
}

#[test]
fn a_service_that_is_too_busy_for_any_call_breaks_no_promise() {
    refused("too busy", Refusal::Throttled, |it| !it.what.starts_with("graph"));
}

#[test]
fn any_write_that_meets_another_breaks_no_promise() {
    let writes = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"];
    refused("a conflict", Refusal::Conflict, |it| {
        it.what.starts_with("dynamodb") && writes.iter().any(|name| it.what.contains(name))
    });
}

#[test]
fn any_batch_of_which_a_part_is_not_done_breaks_no_promise() {
    refused("a part", Refusal::Partly, |it| it.what.contains("dynamodb Batch"));
}

#[test]
fn an_index_that_lags_by_minutes_breaks_no_promise() {
    let town = Town::usual();
    let points: Vec<_> = (1..=4).collect();
    let prepare = |world: &mut World, queries| {
        two_leave(world);
        world.aws.index_is_stale_for(queries);
    };
    try_all("a stale index", &town, &points, prepare, |_, _| Allowed::default());
}
