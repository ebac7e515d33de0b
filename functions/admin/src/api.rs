// SPDX-License-Identifier: EUPL-1.2
//! Routes of the API, who may use them, and what every answer has in common.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::header::CONTENT_TYPE;
use axum::middleware;
use axum::routing::get;
use domain::access::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

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
mod scope;
mod shape;
mod templates;
mod trial;
mod version;

use caller::needs;
pub(crate) use gate::digest_of;
use problem::Problem;

/// Larger than any request there is, smaller than any harm.
const MAX_BODY_BYTES: usize = 1024 * 1024;

pub(crate) fn router(app: App) -> Router {
    let (routes, mut api) = routes().split_for_parts();
    let operations = Arc::new(audit::Operations::of(&mut api));
    let document: Bytes = serde_json::to_vec(&openapi::document(api))
        .expect("a document is plain data with text keys")
        .into();
    let document = async move || ([(CONTENT_TYPE, "application/json")], document);
    routes
        .route("/v1/lines/{line}/", get(lines::show))
        .route("/v1/{*rest}", axum::routing::any(unknown))
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state((app.clone(), operations), audit::logged))
        .layer(middleware::from_fn_with_state(app.clone(), gate::only_known))
        // It says nothing of any line, so it needs no key.
        .route("/v1/openapi.json", get(document))
        .with_state(app)
}

/// Every route with its description, and which scope it needs.
fn routes() -> OpenApiRouter<App> {
    let counts = OpenApiRouter::new()
        .routes(routes!(broadcasts::list))
        .routes(routes!(broadcasts::show))
        .routes(routes!(preview::preview))
        .routes(routes!(reports::broadcast))
        .routes(routes!(contacts::count));
    let broadcasts = OpenApiRouter::new()
        .routes(routes!(broadcasts::create))
        .routes(routes!(broadcasts::edit, broadcasts::delete))
        .routes(routes!(trial::send))
        .routes(routes!(broadcasts::schedule))
        .routes(routes!(broadcasts::pause))
        .routes(routes!(broadcasts::resume))
        .routes(routes!(broadcasts::cancel))
        .routes(routes!(broadcasts::resend_unresolved));
    let people = OpenApiRouter::new()
        .routes(routes!(broadcasts::deliveries))
        .routes(routes!(reports::broadcast_csv))
        .routes(routes!(contacts::subscribers));
    let person =
        OpenApiRouter::new().routes(routes!(contacts::search)).routes(routes!(contacts::show));
    let reports = OpenApiRouter::new()
        .routes(routes!(reports::costs))
        .routes(routes!(reports::policy))
        .routes(routes!(reports::subscribers))
        .routes(routes!(reports::subscribers_csv))
        .routes(routes!(reports::subscribers_svg));
    let privacy = OpenApiRouter::new()
        .routes(routes!(rights::erase))
        .routes(routes!(rights::export))
        .routes(routes!(proof::json))
        .routes(routes!(proof::html))
        .routes(routes!(requests::record))
        .routes(routes!(requests::list))
        .routes(routes!(requests::show))
        .routes(routes!(requests::close))
        .routes(routes!(requests::told))
        .routes(routes!(retention::report));
    let line = OpenApiRouter::new()
        .merge(needs(&Scope::ALL, OpenApiRouter::new().routes(routes!(lines::show))))
        .merge(needs(&[Scope::BroadcastWrite, Scope::BroadcastApprove, Scope::Reports], counts))
        .merge(needs(&[Scope::BroadcastWrite], broadcasts))
        .merge(needs(
            &[Scope::BroadcastApprove],
            OpenApiRouter::new().routes(routes!(broadcasts::approve)),
        ))
        .merge(needs(&[Scope::SubscribersRead], people))
        .merge(needs(&[Scope::SubscribersRead, Scope::Desk, Scope::Privacy], person))
        .merge(needs(
            &[Scope::Desk, Scope::Privacy],
            OpenApiRouter::new().routes(routes!(consent::record)),
        ))
        .merge(needs(&[Scope::Desk], conversations::routes().merge(desk::routes())))
        .merge(appointments::routes())
        .merge(import::routes())
        .merge(poster::routes())
        .merge(media::routes())
        .merge(needs(&[Scope::Reports], reports))
        .merge(needs(&[Scope::Privacy], privacy))
        .merge(needs(&[Scope::Admin], OpenApiRouter::new().routes(routes!(aside::list))));
    let line = line.merge(people::routes());
    let line = line.merge(keys::routes()).merge(audit::routes()).merge(templates::routes());
    let line = line.merge(moderation::routes());
    OpenApiRouter::new()
        .routes(routes!(lines::list))
        .routes(routes!(me::show))
        .nest("/v1/lines/{line}", line)
}

async fn unknown() -> Problem {
    Problem::not_found("Questo indirizzo non esiste. Controllare il percorso della richiesta.")
}

async fn wrong_method() -> Problem {
    Problem::wrong_method()
}
