//! What other crates build on: functions, objects, errors, and silence about values.

use std::any::Any;
use std::rc::Rc;

use latchkey_gotmpl::{
    Budget, Bytes, ExecErrorKind, FuncError, Functions, Limits, List, Map, Object, Options, ParseErrorKind,
    RenderError, Signature, Template, Type, Value, display, render, sprintf,
};

use super::{oracle, world};

/// A version, as a function of the library would make it.
struct Version {
    major: i64,
}

impl Object for Version {
    fn type_name(&self) -> &'static str {
        "*semver.Version"
    }

    fn field(&self, name: &str) -> Option<Value> {
        (name == "Major").then_some(Value::Int64(self.major))
    }

    fn text(&self) -> Bytes {
        format!("{}.0.0", self.major).into()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

const VERSION: Type = Type::Object("*semver.Version");

fn functions() -> Functions {
    let mut functions = Functions::new();
    functions
        .add("semver", Signature::new(&[Type::Int]), |call| {
            Ok(Value::Object(Rc::new(Version { major: call.int(0) })))
        })
        .add("next", Signature::new(&[VERSION]), |call| {
            let object = call.object(0).ok_or_else(|| FuncError::failed("no version"))?;
            let version =
                object.as_any().downcast_ref::<Version>().ok_or_else(|| FuncError::failed("no version"))?;
            Ok(Value::Object(Rc::new(Version { major: version.major + 1 })))
        });
    functions
}

fn rendered(text: &str, functions: &Functions, data: &Value) -> String {
    let template = match Template::parse("t", text, &Options::strict(), functions) {
        Ok(template) => template,
        Err(error) => return error.to_string(),
    };
    match template.execute(data, &Limits::default()) {
        Ok(output) => String::from_utf8_lossy(&output).into_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn objects_have_fields_a_text_and_a_type() {
    let shows = |text: &str| rendered(text, &functions(), &Value::Nil);
    assert_eq!(
        shows("{{semver 1}} {{(semver 2).Major}} {{printf \"%T %s\" (semver 3) (semver 4)}}"),
        "1.0.0 2 *semver.Version 4.0.0"
    );
    assert_eq!(shows("{{semver 1 | next}} {{if semver 0}}true{{end}}"), "2.0.0 true");
    assert_eq!(
        shows("{{(semver 1).Minor}}"),
        "template: t:1:10: executing \"t\" at <1>: can't evaluate field Minor in type *semver.Version"
    );
    assert_eq!(
        shows("{{next 1}}"),
        "template: t:1:7: executing \"t\" at <1>: can't handle 1 for arg of type *semver.Version"
    );
    assert_eq!(
        shows("{{next (print 1)}}"),
        "template: t:1:14: executing \"t\" at <1>: wrong type for value; expected *semver.Version; got string"
    );
}

#[test]
fn a_function_takes_the_place_of_a_builtin_and_of_a_keyword() {
    let mut functions = Functions::new();
    functions.add("and", Signature::new(&[]), |_| Ok("mine".into()));
    functions.add("break", Signature::new(&[]), |_| Ok("no loop".into()));
    assert_eq!(rendered("{{and}} {{break}}", &functions, &Value::Nil), "mine no loop");
}

#[test]
fn who_holds_a_map_sees_its_changes() {
    let map = Map::any([]);
    let data = Value::Map(Map::any([("m".into(), map.clone().into())]));
    assert_eq!(rendered("{{$_ := set .m \"k\" 1}}{{.m}}", &world::functions(), &data), "map[k:1]");
    assert_eq!(map.keys(), ["k".into()]);
    assert!(map.remove(b"k").is_some() && map.is_empty());
}

#[test]
fn errors_tell_their_kind_and_place() {
    let kind = |text: &str| match render("t", text, &Options::strict(), &world::functions(), [("a", "b")]) {
        Err(RenderError::Exec(error)) => (error.kind().clone(), error.line(), error.column()),
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(kind("\n {{.key}}"), (ExecErrorKind::MissingKey("key".into()), 2, 3));
    let refused = ExecErrorKind::Function { name: "fail".into(), message: "no".into() };
    assert_eq!(kind("{{fail \"no\"}}").0, refused);
    let parsed = Template::parse("t", "\n{{nope}}", &Options::strict(), &Functions::new()).map(|_| ());
    let error = parsed.expect_err("there is no such function");
    assert_eq!((error.line, error.kind), (2, ParseErrorKind::UnknownFunction("nope".into())));
}

#[test]
fn a_secret_is_rendered_byte_by_byte() {
    let data = [("key", &b"\xff\x00"[..]), ("other", b"x")];
    let output = render("t", "{{.key}}{{.other}}\n", &Options::strict(), &Functions::new(), data);
    assert_eq!(output.expect("it renders").as_slice(), b"\xff\x00x\n");
    let text = b"\xfe{{\"\\xff\"}}{{`\xfd`}}{{\"\xfc\"}}";
    let output = render("t", text, &Options::strict(), &Functions::new(), data);
    assert_eq!(output.expect("it renders").as_slice(), b"\xfe\xff\xfd\xef\xbf\xbd");
}

#[test]
fn functions_can_print_as_templates_do() {
    let budget = Budget::new(Limits::default());
    let list = Value::from(List::any(vec![Value::Int(1), Value::from("a")]));
    assert_eq!(&*display(&list, &budget).expect("it prints"), b"[1 a]");
    assert_eq!(&*sprintf(b"%03d", &[Value::Int(7)], &budget).expect("it prints"), b"007");
}

#[test]
fn templates_may_go_to_other_threads() {
    fn goes<T: Send + Sync + Clone>() {}
    goes::<Template>();
    goes::<Functions>();
}

/// A map with the keys of the oracle's data, and in each value a word that must not be told.
fn canary() -> Value {
    let keys = [
        "s", "empty", "i", "f", "t", "list", "ints", "strs", "map", "smap", "lists", "none", "nothing",
        "user",
    ];
    Value::string_map(keys.map(|key| (key, format!("CANARY{key}"))))
}

#[test]
fn no_error_shows_a_value() {
    let cases = oracle::tables(&oracle::own());
    let mut errors = 0;
    for text in cases.iter().filter_map(|case| case["template"].as_str()) {
        let Ok(template) = Template::parse("t", text, &Options::default(), &world::functions()) else {
            continue;
        };
        // What `fail` says is the template's own wish.
        if let Err(error) = template.execute(&canary(), &Limits::default())
            && !text.contains("fail")
        {
            errors += 1;
            assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
        }
    }
    assert!(errors > 200, "only {errors} errors");
}

#[test]
fn debugging_shows_no_value() {
    let shown = format!("{:?} {:?}", canary(), Bytes::from("CANARY"));
    assert_eq!(shown, "Value(map[string]string) Bytes(..)");
}
