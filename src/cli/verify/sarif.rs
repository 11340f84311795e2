//! Findings as SARIF 2.1.0, for code scanning.

use std::path::Path;

use serde_json::{Value, json};

use super::finding::{Finding, Kind, Severity};

/// The whole log: one run.
pub(super) fn log(findings: &[Finding]) -> Value {
    let rules: Vec<_> = Kind::ALL.iter().map(|kind| rule(*kind)).collect();
    let results: Vec<_> = findings.iter().map(result).collect();
    let driver = json!({
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "informationUri": env!("CARGO_PKG_REPOSITORY"),
        "rules": rules,
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results }],
    })
}

fn rule(kind: Kind) -> Value {
    json!({ "id": kind.as_str(), "name": kind.as_str(), "shortDescription": { "text": kind.meaning() } })
}

fn result(finding: &Finding) -> Value {
    let Finding { file, line, severity, kind, .. } = finding;
    let level = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    json!({
        "ruleId": kind.as_str(),
        "ruleIndex": Kind::ALL.iter().position(|each| each == kind),
        "level": level,
        "message": { "text": finding.said() },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(file) },
                "region": { "startLine": line },
            },
        }],
    })
}

/// A path as a reference that is relative to where latchkey was started, which is what code scanning looks files up by; of one that
/// is elsewhere a URI. What has a meaning of its own in a URI is escaped.
fn uri(file: &str) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let below = Path::new(file).strip_prefix(&here).ok().and_then(Path::to_str);
    let path = below.unwrap_or_else(|| file.strip_prefix("./").unwrap_or(file));
    let mut uri = String::with_capacity(path.len());
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                uri.push(char::from(byte))
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}
