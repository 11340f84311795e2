//! How the process ends: in phases when it is told to, at once when it is told twice, with an error when one of its parts
//! ends by itself.
//!
//! On SIGTERM latchkey is no longer ready, but goes on serving: requests are sent here until every API server has heard
//! of it. After `--shutdown-delay` connections are drained, and then the process ends.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::runtime::Handle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long draining may take. With the delay before, well within the 30 s that a kubelet grants.
const DRAIN: Duration = Duration::from_secs(15);

/// The process did not end as it was told to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A part has ended by itself.
    #[error("{task} {ending}")]
    Task {
        /// Which part.
        task: &'static str,
        /// How it ended.
        ending: &'static str,
    },
    /// Told to end twice.
    #[error("stopped at once by a second signal")]
    Aborted,
    /// Something did not end.
    #[error("{0} of latchkey's tasks were still at work long after they were told to end")]
    Stuck(usize),
    /// Signals cannot be received.
    #[error("cannot listen to signals")]
    Signals(#[from] std::io::Error),
}

/// The background work of the process, and the phases of its end. All clones are one.
#[derive(Debug, Clone)]
pub struct Tasks {
    /// Whose threads they run on; none: those of whoever starts them.
    runtime: Option<Handle>,
    running: TaskTracker,
    ended: mpsc::UnboundedSender<Error>,
    leaving: CancellationToken,
    draining: CancellationToken,
}

/// Learns of tasks that ended by themselves, and of signals.
#[derive(Debug)]
pub struct Watch {
    ended: mpsc::UnboundedReceiver<Error>,
    signals: Option<Signals>,
}

impl Watch {
    /// Does what has to be done before anything can be left in order; none if a signal comes first. Without this a signal
    /// that comes early would not be heard: the kernel keeps it from the first process of a container.
    ///
    /// # Errors
    /// Signals cannot be received.
    pub async fn unless_told<T>(&mut self, work: impl Future<Output = T>) -> Result<Option<T>, Error> {
        let signals = self.signals()?;
        tokio::select! {
            done = work => Ok(Some(done)),
            signal = signals.next() => {
                tracing::info!(signal, "ending before anything has begun");
                Ok(None)
            }
        }
    }

    /// Those that came since this was called first.
    fn signals(&mut self) -> Result<&mut Signals, Error> {
        let signals = match self.signals.take() {
            Some(signals) => signals,
            None => Signals::new()?,
        };
        Ok(self.signals.insert(signals))
    }
}

impl Tasks {
    /// Nothing at work yet.
    pub fn new() -> (Self, Watch) {
        let (ended, watch) = mpsc::unbounded_channel();
        let (running, leaving, draining) = Default::default();
        (Self { runtime: None, running, ended, leaving, draining }, Watch { ended: watch, signals: None })
    }

    /// The same, but what is started from here runs on this runtime's threads.
    #[must_use]
    pub fn on(&self, runtime: Handle) -> Self {
        Self { runtime: Some(runtime), ..self.clone() }
    }

    /// Cancelled by the first signal: background work stops and Leases are given back; admission goes on.
    pub fn leaving(&self) -> CancellationToken {
        self.leaving.clone()
    }

    /// Cancelled when connections are to be closed.
    pub fn draining(&self) -> CancellationToken {
        self.draining.clone()
    }

    /// Work that ends when it is told to. If it ends before, or panics, the process ends with an error: a latchkey that
    /// looks alive and does not refresh is worse than one that is started again.
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        self.supervise(name, work, false);
    }

    /// Work that may end when it is done. If it panics, the process ends with an error.
    pub fn spawn_finite(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        self.supervise(name, work, true);
    }

    /// Work without an end of its own that requests depend on: it is dropped once connections are drained.
    pub fn spawn_daemon(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let draining = self.draining.clone();
        self.spawn(name, async move {
            draining.run_until_cancelled(work).await;
        });
    }

    fn supervise(&self, task: &'static str, work: impl Future<Output = ()> + Send + 'static, finite: bool) {
        let (ended, leaving) = (self.ended.clone(), self.leaving.clone());
        let supervised = async move {
            let ending = match AssertUnwindSafe(work).catch_unwind().await {
                Err(_) => "panicked",
                Ok(()) if finite || leaving.is_cancelled() => return,
                Ok(()) => "ended by itself",
            };
            let _ = ended.send(Error::Task { task, ending });
        };
        match &self.runtime {
            Some(runtime) => self.running.spawn_on(supervised, runtime),
            None => self.running.spawn(supervised),
        };
    }

    /// Runs until a signal or until a task ends by itself; then ends in order. `unready` is called first.
    ///
    /// # Errors
    /// The end was not in order.
    pub async fn run(self, mut watch: Watch, delay: Duration, unready: impl FnOnce()) -> Result<(), Error> {
        watch.signals()?;
        let Watch { ended, signals: Some(signals) } = &mut watch else { return Ok(()) };
        tokio::select! {
            name = signals.next() => tracing::info!(signal = name, ?delay, "leaving"),
            Some(error) = ended.recv() => return Err(error),
        }
        unready();
        tokio::select! {
            left = self.leave(delay, DRAIN) => left,
            _ = signals.next() => Err(Error::Aborted),
            Some(error) = ended.recv() => Err(error),
        }
    }

    async fn leave(&self, delay: Duration, drain: Duration) -> Result<(), Error> {
        self.leaving.cancel();
        tokio::time::sleep(delay).await;
        self.draining.cancel();
        self.running.close();
        tokio::time::timeout(drain, self.running.wait())
            .await
            .map_err(|_| Error::Stuck(self.running.len()))?;
        tracing::info!("drained");
        Ok(())
    }
}

#[derive(Debug)]
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ends(work: impl FnOnce(&Tasks)) -> String {
        let (tasks, watch) = Tasks::new();
        work(&tasks);
        tasks.run(watch, Duration::ZERO, || ()).await.expect_err("an end that is an error").to_string()
    }

    #[tokio::test]
    async fn a_task_that_ends_by_itself_ends_the_process() {
        assert_eq!(
            ends(|tasks| tasks.spawn("the refresher", async {})).await,
            "the refresher ended by itself"
        );
    }

    #[tokio::test]
    async fn a_panic_ends_the_process() {
        let panics = |tasks: &Tasks| tasks.spawn_finite("the index", async { panic!("a value") });
        assert_eq!(ends(panics).await, "the index panicked");
    }

    #[tokio::test]
    async fn goes_on_serving_for_a_while_and_then_drains() {
        let (tasks, _watch) = Tasks::new();
        let (leaving, draining) = (tasks.leaving(), tasks.draining());
        let serving = draining.clone();
        tasks.spawn("a lease", async move {
            leaving.cancelled().await;
            assert!(!serving.is_cancelled(), "requests still come");
        });
        tasks.spawn("a server", draining.cancelled_owned());
        tasks.leave(Duration::from_millis(20), DRAIN).await.expect("an orderly end");
    }

    #[tokio::test]
    async fn a_daemon_works_until_connections_are_drained() {
        let (tasks, _watch) = Tasks::new();
        tasks.spawn_daemon("the watches", std::future::pending());
        tasks.leave(Duration::ZERO, DRAIN).await.expect("an orderly end");
        assert_eq!(
            ends(|tasks| tasks.spawn_daemon("the watches", async {})).await,
            "the watches ended by itself"
        );
    }

    #[tokio::test]
    async fn does_not_wait_for_ever() {
        let (tasks, _watch) = Tasks::new();
        tasks.spawn("a stone", std::future::pending());
        let stuck = tasks.leave(Duration::ZERO, Duration::ZERO).await;
        assert!(matches!(stuck, Err(Error::Stuck(1))));
    }
}
