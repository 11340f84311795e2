//! How much rewrites may make of little: each may double what the one before has made.

use regex::Regex;

use crate::engine::convert::Data;
use crate::engine::work;

/// The longest key on the way; one of a Secret has 253 bytes.
pub(super) const KEY: usize = 4 << 10;

/// All keys and values on the way. A Secret holds one MiB.
const ALL: usize = 8 << 20;

/// The key with every match replaced; none if it, or what replaces a match, becomes too long.
pub(super) fn replaced(source: &Regex, key: &str, target: &str) -> Option<String> {
    if key.len() > KEY || target.len() > KEY {
        return None;
    }
    let (mut out, mut last) = (String::new(), 0);
    for groups in source.captures_iter(key) {
        let found = groups.get_match();
        out.push_str(&key[last..found.start()]);
        groups.expand(target, &mut out);
        last = found.end();
        if out.len() > KEY {
            return None;
        }
    }
    out.push_str(&key[last..]);
    (out.len() <= KEY).then_some(out)
}

/// Whether these may be rewritten further, by size and by time.
pub(super) fn fits(values: &Data) -> bool {
    let all: usize = values.iter().map(|(key, value)| key.len() + value.len()).sum();
    all <= ALL && !work::is_over()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_as_the_regex_crate_does_until_it_is_too_long() {
        for (source, key, target) in
            [("a(.)", "xabxacx", "[$1]"), ("", "abc", "-"), ("x*", "axxb", "y"), ("z", "abc", "$0$0")]
        {
            let source = Regex::new(source).expect("a pattern");
            assert_eq!(
                replaced(&source, key, target).as_deref(),
                Some(&*source.replace_all(key, target)),
                "{key}"
            );
        }
        let all = Regex::new("^(.*)$").expect("a pattern");
        let lengths = (0..).scan(Some("ab".to_owned()), |key, _| {
            *key = replaced(&all, key.as_deref()?, "$1$1");
            key.as_ref().map(String::len)
        });
        assert_eq!(lengths.last(), Some(KEY));
        assert_eq!(replaced(&all, "a", &"$1".repeat(KEY)), None);
    }
}
