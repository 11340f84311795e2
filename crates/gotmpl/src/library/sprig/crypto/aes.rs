//! `encryptAES` and `decryptAES`: AES-256-CBC with a random vector in front, in base64. The password is the key, cut or filled up
//! with noughts. Decryption looks at the last byte of the padding only, as sprig's does.

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::{Outcome, Result, Shelf, encodings, random, refuse};
use crate::Type::Str;
use crate::{Call, Signature};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let two = Signature::new(&[Str, Str]);
    shelf.add("encryptAES", two, encrypted).add("decryptAES", two, decrypted);
}

const BLOCK: usize = 16;

fn key(password: &[u8]) -> Outcome<UnboundCipherKey> {
    let mut key = Zeroizing::new([0; 32]);
    key.iter_mut().zip(password).for_each(|(slot, byte)| *slot = *byte);
    UnboundCipherKey::new(&AES_256, &*key).or_else(|_| refuse("AES failed"))
}

fn encrypted(call: &Call<'_>) -> Result {
    let plain = call.bytes(1);
    if plain.is_empty() {
        return Ok(call.arg(1).clone());
    }
    call.budget().memory(3 * plain.len() + 2 * BLOCK)?;
    let padding = BLOCK - plain.len() % BLOCK;
    let mut content = Zeroizing::new(Vec::with_capacity(plain.len() + padding));
    content.extend_from_slice(&plain);
    content.resize(plain.len() + padding, u8::try_from(padding).unwrap_or_default());
    let mut vector = [0; BLOCK];
    random::fill(&mut vector)?;
    let context = aws_lc_rs::cipher::EncryptionContext::Iv128(FixedLength::from(vector));
    let done =
        EncryptingKey::cbc(key(&call.bytes(0))?).and_then(|key| key.less_safe_encrypt(&mut content, context));
    if done.is_err() {
        return refuse("AES failed");
    }
    call.string(BASE64.encode(&[&vector, &**content].concat()))
}

fn decrypted(call: &Call<'_>) -> Result {
    let text = call.bytes(1);
    if text.is_empty() {
        return Ok(call.arg(1).clone());
    }
    call.budget().memory(text.len())?;
    let bytes = match encodings::base64(&text) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(at) => return refuse(format!("illegal base64 data at input byte {at}")),
    };
    let Some((vector, content)) = bytes.split_first_chunk::<BLOCK>() else {
        return refuse("runtime error: slice bounds out of range");
    };
    if content.len() % BLOCK != 0 {
        return refuse("crypto/cipher: input not full blocks");
    }
    let mut content = Zeroizing::new(content.to_vec());
    let Some(last) = content.len().checked_sub(1) else {
        return refuse("runtime error: index out of range [-1]");
    };
    let context = DecryptionContext::Iv128(FixedLength::from(*vector));
    let done =
        DecryptingKey::cbc(key(&call.bytes(0))?).is_ok_and(|key| key.decrypt(&mut content, context).is_ok());
    if !done {
        return refuse("AES failed");
    }
    let padding = content.get(last).copied().map(usize::from).unwrap_or_default();
    match content.len().checked_sub(padding).and_then(|end| content.get(..end)) {
        Some(plain) => call.string(plain),
        None => refuse("runtime error: slice bounds out of range"),
    }
}
