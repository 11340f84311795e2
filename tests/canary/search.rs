//! Looking for a text in whatever form it may have been written.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// A text whose every form differs from the others: what JSON, Go, Rust, URLs and base64 each write in a way of their own.
pub fn telling(random: &str) -> String {
    format!("canary\"\\<{random}>&'%+/? =\u{e9}\u{3bb}~\u{3ff}\n\t\u{1}|")
}

/// All the forms of one text, by name.
pub struct Forms(BTreeMap<String, String>);

impl Forms {
    /// Plain; escaped as in JSON (serde's, Go's, in ASCII alone), Rust's and Go's source, a URL and a form; of each of these
    /// once more so; and all of them in hexadecimal digits and in both alphabets of base64, at each of the three places in
    /// a longer text, which may then be part of a URL.
    pub fn of(text: &str) -> Self {
        let mut forms = BTreeMap::from([("plain".to_owned(), text.to_owned())]);
        for round in [escaped(text), encoded(text)] {
            forms.extend(round);
        }
        for (name, once) in escaped(text) {
            forms.extend(escaped(&once).into_iter().map(|(again, text)| (format!("{name}, {again}"), text)));
            forms.extend(encoded(&once).into_iter().map(|(again, text)| (format!("{name}, {again}"), text)));
        }
        for (name, once) in encoded(text) {
            forms.insert(format!("{name}, in a URL"), percent(&once, false));
        }
        Self(forms)
    }

    /// Those of a text that most escapes leave as it is, such as a token.
    pub fn few(text: &str) -> Self {
        let json = serde_json::to_string(text).expect("JSON");
        let escaped = [("plain", text.to_owned()), ("JSON", json[1..json.len() - 1].to_owned())];
        let escaped = escaped.map(|(name, text)| (name.to_owned(), text));
        Self(escaped.into_iter().chain(encoded(text)).collect())
    }

    /// Those of another text, too, which is called so.
    pub fn and(mut self, whose: &str, other: Self) -> Self {
        self.0.extend(other.0.into_iter().map(|(name, text)| (format!("{name} of the {whose}"), text)));
        self
    }

    /// One form.
    pub fn named(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("there is no form {name}"))
    }

    /// Each form with its name, the same text once.
    fn each(&self) -> Vec<(&str, &str)> {
        let by_text: BTreeMap<&str, &str> =
            self.0.iter().map(|(name, text)| (text.as_str(), name.as_str())).collect();
        by_text.into_iter().map(|(text, name)| (name, text)).collect()
    }

    /// Where the text is, in which form, with what stands around it.
    pub fn found_in(&self, haystack: &str) -> Option<String> {
        let find = |(name, form): (&str, &str)| haystack.find(form).map(|at| (name.to_owned(), at));
        let (name, at) = self.each().into_iter().find_map(find)?;
        let boundary = |at: usize| (at..).find(|at| haystack.is_char_boundary(*at)).unwrap_or_default();
        let around = boundary(at.saturating_sub(300))..boundary((at + 300).min(haystack.len()));
        Some(format!("{name}: {}", &haystack[around]))
    }
}

fn escaped(text: &str) -> Vec<(String, String)> {
    let inner = |quoted: String| quoted[1..quoted.len() - 1].to_owned();
    let json = inner(serde_json::to_string(text).expect("JSON"));
    let go = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    [
        ("JSON", json.clone()),
        ("Go's JSON", go.clone()),
        ("JSON in ASCII", ascii(&json)),
        ("Go's JSON in ASCII", ascii(&go)),
        ("Rust", inner(format!("{text:?}"))),
        ("Rust in ASCII", text.escape_default().to_string()),
        ("URL", percent(text, false)),
        ("URL in small digits", percent(text, true)),
        ("form", percent(text, false).replace("%20", "+")),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into()
}

/// What is not ASCII as `\u....`.
fn ascii(json: &str) -> String {
    let mut units = [0; 2];
    json.chars().fold(String::new(), |mut text, c| {
        if c.is_ascii() {
            text.push(c);
        } else {
            c.encode_utf16(&mut units).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}")));
        }
        text
    })
}

fn percent(text: &str, small: bool) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ if small => format!("%{byte:02x}"),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn encoded(text: &str) -> Vec<(String, String)> {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms =
        vec![("hexadecimal".to_owned(), hex.clone()), ("HEXADECIMAL".to_owned(), hex.to_uppercase())];
    // The first and the last digits are made of what stands before and after, too.
    for (before, skipped) in [(0, 0), (1, 2), (2, 3)] {
        let longer = format!("{}{text}", "_".repeat(before));
        for (name, digits) in [
            ("base64", BASE64_STANDARD_NO_PAD.encode(&longer)),
            ("base64url", BASE64_URL_SAFE_NO_PAD.encode(&longer)),
        ] {
            forms.push((format!("{name} after {before}"), digits[skipped..digits.len() - 2].to_owned()));
        }
    }
    forms
}

#[test]
fn a_text_is_found_in_any_form_and_place() {
    let text = telling("0123456789abcdef");
    let forms = Forms::of(&text);
    for before in ["", "a", "ab", "abc", "abcd"] {
        for after in ["", "x", "xy", "xyz"] {
            let longer = format!("{before}{text}{after}");
            let json = serde_json::to_string(&longer).expect("JSON");
            let hex: String = longer.bytes().map(|byte| format!("{byte:02x}")).collect();
            let url = url(&longer);
            let base64 = BASE64_STANDARD_NO_PAD.encode(&longer);
            for there in [
                BASE64_URL_SAFE_NO_PAD.encode(&longer),
                BASE64_STANDARD_NO_PAD.encode(&json),
                format!("{longer:?}"),
                serde_json::to_string(&json).expect("JSON"),
                format!("{json:?}"),
                base64.replace('+', "%2B").replace('/', "%2F"),
                base64,
                json,
                hex.to_uppercase(),
                hex,
                url.replace("%20", "+"),
                url,
                longer,
            ] {
                assert!(forms.found_in(&there).is_some(), "{there}");
            }
        }
    }
    assert!(forms.found_in("canary in a mine").is_none());
}

#[cfg(test)]
fn url(text: &str) -> String {
    let mut url = reqwest::Url::parse("http://a/").expect("a URL");
    url.query_pairs_mut().append_pair("q", text);
    url.query().expect("a query")[2..].replace('+', "%20").replace("%7E", "~").replace("*", "%2A")
}

#[test]
fn each_form_is_another_text() {
    let forms = Forms::of(&telling("0123456789abcdef"));
    let escapes = [
        "plain",
        "JSON",
        "Go's JSON",
        "JSON in ASCII",
        "Rust",
        "Rust in ASCII",
        "URL",
        "form",
        "hexadecimal",
    ];
    let texts: std::collections::BTreeSet<_> = escapes.iter().map(|name| &forms.0[*name]).collect();
    assert_eq!(texts.len(), escapes.len());
    let (standard, url) = (&forms.0["base64 after 1"], &forms.0["base64url after 1"]);
    assert_ne!(standard, url);
}
