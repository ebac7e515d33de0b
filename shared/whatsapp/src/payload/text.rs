//! Makes texts that people chose safe to store and to show.

/// Takes out NUL and other control characters and cuts at `max_bytes`, between two characters.
/// Line breaks and tabs stay.
pub(super) fn lines(text: &str, max_bytes: usize) -> String {
    keep(text, max_bytes, |it| !it.is_control() || matches!(it, '\n' | '\t'))
}

/// As [`lines`], but on one line: for names and titles.
pub(super) fn line(text: &str, max_bytes: usize) -> String {
    keep(text, max_bytes, |it| !it.is_control())
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
    fn cuts_between_characters() {
        for (max_bytes, want) in [(0, ""), (1, "a"), (2, "a"), (3, "aè"), (6, "aè"), (7, "aè👍")]
        {
            assert_eq!(lines("aè👍", max_bytes), want, "at {max_bytes} bytes");
        }
    }
}
