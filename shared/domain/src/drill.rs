// SPDX-License-Identifier: EUPL-1.2
//! A drill: a broadcast that rehearses a warning, where everything that can be read of it says so.
//!
//! It is marked once, when it is written, so that nothing that shows or sends it can forget to.

use std::collections::BTreeMap;

use crate::line::{Line, Template};

/// What a drill is called, in capitals as civil protection writes it.
pub const DRILL: &str = "ESERCITAZIONE";

/// `ESERCITAZIONE – Allerta meteo`: the words with the mark in front, once.
pub fn marked(words: &str) -> String {
    let words = words.trim();
    if words.starts_with(DRILL) { words.to_owned() } else { format!("{DRILL} – {words}") }
}

/// A template's parameters, with the mark on the first one in the order of the body: the template's
/// own words are fixed by Meta. What is missing stays missing.
pub fn mark_first(
    template: &Template,
    mut parameters: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let first = template.parameters.first().and_then(|it| parameters.get_mut(it));
    if let Some(value) = first.filter(|it| !it.trim().is_empty()) {
        *value = marked(value);
    }
    parameters
}

/// Whether a message from this template can say that it is a drill: in a parameter, or because its
/// own words do.
pub fn can_say(template: &Template, line: &Line) -> bool {
    let fixed = template.for_meta(line);
    !template.parameters.is_empty()
        || fixed.body.contains(DRILL)
        || fixed.header.is_some_and(|it| it.contains(DRILL))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::line::{Category, sample};

    fn template(header: Option<&str>, body: &str) -> Template {
        Template {
            name: "allerta".to_owned(),
            language: "it".to_owned(),
            category: Category::Utility,
            topic: None,
            header: header.map(str::to_owned),
            header_media: None,
            body: body.to_owned(),
            footer: Some("Per uscire scrivi {cancellazione}".to_owned()),
            parameters: Template::names_in(body),
            examples: BTreeMap::new(),
            valid_hours: None,
            quick_reply: None,
        }
    }

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_message_of_a_drill_says_so_at_its_first_parameter() {
        let template = template(Some("Allerta"), "Allerta {{zona}}, {{colore}}. Ancora: {{zona}}.");
        let given = values(&[("colore", "rossa"), ("zona", " a valle")]);
        let text = template.fill(&mark_first(&template, given), &sample::line()).unwrap();
        insta::assert_snapshot!(text, @r"
        Allerta

        Allerta ESERCITAZIONE – a valle, rossa. Ancora: ESERCITAZIONE – a valle.

        Per uscire scrivi ESCO
        ");
    }

    #[test]
    fn only_a_template_that_can_say_so_makes_a_drill() {
        for (header, body, want) in [
            (None, "Allerta {{colore}}.", true),
            (None, "Suona la sirena.", false),
            (None, "ESERCITAZIONE: suona la sirena.", true),
            (Some("ESERCITAZIONE"), "Suona la sirena.", true),
            (None, "Suona la sirena, è un'esercitazione.", false),
        ] {
            assert_eq!(
                can_say(&template(header, body), &sample::line()),
                want,
                "{header:?} {body}"
            );
        }
    }

    #[test]
    fn what_is_missing_is_still_found_missing() {
        let template = template(None, "Allerta {{colore}} a {{zona}}.");
        for given in [values(&[("zona", "valle")]), values(&[("colore", " "), ("zona", "valle")])] {
            assert_eq!(mark_first(&template, given.clone()), given);
        }
    }

    proptest! {
        #[test]
        fn marking_twice_is_marking_once(words in ".*[a-z!]") {
            let once = marked(&words);
            prop_assert!(once.starts_with(DRILL));
            prop_assert_eq!(marked(&once), once);
        }
    }
}
