//! A process that dies, or an answer that is lost, at every outside call of a broadcast during
//! which somebody says goodbye.

use super::outside::{Lane, Mishap};
use super::points::try_all;
use super::promises::{self, Allowed};
use super::town::{LEAVER, Town, runtime};
use super::world::{LINE, Place, World};

/// The goodbye comes while the second chunk is being sent.
const GOODBYE_MS: i64 = 31_300;

fn somebody_leaves(world: &mut World) {
    world.after_ms(GOODBYE_MS, |it| {
        it.meta.write(LEAVER, LINE, "CANCELLAMI").unwrap();
    });
}

/// How many calls there are if nothing goes wrong.
fn calls(town: &Town) -> usize {
    runtime().block_on(async {
        let place = Place::new().await;
        let mut world = World::new(&place, &town.start).await;
        somebody_leaves(&mut world);
        world.runs(Some(&town.broadcast)).await.unwrap();
        promises::hold(&world, town, Allowed::default()).await.unwrap();
        world.outside.count()
    })
}

#[test]
fn a_process_that_dies_at_any_call_breaks_no_promise() {
    let town = Town::with_a_notice();
    let numbers = 1..=calls(&town);
    let kinds = [Mishap::DeadBefore, Mishap::DeadAfter];
    let points: Vec<_> = numbers.flat_map(|k| kinds.map(|kind| (k, kind))).collect();
    try_all(
        "a process dies",
        &town,
        &points,
        |world, (number, mishap)| {
            somebody_leaves(world);
            world.outside.goes_wrong(number, mishap);
        },
        |world, (number, _)| {
            let lane = world.outside.calls()[number - 1].lane;
            Allowed {
                unresolved: usize::from(matches!(lane, Lane::Sender(_))),
                ticks_behind: lane == Lane::Statuses,
            }
        },
    );
}
