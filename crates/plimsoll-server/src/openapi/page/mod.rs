//! The document as a page: plain HTML with anchors, made from the document alone. It runs nothing and asks nobody.

mod curl;
mod shape;

use serde_json::Value;

use crate::http::html::{Html, escaped};

/// The styles, from a path of their own so that the page needs no inline ones.
pub(super) const STYLE: &str = include_str!("page.css");

/// Methods in the order in which they are shown.
const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// An operation and where it stands.
struct Operation<'d> {
    method: &'d str,
    path: &'d str,
    told: &'d Value,
}

/// The whole page.
pub(super) fn page(document: &Value) -> String {
    let mut html = Html::default();
    let title = text(&document["info"]["title"]);
    html.push("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
    html.push("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    html.element("title", &format!("{title} API"));
    html.push("<link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body><header>");
    html.element(
        "h1",
        &format!("{title} API {}", text(&document["info"]["version"])),
    );
    html.prose(text(&document["info"]["description"]));
    html.push(
        "<p>For programs: <a href=\"/openapi.json\">/openapi.json</a> (OpenAPI 3.1).</p></header>",
    );
    let areas = areas(document);
    contents(&mut html, &areas);
    html.push("<main>");
    for (tag, operations) in &areas {
        html.push(&format!("<section id=\"{}\">", escaped(text(&tag["name"]))));
        html.element("h2", text(&tag["name"]));
        html.prose(text(&tag["description"]));
        for operation in operations {
            self::operation(&mut html, document, operation);
        }
        html.push("</section>");
    }
    html.push("<section id=\"shapes\">");
    html.element("h2", "Shapes");
    for (name, schema) in members(&document["components"]["schemas"]) {
        shape::named(&mut html, name, schema);
    }
    html.push("</section></main></body></html>");
    html.done()
}

/// The operations of each area, in the order of the areas.
fn areas(document: &Value) -> Vec<(&Value, Vec<Operation<'_>>)> {
    let tags = document["tags"].as_array().into_iter().flatten();
    let of = |tag: &Value| {
        let paths = members(&document["paths"]);
        let all = paths.flat_map(|(path, item)| {
            METHODS.iter().filter_map(move |method| {
                let told = item.get(method)?;
                Some(Operation { method, path, told })
            })
        });
        all.filter(|operation| {
            texts(&operation.told["tags"]).any(|name| name == text(&tag["name"]))
        })
        .collect()
    };
    tags.map(|tag| (tag, of(tag))).collect()
}

fn contents(html: &mut Html, areas: &[(&Value, Vec<Operation<'_>>)]) {
    html.push("<nav aria-label=\"Contents\">");
    for (tag, operations) in areas {
        let name = escaped(text(&tag["name"]));
        html.push(&format!("<h2><a href=\"#{name}\">{name}</a></h2><ul>"));
        for operation in operations {
            let id = escaped(text(&operation.told["operationId"]));
            let method = operation.method.to_ascii_uppercase();
            let path = escaped(operation.path);
            html.push(&format!(
                "<li><a href=\"#{id}\"><b>{method}</b> {path}</a></li>"
            ));
        }
        html.push("</ul>");
    }
    html.push("<h2><a href=\"#shapes\">shapes</a></h2></nav>");
}

fn operation(html: &mut Html, document: &Value, operation: &Operation<'_>) {
    let Operation { method, path, told } = operation;
    let id = escaped(text(&told["operationId"]));
    html.push(&format!("<article id=\"{id}\">"));
    html.push(&format!(
        "<h3><a href=\"#{id}\"><b class=\"{method}\">{}</b> <code>{}</code></a></h3>",
        method.to_ascii_uppercase(),
        escaped(path)
    ));
    html.prose(text(&told["summary"]));
    html.prose(text(&told["description"]));
    parameters(html, &told["parameters"]);
    let body = &told["requestBody"];
    if !body.is_null() {
        html.element("h4", "Body");
        html.prose(text(&body["description"]));
        contents_of(html, &body["content"]);
    }
    html.element("h4", "Answers");
    html.push("<dl>");
    for (status, answer) in members(&told["responses"]) {
        html.element("dt", status);
        html.push("<dd>");
        html.prose(text(&answer["description"]));
        contents_of(html, &answer["content"]);
        html.push("</dd>");
    }
    html.push("</dl>");
    html.element("h4", "Example");
    html.element("pre", &curl::example(document, method, path, told));
    html.push("</article>");
}

fn parameters(html: &mut Html, parameters: &Value) {
    let Some(parameters) = parameters.as_array().filter(|all| !all.is_empty()) else {
        return;
    };
    html.element("h4", "Parameters");
    html.push("<table><tbody>");
    for parameter in parameters {
        html.push("<tr><th scope=\"row\">");
        html.element("code", text(&parameter["name"]));
        html.push("</th><td>");
        let place = text(&parameter["in"]);
        let needed = match parameter["required"] == true {
            true => ", required",
            false => "",
        };
        html.push(&format!(
            "<span>{place}{needed}: {}</span>",
            shape::words(&parameter["schema"])
        ));
        html.prose(text(&parameter["description"]));
        html.push("</td></tr>");
    }
    html.push("</tbody></table>");
}

fn contents_of(html: &mut Html, content: &Value) {
    for (kind, media) in members(content) {
        html.push("<p>");
        html.element("code", kind);
        html.push(&format!(" {}</p>", shape::words(&media["schema"])));
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The texts of a list.
fn texts(list: &Value) -> impl Iterator<Item = &str> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(Value::as_str)
}
