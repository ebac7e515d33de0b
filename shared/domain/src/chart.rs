// SPDX-License-Identifier: EUPL-1.2
//! A line's subscribers over time, as a table for a spreadsheet and as a chart: counts only.
//!
//! Fewer than five people who came or went are not told apart from each other: in a small comune
//! somebody could guess who they are.

use std::fmt::Write;

use crate::report::{BYTE_ORDER_MARK, row};
use crate::statistics::{By, Numbers};

/// From how many on people who came or went are counted.
const SMALL: i64 = 5;

/// Stands for one to four people.
const FEW: &str = "meno di 5";

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 400.0;
/// Room for what is written around the bars: left, right, above, below.
const EDGES: [f64; 4] = [70.0, 20.0, 60.0, 60.0];

/// The most periods that are named below the bars.
const NAMES: usize = 8;

/// How many came or went, as others may know it.
pub fn suppressed(n: i64) -> String {
    if (1..SMALL).contains(&n) { FEW.to_owned() } else { n.to_string() }
}

/// For Excel, as all our tables.
pub fn csv(periods: &[Numbers], by: By) -> String {
    let mut text = BYTE_ORDER_MARK.to_owned();
    text += &row(["periodo", "iscritti", "nuovi", "usciti"]);
    for it in periods {
        let (total, joined, left) =
            (it.total.to_string(), suppressed(it.joined), suppressed(it.left));
        text += &row([&by.label(it.from), &total, &joined, &left]);
    }
    text
}

/// Bars of the subscribers at the end of each period, with a title and a description for who does
/// not see them.
pub fn svg(periods: &[Numbers], by: By, of: &str) -> String {
    let [left, right, above, below] = EDGES;
    let (inner, floor) = (WIDTH - left - right, HEIGHT - below);
    let highest = periods.iter().map(|it| it.total).max().unwrap_or(0);
    let top = round_up(highest);
    let y = |n: i64| floor - (floor - above) * float(n) / float(top);
    let title = format!("Iscritti: {}", escaped(of));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-labelledby=\"title desc\" font-family=\"sans-serif\" font-size=\"14\">\n\
         <title id=\"title\">{title}</title>\n<desc id=\"desc\">{}</desc>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{left}\" y=\"32\" font-size=\"20\" fill=\"#17324d\">{title}</text>\n",
        description(periods, by)
    );
    for mark in [0, top / 2, top] {
        let y = y(mark);
        add(
            &mut svg,
            format_args!(
                "<line x1=\"{left}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#5b6f82\" \
                 stroke-width=\"0.5\"/>\n<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" \
                 fill=\"#17324d\">{mark}</text>\n",
                WIDTH - right,
                left - 8.0,
                y + 5.0,
            ),
        );
    }
    let step = inner / float(i64::try_from(periods.len().max(1)).unwrap_or(1));
    let every = periods.len().div_ceil(NAMES).max(1);
    let mut x = left;
    for (n, it) in periods.iter().enumerate() {
        let (height, label) = (floor - y(it.total), by.label(it.from));
        add(
            &mut svg,
            format_args!(
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\" \
                 fill=\"#0066cc\"><title>{label}: {}</title></rect>\n",
                x + step * 0.1,
                y(it.total),
                (step * 0.8).min(80.0),
                it.total,
            ),
        );
        if n % every == 0 {
            add(
                &mut svg,
                format_args!(
                    "<text x=\"{:.1}\" y=\"{}\" font-size=\"12\" fill=\"#17324d\">{label}</text>\n",
                    x + step * 0.1,
                    floor + 22.0,
                ),
            );
        }
        x += step;
    }
    svg + "</svg>\n"
}

/// The chart in a sentence or two.
fn description(periods: &[Numbers], by: By) -> String {
    let [first, .., last] = periods else {
        return periods.first().map_or_else(
            || "Nel periodo chiesto non ci sono ancora dati.".to_owned(),
            |it| format!("{}: {} iscritti.", by.label(it.from), it.total),
        );
    };
    let sum = |of: fn(&Numbers) -> i64| suppressed(periods.iter().map(of).sum());
    format!(
        "Da {} iscritti ({}) a {} ({}). Nuovi: {}. Usciti: {}.",
        first.total,
        by.label(first.from),
        last.total,
        by.label(last.from),
        sum(|it| it.joined),
        sum(|it| it.left),
    )
}

/// An even number with one digit that is not 0, or two, so that marks are round; at least 10.
fn round_up(n: i64) -> i64 {
    let mut unit = 10;
    while unit * 10 <= n {
        unit *= 10;
    }
    (n.max(1) + unit - 1) / unit * unit
}

fn float(n: i64) -> f64 {
    f64::from(i32::try_from(n).unwrap_or(i32::MAX))
}

fn add(svg: &mut String, part: std::fmt::Arguments<'_>) {
    svg.write_fmt(part).expect("writing to a string succeeds");
}

/// For SVG and XML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::date;

    use super::*;

    fn days() -> Vec<Numbers> {
        let day = |day, total, joined, left| Numbers {
            from: date(2026, 11, day),
            total,
            joined,
            left,
            topics: BTreeMap::new(),
        };
        vec![day(24, 120, 8, 0), day(25, 121, 2, 1), day(26, 130, 12, 4)]
    }

    #[test]
    fn few_people_are_not_told_apart() {
        for (n, want) in [(0, "0"), (1, FEW), (4, FEW), (5, "5"), (120, "120")] {
            assert_eq!(suppressed(n), want);
        }
        let table = csv(&days(), By::Day);
        let table = table.replace(['\u{feff}', '\r'], "");
        insta::assert_snapshot!(table, @r"
        periodo;iscritti;nuovi;usciti
        2026-11-24;120;8;0
        2026-11-25;121;meno di 5;meno di 5
        2026-11-26;130;12;meno di 5
        ");
    }

    #[test]
    fn who_does_not_see_the_chart_is_told_what_it_shows() {
        let svg = svg(&days(), By::Day, "Comune di \"A & B\" <prova>");
        for part in [
            "<title id=\"title\">Iscritti: Comune di &quot;A &amp; B&quot; &lt;prova&gt;</title>",
            "Da 120 iscritti (2026-11-24) a 130 (2026-11-26). Nuovi: 22. Usciti: 5.",
            "role=\"img\"",
            "2026-11-25: 121",
        ] {
            assert!(svg.contains(part), "{part} is not in {svg}");
        }
        assert_eq!(svg.matches("<rect").count(), 4, "the paper and three bars");
    }

    #[test]
    fn a_chart_of_nothing_is_a_chart() {
        for by in [By::Day, By::Month] {
            let svg = svg(&[], by, "Comune");
            assert!(svg.contains("non ci sono ancora dati") && !svg.contains("NaN"));
        }
        for (n, want) in [(0, 10), (1, 10), (10, 10), (11, 20), (130, 200), (9_999, 10_000)] {
            assert_eq!(round_up(n), want, "{n}");
        }
    }
}
