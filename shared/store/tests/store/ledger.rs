// SPDX-License-Identifier: EUPL-1.2
//! The ledger of consent: sealed once whatever dies or runs beside it, and whole after an erasure.

use std::cell::Cell;
use std::collections::BTreeSet;

use domain::contact::ConsentChange;
use domain::ids::{ContactId, LineId};
use domain::ledger::{Entry, Salt, verify};
use domain::statistics::day_closed_at;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use store::{Recorded, Store, Turn, line_file};

use crate::support::{
    Engine, contact_id, fresh_key, hold, later, now, person, pordenone, said, turn,
};

/// The person's message at `at`, recorded at the same time.
async fn says(engine: &Engine, line: &LineId, n: u32, text: &str, at: Timestamp) {
    let contact = person(n);
    let loaded = engine.load_as(line, &contact).await;
    let event = said(&contact, text, ConsentChange::Unsubscribed, at);
    let key = fresh_key();
    let turn = Turn { event: Some(&event), now: at, ..turn(line, &loaded, &key, &contact) };
    engine.save(turn).await.unwrap();
}

/// Seals everything up to `until`; how many went.
async fn seal(store: &Store, line: &LineId, until: Timestamp) -> store::Result<usize> {
    let salts = Cell::new(0);
    let salt = || {
        salts.set(salts.get() + 1);
        Salt::new(format!("{:032x}", salts.get()))
    };
    let mut sealed = 0;
    loop {
        let page = store.seal(line, until, |it: &ContactId| format!("hmac of {it}"), salt).await?;
        if page == 0 {
            return Ok(sealed);
        }
        sealed += page;
    }
}

/// The whole ledger, verified.
async fn whole(engine: &Engine, line: &LineId) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = entries.last().map_or(0, |it| it.number);
        let page = engine.ledger(line, after, 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        entries.extend(page);
    }
    verify(line, &entries, engine.ledger_head(line).await.unwrap()).unwrap();
    entries
}

async fn recorded(engine: &Engine, line: &LineId, people: u32) -> Vec<Recorded> {
    let mut all = Vec::new();
    for n in 1..=people {
        all.extend(engine.recorded(line, &person(n)).await.unwrap());
    }
    all
}

/// Every event is in the ledger once, and its entry is of it.
async fn all_sealed(engine: &Engine, line: &LineId, people: u32) -> usize {
    let entries = whole(engine, line).await;
    let mut numbers = BTreeSet::new();
    for it in recorded(engine, line, people).await {
        let seal = it.seal.expect("sealed");
        let entry = &entries[usize::try_from(seal.number).unwrap() - 1];
        assert!(entry.is_of(line, &it.event, &seal.salt), "entry {}", seal.number);
        assert_eq!(entry.person, format!("hmac of {}", it.event.contact));
        assert!(numbers.insert(seal.number), "entry {} twice", seal.number);
    }
    assert_eq!(numbers.len(), entries.len(), "no entry without an event");
    assert_eq!(engine.count_unsealed(line).await.unwrap(), 0);
    numbers.len()
}

#[tokio::test]
async fn events_wait_for_their_night_and_are_sealed_in_the_order_of_their_coming() {
    let (engine, line) = (Engine::start().await, pordenone());
    for n in 1..=3_u32 {
        says(&engine, &line, 4 - n, "ISCRIVIMI", later(i64::from(n))).await;
    }
    says(&engine, &line, 1, "CANCELLAMI", later(86_400_000)).await;
    assert!(recorded(&engine, &line, 3).await.iter().all(|it| it.seal.is_none()));
    assert_eq!(whole(&engine, &line).await, []);

    let night = later(3);
    assert_eq!(seal(&engine, &line, night).await.unwrap(), 3);
    let people: Vec<_> =
        whole(&engine, &line).await.into_iter().map(|it| (it.person, it.sealed_at)).collect();
    let want = [3, 2, 1].map(|n| (format!("hmac of {}", contact_id(n)), night));
    assert_eq!(people, want);
    assert_eq!(engine.count_unsealed(&line).await.unwrap(), 1, "tomorrow's");

    let before = engine.everything().await;
    assert_eq!(seal(&engine, &line, night).await.unwrap(), 0, "sealed twice is sealed once");
    assert_eq!(engine.everything().await, before);
    let other = LineId::new("altra");
    assert_eq!(seal(&engine, &other, later(90_000_000)).await.unwrap(), 0);
    assert_eq!(engine.everything().await, before, "another line's night");

    assert_eq!(seal(&engine, &line, later(90_000_000)).await.unwrap(), 1);
    assert_eq!(all_sealed(&engine, &line, 3).await, 4);
}

#[tokio::test]
async fn a_sealing_that_dies_is_finished_by_the_next_wherever_it_died() {
    let mut deaths = 0;
    loop {
        // More than a page.
        let (engine, line) = (Engine::start().await, pordenone());
        for n in 0..35_u32 {
            says(&engine, &line, 1 + n % 2, "ISCRIVIMI", later(i64::from(n))).await;
        }
        let done = seal(&engine.dying_after(deaths), &line, later(1_000)).await.is_ok();
        seal(&engine, &line, later(1_000)).await.unwrap();
        assert_eq!(all_sealed(&engine, &line, 2).await, 35, "died after {deaths} requests");
        if done {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 5, "it takes more than {deaths} requests");
}

#[tokio::test]
async fn two_nights_at_once_seal_everything_once() {
    let (engine, line) = (Engine::start().await, pordenone());
    for n in 0..40_u32 {
        says(&engine, &line, 1 + n % 3, "ISCRIVIMI", later(i64::from(n))).await;
    }
    let night = || seal(&engine, &line, later(1_000));
    let (one, other) = tokio::join!(night(), night());
    // The one that loses the race again and again may give up: the other goes on.
    assert!(one.is_ok() || other.is_ok());
    assert_eq!(all_sealed(&engine, &line, 3).await, 40);
}

#[tokio::test]
async fn who_is_erased_takes_text_and_salt_along_and_the_chain_still_verifies() {
    let (engine, line) = (Engine::start().await, pordenone());
    for (n, text) in [(1, "ISCRIVIMI"), (2, "Iscrivimi per favore"), (1, "CANCELLAMI")] {
        says(&engine, &line, n, text, later(i64::from(n))).await;
    }
    seal(&engine, &line, later(10)).await.unwrap();
    let salts: Vec<_> = recorded(&engine, &line, 2).await.into_iter().map(|it| it.seal).collect();
    let entries = whole(&engine, &line).await;
    // One more of theirs, of which nothing was sealed yet.
    says(&engine, &line, 2, "Ripensandoci", later(20)).await;
    let erased = engine.contact(&line, &contact_id(2)).await.unwrap().unwrap();
    engine.forget(&line, &erased).await.unwrap();

    assert_eq!(whole(&engine, &line).await, entries);
    let left = format!("{:?}", engine.everything().await);
    for (n, seal) in salts.iter().flatten().enumerate() {
        let theirs = n == 2;
        assert_eq!(left.contains(seal.salt.expose()), !theirs, "salt {n}");
    }
    assert!(!left.contains("per favore"));
    seal(&engine, &line, later(30)).await.unwrap();
    assert_eq!(whole(&engine, &line).await, entries, "nothing is left to seal");
    assert_eq!(engine.count_unsealed(&line).await.unwrap(), 0);
    says(&engine, &line, 1, "ISCRIVIMI", later(40)).await;
    seal(&engine, &line, later(50)).await.unwrap();
    assert_eq!(whole(&engine, &line).await.len(), 4, "the chain goes on");
}

/// Whatever order people, nights and erasures come in.
#[test]
fn the_chain_verifies_whatever_happens() {
    let steps = prop::collection::vec((0..4_u32, 1..4_u32), 1..12);
    hold(24, steps, async |engine, line, steps| {
        let mut at = now();
        for (what, n) in steps {
            at += 1.second();
            match what {
                0 => {
                    seal(engine, &line, at).await.unwrap();
                }
                1 => {
                    if let Some(it) = engine.contact(&line, &contact_id(n)).await.unwrap() {
                        engine.forget(&line, &it).await.unwrap();
                    }
                }
                _ => says(engine, &line, n, "ISCRIVIMI", at).await,
            }
            whole(engine, &line).await;
        }
        seal(engine, &line, at).await.unwrap();
        let entries = whole(engine, &line).await;
        for it in recorded(engine, &line, 3).await {
            let seal = it.seal.expect("sealed");
            let entry = &entries[usize::try_from(seal.number).unwrap() - 1];
            prop_assert!(entry.is_of(&line, &it.event, &seal.salt));
        }
        Ok(())
    });
}

#[tokio::test]
async fn a_day_counts_who_left_once_however_often_the_night_runs() {
    let (engine, line) = (Engine::start().await, pordenone());
    for n in 1..=3 {
        says(&engine, &line, n, "basta", later(i64::from(n))).await;
    }
    let night: Timestamp = "2026-11-24T02:00:00Z".parse().unwrap();
    let day = day_closed_at(night);
    let file = include_str!("../../../../infra/lines/pordenone.toml");
    let topics = &line_file::parse(file).unwrap().topics;
    for sealed in [3, 0] {
        assert_eq!(seal(&engine, &line, night).await.unwrap(), sealed);
        engine.count_day(&line, topics, day).await.unwrap();
    }
    let [numbers] = &engine.days(&line, day, day).await.unwrap()[..] else { panic!("one day") };
    assert_eq!((numbers.from, numbers.total), (day, 0));
    assert_eq!((numbers.joined, numbers.left), (0, 3));
    assert_eq!(numbers.topics[&topics[0].id], 0);
    let before = day.yesterday().unwrap();
    assert!(engine.days(&line, before, before).await.unwrap().is_empty());
}
