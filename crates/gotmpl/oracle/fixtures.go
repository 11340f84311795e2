package main

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"hash"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"software.sslmate.com/src/go-pkcs12"
)

// fixtures makes the keys, certificates and stores of the data set "keys" anew: all that is random in these cases. It needs
// openssl and keytool.
//
//	go run . -fixtures ../tests/suite/keys
type fixtures struct{ folder string }

func (f fixtures) write(name string, content []byte) {
	check(os.WriteFile(filepath.Join(f.folder, name), content, 0o644))
}

func (f fixtures) read(name string) []byte {
	content, err := os.ReadFile(filepath.Join(f.folder, name))
	check(err)
	return content
}

func (f fixtures) run(name string, arguments ...string) {
	command := exec.Command(name, arguments...)
	command.Dir, command.Stderr = f.folder, os.Stderr
	check(command.Run())
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func (f fixtures) make() {
	check(os.MkdirAll(f.folder, 0o755))
	private := f.keys()
	f.certificates(private)
	f.stores(private)
	f.foreignStores()
	f.ciphertexts(private["rsa"].(*rsa.PrivateKey))
}

// keys writes a key of each kind in each of its forms.
func (f fixtures) keys() map[string]any {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	check(err)
	private := map[string]any{
		"rsa":     must(rsa.GenerateKey(rand.Reader, 2048)),
		"p224":    must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader)),
		"p256":    must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		"p384":    must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
		"p521":    must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)),
		"ed25519": ed,
		"x25519":  must(ecdh.X25519().GenerateKey(rand.Reader)),
	}
	for name, key := range private {
		f.write(name+".pk8", []byte(encodePem("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))))
		if key, ok := key.(*rsa.PrivateKey); ok {
			f.write(name+".pk1", []byte(encodePem("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))))
		}
		if key, ok := key.(*ecdsa.PrivateKey); ok {
			f.write(name+".sec1", []byte(encodePem("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(key)))))
			f.write(name+".bare", []byte(encodePem("EC PRIVATE KEY", withoutPublicKey(key))))
		}
		if name != "p224" && name != "x25519" {
			f.jwk(name, key)
		}
	}
	return private
}

// withoutPublicKey is a SEC 1 key that leaves out what can be computed.
func withoutPublicKey(key *ecdsa.PrivateKey) []byte {
	curves := map[string]asn1.ObjectIdentifier{
		"P-224": {1, 3, 132, 0, 33}, "P-256": {1, 2, 840, 10045, 3, 1, 7}, "P-384": {1, 3, 132, 0, 34}, "P-521": {1, 3, 132, 0, 35},
	}
	return must(asn1.Marshal(struct {
		Version int
		Key     []byte
		Curve   asn1.ObjectIdentifier `asn1:"explicit,tag:0"`
	}{1, must(key.Bytes()), curves[key.Params().Name]}))
}

func (f fixtures) jwk(name string, key any) {
	private := must(jwk.FromRaw(key))
	f.write(name+".jwk", must(json.Marshal(private)))
	f.write(name+".pub.jwk", must(json.Marshal(must(private.PublicKey()))))
}

// certificates writes a chain of three, and some that stand alone.
func (f fixtures) certificates(private map[string]any) {
	serial := int64(0)
	sign := func(name string, template x509.Certificate, parent *x509.Certificate, key, signer any) *x509.Certificate {
		serial++
		template.SerialNumber, template.Subject.CommonName = big.NewInt(serial), name
		template.NotBefore, template.NotAfter = time.Unix(1700000000, 0), time.Unix(4000000000, 0)
		if parent == nil {
			parent = &template
		}
		der := must(x509.CreateCertificate(rand.Reader, &template, parent, key.(crypto.Signer).Public(), signer))
		f.write(name+".crt", []byte(encodePem("CERTIFICATE", der)))
		made := must(x509.ParseCertificate(der))
		f.write(name+".subject", []byte(made.Subject.String()))
		return made
	}
	authority := x509.Certificate{IsCA: true, BasicConstraintsValid: true, Subject: pkix.Name{
		Organization: []string{"Ünïcode, \"Ltd\"; <a+b>", " # "}, Country: []string{"AQ"},
	}}
	root := sign("root", authority, nil, private["p384"], private["p384"])
	between := sign("between", x509.Certificate{IsCA: true, BasicConstraintsValid: true}, root, private["p256"], private["p384"])
	leaf := x509.Certificate{
		DNSNames: []string{"example.com", "*.example.org"}, EmailAddresses: []string{"who@example.com"},
		IPAddresses:    []net.IP{{192, 0, 2, 1}, net.ParseIP("2001:db8::1"), net.ParseIP("::ffff:192.0.2.7"), net.ParseIP("2001:0:0:1::")},
		URIs:           []*url.URL{must(url.Parse("spiffe://example.com/a%20b?c#d")), must(url.Parse("urn:x:y"))},
		AuthorityKeyId: between.SubjectKeyId,
	}
	sign("leaf", leaf, between, private["rsa"], private["p256"])
	sign("p256leaf", x509.Certificate{}, between, private["p256"], private["p256"])
	sign("p521leaf", x509.Certificate{}, between, private["p521"], private["p256"])
	sign("edleaf", x509.Certificate{DNSNames: []string{"ed.example.com"}}, between, private["ed25519"], private["p256"])
	sign("alone", x509.Certificate{DNSNames: []string{"alone"}}, nil, private["ed25519"], private["ed25519"])
	sign("signed", x509.Certificate{SubjectKeyId: []byte{1, 2}, AuthorityKeyId: []byte{1, 2}, IsCA: true, BasicConstraintsValid: true}, nil, private["p521"], private["p521"])
	cycle := x509.Certificate{IsCA: true, BasicConstraintsValid: true, SubjectKeyId: []byte{1}}
	first := sign("cycle1", cycle, nil, private["p256"], private["p256"])
	first.SubjectKeyId = []byte{2}
	cycle.SubjectKeyId = []byte{1}
	sign("cycle2", cycle, first, private["p256"], private["p256"])
	first.SubjectKeyId = []byte{1}
	cycle.SubjectKeyId = []byte{2}
	sign("cycle3", cycle, first, private["p256"], private["p256"])
	block, _ := pem.Decode(f.read("leaf.crt"))
	block.Headers = map[string]string{"Zone": "z", "Proc-Type": "4,ENCRYPTED", "Apple": "a: b"}
	f.write("headers.crt", pem.EncodeToMemory(block))
}

func (f fixtures) certificate(name string) *x509.Certificate {
	block, _ := pem.Decode(f.read(name + ".crt"))
	return must(x509.ParseCertificate(block.Bytes))
}

// stores writes PKCS#12 in each way that the Go library has.
func (f fixtures) stores(private map[string]any) {
	leaf, between, root := f.certificate("leaf"), f.certificate("between"), f.certificate("root")
	chain := []*x509.Certificate{root, between}
	for name, encoder := range map[string]*pkcs12.Encoder{
		"modern": pkcs12.Modern2023, "newest": pkcs12.Modern2026, "des": pkcs12.LegacyDES, "rc2": pkcs12.LegacyRC2,
	} {
		f.write(name+".p12", must(encoder.Encode(private["rsa"], leaf, chain, "")))
		f.write(name+"-pass.p12", must(encoder.Encode(private["rsa"], leaf, chain, "pässword")))
		f.write(name+"-trust.p12", must(encoder.EncodeTrustStore(chain, "")))
	}
	f.write("open.p12", must(pkcs12.Passwordless.Encode(private["p256"], f.certificate("p256leaf"), nil, "")))
	f.write("disjunct.p12", must(pkcs12.Modern.Encode(private["rsa"], leaf, []*x509.Certificate{f.certificate("alone")}, "")))
	for _, name := range []string{"p256", "p384", "p521", "p224", "ed25519", "x25519"} {
		f.write(name+".p12", must(pkcs12.Modern.WithIterations(1).Encode(private[name], leaf, nil, "")))
	}
}

// foreignStores writes PKCS#12 as OpenSSL and Java do.
func (f fixtures) foreignStores() {
	f.write("certs.tmp", append(f.read("between.crt"), f.read("root.crt")...))
	export := func(name, password string, more ...string) {
		arguments := []string{"pkcs12", "-export", "-inkey", "rsa.pk8", "-in", "leaf.crt", "-certfile", "certs.tmp", "-out", name + ".p12", "-passout", "pass:" + password}
		f.run("openssl", append(arguments, more...)...)
	}
	export("openssl", "secret", "-name", "a friend")
	export("openssl-empty", "")
	export("openssl-aes128", "secret", "-keypbe", "AES-128-CBC", "-certpbe", "AES-192-CBC", "-macalg", "sha512", "-iter", "3")
	export("openssl-legacy", "secret", "-legacy")
	export("openssl-rc2", "secret", "-legacy", "-certpbe", "PBE-SHA1-RC2-128", "-keypbe", "PBE-SHA1-RC2-128")
	export("openssl-single", "secret", "-legacy", "-certpbe", "PBE-SHA1-DES", "-keypbe", "PBE-SHA1-DES")
	export("openssl-md5", "secret", "-macalg", "sha384")
	export("openssl-nomac", "", "-nomac")
	export("openssl-plain", "secret", "-keypbe", "NONE", "-certpbe", "NONE")
	f.run("openssl", "pkcs12", "-export", "-nokeys", "-in", "leaf.crt", "-out", "nokey.p12", "-passout", "pass:")
	f.run("openssl", "pkcs12", "-export", "-nocerts", "-inkey", "rsa.pk8", "-out", "nocert.p12", "-passout", "pass:")
	check(os.Remove(filepath.Join(f.folder, "certs.tmp")))
	java := func(name string, more ...string) {
		path := name + ".p12"
		f.run("keytool", append([]string{"-importkeystore", "-noprompt", "-srckeystore", "openssl.p12", "-srcstorepass", "secret", "-destkeystore", path,
			"-deststoretype", "PKCS12", "-deststorepass", "changeit"}, more...)...)
	}
	java("java")
	java("java-legacy", "-J-Dkeystore.pkcs12.legacy")
}

// ciphertexts writes what only the RSA key can read.
func (f fixtures) ciphertexts(key *rsa.PrivateKey) {
	for name, digest := range map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New} {
		f.write(name+".oaep", must(rsa.EncryptOAEP(digest(), rand.Reader, &key.PublicKey, []byte("for "+name), nil)))
	}
	f.write("empty.oaep", must(rsa.EncryptOAEP(sha256.New(), rand.Reader, &key.PublicKey, nil, nil)))
	f.write("binary.oaep", must(rsa.EncryptOAEP(sha256.New(), rand.Reader, &key.PublicKey, []byte{0xff, 0, 0xfe}, nil)))
}
