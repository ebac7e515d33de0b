// SPDX-License-Identifier: EUPL-1.2
//! Who may do what on a line: scopes, as keys and people have them, and the roles of people.

pub mod audit;
pub mod key;
pub mod person;
pub mod sign_in;

/// One thing a key or a person may do on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Write, preview, schedule, stop broadcasts and their templates; see how they went, in counts.
    BroadcastWrite,
    /// Let somebody else's broadcast go.
    BroadcastApprove,
    /// Read and answer conversations; appointments, moderation, media.
    Desk,
    /// See who is subscribed, numbers masked.
    SubscribersRead,
    /// Rights over one's data: proof, export, erasure, the register of requests, the audit log.
    Privacy,
    /// Counts and costs.
    Reports,
    /// Keys, people, what nobody could read.
    Admin,
}

impl Scope {
    pub const ALL: [Self; 7] = [
        Self::BroadcastWrite,
        Self::BroadcastApprove,
        Self::Desk,
        Self::SubscribersRead,
        Self::Privacy,
        Self::Reports,
        Self::Admin,
    ];

    /// `broadcast:write`
    pub fn name(self) -> &'static str {
        match self {
            Self::BroadcastWrite => "broadcast:write",
            Self::BroadcastApprove => "broadcast:approve",
            Self::Desk => "desk",
            Self::SubscribersRead => "subscribers:read",
            Self::Privacy => "privacy",
            Self::Reports => "reports",
            Self::Admin => "admin",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// What a person is on a line. The scopes are what the role is; there are no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Everything, people and keys included.
    Admin,
    /// Writes and sends broadcasts.
    Editor,
    /// Lets the broadcasts of others go.
    Approver,
    /// Answers citizens.
    Operator,
    /// The data protection officer.
    Dpo,
    /// Sends on behalf of the office and sees counts only, never a person.
    Supplier,
}

impl Role {
    pub const ALL: [Self; 6] =
        [Self::Admin, Self::Editor, Self::Approver, Self::Operator, Self::Dpo, Self::Supplier];

    pub fn scopes(self) -> &'static [Scope] {
        use Scope::{BroadcastApprove, BroadcastWrite, Desk, Privacy, Reports, SubscribersRead};
        match self {
            Self::Admin => &Scope::ALL,
            Self::Editor => &[BroadcastWrite, SubscribersRead, Reports],
            Self::Approver => &[BroadcastApprove, Reports],
            Self::Operator => &[Desk, SubscribersRead],
            Self::Dpo => &[Privacy, Reports],
            Self::Supplier => &[BroadcastWrite, Reports],
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Editor => "editor",
            Self::Approver => "approver",
            Self::Operator => "operator",
            Self::Dpo => "dpo",
            Self::Supplier => "supplier",
        }
    }

    /// As the office reads it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Admin => "amministrazione della linea",
            Self::Editor => "redazione",
            Self::Approver => "approvazione degli invii",
            Self::Operator => "sportello",
            Self::Dpo => "protezione dei dati",
            Self::Supplier => "fornitore",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_read_by_its_name_and_some_role_has_each_scope() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.name()), Some(role));
        }
        for scope in Scope::ALL {
            let others = Role::ALL.iter().filter(|it| **it != Role::Admin);
            let held = others.clone().any(|it| it.scopes().contains(&scope));
            assert!(held || scope == Scope::Admin, "{scope:?}");
        }
    }

    #[test]
    fn a_supplier_sends_and_sees_counts_only() {
        let scopes = Role::Supplier.scopes();
        assert!(scopes.contains(&Scope::BroadcastWrite) && scopes.contains(&Scope::Reports));
        let personal = [Scope::SubscribersRead, Scope::Desk, Scope::Privacy, Scope::Admin];
        assert!(personal.iter().all(|it| !scopes.contains(it)));
    }

    #[test]
    fn every_scope_is_read_by_its_name() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.name()), Some(scope));
        }
        assert_eq!(Scope::parse("everything"), None);
    }
}
