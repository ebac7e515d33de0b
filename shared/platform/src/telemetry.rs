//! Log lines: JSON on AWS, readable on a terminal, and never a payload in either.

use std::io::{self, IsTerminal};

use tracing::error;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::Settings;

/// Crates that tell of every request, with headers and bodies in their finer levels.
const NOISY: [&str; 13] = [
    "aws_config",
    "aws_credential_types",
    "aws_runtime",
    "aws_sdk_dynamodb",
    "aws_sdk_eventbridge",
    "aws_sdk_s3",
    "aws_sdk_sqs",
    "aws_smithy_runtime",
    "aws_smithy_http_client",
    "h2",
    "hyper",
    "hyper_util",
    "rustls",
];

/// JSON lines on standard output, at `LOG_LEVEL`.
pub fn init_lambda() {
    let level = level(&Settings::from_env());
    let layer = lambda_layer(io::stdout).with_filter(targets(level));
    // Only fails if there already is one: a test's.
    tracing_subscriber::registry().with(layer).try_init().ok();
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

fn lambda_layer<S, W>(writer: W) -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(writer)
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

    use tracing::{debug, info, trace, warn};

    use super::*;

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
        let level = level(&Settings::given([("LOG_LEVEL", log_level)]));
        let layer = lambda_layer(move || writer.clone()).with_filter(targets(level));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
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
