//! The JSON schema of `standards.toml`, for editors.

/// The schema (draft 2020-12).
pub fn json_schema() -> &'static str {
    include_str!("standards.schema.json")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::raw::KEYS;
    use super::*;

    #[test]
    fn the_schema_has_every_key_and_no_other() {
        let schema: serde_json::Value = serde_json::from_str(json_schema()).unwrap();
        let mut named = BTreeSet::new();
        keys(&schema, &mut named);
        let known: BTreeSet<String> = KEYS.iter().map(|key| (*key).to_owned()).collect();
        assert_eq!(named, known);
    }

    fn keys(schema: &serde_json::Value, named: &mut BTreeSet<String>) {
        let Some(schema) = schema.as_object() else {
            return;
        };
        if let Some(properties) = schema.get("properties").and_then(|it| it.as_object()) {
            named.extend(properties.keys().cloned());
            properties.values().for_each(|inner| keys(inner, named));
        }
        for inner in ["items", "additionalProperties"] {
            if let Some(inner) = schema.get(inner) {
                keys(inner, named);
            }
        }
    }
}
