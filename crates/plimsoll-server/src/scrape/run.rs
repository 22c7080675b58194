//! Asks every target at its moments and writes what they bring.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::client::{Client, Failure};
use super::context::{Context, Format};
use super::moments::Moments;
use super::page::{Answer, Page};
use super::target::{Scrape, Target};
use crate::ingest;
use crate::outward::Shared;
use crate::state::App;
use crate::store::key;
use crate::store::series::SeriesIndex;
use crate::store::table::{Column, Kind, Nanos, Table, Values};
use crate::tasks::Stop;
use crate::tick;

/// How often it is looked whether rows are to be written.
const LOOK: Duration = Duration::from_secs(1);
/// Smaller answers are read where they arrive; larger ones on a thread that may be busy for milliseconds.
const INLINE_BYTES: usize = 64 << 10;

/// Scrapes until told to stop; what was scraped by then is written.
///
/// # Errors
/// When one of the targets' loops ended on its own.
pub async fn run(app: App, mut stop: Stop) -> anyhow::Result<()> {
    if app.scrapes.targets().is_empty() {
        stop.wait().await;
        return Ok(());
    }
    // Dropping the set ends the loops.
    let mut loops = JoinSet::new();
    let tls = Shared::default();
    for target in app.scrapes.targets() {
        loops.spawn(ask_for_ever(app.clone(), target.clone(), tls.clone()));
    }
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.wait() => break,
            ended = loops.join_next() => {
                if let Some(ended) = ended {
                    ended.context("the loop of a target failed")?;
                }
                anyhow::bail!("the loop of a target ended");
            }
            _ = look.tick() => {
                if app.scrapes.pending.lock().is_due(Instant::now()) {
                    write(&app).await;
                }
            }
        }
    }
    loops.shutdown().await;
    write(&app).await;
    Ok(())
}

/// Puts on disk what waits. What cannot be written is lost and counted: the next scrape brings the totals again.
async fn write(app: &App) {
    loop {
        let batch = app.scrapes.pending.lock().take();
        let rows = ingest::rows(&batch);
        if rows == 0 {
            return;
        }
        if ingest::append(app, batch).await.is_err() {
            app.ingest.scraped_lost(rows);
        }
    }
}

async fn ask_for_ever(app: App, target: Arc<Target>, tls: Shared) {
    let moments = Moments::of(&target.config);
    let mut page = Page::new(&target.config);
    let mut client = Client::new(tls);
    loop {
        let now = tick::now();
        let due = moments.after(now);
        tokio::time::sleep(Duration::from_nanos((due - now).unsigned_abs())).await;
        let started = tick::now();
        let begun = Instant::now();
        let time = moments.time(due, started);
        let timeout = target.config.timeout;
        let fetched = tokio::time::timeout(timeout, client.fetch(&target.config)).await;
        let fetched = fetched.unwrap_or(Err(Failure::TimeOut(timeout.as_secs())));
        let (answer, error) = match fetched {
            Ok((text, format)) => {
                let read;
                (page, client, read) = read_answer(&app, page, client, text, format, time).await;
                (read, None)
            }
            Err(failure) => {
                page.missed();
                (Answer::default(), Some(failure.to_string()))
            }
        };
        let Answer {
            mut tables,
            samples,
            added,
            refusals,
        } = answer;
        app.ingest.scraped(&refusals);
        let scrape = Scrape {
            time,
            took: begun.elapsed(),
            samples,
            added,
            refusals,
            error,
        };
        tables.extend(own(&app, &page, &scrape));
        let rows: usize = tables.iter().map(|table| table.times.len()).sum();
        if !app.scrapes.pending.lock().add(tables, Instant::now()) {
            app.ingest.scraped_lost(rows);
        }
        target.note(scrape);
    }
}

async fn read_answer(
    app: &App,
    mut page: Page,
    mut client: Client,
    text: Vec<u8>,
    format: Format,
    time: Nanos,
) -> (Page, Client, Answer) {
    let now = tick::now();
    let store = app.store.clone();
    let is_small = text.len() <= INLINE_BYTES;
    let work = move || {
        let context = Context {
            store: &store,
            text: &text,
            format,
            time,
            now,
        };
        let answer = page.read(&context);
        (page, text, answer)
    };
    let (page, text, answer) = match is_small {
        true => work(),
        false => match tokio::task::spawn_blocking(work).await {
            Ok(read) => read,
            // As if it had happened here: the loop ends and its supervisor tells why.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime stops, and with it this.
            Err(_) => std::future::pending().await,
        },
    };
    client.recycle(text);
    (page, client, answer)
}

/// What the server itself says of each scrape, under Prometheus's names; also of those that failed.
pub(crate) const OWN: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_refused",
    "scrape_series_added",
];

fn own(app: &App, page: &Page, scrape: &Scrape) -> Vec<Table> {
    let up = f64::from(u8::from(scrape.error.is_none()));
    let count = |number: u64| number as f64;
    let values = [
        up,
        scrape.took.as_secs_f64(),
        count(scrape.samples),
        count(scrape.refusals.count),
        count(scrape.added),
    ];
    let table = |(name, value): (&'static str, f64)| {
        let key = key::encode(name, &page.tags);
        let Ok(series) = app.store.series().intern_own(&key, SeriesIndex::OWN_ROOM) else {
            app.ingest.own_left_out(1);
            return None;
        };
        Some(Table {
            measurement: name.into(),
            series: vec![series.id()],
            times: vec![scrape.time],
            columns: vec![Column {
                name: "value".into(),
                kind: Kind::Gauge,
                values: Values::F64(vec![value]),
                present: None,
            }],
        })
    };
    OWN.into_iter().zip(values).filter_map(table).collect()
}
