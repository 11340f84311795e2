//! How templates are written.

use clap::Args;

/// What opens and closes an action in the templates of `spec.target.template` and of PushSecrets. `rewrite.transform` has Go's always.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Delimiters {
    /// What opens an action in templates; those of rewrite.transform are always written with {{.
    #[arg(long, env = "LATCHKEY_TEMPLATE_LEFT_DELIMITER", default_value = "{{", value_name = "TEXT")]
    pub template_left_delimiter: String,

    /// What closes an action in templates; those of rewrite.transform are always written with }}.
    #[arg(long, env = "LATCHKEY_TEMPLATE_RIGHT_DELIMITER", default_value = "}}", value_name = "TEXT")]
    pub template_right_delimiter: String,
}
