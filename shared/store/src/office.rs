// SPDX-License-Identifier: EUPL-1.2
//! People of the office: their roles, line by line, and who is signed in.

use aws_sdk_dynamodb::types::{ConditionCheck, TransactWriteItem};
use domain::access::Role;
use domain::access::person::{Email, Identity, Person};
use domain::ids::{LineId, PersonId};
use jiff::Timestamp;

use crate::item::{Draft, Fields, Item, expiry, instant, number, text};
use crate::table::{delete_version, put, put_new, put_version};
use crate::{Once, Result, Store, StoreError, failed, keys};

/// Somebody who has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub person: PersonId,
    pub identity: Identity,
    pub until: Timestamp,
}

/// Who is signed in, with what they are on each line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    pub session: Session,
    pub people: Vec<(LineId, Person)>,
}

impl Store {
    /// Everybody of a line. They are few by nature.
    pub async fn people(&self, line: &LineId) -> Result<Vec<Person>> {
        let items = self.query_all(&self.tables.subscribers, keys::people(line)).await?;
        items.iter().map(read).collect()
    }

    pub async fn person(&self, line: &LineId, id: &PersonId) -> Result<Option<Person>> {
        let item = self.get(&self.tables.subscribers, keys::person(line, id)).await?;
        item.as_ref().map(read).transpose()
    }

    /// What somebody is on each of the lines.
    pub async fn person_on(&self, id: &PersonId) -> Result<Vec<(LineId, Person)>> {
        let lines = self.lines().await?;
        let all = lines.iter().map(|it| keys::person(&it.id, id)).collect();
        let items = self.get_many(&self.tables.subscribers, all).await?;
        let on = |item: &Item| {
            let line = item.text("pk")?.split('#').nth(1).ok_or(StoreError::Corrupt("pk"))?;
            Ok((LineId::new(line), read(item)?))
        };
        items.iter().map(on).collect()
    }

    /// `Conflict` if they are there.
    pub async fn add_person(
        &self,
        line: &LineId,
        person: &Person,
        once: Option<(&str, &Once)>,
        now: Timestamp,
    ) -> Result<()> {
        let mut writes = vec![put_new(&self.tables.subscribers, write(line, person))];
        writes.extend(once.map(|(hash, once)| self.put_once(line, hash, once, now)));
        self.transact(writes).await
    }

    /// Puts somebody in the place of the version before. `Conflict` if that has changed, or if
    /// `admin`, who must be one, is none any more.
    pub async fn change_person(
        &self,
        line: &LineId,
        person: &Person,
        admin: Option<&PersonId>,
    ) -> Result<()> {
        let item = write(line, person);
        let mut writes = vec![put_version(&self.tables.subscribers, item, person.version - 1)];
        writes.extend(admin.map(|it| self.is_admin(line, it)));
        self.transact(writes).await?;
        self.access.sessions.forget();
        Ok(())
    }

    /// As [`Store::change_person`], with the answer to the request for it: they are invited again.
    pub async fn invite_again(
        &self,
        line: &LineId,
        person: &Person,
        once: Option<(&str, &Once)>,
        now: Timestamp,
    ) -> Result<()> {
        let item = write(line, person);
        let mut writes = vec![put_version(&self.tables.subscribers, item, person.version - 1)];
        writes.extend(once.map(|(hash, once)| self.put_once(line, hash, once, now)));
        self.transact(writes).await
    }

    /// As [`Store::change_person`]: they go.
    pub async fn remove_person(
        &self,
        line: &LineId,
        person: &Person,
        admin: Option<&PersonId>,
    ) -> Result<()> {
        let key = keys::person(line, &person.id);
        let mut writes = vec![delete_version(&self.tables.subscribers, key, person.version)];
        writes.extend(admin.map(|it| self.is_admin(line, it)));
        self.transact(writes).await?;
        self.access.sessions.forget();
        Ok(())
    }

    fn is_admin(&self, line: &LineId, id: &PersonId) -> TransactWriteItem {
        let check = ConditionCheck::builder()
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::person(line, id).into_item()))
            .condition_expression("#role = :admin")
            .expression_attribute_names("#role", "role")
            .expression_attribute_values(":admin", text(Role::Admin.name()))
            .build()
            .expect("table, key and condition are given");
        TransactWriteItem::builder().condition_check(check).build()
    }

    /// Keeps who signed in under the digest of their cookie.
    pub async fn sign_in(&self, digest: &str, session: &Session) -> Result<()> {
        let item = Draft::at(keys::session(digest))
            .with("person", text(session.person.as_str()))
            .with("issuer", text(&session.identity.issuer))
            .with("subject", text(&session.identity.subject))
            .with("until", instant(session.until))
            .with("expires", expiry(session.until))
            .done();
        self.transact(vec![put(&self.tables.subscribers, item)]).await
    }

    /// Who is signed in, at most some seconds old. Somebody whose role was taken away has none.
    pub async fn signed_in(&self, digest: &str, now: Timestamp) -> Result<Option<SignedIn>> {
        if let Some(known) = self.access.sessions.get(digest) {
            return Ok(Some(known).filter(|it| it.session.until > now));
        }
        let Some(item) = self.get(&self.tables.subscribers, keys::session(digest)).await? else {
            return Ok(None);
        };
        let session = Session {
            person: PersonId::new(item.text("person")?),
            identity: Identity {
                issuer: item.text("issuer")?.to_owned(),
                subject: item.text("subject")?.to_owned(),
            },
            until: item.instant("until")?,
        };
        if session.until <= now {
            return Ok(None);
        }
        let mut people = self.person_on(&session.person).await?;
        people.retain(|(_, it)| it.identity.as_ref() == Some(&session.identity));
        let found = SignedIn { session, people };
        self.access.sessions.put(digest.to_owned(), found.clone());
        Ok(Some(found))
    }

    pub async fn sign_out(&self, digest: &str) -> Result<()> {
        self.client
            .delete_item()
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::session(digest).into_item()))
            .send()
            .await
            .map_err(failed)?;
        self.access.sessions.forget();
        Ok(())
    }
}

fn write(line: &LineId, person: &Person) -> Item {
    let identity = person.identity.as_ref();
    Draft::at(keys::person(line, &person.id))
        .with("email", text(person.email.expose()))
        .with("name", text(&person.name))
        .with("role", text(person.role.name()))
        .with("invited_at", instant(person.invited_at))
        .with("invited_by", text(&person.invited_by))
        .with_some("issuer", identity.map(|it| text(&it.issuer)))
        .with_some("subject", identity.map(|it| text(&it.subject)))
        .with_some("joined_at", person.joined_at.map(instant))
        .with("version", number(person.version))
        .done()
}

fn read(item: &Item) -> Result<Person> {
    let identity = item.find_text("issuer").map(|issuer| {
        Ok(Identity { issuer: issuer.to_owned(), subject: item.text("subject")?.to_owned() })
    });
    Ok(Person {
        id: PersonId::new(item.text("sk")?),
        email: Email::parse(item.text("email")?).ok_or(StoreError::Corrupt("email"))?,
        name: item.text("name")?.to_owned(),
        role: Role::parse(item.text("role")?).ok_or(StoreError::Corrupt("role"))?,
        invited_at: item.instant("invited_at")?,
        invited_by: item.text("invited_by")?.to_owned(),
        identity: identity.transpose()?,
        joined_at: item.find_instant("joined_at"),
        version: item.number("version")?,
    })
}
