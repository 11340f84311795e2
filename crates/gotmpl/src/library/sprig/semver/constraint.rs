//! Constraints on versions: `>=1.2, <3`, `^1.2.3`, `~1`, `1.2.x`, `1.2 - 1.4`, with `||` between alternatives.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

use super::version::{Version, compare_pre};

/// Alternatives, each of which is a list of what must hold.
pub(super) struct Constraint(Vec<Group>);

struct Group {
    bounds: Vec<Bound>,
    /// Whether one of them names a prerelease: only then prereleases are admitted.
    pre: bool,
}

/// One comparison.
struct Bound {
    operator: Operator,
    version: Version,
    /// Which of its numbers are left open. All three are if the first is, though then none of the others is marked.
    open: Open,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    All,
    Minor,
    Patch,
}

#[derive(Clone, Copy)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

const MAX_LENGTH: usize = 512;
const MAX_GROUPS: usize = 32;

/// The grammar, put together of its pieces.
struct Grammar {
    range: Regex,
    valid: Regex,
    bound: Regex,
}

static GRAMMAR: LazyLock<Option<Grammar>> = LazyLock::new(|| {
    let space = r"[\t\n\f\r ]";
    let extra = "[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*";
    let number = "[0-9xX*|]+";
    let version = format!("v?(?:{number})(?:\\.{number})?(?:\\.{number})?(?:-{extra})?(?:\\+{extra})?");
    let one = format!("(?:!=|>=|=>|<=|=<|~>|=|>|<|~|\\^)?{space}*{version}");
    let parts = format!(
        "(!=|>=|=>|<=|=<|~>|=|>|<|~|\\^|){space}*v?({number})(\\.{number})?(\\.{number})?(-{extra})?(?:\\+{extra})?"
    );
    Some(Grammar {
        range: Regex::new(&format!("{space}*({version}){space}+-{space}+({version}){space}*")).ok()?,
        valid: Regex::new(&format!("^{space}*{one}{space}*(?:(?:{space}+|,{space}*){one}{space}*)*$"))
            .ok()?,
        bound: Regex::new(&parts).ok()?,
    })
});

impl Constraint {
    /// The constraint that the text is.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let grammar = GRAMMAR.as_ref()?;
        let text = grammar.range.replace_all(text, ">= $1, <= $2 ");
        let groups =
            text.split("||").map(|group| Group::parse(group, grammar)).collect::<Option<Vec<_>>>()?;
        (groups.len() <= MAX_GROUPS).then_some(Self(groups))
    }

    /// Whether one of the alternatives holds for the version.
    pub(super) fn admits(&self, version: &Version) -> bool {
        self.0.iter().any(|group| {
            let pre = version.pre.is_empty() || group.pre;
            pre && group.bounds.iter().all(|bound| bound.admits(version))
        })
    }
}

impl Group {
    fn parse(text: &str, grammar: &Grammar) -> Option<Self> {
        if !grammar.valid.is_match(text) {
            return None;
        }
        let bounds = grammar
            .bound
            .captures_iter(text)
            .map(|parts| Bound::parse(&parts))
            .collect::<Option<Vec<_>>>()?;
        let pre = bounds.iter().any(|bound| !bound.version.pre.is_empty());
        Some(Self { bounds, pre })
    }
}

impl Bound {
    fn parse(parts: &regex::Captures<'_>) -> Option<Self> {
        let part = |index| parts.get(index).map_or("", |part| part.as_str());
        let operator = match part(1) {
            "" | "=" => Operator::Equal,
            "!=" => Operator::NotEqual,
            ">" => Operator::Greater,
            "<" => Operator::Less,
            ">=" | "=>" => Operator::GreaterEqual,
            "<=" | "=<" => Operator::LessEqual,
            "~" | "~>" => Operator::Tilde,
            _ => Operator::Caret,
        };
        let any = |text: &str| matches!(text, "" | "x" | "X" | "*" | ".x" | ".X" | ".*");
        let (major, minor, patch, pre) = (part(2), part(3), part(4), part(5));
        let (open, text) = match () {
            () if any(major) => (Open::All, format!("0.0.0{pre}")),
            () if any(minor) => (Open::Minor, format!("{major}.0.0{pre}")),
            () if any(patch) => (Open::Patch, format!("{major}{minor}.0{pre}")),
            () => (Open::Nothing, format!("{major}{minor}{patch}{pre}")),
        };
        Some(Self { operator, version: Version::parse(&text)?, open })
    }

    fn admits(&self, version: &Version) -> bool {
        let own = &self.version;
        match self.operator {
            Operator::Equal if self.open == Open::Nothing => version == own,
            Operator::Equal | Operator::Tilde => self.tilde(version),
            Operator::NotEqual => self.differs(version),
            Operator::Greater => self.is_below(version),
            Operator::Less => version < own,
            Operator::GreaterEqual => version >= own,
            Operator::LessEqual => self.is_not_below(version),
            Operator::Caret => self.caret(version),
        }
    }

    fn differs(&self, version: &Version) -> bool {
        let own = &self.version;
        match self.open {
            Open::Nothing => version != own,
            _ if own.major != version.major => true,
            Open::Minor => false,
            _ if own.minor != version.minor => true,
            Open::All if own.patch != version.patch => true,
            Open::All => version != own,
            Open::Patch => compare_pre(&version.pre, &own.pre) != Ordering::Equal,
        }
    }

    fn is_below(&self, version: &Version) -> bool {
        let own = &self.version;
        match self.open {
            Open::Nothing => version > own,
            _ if version.major != own.major => version.major > own.major,
            Open::Minor => false,
            Open::Patch => version.minor > own.minor,
            Open::All => version > own,
        }
    }

    fn is_not_below(&self, version: &Version) -> bool {
        let own = &self.version;
        match self.open {
            Open::Nothing => version <= own,
            _ if version.major != own.major => version.major < own.major,
            Open::Minor => true,
            Open::All | Open::Patch => version.minor <= own.minor,
        }
    }

    /// The same minor version, as far as one is given.
    fn tilde(&self, version: &Version) -> bool {
        let own = &self.version;
        if version < own {
            return false;
        }
        let zero = (own.major, own.minor, own.patch) == (0, 0, 0);
        if zero && matches!(self.open, Open::Nothing | Open::All) {
            return true;
        }
        version.major == own.major && (version.minor == own.minor || self.open == Open::Minor)
    }

    /// Nothing changes left of the first number that is not nought.
    fn caret(&self, version: &Version) -> bool {
        let own = &self.version;
        if version < own {
            return false;
        }
        if own.major > 0 || self.open == Open::Minor {
            return version.major == own.major;
        }
        if version.major > 0 {
            return false;
        }
        if own.minor > 0 || self.open == Open::Patch {
            return version.minor == own.minor;
        }
        version.minor == 0 && version.patch == own.patch
    }
}
