// SPDX-License-Identifier: EUPL-1.2
//! How a broadcast went: grouped for a screen, row by row for a spreadsheet.

use std::collections::BTreeSet;

use fakes::meta::SendFault;
use serde_json::{Value, json};

use crate::support::{Office, World, within};

impl Office<'_> {
    async fn report(&self, id: &str) -> Value {
        let (status, report) = self.get(&format!("/broadcasts/{id}/report")).await;
        assert_eq!(status, 200, "{report}");
        report
    }
}

struct File {
    kind: String,
    disposition: String,
    text: String,
}

async fn csv(world: &World, id: &str) -> File {
    let url = format!("{}/v1/lines/pordenone/broadcasts/{id}/report.csv", world.stack.url());
    let answer = within(world.http.get(url).bearer_auth("local-key").send()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    let (kind, disposition) = (header("content-type"), header("content-disposition"));
    // `text` would take the byte order mark away.
    let bytes = within(answer.bytes()).await.unwrap();
    File { kind, disposition, text: String::from_utf8(bytes.to_vec()).unwrap() }
}

#[tokio::test]
async fn a_report_groups_why_messages_did_not_arrive() {
    let world = World::start().await;
    for n in 0..6 {
        world.person(&format!("39333000310{n}")).says("pordenone", "ISCRIVIMI").await;
    }
    world.advance(10).await;
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "pagare il saldo IMU").await;
    let draft = office.report(&id).await;
    assert_eq!((&draft["failures"], &draft["exact"]), (&json!([]), &json!(false)));
    world.meta().faults(|it| {
        it.for_next(2, SendFault::Code(131_026));
        it.for_next(1, SendFault::FailLater(131_049));
        it.for_next(1, SendFault::DropRequest);
    });
    office.sends(&id).await;
    world.advance(3600).await;

    let report = office.report(&id).await;
    assert_eq!(report["counts"], office.broadcast(&id).await["counts"]);
    assert_eq!(report["counts"]["failed"], 3, "{report}");
    assert_eq!(report["cost"]["actual_eur"], 0.0496);
    let failures = report["failures"].as_array().unwrap();
    let groups: Vec<_> = failures.iter().map(|it| (&it["code"], &it["people"])).collect();
    assert_eq!(groups, [(&json!(131_026), &json!(2)), (&json!(131_049), &json!(1))]);
    assert!(failures[0]["reason"].as_str().unwrap().contains("codice 131026"), "{report}");
    assert_eq!((&report["unresolved"], &report["skipped"]), (&json!(1), &json!([])));
    assert_eq!(report["exact"], true, "{report}");
    assert!(report["counted_at"].as_str().unwrap().starts_with("2026-11-24T"), "{report}");

    let expiring = office.drafts(&["scadenze"], "pagare il saldo IMU").await;
    world.meta().faults(|it| it.every_send = SendFault::Code(131_042));
    office.sends(&expiring).await;
    let stopped = office.report(&expiring).await;
    assert_eq!((&stopped["exact"], &stopped["counts"]["pending"]), (&json!(false), &json!(6)));
    let (status, _) = office.get("/broadcasts/nowhere/report").await;
    assert_eq!(status, 404);
    world.ends().await;
}

#[tokio::test]
async fn who_was_left_out_is_grouped_too() {
    let world = World::start().await;
    let people: Vec<_> = (0..2).map(|n| world.person(&format!("39333000320{n}"))).collect();
    for it in &people {
        it.says("pordenone", "ISCRIVIMI").await;
    }
    world.advance(10).await;
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "pagare il saldo IMU").await;
    world.meta().faults(|it| it.every_send = SendFault::Code(131_042));
    office.sends(&id).await;
    assert_eq!(office.broadcast(&id).await["state"], "stopped");
    people[0].says("pordenone", "CANCELLAMI").await;
    world.meta().clear_faults();
    office.post(&format!("/broadcasts/{id}/resume"), json!({})).await;
    world.settled().await;
    world.advance(300).await;
    let report = office.report(&id).await;
    let reason = "Si è cancellato prima dell'invio, o non segue più l'argomento.";
    let left = json!([{ "reason_name": "unsubscribed", "reason": reason, "people": 1 }]);
    assert_eq!((&report["skipped"], &report["exact"]), (&left, &json!(true)), "{report}");
    world.ends().await;
}

#[tokio::test]
async fn the_spreadsheet_has_everybody_once_and_no_number() {
    let world = World::start().await;
    // More than a page of rows.
    let people: Vec<_> = (0..60).map(|n| world.person(&format!("393330033{n:03}"))).collect();
    for it in &people {
        it.sends("pordenone", "ISCRIVIMI").await;
    }
    world.settled().await;
    world.advance(60).await;
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "pagare il saldo IMU").await;
    world.meta().faults(|it| it.for_next(1, SendFault::Code(131_026)));
    office.sends(&id).await;
    world.advance(120).await;
    assert_eq!(office.broadcast(&id).await["counts"]["accepted"], 59);

    let file = csv(&world, &id).await;
    assert_eq!(file.kind, "text/csv; charset=utf-8");
    assert_eq!(file.disposition, format!("attachment; filename=\"invio-{id}.csv\""));
    let text = file.text.strip_prefix('\u{feff}').expect("a byte order mark, for Excel");
    let rows: Vec<Vec<&str>> = text.lines().map(|it| it.split(';').collect()).collect();
    assert_eq!(rows[0], ["contatto", "numero", "stato", "ora", "codice", "motivo"]);
    let rows = &rows[1..];
    let contacts: BTreeSet<_> = rows.iter().map(|it| it[0]).collect();
    assert_eq!((rows.len(), contacts.len()), (60, 60), "everybody, once");
    for row in rows {
        assert!(row[1].starts_with("'+39 333 ••• ••"), "no formula, no number: {row:?}");
        assert!(row[3].starts_with("2026-11-24 "), "{row:?}");
    }
    for it in &people {
        assert!(!file.text.contains(&it.digits), "a number in the report");
    }
    let failed: Vec<_> = rows.iter().filter(|it| it[2] == "non riuscito").collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0][4], "131026");
    assert!(failed[0][5].contains("codice 131026"), "{:?}", failed[0]);
    let read = rows.iter().filter(|it| it[2] == "letto").count();
    assert_eq!(read, 59);
    world.ends().await;
}

#[tokio::test]
async fn the_office_sees_how_subscribers_grew_and_nobody_in_it() {
    let noon = "2026-11-24T12:00:00+01:00".parse().unwrap();
    let world = World::with(|it| it.clock = Some(noon)).await;
    let people = world.subscribers(3).await;
    people[0].says("pordenone", "solo eventi").await;
    people[1].says("pordenone", "CANCELLAMI").await;
    let office = world.office("pordenone");
    let (_, report) = office.get("/reports/subscribers").await;
    assert_eq!(report["items"], json!([]), "the night has not counted yet");
    world.advance(24 * 3600).await;
    people[1].says("pordenone", "ISCRIVIMI").await;
    world.advance(24 * 3600).await;

    let (status, report) = office.get("/reports/subscribers?from=2026-11-24&to=2026-11-25").await;
    assert_eq!(status, 200, "{report}");
    let [first, second] = &report["items"].as_array().unwrap()[..] else { panic!("{report}") };
    assert_eq!(first["topics"]["eventi"], 2);
    assert_eq!(first["topics"]["scadenze"], 1);
    let sums = |it: &Value| ["total", "joined", "left"].map(|name| it[name].as_i64().unwrap());
    assert_eq!((first["period"].as_str(), sums(first)), (Some("2026-11-24"), [2, 3, 1]));
    assert_eq!((second["period"].as_str(), sums(second)), (Some("2026-11-25"), [3, 1, 0]));
    let path = "/reports/subscribers?from=2026-11-01&to=2026-11-30&by=month";
    let (_, report) = office.get(path).await;
    let [month] = &report["items"].as_array().unwrap()[..] else { panic!("{report}") };
    for (kind, media, want) in [
        ("csv", "text/csv; charset=utf-8", "2026-11;3;meno di 5;meno di 5\r\n"),
        ("svg", "image/svg+xml", "2026-11: 3 iscritti."),
    ] {
        let path = path.replace('?', &format!(".{kind}?"));
        let url = format!("{}/v1/lines/pordenone{path}", world.stack.url());
        let asked = world.http.get(url).bearer_auth(&office.key).send();
        let answer = within(asked).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (200, &media.parse().unwrap())
        );
        let text = within(answer.text()).await.unwrap();
        assert!(text.contains(want), "{text}");
        assert_eq!(office.get(&format!("/reports/subscribers.{kind}?by=year")).await.0, 422);
    }
    assert_eq!((month["period"].as_str(), sums(month)), (Some("2026-11"), [3, 4, 1]));

    for wrong in ["?by=year", "?from=ieri", "?from=2026-11-02&to=2026-11-01", "?giorno=1"] {
        let (status, problem) = office.get(&format!("/reports/subscribers{wrong}")).await;
        assert_eq!(status, 422, "{problem}");
    }
    world.ends().await;
}

#[tokio::test]
async fn the_office_sees_what_the_night_will_take_away() {
    let world = World::start().await;
    let anna = world.person("393330001095");
    anna.says("pordenone", "Quanto costa la carta d'identità?").await;
    let office = world.office("pordenone");
    // What moderation noted of her goes with her.
    let found = office.get("/conversations?state=open").await.1;
    let chat = format!("/conversations/{}", found["items"][0]["contact"].as_str().unwrap());
    let message = office.get(&format!("{chat}/messages")).await.1["items"][0]["id"].clone();
    let deletion = json!({ "message": message, "rule": "spam", "reason": "prova" });
    let (status, deleted) = office.post(&format!("{chat}/delete"), deletion).await;
    assert_eq!(status, 200, "{deleted}");
    let would_go = async |query: &str| {
        let (status, report) = office.get(&format!("/reports/retention{query}")).await;
        assert_eq!(status, 200, "{report}");
        assert_eq!(report["complete"], true);
        (report["would_go"]["contacts"].clone(), report["would_go"]["messages"].clone())
    };
    assert_eq!(would_go("").await, (json!(0), json!(0)));
    // 180 days after 24 November.
    assert_eq!(would_go("?on=2027-05-22").await, (json!(0), json!(0)));
    assert_eq!(would_go("?on=2027-05-23").await, (json!(1), json!(1)));
    for query in ["?on=2026-11-23", "?on=domani", "?from=2027-01-01"] {
        assert_eq!(office.get(&format!("/reports/retention{query}")).await.0, 422, "{query}");
    }
    assert_eq!(
        office.get("/conversations?state=open").await.1["items"].as_array().map(Vec::len),
        Some(1)
    );
    // Night after night: in pieces, since a slow machine takes its time for half a year of them.
    for _ in 0..7 {
        world.advance(26 * 86_400).await;
    }
    assert_eq!(office.get("/conversations?state=open").await.1["items"], json!([]));
    assert_eq!(would_go("").await, (json!(0), json!(0)));
    world.ends().await;
}
