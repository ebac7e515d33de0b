// SPDX-License-Identifier: EUPL-1.2
//! Doubt: answers that say nothing, a webhook that is deaf, an alert that must not be missed.

use fakes::meta::SendFault;

use super::every_call::two_leave;
use super::outside::{Call, Lane, Mishap, Refusal};
use super::points::{calls, numbers, try_all};
use super::promises::Allowed;
use super::town::{NOTICE_MS, Town};
use super::world::World;

/// Longer than a failure of Meta's own waits to be tried again.
const DEAF_MS: i64 = 20 * 60 * 1000;

fn is_of_a_sender(call: &Call) -> bool {
    matches!(call.lane, Lane::Sender(_))
}

#[test]
fn who_meta_failed_for_is_told_once_after_ten_minutes() {
    let town = Town::usual();
    let posts = |it: &Call| is_of_a_sender(it) && it.what.starts_with("graph");
    let points = numbers(&calls(&town, two_leave, Allowed::default()), posts);
    let prepare = |world: &mut World, number| {
        two_leave(world);
        world.outside.goes_wrong(number, Mishap::Refused(Refusal::Throttled));
    };
    try_all("Meta fails", &town, &points, prepare, |_, _| Allowed::default());
}

#[test]
fn who_is_named_by_a_status_is_never_told_again() {
    let town = Town::usual();
    let faults = [SendFault::DropAnswer, SendFault::ErrorAfterAccepting(500)];
    let points: Vec<_> = (0..town.phones.len()).flat_map(|n| faults.map(|it| (n, it))).collect();
    let prepare = |world: &mut World, (n, fault)| fails(world, n, fault);
    try_all("accepted after all", &town, &points, prepare, |_, _| Allowed::default());
}

#[test]
fn nobody_is_told_again_while_our_webhook_is_deaf() {
    let town = Town::usual();
    let faults = [SendFault::ErrorWithoutAccepting(500), SendFault::ErrorAfterAccepting(500)];
    let points: Vec<_> = (0..town.phones.len()).flat_map(|n| faults.map(|it| (n, it))).collect();
    let prepare = |world: &mut World, (n, fault)| {
        fails(world, n, fault);
        world.is_deaf_for_ms(NOTICE_MS + DEAF_MS);
    };
    try_all("a deaf webhook", &town, &points, prepare, |_, _| Allowed::default());
}

#[test]
fn an_alert_reaches_everybody_once_whatever_a_sender_dies_of() {
    let town = Town::with_an_alert();
    let mishaps = [Mishap::DeadBefore, Mishap::DeadAfter, Mishap::AnswerLost];
    let points = numbers(&calls(&town, two_leave, Allowed::default()), is_of_a_sender);
    let points: Vec<_> =
        points.into_iter().flat_map(|number| mishaps.map(|it| (number, it))).collect();
    let prepare = |world: &mut World, (number, mishap)| {
        two_leave(world);
        world.outside.goes_wrong(number, mishap);
    };
    try_all("an alert", &town, &points, prepare, |_, _| Allowed::default());
}

/// The send after the first `n` goes wrong.
fn fails(world: &World, n: usize, fault: SendFault) {
    world.meta.faults(|it| {
        it.for_next(n, SendFault::None);
        it.for_next(1, fault);
    });
}
