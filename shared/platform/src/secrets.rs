// SPDX-License-Identifier: EUPL-1.2
//! Secrets as SSM keeps them: encrypted parameters under one path, each holding settings, one
//! `NAME=value` a line.
//!
//! ```text
//! /filodiretto/{stack}/secrets/keys/lookup      LOOKUP_KEY=…
//! /filodiretto/{stack}/secrets/keys/api         API_KEY=…
//! /filodiretto/{stack}/secrets/apps/default     META_APP_SECRET=…  META_VERIFY_TOKEN=…  META_ACCESS_TOKEN=…
//! /filodiretto/{stack}/secrets/apps/comune-x    META_APP_SECRET__COMUNE_X=…  …
//! ```

use std::collections::HashMap;

use aws_sdk_ssm::Client;
use aws_types::SdkConfig;

use crate::aws::Fault;

/// The folder of the path that has a parameter for each Meta app.
const APPS: &str = "apps";

/// Encrypted parameters under a path.
#[derive(Clone)]
pub struct Parameters {
    client: Client,
    path: String,
}

/// An error never quotes a parameter's value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    #[error("parameters under {path} not read ({reason})")]
    Unavailable { path: String, reason: String },
    #[error("parameter {name}, line {line}, must be NAME=value")]
    Unreadable { name: String, line: usize },
}

impl Parameters {
    /// `path` as `/filodiretto/{stack}/secrets`, or a part of it.
    pub fn under(config: &SdkConfig, path: &str) -> Self {
        Self { client: Client::new(config), path: path.trim_end_matches('/').to_owned() }
    }

    /// All that they say, and `META_APPS` after the apps found. One call for every ten parameters,
    /// which is the most SSM answers at once.
    ///
    /// Source: Systems Manager API Reference, `GetParametersByPath`.
    pub(crate) async fn read(&self) -> Result<HashMap<String, String>, SecretsError> {
        let request = self.client.get_parameters_by_path().path(&self.path);
        let mut pages = request.recursive(true).with_decryption(true).into_paginator().send();
        let (mut all, mut apps) = (HashMap::new(), Vec::new());
        while let Some(page) = pages.next().await {
            let page = page.map_err(|err| SecretsError::Unavailable {
                path: self.path.clone(),
                reason: Fault::of(&err).to_string(),
            })?;
            for it in page.parameters() {
                let name = it.name().unwrap_or_default();
                apps.extend(app_in(name));
                all.extend(settings_in(name, it.value().unwrap_or_default())?);
            }
        }
        if !apps.is_empty() {
            apps.sort_unstable();
            all.insert("META_APPS".to_owned(), apps.join(","));
        }
        Ok(all)
    }
}

/// The app that a parameter is of: `comune-x` for `…/apps/comune-x`.
fn app_in(name: &str) -> Option<String> {
    let (folder, app) = name.rsplit_once('/')?;
    (folder.rsplit('/').next() == Some(APPS)).then(|| app.to_owned())
}

fn settings_in(name: &str, value: &str) -> Result<Vec<(String, String)>, SecretsError> {
    let lines = value.lines().map(str::trim).enumerate();
    lines
        .filter(|(_, it)| !it.is_empty() && !it.starts_with('#'))
        .map(|(n, it)| match it.split_once('=') {
            Some((setting, secret)) => {
                Ok((setting.trim_end().to_owned(), secret.trim_start().to_owned()))
            }
            None => Err(SecretsError::Unreadable { name: name.to_owned(), line: n + 1 }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_holds_settings_a_line_each() {
        let read =
            settings_in("/f/s/secrets/apps/default", "META_APP_SECRET=a,b\n\n# new\nX = c=d\n");
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        assert_eq!(read, Ok([("META_APP_SECRET", "a,b"), ("X", "c=d")].map(owned).into()));
    }

    #[test]
    fn a_line_that_is_no_setting_is_named_and_not_quoted() {
        let why =
            settings_in("/f/s/secrets/keys/api", "API_KEY=x\nsecret").unwrap_err().to_string();
        assert_eq!(why, "parameter /f/s/secrets/keys/api, line 2, must be NAME=value");
    }

    #[test]
    fn an_app_is_a_parameter_in_the_folder_of_apps() {
        assert_eq!(app_in("/f/s/secrets/apps/comune-x").as_deref(), Some("comune-x"));
        assert_eq!(app_in("/f/s/secrets/keys/lookup"), None);
        assert_eq!(app_in("apps"), None);
    }
}
