//! `printf`

use super::{Flags, Printer};
use crate::buffer::Buffer;
use crate::{Budget, Value, text};

/// No width and no precision is larger.
const LARGEST: usize = 1_000_000;

/// Writes the arguments as the format says.
pub(crate) fn printf(out: &mut Buffer, format: &[u8], args: &[Value], budget: &Budget<'_>) {
    let printer = Printer::new(out, budget);
    let (at, next, reordered, bad_index, after_index) = (0, 0, false, false, false);
    Printf { printer, format, args, at, next, reordered, bad_index, after_index }.run();
}

struct Printf<'a> {
    printer: Printer<'a>,
    format: &'a [u8],
    args: &'a [Value],
    /// Where in the format it is.
    at: usize,
    /// The argument that comes next.
    next: usize,
    /// Whether the format chose an argument by its number.
    reordered: bool,
    /// Whether a number in this directive is none of an argument.
    bad_index: bool,
    /// Whether the number of an argument stands just before.
    after_index: bool,
}

impl Printf<'_> {
    fn run(&mut self) {
        while self.at < self.format.len() && self.printer.out.failed().is_none() {
            let rest = &self.format[self.at..];
            let length = rest.iter().position(|byte| *byte == b'%').unwrap_or(rest.len());
            self.printer.out.write(&rest[..length]);
            self.at += length + 1;
            if length < rest.len() {
                self.directive();
            }
        }
        if !self.reordered && self.next < self.args.len() {
            self.extra();
        }
    }

    /// What follows a percent sign.
    fn directive(&mut self) {
        self.bad_index = false;
        self.printer.flags = Flags::default();
        self.read_flags();
        self.index();
        self.width();
        self.precision();
        if !self.after_index {
            self.index();
        }
        let (verb, length) = text::decode(self.format.get(self.at..).unwrap_or_default());
        self.at += length;
        if length == 0 {
            self.printer.out.text("%!(NOVERB)");
        } else if verb == '%' {
            self.printer.out.text("%");
        } else {
            self.verb(verb);
        }
    }

    fn verb(&mut self, verb: char) {
        let complaint = match self.args.get(self.next) {
            _ if self.bad_index => "(BADINDEX)",
            None => "(MISSING)",
            Some(arg) => return self.print(arg, verb),
        };
        self.printer.out.text("%!");
        self.printer.out.char(verb);
        self.printer.out.text(complaint);
    }

    fn print(&mut self, arg: &Value, verb: char) {
        self.next += 1;
        let flags = &mut self.printer.flags;
        if matches!(verb, 'v' | 'w') {
            flags.syntax = std::mem::take(&mut flags.sharp);
            flags.plus = false;
        }
        self.printer.arg(arg, verb);
    }

    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    fn read_flags(&mut self) {
        let flags = &mut self.printer.flags;
        while let Some(byte) = self.format.get(self.at) {
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => return,
            }
            self.at += 1;
        }
    }

    /// The number of an argument: `[2]`.
    fn index(&mut self) {
        self.after_index = false;
        if self.peek() != Some(b'[') {
            return;
        }
        self.reordered = true;
        let rest = &self.format[self.at..];
        let Some(end) = rest.iter().position(|byte| *byte == b']').filter(|_| rest.len() >= 3) else {
            self.bad_index = true;
            self.at += 1;
            return;
        };
        let number = std::str::from_utf8(&rest[1..end]).ok().and_then(parse_index);
        self.at += end + 1;
        self.after_index = number.is_some();
        match number.and_then(|number| number.checked_sub(1)).filter(|index| *index < self.args.len()) {
            Some(index) => self.next = index,
            None => self.bad_index = true,
        }
    }

    fn width(&mut self) {
        if self.peek() != Some(b'*') {
            self.printer.flags.width = self.number();
            self.bad_index |= self.after_index && self.printer.flags.width.is_some();
            return;
        }
        self.at += 1;
        self.after_index = false;
        let width = self.int_arg();
        let flags = &mut self.printer.flags;
        flags.width = width.map(|width| width.unsigned_abs() as usize);
        if width.is_none() {
            self.printer.out.text("%!(BADWIDTH)");
        } else if width < Some(0) {
            (flags.minus, flags.zero) = (true, false);
        }
    }

    fn precision(&mut self) {
        if self.peek() != Some(b'.') || self.at + 1 >= self.format.len() {
            return;
        }
        self.at += 1;
        self.bad_index |= self.after_index;
        self.index();
        if self.peek() != Some(b'*') {
            self.printer.flags.precision = Some(self.number().unwrap_or(0));
            return;
        }
        self.at += 1;
        self.after_index = false;
        let precision = self.int_arg();
        self.printer.flags.precision = precision.and_then(|precision| usize::try_from(precision).ok());
        if self.printer.flags.precision.is_none() {
            self.printer.out.text("%!(BADPREC)");
        }
    }

    /// A number in the format. One that is too large swallows the rest.
    fn number(&mut self) -> Option<usize> {
        let mut number = None;
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            if number > Some(LARGEST) {
                self.at = self.format.len();
                return None;
            }
            number = Some(number.unwrap_or(0) * 10 + usize::from(digit - b'0'));
            self.at += 1;
        }
        number
    }

    /// The next argument, if it is a whole number and not too large.
    fn int_arg(&mut self) -> Option<i64> {
        let arg = self.args.get(self.next)?;
        self.next += 1;
        arg.as_integer().filter(|number| number.unsigned_abs() <= LARGEST as u64)
    }

    /// The arguments that the format did not ask for.
    fn extra(&mut self) {
        self.printer.flags = Flags::default();
        self.printer.out.text("%!(EXTRA ");
        for (index, arg) in self.args.iter().skip(self.next).enumerate() {
            self.printer.out.text(if index > 0 { ", " } else { "" });
            if matches!(arg, Value::Nil) {
                self.printer.out.text("<nil>");
            } else {
                self.printer.typed(arg);
            }
        }
        self.printer.out.text(")");
    }
}

/// Digits and nothing else, and not too many.
fn parse_index(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= 10 * LARGEST)
}
