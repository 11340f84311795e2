//! What latchkey claims, on a real API server, a real Vault and moto. One file per area; all share one control plane and
//! one latchkey, which has the rights of the chart's ServiceAccount and no others, and each test has a namespace of its own.

mod support;
mod templates;

mod aws_document;
mod canary;
mod chaos;
mod docs;
mod dry_run;
mod eso_parity;
mod failures;
mod failures_at_aws;
mod failures_in_time;
mod failures_of_targets;
mod fan_out;
mod finding;
mod generated;
mod generators;
mod generic_targets;
mod house;
mod install;
mod monitoring;
mod offline;
mod pods;
mod pods_without;
mod policies;
mod protocol;
mod push_secrets;
mod push_secrets_keep;
mod push_secrets_many;
mod push_secrets_read;
mod push_secrets_source;
mod refresher;
mod remote_generators;
mod replicas;
mod static_binary;
mod stores;
mod takeover;
mod vault_document;
mod vault_logins;
mod vault_outages;
