// SPDX-License-Identifier: EUPL-1.2
//! What nobody could read.

use store::MessageKey;

use crate::support::{Engine, later, now, pordenone};

#[tokio::test]
async fn what_is_kept_aside_is_there_once_and_on_its_line_only() {
    let (engine, line) = (Engine::start().await, pordenone());
    let keep = async |key: &str, at| {
        let key = MessageKey::new(key);
        engine.keep_aside(&line, &key, "unreadable", "{\"type\":1}", at).await.unwrap();
    };
    keep("a", now()).await;
    keep("a", now()).await;
    keep("b", later(1)).await;
    keep("c", later(2)).await;
    let first = engine.aside(&line, None, 2).await.unwrap();
    assert_eq!(first.iter().map(|it| it.at).collect::<Vec<_>>(), [later(2), later(1)]);
    let rest = engine.aside(&line, Some(&first[1].id), 2).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!((rest[0].why.as_str(), rest[0].message.as_str()), ("unreadable", "{\"type\":1}"));
    let other = domain::ids::LineId::new("altra");
    assert_eq!(engine.aside(&other, None, 2).await.unwrap(), []);
}
