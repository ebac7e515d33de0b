// SPDX-License-Identifier: EUPL-1.2
//! Posts the webhooks that are due, again and again until they are answered 200.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use futures::future::join_all;
use jiff::Timestamp;

use super::book::{self, Update};
use super::options::App;
use super::simulator::Event;
use super::webhook::{envelope, meta_json, signature};
use super::{Meta, at, lock, rules};

/// Updates in one POST at most, by Meta's documents …
const LARGEST_BATCH: usize = 1_000;
/// … and bytes, which are at most 3 MB with the escapes.
const LARGEST_BATCH_BYTES: usize = 1_000_000;
/// Rows taken at a time.
const PAGE: u32 = 4_000;

/// What one round of deliveries did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    pub posts: usize,
    /// Updates in POSTs answered 200.
    pub updates: usize,
    /// POSTs that were not answered 200. They wait for their next turn.
    pub failed_posts: usize,
}

impl Meta {
    /// Delivers until `shutdown`, and then lets the page's event streams end.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        let mut moves = self.0.clock.moves();
        loop {
            let changed = self.0.changed.notified();
            self.deliver_due().await;
            let wait = self.next_due().map_or(Duration::from_secs(1), |due| {
                let ms = due.as_millisecond() - self.now_ms();
                // Not longer than a second: the clock may have moved just before we listened.
                Duration::from_millis(u64::try_from(ms).unwrap_or(0).min(1_000))
            });
            tokio::select! {
                () = &mut shutdown => break,
                () = changed => {}
                () = moves.next() => {}
                () = self.0.clock.pace(wait) => {}
            }
        }
        self.0.events.send(Event::Closing).ok();
    }

    /// Posts what is due, until nothing is.
    pub async fn deliver_due(&self) -> Delivered {
        let _turn = self.0.delivering.lock().await;
        let mut done = Delivered::default();
        loop {
            let mut posts = Vec::new();
            for app in self.reachable_apps() {
                for batch in self.due_batches(&app) {
                    posts.push(self.post(app.clone(), batch));
                }
            }
            if posts.is_empty() {
                return done;
            }
            for (batch, accepted) in join_all(posts).await {
                done.posts += 1;
                if accepted {
                    self.0.posted.fetch_add(1, Ordering::Relaxed);
                    done.updates += batch.len();
                } else {
                    done.failed_posts += 1;
                }
                self.settle(batch, accepted);
            }
        }
    }

    /// When the next webhook is due; `None` if none waits that has somewhere to go.
    pub fn next_due(&self) -> Option<Timestamp> {
        let apps = self.reachable_apps();
        let db = lock(&self.0.db);
        let due = apps.iter().filter_map(|it| book::next_due(&db, &it.id).ok().flatten()).min()?;
        Some(at(due))
    }

    /// Whether nothing is due now and nothing is being posted.
    pub fn idle(&self) -> bool {
        let turn = self.0.delivering.try_lock();
        turn.is_ok() && self.next_due().is_none_or(|it| it > self.0.clock.now())
    }

    /// Meta's GET before it takes a callback. Whether the webhook gave the challenge back, byte
    /// for byte.
    pub async fn verify_webhook(&self, app: &str, verify_token: &str) -> anyhow::Result<bool> {
        let apps = self.reachable_apps();
        let app = apps.iter().find(|it| it.id == app).context("find the app")?;
        let challenge = "1158201444-a/b";
        let url = format!(
            "{}?hub.mode=subscribe&hub.challenge={challenge}&hub.verify_token={}",
            app.webhook_url.as_deref().unwrap_or_default(),
            percent_encoded(verify_token),
        );
        let response = self
            .0
            .http
            .get(url)
            .send()
            .await
            .map_err(reqwest::Error::without_url)
            .context("ask the webhook")?;
        let ok = response.status() == 200;
        let answer = response.bytes().await.map_err(reqwest::Error::without_url)?;
        Ok(ok && answer == challenge)
    }

    fn reachable_apps(&self) -> Vec<App> {
        lock(&self.0.apps).iter().filter(|it| it.webhook_url.is_some()).cloned().collect()
    }

    fn due_batches(&self, app: &App) -> Vec<Vec<Update>> {
        let due = book::due_updates(&lock(&self.0.db), &app.id, self.now_ms(), PAGE);
        let due = due.unwrap_or_else(|err| {
            tracing::error!("simulator's store: {err:#}");
            Vec::new()
        });
        let mut batches: Vec<Vec<Update>> = Vec::new();
        // Bytes left in the last batch; `None` if it takes no more.
        let mut room: Option<usize> = None;
        for update in due {
            let number = update.number.as_deref().unwrap_or_default();
            let alone = lock(&self.0.switches).of(number).one_update_a_post;
            let size = update.item.len() + update.contact.as_ref().map_or(0, String::len);
            room = room.filter(|left| !alone && *left >= size);
            match (batches.last_mut(), room) {
                (Some(batch), Some(_)) if batch.len() < LARGEST_BATCH => batch.push(update),
                _ => {
                    batches.push(vec![update]);
                    room = Some(LARGEST_BATCH_BYTES);
                }
            }
            room = room.filter(|_| !alone).map(|left| left.saturating_sub(size));
        }
        batches
    }

    async fn post(&self, app: App, batch: Vec<Update>) -> (Vec<Update>, bool) {
        let seed = batch.first().map_or(0, |it| it.seq.unsigned_abs());
        let body = meta_json(&envelope(&batch, &self.0.numbers), seed);
        let answer = self
            .0
            .http
            .post(app.webhook_url.as_deref().unwrap_or_default())
            .header("content-type", "application/json")
            .header("user-agent", "facebookexternalua")
            .header("x-hub-signature-256", signature(&app.secret, body.as_bytes()))
            .body(body)
            .send()
            .await;
        let accepted = match answer {
            Ok(answer) if answer.status() == 200 => true,
            Ok(answer) => {
                tracing::warn!(status = answer.status().as_u16(), "webhook not taken");
                false
            }
            Err(err) => {
                tracing::warn!("webhook not taken: {:#}", err.without_url());
                false
            }
        };
        (batch, accepted)
    }

    /// Writes down how a POST went: gone, due once more, or due later.
    fn settle(&self, batch: Vec<Update>, accepted: bool) {
        let now_ms = self.now_ms();
        let phones: std::collections::BTreeSet<String> =
            batch.iter().filter_map(|it| it.phone.clone()).collect();
        let settled = self.transact(|db| {
            for mut update in batch {
                if let Some(id) = update.message_id.as_deref().filter(|_| accepted) {
                    book::acknowledge(db, id, now_ms)?;
                }
                if accepted && update.copies > 0 {
                    update.copies -= 1;
                    update.due_ms = now_ms;
                    book::postpone_update(db, &update)?;
                } else if accepted || now_ms - update.first_due_ms > rules::RETRY_FOR_MS {
                    book::remove_update(db, update.seq)?;
                } else {
                    update.failures += 1;
                    update.due_ms = now_ms + rules::retry_gap_ms(update.failures);
                    book::postpone_update(db, &update)?;
                }
            }
            Ok::<_, rusqlite::Error>(())
        });
        if let Err(err) = settled {
            tracing::error!("simulator's store: {err:#}");
        }
        for phone in phones {
            self.0.events.send(Event::Changed(phone)).ok();
        }
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |done, byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            done + &char::from(byte).to_string()
        }
        _ => done + &format!("%{byte:02X}"),
    })
}
