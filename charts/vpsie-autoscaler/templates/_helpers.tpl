{{- define "vpsie-autoscaler.labels" -}}
app.kubernetes.io/name: vpsie-autoscaler
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "vpsie-autoscaler.selector" -}}
app.kubernetes.io/name: vpsie-autoscaler
{{- end }}

{{- define "vpsie-autoscaler.image" -}}
{{- $i := .Values.image -}}
{{- if $i.digest }}{{ $i.repository }}@{{ $i.digest }}{{ else }}{{ $i.repository }}:{{ $i.tag | default .Chart.AppVersion }}{{ end -}}
{{- end }}

{{- /*
Renders the shared manifests below a directory of files/, with the release's labels, and for its namespace and Secret, which
stand in them as kube-system and vpsie-secret. Arguments: root, dir, annotations for every object, a file to skip.
*/ -}}
{{- define "vpsie-autoscaler.shared" -}}
{{- $root := .root }}
{{- $dir := .dir }}
{{- $annotations := get . "annotations" }}
{{- $skip := get . "skip" }}
{{- range $path, $_ := $root.Files.Glob (printf "files/%s/*.yaml" .dir) }}
{{- if ne (base $path) $skip }}
{{- $text := $root.Files.Get $path }}
{{- if ne $dir "crds" }}
{{- $text = $text | replace "kube-system" $root.Release.Namespace | replace "vpsie-secret" $root.Values.secretName }}
{{- end }}
{{- range splitList "\n---\n" $text }}
{{- $object := . | trimPrefix "---\n" | fromYaml }}
{{- if hasKey $object "kind" }}
{{- $metadata := $object.metadata }}
{{- $_ := set $metadata "labels" (merge (dict) (get $metadata "labels" | default dict) (include "vpsie-autoscaler.labels" $root | fromYaml)) }}
{{- with $annotations }}
{{- $_ := set $metadata "annotations" (merge (dict) . (get $metadata "annotations" | default dict)) }}
{{- end }}
---
{{ $object | toYaml }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
