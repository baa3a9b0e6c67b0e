package parts

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browserLimit ends a browser whose test hangs before the test binary's own timeout
// does, so that the failure names the step that hung.
const browserLimit = 6 * time.Minute

// Browser starts a headless Chromium with a fresh profile and returns the chromedp
// context of its first tab, which ends with the test or after browserLimit. The options
// override our own.
func Browser(tb testing.TB, opts ...chromedp.ExecAllocatorOption) context.Context {
	tb.Helper()
	binary := program(tb, "chromium", "chromium-browser", "google-chrome")
	// Not tb.TempDir: helper processes of the browser may still be writing here
	// for a moment after it has ended, which would fail the test's cleanup.
	profile, err := os.MkdirTemp("", "latchkey-browser-")
	if err != nil {
		tb.Fatalf("make a browser profile: %v", err)
	}
	tb.Cleanup(func() { removeProfile(tb, profile) })

	allocator, release := chromedp.NewExecAllocator(context.WithoutCancel(tb.Context()), append([]chromedp.ExecAllocatorOption{
		chromedp.ExecPath(binary),
		chromedp.UserDataDir(profile),
		chromedp.Headless,
		chromedp.NoSandbox, // it needs rights that a container does not give; the pages are our own
		chromedp.DisableGPU,
		chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.WSURLReadTimeout(patience),
	}, opts...)...)
	tb.Cleanup(release)
	limited, cancel := context.WithTimeout(allocator, browserLimit)
	tb.Cleanup(cancel)
	ctx, _ := chromedp.NewContext(limited) // chromedp.Cancel below ends it, and waits
	tb.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil && !errors.Is(err, context.Canceled) {
			tb.Errorf("close the browser: %v", err)
		}
	})
	if err := chromedp.Do(ctx); err != nil {
		tb.Fatalf("start the browser: %v", err)
	}
	return ctx
}

// removeProfile deletes the profile, repeatedly while files still appear.
func removeProfile(tb testing.TB, profile string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), patience)
	defer cancel()
	if err := poll(ctx, nil, func(context.Context) error { return os.RemoveAll(profile) }); err != nil {
		tb.Errorf("remove the browser profile: %v", err)
	}
}
