// SPDX-License-Identifier: EUPL-1.2
//! Two who write at the same moment: DynamoDB refuses one of them, having written nothing.
//!
//! That says nothing of what the other one writes, so it is neither a lost race nor a table that is
//! away. The same request once more tells: either it is done, or its condition does not hold any
//! more, which is [`StoreError::Conflict`](crate::StoreError::Conflict). The SDK does not try these
//! again by itself, so we tell it to, within its number of attempts.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use aws_sdk_dynamodb::config::interceptors::InterceptorContext;
use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_smithy_types::retry::ErrorKind;

/// Why a transaction was not done now and may be in a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passing {
    /// Somebody else wrote.
    Met,
    /// Too much was asked of the table.
    Throttled,
}

#[derive(Debug)]
pub(crate) struct TriedAgain;

impl ClassifyRetry for TriedAgain {
    fn name(&self) -> &'static str {
        "two who write at the same moment"
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context.output_or_error().and_then(Result::err);
        let Some(error) = error.and_then(|it| it.as_operation_error()) else {
            return RetryAction::NoActionIndicated;
        };
        let cancelled = error.downcast_ref::<TransactWriteItemsError>();
        let passing =
            if let Some(TransactWriteItemsError::TransactionCanceledException(it)) = cancelled {
                passing(it.cancellation_reasons().iter().filter_map(|it| it.code()))
            } else {
                let put = error.downcast_ref::<PutItemError>();
                let update = error.downcast_ref::<UpdateItemError>();
                let delete = error.downcast_ref::<DeleteItemError>();
                let met = put.is_some_and(PutItemError::is_transaction_conflict_exception)
                    || update.is_some_and(UpdateItemError::is_transaction_conflict_exception)
                    || delete.is_some_and(DeleteItemError::is_transaction_conflict_exception);
                met.then_some(Passing::Met)
            };
        match passing {
            Some(Passing::Met) => RetryAction::retryable_error_with_explicit_delay(
                ErrorKind::TransientError,
                a_moment(),
            ),
            Some(Passing::Throttled) => RetryAction::throttling_error(),
            None => RetryAction::NoActionIndicated,
        }
    }
}

/// As long as a transaction takes, and apart from others, so that those who met do not meet again.
fn a_moment() -> Duration {
    Duration::from_millis(20 + RandomState::new().build_hasher().finish() % 80)
}

/// Why a transaction was cancelled, if for passing reasons alone, by the codes of its reasons: one for
/// each write, `None` where that was not to blame.
/// Source: DynamoDB API Reference, `TransactWriteItems`, errors.
fn passing<'a>(codes: impl Iterator<Item = &'a str>) -> Option<Passing> {
    let mut found = None;
    for code in codes {
        match code {
            "None" => {}
            "TransactionConflict" => found = found.or(Some(Passing::Met)),
            "ProvisionedThroughputExceeded" | "ThrottlingError" => found = Some(Passing::Throttled),
            _ => return None,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_tried_again_if_nothing_but_the_moment_was_wrong() {
        for (codes, want) in [
            (&["TransactionConflict", "None"][..], Some(Passing::Met)),
            (&["None", "TransactionConflict", "ThrottlingError"], Some(Passing::Throttled)),
            (&["ThrottlingError", "TransactionConflict"], Some(Passing::Throttled)),
            (&["ProvisionedThroughputExceeded"], Some(Passing::Throttled)),
            (&["TransactionConflict", "ConditionalCheckFailed"], None),
            (&["ConditionalCheckFailed", "None"], None),
            (&["ValidationError"], None),
            (&["ItemCollectionSizeLimitExceeded", "TransactionConflict"], None),
            (&["None"], None),
            (&[], None),
        ] {
            assert_eq!(passing(codes.iter().copied()), want, "{codes:?}");
        }
    }
}
