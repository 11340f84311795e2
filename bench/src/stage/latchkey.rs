//! latchkey as a process of its own, and what can be told of it from outside.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use latchkey_testbed::{ControlPlane, Launch, Process, REGION, free_port, http};

use super::{SYSTEM, Under, wait};
use crate::profile::Profile;
use crate::remote::Remote;

/// A running latchkey; it ends when this is dropped.
pub(crate) struct Latchkey {
    process: Process,
    started: Instant,
    admin_port: u16,
    pub(crate) webhook_port: u16,
    profile: Option<(Profile, PathBuf)>,
}

impl Drop for Latchkey {
    fn drop(&mut self) {
        self.process.stop();
        if let Some((profile, table)) = self.profile.take() {
            match profile.write(&table) {
                Ok(()) => println!("  profile: {}", table.display()),
                Err(error) => eprintln!("no profile: {error:#}"),
            }
        }
    }
}

impl Latchkey {
    pub(super) fn start(under: &Under, cluster: &ControlPlane, remote: &Remote) -> Result<Self> {
        let Under { binary, profile, env } = under;
        let binary = binary.canonicalize().with_context(|| format!("there is no {}", binary.display()))?;
        let (webhook, admin) = (free_port(), free_port());
        let token = cluster.service_account_token(SYSTEM, "latchkey", &[])?;
        let mut launch = Launch::new("latchkey", binary, cluster.dir())
            .args(["serve", "--namespace", SYSTEM])
            .args([format!("--webhook-listen=127.0.0.1:{webhook}")])
            .args([format!("--webhook-url=https://127.0.0.1:{webhook}")])
            .args([format!("--admin-listen=127.0.0.1:{admin}")])
            .env("KUBECONFIG", cluster.kubeconfig("latchkey", &token)?)
            .env("AWS_ENDPOINT_URL", remote.url())
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "testbed")
            .env("AWS_SECRET_ACCESS_KEY", "testbed");
        for (name, value) in *env {
            launch = launch.env(name, value);
        }
        let (started, process) = (Instant::now(), Process::spawn(launch)?);
        let profile = profile.as_ref().map(|table| {
            let pid = wait("the process's id", || Ok(process.pid()))?; // it is written a moment after the start
            let folder = table.parent().unwrap_or(Path::new("."));
            anyhow::Ok((Profile::start(pid, folder)?, table.clone()))
        });
        Ok(Self { process, started, admin_port: admin, webhook_port: webhook, profile: profile.transpose()? })
    }

    /// Waits until it is ready; how long that was after its start.
    pub(crate) fn wait_ready(&self) -> Result<Duration> {
        wait("latchkey's readiness", || {
            std::thread::sleep(Duration::from_millis(5));
            Ok(self.admin("/readyz").filter(http::Answer::is_success))
        })?;
        Ok(self.started.elapsed())
    }

    /// Ends it, as the kubelet does.
    pub(crate) fn stop(&mut self) {
        self.process.stop();
    }

    /// Seconds of one core that it has used.
    pub(crate) fn cpu(&self) -> Result<f64> {
        self.metric("process_cpu_seconds_total ")
    }

    /// Waits until it has nothing more to do, events included.
    pub(crate) fn rest(&self) -> Result<()> {
        let mut before = self.cpu()?;
        wait("latchkey's rest", || {
            std::thread::sleep(Duration::from_secs(1));
            let now = self.cpu()?;
            let worked = now - std::mem::replace(&mut before, now);
            Ok((worked < 0.03).then_some(()))
        })
    }

    /// MiB of memory, once they no longer fall: freed memory is given back a second after it is free.
    pub(crate) fn resident(&self) -> Result<f64> {
        let (mut least, mut since) = (f64::MAX, Instant::now());
        wait("memory that no longer falls", || {
            let now = self.metric("process_resident_memory_bytes")?;
            if now < least * 0.99 {
                (least, since) = (now, Instant::now());
            }
            std::thread::sleep(Duration::from_millis(50));
            Ok((since.elapsed() > Duration::from_secs(4)).then_some(now / f64::from(1 << 20)))
        })
    }

    /// The sum of all samples of a metric whose line begins so.
    pub(crate) fn metric(&self, name: &str) -> Result<f64> {
        let page = self.admin("/metrics").context("latchkey gives no metrics")?.text();
        let samples = page.lines().filter(|line| line.starts_with(name));
        Ok(samples.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
    }

    /// How many reviews of a resource it has answered.
    pub(crate) fn reviews(&self, resource: &str) -> Result<usize> {
        let sample = format!("latchkey_admission_requests_total{{resource=\"{resource}\"");
        Ok(self.metric(&sample)? as usize)
    }

    fn admin(&self, path: &str) -> Option<http::Answer> {
        http::Client::plain(self.admin_port).request("GET", path, &[]).ok()
    }
}
