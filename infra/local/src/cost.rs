// SPDX-License-Identifier: EUPL-1.2
//! `filodiretto cost`: what a deployment costs in a month and a year, row by row, for the person who
//! has to plan for it.

use std::fmt::{self, Write};
use std::str::FromStr;

use anyhow::{Context, ensure};
use clap::Args;
use domain::cost::{
    Bill, Charge, EURO, FILES_PER_CENT, FREE_SERVICE_MESSAGES, MESSAGES_PER_CHAT, MOVING_PER_CENT,
    Price, Prices, TenThousandths, Unit, Use, What, bill, euro_each, thousands,
};
use domain::line::Category;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

const PRICES: &str = include_str!("../../aws/prices.toml");

/// As a person writes it.
#[derive(Args, Clone, Debug)]
pub struct Asked {
    /// Iscritti di ogni linea
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub subscribers: String,
    /// Invii alla settimana di ogni linea, a tutti gli iscritti: 2, oppure 0,5
    #[arg(long, value_name = "B", allow_hyphen_values = true)]
    pub broadcasts_per_week: String,
    /// Conversazioni al giorno di ogni linea
    #[arg(long, value_name = "C", allow_hyphen_values = true)]
    pub chats_per_day: String,
    /// Categoria degli invii per Meta: utility (avvisi) o marketing (eventi)
    #[arg(long, default_value = "utility")]
    pub category: String,
    /// Linee come questa sulla stessa installazione
    #[arg(long, value_name = "L", default_value = "1", allow_hyphen_values = true)]
    pub lines: String,
    /// Per i programmi: JSON invece della tabella
    #[arg(long)]
    pub json: bool,
}

/// No comune has more inhabitants.
const MOST_SUBSCRIBERS: u32 = 3_000_000;
/// One every hour.
const MOST_BROADCASTS: f64 = 168.0;
const MOST_CHATS: f64 = 100_000.0;
const MOST_LINES: u32 = 8_000;

impl Asked {
    /// The error is for the person who asked.
    pub fn read(&self) -> anyhow::Result<Use> {
        let category = match self.category.as_str() {
            "utility" => Category::Utility,
            "marketing" => Category::Marketing,
            other => anyhow::bail!("--category {other}: scrivere utility oppure marketing"),
        };
        let lines = whole("--lines", &self.lines, MOST_LINES)?;
        ensure!(lines > 0, "--lines 0: serve almeno una linea");
        Ok(Use {
            subscribers: whole("--subscribers", &self.subscribers, MOST_SUBSCRIBERS)?,
            broadcasts_per_week: number(
                "--broadcasts-per-week",
                &self.broadcasts_per_week,
                MOST_BROADCASTS,
            )?,
            chats_per_day: number("--chats-per-day", &self.chats_per_day, MOST_CHATS)?,
            category,
            lines,
        })
    }
}

fn whole(name: &str, text: &str, most: u32) -> anyhow::Result<u32> {
    let n = within(name, text, f64::from(most))?;
    let digits = text.trim().bytes().all(|it| it.is_ascii_digit());
    ensure!(
        digits && n.fract() == 0.0,
        "{name} {text}: scrivere un numero intero senza punti né virgole, per esempio 2000"
    );
    text.trim().parse().with_context(|| format!("{name} {text}: scrivere un numero intero"))
}

fn number(name: &str, text: &str, most: f64) -> anyhow::Result<f64> {
    within(name, text, most)
}

/// A number as Italians or programs write it: `0,5` or `0.5`.
fn within(name: &str, text: &str, most: f64) -> anyhow::Result<f64> {
    let n = f64::from_str(&text.trim().replace(',', ".")).ok().filter(|it| it.is_finite());
    let n = n.with_context(|| {
        format!("{name} {text}: non è un numero. Scriverlo in cifre, per esempio 2 oppure 0,5")
    })?;
    ensure!(n >= 0.0, "{name} {text}: non può essere negativo");
    ensure!(n <= most, "{name} {text}: è troppo, al massimo {}", quantity(most));
    Ok(n)
}

/// The price file.
pub struct PriceList {
    pub prices: Prices,
    /// `eu-south-1`
    pub region: String,
    /// When its prices were read.
    pub read_on: Date,
    usd_per_euro: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    region: String,
    read_on: String,
    euro: Entry,
    price: std::collections::BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    usd: f64,
    #[serde(default = "one")]
    per: f64,
    source: String,
    /// How it was made, if it could not be confirmed for the region.
    estimate: Option<String>,
}

fn one() -> f64 {
    1.0
}

impl PriceList {
    /// The one of this release: `infra/aws/prices.toml`.
    pub fn read() -> anyhow::Result<Self> {
        Self::parse(PRICES)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let file: File = toml::from_str(text).context("leggere i prezzi di AWS")?;
        for (name, entry) in &file.price {
            let known = Unit::ALL.iter().any(|it| it.name() == name);
            ensure!(known, "prezzi di AWS: {name} non serve a niente");
            ensure!(entry.usd >= 0.0 && entry.per > 0.0, "prezzi di AWS: {name} non è un prezzo");
            ensure!(!entry.source.is_empty(), "prezzi di AWS: di {name} manca la fonte");
        }
        let price = |unit: Unit| {
            let it = file.price.get(unit.name())?;
            Some(Price { usd: it.usd / it.per, is_estimate: it.estimate.is_some() })
        };
        let prices = Prices::new(price);
        Ok(Self {
            prices: prices.map_err(|it| anyhow::anyhow!("prezzi di AWS: manca {}", it.name()))?,
            read_on: file.read_on.parse().context("prezzi di AWS: leggere read_on")?,
            region: file.region,
            usd_per_euro: file.euro.usd,
        })
    }

    /// Dollars in euro.
    fn euro(&self, usd: f64) -> f64 {
        usd / self.usd_per_euro
    }
}

/// What somebody asked for, at the prices of a list and Meta's of a day.
pub struct Told<'a> {
    asked: Use,
    list: &'a PriceList,
    on: Date,
    bill: Bill,
}

impl<'a> Told<'a> {
    pub fn new(asked: Use, list: &'a PriceList, on: Date) -> Self {
        let bill = bill(&asked, &list.prices, on);
        Self { asked, list, on, bill }
    }

    /// The total of a month in euro.
    fn total(&self) -> f64 {
        in_euro(self.bill.meta_cost()) + self.list.euro(self.bill.aws_usd())
    }

    /// For programs. Amounts are not rounded.
    pub fn json(&self) -> Value {
        let Self { asked, list, on, bill } = self;
        let row = |it: &Charge| {
            json!({
                "row": name(it.what), "quantity": it.quantity, "month_usd": it.usd,
                "year_usd": 12.0 * it.usd, "estimate": it.is_estimate,
            })
        };
        let (meta, aws) = (in_euro(bill.meta_cost()), bill.aws_usd());
        json!({
            "asked": {
                "subscribers": asked.subscribers,
                "broadcasts_per_week": asked.broadcasts_per_week,
                "chats_per_day": asked.chats_per_day,
                "category": domain::cost::Category::from(asked.category).name(),
                "lines": asked.lines,
            },
            "prices": {
                "meta_on": on.to_string(), "aws_read_on": list.read_on.to_string(),
                "region": list.region, "usd_per_eur": list.usd_per_euro,
            },
            "meta": {
                "templates": bill.templates.messages,
                "templates_month_eur": in_euro(bill.templates.cost),
                "free_replies": bill.free_replies,
                "replies": bill.replies.messages,
                "replies_month_eur": in_euro(bill.replies.cost),
                "month_eur": meta, "year_eur": 12.0 * meta,
            },
            "aws": {
                "rows": bill.aws.iter().map(row).collect::<Vec<_>>(),
                "month_usd": aws, "year_usd": 12.0 * aws,
                "month_eur": list.euro(aws), "year_eur": 12.0 * list.euro(aws),
            },
            "total": { "month_eur": self.total(), "year_eur": 12.0 * self.total() },
            "optional": [row(&bill.dashboard)],
        })
    }
}

/// The table. It ends with a line's end.
impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asked, list, on, bill } = self;
        let lines = match asked.lines {
            1 => "Una linea con".to_owned(),
            n => format!("{} linee, ciascuna con", thousands(n.into())),
        };
        let (subscribers, broadcasts, chats) = (
            counted(asked.subscribers.into(), "iscritto", "iscritti"),
            counted(asked.broadcasts_per_week, "invio", "invii"),
            counted(asked.chats_per_day, "chat", "chat"),
        );
        writeln!(f, "{lines} {subscribers}, {broadcasts} alla settimana, {chats} al giorno.")?;
        let (on, read_on) = (on.strftime("%d/%m/%Y"), list.read_on.strftime("%d/%m/%Y"));
        writeln!(f, "Prezzi di listino senza IVA: Meta in vigore il {on}, AWS letti il {read_on}")?;
        writeln!(
            f,
            "per la regione {}; le offerte gratuite di AWS non sono tolte.\n",
            list.region
        )?;

        head(f, "META, EURO", "messaggi")?;
        let category = domain::cost::Category::from(asked.category).name();
        let messages = |n: i64| thousands(n);
        let each = euro_each(bill.template.per_message);
        let meta = [
            (format!("Invii ({category}), {each} l'uno"), bill.templates),
            (
                format!("Risposte, {} gratis al mese per linea", thousands(FREE_SERVICE_MESSAGES)),
                domain::cost::Tally { messages: bill.free_replies, cost: 0 },
            ),
            (format!("Risposte oltre, {} l'una", euro_each(bill.reply.per_message)), bill.replies),
        ];
        for (label, it) in meta {
            let cost = in_euro(it.cost);
            row(f, &label, &messages(it.messages), &amount(cost, 2), &amount(12.0 * cost, 2))?;
        }
        let cost = in_euro(bill.meta_cost());
        row(f, "Totale Meta", "", &amount(cost, 2), &amount(12.0 * cost, 2))?;

        writeln!(f)?;
        head(f, "AWS, DOLLARI", "quantità")?;
        for it in &bill.aws {
            charge(f, it)?;
        }
        let usd = bill.aws_usd();
        row(f, "Totale AWS", "", &amount(usd, 3), &amount(12.0 * usd, 2))?;

        writeln!(f)?;
        head(f, "IN TUTTO, EURO", "")?;
        let rate = format!("AWS, a {} dollari per euro", amount(list.usd_per_euro, 2));
        // Rounded before they are added, so that the sum is that of what is read.
        let aws = [1.0, 12.0].map(|months| cents(list.euro(months * usd)));
        let meta = [cost, 12.0 * cost];
        let total = [meta[0] + aws[0], meta[1] + aws[1]];
        let mut sum = |label: &str, [month, year]: [f64; 2]| {
            row(f, label, "", &amount(month, 2), &amount(year, 2))
        };
        sum("Meta", meta)?;
        sum(&rate, aws)?;
        sum("Totale", total)?;
        if asked.lines > 1 {
            sum("Per ogni linea", total.map(|it| it / f64::from(asked.lines)))?;
        }

        writeln!(f)?;
        head(f, "FUORI DAL TOTALE, DOLLARI", "quantità")?;
        charge(f, &bill.dashboard)?;

        writeln!(f, "\n* Prezzo stimato: per questa regione non c'è una fonte confermata.")?;
        writeln!(
            f,
            "Ipotesi: numeri italiani; ogni invio arriva a tutti; in una chat {} messaggi del\n\
             cittadino e altrettanti dell'ufficio, e un file ogni {}; in un mese {} iscritti su 100\n\
             entrano o escono, con una risposta ciascuno.",
            amount(MESSAGES_PER_CHAT, 0),
            amount(100.0 / FILES_PER_CENT, 0),
            amount(MOVING_PER_CENT, 0),
        )
    }
}

const LABEL: usize = 48;
const NUMBER: usize = 13;

fn head(f: &mut fmt::Formatter<'_>, what: &str, of: &str) -> fmt::Result {
    row(f, what, of, "al mese", "all'anno")
}

fn row(f: &mut impl Write, label: &str, n: &str, month: &str, year: &str) -> fmt::Result {
    writeln!(f, "{label:<LABEL$} {n:>NUMBER$} {month:>NUMBER$} {year:>NUMBER$}")
}

fn charge(f: &mut impl Write, it: &Charge) -> fmt::Result {
    let mark = if it.is_estimate { " *" } else { "" };
    let label = format!("{}{mark}", label(it.what));
    row(f, &label, &quantity(it.quantity), &amount(it.usd, 3), &amount(12.0 * it.usd, 2))
}

fn in_euro(amount: TenThousandths) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let (amount, one) = (amount as f64, EURO as f64);
    amount / one
}

fn cents(euro: f64) -> f64 {
    (euro * 100.0).round() / 100.0
}

fn counted(n: f64, one: &str, more: &str) -> String {
    #[expect(clippy::float_cmp, reason = "a number that a person wrote")]
    let noun = if n == 1.0 { one } else { more };
    format!("{} {noun}", quantity(n))
}

/// Whole if it is or if it is large, else with two decimals: `17.381`, `0,50`.
fn quantity(n: f64) -> String {
    let decimals = if n.fract() == 0.0 || n >= 100.0 { 0 } else { 2 };
    amount(n, decimals)
}

/// As Italians write it: `1.234,50`.
fn amount(n: f64, decimals: usize) -> String {
    let text = format!("{n:.decimals$}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), thousands);
    if rest.is_empty() { whole } else { format!("{whole},{rest}") }
}

/// A row's name, for a person.
pub fn label(what: What) -> &'static str {
    match what {
        What::Runs => "Lambda, chiamate",
        What::Work => "Lambda, GB-secondi",
        What::Reads => "DynamoDB, unità di lettura",
        What::Writes => "DynamoDB, unità di scrittura",
        What::Stored => "DynamoDB, GB conservati",
        What::Recoverable => "DynamoDB, GB ripristinabili (PITR)",
        What::StandardPolls => "SQS, letture a vuoto di due code standard",
        What::FifoPolls => "SQS, letture a vuoto della coda FIFO",
        What::Standard => "SQS, altre richieste alle code standard",
        What::Fifo => "SQS, altre richieste alla coda FIFO",
        What::Http => "API Gateway, richieste HTTP",
        What::Schedules => "EventBridge, risvegli a orario",
        What::Events => "EventBridge, eventi",
        What::Logged => "CloudWatch, GB di log scritti",
        What::KeptLogs => "CloudWatch, GB di log conservati",
        What::Alarms => "CloudWatch, metriche guardate da sei allarmi",
        What::Metrics => "CloudWatch, metriche nostre, in mesi",
        What::Files => "S3, GB di file",
        What::FileRequests => "S3, richieste",
        What::Secrets => "KMS, letture di segreti (parametri SSM gratis)",
        What::Mails => "SNS, messaggi di posta",
        What::Out => "Traffico in uscita, GB",
        What::Dashboard => "CloudWatch, pannello (facoltativo)",
    }
}

/// As JSON calls a row.
fn name(what: What) -> &'static str {
    match what {
        What::Runs => "lambda_requests",
        What::Work => "lambda_gb_seconds",
        What::Reads => "dynamodb_read_units",
        What::Writes => "dynamodb_write_units",
        What::Stored => "dynamodb_gb",
        What::Recoverable => "dynamodb_recoverable_gb",
        What::StandardPolls => "sqs_standard_empty_receives",
        What::FifoPolls => "sqs_fifo_empty_receives",
        What::Standard => "sqs_standard_requests",
        What::Fifo => "sqs_fifo_requests",
        What::Http => "http_api_requests",
        What::Schedules => "scheduled_events",
        What::Events => "events",
        What::Logged => "log_gb",
        What::KeptLogs => "log_kept_gb",
        What::Alarms => "alarm_metrics",
        What::Metrics => "metric_months",
        What::Files => "s3_gb",
        What::FileRequests => "s3_requests",
        What::Secrets => "kms_requests",
        What::Mails => "sns_mails",
        What::Out => "out_gb",
        What::Dashboard => "dashboard",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(subscribers: &str, broadcasts: &str, chats: &str) -> Asked {
        Asked {
            subscribers: subscribers.to_owned(),
            broadcasts_per_week: broadcasts.to_owned(),
            chats_per_day: chats.to_owned(),
            category: "utility".to_owned(),
            lines: "1".to_owned(),
            json: false,
        }
    }

    fn list() -> PriceList {
        PriceList::read().unwrap()
    }

    fn table(of: &Asked) -> String {
        let list = list();
        Told::new(of.read().unwrap(), &list, list.read_on).to_string()
    }

    #[test]
    fn an_idle_month_costs_at_most_two_dollars_on_any_number_of_lines() {
        let list = list();
        for lines in ["1", "40"] {
            let of = Asked { lines: lines.to_owned(), ..asked("0", "0", "0") };
            let told = Told::new(of.read().unwrap(), &list, list.read_on);
            let usd = told.bill.aws_usd();
            assert!(usd > 1.0 && usd <= 2.0, "{lines}: {usd}");
            assert_eq!(told.bill.meta_cost(), 0);
        }
    }

    #[test]
    fn the_guide_shows_what_is_printed() {
        let guide = include_str!("../../../docs/costi.md");
        for of in [
            asked("0", "0", "0"),
            asked("500", "2", "5"),
            asked("2000", "2", "10"),
            asked("10000", "2", "30"),
        ] {
            let table = table(&of);
            assert!(guide.contains(&table), "docs/costi.md must show exactly this:\n{table}");
        }
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let of = asked(" 2000 ", "0,5", "1.5").read().unwrap();
        assert_eq!((of.subscribers, of.broadcasts_per_week, of.chats_per_day), (2_000, 0.5, 1.5));
        let said = |of: Asked| of.read().unwrap_err().to_string();
        for (of, want) in [
            (asked("-1", "2", "5"), "--subscribers -1: non può essere negativo"),
            (
                asked("tanti", "2", "5"),
                "--subscribers tanti: non è un numero. Scriverlo in cifre, per esempio 2 oppure 0,5",
            ),
            (
                asked("2.000", "2", "5"),
                "--subscribers 2.000: scrivere un numero intero senza punti né virgole, per esempio \
                 2000",
            ),
            (
                asked("1e3", "2", "5"),
                "--subscribers 1e3: scrivere un numero intero senza punti né virgole, per esempio 2000",
            ),
            (asked("60000000", "2", "5"), "--subscribers 60000000: è troppo, al massimo 3.000.000"),
            (
                asked("500", "NaN", "5"),
                "--broadcasts-per-week NaN: non è un numero. Scriverlo in cifre, per esempio 2 oppure \
                 0,5",
            ),
            (asked("500", "169", "5"), "--broadcasts-per-week 169: è troppo, al massimo 168"),
            (asked("500", "2", "-0,5"), "--chats-per-day -0,5: non può essere negativo"),
            (
                Asked { lines: "0".to_owned(), ..asked("500", "2", "5") },
                "--lines 0: serve almeno una linea",
            ),
            (
                Asked { category: "eventi".to_owned(), ..asked("500", "2", "5") },
                "--category eventi: scrivere utility oppure marketing",
            ),
        ] {
            assert_eq!(said(of), want);
        }
    }

    #[test]
    fn columns_stand_apart_however_much_it_is() {
        let of = Asked { lines: "8000".to_owned(), ..asked("3000000", "168", "100000") };
        let table = table(&of);
        let total = table.lines().find(|it| it.starts_with("Totale Meta")).unwrap();
        assert_eq!(total.split_whitespace().count(), 4, "{total}");
        assert!(table.contains("\nPer ogni linea "), "{table}");
    }

    #[test]
    fn the_parts_of_the_json_add_up() {
        let list = list();
        let told = Told::new(asked("500", "2", "5").read().unwrap(), &list, list.read_on).json();
        let number = |at: &str| told.pointer(at).and_then(Value::as_f64).unwrap();
        let rows: Vec<_> = told["aws"]["rows"].as_array().unwrap().iter().collect();
        let sum: f64 = rows.iter().map(|it| it["month_usd"].as_f64().unwrap()).sum();
        assert!((sum - number("/aws/month_usd")).abs() < 1e-9);
        let total = number("/meta/month_eur") + sum / number("/prices/usd_per_eur");
        assert!((total - number("/total/month_eur")).abs() < 1e-9);
        assert!((12.0 * total - number("/total/year_eur")).abs() < 1e-6);
        assert_eq!(told["optional"][0]["row"], "dashboard");
    }

    #[test]
    fn a_price_list_that_lacks_something_is_refused_with_its_name() {
        let said = |change: (&str, &str)| {
            assert!(PRICES.contains(change.0), "{}", change.0);
            let list = PriceList::parse(&PRICES.replacen(change.0, change.1, 1));
            list.err().map(|it| format!("{it:#}")).unwrap_or_default()
        };
        assert_eq!(
            said(("[price.event]", "[price.rainfall]")),
            "prezzi di AWS: rainfall non serve a niente"
        );
        let gone = PRICES.split("[price.out-gb]").next().unwrap();
        let gone = PriceList::parse(gone).err().unwrap().to_string();
        assert_eq!(gone, "prezzi di AWS: manca out-gb");
        for (change, want) in [
            (("usd = 0.234", "usd = -1"), "prezzi di AWS: lambda-request non è un prezzo"),
            (("read_on = \"2026-11-26\"", "read_on = \"ieri\""), "prezzi di AWS: leggere read_on"),
        ] {
            let said = said(change);
            assert!(said.starts_with(want), "{said}");
        }
    }
}
