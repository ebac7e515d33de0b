// SPDX-License-Identifier: EUPL-1.2
//! What the office asks of the API, and a process that dies, an answer that is lost or a table that
//! is busy at every outside call of it. The office asks again under the same key: what it wanted is
//! done then, once, and the citizen was told once at most.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use axum::http::StatusCode;
use domain::appointment::State;
use domain::ids::{ContactId, LineId, ServiceId};
use fakes::meta::WriteBody;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use store::Direction;

use super::outside::{Call, Lane, Mishap, Refusal};
use super::points::numbers;
use super::town::{LEAVERS, Town, runtime};
use super::world::{LINE, Place, World};

const MISHAPS: [Mishap; 4] = [
    Mishap::DeadBefore,
    Mishap::DeadAfter,
    Mishap::AnswerLost,
    Mishap::Refused(Refusal::Throttled),
];

/// Who asks gives up after so many times.
const TIMES: usize = 4;

const SERVICE: &str = "\n[[services]]\nid = \"sala\"\nname = \"Sala\"\nduration_minutes = 60\n\
                       open = \"Mo-Su 09:00-12:00\"\n";
const SLOT: &str = "2026-11-30T09:00:00+01:00";

/// Asks once for every call and each mishap, and holds what must hold in the end.
///
/// `hold` is told whether nobody can know if Meta took what the citizen was to be told.
fn at_every_call(
    name: &str,
    path: &str,
    body: &str,
    hold: &impl AsyncFn(&World, &ContactId, usize) -> anyhow::Result<()>,
) {
    let town = Town::usual();
    let (citizen, _) =
        town.phones.iter().find(|it| it.1 == LEAVERS[0]).expect("somebody of the town");
    let path = path.replace("CITIZEN", citizen.as_str());
    let body = body.replace("CITIZEN", citizen.as_str());
    let mut broken = Vec::new();
    let tried = runtime().block_on(async {
        let place = Place::new().await;
        let world = asked(&place, &town, (&path, &body), None).await.unwrap();
        hold(&world, citizen, 0).await.unwrap();
        let calls = of_the_office(&world);
        let points = calls.len();
        assert!(points > 3, "{points} calls");
        for number in 1..=points {
            for mishap in MISHAPS {
                let told = async {
                    let meant = Some((number, mishap));
                    let world = asked(&place, &town, (&path, &body), meant).await?;
                    let met = &of_the_office(&world)[number - 1];
                    hold(&world, citizen, usize::from(is_in_doubt(met, mishap))).await
                };
                if let Err(err) = told.await {
                    broken.push(format!(
                        "{number} {mishap:?} at {}: {err:#}",
                        calls[number - 1].what
                    ));
                }
            }
        }
        points * MISHAPS.len()
    });
    eprintln!("{name}: {tried} points tried");
    assert!(
        broken.is_empty(),
        "{name}: {} of {tried} points:\n{}",
        broken.len(),
        broken.join("\n")
    );
}

/// Whoever dies between the claim of a message and Meta's answer leaves it in doubt.
fn is_in_doubt(call: &Call, mishap: Mishap) -> bool {
    let claims = call.what == "dynamodb UpdateItem CHAT"
        || call.what.starts_with("dynamodb UpdateItem RATE");
    let refused = matches!(mishap, Mishap::Refused(_));
    call.what.starts_with("graph POST") || (claims && !refused)
}

fn of_the_office(world: &World) -> Vec<Call> {
    world.outside.calls().into_iter().filter(|it| it.lane == Lane::Office).collect()
}

/// Asks until there is an answer, and lets follow what follows.
async fn asked(
    place: &Place,
    town: &Town,
    (path, body): (&str, &str),
    meant: Option<(usize, Mishap)>,
) -> anyhow::Result<World> {
    let mut world = World::new(place, &town.start).await;
    let line = LineId::new(LINE);
    let with_service = format!("{}{SERVICE}", town.start.line_file);
    world.store.apply_line(&line, &with_service, world.now()).await?;
    // Meta, too, knows that they wrote.
    world.meta.write(LEAVERS[0], LINE, "Buongiorno, quando apre la biblioteca?")?;
    world.runs(None).await?;
    let before = world.outside.count();
    if let Some((number, mishap)) = meant {
        world.outside.goes_wrong(before + number, mishap);
    }
    for _ in 0..TIMES {
        let answer = world.asks(path, body.to_owned(), "k1").await;
        let again = |status: StatusCode, answer: &Value| {
            status == StatusCode::SERVICE_UNAVAILABLE || answer["complete"] == false
        };
        if let Some((status, answer)) = answer.filter(|it| !again(it.0, &it.1)) {
            let in_doubt = meant.is_some_and(|(number, mishap)| {
                is_in_doubt(&world.outside.calls()[before + number - 1], mishap)
            });
            // It says that nobody knows whether it was sent.
            let said = in_doubt && status == StatusCode::BAD_GATEWAY;
            ensure!(said || status.is_success(), "{status} {answer}");
            world.runs(None).await?;
            return Ok(world);
        }
        world.after_now(1_000, |_| {});
        world.runs(None).await?;
    }
    anyhow::bail!("no answer after {TIMES} times")
}

/// What the citizen was told with these words: once, or never where that is in doubt.
fn told_once(world: &World, words: &str, in_doubt: usize) -> anyhow::Result<()> {
    let sent = world.meta.sent(LINE)?;
    let told = sent.iter().filter(|it| it.phone == LEAVERS[0] && it.text.contains(words)).count();
    ensure!(told == 1 || (told == 0 && in_doubt == 1), "told {told} times");
    Ok(())
}

#[test]
fn an_answer_of_the_desk_is_sent_once() {
    let body = json!({ "text": "Lo sportello apre alle 9." }).to_string();
    let path = "/conversations/CITIZEN/messages";
    at_every_call("an answer", path, &body, &async |world, citizen, in_doubt| {
        told_once(world, "apre alle 9", in_doubt)?;
        let contact = world.store.contact(&LineId::new(LINE), citizen).await?.context("citizen")?;
        let chat = world.store.entries(&LineId::new(LINE), &contact, None, 100).await?;
        let written = chat
            .iter()
            .filter(|it| it.direction == Direction::Out && it.text == "Lo sportello apre alle 9.");
        ensure!(written.count() == 1, "it stands in the chat once");
        Ok(())
    });
}

#[test]
fn a_block_is_one_measure_and_said_once() {
    let body = json!({
        "rule": "spam", "reason": "annunci", "until": "2026-12-24T09:00:00+01:00",
    });
    at_every_call(
        "a block",
        "/contacts/CITIZEN/block",
        &body.to_string(),
        &async |world, citizen, in_doubt| {
            let line = LineId::new(LINE);
            told_once(world, "24 dicembre", in_doubt)?;
            let contact = world.store.contact(&line, citizen).await?.context("citizen")?;
            let measures = world.store.measures_of(&line, &contact).await?;
            ensure!(measures.len() == 1, "{} measures", measures.len());
            ensure!(contact.blocked.is_some_and(|it| it.measure == measures[0].id), "not blocked");
            Ok(())
        },
    );
}

#[test]
fn an_appointment_is_booked_once_and_takes_one_place() {
    let body = json!({ "contact": "CITIZEN", "service": "sala", "starts_at": SLOT });
    at_every_call(
        "a booking",
        "/appointments",
        &body.to_string(),
        &async |world, citizen, doubt| {
            is_booked(world, citizen).await?;
            told_once(world, "30 novembre 2026 alle 9:00", doubt)
        },
    );
}

/// One appointment, and one place taken of its slot.
async fn is_booked(world: &World, citizen: &ContactId) -> anyhow::Result<()> {
    let line = LineId::new(LINE);
    let contact = world.store.contact(&line, citizen).await?.context("citizen")?;
    let all = world.store.appointments_of(&line, &contact).await?;
    ensure!(all.len() == 1 && all[0].state == State::Booked, "{all:?}");
    let starts_at: Timestamp = SLOT.parse()?;
    let during = (starts_at, starts_at + 1.hour());
    let taken = world.store.taken(&line, &ServiceId::new("sala"), during).await?;
    let places: BTreeMap<_, _> = taken.iter().map(|it| (it.slot.starts_at, it.places)).collect();
    ensure!(places == [(starts_at, 1)].into(), "{places:?}");
    Ok(())
}

#[test]
fn a_file_subscribes_its_people_once() {
    let file = "phone;topics;consent_at;proof\n+393330008901;eventi;2026-11-20;Modulo 12\n\
                +393330008902;;2026-11-20;Modulo 13\n";
    at_every_call("an import", "/subscribers/import", file, &async |world, _, _| {
        let line = LineId::new(LINE);
        for phone in ["393330008901", "393330008902"] {
            let phone = domain::phone::Phone::parse(phone)?;
            let contact = world.store.find(&line, &phone).await?.context("nobody")?;
            ensure!(contact.is_subscribed(), "not subscribed");
            let proof = world.store.consents(&line, &contact).await?;
            ensure!(proof.len() == 1, "{} consent events", proof.len());
        }
        Ok(())
    });
}

/// A citizen books in chat; the process that answers dies at every call of it.
#[test]
fn a_citizen_s_booking_is_made_once_and_told_to_the_office() {
    let town = Town::usual();
    let (citizen, _) = town.phones.iter().find(|it| it.1 == LEAVERS[0]).expect("somebody");
    let starts_at: Timestamp = SLOT.parse().expect("an instant");
    let press = format!("appointment:take:sala:{}", starts_at.as_second());
    let mut broken = Vec::new();
    runtime().block_on(async {
        let place = Place::new().await;
        let calls = books(&place, &town, &press, None).await.unwrap().outside.calls();
        let points = numbers(&calls, |it| it.lane == Lane::Commands);
        for number in points.clone() {
            for mishap in MISHAPS {
                let told = async {
                    let world = books(&place, &town, &press, Some((number, mishap))).await?;
                    is_booked(&world, citizen).await?;
                    let met = &world.outside.calls()[number - 1];
                    let in_doubt = usize::from(is_in_doubt(met, mishap));
                    told_once(&world, "Appuntamento prenotato", in_doubt)?;
                    let due = world.store.due_tasks(world.now()).await?;
                    let told = due.iter().filter(|it| it.name.starts_with("booking#")).count();
                    ensure!(told == 1, "the office is told {told} times");
                    Ok::<_, anyhow::Error>(())
                };
                if let Err(err) = told.await {
                    broken.push(format!("{number} {mishap:?}: {err:#}"));
                }
            }
        }
        eprintln!("a citizen books: {} points tried", points.len() * MISHAPS.len());
    });
    assert!(broken.is_empty(), "{} points:\n{}", broken.len(), broken.join("\n"));
}

async fn books(
    place: &Place,
    town: &Town,
    press: &str,
    meant: Option<(usize, Mishap)>,
) -> anyhow::Result<World> {
    let mut world = World::new(place, &town.start).await;
    let with_service = format!("{}{SERVICE}", town.start.line_file);
    world.store.apply_line(&LineId::new(LINE), &with_service, world.now()).await?;
    if let Some((number, mishap)) = meant {
        world.outside.goes_wrong(number, mishap);
    }
    let press = press.to_owned();
    world.after_ms(1_000, move |it| {
        let title = "Prenoto".to_owned();
        let press = WriteBody::Button { payload: press, title, context: None };
        it.meta.write(LEAVERS[0], LINE, press).unwrap();
    });
    world.runs(None).await?;
    Ok(world)
}
