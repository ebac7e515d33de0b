// SPDX-License-Identifier: EUPL-1.2
//! Settings: what the environment says, read once, each by the name of its variable.
//!
//! An error names the variable and never its value. No setting's absence selects a stand-in.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sqs::config::BehaviorVersion;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_types::SdkConfig;
use aws_types::region::Region;
use domain::ids::AppId;
use ring::hmac;

use crate::apps::MetaApp;
use crate::bucket::Bucket;
use crate::secrets::{Parameters, SecretsError};

const GRAPH_API_URL: &str = "https://graph.facebook.com";
const GRAPH_API_VERSION: &str = "v25.0";

/// With less than this many characters a key can be guessed.
const MIN_KEY_CHARACTERS: usize = 32;

/// An AWS that has not answered by then will not: the SDK tries again, three times in all.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The environment as it was at start, and the secrets that it says where to find.
#[derive(Clone)]
pub struct Settings {
    given: Arc<HashMap<String, String>>,
    secrets: Option<Secrets>,
}

/// Where secrets are, and what they were when they were read.
#[derive(Clone)]
struct Secrets {
    parameters: Parameters,
    read: Arc<HashMap<String, String>>,
}

/// Start cannot go on: say so to whoever deploys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    #[error("setting {0} is missing")]
    Missing(String),
    #[error("setting {name} must be {must_be}")]
    Wrong { name: String, must_be: &'static str },
    #[error(transparent)]
    Secrets(#[from] SecretsError),
}

/// Where Meta's Graph API is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// Without a slash at the end: `https://graph.facebook.com`.
    pub base_url: String,
    /// `v25.0`.
    pub version: String,
}

/// The provider with whom the office signs in.
#[derive(Clone, Debug)]
pub struct Oidc {
    /// Exactly as the provider writes it.
    pub issuer: String,
    pub client_id: String,
    /// None for a client that the provider knows by PKCE alone.
    pub client_secret: Option<Secret>,
    /// The provider is the comune's own and gives out the addresses itself.
    pub trusts_addresses: bool,
}

/// A text that is never printed. It leaves only through [`Secret::expose`].
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself, for a signature or a header. Never for a log line.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Compares in a time that tells nothing of where the two differ.
    pub fn matches(&self, given: &str) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"compare");
        let tag = hmac::sign(&key, given.as_bytes());
        hmac::verify(&key, self.0.as_bytes(), tag.as_ref()).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl Settings {
    /// Takes the process's environment. Variables that are not UTF-8 are not ours.
    pub fn from_env() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::of(std::env::vars_os().filter_map(text).collect())
    }

    /// Takes the process's environment, and reads the secrets under `SECRETS_PATH` if it is set.
    /// What the environment sets itself counts.
    pub async fn load() -> Result<Self, SettingError> {
        let settings = Self::from_env();
        match settings.optional("SECRETS_PATH") {
            None => Ok(settings),
            Some(path) => settings.with_secrets_under(&settings.aws()?, path).await,
        }
    }

    /// Settings given one by one: the local stack's, a test's.
    pub fn given<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let owned = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self::of(owned.into())
    }

    fn of(given: HashMap<String, String>) -> Self {
        Self { given: Arc::new(given), secrets: None }
    }

    /// The same settings, with these for what is not set.
    #[must_use]
    pub fn with_defaults<const N: usize>(&self, variables: [(&str, &str); N]) -> Self {
        let mut all = HashMap::clone(&self.given);
        for (name, value) in variables {
            if self.optional(name).is_none() {
                all.insert(name.to_owned(), value.to_owned());
            }
        }
        Self { given: Arc::new(all), secrets: self.secrets.clone() }
    }

    /// The same settings, and the secrets under this path of Systems Manager's parameters.
    pub async fn with_secrets_under(
        &self,
        config: &SdkConfig,
        path: &str,
    ) -> Result<Self, SettingError> {
        let parameters = Parameters::under(config, path);
        let read = Arc::new(parameters.read().await?);
        Ok(Self { given: Arc::clone(&self.given), secrets: Some(Secrets { parameters, read }) })
    }

    /// The same settings with the secrets as they are now; `None` if there is nothing to read.
    pub(crate) async fn read_again(&self) -> Option<Result<Self, SettingError>> {
        let Secrets { parameters, .. } = self.secrets.clone()?;
        let read = match parameters.read().await {
            Ok(read) => Arc::new(read),
            Err(err) => return Some(Err(err.into())),
        };
        let secrets = Some(Secrets { parameters, read });
        Some(Ok(Self { given: Arc::clone(&self.given), secrets }))
    }

    /// A variable, if it is set to something.
    pub fn optional(&self, name: &str) -> Option<&str> {
        let secret = || self.secrets.as_ref()?.read.get(name);
        let set = |it: &&str| !it.is_empty();
        let given = self.given.get(name).map(|it| it.trim()).filter(set);
        given.or_else(|| secret().map(|it| it.trim()).filter(set))
    }

    pub fn required(&self, name: &str) -> Result<&str, SettingError> {
        self.optional(name).ok_or_else(|| SettingError::Missing(name.to_owned()))
    }

    fn secret(&self, name: &str) -> Result<Secret, SettingError> {
        self.required(name).map(Secret::new)
    }

    /// The names of the three tables: `SUBSCRIBERS_TABLE`, `MESSAGES_TABLE`, `BROADCASTS_TABLE`.
    pub fn tables(&self) -> Result<[&str; 3], SettingError> {
        Ok([
            self.required("SUBSCRIBERS_TABLE")?,
            self.required("MESSAGES_TABLE")?,
            self.required("BROADCASTS_TABLE")?,
        ])
    }

    /// `API_KEY`, a key with every permission on every line.
    pub fn api_key(&self) -> Result<Secret, SettingError> {
        let key = self.secret("API_KEY")?;
        if key.expose().chars().count() < MIN_KEY_CHARACTERS {
            return Err(wrong("API_KEY", "at least 32 characters, random"));
        }
        Ok(key)
    }

    pub fn inbound_queue_url(&self) -> Result<&str, SettingError> {
        self.required("INBOUND_QUEUE_URL")
    }

    pub fn sends_queue_url(&self) -> Result<&str, SettingError> {
        self.required("SENDS_QUEUE_URL")
    }

    pub fn statuses_queue_url(&self) -> Result<&str, SettingError> {
        self.required("STATUSES_QUEUE_URL")
    }

    /// `OIDC_ISSUER`, `OIDC_CLIENT_ID`, `OIDC_CLIENT_SECRET`, and `OIDC_TRUST_EMAIL` for a provider
    /// that does not say whether an address is verified. Without an issuer nobody signs in.
    pub fn oidc(&self) -> Result<Option<Oidc>, SettingError> {
        let Some(issuer) = self.optional("OIDC_ISSUER") else { return Ok(None) };
        let is_safe = ["https://", "http://127.0.0.1:"].iter().any(|it| issuer.starts_with(it));
        if !is_safe {
            return Err(wrong("OIDC_ISSUER", "an address that begins with https://"));
        }
        let trusts_addresses = match self.optional("OIDC_TRUST_EMAIL") {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(wrong("OIDC_TRUST_EMAIL", "true or false")),
        };
        Ok(Some(Oidc {
            issuer: issuer.to_owned(),
            client_id: self.required("OIDC_CLIENT_ID")?.to_owned(),
            client_secret: self.optional("OIDC_CLIENT_SECRET").map(Secret::new),
            trusts_addresses,
        }))
    }

    /// The bus's name.
    pub fn event_bus(&self) -> Result<&str, SettingError> {
        self.required("EVENT_BUS")
    }

    /// The sender of [`crate::mail::Mail::Ses`]; without it no mail is sent.
    pub fn mail_from(&self) -> Option<&str> {
        self.optional("MAIL_FROM")
    }

    /// The bucket of [`crate::aside::Aside`].
    pub fn aside_bucket(&self) -> Result<Bucket, SettingError> {
        self.bucket("ASIDE_BUCKET")
    }

    /// The bucket of [`crate::media::Files`].
    pub fn media_bucket(&self) -> Result<Bucket, SettingError> {
        self.bucket("MEDIA_BUCKET")
    }

    fn bucket(&self, variable: &'static str) -> Result<Bucket, SettingError> {
        let name = self.required(variable)?;
        let key = self.required("AWS_ACCESS_KEY_ID")?;
        let secret = self.required("AWS_SECRET_ACCESS_KEY")?;
        let credentials = match self.optional("AWS_SESSION_TOKEN") {
            None => rusty_s3::Credentials::new(key, secret),
            Some(token) => rusty_s3::Credentials::new_with_token(key, secret, token),
        };
        let (region, endpoint) = (self.required("AWS_REGION")?, self.optional("AWS_ENDPOINT_URL"));
        let bucket = Bucket::new(name, region, endpoint, credentials);
        bucket.ok_or_else(|| wrong(variable, "the name of a bucket"))
    }

    /// `GRAPH_API_URL` and `GRAPH_API_VERSION`, Meta's own if they are not set.
    pub fn graph(&self) -> Graph {
        let base_url = self.optional("GRAPH_API_URL").unwrap_or(GRAPH_API_URL);
        let version = self.optional("GRAPH_API_VERSION").unwrap_or(GRAPH_API_VERSION);
        Graph { base_url: base_url.trim_end_matches('/').to_owned(), version: version.to_owned() }
    }

    /// `LOOKUP_KEY`, the key of every HMAC of a phone number. It must never change: nobody would
    /// be found again.
    pub fn lookup_key(&self) -> Result<Secret, SettingError> {
        let key = self.secret("LOOKUP_KEY")?;
        if key.expose().chars().count() < MIN_KEY_CHARACTERS {
            return Err(wrong("LOOKUP_KEY", "at least 32 characters, random"));
        }
        Ok(key)
    }

    /// The apps that `META_APPS` lists, or that secrets were found of; without either, `default`
    /// alone.
    ///
    /// The settings of `default` are `META_APP_SECRET`, `META_VERIFY_TOKEN` and
    /// `META_ACCESS_TOKEN`; those of `comune-x` end in `__COMUNE_X`.
    pub(crate) fn apps(&self) -> Result<Vec<MetaApp>, SettingError> {
        let list = self.optional("META_APPS").unwrap_or("default");
        let ids: Vec<_> = list.split(',').map(str::trim).collect();
        let distinct: HashSet<_> = ids.iter().collect();
        if distinct.len() < ids.len() || !ids.iter().all(|it| is_slug(it)) {
            return Err(wrong("META_APPS", "distinct ids of a-z, 0-9 and - between commas"));
        }
        ids.into_iter().map(|id| self.app(id)).collect()
    }

    fn app(&self, id: &str) -> Result<MetaApp, SettingError> {
        let suffix = match id {
            "default" => String::new(),
            id => format!("__{}", id.to_uppercase().replace('-', "_")),
        };
        let name = format!("META_APP_SECRET{suffix}");
        let secrets: Vec<_> = self.required(&name)?.split(',').map(str::trim).collect();
        if secrets.len() > 2 || secrets.contains(&"") {
            return Err(wrong(&name, "one secret, or two with a comma between them"));
        }
        Ok(MetaApp {
            id: AppId::new(id),
            secrets: secrets.into_iter().map(Secret::new).collect(),
            verify_token: self.secret(&format!("META_VERIFY_TOKEN{suffix}"))?,
            access_token: self.secret(&format!("META_ACCESS_TOKEN{suffix}"))?,
        })
    }

    /// What every AWS client of a process is made from, once. Reading certificates is the dear
    /// part, so make it once and only where there is a client.
    ///
    /// `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` as
    /// Lambda sets them, and `AWS_ENDPOINT_URL` for an emulator.
    pub fn aws(&self) -> Result<SdkConfig, SettingError> {
        let credentials = Credentials::new(
            self.required("AWS_ACCESS_KEY_ID")?,
            self.required("AWS_SECRET_ACCESS_KEY")?,
            self.optional("AWS_SESSION_TOKEN").map(str::to_owned),
            None,
            "environment",
        );
        let client = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_WITHIN)
            .operation_attempt_timeout(ANSWER_WITHIN)
            .build();
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.required("AWS_REGION")?.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(client)
            .timeout_config(timeouts);
        config.set_endpoint_url(self.optional("AWS_ENDPOINT_URL").map(str::to_owned));
        Ok(config.build())
    }
}

fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
}

fn wrong(name: &str, must_be: &'static str) -> SettingError {
    SettingError::Wrong { name: name.to_owned(), must_be }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(name: &str) -> SettingError {
        SettingError::Missing(name.to_owned())
    }

    #[test]
    fn a_missing_or_empty_setting_is_named() {
        let settings =
            Settings::given([("SUBSCRIBERS_TABLE", "subscribers"), ("MESSAGES_TABLE", " ")]);
        assert_eq!(settings.tables(), Err(missing("MESSAGES_TABLE")));
        assert_eq!(settings.lookup_key().unwrap_err().to_string(), "setting LOOKUP_KEY is missing");
    }

    #[test]
    fn meta_is_the_default_graph_api() {
        let graph = Settings::given([]).graph();
        assert_eq!(graph.base_url, "https://graph.facebook.com");
        assert_eq!(graph.version, "v25.0");
        let graph = Settings::given([("GRAPH_API_URL", "http://127.0.0.1:9/")]).graph();
        assert_eq!(graph.base_url, "http://127.0.0.1:9");
    }

    #[test]
    fn each_app_has_its_own_secrets() {
        let settings = Settings::given([
            ("META_APPS", "default, comune-x"),
            ("META_APP_SECRET", "new,old"),
            ("META_VERIFY_TOKEN", "v1"),
            ("META_ACCESS_TOKEN", "t1"),
            ("META_APP_SECRET__COMUNE_X", "x"),
            ("META_VERIFY_TOKEN__COMUNE_X", "v2"),
            ("META_ACCESS_TOKEN__COMUNE_X", "t2"),
        ]);
        let apps = settings.apps().unwrap();
        let exposed: Vec<_> = apps
            .iter()
            .map(|it| {
                let secrets: Vec<_> = it.secrets.iter().map(Secret::expose).collect();
                (it.id.as_str(), secrets, it.verify_token.expose(), it.access_token.expose())
            })
            .collect();
        assert_eq!(
            exposed,
            [("default", vec!["new", "old"], "v1", "t1"), ("comune-x", vec!["x"], "v2", "t2")]
        );
        assert!(!format!("{apps:?}").contains("old"));
    }

    #[test]
    fn apps_that_cannot_work_are_refused() {
        let whole =
            [("META_APP_SECRET", "s"), ("META_VERIFY_TOKEN", "v"), ("META_ACCESS_TOKEN", "t")];
        assert_eq!(Settings::given(whole).apps().unwrap().len(), 1);
        for (name, value, at_fault) in [
            ("META_APPS", "default,default", "META_APPS"),
            ("META_APPS", "default,", "META_APPS"),
            ("META_APPS", "Comune X", "META_APPS"),
            ("META_APPS", "comune-x", "META_APP_SECRET__COMUNE_X"),
            ("META_APP_SECRET", "a,b,c", "META_APP_SECRET"),
            ("META_APP_SECRET", "a,", "META_APP_SECRET"),
            ("META_ACCESS_TOKEN", "", "META_ACCESS_TOKEN"),
        ] {
            let [a, b, c] = whole;
            let why = Settings::given([a, b, c, (name, value)]).apps().unwrap_err().to_string();
            assert!(why.starts_with(&format!("setting {at_fault} ")), "{name}={value}: {why}");
        }
    }

    #[test]
    fn a_lookup_key_that_can_be_guessed_is_refused() {
        let why = Settings::given([("LOOKUP_KEY", "secret")]).lookup_key().unwrap_err();
        assert_eq!(why, wrong("LOOKUP_KEY", "at least 32 characters, random"));
        assert!(!why.to_string().contains("secret"), "{why}");
        let long = "0123456789abcdef0123456789abcdef";
        assert_eq!(Settings::given([("LOOKUP_KEY", long)]).lookup_key().unwrap().expose(), long);
    }

    #[test]
    fn aws_needs_its_credentials_and_takes_an_endpoint() {
        let whole = [
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "key"),
            ("AWS_REGION", "eu-south-1"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
        ];
        let config = Settings::given(whole).aws().unwrap();
        assert_eq!(config.endpoint_url(), Some("http://127.0.0.1:4566"));
        assert_eq!(config.region().map(Region::as_ref), Some("eu-south-1"));
        let [id, key, ..] = whole;
        assert_eq!(Settings::given([id, key]).aws().map(drop).unwrap_err(), missing("AWS_REGION"));
        assert_eq!(
            Settings::given([id]).aws().map(drop).unwrap_err(),
            missing("AWS_SECRET_ACCESS_KEY")
        );
    }
}
