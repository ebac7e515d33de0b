// SPDX-License-Identifier: EUPL-1.2
//! The usual notices of a comune, ready to be submitted to Meta: each in tu and in Lei.
//!
//! Categories are those Meta gives to such notices (whatsapp-cloud-api, section 6.3).

mod notices;

use std::collections::BTreeMap;

use crate::line::{Address, Category, Line, Template};

pub use notices::NOTICES;

/// A notice of the pack.
#[derive(Clone, Copy, Debug)]
pub struct Notice {
    /// `strada_chiusa`: a line's template has the line's id in front.
    pub id: &'static str,
    /// For the office, which picks from a list.
    pub title: &'static str,
    pub category: Category,
    pub header: Option<&'static str>,
    /// `{{parameters}}` as in a template; `<visita|visiti>` is tu and Lei.
    body: &'static str,
    /// What each parameter may say, in the order of the body.
    examples: &'static [(&'static str, &'static str)],
    /// How long Meta tries to deliver it, where a late one would be wrong.
    pub valid_hours: Option<u8>,
}

const FOOTER: &str = "Per non ricevere più avvisi <scrivi|scriva> {cancellazione}";

impl Notice {
    pub fn find(id: &str) -> Option<&'static Self> {
        NOTICES.iter().find(|it| it.id == id)
    }

    /// The line's template of this notice: its name, and its way to speak to people.
    ///
    /// An account may be several lines', so the name says whose it is.
    pub fn template(&self, line: &Line) -> Template {
        let body = spoken(self.body, line.address);
        Template {
            name: format!("{}_{}", line.id.as_str().replace('-', "_"), self.id),
            language: "it".to_owned(),
            category: self.category,
            topic: None,
            header: self.header.map(|it| spoken(it, line.address)),
            header_media: None,
            parameters: Template::names_in(&body),
            body,
            footer: Some(spoken(FOOTER, line.address)),
            examples: self.examples(),
            valid_hours: self.valid_hours,
            quick_reply: None,
        }
    }

    fn examples(&self) -> BTreeMap<String, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.examples.iter().map(owned).collect()
    }
}

/// A text with one of each `<tu|Lei>`.
fn spoken(text: &str, address: Address) -> String {
    let mut spoken = String::new();
    let mut rest = text;
    while let Some((before, both)) = rest.split_once('<') {
        let (both, after) = both.split_once('>').unwrap_or((both, ""));
        let (tu, lei) = both.split_once('|').unwrap_or((both, both));
        spoken.push_str(before);
        spoken.push_str(match address {
            Address::Tu => tu,
            Address::Lei => lei,
        });
        rest = after;
    }
    spoken + rest
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::line::sample;
    use crate::lint;

    fn line(address: Address) -> Line {
        Line { address, ..sample::line() }
    }

    #[test]
    fn nothing_in_the_pack_is_to_be_changed() {
        let mut found = Vec::new();
        for address in [Address::Tu, Address::Lei] {
            let line = line(address);
            for notice in NOTICES {
                let template = notice.template(&line);
                let before = lint::template(&template, &line);
                // The message that the examples make is as clean.
                let after = lint::message(&template, &template.examples, &line);
                let said = before.iter().chain(&after).map(lint::Finding::sentence);
                found.extend(said.map(|it| format!("{}: {it}", template.name)));
            }
        }
        assert!(found.is_empty(), "{found:#?}");
    }

    #[test]
    fn names_are_the_line_s_and_each_is_one() {
        let line = Line { id: crate::ids::LineId::new("due-torri"), ..sample::line() };
        let names: BTreeSet<_> = NOTICES.iter().map(|it| it.template(&line).name).collect();
        assert_eq!(names.len(), NOTICES.len());
        assert!(names.contains("due_torri_strada_chiusa"), "{names:?}");
        assert_eq!(Notice::find("strada_chiusa").unwrap().title, "Strada chiusa");
        assert!(Notice::find("niente").is_none());
    }

    #[test]
    fn a_notice_speaks_as_the_line_does() {
        let filled = |address| {
            let line = line(address);
            let template = Notice::find("strada_chiusa").unwrap().template(&line);
            template.fill(&template.examples, &line).unwrap()
        };
        insta::assert_snapshot!(filled(Address::Tu), @r"
        Avviso del Comune di Prova: strada chiusa al traffico, via Roma, dal ponte alla stazione.
        Quando: lunedì 30 novembre dalle 8 alle 18.
        Motivo: lavori all'acquedotto.
        Percorso alternativo: via Milano.
        Per saperne di più visita il sito www.comune.esempio.it oppure scrivici qui.

        Per non ricevere più avvisi scrivi ESCO
        ");
        insta::assert_snapshot!(filled(Address::Lei), @r"
        Avviso del Comune di Prova: strada chiusa al traffico, via Roma, dal ponte alla stazione.
        Quando: lunedì 30 novembre dalle 8 alle 18.
        Motivo: lavori all'acquedotto.
        Percorso alternativo: via Milano.
        Per saperne di più visiti il sito www.comune.esempio.it oppure scriva qui.

        Per non ricevere più avvisi scriva ESCO
        ");
    }
}
