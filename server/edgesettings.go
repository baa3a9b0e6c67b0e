package server

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// edgeOnly returns the settings that only an edge has.
func edgeOnly() []setting {
	return []setting{
		{
			name:    "EDGE_UPSTREAM",
			meaning: "nodes that feed the edge, separated by commas, such as https://keys.example.com; http for loopback addresses only; required",
			set:     setEdgeUpstream,
		},
		{
			name:    "EDGE_KEY",
			meaning: "key with the scope latchkey:edge, for the keys of its organization, or latchkey:edge-all; required",
			secret:  true,
			set:     setEdgeKey,
		},
	}
}

// edgeShares are the service's settings that an edge also has.
var edgeShares = []string{
	"ADDR", "ADMIN_ADDR", "GRPC_ADDR", "VERIFY_OPEN", "TRUSTED_PROXIES", "KEY_HEADERS",
	"FORWARDED_HEADER", "FORWARDED_REQUEST", "PLAIN_HTTP", "CACHE_SIZE", "NODE_NAME", "DRAIN",
	"MAX_CONNECTIONS", "FAST_LANE", "GUESS_LIMIT", "LIMIT_FALLBACK", "TLS_CERT", "TLS_KEY", "LOG", "LOG_FORMAT",
}

func edgeSettings() []setting {
	shared := slices.DeleteFunc(settings(), func(s setting) bool { return !slices.Contains(edgeShares, s.name) })
	return append(edgeOnly(), shared...)
}

func setEdgeUpstream(c *config, v string) error {
	for address := range strings.SplitSeq(v, ",") {
		if address = strings.TrimSpace(address); address != "" {
			c.edgeUpstream = append(c.edgeUpstream, address)
		}
	}
	if len(c.edgeUpstream) == 0 {
		return errors.New("name at least one node")
	}
	return nil
}

func setEdgeKey(c *config, v string) error {
	if c.edgeKey = v; v == "" {
		return errors.New("is required; LATCHKEY_EDGE_KEY_FILE names a file that holds it")
	}
	return nil
}

// readEdgeConfig reads the variables of an edge. ignored are those that only the
// service has, because an edge often starts in the service's environment.
func readEdgeConfig(environment []string) (c *config, ignored []string, err error) {
	given := givenIn(environment)
	c = &config{}
	faults := c.take(edgeSettings(), given)
	faults = append(faults, (&config{}).known(given)...)
	for name, value := range given {
		if value != "" { // an empty one says nothing
			ignored = append(ignored, variablePrefix+name)
		}
	}
	slices.Sort(ignored)
	if (c.tlsCert == "") != (c.tlsKey == "") {
		faults = append(faults, fmt.Errorf("%sTLS_CERT and %sTLS_KEY are set together or not at all", variablePrefix, variablePrefix))
	}
	return c, ignored, errors.Join(faults...)
}

// known returns a fault for each name that the service does not know either.
func (c *config) known(given map[string]string) (faults []error) {
	rest := maps.Clone(given)
	for _, s := range settings() {
		delete(rest, s.name)
		delete(rest, s.name+"_FILE")
	}
	_, _ = readProviders(rest) // removes the provider variables
	for name := range rest {
		faults = append(faults, fmt.Errorf("%s%s is not a setting; latchkey edge --help lists them", variablePrefix, name))
	}
	return faults
}
