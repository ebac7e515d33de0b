// SPDX-License-Identifier: EUPL-1.2
//! The line's poster, to be printed.

use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use domain::access::Scope;
use domain::line::Line;
use domain::poster::{self, Poster};

use super::caller::needs;
use super::problem::Problem;
use super::routes::{Routes, routes};
use super::scope::OfLine;

/// It says nothing that does not hang on a wall, so every key of the line gets it.
pub(crate) fn routes() -> Routes {
    needs(&Scope::ALL, routes!(svg, pdf))
}

/// An A4 poster with a QR code that opens a chat in which the opt-in word is written, as SVG.
#[utoipa::path(get, path = "/poster.svg", tag = "lines", operation_id = "poster.svg",
    responses((status = 200, body = String, content_type = "image/svg+xml"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn svg(OfLine(line): OfLine) -> Result<Response, Problem> {
    Ok(([(CONTENT_TYPE, "image/svg+xml")], drawn(&line)?.svg()).into_response())
}

/// The same as PDF, ready to print.
#[utoipa::path(get, path = "/poster.pdf", tag = "lines", operation_id = "poster.pdf",
    responses((status = 200, body = String, content_type = "application/pdf"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn pdf(OfLine(line): OfLine) -> Result<Response, Problem> {
    let file = format!("inline; filename=\"locandina-{}.pdf\"", line.id);
    let headers = [(CONTENT_TYPE, "application/pdf".to_owned()), (CONTENT_DISPOSITION, file)];
    Ok((headers, drawn(&line)?.pdf()).into_response())
}

fn drawn(line: &Line) -> Result<Poster, Problem> {
    poster::draw(line).map_err(|err| Problem::conflict(err.to_string()))
}
