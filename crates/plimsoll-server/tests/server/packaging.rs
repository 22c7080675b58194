//! What is installed beside the program: unit, container file, completions, manual pages.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use super::{Server, outcome, plimsoll};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs a program that not every machine has; `None`: this one has it not.
fn run_if_there(program: &str, arguments: &[&str]) -> Option<Output> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    match output {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        output => Some(output.expect("it runs")),
    }
}

fn must(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

/// The commands that `--help` lists.
fn commands() -> Vec<String> {
    let (_, help, _) = outcome(plimsoll().arg("--help").output().unwrap());
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| line.starts_with("  "));
    let names = listed.filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_is_installed_is_put_together_whole() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("dist");
    let script = project().join("packaging/dist.sh");
    let mut putting = Command::new(script);
    must(
        &putting
            .args([env!("CARGO_BIN_EXE_plimsoll"), to.to_str().unwrap()])
            .output()
            .unwrap(),
    );
    for (shell, flag, file) in [
        ("bash", "-n", "bash-completion/completions/plimsoll"),
        ("zsh", "-n", "zsh/site-functions/_plimsoll"),
        ("fish", "-n", "fish/vendor_completions.d/plimsoll.fish"),
    ] {
        let path = to.join("share").join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("connect"), "{shell}: {text}");
        if let Some(checked) = run_if_there(shell, &[flag, path.to_str().unwrap()]) {
            must(&checked);
        }
    }
    let commands = commands();
    assert!(commands.len() >= 10, "{commands:?}");
    for command in commands {
        let page = to.join(format!("share/man/man1/plimsoll-{command}.1"));
        let text = fs::read_to_string(&page).unwrap_or_else(|error| panic!("{command}: {error}"));
        assert!(text.contains(".SH SYNOPSIS"), "{command}");
        let path = page.to_str().unwrap();
        // Both say what they find on standard error.
        for (program, flags) in [
            ("man", vec!["--warnings", "-l"]),
            ("mandoc", vec!["-T", "lint", "-W", "error"]),
        ] {
            let flags: Vec<&str> = flags.into_iter().chain([path]).collect();
            if let Some(checked) = run_if_there(program, &flags) {
                must(&checked);
                assert!(checked.stderr.is_empty(), "{command}: {checked:?}");
            }
        }
    }
    assert!(to.join("share/man/man1/plimsoll-config-print.1").exists());
    assert!(to.join("lib/systemd/system/plimsoll.service").exists());
    assert!(to.join("share/doc/plimsoll/plimsoll.example.toml").exists());
}

#[test]
fn bash_completes_commands_and_their_values() {
    let (_, completions, _) = outcome(plimsoll().args(["completions", "bash"]).output().unwrap());
    let complete = |words: &[&str]| {
        let last = words.len() - 1;
        let script = format!(
            "{completions}\nCOMP_WORDS=({}) COMP_CWORD={last}\n_plimsoll plimsoll {} {}\necho \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words[last],
            words[last - 1],
        );
        let output = Command::new("bash").args(["-c", &script]).output().unwrap();
        must(&output);
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(complete(&["plimsoll", "conn"]).trim(), "connect");
    assert_eq!(complete(&["plimsoll", "completions", "fi"]).trim(), "fish");
}

#[test]
fn the_manual_of_the_program_is_printed() {
    let (code, page, _) = outcome(plimsoll().arg("man").output().unwrap());
    assert_eq!(code, 0);
    assert!(
        page.contains(".TH plimsoll 1") && page.contains("plimsoll\\-connect(1)"),
        "{page}"
    );
}

#[test]
fn the_service_manager_is_told_when_it_answers_and_when_it_stops() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let told = || {
        let mut message = [0; 64];
        let length = manager.recv(&mut message).expect("a message");
        String::from_utf8(message[..length].to_vec()).unwrap()
    };
    let variables = [("NOTIFY_SOCKET", socket.to_str().unwrap())];
    let server = Server::start_as(&dir.path().join("data"), &[], &variables);
    assert_eq!(told(), "READY=1");
    server.terminate();
    assert_eq!(told(), "STOPPING=1");
    assert!(server.stop_after_term().success());
}

#[test]
fn systemd_takes_the_unit_and_finds_it_hardened() {
    let unit = fs::read_to_string(project().join("packaging/plimsoll.service")).unwrap();
    for line in [
        "DynamicUser=yes",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "Type=notify",
    ] {
        assert!(unit.lines().any(|set| set == line), "{line}");
    }
    // Where the program lies, which the manager looks for.
    let installed = "/usr/local/bin/plimsoll";
    assert!(unit.contains(installed));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("plimsoll.service");
    fs::write(
        &path,
        unit.replace(installed, env!("CARGO_BIN_EXE_plimsoll")),
    )
    .unwrap();
    let path = path.to_str().unwrap();
    if let Some(verified) = run_if_there("systemd-analyze", &["verify", "--man=no", path]) {
        must(&verified);
        assert!(verified.stderr.is_empty(), "{verified:?}");
        // Of 100: a service without any of it has 96.
        let judge = [
            "security",
            "--offline=yes",
            "--threshold=20",
            "--no-pager",
            path,
        ];
        must(&run_if_there("systemd-analyze", &judge).unwrap());
    }
}

/// There is no registry of images where this runs, so that the file is read, not built.
#[test]
fn the_container_file_builds_from_what_is_there_and_runs_as_nobody_in_particular() {
    let text = fs::read_to_string(project().join("packaging/Containerfile")).unwrap();
    let joined = text.replace("\\\n", " ");
    let lines: Vec<Vec<&str>> = joined
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_whitespace().collect())
        .collect();
    let of = |word: &str| {
        lines
            .iter()
            .filter(|line| line[0] == word)
            .collect::<Vec<_>>()
    };
    for line in &lines {
        let known =
            "FROM WORKDIR COPY RUN USER VOLUME ENV EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD";
        assert!(known.split(' ').any(|word| word == line[0]), "{line:?}");
    }
    // The page, the program that embeds it, and what runs.
    assert_eq!(of("FROM").len(), 3);
    let dist = "crates/plimsoll-server/dashboard/dist";
    let page = format!("COPY --from=page /src/{dist} {dist}");
    let built = text.find(&page).expect("the page is embedded");
    assert!(built < text.find("RUN cargo build").expect("a build"));
    let copied = of("COPY");
    let from_project = copied.iter().filter(|line| !line[1].starts_with("--from="));
    for source in from_project.flat_map(|line| &line[1..line.len() - 1]) {
        assert!(project().join(source).exists(), "{source}");
    }
    // Every part of the workspace that cargo looks for is copied.
    let cargo: toml::Table =
        toml::from_str(&fs::read_to_string(project().join("Cargo.toml")).unwrap()).unwrap();
    for member in cargo["workspace"]["members"].as_array().unwrap() {
        let folder = member.as_str().unwrap().trim_end_matches("/*");
        assert!(copied.iter().any(|line| line[1] == folder), "{folder}");
    }
    assert!(
        of("USER")
            .iter()
            .all(|line| !line[1].starts_with('0') && line[1] != "root")
    );
    assert_eq!(of("EXPOSE"), [&vec!["EXPOSE", "1876"]]);
    assert_eq!(of("VOLUME"), [&vec!["VOLUME", "/data"]]);
    assert!(joined.contains("CMD [\"plimsoll\", \"health\"]"));
}
