// SPDX-License-Identifier: EUPL-1.2
//! What a [`Meta`](super::Meta) is told when it opens: apps, numbers, templates, and its pace.

use std::path::PathBuf;
use std::time::Duration;

use platform::clock::Clock;
use serde::{Deserialize, Serialize};

/// No `Debug`: apps hold secrets.
#[derive(Clone, Default)]
pub struct MetaOptions {
    /// The SQLite file that survives a `kill -9`; `None` keeps everything in memory.
    pub store: Option<PathBuf>,
    pub clock: Clock,
    pub apps: Vec<App>,
    pub numbers: Vec<Number>,
    pub templates: Vec<Template>,
    pub pace: Pace,
}

/// A Meta app: who may call, and where webhooks go. No `Debug`: it holds secrets.
#[derive(Clone)]
pub struct App {
    pub id: String,
    /// Signs webhooks.
    pub secret: String,
    /// The bearer token of the Graph API.
    pub access_token: String,
    /// Where webhooks are posted. `None`: they wait until [`Meta::set_webhook_url`](super::Meta::set_webhook_url).
    pub webhook_url: Option<String>,
}

/// A business number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    pub phone_number_id: String,
    /// `entry[].id` of webhooks; owner of the templates.
    pub messaging_account_id: String,
    /// As people know it: `+39 333 000 0000`.
    pub display_number: String,
    /// The verified name on top of the chat.
    pub name: String,
    /// [`App::id`].
    pub app: String,
    /// The slug scripts write in `to`: `pordenone`.
    pub line: String,
    /// Messages in any second, inbound and outbound together (80, 1,000, 20).
    pub rate: u32,
    /// User ids and the 24-hour limit are per portfolio.
    pub portfolio_id: String,
    /// People reached outside the window in any 24 hours; `None` is no limit.
    pub portfolio_limit: Option<u32>,
    /// What the page suggests to write: the line's own words.
    pub hints: Vec<String>,
}

impl Default for Number {
    fn default() -> Self {
        Self {
            phone_number_id: String::new(),
            messaging_account_id: String::new(),
            display_number: String::new(),
            name: String::new(),
            app: "default".to_owned(),
            line: String::new(),
            rate: 80,
            portfolio_id: "portfolio".to_owned(),
            portfolio_limit: None,
            hints: Vec::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Category {
    Utility,
    Marketing,
    Authentication,
}

impl Category {
    /// As in a status's `pricing.category`.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Utility => "utility",
            Self::Marketing => "marketing",
            Self::Authentication => "authentication",
        }
    }

    /// As in the template endpoints: `UTILITY`.
    pub(crate) fn from_upper(text: &str) -> Option<Self> {
        [Self::Utility, Self::Marketing, Self::Authentication]
            .into_iter()
            .find(|it| it.slug().eq_ignore_ascii_case(text))
    }
}

/// A template as Meta knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub messaging_account_id: String,
    /// `[a-z0-9_]`.
    pub name: String,
    /// `it`.
    pub language: String,
    pub category: Category,
    pub header: Option<TemplateHeader>,
    /// Parameters as `{{name}}`, or `{{1}}` when positional.
    pub body: String,
    pub footer: Option<String>,
    pub buttons: Vec<TemplateButton>,
    /// The body's parameters in the order of its text. Digits only: positional, else named.
    pub parameters: Vec<String>,
    pub state: TemplateState,
    /// Until when it is being reviewed, and how that ends.
    pub review: Option<Review>,
    /// Why it is rejected, if it is: `INVALID_FORMAT`, `SCAM` …
    pub rejected_for: String,
    /// `GREEN`, `YELLOW`, `RED`, `UNKNOWN`.
    pub quality: String,
}

/// A review that was decided when it began, and is told when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub until_ms: i64,
    pub state: TemplateState,
}

impl Default for Template {
    fn default() -> Self {
        Self {
            messaging_account_id: String::new(),
            name: String::new(),
            language: "it".to_owned(),
            category: Category::Utility,
            header: None,
            body: String::new(),
            footer: None,
            buttons: Vec::new(),
            parameters: Vec::new(),
            state: TemplateState::Approved,
            review: None,
            rejected_for: "INVALID_FORMAT".to_owned(),
            quality: "UNKNOWN".to_owned(),
        }
    }
}

impl Template {
    /// As it stands at an instant, once the review that is over by then is.
    #[must_use]
    pub(crate) fn at(mut self, now_ms: i64) -> Self {
        if let Some(review) = self.review {
            self.state =
                if review.until_ms <= now_ms { review.state } else { TemplateState::Pending };
        }
        self
    }

    /// Whether parameters are told apart by `parameter_name`.
    pub(crate) fn is_named(&self) -> bool {
        self.parameters.iter().any(|it| !it.bytes().all(|b| b.is_ascii_digit()))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TemplateHeader {
    /// At most 60 characters, without parameters.
    Text(String),
    /// `image`, `video` or `document`: a file must come with every send.
    Media(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TemplateButton {
    /// Its payload comes with the send; without one, Meta uses the label.
    QuickReply(String),
    /// `{{1}}` at the end of `url` is filled by the send.
    Url { text: String, url: String },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TemplateState {
    #[default]
    Approved,
    Pending,
    Rejected,
    /// Sends get 132015.
    Paused,
    /// Sends get 132016.
    Disabled,
}

impl TemplateState {
    /// As in `message_template_status_update` and in lists.
    pub(crate) fn slug(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::Pending => "PENDING",
            Self::Rejected => "REJECTED",
            Self::Paused => "PAUSED",
            Self::Disabled => "DISABLED",
        }
    }
}

/// How long after its cause a webhook is due, on the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub inbound: Duration,
    pub sent: Duration,
    pub delivered: Duration,
    pub read: Duration,
    /// How long a template is reviewed.
    pub review: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            inbound: Duration::ZERO,
            sent: Duration::from_millis(100),
            delivered: Duration::from_millis(400),
            read: Duration::from_secs(2),
            review: Duration::from_mins(2),
        }
    }
}

impl Pace {
    /// Everything is due at once.
    pub const IMMEDIATE: Self = Self {
        inbound: Duration::ZERO,
        sent: Duration::ZERO,
        delivered: Duration::ZERO,
        read: Duration::ZERO,
        review: Duration::ZERO,
    };
}
