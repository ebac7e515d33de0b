// SPDX-License-Identifier: EUPL-1.2
//! `export`: all of a line's data leave, whole and alone.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::{Kind, Leaves};

use super::process::{Ended, Home};
use super::town::{MORNING, Town};

const ANNA: &str = "393330000081";
const BEA: &str = "393330000082";
const CARLA: &str = "393330000083";

fn export(home: &Home, line: &str, to: &str) -> Ended {
    let (data, to) = (home.path("data"), home.path(to));
    let [data, to] = [&data, &to].map(|it| it.to_str().unwrap());
    home.ends(&["export", "--line", line, "--to", to, "--data", data], b"")
}

async fn writes(town: &Town, phone: &str, line: &str, text: &str) {
    let path = format!("/simulator/phones/{phone}/messages");
    town.post(&path, json!({ "to": line, "text": text }), 201).await;
    town.settled().await;
}

/// People of two lines, a broadcast, a chat, a request, a night; and one broadcast that stands.
async fn town(home: &Home) -> Town {
    let town = Town::of(home.start(&["--clock", MORNING]));
    for (phone, line, text) in [
        (ANNA, "pordenone", "ISCRIVIMI"),
        (BEA, "pordenone", "ISCRIVIMI"),
        (ANNA, "pordenone", "Quando apre la biblioteca?"),
        (BEA, "pordenone", "I MIEI DATI"),
        (CARLA, "barberino-demografici", "iscrizione"),
        (CARLA, "barberino-demografici", "Serve la carta d'identità vecchia?"),
    ] {
        writes(&town, phone, line, text).await;
    }
    town.broadcasts("pagare la mensa", None).await;
    town.advance(24 * 3600).await;
    writes(&town, ANNA, "pordenone", "CANCELLAMI").await;
    let later = "2026-12-16T10:00:00+01:00";
    town.broadcasts("pagare il bollo", Some(later)).await;
    town
}

/// How many items of each kind that leaves a line has in the data folder.
fn stored(home: &Home, line: &str) -> BTreeMap<&'static str, u64> {
    let tables = Connection::open(home.path("data").join("tables.sqlite")).unwrap();
    let mut keys = Vec::new();
    for table in ["subscribers", "messages", "broadcasts"] {
        let mut query = tables.prepare(&format!("SELECT pk, sk FROM \"{table}\"")).unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let rows = rows.map(|it: rusqlite::Result<(String, String)>| it.unwrap());
        keys.extend(rows.map(|(pk, sk)| (pk[2..].to_owned(), sk[2..].to_owned())));
    }
    let of_line = |pk: &str| pk.split('#').nth(1) == Some(line);
    let broadcasts: Vec<_> = keys
        .iter()
        .filter(|(pk, _)| pk.starts_with("BROADCASTS#") && of_line(pk))
        .map(|(_, sk)| sk.clone())
        .collect();
    let mut counts = BTreeMap::new();
    for (pk, sk) in &keys {
        let kind = Kind::of(pk, sk).unwrap_or_else(|| panic!("{pk} / {sk} is of no kind"));
        let Leaves::As(name) = kind.leaves() else { continue };
        let theirs = match kind {
            Kind::Line => sk == line,
            Kind::Counts | Kind::Chunk | Kind::Delivery => {
                broadcasts.iter().any(|it| pk.split('#').nth(1) == Some(it))
            }
            _ => of_line(pk),
        };
        *counts.entry(name).or_default() += u64::from(theirs);
    }
    counts
}

#[tokio::test]
async fn everything_of_a_line_leaves_and_nothing_of_another() {
    let home = Home::new();
    let town = town(&home).await;
    let ended = export(&home, "pordenone", "out");
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    for phone in [ANNA, BEA] {
        assert!(!ended.out.contains(phone), "{}", ended.out);
    }
    let read = |name: &str| std::fs::read_to_string(home.path("out").join(name)).unwrap();
    let manifest: Value = serde_json::from_str(&read("manifesto.json")).unwrap();
    let mut rows = BTreeMap::new();
    for file in manifest["files"].as_array().unwrap() {
        let name = file["name"].as_str().unwrap();
        let bytes = std::fs::read(home.path("out").join(name)).unwrap();
        let digest = Sha256::digest(&bytes);
        let want = file["sha256"].as_str().unwrap();
        let byte = |n: usize| u8::from_str_radix(&want[2 * n..2 * n + 2], 16).unwrap();
        assert!((0..32).map(byte).eq(digest.iter().copied()), "{name}");
        assert_eq!(file["bytes"], bytes.len(), "{name}");
        if let Some(kind) = name.strip_suffix(".jsonl") {
            let lines = String::from_utf8(bytes).unwrap();
            assert_eq!(file["rows"], lines.lines().count(), "{name}");
            assert!(lines.lines().all(|it| serde_json::from_str::<Value>(it).unwrap().is_object()));
            rows.insert(kind.to_owned(), file["rows"].as_u64().unwrap());
        }
        let whole = read(name);
        assert!(!whole.contains(CARLA) && !whole.contains("vecchia"), "of another line: {name}");
    }
    for (kind, n) in stored(&home, "pordenone") {
        assert_eq!(rows[kind], n, "{kind}");
    }
    for there in [
        "contatti",
        "consensi",
        "messaggi",
        "conversazioni",
        "invii",
        "esiti",
        "statistiche",
        "registro-consensi",
        "registro-richieste",
        "argomenti-seguiti",
        "linea",
    ] {
        assert!(rows[there] > 0, "the story has none of {there}");
    }
    let contacts = read("contatti.csv");
    assert!(contacts.contains(ANNA) && contacts.contains("ended"), "{contacts}");
    assert!(read("messaggi.jsonl").contains("Quando apre la biblioteca?"));
    assert!(read("esiti.csv").contains(",read,2026-11-24T"), "{}", read("esiti.csv"));
    assert!(read("linea.toml").contains("id = \"pordenone\""));
    let readme = read("LEGGIMI.md");
    assert!(readme.contains("codici cifrati dei messaggi già letti"), "{readme}");
    for file in home.files("out") {
        let mode = home.path("out").join(&file).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert_eq!(home.path("out").metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(town.subscribers().await, 1, "the stack goes on");
    assert!(home.files("tmp").is_empty(), "the copy is gone");
}

#[tokio::test]
async fn a_folder_that_is_there_is_left_alone_and_half_an_export_is_told_apart() {
    let home = Home::new();
    town(&home).await.kill();
    std::fs::create_dir(home.path("out")).unwrap();
    let ended = export(&home, "pordenone", "out");
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("--to"), "{}", ended.err);
    assert!(home.files("out").is_empty());

    assert_eq!(export(&home, "udine", "other").code, Some(1));
    assert!(!home.path("other").exists() && !home.path("other.incompleta").exists());

    // One that cannot be read to its end.
    let tables = Connection::open(home.path("data").join("tables.sqlite")).unwrap();
    tables
        .execute("UPDATE \"broadcasts\" SET item_json = 'x' WHERE pk LIKE 'S:DELIV%'", [])
        .unwrap();
    drop(tables);
    assert_eq!(export(&home, "pordenone", "half").code, Some(1));
    assert!(!home.path("half").exists());
    assert!(!home.files("half.incompleta").contains(&"manifesto.json".to_owned()));
    let again = export(&home, "pordenone", "half");
    assert!(again.err.contains("interrotta"), "{}", again.err);
}
