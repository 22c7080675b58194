//! Which measurement, field and tags a metric becomes.

use super::*;

#[test]
fn python_s_old_convention_becomes_requests_in_seconds_with_the_route_of_the_target() {
    let pairs = json!({"http.method": "GET", "http.target": "/orders/{id}?page=1", "http.status_code": 200,
        "http.scheme": "http", "http.flavor": "1.1", "http.host": "127.0.0.1:8000"});
    let sent = request(
        "shop",
        "opentelemetry.instrumentation.fastapi",
        json!([histogram("http.server.duration", "ms", CUMULATIVE, &pairs)]),
    );
    let (rows, refusals) = Bench::new().map(&sent);
    let series = "http_requests,http_host=127.0.0.1:8000,instance=i1,method=GET,protocol_version=1.1,\
        route=/orders/{id},scheme=http,scope=opentelemetry.instrumentation.fastapi,service=shop,source=metric,status=200";
    assert_eq!(
        rows,
        [
            format!("{series} duration_cumulative=#0 0 [0.005, 0.25][0, 0, 0]Σ -60"),
            format!("{series} duration_cumulative=#3 0.03 [0.005, 0.25][1, 2, 0]Σ -1"),
        ]
    );
    assert_eq!(refusals, Refusals::default());
}

#[test]
fn the_new_convention_counts_once_where_both_are_sent() {
    let new = json!({"http.request.method": "GET", "http.route": "/a", "http.response.status_code": 503, "error.type": "503"});
    let old = json!({"http.method": "GET", "http.target": "/a", "http.status_code": 503});
    let sent = request(
        "shop",
        "dup",
        json!([
            histogram("http.server.duration", "ms", DELTA, &old),
            histogram("http.server.request.duration", "s", DELTA, &new),
        ]),
    );
    let (rows, _) = Bench::new().map(&sent);
    assert_eq!(
        rows,
        [
            "http_requests,error_type=503,instance=i1,method=GET,route=/a,scope=dup,service=shop,source=metric,\
        status=503 duration=#3 30 [5.0, 250.0][1, 2, 0]Δ -1"
        ]
    );
}

#[test]
fn requests_without_a_route_are_unmatched() {
    let sent = request(
        "shop",
        "x",
        json!([histogram(
            "http.server.duration",
            "ms",
            DELTA,
            &json!({"http.method": "GET"})
        )]),
    );
    let (rows, _) = Bench::new().map(&sent);
    assert!(rows[0].contains(",route=<unmatched>,"), "{rows:?}");
}

#[test]
fn what_the_library_sends_is_one_row_per_series() {
    let outcome = |outcome: &str, count: i32| {
        json!({"timeUnixNano": ago(1), "asInt": count.to_string(), "attributes":
        attributes(&json!({"outcome": outcome, "http.request.method": "GET", "http.route": "/a", "http.response.status_code": 200}))})
    };
    let pairs =
        json!({"http.request.method": "GET", "http.route": "/a", "http.response.status_code": 200});
    let sent = request(
        "shop",
        "plimsoll",
        json!([
            {"name": "http.server.request.duration", "unit": "s", "exponentialHistogram": {"aggregationTemporality": DELTA, "dataPoints": [{
                "timeUnixNano": ago(1), "count": "4", "sum": 1.5, "scale": 5, "zeroCount": "1", "attributes": attributes(&pairs),
                "positive": {"offset": -100, "bucketCounts": ["0", "3"]}, "min": 0.0, "max": 0.9}]}},
            sum("plimsoll.http.server.outcomes", DELTA, true, json!([outcome("ended", 3), outcome("cancelled", 1)])),
        ]),
    );
    let (rows, refusals) = Bench::new().map(&sent);
    assert_eq!(
        rows,
        [
            "http_requests,instance=i1,method=GET,route=/a,service=shop,source=library,status=200 \
        cancelled=1uΔ duration=#4 1.5 -99:[3]Δ ended=3uΔ -1"
        ]
    );
    assert_eq!(refusals, Refusals::default());
}

#[test]
fn states_of_process_and_machine_become_fields() {
    let point = |pairs: Json, value: f64| json!({"timeUnixNano": ago(5), "asDouble": value, "attributes": attributes(&pairs)});
    let sent = request(
        "shop",
        "psutil",
        json!([
            {"name": "process.memory.usage", "gauge": {"dataPoints": [point(json!({}), 1e6)]}},
            sum("process.thread.count", CUMULATIVE, false, json!([{"timeUnixNano": ago(5), "asInt": "7"}])),
            {"name": "system.cpu.utilization", "gauge": {"dataPoints": [
                point(json!({"cpu": 0, "state": "idle"}), 0.75), point(json!({"cpu": 0, "state": "user"}), 0.2)]}},
            {"name": "system.memory.utilization", "gauge": {"dataPoints": [point(json!({"state": "used"}), 0.5)]}},
            sum("system.network.io", CUMULATIVE, true, json!([
                {"timeUnixNano": ago(5), "asInt": "10", "attributes": attributes(&json!({"direction": "transmit", "device": "eth0"}))}])),
        ]),
    );
    let (rows, _) = Bench::new().map(&sent);
    let rest = "scope=psutil,service=shop,source=metric";
    assert_eq!(
        rows,
        [
            format!("process,instance=i1,{rest} memory_rss=1000000 threads=7 -5"),
            format!("system,cpu=0,instance=i1,{rest} cpu=0.25 -5"),
            format!("system,device=eth0,instance=i1,{rest} network_sent_cumulative=10uΣ -5"),
            format!("system,instance=i1,{rest} memory=0.5 -5"),
            format!("system_cpu_utilization,cpu=0,instance=i1,{rest},state=user value=0.2 -5"),
        ]
    );
}

#[test]
fn other_metrics_keep_their_name_and_attributes() {
    let point = json!({"timeUnixNano": ago(5), "asInt": "-3", "attributes": attributes(&json!({"queue.name": "mail"}))});
    let sent = request(
        "shop",
        "app",
        json!([
            {"name": "queue.depth", "gauge": {"dataPoints": [point]}},
            {"name": "rpc.latency", "summary": {"dataPoints": [{"timeUnixNano": ago(5), "count": "9", "sum": 4.5,
                "quantileValues": [{"quantile": 0.5, "value": 0.25}, {"quantile": 0.99, "value": "NaN"}]}]}},
        ]),
    );
    let (rows, refusals) = Bench::new().map(&sent);
    let rest = "scope=app,service=shop,source=metric";
    assert_eq!(
        rows,
        [
            format!("queue_depth,instance=i1,queue_name=mail,{rest} value=-3 -5"),
            format!("rpc_latency,instance=i1,quantile=0.5,{rest} value=0.25 -5"),
            format!("rpc_latency,instance=i1,{rest} count_cumulative=9uΣ sum_cumulative=4.5Σ -5"),
        ]
    );
    assert_eq!(refusals, Refusals::default());
}

#[test]
fn who_sent_is_noted() {
    let bench = Bench::new();
    let services = Arc::new(Services::default());
    let otlp = Otlp::new(
        bench.store.clone(),
        services.clone(),
        Arc::new(crate::stream::Hub::new(1, 0)),
    );
    let sent = request(
        "shop",
        "plimsoll",
        json!([{"name": "m", "gauge": {"dataPoints": [{"timeUnixNano": ago(5), "asInt": "1"}]}}]),
    );
    let sent = decode(sent.to_string().as_bytes(), Format::Json).unwrap();
    let taken = otlp.ingest(&sent, NOW).unwrap();
    assert_eq!((taken.rows, taken.refusals), (1, Refusals::default()));
    assert_eq!(services.list(1)[0].sources, ["library"]);
    assert_eq!(services.list(1)[0].instances[0].instance, "i1");
}
