// SPDX-License-Identifier: EUPL-1.2
//! All of a line's data in open formats, so that the line can go elsewhere.
//!
//! Items are read and written one by one, so memory stays flat. The folder has another name until
//! all of it is there: an export that was interrupted is not taken for one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;
use domain::hours::{ROME, rfc3339};
use domain::line::Line;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use store::{Kind, Leaves, Store};

use crate::place::{self, Place};

#[derive(Args)]
pub struct Asked {
    /// The line whose data leave
    #[arg(long)]
    line: String,
    /// The folder to be made
    #[arg(long)]
    to: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// Kinds that are tables: they are written as CSV, too, with these columns.
fn columns(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Contact => &[
            "id",
            "phone",
            "user_id",
            "name",
            "subscription",
            "since",
            "ended_at",
            "topics",
            "accepted",
            "blocked",
            "consent_at",
            "last_inbound_at",
            "former_ids",
            "merged_into",
        ],
        Kind::Follower => &["topic", "contact", "joined_at"],
        Kind::Request => &[
            "number",
            "contact",
            "right",
            "asked_at",
            "asked_by",
            "due",
            "closed_at",
            "outcome",
            "operator",
            "note",
        ],
        Kind::Delivery => &["broadcast", "contact", "state", "at", "skipped", "code"],
        Kind::Numbers => &["day", "subscribers", "joined", "went", "followers"],
        _ => &[],
    }
}

/// Says what was written, on standard output.
pub async fn run(asked: Asked) -> anyhow::Result<ExitCode> {
    let reading = asked.place.read().await?;
    let line = place::line(&reading.store, &asked.line).await?;
    let written = export(&reading.store, &line, &asked.to, Timestamp::now()).await?;
    let mut out = std::io::stdout().lock();
    for file in &written {
        writeln!(out, "{}: {}", file.name, file.rows).context("write standard output")?;
    }
    writeln!(
        out,
        "I dati della linea {} sono in {}. Sono dati personali: conservarli e spedirli cifrati.",
        line.id,
        asked.to.display()
    )
    .context("write standard output")?;
    Ok(ExitCode::SUCCESS)
}

/// A file that was written.
pub struct Written {
    pub name: String,
    pub rows: u64,
    bytes: u64,
    sha256: String,
}

/// Writes a line's data into a folder that is not there yet.
pub async fn export(
    store: &Store,
    line: &Line,
    to: &Path,
    now: Timestamp,
) -> anyhow::Result<Vec<Written>> {
    ensure!(!to.exists(), "{}: c'è già. Indicare con --to una cartella nuova.", to.display());
    let mut unfinished = to.as_os_str().to_owned();
    unfinished.push(".incompleta");
    let unfinished = PathBuf::from(unfinished);
    ensure!(
        !unfinished.exists(),
        "{}: è un'esportazione interrotta a metà. Cancellarla e riprovare.",
        unfinished.display()
    );
    let made = DirBuilder::new().mode(0o700).create(&unfinished);
    made.with_context(|| format!("fare la cartella {}", unfinished.display()))?;
    let mut folder = Folder::new(&unfinished)?;
    store
        .leave::<anyhow::Error>(line, &mut |kind, record| folder.take(kind, &record))
        .await
        .context("esportare")?;
    let written = folder.finish()?;
    private(&unfinished, "LEGGIMI.md")?.write_all(readme(line, &written, now).as_bytes())?;
    // The last file: where it is, all others are.
    let manifest = serde_json::to_vec_pretty(&manifest(line, &written, now))?;
    let mut file = private(&unfinished, "manifesto.json")?;
    file.write_all(&manifest)?;
    file.sync_all()?;
    fs::rename(&unfinished, to).with_context(|| format!("chiamarla {}", to.display()))?;
    Ok(written)
}

/// The files that are being written.
struct Folder {
    rows: BTreeMap<Kind, Sheet>,
    tables: BTreeMap<Kind, Sheet>,
    line_file: Option<Sheet>,
    path: PathBuf,
}

/// One of them, with what the manifest says of it.
struct Sheet {
    name: String,
    file: BufWriter<File>,
    rows: u64,
    bytes: u64,
    digest: Sha256,
}

impl Folder {
    /// With all files there can be: one without rows says that there is nothing.
    fn new(path: &Path) -> anyhow::Result<Self> {
        let (mut rows, mut tables) = (BTreeMap::new(), BTreeMap::new());
        for kind in Kind::ALL {
            let Leaves::As(name) = kind.leaves() else { continue };
            rows.insert(kind, Sheet::new(path, format!("{name}.jsonl"))?);
            if !columns(kind).is_empty() {
                let mut table = Sheet::new(path, format!("{name}.csv"))?;
                table.put(&cells(columns(kind).iter().map(|it| (*it).to_owned())))?;
                tables.insert(kind, table);
            }
        }
        Ok(Self { rows, tables, line_file: None, path: path.to_owned() })
    }

    fn take(&mut self, kind: Kind, record: &Map<String, Value>) -> anyhow::Result<()> {
        let rows = self.rows.get_mut(&kind).context("a kind that leaves has a file")?;
        rows.add(&(serde_json::to_string(record)? + "\n"))?;
        if let Some(table) = self.tables.get_mut(&kind) {
            table.add(&cells(columns(kind).iter().map(|it| cell(record.get(*it)))))?;
        }
        if let Some(text) =
            record.get("file").and_then(Value::as_str).filter(|_| kind == Kind::Line)
        {
            let mut file = Sheet::new(&self.path, "linea.toml".to_owned())?;
            file.add(text)?;
            self.line_file = Some(file);
        }
        Ok(())
    }

    fn finish(self) -> anyhow::Result<Vec<Written>> {
        let all = self.rows.into_values().chain(self.tables.into_values()).chain(self.line_file);
        let mut written = all.map(Sheet::finish).collect::<anyhow::Result<Vec<_>>>()?;
        written.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(written)
    }
}

impl Sheet {
    fn new(folder: &Path, name: String) -> anyhow::Result<Self> {
        let file = BufWriter::new(private(folder, &name)?);
        Ok(Self { name, file, rows: 0, bytes: 0, digest: Sha256::new() })
    }

    fn add(&mut self, text: &str) -> anyhow::Result<()> {
        self.rows += 1;
        self.put(text)
    }

    fn put(&mut self, text: &str) -> anyhow::Result<()> {
        self.bytes += text.len() as u64;
        self.digest.update(text.as_bytes());
        self.file.write_all(text.as_bytes()).with_context(|| format!("scrivere {}", self.name))
    }

    fn finish(self) -> anyhow::Result<Written> {
        let Self { name, file, rows, bytes, digest } = self;
        let file = file.into_inner().map_err(std::io::IntoInnerError::into_error);
        file.and_then(|it| it.sync_all()).with_context(|| format!("scrivere {name}"))?;
        let sha256 = digest.finalize().iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a string takes it");
            hex
        });
        Ok(Written { name, rows, bytes, sha256 })
    }
}

/// A new file that only its owner may read.
fn private(folder: &Path, name: &str) -> anyhow::Result<File> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(name));
    made.with_context(|| format!("fare {name} in {}", folder.display()))
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) => {
            values.iter().map(|it| cell(Some(it))).collect::<Vec<_>>().join(" ")
        }
        Some(other) => other.to_string(),
    }
}

/// A row of CSV. Source: RFC 4180. A text that a spreadsheet would take for a formula gets an
/// apostrophe: people choose their own names.
fn cells(values: impl Iterator<Item = String>) -> String {
    let quoted = values.map(|it| {
        let it =
            if it.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{it}") } else { it };
        if it.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", it.replace('"', "\"\""))
        } else {
            it
        }
    });
    quoted.collect::<Vec<_>>().join(",") + "\r\n"
}

/// What does not leave: what it is and why, each once.
fn left_behind() -> Vec<(&'static str, &'static str)> {
    let mut all: Vec<_> = Kind::ALL
        .into_iter()
        .filter_map(|it| match it.leaves() {
            Leaves::Not { what, why } => Some((what, why)),
            Leaves::As(_) => None,
        })
        .collect();
    all.dedup();
    all.extend([
        (
            "le foto e i documenti ricevuti",
            "questo sistema non li conserva: stanno presso Meta per 30 giorni, e in «messaggi» c'è \
             il codice di ciascuno",
        ),
        (
            "i messaggi di Meta che non si sono potuti nemmeno dividere",
            "non si sa di quale linea siano, e restano nel sistema per pochi giorni",
        ),
    ]);
    all
}

fn manifest(line: &Line, written: &[Written], now: Timestamp) -> Value {
    let files = written.iter().map(
        |it| json!({ "name": it.name, "rows": it.rows, "bytes": it.bytes, "sha256": it.sha256 }),
    );
    let left = left_behind().into_iter().map(|(what, why)| json!({ "what": what, "why": why }));
    json!({
        "format": "filodiretto-export",
        "version": 1,
        "line": line.id.as_str(),
        "comune": line.comune.name,
        "made_at": rfc3339(now),
        "files": files.collect::<Vec<_>>(),
        "not_exported": left.collect::<Vec<_>>(),
    })
}

fn readme(line: &Line, written: &[Written], now: Timestamp) -> String {
    let mut text = format!(
        "# Dati della linea {} ({})\n\n\
         Esportati il {} da Filo Diretto. **Sono dati personali**: conservare questa cartella \
         cifrata, darla solo a chi ne ha titolo, cancellarla quando non serve più.\n\n\
         ## Come si leggono\n\n\
         - `.jsonl`: JSON Lines, UTF-8. Ogni riga è un oggetto JSON.\n\
         - `.csv`: le stesse righe per un foglio di calcolo (RFC 4180, UTF-8, virgola), senza i campi \
         meno usati. Un testo che comincia con = + - @ ha davanti un apostrofo.\n\
         - `linea.toml`: le impostazioni della linea, com'erano state applicate.\n\
         - `manifesto.json`: quante righe ha ogni file e la sua impronta SHA-256. C'è solo se \
         l'esportazione è completa. Si verifica con `sha256sum`.\n\n\
         Gli istanti sono in ora universale (UTC). I numeri di telefono sono internazionali, senza \
         «+». Una persona ha un codice interno (`contact`, e in `contatti` `id`); chi aveva due \
         numeri ha anche i codici di prima (`former_ids`).\n\n\
         Se durante l'esportazione qualcuno scrive, ciò che è arrivato dopo può mancare: per un \
         trasloco, prima fermare gli invii e staccare il webhook.\n\n\
         ## I file\n\n",
        line.id,
        line.comune.name,
        ROME.to_datetime(now).strftime("%d/%m/%Y"),
    );
    let mut add = |row: String| writeln!(text, "{row}").expect("a string takes it");
    for file in written {
        add(format!("- `{}`: {} righe", file.name, file.rows));
    }
    add("\n## Che cosa non c'è, e perché\n".to_owned());
    for (what, why) in left_behind() {
        add(format!("- {what}: {why}."));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_csv_is_read_back_as_it_was_and_computes_nothing() {
        let row = ["1,5", "detta \"Nina\"", "=1+1", "", "due\nrighe"].map(str::to_owned);
        let want = "\"1,5\",\"detta \"\"Nina\"\"\",'=1+1,,\"due\nrighe\"\r\n";
        assert_eq!(cells(row.into_iter()), want);
    }
}
