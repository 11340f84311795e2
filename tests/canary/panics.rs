//! A panic says where it happened, and not with what: that may be the value that it stumbled over.

use std::process::Command;

use super::search::{Forms, telling};

const VALUE: &str = "LATCHKEY_PANIC_VALUE";

#[test]
fn a_panic_does_not_say_what_it_stumbled_over() {
    let value = telling("0123456789abcdef");
    let this = std::env::current_exe().expect("the test's program");
    let child = ["canary::panics::child", "--exact", "--ignored", "--nocapture"];
    let output = Command::new(this).args(child).env(VALUE, &value).output().expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("panics.rs:").count(), 3, "each says where: {said}");
    assert_eq!(Forms::of(&value).found_in(&said), None);
}

#[test]
#[ignore = "run by a_panic_does_not_say_what_it_stumbled_over, in a process of its own"]
fn child() {
    let value = std::env::var(VALUE).expect(VALUE);
    latchkey::telemetry::init("trace").expect("logging");
    let (first, second) = (value.clone(), value.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    assert!(std::panic::catch_unwind(|| panic!("{first}")).is_err());
    let fails = async move { second.parse::<u8>().map_err(|_| second).expect("a number") };
    assert!(runtime.block_on(runtime.spawn(fails)).is_err());
    assert!(runtime.block_on(runtime.spawn(async move { std::panic::panic_any(value) })).is_err());
}
