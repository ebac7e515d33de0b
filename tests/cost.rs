// SPDX-License-Identifier: EUPL-1.2
//! What it costs: shown before a send, counted after it, and never in the way of a reply.

use serde_json::{Value, json};

use crate::support::{Office, World, notice};

/// An event's notice, which Meta bills as marketing.
fn event(free_form_in_window: bool) -> Value {
    json!({
        "title": "Concerto",
        "audience": { "topics": ["eventi"] },
        "message": { "template": {
            "name": "pordenone_evento",
            "language": "it",
            "parameters": {
                "evento": "il concerto della banda",
                "quando": "sabato 28 novembre alle 18",
                "dove": "in piazza San Marco",
                "ingresso": "libero",
                "pagina": "www.comune.pordenone.it",
            },
        } },
        "free_form_in_window": free_form_in_window,
    })
}

impl Office<'_> {
    async fn previews(&self, notice: Value) -> Value {
        let (status, made) = self.post("/broadcasts", notice).await;
        assert_eq!(status, 201, "{made}");
        let id = made["id"].as_str().unwrap();
        let (status, preview) = self.post(&format!("/broadcasts/{id}/preview"), json!({})).await;
        assert_eq!(status, 200, "{preview}");
        preview
    }

    async fn costs(&self, asked: &str) -> Value {
        let (status, report) = self.get(&format!("/reports/costs{asked}")).await;
        assert_eq!(status, 200, "{report}");
        report
    }
}

async fn subscribe(world: &World, digits: impl Iterator<Item = String>) {
    for digits in digits {
        world.person(&digits).sends("pordenone", "ISCRIVIMI").await;
    }
    world.settled().await;
}

#[tokio::test]
async fn who_wrote_today_costs_nothing_where_a_reply_will_do() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let (anna, bruno) = (world.person("393330005001"), world.person("393330005002"));
    let radu = world.person("40721005003");
    anna.says("pordenone", "ISCRIVIMI").await;
    radu.says("pordenone", "ISCRIVIMI").await;
    world.advance(30 * 3600).await;
    bruno.says("pordenone", "ISCRIVIMI").await;
    // Until Meta has billed the welcome.
    world.advance(10).await;

    let template = office.previews(event(false)).await;
    assert_eq!(template["recipients"], 3);
    assert_eq!(template["in_window"], 1);
    assert_eq!(template["reachable_now"], json!({ "now": 3, "of": 3 }));
    assert_eq!(template["billable"], json!({ "marketing": 3 }));
    assert_eq!(template["cost_eur"], 0.2638);
    assert_eq!(template["cost_is_estimate"], true, "nobody knows a Romanian rate");
    assert!(template["warnings"].to_string().contains("numeri esteri"), "{template}");
    assert_eq!(template["budget"], Value::Null);

    let reply = office.previews(event(true)).await;
    assert_eq!(reply["billable"], json!({ "marketing": 2 }));
    assert_eq!(reply["free"], json!({ "service": 1, "service_left": 997 }), "three were welcomed");
    assert_eq!(reply["cost_eur"], 0.198);

    let mut tomorrow = event(true);
    tomorrow["send_at"] = json!("2026-11-27T10:00:00+01:00");
    let tomorrow = office.previews(tomorrow).await;
    assert_eq!(tomorrow["in_window"], 0, "by then the window is closed");
    assert_eq!(tomorrow["billable"], json!({ "marketing": 3 }));
    world.ends().await;
}

#[tokio::test]
async fn a_budget_is_said_before_it_is_spent() {
    let world = World::of_pordenone(|it| it.to_owned() + "\n[budget]\nmonthly_eur = 1\n").await;
    let office = world.office("pordenone");
    subscribe(&world, (0..5).map(|n| format!("39333000510{n}"))).await;
    let few = office.previews(event(false)).await;
    assert_eq!(
        few["budget"],
        json!({
            "eur": 1, "spent_eur": 0.0, "estimated_eur": 0.329, "percent_after": 32,
        })
    );
    assert_eq!(few["warnings"], json!([]));

    subscribe(&world, (0..8).map(|n| format!("39333000511{n}"))).await;
    let more = office.previews(event(false)).await;
    assert_eq!(more["budget"]["percent_after"], 85);
    assert!(more["warnings"][0].as_str().unwrap().contains("all'85 % del budget"), "{more}");

    subscribe(&world, (0..3).map(|n| format!("39333000512{n}"))).await;
    let most = office.previews(event(false)).await;
    assert!(most["warnings"][0].as_str().unwrap().contains("non basta"), "{most}");
    let mut emergency = event(false);
    emergency["priority"] = json!("emergency");
    let emergency = office.previews(emergency).await;
    assert!(emergency["warnings"][0].as_str().unwrap().contains("parte lo stesso"), "{emergency}");
    world.ends().await;
}

#[tokio::test]
async fn what_was_billed_stands_beside_what_was_estimated() {
    let world = World::start().await;
    world.meta().faults(|it| it.pricing_late = true);
    let office = world.office("pordenone");
    let people = ["393330005201", "393330005202", "40721005203"];
    subscribe(&world, people.map(str::to_owned).into_iter()).await;
    world.advance(10).await;
    let id = office.drafts(&["scadenze"], "pagare il saldo IMU").await;
    let draft = office.broadcast(&id).await;
    assert_eq!(draft["free_form_in_window"], false);
    let nothing = json!({ "estimated_eur": null, "actual_eur": 0.0, "by_category": {} });
    assert_eq!(draft["cost"], nothing);
    office.sends(&id).await;
    world.advance(10).await;
    let sent = office.broadcast(&id).await;
    let utility = json!({ "messages": 3, "eur": 0.0952 });
    // The one abroad counts at the dearest rate there is.
    let cost = json!({
        "estimated_eur": 0.0744, "actual_eur": 0.0952, "by_category": { "utility": utility },
    });
    assert_eq!(sent["cost"], cost);

    let report = office.costs("?from=2026-10&to=2026-12").await;
    let months: Vec<_> = report["months"].as_array().unwrap().iter().collect();
    assert_eq!(months.len(), 3);
    assert_eq!(months[0]["actual_eur"], 0.0);
    assert_eq!(
        (&months[1]["month"], &months[1]["actual_eur"]),
        (&json!("2026-11"), &json!(0.0952))
    );
    let free = json!({ "messages": 3, "eur": 0.0 });
    let by_category = json!({ "utility": utility, "free_service": free });
    assert_eq!(months[1]["by_category"], by_category);
    let replies = json!({ "free_used": 3, "free_limit": 1000, "billed": 0 });
    assert_eq!(months[1]["replies"], replies);
    assert_eq!(report["total"]["by_category"], by_category);
    assert_eq!(report["forecast"], Value::Null, "no month is full yet");

    world.advance(14 * 24 * 3600).await;
    let december = office.costs("").await;
    assert_eq!(december["months"].as_array().unwrap().len(), 12, "this year so far");
    let forecast = &december["forecast"];
    assert_eq!(forecast["months"], json!(["2026-11"]));
    assert_eq!(forecast["expected_eur"], 1.1424);
    assert!(forecast["text"].as_str().unwrap().contains("circa 1,14 euro"), "{forecast}");
    let barberino = world.office("barberino-demografici").costs("").await;
    assert_eq!(barberino["total"]["by_category"], json!({}));
    world.ends().await;
}

#[tokio::test]
async fn months_that_cannot_be_read_are_refused() {
    let world = World::start().await;
    let office = world.office("pordenone");
    for (asked, pointer) in [
        ("?from=2026", "?from"),
        ("?to=novembre", "?to"),
        ("?from=2026-12&to=2026-01", "?from"),
        ("?from=2020-01&to=2026-01", "?from"),
        ("?month=2026-01", "?month"),
    ] {
        let (status, problem) = office.get(&format!("/reports/costs{asked}")).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{asked}");
    }
    let mut wrong = notice(&["scadenze"], "correre");
    wrong["free_form_in_window"] = json!("yes");
    let (status, problem) = office.post("/broadcasts", wrong).await;
    let pointer = json!("/free_form_in_window");
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &pointer), "{problem}");
    world.ends().await;
}
