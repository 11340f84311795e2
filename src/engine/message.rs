//! The sentences that are said at the prompt, in events and in the log: what is wrong, where, and what to do.
//!
//! Each is one sentence and ends in the remedy, after a semicolon. They name fields, objects, remote keys, properties and
//! the provider's code; never a value. `message_golden.txt` holds them all.

mod generator;
mod push;
mod spec;
mod store;
mod target;
mod template;
mod value;

pub use generator::{
    generated_keys, generated_merging, generator_defect, generator_failed, generator_kind,
    generator_lacks_seed, generator_lacks_spec, generator_malformed, generator_namespace,
    generator_not_found, generator_not_served, generator_not_tried, generator_of_another_class,
    generator_put_off, generator_refuses, generator_timeout, generator_too_late, generator_unknown,
    generator_unsupported, generator_ways,
};
pub use push::{
    no_secret_key, no_source, no_such_store, not_pushed, not_rewritten, not_withdrawn, push_denied,
    push_metadata, pushed_twice, reversed_alike, rewritten_alike, source_selector, source_unnamed,
    store_read_only,
};
pub use spec::{
    generator_in_data, invalid_interval, invalid_pattern, invalid_spec, lacks_keys, merge_without_into,
    missing_field, no_store, privileged_type, unnamed_store, unsupported,
};
pub use store::{
    Read, backing_off, key_denied, not_opened, not_read, remote, store_denied, store_not_found,
    store_not_ready, store_not_served, store_of_another_class, store_unknown, store_unusable, too_late,
};
pub use target::{
    cluster, foreign_owner, immutable, not_its_own, not_owner, other_type, owned_by_another, target_key,
    too_large,
};
pub use template::{
    rendered_key, template_failed, template_hidden, template_map, template_may_fail, template_not_text,
    template_object_missing, template_target,
};
pub use value::{decoding, keys, merging};

/// Names in one line: the first few, and how many more there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("{name:?}")).collect();
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
