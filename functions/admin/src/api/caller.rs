// SPDX-License-Identifier: EUPL-1.2
//! Who makes a request, and what they may do.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::middleware::{self, Next};
use axum::response::Response;
use domain::access::key::ApiKey;
use domain::access::{Role, Scope};
use domain::ids::{LineId, PersonId};

use super::problem::Problem;
use super::routes::Routes;

/// Whoever showed a key that is right, or is signed in.
#[derive(Clone)]
pub(crate) struct Caller {
    who: String,
    name: String,
    grants: Grants,
}

#[derive(Clone)]
enum Grants {
    Everything,
    /// A key's, on its own line.
    Key(LineId, BTreeSet<Scope>),
    /// Somebody's, by the line.
    Roles(BTreeMap<LineId, Role>),
}

impl Caller {
    /// The key with every permission on every line.
    pub(crate) fn root() -> Self {
        Self { who: "root".to_owned(), name: "api".to_owned(), grants: Grants::Everything }
    }

    pub(crate) fn key(line: LineId, key: &ApiKey) -> Self {
        let (who, name) = (format!("key {}", key.id), key.name.clone());
        Self { who, name, grants: Grants::Key(line, key.scopes.clone()) }
    }

    /// `None` if they are nothing anywhere.
    pub(crate) fn person(
        id: &PersonId,
        name: String,
        roles: BTreeMap<LineId, Role>,
    ) -> Option<Self> {
        let who = format!("person {id}");
        (!roles.is_empty()).then_some(Self { who, name, grants: Grants::Roles(roles) })
    }

    /// `root`, `key 0b9e…`, `person 4f…`: what the audit log goes by.
    pub(crate) fn who(&self) -> &str {
        &self.who
    }

    /// For the desk's colleagues and the audit log. Never a citizen's.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether there is anything on the line that they may do.
    pub(crate) fn knows(&self, line: &LineId) -> bool {
        match &self.grants {
            Grants::Everything => true,
            Grants::Key(its, _) => its == line,
            Grants::Roles(roles) => roles.contains_key(line),
        }
    }

    pub(crate) fn may(&self, line: &LineId, scope: Scope) -> bool {
        match &self.grants {
            Grants::Everything => true,
            Grants::Key(its, scopes) => its == line && scopes.contains(&scope),
            Grants::Roles(roles) => roles.get(line).is_some_and(|it| it.scopes().contains(&scope)),
        }
    }

    /// What they are on a line, if they are somebody.
    pub(crate) fn role(&self, line: &LineId) -> Option<Role> {
        match &self.grants {
            Grants::Roles(roles) => roles.get(line).copied(),
            Grants::Everything | Grants::Key(..) => None,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::unauthorized)
    }
}

/// Who may look at broadcasts and at what became of them, without seeing who got them.
pub(crate) const COUNTS: [Scope; 3] =
    [Scope::BroadcastWrite, Scope::BroadcastApprove, Scope::Reports];

/// Routes of a line for who has one of the scopes; their descriptions say so.
pub(crate) fn needs(scopes: &'static [Scope], routes: Routes) -> Routes {
    let check = middleware::from_fn_with_state(scopes, only_with_scope);
    routes.need(scopes).map(|it| it.route_layer(check))
}

async fn only_with_scope(
    State(scopes): State<&'static [Scope]>,
    path: Result<Path<HashMap<String, String>>, PathRejection>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    // What is not even text is the name of nothing.
    let line = path.ok().and_then(|Path(mut it)| it.remove("line")).unwrap_or_default();
    let line = LineId::new(line);
    if !caller.knows(&line) {
        return Err(Problem::unknown_line());
    }
    if !scopes.iter().any(|it| caller.may(&line, *it)) {
        return Err(Problem::forbidden(scopes));
    }
    Ok(next.run(request).await)
}
