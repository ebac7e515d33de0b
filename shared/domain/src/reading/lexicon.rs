// SPDX-License-Identifier: EUPL-1.2
//! What Italian words mean to this service: the word lists, and looking words up in them.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// What a word or phrase is, for the grammar. One meaning each: a phrase is listed where a word
/// alone would mislead (`mi cancello` leaves, `cancello` is a gate).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    Greeting,
    Courtesy,
    Yes,
    No,
    /// Articles, prepositions, adverbs: change nothing.
    Glue,
    /// "vorrei".
    Wish,
    /// "potete": a question that is a request.
    Request,
    /// "mio".
    My,
    /// The comune itself: named in passing, it is no object.
    Comune,
    /// This service by a name others have too: "servizio", "lista".
    Service,
    /// This service without doubt: "whatsapp", "broadcast".
    Channel,
    /// What it sends: "notizie", "avvisi".
    Content,
    /// "informazioni": what it sends, or a question.
    Info,
    /// "iscrizione": this service's, or a school's.
    Enrolment,
    /// Says all by itself: "iscrivimi".
    Join,
    /// A question that is a request: "mi iscrivete".
    JoinPlease,
    /// Needs the service as its object: "aggiungetemi".
    JoinWeak,
    /// Does not say who: "iscrivere".
    JoinVague,
    /// "fare", of an enrolment.
    Perform,
    /// "essere iscritto": wanted, or wanted no more.
    Enrolled,
    Leave,
    LeavePlease,
    /// "cancellazione".
    LeaveNoun,
    /// Needs the service as its object: "annullare".
    LeaveWeak,
    /// "revoco", whose object is a consent.
    Revoke,
    Consent,
    /// "il mio numero".
    MyNumber,
    Stop,
    /// "niente messaggi": an end by itself.
    Enough,
    /// "smettetela di": of what?
    Cease,
    Not,
    /// "piu", after a "non".
    More,
    /// "niente".
    Nothing,
    Receive,
    /// "mandatemi", "disturbatemi".
    SendMe,
    /// "mandate": "nun me mannate piu".
    Send,
    Interest,
    /// "mi serve": said of anything.
    Need,
    Without,
    TopicNoun,
    Topic,
    /// A topic, or a matter of the offices: "scuola".
    OfficeTopic,
    Add,
    Remove,
    Only,
    Also,
    All,
    /// "cambiare", of topics.
    Change,
    On,
    Off,
    Question,
    /// "cosa", "quali".
    What,
    /// "se mi iscrivo": a supposition.
    Doubt,
    /// What only an office of the comune can do something about.
    Municipal,
    ThirdParty,
    Digits,
    /// "dati": a person's, or any.
    WeakData,
    Data,
    /// The data protection law itself.
    Gdpr,
    /// What has been done already: "mi sono cancellato".
    Done,
    Still,
    /// "novita".
    News,
    /// A newsletter: by e-mail perhaps.
    Newsletter,
    /// Moved house: "cancellatemi" may then mean the registry.
    Moved,
    /// "mi chiamo": a name follows.
    NameIntro,
    Name,
    /// An ordinary word that is no name.
    Ordinary,
    Unknown,
}

/// A set of classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Classes(u128);

impl Classes {
    pub(super) const fn of(classes: &[Class]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < classes.len() {
            bits |= 1 << classes[at] as u8;
            at += 1;
        }
        Self(bits)
    }

    pub(super) fn insert(&mut self, class: Class) {
        self.0 |= 1 << class as u8;
    }

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn has(self, class: Class) -> bool {
        self.0 & (1 << class as u8) != 0
    }

    pub(super) fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

/// The lists. Entries are parted by commas; more words in an entry make a phrase, which wins over
/// its parts; `/` parts words that may stand in one place; `*` ends a stem. All is written as [`super::normalise`] leaves it.
const WORDS: &[(Class, &str)] = &[
    (
        Class::Greeting,
        "come va, come stai, come state, tutto bene, ciao, salve, buongiorno, buon giorno, \
         bungiorno, buondi, buonasera, buona sera, buon pomeriggio, buonpomeriggio, hey, ehi, \
         ehila, hola, saluti a tutti, bondi, mandi, gentile/spettabile/spett/egregio/egregi/caro/cari/cara \
         ufficio/uffici/urp/sindaco/signori/signore/signora/redazione/sportello/amici/tutti, \
         gentile comune, egregi, spettabile, spett, \
         spettle, gentili signori, gentili, gentile, cari, caro comune, pronto, c e qualcuno",
    ),
    (
        Class::Courtesy,
        "grazie, grazie mille, mille, mille grazie, tante grazie, grassie, ringrazio, vi \
         ringrazio, la ringrazio, ringraziando, ringraziandovi, anticipatamente, in anticipo, \
         per favore, per cortesia, per piacere, perpiacere, percortesia, please, thanks, thank \
         you, cortesemente, gentilmente, gentilissimi, gentilissimo, gentilissima, saluti, \
         cordiali saluti, distinti saluti, cordialmente, cordialita, un saluto, buon lavoro, \
         buona giornata, buona serata, buona domenica, buon weekend, buon fine settimana, \
         buonanotte, buona notte, arrivederci, arrivederla, a presto, a domani, scusate, scusi, \
         scusa, mi scusi, scusate il disturbo, chiedo scusa, prego, di niente, figurati, \
         figuratevi, auguri, tanti auguri, buon natale, buone feste, buona pasqua, buon anno, \
         buon ferragosto, felice anno nuovo, altrettanto, anche a voi, anche a te, anche a lei, infinite, di cuore, a lei/voi/te, a tutti voi, va benissimo, tante \
         belle/buone cose, grazie ancora, ancora grazie, a posto, tutto a posto, tutto ok, \
         continuate/continua cosi, come sempre, con piacere, con molto piacere, molto volentieri, cari/tanti saluti, \
         siete/sei stati/stato/stata gentili/gentilissimi/gentilissima/bravi/bravissimi/utili, \
         e stato/stata gentile/gentilissimo/gentilissima/bravo/brava/utile, a tutto l \
         ufficio/staff, \
         complimenti, bravi, bravo, bravissimi, ottimo, ottimo lavoro, perfetto, benissimo, \
         molto bene, bene, va bene, d accordo, ricevuto, capito, ho capito, tutto chiaro, \
         chiaro, letto, apprezzo, utile, utili, molto utile, molto utili, utilissimo, \
         utilissime, utilissima, fantastici, fantastico, siete fantastici, siete grandi, siete \
         bravissimi, siete bravi, efficienti, efficientissimi, bel servizio, ottimo servizio, \
         bella iniziativa, bellissima iniziativa, ottima iniziativa, buona iniziativa, siete \
         gentili, molto gentili, molto gentile, troppo gentili, gentilezza, vi prego, ve prego, \
         la prego, ti prego, se possibile, se potete, se puo, se puoi, se non vi dispiace, se \
         non e un problema, quando potete, appena potete, resto in attesa, in attesa, ok \
         grazie, si grazie mille, evviva, bello, super, top, forti, siete forti",
    ),
    (
        Class::Yes,
        "ho letto/visto/accettato la/l policy/informativa/privacy, letta la/l policy/informativa, \
         accetto la/l/le policy/informativa/privacy/condizioni, accetto tutto, \
         acconsento/autorizzo al/il trattamento, acconsento/autorizzo al/il trattamento dei miei \
         dati, acconsento/autorizzo al/il trattamento dei dati, do/presto/confermo il consenso, \
         do/presto/confermo il mio consenso, si, yes, certo, certamente, esatto, confermo, ok, okay, okey, accetto, acconsento, \
         volentieri",
    ),
    (Class::No, "no, nope"),
    (
        Class::Glue,
        "il, lo, la, i, gli, le, l, un, una, uno, di, d, del, dello, della, dei, degli, delle, \
         dell, a, al, allo, alla, ai, agli, alle, all, ar, da, dal, dallo, dalla, dai, dagli, \
         dalle, dall, in, nel, nello, nella, nei, negli, nelle, nell, su, sul, sullo, sulla, \
         sui, sugli, sulle, sull, con, col, per, tra, fra, e, ed, o, oppure, mi, me, vi, ve, \
         ci, ne, che, io, voi, vostro, vostra, vostri, vostre, questo, questa, questi, queste, \
         quest, sto, sta, sti, ste, quello, quella, quei, c, s, pure, subito, ora, adesso, \
         oggi, immediatamente, definitivamente, urgentemente, gratuitamente, tutti i giorni, \
         sempre, direttamente, via, tramite, attraverso, mediante, con la presente, presente, \
         anch, nuovamente, di nuovo, ancora una volta, quindi, allora, poi, dunque, inoltre, \
         comunque, insomma, ecco, come da, come da policy, come da istruzioni/oggetto/titolo/accordi, \
         senza/tra virgolette, li, scrivo, scrivo per, vi scrivo, vi scrivo per, scrivo qui, \
         di/della questa/scorsa settimana, questa settimana, di/del questo mese, mi/ci avete \
         stancato/stufato/rotto, non ne posso piu, avere, molto, tanto, immediata, definitiva, totale, stufato, stufata, \
         stufo, stufa, stanco, stanca, me so, ho detto che, vi ho detto che, ao, oh, eh, ah, \
         beh, ma, pero, sono, richiesta, richiesta di, la parola, parola, qui, qua, cosi, \
         davvero, proprio, possibilmente, tutte, tutti, istituzionale, comunale, comunali, \
         ufficiale, messaggistica",
    ),
    (
        Class::Wish,
        "vorrei, volevo, voglio, vojo, voio, vogghiu, vulisse, vulesse, vulimm, vulimmo, vurria, vorria, voria, \
         mi fa/farebbe piacere, sarei/sono felice/lieto/lieta/contento/contenta di, ho piacere di, vorremmo, vogliamo, desideriamo, chiediamo, chiedo/chiediamo/vorrei/voglio/desidero che, \
         desidero, desidererei, desideravo, gradirei, intendo, intenderei, chiedo, chiedo di, \
         vi chiedo, richiedo, chiederei, vorrei poter, mi piacerebbe, preferirei, preferisco, \
         ho deciso di, chiedo di poter, chiedo cortesemente di, avrei piacere di, avrei bisogno \
         di, ho bisogno di, sono interessato a, sono interessata a, sarei interessato a, sarei \
         interessata a, manifesto la volonta di, dichiaro di, con la presente chiedo, vuole, \
         volete",
    ),
    (
        Class::Request,
        "potete, puoi, puo, potrei avere, potresti, potreste, potrebbe, potrebbero, mi potete, mi puoi, mi \
         puo, riuscite a, sapreste, vi spiace, le spiace, vi dispiace",
    ),
    (Class::My, "mio, mia, miei, mie, tuo, tua, suo, sua, mia richiesta"),
    (
        Class::Comune,
        "comune, municipio, amministrazione comunale, amministrazione, citta, il comune",
    ),
    (
        Class::Service,
        "servizio, lista, liste, elenchi, elenco, rubrica, gruppo, chat, canale, iniziativa, \
         sistema, mailing list, numero, contatto, contatti, filo diretto, servizio \
         informazioni, servizio di informazioni, servizio informativo, servizio info, servizio \
         di messaggistica, servizio news",
    ),
    (
        Class::Channel,
        "whatsapp, what s app, whats app, wats app, broadcast, lista broadcast, servizio \
         whatsapp, servizio broadcast, lista whatsapp, servizio di whatsapp, servizio whatsapp \
         broadcast, chat whatsapp, numero whatsapp, canale whatsapp, gruppo whatsapp, lista di \
         whatsapp, lista di distribuzione, lista messaggi, lista dei messaggi, lista news, \
         lista delle news, servizio di news, servizio di broadcast",
    ),
    (
        Class::Content,
        "news, notizie, notiziario, avvisi, comunicazioni, aggiornamenti, messaggi, messagi, \
         messaggini, missaggi, notifiche, bollettino, bollettini, novita del comune, \
         comunicati, segnali, spam, pubblicita, promozioni, informazioni dal comune, \
         informazioni del comune, informative, roba",
    ),
    (Class::Info, "informazioni, info, informazione, infos"),
    (Class::Enrolment, "iscrizione, inscrizione, adesione, registrazione, sottoscrizione"),
    (
        Class::Join,
        "iscrivimi, inscrivimi, iscrivemi, iscriveme, inscriveme, iscriviti, iscrivermi, \
         inscrivermi, iscriverme, iscrivetemi, inscrivetemi, iscriveteme, mi iscrivo, mi \
         inscrivo, me iscrivo, iscrivendomi, iscrivi mi, reiscrivimi, riscrivetemi al servizio, \
         mi reiscrivo, reiscrivermi, reiscrivetemi, attiva, attivami, attivatemi, attivarmi, \
         riattivami, riattiva, riattivatemi, attivazione, riattivazione, aderisco, aderire, \
         abbonami, abbonatemi, mi abbono, me iscrive, mi voglio iscrivere, mi vorrei iscrivere, \
         mi volevo iscrivere, mi desidero iscrivere, me voglio iscrive, me vorrei iscrive, mi \
         vorrei registrare al servizio, segnatemi al servizio, mi sto iscrivendo, procedo con l \
         iscrizione, start news/avvisi/notizie/messaggi/whatsapp/servizio",
    ),
    (
        Class::JoinPlease,
        "mi iscrivete, mi iscrivi, mi puo iscrivere, mi potete iscrivere, mi puoi iscrivere, mi \
         potreste iscrivere, mi potrebbe iscrivere, mi attivate, mi aggiungete, mi inserite, mi \
         potete aggiungere, mi puoi aggiungere, mi potete inserire, mi puo aggiungere, mi puo \
         inserire, mi puoi inserire, mi potreste aggiungere, mi potreste inserire, mi aggiungi, \
         mi inserisci, mi iscriva/iscrivano/inserisca/aggiunga/attivi, \
         mi puo/puoi/potete/potresti/potreste/potrebbe/fate/fa/fai iscrivere/aggiungere/inserire, \
         mi volete/vuole/vuoi iscrivere/aggiungere/inserire",
    ),
    (
        Class::JoinWeak,
        "aggiungimi, aggiungetemi, aggiungermi, inseritemi, inseriscimi, inserirmi, mettetemi, \
         mettimi, metteteme, mettermi, segnatemi, segnami, registrami, registratemi, \
         registrarmi, mi registro, attivare, attivate, abbonarmi, entrare, entrare a far parte, riattivare, riattivate, \
         iscrivi, abilitare, abilitatemi, abilitami, iscriverci, iscriveteci, mi segno",
    ),
    (
        Class::JoinVague,
        "iscrivere, iscriversi, iscrive, iscriva, iscrivano, registrare, registrarsi, abbonare, iscrivete, iscrivo",
    ),
    (
        Class::Perform,
        "fare, faccio, farei, effettuare, effettuo, procedere, completare, confermare, \
         rinnovare",
    ),
    (
        Class::Enrolled,
        "essere iscritto, essere iscritta, essere inserito, essere inserita, essere aggiunto, \
         essere aggiunta, essere registrato, essere registrata, essere iscritti/inseriti/aggiunti, far parte, fare parte, stare, \
         rimanere, restare, rimanere iscritto, restare iscritto",
    ),
    (
        Class::Leave,
        "cancellami, cancellatemi, cancellarmi, cancellateme, cancelleme, cancelatemi, \
         cancelarmi, scancellami, scancellatemi, scancelleme, scanceleme, scancellateme, \
         cancellatemi pure, cancelleteme, canceleme, mi cancello, me cancello, cancellandomi, \
         cancellateci, cancellarci, disiscrivimi, disiscrivetemi, disiscrivermi, mi disiscrivo, \
         disiscrivo, disiscriveme, disinscrivimi, disinscrivermi, disinscrivetemi, \
         disiscrizione, disinscrizione, desiscrivimi, disiscriviti, disiscrivi, disiscrivere, \
         mi voglio cancellare, mi vorrei cancellare, mi volevo cancellare, mi voglio \
         disiscrivere, mi vorrei disiscrivere, mi voglio togliere, mi vorrei togliere, cancella \
         mi, cancellate mi, togli mi, togliete mi, leva mi, disattiva mi, gavarme, gaveme, \
         disattiva, disattivami, disattivatemi, disattivarmi, rimuovimi, rimuovetemi, \
         rimuovermi, mi rimuovo, eliminami, eliminatemi, eliminarmi, toglimi, toglietemi, \
         togliermi, togliteme, toglieteme, toglieme, toglime, mi tolgo, levami, levatemi, \
         levarmi, levateme, leveme, leviteme, depennatemi, depennami, escludetemi, escludimi, \
         cavatemi, caveme, caveteme, tiratemi via, tirame via, tireme via, disabbonami, \
         disabbonatemi, disabbonarmi, mi disabbono, essere cancellato, essere cancellata, \
         essere rimosso, essere rimossa, essere tolto, essere tolta, essere eliminato, essere \
         eliminata, essere disiscritto, essere disiscritta, essere \
         cancellati/rimossi/tolti/eliminati/disiscritti/escluso/esclusa, \
         venga/sia/venire/vengano/siano \
         cancellato/cancellata/rimosso/rimossa/tolto/tolta/eliminato/eliminata/disattivato, recedo dal servizio, \
         recesso dal servizio, unsubscribe",
    ),
    (
        Class::LeavePlease,
        "mi cancellate, mi cancelli, mi disiscrivete, mi disiscrivi, mi togliete, mi togli, mi \
         levate, mi levi, mi rimuovete, mi rimuovi, mi eliminate, mi elimini, mi disattivate, \
         mi potete cancellare, mi puoi cancellare, mi puo cancellare, mi potreste cancellare, \
         mi potete togliere, mi puoi togliere, mi puo togliere, mi potete rimuovere, mi potete \
         levare, mi puoi levare, mi potete eliminare, mi potete disiscrivere, mi potreste \
         togliere, mi tolga/cancelli/rimuova/elimini/levi/disiscriva/disattivi/escluda, \
         mi tolgano/cancellino/rimuovano, \
         mi puo/puoi/potete/potresti/potreste/potrebbe/fate/fa/fai \
         cancellare/togliere/rimuovere/levare/eliminare/disiscrivere/escludere, \
         mi volete/vuole/vuoi cancellare/togliere/rimuovere/levare/eliminare/disiscrivere",
    ),
    (Class::LeaveNoun, "cancellazione, disattivazione, rimozione"),
    (
        Class::LeaveWeak,
        "esci, cancellarsi, disiscriversi, disiscrive, disiscrivete, disiscriva, annulli, disattivi, \
         rimuova, tolga, termini il, cancella, cancellare, cancellate, cancelli, \
         annulla, annullare, annullate, annullo, annullamento, disattivare, disattivate, \
         disattivo, elimina, eliminare, eliminate, rimuovi, rimuovere, rimuovete, disdire, \
         disdico, disdite, disdici, disdetta, uscire, esco, uscita, abbandonare, abbandono, \
         lasciare, lascio, recedere, recedo, recesso, terminare, interrompere, sospendere, \
         fatemi uscire, fammi uscire, cessare, cessazione, rinuncio, rinunciare, rinuncia, \
         disabilita, disabilitare, disabilitate, silenziare, bloccare, bloccate, togliere",
    ),
    (Class::Revoke, "revoco, revoca, revocare, ritiro, ritirare, revocate"),
    (
        Class::Consent,
        "consenso, il consenso, autorizzazione, l autorizzazione, mio consenso, l adesione",
    ),
    (
        Class::MyNumber,
        "mio numero, mio contatto, mio nominativo, mio nome, mio cellulare, mio telefono, mia \
         utenza telefonica, mio numero di telefono, mio numero di cellulare, mio recapito, \
         questo numero, mio numero telefonico, mio profilo, mia utenza whatsapp",
    ),
    (
        Class::Stop,
        "stop messaggio/messaggi, stoppa, stoppate, stoppare, fate basta, stop, basta, alt, stopp, stoop",
    ),
    (
        Class::Enough,
        "lasciatemi in pace, lasciatemi stare, non disturbate, non disturbatemi, non scocciate, \
         non scocciatemi, non importunatemi, no messaggi, no/niente/nessun piu messaggi/messaggio/avvisi/notifiche, niente messaggi, nessun messaggio, no \
         spam, non mi disturbate, non voglio essere/venire \
         disturbato/disturbata/contattato/contattata/scocciato, lasciateci/lasciami in pace",
    ),
    (
        Class::Cease,
        "smettete, smettetela, smettila, smetti, smettere, finitela, finiscila, piantatela, \
         piantala, non rompete, ferma, fermate, finiamola, la finite, la smettete, la finisci, la smetti, la finiamo, \
         evitate, evita, interrompete, interrompi, sospendete, sospendi, \
         fermare",
    ),
    (
        Class::Not,
        "non, nun, no me, no mi, un mi, un me, un ne, un vo, nu me, nu mi, mai, num, minga, \
         gnanca, nemmeno, no vojo, no voglio, no voio, un voglio, nu voglio",
    ),
    (Class::More, "ho/abbiamo piu bisogno di, piu, chiu, cchiu, pi, oltre"),
    (Class::Nothing, "niente, nessun, nessuna, nessuno"),
    (
        Class::Receive,
        "ricevere, riceve, riceverne, riceverli, riceverle, ricevermi, arrivare, posso ricevere",
    ),
    (
        Class::SendMe,
        "mandatemi, mandami, mannateme, mannatemi, mandarmi, mandarmeli, inviatemi, inviami, \
         inviarmi, essere aggiornato, essere aggiornata, essere informato, essere informata, \
         essere avvisato, essere avvisata, rimanere aggiornato, rimanere aggiornata, rimanere \
         informato, restare aggiornato, restare informato, tenetemi aggiornato, tenetemi \
         aggiornata, tenetemi informato, tenetemi informata, avvisatemi, avvertitemi, \
         informatemi, aggiornatemi, tienimi aggiornato, tienimi informato, fatemi avere, \
         mandatemeli, mandatemene, inviatemeli, mandateme, fatemi arrivare, spedirmi, speditemi",
    ),
    (
        Class::Send,
        "scriva, scrivano, contatti, contattino, disturbi, disturbino, spedisca, scrivetemi, \
         scriveteme, scrivermi, contattatemi, contattarmi, disturbatemi, \
         disturbarmi, mandate, mandi, mandare, mannate, inviate, inviare, invii, scrivete, \
         scrivere, inoltrate, spedite, spedire, spammare, contattare, disturbare, mandarne, \
         inviarne, invio, invii, mandatene, arrivano, arrivi",
    ),
    (
        Class::Interest,
        "interessa, interessano, mi interessa, mi interessano, interessato, interessata, \
         interesse",
    ),
    (Class::Need, "mi serve, mi servono, mi occorre, mi servite"),
    (Class::Without, "senza, tranne, eccetto, escluso, esclusi, meno"),
    (
        Class::TopicNoun,
        "argomenti, argomento, temi, tema, canali, categorie, categoria, preferenze, interessi, \
         tematiche, tematica, liste disponibili, sezioni, lista argomenti, lista canali, \
         rubriche",
    ),
    (
        Class::Topic,
        "eventi, manifestazioni, spettacoli, allerte, allerta, allerta meteo, allerte meteo, \
         allarmi, emergenze, emergenza, meteo, protezione civile, pubblica utilita, utilita, \
         pubblicautilita, scadenze, servizi, turismo, cultura, sport, sociale, giovani, \
         viabilita, traffico, appuntamenti culturali, iniziative, informazioni di pubblica \
         utilita, comunicazioni di servizio, interruzioni, ordinanze, avvisi meteo, allerta \
         maltempo, maltempo, farmacie",
    ),
    (
        Class::OfficeTopic,
        "scuola, scuole, rifiuti, ambiente, biblioteca, bandi, lavori pubblici, lavori, \
         trasporti, mercato, mercati, anziani, famiglie, famiglia, commercio, imprese, \
         concorsi, raccolta differenziata, mensa, elezioni, teatro, musei, museo, strade",
    ),
    (
        Class::Add,
        "aggiungi, aggiungere, aggiungete, aggiungo, includi, includere, add, ricevo anche",
    ),
    (Class::Remove, "togli, togliete, leva, levate, tolgo, escludi, escludere, escludete"),
    (Class::Only, "solo, soltanto, solamente, unicamente, esclusivamente, solo per, solo le"),
    (Class::Also, "anche"),
    (
        Class::All,
        "tutto, entrambi, entrambe, tutti gli argomenti, tutti i temi, tutti i canali, tutte le \
         categorie, tutte le notizie, tutti gli avvisi",
    ),
    (
        Class::Change,
        "cambia, cambiare, cambio, modifica, modificare, scegli, scegliere, scelgo, scelta, \
         gestisci, gestire, gestione, imposta, impostare, impostazioni, aggiorna, aggiornare, \
         mostra, mostrami, elenca, vedi, lista dei, elenco dei, ci sono, avete, disponibili, \
         disponibile, esistono, possibili, quali sono, miei, mie, trattate, a cui, cui, posso \
         scegliere, mostratemi, fammi/fatemi/fate vedere, vedere, rivedere, leggere, rileggere, \
         rimandami, rimandatemi, mi fate vedere",
    ),
    (Class::On, "on"),
    (Class::Off, "off"),
    (
        Class::Question,
        "offre, offrite, consiste, come, come si fa, come si fa a, come faccio, come faccio a, come faccio ad, come \
         posso, come ci si, come si, come mai, dove, quando, quanto, quanta, quanti, quante, \
         perche, chi, si puo, e possibile, sarebbe possibile, posso, possiamo, potrei, devo, \
         dovrei, bisogna, serve, a che ora, cosa devo, cosa devo scrivere, cosa devo fare, cosa \
         devo fare per, funziona, vorrei sapere, volevo sapere, sapere, mi dite, mi sapete \
         dire, sapete, sapete dirmi, potete dirmi, potete spiegarmi, spiegatemi, ditemi, dimmi, \
         in che modo, si usa, usa, usare, usarlo, utilizzare, si utilizza, spieghi, spiegate, spiegarmi, \
         si fa, avviene, informazioni su, informazioni sul, info su, info \
         sul, informazioni sulla, info sulla, a cosa, e attivo, e gratuito, costa, e gratis, si \
         paga",
    ),
    (Class::What, "cosa, cos, che cosa, quale, quali, qual, di cosa, su cosa, che tipo di"),
    (
        Class::Doubt,
        "se, qualora, nel caso, purche, finche, altrimenti, senno, forse, magari, \
         eventualmente, ipotesi",
    ),
    (
        Class::Municipal,
        "asilo, asili, nido, nidi, scolastic*, scuolabus, pulmino, refezione, mense, trasport*, \
         navetta, autobus, bus, treno, centro estivo, centri estivi, centro diurno, grest, \
         doposcuola, pre scuola, prescuola, post scuola, dopo scuola, corso, corsi, lezion*, \
         laboratori*, palestra, palestre, nuoto, piscina, calcio, judo, karate, danza, yoga, \
         zumba, pilates, pallavolo, basket, tennis, ginnastica, ludoteca, campo, campi, torneo, \
         gara, gare, maratona, camminata, gita, soggiorno, colonia, sagra, fiera, banda, coro, \
         musica, concerto, evento, incontro, riunione, assemblea, bibliotec*, prestito, libro, \
         libri, anagraf*, residenza, residenze, domicilio, migrazione, cambio casa, cambio di \
         residenza, indirizzo, aire, elettoral*, elettore, seggio, votare, voto, referendum, \
         presidente di seggio, albo, albi, scrutator*, giudici popolari, registro, registri, \
         volontari*, servizio civile, stato civile, stato di famiglia, tari, imu, irpef, tasi, \
         tosap, cosap, tribut*, tassa, tasse, imposta comunale, pagopa, pago pa, f24, rata, \
         rate, bollett*, multa, multe, sanzion*, verbale, verbali, contravvenzion*, \
         appuntament*, prenot*, pratica, pratiche, domanda, domande, istanza, istanze, \
         protocollo, permesso, permessi, ztl, pass, contrassegno, disabili, disabile, invalid*, \
         passo carrabile, carrabile, luce votiva, luci votive, lampada votiva, votiva, luce, \
         gas, acqua, acquedotto, fognatura, contatore, contatori, utenza, utenze, spid, cie, \
         cns, pin, puk, carta d identita, carta di identita, carta identita, documento, \
         documenti, documentazione, patente, passaporto, tessera, tessere, tessera sanitaria, \
         abbonamento, abbonamenti, cane, cani, gatto, gatti, canile, gattile, microchip, \
         cassonett*, bidon*, lampion*, buca, buche, marciapied*, strada, semaforo, tombin*, \
         panchin*, alber*, erba, siepe, fontana, parco, parchi, giardin*, gioco, giochi, \
         piazza, ponte, fosso, torrente, fiume, atto, atti, certificat*, autocertificazion*, \
         catast*, catastal*, camera mortuaria, camera ardente, cimiter*, loculo, loculi, tomba, \
         defunt*, morto, morta, decesso, funeral*, matrimoni*, nozze, sposar*, pubblicazion*, \
         separazion*, divorzi*, nascita, nascite, figlio neonato, cittadinanza, permesso di \
         soggiorno, questura, edilizi*, scia, cila, suap, sue, condono, urbanistic*, prg, pgt, \
         mappa, planimetri*, cantier*, occupazione suolo, suolo pubblico, suolo, dehors, \
         plateatico, parcheggi*, sosta, autoveloc*, targa, auto, automobile, macchina, \
         macchine, moto, camion, divieto, cartello, segnaletica, rotatoria, bando, graduatori*, \
         concorso, assegno, assegni, contribut*, bonus, buono, buoni spesa, sussidi*, isee, \
         reddito, affitto, casa popolare, case popolari, alloggi*, erp, assistente sociale, \
         assistenti sociali, servizi sociali, assistenza domiciliare, badante, medico, vaccin*, \
         ospedale, asl, ausl, cup, ricetta, visita, esame, modulo, moduli, modulistica, delega, \
         firma, spunta, timbro, marca da bollo, ufficio, uffici, sportello, sportelli, sindaco, \
         sindaca, assessor*, consiglier*, consiglio comunale, giunta, vigile, vigili, polizia \
         locale, polizia municipale, carabinieri, notaio, avvocato, ricorso, denuncia, oggetti \
         smarriti, smarrit*, furto, verde, umido, plastica, carta, vetro, secco, ingombrant*, \
         ecocentro, isola ecologica, discarica, spazzatura, compost*, sacchi, sacchetti, \
         mastell*, differenziat*, raccolta, attesa, lista d attesa, lista di attesa, liste d \
         attesa, graduatoria, ritiro ingombranti, tavolo, posto, posti, biglietto, biglietti, \
         stand, bancarella, licenza, partita iva, negozio, orario, orari, apre, aprite, \
         apertura, chiude, chiusura, aperto, aperti, chiuso, chiusi, gatta, zanzar*, topi, \
         ratti, elementar*, materna, primaria, infanzia, medie, liceo, vespe, calabroni, derattizzazion*, disinfestazion*, impianto, caldaia, \
         riscaldamento, illuminazione, wifi, wi fi, fibra, antenna, telecamer*, \
         videosorveglianza, sala, sale, saletta, aula, teatri, universita, terza eta, unitre, \
         maturita, diploma, classe, alunn*, student*, bambin*, ragazz*, neonat*, ordine, ordine \
         professionale, partito, sindacato, associazion*, pro loco, proloco, comitato, \
         consorzio, camera di commercio, inps, agenzia delle entrate, poste, banca, iban, \
         bonific*, pagament*, pagare, pagato, pagata, rimbors*, ricevuta, fattura, scontrino, \
         debito, cartella, mora, ravvedimento, proroga, rateizz*, unioni civili, unione civile, \
         testamento biologico, dat, consumo di suolo, cancello, cancelli, cancelletto, mezzi, \
         corsa, corse, fermata, rinnov*, duplicat*, ritirare la, ricollocamento, centro per l \
         impiego, curriculum, assunzion*, lavoro, app io, pec, email, e mail, mail, posta, \
         password, credenzial*, account, accesso agli atti, codice fiscale, notifica di \
         pagamento, numero civico, numero telefonico dell ufficio",
    ),
    (
        Class::ThirdParty,
        "mia moglie, mio marito, mio figlio, mia figlia, i miei figli, miei figli, mie figlie, \
         mia mamma, mia madre, mio padre, mio papa, mio babbo, mia nonna, mio nonno, miei \
         nonni, miei genitori, mia suocera, mio suocero, mio fratello, mia sorella, mio zio, \
         mia zia, mio cugino, mia cugina, mio nipote, mia nipote, mio amico, mia amica, un \
         amico, un amica, miei amici, mio vicino, mia vicina, mio compagno, mia compagna, mio \
         ragazzo, mia ragazza, mio fidanzato, mia fidanzata, mio genero, mia nuora, mio \
         collega, mia collega, mio cognato, mia cognata, la moglie, il marito, il figlio, la \
         figlia, moglie, marito, figlio, figlia, figli, mamma, madre, padre, papa, babbo, \
         nonna, nonno, suocera, suocero, fratello, sorella, zio, zia, genitori, per conto di, a \
         nome di, per un amico, anche lui, anche lei, iscrivetelo, iscrivetela, iscrivilo, \
         iscrivila, iscriverlo, iscriverla, iscriverli, iscrivetegli, cancellatelo, \
         cancellatela, cancellarlo, cancellarla, cancellalo, cancellala, toglietelo, \
         toglietela, lui, altra persona, altro numero, un altro numero, secondo numero, nostro, \
         nostra, la signora, il signor, la sig, coniuge, mi moglie, mi marito, me moglie, me \
         marito, vicini di casa",
    ),
    (
        Class::Data,
        "miei dati, miei dati personali, dati personali, mia privacy, privacy, informativa, informativa privacy, \
         trattamento, accesso ai dati, chi vi ha autorizzato, chi vi autorizza, chi vi ha dato \
         il permesso, con che diritto, con quale diritto, sapete di me, su di me, portabilita",
    ),
    (Class::WeakData, "dati, dato personale"),
    (
        Class::Gdpr,
        "gdpr, rgpd, dpo, rpd, garante, diritto all oblio, diritto/diritti \
         d/di/alla/all/del/alle \
         accesso/rettifica/cancellazione/opposizione/limitazione/portabilita/revoca/oblio, \
         diritti privacy, limitazione del trattamento, responsabile della protezione \
         dei dati, protezione dei dati, responsabile protezione dati, trattamento dei miei \
         dati, trattamento dei dati, titolare del trattamento, trattamento dati, 2016 679, mi \
         oppongo al trattamento, essere dimenticato/dimenticata, dimenticatemi",
    ),
    (
        Class::Done,
        "iscritto, iscritta, iscritti, registrato, registrata, inserito, inserita, abbonato, \
         abbonata, cancellato, cancellata, disiscritto, disiscritta, mi sono cancellato, mi \
         sono cancellata, mi ero cancellato, ho scritto stop, ho mandato stop, ho scritto \
         cancellami, ho mandato cancellami, ho scritto cancellazione, ho chiesto, ho gia \
         chiesto, vi ho chiesto, ho scritto, ho mandato, ho inviato, gia scritto, gia chiesto, \
         gia mandato, mi avete, mi sono tolto, mi sono tolta, tolto, e la \
         seconda/terza/quarta/quinta/decima/ennesima volta, quante volte, per la \
         seconda/terza/quarta/ennesima volta",
    ),
    (
        Class::Still,
        "ancora, continuo, continuate, continuano, continuo a ricevere, continua, continuate a, \
         ricevo, arrivano ancora, lo stesso, ugualmente, sempre messaggi, mi arrivano, mi \
         arriva",
    ),
    (
        Class::News,
        "novita, ultime notizie, ultime news, ultime novita, ultima notizia, notizie di oggi, \
         news di oggi, ultimi avvisi, ultime comunicazioni, ultimi aggiornamenti, ultimi \
         messaggi, le ultime, che novita, cosa c e di nuovo, ultimo avviso, ultime \
         informazioni, avvisi di oggi, novita di oggi, ultime \
         comunicazioni/news/informazioni/cose, notizie/avvisi/messaggi/comunicazioni/news \
         recenti, recenti avvisi/notizie/comunicazioni, notizie/avvisi/news/novita \
         del/della/di giorno/settimana/oggi/ieri/mese, che notizie/news ci sono, ultima novita/comunicazione, ultimo \
         aggiornamento/messaggio",
    ),
    (Class::Newsletter, "newsletter, news letter, newletter"),
    (
        Class::Moved,
        "abito, abita, abitiamo, trasferit*, trasferiment*, traslocat*, trasloco, cambiato \
         casa, cambiato comune, cambio casa, emigrat*",
    ),
    (
        Class::NameIntro,
        "mi chiamo, mio nome e, sono il signor, sono la signora, sono \
         un/una cittadino/cittadina/vostro/vostra, sono un vostro concittadino, sono \
         un/una cittadino/cittadina di, sono un/una cittadino/cittadina del comune di, il sottoscritto, la \
         sottoscritta, sottoscritto, sottoscritta, nome, cognome",
    ),
    (
        Class::Name,
        "abdul, ada, adele, adriana, adriano, agata, agnese, agostino, ahmed, alba, alberto, \
         aldo, alessandra, alessandro, alessia, alessio, alex, alfonso, alfredo, alice, alina, \
         amalia, amedeo, amelia, amina, ana, anastasia, andrea, andrei, angela, angelica, \
         angelo, anita, anna, annalisa, annamaria, antonella, antonia, antonietta, antonino, \
         antonio, arianna, arturo, asia, assunta, aurora, barbara, bartolomeo, beatrice, \
         benedetta, benedetto, bianca, bruna, bruno, camilla, carla, carlo, carlotta, carmela, \
         carmelo, carmen, carmine, carolina, caterina, catia, cecilia, celeste, cesare, chiara, \
         christian, ciro, clara, claudia, claudio, concetta, corrado, cosimo, cristian, \
         cristiana, cristiano, cristina, dalia, damiano, daniela, daniele, danilo, dario, \
         davide, debora, deborah, denis, diana, diego, domenica, domenico, donatella, donato, \
         dorina, edoardo, elena, eleonora, elia, elio, elisa, elisabetta, emanuela, emanuele, \
         emilia, emilio, emma, enrica, enrico, enzo, erica, erika, ermanno, ernesto, ettore, \
         eugenio, eva, fabio, fabiola, fabrizio, fatima, fatou, federica, federico, felice, \
         ferdinando, filippo, filomena, fiorella, flavia, flavio, franca, francesca, francesco, \
         franco, fulvio, gabriele, gabriella, gaetano, gaia, gemma, gennaro, gerardo, giacomo, \
         giada, gianfranco, gianluca, gianluigi, gianmarco, gianna, gianni, giancarlo, ginevra, \
         gino, gioacchino, giorgia, giorgio, giovanna, giovanni, giulia, giuliana, giuliano, \
         giulio, giuseppa, giuseppe, giuseppina, giusy, grazia, graziella, greta, guglielmo, \
         guido, hassan, ibrahim, ida, ignazio, ilaria, immacolata, ines, ion, irene, iris, \
         isabella, ivan, ivana, ivano, jacopo, jessica, karim, katia, lara, laura, lea, \
         leonardo, lia, licia, lidia, lina, linda, lino, lisa, livia, livio, loredana, lorella, \
         lorena, lorenza, lorenzo, loris, luana, luca, lucia, luciana, luciano, lucio, \
         ludovica, luigi, luigia, luigina, luisa, maddalena, maicol, manuel, manuela, mara, \
         marcella, marcello, marco, margherita, maria, marianna, mariangela, mariano, marika, \
         marilena, marina, mario, marisa, marta, martina, martino, marzia, massimiliano, \
         massimo, matilde, matteo, mattia, maura, maurizio, mauro, melissa, michela, michele, \
         michelle, milena, mina, miriam, mirko, mohamed, mohammed, monica, moreno, nadia, \
         natale, natalia, natalina, nicola, nicole, nicoletta, nicolo, nina, noemi, olga, omar, \
         oreste, orietta, orlando, ornella, oscar, osvaldo, ottavio, pamela, paola, paolo, \
         pasquale, patrizia, patrizio, piera, pierluigi, piero, pietro, pina, pino, raffaele, \
         raffaella, renata, renato, riccardo, rita, roberta, roberto, rocco, romano, romeo, \
         romina, rosa, rosalia, rosanna, rosaria, rosario, rosella, rossana, rossella, ruggero, \
         sabrina, salvatore, samanta, samantha, samuele, sandra, sandro, sante, santo, sara, \
         sebastiano, selena, serena, sergio, silvana, silvano, silvia, silvio, simona, simone, \
         sofia, sonia, stefania, stefano, susanna, svetlana, tania, tatiana, teresa, tiziana, \
         tiziano, tommaso, tullio, ugo, umberto, valentina, valentino, valeria, valerio, vanda, \
         vanessa, vera, veronica, vincenza, vincenzo, virginia, vito, vittoria, vittorio, \
         viviana, walter, wanda, xhensila, yasmin, youssef",
    ),
    (
        Class::Ordinary,
        "mi basta, vi basta, ti basta, gli basta, non basta, basta che, hold, radio, aria, \
         keep, residente, residenti, cittadino, cittadina, portale, sito, internet, domani, \
         ieri, stasera, stamattina, lunedi, martedi, mercoledi, giovedi, venerdi, sabato, \
         domenica, gratis, gennaio, febbraio, marzo, aprile, maggio, giugno, luglio, agosto, \
         settembre, ottobre, novembre, dicembre, anno, mese, settimana, giorno, online, mai, \
         qualcosa, qualcuno, gente, cosa, cose, casa, letter, facebook, instagram, telegram, \
         youtube, twitter, social, pagina, messaggio, sapere, dire, parlare, ho, hai, ha, \
         abbiamo, hanno, era, ero, sei, siamo, siete, sara, sarebbe, stato, stata, stati, \
         fatto, detto, letto, visto, niente, urgente, nuovo, nuova, vecchio, vecchia, prossimo, \
         prossima, conferma, termine, termini, costo, costi, prezzo, quota, link, foto, video, \
         audio, vocale, chiamata, telefonata, telefono, operatore, persona, persone, esterno, \
         esterna, on line, gara, lotteria, tombola, premio, offerta, sconto, prova, test, \
         errore, sbaglio, problema, aspetta, aspettate, momento, dopo, prima, ma, gioia, cena, \
         pranzo, aperitivo, escursione, bici, bicicletta, trekking, teatrale, pittura, cucina, \
         inglese, spagnolo, tedesco, francese, informatica, computer, fotografia, scacchi, \
         ballo, tango, ceramica, cucito, canto, chitarra, pianoforte, catechismo, oratorio, \
         parrocchia, scout, atletica, rugby, sci, arrampicata, equitazione, minibasket, \
         minivolley, volley, acquagym, ginnastica",
    ),
];

/// Built once in a process.
pub(super) static LEXICON: LazyLock<Phrases<Class>> = LazyLock::new(|| Phrases::new(WORDS));

/// Words, phrases and stems with a meaning each.
pub(super) struct Phrases<T> {
    /// By first word, the longest phrase first.
    by_word: HashMap<&'static str, Vec<(Vec<&'static str>, T)>>,
    /// Without their `*`.
    stems: HashMap<&'static str, T>,
    /// How the stems begin: most words are no stem's, and are told apart here.
    beginnings: HashSet<[u8; SHORTEST_STEM]>,
}

const SHORTEST_STEM: usize = 3;

impl<T: Copy> Phrases<T> {
    /// Reads lists as [`WORDS`] has them. What is listed first wins.
    pub(super) fn new(lists: &[(T, &'static str)]) -> Self {
        let mut by_word: HashMap<_, Vec<_>> = HashMap::new();
        let mut stems = HashMap::new();
        for &(meaning, list) in lists {
            for entry in list.split(',').map(str::trim) {
                if let Some(stem) = entry.strip_suffix('*') {
                    stems.entry(stem).or_insert(meaning);
                    continue;
                }
                for words in spelt_out(entry) {
                    by_word.entry(words[0]).or_default().push((words, meaning));
                }
            }
        }
        for alternatives in by_word.values_mut() {
            // Stable, so what is listed first stays first among equals.
            alternatives.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
        }
        let beginnings =
            stems.keys().filter_map(|it| it.as_bytes().first_chunk().copied()).collect();
        Self { by_word, stems, beginnings }
    }

    /// The meaning of the longest phrase that begins here, and its length in words.
    pub(super) fn longest(&self, words: &[&str]) -> Option<(T, usize)> {
        let first = *words.first()?;
        let known = self
            .by_word
            .get(first)
            .and_then(|alternatives| alternatives.iter().find(|(it, _)| words.starts_with(it)));
        match known {
            Some((phrase, meaning)) => Some((*meaning, phrase.len())),
            None => self.by_stem(first).map(|meaning| (meaning, 1)),
        }
    }

    /// The meaning of one word.
    pub(super) fn word(&self, word: &str) -> Option<T> {
        self.longest(&[word]).map(|(meaning, _)| meaning)
    }

    /// The phrases of one word.
    pub(super) fn single_words(&self) -> impl Iterator<Item = (&'static str, T)> {
        self.by_word.values().flatten().filter_map(|(words, meaning)| match words.as_slice() {
            [word] => Some((*word, *meaning)),
            _ => None,
        })
    }

    fn by_stem(&self, word: &str) -> Option<T> {
        let beginning = word.as_bytes().first_chunk()?;
        if !self.beginnings.contains(beginning) {
            return None;
        }
        (SHORTEST_STEM..=word.len())
            .rev()
            .filter_map(|end| word.get(..end))
            .find_map(|stem| self.stems.get(stem).copied())
    }
}

/// `mi puo/potete togliere` is `mi puo togliere` and `mi potete togliere`.
pub(super) fn spelt_out(entry: &str) -> Vec<Vec<&str>> {
    entry.split(' ').fold(vec![Vec::new()], |begun, place| {
        let with = |it: &Vec<_>, word| it.iter().copied().chain([word]).collect();
        begun.iter().flat_map(|it| place.split('/').map(move |word| with(it, word))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::normalise::Text;

    #[test]
    fn is_written_as_messages_are_normalised() {
        for (_, list) in WORDS {
            for entry in list.split(',').map(|it| it.trim().trim_end_matches('*')) {
                for written in spelt_out(entry).iter().map(|it| it.join(" ")) {
                    assert_eq!(Text::parse(&written).normalised(), written);
                }
            }
        }
    }

    #[test]
    fn finds_the_longest_phrase() {
        assert_eq!(LEXICON.longest(&["mi", "cancello"]), Some((Class::Leave, 2)));
        assert_eq!(LEXICON.longest(&["cancello"]), Some((Class::Municipal, 1)));
        assert_eq!(LEXICON.word("scolastica"), Some(Class::Municipal));
        assert_eq!(LEXICON.word("postioma"), None);
    }
}
