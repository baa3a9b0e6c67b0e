{{- define "latchkey.fullname" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains "latchkey" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-latchkey" .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "latchkey.selector" -}}
app.kubernetes.io/name: latchkey
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "latchkey.labels" -}}
{{ include "latchkey.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "latchkey.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "latchkey.fullname" .) }}
{{- else }}{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- define "latchkey.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/* An environment variable from a Secret, if one is named: list NAME VALUES. */}}
{{- define "latchkey.fromSecret" -}}
{{- $name := index . 0 }}{{ $from := index . 1 }}
{{- if $from.existingSecret }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.existingSecret }}
      key: {{ $from.key }}
{{- end }}
{{- end }}

{{- define "latchkey.settings" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{- define "latchkey.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "latchkey.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "latchkey.scheme" -}}
{{ if .Values.tls.existingSecret }}HTTPS{{ else }}HTTP{{ end }}
{{- end }}

{{/* What cannot work is refused here, before there is half of it in the cluster. */}}
{{- define "latchkey.check" -}}
{{- $v := .Values }}
{{- if not $v.url }}{{ fail "set url to the address that people and gateways use, such as https://keys.example.com" }}{{ end }}
{{- if and $v.database.existingSecret $v.database.sqlite.enabled }}{{ fail "set database.existingSecret or database.sqlite.enabled, not both" }}{{ end }}
{{- if not (or $v.database.existingSecret $v.database.sqlite.enabled) }}
{{- fail "set database.existingSecret to a Secret with the URL of a MongoDB; for a single node that stops while it is updated, set database.sqlite.enabled=true" }}
{{- end }}
{{- if and $v.database.existingSecret (not $v.secret.existingSecret) }}
{{- fail "set secret.existingSecret to a Secret with a long random text, such as that of openssl rand -base64 32: all nodes encrypt signing keys with it" }}
{{- end }}
{{- if and $v.database.sqlite.enabled $v.autoscaling.enabled }}{{ fail "autoscaling needs MongoDB: a SQLite file has a single node" }}{{ end }}
{{- if and $v.edge.enabled (not $v.edge.existingSecret) }}
{{- fail "set edge.existingSecret to a Secret with a key that has the scope latchkey:edge-all" }}
{{- end }}
{{- if and $v.edge.enabled (not (hasPrefix "https://" ($v.edge.upstream | default $v.url))) }}
{{- fail "edges are fed over https only: set edge.upstream, or an url with https" }}
{{- end }}
{{- if and $v.ingress.enabled (not $v.ingress.tlsSecret) (hasPrefix "https://" $v.url) (not $v.ingress.annotations) }}
{{- fail "url is https, so set ingress.tlsSecret, or the annotations by which your ingress controller gets a certificate" }}
{{- end }}
{{- end }}
