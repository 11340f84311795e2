use super::*;
use proptest::prelude::*;

const S: i64 = 1_000_000_000;
const M: i64 = 60 * S;
const H: i64 = 60 * M;

#[test]
fn reads_what_go_reads() {
    for (text, nanos) in [
        ("0", 0),
        ("0s", 0),
        ("-0", 0),
        ("+0", 0),
        ("5s", 5 * S),
        ("30s", 30 * S),
        ("1478s", 1478 * S),
        ("-5s", -5 * S),
        ("+5s", 5 * S),
        ("5.0s", 5 * S),
        ("5.6s", 5 * S + 600_000_000),
        ("5.s", 5 * S),
        (".5s", 500_000_000),
        ("1.0s", S),
        ("1.004s", S + 4_000_000),
        ("1.0040s", S + 4_000_000),
        ("100.00100s", 100 * S + 1_000_000),
        ("10ns", 10),
        ("11us", 11_000),
        ("12\u{b5}s", 12_000),
        ("12\u{3bc}s", 12_000),
        ("13ms", 13_000_000),
        ("14s", 14 * S),
        ("15m", 15 * M),
        ("16h", 16 * H),
        ("1h0m0s", H),
        ("1.5h", H + 30 * M),
        ("3h30m", 3 * H + 30 * M),
        ("10.5s4m", 4 * M + 10 * S + 500_000_000),
        ("-2m3.4s", -(2 * M + 3 * S + 400_000_000)),
        ("1h2m3s4ms5us6ns", H + 2 * M + 3 * S + 4_005_006),
        ("39h9m14.425s", 39 * H + 9 * M + 14 * S + 425_000_000),
        ("52763797000ns", 52_763_797_000),
        ("0.3333333333333333333h", 20 * M),
        ("9007199254740993ns", 9_007_199_254_740_993),
        ("9223372036854775807ns", i64::MAX),
        ("9223372036854775.807us", i64::MAX),
        ("9223372036s854ms775us807ns", i64::MAX),
        ("-9223372036854775808ns", i64::MIN),
        ("-9223372036854775.808us", i64::MIN),
        ("-9223372036s854ms775us808ns", i64::MIN),
        ("0.100000000000000000000h", 6 * M),
        ("0.830103483285477580700h", 49 * M + 48 * S + 372_539_827),
    ] {
        assert_eq!(GoDuration::parse(text), Ok(GoDuration(nanos)), "{text}");
    }
}

#[test]
fn refuses_what_go_refuses_in_gos_words() {
    for (text, message) in [
        ("", r#"time: invalid duration """#),
        ("3", r#"time: missing unit in duration "3""#),
        ("3600", r#"time: missing unit in duration "3600""#),
        ("-", r#"time: invalid duration "-""#),
        ("s", r#"time: invalid duration "s""#),
        (".", r#"time: invalid duration ".""#),
        ("-.", r#"time: invalid duration "-.""#),
        (".s", r#"time: invalid duration ".s""#),
        ("+.s", r#"time: invalid duration "+.s""#),
        (" 1h", r#"time: invalid duration " 1h""#),
        ("1h ", r#"time: unknown unit "h " in duration "1h ""#),
        ("1d", r#"time: unknown unit "d" in duration "1d""#),
        ("1H", r#"time: unknown unit "H" in duration "1H""#),
        ("1h-5m", r#"time: unknown unit "h-" in duration "1h-5m""#),
        ("\u{85}\u{85}", r#"time: invalid duration "\xc2\x85\xc2\x85""#),
        ("hello \u{fffd} world", r#"time: invalid duration "hello \xef\xbf\xbd world""#),
        ("1\"", r#"time: unknown unit "\"" in duration "1\"""#),
        ("9223372036854775808ns", r#"time: invalid duration "9223372036854775808ns""#),
        ("9223372036854775.808us", r#"time: invalid duration "9223372036854775.808us""#),
        ("-9223372036854775809ns", r#"time: invalid duration "-9223372036854775809ns""#),
        ("9223372036854ms775us808ns", r#"time: invalid duration "9223372036854ms775us808ns""#),
        ("3000000h", r#"time: invalid duration "3000000h""#),
    ] {
        assert_eq!(
            GoDuration::parse(text).map_err(|error| error.to_string()),
            Err(message.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn writes_what_go_writes() {
    for (nanos, text) in [
        (0, "0s"),
        (1, "1ns"),
        (1_100, "1.1\u{b5}s"),
        (2_200_000, "2.2ms"),
        (3_300_000_000, "3.3s"),
        (4 * M + 5 * S, "4m5s"),
        (4 * M + 5_001_000_000, "4m5.001s"),
        (5 * H + 6 * M + 7_001_000_000, "5h6m7.001s"),
        (8 * M + 1, "8m0.000000001s"),
        (H, "1h0m0s"),
        (90 * M, "1h30m0s"),
        (-M, "-1m0s"),
        (i64::MAX, "2562047h47m16.854775807s"),
        (i64::MIN, "-2562047h47m16.854775808s"),
    ] {
        assert_eq!(GoDuration(nanos).to_string(), text);
    }
}

#[test]
fn a_negative_duration_is_no_time_to_wait() {
    assert_eq!(GoDuration(-1).to_std(), None);
    assert_eq!(GoDuration(S).to_std(), Some(Duration::from_secs(1)));
    assert_eq!(GoDuration::from_secs(i64::MAX), None);
}

proptest! {
    #[test]
    fn reads_back_what_it_writes(nanos: i64) {
        let duration = GoDuration(nanos);
        prop_assert_eq!(GoDuration::parse(&duration.to_string()), Ok(duration));
    }

    #[test]
    fn never_panics(text in "[-+.0-9a-zµμ\" ]{0,24}") {
        let _ = GoDuration::parse(&text);
    }
}
