//! What latchkey may do, and what it lets others do.

mod key_limits;
mod privileged;
mod requesters;
