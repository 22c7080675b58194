//! One connection that is driven while somebody waits for it: no task watches it.

use std::pin::Pin;
use std::task::Poll;

use axum::http::{Request, Response};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::{Believed, Failure, Tls};

/// A connection that has been made.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Connection {
    /// Connects; with TLS if somebody is to be believed.
    ///
    /// # Errors
    /// Nobody there, or nobody who is believed.
    pub async fn open(
        host: &str,
        port: u16,
        believed: Option<&Believed>,
        tls: &mut Tls,
    ) -> Result<Self, Failure> {
        let stream = TcpStream::connect((host, port))
            .await
            .map_err(Failure::Connect)?;
        // Only makes it slower.
        let _ = stream.set_nodelay(true);
        match believed {
            None => begin(stream).await,
            Some(believed) => begin(tls.connect(believed, host, stream).await?).await,
        }
    }

    /// The head of the answer to a request.
    ///
    /// # Errors
    /// A connection that broke.
    pub async fn ask(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Failure> {
        let answer = self.sender.send_request(request);
        self.drive(answer).await.map_err(broken)
    }

    /// Whether it cannot be asked again.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Waits for `wanted`, which comes over this connection.
    pub async fn drive<T>(&mut self, wanted: impl Future<Output = T>) -> T {
        let mut wanted = std::pin::pin!(wanted);
        let driver = &mut self.driver;
        std::future::poll_fn(|context| {
            if let Poll::Ready(done) = wanted.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            // When it ends, what is waited for hears of it, too: ask once more.
            if driver.as_mut().poll(context).is_ready() {
                *driver = Box::pin(std::future::pending());
            }
            wanted.as_mut().poll(context)
        })
        .await
    }
}

async fn begin<S>(stream: S) -> Result<Connection, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, driver) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let driver = Box::pin(async move {
        // Whatever ended it, the request under way tells.
        let _ = driver.await;
    });
    Ok(Connection { sender, driver })
}

/// With the cause, which hyper does not tell by itself.
pub fn broken(error: hyper::Error) -> Failure {
    use std::error::Error as _;
    let cause = error
        .source()
        .map(|cause| format!(": {cause}"))
        .unwrap_or_default();
    Failure::Http(format!("{error}{cause}"))
}
