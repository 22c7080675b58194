//! Recipes for what reads a configuration: taken apart as its reader does.

use serde_json::json;

use super::*;
use crate::clients::python;
use crate::server::now;

#[tokio::test]
async fn what_home_assistant_writes_by_the_recipe_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let recipe = Recipe::printed("home-assistant", "home", dir.path());
    let yaml = recipe.file("configuration.yaml");
    python::run("home_assistant.py", &[yaml, &now().to_string()]);
    let rows = server
        .rows(json!({"measurement": "°C", "fields": ["value", "friendly_name_str"],
            "filter": {"domain": "sensor", "entity_id": "attic", "source": "hass"}, "start": "-1h"}))
        .await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0][1..], [json!(21.5), json!("Attic")]);
    let rows = server
        .rows(json!({"measurement": "state", "fields": ["value", "state"], "filter": {"entity_id": "porch"},
            "start": "-1h"}))
        .await;
    assert_eq!(rows[0][1..], [json!(1.0), json!("on")]);
    let seen = recipe.see().to_string();
    assert!(seen.contains("°C"), "{seen}");
}

/// Telegraf itself is in no registry of these tests: its `influxdb` output posts to `/write?db=DATABASE` below each URL.
#[tokio::test]
async fn the_recipe_for_telegraf_is_good_toml_for_this_server() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let recipe = Recipe::printed("telegraf", "machine", dir.path());
    let config: toml::Table = toml::from_str(recipe.file("telegraf.conf")).unwrap();
    let output = &config["outputs"]["influxdb"][0];
    assert_eq!(output["skip_database_creation"].as_bool(), Some(true));
    let url = output["urls"][0].as_str().expect("a URL");
    let database = output["database"].as_str().expect("a name");
    assert_eq!(url, server.url);
    let line = format!("cpu,cpu=cpu0,host=box usage_idle=97.5 {}\n", now());
    let answer = reqwest::Client::new()
        .post(format!("{url}/write?db={database}"))
        .header("user-agent", "Telegraf/1.30.0 Go/1.22.0")
        .body(line)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status().as_u16(), 204);
    assert!(recipe.see().to_string().contains("usage_idle"));
}

#[tokio::test]
async fn the_recipe_for_prometheus_has_this_server_fetch_a_target() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = Recipe::printed("prometheus", "node", dir.path());
    // The exporter that the recipe speaks of is another server's own page here.
    let other = tempfile::tempdir().unwrap();
    let target = Server::start(other.path());
    let printed = recipe.file("plimsoll.toml");
    let lines = printed.replace("http://127.0.0.1:9100", &target.url);
    assert_ne!(lines, printed);
    let config = dir.path().join("plimsoll.toml");
    std::fs::write(&config, lines).unwrap();
    let flags = ["--config", config.to_str().unwrap()];
    let checked = plimsoll()
        .args(["serve", "--check", "--listen", "127.0.0.1:0"])
        .args(flags)
        .output();
    let (code, _, error) = outcome(checked.unwrap());
    assert_eq!(code, 0, "{error}");
    let server = Server::start_with(&dir.path().join("data"), &flags);
    let deadline = Instant::now() + EXPORT_PATIENCE;
    let query = json!({"measurement": "up", "fields": ["value"], "filter": {"job": "node"}, "start": "-1h"});
    loop {
        let (_, answer) = server.post("/api/v1/query", query.to_string()).await;
        if answer["series"][0]["values"][0][1].as_f64() == Some(1.0) {
            return;
        }
        assert!(Instant::now() < deadline, "{answer}");
        std::thread::sleep(Duration::from_millis(500));
    }
}
