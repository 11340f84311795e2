//! PEM as Go reads and writes it: what is no block is passed over, headers are kept.

use std::collections::BTreeMap;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::{Budget, Bytes, FuncError, text};

/// Base64 as Go's `StdEncoding` has it: bits that stand over are of no account.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";

/// The bytes of a line of base64.
const LINE: usize = 48;

/// A block: what it is, what is said of it, and its content.
pub(super) struct Block {
    pub(super) kind: Vec<u8>,
    pub(super) headers: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) bytes: Bytes,
}

/// The first block, and what follows it. Without a block nothing of the text is taken.
pub(super) fn decode<'a>(
    data: &'a [u8],
    budget: &Budget<'_>,
) -> Result<(Option<Block>, &'a [u8]), FuncError> {
    let mut rest = data;
    while let Some(end) = text::find(rest, END) {
        budget.steps(1 + end as u64 / 1024)?;
        let (before, after) = rest.split_at(end);
        rest = &after[END.len()..];
        let Some((kind, body)) = begin(before) else { continue };
        let Some(tail) = ending(rest, kind) else { continue };
        budget.memory(2 * body.len() + kind.len())?;
        if let Some((headers, bytes)) = content(body) {
            return Ok((Some(Block { kind: kind.to_vec(), headers, bytes }), tail));
        }
    }
    Ok((None, data))
}

/// The last block that begins in the text: its kind, and the lines that follow. A block begins with a line.
fn begin(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.windows(BEGIN.len()).rposition(|window| window == BEGIN)?;
    if at > 0 && text[at - 1] != b'\n' {
        return None;
    }
    let (line, body) = split_line(&text[at + BEGIN.len()..]);
    Some((line.strip_suffix(DASHES)?, body))
}

/// What follows the line that ends a block of this kind.
fn ending<'a>(text: &'a [u8], kind: &[u8]) -> Option<&'a [u8]> {
    let rest = text.strip_prefix(kind)?.strip_prefix(DASHES)?;
    let (line, tail) = split_line(rest);
    line.is_empty().then_some(tail)
}

/// The first line without its end and the blanks before that, and what follows.
fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match text.iter().position(|byte| *byte == b'\n') {
        Some(at) => (text[..at].strip_suffix(b"\r").unwrap_or(&text[..at]), &text[at + 1..]),
        None => (text, &[][..]),
    };
    let blanks = line.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    (&line[..line.len() - blanks], rest)
}

type Content = (BTreeMap<Vec<u8>, Vec<u8>>, Bytes);

/// Headers and content of the lines between beginning and end.
fn content(mut body: &[u8]) -> Option<Content> {
    let mut headers = BTreeMap::new();
    loop {
        let (line, rest) = split_line(body);
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
        if !body.contains(&b'\n') {
            return None;
        }
        headers.insert(trim(&line[..colon]), trim(&line[colon + 1..]));
        body = rest;
    }
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let digits: Zeroizing<Vec<u8>> =
        Zeroizing::new(body.iter().copied().filter(|byte| !blank(byte)).collect());
    let bytes = BASE64.decode(&*digits).ok()?;
    Some((headers, bytes.into()))
}

fn trim(text: &[u8]) -> Vec<u8> {
    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let start = text.iter().take_while(|byte| blank(byte)).count();
    let end = text.len() - text[start..].iter().rev().take_while(|byte| blank(byte)).count();
    text[start..end].to_vec()
}

/// Appends the block. The header `Proc-Type` comes first, the others in their order.
pub(super) fn encode(
    out: &mut Zeroizing<Vec<u8>>,
    block: &Block,
    budget: &Budget<'_>,
) -> Result<(), FuncError> {
    let Block { kind, headers, bytes } = block;
    let lines: usize = headers.iter().map(|(name, value)| name.len() + value.len() + 3).sum();
    let room = 2 * kind.len() + lines + bytes.len().div_ceil(LINE) * 65 + 40;
    budget.memory(room)?;
    grow(out, room);
    out.extend_from_slice(&[BEGIN, kind, DASHES, b"\n"].concat());
    let first: &[u8] = b"Proc-Type";
    let others = headers.iter().filter(|(name, _)| name.as_slice() != first);
    for (name, value) in headers.get_key_value(first).into_iter().chain(others) {
        out.extend_from_slice(&[name, &b": "[..], value, b"\n"].concat());
    }
    out.extend_from_slice(if headers.is_empty() { b"" } else { b"\n" });
    let mut line = Zeroizing::new([0; 64]);
    for chunk in bytes.chunks(LINE) {
        let length = BASE64.encode_slice(chunk, &mut *line).unwrap_or_default();
        out.extend_from_slice(&line[..length]);
        out.push(b'\n');
    }
    out.extend_from_slice(&[&END[1..], kind, DASHES, b"\n"].concat());
    Ok(())
}

/// Makes room, and leaves nothing behind.
fn grow(out: &mut Zeroizing<Vec<u8>>, more: usize) {
    if out.len() + more > out.capacity() {
        let mut larger = Vec::with_capacity((out.len() + more).max(2 * out.len()));
        larger.extend_from_slice(out);
        *out = Zeroizing::new(larger);
    }
}

/// One block of this kind.
pub(super) fn block(kind: &str, bytes: impl Into<Bytes>, budget: &Budget<'_>) -> Result<Bytes, FuncError> {
    blocks(kind, [bytes.into()], budget)
}

/// Blocks of this kind, one after the other.
pub(super) fn blocks(
    kind: &str,
    contents: impl IntoIterator<Item = Bytes>,
    budget: &Budget<'_>,
) -> Result<Bytes, FuncError> {
    let mut out = Zeroizing::new(Vec::new());
    for bytes in contents {
        encode(&mut out, &Block { kind: kind.into(), headers: BTreeMap::new(), bytes }, budget)?;
    }
    Ok(out.into())
}

/// The text from the first beginning of a block on; all of it if there is none.
pub(super) fn from_begin(data: &[u8]) -> &[u8] {
    text::find(data, b"-----BEGIN").map_or(data, |at| &data[at..])
}
