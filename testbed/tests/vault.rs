//! Vault's listener with TLS.

use anyhow::{Context, Result, ensure};
use latchkey_testbed::http::Client;
use latchkey_testbed::{ListenerTls, Vault, VaultOptions};
use serde_json::{Value, json};

#[test]
fn a_listener_with_mutual_tls_refuses_a_client_without_certificate() -> Result<()> {
    let vault = Vault::start(VaultOptions { tls: ListenerTls::Mutual, ..Default::default() })?;
    let ca = vault.ca_pem().context("there is TLS")?;
    let pair = vault.client_pair().context("there is TLS")?;
    let health = |client: Client| client.request("GET", "/v1/sys/health", &[]);
    ensure!(health(Client::tls(vault.port(), ca, None)?).is_err());
    ensure!(health(Client::tls(vault.port(), ca, Some((&pair.certificate, &pair.key)))?)?.is_success());
    ensure!(vault.cli(["status"])?.output()?.status.success());
    Ok(())
}

#[test]
fn a_listener_with_tls_logs_a_certificate_in() -> Result<()> {
    let vault = Vault::start(VaultOptions { tls: ListenerTls::Server, ..Default::default() })?;
    let ca = vault.ca_pem().context("there is TLS")?;
    let pair = vault.client_pair().context("there is TLS")?;
    ensure!(Client::tls(vault.port(), ca, None)?.request("GET", "/v1/sys/health", &[])?.is_success());
    vault.api("POST", "sys/auth/cert", &json!({ "type": "cert" }))?;
    vault.api(
        "POST",
        "auth/cert/certs/app",
        &json!({ "certificate": ca, "allowed_common_names": ["latchkey"] }),
    )?;
    let client = Client::tls(vault.port(), ca, Some((&pair.certificate, &pair.key)))?;
    client.json("POST", "/v1/auth/cert/login", &json!({ "name": "app" }))?;
    vault.start_again_sealed()?;
    ensure!(vault.api("GET", "sys/mounts", &Value::Null).is_err());
    vault.unseal()?;
    vault.api("GET", "sys/mounts", &Value::Null)?;
    Ok(())
}
