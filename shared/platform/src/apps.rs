// SPDX-License-Identifier: EUPL-1.2
//! The Meta apps of a deployment with their secrets, which may be replaced while it runs.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use domain::ids::AppId;
use tokio::sync::Mutex;
use tracing::{info, warn};

use crate::settings::{Secret, SettingError, Settings};

/// Secrets are read again at most so often: a stranger can make us want to, with a wrong
/// signature.
const AT_MOST_EVERY: Duration = Duration::from_secs(30);

/// One Meta app: its webhook is `/webhook/{id}`, and `/webhook` for the app `default`.
#[derive(Clone, Debug)]
pub struct MetaApp {
    pub id: AppId,
    /// What signs its webhooks: one, or two during a rotation.
    pub secrets: Vec<Secret>,
    pub verify_token: Secret,
    pub access_token: Secret,
}

/// Every app of this deployment. Cheap to clone; all clones know the newest secrets.
#[derive(Clone)]
pub struct Apps(Arc<Shared>);

struct Shared {
    known: RwLock<Arc<[MetaApp]>>,
    /// Where they come from.
    settings: Settings,
    read_at: Mutex<Option<Instant>>,
}

/// The access token of one app.
#[derive(Clone)]
pub struct AccessToken {
    text: Secret,
    /// Who may know a newer one.
    of: Option<(AppId, Apps)>,
}

impl Apps {
    pub fn of(settings: &Settings) -> Result<Self, SettingError> {
        Ok(Self(Arc::new(Shared {
            known: RwLock::new(settings.apps()?.into()),
            settings: settings.clone(),
            read_at: Mutex::default(),
        })))
    }

    /// All of them, as they are known now.
    pub fn known(&self) -> Arc<[MetaApp]> {
        Arc::clone(&self.0.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn find(&self, id: &AppId) -> Option<MetaApp> {
        self.known().iter().find(|it| it.id == *id).cloned()
    }

    pub fn access_token(&self, id: &AppId) -> Option<AccessToken> {
        let text = self.find(id)?.access_token;
        Some(AccessToken { text, of: Some((id.clone(), self.clone())) })
    }

    /// Reads the secrets again where they are kept, unless that was done within half a minute.
    /// What cannot be read leaves those that are known.
    pub async fn read_again(&self) {
        let mut read_at = self.0.read_at.lock().await;
        if read_at.is_some_and(|it| it.elapsed() < AT_MOST_EVERY) {
            return;
        }
        *read_at = Some(Instant::now());
        let Some(read) = self.0.settings.read_again().await else { return };
        match read.and_then(|it| it.apps()) {
            Ok(apps) => {
                *self.0.known.write().unwrap_or_else(PoisonError::into_inner) = apps.into();
                info!("read the secrets of Meta's apps again");
            }
            Err(err) => warn!("secrets not read again: {err}"),
        }
    }
}

impl AccessToken {
    /// A token that nothing replaces.
    pub fn fixed(text: impl Into<Arc<str>>) -> Self {
        Self { text: Secret::new(text), of: None }
    }

    /// For a header. Never for a log line.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// The token that took this one's place, if there is one by now.
    pub async fn renewed(&self) -> Option<Self> {
        let (id, apps) = self.of.as_ref()?;
        let newer = || apps.access_token(id).filter(|it| !self.text.matches(it.expose()));
        if let Some(newer) = newer() {
            return Some(newer);
        }
        apps.read_again().await;
        newer()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}
