//! In which of two texts to answer.

/// The text of a scrape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text 0.0.4, which everything understands.
    Prometheus,
    /// OpenMetrics 1.0.0, which has exemplars.
    OpenMetrics,
}

impl Format {
    /// What a client that sends this `Accept` header likes better; without one, [`Format::Prometheus`].
    pub fn accepted(accept: Option<&str>) -> Self {
        let mut best = (Self::Prometheus, 0.0);
        for choice in accept.unwrap_or_default().split(',') {
            let mut parts = choice.split(';').map(str::trim);
            let format = match parts.next() {
                Some("application/openmetrics-text") => Self::OpenMetrics,
                Some("text/plain" | "text/*" | "*/*") => Self::Prometheus,
                _ => continue,
            };
            let quality = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(Some(1.0), |q| q.parse().ok());
            if let Some(quality) = quality.filter(|quality| *quality > best.1) {
                best = (format, quality);
            }
        }
        best.0
    }

    /// The `Content-Type` of the answer.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_liked_format_is_chosen() {
        // Prometheus 2.53 and 3.x.
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;\
                          q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        assert_eq!(Format::accepted(Some(prometheus)), Format::OpenMetrics);
        assert_eq!(
            Format::accepted(Some("text/plain;q=0.9, application/openmetrics-text;q=0.2")),
            Format::Prometheus
        );
        assert_eq!(
            Format::accepted(Some("application/openmetrics-text; q=0")),
            Format::Prometheus
        );
        for other in [None, Some("*/*"), Some("text/html,*/*;q=0.8"), Some("")] {
            assert_eq!(Format::accepted(other), Format::Prometheus, "{other:?}");
        }
    }
}
