// SPDX-License-Identifier: EUPL-1.2
//! Texts with placeholders: `{cancellazione}` for the line's own words, `{{luogo}}` for what
//! changes with each broadcast.

use crate::hours::{Hours, and};
use crate::line::Line;

/// What people write to see or change their topics, and to use their rights. The same for every
/// line: `crate::reading` knows them.
pub const TOPICS_WORD: &str = "ARGOMENTI";
pub const MY_DATA_WORD: &str = "I MIEI DATI";

/// What every text of a line may say of it.
pub(crate) const LINE_PLACEHOLDERS: [&str; 19] = [
    "iscrizione",
    "cancellazione",
    "parola_argomenti",
    "parola_dati",
    "ente",
    "del_ente",
    "servizio",
    "numero",
    "ufficio",
    "orari",
    "email",
    "telefono",
    "sportello",
    "contatto_dpo",
    "diritti",
    "link_policy",
    "link_informativa",
    "elenco_argomenti",
    "esempio_argomento",
];

/// The value of a placeholder for a line; `None` where the line has nothing to say.
pub(crate) fn line_value(name: &str, line: &Line) -> Option<String> {
    let several_topics = line.topics.len() > 1;
    let value = match name {
        "iscrizione" => line.opt_in_word().to_uppercase(),
        "cancellazione" => line.opt_out_word().to_uppercase(),
        "parola_argomenti" if several_topics => TOPICS_WORD.to_owned(),
        "parola_dati" => MY_DATA_WORD.to_owned(),
        "ente" => line.comune.name.clone(),
        "del_ente" => line.comune.of_name.clone(),
        "servizio" => line.service.clone(),
        "numero" => line.display_number.clone(),
        "ufficio" => line.office.name.clone(),
        "orari" => line
            .hours
            .as_ref()
            .map_or_else(|| "nel più breve tempo possibile".to_owned(), Hours::words),
        "email" => line.office.email.clone()?,
        "telefono" => line.office.phone.clone()?,
        "sportello" => line.office.desk.clone()?,
        "contatto_dpo" => line.office.dpo.clone()?,
        "diritti" => rights(line),
        "link_policy" => line.policy.url.clone(),
        "link_informativa" => line.privacy.url.clone(),
        "elenco_argomenti" if several_topics => topic_rows(line),
        "esempio_argomento" if several_topics => {
            let whole = line.topics.iter().filter(|it| it.zone_of.is_none());
            whole.map(|it| &it.name).min_by_key(|it| it.len())?.to_lowercase()
        }
        _ => return None,
    };
    Some(value).filter(|it| !it.is_empty())
}

/// A row each, the first one on a new line: `- Eventi: mostre e concerti`.
fn topic_rows(line: &Line) -> String {
    let row = |topic: &crate::line::Topic| match &topic.description {
        Some(description) => format!("\n- {}: {description}", topic.name),
        None => format!("\n- {}", topic.name),
    };
    line.topics.iter().map(row).collect()
}

/// Rights by GDPR article, as verbs. Source: GDPR, articles 7, 15 to 22 and 77.
pub const RIGHTS: [(u8, &str); 10] = [
    (15, "vedere i dati e averne una copia"),
    (16, "farli correggere o completare"),
    (17, "farli cancellare"),
    (18, "farne limitare l'uso"),
    (19, "sapere che correzioni e cancellazioni sono state comunicate a chi ha ricevuto i dati"),
    (20, "averli in formato elettronico"),
    (21, "fare opposizione al trattamento"),
    (22, "non subire decisioni automatiche"),
    (7, "revocare il consenso"),
    (77, "fare reclamo al Garante per la protezione dei dati personali"),
];

fn rights(line: &Line) -> String {
    let granted = RIGHTS.iter().filter(|(article, _)| line.rights.contains(article));
    and(&granted.map(|(_, words)| (*words).to_owned()).collect::<Vec<_>>())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Plain(&'t str),
    /// `{name}`.
    Placeholder(&'t str),
    /// `{{name}}`.
    Parameter(&'t str),
    /// A brace that belongs to neither.
    Brace(&'t str),
}

/// Cuts a text into pieces that join to the whole. Total.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        if at > 0 {
            pieces.push(Piece::Plain(&rest[..at]));
        }
        let (piece, after) = braced(&rest[at..]);
        pieces.push(piece);
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Plain(rest));
    }
    pieces
}

/// Reads one piece from a text that starts with a brace.
fn braced(text: &str) -> (Piece<'_>, &str) {
    if let Some((name, after)) = enclosed(text, "{{", "}}") {
        return (Piece::Parameter(name), after);
    }
    if let Some((name, after)) = enclosed(text, "{", "}") {
        return (Piece::Placeholder(name), after);
    }
    let (brace, after) = text.split_at(1);
    (Piece::Brace(brace), after)
}

fn enclosed<'t>(text: &'t str, open: &str, close: &str) -> Option<(&'t str, &'t str)> {
    let (name, after) = text.strip_prefix(open)?.split_once(close)?;
    let plain = !name.is_empty() && !name.contains(['{', '}', '\n']);
    plain.then_some((name, after))
}

/// Puts values in. A row whose placeholder has no value is left out, blank rows are not doubled.
///
/// What is put in is not read again: a citizen's text with braces stays as it is.
pub(crate) fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::new();
    for row in text.split('\n') {
        let Some(row) = fill_row(row, &value) else { continue };
        if row.trim().is_empty() && (filled.is_empty() || filled.ends_with("\n\n")) {
            continue;
        }
        filled.push_str(&row);
        filled.push('\n');
    }
    filled.truncate(filled.trim_end().len());
    filled
}

fn fill_row(row: &str, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    pieces(row)
        .into_iter()
        .map(|piece| match piece {
            Piece::Placeholder(name) => value(name),
            Piece::Parameter(_) => None,
            Piece::Plain(text) | Piece::Brace(text) => Some(text.to_owned()),
        })
        .collect()
}

/// Length as WhatsApp's clients count it, in UTF-16 units: an emoji is two. Source: italian-pa,
/// section 5.1.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The longest beginning of a text that fits, with `…` where something is missing.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    if length(text) <= limit {
        return text.to_owned();
    }
    let mut left = limit.saturating_sub(1);
    let short: String = text
        .chars()
        .take_while(|it| match left.checked_sub(it.len_utf16()) {
            Some(less) => {
                left = less;
                true
            }
            None => false,
        })
        .collect();
    format!("{}…", short.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::sample;
    use proptest::prelude::*;

    #[test]
    fn tells_placeholders_from_parameters() {
        assert_eq!(
            pieces("a {b}{{c}} }{ {{d} {e\n}"),
            [
                Piece::Plain("a "),
                Piece::Placeholder("b"),
                Piece::Parameter("c"),
                Piece::Plain(" "),
                Piece::Brace("}"),
                Piece::Brace("{"),
                Piece::Plain(" "),
                Piece::Brace("{"),
                Piece::Placeholder("d"),
                Piece::Plain(" "),
                Piece::Brace("{"),
                Piece::Plain("e\n"),
                Piece::Brace("}"),
            ]
        );
    }

    #[test]
    fn leaves_out_rows_without_a_value() {
        let value = |name: &str| (name == "si").then(|| "{no}".to_owned());
        for (text, want) in [
            ("uno {si}\ndue {no}\ntre", "uno {no}\ntre"),
            ("{no}\n\nuno\n\n{no}\n\ndue\n", "uno\n\ndue"),
            ("{no}", ""),
            ("a } b {c", "a } b {c"),
        ] {
            assert_eq!(fill(text, value), want, "{text:?}");
        }
    }

    #[test]
    fn every_placeholder_has_a_value_for_a_complete_line() {
        for name in LINE_PLACEHOLDERS {
            assert!(line_value(name, &sample::line()).is_some(), "{name}");
        }
        assert_eq!(line_value("boh", &sample::line()), None);
    }

    #[test]
    fn a_line_with_one_topic_has_nothing_to_choose() {
        let mut line = sample::line();
        line.topics.truncate(1);
        for name in ["parola_argomenti", "elenco_argomenti", "esempio_argomento"] {
            assert_eq!(line_value(name, &line), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn pieces_join_to_the_whole(text in "[{}a-c\n ]{0,30}|.*") {
            let whole: String = pieces(&text)
                .into_iter()
                .map(|it| match it {
                    Piece::Plain(text) | Piece::Brace(text) => text.to_owned(),
                    Piece::Placeholder(name) => format!("{{{name}}}"),
                    Piece::Parameter(name) => format!("{{{{{name}}}}}"),
                })
                .collect();
            prop_assert_eq!(whole, text);
        }

        #[test]
        fn a_shortened_text_fits(text in ".{0,40}", limit in 1usize..30) {
            prop_assert!(length(&shorten(&text, limit)) <= limit);
        }
    }
}
