//! One serde type for each entity of the standard, with the standard's own field names.
//!
//! ```
//! use tongguan_messages::typed::ceb513::LogisticsStatus;
//! let status: LogisticsStatus = serde_json::from_str(r#"{
//!     "guid": "4CDE1CFD-EDED-46B1-946C-B8022E42FC94", "appType": "1",
//!     "appTime": "20261123093000", "appStatus": "2", "logisticsCode": "3301960T04",
//!     "logisticsName": "示例物流", "logisticsNo": "WB1", "logisticsStatus": "S",
//!     "logisticsTime": "20261123080000"
//! }"#).unwrap();
//! assert_eq!(status.logisticsNo, "WB1");
//! ```
#![allow(non_snake_case, reason = "the standard's own field names, unchanged")]

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use crate::write::Writer;

/// An entity that can write itself against its table.
pub trait Record {
    /// The element's name.
    const NAME: &'static str;
    /// Writes the fields, in order.
    ///
    /// # Errors
    /// The first field that breaks a rule.
    fn write(&self, out: &mut Writer<'_>) -> Result<(), Problem>;
}

include!(concat!(env!("OUT_DIR"), "/typed.rs"));
