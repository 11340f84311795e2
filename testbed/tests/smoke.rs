//! All components together, one thing done with each.

use std::process::Command;

use anyhow::{Result, ensure};
use latchkey_testbed::{ControlPlane, ControlPlaneOptions, Moto, MotoOptions, Vault, VaultOptions};
use serde_json::json;

fn output(mut command: Command) -> Result<String> {
    let output = command.output()?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn timed<T>(name: &str, start: impl FnOnce() -> Result<T>) -> Result<T> {
    let begin = std::time::Instant::now();
    let value = start()?;
    println!("{name} was ready after {} ms", begin.elapsed().as_millis());
    Ok(value)
}

#[test]
fn everything_starts_together_and_works() -> Result<()> {
    std::thread::scope(|scope| {
        let cluster =
            scope.spawn(|| timed("control plane", || ControlPlane::start(ControlPlaneOptions::default())));
        let vault = scope.spawn(|| timed("vault", || Vault::start(VaultOptions::default())));
        let moto = scope.spawn(|| timed("moto", || Moto::start(MotoOptions::default())));
        let (cluster, vault, moto) = (cluster.join(), vault.join(), moto.join());
        let cluster = cluster.expect("no panic")?;
        let (vault, moto) = (vault.expect("no panic")?, moto.expect("no panic")?);
        pods_can_be_created(&cluster)?;
        vault_keeps_secrets_over_a_restart(&vault)?;
        logins_of_service_accounts_work(&vault, &cluster)?;
        moto_counts_and_refuses(&moto)
    })
}

fn pods_can_be_created(cluster: &ControlPlane) -> Result<()> {
    ensure!(output(cluster.kubectl(["get", "namespaces"])?)?.contains("default"));
    output(cluster.kubectl(["run", "nginx", "--image=nginx", "--namespace=default"])?)?;
    ensure!(output(cluster.kubectl(["get", "pod", "nginx", "-o=name"])?)?.contains("pod/nginx"));
    ensure!(output(cluster.kubectl(["version"])?)?.contains("Server Version: v1.36"));
    let alice = format!("--token={}", cluster.user_token("alice")?);
    let can = cluster.kubectl(["auth", "can-i", "get", "secrets", "--as=alice"])?.output()?;
    ensure!(can.stdout.starts_with(b"no"), "{can:?}");
    ensure!(!alice.is_empty() && std::fs::read_to_string(cluster.audit_log())?.contains("\"nginx\""));
    Ok(())
}

fn vault_keeps_secrets_over_a_restart(vault: &Vault) -> Result<()> {
    output(vault.cli(["kv", "put", "-mount=secret", "app", "password=one"])?)?;
    vault.put("kv1/app", &json!({ "password": "two" }))?;
    vault.seal()?;
    ensure!(vault.put("kv1/app", &json!({})).is_err(), "a sealed Vault refuses");
    vault.unseal()?;
    vault.start_again()?;
    ensure!(output(vault.cli(["kv", "get", "-field=password", "-mount=secret", "app"])?)? == "one");
    ensure!(output(vault.cli(["read", "-field=password", "kv1/app"])?)? == "two");
    Ok(())
}

fn logins_of_service_accounts_work(vault: &Vault, cluster: &ControlPlane) -> Result<()> {
    vault.policy("app", "path \"secret/data/app\" { capabilities = [\"read\"] }")?;
    vault.enable_kubernetes_auth(cluster)?;
    vault.kubernetes_role("app", ("default", "default"), None, &["app"])?;
    let jwt = cluster.service_account_token("default", "default", &[])?;
    vault.api("POST", "auth/kubernetes/login", &json!({ "role": "app", "jwt": jwt }))?;
    vault.enable_jwt_auth(cluster)?;
    vault.jwt_role("app", ("default", "default"), "vault", &["app"])?;
    let jwt = cluster.service_account_token("default", "default", &["vault"])?;
    vault.api("POST", "auth/jwt/login", &json!({ "role": "app", "jwt": jwt }))?;
    let latchkey_testbed::AppRole { role_id, secret_id } = vault.enable_approle("app", &["app"])?;
    vault.api("POST", "auth/approle/login", &json!({ "role_id": role_id, "secret_id": secret_id }))?;
    Ok(())
}

fn moto_counts_and_refuses(moto: &Moto) -> Result<()> {
    moto.put_secret("app", "one")?;
    moto.put_secret("app", "two")?;
    let client = latchkey_testbed::http::Client::plain(moto.proxy().addr().port())
        .header(
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=a/20200101/us-east-1/secretsmanager/aws4_request",
        )
        .header("X-Amz-Target", "secretsmanager.GetSecretValue");
    let get = || client.request("POST", "/", br#"{"SecretId": "app"}"#);
    ensure!(get()?.text().contains("\"SecretString\": \"two\""), "{}", get()?.text());
    ensure!(moto.calls("GetSecretValue") == 1 && moto.calls("PutSecretValue") == 0);
    moto.deny("GetSecretValue");
    let refused = get()?;
    ensure!(refused.status == 400 && refused.text().contains("AccessDeniedException"));
    moto.proxy().behave();
    moto.proxy().go_down();
    ensure!(get().is_err());
    moto.proxy().come_up()?;
    ensure!(get()?.is_success());
    Ok(())
}
