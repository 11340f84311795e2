//! The demonstration: what latchkey is for, on real components, as commands that anyone could type. Each step is checked;
//! a demonstration that cannot fail shows nothing.

mod stage;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use latchkey_testbed::wait_for;

use stage::Stage;

const EXAMPLES: &str = "examples";

/// Shows everything with this binary of latchkey.
pub(super) fn run(latchkey: &Path) -> Result<()> {
    say("A control plane, Vault and AWS Secrets Manager (built on first use: about 15 minutes, once)");
    let stage = Stage::set(latchkey)?;
    install(&stage)?;
    aws_document(&stage)?;
    vault_document(&stage)?;
    forced_refresh(&stage)?;
    wrong_key(&stage)?;
    deletion(&stage)?;
    say("Everything was as it should be");
    Ok(())
}

fn say(text: &str) {
    println!("\n\x1b[1m# {text}\x1b[0m");
}

fn install(stage: &Stage) -> Result<()> {
    say("latchkey, installed by Helm, running with the rights of the chart's ServiceAccount and no others");
    stage.helm("install latchkey manifests/chart --namespace latchkey-system --create-namespace")?;
    stage.start_controllers()?;
    stage.start_latchkey()
}

fn aws_document(stage: &Stage) -> Result<()> {
    say("1. Store, ExternalSecret and Pod in one kubectl apply");
    stage.moto.put_secret(
        "my-app/database-credentials",
        r#"{"username":"db_user","password":"supersecretpassword"}"#,
    )?;
    println!("AWS Secrets Manager has my-app/database-credentials");
    let start = Instant::now();
    stage.kubectl("apply -f examples/aws/all.yaml")?;
    let took = start.elapsed().as_millis();
    expect(&stage.value("default", "database-credentials", "username")?, "db_user")?;
    expect(&stage.value("default", "database-credentials", "password")?, "supersecretpassword")?;
    println!("returned after {took} ms, and the Secret is there with both values");
    stage.kubectl("get secret database-credentials")?;
    stage.quiet("wait --for=condition=Ready externalsecret/database-credentials-secret --timeout=10s")?;
    stage.kubectl("get externalsecrets,secretstores,pods")
}

fn vault_document(stage: &Stage) -> Result<()> {
    say("2. Vault: one ClusterSecretStore for every namespace");
    stage.vault_cli("kv put -mount=secret prod/myapp username=app password=first")?;
    stage.quiet("create namespace team-a")?;
    let token = format!("--from-literal=token={}", stage.vault.root_token());
    stage.quiet(&format!("create secret generic vault-token -n latchkey-system {token}"))?;
    let store = stage.example("vault/clustersecretstore.yaml")?;
    let store = store.replace("http://vault.vault.svc.cluster.local:8200", &stage.vault.addr());
    stage.apply("examples/vault/clustersecretstore.yaml", &store)?;
    stage.kubectl("apply -f examples/vault/externalsecrets.yaml")?;
    expect(&stage.value("team-a", "myapp", "DB_PASSWORD")?, "first")?;
    expect(&stage.value("team-a", "myapp-all", "password")?, "first")?;
    stage.kubectl("get secrets -n team-a")
}

fn forced_refresh(stage: &Stage) -> Result<()> {
    say("3. A new value, asked for: it is there when kubectl annotate returns");
    stage.vault_cli("kv put -mount=secret prod/myapp username=app password=second")?;
    stage.kubectl("annotate externalsecret myapp -n team-a force-sync=1 --overwrite")?;
    expect(&stage.value("team-a", "myapp", "DB_PASSWORD")?, "second")?;
    println!("the Secret has the new password");
    Ok(())
}

fn wrong_key(stage: &Stage) -> Result<()> {
    say("4. A wrong key is said at the prompt; a dry run says the same; whoever likes is refused");
    let wrong = stage.example("vault/externalsecrets.yaml")?.replace("prod/myapp", "prod/misspelled");
    let wrong = wrong.replace("name: myapp", "name: wrong");
    let said = stage.said("apply --dry-run=server -f wrong.yaml", &wrong)?;
    ensure!(said.status && said.text.contains("prod/misspelled"), "no warning: {}", said.text);
    stage.kubectl("label namespace team-a latchkey.dev/failure-mode=deny")?;
    let said = stage.said("apply -f wrong.yaml", &wrong)?;
    ensure!(!said.status && said.text.contains("denied the request"), "not refused: {}", said.text);
    let there = stage.quiet("get secret -n team-a wrong");
    ensure!(there.is_err(), "a Secret was made for an ExternalSecret that was refused");
    Ok(())
}

fn deletion(stage: &Stage) -> Result<()> {
    say("5. The ExternalSecret goes, and its Secret with it");
    stage.kubectl("delete externalsecret database-credentials-secret")?;
    wait_for("the end of the Secret", Duration::from_secs(30), || {
        Ok(stage.value("default", "database-credentials", "username").is_err().then_some(()))
    })?;
    println!("gone");
    Ok(())
}

fn expect(is: &str, should: &str) -> Result<()> {
    ensure!(is == should, "expected {should:?}, found {is:?}");
    Ok(())
}
