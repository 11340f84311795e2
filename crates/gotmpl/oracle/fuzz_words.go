package main

import (
	"maps"
	"slices"
	"strings"
)

// The kinds of values. Of the small ones now and then another is given in their place:
//
//	s string  i any whole number  n int  f float  b bool  l list  m map  a anything
//
// The others are always what they say, since anything else would be slow, would differ from run to run or would let Go die:
//
//	o a scalar  M a map of its own  t a time  r a pattern  R a replacement  j JSON  y YAML  u a URL  d a duration  L a layout of dates
//	z a zone  v a version  c a constraint  p a path  k a key  w a few, from nought to nine  P a format  B a large number, which must not become the rounds of a loop  Q a list without room behind

// takes has the functions by what they give, and what they take.
var takes = map[byte]map[string]string{
	's': {"upper": "s", "lower": "s", "trim": "s", "title": "s", "quote": "a", "squote": "a", "b64enc": "s", "b64dec": "s", "b32enc": "s",
		"b32dec": "s", "hexdec": "s", "trunc": "ns", "nospace": "s", "snakecase": "s", "camelcase": "s", "kebabcase": "s", "repeat": "ws",
		"replace": "sss", "toString": "a", "toJson": "a", "toPrettyJson": "a", "toRawJson": "a", "mustToJson": "a", "mustToPrettyJson": "a",
		"mustToRawJson": "a", "join": "sl", "print": "aa", "println": "aa", "html": "a", "js": "a", "urlquery": "a", "indent": "ws",
		"nindent": "ws", "trimSuffix": "ss", "trimPrefix": "ss", "trimAll": "ss", "trimall": "ss", "substr": "nns", "initials": "s",
		"wrap": "ns", "wrapWith": "nss", "swapcase": "s", "untitle": "s", "cat": "sa", "abbrev": "ns", "abbrevboth": "nns",
		"typeOf": "a", "kindOf": "a", "sha1sum": "s", "sha256sum": "s", "sha512sum": "s", "adler32sum": "s", "hello": "",
		"regexReplaceAll": "rsR", "regexReplaceAllLiteral": "rsR", "mustRegexReplaceAll": "rsR", "mustRegexReplaceAllLiteral": "rsR",
		"regexFind": "rs", "mustRegexFind": "rs", "regexQuoteMeta": "s", "duration": "i", "durationRound": "o", "base": "p", "dir": "p",
		"clean": "p", "ext": "p", "osBase": "p", "osDir": "p", "osClean": "p", "osExt": "p", "toYaml": "a", "plural": "ssn",
		"urlJoin": "m", "seq": "ww", "date": "Lt", "dateInZone": "Ltz", "date_in_zone": "Ltz", "htmlDate": "t", "htmlDateInZone": "tz",
		"unixEpoch": "t", "decryptAES": "ss", "filterPEM": "ss", "filterCertChain": "ss", "jwkPublicKeyPem": "s",
		"jwkPrivateKeyPem": "s", "pkcs12key": "s", "pkcs12cert": "s", "fail": "k"},
	'i': {"add": "ii", "sub": "ii", "mul": "wi", "max": "ii", "min": "ii", "biggest": "ii", "add1": "i", "int64": "a",
		"mod": "iw", "div": "iw", "toDecimal": "a"},
	'n': {"int": "a", "len": "s", "atoi": "s"},
	'f': {"addf": "ff", "add1f": "f", "mulf": "ff", "divf": "ff", "float64": "a", "floor": "f", "ceil": "f", "round": "fn", "subf": "ff",
		"maxf": "ff", "minf": "ff"},
	'b': {"eq": "aa", "ne": "aa", "lt": "aa", "le": "aa", "gt": "aa", "ge": "aa", "and": "aa", "or": "aa", "not": "a", "contains": "ss",
		"hasPrefix": "ss", "hasSuffix": "ss", "empty": "a", "hasKey": "ms", "has": "al", "mustHas": "al", "regexMatch": "rs", "mustRegexMatch": "rs",
		"kindIs": "sa", "typeIs": "sa", "typeIsLike": "sa", "all": "aa", "any": "aa", "deepEqual": "aa", "semverCompare": "cv", "isAbs": "p",
		"osIsAbs": "p"},
	'l': {"list": "aa", "tuple": "aa", "splitList": "ss", "reverse": "l", "mustReverse": "l", "append": "la", "push": "la", "mustAppend": "la",
		"mustPush": "la", "prepend": "la", "mustPrepend": "la", "uniq": "l", "mustUniq": "l", "compact": "l", "mustCompact": "l",
		"sortAlpha": "l", "rest": "l", "mustRest": "l", "initial": "l", "mustInitial": "l", "without": "la", "mustWithout": "la",
		"until": "w", "untilStep": "www", "chunk": "nl", "mustChunk": "nl", "concat": "ll", "toStrings": "a", "regexFindAll": "rsn",
		"mustRegexFindAll": "rsn", "regexSplit": "rsn", "mustRegexSplit": "rsn", "pluck": "smm",
		"certSANs": "s"},
	'm': {"dict": "sa", "unset": "ms", "pick": "ms", "omit": "ms", "deepCopy": "m", "mustDeepCopy": "m", "split": "ss", "splitn": "sws",
		"fromYaml": "y", "urlParse": "u", "set": "mso", "merge": "MM", "mergeOverwrite": "MM", "mustMerge": "MM", "mustMergeOverwrite": "MM"},
	'a': {"first": "l", "mustFirst": "l", "last": "l", "mustLast": "l", "get": "ms", "fromJson": "j", "mustFromJson": "j", "default": "aa",
		"ternary": "aab", "coalesce": "aa", "buildCustomCert": "ss", "call": "a"},
	't': {"toDate": "Lk", "dateModify": "dt", "date_modify": "dt", "mustDateModify": "dt", "mustToDate": "Lk", "must_date_modify": "dt"},
	'M': {"deepCopy": "M"},
}

// touchy are the functions that mostly end a template, so that little else would be seen if they stood in many.
var touchy = strings.Fields(`mustToDate buildCustomCert certSANs filterPEM filterCertChain decryptAES jwkPublicKeyPem jwkPrivateKeyPem pkcs12key
	pkcs12cert mustFromJson mustDateModify must_date_modify fail call index slice mustSlice`)

// unasked has the functions whose outcome tells nothing, with the reason.
var unasked = map[string]string{
	"randAlpha randAlphaNum randAscii randBytes randInt randNumeric shuffle uuidv4 encryptAES bcrypt htpasswd":        "differs from run to run",
	"genCA genCAWithKey genPrivateKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey":  "differs from run to run",
	"pemToPkcs12 pemToPkcs12Pass fullPemToPkcs12 fullPemToPkcs12Pass pemTruststoreToPKCS12 pemTruststoreToPKCS12Pass": "differs from run to run",
	"now ago date_now": "differs from run to run",
	"keys values":      "Go has no order; sorted ones stand below",
	"derivePassword":   "takes a tenth of a second; the cases have it",
	"printf index dig semver slice mustSlice": "stand below",
	"pkcs12keyPass pkcs12certPass rsaDecrypt": "stand below",
}

// forms are expressions that are no plain calls; ?x stands for a value of the kind x.
var forms = map[byte][]string{
	's': {"printf ?P ?a ?a", "printf ?P ?o", "printf ?P", `htpasswd ?s ?s "sha"`, `decryptAES "k" (encryptAES "k" ?s)`,
		"(?t).Format ?L", "print (?t).Unix", "printf \"%d\" (semver ?v).Major", "printf \"%s\" (semver ?v)", "(semver ?v).IncMinor.String", "printf \"%d|%x\" ?B ?B", "print (add ?B ?i)", "toJson (mul ?B ?i)", "print (mulf ?B ?f)", "seq ?w ?w ?w", "?t | date ?L", "(urlParse ?u).host", "(semver ?v).Original", "keys ?m | sortAlpha | join ?s", `values (dict "k" ?o) | join ","`,
		"default ?s ?s", "coalesce ?s ?s ?s", "ternary ?s ?s ?b", "cat ?a ?a ?a", "print ?a ?a ?a", "?s | trunc ?n | upper", "join ?s ?l | quote", "quote ?a ?a", "printf \"%s-%v\" ?s ?a"},
	'i': {"len ?s", "add ?i ?i ?i", "max ?i ?i ?i", "sub ?i ?i | mul ?w", "(?t).Year", "len ?l"},
	'f': {"addf ?f ?f ?i", "round ?f ?n ?f"},
	'b': {"eq ?a ?a ?a", "lt ?B ?i", "ge ?B ?B", "eq ?s ?s", "ne ?i ?i", "lt ?s ?s", "le ?i ?i", "gt ?f ?f", "ge ?i ?i", "gt (semver ?v).Major ?w", "lt ?i ?f", "and ?b ?b ?b", "or ?b ?a ?b", "not ?b", "eq ?i ?i ?i ?i", "(?t).IsZero", "?s | eq ?s", "?l | has ?a"},
	'l': {"list ?a ?a ?a", "list", "without ?l ?a ?a", "dict | keys", "seq ?w | splitList \" \"", "until ?w | reverse", "slice ?Q ?w", "slice ?Q ?w ?w", "mustSlice ?Q ?w ?w", "concat ?l ?l ?l"},
	'm': {`dict "a" ?o "b" ?a`, "index ?m ?s", "dict", `dict "in" (dict "k" ?a)`, `fromJson "{\"a\":{\"b\":[1,\"x\",null]}}"`},
	'a': {"index ?m ?s", "index ?l ?w", "index ?s ?w", "index ?m ?s ?s", `index ?m "in" "deep"`, `dig "in" "deep" ?s ?m`, "dig ?s ?s ?m", "index ?l", "(?m).a", "(?m).in.deep",
		"(?a).x", "?a | toJson | fromJson", "?a", "(?s)", "?i", "?f", "?l", "?m", "?b", "?a | default ?a", "(fromJson ?j).a"},
	't': {`mustToDate "2006-01-02" "2024-02-30"`, "(?t).UTC", `(?t).AddDate ?w ?w ?w`, "toDate \"2006-01-02\" \"2024-02-29\""},
	'M': {`dict "a" ?o "c" ?o`, `dict "in" (dict "k" ?o "l" ?o)`, "fromJson \"{\\\"a\\\":{\\\"b\\\":1},\\\"z\\\":[1]}\"", "dict"},
}

// plain are the values by kind that no function makes.
var plain = map[byte][]string{
	's': {`"a b"`, `""`, `"Käse-Brot_x"`, "`[a-z]+`", `"%v|%5q"`, `"YWJj"`, `"{\"k\":[1,null]}"`, `"a: 1\nb: [x, yes]"`, `"2006-01-02"`, `"\xff\x00é\u2028<&>'"`,
		`" 0x1F "`, `"12.50"`, `"one,two;three"`, `"HTTPServer2Go"`, "`tab\there`", ".s", ".empty", ".map.a", ".smap.k", ".smap.j", "._u", ".é"},
	'i': {"0", "1", "-2", "3", "'x'", "0x1f", "0b101", "0o17", ".i", ".zero", ".neg", ".i64"},
	'B': {"9223372036854775807", "-9223372036854775808", "1_000", "1e2", "4294967296", "0x7fffffffffffffff"},
	'Q': {".list", ".ints", ".none", `(list 1 "x" nil)`, `(splitList "," "a,b,c")`},
	'f': {"1.5", "-0.25", "1e3", "1e21", "2.5e-7", "0x1p-2", ".5", "0.1", ".f", ".f0"},
	'b': {"true", "false", ".t", ".no"},
	'l': {".list", ".none", ".strs", ".ints", ".lists"},
	'm': {".map", ".void", ".map.in", "."},
	'a': {".nothing", ".nope", ".i64", "nil", "$", ".", ".map.in.deep", ".map.B", ".map.in.nothing", ".smap.nope", ".map.nope.more"},
	'o': {`"x"`, "7", "-1.5", "true", "nil", `"\t<é>"`, "'ä'", "0", `"1h30m"`, `"2.50"`},
	'k': {`"no"`, `"2024-02-29"`, `"10:04:05"`, `"Thu, 29 Feb 2024 23:59:60 UTC"`, `"2024-02-29T23:59:59+02:00"`, `"1 Jan 24"`},
	'n': {"0", "1", "-2", "3", "'x'", "0x1f", ".i", ".zero", ".neg"},
	'w': {"0", "1", "2", "3", "4", "5", "9"},
	'M': {`(dict "a" 1)`},
	't': {`(toDate "2006-01-02" "1999-12-31")`, `(toDate "2006-01-02T15:04:05Z07:00" "2024-02-29T23:59:59+02:00")`},
	'L': {`"2006-01-02"`, `"Mon, 02 Jan 2006 15:04:05 MST"`, `"2006-01-02T15:04:05Z07:00"`, `"3:04PM _2 Jan 06"`, `"15:04:05.000"`, `"002 January -0700"`, `"x"`},
	'z': {`"UTC"`, `"Europe/Berlin"`, `"America/New_York"`, `"Nowhere"`, `""`},
	'd': {`"1h"`, `"-36h15m"`, `"1.5s"`, `"bad"`, `"720h"`},
	'r': {`"[a-z]+"`, `"(a)(b)?"`, "`^\\s*$`", `"(?i)STR"`, `"[[:alpha:]]"`, "`\\pL+`", `"o{1,2}"`, `"("`, `"x*"`, "`\\bs`", `"."`, "`(?P<n>[^a])`", `"$"`, `"a|b|"`, "`(?s).+?`", `""`},
	'R': {`"$1"`, `"${1}x"`, `"$n"`, `"$$"`, "`\\1`", `"<>"`, `""`, `"$1x"`, `"${"`},
	'j': {`"{\"a\":{\"b\":[1,2.5,null]}}"`, `"[1,\"x\",true]"`, `"\"\\u00e9\\ud83d\\ude00\\ud800\""`, `"1e400"`, `"{"`, `" 12 "`, `"{\"a\":1,\"a\":2}"`, `""`, `"nul"`, `"-0.0"`, `"01"`},
	'y': {`"a: 1\nb: [x, yes]"`, `"a: {b: 0x1f, c: 1_000}"`, `"x: |\n  one\n  two\n"`, `"d: 2024-02-29\ne: 1e3\nf: .inf"`, `"a: &x {b: 1}\nc: *x"`, `"t: 'it''s'\nu: \"\\u00e9\""`, `""`, `"- 1"`},
	'u': {`"https://u:p@h.example:8443/a%20b/c?q=1&r=é#f"`, `"mailto:x@y"`, `"/just/path"`, `"http://[::1]:80"`, `"%zz"`, `"//h"`, `""`},
	'v': {`"1.2.3"`, `"v1.2.3-rc.1+b5"`, `"1.2"`, `"1.02.3"`, `"x"`, `"2.0.0"`},
	'c': {`"^1.2"`, `"~1.2.3"`, `">=1.0.0, <2"`, `"1.x || >=2.5"`, `"!=1.2.3"`, `"1.0 - 2.0"`, `"?"`},
	'p': {`"/a/b/../c.tar.gz"`, `"a//b/"`, `""`, `"."`, `"../x"`, `"/"`, ".s"},
}

// secretFields are the fields of the data "secret".
var secretFields = []string{".user", ".password", ".empty", ".number", ".pem", ".binary", ".user", ".nope"}

// files are the kinds of what is in the data "keys".
var files = map[string]string{"jwk": "*.jwk", "store": "*.p12", "cert": "*.crt", "key": "*.pk8", "old": "*.sec1", "sealed": "*.oaep"}

// keyForms are what is asked of them.
var keyForms = []string{
	"jwkPublicKeyPem ?jwk", "jwkPrivateKeyPem ?jwk", "pkcs12key ?store", "pkcs12cert ?store", `pkcs12keyPass "secret" ?store`, `pkcs12certPass "secret" ?store`,
	`filterPEM "CERTIFICATE" (print ?cert ?key ?cert)`, `filterCertChain "leaf" (print ?cert ?cert ?cert)`, `filterCertChain "intermediate" (print ?cert ?cert ?cert)`,
	`filterCertChain "root" (print ?cert ?cert ?cert)`, "certSANs ?cert", `rsaDecrypt "RSA-OAEP" "SHA256" ?sealed ?key`, `rsaDecrypt "RSA-OAEP" "SHA1" ?sealed ?key`,
	"pemToPkcs12 ?cert ?key | b64dec | pkcs12key", "fullPemToPkcs12 (print ?cert ?cert) ?key | b64dec | pkcs12cert", "pemTruststoreToPKCS12 (print ?cert ?cert) | b64dec | pkcs12cert",
	"pemToPkcs12 ?cert ?old | b64dec | pkcs12cert", "?jwk | fromJson | toYaml", "?cert | b64enc | sha256sum",
}

// everyFunction tells which functions of the library the grammar forgets.
func everyFunction() []string {
	known := map[string]bool{}
	for _, functions := range takes {
		for name := range functions {
			known[name] = true
		}
	}
	for names := range unasked {
		for _, name := range strings.Fields(names) {
			known[name] = true
		}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(libraryFunctions())), func(name string) bool { return known[name] })
}
