// SPDX-License-Identifier: EUPL-1.2
//! `filodiretto doctor`: looks at a deployment from outside and says what is not well, and what to
//! do about it.
//!
//! Gathering and judging are apart: [`facts`] is what can be seen, [`judgement`] what it means.
//! Every check stands alone: one that cannot be done says why, and the others go on.

mod account;
pub mod facts;
pub mod judgement;
mod meta;
mod queues;
mod web;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_config::SdkConfig;
use domain::line::Line;
use futures::future::join_all;
use futures::join;
use platform::apps::{Apps, MetaApp};
use platform::clock::Clock;
use platform::settings::Settings;
use serde::Serialize;

use crate::deployment::{self, Deployment};
use crate::{lines, stack};

/// What to look at, as the command is told.
#[derive(clap::Args)]
pub struct Asked {
    /// A deployment on AWS, by the name of its stack
    #[arg(long, env = "FILODIRETTO_STACK")]
    stack: Option<String>,
    /// A local stack, by its address; the one of `make run` unless there is a --stack
    #[arg(long)]
    url: Option<String>,
    /// Folder of a local stack's line files
    #[arg(long, env = "FILODIRETTO_LINES", default_value = "infra/lines")]
    lines: PathBuf,
    /// Only this line
    #[arg(long)]
    line: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Level {
    #[serde(rename = "ok")]
    Ok,
    #[serde(rename = "attenzione")]
    Warning,
    #[serde(rename = "errore")]
    Error,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "attenzione",
            Self::Error => "errore",
        }
    }
}

/// What one check found. For the one who runs the service, in Italian.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: &'static str,
    /// The app, line, queue or region it is of.
    pub about: String,
    pub level: Level,
    pub what: String,
    /// What to do, unless all is well.
    pub remedy: Option<String>,
}

/// Everything that was found. Its `Display` is for a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub findings: Vec<Finding>,
    #[serde(skip)]
    json: bool,
}

impl Report {
    pub fn has_errors(&self) -> bool {
        self.count(Level::Error) > 0
    }

    fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|it| it.level == level).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.json {
            let json = serde_json::to_string_pretty(self).map_err(|_| fmt::Error)?;
            return f.write_str(&json);
        }
        for Finding { check, about, level, what, remedy } in &self.findings {
            writeln!(f, "{:<10}  {check} ({about}): {what}", level.name())?;
            if let Some(remedy) = remedy {
                writeln!(f, "{:<10}  → {remedy}", "")?;
            }
        }
        let [ok, warnings, errors] =
            [Level::Ok, Level::Warning, Level::Error].map(|it| self.count(it));
        write!(f, "\nErrori: {errors}. Avvisi: {warnings}. A posto: {ok}.")
    }
}

/// Looks at what was asked for.
pub async fn report(asked: &Asked) -> Report {
    let seeing =
        Seeing { only: asked.line.clone(), settings: Settings::from_env(), clock: Clock::System };
    let findings = match (&asked.url, &asked.stack) {
        (None, Some(stack)) => match deployment::config().await {
            Ok(config) => seeing.on_aws(&config, stack).await,
            Err(err) => vec![not_found(stack, &err)],
        },
        (url, _) => {
            let url = url.as_deref().unwrap_or("http://127.0.0.1:3000");
            seeing.on_this_machine(url, &asked.lines).await
        }
    };
    Report { findings, json: asked.json }
}

/// Who looks, and at what.
pub struct Seeing {
    /// Only this line; `None` is all.
    pub only: Option<String>,
    /// `GRAPH_API_URL`; of a local stack also the secrets.
    pub settings: Settings,
    /// The one that is held against others.
    pub clock: Clock,
}

/// What stands in the way of all other checks.
fn obstacle(check: &'static str, about: &str, what: String, remedy: &str) -> Finding {
    let (about, remedy) = (about.to_owned(), Some(remedy.to_owned()));
    Finding { check, about, level: Level::Error, what, remedy }
}

fn not_found(stack: &str, err: &anyhow::Error) -> Finding {
    let remedy = "Il resto si può controllare solo dopo.";
    obstacle("installazione", stack, format!("{err:#}"), remedy)
}

impl Seeing {
    /// A deployment on AWS, by the name of its stack.
    pub async fn on_aws(&self, config: &SdkConfig, stack: &str) -> Vec<Finding> {
        let (mut findings, deployment) =
            join!(account::findings(config), Deployment::of(config.clone(), stack));
        let deployment = match deployment {
            Ok(deployment) => deployment,
            Err(err) => {
                findings.push(not_found(stack, &err));
                return findings;
            }
        };
        let described = &deployment.described;
        let secrets = async { Apps::of(&deployment.secrets().await?) };
        let (apps, lines, queues) =
            join!(secrets, deployment.store.lines(), queues::on_aws(config, described));
        // They were read with the others; if they were not, that is said of all of them.
        let unreadable = deployment.store.unreadable_lines().await.unwrap_or_default();
        findings.extend(unreadable.iter().map(|line| {
            let what = "il file applicato non si legge: nessuno la serve".to_owned();
            let remedy =
                "Vedere che cosa non va con `filodiretto line check`, e applicarlo di nuovo.";
            obstacle("linea", line.as_str(), what, remedy)
        }));
        let service = Service {
            apps: apps.map_err(|err| err.to_string()),
            lines: lines.map(|it| it.to_vec()).map_err(|err| err.to_string()),
            webhook_url: described.webhook_url.trim_end_matches('/').to_owned(),
            graph: self.settings.graph(),
        };
        findings.extend(self.service(service).await);
        findings.extend(queues);
        findings
    }

    /// A local stack, by its address and its line files.
    pub async fn on_this_machine(&self, url: &str, lines: &Path) -> Vec<Finding> {
        let url = url.trim_end_matches('/');
        let lines = lines::read_folder(lines).map_err(|err| err.to_string());
        let mut graph = self.settings.graph();
        if self.settings.optional("GRAPH_API_URL").is_none() {
            graph.base_url = format!("{url}{}", stack::GRAPH);
        }
        let service = Service {
            apps: stack::meta_apps(&self.settings).map_err(|err| err.to_string()),
            lines: lines.map(|it| it.into_iter().map(|it| Arc::new(it.line)).collect()),
            webhook_url: format!("{url}/webhook"),
            graph,
        };
        let (mut findings, queues) = join!(self.service(service), queues::on_this_machine(url));
        findings.extend(queues);
        findings
    }

    /// What is the same wherever a deployment runs: webhook, Meta, clocks.
    async fn service(&self, service: Service) -> Vec<Finding> {
        let Service { apps, lines, webhook_url, graph } = service;
        let (only, clock) = (self.only.as_deref(), &self.clock);
        let mut findings = Vec::new();
        let mut lines = lines.unwrap_or_else(|why| {
            let remedy = "Correggerle, e applicarle con `filodiretto line apply`.";
            findings.push(obstacle("linee", "tutte", format!("non si leggono: {why}"), remedy));
            Vec::new()
        });
        if let Some(only) = only {
            let known: Vec<_> = lines.iter().map(|it| it.id.to_string()).collect();
            lines.retain(|it| it.id.as_str() == only);
            if lines.is_empty() {
                let what = format!("non c'è; ci sono: {}", known.join(", "));
                findings.push(obstacle("linea", only, what, "Correggere --line."));
            }
        }
        let apps = match apps {
            Ok(apps) => apps.known(),
            Err(why) => {
                let remedy = "Metterli sotto /filodiretto/…/secrets con `make deploy`, o sul posto \
                 nell'ambiente.";
                findings.push(obstacle(
                    "segreti",
                    "tutti",
                    format!("non si leggono: {why}"),
                    remedy,
                ));
                return findings;
            }
        };
        for line in &lines {
            if !apps.iter().any(|it| it.id == line.app) {
                let what = format!("l'app «{}» della linea non ha segreti", line.app);
                let remedy = "Aggiungerli, o correggere app nel file della linea.";
                findings.push(obstacle("segreti", line.id.as_str(), what, remedy));
            }
        }
        let http = web::client();
        let ahead = async |url: &str| web::ahead(&http, url, clock).await;
        let (webhook_ahead, meta_ahead) = join!(ahead(&webhook_url), ahead(&graph.base_url));
        let graph = whatsapp::graph::Graph::new(&graph.base_url, graph.version);
        // Of one line only its own app matters.
        let concerned =
            |app: &&MetaApp| only.is_none() || lines.iter().any(|line| line.app == app.id);
        let each = apps.iter().filter(concerned).map(async |app| {
            let url = match app.id.as_str() {
                "default" => webhook_url.clone(),
                id => format!("{webhook_url}/{id}"),
            };
            let lines: Vec<_> = lines.iter().filter(|it| it.app == app.id).collect();
            let (answers, meta) = join!(
                web::webhook(&http, &url, app),
                meta::findings(&graph, app, &lines, &url, clock.now())
            );
            let mut findings = judgement::webhook(app.id.as_str(), &answers);
            findings.extend(meta);
            findings
        });
        findings.extend(join_all(each).await.into_iter().flatten());
        findings.push(judgement::clock("webhook", webhook_ahead));
        findings.push(judgement::clock("Meta", meta_ahead));
        findings
    }
}

/// What a deployment is made of, wherever it runs.
struct Service {
    apps: Result<Apps, String>,
    lines: Result<Vec<Arc<Line>>, String>,
    /// Of the app `default`.
    webhook_url: String,
    graph: platform::settings::Graph,
}
