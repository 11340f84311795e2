//! `rsaDecrypt`

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA512_MGF1SHA512, OaepPrivateDecryptingKey,
    PrivateDecryptingKey,
};
use zeroize::Zeroizing;

use super::chain::NO_BLOCK;
use super::pem;
use super::pkcs12::private_key;
use super::private_key::PrivateKey;
use crate::Type::Str;
use crate::{Call, FuncError, Functions, Signature, Value};

/// Adds the function.
pub(super) fn add(functions: &mut Functions) {
    functions.add("rsaDecrypt", Signature::new(&[Str, Str, Str, Str]), decrypt);
}

/// Decrypts with a scheme, a hash and a key. The scheme `None` gives the text as it is.
fn decrypt(call: &Call<'_>) -> Result<Value, FuncError> {
    let (scheme, hash, text) = (call.bytes(0), call.bytes(1), call.bytes(2));
    match &*scheme {
        b"None" => return Ok(Value::Str(text)),
        b"RSA-OAEP" => {}
        _ => return Err(FuncError::failed("decryption scheme is not supported")),
    }
    let key = key(call)?;
    let failed = |_| FuncError::failed("error decrypting data with RSA: crypto/rsa: decryption error");
    let algorithm = match &*hash {
        b"SHA1" => &OAEP_SHA1_MGF1SHA1,
        b"SHA512" => &OAEP_SHA512_MGF1SHA512,
        _ => &OAEP_SHA256_MGF1SHA256,
    };
    call.budget().steps(1000)?;
    call.budget().memory(key.min_output_size())?;
    let mut plain = Zeroizing::new(vec![0; key.min_output_size()]);
    let length = key.decrypt(algorithm, &text, &mut plain, None).map_err(failed)?.len();
    plain.truncate(length);
    Ok(Value::Str(plain.into()))
}

fn key(call: &Call<'_>) -> Result<OaepPrivateDecryptingKey, FuncError> {
    let text = call.bytes(3);
    let (Some(block), _) = pem::decode(&text, call.budget())? else {
        return Err(FuncError::failed(NO_BLOCK));
    };
    let key = private_key(&block.bytes, call.budget()).map_err(|error| match error {
        FuncError::Failed(message) => FuncError::Failed(format!("could not parse private key: {message}")),
        other @ (FuncError::Told(_) | FuncError::Limit(_)) => other,
    })?;
    if !matches!(key, PrivateKey::Rsa(_)) {
        return Err(FuncError::failed("could not parse RSA private key"));
    }
    let unfit = |_| {
        FuncError::failed(
            "error decrypting data with RSA: the key has fewer than 2048 bits or more than 8192",
        )
    };
    let key = PrivateDecryptingKey::from_pkcs8(&key.to_pkcs8()).map_err(unfit)?;
    OaepPrivateDecryptingKey::new(key).map_err(|_| FuncError::failed("could not parse RSA private key"))
}
