//! One service, measured in different ways.

use axum::Router;
use axum::extract::Path;
use axum::handler::Handler;
use axum::routing::get;
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use plimsoll::Monitor;

/// A way to measure the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Bare,
    /// A layer that does nothing: what axum itself takes for one.
    NoLayer,
    Handler,
    Router,
    HandlerFull,
    RouterFull,
    AxumPrometheus,
    OtelTower,
}

impl Way {
    pub const ALL: [Self; 8] = [
        Self::Bare,
        Self::NoLayer,
        Self::Handler,
        Self::Router,
        Self::HandlerFull,
        Self::RouterFull,
        Self::AxumPrometheus,
        Self::OtelTower,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::NoLayer => "no-op",
            Self::Handler => "handler",
            Self::Router => "router",
            Self::HandlerFull => "handler_full",
            Self::RouterFull => "router_full",
            Self::AxumPrometheus => "axum-prometheus",
            Self::OtelTower => "otel-tower",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }

    /// A router with `handler` at `/orders/{id}`, measured this way. Whatever it returns beside must outlive it.
    pub fn router<H, T>(self, handler: H) -> anyhow::Result<(Router, Measuring)>
    where
        H: Handler<T, ()>,
        T: 'static,
    {
        const ROUTE: &str = "/orders/{id}";
        let bare = |handler: H| Router::new().route(ROUTE, get(handler));
        Ok(match self {
            Self::Bare => (bare(handler), Measuring::Nothing),
            Self::NoLayer => (
                bare(handler).layer(tower_layer::layer_fn(NoOp)),
                Measuring::Nothing,
            ),
            Self::Handler | Self::HandlerFull => {
                let monitor = self.monitor()?;
                (
                    Router::new().route(ROUTE, get(monitor.handler(handler))),
                    Measuring::Plimsoll(monitor),
                )
            }
            Self::Router | Self::RouterFull => {
                let monitor = self.monitor()?;
                (
                    bare(handler).layer(monitor.layer()),
                    Measuring::Plimsoll(monitor),
                )
            }
            Self::AxumPrometheus => {
                let (layer, _handle) = axum_prometheus::PrometheusMetricLayer::pair();
                (bare(handler).layer(layer), Measuring::Nothing)
            }
            Self::OtelTower => {
                // Metrics alone, which is the cheaper half of it; read rarely, so that only recording is counted.
                let reader = PeriodicReader::builder(InMemoryMetricExporter::default())
                    .with_interval(std::time::Duration::from_secs(3600))
                    .build();
                let provider = SdkMeterProvider::builder().with_reader(reader).build();
                opentelemetry::global::set_meter_provider(provider.clone());
                let layer =
                    opentelemetry_instrumentation_tower::http::server::LayerBuilder::builder()
                        .with_tracing(false)
                        .build()?;
                (
                    bare(handler).layer(layer),
                    Measuring::OpenTelemetry(provider),
                )
            }
        })
    }

    fn monitor(self) -> anyhow::Result<Monitor> {
        let full = matches!(self, Self::HandlerFull | Self::RouterFull);
        let builder = Monitor::builder("bench")
            .correlation(full)
            .server_timing(full)
            .exemplars(full);
        let builder = if full {
            builder.queue_header(axum::http::HeaderName::from_static("x-request-start"))
        } else {
            builder
        };
        Ok(builder.build_with(std::iter::empty::<(&str, &str)>())?)
    }
}

/// What holds the numbers of a measured service.
pub enum Measuring {
    Nothing,
    Plimsoll(Monitor),
    /// Kept, as its layer records only while it lives.
    #[expect(dead_code, reason = "held, never read")]
    OpenTelemetry(SdkMeterProvider),
}

/// What every service here answers, after it has parsed its path.
pub async fn hello(Path(id): Path<u32>) -> &'static str {
    if id == 0 { "nobody" } else { "hello, world" }
}

/// A service that passes everything on.
#[derive(Clone)]
struct NoOp<S>(S);

impl<S, R> tower_service::Service<R> for NoOp<S>
where
    S: tower_service::Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.0.call(request)
    }
}
