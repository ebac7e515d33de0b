// SPDX-License-Identifier: EUPL-1.2
//! Topics whose notices go to the comune's WhatsApp Channel or site: we make the text, a person posts
//! it, and no message is paid for.

use crate::broadcast::{Audience, Broadcast};
use crate::hours::and;
use crate::line::{Line, SendBy, Template, Topic};
use crate::zones;

/// Why a broadcast to such topics alone was done at once.
pub const READY: &str = "Non parte nessun messaggio: il testo è pronto per il canale WhatsApp o per \
                         il sito del Comune. Una persona deve pubblicarlo.";

/// Those of an audience who are sent messages: who follows none of its other topics reads the
/// Channel.
///
/// With the topics come their zones, and with a zone its topic.
///
/// Everybody is everybody: what concerns all of them does not depend on who looks at a Channel.
#[must_use]
pub fn messaged(audience: &Audience, line: &Line) -> Audience {
    match audience {
        Audience::All | Audience::ReachedBy(_) => audience.clone(),
        Audience::Topics(topics) => {
            let posted = posted(audience, line);
            let messaged = |id: &&_| posted.iter().all(|it| it.id != **id);
            let topics: Vec<_> = topics.iter().filter(messaged).cloned().collect();
            Audience::Topics(zones::concerned(&topics, line))
        }
    }
}

/// Whether nobody of an audience is sent a message, because all its topics are posted.
pub fn is_only_posted(audience: &Audience, line: &Line) -> bool {
    let nobody = messaged(audience, line) == Audience::Topics(Vec::new());
    nobody && !posted(audience, line).is_empty()
}

/// What a person is to post, if the audience has such topics: the message without its footer, which
/// says how to leave. `None` also if the line has no such template any more.
pub fn text(broadcast: &Broadcast, line: &Line) -> Option<String> {
    if posted(&broadcast.audience, line).is_empty() {
        return None;
    }
    let message = &broadcast.message;
    let template = line.template(&message.name, &message.language)?;
    let without_footer = Template { footer: None, ..template.clone() };
    without_footer.fill(&message.parameters, line).ok()
}

/// The same news for where a person posts it, beside the messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    /// For the WhatsApp Channel: the header in bold on top.
    pub channel: String,
    /// For a page of the website, which has no bold in asterisks.
    pub page_title: String,
    pub page_text: String,
}

/// What may be posted of any broadcast, whether its topics are or not. `None` if the line has no such
/// template any more.
pub fn texts(broadcast: &Broadcast, line: &Line) -> Option<Texts> {
    let message = &broadcast.message;
    let template = line.template(&message.name, &message.language)?;
    let body = Template { header: None, footer: None, ..template.clone() };
    let body = body.fill(&message.parameters, line).ok()?.trim().to_owned();
    let header = template.for_meta(line).header;
    Some(Texts {
        channel: header.as_ref().map_or_else(|| body.clone(), |it| format!("*{it}*\n\n{body}")),
        page_title: header.unwrap_or_else(|| broadcast.title.clone()),
        page_text: body.replace('*', ""),
    })
}

/// What the office must know before it sends to such topics.
pub fn warning(audience: &Audience, line: &Line) -> Option<String> {
    let posted = posted(audience, line);
    let names: Vec<_> = posted.iter().map(|it| format!("«{}»", it.name)).collect();
    (!names.is_empty()).then(|| {
        format!(
            "Per {} non parte nessun messaggio: una persona deve pubblicare il testo sul canale \
             WhatsApp o sul sito del Comune.",
            and(&names)
        )
    })
}

/// In the order of the line.
fn posted<'l>(audience: &Audience, line: &'l Line) -> Vec<&'l Topic> {
    let Audience::Topics(topics) = audience else { return Vec::new() };
    let posted = |it: &&Topic| it.send == SendBy::Channel && topics.contains(&it.id);
    line.topics.iter().filter(posted).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::broadcast::sample::broadcast;
    use crate::ids::{BroadcastId, TopicId};
    use crate::line::{Category, sample};

    /// Water by message; events and culture on the Channel.
    fn line() -> Line {
        let line = sample::line();
        let posted = |id: &str, name: &str| Topic {
            id: TopicId::new(id),
            name: name.to_owned(),
            send: SendBy::Channel,
            ..line.topics[0].clone()
        };
        Line {
            topics: vec![
                line.topics[0].clone(),
                posted("eventi", "Eventi"),
                posted("cultura", "Cultura"),
            ],
            templates: vec![Template {
                name: "avviso".to_owned(),
                language: "it".to_owned(),
                category: Category::Utility,
                topic: None,
                header: Some("Avviso {del_ente}".to_owned()),
                header_media: None,
                body: "Oggi {{che_cosa}} in piazza.".to_owned(),
                footer: Some("Per uscire scrivi {cancellazione}".to_owned()),
                parameters: vec!["che_cosa".to_owned()],
                examples: std::collections::BTreeMap::new(),
                valid_hours: None,
                quick_reply: None,
            }],
            ..line
        }
    }

    fn topics(names: &[&str]) -> Audience {
        Audience::Topics(names.iter().map(|it| TopicId::new(*it)).collect())
    }

    #[test]
    fn only_followers_of_paid_topics_are_messaged_and_the_rest_is_to_be_posted() {
        let posted = "Avviso del Comune di Prova\n\nOggi concerto in piazza.";
        let reached = Audience::ReachedBy(BroadcastId::new("alert"));
        for (audience, messaged_to, text_of) in [
            (topics(&["acqua"]), topics(&["acqua"]), None),
            (topics(&["acqua", "eventi"]), topics(&["acqua"]), Some(posted)),
            (topics(&["cultura", "eventi"]), topics(&[]), Some(posted)),
            // The line has it no more: who follows it asked for messages.
            (topics(&["neve", "eventi"]), topics(&["neve"]), Some(posted)),
            (topics(&[]), topics(&[]), None),
            (Audience::All, Audience::All, None),
            (reached.clone(), reached.clone(), None),
        ] {
            assert_eq!(messaged(&audience, &line()), messaged_to, "{audience:?}");
            let only_posted = text_of.is_some() && messaged_to == topics(&[]);
            assert_eq!(is_only_posted(&audience, &line()), only_posted, "{audience:?}");
            let mut broadcast = Broadcast { audience: audience.clone(), ..broadcast() };
            broadcast.message.parameters.insert("che_cosa".to_owned(), "concerto".to_owned());
            assert_eq!(text(&broadcast, &line()).as_deref(), text_of, "{audience:?}");
            assert_eq!(warning(&audience, &line()).is_some(), text_of.is_some(), "{audience:?}");
        }
    }

    #[test]
    fn every_broadcast_has_a_text_for_the_channel_and_one_for_the_site() {
        let mut broadcast = Broadcast { audience: Audience::All, ..broadcast() };
        broadcast.message.parameters.insert("che_cosa".to_owned(), "*concerto*".to_owned());
        let texts = texts(&broadcast, &line()).unwrap();
        assert_eq!(texts.channel, "*Avviso del Comune di Prova*\n\nOggi *concerto* in piazza.");
        assert_eq!(texts.page_title, "Avviso del Comune di Prova");
        assert_eq!(texts.page_text, "Oggi concerto in piazza.");
        let gone = Line { templates: Vec::new(), ..line() };
        assert_eq!(super::texts(&broadcast, &gone), None);
    }

    #[test]
    fn says_what_a_person_has_to_do() {
        let words =
            [warning(&topics(&["cultura", "acqua", "eventi"]), &line()).unwrap(), READY.to_owned()];
        insta::assert_snapshot!(words.join("\n"), @r"
        Per «Eventi» e «Cultura» non parte nessun messaggio: una persona deve pubblicare il testo sul canale WhatsApp o sul sito del Comune.
        Non parte nessun messaggio: il testo è pronto per il canale WhatsApp o per il sito del Comune. Una persona deve pubblicarlo.
        ");
    }

    #[test]
    fn a_template_that_is_gone_leaves_nothing_to_post() {
        let line = Line { templates: Vec::new(), ..line() };
        let broadcast = Broadcast { audience: topics(&["eventi"]), ..broadcast() };
        assert_eq!(text(&broadcast, &line), None);
    }

    proptest! {
        #[test]
        fn nobody_is_messaged_who_was_not_asked_for(
            names in proptest::sample::subsequence(vec!["acqua", "eventi", "cultura", "neve"], 0..=4)
        ) {
            let audience = topics(&names);
            let Audience::Topics(left) = messaged(&audience, &line()) else { unreachable!() };
            prop_assert!(left.iter().all(|it| names.contains(&it.as_str())));
            prop_assert_eq!(left.len() + posted(&audience, &line()).len(), names.len());
        }
    }
}
