//! What stays of a value in the memory of the process.
