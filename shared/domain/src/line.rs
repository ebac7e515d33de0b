// SPDX-License-Identifier: EUPL-1.2
//! A line: one business number of one comune's service, with its purposes, words and people.
//!
//! This is what a line file says once it has been read and found right. Reading the file, and
//! saying where it is wrong, is `store::line_file`.

mod authoring;
mod desk;
mod moderation;
mod service;
mod template;

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::hours::{Hours, PatronDay};
use crate::ids::{AppId, LineId, PhoneNumberId, ServiceId, TopicId};

pub use authoring::{Authoring, Period};
pub use desk::{Canned, Desk, OtherOffice};
pub use moderation::{MESSAGES_A_MINUTE, Moderation, Rule};
pub use service::{SERVICE_NAME_LIMIT, Service};
pub use template::{
    BODY_LIMIT, HEADER_LIMIT, HeaderFormat, HeaderProblem, ParameterProblem, TemplateProblem,
};

#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Line {
    pub id: LineId,
    pub comune: Comune,
    /// What the service is called: `Servizi demografici: filo diretto su WhatsApp`.
    pub service: String,
    /// What it is for, one sentence each, as the privacy notice has them.
    pub purposes: Vec<Purpose>,
    pub app: AppId,
    pub phone_number_id: PhoneNumberId,
    pub messaging_account_id: String,
    pub portfolio: Option<Portfolio>,
    /// As people know it: `+39 333 000 0000`.
    pub display_number: String,
    /// Messages a second Meta allows this number, inbound and outbound together (80, 1,000, 20).
    pub rate: u32,
    /// Of those, the share kept for replies. Always less than `rate`.
    pub reserve: u32,
    /// Phrases that subscribe and unsubscribe; the first is the one people are told.
    pub opt_in: Vec<String>,
    pub opt_out: Vec<String>,
    /// Whether a chat needs a subscription.
    pub chat_needs_subscription: bool,
    /// Whether who writes to subscribe is asked once more, and only the answer subscribes.
    pub double_opt_in: bool,
    pub topics: Vec<Topic>,
    pub templates: Vec<Template>,
    /// When the desk answers; `None` is "as soon as possible".
    pub hours: Option<Hours>,
    /// A holiday of this comune alone.
    pub patron_day: Option<PatronDay>,
    pub quiet_hours: Option<QuietHours>,
    pub address: Address,
    pub office: Office,
    /// What one makes an appointment for; empty where the desk takes none.
    pub services: Vec<Service>,
    /// Texts that differ from the default, by name: see [`crate::reply`].
    pub texts: BTreeMap<String, String>,
    /// What may be sent to the desk besides text.
    pub media: MediaRules,
    pub moderation: Moderation,
    pub policy: Published,
    /// Whether who accepted an older policy is asked to accept this one: [`crate::policy`].
    pub accept_again: bool,
    /// Whether people may come from a declared list; the next notice asks them.
    pub declared_lists: bool,
    pub privacy: Published,
    /// Rights a person may use, by GDPR article: `15`, `16` …
    pub rights: Vec<u8>,
    /// Who is given the data besides the comune's own people, as the privacy notice names them.
    pub recipients: Vec<String>,
    pub retention: Retention,
    /// Euro a month for messages; `None` is no limit.
    pub monthly_budget_eur: Option<u32>,
    /// Whether a second person must approve a broadcast.
    pub needs_approval: bool,
    pub desk: Desk,
    pub authoring: Authoring,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comune {
    /// `Comune di Pordenone`.
    pub name: String,
    /// With its article, never built by joining: `del Comune di Pordenone`.
    pub of_name: String,
    /// Code in the index of public administrations: `c_g888`.
    pub ipa_code: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    pub name: String,
    pub legal_basis: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portfolio {
    pub id: String,
    /// People in any 24 hours outside the service window; `None` is no limit.
    pub limit: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    pub id: TopicId,
    /// As a citizen reads it, at most 24 characters (a list row's title).
    pub name: String,
    /// What the topic is about, at most 72 characters (a list row's description).
    pub description: Option<String>,
    pub category: Category,
    /// Whether a person who subscribes without choosing gets it.
    pub on_by_default: bool,
    pub send: SendBy,
    /// The topic of which this is one zone: [`crate::zones`].
    pub zone_of: Option<TopicId>,
    /// Other words a citizen may use for it.
    pub words: Vec<String>,
}

/// Meta's template categories that a comune uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    Utility,
    Marketing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendBy {
    /// A paid template to each subscriber.
    Paid,
    /// Text for the comune's free WhatsApp Channel, which a person posts.
    Channel,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Meta's name: `[a-z0-9_]`, at most 512.
    pub name: String,
    /// Meta's code: `it`.
    pub language: String,
    pub category: Category,
    /// The topic whose notices it words, if any.
    pub topic: Option<TopicId>,
    /// At most 60 characters, no parameter.
    pub header: Option<String>,
    /// A file on top in place of words: each broadcast brings its own.
    pub header_media: Option<HeaderFormat>,
    /// At most 1,024 characters; parameters as `{{name}}`.
    pub body: String,
    /// At most 60 characters. In header, body and footer `{cancellazione}`, `{del_ente}` … stand
    /// for the line's words, as in [`crate::reply`].
    pub footer: Option<String>,
    /// Names in the order of the body.
    pub parameters: Vec<String>,
    /// What each parameter may say, for Meta's review.
    pub examples: BTreeMap<String, String>,
    /// How long Meta tries to deliver it, 1 to 12; `None` is Meta's 30 days.
    pub valid_hours: Option<u8>,
    /// What stands on its one button, at most 25 characters, which comes back as a tap.
    pub quick_reply: Option<String>,
}

/// When bulk messages are not sent: local times of day, across midnight if `from > to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    pub from: jiff::civil::Time,
    pub to: jiff::civil::Time,
}

/// How texts speak to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    Tu,
    Lei,
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Office {
    /// Who answers, with the article: `l'Ufficio relazioni con il pubblico`.
    pub name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub desk: Option<String>,
    pub dpo: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MediaRules {
    /// Meta's types the desk takes: `image`, `document`, `audio`, `video`.
    pub accepted: Vec<String>,
    pub max_bytes: u64,
}

/// A published version of the policy or of the privacy notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// `Date::ZERO` where the line file does not say.
    pub date: Date,
    pub url: String,
    /// SHA-256 of the text in hexadecimal, where it has been taken.
    pub sha256: Option<String>,
}

/// How long each kind of data stays, in days. Source: italian-pa, section 2.4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// A subscription without a delivered message; `None` is "until they leave".
    pub inactivity_days: Option<u16>,
    /// Consent events after the goodbye.
    pub consent_days: u16,
    /// Messages of a conversation, and contacts who never subscribed.
    pub chat_days: u16,
    pub media_days: u16,
    /// Per-person deliveries; the counts of the broadcast stay.
    pub delivery_days: u16,
    /// The audit log of the office's own acts.
    pub audit_days: u16,
}

impl Line {
    /// The keyword people are told to write to subscribe: `ISCRIVIMI`.
    pub fn opt_in_word(&self) -> &str {
        self.opt_in.first().map_or("", String::as_str)
    }

    /// The keyword people are told to write to leave: `CANCELLAMI`.
    pub fn opt_out_word(&self) -> &str {
        self.opt_out.first().map_or("", String::as_str)
    }

    pub fn topic(&self, id: &TopicId) -> Option<&Topic> {
        self.topics.iter().find(|it| it.id == *id)
    }

    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.services.iter().find(|it| it.id == *id)
    }

    pub fn template(&self, name: &str, language: &str) -> Option<&Template> {
        self.templates.iter().find(|it| it.name == name && it.language == language)
    }

    /// Within what Meta's user ids name people: its portfolio, where the file says which, or else its
    /// messaging account. A number that moves to another gets new user ids for everybody.
    ///
    /// Source: Cloud API, business-scoped-user-ids.
    pub fn scope_of_user_ids(&self) -> &str {
        self.portfolio.as_ref().map_or(&self.messaging_account_id, |it| &it.id)
    }

    /// Messages a second left for broadcasts.
    pub fn bulk_rate(&self) -> u32 {
        self.rate.saturating_sub(self.reserve).max(1)
    }
}

#[cfg(test)]
pub(crate) mod sample {
    //! A line with everything filled in, for tests.

    use super::*;

    pub(crate) fn line() -> Line {
        let topic = |id: &str, name: &str| Topic {
            id: TopicId::new(id),
            name: name.to_owned(),
            description: Some(format!("avvisi: {id}")),
            category: Category::Utility,
            on_by_default: true,
            send: SendBy::Paid,
            zone_of: None,
            words: Vec::new(),
        };
        let published = |page: &str| Published {
            date: jiff::civil::date(2026, 9, 1),
            url: format!("https://www.comune.prova.it/{page}"),
            sha256: None,
        };
        Line {
            id: LineId::new("prova"),
            comune: Comune {
                name: "Comune di Prova".to_owned(),
                of_name: "del Comune di Prova".to_owned(),
                ipa_code: "c_x000".to_owned(),
            },
            service: "Prova su WhatsApp".to_owned(),
            purposes: Vec::new(),
            app: AppId::new("default"),
            phone_number_id: PhoneNumberId::new("100"),
            messaging_account_id: "200".to_owned(),
            portfolio: None,
            display_number: "+39 333 000 0000".to_owned(),
            rate: 80,
            reserve: 10,
            opt_in: vec!["entro".to_owned()],
            opt_out: vec!["esco".to_owned()],
            chat_needs_subscription: false,
            double_opt_in: false,
            topics: vec![topic("acqua", "Acqua e luce"), topic("eventi", "Eventi")],
            templates: Vec::new(),
            hours: Some(Hours::parse("Mo-Fr 09:00-13:00").unwrap()),
            patron_day: None,
            quiet_hours: None,
            address: Address::Tu,
            office: Office {
                name: "l'Ufficio di prova".to_owned(),
                email: Some("urp@comune.prova.it".to_owned()),
                phone: Some("0123 456789".to_owned()),
                desk: Some("piazza della Prova 1".to_owned()),
                dpo: Some("dpo@comune.prova.it".to_owned()),
            },
            services: vec![service::sample("carta")],
            texts: BTreeMap::new(),
            media: MediaRules {
                accepted: vec!["image".into(), "document".into()],
                max_bytes: 16 * 1024 * 1024,
            },
            moderation: Moderation::default(),
            policy: published("policy"),
            accept_again: false,
            declared_lists: false,
            privacy: published("privacy"),
            rights: vec![15, 17],
            recipients: vec!["Prova srl (responsabile)".to_owned()],
            retention: Retention {
                inactivity_days: None,
                consent_days: 730,
                chat_days: 180,
                media_days: 30,
                delivery_days: 90,
                audit_days: 730,
            },
            monthly_budget_eur: None,
            needs_approval: false,
            desk: Desk::default(),
            authoring: Authoring::default(),
        }
    }
}
