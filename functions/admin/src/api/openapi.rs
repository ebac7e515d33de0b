// SPDX-License-Identifier: EUPL-1.2
//! `/v1/openapi.json`: what the handlers say of themselves, and what all of them have in common.

use axum::http::Method;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder,
    ServerBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use super::problem::Problem;

/// Every operation, with its method.
pub(crate) fn operations(api: &mut OpenApi) -> impl Iterator<Item = (Method, &mut Operation)> {
    api.paths.paths.values_mut().flat_map(operations_at)
}

fn operations_at(it: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let found = [
        (Method::GET, it.get.as_mut()),
        (Method::POST, it.post.as_mut()),
        (Method::PUT, it.put.as_mut()),
        (Method::PATCH, it.patch.as_mut()),
        (Method::DELETE, it.delete.as_mut()),
    ];
    found.into_iter().filter_map(|(method, it)| Some((method, it?)))
}

/// The document, once every route is known: path parameters, errors and the key, which are the
/// same everywhere.
pub(crate) fn document(mut api: OpenApi) -> OpenApi {
    api.info = InfoBuilder::new()
        .title("Filo Diretto")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "L'API con cui gli uffici di un comune parlano con i cittadini su WhatsApp. Gli errori \
             sono application/problem+json (RFC 9457) e dicono che cosa cambiare. Le liste si \
             leggono a pagine con limit e cursor. Una POST che crea o invia accetta \
             Idempotency-Key: ripeterla con la stessa chiave non fa nulla due volte.",
        ))
        .license(Some(utoipa::openapi::LicenseBuilder::new().name("EUPL-1.2").build()))
        .build();
    api.servers = Some(vec![ServerBuilder::new().url("/").build()]);
    let components = api.components.get_or_insert_with(Components::new);
    components.add_security_scheme(
        "key",
        SecurityScheme::Http(Http::builder().scheme(HttpAuthScheme::Bearer).build()),
    );
    components.schemas.insert("Problem".to_owned(), Problem::schema());
    let mut parts = Vec::new();
    Problem::schemas(&mut parts);
    components.schemas.extend(parts);
    for (path, item) in &mut api.paths.paths {
        let names: Vec<_> = path
            .split('/')
            .filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'))
            .map(str::to_owned)
            .collect();
        for operation in
            [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete]
                .into_iter()
                .flatten()
        {
            let parameters = operation.parameters.get_or_insert_default();
            for name in names.iter().rev() {
                parameters.insert(0, RefOr::T(in_path(name)));
            }
        }
    }
    for (method, operation) in operations(&mut api) {
        let mut errors = vec![
            ("401", "Chiave mancante o non valida"),
            ("403", "La chiave non permette questa azione"),
            ("404", "Non trovato"),
            ("422", "Campi non validi"),
            ("503", "Servizio momentaneamente non disponibile"),
        ];
        if method != Method::GET {
            errors.push(("400", "Richiesta non leggibile"));
            errors.push(("409", "Non possibile nello stato attuale"));
            errors.push(("413", "Richiesta troppo grande"));
        }
        for (status, means) in errors {
            let problem = ContentBuilder::new()
                .schema(Some(RefOr::Ref(Ref::from_schema_name("Problem"))))
                .build();
            let response = ResponseBuilder::new()
                .description(means)
                .content("application/problem+json", problem)
                .build();
            let known = &mut operation.responses.responses;
            known.entry(status.to_owned()).or_insert(RefOr::T(response));
        }
    }
    api
}

fn in_path(name: &str) -> Parameter {
    let means = match name {
        "line" => "La linea: un numero WhatsApp di un servizio del comune.",
        "contact" => "Una persona: il suo id, mai il numero.",
        _ => "L'id, come lo danno le risposte.",
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(means))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .build()
}
