// SPDX-License-Identifier: EUPL-1.2
//! `bench`: measures every number the design promises, against Meta's stand-in at its limits, and
//! prints one table. It judges and never fails: a slow machine is no broken program.

mod aws;
mod desk;
mod emergency;
mod fanout;
mod idle;
mod lambda;
mod limits;
mod machine;
#[cfg(test)]
mod operations;
mod plain;
mod proof;
mod rates;
mod starts;
mod subscribers;
mod table;
mod town;
mod units;
mod webhook;

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use clap::Parser;
use platform::settings::Settings;

use table::Row;

/// Measure what the design promises, and print one table.
#[derive(Parser)]
struct Cli {
    /// What to measure; everything if none is named
    #[arg(value_parser = NAMES)]
    names: Vec<String>,
    /// Smaller audiences and fewer repetitions
    #[arg(long)]
    quick: bool,
}

/// In the order of the table. Those that measure time come before the one that fills memory.
const NAMES: [&str; 13] = [
    "rate",
    "emergency",
    "reply",
    "webhook",
    "units",
    "plain",
    "limits",
    "starts",
    "idle",
    "desk",
    "high",
    "fanout",
    "proof",
];

const QUICK: &str = "\nA quick look: smaller audiences than the floors ask for.\n";

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    quick: bool,
}

impl Size {
    /// `whole`, or `part` of it for a quick look.
    pub(crate) fn of(self, whole: usize, part: usize) -> usize {
        if self.quick { part } else { whole }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    if Settings::from_env().optional("LOG_LEVEL").is_some() {
        platform::telemetry::init_local();
    }
    // A second choice would be refused; there is none before this.
    rustls::crypto::ring::default_provider().install_default().ok();
    match run(&cli).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(n) => {
            say(&format!("{n} of them could not be measured"));
            ExitCode::FAILURE
        }
        Err(err) => {
            say(&format!("{err:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Measures and prints. How many names could not be measured.
async fn run(cli: &Cli) -> anyhow::Result<usize> {
    let facts = machine::facts();
    let (mut rows, mut missing) = (Vec::new(), 0);
    for name in NAMES {
        if !cli.names.is_empty() && cli.names.iter().all(|it| it != name) {
            continue;
        }
        say(&format!("{name} …"));
        let began = Instant::now();
        match measure(name, Size { quick: cli.quick }).await {
            Ok(more) => rows.extend(more),
            Err(err) => {
                rows.push(Row::seen(name, format!("could not be measured: {err:#}")));
                missing += 1;
            }
        }
        say(&format!("{name}: {:.0} s", began.elapsed().as_secs_f64()));
    }
    let quick = if cli.quick { QUICK } else { "" };
    let text = format!("{facts}{quick}\n{}", table::markdown(&rows));
    write!(std::io::stdout(), "{text}").context("print the table")?;
    let folder = lambda::binaries()?;
    let target = folder.parent().context("find the target folder")?;
    std::fs::write(target.join("bench.md"), text).context("write bench.md")?;
    Ok(missing)
}

async fn measure(name: &str, size: Size) -> anyhow::Result<Vec<Row>> {
    match name {
        "rate" => rates::at_80(size).await,
        "high" => rates::higher(size).await,
        "emergency" => emergency::measure(size).await,
        "reply" => webhook::reply(size).await,
        "webhook" => webhook::acknowledgement(size).await,
        "units" => units::measure(size).await,
        "desk" => desk::measure(size).await,
        "fanout" => fanout::measure(size).await,
        "starts" => starts::measure(size).await,
        "idle" => idle::measure(),
        "plain" => plain::measure(size).await,
        "limits" => limits::measure().await,
        _ => proof::measure(size).await,
    }
}

/// Tells whoever waits. Standard output is for the table.
pub(crate) fn say(what: &str) {
    writeln!(std::io::stderr(), "{what}").ok();
}
