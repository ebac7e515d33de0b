//! Who is there before each story: a line, the people who follow it, and a notice for tomorrow
//! morning that the office has scheduled.

use std::sync::{Arc, OnceLock};

use domain::ids::{BroadcastId, LineId};
use jiff::Timestamp;
use serde_json::json;

use super::outside::Lane;
use super::world::{LINE, Place, Start, World, tables};

/// People who follow the line.
pub(crate) const PEOPLE: usize = 10;

/// Who leaves while the notice is being sent.
pub(crate) const LEAVER: &str = "393330008007";

/// Who has two subscriptions, one under their number and one under Meta's user id.
pub(crate) const TWICE: &str = "393330008008";

/// Eight messages a second in all, four of them for broadcasts: chunks of four.
const RATE: &str = "rate = 8\nreserve = 4";

const EVENING: &str = "2026-11-23T17:00:00Z";
const SEND_AT: &str = "2026-11-24T08:01:00Z";

/// Half a minute before the notice.
const MORNING: &str = "2026-11-24T08:00:30Z";

/// The town as it is half a minute before the notice is due.
#[derive(Clone)]
pub(crate) struct Town {
    pub(crate) start: Start,
    pub(crate) broadcast: BroadcastId,
    pub(crate) people: Arc<[String]>,
}

impl Town {
    /// The town with its notice. It is made once, and every world starts with it.
    pub(crate) fn with_a_notice() -> Self {
        static TOWN: OnceLock<Town> = OnceLock::new();
        TOWN.get_or_init(|| on_a_thread_of_its_own(|| runtime().block_on(make("normal")))).clone()
    }
}

/// Runs on a runtime of its own, also if the caller is in one.
fn on_a_thread_of_its_own<T: Send>(make: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|it| it.spawn(make).join().unwrap())
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

pub(crate) fn phone(n: usize) -> String {
    format!("3933300080{n:02}")
}

async fn make(priority: &str) -> Town {
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
    let now = world.now();
    world.store.apply_line(&LineId::new(LINE), &start.line_file, now).await.unwrap();
    let people: Vec<_> = (0..PEOPLE).map(phone).collect();
    for (n, phone) in (0..).zip(people.clone()) {
        // Not all in one second.
        world.after_ms(1000 * n, move |it| {
            it.meta.write(&phone, LINE, "ISCRIVIMI").unwrap();
        });
    }
    world.runs(None).await.unwrap();

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
    world.runs(None).await.unwrap();
    assert!(world.outside.calls().iter().all(|it| it.lane != Lane::Sender(0)), "not sent yet");

    let names = tables();
    let names = [names.subscribers, names.messages, names.broadcasts];
    let items = world.aws.everything(&names.each_ref().map(String::as_str));
    let start = Start {
        at: MORNING.parse().unwrap(),
        tables: world.aws.made().into(),
        items: items.into(),
        ..start
    };
    Town { start, broadcast: BroadcastId::new(id), people: people.into() }
}
