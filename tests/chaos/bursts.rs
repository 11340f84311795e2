//! More at once than there is room for.
