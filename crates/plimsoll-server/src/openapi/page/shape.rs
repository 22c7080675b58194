//! Shapes of values in words.

use serde_json::Value;

use super::texts;
use super::{members, text};
use crate::http::html::{Html, escaped};

/// What bounds a value, by the names in the document.
const BOUNDS: [(&str, &str); 8] = [
    ("minimum", "at least"),
    ("maximum", "at most"),
    ("minLength", "characters at least"),
    ("maxLength", "characters at most"),
    ("minItems", "entries at least"),
    ("maxItems", "entries at most"),
    ("pattern", "like"),
    ("default", "default"),
];

/// A shape that has a name, with its members.
pub(super) fn named(html: &mut Html, name: &str, schema: &Value) {
    let id = escaped(name);
    html.push(&format!(
        "<article id=\"shape-{id}\"><h3><a href=\"#shape-{id}\">{id}</a></h3>"
    ));
    html.prose(text(&schema["description"]));
    if schema["properties"].is_null() {
        html.push(&format!("<p>{}</p>", words(schema)));
    } else {
        table(html, schema);
    }
    html.push("</article>");
}

fn table(html: &mut Html, schema: &Value) {
    html.push("<table><tbody>");
    for (name, property) in members(&schema["properties"]) {
        html.push("<tr><th scope=\"row\">");
        html.element("code", name);
        let optional = match texts(&schema["required"]).any(|required| required == name) {
            true => "",
            false => "optional: ",
        };
        html.push(&format!(
            "</th><td><span>{optional}{}</span>",
            words(property)
        ));
        html.prose(text(&property["description"]));
        html.push("</td></tr>");
    }
    html.push("</tbody></table>");
}

/// A shape as markup: its type, with links to named ones, and its bounds.
pub(super) fn words(schema: &Value) -> String {
    if let Some(name) = text(&schema["$ref"])
        .rsplit('/')
        .next()
        .filter(|name| !name.is_empty())
    {
        let name = escaped(name);
        return format!("<a href=\"#shape-{name}\">{name}</a>");
    }
    for (several, between) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
        if let Some(parts) = schema[several].as_array() {
            let parts: Vec<String> = parts.iter().map(words).collect();
            return parts.join(between);
        }
    }
    let values: Vec<String> = schema["enum"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|value| format!("<code>{}</code>", escaped(&plain(value))))
        .collect();
    if !values.is_empty() {
        return values.join(" or ");
    }
    let mut words = types(schema);
    let format = text(&schema["format"]);
    if !format.is_empty() {
        words.push_str(&format!(" ({})", escaped(format)));
    }
    for (name, meaning) in BOUNDS {
        if !schema[name].is_null() {
            let bound = escaped(&plain(&schema[name]));
            words.push_str(&format!(", {meaning} <code>{bound}</code>"));
        }
    }
    words
}

fn types(schema: &Value) -> String {
    let types: Vec<String> = match &schema["type"] {
        Value::String(one) => vec![one.clone()],
        several => texts(several).map(str::to_owned).collect(),
    };
    let mut named = Vec::new();
    for one in types {
        named.push(match one.as_str() {
            "array" => format!("list of {}", words(&schema["items"])),
            "object" if schema["additionalProperties"].is_object() => {
                format!("object of {}", words(&schema["additionalProperties"]))
            }
            "object" if !schema["properties"].is_null() => {
                let inside = members(&schema["properties"])
                    .map(|(name, one)| format!("<code>{}</code>: {}", escaped(name), words(one)));
                format!("{{{}}}", inside.collect::<Vec<_>>().join(", "))
            }
            other => other.to_owned(),
        });
    }
    match named.is_empty() {
        true => "any value".to_owned(),
        false => named.join(" or "),
    }
}

/// A value without quotes.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
