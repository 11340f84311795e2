//! The functions that Go's templates have without asking.

mod compare;
mod escape;
mod index;

use std::sync::LazyLock;

use crate::ast::Way;
use crate::buffer::Buffer;
use crate::functions::Function;
use crate::printer;
use crate::value::Type::{Any, Reflect, Str};
use crate::{Budget, Bytes, Call, FuncError, Functions, Limit, Signature, Value};

type Result = std::result::Result<Value, FuncError>;

static BUILTINS: LazyLock<Functions> = LazyLock::new(|| {
    let mut functions = Functions::new();
    add_logic(&mut functions);
    compare::add(&mut functions);
    index::add(&mut functions);
    add_printers(&mut functions);
    functions
});

/// The engine's own function of this name.
pub(crate) fn get(name: &str) -> Option<&'static Function> {
    BUILTINS.get(name)
}

/// How the engine's own function of this name is called.
pub(crate) fn way(name: &str) -> Way {
    match name {
        "and" => Way::And,
        "or" => Way::Or,
        "len" => Way::Len,
        "call" => Way::Call,
        _ => Way::Plain,
    }
}

/// `and`, `or` and `call` are listed for their number of arguments; the engine does what they do.
fn add_logic(functions: &mut Functions) {
    let any = Signature::variadic(&[Reflect], Reflect);
    for name in ["and", "or", "call"] {
        functions.add(name, any, |call| Ok(call.arg(0).clone()));
    }
    functions.add("not", Signature::new(&[Reflect]), |call| Ok(Value::Bool(!call.arg(0).truth())));
}

fn add_printers(functions: &mut Functions) {
    let any = Signature::variadic(&[], Any);
    functions
        .add("print", any, |call| text(call.budget(), |out| printer::print(out, call.args(), call.budget())));
    functions.add("println", any, |call| {
        text(call.budget(), |out| printer::println(out, call.args(), call.budget()))
    });
    functions.add("printf", Signature::variadic(&[Str], Any), |call| {
        let args = call.args().get(1..).unwrap_or_default();
        text(call.budget(), |out| printer::printf(out, &call.bytes(0), args, call.budget()))
    });
    functions.add("html", any, |call| escape::escaped(call, escape::html));
    functions.add("js", any, |call| escape::escaped(call, escape::js));
    functions.add("urlquery", any, |call| escape::escaped(call, escape::url_query));
}

fn text(budget: &Budget<'_>, write: impl FnOnce(&mut Buffer)) -> Result {
    written(budget, write).map(Value::Str)
}

/// What `write` writes, as long as the budget allows.
pub(crate) fn written(
    budget: &Budget<'_>,
    write: impl FnOnce(&mut Buffer),
) -> std::result::Result<Bytes, FuncError> {
    let limit = Limit::Memory(budget.limits().memory);
    let mut out = Buffer::within(budget.scratch(), budget.memory_left(), limit);
    write(&mut out);
    let written = out.finish()?;
    budget.memory(written.len())?;
    let bytes = Bytes::from(written.as_slice());
    budget.put_back(written);
    Ok(bytes)
}

/// What `print` makes of the arguments of a call, as an action would: nil is `<no value>`.
fn printed(call: &Call<'_>) -> Result {
    let nil = |value: &Value| matches!(value, Value::Nil);
    let shown = |value: &Value| if nil(value) { Value::str("<no value>") } else { value.clone() };
    let args: Vec<Value> = call.args().iter().map(shown).collect();
    text(call.budget(), |out| printer::print(out, &args, call.budget()))
}

/// `print` for functions of other crates: the value as a template shows it.
pub fn display(value: &Value, budget: &Budget<'_>) -> std::result::Result<Bytes, FuncError> {
    written(budget, |out| printer::print(out, std::slice::from_ref(value), budget))
}

/// `printf` for functions of other crates.
pub fn sprintf(format: &[u8], args: &[Value], budget: &Budget<'_>) -> std::result::Result<Bytes, FuncError> {
    written(budget, |out| printer::printf(out, format, args, budget))
}
