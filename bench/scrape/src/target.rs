//! Serves the page; each answer was made before it is asked for.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::page::Page;

/// A target that runs until the process ends.
pub struct Target {
    /// Address and port.
    pub host: String,
    served: Arc<AtomicU64>,
}

impl Target {
    pub fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let host = listener.local_addr()?.to_string();
        let served = Arc::new(AtomicU64::new(0));
        let counted = served.clone();
        std::thread::spawn(move || {
            // Whoever scrapes keeps one connection; the next program comes with another.
            let mut page = Page::new();
            for stream in listener.incoming().flatten() {
                serve(stream, &mut page, &counted);
            }
        });
        Ok(Self { host, served })
    }

    /// Pages served so far.
    pub fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }
}

fn serve(mut stream: TcpStream, page: &mut Page, served: &AtomicU64) {
    let _ = stream.set_nodelay(true);
    loop {
        page.step();
        let body = page.text();
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        if read_head(&mut stream).is_none() || stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
        served.fetch_add(1, Ordering::Relaxed);
    }
}

fn read_head(stream: &mut TcpStream) -> Option<()> {
    let mut head = Vec::new();
    let mut piece = [0; 4_096];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(length) => head.extend_from_slice(&piece[..length]),
        }
    }
    Some(())
}
