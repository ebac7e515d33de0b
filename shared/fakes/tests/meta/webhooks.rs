// SPDX-License-Identifier: EUPL-1.2
//! Webhooks: order, repetition, batches, survival.

use axum::http::StatusCode;
use axum::routing::get;
use fakes::meta::{Faults, Status};
use serde_json::Value;

use crate::support::*;

async fn story_of(change: impl FnOnce(&mut Faults)) -> String {
    let world = World::new().await;
    world.meta.faults(change);
    world.sends(&notice(ANNA)).await;
    world.pass(10).await;
    world.webhook.story()
}

#[tokio::test]
async fn statuses_come_in_order_repeated_swapped_or_not_at_all() {
    assert_eq!(story_of(|_| {}).await, "sent delivered read");
    assert_eq!(story_of(|it| it.read_before_delivered = true).await, "sent read delivered");
    assert_eq!(story_of(|it| it.skip_delivered = true).await, "sent read");
    assert_eq!(story_of(|it| it.duplicates = 1).await, "sent delivered read sent delivered read");
}

#[tokio::test]
async fn statuses_are_due_one_after_the_other() {
    let world = World::new().await;
    world.sends(&notice(ANNA)).await;
    assert!(!world.meta.idle() || world.meta.next_due() > Some(world.now()));
    let status = || world.meta.inbox(ANNA, None).unwrap()[0].status;
    world.pass(1).await;
    assert_eq!((world.webhook.story().as_str(), status()), ("sent delivered", Status::Delivered));
    assert!(world.meta.idle() && world.meta.next_due().is_some());
    world.pass(2).await;
    assert_eq!((world.webhook.story().as_str(), status()), ("sent delivered read", Status::Read));
    assert!(world.meta.idle() && world.meta.next_due().is_none());
}

#[tokio::test]
async fn a_phone_without_read_receipts_never_reads() {
    let world = World::new().await;
    world.meta.change_person(ANNA, |it| it.reads = false).unwrap();
    world.sends(&notice(ANNA)).await;
    world.pass(10).await;
    assert_eq!(world.webhook.story(), "sent delivered");
}

#[tokio::test]
async fn all_statuses_may_come_before_the_answer() {
    let world = World::new().await;
    world.meta.faults(|it| it.statuses_before_answer = true);
    let id = world.sends(&notice(ANNA)).await;
    assert_eq!(world.webhook.story(), "sent delivered read");
    assert_eq!(world.webhook.statuses()[0]["id"], id.as_str());
}

#[tokio::test]
async fn price_stands_on_sent_and_delivered_or_on_delivered_only() {
    for (late, want) in [(false, [true, true, false]), (true, [false, true, false])] {
        let world = World::new().await;
        world.meta.faults(|it| it.pricing_late = late);
        world.sends(&notice(ANNA)).await;
        world.pass(10).await;
        let priced: Vec<_> =
            world.webhook.statuses().iter().map(|it| it.get("pricing").is_some()).collect();
        assert_eq!(priced, want);
    }
}

#[tokio::test]
async fn what_is_not_answered_200_comes_again_at_once_and_then_ever_later() {
    let world = World::new().await;
    let refuse = StatusCode::INTERNAL_SERVER_ERROR;
    // 202 is not 200.
    world.webhook.answer_next([refuse, StatusCode::ACCEPTED, refuse]);
    world.meta.write(ANNA, LINE, "ISCRIVIMI").unwrap();
    let first = world.meta.deliver_due().await;
    assert_eq!((first.posts, first.failed_posts), (2, 2));
    assert!(world.meta.idle() && world.meta.next_due().is_some());
    assert_eq!(world.meta.inbox(ANNA, None).unwrap()[0].status, Status::Sent);
    world.pass(1).await;
    assert_eq!(world.webhook.bodies().len(), 3);
    world.pass(3).await;
    assert_eq!(world.webhook.bodies().len(), 3, "five seconds have not passed");
    world.pass(3).await;
    assert_eq!(world.webhook.bodies().len(), 4);
    assert_eq!(world.meta.next_due(), None);
    assert_eq!(world.meta.inbox(ANNA, None).unwrap()[0].status, Status::Delivered);
    let ids: std::collections::BTreeSet<_> =
        world.webhook.messages().iter().map(|it| it["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn after_seven_days_meta_gives_up() {
    let world = World::new().await;
    world.webhook.answer_next(std::iter::repeat_n(StatusCode::BAD_GATEWAY, 1_000));
    world.meta.write(ANNA, LINE, "ISCRIVIMI").unwrap();
    world.meta.deliver_due().await;
    world.pass(6 * 24 * 3_600).await;
    assert!(world.meta.next_due().is_some());
    world.pass(2 * 24 * 3_600).await;
    assert_eq!(world.meta.next_due(), None);
}

#[tokio::test]
async fn what_is_due_together_comes_together_up_to_a_thousand() {
    let world = World::with(None, |it| it.rate = u32::MAX).await;
    for n in 0..1_100 {
        world.meta.write(&format!("39333000{n:04}"), LINE, "città").unwrap();
    }
    let done = world.meta.deliver_due().await;
    assert_eq!((done.posts, done.updates), (2, 1_100));
    let sizes: Vec<_> = world
        .webhook
        .values("messages")
        .iter()
        .map(|it| it["messages"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes.iter().max(), Some(&1_000));
    assert_eq!(sizes.iter().sum::<usize>(), 1_100);
    for body in world.webhook.bodies() {
        assert!(body.is_ascii(), "escaped as Meta does");
        assert!(body.len() < 3_000_000);
    }
}

#[tokio::test]
async fn updates_can_come_one_by_one() {
    let world = World::new().await;
    world.meta.faults(|it| it.one_update_a_post = true);
    for phone in [ANNA, BRUNO] {
        world.meta.write(phone, LINE, "ciao").unwrap();
    }
    assert_eq!(world.meta.deliver_due().await.posts, 2);
}

#[tokio::test]
async fn messages_and_statuses_of_several_numbers_share_an_envelope() {
    let world = World::new().await;
    world.meta.write(ANNA, LINE, "ciao").unwrap();
    world.meta.write(ANNA, "anagrafe", "ciao").unwrap();
    world.sends(&notice(BRUNO)).await;
    world.pass(10).await;
    let bodies = world.webhook.bodies();
    assert_eq!(bodies.len(), 1);
    let body: Value = serde_json::from_slice(&bodies[0]).unwrap();
    assert_eq!(body["object"], "whatsapp_business_account");
    assert_eq!(body["entry"].as_array().unwrap().len(), 1);
    assert_eq!(body["entry"][0]["id"], "300001");
    let changes = body["entry"][0]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 3);
    for it in changes {
        assert_eq!(it["value"]["messaging_product"], "whatsapp");
        assert!(it["value"]["metadata"]["phone_number_id"].is_string());
    }
}

#[tokio::test]
async fn what_was_accepted_survives_the_end_of_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("meta.sqlite");
    let (id, later) = {
        let world = World::with(Some(&file), |_| {}).await;
        world.says(ANNA, "ISCRIVIMI").await;
        (world.sends(&text(ANNA, "Benvenuta")).await, world.now())
    };
    let world = World::at(later, Some(&file), |_| {}).await;
    assert!(world.webhook.bodies().is_empty());
    world.pass(10).await;
    assert_eq!(world.webhook.story(), "sent delivered read");
    assert_eq!(world.webhook.statuses()[0]["id"], id.as_str());
    let inbox = world.meta.inbox(ANNA, None).unwrap();
    let texts: Vec<_> = inbox.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(texts, ["ISCRIVIMI", "Benvenuta"]);
    // The window that opened before is still open.
    world.webhook.clear();
    world.sends(&text(ANNA, "Ci sei?")).await;
    world.pass(10).await;
    assert_eq!(world.webhook.story(), "sent delivered read");
}

#[tokio::test]
async fn a_new_callback_gets_what_the_old_one_did_not_take() {
    let world = World::new().await;
    world.webhook.answer_next(std::iter::repeat_n(StatusCode::BAD_GATEWAY, 20));
    world.meta.write(ANNA, LINE, "ISCRIVIMI").unwrap();
    world.meta.deliver_due().await;
    for _ in 0..10 {
        world.pass(600).await;
    }
    assert!(world.meta.next_due() > Some(world.now()));
    world.webhook.answer_next(std::iter::empty());
    let other = World::new().await;
    let url = format!("{}/webhook", other.webhook_base());
    world.meta.set_webhook_url("default", &url).unwrap();
    world.meta.deliver_due().await;
    assert_eq!(other.webhook.messages().len(), 1);
}

#[tokio::test]
async fn a_callback_is_verified_byte_for_byte() {
    let world = World::new().await;
    let echo = |strip: bool| {
        axum::Router::new().route(
            "/webhook",
            get(move |query: axum::extract::RawQuery| async move {
                let query = query.0.unwrap();
                assert!(query.contains("hub.verify_token=local%2Ftoken"));
                let value = query.split('&').find_map(|it| it.strip_prefix("hub.challenge="));
                let value = value.unwrap().to_owned();
                if strip { format!("{value}\n") } else { value }
            }),
        )
    };
    for (strip, want) in [(false, true), (true, false)] {
        let url = serve(echo(strip)).await;
        world.meta.set_webhook_url("default", &format!("{url}/webhook")).unwrap();
        assert_eq!(world.meta.verify_webhook("default", "local/token").await.unwrap(), want);
    }
}

#[tokio::test]
async fn the_background_task_delivers_and_ends() {
    let world = World::new().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let meta = world.meta.clone();
    let task = tokio::spawn(async move {
        meta.run(async {
            stopped.await.ok();
        })
        .await;
    });
    world.meta.write(ANNA, LINE, "ciao").unwrap();
    while world.webhook.bodies().is_empty() {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    task.await.unwrap();
    assert_eq!(world.webhook.messages().len(), 1);
}
