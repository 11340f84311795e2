//! `derivePassword`: the password of a site by the algorithm of Master Password, which is Spectre now.
//!
//! Go takes a uint32 as its first argument, and so no variable; here an int will do, of which the last 32 bits count.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::{Outcome, Result, Shelf, refuse};
use crate::Type::{Int, Str};
use crate::{Budget, Call, Signature};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    shelf.add("derivePassword", Signature::new(&[Int, Str, Str, Str, Str]), derived);
}

const SCOPE: &[u8] = b"com.lyndir.masterpassword";
/// One derivation takes about so long as this many steps, and for that time 32 MiB.
const STEPS: u64 = 200_000;

/// The templates of a kind of password: each letter is a class of characters.
fn templates(kind: &[u8]) -> Option<&'static [&'static str]> {
    Some(match kind {
        b"maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        b"long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        b"medium" => &["CvcnoCvc", "CvcCvcno"],
        b"short" => &["Cvcn"],
        b"basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        b"pin" => &["nnnn"],
        _ => return None,
    })
}

fn class(letter: u8) -> &'static [u8] {
    match letter {
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

fn derived(call: &Call<'_>) -> Result {
    let counter = call.int(0).to_be_bytes();
    let (kind, password, user, site) = (call.bytes(1), call.bytes(2), call.bytes(3), call.bytes(4));
    let Some(templates) = templates(&kind) else {
        return call.string([b"cannot find password template ", &*kind].concat());
    };
    let key = stretched(&password, &[SCOPE, &length(&user), &user].concat(), call.budget())?;
    let message =
        Zeroizing::new([SCOPE, &length(&site), &site, counter.get(4..).unwrap_or_default()].concat());
    let seed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &*key), &message);
    let mut seed = seed.as_ref().iter().map(|byte| usize::from(*byte));
    let template =
        templates.get(seed.next().unwrap_or_default() % templates.len()).copied().unwrap_or_default();
    let letters = template.bytes().zip(seed);
    call.string(
        letters
            .filter_map(|(letter, number)| class(letter).get(number % class(letter).len()))
            .copied()
            .collect::<Vec<_>>(),
    )
}

/// The length in four bytes.
fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// The user's key.
fn stretched(password: &[u8], salt: &[u8], budget: &Budget<'_>) -> Outcome<Zeroizing<[u8; 64]>> {
    budget.steps(STEPS)?;
    let mut key = Zeroizing::new([0; 64]);
    let params = scrypt::Params::new(15, 8, 2);
    let done = params.is_ok_and(|params| scrypt::scrypt(password, salt, &params, &mut *key).is_ok());
    if done { Ok(key) } else { refuse("scrypt failed") }
}
