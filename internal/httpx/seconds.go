package httpx

import (
	"math"
	"time"
)

// WholeSeconds rounds up, so that who waits that long waits long enough.
func WholeSeconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }
