{{/* The restricted profile of Kubernetes' Pod Security Standards, and a root that cannot be written. */}}
{{- define "daybook.podSecurity" -}}
automountServiceAccountToken: false
# Else Kubernetes sets variables of its own, whose names begin as the settings' do when the release is called daybook.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{- define "daybook.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{/* Settings by name; what the values say wins. */}}
{{- define "daybook.env" -}}
{{- $env := include "daybook.settings" . | fromYaml -}}
{{- range $name, $file := include "daybook.files" . | fromYaml -}}
{{- $_ := set $env (printf "%s_FILE" $name) (printf "/run/secrets/%s" $file) -}}
{{- end -}}
{{- $env = mergeOverwrite $env (deepCopy .root.Values.settings) (deepCopy (index .root.Values .service).settings) -}}
{{- range $name, $value := $env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- if eq .service "archiver" }}
# One that keeps its name gets its shards back after a restart.
- name: DAYBOOK_ARCHIVER_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
{{- end }}
{{- end }}

{{- define "daybook.pod" -}}
{{- $capture := .root.Values.capture -}}
{{- $web := and (eq .service "capture") $capture.whatsappWeb.enabled | ternary $capture.whatsappWeb nil -}}
{{- $cdrClaim := and (eq .service "capture") $capture.sms.enabled $capture.sms.cdrClaim -}}
{{- $prefix := .root.Values.secrets.prefix -}}
{{- include "daybook.podSecurity" .root }}
# Above DAYBOOK_STOP_SECONDS, which is 30 unless set.
terminationGracePeriodSeconds: 45
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "daybook.labels" . | nindent 8 }}
containers:
  - name: {{ .service }}
    {{- if $web }}
    image: {{ required "capture.whatsappWeb.image: one with Chromium" $web.image }}
    {{- else }}
    image: {{ include "daybook.image" .root }}
    {{- end }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    args: [{{ .service }}]
    env:
      {{- include "daybook.env" . | nindent 6 }}
    ports:
      - { name: api, containerPort: 4480 }
      - { name: operations, containerPort: 4481 }
      {{- if and (eq .service "capture") .root.Values.capture.whatsappBusiness.enabled }}
      - { name: webhooks, containerPort: 4482 }
      {{- end }}
      {{- if and (eq .service "capture") .root.Values.capture.sms.enabled .root.Values.capture.sms.webhooks }}
      - { name: sms, containerPort: 4484 }
      {{- end }}
      {{- if and (eq .service "capture") .root.Values.capture.email.enabled }}
      - { name: mail, containerPort: 2525 }
      {{- end }}
      {{- if and (eq .service "capture") .root.Values.capture.agents.kinds }}
      - { name: agents, containerPort: 4483 }
      {{- end }}
    # A start waits for what it needs, a rebuild of rows among it: only that it answers counts.
    startupProbe: { httpGet: { path: /healthz, port: operations }, periodSeconds: 5, failureThreshold: 24 }
    livenessProbe: { httpGet: { path: /healthz, port: operations }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }
    readinessProbe: { httpGet: { path: /readyz, port: operations }, periodSeconds: 5, timeoutSeconds: 5 }
    resources:
      {{- toYaml (index .root.Values .service).resources | nindent 6 }}
    {{- include "daybook.containerSecurity" .root | nindent 4 }}
      {{- with ($web).seccompProfile }}
      seccompProfile: { type: Localhost, localhostProfile: {{ . | quote }} }
      {{- end }}
    volumeMounts:
      {{- if $web }}
      - { name: whatsapp-web, mountPath: /run/daybook/whatsapp-web }
      {{- end }}
      - { name: secrets, mountPath: /run/secrets, readOnly: true }
      - { name: tls, mountPath: /run/tls, readOnly: true }
      {{- if ne .service "console" }}
      - { name: public, mountPath: /run/public, readOnly: true }
      {{- end }}
      - { name: tmp, mountPath: /tmp }
      {{- if $cdrClaim }}
      - { name: sms-cdr, mountPath: /run/sms-cdr, readOnly: true }
      {{- end }}
      {{- if has .service (list "records" "evidence") }}
      - { name: archive-keys, mountPath: /run/archive-keys, readOnly: true }
      {{- end }}
      {{- if has .service (list "records" "capture" "evidence") }}
      - { name: state, mountPath: /var/lib/daybook }
      {{- end }}
volumes:
  # Of root and the pod's own group: a service refuses secrets that others may read.
  - { name: secrets, secret: { secretName: {{ $prefix }}-{{ .service }}, defaultMode: 0440 } }
  - { name: tls, secret: { secretName: {{ $prefix }}-{{ .service }}-tls, defaultMode: 0440 } }
  {{- if ne .service "console" }}
  - { name: public, configMap: { name: {{ $prefix }}-public } }
  {{- end }}
  - { name: tmp, emptyDir: { sizeLimit: 1Gi } }
  {{- if $cdrClaim }}
  - { name: sms-cdr, persistentVolumeClaim: { claimName: {{ $cdrClaim }}, readOnly: true } }
  {{- end }}
  {{- if $web }}
  # Sessions that run are plain: in memory, which counts as the container's.
  - { name: whatsapp-web, emptyDir: { medium: Memory, sizeLimit: {{ $web.runningSize }} } }
  {{- end }}
  {{- if eq .service "evidence" }}
  # Packages that wait to be taken, unreadable once the pod has ended.
  - { name: state, emptyDir: { sizeLimit: {{ .root.Values.evidence.packagesSize }} } }
  {{- end }}
  {{- if has .service (list "records" "evidence") }}
  - { name: archive-keys, secret: { secretName: {{ $prefix }}-archive-keys, defaultMode: 0440 } }
  {{- end }}
{{- end }}
