// SPDX-License-Identifier: EUPL-1.2
//! Messages as citizens write them, read for the two services we must be able to run.

mod lines;

use std::collections::BTreeMap;

use domain::ids::TopicId;
use domain::line::Line;
use domain::reading::{AboutData, Intent, Kind, Language, Reader, TopicChange};
use domain::rights::Right;
use lines::{barberino, barberino_as_filed, pordenone, pordenone_as_filed};
use proptest::prelude::*;

fn topics(ids: &[&str]) -> Vec<TopicId> {
    ids.iter().map(|&it| TopicId::new(it)).collect()
}

/// One labelled message: the text, the label expected, and others that would do.
struct Labelled<'a> {
    text: &'a str,
    expected: &'a str,
    also_ok: &'a str,
}

impl Labelled<'_> {
    fn accepts(&self, label: &str) -> bool {
        label == self.expected || self.also_ok.split(',').any(|it| it == label)
    }
}

/// Tab-separated: text, label, other labels that would do, parted by commas. `# ` comments.
fn labelled(tsv: &str) -> Vec<Labelled<'_>> {
    tsv.lines()
        .filter(|it| !it.starts_with("# "))
        .map(|row| {
            let mut cells = row.split('\t');
            let text = cells.next().expect("a text");
            let expected = cells.next().expect("a label");
            Labelled { text, expected, also_ok: cells.next().unwrap_or("") }
        })
        .collect()
}

const PUBLISHED: &str = include_str!("../testdata/reading/labelled.tsv");
const ADVERSARIAL: &str = include_str!("../testdata/reading/adversarial.tsv");

/// What went wrong, one line a message, and how many messages there were.
fn mistakes(line: &Line, tsv: &str) -> (Vec<String>, usize) {
    let reader = Reader::new(line);
    let all = labelled(tsv);
    let wrong = all
        .iter()
        .filter_map(|it| {
            let reading = reader.read(it.text);
            let label = reading.intent.name();
            (!it.accepts(label))
                .then(|| format!("{label} for {} ({}): {}", it.expected, reading.rule, it.text))
        })
        .collect();
    (wrong, all.len())
}

/// Messages written before anybody looked at how they would be read: the text, what is right, what
/// would do too, and the line it holds for where it does not hold for both.
const UNSEEN: &str = include_str!("../testdata/reading/unseen.tsv");

/// How the messages of one list were read, all lines together.
#[derive(Default)]
struct Score {
    all: usize,
    right: usize,
    false_subscribes: Vec<String>,
    false_opt_outs: Vec<String>,
    wrong: Vec<String>,
    by_class: BTreeMap<String, (usize, usize)>,
}

fn score(tsv: &str) -> Score {
    let readers = [
        ("pordenone", Reader::new(&pordenone_as_filed())),
        ("barberino", Reader::new(&barberino_as_filed())),
    ];
    let mut score = Score::default();
    for row in tsv.lines().filter(|it| !it.starts_with("# ")) {
        let mut cells = row.split('\t');
        let text = cells.next().expect("a text");
        let expected = cells.next().expect("a label");
        let also_ok = cells.next().unwrap_or("");
        let only = cells.next().unwrap_or("");
        let accepts = |label: &str| {
            let kinds = |it: &str| it == "human" && label.starts_with("human:");
            label == expected || also_ok.split(',').any(|it| it == label || kinds(it))
        };
        for (line, reader) in &readers {
            if !only.is_empty() && only != *line {
                continue;
            }
            let reading = reader.read(text);
            // A stop and an opt-out do the same.
            let label = match &reading.intent {
                Intent::Stop => "unsubscribe".to_owned(),
                Intent::Human(kind) => format!("human:{}", kind.name()),
                other => other.name().to_owned(),
            };
            let right = accepts(&label);
            let class = score.by_class.entry(expected.to_owned()).or_default();
            class.0 += 1;
            score.all += 1;
            if right {
                class.1 += 1;
                score.right += 1;
                continue;
            }
            let mistake = format!("{line}: {label} for {expected} ({}): {text}", reading.rule);
            match label.as_str() {
                "subscribe" => score.false_subscribes.push(mistake.clone()),
                "unsubscribe" => score.false_opt_outs.push(mistake.clone()),
                _ => {}
            }
            score.wrong.push(mistake);
        }
    }
    score
}

#[test]
fn reads_messages_it_was_not_made_for() {
    let score = score(UNSEEN);
    assert!(score.all >= 1000);
    let (joined, left) = (&score.false_subscribes, &score.false_opt_outs);
    let told = format!(
        "{} of {} right: {:#?}\n{:#?}",
        score.right, score.all, score.by_class, score.wrong
    );
    assert!(joined.is_empty() && left.is_empty(), "{joined:#?} {left:#?} {told}");
    assert!(score.right * 100 >= score.all * 97, "{told}");
}

fn starting_with<'a>(mistakes: &'a [String], labels: &[&str]) -> Vec<&'a String> {
    mistakes.iter().filter(|it| labels.iter().any(|label| it.starts_with(label))).collect()
}

#[test]
fn reads_the_published_list() {
    for line in [pordenone(), barberino()] {
        let (wrong, all) = mistakes(&line, PUBLISHED);
        assert_eq!(all, 184);
        assert!(wrong.len() * 100 <= all * 3, "{} wrong: {wrong:#?}", wrong.len());
        let costly = starting_with(&wrong, &["subscribe", "unsubscribe", "stop"]);
        assert!(costly.is_empty(), "{costly:#?}");
    }
}

#[test]
fn reads_messages_thought_up_to_fool_it() {
    let (wrong, all) = mistakes(&pordenone(), ADVERSARIAL);
    assert!(all >= 200);
    assert!(wrong.is_empty(), "{} of {all} wrong: {wrong:#?}", wrong.len());
}

/// Messages about data, and some that only sound so: the text, what is asked about the data or the
/// intent, and what would do too.
const RIGHTS: &str = include_str!("../testdata/reading/rights.tsv");

fn asked_about_data(intent: &Intent) -> &'static str {
    match intent {
        Intent::MyData(AboutData::Notice) => "notice",
        Intent::MyData(AboutData::Status) => "status",
        Intent::MyData(AboutData::Right(right)) => match right {
            Right::Access => "access",
            Right::Rectification => "rectification",
            Right::Erasure => "erasure",
            Right::Restriction => "restriction",
            Right::Recipients => "recipients",
            Right::Portability => "portability",
            Right::Objection => "objection",
        },
        other => other.name(),
    }
}

#[test]
fn tells_what_is_asked_about_data() {
    for line in [pordenone_as_filed(), barberino_as_filed()] {
        let reader = Reader::new(&line);
        let all = labelled(RIGHTS);
        let read = |it: &Labelled<'_>| reader.read(it.text);
        let wrong: Vec<_> = all
            .iter()
            .map(|it| (it, read(it)))
            .filter(|(it, reading)| !it.accepts(asked_about_data(&reading.intent)))
            .map(|(it, reading)| {
                let label = asked_about_data(&reading.intent);
                format!("{label} for {} ({}): {}", it.expected, reading.rule, it.text)
            })
            .collect();
        assert!(all.len() >= 200);
        let costly = starting_with(&wrong, &["erasure", "subscribe", "unsubscribe", "stop"]);
        assert!(costly.is_empty(), "{costly:#?}");
        let told = format!("{} of {} wrong: {wrong:#?}", wrong.len(), all.len());
        assert!(wrong.len() * 100 <= all.len() * 3, "{told}");
    }
}

#[test]
fn matches_topics_by_id_name_and_words() {
    let reader = Reader::new(&pordenone());
    for (text, want) in [
        ("iscrivimi eventi", &["eventi"][..]),
        ("Iscrivimi scadenze e manifestazioni", &["scadenze", "eventi"]),
        ("iscrizione on #emergenze", &["allerte"]),
        ("iscrivimi pubblicautilita'", &["utilita"]),
        ("vorrei iscrivermi alle allerte meteo", &["allerte"]),
        ("iscrivimi a tutto", &["servizi", "scadenze", "eventi", "utilita", "allerte"]),
        ("iscrivimi ma senza eventi", &["servizi", "scadenze", "utilita", "allerte"]),
        ("iscrivimi", &[]),
        ("iscrivimi turismo", &[]),
    ] {
        let want = Intent::Subscribe { topics: topics(want) };
        assert_eq!(reader.read(text).intent, want, "reading {text:?}");
    }
}

#[test]
fn reads_changes_of_topics() {
    let reader = Reader::new(&pordenone());
    let add = |ids: &[&str]| Some(TopicChange::Add(topics(ids)));
    let remove = |ids: &[&str]| Some(TopicChange::Remove(topics(ids)));
    let only = |ids: &[&str]| Some(TopicChange::Only(topics(ids)));
    for (text, change) in [
        ("argomenti", None),
        ("solo emergenze", only(&["allerte"])),
        ("voglio solo le allerte meteo", only(&["allerte"])),
        ("solo scadenze ed eventi", only(&["scadenze", "eventi"])),
        ("aggiungi le scadenze", add(&["scadenze"])),
        ("aggiungi scuola", None),
        ("disattiva eventi", remove(&["eventi"])),
        ("niente spettacoli", remove(&["eventi"])),
        ("tutto tranne gli eventi", remove(&["eventi"])),
        ("non voglio più ricevere eventi", remove(&["eventi"])),
        ("stop scadenze", remove(&["scadenze"])),
        ("solo turismo", None),
    ] {
        assert_eq!(reader.read(text).intent, Intent::Topics { change }, "reading {text:?}");
    }
}

#[test]
fn a_line_has_its_own_keywords() {
    let mut line = pordenone();
    line.opt_in = ["ADD WA", "Infocomune", "basta così"].map(str::to_owned).to_vec();
    line.opt_out = ["DEL WA".to_owned()].to_vec();
    let reader = Reader::new(&line);
    for text in [
        "add wa",
        "Buongiorno, ADD WA. Grazie",
        "Mario Rossi add wa",
        "ADD WA Anna De Luca",
        "infocomune",
        "infocomume",
        "basta così",
    ] {
        assert_eq!(reader.read(text).intent.name(), "subscribe", "reading {text:?}");
    }
    assert_eq!(reader.read("del wa").intent, Intent::Unsubscribe);
    assert_eq!(reader.read("add wa?").intent, Intent::Ask);
    assert_eq!(reader.read("add wa al centro estivo").intent, Intent::Human(Kind::Question));
}

#[test]
fn the_office_keywords_of_barberino_are_commands_only_alone() {
    let reader = Reader::new(&barberino());
    for (text, want) in [
        ("iscrizione", "subscribe"),
        ("Iscrizione servizi demografici", "subscribe"),
        ("cancellazione", "unsubscribe"),
        ("iscrizione anagrafe", "human"),
        ("cancellazione anagrafica", "human"),
        ("iscrizione?", "ask"),
    ] {
        assert_eq!(reader.read(text).intent.name(), want, "reading {text:?}");
    }
}

#[test]
fn tells_the_desk_what_a_message_is() {
    let reader = Reader::new(&pordenone());
    for (text, kind) in [
        ("a che ora apre l'anagrafe?", Kind::Question),
        ("grazie", Kind::Courtesy),
        ("👍", Kind::Courtesy),
        ("Grazie per le informazioni, gentilissimi", Kind::Courtesy),
        ("Tanti auguri di buon Natale", Kind::Courtesy),
        ("c'è una buca in via Roma", Kind::Report),
        ("lampione rotto", Kind::Report),
        ("AIUTO C'È UN INCENDIO IN VIA MAZZINI", Kind::Emergency),
        ("mia moglie vuole iscriversi", Kind::ThirdParty),
        ("iscrivete il 340 000 0000", Kind::ThirdParty),
        ("è una vergogna!", Kind::Complaint),
        ("mi sono cancellato ma mi arrivano ancora i messaggi", Kind::Complaint),
    ] {
        assert_eq!(reader.read(text).intent, Intent::Human(kind), "reading {text:?}");
    }
}

#[test]
fn says_in_which_language() {
    let reader = Reader::new(&pordenone());
    for (text, language) in [
        ("iscrivimi", Language::Italian),
        ("Please sign me up for the municipality news", Language::English),
        ("How do I register my residence?", Language::English),
        ("désabonnez-moi", Language::French),
        ("abmelden", Language::German),
        ("quiero darme de baja", Language::Spanish),
        ("Cum pot să îmi schimb reședința?", Language::Romanian),
        ("Më çregjistroni ju lutem", Language::Albanian),
        ("odjava", Language::Slovenian),
        ("відпишіть мене", Language::Ukrainian),
        ("إلغاء الاشتراك", Language::Arabic),
        ("怎么办理身份证?", Language::Chinese),
        ("a che ora apre l'anagrafe?", Language::Italian),
    ] {
        assert_eq!(reader.read(text).language, language, "reading {text:?}");
    }
}

#[test]
fn a_tap_is_its_payload() {
    for payload in ["subscribe", "unsubscribe", "stop", "topics", "help", "my-data"] {
        assert_eq!(Intent::of_tap(payload).unwrap().name(), payload);
    }
    assert_eq!(Intent::of_tap("question"), Some(Intent::Human(Kind::Question)));
    for unknown in ["", "Subscribe", "iscrivimi", "topic:eventi"] {
        assert_eq!(Intent::of_tap(unknown), None, "{unknown:?}");
    }
}

/// Exact keywords, whose intent nothing polite may change.
const KEYWORDS: &[&str] = &[
    "ISCRIVIMI",
    "iscrizione",
    "iscrizione on",
    "mi iscrivo",
    "news",
    "CANCELLAMI",
    "cancellazione",
    "disattiva",
    "iscrizione off",
    "stop",
    "basta",
    "argomenti",
    "aiuto",
    "menù",
    "privacy",
    "i miei dati",
    "solo eventi",
    "novità",
    "non voglio più messaggi",
    "off",
];

/// Any characters, and those that texts are attacked with: zero-width and right-to-left marks, lone
/// combining marks, joined emoji, ligatures and letters that change length with their case.
fn any_text() -> impl Strategy<Value = String> {
    let tricks = "[\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}-\u{2069}\u{feff}\u{300}-\u{36f}\u{fe0f}\
                  \u{1f3fb}-\u{1f3ff}\u{0}-\u{1f}\u{fdfa}ſßİıǅﬃ①²½ǆ]{0,40}";
    let pieces = prop_oneof![
        any::<String>(),
        "\\PC{0,60}",
        "[a-zàèìòù' ?.,!]{0,80}",
        tricks,
        prop::sample::select(KEYWORDS).prop_map(str::to_owned),
    ];
    prop::collection::vec(pieces, 0..4).prop_map(|it| it.concat())
}

#[test]
fn long_texts_go_to_a_person_and_are_kept_short() {
    let reader = Reader::new(&pordenone());
    for unit in
        ["iscrivimi ", "stop ", "a", "\u{301}", "\u{200b}", "\u{202e}abc ", "🙏🏽", "订阅", "? ", "ﷺ"]
    {
        let text: String = unit.chars().cycle().take(65_000).collect();
        let reading = reader.read(&text);
        assert!(matches!(reading.intent, Intent::Human(_)), "{unit:?} {:?}", reading.intent);
        assert!(reading.normalised.chars().count() < 20_000, "{unit:?}");
    }
    let letter = format!("Buongiorno, {} cancellatemi", "vi racconto la mia storia ".repeat(200));
    assert_eq!(reader.read(&letter).intent, Intent::Human(Kind::Question));
    let fire = format!("Aiuto, un incendio in via Roma! {}", "correte ".repeat(2_000));
    assert_eq!(reader.read(&fire).intent, Intent::Human(Kind::Emergency));
    let law = format!("Ai sensi dell'art. 15 GDPR chiedo {}", "copia di ogni dato ".repeat(2_000));
    assert_eq!(reader.read(&law).intent.name(), "my-data");
}

proptest! {
    #[test]
    fn any_text_is_read_and_read_alike(text in any_text(), times in 1..400_usize) {
        let reader = Reader::new(&pordenone());
        let once = reader.read(&text);
        prop_assert_eq!(&once, &reader.read(&text));
        let long = text.repeat(times.min(65_000 / text.len().max(1) + 1));
        reader.read(&long);
    }

    #[test]
    fn a_normalised_text_is_normal(text in "[a-zA-ZàèìòùÀÈ0-9'’#*🙏 ?.,!\n]{0,60}") {
        let reader = Reader::new(&pordenone());
        let once = reader.read(&text).normalised;
        prop_assert_eq!(&reader.read(&once).normalised, &once);
    }

    #[test]
    fn courtesy_changes_nothing(
        keyword in prop::sample::select(KEYWORDS),
        before in prop::sample::select(&["", "Buongiorno, ", "salve ", "Per favore "][..]),
        after in prop::sample::select(&["", " grazie", ". Grazie mille e buon lavoro!", " 🙏"][..]),
    ) {
        let reader = Reader::new(&pordenone());
        let wrapped = format!("{before}{keyword}{after}");
        prop_assert_eq!(reader.read(&wrapped).intent, reader.read(keyword).intent, "{}", wrapped);
    }

    #[test]
    fn case_and_accents_change_nothing(row in 0..425_usize) {
        let reader = Reader::new(&pordenone());
        let all: Vec<_> = labelled(PUBLISHED).into_iter().chain(labelled(ADVERSARIAL)).collect();
        let text = all[row % all.len()].text;
        let plain = reader.read(text);
        prop_assert_eq!(reader.read(&text.to_uppercase()).intent, plain.intent.clone(), "{}", text);
        let bare: String = text.chars().map(|it| match it {
            'à' => 'a', 'è' | 'é' => 'e', 'ì' => 'i', 'ò' => 'o', 'ù' => 'u', other => other,
        }).collect();
        prop_assert_eq!(reader.read(&bare).intent, plain.intent, "{}", text);
    }

    #[test]
    fn one_slip_of_the_finger_never_turns_a_keyword_round(
        keyword in prop::sample::select(&["iscrivimi", "iscrizione", "cancellami", "cancellazione"][..]),
        at in 1..9_usize,
        letter in prop::char::range('a', 'z'),
    ) {
        let reader = Reader::new(&pordenone());
        let mut typed: Vec<char> = keyword.chars().collect();
        typed[at] = letter;
        let typed: String = typed.into_iter().collect();
        let read = reader.read(&typed).intent.name();
        let meant = reader.read(keyword).intent.name();
        prop_assert!(read == meant || ["ask", "human"].contains(&read), "{} is {}", typed, read);
    }
}
