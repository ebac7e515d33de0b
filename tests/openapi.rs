// SPDX-License-Identifier: EUPL-1.2
//! The document of the API: it describes everything, and what it gives as an example works.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::Value;

use crate::support::{Office, World};

/// One way to ask the API for something.
struct Operation<'a> {
    method: Method,
    path: &'a str,
    said: &'a Value,
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, said)| Operation {
            method: method.to_uppercase().parse().unwrap(),
            path,
            said,
        })
    });
    all.collect()
}

async fn document(world: &World) -> Value {
    let url = format!("{}/v1/openapi.json", world.stack.url());
    world.http.get(url).send().await.unwrap().json().await.unwrap()
}

impl Operation<'_> {
    fn name(&self) -> &str {
        self.said["operationId"].as_str().unwrap()
    }

    /// The example of its body, wherever the document has it.
    fn example<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        let schema =
            self.said["requestBody"]["content"]["application/json"]["schema"].as_object()?;
        let name = schema.get("$ref")?.as_str()?.rsplit('/').next()?;
        document["components"]["schemas"][name].get("example")
    }
}

#[tokio::test]
async fn every_operation_says_what_it_does_who_may_and_what_comes_back() {
    let world = World::start().await;
    let document = document(&world).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let mut names = BTreeSet::new();
    for it in operations(&document) {
        let name = it.name();
        assert!(names.insert(name.to_owned()), "two operations are called {name}");
        assert!(it.said["tags"].is_array(), "{name} belongs nowhere");
        let responses = it.said["responses"].as_object().unwrap();
        assert!(responses.keys().any(|it| it.starts_with('2')), "{name} has no good end");
        assert!(responses.contains_key("401") && responses.contains_key("404"), "{name}");
        if it.path.starts_with("/v1/lines/") {
            assert!(it.said["security"].is_array(), "{name} does not say which scope it needs");
        }
        let body = &it.said["requestBody"];
        if body["required"] == true && body["content"]["application/json"].is_object() {
            assert!(it.example(&document).is_some(), "{name} has no example of its body");
        }
    }
    assert!(names.len() > 30, "{} operations", names.len());
    world.ends().await;
}

#[tokio::test]
async fn every_example_is_accepted() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let document = document(&world).await;
    let mut tried = 0;
    for it in operations(&document) {
        let Some(example) = it.example(&document) else { continue };
        tried += 1;
        if it.path.contains("/appointments") {
            let status = asks_barberino(&world, &it, example.clone(), tried).await;
            assert!((200..300).contains(&status), "{}: {status}", it.name());
            continue;
        }
        if it.name() == "broadcasts.test" {
            // The line's file has no phones to try notices on.
            let settings = "\n[authoring]\ntest_numbers = [\"+39 333 000 0001\"]\n";
            let world = World::of_pordenone(|it| format!("{it}{settings}")).await;
            let office = world.office("pordenone");
            let draft = document["components"]["schemas"]["NewBroadcast"]["example"].clone();
            let (_, made) = office.post("/broadcasts", draft).await;
            let path = format!("/broadcasts/{}/test", made["id"].as_str().unwrap());
            let (status, answer) = office.post(&path, example.clone()).await;
            assert_eq!((status, &answer["sent"]), (200, &1.into()), "{answer}");
            world.advance(10).await;
            world.ends().await;
            continue;
        }
        // Each for itself: an example must not need another one before it.
        let ids = ids(&world, &office, tried).await;
        let path = filled(it.path, it.name(), &ids);
        let mut example = example.clone();
        // Only this person's own messages will do.
        match it.name() {
            "conversations.report" => example["messages"] = serde_json::json!([ids[MESSAGE]]),
            "conversations.delete_message" => example["message"] = ids[MESSAGE].as_str().into(),
            _ => {}
        }
        if let Some(id) = example.get_mut("media_id") {
            *id = brought(&world).await;
        }
        let version = if it.method == Method::PATCH { version(&world, &path).await } else { None };
        let (status, answer) =
            office.edit(it.method.clone(), &path, Some(example), version.as_deref()).await;
        assert!((200..300).contains(&status), "{}: {status} {answer}", it.name());
    }
    assert!(tried > 5, "{tried} examples");
    world.ends().await;
}

/// The id of a file that Pordenone's office has brought.
async fn brought(world: &World) -> Value {
    let url = format!("{}/v1/lines/pordenone/media", world.stack.url());
    let request = world.http.post(url).bearer_auth("local-key");
    let request = request.header("content-type", "application/pdf").body("%PDF-1.7\n");
    let mut file: Value = request.send().await.unwrap().json().await.unwrap();
    file["id"].take()
}

/// Appointments are Barberino's, and of a person: one who has just joined, and who has one already
/// where it is to be moved.
async fn asks_barberino(world: &World, it: &Operation<'_>, mut example: Value, n: usize) -> u16 {
    let office = world.office("barberino-demografici");
    let digits = format!("3933301{n:05}");
    world.person(&digits).says("barberino-demografici", "Iscrizione").await;
    let (_, found) =
        office.post("/contacts/search", serde_json::json!({ "phone": format!("+{digits}") })).await;
    let contact = found["items"][0]["id"].clone();
    let mut path = it.path.strip_prefix("/v1/lines/{line}").unwrap().to_owned();
    if path.contains("{id}") {
        let (_, free) = office.get("/services/residenza/slots").await;
        let starts_at = &free["items"][n]["starts_at"];
        let wish = serde_json::json!({
            "contact": contact, "service": "residenza", "starts_at": starts_at,
        });
        let (_, made) = office.post("/appointments", wish).await;
        path = path.replace("{id}", made["id"].as_str().unwrap());
    } else {
        example["contact"] = contact;
    }
    let url = format!("{}/v1/lines/barberino-demografici{path}", world.stack.url());
    let request = world.http.request(it.method.clone(), url).bearer_auth("local-key");
    let answer = request.header("if-match", "\"1\"").json(&example).send().await.unwrap();
    answer.status().as_u16()
}

/// The name under which a citizen's message is, which stands in no path.
const MESSAGE: &str = "message";

/// What stands in the paths: a person who has just written, what they asked for, a draft.
async fn ids(world: &World, office: &Office<'_>, n: usize) -> BTreeMap<&'static str, String> {
    let digits = format!("3933300{n:05}");
    let person = world.person(&digits);
    person.sends("pordenone", "ISCRIVIMI").await;
    person.sends("pordenone", "Quando apre la biblioteca?").await;
    world.settled().await;
    let (_, found) =
        office.post("/contacts/search", serde_json::json!({ "phone": format!("+{digits}") })).await;
    let contact = found["items"][0]["id"].as_str().unwrap().to_owned();
    let draft = example(world, "NewBroadcast").await;
    let (_, broadcast) = office.post("/broadcasts", draft).await;
    let asked = serde_json::json!({
        "right": "rectification", "asked_at": "2026-11-19T10:00:00+01:00", "channel": "counter",
    });
    let (_, request) = office.post(&format!("/contacts/{contact}/requests"), asked).await;
    let (_, key) = office.post("/keys", example(world, "NewKey").await).await;
    let colleague = serde_json::json!({
        "email": format!("{digits}@comune.example"), "name": "Prova", "role": "operator",
    });
    let (_, colleague) = office.post("/people", colleague).await;
    let id = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
    let (_, chat) = office.get(&format!("/conversations/{contact}/messages")).await;
    let chat = chat["items"].as_array().unwrap();
    let came = chat.iter().find(|it| it["direction"] == "in").unwrap();
    BTreeMap::from([
        (MESSAGE, id(came, "id")),
        ("/contacts/{id}", contact.clone()),
        ("/conversations/{contact}", contact),
        ("/broadcasts/{id}", id(&broadcast, "id")),
        ("/requests/{number}", id(&request, "number")),
        ("/keys/{id}", id(&key, "id")),
        ("/people/{id}", id(&colleague, "id")),
    ])
}

async fn example(world: &World, name: &str) -> Value {
    document(world).await["components"]["schemas"][name]["example"].clone()
}

/// The version of what is at a path, which an edit starts from.
async fn version(world: &World, path: &str) -> Option<String> {
    let url = format!("{}/v1/lines/pordenone{path}", world.stack.url());
    let answer = world.http.get(url).bearer_auth("local-key").send().await.unwrap();
    Some(answer.headers()["etag"].to_str().unwrap().to_owned())
}

/// The path below the line, with ids in it.
fn filled(path: &str, name: &str, ids: &BTreeMap<&'static str, String>) -> String {
    let mut path = path.strip_prefix("/v1/lines/{line}").unwrap().to_owned();
    for (part, id) in ids {
        if path.starts_with(part) {
            let fixed = part.split('{').next().unwrap();
            path = format!("{fixed}{id}{}", &path[part.len()..]);
        }
    }
    assert!(!path.contains('{'), "{name}: nothing is known for {path}");
    path
}
