//! latchkey is taken off the cluster.
