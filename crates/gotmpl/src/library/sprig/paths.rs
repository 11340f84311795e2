//! Paths: `base`, `dir`, `ext`, `clean`, `isAbs`, and the same for the machine's own paths, which are Linux's.

use super::Shelf;
use crate::Type::Str;
use crate::{Signature, Value};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let one = Signature::new(&[Str]);
    shelf
        .all(&["base", "osBase"], one, |call| call.string(base(&call.bytes(0))))
        .all(&["dir", "osDir"], one, |call| {
            let path = call.bytes(0);
            let end = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
            call.string(clean(path.get(..end).unwrap_or_default()))
        })
        .all(&["ext", "osExt"], one, |call| {
            let path = call.bytes(0);
            let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            let dot = name.iter().rposition(|byte| *byte == b'.');
            call.string(dot.and_then(|dot| name.get(dot..)).unwrap_or_default())
        })
        .all(&["clean", "osClean"], one, |call| call.string(clean(&call.bytes(0))))
        .all(&["isAbs", "osIsAbs"], one, |call| Ok(Value::Bool(call.bytes(0).starts_with(b"/"))));
}

/// The last element.
fn base(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    let name = path.rsplit(|byte| *byte == b'/').find(|name| !name.is_empty());
    name.unwrap_or(b"/")
}

/// The shortest path that means the same.
fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut kept: Vec<&[u8]> = Vec::new();
    for element in path.split(|byte| *byte == b'/') {
        match element {
            b"" | b"." => {}
            b".." if kept.last().is_some_and(|last| *last != b"..") => {
                kept.pop();
            }
            b".." if rooted => {}
            element => kept.push(element),
        }
    }
    let joined = kept.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/", &*joined].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}
