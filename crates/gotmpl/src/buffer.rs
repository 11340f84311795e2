//! A buffer that knows its limit and leaves no copies of its content behind when it grows.

use zeroize::Zeroizing;

use crate::Limit;

/// Bytes that are being written. What exceeds the limit is dropped, and told at the end.
pub(crate) struct Buffer {
    bytes: Zeroizing<Vec<u8>>,
    room: usize,
    limit: Limit,
    failed: Option<Limit>,
}

impl Buffer {
    /// A buffer for at most `room` bytes; `limit` is the error that tells of more.
    pub(crate) fn new(room: usize, limit: Limit) -> Self {
        Self::within(Zeroizing::new(Vec::new()), room, limit)
    }

    /// A buffer that writes into this vector, which is empty, as long as it is large enough.
    pub(crate) fn within(bytes: Zeroizing<Vec<u8>>, room: usize, limit: Limit) -> Self {
        Self { bytes, room, limit, failed: None }
    }

    /// A buffer that has room for so many bytes from the beginning, if it may hold them.
    pub(crate) fn with_capacity(capacity: usize, room: usize, limit: Limit) -> Self {
        let mut buffer = Self::new(room, limit);
        buffer.grow(capacity.min(room));
        buffer
    }

    /// Appends the bytes.
    #[inline]
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        if self.reserve(bytes.len()) {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Appends the text.
    pub(crate) fn text(&mut self, text: &str) {
        self.write(text.as_bytes());
    }

    /// Appends one character.
    pub(crate) fn char(&mut self, c: char) {
        self.text(c.encode_utf8(&mut [0; 4]));
    }

    /// Appends the number in digits.
    pub(crate) fn decimal(&mut self, number: i64) {
        // An i64 has at most nineteen.
        let (mut digits, mut at, mut rest) = ([b'-'; 20], 20, number.unsigned_abs());
        while rest > 0 || at == 20 {
            at -= 1;
            digits[at] = b'0' + (rest % 10).to_le_bytes()[0];
            rest /= 10;
        }
        self.write(&digits[at - usize::from(number < 0)..]);
    }

    /// Appends a byte `count` times.
    pub(crate) fn fill(&mut self, byte: u8, count: usize) {
        if self.reserve(count) {
            let length = self.bytes.len() + count;
            self.bytes.resize(length, byte);
        }
    }

    /// Takes note that a limit is passed; nothing more is written.
    pub(crate) fn fail(&mut self, limit: Limit) {
        self.failed.get_or_insert(limit);
    }

    /// The limit that was passed, if one was.
    pub(crate) fn failed(&self) -> Option<Limit> {
        self.failed
    }

    /// What was written, or the limit that was passed.
    pub(crate) fn finish(self) -> Result<Zeroizing<Vec<u8>>, Limit> {
        match self.failed {
            Some(limit) => Err(limit),
            None => Ok(self.bytes),
        }
    }

    /// Whether so many bytes more may be written; makes room for them.
    #[inline]
    fn reserve(&mut self, more: usize) -> bool {
        let length = self.bytes.len();
        if self.failed.is_some() || more > self.room.saturating_sub(length) {
            self.fail(self.limit);
            return false;
        }
        if more > self.bytes.capacity() - length {
            self.grow((length + more).max(2 * length).max(64));
        }
        true
    }

    /// Moves to a larger vector by hand, so that the smaller one is wiped.
    #[cold]
    fn grow(&mut self, capacity: usize) {
        let mut larger = Vec::with_capacity(capacity);
        larger.extend_from_slice(&self.bytes);
        self.bytes = Zeroizing::new(larger);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_numbers_to_the_ends_of_what_there_is() {
        for number in [0, 7, -7, 10, i64::MAX, i64::MIN] {
            let mut out = Buffer::new(20, Limit::Output(20));
            out.decimal(number);
            assert_eq!(out.finish().map(|bytes| bytes.to_vec()), Ok(number.to_string().into_bytes()));
        }
    }

    #[test]
    fn holds_as_much_as_it_may_and_not_a_byte_more() {
        let mut full = Buffer::new(3, Limit::Output(3));
        full.write(b"abc");
        assert_eq!(full.failed(), None);
        full.fill(b'd', 1);
        assert_eq!(full.finish(), Err(Limit::Output(3)));
    }
}
