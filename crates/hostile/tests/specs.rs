//! Specifications made up by the CRDs' schemas. `make fuzz-specs` tries a hundred thousand of each kind.

use latchkey_hostile::specs;

/// Of each kind; in a development build these are some seconds.
const COUNT: usize = 500;

#[test]
fn no_specification_of_any_kind_panics_or_has_a_value_told() {
    for subject in specs::subjects() {
        let report = specs::run(&subject, 1, COUNT);
        let kind = &subject.kind;
        assert_eq!((report.answered, report.panics), (COUNT, 0), "{kind}: {report:?}");
        assert_eq!(report.faults, Vec::<String>::new(), "{kind}");
        assert!(report.slowest.0.as_secs() < 10, "{kind}: {report:?}");
        let many = |outcome| report.outcomes.get(outcome).copied().unwrap_or_default();
        let tried =
            many("admitted") > COUNT / 250 && (many("refused") > COUNT / 250 || !subject.has_fields());
        assert!(tried, "{kind}: nothing much was tried: {:?}", report.outcomes);
    }
}
