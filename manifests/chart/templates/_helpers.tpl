{{- define "latchkey.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "latchkey.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 53 | trimSuffix "-" -}}
{{- else if contains (include "latchkey.name" .) .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "latchkey.name" .) | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "latchkey.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "latchkey.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is required when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "latchkey.selector" -}}
app.kubernetes.io/name: {{ include "latchkey.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "latchkey.labels" -}}
{{ include "latchkey.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* "true" where latchkey sees to one namespace with Roles alone. */ -}}
{{- define "latchkey.scoped" -}}
{{- if .Values.scopedRBAC -}}
{{- required "scopedNamespace is required when scopedRBAC is true" .Values.scopedNamespace | empty | not -}}
{{- end -}}
{{- end -}}

{{- define "latchkey.clusterStores" -}}
{{- if and .Values.processClusterStore (not .Values.scopedRBAC) -}}true{{- end -}}
{{- end -}}

{{- /* "true" where ClusterExternalSecrets are served. */ -}}
{{- define "latchkey.fansOut" -}}
{{- if and .Values.processClusterExternalSecret (not .Values.scopedNamespace) -}}true{{- end -}}
{{- end -}}

{{- /* "true" where ClusterPushSecrets are served. */ -}}
{{- define "latchkey.fansPushesOut" -}}
{{- if and .Values.processPushSecret .Values.processClusterPushSecret (not .Values.scopedNamespace) -}}true{{- end -}}
{{- end -}}

{{- /* The Secret with the certificate that is served; empty where latchkey makes its own. */ -}}
{{- define "latchkey.certificateSecret" -}}
{{- if .Values.webhook.existingSecret -}}
{{- .Values.webhook.existingSecret -}}
{{- else if include "latchkey.scoped" . -}}
{{- printf "%s-webhook-tls" (include "latchkey.fullname" .) -}}
{{- end -}}
{{- end -}}

{{- /* The data of the Secret that Helm makes: what is there already, or a certificate for ten years. Made once a render. */ -}}
{{- define "latchkey.madeCertificate" -}}
{{- if not (hasKey .Values "madeCertificate") -}}
{{- $service := include "latchkey.fullname" . -}}
{{- $there := lookup "v1" "Secret" .Release.Namespace (include "latchkey.certificateSecret" .) -}}
{{- $data := dict -}}
{{- if and $there (hasKey ($there.data | default dict) "ca.crt") -}}
{{- $data = $there.data -}}
{{- else -}}
{{- $ca := genCA "latchkey" 3650 -}}
{{- $names := list (printf "%s.%s.svc" $service .Release.Namespace) (printf "%s.%s.svc.cluster.local" $service .Release.Namespace) -}}
{{- $leaf := genSignedCert (printf "%s.%s.svc" $service .Release.Namespace) nil $names 3650 $ca -}}
{{- $data = dict "ca.crt" ($ca.Cert | b64enc) "tls.crt" ($leaf.Cert | b64enc) "tls.key" ($leaf.Key | b64enc) -}}
{{- end -}}
{{- $_ := set .Values "madeCertificate" $data -}}
{{- end -}}
{{- .Values.madeCertificate | toJson -}}
{{- end -}}

{{- /* The CA in the registration, base64; empty where latchkey or something else puts it in. */ -}}
{{- define "latchkey.caBundle" -}}
{{- if .Values.webhook.caBundle -}}
{{- .Values.webhook.caBundle -}}
{{- else if and (include "latchkey.scoped" .) (not .Values.webhook.existingSecret) -}}
{{- get (include "latchkey.madeCertificate" . | fromJson) "ca.crt" -}}
{{- end -}}
{{- end -}}
