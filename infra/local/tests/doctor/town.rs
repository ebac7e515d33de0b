// SPDX-License-Identifier: EUPL-1.2
//! A stack that is looked at, and what is said of it.

use std::path::Path;

use axum::Router;
use axum::http::StatusCode;
use fakes::meta::Meta;
use local_stack::doctor::{Finding, Level, Seeing};
use local_stack::{Options, Stack};
use platform::clock::{Clock, Shifted};
use platform::settings::Settings;
use tokio::net::TcpListener;

/// The line files of the two yardsticks.
pub(crate) const LINES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../lines");
/// Pordenone's account.
pub(crate) const ACCOUNT: &str = "331651133100002";

pub(crate) struct Town(pub(crate) Stack);

/// What was found.
pub(crate) struct Found(pub(crate) Vec<Finding>);

impl Town {
    pub(crate) async fn new() -> Self {
        let options = Options {
            port: 0,
            data: None,
            lines: LINES.into(),
            api_key: "local-key".to_owned(),
            clock: None,
            graph_url: None,
            settings: Settings::given([]),
        };
        Self(Stack::start(options).await.unwrap())
    }

    pub(crate) fn meta(&self) -> &Meta {
        self.0.meta().unwrap()
    }

    /// As the command would look, with the settings of its environment.
    pub(crate) async fn looked_at<const N: usize>(&self, settings: [(&str, &str); N]) -> Found {
        let seeing = seeing(Settings::given(settings));
        Found(seeing.on_this_machine(&self.0.url(), Path::new(LINES)).await)
    }
}

/// A look at Pordenone.
pub(crate) fn seeing(settings: Settings) -> Seeing {
    Seeing { only: Some("pordenone".to_owned()), settings, clock: Clock::System }
}

/// A clock that is so far ahead of the system's.
pub(crate) fn ahead(seconds: u64) -> Clock {
    let clock = Shifted::default();
    clock.advance(std::time::Duration::from_secs(seconds));
    Clock::Shifted(clock)
}

impl Found {
    /// All that is not well: `errore webhook: firma (default): …`.
    pub(crate) fn wrong(&self) -> Vec<String> {
        let wrong = self.0.iter().filter(|it| it.level != Level::Ok);
        wrong
            .map(|Finding { check, about, level, what, .. }| {
                let level = if *level == Level::Error { "errore" } else { "attenzione" };
                format!("{level} {check} ({about}): {what}")
            })
            .collect()
    }

    /// What is not well are these, by their beginnings and in any order.
    pub(crate) fn assert_wrong(&self, want: &[&str]) {
        let wrong = self.wrong();
        let each = want.iter().all(|want| wrong.iter().any(|it| it.starts_with(want)));
        assert!(each && wrong.len() == want.len(), "{wrong:#?}, wanted {want:#?}");
        self.assert_discreet();
    }

    /// Nothing secret and no number stands anywhere.
    pub(crate) fn assert_discreet(&self) {
        let said = serde_json::to_string(&self.0).unwrap();
        for secret in
            ["local-token", "local-app-secret", "local-verify-token", "651 1331", "39331651"]
        {
            assert!(!said.contains(secret), "{secret}: {said}");
        }
    }
}

/// Somebody who answers everything so; where.
pub(crate) async fn somebody_who_answers(status: StatusCode) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(move || async move { status });
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}
