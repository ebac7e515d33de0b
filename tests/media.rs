// SPDX-License-Identifier: EUPL-1.2
//! Files both ways: what citizens send is here at once and opened safely, what the office sends is
//! checked, uploaded once, and goes with the person.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fakes::meta::DownloadFault;
use serde_json::{Value, json};

use crate::support::{Office, World, notice};

const NUMBER: &str = "393330006001";
const JPEG: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 1, 1, 0, 72];
const JPEG_SHA256: &str = "c290972000e2caf86b2e3bce7c1445d5dca1c88c632835369fbfd4f70f089edc";
const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n";
const OGG: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0";

/// A phone sends a file; what follows from it happens.
async fn sends_file(world: &World, to: &str, name: &str, mime: &str, bytes: &[u8]) {
    let url = format!("{}/simulator/phones/{NUMBER}/messages", world.stack.url());
    let file = json!({ "name": name, "mime_type": mime, "base64": STANDARD.encode(bytes) });
    let sent = world.http.post(url).json(&json!({ "to": to, "file": file })).send().await.unwrap();
    assert_eq!(sent.status(), 201);
    world.settled().await;
}

async fn contact(office: &Office<'_>) -> String {
    let asked = json!({ "phone": format!("+{NUMBER}") });
    let (_, found) = office.post("/contacts/search", asked).await;
    found["items"][0]["id"].as_str().unwrap().to_owned()
}

/// The files in the conversation, latest first, as the desk gets them.
async fn files(office: &Office<'_>) -> Vec<Value> {
    let id = contact(office).await;
    let (_, messages) = office.get(&format!("/conversations/{id}/messages")).await;
    let mut files = Vec::new();
    for it in messages["items"].as_array().unwrap() {
        if let Some(id) = it["media"]["id"].as_str() {
            let (status, file) = office.get(&format!("/media/{id}")).await;
            assert_eq!(status, 200, "{file}");
            files.push(file);
        }
    }
    files
}

async fn uploads(world: &World, line: &str, name: &str, mime: &str, bytes: &[u8]) -> (u16, Value) {
    let url = format!("{}/v1/lines/{line}/media", world.stack.url());
    let request = world.http.post(url).bearer_auth("local-key").header("content-type", mime);
    let how = format!("attachment; filename=\"{name}\"");
    let request = request.header("content-disposition", how).body(bytes.to_vec());
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_photo_is_here_at_once_and_shown_to_the_office_for_a_minute() {
    let world = World::start().await;
    let office = world.office("pordenone");
    world.keeps_secret("carta-rossi");
    sends_file(&world, "pordenone", "carta-rossi.jpg", "image/jpeg", JPEG).await;
    let found = files(&office).await;
    let [photo] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&photo["state"], &photo["safety"]), (&json!("kept"), &json!("inline")), "{photo}");
    assert_eq!(photo["bytes"], JPEG.len());
    let url = photo["url"].as_str().unwrap();
    assert!(!url.contains("rossi") && !url.contains(NUMBER), "{url}");
    let shown = world.http.get(url).send().await.unwrap();
    let header = |name: &str| shown.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(shown.status(), 200);
    assert_eq!(header("content-type"), "image/jpeg");
    assert_eq!(header("content-disposition"), "inline; filename=\"immagine.jpg\"");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-security-policy"), "sandbox; default-src 'none'");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(shown.bytes().await.unwrap(), JPEG);

    let id = photo["id"].as_str().unwrap();
    assert_eq!(world.office("barberino-demografici").get(&format!("/media/{id}")).await.0, 404);
    world.advance(61).await;
    assert_eq!(world.http.get(url).send().await.unwrap().status(), 403);
    world.ends().await;
}

#[tokio::test]
async fn what_is_not_what_it_says_is_never_shown_and_programs_are_not_kept() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let html = b"<!DOCTYPE html><script>alert(1)</script>";
    sends_file(&world, "pordenone", "foto.jpg", "image/jpeg", html).await;
    sends_file(&world, "pordenone", "voce.ogg", "audio/ogg; codecs=opus", OGG).await;
    sends_file(&world, "pordenone", "modulo.pdf", "application/pdf", b"MZ\x90\0\x03\0\0\0").await;
    let mut found = files(&office).await;
    // All of one second.
    found.sort_by_key(|it| it["kind"].to_string());
    let states: Vec<_> =
        found.iter().map(|it| [&it["state"], &it["safety"], &it["kind"]]).collect();
    assert_eq!(
        json!(states),
        json!([
            ["kept", "download", "audio"],
            ["refused", null, "document"],
            ["kept", "unsafe", "image"]
        ])
    );
    assert!(found[1]["reason"].as_str().unwrap().contains("programma"), "{}", found[1]);
    assert_eq!(found[1]["url"], Value::Null);
    let shown = world.http.get(found[2]["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(shown.headers()["content-type"], "application/octet-stream");
    assert_eq!(shown.headers()["content-disposition"], "attachment; filename=\"immagine.bin\"");
    world.ends().await;
}

#[tokio::test]
async fn a_line_says_which_files_it_does_not_take() {
    let world = World::start().await;
    let anna = world.person(NUMBER);
    let line = "barberino-demografici";
    anna.says(line, "iscrizione").await;
    sends_file(&world, line, "voce.ogg", "audio/ogg; codecs=opus", OGG).await;
    anna.hears(line, "Qui non possiamo ricevere messaggi vocali").await;
    let found = files(&world.office(line)).await;
    assert_eq!(found[0]["state"], "refused", "{found:?}");
    assert!(found[0]["reason"].as_str().unwrap().contains("audio"), "{found:?}");
    world.ends().await;
}

#[tokio::test]
async fn what_is_too_large_for_the_line_is_not_taken() {
    let world = World::of_pordenone(|it| it.replace("max_mb = 16", "max_mb = 1")).await;
    let office = world.office("pordenone");
    let large = [PDF, &vec![b' '; 1024 * 1024]].concat();
    sends_file(&world, "pordenone", "grande.pdf", "application/pdf", &large).await;
    let found = files(&office).await;
    assert_eq!(found[0]["reason"], "Il file supera 1 MB.", "{found:?}");
    world.ends().await;
}

#[tokio::test]
async fn the_office_answers_with_a_file_that_is_uploaded_once() {
    let world = World::start().await;
    let (anna, office) = (world.person(NUMBER), world.office("pordenone"));
    anna.says("pordenone", "Mi mandate il modulo per la mensa?").await;
    let (status, file) =
        uploads(&world, "pordenone", "modulo mensa.pdf", "application/pdf", PDF).await;
    assert_eq!(status, 201, "{file}");
    assert_eq!(file["file_name"], "modulo mensa.pdf");
    let id = contact(&office).await;
    let path = format!("/conversations/{id}/media");
    let answer = json!({ "media_id": file["id"], "caption": "Il modulo da compilare." });
    for _ in 0..2 {
        let (status, sent) = office.post_once(&path, answer.clone(), "click").await;
        assert_eq!(status, 201, "{sent}");
    }
    assert_eq!(anna.files("pordenone").await.len(), 1);
    assert_eq!(anna.files("pordenone").await[0].0, "modulo mensa.pdf");
    anna.hears("pordenone", "Il modulo da compilare.").await;

    let (_, photo) = uploads(&world, "pordenone", "mappa.jpg", "image/jpeg", JPEG).await;
    let (status, problem) = office.post(&path, json!({ "media_id": photo["id"] })).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/caption")), "{problem}");
    let wrong = json!({ "media_id": photo["id"], "caption": "Mappa", "voice": true });
    assert_eq!(office.post(&path, wrong).await.0, 422);
    assert_eq!(office.post(&path, json!({ "media_id": "altro" })).await.0, 422);

    for (mime, bytes) in
        [("image/png", JPEG), ("text/html", &b"<p>"[..]), ("application/pdf", b""), ("", PDF)]
    {
        let (status, problem) = uploads(&world, "pordenone", "x", mime, bytes).await;
        assert_eq!(status, 422, "{mime}: {problem}");
    }
    world.ends().await;
}

#[tokio::test]
async fn a_large_file_is_brought_to_its_own_address_and_looked_at() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let asked = json!({ "file_name": "a.pdf", "mime_type": "application/pdf", "bytes": PDF.len() });
    for (bytes, want) in [(PDF, 200), (&b"MZ0123456789ABCDEF0123456789."[..], 422)] {
        let (status, expected) = office.post("/media/uploads", asked.clone()).await;
        assert_eq!(status, 201, "{expected}");
        let done = format!("/media/{}/complete", expected["id"].as_str().unwrap());
        assert_eq!(office.post(&done, json!({})).await.0, 409);
        let put = |body: Vec<u8>| {
            let request = world.http.put(expected["url"].as_str().unwrap()).body(body);
            request.header("content-type", "application/pdf").send()
        };
        assert_eq!(put(b"%PDF-other".to_vec()).await.unwrap().status(), 403);
        assert_eq!(put(bytes.to_vec()).await.unwrap().status(), 200);
        let (status, file) = office.post(&done, json!({})).await;
        assert_eq!(status, want, "{file}");
    }
    world.ends().await;
}

#[tokio::test]
async fn erasure_and_time_take_files_away() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let bytes_of = async |file: &Value| {
        world.http.get(file["url"].as_str().unwrap()).send().await.unwrap().status().as_u16()
    };
    sends_file(&world, "pordenone", "uno.jpg", "image/jpeg", JPEG).await;
    let found = files(&office).await;
    assert_eq!(bytes_of(&found[0]).await, 200);
    let id = contact(&office).await;
    assert_eq!(office.delete(&format!("/contacts/{id}")).await.0, 200);
    assert_eq!(bytes_of(&found[0]).await, 404, "the bytes are gone while the address is good");
    let media = format!("/media/{}", found[0]["id"].as_str().unwrap());
    assert_eq!(office.get(&media).await.0, 404);

    sends_file(&world, "pordenone", "due.jpg", "image/jpeg", JPEG).await;
    let media = format!("/media/{}", files(&office).await[0]["id"].as_str().unwrap());
    assert_eq!(office.get(&media).await.0, 200);
    world.advance(32 * 86_400).await;
    assert_eq!(office.get(&media).await.0, 404);
    world.ends().await;
}

#[tokio::test]
async fn a_deleted_message_takes_its_file_with_it_unless_it_was_reported() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let bytes_at = async |url: &Value| {
        let answer = world.http.get(url.as_str().unwrap()).send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    };
    sends_file(&world, "pordenone", "uno.jpg", "image/jpeg", JPEG).await;
    world.advance(2).await;
    let id = contact(&office).await;
    let rows = async || {
        let (_, list) = office.get(&format!("/conversations/{id}/messages")).await;
        list["items"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect::<Vec<_>>()
    };
    let delete = async |row: &Value| {
        let why = json!({ "message": row, "rule": "spam", "reason": "pubblicità" });
        office.post(&format!("/conversations/{id}/delete"), why).await
    };
    let photo = files(&office).await.remove(0);
    assert_eq!(bytes_at(&photo["url"]).await.0, 200);
    assert_eq!(delete(&rows().await[0]).await.0, 200);
    assert_eq!(
        bytes_at(&photo["url"]).await.0,
        404,
        "the bytes are gone while the address is good"
    );
    let media = |it: &Value| format!("/media/{}", it["id"].as_str().unwrap());
    assert_eq!(office.get(&media(&photo)).await.0, 404);

    sends_file(&world, "pordenone", "due.jpg", "image/jpeg", JPEG).await;
    let (photo, row) = (files(&office).await.remove(0), rows().await[0].clone());
    let (status, made) = office
        .post(
            &format!("/conversations/{id}/report"),
            json!({
                "messages": [row], "rule": "spam", "reason": "pubblicità", "recipient": "platform",
            }),
        )
        .await;
    assert_eq!(status, 201, "{made}");
    let measure = format!("/moderation/{}", made["id"].as_str().unwrap());
    let (_, pack) = office.get(&format!("{measure}/pack")).await;
    assert_eq!(pack["messages"][0]["file_sha256"], JPEG_SHA256, "{pack}");
    assert_eq!(delete(&row).await.0, 200);
    assert_eq!(office.get(&media(&photo)).await.0, 404, "not in the chat");
    let sealed = async || office.get(&format!("{measure}/files")).await.1["items"].clone();
    let of_the_report = sealed().await;
    assert_eq!(bytes_at(&of_the_report[0]["url"]).await, (200, JPEG.to_vec()), "{of_the_report}");
    let other = world.office("barberino-demografici");
    assert_eq!(other.get(&format!("{measure}/files")).await.0, 404);

    // Longer than files stay, and no longer than the report.
    world.advance(100 * 86_400).await;
    let of_the_report = sealed().await;
    assert_eq!(bytes_at(&of_the_report[0]["url"]).await.0, 200, "{of_the_report}");
    world.advance(81 * 86_400).await;
    assert_eq!(office.get(&format!("{measure}/files")).await.0, 404);
    world.ends().await;
}

#[tokio::test]
async fn a_reported_file_goes_with_its_person() {
    let world = World::start().await;
    let office = world.office("pordenone");
    sends_file(&world, "pordenone", "uno.jpg", "image/jpeg", JPEG).await;
    let id = contact(&office).await;
    let (_, list) = office.get(&format!("/conversations/{id}/messages")).await;
    let row = &list["items"][0]["id"];
    let report = json!({
        "messages": [row], "rule": "spam", "reason": "pubblicità", "recipient": "platform",
    });
    let (_, made) = office.post(&format!("/conversations/{id}/report"), report).await;
    let why = json!({ "message": row, "rule": "spam", "reason": "pubblicità" });
    assert_eq!(office.post(&format!("/conversations/{id}/delete"), why).await.0, 200);
    let files = format!("/moderation/{}/files", made["id"].as_str().unwrap());
    let (_, found) = office.get(&files).await;
    let url = found["items"][0]["url"].as_str().unwrap();
    assert_eq!(world.http.get(url).send().await.unwrap().status(), 200);
    assert_eq!(office.delete(&format!("/contacts/{id}")).await.0, 200);
    assert_eq!(world.http.get(url).send().await.unwrap().status(), 404);
    world.ends().await;
}

#[tokio::test]
async fn no_message_is_lost_for_its_file_which_comes_when_it_is_opened() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let fault = |it: DownloadFault| world.meta().faults(|all| all.next_downloads.push_back(it));
    fault(DownloadFault::Away);
    sends_file(&world, "pordenone", "uno.jpg", "image/jpeg", JPEG).await;
    fault(DownloadFault::Away);
    let found = files(&office).await;
    assert_eq!((&found[0]["state"], &found[0]["url"]), (&json!("waiting"), &Value::Null));
    assert_eq!(files(&office).await[0]["state"], "kept");

    // The first address was too old: another one.
    fault(DownloadFault::Expired);
    sends_file(&world, "pordenone", "due.jpg", "image/jpeg", JPEG).await;
    assert!(files(&office).await.iter().all(|it| it["state"] == "kept"));

    // Damaged twice: not what the citizen sent.
    fault(DownloadFault::Damaged);
    fault(DownloadFault::Damaged);
    sends_file(&world, "pordenone", "tre.jpg", "image/jpeg", JPEG).await;
    let reasons: Vec<_> = files(&office).await.iter().map(|it| it["reason"].clone()).collect();
    assert!(reasons.contains(&json!("Il file non è arrivato intero da WhatsApp.")), "{reasons:?}");

    fault(DownloadFault::Away);
    sends_file(&world, "pordenone", "quattro.jpg", "image/jpeg", JPEG).await;
    world.advance(8 * 86_400).await;
    let reasons: Vec<_> = files(&office).await.iter().map(|it| it["reason"].clone()).collect();
    assert!(reasons.contains(&json!("WhatsApp non ha più il file: lo tiene per 7 giorni.")));
    world.ends().await;
}

/// Pordenone with a picture on top of what it tells about events.
async fn with_a_picture() -> World {
    let name = "name = \"pordenone_evento\"";
    World::of_pordenone(|it| it.replace(name, &format!("{name}\nheader_media = \"image\""))).await
}

fn festival(header: Value) -> Value {
    let mut festival = json!({
        "title": "Sagra",
        "audience": { "topics": ["eventi"] },
        "message": { "template": {
            "name": "pordenone_evento",
            "language": "it",
            "parameters": {
                "evento": "Sagra della castagna",
                "quando": "sabato alle 20",
                "dove": "in piazza",
                "ingresso": "libero",
                "pagina": "www.comune.pordenone.it",
            },
        } },
    });
    festival["message"]["template"]["header"] = header;
    festival
}

#[tokio::test]
async fn a_picture_on_top_of_a_notice_is_uploaded_once_for_all() {
    let world = with_a_picture().await;
    let office = world.office("pordenone");
    let people = world.subscribers(40).await;
    let (_, photo) = uploads(&world, "pordenone", "locandina.jpg", "image/jpeg", JPEG).await;
    let notice = festival(json!({ "media_id": photo["id"] }));
    let mut late = notice.clone();
    late["send_at"] = json!("2026-12-30T10:00:00+01:00");
    let (status, problem) = office.post("/broadcasts", late).await;
    assert_eq!(status, 409, "{problem}");
    let (status, made) = office.post("/broadcasts", notice).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap();
    let (_, preview) = office.post(&format!("/broadcasts/{id}/preview"), json!({})).await;
    assert_eq!(preview["phones"][0]["header_media"], "image", "{preview}");
    office.sends(id).await;
    world.advance(60).await;
    let counts = office.broadcast(id).await["counts"].clone();
    assert_eq!(counts["accepted"], 40, "{counts}");
    let mut uploaded = std::collections::BTreeSet::new();
    for person in &people {
        uploaded.extend(media_ids(&world, &person.digits).await);
    }
    assert_eq!(uploaded.len(), 1, "one file at Meta for forty people: {uploaded:?}");
    world.ends().await;
}

#[tokio::test]
async fn a_notice_goes_before_its_file_does() {
    let name = "name = \"pordenone_evento\"";
    let world = World::of_pordenone(|it| {
        it.replace(name, &format!("{name}\nheader_media = \"image\""))
            .replace("media_days = 30", "media_days = 2")
    })
    .await;
    let office = world.office("pordenone");
    let (_, photo) = uploads(&world, "pordenone", "locandina.jpg", "image/jpeg", JPEG).await;
    let mut notice = festival(json!({ "media_id": photo["id"] }));
    for (send_at, want) in [("2026-11-26T08:59:00+01:00", 201), ("2026-11-26T09:01:00+01:00", 409)]
    {
        notice["send_at"] = json!(send_at);
        let (status, answer) = office.post("/broadcasts", notice.clone()).await;
        assert_eq!(status, want, "{answer}");
    }
    world.ends().await;
}

#[tokio::test]
async fn a_notice_brings_the_file_that_its_template_wants_and_no_other() {
    let world = with_a_picture().await;
    let office = world.office("pordenone");
    let (_, photo) = uploads(&world, "pordenone", "locandina.jpg", "image/jpeg", JPEG).await;
    let (_, paper) = uploads(&world, "pordenone", "programma.pdf", "application/pdf", PDF).await;
    let (_, certificate) = uploads(&world, "pordenone", "foto.jpg", "image/jpeg", JPEG).await;
    world.person(NUMBER).says("pordenone", "Mi mandate il certificato?").await;
    let to_one = format!("/conversations/{}/media", contact(&office).await);
    let answer = json!({ "media_id": certificate["id"], "caption": "Il suo certificato." });
    assert_eq!(office.post(&to_one, answer).await.0, 201);
    let plain = || notice(&["scadenze"], "pagare il bollo");
    let mut pictured = plain();
    pictured["message"]["template"]["header"] = json!({ "media_id": photo["id"] });
    for (body, pointer, says) in [
        (festival(Value::Null), "/message/template/header", "ha in testa un'immagine"),
        (
            festival(json!({ "media_id": "12345" })),
            "/message/template/header/media_id",
            "caricarlo",
        ),
        (
            festival(json!({ "media_id": paper["id"] })),
            "/message/template/header/media_id",
            "di tipo «documento»",
        ),
        (
            festival(json!({ "media_id": certificate["id"] })),
            "/message/template/header/media_id",
            "a una persona sola",
        ),
        (pictured, "/message/template/header", "togliere header"),
    ] {
        for send_at in [Value::Null, json!("2026-11-27T10:00:00+01:00")] {
            let mut body = body.clone();
            body["send_at"] = send_at;
            let (status, problem) = office.post("/broadcasts", body).await;
            assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)));
            let detail = problem["errors"][0]["detail"].as_str().unwrap();
            assert!(detail.contains(says), "{detail}");
        }
    }
    let (_, drafts) = office.get("/broadcasts").await;
    assert_eq!(drafts["items"], json!([]));
    world.ends().await;
}

#[tokio::test]
async fn the_office_makes_a_template_with_a_picture_and_a_citizen_sees_one() {
    let again = "[policy]\naccept_again = true";
    let world = World::of_pordenone(|it| it.replace("[policy]", again)).await;
    let office = world.office("pordenone");
    let anna = world.person(NUMBER);
    anna.says("pordenone", "ISCRIVIMI").await;
    let (_, sample) = uploads(&world, "pordenone", "esempio.jpg", "image/jpeg", JPEG).await;
    let (_, paper) = uploads(&world, "pordenone", "ordinanza.pdf", "application/pdf", PDF).await;
    let (_, words) = uploads(&world, "pordenone", "avviso.txt", "text/plain", b"Avviso").await;

    let library = |media: &str| {
        json!({
            "name": "pordenone_biblioteca", "category": "utility", "topic": "utilita",
            "header_media": media,
            "body": "Avviso {del_ente}: la biblioteca cambia orario.\nNuovo orario: {{orario}}.\nPer \
                     saperne di più visita il sito {{pagina}} oppure scrivici qui.",
            "footer": "Per non ricevere più avvisi scrivi {cancellazione}",
            "examples": { "orario": "dalle 14 alle 19", "pagina": "www.comune.pordenone.it" },
        })
    };
    let submission = |media: &str, examples: Value| json!({ "templates": [library(media)], "header_examples": examples });
    let named = |id: &Value| json!({ "pordenone_biblioteca": id });
    let at_it = "/header_examples/pordenone_biblioteca";
    for (media, examples, pointer, says) in [
        ("image", json!({}), "/header_examples", "un esempio di ciò che «pordenone_biblioteca»"),
        ("image", json!({ "altro": sample["id"] }), "/header_examples/altro", "Nessun modello"),
        ("image", named(&json!("12345")), at_it, "POST /media"),
        ("image", named(&paper["id"]), at_it, "in testa un'immagine, e questo file è di tipo"),
        ("document", named(&words["id"]), at_it, "JPEG, PNG, MP4 e PDF"),
    ] {
        let (status, problem) = office.post("/templates", submission(media, examples)).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{problem}");
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains(says), "{problem}");
    }
    let mut both = submission("image", named(&sample["id"]));
    both["templates"][0]["header"] = "Biblioteca".into();
    let (status, problem) = office.post("/templates", both).await;
    let at = "/templates/0/header_media";
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(at)), "{problem}");

    world.meta().standing(|it| it.develops_app = false);
    let good = submission("image", named(&sample["id"]));
    let (status, problem) = office.post("/templates", good.clone()).await;
    assert_eq!(status, 502, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("controllo completo"), "{problem}");
    world.meta().standing(|it| it.develops_app = true);
    let (status, answer) = office.post("/templates", good.clone()).await;
    assert_eq!(status, 200, "{answer}");
    let outcomes: Vec<_> = answer["items"].as_array().unwrap().iter().collect();
    assert_eq!(outcomes.len(), 2, "with the one that asks to accept the rules: {answer}");
    assert!(outcomes.iter().all(|it| it["outcome"] == "submitted"), "{answer}");
    world.advance(130).await;
    // Meta has it: the file of the example is not asked for again.
    let (_, again) = office.post("/templates", submission("image", json!({}))).await;
    assert_eq!(again["items"][0]["outcome"], "already_there", "{again}");
    let (_, listed) = office.get("/templates").await;
    let listed = listed["items"].as_array().unwrap().iter();
    let ours = listed.filter(|it| it["name"] == "pordenone_biblioteca").collect::<Vec<_>>();
    assert_eq!(
        (&ours[0]["header_media"], &ours[0]["meta"]["status"]),
        (&json!("image"), &json!("approved"))
    );
    let (_, synced) = office.post("/templates/sync", json!({})).await;
    for it in synced["items"].as_array().unwrap() {
        assert_eq!(it["differences"], json!([]), "{it}");
    }

    let mut hours = json!({
        "title": "Orario della biblioteca",
        "audience": { "all": true },
        "message": { "template": { "name": "pordenone_biblioteca", "language": "it",
            "parameters": { "orario": "dalle 9 alle 12", "pagina": "www.comune.pordenone.it" } } },
    });
    let (status, problem) = office.post("/broadcasts", hours.clone()).await;
    let at = "/message/template/header";
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(at)), "{problem}");
    hours["message"]["template"]["header"] = json!({ "media_id": sample["id"] });
    let (status, made) = office.post("/broadcasts", hours).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap();
    office.sends(id).await;
    world.advance(10).await;
    anna.hears("pordenone", "Nuovo orario: dalle 9 alle 12.").await;
    assert_eq!(media_ids(&world, NUMBER).await.len(), 1, "with its picture");
    world.ends().await;
}

#[tokio::test]
async fn a_document_on_top_has_its_name_and_a_draft_says_when_it_is_gone() {
    let world = World::start().await;
    let office = world.office("pordenone");
    let anna = world.person(NUMBER);
    anna.says("pordenone", "ISCRIVIMI").await;
    let (_, paper) = uploads(&world, "pordenone", "ordinanza 12.pdf", "application/pdf", PDF).await;
    let order = json!({
        "name": "pordenone_ordinanza", "category": "utility", "header_media": "document",
        "body": "Avviso {del_ente}: c'è una nuova ordinanza su {{materia}}. Il testo è nel documento.",
        "examples": { "materia": "i parcheggi in centro" },
    });
    let submission = json!({
        "templates": [order], "header_examples": { "pordenone_ordinanza": paper["id"] },
    });
    let (status, answer) = office.post("/templates", submission).await;
    assert_eq!((status, &answer["items"][0]["outcome"]), (200, &json!("submitted")), "{answer}");
    world.advance(130).await;
    let notice = json!({
        "title": "Ordinanza",
        "audience": { "all": true },
        "message": { "template": { "name": "pordenone_ordinanza", "language": "it",
            "parameters": { "materia": "i dehors" }, "header": { "media_id": paper["id"] } } },
    });
    let (_, sent) = office.post("/broadcasts", notice.clone()).await;
    office.sends(sent["id"].as_str().unwrap()).await;
    world.advance(10).await;
    assert_eq!(anna.files("pordenone").await[0].0, "ordinanza 12.pdf");

    let (_, draft) = office.post("/broadcasts", notice).await;
    let id = draft["id"].as_str().unwrap();
    world.advance(32 * 86_400).await;
    for action in ["preview", "schedule"] {
        let (status, problem) = office.post(&format!("/broadcasts/{id}/{action}"), json!({})).await;
        let at = "/message/template/header/media_id";
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(at)), "{action}");
    }
    world.ends().await;
}

/// Meta's ids of the files on a phone.
async fn media_ids(world: &World, digits: &str) -> Vec<String> {
    let url = format!("{}/simulator/phones/{digits}/messages", world.stack.url());
    let list: Value = world.http.get(url).send().await.unwrap().json().await.unwrap();
    let items = list["items"].as_array().unwrap().iter();
    items.filter_map(|it| it["media"]["id"].as_str().map(str::to_owned)).collect()
}
