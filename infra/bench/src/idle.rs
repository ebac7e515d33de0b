// SPDX-License-Identifier: EUPL-1.2
//! What a month costs on AWS in which nobody writes and nothing is sent, by list prices before
//! free tiers. Only the tables' units are measured; the rest is arithmetic.

use jiff::Timestamp;
use serde_json::json;

use crate::aws::{Aws, Units, total};
use crate::lambda::{Function, binary};
use crate::starts::ENVIRONMENT;
use crate::table::Row;
use crate::town::{Engine, Town};
use crate::units::count;

const MINUTES: f64 = 30.4167 * 24.0 * 60.0;
const NIGHTS: f64 = 30.4167;
const MILLION: f64 = 1_000_000.0;

/// An event source mapping that finds nothing keeps five long polls of 20 seconds open.
/// Source: Lambda Developer Guide, polling and batching of SQS event source mappings.
const POLLS_A_MINUTE: f64 = 5.0 * 3.0;

/// Generous: a warm tick takes a few milliseconds where this is measured.
const TICK_SECONDS: f64 = 0.1;
const NIGHT_SECONDS: f64 = 10.0;
const MEMORY_GB: f64 = 0.25;

/// Of a town of some thousand subscribers.
const STORED_GB: f64 = 0.1;

/// What Lambda and we write of one invocation.
const LOGGED_GB: f64 = 0.000_000_6;

/// Ours on top of US East: regions of the European Union are dearer by at most that much.
const REGION: f64 = 1.2;

const FLOOR: f64 = 2.0;

/// Ticks run to learn what one consumes.
const TICKS: usize = 20;

pub(crate) async fn measure() -> anyhow::Result<Vec<Row>> {
    let (tick, night) = consumed().await?;
    let reads = MINUTES * tick.read + NIGHTS * night.read;
    let writes = MINUTES * tick.write + NIGHTS * night.write;
    let seconds = MINUTES * TICK_SECONDS + NIGHTS * NIGHT_SECONDS;
    let runs = MINUTES + NIGHTS;
    // US East (N. Virginia), USD. Source: the services' pricing pages, November 2026.
    let items = [
        (
            "SQS, empty receives of 2 standard queues",
            2.0 * POLLS_A_MINUTE * MINUTES,
            0.40 / MILLION,
        ),
        ("SQS, empty receives of the FIFO queue", POLLS_A_MINUTE * MINUTES, 0.50 / MILLION),
        ("EventBridge, a rule every minute and one every night", runs, 1.00 / MILLION),
        ("Lambda, requests", runs, 0.20 / MILLION),
        ("Lambda, GB-seconds", seconds * MEMORY_GB, 0.000_016_666_7),
        ("DynamoDB, read units", reads, 0.125 / MILLION),
        ("DynamoDB, write units", writes, 0.625 / MILLION),
        ("DynamoDB, GB stored", STORED_GB, 0.25),
        ("DynamoDB, GB with point-in-time recovery", STORED_GB, 0.20),
        ("S3, GB stored", STORED_GB, 0.023),
        ("CloudWatch, GB of logs", runs * LOGGED_GB, 0.50),
        ("CloudWatch, an alarm for each dead-letter queue", 3.0, 0.10),
    ];
    let dollars: f64 = items.iter().map(|(_, n, price)| n * price).sum();
    let told: Vec<_> = items
        .iter()
        .map(|(what, n, price)| format!("{what}: {} = {:.3}", rounded(*n), n * price))
        .collect();
    Ok(vec![Row::held(
        "an idle month on AWS, one deployment, list prices before free tiers",
        format!("≤ {FLOOR} USD"),
        format!(
            "{dollars:.2} USD in US East, {:.2} with {:.0} % on top for a European region \
             ({:.1} read units a tick measured; memory, storage and logs assumed): {}",
            dollars * REGION,
            100.0 * (REGION - 1.0),
            tick.read,
            told.join("; ")
        ),
        dollars * REGION <= FLOOR,
    )])
}

fn rounded(n: f64) -> String {
    if n < 10.0 { format!("{n:.2}") } else { format!("{n:.0}") }
}

/// What one tick and one night consume when there is nothing to do.
async fn consumed() -> anyhow::Result<(Units, Units)> {
    let engine = Engine::start(None).await?;
    let front = Aws::before(&engine.url).await?;
    // It makes the tables and the line, and goes.
    drop(Town::on(&engine, &engine.url, 80).await?);
    let mut environment = ENVIRONMENT.to_vec();
    environment.push(("AWS_ENDPOINT_URL", &front.url));
    let event = json!({ "detail-type": "Scheduled Event", "source": "aws.events",
                        "time": Timestamp::now().to_string(), "detail": {} });
    let (mut fanout, _) = Function::start(&binary("fanout")?, &[], &environment).await?;
    for _ in 0..TICKS {
        fanout.invoke(&event).await?;
    }
    let ticks = total(&front.take());
    let (mut retention, _) = Function::start(&binary("retention")?, &[], &environment).await?;
    retention.invoke(&event).await?;
    let night = total(&front.take());
    let tick = Units {
        read: ticks.read / count(TICKS),
        write: ticks.write / count(TICKS),
        ..Units::default()
    };
    Ok((tick, night))
}
