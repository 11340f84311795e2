//! A template takes no more than it may, whatever it does; and it never panics.

use std::cell::Cell;
use std::time::{Duration, Instant};

use latchkey_gotmpl::{ExecErrorKind, Limit, Limits, Options, ParseErrorKind, Template};
use proptest::prelude::*;

use super::world;

fn parse(text: &str) -> Result<Template, ParseErrorKind> {
    Template::parse("t", text, &Options::default(), &world::functions()).map_err(|error| error.kind)
}

/// The limit that the template passes.
fn exceeds(text: &str, limits: &Limits<'_>) -> Option<Limit> {
    let template = parse(text).unwrap_or_else(|kind| panic!("{text}: {kind}"));
    let error = template.execute(&world::data("any"), limits).err()?;
    if let ExecErrorKind::Limit(limit) = error.kind() { Some(*limit) } else { panic!("{error}") }
}

/// Runs on a thread whose stack is as small as those of a service's workers.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(work).expect("a thread starts");
    thread.join().expect("the work does not panic");
}

#[test]
fn output_ends_at_its_limit() {
    let limits = Limits { output: 10, ..Limits::default() };
    assert_eq!(exceeds("0123456789", &limits), None);
    for text in
        ["01234567890", "01234{{.s}}{{.s}}", "{{range 11}}x{{end}}", "{{.list}}", "{{printf \"%11d\" 1}}"]
    {
        assert_eq!(exceeds(text, &limits), Some(Limit::Output(10)), "{text}");
    }
}

#[test]
fn functions_make_no_more_than_the_memory_they_have() {
    let limits = Limits { memory: 1000, ..Limits::default() };
    for text in [
        "{{$x := printf \"%1001d\" 1}}",
        "{{$x := printf \"%900000d%900000d\" 1 2}}",
        "{{$x := .s}}{{range 20}}{{$x = print $x $x}}{{end}}",
        "{{range 1000}}{{$x := html $.s}}{{end}}",
        "{{$d := dict}}{{range 1000}}{{$_ := set $d (print .) 1}}{{end}}",
        "{{range 1000}}{{$x := slice $.s 0 2}}{{end}}",
        "{{range 1000}}{{$x := slice $.ints 0 2}}{{end}}",
        "{{range 1000}}{{$x := \"abcdef\"}}{{end}}",
    ] {
        assert_eq!(exceeds(text, &limits), Some(Limit::Memory(1000)), "{text}");
    }
}

#[test]
fn loops_end_when_the_steps_are_taken() {
    let limits = Limits { steps: 1000, ..Limits::default() };
    for text in [
        "{{range 9223372036854775807}}{{end}}",
        "{{range 100}}{{range 100}}{{end}}{{end}}",
        "{{range 1000}}{{continue}}{{end}}",
        "{{define \"x\"}}{{range 20}}{{end}}{{end}}{{range 100}}{{template \"x\"}}{{end}}",
        "{{$x := list 1}}{{range 30}}{{$x = list $x $x}}{{end}}{{$y := print $x}}",
    ] {
        assert_eq!(exceeds(text, &limits), Some(Limit::Steps(1000)), "{text}");
    }
}

#[test]
fn a_deadline_ends_a_loop_that_has_steps_left() {
    let (asked, started) = (Cell::new(0), Instant::now());
    let deadline = || {
        asked.set(asked.get() + 1);
        asked.get() > 10
    };
    let limits = Limits { steps: u64::MAX, deadline: Some(&deadline), ..Limits::default() };
    assert_eq!(exceeds("{{range 9223372036854775807}}{{end}}", &limits), Some(Limit::Deadline));
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn nesting_ends_at_its_limit_and_not_with_the_stack() {
    on_a_small_stack(|| {
        let depth = Limits::default().depth;
        for text in [
            "{{define \"x\"}}{{template \"x\"}}{{end}}{{template \"x\"}}",
            "{{define \"x\"}}{{if true}}{{with 1}}{{template \"x\" (print (print .))}}{{end}}{{end}}{{end}}{{template \"x\"}}",
            "{{$x := list 1}}{{range 10000}}{{$x = list $x}}{{end}}{{$x}}",
            "{{$x := dict}}{{range 10000}}{{$x = dict \"a\" $x}}{{end}}{{printf \"%#v\" $x}}",
        ] {
            assert_eq!(exceeds(text, &Limits::default()), Some(Limit::Depth(depth)), "{text}");
        }
        for (open, inner, close) in [("{{if 1}}", "", "{{end}}"), ("{{", "1", "}}"), ("(", "1", ")")] {
            let (open, close) = (open.repeat(50_000), close.repeat(50_000));
            assert!(parse(&format!("{open}{inner}{close}")).is_err() || open.starts_with('('));
            assert!(parse(&format!("{{{{{open}{inner}{close}}}}}")).is_err());
        }
    });
}

#[test]
fn as_deep_as_is_allowed_fits_a_small_stack() {
    on_a_small_stack(|| {
        let text = format!(
            "{}{{{{{}1{}}}}}{}",
            "{{with 1}}".repeat(49),
            "(".repeat(49),
            ")".repeat(49),
            "{{end}}".repeat(49)
        );
        assert_eq!(exceeds(&text, &Limits::default()), None);
    });
}

#[test]
fn long_chains_are_no_nesting() {
    on_a_small_stack(|| {
        let text = format!("{{{{if 0}}}}{}{{{{else}}}}x{{{{end}}}}", "{{else if 0}}".repeat(20_000));
        assert_eq!(exceeds(&text, &Limits::default()), None);
        let text = format!("{{{{1{}}}}}", " | print".repeat(20_000));
        assert_eq!(exceeds(&text, &Limits::default()), None);
    });
}

#[test]
fn deep_values_are_dropped_without_a_deep_stack() {
    on_a_small_stack(|| {
        let limits = Limits { steps: u64::MAX, ..Limits::default() };
        for make in ["list $x", "dict \"a\" $x"] {
            let text = format!("{{{{$x := list}}}}{{{{range 200000}}}}{{{{$x = {make}}}}}{{{{end}}}}");
            assert_eq!(exceeds(&text, &limits), None);
        }
    });
}

#[test]
fn a_large_template_is_refused() {
    let options = Options { max_size: 10, ..Options::default() };
    let parse = |text: &str| Template::parse("t", text, &options, &world::functions());
    assert!(parse("0123456789").is_ok());
    let error = parse("01234567890").err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("template: t:1: the template is larger than 10 bytes"));
}

const PIECES: &[&str] = &[
    "{{",
    "}}",
    "{{-",
    "-}}",
    " ",
    "(",
    ")",
    "|",
    ".",
    ",",
    "\"a\"",
    "'b'",
    "`c`",
    "$",
    "$x",
    ":=",
    "=",
    "if ",
    "range ",
    "with ",
    "end",
    "else",
    "define ",
    "template ",
    "block ",
    "break",
    "continue",
    "nil",
    "true",
    "1",
    "-2",
    "0x1p4",
    "1e9",
    ".list",
    ".map",
    ".s",
    ".nope",
    "print ",
    "printf ",
    "\"%[2]*.3d%v\"",
    "index ",
    "slice ",
    "len ",
    "eq ",
    "set ",
    "dict ",
    "list ",
    "/*",
    "*/",
    "\n",
    "é",
    "\u{0}",
];

/// Pieces of the language, put together at random.
fn pieces() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(PIECES), 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn never_panics(text in prop_oneof![pieces(), pieces().prop_map(|text| format!("{{{{{text}}}}}")), any::<String>()]) {
        if let Ok(template) = parse(&text) {
            let limits = Limits { steps: 10_000, ..Limits::default() };
            let _ = template.execute(&world::data("any"), &limits);
        }
    }

    #[test]
    fn never_panics_over_bytes(text: Vec<u8>) {
        let text = [b"{{", &text[..], b"}}"].concat();
        let _ = Template::parse("t", &text, &Options::default(), &world::functions());
    }

    #[test]
    fn printf_never_panics(format in "(%[-+# 0]{0,3}(\\[[0-9x]{0,3}\\]?)?[0-9*]{0,4}(\\.[0-9*]{0,3})?(\\[[0-9]\\])?[a-zA-Z%]?){1,3}") {
        let text = format!("{{{{printf {format:?} .s .i .f .t .list .map .nothing 5}}}}");
        if let Ok(template) = parse(&text) {
            let _ = template.execute(&world::data("any"), &Limits::default());
        }
    }
}
