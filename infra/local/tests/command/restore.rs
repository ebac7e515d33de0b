// SPDX-License-Identifier: EUPL-1.2
//! `restore`: what was lost comes back from a backup, and who was erased, or left, after it does not.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::process::{Ended, Home};
use super::town::{MORNING, Town};

/// Erased after the backup.
const ANNA: &str = "393330000091";
/// Leaves after it.
const BEA: &str = "393330000092";
/// Stays.
const CARLA: &str = "393330000093";

const NIGHT: u64 = 24 * 3600;

fn restore(home: &Home, arguments: &[&str]) -> Ended {
    let (data, backup) = (home.path("data"), home.path("backup"));
    let [data, backup] = [&data, &backup].map(|it| it.to_str().unwrap());
    let all = [&["restore", "--data", data, "--from", backup], arguments].concat();
    home.ends(&all, b"")
}

fn tables(home: &Home) -> Connection {
    Connection::open(home.path("data").join("tables.sqlite")).unwrap()
}

/// Everything that is stored, as text.
fn everything(home: &Home) -> String {
    let tables = tables(home);
    let mut all = String::new();
    for table in ["subscribers", "messages", "broadcasts"] {
        let mut query =
            tables.prepare(&format!("SELECT pk, sk, item_json FROM \"{table}\"")).unwrap();
        let rows = query
            .query_map([], |row| {
                let part = |n| row.get::<_, String>(n);
                Ok(format!("{}/{}/{}\n", part(0)?, part(1)?, part(2)?))
            })
            .unwrap();
        all.extend(rows.map(|it| it.unwrap()));
    }
    all
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for file in std::fs::read_dir(from).unwrap().map(|it| it.unwrap()) {
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

async fn contact(town: &Town, phone: &str) -> Value {
    let asked = json!({ "phone": format!("+{phone}") });
    let found = town.post("/v1/lines/pordenone/contacts/search", asked, 200).await;
    found["items"][0].clone()
}

/// Three people, a broadcast that was sent and one that is to be; a backup; and then one of the people is
/// erased, and one leaves. The ids of the broadcasts.
async fn town(home: &Home) -> [String; 2] {
    let town = Town::of(home.start(&["--clock", MORNING]));
    for phone in [ANNA, BEA, CARLA] {
        town.says(phone, "ISCRIVIMI").await;
        town.settled().await;
    }
    town.says(ANNA, "Quando apre la piscina?").await;
    town.says(CARLA, "Quando apre la biblioteca?").await;
    let sent = town.broadcasts("pagare la mensa", None).await;
    town.advance(NIGHT).await;
    let planned = town.broadcasts("pagare il bollo", Some("2026-12-16T10:00:00+01:00")).await;
    town.settled().await;
    town.kill();
    copy(&home.path("data"), &home.path("backup"));

    let town = Town::of(home.start(&[]));
    town.settled().await;
    let anna = contact(&town, ANNA).await["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/lines/pordenone/contacts/{anna}");
    assert_eq!(town.ask(reqwest::Method::DELETE, &path, None).await.0, 200);
    town.says(BEA, "CANCELLAMI").await;
    town.advance(NIGHT).await;
    town.kill();
    [sent, planned]
}

fn assert_no_trace_of_anna(home: &Home) {
    let all = everything(home);
    for trace in [ANNA, "piscina"] {
        assert!(!all.contains(trace), "{trace} is there");
    }
    for (phone, words) in [(CARLA, "biblioteca"), (BEA, "ISCRIVIMI")] {
        assert!(all.contains(phone) && all.contains(words), "{phone} and {words} are gone");
    }
}

#[tokio::test]
async fn what_was_lost_comes_back_but_not_who_was_erased_or_left() {
    let home = Home::new();
    let [sent, planned] = town(&home).await;
    assert!(everything(&home).contains(BEA), "what is looked for is there to be found");
    let nothing = restore(&home, &[]);
    assert_eq!(nothing.code, Some(0), "{}", nothing.err);
    assert!(nothing.out.contains("non manca niente"), "{}", nothing.out);

    // Contacts, chats and broadcasts are lost. Proofs, registers and ledgers are not.
    for (table, wherever) in [
        ("subscribers", "pk LIKE 'S:CONTACTS#%' OR pk LIKE 'S:PHONE#%' OR pk LIKE 'S:TOPIC#%'"),
        ("messages", "pk LIKE 'S:CHAT#%'"),
        ("broadcasts", "pk LIKE 'S:BROADCASTS#%' OR pk LIKE 'S:DELIV%' OR pk LIKE 'S:COUNTS#%'"),
    ] {
        let gone = tables(&home).execute(&format!("DELETE FROM \"{table}\" WHERE {wherever}"), []);
        assert!(gone.unwrap() > 0, "{table}");
    }
    assert!(!everything(&home).contains(CARLA));

    // Nothing comes back that nobody said yes to.
    let before = everything(&home);
    let asked = restore(&home, &[]);
    assert_eq!(asked.code, Some(1));
    assert!(asked.out.contains("contatti: 2") && asked.out.contains("Niente è cambiato"));
    assert_eq!(everything(&home), before);

    let done = restore(&home, &["--yes"]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{}", done.out);
    for said in ["contatti: 2", "persone cancellate, che restano cancellate: 1", "invii: 2"] {
        assert!(done.out.contains(said), "{said}: {}", done.out);
    }
    assert!(!done.out.contains("39333"), "{}", done.out);
    assert_no_trace_of_anna(&home);
    let again = restore(&home, &["--yes"]);
    assert!(again.out.contains("non manca niente"), "{}", again.out);

    let data = home.path("data");
    let verify = ["consent", "verify", "--line", "pordenone", "--data", data.to_str().unwrap()];
    let verified = home.ends(&verify, b"");
    assert_eq!(verified.code, Some(0), "{}", verified.out);

    let town = Town::of(home.start(&[]));
    town.settled().await;
    assert_eq!(town.subscribers().await, 1, "Bea's goodbye holds");
    assert_eq!(contact(&town, ANNA).await, Value::Null);
    assert_eq!(contact(&town, BEA).await["subscription"], "ended");
    let carla = contact(&town, CARLA).await;
    assert_eq!(carla["subscription"], "active", "{carla}");
    assert_eq!(town.deliveries(&sent, "read").await.len(), 3);
    // Nobody gets twice what they may have got since.
    assert_eq!(town.broadcast(&planned).await["state"], "cancelled");
    town.advance(30 * NIGHT).await;
    assert_eq!(town.times_heard(CARLA, "pagare il bollo").await, 0);
    town.broadcasts("pagare la TARI", None).await;
    town.advance(60).await;
    assert_eq!(town.times_heard(CARLA, "pagare la TARI").await, 1);
    for phone in [ANNA, BEA] {
        assert_eq!(town.times_heard(phone, "pagare la TARI").await, 0);
    }
}

#[tokio::test]
async fn without_the_register_the_log_is_the_witness() {
    let home = Home::new();
    town(&home).await;
    for file in ["tables.sqlite", "tables.sqlite-wal", "tables.sqlite-shm"] {
        std::fs::remove_file(home.path("data").join(file)).ok();
    }
    let refused = restore(&home, &["--yes"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("--erased"), "{}", refused.err);
    assert!(!everything(&home).contains(CARLA), "nothing came back");

    let log = home.log();
    let witness: Vec<_> = log.lines().filter(|it| it.contains("erased a person")).collect();
    let witness = witness.join("\n");
    assert!(!witness.contains("39333"));
    std::fs::write(home.path("witness"), witness).unwrap();
    let done = restore(&home, &["--yes", "--erased", home.path("witness").to_str().unwrap()]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.contains("che restano cancellate: 1"), "{}", done.out);
    assert_no_trace_of_anna(&home);
}

#[test]
fn what_cannot_be_restored_is_said_with_what_to_do() {
    let home = Home::new();
    home.start(&[]).kill();
    let data = home.path("data");
    let data = data.to_str().unwrap();
    let no_backup = restore(&home, &[]);
    assert_eq!(no_backup.code, Some(1));
    assert!(no_backup.err.contains("backup"), "{}", no_backup.err);
    let none = home.ends(&["restore", "--data", data], b"");
    assert!(none.err.contains("--from"), "{}", none.err);
    copy(&home.path("data"), &home.path("backup"));
    std::fs::write(home.path("witness"), "3A7F, and nothing that is an id").unwrap();
    let wrong = restore(&home, &["--erased", home.path("witness").to_str().unwrap()]);
    assert!(wrong.err.contains("nessun codice"), "{}", wrong.err);
    let running = home.start(&[]);
    let busy = restore(&home, &[]);
    assert!(busy.err.contains("Fermarlo"), "{}", busy.err);
    running.kill();
}
