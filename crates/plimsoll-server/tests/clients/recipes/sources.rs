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

#[test]
fn the_recipe_for_prometheus_is_a_target_of_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let recipe = Recipe::printed("prometheus", "node", dir.path());
    let config: toml::Table = toml::from_str(recipe.file("plimsoll.toml")).unwrap();
    let target = config["scrape"][0].as_table().expect("a target");
    assert_eq!(target["job"].as_str(), Some("node"));
    assert!(
        target["url"]
            .as_str()
            .is_some_and(|url| url.starts_with("http://"))
    );
    assert!(
        target["interval_secs"]
            .as_integer()
            .is_some_and(|secs| secs > 0)
    );
}
