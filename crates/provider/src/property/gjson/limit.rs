//! What one look-up may take. Short paths can make texts double with every part, or search a document again and again.

use std::cell::Cell;

/// How often a document may be read through.
const TIMES: usize = 64;

/// Bytes that may be read or made however small the document is.
const LEAST: usize = 16 << 20;

/// How deep parts of paths, pipes and documents may be nested in one another; a thread's stack does not hold Go's.
const MAX_DEPTH: usize = 128;

/// Why a path is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The path, or the document that it is to walk through, is nested too deep.
    Deep,
    /// It would read or make too much.
    Costly,
    /// A number is written in a way that Go has and JSON has not: hexadecimal, or with underscores.
    Number,
}

impl Refused {
    /// What is wrong, as the end of a sentence about the property.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deep => "has too many parts, or walks through a value that is nested too deep",
            Self::Costly => {
                "takes too much: it would read the value too often, or make too long a text of it"
            }
            Self::Number => "meets a number that is not written as in JSON",
        }
    }
}

/// One look-up under way.
pub struct Run {
    left: Cell<usize>,
    depth: Cell<usize>,
}

impl Run {
    /// A look-up of this path in this document.
    pub fn of(document: &[u8], path: &[u8]) -> Self {
        let left = document.len().saturating_add(path.len()).saturating_mul(TIMES).max(LEAST);
        Self { left: Cell::new(left), depth: Cell::new(0) }
    }

    /// So many bytes were read or made.
    ///
    /// # Errors
    /// [`Refused::Costly`].
    pub fn spend(&self, bytes: usize) -> Result<(), Refused> {
        self.left.set(self.left.get().checked_sub(bytes).ok_or(Refused::Costly)?);
        Ok(())
    }

    /// Does something one level further down.
    ///
    /// # Errors
    /// [`Refused::Deep`], and what it does itself.
    pub fn deeper<T>(&self, inner: impl FnOnce() -> Result<T, Refused>) -> Result<T, Refused> {
        if self.depth.get() >= MAX_DEPTH {
            return Err(Refused::Deep);
        }
        self.depth.set(self.depth.get() + 1);
        let done = inner();
        self.depth.set(self.depth.get() - 1);
        done
    }
}
