//! The real components that latchkey is tested against, and what a developer plays with: a Kubernetes control plane,
//! HashiCorp Vault, and AWS Secrets Manager as moto speaks it.
//!
//! Each component is built from exact pins ([`binary`]) once per machine, and started on free loopback ports. It stops
//! when its value is dropped, and also when the owning process dies in any other way: see [`Process`].
//!
//! ```no_run
//! use latchkey_testbed::{ControlPlane, ControlPlaneOptions};
//!
//! let cluster = ControlPlane::start(ControlPlaneOptions::default())?;
//! let output = cluster.kubectl(["get", "namespaces"])?.output()?;
//! # anyhow::Ok(())
//! ```
//!
//! | environment | meaning |
//! |---|---|
//! | `LATCHKEY_TESTBED_CACHE` | where built components are kept (default `$XDG_CACHE_HOME/latchkey-testbed`) |
//! | `LATCHKEY_TESTBED_KEEP=1` | state folders and logs are kept, and their paths printed |

mod api_gate;
mod cache;
mod compile;
mod control_plane;
pub mod http;
mod moto;
mod pki;
mod process;
mod proxy;
mod state;
mod tool;
mod vault;
mod wait;

pub use api_gate::{ApiGate, Asked, Fault};
pub use cache::Cache;
pub use control_plane::{ControlPlane, ControlPlaneOptions};
pub use moto::{Moto, MotoOptions, REGION};
pub use pki::{CertificateAuthority, Pair};
pub use process::{Launch, Process};
pub use proxy::{Breakage, Proxy, Received, Reply, Rule};
pub use state::{free_port, random_token};
pub use tool::{Tool, binary};
pub use vault::{AppRole, ListenerTls, Vault, VaultOptions};
pub use wait::wait_for;
