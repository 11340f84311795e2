//! A rendered text as the JSON that the API server takes.

use latchkey_gotmpl::{Budget, Value as Read, yaml};
use serde_json::{Number, Value};

use crate::engine::render::limits;

/// Reads YAML.
///
/// # Errors
/// What is wrong, in words that do not show the text; or it takes too much.
pub fn read(text: &[u8]) -> Result<Value, String> {
    let read = yaml::read(text, &Budget::new(limits())).map_err(|error| error.to_string())?;
    json(&read)
}

fn json(read: &Read) -> Result<Value, String> {
    Ok(match read {
        Read::Nil => Value::Null,
        Read::Bool(is) => Value::Bool(*is),
        Read::Int(number) | Read::Int64(number) => Value::from(*number),
        Read::Byte(byte) => Value::from(*byte),
        Read::Float(number) => Value::Number(written(*number)?),
        Read::Str(text) => Value::String(String::from_utf8_lossy(text).into_owned()),
        Read::List(list) => Value::Array(list.values().iter().map(json).collect::<Result<_, _>>()?),
        Read::Map(map) => {
            let entries = map.entries().into_iter().map(|(key, value)| {
                Ok::<_, String>((String::from_utf8_lossy(&key).into_owned(), json(&value)?))
            });
            Value::Object(entries.collect::<Result<_, _>>()?)
        }
        Read::Object(_) => return Err("it holds what is no YAML".to_owned()),
    })
}

/// A number as Go writes it into JSON: whole ones without a point, as a field of type integer needs them.
fn written(number: f64) -> Result<Number, String> {
    /// From here on not every whole number is a float64.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and within the range")]
        return Ok(Number::from(number as i64));
    }
    Number::from_f64(number).ok_or_else(|| "a number is not finite".to_owned())
}
