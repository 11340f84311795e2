//! latchkey is taken off the cluster, in any order, alive or dead: afterwards nothing is held up, and Secrets stay or go as
//! their policies say.

mod orders;
mod stage;
