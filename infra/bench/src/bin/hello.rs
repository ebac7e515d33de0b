// SPDX-License-Identifier: EUPL-1.2
//! The least a Lambda function can be with the AWS clients named by its arguments: what the
//! start of our functions is measured against. With `ssm` first it reads its secrets, as they do.

use std::convert::Infallible;

use anyhow::{Context, bail};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::BehaviorVersion;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_types::SdkConfig;
use aws_types::region::Region;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

/// Held until the process ends, as a function holds its clients.
#[expect(dead_code, reason = "most are made and never called")]
enum Client {
    DynamoDb(aws_sdk_dynamodb::Client),
    EventBridge(aws_sdk_eventbridge::Client),
    Ses(aws_sdk_sesv2::Client),
    Sqs(aws_sdk_sqs::Client),
    Ssm(aws_sdk_ssm::Client),
}

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = config()?;
    let clients = std::env::args().skip(1).map(|name| client(&name, &config));
    let clients = clients.collect::<anyhow::Result<Vec<_>>>()?;
    if let Some(Client::Ssm(client)) = clients.first() {
        let path = std::env::var("SECRETS_PATH")?;
        client.get_parameters_by_path().path(path).with_decryption(true).send().await?;
    }
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async {
        Ok::<_, Infallible>(event.payload)
    }))
    .await
}

fn client(name: &str, config: &SdkConfig) -> anyhow::Result<Client> {
    Ok(match name {
        "dynamodb" => Client::DynamoDb(aws_sdk_dynamodb::Client::new(config)),
        "eventbridge" => Client::EventBridge(aws_sdk_eventbridge::Client::new(config)),
        "ses" => Client::Ses(aws_sdk_sesv2::Client::new(config)),
        "sqs" => Client::Sqs(aws_sdk_sqs::Client::new(config)),
        "ssm" => Client::Ssm(aws_sdk_ssm::Client::new(config)),
        _ => bail!("no client is called {name}"),
    })
}

fn config() -> anyhow::Result<SdkConfig> {
    let variable = |name| std::env::var(name).with_context(|| format!("read {name}"));
    let credentials = Credentials::new(
        variable("AWS_ACCESS_KEY_ID")?,
        variable("AWS_SECRET_ACCESS_KEY")?,
        None,
        None,
        "environment",
    );
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .build_https();
    Ok(SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(variable("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .endpoint_url(variable("AWS_ENDPOINT_URL")?)
        .build())
}
