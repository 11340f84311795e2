package main

import (
	"fmt"
	"maps"
	"math/rand"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// meant has the errors of Go that differ on purpose, with the reason; templates that end with one are not compared.
var meant = map[string]*regexp.Regexp{
	"Go shows the value; an error must not": regexp.MustCompile(`range can't iterate over|can't use .* to iterate|out of range|non-comparable|non-function|invalid slice index`),
	"Go's decoders tell what they met":      regexp.MustCompile(`asn1: (syntax|structure) error|failed to unmarshal JSON into key hint: |could not parse RSA private key|key type from JSON \(|decryption scheme .* not supported`),
}

// noText is what may make text that is no UTF-8.
var noText = regexp.MustCompile(`\\xff|binary|b64dec|b32dec|hexdec|decryptAES|trunc|substr|abbrev|slice`)

// complexNumber is what may be one.
var complexNumber = regexp.MustCompile(`[0-9.xXeE_]i`)

// addressOrSalt is what differs from run to run.
var addressOrSalt = regexp.MustCompile(`%[-+# 0-9.*\[\]]*p|htpasswd`)

// isKnown tells of what is known to differ and not meant to: the words of errors in YAML, what patterns find in text that is no
// UTF-8, complex numbers, what is too large or too deep here, and what is inside a time.
func isKnown(c testCase) bool {
	if c.Output != nil && (len(*c.Output) > 1<<20 || strings.Contains(*c.Output, "*time.Location")) || c.Error != nil && strings.Contains(*c.Error, "maximum template depth") {
		return true
	}
	if addressOrSalt.MatchString(c.Template) && !strings.Contains(c.Template, `"sha"`) {
		return true
	}
	return complexNumber.MatchString(c.Template) || c.Output != nil && strings.Contains(*c.Output, "yaml: ") || strings.Contains(c.Template, "egex") && noText.MatchString(c.Template)
}

func isMeant(message string) bool {
	for _, known := range meant {
		if known.MatchString(message) {
			return true
		}
	}
	return false
}

// delimiters are what some templates have in the place of braces.
var delimiters = [][2]string{{"<<", ">>"}, {"[[", "]]"}, {"{%", "%}"}, {"$(", ")"}, {"#", "#"}, {"{{{", "}}}"}, {"é", "ü"}}

// writer makes a template of the grammar.
type writer struct {
	*rand.Rand
	names int
	// The variables that are in sight.
	variables []string
	// What stands before the fields of the data: nothing where dot is the data, a dollar where only that is, and else they cannot be had.
	root string
	far  bool
	// Whether the data is a Secret's: a map of strings.
	secret bool
}

// grown makes this many templates of the whole grammar with the library's functions.
func grown(count int, random *rand.Rand) []testCase {
	if forgotten := everyFunction(); len(forgotten) > 0 {
		check(fmt.Errorf("the grammar has no %v", forgotten))
	}
	var cases []testCase
	for len(cases) < count {
		c := testCase{Group: "grown", Data: "any", Functions: "library", MissingKey: []string{"", "zero", "error"}[random.Intn(3)]}
		w := writer{Rand: random}
		if random.Intn(20) == 0 {
			c.Data, c.Template = "keys", w.ofKeys()
		} else {
			w.secret = random.Intn(4) == 0
			if w.secret {
				c.Data = "secret"
			}
			c.Template = w.define() + w.block(3)
		}
		if c.Data != "keys" && random.Intn(8) == 0 {
			var text strings.Builder
			words := split(c.Template)
			mutate(&text, words, words, random)
			c.Template = text.String()
		}
		if random.Intn(12) == 0 {
			pair := delimiters[random.Intn(len(delimiters))]
			c.Left, c.Right = pair[0], pair[1]
			c.Template = strings.NewReplacer("{{", pair[0], "}}", pair[1]).Replace(c.Template)
		}
		if isCompared(c) {
			cases = append(cases, c)
		}
	}
	return cases
}

// isCompared tells whether Go gives the template something that is to be the same here.
func isCompared(c testCase) bool {
	ask(&c)
	return (c.Error == nil || !isMeant(*c.Error)) && !isKnown(c)
}

// define writes a template that calls itself with less, if it does.
func (w *writer) define() string {
	if w.Intn(4) > 0 {
		return ""
	}
	inner := writer{Rand: w.Rand, names: 50, far: true}
	text := `{{define "r"}}` + inner.block(1)
	text += "{{with .}}{{if kindIs \"slice\" .}}{{range .}}({{template \"r\" .}}){{end}}{{else if kindIs \"string\" .}}<{{template \"r\" (trunc -1 (trunc 2 .) | trimAll \"a\" | trunc 0)}}>{{end}}"
	return text + inner.block(1) + "{{end}}{{end}}" + w.body(func() string { return `{{template "r" ` + w.argument(w.kind(), 1) + "}}" })
}

// ofKeys writes a template about keys and certificates.
func (w *writer) ofKeys() string {
	form := keyForms[w.Intn(len(keyForms))]
	for kind, pattern := range files {
		for strings.Contains(form, "?"+kind) {
			names, err := filepath.Glob("../tests/suite/keys/" + pattern)
			check(err)
			names = slices.DeleteFunc(names, func(name string) bool { return strings.Contains(name, "p224") }) // refused here
			form = strings.Replace(form, "?"+kind, fmt.Sprintf("(index . %q)", filepath.Base(names[w.Intn(len(names))])), 1)
		}
	}
	return "{{" + form + "}}"
}

// body writes what has variables and a dot of its own, and takes them back.
func (w *writer) body(write func() string) string {
	outer := *w
	text := write()
	names := w.names
	*w = outer
	w.names = names
	return text
}

func (w *writer) block(depth int) string {
	return w.body(func() string {
		var text strings.Builder
		for range 1 + w.Intn(3) {
			text.WriteString(w.piece(depth))
		}
		return text.String()
	})
}

// apart writes a block whose dot is not the data.
func (w *writer) apart(depth int) string {
	return w.body(func() string {
		w.root = "$"
		return w.block(depth)
	})
}

func (w *writer) variable() string {
	w.names++
	return fmt.Sprintf("$v%d", w.names)
}

func (w *writer) piece(depth int) string {
	open, end := []string{"{{", "{{- ", "{{ ", "{{\n"}[w.Intn(4)], []string{"}}", " -}}", " }}", "\n}}"}[w.Intn(4)]
	if depth == 0 {
		return open + w.value(w.kind(), 1) + end
	}
	body := func() string { return w.block(depth - 1) }
	apart := func() string { return w.apart(depth - 1) }
	switch w.Intn(12) {
	case 0:
		return []string{" text\n", "é\n\n", "\t{ } }} ", "{{/* a comment */}}", " {{- /* a\ncomment */ -}} ", "{{- \"\" -}}"}[w.Intn(6)]
	case 1:
		return w.body(func() string {
			text := open + "if " + w.declared('b') + end + body() + "{{else if " + w.value('a', 1) + "}}" + body()
			return text + "{{else}}" + body() + "{{end}}"
		})
	case 2:
		otherwise := []string{"", "{{else}}" + body(), "{{else with " + w.value(w.kind(), 1) + "}}" + apart() + "{{else}}" + body()}[w.Intn(3)]
		return w.body(func() string { return open + "with " + w.declared(w.kind()) + end + apart() }) + otherwise + "{{end}}"
	case 3:
		return w.ranged(open, end, depth)
	case 4:
		name := w.variable()
		text := open + name + " := " + w.value(w.kind(), 2) + end + "{{" + name + "}}{{" + name + " = " + w.value(w.kind(), 1) + "}}"
		w.variables = append(slices.Clone(w.variables), name)
		return text
	case 5:
		name := strings.Replace(w.variable(), "$v", "b", 1)
		inner := w.body(func() string {
			w.variables, w.far = nil, true
			return w.block(depth - 1)
		})
		return fmt.Sprintf("{{block %q %s}}%s{{end}}", name, w.value(w.kind(), 1), inner)
	case 6:
		if len(w.variables) == 0 {
			return body()
		}
		return "{{" + w.variables[w.Intn(len(w.variables))] + " = " + w.value(w.kind(), 2) + end
	default:
		return open + w.value(w.kind(), 3) + []string{"", " | quote", " | toJson", " | printf \"%T %v\" .s", " | " + w.through()}[w.Intn(5)] + end
	}
}

// ranged writes a loop, with no variable, one or two, new or known ones.
func (w *writer) ranged(open, end string, depth int) string {
	over := w.value("lmlmw"[w.Intn(5)], 2)
	leave := []string{"", "{{break}}", "{{continue}}", "{{if " + w.value('b', 1) + "}}{{break}}{{end}}", "{{if " + w.value('b', 1) + "}}x{{continue}}{{end}}"}[w.Intn(5)]
	otherwise := []string{"", "{{else}}" + w.block(depth-1)}[w.Intn(2)]
	return w.body(func() string {
		var names []string
		for range w.Intn(3) {
			names = append(names, w.variable())
		}
		assign := " := "
		if len(w.variables) > 1 && w.Intn(4) == 0 {
			names, assign = w.variables[:len(names)], " = "
		}
		head := ""
		if len(names) > 0 {
			head = strings.Join(names, ", ") + assign
		}
		w.variables = append(slices.Clone(w.variables), names...)
		return open + "range " + head + over + end + leave + w.apart(depth-1)
	}) + otherwise + "{{end}}"
}

// declared writes a value that may get a name.
func (w *writer) declared(kind byte) string {
	text := w.value(kind, 2)
	if w.Intn(4) == 0 {
		name := w.variable()
		w.variables = append(slices.Clone(w.variables), name)
		return name + " := " + text
	}
	return text
}

func (w *writer) kind() byte { return "sssiifblmat"[w.Intn(11)] }

// value writes an expression of this kind, seldom of another.
func (w *writer) value(kind byte, depth int) string {
	if strings.IndexByte("sinfblma", kind) >= 0 && (w.Intn(150) == 0 || kind == 'a' && w.Intn(2) == 0) {
		kind = "sssiifblma"[w.Intn(10)]
	}
	if kind == 'P' {
		return w.format()
	}
	functions := slices.Sorted(maps.Keys(takes[kind]))
	if depth <= 0 || w.Intn(4) == 0 || len(functions)+len(forms[kind]) == 0 {
		return w.leaf(kind)
	}
	if choice := w.Intn(len(functions) + len(forms[kind])); choice >= len(functions) {
		return w.filled(forms[kind][choice-len(functions)], depth)
	} else if name := functions[choice]; slices.Contains(touchy, name) && w.Intn(8) > 0 {
		return w.leaf(kind)
	} else {
		text := name
		for _, kind := range []byte(takes[kind][name]) {
			text += []string{" ", " ", " ", "\n"}[w.Intn(4)] + w.argument(kind, depth-1)
		}
		return text
	}
}

// argument writes a value as it stands behind a function.
func (w *writer) argument(kind byte, depth int) string {
	text := w.value(kind, depth)
	if strings.ContainsAny(text, " \n") && !strings.HasPrefix(text, `"`) && !strings.HasPrefix(text, "`") {
		return "(" + text + ")"
	}
	return text
}

// filled puts values into a form.
func (w *writer) filled(form string, depth int) string {
	var text strings.Builder
	for i := 0; i < len(form); i++ {
		if form[i] == '?' {
			i++
			text.WriteString(w.argument(form[i], depth-1))
		} else {
			text.WriteByte(form[i])
		}
	}
	return text.String()
}

// through writes what a value may be piped into: a function less its last argument.
func (w *writer) through() string {
	kind := "sssblmaif"[w.Intn(9)]
	functions := slices.Sorted(maps.Keys(takes[kind]))
	name := functions[w.Intn(len(functions))]
	text, kinds := name, takes[kind][name]
	if strings.ContainsAny(kinds, "woMtrRjyudLzvcpk") {
		return "quote"
	}
	for _, kind := range []byte(kinds[:max(0, len(kinds)-1)]) {
		text += " " + w.argument(kind, 0)
	}
	return text
}

// leaf writes a value that no function makes.
func (w *writer) leaf(kind byte) string {
	if len(w.variables) > 0 && strings.IndexByte("sinfblma", kind) >= 0 && w.Intn(8) == 0 {
		return w.variables[w.Intn(len(w.variables))] + []string{"", "", "", ".a", ".in.deep"}[w.Intn(5)]
	}
	all := plain[kind]
	text := all[w.Intn(len(all))]
	if w.secret && !w.far && kind == 's' && strings.HasPrefix(text, ".") {
		text = secretFields[w.Intn(len(secretFields))]
	}
	for (w.far || w.secret && kind != 's') && strings.HasPrefix(text, ".") && text != "." && !strings.HasPrefix(text, ".5") && w.Intn(10) > 0 {
		if kind == 'l' || kind == 'm' {
			return map[byte]string{'l': `(list "b" 1 nil)`, 'm': `(dict "a" "x" "in" (dict "deep" 2))`}[kind]
		}
		text = all[w.Intn(len(all))]
	}
	if strings.HasPrefix(text, ".") && text != "." && text != ".5" && w.Intn(20) > 0 {
		text = w.root + text
	}
	return text
}

// format writes what printf takes, with every verb but the one for addresses, and every flag.
func (w *writer) format() string {
	var text strings.Builder
	for range 1 + w.Intn(3) {
		text.WriteString([]string{"", "x", "é ", "%%", " "}[w.Intn(5)] + "%")
		for range w.Intn(3) {
			text.WriteByte("+-# 0"[w.Intn(5)])
		}
		text.WriteString([]string{"", "", "", "5", "12", "*", "[1]", "[2]", "[3]", "[x]"}[w.Intn(10)])
		text.WriteString([]string{"", "", "", "", ".2", ".0", ".", ".*", ".[1]*", ".9"}[w.Intn(10)])
		text.WriteString([]string{"v", "v", "v", "s", "d", "q", "x", "X", "o", "O", "b", "c", "U", "e", "E", "f", "F", "g", "G", "t", "T", "w", "z", "!", "é", ""}[w.Intn(26)])
	}
	return `"` + text.String() + `"`
}
