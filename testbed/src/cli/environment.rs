//! The shell variables with which a developer's programs find the components.

use anyhow::Result;
use latchkey_testbed::{ControlPlane, Moto, REGION, Tool, Vault, binary};

/// Lines of `export NAME='value'`.
pub(crate) fn exports(
    cluster: Option<&ControlPlane>,
    vault: Option<&Vault>,
    moto: Option<&Moto>,
) -> Result<String> {
    let mut variables = Vec::new();
    let mut tools = Vec::new();
    if let Some(cluster) = cluster {
        variables.push(("KUBECONFIG", cluster.admin_kubeconfig().display().to_string()));
        tools.extend([Tool::Kubectl, Tool::Helm]);
    }
    if let Some(vault) = vault {
        variables.push(("VAULT_ADDR", vault.addr()));
        variables.push(("VAULT_TOKEN", vault.root_token().to_owned()));
        tools.push(Tool::Vault);
    }
    if let Some(moto) = moto {
        variables.push(("AWS_ENDPOINT_URL", moto.endpoint()));
        variables.push(("AWS_REGION", REGION.to_owned()));
        // moto takes any, but the SDKs send nothing without.
        variables.push(("AWS_ACCESS_KEY_ID", "testbed".to_owned()));
        variables.push(("AWS_SECRET_ACCESS_KEY", "testbed".to_owned()));
    }
    let mut text: String =
        variables.iter().map(|(name, value)| format!("export {name}={}\n", quoted(value))).collect();
    for tool in tools {
        let program = binary(tool)?;
        let folder = program.parent().unwrap_or(&program).display().to_string();
        text.push_str(&format!("export PATH={}:\"$PATH\"\n", quoted(&folder)));
    }
    Ok(text)
}

/// For a POSIX shell.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}
