package main

import (
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
	"strings"
	"text/template"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"sigs.k8s.io/yaml"
)

// keyFunctions are those that External Secrets Operator adds to sprig's: PKCS#12, PEM, JWK, RSA, YAML.
func keyFunctions() template.FuncMap {
	return template.FuncMap{
		"pkcs12key":                 func(p12 string) (string, error) { return readKey("", p12) },
		"pkcs12keyPass":             readKey,
		"pkcs12cert":                func(p12 string) (string, error) { return readChain("", p12) },
		"pkcs12certPass":            readChain,
		"pemToPkcs12":               func(cert, key string) (string, error) { return writeStore(cert, key, "", false) },
		"pemToPkcs12Pass":           func(cert, key, pass string) (string, error) { return writeStore(cert, key, pass, false) },
		"fullPemToPkcs12":           func(certs, key string) (string, error) { return writeStore(certs, key, "", true) },
		"fullPemToPkcs12Pass":       func(certs, key, pass string) (string, error) { return writeStore(certs, key, pass, true) },
		"pemTruststoreToPKCS12":     func(certs string) (string, error) { return writeTrust(certs, "") },
		"pemTruststoreToPKCS12Pass": writeTrust,
		"filterPEM":                 filterBlocks,
		"filterCertChain":           filterChain,
		"certSANs":                  alternativeNames,
		"jwkPublicKeyPem":           publicJwk,
		"jwkPrivateKeyPem":          privateJwk,
		"toYaml":                    toYaml,
		"fromYaml":                  fromYaml,
		"rsaDecrypt":                decryptRsa,
	}
}

// keyTools are what the cases need besides, to look into what the functions make.
var keyTools = template.FuncMap{
	"decode64": func(text string) (string, error) {
		bytes, err := base64.StdEncoding.DecodeString(text)
		return string(bytes), err
	},
	"list": func(values ...any) []any { return values },
	"strings": func(text string) (map[string]string, error) {
		values := map[string]string{}
		err := yaml.Unmarshal([]byte(text), &values)
		return values, err
	},
	"dict": engineFunctions["dict"],
}

func encodePem(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// order puts the certificates from leaf to root, by their key identifiers: the issuer is the first other one whose subject's
// identifier is the authority's. The leaf is the one that issued none.
func order(certs []*x509.Certificate) ([]*x509.Certificate, error) {
	issuer := make([]int, len(certs))
	issued := make([]bool, len(certs))
	for i, cert := range certs {
		issuer[i] = -1
		for j, other := range certs {
			if i != j && string(cert.AuthorityKeyId) == string(other.SubjectKeyId) {
				issuer[i], issued[j] = j, true
				break
			}
		}
	}
	at := -1
	for i := range certs {
		if issued[i] {
			continue
		}
		if at >= 0 {
			return nil, errors.New("found multiple leaf or disjunct certificates")
		}
		at = i
	}
	if at < 0 {
		return nil, errors.New("no leaf certificate found")
	}
	var ordered []*x509.Certificate
	for ; at >= 0; at = issuer[at] {
		if len(ordered) == len(certs) {
			return nil, errors.New("constructing chain resulted in cycle")
		}
		ordered = append(ordered, certs[at])
	}
	return ordered, nil
}

// certificates reads one block after the other; strict, it does not stop before the end, and Go dies of what is no block.
func certificates(data []byte, strict bool) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for {
		block, rest := pem.Decode(data)
		if strict && len(data) == 0 || !strict && block == nil {
			return certs, nil
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certs, data = append(certs, cert), rest
	}
}

func parseKey(der []byte) (any, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	return nil, errors.New("unable to parse private key type")
}

// fromBegin leaves out what stands before the first block.
func fromBegin(text string) []byte {
	return []byte(text[max(strings.Index(text, "-----BEGIN"), 0):])
}

func filterBlocks(kind, text string) (string, error) {
	var kept strings.Builder
	block, rest := pem.Decode(fromBegin(text))
	for ; block != nil; block, rest = pem.Decode(rest) {
		if strings.EqualFold(block.Type, kind) {
			if err := pem.Encode(&kept, block); err != nil {
				return "", err
			}
		}
	}
	if kept.Len() == 0 && len(rest) > 0 {
		return "", errors.New("error filtering pem: found junk")
	}
	return kept.String(), nil
}

func filterChain(kind, text string) (string, error) {
	certs, err := certificates([]byte(text), false)
	if err != nil {
		return "", err
	}
	chain, err := order(certs)
	if err != nil {
		return "", err
	}
	root := func(cert *x509.Certificate) bool {
		return cert.AuthorityKeyId == nil || string(cert.AuthorityKeyId) == string(cert.SubjectKeyId)
	}
	var kept string
	first, last := chain[0], chain[len(chain)-1]
	switch {
	case kind == "leaf" && !root(first):
		kept = encodePem("CERTIFICATE", first.Raw)
	case kind == "root" && root(last):
		kept = encodePem("CERTIFICATE", last.Raw)
	case kind == "intermediate":
		for _, cert := range chain[1:] {
			if root(cert) {
				break
			}
			kept += encodePem("CERTIFICATE", cert.Raw)
		}
	}
	return kept, nil
}

func alternativeNames(text string) ([]string, error) {
	block, _ := pem.Decode(fromBegin(text))
	if block == nil {
		return nil, errors.New("failed to decode PEM block")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("failed to parse certificate: %w", err)
	}
	names := append([]string{}, cert.DNSNames...)
	for _, address := range cert.IPAddresses {
		names = append(names, address.String())
	}
	names = append(names, cert.EmailAddresses...)
	for _, uri := range cert.URIs {
		names = append(names, uri.String())
	}
	return names, nil
}

func rawJwk(text string) (raw any, err error) {
	key, err := jwk.ParseKey([]byte(text))
	if err == nil {
		err = key.Raw(&raw)
	}
	return raw, err
}

func publicJwk(text string) (string, error) {
	raw, err := rawJwk(text)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKIXPublicKey(raw)
	return encodePem("PUBLIC KEY", der), err
}

func privateJwk(text string) (string, error) {
	raw, err := rawJwk(text)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(raw)
	return encodePem("PRIVATE KEY", der), err
}

func toYaml(value any) string {
	text, err := yaml.Marshal(value)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(text), "\n")
}

func fromYaml(text string) map[string]any {
	values := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		values["Error"] = err.Error()
	}
	return values
}

func decryptRsa(scheme, hashName, text, key string) (string, error) {
	if scheme == "None" {
		return text, nil
	}
	if scheme != "RSA-OAEP" {
		return "", fmt.Errorf("decryption scheme %v is not supported", scheme)
	}
	block, _ := pem.Decode([]byte(key))
	if block == nil {
		return "", errors.New("failed to decode PEM block")
	}
	parsed, err := parseKey(block.Bytes)
	if err != nil {
		return "", fmt.Errorf("could not parse private key: %v", err)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return "", errors.New("could not parse RSA private key")
	}
	digest := map[string]func() hash.Hash{"SHA1": sha1.New, "SHA512": sha512.New}[hashName]
	if digest == nil {
		digest = sha256.New
	}
	plain, err := rsa.DecryptOAEP(digest(), nil, private, []byte(text), nil)
	if err != nil {
		return "", fmt.Errorf("error decrypting data with RSA: %v", err)
	}
	return string(plain), nil
}
