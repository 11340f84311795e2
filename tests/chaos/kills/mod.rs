//! The write protocol, broken off at every step: replicas killed before and after each, reviews that come twice, objects that
//! are refused, replaced or renamed. What is claimed is the end: the state that there would have been without it.

mod anew;
mod cases;
mod changed_after_us;
mod every_step;
mod kept;
mod many;
mod overtaken;
mod refused;
mod repeated;
mod stage;
mod traces;
mod watch;
