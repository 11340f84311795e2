//! Go's `text/template`, pure and bounded.
