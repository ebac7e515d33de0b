// SPDX-License-Identifier: EUPL-1.2
//! The few pages of signing in, in the office's words.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use domain::access::Role;
use domain::line::Line;
use domain::proof::escaped;

/// A page that loads nothing, is in no frame, and sends forms only to where it came from.
const ONLY_ITSELF: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                           frame-ancestors 'none'; base-uri 'none'";

const STYLE: &str = "body{font:1.1rem/1.5 sans-serif;max-width:40rem;margin:3rem auto;padding:0 \
                     1rem}button{font:inherit;padding:.5rem 1rem;margin:.2rem 0}";

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, ONLY_ITSELF),
        (CACHE_CONTROL, "no-store"),
    ];
    let page = format!(
        "<!doctype html><html lang=\"it\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title} - Filo Diretto</title><style>{STYLE}\
         </style><main><h1>{title}</h1>{body}</main></html>"
    );
    (status, headers, page).into_response()
}

const AGAIN: &str = "<p><a href=\"/sign-in\">Accedi</a></p>";

/// Something did not work; what to do instead.
pub(crate) fn refused(status: StatusCode, why: &str) -> Response {
    page(status, "Accesso non riuscito", &format!("<p>{}</p>{AGAIN}", escaped(why)))
}

pub(crate) fn off() -> Response {
    let body = "<p>In questa installazione l'accesso con il browser non è attivo.</p>";
    page(StatusCode::NOT_FOUND, "Accesso non attivo", body)
}

pub(crate) fn out() -> Response {
    page(StatusCode::OK, "Sei uscito", AGAIN)
}

/// Somebody who is in: who they are, and on which lines.
pub(crate) fn inside(name: &str, roles: &[(&Line, Role)]) -> Response {
    let rows = roles.iter().map(|(line, role)| {
        let (comune, service) = (escaped(&line.comune.name), escaped(&line.service));
        ["<li>", &comune, ", ", &service, ": ", role.in_words(), "</li>"].concat()
    });
    let rows: String = rows.collect();
    let body = format!(
        "<p>{}</p><ul>{rows}</ul><form method=\"post\" action=\"/sign-out\"><button>Esci\
         </button></form>",
        escaped(name)
    );
    page(StatusCode::OK, "Hai effettuato l'accesso", &body)
}

/// The people of a demonstration, one for each role.
pub(crate) fn choice() -> Response {
    let rows = Role::ALL.map(|it| {
        let (name, words) = (it.name(), it.in_words());
        format!("<li><button name=\"role\" value=\"{name}\">{words}</button></li>")
    });
    let rows = rows.concat();
    let body = format!(
        "<p>Su questo computer si entra senza password, come una persona di prova. In un comune \
         vero accede chi è stato invitato, con il suo account.</p><form method=\"post\" \
         action=\"/sign-in/local\"><ul>{rows}</ul></form>"
    );
    page(StatusCode::OK, "Scegli chi sei", &body)
}
