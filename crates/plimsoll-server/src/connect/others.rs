//! Recipes for Plimsoll's own library, for what is scraped and for what writes line protocol.

use super::recipe::{Template, TemplateStep};

/// Shows what there is when it is not known by which name it came.
const SEE_MEASUREMENTS: TemplateStep = TemplateStep {
    text: "What came, every measurement with its fields",
    language: "sh",
    file: None,
    code: "curl '{url}/api/v1/measurements'",
};

pub(super) const RUST: Template = Template {
    name: "rust",
    title: "Rust",
    when: "A service in axum or on tower, measured by Plimsoll's own library; `path/to/plimsoll` stands for your copy of this project.",
    steps: &[
        TemplateStep {
            text: "Once, in the service's folder",
            language: "sh",
            file: None,
            code: r#"
cargo add plimsoll --path path/to/plimsoll/crates/plimsoll --features axum,export
cargo add axum@0.8
cargo add tokio@1 --features full
"#,
        },
        TemplateStep {
            text: "A whole service; yours needs the lines with `monitor`",
            language: "rust",
            file: Some("src/main.rs"),
            code: r#"
use axum::{Router, extract::Path, routing::get};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let monitor = plimsoll::Monitor::builder("{service}").build()?; // reads the environment too
    let app = Router::new()
        .route("/orders/{id}", get(|Path(id): Path<u32>| async move { format!("order {id}\n") }))
        .merge(monitor.routes()) // /health /metrics /status /api/performance/metrics …
        .layer(monitor.layer());
    let address = std::env::var("LISTEN").unwrap_or("127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    let measuring = tokio::spawn(monitor.run()); // samples, windows, export
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    axum::serve(monitor.listener(listener), app)
        .with_graceful_shutdown(stop)
        .await?;
    monitor.close(); // sends the last window
    measuring.await?;
    Ok(())
}
"#,
        },
        TemplateStep {
            text: "Start the service",
            language: "sh",
            file: None,
            code: r#"
export OTEL_EXPORTER_OTLP_ENDPOINT={url}
cargo run
"#,
        },
        TemplateStep {
            text: "After some requests and ten seconds, what came by route, method and status",
            language: "sh",
            file: None,
            code: "curl '{url}/api/performance/routes?service={service}'",
        },
    ],
};

pub(super) const HOME_ASSISTANT: Template = Template {
    name: "home-assistant",
    title: "Home Assistant",
    when: "A Home Assistant that reaches this address; its own `influxdb` integration writes every state here.",
    steps: &[
        TemplateStep {
            text: "Add to Home Assistant's configuration, then restart it",
            language: "yaml",
            file: Some("configuration.yaml"),
            code: r#"
influxdb:
  api_version: 1
  host: "{host}"
  port: {port}
  ssl: {tls}
  database: home_assistant
  max_retries: 3
  default_measurement: state
"#,
        },
        SEE_MEASUREMENTS,
    ],
};

pub(super) const PROMETHEUS: Template = Template {
    name: "prometheus",
    title: "Prometheus targets",
    when: "Something that answers `/metrics`: a service, node_exporter, another exporter. This server fetches it.",
    steps: &[
        TemplateStep {
            text: "Add to the configuration of this server, once for each target, then restart it",
            language: "toml",
            file: Some("plimsoll.toml"),
            code: r#"
[[scrape]]
job = "{service}"
url = "http://127.0.0.1:9100/metrics"
interval_secs = 15
"#,
        },
        SEE_MEASUREMENTS,
    ],
};

pub(super) const TELEGRAF: Template = Template {
    name: "telegraf",
    title: "Telegraf",
    when: "A machine, a database or a device that one of Telegraf's many inputs reads.",
    steps: &[
        TemplateStep {
            text: "Add to Telegraf's configuration, then restart it",
            language: "toml",
            file: Some("telegraf.conf"),
            code: r#"
[[outputs.influxdb]]
  urls = ["{url}"]
  database = "telegraf"
  skip_database_creation = true
"#,
        },
        SEE_MEASUREMENTS,
    ],
};
