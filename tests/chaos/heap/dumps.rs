//! Who may look into the memory of the process.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use latchkey_testbed::wait_for;

use crate::chaos::Row;

/// Who runs it, if the test is root: a process that is root's looks the same whether or not it may be dumped.
const SOMEBODY: u32 = 65_532;

struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended
        let _ = self.0.wait();
    }
}

/// latchkey, waiting for an API server that takes connections and says nothing.
fn waiting(folder: &Path, api: &TcpListener, flags: &[&str]) -> Started {
    let kubeconfig = folder.join("kubeconfig");
    let server = api.local_addr().expect("an address");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{{ name: a, cluster: {{ server: \"http://{server}\" }} }}]\n\
         users: [{{ name: a, user: {{ token: a }} }}]\ncontexts: [{{ name: a, context: {{ cluster: a, user: a }} }}]\n"
    );
    std::fs::write(&kubeconfig, text).expect("written");
    let binary = folder.join("latchkey");
    std::fs::copy(env!("CARGO_BIN_EXE_latchkey"), &binary).expect("a copy that everybody may run");
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).expect("readable");
    let mut command = Command::new(binary);
    command.args(["serve", "--webhook-listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"]).args(flags);
    command.env("KUBECONFIG", kubeconfig).stderr(Stdio::null());
    if std::fs::metadata("/proc/self").expect("this process").uid() == 0 {
        command.uid(SOMEBODY).gid(SOMEBODY);
    }
    let started = Started(command.spawn().expect("latchkey starts"));
    // It is through with its first steps when it talks to the API server.
    api.accept().expect("a connection");
    started
}

/// Whose its memory is, and the line of its limits that says how large a core file may be.
fn seen(started: &Started) -> (u32, String) {
    let folder = format!("/proc/{}", started.0.id());
    let owner = std::fs::metadata(format!("{folder}/mem")).expect("a process").uid();
    let limits = std::fs::read_to_string(format!("{folder}/limits")).expect("its limits");
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    (owner, line.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn nobody_of_the_same_user_may_look_and_no_core_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let api = TcpListener::bind("127.0.0.1:0").expect("a port");
    let started = waiting(folder.path(), &api, &[]);
    wait_for("the limits", Duration::from_secs(20), || {
        Ok((seen(&started) == (0, "Max core file size 0 0 bytes".to_owned())).then_some(()))
    })
    .unwrap_or_else(|error| panic!("{error}: {:?}", seen(&started)));
    drop(started);

    let allowed = waiting(folder.path(), &api, &["--core-dumps"]);
    let (owner, _) = seen(&allowed);
    assert_ne!(owner, 0, "the memory is the user's where core dumps are allowed: it shows");
    Row {
        area: "heap",
        fault: "core dumps and debuggers of the same user",
        test: "heap::dumps::nobody_of_the_same_user_may_look_and_no_core_is_written",
        tried: "once without and once with --core-dumps".to_owned(),
        seen: "no core file (limit 0) and not dumpable, so none to a pipe either; /proc/PID/mem is root's"
            .to_owned(),
        well_after: None,
    }
    .write();
}
