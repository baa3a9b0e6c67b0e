package ratelimit

import (
	"testing"
	"time"
)

// TestACollisionWaitsForNobody who may be waiting for the shard: two ids have the same
// hash, and the bucket of the first is in use.
func TestACollisionWaitsForNobody(t *testing.T) {
	t.Parallel()
	b := newBuckets(shards*10, time.Now())
	first, second, rule := nameOf("first"), nameOf("second"), Rule{Requests: 1, Per: time.Second, Burst: 5}
	hash := b.hash(&second)
	s := b.shard(hash)
	held := s.add(first, hash, rule, 0, b.most)
	held.mu.Lock()
	added := make(chan *bucket)
	go func() { added <- s.add(second, hash, rule, 0, b.most) }()
	select {
	case got := <-added:
		if got != held || held.id != first {
			t.Errorf("the place is taken from somebody who uses it: %+v", got)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the shard is locked for as long as somebody uses the bucket")
	}
	held.mu.Unlock()
	got := b.lockNamed(second, rule, 0, true)
	defer got.mu.Unlock()
	if got.id != second || got.tokens != 5 {
		t.Errorf("the later id has %+v", got)
	}
}
