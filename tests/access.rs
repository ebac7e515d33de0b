// SPDX-License-Identifier: EUPL-1.2
//! Who may come in, what they may do, and what is written down of it.

use serde_json::{Value, json};

use crate::support::{Office, World, notice, within};

/// A key of Pordenone's with these scopes: its id, and the office that holds it.
async fn key<'a>(world: &'a World, scopes: &[&str]) -> (String, Office<'a>) {
    let root = world.office("pordenone");
    let wanted = json!({ "name": "Gestionale", "scopes": scopes });
    let (status, made) = root.post("/keys", wanted).await;
    assert_eq!(status, 201, "{made}");
    let token = made["token"].as_str().unwrap().to_owned();
    world.keeps_secret(&token);
    (made["id"].as_str().unwrap().to_owned(), Office { key: token, ..root })
}

/// What was done by whom, latest first: operation, who, status.
async fn acts(office: &Office<'_>) -> Vec<(String, String, Value)> {
    let (status, page) = office.get("/audit?limit=100").await;
    assert_eq!(status, 200, "{page}");
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    let items = page["items"].as_array().unwrap().iter();
    items.map(|it| (text(&it["operation"]), text(&it["who"]), it["status"].clone())).collect()
}

#[tokio::test]
async fn a_key_opens_its_own_line_for_what_it_may_do() {
    let world = World::start().await;
    let (id, program) = key(&world, &["broadcast:write", "reports"]).await;
    assert_eq!(program.post("/broadcasts", notice(&["scadenze"], "pagare")).await.0, 201);
    assert_eq!(program.get("/broadcasts").await.0, 200);
    let (status, problem) = program.get("/conversations").await;
    assert_eq!((status, &problem["type"]), (403, &json!("forbidden")));
    assert_eq!(program.get("/keys").await.0, 403);

    // Of another line it does not even learn that it is there.
    let abroad = Office { line: "barberino-demografici".to_owned(), ..program };
    let nowhere = Office { line: "nowhere".to_owned(), key: abroad.key.clone(), ..abroad };
    let missing = nowhere.get("/broadcasts").await;
    let abroad = Office { line: "barberino-demografici".to_owned(), ..nowhere };
    for path in ["", "/", "/broadcasts", "/keys", "/audit", "/subscribers/count"] {
        assert_eq!(abroad.get(path).await, missing, "{path}");
    }
    assert_eq!(abroad.post("/broadcasts", notice(&["scadenze"], "pagare")).await.0, 404);

    let me = world.http.get(format!("{}/v1/me", world.stack.url())).bearer_auth(&abroad.key);
    let me: Value = within(within(me.send()).await.unwrap().json()).await.unwrap();
    assert_eq!(me["who"], format!("key {id}"));
    let may =
        json!([{ "line": "pordenone", "role": null, "scopes": ["broadcast:write", "reports"] }]);
    assert_eq!(me["lines"], may);
    let lines = world.http.get(format!("{}/v1/lines", world.stack.url())).bearer_auth(&abroad.key);
    let lines: Value = within(within(lines.send()).await.unwrap().json()).await.unwrap();
    assert_eq!(lines["items"].as_array().unwrap().len(), 1);
    world.ends().await;
}

#[tokio::test]
async fn a_key_that_is_wrong_or_over_opens_nothing_and_says_nothing_of_why() {
    let world = World::start().await;
    let root = world.office("pordenone");
    let (id, program) = key(&world, &["reports"]).await;
    let brief =
        json!({ "name": "Prova", "scopes": ["reports"], "expires_at": "2026-11-24T09:00:00Z" });
    let (_, brief) = root.post("/keys", brief).await;
    let key = brief["token"].as_str().unwrap().to_owned();
    let other = Office { key, ..world.office("pordenone") };
    assert_eq!(other.get("/broadcasts").await.0, 200);
    assert_eq!(program.get("/broadcasts").await.0, 200);

    let mut wrong = world.office("pordenone");
    let last = if program.key.ends_with('0') { "1" } else { "0" };
    let altered = program.key[..program.key.len() - 1].to_owned() + last;
    let unknown = program.key.replace(&id, &"0".repeat(32));
    let elsewhere = program.key.replace("pordenone", "barberino-demografici");
    let cut = program.key[..program.key.len() - 1].to_owned();
    wrong.key = "nonsense".to_owned();
    let refused = wrong.get("/broadcasts").await;
    assert_eq!(refused.0, 401);
    for key in [altered, unknown, elsewhere, cut, id.clone()] {
        wrong.key = key;
        assert_eq!(wrong.get("/broadcasts").await, refused);
    }

    assert_eq!(root.delete(&format!("/keys/{id}")).await.0, 204);
    assert_eq!(program.get("/broadcasts").await, refused, "revoked at once");
    assert_eq!(root.delete(&format!("/keys/{id}")).await.0, 204, "and once more");
    assert_eq!(root.delete(&format!("/keys/{}", "0".repeat(32))).await.0, 404);

    world.advance(3_600).await;
    assert_eq!(other.get("/broadcasts").await, refused, "expired");
    world.ends().await;
}

#[tokio::test]
async fn a_key_is_shown_once_and_its_last_use_to_the_hour() {
    let world = World::start().await;
    let root = world.office("pordenone");
    let wanted = json!({ "name": "Gestionale", "scopes": ["reports"] });
    let (status, first) = root.post_once("/keys", wanted.clone(), "once").await;
    assert_eq!(status, 201);
    let (status, second) = root.post_once("/keys", wanted, "once").await;
    assert_eq!((status, &second["id"], &second["token"]), (201, &first["id"], &Value::Null));
    let token = first["token"].as_str().unwrap();
    let (_, list) = root.get("/keys").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert!(!list.to_string().contains(&token[token.len() - 64..]));
    assert_eq!(list["items"][0]["last_used_at"], Value::Null);

    let program = Office { key: token.to_owned(), ..world.office("pordenone") };
    program.get("/broadcasts").await;
    let used = async || root.get("/keys").await.1["items"][0]["last_used_at"].clone();
    let at_first = used().await;
    assert!(at_first.is_string());
    world.advance(600).await;
    program.get("/broadcasts").await;
    assert_eq!(used().await, at_first);
    world.advance(3_600).await;
    program.get("/broadcasts").await;
    assert_ne!(used().await, at_first);
    world.ends().await;
}

#[tokio::test]
async fn nobody_gives_what_they_do_not_have() {
    let world = World::start().await;
    let root = world.office("pordenone");
    let (_, keeper) = key(&world, &["admin", "reports"]).await;
    let (desk, _) = key(&world, &["desk"]).await;
    let wants = |scopes: Value| json!({ "name": "Altra", "scopes": scopes });
    assert_eq!(keeper.post("/keys", wants(json!(["reports"]))).await.0, 201);
    let (status, problem) = keeper.post("/keys", wants(json!(["reports", "desk"]))).await;
    assert_eq!(status, 403);
    assert!(problem["detail"].as_str().unwrap().contains("desk"), "{problem}");
    assert_eq!(keeper.post(&format!("/keys/{desk}/rotate"), json!({})).await.0, 403);
    for (body, pointer) in [
        (wants(json!([])), "/scopes"),
        (wants(json!(["everything"])), "/scopes/0"),
        (wants(json!("reports")), "/scopes"),
        (json!({ "name": "", "scopes": ["reports"] }), "/name"),
        (json!({ "scopes": ["reports"] }), "/name"),
        (json!({ "name": "x".repeat(101), "scopes": ["reports"] }), "/name"),
        (json!({ "name": "x", "scopes": ["reports"], "secret": "mine" }), "/secret"),
        (json!({ "name": "x", "scopes": ["reports"], "expires_at": "ieri" }), "/expires_at"),
        (
            json!({ "name": "x", "scopes": ["reports"], "expires_at": "2026-11-24T08:00:00Z" }),
            "/expires_at",
        ),
        (
            json!({ "name": "x", "scopes": ["reports"], "expires_at": "2036-11-24T08:00:00Z" }),
            "/expires_at",
        ),
    ] {
        let (status, problem) = root.post("/keys", body).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)));
    }
    assert_eq!(root.get("/keys").await.1["items"].as_array().unwrap().len(), 3);
    assert_eq!(root.get("/keys?cursor=nonsense").await.0, 422);
    world.ends().await;
}

#[tokio::test]
async fn a_rotated_key_lets_programs_change_without_a_pause() {
    let world = World::start().await;
    let root = world.office("pordenone");
    let (id, old) = key(&world, &["reports"]).await;
    let (status, made) = root.post(&format!("/keys/{id}/rotate"), json!({})).await;
    assert_eq!((status, &made["scopes"]), (201, &json!(["reports"])));
    let token = made["token"].as_str().unwrap().to_owned();
    let new = Office { key: token, ..world.office("pordenone") };
    assert_eq!((old.get("/broadcasts").await.0, new.get("/broadcasts").await.0), (200, 200));
    world.advance(24 * 3_600).await;
    assert_eq!((old.get("/broadcasts").await.0, new.get("/broadcasts").await.0), (401, 200));
    let again = root.post(&format!("/keys/{id}/rotate"), json!({})).await;
    assert_eq!((again.0, &again.1["type"]), (409, &json!("state-not-allowed")));
    let too_long = json!({ "overlap_hours": 169 });
    let new_id = made["id"].as_str().unwrap();
    assert_eq!(root.post(&format!("/keys/{new_id}/rotate"), too_long).await.0, 422);
    world.ends().await;
}

#[tokio::test]
async fn a_supplier_sends_and_never_sees_a_person() {
    let world = World::start().await;
    let anna = world.person("393330003101");
    anna.says("pordenone", "ISCRIVIMI").await;
    let (_, supplier) = key(&world, &["broadcast:write", "reports"]).await;
    let id = supplier.drafts(&["scadenze"], "pagare il bollo").await;
    supplier.sends(&id).await;
    world.advance(60).await;
    assert_eq!(supplier.broadcast(&id).await["counts"]["accepted"], 1);
    assert_eq!(supplier.get("/subscribers/count").await.1["total"], 1);
    let phone = json!({ "phone": "+393330003101" });
    let (_, found) = world.office("pordenone").post("/contacts/search", phone.clone()).await;
    let contact = found["items"][0]["id"].as_str().unwrap();
    for path in [
        "/subscribers".to_owned(),
        "/conversations".to_owned(),
        "/requests".to_owned(),
        "/audit".to_owned(),
        "/aside".to_owned(),
        format!("/broadcasts/{id}/deliveries"),
        format!("/broadcasts/{id}/report.csv"),
        format!("/contacts/{contact}"),
        format!("/contacts/{contact}/export"),
        format!("/conversations/{contact}/messages"),
    ] {
        assert_eq!(supplier.get(&path).await.0, 403, "{path}");
    }
    assert_eq!(supplier.post("/contacts/search", phone).await.0, 403);
    world.ends().await;
}

#[tokio::test]
async fn every_act_is_written_down_and_no_word_of_it() {
    let world = World::start().await;
    let anna = world.person("393330003102");
    anna.says("pordenone", "Buongiorno, a che ora aprite domani?").await;
    let root = world.office("pordenone");
    let (desk_id, desk) = key(&world, &["desk"]).await;
    let (_, officer) = key(&world, &["privacy"]).await;
    let (_, list) = desk.get("/conversations").await;
    let contact = list["items"][0]["contact"].as_str().unwrap();
    let messages = format!("/conversations/{contact}/messages");
    assert_eq!(desk.get(&messages).await.0, 200);
    let answer = json!({ "text": "Apriamo alle nove in punto." });
    assert_eq!(desk.post(&messages, answer).await.0, 201);
    assert_eq!(desk.post(&messages, json!({ "text": "" })).await.0, 422);
    assert_eq!(desk.delete(&format!("/contacts/{contact}")).await.0, 403);
    assert_eq!(desk.get("/contacts/393330003102").await.0, 404);
    assert_eq!(officer.get(&format!("/contacts/{contact}/export")).await.0, 200);

    let of_desk: Vec<_> = acts(&officer)
        .await
        .into_iter()
        .filter(|(_, who, _)| *who == format!("key {desk_id}"))
        .map(|(operation, _, status)| (operation, status.as_u64().unwrap()))
        .collect();
    let want = [
        ("contacts.show", 404),
        ("contacts.erase", 403),
        ("conversations.answer", 422),
        ("conversations.answer", 201),
        ("conversations.messages", 200),
    ];
    assert_eq!(of_desk, want.map(|(name, status)| (name.to_owned(), status)));
    assert_eq!(acts(&officer).await[0].0, "contacts.export");

    let (_, whole) = root.get("/audit?limit=100").await;
    let url = format!("{}/v1/lines/pordenone/audit.csv", world.stack.url());
    let table = within(world.http.get(url).bearer_auth(&officer.key).send()).await.unwrap();
    assert_eq!(table.headers()["content-type"], "text/csv; charset=utf-8");
    let table = within(table.text()).await.unwrap();
    for log in [whole.to_string(), table] {
        assert!(log.contains(contact) && log.contains("conversations.answer"), "{log}");
        for word in ["393330003102", "nove in punto", "a che ora", "wamid"] {
            assert!(!log.contains(word), "{word} in {log}");
        }
    }
    world.ends().await;
}

#[tokio::test]
async fn the_log_is_read_by_period_page_by_page() {
    let world = World::start().await;
    let root = world.office("pordenone");
    for n in 0..3 {
        root.drafts(&["scadenze"], &format!("fare la cosa {n}")).await;
        world.advance(3_600).await;
    }
    let (_, first) = root.get("/audit?limit=2").await;
    let cursor = first["next_cursor"].as_str().unwrap().replace('#', "%23");
    let (_, rest) = root.get(&format!("/audit?limit=2&cursor={cursor}")).await;
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    assert_eq!(rest["next_cursor"], Value::Null);
    let hour = "from=2026-11-24T08:30:00Z&to=2026-11-24T09:30:00Z";
    let (_, one) = root.get(&format!("/audit?{hour}")).await;
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    for (query, pointer) in [
        ("from=ieri", "?from"),
        ("from=2026-11-24T09:30:00Z&to=2026-11-24T08:30:00Z", "?to"),
        ("cursor=0123", "?cursor"),
        ("limit=0", "?limit"),
        ("who=root", "?"),
    ] {
        let (status, problem) = root.get(&format!("/audit?{query}")).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{query}");
    }
    let other = world.office("barberino-demografici");
    assert_eq!(acts(&other).await, [], "another line's log");
    world.ends().await;
}
