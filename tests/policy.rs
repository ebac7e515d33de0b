// SPDX-License-Identifier: EUPL-1.2
//! A newer policy that must be accepted: asked in the next notice, with one button.

use serde_json::json;

use crate::support::{MORNING, World, notice};

const OLD: &str = "[policy]\ndate = 2024-03-04";
const NEW: &str = "[policy]\ndate = 2026-11-24\naccept_again = true";

/// Pordenone, of which Meta has the templates that ask already, with the policy of 2024.
async fn pordenone() -> World {
    let world = World::of_pordenone(|file| file.replace(OLD, NEW)).await;
    publishes(&world, OLD).await;
    world
}

/// The comune publishes a policy.
async fn publishes(world: &World, policy: &str) {
    let lines = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/lines");
    let file = std::fs::read_to_string(format!("{lines}/pordenone.toml")).unwrap();
    assert!(file.contains(OLD), "the policy is somewhere else");
    let store = world.stack.store();
    let line = store.lines().await.unwrap()[0].id.clone();
    let now = MORNING.parse().unwrap();
    store.apply_line(&line, &file.replace(OLD, policy), now).await.unwrap();
}

async fn sends(world: &World, what: &str, priority: &str) {
    let office = world.office("pordenone");
    let mut asked = notice(&["scadenze"], what);
    asked["priority"] = json!(priority);
    let (status, made) = office.post("/broadcasts", asked).await;
    assert_eq!(status, 201, "{made}");
    office.sends(made["id"].as_str().unwrap()).await;
    world.advance(60).await;
}

#[tokio::test]
async fn who_accepted_an_older_policy_is_asked_in_the_next_notice_and_silence_is_listed() {
    let world = pordenone().await;
    for number in ["393330001081", "393330001082"] {
        world.person(number).says("pordenone", "ISCRIVIMI").await;
    }
    world.advance(60).await;
    sends(&world, "pagare la mensa", "normal").await;
    let anna = world.person("393330001081");
    anna.hears("pordenone", "pagare la mensa").await;
    assert_eq!(anna.times_heard("pordenone", "Le regole del servizio").await, 0);

    publishes(&world, NEW).await;
    let bruno = world.person("393330001082");
    let carla = world.person("393330001083");
    carla.says("pordenone", "ISCRIVIMI").await;
    world.advance(60).await;
    let office = world.office("pordenone");
    let report = async || {
        let (_, it) = office.get("/reports/policy").await;
        [&it["accepted"], &it["silent"], &it["not_asked"]].map(|it| it.as_i64().unwrap())
    };
    assert_eq!(report().await, [1, 0, 2]);

    // An emergency is no occasion for it.
    sends(&world, "chiudere le finestre", "emergency").await;
    anna.hears("pordenone", "chiudere le finestre").await;
    assert_eq!(anna.times_heard("pordenone", "Le regole del servizio").await, 0);

    sends(&world, "rinnovare la tessera", "normal").await;
    for person in [&anna, &bruno] {
        person.hears("pordenone", "rinnovare la tessera").await;
        person.hears("pordenone", "Le regole del servizio sono cambiate").await;
    }
    carla.hears("pordenone", "rinnovare la tessera").await;
    assert_eq!(carla.times_heard("pordenone", "Le regole del servizio").await, 0);
    assert_eq!(report().await, [1, 2, 0]);

    let before = anna.heard("pordenone").await.len();
    anna.taps("pordenone", "accept-policy:2026-11-24", "Accetto le regole").await;
    assert_eq!(anna.heard("pordenone").await.len(), before, "a reply is paid");
    assert_eq!(report().await, [2, 1, 0]);
    let (_, silent) = office.get("/subscribers?state=silent").await;
    assert_eq!(silent["items"].as_array().map(Vec::len), Some(1), "{silent}");
    let (_, found) = office.post("/contacts/search", json!({ "phone": "+393330001081" })).await;
    let id = found["items"][0]["id"].as_str().unwrap();
    let (_, proof) = office.get(&format!("/contacts/{id}/proof")).await;
    let last = proof["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["change"], &last["policy"]),
        (&json!("policy-accepted"), &json!("2026-11-24"))
    );

    // Silence changes nothing: the next notices come, and after the third nobody is asked.
    for (n, what) in ["uno", "due", "tre"].into_iter().enumerate() {
        sends(&world, what, "normal").await;
        anna.hears("pordenone", what).await;
        assert_eq!(anna.times_heard("pordenone", "Le regole del servizio").await, 1);
        bruno.hears("pordenone", what).await;
        let times = bruno.times_heard("pordenone", "Le regole del servizio").await;
        assert_eq!(times, (n + 2).min(3));
    }
    world.ends().await;
}

#[tokio::test]
async fn a_notice_is_not_lost_because_meta_has_no_template_that_asks() {
    let world = pordenone().await;
    world.person("393330001084").says("pordenone", "ISCRIVIMI").await;
    world.advance(60).await;
    publishes(&world, NEW).await;
    let account = "331651133100002";
    let rejected = fakes::meta::TemplateState::Rejected;
    world.meta().set_template_state(account, "pordenone_scadenza_policy", rejected).unwrap();
    let dora = world.person("393330001084");
    sends(&world, "pagare la mensa", "normal").await;
    dora.hears("pordenone", "pagare la mensa").await;
    assert_eq!(dora.times_heard("pordenone", "Le regole del servizio").await, 0);
    let (_, report) = world.office("pordenone").get("/reports/policy").await;
    assert_eq!(report["not_asked"], 1, "it is asked as soon as Meta has the template");
    world.ends().await;
}
