// SPDX-License-Identifier: EUPL-1.2
//! Deliveries: claimed once, moved forward only, counted as they stand.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::broadcast::Audience;
use domain::cost::{Category, Priced};
use domain::delivery::{Counts, Event, Report, SkipReason, State, next};
use domain::ids::{BroadcastId, ContactId};
use futures::future;
use proptest::prelude::*;
use proptest::sample::subsequence;
use store::{Claim, Delivery, News, Take};

use crate::support::{Engine, contact_id, expiry, fresh_broadcast, hold, later, now, take};

const UTILITY: Priced = Priced::Billed(Category::Utility);
const MARKETING: Priced = Priced::Billed(Category::Marketing);
const TAKEN: Claim = Claim::Taken { failures: 0, repeated: false };

/// A claim like no other.
async fn claim(engine: &Engine, broadcast: &BroadcastId, contact: &ContactId) -> Claim {
    let token = fresh_broadcast().to_string();
    engine.claim(take(broadcast, contact, &token)).await.unwrap()
}

/// The state a delivery left, if it moved.
async fn tell(
    engine: &Engine,
    broadcast: &BroadcastId,
    contact: &ContactId,
    report: Report,
) -> Option<State> {
    let told = engine.tell(broadcast, contact, &News::of(report, now())).await.unwrap();
    told.filter(|it| it.moved).map(|it| it.before.state)
}

/// A delivery that was claimed once, and now stands there.
fn standing(contact: ContactId, state: State) -> Delivery {
    Delivery {
        contact,
        state,
        at: now(),
        claimed_at: Some(now()),
        again_at: None,
        failures: 0,
        repeated: false,
        run: 1,
        held: false,
        shaky: false,
        skipped: None,
        code: None,
        priced: None,
    }
}

/// A delivery that never was claimed.
fn unclaimed(contact: ContactId, state: State) -> Delivery {
    Delivery { claimed_at: None, run: 0, ..standing(contact, state) }
}

async fn delivery(engine: &Engine, broadcast: &BroadcastId, n: u32) -> Option<Delivery> {
    let known = engine.known_deliveries(broadcast, &[contact_id(n)]).await.unwrap();
    known.into_iter().next()
}

#[tokio::test]
async fn of_twenty_claims_at_once_one_wins_and_the_others_learn_how_it_stands() {
    let (engine, id) = (Engine::start().await, fresh_broadcast());
    let contact = contact_id(1);
    let claims = future::join_all((0..20).map(|_| claim(&engine, &id, &contact))).await;
    assert_eq!(claims.iter().filter(|it| **it == TAKEN).count(), 1);
    let known = Claim::Known(standing(contact.clone(), State::Claimed));
    assert_eq!(claims.iter().filter(|it| **it == known).count(), 19);
    // The same person in another broadcast is another matter.
    assert_eq!(claim(&engine, &fresh_broadcast(), &contact).await, TAKEN);
}

#[tokio::test]
async fn a_claim_asked_for_twice_because_the_answer_was_lost_is_ours() {
    let (engine, id) = (Engine::start().await, fresh_broadcast());
    let contact = contact_id(1);
    for _ in 0..2 {
        assert_eq!(engine.claim(take(&id, &contact, "ours")).await.unwrap(), TAKEN);
    }
    let theirs = engine.claim(take(&id, &contact, "theirs")).await.unwrap();
    assert_eq!(theirs, Claim::Known(standing(contact, State::Claimed)));
}

/// Brings a delivery to a state; `None` is none yet.
async fn bring(engine: &Engine, id: &BroadcastId, contact: &ContactId, state: Option<State>) {
    let Some(state) = state else { return };
    let why = (state == State::Skipped).then_some(SkipReason::Blocked);
    if matches!(state, State::Skipped | State::Cancelled) {
        engine.decide_not_to_send(id, contact, why, now(), expiry()).await.unwrap();
        return;
    }
    engine.claim(take(id, contact, "ours")).await.unwrap();
    match Report::ALL.iter().find(|it| it.state() == state) {
        Some(report) => assert!(tell(engine, id, contact, *report).await.is_some()),
        None if state == State::Waiting => {
            engine.put_back(id, contact, "ours", 1, later(5)).await.unwrap();
        }
        None => {}
    }
}

async fn make(engine: &Engine, id: &BroadcastId, contact: &ContactId, event: Event) {
    match event {
        Event::Claim => {
            engine.claim(take(id, contact, "other")).await.unwrap();
        }
        Event::ClaimAgain => {
            let again = Take { again: true, ..take(id, contact, "other") };
            engine.claim(again).await.unwrap();
        }
        Event::PutBack => engine.put_back(id, contact, "ours", 1, later(5)).await.unwrap(),
        Event::Skip => {
            let why = Some(SkipReason::Expired);
            engine.decide_not_to_send(id, contact, why, later(1), expiry()).await.unwrap();
        }
        Event::Cancel => {
            engine.decide_not_to_send(id, contact, None, later(1), expiry()).await.unwrap();
        }
        Event::Report(report) => {
            engine.tell(id, contact, &News::of(report, later(1))).await.unwrap();
        }
    }
}

/// The conditions of the table are the table of the domain.
#[tokio::test]
async fn every_event_in_every_state_does_what_the_domain_says() {
    let engine = Engine::start().await;
    let events = [Event::Claim, Event::PutBack, Event::Skip, Event::Cancel, Event::ClaimAgain];
    let events = events.into_iter().chain(Report::ALL.map(Event::Report));
    for event in events {
        for (n, state) in (0..).zip(std::iter::once(None).chain(State::ALL.map(Some))) {
            let (id, contact) = (fresh_broadcast(), contact_id(n));
            bring(&engine, &id, &contact, state).await;
            let before = delivery(&engine, &id, n).await;
            assert_eq!(before.as_ref().map(|it| it.state), state);
            make(&engine, &id, &contact, event).await;
            let after = delivery(&engine, &id, n).await;
            // Taking one on once more takes one on that is free, too.
            let free = event == Event::ClaimAgain;
            let want =
                next(state, event).or_else(|| next(state, Event::Claim).filter(|_| free)).or(state);
            assert_eq!(after.as_ref().map(|it| it.state), want, "{event:?} when {state:?}");
            if want == state {
                assert_eq!(after, before, "{event:?} when {state:?} changes nothing");
            }
        }
    }
}

#[tokio::test]
async fn what_was_given_back_is_taken_again_and_remembers_how_often_it_failed() {
    let (engine, id) = (Engine::start().await, fresh_broadcast());
    let contact = contact_id(1);
    assert_eq!(claim(&engine, &id, &contact).await, TAKEN);
    engine.put_back(&id, &contact, "another's", 1, later(0)).await.unwrap();
    let known = Claim::Known(standing(contact.clone(), State::Claimed));
    assert_eq!(claim(&engine, &id, &contact).await, known, "only our own goes back");
    let contact = contact_id(2);
    engine.claim(take(&id, &contact, "ours")).await.unwrap();
    engine.put_back(&id, &contact, "ours", 3, later(60)).await.unwrap();
    let back = delivery(&engine, &id, 2).await.unwrap();
    assert_eq!((back.state, back.again_at), (State::Waiting, Some(later(60))));
    let taken = engine.claim(take(&id, &contact, "ours")).await.unwrap();
    assert_eq!(taken, Claim::Taken { failures: 3, repeated: false });
    assert_eq!(delivery(&engine, &id, 2).await.unwrap().again_at, None);
    engine.put_back(&id, &contact_id(3), "ours", 1, later(0)).await.unwrap();
    assert_eq!(delivery(&engine, &id, 3).await, None, "giving back nothing makes nothing");
}

#[tokio::test]
async fn what_is_in_doubt_is_taken_once_more_only_when_asked_for() {
    let (engine, id) = (Engine::start().await, fresh_broadcast());
    let contact = contact_id(1);
    claim(&engine, &id, &contact).await;
    let doubt = News { again_at: Some(later(600)), ..News::of(Report::Unresolved, now()) };
    engine.tell(&id, &contact, &doubt).await.unwrap();
    let known =
        Delivery { again_at: Some(later(600)), ..standing(contact.clone(), State::Unresolved) };
    assert_eq!(claim(&engine, &id, &contact).await, Claim::Known(known));
    let again = Take { again: true, run: 2, ..take(&id, &contact, "again") };
    let taken = Claim::Taken { failures: 0, repeated: true };
    assert_eq!(engine.claim(again).await.unwrap(), taken);
    let other = Take { token: "other", ..again };
    assert!(matches!(engine.claim(other).await.unwrap(), Claim::Known(_)));
    let found = delivery(&engine, &id, 1).await.unwrap();
    assert_eq!((found.run, found.again_at, found.repeated), (2, None, true));
    tell(&engine, &id, &contact, Report::Delivered).await;
    assert!(matches!(engine.claim(other).await.unwrap(), Claim::Known(_)), "it arrived");
}

#[tokio::test]
async fn of_two_ids_of_one_person_one_is_claimed_whoever_comes_first() {
    let (engine, id) = (Engine::start().await, fresh_broadcast());
    let (one, other) = ([contact_id(1)], [contact_id(2)]);
    for _ in 0..20 {
        let id = fresh_broadcast();
        let first = engine.claim(Take { others: &other, ..take(&id, &one[0], "first") });
        let second = engine.claim(Take { others: &one, ..take(&id, &other[0], "second") });
        let claims = future::join(first, second).await;
        let won = [&claims.0, &claims.1].iter().filter(|it| matches!(it, Ok(TAKEN))).count();
        assert!(won <= 1, "{claims:?}");
        if won == 0 {
            continue; // Both lost the race to each other: both come again.
        }
        let lost = [claims.0, claims.1].into_iter().filter(|it| !matches!(it, Ok(TAKEN)));
        for it in lost {
            assert!(matches!(it, Ok(Claim::Twin) | Err(_)), "{it:?}");
        }
    }
    // One that was not sent to under the other id may be under this.
    let skipped = Some(SkipReason::Erased);
    engine.decide_not_to_send(&id, &other[0], skipped, now(), expiry()).await.unwrap();
    let claim = Take { others: &other, ..take(&id, &one[0], "ours") };
    assert_eq!(engine.claim(claim).await.unwrap(), TAKEN);
    let again = engine.claim(claim).await.unwrap();
    assert_eq!(again, TAKEN, "the answer was lost");
}

#[tokio::test]
async fn who_is_not_sent_to_has_a_reason_and_is_never_claimed() {
    let (engine, id) = (Engine::start().await, fresh_broadcast());
    let cases = [
        (1, Some(SkipReason::Unsubscribed), State::Skipped),
        (2, Some(SkipReason::Erased), State::Skipped),
        (3, None, State::Cancelled),
    ];
    for (n, why, state) in cases {
        let contact = contact_id(n);
        for _ in 0..2 {
            let known = engine.decide_not_to_send(&id, &contact, why, now(), expiry()).await;
            assert_eq!(known.unwrap(), None, "and again, if the answer was lost");
        }
        let want = Delivery { skipped: why, ..unclaimed(contact.clone(), state) };
        assert_eq!(claim(&engine, &id, &contact).await, Claim::Known(want.clone()));
        assert_eq!(tell(&engine, &id, &contact, Report::Delivered).await, None);
        assert_eq!(delivery(&engine, &id, n).await, Some(want));
    }
    assert_eq!(claim(&engine, &id, &contact_id(4)).await, TAKEN);
    let late = engine.decide_not_to_send(&id, &contact_id(4), None, later(1), expiry()).await;
    assert_eq!(late.unwrap(), Some(standing(contact_id(4), State::Claimed)));
}

#[tokio::test]
async fn a_report_of_nothing_we_know_makes_nothing() {
    let (engine, id) = (Engine::start().await, fresh_broadcast());
    for report in Report::ALL {
        let priced = Some(UTILITY);
        let news = News { code: Some(131_026), priced, ..News::of(report, now()) };
        let told = engine.tell(&id, &contact_id(1), &news).await;
        assert_eq!(told.unwrap(), None, "{report:?}");
    }
    assert!(engine.everything().await.is_empty());
}

#[tokio::test]
async fn a_failure_keeps_its_code_and_its_time() {
    let (engine, id) = (Engine::start().await, fresh_broadcast());
    claim(&engine, &id, &contact_id(1)).await;
    let code = Some(131_026);
    let news = News { code, ..News::of(Report::Failed, later(50)) };
    engine.tell(&id, &contact_id(1), &news).await.unwrap();
    let want = Delivery { at: later(50), code, ..standing(contact_id(1), State::Failed) };
    assert_eq!(delivery(&engine, &id, 1).await, Some(want));
}

/// Meta gives the price on one status or two, in any order.
#[tokio::test]
async fn the_first_price_is_kept_whichever_status_brings_it() {
    let (engine, id) = (Engine::start().await, fresh_broadcast());
    let contact = contact_id(1);
    claim(&engine, &id, &contact).await;
    let priced = |report, priced| News { priced: Some(priced), ..News::of(report, now()) };
    tell(&engine, &id, &contact, Report::Delivered).await;
    let late = engine.tell(&id, &contact, &priced(Report::Sent, UTILITY)).await;
    let late = late.unwrap().unwrap();
    assert_eq!((late.moved, late.before.priced), (false, None));
    let again = engine.tell(&id, &contact, &priced(Report::Sent, MARKETING)).await;
    let before = again.unwrap().unwrap().before;
    assert_eq!(before.priced, Some(UTILITY));
    engine.tell(&id, &contact, &priced(Report::Read, MARKETING)).await.unwrap();
    let found = delivery(&engine, &id, 1).await.unwrap();
    assert_eq!((found.state, found.priced), (State::Read, Some(UTILITY)));
}

fn reports() -> impl Strategy<Value = Vec<Report>> {
    prop::collection::vec(prop::sample::select(Report::ALL.to_vec()), 0..7)
}

#[test]
fn reports_in_any_order_with_any_doubles_end_in_the_same_state() {
    let cases = reports().prop_flat_map(|it| {
        let doubled = [it.clone(), it.clone()].concat();
        (Just(it), Just(doubled).prop_shuffle())
    });
    hold(40, cases, async |engine, _, (in_order, shuffled)| {
        let id = fresh_broadcast();
        for (n, reports) in [(1, &in_order), (2, &shuffled)] {
            claim(engine, &id, &contact_id(n)).await;
            let mut stands = State::Claimed;
            for report in reports {
                let left = tell(engine, &id, &contact_id(n), *report).await;
                let to = next(Some(stands), Event::Report(*report));
                prop_assert_eq!(left, to.map(|_| stands));
                stands = to.unwrap_or(stands);
            }
            let found = delivery(engine, &id, n).await.unwrap();
            prop_assert_eq!(found.state, stands);
        }
        let (one, other) = (delivery(engine, &id, 1).await, delivery(engine, &id, 2).await);
        prop_assert_eq!(one.unwrap().state, other.unwrap().state);
        Ok(())
    });
}

#[tokio::test]
async fn reports_at_once_move_a_delivery_from_each_state_once() {
    let (engine, id) = (Engine::start().await, fresh_broadcast());
    let contact = contact_id(1);
    claim(&engine, &id, &contact).await;
    let reports = [Report::Read, Report::Accepted, Report::Delivered, Report::Sent];
    let reports = reports.iter().cycle().take(20);
    let left = reports.map(async |it| {
        let left = tell(&engine, &id, &contact, *it).await;
        left.map(|from| (from, it.state()))
    });
    let moves: Vec<_> = future::join_all(left).await.into_iter().flatten().collect();
    let mut counts = Counts { audience: 1, ..Counts::default() };
    for (from, to) in moves {
        counts.moved(Some(from), to);
    }
    assert_eq!(counts, engine.recount(&id, 1, now()).await.unwrap().counts);
    assert_eq!(counts.read, 1);
}

fn rows() -> impl Strategy<Value = Vec<(u32, State)>> {
    let state = prop::sample::select(State::ALL.to_vec());
    let rows = prop::collection::btree_map(0_u32..2000, state, 0..40);
    rows.prop_map(|it| it.into_iter().collect())
}

#[test]
fn counts_are_those_of_the_rows_and_pages_have_every_row_once() {
    let filters = subsequence(State::ALL.to_vec(), 0..=State::ALL.len());
    hold(24, (rows(), filters, 1_usize..9), async |engine, _, (rows, filter, limit)| {
        let id = fresh_broadcast();
        let mut want = Counts { audience: 50, ..Counts::default() };
        for (n, state) in &rows {
            bring(engine, &id, &contact_id(*n), Some(*state)).await;
            want.add(*state, 1);
        }
        let tally = engine.recount(&id, 50, now()).await.unwrap();
        prop_assert_eq!(tally.counts, want);
        let amiss: i64 = tally.reasons.values().sum();
        prop_assert_eq!(amiss, want.failed + want.skipped);
        prop_assert_eq!(engine.reasons(&id).await.unwrap(), tally.reasons);

        let mut listed = Vec::new();
        let mut after = None;
        loop {
            let (page, next) =
                engine.deliveries(&id, &filter, after.as_ref(), limit).await.unwrap();
            prop_assert!(page.len() <= limit);
            listed.extend(page.into_iter().map(|it| (it.contact, it.state)));
            prop_assert!(listed.len() <= rows.len(), "pages come to an end");
            after = next;
            if after.is_none() {
                break;
            }
        }
        listed.sort();
        let want = rows.iter().filter(|it| filter.is_empty() || filter.contains(&it.1));
        let want: Vec<_> = want.map(|(n, state)| (contact_id(*n), *state)).collect();
        prop_assert_eq!(listed, want);
        Ok(())
    });
}

#[test]
fn whoever_an_alert_may_have_reached_is_in_the_audience_of_its_all_clear_once() {
    hold(16, (rows(), 1_i32..7), async |engine, line, (rows, limit)| {
        let alert = fresh_broadcast();
        for (n, state) in &rows {
            bring(engine, &alert, &contact_id(*n), Some(*state)).await;
        }
        let audience = Audience::ReachedBy(alert);
        let mut people = Vec::new();
        let mut after = None;
        loop {
            let page = engine.audience_page(&line, &audience, after.as_ref(), now(), limit).await;
            let (page, end) = page.unwrap();
            prop_assert!(page.len() <= usize::try_from(limit).unwrap());
            people.extend(page);
            prop_assert!(people.len() <= rows.len(), "pages come to an end");
            after = end;
            if after.is_none() {
                break;
            }
        }
        people.sort();
        let not_reached = [State::Waiting, State::Failed, State::Skipped, State::Cancelled];
        let want = rows.iter().filter(|it| !not_reached.contains(&it.1));
        let want: Vec<_> = want.map(|it| contact_id(it.0)).collect();
        prop_assert_eq!(people, want);
        Ok(())
    });
}

#[tokio::test]
async fn known_deliveries_are_found_however_many_are_asked_for() {
    let (engine, id) = (Engine::start().await, fresh_broadcast());
    for n in [3, 120] {
        claim(&engine, &id, &contact_id(n)).await;
    }
    let ids: Vec<_> = (0..130).chain(0..5).map(contact_id).collect();
    let mut known = engine.known_deliveries(&id, &ids).await.unwrap();
    known.sort_by(|a, b| a.contact.cmp(&b.contact));
    assert_eq!(known, [3, 120].map(|n| standing(contact_id(n), State::Claimed)));
}

#[tokio::test]
async fn clearing_takes_the_rows_of_one_broadcast_and_says_how_many() {
    let (engine, old, new) = (Engine::start().await, fresh_broadcast(), fresh_broadcast());
    for n in 0..60 {
        claim(&engine, &old, &contact_id(n)).await;
    }
    claim(&engine, &new, &contact_id(1)).await;
    assert_eq!(engine.clear_deliveries(&old).await.unwrap(), 60);
    assert_eq!(engine.clear_deliveries(&old).await.unwrap(), 0);
    assert_eq!(engine.everything().await.len(), 1);
    assert!(delivery(&engine, &new, 1).await.is_some());
}

/// Source: DynamoDB Developer Guide, item sizes: names and texts by their bytes, a number about
/// one byte for two digits and one more.
fn bytes(name: &str, value: &AttributeValue) -> usize {
    name.len()
        + match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(digits) => digits.len() / 2 + 2,
            other => panic!("no size known of {other:?}"),
        }
}

/// A write unit is 1 KB, so the claim and each report of it cost one.
#[tokio::test]
async fn a_delivery_is_one_write_unit_whatever_is_written_on_it() {
    let (engine, id) = (Engine::start().await, fresh_broadcast());
    claim(&engine, &id, &contact_id(1)).await;
    let priced = Some(UTILITY);
    let news = News { code: Some(131_026), priced, ..News::of(Report::Failed, now()) };
    engine.tell(&id, &contact_id(1), &news).await.unwrap();
    let why = Some(SkipReason::AlreadyReached);
    engine.decide_not_to_send(&id, &contact_id(2), why, now(), expiry()).await.unwrap();
    let all = engine.everything().await;
    assert_eq!(all.len(), 2);
    for item in all.values() {
        let size: usize = item.iter().map(|(name, value)| bytes(name, value)).sum();
        assert!(size <= 512, "{size} bytes");
    }
}
