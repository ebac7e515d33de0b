// SPDX-License-Identifier: EUPL-1.2
//! People of the office: invited by e-mail, bound to whom they sign in as, with one role a line.

use std::fmt;

use jiff::{Timestamp, ToSpan};

use super::Role;
use crate::ids::PersonId;

/// Long enough for any address there is (RFC 5321, section 4.5.3.1).
const EMAIL_LIMIT: usize = 254;

/// The longest name that is kept.
pub const NAME_LIMIT: usize = 200;

/// How long somebody stays signed in, in hours: a working day.
pub const SESSION_HOURS: i64 = 10;

/// An invitation that nobody has used ends after so many days: by then its mail may lie in another
/// hand.
const INVITED_DAYS: i64 = 14;

/// An address, in small letters. Personal data of who works here: not for a log line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

impl Email {
    /// `None` is no address to which an invitation could go.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let (local, domain) = text.rsplit_once('@')?;
        let is_plain = |it: char| it.is_ascii_alphanumeric() || "._%+-'".contains(it);
        let is_host = |it: &str| {
            !it.is_empty() && it.chars().all(|it| it.is_ascii_alphanumeric() || it == '-')
        };
        let is_good = text.len() <= EMAIL_LIMIT
            && (1..=64).contains(&local.len())
            && local.chars().all(is_plain)
            && domain.contains('.')
            && domain.split('.').all(is_host);
        is_good.then_some(Self(text))
    }

    /// The address itself, for mail and for who manages people.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(redacted)")
    }
}

/// Who somebody is to the provider with whom they sign in. Neither part ever changes; an address
/// may be given to somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub issuer: String,
    pub subject: String,
}

/// Somebody with a role on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    pub email: Email,
    pub name: String,
    pub role: Role,
    pub invited_at: Timestamp,
    /// Who invited them, as the audit log names them.
    pub invited_by: String,
    /// Since they signed in for the first time.
    pub identity: Option<Identity>,
    pub joined_at: Option<Timestamp>,
    pub version: i64,
}

/// How somebody stands who was given a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Invited,
    /// They did not come in time, and have to be invited again.
    Expired,
    Joined,
}

impl Standing {
    pub fn name(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Expired => "expired",
            Self::Joined => "joined",
        }
    }
}

impl Person {
    /// When the invitation ends, if it is not used before.
    pub fn invited_until(&self) -> Timestamp {
        self.invited_at + (24 * INVITED_DAYS).hours()
    }

    pub fn standing(&self, now: Timestamp) -> Standing {
        match self.identity {
            Some(_) => Standing::Joined,
            None if now < self.invited_until() => Standing::Invited,
            None => Standing::Expired,
        }
    }

    /// Whether they administer the line, or can come in to do so.
    pub fn is_admin(&self, now: Timestamp) -> bool {
        self.role == Role::Admin && self.standing(now) != Standing::Expired
    }
}

/// Who may come in as somebody who was invited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Welcome {
    /// For the first time: bind them to who they are.
    Bind,
    Known,
    /// They were invited too long ago.
    TooLate,
    /// Their address belongs to somebody else by now.
    Other,
}

/// Decides on somebody whose address, verified by the provider, is the one that was invited.
pub fn welcome(person: &Person, identity: &Identity, now: Timestamp) -> Welcome {
    match &person.identity {
        None if person.standing(now) == Standing::Expired => Welcome::TooLate,
        None => Welcome::Bind,
        Some(known) if known == identity => Welcome::Known,
        Some(_) => Welcome::Other,
    }
}

/// Without them nobody could give anybody access again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastAdmin;

/// Whether somebody may have another role, or none: a line keeps an admin.
pub fn may_become(
    people: &[Person],
    id: &PersonId,
    role: Option<Role>,
    now: Timestamp,
) -> Result<(), LastAdmin> {
    let is_admin = |it: &&Person| it.is_admin(now);
    let (mut admins, others) = (
        people.iter().filter(is_admin).filter(|it| it.id == *id),
        people.iter().filter(is_admin).filter(|it| it.id != *id).count(),
    );
    if admins.next().is_some() && role != Some(Role::Admin) && others == 0 {
        return Err(LastAdmin);
    }
    Ok(())
}

/// The invitation: subject and text.
pub fn invitation(comune: &str, service: &str, role: Role, url: &str) -> (String, String) {
    let subject = format!("{comune}: accesso a Filo Diretto");
    let role = role.in_words();
    let text = format!(
        "Buongiorno,\n\n{comune} ti dà accesso a Filo Diretto, il servizio WhatsApp di {service}, \
         con questo ruolo: {role}.\n\nPer entrare apri questo indirizzo e accedi con l'account a \
         cui è arrivata questa mail:\n{url}\n\nL'invito vale {INVITED_DAYS} giorni.\n\nSe non te lo aspettavi, non fare nulla: senza il \
         tuo accesso l'invito non ha effetto.\n"
    );
    (subject, text)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn now() -> Timestamp {
        "2026-11-24T08:00:00Z".parse().unwrap()
    }

    fn identity(subject: &str) -> Identity {
        Identity { issuer: "https://login.example".to_owned(), subject: subject.to_owned() }
    }

    #[test]
    fn addresses_are_compared_in_small_letters() {
        for (text, want) in [
            (" Anna.Rossi@Comune.Example ", Some("anna.rossi@comune.example")),
            ("a+b@c.it", Some("a+b@c.it")),
            ("anna@comune", None),
            ("anna", None),
            ("@comune.example", None),
            ("anna@", None),
            ("anna@.it", None),
            ("an na@comune.example", None),
            ("anna@comune.example\r\nBcc: x@y.it", None),
            ("àncora@comune.example", None),
        ] {
            let read = Email::parse(text);
            assert_eq!(read.as_ref().map(Email::expose), want, "{text:?}");
        }
    }

    #[test]
    fn an_address_that_went_to_somebody_else_opens_nothing() {
        let invited = person("1", Role::Operator);
        let welcome = |person: &Person, identity: &Identity| welcome(person, identity, now());
        assert_eq!(welcome(&invited, &identity("a")), Welcome::Bind);
        let bound = Person { identity: Some(identity("a")), ..invited };
        assert_eq!(welcome(&bound, &identity("a")), Welcome::Known);
        assert_eq!(welcome(&bound, &identity("b")), Welcome::Other);
        let elsewhere = Identity { issuer: "https://other.example".to_owned(), ..identity("a") };
        assert_eq!(welcome(&bound, &elsewhere), Welcome::Other);
    }

    #[test]
    fn an_invitation_ends_unless_it_was_used() {
        let invited = person("1", Role::Admin);
        let until = invited.invited_until();
        assert_eq!(until, now() + 336.hours());
        let bound = Person { identity: Some(identity("a")), ..invited.clone() };
        for (person, at, standing, first) in [
            (&invited, until - 1.second(), Standing::Invited, Welcome::Bind),
            (&invited, until, Standing::Expired, Welcome::TooLate),
            (&bound, until, Standing::Joined, Welcome::Known),
        ] {
            assert_eq!(person.standing(at), standing);
            assert_eq!(welcome(person, &identity("a"), at), first);
            assert_eq!(person.is_admin(at), standing != Standing::Expired);
        }
    }

    #[test]
    fn who_can_no_longer_come_in_is_no_admin_to_leave_a_line_to() {
        let bound = Person { identity: Some(identity("a")), ..person("1", Role::Admin) };
        let people = [bound, person("2", Role::Admin)];
        let (id, invited) = (PersonId::new("1"), PersonId::new("2"));
        let late = people[1].invited_until();
        assert_eq!(may_become(&people, &id, None, now()), Ok(()));
        assert_eq!(may_become(&people, &id, None, late), Err(LastAdmin));
        assert_eq!(may_become(&people, &invited, None, late), Ok(()));
    }

    #[test]
    fn the_last_admin_stays() {
        let may_become =
            |people: &[Person], id: &PersonId, role| may_become(people, id, role, now());
        let (one, other) = (person("1", Role::Admin), person("2", Role::Operator));
        let people = [one.clone(), other];
        let (id, editor) = (PersonId::new("1"), Some(Role::Editor));
        assert_eq!(may_become(&people, &id, editor), Err(LastAdmin));
        assert_eq!(may_become(&people, &id, None), Err(LastAdmin));
        assert_eq!(may_become(&people, &id, Some(Role::Admin)), Ok(()));
        assert_eq!(may_become(&people, &PersonId::new("2"), None), Ok(()));
        let two = [one, person("2", Role::Admin)];
        assert_eq!(may_become(&two, &id, None), Ok(()));
    }
}
