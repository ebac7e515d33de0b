// SPDX-License-Identifier: EUPL-1.2
//! Request bodies: JSON read strictly, with a pointer to what is wrong.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::Method;
use serde::de::DeserializeOwned;

use super::problem::{FieldError, Problem};

/// A JSON body, with its bytes for the idempotency key.
pub(crate) struct Body<T> {
    pub(crate) value: T,
    pub(crate) bytes: Bytes,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let changes = request.method() == Method::PATCH;
        let bytes = Bytes::from_request(request, state).await.map_err(|_| Problem::too_large())?;
        if bytes.is_empty() && changes {
            return Err(malformed());
        }
        // Actions have nothing to say and may say nothing.
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        // serde would take a list for an object, field by field.
        if text.trim_ascii_start().starts_with(b"[") {
            return Err(malformed());
        }
        let mut reader = serde_json::Deserializer::from_slice(text);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|err| problem(&err))?;
        reader.end().map_err(|_| malformed())?;
        Ok(Self { value, bytes })
    }
}

fn malformed() -> Problem {
    Problem::malformed("Il corpo della richiesta deve essere un solo oggetto JSON valido.")
}

/// serde says what is wrong in English and quotes values: we say it again in our own words.
fn problem(err: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    if !err.inner().is_data() {
        return malformed();
    }
    let said = err.inner().to_string();
    let name = said.split('`').nth(1).unwrap_or_default();
    let at = pointer(err.path());
    let error = if said.starts_with("missing field") {
        FieldError::new(format!("{at}/{name}"), "Questo campo è obbligatorio: aggiungerlo.")
    } else if said.starts_with("unknown field") {
        // The path already ends in the field's name, or stops at its parent.
        let at = at.strip_suffix(&format!("/{name}")).unwrap_or(&at);
        FieldError::new(format!("{at}/{name}"), "Questo campo non esiste: toglierlo.")
    } else if said.starts_with("unknown variant") {
        FieldError::new(at, one_of(&said))
    } else {
        FieldError::new(at, "Il tipo di questo valore non è quello giusto.")
    };
    Problem::invalid(vec![error])
}

/// `unknown variant x, expected one of a, b` with the names in ticks: those after the first are ours.
pub(crate) fn one_of(said: &str) -> String {
    let known: Vec<_> = said.split('`').skip(3).step_by(2).collect();
    format!("Usare uno di: {}.", known.join(", "))
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}
