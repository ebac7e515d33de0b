// SPDX-License-Identifier: EUPL-1.2
//! Broadcasts: written once, changed from one state only, found when due, counted exactly.

use domain::broadcast::{Audience, Broadcast, Plan, PlanOf, Priority, State, TemplateMessage};
use domain::delivery::{Counts, SkipReason};
use domain::ids::{BroadcastId, TopicId};
use futures::future;
use proptest::prelude::*;
use store::{Change, Once, Progress, StoreError};

use crate::support::{
    Engine, contact_id, draft, following, fresh_broadcast, hold, later, now, person, pordenone,
};

fn messages() -> impl Strategy<Value = TemplateMessage> {
    let parameters = prop::collection::btree_map("[a-z_]{1,10}", "\\PC{0,40}", 0..4);
    let header = prop::option::of("[0-9]{1,16}");
    ("[a-z_]{1,20}", "[a-z]{2}", parameters, header).prop_map(
        |(name, language, parameters, header_media_id)| TemplateMessage {
            name,
            language,
            parameters,
            header_media_id,
        },
    )
}

fn audiences() -> impl Strategy<Value = Audience> {
    let topics = prop::collection::btree_set("[a-z]{1,8}".prop_map(TopicId::new), 0..4);
    prop_oneof![
        Just(Audience::All),
        topics.prop_map(|it| Audience::Topics(it.into_iter().collect())),
        "[0-9a-f]{32}".prop_map(|it| Audience::ReachedBy(BroadcastId::new(it))),
    ]
}

#[test]
fn a_broadcast_is_loaded_as_it_was_written() {
    let priorities = prop::sample::select(vec![Priority::Normal, Priority::Emergency]);
    let times = (prop::option::of(0_i64..1_000_000), prop::option::of(0_i64..1_000_000));
    let how = (priorities, any::<bool>(), any::<bool>());
    let cases = ("\\PC{0,40}", messages(), audiences(), how, times);
    hold(40, cases, async |engine, line, (title, message, audience, how, times)| {
        let broadcast = Broadcast {
            title,
            message,
            priority: how.0,
            free_form_in_window: how.1,
            drill: how.2,
            send_at: times.0.map(later),
            expires_at: times.1.map(later),
            ..draft(&line, audience)
        };
        engine.create_broadcast(&broadcast, None).await.unwrap();
        let found = engine.broadcast(&line, &broadcast.id).await.unwrap();
        prop_assert_eq!(found, Some(broadcast));
        Ok(())
    });
}

#[tokio::test]
async fn a_topic_named_twice_is_one_topic() {
    let (engine, line) = (Engine::start().await, pordenone());
    let twice = Audience::Topics(vec![TopicId::new("eventi"), TopicId::new("eventi")]);
    let broadcast = draft(&line, twice);
    engine.create_broadcast(&broadcast, None).await.unwrap();
    let found = engine.broadcast(&line, &broadcast.id).await.unwrap().unwrap();
    assert_eq!(found.audience, Audience::Topics(vec![TopicId::new("eventi")]));
}

#[tokio::test]
async fn an_audience_of_no_topics_is_nobody() {
    let (engine, line) = (Engine::start().await, pordenone());
    engine.meet_at(&line, &following(person(1), &["eventi"]), later(-1)).await;
    let broadcast = draft(&line, Audience::Topics(Vec::new()));
    engine.create_broadcast(&broadcast, None).await.unwrap();
    let found = engine.broadcast(&line, &broadcast.id).await.unwrap().unwrap();
    let page = engine.audience_page(&line, &found.audience, None, now(), 10).await.unwrap();
    assert_eq!(page, (Vec::new(), None));
}

#[tokio::test]
async fn a_broadcast_is_created_once() {
    let (engine, line) = (Engine::start().await, pordenone());
    let broadcast = draft(&line, Audience::All);
    engine.create_broadcast(&broadcast, None).await.unwrap();
    let other = Broadcast { title: "Altro".to_owned(), ..broadcast.clone() };
    let again = engine.create_broadcast(&other, None).await;
    assert!(matches!(again, Err(StoreError::Conflict)));
    assert_eq!(engine.broadcast(&line, &broadcast.id).await.unwrap(), Some(broadcast));
}

#[tokio::test]
async fn a_state_is_left_once() {
    let (engine, line) = (Engine::start().await, pordenone());
    let broadcast = draft(&line, Audience::All);
    let id = &broadcast.id;
    engine.create_broadcast(&broadcast, None).await.unwrap();
    let change = |from, to| engine.change_broadcast(&line, id, from, to, Change::default());

    let tries = (0..20).map(|_| change(State::Draft, State::Scheduled));
    let moved = future::join_all(tries).await;
    assert_eq!(moved.iter().filter(|it| it.is_ok()).count(), 1);
    for lost in moved.into_iter().filter_map(Result::err) {
        assert!(matches!(lost, StoreError::Conflict));
    }
    for from in State::ALL.into_iter().filter(|it| *it != State::Scheduled) {
        let refused = change(from, State::Sending).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{from:?}");
    }
    let found = engine.broadcast(&line, id).await.unwrap().unwrap();
    assert_eq!(found.state, State::Scheduled);
}

#[tokio::test]
async fn what_is_not_there_is_not_changed_into_being() {
    let (engine, line) = (Engine::start().await, pordenone());
    let id = fresh_broadcast();
    let (from, to) = (State::Draft, State::Scheduled);
    let changed = engine.change_broadcast(&line, &id, from, to, Change::default()).await;
    assert!(matches!(changed, Err(StoreError::Conflict)));
    assert!(engine.everything().await.is_empty());
}

#[tokio::test]
async fn a_change_sets_what_it_says_and_leaves_the_rest() {
    let (engine, line) = (Engine::start().await, pordenone());
    let broadcast = Broadcast { state: State::Scheduled, ..draft(&line, Audience::All) };
    let broadcast = Broadcast { due_at: Some(now()), ..broadcast };
    engine.create_broadcast(&broadcast, None).await.unwrap();
    let change = async |from, to, change| {
        engine.change_broadcast(&line, &broadcast.id, from, to, change).await.unwrap()
    };
    let start = Change {
        started_at: Some(later(1)),
        new_run: true,
        due_at: Some(now()),
        ..Change::default()
    };
    let started = change(State::Scheduled, State::Sending, start).await;
    let mut want = Broadcast {
        state: State::Sending,
        started_at: Some(later(1)),
        run: 1,
        version: 1,
        ..broadcast.clone()
    };
    assert_eq!(started, want);

    let stop = Change { reason: Some("Modello rifiutato".to_owned()), ..Change::default() };
    let stopped = change(State::Sending, State::Stopped, stop).await;
    let reason = Some("Modello rifiutato".to_owned());
    want = Broadcast { state: State::Stopped, reason, due_at: None, version: 2, ..want };
    assert_eq!(stopped, want);

    let resume = Change { new_run: true, due_at: Some(later(2)), ..Change::default() };
    let resumed = change(State::Stopped, State::Sending, resume).await;
    let due_at = Some(later(2));
    want = Broadcast { state: State::Sending, reason: None, run: 2, due_at, version: 3, ..want };
    assert_eq!(resumed, want);
    assert_eq!(engine.broadcast(&line, &broadcast.id).await.unwrap(), Some(want.clone()));

    let again = Change { plan: Some(PlanOf::Unresolved), ..Change::default() };
    let again = change(State::Sending, State::Sending, again).await;
    let plan = Plan { of: PlanOf::Unresolved, ..want.plan };
    assert_eq!(again, Broadcast { plan, due_at: None, version: 4, ..want });
}

#[tokio::test]
async fn what_is_due_is_listed_in_its_time_and_no_longer_than_wanted() {
    let (engine, line) = (Engine::start().await, pordenone());
    assert_eq!(engine.next_due().await.unwrap(), None);
    let mut ids = Vec::new();
    for due_at in [Some(later(3000)), Some(later(1000)), None, Some(later(2000))] {
        let broadcast = Broadcast { state: State::Scheduled, ..draft(&line, Audience::All) };
        let broadcast = Broadcast { due_at, ..broadcast };
        engine.create_broadcast(&broadcast, None).await.unwrap();
        ids.push(broadcast.id);
    }
    let due = async |at| {
        let due = engine.due(later(at)).await.unwrap();
        due.into_iter().map(|(of, id)| (of == line).then_some(id).unwrap()).collect::<Vec<_>>()
    };
    let named = |which: &[usize]| which.iter().map(|n| ids[*n].clone()).collect::<Vec<_>>();
    assert_eq!(due(999).await, named(&[]));
    assert_eq!(due(1000).await, named(&[1]));
    assert_eq!(due(9000).await, named(&[1, 3, 0]));
    assert_eq!(engine.next_due().await.unwrap(), Some(later(1000)));

    let later_on = Change { due_at: Some(later(5000)), ..Change::default() };
    let (from, to) = (State::Scheduled, State::Scheduled);
    engine.change_broadcast(&line, &ids[1], from, to, later_on).await.unwrap();
    assert_eq!(due(9000).await, named(&[3, 0, 1]));
    let called_off = Change::default();
    engine.change_broadcast(&line, &ids[3], from, State::Cancelled, called_off).await.unwrap();
    assert_eq!(due(9000).await, named(&[0, 1]));
    assert_eq!(engine.next_due().await.unwrap(), Some(later(3000)));
}

#[tokio::test]
async fn a_broadcast_that_is_over_keeps_its_state_and_its_reason() {
    let (engine, line) = (Engine::start().await, pordenone());
    let broadcast = draft(&line, Audience::All);
    engine.create_broadcast(&broadcast, None).await.unwrap();
    let reason = Some("Annullato dall'ufficio".to_owned());
    let cancel = Change { reason: reason.clone(), due_at: Some(now()), ..Change::default() };
    let (from, to) = (State::Draft, State::Cancelled);
    engine.change_broadcast(&line, &broadcast.id, from, to, cancel).await.unwrap();
    let over = Change { reason: reason.clone(), finished_at: Some(later(9)), ..Change::default() };
    engine.change_broadcast(&line, &broadcast.id, to, to, over).await.unwrap();
    let want = Broadcast {
        state: to,
        reason,
        finished_at: Some(later(9)),
        version: 2,
        ..broadcast.clone()
    };
    assert_eq!(engine.broadcast(&line, &broadcast.id).await.unwrap(), Some(want));
    assert!(engine.due(later(9000)).await.unwrap().is_empty());
}

#[tokio::test]
async fn broadcasts_are_listed_newest_first_each_once() {
    let (engine, line) = (Engine::start().await, pordenone());
    let mut want = Vec::new();
    for _ in 0..7 {
        let broadcast = draft(&line, Audience::All);
        engine.create_broadcast(&broadcast, None).await.unwrap();
        want.insert(0, broadcast.id);
    }
    let mut listed: Vec<BroadcastId> = Vec::new();
    loop {
        let page = engine.broadcasts(&line, listed.last(), 3).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 3);
        listed.extend(page.into_iter().map(|it| it.id));
        assert!(listed.len() <= want.len(), "pages come to an end");
    }
    assert_eq!(listed, want);
}

fn chunks_done(n: i64) -> Progress {
    Progress { chunks_done: n, ..Progress::default() }
}

#[tokio::test]
async fn counts_added_at_once_are_exact() {
    let (engine, line) = (Engine::start().await, pordenone());
    let broadcast = draft(&line, Audience::All);
    let id = &broadcast.id;
    engine.create_broadcast(&broadcast, None).await.unwrap();
    let one = Counts { accepted: 2, failed: 1, skipped: 3, ..Counts::default() };
    let one = Progress { chunks_done: 1, ..one.into() };
    let back = Counts { failed: -1, sent: 1, ..Counts::default() };
    let adders = (0..20).map(async |_| {
        for _ in 0..50 {
            engine.add_progress(id, &one).await.unwrap();
        }
        engine.add_progress(id, &back.into()).await.unwrap();
    });
    future::join_all(adders).await;
    let found = engine.broadcast(&line, id).await.unwrap().unwrap();
    let want = Counts { accepted: 2000, failed: 980, skipped: 3000, sent: 20, ..Counts::default() };
    assert_eq!(found.counts, want);
    assert_eq!(engine.add_progress(id, &chunks_done(1)).await.unwrap(), 1001);
    assert_eq!(engine.add_progress(id, &Progress::default()).await.unwrap(), 0);
}

#[tokio::test]
async fn counts_taken_anew_replace_those_added() {
    let (engine, line) = (Engine::start().await, pordenone());
    let broadcast = draft(&line, Audience::All);
    let id = &broadcast.id;
    engine.create_broadcast(&broadcast, None).await.unwrap();
    let added = Counts { accepted: 5, read: 9, unresolved: 1, ..Counts::default() };
    let added = Progress { chunks_done: 4, ..added.into() };
    engine.add_progress(id, &added).await.unwrap();
    for n in 0..3 {
        let why = (n > 0).then_some(SkipReason::Blocked);
        engine.decide_not_to_send(id, &contact_id(n), why, now(), later(1000)).await.unwrap();
    }
    let taken = engine.recount(id, 0, later(7)).await.unwrap().counts;
    assert_eq!(taken, Counts { skipped: 2, cancelled: 1, ..Counts::default() });
    let found = engine.broadcast(&line, id).await.unwrap().unwrap();
    assert_eq!((found.counts, found.counted_at), (taken, Some(later(7))));
    assert_eq!(engine.add_progress(id, &chunks_done(1)).await.unwrap(), 5, "chunks done stay");
}

fn answer(body_hash: &str) -> Once {
    Once { body_hash: body_hash.to_owned(), status: 201, answer: "{\"id\":\"1\"}".to_owned() }
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_for_a_day() {
    let (engine, line) = (Engine::start().await, pordenone());
    let day = 24 * 3600 * 1000;
    assert_eq!(engine.answered(&line, "key", now()).await.unwrap(), None);
    engine.remember(&line, "key", &answer("a"), now()).await.unwrap();
    for at in [0, day - 1000] {
        let found = engine.answered(&line, "key", later(at)).await.unwrap();
        assert_eq!(found, Some(answer("a")));
        let again = engine.remember(&line, "key", &answer("b"), later(at)).await;
        assert!(matches!(again, Err(StoreError::Conflict)));
    }
    assert_eq!(engine.answered(&line, "key", later(day)).await.unwrap(), None);
    engine.remember(&line, "key", &answer("b"), later(day)).await.unwrap();
    assert_eq!(engine.answered(&line, "key", later(day)).await.unwrap(), Some(answer("b")));
}

#[tokio::test]
async fn of_twenty_requests_with_one_key_one_makes_a_broadcast() {
    let (engine, line) = (Engine::start().await, pordenone());
    let requests = (0..20).map(async |_| {
        let broadcast = draft(&line, Audience::All);
        let once = answer(broadcast.id.as_str());
        engine.create_broadcast(&broadcast, Some(("key", &once))).await
    });
    let made = future::join_all(requests).await;
    assert_eq!(made.iter().filter(|it| it.is_ok()).count(), 1);
    let listed = engine.broadcasts(&line, None, 100).await.unwrap();
    assert_eq!(listed.len(), 1);
    let remembered = engine.answered(&line, "key", now()).await.unwrap().unwrap();
    assert_eq!(remembered.body_hash, listed[0].id.as_str());
}

#[tokio::test]
async fn a_draft_is_edited_by_one_at_a_time_and_deleted_only_as_a_draft() {
    use domain::approval::{Authorship, Bypass};
    let engine = Engine::start().await;
    let mut it = draft(&pordenone(), Audience::All);
    it.authorship.author = Some("anna".to_owned());
    it.exclude_recent_hours = Some(24);
    engine.create_broadcast(&it, None).await.unwrap();
    let read = engine.broadcast(&it.line, &it.id).await.unwrap().unwrap();
    assert_eq!(read, it);
    let edited = Broadcast { title: "Altro".to_owned(), ..read.clone() };
    let edited = engine.replace_draft(&edited).await.unwrap();
    assert_eq!((edited.version, edited.title.as_str()), (1, "Altro"));
    let late = Broadcast { title: "Tardi".to_owned(), ..read };
    assert!(matches!(engine.replace_draft(&late).await, Err(StoreError::Conflict)));
    let bypass = Bypass { by: None, reason: "piena".to_owned(), at: now() };
    let authorship = Authorship { bypass: Some(bypass), ..edited.authorship.clone() };
    let change = Change { authorship: Some(authorship.clone()), ..Change::default() };
    let (from, to) = (State::Draft, State::Scheduled);
    let gone = engine.change_broadcast(&it.line, &it.id, from, to, change).await.unwrap();
    assert_eq!((gone.version, &gone.authorship), (2, &authorship));
    engine.count_tests(&it.id, 2).await.unwrap();
    let read = engine.broadcast(&it.line, &it.id).await.unwrap().unwrap();
    assert_eq!((read.tests, read.counts, read.authorship), (2, gone.counts, authorship));
    assert!(matches!(engine.replace_draft(&gone).await, Err(StoreError::Conflict)), "no draft");
    assert!(matches!(engine.delete_draft(&it.line, &it.id).await, Err(StoreError::Conflict)));
    let other = draft(&pordenone(), Audience::All);
    engine.create_broadcast(&other, None).await.unwrap();
    engine.delete_draft(&other.line, &other.id).await.unwrap();
    assert_eq!(engine.broadcast(&other.line, &other.id).await.unwrap(), None);
}
