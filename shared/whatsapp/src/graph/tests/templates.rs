// SPDX-License-Identifier: EUPL-1.2
//! Templates of an account.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Query;
use axum::routing::{MethodRouter, get, post};
use domain::cost::Category;
use domain::line::{self, Template};

use super::*;

fn template() -> Template {
    Template {
        name: "prova_strada".to_owned(),
        language: "it".to_owned(),
        category: line::Category::Utility,
        topic: None,
        header: Some("Strada chiusa".to_owned()),
        header_media: None,
        body: "Avviso: chiusa {{strada}} fino a sera.".to_owned(),
        footer: Some("Scrivi BASTA".to_owned()),
        parameters: vec!["strada".to_owned()],
        examples: BTreeMap::from([("strada".to_owned(), "via Roma".to_owned())]),
        valid_hours: Some(6),
        quick_reply: Some("Ho letto".to_owned()),
    }
}

/// What Meta must be given.
fn submission() -> Value {
    json!({
        "name": "prova_strada",
        "language": "it",
        "category": "UTILITY",
        "parameter_format": "NAMED",
        "message_send_ttl_seconds": 21_600,
        "components": [
            { "type": "HEADER", "format": "TEXT", "text": "Strada chiusa" },
            {
                "type": "BODY",
                "text": "Avviso: chiusa {{strada}} fino a sera.",
                "example": { "body_text_named_params": [
                    { "param_name": "strada", "example": "via Roma" },
                ] },
            },
            { "type": "FOOTER", "text": "Scrivi BASTA" },
            { "type": "BUTTONS", "buttons": [{ "type": "QUICK_REPLY", "text": "Ho letto" }] },
        ],
    })
}

/// A Graph API with this behind the templates of one account.
async fn serving(templates: MethodRouter) -> Graph {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let graph = graph_at(listener.local_addr().unwrap());
    let router = Router::new().route("/v25.0/300/message_templates", templates);
    tokio::spawn(async move { axum::serve(listener, router).await });
    graph
}

async fn submitted(answer: (u16, Value)) -> Result<Submitted, NotTaken> {
    let (status, answer) = answer;
    let handler = async move |Json(body): Json<Value>| {
        assert_eq!(body, submission());
        (StatusCode::from_u16(status).unwrap(), Json(answer))
    };
    let graph = serving(post(handler)).await;
    graph.create_template(&token(), "300", &template(), None).await
}

#[tokio::test]
async fn submits_a_template_and_says_in_which_category_it_is() {
    let answer = json!({ "id": "1", "status": "PENDING", "category": "MARKETING" });
    let got = submitted((200, answer)).await.unwrap();
    assert_eq!((got.status.as_str(), got.category), ("PENDING", Category::Marketing));
}

#[tokio::test]
async fn a_file_on_top_is_shown_to_who_reviews_it() {
    let handler = async |Json(body): Json<Value>| {
        let header = json!({
            "type": "HEADER", "format": "IMAGE", "example": { "header_handle": ["4::aW1n:x"] },
        });
        assert_eq!(body["components"][0], header);
        Json(json!({ "status": "PENDING", "category": "UTILITY" }))
    };
    let graph = serving(post(handler)).await;
    let header_media = Some(line::HeaderFormat::Image);
    let pictured = Template { header: None, header_media, ..template() };
    graph.create_template(&token(), "300", &pictured, Some("4::aW1n:x")).await.unwrap();
}

/// What Meta was asked while a file was uploaded as an example, and the handle.
async fn example(session: &'static str) -> (Vec<String>, Result<String, Failure>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    let handler = move |request: Request| async move {
        let (head, body) = request.into_parts();
        let body = to_bytes(body, 100).await.unwrap();
        let header = |name| head.headers.get(name).map_or("", |it| it.to_str().unwrap());
        let (token, offset) = (header("authorization"), header("file_offset"));
        let body = String::from_utf8_lossy(&body);
        keep.lock().unwrap().push(format!("{} {} {token} {offset} {body}", head.method, head.uri));
        match head.uri.path() {
            "/v25.0/app/uploads" => Json(json!({ "id": session })),
            _ => Json(json!({ "h": "4::aW1n:x" })),
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let graph = graph_at(listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
    let handle = graph.upload_example(&token(), "immagine.png", "image/png", b"png").await;
    let seen = seen.lock().unwrap().clone();
    (seen, handle)
}

#[tokio::test]
async fn an_example_is_uploaded_in_two_steps() {
    let (seen, handle) = example("upload:MTphdA==?sig=AR_Z").await;
    assert_eq!(handle.as_deref(), Ok("4::aW1n:x"));
    assert_eq!(
        seen,
        [
            "POST /v25.0/app/uploads?file_name=immagine.png&file_length=3&file_type=image%2Fpng \
             Bearer EAAexample  ",
            "POST /v25.0/upload:MTphdA==?sig=AR_Z OAuth EAAexample 0 png",
        ]
    );
    let (seen, handle) = example("1234/messages").await;
    assert_eq!((seen.len(), handle), (1, Err(Failure::AnswerLost)), "no session");
}

#[tokio::test]
async fn a_refusal_keeps_what_says_why() {
    let error = json!({ "error": { "code": 100, "error_subcode": 2_388_024, "message": "x" } });
    let got = submitted((400, error)).await.unwrap_err();
    let failure = Failure::Coded { code: 100, http: 400, transient: false };
    assert_eq!(got, NotTaken { failure, subcode: Some(2_388_024) });
}

#[tokio::test]
async fn reads_every_page_of_the_list() {
    async fn page(Query(asked): Query<BTreeMap<String, String>>) -> Json<Value> {
        Json(match asked.get("after").map(String::as_str) {
            None => json!({
                "data": [{
                    "name": "uno", "language": "en-US", "status": "REJECTED",
                    "category": "UTILITY", "rejected_reason": "SCAM",
                    "quality_score": { "score": "GREEN" },
                    "components": [
                        { "type": "HEADER", "format": "TEXT", "text": "Su" },
                        { "type": "BODY", "text": "Testo" },
                        { "type": "FOOTER", "text": "Giù" },
                        { "type": "BUTTONS", "buttons": [{ "type": "QUICK_REPLY", "text": "Sì" }] },
                    ],
                }],
                "paging": { "cursors": { "after": "x" }, "next": "https://example.org" },
            }),
            Some("x") => json!({
                "data": [{
                    "name": "due",
                    "components": [{ "type": "HEADER", "format": "IMAGE", "example": {} }],
                }],
                "paging": { "cursors": {} },
            }),
            Some(other) => panic!("no such page: {other}"),
        })
    }
    let graph = serving(get(page)).await;
    let listed = graph.templates(&token(), "300").await.unwrap();
    assert_eq!(listed.len(), 2);
    let it = &listed[0];
    assert_eq!((it.name.as_str(), it.language.as_str()), ("uno", "en_US"));
    assert_eq!((it.quality.as_deref(), it.rejected_for.as_deref()), (Some("green"), Some("SCAM")));
    assert_eq!((it.header.as_deref(), it.buttons.len()), (Some("Su"), 1));
    assert_eq!(it.header_media, None);
    let it = &listed[1];
    assert_eq!((it.header.as_deref(), it.header_media.as_deref()), (None, Some("image")));
    assert_eq!((listed[1].quality.as_deref(), listed[1].body.as_str()), (None, ""));
}
