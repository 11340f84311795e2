//! The release binary that the image holds, in a root directory with nothing else in it: `make static-check`.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey_testbed::{Launch, Moto, Process, REGION, Vault, VaultOptions, free_port, http, wait_for};
#[cfg(all(target_arch = "x86_64", target_os = "linux", debug_assertions))]
use object::{Object as _, ObjectSegment as _};
use serde_json::json;

use crate::install::cluster::{Cluster, moto};
use crate::support::{SYSTEM, Said, manifests};

/// The binary under test.
fn binary() -> PathBuf {
    let path = std::env::var_os("LATCHKEY_STATIC").expect("LATCHKEY_STATIC: run `make static-check`");
    crate::support::repository().join(path)
}

/// A directory with the binary and a kubeconfig that names no other file.
fn root(cluster: &Cluster) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    std::fs::copy(binary(), root.path().join("latchkey")).expect("copied");
    let token = cluster.0.service_account_token(SYSTEM, "latchkey", &[]).expect("a token");
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "a",
        "clusters": [{ "name": "a", "cluster": {
            "server": cluster.0.url(), "certificate-authority-data": BASE64_STANDARD.encode(cluster.0.ca_pem()),
        }}],
        "users": [{ "name": "a", "user": { "token": token } }],
        "contexts": [{ "name": "a", "context": { "cluster": "a", "user": "a" } }],
    });
    std::fs::write(root.path().join("kubeconfig"), kubeconfig.to_string()).expect("written");
    std::fs::set_permissions(root.path(), PermissionsExt::from_mode(0o755)).expect("readable");
    root
}

/// `chroot` is root's; others have it in a user namespace of their own.
fn chroot(root: &Path) -> (&'static str, Vec<String>) {
    let root = root.to_str().expect("UTF-8").to_owned();
    let is_root = Said::run(Command::new("id"), "").out.starts_with("uid=0");
    if is_root { ("chroot", vec![root]) } else { ("unshare", vec!["-r".into(), "chroot".into(), root]) }
}

fn start(cluster: &Cluster, moto: &Moto, root: &Path) -> Process {
    let (webhook, admin) = (free_port(), free_port());
    let (program, before) = chroot(root);
    let launch = Launch::new("static", program, cluster.0.dir())
        .args(before)
        .args(["/latchkey", "serve", "--namespace", SYSTEM])
        .args([format!("--webhook-listen=127.0.0.1:{webhook}")])
        .args([format!("--webhook-url=https://127.0.0.1:{webhook}")])
        .args([format!("--admin-listen=127.0.0.1:{admin}")])
        .env("KUBECONFIG", "/kubeconfig")
        .env("AWS_ENDPOINT_URL", moto.endpoint())
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", "testbed")
        .env("AWS_SECRET_ACCESS_KEY", "testbed");
    let mut process = Process::spawn(launch).expect("it starts");
    wait_for("readiness", Duration::from_secs(60), || {
        process.check_alive()?;
        let answer = http::Client::plain(admin).request("GET", "/readyz", &[]);
        Ok(answer.ok().filter(http::Answer::is_success))
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}", process.log_tail()));
    process
}

#[test]
#[ignore = "needs the static binary, which takes 25 minutes to build: make static-check"]
fn serves_in_an_empty_root_directory() {
    let (cluster, moto) = (Cluster::new(), moto());
    let vault = Vault::start(VaultOptions::default()).expect("a Vault");
    cluster.install(&[]).good();
    cluster.0.start_controller_manager().expect("controllers");
    let root = root(&cluster);
    let _running = start(&cluster, &moto, root.path());
    assert_eq!(std::fs::read_dir(root.path()).expect("a folder").count(), 2, "the binary and its kubeconfig");

    cluster.sync_one(&moto);
    vault.put("secret/static", &json!({ "password": "of Vault" })).expect("put");
    let token = json!({ "metadata": { "name": "token" }, "stringData": { "token": vault.root_token() } });
    cluster.0.create("/api/v1/namespaces/default/secrets", &token).expect("a Secret");
    let auth = json!({ "tokenSecretRef": { "name": "token", "key": "token", "namespace": "default" } });
    let store = manifests::cluster_store("vault", manifests::vault(&vault.addr(), auth));
    let object = manifests::external_secret("of-vault", "vault", manifests::one("static", "password"));
    let apply = ["--namespace", "default", "apply", "-f", "-"];
    cluster.kubectl(&apply, &manifests::list(&[store, object])).silent();
    assert!(cluster.get("/api/v1/namespaces/default/secrets/of-vault").is_some(), "there when apply returns");
}

#[test]
#[ignore = "needs the static binary, which takes 25 minutes to build: make static-check"]
fn needs_no_library() {
    let mut ldd = Command::new("ldd");
    ldd.arg(binary());
    let said = Said::run(ldd, "");
    assert!(
        said.to_string().contains("statically linked") || said.to_string().contains("not a dynamic"),
        "{said}"
    );
}

#[test]
#[ignore = "needs the static binary, which takes 25 minutes to build: make static-check"]
fn is_no_larger_than_it_was() {
    let size = std::fs::metadata(binary()).expect("the binary").len() >> 20;
    assert!(size < 37, "{size} MiB"); // 36.2 with all generators; the goal is 35
}

/// What of a development build is loaded into memory. Everything that would make the release larger, another SDK above all, makes this
/// larger, and it is built for every test run. Raise it with the reason in the commit; lower it when it has become less.
#[test]
#[cfg(all(target_arch = "x86_64", target_os = "linux", debug_assertions))]
fn its_development_build_is_no_larger_than_it_was() {
    const MIB: std::ops::RangeInclusive<u64> = 76..=85;
    let bytes = std::fs::read(env!("CARGO_BIN_EXE_latchkey")).expect("the binary");
    let program = object::File::parse(&*bytes).expect("an ELF file");
    let size = program.segments().map(|segment| segment.size()).sum::<u64>() >> 20;
    assert!(MIB.contains(&size), "{size} MiB are loaded, {MIB:?} were expected");
}

/// What tells that a binary has the points at which tests end a replica: the variable that arms them, and a step's name.
pub const TRACES: [&str; 2] = [latchkey::failpoint::FILE, "secret-write"];

/// Which of those a binary holds.
pub fn traces(binary: &Path) -> Vec<&'static str> {
    let bytes = std::fs::read(binary).expect("the binary");
    let holds = |trace: &str| bytes.windows(trace.len()).any(|window| window == trace.as_bytes());
    TRACES.into_iter().filter(|trace| holds(trace)).collect()
}

#[test]
#[ignore = "needs the static binary, which takes 25 minutes to build: make static-check"]
fn has_no_point_at_which_a_test_could_end_it() {
    assert!(traces(&binary()).is_empty(), "{:?}", traces(&binary()));
}
