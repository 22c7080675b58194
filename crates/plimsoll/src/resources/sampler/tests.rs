use super::*;

#[test]
fn a_system_without_proc_answers_not_available() {
    let folder = tempfile::tempdir().expect("folder");
    let config = SamplerConfig {
        data_path: folder.path().join("missing"),
        memory: true,
    };
    let mut sampler = Sampler::below(folder.path().to_owned(), config);
    assert_eq!(sampler.sample(Instant::now()), Sample::default());
}

#[test]
fn rates_are_differences_by_the_time_between_two_samples() {
    let folder = tempfile::tempdir().expect("folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        fs::write(path, text).expect("file");
    };
    let config = SamplerConfig {
        data_path: folder.path().join("missing"),
        memory: true,
    };
    let mut sampler = Sampler::below(folder.path().to_owned(), config);
    write(
        "proc/stat",
        "cpu  100 0 100 800 0 0 0 0\ncpu0 100 0 100 800 0 0 0 0\nbtime 1700000000\n",
    );
    write("proc/diskstats", "8 0 sda 100 0 0 0 100 0 0 0 0 0 0\n");
    write(
        "proc/net/dev",
        "a\nb\neth0: 1000 0 0 0 0 0 0 0 500 0 0 0 0 0 0 0\n",
    );
    let start = Instant::now();
    let first = sampler.sample(start);
    assert_eq!(first.system.cpu_ratio, None);
    assert_eq!(
        first.system.disk_operations,
        Some(Flow {
            total: 200,
            delta: 0
        })
    );
    write(
        "proc/stat",
        "cpu  150 0 150 1200 0 0 0 0\ncpu0 1 0 1 1 0 0 0 0\nbtime 1700000000\n",
    );
    write("proc/diskstats", "8 0 sda 150 0 0 0 250 0 0 0 0 0 0\n");
    write(
        "proc/net/dev",
        "a\nb\neth0: 3000 0 0 0 0 0 0 0 1000 0 0 0 0 0 0 0\n",
    );
    let second = sampler.sample(start + Duration::from_secs(10));
    assert_eq!(second.system.cpu_ratio, Some(0.2));
    assert_eq!(
        second.system.disk_operations,
        Some(Flow {
            total: 400,
            delta: 200
        })
    );
    assert_eq!(second.system.disk_iops, Some(20.0));
    assert_eq!(second.system.network_bits_per_second, Some(2000.0));
}

#[cfg(target_os = "linux")]
#[test]
fn this_process_is_seen() {
    let mut sampler = Sampler::new(SamplerConfig::default());
    let start = Instant::now();
    let first = sampler.sample(start);
    let held = vec![1_u8; 32 << 20];
    let files: Vec<_> = (0..200)
        .map(|_| fs::File::open("/proc/self/stat").expect("opens"))
        .collect();
    let second = sampler.sample(start + Duration::from_secs(1));
    let grown = second.process.memory_rss_bytes.expect("rss")
        - first.process.memory_rss_bytes.expect("rss");
    assert!(
        (28 << 20..80 << 20).contains(&grown),
        "32 MiB more are resident, but {grown} bytes"
    );
    // Other tests of the process open and close some at the same time.
    let opened = second.process.open_fds.expect("fds") - first.process.open_fds.expect("fds");
    assert!(
        (100..300).contains(&opened),
        "200 files more are open, but {opened}"
    );
    let told = fs::read_to_string("/proc/self/limits").expect("reads");
    let told = told.lines().find(|line| line.starts_with("Max open files"));
    let soft = told.and_then(|line| line.split_whitespace().nth(3));
    assert_eq!(
        second.process.open_fds_limit,
        soft.and_then(|soft| soft.parse().ok())
    );
    assert!(second.process.threads.expect("threads") >= 1);
    assert!(second.process.cpu_ratio.is_some());
    assert!((0.0..=1.0).contains(&second.system.disk_ratio.expect("disk")));
    let started = second.process.start_time_seconds.expect("start");
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    assert!(
        (0.0..3600.0).contains(&(now.as_secs_f64() - started)),
        "the test started lately"
    );
    drop((held, files));
}

#[test]
fn memory_can_be_switched_off_alone() {
    let mut sampler = Sampler::new(SamplerConfig {
        memory: false,
        ..SamplerConfig::default()
    });
    let sample = sampler.sample(Instant::now());
    assert_eq!(sample.process.memory_rss_bytes, None);
    assert_eq!(sample.system.memory_ratio, None);
    if cfg!(target_os = "linux") {
        assert!(sample.process.threads.is_some());
    }
}
