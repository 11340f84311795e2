//! What is said of a text that is no YAML: Go's words, as far as the parser sees what Go sees.

use granit_parser::{ErrorKind, ScanError};

/// The words of an error.
pub(super) fn of(error: &ScanError) -> String {
    place(error, words(error.kind()))
}

/// The words of an error, behind the line that it is in.
fn place(error: &ScanError, words: (&str, bool)) -> String {
    let (message, scanner) = words;
    let line = error.marker().line();
    match (line, scanner) {
        (line, _) if matches!(error.kind(), ErrorKind::UnclosedFlowCollection { .. }) => {
            format!("line {line}: {message}")
        }
        (0 | 1, _) => message.to_owned(),
        (line, true) => format!("line {line}: {message}"),
        (line, false) => format!("line {}: {message}", line - 1),
    }
}

/// What Go says, and whether its scanner does, which counts lines from one.
#[expect(clippy::wildcard_enum_match_arm, reason = "most errors have no words of their own")]
fn words(kind: &ErrorKind) -> (&'static str, bool) {
    use ErrorKind as Kind;
    match kind {
        Kind::MappingValueNotAllowed | Kind::InvalidColonPlacement => {
            ("mapping values are not allowed in this context", true)
        }
        Kind::MappingKeyNotAllowed => ("mapping keys are not allowed in this context", true),
        Kind::BlockSequenceEntryNotAllowed => {
            ("block sequence entries are not allowed in this context", true)
        }
        Kind::UnclosedQuotedScalar => ("found unexpected end of stream", true),
        Kind::DocumentIndicatorInQuotedScalar => ("found unexpected document indicator", true),
        Kind::UnknownQuotedScalarEscape => ("found unknown escape character", true),
        Kind::InvalidQuotedScalarHexEscape => ("did not find expected hexdecimal number", true),
        Kind::InvalidUnicodeEscape => ("found invalid Unicode character escape code", true),
        Kind::SimpleKeyExpected | Kind::InvalidSimpleKey => ("could not find expected ':'", true),
        Kind::UnknownAnchor => ("unknown anchor referenced", true),
        Kind::UnsupportedYamlMajorVersion => ("found incompatible YAML document", true),
        Kind::UndeclaredTagHandle => ("found undefined tag handle", false),
        Kind::ExpectedFlowSequenceSeparator | Kind::UnexpectedEofFlowSequence => {
            ("did not find expected ',' or ']'", false)
        }
        Kind::ExpectedFlowMappingSeparator
        | Kind::UnexpectedEofFlowMapping
        | Kind::UnexpectedEofImplicitFlowMapping => ("did not find expected ',' or '}'", false),
        Kind::UnclosedFlowCollection { open: '[' } => ("did not find expected ',' or ']'", false),
        Kind::UnclosedFlowCollection { .. } => ("did not find expected ',' or '}'", false),
        Kind::ExpectedBlockMappingKey | Kind::UnexpectedEofBlockMapping => {
            ("did not find expected key", false)
        }
        Kind::ExpectedBlockSequenceEntry | Kind::UnexpectedEofBlockSequence => {
            ("did not find expected '-' indicator", false)
        }
        Kind::ExpectedDocumentStart | Kind::InvalidDocumentEnd => {
            ("did not find expected <document start>", false)
        }
        Kind::TabInIndentation
        | Kind::TabNotAllowed
        | Kind::TabInBlockIndentation
        | Kind::TabAtBlockScalarStart
        | Kind::UnexpectedCharacter { .. } => ("found character that cannot start any token", true),
        Kind::MissingAnchorOrAliasName => ("did not find expected alphabetic or numeric character", true),
        Kind::ExpectedNodeContent | Kind::MisplacedFlowCollectionEnd => {
            ("did not find expected node content", false)
        }
        Kind::ZeroBlockScalarIndent => ("found an indentation indicator equal to 0", true),
        Kind::InvalidBlockScalarHeader => ("did not find expected comment or line break", true),
        _ => ("the text is not well-formed", true),
    }
}
