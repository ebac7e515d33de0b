// SPDX-License-Identifier: EUPL-1.2
//! Files that show Meta's reviewers what a template has on top: uploaded to an app in two calls, then
//! named by their handle.
//!
//! Sources: Graph API, Resumable Upload API and application/uploads; Meta's Cloud API collection, where
//! `app` is the app of the token.

use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::book::{self, Upload};
use super::errors::Refusal;
use super::graph::{Answer, app_of, calling_app};
use super::inbound::random_name;
use super::{Meta, lock};

const TYPES: [&str; 5] = ["application/pdf", "image/jpeg", "image/jpg", "image/png", "video/mp4"];

/// Every session's id ends so, as a reminder that it has a query of its own.
const SIGNATURE: &str = "ARsimulated";

type Asked = HashMap<String, String>;

/// Begins an upload.
pub(crate) async fn begin(
    State(meta): State<Meta>,
    Path((_, id)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Answer {
    let app = calling_app(&meta, &headers)?;
    if id != "app" && id != app.id {
        return Err(Refusal::no_such_object());
    }
    if !lock(&meta.0.standing).develops_app {
        return Err(Refusal::new(200, "The user is no administrator or developer of the app."));
    }
    let needed = |name: &str| {
        let value = asked.get(name).filter(|it| !it.is_empty());
        value.ok_or_else(|| Refusal::new(100, format!("The parameter {name} is required.")))
    };
    needed("file_name")?;
    let mime_type = needed("file_type")?.clone();
    if !TYPES.contains(&mime_type.as_str()) {
        return Err(Refusal::new(100, "The file_type is not one of the accepted."));
    }
    let length = needed("file_length")?.parse().ok().filter(|it| *it > 0);
    let length = length.ok_or_else(|| Refusal::new(100, "The file_length is not a size."))?;
    let session = format!("upload:{}", random_name());
    let upload = Upload { session, app: app.id, mime_type, length };
    meta.transact(|db| book::add_upload(db, &upload))?;
    Ok(Json(json!({"id": format!("{}?sig={SIGNATURE}", upload.session)})))
}

/// Takes the bytes of an upload, all at once.
pub(crate) async fn take(
    State(meta): State<Meta>,
    Path((_, session)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let token = headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let app = app_of(&meta, token.and_then(|it| it.strip_prefix("OAuth ")))?;
    let upload = meta.transact(|db| book::upload(db, &session))?;
    let upload = upload.filter(|it| it.app == app.id).ok_or_else(Refusal::no_such_object)?;
    if asked.get("sig").is_none_or(|it| it != SIGNATURE) {
        return Err(Refusal::new(100, "The session is not signed."));
    }
    if headers.get("file_offset").is_none_or(|it| it != "0") {
        return Err(Refusal::new(100, "The header file_offset is required."));
    }
    if i64::try_from(body.len()).ok() != Some(upload.length) {
        return Err(Refusal::new(100, "The file has another length than was said."));
    }
    let handle = format!("4::{}:{}", STANDARD.encode(&upload.mime_type), random_name());
    meta.transact(|db| book::finish_upload(db, &session, &handle))?;
    Ok(Json(json!({"h": handle})))
}

/// Whether a submission of this app shows a file like the one that it has on top.
pub(crate) fn check_example(meta: &Meta, app: &str, body: &Value) -> Result<(), Refusal> {
    let mut components = body["components"].as_array().into_iter().flatten();
    let Some(header) = components.find(|it| it["type"] == "HEADER") else { return Ok(()) };
    let of_format: &[&str] = match header["format"].as_str().unwrap_or_default() {
        "TEXT" | "LOCATION" => return Ok(()),
        "IMAGE" => &["image/jpeg", "image/jpg", "image/png"],
        "VIDEO" => &["video/mp4"],
        "DOCUMENT" => &["application/pdf"],
        _ => return Err(Refusal::new(100, "The header's format is not one of the accepted.")),
    };
    let Some(handle) = header["example"]["header_handle"][0].as_str() else {
        return Err(Refusal::of_template(
            2_388_043,
            "component of type HEADER is missing expected field(s) (example)",
        ));
    };
    let uploaded = meta.transact(|db| book::uploaded(db, handle))?;
    match uploaded.filter(|it| it.app == app) {
        Some(it) if of_format.contains(&it.mime_type.as_str()) => Ok(()),
        Some(_) => Err(Refusal::new(100, "The uploaded file has not the format of the header.")),
        None => Err(Refusal::new(100, "The handle is not one of an uploaded file.")),
    }
}
