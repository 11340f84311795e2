//! What becomes of the target, by creationPolicy, deletionPolicy and `immutable`: ESO's matrix.

mod creation;
mod deletion;
mod immutable;
mod merging;
mod metadata;
mod ownership;
mod template;
