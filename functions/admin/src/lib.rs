// SPDX-License-Identifier: EUPL-1.2
//! The HTTP API under `/v1`.
//!
//! What makes a repetition harmless: a broadcast is written together with the answer to its
//! idempotency key; an action holds only in the states that allow it; an answer of the desk is
//! claimed before it is sent.

use std::sync::Arc;

use axum::Router;
use platform::apps::Apps;
use platform::clock::Clock;
use platform::events::Bus;
use platform::mail::Mail;
use platform::media::Files;
use platform::pseudonym::Pseudonym;
use platform::settings::{Secret, Settings};
use store::Store;
use whatsapp::graph::Graph;

mod api;
mod sign_in;

pub use sign_in::{Provider, SignIn};

#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub graph: Arc<Graph>,
    pub apps: Apps,
    pub bus: Bus,
    pub mail: Mail,
    pub files: Files,
    pub pseudonym: Pseudonym,
    /// A key with every permission on every line.
    pub api_key: Secret,
    pub sign_in: SignIn,
    pub clock: Clock,
}

impl App {
    pub async fn connect() -> anyhow::Result<Self> {
        let settings = Settings::load().await?;
        let aws = settings.aws()?;
        let graph = settings.graph();
        Ok(Self {
            store: Store::connect(&aws, settings.tables()?),
            graph: Arc::new(Graph::new(&graph.base_url, graph.version)),
            apps: Apps::of(&settings)?,
            bus: Bus::event_bridge(&aws, settings.event_bus()?),
            mail: Mail::ses(&aws, settings.mail_from()),
            files: Files::Bucket(settings.media_bucket()?),
            pseudonym: Pseudonym::new(&settings.lookup_key()?),
            api_key: settings.api_key()?,
            sign_in: SignIn::of(&settings)?,
            clock: Clock::System,
        })
    }
}

pub fn router(app: App) -> Router {
    api::router(app.clone()).merge(sign_in::router(app))
}
