//! The webhook's certificate rotates, expires, is wrong; its registration is edited. Everything is asked through an API
//! server that refuses what latchkey does not answer.

mod load;
mod made;
mod pairs;
mod registration;
mod replica;
mod rotations;
mod stage;
mod starts;
