PKG      ?= ./...
FUZZTIME ?= 30s

.PHONY: all build test race lint fmt golden fuzz-all bench

all: fmt lint test ## what a change has to pass before review

build: ## the binary, without cgo
	CGO_ENABLED=0 go build -o bin/minisql ./cmd/minisql

test:
	go test ./...

race: ## the rooms in which goroutines meet
	go test -race -short ./storage/... ./mvcc/... ./ssi/... ./txn/... ./exec/... ./pgwire/... ./minisqltest/...

fmt:
	gofmt -w $$(git ls-files '*.go')

# The linter is run by version, so that everybody and CI see the same findings.
lint:
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.5.0 run --allow-parallel-runners ./...

golden: ## regenerate the golden files of PKG, then read the diff
	go test $(PKG) -update && git diff --stat

fuzz-all: ## every fuzz target for FUZZTIME
	@set -e; for pkg in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

bench: ## side by side with PostgreSQL and SQLite; see docs/benchmarks.md
	$(MAKE) -C bench
