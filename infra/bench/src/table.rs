// SPDX-License-Identifier: EUPL-1.2
//! The table that is printed: what, floor, measured, verdict.

use std::fmt::Write;

/// One line of the table.
pub(crate) struct Row {
    what: String,
    floor: String,
    measured: String,
    verdict: &'static str,
}

impl Row {
    /// A number that has a floor, and whether it was reached.
    pub(crate) fn held(
        what: impl Into<String>,
        floor: impl Into<String>,
        measured: impl Into<String>,
        reached: bool,
    ) -> Self {
        Self {
            what: what.into(),
            floor: floor.into(),
            measured: measured.into(),
            verdict: if reached { "ok" } else { "**below**" },
        }
    }

    /// A number without a floor.
    pub(crate) fn seen(what: impl Into<String>, measured: impl Into<String>) -> Self {
        Self {
            what: what.into(), floor: "–".to_owned(), measured: measured.into(), verdict: "–"
        }
    }

    /// A proof: it holds or it has failed.
    pub(crate) fn proof(what: impl Into<String>, measured: impl Into<String>, holds: bool) -> Self {
        let verdict = if holds { "ok" } else { "**FAILED**" };
        Self { verdict, ..Self::held(what, "no exception", measured, holds) }
    }
}

/// The rows as Markdown.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut text = "| what | floor | measured | verdict |\n|---|---|---|---|\n".to_owned();
    for it in rows {
        // Writing to a string cannot fail.
        writeln!(text, "| {} | {} | {} | {} |", it.what, it.floor, it.measured, it.verdict).ok();
    }
    text
}

/// The value below which this share of all values lies; the values are sorted by it.
pub(crate) fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a position in a list that fits in memory"
    )]
    let at = (values.len() as f64 * share).ceil() as usize;
    values.get(at.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}
