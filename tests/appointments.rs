// SPDX-License-Identifier: EUPL-1.2
//! Appointments with Barberino's desk: booked, moved and cancelled in chat.

use serde_json::json;

use crate::support::{MORNING, MORNING_SECONDS, Person, World};

const LINE: &str = "barberino-demografici";

/// Presses what the last message that has it shows under this title.
async fn presses(person: &Person<'_>, title: &str) {
    let heard = person.messages().await;
    let shown = heard.iter().rev().filter(|it| it["direction"] == "in").find_map(|it| {
        let buttons = it["buttons"].as_array()?;
        buttons.iter().find(|it| it["title"] == title).cloned()
    });
    let shown = shown.unwrap_or_else(|| panic!("nothing shows «{title}»"));
    person.taps(LINE, shown["payload"].as_str().unwrap(), title).await;
}

/// Writes for an appointment and goes through the lists to this day and time.
async fn picks(person: &Person<'_>, day: &str, time: &str) {
    for title in ["Carta d'identità", day, time] {
        presses(person, title).await;
    }
}

/// The office changes something in its line file.
async fn applies(world: &World, row: &str, instead: &str) {
    let file = include_str!("../infra/lines/barberino-demografici.toml");
    assert!(file.contains(row), "{row} is not there any more");
    let store = world.stack.store();
    let lines = store.lines().await.unwrap();
    let line = lines.iter().find(|it| it.id.as_str() == LINE).unwrap();
    let changed = file.replace(row, instead);
    store.apply_line(&line.id, &changed, MORNING.parse().unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_citizen_books_moves_and_cancels() {
    let world = World::start().await;
    let anna = world.person("393330003001");
    anna.says(LINE, "Iscrizione").await;
    anna.says(LINE, "Vorrei prenotare un appuntamento").await;
    anna.hears(LINE, "Per che cosa vuole un appuntamento?").await;
    picks(&anna, "giovedì 26 novembre", "9:20 – 9:40").await;
    presses(&anna, "Prenoto").await;
    anna.hears(LINE, "*Appuntamento prenotato.*").await;
    anna.hears(LINE, "giovedì 26 novembre 2026 alle 9:20").await;
    anna.hears(LINE, "- la tessera sanitaria").await;

    presses(&anna, "Sposto").await;
    anna.hears(LINE, "Al posto di: giovedì 26 novembre 2026 alle 9:20").await;
    presses(&anna, "venerdì 27 novembre").await;
    presses(&anna, "Altri orari").await;
    presses(&anna, "12:40 – 13:00").await;
    presses(&anna, "Sposto").await;
    anna.hears(LINE, "*Appuntamento spostato.*").await;
    anna.says(LINE, "appuntamento").await;
    anna.hears(LINE, "Ha un appuntamento.").await;
    anna.hears(LINE, "venerdì 27 novembre 2026 alle 12:40").await;
    presses(&anna, "Disdico").await;
    anna.hears(LINE, "*Appuntamento disdetto*").await;
    anna.taps(LINE, "appointment:cancel:none", "Disdico").await;
    anna.hears(LINE, "non c'è più").await;
    world.ends().await;
}

#[tokio::test]
async fn the_last_place_goes_to_one_person() {
    let world = World::start().await;
    let people: Vec<_> = (0..20).map(|it| world.person(&format!("3933300031{it:02}"))).collect();
    for person in &people {
        person.sends(LINE, "Iscrizione").await;
    }
    world.settled().await;
    // All have seen the same list, and now all of them press at once.
    let friday_at_nine = MORNING_SECONDS + 3 * 86_400;
    let take = format!("appointment:take:carta-identita:{friday_at_nine}");
    for person in &people {
        person.presses(LINE, &take, "Prenoto").await;
    }
    world.settled().await;
    let (mut booked, mut too_late) = (0, 0);
    for person in &people {
        booked += person.times_heard(LINE, "*Appuntamento prenotato.*").await;
        too_late += person.times_heard(LINE, "Quell'orario non è più libero.").await;
    }
    assert_eq!((booked, too_late), (1, 19));
    world.ends().await;
}

#[tokio::test]
async fn who_has_no_chat_is_invited_and_books_nothing() {
    let world = World::start().await;
    let enzo = world.person("393330003002");
    enzo.says(LINE, "appuntamento").await;
    enzo.hears(LINE, "Per avere risposta in chat scriva ISCRIZIONE").await;
    world.ends().await;
}

#[tokio::test]
async fn a_line_without_services_takes_it_for_a_question() {
    let world = World::start().await;
    let bruno = world.person("393330003003");
    bruno.says("pordenone", "appuntamento").await;
    assert_eq!(bruno.times_heard("pordenone", "appuntamento").await, 0);
    let (_, open) = world.office("pordenone").get("/conversations").await;
    assert_eq!(open["items"][0]["unread"], 1);
    world.ends().await;
}

/// Through the lists to a first appointment on Friday at nine; its id.
async fn books(world: &World, person: &Person<'_>) -> String {
    person.says(LINE, "Iscrizione").await;
    person.says(LINE, "appuntamento").await;
    for title in ["Carta d'identità", "venerdì 27 novembre"] {
        presses(person, title).await;
    }
    let next = ["9:00 – 9:20", "9:20 – 9:40"];
    let free = person.messages().await.last().unwrap()["buttons"][0]["title"].clone();
    presses(person, next.into_iter().find(|it| free == *it).unwrap()).await;
    presses(person, "Prenoto").await;
    let (_, agenda) = world.office(LINE).get("/appointments").await;
    agenda["items"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn who_books_is_reminded_a_day_before_by_a_template_and_answers_its_buttons() {
    let world = World::start().await;
    let anna = world.person("393330003010");
    let id = books(&world, &anna).await;
    let reminders = async || anna.times_heard(LINE, "Promemoria dei Servizi Demografici").await;
    world.advance(47 * 3600 + 1800).await;
    assert_eq!(reminders().await, 0, "it is Thursday before nine");
    let tasks =
        world.stack.store().due_tasks("2026-11-27T08:00:00Z".parse().unwrap()).await.unwrap();
    assert_eq!(tasks.len(), 1);
    // It says what holds now.
    applies(&world, "viale della Repubblica 24", "piazza Cavour 36").await;
    world.advance(1800 + 60).await;
    assert_eq!(reminders().await, 1);
    anna.hears(LINE, "piazza Cavour 36").await;
    anna.hears(LINE, "Carta d'identità").await;
    anna.hears(LINE, "venerdì 27 novembre 2026 alle 9:00").await;
    // Who took the task up died before it was finished.
    world.stack.store().plan_task(&tasks[0]).await.unwrap();
    world.advance(3600).await;
    assert_eq!(reminders().await, 1, "never twice");

    presses(&anna, "Conferma o cambia").await;
    anna.hears(LINE, "Ha un appuntamento.").await;
    let heard = anna.heard(LINE).await.len();
    presses(&anna, "Confermo").await;
    assert_eq!(anna.heard(LINE).await.len(), heard, "they see that they pressed it");
    let (_, it) = world.office(LINE).get(&format!("/appointments/{id}")).await;
    assert!(it["confirmed_at"].is_string() && it["reminded_at"].is_string(), "{it}");
    world.ends().await;
}

#[tokio::test]
async fn who_has_left_or_cancelled_is_not_reminded_and_who_writes_is_reminded_for_free() {
    let world = World::start().await;
    let people = ["393330003011", "393330003012", "393330003013"].map(|it| world.person(it));
    let [left, cancelled, writes] = &people;
    for (person, time) in [(left, "9:00"), (cancelled, "9:20"), (writes, "9:40")] {
        person.says(LINE, "Iscrizione").await;
        person.says(LINE, "appuntamento").await;
        for title in ["Carta d'identità", "venerdì 27 novembre"] {
            presses(person, title).await;
        }
        let minute = &time[2..];
        let end = if minute == "40" {
            "10:00".to_owned()
        } else {
            format!("9:{}", minute.parse::<u8>().unwrap() + 20)
        };
        presses(person, &format!("{time} – {end}")).await;
        presses(person, "Prenoto").await;
    }
    left.says(LINE, "cancellazione").await;
    presses(cancelled, "Disdico").await;
    world.advance(40 * 3600).await;
    writes.says(LINE, "Buongiorno, devo portare una marca da bollo?").await;
    world.advance(10 * 3600).await;
    for person in [left, cancelled] {
        assert_eq!(person.times_heard(LINE, "Promemoria").await, 0);
    }
    assert_eq!(writes.times_heard(LINE, "*Promemoria dell'appuntamento*").await, 1);
    assert_eq!(writes.times_heard(LINE, "Promemoria dei Servizi").await, 0);
    world.ends().await;
}

#[tokio::test]
async fn the_office_books_moves_and_cancels_and_the_citizen_is_told() {
    let world = World::start().await;
    let (anna, office) = (world.person("393330003020"), world.office(LINE));
    anna.says(LINE, "Iscrizione").await;
    let (_, services) = office.get("/services").await;
    let reminder = &services["items"][0]["reminder"];
    assert_eq!(reminder["template"], "barberino_promemoria");
    assert_eq!(reminder["template_eur"], 0.0248, "{reminder}");
    let (status, free) =
        office.get("/services/carta-identita/slots?from=2026-11-26&to=2026-11-26").await;
    assert_eq!((status, free["items"].as_array().unwrap().len()), (200, 12));

    let (_, found) = office.get("/subscribers").await;
    let contact = found["items"][0]["id"].as_str().unwrap().to_owned();
    let wish = json!({ "contact": contact, "service": "carta-identita",
        "starts_at": free["items"][1]["starts_at"] });
    let (status, made) = office.post_once("/appointments", wish.clone(), "k1").await;
    assert_eq!((status, &made["told"]), (201, &true.into()), "{made}");
    anna.hears(LINE, "*Appuntamento prenotato.*").await;
    let again = office.post_once("/appointments", wish.clone(), "k1").await;
    assert_eq!(again, (201, made.clone()), "a double click is one appointment");
    assert_eq!(anna.times_heard(LINE, "*Appuntamento prenotato.*").await, 1);
    let (status, problem) = office.post("/appointments", wish).await;
    assert_eq!((status, &problem["type"]), (409, &"state-not-allowed".into()));

    let path = format!("/appointments/{}", made["id"].as_str().unwrap());
    let to = json!({ "starts_at": free["items"][3]["starts_at"] });
    let moves = async |tag: Option<&str>| {
        let url = format!("{}/v1/lines/{LINE}{path}", world.stack.url());
        let mut request = world.http.patch(url).bearer_auth("local-key").json(&to);
        if let Some(tag) = tag {
            request = request.header("if-match", tag);
        }
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(moves(None).await, 428);
    assert_eq!(moves(Some("\"7\"")).await, 412);
    assert_eq!(moves(Some("\"1\"")).await, 200);
    assert_eq!(moves(Some("\"1\"")).await, 412, "an old page");
    anna.hears(LINE, "*Appuntamento spostato.*").await;
    anna.hears(LINE, "alle 10:00").await;

    let url = format!("{}/v1/lines/{LINE}{path}/calendar.ics", world.stack.url());
    let calendar = async || {
        let answer = world.http.get(&url).bearer_auth("local-key").send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/calendar; charset=utf-8");
        answer.text().await.unwrap()
    };
    let before = calendar().await;
    assert!(before.contains("DTSTART:20261126T090000Z") && before.contains("SEQUENCE:1"));
    let (status, _) = office.post(&format!("{path}/done"), json!({})).await;
    assert_eq!(status, 409, "it has not begun");
    let (status, gone) = office.post(&format!("{path}/cancel"), json!({})).await;
    assert_eq!((status, &gone["state"], &gone["told"]), (200, &"cancelled".into(), &true.into()));
    anna.hears(LINE, "annullato dall'ufficio").await;
    assert_eq!(office.post(&format!("{path}/cancel"), json!({})).await.0, 409);
    assert!(calendar().await.contains("METHOD:CANCEL"));
    let (_, free) =
        office.get("/services/carta-identita/slots?from=2026-11-26&to=2026-11-26").await;
    assert_eq!(free["items"].as_array().unwrap().len(), 12, "its place is free again");

    let propose = format!("/conversations/{contact}/appointments/propose");
    let offer = json!({ "service": "residenza" });
    assert_eq!(office.post_once(&propose, offer.clone(), "k2").await.0, 201);
    assert_eq!(office.post_once(&propose, offer, "k2").await.0, 201);
    assert_eq!(anna.times_heard(LINE, "*Cambio di residenza*: in quale giorno?").await, 1);
    presses(&anna, "lunedì 30 novembre").await;
    anna.hears(LINE, "a che ora?").await;
    world.ends().await;
}

/// What was mailed: to whom, subject, text.
async fn mails(world: &World) -> Vec<serde_json::Value> {
    let url = format!("{}/_mail", world.stack.url());
    let mails: serde_json::Value = world.http.get(url).send().await.unwrap().json().await.unwrap();
    mails.as_array().or_else(|| mails["items"].as_array()).unwrap().clone()
}

#[tokio::test]
async fn the_office_is_told_by_mail_what_a_citizen_does_without_who_it_is() {
    let world = World::start().await;
    let (anna, office) = (world.person("393330003071"), world.office(LINE));
    let id = books(&world, &anna).await;
    world.advance(60).await;
    let sent = mails(&world).await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    let mail = sent[0].to_string();
    for words in ["appuntamento prenotato", "Carta d'identità", "27 novembre 2026 alle 9:00", &id]
    {
        assert!(mail.contains(words), "{words}: {mail}");
    }
    assert!(mail.contains("anagrafe@comune.barberino-di-mugello.fi.it"), "{mail}");
    assert!(!mail.contains("3003071") && !mail.contains("+39"), "{mail}");

    // Moved and cancelled within a minute is one mail.
    presses(&anna, "Sposto").await;
    presses(&anna, "giovedì 26 novembre").await;
    presses(&anna, "9:20 – 9:40").await;
    presses(&anna, "Sposto").await;
    presses(&anna, "Disdico").await;
    world.advance(60).await;
    let sent = mails(&world).await;
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(sent.iter().any(|it| it.to_string().contains("appuntamento disdetto")), "{sent:?}");

    // What the office does it knows.
    let (_, free) =
        office.get("/services/carta-identita/slots?from=2026-11-27&to=2026-11-27").await;
    let starts_at = free["items"][0]["starts_at"].clone();
    let (_, people) = office.post("/contacts/search", json!({ "phone": "393330003071" })).await;
    let contact = people["items"][0]["id"].clone();
    let wish = json!({ "contact": contact, "service": "carta-identita", "starts_at": starts_at });
    assert_eq!(office.post("/appointments", wish).await.0, 201);
    world.advance(60).await;
    assert_eq!(mails(&world).await.len(), 2);
    world.ends().await;
}

#[tokio::test]
async fn an_office_that_wants_no_mail_of_appointments_gets_none() {
    let world = World::start().await;
    applies(&world, "answer_within_hours = 8", "notify_appointments = false").await;
    let anna = world.person("393330003072");
    books(&world, &anna).await;
    world.advance(60).await;
    assert_eq!(mails(&world).await, Vec::<serde_json::Value>::new());
    world.ends().await;
}

#[tokio::test]
async fn a_closure_after_the_booking_shows_the_office_what_is_to_be_moved() {
    let world = World::start().await;
    let (anna, office) = (world.person("393330003030"), world.office(LINE));
    let id = books(&world, &anna).await;
    let (_, before) = office.get("/appointments?from=2026-11-27&to=2026-11-27").await;
    assert_eq!(
        (&before["items"][0]["id"], &before["items"][0]["conflict"]),
        (&id.into(), &false.into())
    );

    applies(&world, "PH off\"", "PH off; 2026 Nov 27 off\"").await;
    let (_, after) = office.get("/appointments?from=2026-11-27&to=2026-11-27").await;
    assert_eq!(after["items"][0]["conflict"], true, "{after}");
    let (_, free) =
        office.get("/services/carta-identita/slots?from=2026-11-27&to=2026-11-27").await;
    assert_eq!(free["items"], json!([]));
    presses(&anna, "Sposto").await;
    presses(&anna, "giovedì 26 novembre").await;
    presses(&anna, "9:00 – 9:20").await;
    presses(&anna, "Sposto").await;
    let (_, all) = office.get("/appointments").await;
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
    assert_eq!(all["items"][0]["conflict"], false);
    world.ends().await;
}

#[tokio::test]
async fn a_portfolio_without_room_makes_a_reminder_wait() {
    let world = World::start().await;
    let people = ["393330003041", "393330003042"].map(|it| world.person(it));
    for person in &people {
        books(&world, person).await;
    }
    applies(&world, "[service]", "[portfolio]\nid = \"506914307656635\"\nlimit = 2\n\n[service]")
        .await;
    let reminded = async || {
        let mut all = 0;
        for person in &people {
            all += person.times_heard(LINE, "Promemoria dei Servizi Demografici").await;
        }
        all
    };
    world.advance(48 * 3600 + 1500).await;
    assert_eq!(reminded().await, 1, "the other place is for emergencies");
    world.ends().await;
}

#[tokio::test]
async fn who_is_erased_has_no_appointment_any_more() {
    let world = World::start().await;
    let (anna, office) = (world.person("393330003050"), world.office(LINE));
    books(&world, &anna).await;
    anna.says(LINE, "Voglio una copia dei miei dati").await;
    let copy = &anna.files(LINE).await[0].1;
    assert!(copy.contains("27/11/2026, 09:00:00: Carta d'identità (prenotato)"), "{copy}");
    anna.says(LINE, "cancellate i miei dati").await;
    presses(&anna, "Cancellate tutto").await;
    let free = "/services/carta-identita/slots?from=2026-11-27&to=2026-11-27";
    let (_, free) = office.get(free).await;
    assert_eq!(free["items"].as_array().unwrap().len(), 12, "their place is free");
    let (_, agenda) = office.get("/appointments").await;
    assert_eq!(agenda["items"], json!([]));
    world.ends().await;
}

#[tokio::test]
async fn who_is_gone_by_the_notice_leaves_no_appointment_behind() {
    let service = "\n[[services]]\nid = \"sala\"\nname = \"Sala\"\nduration_minutes = 60\n\
                   open = \"Mo-Su 09:00-12:00\"\n";
    let soon = |file: &str| file.replace("chat_days = 180", "chat_days = 10") + service;
    let world = World::of_pordenone(soon).await;
    let (anna, office) = (world.person("393330003060"), world.office("pordenone"));
    anna.says("pordenone", "Buongiorno, come si prenota la sala?").await;
    let (_, open) = office.get("/conversations").await;
    let contact = open["items"][0]["contact"].clone();
    let starts_at = "2026-11-30T09:00:00+01:00";
    let wish = json!({ "contact": contact, "service": "sala", "starts_at": starts_at });
    let (status, made) = office.post("/appointments", wish).await;
    assert_eq!(status, 201, "{made}");
    // Ten days after they wrote, when their appointment would still be kept.
    world.advance(12 * 86_400).await;
    let path = format!("/appointments/{}", made["id"].as_str().unwrap());
    assert_eq!(office.get(&path).await.0, 404);
    world.ends().await;
}
