{{- define "hubbub.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "hubbub.secret" -}}
{{- .Values.existingSecret | default (printf "%s-urls" (include "hubbub.name" .)) -}}
{{- end -}}

{{/* Labels that say which pods are meant; they never change. */}}
{{- define "hubbub.selector" -}}
app.kubernetes.io/name: hubbub
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "hubbub.labels" -}}
{{ include "hubbub.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* What every pod of ours has: it is nobody in particular, and can write nowhere but in its own folders. */}}
{{- define "hubbub.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- end -}}

{{- define "hubbub.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{- define "hubbub.urls" -}}
- name: HUBBUB_DATABASE
  valueFrom: {secretKeyRef: {name: {{ include "hubbub.secret" . }}, key: database}}
- name: HUBBUB_BUS
  valueFrom: {secretKeyRef: {name: {{ include "hubbub.secret" . }}, key: bus}}
- {name: HUBBUB_LOG_FORMAT, value: json}
{{- end -}}

{{/* Pods of one component on different machines, as far as there are any. */}}
{{- define "hubbub.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "hubbub.selector" . | nindent 8 }}
{{- end -}}
