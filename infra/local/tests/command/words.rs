// SPDX-License-Identifier: EUPL-1.2
//! `read` and `line check`: an office tries its words and its file.

use super::process::{Home, LINES, copy_lines};

/// Intent, kind, rule and normalised text of each line that `read` wrote.
fn rows(out: &str) -> Vec<[&str; 4]> {
    assert!(out.is_empty() || out.ends_with('\n'), "ends with a line's end");
    let lines = out.split_terminator('\n');
    let columns = lines.map(|it| it.split('\t').collect::<Vec<_>>());
    columns.map(|it| it.try_into().expect("four columns")).collect()
}

#[test]
fn read_says_what_each_line_of_text_asks_for() {
    let home = Home::new();
    let input = "ISCRIVIMI\niscrizione\nCancellami per favore\n\nQuando apre l'anagrafe?\nAIUTO";
    let ended = home.ends(&["read", "--line", "pordenone"], input.as_bytes());
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let rows = rows(&ended.out);
    let said: Vec<_> = rows.iter().map(|it| (it[0], it[1])).collect();
    assert_eq!(said.len(), 6, "one row a line: {}", ended.out);
    assert_eq!(said[0], ("subscribe", ""));
    assert_eq!(said[2], ("unsubscribe", ""));
    assert_eq!(said[4], ("human", "question"));
    assert_eq!(said[5], ("help", ""), "the last line has no end");
    assert_eq!(rows[0][3], "iscrivimi");
    assert!(rows.iter().all(|it| !it[2].is_empty()), "every rule has a name: {}", ended.out);

    let ended =
        home.ends(&["read", "--line", "barberino-demografici"], b"iscrizione\r\ncancellazione\r\n");
    let intents: Vec<_> = self::rows(&ended.out).iter().map(|it| it[0]).collect();
    assert_eq!(intents, ["subscribe", "unsubscribe"]);
}

#[test]
fn read_takes_whatever_it_is_given_line_by_line() {
    let home = Home::new();
    let long = "a ".repeat(32_500);
    let one_word = "x".repeat(65_000);
    let odd: [&[u8]; 12] = [
        b"",
        b" ",
        b"\r",
        b"\xff\xfe\x00",
        b"ISCRIVIMI\xc3",
        b"con\ttabulazione",
        "separatore\u{2028}di riga\u{85}e di pagina\u{c}".as_bytes(),
        "🛑".as_bytes(),
        "\u{feff}ISCRIVIMI".as_bytes(),
        "\u{202e}IMIVIRCSI".as_bytes(),
        long.as_bytes(),
        one_word.as_bytes(),
    ];
    for line in ["pordenone", "barberino-demografici"] {
        let ended = home.ends(&["read", "--line", line], &odd.join(&b'\n'));
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
        let rows = rows(&ended.out);
        assert_eq!(rows.len(), odd.len(), "one row a line");
        let ends_a_line = |it: char| it.is_control() || matches!(it, '\u{2028}' | '\u{2029}');
        assert!(rows.iter().all(|it| !it[3].contains(ends_a_line)), "{line}");
        assert_eq!(home.ends(&["read", "--line", line], b"").out, "", "nothing in, nothing out");
    }
}

#[test]
fn a_line_that_is_not_there_is_named_with_those_that_are() {
    let home = Home::new();
    let ended = home.ends(&["read", "--line", "udine"], b"ISCRIVIMI\n");
    assert_ne!(ended.code, Some(0));
    assert_eq!(ended.out, "");
    for word in ["udine", "pordenone", "barberino-demografici"] {
        assert!(ended.err.contains(word), "{word} not in {}", ended.err);
    }
}

#[test]
fn line_check_passes_what_is_right_and_names_what_is_wrong() {
    let home = Home::new();
    for name in ["pordenone", "barberino-demografici"] {
        let ended = home.ends(&["line", "check", &format!("{LINES}/{name}.toml")], b"");
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{name}");
        assert!(ended.out.contains(name), "{}", ended.out);
    }
    let folder = home.path("lines");
    copy_lines(&folder);
    let file = folder.join("pordenone.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    for (right, wrong) in [
        ("opt_in = [\"ISCRIVIMI\"]", "opt_in = []"),
        ("rate = 80", "rate = 80\ncolour = \"red\""),
        ("id = \"pordenone\"", "id = \"Pordenone!\""),
        ("[comune]", "[comune"),
    ] {
        let broken = text.replacen(right, wrong, 1);
        assert_ne!(broken, text, "{right} is in the file");
        std::fs::write(&file, broken).unwrap();
        let ended = home.ends(&["line", "check", file.to_str().unwrap()], b"");
        assert_ne!(ended.code, Some(0), "{wrong}");
        assert_eq!(ended.out, "", "{wrong}");
        let said = format!("{}: riga ", file.display());
        assert!(ended.err.contains(&said), "{wrong}: {}", ended.err);
    }
    let ended = home.ends(&["line", "check", "nowhere.toml"], b"");
    assert_ne!(ended.code, Some(0));
    assert!(ended.err.contains("nowhere.toml"), "{}", ended.err);
    assert!(home.files("work").is_empty(), "nothing was made");
}
