package server

import (
	"errors"
	"fmt"
	"strconv"
)

// Files reserved for the store, Redis, mail and everything else that is not a
// client: a quarter of those that the process may open, within these bounds.
const (
	leastReserved  = 32
	mostReserved   = 512
	mostConnected  = 1_000_000
	leastConnected = 8
)

// busy is the answer to a connection over the limit.
const busy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"

// connectable returns how many clients may connect given the limit of open files,
// 0 for no limit.
func connectable(files int) int {
	if files == 0 {
		return 0
	}
	return max(leastConnected, files-min(max(files/4, leastReserved), mostReserved))
}

func setMaxConnections(c *config, v string) error {
	room := connectable(mostFiles())
	c.maxConnections = room
	if v == "" {
		return nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < leastConnected || n > mostConnected {
		return errors.New("must be a whole number between 8 and 1000000")
	}
	if room > 0 && n > room {
		return fmt.Errorf("must be at most %d: the process may open no more files (ulimit -n), and the store needs some", room)
	}
	c.maxConnections = n
	return nil
}
