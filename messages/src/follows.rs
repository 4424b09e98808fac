//! Which declarations go before another, and how they are told from a declaration's own octets.

use crate::table::{Follows, Message, message};
use crate::xml::expand;

impl Message {
    /// The fields by which others refer to a declaration of this message.
    pub fn reference(&self) -> &'static [&'static str] {
        if self.referred_by.is_empty() {
            self.business_key
        } else {
            self.referred_by
        }
    }
}

impl Follows {
    /// The message that goes before.
    pub fn before(&self) -> Option<&'static Message> {
        message(self.message)
    }
}

/// The values of fields in a unit's canonical octets ([`crate::fragment`]), joined as a business
/// key is; `None` where one is absent.
///
/// ```
/// let payment = b"<ceb:Payment><ceb:PaymentHead><ceb:orderNo>A&amp;1</ceb:orderNo>\
///     <ceb:ebpCode>E</ceb:ebpCode></ceb:PaymentHead></ceb:Payment>";
/// let paths = ["PaymentHead/ebpCode", "PaymentHead/orderNo"];
/// assert_eq!(tongguan_messages::key_in(payment, &paths).as_deref(), Some("E\nA&1"));
/// ```
pub fn key_in(fragment: &[u8], paths: &[&str]) -> Option<String> {
    let unit = std::str::from_utf8(fragment).ok()?;
    // What is before the first child is the unit's own tag.
    let prefix = unit.strip_prefix('<')?.split_once(':')?.0;
    let value = |path: &&str| {
        let text = path.split('/').try_fold(unit, |within, name| {
            let (_, rest) = within.split_once(&format!("<{prefix}:{name}>"))?;
            Some(rest.split_once(&format!("</{prefix}:{name}>"))?.0)
        })?;
        Some(expand(text).ok()?.into_owned())
    };
    let values: Option<Vec<String>> = paths.iter().map(value).collect();
    values.filter(|v| !v.is_empty()).map(|v| v.join("\n"))
}
