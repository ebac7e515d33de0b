// SPDX-License-Identifier: EUPL-1.2
//! What messages cost: added by many at once, reserved only where there is room.

use domain::broadcast::Audience;
use domain::cost::{Category, Month, Priced, Spent, Tally};
use domain::delivery::{Report, State};
use futures::future;
use proptest::prelude::*;
use store::{News, Progress, Reserved, Spending};

use crate::support::{
    Engine, contact_id, draft, fresh_broadcast, fresh_line, hold, now, pordenone, take,
};

const UTILITY: Priced = Priced::Billed(Category::Utility);
const SERVICE: Priced = Priced::Billed(Category::Service);

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn spent(priced: Priced, messages: i64, cost: i64) -> Spent {
    Spent::of(priced, Tally { messages, cost })
}

fn nothing() -> Spent {
    Spent::default()
}

fn spents() -> impl Strategy<Value = Spent> {
    let kind = (prop::sample::select(&Priced::ALL[..]), 0_i64..50, 0_i64..20_000);
    prop::collection::vec(kind, 0..6).prop_map(|kinds| {
        let mut all = nothing();
        for (priced, n, cost) in kinds {
            all += spent(priced, n, cost);
        }
        all
    })
}

#[test]
fn what_is_added_is_read_by_kind_and_month() {
    let both = (spents(), spents());
    let cases = prop::collection::vec((0_usize..3, both), 0..8);
    hold(30, cases, async |engine, line, adds| {
        let months = ["2026-10", "2026-11", "2027-01"].map(month);
        let mut want = [Spending::default(); 3];
        for (n, (of_broadcasts, of_replies)) in adds {
            engine.add_spending(&line, months[n], &of_broadcasts, &of_replies).await.unwrap();
            want[n].spent += of_broadcasts;
            want[n].spent += of_replies;
            want[n].committed += of_replies.total().cost;
        }
        for (month, want) in months.into_iter().zip(want) {
            prop_assert_eq!(engine.spending(&line, month).await.unwrap(), want);
        }
        let all = engine.spendings(&line, months[0], months[2]).await.unwrap();
        let some = months.into_iter().zip(want).filter(|it| it.1 != Spending::default());
        prop_assert_eq!(all.into_iter().collect::<Vec<_>>(), some.clone().collect::<Vec<_>>());
        let first = engine.first_spending(&line).await.unwrap();
        prop_assert_eq!(first, some.map(|it| it.0).next());
        Ok(())
    });
}

#[tokio::test]
async fn months_are_read_from_the_first_to_the_last_asked_for_and_of_one_line() {
    let (engine, line) = (Engine::start().await, pordenone());
    let add = async |line, text: &str| {
        engine.add_spending(line, month(text), &spent(UTILITY, 1, 248), &nothing()).await.unwrap();
    };
    for text in ["2025-12", "2026-01", "2026-03", "2026-04"] {
        add(&line, text).await;
    }
    add(&fresh_line(), "2026-02").await;
    let found = engine.spendings(&line, month("2026-01"), month("2026-03")).await.unwrap();
    let found: Vec<_> = found.into_keys().map(|it| it.to_string()).collect();
    assert_eq!(found, ["2026-01", "2026-03"]);
    assert_eq!(engine.first_spending(&line).await.unwrap(), Some(month("2025-12")));
    assert_eq!(engine.first_spending(&fresh_line()).await.unwrap(), None);
}

#[tokio::test]
async fn of_many_at_once_no_more_get_room_than_there_is() {
    let (engine, line) = (Engine::start().await, pordenone());
    let november = month("2026-11");
    let tries = (0..30).map(|_| engine.reserve_budget(&line, november, 1_000, Some(10_500)));
    let reserved = future::join_all(tries).await;
    let granted = reserved.into_iter().filter(|it| *it.as_ref().unwrap() == Reserved::Ok).count();
    assert_eq!(granted, 10);
    let found = engine.spending(&line, november).await.unwrap();
    assert_eq!((found.estimated, found.committed), (10_000, 10_000));
}

#[tokio::test]
async fn a_budget_is_used_to_its_end_and_what_is_given_back_is_there_again() {
    let (engine, line) = (Engine::start().await, pordenone());
    let november = month("2026-11");
    let budget = Some(10_000);
    let reserve =
        async |cost, budget| engine.reserve_budget(&line, november, cost, budget).await.unwrap();
    assert_eq!(reserve(10_001, budget).await, Reserved::Exhausted, "never had room for it");
    assert_eq!(engine.spending(&line, november).await.unwrap(), Spending::default());
    assert_eq!(reserve(6_000, budget).await, Reserved::Ok);
    assert_eq!(reserve(4_001, budget).await, Reserved::Exhausted);
    assert_eq!(reserve(4_000, budget).await, Reserved::Ok);
    assert_eq!(reserve(1, budget).await, Reserved::Exhausted);
    engine.give_back(&line, november, 500).await.unwrap();
    assert_eq!(reserve(501, budget).await, Reserved::Exhausted);
    assert_eq!(reserve(500, budget).await, Reserved::Ok);
    let december = month("2026-12");
    let next = engine.reserve_budget(&line, december, 10_000, budget).await.unwrap();
    assert_eq!(next, Reserved::Ok, "a month begins with all of it");
}

#[tokio::test]
async fn replies_and_emergencies_count_against_the_budget_and_are_not_held_back_by_it() {
    let (engine, line) = (Engine::start().await, pordenone());
    let november = month("2026-11");
    let replies = spent(SERVICE, 20, 4_960);
    engine.add_spending(&line, november, &nothing(), &replies).await.unwrap();
    let reserve =
        async |cost, budget| engine.reserve_budget(&line, november, cost, budget).await.unwrap();
    assert_eq!(reserve(5_041, Some(10_000)).await, Reserved::Exhausted);
    assert_eq!(reserve(5_040, Some(10_000)).await, Reserved::Ok);
    assert_eq!(reserve(90_000, None).await, Reserved::Ok, "an emergency");
    engine.add_spending(&line, november, &nothing(), &replies).await.unwrap();
    let arrived = spent(UTILITY, 2, 496);
    engine.add_spending(&line, november, &arrived, &nothing()).await.unwrap();
    let found = engine.spending(&line, november).await.unwrap();
    assert_eq!(found.estimated, 95_040);
    assert_eq!(found.committed, 95_040 + 2 * 4_960, "what arrived had been reserved");
    assert_eq!(found.spent.total(), Tally { messages: 42, cost: 10_416 });
}

fn priced_news(report: Report, priced: Option<Priced>) -> News {
    News { priced, ..News::of(report, now()) }
}

/// What Meta says of one message, one status after the other, and what is counted of it.
async fn told(
    engine: &Engine,
    statuses: &[(Report, Option<Priced>)],
) -> (Vec<Priced>, Option<State>) {
    let (id, contact) = (fresh_broadcast(), contact_id(1));
    engine.claim(take(&id, &contact, "ours")).await.unwrap();
    let mut counted = Vec::new();
    for (report, priced) in statuses {
        let told = engine.tell(&id, &contact, &priced_news(*report, *priced)).await;
        counted.extend(told.unwrap().and_then(|it| it.bill));
    }
    let known = engine.known_deliveries(&id, &[contact]).await.unwrap();
    (counted, known.first().map(|it| it.state))
}

#[tokio::test]
async fn a_message_is_counted_once_whatever_says_its_price_and_in_what_order() {
    use Report::{Accepted, Delivered, Failed, Read, Sent};
    let engine = Engine::start().await;
    let (some, other) = (Some(UTILITY), Some(SERVICE));
    for (what, statuses, want) in [
        ("sent says it", vec![(Sent, some), (Delivered, None), (Read, None)], true),
        ("delivered says it", vec![(Sent, None), (Delivered, some), (Read, None)], true),
        ("only read comes", vec![(Accepted, None), (Read, some)], true),
        ("all say it, doubled", [(Sent, some), (Delivered, some), (Read, some)].repeat(2), true),
        ("sent comes last", vec![(Delivered, None), (Read, None), (Sent, some)], true),
        ("and is doubled", vec![(Delivered, None), (Sent, some), (Sent, some)], true),
        ("and so is delivered", vec![(Delivered, None), (Sent, some), (Delivered, some)], true),
        ("it never arrives", vec![(Sent, some), (Failed, None)], false),
        ("it is never said", vec![(Sent, None), (Delivered, None), (Read, None)], false),
        ("first one thing, then another", vec![(Sent, some), (Failed, other), (Read, None)], true),
        ("it arrives after all", vec![(Sent, some), (Failed, None), (Delivered, None)], true),
    ] {
        let (counted, _) = told(&engine, &statuses).await;
        assert_eq!(counted, Vec::from_iter(some.filter(|_| want)), "{what}");
    }
}

#[test]
fn many_statuses_at_once_count_a_message_once() {
    let states = prop::sample::select(vec![Report::Sent, Report::Delivered, Report::Read]);
    let says = prop::option::of(Just(UTILITY));
    let cases = prop::collection::vec((states, says), 1..12);
    hold(30, cases, async |engine, _, statuses| {
        let (id, contact) = (fresh_broadcast(), contact_id(1));
        engine.claim(take(&id, &contact, "ours")).await.unwrap();
        let (id, contact) = (&id, &contact);
        let all = statuses.iter().map(async |(report, priced)| {
            let told = engine.tell(id, contact, &priced_news(*report, *priced)).await.unwrap();
            told.and_then(|it| it.bill)
        });
        let counted = future::join_all(all).await.into_iter().flatten();
        let arrives = statuses.iter().any(|it| it.0 != Report::Sent);
        let said = statuses.iter().any(|it| it.1.is_some());
        prop_assert_eq!(counted.count(), usize::from(arrives && said));
        Ok(())
    });
}

#[tokio::test]
async fn a_price_brings_no_row_into_being() {
    let engine = Engine::start().await;
    let some = Some(UTILITY);
    let (id, contact) = (fresh_broadcast(), contact_id(1));
    let news = priced_news(Report::Delivered, some);
    assert_eq!(engine.tell(&id, &contact, &news).await.unwrap(), None);
    assert!(engine.everything().await.is_empty());
}

#[tokio::test]
async fn what_a_broadcast_was_billed_stands_beside_its_counters() {
    let (engine, line) = (Engine::start().await, pordenone());
    let broadcast = draft(&line, Audience::All);
    engine.create_broadcast(&broadcast, None).await.unwrap();
    let adders = (0..20).map(async |_| {
        for spent in [spent(UTILITY, 2, 496), spent(Priced::FreeService, 1, 0), nothing()] {
            let more = Progress { spent, ..Progress::default() };
            engine.add_progress(&broadcast.id, &more).await.unwrap();
        }
    });
    future::join_all(adders).await;
    let mut want = spent(UTILITY, 40, 9_920);
    want += spent(Priced::FreeService, 20, 0);
    let found = engine.broadcast(&line, &broadcast.id).await.unwrap().unwrap();
    assert_eq!((found.spent, found.counts), (want, broadcast.counts));
}
