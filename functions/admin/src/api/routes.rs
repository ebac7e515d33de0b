// SPDX-License-Identifier: EUPL-1.2
//! Routes, together with what describes them. A function that starts needs the routes alone; their
//! descriptions are made when somebody asks for them.

use std::collections::HashMap;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, on};
use domain::access::Scope;
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{OpenApi, OpenApiBuilder};

use super::openapi;
use crate::App;

/// Handlers of this module, each with the path and the method of its `#[utoipa::path]`.
macro_rules! routes {
    ($($handler:ident),+ $(,)?) => {
        pastey::paste! {{
            #[derive(utoipa::OpenApi)]
            #[openapi(paths($($handler),+))]
            struct Described;
            $crate::api::routes::Routes::described_by(<Described as utoipa::OpenApi>::openapi)
                $(.on::<[<__path_ $handler>], _, _>(&$handler))+
        }}
    };
}
pub(super) use routes;

#[derive(Default)]
pub(crate) struct Routes {
    router: Router<App>,
    parts: Vec<Part>,
    operations: Vec<Named>,
}

/// Routes that were described together.
struct Part {
    prefix: String,
    describe: fn() -> OpenApi,
    /// One of them is needed.
    scopes: &'static [Scope],
}

struct Named {
    method: Method,
    path: String,
    describe: fn() -> Operation,
}

impl Routes {
    pub(crate) fn described_by(describe: fn() -> OpenApi) -> Self {
        let part = Part { prefix: String::new(), describe, scopes: &[] };
        Self { parts: vec![part], ..Self::default() }
    }

    pub(crate) fn on<P, H, T>(mut self, handler: &H) -> Self
    where
        P: utoipa::Path,
        H: Handler<T, App>,
        T: 'static,
    {
        for method in P::methods() {
            let (filter, method) = match method {
                HttpMethod::Get => (MethodFilter::GET, Method::GET),
                HttpMethod::Post => (MethodFilter::POST, Method::POST),
                HttpMethod::Put => (MethodFilter::PUT, Method::PUT),
                HttpMethod::Patch => (MethodFilter::PATCH, Method::PATCH),
                HttpMethod::Delete => (MethodFilter::DELETE, Method::DELETE),
                _ => unreachable!("an operation of another method: {}", P::path()),
            };
            self.router = self.router.route(&P::path(), on(filter, handler.clone()));
            self.operations.push(Named { method, path: P::path(), describe: P::operation });
        }
        self
    }

    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self.operations.extend(other.operations);
        Self { router: self.router.merge(other.router), ..self }
    }

    /// Puts all of them below a path.
    pub(crate) fn below(mut self, prefix: &str) -> Self {
        for it in &mut self.parts {
            it.prefix = below(prefix, &it.prefix);
        }
        for it in &mut self.operations {
            it.path = below(prefix, &it.path);
        }
        Self { router: Router::new().nest(prefix, self.router), ..self }
    }

    /// Says of all of them that one of these scopes is needed; who checks it is [`super::caller`].
    pub(crate) fn need(mut self, scopes: &'static [Scope]) -> Self {
        for it in &mut self.parts {
            it.scopes = scopes;
        }
        self
    }

    pub(crate) fn map(self, change: impl FnOnce(Router<App>) -> Router<App>) -> Self {
        Self { router: change(self.router), ..self }
    }

    pub(crate) fn split(self) -> (Router<App>, Operations, Description) {
        let operations = self.operations.into_iter();
        let operations = operations.map(|it| ((it.method, it.path), it.describe)).collect();
        (self.router, Operations(operations), Description(self.parts))
    }
}

fn below(prefix: &str, path: &str) -> String {
    format!("{prefix}{}", if path == "/" { "" } else { path })
}

/// Every operation, by method and path.
pub(crate) struct Operations(HashMap<(Method, String), fn() -> Operation>);

impl Operations {
    pub(crate) fn name(&self, method: &Method, path: &str) -> Option<String> {
        // Whoever asks for the head of an answer reads it all the same.
        let method = if *method == Method::HEAD { Method::GET } else { method.clone() };
        self.0.get(&(method, path.to_owned()))?().operation_id
    }
}

/// What describes the routes, not yet made.
pub(crate) struct Description(Vec<Part>);

impl Description {
    pub(crate) fn make(&self) -> OpenApi {
        let mut all = OpenApiBuilder::new().build();
        for part in &self.0 {
            let mut api = (part.describe)();
            let paths = std::mem::take(&mut api.paths.paths).into_iter();
            api.paths.paths = paths.map(|(it, item)| (below(&part.prefix, &it), item)).collect();
            let one_of = part.scopes.iter().map(|it| SecurityRequirement::new("key", [it.name()]));
            let one_of: Vec<_> = one_of.collect();
            if !one_of.is_empty() {
                for (_, operation) in openapi::operations(&mut api) {
                    operation.security = Some(one_of.clone());
                }
            }
            all.merge(api);
        }
        all
    }
}
