//! The citizen's story: joins, asks, leaves.

use crate::support::World;

#[tokio::test]
async fn a_citizen_of_pordenone_joins_and_leaves() {
    let world = World::start().await;
    let anna = world.person("393330001001");
    anna.says("pordenone", "ISCRIVIMI").await;
    anna.hears("pordenone", "Iscrizione confermata").await;
    anna.hears("pordenone", "policy").await;
    anna.says("pordenone", "iscrivimi, per favore!").await;
    anna.hears("pordenone", "già attiva").await;
    anna.says("pordenone", "Cancellami").await;
    anna.hears("pordenone", "Iscrizione cancellata").await;
    anna.says("pordenone", "CANCELLAMI").await;
    anna.hears("pordenone", "non è iscritto").await;
    assert_eq!(anna.heard("pordenone").await.len(), 4, "one answer to each message");
    world.ends().await;
}

#[tokio::test]
async fn a_citizen_of_barberino_uses_its_own_words() {
    let world = World::start().await;
    let bruno = world.person("393330001002");
    bruno.says("barberino-demografici", "Iscrizione").await;
    bruno.hears("barberino-demografici", "policy").await;
    bruno.hears("barberino-demografici", "CANCELLAZIONE").await;
    bruno.says("barberino-demografici", "cancellazione").await;
    assert_eq!(bruno.heard("barberino-demografici").await.len(), 2);
    assert!(bruno.heard("pordenone").await.is_empty());
    world.ends().await;
}

#[tokio::test]
async fn a_question_reaches_the_desk_and_the_answer_reaches_the_citizen() {
    let world = World::start().await;
    let carla = world.person("393330001003");
    carla.says("pordenone", "Buongiorno, quando apre l'ufficio anagrafe?").await;
    assert!(carla.heard("pordenone").await.is_empty(), "nobody answers but a person");

    let desk = world.office("pordenone");
    let (_, open) = desk.get("/conversations?state=open").await;
    let contact = open["items"][0]["contact"].as_str().unwrap().to_owned();
    assert_eq!(open["items"][0]["unread"], 1);
    let (status, answer) = desk
        .post_once(
            &format!("/conversations/{contact}/messages"),
            serde_json::json!({ "text": "Alle nove, dal lunedì al venerdì." }),
            "click-1",
        )
        .await;
    assert_eq!(status, 201, "{answer}");
    let again = desk
        .post_once(
            &format!("/conversations/{contact}/messages"),
            serde_json::json!({ "text": "Alle nove, dal lunedì al venerdì." }),
            "click-1",
        )
        .await;
    assert_eq!(again, (201, answer), "a double click is one message");
    carla.hears("pordenone", "Alle nove").await;
    assert_eq!(carla.heard("pordenone").await.len(), 1);

    let (_, messages) = desk.get(&format!("/conversations/{contact}/messages")).await;
    assert_eq!(messages["items"][0]["direction"], "out");
    assert_eq!(messages["items"][1]["direction"], "in");
    let (_, open) = desk.get("/conversations?state=open").await;
    assert_eq!(open["items"].as_array().unwrap().len(), 0);
    world.ends().await;
}

#[tokio::test]
async fn barberino_keeps_a_strangers_question_and_invites_once() {
    let world = World::start().await;
    let dario = world.person("393330001004");
    dario.says("barberino-demografici", "Come si chiede la carta d'identità?").await;
    dario.hears("barberino-demografici", "ISCRIZIONE").await;
    dario.says("barberino-demografici", "E quanto costa la carta?").await;
    assert_eq!(dario.heard("barberino-demografici").await.len(), 1, "invited once");
    let (_, open) = world.office("barberino-demografici").get("/conversations").await;
    assert_eq!(open["items"][0]["unread"], 2);
    assert_eq!(open["items"][0]["subscribed"], false);
    world.ends().await;
}

#[tokio::test]
async fn a_day_later_the_desk_can_no_longer_answer_freely() {
    let world = World::start().await;
    let elsa = world.person("393330001005");
    elsa.says("pordenone", "Dove si paga la mensa della scuola?").await;
    world.advance(24 * 3600).await;
    let desk = world.office("pordenone");
    let (_, open) = desk.get("/conversations").await;
    let contact = open["items"][0]["contact"].as_str().unwrap();
    let path = format!("/conversations/{contact}/messages");
    let (status, problem) = desk.post(&path, serde_json::json!({ "text": "Sul sito." })).await;
    assert_eq!(status, 409, "{problem}");
    assert!(elsa.heard("pordenone").await.is_empty());
    world.ends().await;
}

#[tokio::test]
async fn an_unclear_word_is_asked_about_once_and_a_tap_decides() {
    let world = World::start().await;
    let fabio = world.person("393330001006");
    fabio.says("pordenone", "registrazione").await;
    fabio.hears("pordenone", "registrazione").await;
    let (_, count) = world.office("pordenone").get("/subscribers/count").await;
    assert_eq!(count["total"], 0, "a word alone decides nothing");
    fabio.taps("pordenone", "subscribe", "Ricevere gli avvisi").await;
    fabio.hears("pordenone", "Iscrizione confermata").await;
    world.ends().await;
}
