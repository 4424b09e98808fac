//! An enterprise's own documents, by a mapping: what is made of them, and what is said of mistakes.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tongguan_contracts::{Document, Failure, PartOptions, Problem, Role};
use tongguan_roles::{Trial, Verdict, build, new_mapping, try_mapping};

fn options(map: &Value) -> PartOptions {
    PartOptions {
        part: "role \"shop\"".to_owned(),
        options: json!({ "map": map, "declares": ["CEB311Message"] }),
        base: Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/mapping"),
    }
}

fn role(map: &Value) -> Result<Arc<dyn Role>, Failure> {
    build("ecommerce", options(map))
}

/// A mapping of orders; a test changes what it is about.
fn orders() -> Value {
    json!({ "CEB311Message": {
        "group": "no",
        "OrderHead": {
            "orderNo": "no",
            "ebpCode": { "is": "3301960T02" }, "ebpName": { "is": "示例平台" },
            "ebcCode": { "is": "3301960T01" }, "ebcName": { "is": "示例企业" },
            "goodsValue": { "from": "goods", "scale": -2 },
            "freight": { "is": "0" }, "discount": { "is": "0" }, "taxTotal": { "is": "0" },
            "acturalPaid": { "from": "goods", "scale": -2 },
            "buyerRegNo": "user", "buyerName": "buyer", "buyerTelephone": { "is": "13800000000" },
            "buyerIdNumber": { "is": "110101199001010015" },
            "consignee": "buyer", "consigneeTelephone": { "is": "13800000000" },
            "consigneeAddress": "address"
        },
        "OrderList": {
            "itemName": "title", "gmodel": { "is": "无" },
            "unit": { "from": "unit", "codes": { "千克": "035", "件": "011" } },
            "qty": "count", "price": "price", "totalPrice": "total", "country": { "is": "116" }
        }
    } })
}

const CSV: &str = "no,goods,user,buyer,address,title,unit,count,price,total\n\
    1,2000,u,测试,路1号,茶,千克,2,10,20\n";

fn changed(path: &[&str], value: Value) -> Value {
    let mut map = orders();
    let mut at = &mut map["CEB311Message"];
    for name in path {
        at = &mut at[*name];
    }
    *at = value;
    map
}

fn read(map: &Value, text: &str) -> Result<Vec<String>, Vec<Problem>> {
    let document = Document {
        name: "sample",
        octets: text.as_bytes(),
        message: None,
    };
    let declared = role(map).unwrap().read(document).map_err(|r| r.problems)?;
    Ok(declared
        .into_iter()
        .map(|d| String::from_utf8(d.fragment).unwrap())
        .collect())
}

fn told(map: &Value, text: &str) -> String {
    let problems = read(map, text).unwrap_err();
    assert!(problems.len() <= 100);
    let told: Vec<String> = problems.iter().map(Problem::to_string).collect();
    told.join("\n")
}

fn mistaken(map: &Value) -> String {
    role(map).err().unwrap().to_string()
}

fn tried(map: &Value, text: &str) -> Trial {
    let document = Document {
        name: "sample",
        octets: text.as_bytes(),
        message: None,
    };
    try_mapping("ecommerce", options(map), document, 1).unwrap()
}

#[test]
fn rows_become_orders() {
    let text = format!("{CSV}2,500,v,另一,路2号,杯,件,1,5,5\n1,2000,u,测试,路1号,糖,件,1,0,0\n");
    let orders = read(&orders(), &text).unwrap();
    assert_eq!(orders.len(), 2);
    assert!(
        orders[0].contains("<ceb:goodsValue>20</ceb:goodsValue>"),
        "{}",
        orders[0]
    );
    assert_eq!(orders[0].matches("<ceb:OrderList>").count(), 2);
    assert!(
        orders[0].contains("<ceb:gnum>2</ceb:gnum><ceb:itemName>糖"),
        "{}",
        orders[0]
    );
    assert!(orders[0].contains("<ceb:unit>035</ceb:unit>"));
    assert_eq!(orders[1].matches("<ceb:OrderList>").count(), 1);
}

#[test]
fn the_standards_own_names_are_taken_too() {
    let document = tongguan_messages::example_json(
        tongguan_messages::message("CEB311Message").unwrap(),
        tongguan_messages::Extent::Minimal,
    );
    assert_eq!(read(&orders(), &document.unwrap()).unwrap().len(), 1);
    let csv = include_str!("../../../examples/quickstart/payments.csv");
    let map = json!({ "CEB411Message": { "PaymentHead": {} } });
    let pay = try_mapping(
        "payment",
        PartOptions {
            options: json!({ "map": map }),
            ..options(&map)
        },
        Document {
            name: "s",
            octets: csv.as_bytes(),
            message: None,
        },
        1,
    );
    assert!(!pay.unwrap().missing.is_empty());
}

/// Mistakes in the mapping itself: told when the manifest is read, with the field's names.
#[test]
fn mistakes_in_a_mapping_are_told_with_field_and_remedy() {
    let head = |field: &str, value: Value| mistaken(&changed(&["OrderHead", field], value));
    for (told, parts) in [
        (
            head("goodsVale", json!("x")),
            [
                "map.CEB311Message.OrderHead.goodsVale",
                "电子订单表头",
                "did you mean goodsValue (商品价格)?",
            ],
        ),
        (
            head("goodsValue", json!({ "form": "goods" })),
            [
                "unknown key form",
                "goodsValue (Value of goods 商品价格)",
                "did you mean from?",
            ],
        ),
        (
            head("goodsValue", json!(100)),
            [
                "OrderHead.goodsValue",
                "商品价格",
                "for a constant { is = \"…\" }",
            ],
        ),
        (
            head("ebpCode", json!({ "is": "1234567890123456789" })),
            ["ebpCode", "电商平台代码", "at most 18"],
        ),
        (
            head("buyerName", json!({ "from": "b", "scale": -2 })),
            ["buyerName", "订购人姓名", "is no number"],
        ),
        (
            head("orderNo", json!({ "from": "b", "date": "YYYYMMDD" })),
            ["orderNo", "订单编号", "is no date"],
        ),
        (
            head("appTime", json!({ "from": "t", "date": "YYYY-MM-DD" })),
            ["appTime", "报送时间", "no hour"],
        ),
        (
            head("buyerName", json!({ "from": "b", "split": "/" })),
            ["buyerName", "the number of a part", "part = 1"],
        ),
        (
            head("buyerName", json!({ "from": "b", "chars": "6-1" })),
            ["buyerName", "no range", "\"1-6\""],
        ),
        (
            head("buyerName", json!({ "from": "b", "is": "c" })),
            ["buyerName", "needs one source", "join = "],
        ),
        (
            head("ebpCode", json!({ "is": "1", "scale": 2 })),
            ["ebpCode", "is a constant", "remove scale"],
        ),
        (
            head("freight", json!({ "from": "f", "default": "none" })),
            ["freight", "运杂费", "default gives \"none\""],
        ),
        (
            head("buyerName", json!({ "from": "b", "with": "-" })),
            ["buyerName", "without join", "between its parts"],
        ),
        (
            mistaken(&changed(
                &["OrderList", "unit", "codes"],
                json!({ "箱": "箱子大" , "a": "1234" }),
            )),
            [
                "OrderList.unit",
                "codes: \"a\" gives \"1234\" to unit (Unit 单位)",
                "3",
            ],
        ),
        (
            mistaken(&changed(&["OrderList", "unit", "codes"], json!("none.csv"))),
            ["OrderList.unit", "none.csv cannot be read", "two columns"],
        ),
        (
            mistaken(&changed(&["orderNo"], json!("no"))),
            [
                "map.CEB311Message.orderNo",
                "stands in OrderHead",
                "订单编号",
            ],
        ),
        (
            mistaken(&changed(&["record"], json!("no"))),
            [
                "map.CEB311Message.record",
                "did you mean records?",
                "订单业务节点",
            ],
        ),
        (
            mistaken(&changed(&["OrderHead", "each"], json!("no"))),
            ["stands once", "电子订单表头", "records"],
        ),
        (
            mistaken(&changed(&["OrderList"], json!({}))),
            [
                "OrderList.itemName",
                "企业商品名称",
                "is needed, and nothing gives it",
            ],
        ),
        (
            mistaken(&json!({ "CEB411Message": {} })),
            [
                "CEB411Message",
                "支付凭证",
                "payment (Payment enterprise 支付企业)",
            ],
        ),
    ] {
        for part in parts {
            assert!(told.contains(part), "{part} in {told}");
        }
    }
}

/// Mistakes that only a document shows: its line and column, the field, what to do.
#[test]
fn what_a_document_lacks_is_told_with_place_field_and_remedy() {
    let csv = |old: &str, new: &str| told(&orders(), &CSV.replace(old, new));
    for (told, parts) in [
        (
            csv("goods,", "gods,"),
            [
                "sample:1:1",
                "there is no column \"goods\", of which the mapping makes goodsValue (Value of goods 商品价格)",
                "the header has \"gods\"",
            ],
        ),
        (
            csv(",千克,", ",公斤,"),
            [
                "sample:2:7",
                "(Unit 单位) [codes] cannot be made from unit: codes has no code for \"公斤\"",
                "add it to codes",
            ],
        ),
        (
            csv(",2000,", ",2k,"),
            ["sample:2:2", "商品价格", "is no plain number"],
        ),
        (
            csv(",20\n", ",twenty\n"),
            [
                "sample:2:10",
                "CEB311Message/Order[1]/OrderList[1]/totalPrice",
                "总价",
            ],
        ),
        (
            csv(",测试,", ",,"),
            [
                "buyerName (Buyer's name 订购人姓名) [missing]",
                "sample:2:1",
                "its source buyer has nothing here",
            ],
        ),
        (
            csv("1,2000", ",2000"),
            [
                "sample:2:1",
                "[group] the row has nothing in no",
                "fill it in every row",
            ],
        ),
        (
            csv(",路1号,", ",,"),
            ["consigneeAddress", "收货地址", "give the mapping a default"],
        ),
        (
            told(
                &orders(),
                &format!("{CSV}1,2000,u,测试,路2号,糖,件,1,0,0\n"),
            ),
            [
                "sample:3:5",
                "[head-differs] the column \"address\" is not as in line 2",
                "收货地址",
            ],
        ),
        (
            told(&orders(), &format!("no,{}", CSV.replace("\n1,", "\n1,1,"))),
            ["the column \"no\" stands twice", "sample:1:2", "remove one"],
        ),
        (
            told(&orders(), &format!("{CSV}2,1\n")),
            ["sample:3:1", "2 columns, the header 10", "quote"],
        ),
        (
            csv(",茶,", ",1.2E+10,"),
            ["企业商品名称", "scientific", "as text"],
        ),
    ] {
        for part in parts {
            assert!(told.contains(part), "{part:?} in {told}");
        }
    }
}

fn json_map() -> Value {
    let mut map = changed(&["OrderList", "each"], json!("lines"));
    map["CEB311Message"]["records"] = json!("data.orders");
    map["CEB311Message"]["OrderHead"]["goodsValue"] = json!({ "from": "sum.goods", "scale": -2 });
    map["CEB311Message"]["OrderHead"]["buyerName"] = json!("buyer.0");
    map["CEB311Message"]["OrderList"]["note"] = json!("/a~1b.c");
    map
}

const JSON: &str = r#"{"data":{"orders":[
{"no":1,"goods":"2000","sum":{"goods":2000},"user":"u","buyer":["测试"],"address":"路1号","a/b.c":"注",
"lines":[{"title":"茶","unit":"件","count":1,"price":10.10,"total":10.10},{"title":"糖","unit":"千克","count":1,"price":9.90,"total":9.90}]}]}}"#;

#[test]
fn objects_become_orders() {
    let mut map = json_map();
    map["CEB311Message"]["OrderHead"]["consignee"] = json!("buyer.0");
    let orders = read(&map, JSON).unwrap();
    assert_eq!(orders.len(), 1);
    for part in [
        "<ceb:orderNo>1</ceb:orderNo>",
        "<ceb:goodsValue>20</ceb:goodsValue>",
        "<ceb:buyerName>测试</ceb:buyerName>",
        "<ceb:price>10.10</ceb:price>",
        "<ceb:gnum>2</ceb:gnum><ceb:itemName>糖",
        "<ceb:note>注</ceb:note>",
    ] {
        assert!(orders[0].contains(part), "{part} in {}", orders[0]);
    }
    for (old, new, parts) in [
        (
            "[\"测试\"]",
            "{\"name\":1}",
            ["[missing]", "订购人姓名", "sample:2:1"],
        ),
        (
            "\"buyer\":[\"测试\"]",
            "\"buyer\":\"x\"",
            ["[form]", "a single value on the way", "sample:2:64"],
        ),
        (
            "\"no\":1",
            "\"no\":[1]",
            ["[form]", "订单编号", "it is no single value"],
        ),
        (
            "\"no\":1",
            "\"no\":1,\"no\":2",
            ["the name stands twice", "订单编号", "[form]"],
        ),
        (
            "\"unit\":\"千克\"",
            "\"unit\":\"吨\"",
            ["OrderList[2]/unit", "has no code for \"吨\"", "sample:3:"],
        ),
        (
            "\"lines\":[{",
            "\"lines\":[7,{",
            ["a single value on the way", "OrderList[1]", "[form]"],
        ),
        (
            "\"lines\":",
            "\"items\":",
            ["OrderList", "[missing]", "商品"],
        ),
        (
            "{\"orders\":[",
            "{\"orders\":[3,",
            [
                "an object is needed here",
                "sample:1:20",
                "the mapping's names",
            ],
        ),
    ] {
        let text = JSON.replace(old, new);
        assert_ne!(text, JSON);
        let told = told(&map, &text);
        for part in parts {
            assert!(told.contains(part), "{part:?} in {told}");
        }
    }
}

#[test]
fn a_trial_shows_every_step_and_masks_what_is_personal() {
    let mut map = orders();
    map["CEB311Message"]["OrderHead"]["note"] = json!({ "from": "buyer", "chars": "1-1" });
    map["CEB311Message"]["OrderHead"]
        .as_object_mut()
        .unwrap()
        .remove("buyerRegNo");
    let mut trial = tried(&map, &CSV.replace(",千克,", ",公斤,"));
    let field = |trial: &Trial, name: &str| {
        let found = trial
            .fields
            .iter()
            .find(|f| f.path.ends_with(name))
            .unwrap();
        (
            found.raw.clone(),
            found.steps.clone(),
            found.result.clone(),
            found.verdict,
        )
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        field(&trial, "/goodsValue"),
        (
            some("2000"),
            vec![("scale = -2".to_owned(), "20".to_owned())],
            some("20"),
            Verdict::Good
        )
    );
    assert_eq!(field(&trial, "/unit").3, Verdict::Wrong);
    assert_eq!(trial.missing.len(), 1);
    assert_eq!(
        (trial.missing[0].path.as_str(), trial.missing[0].zh),
        ("OrderHead/buyerRegNo", "订购人注册号")
    );
    assert_eq!(trial.unused, ["user"]);
    assert!(trial.filled_in.iter().any(|f| f.path == "OrderHead/guid"));
    assert!(!trial.good());
    assert_eq!(field(&trial, "/buyerName").0, some("测试"));
    trial.mask();
    let masked = serde_json::to_string(&trial).unwrap();
    assert!(
        !masked.contains("测试") && masked.contains("测***"),
        "{masked}"
    );
    // Not personal itself, but of the same source.
    assert_eq!(field(&trial, "OrderHead/note").0, some("测***"));
}

#[test]
fn personal_data_stands_in_no_problem() {
    let mut map = orders();
    map["CEB311Message"]["OrderHead"]["buyerName"] =
        json!({ "from": "buyer", "split": "/", "part": 2 });
    map["CEB311Message"]["OrderHead"]["note"] = json!({ "from": "buyer", "codes": { "a": "b" } });
    let told = told(&map, CSV);
    assert!(
        told.contains("has 1 parts") && !told.contains("测试"),
        "{told}"
    );
}

#[test]
fn a_first_mapping_finds_what_has_the_same_name() {
    let text = r#"[{"order_no":"1","Buyer's name":"a","qty":1,"goods":[{"itemName":"茶","数量":"2","colour":"x"}]}]"#;
    let sample = Document {
        name: "sample",
        octets: text.as_bytes(),
        message: Some("CEB311Message"),
    };
    let toml = new_mapping("ecommerce", "my shop", options(&json!({})), sample).unwrap();
    for part in [
        "[roles.\"my shop\".map.CEB311Message.OrderHead]",
        "orderNo = \"order_no\"",
        "each = \"goods\"",
        "qty = \"数量\"",
        "# goodsValue = \"\"   # needed: 商品价格",
        "not used yet: qty, colour",
    ] {
        assert!(toml.contains(part), "{part} in {toml}");
    }
}

/// What would cost far more than its length.
#[test]
fn hostile_documents_are_bounded() {
    let mut map = json_map();
    map["CEB311Message"]
        .as_object_mut()
        .unwrap()
        .remove("records");
    let began = std::time::Instant::now();
    let many = format!("[{}{{\"no\":1}}]", "{\"no\":1},".repeat(1_000_000));
    assert!(told(&map, &many).contains("[too-large]") || told(&map, &many).contains("[missing]"));
    let items = format!("{{\"no\":1,\"lines\":[{}{{}}]}}", "{},".repeat(2_000_000));
    assert!(told(&map, &items).contains("[too-large]"));
    let names = (0..1000)
        .map(|n| format!("\"n{n}\":1,"))
        .collect::<String>();
    let wide = format!("{{{names}\"no\":1}}");
    assert!(told(&map, &wide.replacen("{", "{\"no\":0,", 1)).contains("more than 300 names"));
    let long = JSON.replace("路1号", &"路".repeat(30_000));
    assert!(told(&json_map(), &long).contains("octets"));
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

/// The mappings that the documentation shows are read, and read what it says.
#[test]
fn the_documentations_mappings_work() {
    for page in [
        include_str!("../../../docs/mapping.md"),
        include_str!("../../../docs/mapping.zh.md"),
    ] {
        let blocks = page
            .split("```toml\n")
            .skip(1)
            .map(|b| b.split("```").next().unwrap());
        let tables: Vec<Value> = blocks.map(|b| toml::from_str(b).unwrap()).collect();
        assert_eq!(tables.len(), 3);
        let mut pay = tables[0]["roles"]["pay"].clone();
        pay.as_object_mut().unwrap().remove("kind");
        let options = PartOptions {
            options: pay,
            ..options(&json!({}))
        };
        let role = build("payment", options).unwrap();
        let text = r#"{"trade_no":"T1","order":{"no":"O1"},"payer":"测试/110101199001010015",
            "cents":36968,"paid_at":"2026-01-02 03:04:05","channel":"B"}"#;
        let document = Document {
            name: "sample",
            octets: text.as_bytes(),
            message: None,
        };
        let made = String::from_utf8(role.read(document).unwrap()[0].fragment.clone()).unwrap();
        for part in [
            "<ceb:payerIdNumber>110101199001010015<",
            "<ceb:amountPaid>369.68<",
            "<ceb:payTime>20260102030405<",
            "<ceb:note>钱包<",
        ] {
            assert!(made.contains(part), "{part} in {made}");
        }
        // The parts of mappings name what there is: all that is told is what they lack.
        for (table, role) in [(&tables[1], "shop"), (&tables[2], "mall")] {
            let told = mistaken(&table["roles"][role]["map"]);
            let mistakes = told
                .lines()
                .filter(|l| !l.contains("is needed, and nothing gives it"));
            assert!(
                mistakes
                    .clone()
                    .all(|l| l.contains("more") || l.ends_with("mapping: ")),
                "{told}"
            );
        }
    }
}
