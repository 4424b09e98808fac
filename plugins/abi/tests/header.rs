//! The header and these types say the same: gcc compiles the one and prints what it makes of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![allow(missing_docs, reason = "tests")]

use std::fmt::Write as _;
use std::mem::{offset_of, size_of};
use std::process::Command;
use tongguan_plugin_abi as abi;

/// Each structure with all its fields: its name in C, then `name size` and `name.field offset`.
macro_rules! structures {
    ($($rust:ident $c:literal: $($field:ident)*;)*) => {
        fn structures() -> Vec<(&'static str, Vec<&'static str>, String)> {
            vec![$({
                // A field that is missing from this list does not compile.
                let _ = |it: abi::$rust| { let abi::$rust { $($field: _),* } = it; };
                let mut told = format!("{} {}\n", $c, size_of::<abi::$rust>());
                $(writeln!(told, "{}.{} {}", $c, stringify!($field), offset_of!(abi::$rust, $field)).unwrap();)*
                ($c, vec![$(stringify!($field)),*], told)
            },)*]
        }
    };
}

structures! {
    Bytes "tongguan_bytes": data size;
    Failure "tongguan_failure": size flags code function reason remedy;
    Problem "tongguan_problem": size line column reserved path field_en field_zh rule text remedy;
    Host "tongguan_host": size abi put fail problem secret log;
    Info "tongguan_info": size kind name version vendor algorithms flags max_concurrency
        operations_per_minute;
    Signer "tongguan_signer": size reserved identity sign;
    Outgoing "tongguan_outgoing": size reserved cop_msg_id message envelope;
    Transport "tongguan_transport": size reserved send receive settle check;
    Document "tongguan_document": size reserved name octets message;
    Receipt "tongguan_receipt": size reserved message guid receipt code text;
    Role "tongguan_role": size reserved declares read on_receipt;
    Plugin "tongguan_plugin_descriptor": size abi info create destroy signer transport role;
}

/// What a C compiler makes of the header.
fn compiled(compiler: &str, dir: &std::path::Path) -> String {
    let mut program =
        String::from("#include <stdio.h>\n#include \"tongguan_plugin.h\"\nint main(void) {\n");
    for (name, _) in abi::CONSTANTS {
        writeln!(program, "printf(\"{name} %d\\n\", TONGGUAN_{name});").unwrap();
    }
    for (c, fields, _) in structures() {
        writeln!(program, "printf(\"{c} %zu\\n\", sizeof({c}));").unwrap();
        for field in fields {
            writeln!(
                program,
                "printf(\"{c}.{field} %zu\\n\", offsetof({c}, {field}));"
            )
            .unwrap();
        }
    }
    program.push_str("return 0;\n}\n");
    std::fs::write(dir.join("main.c"), program).unwrap();
    let good = Command::new(compiler)
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"])
        .arg(env!("CARGO_MANIFEST_DIR"))
        .args(["-o", "main", "main.c"])
        .current_dir(dir)
        .status()
        .unwrap_or_else(|e| panic!("{compiler}: {e} (tests/setup installs it)"));
    assert!(good.success());
    let out = Command::new(dir.join("main")).output().unwrap();
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn the_header_and_the_rust_types_are_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let mut wanted = String::new();
    for (name, value) in abi::CONSTANTS {
        writeln!(wanted, "{name} {value}").unwrap();
    }
    for (_, _, told) in structures() {
        wanted.push_str(&told);
    }
    assert_eq!(compiled("gcc", dir.path()), wanted);
}

#[test]
fn every_constant_and_structure_of_the_header_is_compared() {
    let lines = abi::HEADER.lines();
    let defined: Vec<&str> = lines
        .filter_map(|line| line.strip_prefix("#define TONGGUAN_"))
        .filter_map(|line| line.split_once(' '))
        .map(|(name, _)| name)
        .collect();
    let known: Vec<&str> = abi::CONSTANTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(defined, known);
    let made = abi::HEADER.matches("typedef struct ").count();
    assert_eq!(made, structures().len());
}

#[test]
fn it_compiles_alone_as_c99() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.c"), "#include \"tongguan_plugin.h\"\n").unwrap();
    let good = Command::new("gcc")
        .args([
            "-x",
            "c",
            "-std=c99",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-fsyntax-only",
        ])
        .args(["-I", env!("CARGO_MANIFEST_DIR"), "a.c"])
        .current_dir(dir.path())
        .status()
        .unwrap();
    assert!(good.success());
}

/// The headers of before, each with its version.
fn before() -> Vec<(i64, String)> {
    let versions = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/versions");
    let all = std::fs::read_dir(versions).unwrap().map(|e| e.unwrap());
    let mut all: Vec<_> = all
        .filter_map(|entry| {
            let version = entry.file_name().to_string_lossy().parse().ok()?;
            let header = entry.path().join("tongguan_plugin.h");
            Some((version, std::fs::read_to_string(header).unwrap()))
        })
        .collect();
    all.sort();
    assert!(!all.is_empty());
    all
}

/// A header's text without comments, line by line.
fn bare(header: &str) -> String {
    let mut bare = String::new();
    for (at, part) in header.split("/*").enumerate() {
        bare += match at {
            0 => part,
            _ => part.split_once("*/").unwrap().1,
        };
    }
    bare
}

type Constants = Vec<(String, String)>;
type Structures = Vec<(String, Vec<String>)>;

/// What a header defines, and each structure with its fields in order.
fn contents(header: &str) -> (Constants, Structures) {
    let bare = bare(header);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let constants = bare
        .lines()
        .filter_map(|line| line.strip_prefix("#define TONGGUAN_"))
        .filter_map(|line| line.split_once(' '))
        .map(|(name, value)| (name.to_owned(), words(value)))
        .collect();
    let structures = bare.split("typedef struct ").skip(1).map(|text| {
        let (name, rest) = text.split_once('{').unwrap();
        let (fields, _) = rest.split_once('}').unwrap();
        let fields = fields.split(';').map(words).filter(|f| !f.is_empty());
        (name.trim().to_owned(), fields.collect())
    });
    (constants, structures.collect())
}

/// What breaks a plugin of before.
fn breaks(before: &str, now: &str) -> Option<String> {
    let (constants, structures) = contents(before);
    let (constants_now, structures_now) = contents(now);
    if let Some((name, _)) = constants.iter().find(|c| !constants_now.contains(c)) {
        return Some(format!("TONGGUAN_{name} is another, or gone"));
    }
    for (name, fields) in structures {
        let Some((_, now)) = structures_now.iter().find(|(now, _)| *now == name) else {
            return Some(format!("{name} is gone"));
        };
        if !now.starts_with(&fields) {
            return Some(format!("{name} is not what it was, with more at its end"));
        }
    }
    None
}

#[test]
fn the_header_only_grows_at_its_ends() {
    for (version, header) in before() {
        // Another version may break what it will: it is refused.
        if version == i64::from(abi::ABI) {
            assert_eq!(breaks(&header, abi::HEADER), None, "version {version}");
        }
    }
    // The test sees what it is for.
    let now = abi::HEADER;
    for (from, to) in [
        ("#define TONGGUAN_REJECTED 2", "#define TONGGUAN_REJECTED 5"),
        ("#define TONGGUAN_LOG_DEBUG 4", ""),
        (
            "    const uint8_t *data;\n    size_t size;",
            "    size_t size;\n    const uint8_t *data;",
        ),
        ("    size_t size;\n} tongguan_bytes;", "} tongguan_bytes;"),
    ] {
        let changed = now.replace(from, to);
        assert_ne!(changed, now, "{from:?} is not in the header");
        assert!(breaks(now, &changed).is_some(), "{from:?}");
    }
    let grown = now.replace("} tongguan_info;", "    uint32_t more;\n} tongguan_info;");
    assert_ne!(grown, now);
    assert_eq!(breaks(now, &grown), None);
}
