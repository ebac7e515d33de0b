// SPDX-License-Identifier: EUPL-1.2
//! How a notice is written: checked, tried, edited, looked at by a second person, and let go.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Office, World, notice};

/// One item of a list, by name.
fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    list["items"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap()
}

/// A draft and the version it has.
async fn read(office: &Office<'_>, world: &World, id: &str) -> (String, Value) {
    let url = format!("{}/v1/lines/{}/broadcasts/{id}", world.stack.url(), office.line);
    let answer = world.http.get(url).bearer_auth(&office.key).send().await.unwrap();
    let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
    (tag, answer.json().await.unwrap())
}

async fn edits(
    office: &Office<'_>,
    world: &World,
    (id, tag): (&str, Option<&str>),
    body: Value,
) -> (u16, Value) {
    let url = format!("{}/v1/lines/{}/broadcasts/{id}", world.stack.url(), office.line);
    let mut request = world.http.patch(url).bearer_auth(&office.key).json(&body);
    if let Some(tag) = tag {
        request = request.header("if-match", tag);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn the_office_takes_notices_from_the_pack_and_sends_them_once_meta_approves() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let anna = world.person("393330002101");
    anna.says("pordenone", "ISCRIVIMI").await;

    let (_, pack) = office.get("/templates/pack").await;
    let road = named(&pack, "pordenone_strada_chiusa");
    assert_eq!(road["in_line"], false);
    assert!(road["rendered"].as_str().unwrap().contains("scrivi CANCELLAMI"), "{road}");

    let some =
        json!({ "pack": ["strada_chiusa", "scuole_chiuse"], "line": ["pordenone_scadenza"] });
    let (status, answer) = office.post("/templates", some.clone()).await;
    assert_eq!(status, 200, "{answer}");
    let outcome = |answer: &Value, name: &str| named(answer, name)["outcome"].clone();
    assert_eq!(outcome(&answer, "pordenone_strada_chiusa"), "submitted");
    assert_eq!(outcome(&answer, "pordenone_scadenza"), "already_there");
    let (_, again) = office.post("/templates", some).await;
    assert_eq!(outcome(&again, "pordenone_strada_chiusa"), "already_there", "{again}");

    let (_, listed) = office.get("/templates").await;
    assert_eq!(named(&listed, "pordenone_strada_chiusa")["meta"]["status"], "pending");

    let road = json!({
        "title": "Via Roma",
        "audience": { "all": true },
        "message": { "template": { "name": "pordenone_strada_chiusa", "language": "it",
            "parameters": { "strada": "via Roma", "quando": "lunedì 30 novembre",
                "motivo": "lavori", "percorso": "via Milano", "pagina": "www.comune.pordenone.it" } } },
    });
    let (status, made) = office.post("/broadcasts", road).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap();
    let (_, preview) = office.post(&format!("/broadcasts/{id}/preview"), json!({})).await;
    assert!(preview["warnings"].to_string().contains("sta ancora esaminando"), "{preview}");

    world.advance(130).await;
    let (_, listed) = office.get("/templates").await;
    assert_eq!(named(&listed, "pordenone_strada_chiusa")["meta"]["status"], "approved");
    office.sends(id).await;
    anna.hears("pordenone", "strada chiusa al traffico, via Roma").await;
    world.ends().await;
}

#[tokio::test]
async fn meta_s_list_is_compared_with_ours_and_a_template_can_be_deleted() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let account = "331651133100002";
    let category = fakes::meta::Category::Marketing;
    world.meta().set_template_category(account, "pordenone_servizio", category).unwrap();
    world.meta().set_template_quality(account, "pordenone_scadenza", "RED").unwrap();
    world.settled().await;
    let (status, synced) = office.post("/templates/sync", json!({})).await;
    assert_eq!(status, 200, "{synced}");
    let differs = &named(&synced, "pordenone_servizio")["differences"];
    assert_eq!(
        (&differs[0]["field"], &differs[0]["theirs"]),
        (&json!("category"), &json!("marketing"))
    );
    assert_eq!(named(&synced, "pordenone_scadenza")["quality"], "red");
    assert_eq!(named(&synced, "pordenone_scadenza")["differences"], json!([]));

    office.post("/templates", json!({ "pack": ["mercato"] })).await;
    let (status, gone) = office.delete("/templates/pordenone_mercato").await;
    assert_eq!((status, &gone["note"]), (200, &Value::Null), "{gone}");
    assert_eq!(office.delete("/templates/pordenone_mercato").await.0, 404);
    let (_, again) = office.post("/templates", json!({ "pack": ["mercato"] })).await;
    let refused = named(&again, "pordenone_mercato");
    assert_eq!(refused["outcome"], "refused");
    assert!(refused["reason"].as_str().unwrap().contains("30 giorni"), "{refused}");
    let (_, kept) = office.delete("/templates/pordenone_allerta").await;
    assert!(kept["note"].as_str().unwrap().contains("file della linea"), "{kept}");
    world.advance(130).await;
    world.ends().await;
}

#[tokio::test]
async fn what_meta_would_refuse_is_said_before_and_nothing_is_submitted() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let bad = json!({
        "name": "pordenone_sagra", "category": "utility",
        "body": "Si comunica che sabato c'è la sagra in {{luogo}}, non perdere lo sconto!",
    });
    let (status, checked) = office.post("/templates/lint", bad.clone()).await;
    assert_eq!((status, &checked["passes"]), (200, &json!(false)), "{checked}");
    let rules = |level: &str| {
        let all = checked["findings"].as_array().unwrap().iter();
        let of_level = all.filter(|it| it["level"] == level);
        let rule = |it: &Value| format!("{} {}", it["pointer"], it["rule"]).replace('"', "");
        of_level.map(rule).collect::<Vec<_>>()
    };
    assert!(rules("error").contains(&"/body selling".to_owned()), "{checked}");
    assert!(rules("error").contains(&"/examples/luogo example".to_owned()), "{checked}");
    assert!(rules("warning").contains(&"/body bureaucratic".to_owned()), "{checked}");
    let both = json!({ "pack": ["mercato", "niente"], "templates": [bad] });
    let (status, refused) = office.post("/templates", both).await;
    assert_eq!(status, 422, "{refused}");
    let errors = refused["errors"].to_string();
    assert!(errors.contains("/pack/1") && errors.contains("/templates/0/body"), "{errors}");
    let (_, pack) = office.get("/templates/pack").await;
    assert_eq!(named(&pack, "pordenone_mercato")["in_line"], false);
    for (body, want) in [
        (json!({}), 422),
        (json!({ "pack": "mercato" }), 422),
        (json!({ "notices": [] }), 422),
        (json!({ "line": ["pordenone_niente"] }), 422),
    ] {
        assert_eq!(office.post("/templates", body.clone()).await.0, want, "{body}");
    }
    world.ends().await;
}

#[tokio::test]
async fn a_preview_shows_the_phone_and_the_words_to_change() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "effettuare il pagamento dell'IMU").await;
    let (_, preview) = office.post(&format!("/broadcasts/{id}/preview"), json!({})).await;
    let phone = &preview["phones"][0];
    assert_eq!(phone["footer"], "Per non ricevere più avvisi scrivi CANCELLAMI");
    assert!(phone["body"].as_str().unwrap().starts_with("Promemoria del Comune"), "{phone}");
    let finding = &preview["findings"][0];
    assert_eq!(finding["pointer"], "/message/template/parameters/azione");
    assert_eq!(finding["remedy"], "scrivi «pagare»");
    let made = office.broadcast(&id).await;
    let texts = &made["texts"];
    assert!(texts["channel"].as_str().unwrap().contains("effettuare il pagamento"), "{texts}");
    assert_eq!(texts["website"]["title"], "Promemoria");
    world.ends().await;
}

#[tokio::test]
async fn two_people_do_not_write_over_each_other_and_a_draft_can_go() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "pagare il saldo IMU").await;
    let (tag, _) = read(&office, &world, &id).await;
    let title = |it: &str| json!({ "title": it });
    assert_eq!(edits(&office, &world, (&id, None), title("Uno")).await.0, 428);
    let expires = json!({ "title": "Uno", "expires_at": "2026-12-01T10:00:00+01:00" });
    let (status, edited) = edits(&office, &world, (&id, Some(&tag)), expires).await;
    assert_eq!((status, &edited["title"]), (200, &json!("Uno")), "{edited}");
    assert_eq!(edited["message"]["template"]["parameters"]["azione"], "pagare il saldo IMU");
    assert_eq!(edits(&office, &world, (&id, Some(&tag)), title("Due")).await.0, 412);
    let (tag, it) = read(&office, &world, &id).await;
    assert_eq!(it["title"], "Uno");
    let never = json!({ "expires_at": null });
    let (_, edited) = edits(&office, &world, (&id, Some(&tag)), never).await;
    assert_eq!(edited["expires_at"], Value::Null);
    let (tag, _) = read(&office, &world, &id).await;
    for (body, want) in [
        (title(""), 422),
        (json!({ "audience": { "topics": ["niente"] } }), 422),
        (json!({ "state": "done" }), 422),
        (json!({ "expires_at": "0396-04-02T13:06:50Z" }), 422),
        (json!({ "exclude_recent_hours": 0 }), 422),
        (json!({ "exclude_recent_hours": 24, "priority": "emergency" }), 422),
    ] {
        assert_eq!(edits(&office, &world, (&id, Some(&tag)), body.clone()).await.0, want, "{body}");
    }
    let nothing = office.edit(Method::PATCH, &format!("/broadcasts/{id}"), None, Some(&tag)).await;
    assert_eq!(nothing.0, 400, "a change says what");
    assert_eq!(office.delete(&format!("/broadcasts/{id}")).await.0, 204);
    assert_eq!(office.get(&format!("/broadcasts/{id}")).await.0, 404);
    let sent = office.drafts(&["scadenze"], "pagare").await;
    office.sends(&sent).await;
    assert_eq!(office.delete(&format!("/broadcasts/{sent}")).await.0, 409);
    let (tag, _) = read(&office, &world, &sent).await;
    assert_eq!(edits(&office, &world, (&sent, Some(&tag)), title("Tre")).await.0, 409);
    world.ends().await;
}

#[tokio::test]
async fn a_notice_is_tried_on_the_office_s_own_phones_and_on_no_others() {
    let settings = "\n[authoring]\ntest_numbers = [\"+39 333 000 2201\"]\n";
    let world = World::of_pordenone(|it| format!("{it}{settings}")).await;
    let phone = world.person("393330002201");
    let anna = world.person("393330002202");
    anna.says("pordenone", "ISCRIVIMI").await;
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "pagare il saldo IMU").await;
    let path = format!("/broadcasts/{id}/test");
    let to = json!({ "to": ["+39 333 000 2201"] });
    for _ in 0..2 {
        let (status, tried) = office.post_once(&path, to.clone(), "prova-1").await;
        assert_eq!((status, &tried["sent"]), (200, &json!(1)), "{tried}");
        assert_eq!(tried["cost_eur"], 0.0248);
        assert_eq!(tried["items"][0]["number"], "+39 333 ••• ••01");
    }
    world.settled().await;
    assert_eq!(phone.times_heard("pordenone", "saldo IMU").await, 1, "a retry sends nothing");
    let stranger = json!({ "to": ["+39 333 000 2202"] });
    let (status, refused) = office.post(&path, stranger).await;
    assert_eq!((status, &refused["errors"][0]["pointer"]), (422, &json!("/to/0")), "{refused}");
    assert_eq!(office.post(&path, json!({ "to": [] })).await.0, 422);
    let six = vec!["+39 333 000 2201"; 6];
    assert_eq!(office.post(&path, json!({ "to": six })).await.0, 422);
    world.advance(10).await;
    let it = office.broadcast(&id).await;
    assert_eq!((&it["state"], &it["tests"]["messages"]), (&json!("draft"), &json!(1)));
    assert_eq!(it["counts"]["accepted"], 0, "{it}");
    office.sends(&id).await;
    world.advance(10).await;
    let it = office.broadcast(&id).await;
    assert_eq!((&it["counts"]["audience"], &it["counts"]["read"]), (&json!(1), &json!(1)), "{it}");
    assert_eq!(it["tests"]["messages"], 1);
    assert_eq!(phone.times_heard("pordenone", "saldo IMU").await, 1);
    world.ends().await;
}

#[tokio::test]
async fn who_had_a_message_lately_is_left_out_and_it_says_why() {
    let world = World::start().await;
    let anna = world.person("393330002301");
    let bruno = world.person("393330002302");
    anna.says("pordenone", "ISCRIVIMI").await;
    let office = world.office("pordenone");
    let first = office.drafts(&["scadenze"], "pagare il saldo IMU").await;
    office.sends(&first).await;
    bruno.says("pordenone", "ISCRIVIMI").await;
    let second = |what: &str| {
        let mut body = notice(&["scadenze"], what);
        body["exclude_recent_hours"] = 24.into();
        body
    };
    let (status, made) = office.post("/broadcasts", second("chiedere il bonus")).await;
    assert_eq!((status, &made["exclude_recent_hours"]), (201, &json!(24)), "{made}");
    let id = made["id"].as_str().unwrap();
    let (_, preview) = office.post(&format!("/broadcasts/{id}/preview"), json!({})).await;
    assert_eq!(preview["recipients"], 1, "{preview}");
    assert_eq!(preview["left_out_lately"], 1, "{preview}");
    office.sends(id).await;
    world.advance(10).await;
    assert_eq!(anna.times_heard("pordenone", "chiedere il bonus").await, 0);
    assert_eq!(bruno.times_heard("pordenone", "chiedere il bonus").await, 1);
    let (_, rows) = office.get(&format!("/broadcasts/{id}/deliveries?state=skipped")).await;
    let reason = rows["items"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("da poco un altro messaggio"), "{rows}");
    assert_eq!(office.broadcast(id).await["counts"]["skipped"], 1);
    world.advance(24 * 3_600).await;
    let (_, made) = office.post("/broadcasts", second("votare")).await;
    office.sends(made["id"].as_str().unwrap()).await;
    assert_eq!(anna.times_heard("pordenone", "votare").await, 1, "a day later");
    world.ends().await;
}

#[tokio::test]
async fn in_an_electoral_period_somebody_looks_first_but_an_emergency_goes() {
    let settings = "\n[[authoring.electoral_periods]]\nfrom = 2026-11-20\nto = 2026-11-29\n";
    let world = World::of_pordenone(|it| format!("{it}{settings}")).await;
    let anna = world.person("393330002401");
    anna.says("pordenone", "ISCRIVIMI").await;
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "pagare il saldo IMU").await;
    let (_, preview) = office.post(&format!("/broadcasts/{id}/preview"), json!({})).await;
    assert!(preview["warnings"].to_string().contains("legge 28/2000"), "{preview}");
    let (status, it) = office.post(&format!("/broadcasts/{id}/schedule"), json!({})).await;
    assert_eq!((status, &it["state"]), (202, &json!("awaiting_approval")), "{it}");
    let alone = json!({ "bypass": { "reason": "sono da solo" } });
    let (status, refused) = office.post(&format!("/broadcasts/{id}/approve"), alone).await;
    assert_eq!(status, 409, "{refused}");
    let (status, _) = office.post(&format!("/broadcasts/{id}/approve"), json!({})).await;
    assert_eq!(status, 202);
    world.settled().await;
    assert_eq!(anna.times_heard("pordenone", "saldo IMU").await, 1);

    // Let go for a day after the vote, then wanted before it.
    let moved = office.drafts(&["scadenze"], "chiedere il bonus").await;
    let path = format!("/broadcasts/{moved}/schedule");
    let (_, it) = office.post(&path, json!({ "send_at": "2026-11-30T10:00:00+01:00" })).await;
    assert_eq!(it["state"], "scheduled");
    let (_, it) = office.post(&path, json!({})).await;
    assert_eq!(it["state"], "awaiting_approval", "{it}");
    office.post(&format!("/broadcasts/{moved}/cancel"), json!({})).await;

    let mut flood = notice(&["scadenze"], "lasciare le case");
    flood["priority"] = "emergency".into();
    let (_, made) = office.post("/broadcasts", flood).await;
    let id = made["id"].as_str().unwrap();
    let piena = json!({ "send_at": null, "bypass": { "reason": "piena del Noncello" } });
    let (status, it) = office.post(&format!("/broadcasts/{id}/schedule"), piena).await;
    assert_eq!((status, &it["bypass"]["reason"]), (202, &json!("piena del Noncello")), "{it}");
    world.settled().await;
    assert_eq!(anna.times_heard("pordenone", "lasciare le case").await, 1);
    let (status, _) =
        office.request(Method::POST, "/broadcasts/x/approve", Some(json!({})), None).await;
    assert_eq!(status, 404);
    world.ends().await;
}

#[tokio::test]
async fn what_waits_for_approval_is_taken_back_and_goes_only_as_it_was_read() {
    let world = World::of_pordenone(|it| format!("{it}\n[approval]\nneeded = true\n")).await;
    let phone = world.person("393330002511");
    phone.says("pordenone", "ISCRIVIMI").await;
    let office = world.office("pordenone");
    let id = office.drafts(&["scadenze"], "pagare il saldo IMU").await;
    let at = |action: &str| format!("/broadcasts/{id}/{action}");
    assert_eq!(office.post(&at("withdraw"), json!({})).await.0, 409, "it is a draft");
    let tomorrow = json!({ "send_at": "2026-11-25T10:00:00+01:00" });
    assert_eq!(office.post(&at("schedule"), tomorrow).await.0, 202);
    let (read_by_who_approves, _) = read(&office, &world, &id).await;

    let (status, it) = office.post_once(&at("withdraw"), json!({}), "k1").await;
    assert_eq!((status, &it["state"], &it["scheduled_for"]), (202, &json!("draft"), &Value::Null));
    assert_eq!(office.post_once(&at("withdraw"), json!({}), "k1").await, (202, it));
    let (tag, _) = read(&office, &world, &id).await;
    let mut other = notice(&["scadenze"], "pagare la TARI");
    let change = json!({ "message": other["message"].take() });
    assert_eq!(edits(&office, &world, (&id, Some(&tag)), change).await.0, 200);
    assert_eq!(office.post(&at("schedule"), json!({})).await.0, 202);

    let approve = async |tag: &str| {
        office.edit(Method::POST, &at("approve"), Some(json!({})), Some(tag)).await.0
    };
    assert_eq!(approve(&read_by_who_approves).await, 412, "it says something else by now");
    let (tag, _) = read(&office, &world, &id).await;
    assert_eq!(approve(&tag).await, 202);
    assert_eq!(office.post(&at("withdraw"), json!({})).await.0, 409, "too late");
    world.settled().await;
    assert_eq!(phone.times_heard("pordenone", "la TARI").await, 1);
    assert_eq!(phone.times_heard("pordenone", "saldo IMU").await, 0);
    world.ends().await;
}

#[tokio::test]
async fn nobody_approves_what_they_wrote_but_alone_in_an_emergency() {
    let world = World::of_pordenone(|it| format!("{it}\n[approval]\nneeded = true\n")).await;
    let phone = world.person("393330002501");
    phone.says("pordenone", "ISCRIVIMI").await;
    let root = world.office("pordenone");
    let mut keys = Vec::new();
    for name in ["Anna", "Bruno"] {
        let scopes = ["broadcast:write", "broadcast:approve"];
        let (status, made) = root.post("/keys", json!({ "name": name, "scopes": scopes })).await;
        assert_eq!(status, 201, "{made}");
        let key = made["token"].as_str().unwrap().to_owned();
        world.keeps_secret(&key);
        keys.push(Office { key, ..world.office("pordenone") });
    }
    let [anna, bruno] = &keys[..] else { panic!("two keys") };
    let id = anna.drafts(&["scadenze"], "pagare il saldo IMU").await;
    let (_, it) = anna.post(&format!("/broadcasts/{id}/schedule"), json!({})).await;
    assert_eq!(it["state"], "awaiting_approval", "{it}");
    let path = format!("/broadcasts/{id}/approve");
    let (status, refused) = anna.post(&path, json!({})).await;
    assert_eq!(status, 409);
    assert!(refused["detail"].as_str().unwrap().contains("un'altra persona"), "{refused}");
    let alone = json!({ "bypass": { "reason": "non c'è nessun altro" } });
    assert_eq!(anna.post(&path, alone.clone()).await.0, 409, "no emergency");
    let (status, it) = bruno.post(&path, json!({})).await;
    assert_eq!(status, 202, "{it}");
    assert_ne!(it["approved_by"], it["author"]);
    assert_eq!(it["bypass"], Value::Null);
    world.settled().await;
    assert_eq!(phone.times_heard("pordenone", "saldo IMU").await, 1);

    let mut flood = notice(&["scadenze"], "lasciare le case");
    flood["priority"] = "emergency".into();
    flood["send_at"] = "2026-11-24T09:00:00+01:00".into();
    let (_, made) = anna.post("/broadcasts", flood).await;
    assert_eq!(made["state"], "awaiting_approval", "{made}");
    let path = format!("/broadcasts/{}/approve", made["id"].as_str().unwrap());
    assert_eq!(anna.post(&path, json!({})).await.0, 409);
    assert_eq!(anna.post(&path, json!({ "bypass": { "reason": " " } })).await.0, 422);
    let (status, it) = anna.post(&path, alone).await;
    assert_eq!((status, &it["bypass"]["by"]), (202, &it["author"]), "{it}");
    assert_eq!(it["bypass"]["reason"], "non c'è nessun altro");
    world.settled().await;
    assert_eq!(phone.times_heard("pordenone", "lasciare le case").await, 1);
    world.ends().await;
}
