//! Writes families of samples in either format.

use super::bounds::{Bounds, Cumulative};
use super::format::Format;
use crate::window::Exemplar;

/// The answer as it grows.
#[derive(Debug)]
pub(super) struct Text {
    format: Format,
    out: String,
    /// Name of the open family, without the suffixes of samples.
    family: String,
    /// Start of a line, used for each line of a histogram.
    prefix: String,
    /// Names used so far.
    names: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Samples end in `_total`.
    Counter,
    Gauge,
    /// Samples end in `_bucket`, `_count`, `_sum`.
    Histogram,
    /// The sample ends in `_info`.
    Info,
}

/// `a="1",b="2"`, escaped.
#[derive(Debug)]
pub(super) struct Labels(String);

impl Default for Labels {
    fn default() -> Self {
        // Room for those of a request.
        Self(String::with_capacity(160))
    }
}

/// What a sample may be.
pub(super) trait Value {
    fn write(self, out: &mut String);
}

impl Value for u64 {
    fn write(self, out: &mut String) {
        out.push_str(itoa::Buffer::new().format(self));
    }
}

impl Value for f64 {
    fn write(self, out: &mut String) {
        use std::fmt::Write;
        if self == f64::INFINITY {
            out.push_str("+Inf");
        } else if self == f64::NEG_INFINITY {
            out.push_str("-Inf");
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "{self}");
        }
    }
}

impl Labels {
    pub(super) fn add(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(name);
        self.0.push_str("=\"");
        escape(&mut self.0, value, true);
        self.0.push('"');
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Text {
    pub(super) fn new(format: Format, expected_bytes: usize) -> Self {
        Self {
            format,
            out: String::with_capacity(expected_bytes.max(16 << 10)),
            family: String::new(),
            prefix: String::new(),
            names: Vec::new(),
        }
    }

    pub(super) fn labels(&self) -> Labels {
        Labels::default()
    }

    /// Opens a family; its samples follow. A `unit` must be the end of the name.
    pub(super) fn family(&mut self, name: &str, kind: Kind, unit: Option<&str>, help: &str) {
        self.family.clear();
        self.family.push_str(name);
        self.names.push(name.to_owned());
        let is_open_metrics = self.format == Format::OpenMetrics;
        // The older format names the samples, the newer one the family.
        let suffix = match kind {
            Kind::Counter if !is_open_metrics => "_total",
            Kind::Info if !is_open_metrics => "_info",
            _ => "",
        };
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Histogram => "histogram",
            Kind::Info if is_open_metrics => "info",
            Kind::Gauge | Kind::Info => "gauge",
        };
        for part in ["# HELP ", name, suffix, " "] {
            self.out.push_str(part);
        }
        escape(&mut self.out, help, is_open_metrics);
        for part in ["\n# TYPE ", name, suffix, " ", kind, "\n"] {
            self.out.push_str(part);
        }
        if let Some(unit) = unit.filter(|_| is_open_metrics) {
            for part in ["# UNIT ", name, " ", unit, "\n"] {
                self.out.push_str(part);
            }
        }
    }

    /// A sample of the open family.
    pub(super) fn sample(&mut self, suffix: &str, labels: &Labels, value: impl Value) {
        self.out.push_str(&self.family);
        self.out.push_str(suffix);
        if !labels.0.is_empty() {
            self.out.push('{');
            self.out.push_str(&labels.0);
            self.out.push('}');
        }
        self.out.push(' ');
        value.write(&mut self.out);
        self.out.push('\n');
    }

    /// All samples of one histogram of the open family.
    pub(super) fn histogram(
        &mut self,
        labels: &Labels,
        bounds: &Bounds,
        counts: &Cumulative,
        sum: f64,
        exemplar: Option<&Exemplar>,
    ) {
        self.prefix.clear();
        for part in [
            self.family.as_str(),
            "_bucket{",
            labels.as_str(),
            if labels.0.is_empty() { "" } else { "," },
        ] {
            self.prefix.push_str(part);
        }
        let is_open_metrics = self.format == Format::OpenMetrics;
        let exemplar = exemplar
            .filter(|_| is_open_metrics)
            .map(|exemplar| (bounds.position(exemplar.value), exemplar));
        let mut buffer = itoa::Buffer::new();
        for (i, (le, count)) in bounds.labels[usize::from(is_open_metrics)]
            .iter()
            .zip(counts)
            .enumerate()
        {
            self.out.push_str(&self.prefix);
            self.out.push_str(le);
            self.out.push_str(buffer.format(*count));
            if let Some((_, exemplar)) = exemplar.filter(|(position, _)| *position == i) {
                write_exemplar(&mut self.out, exemplar);
            }
            self.out.push('\n');
        }
        self.sample("_sum", labels, sum);
        self.sample("_count", labels, counts[bounds.len()]);
    }

    /// Whether a family has this name, or one whose samples could be taken for its own.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }
}

fn write_exemplar(out: &mut String, exemplar: &Exemplar) {
    out.push_str(" # {trace_id=\"");
    escape(out, &exemplar.trace_id, true);
    out.push_str("\"} ");
    exemplar.value.write(out);
    out.push(' ');
    (exemplar.at_unix_ns as f64 / 1e9).write(out);
}

fn escape(out: &mut String, text: &str, quotes: bool) {
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '\n', '"']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'\\' => "\\\\",
            b'\n' => "\\n",
            _ if quotes => "\\\"",
            _ => "\"",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}
