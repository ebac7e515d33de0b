// SPDX-License-Identifier: EUPL-1.2
//! What is counted, once a batch, for dashboard and alarms. Nothing of a person: a name and a number.
//!
//! | metric | counts | where | alarm |
//! |---|---|---|---|
//! | `Sent` | messages of broadcasts that Meta took | sender | |
//! | `Failed` | messages of broadcasts that Meta refused, at once or in a status | sender, statuses | |
//! | `Throttled` | messages that Meta did not take because we were too fast; they are tried again | sender | |
//! | `BroadcastStopped` | broadcasts that go no further until somebody resumes them | sender, fanout, statuses | `broadcast-stopped` |
//! | `Unresolved` | messages of broadcasts of which nobody knows whether they were sent; a status may still tell | sender | `unresolved` |
//! | `AccountOrBudget` | what Meta said of accounts and templates that needs a person, and broadcasts that account or budget stopped | statuses, sender, fanout | `account-or-budget` |
//! | `WebhookNotKept` | webhooks answered 503 | webhook | `webhook-errors` |
//!
//! A count is an event of its own target. On Lambda it is a line in the embedded metric format, of
//! which CloudWatch makes the metric; elsewhere it is a line of the log like any other. No
//! dimensions: each of their values is billed as a metric.
//!
//! Source: CloudWatch User Guide, Specification: Embedded metric format.

use std::fmt;

use domain::halt::Halt;
use jiff::Timestamp;
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber, info};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

/// The target of the events that count.
pub(crate) const TARGET: &str = "metrics";

/// What is counted. As Rust writes the name, so does CloudWatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    Sent,
    Failed,
    Throttled,
    BroadcastStopped,
    Unresolved,
    AccountOrBudget,
    WebhookNotKept,
}

/// Counts so many of it; nothing if there are none.
pub fn count(metric: Metric, n: usize) {
    if n > 0 {
        info!(target: TARGET, ?metric, n);
    }
}

/// Counts a broadcast that was halted, if somebody must see to it.
pub fn count_halted(halt: &Halt) {
    count(Metric::BroadcastStopped, halt.is_stop().into());
    count(Metric::AccountOrBudget, halt.is_of_account_or_budget().into());
}

/// Writes what is counted, and nothing else, in the embedded metric format.
pub fn layer<S, W>(namespace: String, writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    tracing_subscriber::fmt::layer()
        .event_format(Embedded { namespace })
        .with_writer(writer)
        .with_filter(Targets::new().with_target(TARGET, LevelFilter::INFO))
}

struct Embedded {
    namespace: String,
}

impl<S, N> FormatEvent<S, N> for Embedded
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut counted = Counted::default();
        event.record(&mut counted);
        writeln!(writer, "{}", counted.line(&self.namespace, Timestamp::now()))
    }
}

/// An event's fields, read back.
#[derive(Default)]
struct Counted {
    metric: String,
    n: u64,
}

impl Counted {
    fn line(&self, namespace: &str, at: Timestamp) -> Value {
        let Self { metric, n } = self;
        json!({
            "_aws": {
                "Timestamp": at.as_millisecond(),
                "CloudWatchMetrics": [{
                    "Namespace": namespace,
                    "Dimensions": [[]],
                    "Metrics": [{ "Name": metric, "Unit": "Count" }],
                }],
            },
            metric: n,
        })
    }
}

impl Visit for Counted {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "n" {
            self.n = value;
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "metric" {
            self.metric = format!("{value:?}");
        }
    }
}
