// SPDX-License-Identifier: EUPL-1.2
//! The register of requests: every use of a right over one's data, and what came of it.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::contact::{AskedBy, Contact};
use domain::ids::{ContactId, LineId};
use domain::line::Line;
use domain::rights::{Closed, Outcome, Request, RequestNumber, Right, Told};
use jiff::{Timestamp, ToSpan};

use crate::item::{Draft, Fields, Item, expiry, instant, text};
use crate::people::ids;
use crate::table::put;
use crate::{Result, Store, StoreError, failed, keys};

/// Rows of the register read at a time.
const PAGE: i32 = 100;

impl Store {
    /// `until` is when a request that has ended goes; `former` are other ids of who is erased by it.
    pub(crate) fn put_request(
        &self,
        line: &LineId,
        request: &Request,
        until: Timestamp,
        former: &[ContactId],
    ) -> TransactWriteItem {
        let mut item = write_request(line, request, until);
        item.extend(former_field(former).map(|(name, value)| (name.to_owned(), value)));
        put(&self.tables.subscribers, item)
    }

    /// Writes a request down that came another way than by chat.
    pub async fn add_request(&self, line: &Line, request: &Request, now: Timestamp) -> Result<()> {
        let until = register_until(line, now);
        self.transact(vec![self.put_request(&line.id, request, until, &[])]).await
    }

    pub async fn request(&self, line: &LineId, number: &RequestNumber) -> Result<Option<Request>> {
        let item = self.get(&self.tables.subscribers, keys::request(line, number)).await?;
        item.as_ref().map(read_request).transpose()
    }

    /// A page of the register after the number `after`: those that are open with the first due
    /// first, all others with the latest first. A page is full unless it is the last.
    pub async fn requests(
        &self,
        line: &LineId,
        open: bool,
        after: Option<&RequestNumber>,
        limit: usize,
    ) -> Result<Vec<Request>> {
        let mut found = Vec::new();
        let mut start = after.map(|it| keys::request(line, it).into_item());
        loop {
            let filter = if open {
                "attribute_not_exists(closed_at)"
            } else {
                "attribute_exists(closed_at)"
            };
            let page = self
                .client
                .query()
                .table_name(&self.tables.subscribers)
                .key_condition_expression("pk = :pk")
                .filter_expression(filter)
                .expression_attribute_values(":pk", text(keys::requests(line)))
                .scan_index_forward(open)
                .limit(PAGE)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(failed)?;
            for item in page.items() {
                found.push(read_request(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() || found.len() >= limit {
                found.truncate(limit);
                return Ok(found);
            }
        }
    }

    /// What a contact ever asked for, oldest first. The register is small by nature.
    pub async fn requests_of(&self, line: &LineId, contact: &Contact) -> Result<Vec<Request>> {
        let ids: Vec<&ContactId> = ids(contact).collect();
        let items = self.query_all(&self.tables.subscribers, keys::requests(line)).await?;
        let of_them = |it: &&Item| {
            it.find_text("contact").is_some_and(|it| ids.iter().any(|id| id.as_str() == it))
        };
        items.iter().filter(of_them).map(read_request).collect()
    }

    /// Ends a request. `Conflict` if it has ended, or is not there.
    pub async fn close_request(
        &self,
        line: &Line,
        number: &RequestNumber,
        closed: &Closed,
    ) -> Result<()> {
        self.close_as(line, number, closed, &[]).await
    }

    async fn close_as(
        &self,
        line: &Line,
        number: &RequestNumber,
        closed: &Closed,
        former: &[ContactId],
    ) -> Result<()> {
        let key = keys::request(&line.id, number).into_item();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.tables.subscribers)
            .set_key(Some(key))
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(closed_at)");
        let mut set = Vec::new();
        for (name, value) in closed_fields(closed).into_iter().chain(former_field(former)) {
            // Some of these names are reserved words.
            set.push(format!("#{name} = :{name}"));
            update = update
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        update
            .update_expression(format!("SET {}, expires = :expires", set.join(", ")))
            .expression_attribute_values(":expires", expiry(register_until(line, closed.at)))
            .send()
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// Ends whatever is still open of somebody who was erased: nothing is left to be asked of.
    pub async fn close_requests_of(
        &self,
        line: &Line,
        contact: &Contact,
        at: Timestamp,
    ) -> Result<()> {
        let note = "I dati sono stati cancellati.".to_owned();
        let outcome = Outcome::Granted;
        let closed = Closed { at, outcome, operator: None, note: Some(note) };
        for request in self.requests_of(&line.id, contact).await? {
            if request.closed.is_some() {
                continue;
            }
            match self.close_as(line, &request.number, &closed, &contact.former_ids).await {
                Ok(()) | Err(StoreError::Conflict) => {}
                Err(err) => return Err(err),
            }
        }
        Ok(())
    }

    /// Notes that somebody who had been given the data was told. `Conflict` if the request is not
    /// there.
    pub async fn note_told(
        &self,
        line: &LineId,
        number: &RequestNumber,
        told: &Told,
    ) -> Result<()> {
        self.client
            .update_item()
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::request(line, number).into_item()))
            .update_expression("SET told = list_append(if_not_exists(told, :none), :told)")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":none", AttributeValue::L(Vec::new()))
            .expression_attribute_values(":told", AttributeValue::L(vec![write_told(told)]))
            .send()
            .await
            .map_err(failed)?;
        Ok(())
    }
}

/// The register keeps what has ended as long as a proof of consent.
pub fn register_until(line: &Line, closed_at: Timestamp) -> Timestamp {
    closed_at + (24 * i64::from(line.retention.consent_days)).hours()
}

/// Other ids of who was erased, for who restores a backup in which they were contacts of their own.
fn former_field(former: &[ContactId]) -> Option<(&'static str, AttributeValue)> {
    let ids: Vec<_> = former.iter().map(|it| it.as_str().to_owned()).collect();
    (!ids.is_empty()).then_some(("former", AttributeValue::Ss(ids)))
}

fn closed_fields(closed: &Closed) -> Vec<(&'static str, AttributeValue)> {
    let mut fields =
        vec![("closed_at", instant(closed.at)), ("outcome", text(closed.outcome.name()))];
    fields.extend(closed.operator.as_ref().map(|it| ("operator", text(it))));
    fields.extend(closed.note.as_ref().map(|it| ("note", text(it))));
    fields
}

fn write_request(line: &LineId, request: &Request, until: Timestamp) -> Item {
    let draft = Draft::at(keys::request(line, &request.number))
        .with("contact", text(request.contact.as_str()))
        .with("right", text(request.right.name()))
        .with("asked_at", instant(request.asked_at))
        .with_some("asked_by", request.asked_by.map(|it| text(it.name())))
        .with("due", text(request.due.to_string()));
    let fields = request.closed.iter().flat_map(closed_fields);
    let draft = fields.fold(draft, |draft, (name, value)| draft.with(name, value));
    let told: Vec<_> = request.told.iter().map(write_told).collect();
    let expires = request.closed.as_ref().map(|_| expiry(until));
    let draft = draft.with_some("expires", expires);
    draft.with_some("told", (!told.is_empty()).then_some(AttributeValue::L(told))).done()
}

fn write_told(told: &Told) -> AttributeValue {
    AttributeValue::M(
        [
            ("recipient".to_owned(), text(&told.recipient)),
            ("at".to_owned(), instant(told.at)),
            ("operator".to_owned(), text(&told.operator)),
        ]
        .into(),
    )
}

fn read_request(item: &Item) -> Result<Request> {
    let asked_by = item
        .find_text("asked_by")
        .map(|name| AskedBy::parse(name).ok_or(StoreError::Corrupt("asked_by")));
    let closed = item.find_instant("closed_at").map(|at| {
        Ok(Closed {
            at,
            outcome: Outcome::parse(item.text("outcome")?).ok_or(StoreError::Corrupt("outcome"))?,
            operator: item.find_text("operator").map(str::to_owned),
            note: item.find_text("note").map(str::to_owned),
        })
    });
    let told = item.get("told").and_then(|it| it.as_l().ok()).map_or(&[][..], Vec::as_slice);
    let told = told.iter().map(|it| {
        let map = it.as_m().map_err(|_| StoreError::Corrupt("told"))?;
        Ok(Told {
            recipient: map.text("recipient")?.to_owned(),
            at: map.instant("at")?,
            operator: map.text("operator")?.to_owned(),
        })
    });
    Ok(Request {
        number: RequestNumber::new(item.text("sk")?),
        contact: ContactId::new(item.text("contact")?),
        right: Right::parse(item.text("right")?).ok_or(StoreError::Corrupt("right"))?,
        asked_at: item.instant("asked_at")?,
        asked_by: asked_by.transpose()?,
        due: item.text("due")?.parse().map_err(|_| StoreError::Corrupt("due"))?,
        closed: closed.transpose()?,
        told: told.collect::<Result<_>>()?,
    })
}
