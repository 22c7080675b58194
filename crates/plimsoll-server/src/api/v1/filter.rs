//! Conditions on tags, as they are sent.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json};
use utoipa::openapi::Schema;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, SchemaType, Type,
};

use crate::http::problem::{Answer, Problem};
use crate::store::query::{Condition, TagFilter};

/// Most conditions of a query.
const MAX_CONDITIONS: usize = 64;

/// `{"tag": condition, …}`, where a condition is a value, `{"ne": …}`, `{"re": …}`, `{"nre": …}` or a list of these.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Filter {
    Text(String),
    Each(Vec<Filter>),
    By(Pairs<Filter>),
    Other(Json),
}

/// The members of an object as they were sent: a name that comes twice is there twice.
#[derive(Debug)]
pub(super) struct Pairs<V>(Vec<(String, V)>);

impl Default for Filter {
    fn default() -> Self {
        Self::By(Pairs(Vec::new()))
    }
}

impl Filter {
    /// One more condition, written `tag=value`, `tag!=value`, `tag=~regex` or `tag!~regex`.
    ///
    /// # Errors
    /// 400 when it is none.
    pub(super) fn add_param(&mut self, text: &str) -> Answer<()> {
        let (tag, condition) = param(text).ok_or_else(|| {
            let detail = "filter must be tag=value, tag!=value, tag=~regex or tag!~regex";
            Problem::bad_field("filter", text, detail)
        })?;
        if let Self::By(Pairs(conditions)) = self {
            conditions.push((tag, condition));
        }
        Ok(())
    }

    /// All conditions; every one must hold.
    ///
    /// # Errors
    /// 400, naming the tag and what was sent.
    pub(super) fn conditions(self) -> Answer<Vec<TagFilter>> {
        let mut found = Vec::new();
        match self {
            Self::By(Pairs(tags)) => {
                for (tag, condition) in tags {
                    if tag.is_empty() {
                        let detail = "filter has a condition without a tag";
                        return Err(Problem::bad_field("filter", condition.json(), detail));
                    }
                    condition.collect(&tag, &mut found)?;
                }
            }
            Self::Other(Json::Null) => {}
            other => {
                let detail = "filter must be an object of tags and what they must be";
                return Err(Problem::bad_field("filter", other.json(), detail));
            }
        }
        if found.len() > MAX_CONDITIONS {
            let detail = format!("filter may have {MAX_CONDITIONS} conditions");
            let problem = Problem::bad_field("filter", found.len(), detail);
            return Err(problem.with("limit", MAX_CONDITIONS));
        }
        Ok(found)
    }

    fn collect(self, tag: &str, found: &mut Vec<TagFilter>) -> Answer<()> {
        let mut add = |condition| {
            found.push(TagFilter {
                tag: tag.to_owned(),
                condition,
            });
        };
        match self {
            Self::Text(value) => add(Condition::Equal(value)),
            Self::Each(conditions) => {
                for condition in conditions {
                    condition.collect(tag, found)?;
                }
            }
            Self::By(Pairs(operators)) if !operators.is_empty() => {
                for (operator, operand) in operators {
                    add(condition(tag, &operator, operand)?);
                }
            }
            other => return Err(not_understood(tag, other.json())),
        }
        Ok(())
    }

    /// As it was sent, for an error.
    fn json(&self) -> Json {
        match self {
            Self::Text(text) => Json::from(text.as_str()),
            Self::Each(all) => all.iter().map(Self::json).collect(),
            Self::By(Pairs(pairs)) => {
                let pairs = pairs.iter().map(|(name, one)| (name.clone(), one.json()));
                Json::Object(pairs.collect::<Map<_, _>>())
            }
            Self::Other(other) => other.clone(),
        }
    }
}

/// The shape of all conditions.
pub(super) fn conditions() -> Object {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let compared = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("ne", text())
        .property("re", text())
        .property("nre", text())
        .min_properties(Some(1))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .build();
    let one = || OneOfBuilder::new().item(text()).item(compared.clone());
    let several = ArrayBuilder::new().items(one());
    let any = one().item(several).build();
    let meaning = "By tag, what it must be: a text, or `ne` (another), `re` (matched by a regular expression), `nre` (not \
                   matched), or a list of these that must all hold";
    ObjectBuilder::new()
        .schema_type(SchemaType::Array(vec![Type::Object, Type::Null]))
        .additional_properties(Some(AdditionalProperties::RefOr(Schema::from(any).into())))
        .description(Some(meaning))
        .build()
}

fn condition(tag: &str, operator: &str, operand: Filter) -> Answer<Condition> {
    let Filter::Text(text) = operand else {
        return Err(not_understood(tag, operand.json()));
    };
    Ok(match operator {
        "ne" => Condition::NotEqual(text),
        "re" => Condition::Match(regex(tag, &text)?),
        "nre" => Condition::NoMatch(regex(tag, &text)?),
        _ => return Err(not_understood(tag, Json::from(operator))),
    })
}

fn regex(tag: &str, text: &str) -> Answer<regex::Regex> {
    // Built from untrusted text: the size bound keeps a small pattern from growing to a huge program.
    let built = regex::RegexBuilder::new(text).size_limit(1 << 20).build();
    built.map_err(|error| {
        let detail = format!("bad regular expression: {error}");
        Problem::bad_field(&format!("filter.{tag}"), text, detail)
    })
}

fn not_understood(tag: &str, value: Json) -> Problem {
    let detail = r#"a tag is compared with a text, {"ne": text}, {"re": regex}, {"nre": regex} or a list of these"#;
    Problem::bad_field(&format!("filter.{tag}"), value, detail)
}

fn param(text: &str) -> Option<(String, Filter)> {
    let at = text.find(['=', '!']).filter(|at| *at > 0)?;
    let (tag, rest) = text.split_at(at);
    let by = |operator: &str, text: &str| {
        let operand = Filter::Text(text.to_owned());
        Filter::By(Pairs(vec![(operator.to_owned(), operand)]))
    };
    let filter = if let Some(text) = rest.strip_prefix("=~") {
        by("re", text)
    } else if let Some(text) = rest.strip_prefix("!~") {
        by("nre", text)
    } else if let Some(text) = rest.strip_prefix("!=") {
        by("ne", text)
    } else {
        Filter::Text(rest.strip_prefix('=')?.to_owned())
    };
    Some((tag.to_owned(), filter))
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for All<V> {
            type Value = Pairs<V>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Pairs<V>, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(All(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(text: &str) -> Result<Vec<String>, String> {
        let filter: Filter = serde_json::from_str(text).unwrap();
        let found = filter
            .conditions()
            .map_err(|problem| problem.detail().to_owned())?;
        let told = found.into_iter().map(|TagFilter { tag, condition }| {
            let condition = match condition {
                Condition::Equal(value) => format!("={value}"),
                Condition::NotEqual(value) => format!("!={value}"),
                Condition::Match(regex) => format!("=~{regex}"),
                Condition::NoMatch(regex) => format!("!~{regex}"),
            };
            tag + &condition
        });
        Ok(told.collect())
    }

    #[test]
    fn every_condition_of_a_tag_counts() {
        let all = |text| conditions(text).unwrap();
        assert_eq!(
            all(r#"{"h": {"ne": "a"}, "h": {"ne": "b"}}"#),
            ["h!=a", "h!=b"]
        );
        assert_eq!(all(r#"{"h": ["a", {"nre": "b"}]}"#), ["h=a", "h!~b"]);
        assert_eq!(
            all(r#"{"h": {"ne": "a", "ne": "b", "re": "c"}}"#),
            ["h!=a", "h!=b", "h=~c"]
        );
        assert_eq!(all("{}"), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for text in [
            r#"{"h": 1}"#,
            r#"{"h": {}}"#,
            r#"{"h": {"eq": "a"}}"#,
            r#"{"h": {"ne": ["a"]}}"#,
            r#"{"": "a"}"#,
            r#"["h"]"#,
            r#""h=a""#,
        ] {
            assert!(conditions(text).is_err(), "{text}");
        }
    }
}
