// SPDX-License-Identifier: EUPL-1.2
//! The rate item of a business number: one clock that all its senders push forward.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::doubt::Hearing;
use domain::ids::PhoneNumberId;
use domain::rate::{self, Rate, Slots};
use jiff::{SignedDuration, Timestamp};

use crate::item::{Fields, instant, number};
use crate::{Result, Store, StoreError, failed, keys};

/// Lost races before a chunk waits its turn instead. Each round somebody else got slots, so this is as
/// many senders as may wake in the same moment.
const TRIES: usize = 16;

/// How long a number counts as broadcasting after its last granted slot, in milliseconds.
const BROADCASTING_MS: i64 = 5000;

/// Less than the clocks may differ: see [`domain::doubt`].
const HEARD_EVERY: SignedDuration = SignedDuration::from_secs(2);

/// What this process last wrote of what each number heard.
pub(crate) type Heard = Mutex<HashMap<PhoneNumberId, Timestamp>>;

impl Store {
    /// Asks for up to `n` slots for a broadcast; see [`rate::reserve`].
    pub async fn reserve(
        &self,
        from: &PhoneNumberId,
        now_ms: i64,
        n: usize,
        per_second: u32,
        emergency: bool,
    ) -> Result<Slots> {
        for _ in 0..TRIES {
            let current = self.rate(from).await?;
            let (slots, next) = rate::reserve(current, now_ms, n, per_second, emergency);
            if matches!(slots, Slots::Wait { .. }) {
                return Ok(slots);
            }
            let mut expression = "SET next_free = :next, broadcasting_until = :until".to_owned();
            let mut request = self
                .client
                .update_item()
                .table_name(&self.tables.broadcasts)
                .set_key(Some(keys::rate(from).into_item()))
                .condition_expression("attribute_not_exists(next_free) OR next_free = :current")
                .expression_attribute_values(":next", number(next.next_free_ms))
                .expression_attribute_values(":until", number(next.next_free_ms + BROADCASTING_MS))
                .expression_attribute_values(":current", number(current.next_free_ms));
            // Bulk leaves it alone: an emergency may have set it since it was read.
            if emergency {
                expression.push_str(", urgent_until = :urgent");
                request =
                    request.expression_attribute_values(":urgent", number(next.urgent_until_ms));
            }
            let pushed = request.update_expression(expression).send().await.map_err(failed);
            match pushed {
                Ok(_) => return Ok(slots),
                Err(StoreError::Conflict) => {}
                Err(err) => return Err(err),
            }
        }
        Ok(Slots::Wait { until_ms: now_ms + rate::cost_ms(n, per_second) })
    }

    async fn rate(&self, from: &PhoneNumberId) -> Result<Rate> {
        let item = self.get(&self.tables.broadcasts, keys::rate(from)).await?;
        let item = item.unwrap_or_default();
        Ok(Rate {
            next_free_ms: item.find_number("next_free").unwrap_or(0),
            urgent_until_ms: item.find_number("urgent_until").unwrap_or(0),
            slow_until_ms: item.find_number("slow_until").unwrap_or(0),
        })
    }

    /// Counts messages that do not wait: replies and what comes in. Only while a broadcast runs,
    /// since nobody else looks.
    pub async fn debit(&self, from: &PhoneNumberId, now_ms: i64, cost_ms: i64) -> Result<()> {
        let pushed = self
            .client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::rate(from).into_item()))
            .update_expression("ADD next_free :cost")
            .condition_expression("next_free >= :now")
            .expression_attribute_values(":cost", number(cost_ms))
            .expression_attribute_values(":now", number(now_ms))
            .send()
            .await
            .map_err(failed);
        match pushed {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(err) => Err(err),
        }
    }

    /// Whether a broadcast of this number is or just was in the air.
    pub async fn is_broadcasting(&self, from: &PhoneNumberId, now_ms: i64) -> Result<bool> {
        let item = self.get(&self.tables.broadcasts, keys::rate(from)).await?;
        Ok(item.and_then(|it| it.find_number("broadcasting_until")).unwrap_or(0) > now_ms)
    }

    /// Notes Meta's time of a status that came in for a number, if it is the newest.
    ///
    /// Statuses come by the hundred a second: what is hardly newer than what this process last
    /// wrote is not written.
    pub async fn heard(&self, from: &PhoneNumberId, at: Timestamp) -> Result<()> {
        let last = self.heard.lock().unwrap_or_else(PoisonError::into_inner).get(from).copied();
        if last.is_some_and(|it| at < it + HEARD_EVERY) {
            return Ok(());
        }
        let noted = self
            .client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::heard(from).into_item()))
            .update_expression("SET heard_at = :at")
            .condition_expression("attribute_not_exists(heard_at) OR heard_at < :at")
            .expression_attribute_values(":at", instant(at))
            .send()
            .await
            .map_err(failed);
        match noted {
            Ok(_) | Err(StoreError::Conflict) => {
                let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
                heard.insert(from.clone(), at);
                Ok(())
            }
            Err(err) => Err(err),
        }
    }

    /// What a number last said and heard.
    pub async fn hearing(&self, from: &PhoneNumberId) -> Result<Hearing> {
        let keys = vec![keys::heard(from), keys::rate(from)];
        let items = self.get_many(&self.tables.broadcasts, keys).await?;
        let sent_ms = items.iter().find_map(|it| it.find_number("broadcasting_until"));
        let sent_at = sent_ms.and_then(|it| Timestamp::from_millisecond(it - BROADCASTING_MS).ok());
        Ok(Hearing { heard_at: items.iter().find_map(|it| it.find_instant("heard_at")), sent_at })
    }

    /// Lets bulk yield until then.
    pub async fn set_urgent(&self, from: &PhoneNumberId, until_ms: i64) -> Result<()> {
        self.set_until(from, "urgent_until", until_ms).await
    }

    /// Halves the number's rate until then.
    pub async fn set_slow(&self, from: &PhoneNumberId, until_ms: i64) -> Result<()> {
        self.set_until(from, "slow_until", until_ms).await
    }

    async fn set_until(&self, from: &PhoneNumberId, what: &str, until_ms: i64) -> Result<()> {
        self.client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::rate(from).into_item()))
            .update_expression("SET #what = :until")
            .expression_attribute_names("#what", what)
            .expression_attribute_values(":until", number(until_ms))
            .send()
            .await
            .map_err(failed)?;
        Ok(())
    }
}
