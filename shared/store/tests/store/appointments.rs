// SPDX-License-Identifier: EUPL-1.2
//! Appointments: the last place goes to one person, and whoever leaves gives it back.

use domain::appointment::{self, Appointment, Booking as NewBooking, Change, Slot, State, Taken};
use domain::contact::Contact;
use domain::ids::{AppointmentId, ServiceId};
use domain::line::Line;
use domain::message::Sender;
use domain::retention::cutoffs;
use futures::future::join_all;
use jiff::{Timestamp, ToSpan};
use store::{Booking, Mode, Night, Once, StoreError, Turn, keys};

use crate::support::{Engine, contact_id, following, fresh_key, now, person, phone, turn, user};

const LINE: &str = r#"id = "pordenone"
phone_number_id = "100"
opt_in = ["ISCRIVIMI"]
opt_out = ["CANCELLAMI"]
[comune]
name = "Comune di Prova"
[[topics]]
id = "avvisi"
name = "Avvisi"
[policy]
url = "https://www.comune.prova.it/policy"
[privacy]
url = "https://www.comune.prova.it/privacy"
[hours]
open = "Mo-Su 00:00-24:00"
[[services]]
id = "carta"
name = "Carta d'identità"
duration_minutes = 20
capacity = 2
[[services]]
id = "residenza"
name = "Residenza"
duration_minutes = 20
"#;

fn line() -> Line {
    store::line_file::parse(LINE).unwrap()
}

fn slot(n: i64) -> Slot {
    let starts_at = now() + 48.hours() + (20 * n).minutes();
    Slot { starts_at, ends_at: starts_at + 20.minutes() }
}

fn carta() -> ServiceId {
    ServiceId::new("carta")
}

fn wish(n: u32, service: &str, slot: Slot) -> Change {
    let contact = contact_id(n);
    let id = AppointmentId::new(format!("{contact}-{:08x}", slot.starts_at.as_second()));
    let service = ServiceId::new(service);
    appointment::book(NewBooking { id, contact, service, slot }, &[], now()).unwrap()
}

async fn save(engine: &Engine, change: &Change, at: Timestamp) -> store::Result<()> {
    engine.save_appointment(Booking::new(&line(), change, at), None).await
}

async fn places(engine: &Engine) -> Vec<(Slot, u16)> {
    let range = (slot(0).starts_at, slot(100).ends_at);
    let taken = engine.taken(&line().id, &carta(), range).await.unwrap();
    taken.into_iter().filter(|it| it.places > 0).map(|it| (it.slot, it.places)).collect()
}

async fn all_of(engine: &Engine, n: u32) -> Vec<Appointment> {
    engine.appointments_of(&line().id, &person(n)).await.unwrap()
}

#[tokio::test]
async fn a_slot_never_has_more_people_than_places() {
    let engine = Engine::start().await;
    for n in 0..20 {
        engine.meet(&line().id, &person(n)).await;
    }
    let wishes: Vec<_> = (0..20).map(|n| wish(n, "carta", slot(0))).collect();
    let saved = join_all(wishes.iter().map(|it| save(&engine, it, now()))).await;
    let got: Vec<_> = saved.iter().filter(|it| it.is_ok()).collect();
    assert_eq!(got.len(), 2, "as many as there are places");
    assert!(saved.iter().all(|it| matches!(it, Ok(()) | Err(StoreError::Conflict))));
    assert_eq!(places(&engine).await, [(slot(0), 2)]);
    let range = (slot(0).starts_at, slot(0).ends_at);
    assert_eq!(engine.agenda(&line().id, range, None, 100).await.unwrap().0.len(), 2);
}

#[tokio::test]
async fn a_person_has_one_appointment_ahead_for_each_service() {
    let engine = Engine::start().await;
    engine.meet(&line().id, &person(1)).await;
    save(&engine, &wish(1, "carta", slot(0)), now()).await.unwrap();
    let again = save(&engine, &wish(1, "carta", slot(1)), now()).await;
    assert!(matches!(again, Err(StoreError::Conflict)));
    save(&engine, &wish(1, "residenza", slot(1)), now()).await.unwrap();
    assert_eq!(all_of(&engine, 1).await.len(), 2);

    let held = all_of(&engine, 1).await;
    let gone = held[0].cancel(now()).unwrap();
    save(&engine, &gone, now()).await.unwrap();
    assert!(matches!(save(&engine, &gone, now()).await, Err(StoreError::Conflict)), "once");
    assert_eq!(places(&engine).await, []);
    save(&engine, &wish(1, "carta", slot(2)), now()).await.unwrap();
    // What has begun is not ahead any more.
    save(&engine, &wish(1, "carta", slot(9)), slot(2).starts_at).await.unwrap();
}

#[tokio::test]
async fn a_move_takes_a_place_and_gives_one_back_or_does_nothing() {
    let engine = Engine::start().await;
    for n in 1..=3 {
        engine.meet(&line().id, &person(n)).await;
        let at = slot(i64::from(n > 1));
        save(&engine, &wish(n, "carta", at), now()).await.unwrap();
    }
    let before = all_of(&engine, 1).await.remove(0);
    let everything = engine.everything().await;
    let full = before.move_to(slot(1), now()).unwrap();
    assert!(matches!(save(&engine, &full, now()).await, Err(StoreError::Conflict)), "it is full");
    assert_eq!(engine.everything().await, everything);

    let moved = before.move_to(slot(5), now()).unwrap();
    save(&engine, &moved, now()).await.unwrap();
    assert_eq!(all_of(&engine, 1).await, std::slice::from_ref(&moved.after));
    assert_eq!(places(&engine).await, [(slot(1), 2), (slot(5), 1)]);
    let range = (slot(0).starts_at, slot(100).ends_at);
    let (page, next) = engine.agenda(&line().id, range, None, 2).await.unwrap();
    assert_eq!(page.iter().map(|it| it.slot).collect::<Vec<_>>(), [slot(1), slot(1)]);
    let (page, _) = engine.agenda(&line().id, range, next.as_deref(), 2).await.unwrap();
    assert_eq!(page, std::slice::from_ref(&moved.after));
    assert_eq!(engine.appointment(&line().id, &before.id).await.unwrap(), Some(moved.after));
    for id in ["", "x", "0b9e-7f"] {
        let found = engine.appointment(&line().id, &AppointmentId::new(id)).await.unwrap();
        assert_eq!(found, None, "{id:?}");
    }

    let done = before.move_to(slot(6), now()).unwrap();
    assert!(matches!(save(&engine, &done, now()).await, Err(StoreError::Conflict)), "an old page");
}

#[tokio::test]
async fn a_message_and_its_appointment_are_saved_together_or_not_at_all() {
    let (engine, line) = (Engine::start().await, line());
    for n in 1..=3 {
        engine.meet(&line.id, &person(n)).await;
        let change = wish(n, "carta", slot(0));
        let loaded = engine.load_as(&line.id, &person(n)).await;
        let key = fresh_key();
        let booking = Some(Booking::new(&line, &change, now()));
        let turn = Turn { appointment: booking, ..turn(&line.id, &loaded, &key, &loaded.contact) };
        let saved = engine.save(turn).await;
        assert_eq!(saved.is_ok(), n < 3, "two places");
        let seen = engine.seen(&line.id, &key).await.unwrap();
        assert_eq!(seen.is_some(), n < 3, "it is looked at again");
    }
}

#[tokio::test]
async fn a_request_that_books_is_answered_once() {
    let (engine, line) = (Engine::start().await, line());
    engine.meet(&line.id, &person(1)).await;
    let change = wish(1, "carta", slot(0));
    let answer = Once { body_hash: "b".into(), status: 201, answer: "{}".into() };
    let booking = Booking::new(&line, &change, now());
    engine.save_appointment(booking, Some(("hash", &answer))).await.unwrap();
    assert_eq!(engine.answered(&line.id, "hash", now()).await.unwrap(), Some(answer));
}

#[tokio::test]
async fn who_is_forgotten_leaves_a_place_for_somebody_else() {
    let (engine, line) = (Engine::start().await, line());
    // Somebody who was two contacts, each with appointments.
    for n in 1..=2 {
        engine.meet(&line.id, &person(n)).await;
        save(&engine, &wish(n, "carta", slot(0)), now()).await.unwrap();
    }
    let gone = wish(2, "residenza", slot(1));
    save(&engine, &gone, now()).await.unwrap();
    save(&engine, &gone.after.cancel(now()).unwrap(), now()).await.unwrap();
    let sender = Sender { phone: Some(phone(2)), user_id: Some(user(1)), name: None };
    let loaded = engine.load(&line.id, &sender, Some(&user(2)), contact_id(9)).await.unwrap();
    let merged = Contact { phone: Some(phone(2)), ..loaded.merged(now()) };
    engine.save(turn(&line.id, &loaded, &fresh_key(), &merged)).await.unwrap();
    let person = engine.contact(&line.id, &merged.id).await.unwrap().unwrap();
    assert_eq!(engine.appointments_of(&line.id, &person).await.unwrap().len(), 3);
    let held = engine.held(&line, &person, now()).await.unwrap();
    assert_eq!(held.appointments.len(), 3);
    let full = engine.taken(&line.id, &carta(), (slot(0).starts_at, slot(0).ends_at)).await;
    assert_eq!(full.unwrap(), [Taken { slot: slot(0), places: 2 }]);

    for deaths in 0.. {
        let Some(person) = engine.contact(&line.id, &merged.id).await.unwrap() else { break };
        let _ = engine.dying_after(deaths).forget(&line.id, &person).await;
        assert!(deaths < 100, "it comes to an end");
    }
    let left = engine.everything().await;
    for id in [contact_id(1), contact_id(2)] {
        let theirs = |it: &&(String, String, String)| {
            format!("{it:?}").contains(id.as_str()) && !it.1.starts_with("SEEN")
        };
        assert_eq!(left.keys().find(theirs), None);
    }
    assert_eq!(places(&engine).await, [], "their places are free");

    let late = save(&engine, &wish(2, "carta", slot(0)), now()).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "nothing is booked for nobody");
}

#[tokio::test]
async fn what_is_over_expires_with_the_chat() {
    let engine = Engine::start().await;
    engine.meet(&line().id, &person(1)).await;
    let change = wish(1, "carta", slot(0));
    save(&engine, &change, now()).await.unwrap();
    let done = change.after.close(State::Done, slot(0).ends_at).unwrap();
    save(&engine, &done, slot(0).ends_at).await.unwrap();
    let all = engine.everything().await;
    let expires = |pk: &str| {
        let found = all.iter().find(|(key, _)| key.1.starts_with(pk)).unwrap();
        let seconds = found.1["expires"].as_n().unwrap().parse::<i64>().unwrap();
        seconds - slot(0).ends_at.as_second()
    };
    let days = 180 * 86_400;
    let want = [("APPOINTMENTS#", days), ("AGENDA#", days), ("SLOT#", 3_600), ("AHEAD#", 0)];
    for (pk, seconds) in want {
        assert_eq!(expires(pk), seconds, "{pk}");
    }
    assert_eq!(keys::appointment(&line().id, &AppointmentId::new("none")), None);
}

#[tokio::test]
async fn where_nothing_expires_the_night_takes_old_appointments_away() {
    let (engine, line) = (Engine::start().await, line());
    engine.meet(&line.id, &following(person(1), &["avvisi"])).await;
    save(&engine, &wish(1, "carta", slot(0)), now()).await.unwrap();
    save(&engine, &wish(1, "residenza", slot(9)), now()).await.unwrap();
    // A chat is kept 180 days.
    let night = slot(0).ends_at + (180 * 24).hours() + 1.second();
    let cutoffs = cutoffs(&line.retention, night);
    let mut work = Night::default();
    while !work.finished {
        engine.work_night(&line, &cutoffs, &mut work, night, Mode::Clear).await.unwrap();
    }
    let kept: Vec<_> = all_of(&engine, 1).await.into_iter().map(|it| it.slot).collect();
    assert_eq!(kept, [slot(9)]);
    let range = (slot(0).starts_at, slot(100).ends_at);
    assert_eq!(engine.agenda(&line.id, range, None, 100).await.unwrap().0.len(), 1);
}
