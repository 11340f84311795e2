//! Floats: `floor`, `ceil`, `round`, `maxf`, `minf`.

use super::{Shelf, cast};
use crate::Type::{Any, Float, Int};
use crate::{Call, Signature, Value};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let (one, many) = (Signature::new(&[Any]), Signature::variadic(&[Any], Any));
    shelf
        .add("floor", one, |call| Ok(Value::Float(cast::float(call.arg(0)).floor())))
        .add("ceil", one, |call| Ok(Value::Float(cast::float(call.arg(0)).ceil())))
        .add("round", Signature::variadic(&[Any, Int], Float), |call| Ok(Value::Float(round(call))))
        .add("maxf", many, |call| Ok(Value::Float(chosen(call, f64::INFINITY, |left, right| left > right))))
        .add("minf", many, |call| {
            Ok(Value::Float(chosen(call, f64::NEG_INFINITY, |left, right| left < right)))
        });
}

/// The one that wins over all others. What nothing can win over wins over NaN as well, and NaN over the rest.
fn chosen(call: &Call<'_>, extreme: f64, wins: fn(f64, f64) -> bool) -> f64 {
    let floats = call.args().iter().map(cast::float);
    let better = |left: f64, right: f64| match () {
        () if left == extreme || right == extreme => extreme,
        () if left.is_nan() || right.is_nan() => f64::NAN,
        // Of two noughts the one with the sign is the smaller.
        () if left == 0.0 && right == 0.0 => {
            if left.is_sign_negative() == (extreme < 0.0) {
                left
            } else {
                right
            }
        }
        () if wins(left, right) => left,
        () => right,
    };
    floats.reduce(better).unwrap_or_default()
}

/// Rounded to so many places; the last argument tells from which fraction on it goes up.
fn round(call: &Call<'_>) -> f64 {
    let value = cast::float(call.arg(0));
    let up_from = if call.args().len() > 2 { call.float(2) } else { 0.5 };
    let power = power_of_ten(call.int(1));
    let scaled = power * value;
    let rounded = if scaled.fract() >= up_from { scaled.ceil() } else { scaled.floor() };
    rounded / power
}

/// Ten to this power, with the last bits as Go computes them: by squaring, mantissa and exponent apart.
fn power_of_ten(exponent: i64) -> f64 {
    let (mut square, mut square_power) = (0.625_f64, 4_i32);
    let (mut mantissa, mut power) = (1.0_f64, 0_i32);
    let mut left = exponent.unsigned_abs();
    while left > 0 {
        if square_power > 1 << 12 {
            power += square_power;
            break;
        }
        if left & 1 == 1 {
            mantissa *= square;
            power += square_power;
        }
        square *= square;
        square_power *= 2;
        if square < 0.5 {
            square *= 2.0;
            square_power -= 1;
        }
        left >>= 1;
    }
    if exponent < 0 { scaled(1.0 / mantissa, -power) } else { scaled(mantissa, power) }
}

/// The float times a power of two, in steps that a float can hold.
fn scaled(mut float: f64, power: i32) -> f64 {
    let mut left = power.clamp(-5000, 5000);
    while left != 0 && float != 0.0 && float.is_finite() {
        let step = left.clamp(-1000, 1000);
        float *= f64::powi(2.0, step);
        left -= step;
    }
    float
}
