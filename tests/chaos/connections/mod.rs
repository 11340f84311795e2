//! Clients of all kinds, straight at the webhook's port.

mod client;
mod garbage;
mod many;
mod mutated;
mod reviews;
mod slow;
