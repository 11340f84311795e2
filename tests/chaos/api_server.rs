//! The API server slow, refusing, restarting, losing its watch, its etcd full.
