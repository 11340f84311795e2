//! AWS Secrets Manager, SSM and STS, as moto speaks them, behind a counting [`Proxy`].

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::http::Client;
use crate::process::{Launch, Process};
use crate::proxy::{Proxy, Reply, Rule};
use crate::state::{StateDir, free_port};
use crate::tool::{Tool, binary};
use crate::wait::{START, wait_for};

/// Where the helpers here put secrets; moto has every region, each with secrets of its own.
pub const REGION: &str = "us-east-1";

#[derive(Debug, Clone, Default)]
pub struct MotoOptions {
    /// Kept there after the stop; a temporary folder otherwise.
    pub dir: Option<PathBuf>,
}

/// A running moto server. Its data is in memory and gone with it.
#[derive(Debug)]
pub struct Moto {
    proxy: Proxy,
    port: u16,
    _process: Process,
    dir: StateDir,
}

impl Moto {
    /// Returns when it answers.
    ///
    /// # Errors
    /// When moto cannot be built, or does not come up (with the tail of its log).
    pub fn start(options: MotoOptions) -> Result<Self> {
        let program = binary(Tool::MotoServer)?;
        let dir = StateDir::new("moto", options.dir.as_deref())?;
        let port = free_port();
        let args = ["-H", "127.0.0.1", "-p", &port.to_string()].map(str::to_owned);
        let launch = Launch::new("moto", program, dir.path()).args(args).grace(Duration::from_millis(300));
        let mut process = Process::spawn(launch.env("PYTHONDONTWRITEBYTECODE", "1"))?;
        wait_for("the start of moto", START, || {
            process.check_alive()?;
            let answer = Client::plain(port).request("GET", "/moto-api/data.json", &[]);
            Ok(answer.ok().filter(crate::http::Answer::is_success))
        })
        .with_context(|| process.log_tail())?;
        let proxy = Proxy::start(SocketAddr::from(([127, 0, 0, 1], port)))?;
        Ok(Self { proxy, port, _process: process, dir })
    }

    /// For `AWS_ENDPOINT_URL_SECRETS_MANAGER` and its like; what passes here is recorded. Any credentials do.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.proxy.url()
    }

    /// The state folder, with the log.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// To look at requests, and to delay, refuse and break them.
    #[must_use]
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// How often an operation, say `GetSecretValue`, was asked for through [`Self::endpoint`], refused ones included.
    #[must_use]
    pub fn calls(&self, action: &str) -> usize {
        self.proxy.count(|request| request.is_action(action))
    }

    /// Refuses an operation from now on, as a policy that does not allow it would; [`Proxy::behave`] ends it.
    pub fn deny(&self, action: &str) {
        let message =
            format!("User: arn:aws:iam::123456789012:user/test is not authorized to perform: {action}");
        self.fail(action, 400, "AccessDeniedException", &message);
    }

    /// Answers an operation with an error from now on.
    pub fn fail(&self, action: &str, status: u16, code: &str, message: &str) {
        let action = action.to_owned();
        let reply = Reply::aws_error(status, code, message);
        self.proxy.add_rule(Rule::new(move |request| request.is_action(&action), reply));
    }

    /// Creates the secret, or makes `value` its current version.
    pub fn put_secret(&self, name: &str, value: &str) -> Result<()> {
        self.put(name, json!({ "SecretString": value }))
    }

    /// As [`Self::put_secret`], with a binary value, which is given in base64.
    pub fn put_secret_binary(&self, name: &str, base64: &str) -> Result<()> {
        self.put(name, json!({ "SecretBinary": base64 }))
    }

    /// Deletes the secret at once, without a recovery window.
    pub fn delete_secret(&self, name: &str) -> Result<()> {
        self.secrets_manager(
            "DeleteSecret",
            &json!({ "SecretId": name, "ForceDeleteWithoutRecovery": true }),
        )?;
        Ok(())
    }

    /// Any operation of Secrets Manager, past the proxy: it is neither counted nor refused. Tried again where moto stumbles.
    ///
    /// # Errors
    /// With AWS's error body.
    pub fn secrets_manager(&self, action: &str, body: &Value) -> Result<Value> {
        let call = || self.call("secretsmanager", &format!("secretsmanager.{action}"), body);
        let mut answer = call();
        for _ in 0..3 {
            // Its threads share a dictionary without a lock: under load one may find it changed under its hands.
            if !answer.as_ref().is_err_and(|error| format!("{error:#}").contains("was answered 500")) {
                break;
            }
            answer = call();
        }
        answer
    }

    /// Any operation of SSM's parameter store, likewise.
    pub fn ssm(&self, action: &str, body: &Value) -> Result<Value> {
        self.call("ssm", &format!("AmazonSSM.{action}"), body)
    }

    fn put(&self, name: &str, value: Value) -> Result<()> {
        let with = |field: &str| {
            let mut body = value.clone();
            body[field] = json!(name);
            body
        };
        let Err(error) = self.secrets_manager("CreateSecret", &with("Name")) else { return Ok(()) };
        if !format!("{error:#}").contains("ResourceExistsException") {
            bail!(error);
        }
        self.secrets_manager("PutSecretValue", &with("SecretId"))?;
        Ok(())
    }

    /// moto reads service and region from the signature's scope and does not check the signature.
    fn call(&self, service: &str, target: &str, body: &Value) -> Result<Value> {
        let scope = format!("Credential=test/20200101/{REGION}/{service}/aws4_request");
        let client = Client::plain(self.port)
            .header("Authorization", &format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"))
            .header("Content-Type", "application/x-amz-json-1.1")
            .header("X-Amz-Target", target);
        client.json("POST", "/", body)
    }
}
