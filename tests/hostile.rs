// SPDX-License-Identifier: EUPL-1.2
//! What nobody should send, and what comes all the same: each is recorded or set aside by itself,
//! and whoever stands beside it in the batch is served.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{MORNING_SECONDS, World, posted};

/// A text of somebody's at nine in the morning.
fn text(from: &str, id: &str, body: &str) -> Value {
    json!({ "from": from, "from_user_id": format!("IT.{from}"), "id": id,
        "timestamp": MORNING_SECONDS.to_string(), "type": "text", "text": { "body": body } })
}

/// What Meta posts, with these pieces of JSON as messages, readable or not.
fn raw(messages: &[String]) -> Vec<u8> {
    let body = posted(&[], &[json!("HERE")]).to_string();
    body.replace("\"HERE\"", &messages.join(",")).into_bytes()
}

/// What is kept aside, all of it.
fn aside(data: &Path) -> String {
    let Ok(files) = std::fs::read_dir(data.join("aside")) else { return String::new() };
    files.map(|it| std::fs::read_to_string(it.unwrap().path()).unwrap() + "\n").collect()
}

#[tokio::test]
async fn one_bad_message_among_ten_costs_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let world = World::with(|it| it.data = Some(data.clone())).await;
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    let with = |key: &str, value: Value| {
        let mut message = text("393330003999", "wamid.BAD", "ISCRIVIMI");
        message[key] = value;
        message.to_string()
    };
    let bad = [
        "null".to_owned(),
        "17".to_owned(),
        "\"MARK\"".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        with("id", Value::Null),
        with("id", json!("x".repeat(5_000))),
        with("timestamp", json!("NaN")),
        with("timestamp", json!(-1)),
        with("timestamp", json!("9".repeat(400))),
        with("timestamp", json!(["1"])),
        json!({ "id": "wamid.BAD", "timestamp": "1", "type": "text" }).to_string(),
        json!({ "id": "wamid.BAD", "timestamp": "1", "from": {}, "from_user_id": "a b" })
            .to_string(),
        r#"{"id":"wamid.BAD","text":{"body":"half an emoji \ud800"}}"#.to_owned(),
        format!(r#"{{"id":"wamid.BAD","timestamp":"1","from":"393330003999","x":{}}}"#, deep(126)),
        format!(r#"{{"id":"wamid.BAD","x":{}}}"#, deep(10_000)),
    ];
    let mut total = 0;
    for (n, bad) in bad.iter().enumerate() {
        let good =
            |it| text(&format!("39333013{n:02}0{it}"), &format!("wamid.{n}-{it}"), "ISCRIVIMI");
        let mut messages: Vec<_> = (0..9).map(|it| good(it).to_string()).collect();
        messages.insert(5, bad.clone());
        let before = aside(&data);
        assert_eq!(world.signed(&raw(&messages)).await, 200, "{n}");
        world.settled().await;
        world.advance(2).await;
        total += 9;
        let (_, count) = world.office("pordenone").get("/subscribers/count").await;
        assert_eq!(count["total"], total, "nine are answered, whatever the tenth is: {n}");
        assert!(aside(&data).len() > before.len(), "the tenth is kept: {n}");
    }
    world.keeps_secret("393330003999");
    world.ends().await;
}

#[tokio::test]
async fn a_thousand_that_cannot_be_read_are_kept_in_one_piece() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let world = World::with(|it| it.data = Some(data.clone())).await;
    let mut messages: Vec<_> = (0..999).map(|n| json!({ "id": format!("wamid.{n}") })).collect();
    messages.push(text("393330003998", "wamid.GOOD", "ISCRIVIMI"));
    world.posts(&posted(&[], &messages)).await;
    let (_, count) = world.office("pordenone").get("/subscribers/count").await;
    assert_eq!(count["total"], 1);
    assert_eq!(std::fs::read_dir(data.join("aside")).unwrap().count(), 1);
    assert_eq!(aside(&data).trim().lines().count(), 999, "one a line");
    world.ends().await;
}

/// One message of each kind, as it should be.
fn kinds() -> Vec<Value> {
    let card = json!({ "name": { "formatted_name": "Anna" }, "phones": [{ "phone": "+39 333" }] });
    [
        json!({ "type": "text", "text": { "body": "Buongiorno, chi siete?" } }),
        json!({ "type": "contacts", "contacts": vec![card; 257] }),
        json!({ "type": "contacts", "contacts": [{ "vcard": "BEGIN:VCARD\nN:;;\n", "phones": 3 }] }),
        json!({ "type": "location", "location": { "latitude": "qui", "longitude": [45] } }),
        json!({ "type": "order", "order": { "catalog_id": 1, "product_items": "none" } }),
        json!({ "type": "interactive", "interactive": { "type": "button_reply" } }),
        json!({ "type": "interactive",
            "interactive": { "type": "list_reply", "list_reply": { "id": "topics", "title": "A" } } }),
        json!({ "type": "button", "button": { "payload": "help", "text": "Aiuto" } }),
        json!({ "type": "reaction", "reaction": { "message_id": "wamid.none", "emoji": "👍" } }),
        json!({ "type": "image",
            "image": { "id": "1", "mime_type": "image/png", "caption": "Ecco", "sha256": "x" } }),
        json!({ "type": "document",
            "document": { "id": "2", "mime_type": "text/plain", "filename": "a\u{202e}fdp.exe" } }),
        json!({ "type": "unsupported", "unsupported": { "type": "poll" }, "errors": [{}] }),
        json!({ "type": "system", "system": { "type": "user_changed_number" } }),
        json!({ "type": "system",
            "system": { "type": "user_changed_user_id", "previous_user_id": "IT.1", "user_id": 5 } }),
        json!({ "type": "hologram" }),
        json!({}),
    ]
    .into()
}

/// Every place in a value, as a JSON pointer.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    let inside: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|it| (it.0.clone(), it.1)).collect(),
        Value::Array(items) => items.iter().take(1).map(|it| ("0".to_owned(), it)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in inside {
        let at = format!("{at}/{name}");
        places(value, &at, all);
        all.push(at);
    }
}

#[tokio::test]
async fn whatever_stands_in_any_place_of_a_message_nobody_waits_behind_it() {
    let world = World::start().await;
    let wrong = [
        Value::Null,
        json!(true),
        json!(-7),
        json!(1e300),
        json!([{ "x": [] }]),
        json!({ "body": {} }),
        json!(format!("\0\u{202e}\u{fffe}\n{}", "\u{200b}è".repeat(10_000))),
    ];
    let mut messages = Vec::new();
    for kind in kinds() {
        let n = messages.len();
        let mut good = text(&format!("3933314{n:05}"), &format!("wamid.N{n}"), "");
        good.as_object_mut().unwrap().retain(|key, _| !matches!(&**key, "type" | "text"));
        good.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
        let mut all = Vec::new();
        places(&good, "", &mut all);
        messages.push(good.clone());
        for (place, value) in all.iter().flat_map(|it| wrong.iter().map(move |wrong| (it, wrong))) {
            let n = messages.len();
            let mut message = good.clone();
            (message["from"], message["id"]) =
                (json!(format!("3933314{n:05}")), json!(format!("wamid.N{n}")));
            message["from_user_id"] = json!(format!("IT.3933314{n:05}"));
            *message.pointer_mut(place).unwrap() = value.clone();
            messages.push(message);
        }
    }
    for some in messages.chunks(60) {
        world.posts(&posted(&[], some)).await;
        world.advance(2).await;
    }
    world.keeps_secret("3933314");
    world.keeps_secret("Buongiorno, chi siete?");
    // The desk can open all of it.
    let office = world.office("pordenone");
    let (mut cursor, mut seen) = (String::new(), 0);
    loop {
        let (status, page) = office.get(&format!("/conversations?limit=100{cursor}")).await;
        assert_eq!(status, 200, "{page}");
        for it in page["items"].as_array().unwrap() {
            let id = it["contact"]["id"].as_str().or(it["contact"].as_str()).unwrap();
            let (status, said) = office.get(&format!("/conversations/{id}/messages")).await;
            assert_eq!(status, 200, "{said}");
            assert!(!said.to_string().contains("\\u0000"), "{said}");
            seen += 1;
        }
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert!(seen > messages.len() / 2, "{seen} of {} are for the desk", messages.len());
    world.ends().await;
}

#[tokio::test]
async fn a_message_from_the_future_does_not_keep_its_sender_from_leaving() {
    let world = World::start().await;
    let anna = world.person("393330004001");
    let says = |id: &str, at: Value, body: &str| {
        let mut message = text(&anna.digits, id, body);
        message.as_object_mut().unwrap().remove("from_user_id");
        message["timestamp"] = at;
        posted(&[], &[message])
    };
    let (office, mut now) = (world.office("pordenone"), MORNING_SECONDS);
    for (n, at) in [
        json!("253402200000"),
        json!(253_402_200_000_i64),
        json!(253_402_200_000_000_i64),
        json!((MORNING_SECONDS + 400 * 86_400).to_string()),
    ]
    .into_iter()
    .enumerate()
    {
        world.posts(&says(&format!("wamid.F{n}"), at.clone(), "ISCRIVIMI")).await;
        let (_, count) = office.get("/subscribers/count").await;
        assert_eq!(count["total"], 1, "{at}");
        world.advance(60).await;
        now += 60;
        world.posts(&says(&format!("wamid.G{n}"), json!(now), "CANCELLAMI")).await;
        let (_, count) = office.get("/subscribers/count").await;
        assert_eq!(count["total"], 0, "{at}");
        world.advance(60).await;
        now += 60;
    }
    world.ends().await;
}

#[tokio::test]
async fn a_question_that_says_it_is_of_1970_still_reaches_the_desk() {
    let world = World::start().await;
    let mut message = text("393330004011", "wamid.H1", "Quando siete aperti?");
    message["timestamp"] = json!("1");
    world.posts(&posted(&[], &[message])).await;
    let office = world.office("pordenone");
    let (_, found) = office.post("/contacts/search", json!({ "phone": "+393330004011" })).await;
    let id = found["items"][0]["id"].as_str().unwrap();
    let (_, messages) = office.get(&format!("/conversations/{id}/messages")).await;
    assert_eq!(messages["items"][0]["text"], "Quando siete aperti?", "{messages}");
    world.keeps_secret("Quando siete aperti?");
    world.ends().await;
}

#[tokio::test]
async fn texts_of_any_length_and_shape_are_kept_and_shown() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let long = "Una domanda molto lunga. ".repeat(2_600);
    let wide = "\u{1f469}\u{200d}\u{1f467}".repeat(10_000);
    for (n, (body, start)) in [
        (long.as_str(), "Una domanda"),
        (&wide, "\u{1f469}"),
        (&"x".repeat(200_000), "xxx"),
        (&"\u{202e}".repeat(20_000), "\u{202e}"),
        (&"\n".repeat(65_000), "\n"),
        ("<script>alert(1)</script> {{chi}} %s ' OR 1=1 --", "<script>"),
        (
            "per\0 fa\u{7f}vore \u{fffe}\u{ffff} rispondete",
            "per favore \u{fffe}\u{ffff} rispondete",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let from = format!("39333000402{n}");
        world.posts(&posted(&[], &[text(&from, &format!("wamid.L{n}"), body)])).await;
        let (_, found) =
            office.post("/contacts/search", json!({ "phone": format!("+{from}") })).await;
        let id = found["items"][0]["id"].as_str().unwrap();
        let (status, messages) = office.get(&format!("/conversations/{id}/messages")).await;
        assert_eq!(status, 200);
        let items = messages["items"].as_array().unwrap();
        let shown = items.iter().find(|it| it["direction"] == "in").unwrap()["text"].as_str();
        assert!(shown.unwrap().starts_with(start), "{n}");
        if body.len() <= 65_000 && n < 1 {
            assert_eq!(shown, Some(body), "whole");
        }
        if body.len() > 70_000 {
            assert!(shown.unwrap().ends_with('…'), "the cut shows: {n}");
        }
    }
    world.ends().await;
}

#[tokio::test]
async fn words_that_only_look_otherwise_are_understood() {
    let world = World::start().await;
    let anna = world.person("393330004031");
    for (join, leave) in [
        ("ISC\u{200d}RIV\u{200b}IMI\u{feff}", "\u{202e}CANCELLAMI\u{202c}"),
        ("\u{2067}iscrivimi\u{2069}", "CAN\u{ad}CELLA\u{2060}MI"),
        (
            "I\u{301}SCRIVIMI",
            "\u{ff23}\u{ff21}\u{ff2e}\u{ff23}\u{ff25}\u{ff2c}\u{ff2c}\u{ff21}\u{ff2d}\u{ff29}",
        ),
    ] {
        anna.says("pordenone", join).await;
        anna.hears("pordenone", "Iscrizione confermata").await;
        world.advance(60).await;
        anna.says("pordenone", leave).await;
        anna.hears("pordenone", "Iscrizione cancellata").await;
        world.advance(60).await;
    }
    world.ends().await;
}

#[tokio::test]
async fn profile_names_cannot_play_tricks_on_the_desk() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let long = "a".repeat(10_000);
    for (n, (name, want)) in [
        (json!("Maria\u{202e}issoR"), json!("MariaissoR")),
        (json!("  \u{200b}\u{2060} "), Value::Null),
        (json!("\0\u{7}\n"), Value::Null),
        (json!("Sindaco\nComune di Pordenone"), json!("SindacoComune di Pordenone")),
        (json!(long), json!(&long[..256])),
        (json!("<img src=x onerror=alert(1)>"), json!("<img src=x onerror=alert(1)>")),
        (json!("👩‍👧 Zoë"), json!("👩‍👧 Zoë")),
        (Value::Null, Value::Null),
        (json!(7), Value::Null),
        (json!(["Anna"]), Value::Null),
    ]
    .into_iter()
    .enumerate()
    {
        let from = format!("39333000404{n}");
        let contact = json!({ "profile": { "name": name }, "wa_id": from });
        let question = text(&from, &format!("wamid.P{n}"), "Quando siete aperti?");
        world.posts(&posted(&[contact], &[question])).await;
        let (_, found) =
            office.post("/contacts/search", json!({ "phone": format!("+{from}") })).await;
        assert_eq!(found["items"][0]["name"], want, "{name}: {found}");
    }
    world.ends().await;
}

#[tokio::test]
async fn a_contact_of_somebody_else_lends_nobody_its_name_or_number() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let others = json!({ "profile": { "name": "Bruno" }, "wa_id": "393330004099",
        "user_id": "IT.14099" });
    for (n, contacts) in
        [vec![others.clone()], vec![], vec![json!(null), others]].iter().enumerate()
    {
        let from = format!("39333000405{n}");
        let question = text(&from, &format!("wamid.Q{n}"), "Quando siete aperti?");
        world.posts(&posted(contacts, &[question])).await;
        let (_, found) =
            office.post("/contacts/search", json!({ "phone": format!("+{from}") })).await;
        assert_eq!(found["items"][0]["name"], Value::Null, "{found}");
    }
    let (_, found) = office.post("/contacts/search", json!({ "phone": "+393330004099" })).await;
    assert_eq!(found["items"], json!([]));
    world.ends().await;
}

#[tokio::test]
async fn bad_reports_hold_up_no_good_one() {
    let world = World::start().await;
    let anna = world.person("393330004061");
    world.meta().change_person(&anna.digits, |it| it.reads = false).unwrap();
    anna.says("pordenone", "ISCRIVIMI").await;
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "pagare il saldo").await;
    office.sends(&id).await;
    let sent = world.meta().sent("pordenone").unwrap();
    let callback = sent.iter().filter_map(|it| it.callback.clone()).find(|it| it.starts_with("b:"));
    let status = |changes: Value| {
        let mut status = json!({ "id": "wamid.S", "status": "sent", "recipient_id": anna.digits,
            "timestamp": MORNING_SECONDS.to_string(), "biz_opaque_callback_data": callback });
        status.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        status
    };
    let mut statuses = vec![Value::Null, json!(7), json!("read"), json!([]), json!({})];
    for bad in [
        json!({ "status": 5 }),
        json!({ "status": "dreamt" }),
        json!({ "timestamp": -1 }),
        json!({ "timestamp": "9".repeat(18) }),
        json!({ "timestamp": i64::MAX }),
        json!({ "timestamp": "253402200000" }),
        json!({ "timestamp": "253402200000", "status": "delivered",
            "pricing": { "type": "regular", "category": "utility" } }),
        json!({ "pricing": [], "errors": "none" }),
        json!({ "pricing": { "type": "free lunch", "category": "\u{202e}" } }),
        json!({ "errors": [{ "code": "many" }], "conversation": 3 }),
        json!({ "errors": [{ "code": i64::MAX }] }),
        json!({ "recipient_id": { "x": 1 }, "recipient_user_id": "x".repeat(10_000) }),
        json!({ "biz_opaque_callback_data": format!("b:{}:1", "x".repeat(5_000)) }),
        json!({ "biz_opaque_callback_data": format!("m:1:{}", "x".repeat(5_000)) }),
        json!({ "biz_opaque_callback_data": "b::" }),
        json!({ "biz_opaque_callback_data": "m:\u{0}:\n" }),
        json!({ "biz_opaque_callback_data": 7 }),
        json!({ "biz_opaque_callback_data": ["b:1:2"] }),
    ] {
        statuses.push(status(bad));
    }
    statuses.push(status(json!({ "status": "read" })));
    let mut body = posted(&[], &[]);
    body["entry"][0]["changes"][0]["value"]["statuses"] = statuses.into();
    // And beside them what is about the account.
    let mut changes = vec![body["entry"][0]["changes"][0].take()];
    for field in [
        "message_template_status_update",
        "message_template_quality_update",
        "template_category_update",
        "phone_number_quality_update",
        "business_capability_update",
        "account_update",
        "account_alerts",
        "user_id_update",
        "x",
    ] {
        for value in [
            Value::Null,
            json!(7),
            json!([{}]),
            json!({ "event": 5, "message_template_name": [], "message_template_language": {} }),
            json!({ "event": "APPROVED", "message_template_id": -1,
                "message_template_name": "n".repeat(5_000), "message_template_language": "it" }),
            json!({ "event": "x".repeat(10_000), "current_limit": 1e300, "display_phone_number": 3,
                "ban_info": "none", "violation_info": [], "max_daily_conversation_per_phone": "no" }),
        ] {
            changes.push(json!({ "field": field, "value": value }));
        }
    }
    body["entry"][0]["changes"] = changes.into();
    for account in [json!("1"), json!("1".repeat(5_000)), json!({})] {
        body["entry"][0]["id"] = account;
        world.posts(&body).await;
    }
    world.advance(60).await;
    let found = office.broadcast(&id).await;
    assert_eq!(found["counts"]["read"], 1, "{found}");
    world.ends().await;
}

#[tokio::test]
async fn bodies_that_are_no_webhook_are_kept_or_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let world = World::with(|it| it.data = Some(data.clone())).await;
    let good = posted(&[], &[text("393330004071", "wamid.W1", "ISCRIVIMI")]).to_string();
    let mut n_files = 0;
    for (what, body, status) in [
        ("nothing", String::new(), 200),
        ("a byte order mark", format!("\u{feff}{good}"), 200),
        ("brackets", "[".repeat(10_000), 200),
        ("an open object", "{\"entry\":".repeat(10_000), 200),
        ("a number", "1e999".to_owned(), 200),
        ("two at once", format!("{good}{good}"), 200),
        ("three megabytes of nothing", " ".repeat(3 * 1024 * 1024), 200),
        ("more than Meta ever posts", " ".repeat(5 * 1024 * 1024), 413),
    ] {
        assert_eq!(world.signed(body.as_bytes()).await, status, "{what}");
        n_files += usize::from(status == 200);
        let kept = std::fs::read_dir(data.join("aside")).unwrap().count();
        assert_eq!(kept, n_files, "{what}");
    }
    // And what is only large or odd is read.
    let large =
        good.replacen('{', &format!("{{\"entry\":7,\"x\":\"{}\",", "y".repeat(2_000_000)), 1);
    assert_eq!(world.signed(large.as_bytes()).await, 200);
    world.settled().await;
    let office = world.office("pordenone");
    let (_, count) = office.get("/subscribers/count").await;
    assert_eq!(count["total"], 1, "of two keys the later counts");
    let mut broken = good.replace("393330004071", "393330004072").replace("wamid.W1", "wamid.W2");
    broken.insert(broken.find("390000000000").unwrap(), '@');
    let mut broken = broken.into_bytes();
    let at = broken.iter().position(|it| *it == b'@').unwrap();
    broken[at] = 0xff;
    assert_eq!(world.signed(&broken).await, 200);
    world.settled().await;
    let (_, count) = office.get("/subscribers/count").await;
    assert_eq!(count["total"], 2, "bytes that are no text cost one character");
    world.keeps_secret("39333000407");
    world.ends().await;
}

#[tokio::test]
async fn a_phone_that_sends_nonsense_is_told_so_and_one_with_a_strange_owner_is_heard() {
    let world = World::start().await;
    let anna = world.person("393330004081");
    let phones = format!("{}/simulator/phones", world.stack.url());
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for (digits, body) in [
        ("abc", r#"{"to":"pordenone","text":"ciao"}"#),
        ("1", r#"{"to":"pordenone","text":"ciao"}"#),
        (&"3".repeat(500), r#"{"to":"pordenone","text":"ciao"}"#),
        (&anna.digits, ""),
        (&anna.digits, "{"),
        (&anna.digits, &deep),
        (&anna.digits, r#"{"to":"pordenone"}"#),
        (&anna.digits, r#"{"to":"pordenone","text":null}"#),
        (&anna.digits, r#"{"to":"pordenone","text":7}"#),
        (&anna.digits, r#"{"to":"pordenone","text":" \n "}"#),
        (&anna.digits, r#"{"to":"pordenone","text":"half an emoji \ud800"}"#),
        (&anna.digits, r#"{"to":"atlantide","text":"ciao"}"#),
        (&anna.digits, r#"{"to":["pordenone"],"text":"ciao"}"#),
        (&anna.digits, r#"{"to":"pordenone","button":{"payload":1,"title":"x"}}"#),
        (&anna.digits, r#"{"to":"pordenone","file":{"name":"a","mime_type":"b","base64":"%"}}"#),
        (&anna.digits, r#"{"to":"pordenone","text":"ciao","colour":"red"}"#),
    ] {
        let url = format!("{phones}/{digits}/messages");
        let answer = world.http.post(url).body(body.to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{digits}: {body}");
        let problem: Value = answer.json().await.unwrap();
        assert!(problem["detail"].is_string(), "{problem}");
    }
    world.settled().await;
    let office = world.office("pordenone");
    let (_, found) = office.post("/contacts/search", json!({ "phone": "+393330004081" })).await;
    assert_eq!(found["items"], json!([]), "nothing of it came to us");

    let name = format!("Anna\u{202e}\n{}", "🌻".repeat(10_000));
    let url = format!("{phones}/{}", anna.digits);
    let answer = world.http.patch(url).json(&json!({ "name": name })).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    anna.says("pordenone", &"Scrivo molto. ".repeat(4_600)).await;
    anna.taps("pordenone", &"x".repeat(5_000), "\u{202e}\0Titolo").await;
    let url = format!("{phones}/{}/messages", anna.digits);
    let file = json!({ "name": "fattura\u{202e}gpj.exe", "mime_type": "application/x\n",
        "base64": "AAAA" });
    let file = json!({ "to": "pordenone", "text": "\0", "file": file });
    assert_eq!(world.http.post(url).json(&file).send().await.unwrap().status(), 201);
    world.settled().await;
    let (_, found) = office.post("/contacts/search", json!({ "phone": "+393330004081" })).await;
    let shown = found["items"][0]["name"].as_str().unwrap();
    assert!(shown.starts_with("Anna🌻") && shown.len() <= 256, "{shown}");
    let id = found["items"][0]["id"].as_str().unwrap();
    let (_, messages) = office.get(&format!("/conversations/{id}/messages")).await;
    let items = messages["items"].as_array().unwrap().iter().filter(|it| it["direction"] == "in");
    let items: Vec<_> = items.collect();
    assert_eq!(items.len(), 3, "{messages}");
    let named = items.iter().find_map(|it| it["media"]["file_name"].as_str());
    assert_eq!(named, Some("fatturagpj.exe"), "{messages}");
    anna.says("pordenone", "ISCRIVIMI").await;
    anna.hears("pordenone", "Iscrizione confermata").await;
    world.ends().await;
}
