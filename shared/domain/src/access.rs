// SPDX-License-Identifier: EUPL-1.2
//! Who may do what on a line: scopes, as keys and people have them.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_is_read_by_its_name() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.name()), Some(scope));
        }
        assert_eq!(Scope::parse("everything"), None);
    }
}
