//! How much of an answer is read.

use std::error::Error as StdError;

use http_body_util::LengthLimitError;

#[cfg(feature = "vault")]
use crate::SecretBytes;
use crate::{Error, ErrorKind};

/// The largest answer, in bytes. A Secret of Kubernetes holds 1 MiB, which in base64, escaped and with its metadata stays
/// below three, as does a batch of 20 values of AWS, of 64 KiB each. What is larger can be no Secret; to read on would
/// let whoever answers in a store's place fill the memory of all.
pub const LARGEST: usize = 4 << 20;

/// The error for an answer of `place`, a server or a service, that is larger.
pub fn too_large(place: &str) -> Error {
    let text = format!("{place} answers with more than {} MiB, and a Secret holds 1 MiB", LARGEST >> 20);
    Error::new(ErrorKind::InvalidValue, text)
}

/// The whole body of an answer of `place`; `broken` tells why it could not be read.
///
/// # Errors
/// [`too_large`], or what `broken` makes of an error on the way.
#[cfg(feature = "vault")]
pub async fn body(
    mut response: reqwest::Response,
    place: &str,
    broken: impl Fn(&reqwest::Error) -> Error,
) -> Result<SecretBytes, Error> {
    let expected = usize::try_from(response.content_length().unwrap_or_default()).ok();
    let expected = expected.filter(|length| *length <= LARGEST).ok_or_else(|| too_large(place))?;
    let mut body = Vec::with_capacity(expected); // growing would leave copies behind
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        if body.len() + chunk.len() > LARGEST {
            return Err(too_large(place));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

/// An answer whose body ends with an error where it gets too large.
#[cfg(feature = "kubernetes")]
pub fn limited<B>(answer: http::Response<B>) -> http::Response<http_body_util::Limited<B>> {
    answer.map(|body| http_body_util::Limited::new(body, LARGEST))
}

/// Whether this came of reading more than [`LARGEST`] bytes of a body.
pub fn is_too_large(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use http_body_util::{BodyExt as _, Full, Limited};

    use super::*;

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit_and_not_beyond() {
        for (length, fits) in [(LARGEST, true), (LARGEST + 1, false)] {
            let read = Limited::new(Full::new(Cursor::new(vec![b' '; length])), LARGEST).collect().await;
            assert_eq!(read.is_ok(), fits);
            if let Err(error) = read {
                assert!(is_too_large(error.as_ref()));
            }
        }
    }
}
