//! Deliveries: claimed once, moved forward only, counted as they stand.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::delivery::{Counts, SkipReason, State, advance};
use domain::ids::{BroadcastId, ContactId};
use futures::future;
use proptest::prelude::*;
use store::{Claim, Delivery};

use crate::support::{Engine, contact_id, fresh_broadcast, hold, later, now};

/// When the rows of these tests go.
fn expiry() -> jiff::Timestamp {
    later(90 * 24 * 3_600_000)
}

async fn claim(engine: &Engine, broadcast: &BroadcastId, contact: &ContactId) -> Claim {
    engine.claim(broadcast, contact, now(), expiry()).await.unwrap()
}

fn standing(contact: ContactId, state: State) -> Delivery {
    Delivery { contact, state, at: now(), skipped: None, code: None }
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
    assert_eq!(claims.iter().filter(|it| **it == Claim::Taken).count(), 1);
    let known = Claim::Known(standing(contact.clone(), State::Claimed));
    assert_eq!(claims.iter().filter(|it| **it == known).count(), 19);
    // The same person in another broadcast is another matter.
    assert_eq!(claim(&engine, &fresh_broadcast(), &contact).await, Claim::Taken);
}

#[tokio::test]
async fn what_was_given_back_is_taken_again_but_never_what_was_accepted() {
    let (engine, id) = (Engine::start().await, fresh_broadcast());
    let contact = contact_id(1);
    assert_eq!(claim(&engine, &id, &contact).await, Claim::Taken);
    engine.release(&id, &contact).await.unwrap();
    assert_eq!(delivery(&engine, &id, 1).await, None);
    assert_eq!(claim(&engine, &id, &contact).await, Claim::Taken);
    let mut before = State::Claimed;
    let states = [State::Unresolved, State::Accepted, State::Sent, State::Failed, State::Delivered];
    for state in states {
        let left = engine.report(&id, &contact, state, None, now()).await.unwrap();
        assert_eq!(left, Some(before));
        engine.release(&id, &contact).await.unwrap();
        let known = Claim::Known(standing(contact.clone(), state));
        assert_eq!(claim(&engine, &id, &contact).await, known, "{state:?}");
        before = state;
    }
    engine.release(&id, &contact_id(2)).await.unwrap();
    assert_eq!(delivery(&engine, &id, 2).await, None, "giving back nothing makes nothing");
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
        let not_sent = engine.decide_not_to_send(&id, &contact, why, now(), expiry()).await;
        assert_eq!(not_sent.unwrap(), Claim::Taken);
        let want = Delivery { skipped: why, ..standing(contact.clone(), state) };
        assert_eq!(claim(&engine, &id, &contact).await, Claim::Known(want.clone()));
        let reported = engine.report(&id, &contact, State::Delivered, None, now()).await;
        assert_eq!(reported.unwrap(), None);
        assert_eq!(delivery(&engine, &id, n).await, Some(want));
    }
    assert_eq!(claim(&engine, &id, &contact_id(4)).await, Claim::Taken);
    let late = engine.decide_not_to_send(&id, &contact_id(4), None, later(1), expiry()).await;
    assert_eq!(late.unwrap(), Claim::Known(standing(contact_id(4), State::Claimed)));
}

#[tokio::test]
async fn a_report_of_nothing_we_know_makes_nothing() {
    let (engine, id) = (Engine::start().await, fresh_broadcast());
    for state in State::ALL {
        let reported = engine.report(&id, &contact_id(1), state, Some(131_026), now()).await;
        assert_eq!(reported.unwrap(), None, "{state:?}");
    }
    assert!(engine.everything().await.is_empty());
}

#[tokio::test]
async fn a_failure_keeps_its_code_and_its_time() {
    let (engine, id) = (Engine::start().await, fresh_broadcast());
    claim(&engine, &id, &contact_id(1)).await;
    let (state, code) = (State::Failed, Some(131_026));
    engine.report(&id, &contact_id(1), state, code, later(50)).await.unwrap();
    let want = Delivery { at: later(50), code, ..standing(contact_id(1), state) };
    assert_eq!(delivery(&engine, &id, 1).await, Some(want));
}

fn reports() -> impl Strategy<Value = Vec<State>> {
    let reported = vec![
        State::Unresolved,
        State::Accepted,
        State::Sent,
        State::Failed,
        State::Delivered,
        State::Read,
    ];
    prop::collection::vec(prop::sample::select(reported), 0..7)
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
            for state in reports {
                let left = engine.report(&id, &contact_id(n), *state, None, now()).await.unwrap();
                let next = advance(stands, *state);
                prop_assert_eq!(left, (next != stands).then_some(stands));
                stands = next;
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
    let reports = [State::Read, State::Accepted, State::Delivered, State::Sent];
    let reports = reports.iter().cycle().take(20);
    let left = reports.map(async |it| {
        let left = engine.report(&id, &contact, *it, None, now()).await.unwrap();
        left.map(|from| (from, *it))
    });
    let moves: Vec<_> = future::join_all(left).await.into_iter().flatten().collect();
    let mut counts = Counts { audience: 1, ..Counts::default() };
    for (from, to) in moves {
        counts.moved(Some(from), to);
    }
    assert_eq!(counts, engine.count_deliveries(&id, 1).await.unwrap());
    assert_eq!(counts.read, 1);
}

fn rows() -> impl Strategy<Value = Vec<(u32, State)>> {
    let state = prop::sample::select(State::ALL.to_vec());
    let rows = prop::collection::btree_map(0_u32..2000, state, 0..40);
    rows.prop_map(|it| it.into_iter().collect())
}

async fn write(engine: &Engine, id: &BroadcastId, contact: &ContactId, state: State) {
    let reason = match state {
        State::Skipped => Some(SkipReason::Blocked),
        State::Cancelled => None,
        _ => {
            claim(engine, id, contact).await;
            engine.report(id, contact, state, None, now()).await.unwrap();
            return;
        }
    };
    engine.decide_not_to_send(id, contact, reason, now(), expiry()).await.unwrap();
}

#[test]
fn counts_are_those_of_the_rows_and_pages_have_every_row_once() {
    let filters = prop::option::of(prop::sample::select(State::ALL.to_vec()));
    hold(24, (rows(), filters, 1_usize..9), async |engine, _, (rows, filter, limit)| {
        let id = fresh_broadcast();
        let mut want = Counts { audience: 50, ..Counts::default() };
        for (n, state) in &rows {
            write(engine, &id, &contact_id(*n), *state).await;
            want.add(*state, 1);
        }
        prop_assert_eq!(engine.count_deliveries(&id, 50).await.unwrap(), want);

        let mut listed = Vec::new();
        let mut after = None;
        loop {
            let (page, next) = engine.deliveries(&id, filter, after.as_ref(), limit).await.unwrap();
            prop_assert!(page.len() <= limit);
            listed.extend(page.into_iter().map(|it| (it.contact, it.state)));
            prop_assert!(listed.len() <= rows.len(), "pages come to an end");
            after = next;
            if after.is_none() {
                break;
            }
        }
        listed.sort();
        let want = rows.iter().filter(|it| filter.is_none_or(|wanted| wanted == it.1));
        let want: Vec<_> = want.map(|(n, state)| (contact_id(*n), *state)).collect();
        prop_assert_eq!(listed, want);
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
    engine.report(&id, &contact_id(1), State::Failed, Some(131_026), now()).await.unwrap();
    let why = Some(SkipReason::AlreadyReached);
    engine.decide_not_to_send(&id, &contact_id(2), why, now(), expiry()).await.unwrap();
    let all = engine.everything().await;
    assert_eq!(all.len(), 2);
    for item in all.values() {
        let size: usize = item.iter().map(|(name, value)| bytes(name, value)).sum();
        assert!(size <= 512, "{size} bytes");
    }
}
