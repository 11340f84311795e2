//! AWS Secrets Manager, as moto speaks it.
