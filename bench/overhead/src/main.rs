//! What measuring a request costs. `run.sh` calls this program once per way of measuring, under callgrind, and once for
//! the processor time over real sockets; README.md says how each figure comes about.

mod count;
mod exposition;
mod service;
mod sockets;

use anyhow::{Context, bail};

use service::Way;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["ways"] => Way::ALL.iter().for_each(|way| println!("{}", way.name())),
        ["count", way, requests] => {
            let way = Way::named(way).with_context(|| format!("there is no way {way:?}"))?;
            count::run(way, requests.parse().context("requests must be a number")?)?;
        }
        ["sockets"] => sockets::run()?,
        ["exposition"] => exposition::run()?,
        _ => bail!("usage: bench-overhead ways | count WAY REQUESTS | sockets | exposition"),
    }
    Ok(())
}
