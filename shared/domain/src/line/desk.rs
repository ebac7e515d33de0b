// SPDX-License-Identifier: EUPL-1.2
//! How a line's desk works: by when it answers, who is told that somebody waits, what it may send.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::{Address, Category, Line, Template};
use crate::hours::Hours;

/// Opening hours within which an answer is due, where the file does not say.
const ANSWER_WITHIN_HOURS: u16 = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// By when an answer is due, counted in opening hours.
    pub answer_within: SignedDuration,
    /// When somebody is there, where citizens are told no hours ([`Line::hours`]).
    pub open: Option<Hours>,
    /// Addresses that are told when somebody waits; nobody if empty.
    pub notify: Vec<String>,
    /// Whether they are told of appointments that citizens make, move and cancel, too.
    pub notify_appointments: bool,
    /// Replies of the line's own, beside the ready ones or in the place of one of the same id.
    pub canned: Vec<Canned>,
    /// Offices that a conversation may be forwarded to.
    pub offices: Vec<OtherOffice>,
    /// Under which name Meta has the template that says that an answer is ready; `None` is that the
    /// office does not use one.
    pub ready_template: Option<String>,
    /// What is said when a conversation is closed, if the operator wants.
    pub courtesy: Option<String>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            answer_within: SignedDuration::from_hours(i64::from(ANSWER_WITHIN_HOURS)),
            open: None,
            notify: Vec::new(),
            notify_appointments: true,
            canned: Vec::new(),
            offices: Vec::new(),
            ready_template: None,
            courtesy: None,
        }
    }
}

/// A reply that is ready to be sent. `{campo}` is filled in by the operator, unless it is one of
/// the line's own placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canned {
    pub id: String,
    /// What the operator picks it by.
    pub title: String,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherOffice {
    pub id: String,
    pub name: String,
    pub email: String,
}

/// What stands on the button under the template.
const READY_BUTTON: &str = "Leggi la risposta";
const READY_BUTTON_LEI: &str = "Legga la risposta";

impl Line {
    /// The template that says that an answer is ready; its button opens the service window.
    pub fn ready_template(&self) -> Option<Template> {
        let name = self.desk.ready_template.clone()?;
        let (body, button) = match self.address {
            Address::Tu => (
                "La tua domanda allo sportello {del_ente} ha una risposta. Premi il pulsante per \
                 leggerla qui.",
                READY_BUTTON,
            ),
            Address::Lei => (
                "La sua domanda allo sportello {del_ente} ha una risposta. Prema il pulsante per \
                 leggerla qui.",
                READY_BUTTON_LEI,
            ),
        };
        Some(Template {
            name,
            language: "it".to_owned(),
            category: Category::Utility,
            topic: None,
            header: None,
            header_media: None,
            body: body.to_owned(),
            footer: None,
            parameters: Vec::new(),
            quick_reply: Some(button.to_owned()),
            examples: BTreeMap::new(),
            valid_hours: None,
        })
    }
}
