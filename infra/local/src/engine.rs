// SPDX-License-Identifier: EUPL-1.2
//! The embedded DynamoDB: the real client speaks to it over loopback.

use std::path::Path;

use anyhow::Context;
use dynoxide::Database;
use platform::settings::Settings;
use store::{Store, Tables};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The three tables of a local stack.
pub fn tables() -> Tables {
    Tables {
        subscribers: "subscribers".to_owned(),
        messages: "messages".to_owned(),
        broadcasts: "broadcasts".to_owned(),
    }
}

/// Opens the tables, and makes those that are not there.
///
/// They are in the DynamoDB at `url`, or else in an engine of our own on the file at `path`, or
/// in memory without either. Items past their expiry stay until the nightly clearing: the engine would measure them by the
/// system's clock, and the stack's may show another time.
pub(crate) async fn start(
    url: Option<&str>,
    path: Option<&Path>,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<Store> {
    let url = match url {
        Some(url) => url.to_owned(),
        None => embedded(path, tasks).await?,
    };
    let settings = Settings::given([
        ("AWS_REGION", "eu-south-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL", &url),
    ]);
    let client = aws_sdk_dynamodb::Client::new(&settings.aws()?);
    store::tables::create(&client, &tables()).await.context("make tables")?;
    Ok(Store::new(client, tables()))
}

/// Starts the engine; where it listens.
async fn embedded(path: Option<&Path>, tasks: &mut JoinSet<()>) -> anyhow::Result<String> {
    let database = match path {
        Some(path) => Database::new(path.to_str().context("the folder's name is not UTF-8")?),
        None => Database::memory(),
    };
    let database = database.context("open tables")?;
    let listener = TcpListener::bind("127.0.0.1:0").await.context("listen for the tables")?;
    let url = format!("http://{}", listener.local_addr()?);
    tasks.spawn(dynoxide::server::serve_on(listener, database));
    Ok(url)
}
