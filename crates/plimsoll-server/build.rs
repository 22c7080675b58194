//! Embeds the built page, `dashboard/dist`. `make page` builds it; where it was not built, the server says so at `/`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// How the page's own name stands in `index.html`.
const NAME: &str = "name=\"plimsoll-page\" content=\"";

fn main() -> io::Result<()> {
    let dist =
        Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("dashboard/dist");
    // The folder is always there (`.gitkeep`): one that is missing would have cargo build this crate anew each time.
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut files = Vec::new();
    let index = fs::read_to_string(dist.join("index.html")).unwrap_or_default();
    if !index.is_empty() {
        collect(&dist, &mut files)?;
    }
    let name = index
        .split_once(NAME)
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("", |(name, _)| name);
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("page_files.rs");
    fs::write(out, table(&dist, &files, name))
}

/// Every file below `folder` but the compressed forms of others.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if path.is_dir() {
            collect(&path, files)?;
        } else if !hidden && !matches!(extension, Some("br" | "gz")) {
            files.push(path);
        }
    }
    Ok(())
}

fn table(dist: &Path, files: &[PathBuf], name: &str) -> String {
    let mut table = format!(
        "/// Which build of the page this is; empty: none.\npub const NAME: &str = {name:?};\n"
    );
    table.push_str("/// The files of the page.\npub const FILES: &[File] = &[\n");
    for file in files {
        let path = file.strip_prefix(dist).expect("it was found there");
        let compressed = |extension: &str| {
            let path = format!("{}.{extension}", file.display());
            match Path::new(&path).exists() {
                true => format!("Some(include_bytes!({path:?}))"),
                false => "None".to_owned(),
            }
        };
        // A `String` can be written to without fail.
        let _ = writeln!(
            table,
            "    File {{ path: {:?}, plain: include_bytes!({:?}), brotli: {}, gzip: {} }},",
            path.to_string_lossy(),
            file,
            compressed("br"),
            compressed("gz"),
        );
    }
    table.push_str("];\n");
    table
}
