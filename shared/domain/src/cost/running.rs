// SPDX-License-Identifier: EUPL-1.2
//! What a deployment costs in a month: Meta's messages, and what they and the silence between them
//! ask of AWS.
//!
//! At most, on the whole: every subscriber gets every broadcast, nobody's reply saves a template,
//! every status comes in a webhook of its own, and no free tier of AWS is taken off.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::cost::operations::{
    ANSWER, BROADCAST, CHAT_MESSAGE_BYTES, DELIVERY_BYTES, KEYWORD, MESSAGE, NIGHT,
    NIGHT_OF_CONTACT, Operations, QUESTION, SUBSCRIBER_BYTES, TICK,
};
use crate::cost::{Category, FREE_SERVICE_MESSAGES, Market, Rate, Tally, TenThousandths, rate};
use crate::{line, retention};

/// A month is the twelfth part of a year.
const DAYS: f64 = 365.0 / 12.0;
const HOURS: f64 = DAYS * 24.0;
const MINUTES: f64 = HOURS * 60.0;
const WEEKS: f64 = DAYS / 7.0;

/// Messages of a citizen in one chat, and of the desk. Assumed.
pub const MESSAGES_PER_CHAT: f64 = 4.0;

/// Of a hundred subscribers, how many come or go in a month. Assumed.
pub const MOVING_PER_CENT: f64 = 3.0;

/// Of a hundred chats, in how many a file is sent, and how large it is. Assumed.
pub const FILES_PER_CENT: f64 = 20.0;
const FILE_BYTES: f64 = 1_000_000.0;

/// An event source mapping that finds nothing keeps five long polls of 20 seconds open.
///
/// Source: Lambda Developer Guide, polling and batching of SQS event source mappings.
const POLLS_A_MINUTE: f64 = 5.0 * 3.0;

/// The largest that the template gives a function.
const MEMORY_GB: f64 = 0.25;

/// What Lambda and we write of one invocation.
const LOGGED_BYTES: f64 = 600.0;

/// What goes out for a call of Meta's, for the answer to a webhook, or for one to the console.
const OUT_BYTES: f64 = 2_500.0;

/// Alarms, each with the metrics that it looks at: AWS bills those.
pub const ALARMS: [(&str, u32); 6] = [
    ("dead-letters", 2),
    ("oldest-message", 2),
    ("broadcast-stopped", 1),
    ("webhook-errors", 2),
    ("unresolved", 1),
    ("account-or-budget", 1),
];

/// Mails of alarms in a month. Assumed.
const MAILS: f64 = 10.0;

/// Functions that start anew for a chat, a keyword or a broadcast, how many do in an hour at most,
/// for they stay for some minutes, and the secrets each reads. Assumed.
const STARTS: f64 = 4.0;
const MOST_STARTS: f64 = 40.0;
const SECRETS: f64 = 5.0;

/// Metrics of ours while a broadcast is sent: one of what was sent, two of what went wrong.
const METRICS_OF_TROUBLE: f64 = 2.0;

/// Messages a second that a number without a higher limit may send beside its reserve.
const RATE: f64 = 70.0;

const MILLION: f64 = 1_000_000.0;
const GB: f64 = 1_000.0 * MILLION;

/// What happens on each of a deployment's lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Use {
    pub subscribers: u32,
    pub broadcasts_per_week: f64,
    pub chats_per_day: f64,
    /// Of the broadcasts.
    pub category: line::Category,
    pub lines: u32,
}

/// What AWS has a price for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    LambdaRequest,
    LambdaGbSecond,
    ReadUnit,
    WriteUnit,
    StoredGb,
    RecoverableGb,
    StandardRequest,
    FifoRequest,
    HttpRequest,
    ScheduledEvent,
    Event,
    LoggedGb,
    KeptLogGb,
    AlarmMetric,
    Metric,
    Dashboard,
    FileGb,
    FileRequest,
    Decrypt,
    Mail,
    OutGb,
}

impl Unit {
    pub const ALL: [Self; 21] = [
        Self::LambdaRequest,
        Self::LambdaGbSecond,
        Self::ReadUnit,
        Self::WriteUnit,
        Self::StoredGb,
        Self::RecoverableGb,
        Self::StandardRequest,
        Self::FifoRequest,
        Self::HttpRequest,
        Self::ScheduledEvent,
        Self::Event,
        Self::LoggedGb,
        Self::KeptLogGb,
        Self::AlarmMetric,
        Self::Metric,
        Self::Dashboard,
        Self::FileGb,
        Self::FileRequest,
        Self::Decrypt,
        Self::Mail,
        Self::OutGb,
    ];

    /// As the price file calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LambdaRequest => "lambda-request",
            Self::LambdaGbSecond => "lambda-gb-second",
            Self::ReadUnit => "dynamodb-read-unit",
            Self::WriteUnit => "dynamodb-write-unit",
            Self::StoredGb => "dynamodb-gb",
            Self::RecoverableGb => "dynamodb-recoverable-gb",
            Self::StandardRequest => "sqs-standard-request",
            Self::FifoRequest => "sqs-fifo-request",
            Self::HttpRequest => "http-api-request",
            Self::ScheduledEvent => "scheduled-event",
            Self::Event => "event",
            Self::LoggedGb => "log-gb",
            Self::KeptLogGb => "log-kept-gb",
            Self::AlarmMetric => "alarm-metric",
            Self::Metric => "metric",
            Self::Dashboard => "dashboard",
            Self::FileGb => "s3-gb",
            Self::FileRequest => "s3-request",
            Self::Decrypt => "kms-request",
            Self::Mail => "sns-mail",
            Self::OutGb => "out-gb",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// Of one unit, for as long as it lasts a month of it.
    pub usd: f64,
    /// Whether the region's own price could not be confirmed.
    pub is_estimate: bool,
}

/// A price for every unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices(BTreeMap<Unit, Price>);

impl Prices {
    /// The error is the first unit that has no price.
    pub fn new(price: impl Fn(Unit) -> Option<Price>) -> Result<Self, Unit> {
        let prices = Unit::ALL.map(|unit| Ok((unit, price(unit).ok_or(unit)?)));
        prices.into_iter().collect::<Result<_, _>>().map(Self)
    }

    fn get(&self, unit: Unit) -> Price {
        self.0.get(&unit).copied().expect("`new` has found a price for every unit")
    }
}

/// A row of AWS's bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Runs,
    Work,
    Reads,
    Writes,
    Stored,
    Recoverable,
    /// Receives that find nothing, of two queues, day and night.
    StandardPolls,
    FifoPolls,
    Standard,
    Fifo,
    Http,
    Schedules,
    Events,
    Logged,
    KeptLogs,
    Alarms,
    Metrics,
    Files,
    FileRequests,
    Secrets,
    Mails,
    Out,
    Dashboard,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Charge {
    pub what: What,
    pub quantity: f64,
    pub usd: f64,
    pub is_estimate: bool,
}

/// What one month comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Bill {
    /// The broadcasts' messages. All are billed: since October 2026 a utility template is inside
    /// the service window, too.
    pub templates: Tally,
    pub template: Rate,
    /// Answers to keywords and of the desk, of which each line's first thousand are free.
    pub free_replies: i64,
    pub replies: Tally,
    pub reply: Rate,
    pub aws: Vec<Charge>,
    /// Not in the sum: a deployment may do without.
    pub dashboard: Charge,
}

impl Bill {
    pub fn meta_cost(&self) -> TenThousandths {
        self.templates.cost + self.replies.cost
    }

    pub fn aws_usd(&self) -> f64 {
        self.aws.iter().map(|it| it.usd).sum()
    }
}

/// What a month of such use costs at most, with all numbers of Italy and Meta's rates of a day.
pub fn bill(of: &Use, prices: &Prices, on: Date) -> Bill {
    let month = Happening::of(of);
    let lines = f64::from(of.lines);
    let of_all = |per_line: f64| whole(per_line) * i64::from(of.lines);
    let templates = of_all(month.messages / lines);
    let replies = month.replies() / lines;
    let free = whole(replies).min(FREE_SERVICE_MESSAGES) * i64::from(of.lines);
    let billed = of_all(replies) - free;
    let template = rate(of.category.into(), Market::ITALY, on);
    let reply = rate(Category::Service, Market::ITALY, on);
    let tally = |messages, each: Rate| Tally { messages, cost: messages * each.per_message };
    let charge = |(what, unit, quantity): (What, Unit, f64)| {
        let Price { usd, is_estimate } = prices.get(unit);
        Charge { what, quantity, usd: quantity * usd, is_estimate }
    };
    Bill {
        templates: tally(templates, template),
        template,
        free_replies: free,
        replies: tally(billed, reply),
        reply,
        aws: month.asks().into_iter().map(charge).collect(),
        dashboard: charge((What::Dashboard, Unit::Dashboard, 1.0)),
    }
}

/// What happens in a month on all lines.
struct Happening {
    broadcasts: f64,
    /// Of broadcasts.
    messages: f64,
    chats: f64,
    keywords: f64,
    subscribers: f64,
    lines: f64,
}

impl Happening {
    fn of(it: &Use) -> Self {
        let lines = f64::from(it.lines);
        let subscribers = f64::from(it.subscribers) * lines;
        let broadcasts = it.broadcasts_per_week * WEEKS * lines;
        Self {
            broadcasts,
            messages: broadcasts * f64::from(it.subscribers),
            chats: it.chats_per_day * DAYS * lines,
            keywords: subscribers * MOVING_PER_CENT / 100.0,
            subscribers,
            lines,
        }
    }

    fn operations(&self) -> Operations {
        let mut all: Operations = [
            TICK * MINUTES,
            NIGHT * (DAYS * self.lines),
            NIGHT_OF_CONTACT * (DAYS * self.subscribers),
            BROADCAST * self.broadcasts,
            MESSAGE * self.messages,
            KEYWORD * self.keywords,
            QUESTION * (self.chats * MESSAGES_PER_CHAT),
            ANSWER * (self.chats * MESSAGES_PER_CHAT),
        ]
        .into_iter()
        .sum();
        all.runs.retention += DAYS;
        all
    }

    /// What is in the tables once as much goes as comes.
    fn stored_bytes(&self) -> f64 {
        let months = |rule: retention::Rule| f64::from(rule.default.unwrap_or(0)) / DAYS;
        let deliveries = self.messages * months(retention::DELIVERIES);
        let chat = 2.0 * MESSAGES_PER_CHAT * self.chats * months(retention::CHAT);
        self.subscribers * SUBSCRIBER_BYTES
            + deliveries * DELIVERY_BYTES
            + chat * CHAT_MESSAGE_BYTES
    }

    /// Messages of ours that are no templates.
    fn replies(&self) -> f64 {
        self.keywords + self.chats * MESSAGES_PER_CHAT
    }

    /// A metric costs for the hours in which it is written: in months of one metric.
    fn metrics(&self) -> f64 {
        let sending = self.broadcasts + self.messages / RATE / 3_600.0;
        let any = sending + self.chats + self.keywords;
        (METRICS_OF_TROUBLE * sending.min(HOURS) + any.min(HOURS)) / HOURS
    }

    fn asks(&self) -> Vec<(What, Unit, f64)> {
        let all = self.operations();
        let runs = all.runs.all();
        let stored = self.stored_bytes() / GB;
        let files = self.chats * FILES_PER_CENT / 100.0;
        let files_gb = files * FILE_BYTES / GB;
        let kept_months = f64::from(retention::MEDIA.default.unwrap_or(0)) / DAYS;
        let starts = STARTS * (self.chats + self.keywords + self.broadcasts);
        let starts = DAYS + starts.min(MOST_STARTS * HOURS);
        let alarms = ALARMS.iter().map(|it| f64::from(it.1)).sum();
        let logged = runs * LOGGED_BYTES / GB;
        let polls = POLLS_A_MINUTE * MINUTES;
        let http = all.runs.webhook + all.runs.admin;
        let sent = self.messages + self.replies();
        vec![
            (What::Runs, Unit::LambdaRequest, runs),
            (What::Work, Unit::LambdaGbSecond, all.seconds * MEMORY_GB),
            (What::Reads, Unit::ReadUnit, all.reads),
            (What::Writes, Unit::WriteUnit, all.writes),
            (What::Stored, Unit::StoredGb, stored),
            (What::Recoverable, Unit::RecoverableGb, stored),
            (What::StandardPolls, Unit::StandardRequest, 2.0 * polls),
            (What::FifoPolls, Unit::FifoRequest, polls),
            (What::Standard, Unit::StandardRequest, all.standard),
            (What::Fifo, Unit::FifoRequest, all.fifo),
            (What::Http, Unit::HttpRequest, http),
            (What::Schedules, Unit::ScheduledEvent, 2.0 * MINUTES + DAYS),
            (What::Events, Unit::Event, all.events),
            (What::Logged, Unit::LoggedGb, logged),
            (What::KeptLogs, Unit::KeptLogGb, logged),
            (What::Alarms, Unit::AlarmMetric, alarms),
            (What::Metrics, Unit::Metric, self.metrics()),
            (What::Files, Unit::FileGb, files_gb * kept_months),
            (What::FileRequests, Unit::FileRequest, 2.0 * files),
            (What::Secrets, Unit::Decrypt, starts * SECRETS),
            (What::Mails, Unit::Mail, MAILS),
            (What::Out, Unit::OutGb, (http + sent) * OUT_BYTES / GB + files_gb),
        ]
    }
}

#[expect(clippy::cast_possible_truncation, reason = "messages of a month, far below 2^53")]
fn whole(n: f64) -> i64 {
    n.round() as i64
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    const ON: Date = date(2026, 11, 26);

    fn a_dollar_each() -> Prices {
        Prices::new(|_| Some(Price { usd: 1.0, is_estimate: false })).unwrap()
    }

    fn town(subscribers: u32, broadcasts_per_week: f64, chats_per_day: f64) -> Use {
        let category = line::Category::Utility;
        Use { subscribers, broadcasts_per_week, chats_per_day, category, lines: 1 }
    }

    fn told(of: &Use) -> Bill {
        bill(of, &a_dollar_each(), ON)
    }

    #[test]
    fn meta_bills_templates_and_replies_beyond_the_free_ones() {
        let small = town(2_000, 2.0, 10.0);
        let marketing = Use { category: line::Category::Marketing, ..small };
        let three_lines = Use { lines: 3, ..small };
        for (of, templates, free, replies, cost) in [
            (town(0, 0.0, 0.0), 0, 0, 0, 0),
            (town(0, 2.0, 0.0), 0, 0, 0, 0),
            (town(5_000, 84.0 / 365.0, 0.0), 5_000, 150, 0, 1_240_000),
            (town(500, 2.0, 5.0), 4_345, 623, 0, 4_345 * 248),
            (small, 17_381, 1_000, 277, (17_381 + 277) * 248),
            (marketing, 17_381, 1_000, 277, 17_381 * 658 + 277 * 248),
            (three_lines, 3 * 17_381, 3_000, 3 * 277, 3 * (17_381 + 277) * 248),
        ] {
            let got = told(&of);
            let counts = (got.templates.messages, got.free_replies, got.replies.messages);
            assert_eq!((counts, got.meta_cost()), ((templates, free, replies), cost), "{of:?}");
        }
    }

    #[test]
    fn silence_asks_for_ticks_nights_polls_and_alarms_and_nothing_else() {
        let silent = told(&town(0, 0.0, 0.0));
        let asked: Vec<_> = silent.aws.iter().filter(|it| it.quantity > 0.0).collect();
        let asked: Vec<_> = asked.iter().map(|it| (it.what, it.quantity.round())).collect();
        assert_eq!(
            asked[..],
            [
                (What::Runs, 87_630.0),
                (What::Work, 1_650.0),
                (What::Reads, 44_378.0),
                (What::Writes, 152.0),
                (What::StandardPolls, 1_314_000.0),
                (What::FifoPolls, 657_000.0),
                (What::Schedules, 87_630.0),
                (What::Logged, 0.0),
                (What::KeptLogs, 0.0),
                (What::Alarms, 9.0),
                (What::Secrets, 152.0),
                (What::Mails, 10.0),
            ]
        );
        let forty = told(&Use { lines: 40, ..town(0, 0.0, 0.0) });
        let ticks_and_alarms = |it: &Bill| {
            let of = |what| it.aws.iter().find(|it| it.what == what).unwrap().quantity;
            (of(What::Runs), of(What::StandardPolls), of(What::Alarms))
        };
        assert_eq!(ticks_and_alarms(&forty), ticks_and_alarms(&silent));
    }

    #[test]
    fn a_unit_without_a_price_is_named() {
        let all_but_one =
            |unit| (unit != Unit::Decrypt).then_some(Price { usd: 1.0, is_estimate: false });
        assert_eq!(Prices::new(all_but_one), Err(Unit::Decrypt));
        let names: std::collections::BTreeSet<_> = Unit::ALL.iter().map(|it| it.name()).collect();
        assert_eq!(names.len(), Unit::ALL.len());
    }

    proptest! {
        #[test]
        fn whoever_does_more_pays_more(
            subscribers in 0_u32..20_000,
            broadcasts in 0.0..20.0,
            chats in 0.0..500.0,
            lines in 1_u32..50,
        ) {
            let of = Use { lines, ..town(subscribers, broadcasts, chats) };
            let costs = |of: &Use| {
                let bill = told(of);
                (bill.meta_cost(), bill.aws_usd())
            };
            let (meta, aws) = costs(&of);
            for more in [
                Use { subscribers: subscribers + 100, ..of },
                Use { broadcasts_per_week: broadcasts + 1.0, ..of },
                Use { chats_per_day: chats + 1.0, ..of },
                Use { lines: lines + 1, ..of },
            ] {
                let (more_meta, more_aws) = costs(&more);
                prop_assert!(more_meta >= meta && more_aws > aws, "{of:?} {more:?}");
            }
            let alone = costs(&Use { lines: 1, ..of });
            prop_assert_eq!(meta, alone.0 * i64::from(lines), "each line pays Meta for itself");
            prop_assert!(aws <= alone.1 * f64::from(lines) + 1e-6, "lines share what is fixed");
        }
    }
}
