// SPDX-License-Identifier: EUPL-1.2
//! `[moderation]` of a line file: the clauses of the policy, and what follows from them.

use std::collections::BTreeSet;

use domain::line::{MESSAGES_A_MINUTE, Moderation, Rule};

use super::document::Section;
use super::{optional, parts, slug};

/// What a message to the person can quote and still say the rest.
const WORDS_LIMIT: usize = 400;

/// `[[moderation.rules]]` give each clause a name of its own; a list of `clauses` numbers them.
pub(super) fn moderation(mut section: Section) -> Moderation {
    let report = section.report;
    let clauses = section.texts("clauses").unwrap_or_default();
    let mut rules = Vec::new();
    let mut seen = BTreeSet::new();
    for (clause, n) in clauses.into_iter().zip(1..) {
        parts::fits(report, clause.line, "clauses", &clause.value, WORDS_LIMIT);
        let id = format!("{n}");
        seen.insert(id.clone());
        rules.push(Rule { id, words: clause.value });
    }
    for mut rule in section.sections("rules") {
        let line = rule.line_of("id");
        let id = slug(&mut rule, "id", "spam");
        let words = rule.needed_text("words", "spam o link fuori tema");
        parts::fits(report, words.line, "words", &words.value, WORDS_LIMIT);
        if !seen.insert(id.clone()) {
            report.add(
                line,
                format!("c'è già una regola «{id}»"),
                "dai un altro id a una delle due",
            );
        }
        rule.done();
        rules.push(Rule { id, words: words.value });
    }
    let messages_a_minute = section.number("messages_a_minute", 5u32..=120);
    let moderation = Moderation {
        rules,
        block_ends_subscription: section.boolean("block_ends_subscription").unwrap_or(false),
        messages_a_minute: optional(messages_a_minute).unwrap_or(MESSAGES_A_MINUTE),
    };
    section.done();
    moderation
}
