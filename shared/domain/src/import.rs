// SPDX-License-Identifier: EUPL-1.2
//! A list of subscribers as CSV: every row is checked, with the proof of each consent or with one
//! declaration for all, and then decided on one by one.
//!
//! Spreadsheets write semicolons or commas, with a byte order mark or without, and take the plus
//! from a number. What is wrong is said by row and column, in Italian, and never quotes a number.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::contact::{ConsentEvent, ConsentSource, Contact, Subscription};
use crate::conversation::{Wish, record};
use crate::hours::ROME;
use crate::ids::TopicId;
use crate::line::Line;
use crate::phone::Phone;

/// The most rows taken in one go, so that it ends within what a request may last.
pub const MOST_ROWS: usize = 5_000;

/// The most rows that are reported as wrong at once.
pub const MOST_WRONG: usize = 100;

/// The longest proof, act or source, in characters.
pub const PROOF_LIMIT: usize = 2_000;

/// One column, by the names it may have. The first is the one that we use.
const COLUMNS: [(Column, &[&str]); 4] = [
    (Column::Phone, &["phone", "telefono", "numero", "cellulare"]),
    (Column::Topics, &["topics", "argomenti"]),
    (Column::ConsentAt, &["consent_at", "data_consenso"]),
    (Column::Proof, &["proof", "prova"]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    Phone,
    Topics,
    ConsentAt,
    Proof,
}

impl Column {
    pub fn name(self) -> &'static str {
        COLUMNS.iter().find(|it| it.0 == self).map_or("", |it| it.1[0])
    }

    fn parse(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase();
        COLUMNS.iter().find(|it| it.1.contains(&&*name)).map(|it| it.0)
    }
}

/// What is declared of a list without proofs: the act by which the office takes it over, its date, and
/// where the list comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    pub act: String,
    pub at: Timestamp,
    pub source: String,
}

impl Declaration {
    /// Checks what was said; errors by the names of the parts.
    pub fn check(
        act: &str,
        date: &str,
        source: &str,
        now: Timestamp,
    ) -> Result<Self, Vec<(&'static str, String)>> {
        let (act, source) = (act.trim(), source.trim());
        let at = moment(date.trim(), now);
        let mut wrong = Vec::new();
        for (name, text) in [("act", act), ("source", source)] {
            if !(1..=PROOF_LIMIT / 4).contains(&text.chars().count()) {
                wrong.push((name, format!("Scrivere da 1 a {} caratteri.", PROOF_LIMIT / 4)));
            }
        }
        match at {
            Ok(at) if wrong.is_empty() => {
                Ok(Self { act: act.to_owned(), at, source: source.to_owned() })
            }
            Ok(_) => Err(wrong),
            Err(detail) => {
                wrong.push(("date", detail));
                Err(wrong)
            }
        }
    }

    fn proof(&self) -> String {
        format!(
            "Elenco dichiarato, senza prova del consenso: {}. Provenienza: {}",
            self.act, self.source
        )
    }
}

/// One person of a list, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line of the file, as a spreadsheet numbers rows: the names of the columns are row 1.
    pub number: u64,
    pub phone: Phone,
    /// Empty for the line's usual ones.
    pub topics: Vec<TopicId>,
    pub consent_at: Timestamp,
    pub proof: String,
    /// Whether there is a proof of this person's own.
    pub proven: bool,
}

/// What is wrong with a file. `row` is 1 for the file as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub row: u64,
    pub column: Option<Column>,
    /// What to change, in Italian.
    pub detail: String,
}

impl Wrong {
    fn file(detail: impl Into<String>) -> Self {
        Self { row: 1, column: None, detail: detail.into() }
    }

    fn at(row: u64, column: Column, detail: impl Into<String>) -> Self {
        Self { row, column: Some(column), detail: detail.into() }
    }
}

/// Reads a whole file. Either every row is right, or what is wrong with the first
/// [`MOST_WRONG`] of them. Of a declared list the rows have no proof and no date.
pub fn read(
    file: &[u8],
    declared: Option<&Declaration>,
    line: &Line,
    now: Timestamp,
) -> Result<Vec<Row>, Vec<Wrong>> {
    let file = std::str::from_utf8(file).map_err(|_| {
        vec![Wrong::file("Il file non è in UTF-8: salvarlo come «CSV UTF-8» e riprovare.")]
    })?;
    // With both signs at their ends, the reader counts lines one too low.
    let file = file.strip_prefix('\u{feff}').unwrap_or(file).replace("\r\n", "\n");
    let head = file.lines().next().unwrap_or_default();
    let semicolons = head.contains(';');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(if semicolons { b';' } else { b',' })
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(file.as_bytes());
    let columns = match reader.headers() {
        Ok(names) => columns(names, declared.is_some())?,
        Err(_) => return Err(vec![Wrong::file("Il file non si legge come CSV.")]),
    };
    let mut known = HashMap::new();
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let Ok(record) = record else {
            wrong.push(Wrong::file("Il file non si legge come CSV."));
            break;
        };
        let number = record.position().map_or(0, csv::Position::line);
        // A spreadsheet leaves rows of nothing but separators at the end.
        if record.iter().all(str::is_empty) {
            continue;
        }
        if rows.len() == MOST_ROWS {
            let detail = format!("Un file può avere al massimo {MOST_ROWS} righe: dividerlo.");
            return Err(vec![Wrong::file(detail)]);
        }
        match row(number, &record, &columns, declared, line, now) {
            Ok(row) => match known.insert(row.phone.clone(), number) {
                None => rows.push(row),
                Some(first) => {
                    let detail = format!("Questo numero c'è già alla riga {first}: lasciarne una.");
                    wrong.push(Wrong::at(number, Column::Phone, detail));
                }
            },
            Err(errors) => wrong.extend(errors),
        }
        if wrong.len() >= MOST_WRONG {
            break;
        }
    }
    if wrong.is_empty() && rows.is_empty() {
        wrong.push(Wrong::file("Il file non ha righe oltre a quella dei nomi delle colonne."));
    }
    wrong.truncate(MOST_WRONG);
    if wrong.is_empty() { Ok(rows) } else { Err(wrong) }
}

/// Which column each cell of a row belongs to.
fn columns(names: &csv::StringRecord, declared: bool) -> Result<Vec<Column>, Vec<Wrong>> {
    let known: Vec<_> = COLUMNS.iter().map(|it| it.1[0]).collect();
    let known = known.join(", ");
    let mut columns = Vec::new();
    for (n, name) in (1..).zip(names) {
        // Somebody may have left the names out: what stands there is not repeated.
        let Some(column) = Column::parse(name) else {
            let detail = format!(
                "La prima riga deve avere i nomi delle colonne. Il nome numero {n} non è tra \
                 questi: {known}."
            );
            return Err(vec![Wrong::file(detail)]);
        };
        if declared && matches!(column, Column::ConsentAt | Column::Proof) {
            let detail = format!(
                "Di un elenco dichiarato vale la dichiarazione: togliere la colonna {}, oppure \
                 importarlo con le prove, senza act, date e source.",
                column.name()
            );
            return Err(vec![Wrong::file(detail)]);
        }
        if columns.contains(&column) {
            let detail = format!("La colonna {} c'è due volte.", column.name());
            return Err(vec![Wrong::file(detail)]);
        }
        columns.push(column);
    }
    let needed = [Column::Phone, Column::ConsentAt, Column::Proof];
    let needed = &needed[..if declared { 1 } else { needed.len() }];
    let missing: Vec<_> =
        needed.iter().copied().filter(|it| !columns.contains(it)).map(Column::name).collect();
    if missing.is_empty() {
        Ok(columns)
    } else {
        Err(vec![Wrong::file(format!("Mancano queste colonne: {}.", missing.join(", ")))])
    }
}

fn row(
    number: u64,
    record: &csv::StringRecord,
    columns: &[Column],
    declared: Option<&Declaration>,
    line: &Line,
    now: Timestamp,
) -> Result<Row, Vec<Wrong>> {
    if record.len() != columns.len() {
        let detail = format!(
            "Questa riga ha {} celle, le colonne sono {}: controllare separatori e virgolette.",
            record.len(),
            columns.len()
        );
        return Err(vec![Wrong { row: number, ..Wrong::file(detail) }]);
    }
    let cell = |column| {
        let at = columns.iter().position(|it| *it == column);
        at.and_then(|it| record.get(it)).unwrap_or_default()
    };
    let mut wrong = Vec::new();
    let phone = phone(cell(Column::Phone));
    let topics = topics(cell(Column::Topics), line);
    let (consent_at, proof) = match declared {
        Some(it) => (Ok(it.at), it.proof()),
        None => (moment(cell(Column::ConsentAt), now), cell(Column::Proof).to_owned()),
    };
    let length = proof.chars().count();
    for (column, error) in [
        (Column::Phone, phone.as_ref().err()),
        (Column::Topics, topics.as_ref().err()),
        (Column::ConsentAt, consent_at.as_ref().err()),
    ] {
        wrong.extend(error.map(|it| Wrong::at(number, column, it)));
    }
    if !(1..=PROOF_LIMIT).contains(&length) {
        let detail = format!("Scrivere dove si trova la prova, da 1 a {PROOF_LIMIT} caratteri.");
        wrong.push(Wrong::at(number, Column::Proof, detail));
    }
    match (phone, topics, consent_at) {
        (Ok(phone), Ok(topics), Ok(consent_at)) if wrong.is_empty() => {
            Ok(Row { number, phone, topics, consent_at, proof, proven: declared.is_none() })
        }
        _ => Err(wrong),
    }
}

/// With the country code, or an Italian mobile number without it: nine or ten digits from 3 on.
fn phone(text: &str) -> Result<Phone, String> {
    let how = "Scrivere il numero con il prefisso internazionale: +39 333 000 0000.";
    let wrong = |_| how.to_owned();
    let international = text.starts_with('+') || text.starts_with("00");
    let digits = Phone::parse(text).map_err(wrong)?;
    let n = digits.expose().len();
    if international || (digits.expose().starts_with("39") && (11..=13).contains(&n)) {
        Ok(digits)
    } else if digits.expose().starts_with('3') && (9..=10).contains(&n) {
        Phone::parse(&format!("39{}", digits.expose())).map_err(wrong)
    } else {
        Err(how.to_owned())
    }
}

/// Ids with blanks, commas or bars between.
fn topics(text: &str, line: &Line) -> Result<Vec<TopicId>, String> {
    let apart = |it: char| it.is_whitespace() || matches!(it, ',' | '|' | ';');
    let names = text.split(apart).filter(|it| !it.is_empty());
    let topics: BTreeSet<_> = names.map(|it| TopicId::new(it.to_lowercase())).collect();
    if topics.iter().all(|it| line.topic(it).is_some()) {
        Ok(topics.into_iter().collect())
    } else {
        let known: Vec<_> = line.topics.iter().map(|it| it.id.as_str()).collect();
        Err(format!("Usare uno o più di: {}. Vuoto vale quelli abituali.", known.join(", ")))
    }
}

/// An instant, or a day as spreadsheets have it. A day is its beginning in Rome: of a goodbye on
/// the same day nobody knows which came first, so the goodbye holds.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let day = || text.parse::<Date>().or_else(|_| Date::strptime("%d/%m/%Y", text)).ok();
    let start = |it: Date| it.to_zoned(ROME.clone()).ok().map(|it| it.timestamp());
    let at = text.parse().ok().or_else(|| day().and_then(start));
    match at {
        Some(at) if at <= now => Ok(at),
        Some(_) => Err("Questo momento deve ancora venire.".to_owned()),
        None => Err("Scrivere la data così: 2026-11-25 oppure 25/11/2026.".to_owned()),
    }
}

/// What a row comes to for the contact with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Joins(Box<(Contact, ConsentEvent)>),
    AlreadySubscribed,
    /// Said something newer than the row's consent.
    LeftLater,
    Blocked,
}

impl Outcome {
    /// For the office; of who is refused only.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Joins(_) | Self::AlreadySubscribed => None,
            Self::LeftLater => Some("Si è cancellata dopo questo consenso: non è stata iscritta."),
            Self::Blocked => Some("È bloccata: togliere prima il blocco."),
        }
    }
}

/// Decides on one row, `contact` being who has its number, or somebody new. `who` is the operator.
pub fn decide(contact: &Contact, row: &Row, who: &str, line: &Line) -> Outcome {
    if contact.blocked.is_some() {
        return Outcome::Blocked;
    }
    match contact.subscription {
        Subscription::Active { .. } => return Outcome::AlreadySubscribed,
        Subscription::Ended { at } if at >= row.consent_at => return Outcome::LeftLater,
        Subscription::Ended { .. } | Subscription::Never => {}
    }
    let contact = Contact { phone: Some(row.phone.clone()), ..contact.clone() };
    let source =
        ConsentSource::Operator { who: who.to_owned(), channel: None, proof: row.proof.clone() };
    let wish = Wish::Subscribe(row.topics.clone());
    match record(&contact, &wish, row.consent_at, &source, line) {
        Ok((contact, event)) if contact.is_subscribed() => {
            let contact = Contact { unproven: !row.proven, ..contact };
            Outcome::Joins(Box::new((contact, event)))
        }
        // Of somebody who is not blocked: they said something newer.
        _ => Outcome::LeftLater,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::{ContactId, MeasureId};
    use crate::line::sample;
    use crate::moderation::Block;

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn read_text(text: &str) -> Result<Vec<Row>, Vec<Wrong>> {
        read(text.as_bytes(), None, &sample::line(), now())
    }

    /// The place and the words of what is wrong.
    fn wrongs(text: &str) -> String {
        let wrong = read_text(text).expect_err("something is wrong");
        let rows = wrong
            .iter()
            .map(|it| format!("{} {}: {}", it.row, it.column.map_or("-", Column::name), it.detail));
        rows.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn reads_what_spreadsheets_write() {
        let day: Timestamp = "2026-11-20T00:00:00+01:00".parse().unwrap();
        for text in [
            "phone,consent_at,proof\n+393330000001,2026-11-20,Modulo 1\n",
            "\u{feff}Telefono;Data_consenso;Prova\r\n333 000 0001;20/11/2026;Modulo 1\r\n;;\r\n",
            "prova;telefono;data_consenso\n\"Modulo 1\";393330000001;2026-11-20T00:00:00+01:00",
            "phone,topics,consent_at,proof\n0039333/0000001,,2026-11-20,Modulo 1",
        ] {
            let rows = read_text(text).unwrap_or_else(|err| panic!("{text:?}: {err:?}"));
            let [row] = &rows[..] else { panic!("{text:?}") };
            assert_eq!(row.phone.expose(), "393330000001", "{text:?}");
            assert_eq!((row.consent_at, &*row.proof, row.number), (day, "Modulo 1", 2), "{text:?}");
        }
    }

    #[test]
    fn numbers_need_their_country_unless_they_are_italian_mobiles() {
        for (text, want) in [
            ("3330000001", Some("393330000001")),
            ("3931234567", Some("393931234567")),
            ("+33612345678", Some("33612345678")),
            ("33612345678", None),
            ("0434392111", None),
            ("+390434392111", Some("390434392111")),
            ("3,93E+11", None),
            ("", None),
        ] {
            let got = phone(text);
            assert_eq!(got.ok().as_ref().map(Phone::expose), want, "{text:?}");
        }
    }

    #[test]
    fn says_what_is_wrong_by_row_and_column() {
        let text = "phone;topics;consent_at;proof\n\
                    333;nessuno;ieri;\n\
                    3330000001;;2026-11-20;Modulo\n\
                    +39 333 000 0001;;2026-11-20;Modulo\n\
                    3330000002;;2027-01-01;Modulo\n\
                    3330000003;2026-11-20\n";
        insta::assert_snapshot!(wrongs(text), @r"
        2 phone: Scrivere il numero con il prefisso internazionale: +39 333 000 0000.
        2 topics: Usare uno o più di: acqua, eventi. Vuoto vale quelli abituali.
        2 consent_at: Scrivere la data così: 2026-11-25 oppure 25/11/2026.
        2 proof: Scrivere dove si trova la prova, da 1 a 2000 caratteri.
        4 phone: Questo numero c'è già alla riga 3: lasciarne una.
        5 consent_at: Questo momento deve ancora venire.
        6 -: Questa riga ha 2 celle, le colonne sono 4: controllare separatori e virgolette.
        ");
        for (text, want) in [
            ("", "Mancano queste colonne"),
            ("phone;consent_at;proof\n", "non ha righe"),
            ("3330000001;2026-11-20;Modulo\n", "nomi delle colonne"),
            ("phone;phone;consent_at;proof\n", "due volte"),
            ("phone;consent_at\n", "proof"),
        ] {
            let said = wrongs(text);
            assert!(said.contains(want) && !said.contains("333000"), "{text:?}: {said}");
        }
        assert!(read(b"phone\xff", None, &sample::line(), now()).is_err());
    }

    #[test]
    fn too_many_rows_are_refused_whole() {
        let rows = (0..=MOST_ROWS).map(|n| format!("39333{n:07},2026-11-20,Modulo"));
        let mut lines: Vec<_> =
            ["phone,consent_at,proof".to_owned()].into_iter().chain(rows).collect();
        assert!(wrongs(&lines.join("\n")).contains("5000 righe"));
        lines.pop();
        assert_eq!(read_text(&lines.join("\n")).unwrap().len(), MOST_ROWS);
    }

    #[test]
    fn who_left_later_or_is_blocked_is_not_subscribed_again() {
        let row = read_text("phone,consent_at,proof\n3330000001,2026-11-20,Modulo").unwrap();
        let row = &row[0];
        let stranger = Contact::new(ContactId::new("c"));
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let ended = |text| Contact {
            subscription: Subscription::Ended { at: at(text) },
            consent_at: Some(at(text)),
            ..stranger.clone()
        };
        let block = Block::of(&MeasureId::new("1"), Timestamp::MAX, "spam");
        let blocked = Contact { blocked: Some(block), ..stranger.clone() };
        let line = sample::line();
        let decided = |contact: &Contact| decide(contact, row, "URP", &line);
        let Outcome::Joins(joined) = decided(&stranger) else { panic!("joins") };
        assert_eq!(joined.0.phone.as_ref(), Some(&row.phone));
        assert_eq!(joined.1.at, row.consent_at);
        assert_eq!(decided(&joined.0), Outcome::AlreadySubscribed, "twice is once");
        assert!(matches!(decided(&ended("2026-11-01T00:00:00Z")), Outcome::Joins(_)));
        assert_eq!(decided(&ended("2026-11-20T08:00:00Z")), Outcome::LeftLater, "the same day");
        assert_eq!(decided(&ended("2026-11-21T08:00:00Z")), Outcome::LeftLater);
        assert_eq!(decided(&blocked), Outcome::Blocked);
    }

    proptest! {
        #[test]
        fn no_file_panics_and_none_is_quoted(text in "(phone;consent_at;proof\n)?[0-9a-z;,\"\n +/-]{0,200}") {
            if let Err(wrong) = read_text(&text) {
                prop_assert!(!wrong.is_empty() && wrong.len() <= MOST_WRONG);
            }
        }
    }

    #[test]
    fn a_declared_list_needs_numbers_only_and_proves_nothing() {
        let declared =
            Declaration::check("Determina 12/2026", "20/11/2026", "newsletter del Comune", now())
                .unwrap();
        let line = sample::line();
        let taken = |text: &str| read(text.as_bytes(), Some(&declared), &line, now());
        let rows = taken("telefono\n3330000001\n3330000002").unwrap();
        assert_eq!(rows.len(), 2);
        assert!(
            rows[0].proof.contains("Determina 12/2026") && rows[0].proof.contains("newsletter")
        );
        let stranger = Contact::new(ContactId::new("c"));
        let Outcome::Joins(joined) = decide(&stranger, &rows[0], "URP", &line) else {
            panic!("joins");
        };
        assert!(joined.0.unproven && joined.0.is_subscribed());
        let wrong = taken("telefono;prova\n3330000001;Modulo").unwrap_err();
        assert!(wrong[0].detail.contains("togliere la colonna proof"), "{wrong:?}");
        let wrong = Declaration::check(" ", "domani", "x", now()).unwrap_err();
        assert_eq!(wrong.iter().map(|it| it.0).collect::<Vec<_>>(), ["act", "date"]);
    }
}
