// SPDX-License-Identifier: EUPL-1.2
//! The rate item: slots that never overlap, and what pushes them.

use domain::doubt::Hearing;
use domain::ids::PhoneNumberId;
use domain::rate::{HORIZON_MS, Slots, cost_ms};
use futures::future;

use crate::support::{Engine, later};

const NOW_MS: i64 = 1_763_800_000_000;
const PER_SECOND: u32 = 80;

fn number() -> PhoneNumberId {
    PhoneNumberId::new("331651133100001")
}

async fn reserve(engine: &Engine, now_ms: i64, n: usize, emergency: bool) -> Slots {
    engine.reserve(&number(), now_ms, n, PER_SECOND, emergency).await.unwrap()
}

#[tokio::test]
async fn twenty_senders_at_once_never_get_the_same_slot_nor_one_too_far_ahead() {
    let engine = Engine::start().await;
    let mut granted = Vec::new();
    for round in 0..4 {
        let now_ms = NOW_MS + round * 500;
        let asks = (0..20).map(|_| reserve(&engine, now_ms, 10, false));
        for slots in future::join_all(asks).await {
            match slots {
                Slots::Granted { n, first_ms, .. } => {
                    let end_ms = first_ms + cost_ms(n, PER_SECOND);
                    assert!(first_ms >= now_ms && first_ms <= now_ms + HORIZON_MS);
                    granted.push((first_ms, end_ms));
                }
                Slots::Wait { until_ms } => assert!(until_ms > now_ms),
            }
        }
    }
    granted.sort_unstable();
    assert!(granted.len() >= 8, "somebody gets on: {} runs", granted.len());
    for pair in granted.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "{pair:?} overlap");
    }
}

#[tokio::test]
async fn one_after_another_they_fill_the_second_and_then_wait() {
    let engine = Engine::start().await;
    for k in 0..=8 {
        let want = Slots::Granted { n: 10, first_ms: NOW_MS + k * 125, gap_us: 12_500 };
        assert_eq!(reserve(&engine, NOW_MS, 10, false).await, want);
    }
    let full = Slots::Wait { until_ms: NOW_MS + 125 };
    assert_eq!(reserve(&engine, NOW_MS, 10, false).await, full);
    // What a quiet number missed is gone: the next run starts now.
    let want = Slots::Granted { n: 10, first_ms: NOW_MS + 60_000, gap_us: 12_500 };
    assert_eq!(reserve(&engine, NOW_MS + 60_000, 10, false).await, want);
}

#[tokio::test]
async fn a_reply_pushes_the_slots_only_while_a_broadcast_runs() {
    let engine = Engine::start().await;
    engine.debit(&number(), NOW_MS, 13).await.unwrap();
    assert!(engine.everything().await.is_empty(), "nobody looks, so nothing is written");

    reserve(&engine, NOW_MS, 10, false).await;
    engine.debit(&number(), NOW_MS, 13).await.unwrap();
    let pushed = Slots::Granted { n: 10, first_ms: NOW_MS + 125 + 13, gap_us: 12_500 };
    assert_eq!(reserve(&engine, NOW_MS, 10, false).await, pushed);

    let before = engine.everything().await;
    engine.debit(&number(), NOW_MS + 60_000, 13).await.unwrap();
    assert_eq!(engine.everything().await, before);
}

#[tokio::test]
async fn debits_at_once_all_count() {
    let engine = Engine::start().await;
    reserve(&engine, NOW_MS, 10, false).await;
    future::join_all((0..20).map(async |_| engine.debit(&number(), NOW_MS, 13).await.unwrap()))
        .await;
    let pushed = Slots::Granted { n: 10, first_ms: NOW_MS + 125 + 260, gap_us: 12_500 };
    assert_eq!(reserve(&engine, NOW_MS, 10, false).await, pushed);
}

#[tokio::test]
async fn a_number_is_broadcasting_until_shortly_after_its_last_slot() {
    let engine = Engine::start().await;
    assert!(!engine.is_broadcasting(&number(), NOW_MS).await.unwrap());
    reserve(&engine, NOW_MS, 10, false).await;
    for (at_ms, want) in [(0, true), (5124, true), (5125, false)] {
        let broadcasting = engine.is_broadcasting(&number(), NOW_MS + at_ms).await.unwrap();
        assert_eq!(broadcasting, want, "after {at_ms} ms");
    }
    let other = PhoneNumberId::new("331651133100002");
    assert!(!engine.is_broadcasting(&other, NOW_MS).await.unwrap());
}

#[tokio::test]
async fn bulk_yields_while_it_is_urgent_and_slows_down_when_told() {
    let engine = Engine::start().await;
    engine.set_urgent(&number(), NOW_MS + 3000).await.unwrap();
    let waits = Slots::Wait { until_ms: NOW_MS + 3000 };
    assert_eq!(reserve(&engine, NOW_MS, 10, false).await, waits);
    let first = Slots::Granted { n: 10, first_ms: NOW_MS, gap_us: 12_500 };
    assert_eq!(reserve(&engine, NOW_MS, 10, true).await, first);
    let kept_away = Slots::Wait { until_ms: NOW_MS + 3125 };
    assert_eq!(reserve(&engine, NOW_MS + 3000, 10, false).await, kept_away);

    engine.set_slow(&number(), NOW_MS + 9000).await.unwrap();
    let slowed = Slots::Granted { n: 10, first_ms: NOW_MS + 4000, gap_us: 25_000 };
    assert_eq!(reserve(&engine, NOW_MS + 4000, 10, false).await, slowed);
}

#[tokio::test]
async fn the_newest_status_is_what_a_number_heard() {
    let engine = Engine::start().await;
    assert_eq!(engine.hearing(&number()).await.unwrap(), Hearing::default());
    let heard = async || engine.hearing(&number()).await.unwrap().heard_at;
    for (at, want) in [(10_000, 10_000), (11_000, 10_000), (13_000, 13_000), (5_000, 13_000)] {
        engine.heard(&number(), later(at)).await.unwrap();
        assert_eq!(heard().await, Some(later(want)), "after one of {at}");
    }
    engine.reserve(&number(), NOW_MS, 10, 50, false).await.unwrap();
    let sent_at = engine.hearing(&number()).await.unwrap().sent_at.unwrap();
    assert_eq!(sent_at.as_millisecond(), NOW_MS + 200, "the last slot's end");
}
