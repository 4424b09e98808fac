//! What is mutated: messages of our own (`seeds/`), one of each message as the tables have it,
//! and the official samples where they are at hand.

use std::fs;
use std::path::{Path, PathBuf};

use std::sync::LazyLock;

use tongguan_messages::{
    Content, Element, Extent, Message, Node, example, fragment, message, messages, read,
};

/// A message to mutate.
pub struct Seed {
    pub name: String,
    pub octets: Vec<u8>,
    pub message: &'static Message,
}

/// A whole signature, with all that the schema allows in one.
const SIGNATURE: &str = include_str!("seeds/signature.xml");

/// The official standard's folder, if it is at hand.
pub fn standard() -> Option<PathBuf> {
    let path = std::env::var_os("TONGGUAN_SPEC").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/spec"),
        PathBuf::from,
    );
    if path.join("xsd").is_dir() {
        return path.canonicalize().ok();
    }
    println!("the official standard is not at hand (TONGGUAN_SPEC): our own schemas judge alone");
    None
}

/// All of them.
pub fn all(standard: Option<&Path>) -> Vec<Seed> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/mutants/seeds");
    let mut seeds = folder(&own);
    for message in messages() {
        for (extent, name) in [(Extent::Full, "full"), (Extent::Minimal, "minimal")] {
            let mut text = example(message, extent);
            if extent == Extent::Full {
                text = with_all(message, text);
            }
            seeds.push(Seed {
                name: format!("{} {name}", message.name),
                octets: text.into_bytes(),
                message,
            });
        }
    }
    for samples in ["samples/import", "samples/export"] {
        seeds.extend(
            standard
                .map(|s| folder(&s.join(samples)))
                .into_iter()
                .flatten(),
        );
    }
    seeds
}

/// The messages in a folder that the tables know.
fn folder(path: &Path) -> Vec<Seed> {
    let mut files: Vec<PathBuf> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut seeds = Vec::new();
    for file in files {
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        let kind = stem.split('-').next().unwrap_or_default();
        if let Some(message) = message(kind) {
            seeds.push(Seed {
                octets: fs::read(&file).unwrap(),
                name: stem,
                message,
            });
        }
    }
    seeds
}

/// A full example with more than an example needs: a whole signature where one may stand, and
/// elements in what the tables do not look into.
fn with_all(message: &Message, text: String) -> String {
    let text = text.replace(">MAP01<", ">MAP01<any/><");
    if let (Some(start), Some(end)) = (text.find("<ds:Signature "), text.find("</ds:Signature>")) {
        let rest = &text[end + "</ds:Signature>".len()..];
        return [&text[..start], SIGNATURE.trim_end(), rest].concat();
    }
    let mut particles = message.root.particles().iter();
    if !particles.any(|p| p.element.content.is_signature()) {
        return text;
    }
    let prefix = message.prefix;
    let after = particles.next().map_or_else(
        || format!("</{prefix}:{}>", message.name),
        |p| format!("<{prefix}:{}", p.element.name),
    );
    let at = text.rfind(&after).unwrap();
    [&text[..at], SIGNATURE, &text[at..]].concat()
}

/// One element as the examples have it, with the namespaces that it needs: `full`, or as it
/// stands in a minimal example, if it stands in one.
pub fn element(field: &Element, full: bool) -> String {
    static EXAMPLES: LazyLock<[Vec<Node>; 2]> = LazyLock::new(|| {
        [Extent::Minimal, Extent::Full].map(|extent| {
            let all = messages().iter().map(|m| example(m, extent));
            let parsed = all.map(|text| read(text.as_bytes(), &Default::default()).unwrap().root);
            parsed.collect()
        })
    });
    let [minimal, all] = &*EXAMPLES;
    let find = |roots: &'static [Node]| roots.iter().find_map(|root| find(root, field.name));
    let node = find(if full { all } else { minimal }).or_else(|| find(all));
    let content = match field.content {
        Content::AnyElement | Content::AnyType => "<any xmlns=\"\" a=\"b\">text</any>",
        _ => "",
    };
    let text = match node {
        Some(node) if content.is_empty() => String::from_utf8(fragment(node)).unwrap(),
        _ => format!("{}{content}{}", field.open, field.close),
    };
    let name = field.open.len() - 1;
    format!(
        "{} xmlns:ceb=\"http://www.chinaport.gov.cn/ceb\" \
         xmlns:dxp=\"http://www.chinaport.gov.cn/dxp\"{}",
        &text[..name],
        &text[name..]
    )
}

fn find<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    if node.element.name == name {
        return Some(node);
    }
    node.children().iter().find_map(|child| find(child, name))
}
