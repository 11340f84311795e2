//! OpenSSH's formats: `authorized_keys` for a public key, `openssh-key-v1` for a private one; and what of PKCS#8 is needed
//! to come by the numbers of an RSA key.

use data_encoding::BASE64;
use zeroize::Zeroizing;

/// Fields one after the other, each with its length before it. Wiped when it goes.
pub(super) struct Blob(Zeroizing<Vec<u8>>);

impl Blob {
    pub(super) fn new() -> Self {
        Self(Zeroizing::new(Vec::new()))
    }

    /// Adds bytes.
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.0.extend(bytes);
        self
    }

    /// Adds text.
    pub(super) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Adds a number that is not negative: without noughts before it, but one where it would look negative.
    pub(super) fn number(self, big_endian: &[u8]) -> Self {
        let start = big_endian.iter().position(|byte| *byte != 0).unwrap_or(big_endian.len());
        let digits = big_endian.get(start..).unwrap_or_default();
        match digits.first() {
            Some(first) if *first >= 0x80 => self.bytes(&Zeroizing::new([&[0], digits].concat())),
            _ => self.bytes(digits),
        }
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }
}

/// One line of `authorized_keys`.
pub(super) fn public_key(kind: &str, public: &Blob, comment: &str) -> String {
    let comment = if comment.is_empty() { String::new() } else { format!(" {comment}") };
    format!("{kind} {}{comment}\n", BASE64.encode(&public.0))
}

/// A private key without a passphrase. `check` stands there twice, for whoever decrypts one with a passphrase.
pub(super) fn private_key(public: &Blob, private: &Blob, check: [u8; 4], comment: &str) -> Zeroizing<String> {
    const BLOCK: usize = 8;
    let mut inner = Blob::new().raw(&check).raw(&check).raw(&private.0).text(comment);
    let missing = (BLOCK - inner.0.len() % BLOCK) % BLOCK;
    inner = (1_u8..).take(missing).fold(inner, |inner, number| inner.raw(&[number]));
    let whole = Blob::new().raw(b"openssh-key-v1\0").text("none").text("none").text("");
    let whole = whole.raw(&1_u32.to_be_bytes()).bytes(&public.0).bytes(&inner.0);
    let text = Zeroizing::new(BASE64.encode(&whole.0));
    let mut pem = Zeroizing::new(String::with_capacity(text.len() + text.len() / 64 + 80));
    pem.push_str("-----BEGIN OPENSSH PRIVATE KEY-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END OPENSSH PRIVATE KEY-----\n");
    pem
}

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// The numbers of an RSA key in PKCS#8: modulus, exponents, primes, their exponents, coefficient. None if it is none.
pub(super) fn rsa_numbers(pkcs8: &[u8]) -> Option<[&[u8]; 8]> {
    let (mut outer, _) = element(SEQUENCE, pkcs8)?;
    for skipped in [INTEGER, SEQUENCE] {
        outer = element(skipped, outer)?.1;
    }
    let (key, _) = element(OCTETS, outer)?;
    let (mut numbers, _) = element(SEQUENCE, key)?;
    numbers = element(INTEGER, numbers)?.1; // the version
    let mut found = [&[][..]; 8];
    for number in &mut found {
        (*number, numbers) = element(INTEGER, numbers)?;
    }
    Some(found)
}

/// What is in the first element of DER, if it is of this kind, and what follows it.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, rest) = der.split_first().filter(|(first, _)| **first == tag)?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (digits.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
