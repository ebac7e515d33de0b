// SPDX-License-Identifier: EUPL-1.2
//! Makes texts that people chose safe to store and to show.

/// Stands at the end of a text of which we have not kept the rest.
const CUT: char = '…';

/// Takes out NUL and other control characters and cuts at `max_bytes`, between two characters, so
/// that it can be seen. Line breaks and tabs stay, and so does what does not show: a text is kept
/// as proof.
pub(super) fn lines(text: &str, max_bytes: usize) -> String {
    let wanted = |it: char| !it.is_control() || matches!(it, '\n' | '\t');
    if text.len() <= max_bytes {
        return keep(text, max_bytes, wanted);
    }
    let mut kept = keep(text, max_bytes - CUT.len_utf8(), wanted);
    kept.push(CUT);
    kept
}

/// As [`lines`], but on one line and without what turns the reading direction round or takes no
/// room: for names and titles, which stand beside our own words. `gpj.exe` must not read as
/// `exe.jpg`, nor one name as another.
pub(super) fn line(text: &str, max_bytes: usize) -> String {
    keep(text, max_bytes, |it| !it.is_control() && !turns_or_hides(it))
}

/// Marks of direction and zero width, but for the joiners, which emoji and some scripts need.
/// Source: Unicode Standard Annex 9, and general category Cf.
fn turns_or_hides(it: char) -> bool {
    matches!(
        it,
        '\u{61c}'
            | '\u{200b}'
            | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}

fn keep(text: &str, max_bytes: usize, wanted: impl Fn(char) -> bool) -> String {
    let mut kept = String::with_capacity(text.len().min(max_bytes));
    for it in text.chars().filter(|it| wanted(*it)) {
        if kept.len() + it.len_utf8() > max_bytes {
            break;
        }
        kept.push(it);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_out_what_does_not_show() {
        assert_eq!(lines("ISCRI\0VIMI\u{7}\u{85}\r\n\tgrazie 👍", 100), "ISCRIVIMI\n\tgrazie 👍");
        assert_eq!(line("Ma\u{1b}ria\n\tRossi", 100), "MariaRossi");
    }

    #[test]
    fn a_name_turns_nothing_round_and_hides_nothing() {
        for (name, want) in [
            ("fattura\u{202e}gpj.exe", "fatturagpj.exe"),
            ("\u{2067}Maria\u{2069} \u{200f}Rossi\u{feff}", "Maria Rossi"),
            ("Ma\u{200b}ria\u{2028}Rossi", "MariaRossi"),
            ("\u{200b}\u{200e}\u{2060}", ""),
            ("<b>Maria</b> & Co.", "<b>Maria</b> & Co."),
            ("👩\u{200d}👧 مریم", "👩\u{200d}👧 مریم"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
        ] {
            assert_eq!(line(name, 100), want, "reading {name:?}");
        }
        assert_eq!(lines("\u{202e}CANCELLAMI", 100), "\u{202e}CANCELLAMI", "a text is proof");
    }

    #[test]
    fn cuts_between_characters() {
        for (max_bytes, want) in [(0, ""), (1, "a"), (2, "a"), (3, "aè"), (6, "aè"), (7, "aè👍")]
        {
            assert_eq!(line("aè👍", max_bytes), want, "at {max_bytes} bytes");
        }
        for (max_bytes, want) in [(3, "…"), (5, "a…"), (6, "aè…"), (7, "aè👍")] {
            assert_eq!(lines("aè👍", max_bytes), want, "at {max_bytes} bytes");
        }
    }
}
