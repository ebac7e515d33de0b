// SPDX-License-Identifier: EUPL-1.2
//! Flags and variables: no state, another Graph API, two secrets.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::process::Home;
use super::town::{MORNING, Town, phones, text};

#[tokio::test]
async fn an_ephemeral_stack_leaves_nothing_behind() {
    let home = Home::new();
    let anna = &phones(1)[0];
    let command = home.command(&["--ephemeral", "--clock", MORNING]);
    let town = Town::of(home.starts(command));
    town.says(anna, "ISCRIVIMI").await;
    town.settled().await;
    assert_eq!(town.subscribers().await, 1);
    town.kill();
    assert!(home.files("work").is_empty(), "{:?}", home.files("work"));
    assert!(home.files("data").is_empty(), "{:?}", home.files("data"));

    let command = home.command(&["--ephemeral", "--clock", MORNING]);
    let town = Town::of(home.starts(command));
    assert_eq!(town.subscribers().await, 0, "nothing is remembered");
}

#[tokio::test]
async fn without_flags_the_state_is_in_the_working_directory() {
    let home = Home::new();
    let anna = &phones(1)[0];
    let town = Town::of(home.starts(home.command(&[])));
    town.says(anna, "ISCRIVIMI").await;
    town.settled().await;
    town.kill();
    assert_eq!(home.files("work"), [".filodiretto"]);
    let town = Town::of(home.starts(home.command(&[])));
    assert_eq!(town.subscribers().await, 1);
}

/// What a Graph API was asked.
struct Asked {
    method: Method,
    path: String,
    authorization: String,
    body: Value,
}

type Requests = Arc<Mutex<Vec<Asked>>>;

/// A Graph API that takes every message; its address and what it was asked.
async fn graph_api() -> (String, Requests) {
    let requests = Requests::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(take).with_state(Arc::clone(&requests));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, requests)
}

async fn take(
    State(requests): State<Requests>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> axum::Json<Value> {
    let authorization = headers["authorization"].to_str().unwrap().to_owned();
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let path = uri.to_string();
    let mut requests = requests.lock().unwrap();
    let id = format!("wamid.G{}", requests.len());
    let to = body["to"].clone();
    requests.push(Asked { method, path, authorization, body });
    axum::Json(json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": to, "wa_id": to }],
        "messages": [{ "id": id }],
    }))
}

#[tokio::test]
async fn another_graph_api_takes_the_simulators_place() {
    let home = Home::new();
    let (url, requests) = graph_api().await;
    let mut command = home.command(&["--clock", MORNING]);
    // With a slash at its end or without.
    command.env("GRAPH_API_URL", format!("{url}/")).env("META_ACCESS_TOKEN", "another-token");
    let town = Town::of(home.starts(command));
    for path in ["/simulator", "/simulator/phones", "/graph/v25.0/1/messages"] {
        let (status, _) = town.ask(Method::GET, path, None).await;
        assert_eq!(status, 404, "{path}");
    }
    let anna = &phones(1)[0];
    let now = town.settled().await;
    let body = text(anna, "wamid.A1", now, "ISCRIVIMI");
    assert_eq!(town.webhook("local-app-secret", &body).await, 200);
    town.settled().await;
    let id = town.broadcasts("pagare la TARI", None).await;
    town.advance(60).await;
    assert_eq!(town.broadcast(&id).await["state"], "done");

    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 2, "a welcome and a notice");
    for it in requests.iter() {
        assert_eq!(it.method, Method::POST);
        let version = it.path.split('/').nth(1).unwrap();
        let number = version.strip_prefix('v').unwrap();
        assert!(number.parse::<f32>().is_ok(), "{version}");
        assert_eq!(it.path, format!("/{version}/331651133100001/messages"));
        assert_eq!(it.authorization, "Bearer another-token");
        assert_eq!(it.body["to"], format!("+{anna}"));
        assert_eq!(it.body["messaging_product"], "whatsapp");
    }
    assert_eq!(requests[0].body["type"], "text");
    assert_eq!(requests[1].body["template"]["name"], "pordenone_scadenza");
}

#[tokio::test]
async fn during_a_rotation_both_secrets_are_good() {
    let home = Home::new();
    let mut command = home.command(&["--ephemeral", "--clock", MORNING]);
    command.env("META_APP_SECRET", "new-secret, old-secret");
    let town = Town::of(home.starts(command));
    let now = town.settled().await;
    let people = phones(3);
    for (n, (secret, status)) in
        [("new-secret", 200), ("old-secret", 200), ("local-app-secret", 401)].iter().enumerate()
    {
        let body = text(&people[n], &format!("wamid.R{n}"), now, "ISCRIVIMI");
        assert_eq!(town.webhook(secret, &body).await, *status, "{secret}");
    }
    town.settled().await;
    assert_eq!(town.subscribers().await, 2);
}
