// SPDX-License-Identifier: EUPL-1.2
//! Templates beside those of a line's file, and what Meta's list says of them.

use domain::account::{TemplateNews, TemplateState};
use domain::cost::Category;
use domain::ids::LineId;
use domain::line::{HeaderFormat, Line};
use domain::pack::Notice;
use domain::submission::Listed;
use store::StoreError;

use crate::support::{Engine, later, now};

const ACCOUNT: &str = "331651133100002";

fn file() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/lines/pordenone.toml");
    std::fs::read_to_string(path).unwrap()
}

async fn line(engine: &Engine) -> std::sync::Arc<Line> {
    engine.line(&LineId::new("pordenone")).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_added_template_is_the_line_s_until_it_is_taken_away() {
    let engine = Engine::start().await;
    let id = LineId::new("pordenone");
    let stranger = engine.add_template(&id, &from_pack("strada_chiusa")).await;
    assert!(matches!(stranger, Err(StoreError::Conflict)), "no such line yet");
    engine.apply_line(&id, &file(), now()).await.unwrap();
    let before = line(&engine).await.templates.len();
    for (notice, header_media) in [
        ("strada_chiusa", None),
        ("allerta_rossa", None),
        ("evento_pubblico", Some(HeaderFormat::Document)),
    ] {
        let added = domain::line::Template { header_media, ..from_pack(notice) };
        engine.add_template(&id, &added).await.unwrap();
        let found = line(&engine).await.template(&added.name, "it").cloned();
        assert_eq!(found, Some(added), "as it was added");
    }
    // Applying the file again leaves them; what the file says by the same name stands.
    let other = domain::line::Template {
        name: "pordenone_allerta".to_owned(),
        ..from_pack("allerta_rossa")
    };
    engine.add_template(&id, &other).await.unwrap();
    engine.apply_line(&id, &file(), now()).await.unwrap();
    let now_has = line(&engine).await;
    assert_eq!(now_has.templates.len(), before + 3);
    assert_ne!(now_has.template("pordenone_allerta", "it").unwrap().body, other.body);
    engine.remove_template(&id, "pordenone_strada_chiusa", "it").await.unwrap();
    engine.remove_template(&id, "pordenone_strada_chiusa", "it").await.unwrap();
    assert_eq!(line(&engine).await.templates.len(), before + 2);
}

fn from_pack(notice: &str) -> domain::line::Template {
    let line = store::line_file::parse(&file()).unwrap();
    Notice::find(notice).unwrap().template(&line)
}

fn listed(status: &str) -> Listed {
    Listed {
        name: "avviso".to_owned(),
        language: "it".to_owned(),
        status: status.to_owned(),
        category: Category::Utility,
        quality: Some("green".to_owned()),
        rejected_for: (status == "REJECTED").then(|| "SCAM".to_owned()),
        header: None,
        header_media: None,
        body: String::new(),
        footer: None,
        buttons: Vec::new(),
    }
}

#[tokio::test]
async fn the_list_and_the_webhooks_tell_one_story() {
    let engine = Engine::start().await;
    let key = ("avviso".to_owned(), "it".to_owned());
    let state = async || {
        let known = engine.at_meta(ACCOUNT, std::slice::from_ref(&key)).await.unwrap();
        known.get(&key).map(|it| (it.known.template.map(TemplateState::name), it.quality.clone()))
    };
    let note = async |it: Option<&Listed>, ms| {
        engine.note_listed(ACCOUNT, ("avviso", "it"), it, later(ms)).await.unwrap();
    };
    assert_eq!(state().await, None);
    note(None, 0).await;
    assert_eq!(state().await, Some((None, None)), "never submitted is not deleted");
    note(Some(&listed("PENDING")), 1_700).await;
    let green = Some("green".to_owned());
    assert_eq!(state().await, Some((Some("pending"), green.clone())));
    // A webhook of the same second, which has whole seconds.
    let usable = TemplateNews::State(TemplateState::Usable);
    assert!(engine.note_template(ACCOUNT, "avviso", "it", usable, later(1_000)).await.unwrap());
    assert_eq!(state().await, Some((Some("usable"), green)));
    note(Some(&listed("REJECTED")), 5_000).await;
    let known = engine.at_meta(ACCOUNT, std::slice::from_ref(&key)).await.unwrap();
    assert_eq!(known[&key].rejected_for.as_deref(), Some("SCAM"));
    assert_eq!(known[&key].synced_at, Some(later(5_000)));
    // An older reading that comes late changes nothing.
    note(Some(&listed("APPROVED")), 4_000).await;
    assert_eq!(state().await.unwrap().0, Some("rejected"));
    note(None, 9_000).await;
    assert_eq!(state().await, Some((Some("deleted"), None)));
}
