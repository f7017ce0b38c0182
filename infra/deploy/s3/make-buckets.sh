#!/bin/sh
# Makes the buckets of a deployment and sets who may do what in them. As the store's administrator, with the AWS
# command line set up for it (AWS_ENDPOINT_URL for a store that is not AWS). May be repeated: buckets that are there stay,
# policies and rules are set again.
#
#   make-buckets.sh records heads keyring    the buckets, by their names here
#   make-buckets.sh --copy keyring-copy      the keyring's second home: as ITS administrator, who is another person
#
# Each identity is called by its own name, `archiver` and so on, as most stores do. AWS wants ARNs: set PRINCIPAL_PREFIX
# to what comes before the name, as in arn:aws:iam::123456789012:user/daybook-
set -eu
here=$(cd "$(dirname "$0")" && pwd)
prefix=${PRINCIPAL_PREFIX:-}

make() { # make KIND BUCKET [ARGUMENT...]
  kind=$1
  bucket=$2
  shift 2
  if aws s3api head-bucket --bucket "$bucket" >/dev/null 2>&1; then
    echo "$bucket: is there"
  else
    aws s3api create-bucket --bucket "$bucket" "$@" >/dev/null
    echo "$bucket: made"
  fi
  policy=$(sed -e "s|\${bucket}|$bucket|g" -e "s|\${\([a-z]*\)}|$prefix\1|g" "$here/$kind.json" | tr -d '\n')
  aws s3api put-bucket-policy --bucket "$bucket" --policy "$policy"
  echo "$bucket: policy set"
}

# Attachments are uploaded in parts. What a process that was killed left of one is in no list of objects, and is paid for.
clear() { # clear BUCKET
  rule='{"Rules":[{"ID":"unfinished-uploads","Status":"Enabled","Filter":{"Prefix":""},
    "AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7}}]}'
  if said=$(aws s3api put-bucket-lifecycle-configuration --bucket "$1" --lifecycle-configuration "$rule" 2>&1); then
    echo "$1: uploads that are not finished in 7 days are ended"
    return
  fi
  case "$said" in
  *NotImplemented* | *MethodNotAllowed* | *MalformedXML* | *InvalidArgument*)
    echo "$1: this store takes no rule that ends unfinished uploads: have it end them by its own means, or by hand" >&2 ;;
  *)
    echo "$said" >&2
    return 1
    ;;
  esac
}

case "$#:${1:-}" in
2:--copy) make keyring-copy "$2" ;;
3:*)
  make records "$1" --object-lock-enabled-for-bucket
  clear "$1"
  make heads "$2"
  make keyring "$3"
  ;;
*)
  echo "usage: make-buckets.sh RECORDS HEADS KEYRING | make-buckets.sh --copy BUCKET" >&2
  exit 2
  ;;
esac
