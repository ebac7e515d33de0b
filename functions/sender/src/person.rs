// SPDX-License-Identifier: EUPL-1.2
//! One person of a chunk: wait for the slot, ask once more, claim, send, record.

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use domain::broadcast::{self, Audience, Broadcast, Priority};
use domain::contact::Contact;
use domain::delivery::{Callback, Report, SkipReason, State};
use domain::doubt::{self, Hearing, Known, Standing};
use domain::failure::{self, Failure, Verdict};
use domain::halt::Halt;
use domain::ids::ContactId;
use domain::line::Line;
use domain::rate::MISSED_AFTER_MS;
use jiff::{Timestamp, ToSpan};
use platform::apps::AccessToken;
use platform::random;
use store::{Claim, Delivery, News, Take};
use whatsapp::graph::To;

use crate::App;
use crate::message::Message;

/// Consent is asked for again if the request has not begun this long after the last time.
const CONSENT_FRESH_MS: i64 = 1000;

/// A request that begins this long after the last time is not sent: a goodbye waits 1.5 seconds
/// for what is in the air.
const CONSENT_STALE_MS: i64 = 1300;

/// Whoever read a person before they were merged has claimed them or given up after this time, on
/// clocks that differ by seconds; only
/// then do all senders know all their ids.
const MERGE_MS: i64 = 10_000;

/// A message that was refused because we were too fast is tried again this much later.
const SLOWED_SECONDS: u32 = 2;

/// A chunk being worked on, and what it needs at every step.
pub(crate) struct Work<'a> {
    pub(crate) line: &'a Line,
    pub(crate) broadcast: &'a Broadcast,
    /// Those of its audience who are sent messages.
    pub(crate) audience: Audience,
    pub(crate) message: Message,
    pub(crate) token: AccessToken,
    /// When the deliveries' rows go by themselves.
    pub(crate) expires_at: Timestamp,
    /// Set if the office wants those in doubt sent once more.
    pub(crate) again_from_run: Option<u32>,
    pub(crate) hearing: Hearing,
    /// Who had another broadcast lately and is to be left out, under any of their ids.
    pub(crate) lately: HashSet<ContactId>,
    /// Between two messages of this process, in microseconds.
    pub(crate) least_gap_us: i64,
}

/// Somebody whose turn it is.
pub(crate) struct Turn {
    pub(crate) contact: ContactId,
    /// Whether they are sent to once more although they may have been.
    pub(crate) again: bool,
    pub(crate) slot_ms: i64,
}

/// How one person turned out. The default is: decided before, by somebody else.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Each state the delivery left and the one it came to, if it was us who moved it.
    pub(crate) moves: Vec<(Option<State>, State)>,
    /// To be looked at again after so many seconds.
    pub(crate) open_after: Option<i64>,
    /// A code that stops the broadcast if others meet it too.
    pub(crate) suspicious: Option<i64>,
    /// Meta refuses everybody, or wants everybody to wait.
    pub(crate) halt: Option<Halt>,
    /// The number is to go slower.
    pub(crate) too_fast: bool,
    /// How the message went wrong, if it did.
    pub(crate) failure: Option<Failure>,
    /// Meta failed without saying how.
    pub(crate) server_error: bool,
    /// Whether the message reached Meta, as far as we know.
    pub(crate) sent: bool,
}

impl Outcome {
    pub(crate) fn moved(from: Option<State>, to: State) -> Self {
        Self { moves: vec![(from, to)], ..Self::default() }
    }

    pub(crate) fn open(after_seconds: i64) -> Self {
        Self { open_after: Some(after_seconds), ..Self::default() }
    }
}

impl App {
    /// Takes one person's turn at its slot.
    pub(crate) async fn one(
        &self,
        work: &Work<'_>,
        turn: &Turn,
        known: &HashMap<ContactId, Contact>,
        read_at_ms: i64,
    ) -> anyhow::Result<Outcome> {
        let id = &turn.contact;
        self.pace_until(turn.slot_ms * 1000).await;
        if self.clock.now().as_millisecond() > turn.slot_ms + MISSED_AFTER_MS {
            return Ok(Outcome::open(1));
        }
        let (mut contact, mut read_at_ms) = (known.get(id).cloned(), read_at_ms);
        let now_ms = self.clock.now().as_millisecond();
        if now_ms - read_at_ms > CONSENT_FRESH_MS {
            read_at_ms = now_ms;
            contact = self.store.contact(&work.line.id, id).await.context("read consent")?;
        }
        let Some(contact) = contact else {
            return self.skip(work, id, SkipReason::Erased).await;
        };
        let (category, priority) = (work.message.category, work.broadcast.priority);
        if let Err(why) = broadcast::may_reach(&contact, &work.audience, category, priority) {
            return self.skip(work, id, why).await;
        }
        let had_lately = |it: &ContactId| work.lately.contains(it);
        if !turn.again && (had_lately(id) || contact.ids_besides(id).iter().any(had_lately)) {
            return self.skip(work, id, SkipReason::ReachedLately).await;
        }
        let merging = contact.merged_at.is_some_and(|it| now_ms < it.as_millisecond() + MERGE_MS);
        if merging {
            return Ok(Outcome::open(MERGE_MS / 1000));
        }
        let (token, others) = (random::key(), contact.ids_besides(id));
        let shaky = !contact.undeliverable.is_empty();
        let claimed = self.store.claim(self.take(work, turn, (&others, shaky), &token)).await;
        let (failures, repeated) = match claimed.context("claim")? {
            Claim::Taken { failures, repeated } => (failures, repeated),
            Claim::Twin => return self.skip(work, id, SkipReason::AlreadyReached).await,
            Claim::Known(it) => return self.known(work, &it).await,
        };
        let attempt = Attempt { id, token: &token, failures, repeated };
        let mut outcome = self.post(work, &attempt, &contact, read_at_ms).await?;
        if turn.again {
            outcome.moves.insert(0, (Some(State::Unresolved), State::Claimed));
        }
        Ok(outcome)
    }

    /// Sends what is claimed and records how it went.
    async fn post(
        &self,
        work: &Work<'_>,
        attempt: &Attempt<'_>,
        contact: &Contact,
        read_at_ms: i64,
    ) -> anyhow::Result<Outcome> {
        let (from, now_us) = (&work.line.phone_number_id, self.clock.now().as_microsecond());
        self.pace_until(self.pacing.next(from, now_us, work.least_gap_us)).await;
        // The claim took long: what was read of consent may not hold any more.
        if self.clock.now().as_millisecond() - read_at_ms > CONSENT_STALE_MS {
            self.put_back(work, attempt, attempt.failures, 0).await?;
            return Ok(Outcome::open(1));
        }
        let phone = contact.phone.as_ref().map(To::Phone);
        let to = phone.or_else(|| contact.user_id.as_ref().map(To::UserId));
        let to = to.context("a person who may be reached has an address")?;
        let (broadcast, id) = (work.broadcast.id.clone(), attempt.id.clone());
        let callback = Callback::Delivery { broadcast, contact: id }.encode();
        let now = self.clock.now();
        let (plain, _) = work.message.to(contact, now);
        let asking = work.message.asks(contact, work.line, now);
        let message = asking.unwrap_or(plain);
        let mut sent = self.graph.send(&work.token, from, to, message, &callback).await;
        let mut asked = asking.is_some();
        if let Err(failure) = &sent
            && asked
            && work.message.gives_up_asking(failure)
        {
            asked = false;
            sent = self.graph.send(&work.token, from, to, plain, &callback).await;
        }
        match sent {
            Ok(accepted) => {
                let outcome = self.accepted(work, attempt, accepted.held).await?;
                if asked {
                    let (line, policy) = (&work.line.id, work.line.policy.date);
                    let id = &work.broadcast.id;
                    let noted =
                        self.store.note_asked_to_accept(line, &contact.id, policy, id).await;
                    noted.context("note question")?;
                }
                Ok(outcome)
            }
            Err(failure) => {
                let outcome = self.refused(work, attempt, &failure).await?;
                Ok(Outcome { failure: Some(failure), ..outcome })
            }
        }
    }

    fn take<'a>(
        &self,
        work: &'a Work<'_>,
        turn: &'a Turn,
        (others, shaky): (&'a [ContactId], bool),
        token: &'a str,
    ) -> Take<'a> {
        Take {
            broadcast: &work.broadcast.id,
            contact: &turn.contact,
            others,
            token,
            shaky,
            run: work.broadcast.run,
            again: turn.again,
            now: self.clock.now(),
            expires_at: work.expires_at,
        }
    }

    async fn accepted(
        &self,
        work: &Work<'_>,
        attempt: &Attempt<'_>,
        held: bool,
    ) -> anyhow::Result<Outcome> {
        let now = self.clock.now();
        let news = News { held, ..News::of(Report::Accepted, now) };
        let outcome = self.tell(work.broadcast, attempt.id, news).await?;
        // In an emergency the rest goes on: what Meta holds, it holds either way.
        let waits = held && work.broadcast.priority == Priority::Normal;
        let halt = waits.then(|| Halt::quality(now));
        Ok(Outcome { sent: true, halt, ..outcome })
    }

    /// What a failed send means for the person, by the table of codes.
    async fn refused(
        &self,
        work: &Work<'_>,
        attempt: &Attempt<'_>,
        failure: &Failure,
    ) -> anyhow::Result<Outcome> {
        let code = match failure {
            Failure::Coded { code, .. } => Some(*code),
            _ => None,
        };
        let now = self.clock.now();
        let failures = attempt.failures + 1;
        let verdict = failure::verdict_after(failure, attempt.failures);
        match verdict {
            Verdict::Drop | Verdict::StopIfRepeated => {
                let news = News { code, ..News::of(Report::Failed, now) };
                let outcome = self.tell(work.broadcast, attempt.id, news).await?;
                let (id, line) = (&work.broadcast.id, work.line);
                let noted = self.store.note_refusal(line, id, attempt.id, code, now).await;
                noted.context("note refusal")?;
                let suspicious = code.filter(|_| verdict == Verdict::StopIfRepeated);
                Ok(Outcome { suspicious, ..outcome })
            }
            Verdict::OnceMore { after_seconds } => {
                let outcome = self.doubt(work, attempt, Some(after_seconds)).await?;
                Ok(Outcome { server_error: true, ..outcome })
            }
            Verdict::Unresolved => self.doubt(work, attempt, None).await,
            // Certainly not sent: the person's turn comes again.
            Verdict::Stop | Verdict::Hold { .. } => {
                self.put_back(work, attempt, failures, 0).await?;
                Ok(Outcome { halt: Halt::of(verdict, code, now), ..Outcome::open(1) })
            }
            Verdict::Slow => {
                self.put_back(work, attempt, failures, SLOWED_SECONDS).await?;
                Ok(Outcome { too_fast: true, ..Outcome::open(SLOWED_SECONDS.into()) })
            }
            Verdict::Later { after_seconds } => {
                self.put_back(work, attempt, failures, after_seconds).await?;
                Ok(Outcome::open(after_seconds.into()))
            }
        }
    }

    /// Nobody knows whether it was sent.
    async fn doubt(
        &self,
        work: &Work<'_>,
        attempt: &Attempt<'_>,
        after_seconds: Option<u32>,
    ) -> anyhow::Result<Outcome> {
        let now = self.clock.now();
        let priority = work.broadcast.priority;
        let again_at = doubt::once_more_at(after_seconds, priority, attempt.repeated, now);
        let news = News { again_at, ..News::of(Report::Unresolved, now) };
        let outcome = self.tell(work.broadcast, attempt.id, news).await?;
        let open_after = again_at.map(|it| it.as_second() - now.as_second());
        Ok(Outcome { open_after, sent: true, ..outcome })
    }

    async fn put_back(
        &self,
        work: &Work<'_>,
        attempt: &Attempt<'_>,
        failures: u32,
        after_seconds: u32,
    ) -> anyhow::Result<()> {
        let again_at = self.clock.now() + i64::from(after_seconds).seconds();
        let id = &work.broadcast.id;
        let back = self.store.put_back(id, attempt.id, attempt.token, failures, again_at).await;
        back.context("give claim back")
    }

    async fn tell(
        &self,
        broadcast: &Broadcast,
        id: &ContactId,
        news: News,
    ) -> anyhow::Result<Outcome> {
        let to = news.report.state();
        let told = self.store.tell(&broadcast.id, id, &news).await.context("record outcome")?;
        let moves = told.filter(|it| it.moved).map(|it| (Some(it.before.state), to));
        Ok(Outcome { moves: moves.into_iter().collect(), ..Outcome::default() })
    }

    async fn skip(
        &self,
        work: &Work<'_>,
        id: &ContactId,
        why: SkipReason,
    ) -> anyhow::Result<Outcome> {
        let now = self.clock.now();
        let (broadcast, expires_at) = (&work.broadcast.id, work.expires_at);
        let known = self.store.decide_not_to_send(broadcast, id, Some(why), now, expires_at).await;
        match known.context("record why not")? {
            None => Ok(Outcome::moved(None, State::Skipped)),
            // Somebody was about to send it while the reason came up.
            Some(it) => self.known(work, &it).await,
        }
    }

    /// A delivery that was there already: somebody else's, or from before a crash.
    pub(crate) async fn known(&self, work: &Work<'_>, it: &Delivery) -> anyhow::Result<Outcome> {
        let now = self.clock.now();
        match doubt::standing(&standing_of(it), work.again_from_run, &work.hearing, now) {
            Standing::Decided => Ok(Outcome::default()),
            Standing::Wait { seconds } => Ok(Outcome::open(seconds)),
            // Whoever comes next takes it on in its right order.
            Standing::Open | Standing::Again => Ok(Outcome::open(1)),
            Standing::DeadClaim => {
                let claimed_at = it.claimed_at.unwrap_or(now);
                let priority = work.broadcast.priority;
                let again_at = doubt::once_more_at(None, priority, it.repeated, claimed_at);
                let news = News { again_at, ..News::of(Report::Unresolved, now) };
                let outcome = self.tell(work.broadcast, &it.contact, news).await?;
                Ok(Outcome { open_after: again_at.map(|_| 1), ..outcome })
            }
        }
    }

    /// A delivery of a broadcast that is called off: a claim in the air comes to its end, and
    /// nothing is sent once more.
    pub(crate) async fn let_end(
        &self,
        broadcast: &Broadcast,
        it: &Delivery,
    ) -> anyhow::Result<Outcome> {
        let now = self.clock.now();
        match doubt::standing(&standing_of(it), None, &Hearing::default(), now) {
            Standing::Wait { seconds } if it.state == State::Claimed => Ok(Outcome::open(seconds)),
            Standing::DeadClaim => {
                self.tell(broadcast, &it.contact, News::of(Report::Unresolved, now)).await
            }
            _ => Ok(Outcome::default()),
        }
    }
}

/// A claim in our hands.
struct Attempt<'a> {
    id: &'a ContactId,
    token: &'a str,
    /// How often it was tried before and certainly not sent.
    failures: u32,
    /// Whether this is the second time it may be sent.
    repeated: bool,
}

pub(crate) fn standing_of(it: &Delivery) -> Known {
    Known { state: it.state, claimed_at: it.claimed_at, again_at: it.again_at, run: it.run }
}
