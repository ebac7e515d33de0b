// SPDX-License-Identifier: EUPL-1.2
//! What stops a start, and how it is said: with a code that is not 0 and a way out.

use super::process::{Home, copy_lines};

#[test]
fn a_port_in_use_is_named_with_the_way_out() {
    let home = Home::new();
    let first = home.start(&[]);
    let ended = home.ends(&["--port", first.port(), "--data", "other"], b"");
    assert_ne!(ended.code, Some(0));
    assert_eq!(ended.out, "");
    assert!(ended.err.contains(first.port()) && ended.err.contains("--port"), "{}", ended.err);
    assert!(home.files("work").is_empty(), "nothing was made: {:?}", home.files("work"));
}

#[test]
fn a_data_folder_in_use_is_named_with_the_way_out() {
    let home = Home::new();
    let first = home.start(&[]);
    let data = home.path("data");
    let ended = home.ends(&["--port", "0", "--data", data.to_str().unwrap()], b"");
    assert_ne!(ended.code, Some(0));
    assert_eq!(ended.out, "");
    assert!(ended.err.contains(data.to_str().unwrap()), "{}", ended.err);
    assert!(ended.err.contains("--data"), "{}", ended.err);
    drop(first);
}

#[test]
fn a_mistake_in_a_line_file_stops_the_start_and_changes_nothing() {
    let home = Home::new();
    let lines = home.path("lines");
    copy_lines(&lines);
    let file = lines.join("pordenone.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let at = text.lines().position(|it| it == "rate = 80").unwrap() + 1;
    std::fs::write(&file, text.replace("rate = 80", "rate = \"ottanta\"")).unwrap();

    let lines = lines.to_str().unwrap();
    let ended = home.ends(&["--port", "0", "--lines", lines], b"");
    assert_ne!(ended.code, Some(0));
    assert_eq!(ended.out, "");
    let said = format!("{}: riga {at}", file.display());
    assert!(ended.err.contains(&said), "{said:?} not in {}", ended.err);
    assert!(ended.err.contains("rate"), "says what to write: {}", ended.err);
    assert!(home.files("work").is_empty(), "nothing was made: {:?}", home.files("work"));

    let ended = home.ends(&["--port", "0", "--lines", "nowhere"], b"");
    assert_ne!(ended.code, Some(0));
    assert!(ended.err.contains("nowhere") && ended.err.contains("--lines"), "{}", ended.err);
}

#[test]
fn a_clock_or_an_argument_that_cannot_be_read_is_named() {
    let home = Home::new();
    for (arguments, named) in [
        (&["--clock", "domani"][..], "--clock"),
        (&["--port", "99999"], "--port"),
        (&["--colour", "red"], "--colour"),
        (&["read"], "--line"),
    ] {
        let ended = home.ends(arguments, b"");
        assert_ne!(ended.code, Some(0), "{arguments:?}");
        assert!(ended.err.contains(named), "{arguments:?}: {}", ended.err);
        assert!(home.files("work").is_empty(), "nothing was made");
    }
}
