//! Running one component so that it cannot outlive its owner.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A shell that runs the component and watches its own standard input: a pipe whose other end the owner holds. The
/// kernel closes that end however the owner ends, `SIGKILL` included, which no destructor or signal handler could see.
const GUARD: &str = include_str!("guard.sh");

/// What a component keeps of the owner's environment; the rest (`KUBECONFIG`, `VAULT_ADDR`, …) could change what it does.
const INHERITED: [&str; 5] = ["PATH", "LD_LIBRARY_PATH", "LANG", "TMPDIR", "SSL_CERT_FILE"];

/// What to run, and how.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Names the log (`<name>.log`) and the pid file (`<name>.pid`) in `dir`.
    pub name: String,
    pub program: PathBuf,
    pub args: Vec<OsString>,
    /// Besides `HOME` (which is `dir`) and the few variables that are inherited.
    pub envs: Vec<(String, OsString)>,
    /// Working directory, and where log and pid file go.
    pub dir: PathBuf,
    /// Between `SIGTERM` and `SIGKILL`.
    pub grace: Duration,
}

impl Launch {
    pub fn new(name: &str, program: impl Into<PathBuf>, dir: impl Into<PathBuf>) -> Self {
        Self {
            name: name.to_owned(),
            program: program.into(),
            args: Vec::new(),
            envs: Vec::new(),
            dir: dir.into(),
            grace: Duration::from_secs(1),
        }
    }

    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.envs.push((name.to_owned(), value.into()));
        self
    }

    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}

/// A running component. It is stopped when this is dropped, and when this process is gone.
#[derive(Debug)]
pub struct Process {
    name: String,
    guard: Child,
    /// Letting go of this pipe is what stops the component.
    hold: Option<ChildStdin>,
    log: PathBuf,
    pid_file: PathBuf,
    grace: Duration,
}

impl Process {
    /// Starts the component under its guard and returns at once.
    ///
    /// # Errors
    /// When the log cannot be written or `sh` cannot be started. A program that does not exist shows in [`Self::exited`].
    pub fn spawn(launch: Launch) -> Result<Self> {
        let Launch { name, program, args, envs, dir, grace } = launch;
        let log = dir.join(format!("{name}.log"));
        let pid_file = dir.join(format!("{name}.pid"));
        let out = File::options().create(true).append(true).open(&log);
        let out = out.with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new("sh");
        command.args(["-c", GUARD, "guard", &(grace.as_millis() / 100).to_string()]);
        command.arg(&pid_file).arg(&program).args(args);
        command.env_clear().env("HOME", &dir).envs(inherited()).envs(envs).current_dir(&dir);
        command.stdin(Stdio::piped()).stdout(out.try_clone()?).stderr(out);
        // Its own group: Ctrl-C at the owner's terminal must not reach it before the owner has decided to stop.
        command.process_group(0);
        let mut guard = command.spawn().with_context(|| format!("cannot start sh to run {name}"))?;
        let hold = guard.stdin.take();
        Ok(Self { name, guard, hold, log, pid_file, grace })
    }

    /// The component's exit status if it has ended.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.guard.try_wait()?)
    }

    /// An error with the tail of the log if the component has ended; for loops that wait for it to become ready.
    pub fn check_alive(&mut self) -> Result<()> {
        match self.exited()? {
            None => Ok(()),
            Some(status) => bail!("{} ended with {status}:\n{}", self.name, self.log_tail()),
        }
    }

    /// The component's own process id (not the guard's); `None` until the guard has started it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        std::fs::read_to_string(&self.pid_file).ok()?.trim().parse().ok()
    }

    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The last lines of the log, for error messages.
    #[must_use]
    pub fn log_tail(&self) -> String {
        tail(&self.log, 25)
    }

    /// Asks the component to stop, without waiting; several can then end at the same time.
    pub fn let_go(&mut self) {
        self.hold = None;
    }

    /// `SIGKILL` for the component itself: a crash. Returns when it is gone.
    pub fn crash(&mut self) -> Result<()> {
        let pid = self.pid().with_context(|| format!("{} has not started yet", self.name))?;
        Command::new("kill").args(["-s", "KILL", &pid.to_string()]).status()?;
        self.guard.wait()?;
        Ok(())
    }

    /// Stops the component and waits until it is gone.
    pub fn stop(&mut self) {
        self.let_go();
        let deadline = Instant::now() + self.grace + Duration::from_secs(10);
        while let Ok(None) = self.guard.try_wait() {
            if Instant::now() > deadline {
                // The guard itself hangs; without it nothing is left that could be waited for.
                let _ = self.guard.kill();
                let _ = self.guard.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

fn inherited() -> impl Iterator<Item = (&'static str, OsString)> {
    INHERITED.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)))
}

/// The last `lines` lines of a file, or a sentence that says why there are none.
pub(crate) fn tail(path: &Path, lines: usize) -> String {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return format!("(no log at {}: {error})", path.display()),
    };
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
