package main

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// data gives the values that templates are applied to; the Rust test has the same.
func data() map[string]any {
	return map[string]any{
		"nil":  nil,
		"keys": keyFiles(),
		"text": "plain",
		"secret": map[string]string{
			"user": "admin", "password": "p@ss\"w<o>rd&é'=", "empty": "", "number": "42", "pem": "-----BEGIN\nline\n",
			"binary": "\xff\x00\xfe", "tls.crt": "cert",
		},
		"values": []any{
			"héllo", "", "\x00`", 0, 42, -7, math.MaxInt64, 65, 0.0, 3.24159, -2.5e10, 1e21, 1e-7, 123456789.0, true, []any{1, "two", 3.5, nil},
			map[string]string{"k": "v", "j": "w"}, nil, int64(64), byte('a'), 100000000.0, 0.000001234, math.Inf(1), math.Inf(-1), math.NaN(), math.Copysign(0, -1),
		},
		"any": map[string]any{
			"s": "str", "empty": "", "i": 7, "zero": 0, "neg": -3, "i64": int64(64), "f": 2.5, "f0": 0.0, "t": true, "no": false,
			"nothing": nil, "list": []any{1, "two", 3.5, nil, true}, "none": []any{}, "strs": []string{"b", "a"},
			"ints": []int{3, 1, 2}, "lists": [][]string{{"x"}, {}},
			"map":  map[string]any{"b": 2, "a": "one", "in": map[string]any{"deep": "down", "nothing": nil}, "B": nil},
			"smap": map[string]string{"k": "v", "j": "w"}, "void": map[string]any{}, "_u": "under", "é": "accent",
		},
	}
}

// keyFiles are the files of the folder of keys by their names, and some that are made of them.
func keyFiles() map[string]string {
	files, err := filepath.Glob("../tests/suite/keys/*")
	check(err)
	values := map[string]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		check(err)
		values[filepath.Base(file)] = string(content)
	}
	return values
}

// engineFunctions are what the Rust test adds to the engine.
var engineFunctions = template.FuncMap{
	"upper": strings.ToUpper,
	"join":  func(separator string, parts ...string) string { return strings.Join(parts, separator) },
	"dict": func(pairs ...any) map[string]any {
		made := map[string]any{}
		for i := 0; i+1 < len(pairs); i += 2 {
			key, _ := pairs[i].(string)
			made[key] = pairs[i+1]
		}
		return made
	},
	"list": func(values ...any) []any { return values },
	"set": func(target map[string]any, key string, value any) map[string]any {
		target[key] = value
		return target
	},
	"fail":   func(message string) (string, error) { return "", errors.New(message) },
	"half":   func(number float64) float64 { return number / 2 },
	"yes":    func(answer bool) string { return map[bool]string{true: "yes", false: "no"}[answer] },
	"wide":   func(number int64) int64 { return number },
	"narrow": func(number int) int { return number },
	"octet":  func(number uint8) uint8 { return number },
	"count":  func(values []string) int { return len(values) },
	"nothing": func() any {
		return nil
	},
	"pair": func(left string, right int) string { return left + strings.Repeat("!", right) },
}
