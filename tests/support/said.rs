//! What a command said.

use std::fmt;
use std::io::Write;
use std::process::{Command, Stdio};

/// A finished command.
#[derive(Debug, Clone)]
pub struct Said {
    /// Whether it exited with 0.
    pub ok: bool,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Said {
    /// Runs the command with this on its standard input, until it ends.
    pub fn run(mut command: Command, input: &str) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("input is taken");
        let output = child.wait_with_output().expect("the command ends");
        Self {
            ok: output.status.success(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The texts behind `Warning: `.
    pub fn warnings(&self) -> Vec<&str> {
        self.err.lines().filter_map(|line| line.strip_prefix("Warning: ")).collect()
    }

    /// The same, if it went well.
    #[track_caller]
    pub fn good(self) -> Self {
        assert!(self.ok, "the command failed: {self}");
        self
    }

    /// The same, if it went well and without a warning.
    #[track_caller]
    pub fn silent(self) -> Self {
        assert!(self.ok && self.warnings().is_empty(), "there was something to say: {self}");
        self
    }

    /// The same, if it went well and said nothing, or only that a busy machine had no time for it at once.
    #[track_caller]
    pub fn silent_or_late(self) -> Self {
        let late = |text: &&str| text.contains("latchkey is busy") || text.contains("in time");
        assert!(self.ok && self.warnings().iter().all(late), "there was something to say: {self}");
        self
    }

    /// The same, if it failed.
    #[track_caller]
    pub fn refused(self) -> Self {
        assert!(!self.ok, "the command should have failed: {self}");
        self
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.out, self.err)
    }
}
