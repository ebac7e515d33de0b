// SPDX-License-Identifier: EUPL-1.2
//! Log lines: JSON on AWS, readable on a terminal, and never a payload in either. On AWS what is
//! counted is written among them.

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing::{Subscriber, error};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::metrics;
use crate::settings::Settings;

/// Crates that tell of every request, with headers and bodies in their finer levels.
const NOISY: [&str; 15] = [
    "aws_config",
    "aws_credential_types",
    "aws_runtime",
    "aws_sdk_dynamodb",
    "aws_sdk_eventbridge",
    "aws_sdk_sesv2",
    "aws_sdk_sqs",
    "aws_sdk_ssm",
    "aws_smithy_runtime",
    "aws_smithy_http_client",
    "h2",
    "hyper",
    "hyper_util",
    "reqwest",
    "rustls",
];

/// What `METRICS_NAMESPACE` is if it is not set.
const NAMESPACE: &str = "FiloDiretto";

/// JSON lines on standard output, at `LOG_LEVEL`, and metrics of `METRICS_NAMESPACE` at any.
pub fn init_lambda() {
    // Only fails if there already is one: a test's.
    lambda(&Settings::from_env(), io::stdout).try_init().ok();
    report_panics();
}

/// Readable lines on standard error, at `LOG_LEVEL`. Standard output is the command's.
pub fn init_local() {
    let level = level(&Settings::from_env());
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        // The embedded tables warn of every condition that does not hold: that is how we ask.
        .with_filter(targets(level).with_target("dynoxide", LevelFilter::ERROR));
    // Only fails if there already is one: a test's.
    tracing_subscriber::registry().with(layer).try_init().ok();
    report_panics();
}

fn lambda<W>(settings: &Settings, writer: W) -> impl Subscriber + use<W>
where
    W: for<'a> MakeWriter<'a> + Clone + Send + Sync + 'static,
{
    let namespace = settings.optional("METRICS_NAMESPACE").unwrap_or(NAMESPACE).to_owned();
    let log = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(writer.clone())
        .with_filter(targets(level(settings)).with_target(metrics::TARGET, LevelFilter::OFF));
    tracing_subscriber::registry().with(log).with(metrics::layer(namespace, writer))
}

/// `LOG_LEVEL`, `info` if it is not set or not a level. Never trace: the runtime dumps whole
/// payloads there.
fn level(settings: &Settings) -> LevelFilter {
    let asked = settings.optional("LOG_LEVEL").and_then(|it| it.parse::<LevelFilter>().ok());
    asked.unwrap_or(LevelFilter::INFO).min(LevelFilter::DEBUG)
}

fn targets(level: LevelFilter) -> Targets {
    let quiet = level.min(LevelFilter::WARN);
    NOISY.iter().fold(Targets::new().with_default(level), |it, name| it.with_target(*name, quiet))
}

/// Says where a panic happened and not why: the message can quote what could not be handled,
/// and that may be what a person wrote.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let (file, line) = panic.location().map_or(("", 0), |it| (it.file(), it.line()));
        error!(panic.file = file, panic.line = line, "panicked");
    }));
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use jiff::Timestamp;
    use serde_json::json;
    use tracing::{debug, info, trace, warn};

    use super::*;
    use crate::metrics::Metric;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(log_level: &str, log: impl FnOnce()) -> Vec<serde_json::Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        let settings =
            Settings::given([("LOG_LEVEL", log_level), ("METRICS_NAMESPACE", "FiloDiretto/prova")]);
        tracing::subscriber::with_default(lambda(&settings, move || writer.clone()), log);
        let bytes = lines.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|it| serde_json::from_str(it).unwrap()).collect()
    }

    #[test]
    fn a_line_is_one_json_object_with_its_fields() {
        let lines = logged("", || info!(broadcast.id = "0197", people = 3, "queued 3 sends"));
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["message"], "queued 3 sends");
        assert_eq!(lines[0]["broadcast.id"], "0197");
        assert_eq!(lines[0]["people"], 3);
        assert_eq!(lines[0]["level"], "INFO");
    }

    /// The whole line, so that nothing else is in it.
    ///
    /// Source: CloudWatch User Guide, Specification: Embedded metric format, and its JSON schema: a
    /// directive has `Namespace`, `Dimensions` of at least one set, which may be empty, and
    /// `Metrics`; the root has the value of each metric it names.
    #[test]
    fn what_is_counted_is_one_line_in_the_embedded_metric_format_at_any_level() {
        use Metric::{
            AccountOrBudget, BroadcastStopped, Failed, Sent, Throttled, Unresolved, WebhookNotKept,
        };
        for (metric, name) in [
            (Sent, "Sent"),
            (Failed, "Failed"),
            (Throttled, "Throttled"),
            (BroadcastStopped, "BroadcastStopped"),
            (Unresolved, "Unresolved"),
            (AccountOrBudget, "AccountOrBudget"),
            (WebhookNotKept, "WebhookNotKept"),
        ] {
            for log_level in ["", "error"] {
                let before = Timestamp::now().as_millisecond();
                let lines = logged(log_level, || {
                    metrics::count(metric, 0);
                    metrics::count(metric, 3);
                });
                let at = lines[0]["_aws"]["Timestamp"].as_i64().unwrap();
                assert!((before..=Timestamp::now().as_millisecond()).contains(&at), "{at}");
                let directive = json!({
                    "Namespace": "FiloDiretto/prova",
                    "Dimensions": [[]],
                    "Metrics": [{ "Name": name, "Unit": "Count" }],
                });
                let aws = json!({ "Timestamp": at, "CloudWatchMetrics": [directive] });
                assert_eq!(lines, [json!({ "_aws": aws, name: 3 })], "at {log_level:?}");
            }
        }
    }

    #[test]
    fn payload_level_lines_are_never_written() {
        for (log_level, want) in [("", 1), ("warn", 1), ("debug", 2), ("trace", 2), ("?", 1)] {
            let lines = logged(log_level, || {
                trace!("a whole payload");
                debug!("a step");
                warn!("a worry");
                info!(target: "hyper::client", "a request");
                debug!(target: "aws_sdk_sqs::operation", "a body");
            });
            assert_eq!(lines.len(), want, "at {log_level:?}: {lines:?}");
        }
    }
}
