// SPDX-License-Identifier: EUPL-1.2
//! HTTP for whatever no SDK speaks to.

use reqwest::{ClientBuilder, redirect};

/// A client that follows no redirect, which could take a secret to another host and a message to
/// its reader twice.
pub fn client() -> ClientBuilder {
    // Fails if somebody else has installed it, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    ClientBuilder::new()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
}
