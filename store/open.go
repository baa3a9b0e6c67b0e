package store

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/latchkey/latchkey/internal/calls"
	"github.com/latchkey/latchkey/store/mongo"
	"github.com/latchkey/latchkey/store/sqlite"
)

// ErrURL is returned for a URL that names no database.
var ErrURL = errors.New("the database URL must be sqlite:PATH, mongodb://HOST/NAME or mongodb+srv://HOST/NAME")

// Open opens the database that the URL names. Errors do not repeat the URL, which may
// contain a password. Open logs long operations. The watches see every call to the
// database.
func Open(ctx context.Context, url string, logger *slog.Logger, watches ...calls.Watch) (Store, error) {
	if err := CheckURL(url); err != nil {
		return nil, err
	}
	scheme, rest, _ := strings.Cut(url, ":")
	switch scheme {
	case "sqlite":
		return asStore(sqlite.Open(ctx, strings.TrimPrefix(rest, "//"), watches...))
	case "mongodb", "mongodb+srv":
		return asStore(mongo.Open(ctx, url, logger, watches...))
	default:
		return nil, ErrURL
	}
}

// ErrNotSQLite is returned if a file is needed and the URL names MongoDB.
var ErrNotSQLite = errors.New("the database is MongoDB: use mongodump and mongorestore, see docs/backup.md")

// Backup copies the SQLite database that the URL names to a new file, while it may be in
// use.
func Backup(ctx context.Context, url, file string) error {
	path, err := sqlitePath(url)
	if err != nil {
		return err
	}
	return sqlite.Backup(ctx, path, file)
}

// Restore creates the SQLite database that the URL names, which must not exist, from a
// file written by Backup.
func Restore(ctx context.Context, url, file string) error {
	path, err := sqlitePath(url)
	if err != nil {
		return err
	}
	return sqlite.Restore(ctx, file, path)
}

// Revived returns the keys that the SQLite database that the URL names brings back,
// although they were revoked or deleted in the file that was in use before.
func Revived(ctx context.Context, url, before string) ([]sqlite.Revived, error) {
	path, err := sqlitePath(url)
	if err != nil {
		return nil, err
	}
	return sqlite.FindRevived(ctx, path, before)
}

func sqlitePath(url string) (string, error) {
	if err := CheckURL(url); err != nil {
		return "", err
	}
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok {
		return "", ErrNotSQLite
	}
	return strings.TrimPrefix(path, "//"), nil
}

// CheckURL returns ErrURL for a URL that names no database. It opens nothing.
func CheckURL(url string) error {
	scheme, rest, _ := strings.Cut(url, ":")
	rest, slashes := strings.CutPrefix(rest, "//")
	_, database, _ := strings.Cut(rest, "/")
	database, _, _ = strings.Cut(database, "?")
	if (scheme == "sqlite" && rest != "") || ((scheme == "mongodb" || scheme == "mongodb+srv") && slashes && database != "") {
		return nil
	}
	return ErrURL
}

// asStore keeps a nil pointer from becoming a non-nil Store.
func asStore[S Store](s S, err error) (Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}
