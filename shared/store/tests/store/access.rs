// SPDX-License-Identifier: EUPL-1.2
//! Keys, people and the audit log.

use std::collections::{BTreeMap, BTreeSet};

use domain::access::audit::Entry;
use domain::access::key::{ApiKey, Standing};
use domain::access::person::{Email, Identity, Person};
use domain::access::{Role, Scope};
use domain::ids::{KeyId, LineId, PersonId};
use jiff::{Timestamp, ToSpan};
use store::{Session, StoreError, audit_id};

use crate::support::{Engine, later, now};

fn line() -> LineId {
    LineId::new("pordenone")
}

fn key(id: &str) -> ApiKey {
    ApiKey {
        id: KeyId::new(id),
        name: "Gestionale".to_owned(),
        scopes: BTreeSet::from([Scope::BroadcastWrite, Scope::Reports]),
        created_at: now(),
        created_by: "root".to_owned(),
        expires_at: now() + 48.hours(),
        revoked_at: None,
        used_at: None,
    }
}

fn person(id: &str, role: Role) -> Person {
    Person {
        id: PersonId::new(id),
        email: Email::parse("anna@comune.example").unwrap(),
        name: "Anna".to_owned(),
        role,
        invited_at: now(),
        invited_by: "root".to_owned(),
        identity: None,
        joined_at: None,
        version: 1,
    }
}

fn entry(n: i64, at: Timestamp) -> Entry {
    Entry {
        id: audit_id(at, &format!("{n:032x}")),
        at,
        who: "key 1".to_owned(),
        name: "Gestionale".to_owned(),
        operation: "keys.revoke".to_owned(),
        ids: BTreeMap::from([("id".to_owned(), "2".to_owned())]),
        status: None,
    }
}

#[tokio::test]
async fn a_key_opens_its_own_line_with_its_own_secret_until_it_is_revoked() {
    let engine = Engine::start().await;
    engine.add_api_key(&line(), &key("1"), "right", None, now()).await.unwrap();
    let (one, other) = (KeyId::new("1"), KeyId::new("2"));
    let found = engine.api_key(&line(), &one, "right").await.unwrap();
    assert_eq!(found, Some(key("1")));
    assert_eq!(engine.api_key(&line(), &one, "wrong").await.unwrap(), None);
    assert_eq!(engine.api_key(&line(), &other, "right").await.unwrap(), None);
    assert_eq!(engine.api_key(&LineId::new("altra"), &one, "right").await.unwrap(), None);

    engine.note_key_use(&line(), &key("1"), "right", later(1)).await.unwrap();
    let used = engine.api_key(&line(), &one, "right").await.unwrap().unwrap();
    assert_eq!(used.used_at, Some(later(1)));

    engine.revoke_api_key(&line(), &one, later(2)).await.unwrap();
    engine.revoke_api_key(&line(), &one, later(3)).await.unwrap();
    let revoked = engine.api_key(&line(), &one, "right").await.unwrap().unwrap();
    assert_eq!(revoked.revoked_at, Some(later(2)));
    assert_eq!(revoked.standing(now()), Standing::Revoked);
    let missing = engine.revoke_api_key(&line(), &other, now()).await;
    assert!(matches!(missing, Err(StoreError::Conflict)));
    let rotation = key("1").rotated(other, "root", 24, now());
    let late = engine.rotate_api_key(&line(), &one, &rotation, "next", None, now()).await;
    assert!(matches!(late, Err(StoreError::Conflict)));
}

#[tokio::test]
async fn a_rotated_key_and_its_next_both_open_for_a_while() {
    let engine = Engine::start().await;
    let (old, new) = (KeyId::new("1"), KeyId::new("2"));
    engine.add_api_key(&line(), &key("1"), "old", None, now()).await.unwrap();
    engine.api_key(&line(), &old, "old").await.unwrap();
    let rotation = key("1").rotated(new.clone(), "root", 24, now());
    engine.rotate_api_key(&line(), &old, &rotation, "new", None, now()).await.unwrap();
    let ending = engine.api_key(&line(), &old, "old").await.unwrap().unwrap();
    assert_eq!(ending.expires_at, now() + 24.hours());
    assert_eq!(engine.api_key(&line(), &new, "new").await.unwrap(), Some(rotation.next));
    assert_eq!(engine.api_keys(&line()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn two_who_edit_one_person_do_not_overwrite_each_other() {
    let engine = Engine::start().await;
    engine.add_person(&line(), &person("1", Role::Editor), None, now()).await.unwrap();
    let again = engine.add_person(&line(), &person("1", Role::Admin), None, now()).await;
    assert!(matches!(again, Err(StoreError::Conflict)));
    let edited = |role| Person { role, version: 2, ..person("1", Role::Editor) };
    engine.change_person(&line(), &edited(Role::Operator), None).await.unwrap();
    let late = engine.change_person(&line(), &edited(Role::Dpo), None).await;
    assert!(matches!(late, Err(StoreError::Conflict)));
    let found = engine.person(&line(), &PersonId::new("1")).await.unwrap();
    assert_eq!(found, Some(edited(Role::Operator)));
    let late = engine.remove_person(&line(), &person("1", Role::Editor), None).await;
    assert!(matches!(late, Err(StoreError::Conflict)));
}

#[tokio::test]
async fn two_admins_who_remove_each_other_at_once_leave_one() {
    let engine = Engine::start().await;
    let [one, other] = ["1", "2"].map(|id| person(id, Role::Admin));
    for it in [&one, &other] {
        engine.add_person(&line(), it, None, now()).await.unwrap();
    }
    engine.remove_person(&line(), &one, Some(&other.id)).await.unwrap();
    let second = engine.remove_person(&line(), &other, Some(&one.id)).await;
    assert!(matches!(second, Err(StoreError::Conflict)));
    assert_eq!(engine.people(&line()).await.unwrap(), [other]);
}

#[tokio::test]
async fn who_is_signed_in_has_the_roles_of_this_moment_and_of_themselves() {
    let engine = Engine::start().await;
    let file = include_str!("../../../../infra/lines/pordenone.toml");
    engine.apply_line(&line(), file, now()).await.unwrap();
    let identity =
        |it: &str| Identity { issuer: "https://login.example".to_owned(), subject: it.to_owned() };
    let anna = Person { identity: Some(identity("a")), ..person("1", Role::Operator) };
    engine.add_person(&line(), &anna, None, now()).await.unwrap();
    let session =
        Session { person: anna.id.clone(), identity: identity("a"), until: now() + 10.hours() };
    engine.sign_in("cookie", &session).await.unwrap();
    let other = Session { identity: identity("b"), ..session.clone() };
    engine.sign_in("other", &other).await.unwrap();

    let found = engine.signed_in("cookie", now()).await.unwrap().unwrap();
    assert_eq!(found.people, [(line(), anna.clone())]);
    let found = engine.signed_in("other", now()).await.unwrap().unwrap();
    assert_eq!(found.people, [], "the address alone opens nothing");
    assert_eq!(engine.signed_in("cookie", now() + 10.hours()).await.unwrap(), None);
    assert_eq!(engine.signed_in("nobody", now()).await.unwrap(), None);

    let promoted = Person { role: Role::Dpo, version: 2, ..anna };
    engine.change_person(&line(), &promoted, None).await.unwrap();
    let found = engine.signed_in("cookie", now()).await.unwrap().unwrap();
    assert_eq!(found.people, [(line(), promoted.clone())]);
    engine.remove_person(&line(), &promoted, None).await.unwrap();
    let found = engine.signed_in("cookie", now()).await.unwrap().unwrap();
    assert_eq!(found.people, []);
    engine.sign_out("cookie").await.unwrap();
    assert_eq!(engine.signed_in("cookie", now()).await.unwrap(), None);
}

#[tokio::test]
async fn the_audit_log_is_read_by_time_page_by_page() {
    let engine = Engine::start().await;
    let until = now() + (24 * 730).hours();
    for n in 0..5 {
        engine.add_audit(&line(), &entry(n, later(n)), until).await.unwrap();
    }
    let first = entry(0, later(0));
    engine.end_audit(&line(), &first.id, 200).await.unwrap();
    let read = async |from, to, before: Option<String>, limit| {
        engine.audit(&line(), later(from), later(to), before.as_deref(), limit).await.unwrap()
    };
    let ids = |it: &[Entry]| it.iter().map(|it| it.at).collect::<Vec<_>>();
    let page = read(0, 10, None, 3).await;
    assert_eq!(ids(&page), [later(4), later(3), later(2)]);
    let rest = read(0, 10, Some(page[2].id.clone()), 3).await;
    assert_eq!(rest, [entry(1, later(1)), Entry { status: Some(200), ..first }]);
    assert_eq!(ids(&read(1, 3, None, 9).await), [later(2), later(1)]);
    assert_eq!(read(3, 1, None, 9).await, []);
    let other = LineId::new("altra");
    assert_eq!(engine.audit(&other, later(0), later(9), None, 9).await.unwrap(), []);
}
