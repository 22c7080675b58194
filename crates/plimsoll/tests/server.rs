//! A service on a real socket, clients that speak raw HTTP/1.1 or HTTP/2, and what its monitor saw.

use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use plimsoll::window::{RequestKey, RequestSeries, Window};
use plimsoll::{Builder, Monitor};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) monitor: Monitor,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A monitor that the environment of the test run cannot change.
pub(crate) fn build(builder: Builder) -> Monitor {
    builder
        .build_with(std::iter::empty::<(&str, &str)>())
        .unwrap()
}

pub(crate) fn monitor() -> Monitor {
    build(Monitor::builder("test"))
}

impl Server {
    /// Serves `app`, whose layers are its own, over counted connections.
    pub(crate) async fn start(monitor: &Monitor, app: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let listener = monitor.listener(listener);
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            address,
            monitor: monitor.clone(),
            task,
        }
    }

    /// Serves `app` behind the layer of a default monitor.
    pub(crate) async fn layered(app: Router) -> Self {
        let monitor = monitor();
        let app = app.layer(monitor.layer());
        Self::start(&monitor, app).await
    }

    /// Sends a request over a connection of its own, reads to the end, gives back everything as text.
    pub(crate) async fn http1(&self, request_line: &str, headers: &str) -> String {
        self.http1_as("test", request_line, headers, "").await
    }

    /// The same under a name of the server's own, with a body.
    pub(crate) async fn http1_as(
        &self,
        host: &str,
        request_line: &str,
        headers: &str,
        body: &str,
    ) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "{request_line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// Sends a request over HTTP/2 and reads the body to its end; the error's words when it breaks off.
    pub(crate) async fn http2(&self, method: &str, path: &str) -> Result<Bytes, String> {
        let client: Client<HttpConnector, Empty<Bytes>> = Client::builder(TokioExecutor::new())
            .http2_only(true)
            .build_http();
        let uri = format!("http://{}{path}", self.address);
        let request = http::Request::builder()
            .method(method)
            .uri(uri)
            .body(Empty::new())
            .unwrap();
        let response = client
            .request(request)
            .await
            .map_err(|error| error.to_string())?;
        let body = response
            .into_body()
            .collect()
            .await
            .map_err(|error| error.to_string())?;
        Ok(body.to_bytes())
    }

    /// The cumulative window as soon as it is as `expected`. Counts follow the bytes that a client sees by a moment.
    pub(crate) async fn seen(&self, what: &str, expected: impl Fn(&Window) -> bool) -> Window {
        wait_for(what, || async {
            let window = self.monitor.cumulative();
            if expected(&window) {
                Ok(window)
            } else {
                Err(format!("{:#?}", summary(&window)))
            }
        })
        .await
    }

    /// The only series there is, once `outcomes` requests came to their end.
    pub(crate) async fn only_series(&self, outcomes: u64) -> (RequestKey, RequestSeries) {
        let window = self
            .seen("the outcomes of all requests", |window| {
                let ends = |series: &RequestSeries| series.ended + series.cancelled + series.failed;
                window.requests.values().map(ends).sum::<u64>() == outcomes
            })
            .await;
        assert_eq!(window.requests.len(), 1, "{:#?}", summary(&window));
        window.requests.into_iter().next().unwrap()
    }
}

/// Route, method, status and outcomes of each series.
fn summary(window: &Window) -> Vec<String> {
    let line = |(key, series): (&RequestKey, &RequestSeries)| {
        let outcomes = (series.ended, series.cancelled, series.failed);
        format!(
            "{} {} {} n={} {outcomes:?}",
            key.method, key.route, key.status, series.duration.count
        )
    };
    window
        .requests
        .iter()
        .map(line)
        .chain([format!("{:?}", window.server)])
        .collect()
}

/// Asks until there is an answer; fails with the last reason after ten seconds.
pub(crate) async fn wait_for<T, F: Future<Output = Result<T, String>>>(
    what: &str,
    ask: impl Fn() -> F,
) -> T {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(reason) if Instant::now() > deadline => {
                panic!("waited in vain for {what}: {reason}")
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    }
}
