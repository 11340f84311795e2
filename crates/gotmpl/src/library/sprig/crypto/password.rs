//! Hashes of passwords: `bcrypt` and `htpasswd`.
//!
//! External Secrets Operator takes no variable for the third argument of `htpasswd`, only a literal; here both will do.

use aws_lc_rs::digest;
use data_encoding::BASE64;

use super::{Outcome, Shelf, random, refuse};
use crate::Type::Str;
use crate::{Budget, Signature};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    shelf
        .add("bcrypt", Signature::new(&[Str]), |call| call.string(hashed(&call.bytes(0), call.budget())?))
        .add("htpasswd", Signature::new(&[Str, Str, Str]), |call| {
            let (user, password, algorithm) = (call.bytes(0), call.bytes(1), call.bytes(2));
            if user.contains(&b':') {
                return call.string([b"invalid username: ", &*user].concat());
            }
            let hash = if &*algorithm == b"sha" {
                let sum = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &password);
                format!("{{SHA}}{}", BASE64.encode(sum.as_ref()))
            } else {
                hashed(&password, call.budget())?
            };
            call.string([&*user, b":", hash.as_bytes()].concat())
        });
}

/// The cost that Go takes if it is told none.
const COST: u32 = 10;
/// One hash takes about so long as this many steps.
const STEPS: u64 = 50_000;
/// No longer password is hashed.
const LONGEST: usize = 72;

/// The bcrypt hash of a password; of one that is too long the text that says so.
fn hashed(password: &[u8], budget: &Budget<'_>) -> Outcome<String> {
    if password.len() > LONGEST {
        return Ok(
            "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes".to_owned()
        );
    }
    budget.steps(STEPS)?;
    let mut salt = [0; 16];
    random::fill(&mut salt)?;
    match bcrypt::hash_with_salt(password, COST, salt) {
        Ok(parts) => Ok(parts.format_for_version(bcrypt::Version::TwoA)),
        Err(_) => refuse("bcrypt failed"),
    }
}
