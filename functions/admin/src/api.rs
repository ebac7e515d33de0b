// SPDX-License-Identifier: EUPL-1.2
//! Routes of the API, who may use them, and what every answer has in common.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use domain::broadcast::Action;

use crate::App;

mod aside;
mod body;
mod broadcasts;
mod consent;
mod contacts;
mod conversations;
mod lines;
mod once;
mod preview;
mod problem;
mod proof;
mod reports;
mod requests;
mod retention;
mod rights;
mod scope;
mod shape;

use problem::Problem;

/// Larger than any request there is, smaller than any harm.
const MAX_BODY_BYTES: usize = 1024 * 1024;

pub(crate) fn router(app: App) -> Router {
    let line = Router::new()
        .route("/", get(lines::show))
        .route("/broadcasts", get(broadcasts::list).post(broadcasts::create))
        .route("/broadcasts/{id}", get(broadcasts::show))
        .route("/broadcasts/{id}/preview", post(preview::preview))
        .route("/broadcasts/{id}/schedule", post(broadcasts::schedule))
        .route("/broadcasts/{id}/approve", broadcasts::acts(Action::Approve))
        .route("/broadcasts/{id}/pause", broadcasts::acts(Action::Pause))
        .route("/broadcasts/{id}/resume", broadcasts::acts(Action::Resume))
        .route("/broadcasts/{id}/cancel", broadcasts::acts(Action::Cancel))
        .route("/broadcasts/{id}/resend-unresolved", broadcasts::acts(Action::ResendUnresolved))
        .route("/broadcasts/{id}/deliveries", get(broadcasts::deliveries))
        .route("/broadcasts/{id}/report", get(reports::broadcast))
        .route("/broadcasts/{id}/report.csv", get(reports::broadcast_csv))
        .route("/reports/costs", get(reports::costs))
        .route("/reports/retention", get(retention::report))
        .route("/reports/policy", get(reports::policy))
        .route("/reports/subscribers", get(reports::subscribers))
        .route("/subscribers", get(contacts::subscribers))
        .route("/subscribers/count", get(contacts::count))
        .route("/contacts/search", post(contacts::search))
        .route("/contacts/{id}", get(contacts::show).delete(rights::erase))
        .route("/contacts/{id}/export", get(rights::export))
        .route("/contacts/{id}/consent", post(consent::record))
        .route("/contacts/{id}/requests", post(requests::record))
        .route("/contacts/{id}/proof", get(proof::json))
        .route("/contacts/{id}/proof.html", get(proof::html))
        .route("/aside", get(aside::list))
        .route("/requests", get(requests::list))
        .route("/requests/{number}", get(requests::show))
        .route("/requests/{number}/close", post(requests::close))
        .route("/requests/{number}/told", post(requests::told))
        .route("/conversations", get(conversations::list))
        .route(
            "/conversations/{contact}/messages",
            get(conversations::messages).post(conversations::answer),
        );
    Router::new()
        .route("/v1/lines", get(lines::list))
        .route("/v1/lines/{line}/", get(lines::show))
        .nest("/v1/lines/{line}", line)
        .route("/v1/{*rest}", axum::routing::any(unknown))
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(app.clone(), only_with_key))
        .with_state(app)
}

/// Nothing is looked at, not even the path, before the key is right.
async fn only_with_key(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let given = request.headers().get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let given = given.and_then(|it| it.strip_prefix("Bearer ")).unwrap_or_default();
    if !app.api_key.matches(given) {
        return Err(Problem::unauthorized());
    }
    Ok(next.run(request).await)
}

async fn unknown() -> Problem {
    Problem::not_found("Questo indirizzo non esiste. Controllare il percorso della richiesta.")
}

async fn wrong_method() -> Problem {
    Problem::wrong_method()
}
