// SPDX-License-Identifier: EUPL-1.2
//! A batch of queue records: each one is handled alone, and only those that failed come back.
//!
//! A record fails if its handler returns an error or panics, or if it is not a job we can read.
//! It is logged once, without its body, and returns to the queue; after some tries it goes to
//! the dead letters. The event source must report batch item failures.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;

use anyhow::anyhow;
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::{FutureExt, StreamExt, future, stream};
use tracing::{error, info};

use crate::jobs::Job;

/// The attribute that names a record's FIFO group. Source: Lambda Developer Guide, SQS.
const GROUP: &str = "MessageGroupId";

/// The attribute that says how often a record was received: 1 the first time. Source: as above.
const RECEIVE_COUNT: &str = "ApproximateReceiveCount";

/// Handles the records of a FIFO queue: of one group one after the other, groups side by side.
///
/// After a failure the rest of its group is returned unhandled, or it would overtake.
pub async fn in_order<J, H, F>(event: SqsEvent, handle: H) -> SqsBatchResponse
where
    J: Job,
    H: Fn(J) -> F,
    F: Future<Output = anyhow::Result<()>>,
{
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for record in event.records {
        groups.entry(record.attributes.get(GROUP).cloned()).or_default().push(record);
    }
    let failed = groups.into_values().map(|group| one_by_one(group, &handle));
    response(future::join_all(failed).await.into_iter().flatten())
}

/// Handles the records of a standard queue, at most `limit` at a time.
///
/// Tells the handler whether the record was received before: whoever had it then may have got
/// anywhere.
pub async fn concurrently<J, H, F>(limit: usize, event: SqsEvent, handle: H) -> SqsBatchResponse
where
    J: Job,
    H: Fn(J, bool) -> F,
    F: Future<Output = anyhow::Result<()>>,
{
    let handle = &handle;
    let handled = event.records.into_iter().map(|record| async move {
        let again = was_received_before(&record);
        one(record, &|job| handle(job, again)).await
    });
    let results = stream::iter(handled).buffer_unordered(limit.max(1));
    response(results.filter_map(|it| future::ready(it.err())).collect::<Vec<_>>().await)
}

/// Hands the jobs of a standard queue over all at once, so that what one write can say for all is
/// not written for each. `handle` tells of every job, by its place, how it went.
///
/// A panic fails all of them.
pub async fn together<J, H, F>(event: SqsEvent, handle: H) -> SqsBatchResponse
where
    J: Job,
    H: FnOnce(Vec<J>) -> F,
    F: Future<Output = Vec<anyhow::Result<()>>>,
{
    let (mut ids, mut jobs, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for record in event.records {
        match read(&record) {
            Ok(job) => {
                jobs.push(job);
                ids.push(id(record));
            }
            Err(err) => failed.push(report(id(record), &err)),
        }
    }
    let handled = AssertUnwindSafe(async { handle(jobs).await }).catch_unwind().await;
    let mut results = handled.unwrap_or_default().into_iter();
    for id in ids {
        // What it panicked with can quote a job; the panic hook has said where.
        let result = results.next().unwrap_or_else(|| Err(anyhow!("handler panicked")));
        if let Err(err) = result {
            failed.push(report(id, &err));
        }
    }
    response(failed)
}

/// Returns the ids of the first record that failed and of all after it.
async fn one_by_one<J, H, F>(group: Vec<SqsMessage>, handle: &H) -> Vec<String>
where
    J: Job,
    H: Fn(J) -> F,
    F: Future<Output = anyhow::Result<()>>,
{
    let mut group = group.into_iter();
    while let Some(record) = group.next() {
        if let Err(failed) = one(record, handle).await {
            let rest: Vec<_> = group.map(id).collect();
            if !rest.is_empty() {
                info!(records = rest.len(), "returned what follows a failed record in its group");
            }
            return std::iter::once(failed).chain(rest).collect();
        }
    }
    Vec::new()
}

/// Handles one record; the error is its id.
async fn one<J, H, F>(record: SqsMessage, handle: &H) -> Result<(), String>
where
    J: Job,
    H: Fn(J) -> F,
    F: Future<Output = anyhow::Result<()>>,
{
    let outcome = match read(&record) {
        Ok(job) => guarded(handle, job).await,
        Err(err) => Err(err),
    };
    outcome.map_err(|err| report(id(record), &err))
}

fn read<J: Job>(record: &SqsMessage) -> anyhow::Result<J> {
    let body = record.body.as_deref().unwrap_or_default();
    // The error's own text quotes the body.
    serde_json::from_str(body).map_err(|err| {
        anyhow!("{:?} error at column {}", err.classify(), err.column()).context("read job")
    })
}

/// Logs a failed record, once; its id.
fn report(id: String, err: &anyhow::Error) -> String {
    error!(message.id = %id, "record failed: {err:#}");
    id
}

fn was_received_before(record: &SqsMessage) -> bool {
    let count = record.attributes.get(RECEIVE_COUNT).and_then(|it| it.parse::<u32>().ok());
    count.is_some_and(|it| it > 1)
}

/// A panic is an error of this record only.
async fn guarded<J, H, F>(handle: &H, job: J) -> anyhow::Result<()>
where
    H: Fn(J) -> F,
    F: Future<Output = anyhow::Result<()>>,
{
    let handled = AssertUnwindSafe(async { handle(job).await }).catch_unwind().await;
    // What it panicked with can quote the job; the panic hook has said where.
    handled.unwrap_or_else(|_| Err(anyhow!("handler panicked")))
}

/// Lambda takes an empty id for a failure of the whole batch, and then nothing is lost.
fn id(record: SqsMessage) -> String {
    record.message_id.unwrap_or_default()
}

fn response(failed: impl IntoIterator<Item = String>) -> SqsBatchResponse {
    let item = |id| {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id;
        failure
    };
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failed.into_iter().map(item).collect();
    response
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::jobs::Chunk;

    /// `name` is the record's id; `body` may be a chunk's number or any other text.
    fn record(name: &str, group: Option<&str>, body: &str) -> SqsMessage {
        let mut record = SqsMessage::default();
        record.message_id = Some(name.to_owned());
        record.body = Some(match body.parse::<u32>() {
            Ok(n) => format!(r#"{{"line":"l","broadcast":"b","chunk":{n},"run":1}}"#),
            Err(_) => body.to_owned(),
        });
        let group = group.map(|it| (GROUP.to_owned(), it.to_owned()));
        record.attributes.extend(group);
        record
    }

    fn event(records: Vec<SqsMessage>) -> SqsEvent {
        let mut event = SqsEvent::default();
        event.records = records;
        event
    }

    fn failed(response: &SqsBatchResponse) -> Vec<&str> {
        let mut ids: Vec<_> =
            response.batch_item_failures.iter().map(|it| it.item_identifier.as_str()).collect();
        ids.sort_unstable();
        ids
    }

    /// Chunk 13 fails, chunk 666 panics, and each leaves its number behind.
    async fn handle(seen: &Mutex<Vec<u32>>, job: Chunk) -> anyhow::Result<()> {
        seen.lock().unwrap().push(job.chunk);
        tokio::task::yield_now().await;
        assert_ne!(job.chunk, 666, "the number of the beast");
        anyhow::ensure!(job.chunk != 13, "bad luck");
        Ok(())
    }

    #[tokio::test]
    async fn only_what_failed_comes_back() {
        let seen = Mutex::default();
        let batch = event(vec![
            record("a", None, "1"),
            record("unlucky", None, "13"),
            record("unreadable", None, "{"),
            record("panics", None, "666"),
            record("b", None, "2"),
        ]);
        let response = concurrently(2, batch, |job, _| handle(&seen, job)).await;
        assert_eq!(failed(&response), ["panics", "unlucky", "unreadable"]);
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        assert_eq!(seen, [1, 2, 13, 666]);
    }

    #[tokio::test]
    async fn of_jobs_handled_together_only_those_that_failed_come_back() {
        let batch = || {
            event(vec![
                record("a", None, "1"),
                record("unlucky", None, "13"),
                record("unreadable", None, "{"),
                record("b", None, "2"),
            ])
        };
        let seen = Mutex::default();
        let response = together(batch(), |jobs: Vec<Chunk>| async {
            let mut results = Vec::new();
            for job in jobs {
                results.push(handle(&seen, job).await);
            }
            results
        })
        .await;
        assert_eq!(failed(&response), ["unlucky", "unreadable"]);
        assert_eq!(seen.into_inner().unwrap(), [1, 13, 2]);

        let response = together(batch(), |_: Vec<Chunk>| async { panic!("of all") }).await;
        assert_eq!(failed(&response), ["a", "b", "unlucky", "unreadable"]);
    }

    #[tokio::test]
    async fn a_handler_is_told_what_was_received_before() {
        let count = |name: &str, count: &str| {
            let mut record = record(name, None, name);
            record.attributes.insert(RECEIVE_COUNT.to_owned(), count.to_owned());
            record
        };
        let seen = Mutex::<Vec<(u32, bool)>>::default();
        let batch = event(vec![count("1", "1"), count("2", "2"), record("3", None, "3")]);
        concurrently(1, batch, |job: Chunk, again| {
            seen.lock().unwrap().push((job.chunk, again));
            future::ready(Ok(()))
        })
        .await;
        assert_eq!(seen.into_inner().unwrap(), [(1, false), (2, true), (3, false)]);
    }

    #[tokio::test]
    async fn after_a_failure_the_rest_of_its_group_is_not_handled() {
        let seen = Mutex::default();
        let batch = event(vec![
            record("a1", Some("a"), "1"),
            record("b1", Some("b"), "10"),
            record("a2", Some("a"), "13"),
            record("a3", Some("a"), "2"),
            record("b2", Some("b"), "11"),
            record("c1", Some("c"), "666"),
            record("c2", Some("c"), "20"),
        ]);
        let response = in_order(batch, |job| handle(&seen, job)).await;
        assert_eq!(failed(&response), ["a2", "a3", "c1", "c2"]);
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        assert_eq!(seen, [1, 10, 11, 13, 666]);
    }

    #[tokio::test]
    async fn a_group_is_handled_in_its_order() {
        let seen = Mutex::default();
        let numbers: Vec<u32> = (100..110).collect();
        let records = numbers.iter().map(|it| record(&it.to_string(), Some("a"), &it.to_string()));
        let response = in_order(event(records.collect()), |job| handle(&seen, job)).await;
        assert!(failed(&response).is_empty());
        assert_eq!(seen.into_inner().unwrap(), numbers);
    }

    #[tokio::test]
    async fn never_more_than_the_limit_at_a_time() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let records = (0..20).map(|it| record(&it.to_string(), None, &it.to_string()));
        let response = concurrently(3, event(records.collect()), |_: Chunk, _| async {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        })
        .await;
        assert!(failed(&response).is_empty());
        assert_eq!(most.into_inner(), 3);
    }

    #[tokio::test]
    async fn a_record_without_an_id_fails_the_whole_batch() {
        let batch = event(vec![SqsMessage::default(), record("a", None, "1")]);
        let response = concurrently(1, batch, |_: Chunk, _| future::ready(Ok(()))).await;
        assert_eq!(failed(&response), [""]);
    }
}
