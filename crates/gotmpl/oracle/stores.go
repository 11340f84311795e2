package main

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

func readKey(pass, p12 string) (string, error) {
	key, _, _, err := pkcs12.DecodeChain([]byte(p12), pass)
	if err != nil {
		return "", fmt.Errorf("unable to decode pkcs12 with password: %s", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return encodePem("PRIVATE KEY", der), err
}

func readChain(pass, p12 string) (string, error) {
	_, cert, others, err := pkcs12.DecodeChain([]byte(p12), pass)
	if err != nil {
		return "", fmt.Errorf("unable to decode pkcs12 certificate with password: %s", err)
	}
	certs := append([]*x509.Certificate{cert}, others...)
	if ordered, err := order(certs); err == nil {
		certs = ordered
	}
	var text strings.Builder
	for _, cert := range certs {
		text.WriteString(encodePem("CERTIFICATE", cert.Raw))
	}
	return text.String(), nil
}

func writeStore(certs, key, pass string, full bool) (string, error) {
	block, rest := pem.Decode([]byte(certs))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", err
	}
	var others []*x509.Certificate
	if full {
		if others, err = certificates(rest, true); err != nil {
			return "", err
		}
	}
	keyBlock, _ := pem.Decode([]byte(key))
	parsed, err := parseKey(keyBlock.Bytes)
	if err != nil {
		return "", err
	}
	p12, err := pkcs12.Modern.Encode(parsed, cert, others, pass)
	return base64.StdEncoding.EncodeToString(p12), err
}

func writeTrust(certs, pass string) (string, error) {
	parsed, err := certificates([]byte(certs), true)
	if err != nil {
		return "", err
	}
	p12, err := pkcs12.Modern.EncodeTrustStore(parsed, pass)
	return base64.StdEncoding.EncodeToString(p12), err
}

// show writes out what a store holds, for a test of the stores that the engine makes.
func show(file, password string) {
	p12, err := os.ReadFile(file)
	check(err)
	certs, err := pkcs12.DecodeTrustStore(p12, password)
	if err != nil {
		key, cert, others, err := pkcs12.DecodeChain(p12, password)
		check(err)
		fmt.Print(encodePem("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key))))
		certs = append([]*x509.Certificate{cert}, others...)
	}
	for _, cert := range certs {
		fmt.Print(encodePem("CERTIFICATE", cert.Raw))
	}
}
