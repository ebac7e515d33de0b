// SPDX-License-Identifier: EUPL-1.2
//! How long reading a message takes: `cargo run --release -p domain --example reading_speed`.
//!
//! Prints, per list, the mean, the slowest tenth of a percent and the slowest message of the
//! second round on; then long texts of several kinds by length, to see that time stops growing.

#[path = "../tests/lines/mod.rs"]
#[expect(dead_code, reason = "one of the lines will do")]
mod lines;

use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use domain::reading::Reader;

const LISTS: [(&str, &str); 3] = [
    ("published", include_str!("../testdata/reading/labelled.tsv")),
    ("adversarial", include_str!("../testdata/reading/adversarial.tsv")),
    ("unseen", include_str!("../testdata/reading/unseen.tsv")),
];
const ROUNDS: usize = 20;

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let line = lines::pordenone_as_filed();
    let reader = Reader::new(&line);
    // The word lists are built once in a process.
    black_box(reader.read("prova di un messaggio qualunque"));
    for (name, tsv) in LISTS {
        let texts: Vec<&str> = tsv
            .lines()
            .filter(|it| !it.starts_with("# "))
            .filter_map(|it| it.split('\t').next())
            .collect();
        let mut taken = Vec::with_capacity(texts.len() * ROUNDS);
        for text in std::iter::repeat_n(&texts, ROUNDS).flatten() {
            taken.push(timed(|| black_box(reader.read(black_box(text)))));
        }
        taken.sort_unstable();
        let mean = taken.iter().sum::<Duration>() / u32::try_from(taken.len()).unwrap_or(1);
        let late = taken[taken.len() * 999 / 1000];
        writeln!(out, "{name}: {} texts, mean {mean:?}, 99.9 % {late:?}", texts.len())?;
    }
    let kinds: [(&str, &str); 6] = [
        ("words", "vorrei sapere quando apre lo sportello perche devo venire "),
        ("unknown words", "brumble iscrovomo qwertyuio cancellomo zzyzx "),
        ("one word", "a"),
        ("spaced letters", "a "),
        ("accents", "e\u{301}\u{300}\u{302}"),
        ("emoji", "🙏🏽❤️ "),
    ];
    for (name, unit) in kinds {
        for characters in [100, 1_000, 4_096, 65_000] {
            let text: String = unit.chars().cycle().take(characters).collect();
            let best = (0..ROUNDS).map(|_| timed(|| black_box(reader.read(black_box(&text)))));
            let best = best.min().unwrap_or_default();
            writeln!(out, "{name}, {characters} characters: {best:?}")?;
        }
    }
    let made = (0..ROUNDS).map(|_| timed(|| black_box(Reader::new(black_box(&line))))).min();
    writeln!(out, "making a reader: {:?}", made.unwrap_or_default())
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}
