//! The CustomResourceDefinitions, made of the types.

mod overrides;

pub(crate) use overrides::{Base64, LabelSelectorSchema, NullableTime};
