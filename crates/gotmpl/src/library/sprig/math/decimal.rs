//! Arithmetic of floats as decimal numbers: `addf`, `add1f`, `subf`, `mulf`, `divf`. What is written exactly is computed exactly.

use num_bigint::BigInt;

use super::{Outcome, Shelf, cast, refuse};
use crate::Type::Any;
use crate::{Budget, Call, Signature, Value};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let many = Signature::variadic(&[Any], Any);
    shelf
        .add("addf", Signature::variadic(&[], Any), |call| computed(call, 0.0, call.args(), Decimal::plus))
        .add("add1f", Signature::new(&[Any]), |call| {
            computed(call, cast::float(call.arg(0)), &[Value::Int(1)], Decimal::plus)
        })
        .add("subf", many, |call| from_first(call, |left, right, budget| left.plus(right.negative(), budget)))
        .add("mulf", many, |call| from_first(call, Decimal::times))
        .add("divf", many, |call| from_first(call, Decimal::over));
}

type Operation = fn(Decimal, Decimal, &Budget<'_>) -> Outcome<Decimal>;

fn from_first(call: &Call<'_>, operation: Operation) -> super::Result {
    computed(call, cast::float(call.arg(0)), call.args().get(1..).unwrap_or_default(), operation)
}

fn computed(call: &Call<'_>, start: f64, others: &[Value], operation: Operation) -> super::Result {
    let mut number = Decimal::of(start)?;
    for other in others {
        number = operation(number, Decimal::of(cast::float(other))?, call.budget())?;
    }
    Ok(Value::Float(number.float()))
}

/// A whole number times a power of ten.
struct Decimal {
    digits: BigInt,
    power: i64,
}

/// A quotient has so many digits behind the point.
const PRECISION: i64 = 16;

impl Decimal {
    /// The shortest number that reads as this float.
    fn of(float: f64) -> Outcome<Self> {
        if !float.is_finite() {
            let shown = if float.is_nan() {
                "NaN"
            } else if float > 0.0 {
                "+Inf"
            } else {
                "-Inf"
            };
            return refuse(format!("Cannot create a Decimal from {shown}"));
        }
        let shown = format!("{float:e}");
        let (mantissa, power) = shown.split_once('e').unwrap_or((&shown, "0"));
        let behind = mantissa.split_once('.').map_or(0, |(_, behind)| behind.len() as i64);
        let digits = mantissa.replace('.', "").parse().unwrap_or_default();
        Ok(Self { digits, power: power.parse::<i64>().unwrap_or_default() - behind })
    }

    /// The nearest float.
    fn float(&self) -> f64 {
        format!("{}e{}", self.digits, self.power).parse().unwrap_or_default()
    }

    fn negative(self) -> Self {
        Self { digits: -self.digits, power: self.power }
    }

    fn plus(self, other: Self, budget: &Budget<'_>) -> Outcome<Self> {
        let power = self.power.min(other.power);
        let digits = self.at(power, budget)? + other.at(power, budget)?;
        Ok(Self { digits, power })
    }

    fn times(self, other: Self, budget: &Budget<'_>) -> Outcome<Self> {
        budget.steps(1 + self.digits.bits() / 64)?;
        Ok(Self { digits: self.digits * other.digits, power: self.power + other.power })
    }

    /// The quotient, rounded half away from nought.
    fn over(self, other: Self, budget: &Budget<'_>) -> Outcome<Self> {
        if other.digits == BigInt::ZERO {
            return refuse("decimal division by 0");
        }
        let shift = self.power - other.power + PRECISION;
        let (left, right) = if shift < 0 {
            (self.digits, other.digits * ten_to(-shift, budget)?)
        } else {
            (self.digits * ten_to(shift, budget)?, other.digits)
        };
        let (quotient, rest) = (&left / &right, &left % &right);
        let negative = (left < BigInt::ZERO) != (right < BigInt::ZERO);
        let half = rest.magnitude() * 2_u32 >= *right.magnitude();
        let step = BigInt::from(if negative { -1 } else { 1 });
        Ok(Self { digits: if half { quotient + step } else { quotient }, power: -PRECISION })
    }

    /// Its digits for a power that is no larger than its own.
    fn at(self, power: i64, budget: &Budget<'_>) -> Outcome<BigInt> {
        Ok(self.digits * ten_to(self.power - power, budget)?)
    }
}

fn ten_to(power: i64, budget: &Budget<'_>) -> Outcome<BigInt> {
    let size = usize::try_from(power).unwrap_or(usize::MAX);
    budget.memory(size)?;
    budget.steps(size as u64 / 16)?;
    Ok(BigInt::from(10).pow(u32::try_from(power).unwrap_or(u32::MAX)))
}
