// SPDX-License-Identifier: EUPL-1.2
//! Starts the function `statuses`.

use std::convert::Infallible;

use lambda_runtime::{LambdaEvent, service_fn};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    platform::telemetry::init_lambda();
    let app = statuses::App::connect().await?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| async {
        Ok::<_, Infallible>(app.handle(event.payload).await)
    }))
    .await
}
