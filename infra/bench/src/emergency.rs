// SPDX-License-Identifier: EUPL-1.2
//! An emergency that starts while a large broadcast is going out on the same number.

use jiff::Timestamp;

use crate::table::Row;
use crate::town::{ALERT, REMINDER, RESERVE, Town, alert, rate, reminder, seconds};
use crate::{Size, say};

pub(crate) async fn measure(size: Size) -> anyhow::Result<Vec<Row>> {
    let (bulk, reached) = (size.of(10_000, 2_500), size.of(1_000, 150));
    let (town, _engine) = Town::start(80).await?;
    town.subscribers(bulk, reached).await?;
    let before = i64::try_from(size.of(2_000, 300))?;
    say(&format!("  {bulk} people, and an emergency for {reached} after {before}"));
    let id = town.sends(reminder()).await?;
    town.accepts(&id, before).await?;
    let draft = town.drafts(alert()).await?;

    let asked = Timestamp::now();
    town.schedules(&draft).await?;
    town.accepts(&draft, i64::try_from(reached)?).await?;
    say("  the emergency has gone out");
    // The bulk has far more left than the emergency takes.
    let goes_on = town.accepted(&id).await? + i64::try_from(size.of(500, 100))?;
    town.accepts(&id, goes_on).await?;

    let alerts = town.taken(ALERT)?;
    let (per_second, _) = rate(&alerts);
    let first_s = alerts.first().map_or(f64::INFINITY, |it| seconds(asked, it.at));
    let ended = alerts.last().map_or(asked, |it| it.at);
    let bulk_again = town.taken(REMINDER)?.into_iter().find(|it| it.at > ended);
    let resumed_s = bulk_again.map_or(f64::INFINITY, |it| seconds(ended, it.at));
    let during = town.taken(REMINDER)?.iter().filter(|it| it.at > asked && it.at < ended).count();
    let throttled = town.refused(130_429)?;
    let allowed = f64::from(80 - RESERVE);
    let what = format!("an emergency for {reached} in the middle of a send to {bulk}");
    Ok(vec![
        Row::held(
            format!("{what}: first message"),
            "≤ 2 s",
            format!("{first_s:.2} s after the office asked"),
            first_s <= 2.0,
        ),
        Row::held(
            format!("{what}: rate from then on"),
            format!("≥ 97 % of {allowed:.0}/s"),
            format!(
                "{per_second:.1}/s = {:.1} %, {throttled} × 130429, {during} of the bulk meanwhile",
                100.0 * per_second / allowed
            ),
            per_second >= 0.97 * allowed && throttled == 0,
        ),
        Row::held(
            format!("{what}: the bulk resumes by itself"),
            "yes",
            format!("{resumed_s:.1} s after the last of the emergency"),
            resumed_s.is_finite(),
        ),
    ])
}
