// SPDX-License-Identifier: EUPL-1.2
//! A dry run and the night itself are the same decisions.

use domain::contact::{Contact, Subscription};
use domain::retention::cutoffs;
use jiff::{Timestamp, ToSpan};
use store::{Counted, Mode, Night, line_file};

use crate::support::{
    Engine, answer, block, contact_id, following, fresh_key, now, person, pordenone, question_at,
    topics, turn,
};

fn days_ago(days: i64) -> Timestamp {
    now() - (24 * days).hours()
}

/// Somebody who last wrote so many days ago, and was answered today.
async fn wrote(engine: &Engine, contact: Contact, days: i64) {
    let (line, at) = (pordenone(), days_ago(days));
    let contact = Contact { last_inbound_at: Some(at), ..contact };
    let loaded = engine.load_as(&line, &contact).await;
    let key = fresh_key();
    let said = store::Turn {
        inbound: Some(question_at("Quando apre lo sportello?", at)),
        opens: true,
        replies: vec![answer("Alle nove.")],
        now: at,
        ..turn(&line, &loaded, &key, &contact)
    };
    engine.save(said).await.unwrap();
}

async fn works(engine: &Engine, retention: &domain::line::Line, mode: Mode) -> Counted {
    let cutoffs = cutoffs(&retention.retention, now());
    let mut night = Night::default();
    while !night.finished {
        engine.work_night(retention, &cutoffs, &mut night, now(), mode).await.unwrap();
    }
    night.counted
}

#[tokio::test]
async fn what_would_go_is_what_goes_and_counting_changes_nothing() {
    let engine = Engine::start().await;
    let file = include_str!("../../../../infra/lines/pordenone.toml");
    let with_end = file.replace("consent_days = 730", "consent_days = 730\ninactivity_days = 365");
    let line = line_file::parse(&with_end).unwrap();
    // A stranger of long ago, one of last week, a subscriber who writes seldom, a silent one.
    wrote(&engine, person(1), 200).await;
    wrote(&engine, person(2), 7).await;
    wrote(&engine, following(person(3), &["eventi"]), 190).await;
    let silent = Contact {
        subscription: Subscription::Active { topics: topics(&["eventi"]), since: days_ago(400) },
        ..person(4)
    };
    wrote(&engine, silent, 400).await;
    wrote(&engine, Contact { blocked: Some(block()), ..person(5) }, 200).await;
    wrote(&engine, Contact { blocked: Some(block()), ..person(6) }, 370).await;

    let before = engine.everything().await;
    let would = works(&engine, &line, Mode::Count).await;
    assert_eq!(engine.everything().await, before);
    assert_eq!(would, Counted { contacts: 2, lapsed: 1, messages: 7, deliveries: 0 });
    assert_eq!(works(&engine, &line, Mode::Clear).await, would);
    let left = engine.contact(&pordenone(), &contact_id(4)).await.unwrap().unwrap();
    assert!(matches!(left.subscription, Subscription::Ended { .. }));
    assert_eq!(works(&engine, &line, Mode::Count).await, Counted::default());
}
