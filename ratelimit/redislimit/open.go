package redislimit

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const forms = "write redis://HOST:6379/0, rediss://…?ca_file=FILE for TLS, redis+cluster://HOST:6379,HOST:6379 for a cluster, " +
	"or redis+sentinel://HOST:26379,HOST:26379/0?master_name=NAME"

// CheckURL validates the address of a Redis, a Redis Cluster or its sentinels, without
// connecting. The error contains no password.
func CheckURL(address string) error {
	c, err := Open(address, time.Second)
	if err != nil {
		return err
	}
	return c.Close()
}

// Open returns a client that never retries a call. It connects at its first use. The
// error contains no password.
func Open(address string, timeout time.Duration) (redis.UniversalClient, error) {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return nil, errors.New("the scheme is missing: " + forms)
	}
	wire, kind, _ := strings.Cut(scheme, "+")
	if wire != "redis" && wire != "rediss" {
		return nil, errors.New("the scheme is not known: " + forms)
	}
	plain, many, t, err := spread(wire + "://" + rest)
	if err != nil {
		return nil, err
	}
	switch {
	case kind == "sentinel":
		return openSentinel(plain, t, timeout)
	case kind == "cluster" || (kind == "" && many):
		return openCluster(plain, t, timeout)
	case kind == "":
		return openSingle(plain, t, timeout)
	default:
		return nil, errors.New("the scheme is not known: " + forms)
	}
}

// spread rewrites a list of hosts to the form of the client library: one host, and the
// others as parameters, without our own parameters. Errors of url.Parse contain the
// password, so none is returned.
func spread(address string) (plain string, many bool, t *transport, err error) {
	scheme, rest, _ := strings.Cut(address, "://")
	end := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		end = i
	}
	start := strings.LastIndexByte(rest[:end], '@') + 1
	hosts := strings.Split(rest[start:end], ",")
	u, err := url.Parse(scheme + "://" + rest[:start] + hosts[0] + rest[end:])
	if err != nil || u.Host == "" {
		return "", false, nil, errors.New("it is no URL with a host (special characters of a password are written as %XX): " + forms)
	}
	query := u.Query()
	for _, host := range hosts[1:] {
		if host == "" {
			return "", false, nil, errors.New("a host of the list is empty: " + forms)
		}
		query.Add("addr", host)
	}
	many = query.Has("addr")
	if t, err = takeTransport(query, u.Scheme == "rediss"); err != nil {
		return "", false, nil, err
	}
	u.RawQuery = query.Encode()
	return u.String(), many, t, nil
}

// The library never retries a call: a lost one may have been charged. It also does
// not continue to dial after the call's deadline.
const (
	noRetries = -1
	oneTry    = 1
)

// reloadSlots is the maximum age of a cluster's known layout. The library's default is a
// minute, and nothing notifies it when a replica replaces a failed machine.
const reloadSlots = time.Second

func openSingle(address string, t *transport, timeout time.Duration) (redis.UniversalClient, error) {
	o, err := redis.ParseURL(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, forms)
	}
	o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled = noRetries, oneTry, true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
	if err := t.apply(o.TLSConfig, false); err != nil {
		return nil, err
	}
	return redis.NewClient(o), nil
}

// sentinelSteps is what connecting to a master may take: the sentinel that was asked last
// is asked twice, then all of them, then the master. The library forgets a silent sentinel
// only if there is time left after it. Calls do not wait for that long; the next one finds
// the connection.
const sentinelSteps = 4

func openSentinel(address string, t *transport, timeout time.Duration) (redis.UniversalClient, error) {
	o, err := redis.ParseFailoverURL(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, forms)
	}
	if o.MasterName == "" {
		return nil, errors.New("master_name is missing: " + forms)
	}
	o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled = noRetries, oneTry, true
	o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout
	o.DialTimeout = sentinelSteps * timeout
	if err := t.apply(o.TLSConfig, true); err != nil {
		return nil, err
	}
	return redis.NewFailoverClient(o), nil
}

func openCluster(address string, t *transport, timeout time.Duration) (redis.UniversalClient, error) {
	o, err := redis.ParseClusterURL(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, forms)
	}
	o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled = noRetries, oneTry, true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
	o.ClusterStateReloadInterval = reloadSlots
	if err := t.apply(o.TLSConfig, true); err != nil {
		return nil, err
	}
	return redis.NewClusterClient(o), nil
}
