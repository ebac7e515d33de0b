// SPDX-License-Identifier: EUPL-1.2
//! How fast a broadcast goes, at the line's rate and at rates where the machine is the limit.

use std::time::Instant;

use crate::machine;
use crate::table::Row;
use crate::town::{REMINDER, RESERVE, Town, rate, reminder};
use crate::{Size, say};

/// How one broadcast went.
struct Run {
    people: usize,
    taken: usize,
    per_second: f64,
    span_s: f64,
    /// Answers with 130429.
    throttled: usize,
    /// Cores in use while it went.
    cores: f64,
}

pub(crate) async fn at_80(size: Size) -> anyhow::Result<Vec<Row>> {
    let run = broadcast(80, size.of(3_000, 700)).await?;
    let allowed = f64::from(80 - RESERVE);
    let reached = run.per_second >= 0.97 * allowed && run.throttled == 0;
    Ok(vec![Row::held(
        format!("a broadcast to {} at 80/s, {RESERVE}/s reserved for replies", run.people),
        format!("≥ 97 % of {allowed:.0}/s, zero 130429"),
        format!(
            "{:.1}/s = {:.1} % from the first to the last of {} ({:.1} s), {} × 130429",
            run.per_second,
            100.0 * run.per_second / allowed,
            run.taken,
            run.span_s,
            run.throttled
        ),
        reached && run.taken == run.people,
    )])
}

pub(crate) async fn higher(size: Size) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (rate, people) in [(410, size.of(12_000, 2_000)), (1_000, size.of(20_000, 3_000))] {
        let run = broadcast(rate, people).await?;
        let allowed = f64::from(rate - RESERVE);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        #[expect(clippy::cast_precision_loss, reason = "a handful of cores")]
        let busy = run.cores > 0.9 * cores as f64;
        let limit = match (run.per_second >= 0.97 * allowed, busy) {
            (true, _) => "Meta's rate is the limit",
            (false, true) => "the processor is the limit: functions, engines and stand-in share it",
            (false, false) => "not the processor: waiting is the limit",
        };
        rows.push(Row::seen(
            format!("a broadcast to {} at {rate}/s, {RESERVE}/s reserved", run.people),
            format!(
                "{:.0}/s of {allowed:.0}/s ({} taken, {} × 130429), {:.1} of {cores} cores busy: \
                 {limit}",
                run.per_second, run.taken, run.throttled, run.cores
            ),
        ));
    }
    Ok(rows)
}

async fn broadcast(per_second: u32, people: usize) -> anyhow::Result<Run> {
    let (town, _engine) = Town::start(per_second).await?;
    town.subscribers(people, people).await?;
    say(&format!("  {people} people at {per_second}/s"));
    let (began, cpu) = (Instant::now(), machine::cpu_seconds());
    let id = town.sends(reminder()).await?;
    town.accepts(&id, i64::try_from(people)?).await?;
    let cores = (machine::cpu_seconds() - cpu) / began.elapsed().as_secs_f64();
    town.quiet().await?;
    let taken = town.taken(REMINDER)?;
    let (per_second, span_s) = rate(&taken);
    let throttled = town.refused(130_429)?;
    Ok(Run { people, taken: taken.len(), per_second, span_s, throttled, cores })
}
