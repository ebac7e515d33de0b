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

/// Starts the engine on the file, or in memory without one, and makes the tables.
///
/// Items past their expiry stay until the nightly clearing: the engine would measure them by the
/// system's clock, and the stack's may show another time.
pub(crate) async fn start(path: Option<&Path>, tasks: &mut JoinSet<()>) -> anyhow::Result<Store> {
    let database = match path {
        Some(path) => Database::new(path.to_str().context("the folder's name is not UTF-8")?),
        None => Database::memory(),
    };
    let database = database.context("open tables")?;
    let listener = TcpListener::bind("127.0.0.1:0").await.context("listen for the tables")?;
    let url = format!("http://{}", listener.local_addr()?);
    tasks.spawn(dynoxide::server::serve_on(listener, database));
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
