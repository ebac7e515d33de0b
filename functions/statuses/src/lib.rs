//! Sent, delivered, read, failed: what Meta reports of a send, joined by our own delivery id.
//!
//! What makes a repetition harmless: a state only ever moves forward, and only of a row that is
//! there. So nothing that was erased comes back.

use std::collections::HashMap;

use anyhow::Context;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use domain::delivery::{Callback, Counts, State};
use domain::ids::{BroadcastId, PhoneNumberId};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use platform::settings::Settings;
use platform::{batch, jobs};
use store::Store;
use tracing::info;

/// Statuses written at a time.
const AT_ONCE: usize = 32;

#[derive(Clone)]
pub struct App {
    pub store: Store,
}

/// A delivery that moved: which broadcast's, from where, to where.
struct Moved {
    broadcast: BroadcastId,
    from: State,
    to: State,
}

impl App {
    pub fn from_env() -> anyhow::Result<Self> {
        let settings = Settings::from_env();
        let aws = settings.aws()?;
        Ok(Self { store: Store::connect(&aws, settings.tables()?) })
    }

    /// The function, as Lambda and the local stack both call it.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        batch::concurrently(1, event, |job| self.statuses(job)).await
    }

    async fn statuses(&self, job: jobs::Statuses) -> anyhow::Result<()> {
        let moved: Vec<anyhow::Result<Option<Moved>>> = stream::iter(job.updates)
            .map(|update| self.update(update))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut counts: HashMap<BroadcastId, Counts> = HashMap::new();
        let mut failed = None;
        for moved in moved {
            match moved {
                Ok(Some(Moved { broadcast, from, to })) => {
                    counts.entry(broadcast).or_default().moved(Some(from), to);
                }
                Ok(None) => {}
                Err(err) => failed = Some(err),
            }
        }
        // What moved is counted even if the rest comes again: by then it has moved already.
        for (broadcast, more) in counts {
            self.store.add_counts(&broadcast, &more, 0).await.context("add counts")?;
        }
        if let Some(err) = failed {
            return Err(err);
        }
        for event in job.events {
            // Its value can hold numbers, so only its name is logged.
            info!(account.id = event.account, field = event.field, "account event");
        }
        Ok(())
    }

    async fn update(&self, update: jobs::StatusUpdate) -> anyhow::Result<Option<Moved>> {
        let Some(to) = State::from_report(&update.state) else { return Ok(None) };
        let at = Timestamp::from_second(update.at).unwrap_or(Timestamp::UNIX_EPOCH);
        match Callback::decode(&update.callback) {
            Some(Callback::Delivery { broadcast, contact }) => {
                let from = self.store.report(&broadcast, &contact, to, update.code, at).await;
                let from = from.context("record status")?;
                Ok(from.map(|from| Moved { broadcast, from, to }))
            }
            Some(Callback::Message { contact, row }) => {
                let number = PhoneNumberId::new(update.number);
                let line = self.store.line_of(&number).await.context("load line")?;
                let Some(line) = line else { return Ok(None) };
                let reported =
                    self.store.report_entry(&line.id, &contact, &row, to, update.code).await;
                reported.context("record status of an answer")?;
                Ok(None)
            }
            None => {
                info!(state = update.state, "passed over a status of no message of ours");
                Ok(None)
            }
        }
    }
}
