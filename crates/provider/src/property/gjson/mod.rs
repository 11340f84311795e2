//! Paths as Go's gjson reads them, which ESO looks up properties with: keys, wildcards, positions, queries, pipes,
//! modifiers, selections of several. `docs/external-secrets.md` shows what they look like.
//!
//! Go's answer, byte for byte, also where a document is no JSON: it is never checked as a whole, values are found by
//! what they begin with, and whatever stands between is passed over. The tests compare that with what Go says
//! (`crates/provider/oracle`). What Go would spend memory or stack without bounds on is refused.

mod array;
mod format;
mod glob;
mod limit;
mod lists;
mod make;
mod modify;
mod order;
mod pretty;
mod query;
mod scan;
mod search;
mod select;
mod step;
mod text;
mod value;

#[cfg(test)]
mod corpus;

pub use limit::Refused;
use limit::Run;
use value::Value;

/// What the path names in the document: strings without quotes, objects and arrays as their own bytes, numbers as Go
/// prints them, null as nothing at all but present. `None` if it names nothing.
///
/// # Errors
/// [`Refused`] for what takes too much, never for what is merely absent or not well-formed.
pub fn lookup(document: &[u8], path: &[u8]) -> Result<Option<Vec<u8>>, Refused> {
    let run = Run::of(document, path);
    let found = get(document, path, &run)?;
    if found.exists() { found.text().map(Some) } else { Ok(None) }
}

/// What a path, or the rest of one, names in a text.
fn get<'a>(json: &'a [u8], path: &[u8], run: &Run) -> Result<Value<'a>, Refused> {
    run.spend(path.len())?;
    run.deeper(|| {
        let mut path = path;
        match path {
            [b'@', _, ..] => {
                if let Some(made) = modify::apply(json, path, run)? {
                    return made.get(run);
                }
            }
            [b'!', _, ..] => {
                if let Some(made) = make::literal(path, run)? {
                    return made.get(run).map(Value::into_owned);
                }
            }
            [b'[' | b'{', _, ..] => match select::several(json, path, run)? {
                select::Selection::Made(value) => return Ok(value),
                select::Selection::Rest(rest) => path = rest,
            },
            _ => {}
        }
        search::find(json, path, run)
    })
}
