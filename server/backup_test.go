package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheDataFolderHoldsTheDatabaseToo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		environment   []string
		database, dir string
	}{
		{"nothing is set", nil, "sqlite:latchkey-data/latchkey.db", "latchkey-data"},
		{"the folder is set", []string{"LATCHKEY_DATA_DIR=/srv/x"}, "sqlite:/srv/x/latchkey.db", "/srv/x"},
		{"the database is set", []string{"LATCHKEY_DATABASE_URL=sqlite:/srv/y/keys.db"}, "sqlite:/srv/y/keys.db", "/srv/y"},
		{
			"both are set",
			[]string{"LATCHKEY_DATA_DIR=/srv/x", "LATCHKEY_DATABASE_URL=sqlite:latchkey-data/latchkey.db"},
			"sqlite:latchkey-data/latchkey.db", "/srv/x",
		},
		{"the database is elsewhere", []string{"LATCHKEY_DATABASE_URL=mongodb://h/x"}, "mongodb://h/x", "latchkey-data"},
	} {
		c, err := readConfig(tt.environment)
		if err != nil || c.databaseURL != tt.database || c.dataDir != tt.dir {
			t.Errorf("%s: %+v, %v", tt.name, c, err)
		}
	}
	empty := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readConfig([]string{"LATCHKEY_DATABASE_URL_FILE=" + empty}); err == nil {
		t.Error("an empty file was taken for the default database")
	}
}

func TestBackupAndRestoreCommands(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	file := filepath.Join(t.TempDir(), "backup.db")
	source := []string{"LATCHKEY_DATA_DIR=" + from}
	if _, err := run(t, source, "correct horse battery staple\n", "user", "create", "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, source, "", "backup", file); err != nil || !strings.Contains(out, filepath.Join(from, "secret")) {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := run(t, source, "", "backup", file); err == nil {
		t.Error("a backup was overwritten")
	}
	target := []string{"LATCHKEY_DATA_DIR=" + to}
	if out, err := run(t, target, "", "restore", file); err != nil || !strings.Contains(out, filepath.Join(to, "secret")) {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := run(t, target, "", "restore", file); err == nil {
		t.Error("a database was overwritten")
	}
	if _, err := run(t, target, "correct horse battery staple\n", "user", "create", "ada@example.com"); err == nil {
		t.Error("the restored database does not know its user")
	}
	for _, command := range []string{"backup", "restore"} {
		_, err := run(t, []string{"LATCHKEY_DATABASE_URL=mongodb://user:topsecret@h/x"}, "", command, file)
		if err == nil || !strings.Contains(err.Error(), "mongodump") || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s of MongoDB: %v", command, err)
		}
		if _, err := run(t, source, "", command); err == nil {
			t.Errorf("%s of nothing", command)
		}
	}
}
