package store_test

import (
	"errors"
	"testing"

	"github.com/latchkey/latchkey/store"
)

func TestURLs(t *testing.T) {
	t.Parallel()
	for url, good := range map[string]bool{
		"sqlite:latchkey.db":                         true,
		"sqlite:///var/lib/latchkey.db":              true,
		"mongodb://a,b:2/latchkey?replicaSet=r":      true,
		"mongodb+srv://u:p@cluster.example/latchkey": true,
		"":                        false,
		"sqlite:":                 false,
		"sqlite://":               false,
		"latchkey.db":             false,
		"mongodb://h":             false,
		"mongodb://h/?w=1":        false,
		"mongodbx://h/latchkey":   false,
		"postgres://h/latchkey":   false,
		"mongodb:latchkey/backup": false,
	} {
		if err := store.CheckURL(url); (err == nil) != good || (err != nil && !errors.Is(err, store.ErrURL)) {
			t.Errorf("%q: %v", url, err)
		}
	}
}
