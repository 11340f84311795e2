//! Schemas of types whose own would say too much or too little.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// A time that may be null: a status written before the first sync holds one.
pub(crate) struct NullableTime;

impl JsonSchema for NullableTime {
    fn schema_name() -> Cow<'static, str> {
        "NullableTime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "x-latchkey-nullable": true })
    }
}

/// Any JSON.
pub(crate) struct Anything;

impl JsonSchema for Anything {
    fn schema_name() -> Cow<'static, str> {
        "Anything".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "x-kubernetes-preserve-unknown-fields": true })
    }
}

/// A label selector, without the paragraphs that describe it in the Kubernetes reference.
pub(crate) struct LabelSelectorSchema;

impl JsonSchema for LabelSelectorSchema {
    fn schema_name() -> Cow<'static, str> {
        "LabelSelector".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "x-kubernetes-map-type": "atomic",
            "properties": {
                "matchLabels": {
                    "description": "Labels that must all be there with these values.",
                    "type": "object",
                    "additionalProperties": { "type": "string" }
                },
                "matchExpressions": {
                    "description": "Requirements that must all be met.",
                    "type": "array",
                    "x-kubernetes-list-type": "atomic",
                    "items": {
                        "type": "object",
                        "required": ["key", "operator"],
                        "properties": {
                            "key": { "description": "Key of the label.", "type": "string" },
                            "operator": {
                                "description": "In, NotIn, Exists or DoesNotExist.",
                                "type": "string"
                            },
                            "values": {
                                "description": "Values for In and NotIn.",
                                "type": "array",
                                "x-kubernetes-list-type": "atomic",
                                "items": { "type": "string" }
                            }
                        }
                    }
                }
            }
        })
    }
}

/// Bytes, base64-encoded.
pub(crate) struct Base64;

impl JsonSchema for Base64 {
    fn schema_name() -> Cow<'static, str> {
        "Base64".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "byte" })
    }
}
