//! The API server slow, refusing, hanging, losing its watches, restarting, full: what it is told meanwhile is counted, and in
//! the end everything is as if nothing had been.

mod hangs;
mod leases;
mod lost_answers;
mod outages;
mod rates;
mod refusals;
mod stage;
mod watches;
