package main

import (
	"bytes"
	"fmt"
	"os"
	"text/template"
	"time"
)

// benchData is what examples/versus_go.rs renders with.
var benchData = map[string]string{
	"service": "Billing", "namespace": "shop", "user": "app@shop", "password": "p@ss w/rd:42", "host": "db.internal",
	"port": "5432", "database": "billing", "ca": "-----BEGIN CERTIFICATE-----", "pool": "", "replicas": "db-1, db-2,db-3",
	"token": "0123456789abcdef0123456789abcdef0123456789abcdef",
	"extra": `{"issuer":"https://id.internal","scopes":["read","write"]}`,
}

// bench writes how many nanoseconds a render of a file's template takes: with parsing each time, as External Secrets Operator
// does it, and without.
func bench(path string, times int) {
	text, err := os.ReadFile(path)
	check(err)
	functions := libraryFunctions()
	parse := func() *template.Template {
		return template.Must(template.New("text").Option("missingkey=error").Funcs(functions).Parse(string(text)))
	}
	parsed := parse()
	each := func(render func()) float64 {
		began := time.Now()
		for range times {
			render()
		}
		return float64(time.Since(began).Nanoseconds()) / float64(times)
	}
	whole := each(func() { check(parse().Execute(&bytes.Buffer{}, benchData)) })
	fmt.Println(whole, each(func() { check(parsed.Execute(&bytes.Buffer{}, benchData)) }))
}
