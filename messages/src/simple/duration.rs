//! `xs:duration`.

/// Whether `text` is a duration as libxml2 takes it: in 64 bits, with a fraction for seconds only.
pub(super) fn duration(text: &str) -> bool {
    let Some(items) = text.strip_prefix('-').unwrap_or(text).strip_prefix('P') else {
        return false;
    };
    let (date, time) = match items.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (items, None),
    };
    let days = all(date, "YMD").filter(|_| !date.is_empty() || time.is_some());
    // After a T there is something.
    let time = time.is_none_or(|t| !t.is_empty() && all(t, "HMS").is_some());
    let months = days.and_then(|[years, months, _]| years.checked_mul(12)?.checked_add(months));
    time && months.is_some()
}

/// Numbers, each with its unit, which come in order and at most once each.
fn all(items: &str, units: &str) -> Option<[i64; 3]> {
    let mut values = [0; 3];
    let mut units = units.chars().enumerate();
    let mut rest = items;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let letter = after.chars().next()?;
        let (at, unit) = units.find(|(_, unit)| *unit == letter)?;
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let digits = whole.len() + part.len();
        let fraction = number.contains('.');
        if digits == 0 || part.contains('.') || (fraction && unit != 'S') {
            return None;
        }
        values[at] = format!("0{whole}").parse().ok()?;
        rest = &after[1..];
    }
    Some(values)
}
