// SPDX-License-Identifier: EUPL-1.2
//! The folder of line files: read whole, and refused whole if anything in it is wrong.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use domain::line::Line;
use store::line_file;

/// A line and the file that says it.
pub struct LineFile {
    pub path: PathBuf,
    pub text: String,
    pub line: Line,
}

/// What is wrong with which file: for the person who wrote it.
#[derive(Debug)]
pub struct WrongFiles(pub(crate) Vec<String>);

impl fmt::Display for WrongFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for WrongFiles {}

/// Reads one file.
pub fn read_file(path: &Path) -> Result<LineFile, WrongFiles> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|err| WrongFiles(vec![format!("{name}: il file non si può leggere ({err})")]))?;
    match line_file::parse(&text) {
        Ok(line) => Ok(LineFile { path: path.to_owned(), text, line }),
        Err(problems) => {
            Err(WrongFiles(problems.iter().map(|it| format!("{name}: {it}")).collect()))
        }
    }
}

/// Reads every `.toml` of the folder. Ids and business numbers must differ.
pub fn read_folder(folder: &Path) -> Result<Vec<LineFile>, WrongFiles> {
    let name = folder.display();
    let entries = std::fs::read_dir(folder).map_err(|err| {
        WrongFiles(vec![format!(
            "{name}: la cartella delle linee non si può leggere ({err}). Indicarla con --lines."
        )])
    })?;
    let mut paths: Vec<_> = entries.filter_map(|it| Some(it.ok()?.path())).collect();
    paths.retain(|it| it.extension().is_some_and(|it| it == "toml"));
    paths.sort();
    if paths.is_empty() {
        return Err(WrongFiles(vec![format!(
            "{name}: nessun file di linea (.toml). Crearne uno o indicare un'altra cartella con \
             --lines."
        )]));
    }
    read_files(&paths)
}

/// Reads these files. Ids and business numbers must differ.
pub fn read_files(paths: &[PathBuf]) -> Result<Vec<LineFile>, WrongFiles> {
    let mut files = Vec::new();
    let mut wrong = Vec::new();
    for path in paths {
        match read_file(path) {
            Ok(file) => files.push(file),
            Err(WrongFiles(more)) => wrong.extend(more),
        }
    }
    wrong.extend(taken_twice(&files, "id", |it| it.id.as_str()));
    wrong.extend(taken_twice(&files, "phone_number_id", |it| it.phone_number_id.as_str()));
    if wrong.is_empty() { Ok(files) } else { Err(WrongFiles(wrong)) }
}

fn taken_twice(files: &[LineFile], key: &str, value: fn(&Line) -> &str) -> Vec<String> {
    let mut first: HashMap<&str, &Path> = HashMap::new();
    let mut wrong = Vec::new();
    for file in files {
        let value = value(&file.line);
        if let Some(other) = first.insert(value, &file.path) {
            wrong.push(format!(
                "{}: {key} = \"{value}\" è già in {}: usarne un altro.",
                file.path.display(),
                other.display()
            ));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(files: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let wrong = read_folder(folder.path()).err().map(|it| it.to_string()).unwrap_or_default();
        wrong.replace(&format!("{}/", folder.path().display()), "")
    }

    #[test]
    fn names_file_line_and_remedy() {
        let pordenone = include_str!("../../lines/pordenone.toml");
        assert_eq!(wrong(&[("a.toml", pordenone), ("notes.md", "#")]), "");
        let broken = pordenone.replace("rate = 80", "rate = 5");
        let said = wrong(&[("a.toml", &broken)]);
        assert!(said.starts_with("a.toml: riga "), "{said}");
    }

    #[test]
    fn two_lines_cannot_share_a_number() {
        let pordenone = include_str!("../../lines/pordenone.toml");
        let other = pordenone.replace("id = \"pordenone\"", "id = \"altra\"");
        let said = wrong(&[("a.toml", pordenone), ("b.toml", &other)]);
        assert!(said.starts_with("b.toml: phone_number_id = "), "{said}");
    }

    #[test]
    fn an_empty_folder_says_what_to_do() {
        assert!(wrong(&[]).contains("--lines"));
    }
}
