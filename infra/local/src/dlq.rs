// SPDX-License-Identifier: EUPL-1.2
//! Dead letters: what no function could handle, looked at and sent back once the reason is mended.
//!
//! A letter holds what people wrote, so what is shown of it is only what we made ourselves: ids,
//! times, sizes, and a fingerprint by which two letters can be told apart.
//!
//! Sending back is to receive, to send, and then to delete: whoever dies in the middle has sent a
//! letter that is still dead, and nothing is lost. What is sent twice for it does no harm, since
//! every job may come twice; within five minutes a FIFO queue even drops it. SQS's own
//! `StartMessageMoveTask` moves a queue whole or not at all, and keeps no letter back.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use domain::hours::ROME;
use domain::line::Line;
use jiff::Timestamp;
use platform::clock::Clock;
use platform::queue::{Message, Queue, QueueError, Received};
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::AllLines;
use tokio::task::JoinSet;

use crate::broker::Broker;
use crate::place::{Found, Place, agrees, take_folder};
use crate::{TABLES, engine, stack};

/// For how long nobody else sees what is looked at. It is given back before.
const HELD: Duration = Duration::from_mins(2);

/// The most that one receive gives.
const BATCH: usize = 10;

/// What is done with dead letters.
#[derive(Subcommand)]
pub enum Command {
    /// List them, without anything personal
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Show some of them, or all, without anything personal
    Show {
        /// Ids of letters; none is all
        ids: Vec<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Send some of them, or all, back to where they came from
    Redrive(Chosen),
    /// Delete some of them for good
    Delete(Chosen),
}

#[derive(Args)]
pub struct Chosen {
    /// Ids of letters; for `redrive`, none is all
    ids: Vec<String>,
    #[command(flatten)]
    place: Place,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// One queue of dead letters.
struct Pile {
    /// Without the deployment's name: `inbound`, `sends`, `statuses`, `dead`.
    name: &'static str,
    dead: Queue,
    /// Where its letters can have come from.
    sources: Vec<(Job, Queue)>,
}

/// All of them, and what goes when they are no longer looked at.
struct DeadLetters {
    piles: Vec<Pile>,
    /// Named in what is shown.
    lines: AllLines,
    _broker: Option<Broker>,
    _taken: Option<File>,
    _tasks: JoinSet<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    Inbound,
    Chunk,
    Statuses,
}

/// A letter as it may be shown.
struct Letter {
    id: String,
    pile: &'static str,
    sent_at: Timestamp,
    receives: u32,
    /// A keyed HMAC of the sender, for messages from people.
    group: Option<String>,
    bytes: usize,
    fingerprint: String,
    about: String,
}

/// What to do with a letter in hand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    Look,
    Redrive,
    Delete,
}

/// What was done.
#[derive(Default)]
struct Done {
    looked_at: Vec<Letter>,
    redriven: usize,
    deleted: usize,
    /// Nobody can tell where these belong.
    homeless: usize,
}

/// Answers on standard output.
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout();
    let (ids, place, deed, yes) = match command {
        Command::List { place } => {
            let piles = DeadLetters::open(&place).await?;
            let done = piles.go_through(&|_| true, Deed::Look).await?;
            write!(out, "{}", listed(&done.looked_at)).context("write standard output")?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Show { ids, place } => (ids, place, Deed::Look, true),
        Command::Redrive(it) => (it.ids, it.place, Deed::Redrive, it.yes),
        Command::Delete(it) => {
            ensure!(
                !it.ids.is_empty(),
                "indicare gli id delle lettere da cancellare: li mostra `filodiretto dlq list`"
            );
            (it.ids, it.place, Deed::Delete, it.yes)
        }
    };
    let piles = DeadLetters::open(&place).await?;
    let ids: BTreeSet<String> = ids.into_iter().collect();
    let chosen = |it: &Received| ids.is_empty() || ids.contains(&it.id);
    let found = piles.go_through(&chosen, Deed::Look).await?.looked_at;
    let known: BTreeSet<&String> = found.iter().map(|it| &it.id).collect();
    let unknown: Vec<_> = ids.iter().filter(|it| !known.contains(it)).cloned().collect();
    ensure!(
        unknown.is_empty(),
        "tra le lettere non recapitate non c'è {}: niente è cambiato. Le mostra `filodiretto dlq \
         list`",
        unknown.join(", ")
    );
    if deed == Deed::Look {
        write!(out, "{}", shown(&found)).context("write standard output")?;
        return Ok(ExitCode::SUCCESS);
    }
    write!(out, "{}", listed(&found)).context("write standard output")?;
    let question = match deed {
        Deed::Delete => "Cancellarle per sempre?",
        _ => "La causa è risolta? Rimandarle da dove erano partite?",
    };
    if found.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    if !yes && !agrees(question)? {
        writeln!(out, "Niente è cambiato.").context("write standard output")?;
        return Ok(ExitCode::FAILURE);
    }
    let done = piles.go_through(&chosen, deed).await?;
    let mut said = match deed {
        Deed::Delete => format!("Cancellate: {}.\n", done.deleted),
        _ => format!("Rimandate: {}.\n", done.redriven),
    };
    if done.homeless > 0 {
        writeln!(
            said,
            "Non si capisce da dove venivano, e restano dove sono: {}. Dopo averle capite, si \
             possono cancellare con `filodiretto dlq delete`.",
            done.homeless
        )
        .expect("writing to a string succeeds");
    }
    write!(out, "{said}").context("write standard output")?;
    Ok(if done.homeless == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl DeadLetters {
    async fn open(place: &Place) -> anyhow::Result<Self> {
        match place.find().await? {
            Found::Deployment(it) => {
                let queue = |url: &str| Queue::sqs(&it.config, url);
                let (queues, dead) = (&it.described.queues, &it.described.dead_letters);
                let piles = vec![
                    Pile {
                        name: "inbound",
                        dead: queue(&dead.inbound),
                        sources: vec![(Job::Inbound, queue(&queues.inbound))],
                    },
                    Pile {
                        name: "dead",
                        dead: queue(&dead.standard),
                        sources: vec![
                            (Job::Chunk, queue(&queues.sends)),
                            (Job::Statuses, queue(&queues.statuses)),
                        ],
                    },
                ];
                let lines = it.store.lines().await.context("leggere le linee")?;

                Ok(Self { piles, lines, _broker: None, _taken: None, _tasks: JoinSet::new() })
            }
            Found::Folder(folder) => Self::in_folder(&folder).await,
        }
    }

    /// Of a stack that stands still: its queues belong to one process.
    async fn in_folder(folder: &Path) -> anyhow::Result<Self> {
        let taken = take_folder(folder)?;
        let clock = Clock::Shifted(stack::clock(None, Some(&folder.join("clock")))?);
        let broker = Broker::open(Some(&folder.join("queues.sqlite")), clock)?;
        let sources = stack::queues(&broker).await?;
        let mut piles = Vec::new();
        for (name, dead, job, source) in [
            ("inbound", "dead-inbound.fifo", Job::Inbound, sources.inbound),
            ("sends", "dead-sends", Job::Chunk, sources.sends),
            ("statuses", "dead-statuses", Job::Statuses, sources.statuses),
        ] {
            let dead = broker.queue(dead).await?;
            piles.push(Pile { name, dead, sources: vec![(job, source)] });
        }
        let mut tasks = JoinSet::new();
        let store = engine::start(None, Some(&folder.join(TABLES)), &mut tasks).await?;
        let lines = store.lines().await.context("leggere le linee")?;
        Ok(Self { piles, lines, _broker: Some(broker), _taken: Some(taken), _tasks: tasks })
    }

    async fn go_through(
        &self,
        chosen: &impl Fn(&Received) -> bool,
        deed: Deed,
    ) -> anyhow::Result<Done> {
        let mut done = Done::default();
        for pile in &self.piles {
            let mut held = Vec::new();
            let worked = self.work(pile, chosen, deed, &mut held, &mut done).await;
            // Others see at once what is left; if this fails, when its time in our hands ends.
            for receipt in held {
                pile.dead.give_back(receipt, Duration::ZERO).await.ok();
            }
            worked.with_context(|| format!("lettere di {}", pile.name))?;
        }
        Ok(done)
    }

    async fn work(
        &self,
        pile: &Pile,
        chosen: &impl Fn(&Received) -> bool,
        deed: Deed,
        held: &mut Vec<String>,
        done: &mut Done,
    ) -> anyhow::Result<()> {
        let mut seen = BTreeSet::new();
        loop {
            let batch = pile.dead.receive(BATCH, HELD).await?;
            held.extend(batch.iter().map(|it| it.receipt.clone()));
            // Those that come round again have been worked on.
            let batch: Vec<_> = batch.into_iter().filter(|it| seen.insert(it.id.clone())).collect();
            if batch.is_empty() {
                return Ok(());
            }
            let batch: Vec<_> = batch.into_iter().filter(chosen).collect();
            let gone = match deed {
                Deed::Look => {
                    let letters = batch.iter().map(|it| Letter::of(it, pile.name, &self.lines));
                    done.looked_at.extend(letters);
                    continue;
                }
                Deed::Redrive => {
                    let (sent, homeless) = pile.send_back(&batch).await;
                    done.homeless += homeless;
                    sent
                }
                Deed::Delete => (batch.iter().map(|it| it.receipt.clone()).collect(), Ok(())),
            };
            let (gone, sent) = gone;
            pile.dead.delete(gone.clone()).await.context("cancellare")?;
            held.retain(|it| !gone.contains(it));
            match deed {
                Deed::Delete => done.deleted += gone.len(),
                _ => done.redriven += gone.len(),
            }
            sent.context("rimandare")?;
        }
    }
}

/// The receipts of what was sent, and what hindered the rest.
type Sent = (Vec<String>, Result<(), QueueError>);

impl Pile {
    /// Also how many have nowhere to go.
    async fn send_back(&self, batch: &[Received]) -> (Sent, usize) {
        let (mut sent, mut hindered, mut homeless) = (Vec::new(), Ok(()), batch.len());
        for (job, source) in &self.sources {
            let theirs: Vec<_> = batch.iter().filter(|it| self.job(it) == Some(*job)).collect();
            homeless -= theirs.len();
            if theirs.is_empty() {
                continue;
            }
            let outcome = source.send(theirs.iter().map(|it| again(it)).collect()).await;
            let missing = match &outcome {
                Ok(()) => Vec::new(),
                Err(QueueError::NotTaken { indices, .. }) => indices.clone(),
                Err(_) => (0..theirs.len()).collect(),
            };
            let taken = theirs.iter().enumerate().filter(|(n, _)| !missing.contains(n));
            sent.extend(taken.map(|(_, it)| it.receipt.clone()));
            hindered = hindered.and(outcome);
        }
        ((sent, hindered), homeless)
    }

    /// Which job a letter is: the only one that comes here, or the one that it looks like, be it
    /// never so misshapen.
    fn job(&self, letter: &Received) -> Option<Job> {
        match self.sources.as_slice() {
            [(only, _)] => Some(*only),
            _ => job_of(&serde_json::from_str(&letter.body).unwrap_or_default()),
        }
    }
}

/// The letter as a new message. Not under the old deduplication id: the queue may still know it,
/// and would drop the message.
fn again(letter: &Received) -> Message {
    let message = Message {
        body: letter.body.clone(),
        delay: Duration::ZERO,
        group: None,
        deduplication: None,
    };
    match &letter.group {
        Some(group) => message.in_group(group, format!("redrive-{}", letter.id)),
        None => message,
    }
}

fn job_of(body: &Value) -> Option<Job> {
    let has = |name| body.get(name).is_some();
    if has("message") && has("number") {
        Some(Job::Inbound)
    } else if has("broadcast") && has("chunk") {
        Some(Job::Chunk)
    } else if has("updates") || has("events") {
        Some(Job::Statuses)
    } else {
        None
    }
}

/// What Meta calls kinds of messages. Anything else is not shown: nobody knows what it is.
const KINDS: [&str; 16] = [
    "audio",
    "button",
    "contacts",
    "document",
    "errors",
    "image",
    "interactive",
    "location",
    "order",
    "reaction",
    "sticker",
    "system",
    "text",
    "unknown",
    "unsupported",
    "video",
];

impl Letter {
    fn of(received: &Received, pile: &'static str, lines: &[Arc<Line>]) -> Self {
        let body: Value = serde_json::from_str(&received.body).unwrap_or_default();
        let digest = Sha256::digest(received.body.as_bytes());
        let fingerprint = digest[..6].iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string succeeds");
            text
        });
        Self {
            id: received.id.clone(),
            pile,
            sent_at: received.sent_at,
            receives: received.receive_count,
            group: received.group.clone(),
            bytes: received.body.len(),
            fingerprint,
            about: about(&body, lines),
        }
    }
}

/// Which job it is, and of what; nothing that anybody else than us has written.
fn about(body: &Value, lines: &[Arc<Line>]) -> String {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| body.get(name).and_then(Value::as_u64).unwrap_or_default();
    let line_of = |number: &str| {
        let line = lines.iter().find(|it| it.phone_number_id.as_str() == number);
        line.map_or("di nessuna linea leggibile".to_owned(), |it| format!("linea {}", it.id))
    };
    match job_of(body) {
        Some(Job::Inbound) => {
            let kind = body.pointer("/message/type").and_then(Value::as_str).unwrap_or_default();
            let kind = KINDS.into_iter().find(|it| *it == kind).unwrap_or("di altro tipo");
            format!("messaggio di una persona ({kind}), {}", line_of(text("number")))
        }
        Some(Job::Chunk) => {
            let line = lines.iter().find(|it| it.id.as_str() == text("line"));
            let line = line.map_or("linea sconosciuta".to_owned(), |it| format!("linea {}", it.id));
            let broadcast = Some(text("broadcast")).filter(|it| {
                it.len() <= 40 && it.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-')
            });
            format!(
                "pezzo {} dell'invio {} (giro {}, tentativo {}), {line}",
                number("chunk"),
                broadcast.unwrap_or("sconosciuto"),
                number("run"),
                number("attempt")
            )
        }
        Some(Job::Statuses) => {
            let all =
                |name| body.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let numbers = all("updates").iter().filter_map(|it| it.get("number")?.as_str());
            let lines: BTreeSet<_> = numbers.map(line_of).collect();
            let lines: Vec<_> = lines.into_iter().collect();
            let (updates, events) = (all("updates").len(), all("events").len());
            format!(
                "{updates} esiti e {events} notizie dell'account da Meta{}{}",
                if lines.is_empty() { "" } else { ", " },
                lines.join(", ")
            )
        }
        None => "illeggibile".to_owned(),
    }
}

impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = if self.receives == 1 { "volta" } else { "volte" };
        write!(
            f,
            "{}  {}  inviata {}, ricevuta {} {times}, {} byte, impronta {}: {}",
            self.id,
            self.pile,
            ROME.to_datetime(self.sent_at).strftime("%d/%m/%Y %H:%M:%S"),
            self.receives,
            self.bytes,
            self.fingerprint,
            self.about
        )
    }
}

fn listed(letters: &[Letter]) -> String {
    if letters.is_empty() {
        return "Nessuna lettera non recapitata.\n".to_owned();
    }
    let mut text = String::new();
    for it in letters {
        writeln!(text, "{it}").expect("a string takes it");
    }
    writeln!(text, "Lettere non recapitate: {}.", letters.len()).expect("a string takes it");
    // A FIFO queue gives no more of a group while some of it are in somebody's hands.
    if letters.iter().filter(|it| it.group.is_some()).count() >= BATCH {
        let more =
            "Dietro a queste possono essercene altre delle stesse persone, che si vedono dopo.";
        writeln!(text, "{more}").expect("a string takes it");
    }
    text
}

fn shown(letters: &[Letter]) -> String {
    let one = |it: &Letter| {
        let group = it.group.as_deref().unwrap_or("nessuno");
        format!(
            "{it}\n  gruppo (codice cifrato di chi scrive): {group}\n  perché: cercare nei log \
             «message.id={}», alla voce «record failed»\n",
            it.id
        )
    };
    if letters.is_empty() { listed(letters) } else { letters.iter().map(one).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::QueueOptions;

    const PERSON: &str = "393330000071";

    #[test]
    fn what_others_wrote_is_not_shown_wherever_it_stands() {
        let strange = [
            format!(r#"{{"number":"{PERSON}","message":{{"type":"{PERSON}"}}}}"#),
            format!(r#"{{"line":"{PERSON}","broadcast":"Anna {PERSON}","chunk":"{PERSON}"}}"#),
            format!(r#"{{"updates":[{{"number":"{PERSON}","callback":"{PERSON}"}}],"events":7}}"#),
            format!(r#"{{"{PERSON}":1}}"#),
            PERSON.to_owned(),
            format!("{{{PERSON}"),
        ];
        for body in strange {
            let said = about(&serde_json::from_str(&body).unwrap_or_default(), &[]);
            assert!(!said.contains(PERSON) && !said.contains("Anna"), "{said}");
        }
    }

    #[test]
    fn a_chunk_is_told_by_our_own_ids() {
        let chunk = r#"{"line":"x","broadcast":"0197ab","chunk":17,"run":2,"attempt":1}"#;
        let said = about(&serde_json::from_str(chunk).unwrap(), &[]);
        assert_eq!(said, "pezzo 17 dell'invio 0197ab (giro 2, tentativo 1), linea sconosciuta");
    }

    async fn standard(broker: &Broker, name: &str) -> Queue {
        broker.create(name, QueueOptions::default()).await.unwrap()
    }

    fn piles(piles: Vec<Pile>) -> DeadLetters {
        let lines: AllLines = Arc::from([]);
        DeadLetters { piles, lines, _broker: None, _taken: None, _tasks: JoinSet::new() }
    }

    async fn bodies(queue: &Queue) -> Vec<String> {
        let received = queue.receive(BATCH, HELD).await.unwrap();
        received.into_iter().map(|it| it.body).collect()
    }

    #[tokio::test]
    async fn two_queues_share_dead_letters_and_each_gets_its_own_back() {
        let broker = Broker::open(None, Clock::System).unwrap();
        let (dead, sends) = (standard(&broker, "dead").await, standard(&broker, "sends").await);
        let statuses = standard(&broker, "statuses").await;
        let chunk = r#"{"line":"pordenone","broadcast":"0197","chunk":"not a number"}"#;
        let status = r#"{"updates":[]}"#;
        let letters = [chunk, "{}", status, chunk].map(|body| Message {
            body: body.to_owned(),
            delay: Duration::ZERO,
            group: None,
            deduplication: None,
        });
        dead.send(letters.to_vec()).await.unwrap();
        let sources = vec![(Job::Chunk, sends.clone()), (Job::Statuses, statuses.clone())];
        let piles = piles(vec![Pile { name: "dead", dead: dead.clone(), sources }]);

        let done = piles.go_through(&|_| true, Deed::Redrive).await.unwrap();
        assert_eq!((done.redriven, done.homeless), (3, 1));
        assert_eq!(bodies(&sends).await, [chunk, chunk]);
        assert_eq!(bodies(&statuses).await, [status]);
        assert_eq!(bodies(&dead).await, ["{}"], "it stays, and is there at once");
    }

    #[tokio::test]
    async fn who_dies_between_sending_and_deleting_loses_and_doubles_nothing() {
        let broker = Broker::open(None, Clock::System).unwrap();
        let fifo = QueueOptions { fifo: true, ..QueueOptions::default() };
        let dead = broker.create("dead.fifo", fifo.clone()).await.unwrap();
        let inbound = broker.create("inbound.fifo", fifo).await.unwrap();
        let letters = (0..25).map(|n| Message {
            body: format!("{n}"),
            delay: Duration::ZERO,
            group: Some("g".to_owned()),
            deduplication: Some(format!("d{n}")),
        });
        let letters: Vec<_> = letters.collect();
        dead.send(letters.clone()).await.unwrap();
        let sources = vec![(Job::Inbound, inbound.clone())];
        let pile = Pile { name: "inbound", dead: dead.clone(), sources };

        let batch = dead.receive(BATCH, HELD).await.unwrap();
        let ((sent, hindered), _) = pile.send_back(&batch).await;
        assert_eq!((sent.len(), hindered), (BATCH, Ok(())));
        for it in batch {
            dead.give_back(it.receipt, Duration::ZERO).await.unwrap();
        }
        let done = piles(vec![pile]).go_through(&|_| true, Deed::Redrive).await.unwrap();
        assert_eq!(done.redriven, 25);
        let mut got = Vec::new();
        loop {
            let received = inbound.receive(BATCH, HELD).await.unwrap();
            if received.is_empty() {
                break;
            }
            let receipts = received.iter().map(|it| it.receipt.clone()).collect();
            got.extend(received.into_iter().map(|it| it.body));
            inbound.delete(receipts).await.unwrap();
        }
        let want: Vec<_> = letters.into_iter().map(|it| it.body).collect();
        assert_eq!(got, want, "in their order, each once");
    }
}
