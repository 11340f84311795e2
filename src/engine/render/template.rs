//! The one place where a template's text is executed: Go's `text/template`, with the functions that ESO offers.

use std::sync::{LazyLock, OnceLock};

use latchkey_gotmpl::{
    Functions, Limits, Options, ParseError, ParseErrorKind, Template, UnknownKey, Value, library,
};
use latchkey_provider::SecretBytes;

use super::check::Keys;
use crate::engine::convert::Data;
use crate::engine::error::Error;
use crate::engine::{message, work};

/// The name of every template, for its error messages: where it stands is said before them.
const NAME: &str = "text";

/// Why a template gives nothing. No text here may hold a value; the engine's own do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateError {
    /// It calls a function of sprig that ESO leaves out, as it would tell of the machine or the network.
    UnknownFunction(String),
    /// It cannot be parsed or executed.
    Failed(String),
}

/// The functions that templates call.
static FUNCTIONS: LazyLock<Functions> = LazyLock::new(library::external_secrets);

/// Those of them that take long on purpose, or make keys.
const SLOW: [&str; 8] =
    ["bcrypt", "htpasswd", "derivePassword", "genPrivateKey", "genCA", "genSelfSigned", "genSigned", "kcs12"];

/// What sprig has and ESO leaves out.
const LEFT_OUT: [&str; 3] = ["env", "expandenv", "getHostByName"];

/// How templates of targets are written. One for the process, as with External Secrets Operator.
static OPTIONS: OnceLock<Options> = OnceLock::new();

/// Says what opens and closes an action in the templates of targets from now on; Go's `{{` and `}}` where that is empty. To be said
/// once, before there are templates.
pub fn set_delimiters(left: String, right: String) {
    let set = OPTIONS.set(Options { left, right, ..Options::strict() });
    debug_assert!(set.is_ok(), "there have been templates already");
}

/// Whether the text may call a function that takes long.
pub fn takes_long(text: &str) -> bool {
    SLOW.iter().any(|name| text.contains(name))
}

/// Parses the text; a missing key is an error when it is executed, as ESO has it.
fn parse(text: &str) -> Result<Template, TemplateError> {
    parse_with(OPTIONS.get_or_init(Options::strict), text)
}

fn parse_with(options: &Options, text: &str) -> Result<Template, TemplateError> {
    Template::parse(NAME, text, options, &FUNCTIONS).map_err(refused)
}

/// A template of `rewrite.transform`: it has a key as `.value`, nothing that is not there is an error, and its delimiters are
/// always Go's, as ESO has it.
pub struct KeyTemplate(Template);

impl KeyTemplate {
    /// Parses the text.
    ///
    /// # Errors
    /// It cannot be parsed.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Template::parse(NAME, text, &Options::default(), &FUNCTIONS).map(Self).map_err(refused)
    }

    /// What it makes of a key.
    ///
    /// # Errors
    /// It does what cannot be done, or passes a limit.
    pub fn execute(&self, key: &str) -> Result<String, TemplateError> {
        let data = Value::string_map([("value", key.as_bytes())]);
        let output = self.0.execute(&data, &limits());
        let output = output.map_err(|error| TemplateError::Failed(error.to_string()))?;
        Ok(String::from_utf8_lossy(output.as_slice()).into_owned())
    }
}

/// What one template, and what it renders to, may take.
pub fn limits() -> Limits<'static> {
    Limits { deadline: Some(&work::is_over), ..Limits::default() }
}

fn refused(error: ParseError) -> TemplateError {
    match error.kind {
        ParseErrorKind::UnknownFunction(name) if LEFT_OUT.contains(&name.as_str()) => {
            TemplateError::UnknownFunction(name)
        }
        ParseErrorKind::UnknownFunction(ref name) => TemplateError::Failed(placed(&error, nearest(name))),
        ParseErrorKind::Syntax(_) | ParseErrorKind::Unsupported(_) | ParseErrorKind::Limit(_) => {
            TemplateError::Failed(placed(&error, None))
        }
    }
}

/// The error in Go's words, with what Go does not say of it.
fn placed(error: &ParseError, meant: Option<&str>) -> String {
    let column = error.column.map(|column| format!("at column {column}"));
    let meant = meant.map(|name| format!("did you mean {name:?}?"));
    let more: Vec<String> = column.into_iter().chain(meant).collect();
    if more.is_empty() { error.to_string() } else { format!("{error} ({})", more.join("; ")) }
}

/// The function whose name is most like this one, if one is much like it.
fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let alike = FUNCTIONS.names().map(|known| (strsim::jaro_winkler(&name, &known.to_lowercase()), known));
    let nearest = alike.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (nearest.0 > 0.85).then_some(nearest.1)
}

/// The keys that the text names beside these, each as the error that it will be, and whether every execution comes by it.
/// Without keys it is only seen whether the text is a template that can be executed.
///
/// # Errors
/// It cannot be parsed.
pub(super) fn unknown_keys(text: &str, keys: Keys<'_>) -> Result<Vec<(TemplateError, bool)>, TemplateError> {
    let template = parse(text)?;
    let Some(keys) = keys else { return Ok(Vec::new()) };
    let unknown = template.unknown_keys(&|key| keys.contains(key));
    let said = |key: UnknownKey| (TemplateError::Failed(key.error.to_string()), key.certain);
    Ok(unknown.into_iter().map(said).collect())
}

/// Executes the text on the values.
///
/// # Errors
/// It cannot be parsed; it names a key that is not there, does what cannot be done, or passes a limit.
pub fn execute(text: &str, values: &Data) -> Result<SecretBytes, TemplateError> {
    let data = Value::string_map(values.iter().map(|(key, value)| (key, value.expose())));
    let output = parse(text)?.execute(&data, &limits());
    let output = output.map_err(|error| TemplateError::Failed(error.to_string()))?;
    Ok(SecretBytes::new(output.as_slice()))
}

/// Executes the text that stands at this field.
pub(super) fn run(at: &str, text: &str, values: &Data) -> Result<SecretBytes, Error> {
    execute(text, values).map_err(|why| said(at, &why))
}

/// The sentence for a template at this field.
pub fn said(at: &str, why: &TemplateError) -> Error {
    match why {
        TemplateError::UnknownFunction(name) => message::unsupported(
            &format!("{at}: the template function {name:?}"),
            "use the functions of External Secrets Operator",
        ),
        TemplateError::Failed(why) => message::template_failed(at, why),
    }
}

/// The same of what fails under a condition of the template's own.
pub fn doubted(at: &str, why: &TemplateError) -> Error {
    match why {
        TemplateError::UnknownFunction(_) => said(at, why),
        TemplateError::Failed(why) => message::template_may_fail(at, why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn executed(text: &str) -> Result<String, TemplateError> {
        let values =
            Data::from([("user".to_owned(), "app".into()), ("password".to_owned(), "canary".into())]);
        execute(text, &values).map(|output| String::from_utf8_lossy(output.expose()).into_owned())
    }

    #[test]
    fn fields_conditions_and_printf_are_executed() {
        let text = r#"{{ if .user }}{{ printf "%s:%q" .user .password }}{{ end }}"#;
        assert_eq!(executed(text), Ok(r#"app:"canary""#.to_owned()));
        assert_eq!(executed("plain"), Ok("plain".to_owned()));
    }

    #[test]
    fn a_key_that_is_not_there_is_an_error_that_names_it_and_no_value() {
        let Err(TemplateError::Failed(why)) = executed("{{ .password }}{{ .nope }}") else {
            panic!("no error")
        };
        assert!(why.contains(r#"map has no entry for key "nope""#) && !why.contains("canary"), "{why}");
    }

    #[test]
    fn delimiters_are_what_the_installation_says_but_for_those_of_keys() {
        let options = Options { left: "[[".into(), right: "]]".into(), ..Options::strict() };
        let template = parse_with(&options, "[[ .user ]] {{ .user }}").expect("a template");
        let output = template.execute(&Value::string_map([("user", b"app")]), &limits()).expect("a text");
        assert_eq!(output.as_slice(), b"app {{ .user }}");
        assert!(parse_with(&options, "[[ .user").is_err() && parse_with(&options, "{{ .user").is_ok());
        let of_key = KeyTemplate::parse("{{ .value }}[[ .value ]]").expect("a template");
        assert_eq!(of_key.execute("k"), Ok("k[[ .value ]]".to_owned()));
    }

    #[test]
    fn a_slip_in_the_name_of_a_function_is_told_with_its_place_and_the_name_that_may_be_meant() {
        for (text, why) in [
            (
                "{{ .user | b64encode }}",
                r#"template: text:1: function "b64encode" not defined (at column 11; did you mean "b64enc"?)"#,
            ),
            (
                "{{ tojson .user }}",
                r#"template: text:1: function "tojson" not defined (at column 3; did you mean "toJson"?)"#,
            ),
            ("{{ nofunc }}", r#"template: text:1: function "nofunc" not defined (at column 3)"#),
        ] {
            assert_eq!(unknown_keys(text, None), Err(TemplateError::Failed(why.to_owned())), "{text}");
        }
    }

    #[test]
    fn the_functions_are_those_of_external_secrets_operator() {
        assert_eq!(executed("{{ .user | b64enc }}"), Ok("YXBw".to_owned()));
        assert_eq!(executed("{{ .user | upper | printf \"%s!\" }}"), Ok("APP!".to_owned()));
        for left_out in LEFT_OUT {
            let text = format!("{{{{ {left_out} \"HOME\" }}}}");
            assert_eq!(unknown_keys(&text, None), Err(TemplateError::UnknownFunction(left_out.to_owned())));
        }
    }
}
