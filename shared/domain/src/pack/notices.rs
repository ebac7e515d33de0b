// SPDX-License-Identifier: EUPL-1.2
//! The notices themselves.

use super::Notice;
use crate::line::Category;

const SITE: (&str, &str) = ("pagina", "www.comune.esempio.it");

/// By what they are about: danger first.
pub const NOTICES: &[Notice] = &[
    alert(
        "allerta_gialla",
        "Allerta meteo gialla",
        "Allerta gialla",
        "Avviso {del_ente}: allerta gialla per {{fenomeno}} nella zona di {{zona}}.\n\
         Dalle {{inizio}} alle {{fine}}.\n\
         Che cosa fare: {{cosa_fare}}.\n\
         Aggiornamenti sul sito {{pagina}} del Comune.\n\
         In caso di pericolo <chiama|chiami> il 112.",
    ),
    alert(
        "allerta_arancione",
        "Allerta meteo arancione",
        "Allerta arancione",
        "Avviso {del_ente}: allerta arancione per {{fenomeno}} nella zona di {{zona}}.\n\
         Dalle {{inizio}} alle {{fine}}.\n\
         Che cosa fare: {{cosa_fare}}.\n\
         Aggiornamenti sul sito {{pagina}} del Comune.\n\
         In caso di pericolo <chiama|chiami> il 112.",
    ),
    alert(
        "allerta_rossa",
        "Allerta meteo rossa",
        "Allerta rossa",
        "Avviso {del_ente}: allerta rossa per {{fenomeno}} nella zona di {{zona}}.\n\
         Dalle {{inizio}} alle {{fine}}.\n\
         Che cosa fare: {{cosa_fare}}.\n\
         Aggiornamenti sul sito {{pagina}} del Comune.\n\
         In caso di pericolo <chiama|chiami> subito il 112.",
    ),
    Notice {
        examples: &[
            ("fenomeno", "temporali"),
            ("prima", "gialla"),
            ("adesso", "arancione"),
            ("zona", "Borgo Nuovo"),
            ("fine", "20 di lunedì 30 novembre"),
            ("cosa_fare", "restare in casa e lontano dal fiume"),
            SITE,
        ],
        ..alert(
            "allerta_aggiornata",
            "L'allerta meteo cambia",
            "L'allerta cambia",
            "Avviso {del_ente}: l'allerta per {{fenomeno}} passa da {{prima}} ad {{adesso}}.\n\
             Vale nella zona di {{zona}} fino alle {{fine}}.\n\
             Che cosa fare: {{cosa_fare}}.\n\
             Aggiornamenti sul sito {{pagina}} del Comune.\n\
             In caso di pericolo <chiama|chiami> il 112.",
        )
    },
    Notice {
        examples: &[
            ("ora", "20 di lunedì 30 novembre"),
            ("fenomeno", "temporali"),
            ("zona", "Borgo Nuovo"),
            ("limitazioni", "il ponte vecchio resta chiuso"),
            SITE,
        ],
        valid_hours: Some(12),
        ..alert(
            "fine_allerta",
            "Fine dell'allerta",
            "Fine allerta",
            "Avviso {del_ente}: dalle {{ora}} non c'è più l'allerta per {{fenomeno}}.\n\
             Zona: {{zona}}.\n\
             Restano questi limiti: {{limitazioni}}.\n\
             Aggiornamenti sul sito {{pagina}} del Comune. Grazie per la collaborazione.",
        )
    },
    Notice {
        examples: &[
            ("zona", "le case di via del Fiume"),
            ("pericolo", "una piena"),
            ("punto", "la palestra di via Roma"),
            ("ora", "18:30"),
            ("percorso", "via Milano"),
        ],
        ..alert(
            "evacuazione",
            "Lasciare le case",
            "Lasciare le case",
            "Avviso {del_ente}: <lascia|lasci> subito {{zona}}, c'è pericolo di {{pericolo}}.\n\
             <Raggiungi|Raggiunga> {{punto}} entro le {{ora}}, passando da {{percorso}}.\n\
             <Aiuta|Aiuti> chi non può muoversi da solo.\n\
             In caso di pericolo <chiama|chiami> subito il 112.",
        )
    },
    Notice {
        examples: &[("giorno", "martedì 1 dicembre"), ("ora", "10"), SITE],
        ..alert(
            "esercitazione",
            "Esercitazione di protezione civile",
            "Esercitazione",
            "ESERCITAZIONE, nessun pericolo reale.\n\
             Il giorno {{giorno}} alle {{ora}} proviamo il sistema di allerta {del_ente}.\n\
             Non <devi|deve> fare nulla. Informazioni sul sito {{pagina}} del Comune.",
        )
    },
    notice(
        "strada_chiusa",
        "Strada chiusa",
        "Avviso {del_ente}: strada chiusa al traffico, {{strada}}.\n\
         Quando: {{quando}}.\n\
         Motivo: {{motivo}}.\n\
         Percorso alternativo: {{percorso}}.\n\
         Per saperne di più <visita|visiti> il sito {{pagina}} oppure <scrivici|scriva> qui.",
        &[
            ("strada", "via Roma, dal ponte alla stazione"),
            ("quando", "lunedì 30 novembre dalle 8 alle 18"),
            ("motivo", "lavori all'acquedotto"),
            ("percorso", "via Milano"),
            SITE,
        ],
    ),
    notice(
        "bus_deviato",
        "Autobus o scuolabus deviato",
        "Avviso {del_ente}: cambia il percorso di {{mezzo}}.\n\
         Quando: {{quando}}.\n\
         Fermate che saltano: {{fermate}}.\n\
         Dove salire: {{dove}}.\n\
         Per saperne di più <visita|visiti> il sito {{pagina}} oppure <scrivici|scriva> qui.",
        &[
            ("mezzo", "scuolabus, linea 2"),
            ("quando", "da lunedì 30 novembre a venerdì 4 dicembre"),
            ("fermate", "via Roma e piazza Verdi"),
            ("dove", "davanti al municipio"),
            SITE,
        ],
    ),
    notice(
        "scuole_chiuse",
        "Scuole chiuse",
        "Avviso {del_ente}: scuole chiuse {{quando}}.\n\
         Quali: {{scuole}}.\n\
         Motivo: {{motivo}}.\n\
         Mensa e scuolabus: {{servizi}}.\n\
         Aggiornamenti sul sito {{pagina}} del Comune. Per una domanda <scrivici|scriva> qui.",
        &[
            ("quando", "martedì 1 dicembre"),
            ("scuole", "tutte, anche il nido"),
            ("motivo", "neve"),
            ("servizi", "sospesi"),
            SITE,
        ],
    ),
    notice(
        "acqua_sospesa",
        "Manca l'acqua",
        "Avviso {del_ente}: manca l'acqua in {{zona}}.\n\
         Dalle {{inizio}} alle {{fine}}.\n\
         Motivo: {{motivo}}.\n\
         Che cosa fare: {{cosa_fare}}.\n\
         Per saperne di più <visita|visiti> il sito {{pagina}} oppure <scrivici|scriva> qui.",
        &[
            ("zona", "via Roma e via Milano"),
            ("inizio", "9 di lunedì 30 novembre"),
            ("fine", "15"),
            ("motivo", "un guasto"),
            ("cosa_fare", "tenere da parte un po' d'acqua"),
            SITE,
        ],
    ),
    notice(
        "acqua_non_potabile",
        "Acqua da non bere",
        "Avviso {del_ente}: in {{zona}} l'acqua del rubinetto non si può bere.\n\
         Da quando: {{inizio}}.\n\
         Si può usare per: {{usi}}.\n\
         Dove trovare acqua buona: {{dove}}.\n\
         Quando torna buona scriviamo qui. Aggiornamenti sul sito {{pagina}} del Comune.",
        &[
            ("zona", "tutta la frazione di Borgo Nuovo"),
            ("inizio", "da lunedì 30 novembre"),
            ("usi", "lavarsi e pulire la casa"),
            ("dove", "autobotte in piazza Verdi"),
            SITE,
        ],
    ),
    notice(
        "luce_sospesa",
        "Manca la luce",
        "Avviso {del_ente}: manca la corrente elettrica in {{zona}}.\n\
         Dalle {{inizio}} alle {{fine}}.\n\
         Motivo: {{motivo}}.\n\
         Che cosa fare: {{cosa_fare}}.\n\
         Per saperne di più <visita|visiti> il sito {{pagina}} oppure <scrivici|scriva> qui.",
        &[
            ("zona", "via Roma"),
            ("inizio", "9 di lunedì 30 novembre"),
            ("fine", "12"),
            ("motivo", "lavori alla cabina"),
            ("cosa_fare", "non usare l'ascensore"),
            SITE,
        ],
    ),
    notice(
        "rifiuti",
        "Cambia la raccolta dei rifiuti",
        "Avviso {del_ente}: cambia il giorno della raccolta di {{materiale}}.\n\
         Giorno di prima: {{giorno_prima}}.\n\
         Giorno nuovo: {{giorno_nuovo}}.\n\
         Zona: {{zona}}.\n\
         <Metti|Metta> fuori il contenitore la sera prima. \
         Il calendario è sul sito {{pagina}} del Comune.",
        &[
            ("materiale", "carta e cartone"),
            ("giorno_prima", "martedì 8 dicembre"),
            ("giorno_nuovo", "mercoledì 9 dicembre"),
            ("zona", "tutto il territorio"),
            SITE,
        ],
    ),
    notice(
        "disinfestazione",
        "Trattamento contro zanzare o topi",
        "Avviso {del_ente}: trattamento contro {{animali}}.\n\
         Quando: {{quando}}.\n\
         Dove: {{dove}}.\n\
         Che cosa fare: {{cosa_fare}}.\n\
         Per saperne di più <visita|visiti> il sito {{pagina}} oppure <scrivici|scriva> qui.",
        &[
            ("animali", "le zanzare"),
            ("quando", "giovedì 3 giugno dalle 2 alle 5"),
            ("dove", "parchi e viali del centro"),
            ("cosa_fare", "chiudere le finestre e ritirare i panni"),
            SITE,
        ],
    ),
    notice(
        "scadenza_tari",
        "Scadenza TARI",
        "Promemoria {del_ente}: entro {{data}} si paga la TARI, la tassa sui rifiuti.\n\
         Che cosa si paga: {{rata}}.\n\
         Come pagare: {{come}}.\n\
         Chi ha già pagato non deve fare nulla.\n\
         Per saperne di più <visita|visiti> il sito {{pagina}} oppure <scrivici|scriva> qui.",
        &[
            ("data", "mercoledì 16 dicembre"),
            ("rata", "la seconda rata"),
            ("come", "con il modulo arrivato a casa"),
            SITE,
        ],
    ),
    notice(
        "scadenza_imu",
        "Scadenza IMU",
        "Promemoria {del_ente}: entro {{data}} si paga l'IMU, la tassa sulle case.\n\
         Che cosa si paga: {{rata}}.\n\
         Come pagare: {{come}}.\n\
         Di solito non si paga per la casa in cui si abita.\n\
         Per saperne di più <visita|visiti> il sito {{pagina}} oppure <scrivici|scriva> qui.",
        &[
            ("data", "mercoledì 16 dicembre"),
            ("rata", "il saldo"),
            ("come", "in banca o alla posta, con il modello F24"),
            SITE,
        ],
    ),
    notice(
        "scadenza",
        "Altra scadenza",
        "Promemoria {del_ente}: c'è tempo fino a {{data}} per {{azione}}.\n\
         Chi riguarda: {{chi}}.\n\
         Come fare: {{come}}.\n\
         Per saperne di più <visita|visiti> il sito {{pagina}} oppure <scrivici|scriva> qui.",
        &[
            ("data", "venerdì 18 dicembre"),
            ("azione", "chiedere il servizio di mensa"),
            ("chi", "le famiglie con figli a scuola"),
            ("come", "fare domanda dal sito"),
            SITE,
        ],
    ),
    notice(
        "ufficio_chiuso",
        "Ufficio chiuso",
        "Avviso {del_ente}: chiuso {{ufficio}}.\n\
         Quando: {{quando}}.\n\
         Motivo: {{motivo}}.\n\
         Riapre {{riapertura}}.\n\
         Per saperne di più <visita|visiti> il sito {{pagina}} oppure <scrivici|scriva> qui.",
        &[
            ("ufficio", "l'ufficio anagrafe"),
            ("quando", "giovedì 24 dicembre"),
            ("motivo", "festa"),
            ("riapertura", "lunedì 28 dicembre alle 9"),
            SITE,
        ],
    ),
    notice(
        "orario_cambiato",
        "Un ufficio cambia orario",
        "Avviso {del_ente}: cambia l'orario di {{ufficio}}.\n\
         Nuovo orario: {{orario}}.\n\
         Da quando: {{quando}}.\n\
         Per saperne di più <visita|visiti> il sito {{pagina}} oppure <scrivici|scriva> qui.",
        &[
            ("ufficio", "biblioteca"),
            ("orario", "dal lunedì al venerdì dalle 14 alle 19"),
            ("quando", "da martedì 1 dicembre"),
            SITE,
        ],
    ),
    notice(
        "servizio_sospeso",
        "Servizio sospeso",
        "Avviso {del_ente}: si ferma un servizio, {{servizio}}.\n\
         Quando: {{quando}}.\n\
         Motivo: {{motivo}}.\n\
         Che cosa fare: {{cosa_fare}}.\n\
         Per saperne di più <visita|visiti> il sito {{pagina}} oppure <scrivici|scriva> qui.",
        &[
            ("servizio", "certificati dal sito"),
            ("quando", "sabato 28 novembre dalle 14 alle 18"),
            ("motivo", "lavori al sistema"),
            ("cosa_fare", "chiederli allo sportello"),
            SITE,
        ],
    ),
    notice(
        "sciopero",
        "Sciopero",
        "Avviso {del_ente}: sciopero {{quando}}.\n\
         Servizi che possono fermarsi: {{servizi}}.\n\
         Servizi garantiti: {{garantiti}}.\n\
         Per saperne di più <visita|visiti> il sito {{pagina}} oppure <scrivici|scriva> qui.",
        &[
            ("quando", "venerdì 4 dicembre"),
            ("servizi", "scuolabus e uffici"),
            ("garantiti", "stato civile e cimitero"),
            SITE,
        ],
    ),
    notice(
        "mercato",
        "Il mercato cambia giorno o luogo",
        "Avviso {del_ente}: cambia il mercato di {{giorno}}.\n\
         Che cosa cambia: {{novita}}.\n\
         Dove: {{dove}}.\n\
         Quando: {{quando}}.\n\
         Per saperne di più <visita|visiti> il sito {{pagina}} oppure <scrivici|scriva> qui.",
        &[
            ("giorno", "sabato"),
            ("novita", "i banchi si spostano"),
            ("dove", "in piazza Verdi"),
            ("quando", "sabato 5 e sabato 12 dicembre"),
            SITE,
        ],
    ),
    notice(
        "elezioni",
        "Quando e come si vota",
        "Avviso {del_ente}: si vota per {{elezione}}.\n\
         Quando: {{quando}}.\n\
         Che cosa portare: la tessera elettorale e un documento d'identità.\n\
         Dove: il seggio è scritto sulla tessera.\n\
         Chi l'ha persa può chiederla qui: {{ufficio}}.\n\
         Per saperne di più <visita|visiti> il sito {{pagina}} oppure <scrivici|scriva> qui.",
        &[
            ("elezione", "il referendum"),
            ("quando", "domenica 6 dicembre dalle 7 alle 23"),
            ("ufficio", "ufficio elettorale, piazza Verdi 1"),
            SITE,
        ],
    ),
    notice(
        "tessera_elettorale",
        "Tessera elettorale: apertura dell'ufficio",
        "Avviso {del_ente}: orari per chiedere la tessera elettorale.\n\
         Quando: {{quando}}.\n\
         Dove: {{dove}}.\n\
         Che cosa portare: {{documenti}}.\n\
         Per saperne di più <visita|visiti> il sito {{pagina}} oppure <scrivici|scriva> qui.",
        &[
            ("quando", "sabato 5 dicembre dalle 9 alle 18"),
            ("dove", "ufficio elettorale, piazza Verdi 1"),
            ("documenti", "un documento d'identità e la vecchia tessera"),
            SITE,
        ],
    ),
    notice(
        "appuntamento",
        "Promemoria di un appuntamento",
        "Promemoria {del_ente}: <hai|ha> un appuntamento {{quando}}.\n\
         Per che cosa: {{servizio}}.\n\
         Dove: {{dove}}.\n\
         Che cosa portare: {{documenti}}.\n\
         Per spostarlo o annullarlo <scrivici|scriva> qui.",
        &[
            ("quando", "lunedì 30 novembre alle 10:30"),
            ("servizio", "carta d'identità"),
            ("dove", "ufficio anagrafe, piazza Verdi 1"),
            ("documenti", "una foto e la vecchia carta"),
        ],
    ),
    notice(
        "documento_pronto",
        "Documento pronto da ritirare",
        "Avviso {del_ente}: è pronto un documento che <aspetti|aspetta>, {{documento}}.\n\
         Quando ritirarlo: {{quando}}.\n\
         Dove: {{dove}}.\n\
         Che cosa portare: {{documenti}}.\n\
         Per una domanda <scrivici|scriva> qui.",
        &[
            ("documento", "la carta d'identità"),
            ("quando", "da lunedì 30 novembre, dalle 9 alle 12"),
            ("dove", "ufficio anagrafe, piazza Verdi 1"),
            ("documenti", "la ricevuta"),
        ],
    ),
    notice(
        "risposta_pronta",
        "La tua risposta è pronta",
        "La <tua|sua> risposta è pronta.\n\
         Riguarda la domanda fatta {{quando}} al servizio WhatsApp {del_ente}.\n\
         Per leggerla in questa chat <rispondi|risponda> «sì».",
        &[("quando", "lunedì 23 novembre")],
    ),
    Notice {
        category: Category::Marketing,
        ..notice(
            "evento_pubblico",
            "Evento",
            "Eventi {del_ente}: {{evento}}.\n\
             Quando: {{quando}}.\n\
             Dove: {{dove}}.\n\
             Ingresso: {{ingresso}}.\n\
             Il programma è sul sito {{pagina}} del Comune.",
            &[
                ("evento", "concerto di Natale"),
                ("quando", "sabato 19 dicembre alle 21"),
                ("dove", "piazza Verdi"),
                ("ingresso", "libero"),
                SITE,
            ],
        )
    },
];

const fn notice(
    id: &'static str,
    title: &'static str,
    body: &'static str,
    examples: &'static [(&'static str, &'static str)],
) -> Notice {
    Notice {
        id,
        title,
        category: Category::Utility,
        header: None,
        body,
        examples,
        valid_hours: None,
    }
}

/// A warning: who switches the phone on when it is over must not get it.
const fn alert(
    id: &'static str,
    title: &'static str,
    header: &'static str,
    body: &'static str,
) -> Notice {
    let examples = &[
        ("fenomeno", "temporali"),
        ("zona", "Borgo Nuovo"),
        ("inizio", "14 di lunedì 30 novembre"),
        ("fine", "20"),
        ("cosa_fare", "restare in casa e lontano dal fiume"),
        SITE,
    ];
    Notice { header: Some(header), valid_hours: Some(6), ..notice(id, title, body, examples) }
}
