//! What stands in for what is empty: `default`, `empty`, `coalesce`, `all`, `any`, `ternary`.

use super::Shelf;
use crate::Type::{Any, Bool};
use crate::{Signature, Value};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let any = Signature::variadic(&[], Any);
    shelf
        .add("default", Signature::variadic(&[Any], Any), |call| {
            Ok(if is_empty(call.arg(1)) { call.arg(0) } else { call.arg(1) }.clone())
        })
        .add("empty", Signature::new(&[Any]), |call| Ok(Value::Bool(is_empty(call.arg(0)))))
        .add("coalesce", any, |call| {
            Ok(call.args().iter().find(|value| !is_empty(value)).cloned().unwrap_or_default())
        })
        .add("all", any, |call| Ok(Value::Bool(!call.args().iter().any(is_empty))))
        .add("any", any, |call| Ok(Value::Bool(!call.args().iter().all(is_empty))))
        .add("ternary", Signature::new(&[Any, Any, Bool]), |call| {
            Ok(call.arg(usize::from(!call.bool(2))).clone())
        });
}

/// Whether it is the zero of its type, or nil.
pub(super) fn is_empty(value: &Value) -> bool {
    !value.truth()
}
