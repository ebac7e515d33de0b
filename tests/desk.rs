// SPDX-License-Identifier: EUPL-1.2
//! The desk: a conversation of each line, two operators, and somebody who notices.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Office, Person, World, within};

const QUESTION: &str = "Quanto costa la carta d'identità?";

/// The one conversation in a state.
async fn only(office: &Office<'_>, list: &str) -> Value {
    let (status, found) = office.get(&format!("/conversations?{list}")).await;
    assert_eq!(status, 200, "{found}");
    let items = found["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{list}: {found}");
    items[0].clone()
}

fn path(conversation: &Value, rest: &str) -> String {
    format!("/conversations/{}{rest}", conversation["contact"].as_str().unwrap())
}

/// With the version a conversation was read with; status, version after it, and the answer.
async fn edit(
    world: &World,
    method: Method,
    path: &str,
    version: Option<&str>,
    body: &Value,
) -> (u16, String, Value) {
    let url = format!("{}/v1/lines/pordenone{path}", world.stack.url());
    let mut request = world.http.request(method.clone(), url).bearer_auth("local-key");
    if let Some(it) = version {
        request = request.header("if-match", it);
    }
    if method != Method::GET {
        request = request.json(body);
    }
    let answer = within(request.send()).await.unwrap();
    let status = answer.status().as_u16();
    let tag = answer.headers().get("etag").map(|it| it.to_str().unwrap().to_owned());
    (status, tag.unwrap_or_default(), within(answer.json()).await.unwrap_or(Value::Null))
}

async fn mails(world: &World) -> Vec<(String, String)> {
    let url = format!("{}/_mail", world.stack.url());
    let found: Value = within(world.http.get(url).send()).await.unwrap().json().await.unwrap();
    let list = found["items"].as_array().or_else(|| found.as_array()).unwrap().clone();
    let text = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
    list.iter().map(|it| (text(it, "subject"), text(it, "text"))).collect()
}

async fn asks<'a>(world: &'a World, digits: &str) -> Person<'a> {
    let person = world.person(digits);
    person.says("pordenone", QUESTION).await;
    person
}

#[tokio::test]
async fn in_pordenone_a_question_needs_no_subscription_and_is_answered_and_closed() {
    let world = World::start().await;
    let anna = asks(&world, "393330008001").await;
    let office = world.office("pordenone");
    let open = only(&office, "state=open&unread=true").await;
    assert_eq!((&open["subscribed"], &open["window_open"]), (&json!(false), &json!(true)));
    assert_eq!((&open["unread"], &open["overdue"]), (&json!(1), &json!(false)));
    // Asked on Tuesday just after 9, and the office has eight hours a day.
    assert_eq!(open["due_at"], "2026-11-25T09:00:00+01:00");
    let messages = path(&open, "/messages");
    let fields = json!({ "quando": "domani" });
    let canned = json!({ "canned": { "id": "presa-in-carico", "fields": fields } });
    assert_eq!(office.post_once(&messages, canned.clone(), "a").await.0, 201);
    assert_eq!(office.post_once(&messages, canned, "a").await.0, 201, "a double click");
    assert_eq!(anna.times_heard("pordenone", "Ti rispondiamo qui entro domani.").await, 1);
    let with_buttons =
        json!({ "text": "Costa 22,21 euro. Vuoi un appuntamento?", "buttons": ["Sì", "No"] });
    assert_eq!(office.post(&messages, with_buttons).await.0, 201);
    anna.hears("pordenone", "Vuoi un appuntamento?").await;
    let place =
        json!({ "location": { "latitude": 45.9564, "longitude": 12.6603, "name": "Municipio" } });
    assert_eq!(office.post(&messages, place).await.0, 201);
    anna.hears("pordenone", "Municipio").await;
    world.settled().await;

    let closing = json!({ "courtesy": true });
    for _ in 0..2 {
        let (status, closed) = office.post_once(&path(&open, "/close"), closing.clone(), "b").await;
        assert_eq!(status, 200, "{closed}");
        assert!(closed["message"].is_string());
    }
    assert_eq!(anna.times_heard("pordenone", "Grazie per averci scritto").await, 1);
    only(&office, "state=closed").await;
    assert_eq!(office.post(&path(&open, "/close"), json!({})).await.0, 409);
    let (status, open) = office.post(&path(&open, "/reopen"), json!({})).await;
    assert_eq!((status, &open["state"]), (200, &json!("open")));
    assert_eq!(office.post(&path(&open, "/reopen"), json!({})).await.0, 409);
    world.settled().await;
    world.ends().await;
}

#[tokio::test]
async fn in_barberino_who_is_not_subscribed_is_answered_but_not_written_to_later() {
    let world = World::start().await;
    let office = world.office("barberino-demografici");
    let anna = world.person("393330008011");
    anna.says("barberino-demografici", QUESTION).await;
    anna.hears("barberino-demografici", "scriva ISCRIZIONE").await;
    let open = only(&office, "state=open").await;
    assert_eq!(open["subscribed"], false);
    let messages = path(&open, "/messages");
    let formal = json!({ "canned": { "id": "domanda-formale", "fields": {
        "pagina": "www.comune.barberino-di-mugello.fi.it", "pec": "barberino@pec.it",
    } } });
    let (status, sent) = office.post(&messages, formal).await;
    assert_eq!(status, 201, "{sent}");
    anna.hears("barberino-demografici", "non vale come domanda ufficiale").await;
    world.advance(25 * 3600).await;
    let late = json!({ "text": "Il documento è pronto.", "invite": true });
    let (status, problem) = office.post(&messages, late.clone()).await;
    assert_eq!((status, &problem["type"]), (409, &json!("state-not-allowed")));

    anna.says("barberino-demografici", "Iscrizione").await;
    world.advance(25 * 3600).await;
    let (status, draft) = office.post(&messages, late).await;
    assert_eq!((status, &draft["draft"]), (202, &json!(true)), "{draft}");
    anna.hears("barberino-demografici", "Prema il pulsante").await;
    world.settled().await;
    world.ends().await;
}

#[tokio::test]
async fn after_the_window_an_answer_waits_until_its_reader_asks_for_it() {
    let world = World::start().await;
    let anna = asks(&world, "393330008021").await;
    let office = world.office("pordenone");
    let open = only(&office, "").await;
    let messages = path(&open, "/messages");
    world.advance(25 * 3600).await;
    let text = json!({ "text": "La tua carta è pronta allo sportello." });
    let (status, problem) = office.post(&messages, text).await;
    assert_eq!(status, 409);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("\"invite\": true") && detail.contains("nota interna"), "{detail}");

    let invite = json!({ "text": "La tua carta è pronta allo sportello.", "invite": true });
    for _ in 0..2 {
        let (status, answer) = office.post_once(&messages, invite.clone(), "a").await;
        assert_eq!((status, &answer["draft"]), (202, &json!(true)), "{answer}");
    }
    assert_eq!(anna.times_heard("pordenone", "Premi il pulsante").await, 1);
    assert_eq!(anna.times_heard("pordenone", "La tua carta è pronta").await, 0);
    let (_, chat) = office.get(&messages).await;
    let draft = chat["items"].as_array().unwrap().iter().find(|it| it["state"] == "draft").unwrap();
    let payload = format!("ready:{}", draft["id"].as_str().unwrap());
    anna.taps("pordenone", &payload, "Leggi la risposta").await;
    anna.hears("pordenone", "La tua carta è pronta").await;
    anna.taps("pordenone", &payload, "Leggi la risposta").await;
    assert_eq!(anna.times_heard("pordenone", "La tua carta è pronta").await, 1);
    only(&office, "state=waiting").await;

    // Nobody gets at somebody else's.
    let bruno = world.person("393330008022");
    bruno.taps("pordenone", &payload, "Leggi la risposta").await;
    assert!(bruno.heard("pordenone").await.is_empty());
    world.ends().await;
}

#[tokio::test]
async fn of_two_operators_neither_undoes_the_other_and_each_sees_who_writes() {
    let world = World::start().await;
    asks(&world, "393330008031").await;
    let office = world.office("pordenone");
    let it = path(&only(&office, "").await, "");
    let none = Value::Null;
    let (status, first, shown) = edit(&world, Method::GET, &it, None, &none).await;
    assert_eq!((status, &shown["writing"]), (200, &json!([])));
    let anna = json!({ "assigned_to": "anna", "topic": "TARI" });
    assert_eq!(edit(&world, Method::PATCH, &it, None, &anna).await.0, 428);
    let (status, second, shown) = edit(&world, Method::PATCH, &it, Some(&first), &anna).await;
    assert_eq!((status, &shown["assigned_to"]), (200, &json!("anna")));
    let bruno = json!({ "assigned_to": "bruno" });
    assert_eq!(edit(&world, Method::PATCH, &it, Some(&first), &bruno).await.0, 412);
    let (status, third, shown) = edit(&world, Method::PATCH, &it, Some(&second), &bruno).await;
    assert_eq!((status, &shown["topic"]), (200, &json!("TARI")), "what is not said stays");
    for list in ["assigned_to=bruno", "topic=TARI", "assigned_to=bruno&unread=true&topic=TARI"] {
        only(&office, list).await;
    }
    for list in ["assigned_to=anna", "assigned_to=", "unread=false", "state=closed"] {
        let (_, found) = office.get(&format!("/conversations?{list}")).await;
        assert_eq!(found["items"], json!([]), "{list}");
    }
    let long = json!({ "topic": "x".repeat(41) });
    assert_eq!(edit(&world, Method::PATCH, &it, Some(&third), &long).await.0, 422);

    let read = format!("{it}/read");
    world.person("393330008031").says("pordenone", "C'è qualcuno allo sportello?").await;
    assert_eq!(edit(&world, Method::POST, &read, Some(&third), &json!({})).await.0, 412);
    let (_, fourth, _) = edit(&world, Method::GET, &it, None, &none).await;
    // Who closes may say what they read, and need not.
    let close = format!("{it}/close");
    assert_eq!(edit(&world, Method::POST, &close, Some(&third), &json!({})).await.0, 412);
    let (status, _, shown) = edit(&world, Method::POST, &read, Some(&fourth), &json!({})).await;
    assert_eq!((status, &shown["unread"], &shown["state"]), (200, &json!(0), &json!("open")));

    let (status, made) = office.post("/keys", json!({ "name": "Anna", "scopes": ["desk"] })).await;
    let token = made["token"].as_str();
    if let Some(key) = token.filter(|_| status == 201) {
        let mut other = world.office("pordenone");
        key.clone_into(&mut other.key);
        let presence = format!("{it}/presence");
        let put = async |office: &Office<'_>, writing: bool| {
            let body = Some(json!({ "writing": writing }));
            office.request(Method::PUT, &presence, body, None).await
        };
        assert_eq!(put(&office, true).await.1["writing"], json!([]));
        assert_eq!(put(&other, true).await.1["writing"], json!(["api"]));
        assert_eq!(put(&office, true).await.1["writing"], json!(["Anna"]));
        put(&other, false).await;
        assert_eq!(put(&office, true).await.1["writing"], json!([]));
        world.advance(60).await;
        assert_eq!(put(&other, true).await.1["writing"], json!([]), "it ends by itself");
    } else {
        panic!("no key: {status} {made}");
    }
    world.ends().await;
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let world = World::start().await;
    for n in 0..3 {
        asks(&world, &format!("39333000804{n}")).await;
        world.advance(1).await;
    }
    let office = world.office("pordenone");
    let mut seen = Vec::new();
    let mut next = "/conversations?unread=true&limit=2".to_owned();
    let mut cursors = Vec::new();
    loop {
        let (status, page) = office.get(&next).await;
        assert_eq!(status, 200, "{page}");
        seen.extend(page["items"].as_array().unwrap().iter().map(|it| it["contact"].to_string()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        cursors.push(cursor.to_owned());
        next = format!("/conversations?unread=true&limit=2&cursor={cursor}");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3);
    for list in ["state=closed", "unread=false", "topic=x", "state=open"] {
        let path = format!("/conversations?{list}&cursor={}", cursors[0]);
        let (status, problem) = office.get(&path).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("?cursor")), "{list}");
    }
    assert_eq!(office.get("/conversations?limit=0").await.0, 422);
    assert_eq!(office.get("/conversations?assigned=x").await.0, 422);
    world.ends().await;
}

#[tokio::test]
async fn words_are_found_without_standing_in_an_address() {
    let world = World::start().await;
    asks(&world, "393330008051").await;
    world.person("393330008052").says("pordenone", "Quando apre la biblioteca civica?").await;
    let office = world.office("pordenone");
    let found = async |office: &Office<'_>, text: &str| {
        let (mut seen, mut path) = (Vec::new(), "/conversations/search".to_owned());
        loop {
            let (status, page) = office.post(&path, json!({ "text": text })).await;
            assert_eq!(status, 200, "{page}");
            seen.extend(page["items"].as_array().unwrap().clone());
            let Some(cursor) = page["next_cursor"].as_str() else { return seen };
            path = format!("/conversations/search?cursor={cursor}");
        }
    };
    let identity = found(&office, "IDENTITA").await;
    assert_eq!(identity.len(), 1);
    assert_eq!(identity[0]["messages"][0]["text"], QUESTION);
    assert_eq!(found(&office, "biblioteca").await.len(), 1);
    assert!(found(&office, "passaporto").await.is_empty());
    assert!(found(&world.office("barberino-demografici"), "biblioteca").await.is_empty());
    let (_, page) = office.post("/conversations/search", json!({ "text": "biblioteca" })).await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let other = format!("/conversations/search?cursor={cursor}");
    assert_eq!(office.post(&other, json!({ "text": "identità" })).await.0, 422);
    world.ends().await;
}

#[tokio::test]
async fn notes_are_never_sent_and_go_with_the_person() {
    let world = World::start().await;
    let anna = asks(&world, "393330008061").await;
    let office = world.office("pordenone");
    let open = only(&office, "").await;
    let notes = path(&open, "/notes");
    let note = json!({ "text": "Ha già telefonato al tributi due volte." });
    world.keeps_secret("Ha già telefonato al tributi due volte.");
    let first = office.post_once(&notes, note.clone(), "a").await;
    assert_eq!(first.0, 201, "{}", first.1);
    assert_eq!(office.post_once(&notes, note, "a").await.1["id"], first.1["id"]);
    let (_, list) = office.get(&notes).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["operator"], "api");
    assert!(anna.heard("pordenone").await.iter().all(|it| !it.contains("telefonato")));
    let contact = open["contact"].as_str().unwrap();
    assert_eq!(world.office("barberino-demografici").get(&notes).await.0, 404);
    assert_eq!(office.delete(&format!("/contacts/{contact}")).await.0, 200);
    assert_eq!(office.get(&notes).await.0, 404);
    world.ends().await;
}

#[tokio::test]
async fn a_conversation_is_forwarded_by_mail_once() {
    let office_of = "\n[[desk.offices]]\nid = \"tributi\"\nname = \"Ufficio tributi\"\n\
                     email = \"tributi@comune.pordenone.it\"\n";
    let world = World::of_pordenone(|file| format!("{file}{office_of}")).await;
    asks(&world, "393330008071").await;
    let office = world.office("pordenone");
    let open = only(&office, "").await;
    let (_, settings) = office.get("/desk").await;
    assert_eq!(settings["offices"][1], json!({ "id": "tributi", "name": "Ufficio tributi" }));
    let forward = path(&open, "/forward");
    let unknown = office.post(&forward, json!({ "office": "anagrafe" })).await;
    assert_eq!((unknown.0, &unknown.1["errors"][0]["pointer"]), (422, &json!("/office")));
    let body = json!({ "office": "tributi", "comment": "Potete rispondere voi?" });
    for _ in 0..2 {
        assert_eq!(office.post_once(&forward, body.clone(), "a").await.0, 201);
    }
    let sent = mails(&world).await;
    assert_eq!(sent.len(), 1);
    assert!(sent[0].1.contains("+393330008071") && sent[0].1.contains(QUESTION), "{}", sent[0].1);
    assert!(!sent[0].0.contains("3933"), "{}", sent[0].0);
    let (_, notes) = office.get(&path(&open, "/notes")).await;
    assert_eq!(notes["items"][0]["text"], "Conversazione inoltrata a: Ufficio tributi.");
    world.ends().await;
}

#[tokio::test]
async fn somebody_notices_after_ten_minutes_once_and_every_morning() {
    let world = World::start().await;
    asks(&world, "393330008081").await;
    world.advance(9 * 60).await;
    assert!(mails(&world).await.is_empty());
    asks(&world, "393330008082").await;
    world.advance(2 * 60).await;
    let sent = mails(&world).await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].0.contains("una conversazione non letta"), "{}", sent[0].0);
    for (subject, text) in &sent {
        let all = format!("{subject}{text}");
        assert!(!all.contains("3933") && !all.contains("identità"), "{all}");
    }
    world.advance(30 * 60).await;
    assert_eq!(mails(&world).await.len(), 2, "the other one's ten minutes");
    // Wednesday at nine.
    world.advance(24 * 3600 - 41 * 60 + 60).await;
    let sent = mails(&world).await;
    assert_eq!(sent.len(), 3, "{sent:?}");
    assert!(sent[2].1.contains("aspettano una risposta: 2"), "{}", sent[2].1);

    // Answered: nobody is told of them any more.
    let office = world.office("pordenone");
    let (_, found) = office.get("/conversations").await;
    for it in found["items"].as_array().unwrap() {
        assert_eq!(office.post(&path(it, "/close"), json!({})).await.0, 200);
    }
    world.advance(24 * 3600).await;
    assert_eq!(mails(&world).await.len(), 3);
    world.ends().await;
}

#[tokio::test]
async fn what_may_be_an_emergency_is_told_at_night() {
    let world = World::start().await;
    world.advance(14 * 3600).await;
    asks(&world, "393330008091").await;
    world.advance(3600).await;
    assert!(mails(&world).await.is_empty(), "the office is closed");
    world.person("393330008091").says("pordenone", "Aiuto, c'è un incendio in via Roma 5!").await;
    world.advance(60).await;
    let sent = mails(&world).await;
    assert_eq!(sent.len(), 1);
    assert!(sent[0].0.contains("forse un'emergenza"), "{}", sent[0].0);
    world.ends().await;
}
