package main

import "text/template"

// keyFunctions are those that External Secrets Operator adds to sprig's: PKCS#12, PEM, JWK, RSA, YAML.
func keyFunctions() template.FuncMap {
	return template.FuncMap{}
}
