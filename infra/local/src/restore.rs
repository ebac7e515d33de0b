// SPDX-License-Identifier: EUPL-1.2
//! What a backup has and a deployment or a data folder has lost comes back; who was erased, or left,
//! after the backup's instant stays so. See `store`'s `restore` for how that is known.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::Args;
use domain::ids::ContactId;
use jiff::Timestamp;
use platform::clock::Clock;
use store::{Away, Kind, Leaves, Restored, Store, Tables};
use tokio::task::JoinSet;

use crate::place::{Found, Place, Reading, agrees, read_folder, use_folder};
use crate::{TABLES, engine, stack};

#[derive(Args)]
pub struct Asked {
    #[command(flatten)]
    place: Place,
    /// With --stack: restored tables, PREFIX-subscribers, PREFIX-messages and PREFIX-broadcasts
    #[arg(long, value_name = "PREFIX", conflicts_with = "from")]
    from_tables: Option<String>,
    /// With --data: a copy of the data folder
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,
    /// A file with the ids of people who were erased, for when the register of requests is lost:
    /// log lines that say so («erased a person»), or an export's
    #[arg(long, value_name = "FILE")]
    erased: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// The tables in use and the backup, and what goes when they are no longer needed.
struct Both {
    to: Store,
    from: Store,
    now: Timestamp,
    _copy: Option<Reading>,
    _taken: Option<File>,
    _tasks: JoinSet<()>,
}

/// Shows what would come back, asks, and brings it back.
pub async fn run(asked: Asked) -> anyhow::Result<ExitCode> {
    let erased = asked.erased.as_deref().map(read_ids).transpose()?;
    let both = open(&asked).await?;
    let known = erased.clone().unwrap_or_default();
    let would = both.to.restore(&both.from, &known, both.now, false).await;
    let would = would.context("confrontare con la copia")?;
    let mut out = std::io::stdout();
    write!(out, "{}", shown(&would, "Tornano")).context("write standard output")?;
    ensure!(
        would.too_old.is_empty(),
        "la copia è più vecchia di quanto si conservano le dichiarazioni: chi se n'è andato da allora \
         tornerebbe iscritto. Usare una copia più recente."
    );
    if would.witnesses_lost > 0 && erased.is_none() {
        bail!(
            "nei dati in uso mancano {} righe dei registri che la copia ha: chi è stato cancellato \
             dopo la copia può essere tra quelli che tornerebbero. Raccogliere dai log le righe \
             «erased a person», salvarle in un file, e indicarlo con --erased. Se si è certi che \
             dopo la copia nessuno è stato cancellato, il file può essere vuoto.",
            would.witnesses_lost
        );
    }
    if would.back.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    if !asked.yes && !agrees("Ripristinare?")? {
        writeln!(out, "Niente è cambiato.").context("write standard output")?;
        return Ok(ExitCode::FAILURE);
    }
    let done = both.to.restore(&both.from, &known, both.now, true).await;
    let done = done.context("ripristinare: rifare il comando, riprende da dove è arrivato")?;
    write!(out, "{}", shown(&done, "Tornati")).context("write standard output")?;
    writeln!(out, "Ora verificare ogni linea con `filodiretto consent verify`.")
        .context("write standard output")?;
    Ok(ExitCode::SUCCESS)
}

async fn open(asked: &Asked) -> anyhow::Result<Both> {
    match (asked.place.find().await?, &asked.from_tables, &asked.from) {
        (Found::Deployment(it), Some(prefix), None) => {
            let named = |name: &str| format!("{prefix}-{name}");
            let tables = Tables {
                subscribers: named("subscribers"),
                messages: named("messages"),
                broadcasts: named("broadcasts"),
            };
            let used = &it.described.tables;
            ensure!(
                tables.subscribers != used.subscribers,
                "{prefix}: sono le tabelle in uso. Con --from-tables si indicano quelle ripristinate."
            );
            let from = Store::new(aws_sdk_dynamodb::Client::new(&it.config), tables);
            let now = Timestamp::now();
            Ok(Both { to: it.store, from, now, _copy: None, _taken: None, _tasks: JoinSet::new() })
        }
        (Found::Folder(folder), None, Some(backup)) => {
            let taken = use_folder(&folder)?;
            let clock = stack::clock(None, Some(&folder.join("clock")))?;
            let copy = read_folder(backup).await?;
            let mut tasks = JoinSet::new();
            let to = engine::start(None, Some(&folder.join(TABLES)), &mut tasks).await?;
            Ok(Both {
                to,
                from: copy.store.clone(),
                now: Clock::Shifted(clock).now(),
                _copy: Some(copy),
                _taken: Some(taken),
                _tasks: tasks,
            })
        }
        (Found::Deployment(_), ..) => bail!(
            "indicare con --from-tables le tabelle ripristinate: PREFISSO-subscribers, \
             PREFISSO-messages e PREFISSO-broadcasts"
        ),
        (Found::Folder(_), ..) => bail!("indicare con --from la copia della cartella dei dati"),
    }
}

/// Our ids of contacts, wherever they stand in the file: 32 hexadecimal digits.
fn read_ids(file: &Path) -> anyhow::Result<BTreeSet<ContactId>> {
    let text = std::fs::read_to_string(file);
    let text = text.with_context(|| format!("leggere {}", file.display()))?;
    let ids: BTreeSet<_> = text
        .split(|it: char| !it.is_ascii_alphanumeric())
        .filter(|it| it.len() == 32 && it.bytes().all(|it| it.is_ascii_hexdigit()))
        .map(ContactId::new)
        .collect();
    ensure!(
        !ids.is_empty() || text.trim().is_empty(),
        "{}: qui non c'è nessun codice di persona (32 cifre esadecimali)",
        file.display()
    );
    Ok(ids)
}

fn shown(restored: &Restored, verb: &str) -> String {
    let mut text = String::new();
    let mut add = |row: String| writeln!(text, "{row}").expect("a string takes it");
    if restored.back.is_empty() {
        add("Nei dati in uso non manca niente di ciò che la copia può ridare.".to_owned());
    } else {
        add(format!("{verb}:"));
    }
    for (kind, n) in &restored.back {
        add(format!("  {}: {n}", name(*kind)));
    }
    for (why, n) in &restored.away {
        let why = match why {
            Away::Erased => "persone cancellate, che restano cancellate",
            Away::PastDate => "persone oltre il termine di conservazione, che non tornano",
            Away::CameAgain => {
                "persone che hanno scritto di nuovo: vale quello che hanno detto dopo"
            }
        };
        add(format!("  {why}: {n}"));
    }
    if restored.cancelled > 0 {
        add(format!(
            "  di questi invii, annullati perché non si sa a chi erano già andati: {}",
            restored.cancelled
        ));
    }
    for line in &restored.other_ledgers {
        add(format!(
            "  {line}: il registro dei consensi in uso non è la continuazione di quello della copia, e resta com'è"
        ));
    }
    text
}

/// As an export names it.
fn name(kind: Kind) -> &'static str {
    match kind.leaves() {
        Leaves::As(name) => name,
        Leaves::Not { what, .. } => what,
    }
}
