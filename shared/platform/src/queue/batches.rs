// SPDX-License-Identifier: EUPL-1.2
//! Which messages go into one request, and which of them were not taken in the end.

use std::collections::{BTreeSet, HashSet};

use super::{MAX_BATCH_ENTRIES, MAX_BYTES, Message, QueueError};

/// Positions of messages, cut into requests that keep SQS's limits. A message that no request
/// can hold goes to `missing`.
///
/// No request holds two messages of one group: SQS may take the second and refuse the first,
/// and the order would be lost.
pub(super) fn plan(messages: &[Message], missing: &mut Missing) -> Vec<Vec<usize>> {
    let mut batches = Vec::new();
    let mut batch = Vec::new();
    let mut bytes = 0;
    let mut groups = HashSet::new();
    for (index, message) in messages.iter().enumerate() {
        let size = message.body.len();
        if size > MAX_BYTES {
            missing.never(index, format!("{size} bytes, the limit is {MAX_BYTES}"));
            continue;
        }
        let group = message.group.as_deref();
        let fits = batch.len() < MAX_BATCH_ENTRIES
            && bytes + size <= MAX_BYTES
            && group.is_none_or(|it| !groups.contains(it));
        if !fits {
            batches.push(std::mem::take(&mut batch));
            bytes = 0;
            groups.clear();
        }
        batch.push(index);
        bytes += size;
        groups.extend(group);
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    batches
}

/// What was not taken, and why.
#[derive(Default)]
pub(super) struct Missing {
    indices: BTreeSet<usize>,
    /// Groups whose later messages must wait.
    blocked: HashSet<String>,
    /// The queue cannot be reached or refuses everything: nothing more is tried.
    stopped: bool,
    retry_helps: bool,
    code: String,
}

impl Missing {
    /// One that the queue will never take. It does not hold up its group.
    pub(super) fn never(&mut self, index: usize, code: String) {
        self.indices.insert(index);
        self.code = code;
    }

    /// Those that the queue did not take this time.
    pub(super) fn later(&mut self, messages: &[Message], indices: &[usize], code: &str) {
        if indices.is_empty() {
            return;
        }
        self.blocked.extend(indices.iter().filter_map(|it| messages[*it].group.clone()));
        self.indices.extend(indices);
        self.retry_helps = true;
        code.clone_into(&mut self.code);
    }

    /// A whole request failed; so would the next.
    pub(super) fn stop(&mut self, indices: &[usize], err: &QueueError) {
        self.indices.extend(indices);
        self.stopped = true;
        self.retry_helps |= err.retry_helps();
        self.code = err.to_string();
    }

    /// The positions of a request that may still be tried; the others are missing too.
    pub(super) fn without_blocked(
        &mut self,
        messages: &[Message],
        batch: Vec<usize>,
    ) -> Vec<usize> {
        let waits = |it: &usize| {
            let group = messages[*it].group.as_ref();
            self.stopped || group.is_some_and(|group| self.blocked.contains(group))
        };
        let (blocked, ready): (Vec<_>, Vec<_>) = batch.into_iter().partition(waits);
        self.indices.extend(blocked);
        ready
    }

    pub(super) fn into_result(self, total: usize) -> Result<(), QueueError> {
        if self.indices.is_empty() {
            return Ok(());
        }
        Err(QueueError::NotTaken {
            indices: self.indices.into_iter().collect(),
            total,
            code: self.code,
            retry_helps: self.retry_helps,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn message(bytes: usize, group: Option<&str>) -> Message {
        Message {
            body: "x".repeat(bytes),
            delay: Duration::ZERO,
            group: group.map(str::to_owned),
            deduplication: None,
        }
    }

    fn lengths(messages: &[Message]) -> Vec<usize> {
        plan(messages, &mut Missing::default()).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_request_has_at_most_ten_entries() {
        assert_eq!(lengths(&vec![message(1, None); 23]), [10, 10, 3]);
        assert!(lengths(&[]).is_empty());
    }

    #[test]
    fn a_request_has_at_most_one_mebibyte() {
        let half = MAX_BYTES / 2;
        assert_eq!(lengths(&vec![message(half, None); 5]), [2, 2, 1]);
        assert_eq!(lengths(&vec![message(half + 1, None); 3]), [1, 1, 1]);
    }

    #[test]
    fn a_request_never_holds_two_of_a_group() {
        let of = |it| message(1, Some(it));
        assert_eq!(lengths(&[of("a"), of("b"), of("a"), of("b"), of("c")]), [2, 3]);
    }

    #[test]
    fn one_that_fits_nowhere_is_named_and_the_others_are_planned() {
        let messages = [message(1, None), message(MAX_BYTES + 1, None), message(1, None)];
        let mut missing = Missing::default();
        assert_eq!(plan(&messages, &mut missing), [[0, 2]]);
        let Err(QueueError::NotTaken { indices, retry_helps, code, .. }) = missing.into_result(3)
        else {
            panic!("something is missing");
        };
        assert_eq!((indices.as_slice(), retry_helps), ([1].as_slice(), false));
        assert!(code.contains("1048576"), "the limit is in {code:?}");
    }
}
