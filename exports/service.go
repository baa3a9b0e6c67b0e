package exports

import (
	"context"
	"io"
	"time"

	"github.com/latchkey/latchkey/audit"
	"github.com/latchkey/latchkey/keys"
)

// Service exports for staff. All fields are required.
type Service struct {
	Store Store
	Audit *audit.Log
	Brand string // of the keys
	Now   func() time.Time
}

// Write writes everything to w, after the audit log has who does that. Only staff may.
func (s *Service) Write(ctx context.Context, a keys.Actor, hashes bool, w io.Writer) error {
	if err := keys.StaffOnly(a); err != nil {
		return err
	}
	if err := s.Audit.Record(ctx, Recorded(a.Subject(), hashes)); err != nil {
		return err
	}
	return Write(ctx, s.Store, Options{Brand: s.Brand, Hashes: hashes, Now: s.Now()}, w)
}
