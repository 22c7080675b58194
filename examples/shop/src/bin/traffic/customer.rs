//! What a customer does, and how the shop's answer is timed.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, StatusCode, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// What stands for the route of requests that the shop has none for.
pub(crate) const NO_ROUTE: &str = "<unmatched>";

/// One request that a customer makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) method: Method,
    /// The route as the shop wrote it, or [`NO_ROUTE`].
    pub(crate) route: &'static str,
    path: String,
    body: String,
    /// Leaves while the answer is still coming in.
    impatient: bool,
}

impl Wish {
    /// Draws what the next customer does.
    pub(crate) fn draw(chance: &mut fastrand::Rng) -> Self {
        const WORDS: [&str; 4] = ["hemp", "steel", "for mooring", "100 m long"];
        let get = |route, path: String| Self {
            method: Method::GET,
            route,
            path,
            body: String::new(),
            impatient: false,
        };
        match chance.u32(..100) {
            // One in twenty of these asks for a product that the shop never had.
            0..40 => get(
                "/products/{id}",
                format!("/products/{}", chance.u32(1..52_500)),
            ),
            40..64 => Self {
                method: Method::POST,
                body: format!(
                    r#"{{"customer":"customer {}","product":{},"quantity":{}}}"#,
                    chance.u32(..300),
                    chance.u32(1..50_000),
                    // Nobody can be sold nothing.
                    chance.u32(..30),
                ),
                ..get("/checkout", "/checkout".into())
            },
            64..78 => get("/orders", "/orders".into()),
            78..88 => get("/recommendations", "/recommendations".into()),
            88..94 => {
                let word = WORDS[chance.usize(..WORDS.len())].replace(' ', "%20");
                get("/search", format!("/search?q={word}"))
            }
            94..97 => Self {
                impatient: chance.u8(..4) == 0,
                ..get("/export/products.csv", "/export/products.csv".into())
            },
            _ => get(NO_ROUTE, format!("/{:x}.php", chance.u64(..))),
        }
    }
}

/// The shop's answer to a [`Wish`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    /// From sending the request to the head of the answer.
    pub(crate) latency: Duration,
    /// From arrival to head, as the shop's own stopwatch has it (`shop --stopwatch`).
    pub(crate) stopwatch_secs: Option<f64>,
    /// Whether the body came to its end; not so when the customer left.
    pub(crate) ended: bool,
}

/// Asks one shop, over connections that are kept.
pub(crate) struct Customer {
    client: Client<HttpConnector, Full<Bytes>>,
    shop: String,
}

impl Customer {
    pub(crate) fn new(shop: &str) -> anyhow::Result<Self> {
        let shop = shop.trim_end_matches('/').to_owned();
        shop.parse::<hyper::Uri>()
            .with_context(|| format!("`{shop}` is no URL"))?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            shop,
        })
    }

    /// The body of whatever `path` answers; not timed, not counted.
    pub(crate) async fn read(&self, path: &str) -> anyhow::Result<Bytes> {
        let answer = self
            .client
            .get(format!("{}{path}", self.shop).parse()?)
            .await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        anyhow::ensure!(
            status.is_success(),
            "{path} answered {status}: {}",
            String::from_utf8_lossy(&body)
        );
        Ok(body)
    }

    pub(crate) async fn ask(&self, wish: &Wish) -> anyhow::Result<Answered> {
        let request = Request::builder()
            .method(&wish.method)
            .uri(format!("{}{}", self.shop, wish.path))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(wish.body.clone()))?;
        let started = Instant::now();
        let answer = self.client.request(request).await?;
        let latency = started.elapsed();
        let status = answer.status();
        let stopwatch = answer.headers().get("x-shop-seconds");
        let stopwatch_secs = stopwatch.and_then(|seconds| seconds.to_str().ok()?.parse().ok());
        let answered = |ended| Answered {
            status,
            latency,
            stopwatch_secs,
            ended,
        };
        let mut body = answer.into_body();
        while let Some(frame) = body.frame().await {
            frame?;
            if wish.impatient {
                return Ok(answered(false));
            }
        }
        Ok(answered(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_customers() {
        let draw = |seed| {
            let mut chance = fastrand::Rng::with_seed(seed);
            (0..50).map(|_| Wish::draw(&mut chance)).collect::<Vec<_>>()
        };
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
    }
}
