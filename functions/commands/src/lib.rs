// SPDX-License-Identifier: EUPL-1.2
//! One inbound message: a command, or a conversation for the desk. Replies.
//!
//! What makes a redelivery harmless: the message's key, the contact, the consent event and the
//! answer we owe are saved in one transaction that holds only if the key is new and the contact
//! unchanged; the answer is claimed before it is sent; a person's messages come one at a time.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use domain::appointment::Ask;
use domain::contact::{ConsentChange, Contact};
use domain::conversation::{self, Decision, Desk};
use domain::delivery::State;
use domain::desk;
use domain::export::Form;
use domain::failure::{self, Failure, Verdict};
use domain::ids::{ContactId, PhoneNumberId, UserId};
use domain::line::Line;
use domain::message::{Content, Inbound, Media, Outgoing, Sender};
use domain::news::{self, Notice};
use domain::phone::Phone;
use domain::rate;
use domain::reading::{Reader, Reading};
use domain::reply::{self, Part, Reply};
use jiff::{Timestamp, ToSpan};
use platform::apps::{AccessToken, Apps};
use platform::clock::Clock;
use platform::events::{Bus, Event};
use platform::media::Files;
use platform::pseudonym::Pseudonym;
use platform::settings::Settings;
use platform::{batch, jobs, random};
use serde_json::{Value, json};
use store::{
    Booking, Direction, Entry, EntryContent, Erasing, Loaded, MessageKey, NewEntry, Seen, Store,
    StoreError, Turn, keys,
};
use tracing::{info, warn};
use whatsapp::graph::{Graph, To};
use whatsapp::payload;

mod appointments;
mod files;
mod rights;

pub use files::Fetching;

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
    pub apps: Apps,
    pub bus: Bus,
    pub pseudonym: Pseudonym,
    pub files: Files,
    pub fetching: Arc<Fetching>,
    pub clock: Clock,
}

/// What is to be done once a message was decided on.
enum Next {
    Nothing,
    Send(Box<Owed>),
    /// Everything of this person goes, and the certificate is sent.
    Erase(ContactId, Erasing),
}

/// An answer that is saved and still to be sent.
struct Owed {
    contact: Contact,
    /// Under whose id it is written: a contact that was merged since keeps its rows.
    chat: ContactId,
    rows: Vec<OwedRow>,
    /// Whether it is a goodbye: nothing of a broadcast may come after it.
    farewell: bool,
    /// Whether the message was decided on before, so that another process may have died with it.
    again: bool,
}

/// One message of an answer.
struct OwedRow {
    row: String,
    /// The file that must be made for it.
    copy: Option<Form>,
}

impl OwedRow {
    fn of(entry: &NewEntry) -> Self {
        let copy = match &entry.content {
            EntryContent::Copy { form, .. } => Some(*form),
            _ => None,
        };
        Self { row: entry.row.clone(), copy }
    }
}

/// What became of a message that Meta was asked to send.
enum Sent {
    Accepted,
    /// Nobody knows.
    Unresolved,
    /// It will never go, for Meta's code if it named one.
    Refused(Option<i64>),
    /// Certainly not sent, and to be tried again later.
    NotNow(Failure),
}

impl App {
    pub async fn connect() -> anyhow::Result<Self> {
        let settings = Settings::load().await?;
        let aws = settings.aws()?;
        let graph = settings.graph();
        Ok(Self {
            store: Store::connect(&aws, settings.tables()?),
            graph: Arc::new(Graph::new(&graph.base_url, graph.version)),
            apps: Apps::of(&settings)?,
            bus: Bus::event_bridge(&aws, settings.event_bus()?),
            pseudonym: Pseudonym::new(&settings.lookup_key()?),
            files: Files::Bucket(settings.media_bucket()?),
            fetching: Arc::default(),
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
            return self.keep_aside(&line, &job.message, "other-app").await;
        }
        let message = match payload::read_message(&job.message, job.contact.as_ref()) {
            Ok(message) => message,
            Err(err) => {
                warn!(line.id = %line.id, "kept an unreadable message aside: {err}");
                return self.keep_aside(&line, &job.message, "unreadable").await;
            }
        };
        let received_at = Timestamp::from_millisecond(job.received_at_ms);
        let message = message.received(received_at.unwrap_or_else(|_| self.clock.now()));
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

    async fn keep_aside(&self, line: &Line, message: &Value, why: &str) -> anyhow::Result<()> {
        let message = message.to_string();
        let key = MessageKey::new(self.pseudonym.of(&message));
        let kept = self.store.keep_aside(&line.id, &key, why, &message, self.clock.now()).await;
        kept.context("keep aside")
    }

    /// Decides and saves, unless that was done before, and then does what is still to be done.
    async fn answer(&self, line: &Line, message: &Inbound, key: &MessageKey) -> anyhow::Result<()> {
        let seen = self.store.seen(&line.id, key).await.context("look for message")?;
        let next = match seen {
            Some(Seen { contact, erasing: Some(erasing), .. }) => Next::Erase(contact, erasing),
            Some(seen) => self.still_owed(line, seen).await?,
            None => self.decide(line, message, key).await?,
        };
        match next {
            Next::Nothing => {}
            Next::Send(owed) => self.send(line, *owed).await?,
            Next::Erase(contact, erasing) => {
                return self.erase(line, message, key, &contact, &erasing).await;
            }
        }
        self.fetch(line, message, key).await
    }

    async fn still_owed(&self, line: &Line, seen: Seen) -> anyhow::Result<Next> {
        let Seen { contact: mut chat, replies, .. } = seen;
        if replies.is_empty() {
            return Ok(Next::Nothing);
        }
        let contact = self.store.contact(&line.id, &chat).await.context("load person")?;
        let Some(contact) = contact else { return Ok(Next::Nothing) };
        if let Some(row) = replies.first()
            && let Some(id) = self.chat_of(line, &contact, row).await?
        {
            chat = id;
        }
        let mut rows = Vec::new();
        for row in replies {
            let entry = self.store.entry(&line.id, &chat, &row).await.context("load answer")?;
            let copy = entry.and_then(|it| it.document?.copy);
            rows.push(OwedRow { row, copy });
        }
        // Asked for after a crash: the wait of a goodbye costs nothing then.
        Ok(Next::Send(Box::new(Owed { contact, chat, rows, farewell: true, again: true })))
    }

    /// Decides what the message means and saves it all at once.
    async fn decide(
        &self,
        line: &Line,
        message: &Inbound,
        key: &MessageKey,
    ) -> anyhow::Result<Next> {
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
        let agenda = match conversation::asks_for_appointment(&message.content, reading, line) {
            Some(ask) => {
                let agenda = self.agenda(line, &current, ask, now).await;
                Some(agenda.context("load appointments")?)
            }
            None => None,
        };
        let agenda = agenda.as_ref();
        let decision =
            conversation::decide(&current, message, reading, line, &notices, agenda, now);
        let Some(decision) = decision else { return Ok(Next::Nothing) };
        let erases = if decision.erases {
            Some(self.store.count_held(line, &current).await.context("count what goes")?)
        } else {
            None
        };
        let parts = decision.reply.iter();
        let parts = parts.flat_map(|it| reply::parts(decision.language, it, line, now));
        let drafts = self.asked_for(line, message, &decision.contact).await?;
        let replies: Vec<_> =
            parts.zip(1..).map(|(part, n)| answer_entry(line, key, part, n, now)).collect();
        let mut rows: Vec<_> = replies.iter().map(OwedRow::of).collect();
        let inbound = (decision.desk != Desk::Nothing).then(|| entry(line, message, key));
        let file =
            inbound.as_ref().and_then(|_| files::brought(line, message, key, &decision.contact.id));
        let turn = Turn {
            line: &line.id,
            loaded: &loaded,
            message: key,
            contact: &decision.contact,
            event: decision.event.as_ref(),
            appointment: decision.appointment.as_ref().map(|it| Booking::new(line, it, now)),
            inbound,
            file: file.as_ref(),
            opens: matches!(decision.desk, Desk::Opens | Desk::Urgent),
            look_at: look_at(line, decision.desk, now),
            drafts: drafts.iter().map(|it| it.1.clone()).collect(),
            urgent: decision.desk == Desk::Urgent,
            replies,
            request: decision.request.as_ref(),
            register_until: store::register_until(line, now),
            objection: decision.objection.as_ref(),
            erases,
            now,
            forwards_until: now + (24 * i64::from(line.retention.delivery_days)).hours(),
        };
        self.store.save(turn).await.context("save person")?;
        self.tell(line, &decision).await;
        let farewell = decision.reply == Some(Reply::Goodbye);
        let (contact, mut chat) = (decision.contact.clone(), decision.contact.id);
        if let Some((erased, request)) = erases.zip(decision.request) {
            return Ok(Next::Erase(chat, Erasing { number: request.number, erased }));
        }
        // A press that asks for an answer gets no other.
        if let Some((id, row)) = drafts {
            chat = id;
            rows = vec![OwedRow { row, copy: None }];
        }
        Ok(Next::Send(Box::new(Owed { contact, chat, rows, farewell, again: false })))
    }

    /// The answer of the desk that a press on a template's button asks for, and under which of the
    /// person's ids it is written.
    async fn asked_for(
        &self,
        line: &Line,
        message: &Inbound,
        contact: &Contact,
    ) -> anyhow::Result<Option<(ContactId, String)>> {
        let row = desk::ready_row(&message.content).filter(|_| contact.blocked.is_none());
        // A press that came a day late opens no window.
        let in_time = conversation::window_is_open(contact, self.clock.now());
        let Some(row) = row.filter(|_| in_time) else { return Ok(None) };
        let chat = self.chat_of(line, contact, row).await?;
        Ok(chat.map(|it| (it, row.to_owned())))
    }

    /// Under which id of a person's a row is: a contact that was merged keeps its rows.
    async fn chat_of(
        &self,
        line: &Line,
        contact: &Contact,
        row: &str,
    ) -> anyhow::Result<Option<ContactId>> {
        for id in std::iter::once(&contact.id).chain(&contact.former_ids) {
            let entry = self.store.entry(&line.id, id, row).await.context("load answer")?;
            if entry.is_some_and(|it| it.direction == Direction::Out) {
                return Ok(Some(id.clone()));
            }
        }
        Ok(None)
    }

    async fn notices(&self, line: &Line, now: Timestamp) -> store::Result<Vec<Notice>> {
        let newest = self.store.broadcasts(&line.id, None, news::CANDIDATES).await?;
        Ok(news::latest(&newest, line, now))
    }

    /// The person who wrote; who moved may be there under the old and the new identifiers.
    async fn load(&self, line: &Line, message: &Inbound) -> store::Result<Loaded> {
        let (line, fresh) = (&line.id, random::contact_id());
        let (Content::Moved { phone, user_id, previous_user_id }, true) =
            (&message.content, message.says_who_moved())
        else {
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

    /// Claims the answer and sends it, message by message: each once, and once more only if the
    /// process died with it.
    async fn send(&self, line: &Line, owed: Owed) -> anyhow::Result<()> {
        if owed.rows.is_empty() {
            return Ok(());
        }
        if owed.farewell {
            self.let_the_air_clear(line).await?;
        }
        let Some(to) = address(owed.contact.phone.as_ref(), owed.contact.user_id.as_ref()) else {
            return Ok(());
        };
        for OwedRow { row, copy } in &owed.rows {
            if let Some(form) = copy
                && !self.upload(line, &owed, row, *form).await?
            {
                continue;
            }
            self.send_row(line, &owed, row, to).await?;
        }
        Ok(())
    }

    /// While the number broadcasts, what is in the air arrives before a goodbye.
    async fn let_the_air_clear(&self, line: &Line) -> anyhow::Result<()> {
        let now_ms = self.clock.now().as_millisecond();
        let number = &line.phone_number_id;
        if self.store.is_broadcasting(number, now_ms).await.context("read rate")? {
            self.clock.pace(GOODBYE_WAIT).await;
        }
        Ok(())
    }

    async fn send_row(
        &self,
        line: &Line,
        owed: &Owed,
        row: &str,
        to: To<'_>,
    ) -> anyhow::Result<()> {
        let Owed { contact, chat, again, .. } = owed;
        self.debit(line, 1).await?;
        // The last thing before the request: whoever fails in between leaves it to be claimed.
        let claimed = self.store.claim_entry(&line.id, chat, row).await;
        let entry = match claimed.context("claim answer")? {
            None if *again => self.left_behind(line, chat, row).await?,
            claimed => claimed,
        };
        let Some(entry) = entry else { return Ok(()) };
        let message = entry.outgoing().context("its file was not uploaded")?;
        let (state, code) = match self.post(line, to, &message, &store::callback(chat, row)).await?
        {
            Sent::Accepted => (State::Accepted, None),
            Sent::Unresolved => (State::Unresolved, None),
            Sent::Refused(code) => (State::Failed, code),
            Sent::NotNow(failure) => {
                let released = self.store.release_entry(&line.id, chat, row).await;
                released.context("release answer")?;
                return Err(failure).context("send answer");
            }
        };
        info!(line.id = %line.id, contact.id = %contact.id, state = state.name(), "answered");
        let recorded = self.store.report_entry(&line.id, chat, row, state, code).await;
        recorded.context("record answer")
    }

    /// Asks Meta to send a message, again and again for some seconds if only the number is too fast.
    async fn post(
        &self,
        line: &Line,
        to: To<'_>,
        message: &Outgoing,
        callback: &str,
    ) -> anyhow::Result<Sent> {
        let (token, number) = (self.token(line)?, &line.phone_number_id);
        let mut pauses = TOO_FAST_PAUSES.into_iter();
        let failure = loop {
            let sent = self.graph.send(&token, number, to, message, callback).await;
            let Err(failure) = sent else { return Ok(Sent::Accepted) };
            match pauses.next().filter(|_| failure::verdict(&failure) == Verdict::Slow) {
                Some(pause) => self.clock.pace(pause).await,
                None => break failure,
            }
        };
        Ok(match failure::verdict(&failure) {
            // Certainly not sent. It waits in the queue, and with the dead letters for who mends
            // what is wrong for everybody.
            Verdict::Slow | Verdict::Later { .. } | Verdict::Stop | Verdict::Hold { .. } => {
                Sent::NotNow(failure)
            }
            Verdict::OnceMore { .. } | Verdict::Unresolved => Sent::Unresolved,
            Verdict::Drop | Verdict::StopIfRepeated => {
                warn!(line.id = %line.id, "answer refused: {failure}");
                Sent::Refused(code_of(&failure))
            }
        })
    }

    fn token(&self, line: &Line) -> anyhow::Result<AccessToken> {
        self.apps.access_token(&line.app).context("find Meta app")
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

/// When to look whether somebody at the desk has; what may be an emergency, at once.
fn look_at(line: &Line, desk: Desk, now: Timestamp) -> Option<Timestamp> {
    if line.desk.notify.is_empty() {
        return None;
    }
    match desk {
        Desk::Opens => desk::first_look(line, now),
        Desk::Urgent => Some(now),
        Desk::Nothing | Desk::Recorded => None,
    }
}

/// What a text or a tap asks for; `None` for what only a person can read.
fn read(line: &Line, content: &Content) -> Option<Reading> {
    match content {
        // Never as text: its title is ours.
        Content::Tap { payload, .. } if Ask::parse(payload).is_some() => None,
        Content::Text(text) => Some(Reader::new(line).read(text)),
        Content::Tap { payload, title } => {
            Reading::of_tap(payload).or_else(|| Some(Reader::new(line).read(title)))
        }
        _ => None,
    }
}

/// One message of an answer as it is written down; the first of them is number 1.
fn answer_entry(line: &Line, key: &MessageKey, part: Part, n: usize, now: Timestamp) -> NewEntry {
    let side = if n == 1 { "out".to_owned() } else { format!("out-{n}") };
    NewEntry {
        row: keys::row(now.as_millisecond(), key, &side),
        at: now,
        content: match part {
            Part::Message(message) => EntryContent::Out(message),
            Part::Copy { form, caption } => EntryContent::Copy { form, caption },
        },
        expires_at: now + (24 * i64::from(line.retention.chat_days)).hours(),
        operator: None,
    }
}

/// The message as the desk will read it.
fn entry(line: &Line, message: &Inbound, key: &MessageKey) -> NewEntry {
    let (kind, media) = match &message.content {
        Content::Media(media) => {
            let file = files::id_of(message, key);
            (media.kind.clone(), Some(Media { file, ..media.clone() }))
        }
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
fn address<'a>(phone: Option<&'a Phone>, user_id: Option<&'a UserId>) -> Option<To<'a>> {
    phone.map(To::Phone).or_else(|| user_id.map(To::UserId))
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
