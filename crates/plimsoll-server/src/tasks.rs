//! Long-lived tasks under supervision: each has a name and a way to stop, and one that ends or panics is restarted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{error, info};

/// Tells a task to stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Returns when the task is to stop.
    pub async fn wait(&mut self) {
        // The sender lives as long as the task's supervisor; if it is gone, stopping is right too.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// Whether the task is to stop.
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }
}

/// A task that is not running though it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// Its name.
    pub name: &'static str,
    /// Why it ended.
    pub reason: String,
}

/// The tasks of one server.
#[derive(Clone, Debug, Default)]
pub struct Tasks(Arc<Mutex<Vec<Task>>>);

#[derive(Debug)]
struct Task {
    name: &'static str,
    stop: watch::Sender<bool>,
    handle: Option<JoinHandle<()>>,
    down: Option<String>,
    restarts: u64,
}

impl Tasks {
    /// How long the first restart waits; each further one twice as long.
    pub const FIRST_BACKOFF: Duration = Duration::from_millis(500);
    /// The longest wait for a restart. A task that ran longer than this starts over with the first wait.
    pub const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

    /// Runs what `start` makes until it is told to stop, and makes it anew whenever it ends before.
    pub fn spawn<F, R>(&self, name: &'static str, start: F)
    where
        F: Fn(Stop) -> R + Send + 'static,
        R: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let (sender, receiver) = watch::channel(false);
        self.0.lock().push(Task {
            name,
            stop: sender,
            handle: None,
            down: None,
            restarts: 0,
        });
        let handle = tokio::spawn(supervise(self.clone(), name, Stop(receiver), start));
        self.with(name, |task| task.handle = Some(handle));
    }

    /// The tasks that ended on their own and wait for their restart.
    pub fn down(&self) -> Vec<Down> {
        let tasks = self.0.lock();
        tasks
            .iter()
            .filter_map(|task| {
                Some(Down {
                    name: task.name,
                    reason: task.down.clone()?,
                })
            })
            .collect()
    }

    /// Name and number of restarts of every task.
    pub fn restarts(&self) -> Vec<(&'static str, u64)> {
        let tasks = self.0.lock();
        tasks
            .iter()
            .map(|task| (task.name, task.restarts))
            .collect()
    }

    /// Tells `name` to stop and waits for its end, at most `patience`; then it is aborted.
    pub async fn stop(&self, name: &'static str, patience: Duration) {
        let mut handle = None;
        self.with(name, |task| {
            task.stop.send_replace(true);
            handle = task.handle.take();
        });
        let Some(handle) = handle else { return };
        let abort = handle.abort_handle();
        if tokio::time::timeout(patience, handle).await.is_err() {
            error!(
                task.name = name,
                "task {name} did not stop in {patience:?}, aborting it"
            );
            abort.abort();
        }
    }

    fn with(&self, name: &str, change: impl FnOnce(&mut Task)) {
        if let Some(task) = self.0.lock().iter_mut().find(|task| task.name == name) {
            change(task);
        }
    }
}

async fn supervise<F, R>(tasks: Tasks, name: &'static str, mut stop: Stop, start: F)
where
    F: Fn(Stop) -> R + Send + 'static,
    R: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let mut backoff = Tasks::FIRST_BACKOFF;
    loop {
        let started = Instant::now();
        // Dropping the set aborts the run, so that aborting the supervisor leaves nothing behind.
        let mut run = tokio::task::JoinSet::new();
        run.spawn(start(stop.clone()));
        let ended = run.join_next().await.expect("one task was spawned");
        if stop.is_set() {
            break;
        }
        let reason = match ended {
            Ok(Ok(())) => "it ended".to_owned(),
            Ok(Err(error)) => format!("{error:#}"),
            Err(join) => format!("it panicked: {}", panic_text(join)),
        };
        if started.elapsed() > Tasks::LONGEST_BACKOFF {
            backoff = Tasks::FIRST_BACKOFF;
        }
        error!(task.name = name, reason, "task {name} is down: {reason}");
        tasks.with(name, |task| {
            task.down = Some(reason);
            task.restarts += 1;
        });
        tokio::select! {
            () = stop.wait() => break,
            () = tokio::time::sleep(backoff) => {}
        }
        backoff = (backoff * 2).min(Tasks::LONGEST_BACKOFF);
        tasks.with(name, |task| task.down = None);
        info!(task.name = name, "restarting task {name}");
    }
}

fn panic_text(join: tokio::task::JoinError) -> String {
    match join.try_into_panic() {
        Ok(panic) => panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "without a message".to_owned()),
        Err(join) => join.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_is_down_and_comes_back() {
        let tasks = Tasks::default();
        let runs = Arc::new(AtomicU32::new(0));
        let counted = runs.clone();
        tasks.spawn("shaky", move |mut stop| {
            let run = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                assert!(run > 0, "the first run fails");
                stop.wait().await;
                Ok(())
            }
        });
        while tasks.down().is_empty() {
            tokio::task::yield_now().await;
        }
        let down = tasks.down();
        assert_eq!(down[0].name, "shaky");
        assert!(
            down[0].reason.contains("the first run fails"),
            "{:?}",
            down[0]
        );
        tokio::time::sleep(Tasks::FIRST_BACKOFF * 2).await;
        assert_eq!(tasks.down(), []);
        assert_eq!(tasks.restarts(), [("shaky", 1)]);
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stopped_task_is_not_restarted() {
        let tasks = Tasks::default();
        tasks.spawn("calm", |mut stop| async move {
            stop.wait().await;
            Ok(())
        });
        tasks.stop("calm", Duration::from_secs(1)).await;
        assert_eq!(tasks.down(), []);
        assert_eq!(tasks.restarts(), [("calm", 0)]);
    }
}
