// SPDX-License-Identifier: EUPL-1.2
//! How long a function takes from its spawn to its first request for an event, beside the least
//! that a function with the same clients can take; and how large it is.

use std::fs;

use anyhow::Context;

use crate::Size;
use crate::aws::Aws;
use crate::lambda::{Function, binary};
use crate::table::{Row, percentile};

/// Each function with the AWS clients it makes at its start; with `ssm` it also reads its secrets
/// then. Clients of the Graph API and of the bucket are made at first use, by no function's start.
const FUNCTIONS: [(&str, &[&str]); 8] = [
    ("webhook", &["ssm", "sqs", "sqs"]),
    ("commands", &["ssm", "dynamodb", "eventbridge"]),
    ("fanout", &["dynamodb", "sqs", "eventbridge"]),
    ("sender", &["ssm", "dynamodb", "sqs", "eventbridge"]),
    ("statuses", &["dynamodb"]),
    ("retention", &["ssm", "dynamodb"]),
    ("desk", &["ssm", "dynamodb", "ses"]),
    ("admin", &["ssm", "dynamodb", "eventbridge", "ses"]),
];

/// Everything any function reads. Nothing listens at the endpoint.
pub(crate) const ENVIRONMENT: [(&str, &str); 19] = [
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
    ("MEDIA_BUCKET", "media"),
    ("MAIL_FROM", "avvisi@comune.example"),
    ("META_APP_SECRET", "local-app-secret"),
    ("META_VERIFY_TOKEN", "local-verify-token"),
    ("META_ACCESS_TOKEN", "local-token"),
    ("API_KEY", "0123456789abcdef0123456789abcdef"),
    ("LOOKUP_KEY", "0123456789abcdef0123456789abcdef"),
];

const LARGEST_MB: f64 = 8.0;

pub(crate) async fn measure(size: Size) -> anyhow::Result<Vec<Row>> {
    let spawns = size.of(25, 7);
    let (mut starts, mut sizes, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    let nobody = "http://127.0.0.1:9";
    let aws = Aws::before(nobody).await?;
    let (mut worst, mut largest) = (0.0_f64, 0.0_f64);
    for (name, clients) in FUNCTIONS {
        let (mut ours, mut hello, mut resident) = (Vec::new(), Vec::new(), Vec::new());
        let environment = as_on_aws(&aws.url, clients.contains(&"ssm"));
        // By turns, so that a busy moment of the machine is no advantage to either.
        for _ in 0..spawns {
            let (function, took) = Function::start(&binary(name)?, &[], &environment).await?;
            ours.push(took.as_secs_f64() * 1_000.0);
            resident.push(resident_mb(function.process())?);
            drop(function);
            let (_, took) = Function::start(&binary("hello")?, clients, &environment).await?;
            hello.push(took.as_secs_f64() * 1_000.0);
        }
        let (ours, hello) = (percentile(&mut ours, 0.5), percentile(&mut hello, 0.5));
        worst = worst.max(ours / hello);
        starts.push(format!("{name} {ours:.1} ms ({:.2} ×)", ours / hello));
        #[expect(clippy::cast_precision_loss, reason = "a file of some megabytes")]
        let mb = fs::metadata(binary(name)?)?.len() as f64 / 1_000_000.0;
        largest = largest.max(mb);
        sizes.push(format!("{name} {mb:.1}"));
        memory.push(format!("{name} {:.1}", percentile(&mut resident, 0.5)));
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
        Row::seen("memory of a function that waits for its first event, median", {
            format!("{} MB", memory.join(", "))
        }),
    ])
}

/// As the template has it: secrets are where `SECRETS_PATH` says, not in the environment.
fn as_on_aws(url: &str, has_secrets: bool) -> Vec<(&str, &str)> {
    let secret = |name: &str| name.starts_with("META_") || name.ends_with("_KEY");
    let plain = ENVIRONMENT
        .into_iter()
        .filter(|(name, _)| !secret(name) || *name == "AWS_SECRET_ACCESS_KEY");
    let mut all: Vec<_> = plain.filter(|(name, _)| *name != "AWS_ENDPOINT_URL").collect();
    all.push(("AWS_ENDPOINT_URL", url));
    if has_secrets {
        all.push(("SECRETS_PATH", "/filodiretto/bench/secrets"));
    }
    all
}

/// What the process holds of the machine's memory. Source: proc(5), `VmRSS`.
fn resident_mb(process: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:")).context("find VmRSS")?;
    let kb: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kb / 1_000.0)
}
