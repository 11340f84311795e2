//! The data and the functions of the oracle.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use latchkey_gotmpl::Type::{Any, Bool, Byte, Float, Int, Int64, Str};
use latchkey_gotmpl::{Bytes, Call, FuncError, Functions, List, Map, Signature, Type, Value, library, yaml};

/// The value of this name.
pub fn data(name: &str) -> Value {
    match name {
        "text" => Value::from("plain"),
        "secret" => secret(),
        "any" => any(),
        "values" => values(),
        "keys" => keys(),
        _ => Value::Nil,
    }
}

/// The files of the folder of keys.
fn keys() -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/keys");
    let files = std::fs::read_dir(folder).expect("the folder is there").map(|file| {
        let path = file.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        (name, std::fs::read(&path).expect("the file can be read"))
    });
    Value::string_map(files)
}

fn secret() -> Value {
    let text = [
        ("user", "admin"),
        ("password", "p@ss\"w<o>rd&é'="),
        ("empty", ""),
        ("number", "42"),
        ("pem", "-----BEGIN\nline\n"),
        ("tls.crt", "cert"),
    ];
    let text = text.map(|(key, value)| (key, value.as_bytes()));
    Value::string_map(text.into_iter().chain([("binary", &b"\xff\x00\xfe"[..])]))
}

fn values() -> Value {
    let list = vec![Value::Int(1), Value::from("two"), Value::Float(3.5), Value::Nil];
    let texts = ["héllo".as_bytes(), b"", b"\x00`"].map(Value::str);
    let ints = [0, 42, -7, i64::MAX, 65].map(Value::Int);
    let floats = [0.0, 3.24159, -2.5e10, 1e21, 1e-7, 123456789.0].map(Value::Float);
    let others = [Value::Bool(true), List::any(list).into(), Value::string_map([("k", "v"), ("j", "w")])];
    let more = [Value::Nil, Value::Int64(64), Value::Byte(b'a')];
    let extremes = [1e8, 0.000001234, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -0.0].map(Value::Float);
    let groups = [&texts[..], &ints, &floats, &others, &more, &extremes];
    List::any(groups.concat()).into()
}

fn map(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Map::any(entries.into_iter().map(|(key, value)| (Bytes::from(key), value))).into()
}

fn any() -> Value {
    let scalars = [
        ("s", Value::from("str")),
        ("empty", Value::from("")),
        ("i", Value::Int(7)),
        ("zero", Value::Int(0)),
        ("neg", Value::Int(-3)),
        ("i64", Value::Int64(64)),
        ("f", Value::Float(2.5)),
        ("f0", Value::Float(0.0)),
        ("t", Value::Bool(true)),
        ("no", Value::Bool(false)),
        ("nothing", Value::Nil),
        ("_u", Value::from("under")),
        ("é", Value::from("accent")),
    ];
    map(scalars.into_iter().chain(collections()))
}

fn collections() -> [(&'static str, Value); 8] {
    let list = vec![Value::Int(1), Value::from("two"), Value::Float(3.5), Value::Nil, Value::Bool(true)];
    let lists = vec![List::strings(["x"]).into(), List::strings([""; 0]).into()];
    let inner = map([("deep", Value::from("down")), ("nothing", Value::Nil)]);
    let outer = [("b", Value::Int(2)), ("a", Value::from("one")), ("in", inner), ("B", Value::Nil)];
    [
        ("list", List::any(list).into()),
        ("none", List::any(Vec::new()).into()),
        ("strs", List::strings(["b", "a"]).into()),
        ("ints", List::new(&Int, [3, 1, 2].map(Value::Int).to_vec()).into()),
        ("lists", List::new(&Type::List(&Str), lists).into()),
        ("map", map(outer)),
        ("smap", Value::string_map([("k", "v"), ("j", "w")])),
        ("void", map([])),
    ]
}

/// The functions that the oracle has.
pub fn functions() -> Functions {
    let mut functions = Functions::new();
    functions
        .add("upper", Signature::new(&[Str]), |call| call.string(call.bytes(0).to_ascii_uppercase()))
        .add("join", Signature::variadic(&[Str], Str), join)
        .add("dict", Signature::variadic(&[], Any), dict)
        .add("list", Signature::variadic(&[], Any), list)
        .add("set", Signature::new(&[Type::Map(&Any), Str, Any]), |call| {
            call.map(0).insert(call.bytes(1), call.arg(2).clone(), call.budget())?;
            Ok(call.map(0).into())
        })
        .add("fail", Signature::new(&[Str]), |call| {
            Err(FuncError::failed(String::from_utf8_lossy(&call.bytes(0))))
        })
        .add("half", Signature::new(&[Float]), |call| Ok(Value::Float(call.float(0) / 2.0)))
        .add("yes", Signature::new(&[Bool]), |call| Ok(if call.bool(0) { "yes" } else { "no" }.into()))
        .add("wide", Signature::new(&[Int64]), |call| Ok(call.arg(0).clone()))
        .add("narrow", Signature::new(&[Int]), |call| Ok(call.arg(0).clone()))
        .add("octet", Signature::new(&[Byte]), |call| Ok(call.arg(0).clone()))
        .add("count", Signature::new(&[Type::List(&Str)]), |call| {
            Ok(Value::Int(i64::try_from(call.list(0).len()).unwrap_or_default()))
        })
        .add("nothing", Signature::new(&[]), |_| Ok(Value::Nil))
        .add("pair", Signature::new(&[Str, Int]), |call| {
            let marks = usize::try_from(call.int(1)).unwrap_or_default();
            call.string([&*call.bytes(0), &b"!".repeat(marks)].concat())
        });
    functions
}

fn join(call: &Call<'_>) -> Result<Value, FuncError> {
    let parts: Vec<Bytes> = (1..call.args().len()).map(|index| call.bytes(index)).collect();
    call.string(parts.join(&*call.bytes(0)))
}

fn list(call: &Call<'_>) -> Result<Value, FuncError> {
    Ok(List::any(call.args().to_vec()).into())
}

/// The functions of the library, and what the cases of keys need besides.
pub fn key_functions() -> Functions {
    let mut functions = library::external_secrets();
    functions
        .add("dict", Signature::variadic(&[], Any), dict)
        .add("list", Signature::variadic(&[], Any), list)
        .add("strings", Signature::new(&[Str]), |call| {
            Ok(Value::string_map(yaml::read_strings(&call.bytes(0), call.budget())?))
        })
        .add("decode64", Signature::new(&[Str]), |call| {
            call.string(STANDARD.decode(call.bytes(0)).map_err(|error| FuncError::failed(error.to_string()))?)
        });
    functions
}

fn dict(call: &Call<'_>) -> Result<Value, FuncError> {
    let pairs = call.args().chunks_exact(2);
    let key = |value: &Value| if let Value::Str(key) = value { key.clone() } else { Bytes::default() };
    Ok(Map::any(pairs.map(|pair| (key(&pair[0]), pair[1].clone()))).into())
}
