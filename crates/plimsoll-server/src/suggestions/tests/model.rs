//! What stands for a model: it speaks as OpenAI's interface does, over real sockets, and says what it is told to say.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response, Uri};
use futures_util::StreamExt as _;
use parking_lot::Mutex;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// What it answers.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// A good answer with this text.
    Says(&'static str),
    /// A status with a body.
    Status(u16, String),
    /// A redirect to there.
    Moved(String),
    /// 200 with this body.
    Body(String),
    /// Nothing.
    Hangs,
    /// 200, the begin of a body, and nothing more.
    HangsMidway,
    /// 200, and a body without end.
    NeverEnds,
}

/// What it was asked.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) authorization: String,
    pub(super) body: String,
}

/// The endpoint.
pub(super) struct Model {
    /// As it is configured.
    pub(super) url: String,
    reply: Arc<Mutex<Reply>>,
    asked: mpsc::UnboundedReceiver<Asked>,
    questions: Arc<AtomicUsize>,
}

impl Model {
    pub(super) async fn new(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (sender, asked) = mpsc::unbounded_channel();
        let reply = Arc::new(Mutex::new(reply));
        let questions = Arc::new(AtomicUsize::new(0));
        let (replying, counting) = (reply.clone(), questions.clone());
        let answer = move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let authorization = headers.get("authorization");
            let authorization = authorization.map(|value| value.to_str().unwrap().to_owned());
            let asked = Asked {
                path: uri.to_string(),
                authorization: authorization.unwrap_or_default(),
                body: String::from_utf8(body.to_vec()).unwrap(),
            };
            counting.fetch_add(1, Ordering::SeqCst);
            // Whoever does not look at what was asked does not mind.
            let _ = sender.send(asked);
            let reply = replying.lock().clone();
            async move { answer(reply).await }
        };
        let router: Router = Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            url,
            reply,
            asked,
            questions,
        }
    }

    /// The next question.
    pub(super) async fn asked(&mut self) -> Asked {
        self.asked.recv().await.unwrap()
    }

    /// How many there were.
    pub(super) fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }

    /// Answers so from now on.
    pub(super) fn set(&self, reply: Reply) {
        *self.reply.lock() = reply;
    }
}

async fn answer(reply: Reply) -> Response<Body> {
    let with = |status: u16, body: Body| Response::builder().status(status).body(body).unwrap();
    match reply {
        Reply::Says(text) => {
            let message = json!({"role": "assistant", "content": text});
            let answer = json!({
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1_774_569_600, "model": "small",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
            });
            with(200, answer.to_string().into())
        }
        Reply::Status(status, body) => with(status, body.into()),
        Reply::Moved(to) => {
            let moved = Response::builder().status(307).header("location", to);
            moved.body(Body::empty()).unwrap()
        }
        Reply::Body(body) => with(200, body.into()),
        Reply::Hangs => std::future::pending().await,
        Reply::HangsMidway => {
            let begin = futures_util::stream::iter([Ok::<_, std::io::Error>("{\"choices\":")]);
            with(
                200,
                Body::from_stream(begin.chain(futures_util::stream::pending())),
            )
        }
        Reply::NeverEnds => {
            let more =
                futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(" ".repeat(4_096)));
            with(200, Body::from_stream(more))
        }
    }
}
