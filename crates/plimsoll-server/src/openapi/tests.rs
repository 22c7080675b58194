//! What holds for the document, whatever handlers it describes.

use serde_json::json;

use super::sweep::sweep;

#[test]
fn answers_require_what_may_be_null_and_requests_do_not() {
    let shape = json!({"type": "object", "required": ["a"], "properties": {
        "a": {"type": "string"},
        "b": {"type": ["string", "null"]},
        "c": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Inner"}]},
        "d": {"type": "string"},
    }});
    let mut document = json!({
        "paths": {"/x": {"post": {
            "summary": "See [`Sent`].",
            "description": "More.\n\n# Errors\n400.",
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Sent"}}}},
            "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Told"}}}}},
        }}},
        "components": {"schemas": {"Sent": shape, "Told": shape, "Inner": shape}},
    });
    sweep(&mut document);
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["Sent"]["required"], json!(["a"]));
    assert_eq!(schemas["Told"]["required"], json!(["a", "b", "c"]));
    assert_eq!(schemas["Inner"]["required"], json!(["a", "b", "c"]));
    let operation = &document["paths"]["/x"]["post"];
    assert_eq!(operation["summary"], "See `Sent`.");
    assert_eq!(operation["description"], "More.");
    for status in ["403", "500"] {
        let content = &operation["responses"][status]["content"];
        let schema = &content["application/problem+json"]["schema"];
        assert_eq!(schema["$ref"], "#/components/schemas/Problem");
    }
}
