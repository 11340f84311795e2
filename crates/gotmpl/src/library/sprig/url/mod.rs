//! `urlParse` and `urlJoin`, with URLs as Go reads and writes them.

mod escape;
mod parse;

use super::{NIL, Outcome, Result, Shelf, refuse, text};
use crate::Type::{self, Any, Str};
use crate::buffer::Buffer;
use crate::{Bytes, Call, Map, Signature, Value};
use escape::{Part, escape};
use parse::{Url, User};

const MAP: Type = Type::Map(&Any);

/// Adds the functions.
pub(super) fn add(shelf: &mut Shelf<'_>) {
    shelf.add("urlParse", Signature::new(&[Str]), parsed).add("urlJoin", Signature::new(&[MAP]), joined);
}

fn parsed(call: &Call<'_>) -> Result {
    let bytes = call.bytes(0);
    call.budget().memory(4 * bytes.len() + 1024)?;
    let Some(url) = Url::parse(&bytes) else { return refuse("unable to parse url") };
    let mut userinfo = Buffer::new(3 * bytes.len() + 1, crate::Limit::Memory(call.budget().limits().memory));
    if let Some(user) = &url.user {
        write_user(&mut userinfo, user);
    }
    let hostname = url.hostname().to_vec();
    let Url { scheme, opaque, user: _, host, path, query, fragment } = url;
    let parts = [
        ("scheme", scheme),
        ("host", host),
        ("hostname", hostname),
        ("path", path),
        ("query", query),
        ("opaque", opaque),
        ("fragment", fragment),
    ];
    let parts = parts.map(|(key, value)| (Bytes::from(key), Value::Str(value.into())));
    let userinfo = (Bytes::from("userinfo"), Value::Str(userinfo.finish()?.into()));
    Ok(Map::any(parts.into_iter().chain([userinfo])).into())
}

fn write_user(out: &mut Buffer, user: &User) {
    escape(out, &user.name, Part::User);
    if let Some(password) = &user.password {
        out.text(":");
        escape(out, password, Part::User);
    }
}

/// The string of this key; empty if there is none.
fn part(map: &Map, key: &str) -> Outcome<Bytes> {
    match map.get(key.as_bytes()) {
        None => Ok(Bytes::default()),
        Some(Value::Str(bytes)) => Ok(bytes),
        Some(Value::Nil) => refuse(NIL),
        Some(_) => refuse("unable to parse dictionary value: expected string"),
    }
}

fn joined(call: &Call<'_>) -> Result {
    let map = call.map(0);
    let [scheme, host, path, query, opaque, fragment, userinfo] =
        ["scheme", "host", "path", "query", "opaque", "fragment", "userinfo"].map(|key| part(&map, key));
    let (scheme, host, path, query) = (scheme?, host?, path?, query?);
    let (opaque, fragment, userinfo) = (opaque?, fragment?, userinfo?);
    let user = if userinfo.is_empty() { None } else { Some(user_of(&userinfo)?) };
    text(call, |out| {
        if !scheme.is_empty() {
            out.write(&scheme);
            out.text(":");
        }
        if opaque.is_empty() {
            write_hierarchy(out, !scheme.is_empty(), &host, &path, user.flatten().as_ref());
        } else {
            out.write(&opaque);
        }
        if !query.is_empty() {
            out.text("?");
            out.write(&query);
        }
        if !fragment.is_empty() {
            out.text("#");
            escape(out, &fragment, Part::Fragment);
        }
    })
}

/// Who a URL with this userinfo is for: nobody, if the text ends the authority.
fn user_of(userinfo: &[u8]) -> Outcome<Option<User>> {
    match Url::parse(&[b"proto://", userinfo, b"@host"].concat()) {
        Some(url) => Ok(url.user),
        None => refuse("unable to parse url userinfo"),
    }
}

/// Host and path.
fn write_hierarchy(out: &mut Buffer, has_scheme: bool, host: &[u8], path: &[u8], user: Option<&User>) {
    if !(host.is_empty() && user.is_none()) || has_scheme && !path.is_empty() {
        out.text("//");
        if let Some(user) = user {
            write_user(out, user);
            out.text("@");
        }
        escape(out, host, Part::Host);
    }
    if !path.is_empty() && !path.starts_with(b"/") && !host.is_empty() {
        out.text("/");
    }
    // Without anything before it, a colon in the first segment would look like that of a scheme.
    let bare = !has_scheme && host.is_empty() && user.is_none();
    let first = path.split(|byte| *byte == b'/').next().unwrap_or_default();
    if bare && first.contains(&b':') {
        out.text("./");
    }
    if path == b"*" { out.text("*") } else { escape(out, path, Part::Path) }
}
