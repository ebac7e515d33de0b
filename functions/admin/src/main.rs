// SPDX-License-Identifier: EUPL-1.2
//! Starts the function `admin`.

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    platform::telemetry::init_lambda();
    lambda_http::run(admin::router(admin::App::connect().await?)).await
}
