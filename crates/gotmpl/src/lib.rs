//! Go's `text/template`, for the templates of Secrets: pure, bounded, and silent about what it renders.
//!
//! A template does no input and no output. How many bytes it makes, how many steps it takes and how deep it nests
//! has a limit. Strings are bytes, as Go's are, and are wiped when they are dropped. Errors have Go's words, except
//! where Go would quote a value of the data: there they tell its type.
//!
//! ```
//! use latchkey_gotmpl::{Functions, Options, render};
//!
//! let data = [("user", "admin"), ("password", "s3cret")];
//! let text = "{{ .user }}:{{ .password | printf \"%q\" }}";
//! let output = render("auth", text, &Options::strict(), &Functions::new(), data)?;
//! assert_eq!(output.as_slice(), b"admin:\"s3cret\"");
//! # Ok::<(), latchkey_gotmpl::RenderError>(())
//! ```
//!
//! What differs from Go:
//!
//! - There are no complex numbers, no channels, no pointers; methods are those of times, durations, versions and certificates; `call` always fails.
//! - A list has no room beyond its length, and a part of one is a copy.
//! - `%p` prints one and the same address for everything.
//! - Identifiers may hold every letter and digit that Unicode knows, marks and numerals included.
//! - Characters that came to Unicode after version 15, which is Go's, count as printable.
//! - A map cannot be put into itself.
//! - `fail` tells its words only if they stand in the template: others may be a value.

mod ast;
mod buffer;
mod builtin;
mod error;
mod exec;
mod functions;
mod lex;
pub mod library;
mod limits;
mod parse;
mod printer;
pub mod regexp;
mod template;
mod text;
mod unknown;
mod value;
#[cfg(feature = "yaml")]
pub mod yaml;

pub use builtin::{display, sprintf};
pub use error::{ExecError, ExecErrorKind, ParseError, ParseErrorKind, RenderError};
pub use functions::{Call, FuncError, Functions, Signature};
pub use limits::{Budget, Limit, Limits};
pub use template::{MissingKey, Options, Template, render};
pub use unknown::UnknownKey;
pub use value::{Bytes, List, Map, Object, Type, Value};
