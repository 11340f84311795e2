//! Reading JSON takes many times the memory of its text: how much it may take, for one review and for all at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::body::{Refusal, Whole};
use crate::engine::Deadline;

/// What the values of one review may take, in bytes. An object of the size that etcd stores, with the densest content
/// that a real one has, twice over, is below it.
const ONE: usize = 64 << 20;

/// What those of all reviews together may take that are being answered, in KiB.
const ALL: usize = 128 << 10;

/// From this size on a text is read beside the runtime's workers, which others need meanwhile.
const LARGE: usize = 256 << 10;

/// The room in memory that reviews share.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ALL)))
    }
}

/// Something read, and the room that it takes.
#[derive(Debug)]
pub struct Roomed<T> {
    /// What was read.
    pub it: T,
    _room: OwnedSemaphorePermit,
}

impl Room {
    /// Reads a body once there is room for it.
    ///
    /// # Errors
    /// It takes too much, or there was no room in time.
    pub async fn parse<T: Send + 'static>(
        &self,
        whole: Whole,
        deadline: Deadline,
        parse: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> Result<Roomed<T>, Refusal> {
        let cost = cost(&whole.bytes);
        if cost > ONE {
            return Err(Refusal::TooComplex);
        }
        let kib = u32::try_from(cost.div_ceil(1 << 10)).map_err(|_| Refusal::TooComplex)?;
        let room = tokio::time::timeout(deadline.left(), self.0.clone().acquire_many_owned(kib)).await;
        let Ok(Ok(room)) = room else { return Err(Refusal::Crowded) };
        let it = match whole.bytes.len() {
            ..LARGE => parse(&whole.bytes),
            _ => {
                tokio::task::spawn_blocking(move || parse(&whole.bytes)).await.map_err(|_| Refusal::Broken)?
            }
        };
        Ok(Roomed { it, _room: room })
    }
}

/// What [`serde_json::Value`] and the map or list that a value is in take for it: most for a map with a single entry.
const MAP: usize = 704;
const LIST: usize = 192;
const ENTRY: usize = 128;

/// Up to this it does not matter how exact the cost is.
const LITTLE: usize = 256 << 10;

/// What a JSON text takes at most once it is read, in bytes: the text's own strings, and each value.
fn cost(text: &[u8]) -> usize {
    match with_quoted(text) {
        little @ ..=LITTLE => little,
        _ => without_quoted(text),
    }
}

/// As if all that is quoted were values too: it takes a tenth of the time to say.
fn with_quoted(text: &[u8]) -> usize {
    let count = |byte: u8| text.iter().filter(|other| **other == byte).count();
    text.len() + MAP * count(b'{') + LIST * count(b'[') + ENTRY * count(b',')
}

fn without_quoted(text: &[u8]) -> usize {
    let (mut cost, mut quoted, mut escaped) = (text.len(), false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => (),
            b'{' => cost += MAP,
            b'[' => cost += LIST,
            b',' => cost += ENTRY,
            _ => (),
        }
    }
    cost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cost_and_texts_do_not() {
        assert_eq!(cost(b""), 0);
        assert_eq!(cost(br#"{"a":[1,2]}"#), 11 + 704 + 192 + 128);
        let quoted = br#""{[,\"{[,\\""#;
        assert_eq!(
            without_quoted(quoted),
            quoted.len(),
            "in a string they are text, also after an escaped quote"
        );
        assert_eq!(without_quoted(br#""\\"[[["#), 7 + 3 * 192);
        let long = format!("\"{}\"", "{".repeat(LITTLE));
        assert_eq!(cost(long.as_bytes()), long.len(), "where it matters it is exact");
    }

    #[test]
    fn the_most_expensive_forms_are_refused_long_before_the_largest_body() {
        for form in ["[{\"\":0},", "[[0],", "0,"] {
            let text = form.repeat((8 << 20) / form.len());
            assert!(cost(text.as_bytes()) > ONE, "{form}");
        }
        let real = r#"{"apiVersion":"v1","metadata":{"annotations":{"a":"b"}},"data":[{"secretKey":"a"}]}"#;
        assert!(cost(real.as_bytes()) * (1 << 20) / real.len() < ONE, "1 MiB of such");
    }
}
