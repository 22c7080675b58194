use super::*;

const NOTHING: Shared = Shared {
    statements: false,
    entities: false,
};
const STATEMENTS: Shared = Shared {
    statements: true,
    entities: false,
};
const ENTITIES_TOO: Shared = Shared {
    statements: false,
    entities: true,
};

/// Texts with a secret, which is spelled with `geheim` in one way or another.
const NASTY: &[&str] = &[
    "SELECT * FROM users WHERE name = 'geheim'",
    "select 'geheim'",
    "EXPLAIN ANALYZE SELECT geheim FROM t",
    "explain (analyze, buffers) select geheim",
    "It waits for (SELECT geheim FROM t) and more",
    "INSERT IGNORE INTO t VALUES ('geheim')",
    "UPDATE users\nSET password = 'geheim'",
    "DELETE\tFROM t WHERE x = 'geheim'",
    "WITH geheim AS (SELECT 1) SELECT 2",
    "WITH RECURSIVE geheim(n) AS (VALUES (1)) SELECT n",
    "CREATE UNIQUE INDEX geheim ON t (x)",
    "GRANT ALL ON t TO geheim",
    "call proc('geheim')",
    "/* user=geheim */ SELECT 1",
    "-- geheim\nSELECT 1",
    "PRAGMA key = 'geheim'",
    "the begin was lost: WHERE name LIKE 'geheim%'",
    "SE\u{200b}LECT geheim FROM t",
    "https://geheim:geheim@db.example/x",
    "postgres://u:ge@he/im@db/geheim",
    "postgres://u:p@ss?geheim@db",
    "http://a.example/b?key=geheim&x=geheim#geheim",
    "http://a.example/b#access_token=geheim",
    "http://a.example/b;jsessionid=geheim",
    "GET /orders?token=geheim failed",
    "/a/b?geheim",
    "u:geheim@tcp(db:3306)",
    "geheim@example.org wrote",
    "Authorization: Bearer geheim",
    "authorization=Basic Z2VoZWltOmdlaGVpbQ==geheim",
    "Proxy-Authorization: digest geheim",
    "password=geheim",
    "password=?geheim",
    "token: …geheim",
    "Bearer …geheim",
    "friendly_name: …geheim",
    "PGPASSWORD = \"geheim with spaces\"",
    "\"api_key\": \"geheim\"",
    "'client-secret' : 'geheim'",
    "x-api-key:geheim",
    "Set-Cookie: session=geheim; path=/",
    "sk-geheim-geheim",
    "ghp_geheimgeheim",
    "plm_geheimgeheimgeheim",
    "eyJgeheimgeheim.eyJgeheim.geheim",
    "-----BEGIN PRIVATE KEY-----\nMIIgeheim\n-----END PRIVATE KEY----- after",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIgeheim cut off",
    "id 550e8400-e29b-41d4-a716-geheim446655",
    "k3JGeheimx8Q2vL9pWz4Nf7Tgeheim",
    "light.geheim is slow",
    "binary_sensor.geheim_door",
    "GET /api/states/person.geheim takes 3×",
    "friendly_name: geheim, on",
    "friendly_name=the phone of geheim",
    "{\"state\": \"on\", \"attributes\": {\"x\": \"geheim\"}}",
    "{'latitude': 1, 'x': 'geheim'}",
];

#[test]
fn nothing_that_is_secret_is_left() {
    for text in NASTY {
        let told = redacted(text, NOTHING);
        assert!(
            !told.to_lowercase().contains("geheim"),
            "{text:?}: {told:?}"
        );
    }
}

#[test]
fn once_is_enough() {
    for text in NASTY {
        for shared in [NOTHING, STATEMENTS, ENTITIES_TOO] {
            let told = redacted(text, shared);
            assert_eq!(redacted(&told, shared), told, "{text:?}");
        }
    }
}

#[test]
fn what_findings_say_stays_as_it_is() {
    for text in [
        "POST /orders takes 2.4× its line of 700\u{a0}ms since deploy v2.14.0.",
        "It asks once per item: 14 of its 16 queries are the same.",
        "Neither database nor processors nor calls explain it: it waits inside, or for the network.",
        "Look at what checkout::payment_provider_callback waits for, and give that a time-out shorter than your own line.",
        "The postgres_sessions pool is past its line: 19 connections of 20.",
        "GET /api/v1/customers-and-orders-of-2024/{id} is 3.1× slower than usual.",
        "GET /files/{*path} fails: 3.4\u{a0}% of its requests end in errors.",
        "It waits for payments.example.org:8443, whose answers take 1.51\u{a0}s (p95).",
        "GET /select and PUT /update are slower than usual.",
        "It spends its time in handleCheckoutPaymentProcessing, which takes 412\u{a0}ms (p95).",
        "GET /oauth/token fails: 40\u{a0}% of its requests end in errors.",
        "A statement of GET /orders takes 3\u{a0}s on average.",
        "Find what holds connections for long: a larger pool would only move the wait into the database.",
    ] {
        assert_eq!(redacted(text, NOTHING), text);
    }
}

#[test]
fn a_statement_that_is_shared_has_no_literals() {
    for (text, expected) in [
        (
            "EXPLAIN SELECT price FROM stock WHERE sku = ? AND n IN (?, …)",
            "EXPLAIN SELECT price FROM stock WHERE sku = ? AND n IN (?, …)",
        ),
        (
            "See: SELECT * FROM users WHERE name = 'geheim' AND password = \"geheim\" AND id = 12345",
            "See: SELECT * FROM users WHERE name = ? AND password = ? AND id = ?",
        ),
        (
            "SELECT $tag$geheim$tag$, E'it''s geheim', x'00ff' -- geheim",
            "SELECT ?",
        ),
        // Which of the quotes ends the text depends on the database.
        ("SELECT 'a\\', 'geheim'", STATEMENT),
    ] {
        assert_eq!(redacted(text, STATEMENTS), expected);
        let silent = redacted(&format!("x {text}"), NOTHING);
        assert!(!silent.contains("SELECT"), "{silent}");
    }
}

#[test]
fn entities_that_are_shared_stay_and_secrets_do_not() {
    let text = "light.kitchen (friendly_name: the kitchen) has token=geheim";
    assert_eq!(
        redacted(text, ENTITIES_TOO),
        "light.kitchen (friendly_name: the kitchen) has token=…"
    );
    assert_eq!(
        redacted("Light.Kitchen is slow", NOTHING),
        "an entity is slow"
    );
}

#[test]
fn a_url_keeps_host_and_path() {
    assert_eq!(
        redacted("see https://shop.example/Orders/7?x=1 now", NOTHING),
        "see https://shop.example/Orders/7 now"
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_fail_or_tells_a_token_of_ours(text in ".{0,200}", token in "plm_[A-Za-z0-9_-]{43}") {
        let told = redacted(&format!("{text} {token}"), NOTHING);
        proptest::prop_assert!(!told.contains(&token[8..]));
        proptest::prop_assert!(!told.contains(char::is_control));
    }
}
