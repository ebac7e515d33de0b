// SPDX-License-Identifier: EUPL-1.2
//! Who makes a request, and what they may do.

use std::collections::HashMap;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::middleware::{self, Next};
use axum::response::Response;
use domain::access::Scope;
use domain::ids::LineId;
use utoipa::openapi::security::SecurityRequirement;
use utoipa_axum::router::OpenApiRouter;

use super::openapi::operations;
use super::problem::Problem;
use crate::App;

/// Whoever showed a key that is right.
#[derive(Clone)]
pub(crate) struct Caller {
    name: String,
}

impl Caller {
    /// The key with every permission on every line.
    pub(crate) fn root() -> Self {
        Self { name: "api".to_owned() }
    }

    /// For the desk's colleagues and the audit log. Never a citizen's.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether there is anything on the line that they may do.
    pub(crate) fn knows(&self, _: &LineId) -> bool {
        true
    }

    pub(crate) fn may(&self, line: &LineId, _: Scope) -> bool {
        self.knows(line)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::unauthorized)
    }
}

/// Routes of a line for who has one of the scopes; their descriptions say so.
pub(crate) fn needs(
    scopes: &'static [Scope],
    mut routes: OpenApiRouter<App>,
) -> OpenApiRouter<App> {
    let one_of: Vec<_> =
        scopes.iter().map(|it| SecurityRequirement::new("key", [it.name()])).collect();
    for (_, operation) in operations(routes.get_openapi_mut()) {
        operation.security = Some(one_of.clone());
    }
    routes.route_layer(middleware::from_fn_with_state(scopes, only_with_scope))
}

async fn only_with_scope(
    State(scopes): State<&'static [Scope]>,
    path: Result<Path<HashMap<String, String>>, PathRejection>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    // What is not even text is the name of nothing.
    let line = path.ok().and_then(|Path(mut it)| it.remove("line")).unwrap_or_default();
    let line = LineId::new(line);
    if !caller.knows(&line) {
        return Err(Problem::unknown_line());
    }
    if !scopes.iter().any(|it| caller.may(&line, *it)) {
        return Err(Problem::forbidden(scopes));
    }
    Ok(next.run(request).await)
}
