//! Go's regular expressions (RE2) for the regex crate, which matches alike but has another syntax.
//!
//! What Go refuses is refused: a repetition of a repetition (`a**`), a count beyond 1000, `\1`, `(?=a)`. `\C` is refused too, as
//! the crate has nothing like it.

mod class;
mod syntax;

/// Writes a pattern of Go's syntax anew in that of the regex crate.
///
/// The result is not yet known to compile: the crate tells what is left, such as groups that are not closed.
///
/// # Errors
/// What is wrong with the pattern, in Go's words, without the pattern itself.
pub fn translate(pattern: &str) -> Result<String, String> {
    syntax::translate(pattern)
}

/// Compiles a pattern of Go's syntax, within the limits that the regex crate has by itself.
///
/// # Errors
/// What is wrong with the pattern in a few words: Go's, or the regex crate's where it is the one to tell.
///
/// ```
/// let pattern = latchkey_gotmpl::regexp::compile(r"^\Qa.b\E\d$")?;
/// assert!(pattern.is_match("a.b7") && !pattern.is_match("axb7"));
/// assert_eq!(latchkey_gotmpl::regexp::compile("a**").unwrap_err(), "invalid nested repetition operator");
/// # Ok::<(), String>(())
/// ```
pub fn compile(pattern: &str) -> Result<regex::Regex, String> {
    regex::Regex::new(&translate(pattern)?).map_err(|error| last_line(&error.to_string()))
}

/// The crate's error texts may draw the pattern; the last line says what is wrong.
fn last_line(text: &str) -> String {
    let line = text.lines().last().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
