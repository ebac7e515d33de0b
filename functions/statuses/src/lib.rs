//! Sent, delivered, read, failed: what Meta reports of a send, joined by our own delivery id.
//!
//! What makes a repetition harmless: a state only ever moves forward, and only of a row that is
//! there. So nothing that was erased comes back.

mod account;

use std::collections::HashMap;

use anyhow::Context;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use domain::broadcast::{self, Broadcast};
use domain::cost::{self, Category, Market, Month, Priced, Spent};
use domain::delivery::{Callback, Counts, Report, State};
use domain::failure::{self, Failure, Verdict};
use domain::halt::Halt;
use domain::ids::{BroadcastId, ContactId, LineId, PhoneNumberId};
use domain::line::Line;
use futures::{StreamExt, stream};
use jiff::Timestamp;
use platform::clock::Clock;
use platform::settings::Settings;
use platform::{batch, jobs};
use store::{Change, News, Store, StoreError};
use tracing::{info, warn};

/// Statuses written at a time.
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

/// What happened to one broadcast.
#[derive(Default)]
struct Sum {
    counts: Counts,
    /// People by the code with which their message failed.
    codes: HashMap<i64, u32>,
    /// Whether Meta let go of what it held back.
    let_go: bool,
}

impl App {
    pub fn from_env() -> anyhow::Result<Self> {
        let settings = Settings::from_env();
        let aws = settings.aws()?;
        Ok(Self { store: Store::connect(&aws, settings.tables()?), clock: Clock::System })
    }

    /// The function, as Lambda and the local stack both call it.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        batch::concurrently(1, event, |job| self.statuses(job)).await
    }

    async fn statuses(&self, job: jobs::Statuses) -> anyhow::Result<()> {
        let now = self.clock.now();
        // First of all: what is in doubt is sent once more only while we hear.
        for (number, at) in newest(&job.updates) {
            let heard_at = at.min(now);
            self.store.heard(&number, heard_at).await.context("note what was heard")?;
        }
        let changed: Vec<anyhow::Result<Changed>> = stream::iter(job.updates)
            .map(|update| self.update(update))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut sums: HashMap<(LineId, BroadcastId), Sum> = HashMap::new();
        let mut bills = Vec::new();
        let mut dearer: HashMap<BroadcastId, Recategorised> = HashMap::new();
        let mut failed = None;
        for changed in changed {
            match changed {
                Ok(Changed { moved, billed, recategorised }) => {
                    bills.extend(billed);
                    dearer.extend(recategorised.map(|it| (it.broadcast.clone(), it)));
                    let Some(it) = moved else { continue };
                    let sum = sums.entry((it.line, it.broadcast)).or_default();
                    sum.counts.moved(Some(it.from), it.to);
                    sum.let_go |= it.was_held && it.to != State::Failed;
                    if let Some(code) = it.code {
                        *sum.codes.entry(code).or_default() += 1;
                    }
                }
                Err(err) => failed = Some(err),
            }
        }
        // What moved is counted even if the rest comes again: by then it has moved already.
        for ((_, broadcast), sum) in &sums {
            self.store.add_counts(broadcast, &sum.counts, 0).await.context("add counts")?;
        }
        self.count_bills(bills).await?;
        for ((line, broadcast), sum) in &sums {
            self.consequences(line, broadcast, sum).await?;
        }
        for it in dearer.into_values() {
            self.recategorised(it).await?;
        }
        if let Some(err) = failed {
            return Err(err);
        }
        for event in job.events {
            self.account_event(event).await?;
        }
        Ok(())
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

    /// Adds what was billed to broadcasts and to the months of lines, a write for each.
    async fn count_bills(&self, bills: Vec<Billed>) -> anyhow::Result<()> {
        let mut of_broadcasts: HashMap<BroadcastId, Spent> = HashMap::new();
        let mut of_months: HashMap<(LineId, Month), [Spent; 2]> = HashMap::new();
        for Billed { line, broadcast, at, spent } in bills {
            let month = of_months.entry((line, Month::of(at))).or_default();
            match broadcast {
                Some(broadcast) => {
                    month[0] += spent;
                    *of_broadcasts.entry(broadcast).or_default() += spent;
                }
                None => month[1] += spent,
            }
        }
        for (broadcast, more) in of_broadcasts {
            self.store.add_spent(&broadcast, &more).await.context("add what was billed")?;
        }
        for ((line, month), [of_broadcasts, of_replies]) in of_months {
            let added = self.store.add_spending(&line, month, &of_broadcasts, &of_replies).await;
            added.context("add what the month was billed")?;
        }
        Ok(())
    }

    async fn update(&self, update: jobs::StatusUpdate) -> anyhow::Result<Changed> {
        let report = Report::from_status(&update.state);
        let number = PhoneNumberId::new(&update.number);
        let line = self.store.line_of(&number).await.context("load line")?;
        let (Some(report), Some(line)) = (report, line) else { return Ok(Changed::default()) };
        match Callback::decode(&update.callback) {
            Some(Callback::Delivery { broadcast, contact }) => {
                self.delivery(&line, broadcast, &contact, report, &update).await
            }
            Some(Callback::Message { contact, row }) => {
                let (to, priced) = (report.state(), priced(&update));
                let reported = self
                    .store
                    .report_entry_priced(&line.id, &contact, &row, to, update.code, priced)
                    .await;
                let bill = reported.context("record status of an answer")?.bill;
                let billed = bill.map(|it| billed(&line, None, it, &update));
                Ok(Changed { billed, ..Changed::default() })
            }
            None => {
                info!(state = update.state, "passed over a status of no message of ours");
                Ok(Changed::default())
            }
        }
    }

    async fn delivery(
        &self,
        line: &Line,
        broadcast: BroadcastId,
        contact: &ContactId,
        report: Report,
        update: &jobs::StatusUpdate,
    ) -> anyhow::Result<Changed> {
        let (at, code) = (moment(update.at), update.code);
        let news = News { code, priced: priced(update), ..News::of(report, at) };
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
        let billed = told.bill.map(|it| billed(line, Some(&broadcast), it, update));
        let moved = told.moved.then(|| Moved {
            line: line.id.clone(),
            broadcast: broadcast.clone(),
            from: told.before.state,
            to: report.state(),
            code,
            was_held: told.before.held,
        });
        let recategorised = self.billed_otherwise(line, broadcast, update).await?;
        Ok(Changed { moved, billed, recategorised })
    }

    /// Whether Meta bills the broadcast's template as something else than the line says.
    async fn billed_otherwise(
        &self,
        line: &Line,
        broadcast: BroadcastId,
        update: &jobs::StatusUpdate,
    ) -> anyhow::Result<Option<Recategorised>> {
        // A service message went as a reply, not as the template.
        let Some(priced) = priced(update).filter(|it| *it != Priced::Billed(Category::Service))
        else {
            return Ok(None);
        };
        let template = self.store.template_of(&line.id, &broadcast).await;
        let template = template.context("load template of broadcast")?;
        let template = template.and_then(|(name, language)| line.template(&name, &language));
        let category = template.and_then(|it| cost::recategorised(it.category, priced));
        let (line, at) = (line.id.clone(), self.said_at(update.at));
        Ok(category.map(|category| Recategorised { line, broadcast, category, at }))
    }
}

fn priced(update: &jobs::StatusUpdate) -> Option<Priced> {
    let pricing = update.pricing.as_ref()?;
    Priced::read(pricing.kind.as_deref(), pricing.category.as_deref())
}

fn billed(
    line: &Line,
    broadcast: Option<&BroadcastId>,
    priced: Priced,
    update: &jobs::StatusUpdate,
) -> Billed {
    let (at, mut spent) = (moment(update.at), Spent::default());
    spent.count(priced, market(update), at);
    Billed { line: line.id.clone(), broadcast: broadcast.cloned(), at, spent }
}

/// Where the recipient is from. What is not said is Italy.
fn market(update: &jobs::StatusUpdate) -> Market {
    let named = update.market.as_deref();
    named.map_or(Market::ITALY, |it| Market::parse(it).unwrap_or(Market::ELSEWHERE))
}

fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Meta's time of the newest status of each business number.
fn newest(updates: &[jobs::StatusUpdate]) -> HashMap<PhoneNumberId, Timestamp> {
    let mut newest = HashMap::new();
    for it in updates {
        let at = moment(it.at);
        let known = newest.entry(PhoneNumberId::new(&it.number)).or_insert(at);
        *known = at.max(*known);
    }
    newest
}
