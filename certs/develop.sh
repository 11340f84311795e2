#!/bin/sh
# Makes a CA and a certificate for 127.0.0.1 and localhost in the folder that is named, or in certs/dev.
set -eu
folder=${1:-$(dirname "$0")/dev}
mkdir -p "$folder"
cd "$folder"
umask 077
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }

key ca.key
openssl req -x509 -new -key ca.key -days 30 -subj '/CN=latchkey development CA' -out ca.crt \
    -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign'
key tls.key
openssl req -new -key tls.key -subj '/CN=latchkey' -out tls.csr
extensions=$(mktemp)
trap 'rm -f "$extensions" tls.csr' EXIT
cat >"$extensions" <<END
subjectAltName=IP:127.0.0.1,DNS:localhost
extendedKeyUsage=serverAuth
keyUsage=critical,digitalSignature
basicConstraints=critical,CA:FALSE
END
openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile "$extensions" -out tls.crt 2>/dev/null
openssl verify -CAfile ca.crt tls.crt >/dev/null
echo "$(pwd): ca.crt, tls.crt, tls.key"
