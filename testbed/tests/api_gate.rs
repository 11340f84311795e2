//! What a gate in front of the API server does, seen by a client of it; and what hurts a control plane.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use latchkey_testbed::http::Client;
use latchkey_testbed::{ApiGate, Asked, ControlPlane, ControlPlaneOptions, Fault, wait_for};
use serde_json::{Value, json};

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
const QUOTA: u64 = 48 << 20;

#[test]
fn a_gate_passes_on_refuses_and_cuts_and_a_full_etcd_is_emptied() -> Result<()> {
    let options = ControlPlaneOptions { controller_manager: false, ..Default::default() };
    let cluster = ControlPlane::start(options)?;
    let gate = ApiGate::start(&cluster)?;
    let ca = std::fs::read_to_string(gate.ca_file())?;
    let port = gate.url().rsplit(':').next().unwrap_or_default().parse()?;
    let admin = format!("Bearer {}", cluster.user_token("admin")?);
    let client = Client::tls(port, &ca, None)?.header("Authorization", &admin);
    passes_on(&cluster, &gate, &client)?;
    refuses(&gate, &client)?;
    cuts_a_watch(&cluster, &gate, &client)?;
    the_api_server_and_etcd_come_back(&cluster)?;
    etcd_is_full_and_emptied(&cluster)
}

fn passes_on(cluster: &ControlPlane, gate: &ApiGate, client: &Client) -> Result<()> {
    cluster.api("POST", CONFIG_MAPS, &json!({ "metadata": { "name": "there" } }))?;
    let answer = client.json("GET", &format!("{CONFIG_MAPS}/there"), &Value::Null)?;
    ensure!(answer["metadata"]["name"] == "there", "{answer}");
    ensure!(gate.count(|asked| asked.is("get configmaps") && asked.status == Some(200)) == 1);
    Ok(())
}

fn refuses(gate: &ApiGate, client: &Client) -> Result<()> {
    gate.next(1, |asked| asked.is("list configmaps"), Fault::Refuse(429, 3));
    let answer = client.request("GET", CONFIG_MAPS, &[])?;
    ensure!(answer.status == 429 && answer.header("retry-after") == Some("3"), "{}", answer.text());
    ensure!(client.request("GET", CONFIG_MAPS, &[])?.is_success());
    gate.next(1, Asked::is_watch, Fault::Gone);
    ensure!(client.request("GET", &format!("{CONFIG_MAPS}?watch=1"), &[])?.text().contains("Expired"));
    gate.next(1, |_| true, Fault::Drop);
    ensure!(client.request("GET", CONFIG_MAPS, &[]).is_err());
    gate.go_down();
    ensure!(client.request("GET", CONFIG_MAPS, &[]).is_err());
    gate.come_up()?;
    ensure!(client.request("GET", CONFIG_MAPS, &[])?.is_success());
    Ok(())
}

fn cuts_a_watch(cluster: &ControlPlane, gate: &ApiGate, client: &Client) -> Result<()> {
    let (start, watching) = (Instant::now(), client.clone());
    let watch = std::thread::spawn(move || {
        watching.request("GET", &format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=60"), &[])
    });
    wait_for("the watch", Duration::from_secs(20), || {
        Ok((gate.answering(Asked::is_watch) == 1).then_some(()))
    })?;
    cluster.api("POST", CONFIG_MAPS, &json!({ "metadata": { "name": "seen" } }))?;
    std::thread::sleep(Duration::from_millis(500));
    ensure!(gate.cut(Asked::is_watch) == 1);
    let seen = watch.join().expect("a thread")?.text();
    ensure!(start.elapsed() < Duration::from_secs(30) && seen.contains("\"seen\""), "{seen}");
    Ok(())
}

fn etcd_is_full_and_emptied(cluster: &ControlPlane) -> Result<()> {
    cluster.fill_etcd()?; // its limit holds since its last start
    let refused = cluster.api("POST", CONFIG_MAPS, &json!({ "metadata": { "name": "refused" } }));
    let refused = refused.expect_err("nothing can be written").to_string();
    ensure!(refused.contains("database space exceeded"), "{refused}");
    cluster.api("GET", &format!("{CONFIG_MAPS}/there"), &Value::Null)?;
    cluster.empty_etcd()?;
    cluster.api("POST", CONFIG_MAPS, &json!({ "metadata": { "name": "again" } }))?;
    Ok(())
}

fn the_api_server_and_etcd_come_back(cluster: &ControlPlane) -> Result<()> {
    cluster.crash_api_server()?;
    ensure!(cluster.api("GET", CONFIG_MAPS, &Value::Null).is_err());
    cluster.start_api_server()?;
    cluster.limit_etcd(QUOTA);
    cluster.stop_etcd();
    cluster.start_etcd()?;
    wait_for("what was written", Duration::from_secs(30), || {
        Ok(cluster.api("GET", &format!("{CONFIG_MAPS}/there"), &Value::Null).ok())
    })?;
    Ok(())
}
