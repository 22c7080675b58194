//! Sends rows to a server as line protocol.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use crate::rows::Rows;
use crate::subject::Running;

/// What was sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    pub rows: u64,
    pub values: u64,
    pub text_bytes: u64,
    pub took: Duration,
}

/// So many connections write at the same time.
const WRITERS: usize = 4;

/// Sends all `rows`, `lines` to a request; each request must be acknowledged.
pub async fn load(server: &Running, rows: Rows, lines: usize) -> anyhow::Result<Sent> {
    let started = Instant::now();
    let (sender, receiver) = mpsc::channel(8);
    let receiver = Arc::new(Mutex::new(receiver));
    let maker = std::thread::spawn(move || make_requests(rows, lines, &sender));

    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let mut connection = server.connect().await?;
        let receiver = Arc::clone(&receiver);
        let path = server.subject.write_path();
        writers.spawn(async move {
            loop {
                let request: Option<Bytes> = receiver.lock().await.recv().await;
                let Some(body) = request else {
                    return anyhow::Ok(());
                };
                connection.post(path, "text/plain", body).await?;
            }
        });
    }
    // Without it the maker would wait for ever, should every writer fail.
    drop(receiver);
    while let Some(ended) = writers.join_next().await {
        ended??;
    }
    let mut sent = maker.join().expect("the maker of rows does not panic");
    sent.took = started.elapsed();
    Ok(sent)
}

fn make_requests(mut rows: Rows, lines: usize, sender: &mpsc::Sender<Bytes>) -> Sent {
    let mut sent = Sent::default();
    let (mut tick, mut text, mut held) = (Vec::new(), String::new(), 0);
    while rows.next_tick(&mut tick) {
        for row in &tick {
            rows.write_line(row, &mut text);
            sent.rows += 1;
            sent.values += rows.series[row.series].measurement.fields.len() as u64;
            held += 1;
            if held == lines {
                held = 0;
                sent.text_bytes += text.len() as u64;
                let body = Bytes::from(std::mem::take(&mut text));
                if sender.blocking_send(body).is_err() {
                    return sent;
                }
            }
        }
    }
    sent.text_bytes += text.len() as u64;
    if !text.is_empty() {
        // A closed channel is a writer that failed, which is reported there.
        let _ = sender.blocking_send(text.into());
    }
    sent
}
