//! Values of the simple types in every odd form.

use tongguan_messages::SimpleType;

use super::Mutation;
use super::text::leaf;
use crate::document::{Document, Element};
use crate::random::Random;

pub const ALL: &[Mutation] = &[
    ("decimal at its bounds", decimal_bounds),
    ("decimal in an odd form", decimal),
    ("whole number in an odd form", int),
    ("date or time in an odd form", date_time),
    ("time of random parts", random_time),
    ("base64 in an odd form", base64),
    ("random base64", random_base64),
    ("fixed or default value", fixed),
    ("white space around a value", around),
    ("any odd value", any),
    ("value of random letters", random_letters),
    ("letters of a value changed", letters_changed),
];

pub const DECIMALS: &[&str] = &[
    "",
    " ",
    "0",
    "-0",
    "+0",
    "00",
    "1",
    "+1",
    "-1",
    "++1",
    "+-1",
    "1.",
    ".1",
    ".",
    "+.",
    "-.5",
    "+5.",
    "1.0",
    "1.00000",
    "1.000000",
    "1.0000000000",
    "1.123456",
    "1.12345",
    "1.1234500",
    "0001",
    "0.1",
    "1e3",
    "1E3",
    "1,000",
    "1.2.3",
    "1 000",
    " 1",
    "1 ",
    "\t1\n",
    "\u{A0}1",
    "1\u{3000}",
    "１",
    "٣",
    "NaN",
    "INF",
    "-INF",
    "inf",
    "0x10",
    "1f",
    "1-",
    "--1",
    "1+",
    "$1",
    "¥1",
    "1%",
    "99999999999999999999",
    "12345678901234.12345",
    "123456789012345.12345",
    "1234567890123456789",
    "12345678901234567890",
    "0000000000000000000000000001",
    "1.00000000000000000000000000000",
    "000000000000000000000000",
    "0.00000000000000000000000",
    "0.000000000000000000000001",
    "999999999999999999999999",
    "9999999999999999999999999",
    "-9999999999999999999.99999",
    "1.<!-- x -->5",
    "1<![CDATA[.5]]>",
    "&#49;",
    "1&#32;",
    "1&#13;",
    "1\u{2028}",
    "1\0",
    "−1",
    "1.5.",
    "..5",
    "1..",
    "1\n2",
    "01.10",
    "1_000",
];

pub const INTS: &[&str] = &[
    "",
    " ",
    "0",
    "-0",
    "+0",
    "00",
    "1",
    "+1",
    "-1",
    "1.",
    "1.0",
    ".1",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "+2147483647",
    "+2147483648",
    "02147483647",
    "999999999",
    "1000000000",
    "9999999999",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "00000000000000000000000001",
    "000000000000000000000000000000000000",
    " 1",
    "1 ",
    "\n1\t",
    "1 2",
    "1e1",
    "0x1",
    "１",
    "--1",
    "+-1",
    "-",
    "+",
    "1-",
    "1a",
    "a",
    "1,0",
    "\u{A0}1",
    "1<!-- x -->2",
    "<![CDATA[12]]>",
    "&#49;",
    "&#32;1",
    "1&#32;",
    "1&#13;",
    "true",
    "-00001",
    "99999999999999999999999999",
    "000000001",
    "0000000001",
    "-999999999",
    "-1000000000",
    "1\u{85}",
];

pub const DATE_TIMES: &[&str] = &[
    "",
    " ",
    "2026-11-23",
    "2026-11-23T09:30:00",
    "2026-11-23T09:30:00Z",
    "2026-11-23T09:30:00z",
    "2026-11-23T09:30:00+08:00",
    "2026-11-23T09:30:00-14:00",
    "2026-11-23T09:30:00+14:00",
    "2026-11-23T09:30:00+14:01",
    "2026-11-23T09:30:00+13:59",
    "2026-11-23T09:30:00+15:00",
    "2026-11-23T09:30:00+8:00",
    "2026-11-23T09:30:00+0800",
    "2026-11-23T09:30:00+08",
    "2026-11-23T24:00:00",
    "2026-11-23T24:00:01",
    "2026-11-23T24:00:00.0",
    "2026-11-23T24:00:00.1",
    "2026-11-23T23:59:60",
    "2026-11-23T23:60:00",
    "2026-11-23T25:00:00",
    "2026-11-23T09:30",
    "2026-11-23T09:30:00.",
    "2026-11-23T09:30:00.5",
    "2026-11-23T09:30:00.123456789012345678901234567890",
    "2026-11-23t09:30:00",
    "2026-11-23 09:30:00",
    "2026-02-29T00:00:00",
    "2024-02-29T00:00:00",
    "1900-02-29T00:00:00",
    "2000-02-29T00:00:00",
    "2026-02-30",
    "2024-02-29",
    "2026-13-01",
    "2026-00-01",
    "2026-01-00",
    "2026-04-31",
    "2026-1-1",
    "26-01-01",
    "02026-01-01",
    "12026-01-01T00:00:00",
    "-2026-01-01T00:00:00",
    "0000-01-01T00:00:00",
    "-0001-01-01T00:00:00",
    "-0000-01-01",
    "+2026-01-01T00:00:00",
    "99999999999999999999-01-01T00:00:00",
    "999999999-01-01",
    "9999999999-01-01",
    "2147483648-01-01",
    " 2026-11-23T09:30:00 ",
    "\n2026-11-23\n",
    "2026-11-23T09:30:00 Z",
    "2026-11-23Z",
    "2026-11-23+08:00",
    "2026-11-23+14:00",
    "2026-11-23-14:01",
    "2026-11-23T",
    "2026-11",
    "2026",
    "20261123",
    "20261123093000",
    "2026/11/23",
    "2026-11-23T09:30:00+08:00Z",
    "2026-11-23T09:30:00ZZ",
    "2026-11-23T09:30:0",
    "2026-11-23T9:30:00",
    "2026-11-23T09:30:000",
    "２０２６-11-23",
    "2026-11-23T09:30:00,5",
    "--11-23",
    "---23",
    "09:30:00",
    "2026-W01-1",
    "2026-11-23T09:30:00\u{A0}",
    "2026-11-23<!-- x -->T09:30:00",
    "2026-11-23T09:30:00&#32;",
    "-12026-02-29",
    "2026-11-23T09:30:00+00:00",
    "2026-11-23T09:30:00-00:00",
    "2026-11-23T-9:30:00",
    "2026-11-31",
    "2026-11-30",
    "2026-11-23T24:00:00Z",
    "2026-11-23T09:30:00+24:00",
    "2026-11-23T09:30:00+08:60",
    "1000000-02-29",
    "-0004-02-29",
    "-0005-02-29",
    "-0100-02-29",
    "0004-02-29",
    "2026-11-23T09:30:00.0Z",
    "2026-11-23T09:30:00.Z",
    "2026-12-31T23:59:59.999999999999",
    "2026-11-23T24:01:00",
    "2026-11-23+8:00",
    "2026-11-23 Z",
    "2026-11-23z",
];

const BASE64: &[&str] = &[
    "",
    " ",
    "A",
    "AA",
    "AAA",
    "AAAA",
    "AAAAA",
    "A=",
    "A==",
    "A===",
    "AA=",
    "AA==",
    "AA===",
    "AAA=",
    "AAA==",
    "=",
    "==",
    "===",
    "====",
    "AAAA=",
    "AAAA==",
    "AAAA====",
    "AB==",
    "AQ==",
    "Ag==",
    "Aw==",
    "AAB=",
    "AAE=",
    "A A A A",
    "AA AA",
    "AA= =",
    "AA = =",
    "AA==\n",
    "\nAAAA\n",
    "AA\nAA",
    "AA\tAA",
    "AA\rAA",
    "AA\r\nAA",
    "AA  AA",
    " AAAA ",
    "AAA =",
    "AA==AAAA",
    "AAA=AAAA",
    "AAAA-",
    "AAA-",
    "AAA_",
    "AAA+",
    "AAA/",
    "AA.A",
    "AAAA!",
    "AA国A",
    "AAAA\u{A0}",
    "\u{3000}AAAA",
    "AA<!-- x -->AA",
    "<![CDATA[AAAA]]>",
    "A&#65;AA",
    "AA&#32;AA",
    "AA&#13;AA",
    "AA&#10;AA",
    "AA&#9;AA",
    "&#32;AAAA",
    "ＡAAA",
    "AAAA\u{85}",
    "AA\0A",
    "AA=A",
    "A=AA",
    "=AAA",
    "AAAAAA",
    "AAAAAAA",
    "AAAAAAA=",
    "AAAAAA==",
    "AAAAAB==",
    "AAAAAAB=",
    "AA\n\n==",
    "AA==  ",
    "A\nA\n=\n=",
    "data:AAAA",
    "%41AAA",
    "AAAA,",
];

/// An element of such a type; now and then another.
fn of_type<'d>(
    d: &'d Document,
    r: &mut Random,
    suits: fn(SimpleType) -> bool,
) -> Option<&'d Element> {
    let fits = d.all(|e| e.is_leaf() && e.simple().is_some_and(suits));
    if fits.is_empty() || r.once_in(20) {
        return None;
    }
    Some(&d.elements[*r.of(&fits)?])
}

fn put(
    d: &Document,
    r: &mut Random,
    suits: fn(SimpleType) -> bool,
    kinds: &[&str],
) -> Option<Vec<u8>> {
    let element = of_type(d, r, suits)?;
    Some(d.with(element.inner.clone(), r.pick(kinds)))
}

fn is_decimal(kind: SimpleType) -> bool {
    matches!(kind, SimpleType::Decimal { .. })
}

fn decimal_bounds(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let element = of_type(d, r, |k| {
        is_decimal(k) || matches!(k, SimpleType::Int { .. })
    })?;
    let (total, fraction) = match element.simple()? {
        SimpleType::Decimal { total, fraction } => (total as usize, fraction as usize),
        SimpleType::Int { digits } => (digits.clamp(1, 10) as usize, 0),
        _ => return None,
    };
    let near = |r: &mut Random, n: usize| (n + r.below(3)).saturating_sub(1);
    let part = if r.once_in(2) {
        near(r, fraction)
    } else {
        r.below(fraction + 1)
    };
    let whole = match r.below(3) {
        0 => near(r, total).saturating_sub(part),
        1 => near(r, total),
        _ => r.below(30),
    };
    let mut text = r.pick(&["", "", "", "-", "+"]).to_owned();
    text.push_str(&"0".repeat(r.pick(&[0, 0, 0, 1, 5, 20, 30])));
    text.push_str(&r.pick(&["9", "1", "5"]).repeat(whole));
    if part > 0 || r.once_in(4) {
        text.push('.');
        text.push_str(&"0".repeat(r.pick(&[0, 0, 0, 1, 4])));
        text.push_str(&r.pick(&["1", "9", "0"]).repeat(part));
        text.push_str(&"0".repeat(r.pick(&[0, 0, 0, 1, 5, 15, 20, 30])));
    }
    Some(d.with(element.inner.clone(), text))
}

fn decimal(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    put(d, r, is_decimal, DECIMALS)
}

fn int(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    put(d, r, |k| matches!(k, SimpleType::Int { .. }), INTS)
}

fn is_time(kind: SimpleType) -> bool {
    matches!(kind, SimpleType::Date | SimpleType::DateTime)
}

fn date_time(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    put(d, r, is_time, DATE_TIMES)
}

fn random_time(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let element = of_type(d, r, is_time)?;
    let number = |r: &mut Random, most: usize| format!("{:02}", r.below(most + 2));
    let mut text = r
        .pick(&[
            "2026", "2024", "1900", "2000", "-2026", "12024", "0001", "9999",
        ])
        .to_owned();
    text += &format!("-{}-{}", number(r, 12), number(r, 31));
    if matches!(element.simple(), Some(SimpleType::DateTime)) != r.once_in(10) {
        text += &format!("T{}:{}:{}", number(r, 24), number(r, 60), number(r, 60));
        text += r.pick(&["", "", "", ".0", ".000", ".9", ".", ".1234567890123"]);
    }
    if r.once_in(2) {
        text += r.pick(&["+", "-"]);
        text += &format!("{}:{}", number(r, 14), number(r, 60));
    }
    Some(d.with(element.inner.clone(), text))
}

fn is_base64(kind: SimpleType) -> bool {
    kind == SimpleType::Base64
}

fn base64(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    put(d, r, is_base64, BASE64)
}

/// Four letters out of few, so that all ends of base64 come up, at the end of more.
pub fn odd_base64(r: &mut Random) -> String {
    if r.once_in(2) {
        return r.pick(BASE64).to_owned();
    }
    let mut text = r.pick(&["", "", "AAAA", "QUJD\n", "QUJD REVG"]).to_owned();
    for _ in 0..r.within(1..6) {
        text += r.pick(&[
            "A", "B", "C", "E", "I", "M", "Q", "g", "w", "0", "8", "/", "+", "=", "=", " ",
        ]);
    }
    text
}

fn random_base64(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let element = of_type(d, r, is_base64)?;
    Some(d.with(element.inner.clone(), odd_base64(r)))
}

fn fixed(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let bound = d.all(|e| e.field.is_some_and(|f| f.fixed.or(f.default).is_some()));
    let element = &d.elements[*r.of(&bound)?];
    let value = element.field?.fixed.or(element.field?.default)?;
    let kinds = [
        String::new(),
        " ".to_owned(),
        "\n".to_owned(),
        "<!-- x -->".to_owned(),
        "<?p?>".to_owned(),
        "<![CDATA[]]>".to_owned(),
        "<![CDATA[ ]]>".to_owned(),
        value.to_owned(),
        format!(" {value}"),
        format!("{value} "),
        format!("0{value}"),
        format!("{value}0"),
        format!("{value}.0"),
        format!("<![CDATA[{value}]]>"),
        format!("<!-- x -->{value}"),
        "CNY".to_owned(),
        "&#32;".to_owned(),
        "143".to_owned(),
        "<a/>".to_owned(),
        "&#x31;42".to_owned(),
        "1<!-- x -->42".to_owned(),
        "１42".to_owned(),
        format!("{value}&#13;"),
        format!("<?p?>{value}<?p?>"),
    ];
    Some(d.with(element.inner.clone(), &kinds[r.below(kinds.len())]))
}

fn around(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let inner = leaf(d, r)?.inner.clone();
    let spaces = [
        " ", "\t", "\n", "\r", "\r\n", "&#32;", "&#13;", "&#10;", "&#9;", "\u{A0}", "\u{3000}",
        "\u{B}",
    ];
    let at = r.pick(&[inner.start, inner.end]);
    Some(d.inserted(at, r.pick(&spaces)))
}

fn any(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let list = r.pick(&[DECIMALS, INTS, DATE_TIMES, BASE64]);
    Some(d.with(leaf(d, r)?.inner.clone(), r.pick(list)))
}

/// What numbers, dates and base64 are made of, and what they are not.
const LETTERS: &[&str] = &[
    "0123456789",
    "0123456789.+-",
    "0123456789-:TZ+. ",
    "AQgw048+/= \n",
    "01.+-eE \t\n",
    "019-:Z",
    "aZ9 _,.\u{A0}国😀\u{301}",
];

fn letter(r: &mut Random, letters: &str) -> char {
    let all: Vec<char> = letters.chars().collect();
    r.pick(&all)
}

fn random_letters(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let letters = r.pick(LETTERS);
    let length = r.pick(&[1, 2, 3, 4, 5, 8, 10, 19, 25, 30]);
    let text: String = (0..length).map(|_| letter(r, letters)).collect();
    Some(d.with(typed_leaf(d, r)?.inner.clone(), text))
}

fn letters_changed(d: &Document, r: &mut Random) -> Option<Vec<u8>> {
    let inner = typed_leaf(d, r)?.inner.clone();
    let mut text: Vec<char> = d.text(&inner).chars().collect();
    let letters = r.pick(LETTERS);
    for _ in 0..r.within(1..4) {
        let at = r.below(text.len() + 1);
        match r.below(3) {
            0 if at < text.len() => {
                text.remove(at);
            }
            1 if at < text.len() => text[at] = letter(r, letters),
            _ => text.insert(at, letter(r, letters)),
        }
    }
    let text: String = text.into_iter().collect();
    Some(d.with(inner, text))
}

/// A leaf, oftener one whose text is no free text.
fn typed_leaf<'d>(d: &'d Document, r: &mut Random) -> Option<&'d Element> {
    let free = |kind| matches!(kind, SimpleType::Chars { .. });
    let typed = d.all(|e| e.is_leaf() && e.simple().is_some_and(|k| !free(k)));
    match r.of(&typed) {
        Some(at) if !r.once_in(6) => Some(&d.elements[*at]),
        _ => leaf(d, r),
    }
}
