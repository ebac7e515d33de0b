// SPDX-License-Identifier: EUPL-1.2
//! TOML with the place of everything in it, and every mistake noted on the way.
//!
//! A table is asked for its keys one by one; what nobody asked for is unknown.

use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Problem;

/// Something read, and the line of the file it stands on.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) line: usize,
}

/// The problems so far. Shared by all tables of a file.
pub(super) struct Report<'t> {
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
    /// Keys of the top level: written below a table header they end up in that table.
    top_keys: RefCell<Vec<&'static str>>,
}

impl<'t> Report<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, problems: RefCell::default(), top_keys: RefCell::default() }
    }

    pub(super) fn add(&self, line: usize, what: impl Into<String>, remedy: impl Into<String>) {
        self.problems.borrow_mut().push(Problem { line, what: what.into(), remedy: remedy.into() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.problems.borrow().is_empty()
    }

    /// In the order of the file.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|it| it.line);
        problems
    }

    /// The line on which a byte of the file stands, the first is 1.
    pub(super) fn line_at(&self, span: &Range<usize>) -> usize {
        let start = span.start.min(self.text.len());
        let before = self.text.get(..start).unwrap_or(self.text);
        1 + before.matches('\n').count()
    }
}

/// One table of the file, or the place where it would be.
pub(super) struct Section<'t, 'r> {
    /// As in the file: `[comune]`, `[[topics]]`; empty for the top level.
    name: String,
    pub(super) line: usize,
    table: Option<&'t DeTable<'t>>,
    asked: Vec<&'static str>,
    pub(super) report: &'r Report<'t>,
}

impl<'t, 'r> Section<'t, 'r> {
    pub(super) fn top(table: &'t DeTable<'t>, report: &'r Report<'t>) -> Self {
        Self { name: String::new(), line: 1, table: Some(table), asked: Vec::new(), report }
    }

    pub(super) fn is_there(&self) -> bool {
        self.table.is_some()
    }

    /// `[comune]`, empty if it is not there.
    pub(super) fn section(&mut self, key: &'static str) -> Section<'t, 'r> {
        let mut section = Section {
            name: format!("[{key}]"),
            line: 1,
            table: None,
            asked: Vec::new(),
            report: self.report,
        };
        if let Some(found) = self.get(key) {
            section.line = found.line;
            section.table = found.value.as_table();
            if section.table.is_none() {
                self.wrong_kind(&found, key, "una sezione", &format!("[{key}]"));
            }
        }
        section
    }

    /// Every `[[topics]]`.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section<'t, 'r>> {
        let Some(found) = self.get(key) else { return Vec::new() };
        let report = self.report;
        let Some(array) = found.value.as_array() else {
            self.wrong_kind(&found, key, "un elenco di sezioni", &format!("[[{key}]]"));
            return Vec::new();
        };
        let sections = array.iter().filter_map(|item| {
            let line = report.line_at(&item.span());
            let Some(table) = item.get_ref().as_table() else {
                report.add(
                    line,
                    format!("«{key}» dev'essere un elenco di sezioni"),
                    format!("scrivi una sezione [[{key}]] per ciascuno"),
                );
                return None;
            };
            let name = format!("[[{key}]]");
            Some(Section { name, line, table: Some(table), asked: Vec::new(), report })
        });
        sections.collect()
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<Found<String>> {
        let found = self.get(key)?;
        let Some(text) = found.value.as_str() else {
            self.wrong_kind(&found, key, "un testo tra virgolette", &format!("{key} = \"…\""));
            return None;
        };
        Some(Found { value: text.to_owned(), line: found.line })
    }

    /// A text that must be there and say something; `example` shows how to write it.
    pub(super) fn needed_text(&mut self, key: &'static str, example: &str) -> Found<String> {
        let nothing = Found { value: String::new(), line: self.line };
        if !self.has(key) {
            self.asked.push(key);
            self.missing(key, &format!("{key} = \"{example}\""));
            return nothing;
        }
        let Some(text) = self.text(key) else { return nothing };
        if text.value.trim().is_empty() {
            self.report.add(
                text.line,
                format!("«{key}» è vuoto"),
                format!("scrivi per esempio «{key} = \"{example}\"»"),
            );
        }
        text
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<Found<String>>> {
        let example = format!("{key} = [\"uno\", \"due\"]");
        let found = self.get(key)?;
        let Some(array) = found.value.as_array() else {
            self.wrong_kind(&found, key, "un elenco di testi tra parentesi quadre", &example);
            return None;
        };
        let mut texts = Vec::new();
        for item in &**array {
            let item = Found { value: item.get_ref(), line: self.report.line_at(&item.span()) };
            match item.value.as_str() {
                Some(text) => texts.push(Found { value: text.to_owned(), line: item.line }),
                None => self.wrong_kind(&item, key, "un elenco di soli testi", &example),
            }
        }
        Some(texts)
    }

    pub(super) fn integers(&mut self, key: &'static str) -> Option<Vec<Found<i64>>> {
        let example = format!("{key} = [15, 16, 17]");
        let found = self.get(key)?;
        let Some(array) = found.value.as_array() else {
            self.wrong_kind(&found, key, "un elenco di numeri tra parentesi quadre", &example);
            return None;
        };
        let mut numbers = Vec::new();
        for item in &**array {
            let item = Found { value: item.get_ref(), line: self.report.line_at(&item.span()) };
            match integer(item.value) {
                Some(number) => numbers.push(Found { value: number, line: item.line }),
                None => self.wrong_kind(&item, key, "un elenco di soli numeri", &example),
            }
        }
        Some(numbers)
    }

    /// A whole number within a range, both ends included.
    pub(super) fn number<N>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<N>,
    ) -> Option<Found<N>>
    where
        N: TryFrom<i64> + Into<i64> + Copy + PartialOrd + std::fmt::Display,
    {
        let (low, high) = (*range.start(), *range.end());
        let found = self.get(key)?;
        let Some(number) = integer(found.value) else {
            let example = format!("{key} = {low}");
            self.wrong_kind(&found, key, "un numero intero senza virgolette", &example);
            return None;
        };
        let value = N::try_from(number).ok().filter(|it| range.contains(it));
        if value.is_none() {
            self.report.add(
                found.line,
                format!("«{key}» vale {number}, fuori dai limiti"),
                format!("scrivi un numero da {low} a {high}"),
            );
        }
        value.map(|value| Found { value, line: found.line })
    }

    pub(super) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let found = self.get(key)?;
        let value = found.value.as_bool();
        if value.is_none() {
            let remedy = format!("{key} = true» per sì, «{key} = false");
            self.wrong_kind(&found, key, "true oppure false, senza virgolette", &remedy);
        }
        value
    }

    /// `2024-03-04`, with quotes or without.
    pub(super) fn date(&mut self, key: &'static str) -> Option<Date> {
        let found = self.get(key)?;
        let written = match found.value {
            DeValue::Datetime(it) if it.time.is_none() => it.date.map(|it| it.to_string()),
            DeValue::String(it) => Some(it.to_string()),
            _ => None,
        };
        let date = written.and_then(|it| it.parse::<Date>().ok());
        if date.is_none() {
            self.report.add(
                found.line,
                format!("«{key}» non è una data"),
                format!("scrivi anno, mese e giorno: «{key} = 2026-11-22»"),
            );
        }
        date
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(key)?;
        let lower = text.value.trim().to_lowercase();
        let chosen = choices.iter().find(|(word, _)| *word == lower);
        if chosen.is_none() {
            let words: Vec<String> =
                choices.iter().map(|(word, _)| format!("«{key} = \"{word}\"»")).collect();
            self.report.add(
                text.line,
                format!("«{key}» non può essere «{}»", text.value),
                format!("scrivi {}", words.join(" oppure ")),
            );
        }
        chosen.map(|(_, value)| *value)
    }

    /// Every key with its text, whatever the key is called.
    pub(super) fn any_texts(&mut self) -> Vec<(Found<String>, String)> {
        let Some(table) = self.table.take() else { return Vec::new() };
        let mut texts = Vec::new();
        for (key, value) in table {
            let line = self.report.line_at(&key.span());
            let name = key.get_ref().to_string();
            match value.get_ref().as_str() {
                Some(text) => texts.push((Found { value: name, line }, text.to_owned())),
                None => self.report.add(
                    line,
                    format!("«{name}» dev'essere un testo tra virgolette"),
                    format!("scrivi «{name} = \"…\"»"),
                ),
            }
        }
        texts
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|it| it.contains_key(key))
    }

    /// Where a key stands, or else its section.
    pub(super) fn line_of(&self, key: &str) -> usize {
        let found = self.table.and_then(|it| it.get_key_value(key));
        found.map_or(self.line, |(name, _)| self.report.line_at(&name.span()))
    }

    pub(super) fn missing(&self, key: &str, example: &str) {
        let place = match (self.name.as_str(), self.table) {
            ("", _) => "all'inizio del file, prima di ogni sezione".to_owned(),
            (name, Some(_)) => format!("sotto {name}"),
            (name, None) => format!("in una nuova sezione {name}"),
        };
        let inside =
            if self.name.is_empty() { String::new() } else { format!(" in {}", self.name) };
        self.report.add(
            self.line,
            format!("manca «{key}»{inside}"),
            format!("aggiungi «{example}» {place}"),
        );
    }

    /// Reports what nobody asked for.
    pub(super) fn done(self) {
        let Some(table) = self.table else { return };
        let top = self.report.top_keys.borrow();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if self.asked.contains(&name) {
                continue;
            }
            let what = match (self.name.as_str(), value.get_ref()) {
                ("", DeValue::Table(_)) => format!("la sezione [{name}] non esiste"),
                ("", DeValue::Array(it)) if it.iter().all(|it| it.get_ref().is_table()) => {
                    format!("la sezione [[{name}]] non esiste")
                }
                ("", _) => format!("la voce «{name}» non esiste"),
                (section, _) => format!("la voce «{name}» non esiste in {section}"),
            };
            let remedy = match nearest(name, &self.asked) {
                Some(known) => format!("forse volevi scrivere «{known}»"),
                None if top.contains(&name) => {
                    format!("sposta «{name}» all'inizio del file, prima di ogni sezione")
                }
                None => format!("togli la riga; le voci possibili sono: {}", self.asked.join(", ")),
            };
            self.report.add(self.report.line_at(&key.span()), what, remedy);
        }
    }

    /// Remembers the keys asked for so far as those of the top level.
    pub(super) fn remember_as_top(&self) {
        self.report.top_keys.borrow_mut().clone_from(&self.asked);
    }

    fn get(&mut self, key: &'static str) -> Option<Found<&'t DeValue<'t>>> {
        self.asked.push(key);
        let (name, value): (&Spanned<_>, _) = self.table?.get_key_value(key)?;
        // A value may start lines below its key; a table is found by its header.
        let span = if value.get_ref().is_table() { value.span() } else { name.span() };
        Some(Found { value: value.get_ref(), line: self.report.line_at(&span) })
    }

    fn wrong_kind(&self, found: &Found<&DeValue>, key: &str, expected: &str, example: &str) {
        self.report.add(
            found.line,
            format!("«{key}» dev'essere {expected}, non {}", kind_words(found.value)),
            format!("scrivi «{example}»"),
        );
    }
}

fn integer(value: &DeValue) -> Option<i64> {
    let it = value.as_integer()?;
    i64::from_str_radix(it.as_str(), it.radix()).ok()
}

fn kind_words(value: &DeValue) -> &'static str {
    match value {
        DeValue::String(_) => "un testo",
        DeValue::Integer(_) => "un numero intero",
        DeValue::Float(_) => "un numero con la virgola",
        DeValue::Boolean(_) => "true o false",
        DeValue::Datetime(_) => "una data",
        DeValue::Array(_) => "un elenco",
        DeValue::Table(_) => "una sezione",
    }
}

/// The known word that was most likely meant: at most a third of it differs.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let by_distance = known.iter().map(|it| (distance(word, it), *it));
    let (distance, nearest) = by_distance.min()?;
    (distance <= nearest.chars().count().max(3) / 3).then_some(nearest)
}

/// Levenshtein distance.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

/// What a TOML syntax error says, for somebody who does not know TOML.
pub(super) fn syntax_words(message: &str) -> (&'static str, &'static str) {
    if message.starts_with("duplicate key") {
        return (
            "questa voce o sezione c'è già",
            "tienine una sola; un altro argomento o modello comincia con [[topics]] o [[templates]]",
        );
    }
    if message.contains("quote") || message.contains("string") {
        return (
            "un testo non è scritto bene",
            "metti le virgolette all'inizio e alla fine: «nome = \"testo\"»; un testo su più righe \
             comincia e finisce con tre virgolette",
        );
    }
    if message.contains("array") || message.contains("comma") {
        return (
            "un elenco non è scritto bene",
            "metti le parentesi quadre e una virgola tra un elemento e l'altro: «[\"uno\", \"due\"]»",
        );
    }
    if message.contains("table") {
        return (
            "il titolo di una sezione non è scritto bene",
            "scrivi il nome tra parentesi quadre, da solo sulla riga: «[comune]»",
        );
    }
    (
        "questa riga non si capisce",
        "scrivi «nome = valore», con i testi tra virgolette; per un commento comincia con «#»",
    )
}
