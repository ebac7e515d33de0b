// SPDX-License-Identifier: EUPL-1.2
//! A person's data: handed over whole, erased whole, and nothing brings it back.

use serde_json::{Value, json};

use crate::support::{Office, World, notice};

const NUMBER: &str = "393330001077";

async fn contact(office: &Office<'_>) -> Option<String> {
    let asked = json!({ "phone": format!("+{NUMBER}") });
    let (_, found) = office.post("/contacts/search", asked).await;
    found["items"][0]["id"].as_str().map(str::to_owned)
}

async fn deletes(office: &Office<'_>, id: &str) -> (u16, Value) {
    office.delete(&format!("/contacts/{id}")).await
}

#[tokio::test]
async fn what_is_held_of_a_person_is_handed_over_and_then_erased_for_good() {
    let world = World::start().await;
    let anna = world.person(NUMBER);
    anna.says("pordenone", "ISCRIVIMI").await;
    let office = world.office("pordenone");
    let (_, made) = office.post("/broadcasts", notice(&["scadenze"], "pagare la mensa")).await;
    let broadcast = made["id"].as_str().unwrap().to_owned();
    office.sends(&broadcast).await;
    world.advance(60).await;
    anna.says("pordenone", "Quando scade la carta d'identità di mia figlia?").await;
    let id = contact(&office).await.unwrap();

    let (status, held) = office.get(&format!("/contacts/{id}/export")).await;
    assert_eq!(status, 200, "{held}");
    assert_eq!(held["contact"]["number"], format!("+{NUMBER}"));
    assert_eq!(held["consents"].as_array().map(Vec::len), Some(1));
    assert_eq!(held["deliveries"][0]["broadcast"], broadcast);
    assert_eq!(held["deliveries"][0]["state"], "read");
    let texts = held["messages"].to_string();
    for words in ["ISCRIVIMI", "Iscrizione confermata", "carta d'identità di mia figlia"] {
        assert!(texts.contains(words), "{words} in {texts}");
    }
    let other = world.office("barberino-demografici");
    assert_eq!(other.get(&format!("/contacts/{id}/export")).await.0, 404);
    assert_eq!(deletes(&other, &id).await.0, 404);

    let (status, certificate) = deletes(&office, &id).await;
    assert_eq!(status, 200, "{certificate}");
    assert_eq!(certificate["erased"]["consents"], 1);
    assert_eq!(certificate["erased"]["messages"], 3);
    assert!(!certificate.to_string().contains(NUMBER));
    for path in ["", "/export", "/proof"] {
        assert_eq!(office.get(&format!("/contacts/{id}{path}")).await.0, 404, "{path}");
    }
    assert_eq!(office.get(&format!("/conversations/{id}/messages")).await.0, 404);
    assert_eq!(deletes(&office, &id).await.0, 404);
    assert_eq!(contact(&office).await, None);

    // The counts stay, and so does a row that leads to nobody.
    let (_, rows) = office.get(&format!("/broadcasts/{broadcast}/deliveries")).await;
    assert_eq!(rows["items"][0]["number"], Value::Null);
    assert_eq!(office.broadcast(&broadcast).await["counts"]["read"], 1);

    // Who writes again is somebody new.
    anna.says("pordenone", "ISCRIVIMI").await;
    let again = contact(&office).await.unwrap();
    assert_ne!(again, id);
    let (_, held) = office.get(&format!("/contacts/{again}/export")).await;
    assert_eq!(held["deliveries"], json!([]));
    assert!(!held.to_string().contains("figlia"), "{held}");
    world.ends().await;
}

async fn requests(office: &Office<'_>, state: &str) -> Vec<Value> {
    let (status, found) = office.get(&format!("/requests?state={state}")).await;
    assert_eq!(status, 200, "{found}");
    found["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn who_asks_for_their_data_gets_them_as_files() {
    for line in ["pordenone", "barberino-demografici"] {
        let world = World::start().await;
        let anna = world.person(NUMBER);
        // Nobody need be subscribed for it.
        anna.says(line, "Quando scade la carta d'identità di mia figlia?").await;
        anna.says(line, "I MIEI DATI").await;
        anna.hears(line, "Gli stessi dati in formato JSON").await;
        assert_eq!(anna.times_heard(line, "Ecco la copia").await, 1);
        let files = anna.files(line).await;
        let [(page_name, page), (data_name, data)] = files.as_slice() else {
            panic!("two files, not {}", files.len());
        };
        assert_eq!(
            (page_name.as_str(), data_name.as_str()),
            ("i-miei-dati.txt", "i-miei-dati.json.txt")
        );
        for words in [&format!("+{NUMBER}"), "di mia figlia?", "non iscritto", "I MIEI DATI"] {
            assert!(page.contains(words), "{words} in {page}");
        }
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["contact"]["number"], format!("+{NUMBER}"));
        assert_eq!(data["requests"][0]["right"], "access");
        let office = world.office(line);
        assert_eq!(requests(&office, "open").await, Vec::<Value>::new());
        let closed = requests(&office, "closed").await;
        assert_eq!(
            (&closed[0]["right"], &closed[0]["outcome"]),
            (&json!("access"), &json!("granted"))
        );
        world.ends().await;
    }
}

#[tokio::test]
async fn who_wants_everything_erased_is_asked_once_and_gets_a_certificate() {
    let world = World::start().await;
    let anna = world.person(NUMBER);
    let office = world.office("pordenone");
    anna.says("pordenone", "ISCRIVIMI").await;
    anna.says("pordenone", "I MIEI DATI").await;
    anna.says("pordenone", "Cancellate tutti i miei dati").await;
    anna.hears("pordenone", "Vuoi cancellare tutti i tuoi dati").await;
    let open = requests(&office, "open").await;
    assert_eq!((&open[0]["right"], &open[0]["due"]), (&json!("erasure"), &json!("2026-12-24")));
    let number = open[0]["number"].as_str().unwrap().to_owned();

    anna.taps("pordenone", "erase-no", "No, lascia così").await;
    anna.hears("pordenone", "non cancelliamo niente").await;
    assert!(contact(&office).await.is_some());
    let (_, withdrawn) = office.get(&format!("/requests/{number}")).await;
    assert_eq!(withdrawn["outcome"], "withdrawn");

    world.advance(60).await;
    anna.says("pordenone", "Cancellate tutti i miei dati").await;
    let open = requests(&office, "open").await;
    let number = open[0]["number"].as_str().unwrap().to_owned();
    anna.says("pordenone", "Confermo").await;
    anna.hears("pordenone", &format!("Certificato numero {number}")).await;
    anna.hears("pordenone", "una dichiarazione di consenso").await;
    assert_eq!(contact(&office).await, None);
    assert_eq!(office.get("/subscribers/count").await.1["total"], 0);
    assert_eq!(office.get("/conversations?state=open").await.1["items"], json!([]));
    // The copy they were sent before has gone from Meta too.
    assert!(anna.files("pordenone").await.iter().all(|it| it.1.is_empty()));
    let (_, done) = office.get(&format!("/requests/{number}")).await;
    assert_eq!((&done["state"], &done["outcome"]), (&json!("closed"), &json!("granted")));

    // A notice finds nobody, and who writes again is somebody new.
    let notice = office.drafts(&["scadenze"], "pagare la mensa").await;
    office.sends(&notice).await;
    assert_eq!(office.broadcast(&notice).await["counts"]["audience"], 0);
    anna.says("pordenone", "sono iscritta?").await;
    anna.hears("pordenone", "Ora non ricevi gli avvisi").await;
    assert_eq!(anna.times_heard("pordenone", "Certificato numero").await, 1);
    world.ends().await;
}

#[tokio::test]
async fn what_only_the_office_can_answer_is_in_the_register_until_it_is_closed() {
    let world = World::start().await;
    let anna = world.person(NUMBER);
    let office = world.office("pordenone");
    anna.says("pordenone", "ISCRIVIMI").await;
    anna.says("pordenone", "Voglio rettificare i miei dati").await;
    anna.hears("pordenone", "ti risponde entro il 24 dicembre 2026").await;
    world.advance(60).await;
    anna.says("pordenone", "Mi oppongo al trattamento dei miei dati").await;
    anna.hears("pordenone", "*Iscrizione cancellata.*").await;
    anna.hears("pordenone", "opposizione all'uso dei dati").await;
    assert_eq!(office.get("/subscribers/count").await.1["total"], 0);

    let open = requests(&office, "open").await;
    let rights: Vec<_> = open.iter().map(|it| it["right"].as_str().unwrap()).collect();
    assert_eq!(rights, ["rectification", "objection"], "the first due first");
    let at = |n: usize| format!("/requests/{}", open[n]["number"].as_str().unwrap());
    let recipients = open[0]["to_tell"].as_array().unwrap().clone();
    assert_eq!(recipients.len(), 2, "{recipients:?}");

    // Bad input changes nothing.
    for (path, body, status) in [
        ("close", json!({ "outcome": "granted" }), 422),
        ("close", json!({ "outcome": "boh", "operator": "Sportello" }), 422),
        ("close", json!({ "outcome": "granted", "operator": " " }), 422),
        ("told", json!({ "recipient": "Nessuno srl", "operator": "Sportello" }), 422),
    ] {
        let (got, problem) = office.post(&format!("{}/{path}", at(0)), body).await;
        assert_eq!(got, status, "{problem}");
    }
    let told = json!({ "recipient": recipients[0], "operator": "Sportello" });
    assert_eq!(office.post(&format!("{}/told", at(1)), told.clone()).await.0, 409);
    for _ in 0..2 {
        let (status, row) = office.post(&format!("{}/told", at(0)), told.clone()).await;
        assert_eq!((status, row["told"].as_array().map(Vec::len)), (200, Some(1)), "{row}");
        assert_eq!(row["to_tell"], json!([recipients[1]]));
    }
    let ending = json!({ "outcome": "granted", "operator": "Sportello", "note": "Nome corretto." });
    let (status, row) = office.post(&format!("{}/close", at(0)), ending.clone()).await;
    assert_eq!((status, &row["state"]), (200, &json!("closed")), "{row}");
    assert_eq!(office.post(&format!("{}/close", at(0)), ending).await.0, 409);
    assert_eq!(requests(&office, "open").await.len(), 1);

    // A month and a day later the other one is late.
    world.advance(31 * 86_400).await;
    assert_eq!(office.get(&at(1)).await.1["overdue"], true);
    let other = world.office("barberino-demografici");
    assert_eq!(other.get(&at(1)).await.0, 404);
    world.ends().await;
}

#[tokio::test]
async fn a_request_made_on_paper_is_in_the_same_register() {
    let world = World::start().await;
    let anna = world.person(NUMBER);
    let office = world.office("barberino-demografici");
    anna.says("barberino-demografici", "iscrizione").await;
    let id = contact(&office).await.unwrap();
    let path = format!("/contacts/{id}/requests");
    let asked = json!({ "right": "restriction", "asked_at": "2026-11-20T10:00:00+01:00", "channel": "paper" });
    let (status, made) = office.post_once(&path, asked.clone(), "k1").await;
    assert_eq!((status, &made["due"]), (201, &json!("2026-12-20")), "{made}");
    assert_eq!(office.post_once(&path, asked.clone(), "k1").await, (201, made.clone()));
    assert_eq!(office.post(&path, asked).await.0, 409);
    let later =
        json!({ "right": "boh", "asked_at": "2027-11-20T10:00:00+01:00", "channel": "fax" });
    let (status, problem) = office.post(&path, later).await;
    assert_eq!((status, problem["errors"].as_array().map(Vec::len)), (422, Some(3)), "{problem}");
    assert_eq!(requests(&office, "open").await, [made]);
    // Nothing is left of who is erased, so there is nothing more to answer.
    assert_eq!(deletes(&office, &id).await.0, 200);
    assert_eq!(requests(&office, "open").await, Vec::<Value>::new());
    assert_eq!(requests(&office, "closed").await.len(), 2);
    world.ends().await;
}
