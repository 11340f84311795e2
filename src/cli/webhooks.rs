//! `latchkey webhooks`

use std::error::Error;

use clap::Args;

use crate::config::{Registration, Scope};
use crate::registration;

/// The flags of `latchkey webhooks`.
#[derive(Debug, Args)]
pub(super) struct Webhooks {
    #[command(flatten)]
    registration: Registration,

    #[command(flatten)]
    scope: Scope,

    /// The namespace that latchkey runs in.
    #[arg(long, env = "LATCHKEY_NAMESPACE", default_value = "latchkey-system", value_name = "NS")]
    namespace: String,

    /// The ServiceAccount that latchkey runs as, in that namespace: what it writes itself is not reviewed.
    #[arg(long, default_value = "latchkey", value_name = "NAME")]
    service_account: String,
}

impl Webhooks {
    pub(super) fn print(self) -> Result<(), Box<dyn Error>> {
        let Self { registration, scope, namespace, service_account } = self;
        let username = format!("system:serviceaccount:{namespace}:{service_account}");
        let desired = registration::Desired::new(&registration, &scope, &namespace, &username);
        super::print(&serde_saphyr::to_string(&desired.configuration(None))?)
    }
}
