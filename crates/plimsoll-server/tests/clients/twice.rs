//! A network that loses the answer: whatever is sent comes to the server twice.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, Uri, header};

#[derive(Clone)]
struct Server {
    url: String,
    client: reqwest::Client,
}

/// Passes everything on to `url`, twice; where it listens.
pub(super) async fn in_front_of(url: &str) -> String {
    let server = Server {
        url: url.to_owned(),
        client: reqwest::Client::new(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(pass_on).with_state(server);
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn pass_on(
    State(server): State<Server>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let mut answers = Vec::new();
    for _ in 0..2 {
        let mut request = server.client.post(format!("{}{uri}", server.url));
        for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING] {
            if let Some(value) = headers.get(&name) {
                request = request.header(name, value);
            }
        }
        let answer = request.body(body.clone()).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answers.push(answer.bytes().await.unwrap());
    }
    let answer = answers.swap_remove(1);
    let content_type = headers[header::CONTENT_TYPE].clone();
    let response = Response::builder().header(header::CONTENT_TYPE, content_type);
    response.body(Body::from(answer)).unwrap()
}
