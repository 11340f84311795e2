//! Several secrets by one request: which belong together, and which answer is whose.

use std::time::Duration;

use aws_sdk_secretsmanager::operation::batch_get_secret_value::BatchGetSecretValueOutput;
use aws_sdk_secretsmanager::types::{ApiErrorType, SecretValueEntry};
use tokio::time::Instant;

/// What one BatchGetSecretValue may name.
pub const MOST: usize = 20;

/// How long a refusal of BatchGetSecretValue is remembered; a policy may be widened meanwhile.
const REFUSED_FOR: Duration = Duration::from_secs(5 * 60);

/// Whether batches are permitted, as far as is known. It is a right of its own, which ESO's users need not have given.
#[derive(Debug, Default)]
pub struct Permission {
    refused: std::sync::Mutex<Option<Instant>>,
}

impl Permission {
    /// Whether it is worth to ask.
    pub fn likely(&self) -> bool {
        self.lock().is_none_or(|since| since.elapsed() >= REFUSED_FOR)
    }

    /// It was asked and refused.
    pub fn refuse(&self) {
        *self.lock() = Some(Instant::now());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.refused.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What a batch says of one of the secrets asked for.
#[derive(Debug, Clone, Copy)]
pub enum Answer<'a> {
    /// Its value.
    Value(&'a SecretValueEntry),
    /// Why there is none.
    Refusal(&'a ApiErrorType),
}

/// The answer for the secret that was asked for by this id: a name, an ARN, or an ARN without its random suffix. None
/// if the batch does not speak of it.
pub fn answer<'a>(output: &'a BatchGetSecretValueOutput, id: &str) -> Option<Answer<'a>> {
    let value = output.secret_values().iter().find(|entry| is_called(entry, id));
    let refusal = || output.errors().iter().find(|error| error.secret_id() == Some(id));
    value.map(Answer::Value).or_else(|| refusal().map(Answer::Refusal))
}

fn is_called(entry: &SecretValueEntry, id: &str) -> bool {
    if entry.name() == Some(id) {
        return true;
    }
    entry.arn().is_some_and(|arn| arn == id || is_partial(arn, id))
}

/// Whether `id` is `arn` less the hyphen and six characters that Secrets Manager appends.
fn is_partial(arn: &str, id: &str) -> bool {
    id.starts_with("arn:")
        && arn
            .strip_prefix(id)
            .is_some_and(|rest| rest.len() == 7 && rest.starts_with('-') && !rest[1..].contains('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-central-1:1:secret:team/db-AbCdEf";

    fn output() -> BatchGetSecretValueOutput {
        let value = SecretValueEntry::builder().name("team/db").arn(ARN).build();
        let refusal =
            ApiErrorType::builder().secret_id("gone").error_code("ResourceNotFoundException").build();
        BatchGetSecretValueOutput::builder().secret_values(value).errors(refusal).build()
    }

    #[test]
    fn a_secret_answers_to_its_name_and_its_arn() {
        for id in ["team/db", ARN, "arn:aws:secretsmanager:eu-central-1:1:secret:team/db"] {
            assert!(matches!(answer(&output(), id), Some(Answer::Value(_))), "{id}");
        }
        assert!(matches!(answer(&output(), "gone"), Some(Answer::Refusal(_))));
    }

    #[test]
    fn a_secret_answers_to_nothing_else() {
        for id in ["team", "db", "arn:aws:secretsmanager:eu-central-1:1:secret:team", "team/db-AbCdEf", ""] {
            assert!(answer(&output(), id).is_none(), "{id}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_remembered_for_minutes() {
        let permission = Permission::default();
        assert!(permission.likely());
        permission.refuse();
        assert!(!permission.likely());
        tokio::time::advance(REFUSED_FOR).await;
        assert!(permission.likely());
    }
}
