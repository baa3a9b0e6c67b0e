package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"github.com/latchkey/latchkey/errs"
)

// known gives the driver's errors the kinds that callers check.
func known(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mongo.ErrNoDocuments), hasCode(err, namespaceNotFound):
		return errs.New(errs.NotFound, "no_document")
	case mongo.IsDuplicateKeyError(err), duplicateInUpdate(err):
		return errs.New(errs.Conflict, "object_exists")
	case errors.Is(err, context.Canceled):
		return err
	case away(err):
		return fmt.Errorf("%w: %w", errs.Unavailable, err)
	default:
		return err
	}
}

// internalError is the code for a fault of the server.
const internalError = 1

// duplicateInUpdate reports whether FerretDB on SQLite refused an update for a duplicate:
// it says so only for an insert.
func duplicateInUpdate(err error) bool {
	return hasCode(err, internalError) && strings.Contains(err.Error(), "UNIQUE constraint failed")
}

// namespaceNotFound is the code for a collection that does not exist.
const namespaceNotFound = 26

// hasCode reports whether the server answered with one of the codes.
func hasCode(err error, codes ...int) bool {
	answer, ok := errors.AsType[mongo.ServerError](err)
	return ok && slices.ContainsFunc(codes, answer.HasErrorCode)
}

// passingCodes are the codes of a server that has no time, is not primary, cannot reach
// another server, or has lost a cursor: this server or another will answer the same
// question soon. They are MongoDB's categories NetworkError, NotPrimaryError,
// ShutdownError, RetriableError, StaleShardVersionError and SystemOverloadedError, and
// others with the same meaning.
var passingCodes = []int{
	6,          // HostUnreachable
	7,          // HostNotFound
	24,         // LockTimeout
	43,         // CursorNotFound
	46,         // LockBusy
	63,         // StaleShardVersion, of old servers
	82,         // NoProgressMade
	83,         // RemoteResultsUnavailable
	89,         // NetworkTimeout
	91,         // ShutdownInProgress
	94,         // NotYetInitialized
	107,        // LockFailed
	112,        // WriteConflict
	117,        // ConflictingOperationInProgress
	133,        // FailedToSatisfyReadPreference
	134,        // ReadConcernMajorityNotAvailableYet
	145,        // PooledConnectionsDropped
	149,        // NoConfigPrimary
	150,        // StaleEpoch
	175,        // QueryPlanKilled
	189,        // PrimarySteppedDown
	199,        // ReplicaSetMonitorRemoved
	202,        // NetworkInterfaceExceededTimeLimit
	203,        // ShardingStateNotInitialized
	215,        // DatabaseDropPending
	216,        // ElectionInProgress
	230,        // DNSHostNotFound
	237,        // CursorKilled
	246,        // SnapshotUnavailable
	249,        // StaleDbVersion
	250,        // StaleChunkHistory
	262,        // ExceededTimeLimit
	264,        // TooManyFilesOpen
	272,        // MigrationConflict
	314,        // ObjectIsBusy
	317,        // ConnectionPoolExpired
	319,        // MovePrimaryInProgress
	342,        // ReshardingCriticalSectionTimeout
	343,        // ShardCannotRefreshDueToLocksHeld
	358,        // InternalTransactionNotSupported
	365,        // TemporarilyUnavailable
	384,        // ConnectionError
	402,        // ResourceExhausted
	406,        // MigrationBlockingOperationCoordinatorCleaningUp
	407,        // PooledConnectionAcquisitionExceededTimeLimit
	412,        // UpdatesStillPending
	433,        // AdmissionQueueOverflow
	449,        // RateLimitExceeded
	450,        // PooledConnectionAcquisitionRejected
	453,        // InterruptedDueToReshardingCriticalSection
	462,        // IngressRequestRateLimitExceeded
	9001,       // SocketException
	10058,      // LegacyNotPrimary
	10107,      // NotWritablePrimary
	11600,      // InterruptedAtShutdown
	11602,      // InterruptedDueToReplStateChange
	13388,      // StaleConfig
	13435,      // NotPrimaryNoSecondaryOk
	13436,      // NotPrimaryOrSecondary
	50915,      // BackupCursorOpenConflictWithCheckpoint
	56846,      // ConfigServerUnreachable
	91331,      // RetriableRemoteCommandFailure
	10_045_600, // InterruptedDueToFCVChange
}

// awayCodes are further codes for a store that cannot do its work now: too slow, stopped
// by an operator, out of disk, or too few members for a majority. Retrying at once would
// only add to the load.
var awayCodes = []int{
	50,    // MaxTimeMSExpired
	64,    // WriteConcernTimeout
	70,    // ShardNotFound
	74,    // NodeNotFound
	75,    // WriteConcernLegacyOK
	100,   // UnsatisfiableWriteConcern
	279,   // ClientDisconnect
	290,   // TransactionExceededLifetimeLimitSeconds
	371,   // UserWritesBlocked
	11601, // Interrupted
	14031, // OutOfDiskSpace
}

// passingLabels are the driver's and the server's error labels for the same.
var passingLabels = []string{"RetryableWriteError", "RetryableError", "SystemOverloadedError", "TransientTransactionError", "NetworkError"}

// passing reports whether the server was temporarily unable to answer, or closed the
// connection: it, or another one, will answer soon.
func passing(err error) bool {
	if err == nil || mongo.IsTimeout(err) || errors.Is(err, context.Canceled) || mongo.IsDuplicateKeyError(err) {
		return false
	}
	if hasCode(err, passingCodes...) {
		return true
	}
	if labeled, ok := errors.AsType[mongo.LabeledError](err); ok && slices.ContainsFunc(passingLabels, labeled.HasErrorLabel) {
		return true
	}
	return mongo.IsNetworkError(err) || strings.Contains(err.Error(), "connection pool")
}

// away reports whether the store could not be reached, or cannot do its work now.
func away(err error) bool {
	if mongo.IsTimeout(err) || errors.Is(err, mongo.ErrClientDisconnected) || passing(err) {
		return true
	}
	if hasCode(err, awayCodes...) {
		return true
	}
	_, unreachable := errors.AsType[topology.ServerSelectionError](err)
	return unreachable
}
