// SPDX-License-Identifier: EUPL-1.2
//! `dlq`: what no function could handle is looked at without anything personal, and goes back
//! once the reason is mended.

use rusqlite::Connection;

use super::process::{Ended, Home, LINES, copy_lines};
use super::town::{MORNING, Town, text};

const ANNA: &str = "393330000061";
const LATE: &str = "393330000062";

/// Longer than a message is tried.
const TRIED_OUT: u64 = 5 * 60;

fn dlq(home: &Home, arguments: &[&str], input: &[u8]) -> Ended {
    let data = home.path("data");
    let all = [&["dlq"], arguments, &["--data", data.to_str().unwrap()]].concat();
    home.ends(&all, input)
}

/// The ids in a list of letters.
fn ids(listed: &str) -> Vec<String> {
    let rows = listed.lines().filter(|it| it.contains("impronta"));
    rows.map(|it| it.split(' ').next().unwrap().to_owned()).collect()
}

/// Pordenone's file cannot be read any more, as after a stricter release, and three messages come:
/// two of Anna's and one of somebody else's.
async fn poisoned(home: &Home) -> Town {
    home.start(&["--clock", MORNING]).kill();
    let tables = Connection::open(home.path("data").join("tables.sqlite")).unwrap();
    let sql = "UPDATE \"subscribers\" SET item_json = replace(item_json, 'rate = 80', 'rate = x') \
               WHERE pk = 'S:LINES' AND sk = 'S:pordenone'";
    assert_eq!(tables.execute(sql, []).unwrap(), 1);
    drop(tables);
    copy_lines(&home.path("lines"));
    std::fs::remove_file(home.path("lines").join("pordenone.toml")).unwrap();

    let town = Town::of(home.start(&["--lines", home.path("lines").to_str().unwrap()]));
    let now = town.settled().await;
    for (phone, id, words) in [
        (ANNA, "wamid.D1", "ISCRIVIMI"),
        (ANNA, "wamid.D2", "Apre sabato?"),
        (LATE, "wamid.D3", "ISCRIVIMI"),
    ] {
        let body = text(phone, id, now, words);
        assert_eq!(town.webhook("local-app-secret", &body).await, 200);
    }
    town.advance(TRIED_OUT).await;
    town
}

fn assert_tells_nothing(ended: &Ended) {
    for secret in [ANNA, LATE, "wamid", "ISCRIVIMI", "sabato", "Anna"] {
        assert!(!ended.out.contains(secret), "{secret}: {}", ended.out);
        assert!(!ended.err.contains(secret), "{secret}: {}", ended.err);
    }
}

#[tokio::test]
async fn a_poisoned_message_goes_back_after_the_fix_and_does_what_it_asked_for() {
    let home = Home::new();
    let town = poisoned(&home).await;
    let busy = dlq(&home, &["list"], b"");
    assert_eq!(busy.code, Some(1));
    assert!(busy.err.contains("Fermarlo"), "{}", busy.err);
    town.kill();

    let listed = dlq(&home, &["list"], b"");
    assert_eq!((listed.code, listed.err.as_str()), (Some(0), ""));
    assert_tells_nothing(&listed);
    assert!(listed.out.contains("Lettere non recapitate: 3."), "{}", listed.out);
    for words in ["inbound  inviata 24/11/2026 09:0", "messaggio di una persona (text)", "linea"] {
        assert!(listed.out.contains(words), "{words}: {}", listed.out);
    }
    let all = ids(&listed.out);
    let shown = dlq(&home, &["show", &all[0]], b"");
    assert_tells_nothing(&shown);
    assert!(shown.out.contains(&all[0]) && !shown.out.contains(&all[1]), "{}", shown.out);
    assert!(home.log().contains(&format!("message.id={}", all[0])), "the log says why");

    // Nothing happens that was not said yes to.
    let refused = dlq(&home, &["redrive"], b"n\n");
    assert_eq!(refused.code, Some(1));
    assert!(refused.out.contains("Niente è cambiato."), "{}", refused.out);
    let unknown = dlq(&home, &["delete", "altro", &all[2], "--yes"], b"");
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.err.contains("altro") && !unknown.err.contains(&all[2]), "{}", unknown.err);
    assert_eq!(dlq(&home, &["delete", "--yes"], b"").code, Some(1));
    assert_eq!(ids(&dlq(&home, &["list"], b"").out), all);

    let deleted = dlq(&home, &["delete", &all[2], "--yes"], b"");
    assert!(deleted.out.contains("Cancellate: 1."), "{} {}", deleted.out, deleted.err);
    let redriven = dlq(&home, &["redrive"], b"si\n");
    assert_eq!(redriven.code, Some(0), "{}", redriven.err);
    assert!(redriven.out.contains("Rimandate: 2."), "{}", redriven.out);
    assert_tells_nothing(&redriven);
    assert!(dlq(&home, &["list"], b"").out.contains("Nessuna lettera"));

    // The fix: a file that can be read.
    let town = Town::of(home.start(&["--lines", LINES]));
    town.settled().await;
    assert_eq!(town.subscribers().await, 1, "one was deleted");
    let open = town.get("/v1/lines/pordenone/conversations?state=open").await;
    assert_eq!(open["items"].as_array().unwrap().len(), 1, "the question reached the desk");
    town.kill();
    assert!(dlq(&home, &["list"], b"").out.contains("Nessuna lettera"));
}

#[tokio::test]
async fn what_is_sent_back_without_a_fix_dies_again_and_is_not_lost() {
    let home = Home::new();
    poisoned(&home).await.kill();
    for _ in 0..2 {
        let redriven = dlq(&home, &["redrive", "--yes"], b"");
        assert!(redriven.out.contains("Rimandate: 3."), "{} {}", redriven.out, redriven.err);
        let town = Town::of(home.start(&["--lines", home.path("lines").to_str().unwrap()]));
        town.advance(TRIED_OUT).await;
        town.kill();
        assert_eq!(ids(&dlq(&home, &["list"], b"").out).len(), 3);
    }
}
