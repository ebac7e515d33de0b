// SPDX-License-Identifier: EUPL-1.2
//! Who a broadcast goes to: nobody is missed, nobody is named twice, whatever happens meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use domain::broadcast::{Audience, Broadcast, Plan, PlanOf, State};
use domain::ids::{BroadcastId, ContactId, LineId, TopicId};
use futures::future;
use proptest::prelude::*;
use proptest::sample::subsequence;
use store::{Change, Chunk, StoreError};

use crate::support::{
    Engine, contact_id, draft, following, hold, later, now, person, pordenone, topics,
};

const TOPICS: [&str; 3] = ["eventi", "scadenze", "servizi"];

/// When somebody joined each topic, in milliseconds from the broadcast's start; `None` is never.
type Joined = [Option<i64>; 3];

fn memberships() -> impl Strategy<Value = BTreeMap<u32, Joined>> {
    let joined = || prop::option::of(-3_i64..=1);
    prop::collection::btree_map(0_u32..500, [joined(), joined(), joined()], 0..18)
}

/// `None` is everybody.
fn audiences() -> impl Strategy<Value = Option<Vec<&'static str>>> {
    prop::option::of(subsequence(TOPICS.to_vec(), 0..=3))
}

async fn join(engine: &Engine, line: &LineId, n: u32, joined: Joined) {
    let times: BTreeSet<i64> = joined.into_iter().flatten().collect();
    for at in times {
        let names = TOPICS.iter().zip(joined).filter(|it| it.1.is_some_and(|when| when <= at));
        let names: Vec<_> = names.map(|it| *it.0).collect();
        engine.meet_at(line, &following(person(n), &names), later(at)).await;
    }
}

fn belongs(joined: Joined, audience: Option<&Vec<&str>>) -> bool {
    let wanted = |topic| audience.is_none_or(|it| it.contains(topic));
    TOPICS.iter().zip(joined).any(|(topic, at)| wanted(topic) && at.is_some_and(|it| it < 0))
}

#[test]
fn pages_of_an_audience_have_everyone_once_in_order_who_joined_before_the_start() {
    let cases = (memberships(), audiences(), 1_i32..6);
    hold(40, cases, async |engine, line, (people, wanted, limit)| {
        for (n, joined) in &people {
            join(engine, &line, *n, *joined).await;
        }
        let audience = match &wanted {
            None => Audience::All,
            Some(names) => Audience::Topics(names.iter().map(|it| TopicId::new(*it)).collect()),
        };
        let mut named = Vec::new();
        let mut after = None;
        loop {
            let (page, end) =
                engine.audience_page(&line, &audience, after.as_ref(), now(), limit).await.unwrap();
            prop_assert!(page.len() <= usize::try_from(limit).unwrap());
            named.extend(page);
            prop_assert!(end.is_none() || end > after, "pages go forward");
            after = end;
            if after.is_none() {
                break;
            }
        }
        let want = people.iter().filter(|it| belongs(*it.1, wanted.as_ref()));
        let want: Vec<_> = want.map(|it| contact_id(*it.0)).collect();
        prop_assert_eq!(named, want);
        Ok(())
    });
}

#[tokio::test]
async fn a_page_of_several_topics_is_no_longer_than_one_of_one() {
    let (engine, line) = (Engine::start().await, pordenone());
    for (n, topic) in (0..9).zip(TOPICS.iter().cycle()) {
        engine.meet_at(&line, &following(person(n), &[topic]), later(-1)).await;
    }
    let audience = Audience::Topics(TOPICS.map(TopicId::new).to_vec());
    let page = async |after: Option<u32>| {
        let after = after.map(contact_id);
        engine.audience_page(&line, &audience, after.as_ref(), now(), 5).await.unwrap()
    };
    assert_eq!(page(None).await, ((0..5).map(contact_id).collect(), Some(contact_id(4))));
    assert_eq!(page(Some(4)).await, ((5..9).map(contact_id).collect(), None));
}

/// A broadcast being sent to everybody of the topic `eventi`.
async fn sending(engine: &Engine, line: &LineId) -> Broadcast {
    let audience = Audience::Topics(vec![TopicId::new("eventi")]);
    let broadcast = Broadcast { state: State::Scheduled, ..draft(line, audience) };
    engine.create_broadcast(&broadcast, None).await.unwrap();
    let change =
        Change { started_at: Some(now()), new_run: true, due_at: Some(now()), ..Change::default() };
    change_to(engine, &broadcast.id, State::Scheduled, State::Sending, change).await
}

async fn change_to(
    engine: &Engine,
    id: &BroadcastId,
    from: State,
    to: State,
    change: Change,
) -> Broadcast {
    engine.change_broadcast(&pordenone(), id, from, to, change).await.unwrap()
}

fn plan(cursor: Option<ContactId>, chunks: u32, complete: bool) -> Plan {
    Plan { of: PlanOf::Audience, cursor, chunks, complete }
}

/// Plans to the end, as the fan-out does.
async fn fan_out(engine: &Engine, id: &BroadcastId) {
    loop {
        let broadcast = engine.broadcast(&pordenone(), id).await.unwrap().unwrap();
        let plan = &broadcast.plan;
        if plan.complete {
            return;
        }
        let (people, end) = engine
            .audience_page(&pordenone(), &broadcast.audience, plan.cursor.as_ref(), now(), 4)
            .await
            .unwrap();
        let chunks: Vec<_> = people.chunks(2).map(<[_]>::to_vec).collect();
        let more = u32::try_from(chunks.len()).unwrap();
        let chunks_after = plan.chunks + more;
        let next = Plan { of: plan.of, complete: end.is_none(), cursor: end, chunks: chunks_after };
        match engine.plan(&broadcast, &chunks, &next).await {
            Ok(()) | Err(StoreError::Conflict) => {}
            Err(err) => panic!("{err}"),
        }
    }
}

async fn planned_people(engine: &Engine, id: &BroadcastId) -> Vec<ContactId> {
    let mut people = Vec::new();
    for chunk in engine.open_chunks(id, None, 1000).await.unwrap() {
        assert!(chunk.people.is_empty(), "lists have no people");
        people.extend(engine.chunk(id, chunk.number).await.unwrap().unwrap().people);
    }
    people
}

#[tokio::test]
async fn two_fan_outs_at_once_plan_everybody_once() {
    let (engine, line) = (Engine::start().await, pordenone());
    for n in 0..23 {
        engine.meet_at(&line, &following(person(n), &["eventi"]), later(-1)).await;
    }
    let broadcast = sending(&engine, &line).await;
    let id = &broadcast.id;
    future::join(fan_out(&engine, id), fan_out(&engine, id)).await;
    let everybody: Vec<_> = (0..23).map(contact_id).collect();
    assert_eq!(planned_people(&engine, id).await, everybody);
    let planned = engine.broadcast(&line, id).await.unwrap().unwrap();
    assert_eq!(planned.counts.audience, 23);
    assert_eq!(planned.plan, plan(None, 12, true));
}

#[tokio::test]
async fn of_two_that_plan_one_page_one_does() {
    let (engine, line) = (Engine::start().await, pordenone());
    let broadcast = sending(&engine, &line).await;
    let chunks = [vec![contact_id(1), contact_id(2)], vec![contact_id(3)]];
    let next = plan(Some(contact_id(3)), 2, false);
    let planned = future::join(
        engine.plan(&broadcast, &chunks, &next),
        engine.plan(&broadcast, &chunks, &next),
    );
    let (one, other) = planned.await;
    assert!(
        matches!(
            (&one, &other),
            (Ok(()), Err(StoreError::Conflict)) | (Err(StoreError::Conflict), Ok(()))
        ),
        "{one:?} {other:?}"
    );
    let found = engine.broadcast(&line, &broadcast.id).await.unwrap().unwrap();
    assert_eq!((found.plan, found.counts.audience), (next, 3));
}

#[tokio::test]
async fn a_page_of_nobody_moves_the_plan_as_well_and_only_once() {
    let (engine, line) = (Engine::start().await, pordenone());
    let mut broadcast = sending(&engine, &line).await;
    for cursor in [9, 12, 20].map(contact_id) {
        let next = Plan { cursor: Some(cursor), ..Plan::default() };
        engine.plan(&broadcast, &[], &next).await.unwrap();
        let again = engine.plan(&broadcast, &[], &next).await;
        assert!(matches!(again, Err(StoreError::Conflict)));
        broadcast = engine.broadcast(&line, &broadcast.id).await.unwrap().unwrap();
        assert_eq!(broadcast.plan, next);
    }
}

#[tokio::test]
async fn a_plan_is_completed_only_once() {
    let (engine, line) = (Engine::start().await, pordenone());
    let broadcast = sending(&engine, &line).await;
    let complete = plan(None, 0, true);
    engine.plan(&broadcast, &[], &complete).await.unwrap();
    let found = engine.broadcast(&line, &broadcast.id).await.unwrap().unwrap();
    assert_eq!(found.plan, complete);
    for broadcast in [&broadcast, &found] {
        let again = engine.plan(broadcast, &[vec![contact_id(1)]], &complete).await;
        assert!(matches!(again, Err(StoreError::Conflict)));
    }
    assert!(engine.open_chunks(&broadcast.id, None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_planned_for_a_broadcast_that_is_not_being_sent() {
    let (engine, line) = (Engine::start().await, pordenone());
    for to in [State::Paused, State::Cancelled, State::Stopped] {
        let broadcast = sending(&engine, &line).await;
        change_to(&engine, &broadcast.id, State::Sending, to, Change::default()).await;
        let next = plan(None, 1, true);
        let planned = engine.plan(&broadcast, &[vec![contact_id(1)]], &next).await;
        assert!(matches!(planned, Err(StoreError::Conflict)), "{to:?}");
        assert!(engine.open_chunks(&broadcast.id, None, 10).await.unwrap().is_empty(), "{to:?}");
        let found = engine.broadcast(&line, &broadcast.id).await.unwrap().unwrap();
        assert_eq!((found.plan, found.counts.audience), (Plan::default(), 0), "{to:?}");
    }
}

#[tokio::test]
async fn the_largest_page_of_chunks_fits_one_transaction() {
    let (engine, line) = (Engine::start().await, pordenone());
    let broadcast = sending(&engine, &line).await;
    let chunks: Vec<Vec<_>> =
        (0..99).map(|chunk| (0..50).map(|n| contact_id(chunk * 50 + n)).collect()).collect();
    let next = plan(None, 99, true);
    engine.plan(&broadcast, &chunks, &next).await.unwrap();
    assert_eq!(engine.open_chunks(&broadcast.id, None, 1000).await.unwrap().len(), 99);
}

#[tokio::test]
async fn a_chunk_is_open_until_it_is_closed_and_closed_once() {
    let (engine, line) = (Engine::start().await, pordenone());
    let broadcast = sending(&engine, &line).await;
    let id = &broadcast.id;
    let chunks: Vec<_> = (0..12).map(|n| vec![contact_id(n)]).collect();
    let next = plan(None, 12, true);
    engine.plan(&broadcast, &chunks, &next).await.unwrap();

    let numbers: Vec<_> =
        engine.open_chunks(id, None, 3).await.unwrap().iter().map(|it| it.number).collect();
    assert_eq!(numbers, [0, 1, 2]);
    let closed = future::join_all((0..20).map(|_| engine.close_chunk(id, 1))).await;
    assert_eq!(closed.into_iter().filter(|it| *it.as_ref().unwrap()).count(), 1);
    assert_eq!(engine.chunk(id, 1).await.unwrap(), None);
    // A mark that comes too late does not open it again.
    engine.mark_queued(id, 1, 1, later(2000)).await.unwrap();
    assert_eq!(engine.chunk(id, 1).await.unwrap(), None);
    let numbers: Vec<_> =
        engine.open_chunks(id, None, 100).await.unwrap().iter().map(|it| it.number).collect();
    assert_eq!(numbers, [vec![0], (2..12).collect()].concat());

    engine.mark_queued(id, 2, 3, later(2000)).await.unwrap();
    let queued = Some((3, later(2000)));
    let want = Chunk { number: 2, people: vec![contact_id(2)], queued, again_from_run: None };
    assert_eq!(engine.chunk(id, 2).await.unwrap(), Some(want));
    assert_eq!(engine.open_chunks(id, None, 2).await.unwrap()[1].queued, queued);
}

#[tokio::test]
async fn who_left_is_in_no_audience() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet_at(&line, &following(person(1), &["eventi"]), later(-9)).await;
    engine.meet_at(&line, &following(person(2), &["eventi"]), later(-9)).await;
    engine.meet(&line, &person(1)).await;
    for audience in [Audience::All, Audience::Topics(topics(&["eventi"]).into_iter().collect())] {
        let page = engine.audience_page(&line, &audience, None, now(), 10).await.unwrap();
        assert_eq!(page, (vec![contact_id(2)], None));
    }
}
