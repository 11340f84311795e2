//! The command line: build the components, start them for a developer, stop them again.

mod demo;
mod environment;
mod hold;
mod session;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use latchkey_testbed::{Cache, Tool, binary};
use session::Session;

/// A Kubernetes control plane, Vault and AWS Secrets Manager on this machine, without containers.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Builds components (all of them by default) and prints where they are.
    Build { components: Vec<Tool> },
    /// Starts the components in the background and prints the environment to use them.
    Up {
        /// Which of them.
        #[arg(long, value_delimiter = ',', default_value = "control-plane,vault,moto")]
        with: Vec<Part>,
        /// Their state, logs and the environment file (default: `up` in the cache folder).
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Stops what `up` started and removes its state.
    Down {
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Says what is running.
    Status {
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Shows what latchkey is for, on components of its own, and ends them.
    Demo {
        /// The binary of latchkey.
        #[arg(long, value_name = "FILE")]
        latchkey: PathBuf,
    },
    /// Holds the components of `up` until it is ended.
    #[command(hide = true)]
    Hold {
        #[arg(long, value_delimiter = ',')]
        with: Vec<Part>,
        #[arg(long)]
        dir: PathBuf,
    },
}

/// What can be started; each has a folder of its name in the session's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Part {
    ControlPlane,
    Vault,
    Moto,
}

impl Part {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ControlPlane => "control-plane",
            Self::Vault => "vault",
            Self::Moto => "moto",
        }
    }

    fn tools(self) -> &'static [Tool] {
        match self {
            Self::ControlPlane => {
                &[Tool::Etcd, Tool::KubeApiserver, Tool::KubeControllerManager, Tool::Kubectl, Tool::Helm]
            }
            Self::Vault => &[Tool::Vault, Tool::VaultKubernetesPlugin],
            Self::Moto => &[Tool::MotoServer],
        }
    }
}

pub(crate) fn run(Arguments { command }: Arguments) -> Result<()> {
    match command {
        Action::Build { components } => build(&components),
        Action::Up { with, dir } => up(with, dir),
        Action::Down { dir } => Session::at(folder(dir)?)?.down(),
        Action::Status { dir } => {
            println!("{}", Session::at(folder(dir)?)?.status());
            Ok(())
        }
        Action::Demo { latchkey } => demo::run(&latchkey),
        Action::Hold { with, dir } => hold::hold(&with, &dir),
    }
}

fn build(components: &[Tool]) -> Result<()> {
    let components = if components.is_empty() { &Tool::ALL } else { components };
    for &tool in components {
        println!("{}", binary(tool)?.display());
    }
    Ok(())
}

fn up(mut with: Vec<Part>, dir: Option<PathBuf>) -> Result<()> {
    with.sort_unstable();
    with.dedup();
    // Here and not in the background, so that who waits sees why.
    for &tool in with.iter().flat_map(|part| part.tools()) {
        binary(tool)?;
    }
    print!("{}", Session::at(folder(dir)?)?.up(&with)?);
    Ok(())
}

fn folder(dir: Option<PathBuf>) -> Result<PathBuf> {
    dir.map_or_else(|| Ok(Cache::of_user()?.root().join("up")), Ok)
}
