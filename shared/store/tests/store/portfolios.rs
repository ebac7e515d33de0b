// SPDX-License-Identifier: EUPL-1.2
//! The portfolio's limit: shared by all who send, never passed, and given back where nothing went.

use domain::broadcast::{Audience, Broadcast, Priority, State};
use domain::delivery::Report;
use domain::line::Portfolio;
use domain::portfolio::Quarter;
use futures::future;
use jiff::ToSpan;
use store::{News, People, Take};

use crate::support::{Engine, contact_id, draft, later, now, pordenone, take};

const ID: &str = "1234567890";

async fn reserve(engine: &Engine, limit: u32, n: usize, priority: Priority) -> People {
    engine.reserve_people(ID, limit, priority, n, &[], now()).await.unwrap()
}

#[tokio::test]
async fn twenty_at_once_get_no_more_than_the_limit_and_bulk_leaves_its_share() {
    let engine = Engine::start().await;
    let asks = (0..20).map(async |_| {
        loop {
            // Who loses too many races comes again, as a job does.
            let asked = engine.reserve_people(ID, 250, Priority::Normal, 20, &[], now()).await;
            if let Ok(people) = asked {
                return people.granted;
            }
        }
    });
    let granted: usize = future::join_all(asks).await.into_iter().sum();
    assert_eq!(granted, 225);
    let urgent = reserve(&engine, 250, 30, Priority::Emergency).await;
    assert_eq!(urgent.granted, 25);
    let more_at = urgent.more_at.unwrap();
    assert!(more_at > now() + 24.hours() && more_at < now() + 25.hours(), "{more_at}");
    let nobody = reserve(&engine, 250, 30, Priority::Emergency).await;
    assert_eq!((nobody.granted, nobody.more_at), (0, Some(more_at)));
}

#[tokio::test]
async fn what_is_given_back_and_who_is_moved_count_once() {
    let engine = Engine::start().await;
    reserve(&engine, 100, 90, Priority::Normal).await;
    engine.give_people_back(ID, 40, now()).await.unwrap();
    assert_eq!(engine.people_reached(ID).await.unwrap().people(now()), 50);
    // An hour later ten of them are reached again, with five others.
    let (hour, before) = (now() + 1.hour(), [Quarter::of(now()); 10]);
    let people = engine.reserve_people(ID, 100, Priority::Normal, 5, &before, hour).await.unwrap();
    assert_eq!((people.granted, people.more_at), (5, None));
    let reached = engine.people_reached(ID).await.unwrap();
    assert_eq!(reached.people(hour), 55);
    assert_eq!(reached.people(now() + 24.hours() + 20.minutes()), 15, "the forty are forgotten");
    let later = now() + 26.hours();
    engine.reserve_people(ID, 100, Priority::Normal, 1, &[], later).await.unwrap();
    assert_eq!(engine.people_reached(ID).await.unwrap().0.len(), 1, "old quarters go");
}

#[tokio::test]
async fn the_lower_of_our_limit_and_metas_holds() {
    let engine = Engine::start().await;
    let portfolio = |limit| Portfolio { id: ID.to_owned(), limit };
    for (n, (told, ours, want)) in (0..).zip([
        (None, Some(250), Some(250)),
        (Some(2_000), Some(250), Some(250)),
        (Some(250), Some(2_000), Some(250)),
        (Some(250), None, Some(250)),
        (None, None, None),
    ]) {
        let told_at = later(n);
        engine.set_portfolio_limit(ID, told, told_at).await.unwrap();
        let limit = engine.portfolio_limit(&portfolio(ours)).await.unwrap();
        assert_eq!(limit, want, "{told:?} {ours:?}");
    }
}

#[tokio::test]
async fn who_was_reached_within_the_day_is_known_by_the_last_time() {
    let (engine, line) = (Engine::start().await, pordenone());
    let people: Vec<_> = (0..4).map(contact_id).collect();
    for hours in [30, 20, 2] {
        let broadcast = Broadcast {
            state: State::Sending,
            started_at: Some(now() - i64::from(hours).hours()),
            ..draft(&line, Audience::All)
        };
        engine.create_broadcast(&broadcast, None).await.unwrap();
        let (started, state) = (broadcast.started_at.unwrap(), State::Sending);
        let begun = store::Change { started_at: Some(started), ..store::Change::default() };
        engine.change_broadcast(&line, &broadcast.id, state, state, begun).await.unwrap();
        // Somebody by all three, somebody by the first only; one is refused for certain.
        for n in if hours == 30 { vec![0, 1] } else { vec![0, 2] } {
            let claim = Take { now: started, ..take(&broadcast.id, &people[n], "ours") };
            engine.claim(claim).await.unwrap();
            if n == 2 {
                engine.put_back(&broadcast.id, &people[n], "ours", 1, now()).await.unwrap();
            } else {
                let news = News::of(Report::Accepted, later(0));
                engine.tell(&broadcast.id, &people[n], &news).await.unwrap();
            }
        }
    }
    let reached = engine.reached_before(&line, &people, now()).await.unwrap();
    assert_eq!(reached.into_iter().collect::<Vec<_>>(), [(contact_id(0), now() - 2.hours())]);
}
