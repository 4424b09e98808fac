//! A role for Tongguan in Rust: an enterprise's own shape of orders in, the standard's out.
//!
//! The enterprise writes one order a line: `number|buyer|identity number|telephone|address|item|quantity|unit
//! price|tax`. The plugin makes of it the JSON that `tongguan submit` takes (`tongguan standard
//! example CEB311Message --json-form` shows it). Tongguan checks, completes, signs and sends that.
//!
//! ```toml
//! [roles.main]
//! library = "libtongguan_example_role_rust.so"
//! platform_code = "3301960T02"
//! platform_name = "示例平台"
//! enterprise_code = "3301960T01"
//! enterprise_name = "示例企业"
//! log = "receipts.txt"
//! ```

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use tongguan_plugin_sdk::{
    About, Context, Document, Failure, Plugin, Problem, Receipt, Role, Unread, export,
};

/// The part's table in the manifest.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    platform_code: String,
    platform_name: String,
    enterprise_code: String,
    enterprise_name: String,
    /// Where receipts are written, for the enterprise's own system.
    log: Option<PathBuf>,
}

struct Shop(Config);

impl Plugin for Shop {
    type Config = Config;

    const ABOUT: About = About::new("example-role-rust", "1.0.0", "Tongguan examples");

    fn create(config: Config, _: &Context) -> Result<Self, Failure> {
        Ok(Self(config))
    }
}

/// Cents from a decimal with at most two places. Money is never a floating-point number.
fn cents(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 2 {
        return None;
    }
    let part: u64 = format!("{part:0<2}").parse().ok()?;
    whole
        .parse::<u64>()
        .ok()?
        .checked_mul(100)?
        .checked_add(part)
}

fn decimal(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

impl Shop {
    fn order(&self, line: &str) -> Result<Value, (&'static str, String)> {
        let all: Vec<&str> = line.split('|').map(str::trim).collect();
        let [
            number,
            buyer,
            identity,
            telephone,
            address,
            item,
            quantity,
            price,
            tax,
        ] = all.as_slice()
        else {
            return Err(("", format!("has {} columns instead of 9", all.len())));
        };
        let wrong = |field| (field, "is no number with at most two places".to_owned());
        let count: u64 = quantity.parse().map_err(|_| wrong("quantity"))?;
        let each = cents(price).ok_or_else(|| wrong("price"))?;
        let tax = cents(tax).ok_or_else(|| wrong("tax"))?;
        let goods = count * each;
        let shop = &self.0;
        Ok(json!({
            "OrderHead": {
                "orderNo": number, "ebpCode": shop.platform_code, "ebpName": shop.platform_name,
                "ebcCode": shop.enterprise_code, "ebcName": shop.enterprise_name,
                "goodsValue": decimal(goods), "freight": "0", "discount": "0",
                "taxTotal": decimal(tax), "acturalPaid": decimal(goods + tax),
                "buyerRegNo": identity, "buyerName": buyer, "buyerTelephone": telephone,
                "buyerIdNumber": identity, "consignee": buyer, "consigneeTelephone": telephone,
                "consigneeAddress": address,
            },
            "OrderList": [{
                "itemName": item, "gmodel": item, "unit": "035", "qty": quantity,
                "price": decimal(each), "totalPrice": decimal(goods), "country": "110",
            }],
        }))
    }
}

impl Role for Shop {
    fn declares(&self) -> Vec<String> {
        vec!["CEB311Message".to_owned()]
    }

    fn read(&self, _: &Context, document: Document<'_>) -> Result<Vec<Vec<u8>>, Unread> {
        let text = String::from_utf8_lossy(document.octets);
        let (mut orders, mut problems) = (Vec::new(), Vec::new());
        for (line, at) in text.lines().zip(1..) {
            match self.order(line) {
                Ok(order) => orders.push(order),
                Err((field, why)) => problems.push(Problem {
                    line: at,
                    field_en: field.to_owned(),
                    rule: "shop-line".to_owned(),
                    text: why,
                    remedy: "mend the line in the shop system's export".to_owned(),
                    ..Problem::default()
                }),
            }
        }
        if problems.is_empty() {
            Ok(vec![Value::Array(orders).to_string().into_bytes()])
        } else {
            Err(Unread::Refused(problems))
        }
    }

    fn on_receipt(&self, _: &Context, receipt: Receipt<'_>) -> Result<(), Failure> {
        let Some(path) = &self.0.log else {
            return Ok(());
        };
        let line = format!("{} {} {}\n", receipt.guid, receipt.code, receipt.text);
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .and_then(|mut file| file.write_all(line.as_bytes()))
            .map_err(|e| Failure::transient(format!("{}: {e}", path.display())))
    }
}

export!(role: Shop);
