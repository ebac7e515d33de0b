// SPDX-License-Identifier: EUPL-1.2
//! Somebody who leaves, and two who turn out to be one, at every call by which a broadcast moves
//! on.

use fakes::meta::Identity;

use super::outside::{Call, Lane};
use super::points::{calls, numbers, try_all};
use super::promises::Allowed;
use super::town::{LEAVERS, TWICE, Town};
use super::world::{LINE, World};

#[test]
fn promise_4_nothing_comes_after_a_goodbye_said_at_any_call() {
    let town = Town::usual();
    let points = numbers(&calls(&town, |_| {}, Allowed::default()), sends);
    let prepare = |world: &mut World, number| {
        world.outside.hold_at(number);
        world.interlude = Some(Box::new(|it| {
            for leaver in LEAVERS {
                it.meta.write(leaver, LINE, "CANCELLAMI").unwrap();
            }
        }));
    };
    try_all("two leave", &town, &points, prepare, |_, _| Allowed::default());
}

#[test]
fn promise_2_two_who_turn_out_to_be_one_at_any_call_are_told_once_from_then_on() {
    let town = Town::with_somebody_twice();
    let points = numbers(&calls(&town, is_known_to_meta, Allowed::default()), sends);
    let prepare = |world: &mut World, number| {
        is_known_to_meta(world);
        world.outside.hold_at(number);
        world.interlude = Some(Box::new(|it| {
            it.meta.change_person(TWICE, |it| it.identity = Identity::Phone).unwrap();
            it.meta.write(TWICE, LINE, "Grazie, a che ora aprite domani?").unwrap();
        }));
    };
    try_all("two are one", &town, &points, prepare, |_, _| Allowed::default());
}

/// Whether a broadcast moves on by this call. What statuses and webhooks do meanwhile happens
/// between two of these, so that nothing is left out.
fn sends(call: &Call) -> bool {
    matches!(call.lane, Lane::Fanout(_) | Lane::Sender(_))
}

/// Meta knows whose the user id is.
fn is_known_to_meta(world: &mut World) {
    world.meta.user_id(TWICE, LINE).unwrap();
}
