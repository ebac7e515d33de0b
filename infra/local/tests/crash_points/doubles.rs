// SPDX-License-Identifier: EUPL-1.2
//! Two of everything: messages that come twice or in another order, fan-outs and senders that meet
//! over the same work, clocks that disagree.

use super::every_call::two_leave;
use super::outside::Lane;
use super::points::{calls, numbers, try_all};
use super::promises::Allowed;
use super::town::Town;
use super::world::{Habit, World};

/// How far apart the clocks of two functions may be, in milliseconds.
const APART_MS: i64 = 5000;

/// Long enough for the second sender to send to the whole chunk while the first one waits.
const SLOW_MS: i64 = 3000;

#[test]
fn messages_that_come_twice_or_in_another_order_break_no_promise() {
    let town = Town::usual();
    let prepare = |world: &mut World, habit| {
        two_leave(world);
        world.habit = habit;
    };
    let points = [Habit::Doubles, Habit::Reorders];
    try_all("odd queues", &town, &points, prepare, |_, _| Allowed::default());
}

#[test]
fn a_second_fan_out_at_any_call_of_the_first_breaks_no_promise() {
    let town = Town::usual();
    let points =
        numbers(&calls(&town, |_| {}, Allowed::default()), |it| it.lane == Lane::Fanout(0));
    let prepare = |world: &mut World, number| {
        world.outside.hold_at(number);
        world.interlude = Some(Box::new(World::ticks_twice));
    };
    try_all("two fan-outs", &town, &points, prepare, |_, _| Allowed::default());
}

#[test]
fn a_second_sender_of_a_chunk_at_any_call_of_the_first_breaks_no_promise() {
    let town = Town::usual();
    let points =
        numbers(&calls(&town, |_| {}, Allowed::default()), |it| matches!(it.lane, Lane::Sender(_)));
    let prepare = |world: &mut World, number| {
        world.outside.hold_at(number);
        world.hold_lasts_ms = SLOW_MS;
        world.interlude = Some(Box::new(|it| it.doubles_jobs_in_hand()));
    };
    try_all("two senders", &town, &points, prepare, |_, _| Allowed::default());
}

#[test]
fn clocks_that_are_five_seconds_apart_break_no_promise() {
    let town = Town::usual();
    let lanes = [
        Lane::Fanout(0),
        Lane::Fanout(1),
        Lane::Sender(0),
        Lane::Sender(1),
        Lane::Statuses,
        Lane::Commands,
    ];
    let points: Vec<_> =
        lanes.into_iter().flat_map(|lane| [(lane, APART_MS), (lane, -APART_MS)]).collect();
    let prepare = |world: &mut World, (lane, ms)| {
        two_leave(world);
        world.leads_ms.insert(lane, ms);
    };
    try_all("clocks apart", &town, &points, prepare, |_, _| Allowed::default());
}
