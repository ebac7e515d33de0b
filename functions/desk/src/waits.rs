// SPDX-License-Identifier: EUPL-1.2
//! Somebody waits at the desk: the office is told by mail, without number, name or words.
//!
//! One mail speaks of everybody who waits, and all of them are noted as told, so that the tasks of the
//! others find nothing to say. Whoever dies between mail and note sends the mail once more.

use anyhow::Context;
use domain::desk::{self, Wait};
use domain::ids::ContactId;
use domain::line::Line;
use jiff::Timestamp;
use platform::mail::{MailError, Message};
use store::{Conversation, Task};
use tracing::{info, warn};

use super::App;

/// Conversations that one mail can speak of, at most, and how many of them are read at once.
const MOST: usize = 500;
const AT_ONCE: i32 = 100;

impl App {
    /// Looks at somebody who waits, and plans the next look for as long as they do.
    pub(super) async fn look_at_wait(
        &self,
        line: &Line,
        task: &Task,
        contact: &ContactId,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let Some((_, wait)) = self.wait_of(line, contact).await? else {
            self.store.finish_task(task).await.context("finish task")?;
            // They may have written in between, and found the task there.
            if self.wait_of(line, contact).await?.is_some() {
                let again = store::waits(&line.id, contact, now);
                self.store.plan_task(&again).await.context("plan task")?;
            }
            return Ok(());
        };
        let look = desk::look(&wait, line, now);
        if look.notice || look.list {
            self.tell_office(line, contact, (look.notice, look.list), now).await?;
        }
        if let Some(at) = look.next_at.filter(|_| !line.desk.notify.is_empty()) {
            let next = store::waits(&line.id, contact, at);
            self.store.plan_task(&next).await.context("plan task")?;
        }
        Ok(())
    }

    async fn wait_of(
        &self,
        line: &Line,
        contact: &ContactId,
    ) -> anyhow::Result<Option<(Conversation, Wait)>> {
        let it = self.store.conversation(&line.id, contact).await.context("load conversation")?;
        Ok(it.and_then(|it| wait(&it).map(|wait| (it, wait))))
    }

    async fn tell_office(
        &self,
        line: &Line,
        contact: &ContactId,
        (notice, list): (bool, bool),
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let mut waits = self.waits(line).await?;
        // The index may lag.
        if waits.iter().all(|it| it.0.contact != *contact) {
            waits.extend(self.wait_of(line, contact).await?);
        }
        let unread: Vec<_> =
            waits.iter().filter(|it| desk::look(&it.1, line, now).notice).collect();
        if notice {
            let urgent = unread.iter().any(|it| it.1.urgent);
            self.send_mail(line, desk::notice_mail(line, unread.len(), urgent)).await?;
        }
        if list {
            let all: Vec<_> = waits.iter().map(|it| it.1).collect();
            self.send_mail(line, desk::list_mail(line, &all, now)).await?;
        }
        for it in &waits {
            let noticed = notice && unread.iter().any(|other| other.0.contact == it.0.contact);
            let told = (noticed, list);
            let noted = self.store.note_notified(&line.id, &it.0.contact, told, now).await;
            noted.context("note who was told of")?;
        }
        info!(line.id = %line.id, notice, list, n = waits.len(), "told the office who waits");
        Ok(())
    }

    /// Everybody who waits, latest first, up to a bound.
    async fn waits(&self, line: &Line) -> anyhow::Result<Vec<(Conversation, Wait)>> {
        let mut waits = Vec::new();
        let mut before = None;
        while waits.len() < MOST {
            let page = self.store.conversations(&line.id, "open", before, AT_ONCE).await;
            let page = page.context("list conversations")?;
            let is_full = i32::try_from(page.len()).is_ok_and(|it| it >= AT_ONCE);
            before = page.last().map(|it| it.last_at);
            waits.extend(page.into_iter().filter_map(|it| wait(&it).map(|wait| (it, wait))));
            if !is_full {
                break;
            }
        }
        Ok(waits)
    }

    pub(super) async fn send_mail(
        &self,
        line: &Line,
        (subject, text): (String, String),
    ) -> anyhow::Result<()> {
        let to = line.desk.notify.clone();
        if to.is_empty() {
            return Ok(());
        }
        let mail = Message { to, subject, text, attachments: Vec::new() };
        match self.mail.send(&mail).await {
            // Nothing that another try would change.
            Err(MailError::NoSender) => {
                warn!(line.id = %line.id, "the office is not told: no sender of mail is set up");
                Ok(())
            }
            sent => sent.context("send mail"),
        }
    }
}

fn wait(it: &Conversation) -> Option<Wait> {
    let since = it.opened_at.filter(|_| it.state == "open")?;
    Some(Wait {
        since,
        unread: it.unread > 0,
        urgent: it.urgent,
        noticed_at: it.noticed_at,
        listed_at: it.listed_at,
    })
}
