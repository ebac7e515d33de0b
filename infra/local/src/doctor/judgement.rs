// SPDX-License-Identifier: EUPL-1.2
//! What the facts mean for a service, and what to do about it: for the one who runs it.
//!
//! An error is what keeps a part of the service from working now; a warning what will, or may, or
//! what could not be looked at. Nothing secret and no phone number goes into a finding.

use domain::failure::Failure;
use domain::line::{Category, Line};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::facts::{
    Answered, Depth, FromAws, FromMeta, Number, Silence, Subscription, Template, Token, Unwell,
    Webhook,
};
use super::{Finding, Level};

/// What a check is of: its name, and the app, the line or the queue.
struct Check<'a>(&'static str, &'a str);

impl Check<'_> {
    fn found(&self, level: Level, what: impl Into<String>, remedy: Option<String>) -> Finding {
        let Self(check, about) = *self;
        Finding { check, about: about.to_owned(), level, what: what.into(), remedy }
    }

    fn ok(&self, what: impl Into<String>) -> Finding {
        self.found(Level::Ok, what, None)
    }

    fn warning(&self, what: impl Into<String>, remedy: impl Into<String>) -> Finding {
        self.found(Level::Warning, what, Some(remedy.into()))
    }

    fn error(&self, what: impl Into<String>, remedy: impl Into<String>) -> Finding {
        self.found(Level::Error, what, Some(remedy.into()))
    }

    /// Meta did not say.
    fn unseen(&self, failure: Failure) -> Finding {
        let (why, remedy) = match failure {
            Failure::Coded { code: 0 | 190, .. } => (
                "Meta non accetta il token".to_owned(),
                "Prima va sistemato il token, poi si ripete il controllo.",
            ),
            Failure::Coded { code: 3 | 10 | 200..=299 | 131_005, .. } => (
                "il token non ha il permesso di vederlo".to_owned(),
                "Dare all'utente di sistema l'account WhatsApp con controllo completo, e al token \
                 il permesso whatsapp_business_management.",
            ),
            Failure::Coded { code: 4 | 80_007 | 80_008, .. } => (
                "Meta ha ricevuto troppe richieste".to_owned(),
                "Ripetere il controllo fra un'ora.",
            ),
            Failure::Coded { code: 33 | 100, .. } => {
                return self.error(
                    "Meta non lo trova con questo token",
                    "Controllare phone_number_id e messaging_account_id nel file della linea, e che \
                     l'account sia assegnato all'utente di sistema del token.",
                );
            }
            Failure::Coded { code, .. } => {
                (format!("Meta risponde con l'errore {code}"), "Ripetere il controllo più tardi.")
            }
            Failure::NotSent
            | Failure::AnswerLost
            | Failure::Refused { .. }
            | Failure::ServerError { .. }
            | Failure::Reported { .. } => (
                "Meta non risponde".to_owned(),
                "Controllare la connessione a graph.facebook.com (o GRAPH_API_URL) e riprovare.",
            ),
        };
        self.warning(format!("non controllato: {why}"), remedy)
    }
}

/// Where the one who runs it reads why a webhook failed.
const LOGS: &str = "Leggere perché nei log della funzione webhook (sul posto: in quelli di \
     filodiretto).";
const SECRETS: &str = "Mettere i valori giusti nei segreti dell'app (su AWS con `make deploy`).";

/// Whether an app's webhook does what Meta expects, and refuses everybody else.
pub fn webhook(app: &str, seen: &Webhook) -> Vec<Finding> {
    let check = Check("webhook: verifica", app);
    let all = [seen.right_token, seen.wrong_token, seen.wrong_signature];
    if let Some(silence) = all.iter().find_map(|it| it.err()) {
        return vec![silent(&check, silence)];
    }
    let right = match seen.right_token {
        Ok(it) if it.status == 200 && it.is_challenge => None,
        Ok(it) if it.status == 200 => Some(check.error(
            "risponde 200, ma non con il testo che Meta si aspetta",
            "Controllare che a quell'indirizzo risponda Filo Diretto e non un altro servizio.",
        )),
        other => Some(refused(&check, other, "il token di verifica", "META_VERIFY_TOKEN")),
    };
    let wrong = accepted(seen.wrong_token).then(|| {
        check.error("accetta anche un token di verifica sbagliato", "Aggiornare l'installazione.")
    });
    let broken = is_broken(seen.wrong_token).then(|| failed(&check, seen.wrong_token));
    let verification = right.or(wrong).or(broken);
    let verification = verification
        .unwrap_or_else(|| check.ok("risponde a Meta e rifiuta chi non ha il token di verifica"));

    let check = Check("webhook: firma", app);
    let open = accepted(seen.wrong_signature).then(|| {
        check.error(
            "accetta anche ciò che non è firmato da Meta",
            "Aggiornare subito l'installazione: chiunque può scrivere a nome dei cittadini.",
        )
    });
    let broken = is_broken(seen.wrong_signature).then(|| failed(&check, seen.wrong_signature));
    let refused_ours = seen.signed.iter().find(|it| !accepted(**it));
    let refused_ours = refused_ours.map(|it| refused(&check, *it, "la firma", "META_APP_SECRET"));
    let signature = open.or(broken).or(refused_ours);
    let signature = signature.unwrap_or_else(|| {
        check.ok("accetta ciò che è firmato con il segreto dell'app e rifiuta il resto")
    });
    vec![verification, signature]
}

fn accepted(answered: Answered) -> bool {
    answered.is_ok_and(|it| (200..300).contains(&it.status))
}

fn is_broken(answered: Answered) -> bool {
    answered.is_ok_and(|it| it.status >= 500)
}

fn silent(check: &Check, silence: Silence) -> Finding {
    match silence {
        Silence::NotReached => check.error(
            "l'indirizzo non si raggiunge",
            "Controllare nome, certificato e che l'installazione sia finita; sul posto, che \
             `make run` sia in funzione.",
        ),
        Silence::TooLate => check.error("non risponde entro dieci secondi", LOGS),
    }
}

fn failed(check: &Check, answered: Answered) -> Finding {
    match answered {
        Ok(it) => check.error(format!("risponde con l'errore {}", it.status), LOGS),
        Err(silence) => silent(check, silence),
    }
}

/// What should have been accepted was not.
fn refused(check: &Check, answered: Answered, what: &str, setting: &str) -> Finding {
    match answered {
        Ok(it) if it.status == 404 => check.error(
            "non conosce questa app",
            "Controllare l'indirizzo, e che i segreti dell'app ci siano (su AWS sotto \
             /filodiretto/…/secrets/apps).",
        ),
        Ok(it) if it.status < 500 => check.error(
            format!("rifiuta {what} che questa installazione dovrebbe conoscere ({setting})"),
            SECRETS,
        ),
        other => failed(check, other),
    }
}

/// Whether an app's token may do what is needed, and for how long.
pub fn token(app: &str, seen: &FromMeta<Token>, now: Timestamp) -> Vec<Finding> {
    let check = Check("token di Meta", app);
    let renew = "Nel Business Manager, Impostazioni, Utenti di sistema, generare per questa app un \
         token che non scade con i permessi whatsapp_business_messaging e \
         whatsapp_business_management, e metterlo in META_ACCESS_TOKEN fra i segreti dell'app.";
    let token = match seen {
        Ok(token) if token.is_valid => token,
        Ok(_) | Err(Failure::Coded { code: 0 | 190, .. }) => {
            return vec![check.error("non vale: è scaduto, revocato o di un'altra app", renew)];
        }
        Err(Failure::Coded { code: 100, .. }) => {
            return vec![check.warning(
                "non controllato: Meta lo mostra solo a chi sviluppa l'app",
                "Guardarlo con lo strumento «Debugger token di accesso» di Meta.",
            )];
        }
        Err(failure) => return vec![check.unseen(*failure)],
    };
    let mut findings = Vec::new();
    for (scope, what) in [
        ("whatsapp_business_messaging", "mandare messaggi"),
        ("whatsapp_business_management", "leggere modelli, numeri e iscrizioni"),
    ] {
        if !token.scopes.iter().any(|it| it == scope) {
            let what = format!("manca il permesso {scope}: il token non può {what}");
            findings.push(check.error(what, renew));
        }
    }
    if token.kind != "SYSTEM_USER" {
        let what = "è il token di una persona: finisce di valere quando lei esce o cambia password";
        findings.push(check.warning(what, renew));
    }
    if let Some(on) = Timestamp::from_second(token.expires_at).ok().filter(|_| token.expires_at > 0)
    {
        let days = (on.as_second() - now.as_second()).div_euclid(86_400);
        let date = on.to_zoned(TimeZone::UTC).date();
        findings.push(check.warning(format!("scade il {date}, fra {days} giorni"), renew));
    }
    if findings.is_empty() {
        findings.push(check.ok("vale, non scade e ha i permessi che servono"));
    }
    findings
}

/// Fields of the webhook without which something of the service is missing. Source:
/// whatsapp-cloud-api, section 4.
const FIELDS: [&str; 11] = [
    "user_preferences",
    "message_template_status_update",
    "message_template_quality_update",
    "template_category_update",
    "account_update",
    "account_alerts",
    "account_review_update",
    "phone_number_quality_update",
    "phone_number_name_update",
    "business_capability_update",
    "security",
];

/// Whether Meta posts an app's webhooks to us, all kinds of them. `None`: without the token's app
/// nobody could ask.
pub fn subscription(
    app: &str,
    seen: Option<&FromMeta<Option<Subscription>>>,
    ours: &str,
) -> Vec<Finding> {
    let check = Check("webhook presso Meta", app);
    let Some(seen) = seen else { return vec![no_token(&check)] };
    let set = format!(
        "Nella pagina dell'app, WhatsApp, Configurazione, mettere l'indirizzo {ours} e il token di \
         verifica (META_VERIFY_TOKEN), poi attivare i campi."
    );
    let seen = match seen {
        Ok(Some(seen)) => seen,
        Ok(None) => return vec![check.error("l'app non ha un indirizzo per i webhook", set)],
        Err(Failure::Coded { code: 0 | 1 | 101 | 190, .. }) => {
            return vec![check.error(
                "META_APP_SECRET non è il segreto dell'app a cui appartiene il token",
                "Copiarlo dalla pagina dell'app, Impostazioni, Di base, e metterlo fra i segreti \
                 dell'app.",
            )];
        }
        Err(failure) => return vec![check.unseen(*failure)],
    };
    let mut findings = Vec::new();
    if !seen.active {
        findings.push(check.error("l'iscrizione dell'app non è attiva", set.clone()));
    }
    if !same_url(&seen.callback_url, ours) {
        let what = format!(
            "le notizie sull'account (modelli, limiti, avvisi) vanno a un altro indirizzo: {}",
            without_query(&seen.callback_url)
        );
        findings.push(check.warning(what, set.clone()));
    }
    if !seen.fields.iter().any(|it| it == "messages") {
        let what = "manca il campo messages: non arrivano né messaggi né ricevute";
        findings.push(check.error(what, set.clone()));
    }
    let lacks = |it: &&str| !seen.fields.iter().any(|field| field == it);
    let missing: Vec<_> = FIELDS.into_iter().filter(lacks).collect();
    if !missing.is_empty() {
        let what = format!("mancano i campi {}", missing.join(", "));
        findings.push(check.warning(what, set));
    }
    if findings.is_empty() {
        findings.push(check.ok("Meta manda qui tutti i campi che servono"));
    }
    findings
}

fn no_token(check: &Check) -> Finding {
    check.warning(
        "non controllato: il token non dice di quale app è",
        "Prima va sistemato il token, poi si ripete il controllo.",
    )
}

fn same_url(a: &str, b: &str) -> bool {
    a.trim_end_matches('/') == b.trim_end_matches('/')
}

/// What follows a question mark may be somebody's secret.
fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

/// Whether a line's account is the token's, and sends its webhooks to the token's app.
pub fn subscribed(line: &Line, token: Option<&Token>, apps: &FromMeta<Vec<String>>) -> Finding {
    let check = Check("iscrizione dell'account", line.id.as_str());
    let Some(token) = token else { return no_token(&check) };
    let account = &line.messaging_account_id;
    if token.accounts.as_ref().is_some_and(|it| !it.contains(account)) {
        return check.error(
            "il token non è stato dato per l'account della linea",
            "Assegnare l'account WhatsApp all'utente di sistema e rigenerare il token, oppure \
             correggere messaging_account_id nel file della linea.",
        );
    }
    match apps {
        Ok(apps) if apps.contains(&token.app_id) => {
            check.ok("l'account manda i suoi webhook alla nostra app")
        }
        Ok(_) => check.error(
            "l'account non manda i suoi webhook alla nostra app: non arriva nessun messaggio",
            format!(
                "Iscriverla: curl -X POST -H \"Authorization: Bearer $META_ACCESS_TOKEN\" \
                 https://graph.facebook.com/v25.0/{account}/subscribed_apps"
            ),
        ),
        Err(failure) => check.unseen(*failure),
    }
}

/// Whether a line's account belongs to a verified business.
pub fn business(line: &Line, seen: &FromMeta<String>) -> Finding {
    let check = Check("verifica dell'ente", line.id.as_str());
    let verify = "Nel Centro sicurezza del Business Manager, Verifica dell'azienda: servono \
         l'indirizzo e un documento dell'ente; si attendono alcuni giorni.";
    match seen.as_ref().map(|it| it.to_ascii_lowercase()) {
        Ok(it) if it == "verified" => check.ok("Meta ha verificato l'ente"),
        Ok(it) if it.starts_with("pending") => check
            .warning("la verifica è in corso: fino ad allora valgono i limiti più bassi", verify),
        Ok(it) if ["failed", "rejected", "revoked", "expired", "ineligible"].contains(&&*it) => {
            check.error(format!("la verifica non è riuscita o non vale più ({it})"), verify)
        }
        Ok(_) => check.warning(
            "Meta non ha verificato l'ente: al massimo 250 persone nuove al giorno",
            verify,
        ),
        Err(failure) => check.unseen(*failure),
    }
}

/// Whether a line's account can pay. Meta does not document the field; who reads it says that its
/// absence means there is no method.
pub fn payment(line: &Line, has_method: &FromMeta<bool>) -> Finding {
    let check = Check("metodo di pagamento", line.id.as_str());
    match has_method {
        Ok(true) => check.ok("c'è"),
        Ok(false) => check.error(
            "non risulta: gli avvisi non partono, e dopo i primi 1.000 al mese nemmeno le risposte",
            "In WhatsApp Manager, Strumenti account, Impostazioni di pagamento, aggiungere una \
             carta all'account.",
        ),
        Err(failure) => check.unseen(*failure),
    }
}

/// What a line's number is allowed, and how it fares. `ours` is its app's webhook.
pub fn number(line: &Line, seen: &FromMeta<Number>, ours: &str) -> Vec<Finding> {
    let about = line.id.as_str();
    let seen = match seen {
        Ok(seen) => seen,
        Err(failure) => return vec![Check("numero", about).unseen(*failure)],
    };
    vec![
        identity(line, seen),
        state(about, &seen.status),
        name(about, &seen.name_status),
        quality(about, &seen.quality),
        health(about, &seen.can_send, &seen.unwell),
        limit(line, &seen.tier),
        rate(line, &seen.throughput),
        address(about, seen.webhook.as_deref(), ours),
    ]
}

fn identity(line: &Line, seen: &Number) -> Finding {
    let check = Check("numero", line.id.as_str());
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    if digits(&seen.display_number) == digits(&line.display_number) {
        return check.ok("è quello del file della linea");
    }
    check.warning(
        "Meta ne ha un altro di quello scritto nel file della linea",
        "Correggere display_number, o phone_number_id se è quello sbagliato.",
    )
}

fn state(about: &str, status: &str) -> Finding {
    let check = Check("stato del numero", about);
    match status {
        "CONNECTED" => check.ok("collegato"),
        "PENDING" | "DISCONNECTED" | "OFFLINE" | "DELETED" | "MIGRATED" | "UNVERIFIED" => check
            .error(
                format!("non è collegato a WhatsApp ({status})"),
                "Registrarlo: POST /{phone_number_id}/register con il PIN di sei cifre, come nella \
                 guida al numero.",
            ),
        "BANNED" | "RESTRICTED" => check.error(
            format!("Meta lo ha sospeso ({status})"),
            "In WhatsApp Manager, Qualità dell'account, leggere il motivo e chiedere il riesame.",
        ),
        "FLAGGED" | "RATE_LIMITED" => check.warning(
            format!("Meta lo tiene d'occhio ({status})"),
            "Mandare solo avvisi attesi da chi li riceve, finché lo stato non torna regolare.",
        ),
        other => check.warning(
            format!("stato non conosciuto ({})", known(other)),
            "Guardare il numero in WhatsApp Manager.",
        ),
    }
}

/// Meta's own constant, or that there is none: nothing else of an answer is repeated.
fn known(constant: &str) -> &str {
    let is_constant = |it: u8| it.is_ascii_uppercase() || it == b'_';
    match constant {
        "" => "non detto",
        it if it.bytes().all(is_constant) => it,
        _ => "non leggibile",
    }
}

fn name(about: &str, status: &str) -> Finding {
    let check = Check("nome visualizzato", about);
    match status {
        "APPROVED" | "AVAILABLE_WITHOUT_REVIEW" => check.ok("approvato"),
        "PENDING_REVIEW" => check.warning(
            "Meta lo sta esaminando: fino ad allora si vede il numero",
            "Attendere, di solito pochi giorni; poi registrare di nuovo il numero entro 14 giorni.",
        ),
        other => check.error(
            format!("non è approvato ({})", known(other)),
            "In WhatsApp Manager, Numeri di telefono, chiedere un nome che corrisponda all'ente, \
             per esempio «Comune di …».",
        ),
    }
}

fn quality(about: &str, rating: &str) -> Finding {
    let check = Check("qualità del numero", about);
    let less = "Chi riceve segnala o blocca: mandare meno avvisi, solo a chi li ha chiesti, e dire \
         sempre come cancellarsi.";
    match rating {
        "GREEN" => check.ok("alta"),
        "YELLOW" => check.warning("media", less),
        "RED" => check.warning("bassa: Meta può fermare i modelli", less),
        _ => check.ok("non ancora misurata"),
    }
}

fn health(about: &str, can_send: &str, unwell: &[Unwell]) -> Finding {
    let check = Check("invio secondo Meta", about);
    let reasons: Vec<_> = unwell
        .iter()
        .map(|it| {
            let entity = match it.entity.as_str() {
                "PHONE_NUMBER" => "numero",
                "WABA" => "account WhatsApp",
                "BUSINESS" => "ente",
                "APP" => "app",
                other => known(other),
            };
            format!("{entity}, errore {}", it.code)
        })
        .collect();
    let reasons = if reasons.is_empty() { "non detto".to_owned() } else { reasons.join("; ") };
    let remedy = "Aprire in WhatsApp Manager ciò che è nominato e seguire quanto Meta chiede; gli \
         errori stanno in «Health status» della documentazione di Meta.";
    match can_send {
        "AVAILABLE" => check.ok("possibile"),
        "BLOCKED" => check.error(format!("impedito: {reasons}"), remedy),
        _ => check.warning(format!("limitato: {reasons}"), remedy),
    }
}

/// People in 24 hours; `None` is no limit, an error what we do not know.
fn people(tier: &str) -> Result<Option<u32>, ()> {
    match tier {
        "TIER_50" => Ok(Some(50)),
        "TIER_250" => Ok(Some(250)),
        "TIER_1K" => Ok(Some(1_000)),
        "TIER_2K" => Ok(Some(2_000)),
        "TIER_10K" => Ok(Some(10_000)),
        "TIER_100K" => Ok(Some(100_000)),
        "TIER_UNLIMITED" => Ok(None),
        _ => Err(()),
    }
}

fn limit(line: &Line, tier: &str) -> Finding {
    let check = Check("limite di messaggi", line.id.as_str());
    let Ok(metas) = people(tier) else {
        return check.warning(
            format!("Meta non lo dice ({})", tier_name(tier)),
            "Guardarlo in WhatsApp Manager, e scriverlo nel file della linea ([portfolio] limit).",
        );
    };
    let ours = line.portfolio.as_ref().and_then(|it| it.limit);
    let write =
        |n: u32| format!("Scrivere nel file della linea [portfolio] limit = {n}, e applicarlo.");
    match (metas, ours) {
        (None, None) => check.ok("nessuno"),
        (Some(metas), None) => check.warning(
            format!(
                "Meta ammette {metas} persone in 24 ore, il file della linea non ne dice nessuno"
            ),
            write(metas),
        ),
        (Some(metas), Some(ours)) if ours > metas => check.error(
            format!(
                "Meta ammette {metas} persone in 24 ore, il file della linea ne promette {ours}"
            ),
            write(metas),
        ),
        (Some(250), _) => check.warning(
            "250 persone in 24 ore, il più basso",
            "Con la verifica dell'ente sale a 2.000.",
        ),
        (_, Some(ours)) => check.ok(format!("{ours} persone in 24 ore, entro quello di Meta")),
    }
}

fn tier_name(tier: &str) -> &str {
    if tier.is_empty() { "nessuna risposta" } else { "un valore non conosciuto" }
}

fn rate(line: &Line, throughput: &str) -> Finding {
    let check = Check("velocità", line.id.as_str());
    let ours = line.rate;
    match throughput {
        "STANDARD" if ours > 80 => check.error(
            format!("il file della linea dice {ours} messaggi al secondo, Meta ne ammette 80"),
            "Scrivere nel file della linea rate = 80, e applicarlo.",
        ),
        "HIGH" | "STANDARD" => check.ok(format!("{ours} messaggi al secondo")),
        other => check.warning(
            format!("Meta non la dice ({})", known(other)),
            "Se il numero resta anche sul telefono (coexistence) scrivere rate = 20.",
        ),
    }
}

fn address(about: &str, seen: Option<&str>, ours: &str) -> Finding {
    let check = Check("indirizzo dei messaggi", about);
    match seen {
        Some(url) if same_url(url, ours) => check.ok("Meta li manda qui"),
        Some(url) => check.error(
            format!("Meta li manda altrove: {}", without_query(url)),
            format!(
                "Togliere l'indirizzo del numero o dell'account (override_callback_uri), e mettere \
                 {ours} nella pagina dell'app."
            ),
        ),
        None => check.error(
            "Meta non ne ha nessuno",
            format!("Mettere {ours} nella pagina dell'app, WhatsApp, Configurazione."),
        ),
    }
}

/// Whether Meta has a line's templates, approved, and says in them what the line file says.
pub fn templates(line: &Line, seen: &FromMeta<Vec<Template>>) -> Vec<Finding> {
    let check = Check("modelli", line.id.as_str());
    let seen = match seen {
        Ok(seen) => seen,
        Err(failure) => return vec![check.unseen(*failure)],
    };
    let ours = line.templates_for_meta();
    let mut findings = Vec::new();
    for our in &ours {
        let language = our.language.replace('-', "_");
        let same = |it: &&Template| it.name == our.name && it.language == language;
        findings.extend(template(&check, our, seen.iter().find(same)));
    }
    if findings.is_empty() {
        let n = ours.len();
        findings.push(check.ok(format!("tutti approvati e come nel file della linea: {n}")));
    }
    findings
}

fn template(check: &Check, ours: &domain::line::Template, seen: Option<&Template>) -> Vec<Finding> {
    let (name, language) = (&ours.name, &ours.language);
    let category = match ours.category {
        Category::Utility => "UTILITY",
        Category::Marketing => "MARKETING",
    };
    let Some(seen) = seen else {
        return vec![check.error(
            format!("«{name}» ({language}) manca"),
            format!(
                "Crearlo in WhatsApp Manager, Modelli di messaggio, con questo nome, categoria \
                 {category} e i testi del file della linea."
            ),
        )];
    };
    let mut findings = Vec::from_iter(approval(check, name, seen));
    if !seen.category.eq_ignore_ascii_case(category) {
        findings.push(check.warning(
            format!(
                "«{name}» per Meta è {}, per il file della linea {category}: costa altro",
                known(&seen.category)
            ),
            "Chiedere il riesame in WhatsApp Manager entro 60 giorni, oppure scrivere la stessa \
             categoria nel file della linea.",
        ));
    }
    let (here, there) = (places(&ours.body), places(&seen.body));
    let media = ours.header_media.map(|it| it.name().to_uppercase());
    if media != seen.header_media {
        findings.push(check.error(
            format!("«{name}» presso Meta ha in testa un altro tipo di file: gli invii falliscono"),
            "Scrivere nel file della linea lo stesso «header_media» («image», «video», «document», \
             o nessuno), oppure creare un modello con un altro nome.",
        ));
    }
    if here != there {
        findings.push(check.error(
            format!("«{name}» presso Meta ha altri parametri: gli invii falliscono"),
            "Modificarlo in WhatsApp Manager come nel file della linea, o il contrario.",
        ));
    } else if !says_the_same(ours, seen) {
        findings.push(check.warning(
            format!("«{name}» presso Meta ha un altro testo: l'anteprima mostra ciò che non parte"),
            "Modificarlo in WhatsApp Manager come nel file della linea, o il contrario.",
        ));
    }
    findings
}

fn approval(check: &Check, name: &str, seen: &Template) -> Option<Finding> {
    Some(match seen.status.as_str() {
        "APPROVED" => return None,
        "PENDING" | "IN_APPEAL" => check.warning(
            format!("«{name}» è in esame presso Meta"),
            "Attendere: di solito minuti, al massimo 24 ore.",
        ),
        "REJECTED" => check.error(
            format!("«{name}» è stato respinto ({})", known(&seen.rejected_reason)),
            "Leggere il motivo in WhatsApp Manager, cambiare il testo nel file della linea e là, e \
             mandarlo di nuovo.",
        ),
        "PAUSED" => check.error(
            format!("«{name}» è in pausa per le segnalazioni di chi lo riceve"),
            "Riparte da solo dopo 3 o 6 ore; alla terza volta viene disattivato: mandarlo a meno \
             persone o cambiarlo.",
        ),
        other => check.error(
            format!("«{name}» non si può usare ({})", known(other)),
            "Riattivarlo in WhatsApp Manager, o crearne uno con un altro nome.",
        ),
    })
}

fn says_the_same(ours: &domain::line::Template, seen: &Template) -> bool {
    let trimmed = |it: &Option<String>| it.as_deref().unwrap_or_default().trim().to_owned();
    let buttons: Vec<_> = ours.quick_reply.iter().cloned().collect();
    ours.body.trim() == seen.body.trim()
        && trimmed(&ours.header) == trimmed(&seen.header)
        && trimmed(&ours.footer) == trimmed(&seen.footer)
        && buttons == seen.buttons
}

/// The names of a body's parameters, in order.
fn places(body: &str) -> Vec<&str> {
    let mut names: Vec<_> = body
        .split("{{")
        .skip(1)
        .filter_map(|it| it.split_once("}}"))
        .map(|(name, _)| name.trim())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether a queue is worked off. More than `usual` waiting is odd.
pub fn queue(name: &str, seen: &FromAws<Depth>, usual: u64) -> Finding {
    let check = Check("coda", name);
    match seen {
        Ok(it) if it.visible > usual => check.warning(
            format!("{} messaggi aspettano", it.visible),
            "Se non diminuiscono, leggere i log della funzione che la svuota.",
        ),
        Ok(it) => check.ok(format!(
            "{} in attesa, {} per più tardi, {} in lavorazione",
            it.visible, it.delayed, it.in_flight
        )),
        Err(code) => unread(&check, code),
    }
}

/// Whether nothing was given up.
pub fn dead_letters(name: &str, seen: &FromAws<Depth>) -> Finding {
    let check = Check("messaggi non elaborati", name);
    match seen {
        Ok(it) if it.visible + it.in_flight + it.delayed > 0 => check.error(
            format!("{}", it.visible + it.in_flight + it.delayed),
            "Guardare perché con `filodiretto dlq list`, e dopo la correzione rimandarli con \
             `filodiretto dlq redrive`.",
        ),
        Ok(_) => check.ok("nessuno"),
        Err(code) => unread(&check, code),
    }
}

fn unread(check: &Check, why: &str) -> Finding {
    check.warning(
        format!("non controllato: {why}"),
        "Se è un permesso che manca, usare le credenziali di chi ha installato; altrimenti riprovare.",
    )
}

/// Whether the account may use the region.
pub fn region(name: &str, status: &FromAws<String>) -> Finding {
    let check = Check("regione AWS", name);
    let enable = "Nella console AWS, Account, Regioni AWS, attivarla; servono alcuni minuti.";
    match status.as_deref() {
        Ok("ENABLED" | "ENABLED_BY_DEFAULT") => check.ok("attiva per l'account"),
        Ok("ENABLING") => check.warning("si sta attivando", "Attendere alcuni minuti."),
        Ok(_) => check.error("non è attiva per l'account", enable),
        Err(code) => unread(&check, code),
    }
}

/// What the functions need at their busiest: the event sources' caps, and a webhook, an API and two
/// timers beside them.
const CONCURRENCY: u64 = 30;

/// Whether the account lets enough functions run at once. New accounts start with ten.
pub fn concurrency(region: &str, quota: &FromAws<u64>) -> Finding {
    let check = Check("funzioni contemporanee", region);
    match quota {
        Ok(quota) if *quota < CONCURRENCY => check.warning(
            format!("l'account ne ammette {quota}: durante un invio Meta può trovare occupato"),
            "Chiederne 1.000 in Service Quotas, AWS Lambda, Concurrent executions (L-B99A9384): \
             gratis, uno o due giorni.",
        ),
        Ok(quota) => check.ok(format!("{quota}")),
        Err(code) => unread(&check, code),
    }
}

/// Beyond this a clock is wrong, even if an answer was slow.
const LATE_SECONDS: i64 = 30;
/// AWS refuses what was signed further off. Source: IAM User Guide, signature version 4.
const TOO_LATE_SECONDS: i64 = 5 * 60;

/// Whether this machine's clock goes with another's: `seconds` is how far ours is ahead.
pub fn clock(whose: &str, seconds: Option<i64>) -> Finding {
    let check = Check("orologio", whose);
    let Some(seconds) = seconds else {
        return check.warning(
            "non controllato: nessuna risposta con data e ora",
            "Controllare la connessione e riprovare.",
        );
    };
    let set =
        "Attivare la sincronizzazione dell'ora su questa macchina (timedatectl set-ntp true).";
    let way = if seconds > 0 { "avanti" } else { "indietro" };
    let off = match seconds.abs() {
        it if it < 120 => format!("questa macchina è {way} di {it} secondi"),
        it => format!("questa macchina è {way} di {} minuti", it / 60),
    };
    match seconds.abs() {
        it if it >= TOO_LATE_SECONDS => {
            check.error(format!("{off}: AWS rifiuta le richieste"), set)
        }
        it if it >= LATE_SECONDS => check.warning(off, set),
        _ => check.ok("giusto"),
    }
}

#[cfg(test)]
mod tests;
