//! What the tables say of personal data.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use tongguan_messages::messages;

/// A business key is shown, logged, and kept when personal data is purged.
#[test]
fn no_field_of_a_business_key_is_personal() {
    for message in messages() {
        for path in message.business_key {
            let field = message.unit.and_then(|unit| {
                let mut names = path.split('/');
                names.try_fold(unit, |element, name| element.child(name))
            });
            let field = field.unwrap_or_else(|| panic!("{} {path}", message.name));
            assert!(!field.personal, "{} {path}", message.name);
        }
    }
}
