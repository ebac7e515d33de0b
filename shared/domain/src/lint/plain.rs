// SPDX-License-Identifier: EUPL-1.2
//! Words that are hard to read, and what to write instead.

use crate::line::{Address, Line};
use crate::lint::meta::SHORTENERS;
use crate::lint::{Finding, date};
use crate::reply::{MY_DATA_WORD, TOPICS_WORD};

/// Words in a sentence that are too many. Source: italian-pa, section 5.2.
const LONGEST_SENTENCE: usize = 25;
/// Gulpease from which who left school early reads a text alone, and the least words it needs to
/// mean anything.
const READABLE: usize = 60;
const READABLE_FROM_WORDS: usize = 30;

const BUREAUCRATIC: &str = include_str!("bureaucratic.tsv");

/// Short forms, with their full ones. Written as they are, capitals aside.
const ABBREVIATIONS: [(&str, &str); 30] = [
    ("art.", "articolo"),
    ("c.a.", "scrivi il nome"),
    ("c.m.", "scrivi il mese"),
    ("c.so", "corso"),
    ("cell.", "telefono"),
    ("dott.", "scrivi il nome"),
    ("dott.ssa", "scrivi il nome"),
    ("ecc.", "scrivi tutto l'elenco"),
    ("es.", "esempio"),
    ("fraz.", "frazione"),
    ("gg", "giorni"),
    ("gg.", "giorni"),
    ("info", "informazioni"),
    ("loc.", "località"),
    ("max", "al massimo"),
    ("max.", "al massimo"),
    ("min.", "minuti"),
    ("nr.", "numero"),
    ("n°", "numero"),
    ("ord.", "ordinanza"),
    ("p.m.", "scrivi la data"),
    ("p.v.", "scrivi la data"),
    ("p.zza", "piazza"),
    ("prot.", "protocollo"),
    ("s.m.i.", "togli"),
    ("ss.mm.ii.", "togli"),
    ("tel.", "telefono"),
    ("u.s.", "scrivi la data"),
    ("v.le", "viale"),
    ("c/o", "a"),
];

/// Capitals that everybody knows, or that are meant to be read as they are.
const KNOWN_CAPITALS: [&str; 34] = [
    "ASL",
    "ATS",
    "CAP",
    "CIE",
    "COVID",
    "DPO",
    "ESERCITAZIONE",
    "GDPR",
    "IBAN",
    "IMU",
    "INPS",
    "INAIL",
    "IO",
    "ISEE",
    "IVA",
    "PDF",
    "PEC",
    "PIN",
    "PN",
    "PUK",
    "SMS",
    "SOS",
    "SPID",
    "SUAP",
    "SUE",
    "TARI",
    "TASI",
    "URP",
    "UTC",
    "USB",
    "WC",
    "WIFI",
    "FAQ",
    "DNA",
];

/// Days that are another one for who reads tomorrow.
const RELATIVE: [&str; 14] = [
    "oggi",
    "domani",
    "dopodomani",
    "ieri",
    "stamattina",
    "stamani",
    "stasera",
    "stanotte",
    "domattina",
    "questa settimana",
    "prossima settimana",
    "settimana prossima",
    "mese prossimo",
    "prossimo mese",
];

/// Forms that speak to a person in one way only. Those that are also a third person are left out.
const TU: [&str; 14] = [
    "tuo", "tua", "tuoi", "tue", "puoi", "devi", "vuoi", "scrivi", "scrivici", "ricevi", "leggi",
    "vieni", "rispondi", "segui",
];
const LEI: [&str; 15] = [
    "scriva", "scrivaci", "chiami", "visiti", "vada", "venga", "porti", "legga", "segua", "salvi",
    "faccia", "risponda", "prema", "eviti", "utilizzi",
];

/// Word by word.
pub(super) fn words(text: &str, at: &str, line: &Line) -> Vec<Finding> {
    let mut findings = bureaucratic(text, at);
    for word in text.split_whitespace() {
        findings.extend(abbreviation(word, at));
        findings.extend(capitals(word, at, line));
        findings.extend(day(word, at));
        findings.extend(shortened(word, at));
    }
    findings.extend(relative(text, at));
    findings.extend(emoji(text, at));
    findings.extend(address(text, at, line));
    if text.matches('*').count() % 2 == 1 {
        findings.push(Finding::warning(
            at,
            "asterisk",
            "c'è un asterisco da solo, e può mettere in grassetto il resto".to_owned(),
            "toglilo, o mettine due attorno alle parole",
        ));
    }
    findings.dedup();
    findings
}

/// Sentence by sentence.
pub(super) fn sentences(text: &str, at: &str) -> Vec<Finding> {
    let sentences = split(text);
    let mut findings = Vec::new();
    let count = |it: &str| it.split_whitespace().filter(|it| is_word(it)).count();
    for sentence in &sentences {
        let words = count(sentence);
        if words > LONGEST_SENTENCE {
            let start: Vec<_> = sentence.split_whitespace().take(4).collect();
            findings.push(Finding::warning(
                at,
                "long-sentence",
                format!("la frase «{} …» ha {words} parole", start.join(" ")),
                format!("dividila: non più di {LONGEST_SENTENCE}, meglio meno di 20"),
            ));
        }
    }
    let words: usize = sentences.iter().map(|it| count(it)).sum();
    let letters = text.chars().filter(|it| it.is_alphanumeric()).count();
    if words >= READABLE_FROM_WORDS {
        let index = (89 + 300 * sentences.len() / words).saturating_sub(10 * letters / words);
        if index < READABLE {
            findings.push(Finding::warning(
                at,
                "readability",
                format!("il testo è difficile: leggibilità {index} su 100 (indice Gulpease)"),
                format!("usa frasi e parole più corte: da {READABLE} in su lo leggono tutti"),
            ));
        }
    }
    findings
}

fn is_word(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

/// What ends with a full stop and a blank, or with its row.
fn split(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut from = 0;
    for (at, it) in text.char_indices() {
        let after = at + it.len_utf8();
        let rest = &text[after..];
        let stops = matches!(it, '.' | '!' | '?' | ';');
        if it == '\n' || (stops && rest.starts_with(char::is_whitespace)) {
            sentences.push(&text[from..after]);
            from = after;
        }
    }
    sentences.push(&text[from..]);
    sentences.retain(|it| is_word(it));
    sentences
}

fn bureaucratic(text: &str, at: &str) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut taken: Vec<String> = Vec::new();
    let mut rows: Vec<_> = BUREAUCRATIC.lines().filter_map(|it| it.split_once('\t')).collect();
    // The longest first: `presso il` is not `presso` as well.
    rows.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.split(' ').count()));
    for (phrase, plain) in rows {
        let Some(found) = phrase_in(text, phrase) else { continue };
        if taken.iter().any(|it| it.contains(&found)) {
            continue;
        }
        let remedy = match plain {
            "-" => "toglilo, e di' subito che cosa cambia".to_owned(),
            it if it.starts_with("scrivi ") => it.to_owned(),
            it => format!("scrivi «{it}»"),
        };
        findings.push(Finding::warning(
            at,
            "bureaucratic",
            format!("«{found}» è linguaggio d'ufficio"),
            remedy,
        ));
        taken.push(found);
    }
    findings
}

/// Where a phrase stands in a text, as lower-case words. A `*` ends the beginning of a word.
pub(super) fn phrase_in(text: &str, phrase: &str) -> Option<String> {
    let words = lower_words(text);
    let wanted: Vec<&str> = phrase.split(' ').collect();
    let fits = |(word, wanted): (&String, &&str)| match wanted.strip_suffix('*') {
        Some(beginning) => word.starts_with(beginning),
        None => word == wanted,
    };
    let mut windows = words.windows(wanted.len());
    let found = windows.find(|it| it.iter().zip(&wanted).all(fits))?;
    Some(found.join(" "))
}

fn lower_words(text: &str) -> Vec<String> {
    let words = text.split(|it: char| !it.is_alphanumeric());
    words.filter(|it| !it.is_empty()).map(str::to_lowercase).collect()
}

fn abbreviation(word: &str, at: &str) -> Option<Finding> {
    let lower = word.to_lowercase();
    let bare = lower.trim_matches(|it: char| "()«»\",;:".contains(it));
    let (short, full) = ABBREVIATIONS.iter().find(|(short, _)| *short == bare)?;
    let remedy = match *full {
        "togli" => "togli".to_owned(),
        it if it.starts_with("scrivi ") => it.to_owned(),
        it => format!("scrivi «{it}»"),
    };
    let what = format!("«{short}» è un'abbreviazione");
    Some(Finding::warning(at, "abbreviation", what, remedy))
}

fn capitals(word: &str, at: &str, line: &Line) -> Option<Finding> {
    let bare = word.trim_matches(|it: char| !it.is_alphanumeric());
    let letters = bare.chars().filter(|it| it.is_alphabetic()).count();
    let is_capital = |it: char| !it.is_alphabetic() || it.is_uppercase();
    // A word behind an apostrophe stands by itself: `l'IMU`.
    let bare = bare.rsplit(['\'', '’']).next().unwrap_or(bare);
    if letters < 2 || !bare.chars().all(is_capital) || bare.contains(|it: char| it.is_ascii_digit())
    {
        return None;
    }
    // `piazza XX Settembre`
    if bare.chars().all(|it| "IVXLCDM".contains(it)) {
        return None;
    }
    let ours = [TOPICS_WORD, MY_DATA_WORD].into_iter().map(str::to_owned);
    let phrases = line.opt_in.iter().chain(&line.opt_out).map(|it| it.to_uppercase());
    let known = ours.chain(phrases).any(|it| it.split_whitespace().any(|it| it == bare))
        || KNOWN_CAPITALS.contains(&bare)
        || line.comune.name.to_uppercase() == bare;
    if known {
        return None;
    }
    Some(if letters > 5 {
        Finding::warning(
            at,
            "capitals",
            format!("«{bare}» è tutto maiuscolo, e sembra gridato"),
            format!("scrivi «{}»", bare.to_lowercase()),
        )
    } else {
        Finding::warning(
            at,
            "acronym",
            format!("«{bare}» è una sigla che non tutti conoscono"),
            "scrivila per esteso",
        )
    })
}

fn day(word: &str, at: &str) -> Option<Finding> {
    let (digits, words) = date::in_digits(word)?;
    let what = format!("«{digits}» si legge in più modi");
    Some(Finding::warning(at, "digits", what, format!("scrivi «{words}»")))
}

fn shortened(word: &str, at: &str) -> Option<Finding> {
    let lower = word.to_lowercase();
    let host = lower.trim_start_matches("https://").trim_start_matches("http://");
    let host = host.split('/').next().unwrap_or_default().trim_start_matches("www.");
    SHORTENERS.contains(&host).then(|| {
        Finding::error(
            at,
            "short-link",
            format!("l'indirizzo «{host}» nasconde dove porta, e Meta può crederlo una truffa"),
            "scrivi l'indirizzo del sito del Comune, per intero",
        )
    })
}

fn relative(text: &str, at: &str) -> Option<Finding> {
    let lower = text.to_lowercase();
    if crate::hours::MONTHS.iter().any(|it| lower.contains(it)) {
        return None;
    }
    let found = RELATIVE.iter().find(|it| phrase_in(text, it).is_some())?;
    Some(Finding::warning(
        at,
        "relative-day",
        format!("«{found}» è un altro giorno per chi legge più tardi"),
        "scrivi il giorno e la data: «lunedì 30 novembre»",
    ))
}

pub(super) fn emoji_in(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|it| {
        matches!(u32::from(*it),
            0x1F000..=0x1FAFF | 0x2600..=0x27BF | 0x2B00..=0x2BFF | 0x2190..=0x21FF
            | 0x2300..=0x23FF | 0x20E3)
    })
}

fn emoji(text: &str, at: &str) -> Option<Finding> {
    let n = emoji_in(text).count();
    let last = |row: &str| row.trim_end().chars().next_back();
    let is_picture = |it: char| emoji_in(it.encode_utf8(&mut [0; 4])).next().is_some();
    let at_an_end = text.lines().filter_map(last).any(|it| is_picture(it) || it == '\u{FE0F}');
    if n == 0 || (n == 1 && at_an_end) {
        return None;
    }
    Some(Finding::warning(
        at,
        "emoji",
        "chi ascolta il messaggio si sente leggere ogni faccina e simbolo".to_owned(),
        "lasciane uno solo, alla fine di una riga, o nessuno",
    ))
}

/// Tu where the line says Lei, or the other way round.
fn address(text: &str, at: &str, line: &Line) -> Option<Finding> {
    let (others, ours) = match line.address {
        Address::Tu => (&LEI[..], "tu"),
        Address::Lei => (&TU[..], "Lei"),
    };
    let found = lower_words(text).into_iter().find(|it| others.contains(&it.as_str()))?;
    Some(Finding::warning(
        at,
        "address",
        format!("«{found}» non dà del {ours}, come fa il resto del servizio"),
        format!("rivolgiti alle persone sempre con il {ours}"),
    ))
}
