#!/bin/sh
# Makes what the trial of compose.yaml needs and no image has: secrets, certificates and passwords, in `run/` and `.env`
# beside it, for this user alone. Needs this checkout after `npm ci`, and openssl. Refuses where `run/` is: it holds the only keys
# to what was archived.
#
# TSA_URL: a time-stamp authority (RFC 3161), WITNESSES: a file of C2SP witnesses, `VKEY URL` each, one a line. With one of
# them outsiders witness the trial's logs; without, nobody does, and everything else is the same.
#
# WHATSAPP_BUSINESS: a folder with numbers, app-secrets, verify-token and access-token (connectors/whatsapp-business): the trial
# captures these official numbers too, and goes out to Meta for their media.
#
# OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET (a file) and OIDC_ROLES (VALUE=ROLE, comma-separated): an OpenID provider by
# which people sign in, besides passkeys; records goes out to ask it.
#
# WHATSAPP_WEB=yes: officials' own WhatsApp accounts can be linked (connectors/whatsapp-web); capture goes out to WhatsApp.
set -eu
umask 077
here=$(cd "$(dirname "$0")" && pwd)
shards=4
run=$here/run
[ ! -e "$run" ] || { echo "$run is there: remove it to begin anew, and lose what was archived" >&2; exit 1; }
mkdir "$run"
trap 'rm -rf "$run"' EXIT

"$here/../../../node_modules/.bin/daybook" keys ceremony --deployment trial.example --shards "$shards" \
  --out "$run/secrets" >/dev/null

# One authority of the trial's own, one certificate a service.
mkdir "$run/tls"
cd "$run/tls"
key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }
key ca
openssl req -x509 -new -key ca.key -sha256 -days 365 -subj "/CN=Daybook trial" -out ca.pem \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
for name in archiver capture console evidence gateway records retention witnessing front; do
  key "$name"
  printf 'subjectAltName=DNS:%s,DNS:localhost,IP:127.0.0.1\n' "$name" >"$name.ext"
  openssl req -new -key "$name.key" -subj "/CN=$name" |
    openssl x509 -req -CA ca.pem -CAkey ca.key -sha256 -days 365 -extfile "$name.ext" -out "$name.pem" 2>/dev/null
  rm "$name.ext"
done
# Nobody can make another: a year later the trial is over.
rm ca.key

mkdir "$run/passwords" "$run/state" "$run/state/capture" "$run/state/evidence" "$run/state/records" "$run/state/kafka" "$run/state/postgres" "$run/state/postgres-socket" \
  "$run/state/store" "$run/state/store/iam" "$run/state/store/data" "$run/state/store/versions" "$run/state/store/known"
random() { openssl rand -hex 24; }
accounts=
for identity in archiver capture evidence expirer extender probe records retention witnessing; do
  random >"$run/passwords/s3-$identity"
  accounts="$accounts${accounts:+,}\"$identity\":{\"access\":\"$identity\",\"secret\":\"$(cat "$run/passwords/s3-$identity")\",\"role\":\"user\"}"
done
printf '{"accessAccounts":{%s}}\n' "$accounts" >"$run/state/store/iam/users.json"
for login in owner archiver records evidence capture gateway; do random >"$run/passwords/postgres-$login"; done

# An empty file is no witness.
if [ -n "${WITNESSES:-}" ]; then cp "$WITNESSES" "$run/witnesses"; else : >"$run/witnesses"; fi
cp "$here/front.conf" "$run/front.conf"
witnessed=
if [ -n "${TSA_URL:-}${WITNESSES:-}" ]; then
  witnessed=yes
  sed -i 's/server 127.0.0.1:4480 down/server witnessing:4480/' "$run/front.conf"
fi

compose_file=compose.yaml
connectors=
if [ -n "${WHATSAPP_BUSINESS:-}" ]; then
  mkdir "$run/whatsapp-business"
  for name in numbers app-secrets verify-token access-token; do
    cp "$WHATSAPP_BUSINESS/$name" "$run/whatsapp-business/$name"
  done
  openssl rand -base64 32 >"$run/whatsapp-business/key"
  chmod 0400 "$run/whatsapp-business"/*
  compose_file=$compose_file:whatsapp-business.yaml
  connectors=whatsapp-business
  sed -i 's/server 127.0.0.1:4482 down/server capture:4482/' "$run/front.conf"
fi
if [ -n "${WHATSAPP_WEB:-}" ]; then
  mkdir "$run/whatsapp-web"
  openssl rand -base64 32 >"$run/whatsapp-web/key"
  chmod 0400 "$run/whatsapp-web/key"
  compose_file=$compose_file:whatsapp-web.yaml
  connectors=${connectors:+$connectors,}whatsapp-web
fi

if [ -n "${OIDC_ISSUER:-}" ]; then
  cp "${OIDC_CLIENT_SECRET:?a file with the secret of Daybook at the provider}" "$run/oidc-client-secret"
  chmod 0400 "$run/oidc-client-secret"
  : "${OIDC_CLIENT_ID:?what Daybook is called there}" "${OIDC_ROLES:?which role a value of the claim roles gives}"
  compose_file=$compose_file:directory.yaml
fi

# The user of the containers has a name in them.
printf 'daybook:x:%s:%s::/:/usr/sbin/nologin\n' "$(id -u)" "$(id -g)" >"$run/passwd"

cat >"$here/.env" <<END
DAYBOOK_UID=$(id -u)
DAYBOOK_GID=$(id -g)
SHARDS=$shards
STORE_PASSWORD=$(random)
POSTGRES_PASSWORD=$(random)
COMPOSE_FILE=$compose_file
CONNECTORS=$connectors
COMPOSE_PROFILES=${witnessed:+witnessing}
WITNESSING_URL=${witnessed:+https://witnessing:4480}
TSA_URL=${TSA_URL:-}
OIDC_ISSUER=${OIDC_ISSUER:-}
OIDC_CLIENT_ID=${OIDC_CLIENT_ID:-}
OIDC_ROLES=${OIDC_ROLES:-}
END
trap - EXIT
echo "Made $run. Now: docker compose --project-directory $here up --build --wait"
