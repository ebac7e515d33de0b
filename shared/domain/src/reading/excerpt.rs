// SPDX-License-Identifier: EUPL-1.2
//! What is read of a long text: its beginning, where people say what they want, and its end, where
//! they say it again. WhatsApp lets 4,096 characters through and others more; no command needs
//! them.

const BEGINNING: usize = 600;
const END: usize = 200;
/// Stands for what is left out. It ends a clause.
const GAP: &str = "\n…\n";

/// The excerpt of a text that is too long to be read whole; `None` if it is not.
pub(super) fn of(text: &str) -> Option<String> {
    if text.len() <= BEGINNING + END || text.chars().nth(BEGINNING + END).is_none() {
        return None;
    }
    let (beginning_ends, _) = text.char_indices().nth(BEGINNING)?;
    let (end_begins, _) = text.char_indices().nth_back(END - 1)?;
    let (beginning, end) = (&text[..beginning_ends], &text[end_begins..]);
    // Half a word is another word.
    let beginning = beginning.rsplit_once(char::is_whitespace).map_or(beginning, |it| it.0);
    let end = end.split_once(char::is_whitespace).map_or(end, |it| it.1);
    Some([beginning, GAP, end].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_both_ends_in_whole_words() {
        for (text, beginning, end) in [
            ("uno due tre ".repeat(400), "uno due tre ", " tre "),
            ("é".repeat(5_000), "ééé", "ééé"),
            (format!("inizio {} fine", "x".repeat(65_000)), "inizio", "fine"),
        ] {
            let excerpt = of(&text).unwrap();
            assert!(excerpt.starts_with(beginning) && excerpt.ends_with(end), "{excerpt}");
            assert!(excerpt.chars().count() <= BEGINNING + END + GAP.chars().count());
        }
    }

    #[test]
    fn leaves_the_rest_alone() {
        assert_eq!(of(""), None);
        assert_eq!(of(&"à".repeat(BEGINNING + END)), None);
        assert!(of(&"à".repeat(BEGINNING + END + 1)).is_some());
    }
}
