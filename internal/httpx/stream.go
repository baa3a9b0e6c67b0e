package httpx

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// How long a client may neither send nor take a byte of a long body. The server's own
// timeouts are for whole requests and answers.
const (
	quietUpload   = 15 * time.Second
	quietDownload = 30 * time.Second
)

// Upload returns the body of the request as a stream of at most that many bytes, which may
// take any time as long as bytes arrive. It refuses a longer one with errs.TooLarge, at
// once if its length is given. What cannot be read is errs.Invalid.
func Upload(w http.ResponseWriter, r *http.Request, most int64) (io.Reader, error) {
	if err := Bound(r, most); err != nil {
		return nil, err
	}
	return &upload{body: r.Body, control: http.NewResponseController(w)}, nil
}

type upload struct {
	body     io.Reader
	control  *http.ResponseController
	extended time.Time
}

// Read implements io.Reader.
func (u *upload) Read(p []byte) (int, error) {
	if now := time.Now(); now.Sub(u.extended) > time.Second {
		u.extended = now
		// Connections without deadlines, as in tests, need none.
		_ = u.control.SetReadDeadline(now.Add(quietUpload))
		_ = u.control.SetWriteDeadline(now.Add(quietUpload + quietDownload))
	}
	n, err := u.body.Read(p)
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = Unreadable(err, "body_cut_off")
	}
	return n, err
}

// Download is an answer that is streamed as a file, for as long as the client takes it. Its
// header goes out with the first byte: what fails before can be answered otherwise.
type Download struct {
	w          http.ResponseWriter
	control    *http.ResponseController
	kind, name string
	begun      bool
}

// NewDownload returns an answer of the media type, as a file of the name.
func NewDownload(w http.ResponseWriter, kind, name string) *Download {
	return &Download{w: w, control: http.NewResponseController(w), kind: kind, name: name}
}

// Begun reports whether something was sent.
func (d *Download) Begun() bool { return d.begun }

// Write implements io.Writer.
func (d *Download) Write(p []byte) (int, error) {
	if !d.begun {
		d.begun = true
		d.w.Header().Set("Content-Type", d.kind)
		d.w.Header().Set("Content-Disposition", `attachment; filename="`+d.name+`"`)
		d.w.WriteHeader(http.StatusOK)
	}
	_ = d.control.SetWriteDeadline(time.Now().Add(quietDownload)) // as in Upload
	return d.w.Write(p)
}
