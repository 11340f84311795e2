//! `sha1sum`, `sha256sum`, `sha512sum`, `adler32sum`.

use aws_lc_rs::digest::{self, Algorithm};
use data_encoding::HEXLOWER;

use super::{Result, Shelf};
use crate::Type::Str;
use crate::{Call, Signature};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let one = Signature::new(&[Str]);
    shelf
        .add("sha1sum", one, |call| sum(call, &digest::SHA1_FOR_LEGACY_USE_ONLY))
        .add("sha256sum", one, |call| sum(call, &digest::SHA256))
        .add("sha512sum", one, |call| sum(call, &digest::SHA512))
        .add("adler32sum", one, |call| call.string(adler32(&call.bytes(0)).to_string()));
}

fn sum(call: &Call<'_>, algorithm: &'static Algorithm) -> Result {
    call.string(HEXLOWER.encode(digest::digest(algorithm, &call.bytes(0)).as_ref()))
}

/// The sum of all bytes, and the sum of these sums.
fn adler32(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}
