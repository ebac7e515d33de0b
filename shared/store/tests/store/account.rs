// SPDX-License-Identifier: EUPL-1.2
//! What Meta says of accounts and templates: the newest word stands, in whatever order they come.

use domain::account::{AccountState, Known, TemplateNews, TemplateState};
use domain::broadcast::{Audience, Broadcast, Priority, State};
use domain::cost::Category;
use domain::halt::Halt;
use domain::ids::LineId;
use domain::line::Portfolio;
use jiff::ToSpan;
use proptest::prelude::*;
use store::Change;

use crate::support::{Engine, draft, fresh_broadcast, hold, later, now, pordenone};

const ACCOUNT: &str = "331651133100002";

async fn note(engine: &Engine, name: &str, news: TemplateNews, ms: i64) -> bool {
    engine.note_template(ACCOUNT, name, "it", news, later(ms)).await.unwrap()
}

#[tokio::test]
async fn an_older_word_never_undoes_a_newer_one() {
    use TemplateNews::{Category as Now, Coming, State};
    let engine = Engine::start().await;
    let paused = State(TemplateState::Paused { until: later(10_000) });
    let usable = State(TemplateState::Usable);
    for (what, news, ms, want) in [
        ("the first word", paused, 10, true),
        ("an older one", usable, 5, false),
        ("the same one again", paused, 10, true),
        ("another at the same time", usable, 10, true),
        ("a change that was announced", Coming(Category::Marketing), 20, true),
        ("an older announcement", Coming(Category::Utility), 19, false),
        ("the change", Now(Category::Marketing), 30, true),
        ("its announcement once more", Coming(Category::Marketing), 20, false),
        ("the change once more", Now(Category::Marketing), 40, false),
        ("an older change", Now(Category::Utility), 29, false),
    ] {
        assert_eq!(note(&engine, "avviso", news, ms).await, want, "{what}");
    }
    let want = Known {
        template: Some(TemplateState::Usable),
        category: Some((Category::Marketing, later(30))),
        ..Known::default()
    };
    assert_eq!(engine.known(ACCOUNT, "avviso", "it").await.unwrap(), want);
}

#[tokio::test]
async fn a_template_is_known_by_account_name_and_language() {
    let engine = Engine::start().await;
    let disabled = TemplateNews::State(TemplateState::Disabled);
    note(&engine, "avviso", disabled, 0).await;
    let restricted = AccountState::Restricted { until: Some(later(60_000)) };
    assert!(engine.note_account(ACCOUNT, restricted, now()).await.unwrap());
    assert!(!engine.note_account(ACCOUNT, AccountState::InOrder, later(-1)).await.unwrap());
    let account = Some(restricted);
    for (account_id, name, language, want) in [
        (
            ACCOUNT,
            "avviso",
            "it",
            Known { account, template: Some(TemplateState::Disabled), ..Known::default() },
        ),
        (ACCOUNT, "avviso", "en", Known { account, ..Known::default() }),
        (ACCOUNT, "altro", "it", Known { account, ..Known::default() }),
        ("331651133100003", "avviso", "it", Known::default()),
    ] {
        let known = engine.known(account_id, name, language).await.unwrap();
        assert_eq!(known, want, "{account_id} {name} {language}");
    }
    assert!(engine.note_account(ACCOUNT, AccountState::InOrder, later(1)).await.unwrap());
    let known = engine.known(ACCOUNT, "avviso", "it").await.unwrap();
    assert_eq!(known.account, Some(AccountState::InOrder), "nothing of the restriction is left");
}

#[test]
fn in_any_order_and_with_doubles_the_newest_state_stands() {
    let states = [
        TemplateState::Usable,
        TemplateState::Flagged,
        TemplateState::Paused { until: later(10_000) },
        TemplateState::Disabled,
    ];
    let words = prop::collection::vec((0..4_usize, 0..50_i64), 1..8);
    hold(8, words, async |engine, _, mut words| {
        // Of two words of the same moment the one that comes last stands.
        words.sort_by_key(|it| it.1);
        words.dedup_by_key(|it| it.1);
        let name = fresh_broadcast().as_str().to_owned();
        for (state, ms) in words.iter().rev().chain(&words) {
            note(engine, &name, TemplateNews::State(states[*state]), *ms).await;
        }
        let last = words.last().map(|it| states[it.0]);
        prop_assert_eq!(engine.known(ACCOUNT, &name, "it").await.unwrap().template, last);
        Ok(())
    });
}

#[tokio::test]
async fn the_lower_of_our_limit_and_metas_newest_one_counts() {
    let engine = Engine::start().await;
    let portfolio = |limit| Portfolio { id: "506914307656634".to_owned(), limit };
    let limits = async || {
        let mut limits = Vec::new();
        for ours in [None, Some(250), Some(5_000)] {
            limits.push(engine.portfolio_limit(&portfolio(ours)).await.unwrap());
        }
        limits
    };
    assert_eq!(limits().await, [None, Some(250), Some(5_000)], "Meta has told nothing");
    for (what, told, ms, want) in [
        ("a limit", Some(2_000), 10, [Some(2_000), Some(250), Some(2_000)]),
        ("an older one", Some(100), 5, [Some(2_000), Some(250), Some(2_000)]),
        ("a higher one", Some(10_000), 20, [Some(10_000), Some(250), Some(5_000)]),
        ("none any more", None, 30, [None, Some(250), Some(5_000)]),
        ("the one before", Some(10_000), 20, [None, Some(250), Some(5_000)]),
    ] {
        engine.set_portfolio_limit("506914307656634", told, later(ms)).await.unwrap();
        assert_eq!(limits().await, want, "{what}");
    }
}

#[tokio::test]
async fn one_that_is_scheduled_can_be_stopped_and_says_when_it_was_resumed() {
    let engine = Engine::start().await;
    let line = pordenone();
    let scheduled = Broadcast {
        state: State::Scheduled,
        priority: Priority::Normal,
        send_at: Some(now()),
        due_at: Some(now()),
        expires_at: Some(later(60_000)),
        ..draft(&line, Audience::All)
    };
    engine.create_broadcast(&scheduled, None).await.unwrap();
    let halt = Halt::template(TemplateState::Disabled);
    assert!(engine.halt(&scheduled, &halt).await.unwrap());
    assert!(!engine.halt(&scheduled, &halt).await.unwrap(), "it is scheduled no more");
    let stopped = engine.broadcast(&line, &scheduled.id).await.unwrap().unwrap();
    assert_eq!((stopped.state, stopped.due_at), (State::Stopped, Some(later(60_000))));
    assert_eq!(stopped.reason.as_deref(), Some(halt.reason()));
    let again = now() + 5.seconds();
    let change = Change { resumed_at: Some(again), started_at: Some(again), ..Change::default() };
    let resumed = engine
        .change_broadcast(&line, &scheduled.id, State::Stopped, State::Sending, change)
        .await
        .unwrap();
    assert_eq!((resumed.resumed_at, resumed.started_at), (Some(again), Some(again)));
}

#[tokio::test]
async fn the_template_of_a_broadcast_is_its_own_lines_only() {
    let engine = Engine::start().await;
    let broadcast = draft(&pordenone(), Audience::All);
    engine.create_broadcast(&broadcast, None).await.unwrap();
    let want = Some(("avviso".to_owned(), "it".to_owned()));
    for _ in 0..2 {
        assert_eq!(engine.template_of(&pordenone(), &broadcast.id).await.unwrap(), want);
        let theirs = LineId::new("barberino");
        assert_eq!(engine.template_of(&theirs, &broadcast.id).await.unwrap(), None);
    }
}
