//! Go's `fmt`: what `print`, `println` and `printf` write, and how actions show their values.

mod float;
mod integer;
mod printf;
mod string;
mod value;

use crate::buffer::Buffer;
use crate::{Budget, Limit, Value, text};

#[cfg(feature = "yaml")]
pub(crate) use float::shortest_general;
pub(crate) use printf::printf;

/// Writes the values; between two that are no strings goes a space.
pub(crate) fn print(out: &mut Buffer, args: &[Value], budget: &Budget<'_>) {
    let mut printer = Printer::new(out, budget);
    let mut after_string = true;
    for arg in args {
        let string = matches!(arg, Value::Str(_));
        if !string && !after_string {
            printer.out.text(" ");
        }
        printer.arg(arg, 'v');
        after_string = string;
    }
}

/// Writes the values with spaces between them, and a new line.
pub(crate) fn println(out: &mut Buffer, args: &[Value], budget: &Budget<'_>) {
    let mut printer = Printer::new(out, budget);
    for (index, arg) in args.iter().enumerate() {
        printer.out.text(if index > 0 { " " } else { "" });
        printer.arg(arg, 'v');
    }
    printer.out.text("\n");
}

/// Writes values in the way that a verb and its flags ask for.
struct Printer<'a> {
    out: &'a mut Buffer,
    budget: &'a Budget<'a>,
    flags: Flags,
    depth: usize,
}

/// What stands between the percent sign and the verb.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Flags {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    /// `%#v`, which has nothing to do with `#` before other verbs.
    syntax: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

impl<'a> Printer<'a> {
    fn new(out: &'a mut Buffer, budget: &'a Budget<'a>) -> Self {
        Self { out, budget, flags: Flags::default(), depth: 0 }
    }

    /// Writes the bytes, padded to the width.
    fn pad(&mut self, bytes: &[u8]) {
        let Some(width) = self.flags.width else { return self.out.write(bytes) };
        let missing = width.saturating_sub(text::rune_count(bytes));
        if self.flags.minus {
            self.out.write(bytes);
        }
        self.padding(missing);
        if !self.flags.minus {
            self.out.write(bytes);
        }
    }

    /// Like `pad`, but never with noughts.
    fn pad_blank(&mut self, bytes: &[u8]) {
        let zero = std::mem::take(&mut self.flags.zero);
        self.pad(bytes);
        self.flags.zero = zero;
    }

    /// Writes padding: noughts if asked for, which is only possible on the left.
    fn padding(&mut self, count: usize) {
        let byte = if self.flags.zero && !self.flags.minus { b'0' } else { b' ' };
        self.out.fill(byte, count);
    }

    /// One value deeper. False if that is too deep, or if all steps are taken.
    fn enter(&mut self) -> bool {
        let limit = self.budget.limits().depth;
        let taken = if self.depth < limit { self.budget.steps(1) } else { Err(Limit::Depth(limit)) };
        if let Err(limit) = taken {
            self.out.fail(limit);
        }
        self.depth += 1;
        self.out.failed().is_none()
    }
}

/// What stands before a number.
fn sign(negative: bool, flags: Flags) -> &'static str {
    match () {
        () if negative => "-",
        () if flags.plus => "+",
        () if flags.space => " ",
        () => "",
    }
}
