// SPDX-License-Identifier: EUPL-1.2
//! The portfolio item: how many people its numbers reached, by the quarter of an hour. One item for
//! all lines of a portfolio, so that concurrent broadcasts share the limit.

use std::collections::{BTreeMap, HashMap};

use domain::broadcast::Priority;
use domain::delivery::State;
use domain::ids::{BroadcastId, ContactId, LineId};
use domain::line::Portfolio;
use domain::portfolio::{self, Quarter, Reached};
use domain::rate::CHUNK;
use jiff::Timestamp;

use crate::item::{Fields, instant, number};
use crate::{Result, Store, StoreError, failed, keys};

/// Lost races before it is a conflict. Each round somebody else got through.
const TRIES: usize = 8;

/// A line's last broadcasts, of which those of the last day matter.
const RECENT: i32 = 50;

/// Attributes of quarters are called `q1990217`.
const QUARTER: &str = "q";

/// How a reservation turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct People {
    /// So many of those asked for.
    pub granted: usize,
    /// When there is room for more; `None` if all were granted.
    pub more_at: Option<Timestamp>,
}

impl Store {
    /// Asks for up to `n` people who count against the limit, and moves those of `again`, who were
    /// last reached in these quarters, to now: they count already.
    ///
    /// `limit` is what Meta allows, as [`Store::portfolio_limit`] knows it.
    pub async fn reserve_people(
        &self,
        portfolio_id: &str,
        limit: u32,
        priority: Priority,
        n: usize,
        again: &[Quarter],
        now: Timestamp,
    ) -> Result<People> {
        let wanted = i64::try_from(n).unwrap_or(i64::MAX);
        for _ in 0..TRIES {
            let (reached, version) = self.reached(portfolio_id).await?;
            let granted = portfolio::room(limit, &reached, priority, now).min(wanted);
            let missing = (wanted - granted).min(i64::try_from(CHUNK).unwrap_or(1));
            let more_at = (missing > 0)
                .then(|| portfolio::room_at(limit, &reached, priority, granted + missing, now));
            let people = People { granted: usize::try_from(granted).unwrap_or(0), more_at };
            if granted == 0 && again.is_empty() {
                return Ok(people);
            }
            let mut moves: BTreeMap<Quarter, i64> = BTreeMap::new();
            let known = i64::try_from(again.len()).unwrap_or(0);
            *moves.entry(Quarter::of(now)).or_default() += granted + known;
            for quarter in again {
                *moves.entry(*quarter).or_default() -= 1;
            }
            let forgotten = reached.forgotten(now).filter(|it| !moves.contains_key(it)).collect();
            match self.move_people(portfolio_id, &moves, forgotten, Some(version)).await {
                Ok(()) => return Ok(people),
                Err(StoreError::Conflict) => {}
                Err(err) => return Err(err),
            }
        }
        Err(StoreError::Conflict)
    }

    /// When these people of a line were last reached by any of its broadcasts, of those who were
    /// within the limit's window. Reads the deliveries of the last broadcasts.
    pub async fn reached_before(
        &self,
        line: &LineId,
        people: &[ContactId],
        now: Timestamp,
    ) -> Result<HashMap<ContactId, Timestamp>> {
        self.reached_since(line, people, now - portfolio::WINDOW, None).await
    }

    /// When these people of a line were last reached by any of its broadcasts but this one, of those
    /// who were since then.
    pub async fn reached_since(
        &self,
        line: &LineId,
        people: &[ContactId],
        since: Timestamp,
        but: Option<&BroadcastId>,
    ) -> Result<HashMap<ContactId, Timestamp>> {
        let recent = self.broadcasts(line, None, RECENT).await?;
        let recent = recent.iter().filter(|it| {
            let lately = it.finished_at.is_none_or(|finished| finished >= since);
            it.started_at.is_some() && lately && but != Some(&it.id)
        });
        let mut reached: HashMap<ContactId, Timestamp> = HashMap::new();
        for broadcast in recent {
            for it in self.known_deliveries(&broadcast.id, people).await? {
                let unsent = matches!(it.state, State::Waiting | State::Skipped | State::Cancelled);
                let Some(at) = it.claimed_at.filter(|at| *at >= since && !unsent) else { continue };
                let last = reached.entry(it.contact).or_insert(at);
                *last = at.max(*last);
            }
        }
        Ok(reached)
    }

    /// Gives back `n` people reserved at `at` who were not sent to after all.
    pub async fn give_people_back(
        &self,
        portfolio_id: &str,
        n: usize,
        at: Timestamp,
    ) -> Result<()> {
        let n = i64::try_from(n).unwrap_or(0);
        let moves = BTreeMap::from([(Quarter::of(at), -n)]);
        self.move_people(portfolio_id, &moves, Vec::new(), None).await
    }

    /// Who counts at this moment.
    pub async fn people_reached(&self, portfolio_id: &str) -> Result<Reached> {
        Ok(self.reached(portfolio_id).await?.0)
    }

    /// What Meta allows a portfolio: what it last told us, else what the line file says.
    ///
    /// The lower of the two, since a line file may keep a share for others who send. Before Meta
    /// told anything, a line file without a limit has none.
    pub async fn portfolio_limit(&self, portfolio: &Portfolio) -> Result<Option<u32>> {
        let item = self.get(&self.tables.broadcasts, keys::portfolio(&portfolio.id)).await?;
        let told = item.and_then(|it| it.find_number("told_limit"));
        let told = told.and_then(|it| u32::try_from(it).ok());
        Ok(match (portfolio.limit, told) {
            (Some(ours), Some(told)) => Some(ours.min(told)),
            (ours, told) => ours.or(told),
        })
    }

    /// Keeps the limit Meta told at `at`, unless it told another later; `None` is no limit.
    pub async fn set_portfolio_limit(
        &self,
        portfolio_id: &str,
        limit: Option<u32>,
        at: Timestamp,
    ) -> Result<()> {
        let request = self
            .client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::portfolio(portfolio_id).into_item()))
            .condition_expression("attribute_not_exists(told_at) OR told_at <= :at")
            .expression_attribute_values(":at", instant(at));
        let request = match limit {
            Some(limit) => request
                .update_expression("SET told_limit = :limit, told_at = :at")
                .expression_attribute_values(":limit", number(limit)),
            None => request.update_expression("SET told_at = :at REMOVE told_limit"),
        };
        match request.send().await.map_err(failed) {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(err) => Err(err),
        }
    }

    async fn reached(&self, portfolio_id: &str) -> Result<(Reached, i64)> {
        let item = self.get(&self.tables.broadcasts, keys::portfolio(portfolio_id)).await?;
        let item = item.unwrap_or_default();
        let quarters = item.iter().filter_map(|(name, value)| {
            let quarter = name.strip_prefix(QUARTER)?.parse().ok()?;
            Some((Quarter(quarter), value.as_n().ok()?.parse().ok()?))
        });
        Ok((Reached(quarters.collect()), item.find_number("version").unwrap_or(0)))
    }

    async fn move_people(
        &self,
        portfolio_id: &str,
        moves: &BTreeMap<Quarter, i64>,
        forgotten: Vec<Quarter>,
        version: Option<i64>,
    ) -> Result<()> {
        let mut request = self
            .client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::portfolio(portfolio_id).into_item()))
            .expression_attribute_values(":one", number(1));
        let mut adds = vec!["version :one".to_owned()];
        for (n, (quarter, people)) in moves.iter().enumerate() {
            adds.push(format!("#a{n} :a{n}"));
            request = request
                .expression_attribute_names(format!("#a{n}"), format!("{QUARTER}{}", quarter.0))
                .expression_attribute_values(format!(":a{n}"), number(*people));
        }
        let mut expression = format!("ADD {}", adds.join(", "));
        let mut removes = Vec::new();
        for (n, quarter) in forgotten.iter().enumerate() {
            removes.push(format!("#r{n}"));
            let name = format!("{QUARTER}{}", quarter.0);
            request = request.expression_attribute_names(format!("#r{n}"), name);
        }
        if !removes.is_empty() {
            expression = format!("{expression} REMOVE {}", removes.join(", "));
        }
        if let Some(version) = version {
            request = request
                .condition_expression("attribute_not_exists(version) OR version = :version")
                .expression_attribute_values(":version", number(version));
        }
        request.update_expression(expression).send().await.map_err(failed)?;
        Ok(())
    }
}
