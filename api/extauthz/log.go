package extauthz

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"

	"google.golang.org/grpc/grpclog"
)

// LogTo sends to logger what grpc-go would write to standard error: its errors, as errors
// of ours. Its warnings and other lines are dropped as before. Any client can cause them,
// and they quote its metadata. grpc-go has one logger for the process and guards it by
// nothing, so only the first call has an effect, which has to come before gRPC is used.
func LogTo(logger *slog.Logger) { setLogger(logger) }

var setLogger = func() func(*slog.Logger) {
	var once sync.Once
	return func(logger *slog.Logger) { once.Do(func() { grpclog.SetLoggerV2(lines{logger}) }) }
}()

// lines implements grpclog.LoggerV2.
type lines struct{ *slog.Logger }

func (l lines) put(text string) { l.Logger.Error("gRPC", "err", strings.TrimSpace(text)) }

func (lines) Info(...any)             {}
func (lines) Infoln(...any)           {}
func (lines) Infof(string, ...any)    {}
func (lines) Warning(...any)          {}
func (lines) Warningln(...any)        {}
func (lines) Warningf(string, ...any) {}

func (l lines) Error(args ...any)                 { l.put(fmt.Sprint(args...)) }
func (l lines) Errorln(args ...any)               { l.put(fmt.Sprintln(args...)) }
func (l lines) Errorf(format string, args ...any) { l.put(fmt.Sprintf(format, args...)) }

// Fatal ends the process, as grpc-go expects.
func (l lines) Fatal(args ...any) {
	l.put(fmt.Sprint(args...))
	os.Exit(1)
}

func (l lines) Fatalln(args ...any)               { l.Fatal(fmt.Sprintln(args...)) }
func (l lines) Fatalf(format string, args ...any) { l.Fatal(fmt.Sprintf(format, args...)) }

// V reports whether lines of that verbosity are wanted.
func (lines) V(int) bool { return false }
