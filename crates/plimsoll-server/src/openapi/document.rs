//! The document as it is sent: made once, when it is first asked for.

use std::fmt;
use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::{page, sweep};

/// The interface of one server.
#[derive(Default)]
pub struct Document {
    source: OnceLock<OpenApi>,
    sent: OnceLock<Sent>,
}

#[derive(Debug)]
struct Sent {
    json: Bytes,
    page: Bytes,
}

impl Document {
    /// Takes what the router describes; the first word counts.
    pub fn set(&self, source: OpenApi) {
        let _ = self.source.set(source);
    }

    /// As JSON.
    pub fn json(&self) -> Bytes {
        self.sent().json.clone()
    }

    /// As a page.
    pub fn page(&self) -> Bytes {
        self.sent().page.clone()
    }

    fn sent(&self) -> &Sent {
        self.sent.get_or_init(|| {
            let document = self.value();
            Sent {
                page: page::page(&document).into(),
                json: document.to_string().into(),
            }
        })
    }

    fn value(&self) -> Value {
        let source = self.source.get().map(serde_json::to_value);
        let mut document = source.and_then(Result::ok).unwrap_or_default();
        sweep::sweep(&mut document);
        document
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Document").finish_non_exhaustive()
    }
}
