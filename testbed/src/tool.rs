//! The tools there are, and what each is built from.

use std::path::PathBuf;

use anyhow::Result;

use crate::cache::Cache;
use crate::compile::{Go, Python, Recipe};

/// A program of the testbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Tool {
    Etcd,
    KubeApiserver,
    KubeControllerManager,
    Kubectl,
    Vault,
    #[value(name = "vault-plugin-auth-kubernetes")]
    VaultKubernetesPlugin,
    Helm,
    MotoServer,
}

/// The path of the tool's program, which is built first if this machine has not built it yet. That takes minutes, and
/// says so on standard error.
///
/// # Errors
/// When Go or Python is missing (the message says how to get it), and when the build fails (with the tail of its log).
pub fn binary(tool: Tool) -> Result<PathBuf> {
    let recipe = tool.recipe();
    let build = |dir: &std::path::Path| recipe.build(tool.name(), dir);
    Ok(Cache::of_user()?.obtain(tool.name(), &recipe.key()?, build)?.join(tool.name()))
}

/// The text of a file under `pins/`.
macro_rules! pin {
    ($path:literal) => {
        include_str!(concat!("../pins/", $path))
    };
}

const KUBERNETES: Go = Go {
    module: "k8s.io/kubernetes",
    go_mod: pin!("kubernetes/go.mod"),
    go_sum: pin!("kubernetes/go.sum"),
    package: "",
    tags: "",
    version_in: Some("k8s.io/component-base/version"),
    takes: "3 minutes",
};

impl Tool {
    pub const ALL: [Self; 8] = [
        Self::Etcd,
        Self::KubeApiserver,
        Self::KubeControllerManager,
        Self::Kubectl,
        Self::Vault,
        Self::VaultKubernetesPlugin,
        Self::Helm,
        Self::MotoServer,
    ];

    /// The program's file name, and the tool's name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::Kubectl => "kubectl",
            Self::Vault => "vault",
            Self::VaultKubernetesPlugin => "vault-plugin-auth-kubernetes",
            Self::Helm => "helm",
            Self::MotoServer => "moto_server",
        }
    }

    fn recipe(self) -> Recipe {
        Recipe::Go(match self {
            Self::MotoServer => {
                return Recipe::Python(Python { requirements: pin!("moto/requirements.txt") });
            }
            Self::KubeApiserver => Go { package: "k8s.io/kubernetes/cmd/kube-apiserver", ..KUBERNETES },
            Self::KubeControllerManager => Go {
                package: "k8s.io/kubernetes/cmd/kube-controller-manager",
                takes: "2 minutes",
                ..KUBERNETES
            },
            Self::Kubectl => Go { package: "k8s.io/kubernetes/cmd/kubectl", takes: "1 minute", ..KUBERNETES },
            Self::Etcd => Go {
                module: "go.etcd.io/etcd/server/v3",
                go_mod: pin!("etcd/go.mod"),
                go_sum: pin!("etcd/go.sum"),
                package: "go.etcd.io/etcd/server/v3",
                takes: "1 minute",
                ..Go::PLAIN
            },
            Self::Vault => Go {
                module: "github.com/hashicorp/vault",
                go_mod: pin!("vault/go.mod"),
                go_sum: pin!("vault/go.sum"),
                package: "github.com/hashicorp/vault",
                tags: "minimal",
                takes: "5 minutes",
                ..Go::PLAIN
            },
            Self::VaultKubernetesPlugin => Go {
                module: "github.com/hashicorp/vault-plugin-auth-kubernetes",
                go_mod: pin!("vault-plugin-auth-kubernetes/go.mod"),
                go_sum: pin!("vault-plugin-auth-kubernetes/go.sum"),
                package: "github.com/hashicorp/vault-plugin-auth-kubernetes/cmd/vault-plugin-auth-kubernetes",
                takes: "1 minute",
                ..Go::PLAIN
            },
            Self::Helm => Go {
                module: "helm.sh/helm/v4",
                go_mod: pin!("helm/go.mod"),
                go_sum: pin!("helm/go.sum"),
                package: "helm.sh/helm/v4/cmd/helm",
                takes: "3 minutes",
                ..Go::PLAIN
            },
        })
    }
}
