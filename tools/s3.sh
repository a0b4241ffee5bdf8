#!/usr/bin/env bash
# A real S3 server over a folder (versitygw), built by Go from its module proxy into .cache/s3, for the tests with
# `-m s3`. It takes some minutes, once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
VERSION=v1.8.0
TARGET=$PWD/.cache/s3/versitygw-$VERSION
[ -x "$TARGET" ] && exit 0
command -v go >/dev/null || { echo "tools/s3.sh: go is not installed; install Go 1.24 or newer" >&2; exit 1; }
mkdir -p .cache/s3
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cd "$build"
printf 'module s3.test.local/s3\n\ngo %s\n' "$(go env GOVERSION | sed 's/^go//')" >go.mod
printf '//go:build tools\n\npackage s3\n\nimport _ "github.com/versity/versitygw/cmd/versitygw"\n' >tools.go
go get "github.com/versity/versitygw@$VERSION"
go mod tidy
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$TARGET" github.com/versity/versitygw/cmd/versitygw
