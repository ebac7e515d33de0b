// SPDX-License-Identifier: EUPL-1.2
//! Against a server on this machine that expects exactly one request and answers as told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use domain::line::HeaderFormat;
use domain::message::{Button, FilledTemplate, HeaderMedia, Row};
use serde_json::json;

use super::*;

mod renewal;
mod templates;

const TOKEN: &str = "EAAexample";
const CALLBACK: &str = "b:0190f1c2:00a1";
const WAMID: &str = "wamid.HBgMMzkzMzMwMDAwMDAxFQIAERgSQTEA";

fn token() -> AccessToken {
    AccessToken::fixed(TOKEN)
}

/// A Graph API that takes one request and gives one answer.
struct Script {
    expected: Value,
    answer: (u16, String),
    seen: Mutex<Vec<String>>,
}

impl Script {
    /// Runs `call` against the script, and fails if it did not make exactly the expected request.
    async fn play<T>(
        expected: Value,
        answer: (u16, String),
        call: impl AsyncFnOnce(&Graph) -> T,
    ) -> T {
        let script = Arc::new(Self { expected, answer, seen: Mutex::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(Self::handle).with_state(Arc::clone(&script));
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        let result = call(&graph_at(address)).await;
        server.abort();
        let seen = script.seen.lock().unwrap();
        assert_eq!(*seen, ["as expected"], "exactly one request, as expected");
        result
    }

    async fn handle(State(script): State<Arc<Self>>, request: Request) -> (StatusCode, String) {
        let (head, body) = request.into_parts();
        let body = to_bytes(body, 100_000).await.unwrap();
        let header = |name| head.headers.get(name).map(|it| it.to_str().unwrap());
        let request = json!({
            "line": format!("{} {}", head.method, head.uri),
            "authorization": header("authorization"),
            "content_type": header("content-type"),
            "json": serde_json::from_slice::<Value>(&body).ok(),
        });
        let expected = json!({
            "line": "POST /v25.0/106500000000001/messages",
            "authorization": format!("Bearer {TOKEN}"),
            "content_type": "application/json",
            "json": script.expected,
        });
        let mut seen = script.seen.lock().unwrap();
        if request != expected {
            seen.push(format!("unexpected {request:#}, wanted {expected:#}"));
            return (StatusCode::IM_A_TEAPOT, String::new());
        }
        seen.push("as expected".to_owned());
        let (status, body) = &script.answer;
        (StatusCode::from_u16(*status).unwrap(), body.clone())
    }
}

/// A server below HTTP: reads the whole request, writes `answer`, and closes or stays silent.
fn raw_server(answer: &'static str, then_close: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut request, mut buffer) = (Vec::new(), [0; 4_096]);
        while !request.ends_with(b"}") {
            let n = stream.read(&mut buffer).unwrap();
            request.extend_from_slice(&buffer[..n]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        if !then_close {
            // Blocks until the client gives up.
            let _ = stream.read(&mut buffer);
        }
    });
    address
}

/// A Graph API that knows one node; what it was asked.
async fn asked_of(path: &str, query: &[(&str, &str)]) -> (Result<Value, Failure>, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(String::new()));
    let keep = Arc::clone(&seen);
    let answer = move |request: Request| async move {
        let token = request.headers()["authorization"].to_str().unwrap();
        *keep.lock().unwrap() = format!("{} {} {token}", request.method(), request.uri());
        if request.uri().path() == "/v25.0/1/templates" {
            return (StatusCode::OK, json!({"data": []}).to_string());
        }
        (StatusCode::FORBIDDEN, json!({"error": {"code": 200}}).to_string())
    };
    let server =
        tokio::spawn(
            async move { axum::serve(listener, axum::Router::new().fallback(answer)).await },
        );
    let read = graph_at(address).read(&token(), path, query).await;
    server.abort();
    let seen = seen.lock().unwrap().clone();
    (read, seen)
}

#[tokio::test]
async fn reads_what_is_asked_for() {
    let (read, asked) = asked_of("1/templates", &[("fields", "a,b"), ("after", "x=&y")]).await;
    assert_eq!(read, Ok(json!({"data": []})));
    let want = format!("GET /v25.0/1/templates?fields=a%2Cb&after=x%3D%26y Bearer {TOKEN}");
    assert_eq!(asked, want);
    let (read, _) = asked_of("2", &[]).await;
    assert_eq!(read, Err(Failure::Coded { code: 200, http: 403, transient: false }));
}

fn graph_at(address: SocketAddr) -> Graph {
    Graph::new(&format!("http://{address}/"), "v25.0")
}

fn number() -> PhoneNumberId {
    PhoneNumberId::new("106500000000001")
}

fn phone() -> Phone {
    Phone::parse("393330000001").unwrap()
}

async fn send_text(graph: &Graph) -> Result<Accepted, Failure> {
    let message = Outgoing::Text("Iscrizione attiva.".to_owned());
    graph.send(&token(), &number(), To::Phone(&phone()), &message, CALLBACK).await
}

fn text_request() -> Value {
    json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+393330000001",
        "type": "text",
        "text": { "preview_url": false, "body": "Iscrizione attiva." },
        "biz_opaque_callback_data": CALLBACK,
    })
}

fn taken() -> (u16, String) {
    let answer = json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": "+393330000001", "wa_id": "393330000001" }],
        "messages": [{ "id": WAMID }],
    });
    (200, answer.to_string())
}

fn accepted(held: bool) -> Accepted {
    Accepted { message_id: MessageId::new(WAMID), held }
}

/// What a text comes to when Meta answers this.
async fn answered(status: u16, body: impl ToString) -> Result<Accepted, Failure> {
    Script::play(text_request(), (status, body.to_string()), send_text).await
}

#[tokio::test]
async fn sends_a_text_to_a_number() {
    assert_eq!(Script::play(text_request(), taken(), send_text).await, Ok(accepted(false)));
}

#[tokio::test]
async fn sends_to_a_user_id() {
    let expected = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "recipient": "IT.1349120865",
        "type": "text",
        "text": { "preview_url": false, "body": "Perché no?" },
        "biz_opaque_callback_data": CALLBACK,
    });
    let (id, message) = (UserId::new("IT.1349120865"), Outgoing::Text("Perché no?".to_owned()));
    let sent = Script::play(expected, taken(), async |graph| {
        graph.send(&token(), &number(), To::UserId(&id), &message, CALLBACK).await
    });
    assert_eq!(sent.await, Ok(accepted(false)));
}

#[tokio::test]
async fn sends_a_list() {
    let expected = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+393330000001",
        "type": "interactive",
        "interactive": {
            "type": "list",
            "body": { "text": "Quali avvisi vuoi?" },
            "action": { "button": "Scegli", "sections": [{ "rows": [
                { "id": "add:eventi", "title": "Eventi", "description": "mostre e concerti" },
                { "id": "remove:scadenze", "title": "Scadenze" },
            ] }] },
        },
        "biz_opaque_callback_data": CALLBACK,
    });
    let row = |payload: &str, title: &str, description: Option<&str>| Row {
        payload: payload.to_owned(),
        title: title.to_owned(),
        description: description.map(str::to_owned),
    };
    let message = Outgoing::List {
        body: "Quali avvisi vuoi?".to_owned(),
        button: "Scegli".to_owned(),
        rows: vec![
            row("add:eventi", "Eventi", Some("mostre e concerti")),
            row("remove:scadenze", "Scadenze", None),
        ],
    };
    let sent = Script::play(expected, taken(), async |graph| {
        graph.send(&token(), &number(), To::Phone(&phone()), &message, CALLBACK).await
    });
    assert_eq!(sent.await, Ok(accepted(false)));
}

#[tokio::test]
async fn sends_buttons() {
    let expected = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+393330000001",
        "type": "interactive",
        "interactive": {
            "type": "button",
            "body": { "text": "Che cosa vuoi fare?" },
            "action": { "buttons": [
                { "type": "reply", "reply": { "id": "ask:subscribe", "title": "Iscrivimi" } },
                { "type": "reply", "reply": { "id": "ask:human", "title": "Scrivi all'ufficio" } },
            ] },
        },
        "biz_opaque_callback_data": CALLBACK,
    });
    let button = |payload: &str, title: &str| Button {
        payload: payload.to_owned(),
        title: title.to_owned(),
    };
    let message = Outgoing::Buttons {
        body: "Che cosa vuoi fare?".to_owned(),
        buttons: vec![
            button("ask:subscribe", "Iscrivimi"),
            button("ask:human", "Scrivi all'ufficio"),
        ],
    };
    let sent = Script::play(expected, taken(), async |graph| {
        graph.send(&token(), &number(), To::Phone(&phone()), &message, CALLBACK).await
    });
    assert_eq!(sent.await, Ok(accepted(false)));
}

#[tokio::test]
async fn sends_a_file_that_was_uploaded() {
    for (caption, document) in [
        (
            "Ecco la copia.",
            json!({ "id": "77", "filename": "dati.txt", "caption": "Ecco la copia." }),
        ),
        ("", json!({ "id": "77", "filename": "dati.txt" })),
    ] {
        let expected = json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": "+393330000001",
            "type": "document",
            "document": document,
            "biz_opaque_callback_data": CALLBACK,
        });
        let message = Outgoing::Document {
            media_id: "77".to_owned(),
            file_name: "dati.txt".to_owned(),
            caption: caption.to_owned(),
        };
        let sent = Script::play(expected, taken(), async |graph| {
            graph.send(&token(), &number(), To::Phone(&phone()), &message, CALLBACK).await
        });
        assert_eq!(sent.await, Ok(accepted(false)));
    }
}

#[test]
fn a_form_ends_where_the_file_does() {
    let (content_type, body) = request::upload("dati.txt", "text/plain", b"uno\r\ndue");
    assert_eq!(content_type, "multipart/form-data; boundary=----filo-diretto");
    let body = String::from_utf8(body).unwrap();
    let file = "name=\"file\"; filename=\"dati.txt\"\r\nContent-Type: text/plain\r\n\r\nuno\r\ndue\r\n\
                ------filo-diretto--\r\n";
    assert!(body.ends_with(file), "{body}");
    // Who knows the boundary cannot end the file with it.
    let hostile = b"x\r\n------filo-diretto--\r\ny";
    let (content_type, body) = request::upload("dati.txt", "text/plain", hostile);
    let boundary = content_type.split_once("boundary=").unwrap().1;
    let end = format!("\r\n--{boundary}--\r\n");
    let body = String::from_utf8(body).unwrap();
    assert_eq!(body.matches(&end).count(), 1);
    assert!(body.ends_with(&end));
}

#[tokio::test]
async fn sends_a_template_with_named_parameters_and_a_picture() {
    let expected = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+393330000001",
        "type": "template",
        "template": {
            "name": "avviso_meteo",
            "language": { "code": "it" },
            "components": [
                { "type": "header", "parameters": [
                    { "type": "image", "image": { "id": "1003383421387256" } },
                ] },
                { "type": "body", "parameters": [
                    { "type": "text", "parameter_name": "zona", "text": "Centro" },
                    { "type": "text", "parameter_name": "ora", "text": "18:00" },
                ] },
                { "type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [
                    { "type": "payload", "payload": "accept-policy:2026-11-24" },
                ] },
            ],
        },
        "biz_opaque_callback_data": CALLBACK,
    });
    let header = HeaderMedia {
        format: HeaderFormat::Image,
        media_id: "1003383421387256".to_owned(),
        file_name: None,
    };
    let message = Outgoing::Template(FilledTemplate {
        name: "avviso_meteo".to_owned(),
        language: "it".to_owned(),
        parameters: [("zona", "Centro"), ("ora", "18:00")]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into(),
        header: Some(header),
        quick_reply: Some("accept-policy:2026-11-24".to_owned()),
    });
    let sent = Script::play(expected, taken(), async |graph| {
        graph.send(&token(), &number(), To::Phone(&phone()), &message, CALLBACK).await
    });
    assert_eq!(sent.await, Ok(accepted(false)));
}

#[test]
fn a_document_on_top_has_a_name() {
    let header = HeaderMedia {
        format: HeaderFormat::Document,
        media_id: "42".to_owned(),
        file_name: Some("ordinanza.pdf".to_owned()),
    };
    let message = Outgoing::Template(FilledTemplate {
        name: "ordinanza".to_owned(),
        language: "it".to_owned(),
        parameters: Vec::new(),
        header: Some(header),
        quick_reply: None,
    });
    let body = request::message(To::Phone(&phone()), &message, CALLBACK);
    assert_eq!(
        body["template"]["components"],
        json!([{ "type": "header", "parameters": [
            { "type": "document", "document": { "id": "42", "filename": "ordinanza.pdf" } },
        ] }])
    );
}

#[tokio::test]
async fn a_template_without_parameters_has_no_components_and_may_be_held() {
    let expected = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+393330000001",
        "type": "template",
        "template": { "name": "benvenuto", "language": { "code": "it" } },
        "biz_opaque_callback_data": CALLBACK,
    });
    let message = Outgoing::Template(FilledTemplate {
        name: "benvenuto".to_owned(),
        language: "it".to_owned(),
        parameters: Vec::new(),
        header: None,
        quick_reply: None,
    });
    for (status, held) in
        [("accepted", false), ("held_for_quality_assessment", true), ("paused", true)]
    {
        let answer = json!({ "messages": [{ "id": WAMID, "message_status": status }] });
        let answer = (200, answer.to_string());
        let sent = Script::play(expected.clone(), answer, async |graph| {
            graph.send(&token(), &number(), To::Phone(&phone()), &message, CALLBACK).await
        });
        assert_eq!(sent.await, Ok(accepted(held)), "message_status {status}");
    }
}

#[tokio::test]
async fn marks_as_read_with_and_without_typing() {
    let mut expected = json!({
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": WAMID,
    });
    let id = MessageId::new(WAMID);
    for typing in [false, true] {
        if typing {
            expected["typing_indicator"] = json!({ "type": "text" });
        }
        let answer = (200, r#"{"success":true}"#.to_owned());
        let done = Script::play(expected.clone(), answer, async |graph| {
            graph.mark_read(&token(), &number(), &id, typing).await
        });
        assert_eq!(done.await, Ok(()));
    }
    let refused = (400, r#"{"error":{"code":131009}}"#.to_owned());
    let done = Script::play(expected, refused, async |graph| {
        graph.mark_read(&token(), &number(), &id, true).await
    });
    assert_eq!(done.await, Err(Failure::Coded { code: 131_009, http: 400, transient: false }));
}

#[tokio::test]
async fn a_code_of_metas_is_what_counts() {
    let window_closed = json!({ "error": {
        "message": "(#131047) Re-engagement message",
        "type": "OAuthException",
        "code": 131_047,
        "error_data": { "messaging_product": "whatsapp", "details": "to 393330000001" },
        "is_transient": false,
        "fbtrace_id": "AbCdEf",
    } });
    for (status, body, code, transient) in [
        (400, window_closed, 131_047, false),
        (400, json!({ "error": { "code": 130_429, "is_transient": true } }), 130_429, true),
        (500, json!({ "error": { "code": 131_000 } }), 131_000, false),
        (401, json!({ "error": { "code": "190" } }), 190, false),
        (200, json!({ "error": { "code": 2 } }), 2, false),
    ] {
        let want = Failure::Coded { code, http: status, transient };
        assert_eq!(answered(status, body).await, Err(want));
    }
}

#[tokio::test]
async fn without_a_code_the_status_decides() {
    for (status, body, want) in [
        (500, "<html>Error</html>", Failure::ServerError { http: 500 }),
        (503, "", Failure::ServerError { http: 503 }),
        (502, r#"{"error":"bad gateway"}"#, Failure::ServerError { http: 502 }),
        (429, "slow down", Failure::Refused { http: 429 }),
        (404, "<html>Not found</html>", Failure::Refused { http: 404 }),
        (302, "", Failure::Refused { http: 302 }),
        (400, r#"{"error":{"code":null}}"#, Failure::Refused { http: 400 }),
    ] {
        assert_eq!(answered(status, body).await, Err(want), "HTTP {status} {body}");
    }
}

#[tokio::test]
async fn a_success_that_cannot_be_read_may_have_sent_the_message() {
    for body in ["", "garbage", "{}", r#"{"messages":[]}"#, r#"{"messages":[{"id":""}]}"#] {
        assert_eq!(answered(200, body).await, Err(Failure::AnswerLost), "body {body:?}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_loses_the_answer() {
    for half_an_answer in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"messages\":[{\"id\":\"wamid.A\"}",
    ] {
        let graph = graph_at(raw_server(half_an_answer, true));
        assert_eq!(send_text(&graph).await, Err(Failure::AnswerLost), "after {half_an_answer:?}");
    }
}

#[tokio::test]
async fn a_status_line_counts_even_if_the_body_breaks_off() {
    let address = raw_server("HTTP/1.1 503 No\r\ncontent-length: 99\r\n\r\n{", true);
    let sent = send_text(&graph_at(address)).await;
    assert_eq!(sent, Err(Failure::ServerError { http: 503 }));
}

#[tokio::test]
async fn silence_loses_the_answer() {
    let mut graph = graph_at(raw_server("", false));
    graph.timeout = Duration::from_millis(50);
    let sent = tokio::time::timeout(TIMEOUT, send_text(&graph)).await;
    assert_eq!(sent.expect("the client waits no longer"), Err(Failure::AnswerLost));
}

#[tokio::test]
async fn what_never_reached_the_server_was_not_sent() {
    // Bound and let go: nobody listens there.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let without_tls = TcpListener::bind("127.0.0.1:0").unwrap();
    let no_tls = without_tls.local_addr().unwrap();
    thread::spawn(move || without_tls.accept().unwrap().0.write_all(b"HTTP/1.1 400 No\r\n\r\n"));
    for base_url in [
        format!("http://{nobody}"),
        format!("https://{no_tls}"),
        // No resolver takes a label of more than 63 characters.
        format!("http://{}", "a".repeat(64)),
        "no address at all".to_owned(),
    ] {
        let sent = send_text(&Graph::new(&base_url, "v25.0")).await;
        assert_eq!(sent, Err(Failure::NotSent), "at {base_url}");
    }
}

#[tokio::test]
async fn debug_and_errors_show_nobody() {
    let graph = graph_at(TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let failure = send_text(&graph).await.unwrap_err();
    let (phone, user_id) = (phone(), UserId::new("IT.1349120865"));
    let shown = format!(
        "{graph:?} {failure:?} {failure} {:?} {:?} {:?}",
        accepted(true),
        To::Phone(&phone),
        To::UserId(&user_id),
    );
    for personal in ["39333", "IT.", "wamid", "Iscrizione", TOKEN] {
        assert!(!shown.contains(personal), "{personal} in {shown}");
    }
}
