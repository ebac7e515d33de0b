// SPDX-License-Identifier: EUPL-1.2
//! Line files become the settings of a deployment's lines, after showing what would change.

use std::path::PathBuf;

use anyhow::Context;
use domain::line::Line;
use jiff::Timestamp;
use similar::TextDiff;
use store::Store;

use crate::lines::{LineFile, WrongFiles};

/// Lines shown before and after a change.
const CONTEXT: usize = 2;

/// What applying these files would do.
pub struct Plan {
    changes: Vec<Change>,
    unchanged: Vec<String>,
    /// Lines of the deployment of which there is no file. They stay as they are.
    left: Vec<String>,
}

struct Change {
    file: LineFile,
    /// The file as it was applied last; `None` for a new line.
    before: Option<String>,
}

impl Plan {
    /// Compares files with what was applied. Refused if a business number is another line's.
    pub async fn of(store: &Store, files: Vec<LineFile>) -> anyhow::Result<Self> {
        let known = store.lines().await.context("leggere le linee dell'installazione")?;
        refuse_taken_numbers(&files, known.iter().map(|it| &**it))?;
        let is_file = |it: &&Line| files.iter().any(|file| file.line.id == it.id);
        let known = known.iter().map(|it| &**it);
        let left = known.filter(|it| !is_file(it)).map(|it| it.id.to_string()).collect();
        let mut plan = Self { changes: Vec::new(), unchanged: Vec::new(), left };
        for file in files {
            let id = &file.line.id;
            let before = store.line_document(id).await.with_context(|| format!("leggere {id}"))?;
            match before.map(|it| it.text) {
                Some(text) if text == file.text => plan.unchanged.push(id.to_string()),
                before => plan.changes.push(Change { file, before }),
            }
        }
        Ok(plan)
    }

    pub fn changes_nothing(&self) -> bool {
        self.changes.is_empty()
    }

    /// What changes, line by line, for who decides.
    pub fn shown(&self) -> String {
        let mut shown: String = self.changes.iter().map(Change::shown).collect();
        for (lines, what) in
            [(&self.unchanged, "nessun cambiamento"), (&self.left, "non c'è un file, resta com'è")]
        {
            if !lines.is_empty() {
                shown.push_str(&lines.join(", "));
                shown.push_str(": ");
                shown.push_str(what);
                shown.push_str(".\n");
            }
        }
        shown
    }

    /// Applies what changes. A failure in the middle leaves each line as it was or as its file
    /// says, and doing it again does the rest.
    pub async fn apply(&self, store: &Store, now: Timestamp) -> anyhow::Result<()> {
        for Change { file, .. } in &self.changes {
            let applied = store.apply_line(&file.line.id, &file.text, now).await;
            applied.with_context(|| format!("applicare {}", file.path.display()))?;
        }
        Ok(())
    }
}

impl Change {
    fn shown(&self) -> String {
        let (id, path) = (&self.file.line.id, self.file.path.display());
        let Some(before) = &self.before else { return format!("{id}: linea nuova, da {path}.\n") };
        let mut shown = format!("{id}: cambia con {path}:\n");
        let diff = TextDiff::from_lines(before, &self.file.text);
        for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
            for change in hunk.iter_changes() {
                shown.push_str("  ");
                shown.push_str(&change.tag().to_string());
                shown.push_str(change.value());
            }
            shown.push('\n');
        }
        shown
    }
}

fn refuse_taken_numbers<'a>(
    files: &[LineFile],
    known: impl Iterator<Item = &'a Line>,
) -> Result<(), WrongFiles> {
    let mut wrong = Vec::new();
    // A line that has a file of its own gets its number from there.
    for other in known.filter(|it| files.iter().all(|file| file.line.id != it.id)) {
        for file in files.iter().filter(|it| it.line.phone_number_id == other.phone_number_id) {
            let path: &PathBuf = &file.path;
            wrong.push(format!(
                "{}: phone_number_id = \"{}\" è già della linea {}: usarne un altro.",
                path.display(),
                other.phone_number_id,
                other.id
            ));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(WrongFiles(wrong)) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio::task::JoinSet;

    use super::*;
    use crate::{engine, lines};

    fn pordenone(change: impl Fn(&str) -> String) -> LineFile {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pordenone.toml");
        let text = include_str!("../../lines/pordenone.toml");
        std::fs::write(&path, change(text)).unwrap();
        let file = lines::read_file(&path).unwrap();
        LineFile { path: Path::new("pordenone.toml").to_owned(), ..file }
    }

    async fn applied(store: &Store, file: LineFile) {
        let plan = Plan::of(store, vec![file]).await.unwrap();
        plan.apply(store, Timestamp::now()).await.unwrap();
    }

    #[tokio::test]
    async fn shows_what_changes_and_applies_it() {
        let mut tasks = JoinSet::new();
        let store = engine::start(None, None, &mut tasks).await.unwrap();
        let file = || pordenone(str::to_owned);
        let plan = Plan::of(&store, vec![file()]).await.unwrap();
        assert_eq!(plan.shown(), "pordenone: linea nuova, da pordenone.toml.\n");
        applied(&store, file()).await;

        let plan = Plan::of(&store, vec![file()]).await.unwrap();
        assert!(plan.changes_nothing());
        assert_eq!(plan.shown(), "pordenone: nessun cambiamento.\n");

        let slower = pordenone(|it| it.replace("rate = 80", "rate = 40"));
        let plan = Plan::of(&store, vec![slower]).await.unwrap();
        let shown = plan.shown();
        assert!(shown.starts_with("pordenone: cambia con pordenone.toml:\n"), "{shown}");
        assert!(shown.contains("  -rate = 80\n  +rate = 40\n"), "{shown}");
        plan.apply(&store, Timestamp::now()).await.unwrap();
        let lines = store.lines().await.unwrap();
        assert_eq!(lines.iter().map(|it| it.rate).collect::<Vec<_>>(), [40]);
    }

    #[tokio::test]
    async fn a_number_of_another_line_is_refused() {
        let mut tasks = JoinSet::new();
        let store = engine::start(None, None, &mut tasks).await.unwrap();
        applied(&store, pordenone(str::to_owned)).await;
        let other = pordenone(|it| it.replace("id = \"pordenone\"", "id = \"altra\""));
        let refused = Plan::of(&store, vec![other]).await.err().unwrap().to_string();
        assert!(refused.contains("è già della linea pordenone"), "{refused}");
    }
}
