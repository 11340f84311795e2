//! What latchkey may do, and what it lets others do.

mod generating;
mod grants;
mod key_limits;
mod least;
mod namespaced;
mod privileged;
mod probes;
mod pushing;
mod requesters;
