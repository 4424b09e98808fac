//! Forms of text that the schema knows only by their length.

/// What is wrong with a text: in English and in Chinese.
pub(crate) type Wrong = (&'static str, &'static str);

/// A form of text, by its name in the rule tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Form {
    /// A Chinese identity number, GB 11643-1999.
    IdentityNumber,
    /// A customs registration code (10 characters) or a unified social credit code (18, GB
    /// 32100-2015).
    EnterpriseCode,
    /// Digits only.
    Digits,
}

impl Form {
    pub fn check(self, text: &str) -> Result<(), Wrong> {
        match self {
            Self::IdentityNumber => identity_number(text),
            Self::EnterpriseCode => enterprise_code(text),
            Self::Digits if text.bytes().all(|b| b.is_ascii_digit()) => Ok(()),
            Self::Digits => Err(("digits only", "应全部为数字")),
        }
    }
}

/// 18 characters: district (6), birthday (8), sequence (3), check character (ISO 7064 MOD 11-2).
fn identity_number(text: &str) -> Result<(), Wrong> {
    let octets = text.as_bytes();
    if octets.len() != 18 {
        return Err(("it does not have 18 characters", "长度不是18位"));
    }
    let (body, check) = octets.split_at(17);
    if !body.iter().all(u8::is_ascii_digit) {
        return Err((
            "its first 17 characters are not all digits",
            "前17位不全是数字",
        ));
    }
    if !tongguan_messages::Format::Date8.holds(&text[6..14]) {
        return Err((
            "its digits 7 to 14 are no birthday that exists",
            "第7至14位不是真实的出生日期",
        ));
    }
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize = body
        .iter()
        .zip(weights)
        .map(|(digit, weight)| usize::from(digit - b'0') * weight)
        .sum();
    if check[0] == b"10X98765432"[sum % 11] {
        Ok(())
    } else {
        Err((
            "its check character does not fit: at least one character is wrong",
            "校验码不符，至少有一位有误",
        ))
    }
}

fn enterprise_code(text: &str) -> Result<(), Wrong> {
    match text.len() {
        10 if text.bytes().all(|b| b.is_ascii_alphanumeric()) => Ok(()),
        18 => social_credit_code(text),
        _ => Err((
            "an enterprise's code has 10 or 18 letters and digits",
            "企业代码应为10位或18位字母数字",
        )),
    }
}

/// 18 characters without I, O, S, V, Z; the last is a check character modulo 31.
fn social_credit_code(text: &str) -> Result<(), Wrong> {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let mut weight = 1;
    let mut sum = 0;
    let mut last = 0;
    for (index, octet) in text.bytes().enumerate() {
        let Some(value) = ALPHABET.iter().position(|a| *a == octet) else {
            return Err((
                "a unified social credit code has digits and upper-case letters without I, O, S, V, Z",
                "统一社会信用代码只含数字和大写字母（不含I、O、S、V、Z）",
            ));
        };
        if index < 17 {
            sum += value * weight;
            weight = weight * 3 % 31;
        } else {
            last = value;
        }
    }
    if (31 - sum % 31) % 31 == last {
        Ok(())
    } else {
        Err((
            "the check character of this unified social credit code does not fit",
            "统一社会信用代码校验码不符",
        ))
    }
}

/// Whether `text` is an upper-case UUID: 8-4-4-4-12 (spec: 36位系统唯一序号，英文字母大写).
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, octet)| match index {
            8 | 13 | 18 | 23 => octet == b'-',
            _ => matches!(octet, b'0'..=b'9' | b'A'..=b'F'),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_numbers() {
        // The example of GB 11643-1999 itself, and made-up ones.
        for good in [
            "11010519491231002X",
            "110101199001010015",
            "310101199102020025",
        ] {
            assert_eq!(identity_number(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("110105491231002", "18 characters"),
            ("11010519491231002x", "check character"),
            ("110105194912310021", "check character"),
            ("110105194913310020", "birthday"),
            ("1101051949123100２X", "18 characters"),
            ("11010519491231A02X", "digits"),
        ] {
            assert!(identity_number(bad).unwrap_err().0.contains(why), "{bad}");
        }
    }

    #[test]
    fn enterprise_codes() {
        // The second is the example of GB 32100-2015, annex B.
        for good in ["3301960T01", "91350100M000100Y43"] {
            assert_eq!(enterprise_code(good), Ok(()), "{good}");
        }
        for bad in [
            "330196",
            "91350100M000100Y44",
            "91350100I000100Y43",
            "企业代码甲乙丙丁",
        ] {
            assert!(enterprise_code(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn guids() {
        assert!(is_guid("4CDE1CFD-EDED-46B1-946C-B8022E42FC94"));
        assert!(!is_guid("4cde1cfd-eded-46b1-946c-b8022e42fc94"));
        assert!(!is_guid("4CDE1CFDEDED46B1946CB8022E42FC944CDE"));
    }
}
