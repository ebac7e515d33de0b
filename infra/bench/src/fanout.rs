// SPDX-License-Identifier: EUPL-1.2
//! The fan-out of large audiences, by the function's own binary: time and memory.

use std::time::Duration;

use anyhow::{Context, ensure};
use domain::ids::{BroadcastId, LineId};
use jiff::{Timestamp, ToSpan};
use serde_json::json;

use crate::aws::Aws;
use crate::lambda::{Function, binary};
use crate::machine;
use crate::starts::ENVIRONMENT;
use crate::table::Row;
use crate::town::{LINE, Town, reminder};
use crate::{Size, say};

/// More runs than any plan takes: the ticks of an hour.
const MOST_RUNS: usize = 60;

struct Plan {
    people: usize,
    took: Duration,
    runs: usize,
    /// The most memory the process held, and of it what it held before it planned.
    peak_mib: f64,
    start_mib: f64,
}

pub(crate) async fn measure(size: Size) -> anyhow::Result<Vec<Row>> {
    let largest = size.of(100_000, 10_000);
    let mut plans = Vec::new();
    for people in [largest / 100, largest / 10, largest] {
        say(&format!("  {people} people"));
        plans.push(plan(people).await?);
    }
    let per_1000 =
        |it: &Plan| it.took.as_secs_f64() * 1_000.0 / (crate::units::count(it.people) / 1_000.0);
    let told: Vec<_> = plans
        .iter()
        .map(|it| {
            format!(
                "{} people: {:.2} s = {:.0} ms per 1,000 in {} run(s), {:.1} MiB at most, {:.1} \
                 before",
                it.people,
                it.took.as_secs_f64(),
                per_1000(it),
                it.runs,
                it.peak_mib,
                it.start_mib
            )
        })
        .collect();
    // Flat and linear by what a page may cost, not by the first page, which warms everything up.
    let [_, middle, last] = &plans[..] else { unreachable!("three audiences are planned") };
    let flat = last.peak_mib <= middle.peak_mib * 1.25 + 1.0;
    let linear = per_1000(last) <= per_1000(middle) * 1.5;
    Ok(vec![Row::held(
        "fan-out, the function's own process",
        "memory flat (≤ 1.25 × + 1 MiB), time linear (≤ 1.5 × per person) from the second to the \
         third",
        told.join("; "),
        flat && linear,
    )])
}

async fn plan(people: usize) -> anyhow::Result<Plan> {
    let (town, engine) = Town::start(80).await?;
    town.subscribers(people, people).await?;
    let front = Aws::before(&engine.url).await?;
    let id = town.drafts(reminder()).await?;
    // Later than the stack lives, so that the function alone sees to it.
    let send_at = Timestamp::now() + 1.hour();
    town.post(&format!("/broadcasts/{id}/schedule"), json!({ "send_at": send_at.to_string() }))
        .await?;
    let store = town.stack.store().clone();
    drop(town);

    let queue = format!("{}/0/sends", front.url);
    let mut environment = ENVIRONMENT.to_vec();
    environment.push(("AWS_ENDPOINT_URL", &front.url));
    environment.push(("SENDS_QUEUE_URL", &queue));
    let (mut function, _) = Function::start(&binary("fanout")?, &[], &environment).await?;
    let start_mib = peak_mib(&function)?;
    let (mut took, mut runs) = (Duration::ZERO, 0);
    let (line, id) = (LineId::new(LINE), BroadcastId::new(id));
    loop {
        let at = send_at + i64::try_from(runs)?.minutes() + 1.second();
        took += function.invoke(&event(runs, at, &id)).await?;
        runs += 1;
        let it = store.broadcast(&line, &id).await.context("read the broadcast")?;
        let it = it.context("find the broadcast")?;
        if it.plan.complete {
            let audience = usize::try_from(it.counts.audience)?;
            ensure!(audience == people, "{audience} of {people} planned");
            break;
        }
        ensure!(runs < MOST_RUNS, "not planned after {runs} runs");
    }
    Ok(Plan { people, took, runs, peak_mib: peak_mib(&function)?, start_mib })
}

/// The event that starts it, and then the ticks.
fn event(run: usize, at: Timestamp, id: &BroadcastId) -> serde_json::Value {
    match run {
        0 => json!({ "detail-type": "broadcast.scheduled", "source": "filodiretto",
                     "time": at.to_string(),
                     "detail": { "line": LINE, "broadcast": id.as_str() } }),
        _ => json!({ "detail-type": "Scheduled Event", "source": "aws.events",
                     "time": at.to_string(), "detail": {} }),
    }
}

#[expect(clippy::cast_precision_loss, reason = "memory in KiB")]
fn peak_mib(function: &Function) -> anyhow::Result<f64> {
    let kib = machine::peak_kib(function.process()).context("read the function's memory")?;
    Ok(kib as f64 / 1024.0)
}
