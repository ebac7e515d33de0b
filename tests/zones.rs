// SPDX-License-Identifier: EUPL-1.2
//! A topic that can be followed for one part of the comune.

use serde_json::json;

use crate::support::{World, notice};

const UTILITA: &str = "id = \"utilita\"";

#[tokio::test]
async fn who_chooses_a_zone_gets_what_concerns_it_and_what_concerns_all() {
    let world = World::of_pordenone(|file| {
        assert!(file.contains(UTILITA), "the topic is somewhere else");
        file.replace(UTILITA, &format!("{UTILITA}\nzones = [\"Torre\", \"Borgomeduna\"]"))
    })
    .await;
    let [anna, bruno, carla] =
        ["393330005001", "393330005002", "393330005003"].map(|it| world.person(it));
    for person in [&anna, &bruno, &carla] {
        person.says("pordenone", "ISCRIVIMI").await;
        world.advance(30).await;
    }
    anna.says("pordenone", "solo torre").await;
    anna.hears("pordenone", "Ora ricevi gli avvisi su: Torre.").await;
    bruno.says("pordenone", "togli Torre").await;
    bruno.hears("pordenone", "Borgomeduna").await;
    world.advance(30).await;

    let office = world.office("pordenone");
    for (topics, what, told) in [
        (&["utilita:torre"][..], "chiude via Vittorio Veneto", [true, false, true]),
        (&["utilita:borgomeduna"], "chiude il ponte", [false, true, true]),
        (&["utilita"], "manca l'acqua ovunque", [true, true, true]),
        (&["scadenze"], "scade il bollo", [false, true, true]),
    ] {
        let (status, made) = office.post("/broadcasts", notice(topics, what)).await;
        assert_eq!((status, &made["audience"]), (201, &json!({ "topics": topics })), "{made}");
        office.sends(made["id"].as_str().unwrap()).await;
        world.advance(60).await;
        for (person, told) in [&anna, &bruno, &carla].into_iter().zip(told) {
            assert_eq!(person.times_heard("pordenone", what).await, usize::from(told), "{what}");
        }
    }

    // The list offers zones like topics, and every choice is a consent of its own.
    anna.says("pordenone", "argomenti").await;
    anna.taps("pordenone", "add:utilita:borgomeduna", "Borgomeduna").await;
    anna.hears("pordenone", "Torre e Borgomeduna").await;
    let (_, count) = office.get("/subscribers/count").await;
    assert_eq!(count["topics"]["utilita:borgomeduna"], 2, "{count}");
    world.ends().await;
}
