package main

import (
	"fmt"
	"maps"
	"math/rand"
	"regexp"
	"slices"
	"strings"
)

// meant has the errors of Go that differ on purpose, with the reason; templates that end with one are not compared.
var meant = map[string]*regexp.Regexp{
	"Go shows the value; an error must not": regexp.MustCompile(`range can't iterate over|can't use .* to iterate|out of range|non-comparable|non-function|invalid slice index`),
}

// takes has the functions by what they give, and what they take: s a string, i an int, f a float, b a bool, l a list, m a map, a anything.
// set and merge are left out: by chance they put a map into itself, and Go dies of that. So is date, which takes what is no time for now.
var takes = map[byte]map[string]string{
	's': {"upper": "s", "lower": "s", "trim": "s", "title": "s", "quote": "a", "squote": "a", "b64enc": "s", "b64dec": "s", "b32enc": "s",
		"trunc": "is", "nospace": "s", "snakecase": "s", "camelcase": "s", "kebabcase": "s", "repeat": "is", "replace": "sss", "toString": "a",
		"toJson": "a", "toPrettyJson": "a", "join": "sl", "printf": "sa", "print": "aa", "html": "a", "js": "a", "urlquery": "a", "default": "ss",
		"indent": "is", "nindent": "is", "trimSuffix": "ss", "trimPrefix": "ss", "trimAll": "ss", "substr": "iis", "initials": "s", "wrap": "is",
		"swapcase": "s", "untitle": "s", "cat": "sa", "abbrev": "is", "ternary": "ssb", "typeOf": "a", "kindOf": "a", "sha256sum": "s",
		"regexReplaceAll": "sss", "regexFind": "ss", "regexQuoteMeta": "s", "duration": "i", "base": "s", "dir": "s", "clean": "s",
		"toYaml": "a", "coalesce": "ss", "plural": "ssi", "urlParse": "s"},
	'i': {"len": "s", "add": "ii", "sub": "ii", "mul": "ii", "max": "ii", "min": "ii", "add1": "i", "int": "a", "int64": "a", "floor": "f",
		"mod": "ii", "div": "ii", "atoi": "s"},
	'f': {"addf": "ff", "mulf": "ff", "float64": "a", "ceil": "f", "round": "fi", "subf": "ff"},
	'b': {"eq": "ss", "ne": "ii", "lt": "ii", "and": "bb", "or": "bb", "not": "a", "contains": "ss", "hasPrefix": "ss", "hasSuffix": "ss",
		"empty": "a", "hasKey": "ms", "has": "al", "regexMatch": "ss", "kindIs": "sa", "all": "aa", "any": "aa", "deepEqual": "aa"},
	'l': {"list": "aa", "splitList": "ss", "reverse": "l", "append": "la", "prepend": "la", "uniq": "l", "compact": "l", "sortAlpha": "l",
		"rest": "l", "initial": "l", "without": "la", "until": "i", "chunk": "il", "concat": "ll", "fromJsonArray": "s", "words": "s", "toStrings": "l",
		"regexFindAll": "ssi", "regexSplit": "ssi"},
	'm': {"dict": "ss", "unset": "ms", "pick": "ms", "omit": "ms", "deepCopy": "m", "split": "ss", "fromYaml": "s"},
	'a': {"first": "l", "last": "l", "get": "ms", "fromJson": "s", "index": "ms", "default": "aa", "ternary": "aab", "dig": "ssm"},
}

// plain are the values by type that no function makes.
var plain = map[byte][]string{
	's': {`"a b"`, `""`, `"Käse-Brot_x"`, "`[a-z]+`", `"%v|%5q"`, `"YWJj"`, `"{\"k\":[1,null]}"`, `"a: 1\nb: [x, yes]"`, `"2006-01-02"`, ".s", ".empty", ".map.a", ".smap.k"},
	'i': {"0", "1", "-2", "3", "'x'", "0x1f", ".i", ".zero", ".neg"},
	'f': {"1.5", "-0.25", "1e3", ".f", ".f0"},
	'b': {"true", "false", ".t", ".no"},
	'l': {".list", ".none", ".strs", ".ints"},
	'm': {".map", ".void", ".map.in"},
	'a': {".nothing", ".nope", ".i64", "nil", "$", "."},
}

// isKnown tells of what is known to differ and not meant to: the words of errors in YAML.
func isKnown(c testCase) bool {
	return c.Output != nil && strings.Contains(*c.Output, "yaml: ")
}

// writer makes a template of the grammar.
type writer struct {
	*rand.Rand
	variables int
}

// grown makes this many templates of the whole grammar with the library's functions.
func grown(count int, random *rand.Rand) []testCase {
	var cases []testCase
	for len(cases) < count {
		w := writer{Rand: random}
		text := w.block(3)
		c := testCase{Group: "grown", Template: text, Data: "any", Functions: "library", MissingKey: []string{"", "zero", "error"}[w.Intn(3)]}
		probe := c
		ask(&probe)
		if (probe.Error == nil || !isMeant(*probe.Error)) && !isKnown(probe) {
			cases = append(cases, c)
		}
	}
	return cases
}

func isMeant(message string) bool {
	for _, known := range meant {
		if known.MatchString(message) {
			return true
		}
	}
	return false
}

func (w *writer) block(depth int) string {
	var text strings.Builder
	for range 1 + w.Intn(3) {
		text.WriteString(w.piece(depth))
	}
	return text.String()
}

func (w *writer) piece(depth int) string {
	open, end := []string{"{{", "{{- "}[w.Intn(2)], []string{"}}", " -}}"}[w.Intn(2)]
	if depth == 0 {
		return open + w.value(w.kind(), 1) + end
	}
	body := func() string { return w.block(depth - 1) }
	switch w.Intn(9) {
	case 0:
		return " text\n"
	case 1:
		return open + "if " + w.value('b', 2) + end + body() + "{{else if " + w.value('a', 1) + "}}" + body() + "{{else}}" + body() + "{{end}}"
	case 2:
		return open + "with " + w.value(w.kind(), 2) + end + body() + "{{else}}" + body() + "{{end}}"
	case 3:
		return open + "range " + w.value("lm"[w.Intn(2)], 2) + end + body() + []string{"", "{{break}}", "{{continue}}"}[w.Intn(3)] + "{{else}}" + body() + "{{end}}"
	case 4:
		w.variables++
		name := fmt.Sprintf("$v%d", w.variables)
		return open + name + " := " + w.value(w.kind(), 2) + end + "{{" + name + "}}{{" + name + " = " + w.value(w.kind(), 1) + "}}{{printf \"%v\" " + name + "}}"
	case 5:
		w.variables++
		return fmt.Sprintf("{{block \"b%d\" %s}}%s{{end}}", w.variables, w.value(w.kind(), 1), body())
	default:
		return open + w.value(w.kind(), 3) + []string{"", " | quote", " | toJson", " | printf \"%T %v\" .s"}[w.Intn(4)] + end
	}
}

func (w *writer) kind() byte { return "sssiifblma"[w.Intn(10)] }

// value writes an expression of this type, seldom of another.
func (w *writer) value(kind byte, depth int) string {
	if w.Intn(40) == 0 || kind == 'a' && w.Intn(2) == 0 {
		kind = w.kind()
	}
	if depth == 0 || w.Intn(4) == 0 {
		return plain[kind][w.Intn(len(plain[kind]))]
	}
	names := sorted(takes[kind])
	name := names[w.Intn(len(names))]
	text := name
	for _, arg := range []byte(takes[kind][name]) {
		inner := w.value(arg, depth-1)
		if strings.Contains(inner, " ") && !strings.HasPrefix(inner, `"`) {
			inner = "(" + inner + ")"
		}
		text += " " + inner
	}
	return text
}

func sorted(functions map[string]string) []string {
	return slices.Sorted(maps.Keys(functions))
}
