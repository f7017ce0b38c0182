{{- define "daybook.labels" -}}
app.kubernetes.io/name: daybook
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}
{{- end }}

{{- define "daybook.meta" -}}
labels:
  {{- include "daybook.labels" . | nindent 2 }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "daybook.image" -}}
{{- $image := .Values.image -}}
{{- $repository := required "image.repository: where the image is" $image.repository -}}
{{- if $image.digest }}{{ $repository }}@{{ $image.digest }}{{ else }}{{ $repository }}:{{ required "image.digest or image.tag: which image" $image.tag }}{{ end -}}
{{- end }}

{{/* The address of one of several: they are asked by name. */}}
{{- define "daybook.urls" -}}
{{- $root := .root -}}{{- $service := .service -}}
{{- $urls := list -}}
{{- range until (int .replicas) -}}
{{- $urls = append $urls (printf "https://%s-%s-%d.%s-%s.%s.svc:4480" $root.Release.Name $service . $root.Release.Name $service $root.Release.Namespace) -}}
{{- end -}}
{{- join "," $urls -}}
{{- end }}

{{/* Names that a service answers to: its own, its Service's, and those of each of several. */}}
{{- define "daybook.hostnames" -}}
{{- $release := .root.Release -}}{{- $service := .service -}}
{{- $names := list $service (printf "%s-%s" $release.Name $service) (printf "%s-%s.%s.svc" $release.Name $service $release.Namespace) -}}
{{- range until (int .replicas) -}}
{{- $names = append $names (printf "%s-%s-%d.%s-%s.%s.svc" $release.Name $service . $release.Name $service $release.Namespace) -}}
{{- end -}}
{{- join "," $names -}}
{{- end }}

{{/* Which settings of a service are files of its secret. */}}
{{- define "daybook.files" -}}
DAYBOOK_CA: ca
{{- if eq .service "console" }}
DAYBOOK_CONSOLE_SECRET: console-secret
{{- else }}
DAYBOOK_SERVICE_TOKEN: service-token
{{- if ne .service "gateway" }}
DAYBOOK_S3_SECRET_ACCESS_KEY: s3
{{- if .root.Values.s3.ca }}
DAYBOOK_S3_CA: s3-ca
{{- end }}
{{- end }}
{{- if and .root.Values.s3.copy.endpoint (has .service (list "archiver" "records" "retention")) }}
DAYBOOK_S3_COPY_SECRET_ACCESS_KEY: s3-copy
{{- if .root.Values.s3.copy.ca }}
DAYBOOK_S3_COPY_CA: s3-copy-ca
{{- end }}
{{- end }}
{{- if ne .service "retention" }}
DAYBOOK_KAFKA_PASSWORD: kafka
{{- if .root.Values.kafka.ca }}
DAYBOOK_KAFKA_CA: kafka-ca
{{- end }}
{{- end }}
{{- if not (has .service (list "retention" "witnessing")) }}
DAYBOOK_POSTGRES_PASSWORD: postgres
{{- if .root.Values.postgres.ca }}
DAYBOOK_POSTGRES_CA: postgres-ca
{{- end }}
{{- end }}
{{- if eq .service "archiver" }}
DAYBOOK_S3_PROBE_SECRET_ACCESS_KEY: s3-probe
DAYBOOK_NAMING_KEY: naming-key
DAYBOOK_LOG_KEY: log-key
DAYBOOK_INGEST_SECRET: ingest-secret
{{- else if eq .service "capture" }}
DAYBOOK_LINES_KEY: lines-key
DAYBOOK_SCOPE_KEY: scope-key
{{- if .root.Values.gateway.enabled }}
DAYBOOK_RELAY_KEY: relay-key
{{- end }}
{{- if .root.Values.capture.signal.enabled }}
DAYBOOK_SIGNAL_SERVERS: signal-servers
DAYBOOK_SIGNAL_KEY: signal-key
{{- end }}
{{- if .root.Values.capture.whatsappBusiness.enabled }}
DAYBOOK_WHATSAPP_BUSINESS_NUMBERS: whatsapp-business-numbers
DAYBOOK_WHATSAPP_BUSINESS_APP_SECRETS: whatsapp-business-app-secrets
DAYBOOK_WHATSAPP_BUSINESS_VERIFY_TOKEN: whatsapp-business-verify-token
DAYBOOK_WHATSAPP_BUSINESS_ACCESS_TOKEN: whatsapp-business-access-token
DAYBOOK_WHATSAPP_BUSINESS_KEY: whatsapp-business-key
{{- end }}
{{- if .root.Values.capture.whatsappWeb.enabled }}
DAYBOOK_WHATSAPP_WEB_KEY: whatsapp-web-key
{{- end }}
{{- if .root.Values.capture.sms.enabled }}
DAYBOOK_SMS_NUMBERS: sms-numbers
{{- if .root.Values.capture.sms.smpp }}
DAYBOOK_SMS_SMPP_PASSWORD: sms-smpp-password
{{- end }}
{{- if .root.Values.capture.sms.webhooks }}
DAYBOOK_SMS_WEBHOOKS: sms-webhooks
{{- end }}
DAYBOOK_SMS_KEY: sms-key
{{- end }}
{{- if .root.Values.capture.email.enabled }}
DAYBOOK_EMAIL_MAILBOXES: email-mailboxes
DAYBOOK_EMAIL_JOURNAL_ADDRESSES: email-journal-addresses
DAYBOOK_EMAIL_KEY: email-key
{{- end }}
{{- range $name, $file := .root.Values.capture.files }}
{{ $name }}: {{ $file }}
{{- end }}
{{- else if eq .service "gateway" }}
DAYBOOK_REQUEST_KEY: request-key
DAYBOOK_RELAY_PUBLIC_KEY: relay-public-key
{{- else if eq .service "records" }}
{{- if .root.Values.console.directory }}
DAYBOOK_OIDC_CLIENT_SECRET: oidc-client-secret
{{- end }}
DAYBOOK_REGISTRY_KEY: registry-key
DAYBOOK_SCOPE_KEY: scope-key
{{- else if eq .service "retention" }}
DAYBOOK_S3_EXTENDER_SECRET_ACCESS_KEY: s3-extender
DAYBOOK_S3_EXPIRER_SECRET_ACCESS_KEY: s3-expirer
{{- end }}
{{- if has .service (list "archiver" "records" "evidence") }}
DAYBOOK_TOKENS_KEY: tokens-key
{{- end }}
{{- if has .service (list "records" "evidence") }}
DAYBOOK_ARCHIVE_PASSPHRASE: archive-passphrase
{{- end }}
{{- end }}
{{- end }}

{{/* The settings of a service that are no secret. */}}
{{- define "daybook.settings" -}}
{{- $values := .root.Values -}}
DAYBOOK_HOST: 0.0.0.0
DAYBOOK_HOSTNAMES: {{ include "daybook.hostnames" . | quote }}
{{- with $values.network.proxies }}
DAYBOOK_TRUSTED_PROXIES: {{ join "," . | quote }}
{{- end }}
DAYBOOK_TLS_CERTIFICATE_FILE: /run/tls/tls.crt
DAYBOOK_TLS_KEY_FILE: /run/tls/tls.key
{{- if eq .service "console" }}
DAYBOOK_CONSOLE_ORIGIN: {{ required "console.origin: its address, as browsers have it; or console.enabled: false" $values.console.origin | quote }}
{{- if $values.front.enabled }}
DAYBOOK_URL: https://{{ .root.Release.Name }}-front-inner.{{ .root.Release.Namespace }}.svc:8444
{{- else }}
DAYBOOK_URL: {{ required "console.url: the API's address inside, beside front.enabled: false" $values.console.url | quote }}
{{- end }}
{{- else }}
{{ include "daybook.ofServices" . }}
{{- end }}
{{- end }}

{{/* The settings of those that stand on the engines and know each other. */}}
{{- define "daybook.ofServices" -}}
{{- $values := .root.Values -}}
DAYBOOK_DEPLOYMENT: {{ required "deployment: its name" $values.deployment | quote }}
DAYBOOK_SHARDS: {{ $values.shards | quote }}
{{- if ne .service "gateway" }}
DAYBOOK_S3_ENDPOINT: {{ required "s3.endpoint: the object store" $values.s3.endpoint | quote }}
DAYBOOK_S3_REGION: {{ $values.s3.region | quote }}
DAYBOOK_S3_ACCESS_KEY_ID: {{ .service | quote }}
DAYBOOK_S3_RECORDS_BUCKET: {{ $values.s3.recordsBucket | quote }}
DAYBOOK_S3_HEADS_BUCKET: {{ $values.s3.headsBucket | quote }}
DAYBOOK_S3_KEYRING_BUCKET: {{ $values.s3.keyringBucket | quote }}
{{- end }}
{{- if and $values.s3.copy.endpoint (has .service (list "archiver" "records" "retention")) }}
DAYBOOK_S3_COPY_ENDPOINT: {{ $values.s3.copy.endpoint | quote }}
DAYBOOK_S3_COPY_REGION: {{ $values.s3.copy.region | quote }}
DAYBOOK_S3_COPY_BUCKET: {{ required "s3.copy.bucket: beside s3.copy.endpoint" $values.s3.copy.bucket | quote }}
DAYBOOK_S3_COPY_ACCESS_KEY_ID: {{ .service | quote }}
{{- end }}
{{- if ne .service "retention" }}
DAYBOOK_KAFKA_BROKERS: {{ required "kafka.brokers: HOST:PORT of some" (join "," $values.kafka.brokers) | quote }}
DAYBOOK_KAFKA_USERNAME: daybook-{{ .service }}
DAYBOOK_STREAM_DAYS: {{ $values.kafka.streamDays | quote }}
{{- end }}
{{- if not (has .service (list "retention" "witnessing")) }}
{{ include "daybook.database" . }}
{{- end }}
{{- if and (eq .service "capture") $values.gateway.enabled }}
DAYBOOK_GATEWAY_URL: https://{{ .root.Release.Name }}-gateway.{{ .root.Release.Namespace }}.svc:4480
{{- end }}
{{- if eq .service "capture" }}
{{- $connectors := list }}
{{- if $values.capture.signal.enabled }}{{ $connectors = append $connectors "signal" }}{{ end }}
{{- if $values.capture.whatsappBusiness.enabled }}{{ $connectors = append $connectors "whatsapp-business" }}{{ end }}
{{- if $values.capture.whatsappWeb.enabled }}{{ $connectors = append $connectors "whatsapp-web" }}
DAYBOOK_WHATSAPP_WEB_RUNNING_PATH: /run/daybook/whatsapp-web
{{- if not $values.capture.whatsappWeb.seccompProfile }}
{{- if $values.capture.whatsappWeb.sandbox }}{{ fail "capture.whatsappWeb.seccompProfile: a profile with which Chromium can make its sandbox; or else capture.whatsappWeb.sandbox: false" }}{{ end }}
DAYBOOK_WHATSAPP_WEB_CHROMIUM_ARGS: --no-sandbox
{{- end }}
{{- end }}
{{- if $values.capture.sms.enabled }}{{ $connectors = append $connectors "sms" }}{{ end }}
{{- if $values.capture.email.enabled }}{{ $connectors = append $connectors "email" }}{{ end }}
{{- $connectors = concat $connectors $values.capture.connectors }}
{{- if and $connectors (gt (int $values.capture.replicas) 1) }}{{ fail (printf "capture: an account of %s belongs to one process: capture.replicas must be 1" (join " and " $connectors)) }}{{ end }}
{{- if and $values.capture.agents.kinds (gt (int $values.capture.replicas) 1) }}{{ fail "capture: agents on devices come to one process: capture.replicas must be 1" }}{{ end }}
{{- with $values.capture.agents.kinds }}
DAYBOOK_AGENTS: {{ join "," . }}
{{- end }}
{{- with $connectors }}
DAYBOOK_CONNECTORS: {{ join "," . }}
{{- end }}
{{- end }}
{{- if and (eq .service "evidence") $values.witnessing.enabled }}
DAYBOOK_WITNESSING_URL: https://{{ .root.Release.Name }}-witnessing.{{ .root.Release.Namespace }}.svc:4480
{{- end }}
{{- if ne .service "archiver" }}
DAYBOOK_ARCHIVER_URLS: {{ include "daybook.urls" (dict "root" .root "service" "archiver" "replicas" $values.archiver.replicas) | quote }}
{{- end }}
{{- if ne .service "records" }}
DAYBOOK_RECORDS_URL: https://{{ .root.Release.Name }}-records.{{ .root.Release.Namespace }}.svc:4480
{{- end }}
{{- if eq .service "archiver" }}
DAYBOOK_S3_PROBE_ACCESS_KEY_ID: probe
DAYBOOK_CAPTURE_URLS: {{ include "daybook.urls" (dict "root" .root "service" "capture" "replicas" $values.capture.replicas) | quote }}
{{- else if eq .service "retention" }}
DAYBOOK_S3_EXTENDER_ACCESS_KEY_ID: extender
DAYBOOK_S3_EXPIRER_ACCESS_KEY_ID: expirer
{{- else if eq .service "records" }}
DAYBOOK_ZONE: {{ $values.zone | quote }}
DAYBOOK_DATABASE_BACKUP_DAYS: {{ $values.postgres.backupDays | quote }}
{{- if $values.console.enabled }}
DAYBOOK_CONSOLE_ORIGIN: {{ $values.console.origin | quote }}
{{- end }}
{{- end }}
{{- if has .service (list "records" "capture") }}
DAYBOOK_STATE_PATH: /var/lib/daybook
{{- end }}
{{- if eq .service "evidence" }}
DAYBOOK_PACKAGES_PATH: /var/lib/daybook/packages
{{- end }}
{{- if has .service (list "archiver" "records" "evidence") }}
DAYBOOK_RECIPIENTS_PATH: /run/public/recipients.asc
{{- end }}
{{- if has .service (list "records" "evidence" "retention" "witnessing") }}
DAYBOOK_LOG_VKEYS_FILE: /run/public/log-vkeys
{{- end }}
{{- if has .service (list "records" "evidence") }}
DAYBOOK_ARCHIVE_KEYS_PATH: /run/archive-keys
{{- end }}
{{- end }}

{{- define "daybook.database" -}}
DAYBOOK_POSTGRES_HOST: {{ required "postgres.host: the database server" .root.Values.postgres.host | quote }}
DAYBOOK_POSTGRES_PORT: {{ .root.Values.postgres.port | quote }}
DAYBOOK_POSTGRES_DATABASE: {{ .root.Values.postgres.database | quote }}
DAYBOOK_POSTGRES_USER: daybook_{{ .service }}
{{- end }}
