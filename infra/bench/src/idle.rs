// SPDX-License-Identifier: EUPL-1.2
//! What a month costs on AWS in which nobody writes and nothing is sent, by list prices before
//! free tiers: what `filodiretto cost` says of it. The counts it rests on are kept true by tests.

use domain::cost::{Use, bill};
use domain::line::Category;
use local_stack::cost::{PriceList, label};

use crate::table::Row;

const FLOOR: f64 = 2.0;

pub(crate) fn measure() -> anyhow::Result<Vec<Row>> {
    let list = PriceList::read()?;
    let nothing = Use {
        subscribers: 0,
        broadcasts_per_week: 0.0,
        chats_per_day: 0.0,
        category: Category::Utility,
        lines: 1,
    };
    let bill = bill(&nothing, &list.prices, list.read_on);
    let usd = bill.aws_usd();
    let asked = bill.aws.iter().filter(|it| it.quantity > 0.0);
    let told: Vec<_> =
        asked.map(|it| format!("{}: {:.2} = {:.3}", label(it.what), it.quantity, it.usd)).collect();
    Ok(vec![Row::held(
        "an idle month on AWS, one deployment, list prices before free tiers",
        format!("≤ {FLOOR} USD"),
        format!("{usd:.2} USD in {}: {}", list.region, told.join("; ")),
        usd <= FLOOR,
    )])
}
