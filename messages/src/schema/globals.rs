//! What each schema file declares by itself, so that it is known wherever anything may stand.

use std::sync::LazyLock;

use crate::table::{Content, Element, SCHEMAS, included, messages, namespace_of};

/// The elements and types that a schema file declares by itself.
#[derive(Default)]
pub(crate) struct Globals {
    pub elements: Vec<&'static Element>,
    /// One element of each type that has a name.
    pub types: Vec<&'static Element>,
}

static ALL: LazyLock<Vec<(&'static str, Globals)>> = LazyLock::new(|| {
    let files = SCHEMAS.iter().map(|(schema, _)| *schema);
    files
        .map(|schema| (schema, Globals::declared(schema)))
        .collect()
});

impl Globals {
    /// Those of one schema file, without those that it includes.
    pub fn of(schema: &str) -> Option<&'static Self> {
        let found = ALL.iter().find(|(name, _)| *name == schema);
        found.map(|(_, globals)| globals)
    }

    /// The element of that name that a schema file, or one that it includes, declares by itself.
    pub fn element(schema: &str, namespace: &str, name: &str) -> Option<&'static Element> {
        let mut all = Self::with_included(schema).flat_map(|g| &g.elements);
        all.find(|e| e.name == name && namespace_of(e.prefix) == namespace)
            .copied()
    }

    /// An element of the type of that name that a schema file, or one that it includes, declares.
    pub fn of_type(schema: &str, namespace: &str, name: &str) -> Option<&'static Element> {
        let mut all = Self::with_included(schema).flat_map(|g| &g.types);
        all.find(|e| e.type_name == Some(name) && namespace_of(e.prefix) == namespace)
            .copied()
    }

    fn with_included(schema: &str) -> impl Iterator<Item = &'static Self> {
        let others = included(schema).iter().copied();
        Self::of(schema)
            .into_iter()
            .chain(others.filter_map(Self::of))
    }

    fn declared(schema: &str) -> Self {
        let mut all = Self::default();
        for other in included(schema) {
            all.find_in(other);
        }
        let (elements, types) = (all.elements.len(), all.types.len());
        all.find_in(schema);
        Self {
            elements: all.elements.split_off(elements),
            types: all.types.split_off(types),
        }
    }

    fn find_in(&mut self, schema: &str) {
        for message in messages().iter().filter(|m| m.schema == schema) {
            self.find(&message.root);
        }
    }

    /// Takes up an element and all below it.
    fn find(&mut self, element: &'static Element) {
        if matches!(element.content, Content::Signature) {
            return;
        }
        if element.global {
            if self.elements.iter().any(|e| e.name == element.name) {
                return;
            }
            self.elements.push(element);
        }
        let known = |e: &&Element| e.type_name == element.type_name;
        if element.type_name.is_some() && !self.types.iter().any(known) {
            self.types.push(element);
        }
        for particle in element.particles() {
            self.find(particle.element);
        }
    }
}
