// SPDX-License-Identifier: EUPL-1.2
//! Every minute: what the desk planned for itself is looked at when its time has come.
//!
//! What makes a repetition harmless: a task is finished after what it asked for was done, and who
//! does it looks first whether it was.

use std::sync::Arc;

use anyhow::Context;
use domain::ids::{AppointmentId, ContactId, MeasureId};
use jiff::Timestamp;
use platform::apps::Apps;
use platform::jobs::Tick;
use platform::mail::Mail;
use platform::settings::Settings;
use store::{Blocking, Booking, Store, Task};
use tracing::{error, warn};
use whatsapp::graph::Graph;

mod appointments;
mod blocks;
mod waits;

#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub graph: Arc<Graph>,
    pub apps: Apps,
    pub mail: Mail,
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
            mail: Mail::ses(&aws, settings.mail_from()),
        })
    }

    /// The function, as Lambda and the local stack both call it. Its now is the event's.
    ///
    /// One task's trouble does not keep the others waiting; it is taken up again a minute later.
    pub async fn handle(&self, event: Tick) -> anyhow::Result<()> {
        let mut failed = 0;
        for task in self.store.due_tasks(event.at).await.context("list due tasks")? {
            if let Err(err) = self.look_at(&task, event.at).await {
                error!(line.id = %task.line, "task not done: {err:#}");
                failed += 1;
            }
        }
        anyhow::ensure!(failed == 0, "{failed} tasks not done");
        Ok(())
    }

    async fn look_at(&self, task: &Task, now: Timestamp) -> anyhow::Result<()> {
        let Some(line) = self.store.line(&task.line).await.context("load line")? else {
            warn!(line.id = %task.line, "passed over a task of no line");
            return self.store.finish_task(task).await.context("finish task");
        };
        let (kind, about) = task.name.split_once('#').unwrap_or((&task.name, ""));
        if kind == Booking::TASK {
            self.remind(&line, task, &AppointmentId::new(about), now).await?;
        } else if kind == Booking::TOLD {
            self.tell_of_appointment(&line, &AppointmentId::new(about)).await?;
        } else if kind == store::WAITS {
            self.look_at_wait(&line, task, &ContactId::new(about), now).await?;
        } else if kind == Blocking::TASK {
            self.end_block(&line, &MeasureId::new(about), now).await?;
        } else {
            warn!(line.id = %line.id, kind, "passed over a task of no known kind");
        }
        self.store.finish_task(task).await.context("finish task")
    }
}
