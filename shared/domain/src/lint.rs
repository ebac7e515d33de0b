// SPDX-License-Identifier: EUPL-1.2
//! Whether a template or a broadcast is fit to go out, before Meta or a citizen sees it: what Meta
//! would refuse is an error, what is hard to read is a warning.
//!
//! Sources: Cloud API, template components and template-categorization; the directives on plain
//! language of 8 May 2002 and 24 October 2005 (italian-pa, section 5.2).

mod date;
mod meta;
mod plain;
mod whole;

use std::collections::BTreeMap;

use crate::line::{Category, Line, Template};

pub use meta::{BUTTON_LIMIT, NAME_LIMIT};

/// One thing to change. Worded for the office.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub level: Level,
    /// Where, as a JSON pointer into the request: `/body`, `/message/template/parameters/quando`.
    pub at: String,
    /// A stable name of the rule: `long-sentence`.
    pub rule: &'static str,
    pub what: String,
    /// What to write instead.
    pub remedy: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Meta refuses it, or takes it for something dearer.
    Error,
    /// It may go, and is harder to understand than it need be.
    Warning,
}

impl Level {
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Finding {
    fn error(at: &str, rule: &'static str, what: String, remedy: impl Into<String>) -> Self {
        Self { level: Level::Error, at: at.to_owned(), rule, what, remedy: remedy.into() }
    }

    fn warning(at: &str, rule: &'static str, what: String, remedy: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(at, rule, what, remedy) }
    }

    /// One sentence: what is wrong, and what to write.
    pub fn sentence(&self) -> String {
        format!("{}: {}.", self.what, self.remedy)
    }
}

/// Whether nothing is in the way of submitting it.
pub fn passes(findings: &[Finding]) -> bool {
    findings.iter().all(|it| it.level != Level::Error)
}

/// Everything to change in a template before Meta sees it, errors first. `examples` are the values
/// shown to Meta, which wants one for each parameter.
///
/// Pointers are into the template: `/name`, `/header`, `/header_media`, `/body`, `/footer`, `/quick_reply`,
/// `/examples/{name}`.
pub fn template(template: &Template, line: &Line) -> Vec<Finding> {
    let mut findings = meta::template(template, line);
    let written = template.for_meta(line);
    let parts = [("/header", written.header.as_deref()), ("/footer", written.footer.as_deref())];
    for (at, text) in parts {
        findings.extend(plain::words(text.unwrap_or_default(), at, line));
    }
    findings.extend(plain::words(&without_parameters(&written.body), "/body", line));
    for (name, example) in &template.examples {
        findings.extend(plain::words(example, &format!("/examples/{name}"), line));
    }
    let filled = filled(&written, &template.examples);
    findings.extend(plain::sentences(&filled, "/body"));
    findings.extend(whole::missing(&filled, &template.parameters, "/body"));
    if template.category == Category::Utility {
        findings.extend(meta::selling(&without_parameters(&written.body), "/body", Level::Error));
    }
    sorted(findings)
}

/// Everything to change in what the office writes into a template of the line, errors first. The
/// template's own words are not looked at: they are fixed.
///
/// Pointers are into a broadcast's request.
pub fn message(
    template: &Template,
    parameters: &BTreeMap<String, String>,
    line: &Line,
) -> Vec<Finding> {
    let at = |name: &str| format!("{PARAMETERS}/{name}");
    let mut findings = Vec::new();
    if let Err(problems) = template.fill(parameters, line) {
        let error = |it: &crate::line::ParameterProblem| {
            let said = it.to_string();
            let (what, remedy) = said.split_once(": ").unwrap_or((&said, "correggilo"));
            Finding::error(&at(it.name()), "parameter", what.to_owned(), remedy)
        };
        findings.extend(problems.iter().map(error));
    }
    for (name, value) in parameters {
        findings.extend(plain::words(value, &at(name), line));
        if template.category == Category::Utility {
            findings.extend(meta::selling(value, &at(name), Level::Warning));
        }
    }
    let filled = filled(&template.for_meta(line), parameters);
    findings.extend(plain::sentences(&filled, MESSAGE));
    findings.extend(whole::missing(&filled, &[], MESSAGE));
    sorted(findings)
}

const MESSAGE: &str = "/message/template";
const PARAMETERS: &str = "/message/template/parameters";

fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| (a.level, &a.at).cmp(&(b.level, &b.at)));
    findings.dedup();
    findings
}

/// The body with what the office writes put in, and the header on its own row: a message as it is
/// read. A value that is not there is its name.
fn filled(template: &Template, values: &BTreeMap<String, String>) -> String {
    let mut filled = template.header.as_ref().map(|it| format!("{it}\n")).unwrap_or_default();
    let mut rest = template.body.as_str();
    while let Some((before, name, after)) = parameter(rest) {
        filled.push_str(before);
        filled.push_str(values.get(name).map_or(name, String::as_str).trim());
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// The fixed words; `…` where a parameter was.
fn without_parameters(body: &str) -> String {
    let mut fixed = String::new();
    let mut rest = body;
    while let Some((before, _, after)) = parameter(rest) {
        fixed.push_str(before);
        fixed.push('…');
        rest = after;
    }
    fixed.push_str(rest);
    fixed
}

/// The first `{{parameter}}` of a text, with what stands before and after it.
fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    Some((before, name, after))
}

#[cfg(test)]
mod tests;
