// SPDX-License-Identifier: EUPL-1.2
//! What may be said of an AWS error: its code and the id of the request, never its message,
//! which can quote what was sent.

use std::fmt;

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_types::request_id::RequestId;

/// The code and the request id of a failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// AWS's code, `AccessDenied`; or how the call failed before there was one, `timeout`.
    pub(crate) code: String,
    /// `none` if AWS did not answer.
    pub(crate) request_id: String,
}

impl Fault {
    pub(crate) fn of<E, R>(err: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata,
        SdkError<E, R>: RequestId,
    {
        let code = match err {
            SdkError::ServiceError(it) => it.err().code().unwrap_or("unnamed"),
            SdkError::ConstructionFailure(_) => "request not built",
            SdkError::TimeoutError(_) => "timeout",
            SdkError::DispatchFailure(_) => "not reached",
            SdkError::ResponseError(_) => "answer not read",
            _ => "unknown",
        };
        let request_id = err.request_id().unwrap_or("none").to_owned();
        Self { code: code.to_owned(), request_id }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, request {}", self.code, self.request_id)
    }
}
