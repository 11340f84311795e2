//! From a type to the structural schema that the API server takes.
//!
//! Written here rather than taken from the derive, for three reasons. A field's description wins over that of its type.
//! Nothing is `nullable` unless it says so: the API server drops a null and applies the default, as it does for the
//! schemas that controller-gen writes, while a nullable field would keep the null. And an enum is one list of values.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// Marks a field that may be null; replaced by `nullable` here.
pub(super) const NULLABLE: &str = "x-latchkey-nullable";

/// The structural schema of a type.
pub(super) fn structural<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    rewrite(&mut schema);
    schema
}

fn rewrite(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    object.remove("title");
    unwrap_option(object);
    collapse_enum(object);
    if object.remove(NULLABLE).is_some() {
        object.insert("nullable".into(), true.into());
    }
    // The line breaks of a doc comment are where the source is wrapped, not where the text is.
    if let Some(Value::String(description)) = object.get_mut("description") {
        *description = description.replace('\n', " ");
    }
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        properties.values_mut().for_each(rewrite);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = object.get_mut(key) {
            rewrite(inner);
        }
    }
}

/// An Option becomes what it holds: whether it may be absent is said by `required` alone.
fn unwrap_option(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let Some(Value::Array(options)) = object.get("anyOf") else { return };
    let null = json!({ "type": "null" });
    let [Value::Object(inner), other] = options.as_slice() else { return };
    if *other != null {
        return;
    }
    let inner = inner.clone();
    object.remove("anyOf");
    for (key, value) in inner {
        object.entry(key).or_insert(value);
    }
    unwrap_option(object);
}

/// Variants that each have a description become one list of values.
fn collapse_enum(object: &mut Map<String, Value>) {
    let Some(Value::Array(variants)) = object.get("oneOf") else { return };
    let values: Option<Vec<Value>> = variants.iter().map(|variant| variant.get("const").cloned()).collect();
    if let Some(values) = values {
        object.remove("oneOf");
        object.insert("type".into(), "string".into());
        object.insert("enum".into(), values.into());
    }
}
