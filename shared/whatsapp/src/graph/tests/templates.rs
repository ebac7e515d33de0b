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
    graph.create_template(&token(), "300", &template()).await
}

#[tokio::test]
async fn submits_a_template_and_says_in_which_category_it_is() {
    let answer = json!({ "id": "1", "status": "PENDING", "category": "MARKETING" });
    let got = submitted((200, answer)).await.unwrap();
    assert_eq!((got.status.as_str(), got.category), ("PENDING", Category::Marketing));
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
