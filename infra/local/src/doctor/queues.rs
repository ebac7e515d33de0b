// SPDX-License-Identifier: EUPL-1.2
//! How much waits in the queues, and what was given up.

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use futures::future::join_all;
use serde_json::Value;

use super::facts::{Depth, FromAws};
use super::{Finding, judgement, web};
use crate::deployment::Described;
use crate::stack;

/// The queues of the functions, and how many messages may wait in each without being odd: a
/// broadcast's jobs of ten minutes, and the statuses of its last seconds.
const USUAL: [(&str, u64); 3] = [("inbound.fifo", 100), ("sends", 2_000), ("statuses", 10_000)];

pub(super) async fn on_aws(config: &SdkConfig, described: &Described) -> Vec<Finding> {
    let client = &Client::new(config);
    let queues = &described.queues;
    let urls = [&queues.inbound, &queues.sends, &queues.statuses];
    let depths = join_all(urls.map(|url| depth(client, url))).await;
    let mut findings: Vec<_> = USUAL
        .iter()
        .zip(&depths)
        .map(|((name, usual), depth)| judgement::queue(name, depth, *usual))
        .collect();
    let dead = &described.dead_letters;
    for url in [&dead.inbound, &dead.standard] {
        let name = url.rsplit('/').next().unwrap_or_default();
        findings.push(judgement::dead_letters(name, &depth(client, url).await));
    }
    findings
}

/// Source: SQS API Reference, `GetQueueAttributes`.
async fn depth(client: &Client, url: &str) -> FromAws<Depth> {
    let [visible, delayed, in_flight] = [
        Attribute::ApproximateNumberOfMessages,
        Attribute::ApproximateNumberOfMessagesDelayed,
        Attribute::ApproximateNumberOfMessagesNotVisible,
    ];
    let names = [&visible, &delayed, &in_flight].map(Clone::clone);
    let request = client.get_queue_attributes().queue_url(url);
    let answer = request.set_attribute_names(Some(names.into())).send().await;
    let answer = answer.map_err(|err| {
        let code = err.as_service_error().and_then(ProvideErrorMetadata::code);
        code.unwrap_or("SQS non risponde").to_owned()
    })?;
    let count = |name| answer.attributes()?.get(name)?.parse().ok();
    let counted = |name| count(name).unwrap_or_default();
    Ok(Depth {
        visible: counted(&visible),
        delayed: counted(&delayed),
        in_flight: counted(&in_flight),
    })
}

/// The queues of a local stack, as it says itself.
pub(super) async fn on_this_machine(url: &str) -> Vec<Finding> {
    let answer = web::client().get(format!("{url}{}", stack::QUEUES)).send().await.ok();
    let depths = match answer {
        Some(answer) => answer.json::<Value>().await.unwrap_or_default(),
        None => Value::Null,
    };
    let depth = |name: &str| {
        let queue = depths.get(name)?;
        Some(Depth {
            visible: queue["visible"].as_u64()?,
            delayed: queue["delayed"].as_u64()?,
            in_flight: queue["in_flight"].as_u64()?,
        })
    };
    let seen = |name: &str| depth(name).ok_or_else(|| "il sistema non risponde".to_owned());
    let queues = USUAL.map(|(name, usual)| judgement::queue(name, &seen(name), usual));
    let dead = USUAL.map(|(name, _)| {
        let name = format!("dead-{name}");
        judgement::dead_letters(&name, &seen(&name))
    });
    queues.into_iter().chain(dead).collect()
}
