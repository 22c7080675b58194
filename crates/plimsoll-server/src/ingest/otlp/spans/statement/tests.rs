//! Statements as programs send them, and as they are grouped.

use proptest::prelude::*;

use super::*;

fn standard(statement: &str) -> String {
    normalised(statement, Dialect::Standard)
}

#[test]
fn literals_and_placeholders_become_one_sign() {
    for (statement, expected) in [
        (
            "SELECT * FROM orders WHERE id = 4711",
            "SELECT * FROM orders WHERE id = ?",
        ),
        (
            "SELECT * FROM t WHERE a = 'it''s' AND b=$1",
            "SELECT * FROM t WHERE a = ? AND b=?",
        ),
        ("SELECT 1.5e-3, -7 FROM t1", "SELECT ?, -? FROM t1"),
        (
            "select a::int from t where x = :name",
            "select a::int from t where x = ?",
        ),
        (
            "SELECT * FROM t WHERE id IN (%s, %s, %s)",
            "SELECT * FROM t WHERE id IN (?)",
        ),
        (
            "SELECT * FROM t WHERE id = %(id)s",
            "SELECT * FROM t WHERE id = ?",
        ),
        (
            "INSERT INTO t (a, b) VALUES (?, ?), (?, ?),(?, ?)",
            "INSERT INTO t (a, b) VALUES (?)",
        ),
        ("SELECT E'a\\'b', N'x', x'ff' FROM t;", "SELECT ? FROM t"),
        ("SELECT $body$ 'secret' $body$", "SELECT ?"),
        (
            "SELECT \"user\".\"name\" FROM \"user\"",
            "SELECT \"user\".\"name\" FROM \"user\"",
        ),
        ("SELECT [order id] FROM [t]", "SELECT [order id] FROM [t]"),
        (
            "SELECT *\n\tFROM   t -- secret\nWHERE a = 1",
            "SELECT * FROM t WHERE a = ?",
        ),
        ("SELECT 1 /*traceparent='00-4bf9'*/", "SELECT ?"),
        ("EXEC p @id = @p1", "EXEC p ? = ?"),
        (
            "SELECT größe FROM möbel WHERE größe > 12",
            "SELECT größe FROM möbel WHERE größe > ?",
        ),
        ("SELECT 'unterminated secret", "SELECT ?"),
    ] {
        assert_eq!(standard(statement), expected, "{statement}");
    }
}

#[test]
fn texts_of_mysql_end_where_they_end_there() {
    let statement = r#"SELECT * FROM t WHERE a = 'it\'s secret' AND b = "secret" AND `c` = 0x1F"#;
    let expected = "SELECT * FROM t WHERE a = ? AND b = ? AND `c` = ?";
    assert_eq!(normalised(statement, Dialect::MySql), expected);
}

#[test]
fn a_long_statement_is_cut() {
    let long = format!("SELECT {} FROM t", vec!["a_column"; 500].join(", "));
    let kept = standard(&long);
    assert!(kept.len() <= MAX_KEPT + '…'.len_utf8() && kept.ends_with('…'));
}

proptest! {
    #[test]
    fn any_text_is_taken(text in "(?s).{0,300}") {
        for dialect in [Dialect::Standard, Dialect::MySql] {
            let _ = normalised(&text, dialect);
        }
    }

    #[test]
    fn no_literal_is_kept(
        number in 100_000_000u64..,
        text in "[a-z' ]{0,12}secret[a-z' ]{0,12}",
        spaces in "[ \n]{1,3}",
    ) {
        let quoted = text.replace('\'', "''");
        let statement = format!("SELECT{spaces}a FROM t WHERE n = {number} AND s = '{quoted}'{spaces}AND b IN ({number}, '{quoted}')");
        prop_assert_eq!(standard(&statement), "SELECT a FROM t WHERE n = ? AND s = ? AND b IN (?)");
    }
}
