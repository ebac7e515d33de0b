// SPDX-License-Identifier: EUPL-1.2
//! A template's text: what may be wrong with it, and what it reads like when filled in.

use std::collections::{BTreeMap, BTreeSet};

use crate::line::{Line, Template};
use crate::media::Kind;
use crate::reply::{self, Piece, length, pieces};

/// Most characters of a body, before and after its parameters are filled in.
/// Source: Cloud API, template components.
pub const BODY_LIMIT: usize = 1_024;
/// Most characters of a header or a footer.
pub const HEADER_LIMIT: usize = 60;

/// What kind of file a template has on top: Meta's `format` of a HEADER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderFormat {
    Image,
    Video,
    Document,
}

impl HeaderFormat {
    pub const ALL: [Self; 3] = [Self::Image, Self::Video, Self::Document];

    /// What a file of this kind may be on top of; neither a recording nor a sticker is on top of
    /// anything.
    pub fn of(kind: Kind) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.kind() == kind)
    }

    pub fn kind(self) -> Kind {
        match self {
            Self::Image => Kind::Image,
            Self::Video => Kind::Video,
            Self::Document => Kind::Document,
        }
    }

    pub fn name(self) -> &'static str {
        self.kind().name()
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// With its article, for the office.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Image => "un'immagine",
            Self::Video => "un video",
            Self::Document => "un documento",
        }
    }
}

/// What is wrong with one value of a broadcast's parameters. Worded for the office.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterProblem {
    #[error("«{name}» è vuoto: scrivi un testo")]
    Missing { name: String },
    #[error("il modello non ha «{name}»: toglilo, o controlla come è scritto")]
    Unknown { name: String },
    /// Meta answers 132012 or 100.
    #[error("«{name}» va a capo o contiene una tabulazione: scrivi il testo su una riga sola")]
    LineBreak { name: String },
    /// Meta answers 132012 or 100.
    #[error("«{name}» contiene più di quattro spazi di seguito: lasciane uno")]
    Spaces { name: String },
    /// Meta answers 132005. `name` is the longest value.
    #[error("il messaggio ha {characters} caratteri su {BODY_LIMIT}: accorcia «{name}»")]
    TooLong { name: String, characters: usize },
}

impl ParameterProblem {
    /// The parameter to change.
    pub fn name(&self) -> &str {
        match self {
            Self::Missing { name }
            | Self::Unknown { name }
            | Self::LineBreak { name }
            | Self::Spaces { name }
            | Self::TooLong { name, .. } => name,
        }
    }
}

/// Why the file of a broadcast does not go with its template. Worded for the office.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// Meta answers 132012.
    #[error(
        "Il modello ha in testa {}: caricare il file con POST /media e indicare qui il suo id in \
         media_id.",
        .0.in_words()
    )]
    Missing(HeaderFormat),
    /// Meta answers 132000.
    #[error(
        "Il modello non ha un file in testa: togliere header, o usare un modello con header_media."
    )]
    NotWanted,
    /// Meta answers 132012.
    #[error(
        "Il modello vuole in testa {}, e questo file è di tipo «{}»: usare un file del tipo giusto, o \
         un altro modello.",
        .wanted.in_words(), .is.word()
    )]
    WrongKind { wanted: HeaderFormat, is: Kind },
}

/// What is wrong with a template's own words. Worded for the office.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateProblem {
    #[error("il testo comincia o finisce con «{{{{{0}}}}}», e Meta lo rifiuta")]
    AtTheEdge(String),
    #[error("«{{{{{0}}}}}» e «{{{{{1}}}}}» sono attaccati, e Meta li rifiuta")]
    Adjacent(String, String),
    #[error("«{{{{{0}}}}}» non è un nome valido")]
    BadName(String),
    #[error("«{{{0}}}» non è un segnaposto che conosco")]
    UnknownPlaceholder(String),
    #[error("c'è una parentesi graffa da sola")]
    Brace,
}

impl TemplateProblem {
    /// What to write instead.
    pub fn remedy(&self) -> String {
        match self {
            Self::AtTheEdge(_) => "aggiungi delle parole prima e dopo".to_owned(),
            Self::Adjacent(..) => "scrivi almeno una parola tra i due".to_owned(),
            Self::BadName(_) => {
                "usa solo lettere minuscole senza accenti, cifre e «_»: «{{data_inizio}}»"
                    .to_owned()
            }
            Self::UnknownPlaceholder(_) => reply::known_placeholders(&[]),
            Self::Brace => "scrivi «{{nome}}» per ciò che cambia a ogni invio, «{cancellazione}» \
                            per le parole del servizio, oppure togli la parentesi"
                .to_owned(),
        }
    }
}

impl Template {
    /// Names of the `{{parameters}}` in a body, each once, in order.
    pub fn names_in(body: &str) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for piece in pieces(body) {
            if let Piece::Parameter(name) = piece
                && !names.iter().any(|it| it == name)
            {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// Everything wrong with a body but its length. Source: Cloud API, 2388299.
    pub fn check_body(body: &str) -> Vec<TemplateProblem> {
        let pieces = pieces(body.trim());
        let mut problems = check_names(&pieces);
        if let Some(Piece::Parameter(name)) = pieces.first() {
            problems.push(TemplateProblem::AtTheEdge((*name).to_owned()));
        }
        if let Some(Piece::Parameter(name)) = pieces.last()
            && pieces.len() > 1
        {
            problems.push(TemplateProblem::AtTheEdge((*name).to_owned()));
        }
        let solid = |it: &&Piece| !matches!(it, Piece::Plain(text) if text.trim().is_empty());
        let solid: Vec<&Piece> = pieces.iter().filter(solid).collect();
        for pair in solid.windows(2) {
            if let [Piece::Parameter(first), Piece::Parameter(second)] = pair {
                problems.push(TemplateProblem::Adjacent((*first).to_owned(), (*second).to_owned()));
            }
        }
        problems
    }

    /// Everything wrong with a header or a footer but its length.
    pub fn check_fixed(text: &str) -> Vec<TemplateProblem> {
        check_names(&pieces(text))
    }

    /// The template as Meta has it: the line's own words put in, `{{parameters}}` left.
    #[must_use]
    pub fn for_meta(&self, line: &Line) -> Self {
        let resolve = |text: &String| put_in(text, line, &|name| format!("{{{{{name}}}}}"));
        Self {
            header: self.header.as_ref().map(resolve),
            body: resolve(&self.body),
            footer: self.footer.as_ref().map(resolve),
            ..self.clone()
        }
    }

    /// The message as a citizen reads it: header, body and footer, a blank row between.
    ///
    /// All problems at once; none of them is about the order of `parameters`.
    pub fn fill(
        &self,
        parameters: &BTreeMap<String, String>,
        line: &Line,
    ) -> Result<String, Vec<ParameterProblem>> {
        let mut problems = self.check_values(parameters);
        let body = put_in(&self.body, line, &|name| {
            parameters.get(name).map_or_else(String::new, |it| it.trim().to_owned())
        });
        if length(&body) > BODY_LIMIT
            && let Some((name, _)) = parameters.iter().max_by_key(|(_, value)| length(value))
        {
            problems
                .push(ParameterProblem::TooLong { name: name.clone(), characters: length(&body) });
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let fixed = self.for_meta(line);
        let parts = [fixed.header, Some(body), fixed.footer];
        Ok(parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n"))
    }

    /// Whether the file that a message brings, if it brings one, is what the template has on top.
    pub fn check_file(&self, file: Option<Kind>) -> Result<(), HeaderProblem> {
        match (self.header_media, file) {
            (None, None) => Ok(()),
            (Some(wanted), Some(is)) if wanted.kind() == is => Ok(()),
            (Some(wanted), Some(is)) => Err(HeaderProblem::WrongKind { wanted, is }),
            (Some(wanted), None) => Err(HeaderProblem::Missing(wanted)),
            (None, Some(_)) => Err(HeaderProblem::NotWanted),
        }
    }

    fn check_values(&self, parameters: &BTreeMap<String, String>) -> Vec<ParameterProblem> {
        let mut problems = Vec::new();
        for name in &self.parameters {
            match parameters.get(name).map(|it| it.trim()) {
                None | Some("") => problems.push(ParameterProblem::Missing { name: name.clone() }),
                Some(value) => problems.extend(check_value(name, value)),
            }
        }
        let known: BTreeSet<&String> = self.parameters.iter().collect();
        let unknown = parameters.keys().filter(|it| !known.contains(it));
        problems.extend(unknown.map(|it| ParameterProblem::Unknown { name: it.clone() }));
        problems
    }
}

/// Source: Cloud API, template messages: no line break or tab, at most four spaces in a row.
fn check_value(name: &str, value: &str) -> Option<ParameterProblem> {
    let name = name.to_owned();
    if value.contains(['\n', '\r', '\t', '\u{2028}', '\u{2029}']) {
        return Some(ParameterProblem::LineBreak { name });
    }
    value.contains("     ").then_some(ParameterProblem::Spaces { name })
}

fn check_names(pieces: &[Piece]) -> Vec<TemplateProblem> {
    let problem = |piece: &Piece| match *piece {
        Piece::Plain(_) => None,
        Piece::Brace(_) => Some(TemplateProblem::Brace),
        Piece::Placeholder(name) => (!reply::is_line_placeholder(name))
            .then(|| TemplateProblem::UnknownPlaceholder(name.to_owned())),
        Piece::Parameter(name) => {
            (!is_parameter_name(name)).then(|| TemplateProblem::BadName(name.to_owned()))
        }
    };
    pieces.iter().filter_map(problem).collect()
}

fn is_parameter_name(name: &str) -> bool {
    name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_')
}

/// Puts the line's words and, one way or another, the parameters in.
fn put_in(text: &str, line: &Line, parameter: &dyn Fn(&str) -> String) -> String {
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Plain(text) | Piece::Brace(text) => text.to_owned(),
            Piece::Placeholder(name) => reply::line_value(name, line).unwrap_or_default(),
            Piece::Parameter(name) => parameter(name),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{Category, sample};

    fn template() -> Template {
        Template {
            name: "avviso".to_owned(),
            language: "it".to_owned(),
            category: Category::Utility,
            topic: None,
            header: Some("Avviso {del_ente}".to_owned()),
            header_media: None,
            body: "Dal {{quando}} in {{dove}} manca l'acqua. Ancora: {{quando}}.".to_owned(),
            footer: Some("Per uscire scrivi {cancellazione}".to_owned()),
            parameters: vec!["quando".to_owned(), "dove".to_owned()],
            examples: BTreeMap::new(),
            valid_hours: None,
            quick_reply: None,
        }
    }

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn fills_in_the_whole_message() {
        // What a parameter says is not read again as a placeholder.
        let given = values(&[("quando", " lunedì {cancellazione}"), ("dove", "via {{quando}}")]);
        insta::assert_snapshot!(template().fill(&given, &sample::line()).unwrap(), @r"
        Avviso del Comune di Prova

        Dal lunedì {cancellazione} in via {{quando}} manca l'acqua. Ancora: lunedì {cancellazione}.

        Per uscire scrivi ESCO
        ");
    }

    #[test]
    fn gives_meta_the_line_s_words_and_keeps_the_parameters() {
        let meta = template().for_meta(&sample::line());
        assert_eq!(meta.body, template().body);
        assert_eq!(meta.footer.unwrap(), "Per uscire scrivi ESCO");
    }

    #[test]
    fn refuses_values_that_meta_would_refuse() {
        let long = "x".repeat(600);
        for (given, want) in [
            (vec![], "«quando» è vuoto: scrivi un testo | «dove» è vuoto: scrivi un testo"),
            (vec![("quando", "oggi"), ("dove", "  ")], "«dove» è vuoto: scrivi un testo"),
            (
                vec![("quando", "oggi"), ("dove", "qui"), ("Dove", "lì")],
                "il modello non ha «Dove»: toglilo, o controlla come è scritto",
            ),
            (
                vec![("quando", "oggi\ne domani"), ("dove", "via\tRoma")],
                "«quando» va a capo o contiene una tabulazione: scrivi il testo su una riga sola \
                 | «dove» va a capo o contiene una tabulazione: scrivi il testo su una riga sola",
            ),
            (vec![("quando", "oggi"), ("dove", "a    b")], ""),
            (
                vec![("quando", "oggi"), ("dove", "a     b")],
                "«dove» contiene più di quattro spazi di seguito: lasciane uno",
            ),
            (
                vec![("quando", long.as_str()), ("dove", "qui")],
                "il messaggio ha 1236 caratteri su 1024: accorcia «quando»",
            ),
        ] {
            let got = template().fill(&values(&given), &sample::line());
            let got: Vec<String> =
                got.err().unwrap_or_default().iter().map(ToString::to_string).collect();
            assert_eq!(got.join(" | "), want);
        }
    }

    #[test]
    fn a_file_goes_with_the_template_that_wants_one_like_it() {
        let wants = |it| Template { header_media: it, header: None, ..template() };
        for wanted in [None, Some(HeaderFormat::Image), Some(HeaderFormat::Document)] {
            for file in Kind::ALL.into_iter().map(Some).chain([None]) {
                let checked = wants(wanted).check_file(file);
                assert_eq!(checked.is_ok(), wanted.map(HeaderFormat::kind) == file, "{file:?}");
            }
        }
        let document = wants(Some(HeaderFormat::Document));
        let said = [
            document.check_file(None).unwrap_err(),
            document.check_file(Some(Kind::Image)).unwrap_err(),
            wants(None).check_file(Some(Kind::Image)).unwrap_err(),
        ];
        insta::assert_snapshot!(said.map(|it| it.to_string()).join("\n"), @r"
        Il modello ha in testa un documento: caricare il file con POST /media e indicare qui il suo id in media_id.
        Il modello vuole in testa un documento, e questo file è di tipo «immagine»: usare un file del tipo giusto, o un altro modello.
        Il modello non ha un file in testa: togliere header, o usare un modello con header_media.
        ");
    }

    #[test]
    fn refuses_bodies_that_meta_would_refuse() {
        for (body, want) in [
            ("Da {{a}} a {{b}}.", ""),
            ("{{a}} e basta", "comincia o finisce con «{{a}}»"),
            ("Fino a {{a}}\n", "comincia o finisce con «{{a}}»"),
            ("{{a}}", "comincia o finisce con «{{a}}»"),
            ("Da {{a}} {{b}} in poi", "«{{a}}» e «{{b}}» sono attaccati"),
            ("Da {{a}}{{b}} in poi", "sono attaccati"),
            ("Da {{A è}} in poi", "«{{A è}}» non è un nome valido"),
            ("Il Comune {del_comune} avvisa", "«{del_comune}» non è un segnaposto"),
            ("Da {{a} in poi", "parentesi graffa da sola"),
            ("Da {{1}} in poi", ""),
        ] {
            let got: Vec<String> =
                Template::check_body(body).iter().map(ToString::to_string).collect();
            let got = got.join(" | ");
            assert!(got.contains(want) && got.is_empty() == want.is_empty(), "{body}: {got}");
        }
    }
}
