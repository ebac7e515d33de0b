// SPDX-License-Identifier: EUPL-1.2
//! What is counted for dashboard and alarms, at its moment and not otherwise.

use std::collections::BTreeSet;

use fakes::meta::{SendFault, TemplateState};
use platform::metrics::Metric::{
    AccountOrBudget, BroadcastStopped, Failed, Sent, Throttled, Unresolved, WebhookNotKept,
};
use serde_json::{Value, json};

use crate::support::{self, World};

const ACCOUNT: &str = "331651133100002";
const TEMPLATE: &str = "pordenone_scadenza";

/// Exactly this was counted since the last time.
#[track_caller]
fn counted(want: &[(&str, u64)]) {
    let want = want.iter().map(|(metric, n)| ((*metric).to_owned(), *n)).collect();
    assert_eq!(support::counted(), want);
}

/// A notice to all, of which the first messages meet these faults.
async fn notice_meets(world: &World, faults: &[SendFault]) -> String {
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "pagare il posto auto").await;
    world.meta().faults(|it| it.next_sends = faults.iter().copied().collect());
    office.sends(&id).await;
    id
}

#[tokio::test]
async fn a_send_that_goes_well_is_counted_and_nothing_that_people_write() {
    let world = World::start().await;
    let people = world.subscribers(3).await;
    people[0].says("pordenone", "Buongiorno, siete aperti domani?").await;
    counted(&[]);
    notice_meets(&world, &[]).await;
    counted(&[("Sent", 3)]);
    world.advance(3600).await;
    counted(&[]);
    world.ends().await;
}

#[tokio::test]
async fn a_refusal_is_counted_once_whether_meta_says_it_now_or_later() {
    let world = World::start().await;
    world.subscribers(3).await;
    notice_meets(&world, &[SendFault::Code(131_026), SendFault::FailLater(131_026)]).await;
    world.advance(60).await;
    counted(&[("Failed", 2), ("Sent", 2)]);
    world.ends().await;
}

#[tokio::test]
async fn what_was_too_fast_is_counted_and_then_sent() {
    let world = World::start().await;
    world.subscribers(3).await;
    let faults = [SendFault::Code(130_429), SendFault::Code(131_056)];
    notice_meets(&world, &faults).await;
    world.advance(60).await;
    counted(&[("Sent", 3), ("Throttled", 2)]);
    world.ends().await;
}

#[tokio::test]
async fn a_message_in_doubt_is_counted_when_the_doubt_begins() {
    let world = World::start().await;
    world.subscribers(2).await;
    let id = notice_meets(&world, &[SendFault::DropRequest]).await;
    counted(&[("Sent", 1), ("Unresolved", 1)]);
    world.advance(3600).await;
    counted(&[]);
    let office = world.office("pordenone");
    let path = format!("/broadcasts/{id}/resend-unresolved");
    assert_eq!(office.post(&path, json!({})).await.0, 202);
    world.settled().await;
    counted(&[("Sent", 1)]);
    world.ends().await;
}

#[tokio::test]
async fn a_broadcast_that_meta_refuses_is_counted_as_stopped_whoever_hears_of_it() {
    for (fault, want) in [
        (SendFault::Code(132_001), &[("BroadcastStopped", 1)][..]),
        (SendFault::Code(131_042), &[("AccountOrBudget", 1), ("BroadcastStopped", 1)]),
        (SendFault::Code(132_015), &[]),
        (
            SendFault::FailLater(131_042),
            &[("AccountOrBudget", 1), ("BroadcastStopped", 1), ("Failed", 1), ("Sent", 1)],
        ),
    ] {
        // One message a second: what is reported later finds the broadcast still being sent.
        let world = World::of_pordenone(|it| {
            it.replace("rate = 80\nreserve = 10", "rate = 20\nreserve = 19")
        })
        .await;
        world.subscribers(3).await;
        world.advance(10).await;
        counted(&[]);
        notice_meets(&world, &[fault]).await;
        world.advance(1).await;
        counted(want);
        world.advance(60).await;
        counted(&[]);
        world.ends().await;
    }
}

#[tokio::test]
async fn news_of_accounts_and_templates_is_counted_if_somebody_must_see_to_it() {
    let world = World::start().await;
    world.subscribers(1).await;
    world.meta().set_template_state(ACCOUNT, TEMPLATE, TemplateState::Rejected).unwrap();
    world.settled().await;
    counted(&[("AccountOrBudget", 1)]);
    notice_meets(&world, &[]).await;
    counted(&[("BroadcastStopped", 1)]);
    world.meta().set_template_state(ACCOUNT, TEMPLATE, TemplateState::Approved).unwrap();
    world.settled().await;
    counted(&[]);
    let says = async |value: Value| {
        world.meta().account_event(ACCOUNT, "account_update", &value).unwrap();
        world.settled().await;
    };
    says(json!({ "event": "ACCOUNT_VIOLATION", "violation_info": {} })).await;
    says(json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": "DISABLE" } })).await;
    counted(&[("AccountOrBudget", 2)]);
    says(json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": "REINSTATE" } }))
        .await;
    says(json!({ "event": "SOMETHING_NEW" })).await;
    counted(&[]);
    world.ends().await;
}

#[tokio::test]
async fn a_budget_that_is_used_up_is_counted_when_it_stops_a_broadcast() {
    let world = World::of_pordenone(|it| it.to_owned() + "\n[budget]\nmonthly_eur = 1\n").await;
    world.subscribers(30).await;
    notice_meets(&world, &[]).await;
    world.advance(60).await;
    counted(&[("Sent", 30)]);
    notice_meets(&world, &[]).await;
    counted(&[("AccountOrBudget", 1), ("BroadcastStopped", 1)]);
    world.ends().await;
}

#[tokio::test]
async fn a_webhook_that_is_not_kept_is_counted_and_one_that_is_refused_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let world = World::with(|it| it.data = Some(data.clone())).await;
    assert_eq!(world.signed(b"{not json").await, 200);
    assert_eq!(world.webhook("/webhook", Some("other"), b"{}").await, 401);
    counted(&[]);
    // Where the folder should be is a file.
    std::fs::remove_dir_all(data.join("aside")).unwrap();
    std::fs::write(data.join("aside"), "").unwrap();
    assert_eq!(world.signed(b"{not json").await, 503);
    counted(&[("WebhookNotKept", 1)]);
    world.ends().await;
}

#[test]
fn the_dashboard_shows_all_that_is_counted_and_alarms_watch_nothing_else() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/aws/template.yaml");
    let template = std::fs::read_to_string(path).unwrap();
    let shown = r#"["FiloDiretto/${AWS::StackName}",""#;
    let shown: BTreeSet<_> = template
        .lines()
        .filter_map(|it| it.trim().strip_prefix(shown)?.split('"').next())
        .map(str::to_owned)
        .collect();
    let all =
        [Sent, Failed, Throttled, BroadcastStopped, Unresolved, AccountOrBudget, WebhookNotKept];
    assert_eq!(shown, all.iter().map(|it| format!("{it:?}")).collect());
    let ours = template.split("Namespace: !Sub FiloDiretto/${AWS::StackName}").skip(1);
    let watched: BTreeSet<_> = ours
        .filter_map(|it| it.lines().nth(1)?.trim().strip_prefix("MetricName: "))
        .map(str::to_owned)
        .collect();
    let alarms = [AccountOrBudget, BroadcastStopped, Unresolved, WebhookNotKept];
    assert_eq!(watched, alarms.iter().map(|it| format!("{it:?}")).collect());
}
