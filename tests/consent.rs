// SPDX-License-Identifier: EUPL-1.2
//! Consent that was given off WhatsApp, and the proof of all of it.

use serde_json::{Value, json};

use crate::support::{Office, World, within};

impl Office<'_> {
    /// The id of the contact with this number.
    async fn contact(&self, digits: &str) -> String {
        let phone = json!({ "phone": format!("+{digits}") });
        let (status, found) = self.post("/contacts/search", phone).await;
        assert_eq!(status, 200, "{found}");
        found["items"][0]["id"].as_str().expect("a contact with this number").to_owned()
    }

    async fn subscription(&self, id: &str) -> Value {
        self.get(&format!("/contacts/{id}")).await.1["subscription"].clone()
    }
}

/// What an operator records of a paper.
fn paper(action: &str, asked_at: &str) -> Value {
    json!({
        "action": action,
        "asked_at": asked_at,
        "channel": "paper",
        "proof": "Modulo firmato, protocollo 1234",
        "operator": "Sportello URP",
    })
}

#[tokio::test]
async fn an_operator_records_what_was_asked_for_on_paper() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let person = world.person("393330004001");
    person.says("pordenone", "Quando apre la biblioteca?").await;
    let id = office.contact(&person.digits).await;
    let path = format!("/contacts/{id}/consent");
    let heard = person.heard("pordenone").await;

    let mut joins = paper("subscribe", "2026-11-23T10:00:00+01:00");
    joins["topics"] = json!(["eventi"]);
    let (status, answer) = office.post(&path, joins).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!((&answer["applied"], &answer["change"]), (&json!(true), &json!("subscribed")));
    assert_eq!(answer["topics"], json!(["eventi"]));
    assert_eq!(office.subscription(&id).await, "active");
    assert_eq!(office.get("/subscribers/count").await.1["topics"]["eventi"], 1);

    let mut chooses = paper("topics", "2026-11-23T11:00:00+01:00");
    chooses["topics"] = json!(["scadenze", "servizi"]);
    let (status, answer) = office.post(&path, chooses).await;
    assert_eq!((status, &answer["topics"]), (201, &json!(["scadenze", "servizi"])), "{answer}");
    let sent = office.drafts(&["scadenze"], "pagare il saldo IMU").await;
    office.sends(&sent).await;
    person.hears("pordenone", "pagare il saldo IMU").await;

    let (status, answer) =
        office.post(&path, paper("unsubscribe", "2026-11-23T12:00:00+01:00")).await;
    assert_eq!((status, &answer["change"]), (201, &json!("unsubscribed")), "{answer}");
    assert_eq!(office.subscription(&id).await, "ended");
    let sent = office.drafts(&["scadenze"], "ritirare la tessera").await;
    office.sends(&sent).await;
    assert_eq!(person.times_heard("pordenone", "ritirare la tessera").await, 0);
    assert_eq!(person.heard("pordenone").await.len(), heard.len() + 1, "nothing but the notice");

    let mut chooses = paper("topics", "2026-11-23T13:00:00+01:00");
    chooses["topics"] = json!(["eventi"]);
    let (status, problem) = office.post(&path, chooses).await;
    assert_eq!((status, &problem["type"]), (409, &json!("state-not-allowed")), "{problem}");
    world.ends().await;
}

#[tokio::test]
async fn an_older_paper_never_undoes_a_newer_message() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let person = world.person("393330004002");
    person.says("pordenone", "ISCRIVIMI").await;
    person.says("pordenone", "CANCELLAMI").await;
    let id = office.contact(&person.digits).await;
    let path = format!("/contacts/{id}/consent");
    let (status, answer) =
        office.post(&path, paper("subscribe", "2026-11-23T10:00:00+01:00")).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!((&answer["applied"], &answer["change"]), (&json!(false), &json!("outdated")));
    assert_eq!(office.subscription(&id).await, "ended");
    world.ends().await;
}

#[tokio::test]
async fn a_double_click_records_once() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let person = world.person("393330004003");
    person.says("pordenone", "Buongiorno, una domanda").await;
    let id = office.contact(&person.digits).await;
    let path = format!("/contacts/{id}/consent");
    let joins = paper("subscribe", "2026-11-23T10:00:00+01:00");
    let first = office.post_once(&path, joins.clone(), "click").await;
    assert_eq!(first.0, 201, "{}", first.1);
    let leaves = paper("unsubscribe", "2026-11-23T11:00:00+01:00");
    assert_eq!(office.post(&path, leaves.clone()).await.0, 201);
    assert_eq!(office.post_once(&path, joins, "click").await, first, "the first answer again");
    assert_eq!(office.subscription(&id).await, "ended", "and nothing is done again");
    let (status, problem) = office.post_once(&path, leaves, "click").await;
    assert_eq!((status, &problem["type"]), (422, &json!("idempotency-key-reused")));
    world.ends().await;
}

#[tokio::test]
async fn a_wrong_record_says_what_to_change_and_changes_nothing() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let person = world.person("393330004004");
    person.says("pordenone", "Buongiorno, una domanda").await;
    let id = office.contact(&person.digits).await;
    let path = format!("/contacts/{id}/consent");
    let whole = paper("subscribe", "2026-11-23T10:00:00+01:00");
    let with = |name: &str, value: Value| {
        let mut body = whole.clone();
        body[name] = value;
        body
    };
    for (body, pointer) in [
        (with("action", json!("join")), "/action"),
        (with("topics", json!(["meteo"])), "/topics/0"),
        (with("topics", json!("eventi")), "/topics"),
        (with("asked_at", json!("23 novembre")), "/asked_at"),
        (with("asked_at", json!("2026-11-24T09:30:00+01:00")), "/asked_at"),
        (with("channel", json!("fax")), "/channel"),
        (with("proof", json!("  ")), "/proof"),
        (with("proof", json!("x".repeat(2001))), "/proof"),
        (with("operator", json!("")), "/operator"),
        (with("operatore", json!("x")), "/operatore"),
        (paper("topics", "2026-11-23T10:00:00+01:00"), "/topics"),
        (
            json!({ "topics": ["eventi"], "action": "unsubscribe", "channel": "paper", "proof": "p",
                    "operator": "o", "asked_at": "2026-11-23T10:00:00+01:00" }),
            "/topics",
        ),
    ] {
        let (status, problem) = office.post(&path, body).await;
        assert_eq!((status, &problem["type"]), (422, &json!("invalid-fields")), "{problem}");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    assert_eq!(office.subscription(&id).await, "never");
    let (status, problem) = office.post("/contacts/nobody/consent", whole.clone()).await;
    assert_eq!((status, &problem["type"]), (404, &json!("not-found")), "{problem}");
    // Nobody of another line, either.
    let (status, _) = world.office("barberino-demografici").post(&path, whole).await;
    assert_eq!(status, 404);
    world.ends().await;
}

/// The page of somebody's proof, with its type.
async fn page(world: &World, id: &str) -> (String, String) {
    let url = format!("{}/v1/lines/pordenone/contacts/{id}/proof.html", world.stack.url());
    let answer = within(world.http.get(url).bearer_auth("local-key").send()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (kind, within(answer.text()).await.unwrap())
}

#[tokio::test]
async fn a_proof_says_what_was_said_and_where_it_stands_in_the_ledger() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let (other, person) = (world.person("393330004010"), world.person("393330004011"));
    other.says("pordenone", "ISCRIVIMI").await;
    person.says("pordenone", "Iscrivimi <subito>, grazie").await;
    let id = office.contact(&person.digits).await;
    let path = format!("/contacts/{id}/proof");
    let before = office.get(&path).await.1;
    assert_eq!(
        (&before["events"][0]["seal"], &before["ledger"]["entries"]),
        (&Value::Null, &json!(0))
    );

    world.advance(24 * 3600).await;
    person.taps("pordenone", "stop", "Cancellami").await;
    world.advance(24 * 3600).await;
    let asked = paper("subscribe", "2026-11-26T08:30:00+01:00");
    assert_eq!(office.post(&format!("/contacts/{id}/consent"), asked).await.0, 201);

    let (status, proof) = office.get(&path).await;
    assert_eq!(status, 200, "{proof}");
    assert_eq!(proof["contact"]["number"], "+39 333 ••• ••11");
    let [joined, left, again] = proof["events"].as_array().unwrap().as_slice() else {
        panic!("three events: {proof}");
    };
    assert_eq!(joined["change"], "subscribed");
    assert_eq!(joined["source"]["text"], "Iscrivimi <subito>, grazie");
    assert_eq!(joined["source"]["signed_by"], "default");
    assert!(joined["source"]["rule"].is_string() && joined["policy"].is_string(), "{joined}");
    assert_eq!(
        (&left["change"], &left["source"]["payload"]),
        (&json!("unsubscribed"), &json!("stop"))
    );
    assert_eq!(again["source"]["proof"], "Modulo firmato, protocollo 1234");
    for (event, number) in [(joined, 2), (left, 3)] {
        assert_eq!(
            (&event["seal"]["number"], &event["seal"]["matches"]),
            (&json!(number), &json!(true))
        );
    }
    assert_eq!(left["seal"]["previous"], joined["seal"]["hash"], "one after the other");
    assert_eq!(left["seal"]["hash"], proof["ledger"]["head"]);
    assert_eq!(left["seal"]["person"], joined["seal"]["person"], "of one person");
    assert_eq!((&again["seal"], &proof["ledger"]["entries"]), (&Value::Null, &json!(3)));

    let (kind, page) = page(&world, &id).await;
    assert_eq!(kind, "text/html; charset=utf-8");
    for said in [
        "Iscrivimi &lt;subito&gt;, grazie",
        "+39 333 ••• ••11",
        "voce 2 del registro",
        "Modulo firmato, protocollo 1234",
        proof["ledger"]["head"].as_str().unwrap(),
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    for text in [proof.to_string(), page] {
        assert!(!text.contains(&person.digits) && !text.contains("wamid"), "a number: {text}");
        assert!(!text.contains("http://") && !text.contains("src="), "needs nothing else");
    }
    for line in ["pordenone", "barberino-demografici"] {
        let id = if line == "pordenone" { "nobody" } else { &id };
        for end in ["proof", "proof.html"] {
            let (status, _) = world.office(line).get(&format!("/contacts/{id}/{end}")).await;
            assert_eq!(status, 404, "{line} {end}");
        }
    }
    world.ends().await;
}

#[tokio::test]
async fn where_a_line_asks_twice_only_the_answer_subscribes() {
    let asks_twice = |it: &str| it.replace("double_opt_in = false", "double_opt_in = true");
    let world = World::of_pordenone(asks_twice).await;
    let office = world.office("pordenone");
    assert_eq!(office.get("/").await.1["double_opt_in"], true);
    let (presses, writes) = (world.person("393330004020"), world.person("393330004021"));
    for person in [&presses, &writes] {
        person.says("pordenone", "ISCRIVIMI").await;
        person.hears("pordenone", "premi il pulsante o scrivi CONFERMO").await;
    }
    assert_eq!(office.get("/subscribers/count").await.1["total"], 0);
    presses.taps("pordenone", "confirm", "Confermo").await;
    writes.says("pordenone", "Confermo!").await;
    for person in [&presses, &writes] {
        person.hears("pordenone", "Iscrizione confermata").await;
        assert_eq!(person.heard("pordenone").await.len(), 2);
    }
    assert_eq!(office.get("/subscribers/count").await.1["total"], 2);
    world.ends().await;
}
