// SPDX-License-Identifier: EUPL-1.2
//! `consent verify`: the ledger of a data folder, whole or with the first entry that is not.

use rusqlite::Connection;

use super::process::{Ended, Home};
use super::town::{MORNING, Town};

const NIGHT: u64 = 24 * 3600;

fn verify(home: &Home, line: &str) -> Ended {
    let data = home.path("data");
    home.ends(&["consent", "verify", "--line", line, "--data", data.to_str().unwrap()], b"")
}

/// Changes the stored items of the table; how many.
fn tamper(home: &Home, wherever: &str, from: &str, to: &str) -> usize {
    let tables = Connection::open(home.path("data").join("tables.sqlite")).unwrap();
    let sql = format!(
        "UPDATE \"subscribers\" SET item_json = replace(item_json, ?1, ?2) \
         WHERE {wherever} AND item_json LIKE '%' || ?1 || '%'"
    );
    tables.execute(&sql, [from, to]).unwrap()
}

/// Three people subscribe to Pordenone, one after the other, and a night passes; a fourth comes
/// after it.
async fn town(home: &Home) -> Town {
    let town = Town::of(home.start(&["--clock", MORNING]));
    for phone in ["393330000001", "393330000002", "393330000003"] {
        town.says(phone, "ISCRIVIMI").await;
        town.settled().await;
    }
    town.advance(NIGHT).await;
    town.says("393330000004", "ISCRIVIMI").await;
    town.settled().await;
    town
}

#[tokio::test]
async fn a_ledger_is_verified_beside_the_running_stack_and_without_it() {
    let home = Home::new();
    let town = town(&home).await;
    let running = verify(&home, "pordenone");
    assert_eq!((running.code, running.err.as_str()), (Some(0), ""));
    for said in [
        "pordenone: il registro dei consensi è integro.",
        "Voci verificate: 3.",
        "Dichiarazioni conservate, uguali a quelle sigillate: 3.",
        "Voci la cui dichiarazione è stata cancellata: 0.",
        "Dichiarazioni che aspettano il sigillo della notte: 1.",
        "Impronta finale: ",
    ] {
        assert!(running.out.contains(said), "{said}: {}", running.out);
    }
    assert!(!running.out.contains("39333"), "no number: {}", running.out);
    assert_eq!(town.subscribers().await, 4, "the stack goes on");
    town.kill();
    assert_eq!(verify(&home, "pordenone").out, running.out);
    let empty = verify(&home, "barberino-demografici");
    assert_eq!(empty.code, Some(0), "{}", empty.err);
    assert!(empty.out.contains("Voci verificate: 0."), "{}", empty.out);
    assert!(home.files("tmp").is_empty(), "the copy is gone");
}

#[tokio::test]
async fn the_first_entry_that_is_not_as_it_was_is_named() {
    let home = Home::new();
    town(&home).await.kill();
    let whole = verify(&home, "pordenone").out;
    let broken = |entry: u32, why: &str| {
        let ended = verify(&home, "pordenone");
        assert_eq!((ended.code, ended.err.as_str()), (Some(1), ""), "{}", ended.out);
        let want = format!("Prima voce non valida: voce {entry}: {why}");
        assert!(ended.out.contains(&want), "{want}: {}", ended.out);
    };
    let entry = |n: u32| format!("pk = 'S:LEDGER#pordenone' AND sk = 'S:{n:012}'");

    assert_eq!(tamper(&home, &entry(2), "\"sealed_at\"", "\"sealed\""), 1);
    assert_eq!(verify(&home, "pordenone").code, Some(1), "what cannot be read does not verify");
    tamper(&home, &entry(2), "\"sealed\"", "\"sealed_at\"");

    assert_eq!(tamper(&home, &entry(2), "\"person\":{\"S\":\"", "\"person\":{\"S\":\"0"), 1);
    broken(2, "il contenuto non corrisponde");
    tamper(&home, &entry(2), "\"person\":{\"S\":\"0", "\"person\":{\"S\":\"");
    assert_eq!(verify(&home, "pordenone").out, whole);

    let tables = Connection::open(home.path("data").join("tables.sqlite")).unwrap();
    tables.execute(&format!("DELETE FROM \"subscribers\" WHERE {}", entry(3)), []).unwrap();
    drop(tables);
    broken(3, "manca");
}

#[tokio::test]
async fn a_declaration_that_was_changed_afterwards_is_found() {
    let home = Home::new();
    town(&home).await.kill();
    assert_eq!(tamper(&home, "pk LIKE 'S:CONSENT#pordenone#%'", "ISCRIVIMI", "Iscrivimi"), 4);
    let ended = verify(&home, "pordenone");
    assert_eq!(ended.code, Some(1));
    let want = "voce 1: la dichiarazione conservata non è quella che era stata sigillata.";
    assert!(ended.out.contains(want), "{}", ended.out);
}

#[test]
fn what_cannot_be_verified_is_said_with_what_to_do() {
    let home = Home::new();
    let ended = verify(&home, "pordenone");
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(ended.err.contains("--data"), "{}", ended.err);
    assert!(home.files("data").is_empty(), "nothing was made");
    home.start(&[]).kill();
    let ended = verify(&home, "udine");
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(ended.err.contains("udine") && ended.err.contains("pordenone"), "{}", ended.err);
}
