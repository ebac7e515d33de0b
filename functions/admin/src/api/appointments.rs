// SPDX-License-Identifier: EUPL-1.2
//! Appointments at the desk: services and their free slots, booking for a citizen, the agenda and
//! its calendar, proposals in chat.
//!
//! What the citizen is told of a change goes out in chat while the service window is open; the
//! answer's `told` says whether it was.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use domain::access::Scope;
use domain::appointment::{
    self, Agenda, Appointment as Kept, Ask, Booking as Wish, Change, Refused, Said, Slot, Who,
    bookable, cancelled_calendar,
};
use domain::contact::Contact;
use domain::conversation::window_is_open;
use domain::cost::{Category, Market, rate};
use domain::hours::{Hours, ROME};
use domain::ids::{AppointmentId, ContactId, ServiceId};
use domain::line::{Line, Service as Settings};
use domain::message::Outgoing;
use domain::reply::{self, Reply};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use platform::random;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Booking, EntryContent, MessageKey, NewEntry, StoreError, keys};
use tracing::warn;
use utoipa::{IntoParams, ToSchema};

use super::body::Body;
use super::broadcasts::{self, Nothing};
use super::caller::{Caller, needs};
use super::once::{self, Key};
use super::problem::{FieldError, Problem};
use super::routes::{Routes, routes};
use super::scope::{self, OfLine, Params, is_id, wrong_cursor};
use super::shape::{self, Eur, Page, eur};
use super::version::{IfMatch, tagged};
use super::{contacts, conversations};
use crate::App;

/// The most days in one answer.
const MOST_DAYS: i32 = 366;

/// Years that somebody may ask for.
const YEARS: RangeInclusive<i16> = 2020..=2120;

/// Appointments read together for a calendar.
const CALENDAR: i32 = 100;

/// Lost races before the caller is told.
const TRIES: usize = 3;

type Ids = Path<HashMap<String, String>>;

pub(crate) fn routes() -> Routes {
    let desk = routes!(
        services, slots, list, create, feed, show, move_to, calendar, cancel, done, no_show,
        propose
    );
    needs(&[Scope::Desk], desk)
}

/// What citizens make appointments for.
#[derive(Serialize, ToSchema)]
pub(crate) struct Service {
    #[schema(example = "carta-identita")]
    id: String,
    #[schema(example = "Carta d'identità")]
    name: String,
    description: Option<String>,
    duration_minutes: u16,
    /// How many people at the same time.
    capacity: u16,
    /// In words.
    hours: Option<String>,
    /// How long before it a citizen may still book a slot.
    notice_hours: u16,
    days_ahead: u16,
    /// Until how long before it a citizen may move or cancel.
    change_until_hours: u16,
    /// What to bring.
    bring: Vec<String>,
    place: Option<String>,
    reminder: Option<Reminder>,
}

/// What reminds a citizen. In the service window it is a free text of the chat, outside it a
/// template, which is paid.
#[derive(Serialize, ToSchema)]
struct Reminder {
    hours_before: u16,
    /// Without one, nobody is reminded outside the service window.
    template: Option<String>,
    /// What a template costs for an Italian number; null without one.
    template_eur: Option<Eur>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Services {
    items: Vec<Service>,
}

/// The line's services, as its settings have them.
#[utoipa::path(get, path = "/services", tag = "appointments", operation_id = "services.list",
    responses((status = 200, body = Services)))]
pub(crate) async fn services(State(app): State<App>, OfLine(line): OfLine) -> Json<Services> {
    let today = ROME.to_datetime(app.clock.now()).date();
    Json(Services { items: line.services.iter().map(|it| service(it, &line, today)).collect() })
}

fn service(it: &Settings, line: &Line, today: Date) -> Service {
    let reminder = it.remind_hours_before.map(|hours_before| Reminder {
        hours_before,
        template: it.reminder_template.clone(),
        template_eur: it
            .reminder_template
            .as_ref()
            .map(|_| eur(rate(Category::Utility, Market::ITALY, today).per_message)),
    });
    Service {
        id: it.id.as_str().to_owned(),
        name: it.name.clone(),
        description: it.description.clone(),
        duration_minutes: it.duration_minutes,
        capacity: it.capacity,
        hours: it.hours.as_ref().or(line.hours.as_ref()).map(Hours::words),
        notice_hours: it.notice_hours,
        days_ahead: it.days_ahead,
        change_until_hours: it.change_until_hours,
        bring: it.bring.clone(),
        place: appointment::place(it, line).map(str::to_owned),
        reminder,
    }
}

/// Days of Rome, both included.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Days {
    /// Today if not said.
    #[param(value_type = Option<String>, format = Date, example = "2026-11-30")]
    from: Option<String>,
    /// 30 days later if not said; at most 366.
    #[param(value_type = Option<String>, format = Date, example = "2026-12-04")]
    to: Option<String>,
}

impl Days {
    /// From the beginning of the first to the end of the last.
    fn range(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), Problem> {
        let mut errors = Vec::new();
        let mut day = |name: &str, given: Option<&String>, usual: Date| match given {
            None => usual,
            Some(text) => {
                let day = text.parse().ok().filter(|it: &Date| YEARS.contains(&it.year()));
                day.unwrap_or_else(|| {
                    let detail = "Usare anno, mese e giorno, dal 2020 al 2120: 2026-11-30.";
                    errors.push(FieldError::new(format!("?{name}"), detail));
                    usual
                })
            }
        };
        let from = day("from", self.from.as_ref(), ROME.to_datetime(now).date());
        let to = day("to", self.to.as_ref(), from.saturating_add(30.days()));
        let too_long = from.saturating_add(MOST_DAYS.days()) < to;
        if errors.is_empty() && (to < from || too_long) {
            let detail = format!("Deve venire dopo from, entro {MOST_DAYS} giorni.");
            errors.push(FieldError::new("?to", detail));
        }
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        let midnight = |day: Date| day.to_zoned(ROME.clone()).map(|it| it.timestamp());
        let next = to.saturating_add(1.day());
        let all_days = "days of these years have a beginning";
        Ok((midnight(from).expect(all_days), midnight(next).expect(all_days)))
    }
}

/// A slot with places left.
#[derive(Serialize, ToSchema)]
pub(crate) struct FreeSlot {
    starts_at: shape::Time,
    ends_at: shape::Time,
    places: u16,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct FreeSlots {
    items: Vec<FreeSlot>,
}

/// The free slots of a service. The office may take them up to the last minute.
#[utoipa::path(get, path = "/services/{id}/slots", tag = "appointments",
    operation_id = "services.slots", params(Days), responses((status = 200, body = FreeSlots)))]
pub(crate) async fn slots(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    Params(days): Params<Days>,
) -> Result<Json<FreeSlots>, Problem> {
    let missing = || Problem::not_found("Questa prestazione non esiste.");
    let id = scope::id(&path, "id").map(ServiceId::new).ok_or_else(missing)?;
    let service = line.service(&id).ok_or_else(missing)?;
    let now = app.clock.now();
    let (from, to) = days.range(now)?;
    let (first, end) = bookable(service, Who::Office, now);
    let range = (from.max(first), to.min(end));
    if range.0 >= range.1 {
        return Ok(Json(FreeSlots { items: Vec::new() }));
    }
    let taken = app.store.taken(&line.id, &id, range).await?;
    let items = appointment::free(service, &line, &taken, range);
    let items = items.into_iter().map(|it| FreeSlot {
        starts_at: shape::time(it.slot.starts_at),
        ends_at: shape::time(it.slot.ends_at),
        places: it.places,
    });
    Ok(Json(FreeSlots { items: items.collect() }))
}

/// One person's appointment.
#[derive(Serialize, ToSchema)]
pub(crate) struct Appointment {
    id: String,
    contact: String,
    service: String,
    /// Null if the line has no such service any more.
    service_name: Option<String>,
    starts_at: shape::Time,
    ends_at: shape::Time,
    state: Stands,
    made_at: shape::Time,
    moved_at: Option<shape::Time>,
    /// When the citizen said that they will come.
    confirmed_at: Option<shape::Time>,
    reminded_at: Option<shape::Time>,
    /// Whether it is ahead in a slot that the service does not have any more: a closure or other
    /// hours came after it was booked. Somebody has to move or cancel it.
    conflict: bool,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = AppointmentState)]
pub(crate) enum Stands {
    Booked,
    Cancelled,
    Done,
    NoShow,
}

fn shown(it: &Kept, line: &Line, now: Timestamp) -> Appointment {
    let service = line.service(&it.service);
    let offered = service.is_some_and(|service| appointment::is_offered(service, line, it.slot));
    Appointment {
        id: it.id.as_str().to_owned(),
        contact: it.contact.as_str().to_owned(),
        service: it.service.as_str().to_owned(),
        service_name: service.map(|it| it.name.clone()),
        starts_at: shape::time(it.slot.starts_at),
        ends_at: shape::time(it.slot.ends_at),
        state: match it.state {
            appointment::State::Booked => Stands::Booked,
            appointment::State::Cancelled => Stands::Cancelled,
            appointment::State::Done => Stands::Done,
            appointment::State::NoShow => Stands::NoShow,
        },
        made_at: shape::time(it.made_at),
        moved_at: it.moved_at.map(shape::time),
        confirmed_at: it.confirmed_at.map(shape::time),
        reminded_at: it.reminded_at.map(shape::time),
        conflict: it.is_ahead(now) && !offered,
    }
}

/// Which page of the agenda.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgendaPage {
    /// Today if not said.
    #[param(value_type = Option<String>, format = Date, example = "2026-11-30")]
    from: Option<String>,
    /// 30 days later if not said; at most 366.
    #[param(value_type = Option<String>, format = Date, example = "2026-12-04")]
    to: Option<String>,
    /// How many at most; 50 if not said.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// `next_cursor` of the page before; without it the first page.
    #[param(pattern = "^[!-~]*$", max_length = 200)]
    cursor: Option<String>,
}

/// Appointments by the time of their slots, those that were cancelled too.
#[utoipa::path(get, path = "/appointments", tag = "appointments",
    operation_id = "appointments.list", params(AgendaPage),
    responses((status = 200, body = Page<Appointment>)))]
pub(crate) async fn list(
    State(app): State<App>,
    OfLine(line): OfLine,
    Params(asked): Params<AgendaPage>,
) -> Result<Json<Page<Appointment>>, Problem> {
    let AgendaPage { from, to, limit, cursor } = asked;
    let limit = match limit.as_deref() {
        None => 50,
        Some(text) => text.parse().ok().filter(|it| (1..=100).contains(it)).ok_or_else(|| {
            Problem::invalid(vec![FieldError::new("?limit", "Usare un numero da 1 a 100.")])
        })?,
    };
    let cursor = cursor.filter(|it| !it.is_empty());
    if cursor.as_deref().is_some_and(|it| !is_row(it)) {
        return Err(wrong_cursor());
    }
    let now = app.clock.now();
    let range = Days { from, to }.range(now)?;
    let (found, next) = app.store.agenda(&line.id, range, cursor.as_deref(), limit).await?;
    Ok(Json(shape::page(found.iter().map(|it| shown(it, &line, now)), next)))
}

/// `0001749416383000#0b9e…7-4f21c09a`
fn is_row(cursor: &str) -> bool {
    let time = cursor.split_once('#').map_or("", |it| it.0);
    is_id(cursor) && time.len() == 16 && time.bytes().all(|it| it.is_ascii_digit())
}

/// The same as a calendar (iCalendar, RFC 5545).
#[utoipa::path(get, path = "/appointments.ics", tag = "appointments",
    operation_id = "appointments.feed", params(Days),
    responses((status = 200, body = String, content_type = "text/calendar")))]
pub(crate) async fn feed(
    State(app): State<App>,
    OfLine(line): OfLine,
    Params(days): Params<Days>,
) -> Result<Response, Problem> {
    let range = days.range(app.clock.now())?;
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = app.store.agenda(&line.id, range, after.as_deref(), CALENDAR).await?;
        all.extend(page.0);
        after = page.1;
        if after.is_none() {
            return Ok(ics(appointment::calendar(&all, &line)));
        }
    }
}

#[utoipa::path(get, path = "/appointments/{id}", tag = "appointments",
    operation_id = "appointments.show", responses((status = 200, body = Appointment)))]
pub(crate) async fn show(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Response, Problem> {
    let found = find(&app, &line, &path).await?;
    Ok(tagged(u64::from(found.revision), shown(&found, &line, app.clock.now())))
}

/// One appointment as a calendar: put into one's own, or taken out of it once it is cancelled.
#[utoipa::path(get, path = "/appointments/{id}/calendar.ics", tag = "appointments",
    operation_id = "appointments.calendar",
    responses((status = 200, body = String, content_type = "text/calendar")))]
pub(crate) async fn calendar(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Response, Problem> {
    let found = find(&app, &line, &path).await?;
    Ok(ics(if found.state == appointment::State::Cancelled {
        cancelled_calendar(&found, &line)
    } else {
        appointment::calendar(&[found], &line)
    }))
}

fn ics(text: String) -> Response {
    ([(CONTENT_TYPE, "text/calendar; charset=utf-8")], text).into_response()
}

async fn find(app: &App, line: &Line, path: &HashMap<String, String>) -> Result<Kept, Problem> {
    let missing = || Problem::not_found("Questo appuntamento non esiste.");
    let id = scope::id(path, "id").map(AppointmentId::new).ok_or_else(missing)?;
    app.store.appointment(&line.id, &id).await?.ok_or_else(missing)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "contact": "0b9e2f6c8d1a4b7e9f0c3d5a6b8e1f27", "service": "carta-identita",
    "starts_at": "2026-11-30T09:20:00+01:00" }))]
pub(crate) struct NewAppointment {
    #[schema(min_length = 1, max_length = 200)]
    contact: String,
    #[schema(min_length = 1, max_length = 40)]
    service: String,
    /// The beginning of a free slot.
    #[schema(format = DateTime)]
    starts_at: String,
}

/// An appointment, and whether its citizen was told in chat of what has just become of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Changed {
    #[serde(flatten)]
    appointment: Appointment,
    told: bool,
}

/// Books a free slot for a citizen.
#[utoipa::path(post, path = "/appointments", tag = "appointments",
    operation_id = "appointments.create", params(Key), request_body = NewAppointment,
    responses((status = 201, body = Changed)))]
pub(crate) async fn create(
    State(app): State<App>,
    OfLine(line): OfLine,
    caller: Caller,
    key: Key,
    body: Body<NewAppointment>,
) -> Result<Response, Problem> {
    if let Some(before) = key.remembered(&app, &line, &body.bytes).await? {
        return again(&app, &line, before, &caller).await;
    }
    let now = app.clock.now();
    let asked = &body.value;
    let starts_at = moment(&asked.starts_at)?;
    let nobody = || Problem::invalid(vec![FieldError::new("/contact", "Non c'è questa persona.")]);
    let nothing =
        || Problem::invalid(vec![FieldError::new("/service", "Non c'è questa prestazione.")]);
    let contact = Some(&asked.contact).filter(|it| is_id(it)).ok_or_else(nobody)?;
    let contact = app.store.contact(&line.id, &ContactId::new(contact)).await?;
    let contact = contact.ok_or_else(nobody)?;
    let service = line.service(&ServiceId::new(&asked.service)).ok_or_else(nothing)?;
    for _ in 0..TRIES {
        let open = app.store.appointments_of(&line.id, &contact).await?;
        let slot = free_slot(&app, &line, service, starts_at, now).await?;
        let wish = Wish {
            id: random::appointment_id(&contact.id),
            contact: contact.id.clone(),
            service: service.id.clone(),
            slot,
        };
        let change = appointment::book(wish, &open, now).map_err(refused)?;
        let told = window_is_open(&contact, now);
        let answer = Changed { appointment: shown(&change.after, &line, now), told };
        let said = once::once(&app, &body.bytes, StatusCode::CREATED, &answer);
        let once = key.hash().map(|it| (it, &said));
        let booking = Booking::new(&line, &change, now);
        match app.store.save_appointment(booking, once).await {
            Ok(()) => {
                let words = Said::Booked(change.after);
                tell(&app, &line, &contact, words, &caller).await?;
                return Ok(once::json(StatusCode::CREATED, said.answer));
            }
            Err(StoreError::Conflict) => {
                if let Some(before) = key.remembered(&app, &line, &body.bytes).await? {
                    return again(&app, &line, before, &caller).await;
                }
            }
            Err(err) => return Err(err.into()),
        }
    }
    Err(StoreError::Conflict.into())
}

/// The first answer again. If whoever gave it died before the citizen was told, they are now.
async fn again(
    app: &App,
    line: &Line,
    before: store::Once,
    caller: &Caller,
) -> Result<Response, Problem> {
    let answer: Value =
        serde_json::from_str(&before.answer).map_err(|_| StoreError::Corrupt("answer"))?;
    let id = answer["id"].as_str().map(AppointmentId::new).ok_or(StoreError::Corrupt("answer"))?;
    if let Some(it) = app.store.appointment(&line.id, &id).await?.filter(|it| it.revision == 1)
        && let Some(contact) = app.store.contact(&line.id, &it.contact).await?
    {
        tell(app, line, &contact, Said::Booked(it), caller).await?;
    }
    Ok(once::json(StatusCode::CREATED, before.answer))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "starts_at": "2026-11-30T10:00:00+01:00" }))]
pub(crate) struct Move {
    /// The beginning of a free slot.
    #[schema(format = DateTime)]
    starts_at: String,
}

/// Moves an appointment to another free slot.
#[utoipa::path(patch, path = "/appointments/{id}", tag = "appointments",
    operation_id = "appointments.move", request_body = Move,
    params(("If-Match" = String, Header, description = "L'ETag ricevuto leggendo")),
    responses((status = 200, body = Changed),
        (status = 412, body = Problem, content_type = "application/problem+json"),
        (status = 428, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn move_to(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    caller: Caller,
    version: IfMatch,
    body: Body<Move>,
) -> Result<Response, Problem> {
    let found = find(&app, &line, &path).await?;
    version.check(u64::from(found.revision))?;
    let now = app.clock.now();
    let starts_at = moment(&body.value.starts_at)?;
    let gone = || Problem::conflict("La linea non ha più questa prestazione.");
    let service = line.service(&found.service).ok_or_else(gone)?;
    let slot = free_slot(&app, &line, service, starts_at, now).await?;
    let change = found.move_to(slot, now).map_err(refused)?;
    match app.store.save_appointment(Booking::new(&line, &change, now), None).await {
        Ok(()) => {}
        // Of the two reasons one can be told by looking again.
        Err(StoreError::Conflict) => {
            version.check(u64::from(find(&app, &line, &path).await?.revision))?;
            return Err(refused(Refused::NotFree));
        }
        Err(err) => return Err(err.into()),
    }
    changed(&app, &line, change, Some(Said::Moved), &caller).await
}

/// Cancels an appointment; its place is free again.
#[utoipa::path(post, path = "/appointments/{id}/cancel", tag = "appointments",
    operation_id = "appointments.cancel",
    request_body(content = Option<Nothing>), responses((status = 200, body = Changed)))]
pub(crate) async fn cancel(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    caller: Caller,
    _: Body<Nothing>,
) -> Result<Response, Problem> {
    let change = act(&app, &line, &path, Kept::cancel).await?;
    changed(&app, &line, change, Some(Said::CalledOff), &caller).await
}

/// Notes that an appointment took place.
#[utoipa::path(post, path = "/appointments/{id}/done", tag = "appointments",
    operation_id = "appointments.done",
    request_body(content = Option<Nothing>), responses((status = 200, body = Changed)))]
pub(crate) async fn done(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    caller: Caller,
    _: Body<Nothing>,
) -> Result<Response, Problem> {
    let close = |it: &Kept, now| it.close(appointment::State::Done, now);
    let change = act(&app, &line, &path, close).await?;
    changed(&app, &line, change, None, &caller).await
}

/// Notes that nobody came.
#[utoipa::path(post, path = "/appointments/{id}/no-show", tag = "appointments",
    operation_id = "appointments.no-show",
    request_body(content = Option<Nothing>), responses((status = 200, body = Changed)))]
pub(crate) async fn no_show(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    caller: Caller,
    _: Body<Nothing>,
) -> Result<Response, Problem> {
    let close = |it: &Kept, now| it.close(appointment::State::NoShow, now);
    let change = act(&app, &line, &path, close).await?;
    changed(&app, &line, change, None, &caller).await
}

/// Changes what stands, whatever was read before: who acts twice is told that it is closed.
async fn act(
    app: &App,
    line: &Line,
    path: &HashMap<String, String>,
    decide: impl Fn(&Kept, Timestamp) -> Result<Change, Refused>,
) -> Result<Change, Problem> {
    for _ in 0..TRIES {
        let now = app.clock.now();
        let change = decide(&find(app, line, path).await?, now).map_err(refused)?;
        match app.store.save_appointment(Booking::new(line, &change, now), None).await {
            Ok(()) => return Ok(change),
            Err(StoreError::Conflict) => {}
            Err(err) => return Err(err.into()),
        }
    }
    Err(StoreError::Conflict.into())
}

async fn changed(
    app: &App,
    line: &Line,
    change: Change,
    say: Option<fn(Kept) -> Said>,
    caller: &Caller,
) -> Result<Response, Problem> {
    let it = change.after;
    let contact = app.store.contact(&line.id, &it.contact).await?;
    let told = match (say, contact) {
        // The change stands, and asking again would not make it once more.
        (Some(say), Some(contact)) => {
            tell(app, line, &contact, say(it.clone()), caller).await.unwrap_or_else(|problem| {
                warn!(line.id = %line.id, status = problem.status(), "change of an appointment not told");
                false
            })
        }
        _ => false,
    };
    let answer = Changed { appointment: shown(&it, line, app.clock.now()), told };
    Ok(tagged(u64::from(it.revision), answer))
}

fn moment(starts_at: &str) -> Result<Timestamp, Problem> {
    let mut errors = Vec::new();
    let at = broadcasts::moment(Some(starts_at), "/starts_at", &mut errors);
    at.ok_or_else(|| Problem::invalid(errors))
}

async fn free_slot(
    app: &App,
    line: &Line,
    service: &Settings,
    starts_at: Timestamp,
    now: Timestamp,
) -> Result<Slot, Problem> {
    let (first, end) = bookable(service, Who::Office, now);
    if starts_at < first || end <= starts_at {
        return Err(refused(Refused::NotFree));
    }
    let range = (starts_at, starts_at + 8.hours());
    let taken = app.store.taken(&line.id, &service.id, range).await?;
    let slot = appointment::slot_at(service, line, &taken, starts_at, (Who::Office, now));
    slot.ok_or_else(|| refused(Refused::NotFree))
}

fn refused(why: Refused) -> Problem {
    Problem::conflict(format!("Non è possibile: {why}."))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "service": "carta-identita" }))]
pub(crate) struct Proposal {
    /// Its free days are offered; without it, all services.
    #[schema(max_length = 40)]
    service: Option<String>,
}

/// What was sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct Proposed {
    id: String,
    at: shape::Time,
}

/// Offers a citizen free days, or the services to choose from, as a list in chat.
#[utoipa::path(post, path = "/conversations/{contact}/appointments/propose", tag = "appointments",
    operation_id = "appointments.propose", params(Key), request_body(content = Option<Proposal>),
    responses((status = 201, body = Proposed),
        (status = 502, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn propose(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    caller: Caller,
    key: Key,
    body: Body<Proposal>,
) -> Result<Response, Problem> {
    let contact = contacts::find(&app, &line, &path, "contact").await?;
    if let Some(before) = key.remembered(&app, &line, &body.bytes).await? {
        return conversations::again(&app, &line, &contact, before).await;
    }
    let now = app.clock.now();
    if line.services.is_empty() {
        return Err(Problem::conflict("La linea non ha prestazioni su appuntamento."));
    }
    let service = body.value.service.map(ServiceId::new);
    if service.as_ref().is_some_and(|it| line.service(it).is_none()) {
        let detail = "Non c'è questa prestazione.";
        return Err(Problem::invalid(vec![FieldError::new("/service", detail)]));
    }
    if !window_is_open(&contact, now) {
        return Err(Problem::conflict(
            "Sono passate 24 ore dall'ultimo messaggio del cittadino: WhatsApp non permette \
             più un messaggio libero. Aspettare un suo messaggio o usare un altro canale.",
        ));
    }
    let ask = service.map_or(Ask::New, |service| Ask::Days { service, from: None });
    let said = offer(&app, &line, &contact, ask, now).await?;
    let words = reply::render(&Reply::Appointment(said), &line, now);
    let message = MessageKey::new(key.hash().map_or_else(random::key, str::to_owned));
    let at = contact.last_inbound_at.map_or(now, |it| it.max(now));
    let entry = entry(&line, &message, words, (&caller, at));
    let row = entry.row.clone();
    let answer = Proposed { id: row.clone(), at: shape::time(now) };
    let said = once::once(&app, &body.bytes, StatusCode::CREATED, &answer);
    let once = key.hash().map(|it| (it, &said));
    match app.store.add_entry(&line.id, &contact.id, entry, once, now).await {
        Ok(()) => {}
        // The same request at the same time: the other one sends it.
        Err(StoreError::Conflict) => {
            let before = key.remembered(&app, &line, &body.bytes).await?;
            let before = before.ok_or(StoreError::Conflict)?;
            return conversations::again(&app, &line, &contact, before).await;
        }
        Err(err) => return Err(err.into()),
    }
    conversations::deliver(&app, &line, &contact, &row, now).await?;
    Ok(once::json(StatusCode::CREATED, said.answer))
}

/// What a citizen would be told who asks for this.
async fn offer(
    app: &App,
    line: &Line,
    contact: &Contact,
    ask: Ask,
    now: Timestamp,
) -> Result<Said, Problem> {
    let mut ahead = app.store.appointments_of(&line.id, contact).await?;
    ahead.retain(|it| it.is_ahead(now));
    let taken = match ask.service(line, &ahead).and_then(|it| line.service(it)) {
        Some(it) => app.store.taken(&line.id, &it.id, bookable(it, Who::Citizen, now)).await?,
        None => Vec::new(),
    };
    let agenda = Agenda { ask, ahead, taken, fresh: random::appointment_id(&contact.id) };
    let (_, said) = appointment::decide(&agenda, &contact.id, line, now);
    Ok(said.unwrap_or(Said::Services))
}

/// Tells a citizen what became of their appointment, if the service window is open; whether it is.
/// Once for each change. Meta's refusal stands in the chat, and does not undo the change.
async fn tell(
    app: &App,
    line: &Line,
    contact: &Contact,
    said: Said,
    caller: &Caller,
) -> Result<bool, Problem> {
    let Some(it) = said.appointment().cloned() else { return Ok(false) };
    let now = app.clock.now();
    if !window_is_open(contact, now) {
        return Ok(false);
    }
    let words = reply::render(&Reply::Appointment(said), line, now);
    let key = MessageKey::new(app.pseudonym.of(&format!("{} {}", it.id, it.revision)));
    let entry = entry(line, &key, words, (caller, it.changed_at));
    let row = entry.row.clone();
    match app.store.add_entry(&line.id, &contact.id, entry, None, now).await {
        Ok(()) | Err(StoreError::Conflict) => {}
        Err(err) => return Err(err.into()),
    }
    match conversations::deliver(app, line, contact, &row, now).await {
        Ok(()) => Ok(true),
        Err(problem) if problem.passes() => Err(problem),
        Err(_) => Ok(false),
    }
}

fn entry(
    line: &Line,
    key: &MessageKey,
    words: Outgoing,
    (caller, at): (&Caller, Timestamp),
) -> NewEntry {
    NewEntry {
        row: keys::row(at.as_millisecond(), key, "out"),
        at,
        content: EntryContent::Out(words),
        expires_at: at + (24 * i64::from(line.retention.chat_days)).hours(),
        operator: Some(caller.name().to_owned()),
    }
}
