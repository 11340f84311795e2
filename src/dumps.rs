//! The process's memory holds secret values: nobody gets a copy of it.

use rustix::io;
use rustix::process::{DumpableBehavior, Resource, Rlimit, setrlimit};

/// Lets the kernel write no core file, and no process of the same user read this one's memory or attach to it. The limit
/// alone would not do: a core that is piped to a program is not subject to it.
///
/// # Errors
/// The kernel, or what filters its calls, forbids it.
pub fn forbid() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
}
