//! The `plimsoll` command.

/// A query over many series takes much memory for a moment, on whichever thread is free. The system's allocator keeps that
/// for each thread; this one gives it back: half the memory while rows come in and two wide queries run without pause.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    plimsoll_server::cli::run()
}
