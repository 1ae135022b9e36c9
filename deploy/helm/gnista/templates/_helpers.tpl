{{- define "gnista.name" -}}
{{- printf "%s" .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "gnista.selector" -}}
app.kubernetes.io/name: gnista
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "gnista.labels" -}}
{{ include "gnista.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* Whether it runs on PostgreSQL. */}}
{{- define "gnista.shared" -}}
{{- if .Values.database.url }}yes{{ end -}}
{{- end -}}

{{- define "gnista.checked" -}}
{{- if and (gt (int .Values.replicas) 1) (not (and .Values.database.url .Values.nats.url)) -}}
{{- fail "replicas is more than 1, which needs database.url and nats.url" -}}
{{- end -}}
{{- if ge (int .Values.stopDelaySeconds) (int .Values.terminationGracePeriodSeconds) -}}
{{- fail "terminationGracePeriodSeconds must be more than stopDelaySeconds" -}}
{{- end -}}
{{- end -}}

{{- define "gnista.pod" -}}
metadata:
  labels:
    {{- include "gnista.labels" . | nindent 4 }}
  annotations:
    checksum/config: {{ .Values.config | toJson | sha256sum }}
spec:
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets: {{ toJson . }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: gnista
      image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve]
      env:
        - {name: GNISTA_CONFIG, value: /etc/gnista/gnista.json}
        - {name: GNISTA_DATA, value: /var/lib/gnista}
        - {name: GNISTA_LISTEN, value: ":8080"}
        - {name: GNISTA_ADMIN_LISTEN, value: ":9091"}
        - {name: GNISTA_LOG_FORMAT, value: json}
        - {name: GNISTA_STOP_DELAY, value: "{{ .Values.stopDelaySeconds }}s"}
        {{- with .Values.publicURL }}
        - {name: GNISTA_PUBLIC_URL, value: {{ quote . }}}
        {{- end }}
        {{- with .Values.database.url }}
        - {name: GNISTA_DATABASE, value: {{ quote . }}}
        {{- end }}
        {{- with .Values.nats.url }}
        - {name: GNISTA_NATS, value: {{ quote . }}}
        - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: GNISTA_NODE_URL, value: "http://$(POD_IP):8080"}
        {{- end }}
        {{- if .Values.tlsProxy }}
        - {name: GNISTA_TLS_PROXY, value: "true"}
        {{- end }}
        - {name: GNISTA_PROXIES, value: {{ join "," .Values.proxies | quote }}}
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      envFrom:
        - secretRef: {name: {{ .Values.existingSecret }}}
      ports:
        - {name: http, containerPort: 8080}
        - {name: admin, containerPort: 9091}
      # A schema that is brought up to date, or many stations that come back, take their time.
      startupProbe: {httpGet: {path: /livez, port: admin}, periodSeconds: 2, failureThreshold: 300}
      # Never of the database: a restart does not mend one that is down.
      livenessProbe: {httpGet: {path: /livez, port: admin}, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6}
      readinessProbe: {httpGet: {path: /readyz, port: admin}, periodSeconds: 3, timeoutSeconds: 6, failureThreshold: 2}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      resources: {{ toJson .Values.resources }}
      volumeMounts:
        - {name: data, mountPath: /var/lib/gnista}
        - {name: config, mountPath: /etc/gnista, readOnly: true}
        - {name: tmp, mountPath: /tmp}
  volumes:
    - {name: config, configMap: {name: {{ include "gnista.name" . }}}}
    - {name: tmp, emptyDir: {}}
    {{- if include "gnista.shared" . }}
    {{- if .Values.files.existingClaim }}
    - {name: data, persistentVolumeClaim: {claimName: {{ .Values.files.existingClaim }}}}
    {{- else }}
    - {name: data, emptyDir: {}}
    {{- end }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector: {{ toJson . }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations: {{ toJson . }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity: {{ toJson . }}
  {{- end }}
  {{- if gt (int .Values.replicas) 1 }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "gnista.selector" . | nindent 10 }}
  {{- end }}
{{- end -}}
