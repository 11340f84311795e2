//! No component outlives its owner, however the owner ends.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Result, ensure};
use latchkey_testbed::{Launch, Moto, MotoOptions, Process, wait_for};

/// Names the folder in which the test, started again as the owner to be killed, runs its component.
const OWNED: &str = "LATCHKEY_TESTBED_GUARD_TEST_DIR";
const LIMIT: Duration = Duration::from_secs(10);

fn is_alive(pid: u32) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output();
    // A zombie has ended; only its collector is slow.
    state.is_ok_and(|output| !output.stdout.is_empty() && !output.stdout.starts_with(b"Z"))
}

fn sleeper(dir: &Path) -> Result<Process> {
    Process::spawn(Launch::new("sleeper", "sleep", dir).args(["600"]))
}

fn pid_in(dir: &Path) -> Result<u32> {
    let file = dir.join("sleeper.pid");
    wait_for("the component's start", LIMIT, || {
        Ok(std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok()))
    })
}

fn wait_for_end(pid: u32) -> Result<()> {
    wait_for("the component's end", LIMIT, || Ok((!is_alive(pid)).then_some(())))
}

/// Not a test of its own: the owner that [`a_killed_owner_takes_its_component_and_its_state_along`] starts and kills.
#[test]
fn owner() -> Result<()> {
    let Some(dir) = std::env::var_os(OWNED) else { return Ok(()) };
    let _process = sleeper(Path::new(&dir))?;
    let moto = Moto::start(MotoOptions::default())?;
    std::fs::write(Path::new(&dir).join("state"), moto.dir().display().to_string())?;
    std::thread::sleep(Duration::from_secs(600));
    Ok(())
}

#[test]
fn a_killed_owner_takes_its_component_and_its_state_along() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let mut owner = Command::new(std::env::current_exe()?);
    owner.args(["--exact", "owner"]).env(OWNED, dir.path()).stdout(Stdio::null());
    let mut owner = owner.spawn()?;
    let pid = pid_in(dir.path())?;
    let state = wait_for("moto's start", Duration::from_secs(300), || {
        Ok(std::fs::read_to_string(dir.path().join("state")).ok().filter(|path| !path.is_empty()))
    })?;
    ensure!(is_alive(pid) && Path::new(&state).exists());
    owner.kill()?; // SIGKILL
    owner.wait()?;
    wait_for_end(pid)?;
    wait_for("the state folder's removal", LIMIT, || Ok((!Path::new(&state).exists()).then_some(())))
}

#[test]
fn a_dropped_component_is_gone_when_drop_returns() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let process = sleeper(dir.path())?;
    let pid = pid_in(dir.path())?;
    drop(process);
    ensure!(!is_alive(pid));
    Ok(())
}

#[test]
fn a_component_that_ignores_term_is_killed_after_its_grace() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let script = "trap '' TERM; while true; do sleep 0.05; done";
    let launch =
        Launch::new("sleeper", "sh", dir.path()).args(["-c", script]).grace(Duration::from_millis(300));
    let process = Process::spawn(launch)?;
    let pid = pid_in(dir.path())?;
    drop(process);
    ensure!(!is_alive(pid));
    Ok(())
}

#[test]
fn what_a_component_leaves_behind_goes_with_it() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let script = "sleep 600 & echo $! >child.pid; wait";
    let mut process = Process::spawn(Launch::new("sleeper", "sh", dir.path()).args(["-c", script]))?;
    let child = dir.path().join("child.pid");
    let child = wait_for("the grandchild", LIMIT, || {
        Ok(std::fs::read_to_string(&child).ok().and_then(|text| text.trim().parse().ok()))
    })?;
    pid_in(dir.path())?;
    process.crash()?;
    wait_for_end(child)
}

fn last_words(launch: Launch) -> Result<String> {
    let mut process = Process::spawn(launch)?;
    let error = wait_for("its end", LIMIT, || Ok(process.check_alive().err()))?;
    Ok(format!("{error:#}"))
}

#[test]
fn an_ended_component_is_reported_with_its_last_words() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let error =
        last_words(Launch::new("failing", "sh", dir.path()).args(["-c", "echo no such luck; exit 3"]))?;
    ensure!(error.contains("failing ended with exit status: 3") && error.contains("no such luck"), "{error}");
    let error = last_words(Launch::new("missing", "/nonexistent/program", dir.path()))?;
    ensure!(error.contains("exit status: 127") && error.contains("/nonexistent/program"), "{error}");
    Ok(())
}
