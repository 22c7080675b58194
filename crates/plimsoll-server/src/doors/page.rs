//! What a person reads who comes with a browser and is not let in.

use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

/// Whether a person asks: a browser that wants a page.
pub fn is_wanted(method: &Method, headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    *method == Method::GET
        && accept.is_some_and(|kinds| {
            kinds
                .to_str()
                .is_ok_and(|kinds| kinds.contains("text/html"))
        })
}

/// Whether the browser came here from another site's link: then it keeps a strict cookie to itself, and is to ask once more.
pub fn came_by_link(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .is_some_and(|site| site == "cross-site")
}

/// How to log in. `why` is a sentence, without markup.
pub fn how_to_log_in(status: StatusCode, why: &str, asks_again: bool) -> Response {
    let again = match asks_again {
        true => r#"<meta http-equiv="refresh" content="0">"#,
        false => "",
    };
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">{again}\
         <title>Plimsoll: log in</title></head><body><main><h1>Log in to Plimsoll</h1><p>{why}</p>\
         <p>On the machine where the server runs, as the user who runs it:</p>\
         <pre><code>plimsoll login</code></pre>\
         <p>It prints a link that logs this browser in. With an access token, from anywhere:</p>\
         <pre><code>PLIMSOLL_TOKEN_FILE=token plimsoll login --url URL</code></pre></main></body></html>"
    );
    (status, Html(page)).into_response()
}
