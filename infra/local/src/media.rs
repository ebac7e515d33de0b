// SPDX-License-Identifier: EUPL-1.2
//! Files by their signed addresses, as S3 serves and takes them on AWS.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use platform::clock::{Clock, Shifted};
use platform::media::{FilesError, Folder, LOCAL_PATH};
use tracing::error;

/// The largest file that WhatsApp knows.
const MAX_BYTES: usize = 100 * 1024 * 1024;

#[derive(Clone)]
struct Served {
    folder: Folder,
    clock: Clock,
}

pub(crate) fn routes(folder: Folder, clock: Shifted) -> Router {
    Router::new()
        .route(&format!("{LOCAL_PATH}/{{*rest}}"), get(show).put(bring))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
        .with_state(Served { folder, clock: Clock::Shifted(clock) })
}

/// Whatever is in the file, a browser runs nothing of it.
async fn show(State(it): State<Served>, Path(rest): Path<String>) -> Response {
    let Some(asked) = it.folder.asked("GET", &rest, it.clock.now()) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    match it.folder.read(&asked.name, u64::MAX).await {
        Ok(Some((bytes, _))) => {
            let headers = [
                (CONTENT_TYPE, asked.content_type),
                (CONTENT_DISPOSITION, asked.disposition),
                (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
                (CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned()),
                (CACHE_CONTROL, "no-store".to_owned()),
            ];
            (headers, bytes).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(err) => failed(&err),
    }
}

/// As many bytes as were announced, of the type that was announced.
async fn bring(
    State(it): State<Served>,
    Path(rest): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    let asked = it.folder.asked("PUT", &rest, it.clock.now());
    let content_type = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let asked = asked.filter(|it| {
        it.bytes == bytes.len() as u64 && content_type == Some(it.content_type.as_str())
    });
    let Some(asked) = asked else { return StatusCode::FORBIDDEN.into_response() };
    match it.folder.keep(&asked.name, bytes.to_vec()).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(err) => failed(&err),
    }
}

fn failed(err: &FilesError) -> Response {
    error!("file not served: {err}");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
