//! The shape of an error answer.

use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};

/// Name of the shape in the document.
pub(super) const NAME: &str = "Problem";

/// RFC 9457's members, and ours beside them.
pub(super) fn named() -> (String, RefOr<Schema>) {
    let status = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
        .minimum(Some(400))
        .maximum(Some(599))
        .description(Some("Status of the answer"));
    let problem = ObjectBuilder::new()
        .description(Some(
            "What is wrong (RFC 9457); some problems have further members",
        ))
        .property("type", text("`about:blank`: the title says it"))
        .property("title", text("What the status means"))
        .property("status", status.build())
        .property("code", text("For programs: it never changes"))
        .property("detail", text("For people"))
        .property(
            "field",
            text("The field, parameter or header that cannot be used"),
        )
        .property(
            "value",
            ObjectBuilder::new()
                .schema_type(SchemaType::AnyValue)
                .description(Some("Its value"))
                .build(),
        )
        .required("type")
        .required("title")
        .required("status")
        .required("code")
        .required("detail")
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .examples([serde_json::json!({
            "type": "about:blank", "title": "Bad Request", "status": 400, "code": "invalid",
            "detail": "limit must be 1 to 1000", "field": "limit", "value": 0,
        })]);
    (NAME.to_owned(), Schema::Object(problem.build()).into())
}

fn text(meaning: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(meaning))
        .build()
}
