//! What `up` has started, as its folder tells: also after a crash, and to another process.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use latchkey_testbed::wait_for;

use super::Part;

/// Everything that `up` writes besides the parts' own folders. The environment file comes last: it says that all is ready.
const ENVIRONMENT: &str = "env";
const HOLDER: &str = "holder.pid";
const LOG: &str = "holder.log";
const PARTS: &str = "parts";

/// The folder of an `up`, locked against another `up` or `down`.
#[derive(Debug)]
pub(super) struct Session {
    dir: PathBuf,
    _lock: File,
}

/// Writes the environment file whole.
pub(super) fn publish(dir: &Path, exports: &str) -> Result<()> {
    let unfinished = dir.join(".env");
    std::fs::write(&unfinished, exports)?;
    Ok(std::fs::rename(unfinished, dir.join(ENVIRONMENT))?)
}

impl Session {
    pub(super) fn at(dir: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let dir = dir.canonicalize()?;
        let lock = File::options().create(true).append(true).open(dir.join("lock"))?;
        lock.lock().context("cannot lock the session")?;
        Ok(Self { dir, _lock: lock })
    }

    /// Starts the parts unless they are running, and returns the environment file's text.
    pub(super) fn up(&self, with: &[Part]) -> Result<String> {
        let parts = with.iter().map(|part| part.name()).collect::<Vec<_>>().join(",");
        if self.holder().is_some() && self.read(ENVIRONMENT).is_some() {
            let running = self.read(PARTS).unwrap_or_default();
            if running != parts {
                bail!("{running} is running in {}; stop it first (down)", self.dir.display());
            }
        } else {
            self.down()?; // What a crash has left.
            std::fs::write(self.dir.join(PARTS), &parts)?;
            self.start(&parts)?;
        }
        self.read(ENVIRONMENT).context("the environment file is gone")
    }

    fn start(&self, parts: &str) -> Result<()> {
        let log = File::create(self.dir.join(LOG))?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["hold", "--with", parts, "--dir"]).arg(&self.dir).current_dir(&self.dir);
        // Its own group and no terminal: it outlives the shell that started it.
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let mut holder = command.spawn()?;
        std::fs::write(self.dir.join(HOLDER), holder.id().to_string())?;
        wait_for("the start", Duration::from_secs(180), || {
            if let Some(status) = holder.try_wait()? {
                bail!("the start failed ({status}):\n{}", self.read(LOG).unwrap_or_default());
            }
            Ok(self.read(ENVIRONMENT).map(drop))
        })
    }

    /// Stops everything and removes what `up` wrote. Nothing need be running.
    pub(super) fn down(&self) -> Result<()> {
        if let Some(holder) = self.holder() {
            kill("TERM", holder)?;
        }
        let gone = |what: &str, seconds| {
            wait_for(what, Duration::from_secs(seconds), || {
                Ok((self.holder().is_none() && self.components().is_empty()).then_some(()))
            })
        };
        if gone("the components' end", 15).is_err() {
            // A guard was killed, and nobody else knows of its component.
            for pid in self.components().into_iter().chain(self.holder()) {
                kill("KILL", pid)?;
            }
            gone("the components' end by force", 15)?;
        }
        for part in Part::value_variants() {
            remove(std::fs::remove_dir_all(self.dir.join(part.name())))?;
        }
        for file in [ENVIRONMENT, HOLDER, LOG, PARTS] {
            remove(std::fs::remove_file(self.dir.join(file)))?;
        }
        Ok(())
    }

    pub(super) fn status(&self) -> String {
        let Some(holder) = self.holder() else { return "nothing is running".to_owned() };
        let parts = self.read(PARTS).unwrap_or_default();
        let components = self.components().len();
        let environment = self.dir.join(ENVIRONMENT);
        format!(
            "{parts}: held by process {holder}, {components} components running\nsource {} to use them",
            environment.display()
        )
    }

    /// The process that `up` left behind, if it is alive.
    fn holder(&self) -> Option<u32> {
        self.pid_of(&self.dir.join(HOLDER))
    }

    /// The components' processes that are alive.
    fn components(&self) -> Vec<u32> {
        let folders = Part::value_variants()
            .iter()
            .filter_map(|part| std::fs::read_dir(self.dir.join(part.name())).ok());
        let files = folders.flatten().flatten().map(|entry| entry.path());
        files
            .filter(|file| file.extension().is_some_and(|end| end == "pid"))
            .filter_map(|file| self.pid_of(&file))
            .collect()
    }

    /// The recorded process, if it is still the one that was recorded: the system gives a number out again, but only ours
    /// has this folder on its command line.
    fn pid_of(&self, file: &Path) -> Option<u32> {
        let pid: u32 = std::fs::read_to_string(file).ok()?.trim().parse().ok()?;
        let output =
            Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid.to_string()]).output().ok()?;
        let command = String::from_utf8_lossy(&output.stdout).into_owned();
        command.contains(&*self.dir.to_string_lossy()).then_some(pid)
    }

    fn read(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(self.dir.join(file)).ok()
    }
}

fn kill(signal: &str, pid: u32) -> Result<()> {
    // It may have ended meanwhile, so the status says nothing.
    Command::new("kill").args(["-s", signal, &pid.to_string()]).stderr(Stdio::null()).status()?;
    Ok(())
}

/// What is not there need not be removed.
fn remove(result: std::io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
