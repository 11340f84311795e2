//! What all kinds share, against a server of the tests' own.
