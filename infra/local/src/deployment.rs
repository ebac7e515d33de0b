// SPDX-License-Identifier: EUPL-1.2
//! A deployment on AWS, as its template wrote it down: where its tables, queues and addresses are.

use std::time::Duration;

use anyhow::{Context, bail};
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use platform::settings::{SettingError, Settings};
use serde::Deserialize;
use store::{Store, Tables};

/// A person waits for an answer: an AWS that cannot be reached is to be said soon.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// A deployment that was found.
pub struct Deployment {
    /// The name of its stack.
    pub stack: String,
    pub config: SdkConfig,
    pub described: Described,
    pub store: Store,
}

/// What the template writes into the parameter `/filodiretto/{stack}/deployment`.
#[derive(Clone, Debug, Deserialize)]
pub struct Described {
    pub api_url: String,
    /// Without `/{app}`.
    pub webhook_url: String,
    pub tables: TableNames,
    /// URLs.
    pub queues: Queues,
    /// URLs.
    pub dead_letters: DeadLetters,
    pub event_bus: String,
    pub bucket: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct TableNames {
    pub subscribers: String,
    pub messages: String,
    pub broadcasts: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Queues {
    pub inbound: String,
    pub sends: String,
    pub statuses: String,
}

/// What no function could handle: of `inbound.fifo`, and of the two standard queues.
#[derive(Clone, Debug, Deserialize)]
pub struct DeadLetters {
    pub inbound: String,
    pub standard: String,
}

impl Deployment {
    /// Finds it with the credentials and the region that the AWS CLI would use.
    pub async fn find(stack: &str) -> anyhow::Result<Self> {
        Self::of(config().await?, stack).await
    }

    pub(crate) async fn of(config: SdkConfig, stack: &str) -> anyhow::Result<Self> {
        let name = format!("/filodiretto/{stack}/deployment");
        let client = aws_sdk_ssm::Client::new(&config);
        let read = client.get_parameter().name(&name).send().await;
        let read = match read {
            Ok(read) => read,
            Err(err) => bail!(not_read(stack, config.region().map_or("", |it| it.as_ref()), &err)),
        };
        let described = read.parameter().and_then(|it| it.value()).unwrap_or_default();
        let described: Described = serde_json::from_str(described).with_context(|| {
            format!("il parametro {name} non descrive un'installazione: rifare `make deploy`")
        })?;
        let TableNames { subscribers, messages, broadcasts } = described.tables.clone();
        let tables = Tables { subscribers, messages, broadcasts };
        let store = Store::new(aws_sdk_dynamodb::Client::new(&config), tables);
        Ok(Self { stack: stack.to_owned(), config, described, store })
    }

    /// The deployment's secrets, as its functions read them.
    pub async fn secrets(&self) -> Result<Settings, SettingError> {
        let path = format!("/filodiretto/{}/secrets", self.stack);
        Settings::given([]).with_secrets_under(&self.config, &path).await
    }
}

/// The credentials and the region that the AWS CLI would use.
pub(crate) async fn config() -> anyhow::Result<SdkConfig> {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_WITHIN)
        .operation_timeout(ANSWER_WITHIN)
        .build();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .load()
        .await;
    if config.region().is_none() {
        bail!(
            "non si sa in quale regione di AWS cercare: impostare AWS_REGION, per esempio \
             AWS_REGION=eu-south-1 (Milano)"
        );
    }
    Ok(config)
}

/// Why the deployment could not be read, and what to do.
fn not_read<E: ProvideErrorMetadata, R>(stack: &str, region: &str, err: &SdkError<E, R>) -> String {
    let code = match err {
        SdkError::ServiceError(it) => it.err().code().unwrap_or("senza nome"),
        SdkError::TimeoutError(_) => {
            return "AWS non risponde: controllare la connessione e riprovare".to_owned();
        }
        // Also credentials that cannot be found end up here.
        _ => {
            return "AWS non si raggiunge: controllare la connessione, e le credenziali con \
                    `aws sts get-caller-identity`"
                .to_owned();
        }
    };
    match code {
        "ParameterNotFound" => format!(
            "nessuna installazione «{stack}» nella regione {region}: controllare --stack e \
             AWS_REGION, o installarla con `make deploy`"
        ),
        "AccessDeniedException" => format!(
            "queste credenziali non possono leggere l'installazione «{stack}»: usare quelle di chi \
             l'ha installata"
        ),
        "UnrecognizedClientException" | "InvalidClientTokenId" | "ExpiredTokenException" => {
            format!(
                "AWS non accetta le credenziali nella regione {region} ({code}): rinnovarle, e \
                 controllare che la regione sia attivata per l'account"
            )
        }
        other => format!("AWS non dà l'installazione «{stack}» ({other})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_template_writes() {
        let described: Described = serde_json::from_str(
            r#"{"api_url":"https://a.execute-api.eu-south-1.amazonaws.com",
                "webhook_url":"https://a.execute-api.eu-south-1.amazonaws.com/webhook",
                "tables":{"subscribers":"f-subscribers","messages":"f-messages","broadcasts":"f-broadcasts"},
                "queues":{"inbound":"https://sqs/1/f-inbound.fifo","sends":"https://sqs/1/f-sends",
                          "statuses":"https://sqs/1/f-statuses"},
                "dead_letters":{"inbound":"https://sqs/1/f-inbound-dead.fifo","standard":"https://sqs/1/f-dead"},
                "event_bus":"f","bucket":"f-aside"}"#,
        )
        .unwrap();
        assert_eq!(described.tables.messages, "f-messages");
        assert_eq!(described.dead_letters.standard, "https://sqs/1/f-dead");
    }
}
