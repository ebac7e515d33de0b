// SPDX-License-Identifier: EUPL-1.2
//! Zones: parts of a comune for which a topic can be followed alone.
//!
//! A zone of a topic is a topic of its own, `utilita:torre` beside `utilita`. Who follows the topic
//! gets what concerns any zone of it; who follows a zone gets what concerns that zone, or all of the
//! comune.

use std::collections::BTreeSet;

use crate::conversation::default_topics;
use crate::ids::TopicId;
use crate::line::{Line, Topic};

/// A zone's topic: `utilita:torre`. `zone` is a slug.
pub fn id(topic: &TopicId, zone: &str) -> TopicId {
    TopicId::new(format!("{topic}:{zone}"))
}

/// Whom a notice for these topics concerns, by what they follow.
pub fn concerned(topics: &[TopicId], line: &Line) -> Vec<TopicId> {
    let mut all: BTreeSet<TopicId> = topics.iter().cloned().collect();
    for topic in topics {
        all.extend(zones_of(topic, line).map(|it| it.id.clone()));
        all.extend(line.topic(topic).and_then(|it| it.zone_of.clone()));
    }
    all.into_iter().collect()
}

/// What somebody means who names these: "allerte Torre" is the zone, and not the topic too. All
/// zones are the topic.
pub fn meant(named: &[TopicId], line: &Line) -> BTreeSet<TopicId> {
    let named: BTreeSet<TopicId> = named.iter().cloned().collect();
    let mut meant = named.clone();
    for topic in &named {
        let mut zones = zones_of(topic, line).map(|it| &it.id).peekable();
        if zones.peek().is_none() {
            continue;
        }
        let (also, other): (Vec<_>, Vec<_>) = zones.partition(|it| named.contains(it));
        if other.is_empty() {
            meant.retain(|it| !also.contains(&it));
        } else if !also.is_empty() {
            meant.remove(topic);
        }
    }
    meant
}

/// What somebody follows who subscribes and names these. Who names a zone and nothing else gets the
/// usual topics, and where they have that zone, only it.
pub fn joined(named: &[TopicId], line: &Line) -> BTreeSet<TopicId> {
    let parents: Option<Vec<_>> =
        named.iter().map(|it| line.topic(it).and_then(|it| it.zone_of.clone())).collect();
    match parents {
        Some(parents) => {
            let mut topics = default_topics(line);
            topics.retain(|it| !parents.contains(it));
            topics.extend(named.iter().cloned());
            topics
        }
        None => meant(named, line),
    }
}

/// What is left of what somebody follows without these: of a topic without one of its zones, the
/// other zones.
pub fn without(followed: &BTreeSet<TopicId>, less: &[TopicId], line: &Line) -> BTreeSet<TopicId> {
    let mut left = followed.clone();
    for id in less {
        let whole = line.topic(id).and_then(|it| it.zone_of.clone());
        if let Some(whole) = whole.filter(|it| left.remove(it)) {
            left.extend(zones_of(&whole, line).map(|it| it.id.clone()));
        }
        left.remove(id);
        left.retain(|it| line.topic(it).is_none_or(|it| it.zone_of.as_ref() != Some(id)));
    }
    left
}

fn zones_of<'a>(topic: &'a TopicId, line: &'a Line) -> impl Iterator<Item = &'a Topic> {
    line.topics.iter().filter(move |it| it.zone_of.as_ref() == Some(topic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::sample;

    /// Water for two zones, events for all.
    fn line() -> Line {
        let line = sample::line();
        let [water, events] = [line.topics[0].clone(), line.topics[1].clone()];
        let zone = |slug: &str| Topic {
            id: id(&water.id, slug),
            name: slug.to_owned(),
            zone_of: Some(water.id.clone()),
            on_by_default: false,
            ..water.clone()
        };
        let topics = vec![water.clone(), zone("nord"), zone("sud"), events];
        Line { topics, ..line }
    }

    fn ids(names: &[&str]) -> Vec<TopicId> {
        names.iter().map(|it| TopicId::new(*it)).collect()
    }

    fn set(names: &[&str]) -> BTreeSet<TopicId> {
        ids(names).into_iter().collect()
    }

    #[test]
    fn a_notice_concerns_its_zone_and_who_wants_all_of_them() {
        for (topics, want) in [
            (&["acqua:nord"][..], &["acqua", "acqua:nord"][..]),
            (&["acqua"], &["acqua", "acqua:nord", "acqua:sud"]),
            (&["eventi"], &["eventi"]),
        ] {
            assert_eq!(concerned(&ids(topics), &line()), ids(want), "{topics:?}");
        }
    }

    #[test]
    fn a_zone_narrows_its_topic() {
        for (named, want) in [
            (&["acqua", "acqua:nord"][..], &["acqua:nord"][..]),
            (&["acqua", "acqua:nord", "acqua:sud"], &["acqua"]),
            (&["acqua:nord", "eventi"], &["acqua:nord", "eventi"]),
            (&["eventi"], &["eventi"]),
        ] {
            assert_eq!(meant(&ids(named), &line()), set(want), "{named:?}");
        }
    }

    #[test]
    fn who_joins_with_a_zone_gets_the_rest_as_usual() {
        for (named, want) in [
            (&[][..], &["acqua", "eventi"][..]),
            (&["acqua:nord"], &["acqua:nord", "eventi"]),
            (&["acqua"], &["acqua"]),
            (&["acqua", "acqua:nord"], &["acqua:nord"]),
        ] {
            assert_eq!(joined(&ids(named), &line()), set(want), "{named:?}");
        }
    }

    #[test]
    fn a_topic_without_a_zone_is_the_other_zones() {
        for (followed, less, want) in [
            (&["acqua", "eventi"][..], "acqua:nord", &["acqua:sud", "eventi"][..]),
            (&["acqua:nord", "eventi"], "acqua:nord", &["eventi"]),
            (&["acqua:nord", "acqua:sud"], "acqua", &[]),
            (&["eventi"], "acqua:nord", &["eventi"]),
        ] {
            assert_eq!(without(&set(followed), &ids(&[less]), &line()), set(want), "{less}");
        }
    }
}
