package source

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/latchkey/latchkey/errs"
)

// Bounds of PBKDF2. Django 5.2 uses 1,000,000 iterations; many more would let whoever
// writes the file keep our processors busy.
const (
	maxIterations = 10_000_000
	maxSalt       = 256
)

// weak are algorithms that cannot be taken, because whoever has the digest can make a
// key for it, or can try all keys.
var weak = []string{"murmur", "md5", "md4", "sha1", "sha-1", "crc", "adler", "fnv", "xxhash", "unsalted"}

// slow are algorithms of passwords that Latchkey does not verify.
var slow = []string{"bcrypt", "argon2", "scrypt", "pbkdf2", "crypt"}

// refuse returns why digests of the algorithm cannot be taken.
func refuse(algorithm string) errs.Text {
	name := clip(strings.ToLower(algorithm))
	for _, s := range slow {
		if strings.Contains(name, s) {
			return errs.Say("import_algorithm_unsupported", "algorithm", s)
		}
	}
	for _, w := range weak {
		if strings.Contains(name, w) {
			return errs.Say("import_algorithm_weak", "algorithm", w)
		}
	}
	return errs.Say("import_algorithm_unknown")
}

// named returns the digest written as text in the algorithm of that name.
func named(algorithm, text string) (Digest, errs.Text) {
	if strings.Contains(text, "$") {
		d, fault := django(text)
		if fault.IsZero() && algorithm != "" && fold(algorithm) != fold(string(d.Algorithm)) {
			return Digest{}, errs.Say("import_two_algorithms")
		}
		return d, fault
	}
	switch fold(algorithm) {
	case "sha256":
		return plainDigest(SHA256, sha256.Size, text)
	case "sha512":
		return plainDigest(SHA512, sha512.Size, text)
	case "":
		return Digest{}, errs.Say("import_algorithm_missing")
	default:
		return Digest{}, refuse(algorithm)
	}
}

// plainDigest decodes hexadecimal digits, base64 or base64url with or without padding.
// The lengths of these differ, so that text of one is never taken for another.
func plainDigest(algorithm Algorithm, size int, text string) (Digest, errs.Text) {
	if len(text) == hex.EncodedLen(size) {
		if sum, err := hex.DecodeString(text); err == nil {
			return Digest{Algorithm: algorithm, Sum: sum}, errs.Text{}
		}
	}
	bare := strings.TrimRight(text, "=")
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if sum, err := encoding.Strict().DecodeString(bare); err == nil && len(sum) == size && len(text)-len(bare) <= 2 {
			return Digest{Algorithm: algorithm, Sum: sum}, errs.Text{}
		}
	}
	if fault := shorter(text); !fault.IsZero() {
		return Digest{}, fault
	}
	return Digest{}, errs.Say("import_digest_invalid", "algorithm", string(algorithm))
}

// lengths are the weak algorithms whose digests have a length in bytes.
var lengths = map[int]string{4: "murmur, crc", 8: "murmur, crc", 16: "murmur, md5", 20: "sha1"}

// shorter names the weak algorithm that text has the length of.
func shorter(text string) errs.Text {
	sum, err := hex.DecodeString(text)
	if name := lengths[len(sum)]; err == nil && name != "" {
		return errs.Say("import_algorithm_weak", "algorithm", name)
	}
	return errs.Text{}
}

// django decodes a digest as Django's hashers encode it: "algorithm$...$digest".
func django(text string) (Digest, errs.Text) {
	parts := strings.Split(text, "$")
	switch {
	case len(parts) == 3 && parts[0] == "sha512" && parts[1] == "":
		return plainDigest(SHA512, sha512.Size, parts[2])
	case len(parts) == 4 && parts[0] == "pbkdf2_sha256":
		return iterated(parts[1], parts[2], parts[3])
	case parts[0] == "sha512" || parts[0] == "pbkdf2_sha256":
		return Digest{}, errs.Say("import_digest_invalid", "algorithm", parts[0])
	default:
		return Digest{}, refuse(parts[0])
	}
}

func iterated(iterations, salt, sum string) (Digest, errs.Text) {
	d, fault := plainDigest(PBKDF2SHA256, sha256.Size, sum)
	n, err := strconv.Atoi(iterations)
	switch {
	case !fault.IsZero():
		return Digest{}, fault
	case err != nil || n < 1 || n > maxIterations:
		return Digest{}, errs.Say("import_iterations", "most", maxIterations)
	case salt == "" || len(salt) > maxSalt:
		return Digest{}, errs.Say("import_salt", "most", maxSalt)
	}
	d.Iterations, d.Salt = n, []byte(salt)
	return d, errs.Text{}
}

const clipLength = 80

// clip shortens text for a report.
func clip(s string) string {
	if len(s) > clipLength {
		return strings.ToValidUTF8(s[:clipLength], "") + "…"
	}
	return s
}
