// SPDX-License-Identifier: EUPL-1.2
//! What a foreigner needs, in the languages [`crate::reading`] knows: welcome, goodbye, help, the
//! one question, rights. Everything else stays Italian, and so do the keywords.
//!
//! A row marked `[open]` holds where everybody may ask, `[chat]` where a chat needs a subscription.
//! Opening hours and the office's name are left out: the line has them in Italian only.

use crate::line::Line;
use crate::reading::Language;

use super::RIGHTS;

struct Words {
    welcome: &'static str,
    goodbye: &'static str,
    help: &'static str,
    my_data: &'static str,
    data_copy: &'static str,
    data_copy_json: &'static str,
    erase_ask: &'static str,
    /// Titles of the buttons about data: a copy, erase; yes, no.
    data_buttons: [&'static str; 4],
    ask: &'static str,
    /// Titles of the buttons: join, leave, ask.
    buttons: [&'static str; 3],
    /// Rights in the order of [`RIGHTS`].
    rights: [&'static str; 10],
    /// Between the rights.
    comma: &'static str,
}

/// A text in that language; `None` if there is none, and the line's Italian one holds.
pub(super) fn text(name: &str, line: &Line, language: Language) -> Option<String> {
    let words = words(language)?;
    let text = match name {
        "welcome" => words.welcome,
        "goodbye" => words.goodbye,
        "help" => words.help,
        "my_data" => words.my_data,
        "my_data_copy" => words.data_buttons[0],
        "my_data_erase" => words.data_buttons[1],
        "data_copy" => words.data_copy,
        "data_copy_json" => words.data_copy_json,
        "erase_ask" => words.erase_ask,
        "erase_yes" => words.data_buttons[2],
        "erase_no" => words.data_buttons[3],
        "ask" => words.ask,
        "ask_subscribe" => words.buttons[0],
        "ask_unsubscribe" => words.buttons[1],
        "ask_question" => words.buttons[2],
        _ => return None,
    };
    let (here, elsewhere) =
        if line.chat_needs_subscription { ("[chat]", "[open]") } else { ("[open]", "[chat]") };
    let rows = text.split('\n').filter(|it| !it.starts_with(elsewhere));
    Some(rows.map(|it| it.strip_prefix(here).unwrap_or(it)).collect::<Vec<_>>().join("\n"))
}

/// The rights the line grants, in that language.
pub(super) fn rights(line: &Line, language: Language) -> Option<String> {
    let words = words(language)?;
    let granted = RIGHTS.iter().zip(words.rights).filter(|((it, _), _)| line.rights.contains(it));
    Some(granted.map(|(_, words)| words).collect::<Vec<_>>().join(words.comma))
}

fn words(language: Language) -> Option<&'static Words> {
    Some(match language {
        Language::Italian => return None,
        Language::English => &ENGLISH,
        Language::French => &FRENCH,
        Language::German => &GERMAN,
        Language::Spanish => &SPANISH,
        Language::Romanian => &ROMANIAN,
        Language::Albanian => &ALBANIAN,
        Language::Arabic => &ARABIC,
        Language::Chinese => &CHINESE,
        Language::Ukrainian => &UKRAINIAN,
        Language::Slovenian => &SLOVENIAN,
    })
}

const ENGLISH: Words = Words {
    welcome: "\
*You are subscribed.* You now get the notices of {ente} on WhatsApp, in Italian.
[chat]You can also write your questions here.
Topics: {argomenti}.

Read the rules of the service, which count as accepted: {link_policy}
If you do not accept them, write {cancellazione}.
How we use your data: {link_informativa}

- To change topics write {parola_argomenti}
- To get no more notices write {cancellazione}

In an emergency call 112.",
    goodbye: "\
*You are unsubscribed.* You no longer get the notices of {ente} on WhatsApp, not even alerts.
[open]You can still write to us with a question.
[chat]The chat is closed too.
To come back write {iscrizione}. For your data write {parola_dati}.",
    help: "\
This is the WhatsApp service of {ente}. You can write:
[open]- {iscrizione} to get the notices
[chat]- {iscrizione} to ask questions here and get the notices
- {parola_argomenti} to choose which ones
- {cancellazione} to get no more
- {parola_dati} about your data

[open]Or write your question: a person reads it.
[chat]Once subscribed, write your question: a person reads it.
We do not take calls. In an emergency call 112.",
    my_data: "\
How we use your data: {link_informativa}
Your rights: {diritti}.

Write here what you want. A person reads it and we answer within a month. To get no more notices just write {cancellazione}.
Data protection officer: {contatto_dpo}",
    data_copy: "\
Here is a copy of the data we hold about you in the WhatsApp service of {ente}. The file is in Italian.
How we use them: {link_informativa}",
    data_copy_json: "The same data for a program (JSON).",
    erase_ask: "\
Do you want to delete all your data in the WhatsApp service of {ente}: number, choices, consents, messages? You will get no more notices. This cannot be undone.
Answer with a button within 24 hours.",
    data_buttons: ["Get a copy", "Delete everything", "Delete everything", "No, keep it"],
    ask: "You wrote «{testo}». What do you want to do?",
    buttons: ["Get the notices", "No more notices", "I have a question"],
    rights: [
        "to see your data and have a copy",
        "to have them corrected",
        "to have them deleted",
        "to have their use limited",
        "to have whoever received them told of corrections and deletions",
        "to have them in electronic form",
        "to object to their use",
        "not to be subject to automatic decisions",
        "to withdraw your consent",
        "to complain to the Italian data protection authority",
    ],
    comma: ", ",
};

const FRENCH: Words = Words {
    welcome: "\
*Inscription active.* Vous recevez maintenant sur WhatsApp les avis de {ente}, en italien.
[chat]Vous pouvez aussi écrire ici vos questions.
Thèmes : {argomenti}.

Lisez les règles du service, qui sont ainsi acceptées : {link_policy}
Si vous ne les acceptez pas, écrivez {cancellazione}.
Comment nous utilisons vos données : {link_informativa}

- Pour changer de thèmes, écrivez {parola_argomenti}
- Pour ne plus recevoir d'avis, écrivez {cancellazione}

En cas d'urgence, appelez le 112.",
    goodbye: "\
*Inscription annulée.* Vous ne recevez plus sur WhatsApp les avis de {ente}, même pas les alertes.
[open]Vous pouvez encore nous écrire pour une question.
[chat]La discussion est fermée aussi.
Pour revenir, écrivez {iscrizione}. Pour vos données, écrivez {parola_dati}.",
    help: "\
Voici le service WhatsApp de {ente}. Vous pouvez écrire :
[open]- {iscrizione} pour recevoir les avis
[chat]- {iscrizione} pour poser des questions ici et recevoir les avis
- {parola_argomenti} pour choisir lesquels
- {cancellazione} pour ne plus les recevoir
- {parola_dati} pour vos données

[open]Ou bien écrivez votre question : une personne la lit.
[chat]Une fois inscrit, écrivez votre question : une personne la lit.
Nous ne prenons pas d'appels. En cas d'urgence, appelez le 112.",
    my_data: "\
Comment nous utilisons vos données : {link_informativa}
Vos droits : {diritti}.

Écrivez ici ce que vous voulez. Une personne le lit et nous répondons en un mois. Pour ne plus recevoir d'avis, il suffit d'écrire {cancellazione}.
Délégué à la protection des données : {contatto_dpo}",
    data_copy: "\
Voici une copie des données que nous conservons sur vous dans le service WhatsApp de {ente}. Le fichier est en italien.
Comment nous les utilisons : {link_informativa}",
    data_copy_json: "Les mêmes données pour un programme (JSON).",
    erase_ask: "\
Voulez-vous effacer toutes vos données du service WhatsApp de {ente} : numéro, choix, consentements, messages ? Vous ne recevrez plus d'avis. C'est définitif.
Répondez avec un bouton dans les 24 heures.",
    data_buttons: ["Recevoir une copie", "Tout effacer", "Tout effacer", "Non, ne rien changer"],
    ask: "Vous avez écrit «{testo}». Que voulez-vous faire ?",
    buttons: ["Recevoir les avis", "Ne plus recevoir", "J'ai une question"],
    rights: [
        "voir vos données et en avoir une copie",
        "les faire corriger",
        "les faire effacer",
        "en faire limiter l'usage",
        "faire signaler corrections et effacements à qui les a reçues",
        "les avoir sous forme électronique",
        "vous opposer à leur usage",
        "ne pas subir de décisions automatiques",
        "retirer votre consentement",
        "faire une réclamation à l'autorité italienne de protection des données",
    ],
    comma: ", ",
};

const GERMAN: Words = Words {
    welcome: "\
*Anmeldung aktiv.* Sie erhalten ab jetzt auf WhatsApp die Mitteilungen von {ente}, auf Italienisch.
[chat]Sie können hier auch Ihre Fragen schreiben.
Themen: {argomenti}.

Lesen Sie die Regeln des Dienstes, die damit als angenommen gelten: {link_policy}
Wenn Sie sie nicht annehmen, schreiben Sie {cancellazione}.
So verwenden wir Ihre Daten: {link_informativa}

- Um Themen zu ändern, schreiben Sie {parola_argomenti}
- Um keine Mitteilungen mehr zu erhalten, schreiben Sie {cancellazione}

Im Notfall rufen Sie 112.",
    goodbye: "\
*Sie sind abgemeldet.* Sie erhalten auf WhatsApp keine Mitteilungen von {ente} mehr, auch keine Warnungen.
[open]Fragen können Sie uns weiterhin schreiben.
[chat]Auch der Chat ist geschlossen.
Um zurückzukommen, schreiben Sie {iscrizione}. Zu Ihren Daten schreiben Sie {parola_dati}.",
    help: "\
Das ist der WhatsApp-Dienst von {ente}. Sie können schreiben:
[open]- {iscrizione}, um die Mitteilungen zu erhalten
[chat]- {iscrizione}, um hier Fragen zu stellen und die Mitteilungen zu erhalten
- {parola_argomenti}, um auszuwählen, welche
- {cancellazione}, um keine mehr zu erhalten
- {parola_dati} zu Ihren Daten

[open]Oder schreiben Sie Ihre Frage: ein Mensch liest sie.
[chat]Nach der Anmeldung schreiben Sie Ihre Frage: ein Mensch liest sie.
Wir nehmen keine Anrufe an. Im Notfall rufen Sie 112.",
    my_data: "\
So verwenden wir Ihre Daten: {link_informativa}
Ihre Rechte: {diritti}.

Schreiben Sie hier, was Sie wünschen. Ein Mensch liest es, und wir antworten innerhalb eines Monats. Um keine Mitteilungen mehr zu erhalten, schreiben Sie einfach {cancellazione}.
Datenschutzbeauftragter: {contatto_dpo}",
    data_copy: "\
Hier ist eine Kopie Ihrer Daten im WhatsApp-Dienst von {ente}. Die Datei ist auf Italienisch.
Wie wir sie verwenden: {link_informativa}",
    data_copy_json: "Dieselben Daten für ein Programm (JSON).",
    erase_ask: "\
Möchten Sie alle Ihre Daten im WhatsApp-Dienst von {ente} löschen: Nummer, Themen, Einwilligungen, Nachrichten? Sie erhalten keine Mitteilungen mehr. Das ist endgültig.
Antworten Sie innerhalb von 24 Stunden mit einer Taste.",
    data_buttons: ["Kopie erhalten", "Alles löschen", "Alles löschen", "Nein, so lassen"],
    ask: "Sie haben «{testo}» geschrieben. Was möchten Sie tun?",
    buttons: ["Nachrichten erhalten", "Keine mehr erhalten", "Ich habe eine Frage"],
    rights: [
        "Ihre Daten sehen und eine Kopie erhalten",
        "sie berichtigen lassen",
        "sie löschen lassen",
        "ihre Nutzung einschränken lassen",
        "Empfängern Berichtigungen und Löschungen mitteilen lassen",
        "sie in elektronischer Form erhalten",
        "ihrer Nutzung widersprechen",
        "keinen automatischen Entscheidungen unterliegen",
        "Ihre Einwilligung widerrufen",
        "sich bei der italienischen Datenschutzbehörde beschweren",
    ],
    comma: ", ",
};

const SPANISH: Words = Words {
    welcome: "\
*Suscripción activa.* Desde ahora recibe en WhatsApp los avisos de {ente}, en italiano.
[chat]También puede escribir aquí sus preguntas.
Temas: {argomenti}.

Lea las reglas del servicio, que así quedan aceptadas: {link_policy}
Si no las acepta, escriba {cancellazione}.
Cómo usamos sus datos: {link_informativa}

- Para cambiar de temas escriba {parola_argomenti}
- Para no recibir más avisos escriba {cancellazione}

En una emergencia llame al 112.",
    goodbye: "\
*Suscripción anulada.* Ya no recibe en WhatsApp los avisos de {ente}, ni siquiera las alertas.
[open]Todavía puede escribirnos una pregunta.
[chat]También se cierra el chat.
Para volver escriba {iscrizione}. Para sus datos escriba {parola_dati}.",
    help: "\
Este es el servicio de WhatsApp de {ente}. Puede escribir:
[open]- {iscrizione} para recibir los avisos
[chat]- {iscrizione} para preguntar aquí y recibir los avisos
- {parola_argomenti} para elegir cuáles
- {cancellazione} para no recibir más
- {parola_dati} para sus datos

[open]O escriba su pregunta: la lee una persona.
[chat]Con la suscripción activa escriba su pregunta: la lee una persona.
No atendemos llamadas. En una emergencia llame al 112.",
    my_data: "\
Cómo usamos sus datos: {link_informativa}
Sus derechos: {diritti}.

Escriba aquí lo que desea. Lo lee una persona y respondemos en un mes. Para no recibir más avisos basta escribir {cancellazione}.
Delegado de protección de datos: {contatto_dpo}",
    data_copy: "\
Aquí tiene una copia de los datos que conservamos sobre usted en el servicio WhatsApp de {ente}. El archivo está en italiano.
Cómo los usamos: {link_informativa}",
    data_copy_json: "Los mismos datos para un programa (JSON).",
    erase_ask: "\
¿Quiere borrar todos sus datos del servicio WhatsApp de {ente}: número, temas, consentimientos, mensajes? No recibirá más avisos. No se puede deshacer.
Responda con un botón en 24 horas.",
    data_buttons: ["Recibir una copia", "Borrar todo", "Borrar todo", "No, dejarlo así"],
    ask: "Ha escrito «{testo}». ¿Qué quiere hacer?",
    buttons: ["Recibir los avisos", "No recibir más", "Tengo una pregunta"],
    rights: [
        "ver sus datos y tener una copia",
        "hacerlos corregir",
        "hacerlos borrar",
        "hacer limitar su uso",
        "que quien los recibió sepa de correcciones y borrados",
        "tenerlos en formato electrónico",
        "oponerse a su uso",
        "no ser objeto de decisiones automáticas",
        "retirar el consentimiento",
        "reclamar ante la autoridad italiana de protección de datos",
    ],
    comma: ", ",
};

const ROMANIAN: Words = Words {
    welcome: "\
*Abonare activă.* De acum primiți pe WhatsApp anunțurile de la {ente}, în italiană.
[chat]Puteți scrie aici și întrebările dumneavoastră.
Subiecte: {argomenti}.

Citiți regulile serviciului, care se consideră astfel acceptate: {link_policy}
Dacă nu le acceptați, scrieți {cancellazione}.
Cum folosim datele dumneavoastră: {link_informativa}

- Pentru a schimba subiectele scrieți {parola_argomenti}
- Pentru a nu mai primi anunțuri scrieți {cancellazione}

În caz de urgență sunați la 112.",
    goodbye: "\
*Abonare anulată.* Nu mai primiți pe WhatsApp anunțurile de la {ente}, nici măcar alertele.
[open]Ne puteți scrie în continuare o întrebare.
[chat]Se închide și conversația.
Pentru a reveni scrieți {iscrizione}. Pentru datele dumneavoastră scrieți {parola_dati}.",
    help: "\
Acesta este serviciul WhatsApp al {ente}. Puteți scrie:
[open]- {iscrizione} pentru a primi anunțurile
[chat]- {iscrizione} pentru a pune întrebări aici și a primi anunțurile
- {parola_argomenti} pentru a alege care
- {cancellazione} pentru a nu le mai primi
- {parola_dati} pentru datele dumneavoastră

[open]Sau scrieți întrebarea: o citește o persoană.
[chat]După abonare scrieți întrebarea: o citește o persoană.
Nu răspundem la apeluri. În caz de urgență sunați la 112.",
    my_data: "\
Cum folosim datele dumneavoastră: {link_informativa}
Drepturile dumneavoastră: {diritti}.

Scrieți aici ce doriți. O persoană citește și răspundem într-o lună. Pentru a nu mai primi anunțuri este de ajuns să scrieți {cancellazione}.
Responsabilul cu protecția datelor: {contatto_dpo}",
    data_copy: "\
Iată o copie a datelor pe care le păstrăm despre dumneavoastră în serviciul WhatsApp al {ente}. Fișierul este în italiană.
Cum le folosim: {link_informativa}",
    data_copy_json: "Aceleași date pentru un program (JSON).",
    erase_ask: "\
Doriți să ștergeți toate datele dumneavoastră din serviciul WhatsApp al {ente}: număr, teme, acorduri, mesaje? Nu veți mai primi anunțuri. Nu se poate reveni.
Răspundeți cu un buton în 24 de ore.",
    data_buttons: ["Primesc o copie", "Șterge tot", "Șterge tot", "Nu, lasă așa"],
    ask: "Ați scris «{testo}». Ce doriți să faceți?",
    buttons: ["Primesc anunțurile", "Nu mai primesc", "Am o întrebare"],
    rights: [
        "să vedeți datele și să aveți o copie",
        "să cereți corectarea lor",
        "să cereți ștergerea lor",
        "să cereți limitarea folosirii lor",
        "ca cei care le-au primit să afle de corectări și ștergeri",
        "să le aveți în format electronic",
        "să vă opuneți folosirii lor",
        "să nu fiți supus unor decizii automate",
        "să retrageți consimțământul",
        "să faceți plângere la autoritatea italiană pentru protecția datelor",
    ],
    comma: ", ",
};

const ALBANIAN: Words = Words {
    welcome: "\
*Regjistrimi është aktiv.* Tani merrni në WhatsApp njoftimet e {ente}, në italisht.
[chat]Këtu mund të shkruani edhe pyetjet tuaja.
Temat: {argomenti}.

Lexoni rregullat e shërbimit, që kështu quhen të pranuara: {link_policy}
Nëse nuk i pranoni, shkruani {cancellazione}.
Si i përdorim të dhënat tuaja: {link_informativa}

- Për të ndryshuar temat shkruani {parola_argomenti}
- Për të mos marrë më njoftime shkruani {cancellazione}

Në rast urgjence telefononi 112.",
    goodbye: "\
*Regjistrimi u anulua.* Nuk merrni më në WhatsApp njoftimet e {ente}, as alarmet.
[open]Mund të na shkruani ende për një pyetje.
[chat]Mbyllet edhe biseda.
Për t'u kthyer shkruani {iscrizione}. Për të dhënat tuaja shkruani {parola_dati}.",
    help: "\
Ky është shërbimi WhatsApp i {ente}. Mund të shkruani:
[open]- {iscrizione} për të marrë njoftimet
[chat]- {iscrizione} për të bërë pyetje këtu dhe për të marrë njoftimet
- {parola_argomenti} për të zgjedhur cilat
- {cancellazione} për të mos i marrë më
- {parola_dati} për të dhënat tuaja

[open]Ose shkruani pyetjen tuaj: e lexon një person.
[chat]Pas regjistrimit shkruani pyetjen tuaj: e lexon një person.
Nuk u përgjigjemi telefonatave. Në rast urgjence telefononi 112.",
    my_data: "\
Si i përdorim të dhënat tuaja: {link_informativa}
Të drejtat tuaja: {diritti}.

Shkruani këtu çfarë dëshironi. E lexon një person dhe përgjigjemi brenda një muaji. Për të mos marrë më njoftime mjafton të shkruani {cancellazione}.
Përgjegjësi për mbrojtjen e të dhënave: {contatto_dpo}",
    data_copy: "\
Këtu është një kopje e të dhënave që ruajmë për ju në shërbimin WhatsApp të {ente}. Skedari është në italisht.
Si i përdorim: {link_informativa}",
    data_copy_json: "Të njëjtat të dhëna për një program (JSON).",
    erase_ask: "\
Dëshironi të fshini të gjitha të dhënat tuaja nga shërbimi WhatsApp i {ente}: numrin, temat, pëlqimet, mesazhet? Nuk do të merrni më njoftime. Nuk mund të kthehet pas.
Përgjigjuni me një buton brenda 24 orëve.",
    data_buttons: ["Marr një kopje", "Fshi gjithçka", "Fshi gjithçka", "Jo, lëre kështu"],
    ask: "Keni shkruar «{testo}». Çfarë dëshironi të bëni?",
    buttons: ["Të marr njoftimet", "Të mos i marr më", "Kam një pyetje"],
    rights: [
        "t'i shihni të dhënat dhe të keni një kopje",
        "të kërkoni korrigjimin e tyre",
        "të kërkoni fshirjen e tyre",
        "të kërkoni kufizimin e përdorimit të tyre",
        "kush i ka marrë të mësojë për korrigjimet dhe fshirjet",
        "t'i keni në formë elektronike",
        "të kundërshtoni përdorimin e tyre",
        "të mos i nënshtroheni vendimeve automatike",
        "të tërhiqni pëlqimin",
        "të ankoheni te autoriteti italian për mbrojtjen e të dhënave",
    ],
    comma: ", ",
};

const UKRAINIAN: Words = Words {
    welcome: "\
*Підписку оформлено.* Тепер ви отримуєте у WhatsApp повідомлення від {ente} італійською мовою.
[chat]Тут ви також можете писати свої запитання.
Теми: {argomenti}.

Прочитайте правила сервісу, які таким чином вважаються прийнятими: {link_policy}
Якщо ви їх не приймаєте, напишіть {cancellazione}.
Як ми використовуємо ваші дані: {link_informativa}

- Щоб змінити теми, напишіть {parola_argomenti}
- Щоб більше не отримувати повідомлень, напишіть {cancellazione}

У разі небезпеки телефонуйте 112.",
    goodbye: "\
*Підписку скасовано.* Ви більше не отримуєте у WhatsApp повідомлень від {ente}, навіть попереджень про небезпеку.
[open]Ви й далі можете написати нам запитання.
[chat]Чат також закривається.
Щоб повернутися, напишіть {iscrizione}. Щодо ваших даних напишіть {parola_dati}.",
    help: "\
Це сервіс WhatsApp від {ente}. Ви можете написати:
[open]- {iscrizione}, щоб отримувати повідомлення
[chat]- {iscrizione}, щоб ставити тут запитання й отримувати повідомлення
- {parola_argomenti}, щоб вибрати теми
- {cancellazione}, щоб більше їх не отримувати
- {parola_dati} щодо ваших даних

[open]Або напишіть своє запитання: його прочитає людина.
[chat]Після підписки напишіть своє запитання: його прочитає людина.
На дзвінки ми не відповідаємо. У разі небезпеки телефонуйте 112.",
    my_data: "\
Як ми використовуємо ваші дані: {link_informativa}
Ваші права: {diritti}.

Напишіть тут, чого ви бажаєте. Це прочитає людина, і ми відповімо протягом місяця. Щоб більше не отримувати повідомлень, досить написати {cancellazione}.
Відповідальний за захист даних: {contatto_dpo}",
    data_copy: "\
Ось копія ваших даних, які ми зберігаємо у сервісі WhatsApp {ente}. Файл італійською мовою.
Як ми їх використовуємо: {link_informativa}",
    data_copy_json: "Ті самі дані для програми (JSON).",
    erase_ask: "\
Видалити всі ваші дані із сервісу WhatsApp {ente}: номер, теми, згоди, повідомлення? Ви більше не отримуватимете сповіщень. Скасувати це неможливо.
Натисніть кнопку протягом 24 годин.",
    data_buttons: ["Отримати копію", "Видалити все", "Видалити все", "Ні, залишити"],
    ask: "Ви написали «{testo}». Що ви хочете зробити?",
    buttons: ["Отримувати новини", "Не отримувати", "Маю запитання"],
    rights: [
        "бачити дані та мати їх копію",
        "вимагати їх виправлення",
        "вимагати їх видалення",
        "вимагати обмеження їх використання",
        "щоб отримувачі дізналися про виправлення та видалення",
        "мати їх в електронній формі",
        "заперечувати проти їх використання",
        "не підлягати автоматичним рішенням",
        "відкликати згоду",
        "подати скаргу до італійського органу із захисту даних",
    ],
    comma: ", ",
};

const ARABIC: Words = Words {
    welcome: "\
*تم الاشتراك.* تصلك من الآن على واتساب إشعارات {ente} باللغة الإيطالية.
[chat]يمكنك أيضا أن تكتب أسئلتك هنا.
المواضيع: {argomenti}.

اقرأ قواعد الخدمة، وهي تعتبر بذلك مقبولة: {link_policy}
إذا كنت لا تقبلها فاكتب {cancellazione}.
كيف نستخدم بياناتك: {link_informativa}

- لتغيير المواضيع اكتب {parola_argomenti}
- لإيقاف الإشعارات اكتب {cancellazione}

في حالة الطوارئ اتصل بالرقم 112.",
    goodbye: "\
*تم إلغاء الاشتراك.* لن تصلك على واتساب إشعارات {ente}، ولا حتى التنبيهات.
[open]يمكنك أن تكتب لنا سؤالا في أي وقت.
[chat]تغلق المحادثة أيضا.
للعودة اكتب {iscrizione}. لبياناتك اكتب {parola_dati}.",
    help: "\
هذه خدمة واتساب {ente}. يمكنك أن تكتب:
[open]- {iscrizione} لاستلام الإشعارات
[chat]- {iscrizione} لطرح الأسئلة هنا واستلام الإشعارات
- {parola_argomenti} لاختيار المواضيع
- {cancellazione} لإيقافها
- {parola_dati} لبياناتك

[open]أو اكتب سؤالك: يقرؤه موظف.
[chat]بعد الاشتراك اكتب سؤالك: يقرؤه موظف.
لا نرد على المكالمات. في حالة الطوارئ اتصل بالرقم 112.",
    my_data: "\
كيف نستخدم بياناتك: {link_informativa}
حقوقك: {diritti}.

اكتب هنا ما تريد. يقرؤه موظف ونجيب خلال شهر. لإيقاف الإشعارات يكفي أن تكتب {cancellazione}.
مسؤول حماية البيانات: {contatto_dpo}",
    data_copy: "\
هذه نسخة من بياناتك المحفوظة في خدمة واتساب التابعة لـ {ente}. الملف باللغة الإيطالية.
كيف نستخدمها: {link_informativa}",
    data_copy_json: "البيانات نفسها لبرنامج (JSON).",
    erase_ask: "\
هل تريد حذف جميع بياناتك من خدمة واتساب التابعة لـ {ente}: الرقم والمواضيع والموافقات والرسائل؟ لن تصلك إشعارات بعد ذلك. لا يمكن التراجع.
أجب بأحد الزرين خلال 24 ساعة.",
    data_buttons: ["الحصول على نسخة", "حذف كل شيء", "حذف كل شيء", "لا، لا تحذف"],
    ask: "كتبت «{testo}». ماذا تريد أن تفعل؟",
    buttons: ["استلام الإشعارات", "إيقاف الإشعارات", "لدي سؤال"],
    rights: [
        "الاطلاع على بياناتك والحصول على نسخة منها",
        "طلب تصحيحها",
        "طلب حذفها",
        "طلب تقييد استخدامها",
        "إبلاغ من استلمها بالتصحيح والحذف",
        "الحصول عليها بصيغة إلكترونية",
        "الاعتراض على استخدامها",
        "عدم الخضوع لقرارات آلية",
        "سحب الموافقة",
        "تقديم شكوى إلى الهيئة الإيطالية لحماية البيانات",
    ],
    comma: "، ",
};

const CHINESE: Words = Words {
    welcome: "\
*订阅成功。* 您将在 WhatsApp 上收到 {ente} 的通知(意大利语)。
[chat]您也可以在这里提问。
主题:{argomenti}。

请阅读服务规则,订阅即表示接受:{link_policy}
如果不接受,请写 {cancellazione}
我们如何使用您的数据:{link_informativa}

- 更改主题请写 {parola_argomenti}
- 不再接收通知请写 {cancellazione}

紧急情况请拨打 112。",
    goodbye: "\
*已退订。* 您不会再在 WhatsApp 上收到 {ente} 的通知,包括警报。
[open]您仍然可以写信向我们提问。
[chat]聊天也已关闭。
要重新订阅请写 {iscrizione} ,关于您的数据请写 {parola_dati}",
    help: "\
这是 {ente} 的 WhatsApp 服务。您可以写:
[open]- {iscrizione} 接收通知
[chat]- {iscrizione} 在这里提问并接收通知
- {parola_argomenti} 选择主题
- {cancellazione} 不再接收通知
- {parola_dati} 关于您的数据

[open]或者写下您的问题:由工作人员阅读。
[chat]订阅后写下您的问题:由工作人员阅读。
我们不接电话。紧急情况请拨打 112。",
    my_data: "\
我们如何使用您的数据:{link_informativa}
您的权利:{diritti}。

请在这里写下您的要求。由工作人员阅读,我们在一个月内答复。不再接收通知只需写 {cancellazione}
数据保护负责人:{contatto_dpo}",
    data_copy: "\
这是我们在{ente} WhatsApp服务中保存的您的数据副本。文件为意大利语。
我们如何使用：{link_informativa}",
    data_copy_json: "同样的数据，供程序使用（JSON）。",
    erase_ask: "\
您要删除{ente} WhatsApp服务中您的全部数据吗：号码、主题、同意记录、消息？您将不再收到通知。此操作无法撤销。
请在24小时内按按钮回复。",
    data_buttons: ["获取副本", "全部删除", "全部删除", "不，保留"],
    ask: "您写了«{testo}»。您想做什么?",
    buttons: ["接收通知", "不再接收通知", "我有问题"],
    rights: [
        "查看数据并获得副本",
        "要求更正",
        "要求删除",
        "要求限制使用",
        "要求将更正和删除告知接收者",
        "获得电子格式的数据",
        "反对使用数据",
        "不受自动决定的约束",
        "撤回同意",
        "向意大利数据保护机构投诉",
    ],
    comma: "、",
};

const SLOVENIAN: Words = Words {
    welcome: "\
*Prijava je aktivna.* Odslej na WhatsApp prejemate obvestila ustanove {ente} v italijanščini.
[chat]Tukaj lahko pišete tudi svoja vprašanja.
Teme: {argomenti}.

Preberite pravila storitve, ki s tem veljajo za sprejeta: {link_policy}
Če jih ne sprejmete, napišite {cancellazione}.
Kako uporabljamo vaše podatke: {link_informativa}

- Za spremembo tem napišite {parola_argomenti}
- Da ne prejemate več obvestil, napišite {cancellazione}

V nujnih primerih pokličite 112.",
    goodbye: "\
*Odjava je opravljena.* Na WhatsApp ne prejemate več obvestil ustanove {ente}, niti opozoril.
[open]Še vedno nam lahko pišete vprašanje.
[chat]Zapre se tudi klepet.
Za vrnitev napišite {iscrizione}. Za svoje podatke napišite {parola_dati}.",
    help: "\
To je storitev WhatsApp ustanove {ente}. Lahko napišete:
[open]- {iscrizione} za prejemanje obvestil
[chat]- {iscrizione} za vprašanja tukaj in prejemanje obvestil
- {parola_argomenti} za izbiro tem
- {cancellazione}, da jih ne prejemate več
- {parola_dati} za svoje podatke

[open]Ali napišite svoje vprašanje: prebere ga človek.
[chat]Po prijavi napišite svoje vprašanje: prebere ga človek.
Na klice ne odgovarjamo. V nujnih primerih pokličite 112.",
    my_data: "\
Kako uporabljamo vaše podatke: {link_informativa}
Vaše pravice: {diritti}.

Tukaj napišite, kaj želite. Prebere človek, odgovorimo v enem mesecu. Da ne prejemate več obvestil, samo napišite {cancellazione}.
Oseba za varstvo podatkov: {contatto_dpo}",
    data_copy: "\
Tukaj je kopija podatkov, ki jih hranimo o vas v storitvi WhatsApp {ente}. Datoteka je v italijanščini.
Kako jih uporabljamo: {link_informativa}",
    data_copy_json: "Isti podatki za program (JSON).",
    erase_ask: "\
Želite izbrisati vse svoje podatke iz storitve WhatsApp {ente}: številko, teme, soglasja, sporočila? Obvestil ne boste več prejemali. Tega ni mogoče razveljaviti.
Odgovorite z gumbom v 24 urah.",
    data_buttons: ["Prejmi kopijo", "Izbriši vse", "Izbriši vse", "Ne, pusti tako"],
    ask: "Napisali ste «{testo}». Kaj želite narediti?",
    buttons: ["Prejemati obvestila", "Ne več prejemati", "Imam vprašanje"],
    rights: [
        "videti podatke in dobiti kopijo",
        "zahtevati popravek",
        "zahtevati izbris",
        "zahtevati omejitev uporabe",
        "da prejemniki izvedo za popravke in izbrise",
        "dobiti jih v elektronski obliki",
        "ugovarjati njihovi uporabi",
        "ne biti predmet samodejnih odločitev",
        "preklicati soglasje",
        "pritožiti se italijanskemu organu za varstvo podatkov",
    ],
    comma: ", ",
};
