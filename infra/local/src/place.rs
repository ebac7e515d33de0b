// SPDX-License-Identifier: EUPL-1.2
//! Where the data are that a command works on: a deployment on AWS, or a data folder.

use std::fs::File;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use clap::Args;
use domain::ids::LineId;
use domain::line::Line;
use rusqlite::{Connection, OpenFlags};
use store::Store;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::deployment::Deployment;
use crate::{TABLES, engine, kept};

/// `--stack` or `--data`. Without either: the deployment that the environment names, else the data
/// folder that it names, else the usual one.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// The deployment, as the AWS CLI's credentials and region find it
    #[arg(long, env = "FILODIRETTO_STACK")]
    stack: Option<String>,
    /// Folder of the state, instead of a deployment
    #[arg(long)]
    data: Option<PathBuf>,
}

/// What [`Place`] says.
pub enum Found {
    Deployment(Box<Deployment>),
    Folder(PathBuf),
}

/// Tables that can be read, and what goes when they no longer are.
pub struct Reading {
    pub store: Store,
    _copy: Option<TempDir>,
    _tasks: JoinSet<()>,
}

impl Place {
    pub async fn find(&self) -> anyhow::Result<Found> {
        match (&self.data, &self.stack) {
            (Some(data), _) => Ok(Found::Folder(data.clone())),
            (None, Some(stack)) => Ok(Found::Deployment(Box::new(Deployment::find(stack).await?))),
            (None, None) => {
                let data = std::env::var_os("FILODIRETTO_DATA").filter(|it| !it.is_empty());
                Ok(Found::Folder(data.map_or_else(|| ".filodiretto".into(), PathBuf::from)))
            }
        }
    }

    /// The tables, to be read. Those of a folder are a copy, taken as it stands at one instant: a
    /// stack that runs on it goes on undisturbed.
    pub async fn read(&self) -> anyhow::Result<Reading> {
        match self.find().await? {
            Found::Deployment(it) => Ok(Reading::of(it.store)),
            Found::Folder(folder) => read_folder(&folder).await,
        }
    }
}

impl Reading {
    fn of(store: Store) -> Self {
        Self { store, _copy: None, _tasks: JoinSet::new() }
    }
}

/// A copy of a folder's tables.
pub async fn read_folder(data: &Path) -> anyhow::Result<Reading> {
    let copy = tempfile::tempdir().context("fare una cartella temporanea")?;
    let tables = copy.path().join(TABLES);
    copy_tables(&data.join(TABLES), &tables)?;
    let mut tasks = JoinSet::new();
    let store = engine::start(None, Some(&tables), &mut tasks).await?;
    Ok(Reading { store, _copy: Some(copy), _tasks: tasks })
}

/// One consistent copy, whatever is written meanwhile. Source: SQLite, `VACUUM INTO`.
fn copy_tables(from: &Path, to: &Path) -> anyhow::Result<()> {
    refuse_without_data(from.parent().unwrap_or(from))?;
    let to = to.to_str().context("il nome della cartella temporanea non è UTF-8")?;
    let read_only = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let copied = Connection::open_with_flags(from, read_only)
        .and_then(|it| it.execute("VACUUM INTO ?1", [to]).map(drop));
    copied.with_context(|| {
        format!(
            "{}: i dati non si possono copiare. Se un sistema li sta usando, fermarlo e riprovare",
            from.display()
        )
    })
}

/// A mistyped folder is not to become a new one.
fn refuse_without_data(folder: &Path) -> anyhow::Result<()> {
    ensure!(
        folder.join(TABLES).exists(),
        "{}: qui non ci sono dati. Indicare con --data la cartella dei dati, o con --stack \
         un'installazione su AWS.",
        folder.display()
    );
    Ok(())
}

/// Takes a data folder for as long as the file is held, to change what is in it.
pub fn take_folder(folder: &Path) -> anyhow::Result<File> {
    refuse_without_data(folder)?;
    use_folder(folder)
}

/// As [`take_folder`], also of a folder whose tables are lost.
pub fn use_folder(folder: &Path) -> anyhow::Result<File> {
    let taken = kept::take(folder).with_context(|| format!("usare {}", folder.display()))?;
    let Some(taken) = taken else {
        bail!(
            "{}: un sistema sta usando questi dati. Fermarlo, rifare il comando, e riavviarlo.",
            folder.display()
        );
    };
    Ok(taken)
}

/// The line of this name, or which ones there are.
pub async fn line(store: &Store, id: &str) -> anyhow::Result<Arc<Line>> {
    if let Some(line) = store.line(&LineId::new(id)).await? {
        return Ok(line);
    }
    let known: Vec<_> = store.lines().await?.iter().map(|it| it.id.to_string()).collect();
    bail!("nessuna linea «{id}»: ci sono {}", known.join(", "))
}

/// Asks on standard output, and reads the answer: yes or no.
pub fn agrees(question: &str) -> anyhow::Result<bool> {
    let mut out = std::io::stdout().lock();
    write!(out, "{question} [s/N] ").context("write standard output")?;
    out.flush().context("write standard output")?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("read standard input")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "s" | "si" | "sì"))
}
