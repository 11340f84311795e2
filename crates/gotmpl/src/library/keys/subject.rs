//! A certificate's subject as Go writes it, which is the alias of a certificate in a trust store.

use std::fmt::Write;

use x509_parser::asn1_rs::Oid;
use x509_parser::prelude::X509Certificate;
use x509_parser::x509::AttributeTypeAndValue;

/// The attributes that Go knows in the order in which it writes them, the last part of their identifiers behind 2.5.4,
/// and whether only the last one counts.
const KNOWN: [(&str, u64, bool); 9] = [
    ("SERIALNUMBER", 5, true),
    ("CN", 3, true),
    ("POSTALCODE", 17, false),
    ("STREET", 9, false),
    ("ST", 8, false),
    ("L", 7, false),
    ("OU", 11, false),
    ("O", 10, false),
    ("C", 6, false),
];

/// The subject.
pub(super) fn text(certificate: &X509Certificate<'_>) -> String {
    let mut parts = Vec::new();
    let attributes: Vec<_> = certificate.subject().iter_attributes().collect();
    for (name, part, single) in KNOWN {
        let all = attributes.iter().filter(|attribute| is_known(attribute.attr_type(), part));
        let mut values: Vec<String> = all.map(|attribute| escaped(&value(attribute))).collect();
        if single {
            values.drain(..values.len().saturating_sub(1));
            values.retain(|value| !value.is_empty());
        }
        if !values.is_empty() {
            let values: Vec<String> = values.iter().map(|value| format!("{name}={value}")).collect();
            parts.push(values.join("+"));
        }
    }
    let known = |attribute: &AttributeTypeAndValue<'_>| {
        KNOWN.iter().any(|(_, part, _)| is_known(attribute.attr_type(), *part))
    };
    let others = attributes.iter().filter(|attribute| !known(attribute)).rev();
    parts.extend(others.map(|attribute| encoded(attribute.attr_type(), &value(attribute))));
    parts.join(",")
}

fn is_known(oid: &Oid<'_>, part: u64) -> bool {
    oid.iter().is_some_and(|parts| parts.eq([2, 5, 4, part]))
}

fn value(attribute: &AttributeTypeAndValue<'_>) -> String {
    attribute
        .as_str()
        .map_or_else(|_| String::from_utf8_lossy(attribute.as_slice()).into_owned(), str::to_owned)
}

/// With a backslash before what would not stand for itself.
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut out = String::new();
    for (at, c) in value.chars().enumerate() {
        let special = matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';');
        if special || at == 0 && matches!(c, ' ' | '#') || at == last && c == ' ' {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// An attribute without a name: its identifier, and its value in the digits of its DER.
fn encoded(oid: &Oid<'_>, value: &str) -> String {
    let printable = |byte: u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte);
    let tag = if value.bytes().all(printable) { 0x13 } else { 0x0c };
    let der = super::der::write(tag, &[value.as_bytes()]);
    let mut out = format!("{oid}=#");
    for byte in der.iter() {
        let _ = write!(out, "{byte:02x}");
    }
    out
}
