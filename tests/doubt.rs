// SPDX-License-Identifier: EUPL-1.2
//! Messages of which nobody knows whether they were sent: who settles the doubt, and when one is
//! sent once more.

use fakes::meta::SendFault;
use serde_json::{Value, json};

use crate::support::{Office, World, notice};

/// Two people and a notice to both. The first of them meets the fault.
async fn notice_meets(world: &World, fault: SendFault, priority: &str) -> String {
    for digits in ["393330008011", "393330008012"] {
        world.person(digits).says("pordenone", "ISCRIVIMI").await;
    }
    let office = world.office("pordenone");
    let mut draft = notice(&["scadenze"], "pagare il passo carrabile");
    draft["priority"] = json!(priority);
    let (status, made) = office.post("/broadcasts", draft).await;
    assert_eq!(status, 201, "{made}");
    world.meta().faults(|it| it.for_next(1, fault));
    let id = made["id"].as_str().unwrap().to_owned();
    office.sends(&id).await;
    id
}

async fn unresolved(office: &Office<'_>, id: &str) -> Vec<Value> {
    let (_, rows) = office.get(&format!("/broadcasts/{id}/deliveries?state=unresolved")).await;
    rows["items"].as_array().unwrap().clone()
}

/// How often each of the two got it.
async fn heard(world: &World) -> [usize; 2] {
    let mut heard = [0, 0];
    for (n, digits) in ["393330008011", "393330008012"].into_iter().enumerate() {
        heard[n] = world.person(digits).times_heard("pordenone", "passo carrabile").await;
    }
    heard.sort_unstable();
    heard
}

#[tokio::test]
async fn a_lost_answer_is_listed_and_sent_once_more_only_if_the_office_wants() {
    let world = World::start().await;
    let id = notice_meets(&world, SendFault::DropRequest, "normal").await;
    let office = world.office("pordenone");
    world.advance(3600).await;
    let rows = unresolved(&office, &id).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(rows[0]["reason"].as_str().unwrap().contains("Non sappiamo"));
    assert!(!rows[0].to_string().contains("3933300080"), "numbers are masked");
    assert_eq!(heard(&world).await, [0, 1]);
    let done = office.broadcast(&id).await;
    assert_eq!((&done["state"], &done["counts"]["unresolved"]), (&json!("done"), &json!(1)));

    let path = format!("/broadcasts/{id}/resend-unresolved");
    assert_eq!(office.post(&path, json!({})).await.0, 202);
    assert_eq!(office.post(&path, json!({})).await.0, 409, "it is being sent");
    world.advance(120).await;
    assert_eq!(heard(&world).await, [1, 1]);
    let done = office.broadcast(&id).await;
    assert_eq!((&done["state"], &done["counts"]["unresolved"]), (&json!("done"), &json!(0)));
    assert_eq!(done["counts"]["audience"], 2);
    assert_eq!(office.post(&path, json!({})).await.0, 409, "nobody is left in doubt");
    world.ends().await;
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_the_status_that_names_it() {
    let world = World::start().await;
    let id = notice_meets(&world, SendFault::DropAnswer, "normal").await;
    world.advance(60).await;
    let done = world.office("pordenone").broadcast(&id).await;
    assert_eq!((&done["counts"]["read"], &done["counts"]["unresolved"]), (&json!(2), &json!(0)));
    assert_eq!(heard(&world).await, [1, 1]);
    world.ends().await;
}

#[tokio::test]
async fn a_5xx_is_sent_once_more_after_ten_silent_minutes() {
    let world = World::start().await;
    let id = notice_meets(&world, SendFault::ErrorWithoutAccepting(500), "normal").await;
    let office = world.office("pordenone");
    world.advance(540).await;
    assert_eq!(unresolved(&office, &id).await.len(), 1);
    assert_eq!(heard(&world).await, [0, 1]);
    // A second 5xx is the last.
    world.meta().faults(|it| it.for_next(1, SendFault::ErrorWithoutAccepting(503)));
    world.advance(120).await;
    assert_eq!(heard(&world).await, [0, 1]);
    world.advance(3600).await;
    assert_eq!(heard(&world).await, [0, 1]);
    assert_eq!(office.broadcast(&id).await["state"], "done");
    assert_eq!(unresolved(&office, &id).await.len(), 1);
    world.ends().await;
}

#[tokio::test]
async fn a_5xx_after_which_the_message_arrived_is_not_sent_once_more() {
    let world = World::start().await;
    let id = notice_meets(&world, SendFault::ErrorAfterAccepting(500), "normal").await;
    world.advance(1200).await;
    assert_eq!(heard(&world).await, [1, 1]);
    assert_eq!(world.office("pordenone").broadcast(&id).await["counts"]["read"], 2);
    world.ends().await;
}

#[tokio::test]
async fn an_emergency_in_doubt_is_sent_once_more_after_a_minute() {
    let world = World::start().await;
    let id = notice_meets(&world, SendFault::DropRequest, "emergency").await;
    assert_eq!(heard(&world).await, [0, 1]);
    world.advance(65).await;
    assert_eq!(heard(&world).await, [1, 1]);
    assert_eq!(world.office("pordenone").broadcast(&id).await["counts"]["unresolved"], 0);
    world.ends().await;
}

#[tokio::test]
async fn nothing_is_sent_once_more_while_we_hear_nothing() {
    let world = World::start().await;
    let anna = world.person("393330008011");
    anna.says("pordenone", "ISCRIVIMI").await;
    world.advance(60).await;
    // From here on no webhook arrives.
    let url = format!("{}/webhook", world.stack.url());
    world.meta().set_webhook_url("default", &format!("{url}/deaf")).unwrap();
    let office = world.office("pordenone");
    let mut draft = notice(&["scadenze"], "lasciare la casa");
    draft["priority"] = json!("emergency");
    let (_, made) = office.post("/broadcasts", draft).await;
    let id = made["id"].as_str().unwrap().to_owned();
    world.meta().faults(|it| it.for_next(1, SendFault::DropAnswer));
    office.sends(&id).await;
    world.advance(1200).await;
    assert_eq!(anna.times_heard("pordenone", "lasciare la casa").await, 1);
    assert_eq!(unresolved(&office, &id).await.len(), 1);
    // It had arrived: the status says so when we hear again.
    world.meta().set_webhook_url("default", &url).unwrap();
    world.advance(1200).await;
    assert_eq!(unresolved(&office, &id).await, Vec::<Value>::new());
    assert_eq!(anna.times_heard("pordenone", "lasciare la casa").await, 1);
    world.ends().await;
}
