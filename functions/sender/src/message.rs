// SPDX-License-Identifier: EUPL-1.2
//! What a broadcast says, ready to send.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::account::Known;
use domain::broadcast::{Broadcast, Priority};
use domain::contact::Contact;
use domain::conversation;
use domain::cost;
use domain::failure::{self, Failure};
use domain::line::{Category, Line};
use domain::message::{FilledTemplate, HeaderMedia, Outgoing};
use domain::policy::{self, Question};
use jiff::Timestamp;

/// A broadcast's message in the forms in which it may go.
pub(crate) struct Message {
    /// With its parameters in the template's order, as the preview showed them.
    template: Outgoing,
    pub(crate) category: Category,
    /// The same words as a reply, for who is in the service window, if the office wants that. A
    /// picture on top cannot go along, so then there is none.
    reply: Option<Outgoing>,
    /// The same with each question that the line's notices may ask.
    asking: Vec<(Question, Outgoing)>,
    /// Meta does not have the template that asks: a notice is not lost for that.
    cannot_ask: AtomicBool,
}

/// `None` if the line has no such template any more, or one that asks for something else. `known`
/// is what Meta said of it: it may bill it as another category than the line says.
/// Neither is there one if its file is not at Meta any more, or not what the template has on top.
pub(crate) fn filled(
    line: &Line,
    broadcast: &Broadcast,
    known: &Known,
    header: Option<HeaderMedia>,
) -> Option<Message> {
    let wanted = &broadcast.message;
    let template = line.template(&wanted.name, &wanted.language)?;
    template.check_file(header.as_ref().map(|it| it.format.kind())).ok()?;
    let text = template.fill(&wanted.parameters, line).ok()?;
    let value = |name: &String| wanted.parameters.get(name).map_or("", |it| it.trim()).to_owned();
    let parameters = template.parameters.iter().map(|name| (name.clone(), value(name)));
    let replies = broadcast.free_form_in_window && header.is_none();
    let plain = FilledTemplate {
        name: template.name.clone(),
        language: template.language.clone(),
        parameters: parameters.collect(),
        header,
        quick_reply: None,
    };
    // An emergency is no occasion for it.
    let may_ask = broadcast.priority == Priority::Normal;
    let questions = Question::ALL.into_iter().filter(|it| may_ask && it.is_asked_by(line));
    let asking = questions.map(|it| {
        let (name, quick_reply) = (template.asking(it, line).name, Some(it.payload(line)));
        (it, Outgoing::Template(FilledTemplate { name, quick_reply, ..plain.clone() }))
    });
    let asking = asking.collect();
    Some(Message {
        category: known.billed_as(template.category),
        reply: replies.then_some(Outgoing::Text(text)),
        template: Outgoing::Template(plain),
        asking,
        cannot_ask: AtomicBool::new(false),
    })
}

impl Message {
    /// How it goes to this person, and what Meta bills it as.
    pub(crate) fn to(&self, contact: &Contact, now: Timestamp) -> (&Outgoing, cost::Category) {
        match &self.reply {
            Some(reply) if conversation::window_is_open(contact, now) => {
                (reply, cost::Category::Service)
            }
            _ => (&self.template, self.category.into()),
        }
    }

    /// The template with the question, if this person is asked. It costs the same.
    pub(crate) fn asks(&self, contact: &Contact, line: &Line, now: Timestamp) -> Option<&Outgoing> {
        let is_template = matches!(self.to(contact, now).0, Outgoing::Template(_));
        if !is_template || self.cannot_ask.load(Ordering::Relaxed) {
            return None;
        }
        let question = policy::asks(contact, line)?;
        self.asking.iter().find(|it| it.0 == question).map(|it| &it.1)
    }

    /// Whether Meta refused only the template that asks, so that the other one may go. From then on
    /// nobody is asked.
    pub(crate) fn gives_up_asking(&self, failure: &Failure) -> bool {
        let refused = failure::is_of_the_template(failure);
        self.cannot_ask.fetch_or(refused, Ordering::Relaxed);
        refused
    }
}
