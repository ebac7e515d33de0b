// SPDX-License-Identifier: EUPL-1.2
//! Errors as `application/problem+json` (RFC 9457): a stable `type`, an Italian `title`, a
//! `detail` that says what to change, and a JSON pointer for every bad field.

use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::access::Scope;
use domain::all_clear::NoAllClear;
use domain::approval::NoApproval;
use domain::broadcast::NotAllowed;
use domain::doubt::NoResend;
use serde::Serialize;
use store::StoreError;
use tracing::error;
use utoipa::ToSchema;

/// RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Stable, for programs: `invalid-fields`.
    #[serde(rename = "type")]
    #[schema(example = "invalid-fields")]
    slug: &'static str,
    title: &'static str,
    status: u16,
    /// What to change.
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// What is wrong with one field of the request.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// JSON pointer (RFC 6901): `/message/template/name`.
    pub(crate) pointer: String,
    pub(crate) detail: String,
}

impl FieldError {
    pub(crate) fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

impl Problem {
    fn new(
        status: StatusCode,
        slug: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let (status, detail) = (status.as_u16(), detail.into());
        Self { slug, title, status, detail, errors: Vec::new() }
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// Whether the same request may be answered otherwise in a moment.
    pub(crate) fn passes(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE.as_u16()
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Chiave mancante o non valida",
            "Inviare l'intestazione Authorization: Bearer con una chiave valida.",
        )
    }

    /// A browser was made to ask this by another page.
    pub(crate) fn from_elsewhere() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "from-elsewhere",
            "Richiesta da un'altra pagina",
            "Chi ha effettuato l'accesso con il browser invia anche l'intestazione X-Filo-Diretto.",
        )
    }

    pub(crate) fn forbidden(scopes: &[Scope]) -> Self {
        let names: Vec<_> = scopes.iter().map(|it| it.name()).collect();
        let detail = format!(
            "Per questa azione serve il permesso {}. Chiederlo a chi amministra la linea.",
            names.join(" oppure ")
        );
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Permesso mancante", detail)
    }

    /// The same for a line that is not there and for one that is another's.
    pub(crate) fn unknown_line() -> Self {
        Self::not_found("Questa linea non esiste, o la chiave non la riguarda.")
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Non trovato", detail)
    }

    pub(crate) fn wrong_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "Metodo non ammesso",
            "Questo indirizzo esiste, ma non con questo metodo HTTP.",
        )
    }

    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed-request", "Richiesta non leggibile", detail)
    }

    pub(crate) fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "Richiesta troppo grande",
            "Una richiesta può avere al massimo 1 MiB.",
        )
    }

    pub(crate) fn file_too_large() -> Self {
        let detail = "Un file inviato così può avere al massimo 4 MiB: per uno più grande usare \
                      POST /media/uploads.";
        Self { detail: detail.to_owned(), ..Self::too_large() }
    }

    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = "Correggere i campi indicati in errors e ripetere la richiesta.";
        let (status, title) = (StatusCode::UNPROCESSABLE_ENTITY, "Campi non validi");
        Self { errors, ..Self::new(status, "invalid-fields", title, detail) }
    }

    pub(crate) fn key_reused() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "Idempotency-Key già usata",
            "Questa chiave è stata usata con un'altra richiesta. Usarne una nuova.",
        )
    }

    pub(crate) fn version_missing() -> Self {
        Self::new(
            StatusCode::PRECONDITION_REQUIRED,
            "version-missing",
            "Versione mancante",
            "Inviare in If-Match l'ETag ricevuto leggendo: così una modifica non ne cancella \
             un'altra.",
        )
    }

    pub(crate) fn changed_meanwhile() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "changed-meanwhile",
            "Cambiato nel frattempo",
            "Qualcun altro ha modificato lo stesso dato. Rileggerlo e ripetere la modifica.",
        )
    }

    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "state-not-allowed",
            "Non possibile nello stato attuale",
            detail,
        )
    }

    pub(crate) fn refused_by_meta(reason: String) -> Self {
        let (status, title) = (StatusCode::BAD_GATEWAY, "WhatsApp non ha accettato la richiesta");
        Self::new(status, "refused-by-whatsapp", title, reason)
    }

    pub(crate) fn mail_not_sent() -> Self {
        let (status, title) = (StatusCode::BAD_GATEWAY, "Posta non inviata");
        let detail = "Il server di posta non ha preso il messaggio, o non ne è impostato uno. \
                      Riprovare, e se succede ancora avvisare chi gestisce il servizio.";
        Self::new(status, "mail-not-sent", title, detail)
    }

    fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Errore del servizio",
            "Qualcosa non ha funzionato da noi. Riprovare tra poco.",
        )
    }

    pub(super) fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Servizio momentaneamente non disponibile",
            "Riprovare tra qualche secondo.",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert("retry-after", HeaderValue::from_static("2"));
        }
        response
    }
}

impl From<NotAllowed> for Problem {
    fn from(it: NotAllowed) -> Self {
        Self::conflict(format!(
            "Il messaggio è {}: questa azione non è possibile.",
            it.state.in_words()
        ))
    }
}

impl From<NoResend> for Problem {
    fn from(why: NoResend) -> Self {
        Self::conflict(why.to_string())
    }
}

impl From<NoApproval> for Problem {
    fn from(why: NoApproval) -> Self {
        Self::conflict(why.to_string())
    }
}

impl From<NoAllClear> for Problem {
    fn from(why: NoAllClear) -> Self {
        Self::conflict(why.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::Conflict => {
                Self::conflict("Qualcun altro ha appena cambiato lo stesso dato. Rileggerlo.")
            }
            StoreError::Unavailable { .. } => {
                error!("request not served: {err}");
                Self::unavailable()
            }
            StoreError::Corrupt(_) => {
                error!("request not served: {err}");
                Self::internal()
            }
        }
    }
}
