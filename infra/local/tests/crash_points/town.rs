// SPDX-License-Identifier: EUPL-1.2
//! Who is there before each story: a line, the people who follow it, and a notice that the office
//! has scheduled.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use domain::ids::{BroadcastId, ContactId, LineId};
use fakes::meta::Identity;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::keys::EVERYONE;

use super::world::{LINE, Place, Start, World, tables};

/// People who follow the line.
const PEOPLE: usize = 8;

/// Who leaves while the notice is being sent: one of the first chunk and one of the second.
pub(crate) const LEAVERS: [&str; 2] = ["393330008001", "393330008006"];

/// Has two subscriptions, one under the number and one under Meta's user id, and nobody knows.
pub(crate) const TWICE: &str = "393330008099";

/// Eight messages a second in all, four of them for broadcasts: chunks of four.
const RATE: &str = "rate = 8\nreserve = 4";

const EVENING: &str = "2026-11-23T17:00:00Z";
const SEND_AT: &str = "2026-11-24T08:01:00Z";

/// Half a minute before the notice.
const MORNING: &str = "2026-11-24T08:00:30Z";

/// From the start of a story to the notice.
pub(crate) const NOTICE_MS: i64 = 30_000;

/// The town as it is half a minute before the notice is due.
#[derive(Clone)]
pub(crate) struct Town {
    pub(crate) start: Start,
    pub(crate) broadcast: BroadcastId,
    /// Whose contacts these are.
    pub(crate) phones: Arc<BTreeMap<ContactId, String>>,
}

/// What may be different about a town.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Usual,
    /// The notice is an emergency.
    Alert,
    /// Somebody is there twice.
    Twice,
}

impl Town {
    /// Eight people and a notice. Made once: every world starts with it.
    pub(crate) fn usual() -> Self {
        static TOWN: OnceLock<Town> = OnceLock::new();
        TOWN.get_or_init(|| Self::make(Kind::Usual)).clone()
    }

    pub(crate) fn with_an_alert() -> Self {
        static TOWN: OnceLock<Town> = OnceLock::new();
        TOWN.get_or_init(|| Self::make(Kind::Alert)).clone()
    }

    pub(crate) fn with_somebody_twice() -> Self {
        static TOWN: OnceLock<Town> = OnceLock::new();
        TOWN.get_or_init(|| Self::make(Kind::Twice)).clone()
    }

    fn make(kind: Kind) -> Self {
        runtime().block_on(make(kind))
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn make(kind: Kind) -> Town {
    let line_file = include_str!("../../../lines/pordenone.toml");
    assert!(line_file.contains("rate = 80\nreserve = 10"), "the rate is somewhere else");
    let line_file = line_file.replace("rate = 80\nreserve = 10", RATE);
    let start = Start {
        line_file: line_file.into(),
        at: EVENING.parse().unwrap(),
        tables: Arc::default(),
        items: Arc::default(),
    };
    let place = Place::new().await;
    let mut world = World::new(&place, &start).await;
    let line = LineId::new(LINE);
    world.store.apply_line(&line, &start.line_file, world.now()).await.unwrap();
    subscribe(&mut world, kind);
    world.runs(None).await.unwrap();
    let broadcast = schedule(&world, kind).await;
    world.runs(None).await.unwrap();

    let mut phones = BTreeMap::new();
    let followers = world.store.followers(&line, EVERYONE, None, 1000).await.unwrap().0;
    for (id, _) in followers {
        let contact = world.store.contact(&line, &id).await.unwrap().unwrap();
        let phone = contact.phone.as_ref().map_or(TWICE, |it| it.expose());
        phones.insert(id, phone.to_owned());
    }
    let names = tables();
    let names = [names.subscribers, names.messages, names.broadcasts];
    let items = world.aws.everything(&names.each_ref().map(String::as_str));
    let (items, phones) = in_the_order_of_numbers(&items, &phones);
    let start = Start {
        at: MORNING.parse().unwrap(),
        tables: world.aws.made().into(),
        items: items.into(),
        ..start
    };
    Town { start, broadcast, phones: phones.into() }
}

fn subscribe(world: &mut World, kind: Kind) {
    for n in 0..PEOPLE {
        // Not all in one second.
        world.after_ms(1000 * i64::try_from(n).unwrap(), move |it| {
            it.meta.write(&format!("39333000800{n}"), LINE, "ISCRIVIMI").unwrap();
        });
    }
    if kind == Kind::Twice {
        world.after_ms(20_000, |it| it.writes_as_long_ago(TWICE, "ISCRIVIMI"));
        world.after_ms(30_000, |it| {
            it.meta.change_person(TWICE, |it| it.identity = Identity::UserIdOnly).unwrap();
            it.meta.write(TWICE, LINE, "ISCRIVIMI").unwrap();
        });
    }
}

async fn schedule(world: &World, kind: Kind) -> BroadcastId {
    let priority = if kind == Kind::Alert { "emergency" } else { "normal" };
    let notice = json!({
        "title": "Promemoria",
        "audience": { "all": true },
        "priority": priority,
        "message": { "template": {
            "name": "pordenone_scadenza",
            "language": "it",
            "parameters": {
                "data": "16 dicembre",
                "azione": "pagare il saldo IMU",
                "come": "con il modello F24",
                "pagina": "www.comune.pordenone.it",
            },
        } },
    });
    let made = world.office("/broadcasts", &notice).await;
    let id = made["id"].as_str().unwrap();
    let send_at: Timestamp = SEND_AT.parse().unwrap();
    let send_at = json!({ "send_at": send_at.to_string() });
    world.office(&format!("/broadcasts/{id}/schedule"), &send_at).await;
    BroadcastId::new(id)
}

/// Ids are random; a story that is the same every time needs the same order every time. The last
/// digit stays: it is the contact's partition.
fn in_the_order_of_numbers(
    items: &[(String, Value)],
    phones: &BTreeMap<ContactId, String>,
) -> (Vec<(String, Value)>, BTreeMap<ContactId, String>) {
    let mut text = serde_json::to_string(items).unwrap();
    let mut by_number: Vec<_> = phones.iter().collect();
    by_number.sort_by_key(|(_, phone)| phone.as_str());
    let mut renamed = BTreeMap::new();
    for (n, (id, phone)) in by_number.into_iter().enumerate() {
        let id = id.as_str();
        let new = format!("{n:031x}{}", &id[id.len() - 1..]);
        text = text.replace(id, &new);
        renamed.insert(ContactId::new(new), phone.clone());
    }
    (serde_json::from_str(&text).unwrap(), renamed)
}
