//! Clients that are slow, many, or speak no TLS.
