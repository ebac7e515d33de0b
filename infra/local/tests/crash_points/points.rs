//! Tries a story at every point, a world for each, on as many threads as there are processors.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::promises::{self, Allowed};
use super::town::{Town, runtime};
use super::world::{Place, World};

/// Points that are named when a story fails: the first are enough to see what is wrong.
const NAMED: usize = 12;

/// Plays the story in one world per point. Fails with the points at which a promise broke.
pub(crate) fn try_all<P: Clone + Send + Sync>(
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
                prepare(&mut world, point.clone());
                let mut told = world.runs(Some(&town.broadcast)).await;
                if told.is_ok() {
                    let allowed = allowed(&world, point.clone());
                    told = promises::hold(&world, town, allowed).await;
                }
                if let Err(err) = told {
                    let at = world.outside.what_went_wrong();
                    broken.lock().unwrap().push(format!("{at}: {err:#}"));
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
