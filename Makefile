# Everything is built from Go modules into .local/, which `make clean` removes.
BIN := $(CURDIR)/.local/bin
TOOL := go tool -modfile=tools/go.mod
export KUBEBUILDER_ASSETS := $(BIN)

# Checks and tests spend up to a third of their processor time on collecting garbage of small heaps, as Go usually does it.
# Near the limit they collect as often as they must.
CHECKS := cases lint quick unit verify race race-short local killed conformance properties roundtrip chart dashboards chaos
$(CHECKS): export GOGC ?= 400
$(CHECKS): export GOMEMLIMIT ?= 3GiB

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

.PHONY: demo
demo: build ## The whole story on a local control plane: pods come, nodes come, pods go, nodes go, are exchanged and rolled
	@$(BIN)/localcluster demo

.PHONY: up
up: build ## Start Kubernetes, a fake VPSie and the autoscaler, and leave them running
	@$(BIN)/localcluster up

.PHONY: down
down: ## End what `make up` started
	@test ! -x $(BIN)/localcluster || $(BIN)/localcluster down

.PHONY: up-controller
up-controller: build ## Start the autoscaler again where `make up` runs
	@$(BIN)/localcluster up-controller

.PHONY: controlplane
controlplane: ## Build the local control plane (first time: ten minutes on two cores)
	@localcluster/build.sh $(BIN)

.PHONY: build
build: controlplane ## Build all binaries
	@go build -o $(BIN)/ ./cmd/... ./vpsie/vpsietest/cmd/fakevpsie
	@cd localcluster && go build -o $(BIN)/localcluster ./cmd/localcluster

.PHONY: test
test: build ## All checks and tests
	@tools/steps lint verify userdata vulnerabilities cases / unit race-short / local chart dashboards

.PHONY: quick
quick: ## The inner loop: tests that need no control plane, and lint of what differs from main
	@tools/quick

.PHONY: lint
lint: ## golangci-lint, go vet and import arrows included
	@tools/lint

.PHONY: generate
generate: ## Generate deep copies, CRDs, docs/reference and the chart's copies
	@$(TOOL) controller-gen object crd paths=./api/... output:crd:dir=api/v1alpha1/crds
	@go run ./api/crdversions api/v1alpha1/crds/autoscaler.vpsie.com_*.yaml
	@go test ./cmd/vpsie-autoscaler -count=1 -run '^TestReferencePagesAreCurrent$$' -rewrite >/dev/null
	@tools/chart

.PHONY: verify
verify: ## Fail when generated files or module files are not current
	@tools/verify

.PHONY: userdata
userdata: ## Check the shipped user data with cloud-init and shellcheck
	@tools/userdata

.PHONY: vulnerabilities
vulnerabilities: ## Look for known vulnerabilities, where the database can be reached
	@tools/vulnerabilities

.PHONY: cases
cases: ## What real clusters hold around their pods, one story of the dry run for each kind
	@go test -count=1 ./cmd/vpsie-autoscaler -run '^TestPlanStories$$/^cases$$'

.PHONY: unit
unit: ## Unit, property and integration tests, and that the benchmark runs
	@go test -timeout 20m ./internal/control ./... && (cd tools && go test ./...) && cd bench && go test ./... # the longest first: the others run beside it

.PHONY: race
race: build ## The controller's packages and a short chaos under the race detector
	@tools/race

.PHONY: race-short
race-short: build ## The same without the tests of internal/control: the chaos runs its code
	@tools/race short

.PHONY: local
local: build ## Tests of the local cluster, a short end-to-end story among them; chaos is in race-short
	@cd localcluster && go test -count=1 -timeout 40m -skip '^TestChaos$$' ./... # they start binaries, which the test cache does not see

.PHONY: killed
killed: build ## Kill the controller at every step of a machine's life, of which make local has a third
	@cd localcluster && go test -count=1 -v -timeout 60m ./e2e -run 'Killed' -args -e2e.one-in=1

.PHONY: bench
bench: ## The planner beside Karpenter's: time, nodes and price; SCENARIO=diverse-1000 for a part
	@echo "bench: building; about two minutes the first time on two cores"
	@cd bench && go run . -scenario "$(SCENARIO)"

WEEKS ?= --synthetic-days 7
.PHONY: weeks
weeks: ## What each consolidation and Karpenter cost over weeks; WEEKS="--trace FILE --skip 115d --length 35d --compress 10" for a trace
	@cd bench && go run . weeks -f weeks/nodegroup.yaml --offerings weeks/offerings.yaml \
		--vary 'ng/*.disruption.consolidation=WhenEmpty' --vary 'ng/*.disruption.consolidation=WhenCheaper' \
		--vary 'ng/*.disruption.consolidation=WhenCheaper ng/*.scaleDownPolicy.unneededTime=60' \
		--vary 'ng/*.disruption.consolidation=WhenCheaper ng/*.disruption.paybackHours=24' --consolidate-after 0s,10m $(WEEKS)

.PHONY: scale
scale: NODES = 500
scale: PODS = 15000
scale: SOAK = 1m
scale: build ## The controller's memory, processor time and speed in a cluster of NODES=500 and PODS=15000 (SOAK=5m looks longer for a leak)
	@$(BIN)/localcluster scale --dir $(BIN)/../scale --nodes $(NODES) --pods $(PODS) --soak $(SOAK)

.PHONY: conformance
conformance: ## Hold the planner against kube-scheduler's own plugins: CASES=20000, SEED=… to replay
	@cd localcluster && CONFORMANCE_CASES=$(or $(CASES),20000) CONFORMANCE_SEED=$(or $(SEED),$$(date +%s%N)) \
		go test -count=1 -timeout 0 -v -run 'Divergences|RandomClusters|RandomBudgets' ./conformance

.PHONY: properties
properties: ## Hold the planner's properties in many more cases: CHECKS=5000, SEED=… to replay
	@seed=$(or $(SEED),$$(date +%s)); echo "seed $$seed"; \
		go test -count=1 -timeout 0 ./internal/plan ./internal/plan/packing -rapid.checks=$(or $(CHECKS),5000) -rapid.seed=$$seed

.PHONY: roundtrip
roundtrip: ## Read 100,000 random objects in every API version, through the API server's own pruning: COUNT=, SEED= to replay
	@go test -count=1 -timeout 0 -v ./api/v1alpha1 -run '^TestEveryVersionKeepsWhatAnotherWrote$$' \
		-args -roundtrips-in-memory=$(or $(COUNT),100000) -roundtrip-seed=$(or $(SEED),0)

.PHONY: chart
chart: build ## Tests of the Helm chart, on an API server and on a local cluster
	@cd charts && go test -count=1 -timeout 40m ./... # they start binaries, which the test cache does not see

.PHONY: dashboards
dashboards: build ## Tests of the dashboard and the alerts, on Prometheus' engine and the demo
	@cd dashboards && go test -count=1 ./...

.PHONY: release
release: ## Dry run of a release into .local/release: image, SBOM, chart, binaries, checksums
	@tools/release

.PHONY: chaos
chaos: MINUTES = 2
chaos: build ## Let everything go wrong for MINUTES=2, and check that nothing came of it (SEED= replays, LOGS= keeps logs)
	@cd localcluster && go test -count=1 -v -timeout $$(($(MINUTES) + 20))m ./chaos -run '^TestChaos$$' \
		-args -chaos.full -chaos.length=$(MINUTES)m -chaos.seed=$(or $(SEED),0) -chaos.logs=$(abspath $(LOGS))

.PHONY: real
real: build ## Real kubelets: guests of qemu join, run pods, reboot and leave (needs root and Debian; 20 minutes at first; ONLY=plain)
	@tools/real

.PHONY: clean
clean: down ## Remove what was built
	@rm -rf .local
