# What a newcomer needs: make run, make test. What a change needs: make check.

GO ?= go
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GOARCH ?= $(shell $(GO) env GOARCH)
NFPM = github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.0
HELM = helm.sh/helm/v3/cmd/helm@v3.22.0
CYCLONEDX = github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0

.PHONY: release deb image image-docker chart sbom run build ui test race long-told long-lived long-killed long-nodes check ui-check bench torture fuzz setup peers generate

run: ui build ## start the system with simulated stations on http://127.0.0.1:8080/
	bin/gnista serve --demo

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/gnista ./cmd/gnista

# The screens, which go into the binary that is built after them. Without Node the binary says that they are missing.
ui:
	@if command -v npm >/dev/null; then $(MAKE) -s web/node_modules/.package-lock.json && cd web && npm run -s build; \
	else echo "ui: Node is not installed, so the screens are not built"; fi

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json

# What is generated from the API, types, style, and the screens in a real browser on the real binary.
ui-check: setup ui
	$(GO) build -o bin/gnista ./cmd/gnista
	cd web && npm run -s generate && npm run -s check && npm test

# Tests use a real PostgreSQL and stations that others have written; setup installs what is missing.
test: setup peers
	$(GO) test -timeout 60m $(TESTFLAGS) ./...

setup:
	sh scripts/setup.sh

peers:
	cd testdata/peers/ocpp-go && $(GO) build -o ../../../bin/peer-ocpp-go .
	cd testdata/peers/stripe-mock && $(GO) build -o ../../../bin/stripe-mock github.com/stripe/stripe-mock
	cd testdata/peers/ocpp-rpc && npm ci --no-audit --no-fund --loglevel=error

generate:
	$(GO) generate ./...

# Tests that take days of stations' time, or end a process at each of its writes: watched for races they would take most
# of an hour, and so they are played without; TestDay is watched in part. TestTranscripts is not, as
# the race detector of Go 1.26 now and then ends a process that has many goroutines (golang/go#78156): most of all there.
LONG = Conformance|SitePower|UptimeOfADay|LaddersEnd|Remedies|SilentFaults|Anything|Scenarios|Guard([A-Z]\w*)?|Guest([A-Z]\w*)?|Rage|CheckPersonalities|Personalities|Terminal([A-Z]\w*)?|SimSite|Demo|EndsAtAnyWrite|Killed|Image|$(KILLING)
KILLING = Kill([A-Z]\w*)?|$(KILLING_NODES)
KILLING_NODES = KillNodes|NodesCut|Balancers
LONG_IN = ./cmd/gnista ./checkout ./fault/alert ./fault/remedy ./power/site ./payment/stripe ./payment/swish

# SQLite is C that was made Go, with locks of its own: to watch each of its accesses makes it twenty times as
# slow and finds nothing of ours. Only that package: where one has generic code it shares that with all others, which
# would then not be watched there, and races would be seen where there are none.
race: setup peers
	sh scripts/race.sh $(GO) -race -gcflags=modernc.org/sqlite/lib=-race=false -vet=off -timeout 30m -skip '^Test($(LONG)|Transcripts)$$'

# Package api has a generic function of huma's for each operation, which takes most of its time to inline: not for tests.
check race ui-check long-told long-lived long-killed long-nodes: export GOFLAGS = -gcflags=gnista/api=-l

# What is tested is linked as what is given to others is; only the race detector needs C.
check peers ui-check long-told long-lived long-killed long-nodes: export CGO_ENABLED = 0
race: export CGO_ENABLED = 1

# Beside each other: what is told and what is lived use a core, and those that kill processes wait most of the time.
long-told:
	$(GO) test -vet=off -timeout 30m -run '^Test(Conformance|Transcripts)$$' ./cmd/gnista

long-lived:
	$(GO) test -vet=off -timeout 30m -run '^Test($(LONG)|Day)$$' -skip '^Test(Conformance|$(KILLING))$$' $(LONG_IN)

long-killed:
	$(GO) test -vet=off -timeout 30m -run '^Test($(KILLING))$$' -skip '^Test($(KILLING_NODES))$$' ./cmd/gnista

long-nodes:
	$(GO) test -vet=off -timeout 30m -run '^Test($(KILLING_NODES))$$' ./cmd/gnista

# Tests write much that nobody keeps, and run what they build: in memory, where there is room and that may be.
MEMORY := $(shell grep -s ' /dev/shm ' /proc/mounts | grep -qv noexec && test -w /dev/shm && df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 8000000 { print $$6 }')
ifneq ($(MEMORY),)
check: export TMPDIR = $(MEMORY)
endif

check: generate
	test -z "$$(git ls-files -z '*.go' | xargs -0 gofmt -l | tee /dev/stderr)"
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(MAKE) ui-check
	$(MAKE) race
	$(MAKE) -j4 long-told long-lived long-killed long-nodes
	git diff --exit-code

# Everything that can happen to a system, for as long as is said: make torture FOR=2h. What was done is printed with a
# seed, by which it can be done again.
FOR = 5m
torture: setup
	GNISTA_TORTURE=$(FOR) $(GO) test -count=1 -timeout 0 -run '^TestTorture$$' -v ./cmd/gnista

# Inputs that nobody thought of, to each fuzz target for as long as is said.
fuzz: FOR = 30s
fuzz:
	sh scripts/fuzz.sh $(FOR) $(GO)

bench: build
	$(GO) test -run '^$$' -bench . -benchtime 1s ./ocpp/... ./tariff ./charging
	bin/gnista bench

# What is given to others. The version is that of the newest tag, as in VERSION=1.2.0.
release: ui
	CGO_ENABLED=0 GOARCH=$(GOARCH) $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/gnista ./cmd/gnista

deb: release
	VERSION=$(VERSION) GOARCH=$(GOARCH) GOFLAGS= $(GO) run $(NFPM) package -f deploy/nfpm.yaml -p deb -t bin/

# The container image as a file, for which no engine is needed and nothing is fetched. SOURCE is the address of the source,
# where others can see it.
IMAGE = bin/gnista-$(VERSION)-$(GOARCH).image.tar
image: release
	GOARCH= $(GO) run ./deploy/image -arch $(GOARCH) -version $(VERSION) -source "$(SOURCE)" \
		-made $${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 0)} -out $(IMAGE)

image-docker:
	docker build -f deploy/Dockerfile --build-arg VERSION=$(VERSION) -t gnista:$(VERSION) .

# Renders the chart in each way; helm is built where there is none.
chart:
	command -v helm >/dev/null || test -x bin/helm || GOBIN=$(CURDIR)/bin GOFLAGS= $(GO) install $(HELM)
	$(GO) test ./cmd/gnista -run '^TestChart$$' -v

# What the binary is made of, with the licence of each (CycloneDX).
sbom: release
	GOFLAGS= $(GO) run $(CYCLONEDX) bin -json -licenses -std -version $(VERSION) -output bin/gnista.cdx.json bin/gnista
