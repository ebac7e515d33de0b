// SPDX-License-Identifier: EUPL-1.2
//! The command `filodiretto`: runs everything on one machine, and tries words and line files.

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use domain::reading::{Intent, Reader};
use jiff::Timestamp;
use local_stack::apply::Plan;
use local_stack::deployment::Deployment;
use local_stack::place::{Place, agrees};
use local_stack::{Options, Stack, consent, cost, dlq, doctor, export, lines, restore};
use platform::settings::Settings;

/// Comuni and citizens on WhatsApp. Without a command: the whole system, on 127.0.0.1.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Run,
}

#[derive(Subcommand)]
enum Command {
    /// Read each line of standard input as a message: intent, kind, rule, normalised text
    Read {
        /// The line whose words are tried
        #[arg(long)]
        line: String,
        /// Folder of line files
        #[arg(long, env = "FILODIRETTO_LINES", default_value = "infra/lines")]
        lines: PathBuf,
    },
    /// Line files
    Line {
        #[command(subcommand)]
        command: LineCommand,
    },
    /// Look at a deployment from outside: what is not well, and what to do about it
    Doctor(doctor::Asked),
    /// The ledger of consent
    Consent {
        #[command(subcommand)]
        command: ConsentCommand,
    },
    /// What no function could handle: look at it, and send it back when the reason is mended
    Dlq {
        #[command(subcommand)]
        command: dlq::Command,
    },
    /// Write all of a line's data in open formats, so that it can leave
    Export(export::Asked),
    /// Bring back from a backup what is lost. Who was erased, or left, after it stays so
    Restore(restore::Asked),
    /// Quanto costa un'installazione su AWS in un mese e in un anno, Meta compresa
    Cost(cost::Asked),
}

#[derive(Subcommand)]
enum ConsentCommand {
    /// Verify a line's ledger; of a data folder, on a copy: a running stack is not disturbed
    Verify {
        #[arg(long)]
        line: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Subcommand)]
enum LineCommand {
    /// Say what is wrong in a line file, and what to write instead
    Check { file: PathBuf },
    /// Make line files the settings of a deployment's lines, after showing what changes
    Apply {
        /// Line files, or a folder of them
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The deployment, as the AWS CLI's credentials and region find it
        #[arg(long, env = "FILODIRETTO_STACK", default_value = "filodiretto")]
        stack: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
struct Run {
    /// Port on 127.0.0.1; 0 is any free one
    #[arg(long, env = "FILODIRETTO_PORT", default_value_t = 3000)]
    port: u16,
    /// Folder of the state
    #[arg(long, env = "FILODIRETTO_DATA", default_value = ".filodiretto")]
    data: PathBuf,
    /// Keep no state
    #[arg(long)]
    ephemeral: bool,
    /// Folder of line files
    #[arg(long, env = "FILODIRETTO_LINES", default_value = "infra/lines")]
    lines: PathBuf,
    /// Instant at which the clock starts, RFC 3339: 2026-11-22T09:00:00+01:00
    #[arg(long, env = "FILODIRETTO_CLOCK")]
    clock: Option<Timestamp>,
    /// A key with every permission on every line
    #[arg(long, env = "FILODIRETTO_API_KEY", default_value = "local-key", hide_env_values = true)]
    api_key: String,
    /// Base of the Graph API, version added by us; the simulator if not given
    #[arg(long, env = "GRAPH_API_URL")]
    graph_api_url: Option<String>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let success = |()| ExitCode::SUCCESS;
    let done = match cli.command {
        None => run(cli.run).map(success),
        Some(Command::Read { line, lines }) => read(&line, &lines).map(success),
        Some(Command::Line { command: LineCommand::Check { file } }) => check(&file).map(success),
        Some(Command::Line { command: LineCommand::Apply { files, stack, yes } }) => {
            apply(&files, &stack, yes)
        }
        Some(Command::Doctor(asked)) => diagnose(&asked),
        Some(Command::Consent { command: ConsentCommand::Verify { line, place } }) => {
            verify(&line, &place)
        }
        Some(Command::Dlq { command }) => on_runtime(dlq::run(command)),
        Some(Command::Export(asked)) => on_runtime(export::run(asked)),
        Some(Command::Restore(asked)) => on_runtime(restore::run(asked)),
        Some(Command::Cost(asked)) => tell_cost(&asked).map(success),
    };
    done.unwrap_or_else(|err| {
        // Standard output is for answers. If nobody reads errors, there is nobody to tell.
        writeln!(std::io::stderr(), "{err:#}").ok();
        ExitCode::FAILURE
    })
}

fn run(run: Run) -> anyhow::Result<()> {
    platform::telemetry::init_local();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let stack = Stack::start(Options {
            port: run.port,
            data: (!run.ephemeral).then_some(run.data),
            lines: run.lines,
            api_key: run.api_key,
            clock: run.clock,
            graph_url: run.graph_api_url.filter(|it| !it.is_empty()),
            settings: Settings::from_env(),
        })
        .await?;
        writeln!(std::io::stdout(), "ready {}", stack.url()).context("say that it is ready")?;
        Err(stack.run().await)
    })
}

fn on_runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

fn read(line: &str, folder: &std::path::Path) -> anyhow::Result<()> {
    let files = lines::read_folder(folder)?;
    let file = files.iter().find(|it| it.line.id.as_str() == line).with_context(|| {
        let known: Vec<_> = files.iter().map(|it| it.line.id.as_str()).collect();
        format!("nessuna linea «{line}» in {}: ci sono {}", folder.display(), known.join(", "))
    })?;
    let reader = Reader::new(&file.line);
    let mut out = std::io::stdout().lock();
    for text in std::io::stdin().lock().split(b'\n') {
        let text = text.context("read standard input")?;
        let reading = reader.read(&String::from_utf8_lossy(&text));
        let kind = match &reading.intent {
            Intent::Human(kind) => kind.name(),
            _ => "",
        };
        let intent = reading.intent.name();
        let normalised = reading.normalised.replace(['\t', '\n', '\r'], " ");
        writeln!(out, "{intent}\t{kind}\t{}\t{normalised}", reading.rule)
            .context("write standard output")?;
    }
    Ok(())
}

fn check(file: &std::path::Path) -> anyhow::Result<()> {
    let read = lines::read_file(file)?;
    writeln!(std::io::stdout(), "{}: va bene (linea {})", file.display(), read.line.id)
        .context("write standard output")
}

/// Asks before it changes anything.
fn apply(files: &[PathBuf], stack: &str, yes: bool) -> anyhow::Result<ExitCode> {
    let files = match files {
        [folder] if folder.is_dir() => lines::read_folder(folder)?,
        files => lines::read_files(files)?,
    };
    on_runtime(async {
        let store = Deployment::find(stack).await?.store;
        let plan = Plan::of(&store, files).await?;
        let mut out = std::io::stdout();
        write!(out, "{}", plan.shown()).context("write standard output")?;
        if plan.changes_nothing() {
            return Ok(ExitCode::SUCCESS);
        }
        if !yes && !agrees(&format!("Applicare all'installazione «{stack}»?"))? {
            writeln!(out, "Niente è cambiato.")?;
            return Ok(ExitCode::FAILURE);
        }
        plan.apply(&store, Timestamp::now()).await?;
        writeln!(out, "Fatto. Entro un minuto vale dappertutto.")?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Answers on standard output either way; the exit code says which.
fn verify(line: &str, place: &Place) -> anyhow::Result<ExitCode> {
    let verified = on_runtime(async {
        let reading = place.read().await?;
        consent::verify(&reading.store, line).await
    })?;
    let (answer, code) = match verified {
        Ok(verified) => (verified.to_string(), ExitCode::SUCCESS),
        Err(broken) => {
            let answer = format!(
                "{line}: il registro dei consensi non è integro.\nPrima voce non valida: {broken}."
            );
            (answer, ExitCode::FAILURE)
        }
    };
    writeln!(std::io::stdout(), "{answer}").context("write standard output")?;
    Ok(code)
}

/// Answers on standard output; the exit code says whether there is an error among the findings.
fn diagnose(asked: &doctor::Asked) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(doctor::report(asked));
    writeln!(std::io::stdout(), "{report}").context("write standard output")?;
    Ok(if report.has_errors() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn tell_cost(asked: &cost::Asked) -> anyhow::Result<()> {
    let list = cost::PriceList::read()?;
    let told = cost::Told::new(asked.read()?, &list, jiff::Zoned::now().date());
    let text = if asked.json { format!("{:#}\n", told.json()) } else { told.to_string() };
    write!(std::io::stdout(), "{text}").context("write standard output")
}
