//! What is wrong with a store at AWS.

use super::scope::Scope;
use super::store::{InvalidStore, settings};
use crate::provider::Aws;
use crate::provider::aws::{AwsAuth, AwsSecretsManager};

pub(super) fn aws(scope: Scope<'_>, block: &Aws) -> Result<(), InvalidStore> {
    if !is_host_label(&block.region) {
        return Err(settings(format!("region not found: {}", block.region)));
    }
    block.secrets_manager.as_ref().map_or(Ok(()), secrets_manager)?;
    let Some(AwsAuth { secret_ref, jwt }) = &block.auth else { return Ok(()) };
    if let Some(keys) = secret_ref {
        scope.secret("Auth.SecretRef.AccessKeyID", keys.access_key_id_secret_ref.as_ref())?;
        scope.secret("Auth.SecretRef.SecretAccessKey", keys.secret_access_key_secret_ref.as_ref())?;
        scope.secret("Auth.SecretRef.SessionToken", keys.session_token_secret_ref.as_ref())?;
    }
    let account = jwt.as_ref().and_then(|jwt| jwt.service_account_ref.as_ref());
    scope.service_account("Auth.JWT.ServiceAccountRef", account)
}

/// A region becomes part of a host name, and may be nothing else.
fn is_host_label(region: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&region.len()) && region.bytes().all(known) && !region.starts_with('-')
}

fn secrets_manager(block: &AwsSecretsManager) -> Result<(), InvalidStore> {
    let reason =
        match (block.recovery_window_in_days.unwrap_or_default(), block.force_delete_without_recovery) {
            (0, _) => return Ok(()),
            (7..=30, Some(true)) => "ForceDeleteWithoutRecovery conflicts with RecoveryWindowInDays",
            (7..=30, _) => return Ok(()),
            _ => "RecoveryWindowInDays must be between 7 and 30 days",
        };
    Err(settings(format!("invalid DeleteSecretInput: {reason}")))
}
