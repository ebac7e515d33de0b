// SPDX-License-Identifier: EUPL-1.2
//! Fuzzes the reading of messages: `cargo run --release -p domain --example reading_fuzz -- 60`
//! for sixty seconds; a second argument is the seed, 1 if there is none.
//!
//! Starts from the labelled messages, cuts, joins and repeats them, and puts in what texts are
//! attacked with. A panic or a broken promise ends it with the text, escaped, and the seed: put
//! that text into a table of `tests/reading.rs`. It runs on the stable toolchain, which the project
//! is pinned to; cargo-fuzz would need a nightly one for its coverage. The promises:
//!
//! - every text is read, and read alike twice;
//! - its normalised form never means the opposite;
//! - of a text too long to be read whole, nothing subscribes or unsubscribes anybody.

#[path = "../tests/lines/mod.rs"]
#[expect(dead_code, reason = "two of the lines will do")]
mod lines;

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use domain::reading::{Intent, Reader};

const SEEDS: [&str; 3] = [
    include_str!("../testdata/reading/labelled.tsv"),
    include_str!("../testdata/reading/adversarial.tsv"),
    include_str!("../testdata/reading/unseen.tsv"),
];

const TRICKS: [&str; 24] = [
    "\u{200b}",
    "\u{200f}",
    "\u{202e}",
    "\u{2066}",
    "\u{feff}",
    "\u{ad}",
    "\u{301}",
    "\u{345}",
    "\u{fe0f}",
    "\u{1f3fd}",
    "\u{0}",
    "\u{10ffff}",
    "ﷺ",
    "ß",
    "İ",
    "ı",
    "ﬃ",
    "①",
    "١",
    "'",
    "?",
    "+",
    "\n",
    "#",
];
const LONGEST_BYTES: usize = 70_000;
/// What [`Reader::read`] reads whole has at most this many characters.
const READ_WHOLE: usize = 800;

/// Xorshift, after Marsaglia.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(usize::MAX) % n.max(1)
    }

    fn one_of<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn place(&mut self, text: &str) -> usize {
        let places: Vec<usize> = text.char_indices().map(|it| it.0).chain([text.len()]).collect();
        places[self.below(places.len())]
    }

    fn text(&mut self, seeds: &[&str]) -> String {
        let mut text = self.one_of(seeds).to_owned();
        for _ in 0..self.below(5) {
            match self.below(7) {
                0 => text.push_str(self.one_of(seeds)),
                1 => text.truncate(self.place(&text)),
                2 => text.insert_str(self.place(&text), self.one_of(&TRICKS)),
                3 => text.insert_str(self.place(&text), self.one_of(seeds)),
                4 => {
                    let any = u32::try_from(self.below(0x11_0000)).ok().and_then(char::from_u32);
                    text.insert(self.place(&text), any.unwrap_or(' '));
                }
                5 => text = text.to_uppercase(),
                _ => {
                    let most = LONGEST_BYTES / text.len().max(1);
                    let times = if self.below(20) == 0 { most } else { most.min(3) };
                    text = text.repeat(times);
                }
            }
            if text.len() > LONGEST_BYTES {
                break;
            }
        }
        text
    }
}

fn broken_promise(reader: &Reader, text: &str) -> Option<&'static str> {
    let reading = reader.read(text);
    if reader.read(text) != reading {
        return Some("read differently the second time");
    }
    let joins = |it: &Intent| matches!(it, Intent::Subscribe { .. });
    let leaves = |it: &Intent| matches!(it, Intent::Unsubscribe | Intent::Stop);
    if text.chars().nth(READ_WHOLE).is_some() {
        let decides = joins(&reading.intent) || leaves(&reading.intent);
        return decides.then_some("a command in a text read in part");
    }
    let again = reader.read(&reading.normalised).intent;
    let turned =
        joins(&reading.intent) && leaves(&again) || leaves(&reading.intent) && joins(&again);
    turned.then_some("normalised it means the opposite")
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1).filter_map(|it| it.parse::<u64>().ok());
    let seconds = arguments.next().unwrap_or(60);
    let seed = arguments.next().unwrap_or(1).max(1);
    let mut out = std::io::stdout().lock();
    let seeds: Vec<&str> = SEEDS
        .iter()
        .flat_map(|it| it.lines())
        .filter(|it| !it.starts_with("# "))
        .filter_map(|it| it.split('\t').next())
        .collect();
    let readers =
        [Reader::new(&lines::pordenone_as_filed()), Reader::new(&lines::barberino_as_filed())];
    let mut dice = Dice(seed);
    let begun = Instant::now();
    let (mut texts, mut slowest) = (0_u64, Duration::ZERO);
    while begun.elapsed().as_secs() < seconds {
        let text = dice.text(&seeds);
        for reader in &readers {
            let started = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| broken_promise(reader, &text)));
            slowest = slowest.max(started.elapsed());
            if let Some(what) = outcome.unwrap_or(Some("panicked")) {
                writeln!(out, "{what}, seed {seed}: {text:?}")?;
                std::process::exit(1);
            }
        }
        texts += 1;
    }
    writeln!(
        out,
        "{texts} texts, seed {seed}: no promise broken; slowest {slowest:?} for three readings"
    )
}
