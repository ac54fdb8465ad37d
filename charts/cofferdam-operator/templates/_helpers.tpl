{{/* One operator a namespace: its names are those that the operator expects, whatever the release is called. */}}
{{- define "cofferdam-operator.name" -}}
cofferdam-operator
{{- end }}

{{- define "cofferdam-operator.selector" -}}
app.kubernetes.io/instance: cofferdam-operator
app.kubernetes.io/name: operator
{{- end }}

{{- define "cofferdam-operator.labels" -}}
{{ include "cofferdam-operator.selector" . }}
app.kubernetes.io/part-of: cofferdam
{{- end }}

{{/* Metadata of what is in the release's namespace, under the operator's name. */}}
{{- define "cofferdam-operator.metadata" -}}
name: {{ include "cofferdam-operator.name" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "cofferdam-operator.labels" . | nindent 2 }}
{{- end }}

{{- define "cofferdam-operator.subjects" -}}
- kind: ServiceAccount
  name: {{ include "cofferdam-operator.name" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{/* Peers of ours in the words of networking.k8s.io/v1: an address range is an ipBlock there. */}}
{{- define "cofferdam-operator.peers" -}}
{{- $peers := list }}
{{- range . }}
{{- $peer := omit . "cidr" }}
{{- if .cidr }}
{{- $peer = set $peer "ipBlock" (dict "cidr" .cidr) }}
{{- end }}
{{- $peers = append $peers $peer }}
{{- end }}
{{- toYaml $peers }}
{{- end }}

{{- define "cofferdam-operator.tcp" -}}
{{- $ports := list }}
{{- range . }}
{{- $ports = append $ports (dict "port" . "protocol" "TCP") }}
{{- end }}
{{- toYaml $ports }}
{{- end }}

{{/* A rule of egress: a list of what the values name (or nil) and the ports where they name none. */}}
{{- define "cofferdam-operator.outward" -}}
{{- $asked := index . 0 | default dict -}}
- ports:
    {{- include "cofferdam-operator.tcp" ($asked.ports | default (index . 1)) | nindent 4 }}
  {{- with $asked.to }}
  to:
    {{- include "cofferdam-operator.peers" . | nindent 4 }}
  {{- end }}
{{- end }}

{{/*
Not in values.yaml: `helm upgrade --reuse-values` to a chart that knows more values than the last leaves the defaults of
the new ones out, and the operator would have no size.
*/}}
{{- define "cofferdam-operator.resources" -}}
{{- $defaults := dict "requests" (dict "cpu" "100m" "memory" "192Mi") "limits" (dict "memory" "512Mi") }}
{{- toYaml (mustMergeOverwrite $defaults (.Values.resources | default dict)) }}
{{- end }}

{{/* Settings of the operator; one of .Values.env replaces ours of the same name. */}}
{{- define "cofferdam-operator.settings" -}}
PORT: "8080"
CERTIFICATE_PORT: "8443"
STATUSZ_TOKEN_FILE: /var/run/secrets/cofferdam/token
GRANTEES_FILE: /etc/cofferdam/grantees/grantees.json
# The set that runs where a PaymentVault names no images.
IMAGE_VAULT: {{ .Values.images.vault }}
IMAGE_ROUTER: {{ .Values.images.router }}
IMAGE_CONNECTOR: {{ .Values.images.connector }}
OPERATOR_IMAGE: {{ .Values.images.operator }}
{{- with .Values.namespaces }}
WATCH_NAMESPACES: {{ join "," . | quote }}
{{- end }}
{{- end }}
