//! Reviews and objects made to break latchkey, and stores that lead where they must not.

mod deep;
mod endpoints;
mod objects;
mod process;
