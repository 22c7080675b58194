//! Recipes for services: each runs, answers requests, and exactly these are counted.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::*;

#[tokio::test]
async fn the_recipe_for_python_measures_a_flask_service() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let recipe = Recipe::printed("python", "flask-shop", dir.path());
    let (folder, _lock) = kept_folder("python");
    let constraints = shipped("python/constraints.txt");
    let pip = folder.join("env/bin/pip");
    // Made anew for other versions, so that none of the old ones is left.
    let installed = folder.join("constraints.txt");
    let pinned = fs::read_to_string(&constraints).unwrap();
    if !fs::read_to_string(&installed).is_ok_and(|text| text == pinned) {
        must(
            Command::new("python3")
                .args(["-m", "venv", "--clear", "env"])
                .current_dir(&folder),
        );
        fs::write(&installed, pinned).unwrap();
    }
    // What the service needs of its own. It must be there before the recipe looks for what it can instrument.
    must(
        Command::new(&pip)
            .args(["install", "--quiet", "flask", "-c"])
            .arg(&constraints),
    );
    fs::copy(shipped("python/app.py"), folder.join("app.py")).unwrap();
    let port = free_port();
    let mut running = Running::start(
        &recipe.script(),
        &folder,
        &[&folder.join("env/bin")],
        &[
            ("PORT", &port.to_string()),
            ("PIP_CONSTRAINT", &constraints.to_string_lossy()),
        ],
    );
    running.answers(port);
    customers(port).await;
    all_came(&recipe, &running, &server);
}

#[tokio::test]
async fn the_recipe_for_node_measures_an_express_service() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let recipe = Recipe::printed("node", "express-shop", dir.path());
    let (folder, _lock) = kept_folder("node");
    for file in ["app.js", "package.json", "package-lock.json"] {
        fs::copy(shipped("node").join(file), folder.join(file)).unwrap();
    }
    let port = free_port();
    let mut running = Running::start(
        &recipe.script(),
        &folder,
        &[],
        &[
            ("PORT", &port.to_string()),
            // No version that is newer than these tests.
            ("NPM_CONFIG_BEFORE", "2026-11-20"),
            ("NPM_CONFIG_AUDIT", "false"),
        ],
    );
    running.answers(port);
    customers(port).await;
    all_came(&recipe, &running, &server);
}

#[tokio::test]
async fn the_recipe_for_rust_is_a_service_that_is_measured() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let recipe = Recipe::printed("rust", "axum-shop", dir.path());
    let (folder, _lock) = kept_folder("rust");
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // The versions that this project is tested with; a workspace of its own, for the folder lies within another.
    let manifest = "[package]\nname = \"axum-shop\"\nedition = \"2024\"\n\n[workspace]\n";
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::copy(project.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("src/main.rs"), recipe.file("src/main.rs")).unwrap();
    let here = project.to_string_lossy();
    let script = recipe.script().replace("path/to/plimsoll", &here);
    assert!(script.contains(&*here), "{script}");
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let target = folder.join("target");
    let mut running = Running::start(
        &script,
        &folder,
        &[],
        &[
            ("LISTEN", &address),
            ("CARGO_TARGET_DIR", &target.to_string_lossy()),
            ("CARGO_PROFILE_DEV_DEBUG", "0"),
        ],
    );
    running.answers(port);
    let client = reqwest::Client::new();
    for order in 0..20 {
        let url = format!("http://{address}/orders/{order}");
        assert!(
            client
                .get(url)
                .send()
                .await
                .expect("an answer")
                .status()
                .is_success()
        );
    }
    let deadline = Instant::now() + EXPORT_PATIENCE;
    loop {
        let seen = recipe.see();
        // Before its first export, nobody knows the service.
        if let [row] = seen["routes"].as_array().map_or(&[][..], Vec::as_slice)
            && row["total_requests"] == 20
        {
            assert_eq!(row["route"], "/orders/{id}");
            return;
        }
        let late = Instant::now() > deadline;
        assert!(!late, "{} shows {seen}: {}", server.url, running.log());
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn must(command: &mut Command) {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {error}");
}
