//! Random bytes and numbers, from the crypto library.

use zeroize::Zeroizing;

use super::Refused;

/// Fills the bytes.
pub(super) fn fill(bytes: &mut [u8]) -> Result<(), Refused> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| Refused::random())
}

/// A number below `end`, each as likely as the others; `end` is more than nought.
pub(super) fn below(end: usize) -> Result<usize, Refused> {
    let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
    let beyond = u64::MAX - u64::MAX % end; // from here on small numbers would be likelier
    loop {
        let mut bytes = Zeroizing::new([0; 8]);
        fill(bytes.as_mut())?;
        let number = u64::from_le_bytes(*bytes);
        if number < beyond {
            return Ok(usize::try_from(number % end).unwrap_or_default());
        }
    }
}

/// A UUID of version 4.
pub(super) fn uuid() -> Result<String, Refused> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string())
}
