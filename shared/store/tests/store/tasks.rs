// SPDX-License-Identifier: EUPL-1.2
//! Tasks of the desk: found when due, moved, finished once.

use jiff::ToSpan;
use store::Task;

use crate::support::{Engine, now, pordenone};

#[tokio::test]
async fn a_task_is_found_when_it_is_due_and_not_before_nor_after() {
    let engine = Engine::start().await;
    let line = pordenone();
    let task = |name: &str, minutes: i64| Task {
        line: line.clone(),
        name: name.to_owned(),
        due_at: now() + minutes.minutes(),
    };
    let (late, soon) = (task("waits#b", 20), task("appointment#1", 10));
    engine.plan_task(&late).await.unwrap();
    engine.plan_task(&soon).await.unwrap();
    assert_eq!(engine.due_tasks(now()).await.unwrap(), []);
    assert_eq!(engine.next_due().await.unwrap(), Some(soon.due_at));
    let both = engine.due_tasks(late.due_at).await.unwrap();
    assert_eq!(both, [soon.clone(), late.clone()]);
    assert_eq!(engine.due(late.due_at).await.unwrap(), [], "a task is no broadcast");

    engine.finish_task(&soon).await.unwrap();
    assert_eq!(engine.due_tasks(late.due_at).await.unwrap(), [late]);
}

#[tokio::test]
async fn a_task_that_was_moved_meanwhile_is_not_finished() {
    let engine = Engine::start().await;
    let line = pordenone();
    let first = Task { line, name: "waits#b".to_owned(), due_at: now() };
    let moved = Task { due_at: now() + 5.minutes(), ..first.clone() };
    engine.plan_task(&first).await.unwrap();
    engine.plan_task(&moved).await.unwrap();
    engine.finish_task(&first).await.unwrap();
    assert_eq!(engine.due_tasks(moved.due_at).await.unwrap(), [moved]);
}
