// SPDX-License-Identifier: EUPL-1.2
//! Starts the function `desk`.

use lambda_runtime::{LambdaEvent, service_fn};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    platform::telemetry::init_lambda();
    let app = &desk::App::connect().await?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| async move {
        app.handle(event.payload).await.map_err(lambda_runtime::Error::from)
    }))
    .await
}
