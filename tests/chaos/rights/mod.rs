//! What latchkey may do, and what it lets others do.
