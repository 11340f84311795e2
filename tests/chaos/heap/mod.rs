//! What stays of a value in the memory of the process, and who may look.

mod dropped;
mod dumps;
mod memory;
