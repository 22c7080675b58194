//! `/metrics`: everything since the monitor began, for a scrape by Prometheus or by what reads OpenMetrics.
//!
//! Names and units are OpenTelemetry's as Prometheus spells them (`http.server.request.duration` in seconds is
//! `http_server_request_duration_seconds`). Two differ, because a name that ends in `_count` is read as part of a
//! histogram: `process_threads`, `process_open_fds` and `process_max_fds`. The compatibility set has the names of common home-made monitors.

mod bounds;
mod compatibility;
mod custom;
mod format;
mod requests;
mod resources;
mod text;

pub use format::Format;

use std::sync::atomic::Ordering::Relaxed;

use crate::clock::Moment;
use crate::config::{Compatibility, Config};
use crate::monitor::Monitor;
use crate::resources::Sample;
use crate::window::Window;
use text::{Kind, Text};

/// What a scrape shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scrape<'a> {
    pub(crate) config: &'a Config,
    /// Since the monitor began.
    pub(crate) total: &'a Window,
    /// The last minute, for what the compatibility set shows as a gauge.
    pub(crate) recent: Option<&'a Window>,
    pub(crate) sample: Option<&'a Sample>,
    /// Critical checks that were asked lately, each with whether it is well.
    pub(crate) checks: &'a [(String, bool)],
    /// Bytes that series take.
    pub(crate) memory_bytes: usize,
    /// Points of windows that were sent, rejected and dropped, where there is an export.
    pub(crate) exported: Option<[(&'static str, u64); 3]>,
}

impl Monitor {
    /// What `/metrics` answers: everything since the monitor was built.
    pub fn render_metrics(&self, format: Format) -> String {
        let now = Moment::now();
        let periphery = &self.inner.periphery;
        let sample = periphery.history.lock().latest().cloned();
        let checks = periphery.health.asked_lately();
        let recent = self.inner.ring.merged_since(now.unix_ns - 60_000_000_000);
        let text = self.inner.registry.with_cumulative(now, |total| {
            let scrape = Scrape {
                config: self.config(),
                total,
                recent: recent.as_ref(),
                sample: sample.as_ref(),
                checks: &checks,
                memory_bytes: self.memory().0,
                exported: self.exported_points(),
            };
            scrape.render(format, periphery.scrape_bytes.load(Relaxed))
        });
        periphery.scrape_bytes.store(text.len(), Relaxed);
        text
    }

    fn exported_points(&self) -> Option<[(&'static str, u64); 3]> {
        #[cfg(feature = "export")]
        if let Some(status) = self.export_status() {
            let sent = ("sent", status.sent_points);
            return Some([
                sent,
                ("rejected", status.rejected_points),
                ("dropped", status.dropped_points),
            ]);
        }
        None
    }
}

impl Scrape<'_> {
    /// The whole answer. `expected_bytes` spares growing a text of the size it had the last time.
    pub(crate) fn render(&self, format: Format, expected_bytes: usize) -> String {
        let mut text = Text::new(format, expected_bytes + expected_bytes / 8);
        self.target(&mut text);
        let counted = requests::counted(self.total);
        requests::write(&mut text, self.total, &counted, self.config.exemplars);
        requests::slow(&mut text, self.total, self.config.thresholds.slow_request);
        if let Some(sample) = self.sample {
            resources::write(&mut text, sample);
        }
        resources::checks(&mut text, self.checks);
        let mut names = custom::Names::reserving(&text);
        custom::functions(&mut text, self.total);
        self.own(&mut text);
        if self.config.compatibility_metrics != Compatibility::Off {
            compatibility::write(&mut text, self, &counted);
        }
        custom::write(&mut text, self.total, &mut names);
        text.finish()
    }

    fn target(&self, text: &mut Text) {
        let optional = [
            ("service_instance_id", &self.config.instance),
            ("service_version", &self.config.version),
            ("vcs_ref_head_revision", &self.config.revision),
            ("deployment_environment_name", &self.config.environment),
        ];
        text.family("target", Kind::Info, None, "The service that answers.");
        let mut labels = text.labels();
        labels.add("service_name", &self.config.service);
        for (name, value) in optional {
            if let Some(value) = value {
                labels.add(name, value);
            }
        }
        text.sample("_info", &labels, 1);
    }

    fn own(&self, text: &mut Text) {
        text.family(
            "plimsoll_dropped",
            Kind::Counter,
            None,
            "What was not recorded, or under a collective label only, because a bound was reached.",
        );
        for (what, count) in self.total.dropped.by_what() {
            let mut labels = text.labels();
            labels.add("what", what);
            text.sample("_total", &labels, count);
        }
        text.family(
            "plimsoll_memory_bytes",
            Kind::Gauge,
            Some("bytes"),
            "Memory that recorded series take.",
        );
        let labels = text.labels();
        text.sample("", &labels, self.memory_bytes as u64);
        if let Some(exported) = self.exported {
            text.family(
                "plimsoll_exported_points",
                Kind::Counter,
                None,
                "Points pushed as OTLP, by what became of them.",
            );
            for (result, points) in exported {
                let mut labels = text.labels();
                labels.add("result", result);
                text.sample("_total", &labels, points);
            }
        }
    }
}

#[cfg(test)]
mod tests;
