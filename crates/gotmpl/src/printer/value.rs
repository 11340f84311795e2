//! Values of any type.

use super::Printer;
use crate::Value;
use crate::value::{List, Map, Type};

impl Printer<'_> {
    /// Writes an argument.
    pub(super) fn arg(&mut self, value: &Value, verb: char) {
        match (value, verb) {
            (Value::Nil, 'T' | 'v') => self.pad(b"<nil>"),
            (Value::Nil, _) => self.bad_verb(None, verb),
            (_, 'T') => self.plain(value.type_name().as_bytes()),
            (Value::Map(_) | Value::List(_), 'p') => self.address(),
            (_, 'p' | 'w') => self.bad_verb(Some(value), verb),
            _ => self.value(value, verb),
        }
    }

    /// Writes a value that is not nil.
    fn value(&mut self, value: &Value, verb: char) {
        if self.enter() {
            match value {
                Value::Nil => self.nil_element(),
                Value::Bool(bit) if matches!(verb, 't' | 'v') => self.pad(bit.to_string().as_bytes()),
                Value::Bool(_) => self.bad_verb(Some(value), verb),
                Value::Int(_) | Value::Int64(_) | Value::Byte(_) => self.integer(value, verb),
                Value::Float(float) => self.float(*float, value, verb),
                Value::Str(bytes) => self.string(bytes, value, verb),
                Value::List(list) => self.list(list, verb),
                Value::Map(map) => self.map(map, verb),
                Value::Object(object) if object.number().is_some() && self.shows_number(verb) => {
                    self.integer(value, verb);
                }
                Value::Object(object) => self.string(&object.text(), value, verb),
            }
        }
        self.depth -= 1;
    }

    /// Whether the verb shows the number that an object is to Go rather than its text.
    fn shows_number(&self, verb: char) -> bool {
        self.flags.syntax || !matches!(verb, 'v' | 's' | 'x' | 'X' | 'q')
    }

    /// Nil as an element of a list or map of anything.
    fn nil_element(&mut self) {
        if self.flags.syntax {
            self.out.text(&format!("{}(nil)", Type::Any));
        } else {
            self.out.text("<nil>");
        }
    }

    fn list(&mut self, list: &List, verb: char) {
        if self.flags.syntax && list.is_nil() {
            return self.out.text(&format!("{}(nil)", list.go_type()));
        }
        let separator = self.open(list.go_type(), "[");
        for (index, value) in list.values().iter().enumerate() {
            self.out.text(if index > 0 { separator } else { "" });
            self.value(value, verb);
            if self.out.failed().is_some() {
                return;
            }
        }
        self.out.text(if self.flags.syntax { "}" } else { "]" });
    }

    fn map(&mut self, map: &Map, verb: char) {
        if self.flags.syntax && map.is_nil() {
            return self.out.text(&format!("{}(nil)", map.go_type()));
        }
        let separator = self.open(map.go_type(), "map[");
        for (index, (key, value)) in map.entries().into_iter().enumerate() {
            self.out.text(if index > 0 { separator } else { "" });
            self.value(&Value::Str(key), verb);
            self.out.text(":");
            self.value(&value, verb);
            if self.out.failed().is_some() {
                return;
            }
        }
        self.out.text(if self.flags.syntax { "}" } else { "]" });
    }

    /// Opens a collection, and tells what goes between its elements.
    fn open(&mut self, kind: Type, bracket: &str) -> &'static str {
        if self.flags.syntax {
            self.out.text(&format!("{kind}{{"));
            return ", ";
        }
        self.out.text(bracket);
        " "
    }

    /// A verb that the value's type does not know: `%!d(string=x)`.
    pub(super) fn bad_verb(&mut self, value: Option<&Value>, verb: char) {
        self.out.text("%!");
        self.out.char(verb);
        self.out.text("(");
        match value {
            None | Some(Value::Nil) => self.out.text("<nil>"),
            // Here Go asks no method for a text.
            Some(Value::Object(object)) if object.number().is_some() => {
                self.out.text(&format!("{}=", object.type_name()));
                self.integer(&Value::Int64(object.number().unwrap_or_default()), 'v');
            }
            Some(value) => self.typed(value),
        }
        self.out.text(")");
    }

    /// `string=x`
    pub(super) fn typed(&mut self, value: &Value) {
        self.out.text(&format!("{}=", value.type_name()));
        self.value(value, 'v');
    }
}
