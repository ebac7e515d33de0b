// SPDX-License-Identifier: EUPL-1.2
//! Every kind of item there is, and what becomes of it when a line's data leave.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::item::{Fields, Item};

/// A kind of item, as its key tells it. [`crate::keys`] has their shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Line,
    Contact,
    Phone,
    User,
    Consent,
    Unsealed,
    LedgerEntry,
    LedgerHead,
    Request,
    ApiKey,
    Person,
    Session,
    Audit,
    Measure,
    Follower,
    Night,
    Numbers,
    Seen,
    Aside,
    Conversation,
    Message,
    Appointment,
    Ahead,
    Slot,
    Agenda,
    Note,
    Presence,
    Pack,
    File,
    FileGone,
    Broadcast,
    Counts,
    Chunk,
    Delivery,
    Rate,
    Heard,
    Portfolio,
    Account,
    Template,
    Spending,
    Once,
    Task,
}

/// What becomes of a kind when a line's data leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// In a file of this name, without its ending.
    As(&'static str),
    /// Not at all; what it is and why, for the office.
    Not { what: &'static str, why: &'static str },
}

impl Kind {
    pub const ALL: [Self; 42] = [
        Self::Line,
        Self::Contact,
        Self::Phone,
        Self::User,
        Self::Consent,
        Self::Unsealed,
        Self::LedgerEntry,
        Self::LedgerHead,
        Self::Request,
        Self::ApiKey,
        Self::Person,
        Self::Session,
        Self::Audit,
        Self::Measure,
        Self::Follower,
        Self::Night,
        Self::Numbers,
        Self::Seen,
        Self::Aside,
        Self::Conversation,
        Self::Message,
        Self::Appointment,
        Self::Ahead,
        Self::Slot,
        Self::Agenda,
        Self::Note,
        Self::Presence,
        Self::Pack,
        Self::File,
        Self::FileGone,
        Self::Broadcast,
        Self::Counts,
        Self::Chunk,
        Self::Delivery,
        Self::Rate,
        Self::Heard,
        Self::Portfolio,
        Self::Account,
        Self::Template,
        Self::Spending,
        Self::Once,
        Self::Task,
    ];

    /// The kind of what is under this key; `None` is a shape that this code does not know.
    pub fn of(pk: &str, sk: &str) -> Option<Self> {
        Some(match pk.split('#').next()? {
            "LINES" => Self::Line,
            "CONTACTS" => Self::Contact,
            "PHONE" => Self::Phone,
            "USER" => Self::User,
            "CONSENT" => Self::Consent,
            "UNSEALED" => Self::Unsealed,
            "LEDGER" if sk == crate::keys::LEDGER_HEAD => Self::LedgerHead,
            "LEDGER" => Self::LedgerEntry,
            "REQUESTS" => Self::Request,
            "KEYS" => Self::ApiKey,
            "PEOPLE" => Self::Person,
            "SESSION" => Self::Session,
            "AUDIT" => Self::Audit,
            "MEASURES" => Self::Measure,
            "TOPIC" => Self::Follower,
            "NIGHT" => Self::Night,
            "NUMBERS" => Self::Numbers,
            "SEEN" => Self::Seen,
            "ASIDE" => Self::Aside,
            "CHAT" if sk == "CONVERSATION" => Self::Conversation,
            "CHAT" if sk.starts_with("M#") => Self::Message,
            "APPOINTMENTS" => Self::Appointment,
            "AHEAD" => Self::Ahead,
            "SLOT" => Self::Slot,
            "AGENDA" => Self::Agenda,
            "CHAT" if sk.starts_with(crate::keys::NOTE) => Self::Note,
            "CHAT" if sk.starts_with(crate::keys::WRITES) => Self::Presence,
            "PACK" => Self::Pack,
            "FILES" if sk.starts_with(crate::keys::FILE_GONE) => Self::FileGone,
            "FILES" => Self::File,
            "BROADCASTS" => Self::Broadcast,
            "COUNTS" => Self::Counts,
            "CHUNKS" => Self::Chunk,
            "DELIVERIES" => Self::Delivery,
            "RATE" => Self::Rate,
            "HEARD" => Self::Heard,
            "PORTFOLIO" => Self::Portfolio,
            "ACCOUNT" if sk == crate::keys::ACCOUNT => Self::Account,
            "ACCOUNT" if sk.starts_with("TEMPLATE#") => Self::Template,
            "SPEND" => Self::Spending,
            "ONCE" => Self::Once,
            "TASKS" => Self::Task,
            _ => return None,
        })
    }

    pub fn leaves(self) -> Leaves {
        use Leaves::{As, Not};
        match self {
            Self::Line => As("linea"),
            Self::Contact => As("contatti"),
            Self::Consent => As("consensi"),
            Self::LedgerEntry => As("registro-consensi"),
            Self::LedgerHead => As("registro-consensi-fine"),
            Self::Request => As("registro-richieste"),
            Self::Measure => As("moderazione"),
            Self::Pack => As("segnalazioni"),
            Self::Follower => As("argomenti-seguiti"),
            Self::Numbers => As("statistiche"),
            Self::Aside => As("messaggi-illeggibili"),
            Self::Conversation => As("conversazioni"),
            Self::Message => As("messaggi"),
            Self::Appointment => As("appuntamenti"),
            Self::Note => As("note-interne"),
            Self::File => As("allegati"),
            Self::FileGone => Not {
                what: "l'elenco dei file che aspettano di essere cancellati",
                why: "il loro contenuto non si conserva più",
            },
            Self::Broadcast => As("invii"),
            Self::Counts => As("invii-conteggi"),
            Self::Chunk => As("invii-da-finire"),
            Self::Delivery => As("esiti"),
            Self::Spending => As("spesa"),
            Self::Person => As("persone-ufficio"),
            Self::Audit => As("registro-attivita"),
            Self::ApiKey => Not {
                what: "le chiavi dell'API",
                why: "aprono solo questo sistema: dove si va se ne fanno di nuove",
            },
            Self::Session => Not {
                what: "chi ha effettuato l'accesso in questo momento",
                why: "vale per un giorno di lavoro, e solo qui",
            },
            Self::Ahead | Self::Slot | Self::Agenda => Not {
                what: "i posti occupati di ogni orario, e gli indici degli appuntamenti",
                why: "si ricavano da «appuntamenti»",
            },
            Self::Phone | Self::User => Not {
                what: "gli indici per trovare una persona dal numero o dal codice WhatsApp",
                why: "numero e codice sono in «contatti»",
            },
            Self::Unsealed => Not {
                what: "l'elenco delle dichiarazioni che aspettano il sigillo della notte",
                why: "sono quelle di «consensi» senza «entry»",
            },
            Self::Night => Not {
                what: "gli appunti di ogni notte su fin dove è arrivata la pulizia",
                why: "servono solo a questo sistema per riprendere",
            },
            Self::Seen => Not {
                what: "i codici cifrati dei messaggi già letti",
                why: "servono per otto giorni a non leggere due volte una ripetizione di WhatsApp",
            },
            Self::Rate | Self::Heard => Not {
                what: "il ritmo degli invii di questo momento, e l'ora dell'ultimo esito arrivato",
                why: "valgono per qualche secondo, e per il numero, non per le persone",
            },
            Self::Portfolio => Not {
                what: "quante persone ha raggiunto il portafoglio nelle ultime ore",
                why: "è un conteggio di tutto il portafoglio, anche di altre linee",
            },
            Self::Account | Self::Template => Not {
                what: "che cosa dice Meta dell'account e dei modelli",
                why: "è di Meta, e si legge in WhatsApp Manager",
            },
            Self::Task => Not {
                what: "i promemoria di ciò che lo sportello deve guardare a una certa ora",
                why: "valgono solo per questo sistema, e si rifanno da soli",
            },
            Self::Presence => Not {
                what: "chi dello sportello sta scrivendo in questo momento",
                why: "vale per meno di un minuto",
            },
            Self::Once => Not {
                what: "le risposte date nell'ultimo giorno alle richieste dell'API",
                why: "servono solo a rispondere lo stesso a una richiesta ripetuta",
            },
        }
    }

    /// What the key says besides the line: names for what follows in the partition key, and for the
    /// sort key.
    fn names(self) -> (&'static [&'static str], Option<&'static str>) {
        match self {
            Self::Contact
            | Self::Measure
            | Self::Broadcast
            | Self::Aside
            | Self::Line
            | Self::Person
            | Self::File
            | Self::Audit => (&[], Some("id")),
            Self::Consent | Self::Message | Self::Note | Self::Appointment => {
                (&["contact"], Some("id"))
            }
            Self::Request => (&[], Some("number")),
            Self::Pack => (&["id"], None),
            Self::Follower => (&["topic"], Some("contact")),
            Self::Numbers => (&[], Some("day")),
            Self::Conversation => (&["contact"], None),
            Self::Spending => (&[], Some("month")),
            Self::Counts => (&["broadcast"], None),
            Self::Chunk => (&["broadcast"], Some("number")),
            Self::Delivery => (&["broadcast"], Some("contact")),
            _ => (&[], None),
        }
    }

    /// Whether the partition key begins with the line; else with an id that only one line has.
    fn is_under_line(self) -> bool {
        !matches!(self, Self::Counts | Self::Chunk | Self::Delivery | Self::Line | Self::Session)
    }

    /// The item with plain names and values: instants as RFC 3339, no keys.
    pub(crate) fn record(self, item: &Item) -> Map<String, Value> {
        let mut record = Map::new();
        let (in_partition, in_sort) = self.names();
        let partition = item.find_text("pk").unwrap_or_default();
        let parts = partition.split('#').skip(if self.is_under_line() { 2 } else { 1 });
        for (name, part) in in_partition.iter().zip(parts) {
            record.insert((*name).to_owned(), part.into());
        }
        if let Some(name) = in_sort {
            let sort = item.find_text("sk").unwrap_or_default();
            let plain = ["M#", crate::keys::NOTE].iter().find_map(|it| sort.strip_prefix(it));
            record.insert(name.to_owned(), plain.unwrap_or(sort).into());
        }
        let mut fields: Vec<_> = item.iter().filter(|(name, _)| !is_key(name)).collect();
        fields.sort_by_key(|(name, _)| *name);
        for (name, it) in fields {
            record.insert(name.clone(), plain(name, it));
        }
        record
    }
}

fn is_key(name: &str) -> bool {
    matches!(name, "pk" | "sk")
}

fn plain(name: &str, it: &AttributeValue) -> Value {
    match it {
        AttributeValue::S(text) => text.clone().into(),
        AttributeValue::N(digits) => number(name, digits),
        AttributeValue::Bool(it) => (*it).into(),
        AttributeValue::Ss(set) => {
            let mut set = set.clone();
            set.sort_unstable();
            set.into()
        }
        AttributeValue::L(list) => list.iter().map(|it| plain(name, it)).collect(),
        AttributeValue::M(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            fields.into_iter().map(|(name, it)| (name.clone(), plain(name, it))).collect()
        }
        // Nothing of these is ever written.
        _ => Value::Null,
    }
}

fn number(name: &str, digits: &str) -> Value {
    let Ok(number) = digits.parse::<i64>() else { return digits.into() };
    let is_instant =
        matches!(name, "at" | "since") || name.ends_with("_at") || name.ends_with("_until");
    let instant = match name {
        crate::tables::EXPIRY => Timestamp::from_second(number).ok(),
        _ if is_instant => Timestamp::from_millisecond(number).ok(),
        _ => None,
    };
    instant.map_or_else(|| number.into(), |it| it.to_string().into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every key shape of `keys`, by the example that each must have.
    #[test]
    fn no_shape_of_a_key_is_forgotten() {
        let source = include_str!("keys.rs");
        let (mut kinds, mut example) = (BTreeSet::new(), None);
        let mut shapes = 0;
        for row in source.lines() {
            if let Some(text) = row.strip_prefix("/// `") {
                let keys = text
                    .split_once("` / `")
                    .and_then(|(pk, rest)| Some((pk, rest.split_once('`')?.0)));
                example = keys.or(example);
            } else if let Some(name) = row.strip_prefix("pub fn ") {
                if row.ends_with("-> Key {") {
                    let (pk, sk) = example.unwrap_or_else(|| panic!("no example of {name}"));
                    let kind = Kind::of(pk, sk);
                    kinds.insert(kind.unwrap_or_else(|| panic!("{pk} / {sk} is of no kind")));
                    shapes += 1;
                }
                example = None;
            }
        }
        assert_eq!(kinds, Kind::ALL.into_iter().collect());
        assert_eq!(shapes, kinds.len(), "one kind for each shape");
    }

    #[test]
    fn files_have_names_of_their_own() {
        let names = Kind::ALL.into_iter().filter_map(|it| match it.leaves() {
            Leaves::As(name) => Some(name),
            Leaves::Not { .. } => None,
        });
        let names: Vec<_> = names.collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }

    #[test]
    fn instants_are_written_out() {
        for (name, digits, want) in [
            ("at", "1795507200123", Value::from("2026-11-24T08:00:00.123Z")),
            ("expires", "1795507200", "2026-11-24T08:00:00Z".into()),
            ("told_closed_until", "1795507200000", "2026-11-24T08:00:00Z".into()),
            ("run", "2", 2.into()),
        ] {
            assert_eq!(number(name, digits), want);
        }
    }
}
