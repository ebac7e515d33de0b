// SPDX-License-Identifier: EUPL-1.2
//! A process that dies, or an answer that is lost, at every outside call of a broadcast during
//! which two people say goodbye.

use super::outside::{Lane, Mishap};
use super::points::{calls, try_all};
use super::promises::Allowed;
use super::town::{LEAVERS, NOTICE_MS, Town};
use super::world::{LINE, World};

/// One leaves when the first chunk is being sent, one when the second is.
pub(crate) fn two_leave(world: &mut World) {
    for (leaver, ms) in LEAVERS.into_iter().zip([100, 1300]) {
        world.after_ms(NOTICE_MS + ms, move |it| {
            it.meta.write(leaver, LINE, "CANCELLAMI").unwrap();
        });
    }
}

/// Plays the story once for every call and each of the mishaps.
fn at_every_call(name: &str, mishaps: &[Mishap]) {
    let town = Town::usual();
    let numbers = 1..=calls(&town, two_leave, Allowed::default()).len();
    let points: Vec<_> =
        numbers.flat_map(|number| mishaps.iter().map(move |it| (number, *it))).collect();
    let prepare = |world: &mut World, (number, mishap)| {
        two_leave(world);
        world.outside.goes_wrong(number, mishap);
    };
    let allowed = |world: &World, (number, _): (usize, _)| {
        let call = &world.outside.calls()[number - 1];
        // One person at a time is between the claim and the answer to the request.
        let unresolved = usize::from(matches!(call.lane, Lane::Sender(_)));
        Allowed { unresolved, ..Allowed::default() }
    };
    try_all(name, &town, &points, prepare, allowed);
}

#[test]
fn a_process_that_dies_at_any_call_breaks_no_promise() {
    at_every_call("a process dies", &[Mishap::DeadBefore, Mishap::DeadAfter]);
}

#[test]
fn an_answer_that_is_lost_at_any_call_breaks_no_promise() {
    at_every_call("an answer is lost", &[Mishap::AnswerLost]);
}
