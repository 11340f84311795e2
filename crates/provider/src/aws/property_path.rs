//! Writing into a JSON document by a property, as sjson does it for ESO: dots lead into objects. What ESO leaves empty
//! without a word (a path through what is no object) is an error here, and a number names a member, never a place in an
//! array.

use zeroize::Zeroizing;

use crate::push::Members;
use crate::{Error, ErrorKind, Remote};

/// The steps of a property that is a path, as sjson reads it: separated by dots, unless a backslash stands before one.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] for what names no single place.
pub fn steps(property: &str, remote: &Remote) -> Result<Vec<String>, Error> {
    let invalid = || {
        let text =
            format!("{remote} cannot be written: a path there is made of names with dots between them");
        Error::new(ErrorKind::InvalidRequest, text)
    };
    let mut steps = vec![String::new()];
    let mut rest = property.chars();
    while let Some(char) = rest.next() {
        match char {
            '.' => steps.push(String::new()),
            '*' | '?' | '#' | '|' | '@' => return Err(invalid()),
            _ => {
                let char = if char == '\\' { rest.next().ok_or_else(invalid)? } else { char };
                steps.last_mut().ok_or_else(invalid)?.push(char);
            }
        }
    }
    if steps.iter().any(String::is_empty) { Err(invalid()) } else { Ok(steps) }
}

/// The object with this text at the end of the path, and objects on the way where there are none. None where something on
/// the way is no object.
pub fn set(mut members: Members, path: &[String], text: &str) -> Option<Members> {
    match path {
        [] => None,
        [last] => {
            members.put_text(last, text);
            Some(members)
        }
        [first, rest @ ..] => {
            let inner = members.get(first).map_or_else(|| Some(Members::default()), Members::parse)?;
            members.put(first, set(inner, rest, text)?.json());
            Some(members)
        }
    }
}

/// The object without what is at the end of the path, and without the objects on the way that are empty then. None if there
/// is nothing.
pub fn remove(mut members: Members, path: &[String]) -> Option<Members> {
    match path {
        [] => None,
        [last] => members.remove(last).then_some(members),
        [first, rest @ ..] => {
            let inner = remove(Members::parse(members.get(first)?)?, rest)?;
            if inner.is_empty() {
                members.remove(first);
            } else {
                members.put(first, inner.json());
            }
            Some(members)
        }
    }
}

/// The JSON at the end of the path.
pub fn get(members: &Members, path: &[String]) -> Option<Zeroizing<String>> {
    match path {
        [] => None,
        [last] => members.get(last).map(|json| Zeroizing::new(json.to_owned())),
        [first, rest @ ..] => get(&Members::parse(members.get(first)?)?, rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(json: &str) -> Members {
        Members::parse(json).unwrap()
    }

    fn path(property: &str) -> Result<Vec<String>, ErrorKind> {
        let remote = Remote { key: "app".to_owned(), property: Some(property.to_owned()) };
        steps(property, &remote).map_err(|error| error.kind)
    }

    fn shown(members: Option<Members>) -> Option<String> {
        members.map(|members| members.json().to_string())
    }

    #[test]
    fn a_path_makes_objects_on_its_way() {
        let at = |json, property| shown(set(members(json), &path(property).unwrap(), "v"));
        assert_eq!(at("{}", "a").as_deref(), Some(r#"{"a":"v"}"#));
        assert_eq!(at(r#"{"n":1.0}"#, "a.b.c").as_deref(), Some(r#"{"a":{"b":{"c":"v"}},"n":1.0}"#));
        assert_eq!(at(r#"{"a":{"x":1}}"#, "a.b").as_deref(), Some(r#"{"a":{"b":"v","x":1}}"#));
        assert_eq!(at("{}", r"a\.b").as_deref(), Some(r#"{"a.b":"v"}"#));
        assert_eq!(at(r#"{"a":"text"}"#, "a.b"), None);
    }

    #[test]
    fn what_becomes_empty_goes() {
        let at = |json, property| shown(remove(members(json), &path(property).unwrap()));
        assert_eq!(at(r#"{"a":{"b":{"c":1}}}"#, "a.b.c").as_deref(), Some("{}"));
        assert_eq!(at(r#"{"a":{"b":1,"c":2}}"#, "a.b").as_deref(), Some(r#"{"a":{"c":2}}"#));
        assert_eq!((at(r#"{"a":1}"#, "b"), at(r#"{"a":1}"#, "a.b")), (None, None));
        let found = get(&members(r#"{"a":{"b":"v"}}"#), &path("a.b").unwrap());
        assert_eq!(found.as_deref().map(String::as_str), Some("\"v\""));
    }

    #[test]
    fn a_path_that_names_many_places_or_none_is_refused() {
        for property in ["a.*", "a.#", "a..b", ".", "a|b", "@this", r"a\", "a?"] {
            assert_eq!(path(property), Err(ErrorKind::InvalidRequest), "{property}");
        }
    }
}
