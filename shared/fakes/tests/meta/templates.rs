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

/// A template to be made, with an example for each of its parts.
fn new(name: &str, category: &str, text: &str, parts: &[&str]) -> Value {
    let examples: Vec<_> =
        parts.iter().map(|it| json!({"param_name": it, "example": "qualcosa"})).collect();
    json!({"name": name, "language": "it", "category": category, "parameter_format": "NAMED",
        "components": [{"type": "BODY", "text": text,
            "example": {"body_text_named_params": examples}}]})
}

const MAKE: &str = "/v26.0/300001/message_templates";

async fn status_of(world: &World, name: &str) -> Value {
    let (_, list) = world.get(&format!("{MAKE}?name={name}")).await;
    list["data"][0].clone()
}

#[tokio::test]
async fn a_template_is_reviewed_and_then_it_can_be_sent() {
    let world = World::new().await;
    let acqua = new("acqua", "UTILITY", "Acqua sospesa in {{via}} domani.", &["via"]);
    let (status, answer) = world.post(MAKE, &acqua).await;
    assert_eq!((status, &answer["category"]), (200, &json!("UTILITY")), "{answer}");
    assert_eq!(answer["status"], "PENDING");
    assert_eq!(status_of(&world, "acqua").await["status"], "PENDING");
    let send = template(ANNA, "acqua", &body(&json!([named("via", "via Roma")])));
    assert_eq!(world.refused(&send).await, (404, 132_001));
    world.pass(60).await;
    assert!(world.webhook.values("message_template_status_update").is_empty());
    world.pass(60).await;
    let told = world.webhook.values("message_template_status_update");
    assert_eq!((told.len(), &told[0]["event"]), (1, &json!("APPROVED")));
    assert_eq!(status_of(&world, "acqua").await["status"], "APPROVED");
    world.sends(&send).await;
    let (_, list) = world.get(MAKE).await;
    let names: Vec<_> =
        list["data"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["avviso", "contato", "festa", "evento", "acqua"]);
    assert_eq!(world.get("/v26.0/300002/message_templates").await.0, 403);
}

#[tokio::test]
async fn who_sells_is_marketing_and_who_hides_a_link_is_rejected() {
    let world = World::new().await;
    let text = "Ti aspettiamo in {{luogo}} con uno sconto.";
    let (_, answer) = world.post(MAKE, &new("sagra", "UTILITY", text, &["luogo"])).await;
    assert_eq!(answer["category"], "MARKETING", "without asking");
    let text = "Vai su https://bit.ly/x e scrivi il codice {{codice}} per continuare.";
    world.post(MAKE, &new("link", "UTILITY", text, &["codice"])).await;
    world.pass(120).await;
    let told = world.webhook.values("message_template_status_update");
    assert_eq!((&told[1]["event"], &told[1]["reason"]), (&json!("REJECTED"), &json!("SCAM")));
    assert_eq!(status_of(&world, "link").await["rejected_reason"], "SCAM");
}

#[tokio::test]
async fn what_is_wrong_with_a_template_is_said_at_once() {
    let world = World::new().await;
    let good = || new("acqua", "UTILITY", "Acqua sospesa in {{via}} domani.", &["via"]);
    let text = |text: &str| new("acqua", "UTILITY", text, &["via"]);
    let changed = |change: fn(&mut Value)| {
        let mut it = good();
        change(&mut it);
        it
    };
    for (what, body, want) in [
        ("at the start", text("{{via}} resta senza acqua."), Some(2_388_299)),
        ("at the end", text("Acqua sospesa domani in {{via}}."), Some(2_388_299)),
        ("few words", text("Acqua: {{via}} ora."), Some(2_388_293)),
        ("long", text(&format!("{} {{{{via}}}} qui", "x".repeat(1_024))), Some(2_388_040)),
        ("blank rows", text("Acqua sospesa\n\n\nin {{via}} domani."), Some(2_388_072)),
        ("no example", changed(|it| it["components"][0]["example"] = json!({})), None),
        ("a name with capitals", changed(|it| it["name"] = "Acqua".into()), None),
        ("no such category", changed(|it| it["category"] = "NEWS".into()), None),
        ("valid too long", changed(|it| it["message_send_ttl_seconds"] = 43_201.into()), None),
        (
            "header in bold",
            changed(|it| {
                let header = json!({"type": "HEADER", "format": "TEXT", "text": "*Ora*"});
                it["components"].as_array_mut().unwrap().push(header);
            }),
            Some(2_388_047),
        ),
        (
            "footer that changes",
            changed(|it| {
                let footer = json!({"type": "FOOTER", "text": "Da {{x}}"});
                it["components"].as_array_mut().unwrap().push(footer);
            }),
            Some(2_388_073),
        ),
        ("there already", changed(|it| it["name"] = "avviso".into()), Some(2_388_024)),
    ] {
        let (status, answer) = world.post(MAKE, &body).await;
        assert_eq!((status, answer["error"]["code"].as_u64()), (400, Some(100)), "{what}");
        assert_eq!(answer["error"]["error_subcode"].as_u64(), want, "{what}: {answer}");
    }
}

#[tokio::test]
async fn a_media_header_is_reviewed_with_an_uploaded_file_of_its_format() {
    let world = World::new().await;
    assert_eq!(world.uploads("text/plain", "abc").await["error"]["code"], 100);
    assert_eq!(world.uploads("image/png", "abcd").await["error"]["code"], 100, "another length");
    let picture = world.uploads("image/png", "abc").await["h"].take();
    let paper = world.uploads("application/pdf", "abc").await["h"].take();
    let pictured = |name: &str, example: Value| {
        let mut it = new(name, "UTILITY", "Acqua sospesa in {{via}} domani.", &["via"]);
        let header = json!({"type": "HEADER", "format": "IMAGE", "example": example});
        it["components"].as_array_mut().unwrap().push(header);
        it
    };
    for (what, example, want) in [
        ("none", json!({}), Some(2_388_043)),
        ("an address", json!({"header_handle": ["https://example.org/a.png"]}), None),
        ("a media id", json!({"header_handle": ["1003383421387256"]}), None),
        ("another format", json!({"header_handle": [paper]}), None),
    ] {
        let (status, answer) = world.post(MAKE, &pictured("acqua", example)).await;
        assert_eq!((status, answer["error"]["code"].as_u64()), (400, Some(100)), "{what}");
        assert_eq!(answer["error"]["error_subcode"].as_u64(), want, "{what}: {answer}");
    }
    let (status, answer) =
        world.post(MAKE, &pictured("acqua", json!({"header_handle": [picture]}))).await;
    assert_eq!(status, 200, "{answer}");
    world.pass(120).await;
    assert_eq!(status_of(&world, "acqua").await["components"][0]["format"], "IMAGE");
    let send = template(ANNA, "acqua", &body(&json!([named("via", "via Roma")])));
    assert_eq!(world.refused(&send).await, (400, 132_012), "a file with every send");

    world.meta.standing(|it| it.develops_app = false);
    assert_eq!(world.uploads("image/png", "abc").await["error"]["code"], 200);
}

#[tokio::test]
async fn the_name_of_a_deleted_template_is_reserved_for_30_days() {
    let world = World::new().await;
    let delete = |name: &str| {
        let path = format!("{MAKE}?name={name}");
        let request = world.request(reqwest::Method::DELETE, &path);
        async { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(delete("avviso").await, 200);
    assert_eq!(delete("avviso").await, 400, "it is gone");
    assert_eq!(world.refused(&notice(ANNA)).await, (404, 132_001));
    let again = new("avviso", "UTILITY", "Acqua sospesa in {{via}} domani.", &["via"]);
    let (_, answer) = world.post(MAKE, &again).await;
    assert_eq!(answer["error"]["error_subcode"], 2_388_023);
    world.pass(30 * 24 * 3_600).await;
    assert_eq!(world.post(MAKE, &again).await.0, 200);
}

#[tokio::test]
async fn a_hundred_templates_can_be_made_in_an_hour_and_they_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("meta.db");
    let world = World::with(Some(&store), |_| {}).await;
    for n in 0..100 {
        let text = format!("Acqua sospesa in {{{{via}}}} domani, avviso {n}.");
        let new = new(&format!("acqua_{n}"), "UTILITY", &text, &["via"]);
        assert_eq!(world.post(MAKE, &new).await.0, 200);
    }
    let one_more = new("acqua", "UTILITY", "Acqua sospesa in {{via}} domani.", &["via"]);
    assert_eq!(world.post(MAKE, &one_more).await.1["error"]["code"], 80_008);
    drop(world);
    let world = World::with(Some(&store), |_| {}).await;
    assert_eq!(status_of(&world, "acqua_99").await["status"], "PENDING");
}

#[tokio::test]
async fn quality_is_listed_and_announced() {
    let world = World::new().await;
    world.meta.set_template_quality("300001", "avviso", "RED").unwrap();
    world.meta.deliver_due().await;
    let told = world.webhook.values("message_template_quality_update");
    assert_eq!(told[0]["new_quality_score"], "RED");
    assert_eq!(status_of(&world, "avviso").await["quality_score"]["score"], "RED");
}
