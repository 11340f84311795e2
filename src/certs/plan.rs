//! What to renew, and when. Pure.
//!
//! A new CA signs nothing that is served before every API server trusts it: it is put beside the old one first, both are
//! registered, and the certificate follows once the CA has been known for [`SETTLING`].

use jiff::{SignedDuration, Timestamp};

use super::issue::Names;

/// How long a new CA is known before a certificate that it signed is served.
const SETTLING: SignedDuration = SignedDuration::from_mins(10);

/// How long something is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    /// When it was made.
    pub(super) from: Timestamp,
    /// When it ends.
    pub(super) until: Timestamp,
}

impl Validity {
    /// Whether two thirds of its life are over, or it has not begun.
    fn is_old(self, now: Timestamp) -> bool {
        let (age, life) = (now.duration_since(self.from), self.until.duration_since(self.from));
        age.is_negative() || age.as_secs().saturating_mul(3) >= life.as_secs().saturating_mul(2)
    }

    fn is_over(self, now: Timestamp) -> bool {
        now >= self.until
    }
}

/// Who signed the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signer {
    /// The CA that signs.
    Current,
    /// The CA before it, which is still registered.
    Previous,
    /// Nobody that is registered.
    Unknown,
}

/// The certificate that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaf {
    /// How long it is valid.
    pub(super) validity: Validity,
    /// For which names.
    pub(super) names: Names,
    /// Who signed it.
    pub(super) signer: Signer,
}

/// What is stored, as far as it can be used: without its key it cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    /// The CA that signs.
    pub(super) authority: Option<Validity>,
    /// The certificate.
    pub(super) leaf: Option<Leaf>,
}

impl Stored {
    /// Why something is to be done, for the log.
    pub(super) fn summary(&self, now: Timestamp) -> String {
        let Self { authority, leaf } = self;
        let ca = authority.map_or("no usable CA".to_owned(), |ca| format!("a CA that ends at {}", ca.until));
        let certificate = match leaf {
            None => "no usable certificate".to_owned(),
            Some(leaf) if leaf.validity.is_over(now) => {
                format!("a certificate that ended at {}", leaf.validity.until)
            }
            Some(Leaf { validity, signer, .. }) => match signer {
                Signer::Current => format!("a certificate that ends at {}", validity.until),
                Signer::Previous => {
                    format!("a certificate of the CA before, that ends at {}", validity.until)
                }
                Signer::Unknown => "a certificate that neither it nor the CA before has signed".to_owned(),
            },
        };
        format!("{ca}, {certificate}")
    }
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// Nothing.
    Keep,
    /// Make a new certificate.
    RenewLeaf,
    /// Make a new CA; a certificate that is still good stays, and the CA that signed it stays registered.
    RenewCa,
}

/// What to do now, for a certificate that is to be good for the `wanted` names.
pub(super) fn plan(now: Timestamp, stored: &Stored, wanted: &Names) -> Plan {
    let Some(authority) = stored.authority.filter(|authority| !authority.is_old(now)) else {
        return Plan::RenewCa;
    };
    let Some(leaf) = stored.leaf.as_ref().filter(|leaf| is_good(leaf, now) && leaf.names.cover(wanted))
    else {
        return Plan::RenewLeaf;
    };
    let settled = now.duration_since(authority.from) >= SETTLING;
    match leaf.signer {
        Signer::Current if leaf.validity.is_old(now) => Plan::RenewLeaf,
        Signer::Previous if settled => Plan::RenewLeaf,
        Signer::Current | Signer::Previous => Plan::Keep,
        Signer::Unknown => Plan::RenewLeaf,
    }
}

/// Whether the certificate can go on being served.
pub(super) fn is_good(leaf: &Leaf, now: Timestamp) -> bool {
    leaf.signer != Signer::Unknown && !leaf.validity.is_over(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).expect("a time")
    }

    /// Made `age` ago, good for `life`.
    fn validity(age: SignedDuration, life: SignedDuration) -> Validity {
        Validity { from: now() - age, until: now() - age + life }
    }

    fn names(names: &[&str]) -> Names {
        names.iter().copied().collect()
    }

    /// A CA of one year and a certificate of one day.
    fn good() -> Stored {
        let leaf = Leaf { validity: validity(DAY, DAY * 30), names: names(&["a"]), signer: Signer::Current };
        Stored { authority: Some(validity(DAY * 365, DAY * 3650)), leaf: Some(leaf) }
    }

    fn planned(change: impl FnOnce(&mut Stored, &mut Leaf)) -> Plan {
        let mut stored = good();
        let mut leaf = stored.leaf.take().expect("a leaf");
        change(&mut stored, &mut leaf);
        stored.leaf = Some(leaf);
        plan(now(), &stored, &names(&["a"]))
    }

    #[test]
    fn keeps_what_is_good() {
        assert_eq!(planned(|_, _| ()), Plan::Keep);
    }

    #[test]
    fn makes_what_is_not_there() {
        assert_eq!(plan(now(), &Stored { authority: None, leaf: None }, &names(&[])), Plan::RenewCa);
        assert_eq!(plan(now(), &Stored { leaf: None, ..good() }, &names(&[])), Plan::RenewLeaf);
    }

    #[test]
    fn renews_at_two_thirds_of_life() {
        assert_eq!(planned(|_, leaf| leaf.validity = validity(DAY * 19, DAY * 30)), Plan::Keep);
        assert_eq!(planned(|_, leaf| leaf.validity = validity(DAY * 20, DAY * 30)), Plan::RenewLeaf);
        assert_eq!(planned(|stored, _| stored.authority = Some(validity(DAY * 20, DAY * 30))), Plan::RenewCa);
    }

    #[test]
    fn renews_for_a_name_that_is_missing() {
        let stored = good();
        assert_eq!(plan(now(), &stored, &names(&["a", "b"])), Plan::RenewLeaf);
        assert_eq!(plan(now(), &stored, &names(&[])), Plan::Keep);
    }

    #[test]
    fn waits_until_a_new_ca_is_known_everywhere() {
        let after = |age| {
            planned(|stored, leaf| {
                stored.authority = Some(validity(age, DAY * 3650));
                *leaf =
                    Leaf { signer: Signer::Previous, validity: validity(DAY * 25, DAY * 30), ..leaf.clone() };
            })
        };
        assert_eq!(after(SignedDuration::from_mins(9)), Plan::Keep);
        assert_eq!(after(SignedDuration::from_mins(10)), Plan::RenewLeaf);
    }

    #[test]
    fn does_not_wait_with_a_certificate_that_cannot_be_served() {
        let unsettled = |change: fn(&mut Leaf)| {
            planned(|stored, leaf| {
                stored.authority = Some(validity(SignedDuration::ZERO, DAY * 3650));
                change(leaf);
            })
        };
        assert_eq!(unsettled(|leaf| leaf.signer = Signer::Unknown), Plan::RenewLeaf);
        assert_eq!(unsettled(|leaf| leaf.validity = validity(DAY * 30, DAY * 30)), Plan::RenewLeaf);
    }

    #[test]
    fn renews_what_is_made_in_the_future() {
        assert_eq!(planned(|stored, _| stored.authority = Some(validity(-DAY, DAY * 3650))), Plan::RenewCa);
    }
}
