{{- define "snake.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "snake.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "snake.labels" -}}
{{ include "snake.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "snake.caddyfile" -}}
{
	shutdown_delay {{ .Values.shutdownDelay }}s
	grace_period {{ .Values.gracePeriod }}s
	metrics
{{- with .Values.storage.redis }}
{{- if .address }}
	storage redis {
		address {{ .address }}
{{- if .existingSecret }}
		password {env.SNAKE_REDIS_PASSWORD}
{{- end }}
	}
{{- end }}
{{- end }}
{{- with .Values.options }}
{{ . | trim | indent 4 | replace "    " "\t" }}
{{- end }}
}

http://:8080 {
	@leaving vars {http.shutting_down} true
	respond @leaving 503
	respond /healthz ok
	metrics /metrics
}

{{ .Values.caddyfile | trim }}
{{- end -}}
