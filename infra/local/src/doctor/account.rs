// SPDX-License-Identifier: EUPL-1.2
//! Asks AWS about the account: two calls, signed here.
//!
//! Lambda's SDK takes half a minute to compile, for one number.

use std::time::SystemTime;

use anyhow::Context;
use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use futures::join;
use reqwest::Method;
use serde_json::{Value, json};

use super::facts::FromAws;
use super::{Finding, judgement, web};

pub(super) async fn findings(config: &SdkConfig) -> Vec<Finding> {
    let region = config.region().map_or("", |it| it.as_ref());
    let (status, quota) = join!(region_status(config, region), concurrency(config, region));
    vec![judgement::region(region, &status), judgement::concurrency(region, &quota)]
}

/// Source: Account Management API Reference, `GetRegionOptStatus`.
async fn region_status(config: &SdkConfig, region: &str) -> FromAws<String> {
    // The service is the same for all regions, and lives in one.
    let host = "https://account.us-east-1.amazonaws.com";
    let body = json!({ "RegionName": region }).to_string();
    let answer = Call { config, service: "account", region: "us-east-1", host }
        .send(Method::POST, "/getRegionOptStatus", body)
        .await?;
    let status = answer["RegionOptStatus"].as_str().map(str::to_owned);
    status.ok_or_else(|| "account non lo dice".to_owned())
}

/// Source: Lambda API Reference, `GetAccountSettings`.
async fn concurrency(config: &SdkConfig, region: &str) -> FromAws<u64> {
    let host = &format!("https://lambda.{region}.amazonaws.com");
    let answer = Call { config, service: "lambda", region, host }
        .send(Method::GET, "/2016-08-19/account-settings", String::new())
        .await?;
    let quota = answer["AccountLimit"]["ConcurrentExecutions"].as_u64();
    quota.ok_or_else(|| "Lambda non lo dice".to_owned())
}

struct Call<'a> {
    config: &'a SdkConfig,
    service: &'static str,
    region: &'a str,
    /// Unless the settings name another endpoint.
    host: &'a str,
}

impl Call<'_> {
    /// The JSON of the answer, or the code of AWS's error.
    async fn send(&self, method: Method, path: &str, body: String) -> FromAws<Value> {
        let host = self.config.endpoint_url().unwrap_or(self.host).trim_end_matches('/');
        let url = format!("{host}{path}");
        let signed = self.signed(&method, &url, &body).await;
        let headers =
            signed.map_err(|_| "le credenziali non si trovano: `aws sts get-caller-identity`")?;
        let mut request = web::client().request(method, url).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.header("content-type", "application/json").send().await;
        let answer = answer.map_err(|_| format!("{} non risponde", self.service))?;
        let (status, code) = (answer.status(), error_code(&answer));
        let body = answer.bytes().await.unwrap_or_default();
        if !status.is_success() {
            return Err(code.unwrap_or_else(|| format!("{} risponde {status}", self.service)));
        }
        serde_json::from_slice(&body)
            .map_err(|_| format!("la risposta di {} non si legge", self.service))
    }

    async fn signed(
        &self,
        method: &Method,
        url: &str,
        body: &str,
    ) -> anyhow::Result<Vec<(String, String)>> {
        let provider = self.config.credentials_provider().context("find credentials")?;
        let identity = provider.provide_credentials().await?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let body = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new(method.as_str(), url, std::iter::empty(), body)?;
        let (instructions, _) = sign(request, &params)?.into_parts();
        let headers = instructions.headers();
        Ok(headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

/// `AccessDeniedException:http://…` without what follows the name.
fn error_code(answer: &reqwest::Response) -> Option<String> {
    let header = answer.headers().get("x-amzn-errortype")?.to_str().ok()?;
    header.split(':').next().map(str::to_owned)
}
