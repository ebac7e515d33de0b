// SPDX-License-Identifier: EUPL-1.2
//! Reminders of appointments.
//!
//! What keeps anybody from being reminded twice: the reminder is written down under a name made of
//! the task, and claimed before it is sent. A reminder whose sender died after that is not sent again.

use anyhow::Context;
use domain::appointment;
use domain::broadcast::Priority;
use domain::delivery::State;
use domain::failure::{self, Failure, Verdict};
use domain::ids::{AppointmentId, ContactId};
use domain::line::Line;
use domain::message::Outgoing;
use domain::rate;
use jiff::{Timestamp, ToSpan};
use store::{Booking, EntryContent, MessageKey, NewEntry, StoreError, Task, keys};
use tracing::{info, warn};
use whatsapp::graph::To;

use super::App;

impl App {
    /// Reminds of an appointment, if it is still ahead and its citizen wants to be.
    pub(super) async fn remind(
        &self,
        line: &Line,
        task: &Task,
        id: &AppointmentId,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let found = self.store.appointment(&line.id, id).await.context("load appointment")?;
        let Some(it) = found.filter(|it| it.is_ahead(now)) else { return Ok(()) };
        let person = self.store.contact(&line.id, &it.contact).await.context("load person")?;
        let Some(person) = person else { return Ok(()) };
        let row = keys::row(task.due_at.as_millisecond(), &MessageKey::new(id.as_str()), "out");
        if it.reminded_at.is_none() {
            let Some(message) = appointment::reminder(&it, &person, line, now) else {
                return Ok(());
            };
            if matches!(message, Outgoing::Template(_))
                && let Some(due_at) = self.full_until(line, now).await?
            {
                let later = Task { due_at, ..task.clone() };
                return self.store.plan_task(&later).await.context("put reminder off");
            }
            let entry = NewEntry {
                row: row.clone(),
                at: now,
                content: EntryContent::Out(message),
                expires_at: now + (24 * i64::from(line.retention.chat_days)).hours(),
                operator: None,
            };
            match self.store.add_entry(&line.id, &person.id, entry, None, now).await {
                Ok(()) | Err(StoreError::Conflict) => {}
                Err(err) => return Err(err).context("write reminder"),
            }
            let Ok(change) = it.remind(now) else { return Ok(()) };
            let booking = Booking::new(line, &change, now);
            self.store.save_appointment(booking, None).await.context("note reminder")?;
        }
        let phone = person.phone.as_ref().map(To::Phone);
        let Some(to) = phone.or_else(|| person.user_id.as_ref().map(To::UserId)) else {
            return Ok(());
        };
        self.send(line, &person.id, &row, to, now).await
    }

    /// Tells the office by mail what a citizen did with an appointment: what it is by now, once for all
    /// that happened since the last minute. Whoever dies after it tells it once more.
    pub(super) async fn tell_of_appointment(
        &self,
        line: &Line,
        id: &AppointmentId,
    ) -> anyhow::Result<()> {
        let found = self.store.appointment(&line.id, id).await.context("load appointment")?;
        let Some(mail) = found.and_then(|it| appointment::office_mail(&it, line)) else {
            return Ok(());
        };
        self.send_mail(line, mail).await
    }

    /// Counts one more person outside the service window; if Meta lets the portfolio reach none, when
    /// it does.
    async fn full_until(&self, line: &Line, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
        let Some(portfolio) = &line.portfolio else { return Ok(None) };
        let limit = self.store.portfolio_limit(portfolio).await.context("read limit")?;
        let Some(limit) = limit else { return Ok(None) };
        let (id, normal) = (&portfolio.id, Priority::Normal);
        let people = self.store.reserve_people(id, limit, normal, 1, &[], now).await;
        Ok(people.context("reserve people")?.more_at)
    }

    /// Claims what is written and sends it, unless that was done before.
    async fn send(
        &self,
        line: &Line,
        contact: &ContactId,
        row: &str,
        to: To<'_>,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let (store, number) = (&self.store, &line.phone_number_id);
        let token = self.apps.access_token(&line.app).context("find Meta app")?;
        let cost_ms = rate::cost_ms(1, line.rate);
        store.debit(number, now.as_millisecond(), cost_ms).await.context("debit rate")?;
        // The last thing before the request: whoever fails in between leaves it to be claimed.
        let claimed = store.claim_entry(&line.id, contact, row).await.context("claim reminder")?;
        let Some(entry) = claimed else { return Ok(()) };
        let message = entry.outgoing().context("a reminder has no file")?;
        let callback = store::callback(contact, row);
        let (state, code) = match self.graph.send(&token, number, to, &message, &callback).await {
            Ok(_) => (State::Accepted, None),
            Err(failure) => match failure::verdict(&failure) {
                // Certainly not sent: again in a minute.
                Verdict::Slow | Verdict::Later { .. } | Verdict::Hold { .. } => {
                    let released = store.release_entry(&line.id, contact, row).await;
                    released.context("release reminder")?;
                    return Err(failure).context("send reminder");
                }
                Verdict::OnceMore { .. } | Verdict::Unresolved => (State::Unresolved, None),
                // A minute mends none of these; the desk sees it in the chat.
                Verdict::Drop | Verdict::Stop | Verdict::StopIfRepeated => {
                    warn!(line.id = %line.id, "reminder refused: {failure}");
                    (State::Failed, code_of(&failure))
                }
            },
        };
        info!(line.id = %line.id, contact.id = %contact, state = state.name(), "reminded");
        let reported = store.report_entry(&line.id, contact, row, state, code).await;
        reported.context("record reminder")
    }
}

fn code_of(failure: &Failure) -> Option<i64> {
    match failure {
        Failure::Coded { code, .. } => Some(*code),
        _ => None,
    }
}
