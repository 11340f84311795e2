package main

import "text/template"

// sprigFunctions are sprig's, less those that External Secrets Operator leaves out.
func sprigFunctions() template.FuncMap {
	return template.FuncMap{}
}
