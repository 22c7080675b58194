//! `make bench-store`: see bench/store/README.md.

mod figure;
mod http;
mod ingest;
mod load;
mod process;
mod rows;
mod scale;
mod shape;
mod subject;

use anyhow::Context as _;

use figure::Figures;
use scale::Scale;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let scale = Scale::from_environment()?;
    let figures = Figures::new(scale.is_full());
    let folder = std::env::var_os("BENCH_FOLDER")
        .context("BENCH_FOLDER does not say where the data goes")?;
    let folder = std::path::PathBuf::from(folder);
    ingest::run(&folder, &scale, &figures).await?;
    Ok(())
}
