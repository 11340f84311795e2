//! `dataFrom[].rewrite`: changes of the keys, one after the other.

use latchkey_api::external_secret::{
    MergeConflictPolicy, MergePriorityPolicy, MergeStrategy, Rewrite, RewriteMerge, RewriteRegexp,
    RewriteTransform,
};
use regex::Regex;

use super::convert::Data;
use super::error::Error;
use super::render::{self, KeyTemplate, TemplateError};
use super::{message, regexp};

mod bounds;
mod merge;

pub use merge::MergeError;

/// One change, checked.
#[derive(Debug, Clone)]
pub enum Rewriting {
    /// Replaces what matches in each key. Of two keys that become the same, the alphabetically later one stays.
    Regexp {
        /// What is replaced.
        source: Regex,
        /// By what; `$1` and `${name}` stand for groups.
        target: String,
    },
    /// Takes the values for JSON objects and joins them.
    Merge(Merging),
    /// Renders each key by this template, in which it is `.value`.
    Transform(String),
}

/// How values are joined.
#[derive(Debug, Clone)]
pub struct Merging {
    /// Keys whose values are joined last, in this order.
    pub priority: Vec<String>,
    /// Whether all of those must be there.
    pub strict: bool,
    /// Whether two values may have the same property, and the later one wins.
    pub overwrite: bool,
    /// The key that takes the joined object beside the rest; without one its properties replace all.
    pub into: Option<String>,
}

impl Rewriting {
    /// The changes of the list that stands at this field. One that says nothing changes nothing.
    ///
    /// # Errors
    /// A pattern that is none, a merge without its `into`, a template that cannot be parsed.
    pub fn parse_all(at: &str, all: &[Rewrite]) -> Result<Vec<Self>, Error> {
        let parsed = all
            .iter()
            .enumerate()
            .map(|(step, rewrite)| Self::parse(&format!("{at}[{step}]"), rewrite).transpose());
        parsed.flatten().collect()
    }

    fn parse(at: &str, rewrite: &Rewrite) -> Result<Option<Self>, Error> {
        let Rewrite { merge, regexp, transform } = rewrite;
        match (merge, regexp, transform) {
            (Some(merge), _, _) => parse_merge(at, merge).map(Some),
            (None, Some(regexp), _) => parse_regexp(at, regexp).map(Some),
            (None, None, Some(transform)) => parse_transform(at, transform).map(Some),
            (None, None, None) => Ok(None),
        }
    }

    /// Applies it.
    ///
    /// # Errors
    /// A merge that cannot be done; keys and values that become too many or too long.
    pub fn apply(&self, values: Data) -> Result<Data, MergeError> {
        let applied = match self {
            Self::Regexp { source, target } => {
                let renamed = |key: &str| bounds::replaced(source, key, target).ok_or(MergeError::TooLarge);
                values.into_iter().map(|(key, value)| Ok((renamed(&key)?, value))).collect()
            }
            Self::Merge(merging) => merging.apply(values),
            Self::Transform(template) => transformed(template, values),
        };
        applied.and_then(|values| if bounds::fits(&values) { Ok(values) } else { Err(MergeError::TooLarge) })
    }
}

fn parse_regexp(at: &str, rewrite: &RewriteRegexp) -> Result<Rewriting, Error> {
    let invalid = |why: String| message::invalid_pattern(&format!("{at}.regexp.source"), &why);
    let source = regexp::compile(&rewrite.source).map_err(invalid)?;
    Ok(Rewriting::Regexp { source, target: rewrite.target.clone() })
}

fn parse_transform(at: &str, transform: &RewriteTransform) -> Result<Rewriting, Error> {
    let said = |why| render::said(&format!("{at}.transform.template"), &why);
    KeyTemplate::parse(&transform.template).map_err(said)?;
    Ok(Rewriting::Transform(transform.template.clone()))
}

/// Of two keys that become the same, the alphabetically later one stays.
fn transformed(template: &str, values: Data) -> Result<Data, MergeError> {
    let failed = |key: &str, why: TemplateError| match why {
        TemplateError::Failed(why) | TemplateError::UnknownFunction(why) => {
            MergeError::Transform(key.to_owned(), why)
        }
    };
    let template = KeyTemplate::parse(template).map_err(|why| failed("", why))?;
    let one = |(key, value): (String, _)| {
        let becomes = template.execute(&key).map_err(|why| failed(&key, why))?;
        if becomes.len() > bounds::KEY { Err(MergeError::TooLarge) } else { Ok((becomes, value)) }
    };
    values.into_iter().map(one).collect()
}

fn parse_merge(at: &str, rewrite: &RewriteMerge) -> Result<Rewriting, Error> {
    let RewriteMerge { into, priority, priority_policy, conflict_policy, strategy } = rewrite;
    let into = match strategy.unwrap_or_default() {
        MergeStrategy::Extract => None,
        MergeStrategy::JSON => {
            let into = into.clone().filter(|into| !into.is_empty());
            Some(into.ok_or_else(|| message::merge_without_into(at))?)
        }
    };
    Ok(Rewriting::Merge(Merging {
        priority: priority.clone(),
        strict: priority_policy.unwrap_or_default() == MergePriorityPolicy::Strict,
        overwrite: conflict_policy.unwrap_or_default() == MergeConflictPolicy::Ignore,
        into,
    }))
}

#[cfg(test)]
#[path = "rewrite_tests.rs"]
mod tests;
