// SPDX-License-Identifier: EUPL-1.2
//! The moderation clauses of a line's policy, and what the line makes of them.

/// One clause of the policy, which an act of moderation must cite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// A slug within the line: `spam`. Where the file only lists the words, its number in the list.
    pub id: String,
    /// In the policy's own words.
    pub words: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moderation {
    /// In the policy's order.
    pub rules: Vec<Rule>,
    /// Whether who is blocked leaves the list of subscribers too. Where not, the subscription rests
    /// until the block ends.
    pub block_ends_subscription: bool,
    /// More messages than these within a minute from one person raise nothing any more.
    pub messages_a_minute: u32,
}

/// Of a line that does not say: a person who writes many short messages stays below it.
pub const MESSAGES_A_MINUTE: u32 = 15;

impl Default for Moderation {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            block_ends_subscription: false,
            messages_a_minute: MESSAGES_A_MINUTE,
        }
    }
}

impl Moderation {
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|it| it.id == id)
    }
}
