//! The order of a map's keys: numbers in them by their size, letters behind everything else.

use std::cmp::Ordering;

/// Compares two keys as Go does.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let Some(at) = left.iter().zip(&right).position(|(left, right)| left != right) else {
        return left.len().cmp(&right.len());
    };
    let (a, b) = (left[at], right[at]);
    match (a.is_alphabetic(), b.is_alphabetic()) {
        (true, true) => return a.cmp(&b),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let start = if (a == '0' || b == '0') && has_number_before(&left, at) { 1 } else { 0 };
    let ((x, x_end), (y, y_end)) = (number(&left, at, start), number(&right, at, start));
    x.cmp(&y).then(x_end.cmp(&y_end)).then(a.cmp(&b))
}

/// Whether digits stand before this place that are not all nought.
fn has_number_before(key: &[char], at: usize) -> bool {
    let digits = key.iter().take(at).rev().take_while(|c| c.is_ascii_digit());
    digits.into_iter().any(|c| *c != '0')
}

/// The number at this place, with `start` before its digits, and where it ends. Large ones run over, as in Go.
fn number(key: &[char], at: usize, start: i64) -> (i64, usize) {
    let digits = key.iter().skip(at).map_while(|c| c.to_digit(10));
    digits.fold((start, at), |(number, end), digit| {
        (number.wrapping_mul(10).wrapping_add(i64::from(digit)), end + 1)
    })
}
