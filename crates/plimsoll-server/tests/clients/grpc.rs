//! The stock gRPC exporter for Python tells its user what to set.

use super::python;
use crate::server::Server;

#[tokio::test]
async fn the_stock_grpc_exporter_logs_what_to_set() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let address = server.url.trim_start_matches("http://");
    let lines = python::run("otlp_grpc.py", &[address]).to_string();
    let set = format!(
        "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf and OTEL_EXPORTER_OTLP_ENDPOINT={}",
        server.url
    );
    assert!(lines.contains(&set), "{lines}");
    let (_, refused) = server.get("/api/v1/refused").await;
    let sender = refused["refused"][0]["sender"].as_str().unwrap_or_default();
    assert!(sender.contains("grpc-python"), "{refused}");
}
