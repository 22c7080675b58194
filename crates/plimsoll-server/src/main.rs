//! The `plimsoll` command.

/// A query over many series takes much memory for a moment, on whichever thread is free. The system's allocator keeps that
/// for each thread; this one gives it back: half the memory while rows come in and two wide queries run without pause.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Memory that was given back this long ago, in milliseconds, goes back to the system. By default it goes after a second: of
/// a server that takes requests in without pause, the buffers would go and come all the time.
const PURGE_DELAY_MILLIS: std::ffi::c_long = 10_000;
/// `mi_option_purge_delay`, which the bindings do not name.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = libmimalloc_sys::mi_option_use_numa_nodes - 1;

fn main() -> std::process::ExitCode {
    #[allow(
        unsafe_code,
        reason = "an option of the allocator can be set no other way"
    )]
    // SAFETY: options may be set at any time; no other thread runs yet.
    unsafe {
        libmimalloc_sys::mi_option_set(PURGE_DELAY, PURGE_DELAY_MILLIS);
    }
    // The allocator asks for huge pages, of which the system clears 2 MB where a few kilobytes are wanted: half the
    // processor time of scraping, and twice the memory of an idle server. A kernel that refuses costs no more than that.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    plimsoll_server::cli::run()
}
