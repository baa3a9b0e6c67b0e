package server

import (
	"strconv"
	"testing"
)

func TestTheStoreHasFilesLeft(t *testing.T) {
	t.Parallel()
	for files, want := range map[int]int{0: 0, 16: 8, 64: 32, 1024: 768, 1 << 20: 1<<20 - 512} {
		if got := connectable(files); got != want {
			t.Errorf("of %d files %d are for clients, want %d", files, got, want)
		}
	}
	for _, bad := range []string{"7", "many", strconv.Itoa(mostConnected + 1)} {
		if _, err := readConfig([]string{"LATCHKEY_MAX_CONNECTIONS=" + bad}); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	if c, err := readConfig([]string{"LATCHKEY_MAX_CONNECTIONS=20"}); err != nil || c.maxConnections != 20 {
		t.Errorf("20: %v", err)
	}
}
