// SPDX-License-Identifier: EUPL-1.2
//! What an account's webhooks say, in the domain's words.
//!
//! Total: what is new or misshapen says nothing, since nothing can be lost by it that Meta's
//! answers to our sends do not tell as well.
//!
//! Source: Cloud API, webhooks/reference, one page per field.

use domain::account::{AccountState, News, PAUSES, TemplateNews, TemplateState};
use domain::cost::Category;
use jiff::Timestamp;
use serde_json::Value;

use super::{seconds, whole_number, word};

/// Reads the value of one of an account's fields, which Meta wrote at `at`.
pub fn read_account(field: &str, value: &Value, at: Timestamp) -> Option<News> {
    match field {
        "message_template_status_update" => template(value, state(value, at)?),
        "template_category_update" => template(value, category(value)?),
        "business_capability_update" | "phone_number_quality_update" => {
            limit(value.get("max_daily_conversations_per_business")?)
        }
        "account_update" => account(value),
        _ => None,
    }
}

fn template(value: &Value, news: TemplateNews) -> Option<News> {
    let name = word(value.get("message_template_name"))?;
    // Meta writes `en-US` here and `en_US` elsewhere.
    let language = word(value.get("message_template_language"))?.replace('-', "_");
    Some(News::Template { name, language, news })
}

fn state(value: &Value, at: Timestamp) -> Option<TemplateNews> {
    let state = match value.get("event")?.as_str()? {
        "APPROVED" | "REINSTATED" | "UNARCHIVED" => TemplateState::Usable,
        "FLAGGED" => TemplateState::Flagged,
        "PAUSED" => {
            let second = value.pointer("/other_info/title").is_some_and(|it| it == "SECOND_PAUSE");
            TemplateState::Paused { until: at + PAUSES[usize::from(second)] }
        }
        "REJECTED" => TemplateState::Rejected,
        "DISABLED" => TemplateState::Disabled,
        "PENDING_DELETION" | "DELETED" => TemplateState::Deleted,
        "ARCHIVED" => TemplateState::Archived,
        "LOCKED" => TemplateState::Locked,
        _ => return None,
    };
    Some(TemplateNews::State(state))
}

/// With a `correct_category`, `new_category` is the one it still has.
fn category(value: &Value) -> Option<TemplateNews> {
    let read = |name| Some(Category::read(&word(value.get(name))?.to_lowercase()));
    let coming = read("correct_category").map(TemplateNews::Coming);
    coming.or_else(|| read("new_category").map(TemplateNews::Category))
}

/// `TIER_2K`, 2000, `"2000"`; -1 was once without limit.
fn limit(value: &Value) -> Option<News> {
    let tier = value.as_str().and_then(|it| it.strip_prefix("TIER_"));
    if tier == Some("UNLIMITED") || whole_number(Some(value)) == Some(-1) {
        return Some(News::Limit(None));
    }
    let people = match tier {
        Some(tier) => match tier.strip_suffix('K') {
            Some(thousands) => thousands.parse::<u32>().ok()?.checked_mul(1_000)?,
            None => tier.parse().ok()?,
        },
        None => u32::try_from(whole_number(Some(value))?).ok()?,
    };
    (people > 0).then_some(News::Limit(Some(people)))
}

fn account(value: &Value) -> Option<News> {
    Some(match value.get("event")?.as_str()? {
        "ACCOUNT_RESTRICTION" => {
            let restrictions = value.get("restriction_info")?.as_array()?;
            let kind = |it: &&Value| {
                it.get("restriction_type")
                    .is_some_and(|it| it == "RESTRICTED_BIZ_INITIATED_MESSAGING")
            };
            let until = seconds(restrictions.iter().find(kind)?.get("expiration"));
            let until = until.and_then(|it| Timestamp::from_second(it).ok());
            News::Account(AccountState::Restricted { until })
        }
        "DISABLED_UPDATE" => match value.pointer("/ban_info/waba_ban_state")?.as_str()? {
            "DISABLE" => News::Account(AccountState::Disabled),
            "REINSTATE" => News::Account(AccountState::InOrder),
            "SCHEDULE_FOR_DISABLE" => News::Warning,
            _ => return None,
        },
        "ACCOUNT_DELETED" => News::Account(AccountState::Disabled),
        "ACCOUNT_VIOLATION" => News::Warning,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn at() -> Timestamp {
        "2026-11-24T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn reads_what_happened_to_a_template() {
        use TemplateState::{Archived, Deleted, Disabled, Flagged, Locked, Rejected, Usable};
        let paused = |hours: i64| TemplateState::Paused { until: at() + hours.hours() };
        for (event, title, want) in [
            ("APPROVED", None, Some(Usable)),
            ("REINSTATED", None, Some(Usable)),
            ("UNARCHIVED", None, Some(Usable)),
            ("FLAGGED", None, Some(Flagged)),
            ("PAUSED", None, Some(paused(3))),
            ("PAUSED", Some("FIRST_PAUSE"), Some(paused(3))),
            ("PAUSED", Some("SECOND_PAUSE"), Some(paused(6))),
            ("REJECTED", None, Some(Rejected)),
            ("DISABLED", Some("DISABLED"), Some(Disabled)),
            ("PENDING_DELETION", None, Some(Deleted)),
            ("DELETED", None, Some(Deleted)),
            ("ARCHIVED", None, Some(Archived)),
            ("LOCKED", None, Some(Locked)),
            ("PENDING", None, None),
            ("IN_APPEAL", None, None),
            ("LIMIT_EXCEEDED", None, None),
            ("SOMETHING_NEW", None, None),
        ] {
            let value = json!({
                "event": event, "message_template_id": 1, "message_template_name": "avviso",
                "message_template_language": "en-US", "reason": null,
                "other_info": title.map(|it| json!({ "title": it, "description": "…" })),
            });
            let got = read_account("message_template_status_update", &value, at());
            let want = want.map(|it| News::Template {
                name: "avviso".to_owned(),
                language: "en_US".to_owned(),
                news: TemplateNews::State(it),
            });
            assert_eq!(got, want, "{event} {title:?}");
        }
    }

    #[test]
    fn tells_a_category_that_is_from_one_that_is_coming() {
        use TemplateNews::{Category as Now, Coming};
        for (change, want) in [
            (
                json!({ "previous_category": "UTILITY", "new_category": "MARKETING" }),
                Some(Now(Category::Marketing)),
            ),
            (
                json!({ "correct_category": "MARKETING", "new_category": "UTILITY" }),
                Some(Coming(Category::Marketing)),
            ),
            (json!({ "new_category": "LATER" }), Some(Now(Category::Other))),
            (json!({ "previous_category": "UTILITY" }), None),
        ] {
            let mut value = change.clone();
            value["message_template_name"] = "avviso".into();
            value["message_template_language"] = "it".into();
            let got = read_account("template_category_update", &value, at());
            let want = want.map(|news| {
                let (name, language) = ("avviso".to_owned(), "it".to_owned());
                News::Template { name, language, news }
            });
            assert_eq!(got, want, "{change}");
            assert_eq!(read_account("template_category_update", &change, at()), None, "no name");
        }
    }

    #[test]
    fn reads_a_limit_however_meta_writes_it() {
        for (limit, want) in [
            (json!("TIER_50"), Some(News::Limit(Some(50)))),
            (json!("TIER_250"), Some(News::Limit(Some(250)))),
            (json!("TIER_2K"), Some(News::Limit(Some(2_000)))),
            (json!("TIER_10K"), Some(News::Limit(Some(10_000)))),
            (json!("TIER_100K"), Some(News::Limit(Some(100_000)))),
            (json!("TIER_UNLIMITED"), Some(News::Limit(None))),
            (json!(2000), Some(News::Limit(Some(2_000)))),
            (json!("2000"), Some(News::Limit(Some(2_000)))),
            (json!(-1), Some(News::Limit(None))),
            (json!("TIER_NOT_SET"), None),
            (json!("TIER_"), None),
            (json!(0), None),
            (json!(-2), None),
            (json!(2.5), None),
            (json!(null), None),
        ] {
            let value = json!({ "max_daily_conversations_per_business": limit });
            for field in ["business_capability_update", "phone_number_quality_update"] {
                let got = read_account(field, &value, at());
                assert_eq!(got, want, "{field} {limit}");
            }
        }
    }

    #[test]
    fn reads_what_an_account_may_do() {
        let restricted = |until: Option<&str>| {
            let until = until.map(|it| it.parse().unwrap());
            Some(News::Account(AccountState::Restricted { until }))
        };
        let ban = |state: &str| json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": state, "waba_ban_date": "…" } });
        let restriction = |kind: &str, expiration: Value| {
            let info = json!([
                { "restriction_type": "RESTRICTED_ADD_PHONE_NUMBER_ACTION", "expiration": 1 },
                { "restriction_type": kind, "expiration": expiration },
            ]);
            json!({ "event": "ACCOUNT_RESTRICTION", "restriction_info": info })
        };
        let messaging = "RESTRICTED_BIZ_INITIATED_MESSAGING";
        for (value, want) in [
            (
                restriction(messaging, json!(1_764_000_000)),
                restricted(Some("2025-11-24T16:00:00Z")),
            ),
            (restriction(messaging, json!("1764000000")), restricted(Some("2025-11-24T16:00:00Z"))),
            (restriction(messaging, json!(null)), restricted(None)),
            (restriction("RESTRICTED_CUSTOMER_INITIATED_MESSAGING", json!(1)), None),
            (ban("DISABLE"), Some(News::Account(AccountState::Disabled))),
            (ban("REINSTATE"), Some(News::Account(AccountState::InOrder))),
            (ban("SCHEDULE_FOR_DISABLE"), Some(News::Warning)),
            (ban("ELSE"), None),
            (json!({ "event": "ACCOUNT_DELETED" }), Some(News::Account(AccountState::Disabled))),
            (
                json!({ "event": "ACCOUNT_VIOLATION", "violation_info": { "violation_type": "SCAM" } }),
                Some(News::Warning),
            ),
            (json!({ "event": "PARTNER_ADDED" }), None),
            (json!({}), None),
        ] {
            assert_eq!(read_account("account_update", &value, at()), want, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_value_panics(
            field in "message_template_status_update|template_category_update|account_update|business_capability_update",
            keys in prop::collection::vec("event|new_category|ban_info|restriction_info|other_info|max_daily_conversations_per_business", 0..4),
            values in prop::collection::vec("PAUSED|TIER_99999999999K|ACCOUNT_RESTRICTION|DISABLED_UPDATE|[0-9-]{0,25}", 4),
        ) {
            let value: serde_json::Map<_, _> =
                keys.into_iter().zip(values).map(|(key, value)| (key, value.into())).collect();
            read_account(&field, &value.into(), at());
        }
    }
}
