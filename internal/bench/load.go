package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// result is one round of load.
type result struct {
	perSecond float64
	p50, p99  time.Duration
	refused   int           // answers other than 2xx
	cpu       time.Duration // server CPU time per request; steadier than rates on a shared machine
}

const wrkScript = `
local keys = {}
for line in io.lines(os.getenv("BENCH_KEYS")) do keys[#keys + 1] = line end
math.randomseed(os.time())
local method, verifier = os.getenv("BENCH_METHOD"), os.getenv("BENCH_VERIFIER")
request = function()
  local key = keys[math.random(#keys)]
  if method == "GET" then
    return wrk.format("GET", "/verify", {["X-API-Key"] = key})
  end
  return wrk.format("POST", "/verify", {["Content-Type"] = "application/json", ["X-API-Key"] = verifier},
    '{"key":"' .. key .. '","scopes":["invoices:read"]}')
end
`

// drive runs wrk on the last core against the address.
func drive(ctx context.Context, o options, address, method, keysFile, verifier, script string, duration time.Duration) (result, error) {
	return wrk(ctx, o, address, script, duration, "BENCH_KEYS="+keysFile, "BENCH_METHOD="+method, "BENCH_VERIFIER="+verifier)
}

// wrk runs the script, which reads the variables, against the address.
func wrk(ctx context.Context, o options, address, script string, duration time.Duration, variables ...string) (result, error) {
	args := []string{
		"-c", lastCore(), "wrk", "-t1", "-c" + strconv.Itoa(o.connections), fmt.Sprintf("-d%ds", int(duration.Seconds())),
		"--latency", "-s", script, "http://" + address,
	}
	cmd := exec.CommandContext(ctx, "taskset", args...) //nolint:gosec // G204: our own arguments
	cmd.Env = append(os.Environ(), variables...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return result{}, fmt.Errorf("wrk (install it with make parts): %w: %s", err, out)
	}
	return parseWrk(string(out))
}

var (
	wrkRate    = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	wrkP50     = regexp.MustCompile(`50%\s+([\d.]+\w+)`)
	wrkP99     = regexp.MustCompile(`99%\s+([\d.]+\w+)`)
	wrkRefused = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
)

func parseWrk(out string) (r result, err error) {
	rate, p50, p99 := wrkRate.FindStringSubmatch(out), wrkP50.FindStringSubmatch(out), wrkP99.FindStringSubmatch(out)
	if rate == nil || p50 == nil || p99 == nil {
		return r, fmt.Errorf("wrk said: %s", out)
	}
	if r.perSecond, err = strconv.ParseFloat(rate[1], 64); err != nil {
		return r, err
	}
	if r.p50, err = time.ParseDuration(p50[1]); err != nil {
		return r, err
	}
	if m := wrkRefused.FindStringSubmatch(out); m != nil {
		r.refused, _ = strconv.Atoi(m[1])
	}
	r.p99, err = time.ParseDuration(p99[1])
	return r, err
}

func medianOf(all []result) result {
	pick := func(less func(a, b result) int) result {
		sorted := slices.Clone(all)
		slices.SortFunc(sorted, less)
		return sorted[len(sorted)/2]
	}
	refused := 0
	for _, r := range all {
		refused += r.refused
	}
	return result{
		perSecond: pick(func(a, b result) int { return compareFloat(a.perSecond, b.perSecond) }).perSecond,
		p50:       pick(func(a, b result) int { return int(a.p50 - b.p50) }).p50,
		p99:       pick(func(a, b result) int { return int(a.p99 - b.p99) }).p99,
		refused:   refused,
		cpu:       pick(func(a, b result) int { return int(a.cpu - b.cpu) }).cpu,
	}
}

func compareFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

func readLines(file string) ([]string, error) {
	b, err := os.ReadFile(file) //nolint:gosec // G304: our own file
	return strings.Fields(string(b)), err
}
