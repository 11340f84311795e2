//! The numbers of an RSA key: PKCS#1, and what can be computed when it is not told. What is computed on the way is not
//! wiped here; the allocator of the program does that.

use x509_parser::num_bigint::BigUint;

use super::der::{Der, INTEGER, Malformed, Reader, SEQUENCE, write, write_unsigned};

/// The largest key that is read, in bytes of the modulus. Larger ones take long, and serve nobody.
const LARGEST: usize = 2048;

/// A private key of two primes. The numbers are: modulus, public exponent, private exponent, the primes, the
/// exponents of each of them, and the coefficient.
pub(super) struct RsaKey([Der; 8]);

impl RsaKey {
    /// Reads PKCS#1.
    pub(super) fn parse(der: &[u8]) -> Result<Self, Malformed> {
        let mut outer = Reader::new(der);
        let mut fields = outer.inside(SEQUENCE)?;
        outer.end()?;
        if fields.number()? != 0 {
            return Err(Malformed);
        }
        let mut numbers: [Der; 8] = Default::default();
        for number in &mut numbers {
            let bytes = fields.next(INTEGER)?;
            if bytes.first().is_none_or(|byte| *byte >= 0x80) {
                return Err(Malformed);
            }
            *number = Der::new(bytes.to_vec());
        }
        fields.end()?;
        let [n, e, d, p, q, ..] = &numbers;
        Self::of([n, e, d, p, q])
    }

    /// A key of its modulus, exponents and primes; the rest is computed.
    pub(super) fn of([n, e, d, p, q]: [&[u8]; 5]) -> Result<Self, Malformed> {
        if n.len() > LARGEST + 1 || [e, d, p, q].iter().any(|number| number.len() > n.len() + 1) {
            return Err(Malformed);
        }
        let one = BigUint::from(1u8);
        let [modulus, private, left, right] = [n, d, p, q].map(BigUint::from_bytes_be);
        let public = BigUint::from_bytes_be(e);
        let even = |number: &BigUint| !number.bit(0);
        if left <= one
            || right <= one
            || &left * &right != modulus
            || even(&public)
            || public <= one
            || public.bits() > 31
        {
            return Err(Malformed);
        }
        let (less_left, less_right) = (&left - &one, &right - &one);
        let product = &private * &public;
        if &product % &less_left != one || &product % &less_right != one {
            return Err(Malformed);
        }
        let coefficient = right.modinv(&left).ok_or(Malformed)?;
        let (of_left, of_right) = (&private % &less_left, &private % &less_right);
        let bytes = |number: &BigUint| Der::new(number.to_bytes_be());
        let numbers =
            [&modulus, &public, &private, &left, &right, &of_left, &of_right, &coefficient].map(bytes);
        Ok(Self(numbers))
    }

    /// The key as PKCS#1.
    pub(super) fn to_der(&self) -> Der {
        let version = write(INTEGER, &[&[0]]);
        let numbers = self.0.each_ref().map(|number| write_unsigned(number));
        let mut parts: Vec<&[u8]> = vec![&version];
        parts.extend(numbers.iter().map(|number| &number[..]));
        write(SEQUENCE, &parts)
    }
}
