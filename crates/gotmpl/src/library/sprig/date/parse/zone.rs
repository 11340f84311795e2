//! Names of zones.

/// How long the name of a zone is that the text begins with.
pub(super) fn length(text: &[u8]) -> Option<usize> {
    if text.starts_with(b"ChST") || text.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix(b"GMT") {
        return Some(3 + signed_length(rest));
    }
    if matches!(text.first(), Some(b'+' | b'-')) {
        return Some(signed_length(text)).filter(|length| *length > 0);
    }
    let capitals = text.iter().take(6).take_while(|byte| byte.is_ascii_uppercase()).count();
    let ends_in_t = text.get(..capitals).is_some_and(|name| name.ends_with(b"T"));
    match capitals {
        3 => Some(3),
        4 if ends_in_t || text.starts_with(b"WITA") => Some(4),
        5 if ends_in_t => Some(5),
        _ => None,
    }
}

/// How long a sign and the hours behind it are; nought if there are none, or too many.
fn signed_length(text: &[u8]) -> usize {
    if !matches!(text.first(), Some(b'+' | b'-')) {
        return 0;
    }
    let digits = text.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
    let hours = text.get(1..=digits).and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u64>().ok());
    if hours.is_some_and(|hours| hours <= 23) { digits + 1 } else { 0 }
}
