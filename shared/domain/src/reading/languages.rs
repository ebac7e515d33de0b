// SPDX-License-Identifier: EUPL-1.2
//! Commands in the other languages of the comuni, read only when they are the whole message.
//!
//! Per language: words that change nothing, and what is left of a command without them. A word
//! that is in neither makes the message one for the desk.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::lexicon::spelt_out;
use super::normalise::Text;
use super::{AboutData, Intent, Kind, Language};
use crate::rights::Right;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Subscribe,
    Unsubscribe,
    Stop,
    Topics,
    News,
    Help,
    Notice,
    Access,
    Erasure,
    Courtesy,
    Ask,
}

use Meaning::{
    Access, Ask, Courtesy, Erasure, Help, News, Notice, Stop, Subscribe, Topics, Unsubscribe,
};

struct Table {
    language: Language,
    /// Courtesy, pronouns, articles, the name of the service.
    fillers: &'static str,
    commands: &'static [(Meaning, &'static str)],
    /// Common words that tell the language of a message for the desk.
    common: &'static str,
}

/// Written as people write them: normalised when the tables are built.
const TABLES: &[Table] = &[
    Table {
        language: Language::English,
        fillers: "please pls thanks thank you very much hello hi dear good morning evening i i'd i'm \
            id im me my myself we want wanna would like to the a an this that these those from \
            for of in on at with by and it now can could kindly municipality town council city hall \
            your service whatsapp list news newsletter messages notifications updates alerts \
            broadcast all any lot much so ok okay",
        commands: &[
            (
                Subscribe,
                "subscribe, subscribing, sign up, signup, sign up now, join, opt in, enroll, \
                 enrol, add, receive, get, subscribe again",
            ),
            (
                Unsubscribe,
                "unsubscribe, unsuscribe, unsubcribe, unsubscribed, remove, delete, opt out, \
                 optout, leave, take off, cancel subscription, sign off, be removed, don't \
                 receive, don't receive anymore, don't receive any more, don't anymore, don't \
                 any more, don't more, do not receive, do not receive anymore, do not anymore, \
                 no longer receive, no longer, no more, delete number, remove number, end \
                 subscription, get off",
            ),
            (
                Stop,
                "stop, stop sending, stop texting, stop writing, stop it, stop messaging, stop \
                 contacting, don't send, do not send, don't write, don't text, don't send \
                 anymore, do not send anymore, don't contact, don't send more",
            ),
            (
                Topics,
                "topics, what topics, which topics, change topics, categories, preferences, \
                 what receive, channels, what do you send",
            ),
            (News, "latest, what's new, latest please, whats new"),
            (
                Help,
                "help, menu, how does work, how do work, how do subscribe, how subscribe, how \
                 do unsubscribe, how unsubscribe, commands, what is, who are you, instructions, \
                 hello there, hey, need help, how does it work",
            ),
            (
                Notice,
                "privacy, gdpr, privacy policy, data protection, where did get/find number, \
                 where get number, who gave number, how did get number, how get number, how \
                 do use data, how use data, what do with data, who has data, who do give data",
            ),
            (
                Access,
                "data, personal data, what data do have, what data do have about, what data \
                 have about, what do know about, export data, copy data, show data, send \
                 data, see data, download data, access data, access personal data",
            ),
            (
                Erasure,
                "delete/erase/remove/deleting data, delete/erase/remove/deleting personal \
                 data, delete everything about, delete everything have about, \
                 delete/erase/remove number data, unsubscribe delete/erase/remove data, stop \
                 delete/erase/remove data, forget, be forgotten, right be forgotten, data \
                 deletion/erasure",
            ),
            (
                Courtesy,
                "thankyou, great, perfect, bye, goodbye, merry christmas, nice, welcome, \
                 cheers, appreciated",
            ),
            (Ask, "register, registration, cancel, yes, subscription, enrollment, don't, do not"),
        ],
        common: "the how do does what where when can is are my your you need have please which who \
            why for and with it",
    },
    Table {
        language: Language::French,
        fillers: "s'il se vous plaît plait svp merci beaucoup bien bonjour bonsoir salut je j' voudrais \
            veux souhaite aimerais désire me m' moi à au aux le la les l' du de des d' un une \
            cette ce cet ces votre vos mes mon ma service whatsapp liste commune mairie \
            municipalité messages nouvelles actualités notifications et en pouvez pourriez \
            vous maintenant",
        commands: &[
            (
                Subscribe,
                "inscrire, inscrivez, m'inscris, inscris, inscrivez-moi, abonner, abonnez, \
                 abonne, souscrire, recevoir, m'abonner, ajoutez, inscris-moi",
            ),
            (
                Unsubscribe,
                "désabonnez, désabonner, ne voudrais plus recevoir, plus de messages, plus aucun, désabonne, désinscrire, désinscrivez, désinscris, \
                 désinscription, désabonnement, ne plus recevoir, ne plus, ne veux plus \
                 recevoir, retirez, enlevez, supprimez, radiez, plus recevoir, annuler \
                 inscription, annuler abonnement, ne recevoir plus, retirez numéro, supprimez \
                 numéro, quitter",
            ),
            (
                Stop,
                "arrêtez, arrêter, arrête, stop, n'envoyez plus, ne envoyez plus, arrêtez \
                 envoyer, arrêtez d'envoyer, ça suffit, assez, cessez, stoppez, n'envoyez plus \
                 rien",
            ),
            (
                Topics,
                "sujets, thèmes, quels sujets, quels thèmes, catégories, changer sujets, \
                 préférences, changer thèmes, rubriques",
            ),
            (News, "quoi neuf, dernières, quoi de neuf"),
            (
                Help,
                "aide, aidez, comment ça marche, comment s'inscrire, comment inscrire, comment \
                 se désinscrire, comment fonctionne, besoin aide, bonjour à tous, coucou",
            ),
            (
                Notice,
                "confidentialité, politique confidentialité, vie privée, rgpd, protection \
                 données, comment avez numéro, qui a donné numéro",
            ),
            (
                Access,
                "données, données personnelles, quelles données avez, quelles données avez \
                 sur, copie données, copie données personnelles, voir données, exporter \
                 données, montrez données, envoyez données, accès données, accès données \
                 personnelles",
            ),
            (
                Erasure,
                "supprimez/supprimer/supprime/effacez/effacer/efface/suppression/effacement \
                 données, supprimez/supprimer/supprime/effacez/effacer/efface/suppression \
                 données personnelles, supprimez/supprimer/effacez/effacer toutes données, \
                 supprimez/supprimer/effacez/effacer toutes données personnelles, oubli, \
                 droit oubli, oubliez",
            ),
            (
                Courtesy,
                "parfait, super, au revoir, bonne journée, joyeux noël, d'accord, très, bonne \
                 soirée",
            ),
            (Ask, "inscription, abonnement, enregistrement, enregistrer, annuler, oui, non, ok"),
        ],
        common: "je vous est où quand comment quel quelle pour une mon ma les des dans puis peut \
            avec ne pas ai carte",
    },
    Table {
        language: Language::German,
        fillers: "bitte danke vielen dank schön sehr guten tag morgen abend hallo grüß gott ich \
            möchte will würde gerne gern mich mir mein meine meinen zu zum zur für den die das \
            der dem des diesen dieser diese dieses von vom aus ihr ihre ihrem ihren euer eure \
            dienst service whatsapp liste gemeinde nachrichten neuigkeiten news mitteilungen \
            meldungen und sie können könnten kann jetzt auf in eine einen werden newsletter \
            verteiler",
        commands: &[
            (
                Subscribe,
                "anmelden, melden an, abonnieren, erhalten, bekommen, eintragen, tragen ein, \
                 einschreiben, anmelde, melde an, beitreten, empfangen, hinzufügen, fügen hinzu",
            ),
            (
                Unsubscribe,
                "abmelden, melden ab, melde ab, abmeldung, abbestellen, kündigen, löschen sie \
                 nummer, austragen, tragen aus, keine weiteren, keine weiteren erhalten, keine weiteren senden, keine mehr, keine mehr erhalten, keine mehr \
                 bekommen, nicht mehr erhalten, nicht mehr, entfernen, streichen, nichts mehr, \
                 löschen nummer, nummer löschen, deabonnieren, abonnement kündigen, keine \
                 erhalten, keine mehr empfangen",
            ),
            (
                Stop,
                "stopp, stop, aufhören, hören auf, schluss, keine mehr schicken, keine mehr \
                 senden, schicken keine mehr, senden keine mehr, schreiben nicht mehr, genug, \
                 halt, hört auf, schicken nichts mehr, senden nichts mehr",
            ),
            (
                Topics,
                "themen, welche themen, welche themen gibt es, themen ändern, kategorien, \
                 einstellungen, thema, was erhalten",
            ),
            (News, "aktuelles, was gibt es neues, was gibt's neues, letzte, neueste"),
            (
                Help,
                "hilfe, hilf, wie funktioniert, wie funktioniert es, wie melde an, wie melde \
                 ab, befehle, menü, was ist, brauche hilfe, helfen",
            ),
            (
                Notice,
                "datenschutz, datenschutzerklärung, dsgvo, woher haben nummer, wer hat nummer \
                 gegeben",
            ),
            (
                Access,
                "daten, personenbezogene daten, persönliche daten, welche daten haben, welche \
                 daten haben über, welche daten speichern, datenauskunft, auskunft, auskunft \
                 über daten, kopie daten, kopie meiner daten, zeigen daten, daten sehen, \
                 daten exportieren",
            ),
            (
                Erasure,
                "löschen/lösche/löscht/löschung/entfernen/vernichten daten, \
                 löschen/lösche/löscht/entfernen alle daten, löschen/entfernen \
                 personenbezogene/personenbezogenen/persönliche/persönlichen daten, löschen \
                 alle personenbezogenen/persönlichen daten, löschung meiner daten, löschung \
                 aller daten, datenlöschung, recht vergessenwerden",
            ),
            (
                Courtesy,
                "dankeschön, super, perfekt, alles klar, auf wiedersehen, tschüss, frohe \
                 weihnachten, wunderbar, schönen",
            ),
            (
                Ask,
                "anmeldung, registrieren, registrierung, einschreibung, ja, nein, löschen, ok, \
                 abo, abonnement",
            ),
        ],
        common: "ich wo wann wie ist der die das und für mein meine meinen ein eine kann nicht sie \
            haben bitte was brauche mit",
    },
    Table {
        language: Language::Spanish,
        fillers: "por favor gracias muchas hola buenos días buenas tardes noches quiero quisiera \
            deseo querría gustaría me mi mis yo a al el la los las de del en un una este esta \
            estos estas su sus lo servicio whatsapp lista ayuntamiento municipio mensajes \
            noticias novedades avisos notificaciones comunicaciones y pueden puede ahora para todo todos \
            que con",
        commands: &[
            (
                Subscribe,
                "suscribir, suscribirme, suscribirse, suscríbeme, suscríbanme, suscribo, \
                 inscribirme, inscribir, inscríbeme, inscríbanme, apuntarme, apúntame, darme \
                 alta, dar alta, dame alta, recibir, suscribete, suscripción alta, añádanme, \
                 añádeme",
            ),
            (
                Unsubscribe,
                "darme baja, dar baja, darse baja, dame baja, denme baja, dadme baja, \
                 desuscribir, desuscribirme, desuscribirse, cancelar suscripción, borrarme, \
                 bórrame, bórrenme, quítenme, quítame, quitarme, no recibir más, no recibir, no \
                 más, no recibir nada más, ya no recibir, eliminarme, elimínenme, anular \
                 suscripción, desapuntarme, no recibir más nada, cancelar subscripción, cancelo \
                 suscripción, salir",
            ),
            (
                Stop,
                "parar, paren, para ya, stop, basta ya, detener, dejen enviar, dejen enviarme, \
                 no envíen más, no manden más, no me envíen más, no escriban más, no me \
                 escriban más, dejen escribirme, ya basta, no envíen nada más",
            ),
            (Topics, "temas, qué temas, qué temas hay, cambiar temas, categorías, preferencias"),
            (News, "qué hay nuevo, últimas, qué novedades hay"),
            (
                Help,
                "ayuda, ayúdame, cómo funciona, cómo suscribo, cómo suscribirme, cómo inscribo, \
                 cómo doy baja, instrucciones, comandos, menú, necesito ayuda",
            ),
            (
                Notice,
                "privacidad, política privacidad, protección datos, quién dio número, cómo \
                 consiguieron/obtuvieron número",
            ),
            (
                Access,
                "datos, datos personales, qué datos tienen, qué datos tienen sobre, qué datos \
                 tienen sobre mí, copia datos, ver datos, exportar datos, envíenme/mándenme \
                 datos, acceder datos, acceso datos",
            ),
            (
                Erasure,
                "borrar/borren/borra/borre/borrad/eliminar/eliminen/elimina/elimine/eliminad/suprimir/supriman \
                 datos, \
                 borrar/borren/borra/borre/borrad/eliminar/eliminen/elimina/elimine/eliminad/suprimir/supriman \
                 datos personales, borrar/borren/eliminar/eliminen/suprimir todos datos, \
                 borrar/borren/eliminar/eliminen/suprimir todos datos personales, derecho \
                 olvido",
            ),
            (
                Courtesy,
                "perfecto, adiós, feliz navidad, vale, muy amable, hasta luego, genial, buen \
                 día, saludos",
            ),
            (
                Ask,
                "suscripción, inscripción, registro, registrar, registrarme, cancelar, sí, no, \
                 anular",
            ),
        ],
        common: "el los las dónde cuándo cómo qué para una mi puedo es por quiero necesito con está \
            hay documento y del",
    },
    Table {
        language: Language::Romanian,
        fillers: "vă va rog te mulțumesc multumesc mult frumos mersi bună buna ziua seara salut eu vreau aș as \
            dori doresc vrea să sa mă ma mie îmi imi la din de pe cu un o acest această \
            aceasta aceste lista listă serviciu serviciul serviciului whatsapp primăria \
            primaria primăriei primăriei comună comuna comunei mesaje mesajele știri stiri \
            știrile noutăți noutati notificări notificari puteți puteti și si acum dvs",
        commands: &[
            (
                Subscribe,
                "abonez, abonare, abonați, abonati, abonează, înscriu, inscriu, înscrie, \
                 înscrieți, inscrieti, primesc, adăugați",
            ),
            (
                Unsubscribe,
                "dezabonez, dezabonare, dezabonați, dezabonati, dezabonează, dezinscriu, nu mai \
                 primesc, nu mai, ștergeți, stergeti, scoateți, scoateti, renunț, renunt, \
                 anulez abonarea, anulați abonarea, nu mai primi, retrag, scoate, șterge, nu \
                 mai trimiteți abonare",
            ),
            (
                Stop,
                "opriți, opriti, oprește, opreste, stop, nu mai trimiteți, nu mai trimiteti, \
                 ajunge, gata, încetați, nu-mi mai trimiteți, nu mai scrieți, nu mai scrieti",
            ),
            (
                Topics,
                "subiecte, ce subiecte, categorii, teme, preferințe, ce teme, schimb subiecte, \
                 ce subiecte sunt",
            ),
            (News, "ce mai nou, ultimele, ce e nou"),
            (
                Help,
                "ajutor, cum funcționează, cum functioneaza, cum abonez, cum dezabonez, \
                 ajutați, comenzi, meniu, am nevoie ajutor, cum înscriu",
            ),
            (
                Notice,
                "confidențialitate, politica confidențialitate, protecția datelor, gdpr, cine \
                 v-a dat numărul, cine v-a dat numărul meu",
            ),
            (
                Access,
                "datele mele, date personale, datele, datele personale, datele mele \
                 personale, ce date aveți, ce date aveți despre mine, ce date personale aveți \
                 despre mine, copie datele mele, copia datelor mele, văd datele mele",
            ),
            (
                Erasure,
                "sterge/șterge/ștergeți/stergeti/ștergere/eliminați/elimina datele, \
                 sterge/șterge/ștergeți/stergeti/ștergere/eliminați/elimina datele mele, \
                 șterge/ștergeți/eliminați datele personale, șterge/ștergeți/eliminați datele \
                 mele personale, șterge/ștergeți/eliminați toate datele, \
                 șterge/ștergeți/eliminați toate datele mele, ștergerea datelor, ștergerea \
                 datelor mele, dreptul fi uitat, dreptul a fi uitat",
            ),
            (
                Courtesy,
                "mulțumim, la revedere, perfect, sărbători fericite, crăciun fericit, foarte \
                 bine, o zi, bine",
            ),
            (
                Ask,
                "înregistrare, inregistrare, înregistrez, înscriere, inscriere, anulare, \
                 anulez, da, nu, nu primesc",
            ),
        ],
        common: "cum pot unde când este sunt pentru am ce care să mă îmi și la nu mai carte vreau \
            aș trebuie de în",
    },
    Table {
        language: Language::Albanian,
        fillers: "ju lutem të lutem faleminderit shumë përshëndetje tungjatjeta mirëdita unë më mua \
            të te së i e në ne nga prej për per me këtë kete kjo shërbim shërbimi shërbimin sherbim \
            listë lista listën liste whatsapp komuna komunës komunen mesazhe mesazhet lajme \
            lajmet njoftime njoftimet bashkia bashkisë dhe mund tani një",
        commands: &[
            (
                Subscribe,
                "regjistrohu, abonohu, regjistrohem, dua regjistrohem, dëshiroj regjistrohem, dua abonohem, dëshiroj \
                 abonohem, dua marr, dëshiroj marr, doja regjistrohem, abonohem, abonim, \
                 abonoj, më abononi, abononi, regjistroni, regjistrom, regjistromë, marr, të \
                 marr, anëtarësohem, shtoni, shtomë",
            ),
            (
                Unsubscribe,
                "çregjistrohu, çabonohu, çregjistroni, çregjistrohem, cregjistroni, cregjistrohem, çregjistrim, \
                 çabonohem, çabonim, cabonohem, hiqni, hiqmëni, hiqeni, largoni, fshini, \
                 fshimë, anuloj abonimin, anuloni abonimin, dua çregjistrohem, dua çabonohem, \
                 dua hiqem, largohem, nuk dua marr, nuk dua, s'dua, hiqem, çabononi",
            ),
            (
                Stop,
                "ndal, ndalo, ndaloni, ndali, stop, mjaft, boll, mos dërgoni, mos dërgoni më, \
                 mos dergoni, mos shkruani, pusho, mos shkruani më",
            ),
            (
                Topics,
                "temat, tema, çfarë temash, cilat tema, kategoritë, preferencat, cilat janë \
                 temat",
            ),
            (News, "çfarë ka re, të rejat, të fundit, çfarë reja"),
            (
                Help,
                "ndihmë, ndihme, si funksionon, ndihmoni, ndihmom, komandat, si regjistrohem, \
                 si çregjistrohem, si abonohem",
            ),
            (Notice, "privatësia, privatesia, politika privatësisë, mbrojtja dhënave"),
            (
                Access,
                "të dhënat e mia, dhënat mia, të dhëna personale, të dhënat, të dhënat \
                 personale, çfarë të dhënash keni, kopje dhënave mia",
            ),
            (
                Erasure,
                "fshini/fshij/fshi/fshijini/hiqni të dhënat, fshini/fshij/fshi/fshijini/hiqni \
                 të dhënat e mia, fshini/fshij/hiqni gjitha dhënat mia, fshini/fshij dhënat \
                 mia personale",
            ),
            (
                Courtesy,
                "falemnderit, mirupafshim, gëzuar, në rregull, shumë mirë, flm, mirë, gjithë \
                 mirat",
            ),
            (Ask, "regjistrim, regjistrimi, anuloj, anulim, po, jo, nuk marr, nuk"),
        ],
        common: "si mund të ku kur është për një unë dua jam çfarë në dhe duhet nuk kam e",
    },
    Table {
        language: Language::Slovenian,
        fillers: "prosim hvala lepa lepo dober dan dobro jutro pozdravljeni živjo jaz rad rada želim \
            hočem bi se me mi na od iz z s k za to tega ta seznam seznama storitev storitve \
            whatsapp občina občine občinske sporočila sporočil novice obvestila obvestil in \
            lahko zdaj v vašo vaš",
        commands: &[
            (
                Subscribe,
                "prijavi, prijavil, prijavila, prijavim, prijavite, naroči, naročil, naročim, \
                 naročite, naročam, vpiši, vpišite, prejemal, prejemati, dodajte, naročiti, \
                 prijaviti, prejemala, vpisal, vpisala",
            ),
            (
                Unsubscribe,
                "nočem več, nočem prejemati, nočem več prejemati, nočem, odjava, odjavi, odjavil, odjavila, odjavim, odjavite, izbriši, izbrišite, \
                 izpiši, odstranite, ne želim več, ne več prejemati, ne prejemati več, prekliči \
                 naročnino, odjaviti, ne več prejemal, izpišite, odpovedujem",
            ),
            (
                Stop,
                "stop, ustavi, ustavite, nehajte, dovolj, prenehajte, ne pošiljajte več, \
                 nehajte pošiljati, nehaj, ne pišite več, ne pošiljajte",
            ),
            (Topics, "teme, katere teme, kategorije, nastavitve, katere teme so"),
            (News, "kaj je novega, zadnje, novosti"),
            (
                Help,
                "pomoč, kako deluje, kako prijavim, kako odjavim, ukazi, pomagajte, meni, \
                 navodila",
            ),
            (Notice, "zasebnost, varstvo podatkov, politika zasebnosti"),
            (
                Access,
                "moji podatki, podatki, osebni podatki, moji osebni podatki, moje podatke, \
                 katere podatke imate, katere podatke imate o meni, kopija podatkov",
            ),
            (
                Erasure,
                "izbrišite/izbriši/zbrišite/zbriši/odstranite/izbrisati moje podatke, \
                 izbrišite/izbriši/zbrišite/zbriši/odstranite/izbrisati podatke, \
                 izbrišite/izbriši/odstranite vse moje podatke, izbrišite/izbriši/odstranite \
                 vse podatke, izbrišite/izbriši moje osebne podatke, izbris podatkov, izbris \
                 mojih podatkov, pravica pozabe",
            ),
            (Courtesy, "hvala lepa, najlepša, nasvidenje, super, vesel božič, odlično, lep"),
            (Ask, "prijava, registracija, vpis, naročnina, preklic, prekliči, da, ja"),
        ],
        common: "kako kje kdaj je za ali imam lahko na moj moja potrebujem bi kaj se osebno \
            izkaznico",
    },
    Table {
        language: Language::Ukrainian,
        fillers: "будь ласка дякую спасибо пожалуйста привіт добрий день доброго дня здравствуйте я \
            хочу хотів хотіла би бажаю хотел хотела бы мене меня мені мне на від от із зі из з \
            с до в у цей цього цю это этот эту сервіс сервіса сервісу сервис сервиса послугу \
            whatsapp список списку списка новини новин новости новостей повідомлення \
            повідомлень сообщения сообщений розсилку розсилки рассылку рассылки муніципалітету \
            комуни і и та ваш ваші ваших прошу себе можна",
        commands: &[
            (
                Subscribe,
                "підписатися, підписатись, підписка, підписку, підпишіть, підпишіться, \
                 підписуюсь, підписуюся, оформити підписку, отримувати, приєднатися, \
                 подписаться, подпишите, подписка, получать, подписываюсь",
            ),
            (
                Unsubscribe,
                "відпишіть, відписатися, відписатись, відписка, відписуюсь, відписуюся, \
                 скасувати підписку, видаліть, не отримувати, не отримувати більше, більше не \
                 отримувати, більше не, не треба, отписаться, отпишите, отписка, удалите, не \
                 получать, больше не получать, отменить подписку, уберите, приберіть, вийти, не \
                 получать больше, не більше",
            ),
            (
                Stop,
                "стоп, зупиніть, зупинити, припиніть, досить, не надсилайте, не надсилайте \
                 більше, годі, хватит, остановите, прекратите, не присылайте, більше не \
                 надсилайте, больше не присылайте, не пишіть, не пишите, не надсилайте мені \
                 більше, не пишіть більше, стій",
            ),
            (Topics, "теми, які теми, категорії, налаштування, темы, какие темы, які є теми"),
            (News, "що нового, останні, последние, что нового"),
            (
                Help,
                "допомога, допоможіть, як це працює, як працює, як підписатися, як відписатися, \
                 помощь, помогите, команди, меню, как это работает, довідка",
            ),
            (
                Notice,
                "конфіденційність, приватність, політика конфіденційності, \
                 конфиденциальность, политика конфиденциальности, захист даних",
            ),
            (
                Access,
                "мої дані, дані, особисті дані, персональні дані, мої персональні дані, мої \
                 особисті дані, мои данные, данные, персональные данные, які дані ви маєте, \
                 які дані ви маєте про, какие данные есть, копія даних, копия данных",
            ),
            (
                Erasure,
                "видаліть/видалити/видали/зітріть/стерти мої дані, \
                 видаліть/видалити/видали/зітріть всі дані, видаліть/видалити/видали/зітріть \
                 всі мої дані, видаліть/видалити мої персональні дані, видалення даних, \
                 удалите/удалить/удали/сотрите мои данные, удалите/удалить/сотрите все \
                 данные, удалите/удалить/сотрите все мои данные, удалите/удалить мои \
                 персональные данные, удаление данных",
            ),
            (
                Courtesy,
                "дуже дякую, до побачення, чудово, добре, щиро, з різдвом, большое, до \
                 свидания, велике",
            ),
            (
                Ask,
                "реєстрація, зареєструватися, зареєструйте, регистрация, скасувати, отменить, \
                 так, ні, да, нет, не",
            ),
        ],
        common: "",
    },
    Table {
        language: Language::Arabic,
        fillers: "من فضلك فضلكم لو سمحت سمحتم شكرا جزيلا السلام عليكم مرحبا صباح مساء الخير أنا أريد \
            اريد أود ارغب أرغب بدي أن ان في من إلى الى على عن هذه هذا الخدمة خدمة بالخدمة \
            واتساب واتس الواتساب القائمة قائمة البلدية بلدية الرسائل رسائل رسالة الأخبار أخبار \
            الاخبار اخبار الإشعارات بعد الان الآن اليوم يرجى رجاء الرجاء لي و",
        commands: &[
            (
                Subscribe,
                "اشتراك, الاشتراك, اشترك, أشترك, اشتركوني, سجلني, سجلوني, تسجيلي, استلام, تلقي, \
                 اشتركت, استقبال, أضفني, اضفني, ضمني",
            ),
            (
                Unsubscribe,
                "إلغاء الاشتراك, الغاء الاشتراك, إلغاء اشتراكي, الغاء اشتراكي, ألغوا اشتراكي, \
                 الغوا اشتراكي, إلغاء اشتراك, احذفني, احذفوني, احذفوا رقمي, أزيلوني, ازيلوني, \
                 لا استلام, لا تلقي, لم أعد أريد, حذف رقمي, ألغي الاشتراك, الغي الاشتراك, ألغ \
                 الاشتراك, لا المزيد",
            ),
            (
                Stop,
                "توقف, توقفوا, أوقف, أوقفوا, اوقفوا, إيقاف, ايقاف, قف, كفى, يكفي, خلص, لا \
                 ترسلوا, لا ترسلوا المزيد, لا ترسل, ستوب, بس, وقف, لا تراسلوني",
            ),
            (Topics, "المواضيع, مواضيع, ما المواضيع, ما هي المواضيع, الفئات, التفضيلات, موضوعات"),
            (News, "ما الجديد, آخر, اخر, الجديد"),
            (
                Help,
                "مساعدة, المساعدة, ساعدني, ساعدوني, كيف تعمل, كيف يعمل, كيف اشترك, كيف أشترك, \
                 كيف ألغي الاشتراك, قائمة الأوامر, تعليمات, أهلا, اهلا",
            ),
            (Notice, "الخصوصية, خصوصية, سياسة الخصوصية, حماية البيانات"),
            (
                Access,
                "بياناتي, بيانات, بياناتي الشخصية, معلوماتي, ما بياناتي, ما هي بياناتي, \
                 البيانات الشخصية, نسخة بياناتي",
            ),
            (
                Erasure,
                "احذفوا/احذف/حذف/امسحوا/امسح/مسح بياناتي, احذفوا/احذف/حذف/امسحوا/امسح/مسح \
                 بياناتي الشخصية, احذفوا/حذف/امسحوا/مسح جميع/كل بياناتي, احذفوا/حذف معلوماتي",
            ),
            (
                Courtesy,
                "شكرا لكم, مع السلامة, ممتاز, عيد سعيد, تمام, بارك الله فيكم, مشكورين, شكرا لك, \
                 كل عام وأنتم بخير",
            ),
            (Ask, "تسجيل, التسجيل, إلغاء, الغاء, نعم, لا"),
        ],
        common: "",
    },
];

/// Chinese has no spaces: what changes nothing is cut out wherever it stands.
const CHINESE_FILLERS: &[&str] = &[
    "谢谢你们",
    "谢谢您",
    "谢谢你",
    "谢谢",
    "謝謝",
    "多谢",
    "您好",
    "你好",
    "你们",
    "您们",
    "麻烦",
    "请帮我",
    "请给我",
    "请你",
    "请",
    "請",
    "帮我",
    "幫我",
    "我想要",
    "我想",
    "我要",
    "我希望",
    "我需要",
    "把我",
    "给我",
    "向我",
    "服务",
    "服務",
    "whatsapp",
    "微信",
    "市政府",
    "市政",
    "的",
    "了",
    "吧",
    "一下",
    "这个",
    "這個",
    "从",
    "我",
];

const CHINESE: &[(Meaning, &str)] = &[
    (
        Subscribe,
        "订阅, 訂閱, 加入, 订阅新闻, 订阅消息, 订阅通知, 接收消息, 接收通知, 接收新闻, 关注, 订閱, 报名订阅, 参加",
    ),
    (
        Unsubscribe,
        "退订, 退訂, 取消订阅, 取消訂閱, 取消关注, 不想再收到消息, 不想再接收消息, 不再接收, 不再接收消息, 不想收到消息, 不要再收到消息, 移除, 删除号码, \
         退出, 不想接收消息, 列表中移除, 列表中删除, 名单中删除, 不要订阅, 不想订阅, 不想再收到信息, 不接收消息, 取消订閱",
    ),
    (
        Stop,
        "停止, 停, 停止发送, 停止发送消息, 不要再发, 不要再发消息, 别再发, 别发, 不要发, 停止消息, 不要再发信息, 别再发消息, 住手, 够",
    ),
    (Topics, "主题, 主題, 有什么主题, 有哪些主题, 话题, 类别, 选项, 设置"),
    (News, "最新消息, 最新, 有什么新闻, 最新新闻"),
    (
        Help,
        "帮助, 幫助, 怎么用, 如何使用, 怎么使用, 怎么订阅, 如何订阅, 怎么退订, 如何退订, 说明, 菜单, 救助, 需要帮助",
    ),
    (Notice, "隐私, 隱私, 隐私政策, 数据保护"),
    (
        Access,
        "数据, 個人資料, 个人数据, 个人信息, 资料, 个人资料, 你有什么数据, 有什么数据, 查看数据, 导出数据, 数据副本",
    ),
    (
        Erasure,
        "删除数据, 删除个人数据, 删除个人信息, 删除所有数据, 删除所有个人数据, 删除资料, 删除个人资料, 清除数据, 刪除資料, 刪除個人資料, 被遗忘权",
    ),
    (
        Courtesy,
        "谢谢, 謝謝, 多谢, 谢谢你们, 好, 很好, 再见, 圣诞快乐, 新年快乐, 非常感谢, 感谢, 好的, 辛苦",
    ),
    (Ask, "注册, 登记, 報名, 报名, 取消, 是, 不, 不是, 可以"),
];

static READY: LazyLock<Vec<Ready>> = LazyLock::new(|| TABLES.iter().map(Ready::new).collect());

/// The tables that know a word, one bit each: most messages are in none, and end here.
static VOCABULARY: LazyLock<HashMap<&'static str, u16>> = LazyLock::new(|| {
    let mut vocabulary = HashMap::new();
    for (bit, table) in READY.iter().enumerate() {
        let commands = table.commands.keys().flat_map(|it| it.split(' '));
        for word in commands.chain(table.fillers.iter().map(String::as_str)) {
            *vocabulary.entry(word).or_default() |= 1 << bit;
        }
    }
    vocabulary
});

static READY_CHINESE: LazyLock<HashMap<String, Meaning>> = LazyLock::new(|| {
    let entries =
        CHINESE.iter().flat_map(|(meaning, list)| list.split(',').map(move |it| (it, *meaning)));
    entries.map(|(text, meaning)| (chinese_core(&Text::parse(text)), meaning)).collect()
});

/// A table, normalised.
struct Ready {
    language: Language,
    fillers: HashSet<String>,
    commands: HashMap<String, Meaning>,
    common: HashSet<String>,
}

impl Ready {
    fn new(table: &Table) -> Self {
        // One by one: in a row, "i i'd" would be spelt letters.
        let fillers: HashSet<String> = table
            .fillers
            .split_whitespace()
            .flat_map(|it| Text::parse(it).words().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        let mut commands = HashMap::new();
        for (meaning, list) in table.commands {
            for text in entries(list) {
                let core = core(&text, &fillers);
                // A command of fillers only would be lost.
                let key =
                    if core.is_empty() { text.words().collect::<Vec<_>>().join(" ") } else { core };
                commands.entry(key).or_insert(*meaning);
            }
        }
        let common = Text::parse(table.common).words().map(str::to_owned).collect();
        Self { language: table.language, fillers, commands, common }
    }
}

/// A list of commands: `/` parts words that may stand in one place.
fn entries(list: &'static str) -> impl Iterator<Item = Text> {
    let spelt = list.split(',').flat_map(|it| spelt_out(it.trim()));
    spelt.map(|it| Text::parse(&it.join(" ")))
}

/// What is left without the fillers, in alphabetical order: languages differ in theirs.
fn core(text: &Text, fillers: &HashSet<String>) -> String {
    let mut words: Vec<&str> = text.words().filter(|it| !fillers.contains(*it)).collect();
    words.sort_unstable();
    let mut core = String::new();
    for word in words {
        if !core.is_empty() {
            core.push(' ');
        }
        core.push_str(word);
    }
    core
}

fn chinese_core(text: &Text) -> String {
    let mut core: String = text.words().collect();
    for filler in CHINESE_FILLERS {
        let without = core.replace(filler, "");
        if !without.is_empty() {
            core = without;
        }
    }
    core
}

/// Longer messages are for the desk.
const LONGEST_COMMAND: usize = 14;

/// Reads a whole message in one of the other languages.
pub(super) fn read(text: &Text) -> Option<(Intent, Language)> {
    if text.words().count() > LONGEST_COMMAND {
        return None;
    }
    if script(text) == Some(Language::Chinese) {
        let meaning = *READY_CHINESE.get(&chinese_core(text))?;
        return Some((intent(meaning, text.asks()), Language::Chinese));
    }
    let known = |word: &str| VOCABULARY.get(word).copied().unwrap_or_default();
    let candidates = text.words().map(known).fold(u16::MAX, |all, it| all & it);
    let tables = READY.iter().enumerate().filter(|(bit, _)| candidates & (1 << bit) != 0);
    tables.map(|(_, table)| table).find_map(|table| {
        let core = core(text, &table.fillers);
        if core.is_empty() {
            return greeting(text, table).map(|it| (it, table.language));
        }
        let meaning = *table.commands.get(&core)?;
        Some((intent(meaning, text.asks()), table.language))
    })
}

/// Only fillers: "hello", "thank you".
fn greeting(text: &Text, table: &Ready) -> Option<Intent> {
    const GREETINGS: &[&str] = &[
        "hello",
        "hi",
        "bonjour",
        "bonsoir",
        "salut",
        "hallo",
        "hola",
        "buenos",
        "buenas",
        "buna",
        "pershendetje",
        "tungjatjeta",
        "miredita",
        "pozdravljeni",
        "zivjo",
        "dober",
        "привіт",
        "здравствуите",
        "привіт",
        "доброго",
        "السلام",
        "مرحبا",
        "guten",
        "gruß",
        "good",
    ];
    const THANKS: &[&str] = &[
        "thanks",
        "thank",
        "merci",
        "danke",
        "dank",
        "gracias",
        "multumesc",
        "mersi",
        "faleminderit",
        "hvala",
        "дякую",
        "спасибо",
        "شكرا",
    ];
    let has = |list: &[&str]| text.words().any(|it| list.contains(&it));
    if has(THANKS) {
        return Some(Intent::Human(Kind::Courtesy));
    }
    let short = text.words().count() <= 3 && table.language != Language::Italian;
    (short && has(GREETINGS)).then_some(Intent::Help)
}

fn intent(meaning: Meaning, asked: bool) -> Intent {
    match meaning {
        // "unsubscribe?" wants to know how.
        Subscribe | Unsubscribe | Stop if asked => Intent::Ask,
        Subscribe => Intent::Subscribe { topics: Vec::new() },
        Unsubscribe => Intent::Unsubscribe,
        Stop => Intent::Stop,
        Topics => Intent::Topics { change: None },
        News => Intent::News,
        Help => Intent::Help,
        Notice => Intent::MyData(AboutData::Notice),
        Access => Intent::MyData(AboutData::Right(Right::Access)),
        Erasure => Intent::MyData(AboutData::Right(Right::Erasure)),
        Courtesy => Intent::Human(Kind::Courtesy),
        Ask => Intent::Ask,
    }
}

/// The language a message for the desk is most likely in.
pub(super) fn guess(text: &Text, italian_words: usize) -> Language {
    if let Some(language) = script(text) {
        return language;
    }
    if italian_words * 2 > text.words().count() {
        return Language::Italian;
    }
    let hits = |table: &Ready| text.words().filter(|it| table.common.contains(*it)).count();
    READY
        .iter()
        .map(|table| (hits(table), table.language))
        .rev()
        .max_by_key(|(hits, _)| *hits)
        .filter(|(hits, _)| *hits >= 2 && *hits > italian_words)
        .map_or(Language::Italian, |(_, language)| language)
}

/// Languages with a script of their own.
fn script(text: &Text) -> Option<Language> {
    let first = text.words().flat_map(str::chars).find(|it| !it.is_ascii())?;
    match first {
        '\u{400}'..='\u{52f}' => Some(Language::Ukrainian),
        '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' => Some(Language::Arabic),
        '\u{3400}'..='\u{9fff}' => Some(Language::Chinese),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_command_has_two_meanings() {
        let mut twice = Vec::new();
        for table in TABLES {
            let ready = Ready::new(table);
            for (meaning, list) in table.commands {
                let cores = entries(list).map(|it| core(&it, &ready.fillers));
                let taken =
                    cores.filter(|it| ready.commands.get(it).is_some_and(|it| it != meaning));
                twice.extend(taken.map(|it| (table.language, it)));
            }
        }
        assert_eq!(twice, []);
    }

    #[test]
    fn a_bare_negation_is_no_command() {
        for text in ["no", "don't", "nu", "nuk", "ne", "не", "لا", "不", "nicht", "pas"] {
            let read = read(&Text::parse(text));
            assert!(matches!(read, None | Some((Intent::Ask, _))), "{text}");
        }
    }
}
