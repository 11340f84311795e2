// Command oracle asks Go what templates give, for the Rust tests to compare.
//
//	go run . cases ../tests/suite/expected               # the tables that are checked in, one for each case file
//	go run . -only lists cases ../tests/suite/expected   # one of them
//	go run . -random 20000 cases /tmp/more               # more, made of pieces of the cases; GOTMPL_CASES=/tmp/more lets the
//	                                                     # tests compare that
//	go run . -grow 5000 -seed 7 cases /tmp/more          # templates of the whole grammar, to be compared in the same way
//	go run . -fixtures ../tests/suite/keys               # the keys and certificates of the cases anew
//	go run . -bench config.tmpl -times 20000             # nanoseconds a render, with parsing and without
//	go run . -store store.p12 -password secret           # what a PKCS#12 holds
//
// A case file has one template a line. In a template ⏎ stands for a new line. A line that begins with #! sets what
// holds for the lines below it: data, missingkey, left, right, reason, functions (library: those of sprig and of External
// Secrets Operator; keys: those, and a few to look into what they make; else a few for tests of the engine);
// other lines with # are comments. Behind ⇒ stands what the engine gives where it differs on purpose.
package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
	"unicode/utf8"
)

type testCase struct {
	Group      string  `json:"group"`
	Template   string  `json:"template"`
	Data       string  `json:"data"`
	MissingKey string  `json:"missingkey,omitempty"`
	Left       string  `json:"left,omitempty"`
	Right      string  `json:"right,omitempty"`
	Functions  string  `json:"functions,omitempty"`
	Output     *string `json:"output,omitempty"`
	Hex        *string `json:"hex,omitempty"`
	Error      *string `json:"error,omitempty"`
	Ours       *string `json:"ours,omitempty"`
	Reason     string  `json:"reason,omitempty"`
}

func main() {
	random := flag.Int("random", 0, "how many templates to make of pieces of the cases")
	grow := flag.Int("grow", 0, "how many templates to make of the grammar, with all kinds of constructs and the library's functions")
	seed := flag.Int64("seed", 1, "which ones")
	keys := flag.String("fixtures", "", "where to make the keys and certificates of the cases anew")
	store := flag.String("store", "", "a PKCS#12 file to read: keys and certificates, or trusted certificates, are written out")
	password := flag.String("password", "", "its password")
	file := flag.String("bench", "", "a file with a template: how many nanoseconds a render takes, with parsing and without")
	times := flag.Int("times", 1000, "how often it is rendered for that")
	only := flag.String("only", "", "the case file to ask about, without .txt; all if empty")
	flag.Parse()
	if *file != "" {
		bench(*file, *times)
		return
	}
	if *keys != "" {
		fixtures{*keys}.make()
		return
	}
	if *store != "" {
		show(*store, *password)
		return
	}
	var cases []testCase
	files, err := filepath.Glob(filepath.Join(flag.Arg(0), "*.txt"))
	check(err)
	for _, file := range files {
		cases = append(cases, read(file)...)
	}
	cases = append(cases, verbs()...)
	if *random > 0 {
		cases = mix(cases, *random, rand.New(rand.NewSource(*seed)))
	}
	if *grow > 0 {
		cases = grown(*grow, rand.New(rand.NewSource(*seed)))
	}
	tables := map[string][]testCase{}
	for _, c := range cases {
		if *only == "" || *only == c.Group {
			ask(&c)
			tables[c.Group] = append(tables[c.Group], c)
		}
	}
	for group, table := range tables {
		write(filepath.Join(flag.Arg(1), group+".json"), table)
	}
}

func write(path string, table []testCase) {
	check(os.MkdirAll(filepath.Dir(path), 0o755))
	file, err := os.Create(path)
	check(err)
	out := json.NewEncoder(file)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	check(out.Encode(table))
	check(file.Close())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(file string) []testCase {
	text, err := os.ReadFile(file)
	check(err)
	settings := testCase{Group: strings.TrimSuffix(filepath.Base(file), ".txt"), Data: "any"}
	var cases []testCase
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if rest, ok := strings.CutPrefix(line, "#! "); ok {
			set(&settings, rest)
		} else if !strings.HasPrefix(line, "#") {
			next := settings
			source, ours, differs := strings.Cut(line, " ⇒ ")
			next.Template = strings.ReplaceAll(source, "⏎", "\n")
			if differs {
				next.Ours = &ours
			}
			cases = append(cases, next)
		}
	}
	return cases
}

func set(settings *testCase, line string) {
	name, value, _ := strings.Cut(line, "=")
	switch name {
	case "data":
		settings.Data = value
	case "missingkey":
		settings.MissingKey = value
	case "left":
		settings.Left = value
	case "right":
		settings.Right = value
	case "reason":
		settings.Reason = value
	case "functions":
		settings.Functions = value
	default:
		check(fmt.Errorf("unknown setting %q", name))
	}
}

// verbs makes a table of printf: each verb with each set of flags, for values of each type.
func verbs() []testCase {
	flags := []string{"", "+", "-8", "08", "8", "#", " ", ".3", "10.2", "-10.2", "+012.1", "# ", ".0", "#.3", "+#", "-08", "+.1", "# 30", "0.5", "#20.8"}
	var cases []testCase
	for _, verb := range "vsdqxXobOcUeEfFgGtTwz" {
		for _, flag := range flags {
			text := fmt.Sprintf(`{{range .}}{{printf "%%%s%c|" .}}{{end}}`, flag, verb)
			cases = append(cases, testCase{Group: "verbs", Template: text, Data: "values"})
		}
	}
	return cases
}

// address is what differs from run to run.
var address = regexp.MustCompile("0x[0-9a-f]{9,}")

// ask lets Go parse and execute the template.
func ask(c *testCase) {
	functions := engineFunctions
	if c.Functions == "library" || c.Functions == "keys" {
		functions = libraryFunctions()
	}
	parsed, err := template.New("t").Delims(c.Left, c.Right).Funcs(functions).Funcs(tools(c.Functions)).Parse(c.Template)
	var out bytes.Buffer
	if err == nil {
		if c.MissingKey != "" {
			parsed.Option("missingkey=" + c.MissingKey)
		}
		err = parsed.Execute(&out, data()[c.Data])
	}
	text := out.String()
	if c.Ours != nil {
		text = address.ReplaceAllString(text, "0xADDRESS")
	}
	if err != nil {
		message := strings.ToValidUTF8(err.Error(), "\uFFFD")
		c.Error = &message
	} else if utf8.ValidString(text) {
		c.Output = &text
	} else {
		digits := hex.EncodeToString(out.Bytes())
		c.Hex = &digits
	}
}

// tools are what the cases have besides.
func tools(functions string) template.FuncMap {
	if functions == "keys" {
		return keyTools
	}
	return nil
}

// mix makes templates that are mostly wrong: it cuts the cases into words and puts them together anew.
func mix(cases []testCase, count int, random *rand.Rand) []testCase {
	var words []string
	var sources []testCase
	for _, c := range cases {
		if c.Functions == "" && c.Left == "" && c.Right == "" && len(c.Template) < 300 && c.Ours == nil {
			words = append(words, split(c.Template)...)
			sources = append(sources, c)
		}
	}
	var mixed []testCase
	for len(mixed) < count {
		settings := sources[random.Intn(len(sources))]
		var text strings.Builder
		if random.Intn(3) > 0 {
			mutate(&text, split(settings.Template), words, random)
		} else {
			for range 1 + random.Intn(8) {
				text.WriteString(words[random.Intn(len(words))])
			}
		}
		c := testCase{Group: "random", Template: text.String(), Data: settings.Data, MissingKey: settings.MissingKey}
		if isCompared(c) {
			mixed = append(mixed, c)
		}
	}
	return mixed
}

func mutate(text *strings.Builder, own, words []string, random *rand.Rand) {
	change := random.Intn(len(own) + 1)
	for i, word := range own {
		if i == change {
			switch random.Intn(3) {
			case 0:
				text.WriteString(words[random.Intn(len(words))])
				text.WriteString(word)
			case 1:
				text.WriteString(words[random.Intn(len(words))])
			}
			continue
		}
		text.WriteString(word)
	}
}

// split cuts a template where the kind of its characters changes, and keeps everything.
func split(text string) []string {
	var words []string
	start, last := 0, -1
	for i, r := range text {
		kind := kindOf(r)
		if i > 0 && (kind != last || kind == 0) && !(r == '{' || r == '}') || i > 0 && (r == '{' || r == '}') && kind != last {
			words = append(words, text[start:i])
			start = i
		}
		last = kind
	}
	return append(words, text[start:])
}

func kindOf(r rune) int {
	switch {
	case r == '{':
		return 1
	case r == '}':
		return 2
	case r == ' ':
		return 3
	case r == '(' || r == ')' || r == '|' || r == '.' || r == '"' || r == '$' || r == '`' || r == '\'':
		return 0
	}
	return 4
}
