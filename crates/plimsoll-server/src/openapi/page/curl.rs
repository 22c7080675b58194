//! An example for each operation, to be pasted into a shell.

use serde_json::Value;

use super::shape::plain;
use super::{members, text};
use crate::http::percent::percent_encoded;

/// Where a server listens unless told otherwise.
const ADDRESS: &str = "http://127.0.0.1:1876";

/// A command that asks for this, with the examples that the document gives.
pub(super) fn example(document: &Value, method: &str, path: &str, operation: &Value) -> String {
    let mut path = path.to_owned();
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = text(&parameter["name"]);
        let Some(value) = sample(parameter) else {
            continue;
        };
        let value = percent_encoded(&value);
        match text(&parameter["in"]) {
            "path" => path = path.replace(&format!("{{{name}}}"), &value),
            "query" => query.push(format!("{name}={value}")),
            _ => {}
        }
    }
    let query = match query.is_empty() {
        true => String::new(),
        false => format!("?{}", query.join("&")),
    };
    let mut command = "curl".to_owned();
    let body = members(&operation["requestBody"]["content"]).next();
    // With a body, curl posts by itself.
    if method != "get" && (method != "post" || body.is_none()) {
        command.push_str(&format!(" -X {}", method.to_ascii_uppercase()));
    }
    if let Some((kind, media)) = body {
        let data = match body_of(document, media) {
            Some(data) => quoted(&data),
            None => "@FILE".to_owned(),
        };
        command.push_str(&format!(" -H 'Content-Type: {kind}' --data-binary {data}"));
    }
    let accepts_stream = !operation["responses"]["200"]["content"]["text/event-stream"].is_null();
    if accepts_stream {
        command.push_str(" -N");
    }
    format!("{command} {}", quoted(&format!("{ADDRESS}{path}{query}")))
}

/// What the document gives as an example of a parameter.
fn sample(parameter: &Value) -> Option<String> {
    let given = [&parameter["example"], &parameter["schema"]["example"]];
    let given = given.into_iter().find(|value| !value.is_null())?;
    Some(match given {
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(","),
        one => plain(one),
    })
}

fn body_of(document: &Value, media: &Value) -> Option<String> {
    if !media["example"].is_null() {
        return Some(plain(&media["example"]));
    }
    let name = text(&media["schema"]["$ref"]).rsplit('/').next()?;
    let mut schema = &document["components"]["schemas"][name];
    // Of several shapes the first stands for all.
    if let Some(first) = schema["oneOf"].get(0) {
        let name = text(&first["$ref"]).rsplit('/').next()?;
        schema = &document["components"]["schemas"][name];
    }
    let example = &schema["example"];
    (!example.is_null()).then(|| plain(example))
}

/// As one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
