//! The patterns that names and keys of Kubernetes follow, as the schemas state them.

/// A DNS subdomain: the name of a Secret, a store, a ServiceAccount. At most 253 characters.
pub const SUBDOMAIN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// A DNS label: the name of a namespace. At most 63 characters.
pub const LABEL: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/// A key of a Secret or a ConfigMap. At most 253 characters.
pub const DATA_KEY: &str = r"^[-._a-zA-Z0-9]+$";
/// When a sync window opens: five fields of cron, or one of cron's shorthands.
pub const SCHEDULE: &str =
    r"^(@(annually|yearly|monthly|weekly|daily|midnight|hourly)|@every [^\s]+.*|[^\s]+( [^\s]+){4})$";
