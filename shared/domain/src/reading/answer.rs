// SPDX-License-Identifier: EUPL-1.2
//! What is an answer only to our own question: "1", "la seconda", "no", a button's words typed out.

use super::Text;

/// Which of the buttons under a question a text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// By position, from 0.
    Button(usize),
    /// "no", "lascia stare": nothing of it.
    Neither,
}

/// By position: digits, letters, and how people say them.
const POSITIONS: [&[&str]; 3] = [
    &["1", "uno", "primo", "prima", "a", "first", "one", "premier", "premiere"],
    &["2", "due", "secondo", "seconda", "b", "second", "two", "deuxieme"],
    &["3", "tre", "terzo", "terza", "c", "ultimo", "ultima", "third", "three", "troisieme", "last"],
];

const REFUSALS: &[&str] = &[
    "no",
    "nessuno",
    "nessuna",
    "niente",
    "nessuno dei tre",
    "nessuna delle tre",
    "nessuna di queste",
    "lascia stare",
    "lasci stare",
    "lasciate stare",
    "lascia perdere",
    "lasci perdere",
    "lasciate perdere",
    "non importa",
    "fa niente",
    "non fa niente",
    "none",
    "nothing",
];

/// Around a number or a button's words, without saying anything.
const AROUND: &[&str] = &[
    "il", "lo", "la", "l", "i", "gli", "le", "the", "numero", "n", "opzione", "risposta", "scelta",
    "pulsante", "bottone", "tasto", "scelgo", "vorrei", "voglio", "quello", "quella", "grazie",
    "si", "ok", "allora", "per", "favore", "direi", "option",
];

/// Longer texts say more than an answer.
const LONGEST_BYTES: usize = 100;

/// Reads an answer to a question with these buttons. `None` if it is something else. "si" alone
/// says nothing: to which of them?
pub fn answer(text: &str, titles: &[&str]) -> Option<Answer> {
    if text.len() > LONGEST_BYTES {
        return None;
    }
    let spoken = Text::parse(text);
    let words: Vec<&str> = spoken.words().collect();
    if words.is_empty() || spoken.asks() {
        return None;
    }
    let core = without(&words);
    let typed = |title: &str| {
        let title = Text::parse(title);
        let title: Vec<&str> = title.words().collect();
        title == words || !core.is_empty() && without(&title) == core
    };
    if let Some(at) = titles.iter().position(|it| typed(it)) {
        return Some(Answer::Button(at));
    }
    let all = words.join(" ");
    if REFUSALS.contains(&all.strip_suffix(" grazie").unwrap_or(&all)) {
        return Some(Answer::Neither);
    }
    // "1", "la prima", "opzione 1 grazie".
    let position = match core.as_slice() {
        [word] => POSITIONS.iter().position(|it| it.contains(word)),
        _ => None,
    };
    position.filter(|at| *at < titles.len()).map(Answer::Button)
}

fn without<'a>(words: &[&'a str]) -> Vec<&'a str> {
    words.iter().copied().filter(|it| !AROUND.contains(it)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_positions_and_titles() {
        let titles = ["Ricevere gli avvisi", "Non riceverli più", "Ho una domanda"];
        let button = |at| Some(Answer::Button(at));
        for (text, want) in [
            ("1", button(0)),
            ("1.", button(0)),
            ("la prima", button(0)),
            ("La prima, grazie", button(0)),
            ("opzione 2", button(1)),
            ("il secondo", button(1)),
            ("B", button(1)),
            ("3️⃣", button(2)),
            ("terza", button(2)),
            ("ricevere gli avvisi", button(0)),
            ("Ricevere avvisi", button(0)),
            ("sì, ricevere gli avvisi", button(0)),
            ("NON RICEVERLI PIU'", button(1)),
            ("ho una domanda", button(2)),
            ("no", Some(Answer::Neither)),
            ("No grazie", Some(Answer::Neither)),
            ("nessuna delle tre", Some(Answer::Neither)),
            ("lascia perdere", Some(Answer::Neither)),
            ("sì", None),
            ("ok grazie", None),
            ("4", None),
            ("1?", None),
            ("la prima elementare", None),
            ("12", None),
            ("", None),
        ] {
            assert_eq!(answer(text, &titles), want, "{text:?}");
        }
    }
}
