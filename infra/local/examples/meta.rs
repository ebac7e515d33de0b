// SPDX-License-Identifier: EUPL-1.2
//! Meta's stand-in alone, for lines whose webhook is elsewhere, as on an emulator of AWS.
//!
//! `cargo run -p local-stack --example meta -- infra/lines http://127.0.0.1:4566/webhook 3999`. The
//! app's secrets are in `META_…`.

use std::future::pending;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use local_stack::{lines, meta};
use platform::apps::Apps;
use platform::clock::Clock;
use platform::settings::Settings;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, webhook_url, port] = arguments.as_slice() else {
        anyhow::bail!("what it needs: FOLDER_OF_LINES WEBHOOK_URL PORT")
    };
    let files = lines::read_folder(Path::new(folder))?;
    let lines: Vec<_> = files.iter().map(|it| &it.line).collect();
    let apps = Apps::of(&Settings::from_env())?.known();
    let meta = meta::open(None, &Clock::System, &apps, &lines)?;
    meta.set_webhook_url("default", webhook_url)?;
    let port: u16 = port.parse().context("read PORT")?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.context("listen")?;
    let url = format!("http://127.0.0.1:{port}");
    meta.set_graph_url(&url);
    let served = meta.graph().merge(meta.simulator());
    tokio::spawn(async move { meta.run(pending()).await });
    writeln!(std::io::stdout(), "ready {url}")?;
    Ok(axum::serve(listener, served).await?)
}
