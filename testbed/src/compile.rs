//! Building a tool from its pins with the machine's own Go or Python.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::cache::{key, say};
use crate::process::tail;

/// How a tool comes about.
#[derive(Debug)]
pub(crate) enum Recipe {
    Go(Go),
    Python(Python),
}

/// A Go program, built in a module of its own whose `go.mod` and `go.sum` pin everything.
#[derive(Debug)]
pub(crate) struct Go {
    /// The module whose version is the tool's.
    pub module: &'static str,
    pub go_mod: &'static str,
    pub go_sum: &'static str,
    pub package: &'static str,
    pub tags: &'static str,
    /// Kubernetes' package of version variables: without them the server calls itself v0.0.0, and clients believe it.
    pub version_in: Option<&'static str>,
    /// On two cores that do nothing else, from empty caches.
    pub takes: &'static str,
}

/// moto in a virtual environment.
#[derive(Debug)]
pub(crate) struct Python {
    pub requirements: &'static str,
}

/// A virtual environment's own scripts hold its absolute path, which changes when it is moved into the cache; this holds
/// none. `-X` with an unknown name means nothing to Python: it shows in the process list whose moto this is.
const MOTO_LAUNCHER: &str =
    "#!/bin/sh\nexec \"$(dirname \"$0\")/venv/bin/python\" -X testbed=\"$HOME\" -m moto.server \"$@\"\n";

impl Recipe {
    /// Changes with everything that decides what is built.
    pub(crate) fn key(&self) -> Result<String> {
        let platform = [std::env::consts::OS, std::env::consts::ARCH];
        Ok(match self {
            Self::Go(go) => {
                let flags = go.flags()?.join(" ");
                key(platform.into_iter().chain([go.go_mod, go.go_sum, go.package, &flags]))
            }
            // The environment points into the Python that made it and is of no use to another.
            Self::Python(python) => {
                key(platform.into_iter().chain([python.requirements, MOTO_LAUNCHER, &python_version()?]))
            }
        })
    }

    /// Puts the program `name`, and what it needs, into `dir`.
    pub(crate) fn build(&self, name: &str, dir: &Path) -> Result<()> {
        let (version, takes) = match self {
            Self::Go(go) => (go.version()?, go.takes),
            Self::Python(python) => (python.version()?, "1 minute"),
        };
        say(&format!("building {name} {version} (once, about {takes})…"));
        let start = Instant::now();
        match self {
            Self::Go(go) => go.build(name, dir),
            Self::Python(python) => python.build(name, dir),
        }
        .with_context(|| format!("cannot build {name} {version}"))?;
        say(&format!("built {name} {version} in {} s", start.elapsed().as_secs()));
        Ok(())
    }
}

impl Go {
    pub(crate) const PLAIN: Self =
        Self { module: "", go_mod: "", go_sum: "", package: "", tags: "", version_in: None, takes: "" };

    /// As `go.mod` pins it, without the `v`.
    fn version(&self) -> Result<&'static str> {
        let pinned = self.go_mod.lines().find_map(|line| {
            let line = line.trim().trim_start_matches("require ");
            let version = line.strip_prefix(self.module)?.strip_prefix(" v")?;
            version.split_whitespace().next()
        });
        pinned.with_context(|| format!("go.mod does not pin {}", self.module))
    }

    fn flags(&self) -> Result<Vec<String>> {
        let mut link = "-s -w".to_owned();
        if let Some(package) = self.version_in {
            let version = self.version()?;
            let (major, rest) = version.split_once('.').context("a version has dots")?;
            let minor = rest.split('.').next().unwrap_or_default();
            for (variable, value) in
                [("gitVersion", format!("v{version}").as_str()), ("gitMajor", major), ("gitMinor", minor)]
            {
                link.push_str(&format!(" -X {package}.{variable}={value}"));
            }
        }
        let mut flags =
            vec!["-trimpath".to_owned(), "-buildvcs=false".to_owned(), format!("-ldflags={link}")];
        if !self.tags.is_empty() {
            flags.push(format!("-tags={}", self.tags));
        }
        Ok(flags)
    }

    fn build(&self, name: &str, dir: &Path) -> Result<()> {
        if Command::new("go").arg("version").output().is_err() {
            bail!("`go` is not on the PATH: install Go 1.26 or newer (https://go.dev/dl/)");
        }
        let source = tempfile::tempdir()?;
        std::fs::write(source.path().join("go.mod"), self.go_mod)?;
        std::fs::write(source.path().join("go.sum"), self.go_sum)?;
        // `nice`: minutes of compiling should not make the machine unusable for whoever waits.
        let mut command = Command::new("nice");
        command
            .args(["-n", "10", "go", "build"])
            .args(self.flags()?)
            .arg("-o")
            .arg(dir.join(name))
            .arg(self.package);
        // The user's proxy and checksum settings hold; what would change the result does not.
        command.env("GOFLAGS", "-mod=readonly").env("GOWORK", "off").env("CGO_ENABLED", "0");
        command.env_remove("GOOS").env_remove("GOARCH").env_remove("GOEXPERIMENT");
        run(command.current_dir(source.path()), dir)
    }
}

impl Python {
    fn version(&self) -> Result<&'static str> {
        let pinned = self.requirements.lines().find_map(|line| line.strip_prefix("moto=="));
        pinned.context("requirements.txt does not pin moto")
    }

    fn build(&self, name: &str, dir: &Path) -> Result<()> {
        let venv = dir.join("venv");
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv), dir).context(
            "`python3 -m venv` failed: Python's venv and ensurepip modules are needed (on Debian and Ubuntu: apt install python3-venv)",
        )?;
        let requirements = dir.join("requirements.txt");
        std::fs::write(&requirements, self.requirements)?;
        let mut pip = Command::new(venv.join("bin/python"));
        pip.args(["-m", "pip", "install", "--no-deps", "--disable-pip-version-check", "-r"])
            .arg(&requirements);
        run(&mut pip, dir)?;
        let launcher = dir.join(name);
        std::fs::write(&launcher, MOTO_LAUNCHER)?;
        Ok(std::fs::set_permissions(&launcher, PermissionsExt::from_mode(0o755))?)
    }
}

fn python_version() -> Result<String> {
    let output =
        Command::new("python3").args(["-c", "import sys; print(sys.version, sys.base_prefix)"]).output();
    let output = output
        .context("`python3` is not on the PATH: moto (AWS Secrets Manager) needs Python 3.11 or newer")?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a step of a build; an error carries the tail of what it printed.
fn run(command: &mut Command, dir: &Path) -> Result<()> {
    let log = dir.join("build.log");
    let out = File::options().create(true).append(true).open(&log)?;
    let status = command.stdin(std::process::Stdio::null()).stdout(out.try_clone()?).stderr(out).status();
    let program = command.get_program().to_string_lossy().into_owned();
    let status = status.with_context(|| format!("cannot run {program}"))?;
    if !status.success() {
        bail!("{program} ended with {status}:\n{}", tail(&log, 25));
    }
    Ok(())
}
