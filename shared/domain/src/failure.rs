// SPDX-License-Identifier: EUPL-1.2
//! What went wrong with a send: what to do about it, and how to tell the office.
//!
//! Meta's error codes are a table here ([`code`]). It holds every code of Meta's page, those of
//! other calls too, so that none of them reaches the office as a bare number.
//!
//! Source: Cloud API, support/error-codes (2026-06-18), and what has been seen in the wild.

use Verdict::{Drop, Hold, Later, Slow, Stop, StopIfRepeated};

/// A message of the marketing kind that the person asked not to get any more.
pub const MARKETING_STOPPED: i64 = 131_050;
/// More than 24 hours since the person's last message: only a template may go.
pub const WINDOW_CLOSED: i64 = 131_047;
/// The business number sends faster than it may.
pub const NUMBER_TOO_FAST: i64 = 130_429;
/// Too many messages to the same person.
pub const PERSON_TOO_FAST: i64 = 131_056;
/// Not on WhatsApp, terms not accepted, or the person blocked the number: Meta does not say which.
pub const UNDELIVERABLE: i64 = 131_026;
/// The template is paused for its quality, or the rest of a send was cut while it was judged.
pub const TEMPLATE_PAUSED: i64 = 132_015;
/// We blocked this person ourselves.
pub const BLOCKED_BY_US: i64 = 130_403;

/// How one send went wrong. It holds nothing of the person or of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nothing was written: name not found, connection refused, certificate refused.
    #[error("request never written")]
    NotSent,
    /// Meta answered with an error and its code. `transient` is Meta's `is_transient`.
    #[error("code {code}, HTTP {http}")]
    Coded { code: i64, http: u16, transient: bool },
    /// An answer below 500 that is no success and has no code: a proxy, or the wrong address.
    #[error("refused without a code, HTTP {http}")]
    Refused { http: u16 },
    /// 500 or more, without a code.
    #[error("server error without a code, HTTP {http}")]
    ServerError { http: u16 },
    /// The request was written and no readable answer came back.
    #[error("answer lost")]
    AnswerLost,
    /// Meta took the message and said `failed` later, in a status.
    #[error("reported as failed, code {code:?}")]
    Reported { code: Option<i64> },
}

/// What a failure means for the person, the number and the broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Halt the whole broadcast and say so. The message was not sent.
    Stop,
    /// Let the whole broadcast wait so long: Meta holds it, and may let it go on by itself. The
    /// message was not sent.
    Hold { after_seconds: u32 },
    /// Slow the number down. The message was not sent: try it again.
    Slow,
    /// This person only, no retry. The message was not sent.
    Drop,
    /// This person later. The message was not sent.
    Later { after_seconds: u32 },
    /// [`Verdict::Drop`], but [`Verdict::Stop`] once three people met the same code.
    StopIfRepeated,
    /// May have been sent. Once more after this time, and only if no status named it while
    /// others arrived; the number slows down meanwhile.
    OnceMore { after_seconds: u32 },
    /// May have been sent. Never again by itself.
    Unresolved,
}

/// People with the same code after which [`Verdict::StopIfRepeated`] stops the broadcast.
pub const REPEATED: u32 = 3;

/// Meta says "5xx" and perhaps sent the message: a status comes within minutes if it did.
const ONCE_MORE: Verdict = Verdict::OnceMore { after_seconds: 600 };

/// Meta pauses a template for three hours the first time, for six the second.
///
/// Source: Cloud API, templates/template-pausing.
const PAUSE_SECONDS: u32 = 3 * 3_600;

/// The longest that [`Verdict::Later`] grows to.
const LATEST_SECONDS: u32 = 3_600;

/// Whether Meta certainly sent nothing because of the template itself, so that another template may
/// do. Source: Cloud API, error codes 132xxx.
pub fn is_of_the_template(failure: &Failure) -> bool {
    matches!(failure, Failure::Coded { code: 132_000..=132_099, http: ..500, transient: false })
}

/// Whether Meta took nothing because we were too fast.
pub fn is_throttling(failure: &Failure) -> bool {
    match *failure {
        Failure::Refused { http } => http == 429,
        Failure::Coded { code, http, .. } => {
            http == 429 || matches!(code, 4 | 80_007 | NUMBER_TOO_FAST | PERSON_TOO_FAST)
        }
        _ => false,
    }
}

/// Whether a code says that Meta takes nothing more from the account until somebody pays, or asks
/// Meta to look again.
pub fn is_of_the_account(code: i64) -> bool {
    matches!(code, 368 | 131_031 | 131_042 | 131_048 | 131_064 | 134_011)
}

/// The verdict on the first failure of a message.
pub fn verdict(failure: &Failure) -> Verdict {
    verdict_after(failure, 0)
}

/// The verdict on a failure of a message that already failed `earlier` times.
///
/// With every failure [`Verdict::Later`] waits four times as long, up to an hour, and codes with a
/// [`GiveUp`] reach it.
///
/// An answer of 500 or more is believed only if its code says what happened: "unknown error" or
/// "unavailable" may come after the message was passed on, whatever `is_transient` says, and the
/// API has no idempotency key. A code we do not know is [`Verdict::StopIfRepeated`]: dropping
/// everyone for it would lose the audience, stopping at the first would let one odd person stop
/// all the others.
pub fn verdict_after(failure: &Failure, earlier: u32) -> Verdict {
    match *failure {
        Failure::NotSent | Failure::Refused { http: 429 } => Verdict::Slow,
        // Whatever stands between Meta and us refuses everyone. Nobody is lost by stopping.
        Failure::Refused { .. } => Verdict::Stop,
        Failure::ServerError { .. } => ONCE_MORE,
        Failure::Coded { code, http: 500.., .. } if leaves_doubt(code) => ONCE_MORE,
        Failure::Coded { transient: true, .. } | Failure::Coded { http: 429, .. } => Verdict::Slow,
        Failure::Coded { code, .. } | Failure::Reported { code: Some(code) } => {
            by_code(code, earlier)
        }
        Failure::Reported { code: None } => Verdict::Drop,
        Failure::AnswerLost => Verdict::Unresolved,
    }
}

fn by_code(number: i64, earlier: u32) -> Verdict {
    let Some(row) = code(number) else { return Verdict::StopIfRepeated };
    match (row.verdict, row.gives_up) {
        (_, Some(it)) if earlier >= it.after => it.then,
        (Verdict::Later { after_seconds }, _) => {
            let grown = after_seconds.saturating_mul(4_u32.saturating_pow(earlier));
            Verdict::Later { after_seconds: grown.min(LATEST_SECONDS) }
        }
        (verdict, _) => verdict,
    }
}

fn leaves_doubt(number: i64) -> bool {
    code(number).is_none_or(|row| row.leaves_doubt)
}

/// One of Meta's codes, or a run of codes that mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code; of a run, the first.
    pub code: i64,
    /// The last code of a run; else the code itself.
    pub last: i64,
    /// On the first failure. [`verdict_after`] knows the later ones.
    pub verdict: Verdict,
    pub gives_up: Option<GiveUp>,
    /// Whether the message may have been sent all the same, if the answer was 500 or more.
    pub leaves_doubt: bool,
    /// What happened, for the office: one or two sentences of plain Italian.
    pub meaning_it: &'static str,
    /// What the office can do, in plain Italian.
    pub remedy_it: &'static str,
}

/// When trying again ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GiveUp {
    /// After so many retries.
    pub after: u32,
    pub then: Verdict,
}

/// What the table says of a code; `None` if Meta's page does not have it.
pub fn code(number: i64) -> Option<&'static Code> {
    CODES.iter().find(|row| (row.code..=row.last).contains(&number))
}

/// Why one person did not get a message, in one sentence for the office, with the code if any.
pub fn reason_it(code_of_person: Option<i64>) -> String {
    let Some(number) = code_of_person else {
        return "WhatsApp non ha consegnato il messaggio e non dice perché.".to_owned();
    };
    let meaning = code(number).map_or(UNKNOWN_IT, |row| row.meaning_it);
    format!("{} (codice {number}).", meaning.trim_end_matches('.'))
}

const UNKNOWN_IT: &str = "WhatsApp ha rifiutato il messaggio per un motivo che non conosciamo.";

impl Code {
    const fn new(
        code: i64,
        verdict: Verdict,
        meaning_it: &'static str,
        remedy_it: &'static str,
    ) -> Self {
        let (last, gives_up, leaves_doubt) = (code, None, false);
        Self { code, last, verdict, gives_up, leaves_doubt, meaning_it, remedy_it }
    }

    const fn up_to(self, last: i64) -> Self {
        Self { last, ..self }
    }

    const fn retried(self, after: u32, then: Verdict) -> Self {
        Self { gives_up: Some(GiveUp { after, then }), ..self }
    }

    const fn doubtful(self) -> Self {
        Self { leaves_doubt: true, ..self }
    }
}

const NOTHING_TO_DO: &str = "Non serve fare nulla: rallentiamo e riproviamo da soli.";
const NO_RETRY: &str = "Non serve fare nulla: a questa persona il messaggio non arriva.";
const CHECK_KEY: &str =
    "Chi gestisce il servizio deve rinnovare la chiave di accesso. Poi riprendere l'invio.";
const CHECK_PERMISSIONS: &str =
    "Chi gestisce il servizio deve controllare le autorizzazioni su Meta. Poi riprendere l'invio.";
const CHECK_TEXT: &str =
    "Controllare testo e dati del messaggio. Se sono corretti, avvisare chi gestisce il servizio.";
const CHECK_TEMPLATE: &str =
    "Controllare il modello e i dati inseriti. Poi preparare un nuovo invio.";
const OTHER_TEMPLATE: &str = "Scegliere un altro modello, oppure correggerlo e aspettare \
     l'approvazione di Meta.";
const CHECK_META: &str =
    "Aprire il pannello di WhatsApp su Meta, seguire le indicazioni e poi riprendere l'invio.";
const TELL: &str = "Avvisare chi gestisce il servizio. Poi riprendere l'invio.";
const WRONG_PROGRAM: &str = "Avvisare chi gestisce il servizio: il programma va corretto.";
const CHECK_FILE: &str = "Caricare di nuovo il file, in un formato e di un peso ammessi.";
const NUMBER_OF_BUSINESS: &str = "C'è un problema con la registrazione del numero del servizio.";
const TEMPLATE_TEXT: &str = "Una parte del modello non rispetta le regole di Meta.";
const OTHER_CALL: &str = "WhatsApp segnala un problema che non riguarda l'invio di messaggi.";

/// In the order of the codes, without overlaps.
///
/// A code that belongs to other calls (calls, payments, template statistics …) should never answer
/// a send. If Meta's page says to ignore it, it gets what an unknown code gets; if it says that
/// someone must act, the broadcast stops.
static CODES: &[Code] = &[
    Code::new(0, Stop, "WhatsApp non riconosce la nostra chiave di accesso.", CHECK_KEY),
    Code::new(
        1,
        Slow,
        "WhatsApp ha risposto con un errore generico.",
        "Non serve fare nulla: riproviamo da soli. Se succede a molti, avvisare chi gestisce il \
         servizio.",
    )
    .retried(3, Drop)
    .doubtful(),
    Code::new(2, Slow, "WhatsApp è sovraccarico in questo momento.", NOTHING_TO_DO).doubtful(),
    Code::new(
        3,
        Stop,
        "Al servizio manca un'autorizzazione di Meta per inviare messaggi.",
        CHECK_PERMISSIONS,
    ),
    Code::new(4, Slow, "Abbiamo fatto troppe richieste a WhatsApp in poco tempo.", NOTHING_TO_DO),
    Code::new(10, Stop, "Meta non ci autorizza a fare questa operazione.", CHECK_PERMISSIONS),
    Code::new(33, Stop, "Il numero del servizio non esiste più su WhatsApp.", TELL),
    Code::new(
        100,
        StopIfRepeated,
        "WhatsApp non accetta un dato del messaggio, oppure il testo è troppo lungo.",
        CHECK_TEXT,
    ),
    Code::new(104, Stop, "Manca la chiave di accesso a WhatsApp.", CHECK_KEY),
    Code::new(190, Stop, "La chiave di accesso a WhatsApp è scaduta o non è valida.", CHECK_KEY),
    Code::new(
        200,
        Stop,
        "La chiave di accesso non vale per il numero del servizio.",
        CHECK_PERMISSIONS,
    ),
    Code::new(201, Stop, "Un'autorizzazione di Meta manca o è stata tolta.", CHECK_PERMISSIONS)
        .up_to(299),
    Code::new(
        368,
        Stop,
        "Meta ha limitato o sospeso il servizio per una violazione delle regole.",
        CHECK_META,
    ),
    Code::new(
        80_007,
        Slow,
        "Abbiamo fatto troppe richieste a WhatsApp in poco tempo.",
        NOTHING_TO_DO,
    ),
    Code::new(
        BLOCKED_BY_US,
        Drop,
        "Questa persona è bloccata dal servizio.",
        "Se il blocco è finito, toglierlo dalla scheda della persona.",
    ),
    Code::new(
        NUMBER_TOO_FAST,
        Slow,
        "Il numero del servizio ha inviato troppi messaggi in poco tempo.",
        NOTHING_TO_DO,
    ),
    Code::new(
        130_472,
        Drop,
        "Meta non consegna questo messaggio promozionale: la persona fa parte di una prova.",
        NO_RETRY,
    ),
    Code::new(130_497, Drop, "Il servizio non può scrivere a numeri di questo Paese.", NO_RETRY),
    Code::new(131_000, Slow, "WhatsApp ha avuto un problema e non dice quale.", NOTHING_TO_DO)
        .retried(3, Drop)
        .doubtful(),
    Code::new(
        131_005,
        Stop,
        "Al servizio manca un'autorizzazione di Meta per inviare messaggi.",
        CHECK_PERMISSIONS,
    ),
    Code::new(131_008, Stop, "Nel messaggio manca un dato obbligatorio.", WRONG_PROGRAM),
    Code::new(131_009, StopIfRepeated, "Un dato del messaggio non è valido.", CHECK_TEXT),
    Code::new(131_014, Stop, "WhatsApp non trova il file allegato.", CHECK_FILE),
    Code::new(131_016, Slow, "WhatsApp non è disponibile in questo momento.", NOTHING_TO_DO)
        .doubtful(),
    Code::new(
        131_021,
        Drop,
        "Il destinatario è il numero stesso del servizio.",
        "Togliere il numero del servizio dalle persone iscritte.",
    ),
    Code::new(
        UNDELIVERABLE,
        Drop,
        "Il messaggio non si può consegnare: la persona forse non usa più WhatsApp, o ha \
         bloccato il numero.",
        "Non serve fare nulla. Se succede ogni volta, controllare il numero con la persona.",
    ),
    Code::new(
        131_030,
        StopIfRepeated,
        "Il numero del servizio è di prova e questo destinatario non è tra quelli ammessi.",
        "Aggiungere il destinatario tra i numeri di prova su Meta, oppure usare un numero vero.",
    ),
    Code::new(
        131_031,
        Stop,
        "Meta ha bloccato o limitato il servizio, oppure il PIN non corrisponde.",
        CHECK_META,
    ),
    Code::new(
        131_037,
        Stop,
        "Il nome del numero del servizio non è ancora approvato da Meta.",
        CHECK_META,
    ),
    Code::new(
        131_042,
        Stop,
        "C'è un problema con il pagamento dei messaggi.",
        "Il Comune deve controllare su Meta il metodo di pagamento e il credito. Poi riprendere \
         l'invio.",
    ),
    Code::new(131_045, Stop, NUMBER_OF_BUSINESS, TELL),
    Code::new(
        WINDOW_CLOSED,
        Drop,
        "Sono passate più di 24 ore dall'ultimo messaggio della persona: un testo libero non \
         può partire.",
        "Scrivere con un modello approvato, oppure aspettare che la persona scriva.",
    ),
    Code::new(
        131_048,
        Stop,
        "Meta limita gli invii del numero: troppi destinatari lo hanno bloccato o segnalato.",
        "Aspettare qualche ora e controllare la qualità del numero su Meta. Poi riprendere l'invio.",
    ),
    Code::new(
        131_049,
        Drop,
        "Meta non ha consegnato il messaggio: la persona ne riceve già molti promozionali.",
        "Aspettare almeno 24 ore prima di un altro messaggio promozionale.",
    ),
    Code::new(
        MARKETING_STOPPED,
        Drop,
        "La persona ha scelto su WhatsApp di non ricevere i messaggi promozionali del servizio.",
        "Non serve fare nulla: la scelta va rispettata. Gli avvisi di servizio arrivano ancora.",
    ),
    Code::new(131_051, Stop, "WhatsApp non accetta questo tipo di messaggio.", WRONG_PROGRAM),
    Code::new(
        131_052,
        StopIfRepeated,
        "Non è stato possibile scaricare il file mandato dalla persona.",
        "Chiedere alla persona di mandare di nuovo il file.",
    ),
    Code::new(
        131_053,
        Later { after_seconds: 60 },
        "WhatsApp non è riuscito a prendere il file allegato.",
        CHECK_FILE,
    )
    .retried(2, Stop),
    Code::new(
        131_055,
        Stop,
        "Questo canale di invio accetta solo modelli promozionali.",
        OTHER_TEMPLATE,
    ),
    Code::new(
        PERSON_TOO_FAST,
        Later { after_seconds: 1 },
        "Questa persona ha ricevuto troppi messaggi in poco tempo.",
        "Non serve fare nulla: aspettiamo e riproviamo da soli.",
    ),
    Code::new(
        131_057,
        Slow,
        "Meta sta aggiornando il numero del servizio: dura qualche minuto.",
        NOTHING_TO_DO,
    ),
    Code::new(131_059, StopIfRepeated, OTHER_CALL, "Aprire di nuovo l'elenco dei modelli."),
    Code::new(
        131_060,
        StopIfRepeated,
        "Il messaggio della persona non è più disponibile.",
        "Chiedere alla persona di scrivere di nuovo.",
    ),
    Code::new(
        131_061,
        Stop,
        "Questo modello ha un prezzo massimo e non può partire da questo canale di invio.",
        OTHER_TEMPLATE,
    ),
    Code::new(
        131_062,
        Drop,
        "Per questo tipo di messaggio serve il numero di telefono della persona.",
        "Chiedere il numero alla persona.",
    ),
    Code::new(
        131_063,
        Stop,
        "Su questo numero i messaggi promozionali sono disattivati.",
        "Riattivarli nel pannello di WhatsApp su Meta, oppure scegliere un altro modello.",
    ),
    Code::new(
        131_064,
        Stop,
        "Meta limita gli invii: troppi modelli hanno una categoria sbagliata.",
        "Correggere la categoria dei modelli su Meta e aspettare la fine del limite.",
    ),
    Code::new(
        132_000,
        Stop,
        "I dati inseriti non sono tanti quanti il modello ne chiede.",
        CHECK_TEMPLATE,
    ),
    Code::new(
        132_001,
        Stop,
        "Il modello non esiste in questa lingua o non è approvato.",
        OTHER_TEMPLATE,
    ),
    Code::new(
        132_005,
        StopIfRepeated,
        "Con i dati inseriti il testo del modello è troppo lungo.",
        "Accorciare i dati inseriti nel modello.",
    ),
    Code::new(
        132_007,
        Stop,
        "Il contenuto del modello viola le regole di WhatsApp.",
        OTHER_TEMPLATE,
    ),
    Code::new(
        132_012,
        Stop,
        "Un dato inserito non ha la forma che il modello chiede.",
        "Togliere gli a capo e gli spazi ripetuti dai dati inseriti. Poi preparare un nuovo invio.",
    ),
    Code::new(
        TEMPLATE_PAUSED,
        Hold { after_seconds: PAUSE_SECONDS },
        "Meta ha messo in pausa il modello perché molti lo hanno segnalato.",
        "Riproviamo da soli tra qualche ora. Oppure annullare l'invio e scegliere un altro modello.",
    ),
    Code::new(132_016, Stop, "Meta ha disattivato il modello per sempre.", OTHER_TEMPLATE),
    Code::new(132_018, Stop, "I dati inseriti non vanno bene per il modello.", CHECK_TEMPLATE),
    Code::new(132_021, Stop, "Esiste già un altro modello con questo nome.", OTHER_TEMPLATE),
    Code::new(132_068, Stop, "Meta ha bloccato il modulo collegato al messaggio.", OTHER_TEMPLATE),
    Code::new(
        132_069,
        Stop,
        "Il modulo collegato al messaggio è limitato a 10 invii all'ora.",
        OTHER_TEMPLATE,
    ),
    Code::new(133_000, Stop, NUMBER_OF_BUSINESS, TELL),
    Code::new(
        133_004,
        Stop,
        "La registrazione dei numeri su WhatsApp non è disponibile.",
        "Aspettare e riprendere l'invio più tardi.",
    ),
    Code::new(133_005, Stop, "Il PIN del numero del servizio è sbagliato.", TELL),
    Code::new(133_006, Stop, "Il numero del servizio va prima verificato su WhatsApp.", TELL),
    Code::new(
        133_008,
        Stop,
        "Il PIN del numero del servizio è stato sbagliato troppe volte.",
        "Aspettare il tempo indicato da Meta e avvisare chi gestisce il servizio.",
    ),
    Code::new(
        133_009,
        Stop,
        "Il PIN del numero del servizio è stato inserito troppo in fretta.",
        "Aspettare il tempo indicato da Meta e avvisare chi gestisce il servizio.",
    ),
    Code::new(133_010, Stop, "Il numero del servizio non è registrato su WhatsApp.", TELL),
    Code::new(
        133_015,
        Stop,
        "Il numero del servizio è stato appena cancellato da WhatsApp.",
        "Aspettare 5 minuti e avvisare chi gestisce il servizio.",
    ),
    Code::new(
        133_016,
        Stop,
        "Il numero del servizio è stato registrato troppe volte in tre giorni.",
        "Aspettare 72 ore e avvisare chi gestisce il servizio.",
    ),
    Code::new(
        134_011,
        Stop,
        "Il Comune non ha accettato le condizioni dei pagamenti di WhatsApp.",
        CHECK_META,
    ),
    Code::new(
        134_100,
        Stop,
        "Questo canale di invio accetta solo modelli promozionali.",
        OTHER_TEMPLATE,
    ),
    Code::new(
        134_101,
        Later { after_seconds: 600 },
        "Meta sta ancora preparando il modello: servono circa 10 minuti.",
        "Non serve fare nulla: aspettiamo e riproviamo da soli.",
    ),
    Code::new(134_102, Stop, "Meta non può usare questo modello ora.", OTHER_TEMPLATE),
    Code::new(135_000, StopIfRepeated, "WhatsApp non accetta i dati del messaggio.", CHECK_TEXT),
    Code::new(136_024, Stop, "Il numero del servizio è già verificato su WhatsApp.", TELL),
    Code::new(138_000, StopIfRepeated, OTHER_CALL, "Non serve fare nulla.").up_to(138_999),
    Code::new(
        139_100,
        StopIfRepeated,
        "WhatsApp non ha bloccato alcune delle persone indicate.",
        "Provare di nuovo a bloccarle.",
    ),
    Code::new(
        139_101,
        StopIfRepeated,
        "L'elenco delle persone bloccate è pieno.",
        "Togliere dall'elenco chi non serve più tenere bloccato.",
    ),
    Code::new(
        139_102,
        StopIfRepeated,
        "Qualcun altro stava cambiando l'elenco delle persone bloccate.",
        "Provare di nuovo.",
    ),
    Code::new(
        139_103,
        StopIfRepeated,
        "WhatsApp non è riuscito ad aggiornare l'elenco delle persone bloccate.",
        "Provare di nuovo più tardi.",
    ),
    Code::new(
        139_200,
        Stop,
        "Il servizio non può inviare messaggi senza un modello approvato.",
        OTHER_TEMPLATE,
    ),
    Code::new(141_002, Stop, "Il modello non è approvato.", OTHER_TEMPLATE),
    Code::new(
        147_001,
        Stop,
        "C'è un problema con il nome utente del servizio su WhatsApp.",
        CHECK_META,
    )
    .up_to(147_004),
    Code::new(
        200_005,
        Stop,
        "Le statistiche dei modelli non sono disponibili.",
        "Attivarle nel pannello di WhatsApp su Meta.",
    ),
    Code::new(
        200_006,
        Stop,
        "Le statistiche dei modelli non si possono disattivare.",
        "Lasciarle attive. Se l'invio si è fermato, avvisare chi gestisce il servizio.",
    ),
    Code::new(
        200_007,
        Stop,
        "Le statistiche dei modelli non sono attive.",
        "Attivarle nel pannello di WhatsApp su Meta.",
    ),
    Code::new(1_752_041, StopIfRepeated, OTHER_CALL, "Non serve fare nulla."),
    Code::new(2_388_012, Stop, NUMBER_OF_BUSINESS, TELL),
    Code::new(
        2_388_019,
        Stop,
        "Il servizio ha già il numero massimo di modelli.",
        "Cancellare su Meta i modelli che non servono più.",
    ),
    Code::new(
        2_388_039,
        Stop,
        "Il modello non si può cambiare ora: è in esame, o è già stato cambiato oggi.",
        "Aspettare l'esito dell'esame di Meta, oppure domani.",
    ),
    Code::new(2_388_040, Stop, "Una parte del modello è troppo lunga.", "Accorciare il modello."),
    Code::new(2_388_047, Stop, TEMPLATE_TEXT, "Correggere il titolo del modello."),
    Code::new(2_388_072, Stop, TEMPLATE_TEXT, "Correggere il testo del modello."),
    Code::new(2_388_073, Stop, TEMPLATE_TEXT, "Correggere la riga finale del modello."),
    Code::new(2_388_091, Stop, NUMBER_OF_BUSINESS, TELL),
    Code::new(2_388_093, Stop, NUMBER_OF_BUSINESS, TELL),
    Code::new(2_388_103, Stop, NUMBER_OF_BUSINESS, TELL),
    Code::new(
        2_388_293,
        Stop,
        "Il modello chiede troppi dati per un testo così corto.",
        "Allungare il testo del modello, oppure togliere qualche dato.",
    ),
    Code::new(
        2_388_299,
        Stop,
        "Il testo del modello comincia o finisce con un dato da inserire.",
        "Mettere qualche parola prima e dopo il dato.",
    ),
    Code::new(
        2_388_318,
        StopIfRepeated,
        "Meta ha creato questo modello da sola: non si può cambiare né cancellare.",
        "Non serve fare nulla.",
    ),
    Code::new(
        2_388_330,
        StopIfRepeated,
        "Meta ha creato questo modello da sola: non si può cambiare né cancellare.",
        "Non serve fare nulla.",
    ),
    Code::new(2_494_100, Stop, "Meta sta aggiornando il numero del servizio.", TELL),
    Code::new(2_593_107, Stop, NUMBER_OF_BUSINESS, TELL),
    Code::new(2_593_108, Stop, NUMBER_OF_BUSINESS, TELL),
];

#[cfg(test)]
mod tests {
    use super::*;

    const HTTP: u16 = 400;

    fn coded(code: i64) -> Failure {
        Failure::Coded { code, http: HTTP, transient: false }
    }

    /// Every code of Meta's page, with the verdict that page asks for.
    const PAGE: &[(Verdict, &[i64])] = &[
        (
            Stop,
            &[
                0, 3, 10, 33, 104, 190, 200, 201, 250, 299, 368, 131_005, 131_008, 131_014,
                131_031, 131_037, 131_042, 131_045, 131_048, 131_051, 131_055, 131_061, 131_063,
                131_064, 132_000, 132_001, 132_007, 132_012, 132_016, 132_018, 132_021, 132_068,
                132_069, 133_000, 133_004, 133_005, 133_006, 133_008, 133_009, 133_010, 133_015,
                133_016, 134_011, 134_100, 134_102, 136_024, 139_200, 141_002, 147_001, 147_002,
                147_003, 147_004, 200_005, 200_006, 200_007, 2_388_012, 2_388_019, 2_388_039,
                2_388_040, 2_388_047, 2_388_072, 2_388_073, 2_388_091, 2_388_093, 2_388_103,
                2_388_293, 2_388_299, 2_494_100, 2_593_107, 2_593_108,
            ],
        ),
        (Slow, &[1, 2, 4, 80_007, 130_429, 131_000, 131_016, 131_057]),
        (Drop, &[130_403, 130_472, 130_497, 131_021, 131_026, 131_047, 131_049, 131_050, 131_062]),
        (
            StopIfRepeated,
            &[
                100, 131_009, 131_030, 131_052, 131_059, 131_060, 132_005, 135_000, 138_000,
                138_018, 139_100, 139_101, 139_102, 139_103, 1_752_041, 2_388_318, 2_388_330,
            ],
        ),
        (Hold { after_seconds: 10_800 }, &[132_015]),
        (Later { after_seconds: 1 }, &[131_056]),
        (Later { after_seconds: 60 }, &[131_053]),
        (Later { after_seconds: 600 }, &[134_101]),
    ];

    #[test]
    fn every_code_of_the_page_has_its_verdict() {
        for (want, codes) in PAGE {
            for number in *codes {
                assert!(code(*number).is_some(), "code {number} is not in the table");
                assert_eq!(verdict(&coded(*number)), *want, "answered {number}");
                let reported = Failure::Reported { code: Some(*number) };
                assert_eq!(verdict(&reported), *want, "reported {number}");
            }
        }
    }

    #[test]
    fn too_fast_is_told_from_other_trouble() {
        for (failure, want) in [
            (coded(4), true),
            (coded(80_007), true),
            (coded(130_429), true),
            (coded(131_056), true),
            (coded(131_048), false),
            (coded(131_057), false),
            (Failure::Coded { code: 999_999, http: 429, transient: false }, true),
            (Failure::Coded { code: 2, http: 503, transient: true }, false),
            (Failure::Refused { http: 429 }, true),
            (Failure::Refused { http: 403 }, false),
            (Failure::ServerError { http: 503 }, false),
            (Failure::NotSent, false),
            (Failure::AnswerLost, false),
        ] {
            assert_eq!(is_throttling(&failure), want, "{failure:?}");
        }
    }

    #[test]
    fn codes_of_the_account_stop_the_broadcast() {
        let of_the_account: Vec<_> =
            CODES.iter().map(|it| it.code).filter(|it| is_of_the_account(*it)).collect();
        assert_eq!(of_the_account, [368, 131_031, 131_042, 131_048, 131_064, 134_011]);
        for it in of_the_account {
            assert_eq!(verdict(&coded(it)), Stop, "{it}");
        }
    }

    #[test]
    fn the_table_has_nothing_that_the_page_does_not_have() {
        for row in CODES {
            let on_page = PAGE.iter().flat_map(|(_, codes)| *codes).any(|it| *it == row.code);
            assert!(on_page, "code {} has no row in the test", row.code);
        }
    }

    #[test]
    fn the_table_is_in_order_and_without_overlaps() {
        for pair in CODES.windows(2) {
            assert!(pair[0].code <= pair[0].last, "run of {}", pair[0].code);
            assert!(pair[0].last < pair[1].code, "{} before {}", pair[0].last, pair[1].code);
        }
    }

    #[test]
    fn a_transient_error_slows_the_number_whatever_the_code() {
        for number in [0, 100, 131_026, 131_056, 132_001, 999_999] {
            let failure = Failure::Coded { code: number, http: HTTP, transient: true };
            assert_eq!(verdict(&failure), Slow, "transient {number}");
        }
    }

    #[test]
    fn a_5xx_that_does_not_say_what_happened_is_not_taken_for_unsent() {
        for number in [1, 2, 131_000, 131_016, 999_999] {
            for transient in [false, true] {
                let failure = Failure::Coded { code: number, http: 500, transient };
                assert_eq!(verdict(&failure), Verdict::OnceMore { after_seconds: 600 });
            }
        }
        for (number, want) in [(131_045, Stop), (131_057, Slow)] {
            let failure = Failure::Coded { code: number, http: 500, transient: false };
            assert_eq!(verdict(&failure), want, "code {number} says what happened");
        }
    }

    #[test]
    fn failures_without_a_code_have_their_verdict() {
        for (failure, want) in [
            (Failure::NotSent, Slow),
            (Failure::AnswerLost, Verdict::Unresolved),
            (Failure::ServerError { http: 503 }, Verdict::OnceMore { after_seconds: 600 }),
            (Failure::Refused { http: 429 }, Slow),
            (Failure::Refused { http: 404 }, Stop),
            (Failure::Reported { code: None }, Drop),
        ] {
            assert_eq!(verdict(&failure), want, "{failure:?}");
        }
    }

    #[test]
    fn an_unknown_code_stops_the_broadcast_only_if_it_comes_again() {
        assert_eq!(code(424_242), None);
        assert_eq!(verdict(&coded(424_242)), StopIfRepeated);
        let too_many = Failure::Coded { code: 424_242, http: 429, transient: false };
        assert_eq!(verdict(&too_many), Slow);
    }

    #[test]
    fn trying_again_ends_where_the_page_says() {
        for (number, earlier, want) in [
            (131_000, 2, Slow),
            (131_000, 3, Drop),
            (1, 3, Drop),
            (131_053, 1, Later { after_seconds: 240 }),
            (131_053, 2, Stop),
            (130_429, 100, Slow),
        ] {
            assert_eq!(verdict_after(&coded(number), earlier), want, "{number} after {earlier}");
        }
    }

    #[test]
    fn one_person_waits_four_times_longer_each_time_up_to_an_hour() {
        let waits = [0, 1, 2, 3, 50].map(|earlier| verdict_after(&coded(131_056), earlier));
        let want = [1, 4, 16, 64, 3_600].map(|after_seconds| Later { after_seconds });
        assert_eq!(waits, want);
    }

    #[test]
    fn the_office_reads_plain_italian() {
        let texts = CODES
            .iter()
            .flat_map(|row| [(row.code, row.meaning_it), (row.code, row.remedy_it)])
            .chain([(-1, UNKNOWN_IT)]);
        for (number, text) in texts {
            assert!(text.ends_with('.') && text.len() > 10, "no sentence for {number}: {text:?}");
            let lower = text.to_lowercase();
            for word in [
                "payload",
                "token",
                "template",
                "webhook",
                "api",
                "endpoint",
                "timeout",
                "server",
                "broadcast",
                "opt-",
                "http",
                "rate",
                "throttl",
                "json",
                "account",
                "parametr",
                "retry",
                "qualora",
                "inoltrare",
                "effettuare",
                "provvedere",
            ] {
                let found = lower
                    .split(|c: char| !c.is_alphanumeric() && c != '-')
                    .any(|it| it == word || (word.len() > 5 && it.starts_with(word)));
                assert!(!found, "{number} says {word:?}: {text}");
            }
            for sentence in text.split_inclusive(['.', ':']) {
                let n_words = sentence.split_whitespace().count();
                assert!(n_words <= 20, "{number} has a sentence of {n_words} words: {sentence}");
            }
        }
    }

    #[test]
    fn a_reason_names_its_code() {
        insta::assert_snapshot!(
            [Some(131_026), Some(131_050), Some(250), Some(424_242), None]
                .map(reason_it)
                .join("\n"),
            @r"
        Il messaggio non si può consegnare: la persona forse non usa più WhatsApp, o ha bloccato il numero (codice 131026).
        La persona ha scelto su WhatsApp di non ricevere i messaggi promozionali del servizio (codice 131050).
        Un'autorizzazione di Meta manca o è stata tolta (codice 250).
        WhatsApp ha rifiutato il messaggio per un motivo che non conosciamo (codice 424242).
        WhatsApp non ha consegnato il messaggio e non dice perché.
        "
        );
    }
}
