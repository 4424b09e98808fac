//! CSV in the standard's names: the example, and what is said of mistakes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use tongguan_contracts::{Declaration, Document, PartOptions, Problem};

const ORDERS: &str = include_str!("../../../examples/quickstart/orders.csv");

fn read(octets: &[u8]) -> Result<Vec<Declaration>, Vec<Problem>> {
    let options = PartOptions {
        part: "role".to_owned(),
        options: serde_json::json!({}),
        base: ".".into(),
    };
    let role = tongguan_roles::build("ecommerce", options).unwrap();
    let document = Document {
        name: "orders.csv",
        octets,
        message: None,
    };
    role.read(document).map_err(|refused| refused.problems)
}

/// The only problem.
fn refused(text: &str) -> Problem {
    let problems = read(text.as_bytes()).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.into_iter().next().unwrap()
}

/// The example with a change in one of its lines, which are counted from 1.
fn changed(line: usize, old: &str, new: &str) -> String {
    let lines = ORDERS.lines().zip(1..).map(|(text, number)| {
        if number != line {
            return format!("{text}\n");
        }
        assert!(text.contains(old), "{text}");
        format!("{}\n", text.replacen(old, new, 1))
    });
    lines.collect()
}

#[test]
fn rows_of_the_example_are_orders_of_several_items() {
    for text in [ORDERS.to_owned(), ORDERS.replace('\n', "\r\n")] {
        let orders = read(text.as_bytes()).unwrap();
        let counts: Vec<(usize, u32)> = orders
            .iter()
            .map(|order| {
                let text = std::str::from_utf8(&order.fragment).unwrap();
                (text.matches("<ceb:OrderList>").count(), order.origin.line)
            })
            .collect();
        assert_eq!(counts, [(3, 2), (2, 5)]);
        let first = String::from_utf8(orders[0].fragment.clone()).unwrap();
        assert!(first.contains("<ceb:gnum>3</ceb:gnum>"), "{first}");
        assert!(first.contains("<ceb:note>开学季</ceb:note>"), "{first}");
    }
}

#[test]
fn a_line_is_the_editors_whatever_the_line_ends() {
    let wrong = changed(2, ",2,68.00,", ",two,68.00,");
    for text in [
        wrong.clone(),
        wrong.replace('\n', "\r\n"),
        format!("\u{FEFF}{}", wrong.replace('\n', "\r\n")),
    ] {
        let problem = refused(&text);
        assert_eq!((problem.line, problem.column), (2, 25), "{problem}");
    }
    // Empty lines count.
    let apart = wrong.replacen('\n', "\r\n\r\n", 1);
    assert_eq!(refused(&apart).line, 3);
    let later = changed(5, ",1,68.00,", ",one,68.00,").replace('\n', "\r\n");
    assert_eq!(refused(&later).line, 5);
}

#[test]
fn another_separator_is_told() {
    for (separator, shown) in [(";", "';'"), ("\t", "a tab"), ("，", "'，'")] {
        let problem = refused(&ORDERS.replace(',', separator));
        assert_eq!((problem.rule, problem.line), ("separator", 1));
        let told = problem.to_string();
        assert!(
            told.contains("must be a comma") && told.contains(shown),
            "{told}"
        );
    }
}

#[test]
fn a_spreadsheet_is_to_be_saved_as_csv() {
    for octets in [
        b"PK\x03\x04\x14\0\x06\0".as_slice(),
        b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
    ] {
        let problems = read(octets).unwrap_err();
        let told = problems[0].to_string();
        assert!(told.contains("save the sheet as CSV (UTF-8)"), "{told}");
    }
}

#[test]
fn rows_of_one_order_say_the_same_of_its_head() {
    let differs = refused(&changed(3, ",471.50,", ",471.05,"));
    assert_eq!((differs.line, differs.column), (3, 6), "{differs}");
    let told = differs.to_string();
    let parts = [
        "OrderHead/goodsValue",
        "商品价格",
        "[head-differs]",
        "line 2",
    ];
    for part in parts {
        assert!(told.contains(part), "{told}");
    }
    // The value of a person's field is not told.
    let told = refused(&changed(4, "测试丁", "测试己")).to_string();
    assert!(
        told.contains("订购人姓名") && !told.contains("测试"),
        "{told}"
    );
    let mut lines: Vec<&str> = ORDERS.lines().collect();
    lines.swap(3, 4);
    let told = read(lines.join("\n").as_bytes()).unwrap_err();
    assert_eq!(told[0].rule, "rows-apart");
    assert_eq!((told[0].line, told[0].column), (5, 1));
}

#[test]
fn an_unknown_column_has_a_near_one_and_an_ambiguous_one_its_choices() {
    for (old, new, part) in [
        (
            "商品规格型号",
            "规格型号",
            "did you mean gmodel (商品规格型号)?",
        ),
        ("实际支付金额", "实付金额", "did you mean acturalPaid"),
        ("订单编号", "oderNo", "did you mean orderNo (订单编号)?"),
        (
            "电子订单商品.备注",
            "备注",
            "电子订单表头.备注 or 电子订单商品.备注",
        ),
    ] {
        let told = refused(&changed(1, old, new)).to_string();
        assert!(told.contains(part), "{told}");
    }
}
