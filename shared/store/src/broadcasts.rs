// SPDX-License-Identifier: EUPL-1.2
//! Broadcasts as stored: the item the office and `fanout` write, and beside it the counters that
//! `sender` and `statuses` add to, so that neither waits for the other.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::approval::{Authorship, Bypass};
use domain::broadcast::{
    self, Audience, Broadcast, Plan, PlanOf, Priority, State, TemplateMessage,
};
use domain::cost::Spent;
use domain::delivery::{Counts, Reason, Tally};
use domain::halt::Halt;
use domain::ids::{BroadcastId, ContactId, LineId, TopicId};
use jiff::Timestamp;

use crate::item::{Draft, Fields, Item, instant, number, text};
use crate::once::Once;
use crate::spending::{self, read_spent};
use crate::table::put_new;
use crate::tables::DUE;
use crate::{Result, Store, StoreError, failed, keys};

/// What a change of state sets beside the state.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub send_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub resumed_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub reason: Option<String>,
    /// Whether the run number grows: older jobs are dropped.
    pub new_run: bool,
    /// When the tick must look at it next; `None` takes it off the tick's list.
    pub due_at: Option<Timestamp>,
    /// Begins a new plan, through these people.
    pub plan: Option<PlanOf>,
    /// Who let it go, if somebody did.
    pub authorship: Option<Authorship>,
    /// Only of what stands at this version.
    pub version: Option<u64>,
}

/// What is added to a broadcast's counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub counts: Counts,
    /// What was billed.
    pub spent: Spent,
    pub chunks_done: i64,
}

impl From<Counts> for Progress {
    fn from(counts: Counts) -> Self {
        Self { counts, ..Self::default() }
    }
}

impl Store {
    /// Writes a new broadcast down, together with the answer to its request if that had a key.
    pub async fn create_broadcast(
        &self,
        broadcast: &Broadcast,
        once: Option<(&str, &Once)>,
    ) -> Result<()> {
        let table = &self.tables.broadcasts;
        let mut writes = vec![put_new(table, write_broadcast(broadcast))];
        if let Some((key_hash, once)) = once {
            writes.push(self.put_once(&broadcast.line, key_hash, once, broadcast.created_at));
        }
        self.transact(writes).await
    }

    /// Writes a draft anew, if it still is one and nobody changed it since it was read; what it is
    /// from now on. Else `Conflict`.
    pub async fn replace_draft(&self, draft: &Broadcast) -> Result<Broadcast> {
        let next = Broadcast { version: draft.version + 1, ..draft.clone() };
        let request = self
            .client
            .put_item()
            .table_name(&self.tables.broadcasts)
            .set_item(Some(write_broadcast(&next)))
            .condition_expression(
                "#state = :draft AND (version = :version \
                 OR (attribute_not_exists(version) AND :version = :zero))",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":draft", text(State::Draft.name()))
            .expression_attribute_values(":version", number(draft.version))
            .expression_attribute_values(":zero", number(0));
        request.send().await.map_err(failed)?;
        Ok(next)
    }

    /// Deletes a broadcast that is a draft; `Conflict` if it is none.
    pub async fn delete_draft(&self, line: &LineId, id: &BroadcastId) -> Result<()> {
        self.client
            .delete_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::broadcast(line, id).into_item()))
            .condition_expression("#state = :draft")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":draft", text(State::Draft.name()))
            .send()
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// Counts messages that were sent to try a broadcast.
    pub async fn count_tests(&self, id: &BroadcastId, n: i64) -> Result<()> {
        self.add(keys::counts(id), vec![("tests_n".to_owned(), n)]).await?;
        Ok(())
    }

    /// One broadcast of a line with its counters, as they stand at this moment.
    pub async fn broadcast(&self, line: &LineId, id: &BroadcastId) -> Result<Option<Broadcast>> {
        let table = &self.tables.broadcasts;
        let keys = vec![keys::broadcast(line, id), keys::counts(id)];
        let items = self.get_many(table, keys).await?;
        let counts = items.iter().find(|it| it.find_text("sk") == Some(keys::COUNTS));
        let item = items.iter().find(|it| it.find_text("sk") == Some(id.as_str()));
        item.map(|item| read_broadcast(item, counts)).transpose()
    }

    /// A line's broadcasts, newest first, older than `before`. Without counters.
    pub async fn broadcasts(
        &self,
        line: &LineId,
        before: Option<&BroadcastId>,
        limit: i32,
    ) -> Result<Vec<Broadcast>> {
        let mut query = self
            .client
            .query()
            .table_name(&self.tables.broadcasts)
            .expression_attribute_values(":pk", text(keys::broadcasts(line)))
            .scan_index_forward(false)
            .limit(limit);
        query = match before {
            Some(before) => query
                .key_condition_expression("pk = :pk AND sk < :before")
                .expression_attribute_values(":before", text(before.as_str())),
            None => query.key_condition_expression("pk = :pk"),
        };
        let page = query.send().await.map_err(failed)?;
        page.items().iter().map(|item| read_broadcast(item, None)).collect()
    }

    /// What the tick must look at by `now`, soonest first.
    ///
    /// From an index, so it may lag by seconds: what is missed is found a minute later.
    pub async fn due(&self, now: Timestamp) -> Result<Vec<(LineId, BroadcastId)>> {
        let mut due = Vec::new();
        let mut start = None;
        loop {
            let page = self.due_rows(keys::DUE, Some(now), None, start).await?;
            for item in page.items() {
                let line = item.text("pk")?.strip_prefix(&keys::broadcasts(&LineId::new("")));
                let line = LineId::new(line.ok_or(StoreError::Corrupt("pk"))?);
                due.push((line, BroadcastId::new(item.text("sk")?)));
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(due);
            }
        }
    }

    /// When something is due next, if anything is. Local stack: how far its clock may jump.
    pub async fn next_due(&self) -> Result<Option<Timestamp>> {
        let mut soonest = None;
        for what in [keys::DUE, keys::DESK] {
            let page = self.due_rows(what, None, Some(1), None).await?;
            let at = page.items().first().map(|it| it.instant("due_at")).transpose()?;
            soonest = [soonest, at].into_iter().flatten().min();
        }
        Ok(soonest)
    }

    /// A page of what is due by `now`, or ever, soonest first.
    pub(crate) async fn due_rows(
        &self,
        what: &str,
        now: Option<Timestamp>,
        limit: Option<i32>,
        start: Option<Item>,
    ) -> Result<QueryOutput> {
        self.client
            .query()
            .table_name(&self.tables.broadcasts)
            .index_name(DUE.name)
            .key_condition_expression("due = :due AND due_at <= :now")
            .expression_attribute_values(":due", text(what))
            .expression_attribute_values(":now", instant(now.unwrap_or(Timestamp::MAX)))
            .set_limit(limit)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(failed)
    }

    /// Moves a broadcast from one state to another; `Conflict` if it is not in the first.
    pub async fn change_broadcast(
        &self,
        line: &LineId,
        id: &BroadcastId,
        from: State,
        to: State,
        change: Change,
    ) -> Result<Broadcast> {
        let mut sets = vec![
            "#state = :to".to_owned(),
            "version = if_not_exists(version, :zero) + :next".to_owned(),
        ];
        let mut removes = Vec::new();
        let mut request = self
            .client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::broadcast(line, id).into_item()))
            .condition_expression(if change.version.is_some() {
                "#state = :from AND version = :version"
            } else {
                "#state = :from"
            })
            .set_expression_attribute_values(change.version.map(|it| {
                let value = number(i64::try_from(it).unwrap_or(i64::MAX));
                [(":version".to_owned(), value)].into()
            }))
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":from", text(from.name()))
            .expression_attribute_values(":to", text(to.name()))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":next", number(1))
            .return_values(ReturnValue::AllNew);
        let times = [
            ("send_at", change.send_at),
            ("started_at", change.started_at),
            ("resumed_at", change.resumed_at),
            ("finished_at", change.finished_at),
        ];
        for (name, at) in times {
            if let Some(at) = at {
                sets.push(format!("{name} = :{name}"));
                request = request.expression_attribute_values(format!(":{name}"), instant(at));
            }
        }
        match change.reason {
            Some(reason) => {
                sets.push("reason = :reason".to_owned());
                request = request.expression_attribute_values(":reason", text(reason));
            }
            None => removes.push("reason"),
        }
        if to == State::Draft {
            // It gets another time when it is let go again.
            removes.push("send_at");
        }
        match change.due_at {
            Some(at) => {
                sets.push("due = :due, due_at = :due_at".to_owned());
                request = request
                    .expression_attribute_values(":due", text(keys::DUE))
                    .expression_attribute_values(":due_at", instant(at));
            }
            None => removes.push("due, due_at"),
        }
        if let Some(of) = change.plan {
            sets.push("plan_of = :plan_of, planned = :false".to_owned());
            removes.push("#cursor");
            request = request
                .expression_attribute_names("#cursor", "cursor")
                .expression_attribute_values(":plan_of", text(plan_name(of)))
                .expression_attribute_values(":false", AttributeValue::Bool(false));
        }
        if let Some(it) = change.authorship {
            for (name, value) in authorship(&it) {
                sets.push(format!("{name} = :{name}"));
                request = request.expression_attribute_values(format!(":{name}"), value);
            }
        }
        if change.new_run {
            sets.push("run = run + :one".to_owned());
            request = request.expression_attribute_values(":one", number(1));
        }
        let mut expression = format!("SET {}", sets.join(", "));
        if !removes.is_empty() {
            expression = format!("{expression} REMOVE {}", removes.join(", "));
        }
        let changed = request.update_expression(expression).send().await.map_err(failed)?;
        let item = changed.attributes.ok_or(StoreError::Corrupt("attributes"))?;
        read_broadcast(&item, None)
    }

    /// Lets a broadcast that is to be sent, is being sent, or is held already, wait; whether it does
    /// now.
    pub async fn halt(&self, broadcast: &Broadcast, halt: &Halt) -> Result<bool> {
        let (to, until) = match halt {
            Halt::Stop { .. } => (State::Stopped, None),
            Halt::Hold { until, .. } => (State::Held, Some(*until)),
        };
        let reason = Some(halt.reason().to_owned());
        let due_at = broadcast::wakes_at(to, until, broadcast.expires_at);
        let change = Change { reason, due_at, ..Change::default() };
        let from = broadcast.state;
        match self.change_broadcast(&broadcast.line, &broadcast.id, from, to, change).await {
            Ok(_) => Ok(true),
            Err(StoreError::Conflict) => Ok(false),
            Err(err) => Err(err),
        }
    }

    /// Adds to the counters. They may lag while a broadcast runs; closing takes them anew.
    ///
    /// Gives the chunks done so far; 0 if there was nothing to add.
    pub async fn add_progress(&self, id: &BroadcastId, more: &Progress) -> Result<i64> {
        let counts = fields(&more.counts).into_iter().chain([("chunks_done", more.chunks_done)]);
        let mut adds: Vec<_> = counts.map(|(name, n)| (format!("{name}_n"), n)).collect();
        adds.extend(spending::fields(&more.spent));
        adds.retain(|it| it.1 != 0);
        if adds.is_empty() {
            return Ok(0);
        }
        adds.push(("moves".to_owned(), 1));
        let counters = self.add(keys::counts(id), adds).await?;
        Ok(counters.find_number("chunks_done_n").unwrap_or(0))
    }

    /// Puts the counters right: takes them from the deliveries, and writes them down as of `at`.
    ///
    /// If others add to them meanwhile it begins anew; if they keep adding, the last count stands.
    pub async fn recount(&self, id: &BroadcastId, audience: i64, at: Timestamp) -> Result<Tally> {
        let table = &self.tables.broadcasts;
        for last in [false, false, true] {
            let counters = self.get(table, keys::counts(id)).await?.unwrap_or_default();
            let moves = counters.find_number("moves").filter(|_| !last);
            let tally = self.tally(id, audience).await?;
            match self.set_counts(id, &tally, at, moves.map_or(Moves::Any, Moves::Still)).await {
                Ok(()) => return Ok(tally),
                Err(StoreError::Conflict) => {}
                Err(err) => return Err(err),
            }
        }
        Err(StoreError::Conflict)
    }

    async fn set_counts(
        &self,
        id: &BroadcastId,
        tally: &Tally,
        at: Timestamp,
        moves: Moves,
    ) -> Result<()> {
        let sets: Vec<String> =
            fields(&tally.counts).iter().map(|(name, _)| format!("{name}_n = :{name}")).collect();
        let reasons = tally.reasons.iter().map(|(it, n)| (it.key(), number(*n))).collect();
        let mut request = self
            .client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::counts(id).into_item()))
            .update_expression(format!(
                "SET {}, counted_at = :at, reasons = :reasons",
                sets.join(", ")
            ))
            .expression_attribute_values(":at", instant(at))
            .expression_attribute_values(":reasons", AttributeValue::M(reasons));
        for (name, value) in fields(&tally.counts) {
            request = request.expression_attribute_values(format!(":{name}"), number(value));
        }
        if let Moves::Still(moves) = moves {
            request = request
                .condition_expression("moves = :moves")
                .expression_attribute_values(":moves", number(moves));
        }
        request.send().await.map_err(failed)?;
        Ok(())
    }

    /// What the last count found: why messages did not arrive, and how often.
    pub async fn reasons(&self, id: &BroadcastId) -> Result<BTreeMap<Reason, i64>> {
        let counters = self.get(&self.tables.broadcasts, keys::counts(id)).await?;
        let counters = counters.unwrap_or_default();
        let reasons = counters.get("reasons").and_then(|it| it.as_m().ok());
        let read = |(key, n): (&String, &AttributeValue)| {
            Some((Reason::parse(key)?, n.as_n().ok()?.parse().ok()?))
        };
        Ok(reasons.into_iter().flatten().filter_map(read).collect())
    }

    /// Notes that `people` met a code of Meta's in this run; how many have so far.
    pub async fn note_code(
        &self,
        id: &BroadcastId,
        run: u32,
        code: i64,
        people: u32,
    ) -> Result<u32> {
        let name = format!("met_{run}_{code}");
        let noted = self
            .client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::counts(id).into_item()))
            .update_expression("ADD #met :people")
            .expression_attribute_names("#met", &name)
            .expression_attribute_values(":people", number(people))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(failed)?;
        let met = noted.attributes.and_then(|it| it.find_number(&name)).unwrap_or(0);
        Ok(u32::try_from(met).unwrap_or(u32::MAX))
    }
}

/// On what the counters may be written over.
enum Moves {
    Any,
    /// Nothing was added to them since.
    Still(i64),
}

fn plan_name(of: PlanOf) -> &'static str {
    match of {
        PlanOf::Audience => "audience",
        PlanOf::Unresolved => "unresolved",
    }
}

/// The counters by name. The audience is part of the plan, not of these.
fn fields(counts: &Counts) -> [(&'static str, i64); 8] {
    [
        ("skipped", counts.skipped),
        ("cancelled", counts.cancelled),
        ("failed", counts.failed),
        ("unresolved", counts.unresolved),
        ("accepted", counts.accepted),
        ("sent", counts.sent),
        ("delivered", counts.delivered),
        ("read", counts.read),
    ]
}

fn read_counts(item: &Item, audience: i64) -> Counts {
    let count = |name: &str| item.find_number(&format!("{name}_n")).unwrap_or(0);
    Counts {
        audience,
        skipped: count("skipped"),
        cancelled: count("cancelled"),
        failed: count("failed"),
        unresolved: count("unresolved"),
        accepted: count("accepted"),
        sent: count("sent"),
        delivered: count("delivered"),
        read: count("read"),
    }
}

fn write_broadcast(broadcast: &Broadcast) -> Item {
    let parameters = broadcast.message.parameters.iter();
    let parameters = parameters.map(|(name, value)| (name.clone(), text(value))).collect();
    let free_form = broadcast.free_form_in_window;
    let draft = Draft::at(keys::broadcast(&broadcast.line, &broadcast.id))
        .with("title", text(&broadcast.title))
        .with("template", text(&broadcast.message.name))
        .with("language", text(&broadcast.message.language))
        .with("parameters", AttributeValue::M(parameters))
        .with_some("header", broadcast.message.header_media_id.as_ref().map(text))
        .with("priority", text(broadcast.priority.name()))
        .with_some("free_form", free_form.then_some(AttributeValue::Bool(true)))
        .with_some("drill", broadcast.drill.then_some(AttributeValue::Bool(true)))
        .with("state", text(broadcast.state.name()))
        .with("created_at", instant(broadcast.created_at))
        .with_some("send_at", broadcast.send_at.map(instant))
        .with_some("expires_at", broadcast.expires_at.map(instant))
        .with("run", number(broadcast.run))
        .with("version", number(broadcast.version))
        .with_some("exclude_recent_hours", broadcast.exclude_recent_hours.map(number))
        .with("chunks", number(broadcast.plan.chunks))
        .with("audience_n", number(broadcast.counts.audience));
    let draft = match &broadcast.audience {
        Audience::All => draft.with("everyone", AttributeValue::Bool(true)),
        Audience::Topics(topics) => draft.with_set("topics", topics),
        Audience::ReachedBy(alert) => draft.with("reached_by", text(alert.as_str())),
    };
    let draft = authorship(&broadcast.authorship)
        .into_iter()
        .fold(draft, |draft, (name, value)| draft.with(name, value));
    match broadcast.due_at {
        Some(at) => draft.with("due", text(keys::DUE)).with("due_at", instant(at)),
        None => draft,
    }
    .done()
}

/// What is known of who wrote it and let it go, by attribute.
fn authorship(it: &Authorship) -> Vec<(&'static str, AttributeValue)> {
    let mut fields = Vec::new();
    fields.extend(it.author.as_ref().map(|it| ("author", text(it))));
    fields.extend(it.approved_by.as_ref().map(|it| ("approved_by", text(it))));
    if let Some(bypass) = &it.bypass {
        fields.push(("bypassed_at", instant(bypass.at)));
        fields.push(("bypass_reason", text(&bypass.reason)));
        fields.extend(bypass.by.as_ref().map(|it| ("bypassed_by", text(it))));
    }
    fields
}

fn read_authorship(item: &Item) -> Authorship {
    let name = |field| item.find_text(field).map(str::to_owned);
    let bypass = item.find_instant("bypassed_at").map(|at| Bypass {
        by: name("bypassed_by"),
        reason: name("bypass_reason").unwrap_or_default(),
        at,
    });
    Authorship { author: name("author"), approved_by: name("approved_by"), bypass }
}

fn read_broadcast(item: &Item, counts: Option<&Item>) -> Result<Broadcast> {
    let line = item.text("pk")?.strip_prefix(&keys::broadcasts(&LineId::new("")));
    // Everybody is said in so many words: a lost list of topics must not become that.
    let audience_of = match item.find_text("reached_by") {
        _ if item.flag("everyone") => Audience::All,
        Some(alert) => Audience::ReachedBy(BroadcastId::new(alert)),
        None => Audience::Topics(item.set("topics").into_iter().map(TopicId::new).collect()),
    };
    let parameters = item.get("parameters").and_then(|it| it.as_m().ok());
    let parameters: BTreeMap<String, String> = parameters
        .ok_or(StoreError::Corrupt("parameters"))?
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), value.as_s().ok()?.clone())))
        .collect();
    let audience = item.number("audience_n")?;
    let small = |name| u32::try_from(item.number(name)?).map_err(|_| StoreError::Corrupt(name));
    Ok(Broadcast {
        id: BroadcastId::new(item.text("sk")?),
        line: LineId::new(line.ok_or(StoreError::Corrupt("pk"))?),
        title: item.text("title")?.to_owned(),
        audience: audience_of,
        message: TemplateMessage {
            name: item.text("template")?.to_owned(),
            language: item.text("language")?.to_owned(),
            parameters,
            header_media_id: item.find_text("header").map(str::to_owned),
        },
        priority: Priority::parse(item.text("priority")?).ok_or(StoreError::Corrupt("priority"))?,
        drill: item.flag("drill"),
        free_form_in_window: item.flag("free_form"),
        state: State::parse(item.text("state")?).ok_or(StoreError::Corrupt("state"))?,
        reason: item.find_text("reason").map(str::to_owned),
        created_at: item.instant("created_at")?,
        send_at: item.find_instant("send_at"),
        expires_at: item.find_instant("expires_at"),
        started_at: item.find_instant("started_at"),
        resumed_at: item.find_instant("resumed_at"),
        due_at: item.find_instant("due_at"),
        finished_at: item.find_instant("finished_at"),
        run: small("run")?,
        plan: Plan {
            of: match item.find_text("plan_of") {
                Some("unresolved") => PlanOf::Unresolved,
                _ => PlanOf::Audience,
            },
            cursor: item.find_text("cursor").map(ContactId::new),
            chunks: small("chunks")?,
            complete: item.flag("planned"),
        },
        counts: counts
            .map_or(Counts { audience, ..Counts::default() }, |it| read_counts(it, audience)),
        counted_at: counts.and_then(|it| it.find_instant("counted_at")),
        spent: counts.map(read_spent).unwrap_or_default(),
        version: item.find_number("version").and_then(|it| it.try_into().ok()).unwrap_or(0),
        authorship: read_authorship(item),
        exclude_recent_hours: item
            .find_number("exclude_recent_hours")
            .and_then(|it| it.try_into().ok()),
        tests: counts.and_then(|it| it.find_number("tests_n")).unwrap_or(0),
    })
}
