package main

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
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

// bench writes how many nanoseconds a render of a file's template takes, by the clock and of the processors: with parsing each time,
// as External Secrets Operator does it, and without, into a buffer that has its size already.
func bench(path string, times int) {
	text, err := os.ReadFile(path)
	check(err)
	functions := libraryFunctions()
	parse := func() *template.Template {
		return template.Must(template.New("text").Option("missingkey=error").Funcs(functions).Parse(string(text)))
	}
	each := func(render func()) {
		began, busy := time.Now(), processors()
		for range times {
			render()
		}
		per := func(spent time.Duration) float64 { return float64(spent.Nanoseconds()) / float64(times) }
		fmt.Println(per(time.Since(began)), per(processors()-busy))
	}
	each(func() { check(parse().Execute(&bytes.Buffer{}, benchData)) })
	parsed, out := parse(), bytes.Buffer{}
	each(func() {
		out.Reset()
		check(parsed.Execute(&out, benchData))
	})
}

// processors tells how long processors have worked for this process, its garbage collector included.
func processors() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
