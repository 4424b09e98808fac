//! Finds elements and attributes by a part of their path.

use crate::table::{Attribute, Element, Message, Particle, messages};

/// A place in a message that a query means.
#[derive(Debug, Clone)]
pub struct Found {
    /// The message.
    pub message: &'static Message,
    /// The whole path: `CEB621Message/Inventory/InventoryHead/emsNo`.
    pub path: String,
    /// What stands there.
    pub target: Target,
}

/// What stands at a place.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// An element, and how often it stands.
    Element(&'static Particle),
    /// An attribute.
    Attribute(&'static Attribute),
}

/// Every place that the query means. Its steps are parted by `/` or `.`; steps may be left out
/// before the last one, which is the field's own name, English or Chinese. Case does not matter, nor
/// does a number: `CEB311Message/Order[2]/OrderHead/orderNo`.
///
/// ```
/// use tongguan_messages::find;
/// let found = find("ceb621message.emsno");
/// assert_eq!(found[0].path, "CEB621Message/Inventory/InventoryHead/emsNo");
/// assert_eq!(find("账册编号").len(), find("emsNo").len());
/// assert!(find("emsNumber").is_empty());
/// ```
pub fn find(query: &str) -> Vec<Found> {
    let steps: Vec<String> = query
        .split(['/', '.'])
        .map(|step| {
            step.split('[')
                .next()
                .unwrap_or_default()
                .trim()
                .to_lowercase()
        })
        .filter(|step| !step.is_empty())
        .collect();
    let mut found = Vec::new();
    if steps.is_empty() {
        return found;
    }
    for message in messages() {
        let mut search = Search {
            message,
            steps: &steps,
            way: vec![(message.name, message.zh)],
            found: &mut found,
        };
        search.below(&message.root);
    }
    found
}

/// The message of that name; case does not matter, and `CEB311` is enough.
///
/// ```
/// assert_eq!(tongguan_messages::find_message("ceb311").unwrap().name, "CEB311Message");
/// ```
pub fn find_message(query: &str) -> Option<&'static Message> {
    let query = query.to_lowercase();
    messages().iter().copied().find(|m| {
        let name = m.name.to_lowercase();
        name == query || name == format!("{query}message") || m.zh == query
    })
}

/// The names that are most like a query, best first: of messages, elements and attributes.
///
/// ```
/// assert_eq!(tongguan_messages::nearest_names("emsNumber")[0], "emsNo");
/// ```
pub fn nearest_names(query: &str) -> Vec<&'static str> {
    let last = query.rsplit(['/', '.']).next().unwrap_or(query);
    let mut names: Vec<&'static str> = Vec::new();
    for message in messages() {
        names.push(message.name);
        collect(&message.root, &mut names);
    }
    names.sort_unstable();
    names.dedup();
    nearest(last, names)
}

/// The names that are most like a query, best first, and like enough to mean.
pub fn nearest<'n>(query: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let query = query.to_lowercase();
    let mut like: Vec<(f64, &str)> = names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&name.to_lowercase(), &query), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    like.sort_by(|a, b| b.0.total_cmp(&a.0));
    like.into_iter().map(|(_, name)| name).take(3).collect()
}

fn collect(element: &'static Element, names: &mut Vec<&'static str>) {
    names.extend(element.attributes.iter().map(|a| a.name));
    for particle in element.particles() {
        names.extend([particle.element.name, particle.element.zh]);
        collect(particle.element, names);
    }
}

/// A search through one message.
struct Search<'s> {
    message: &'static Message,
    steps: &'s [String],
    /// The names on the way, in English and in Chinese.
    way: Vec<(&'static str, &'static str)>,
    found: &'s mut Vec<Found>,
}

impl Search<'_> {
    fn below(&mut self, element: &'static Element) {
        for attribute in element.attributes {
            self.at(attribute.name, attribute.zh, Target::Attribute(attribute));
        }
        for particle in element.particles() {
            let child = particle.element;
            self.at(child.name, child.zh, Target::Element(particle));
            self.way.push((child.name, child.zh));
            self.below(child);
            self.way.pop();
        }
    }

    fn at(&mut self, name: &'static str, zh: &'static str, target: Target) {
        let [before @ .., last] = self.steps else {
            return;
        };
        let is = |step: &str, (name, zh): (&str, &str)| {
            let name = name.to_lowercase();
            let step = step.trim_start_matches('@');
            step == name || step == zh.to_lowercase() || name == format!("{step}message")
        };
        // The steps before the last one are met in their order, others between them or not.
        let mut rest = self.way.iter();
        let met = before.iter().all(|step| rest.any(|way| is(step, *way)));
        if !met || !is(last, (name, zh)) {
            return;
        }
        let way: Vec<&str> = self.way.iter().map(|(name, _)| *name).collect();
        let at = if matches!(target, Target::Attribute(_)) {
            "@"
        } else {
            ""
        };
        self.found.push(Found {
            message: self.message,
            path: format!("{}/{at}{name}", way.join("/")),
            target,
        });
    }
}
