// SPDX-License-Identifier: EUPL-1.2
//! An office moderates: what works all the same, who is told what, and what undoes it.

use serde_json::{Value, json};

use crate::support::{Office, World};

const NUMBER: &str = "393330009101";

async fn id(office: &Office<'_>) -> String {
    let (_, found) = office.post("/contacts/search", json!({ "phone": NUMBER })).await;
    found["items"][0]["id"].as_str().unwrap().to_owned()
}

async fn open(office: &Office<'_>) -> usize {
    let (_, list) = office.get("/conversations?state=open").await;
    list["items"].as_array().unwrap().len()
}

fn block(level: &str) -> Value {
    json!({
        "rule": "spam",
        "reason": "venti annunci in un'ora",
        "until": "2026-12-24T09:00:00+01:00",
        "level": level,
    })
}

#[tokio::test]
async fn who_is_muted_is_told_keeps_their_rights_and_is_heard_when_they_object() {
    let world = World::start().await;
    let (anna, office) = (world.person(NUMBER), world.office("pordenone"));
    anna.says("pordenone", "ISCRIVIMI").await;
    anna.says("pordenone", "Comprate le mie pentole in offerta").await;
    assert_eq!(open(&office).await, 1);
    let path = format!("/contacts/{}/block", id(&office).await);

    let (status, made) = office.post_once(&path, block("mute"), "k1").await;
    assert_eq!((status, &made["block"]["holds"]), (201, &json!(true)), "{made}");
    assert_eq!(office.post_once(&path, block("mute"), "k1").await, (201, made));
    assert_eq!(office.post(&path, block("mute")).await.0, 409, "another operator");
    anna.hears("pordenone", "24 dicembre 2026 alle 9:00").await;
    anna.hears("pordenone", "spam o inserimento di link").await;
    assert_eq!(anna.times_heard("pordenone", "Chiedi il riesame").await, 1);
    assert_eq!(office.get("/subscribers/count").await.1["total"], 0, "as the policy says");
    assert_eq!(open(&office).await, 0);

    anna.says("pordenone", "Rispondete alla mia domanda sulle pentole?").await;
    anna.says("pordenone", "ISCRIVIMI").await;
    assert_eq!((open(&office).await, anna.heard("pordenone").await.len()), (0, 2));
    anna.says("pordenone", "AIUTO").await;
    anna.hears("pordenone", "Puoi scrivere").await;
    anna.says("pordenone", "I MIEI DATI").await;
    assert_eq!(anna.files("pordenone").await.len(), 2);
    let copy = &anna.files("pordenone").await[0].1;
    assert!(copy.contains("MODERAZIONE") && copy.contains("venti annunci"), "{copy}");

    anna.taps("pordenone", "review", "Chiedo il riesame").await;
    anna.hears("pordenone", "la legge una persona").await;
    assert_eq!(open(&office).await, 1, "it reaches a person");
    let (_, list) = office.get("/moderation?state=held").await;
    assert!(list["items"][0]["block"]["objected_at"].is_string(), "{list}");
    assert_eq!(list["items"][0]["number"], "+39 333 ••• ••01");

    let (status, undone) = office.delete(&path).await;
    assert_eq!(status, 200, "{undone}");
    assert!(undone["gives_back"].as_str().unwrap().contains("scrivendo ISCRIVIMI"), "{undone}");
    assert_eq!(undone["contact"]["subscription"], "ended", "nobody else subscribes them");
    assert_eq!(office.delete(&path).await.0, 409);
    assert_eq!(office.get("/moderation?state=held").await.1["items"], json!([]));
    anna.says("pordenone", "ISCRIVIMI").await;
    anna.hears("pordenone", "*Iscrizione confermata.*").await;
    world.ends().await;
}

#[tokio::test]
async fn where_the_policy_keeps_the_list_the_subscription_rests_and_leaving_works() {
    let world = World::start().await;
    let line = "barberino-demografici";
    let (anna, office) = (world.person(NUMBER), world.office(line));
    anna.says(line, "iscrizione").await;
    let path = format!("/contacts/{}/block", id(&office).await);
    let count = async || office.get("/subscribers/count").await.1["total"].clone();
    assert_eq!(office.post(&path, block("mute")).await.0, 201);
    assert_eq!(count().await, 0);
    let (_, undone) = office.delete(&path).await;
    assert!(undone["gives_back"].as_str().unwrap().contains("riceve di nuovo"), "{undone}");
    assert_eq!(count().await, 1);

    assert_eq!(office.post(&path, block("mute")).await.0, 201);
    anna.says(line, "cancellazione").await;
    anna.hears(line, "*Cancellazione avvenuta.*").await;
    office.delete(&path).await;
    assert_eq!(count().await, 0, "their own word stands");
    world.ends().await;
}

#[tokio::test]
async fn meta_blocks_within_a_day_until_the_date_and_later_the_mute_stays() {
    let world = World::start().await;
    let (anna, office) = (world.person(NUMBER), world.office("pordenone"));
    anna.says("pordenone", "Quando apre l'ufficio anagrafe?").await;
    let path = format!("/contacts/{}/block", id(&office).await);
    let ends_tomorrow = json!({
        "rule": "minacce", "reason": "minacce", "until": "2026-11-25T09:00:00+01:00", "level": "meta",
    });
    let (status, made) = office.post(&path, ends_tomorrow).await;
    assert_eq!(
        (status, &made["block"]["at_whatsapp"]["state"]),
        (201, &json!("blocked")),
        "{made}"
    );
    anna.hears("pordenone", "25 novembre 2026 alle 9:00").await;
    anna.says("pordenone", "Adesso non mi sentite più vero?").await;
    let messages = format!("/conversations/{}/messages", id(&office).await);
    let (_, before) = office.get(&messages).await;

    world.advance(24 * 3600 + 60).await;
    let (_, past) = office.get("/moderation?state=past").await;
    assert_eq!(past["items"][0]["block"]["at_whatsapp"]["state"], "lifted", "{past}");
    anna.says("pordenone", "Quando riapre l'ufficio anagrafe?").await;
    assert_eq!(open(&office).await, 1, "it ended by itself");
    let (_, after) = office.get(&messages).await;
    let n = |it: &Value| it["items"].as_array().unwrap().len();
    assert_eq!(n(&after), n(&before) + 1, "{after}");

    world.advance(25 * 3600).await;
    let (status, made) = office.post(&path, block("meta")).await;
    assert_eq!(
        (status, &made["block"]["at_whatsapp"]["state"]),
        (201, &json!("too-late")),
        "{made}"
    );
    assert_eq!(made["block"]["holds"], true);
    let heard = anna.heard("pordenone").await.len();
    anna.says("pordenone", "C'è nessuno in ufficio oggi?").await;
    anna.hears("pordenone", "24 dicembre 2026").await;
    assert_eq!(anna.heard("pordenone").await.len(), heard + 1, "told at their next message");
    world.ends().await;
}

#[tokio::test]
async fn a_message_is_reported_and_deleted_and_what_is_wrong_changes_nothing() {
    let world = World::start().await;
    let (anna, office) = (world.person(NUMBER), world.office("pordenone"));
    anna.says("pordenone", "Comprate le mie pentole in offerta").await;
    let contact = id(&office).await;
    let chat = format!("/conversations/{contact}");
    let (_, list) = office.get(&format!("{chat}/messages")).await;
    let row = list["items"][0]["id"].as_str().unwrap().to_owned();
    let delete = format!("{chat}/delete");
    let why = json!({ "message": row, "rule": "spam", "reason": "pubblicità" });
    let report = json!({
        "messages": [row], "rule": "spam", "reason": "pubblicità", "recipient": "platform",
    });

    let changed = |it: &Value, name: &str, value: Value| {
        let mut it = it.clone();
        it[name] = value;
        it
    };
    let (block_path, report_path) =
        (format!("/contacts/{contact}/block"), format!("{chat}/report"));
    for (path, body) in [
        (&block_path, changed(&block("mute"), "rule", json!("boh"))),
        (&block_path, changed(&block("mute"), "reason", json!(" "))),
        (&block_path, changed(&block("mute"), "until", json!("2026-11-20T09:00:00+01:00"))),
        (&block_path, changed(&block("mute"), "until", json!("2028-01-01T09:00:00+01:00"))),
        (&block_path, block("forever")),
        (&block_path, changed(&block("mute"), "more", json!(1))),
        (&delete, changed(&why, "rule", json!(3))),
        (&delete, json!({ "message": row, "rule": "spam" })),
        (&delete, changed(&why, "message", json!("x"))),
        (&report_path, changed(&report, "messages", json!([]))),
        (&report_path, changed(&report, "messages", json!(["x"]))),
        (&report_path, changed(&report, "recipient", json!("press"))),
    ] {
        let (status, problem) = office.post(path, body).await;
        assert_eq!(status, 422, "{path}: {problem}");
    }
    let other = world.office("barberino-demografici");
    assert_eq!(other.post(&block_path, block("mute")).await.0, 404);
    assert_eq!(office.get("/moderation").await.1["items"], json!([]));

    let (status, made) = office.post_once(&report_path, report.clone(), "r1").await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(office.post_once(&report_path, report, "r1").await, (201, made.clone()));
    let measure = made["id"].as_str().unwrap();
    let (status, pack) = office.get(&format!("/moderation/{measure}/pack")).await;
    assert_eq!((status, &pack["person"]["number"]), (200, &json!(format!("+{NUMBER}"))));
    assert_eq!(pack["messages"][0]["text"], "Comprate le mie pentole in offerta");
    assert_eq!(other.get(&format!("/moderation/{measure}/pack")).await.0, 404);

    let (status, gone) = office.post(&delete, why.clone()).await;
    assert_eq!(status, 200, "{gone}");
    assert_eq!(office.post(&delete, why).await.0, 409);
    let (_, list) = office.get(&format!("{chat}/messages")).await;
    let message = &list["items"][0];
    assert_eq!((&message["text"], message["deleted"].is_object()), (&json!(""), true), "{message}");
    assert_eq!(office.get("/moderation").await.1["items"].as_array().unwrap().len(), 2);
    world.ends().await;
}
