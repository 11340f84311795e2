//! What is known of the process itself, under the names that Prometheus' client libraries agree on.

use std::fs;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Handle;

use super::register;

#[derive(Debug)]
pub(super) struct Process {
    cpu: Counter<f64, AtomicU64>,
    resident_memory: Gauge,
    open_files: Gauge,
    tasks: Gauge,
    background: OnceLock<Handle>,
}

impl Process {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("latchkey_build", "What runs here", build);
        let started: Gauge =
            register(registry, "process_start_time_seconds", "When the process started, in Unix time");
        started.set(now());
        let cpu = Counter::default();
        // The text format adds `_total`.
        registry.register("process_cpu_seconds", "Time of processors that the process has used", cpu.clone());
        let help = "Memory that the process has in use";
        let open_files =
            register(registry, "process_open_fds", "Files and connections that the process has open");
        Self {
            cpu,
            resident_memory: register(registry, "process_resident_memory_bytes", help),
            open_files,
            tasks: register(registry, "latchkey_tasks", "Tasks of the runtime that have not ended"),
            background: OnceLock::new(),
        }
    }

    /// Measures what changes by itself.
    pub(super) fn measure(&self) {
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        let seconds = cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9;
        self.cpu.inner().store(seconds.to_bits(), Ordering::Relaxed);
        if let Some(bytes) = fs::read_to_string("/proc/self/status").ok().as_deref().and_then(resident) {
            self.resident_memory.set(bytes);
        }
        if let Ok(files) = fs::read_dir("/proc/self/fd") {
            self.open_files.set(i64::try_from(files.count()).unwrap_or(i64::MAX) - 1); // the folder itself is open just now
        }
        let runtimes = Handle::try_current().into_iter().chain(self.background.get().cloned());
        let tasks: usize = runtimes.map(|runtime| runtime.metrics().num_alive_tasks()).sum();
        self.tasks.set(i64::try_from(tasks).unwrap_or(i64::MAX));
    }

    /// Has the tasks of this runtime counted too.
    pub(super) fn count_tasks_of(&self, background: Handle) {
        let _ = self.background.set(background); // there is one
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}

/// The line `VmRSS:     1234 kB`, in bytes.
fn resident(status: &str) -> Option<i64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<i64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_resident_size() {
        assert_eq!(resident("VmPeak:\t  20 kB\nVmRSS:\t    1000 kB\nThreads:\t3\n"), Some(1_024_000));
        assert_eq!(resident("Threads:\t3\n"), None);
    }
}
