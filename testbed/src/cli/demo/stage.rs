//! The components of the demonstration, and typing commands at them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use latchkey_testbed::{
    ControlPlane, ControlPlaneOptions, Launch, Moto, MotoOptions, Process, REGION, Vault, VaultOptions,
    free_port, http, wait_for,
};

use super::EXAMPLES;

/// Everything that runs; it ends when this is dropped.
pub(super) struct Stage {
    cluster: ControlPlane,
    pub(super) vault: Vault,
    pub(super) moto: Moto,
    latchkey: PathBuf,
    running: std::cell::RefCell<Option<Process>>,
}

/// What a command said.
pub(super) struct Said {
    pub(super) status: bool,
    pub(super) text: String,
}

impl Stage {
    pub(super) fn set(latchkey: &Path) -> Result<Self> {
        ensure!(
            Path::new(EXAMPLES).is_dir(),
            "run this in the repository's folder: there is no {EXAMPLES} here"
        );
        let cluster =
            ControlPlane::start(ControlPlaneOptions { controller_manager: false, ..Default::default() })?;
        let vault = Vault::start(VaultOptions::default())?;
        let moto = Moto::start(MotoOptions::default())?;
        let stage = Self { cluster, vault, moto, latchkey: latchkey.canonicalize()?, running: None.into() };
        stage.kubectl("version")?;
        Ok(stage)
    }

    /// The garbage collector looks for new kinds every 30 s only; started after the CRDs it knows them at once.
    pub(super) fn start_controllers(&self) -> Result<()> {
        self.cluster.start_controller_manager()
    }

    /// Starts latchkey outside the cluster and waits until it is ready.
    pub(super) fn start_latchkey(&self) -> Result<()> {
        let (webhook, admin) = (free_port(), free_port());
        let token = self.cluster.service_account_token("latchkey-system", "latchkey", &[])?;
        let launch = Launch::new("latchkey", &self.latchkey, self.cluster.dir())
            .args(["serve", "--namespace", "latchkey-system"])
            .args([format!("--webhook-listen=127.0.0.1:{webhook}")])
            .args([format!("--webhook-url=https://127.0.0.1:{webhook}")])
            .args([format!("--admin-listen=127.0.0.1:{admin}")])
            .env("KUBECONFIG", self.cluster.kubeconfig("latchkey", &token)?)
            .env("AWS_ENDPOINT_URL", self.moto.endpoint())
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "testbed")
            .env("AWS_SECRET_ACCESS_KEY", "testbed");
        println!("$ latchkey serve --namespace latchkey-system --webhook-url https://127.0.0.1:{webhook} …");
        *self.running.borrow_mut() = Some(Process::spawn(launch)?);
        wait_for("latchkey's readiness", Duration::from_secs(60), || {
            if let Some(process) = self.running.borrow_mut().as_mut() {
                process.check_alive()?;
            }
            let answer = http::Client::plain(admin).request("GET", "/readyz", &[]);
            Ok(answer.ok().filter(http::Answer::is_success))
        })?;
        println!("ready");
        Ok(())
    }

    /// Types a kubectl command and shows what it says; it has to go well.
    pub(super) fn kubectl(&self, line: &str) -> Result<()> {
        println!("$ kubectl {line}");
        shown(self.cluster.kubectl(line.split(' '))?, "")
    }

    /// The same with a manifest that differs from the file of this name, on standard input.
    pub(super) fn apply(&self, shown_as: &str, manifest: &str) -> Result<()> {
        println!("$ kubectl apply -f {shown_as}");
        shown(self.cluster.kubectl(["apply", "-f", "-"])?, manifest)
    }

    /// A command that may fail; what it says is shown. A file `wrong.yaml` in it stands for this input.
    pub(super) fn said(&self, line: &str, input: &str) -> Result<Said> {
        println!("$ kubectl {line}");
        let said = said(self.cluster.kubectl(line.replace("wrong.yaml", "-").split(' '))?, input)?;
        print!("{}", said.text);
        Ok(said)
    }

    /// A kubectl command that is not shown.
    pub(super) fn quiet(&self, line: &str) -> Result<()> {
        let said = said(self.cluster.kubectl(line.split(' '))?, "")?;
        ensure!(said.status, "kubectl {line}: {}", said.text);
        Ok(())
    }

    pub(super) fn helm(&self, line: &str) -> Result<()> {
        println!("$ helm {line}");
        let said = said(self.cluster.helm(line.split(' '))?, "")?;
        ensure!(said.status, "helm {line}: {}", said.text);
        Ok(())
    }

    pub(super) fn vault_cli(&self, line: &str) -> Result<()> {
        println!("$ vault {line}");
        let said = said(self.vault.cli(line.split(' '))?, "")?;
        ensure!(said.status, "vault {line}: {}", said.text);
        Ok(())
    }

    /// One value of a Secret.
    pub(super) fn value(&self, namespace: &str, secret: &str, key: &str) -> Result<String> {
        let template = format!("go-template={{{{index .data {key:?} | base64decode}}}}");
        let get = self.cluster.kubectl(["get", "secret", secret, "-n", namespace, "-o", &template])?;
        let said = said(get, "")?;
        ensure!(said.status, "no {key} in Secret {namespace}/{secret}: {}", said.text);
        Ok(said.text)
    }

    pub(super) fn example(&self, name: &str) -> Result<String> {
        let path = Path::new(EXAMPLES).join(name);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

fn shown(command: Command, input: &str) -> Result<()> {
    let said = said(command, input)?;
    print!("{}", said.text);
    ensure!(said.status, "the command failed");
    Ok(())
}

fn said(mut command: Command, input: &str) -> Result<Said> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    child.stdin.take().context("no pipe")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok(Said { status: output.status.success(), text: format!("{err}{out}") })
}
