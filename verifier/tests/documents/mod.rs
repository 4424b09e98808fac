//! Documents for tests: the tables' examples, with changes.

use tongguan_messages::{Extent, Node, example, message, read};

/// What to change in a document: a path such as `Order[1]/OrderHead/orderNo`, and the text to put
/// there; `None` leaves the element out.
pub type Change<'c> = (&'c str, Option<&'c str>);

/// The full example of the message, with two units of two items each as far as the schema allows,
/// and these changes.
pub fn document(name: &str, changes: &[Change<'_>]) -> String {
    let message = message(name).expect(name);
    let text = example(message, Extent::Full);
    let parsed = read(text.as_bytes(), &Default::default()).expect(name);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (path, change) in changes {
        let node = find(&parsed.root, path).unwrap_or_else(|| panic!("{name} has no {path}"));
        // A field, or a signature, has a line of its own.
        let line = &mut lines[node.place.line as usize - 1];
        let (open, close) = (node.element.open, node.element.close);
        *line = match change {
            Some(text) => format!("{open}{text}{close}"),
            None => String::new(),
        };
    }
    lines.join("\n")
}

fn find<'n>(node: &'n Node, path: &str) -> Option<&'n Node> {
    path.split('/').try_fold(node, |node, step| {
        let (name, index) = match step.split_once('[') {
            Some((name, index)) => (name, index.trim_end_matches(']').parse().ok()?),
            None => (step, 1),
        };
        let mut of_name = node.children().iter().filter(|c| c.element.name == name);
        of_name.nth(index - 1)
    })
}
