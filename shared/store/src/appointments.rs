// SPDX-License-Identifier: EUPL-1.2
//! Appointments, and the places of each slot: no slot is booked twice, whoever asks at once.
//!
//! An appointment stands under its contact. What else there is of it changes with it in one
//! transaction: a place of its slot, which holds only while one is left; the row that finds it by
//! time; the reminder; and the mark that its contact has one ahead for the service.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};
use domain::appointment::{Appointment, Change, Slot, State, Taken};
use domain::contact::Contact;
use domain::ids::{AppointmentId, ContactId, LineId, ServiceId};
use domain::line::Line;
use jiff::{Timestamp, ToSpan};

use crate::item::{Draft, Fields, Item, expiry, instant, number, text};
use crate::keys::{self, Key};
use crate::people::ids;
use crate::table::{delete, put, put_new};
use crate::{Once, Result, Store, StoreError, Task, failed};

/// As long as the longest slot: one that began so much earlier may overlap with another.
const LONGEST_HOURS: i64 = 8;

/// Lost races for one appointment of somebody who is forgotten before the caller is told.
const TRIES: usize = 5;

/// A change as it is written: what the line says of it at this moment.
#[derive(Clone, Copy, Debug)]
pub struct Booking<'a> {
    line: &'a Line,
    change: &'a Change,
    now: Timestamp,
}

impl<'a> Booking<'a> {
    /// What the name of the task begins with that reminds of an appointment.
    pub const TASK: &'static str = "appointment";

    /// What the name of the task begins with that tells the office of one.
    pub const TOLD: &'static str = "booking";

    pub fn new(line: &'a Line, change: &'a Change, now: Timestamp) -> Self {
        Self { line, change, now }
    }

    fn capacity(self) -> u16 {
        self.line.service(&self.change.after.service).map_or(1, |it| it.capacity)
    }

    /// Past appointments stay as long as the chat they were made in.
    fn kept_until(self) -> Timestamp {
        let days = i64::from(self.line.retention.chat_days);
        self.change.after.slot.ends_at + (24 * days).hours()
    }
}

impl Store {
    pub async fn appointment(
        &self,
        line: &LineId,
        id: &AppointmentId,
    ) -> Result<Option<Appointment>> {
        let Some(key) = keys::appointment(line, id) else { return Ok(None) };
        let item = self.get(&self.tables.messages, key).await?;
        item.as_ref().map(read_appointment).transpose()
    }

    /// All appointments of a contact that are still kept, in the order of their slots.
    pub async fn appointments_of(
        &self,
        line: &LineId,
        contact: &Contact,
    ) -> Result<Vec<Appointment>> {
        let mut found = Vec::new();
        for id in ids(contact) {
            let items = self.query_all(&self.tables.messages, keys::appointments(line, id)).await?;
            for item in &items {
                found.push(read_appointment(item)?);
            }
        }
        found.sort_by_key(|it| it.slot);
        Ok(found)
    }

    /// A page of a line's appointments whose slots begin from `from` on and before `to`, after the
    /// row `after`; and the row the next page begins after, if there may be more.
    pub async fn agenda(
        &self,
        line: &LineId,
        (from, to): (Timestamp, Timestamp),
        after: Option<&str>,
        limit: i32,
    ) -> Result<(Vec<Appointment>, Option<String>)> {
        let start = after.map(|row| Key { pk: keys::agenda(line), sk: row.to_owned() }.into_item());
        let page = self
            .client
            .query()
            .table_name(&self.tables.messages)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", text(keys::agenda(line)))
            .expression_attribute_values(":from", text(format!("{:016}", from.as_millisecond())))
            .expression_attribute_values(":to", text(format!("{:016}", to.as_millisecond())))
            .consistent_read(true)
            .limit(limit)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(failed)?;
        let rows = page.items().iter().map(|it| it.text("sk")).collect::<Result<Vec<_>>>()?;
        let ids = rows.iter().filter_map(|it| Some(AppointmentId::new(it.split_once('#')?.1)));
        let keys = ids.filter_map(|id| keys::appointment(line, &id)).collect();
        let items = self.get_many(&self.tables.messages, keys).await?;
        let found = items.iter().map(read_appointment).collect::<Result<Vec<_>>>()?;
        let place = |it: &Appointment| rows.iter().position(|row| *row == agenda_row(it));
        let mut found: Vec<_> = found.into_iter().filter(|it| place(it).is_some()).collect();
        found.sort_by_key(place);
        let next = page.last_evaluated_key.as_ref().map(|it| it.text("sk").map(str::to_owned));
        Ok((found, next.transpose()?))
    }

    /// What is taken of a service's slots that overlap with the time from `from` to `to`.
    pub async fn taken(
        &self,
        line: &LineId,
        service: &ServiceId,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Vec<Taken>> {
        let first = from - LONGEST_HOURS.hours();
        let (mut taken, mut start) = (Vec::new(), None);
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.tables.messages)
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":pk", text(keys::slots(line, service)))
                .expression_attribute_values(
                    ":from",
                    text(format!("{:016}", first.as_millisecond())),
                )
                .expression_attribute_values(":to", text(format!("{:016}", to.as_millisecond())))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(failed)?;
            for item in page.items() {
                let slot = Slot {
                    starts_at: item.instant("starts_at")?,
                    ends_at: item.instant("ends_at")?,
                };
                let places = u16::try_from(item.number("taken")?).unwrap_or(u16::MAX);
                taken.push(Taken { slot, places });
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(taken);
            }
        }
    }

    /// Saves a change that did not come by a message, and the answer to the request for it.
    ///
    /// `Conflict` if the last place was taken, the appointment changed or the contact left
    /// meanwhile: look again.
    pub async fn save_appointment(
        &self,
        booking: Booking<'_>,
        once: Option<(&str, &Once)>,
    ) -> Result<()> {
        let line = &booking.line.id;
        let mut writes = self.put_appointment(booking);
        if booking.change.before.is_none() {
            let contact = keys::contact(line, &booking.change.after.contact);
            writes.push(is_somebody(&self.tables.subscribers, contact));
        }
        writes.extend(once.map(|(hash, once)| self.put_once(line, hash, once, booking.now)));
        self.transact(writes).await
    }

    /// A change of the citizen's own, of which the office is to be told.
    pub(crate) fn put_booking(&self, booking: Booking<'_>) -> Vec<TransactWriteItem> {
        let mut writes = self.put_appointment(booking);
        let desk = &booking.line.desk;
        let changes = booking.change.takes().is_some() || booking.change.releases().is_some();
        if changes && desk.notify_appointments && !desk.notify.is_empty() {
            let (line, name) = (booking.line.id.clone(), told_name(&booking.change.after.id));
            writes.push(self.put_task(&Task { line, name, due_at: booking.now }));
        }
        writes
    }

    pub(crate) fn put_appointment(&self, booking: Booking<'_>) -> Vec<TransactWriteItem> {
        let (table, line, now) = (&self.tables.messages, &booking.line.id, booking.now);
        let Change { before, after } = booking.change;
        let item = write_appointment(line, after, booking.kept_until());
        let mut writes = vec![match before {
            None => put_new(table, item),
            Some(before) => put_revision(table, item, before.revision),
        }];
        if let Some(slot) = booking.change.takes() {
            writes.push(take(table, line, &after.service, slot, booking.capacity()));
            writes.push(put_mark(table, line, after, now));
            let row = Draft::at(keys::agenda_row(line, slot.starts_at, &after.id))
                .with("expires", expiry(booking.kept_until()));
            writes.push(put(table, row.done()));
        }
        if let Some(slot) = booking.change.releases() {
            writes.push(release(table, line, &after.service, slot));
            if after.state != State::Cancelled {
                writes.push(delete(table, keys::agenda_row(line, slot.starts_at, &after.id)));
            }
        }
        writes.extend(self.put_reminder(booking));
        // Of one that is over, the mark is another one's by now, or holds nobody up.
        if after.state == State::Cancelled && now < after.slot.starts_at {
            writes.push(delete(table, keys::ahead(line, &after.contact, &after.service)));
        }
        writes
    }

    /// When the citizen is to be reminded follows the slot.
    fn put_reminder(&self, booking: Booking<'_>) -> Option<TransactWriteItem> {
        let (line, it) = (&booking.line.id, &booking.change.after);
        let changes = booking.change.takes().is_some() || booking.change.releases().is_some();
        let service = booking.line.service(&it.service);
        match service.and_then(|service| it.remind_at(service)) {
            _ if !changes => None,
            Some(due_at) => {
                let name = task_name(&it.id);
                Some(self.put_task(&Task { line: line.clone(), name, due_at }))
            }
            None => Some(self.drop_task(line, &task_name(&it.id))),
        }
    }

    /// Deletes all appointments under one of a contact's ids, and frees their places.
    pub(crate) async fn forget_appointments(
        &self,
        line: &LineId,
        contact: &ContactId,
    ) -> Result<()> {
        let table = &self.tables.messages;
        for tries in 1.. {
            let items = self.query_all(table, keys::appointments(line, contact)).await?;
            let mut lost = false;
            for item in &items {
                match self.forget_appointment(line, &read_appointment(item)?).await {
                    Ok(()) => {}
                    Err(StoreError::Conflict) if tries < TRIES => lost = true,
                    Err(err) => return Err(err),
                }
            }
            if !lost {
                break;
            }
        }
        let marks = self.query_all(table, keys::ahead_of(line, contact)).await?;
        let marks = marks.iter().map(crate::item::key_of).collect::<Result<_>>()?;
        self.delete_many(table, marks).await
    }

    /// Deletes what ended before `before` under one of a contact's ids.
    pub(crate) async fn clear_appointments(
        &self,
        line: &LineId,
        contact: &ContactId,
        before: Timestamp,
    ) -> Result<()> {
        let table = &self.tables.messages;
        let mut old = Vec::new();
        for item in self.query_all(table, keys::appointments(line, contact)).await? {
            let it = read_appointment(&item)?;
            if it.slot.ends_at < before {
                old.push(keys::agenda_row(line, it.slot.starts_at, &it.id));
                old.push(crate::item::key_of(&item)?);
            }
        }
        self.delete_many(table, old).await
    }

    async fn forget_appointment(&self, line: &LineId, it: &Appointment) -> Result<()> {
        let table = &self.tables.messages;
        let Some(key) = keys::appointment(line, &it.id) else { return Ok(()) };
        let gone = Delete::builder()
            .table_name(table)
            .set_key(Some(key.into_item()))
            .condition_expression("revision = :revision")
            .expression_attribute_values(":revision", number(it.revision))
            .build()
            .expect("table and key are given");
        let mut writes = vec![
            TransactWriteItem::builder().delete(gone).build(),
            delete(table, keys::agenda_row(line, it.slot.starts_at, &it.id)),
            self.drop_task(line, &task_name(&it.id)),
            self.drop_task(line, &told_name(&it.id)),
        ];
        if it.state != State::Cancelled {
            writes.push(release(table, line, &it.service, it.slot));
        }
        self.transact(writes).await
    }
}

/// What reminds of an appointment: `appointment#0b9e…7-4f21c09a`.
fn task_name(id: &AppointmentId) -> String {
    format!("{}#{id}", Booking::TASK)
}

/// What tells the office of an appointment: `booking#0b9e…7-4f21c09a`.
fn told_name(id: &AppointmentId) -> String {
    format!("{}#{id}", Booking::TOLD)
}

fn agenda_row(it: &Appointment) -> String {
    keys::agenda_row_name(it.slot.starts_at, &it.id)
}

/// A place of a slot, while there is one.
fn take(
    table: &str,
    line: &LineId,
    service: &ServiceId,
    slot: Slot,
    capacity: u16,
) -> TransactWriteItem {
    let update = Update::builder()
        .update_expression(
            "SET taken = if_not_exists(taken, :none) + :one, starts_at = :starts, \
             ends_at = :ends, expires = :expires",
        )
        .condition_expression("attribute_not_exists(taken) OR taken < :capacity")
        .expression_attribute_values(":capacity", number(capacity));
    of_slot(update, table, line, service, slot)
}

/// Of a slot that is past its time there may be nothing left; then this leaves zero.
fn release(table: &str, line: &LineId, service: &ServiceId, slot: Slot) -> TransactWriteItem {
    let update = Update::builder()
        .update_expression(
            "SET taken = if_not_exists(taken, :one) - :one, starts_at = :starts, \
             ends_at = :ends, expires = :expires",
        )
        .condition_expression("attribute_not_exists(taken) OR taken > :none");
    of_slot(update, table, line, service, slot)
}

fn of_slot(
    update: UpdateBuilder,
    table: &str,
    line: &LineId,
    service: &ServiceId,
    slot: Slot,
) -> TransactWriteItem {
    let update = update
        .table_name(table)
        .set_key(Some(keys::slot(line, service, slot.starts_at).into_item()))
        .expression_attribute_values(":none", number(0))
        .expression_attribute_values(":one", number(1))
        .expression_attribute_values(":starts", instant(slot.starts_at))
        .expression_attribute_values(":ends", instant(slot.ends_at))
        // A little longer, so that nobody who is late counts what is gone as free.
        .expression_attribute_values(":expires", expiry(slot.ends_at + 1.hour()))
        .build()
        .expect("table, key and expression are given");
    TransactWriteItem::builder().update(update).build()
}

/// That its contact has one ahead for the service: no other, until it has begun.
fn put_mark(table: &str, line: &LineId, it: &Appointment, now: Timestamp) -> TransactWriteItem {
    let item = Draft::at(keys::ahead(line, &it.contact, &it.service))
        .with("appointment", text(it.id.as_str()))
        .with("starts_at", instant(it.slot.starts_at))
        .with("expires", expiry(it.slot.ends_at))
        .done();
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression(
            "attribute_not_exists(pk) OR appointment = :appointment OR starts_at <= :now",
        )
        .expression_attribute_values(":appointment", text(it.id.as_str()))
        .expression_attribute_values(":now", instant(now))
        .build()
        .expect("table and item are given");
    TransactWriteItem::builder().put(put).build()
}

fn put_revision(table: &str, item: Item, revision: u32) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("revision = :revision")
        .expression_attribute_values(":revision", number(revision))
        .build()
        .expect("table and item are given");
    TransactWriteItem::builder().put(put).build()
}

/// Holds while a contact is there and can be reached: not one that is being forgotten.
fn is_somebody(table: &str, contact: Key) -> TransactWriteItem {
    let check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(contact.into_item()))
        .condition_expression("attribute_exists(phone) OR attribute_exists(user_id)")
        .build()
        .expect("table, key and condition are given");
    TransactWriteItem::builder().condition_check(check).build()
}

fn write_appointment(line: &LineId, it: &Appointment, until: Timestamp) -> Item {
    let key = keys::appointment_of(line, &it.contact, &it.id);
    Draft::at(key)
        .with("contact", text(it.contact.as_str()))
        .with("service", text(it.service.as_str()))
        .with("starts_at", instant(it.slot.starts_at))
        .with("ends_at", instant(it.slot.ends_at))
        .with("state", text(it.state.name()))
        .with("revision", number(it.revision))
        .with("made_at", instant(it.made_at))
        .with("changed_at", instant(it.changed_at))
        .with_some("moved_at", it.moved_at.map(instant))
        .with_some("confirmed_at", it.confirmed_at.map(instant))
        .with_some("reminded_at", it.reminded_at.map(instant))
        .with("expires", expiry(until))
        .done()
}

fn read_appointment(item: &Item) -> Result<Appointment> {
    let revision = item.number("revision")?;
    Ok(Appointment {
        id: AppointmentId::new(item.text("sk")?),
        contact: ContactId::new(item.text("contact")?),
        service: ServiceId::new(item.text("service")?),
        slot: Slot { starts_at: item.instant("starts_at")?, ends_at: item.instant("ends_at")? },
        state: State::parse(item.text("state")?).ok_or(StoreError::Corrupt("state"))?,
        revision: u32::try_from(revision).map_err(|_| StoreError::Corrupt("revision"))?,
        made_at: item.instant("made_at")?,
        changed_at: item.instant("changed_at")?,
        moved_at: item.find_instant("moved_at"),
        confirmed_at: item.find_instant("confirmed_at"),
        reminded_at: item.find_instant("reminded_at"),
    })
}
