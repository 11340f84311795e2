//! Random passwords: so many digits, so many symbols, the rest letters, in a random order.

use std::collections::BTreeSet;

use data_encoding::{BASE32, BASE64, BASE64URL, HEXLOWER};
use latchkey_api::generator::{Encoding, PasswordSpec};
use latchkey_provider::SecretBytes;
use zeroize::Zeroizing;

use super::{Refused, random};
use crate::engine::convert::Data;

/// The length of a password that names none.
const LENGTH: usize = 24;
/// The longest that is made. It has far more chance in it than any use of it needs.
const LONGEST: usize = 65_536;
/// As many keys as one generator may fill.
const MOST_KEYS: usize = 256;
const DIGITS: &str = "0123456789";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SYMBOLS: &str = "~!@#$%^&*()_+`-={}|[]\\:\"<>?,./";

/// What a password is made of, checked.
struct Recipe {
    letters: (usize, Vec<char>),
    digits: (usize, Vec<char>),
    symbols: (usize, Vec<char>),
    repeat: bool,
}

/// A password for each key.
pub(super) fn make(spec: &PasswordSpec) -> Result<Data, Refused> {
    let recipe = Recipe::of(spec)?;
    let mut made = Data::new();
    for key in keys(spec)? {
        let password = recipe.password()?;
        made.insert(key, encoded(&password, spec.encoding.unwrap_or_default()));
    }
    Ok(made)
}

fn keys(spec: &PasswordSpec) -> Result<Vec<String>, Refused> {
    let keys = &spec.secret_keys;
    let several: BTreeSet<_> = keys.iter().filter(|key| !key.is_empty()).collect();
    if several.len() != keys.len() {
        return Err(Refused::at("secretKeys", "secretKeys must be non-empty and unique"));
    }
    if keys.len() > MOST_KEYS {
        return Err(Refused::at("secretKeys", format!("there are more than {MOST_KEYS} secretKeys")));
    }
    Ok(if keys.is_empty() { vec!["password".to_owned()] } else { keys.clone() })
}

/// A number that a field gives, or this one.
fn count(field: &'static str, given: Option<i64>, otherwise: usize) -> Result<usize, Refused> {
    let Some(given) = given else { return Ok(otherwise) };
    usize::try_from(given).map_err(|_| Refused::at(field, format!("{field} is less than 0")))
}

impl Recipe {
    fn of(spec: &PasswordSpec) -> Result<Self, Refused> {
        let length = spec.length.filter(|length| *length > 0);
        let length = count("length", length, LENGTH)?;
        if length > LONGEST {
            return Err(Refused::at("length", format!("length is more than {LONGEST}")));
        }
        let digits = count("digits", spec.digits, length / 4)?;
        let symbols = count("symbols", spec.symbols, length / 4)?;
        let others = digits.checked_add(symbols).and_then(|others| length.checked_sub(others));
        let Some(letters) = others else {
            return Err(Refused::at("length", "there are more digits and symbols than the length"));
        };
        let of_symbols = spec.symbol_characters.as_deref().filter(|characters| !characters.is_empty());
        let alphabet = if spec.no_upper { LOWER.to_owned() } else { format!("{LOWER}{UPPER}") };
        let recipe = Self {
            letters: (letters, alphabet.chars().collect()),
            digits: (digits, DIGITS.chars().collect()),
            symbols: (symbols, of_symbols.unwrap_or(SYMBOLS).chars().collect()),
            repeat: spec.allow_repeat,
        };
        recipe.check()?;
        Ok(recipe)
    }

    /// Without repeats there must be enough different characters of each class.
    fn check(&self) -> Result<(), Refused> {
        let classes = [("length", "letters", &self.letters), ("digits", "digits", &self.digits)];
        let classes = classes.into_iter().chain([("symbols", "symbols", &self.symbols)]);
        for (field, name, (wanted, characters)) in classes {
            let different = characters.iter().collect::<BTreeSet<_>>().len();
            if !self.repeat && *wanted > different {
                let why = format!(
                    "{wanted} {name} are wanted, there are {different} different ones, and allowRepeat is false"
                );
                return Err(Refused::at(field, why));
            }
        }
        Ok(())
    }

    fn password(&self) -> Result<Zeroizing<String>, Refused> {
        let mut chosen = Zeroizing::new(Vec::<char>::new());
        for (wanted, characters) in [&self.letters, &self.digits, &self.symbols] {
            let mut left: Vec<char> =
                characters.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
            for _ in 0..*wanted {
                let place = random::below(left.len())?;
                chosen.extend(left.get(place));
                if !self.repeat {
                    left.swap_remove(place);
                }
            }
        }
        for last in (1..chosen.len()).rev() {
            let other = random::below(last + 1)?;
            chosen.swap(last, other);
        }
        Ok(Zeroizing::new(chosen.iter().collect()))
    }
}

fn encoded(password: &str, encoding: Encoding) -> SecretBytes {
    let bytes = password.as_bytes();
    match encoding {
        Encoding::Raw => SecretBytes::new(bytes),
        Encoding::Base64 => SecretBytes::from(BASE64.encode(bytes)),
        Encoding::Base64Url => SecretBytes::from(BASE64URL.encode(bytes)),
        Encoding::Base32 => SecretBytes::from(BASE32.encode(bytes)),
        Encoding::Hex => SecretBytes::from(HEXLOWER.encode(bytes)),
    }
}
