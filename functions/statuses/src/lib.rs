// SPDX-License-Identifier: EUPL-1.2
//! Sent, delivered, read, failed: what Meta reports of a send, joined by our own delivery id.
//!
//! What makes a repetition harmless: a state only ever moves forward, and only of a row that is
//! there. So nothing that was erased comes back.

mod account;

use std::collections::{HashMap, HashSet};

use anyhow::{Context, anyhow};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use domain::broadcast::{self, Broadcast};
use domain::cost::{self, Category, Market, Month, Priced, Spent};
use domain::delivery::{Callback, Report, State};
use domain::failure::{self, Failure, Verdict};
use domain::halt::Halt;
use domain::ids::{BroadcastId, ContactId, LineId, PhoneNumberId};
use domain::line::Line;
use domain::status::{self, Status};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use platform::clock::Clock;
use platform::metrics::{self, Metric};
use platform::settings::Settings;
use platform::{batch, jobs};
use store::{Change, News, Progress, Store, StoreError};
use tracing::{info, warn};

/// Messages written at a time.
const AT_ONCE: usize = 32;

#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub clock: Clock,
}

/// A delivery that moved: which broadcast's, from where, to where.
struct Moved {
    line: LineId,
    broadcast: BroadcastId,
    from: State,
    to: State,
    /// Meta's code, if it failed.
    code: Option<i64>,
    /// Whether Meta held it back until now.
    was_held: bool,
}

/// What one status changed.
#[derive(Default)]
struct Changed {
    moved: Option<Moved>,
    billed: Option<Billed>,
    recategorised: Option<Recategorised>,
}

/// A template that Meta bills as something else than the line says.
#[derive(PartialEq, Eq)]
struct Recategorised {
    line: LineId,
    broadcast: BroadcastId,
    category: Category,
    at: Timestamp,
}

/// A message that Meta charges for, or gives away.
struct Billed {
    line: LineId,
    /// `None` is a reply.
    broadcast: Option<BroadcastId>,
    at: Timestamp,
    spent: Spent,
}

/// A message of ours.
#[derive(PartialEq, Eq, Hash)]
struct Message {
    number: PhoneNumberId,
    /// As we gave it in `biz_opaque_callback_data`.
    callback: String,
}

/// What a batch says of one message, and which of its jobs do.
#[derive(Default)]
struct Said {
    statuses: Vec<Status>,
    jobs: HashSet<usize>,
}

/// What happened to one broadcast.
#[derive(Default)]
struct Sum {
    progress: Progress,
    /// People by the code with which their message failed.
    codes: HashMap<i64, u32>,
    /// Whether Meta let go of what it held back.
    let_go: bool,
}

impl App {
    pub async fn connect() -> anyhow::Result<Self> {
        let settings = Settings::load().await?;
        let aws = settings.aws()?;
        Ok(Self { store: Store::connect(&aws, settings.tables()?), clock: Clock::System })
    }

    /// The function, as Lambda and the local stack both call it.
    ///
    /// A batch is one piece of work: what its jobs say of one message is written once, and so is
    /// what they come to for a broadcast.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        batch::together(event, |jobs| Box::pin(self.statuses(jobs))).await
    }

    /// How each job went.
    async fn statuses(&self, jobs: Vec<jobs::Statuses>) -> Vec<anyhow::Result<()>> {
        let (updates, events): (Vec<_>, Vec<_>) =
            jobs.into_iter().map(|it| (it.updates, it.events)).unzip();
        let mut results: Vec<_> = updates.iter().map(|_| Ok(())).collect();
        match self.updates(updates).await {
            Ok(failed) => {
                for (job, why) in failed {
                    results[job] = Err(anyhow!(why));
                }
            }
            Err(err) => {
                let why = format!("{err:#}");
                results = results.iter().map(|_| Err(anyhow!(why.clone()))).collect();
            }
        }
        for (result, events) in results.iter_mut().zip(events) {
            for event in events {
                if result.is_ok() {
                    *result = self.account_event(event).await;
                }
            }
        }
        results
    }

    /// Takes in what all jobs say of messages. Those jobs of which something failed, and why.
    async fn updates(
        &self,
        jobs: Vec<Vec<jobs::StatusUpdate>>,
    ) -> anyhow::Result<HashMap<usize, String>> {
        let now = self.clock.now();
        // First of all: what is in doubt is sent once more only while we hear.
        for (number, at) in newest(jobs.iter().flatten()) {
            let heard_at = at.min(now);
            self.store.heard(&number, heard_at).await.context("note what was heard")?;
        }
        let told = stream::iter(messages(jobs)).map(|(message, said)| async move {
            let changed = self.message(&message, said.statuses).await;
            (said.jobs, changed)
        });
        let told: Vec<_> = told.buffer_unordered(AT_ONCE).collect().await;
        let mut sums: HashMap<(LineId, BroadcastId), Sum> = HashMap::new();
        let mut months: HashMap<(LineId, Month), [Spent; 2]> = HashMap::new();
        let mut dearer: HashMap<BroadcastId, Recategorised> = HashMap::new();
        let mut failed = HashMap::new();
        let mut not_arrived = 0;
        for (jobs, (changed, why)) in told {
            if let Some(err) = why {
                failed.extend(jobs.into_iter().map(|it| (it, format!("{err:#}"))));
            }
            for Changed { moved, billed, recategorised } in changed {
                dearer.extend(recategorised.map(|it| (it.broadcast.clone(), it)));
                if let Some(Billed { line, broadcast, at, spent }) = billed {
                    let month = months.entry((line.clone(), Month::of(at))).or_default();
                    month[usize::from(broadcast.is_none())] += spent;
                    if let Some(broadcast) = broadcast {
                        sums.entry((line, broadcast)).or_default().progress.spent += spent;
                    }
                }
                if let Some(it) = moved {
                    not_arrived += usize::from(it.to == State::Failed);
                    sums.entry((it.line.clone(), it.broadcast.clone())).or_default().take(&it);
                }
            }
        }
        metrics::count(Metric::Failed, not_arrived);
        // What moved is counted even if the rest comes again: by then it has moved already.
        for ((_, broadcast), sum) in &sums {
            self.store.add_progress(broadcast, &sum.progress).await.context("add counts")?;
        }
        for ((line, month), [of_broadcasts, of_replies]) in months {
            let added = self.store.add_spending(&line, month, &of_broadcasts, &of_replies).await;
            added.context("add what the month was billed")?;
        }
        for ((line, broadcast), sum) in &sums {
            self.consequences(line, broadcast, sum).await?;
        }
        for it in dearer.into_values() {
            self.recategorised(it).await?;
        }
        Ok(failed)
    }

    /// What failures reported later, and messages let go, mean for the broadcast they belong to.
    async fn consequences(&self, line: &LineId, id: &BroadcastId, sum: &Sum) -> anyhow::Result<()> {
        if sum.codes.is_empty() && !sum.let_go {
            return Ok(());
        }
        let broadcast = self.store.broadcast(line, id).await.context("load broadcast")?;
        let Some(broadcast) = broadcast else { return Ok(()) };
        let now = self.clock.now();
        let mut halt = None;
        for (code, people) in &sum.codes {
            let verdict = failure::verdict(&Failure::Reported { code: Some(*code) });
            halt = halt.or_else(|| Halt::of(verdict, Some(*code), now));
            if verdict == Verdict::StopIfRepeated {
                let met = self.store.note_code(id, broadcast.run, *code, *people).await;
                halt = halt.or(Halt::of_repeated(*code, met.context("note code")?));
            }
        }
        match (broadcast.state, halt) {
            (broadcast::State::Sending | broadcast::State::Held, Some(halt)) => {
                self.halt(&broadcast, &halt).await.map(|_| ())
            }
            (broadcast::State::Held, None) if sum.let_go => self.let_go(&broadcast).await,
            _ => Ok(()),
        }
    }

    /// Whether it stood where it was found, and is halted now.
    async fn halt(&self, broadcast: &Broadcast, halt: &Halt) -> anyhow::Result<bool> {
        let halted = self.store.halt(broadcast, halt).await.context("halt broadcast")?;
        if halted {
            metrics::count_halted(halt);
            warn!(broadcast.id = %broadcast.id, "halted a broadcast: {}", halt.reason());
        }
        Ok(halted)
    }

    /// The next tick lets it go on.
    async fn let_go(&self, broadcast: &Broadcast) -> anyhow::Result<()> {
        let now = self.clock.now();
        let change =
            Change { due_at: Some(now), reason: broadcast.reason.clone(), ..Change::default() };
        let state = broadcast.state;
        let changed =
            self.store.change_broadcast(&broadcast.line, &broadcast.id, state, state, change).await;
        match changed {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(err) => Err(err).context("let broadcast go on"),
        }
    }

    /// Tells one message what was said of it. What that changed, and why the rest did not.
    async fn message(
        &self,
        message: &Message,
        statuses: Vec<Status>,
    ) -> (Vec<Changed>, Option<anyhow::Error>) {
        let mut changed = Vec::new();
        for status in status::joined(statuses) {
            match self.status(message, &status).await {
                Ok(it) => changed.push(it),
                Err(err) => return (changed, Some(err)),
            }
        }
        (changed, None)
    }

    async fn status(&self, message: &Message, status: &Status) -> anyhow::Result<Changed> {
        let line = self.store.line_of(&message.number).await.context("load line")?;
        let Some(line) = line else { return Ok(Changed::default()) };
        match Callback::decode(&message.callback) {
            Some(Callback::Delivery { broadcast, contact }) => {
                self.delivery(&line, broadcast, &contact, status).await
            }
            Some(Callback::Message { contact, row }) => {
                let to = status.report.state();
                let reported = self
                    .store
                    .report_entry_priced(&line.id, &contact, &row, to, status.code, status.priced)
                    .await;
                let bill = reported.context("record status of an answer")?.bill;
                let billed = bill.map(|it| billed(&line, None, it, status));
                Ok(Changed { billed, ..Changed::default() })
            }
            None => {
                info!("passed over a status of no message of ours");
                Ok(Changed::default())
            }
        }
    }

    async fn delivery(
        &self,
        line: &Line,
        broadcast: BroadcastId,
        contact: &ContactId,
        status: &Status,
    ) -> anyhow::Result<Changed> {
        let Status { report, at, code, priced, .. } = *status;
        let news = News { code, priced, ..News::of(report, at) };
        let told = self.store.tell(&broadcast, contact, &news).await.context("record status")?;
        let Some(told) = told else { return Ok(Changed::default()) };
        if told.before.shaky && report.arrived() {
            let noted = self.store.note_reachable(&line.id, contact).await;
            noted.context("note who is reached")?;
        }
        if report == Report::Failed {
            let noted = self.store.note_refusal(line, &broadcast, contact, code, at).await;
            noted.context("note refusal")?;
        }
        let billed = told.bill.map(|it| billed(line, Some(&broadcast), it, status));
        let moved = told.moved.then(|| Moved {
            line: line.id.clone(),
            broadcast: broadcast.clone(),
            from: told.before.state,
            to: report.state(),
            code,
            was_held: told.before.held,
        });
        let recategorised = self.billed_otherwise(line, broadcast, status).await?;
        Ok(Changed { moved, billed, recategorised })
    }

    /// Whether Meta bills the broadcast's template as something else than the line says.
    async fn billed_otherwise(
        &self,
        line: &Line,
        broadcast: BroadcastId,
        status: &Status,
    ) -> anyhow::Result<Option<Recategorised>> {
        // A service message went as a reply, not as the template.
        let Some(priced) = status.priced.filter(|it| *it != Priced::Billed(Category::Service))
        else {
            return Ok(None);
        };
        let template = self.store.template_of(&line.id, &broadcast).await;
        let template = template.context("load template of broadcast")?;
        let template = template.and_then(|(name, language)| line.template(&name, &language));
        let category = template.and_then(|it| cost::recategorised(it.category, priced));
        let (line, at) = (line.id.clone(), status.at.min(self.clock.now()));
        Ok(category.map(|category| Recategorised { line, broadcast, category, at }))
    }
}

impl Sum {
    fn take(&mut self, moved: &Moved) {
        self.progress.counts.moved(Some(moved.from), moved.to);
        self.let_go |= moved.was_held && moved.to != State::Failed;
        if let Some(code) = moved.code {
            *self.codes.entry(code).or_default() += 1;
        }
    }
}

fn billed(line: &Line, broadcast: Option<&BroadcastId>, priced: Priced, status: &Status) -> Billed {
    let (at, mut spent) = (status.billed_at(), Spent::default());
    spent.count(priced, status.market, at);
    Billed { line: line.id.clone(), broadcast: broadcast.cloned(), at, spent }
}

/// What all jobs say, by message. A word that moves nothing says nothing.
fn messages(jobs: Vec<Vec<jobs::StatusUpdate>>) -> HashMap<Message, Said> {
    let mut messages: HashMap<Message, Said> = HashMap::new();
    for (job, updates) in jobs.into_iter().enumerate() {
        for update in updates {
            let Some(status) = read(&update) else { continue };
            let number = PhoneNumberId::new(&update.number);
            let said = messages.entry(Message { number, callback: update.callback }).or_default();
            said.statuses.push(status);
            said.jobs.insert(job);
        }
    }
    messages
}

fn read(update: &jobs::StatusUpdate) -> Option<Status> {
    // Where the recipient is from. What is not said is Italy.
    let market = update.market.as_deref();
    let market = market.map_or(Market::ITALY, |it| Market::parse(it).unwrap_or(Market::ELSEWHERE));
    let pricing = update.pricing.as_ref();
    let priced = pricing.and_then(|it| Priced::read(it.kind.as_deref(), it.category.as_deref()));
    let report = Report::from_status(&update.state)?;
    let status = Status::new(report, moment(update.at), market);
    Some(Status { code: update.code, priced, ..status })
}

fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Meta's time of the newest status of each business number.
fn newest<'a>(
    updates: impl Iterator<Item = &'a jobs::StatusUpdate>,
) -> HashMap<PhoneNumberId, Timestamp> {
    let mut newest = HashMap::new();
    for it in updates {
        let at = moment(it.at);
        let known = newest.entry(PhoneNumberId::new(&it.number)).or_insert(at);
        *known = at.max(*known);
    }
    newest
}
