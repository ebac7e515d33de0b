// SPDX-License-Identifier: EUPL-1.2
//! Templates: parameters, states, categories, holds.

use fakes::meta::{Category, TemplateState};
use serde_json::{Value, json};

use crate::support::*;

fn body(parameters: &Value) -> Value {
    json!([{"type": "body", "parameters": parameters}])
}

fn named(name: &str, text: &str) -> Value {
    json!({"type": "text", "parameter_name": name, "text": text})
}

#[tokio::test]
async fn a_filled_template_shows_on_the_phone() {
    let world = World::new().await;
    world.sends(&notice(ANNA)).await;
    let positional = body(&json!([{"type": "text", "text": "3"}, {"type": "text", "text": "9"}]));
    world.sends(&template(ANNA, "contato", &positional)).await;
    let inbox = world.meta.inbox(ANNA, Some(LINE)).unwrap();
    assert_eq!(
        inbox[0].text,
        "Avviso\n\nDomani: scuole chiuse. Zona: Centro.\n\n\
         Per non ricevere più avvisi scrivi CANCELLAMI"
    );
    assert_eq!(inbox[0].template.as_deref(), Some("avviso"));
    assert_eq!(inbox[1].text, "Il 3 alle 9.");
}

#[tokio::test]
async fn names_count_and_format_of_parameters_must_fit() {
    let world = World::new().await;
    let (one, two) = (named("testo", "a"), named("zona", "b"));
    for (name, components, want) in [
        ("none", json!([]), (400, 132_000)),
        ("one of two", body(&json!([one])), (400, 132_000)),
        ("no name", body(&json!([one, {"type": "text", "text": "b"}])), (400, 100)),
        ("unknown name", body(&json!([one, named("via", "b")])), (400, 132_012)),
        ("same name twice", body(&json!([one, one])), (400, 132_012)),
        ("line break", body(&json!([one, named("zona", "a\nb")])), (400, 132_012)),
        ("five spaces", body(&json!([one, named("zona", "a     b")])), (400, 132_012)),
        ("empty", body(&json!([one, named("zona", "")])), (400, 131_008)),
        (
            "other type",
            body(&json!([one, {"type": "currency", "parameter_name": "zona"}])),
            (400, 132_012),
        ),
        ("too long", body(&json!([one, named("zona", &"x".repeat(1_024))])), (400, 132_005)),
        (
            "header not asked for",
            json!([{"type": "body", "parameters": [one, two]},
                {"type": "header", "parameters": [{"type": "text", "text": "x"}]}]),
            (400, 132_000),
        ),
    ] {
        assert_eq!(world.refused(&template(ANNA, "avviso", &components)).await, want, "{name}");
    }
    world.sends(&template(ANNA, "avviso", &body(&json!([two, named("testo", "{{zona}}")])))).await;
    let last = world.meta.inbox(ANNA, None).unwrap().pop().unwrap();
    assert_eq!(last.body, "Domani: {{zona}}. Zona: b.");
}

#[tokio::test]
async fn a_template_must_exist_in_its_language() {
    let world = World::new().await;
    assert_eq!(world.refused(&template(ANNA, "ignoto", &json!([]))).await, (404, 132_001));
    let mut english = event(ANNA);
    english["template"]["language"]["code"] = "en".into();
    assert_eq!(world.refused(&english).await, (404, 132_001));
}

#[tokio::test]
async fn a_media_header_needs_its_file_and_buttons_bring_their_payload() {
    let world = World::new().await;
    let header = json!({"type": "header", "parameters": [
        {"type": "image", "image": {"link": "https://example.org/festa.jpg"}}]});
    let link = json!({"type": "button", "sub_type": "url", "index": "1",
        "parameters": [{"type": "text", "text": "festa"}]});
    let wrong = json!({"type": "button", "sub_type": "url", "index": "0",
        "parameters": [{"type": "text", "text": "festa"}]});
    let reply = json!({"type": "button", "sub_type": "quick_reply", "index": "0",
        "parameters": [{"type": "payload", "payload": "no-grazie"}]});
    assert_eq!(world.refused(&template(ANNA, "festa", &json!([link]))).await, (400, 132_012));
    assert_eq!(world.refused(&template(ANNA, "festa", &json!([header]))).await, (400, 131_008));
    let misplaced = template(ANNA, "festa", &json!([header, link, wrong]));
    assert_eq!(world.refused(&misplaced).await, (400, 132_012));
    world.sends(&template(ANNA, "festa", &json!([header, link, reply]))).await;
    world.sends(&template(ANNA, "festa", &json!([header, link]))).await;
    let inbox = world.meta.inbox(ANNA, None).unwrap();
    assert_eq!(inbox[0].buttons[0].payload, "no-grazie");
    assert_eq!(inbox[0].buttons[1].url.as_deref(), Some("https://example.org/festa"));
    assert_eq!(inbox[1].buttons[0].payload, "Non interessa", "the label, when none was sent");
}

#[tokio::test]
async fn paused_and_disabled_templates_are_refused_and_announced() {
    let world = World::new().await;
    for (state, want) in [
        (TemplateState::Paused, (400, 132_015)),
        (TemplateState::Disabled, (400, 132_016)),
        (TemplateState::Pending, (404, 132_001)),
    ] {
        world.meta.set_template_state("300001", "evento", state).unwrap();
        assert_eq!(world.refused(&event(ANNA)).await, want);
    }
    world.meta.deliver_due().await;
    let values = world.webhook.values("message_template_status_update");
    let events: Vec<_> = values.iter().map(|it| it["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["PAUSED", "DISABLED", "PENDING"]);
}

#[tokio::test]
async fn a_new_category_is_announced_and_billed() {
    let world = World::new().await;
    world.meta.set_template_category("300001", "avviso", Category::Marketing).unwrap();
    world.sends(&notice(ANNA)).await;
    world.pass(5).await;
    let update = &world.webhook.values("template_category_update")[0];
    assert_eq!(
        (&update["previous_category"], &update["new_category"]),
        (&json!("UTILITY"), &json!("MARKETING"))
    );
    assert_eq!(world.webhook.statuses()[0]["pricing"]["category"], "marketing");
}

#[tokio::test]
async fn held_messages_wait_and_are_then_released_or_cut() {
    let world = World::new().await;
    world.meta.faults(|it| it.hold_templates = true);
    for (phone, story) in [(ANNA, "sent delivered read"), (BRUNO, "failed")] {
        world.webhook.clear();
        let (_, answer) = world.send(&notice(phone)).await;
        assert_eq!(answer["messages"][0]["message_status"], "held_for_quality_assessment");
        world.pass(3_600).await;
        assert_eq!(world.webhook.story(), "");
        assert!(world.meta.inbox(phone, None).unwrap().is_empty());
        let ended =
            if phone == ANNA { world.meta.release_held(PNID) } else { world.meta.drop_held(PNID) };
        assert_eq!(ended.unwrap(), 1);
        world.pass(5).await;
        assert_eq!(world.webhook.story(), story);
    }
    assert_eq!(world.webhook.statuses()[0]["errors"][0]["code"], 132_015);
    assert_eq!(world.meta.inbox(ANNA, None).unwrap().len(), 1);
}

#[tokio::test]
async fn templates_can_be_listed_and_made() {
    let world = World::new().await;
    let new = json!({"name": "acqua", "language": "it", "category": "UTILITY",
        "parameter_format": "NAMED", "components": [
            {"type": "BODY", "text": "Acqua sospesa in {{via}} domani."}]});
    let (status, answer) = world.post("/v26.0/300001/message_templates", &new).await;
    assert_eq!((status, &answer["category"]), (200, &json!("UTILITY")));
    let (_, list) = world.get("/v26.0/300001/message_templates").await;
    let names: Vec<_> =
        list["data"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["avviso", "contato", "festa", "evento", "acqua"]);
    world.sends(&template(ANNA, "acqua", &body(&json!([named("via", "via Roma")])))).await;
    assert_eq!(world.get("/v26.0/300002/message_templates").await.0, 403);
}
