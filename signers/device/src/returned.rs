use tongguan_contracts::{Failure, FailureClass};

/// What a function of a vendor's library returned, where that is not success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returned {
    /// The function, as the standard names it.
    pub function: &'static str,
    /// The value.
    pub code: u32,
}

/// A return value that a standard has.
#[derive(Debug)]
pub struct Code {
    /// The value.
    pub value: u32,
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// Whether trying again can help.
    pub class: FailureClass,
    /// Whether what was opened before may be gone, so that it is opened anew, once.
    pub lost: bool,
}

/// A standard's return values.
#[derive(Debug)]
pub struct Codes {
    /// The standard.
    pub standard: &'static str,
    /// The values.
    pub all: &'static [Code],
}

impl Codes {
    fn find(&self, returned: Returned) -> Option<&Code> {
        self.all.iter().find(|code| code.value == returned.code)
    }

    /// As vendors ask for it: the function, the value in hexadecimal, and what it means.
    pub fn told(&self, returned: Returned) -> String {
        let Returned { function, code } = returned;
        match self.find(returned) {
            Some(known) => format!(
                "{function}: {code:#010X} {} ({})",
                known.name, known.meaning
            ),
            None => format!(
                "{function}: {code:#010X} (not of {}: the vendor's own)",
                self.standard
            ),
        }
    }

    /// Whether trying again can help; it may, where a value is the vendor's own.
    pub fn class(&self, returned: Returned) -> FailureClass {
        self.find(returned)
            .map_or(FailureClass::Transient, |code| code.class)
    }

    /// Whether what was opened before may be gone. A vendor's own value may say so.
    pub fn is_lost(&self, returned: Returned) -> bool {
        self.find(returned).is_none_or(|code| code.lost)
    }

    /// The failure that a return value is.
    pub fn failed(&self, part: &str, doing: &str, returned: Returned) -> Failure {
        let class = self.class(returned);
        let failure = Failure::new(class, part, doing, self.told(returned));
        match class {
            FailureClass::DeviceGone => {
                failure.remedy("plug the device in, or see that it has power and is reached")
            }
            FailureClass::Transient => failure,
            _ => failure.remedy("see with the vendor's tool that the device and the key are well"),
        }
    }
}
