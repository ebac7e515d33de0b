// SPDX-License-Identifier: EUPL-1.2
//! Tries a story at every point, a world for each, on as many threads as there are processors.

use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::outside::Call;
use super::promises::{self, Allowed};
use super::town::{Town, runtime};
use super::world::{Place, World};

/// Points that are named when a story fails: the first are enough to see what is wrong.
const NAMED: usize = 12;

/// Plays the story in one world per point. Fails with the points at which a promise broke.
pub(crate) fn try_all<P: Copy + Debug + Send + Sync>(
    name: &str,
    town: &Town,
    points: &[P],
    prepare: impl Fn(&mut World, P) + Sync,
    allowed: impl Fn(&World, P) -> Allowed + Sync,
) {
    let (next, broken) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        runtime().block_on(async {
            let place = Place::new().await;
            while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                let mut world = World::new(&place, &town.start).await;
                prepare(&mut world, *point);
                let mut told = world.runs(Some(&town.broadcast)).await;
                if told.is_ok() {
                    let allowed = allowed(&world, *point);
                    told = promises::hold(&world, town, allowed).await;
                }
                if let Err(err) = told {
                    let at = world.outside.point();
                    let said = format!("{point:?} {at}: {err:#}");
                    eprintln!("{name}: {said}");
                    broken.lock().unwrap().push(said);
                }
            }
        });
    };
    std::thread::scope(|it| {
        for _ in 0..processors {
            it.spawn(work);
        }
    });
    let broken = broken.into_inner().unwrap();
    let tried = points.len();
    eprintln!("{name}: {tried} points tried");
    let first = broken.iter().take(NAMED).cloned().collect::<Vec<_>>().join("\n");
    assert!(broken.is_empty(), "{name}: {} of {tried} points:\n{first}", broken.len());
}

/// The calls of the story if nothing happens but what `prepare` says, which leads to `allowed`.
pub(crate) fn calls(town: &Town, prepare: impl Fn(&mut World), allowed: Allowed) -> Vec<Call> {
    runtime().block_on(async {
        let place = Place::new().await;
        let mut world = World::new(&place, &town.start).await;
        prepare(&mut world);
        world.runs(Some(&town.broadcast)).await.unwrap();
        promises::hold(&world, town, allowed).await.unwrap();
        world.outside.calls()
    })
}

/// The numbers of the calls that are meant, as they are counted from 1.
///
/// Of a row of equal calls, as when deliveries are counted partition by partition, only the first
/// and the last.
pub(crate) fn numbers(calls: &[Call], meant: impl Fn(&Call) -> bool) -> Vec<usize> {
    let is = |n: Option<usize>, call: &Call| n.and_then(|it| calls.get(it)) == Some(call);
    let counts = |call: &Call| call.what == "dynamodb Query";
    let numbered = (0_usize..).zip(calls).filter(|(n, it)| {
        let between = counts(it) && is(n.checked_sub(1), it) && is(Some(n + 1), it);
        meant(it) && !between
    });
    numbered.map(|(n, _)| n + 1).collect()
}
