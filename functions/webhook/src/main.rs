// SPDX-License-Identifier: EUPL-1.2
//! Starts the function `webhook`.

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    platform::telemetry::init_lambda();
    lambda_http::run(webhook::router(webhook::App::connect().await?)).await
}
