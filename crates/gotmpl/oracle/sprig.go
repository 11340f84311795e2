package main

import (
	"crypto/sha1" //nolint:gosec // what htpasswd calls sha
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"reflect"
	"strings"
	"text/template"

	"github.com/Masterminds/semver/v3"
	"github.com/Masterminds/sprig/v3"
	"golang.org/x/crypto/bcrypt"
)

// sprigFunctions are sprig's, less those that External Secrets Operator leaves out, and with what it changes: two functions, and
// errors that do not quote what they are about.
func sprigFunctions() template.FuncMap {
	functions := template.FuncMap(sprig.TxtFuncMap())
	for _, name := range []string{"env", "expandenv", "getHostByName"} {
		delete(functions, name)
	}
	maps.Copy(functions, template.FuncMap{"hexdec": hexadecimal, "htpasswd": passwordLine, "semverCompare": admits})
	functions["urlJoin"] = joining(functions["urlJoin"].(func(map[string]any) string))
	for message, names := range silent {
		for _, name := range strings.Fields(names) {
			functions[name] = saying(message, functions[name])
		}
	}
	return functions
}

// silent has the functions whose errors External Secrets Operator replaces by a text of its own.
var silent = map[string]string{
	"invalid regular expression": `regexFind regexFindAll regexReplaceAll regexReplaceAllLiteral regexSplit mustRegexMatch mustRegexFind
		mustRegexFindAll mustRegexReplaceAll mustRegexReplaceAllLiteral mustRegexSplit`,
	"invalid JSON":            "mustFromJson",
	"JSON encoding failed":    "toRawJson mustToJson mustToPrettyJson mustToRawJson",
	"invalid date":            "mustToDate",
	"invalid duration":        "mustDateModify must_date_modify",
	"invalid version":         "semver",
	"dictionary merge failed": "mustMerge mustMergeOverwrite",
	"deep copy failed":        "deepCopy mustDeepCopy",
	"unable to parse url":     "urlParse",
}

// saying is the function with all its errors and panics replaced by this one.
func saying(message string, function any) any {
	inner := reflect.ValueOf(function)
	return reflect.MakeFunc(inner.Type(), func(args []reflect.Value) []reflect.Value {
		defer func() {
			reason := recover()
			if _, misuse := reason.(*reflect.ValueError); misuse {
				panic(reason)
			}
			if reason != nil {
				panic(errors.New(message))
			}
		}()
		call := inner.Call
		if inner.Type().IsVariadic() {
			call = inner.CallSlice
		}
		results := call(args)
		if last := len(results) - 1; last == 1 && !results[last].IsNil() {
			results[last] = reflect.ValueOf(errors.New(message)).Convert(inner.Type().Out(last))
		}
		return results
	}).Interface()
}

// joining is urlJoin with the panics that External Secrets Operator has.
func joining(join func(map[string]any) string) func(map[string]any) string {
	return func(parts map[string]any) string {
		defer func() {
			reason := recover()
			text, _ := reason.(string)
			switch {
			case strings.HasPrefix(text, "unable to parse userinfo in dict"):
				panic("unable to parse url userinfo")
			case text != "":
				panic("unable to parse dictionary value: expected string")
			case reason != nil:
				panic(reason)
			}
		}()
		return join(parts)
	}
}

func admits(constraint, version string) (bool, error) {
	wanted, err := semver.NewConstraint(constraint)
	if err != nil {
		return false, errors.New("invalid version constraint")
	}
	found, err := semver.NewVersion(version)
	if err != nil {
		return false, errors.New("invalid version")
	}
	return wanted.Check(found), nil
}

func hexadecimal(text string) string {
	bytes, err := hex.DecodeString(text)
	if err != nil {
		return err.Error()
	}
	return string(bytes)
}

func passwordLine(user, password, algorithm string) string {
	if strings.Contains(user, ":") {
		return "invalid username: " + user
	}
	if algorithm == "sha" {
		sum := sha1.Sum([]byte(password)) //nolint:gosec // as above
		return user + ":{SHA}" + base64.StdEncoding.EncodeToString(sum[:])
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		return user + ":failed to encrypt string with bcrypt: " + err.Error()
	}
	return user + ":" + string(hash)
}
