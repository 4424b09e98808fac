//! xmllint judges canonicalisation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::process::Command;

use tongguan_xmldsig::{CanonicalError, canonicalize};

/// Legal XML in forms that canonicalisation must level. `xmllint --c14n` keeps comments, so there
/// are none here.
const ODD: [&str; 18] = [
    "<a/>",
    "<?xml\nversion='1.0'\tencoding='UTF-8'\r\n?><a/>",
    "<?xml\tversion=\"1.0\"?>\n<?b c?><a/>",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?before x  y?>\n<a><b/></a>\n<?after?>\n",
    "<a  z='1'\n y=\"2\"\tx = '3'></a >",
    "<a x='&lt;&amp;&quot;&#9;&#10;&#13;&apos;>' y=' a\n\tb '>&lt;&gt;&amp;&#13;&#x4E2D;</a>",
    "<a><![CDATA[<b>&amp;]]]]><![CDATA[>]]></a>",
    "<n:a xmlns:n='u:n' xmlns:m='u:m' xmlns='u:d'><m:b xmlns:m='u:m'/><c xmlns=''><d/></c></n:a>",
    "<a xmlns:b='u:2' xmlns:a='u:1' b:x='1' a:x='2' x='3' a:w='4'/>",
    "<a xmlns='u:1'><b xmlns='u:1'><c xmlns='u:2'><d xmlns='u:1'/></c></b></a>",
    "<a xmlns:x='u:x' xmlns='u:1'><b xmlns:x='u:x' xmlns='u:2'><c/></b></a>",
    "<a xmlns:x='u:x' xmlns='u:1'><b xmlns:x='u:x' xmlns=''/></a>",
    "<a xmlns:x='u:x' xmlns:y='u:y'><b xmlns:x='u:x' xmlns:y='u:z' y:c=''/></a>",
    "<a xml:lang='zh' xml:space='preserve'> \n <b/>\t</a>",
    "<a>\r\n1\r2\n</a>",
    "<a b='\r&#10;&#13;\n'>\r&#xA;&#xD;\n\r\r\n&#13;&#10;<![CDATA[\r\n]]><?p \r?></a>",
    "<a xmlns:x='u:x'><x:b xmlns:x='u:y'><x:c/></x:b><x:d/></a>",
    "<中文 属性='值'>税😀</中文>",
];

#[test]
fn odd_documents_come_out_as_xmllint_makes_them() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("odd.xml");
    for text in ODD {
        std::fs::write(&file, text).unwrap();
        let out = Command::new("xmllint")
            .arg("--c14n")
            .arg(&file)
            .output()
            .unwrap();
        assert!(out.status.success(), "{text}");
        let ours = canonicalize(text.as_bytes(), 1 << 20).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&ours),
            String::from_utf8_lossy(&out.stdout),
            "{text}"
        );
        assert_eq!(
            canonicalize(&ours, 1 << 20).unwrap(),
            ours,
            "again, it is the same"
        );
    }
}

#[test]
fn comments_go_and_depth_does_not_matter() {
    let text = "<!-- 1 --><a><!-- 2 -->x<!-- 3 -->y</a><!-- 4 -->";
    assert_eq!(
        canonicalize(text.as_bytes(), 1 << 20).unwrap(),
        b"<a>xy</a>"
    );
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    assert_eq!(
        canonicalize(deep.as_bytes(), 1 << 20).unwrap(),
        deep.as_bytes()
    );
}

#[test]
fn what_would_cost_the_square_of_its_length_is_refused() {
    let refused = |text: String| canonicalize(text.as_bytes(), 1 << 20).unwrap_err();
    let attributes = |n: usize| (0..n).map(|i| format!(" a{i}='>'")).collect::<String>();
    let prefixes = |n: usize| {
        (0..n)
            .map(|i| format!(" xmlns:p{i} = \"u\""))
            .collect::<String>()
    };
    for (text, what) in [
        (format!("<a{}/>", attributes(201)), "attributes"),
        (format!("<a{}/>", prefixes(101)), "namespaces"),
        (
            format!("<a{}><b xmlns='u'/></a>", prefixes(100)),
            "namespaces",
        ),
        (
            format!(
                "<a{}><!-- </a> --><![CDATA[</a>]]><?b </a>?><b xmlns='u'/></a>",
                prefixes(100)
            ),
            "namespaces",
        ),
    ] {
        let error = refused(text);
        assert!(matches!(error, CanonicalError::TooMany(_)), "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
    for text in [
        format!("<a{}/>", attributes(200)),
        format!("<a{}><b/></a>", prefixes(100)),
        // What an element declares is in force in it only.
        format!("<a><b{0}></b><b{0}/><b{0}/></a>", prefixes(60)),
    ] {
        canonicalize(text.as_bytes(), 1 << 20).unwrap();
    }
}

#[test]
fn hostile_documents_are_refused() {
    let refused = |text: &[u8]| canonicalize(text, 1 << 20).unwrap_err();
    assert!(matches!(
        refused(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
        CanonicalError::Dtd
    ));
    assert!(matches!(
        refused(b"<a>\xFF</a>"),
        CanonicalError::NotUtf8(3)
    ));
    assert!(matches!(
        canonicalize(b"<a/>", 3),
        Err(CanonicalError::TooLarge { .. })
    ));
    for text in [
        "",
        "<a>",
        "<a/><b/>",
        "<a x='1' x='2'/>",
        "<x:a/>",
        "<a>&b;</a>",
        "<a>]]></b>",
        "<a xmlns='' xmlns='urn:a'/>",
        "<a xmlns:x='urn:x' x:xmlns='urn:a'/>",
        "<a>&#xD800;</a>",
        "<a b='&#55296;'/>",
        "<a b='&#x110000;'/>",
        "<a>&#0;</a>",
        "<a>&#xFFFE;</a>",
        "\u{FEFF}\u{FEFF}<?xml version='1.0' encoding='GBK'?><a/>",
        "<?xml\"?><a/>",
        "<a><?b\"?></a>",
        "<a><?XML b?></a>",
    ] {
        assert!(
            matches!(refused(text.as_bytes()), CanonicalError::IllFormed(_)),
            "{text}"
        );
    }
}
