// SPDX-License-Identifier: EUPL-1.2
//! The API: all routes, and what every answer has in common.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::header::CONTENT_TYPE;
use axum::middleware;
use axum::routing::get;

use crate::App;

mod appointments;
mod aside;
mod audit;
mod body;
mod broadcasts;
mod caller;
mod consent;
mod contacts;
mod conversations;
mod desk;
mod gate;
mod import;
mod keys;
mod lines;
mod me;
mod media;
mod moderation;
mod once;
mod openapi;
mod people;
mod poster;
mod preview;
mod problem;
mod proof;
mod reports;
mod requests;
mod retention;
mod rights;
mod routes;
mod scope;
mod shape;
mod templates;
mod trial;
mod version;

pub(crate) use gate::digest_of;
use problem::Problem;
use routes::Routes;

/// Larger than any request there is, smaller than any harm.
const MAX_BODY_BYTES: usize = 1024 * 1024;

pub(crate) fn router(app: App) -> Router {
    let (routes, operations, description) = all().split();
    let document = LazyLock::new(move || {
        let document = openapi::document(description.make());
        Bytes::from(serde_json::to_vec(&document).expect("plain data with text keys"))
    });
    let document = Arc::new(document);
    let document = async move || ([(CONTENT_TYPE, "application/json")], Bytes::clone(&document));
    routes
        .route("/v1/lines/{line}/", get(lines::show))
        .route("/v1/{*rest}", axum::routing::any(unknown))
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state((app.clone(), Arc::new(operations)), audit::logged))
        .layer(middleware::from_fn_with_state(app.clone(), gate::only_known))
        // It says nothing of any line, so it needs no key.
        .route("/v1/openapi.json", get(document))
        .with_state(app)
}

fn all() -> Routes {
    let of_line = [
        lines::routes_of_line(),
        people::routes(),
        keys::routes(),
        audit::routes(),
        templates::routes(),
        broadcasts::routes(),
        preview::routes(),
        trial::routes(),
        contacts::routes(),
        consent::routes(),
        import::routes(),
        poster::routes(),
        conversations::routes(),
        desk::routes(),
        media::routes(),
        moderation::routes(),
        appointments::routes(),
        reports::routes(),
        retention::routes(),
        rights::routes(),
        proof::routes(),
        requests::routes(),
        aside::routes(),
    ];
    let of_line = of_line.into_iter().fold(Routes::default(), Routes::merge);
    lines::routes().merge(me::routes()).merge(of_line.below("/v1/lines/{line}"))
}

async fn unknown() -> Problem {
    Problem::not_found("Questo indirizzo non esiste. Controllare il percorso della richiesta.")
}

async fn wrong_method() -> Problem {
    Problem::wrong_method()
}
