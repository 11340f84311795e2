//! Lines: `wrap`, `wrapWith`, `indent`, `nindent`.

use super::{Result, Shelf, refuse, text};
use crate::Type::{Int, Str};
use crate::buffer::Buffer;
use crate::{Call, Signature};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let two = Signature::new(&[Int, Str]);
    shelf
        .add("wrap", two, |call| text(call, |out| wrap(out, &call.bytes(1), call.int(0), b"\n", false)))
        .add("wrapWith", Signature::new(&[Int, Str, Str]), |call| {
            let separator = call.bytes(1);
            let separator = if separator.is_empty() { &b"\n"[..] } else { &separator };
            text(call, |out| wrap(out, &call.bytes(2), call.int(0), separator, true))
        })
        .add("indent", two, |call| indented(call, ""))
        .add("nindent", two, |call| indented(call, "\n"));
}

/// Breaks lines at spaces; longer words are cut if `cut` says so, else they stand out.
fn wrap(out: &mut Buffer, bytes: &[u8], width: i64, separator: &[u8], cut: bool) {
    let width = usize::try_from(width).unwrap_or_default().max(1);
    let mut rest = bytes;
    while rest.len() > width && out.failed().is_none() {
        if let Some(after) = rest.strip_prefix(b" ") {
            rest = after;
            continue;
        }
        let space = |part: &[u8]| part.iter().rposition(|byte| *byte == b' ');
        let line = if let Some(end) = rest.get(..=width).and_then(space) {
            (end, end + 1)
        } else if cut {
            (width, width)
        } else {
            let beyond = rest.iter().skip(width).position(|byte| *byte == b' ');
            match beyond {
                Some(beyond) => (width + beyond, width + beyond + 1),
                None => break,
            }
        };
        out.write(rest.get(..line.0).unwrap_or_default());
        out.write(separator);
        rest = rest.get(line.1..).unwrap_or_default();
    }
    out.write(rest);
}

fn indented(call: &Call<'_>, before: &str) -> Result {
    let Ok(spaces) = usize::try_from(call.int(0)) else { return refuse("strings: negative Repeat count") };
    let bytes = call.bytes(1);
    text(call, |out| {
        out.text(before);
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            out.text(if index > 0 { "\n" } else { "" });
            out.fill(b' ', spaces);
            out.write(line);
        }
    })
}
