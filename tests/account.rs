// SPDX-License-Identifier: EUPL-1.2
//! What Meta says of accounts and templates: broadcasts wait, stop and go on by it, and the office
//! hears of it before anything is spent.

use std::path::Path;

use fakes::meta::{Category, Template, TemplateState};
use serde_json::{Value, json};

use crate::support::{Office, Person, World, notice};

const ACCOUNT: &str = "331651133100002";
const TEMPLATE: &str = "pordenone_scadenza";

/// A world in which Pordenone's line file says this too, or something else.
async fn with_line(change: impl FnOnce(String) -> String) -> World {
    let lines = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/lines");
    let pordenone = std::fs::read_to_string(Path::new(lines).join("pordenone.toml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pordenone.toml"), change(pordenone)).unwrap();
    World::with(|it| it.lines = folder.path().into()).await
}

/// One message a second: a send to a few takes long enough to step in.
async fn slow() -> World {
    with_line(|it| {
        let slow = it.replace("rate = 80\nreserve = 10", "rate = 20\nreserve = 19");
        assert_ne!(slow, it, "the line file sets the rate");
        slow
    })
    .await
}

async fn subscribers(world: &World, block: u32, n: u32) -> Vec<Person<'_>> {
    let mut people = Vec::new();
    for n in 0..n {
        let person = world.person(&format!("3933300{block:02}{n:03}"));
        person.says("pordenone", "ISCRIVIMI").await;
        people.push(person);
    }
    world.advance(10).await;
    people
}

/// How many of them got it, each at most once.
async fn reached(people: &[Person<'_>]) -> usize {
    let mut reached = 0;
    for it in people {
        let times = it.times_heard("pordenone", "il saldo IMU").await;
        assert!(times <= 1, "{} got it {times} times", it.digits);
        reached += times;
    }
    reached
}

fn says(world: &World, field: &str, value: &Value) {
    world.meta().account_event(ACCOUNT, field, value).unwrap();
}

fn template_is(event: &str) -> Value {
    json!({
        "event": event,
        "message_template_id": 1,
        "message_template_name": TEMPLATE,
        "message_template_language": "it",
        "reason": null,
    })
}

impl Office<'_> {
    async fn drafts_notice(&self, priority: &str) -> String {
        let mut draft = notice(&["scadenze"], "pagare il saldo IMU");
        draft["priority"] = json!(priority);
        let (status, made) = self.post("/broadcasts", draft).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    }

    async fn previews_draft(&self, id: &str) -> Value {
        let (status, preview) = self.post(&format!("/broadcasts/{id}/preview"), json!({})).await;
        assert_eq!(status, 200, "{preview}");
        preview
    }

    async fn resumes(&self, id: &str) {
        let (status, answer) = self.post(&format!("/broadcasts/{id}/resume"), json!({})).await;
        assert_eq!(status, 202, "{answer}");
    }

    /// The broadcast stands here, for this reason.
    async fn finds(&self, id: &str, state: &str, reason: &str) -> Value {
        let it = self.broadcast(id).await;
        assert_eq!(it["state"], state, "{it}");
        assert!(it["reason"].as_str().unwrap_or_default().contains(reason), "{it}");
        it
    }
}

#[tokio::test]
async fn a_template_paused_in_the_middle_holds_the_rest_until_it_is_approved() {
    let world = slow().await;
    let people = subscribers(&world, 21, 12).await;
    let office = world.office("pordenone");
    let id = office.drafts_notice("normal").await;
    office.sends(&id).await;
    // Meta says so and takes messages all the same: only its word can hold them.
    says(&world, "message_template_status_update", &template_is("PAUSED"));
    world.settled().await;
    let held = office.finds(&id, "held", "in pausa il modello").await;
    let before = reached(&people).await;
    assert!((1..12).contains(&before), "{before} before the pause");
    assert!(held["eta_seconds"].as_i64().unwrap() > 2 * 3600, "{held}");
    world.advance(600).await;
    assert_eq!(reached(&people).await, before, "nobody while it is paused");
    let preview = office.previews_draft(&office.drafts_notice("normal").await).await;
    assert!(preview["warnings"].to_string().contains("in pausa il modello"), "{preview}");

    says(&world, "message_template_status_update", &template_is("APPROVED"));
    world.settled().await;
    world.advance(300).await;
    let done = office.broadcast(&id).await;
    assert_eq!((&done["state"], &done["counts"]["accepted"]), (&json!("done"), &json!(12)));
    assert_eq!(reached(&people).await, 12);
    world.ends().await;
}

#[tokio::test]
async fn a_template_disabled_before_the_start_stops_it_before_any_message() {
    let world = World::start().await;
    let people = subscribers(&world, 22, 3).await;
    let office = world.office("pordenone");
    let id = office.drafts_notice("normal").await;
    let at_ten = json!({ "send_at": "2026-11-24T10:00:00+01:00" });
    let (status, _) = office.post(&format!("/broadcasts/{id}/schedule"), at_ten).await;
    assert_eq!(status, 202);
    world.meta().set_template_state(ACCOUNT, TEMPLATE, TemplateState::Disabled).unwrap();
    world.settled().await;
    assert_eq!(office.broadcast(&id).await["state"], "scheduled", "its time has not come");
    let preview = office.previews_draft(&id).await;
    assert!(preview["warnings"].to_string().contains("disattivato il modello"), "{preview}");

    world.advance(3700).await;
    office.finds(&id, "stopped", "disattivato il modello").await;
    assert_eq!(world.meta().refusals(), [].into(), "nothing was even tried");

    world.meta().set_template_state(ACCOUNT, TEMPLATE, TemplateState::Approved).unwrap();
    world.settled().await;
    office.finds(&id, "stopped", "").await;
    office.resumes(&id).await;
    world.advance(60).await;
    let done = office.broadcast(&id).await;
    assert_eq!((&done["state"], &done["counts"]["accepted"]), (&json!("done"), &json!(3)));
    assert_eq!(reached(&people).await, 3);
    world.ends().await;
}

#[tokio::test]
async fn one_that_never_began_can_be_called_off_or_expires_with_everybody_counted() {
    let world = World::start().await;
    let people = subscribers(&world, 23, 2).await;
    let office = world.office("pordenone");
    let mut expiring = notice(&["scadenze"], "pagare il saldo IMU");
    expiring["expires_at"] = json!("2026-11-24T11:00:00+01:00");
    let (_, expiring) = office.post("/broadcasts", expiring).await;
    let expiring = expiring["id"].as_str().unwrap().to_owned();
    let cancelled = office.drafts_notice("normal").await;
    world.meta().set_template_state(ACCOUNT, TEMPLATE, TemplateState::Rejected).unwrap();
    world.settled().await;
    for id in [&expiring, &cancelled] {
        office.sends(id).await;
        office.finds(id, "stopped", "rifiutato il modello").await;
    }
    assert_eq!(office.post(&format!("/broadcasts/{cancelled}/cancel"), json!({})).await.0, 202);
    world.advance(2 * 3600 + 120).await;
    let over = office.broadcast(&cancelled).await;
    assert_eq!((&over["state"], &over["counts"]["audience"]), (&json!("cancelled"), &json!(0)));
    let over = office.broadcast(&expiring).await;
    assert_eq!((&over["state"], &over["counts"]["skipped"]), (&json!("done"), &json!(2)), "{over}");
    assert_eq!(reached(&people).await, 0);
    world.ends().await;
}

#[tokio::test]
async fn a_category_that_costs_more_stops_before_money_is_spent_until_the_office_resumes() {
    let world = World::start().await;
    let people = subscribers(&world, 24, 3).await;
    let office = world.office("pordenone");
    let coming = json!({
        "message_template_name": TEMPLATE,
        "message_template_language": "it",
        "correct_category": "MARKETING",
        "new_category": "UTILITY",
    });
    says(&world, "template_category_update", &coming);
    world.settled().await;
    let id = office.drafts_notice("normal").await;
    let preview = office.previews_draft(&id).await;
    assert!(preview["warnings"].to_string().contains("sta per cambiare"), "{preview}");
    assert_eq!(preview["billable"], json!({ "utility": 3 }));

    world.meta().set_template_category(ACCOUNT, TEMPLATE, Category::Marketing).unwrap();
    world.settled().await;
    let preview = office.previews_draft(&id).await;
    assert_eq!(preview["billable"], json!({ "marketing": 3 }));
    assert_eq!(preview["cost_eur"], 0.1974);
    let warnings = preview["warnings"].to_string();
    assert!(warnings.contains("ha cambiato la categoria"), "{preview}");
    assert!(!warnings.contains("sta per"), "{preview}");
    office.sends(&id).await;
    office.finds(&id, "stopped", "0,0658 euro invece di 0,0248 euro").await;
    assert_eq!(reached(&people).await, 0);

    office.resumes(&id).await;
    world.settled().await;
    world.advance(60).await;
    let done = office.broadcast(&id).await;
    assert_eq!((&done["state"], &done["cost"]["actual_eur"]), (&json!("done"), &json!(0.1974)));
    assert_eq!(reached(&people).await, 3);
    let (_, costs) = office.get("/reports/costs").await;
    assert_eq!(costs["total"]["estimated_eur"], 0.1974, "the budget is held to what it costs now");

    let alert = office.drafts_notice("emergency").await;
    office.sends(&alert).await;
    world.advance(60).await;
    assert_eq!(office.broadcast(&alert).await["state"], "done", "an emergency asks nobody");
    world.ends().await;
}

#[tokio::test]
async fn a_category_that_nobody_announced_is_seen_in_the_first_bill() {
    let world = slow().await;
    let people = subscribers(&world, 25, 12).await;
    let office = world.office("pordenone");
    let silently = Template {
        messaging_account_id: ACCOUNT.to_owned(),
        name: TEMPLATE.to_owned(),
        category: Category::Marketing,
        body: "Promemoria: entro il {{data}} puoi {{azione}}. {{come}}, {{pagina}}.".to_owned(),
        parameters: ["data", "azione", "come", "pagina"].map(str::to_owned).into(),
        ..Template::default()
    };
    world.meta().set_template(silently);
    let id = office.drafts_notice("normal").await;
    office.sends(&id).await;
    world.advance(2).await;
    office.finds(&id, "stopped", "ha cambiato la categoria").await;
    let before = reached(&people).await;
    assert!((1..12).contains(&before), "{before} before the first bill");

    office.resumes(&id).await;
    world.settled().await;
    world.advance(300).await;
    assert_eq!(office.broadcast(&id).await["state"], "done", "later bills stop it no more");
    assert_eq!(reached(&people).await, 12);
    let next = office.drafts_notice("normal").await;
    office.sends(&next).await;
    office.finds(&next, "stopped", "ha cambiato la categoria").await;
    world.ends().await;
}

#[tokio::test]
async fn a_restricted_account_stops_what_is_not_an_emergency() {
    let world = slow().await;
    let people = subscribers(&world, 26, 6).await;
    let office = world.office("pordenone");
    let running = office.drafts_notice("normal").await;
    office.sends(&running).await;
    let restriction = json!({
        "event": "ACCOUNT_RESTRICTION",
        "restriction_info": [{ "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING" }],
    });
    says(&world, "account_update", &restriction);
    world.settled().await;
    office.finds(&running, "stopped", "si può solo rispondere").await;
    let later = office.drafts_notice("normal").await;
    office.sends(&later).await;
    office.finds(&later, "stopped", "si può solo rispondere").await;
    let violation = json!({ "event": "ACCOUNT_VIOLATION", "violation_info": {} });
    let unknown = json!({ "event": "SOMETHING_NEW" });
    for value in [violation, unknown, json!(null)] {
        says(&world, "account_update", &value);
    }
    world.settled().await;

    let lifted =
        json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": "REINSTATE" } });
    says(&world, "account_update", &lifted);
    world.settled().await;
    office.resumes(&running).await;
    world.settled().await;
    world.advance(120).await;
    assert_eq!(office.broadcast(&running).await["state"], "done");
    assert_eq!(reached(&people).await, 6);
    world.ends().await;
}

#[tokio::test]
async fn a_lower_limit_splits_a_send_over_days() {
    let world =
        with_line(|it| format!("{it}\n[portfolio]\nid = \"506914307656634\"\nlimit = 10000\n"))
            .await;
    let people = subscribers(&world, 27, 3).await;
    let office = world.office("pordenone");
    let id = office.drafts_notice("normal").await;
    let in_window = office.previews_draft(&id).await;
    assert_eq!((&in_window["days"], &in_window["split"]), (&json!(1), &json!([])));
    world.advance(26 * 3600).await;
    let day = |on: &str, people: i32| json!({ "on": on, "people": people });
    let roomy = office.previews_draft(&id).await;
    assert_eq!(roomy["days"], 1);
    assert_eq!(roomy["split"], json!([day("2026-11-25", 3)]));
    assert_eq!(roomy["warnings"], json!([]));

    let capability = json!({ "max_daily_conversations_per_business": 2 });
    says(&world, "business_capability_update", &capability);
    world.settled().await;
    let narrow = office.previews_draft(&id).await;
    assert_eq!(narrow["days"], 3, "one of two is kept for emergencies: {narrow}");
    let days = [day("2026-11-25", 1), day("2026-11-26", 1), day("2026-11-27", 1)];
    assert_eq!(narrow["split"], json!(days));
    assert!(narrow["warnings"].to_string().contains("dura 3 giorni"), "{narrow}");
    office.sends(&id).await;
    office.finds(&id, "held", "in 24 ore").await;
    assert_eq!(reached(&people).await, 1);

    let quality = json!({
        "display_phone_number": "393316511331",
        "event": "ONBOARDING",
        "max_daily_conversations_per_business": "TIER_2K",
    });
    says(&world, "phone_number_quality_update", &quality);
    world.settled().await;
    office.resumes(&id).await;
    world.settled().await;
    world.advance(60).await;
    assert_eq!(office.broadcast(&id).await["state"], "done");
    assert_eq!(reached(&people).await, 3);
    world.ends().await;
}
