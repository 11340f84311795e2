// Command oracle asks Go's gjson what property paths name, for the Rust tests to compare. `make fuzz-paths` does that with
// paths and documents that are made up.
//
//	go run . cases expected                                # the tables that are checked in, one for each case file
//	go run . -random 100000 -seed 7 cases /tmp/more        # more, made of pieces of the cases, with documents that are cut
//	                                                       # and torn; GJSON_CASES=/tmp/more lets the tests compare that
//
// A case file has one path a line, for the document of the last line before it that begins with ===. A document in
// quotes is a string of Go (with escapes, say for a line break). Lines that begin with // are comments.
package main

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// table is a document with paths.
type table struct {
	Document string   `json:"document"`
	Answers  []answer `json:"answers"`
}

// answer is what a path names: a text, bytes that are none, or nothing.
type answer struct {
	Path string  `json:"path"`
	Text *string `json:"text,omitempty"`
	Hex  *string `json:"hex,omitempty"`
}

func main() {
	random := flag.Int("random", 0, "how many cases to make of pieces of the cases")
	seed := flag.Int64("seed", 1, "which ones")
	flag.Parse()
	files, err := filepath.Glob(filepath.Join(flag.Arg(0), "*.txt"))
	check(err)
	check(os.MkdirAll(flag.Arg(1), 0o755))
	var all []table
	for _, file := range files {
		tables := read(file)
		if *random == 0 {
			name := strings.TrimSuffix(filepath.Base(file), ".txt") + ".json"
			write(filepath.Join(flag.Arg(1), name), tables)
		}
		all = append(all, tables...)
	}
	if *random > 0 {
		write(filepath.Join(flag.Arg(1), "random.json"), mix(all, *random, rand.New(rand.NewSource(*seed))))
	}
}

func read(file string) []table {
	text, err := os.ReadFile(file)
	check(err)
	var tables []table
	for _, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		if document, ok := strings.CutPrefix(line, "=== "); ok {
			if strings.HasPrefix(document, `"`) {
				document, err = strconv.Unquote(document)
				check(err)
			}
			tables = append(tables, table{Document: document})
			continue
		}
		last := &tables[len(tables)-1]
		if found, ok := ask(last.Document, line); ok {
			last.Answers = append(last.Answers, found)
		} else {
			check(fmt.Errorf("%s: gjson panics at %s", file, line))
		}
	}
	return tables
}

// ask looks a path up, if gjson does not panic at it.
func ask(document, path string) (found answer, ok bool) {
	defer func() { ok = recover() == nil }()
	found.Path = path
	if result := gjson.Get(document, path); result.Exists() {
		text := result.String()
		if utf8.ValidString(text) {
			found.Text = &text
		} else {
			digits := hex.EncodeToString([]byte(text))
			found.Hex = &digits
		}
	}
	return found, true
}

// marks are what paths and documents are broken with.
const marks = `.|#@!*?\"'[]{}(),:=<>%~ 01aetnf-_é`

// mix makes cases: documents of the tables, most of them torn, each with paths made of parts of their paths.
func mix(tables []table, count int, random *rand.Rand) []table {
	var all []string
	for _, table := range tables {
		all = append(all, parts(table)...)
	}
	var mixed []table
	for made := 0; made < count; {
		of := tables[random.Intn(len(tables))]
		document, own := of.Document, parts(of)
		part := func() string {
			if len(own) > 0 && random.Intn(3) > 0 {
				return own[random.Intn(len(own))]
			}
			return all[random.Intn(len(all))]
		}
		for tears := random.Intn(4); tears > 0; tears-- {
			document = tear(document, random)
		}
		group := table{Document: document}
		for range 20 {
			path := part()
			for random.Intn(2) > 0 {
				path += []string{".", ".", "|", ".#.", ".@", "|@"}[random.Intn(6)] + part()
			}
			if random.Intn(4) == 0 {
				path = tear(path, random)
			}
			if found, ok := ask(document, path); ok {
				group.Answers = append(group.Answers, found)
			}
		}
		mixed = append(mixed, group)
		made += 20
	}
	return mixed
}

// parts are the paths of a table and their parts.
func parts(of table) []string {
	var parts []string
	for _, answer := range of.Answers {
		parts = append(parts, answer.Path)
		parts = append(parts, strings.FieldsFunc(answer.Path, func(char rune) bool { return char == '.' || char == '|' })...)
	}
	return parts
}

// tear cuts a text, or takes a part away, doubles it or puts a mark in.
func tear(text string, random *rand.Rand) string {
	chars := []rune(text)
	if len(chars) == 0 {
		return text
	}
	from := random.Intn(len(chars))
	to := min(len(chars), from+1+random.Intn(3))
	left, middle, right := string(chars[:from]), string(chars[from:to]), string(chars[to:])
	switch random.Intn(5) {
	case 0:
		return left
	case 1:
		return left + right
	case 2:
		return left + middle + middle + right
	default:
		mark := []rune(marks)
		return left + string(mark[random.Intn(len(mark))]) + middle + right
	}
}

func write(file string, tables []table) {
	out, err := os.Create(file)
	check(err)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	check(encoder.Encode(tables))
	check(out.Close())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
