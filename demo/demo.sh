#!/usr/bin/env bash
# What latchkey is for, shown on a real control plane, a real Vault and an AWS Secrets Manager (moto), all on this machine and
# gone afterwards. Called by `make demo`, which builds the two programs before.
set -euo pipefail

cd "$(dirname "$0")/.."
latchkey=${LATCHKEY:-target/debug/latchkey}
testbed=${TESTBED:-target/debug/latchkey-testbed}
work=$(mktemp -d)
service=

finish() {
    status=$?
    if [ -n "$service" ]; then kill "$service" 2>/dev/null || true; wait "$service" 2>/dev/null || true; fi
    if [ "$status" -ne 0 ] && [ -s "$work/latchkey.log" ]; then
        echo "--- the end of latchkey's log:"
        tail -n 20 "$work/latchkey.log"
    fi
    "$testbed" down --dir "$work/testbed" >/dev/null 2>&1 || true
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }
# Fails unless the two are the same: a demonstration that cannot fail shows nothing.
expect() { if [ "$1" != "$2" ]; then echo "expected $1, got $2" >&2; exit 1; fi; }
value() { kubectl get secret "$2" -n "$1" -o "go-template={{index .data \"$3\" | base64decode}}"; }
now() { date +%s%N; }

say "A control plane, Vault and AWS Secrets Manager (built on first use: about 15 minutes, once)"
exports=$("$testbed" up --dir "$work/testbed")
eval "$exports"
kubectl version | tail -n 1
vault version

say "Remote secrets"
"$testbed" put-secret my-app/database-credentials '{"username":"db_user","password":"supersecretpassword"}'
vault kv put -mount=secret prod/myapp username=app password=first >/dev/null
echo "AWS Secrets Manager: my-app/database-credentials; Vault: secret/prod/myapp"

say "Install by Helm, and start latchkey with the rights of the chart's ServiceAccount"
helm install latchkey manifests/chart --namespace latchkey-system --create-namespace >/dev/null
"$testbed" kubeconfig --dir "$work/testbed" --service-account latchkey-system/latchkey >"$work/kubeconfig"
webhook=$("$testbed" free-port)
admin=$("$testbed" free-port)
KUBECONFIG="$work/kubeconfig" "$latchkey" serve --namespace latchkey-system \
    --webhook-listen "127.0.0.1:$webhook" --webhook-url "https://127.0.0.1:$webhook" \
    --admin-listen "127.0.0.1:$admin" 2>"$work/latchkey.log" &
service=$!
"$testbed" wait-ready "http://127.0.0.1:$admin/readyz"
echo "ready"

say "1. Store, ExternalSecret and Pod in one kubectl apply"
start=$(now)
run kubectl apply -f examples/aws/all.yaml
echo "returned after $((($(now) - start) / 1000000)) ms, and the Secret is there:"
expect db_user "$(value default database-credentials username)"
expect supersecretpassword "$(value default database-credentials password)"
run kubectl get secret database-credentials
kubectl wait --for=condition=Ready externalsecret/database-credentials-secret --timeout=5s >/dev/null
run kubectl get externalsecret,secretstore

say "2. Vault: one ClusterSecretStore for every namespace"
kubectl create secret generic vault-token -n latchkey-system --from-literal=token="$VAULT_TOKEN" >/dev/null
kubectl create namespace team-a >/dev/null
sed "s|http://vault.vault.svc.cluster.local:8200|$VAULT_ADDR|" examples/vault/clustersecretstore.yaml | kubectl apply -f -
run kubectl apply -f examples/vault/externalsecrets.yaml
expect first "$(value team-a myapp DB_PASSWORD)"
expect first "$(value team-a myapp-all password)"
run kubectl get secret -n team-a myapp myapp-all

say "3. A new value, asked for: it is there when kubectl annotate returns"
vault kv put -mount=secret prod/myapp username=app password=second >/dev/null
run kubectl annotate externalsecret myapp -n team-a force-sync=1 --overwrite
expect second "$(value team-a myapp DB_PASSWORD)"
echo "the Secret has the new password"

say "4. A wrong key is said at the prompt, and a dry run says the same"
sed 's|prod/myapp|prod/mispelled|; s|name: myapp$|name: wrong|' examples/vault/externalsecrets.yaml >"$work/wrong.yaml"
run kubectl apply --dry-run=server -f "$work/wrong.yaml" 2>&1 | sed "s|$work/||" | tee "$work/said"
grep -q 'Warning: .*prod/mispelled' "$work/said"
run kubectl label namespace team-a latchkey.dev/failure-mode=deny
if kubectl apply -f "$work/wrong.yaml" >"$work/said" 2>&1; then cat "$work/said"; exit 1; fi
sed "s|$work/||" "$work/said"

say "5. The ExternalSecret goes, and its Secret with it"
run kubectl delete externalsecret database-credentials-secret --wait
for _ in $(seq 50); do kubectl get secret database-credentials >/dev/null 2>&1 || break; sleep 0.1; done
if kubectl get secret database-credentials 2>/dev/null; then echo "the Secret is still there" >&2; exit 1; fi
echo "gone"

say "Everything was as it should be."
