#!/usr/bin/env bash
# Makes the certificate chains of test/fixtures/trust with OpenSSL, and records what `openssl verify` says of each.
# They are committed, so tests need neither this script nor OpenSSL; run it (OpenSSL 3.0 or later) to add a case.
# Private keys stay in a temporary directory that is removed at the end.
set -euo pipefail

cd "$(dirname "$0")/.."
fixtures=test/fixtures/trust
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Complete before it replaces what is there.
out="$work/fixtures"
mkdir -p "$out"

# All verdicts are as of this instant, 2026-06-01T00:00:00Z.
now=1780272000
begin=20260101000000Z
end=20360101000000Z

ca_extensions="basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid"

leaf_extensions() { # URI
  echo "basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
authorityKeyIdentifier=keyid
subjectAltName=critical,URI:$1"
}

gateway=spiffe://green-mesh.local/ns/green-mesh-system/sa/egress-red-mesh-service-account

key() { # NAME [ALGORITHM]
  local options
  case ${2:-p256} in
    p256) options="-algorithm EC -pkeyopt ec_paramgen_curve:P-256" ;;
    p384) options="-algorithm EC -pkeyopt ec_paramgen_curve:P-384" ;;
    secp256k1) options="-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1" ;;
    rsa) options="-algorithm RSA -pkeyopt rsa_keygen_bits:2048" ;;
    rsa1024) options="-algorithm RSA -pkeyopt rsa_keygen_bits:1024" ;;
    ed25519) options="-algorithm ED25519" ;;
  esac
  # shellcheck disable=SC2086
  [ -f "$work/$1.key" ] || openssl genpkey $options -out "$work/$1.key" 2>/dev/null
}

# certificate NAME ISSUER SUBJECT EXTENSIONS [BEGIN] [END] [DIGEST]; ISSUER "self" signs itself.
certificate() {
  local name=$1 issuer=$2 subject=$3 extensions=$4 from=${5:-$begin} until=${6:-$end} digest=${7:-default}
  key "$name"
  local dir="$work/ca-$name"
  mkdir -p "$dir"
  : >"$dir/index"
  cat >"$dir/config" <<CONFIG
[ca]
default_ca=this
[this]
database=$dir/index
new_certs_dir=$dir
rand_serial=yes
unique_subject=no
policy=policy
email_in_dn=no
[policy]
organizationName=optional
commonName=optional
emailAddress=optional
[req]
distinguished_name=dn
[dn]
[extensions]
$extensions
CONFIG
  openssl req -new -config "$dir/config" -key "$work/$name.key" -subj "$subject" -out "$dir/request" 2>/dev/null
  local signer=(-cert "$work/$issuer.pem" -keyfile "$work/$issuer.key")
  if [ "$issuer" = self ]; then signer=(-selfsign -keyfile "$work/$name.key"); fi
  openssl ca -batch -notext -preserveDN -config "$dir/config" -extensions extensions -md "$digest" \
    -startdate "$from" -enddate "$until" "${signer[@]}" -in "$dir/request" -out "$work/$name.pem" 2>"$dir/log" ||
    { cat "$dir/log" >&2; exit 1; }
}

root() { # NAME SUBJECT [ALGORITHM] [EXTRA EXTENSIONS]
  key "$1" "${3:-p256}"
  certificate "$1" self "$2" "$ca_extensions${4:+
$4}"
}

intermediate() { # NAME ISSUER [EXTRA EXTENSIONS]
  certificate "$1" "$2" "/O=$1" "$ca_extensions${3:+
$3}"
}

leaf() { # NAME ISSUER [URI]
  certificate "$1" "$2" / "$(leaf_extensions "${3:-$gateway}")"
}

# case_ NAME ROOTS CHAIN...: writes the two files and the verdict.
case_() {
  local name=$1 roots=$2
  shift 2
  for part in $roots; do cat "$work/$part.pem"; done >"$out/$name.roots.pem"
  for part in "$@"; do cat "$work/$part.pem"; done >"$out/$name.chain.pem"
  local verdict
  if verdict=$(openssl verify -no-CAfile -no-CApath -no-CAstore -partial_chain -purpose sslclient -auth_level 2 \
    -attime "$now" -CAfile "$out/$name.roots.pem" -untrusted "$out/$name.chain.pem" "$out/$name.chain.pem" 2>&1); then
    verdict=OK
  else
    verdict=$(sed -n 's/^error \([0-9]*\) at.*lookup: *\(.*\)$/\1 \2/p' <<<"$verdict" | head -1)
  fi
  printf '%s\t%s\n' "$name" "$verdict" >>"$out/openssl-verdicts.tsv"
}

# --- roots
root green /O=green-mesh.local
root red /O=red-mesh.local
root shared "/O=Example Corp/CN=Root"
root green-rsa /O=green-mesh.local rsa
root green-p384 /O=green-mesh.local p384
root green-ed25519 /O=green-mesh.local ed25519
root green-again /O=green-mesh.local
certificate green-expired self /O=green-mesh.local "$ca_extensions" 20240101000000Z 20260501000000Z

# --- accepted
leaf leaf green
case_ p256 green leaf
case_ root-sent-along green leaf green
case_ several-roots "red green shared" leaf
case_ expired-root-beside "green-expired green" leaf
for algorithm in rsa p384 ed25519; do
  key "leaf-$algorithm" "$algorithm"
  leaf "leaf-$algorithm" "green-$algorithm"
  case_ "$algorithm" "green-$algorithm" "leaf-$algorithm"
done
leaf shared-leaf shared
case_ shared-root shared shared-leaf
intermediate level1 green
intermediate level2 level1
leaf level1-leaf level1
leaf level2-leaf level2
case_ intermediate green level1-leaf level1
case_ intermediates-in-order green level2-leaf level2 level1
case_ intermediates-out-of-order green level2-leaf level1 level2
case_ unrelated-certificates green level2-leaf red level1 shared level2
case_ intermediate-as-anchor level2 level2-leaf
key mixed-intermediate p384
intermediate mixed-intermediate green-rsa
key mixed-leaf ed25519
leaf mixed-leaf mixed-intermediate
case_ mixed-algorithms green-rsa mixed-leaf mixed-intermediate
certificate pathlen0 green /O=pathlen0 "${ca_extensions/CA:TRUE/CA:TRUE,pathlen:0}"
leaf pathlen0-leaf pathlen0
case_ path-length-kept green pathlen0-leaf pathlen0
# The same intermediate, certified by a root that is not trusted too.
certificate cross-a red /O=cross "$ca_extensions"
cp "$work/cross-a.key" "$work/cross-b.key"
certificate cross-b green /O=cross "$ca_extensions"
leaf cross-leaf cross-a
case_ cross-certified green cross-leaf cross-b cross-a
# OpenSSL takes the first certificate that fits and does not go back.
case_ cross-certified-dead-end-first green cross-leaf cross-a cross-b
# A root that certified its next key under its own name counts as no intermediate (RFC 5280 §6.1.4 (l)).
certificate short-root self /O=rollover.local "${ca_extensions/CA:TRUE/CA:TRUE,pathlen:0}"
certificate next-key short-root /O=rollover.local "$ca_extensions"
leaf next-leaf next-key
case_ self-issued-rollover short-root next-leaf next-key
certificate bare-leaf green / "subjectAltName=critical,URI:$gateway"
case_ leaf-without-usages green bare-leaf
certificate dns-leaf green / "$(leaf_extensions "$gateway,DNS:*.green-mesh.local,DNS:egress")"
case_ dns-names-beside-uri green dns-leaf
intermediate only-green green "nameConstraints=critical,permitted;URI:green-mesh.local"
leaf only-green-leaf only-green
case_ uri-constraint-kept green only-green-leaf only-green
intermediate below-example green "nameConstraints=critical,permitted;URI:.example.com"
leaf below-example-leaf below-example spiffe://green.example.com/ns/a/sa/b
case_ uri-subdomain-constraint-kept green below-example-leaf below-example
intermediate dns-example green "nameConstraints=critical,permitted;DNS:example.com"
certificate dns-example-leaf dns-example / "$(leaf_extensions "$gateway,DNS:a.b.example.com,DNS:EXAMPLE.com")"
case_ dns-constraint-kept green dns-example-leaf dns-example
case_ dns-constraint-without-dns-name green below-example-leaf below-example
intermediate ip-net green "nameConstraints=critical,permitted;IP:10.1.0.0/255.255.0.0"
certificate ip-leaf ip-net / "$(leaf_extensions "$gateway,IP:10.1.2.3")"
case_ ip-constraint-kept green ip-leaf ip-net

# --- not trusted
case_ other-root red leaf
case_ other-root-of-same-name green-again leaf
no_key_id="basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign"
certificate nameless-a self /O=green-mesh.local "$no_key_id
subjectKeyIdentifier=none"
certificate nameless-b self /O=green-mesh.local "$no_key_id
subjectKeyIdentifier=none"
certificate nameless-leaf nameless-a / "subjectAltName=critical,URI:$gateway
authorityKeyIdentifier=none"
case_ other-root-without-key-id nameless-b nameless-leaf
case_ intermediate-missing green level2-leaf level2
case_ intermediates-missing green level2-leaf
certificate self-signed self /CN=egress "$(leaf_extensions "$gateway")"
case_ self-signed-leaf green self-signed
case_ self-signed-leaf-as-root self-signed self-signed
certificate self-signed-namesake self /O=green-mesh.local "$(leaf_extensions "$gateway")"
case_ self-signed-leaf-of-root-name green self-signed-namesake
leaf minted red
case_ minted-by-other-trust-domain green minted

# --- dates
certificate expired-leaf green / "$(leaf_extensions "$gateway")" 20260101000000Z 20260531235959Z
case_ expired-leaf green expired-leaf
certificate future-leaf green / "$(leaf_extensions "$gateway")" 20260601000001Z $end
case_ not-yet-valid-leaf green future-leaf
certificate expired-intermediate green /O=expired "$ca_extensions" 20260101000000Z 20260531235959Z
leaf below-expired expired-intermediate
case_ expired-intermediate green below-expired expired-intermediate
leaf below-expired-root green-expired
case_ expired-root green-expired below-expired-root

# --- issuers that are none
certificate not-ca green /O=not-ca "basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
subjectKeyIdentifier=hash"
leaf below-not-ca not-ca
case_ intermediate-not-a-ca green below-not-ca not-ca
certificate no-constraints green /O=no-constraints "keyUsage=critical,keyCertSign
subjectKeyIdentifier=hash"
leaf below-no-constraints no-constraints
case_ intermediate-without-basic-constraints green below-no-constraints no-constraints
certificate no-cert-sign green /O=no-cert-sign "basicConstraints=critical,CA:TRUE
keyUsage=critical,digitalSignature
subjectKeyIdentifier=hash"
leaf below-no-cert-sign no-cert-sign
case_ intermediate-without-cert-sign green below-no-cert-sign no-cert-sign
leaf below-nameless leaf
case_ issued-without-issuer-name green below-nameless leaf
certificate named-leaf green /CN=egress "$(leaf_extensions "$gateway")"
leaf below-leaf named-leaf
case_ issued-by-a-leaf green below-leaf named-leaf
intermediate below-pathlen0 pathlen0
leaf too-deep below-pathlen0
case_ path-length-exceeded green too-deep below-pathlen0 pathlen0
certificate pathlen-root self /O=pathlen-root "${ca_extensions/CA:TRUE/CA:TRUE,pathlen:0}"
intermediate below-pathlen-root pathlen-root
leaf below-pathlen-root-leaf below-pathlen-root
case_ path-length-of-root-exceeded pathlen-root below-pathlen-root-leaf below-pathlen-root

# --- name constraints
leaf outside only-green spiffe://red-mesh.local/ns/a/sa/b
case_ uri-constraint-violated green outside only-green
leaf below-host only-green spiffe://sub.green-mesh.local/ns/a/sa/b
case_ uri-host-constraint-has-no-subdomains green below-host only-green
leaf not-below below-example spiffe://example.com/ns/a/sa/b
case_ uri-subdomain-constraint-excludes-itself green not-below below-example
intermediate not-green green "nameConstraints=critical,excluded;URI:green-mesh.local"
leaf not-green-leaf not-green
case_ uri-constraint-excluded green not-green-leaf not-green
intermediate constrained-above only-green
leaf far-outside constrained-above spiffe://red-mesh.local/ns/a/sa/b
case_ uri-constraint-two-levels-up green far-outside constrained-above only-green
certificate dns-outside-leaf dns-example / "$(leaf_extensions "$gateway,DNS:badexample.com")"
case_ dns-constraint-violated green dns-outside-leaf dns-example
intermediate dns-narrow green "nameConstraints=critical,permitted;DNS:foo.example.com"
certificate dns-wide-leaf dns-narrow / "$(leaf_extensions "$gateway,DNS:*.example.com")"
case_ dns-wildcard-wider-than-permitted green dns-wide-leaf dns-narrow
intermediate dns-excluded green "nameConstraints=critical,excluded;DNS:foo.example.com"
certificate dns-wildcard-leaf dns-excluded / "$(leaf_extensions "$gateway,DNS:*.example.com")"
case_ dns-wildcard-covers-excluded green dns-wildcard-leaf dns-excluded
certificate ip-outside-leaf ip-net / "$(leaf_extensions "$gateway,IP:10.2.2.3")"
case_ ip-constraint-violated green ip-outside-leaf ip-net
intermediate email-only green "nameConstraints=critical,permitted;email:example.com"
certificate email-leaf email-only / "$(leaf_extensions "$gateway,email:a@example.com")"
case_ email-constraint-not-supported green email-leaf email-only
certificate directory green /O=directory "$ca_extensions
nameConstraints=critical,permitted;dirName:wanted
[wanted]
O=directory"
certificate directory-leaf directory "/O=directory/CN=a" "$(leaf_extensions "$gateway")"
case_ directory-constraint-kept green directory-leaf directory
certificate directory-outside-leaf directory "/O=other/CN=a" "$(leaf_extensions "$gateway")"
case_ directory-constraint-violated green directory-outside-leaf directory

# --- not an SVID
certificate two-uris green / "$(leaf_extensions "$gateway,URI:spiffe://green-mesh.local/ns/a/sa/b")"
case_ two-spiffe-ids green two-uris
certificate second-uri green / "$(leaf_extensions "$gateway,URI:https://example.com/")"
case_ second-uri-not-spiffe green second-uri
certificate dns-only green /CN=egress "basicConstraints=critical,CA:FALSE
subjectAltName=DNS:egress.green-mesh.local"
case_ dns-name-only green dns-only
certificate wildcard-only green /CN=egress "basicConstraints=critical,CA:FALSE
subjectAltName=DNS:*"
case_ wildcard-dns-name-only green wildcard-only
certificate no-names green /CN=egress "basicConstraints=critical,CA:FALSE"
case_ no-alternative-name green no-names
n=0
for uri in https://green-mesh.local/ns/a/sa/b spiffe://green-mesh.local spiffe://green-mesh.local/ \
  spiffe://GREEN-mesh.local/ns/a/sa/b spiffe://green-mesh.local:8443/ns/a/sa/b spiffe://u@green-mesh.local/ns/a \
  'spiffe://green-mesh.local/ns/a?x=1' spiffe://green-mesh.local/ns/../sa spiffe://green-mesh.local/ns/%61 \
  SPIFFE://green-mesh.local/ns/a/sa/b; do
  n=$((n + 1))
  leaf "bad-id-$n" green "$uri"
  case_ "bad-spiffe-id-$n" green "bad-id-$n"
done
case_ root-as-leaf green green
case_ intermediate-as-leaf green level1
certificate cert-sign-leaf green / "$(leaf_extensions "$gateway" | sed 's/digitalSignature/digitalSignature,keyCertSign/')"
case_ leaf-may-sign-certificates green cert-sign-leaf

# --- usages, algorithms, extensions
certificate server-only green / "$(leaf_extensions "$gateway" | sed 's/serverAuth,clientAuth/serverAuth/')"
case_ server-only green server-only
intermediate mail-ca green extendedKeyUsage=emailProtection
leaf below-mail-ca mail-ca
case_ usage-limited-above green below-mail-ca mail-ca
key encipher-only rsa
certificate encipher-only green / "$(leaf_extensions "$gateway" | sed 's/digitalSignature/keyEncipherment/')"
case_ leaf-without-digital-signature green encipher-only
certificate critical-leaf green / "$(leaf_extensions "$gateway")
1.3.6.1.4.1.99999.1=critical,ASN1:NULL"
case_ unknown-critical-extension green critical-leaf
intermediate critical-ca green "1.3.6.1.4.1.99999.1=critical,ASN1:NULL"
leaf below-critical-ca critical-ca
case_ unknown-critical-extension-above green below-critical-ca critical-ca
certificate unknown-leaf green / "$(leaf_extensions "$gateway")
1.3.6.1.4.1.99999.1=ASN1:NULL"
case_ unknown-extension-not-critical green unknown-leaf
certificate sha1-leaf green-rsa / "$(leaf_extensions "$gateway")" $begin $end sha1
case_ sha1-signature green-rsa sha1-leaf
key small-leaf rsa1024
leaf small-leaf green
case_ rsa-1024-key green small-leaf
key odd-curve secp256k1
leaf odd-curve green
case_ secp256k1-key green odd-curve

# --- for other identities and trust domains
leaf red-leaf red spiffe://red-mesh.local/ns/red-mesh-system/sa/ingress-green-mesh-service-account
case_ red-mesh red red-leaf
leaf other-account green spiffe://green-mesh.local/ns/green-mesh-system/sa/default
case_ other-identity green other-account

rm -rf "$fixtures"
cp -r "$out" "$fixtures"
wc -l "$fixtures/openssl-verdicts.tsv"
