//! Looking for a text in whatever form it may have been written.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// All the forms of one text.
pub(super) struct Forms(Vec<String>);

impl Forms {
    /// Plain, in hexadecimal digits, and in both alphabets of base64 at each of the three places in a longer text.
    pub(super) fn of(text: &str) -> Self {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = vec![text.to_owned(), hex.to_uppercase(), hex];
        // The first and the last digits are made of what stands before and after, too.
        for (before, skipped) in [(0, 0), (1, 2), (2, 3)] {
            let longer = format!("{}{text}", "_".repeat(before));
            for encoded in [BASE64_STANDARD_NO_PAD.encode(&longer), BASE64_URL_SAFE_NO_PAD.encode(&longer)] {
                forms.push(encoded[skipped..encoded.len() - 2].to_owned());
            }
        }
        Self(forms)
    }

    /// Where the text is, with what stands around it.
    pub(super) fn found_in<'a>(&self, haystack: &'a str) -> Option<&'a str> {
        let at = self.0.iter().find_map(|form| haystack.find(form.as_str()))?;
        let (first, last) = (at.saturating_sub(300), (at + 300).min(haystack.len()));
        Some(haystack.get(first..last).unwrap_or("(at a place that is no text)"))
    }
}

#[test]
fn a_text_is_found_in_any_form_and_place() {
    let text = "canary?>~0123456789abcdef";
    let forms = Forms::of(text);
    for before in ["", "a", "ab", "abc", "abcd"] {
        for after in ["", "x", "xy", "xyz"] {
            let longer = format!("{before}{text}{after}");
            let hex: String = longer.bytes().map(|byte| format!("{byte:02x}")).collect();
            for there in
                [BASE64_STANDARD_NO_PAD.encode(&longer), BASE64_URL_SAFE_NO_PAD.encode(&longer), hex, longer]
            {
                assert!(forms.found_in(&there).is_some(), "{there}");
            }
        }
    }
    assert!(forms.found_in("canary in a mine").is_none());
}
