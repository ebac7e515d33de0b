//! How long a function takes from its spawn to its first request for an event, beside the least
//! that a function with the same clients can take; and how large it is.

use std::fs;

use crate::Size;
use crate::lambda::{Function, binary};
use crate::table::{Row, percentile};

/// Each function with the AWS clients it makes at its start. Graph API clients are made at first
/// use, by no function's start.
const FUNCTIONS: [(&str, &[&str]); 7] = [
    ("webhook", &["sqs", "sqs", "s3"]),
    ("commands", &["dynamodb", "eventbridge", "s3"]),
    ("fanout", &["dynamodb", "sqs", "eventbridge"]),
    ("sender", &["dynamodb", "sqs", "eventbridge"]),
    ("statuses", &["dynamodb"]),
    ("retention", &["dynamodb"]),
    ("admin", &["dynamodb", "eventbridge"]),
];

/// Everything any function reads. Nothing listens at the endpoint: a start calls nobody.
pub(crate) const ENVIRONMENT: [(&str, &str); 17] = [
    ("AWS_REGION", "eu-south-1"),
    ("AWS_ACCESS_KEY_ID", "local"),
    ("AWS_SECRET_ACCESS_KEY", "local"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ("SUBSCRIBERS_TABLE", "subscribers"),
    ("MESSAGES_TABLE", "messages"),
    ("BROADCASTS_TABLE", "broadcasts"),
    ("INBOUND_QUEUE_URL", "http://127.0.0.1:9/0/inbound.fifo"),
    ("SENDS_QUEUE_URL", "http://127.0.0.1:9/0/sends"),
    ("STATUSES_QUEUE_URL", "http://127.0.0.1:9/0/statuses"),
    ("EVENT_BUS", "bus"),
    ("ASIDE_BUCKET", "aside"),
    ("META_APP_SECRET", "local-app-secret"),
    ("META_VERIFY_TOKEN", "local-verify-token"),
    ("META_ACCESS_TOKEN", "local-token"),
    ("API_KEY", "0123456789abcdef0123456789abcdef"),
    ("LOOKUP_KEY", "0123456789abcdef0123456789abcdef"),
];

const LARGEST_MB: f64 = 8.0;

pub(crate) async fn measure(size: Size) -> anyhow::Result<Vec<Row>> {
    let spawns = size.of(25, 7);
    let (mut starts, mut sizes) = (Vec::new(), Vec::new());
    let (mut worst, mut largest) = (0.0_f64, 0.0_f64);
    for (name, clients) in FUNCTIONS {
        let (mut ours, mut hello) = (Vec::new(), Vec::new());
        // By turns, so that a busy moment of the machine is no advantage to either.
        for _ in 0..spawns {
            ours.push(start_ms(name, &[]).await?);
            hello.push(start_ms("hello", clients).await?);
        }
        let (ours, hello) = (percentile(&mut ours, 0.5), percentile(&mut hello, 0.5));
        worst = worst.max(ours / hello);
        starts.push(format!("{name} {ours:.1} ms ({:.2} ×)", ours / hello));
        #[expect(clippy::cast_precision_loss, reason = "a file of some megabytes")]
        let mb = fs::metadata(binary(name)?)?.len() as f64 / 1_000_000.0;
        largest = largest.max(mb);
        sizes.push(format!("{name} {mb:.1}"));
    }
    Ok(vec![
        Row::held(
            format!("function start, spawn to first `next`, median of {spawns}"),
            "≤ 1.5 × hello-world with the same clients",
            starts.join(", "),
            worst <= 1.5,
        ),
        Row::held(
            "binaries",
            format!("≤ {LARGEST_MB} MB"),
            format!("{} MB", sizes.join(", ")),
            largest <= LARGEST_MB,
        ),
    ])
}

async fn start_ms(name: &str, arguments: &[&str]) -> anyhow::Result<f64> {
    let (_, took) = Function::start(&binary(name)?, arguments, &ENVIRONMENT).await?;
    Ok(took.as_secs_f64() * 1_000.0)
}
