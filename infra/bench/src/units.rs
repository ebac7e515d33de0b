// SPDX-License-Identifier: EUPL-1.2
//! What a delivered message costs in DynamoDB units and SQS requests, all its statuses included.

use std::collections::BTreeMap;

use fakes::meta::Faults;
use local_stack::broker::Requests;

use crate::aws::{self, Aws, Sums};
use crate::table::Row;
use crate::town::{Engine, REMINDER, Town, reminder};
use crate::{Size, say};

/// What one broadcast consumed, from the office's request to the last status.
pub(crate) struct Bill {
    /// Messages that Meta took.
    pub(crate) taken: f64,
    pub(crate) units: Sums,
    pub(crate) requests: BTreeMap<String, Requests>,
    /// Webhook POSTs.
    pub(crate) posts: f64,
}

/// A town whose units are counted, with its broadcast behind it.
pub(crate) struct Counted {
    pub(crate) bill: Bill,
    pub(crate) town: Town,
    pub(crate) broadcast: String,
    _front: Aws,
    _engine: Engine,
}

pub(crate) async fn measure(size: Size) -> anyhow::Result<Vec<Row>> {
    let people = size.of(1_000, 300);
    let mut rows = Vec::new();
    for (one_a_post, how) in
        [(false, "updates of a moment in one POST"), (true, "each update in a POST of its own")]
    {
        say(&format!("  {people} people, {how}"));
        let run = counted(people, |it| it.one_update_a_post = one_a_post).await?;
        run.town.ends(&run.broadcast).await?;
        rows.extend(judged(&run.bill, how));
    }
    Ok(rows)
}

/// Sends one broadcast to so many people, and adds up.
pub(crate) async fn counted(
    people: usize,
    change: impl FnOnce(&mut Faults),
) -> anyhow::Result<Counted> {
    let engine = Engine::start(None).await?;
    let front = Aws::before(&engine.url).await?;
    let town = Town::on(&engine, &front.url, 80).await?;
    town.subscribers(people, people).await?;
    town.faults(change)?;
    let (requests, posts) = (town.stack.queue_requests().await?, town.meta()?.posts());
    front.take();
    let broadcast = town.sends(reminder()).await?;
    town.quiet().await?;
    let bill = Bill {
        units: front.take(),
        requests: since(&requests, town.stack.queue_requests().await?),
        posts: count(town.meta()?.posts() - posts),
        taken: count(town.taken(REMINDER)?.len()),
    };
    Ok(Counted { bill, town, broadcast, _front: front, _engine: engine })
}

#[expect(clippy::cast_precision_loss, reason = "exact up to billions of messages")]
pub(crate) fn count(n: usize) -> f64 {
    n as f64
}

/// What was asked of each queue after `before`.
pub(crate) fn since(
    before: &BTreeMap<String, Requests>,
    after: BTreeMap<String, Requests>,
) -> BTreeMap<String, Requests> {
    let less = |(name, now): (String, Requests)| {
        let then = before.get(&name).copied().unwrap_or_default();
        let requests = Requests {
            sends: now.sends - then.sends,
            receives: now.receives - then.receives,
            empty_receives: now.empty_receives - then.empty_receives,
            deletes: now.deletes - then.deletes,
            visibility_changes: now.visibility_changes - then.visibility_changes,
        };
        (name, requests)
    };
    after.into_iter().map(less).collect()
}

/// Requests that carried something. Empty receives are told apart: on AWS they belong to the
/// idle month.
pub(crate) fn carrying<'a>(of: impl IntoIterator<Item = &'a Requests>) -> f64 {
    let sum = |it: &Requests| it.sends + it.receives + it.deletes + it.visibility_changes;
    let all: u64 = of.into_iter().map(sum).sum();
    count(usize::try_from(all).unwrap_or(usize::MAX))
}

fn judged(bill: &Bill, how: &str) -> Vec<Row> {
    let per = |n: f64| n / bill.taken;
    let all = aws::total(&bill.units);
    let (write, read) = (per(all.write), per(all.read));
    let tables: Vec<_> = aws::by_table(&bill.units)
        .into_iter()
        .map(|(name, it)| format!("{name} {:.2} w, {:.2} r", per(it.write), per(it.read)))
        .collect();
    let tables = tables.join("; ");
    let operations: Vec<_> = bill
        .units
        .iter()
        .filter(|(_, it)| per(it.write) >= 0.01)
        .map(|((_, operation), it)| format!("{operation} {:.2}", per(it.write)))
        .collect();
    let operations = operations.join(", ");
    let of = |wanted: fn(&str) -> bool| bill.requests.iter().filter(move |it| wanted(it.0));
    let sends = of(|it| it == "sends").map(|it| it.1);
    let inward = of(|it| it == "statuses" || it == "inbound.fifo").map(|it| it.1);
    let (sends, inward) = (per(carrying(sends)), carrying(inward) / bill.posts);
    let empty: u64 = bill.requests.values().map(|it| it.empty_receives).sum();
    vec![
        Row::held(
            format!("DynamoDB write units per delivered message, all statuses; {how}"),
            "≤ 6",
            format!(
                "{write:.2} ({:.2} of it conditions that did not hold); {tables}; {operations}",
                per(all.refused)
            ),
            write <= 6.0,
        ),
        Row::held(
            format!("DynamoDB read units per delivered message, all statuses; {how}"),
            "≤ 2",
            format!("{read:.2}"),
            read <= 2.0,
        ),
        Row::held(
            format!("SQS requests per message sent; {how}"),
            "≤ 0.1",
            format!("{sends:.3} ({} messages)", bill.taken),
            sends <= 0.1,
        ),
        Row::held(
            format!("SQS requests per webhook POST; {how}"),
            "≤ 1.5",
            format!(
                "{inward:.2} ({} POSTs); besides, {empty} empty receives of all queues",
                bill.posts
            ),
            inward <= 1.5,
        ),
    ]
}
