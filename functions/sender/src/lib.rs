//! A chunk: is it still wanted, slots, consent, claim, Graph API, outcome.
//!
//! What makes a redelivery harmless: a claim per person that holds only once and is the last
//! write before the request; a claim whose sender died becomes *unresolved* and is not sent again;
//! the chunk's row goes only when everybody in it is decided.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use domain::broadcast::{self, Broadcast, Priority};
use domain::contact::Contact;
use domain::delivery::{Callback, Counts, SkipReason, State};
use domain::failure::{self, Failure, Verdict};
use domain::ids::{BroadcastId, ContactId, LineId};
use domain::line::Line;
use domain::message::{FilledTemplate, HeaderMedia, Outgoing};
use domain::rate::Slots;
use futures::future;
use jiff::{Timestamp, ToSpan};
use platform::batch;
use platform::clock::Clock;
use platform::events::{Bus, Event};
use platform::jobs::{self, BroadcastRef, FanoutCause};
use platform::queue::{Message, Queue};
use platform::settings::{MetaApp, Settings};
use store::{Change, Chunk, Claim, Store, StoreError};
use tracing::{error, info, warn};
use whatsapp::graph::{Graph, To};

/// Consent is asked for again if the request has not begun this long after the last time.
const CONSENT_FRESH_MS: i64 = 1000;

/// A request that begins this long after the last time is not sent: a goodbye waits 1.5 seconds
/// for what is in the air.
const CONSENT_STALE_MS: i64 = 1300;

/// The function runs for at most a minute, so an older claim's sender is dead.
const CLAIM_DEAD_AFTER_SECONDS: i64 = 60;

/// How long a number goes at half its rate after Meta throttled it.
const SLOW_SECONDS: i64 = 30;

#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub graph: Arc<Graph>,
    pub apps: Arc<[MetaApp]>,
    pub sends: Queue,
    pub bus: Bus,
    pub clock: Clock,
}

/// A chunk being worked on, and what it needs at every step.
struct Work<'a> {
    line: &'a Line,
    broadcast: &'a Broadcast,
    message: Outgoing,
    token: &'a str,
    /// When the deliveries' rows go by themselves.
    expires_at: Timestamp,
}

/// How one person turned out.
enum Outcome {
    /// Decided: the row says how.
    Decided {
        /// The state it left and the one it is in, if it was us who moved it.
        moved: Option<(Option<State>, State)>,
        /// A code that stops the broadcast if others meet it too.
        suspicious: Option<i64>,
    },
    /// Not decided: to be looked at again after so many seconds.
    Open { after_seconds: i64 },
    /// Not decided, and Meta refuses everybody.
    Stop { reason: String },
}

impl Outcome {
    fn decided(moved: Option<(Option<State>, State)>) -> Self {
        Self::Decided { moved, suspicious: None }
    }
}

impl App {
    pub fn from_env() -> anyhow::Result<Self> {
        let settings = Settings::from_env();
        let aws = settings.aws()?;
        let graph = settings.graph();
        Ok(Self {
            store: Store::connect(&aws, settings.tables()?),
            graph: Arc::new(Graph::new(&graph.base_url, graph.version)),
            apps: settings.apps()?.into(),
            sends: Queue::sqs(&aws, settings.sends_queue_url()?),
            bus: Bus::event_bridge(&aws, settings.event_bus()?),
            clock: Clock::System,
        })
    }

    /// The function, as Lambda and the local stack both call it.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        batch::concurrently(1, event, |job| self.chunk(job)).await
    }

    async fn chunk(&self, job: jobs::Chunk) -> anyhow::Result<()> {
        let id = BroadcastId::new(&job.broadcast);
        let line = self.store.line(&LineId::new(&job.line)).await.context("load line")?;
        let Some(line) = line else { return Ok(()) };
        let broadcast = self.store.broadcast(&line.id, &id).await.context("load broadcast")?;
        let Some(broadcast) = broadcast else { return Ok(()) };
        if job.run < broadcast.run {
            return Ok(());
        }
        let chunk = self.store.chunk(&id, job.chunk).await.context("load chunk")?;
        let Some(chunk) = chunk else { return Ok(()) };
        match broadcast.state {
            broadcast::State::Sending => self.send(&line, &broadcast, chunk, job).await,
            broadcast::State::Cancelled => self.call_off(&line, &broadcast, chunk, None).await,
            // Paused, held or stopped: a resume queues it again.
            _ => Ok(()),
        }
    }

    async fn send(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        chunk: Chunk,
        job: jobs::Chunk,
    ) -> anyhow::Result<()> {
        let now = self.clock.now();
        if broadcast.expires_at.is_some_and(|at| at <= now) {
            return self.call_off(line, broadcast, chunk, Some(SkipReason::Expired)).await;
        }
        let Some(work) = self.work(line, broadcast)? else {
            let reason = "Il modello di questo invio non è più tra quelli della linea, o non ha \
                          più le stesse parti da compilare. Rimetterlo e riprendere l'invio.";
            return self.stop(line, broadcast, reason.to_owned()).await;
        };
        let mut counts = Counts::default();
        let people = self.undecided(&work, &chunk, &job, &mut counts).await?;
        let emergency = broadcast.priority == Priority::Emergency;
        let slots = self
            .store
            .reserve(
                &line.phone_number_id,
                now.as_millisecond(),
                people.len(),
                line.bulk_rate(),
                emergency,
            )
            .await
            .context("reserve slots")?;
        let (n, first_ms, gap_us) = match slots {
            Slots::Granted { n, first_ms, gap_us } => (n, first_ms, gap_us),
            Slots::Wait { until_ms } => {
                self.add(broadcast, &counts).await?;
                let seconds = (until_ms - now.as_millisecond() + 999) / 1000;
                return self.again(broadcast, job, seconds.max(1)).await;
            }
        };
        let turn = &people[..n];
        let read_at = self.clock.now().as_millisecond();
        let known = self.store.recipients(&line.id, turn).await.context("read consent")?;
        let sends = (0..).zip(turn).map(|(k, contact)| {
            let slot_ms = first_ms + gap_us * k / 1000;
            self.one(&work, contact, &known, read_at, slot_ms)
        });
        let outcomes = future::join_all(sends).await;
        let left_over = people.len() - n;
        self.settle(&work, chunk, job, outcomes, counts, left_over).await
    }

    fn work<'a>(
        &'a self,
        line: &'a Line,
        broadcast: &'a Broadcast,
    ) -> anyhow::Result<Option<Work<'a>>> {
        let app = self.apps.iter().find(|it| it.id == line.app).context("find Meta app")?;
        let Some(message) = filled(line, broadcast) else { return Ok(None) };
        let days = i64::from(line.retention.delivery_days);
        let expires_at = self.clock.now() + (24 * days).hours();
        let token = app.access_token.expose();
        Ok(Some(Work { line, broadcast, message, token, expires_at }))
    }

    /// The people of a chunk that nobody has decided on yet. A first job has all of them.
    async fn undecided(
        &self,
        work: &Work<'_>,
        chunk: &Chunk,
        job: &jobs::Chunk,
        counts: &mut Counts,
    ) -> anyhow::Result<Vec<ContactId>> {
        if job.attempt == 0 {
            return Ok(chunk.people.clone());
        }
        let id = &work.broadcast.id;
        let known = self.store.known_deliveries(id, &chunk.people).await.context("read claims")?;
        let known: HashMap<_, _> = known.into_iter().map(|it| (it.contact.clone(), it)).collect();
        let mut open = Vec::new();
        for contact in &chunk.people {
            match known.get(contact) {
                None => open.push(contact.clone()),
                Some(it) if it.state == State::Claimed => {
                    match self.after_claim(work, contact, it.at).await? {
                        Outcome::Decided { moved, .. } => {
                            if let Some((from, to)) = moved {
                                counts.moved(from, to);
                            }
                        }
                        _ => open.push(contact.clone()),
                    }
                }
                Some(_) => {}
            }
        }
        Ok(open)
    }

    /// One person: wait for the slot, ask once more, claim, send, record.
    async fn one(
        &self,
        work: &Work<'_>,
        id: &ContactId,
        known: &HashMap<ContactId, Contact>,
        read_at_ms: i64,
        slot_ms: i64,
    ) -> anyhow::Result<Outcome> {
        let wait_ms = slot_ms - self.clock.now().as_millisecond();
        if let Ok(wait_ms @ 1..) = u64::try_from(wait_ms) {
            self.clock.pace(Duration::from_millis(wait_ms)).await;
        }
        let (mut contact, mut read_at_ms) = (known.get(id).cloned(), read_at_ms);
        let now_ms = self.clock.now().as_millisecond();
        if now_ms - read_at_ms > CONSENT_FRESH_MS {
            read_at_ms = now_ms;
            contact = self.store.contact(&work.line.id, id).await.context("read consent")?;
        }
        let broadcast = &work.broadcast.id;
        let Some(contact) = contact else {
            return self.skip(work, id, SkipReason::Erased).await;
        };
        if let Err(why) = broadcast::may_reach(&contact, &work.broadcast.audience) {
            return self.skip(work, id, why).await;
        }
        if !contact.former_ids.is_empty() {
            let former = self.store.known_deliveries(broadcast, &contact.former_ids).await;
            if !former.context("read former claims")?.is_empty() {
                return self.skip(work, id, SkipReason::AlreadyReached).await;
            }
        }
        let claimed = self.store.claim(broadcast, id, self.clock.now(), work.expires_at).await;
        if let Claim::Known(delivery) = claimed.context("claim")? {
            return match delivery.state {
                State::Claimed => self.after_claim(work, id, delivery.at).await,
                _ => Ok(Outcome::decided(None)),
            };
        }
        // The claim took long: what was read of consent may not hold any more.
        if self.clock.now().as_millisecond() - read_at_ms > CONSENT_STALE_MS {
            self.release(work, id).await?;
            return Ok(Outcome::Open { after_seconds: 1 });
        }
        let phone = contact.phone.as_ref().map(To::Phone);
        let to = phone.or_else(|| contact.user_id.as_ref().map(To::UserId));
        let to = to.context("a person who may be reached has an address")?;
        let callback =
            Callback::Delivery { broadcast: broadcast.clone(), contact: id.clone() }.encode();
        let from = &work.line.phone_number_id;
        let sent = self.graph.send(work.token, from, to, &work.message, &callback).await;
        match sent {
            Ok(_) => self.record(work, id, State::Accepted, None).await,
            Err(failure) => self.refused(work, id, &failure).await,
        }
    }

    /// What a failed send means for the person, by the table of codes.
    async fn refused(
        &self,
        work: &Work<'_>,
        id: &ContactId,
        failure: &Failure,
    ) -> anyhow::Result<Outcome> {
        let code = match failure {
            Failure::Coded { code, .. } => Some(*code),
            _ => None,
        };
        match failure::verdict(failure) {
            Verdict::Drop => self.record(work, id, State::Failed, code).await,
            Verdict::StopIfRepeated => match self.record(work, id, State::Failed, code).await? {
                Outcome::Decided { moved, .. } => Ok(Outcome::Decided { moved, suspicious: code }),
                other => Ok(other),
            },
            Verdict::OnceMore { .. } | Verdict::Unresolved => {
                self.record(work, id, State::Unresolved, None).await
            }
            // Certainly not sent: the claim goes, and the person's turn comes again.
            Verdict::Stop => {
                self.release(work, id).await?;
                Ok(Outcome::Stop { reason: reason(code) })
            }
            Verdict::Slow => {
                self.release(work, id).await?;
                let until_ms = self.clock.now().as_millisecond() + SLOW_SECONDS * 1000;
                let number = &work.line.phone_number_id;
                self.store.set_slow(number, until_ms).await.context("slow down")?;
                Ok(Outcome::Open { after_seconds: 2 })
            }
            Verdict::Later { after_seconds } => {
                self.release(work, id).await?;
                Ok(Outcome::Open { after_seconds: i64::from(after_seconds) })
            }
        }
    }

    async fn release(&self, work: &Work<'_>, id: &ContactId) -> anyhow::Result<()> {
        self.store.release(&work.broadcast.id, id).await.context("release claim")
    }

    async fn record(
        &self,
        work: &Work<'_>,
        id: &ContactId,
        state: State,
        code: Option<i64>,
    ) -> anyhow::Result<Outcome> {
        let now = self.clock.now();
        let from = self.store.report(&work.broadcast.id, id, state, code, now).await;
        let from = from.context("record outcome")?;
        Ok(Outcome::decided(from.map(|from| (Some(from), state))))
    }

    async fn skip(
        &self,
        work: &Work<'_>,
        id: &ContactId,
        why: SkipReason,
    ) -> anyhow::Result<Outcome> {
        let now = self.clock.now();
        let skipped = self
            .store
            .decide_not_to_send(&work.broadcast.id, id, Some(why), now, work.expires_at)
            .await
            .context("record why not")?;
        match skipped {
            Claim::Taken => Ok(Outcome::decided(Some((None, State::Skipped)))),
            // Somebody was about to send it while the reason came up.
            Claim::Known(it) if it.state == State::Claimed => {
                self.after_claim(work, id, it.at).await
            }
            Claim::Known(_) => Ok(Outcome::decided(None)),
        }
    }

    /// Somebody else's claim: if its sender is dead, nobody knows whether it was sent.
    async fn after_claim(
        &self,
        work: &Work<'_>,
        id: &ContactId,
        claimed_at: Timestamp,
    ) -> anyhow::Result<Outcome> {
        let dead_at = claimed_at + CLAIM_DEAD_AFTER_SECONDS.seconds();
        let left = dead_at.as_second() - self.clock.now().as_second();
        if left > 0 {
            return Ok(Outcome::Open { after_seconds: left + 1 });
        }
        self.record(work, id, State::Unresolved, None).await
    }

    /// Adds up, and closes the chunk or comes back to it.
    async fn settle(
        &self,
        work: &Work<'_>,
        chunk: Chunk,
        job: jobs::Chunk,
        outcomes: Vec<anyhow::Result<Outcome>>,
        mut counts: Counts,
        left_over: usize,
    ) -> anyhow::Result<()> {
        let broadcast = work.broadcast;
        let mut open_after = (left_over > 0).then_some(1);
        let mut stop = None;
        let mut suspicious: HashMap<i64, u32> = HashMap::new();
        let mut failed = None;
        for outcome in outcomes {
            match outcome {
                Ok(Outcome::Decided { moved, suspicious: code }) => {
                    if let Some((from, to)) = moved {
                        counts.moved(from, to);
                    }
                    let Some(code) = code else { continue };
                    let met = suspicious.entry(code).or_default();
                    *met += 1;
                    if *met >= failure::REPEATED {
                        stop = Some(reason(Some(code)));
                    }
                }
                Ok(Outcome::Open { after_seconds }) => {
                    open_after = open_after.max(Some(after_seconds));
                }
                Ok(Outcome::Stop { reason }) => stop = Some(reason),
                Err(err) => failed = Some(err),
            }
        }
        self.add(broadcast, &counts).await?;
        if let Some(reason) = stop {
            return self.stop(work.line, broadcast, reason).await;
        }
        if let Some(err) = failed {
            return Err(err).context("work on chunk");
        }
        match open_after {
            Some(seconds) => {
                let job = jobs::Chunk { attempt: job.attempt + 1, ..job };
                self.again(broadcast, job, seconds).await
            }
            None => self.close(work.line, broadcast, chunk.number).await,
        }
    }

    /// Sends the job again as a new message, so that waiting burns no receives.
    async fn again(
        &self,
        broadcast: &Broadcast,
        job: jobs::Chunk,
        seconds: i64,
    ) -> anyhow::Result<()> {
        let delay = Duration::from_secs(seconds.unsigned_abs());
        let (chunk, run) = (job.chunk, job.run);
        let queued = self.sends.send(vec![Message::of(&job).after(delay)]).await;
        queued.context("queue chunk again")?;
        let wakes_at = self.clock.now() + delay;
        let marked = self.store.mark_queued(&broadcast.id, chunk, run, wakes_at).await;
        marked.context("mark chunk")
    }

    /// Everybody in the chunk who is not decided will not be sent to.
    async fn call_off(
        &self,
        line: &Line,
        broadcast: &Broadcast,
        chunk: Chunk,
        why: Option<SkipReason>,
    ) -> anyhow::Result<()> {
        let now = self.clock.now();
        let days = i64::from(line.retention.delivery_days);
        let expires_at = now + (24 * days).hours();
        let state = if why.is_some() { State::Skipped } else { State::Cancelled };
        let mut counts = Counts::default();
        for contact in &chunk.people {
            let decided = self
                .store
                .decide_not_to_send(&broadcast.id, contact, why, now, expires_at)
                .await
                .context("record why not")?;
            match decided {
                Claim::Taken => counts.add(state, 1),
                Claim::Known(it) if it.state == State::Claimed => {
                    let to = State::Unresolved;
                    let from = self.store.report(&broadcast.id, contact, to, None, now).await;
                    if let Some(from) = from.context("record outcome")? {
                        counts.moved(Some(from), to);
                    }
                }
                Claim::Known(_) => {}
            }
        }
        self.add(broadcast, &counts).await?;
        self.close(line, broadcast, chunk.number).await
    }

    async fn add(&self, broadcast: &Broadcast, counts: &Counts) -> anyhow::Result<()> {
        self.store.add_counts(&broadcast.id, counts, 0).await.context("add counts")?;
        Ok(())
    }

    /// The chunk's row goes; whoever closes the last one wakes the fan-out to close it all.
    async fn close(&self, line: &Line, broadcast: &Broadcast, chunk: u32) -> anyhow::Result<()> {
        let id = &broadcast.id;
        if !self.store.close_chunk(id, chunk).await.context("close chunk")? {
            return Ok(());
        }
        let done = self.store.add_counts(id, &Counts::default(), 1).await.context("add counts")?;
        if done < i64::from(broadcast.plan.chunks) {
            return Ok(());
        }
        let about =
            BroadcastRef { line: line.id.as_str().to_owned(), broadcast: id.as_str().to_owned() };
        let event = Event { detail_type: FanoutCause::CHUNKS_DONE, detail: about.detail() };
        if let Err(err) = self.bus.publish(event).await {
            info!(broadcast.id = %id, "the next tick closes the broadcast: {err}");
        }
        Ok(())
    }

    /// Halts the whole broadcast and says why. Its chunks stay open for a resume.
    async fn stop(&self, line: &Line, broadcast: &Broadcast, reason: String) -> anyhow::Result<()> {
        error!(line.id = %line.id, broadcast.id = %broadcast.id, "stopped a broadcast: {reason}");
        let change = Change { reason: Some(reason), ..Change::default() };
        let (from, to) = (broadcast::State::Sending, broadcast::State::Stopped);
        match self.store.change_broadcast(&line.id, &broadcast.id, from, to, change).await {
            Ok(_) => Ok(()),
            Err(StoreError::Conflict) => {
                warn!(broadcast.id = %broadcast.id, "broadcast was not being sent any more");
                Ok(())
            }
            Err(err) => Err(err).context("stop broadcast"),
        }
    }
}

/// Why Meta refuses everybody and what to do about it, for the office.
fn reason(code: Option<i64>) -> String {
    match code.and_then(failure::code) {
        Some(code) => format!("{} {}", code.meaning_it, code.remedy_it),
        None => failure::reason_it(code),
    }
}

/// The broadcast's message with its parameters in the template's order, as the preview showed
/// them; `None` if the line has no such template any more, or one that asks for something else.
fn filled(line: &Line, broadcast: &Broadcast) -> Option<Outgoing> {
    let wanted = &broadcast.message;
    let template = line.template(&wanted.name, &wanted.language)?;
    template.fill(&wanted.parameters, line).ok()?;
    let value = |name: &String| wanted.parameters.get(name).map_or("", |it| it.trim()).to_owned();
    let parameters = template.parameters.iter().map(|name| (name.clone(), value(name)));
    let header = wanted.header_media_id.as_ref();
    Some(Outgoing::Template(FilledTemplate {
        name: template.name.clone(),
        language: template.language.clone(),
        parameters: parameters.collect(),
        header: header.map(|id| HeaderMedia { kind: "image".to_owned(), media_id: id.clone() }),
    }))
}
