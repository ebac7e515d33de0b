// SPDX-License-Identifier: EUPL-1.2
//! Reading the `opening_hours` notation, with errors that say what to write instead.

use jiff::civil::Date;

use super::words::{WEEKDAYS, last_of};
use super::{DateRange, Days, Hours, HoursError, Rule, Span, Week};

const WEEKDAY_CODES: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
const MONTH_CODES: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

pub(super) fn read(text: &str) -> Result<Hours, HoursError> {
    let mut rules = Vec::new();
    for rule in text.split(';').map(str::trim).filter(|it| !it.is_empty()) {
        rules.push(read_rule(&tidy(rule))?);
    }
    let hours = Hours { rules };
    check(&hours)?;
    Ok(hours)
}

/// One space between words, none around commas and hyphens; a dash is a hyphen.
fn tidy(rule: &str) -> String {
    let mut tidy = String::with_capacity(rule.len());
    for c in rule.chars() {
        let c = if matches!(c, '–' | '—') { '-' } else { c };
        if matches!(c, ',' | '-') {
            tidy.truncate(tidy.trim_end().len());
            tidy.push(c);
        } else if !c.is_whitespace() {
            tidy.push(c);
        } else if !tidy.ends_with([' ', ',', '-']) {
            tidy.push(' ');
        }
    }
    tidy
}

fn read_rule(rule: &str) -> Result<Rule, HoursError> {
    let (days, times) = rule.rsplit_once(' ').unwrap_or(("", rule));
    let closed = times.eq_ignore_ascii_case("off") || times.eq_ignore_ascii_case("closed");
    if !closed && !times.contains(|c: char| c.is_ascii_digit()) {
        return Err(error(
            format!("in «{rule}» mancano gli orari"),
            format!("scrivi per esempio «{rule} 09:00-13:00» oppure «{rule} off»"),
        ));
    }
    if days.is_empty() {
        return Err(error(
            format!("in «{rule}» mancano i giorni"),
            format!("scrivi per esempio «Mo-Fr {rule}»"),
        ));
    }
    let spans = if closed { Vec::new() } else { read_spans(times)? };
    Ok(Rule { days: read_days(days)?, spans })
}

fn read_spans(times: &str) -> Result<Vec<Span>, HoursError> {
    let mut spans = times.split(',').map(read_span).collect::<Result<Vec<_>, _>>()?;
    spans.sort_unstable();
    let overlap = spans.windows(2).any(|it| it[1].from < it[0].to);
    if overlap {
        return Err(error(
            format!("in «{times}» due orari si sovrappongono"),
            "scrivi orari separati, per esempio «09:00-13:00,15:30-17:30»".to_owned(),
        ));
    }
    Ok(spans)
}

fn read_span(text: &str) -> Result<Span, HoursError> {
    let span = text
        .split_once('-')
        .and_then(|(from, to)| Some(Span { from: read_minute(from)?, to: read_minute(to)? }));
    match span {
        Some(it) if it.from < it.to => Ok(it),
        Some(_) => Err(error(
            format!("in «{text}» la fine viene prima dell'inizio"),
            "scrivi un orario che finisce entro le 24:00; dopo mezzanotte è un altro giorno"
                .to_owned(),
        )),
        None => Err(error(
            format!("non capisco l'orario «{text}»"),
            "scrivi ore e minuti con i due punti, per esempio «09:00-13:00»".to_owned(),
        )),
    }
}

/// `09:00` in minutes after midnight, up to `24:00`.
fn read_minute(text: &str) -> Option<i16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |it: &str| it.bytes().all(|b| b.is_ascii_digit());
    if !(1..=2).contains(&hour.len()) || minute.len() != 2 || !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (i16, i16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= 24 * 60).then_some(total)
}

fn read_days(text: &str) -> Result<Days, HoursError> {
    let items: Vec<&str> = text.split(',').collect();
    if items.iter().all(|it| is_weekly(it)) {
        return read_weekly(&items);
    }
    if let Some(stray) = items.iter().find(|it| is_weekly(it)) {
        return Err(error(
            format!("«{text}» mescola date e giorni della settimana"),
            format!("scrivi «{stray}» in una regola a parte, separata da «;»"),
        ));
    }
    items.iter().map(|it| read_range(it)).collect::<Result<_, _>>().map(Days::Dated)
}

fn is_weekly(item: &str) -> bool {
    let first = item.split('-').next().unwrap_or(item);
    first.eq_ignore_ascii_case("PH") || position(&WEEKDAY_CODES, first).is_some()
}

fn read_weekly(items: &[&str]) -> Result<Days, HoursError> {
    let mut weekdays = Week::default();
    let mut holidays = false;
    for item in items {
        if item.eq_ignore_ascii_case("PH") {
            holidays = true;
            continue;
        }
        let (from, to) = item.split_once('-').unwrap_or((item, item));
        let ends = position(&WEEKDAY_CODES, from).zip(position(&WEEKDAY_CODES, to));
        let (from, to) = ends.ok_or_else(|| not_a_day(item))?;
        for day in from..=from + (to + 7 - from) % 7 {
            weekdays[day % 7] = true;
        }
    }
    Ok(Days::Weekly { weekdays, holidays })
}

/// A day, a month or a range: `Dec 24`, `Aug`, `Dec 24-26`, `Dec 24-Jan 6`, each with a year or
/// without.
fn read_range(text: &str) -> Result<DateRange, HoursError> {
    let (from, to) = match text.split_once('-') {
        Some((from, to)) => (PartialDate::read(from), PartialDate::read(to)),
        None => (PartialDate::read(text), PartialDate::read(text)),
    };
    let (from, to) = from.zip(to).ok_or_else(|| not_a_day(text))?;
    let month = from.month.ok_or_else(|| not_a_day(text))?;
    let start = (month, from.day.unwrap_or(1));
    let to_month = to.month.unwrap_or(month);
    let end = (to_month, to.day.unwrap_or_else(|| last_of(to_month)));
    let Some(year) = from.year else {
        if to.year.is_some() || start.1 > last_of(start.0) || end.1 > last_of(end.0) {
            return Err(no_such_date(text));
        }
        return Ok(DateRange::EveryYear { from: start, to: end });
    };
    let to_year = to.year.unwrap_or(year);
    // `2027 Feb` ends on the 28th: the month's last day is taken from the calendar.
    let end = match to.day {
        Some(day) => Date::new(to_year, end.0, day),
        None => Date::new(to_year, end.0, 1).map(Date::last_of_month),
    };
    match (Date::new(year, start.0, start.1), end) {
        (Ok(from), Ok(to)) if from <= to => Ok(DateRange::Once { from, to }),
        _ => Err(no_such_date(text)),
    }
}

#[derive(Clone, Copy)]
struct PartialDate {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
}

impl PartialDate {
    fn read(text: &str) -> Option<Self> {
        let mut words: Vec<&str> = text.split(' ').collect();
        let year = words.first().filter(|it| it.len() == 4).and_then(|it| it.parse().ok());
        if year.is_some() {
            words.remove(0);
        }
        let (month, day) = match words.as_slice() {
            [word] => match position(&MONTH_CODES, word) {
                Some(index) => (Some(index), None),
                None => (None, Some(*word)),
            },
            [month, day] => (Some(position(&MONTH_CODES, month)?), Some(*day)),
            _ => return None,
        };
        let month = month.and_then(|it| i8::try_from(it + 1).ok());
        let day = match day {
            Some(digits) => Some(digits.parse().ok().filter(|it| (1..=31).contains(it))?),
            None => None,
        };
        Some(Self { year, month, day })
    }
}

/// What is allowed in `opening_hours` and is almost always a mistake.
fn check(hours: &Hours) -> Result<(), HoursError> {
    let mut seen = Week::default();
    let mut exception = false;
    for rule in &hours.rules {
        let Days::Weekly { weekdays, holidays } = &rule.days else {
            exception = true;
            continue;
        };
        let named = || (0..7).filter(|day| weekdays[*day]);
        if exception && named().next().is_some() {
            return Err(error(
                "i giorni della settimana vengono dopo un'eccezione, e la annullano".to_owned(),
                "scrivi prima gli orari della settimana, poi le date e alla fine «PH off»"
                    .to_owned(),
            ));
        }
        if !rule.spans.is_empty()
            && let Some(day) = named().find(|day| seen[*day])
        {
            return Err(error(
                format!("{} compare due volte, e vale solo l'ultima", WEEKDAYS[day]),
                format!(
                    "scrivi insieme tutti gli orari del giorno, per esempio «{} \
                     09:00-13:00,15:30-17:30»",
                    WEEKDAY_CODES[day]
                ),
            ));
        }
        named().for_each(|day| seen[day] = true);
        exception |= *holidays;
    }
    if hours.rules.iter().all(|it| it.spans.is_empty()) {
        return Err(error(
            "l'ufficio non risulta mai aperto".to_owned(),
            "scrivi almeno un giorno con i suoi orari, per esempio «Mo-Fr 09:00-13:00», oppure \
             togli gli orari: vale «appena possibile»"
                .to_owned(),
        ));
    }
    Ok(())
}

fn position(codes: &[&str], code: &str) -> Option<usize> {
    codes.iter().position(|it| it.eq_ignore_ascii_case(code))
}

fn not_a_day(text: &str) -> HoursError {
    error(
        format!("non capisco il giorno «{text}»"),
        "scrivi i giorni così: Mo lunedì, Tu martedì, We mercoledì, Th giovedì, Fr venerdì, Sa \
         sabato, Su domenica, PH festivi; le date così: «Aug» oppure «Dec 24-Jan 6»"
            .to_owned(),
    )
}

fn no_such_date(text: &str) -> HoursError {
    error(
        format!("le date «{text}» non esistono o sono in disordine"),
        "scrivi per esempio «Dec 24-Jan 6» per ogni anno, «2026 Dec 24-2027 Jan 6» per uno solo"
            .to_owned(),
    )
}

fn error(what: String, remedy: String) -> HoursError {
    HoursError { what, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_however_it_is_spaced() {
        let want = read("Mo,We 09:00-13:00,15:30-17:30; PH off").unwrap();
        for text in [
            "  mo , we 9:00 - 13:00 , 15:30-17:30 ;ph OFF;",
            "Mo,We 15:30–17:30,09:00–13:00; PH closed",
        ] {
            assert_eq!(read(text).as_ref(), Ok(&want), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong_and_what_to_write() {
        for (text, what, remedy) in [
            ("", "mai aperto", "«Mo-Fr 09:00-13:00»"),
            ("Aug off", "mai aperto", "Mo-Fr"),
            ("Mo-Fr", "in «Mo-Fr» mancano gli orari", "«Mo-Fr 09:00-13:00»"),
            ("09:00-13:00", "mancano i giorni", "«Mo-Fr 09:00-13:00»"),
            ("24/7", "mancano i giorni", "Mo-Fr"),
            ("lun-ven 09:00-13:00", "non capisco il giorno «lun-ven»", "Mo lunedì"),
            ("Mo-Xx 09:00-13:00", "non capisco il giorno «Mo-Xx»", "Mo lunedì"),
            ("Mo-Fr 9-13", "non capisco l'orario «9-13»", "«09:00-13:00»"),
            ("Mo-Fr 09:00-13.00", "non capisco l'orario «09:00-13.00»", "due punti"),
            ("Mo-Fr 09:60-13:00", "non capisco l'orario", "due punti"),
            ("Mo-Fr 09:00-25:00", "non capisco l'orario", "due punti"),
            ("Mo-Fr 22:00-02:00", "la fine viene prima", "24:00"),
            ("Mo 09:00-13:00,12:00-15:00", "si sovrappongono", "15:30-17:30"),
            (
                "Mo-Fr 09:00-13:00; Tu,Th 15:30-17:30",
                "martedì compare due volte",
                "«Tu 09:00-13:00,15:30-17:30»",
            ),
            ("PH off; Mo-Fr 09:00-13:00", "dopo un'eccezione", "alla fine «PH off»"),
            ("Mo-Fr 09:00-13:00; Dec 32 off", "non capisco il giorno «Dec 32»", "Dec 24-Jan 6"),
            ("Mo-Fr 09:00-13:00; Jun 31 off", "«Jun 31» non esistono", "Dec 24-Jan 6"),
            ("Mo-Fr 09:00-13:00; 2026 Dec 24-Jan 6 off", "in disordine", "2027 Jan 6"),
            ("Mo-Fr 09:00-13:00; Su,Dec 24 off", "mescola", "«Su» in una regola a parte"),
        ] {
            let got = read(text).unwrap_err();
            assert!(got.what.contains(what), "{text}: {}", got.what);
            assert!(got.remedy.contains(remedy), "{text}: {}", got.remedy);
        }
    }
}
