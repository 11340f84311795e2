//! What External Secrets Operator writes, latchkey writes, to the byte; either can take over from the other.

mod secret;
mod shapes;
mod status;
mod takeover;
