// SPDX-License-Identifier: EUPL-1.2
//! A comune that has a list brings it along, with the proof of every consent.

use serde_json::{Value, json};

use crate::support::{Office, World, within};

const LIST: &str = "Telefono;Argomenti;Data_consenso;Prova\r\n\
    +39 333 000 5001;eventi;20/11/2026;Modulo 1\r\n\
    3330005002;;20/11/2026;Modulo 2\r\n\
    3330005003;;20/11/2026;Modulo 3\r\n\
    3330005004;;20/11/2026;Modulo 4\r\n";

impl Office<'_> {
    async fn imports(&self, query: &str, file: &str, once: Option<&str>) -> (u16, Value) {
        let (stack, line) = (self.world.stack.url(), &self.line);
        let url = format!("{stack}/v1/lines/{line}/subscribers/import{query}");
        let mut request = self.world.http.post(url).bearer_auth(&self.key);
        if let Some(once) = once {
            request = request.header("idempotency-key", once);
        }
        let request = request.header("content-type", "text/csv").body(file.to_owned());
        let answer = within(request.send()).await.unwrap();
        let (status, text) = (answer.status().as_u16(), within(answer.text()).await.unwrap());
        assert!(!text.contains("333000"), "a number in {text}");
        (status, serde_json::from_str(&text).unwrap())
    }

    async fn total(&self) -> Value {
        self.get("/subscribers/count").await.1["total"].clone()
    }
}

#[tokio::test]
async fn a_list_with_its_proofs_is_taken_but_for_who_left_since() {
    let world = World::start().await;
    world.keeps_secret("3330005001");
    let office = world.office("pordenone");
    let (left, stays) = (world.person("393330005003"), world.person("393330005004"));
    left.says("pordenone", "ISCRIVIMI").await;
    left.says("pordenone", "CANCELLAMI").await;
    stays.says("pordenone", "ISCRIVIMI").await;
    let heard = left.heard("pordenone").await.len();

    let (status, looked) = office.imports("?dry_run=true", LIST, None).await;
    assert_eq!((status, &looked["subscribed"]), (200, &json!(2)), "{looked}");
    assert_eq!(office.total().await, 1, "a dry run takes nobody");

    let (status, taken) = office.imports("", LIST, Some("lista")).await;
    assert_eq!(status, 200, "{taken}");
    let sums = ["rows", "subscribed", "already_subscribed", "left_later", "blocked", "remaining"];
    assert_eq!(sums.map(|it| taken[it].as_i64().unwrap()), [4, 2, 1, 1, 0, 0], "{taken}");
    assert_eq!(taken["refused"][0]["row"], 4, "{taken}");
    assert_eq!(office.total().await, 3);
    assert_eq!(left.heard("pordenone").await.len(), heard, "nothing is sent");

    assert_eq!(office.imports("", LIST, Some("lista")).await.1, taken, "the first answer again");
    let (_, again) = office.imports("", LIST, None).await;
    assert_eq!((&again["subscribed"], &again["already_subscribed"]), (&json!(0), &json!(3)));
    let (status, problem) = office.imports("?dry_run=true", LIST, Some("lista")).await;
    assert_eq!((status, &problem["type"]), (422, &json!("idempotency-key-reused")));

    // Who came by the list gets news, leaves as anybody, and is known with the proof.
    let anna = world.person("393330005001");
    let sent = office.drafts(&["eventi"], "venire alla festa").await;
    office.sends(&sent).await;
    anna.hears("pordenone", "venire alla festa").await;
    let (_, found) = office.post("/contacts/search", json!({ "phone": "+393330005001" })).await;
    let id = found["items"][0]["id"].as_str().unwrap();
    let (_, held) = office.get(&format!("/contacts/{id}/export")).await;
    let held = held.to_string();
    assert_eq!(held.matches("Modulo 1").count(), 1, "one consent, with its proof: {held}");
    anna.says("pordenone", "CANCELLAMI").await;
    let (_, again) = office.imports("", LIST, None).await;
    assert_eq!(again["left_later"], 2, "{again}");
    world.ends().await;
}

#[tokio::test]
async fn a_list_with_one_wrong_row_changes_nothing() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let wrong = LIST.replace("Modulo 3", "");
    let (status, problem) = office.imports("", &wrong, None).await;
    assert_eq!((status, &problem["type"]), (422, &json!("invalid-fields")), "{problem}");
    assert_eq!(problem["errors"][0]["pointer"], "/4/proof");
    for (query, file, want) in [
        ("", String::new(), 422),
        ("", "{\"phone\": \"+393330005001\"}".to_owned(), 422),
        ("", LIST.replace("eventi", "nessuno"), 422),
        ("?dry_run=si", LIST.to_owned(), 422),
        ("?all=true", LIST.to_owned(), 422),
        ("", format!("{LIST}{}", " ".repeat(1024 * 1024)), 413),
    ] {
        let (status, problem) = office.imports(query, &file, None).await;
        assert_eq!(status, want, "{query}: {problem}");
    }
    let desk = json!({ "name": "Sportello", "scopes": ["desk", "subscribers:read"] });
    let (_, made) = office.post("/keys", desk).await;
    let key = made["token"].as_str().unwrap().to_owned();
    world.keeps_secret(&key);
    let desk = Office { key, ..world.office("pordenone") };
    assert_eq!(desk.imports("", LIST, None).await.0, 403);
    assert_eq!(office.total().await, 0);
    world.ends().await;
}

#[tokio::test]
async fn who_comes_from_a_declared_list_is_asked_by_the_next_notice() {
    let policy = "[policy]\n";
    let world =
        World::of_pordenone(|it| it.replace(policy, "[policy]\ndeclared_lists = true\n")).await;
    world.keeps_secret("3330005011");
    let office = world.office("pordenone");
    let list = "telefono\n3330005011\n3330005012\n";
    let declared = "?act=Determina%2012%2F2026&date=2026-11-20&source=newsletter";
    let (status, taken) = office.imports(declared, list, None).await;
    assert_eq!((status, &taken["subscribed"]), (200, &json!(2)), "{taken}");
    let unproven = async || {
        let (_, found) = office.get("/subscribers?state=unproven").await;
        found["items"].as_array().unwrap().len()
    };
    assert_eq!(unproven().await, 2);

    let (anna, bruno) = (world.person("393330005011"), world.person("393330005012"));
    let sent = office.drafts(&["scadenze"], "pagare la mensa").await;
    office.sends(&sent).await;
    for person in [&anna, &bruno] {
        person.hears("pordenone", "pagare la mensa").await;
        person.hears("pordenone", "Il tuo numero viene da un elenco del Comune").await;
    }
    anna.taps("pordenone", "subscribe", "Voglio questi avvisi").await;
    bruno.says("pordenone", "CANCELLAMI").await;
    assert_eq!(unproven().await, 0);
    assert_eq!(office.total().await, 1);
    let (_, found) = office.post("/contacts/search", json!({ "phone": "+393330005011" })).await;
    let id = found["items"][0]["id"].as_str().unwrap();
    let held = office.get(&format!("/contacts/{id}/export")).await.1.to_string();
    assert!(held.contains("Determina 12/2026") && held.contains("subscribe"), "both are proof");

    let sent = office.drafts(&["scadenze"], "rinnovare la tessera").await;
    office.sends(&sent).await;
    anna.hears("pordenone", "rinnovare la tessera").await;
    assert_eq!(anna.times_heard("pordenone", "viene da un elenco").await, 1, "asked once");
    world.ends().await;
}

#[tokio::test]
async fn a_list_is_declared_whole_and_only_where_the_line_takes_such() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let list = "telefono\n3330005021\n";
    let declared = "?act=Determina&date=2026-11-20&source=newsletter";
    assert_eq!(office.imports(declared, list, None).await.0, 409);
    assert_eq!(office.imports("", list, None).await.0, 422, "no proof");
    world.ends().await;
    let world =
        World::of_pordenone(|it| it.replace("[policy]\n", "[policy]\ndeclared_lists = true\n"))
            .await;
    let office = world.office("pordenone");
    for wrong in [
        "?act=Determina",
        "?date=",
        "?act=&date=&source=",
        "?act=A&date=domani&source=B",
        "?act=A&date=2030-01-01&source=B",
    ] {
        let (status, problem) = office.imports(wrong, list, None).await;
        assert_eq!((status, &problem["type"]), (422, &json!("invalid-fields")), "{wrong}");
    }
    assert_eq!(office.total().await, 0);
    world.ends().await;
}
