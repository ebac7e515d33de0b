//! Every text a citizen can receive.

use crate::ids::TopicId;
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Welcome { topics: BTreeSet<TopicId> },
    AlreadySubscribed { topics: BTreeSet<TopicId> },
    Goodbye,
    NotSubscribed,
    Help,
    Topics { chosen: BTreeSet<TopicId> },
    TopicsSaved { topics: BTreeSet<TopicId> },
    Invitation,
    Ask { text: String },
    MyData,
    Emergency,
    ThirdParty,
}
