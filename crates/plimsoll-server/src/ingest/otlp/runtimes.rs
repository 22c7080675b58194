//! Which metric of a language's runtime becomes which field of `process`: a part of the table of `docs/data-model.md`.
//!
//! The names are those of the semantic conventions, and `process.runtime.*` of older instrumentation. Points of one metric
//! that differ by an attribute (mode, pool, state) differ by its tag: their rows lie beside each other and are added up
//! when they are read.

use super::names::Change::{Exact, Keep};
use super::names::Shape::{Counter, State};
use super::names::{Rule, all, only};

const fn state(metric: &'static str, field: &'static str) -> Rule {
    all(metric, "process", field, State, Keep)
}

const fn seconds(metric: &'static str) -> Rule {
    all(metric, "process", "cpu_time", Counter, Exact)
}

const CPYTHON_MEMORY: &[&str] = &["type"];
const JVM_MEMORY: &[&str] = &["jvm.memory.type", "type"];

pub(super) static RUNTIMES: &[Rule] = &[
    seconds("process.cpu.time"),
    seconds("process.runtime.cpython.cpu_time"),
    seconds("dotnet.process.cpu.time"),
    seconds("jvm.cpu.time"),
    only(
        state("process.runtime.cpython.memory", "memory_rss"),
        CPYTHON_MEMORY,
        "rss",
    ),
    state("dotnet.process.memory.working_set", "memory_rss"),
    // Older names of the operating system's own figures.
    state("process.threads", "threads"),
    state("process.unix.file_descriptor.count", "open_fds"),
    state("jvm.file_descriptor.count", "open_fds"),
    state("jvm.file_descriptor.limit", "open_fds_limit"),
    state("process.runtime.cpython.thread_count", "threads"),
    state("jvm.thread.count", "threads"),
    state("process.runtime.jvm.threads.count", "threads"),
    state("dotnet.thread_pool.thread.count", "threads"),
    state(
        "process.runtime.dotnet.thread_pool.threads.count",
        "threads",
    ),
    state("go.goroutine.count", "goroutines"),
    state("process.runtime.go.goroutines", "goroutines"),
    only(state("jvm.memory.used", "heap_used"), JVM_MEMORY, "heap"),
    only(
        state("process.runtime.jvm.memory.usage", "heap_used"),
        JVM_MEMORY,
        "heap",
    ),
    state("v8js.memory.heap.used", "heap_used"),
    // Stacks of goroutines lie in the heap.
    state("go.memory.used", "heap_used"),
    state("process.runtime.go.mem.heap_alloc", "heap_used"),
    state("dotnet.gc.last_collection.heap.size", "heap_used"),
    state("process.runtime.dotnet.gc.heap.size", "heap_used"),
    state("nodejs.eventloop.utilization", "event_loop"),
    state("nodejs.eventloop.delay.p99", "event_loop_delay_p99"),
    all("jvm.system.cpu.utilization", "system", "cpu", State, Keep),
    all(
        "process.runtime.jvm.system.cpu.utilization",
        "system",
        "cpu",
        State,
        Keep,
    ),
];
