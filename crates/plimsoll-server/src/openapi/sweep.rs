//! What holds for the whole document and is not repeated at every handler.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use utoipa::IntoResponses;

use super::answers::{Failed, Forbidden};

/// Adds the answers that every path can give, completes the shapes of answers and tidies the texts.
pub(super) fn sweep(document: &mut Value) {
    let common: Vec<(String, Value)> = [Forbidden::responses(), Failed::responses()]
        .into_iter()
        .flatten()
        .filter_map(|(status, response)| Some((status, serde_json::to_value(response).ok()?)))
        .collect();
    let mut answered = BTreeSet::new();
    for operation in operations(document) {
        tidy_texts(operation);
        let responses = operation.entry("responses").or_insert_with(|| json!({}));
        let Value::Object(responses) = responses else {
            continue;
        };
        for (status, response) in &common {
            responses
                .entry(status.clone())
                .or_insert_with(|| response.clone());
        }
        for response in responses.values_mut() {
            complete(response, &mut answered);
        }
    }
    complete_named(document, answered);
}

/// Every operation of the document.
pub(super) fn operations(document: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let items = paths.filter_map(|(_, item)| item.as_object_mut());
    items
        .flatten()
        .filter_map(|(_, operation)| operation.as_object_mut())
}

/// The sections on errors are told by the answers; links into the code lead nowhere.
fn tidy_texts(operation: &mut Map<String, Value>) {
    for name in ["summary", "description"] {
        let Some(Value::String(text)) = operation.get_mut(name) else {
            continue;
        };
        let kept = text.split("# Errors").next().unwrap_or_default().trim();
        *text = kept.replace("[`", "`").replace("`]", "`");
        if text.is_empty() {
            operation.remove(name);
        }
    }
}

/// An answer writes every member, null where it has nothing to say: what may be null is required all the same. Notes the
/// names of the shapes that it leads to.
fn complete(schema: &mut Value, named: &mut BTreeSet<String>) {
    match schema {
        Value::Array(all) => all.iter_mut().for_each(|one| complete(one, named)),
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref")
                && let Some(name) = reference.rsplit('/').next()
            {
                named.insert(name.to_owned());
            }
            require_nullable(members);
            for value in members.values_mut() {
                complete(value, named);
            }
        }
        _ => {}
    }
}

/// The same for shapes by name, and those that they lead to.
fn complete_named(document: &mut Value, names: BTreeSet<String>) {
    let mut done = BTreeSet::new();
    let mut open: Vec<String> = names.into_iter().collect();
    while let Some(name) = open.pop() {
        if !done.insert(name.clone()) {
            continue;
        }
        let mut found = BTreeSet::new();
        complete(&mut document["components"]["schemas"][&name], &mut found);
        open.extend(found);
    }
}

fn require_nullable(members: &mut Map<String, Value>) {
    let Some(Value::Object(properties)) = members.get("properties") else {
        return;
    };
    let nullable: Vec<Value> = properties
        .iter()
        .filter(|(_, property)| can_be_null(property))
        .map(|(name, _)| Value::from(name.as_str()))
        .collect();
    if nullable.is_empty() {
        return;
    }
    let required = members.entry("required").or_insert_with(|| json!([]));
    if let Value::Array(required) = required {
        for name in nullable {
            if !required.contains(&name) {
                required.push(name);
            }
        }
    }
}

fn can_be_null(property: &Value) -> bool {
    let is_null = |one: &Value| one["type"] == "null";
    let listed = |name: &str| {
        property[name]
            .as_array()
            .is_some_and(|all| all.iter().any(is_null))
    };
    let types = property["type"].as_array();
    types.is_some_and(|types| types.iter().any(|one| one == "null"))
        || listed("oneOf")
        || listed("anyOf")
}
