//! What the modifiers for objects and arrays make of them.

use std::borrow::Cow;
use std::collections::HashMap;

use super::limit::{Refused, Run};
use super::modify::option;
use super::scan;
use super::value::Value;

/// Puts a list together, of what has any text.
struct List(Vec<u8>);

impl List {
    fn of(open: u8) -> Self {
        Self(vec![open])
    }

    fn add(&mut self, parts: &[&[u8]], run: &Run) -> Result<(), Refused> {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        for part in parts {
            run.spend(part.len() + 1)?;
            self.0.extend_from_slice(part);
        }
        Ok(())
    }

    fn closed(mut self, close: u8) -> Vec<u8> {
        self.0.push(close);
        self.0
    }
}

/// The keys of an object; null for each element of what is none.
///
/// # Errors
/// [`Refused`].
pub fn keys(value: &Value<'_>, run: &Run) -> Result<Vec<u8>, Refused> {
    let mut list = List::of(b'[');
    value.each(run, |key, _| list.add(&[if value.is_object() { &key.raw } else { b"null" }], run))?;
    Ok(list.closed(b']'))
}

/// The values of the members.
///
/// # Errors
/// [`Refused`].
pub fn list(value: &Value<'_>, run: &Run) -> Result<Vec<u8>, Refused> {
    let mut list = List::of(b'[');
    value.each(run, |_, value| list.add(&[&value.raw], run))?;
    Ok(list.closed(b']'))
}

/// The elements or members from the last to the first.
///
/// # Errors
/// [`Refused`].
pub fn reverse(value: &Value<'_>, run: &Run) -> Result<Vec<u8>, Refused> {
    let mut all = Vec::new();
    value.each(run, |key, value| {
        run.spend(key.raw.len() + value.raw.len())?;
        all.push((key.into_owned(), value.into_owned()));
        Ok(())
    })?;
    let (open, close) = if value.is_object() { (b'{', b'}') } else { (b'[', b']') };
    let mut list = List::of(open);
    for (key, element) in all.iter().rev() {
        let colon: &[u8] = if value.is_object() { b":" } else { b"" };
        list.add(&[&key.raw, colon, &element.raw], run)?;
    }
    Ok(list.closed(close))
}

/// The elements of arrays inside of the array in their place, and with `deep` those of arrays in these.
///
/// # Errors
/// [`Refused`].
pub fn flatten(value: &Value<'_>, deep: bool, run: &Run) -> Result<Vec<u8>, Refused> {
    let mut list = List::of(b'[');
    value.each(run, |_, element| {
        let inner = match element.is_array() {
            true if deep => Cow::Owned(run.deeper(|| flatten(&element, deep, run))?),
            true | false => Cow::Borrowed(&*element.raw),
        };
        let inner = trim(if element.is_array() { unwrap(&inner) } else { &inner });
        if inner.is_empty() { Ok(()) } else { list.add(&[inner], run) }
    })?;
    Ok(list.closed(b']'))
}

/// Without the brackets around; the last byte counts as one.
fn unwrap(json: &[u8]) -> &[u8] {
    match scan::trim(json) {
        [b'[' | b'{', inner @ .., _] => inner,
        other => other,
    }
}

/// Without blanks of all of Unicode around.
fn trim(text: &[u8]) -> &[u8] {
    str::from_utf8(text).map_or_else(|_| text.trim_ascii(), |text| text.trim().as_bytes())
}

/// The members of all objects in an array as one object. Of a repeated key the first place and the last value, if repetitions are not to be kept.
///
/// # Errors
/// [`Refused`].
pub fn join(value: &Value<'_>, argument: &[u8], run: &Run) -> Result<Vec<u8>, Refused> {
    let mut list = List::of(b'{');
    if option(argument, b"preserve", run)? {
        let mut any = false;
        value.each(run, |_, object| {
            if !object.is_object() {
                return Ok(());
            }
            let separator: &[u8] = if any && list.0.len() == 1 { b"," } else { b"" };
            any = true;
            list.add(&[separator, unwrap(&object.raw)], run)
        })?;
        return Ok(list.closed(b'}'));
    }
    let mut members: Vec<(Value<'_>, Value<'_>)> = Vec::new();
    let mut places = HashMap::new();
    value.each(run, |_, object| {
        if !object.is_object() {
            return Ok(());
        }
        object.each(run, |key, value| {
            run.spend(key.raw.len() + value.raw.len())?;
            let place = *places.entry(key.text()?).or_insert(members.len());
            match members.get_mut(place) {
                Some(member) => member.1 = value.into_owned(),
                None => members.push((key.into_owned(), value.into_owned())),
            }
            Ok(())
        })
    })?;
    for (key, value) in &members {
        list.add(&[&key.raw, b":", &value.raw], run)?;
    }
    Ok(list.closed(b'}'))
}

/// From an object of arrays an array of objects. Nothing of what is no object; members that are no arrays are left out.
///
/// # Errors
/// [`Refused`].
pub fn group(value: &Value<'_>, run: &Run) -> Result<Vec<u8>, Refused> {
    if !value.is_object() {
        return Ok(Vec::new());
    }
    let mut objects: Vec<List> = Vec::new();
    value.each(run, |key, array| {
        if !array.is_array() {
            return Ok(());
        }
        let mut place = 0;
        array.each(run, |_, element| {
            if place == objects.len() {
                objects.push(List::of(b'{'));
            }
            let object = objects.get_mut(place);
            place += 1;
            object.map_or(Ok(()), |object| object.add(&[&key.raw, b":", &element.raw], run))
        })
    })?;
    let mut list = List::of(b'[');
    for object in objects {
        list.add(&[&object.closed(b'}')], run)?;
    }
    Ok(list.closed(b']'))
}

/// What a path names in the value and in everything inside of it.
///
/// # Errors
/// [`Refused`].
pub fn dig(value: Value<'_>, path: &[u8], run: &Run) -> Result<Vec<u8>, Refused> {
    let mut list = List::of(b'[');
    dig_into(&value, path, &mut list, run)?;
    Ok(list.closed(b']'))
}

fn dig_into(value: &Value<'_>, path: &[u8], list: &mut List, run: &Run) -> Result<(), Refused> {
    let found = super::get(&value.raw, path, run)?;
    if found.exists() {
        list.add(&[&found.raw], run)?;
    }
    if !value.is_array() && !value.is_object() {
        return Ok(());
    }
    value.each(run, |_, inner| run.deeper(|| dig_into(&inner, path, list, run)))
}
