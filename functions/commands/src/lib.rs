//! One inbound message: a command, or a conversation for the desk. Replies.
//!
//! What makes a redelivery harmless: the message's key, the contact, the consent event and the
//! answer we owe are saved in one transaction that holds only if the key is new and the contact
//! unchanged; the answer is claimed before it is sent; a person's messages come one at a time.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use domain::contact::{ConsentChange, Contact};
use domain::conversation::{self, Decision, Desk};
use domain::delivery::State;
use domain::failure::{self, Failure, Verdict};
use domain::ids::{ContactId, PhoneNumberId};
use domain::line::Line;
use domain::message::{Content, Inbound, Sender};
use domain::news::{self, Notice};
use domain::rate;
use domain::reading::{Reader, Reading};
use domain::reply::{self, Reply};
use jiff::{Timestamp, ToSpan};
use platform::aside::Aside;
use platform::clock::Clock;
use platform::events::{Bus, Event};
use platform::pseudonym::Pseudonym;
use platform::settings::{MetaApp, Settings};
use platform::{batch, jobs, random};
use serde_json::{Value, json};
use store::{Entry, EntryContent, Loaded, MessageKey, NewEntry, Store, StoreError, Turn, keys};
use tracing::{info, warn};
use whatsapp::graph::{Graph, To};
use whatsapp::payload;

/// While a number broadcasts, a goodbye waits this long, so that no message of the broadcast that
/// is in the air arrives after it: senders ask for consent at most a second before they send.
const GOODBYE_WAIT: Duration = Duration::from_millis(1500);

/// Before each further try of an answer for which Meta found the number too fast, as when a hundred
/// people write within a second. After these it waits in the queue.
const TOO_FAST_PAUSES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// Sending an answer takes at most the goodbye's wait, the pauses and the client's ten seconds, so
/// whoever took an older one on is dead.
const CLAIM_DEAD_AFTER_SECONDS: i64 = 20;

/// Lost races for one contact before the message goes back to its queue.
const TRIES: usize = 3;

#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub graph: Arc<Graph>,
    pub apps: Arc<[MetaApp]>,
    pub bus: Bus,
    pub aside: Aside,
    pub pseudonym: Pseudonym,
    pub clock: Clock,
}

/// An answer that is saved and still to be sent.
struct Owed {
    contact: Contact,
    /// Under whose id it is written: a contact that was merged since keeps its rows.
    chat: ContactId,
    row: String,
    /// Whether it is a goodbye: nothing of a broadcast may come after it.
    farewell: bool,
    /// Whether the message was decided on before, so that another process may have died with it.
    again: bool,
}

impl App {
    pub fn from_env() -> anyhow::Result<Self> {
        let settings = Settings::from_env();
        let aws = settings.aws()?;
        let graph = settings.graph();
        Ok(Self {
            store: Store::connect(&aws, settings.tables()?),
            graph: Arc::new(Graph::new(&graph.base_url, graph.version)),
            apps: settings.apps()?.into(),
            bus: Bus::event_bridge(&aws, settings.event_bus()?),
            aside: Aside::s3(&aws, settings.aside_bucket()?),
            pseudonym: Pseudonym::new(&settings.lookup_key()?),
            clock: Clock::System,
        })
    }

    /// The function, as Lambda and the local stack both call it.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        batch::in_order(event, |job| self.inbound(job)).await
    }

    async fn inbound(&self, job: jobs::Inbound) -> anyhow::Result<()> {
        let number = PhoneNumberId::new(job.number);
        let Some(line) = self.store.line_of(&number).await.context("load line")? else {
            warn!(number.id = %number, "passed over a message to a number of no line");
            return Ok(());
        };
        // Who holds the secret of one app does not speak for the people of another's lines.
        if job.app != line.app.as_str() {
            warn!(line.id = %line.id, app.id = job.app, "kept a message of another app aside");
            return self.keep_aside(&job.message).await;
        }
        let message = match payload::read_message(&job.message, job.contact.as_ref()) {
            Ok(message) => message,
            Err(err) => {
                warn!(line.id = %line.id, "kept an unreadable message aside: {err}");
                return self.keep_aside(&job.message).await;
            }
        };
        // What comes in counts towards Meta's rate, like what goes out.
        self.debit(&line, 1).await?;
        let key = MessageKey::new(self.pseudonym.of(message.id.expose()));
        for _ in 0..TRIES {
            match self.answer(&line, &message, &key).await {
                Err(err) if is_conflict(&err) => {}
                done => return done,
            }
        }
        anyhow::bail!("save person: lost the race {TRIES} times")
    }

    async fn keep_aside(&self, message: &Value) -> anyhow::Result<()> {
        let bytes = message.to_string().into_bytes();
        self.aside.keep(&bytes, "message", self.clock.now()).await.context("keep aside")
    }

    /// Decides and saves, unless that was done before, and then sends the answer still owed.
    async fn answer(&self, line: &Line, message: &Inbound, key: &MessageKey) -> anyhow::Result<()> {
        let owed = match self.store.seen(&line.id, key).await.context("look for message")? {
            Some(seen) => match seen.reply {
                Some(row) => self.still_owed(line, seen.contact, row).await?,
                None => None,
            },
            None => self.decide(line, message, key).await?,
        };
        match owed {
            Some(owed) => self.send(line, owed).await,
            None => Ok(()),
        }
    }

    async fn still_owed(
        &self,
        line: &Line,
        chat: ContactId,
        row: String,
    ) -> anyhow::Result<Option<Owed>> {
        let contact = self.store.contact(&line.id, &chat).await.context("load person")?;
        // Asked for after a crash: the wait of a goodbye costs nothing then.
        Ok(contact.map(|contact| Owed { contact, chat, row, farewell: true, again: true }))
    }

    /// Decides what the message means and saves it all at once.
    async fn decide(
        &self,
        line: &Line,
        message: &Inbound,
        key: &MessageKey,
    ) -> anyhow::Result<Option<Owed>> {
        let now = self.clock.now();
        let loaded = self.load(line, message).await.context("load person")?;
        let current = loaded.merged(now);
        let reading = read(line, &message.content);
        let reading = reading.as_ref();
        let notices = if conversation::wants_news(reading) {
            self.notices(line, now).await.context("load notices")?
        } else {
            Vec::new()
        };
        let decision = conversation::decide(&current, message, reading, line, &notices, now);
        let Some(decision) = decision else { return Ok(None) };
        let reply = decision.reply.as_ref().map(|it| NewEntry {
            row: keys::row(now.as_millisecond(), key, "out"),
            at: now,
            content: EntryContent::Out(reply::render_in(decision.language, it, line, now)),
            expires_at: now + (24 * i64::from(line.retention.chat_days)).hours(),
            operator: None,
        });
        let row = reply.as_ref().map(|it| it.row.clone());
        let turn = Turn {
            line: &line.id,
            loaded: &loaded,
            message: key,
            contact: &decision.contact,
            event: decision.event.as_ref(),
            inbound: (decision.desk != Desk::Nothing).then(|| entry(line, message, key)),
            opens: decision.desk == Desk::Opens,
            reply,
            now,
            forwards_until: now + (24 * i64::from(line.retention.delivery_days)).hours(),
        };
        self.store.save(turn).await.context("save person")?;
        self.tell(line, &decision).await;
        let farewell = decision.reply == Some(Reply::Goodbye);
        let (contact, chat) = (decision.contact.clone(), decision.contact.id);
        Ok(row.map(|row| Owed { contact, chat, row, farewell, again: false }))
    }

    async fn notices(&self, line: &Line, now: Timestamp) -> store::Result<Vec<Notice>> {
        let newest = self.store.broadcasts(&line.id, None, news::CANDIDATES).await?;
        Ok(news::latest(&newest, line, now))
    }

    /// The person who wrote; who moved may be there under the old and the new identifiers.
    async fn load(&self, line: &Line, message: &Inbound) -> store::Result<Loaded> {
        let (line, fresh) = (&line.id, random::contact_id());
        let Content::Moved { phone, user_id, previous_user_id } = &message.content else {
            return self.store.load(line, &message.sender, None, fresh).await;
        };
        let next = Sender { phone: phone.clone(), user_id: user_id.clone(), name: None };
        let before = previous_user_id.as_ref();
        self.store.load_moved(line, &message.sender, before, &next, fresh).await
    }

    /// Lets the comune's other systems know, without saying who. Lost if the bus is away: the
    /// counts are there to be asked for.
    async fn tell(&self, line: &Line, decision: &Decision) {
        let change = decision.event.as_ref().map(|it| &it.change);
        let Some(detail_type) = change.and_then(ConsentChange::announced_as) else { return };
        let detail = json!({ "line": line.id.as_str() });
        if let Err(err) = self.bus.publish(Event { detail_type, detail }).await {
            warn!(line.id = %line.id, "event {detail_type} lost: {err}");
        }
    }

    /// Claims the answer and sends it: once, and once more only if the process died with it.
    async fn send(&self, line: &Line, owed: Owed) -> anyhow::Result<()> {
        let Owed { contact, chat, row, farewell, again } = owed;
        let now_ms = self.clock.now().as_millisecond();
        let number = &line.phone_number_id;
        if farewell && self.store.is_broadcasting(number, now_ms).await.context("read rate")? {
            self.clock.pace(GOODBYE_WAIT).await;
        }
        let Some(to) = address(&contact) else { return Ok(()) };
        let app = self.apps.iter().find(|it| it.id == line.app).context("find Meta app")?;
        self.debit(line, 1).await?;
        // The last thing before the request: whoever fails in between leaves it to be claimed.
        let claimed = self.store.claim_entry(&line.id, &chat, &row).await;
        let entry = match claimed.context("claim answer")? {
            None if again => self.left_behind(line, &chat, &row).await?,
            claimed => claimed,
        };
        let Some(entry) = entry else { return Ok(()) };
        let callback = store::callback(&chat, &row);
        let token = app.access_token.expose();
        let (message, mut pauses) = (entry.outgoing(), TOO_FAST_PAUSES.into_iter());
        let sent = loop {
            let sent = self.graph.send(token, number, to, &message, &callback).await;
            let too_fast = |it: &Failure| failure::verdict(it) == Verdict::Slow;
            match pauses.next().filter(|_| sent.as_ref().is_err_and(too_fast)) {
                Some(pause) => self.clock.pace(pause).await,
                None => break sent,
            }
        };
        let (state, code) = match sent {
            Ok(_) => (State::Accepted, None),
            Err(failure) => match failure::verdict(&failure) {
                // Certainly not sent. It waits in the queue, and with the dead letters for who mends
                // what is wrong for everybody.
                Verdict::Slow | Verdict::Later { .. } | Verdict::Stop | Verdict::Hold { .. } => {
                    let released = self.store.release_entry(&line.id, &chat, &row).await;
                    released.context("release answer")?;
                    return Err(failure).context("send answer");
                }
                Verdict::OnceMore { .. } | Verdict::Unresolved => (State::Unresolved, None),
                Verdict::Drop | Verdict::StopIfRepeated => {
                    warn!(line.id = %line.id, "answer refused: {failure}");
                    (State::Failed, code_of(&failure))
                }
            },
        };
        info!(line.id = %line.id, contact.id = %contact.id, state = state.name(), "answered");
        let recorded = self.store.report_entry(&line.id, &chat, &row, state, code).await;
        recorded.context("record answer")
    }

    /// The answer, if who claimed it died before they could say how it went and Meta has reported
    /// nothing of it since. It is *unresolved* from then on, so that this happens once.
    ///
    /// A person's messages come one at a time, so nobody else does this meanwhile. A confirmation
    /// that comes twice harms nobody; one that never comes leaves a person in doubt of their rights.
    async fn left_behind(
        &self,
        line: &Line,
        chat: &ContactId,
        row: &str,
    ) -> anyhow::Result<Option<Entry>> {
        let entry = self.store.entry(&line.id, chat, row).await.context("load answer")?;
        let claimed = entry.filter(|it| it.state == Some(State::Claimed));
        let Some(entry) = claimed else { return Ok(None) };
        let age_seconds = self.clock.now().as_second() - entry.at.as_second();
        anyhow::ensure!(age_seconds >= CLAIM_DEAD_AFTER_SECONDS, "answer is still being sent");
        let unresolved = State::Unresolved;
        let marked = self.store.report_entry(&line.id, chat, row, unresolved, None).await;
        marked.context("mark answer")?;
        Ok(Some(entry))
    }

    async fn debit(&self, line: &Line, n: usize) -> anyhow::Result<()> {
        let now_ms = self.clock.now().as_millisecond();
        let cost_ms = rate::cost_ms(n, line.rate);
        self.store.debit(&line.phone_number_id, now_ms, cost_ms).await.context("debit rate")
    }
}

/// What a text or a tap asks for; `None` for what only a person can read.
fn read(line: &Line, content: &Content) -> Option<Reading> {
    match content {
        Content::Text(text) => Some(Reader::new(line).read(text)),
        Content::Tap { payload, title } => {
            Reading::of_tap(payload).or_else(|| Some(Reader::new(line).read(title)))
        }
        _ => None,
    }
}

/// The message as the desk will read it.
fn entry(line: &Line, message: &Inbound, key: &MessageKey) -> NewEntry {
    let (kind, media) = match &message.content {
        Content::Media(media) => (media.kind.clone(), Some(media.clone())),
        Content::Other { kind } => (kind.clone(), None),
        Content::Tap { .. } => ("button".to_owned(), None),
        Content::Call => ("call".to_owned(), None),
        _ => ("text".to_owned(), None),
    };
    let text = conversation::text_of(&message.content);
    NewEntry {
        row: keys::row(message.at.as_millisecond(), key, "in"),
        at: message.at,
        content: EntryContent::In { kind, text, media },
        expires_at: message.at + (24 * i64::from(line.retention.chat_days)).hours(),
        operator: None,
    }
}

/// The number if we know it: every message type may go to it, which is not so for user ids.
fn address(contact: &Contact) -> Option<To<'_>> {
    let phone = contact.phone.as_ref().map(To::Phone);
    phone.or_else(|| contact.user_id.as_ref().map(To::UserId))
}

fn code_of(failure: &Failure) -> Option<i64> {
    match failure {
        Failure::Coded { code, .. } => Some(*code),
        _ => None,
    }
}

fn is_conflict(err: &anyhow::Error) -> bool {
    matches!(err.downcast_ref::<StoreError>(), Some(StoreError::Conflict))
}
