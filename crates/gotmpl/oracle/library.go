package main

import (
	"maps"
	"text/template"
)

// libraryFunctions are those that External Secrets Operator offers its templates.
func libraryFunctions() template.FuncMap {
	functions := template.FuncMap{}
	maps.Copy(functions, sprigFunctions())
	maps.Copy(functions, keyFunctions())
	return functions
}
