// SPDX-License-Identifier: EUPL-1.2
//! Somebody who has everything erased while a broadcast is being sent: whoever dies, and whenever it
//! is, nothing is left of them, nothing comes after the certificate, and there is one at most.

use super::outside::{Call, Lane, Mishap};
use super::points::{calls, numbers, try_all};
use super::promises::Allowed;
use super::town::{LEAVERS, NOTICE_MS, Town};
use super::world::{LINE, World};

const ONE_IS_ERASED: Allowed = Allowed { unresolved: 0, twice: 0, erased: 1, uncertified: 0 };

/// Asks for a copy of what is held, and then to be erased.
fn asks(world: &mut World) {
    for (ms, text) in [(1_000, "I miei dati"), (10_000, "Cancellate tutti i miei dati")] {
        world.after_ms(ms, move |it| says(it, text));
    }
}

fn confirms(world: &mut World) {
    says(world, "Confermo");
}

fn says(world: &mut World, text: &str) {
    world.meta.write(LEAVERS[0], LINE, text).unwrap();
}

fn is_erased_meanwhile(world: &mut World) {
    asks(world);
    world.after_ms(NOTICE_MS + 100, confirms);
}

#[test]
fn promise_8_a_process_that_dies_in_an_erasure_leaves_nothing_behind() {
    let town = Town::usual();
    let all = calls(&town, is_erased_meanwhile, ONE_IS_ERASED);
    let reads = numbers(&all, |it| it.lane == Lane::Commands);
    assert!(reads.len() > 30, "{} calls", reads.len());
    let mishaps = [Mishap::DeadBefore, Mishap::DeadAfter, Mishap::AnswerLost];
    let points: Vec<_> =
        reads.iter().flat_map(|number| mishaps.map(|mishap| (*number, mishap))).collect();
    let prepare = |world: &mut World, (number, mishap)| {
        is_erased_meanwhile(world);
        world.outside.goes_wrong(number, mishap);
    };
    let allowed = |world: &World, (number, _): (usize, _)| {
        let call = &world.outside.calls()[number - 1];
        // Between the claim of the certificate and its answer.
        let claims = call.what.starts_with("graph POST") || call.what == "dynamodb UpdateItem SEEN";
        Allowed { uncertified: usize::from(claims), ..ONE_IS_ERASED }
    };
    try_all("one is erased, a process dies", &town, &points, prepare, allowed);
}

#[test]
fn promise_8_nothing_comes_after_a_certificate_whenever_it_is_asked_for() {
    let town = Town::usual();
    let points = numbers(&calls(&town, asks, Allowed::default()), sends);
    let prepare = |world: &mut World, number| {
        asks(world);
        world.outside.hold_at(number);
        world.interlude = Some(Box::new(confirms));
    };
    try_all("one is erased", &town, &points, prepare, |_, _| ONE_IS_ERASED);
}

fn sends(call: &Call) -> bool {
    matches!(call.lane, Lane::Fanout(_) | Lane::Sender(_))
}
