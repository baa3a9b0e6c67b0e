package redispush

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/latchkey/latchkey/internal/parts"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bumped collects what a node was told.
type bumped struct {
	mu    sync.Mutex
	marks map[string]int
}

func (b *bumped) bump(mark string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.marks[mark]++
}

func (b *bumped) times(mark string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.marks[mark]
}

// forget makes room for the marks of another test of the same names.
func (b *bumped) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.marks)
}

func join(t *testing.T, url, database, node string) (*Push, *bumped) {
	t.Helper()
	b := &bumped{marks: map[string]int{}}
	p, err := New(Config{URL: url, Database: database, Node: node, Bump: b.bump, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p, b
}

// awaitHeard tells new marks until one is heard: a node that has just begun, or
// lost Redis, does not hear at once.
func awaitHeard(t *testing.T, from *Push, to *bumped) {
	t.Helper()
	n := 0
	parts.Await(t, 20*time.Second, "a mark to be heard", func(context.Context) error {
		n++
		mark := fmt.Sprint("try_", n)
		from.Tell([]string{mark})
		time.Sleep(20 * time.Millisecond)
		if to.times(mark) == 0 {
			return errors.New("not heard")
		}
		return nil
	})
}

func TestMarksReachOtherNodes(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func() string{
		"one server": func() string { return parts.Redis(t).URL() },
		"a cluster":  func() string { return parts.RedisCluster(t).URL() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reach(t, url())
		})
	}
}

// reach has one node tell another at the url of very many marks.
func reach(t *testing.T, at string) {
	t.Helper()
	a, heardByA := join(t, at, "db", "node_a")
	b, heardByB := join(t, at, "db", "node_b")
	_, elsewhere := join(t, at, "another", "node_c")
	awaitHeard(t, a, heardByB)
	awaitHeard(t, b, heardByA)
	var marks []string
	for i := range 3 * mostMarks {
		marks = append(marks, fmt.Sprint("key_", i))
	}
	a.Tell(marks)
	parts.Await(t, 10*time.Second, "all marks to be heard", func(context.Context) error {
		for _, mark := range marks {
			if heardByB.times(mark) != 1 {
				return fmt.Errorf("%s was heard %d times", mark, heardByB.times(mark))
			}
		}
		return nil
	})
	if heardByA.times(marks[0]) != 0 {
		t.Error("a node hears what it told itself")
	}
	if len(elsewhere.marks) != 0 {
		t.Error("a node of another database hears of it")
	}
}

func TestRedisGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	server := parts.Redis(t)
	a, _ := join(t, server.URL(), "db", "node_a")
	_, heard := join(t, server.URL(), "db", "node_b")
	awaitHeard(t, a, heard)
	server.Stop()
	began := time.Now()
	for range 10 * waiting {
		a.Tell([]string{"key_x"})
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("telling waits for Redis: %s", took)
	}
	server.Start()
	awaitHeard(t, a, heard)
}

// The documented user of Redis may tell and hear of changes.
func TestLeastRightsAreEnough(t *testing.T) {
	t.Parallel()
	server := parts.Redis(t, append([]string{"--user", "default", "off", "--user"}, parts.RedisUser(t)...)...)
	url := "redis://latchkey:sesame@" + server.Addr()
	a, _ := join(t, url, "db", "node_a")
	_, heard := join(t, url, "db", "node_b")
	awaitHeard(t, a, heard)
}

// Behind sentinels, a node tells and hears of the new master without being told
// to.
func TestTheMasterBehindSentinelsIsKilled(t *testing.T) {
	t.Parallel()
	servers := parts.RedisSentinel(t)
	a, heardByA := join(t, servers.URL(), "db", "node_a")
	b, heardByB := join(t, servers.URL(), "db", "node_b")
	awaitHeard(t, a, heardByB)
	awaitHeard(t, b, heardByA)
	servers.Master.Kill()
	servers.Promoted()
	heardByA.forget()
	heardByB.forget()
	awaitHeard(t, a, heardByB)
	awaitHeard(t, b, heardByA)
	if hearing := servers.Replica.Command("PUBSUB", "NUMSUB", a.channel); !strings.HasSuffix(hearing, "2") {
		t.Errorf("at the new master hear: %s", hearing)
	}
}

// A machine of a cluster that dies with a subscription is left for another.
func TestAMachineOfAClusterIsKilled(t *testing.T) {
	t.Parallel()
	servers := parts.RedisClusterWithReplicas(t)
	a, _ := join(t, servers.URL(), "db", "node_a")
	_, heard := join(t, servers.URL(), "db", "node_b")
	awaitHeard(t, a, heard)
	holder := slices.IndexFunc(servers.Nodes, func(node *parts.RedisServer) bool {
		return strings.HasSuffix(node.Command("PUBSUB", "NUMSUB", a.channel), "2")
	})
	if holder < 0 {
		t.Fatal("the two do not listen to one machine")
	}
	servers.Nodes[holder].Kill()
	heard.forget()
	awaitHeard(t, a, heard)
}

// Whoever can reach Redis can make nodes load anew, and nothing else.
func TestForeignMessagesAreIgnored(t *testing.T) {
	t.Parallel()
	server := parts.Redis(t)
	a, _ := join(t, server.URL(), "db", "node_a")
	_, heard := join(t, server.URL(), "db", "node_b")
	awaitHeard(t, a, heard)
	for _, text := range []string{
		"", "1", "1 node_z", "2 node_z key_bad", "1 node_z key_bad \x00", "1 node_z  key_bad",
		strings.Repeat("1 node_z key_bad ", 10_000),
	} {
		if err := a.client.Publish(t.Context(), a.channel, text).Err(); err != nil {
			t.Fatal(err)
		}
	}
	awaitHeard(t, a, heard)
	if heard.times("key_bad") != 0 {
		t.Error("a message of another shape was followed")
	}
}

func TestWhatAPushNeeds(t *testing.T) {
	t.Parallel()
	if _, err := New(Config{}); err == nil {
		t.Error("a push was made of nothing")
	}
	if _, err := New(Config{
		URL: "http://x", Database: "d", Node: "n", Bump: func(string) {}, Logger: slog.New(slog.DiscardHandler),
	}); err == nil {
		t.Error("a URL of no Redis was taken")
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"1 node_a key_b", "1 node_a key_b 0123456789abcdef", "2 node_a key_b", "1  a", "1 a b ", "", "1 a \xff",
		strings.Repeat("1 ", 60),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		node, marks, ok := parse(text)
		if !ok {
			if node != "" || marks != nil {
				t.Errorf("%q is refused and says %q %q", text, node, marks)
			}
			return
		}
		if len(marks) == 0 || len(marks) > mostMarks || !good(node) {
			t.Errorf("%q holds %d marks of %q", text, len(marks), node)
		}
		for _, mark := range marks {
			if !good(mark) {
				t.Errorf("%q holds the mark %q", text, mark)
			}
		}
		if again := format(node, marks); again != text {
			t.Errorf("%q is written %q", text, again)
		}
	})
}
